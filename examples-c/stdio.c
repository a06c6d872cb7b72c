/* Starts a server that is a program, lists its tools or calls one:
 *
 *     stdio - npx -y @modelcontextprotocol/server-everything
 *     stdio 'add {"a":1,"b":2}' python3 server.py
 *
 * The first argument is "-", or a tool and its arguments as JSON.  If the
 * server's process ends during the call, its exit status is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mcpclient.h>

/* A getter returns NULL if the server sent no text. */
static const char *or_none(const char *text)
{
    return text != NULL ? text : "(none)";
}

static int32_t list(mcp_client *client)
{
    mcp_result *tools = NULL;
    int32_t status = mcp_list_tools(client, &tools);
    size_t i;

    for (i = 0; i < mcp_result_tool_count(tools); i++)
        puts(or_none(mcp_tool_name(mcp_result_tool(tools, i))));
    mcp_result_free(tools);
    return status;
}

/* `tool` is "NAME" or "NAME JSON".  It is changed: cut after NAME. */
static int32_t call(mcp_client *client, char *tool)
{
    char *arguments = strchr(tool, ' ');
    mcp_result *result = NULL;
    int32_t status;

    if (arguments != NULL)
        *arguments++ = '\0';
    status = mcp_call_tool(client, tool, arguments, &result);
    if (status == MCP_OK)
        printf("%s%s\n", mcp_result_is_error(result) ? "The tool failed: " : "",
               mcp_result_text(result, NULL));
    mcp_result_free(result);
    return status;
}

int main(int argc, char **argv)
{
    mcp_client *client;
    int32_t status;

    if (argc < 3) {
        fprintf(stderr, "usage: stdio -|'TOOL JSON' PROGRAM [ARGUMENT ...]\n");
        return EXIT_FAILURE;
    }
    /* argv ends with a NULL, which the library needs. */
    client = mcp_client_new_stdio((const char *const *)(argv + 2));
    status = client != NULL ? MCP_OK : mcp_error_status(NULL);

    /* The first call starts the program; mcp_client_free() ends it. */
    if (status == MCP_OK)
        status = strcmp(argv[1], "-") == 0 ? list(client)
                                           : call(client, argv[1]);
    if (status != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    if (status == MCP_E_PROCESS && mcp_error_exit_status(NULL) >= 0)
        fprintf(stderr, "exit status %d\n", (int)mcp_error_exit_status(NULL));
    mcp_client_free(client);
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
