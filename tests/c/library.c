/* The library's version, statuses, and what NULL does everywhere. */
#include "test.h"

static void version_is_that_of_the_header(void)
{
    CHECK(strcmp(mcp_version(), MCP_VERSION) == 0);
    CHECK(mcp_version_number() == MCP_VERSION_NUMBER);
}

static void statuses_have_names(void)
{
    CHECK(strcmp(mcp_status_name(MCP_OK), "MCP_OK") == 0);
    CHECK(strcmp(mcp_status_name(MCP_E_TIMEOUT), "MCP_E_TIMEOUT") == 0);
    CHECK(strcmp(mcp_status_name(MCP_PENDING), "MCP_PENDING") == 0);
    CHECK(strcmp(mcp_status_name(-1), "MCP_E_UNKNOWN") == 0);
    CHECK(strcmp(mcp_status_name(99), "MCP_E_UNKNOWN") == 0);
    CHECK(strcmp(mcp_status_name(101), "MCP_E_UNKNOWN") == 0);
    CHECK(strcmp(mcp_status_name(12345), "MCP_E_UNKNOWN") == 0);
}

static void thread_without_an_error_has_an_empty_one(void)
{
    size_t len = 7;

    CHECK(mcp_error_status(NULL) == MCP_OK);
    CHECK(strcmp(mcp_error_message(NULL), "") == 0);
    CHECK(mcp_error_http_status(NULL) == 0);
    CHECK(mcp_error_rpc_code(NULL) == 0);
    CHECK(mcp_error_rpc_message(NULL) == NULL);
    CHECK(mcp_error_data_json(NULL, &len) == NULL && len == 0);
    CHECK(mcp_error_challenge(NULL, "error") == NULL);
    CHECK(mcp_error_challenge(NULL, NULL) == NULL);
    CHECK(mcp_error_retry_after(NULL) == -1);
    CHECK(mcp_error_may_have_run(NULL) == 0);
}

static void null_is_invalid_for_functions_that_act(void)
{
    mcp_result *out = (mcp_result *)&out;

    CHECK(mcp_client_new(NULL, NULL) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_ping(NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_connect(NULL, &out));
    CHECK(out == NULL);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_connect(NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_header(NULL, "a", "b"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_token(NULL, "a"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_token_handler(NULL, NULL, NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_token_request_answer(NULL, "a", 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_token_request_fail(NULL, "a"));
    CHECK(mcp_token_request_refused(NULL) == 0);
    CHECK(mcp_token_request_challenge(NULL, "scope") == NULL);
    mcp_token_request_free(NULL);
    CHECK(mcp_progress_value(NULL) == 0);
    CHECK(mcp_progress_total(NULL) == -1);
    CHECK(mcp_progress_message(NULL) == NULL);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_timeout(NULL, 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_limit(NULL, MCP_LIMIT_CONNECT_TIME, 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_limit(NULL, MCP_LIMIT_MESSAGE_SIZE, 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_protocol_version(NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_info(NULL, "a", "1"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_proxy(NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_unix_socket(NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_ca_file(NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_certificate(NULL, NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_allow(NULL, MCP_ALLOW_PLAIN_HTTP, 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_trace_fd(NULL, 2));
    CHECK(mcp_request_new(NULL, "ping", NULL) == NULL);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_request_set_timeout(NULL, 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_request_set_cancel(NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_request_perform(NULL, &out));
    CHECK(out == NULL);
}

static void null_is_accepted_by_getters_and_free(void)
{
    size_t len = 7;

    CHECK(mcp_result_json(NULL, &len) == NULL && len == 0);
    CHECK(mcp_result_json(NULL, NULL) == NULL);
    CHECK(mcp_result_server_name(NULL) == NULL);
    CHECK(mcp_result_server_version(NULL) == NULL);
    CHECK(mcp_result_protocol_version(NULL) == NULL);
    CHECK(mcp_result_instructions(NULL) == NULL);
    CHECK(mcp_result_has_capability(NULL, "tools") == 0);
    CHECK(mcp_request_error(NULL) == NULL);
    mcp_client_close(NULL);
    mcp_client_free(NULL);
    mcp_request_free(NULL);
    mcp_result_free(NULL);
    mcp_cancel_fire(NULL);
    mcp_cancel_free(NULL);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(version_is_that_of_the_header);
    RUN(statuses_have_names);
    RUN(thread_without_an_error_has_an_empty_one);
    RUN(null_is_invalid_for_functions_that_act);
    RUN(null_is_accepted_by_getters_and_free);
    END();
}
