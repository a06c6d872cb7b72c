/* mcpclient, the command-line client of libmcpclient.
 *
 * It uses only the public header.  Exit status: 0 success, 1 the operation or
 * the tool failed, 2 wrong options or arguments, 130 interrupted.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { PATIENCE = 2000 };

mcp_cancel *interrupt;
volatile sig_atomic_t interrupted;
volatile sig_atomic_t is_polite;

/* Ends the server's program after Ctrl-C outside of a call, where nothing can
 * be cancelled: a program that ignores the end of its input would go on. */
static struct {
    mcp_client *client;
    pthread_t thread;
    volatile sig_atomic_t is_running;
    volatile sig_atomic_t is_leaving; /* the program is being ended */
    int has_ended; /* after a signal */
    volatile sig_atomic_t signal; /* another one than Ctrl-C; or 0 */
    int wake[2];
} ending;

/* The first Ctrl-C cancels the call, and the library tells the server.  A
 * second one ends mcpclient at once; so does the first outside of a call, once
 * the server's program has ended. */
static void on_interrupt(int number)
{
    int before = errno, is_told = 0;

    (void)number;
    if (interrupted)
        _exit(INTERRUPTED);
    interrupted = 1;
    if (is_polite)
        mcp_cancel_fire(interrupt);
    else if (ending.is_running)
        is_told = write(ending.wake[1], "", 1) == 1;
    if (!is_polite && !is_told && !ending.is_leaving)
        _exit(INTERRUPTED);
    errno = before;
}

static void *wait_and_end(void *unused)
{
    struct pollfd main_thread;
    char byte;
    ssize_t count;

    do
        count = read(ending.wake[0], &byte, 1);
    while (count < 0 && errno == EINTR);
    if (count != 1)
        return unused;
    ending.has_ended = 1;
    mcp_client_close(ending.client);
    /* The main thread ends a program that it was connecting to, unless it
     * waits until its output is read. */
    main_thread.fd = ending.wake[0];
    main_thread.events = POLLIN;
    if (poll(&main_thread, 1, PATIENCE) == 0)
        _exit(ending.signal != 0 ? 128 + ending.signal : INTERRUPTED);
    return unused;
}

static const int end_signals[] = {SIGHUP, SIGTERM, SIGPIPE};
enum { END_SIGNALS = sizeof end_signals / sizeof *end_signals };

/* A signal that ends mcpclient ends the server's program first. */
static void on_end(int number)
{
    int before = errno;

    if (ending.is_running && ending.signal == 0) {
        ending.signal = number;
        interrupted = 1; /* ends the loops of ping and listen */
        if (write(ending.wake[1], "", 1) != 1)
            _exit(128 + number);
    }
    errno = before;
}

static void set_end_signals(void (*from)(int), void (*to)(int))
{
    struct sigaction action, before;
    size_t i;

    memset(&action, 0, sizeof action);
    action.sa_handler = to;
    for (i = 0; i < END_SIGNALS; i++) /* nohup lets a signal be ignored */
        if (sigaction(end_signals[i], NULL, &before) == 0 &&
            before.sa_handler == from)
            sigaction(end_signals[i], &action, NULL);
}

static void start_ending(mcp_client *client, const struct options *options)
{
    sigset_t all, before;

    if (client == NULL ||
        (!options->is_stdio && server_command() == NULL) ||
        pipe(ending.wake) != 0)
        return;
    fcntl(ending.wake[0], F_SETFD, FD_CLOEXEC);
    fcntl(ending.wake[1], F_SETFD, FD_CLOEXEC);
    ending.client = client;
    sigfillset(&all); /* signals are for the main thread */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    ending.is_running =
        pthread_create(&ending.thread, NULL, wait_and_end, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ending.is_running)
        set_end_signals(SIG_DFL, on_end);
}

/* Call it before the client is freed, which the thread may use. */
static void stop_ending(void)
{
    if (!ending.is_running)
        return;
    ending.is_leaving = 1;
    ending.is_running = 0;
    close(ending.wake[1]);
    pthread_join(ending.thread, NULL);
    close(ending.wake[0]);
}

static void handle_interrupt(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, NULL);
}

static int run(const struct options *options)
{
    mcp_client *client;
    int status;

    if (options->command->takes >= TAKES_FILE)
        return options->command->run(NULL, options);
    interrupt = mcp_cancel_new();
    handle_interrupt();
    client = make_client(options);
    start_ending(client, options);
    start_waiting(client, options);
    if (client == NULL ||
        (options->command->run != listen_to &&
         options->command->run != run_proxy &&
         ask_for_logs(client, options, 1) != MCP_OK))
        status = fail(options);
    else
        status = options->command->run(client, options);
    if (client == NULL)
        hint_at_program(options);
    stop_waiting();
    end_sign_in();
    stop_ending();
    if (ending.has_ended)
        status = INTERRUPTED;
    mcp_client_free(client);
    set_end_signals(on_end, SIG_DFL);
    if (ending.signal != 0)
        raise(ending.signal);
    mcp_cancel_free(interrupt);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    int status;

    memset(&options, 0, sizeof options);
    if (!inform(argc, argv, &status)) {
        status = parse(&options, argc, argv);
        if (status == SUCCESS)
            status = run(&options);
        forget(&options);
    }
    if (fflush(stdout) != 0 || ferror(stdout))
        status = FAILED;
    return status;
}
