/* The command line: options, the command and its words. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const char usage_text[] =
    "usage: mcpclient [options] ping URL\n"
    "       mcpclient [options] info URL\n"
    "       mcpclient [options] tools URL\n"
    "       mcpclient [options] call URL TOOL [JSON | key=value ...]\n"
    "       mcpclient [options] resources URL\n"
    "       mcpclient [options] templates URL\n"
    "       mcpclient [options] read URL URI [-o FILE]\n"
    "       mcpclient [options] prompts URL\n"
    "       mcpclient [options] prompt URL NAME [JSON | key=value ...]\n"
    "       mcpclient [options] complete URL prompt NAME ARG VALUE\n"
    "                                    [key=value ...]\n"
    "       mcpclient [options] complete URL resource TEMPLATE ARG VALUE\n"
    "                                    [key=value ...]\n"
    "       mcpclient [options] listen URL [URI ...]\n"
    "       mcpclient [options] request URL METHOD [JSON]\n"
    "\n"
    "ping asks a server for a sign of life, info who it is; listen prints what\n"
    "it tells of its own accord; request sends any method. The others list and\n"
    "use its tools, resources and prompts.\n"
    "A value of key=value is JSON if it can be read as such and the tool's\n"
    "schema does not say string, else a string; key:=json is always JSON.\n"
    "\n"
    "The token, without \"Bearer\" (default: MCPCLIENT_TOKEN when set):\n"
    "  --token T            the token; others may see it in the process list\n"
    "  --token-file F       the first line of a file\n"
    "  --token-env VAR      an environment variable\n"
    "Options, anywhere:\n"
    "  -H 'Name: value'     sends a header; repeatable\n"
    "  -c, --count N        pings N times, with a summary\n"
    "  -n, --events N       ends listen after N notifications\n"
    "  -o, --output F       writes what read gives to a file\n"
    "  --timeout SECONDS    how long a call may take (default: 60)\n"
    "  --protocol VERSION   uses this protocol version, tries no other\n"
    "  --json               JSON on standard output, as the server gave it\n"
    "  --insecure-http      lets credentials go over http to other machines\n"
    "  --cacert F           trusts the certificates of a PEM file as well\n"
    "  --cert F --key F     shows a client certificate\n"
    "  --proxy URL          goes through an HTTP proxy; \"\" for none\n"
    "  --unix-socket PATH   connects to a Unix socket\n"
    "  -v, --verbose        shows the traffic, secrets masked\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 success, 1 a failed operation or tool, 2 bad usage,\n"
    "130 interrupted.\n";

/* Says what is wrong with the command line. */
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

static char *copy(const char *text)
{
    char *out = (char *)malloc(strlen(text) + 1);

    if (out == NULL) {
        fprintf(stderr, "mcpclient: no memory\n");
        exit(FAILED);
    }
    return strcpy(out, text);
}

static void wipe(char *text)
{
    volatile char *at = text;

    while (at != NULL && *at != '\0')
        *at++ = '\0';
}

static void set_token(struct options *options, const char *token)
{
    wipe(options->token);
    free(options->token);
    options->token = copy(token);
}

static int read_token(struct options *options, const char *path)
{
    char line[16384];
    FILE *file = fopen(path, "r");
    size_t length;

    if (file == NULL) {
        fprintf(stderr, "mcpclient: --token-file %s: %s\n", path,
                strerror(errno));
        return BAD_USAGE;
    }
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    fclose(file);
    length = strcspn(line, "\r\n");
    if (length == sizeof line - 1)
        return bad_usage("--token-file %s: its first line is too long", path);
    line[length] = '\0';
    if (length == 0)
        return bad_usage("--token-file %s: its first line is empty", path);
    set_token(options, line);
    wipe(line);
    return SUCCESS;
}

static int parse_timeout(struct options *options, const char *text)
{
    char *end;
    double seconds;

    errno = 0;
    seconds = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || errno != 0 || !(seconds >= 0.001) ||
        seconds > 2147483.0)
        return bad_usage("--timeout %s is not a positive number of seconds",
                         text);
    options->timeout = (long)(seconds * 1000.0 + 0.5);
    return SUCCESS;
}

static int parse_count(long *count, const char *name, const char *text)
{
    char *end;

    errno = 0;
    *count = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno != 0 || *count < 1)
        return bad_usage("%s %s is not a positive number", name, text);
    return SUCCESS;
}

/* Obeys one option that has a value; `secret` is where the value stands in
 * the arguments, to be overwritten. */
static int take_option(struct options *options, const char *name,
                       const char *value, char *secret)
{
    if (strcmp(name, "--token") == 0) {
        set_token(options, value);
        wipe(secret);
        return SUCCESS;
    }
    if (strcmp(name, "--token-file") == 0)
        return read_token(options, value);
    if (strcmp(name, "--token-env") == 0) {
        if (getenv(value) == NULL)
            return bad_usage("--token-env %s: there is no such variable",
                             value);
        set_token(options, getenv(value));
        return SUCCESS;
    }
    if (strcmp(name, "-H") == 0 || strcmp(name, "--header") == 0) {
        if (strchr(value, ':') == NULL)
            return bad_usage("-H wants 'Name: value'");
        if (options->header_count == MOST_HEADERS)
            return bad_usage("more than %d headers", (int)MOST_HEADERS);
        options->headers[options->header_count++] = copy(value);
        wipe(strchr(secret, ':') + 1);
        return SUCCESS;
    }
    if (strcmp(name, "-c") == 0 || strcmp(name, "--count") == 0)
        return parse_count(&options->count, "-c", value);
    if (strcmp(name, "-n") == 0 || strcmp(name, "--events") == 0)
        return parse_count(&options->events, "-n", value);
    if (strcmp(name, "--timeout") == 0)
        return parse_timeout(options, value);
    if (strcmp(name, "-o") == 0 || strcmp(name, "--output") == 0)
        options->output = value;
    else if (strcmp(name, "--protocol") == 0)
        options->protocol = value;
    else if (strcmp(name, "--cacert") == 0)
        options->ca_file = value;
    else if (strcmp(name, "--cert") == 0)
        options->certificate = value;
    else if (strcmp(name, "--key") == 0)
        options->key = value;
    else if (strcmp(name, "--proxy") == 0)
        options->proxy = value;
    else if (strcmp(name, "--unix-socket") == 0)
        options->unix_socket = value;
    else
        return bad_usage("unknown option %s", name);
    return SUCCESS;
}

/* Obeys an option without a value; 0 if it is none. */
static int take_flag(struct options *options, const char *name)
{
    if (strcmp(name, "--json") == 0)
        options->json = 1;
    else if (strcmp(name, "--insecure-http") == 0)
        options->insecure_http = 1;
    else if (strcmp(name, "-v") == 0 || strcmp(name, "--verbose") == 0)
        options->verbose = 1;
    else
        return 0;
    return 1;
}

/* Takes the command, then the URL, then the command's own words. */
static int take_word(struct options *options, char *word)
{
    if (options->command == NULL) {
        options->command = find_command(word);
        if (options->command == NULL)
            return bad_usage("unknown command %s", word);
    } else if (options->url == NULL) {
        options->url = word;
    } else if (options->word_count < options->command->most_words) {
        options->words[options->word_count++] = word;
    } else {
        return bad_usage("unexpected argument %s", word);
    }
    return SUCCESS;
}

/* Whether the options and words are those of the command. */
static int check(const struct options *options)
{
    const struct command *command = options->command;

    if (command == NULL)
        return bad_usage("no command");
    if (options->url == NULL)
        return bad_usage("%s needs a URL", command->name);
    if (options->word_count < command->least_words)
        return bad_usage("%s needs more: %s URL %s", command->name,
                         command->name, command->words);
    if (options->count > 0 && strcmp(command->name, "ping") != 0)
        return bad_usage("-c is for ping");
    if (options->events > 0 && strcmp(command->name, "listen") != 0)
        return bad_usage("-n is for listen");
    if (options->output != NULL && strcmp(command->name, "read") != 0)
        return bad_usage("-o is for read");
    if (options->output != NULL && options->json)
        return bad_usage("-o writes the contents, --json goes without it");
    return SUCCESS;
}

int parse(struct options *options, int argc, char **argv)
{
    int i, status = SUCCESS, words_only = 0;

    options->words = (char **)calloc((size_t)argc + 1, sizeof(char *));
    if (options->words == NULL) {
        fprintf(stderr, "mcpclient: no memory\n");
        return FAILED;
    }

    for (i = 1; i < argc && status == SUCCESS; i++) {
        char *word = argv[i];
        char name[32];
        char *value = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;

        if (words_only || word[0] != '-' || word[1] == '\0') {
            status = take_word(options, word);
            continue;
        }
        if (strcmp(word, "--") == 0) {
            words_only = 1;
            continue;
        }
        if (take_flag(options, word))
            continue;
        if (value != NULL) {
            size_t length = (size_t)(value - word);

            if (length >= sizeof name)
                return bad_usage("unknown option %.20s...", word);
            memcpy(name, word, length);
            name[length] = '\0';
            value++;
        } else {
            if (strlen(word) >= sizeof name)
                return bad_usage("unknown option %.20s...", word);
            strcpy(name, word);
            if (i + 1 == argc)
                return bad_usage("%s is unknown or lacks its value", word);
            value = argv[++i];
        }
        status = take_option(options, name, value, value);
    }
    if (status != SUCCESS)
        return status;
    status = check(options);
    if (status != SUCCESS)
        return status;
    if (options->token == NULL && getenv("MCPCLIENT_TOKEN") != NULL)
        set_token(options, getenv("MCPCLIENT_TOKEN"));
    return SUCCESS;
}

void forget(struct options *options)
{
    int i;

    wipe(options->token);
    free(options->token);
    for (i = 0; i < options->header_count; i++)
        free(options->headers[i]);
    free(options->words);
}
