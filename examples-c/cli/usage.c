/* The tables of commands and options, and how entries are found. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>

#include "cli.h"

static const struct choice auth_kinds[] = {{"oauth", 0, NULL},
                                           {NULL, 0, NULL}};
static const struct choice grants[] = {
    {"code", MCP_GRANT_AUTHORIZATION_CODE, NULL},
    {"device", MCP_GRANT_DEVICE, NULL},
    {"client-credentials", MCP_GRANT_CLIENT_CREDENTIALS, NULL},
    {"jwt-bearer", MCP_GRANT_JWT_BEARER, NULL},
    {NULL, 0, NULL}};
static const struct choice client_auths[] = {
    {"post", 0, "client_secret_post"},
    {"basic", 1, "client_secret_basic"},
    {"private-key-jwt", 2, "private_key_jwt"},
    {"none", 3, "none"},
    {NULL, 0, NULL}};
static const struct choice transports[] = {
    {"auto", MCP_TRANSPORT_AUTO, NULL},
    {"http", MCP_TRANSPORT_STREAMABLE_HTTP, NULL},
    {"sse", MCP_TRANSPORT_SSE, NULL},
    {NULL, 0, NULL}};
static const struct choice stderr_choices[] = {
    {"keep", MCP_STDERR_KEEP, NULL},
    {"discard", MCP_STDERR_DISCARD, NULL},
    {"inherit", MCP_STDERR_INHERIT, NULL},
    {NULL, 0, NULL}};
const struct choice log_levels[] = {
    {"debug", MCP_LOG_DEBUG, NULL},
    {"info", MCP_LOG_INFO, NULL},
    {"notice", MCP_LOG_NOTICE, NULL},
    {"warning", MCP_LOG_WARNING, NULL},
    {"error", MCP_LOG_ERROR, NULL},
    {"critical", MCP_LOG_CRITICAL, NULL},
    {"alert", MCP_LOG_ALERT, NULL},
    {"emergency", MCP_LOG_EMERGENCY, NULL},
    {NULL, 0, NULL}};
static const struct choice revisions[] = {
    {"2026-07-28", 0, NULL}, {"2025-11-25", 0, NULL}, {"2025-06-18", 0, NULL},
    {"2025-03-26", 0, NULL}, {"2024-11-05", 0, NULL}, {NULL, 0, NULL}};
static const struct choice reference_kinds[] = {
    {"prompt", 0, NULL}, {"resource", 0, NULL}, {NULL, 0, NULL}};
static const struct choice shells[] = {
    {"bash", 0, NULL}, {"zsh", 0, NULL}, {"fish", 0, NULL}, {NULL, 0, NULL}};

const struct command commands[] = {
#define COMMAND(name, run, takes, words, least, most, choices, line, text)     \
    {name, run, takes, words, least, most, choices, line, text},
#include "commands.def"
#undef COMMAND
};
const size_t command_count = sizeof commands / sizeof *commands;

const struct option_row option_table[OPTIONS] = {
#define OPTION(id, group, commands, letter, name, argument, kind, choices,     \
               line, text)                                                     \
    {group, commands, letter, name, argument, kind, choices, line, text},
#include "options.def"
#undef OPTION
};

const char *const group_titles[GROUPS] = {
    "In place of URL",
    "The token, without \"Bearer\" (default, for a URL: MCPCLIENT_TOKEN)",
    "OAuth, for login, for logout, and for other commands with --auth oauth",
    "OAuth, if a server does not follow the specification (see the manual)",
    "A server at a URL",
    "A program that is a server",
    "All servers",
    "Information",
};

const struct command *find_command(const char *name)
{
    size_t i;

    for (i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Returns the option that a word names, "--name" or "-n"; -1 if none does. */
int find_option(const char *word, size_t length)
{
    int i;

    for (i = 0; i < OPTIONS; i++) {
        const struct option_row *one = &option_table[i];

        if (length == 2 && one->letter != 0 && word[1] == one->letter)
            return i;
        if (length > 2 && strncmp(word, "--", 2) == 0 &&
            strlen(one->name) == length - 2 &&
            strncmp(word + 2, one->name, length - 2) == 0)
            return i;
    }
    return -1;
}

/* Returns an option as messages name it.  The text lives until the next call
 * but one. */
const char *spelling(int option)
{
    static char texts[2][40];
    static int turn;
    const struct option_row *one = &option_table[option];
    char *text = texts[turn ^= 1];

    if (one->letter != 0)
        snprintf(text, sizeof texts[0], "-%c", one->letter);
    else
        snprintf(text, sizeof texts[0], "--%s", one->name);
    return text;
}

const struct choice *find_choice(const struct choice *choices,
                                 const char *name)
{
    for (; choices->name != NULL; choices++)
        if (strcmp(choices->name, name) == 0 ||
            (choices->other != NULL && strcmp(choices->other, name) == 0))
            return choices;
    return NULL;
}

/* Returns the name of a number, or NULL. */
const char *choice_name(const struct choice *choices, int number)
{
    while (choices->name != NULL && choices->number != number)
        choices++;
    return choices->name;
}

/* Whether a name is one of those that blanks separate. */
static int is_among(const char *names, const char *name)
{
    const char *at = strstr(names, name);
    size_t length = strlen(name);

    return at != NULL && (at == names || at[-1] == ' ') &&
           (at[length] == ' ' || at[length] == '\0');
}

/* Whether a command has an option. */
int applies(int option, const struct command *command)
{
    const struct option_row *one = &option_table[option];

    if (one->commands != NULL)
        return is_among(one->commands, command->name);
    if (one->group == INFORMATION)
        return 1;
    /* The host of a proxy chooses the log level, and standard output is for
     * its messages alone. */
    if (command->takes == TAKES_SERVER)
        return (option != OPTION_LOG_LEVEL && option != OPTION_JSON) ||
               strcmp(command->name, "proxy") != 0;
    if (command->takes == TAKES_FILE)
        return option == OPTION_CONFIG || option == OPTION_JSON ||
               option == OPTION_VERBOSE;
    return command->takes == TAKES_URL && one->group != PROGRAM &&
           option != OPTION_STDIO && option != OPTION_LOG_LEVEL;
}

int is_repeatable(int option)
{
    return option_table[option].kind == A_HEADER ||
           option_table[option].kind == AN_ENTRY;
}

enum { MOST_LETTERS = 32 };

/* Returns how many letters differ: replaced, left out, added, or swapped with
 * the next one (the optimal string alignment distance). */
static size_t distance(const char *left, const char *right)
{
    size_t table[MOST_LETTERS + 1][MOST_LETTERS + 1];
    size_t rows = strlen(left), columns = strlen(right), i, k;

    if (rows > MOST_LETTERS || columns > MOST_LETTERS)
        return MOST_LETTERS;
    for (i = 0; i <= rows; i++)
        table[i][0] = i;
    for (k = 0; k <= columns; k++)
        table[0][k] = k;
    for (i = 1; i <= rows; i++)
        for (k = 1; k <= columns; k++) {
            size_t least = table[i - 1][k - 1] + (left[i - 1] != right[k - 1]);

            if (table[i - 1][k] + 1 < least)
                least = table[i - 1][k] + 1;
            if (table[i][k - 1] + 1 < least)
                least = table[i][k - 1] + 1;
            if (i > 1 && k > 1 && left[i - 1] == right[k - 2] &&
                left[i - 2] == right[k - 1] && table[i - 2][k - 2] + 1 < least)
                least = table[i - 2][k - 2] + 1;
            table[i][k] = least;
        }
    return table[rows][columns];
}

/* Keeps `name` in `nearest` if it is near the word, and nearer than before. */
static void compare_to(const char *word, const char *name,
                       const char **nearest, size_t *least)
{
    size_t apart = distance(word, name), length = strlen(word);

    if (length >= 3 && strncmp(word, name, length) == 0)
        apart = 1; /* the beginning of a name */
    if (apart < *least && 2 * apart < length &&
        apart <= 1 + strlen(name) / 4) {
        *least = apart;
        *nearest = name;
    }
}

/* Returns the command whose name is like the word, or NULL. */
const char *nearest_command(const char *word)
{
    const char *nearest = NULL;
    size_t i, least = MOST_LETTERS;

    for (i = 0; i < command_count; i++)
        compare_to(word, commands[i].name, &nearest, &least);
    return nearest;
}

/* Returns the name of the option that is like the word, or NULL. */
const char *nearest_option(const char *word)
{
    const char *nearest = NULL;
    size_t least = MOST_LETTERS;
    int i;

    word += strspn(word, "-");
    for (i = 0; i < OPTIONS; i++)
        compare_to(word, option_table[i].name, &nearest, &least);
    return nearest;
}
