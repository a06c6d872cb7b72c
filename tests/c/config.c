/* Configuration files: read, listed, wrong, and clients of them. */
#include <sys/stat.h>

#include "test.h"

static char path[64];

/* Writes a file of that mode and reads it. */
static mcp_config *load(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return NULL;
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
    return mcp_config_load(path);
}

static void configured_server_is_pinged(void)
{
    char text[2000];
    mcp_config *config;
    mcp_client *client;

    sprintf(text,
            "{ // Comments are allowed.\n"
            "  \"mcpServers\": {\n"
            "    \"test\": { \"url\": \"%s\", \"auth\": \"${env:TEST_CONFIG_TOKEN}\",\n"
            "      \"headers\": { \"X-Key\": \"${NOT_THERE:-k}\" }, \"timeout\": 5000, },\n"
            "    \"program\": { \"command\": \"${NOT_THERE}\", \"args\": [\"x\"] },\n"
            "  },\n"
            "}\n",
            test_path("/mcp"));
    config = load(text, 0644);
    CHECK(config != NULL);
    CHECK(mcp_config_count(config) == 2);
    CHECK(strcmp(mcp_config_name(config, 0), "test") == 0);
    CHECK(strcmp(mcp_config_url(config, 0), test_path("/mcp")) == 0);
    CHECK(mcp_config_command(config, 0) == NULL);
    CHECK(strcmp(mcp_config_name(config, 1), "program") == 0);
    CHECK(mcp_config_url(config, 1) == NULL);
    CHECK(strcmp(mcp_config_command(config, 1), "${NOT_THERE}") == 0);
    CHECK(mcp_config_name(config, 2) == NULL);
    CHECK(mcp_config_warning(config, 0) == NULL);

    unsetenv("TEST_CONFIG_TOKEN");
    CHECK(mcp_config_new_client(config, "test") == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    CHECK(strstr(mcp_error_message(NULL), ":3: mcpServers.test.auth: ") != NULL);
    CHECK(strstr(mcp_error_message(NULL), "TEST_CONFIG_TOKEN") != NULL);
    setenv("TEST_CONFIG_TOKEN", test_token, 1);
    client = mcp_config_new_client(config, "test");
    CHECK(client != NULL);
    mcp_config_free(config);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
}

static void error_lists_the_names_when_none_matches(void)
{
    mcp_config *config = load("{\"a\": {\"url\": \"http://h\"}, \"b\": {\"url\": \"x\"}}", 0600);

    CHECK(config != NULL);
    CHECK(mcp_config_new_client(config, NULL) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_NOT_FOUND);
    CHECK(mcp_config_new_client(config, "c") == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_NOT_FOUND);
    CHECK(strstr(mcp_error_message(NULL), "\"a\", \"b\"") != NULL);
    CHECK(mcp_config_new_client(config, "\xff") == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    mcp_config_free(config);
    mcp_config_free(NULL);
}

static void only_server_needs_no_name(void)
{
    mcp_config *config = load("{\"a\": {\"url\": \"http://h\"},"
                              " \"b\": {\"url\": \"http://h\", \"disabled\": true}}", 0600);
    mcp_client *client = mcp_config_new_client(config, NULL);

    CHECK(client != NULL);
    mcp_client_free(client);
    CHECK(mcp_config_new_client(config, "b") == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_STATE);
    mcp_config_free(config);
}

static void secret_that_others_may_read_is_a_warning(void)
{
    const char *text = "{\"a\": {\"url\": \"http://h\",\n\"auth\": \"hunter2\"}}";
    mcp_config *config = load(text, 0640);

    CHECK(config != NULL);
    CHECK(strstr(mcp_config_warning(config, 0), ":2: a.auth: ") != NULL);
    CHECK(strstr(mcp_config_warning(config, 0), "hunter2") == NULL);
    CHECK(mcp_config_warning(config, 1) == NULL);
    mcp_config_free(config);
    config = load(text, 0600);
    CHECK(config != NULL && mcp_config_warning(config, 0) == NULL);
    mcp_config_free(config);
}

/* Each entry has a status of its own, and an error that outlives other calls. */
static void status_of_each_entry_is_read(void)
{
    char text[2000];
    mcp_config *config;
    mcp_client *client;
    const mcp_error *error;

    sprintf(text,
            "{\"mcpServers\": {\n"
            "\"good\": {\"url\": \"%s\", \"auth\": \"%s\"},\n"
            "\"bad\": {\"args\": [\"no-command.py\"]},\n"
            "\"off\": {\"command\": \"x\", \"isActive\": false},\n"
            "\"none\": null, \"unset\": {\"command\": \"${NOT_THERE}\"}}}",
            test_path("/mcp"), test_token);
    config = load(text, 0600);
    CHECK(config != NULL);
    CHECK(mcp_config_count(config) == 5);
    CHECK_STATUS(MCP_OK, mcp_config_status(config, 0));
    CHECK(mcp_config_error(config, 0) == NULL);
    CHECK(mcp_config_status(config, 1) == MCP_E_INVALID_ARGUMENT);
    error = mcp_config_error(config, 1);
    CHECK(mcp_error_status(error) == MCP_E_INVALID_ARGUMENT);
    CHECK(strstr(mcp_error_message(error), ":3: mcpServers.bad: ") != NULL);
    CHECK(strstr(mcp_error_message(error), "\"args\"") != NULL);
    CHECK(mcp_config_error(config, 1) == error);
    CHECK(mcp_config_url(config, 1) == NULL);
    CHECK(mcp_config_command(config, 1) == NULL);
    CHECK(mcp_config_status(config, 2) == MCP_E_STATE);
    CHECK(strstr(mcp_error_message(mcp_config_error(config, 2)),
                 "mcpServers.off.isActive") != NULL);
    CHECK(strcmp(mcp_config_command(config, 2), "x") == 0);
    CHECK(mcp_config_status(config, 3) == MCP_E_INVALID_ARGUMENT);
    CHECK(mcp_config_status(config, 4) == MCP_E_INVALID_ARGUMENT);
    CHECK(strstr(mcp_error_message(mcp_config_error(config, 4)),
                 "NOT_THERE") != NULL);
    CHECK(mcp_config_status(config, 5) == MCP_E_INVALID_ARGUMENT);
    CHECK(mcp_config_error(config, 5) == NULL);
    CHECK(mcp_config_status(NULL, 0) == MCP_E_INVALID_ARGUMENT);
    CHECK(mcp_config_error(NULL, 0) == NULL);
    CHECK(mcp_config_warning(config, 1) != NULL && mcp_config_warning(config, 2) == NULL);
    CHECK(mcp_config_new_client(config, "bad") == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    client = mcp_config_new_client(config, "good");
    CHECK(client != NULL);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
    mcp_config_free(config);
}

static void server_with_oauth_has_an_authorization(void)
{
    char text[500];
    mcp_config *config;
    mcp_client *client;
    mcp_auth *auth;

    sprintf(text, "{\"a\": {\"url\": \"%s\", \"auth\": {\"CLIENT_ID\": \"x\"}}}",
            test_path("/mcp"));
    config = load(text, 0600);
    client = mcp_config_new_client(config, NULL);
    CHECK(client != NULL);
    mcp_config_free(config);
    auth = mcp_client_ref_auth(client);
    CHECK(auth != NULL);
    CHECK_STATUS(MCP_OK, mcp_auth_set_scope(auth, "b"));
    CHECK_STATUS(MCP_E_UNAUTHORIZED, mcp_ping(client));
    CHECK(strstr(mcp_error_message(NULL), "mcp_auth_set_browser()") != NULL);
    CHECK_STATUS(MCP_E_STATE, mcp_auth_set_scope(auth, "c"));
    mcp_auth_free(auth);
    CHECK_STATUS(MCP_OK, mcp_client_set_token(client, test_token));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK(mcp_client_ref_auth(client) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_UNSUPPORTED);
    CHECK(mcp_client_ref_auth(NULL) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    mcp_client_free(client);
}

static void every_prefix_of_a_file_is_read_to_an_end(void)
{
    static const char text[] = "{\"mcpServers\": {\"a\": {\"url\": \"http://${H:-h}\", /* x */\n"
                               "\"headers\": {\"K\": \"\\u00e9\"}, \"timeout\": 1},}} // y";
    char start[sizeof text];
    size_t at;

    for (at = 0; at < sizeof text; at++) {
        mcp_config *config;

        memcpy(start, text, at);
        start[at] = '\0';
        config = load(start, 0600);
        if (config == NULL) {
            CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
            CHECK(strstr(mcp_error_message(NULL), path) != NULL);
        }
        mcp_config_free(config);
    }
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    sprintf(path, "/tmp/mcp-config-%ld.json", (long)getpid());
    RUN(configured_server_is_pinged);
    RUN(error_lists_the_names_when_none_matches);
    RUN(only_server_needs_no_name);
    RUN(secret_that_others_may_read_is_a_warning);
    RUN(status_of_each_entry_is_read);
    RUN(server_with_oauth_has_an_authorization);
    RUN(every_prefix_of_a_file_is_read_to_an_end);
    remove(path);
    END();
}
