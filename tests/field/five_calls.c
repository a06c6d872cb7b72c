/* Five calls of a client that has set roots, so that it opens the notification
 * stream when it connects. */
#include <mcpclient.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    mcp_client *client = argc > 1 ? mcp_client_new(argv[1], NULL) : NULL;
    int32_t status;
    int i;

    if (client == NULL)
        return 2;
    status = mcp_client_set_roots_json(client, "[]");
    for (i = 0; i < 5 && status == MCP_OK; i++) {
        mcp_result *result = NULL;

        status = mcp_call_tool(client, "add", "{\"a\": 1, \"b\": 2}", &result);
        mcp_result_free(result);
    }
    if (status != MCP_OK)
        fprintf(stderr, "call %d: %s\n", i, mcp_error_message(NULL));
    mcp_client_free(client);
    return status == MCP_OK ? 0 : 1;
}
