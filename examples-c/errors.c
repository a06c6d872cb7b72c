/* Prints the details that each kind of error has: errors URL
 *
 * The token is taken from MCPCLIENT_TOKEN.
 */
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

static void show(const char *name, const char *value)
{
    if (value != NULL)
        printf("  %-14s %s\n", name, value);
}

static void explain(void)
{
    printf("%s: %s\n", mcp_status_name(mcp_error_status(NULL)),
           mcp_error_message(NULL));
    switch (mcp_error_status(NULL)) {
    case MCP_E_UNAUTHORIZED:
    case MCP_E_FORBIDDEN:
        show("error", mcp_error_challenge(NULL, "error"));
        show("scope", mcp_error_challenge(NULL, "scope"));
        show("metadata", mcp_error_challenge(NULL, "resource_metadata"));
        break;
    case MCP_E_RATE_LIMITED:
    case MCP_E_UNAVAILABLE:
        if (mcp_error_retry_after(NULL) >= 0)
            printf("  try again in   %d ms\n",
                   (int)mcp_error_retry_after(NULL));
        break;
    case MCP_E_RPC:
        printf("  JSON-RPC code  %d\n", (int)mcp_error_rpc_code(NULL));
        show("data", mcp_error_data_json(NULL, NULL));
        break;
    default:
        break;
    }
    if (mcp_error_http_status(NULL) != 0)
        printf("  HTTP status    %d\n", (int)mcp_error_http_status(NULL));
    printf("  may have run   %s\n",
           mcp_error_may_have_run(NULL) ? "perhaps" : "no");
}

int main(int argc, char **argv)
{
    int32_t status = MCP_E_INVALID_ARGUMENT;
    mcp_client *client;

    if (argc != 2) {
        fprintf(stderr, "usage: errors URL\n");
        return EXIT_FAILURE;
    }
    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client != NULL)
        status = mcp_ping(client);
    if (status != MCP_OK)
        explain();
    mcp_client_free(client);
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
