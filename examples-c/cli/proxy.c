/* mcpclient proxy: an MCP server over standard input and output that passes
 * everything on to a server at a URL, with sign-in.
 *
 * One loop waits for the host, for the server and for signals; no call in it
 * waits for the network. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy.h"

/* After the end of the input: how long the proxy waits for responses, and for
 * the host to read them. */
enum { PATIENCE = 1000 };

static int wake_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    int before = errno;
    ssize_t written = write(wake_pipe[1], "", 1);

    (void)number;
    (void)written;
    errno = before;
}

static int handle_signals(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action;
    size_t i;

    if (pipe(wake_pipe) != 0)
        return 0;
    for (i = 0; i < 2; i++) {
        fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK);
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    for (i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    return 1;
}

static long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long)(time.tv_sec * 1000 + time.tv_nsec / 1000000);
}

static void serve_client(struct proxy *proxy)
{
    mcp_client_dispatch(proxy->client, 0);
    finish_calls(proxy);
    drop_ended(proxy);
    send_rounds(proxy);
}

/* The server is not read while the host does not read, so that nothing piles
 * up.  The input is not read either; but its end is noted, because a host that
 * is gone never reads. */
static void wait_and_serve(struct proxy *proxy, int milliseconds)
{
    struct pollfd entries[5];
    int may_take = waiting_bytes(proxy) < MOST_WAITING;

    entries[0].fd =
        proxy->has_ended || (proxy->has_left && !may_take) ? -1 : 0;
    entries[0].events = may_take ? POLLIN : 0;
    entries[1].fd = may_take ? mcp_client_fd(proxy->client) : -1;
    entries[2].fd = waiting_bytes(proxy) > 0 ? 1 : -1;
    entries[3].fd = wake_pipe[0];
    entries[4].fd = answer_input(); /* of a sign-in */
    entries[1].events = entries[3].events = entries[4].events = POLLIN;
    entries[2].events = POLLOUT;
    if (poll(entries, 5, milliseconds) < 0)
        return;
    if (entries[3].revents != 0)
        proxy->is_broken = 1;
    if (entries[4].revents != 0)
        read_answer();
    if (entries[2].revents != 0)
        write_host(proxy);
    if (entries[1].revents != 0)
        serve_client(proxy);
    if (entries[0].revents != 0 && may_take)
        read_host(proxy);
    else if (entries[0].revents != 0)
        proxy->has_left = 1;
}

static void serve(struct proxy *proxy)
{
    long end = 0;

    while (!proxy->is_broken) {
        if (!proxy->has_ended && !proxy->has_left) {
            end = 0;
            wait_and_serve(proxy, -1);
            continue;
        }
        if (end == 0)
            end = now() + PATIENCE;
        if ((proxy->has_ended && !is_waited_for(proxy) &&
             waiting_bytes(proxy) == 0) ||
            now() >= end)
            return;
        wait_and_serve(proxy, (int)(end - now()));
    }
}

int run_proxy(mcp_client *client, const struct options *options)
{
    struct proxy proxy;

    memset(&proxy, 0, sizeof proxy);
    proxy.options = options;
    proxy.client = client;
    proxy.log_level = NOT_CHOSEN;
    if (mcp_client_fd(client) < 0 ||
        mcp_client_set_event_handler(client, take_event, &proxy, NULL) !=
            MCP_OK ||
        /* The host gets what the server sent, and checks it itself. */
        mcp_client_set_allow(client, MCP_ALLOW_MISMATCH, 1) != MCP_OK)
        return fail(options);
    if (!handle_signals()) {
        put_program_name();
        fprintf(stderr, "%s\n", strerror(errno));
        return FAILED;
    }
    open_pipe(&proxy);
    serve(&proxy);
    if (proxy.pipe >= 0)
        close(proxy.pipe);
    mcp_client_close(client);
    while (proxy.calls != NULL)
        free_call(proxy.calls);
    mcp_client_set_event_handler(client, NULL, NULL, NULL);
    empty(&proxy.line);
    empty(&proxy.out);
    if (proxy.write_fault == 0)
        return SUCCESS;
    put_output_fault(proxy.write_fault);
    return FAILED;
}
