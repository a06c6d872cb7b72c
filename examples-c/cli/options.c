/* Parses the command line: the options, the command and its arguments. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

enum { MOST_REPEATED = 64, MOST_KEY = 65536, MOST_TOKEN = 16384 };
enum { MOST_SECONDS = 2147483, MOST_COUNT = 1000000000 };

/* Prints what is wrong with the command line. */
int bad_usage(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "mcpclient: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "; see mcpclient --help\n");
    va_end(arguments);
    return BAD_USAGE;
}

/* Returns what a message shows for a word, which may be empty. */
static const char *shown(const char *word)
{
    return *word != '\0' ? word : "\"\"";
}

static void *allocate(size_t size)
{
    void *out = calloc(1, size);

    if (out == NULL) {
        fprintf(stderr, "mcpclient: out of memory\n");
        exit(FAILED);
    }
    return out;
}

static char *copy(const char *text)
{
    return strcpy((char *)allocate(strlen(text) + 1), text);
}

void wipe(char *text)
{
    volatile char *at = text;

    while (at != NULL && *at != '\0')
        *at++ = '\0';
}

static void forget_text(char *text)
{
    wipe(text);
    free(text);
}

/* Reads the file of an option whole; at most `size` bytes. */
static int read_file(int option, const char *path, char *text, size_t size,
                     size_t *length)
{
    FILE *file = fopen(path, "r");
    int failure = file == NULL ? errno : 0;

    errno = 0;
    *length = file != NULL ? fread(text, 1, size, file) : 0;
    if (file != NULL && ferror(file))
        failure = errno;
    if (file != NULL)
        fclose(file);
    if (failure == 0)
        return SUCCESS;
    fprintf(stderr, "mcpclient: %s %s: %s\n", spelling(option), shown(path),
            strerror(failure));
    return BAD_USAGE;
}

static void set_token(struct options *options, const char *token)
{
    forget_text(options->token);
    options->token = copy(token);
}

static int read_token(struct options *options, const char *path)
{
    char *text = (char *)allocate(MOST_TOKEN);
    size_t length;
    int status = read_file(OPTION_TOKEN_FILE, path, text, MOST_TOKEN - 1,
                           &length);

    length = strcspn(text, "\r\n");
    text[length] = '\0';
    if (status == SUCCESS && length == MOST_TOKEN - 1)
        status = bad_usage("--token-file %s: its first line is too long",
                           path);
    if (status == SUCCESS && length == 0)
        status = bad_usage("--token-file %s: its first line is empty", path);
    if (status == SUCCESS)
        set_token(options, text);
    forget_text(text);
    return status;
}

/* Reads a file with a private key.  The library checks the key. */
static int read_key(struct options *options, const char *path)
{
    size_t length;
    int status;

    forget_text(options->client_key);
    options->client_key = (char *)allocate(MOST_KEY);
    status = read_file(OPTION_CLIENT_KEY, path, options->client_key,
                       MOST_KEY - 1, &length);
    if (status == SUCCESS && length == MOST_KEY - 1)
        status = bad_usage("--client-key %s: the file is too long for a key",
                           path);
    return status;
}

static int read_time(int option, const char *text, long *milliseconds)
{
    char *end;
    double seconds;

    errno = 0;
    seconds = strtod(text, &end);
    if (*text == '\0' || text[strspn(text, "0123456789.eE+-")] != '\0' ||
        *end != '\0' || errno != 0 || !(seconds >= 0.001) ||
        seconds > MOST_SECONDS)
        return bad_usage("%s %s is not a number of seconds from 0.001 to %ld",
                         spelling(option), shown(text), (long)MOST_SECONDS);
    *milliseconds = (long)(seconds * 1000.0 + 0.5);
    return SUCCESS;
}

static int read_count(int option, const char *text, long *count)
{
    char *end;

    errno = 0;
    *count = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno != 0 || *count < 1 ||
        *count > MOST_COUNT)
        return bad_usage("%s %s is not a number from 1 to %ld",
                         spelling(option), shown(text), (long)MOST_COUNT);
    return SUCCESS;
}

static int read_choice(int option, const char *text, long *number)
{
    const struct choice *all = option_table[option].choices, *at;
    const struct choice *found = find_choice(all, text);
    char names[128] = "";

    if (found != NULL) {
        *number = found->number;
        return SUCCESS;
    }
    for (at = all; at->name != NULL; at++) {
        strcat(names, at == all ? "" : at[1].name != NULL ? ", " : " and ");
        strcat(names, at->name);
    }
    return bad_usage("%s %s is not %s%s", spelling(option), shown(text),
                     all[1].name != NULL ? "one of " : "", names);
}

/* Checks NAME=VALUE or NAME.  NAME alone of --env becomes the variable of
 * mcpclient's environment. */
static int read_entry(int option, char **text)
{
    const char *value;
    char *entry;

    if (**text == '\0' || (**text == '=' && option != OPTION_ENV))
        return bad_usage("%s needs NAME=VALUE, or NAME %s", spelling(option),
                         option == OPTION_ENV ? "to pass it on"
                                              : "to leave it out");
    if (option != OPTION_ENV || strchr(*text, '=') != NULL)
        return SUCCESS;
    value = getenv(*text);
    if (value == NULL)
        return bad_usage("--env %s: there is no such environment variable",
                         *text);
    entry = (char *)allocate(strlen(*text) + strlen(value) + 2);
    sprintf(entry, "%s=%s", *text, value);
    free(*text);
    *text = entry;
    return SUCCESS;
}

/* Takes the effect of the options that name a secret. */
static int read_secret(struct options *options, int option, const char *value)
{
    if (option == OPTION_TOKEN_FILE)
        return read_token(options, value);
    if (option == OPTION_CLIENT_KEY)
        return read_key(options, value);
    if ((option == OPTION_TOKEN_ENV || option == OPTION_CLIENT_SECRET_ENV) &&
        getenv(value) == NULL)
        return bad_usage("%s %s: there is no such environment variable",
                         spelling(option), shown(value));
    if (option == OPTION_TOKEN_ENV)
        set_token(options, getenv(value));
    if (option == OPTION_TOKEN)
        set_token(options, value);
    return SUCCESS;
}

/* Takes a value and checks it.  The secrets in `word`, which is in argv, are
 * overwritten: other users may see them there. */
static int take_value(struct options *options, int option, char *word)
{
    struct given *given = &options->given[options->given_count++];
    long *number = &options->number[option];
    int status = SUCCESS;
    char *secret = NULL;

    given->option = option;
    given->value = copy(word);
    switch (option_table[option].kind) {
    case A_SECRET:
        secret = word;
        break;
    case A_COUNT:
        status = read_count(option, word, number);
        break;
    case A_TIME:
        status = read_time(option, word, number);
        break;
    case A_CHOICE:
        status = read_choice(option, word, number);
        break;
    case A_HEADER:
        secret = strchr(word, ':');
        if (secret == NULL)
            status = bad_usage("%s needs %s", spelling(option),
                               option_table[option].argument);
        break;
    case AN_ENTRY:
        status = read_entry(option, &given->value);
        secret = strchr(word, '=');
        break;
    default:
        break;
    }
    options->value[option] = given->value;
    if (is_repeatable(option) && ++*number > MOST_REPEATED)
        status = bad_usage("%s: more than %d of them", spelling(option),
                           (int)MOST_REPEATED);
    if (status == SUCCESS)
        status = read_secret(options, option, given->value);
    if (secret != NULL && secret != word)
        secret++; /* the value after NAME= or NAME: */
    wipe(secret);
    return status;
}

static int unknown_option(const char *word)
{
    int length = (int)strcspn(word, "=: "); /* what follows may be a secret */
    char name[40];
    const char *nearest;

    snprintf(name, sizeof name, "%.*s", length, word);
    nearest = nearest_option(name);
    if (nearest != NULL)
        return bad_usage("unknown option %s, the nearest is --%s", name,
                         nearest);
    return bad_usage("unknown option %s%s", name,
                     length >= (int)sizeof name ? "..." : "");
}

/* Takes an option and its value.  Returns how many words these are in
 * `taken`. */
static int take_option(struct options *options, char **words, int *taken)
{
    char *word = words[0];
    int is_long = strncmp(word, "--", 2) == 0;
    size_t length = is_long ? strcspn(word, "=") : strlen(word);
    int option = find_option(word, length);
    int is_flag;

    if (!is_long && length > 2) { /* -c5 */
        option = find_option(word, 2);
        if (option >= 0 && option_table[option].argument != NULL) {
            *taken = 1;
            return take_value(options, option, word + 2);
        }
        option = -1;
    }

    *taken = 1;
    if (option < 0)
        return unknown_option(word);
    is_flag = option_table[option].argument == NULL;
    if (is_flag && word[length] == '=')
        return bad_usage("%.*s takes no value", (int)length, word);
    if (is_flag) {
        struct given *given = &options->given[options->given_count++];

        given->option = option;
        options->value[option] = "";
        return SUCCESS;
    }
    if (word[length] == '=')
        return take_value(options, option, word + length + 1);
    if (words[1] == NULL)
        return bad_usage("%s lacks a value: %s %s", word, word,
                         option_table[option].argument);
    *taken = 2;
    return take_value(options, option, words[1]);
}

/* Returns what a word in place of a URL lacks if it may be a program; or "". */
static const char *program_hint(const struct options *options)
{
    if (options->is_stdio ? options->program == NULL
                          : options->url != NULL &&
                                strstr(options->url, "://") == NULL)
        return "; a program is written at the end: --stdio -- PROGRAM";
    return "";
}

/* Says how to write a program, if the URL is none. */
void hint_at_program(const struct options *options)
{
    if (options->url == NULL || *options->url == '\0' ||
        *program_hint(options) == '\0')
        return;
    fputs("mcpclient: if ", stderr);
    put_word(stderr, options->url);
    fputs(" is a program, put --stdio before --: ", stderr);
    fprintf(stderr, "mcpclient %s %s--stdio -- ", options->command->name,
            options->word_count > 0 ? "... " : "");
    put_word(stderr, options->url);
    fputc('\n', stderr);
}

static int unknown_command(const char *word)
{
    const char *nearest = nearest_command(word);

    return nearest != NULL ? bad_usage("unknown command %s, the nearest is %s",
                                       word, nearest)
                           : bad_usage("unknown command %s", shown(word));
}

int is_of_sign_in(const struct command *command)
{
    return command->run == login || command->run == logout;
}

/* Separates the words: the command, the URL, the command's arguments. */
/* Whether the proxy may sign in: it does so if the server asks for it, unless
 * it was given another credential. */
static int may_sign_in(const struct options *options)
{
    static const char name[] = "authorization:";
    int i;

    for (i = 0; i < options->given_count; i++)
        if (options->given[i].option == OPTION_HEADER &&
            strncasecmp(options->given[i].value, name, sizeof name - 1) == 0)
            return 0;
    return options->url != NULL && options->token == NULL &&
           getenv("MCPCLIENT_TOKEN") == NULL;
}

static int take_words(struct options *options)
{
    char **word = options->all_words;

    if (*word == NULL)
        return bad_usage("no command was given");
    options->command = find_command(*word);
    if (options->command == NULL)
        return unknown_command(*word);
    options->wants_oauth = options->value[OPTION_AUTH] != NULL ||
                           is_of_sign_in(options->command);
    word++;
    if (options->value[OPTION_CONFIG] == NULL && !options->is_stdio &&
        *word != NULL && options->command->takes <= TAKES_URL)
        options->url = *word++;
    if (options->command->run == run_proxy)
        options->wants_oauth |= may_sign_in(options);
    for (options->words = word; *word != NULL; word++)
        if (options->word_count++ == options->command->most_words)
            return bad_usage("unexpected argument %s%s", *word,
                             program_hint(options));
    return SUCCESS;
}

/* Returns the first given option of the groups from `first` to `last`, as
 * messages name it; or NULL. */
static const char *given_of(const struct options *options, enum group first,
                            enum group last)
{
    int i;

    for (i = 0; i < OPTIONS; i++)
        if (options->value[i] != NULL && option_table[i].group >= first &&
            option_table[i].group <= last)
            return spelling(i);
    return NULL;
}

/* Checks that there is one server, and that the options suit it. */
static int check_server(const struct options *options)
{
    const char *name = options->command->name;
    const char *config = options->value[OPTION_CONFIG];
    const char *given;

    if (options->command->takes == TAKES_NOTHING)
        return SUCCESS;
    if (options->value[OPTION_SERVER] != NULL && config == NULL)
        return bad_usage("--server needs --config FILE");
    if (config != NULL && options->is_stdio)
        return bad_usage("--config and --stdio name two servers");
    if (options->is_stdio && options->program == NULL)
        return bad_usage("--stdio needs -- PROGRAM [ARGUMENT ...] at the end");
    if (options->command->takes == TAKES_FILE && config == NULL)
        return bad_usage("%s needs --config FILE", name);
    if (options->command->takes == TAKES_FILE &&
        options->value[OPTION_SERVER] != NULL)
        return bad_usage("%s lists all servers: use it without --server", name);
    if (config != NULL)
        return SUCCESS; /* the library checks what each server may have */
    if (options->is_stdio && options->command->takes == TAKES_URL)
        return bad_usage("%s is not for a program", name);
    given = given_of(options, TOKEN, HTTP);
    if (options->is_stdio)
        return given != NULL ? bad_usage("%s is not for a program", given)
                             : SUCCESS;
    if (options->url == NULL)
        return bad_usage(options->command->takes == TAKES_URL
                             ? "%s needs a URL or --config"
                             : "%s needs a URL, --config or --stdio",
                         name);
    given = given_of(options, PROGRAM, PROGRAM);
    return given != NULL ? bad_usage("%s is for a program", given) : SUCCESS;
}

/* Writes names that blanks separate as "a and b". */
static const char *with_and(const char *names, char *text, size_t size)
{
    const char *blank = strchr(names, ' ');

    if (blank == NULL)
        return names;
    snprintf(text, size, "%.*s and %s", (int)(blank - names), names,
             blank + 1);
    return text;
}

/* Returns 1 for UTF-8, which is what a server gets. */
static int is_utf8(const char *word)
{
    mcp_json *json = mcp_json_new();
    int32_t status = mcp_json_set_string(json, "", word);

    mcp_json_free(json);
    return status != MCP_E_INVALID_ARGUMENT;
}

/* Checks that the options and arguments suit the command. */
static int check(const struct options *options)
{
    const struct command *command = options->command;
    const char *output = options->value[OPTION_OUTPUT];
    const char *config = options->value[OPTION_CONFIG];
    char text[80];
    int i;

    if (options->word_count < command->least_words)
        return bad_usage("%s lacks arguments: %s %s%s", command->name,
                         command->name,
                         command->takes == TAKES_NOTHING ? "" : "URL ",
                         command->words);
    for (i = 0; i < options->word_count; i++)
        if (!is_utf8(options->words[i]))
            return bad_usage("argument %d of %s is not UTF-8", i + 1,
                             command->name);
    for (i = 0; i < OPTIONS; i++) {
        const char *names = option_table[i].commands;

        if (options->value[i] == NULL || applies(i, command))
            continue;
        if (names != NULL)
            return bad_usage("%s is for %s", spelling(i),
                             with_and(names, text, sizeof text));
        return bad_usage("%s is not for %s", spelling(i), command->name);
    }
    if (output != NULL && output[0] == '\0')
        return bad_usage("-o needs a name");
    if (config != NULL && config[0] == '\0')
        return bad_usage("--config needs a name");
    if (output != NULL && options->json)
        return bad_usage("-o writes the contents: use it without --json");
    return SUCCESS;
}

/* Returns the grant of the options, or NOT_CHOSEN. */
int grant_of(const struct options *of)
{
    if (of->value[OPTION_DEVICE] != NULL)
        return MCP_GRANT_DEVICE;
    return of->value[OPTION_GRANT] != NULL ? (int)of->number[OPTION_GRANT]
                                           : NOT_CHOSEN;
}

/* Checks that the options of OAuth go together. */
static int check_sign_in(const struct options *of)
{
    const char *const *value = of->value;
    const char *given = given_of(of, OAUTH, WAYS_OUT);
    int grant = value[OPTION_GRANT] != NULL ? (int)of->number[OPTION_GRANT]
                                            : NOT_CHOSEN;
    int assertions = (value[OPTION_ASSERTION_FILE] != NULL) +
                     (value[OPTION_ASSERTION_ENV] != NULL);
    const char *token = value[OPTION_AUTHORIZATION_ENDPOINT];

    if (!of->wants_oauth && given != NULL)
        return bad_usage("%s goes with --auth oauth, login or logout", given);
    if (of->wants_oauth && of->token != NULL)
        return bad_usage("--token and --auth oauth are two ways to a token");
    if (value[OPTION_DEVICE] != NULL && grant != NOT_CHOSEN &&
        grant != MCP_GRANT_DEVICE)
        return bad_usage("--device is --grant device, and another --grant is "
                         "given");
    if (value[OPTION_CLIENT_SECRET_ENV] != NULL &&
        value[OPTION_CLIENT_ID] == NULL)
        return bad_usage("--client-secret-env goes with --client-id");
    if (token != NULL && value[OPTION_TOKEN_ENDPOINT] == NULL)
        return bad_usage("--authorization-endpoint goes with "
                         "--token-endpoint");
    if (value[OPTION_TOKEN_ENDPOINT] != NULL && token == NULL &&
        (grant_of(of) == NOT_CHOSEN ||
         grant_of(of) == MCP_GRANT_AUTHORIZATION_CODE))
        return bad_usage("--token-endpoint goes with "
                         "--authorization-endpoint");
    if (assertions > 0 && grant != MCP_GRANT_JWT_BEARER)
        return bad_usage("%s goes with --grant jwt-bearer",
                         spelling(value[OPTION_ASSERTION_FILE] != NULL
                                      ? OPTION_ASSERTION_FILE
                                      : OPTION_ASSERTION_ENV));
    if (grant == MCP_GRANT_JWT_BEARER && assertions != 1)
        return bad_usage("--grant jwt-bearer needs either --assertion-file or "
                         "--assertion-env");
    return SUCCESS;
}

int parse(struct options *options, int argc, char **argv)
{
    int i, taken, status = SUCCESS, words_only = 0, count = 0;
    size_t most = (size_t)argc + 1;

    options->all_words = (char **)allocate(most * sizeof(char *));
    options->given = (struct given *)allocate(most * sizeof(struct given));
    for (i = 1; i < argc && status == SUCCESS; i += taken) {
        char *word = argv[i];

        taken = 1;
        options->is_stdio = options->value[OPTION_STDIO] != NULL;
        if (words_only || word[0] != '-' || word[1] == '\0') {
            options->all_words[count++] = word;
        } else if (strcmp(word, "--") != 0) {
            status = take_option(options, argv + i, &taken);
        } else if (options->is_stdio) {
            options->program = i + 1 < argc ? argv + i + 1 : NULL;
            break;
        } else {
            words_only = 1;
        }
    }
    options->is_stdio = options->value[OPTION_STDIO] != NULL;
    options->json = options->value[OPTION_JSON] != NULL;
    options->verbose = options->value[OPTION_VERBOSE] != NULL;
    if (status == SUCCESS)
        status = take_words(options);
    if (status == SUCCESS)
        status = check_server(options);
    if (status == SUCCESS)
        status = check(options);
    if (status == SUCCESS)
        status = check_sign_in(options);
    /* MCPCLIENT_TOKEN is for a URL; configuration files have their own. */
    if (status == SUCCESS && options->url != NULL && options->token == NULL &&
        !options->wants_oauth && getenv("MCPCLIENT_TOKEN") != NULL)
        set_token(options, getenv("MCPCLIENT_TOKEN"));
    return status;
}

/* Does what --help and --version ask for, wherever they are before "--".
 * Returns 0 if there are none.  Other mistakes in the line do not matter. */
int inform(int argc, char **argv, int *status)
{
    const char *word = NULL;
    int i, is_help = 0, is_version = 0;

    for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        int option = find_option(argv[i], strlen(argv[i]));

        is_help |= option == OPTION_HELP;
        is_version |= option == OPTION_VERSION;
        if (argv[i][0] != '-' && word == NULL)
            word = argv[i];
        i += option >= 0 && option_table[option].argument != NULL;
    }
    *status = SUCCESS;
    if (is_help && word == NULL)
        put_usage();
    else if (is_help && find_command(word) != NULL)
        put_usage_of(find_command(word));
    else if (is_help)
        *status = unknown_command(word);
    else if (is_version)
        printf("mcpclient %s\n", mcp_version());
    return is_help || is_version;
}

void forget(struct options *options)
{
    int i;

    forget_text(options->token);
    forget_text(options->client_key);
    for (i = 0; i < options->given_count; i++)
        forget_text(options->given[i].value);
    free(options->given);
    free(options->all_words);
}
