/* Prints who a server is: server_info URL
 *
 * The token is taken from MCPCLIENT_TOKEN.
 */
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

int main(int argc, char **argv)
{
    mcp_client *client;
    mcp_result *server = NULL;
    mcp_json *info;
    const char *name, *version, *capabilities, *text;
    size_t length = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: server_info URL\n");
        return EXIT_FAILURE;
    }
    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client == NULL || mcp_connect(client, &server) != MCP_OK) {
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
        mcp_client_free(client);
        return EXIT_FAILURE;
    }
    name = mcp_result_server_name(server);
    version = mcp_result_server_version(server);
    printf("%s %s speaks %s\n", name != NULL ? name : "(no name)",
           version != NULL ? version : "",
           mcp_result_protocol_version(server));
    text = mcp_result_json(server, &length); /* all that the server says */
    info = mcp_json_parse(text, length);
    capabilities = mcp_json_text(mcp_json_at(info, "/capabilities"), NULL);
    printf("capabilities: %s\n", capabilities != NULL ? capabilities : "{}");
    mcp_json_free(info);
    printf("has tools: %s\n",
           mcp_result_has_capability(server, "tools") ? "yes" : "no");
    mcp_result_free(server);
    mcp_client_free(client);
    return EXIT_SUCCESS;
}
