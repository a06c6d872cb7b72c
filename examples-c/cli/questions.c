/* The server's input requests (elicitation).  The person at the terminal
 * answers them.  Without a terminal they are declined. */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "form.h"

static int open_terminal(struct terminal *terminal)
{
    terminal->in = fopen("/dev/tty", "r");
    terminal->out = fopen("/dev/tty", "w");
    terminal->is_own = terminal->in != NULL && terminal->out != NULL;
    if (terminal->is_own)
        return 1;
    if (terminal->in != NULL)
        fclose(terminal->in);
    if (terminal->out != NULL)
        fclose(terminal->out);
    terminal->in = stdin;
    terminal->out = stderr;
    return isatty(0) && isatty(2);
}

static void close_terminal(struct terminal *terminal)
{
    if (terminal->is_own) {
        fclose(terminal->in);
        fclose(terminal->out);
    }
}

/* Removes the spaces around a line. */
char *trim(char *line)
{
    size_t length;

    line += strspn(line, " \t");
    length = strlen(line);
    while (length > 0 && isspace((unsigned char)line[length - 1]))
        length--;
    line[length] = '\0';
    return line;
}

/* Reads a line and trims it; 0 at the end of the input, or after Ctrl-C. */
int read_line(struct terminal *terminal, char *line)
{
    int is_whole = 0;

    while (!is_whole) {
        fflush(terminal->out);
        if (interrupted || fgets(line, MOST_LINE, terminal->in) == NULL) {
            fputc('\n', terminal->out);
            return 0;
        }
        is_whole = strchr(line, '\n') != NULL || feof(terminal->in);
        if (!is_whole) {
            int rest;

            do
                rest = getc(terminal->in);
            while (rest != EOF && rest != '\n');
            fputs("  This line is too long.\n  > ", terminal->out);
        }
    }
    memmove(line, trim(line), strlen(trim(line)) + 1);
    return 1;
}

/* Asks for yes or no; returns 1, 0, or -1 at the end of the input. */
int ask_yes(struct terminal *terminal, const char *question, int otherwise)
{
    char line[MOST_LINE];

    for (;;) {
        fprintf(terminal->out, "%s [%s] ", question, otherwise ? "Y/n" : "y/N");
        if (!read_line(terminal, line))
            return -1;
        if (line[0] == '\0')
            return otherwise;
        if (line[0] == 'y' || line[0] == 'Y')
            return 1;
        if (line[0] == 'n' || line[0] == 'N')
            return 0;
    }
}

/* The person opens the page: mcpclient gives no address of a server to a
 * program. */
static int32_t visit_page(struct terminal *terminal, mcp_input *input)
{
    const char *url = mcp_input_url(input);
    int answer;

    fputs("  ", terminal->out);
    put_word(terminal->out, url != NULL ? url : "(no address)");
    fputc('\n', terminal->out);
    answer = ask_yes(terminal, "Will you open this page? n declines, "
                     "Ctrl-D cancels", 0);
    return answer == 1   ? mcp_input_accept(input, NULL)
           : answer == 0 ? mcp_input_decline(input)
                         : mcp_input_dismiss(input);
}

static void on_input(void *userdata, mcp_client *client, mcp_input *input)
{
    const struct options *options = (const struct options *)userdata;
    struct terminal terminal;
    int32_t status;

    (void)client;
    hide_progress();
    stop_reading();
    if (!open_terminal(&terminal)) {
        fprintf(stderr, "mcpclient: declined, because there is no terminal: ");
        put_word(stderr, mcp_input_message(input));
        fputc('\n', stderr);
        status = mcp_input_decline(input);
    } else {
        put_word(terminal.out, server_name(options));
        fputs(" asks: ", terminal.out);
        put_text(terminal.out, mcp_input_message(input));
        fputc('\n', terminal.out);
        status = mcp_input_kind(input) == MCP_INPUT_URL
                     ? visit_page(&terminal, input)
                     : fill_form(&terminal, input);
        close_terminal(&terminal);
    }
    if (status != MCP_OK) {
        fprintf(stderr, "mcpclient: ");
        put_error(stderr);
    }
    mcp_input_free(input); /* dismisses it if it is not answered */
}

/* Returns 1 if somebody can answer at a terminal.  Elsewhere the client does
 * not declare elicitation, so that the server does not ask. */
static int can_answer(void)
{
    struct terminal terminal;
    int can = open_terminal(&terminal);

    if (can)
        close_terminal(&terminal);
    return can;
}

/* Every command declares the same, so that a server sees the same client. */
int32_t answer_questions(mcp_client *client, const struct options *options)
{
    if (!can_answer())
        return MCP_OK;
    return mcp_client_set_input_handler(client,
                                        MCP_INPUT_FORM + MCP_INPUT_URL,
                                        on_input, (void *)options, NULL);
}
