/* Lists a server's tools, and calls one with progress, a timeout and Ctrl-C:
 *
 *     tools URL                            lists the tools
 *     tools URL add '{"a":1,"b":2}'        calls a tool
 *     tools URL sleep '{"seconds":9}' 500  with a timeout of 500 ms
 *
 * The token is taken from MCPCLIENT_TOKEN.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

static mcp_cancel *interrupt;

static void on_interrupt(int number)
{
    (void)number;
    mcp_cancel_fire(interrupt); /* allowed in a signal handler */
}

static void on_progress(void *userdata, mcp_request *request,
                        const mcp_progress *progress)
{
    FILE *to = (FILE *)userdata;
    double value = mcp_progress_value(progress);
    double total = mcp_progress_total(progress);
    const char *message = mcp_progress_message(progress);

    (void)request;
    if (total > 0)
        fprintf(to, "%3.0f %% ", 100 * value / total);
    else
        fprintf(to, "%g ", value);
    fprintf(to, "%s\n", message != NULL ? message : "");
}

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

    for (i = 0; i < mcp_result_tool_count(tools); i++) {
        const mcp_tool *tool = mcp_result_tool(tools, i);
        const char *description = mcp_tool_description(tool);

        printf("%-20s %s\n", or_none(mcp_tool_name(tool)),
               description != NULL ? description : "");
    }
    mcp_result_free(tools);
    return status;
}

/* Calls a tool.  Sets `*is_good` to 0 if the tool failed. */
static int32_t call(mcp_client *client, const char *name,
                    const char *arguments, const char *milliseconds,
                    int *is_good)
{
    mcp_result *result = NULL;
    mcp_request *request = mcp_request_new_call_tool(client, name, arguments);
    int32_t status;

    if (request == NULL)
        return mcp_error_status(NULL);
    status = mcp_request_set_timeout(
        request, milliseconds != NULL ? atoi(milliseconds) : 10000);
    if (status == MCP_OK)
        status = mcp_request_set_progress(request, on_progress, stderr, NULL);
    if (status == MCP_OK)
        status = mcp_request_set_cancel(request, interrupt);
    if (status == MCP_OK)
        status = mcp_request_perform(request, &result);
    if (status == MCP_OK) {
        *is_good = !mcp_result_is_error(result);
        if (!*is_good)
            fprintf(stderr, "The tool failed:\n");
        fprintf(*is_good ? stdout : stderr, "%s\n",
                mcp_result_text(result, NULL));
    }
    mcp_result_free(result);
    mcp_request_free(request);
    return status;
}

int main(int argc, char **argv)
{
    int32_t status = MCP_E_INVALID_ARGUMENT;
    mcp_client *client;
    int is_good = 1;

    if (argc < 2 || argc > 5) {
        fprintf(stderr,
                "usage: tools URL [TOOL [ARGUMENTS [MILLISECONDS]]]\n");
        return EXIT_FAILURE;
    }
    interrupt = mcp_cancel_new();
    signal(SIGINT, on_interrupt);

    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client != NULL)
        status = argc == 2
                     ? list(client)
                     : call(client, argv[2], argc > 3 ? argv[3] : NULL,
                            argc > 4 ? argv[4] : NULL, &is_good);
    if (status != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));

    mcp_client_free(client);
    mcp_cancel_free(interrupt);
    return status == MCP_OK && is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
