/* mcpclient, the command-line client of libmcpclient.
 *
 * It uses only the public header.  Exit status: 0 success, 1 the operation or
 * the tool failed, 2 wrong options or arguments, 130 interrupted.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { PATIENCE = 2 }; /* seconds */

mcp_cancel *interrupt;
volatile sig_atomic_t interrupted;
static volatile sig_atomic_t presses; /* of Ctrl-C */
static volatile sig_atomic_t end_signal; /* another one than Ctrl-C; or 0 */

/* The first Ctrl-C, and a signal that ends mcpclient, cancel what goes on, and
 * the library tells the server.  Then the server's program is ended.  A second
 * Ctrl-C ends mcpclient at once. */
static void on_signal(int number)
{
    int before = errno;

    if (number != SIGINT)
        end_signal = number;
    else if (presses++ > 0)
        _exit(INTERRUPTED);
    interrupted = 1;
    mcp_cancel_fire(interrupt);
    alarm(PATIENCE);
    errno = before;
}

/* Ends mcpclient where it does not look at `interrupted`, for example where
 * nobody reads its output. */
static void on_alarm(int number)
{
    (void)number;
    _exit(end_signal != 0 ? 128 + end_signal : INTERRUPTED);
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action, before;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    /* nohup lets a signal be ignored */
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

static void handle_signals(const struct options *options)
{
    handle(SIGALRM, on_alarm);
    handle(SIGINT, on_signal);
    if (!options->is_stdio && server_command() == NULL)
        return; /* there is no program to end first */
    handle(SIGHUP, on_signal);
    handle(SIGTERM, on_signal);
    handle(SIGPIPE, on_signal);
}

static int run(const struct options *options)
{
    mcp_client *client;
    mcp_cancel *cancel;
    int status;

    if (options->command->takes >= TAKES_FILE)
        return options->command->run(NULL, options);
    interrupt = mcp_cancel_new();
    client = make_client(options);
    handle_signals(options);
    if (client == NULL) {
        int32_t why = mcp_error_status(NULL);
        int is_usage = options->value[OPTION_CONFIG] == NULL &&
                       (why == MCP_E_INVALID_ARGUMENT || why == MCP_E_VERSION);

        status = fail(options);
        if (is_usage && status == FAILED)
            status = BAD_USAGE;
    } else if (options->command->run != listen_to &&
               options->command->run != run_proxy &&
               ask_for_logs(client, options, 1) != MCP_OK)
        status = fail(options);
    else
        status = options->command->run(client, options);
    alarm(0); /* the library ends the program in its time */
    if (client == NULL)
        hint_at_program(options);
    end_sign_in();
    mcp_client_free(client);
    if (end_signal != 0) {
        handle(end_signal, SIG_DFL);
        raise(end_signal);
    }
    cancel = interrupt;
    interrupt = NULL;
    mcp_cancel_free(cancel);
    return interrupted ? INTERRUPTED : status;
}

/* Fills standard descriptors that are closed, so that no connection takes
 * their numbers and gets what is printed.  They are opened the wrong way
 * round: as before, nothing can be read from them or written to them. */
static void fill_descriptors(void)
{
    int number;

    for (number = 0; number <= 2; number++)
        if (fcntl(number, F_GETFD) == -1 && errno == EBADF)
            (void)open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY);
}

/* Writes what is left of the output.  A full disk has a message; a reader that
 * has ended, such as head, needs none. */
static int end_output(int status)
{
    int why = flush_output();

    if (why == 0 || status == INTERRUPTED)
        return status;
    if (why != EPIPE)
        put_output_fault(why);
    return FAILED;
}

int main(int argc, char **argv)
{
    struct options options;
    int status;

    fill_descriptors();
    memset(&options, 0, sizeof options);
    if (!inform(argc, argv, &status)) {
        status = parse(&options, argc, argv);
        if (status == SUCCESS)
            status = run(&options);
        forget(&options);
    }
    return end_output(status);
}
