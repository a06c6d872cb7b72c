/* Drives two clients in one event loop with poll(2).  A tool of each server is
 * called twice; all four calls run at the same time, on one thread:
 *
 *     loop URL URL TOOL [ARGUMENTS]
 *
 * A line on standard input ends the program before the calls are done.  The
 * token of both servers is taken from MCPCLIENT_TOKEN.
 */
#define _POSIX_C_SOURCE 200112L

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

enum { SERVERS = 2, CALLS = 2 };

static const char *const labels[SERVERS][CALLS] = {
    {"first server, call 1", "first server, call 2"},
    {"second server, call 1", "second server, call 2"},
};
static int open_calls, failures;

static void on_event(void *userdata, mcp_client *client,
                     const mcp_event *event)
{
    (void)userdata;
    (void)client;
    if (mcp_event_kind(event) != MCP_EVENT_STATE)
        printf("notification: %s\n", mcp_event_method(event));
}

/* Starts a call.  finish() gets `label` back as the user data. */
static void begin(mcp_client *client, const char *tool, const char *arguments,
                  const char *label)
{
    mcp_request *request = mcp_request_new_call_tool(client, tool, arguments);

    if (request != NULL)
        mcp_request_set_userdata(request, (void *)label);
    if (request != NULL && mcp_request_start(request) == MCP_OK) {
        open_calls++;
        return;
    }
    fprintf(stderr, "%s: %s\n", label, mcp_error_message(NULL));
    failures++;
    mcp_request_free(request);
}

/* Prints the result of a completed call. */
static void finish(mcp_request *request)
{
    const char *label = (const char *)mcp_request_userdata(request);
    mcp_result *result = NULL;

    open_calls--;
    if (mcp_request_take_result(request, &result) == MCP_OK &&
        !mcp_result_is_error(result)) {
        printf("%s: %s\n", label, mcp_result_text(result, NULL));
    } else {
        fprintf(stderr, "%s: %s\n", label,
                result != NULL ? mcp_result_text(result, NULL)
                               : mcp_error_message(NULL));
        failures++;
    }
    mcp_result_free(result);
    mcp_request_free(request);
}

int main(int argc, char **argv)
{
    mcp_client *clients[SERVERS] = {NULL, NULL};
    struct pollfd waits[SERVERS + 1];
    mcp_request *done;
    int i, k, is_typed = 0;

    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: loop URL URL TOOL [ARGUMENTS]\n");
        return EXIT_FAILURE;
    }
    for (i = 0; i < SERVERS; i++) {
        clients[i] = mcp_client_new(argv[1 + i], getenv("MCPCLIENT_TOKEN"));
        waits[i].fd = clients[i] != NULL ? mcp_client_fd(clients[i]) : -1;
        waits[i].events = POLLIN;
        if (waits[i].fd < 0) {
            fprintf(stderr, "%s\n", mcp_error_message(NULL));
            failures++;
            continue;
        }
        mcp_client_set_event_handler(clients[i], on_event, NULL, NULL);
        for (k = 0; k < CALLS; k++)
            begin(clients[i], argv[3], argc > 4 ? argv[4] : NULL,
                  labels[i][k]);
    }
    waits[SERVERS].fd = 0;
    waits[SERVERS].events = POLLIN;

    while (open_calls > 0 && !is_typed) {
        if (poll(waits, SERVERS + 1, -1) < 0) {
            if (errno == EINTR)
                continue;
            break;
        }
        for (i = 0; i < SERVERS; i++) {
            if (waits[i].revents == 0)
                continue;
            mcp_client_dispatch(clients[i], 0); /* runs the handlers */
            while ((done = mcp_client_next_done(clients[i])) != NULL)
                finish(done);
        }
        if (waits[SERVERS].revents != 0) {
            /* A line ends the program.  The end of the input does not. */
            is_typed = getchar() != EOF;
            waits[SERVERS].fd = -1;
        }
    }
    for (i = 0; i < SERVERS; i++)
        mcp_client_free(clients[i]); /* ends calls that are in flight */
    return failures == 0 && open_calls == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
