/* Pings an MCP server: ping URL
 *
 * The token is taken from MCPCLIENT_TOKEN.
 */
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "http://127.0.0.1:8000/mcp";
    mcp_client *client = mcp_client_new(url, getenv("MCPCLIENT_TOKEN"));

    if (client == NULL || mcp_ping(client) != MCP_OK) {
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
        if (mcp_error_status(NULL) == MCP_E_UNAUTHORIZED)
            fprintf(stderr, "Put the server's token into MCPCLIENT_TOKEN.\n");
        mcp_client_free(client);
        return EXIT_FAILURE;
    }
    printf("%s answers\n", url);
    mcp_client_free(client);
    return EXIT_SUCCESS;
}
