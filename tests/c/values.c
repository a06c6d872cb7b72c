/* Texts, configurations and values that the application frees, in every order. */
#include "test.h"

static void expanded_text_is_freed(void)
{
    char *uri = mcp_uri_expand("test://{a}{?b*}", "{\"a\":\"x y\",\"b\":{\"c\":1}}");

    CHECK(is_text(uri, "test://x%20y?c=1"));
    mcp_string_free(uri);
    CHECK(mcp_uri_expand("{", NULL) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    CHECK(mcp_uri_expand(NULL, NULL) == NULL);
    mcp_string_free(NULL);
}

static void configuration_in_memory_outlives_its_text(void)
{
    char text[300];
    mcp_config *config;
    mcp_client *client;

    sprintf(text, "{\"mcpServers\": {\"a\": {\"url\": \"%s\", \"auth\": \"%s\"},\n\"b\": {}}}",
            test_path("/mcp"), test_token);
    config = mcp_config_parse(text, strlen(text), NULL);
    memset(text, 'x', sizeof text);
    CHECK(config != NULL && mcp_config_count(config) == 2);
    CHECK(mcp_config_status(config, 1) == MCP_E_INVALID_ARGUMENT);
    CHECK(has_text(mcp_error_message(mcp_config_error(config, 1)), "json:2: mcpServers.b: "));
    client = mcp_config_new_client(config, "a");
    mcp_config_free(config);
    CHECK(client != NULL);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
    CHECK(mcp_config_parse("{", 1, NULL) == NULL);
    CHECK(mcp_config_parse(NULL, 0, NULL) == NULL);
}

static void structured_value_lives_as_long_as_its_result(void)
{
    mcp_client *client = mcp_client_new(test_path("/full-handshake/mcp"), test_token);
    mcp_result *result = NULL;
    const mcp_json *value;

    CHECK_STATUS(MCP_OK, mcp_client_set_meta_json(client, "{\"com.example/a\":[1]}"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_meta_json(client, "[]"));
    CHECK_STATUS(MCP_OK, mcp_call_tool(client, "structured", "{\"value\":{\"n\":[7]}}", &result));
    CHECK_STATUS(MCP_OK, mcp_client_set_meta_json(client, NULL));
    mcp_client_free(client);
    value = mcp_result_structured(result);
    CHECK(value != NULL && mcp_result_data(result) == value);
    CHECK(mcp_json_integer(mcp_json_at(value, "/n/0"), 0) == 7);
    CHECK(is_text(mcp_json_text(mcp_json_at(value, "/n"), NULL), "[7]"));
    mcp_result_free(result);
    CHECK(mcp_result_structured(NULL) == NULL && mcp_result_data(NULL) == NULL);
}

static void null_and_wrong_numbers_are_refused(void)
{
    mcp_client *client = mcp_client_new(test_url, NULL);

    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_meta_json(NULL, "{}"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_ca_data(NULL, "x", 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_certificate_data(NULL, "x", 1, "x", 1));
    CHECK_STATUS(MCP_E_TLS, mcp_client_set_ca_data(client, "x", 1));
    CHECK_STATUS(MCP_E_TLS, mcp_client_set_ca_data(client, "", 0));
    /* -1 as a length is more than there can be. */
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_ca_data(client, "x", (size_t)-1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_certificate_data(client, "x", (size_t)-1, "x", 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_certificate_data(client, "x", 1, "x", (size_t)-1));
    CHECK(mcp_json_parse("{}", (size_t)-1) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    CHECK(has_text(mcp_error_message(NULL), "negative"));
    CHECK(mcp_config_parse("{}", (size_t)-1, NULL) == NULL);
    CHECK(has_text(mcp_error_message(NULL), "negative"));
    CHECK_STATUS(MCP_OK, mcp_client_set_ca_data(client, NULL, (size_t)-1));
    CHECK_STATUS(MCP_OK, mcp_client_set_ca_data(client, NULL, 0));
    CHECK_STATUS(MCP_E_TLS, mcp_client_set_certificate_data(client, "x", 1, "x", 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_certificate_data(client, "x", 1, NULL, 0));
    CHECK_STATUS(MCP_OK, mcp_client_set_certificate_data(client, NULL, 0, NULL, 0));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_allow(client, 0, 1));
    CHECK_STATUS(MCP_OK, mcp_client_set_allow(client, MCP_ALLOW_TASKS | MCP_ALLOW_MISMATCH, 0));
    mcp_client_free(client);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(expanded_text_is_freed);
    RUN(configuration_in_memory_outlives_its_text);
    RUN(structured_value_lives_as_long_as_its_result);
    RUN(null_and_wrong_numbers_are_refused);
    END();
}
