/* The server's input requests (elicitation).  The person at the terminal
 * answers them.  Without a terminal they are declined. */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { MOST_LINE = 4096, MOST_POINTER = 1024 };

struct terminal {
    FILE *in, *out;
    int is_own; /* opened here, so closed here */
};

/* The values that a field may have, and their titles. */
struct choices {
    const mcp_json *list;  /* strings, or {"const":, "title":} objects */
    const mcp_json *names; /* strings, or NULL */
};

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
static char *trim(char *line)
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
static int read_line(struct terminal *terminal, char *line)
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
static int ask_yes(struct terminal *terminal, const char *question,
                   int otherwise)
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

static struct choices choices_of(const mcp_json *schema)
{
    struct choices choices;

    choices.list = mcp_json_at(schema, "/enum");
    choices.names = mcp_json_at(schema, "/enumNames");
    if (choices.list == NULL)
        choices.list = mcp_json_at(schema, "/oneOf");
    if (choices.list == NULL)
        choices.list = mcp_json_at(schema, "/anyOf");
    return choices;
}

static const char *choice(const struct choices *choices, size_t i)
{
    const mcp_json *one = mcp_json_child(choices->list, i);
    const mcp_json *value = mcp_json_at(one, "/const");

    return mcp_json_string(value != NULL ? value : one, NULL);
}

static void put_choices(FILE *to, const struct choices *choices)
{
    size_t i;

    for (i = 0; i < mcp_json_count(choices->list); i++) {
        const mcp_json *title =
            mcp_json_at(mcp_json_child(choices->list, i), "/title");
        const char *value = choice(choices, i), *name;

        if (title == NULL)
            title = mcp_json_child(choices->names, i);
        name = mcp_json_string(title, NULL);
        fprintf(to, "    %lu) ", (unsigned long)i + 1);
        put_word(to, value != NULL ? value : "?");
        if (name != NULL) {
            fputs(" - ", to);
            put_word(to, name);
        }
        fputc('\n', to);
    }
}

/* Returns the value that the line names, itself or by its number; or NULL. */
static const char *choose(const struct choices *choices, const char *line)
{
    size_t i, count = mcp_json_count(choices->list);
    char *end;
    unsigned long number;

    for (i = 0; i < count; i++) {
        const char *value = choice(choices, i);

        if (value != NULL && strcmp(value, line) == 0)
            return value;
    }
    number = strtoul(line, &end, 10);
    return *end == '\0' && number >= 1 && number <= count
               ? choice(choices, (size_t)number - 1)
               : NULL;
}

/* Stores values that are separated by commas as an array. */
static int put_several(mcp_json *form, const char *pointer,
                       const struct choices *choices, char *line)
{
    char *part, place[MOST_POINTER + 2];

    snprintf(place, sizeof place, "%s/-", pointer);
    if (mcp_json_set_json(form, pointer, "[]") != MCP_OK)
        return 0;
    for (part = strtok(line, ","); part != NULL; part = strtok(NULL, ",")) {
        const char *value = choose(choices, trim(part));

        if (value == NULL || mcp_json_set_string(form, place, value) != MCP_OK)
            return 0;
    }
    return 1;
}

/* Stores a line as the type that the schema wants; 0 if it is not one. */
static int put_value(mcp_json *form, const char *pointer,
                     const mcp_json *schema, char *line)
{
    const char *type = mcp_json_string(mcp_json_at(schema, "/type"), NULL);
    struct choices choices = choices_of(schema);
    int first = tolower((unsigned char)line[0]);

    if (type != NULL && strcmp(type, "array") == 0) {
        choices = choices_of(mcp_json_at(schema, "/items"));
        return put_several(form, pointer, &choices, line);
    }
    if (choices.list != NULL) {
        const char *value = choose(&choices, line);

        return value != NULL &&
               mcp_json_set_string(form, pointer, value) == MCP_OK;
    }
    if (type != NULL && strcmp(type, "boolean") == 0)
        return strchr("ytnf", first) != NULL &&
               mcp_json_set_boolean(form, pointer,
                                    first == 'y' || first == 't') == MCP_OK;
    if (type != NULL &&
        (strcmp(type, "number") == 0 || strcmp(type, "integer") == 0)) {
        mcp_json *number = mcp_json_parse(line, strlen(line));
        int is_number = mcp_json_kind(number) == MCP_JSON_NUMBER;

        mcp_json_free(number);
        return is_number && mcp_json_set_json(form, pointer, line) == MCP_OK;
    }
    return mcp_json_set_string(form, pointer, line) == MCP_OK;
}

static void put_field(FILE *to, const char *name, const mcp_json *field,
                      int must_be)
{
    const char *title = mcp_json_string(mcp_json_at(field, "/title"), NULL);
    const char *about =
        mcp_json_string(mcp_json_at(field, "/description"), NULL);
    const char *type = mcp_json_string(mcp_json_at(field, "/type"), NULL);
    struct choices choices = choices_of(field);

    if (choices.list == NULL)
        choices = choices_of(mcp_json_at(field, "/items"));
    fputs("  ", to);
    put_word(to, title != NULL ? title : name);
    if (about != NULL) {
        fputs(": ", to);
        put_word(to, about);
    }
    fputs(" (", to);
    put_word(to, type != NULL ? type : "string");
    fputs(type != NULL && strcmp(type, "array") == 0
              ? ", several values separated by commas"
              : "",
          to);
    fputs(must_be ? ", required)\n" : ")\n", to);
    put_choices(to, &choices);
}

/* Asks for one field; returns 0 at the end of the input. */
static int ask_field(struct terminal *terminal, mcp_json *form,
                     const struct required *required,
                     const mcp_json *field, const char *name)
{
    char line[MOST_LINE], pointer[MOST_POINTER] = "";
    const mcp_json *usual = mcp_json_at(field, "/default");
    int must_be = is_required(required, name) && usual == NULL;
    const char *type = mcp_json_string(mcp_json_at(field, "/type"), NULL);
    int is_string = type == NULL || strcmp(type, "string") == 0;
    int is_typed = 1, is_good = 0;

    if (!append_pointer(pointer, sizeof pointer, name))
        return 1;
    put_field(terminal->out, name, field, must_be);
    while (is_typed && !is_good) {
        fputs("  > ", terminal->out);
        is_typed = read_line(terminal, line);
        if (!is_typed)
            break;
        if (line[0] == '\0' && !(must_be && is_string))
            is_good = !must_be; /* left out: the default, or nothing */
        else
            is_good = put_value(form, pointer, field, line);
        if (!is_good)
            fputs("  This value does not fit.\n", terminal->out);
    }
    return is_typed;
}

/* Asks for all fields until the library accepts the form. */
static int32_t fill_form(struct terminal *terminal, mcp_input *input)
{
    size_t i, length = 0;
    const char *text = mcp_input_schema_json(input, &length);
    mcp_json *schema = text != NULL ? mcp_json_parse(text, length) : NULL;
    const mcp_json *fields = mcp_json_at(schema, "/properties");
    struct required required;
    int32_t status = MCP_E_INVALID_ARGUMENT;
    int is_typed = 1, answer = ask_yes(terminal, "Answer?", 1);

    if (answer <= 0) {
        mcp_json_free(schema);
        return answer == 0 ? mcp_input_decline(input)
                           : mcp_input_dismiss(input);
    }
    find_required(&required, schema);
    while (is_typed && status == MCP_E_INVALID_ARGUMENT) {
        mcp_json *form = mcp_json_new();

        for (i = 0; is_typed && i < mcp_json_count(fields); i++) {
            const char *name = mcp_json_key(fields, i);

            is_typed = name == NULL ||
                       ask_field(terminal, form, &required,
                                 mcp_json_child(fields, i), name);
        }
        status = is_typed ? mcp_input_accept(input, mcp_json_text(form, NULL))
                          : mcp_input_dismiss(input);
        mcp_json_free(form);
        if (status == MCP_E_INVALID_ARGUMENT) {
            put_error(terminal->out);
            is_typed = mcp_json_count(fields) > 0 &&
                       ask_yes(terminal, "Again?", 1) == 1;
        }
    }
    forget_required(&required);
    mcp_json_free(schema);
    return status;
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
    answer = ask_yes(terminal, "Will you open this page?", 0);
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

int32_t answer_questions(mcp_client *client, const struct options *options)
{
    return mcp_client_set_input_handler(client,
                                        MCP_INPUT_FORM + MCP_INPUT_URL,
                                        on_input, (void *)options, NULL);
}
