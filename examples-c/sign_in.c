/* Signs in to a server with a browser (OAuth): sign_in URL
 *
 * The tokens are stored in a file, so that the next run needs no sign-in.
 */
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

int main(int argc, char **argv)
{
    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    mcp_client *client = mcp_client_new(argc > 1 ? argv[1] : NULL, NULL);
    int32_t status = MCP_E_INVALID_ARGUMENT;

    if (auth != NULL && client != NULL)
        status = mcp_auth_set_browser(auth, mcp_open_browser, NULL, NULL);
    if (status == MCP_OK)
        status = mcp_auth_set_store_file(auth, NULL);
    if (status == MCP_OK)
        status = mcp_client_set_auth(client, auth);
    if (status == MCP_OK)
        status = mcp_ping(client);
    if (status == MCP_OK)
        printf("it answers\n");
    else
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    mcp_client_free(client);
    mcp_auth_free(auth);
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
