/* mcpclient, the command-line client of libmcpclient.
 *
 * It uses only the public header.  Exit status: 0 success, 1 the operation or
 * the tool failed, 2 wrong options or arguments, 130 interrupted.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { ANY_NUMBER = 1 << 20 };

static const struct command commands[] = {
    {"servers", "", 0, 0, 1, 0, servers},
    {"ping", "", 0, 0, 0, 0, ping},
    {"info", "", 0, 0, 0, 0, info},
    {"tools", "[NAME]", 0, 1, 0, 0, tools},
    {"call", "TOOL [JSON | key=value ...] [-o DIR]", 1, ANY_NUMBER, 0, 0,
     call},
    {"resources", "", 0, 0, 0, 0, resources},
    {"templates", "", 0, 0, 0, 0, templates},
    {"read", "URI [-o FILE]", 1, 1, 0, 0, read_resource},
    {"prompts", "", 0, 0, 0, 0, prompts},
    {"prompt", "NAME [JSON | key=value ...]", 1, ANY_NUMBER, 0, 0, prompt},
    {"complete", "prompt NAME ARG VALUE | resource TEMPLATE ARG VALUE", 4,
     ANY_NUMBER, 0, 0, complete},
    {"listen", "[URI ...]", 0, ANY_NUMBER, 0, 0, listen_to},
    {"request", "METHOD [JSON]", 1, 2, 0, 0, request},
    {"login", "", 0, 0, 0, 1, login},
    {"logout", "", 0, 0, 0, 1, logout},
};

mcp_cancel *interrupt;
volatile sig_atomic_t interrupted;
volatile sig_atomic_t is_polite;

const struct command *find_command(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* The first Ctrl-C cancels the call, and the library tells the server.  A
 * second one ends the program at once; so does the first outside of a call. */
static void on_interrupt(int number)
{
    (void)number;
    if (!is_polite || interrupted)
        _exit(INTERRUPTED);
    interrupted = 1;
    mcp_cancel_fire(interrupt);
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

    if (options->command->is_of_file)
        return options->command->run(NULL, options);
    interrupt = mcp_cancel_new();
    handle_interrupt();
    client = make_client(options);
    start_waiting(client, options);
    if (client == NULL ||
        (options->command->run != listen_to &&
         ask_for_logs(client, options, 1) != MCP_OK))
        status = fail(options);
    else
        status = options->command->run(client, options);
    stop_waiting();
    end_sign_in();
    mcp_client_free(client);
    mcp_cancel_free(interrupt);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    int i, status, is_told = 0;

    for (i = 1; i < argc && strcmp(argv[i], "--") != 0 && !is_told; i++) {
        is_told = 1;
        if (strcmp(argv[i], "--help") == 0)
            put_usage();
        else if (strcmp(argv[i], "--version") == 0)
            printf("mcpclient %s\n", mcp_version());
        else
            is_told = 0;
    }
    memset(&options, 0, sizeof options);
    status = is_told ? SUCCESS : parse(&options, argc, argv);
    if (status == SUCCESS && !is_told)
        status = run(&options);
    forget(&options);
    if (fflush(stdout) != 0 || ferror(stdout))
        status = FAILED;
    return status;
}
