/* Gets tokens by OAuth as its arguments say, makes the calls that standard
 * input names, a line each, and prints what came of each as a line of JSON:
 *
 *     oauth URL [NAME VALUE ...]
 *
 *     grant NUMBER  client ID  secret TEXT  key FILE  scope TEXT  issuer URL
 *     redirect URL  dpop NUMBER  store FILE  name NAME
 *     browser 1             signs in by mcp_open_browser()
 *
 *     sign-in  sign-out  ping
 *     call TOOL             without arguments
 *     wait MILLISECONDS */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mcpclient_draft.h>

/* What takes two options of the library's is kept until all are read. */
struct given {
    const char *id;
    const char *secret;
};

static char *contents(const char *path)
{
    static char text[16384];
    FILE *file = fopen(path, "r");
    size_t len;

    if (file == NULL)
        return NULL;
    len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

static int32_t set(mcp_client *client, mcp_auth *auth, struct given *given,
                   const char *name, const char *value)
{
    if (strcmp(name, "client") == 0)
        given->id = value;
    else if (strcmp(name, "secret") == 0)
        given->secret = value;
    else if (strcmp(name, "key") == 0)
        return mcp_auth_set_client_key(auth, contents(value), NULL, NULL);
    else if (strcmp(name, "scope") == 0)
        return mcp_auth_set_scope(auth, value);
    else if (strcmp(name, "prompt") == 0)
        return mcp_auth_set_authorization_parameter(auth, name, value);
    else if (strcmp(name, "method") == 0)
        return mcp_auth_set_client_auth(auth, value);
    else if (strcmp(name, "issuer") == 0)
        return mcp_auth_set_issuer(auth, value);
    else if (strcmp(name, "redirect") == 0)
        return mcp_auth_set_redirect_url(auth, value);
    else if (strcmp(name, "dpop") == 0)
        return mcp_auth_set_dpop(auth, atoi(value));
    else if (strcmp(name, "store") == 0)
        return mcp_auth_set_store_file(auth, value);
    else if (strcmp(name, "name") == 0)
        return mcp_client_set_info(client, value, "1");
    else if (strcmp(name, "browser") == 0)
        return mcp_auth_set_browser(auth, mcp_open_browser, NULL, NULL);
    return MCP_OK;
}

static void wait_for(long milliseconds)
{
    struct timespec left;

    left.tv_sec = milliseconds / 1000;
    left.tv_nsec = milliseconds % 1000 * 1000000L;
    while (nanosleep(&left, &left) != 0)
        continue;
}

static int32_t perform(mcp_client *client, const char *text,
                       mcp_result **result)
{
    if (strcmp(text, "sign-in") == 0)
        return mcp_sign_in(client);
    if (strcmp(text, "sign-out") == 0)
        return mcp_sign_out(client);
    if (strncmp(text, "call ", 5) == 0)
        return mcp_call_tool(client, text + 5, NULL, result);
    if (strncmp(text, "wait ", 5) == 0)
        wait_for(strtol(text + 5, NULL, 10));
    else
        return mcp_ping(client);
    return MCP_OK;
}

static void print(const char *text, int32_t status, const mcp_result *result)
{
    mcp_json *line = mcp_json_new();

    mcp_json_set_string(line, "/do", text);
    mcp_json_set_string(line, "/status", mcp_status_name(status));
    if (status != MCP_OK) {
        mcp_json_set_string(line, "/why", mcp_error_message(NULL));
        mcp_json_set_integer(line, "/http", mcp_error_http_status(NULL));
    }
    if (result != NULL)
        mcp_json_set_string(line, "/text", mcp_result_text(result, NULL));
    printf("%s\n", mcp_json_text(line, NULL));
    fflush(stdout);
    mcp_json_free(line);
}

int main(int argc, char **argv)
{
    static char text[4096];
    struct given given = { NULL, NULL };
    int32_t grant = MCP_GRANT_AUTHORIZATION_CODE;
    int32_t status = MCP_OK;
    mcp_client *client;
    mcp_auth *auth;
    int i;

    if (argc < 2)
        return 2;
    for (i = 2; i + 1 < argc; i += 2)
        if (strcmp(argv[i], "grant") == 0)
            grant = (int32_t)atoi(argv[i + 1]);
    auth = mcp_auth_new(grant);
    client = mcp_client_new(argv[1], NULL);
    for (i = 2; status == MCP_OK && i + 1 < argc; i += 2)
        status = set(client, auth, &given, argv[i], argv[i + 1]);
    if (status == MCP_OK && given.id != NULL)
        status = mcp_auth_set_client(auth, given.id, given.secret);
    if (status == MCP_OK)
        status = mcp_auth_set_sign_in_timeout(auth, 60000);
    if (status == MCP_OK)
        status = mcp_client_set_auth(client, auth);
    mcp_auth_free(auth);
    if (status != MCP_OK) {
        print("options", status, NULL);
        mcp_client_free(client);
        return 1;
    }
    while (fgets(text, sizeof text, stdin) != NULL) {
        mcp_result *result = NULL;

        text[strcspn(text, "\n")] = '\0';
        status = perform(client, text, &result);
        print(text, status, result);
        mcp_result_free(result);
    }
    mcp_client_free(client);
    return 0;
}
