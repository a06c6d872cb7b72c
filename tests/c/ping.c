/* Pings of servers that behave, and of some that do not. */
#include "test.h"

static void ping_at(const char *path)
{
    mcp_client *client = mcp_client_new(test_path(path), test_token);

    CHECK(client != NULL);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
}

/* A failure of that type, twice: the client stays usable. */
static void fail_at(const char *path, int32_t status)
{
    mcp_client *client = mcp_client_new(test_path(path), test_token);

    CHECK(client != NULL);
    CHECK_STATUS(MCP_OK, mcp_client_set_timeout(client, 30000));
    CHECK_STATUS(status, mcp_ping(client));
    CHECK(mcp_error_status(NULL) == status);
    CHECK(mcp_error_message(NULL)[0] != '\0');
    CHECK(strstr(mcp_error_message(NULL), test_token) == NULL);
    CHECK_STATUS(status, mcp_ping(client));
    mcp_client_free(client);
}

static void every_era_and_form_is_pinged(void)
{
    ping_at("/mcp");
    ping_at("/sse-replies/mcp");
    ping_at("/stateless/mcp");
    ping_at("/handshake/mcp");
    ping_at("/v/2024-11-05/mcp");
    ping_at("/v/2025-03-26/mcp");
    ping_at("/v/2025-06-18/mcp");
    ping_at("/v/2025-11-25/mcp");
    ping_at("/close/mcp");
    ping_at("/asks/mcp");
    ping_at("/redirect-same");
}

/* tests/behaviour/src/http_errors.rs has the status of each HTTP error. */
static void wrong_responses_have_statuses(void)
{
    fail_at("/status/404", MCP_E_ENDPOINT);
    fail_at("/garbage", MCP_E_PROTOCOL);
    fail_at("/redirect-other", MCP_E_REDIRECT);
    fail_at("/reflect", MCP_E_UNAUTHORIZED);
    fail_at("/rpc-error", MCP_E_RPC);
}

static void details_of_an_http_error_are_read(void)
{
    mcp_client *client = mcp_client_new(test_path("/status/401"), test_token);
    size_t len;

    CHECK_STATUS(MCP_E_UNAUTHORIZED, mcp_ping(client));
    CHECK(mcp_error_http_status(NULL) == 401);
    CHECK(is_text(mcp_error_challenge(NULL, "error"), "invalid_token"));
    CHECK(is_text(mcp_error_challenge(NULL, "scope"), "read write"));
    CHECK(mcp_error_challenge(NULL, "nothing") == NULL);
    CHECK(mcp_error_may_have_run(NULL) == 0);
    mcp_client_free(client);

    client = mcp_client_new(test_path("/status/429"), test_token);
    CHECK_STATUS(MCP_E_RATE_LIMITED, mcp_ping(client));
    CHECK(mcp_error_retry_after(NULL) == 7000);
    mcp_client_free(client);

    client = mcp_client_new(test_path("/rpc-error"), test_token);
    CHECK_STATUS(MCP_E_RPC, mcp_ping(client));
    CHECK(mcp_error_rpc_code(NULL) == -32603);
    CHECK(is_text(mcp_error_rpc_message(NULL), "broken"));
    CHECK(is_text(mcp_error_data_json(NULL, &len), "{\"why\":\"a test\"}"));
    CHECK(len == 16);
    mcp_client_free(client);
}

static void wrong_and_missing_tokens_are_unauthorized(void)
{
    mcp_client *client = mcp_client_new(test_path("/mcp"), "wrong");

    CHECK_STATUS(MCP_E_UNAUTHORIZED, mcp_ping(client));
    CHECK_STATUS(MCP_OK, mcp_client_set_token(client, NULL));
    CHECK_STATUS(MCP_E_UNAUTHORIZED, mcp_ping(client));
    CHECK_STATUS(MCP_OK, mcp_client_set_token(client, test_token));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
}

static void api_key_header_is_sent(void)
{
    mcp_client *client = mcp_client_new(test_path("/apikey/mcp"), NULL);

    CHECK_STATUS(MCP_E_UNAUTHORIZED, mcp_ping(client));
    CHECK_STATUS(MCP_OK, mcp_client_set_header(client, "X-API-Key",
                                               "test-key"));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
}

static void lost_session_is_replaced_silently(void)
{
    mcp_client *client = mcp_client_new(test_path("/forget/mcp"), test_token);
    int i;

    for (i = 0; i < 10; i++)
        CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
}

static void response_over_the_limit_is_refused(void)
{
    mcp_client *client = mcp_client_new(test_path("/huge"), test_token);

    CHECK_STATUS(MCP_OK, mcp_client_set_limit(client, MCP_LIMIT_MESSAGE_SIZE, 1000000));
    CHECK_STATUS(MCP_E_TOO_LARGE, mcp_ping(client));
    mcp_client_free(client);
}

static void silent_server_is_a_timeout(void)
{
    mcp_client *client = mcp_client_new(test_path("/hang"), test_token);

    CHECK_STATUS(MCP_OK, mcp_client_set_timeout(client, 50));
    CHECK_STATUS(MCP_E_TIMEOUT, mcp_ping(client));
    mcp_client_free(client);
    client = mcp_client_new(test_path("/drip/20"), test_token);
    CHECK_STATUS(MCP_OK, mcp_client_set_timeout(client, 100));
    CHECK_STATUS(MCP_E_TIMEOUT, mcp_ping(client));
    mcp_client_free(client);
}

static void server_info_is_read(void)
{
    mcp_client *client = mcp_client_new(test_path("/mcp"), test_token);
    mcp_result *server = NULL;
    size_t len = 0;

    CHECK_STATUS(MCP_OK, mcp_connect(client, &server));
    CHECK(is_text(mcp_result_server_name(server), "test server"));
    CHECK(is_text(mcp_result_protocol_version(server), "2026-07-28"));
    CHECK(mcp_result_has_capability(server, "tools") == 1);
    CHECK(mcp_result_has_capability(server, "tools.listChanged") == 0);
    CHECK(mcp_result_has_capability(server, NULL) == 0);
    CHECK(mcp_result_json(server, &len) != NULL);
    CHECK(strlen(mcp_result_json(server, NULL)) == len);
    /* It outlives the client. */
    mcp_client_free(client);
    mcp_result_free(server);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(every_era_and_form_is_pinged);
    RUN(wrong_responses_have_statuses);
    RUN(details_of_an_http_error_are_read);
    RUN(wrong_and_missing_tokens_are_unauthorized);
    RUN(api_key_header_is_sent);
    RUN(lost_session_is_replaced_silently);
    RUN(response_over_the_limit_is_refused);
    RUN(silent_server_is_a_timeout);
    RUN(server_info_is_read);
    END();
}
