/* Runs a tool that takes long as a task.  The server goes on with a task when
 * this program has ended:
 *
 *     task URL TOOL [ARGUMENTS]    starts a task and waits for its result
 *     task URL -b TOOL [ARGUMENTS] starts a task and prints its id
 *     task URL -r ID               waits for the result of a task
 *     task URL -s ID               prints the status of a task
 *     task URL -c ID               cancels a task
 *
 * ARGUMENTS is a JSON object.  The token is taken from MCPCLIENT_TOKEN.
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

static void on_event(void *userdata, mcp_client *client,
                     const mcp_event *event)
{
    const mcp_task *task = mcp_event_task(event);

    (void)userdata;
    (void)client;
    if (task != NULL)
        fprintf(stderr, "%s\n", or_none(mcp_task_status(task)));
}

/* Starts a task.  The result is the task, or the result of the tool if the
 * server did not make it a task. */
static int32_t begin(mcp_client *client, const char *tool,
                     const char *arguments, mcp_result **out)
{
    mcp_request *request =
        mcp_request_new_call_tool(client, tool, arguments);
    int32_t status = MCP_E_INVALID_ARGUMENT;

    if (request != NULL)
        status = mcp_request_set_task(request, 3600000);
    if (status == MCP_OK)
        status = mcp_request_perform(request, out);
    mcp_request_free(request);
    return status;
}

static int show(const mcp_result *result)
{
    int is_error = mcp_result_is_error(result);
    const mcp_task *task = mcp_result_task(result, 0);

    if (task == NULL)
        fprintf(is_error ? stderr : stdout, "%s\n",
                mcp_result_text(result, NULL));
    else if (mcp_task_message(task) == NULL)
        printf("%s %s\n", or_none(mcp_task_id(task)),
               or_none(mcp_task_status(task)));
    else
        printf("%s %s: %s\n", or_none(mcp_task_id(task)),
               or_none(mcp_task_status(task)), mcp_task_message(task));
    return !is_error;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 && argv[2][0] == '-' ? argv[2] : "";
    int32_t status = MCP_E_INVALID_ARGUMENT;
    mcp_result *result = NULL;
    mcp_client *client;
    int is_good = 0;

    if (argc < (what[0] != '\0' ? 4 : 3) || argc > 5) {
        fprintf(stderr, "usage: task URL [-b] TOOL [ARGUMENTS]\n"
                        "       task URL -r|-s|-c ID\n");
        return EXIT_FAILURE;
    }
    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client != NULL)
        status = mcp_client_set_event_handler(client, on_event, NULL, NULL);
    if (status == MCP_OK) /* from here on, mcp_call_tool() waits for tasks */
        status = mcp_client_set_allow(client, MCP_ALLOW_TASKS, 1);
    if (status == MCP_OK) {
        if (strcmp(what, "-b") == 0)
            status = begin(client, argv[3], argc > 4 ? argv[4] : NULL, &result);
        else if (strcmp(what, "-r") == 0)
            status = mcp_get_task_result(client, argv[3], &result);
        else if (strcmp(what, "-s") == 0)
            status = mcp_get_task(client, argv[3], &result);
        else if (strcmp(what, "-c") == 0)
            status = mcp_cancel_task(client, argv[3]);
        else
            status = mcp_call_tool(client, argv[2], argc > 3 ? argv[3] : NULL,
                                   &result);
    }
    if (status != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    else
        is_good = result == NULL || show(result);
    mcp_result_free(result);
    mcp_client_free(client);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
