/* Performs requests in one loop, which waits for the server, for what the
 * person pastes during a sign-in, and for Ctrl-C. */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>

#include "cli.h"

enum { TICK = 500, PATIENCE = 4 }; /* milliseconds; ticks */

/* The times that nothing arrived during a tick. */
static int silent;

/* The person is waited for, and not the server. */
void expect_a_person(void)
{
    silent = PATIENCE;
}

/* Waits for a tick, or until something arrives, and runs the handlers for it.
 * If the server is not connected soon, it says what the command waits for. */
int32_t wait_for(mcp_client *client, const struct options *options)
{
    struct pollfd entries[2];
    int ready;

    entries[0].fd = mcp_client_fd(client);
    entries[1].fd = answer_input();
    entries[0].events = entries[1].events = POLLIN;
    entries[1].revents = 0;
    if (entries[0].fd < 0)
        return mcp_error_status(NULL);
    ready = poll(entries, 2, TICK);
    if (ready == 0 && ++silent == PATIENCE &&
        mcp_client_transport(client) == MCP_TRANSPORT_AUTO)
        put_waiting(options);
    if (ready > 0 && entries[1].revents != 0)
        read_answer();
    return mcp_client_dispatch(client, 0);
}

int32_t perform(mcp_client *client, const struct options *options,
                mcp_request *request, mcp_result **out)
{
    int32_t status =
        request != NULL ? mcp_request_set_cancel(request, interrupt)
                        : mcp_error_status(NULL);

    if (status == MCP_OK)
        status = mcp_request_start(request);
    while (status == MCP_OK && mcp_request_status(request) == MCP_PENDING)
        status = wait_for(client, options);
    /* There may be a result beside MCP_E_SCHEMA as well. */
    if (status == MCP_OK && out != NULL)
        mcp_request_take_result(request, out);
    if (status == MCP_OK)
        status = mcp_request_wait(request, 0);
    hide_progress();
    stop_reading();
    mcp_request_free(request);
    return status;
}

/* Performs a request whose progress is shown.  Each progress notification
 * restarts the timeout. */
int32_t perform_long(mcp_client *client, const struct options *options,
                     mcp_request *request, mcp_result **out)
{
    if (request != NULL)
        mcp_request_set_progress(request, show_progress, NULL, NULL);
    return perform(client, options, request, out);
}

/* Reads all pages of a list. */
int32_t perform_list(mcp_client *client, const struct options *options,
                     const char *method, mcp_result **out)
{
    mcp_request *request = mcp_request_new(client, method, NULL);

    if (request != NULL)
        mcp_request_set_all_pages(request, 1);
    return perform(client, options, request, out);
}
