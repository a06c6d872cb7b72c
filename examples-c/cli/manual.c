/* Writes the manual: mcpclient.1.in with the commands and the options in the
 * place of the lines @COMMANDS@ and @OPTIONS@.  Internal: make manual. */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <string.h>

#include "cli.h"

enum { WIDTH = 78 };

/* Writes letters for roff. */
static void put_letters(const char *text, size_t length)
{
    for (; length > 0; text++, length--) {
        if (*text == '-' || *text == '\\')
            putchar('\\');
        putchar(*text == '\\' ? 'e' : *text);
    }
}

/* Writes a text: a line for each sentence, at most as wide as WIDTH, and `word`
 * in bold. */
static void put_roff(const char *text)
{
    int column = 0, is_bold = 0, ends = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, " \n"), left = length;

        if (column > 0 && (ends || column + 1 + (int)length > WIDTH)) {
            putchar('\n');
            column = 0;
        } else if (column > 0) {
            column += printf(" ");
        }
        if (column == 0 && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        ends = length > 0 && (text[length - 1] == '.' ||
                              (length > 1 && text[length - 1] == '`' &&
                               text[length - 2] == '.'));
        column += (int)length;
        while (left > 0) {
            size_t part = strcspn(text, "`");

            part = part < left ? part : left;
            put_letters(text, part);
            text += part;
            left -= part;
            if (left > 0) { /* a ` */
                fputs(is_bold ? "\\fR" : "\\fB", stdout);
                is_bold = !is_bold;
                text++;
                left--;
            }
        }
        if (*text == '\n') {
            puts("\n.IP");
            column = 0;
        }
        text += *text != '\0';
    }
    putchar('\n');
}

/* Writes the arguments of a command: placeholders in italics, other words in
 * bold. */
static void put_synopsis(const char *text)
{
    while (*text != '\0') {
        size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        int is_name = length > 0 || strncmp(text, "key", 3) == 0 ||
                      strncmp(text, "value", 5) == 0;

        if (length == 0)
            length = strspn(text, "abcdefghijklmnopqrstuvwxyz-");
        if (length > 0) {
            fputs(is_name ? "\\fI" : "\\fB", stdout);
            put_letters(text, length);
            fputs("\\fR", stdout);
        } else {
            putchar(*text);
            length = 1;
        }
        text += length;
    }
}

static void put_commands(void)
{
    static const char *const servers[] = {" URL", " URL", " --config FILE", ""};
    size_t i;

    for (i = 0; i < command_count; i++) {
        const struct command *one = &commands[i];

        printf(".TP\n\\fB%s\\fR", one->name);
        put_synopsis(servers[one->takes]);
        fputs(*one->words != '\0' ? " " : "", stdout);
        put_synopsis(one->words);
        putchar('\n');
        put_roff(one->text);
    }
}

static void put_value(const struct option_row *one)
{
    const struct choice *at;

    if (one->argument != NULL)
        putchar(' ');
    if (one->kind != A_CHOICE) {
        fputs(one->argument != NULL ? "\\fI" : "", stdout);
        if (one->argument != NULL)
            put_letters(one->argument, strlen(one->argument));
        fputs(one->argument != NULL ? "\\fR" : "", stdout);
        return;
    }
    for (at = one->choices; at->name != NULL; at++) {
        fputs(at == one->choices ? "\\fB" : "|\\fB", stdout);
        put_letters(at->name, strlen(at->name));
        fputs("\\fR", stdout);
    }
}

static void put_all_options(void)
{
    int i, group = -1;

    for (i = 0; i < OPTIONS; i++) {
        const struct option_row *one = &option_table[i];

        if ((int)one->group != group)
            printf(".SS %s\n", group_titles[one->group]);
        group = (int)one->group;
        puts(".TP");
        if (one->letter != 0)
            printf("\\fB\\-%c\\fR, ", one->letter);
        fputs("\\fB\\-\\-", stdout);
        put_letters(one->name, strlen(one->name));
        fputs("\\fR", stdout);
        put_value(one);
        putchar('\n');
        put_roff(one->text);
    }
}

int put_manual(void)
{
    char line[1024];

    while (fgets(line, sizeof line, stdin) != NULL)
        if (strcmp(line, "@COMMANDS@\n") == 0)
            put_commands();
        else if (strcmp(line, "@OPTIONS@\n") == 0)
            put_all_options();
        else
            fputs(line, stdout);
    return SUCCESS;
}
