/* Reads the token from a file that another program renews: token_handler URL
 * FILE
 *
 * The library calls the handler again when the server refuses the token.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mcpclient.h>

static int32_t read_token(void *userdata, mcp_client *client,
                          mcp_token_request *request)
{
    char line[4096];
    int32_t status = MCP_E_NOT_FOUND;
    FILE *file = fopen((const char *)userdata, "r");
    int found = file != NULL && fgets(line, sizeof line, file) != NULL;

    (void)client;
    if (file != NULL)
        fclose(file);
    if (found)
        status = mcp_token_request_answer(request, line,
                                          strcspn(line, "\r\n"));
    mcp_token_request_free(request);
    return status;
}

int main(int argc, char **argv)
{
    int32_t status = MCP_E_INVALID_ARGUMENT;
    mcp_client *client;

    if (argc != 3) {
        fprintf(stderr, "usage: token_handler URL FILE\n");
        return EXIT_FAILURE;
    }
    client = mcp_client_new(argv[1], NULL);
    if (client != NULL)
        status = mcp_client_set_token_handler(client, read_token, argv[2],
                                              NULL);
    if (status == MCP_OK)
        status = mcp_ping(client);
    if (status == MCP_OK)
        printf("it answers\n");
    else
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    mcp_client_free(client);
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
