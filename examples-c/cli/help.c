/* Prints the help, from the tables of commands and options. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>

#include "cli.h"

enum { WIDTH = 79, OPTION_COLUMN = 23, COMMAND_COLUMN = 31, TEXT_COLUMN = 6 };

/* Writes words up to the width, from `column` on; other lines begin at
 * `indent`.  The ` of a literal word is left out. */
static void put_filled(const char *text, int column, int indent)
{
    int begins = 1;

    while (*text != '\0') {
        const char *at;
        int length = (int)strcspn(text, " \n"), shown = 0;

        for (at = text; at < text + length; at++)
            shown += *at != '`';
        if (!begins && column + 1 + shown > WIDTH) {
            putchar('\n');
            column = 0;
            begins = 1;
        }
        if (column < indent)
            column += printf("%*s", indent - column, "");
        else if (!begins)
            column += printf(" ");
        for (at = text; at < text + length; at++)
            if (*at != '`')
                putchar(*at);
        column += shown;
        begins = 0;
        text += length;
        if (*text == '\n') {
            putchar('\n');
            column = 0;
            begins = 1;
        }
        text += *text != '\0';
    }
    putchar('\n');
}

/* Writes a text beside a label, or below it if the label is too long. */
static void put_row(const char *label, const char *text, int indent)
{
    int column = printf("  %s", label);

    if (column + 2 > indent) {
        putchar('\n');
        column = 0;
    }
    put_filled(text, column, indent);
}

static const char *synopsis(const struct command *command, char *text,
                            size_t size)
{
    static const char *const servers[] = {" URL", " URL", " --config FILE", ""};

    snprintf(text, size, "%s%s%s%s", command->name, servers[command->takes],
             *command->words != '\0' ? " " : "", command->words);
    return text;
}

static const char *label(const struct option_row *option, char *text,
                         size_t size)
{
    char letter[5] = "";

    if (option->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(text, size, "%s--%s%s%s", letter, option->name,
             option->argument != NULL ? " " : "",
             option->argument != NULL ? option->argument : "");
    return text;
}

/* Appends what the value may be to the line of an option. */
static const char *with_choices(const struct option_row *option, char *text,
                                size_t size)
{
    const struct choice *at = option->choices;
    size_t length;

    snprintf(text, size, "%s", option->line);
    for (; at != NULL && at->name != NULL && option->choices[1].name != NULL;
         at++) {
        length = strlen(text);
        snprintf(text + length, size - length, "%s%s",
                 at == option->choices    ? ": "
                 : at[1].name != NULL     ? ", "
                 : option->kind == A_CHOICE ? " or "
                                            : ", ",
                 at->name);
    }
    return text;
}

/* Writes the options of each group that a command has; of all for NULL. */
static void put_options(const struct command *command)
{
    char name[64], line[256];
    int i, group = -1;

    for (i = 0; i < OPTIONS; i++) {
        const struct option_row *one = &option_table[i];

        if (command != NULL &&
            (one->commands != NULL || !applies(i, command)))
            continue;
        if ((int)one->group != group)
            printf("\n%s:\n", group_titles[one->group]);
        group = (int)one->group;
        if (command == NULL && one->commands != NULL) {
            char of[256];

            snprintf(of, sizeof of, "%s%s%s",
                     strchr(one->commands, ' ') == NULL ? one->commands : "",
                     strchr(one->commands, ' ') == NULL ? ": " : "",
                     with_choices(one, line, sizeof line));
            put_row(label(one, name, sizeof name), of, OPTION_COLUMN);
            continue;
        }
        put_row(label(one, name, sizeof name),
                with_choices(one, line, sizeof line), OPTION_COLUMN);
    }
}

void put_usage(void)
{
    char name[80];
    size_t i;

    puts("usage: mcpclient [options] COMMAND [ARGUMENT ...]\n\nCommands:");
    for (i = 0; i < command_count; i++)
        put_row(synopsis(&commands[i], name, sizeof name), commands[i].line,
                COMMAND_COLUMN);
    puts("\nmcpclient COMMAND --help describes a command and its options.  "
         "Options may\nstand anywhere before \"--\".");
    put_options(NULL);
    puts("\nExit status: 0 success; 1 the operation or the tool failed; 2 "
         "wrong\noptions or arguments; 130 interrupted.");
}

void put_usage_of(const struct command *command)
{
    char name[80], line[120];
    int i;

    snprintf(line, sizeof line, "mcpclient [options] %s",
             synopsis(command, name, sizeof name));
    put_filled(line, printf("usage: "), 7);
    putchar('\n');
    put_filled(command->text, 0, 0);
    for (i = 0; i < OPTIONS; i++)
        if (option_table[i].commands != NULL && applies(i, command)) {
            printf("\n  %s\n", label(&option_table[i], name, sizeof name));
            put_filled(option_table[i].text, 0, TEXT_COLUMN);
        }
    put_options(command);
}
