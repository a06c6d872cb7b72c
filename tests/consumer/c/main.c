/* Pings a server and checks that a wrong token is refused: main URL TOKEN. */
#include <stdio.h>
#include <string.h>

#include <mcpclient.h>

int main(int argc, char **argv)
{
    mcp_client *client;
    int32_t status;

    if (argc != 3 || strcmp(mcp_version(), MCP_VERSION) != 0)
        return 2;
    client = mcp_client_new(argv[1], argv[2]);
    if (client == NULL || mcp_ping(client) != MCP_OK) {
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
        mcp_client_free(client);
        return 1;
    }
    mcp_client_set_token(client, "wrong");
    status = mcp_ping(client);
    printf("pong, then %s: HTTP %d\n", mcp_status_name(status),
           (int)mcp_error_http_status(NULL));
    mcp_client_free(client);
    return 0;
}
