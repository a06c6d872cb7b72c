/* Parses the command line: the options, the command and its arguments. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

/* Three texts, because C99 promises 4095 bytes for one. */
static const char usage_of_commands[] =
    "usage: mcpclient [options] COMMAND [ARGUMENT ...]\n"
    "\n"
    "Commands:\n"
    "  ping URL                     checks that the server responds\n"
    "  info URL                     prints who the server is\n"
    "  tools URL [NAME]             lists the tools, or shows one in full\n"
    "  call URL TOOL [ARGUMENTS] [-o DIR]\n"
    "                               calls a tool\n"
    "  resources URL                lists the resources\n"
    "  templates URL                lists the resource templates\n"
    "  read URL URI [-o FILE]       reads a resource\n"
    "  prompts URL                  lists the prompts\n"
    "  prompt URL NAME [ARGUMENTS]  prints the messages of a prompt\n"
    "  complete URL prompt NAME ARG VALUE [key=value ...]\n"
    "  complete URL resource TEMPLATE ARG VALUE [key=value ...]\n"
    "                               prints completions of an argument's value\n"
    "  listen URL [URI ...]         prints notifications of the server\n"
    "  request URL METHOD [JSON]    sends a request of any method\n"
    "  proxy URL                    is a server over stdio, for an MCP host, and\n"
    "                               passes everything on; signs in if needed\n"
    "  servers --config FILE        lists the servers of a configuration file\n"
    "  login URL                    gets a token by OAuth\n"
    "  logout URL                   revokes and deletes the token\n"
    "\n"
    "In place of URL, anywhere:\n"
    "  --config FILE [--server NAME]      a server of a configuration file\n"
    "In place of URL, at the end of the line:\n"
    "  --stdio -- PROGRAM [ARGUMENT ...]  a program that is a server\n"
    "\n"
    "ARGUMENTS is one JSON object, or words: key:=json is JSON; key=value is\n"
    "JSON if it is valid JSON and the tool's schema wants no string, else\n"
    "a string.\n"
    "\n";
static const char usage_of_options[] =
    "The token, without \"Bearer\" (default, for a URL: MCPCLIENT_TOKEN):\n"
    "  --token T            the token; others may see it in the process list\n"
    "  --token-file F       the first line of a file\n"
    "  --token-env VAR      an environment variable\n"
    "OAuth, for login, for logout, and for other commands with --auth oauth:\n"
    "  --auth oauth         uses the token of login, or signs in if needed\n"
    "  --token-store F      the file for tokens (default: see the manual);\n"
    "                       \"\" for none\n"
    "  --client-id ID       the client id at the authorization server\n"
    "  --client-secret-env VAR  the secret, from an environment variable\n"
    "  --client-key F       the private key, a PEM file\n"
    "  --client-metadata-url URL  the client's metadata document\n"
    "  --scope 'A B'        the scopes to ask for; '': none\n"
    "  --issuer URL         the only authorization server to use and to trust\n"
    "  --dpop               requires a token that is bound to a key\n"
    "  --redirect-url URL   the address to which the browser is sent back\n"
    "  --no-browser         opens no browser; the answer may be pasted\n"
    "  --grant G            code (default), device, client-credentials or\n"
    "                       jwt-bearer\n"
    "  --device             signs in with a browser elsewhere: --grant device\n"
    "  --assertion-file F, --assertion-env VAR  the token for jwt-bearer\n"
    "OAuth, if a server does not follow the specification (see the manual):\n"
    "  --provider NAME      the options that a known provider needs\n"
    "  --no-resource        does not say for which server the token is\n"
    "  --auth-param NAME[=VALUE], --token-param NAME[=VALUE]\n"
    "                       sets a parameter of the authorization request or of\n"
    "                       the token requests; NAME alone leaves it out;\n"
    "                       repeatable\n"
    "  --client-auth M      post, basic, private-key-jwt or none\n"
    "  --assume-pkce        takes PKCE for supported, also if it is not declared\n"
    "  --authorization-endpoint URL, --token-endpoint URL\n"
    "                       the endpoints, where no metadata is published\n"
    "  --allow-private      allows an authorization server on a private network\n";
static const char usage_of_others[] =
    "Options, anywhere:\n"
    "  -H 'Name: value'     sends a header; repeatable\n"
    "  -c, --count N        ping: sends N pings and prints a summary\n"
    "  -n, --events N       listen: ends after N notifications\n"
    "  -o, --output F       read: writes to a file; \"-\": standard output\n"
    "  -o, --output DIR     call: saves images, audio and resources\n"
    "  --transport T        auto (default), http (Streamable HTTP) or sse\n"
    "  --timeout SECONDS    time without a response or progress (default: 60)\n"
    "  --log-level LEVEL    shows the server's log messages from debug, info,\n"
    "                       notice, warning, error, critical, alert or\n"
    "                       emergency on\n"
    "  --protocol VERSION   uses this protocol revision only\n"
    "  --json               prints the server's JSON\n"
    "  --insecure-http      allows credentials over http to other machines\n"
    "  --cacert F           trusts the certificates of a PEM file as well\n"
    "  --cert F --key F     sends a client certificate\n"
    "  --proxy URL          uses an HTTP proxy; \"\": none\n"
    "  --unix-socket PATH   connects to a Unix socket\n"
    "  --env NAME[=VALUE]   sets a variable for a program, or passes it on;\n"
    "                       repeatable\n"
    "  --directory DIR      the directory in which a program starts\n"
    "  --stderr WHERE       a program's standard error: inherit (default on a\n"
    "                       terminal, and with -v), keep (default elsewhere:\n"
    "                       errors show its first and last lines) or\n"
    "                       discard\n"
    "  -v, --verbose        prints the messages, with secrets masked, and what\n"
    "                       mcpclient waits for\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 success; 1 the operation or the tool failed; 2 wrong\n"
    "options or arguments; 130 interrupted.\n";

void put_usage(void)
{
    fputs(usage_of_commands, stdout);
    fputs(usage_of_options, stdout);
    fputs(usage_of_others, stdout);
}

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

static char *allocate(size_t size)
{
    char *out = (char *)malloc(size);

    if (out == NULL) {
        fprintf(stderr, "mcpclient: out of memory\n");
        exit(FAILED);
    }
    return out;
}

static char *copy(const char *text)
{
    return strcpy(allocate(strlen(text) + 1), text);
}

void wipe(char *text)
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
        return bad_usage("--timeout %s is not a number of seconds above 0",
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
        return bad_usage("%s %s is not a number above 0", name, text);
    return SUCCESS;
}

/* Adds NAME=VALUE, or the variable NAME of mcpclient's environment. */
static int add_variable(struct options *options, const char *text,
                        char *secret)
{
    const char *value = strchr(text, '=');
    char *entry;

    if (value == NULL && getenv(text) == NULL)
        return bad_usage("--env %s: there is no such environment variable",
                         text);
    if (options->variable_count == MOST_VARIABLES)
        return bad_usage("--env: more than %d variables", (int)MOST_VARIABLES);
    if (value != NULL) {
        entry = copy(text);
        wipe(strchr(secret, '=') + 1);
    } else {
        value = getenv(text);
        entry = allocate(strlen(text) + strlen(value) + 2);
        sprintf(entry, "%s=%s", text, value);
    }
    options->variables[options->variable_count++] = entry;
    return SUCCESS;
}

static int parse_transport(struct options *options, const char *text)
{
    if (strcmp(text, "auto") == 0)
        options->transport = MCP_TRANSPORT_AUTO;
    else if (strcmp(text, "http") == 0)
        options->transport = MCP_TRANSPORT_STREAMABLE_HTTP;
    else if (strcmp(text, "sse") == 0)
        options->transport = MCP_TRANSPORT_SSE;
    else
        return bad_usage("--transport %s is not one of auto, http and sse",
                         text);
    return SUCCESS;
}

static int parse_errors(struct options *options, const char *text)
{
    if (strcmp(text, "keep") == 0)
        options->errors = MCP_STDERR_KEEP;
    else if (strcmp(text, "discard") == 0)
        options->errors = MCP_STDERR_DISCARD;
    else if (strcmp(text, "inherit") == 0)
        options->errors = MCP_STDERR_INHERIT;
    else
        return bad_usage("--stderr %s is not one of keep, discard and inherit",
                         text);
    return SUCCESS;
}

static int parse_log_level(struct options *options, const char *text)
{
    options->log_level = log_level_of(text);
    if (options->log_level == NOT_CHOSEN)
        return bad_usage("--log-level %s is not one of debug, info, notice, "
                         "warning, error, critical, alert and emergency",
                         text);
    return SUCCESS;
}

/* Applies an option that has a value.  `secret` is the value in argv: it is
 * overwritten if it is secret. */
static int take_option(struct options *options, const char *name,
                       const char *value, char *secret)
{
    int status;

    if (take_sign_in_option(&options->sign_in, name, value, &status))
        return status;
    if (strcmp(name, "--token") == 0) {
        set_token(options, value);
        wipe(secret);
        return SUCCESS;
    }
    if (strcmp(name, "--token-file") == 0)
        return read_token(options, value);
    if (strcmp(name, "--token-env") == 0) {
        if (getenv(value) == NULL)
            return bad_usage("--token-env %s: there is no such environment "
                             "variable",
                             value);
        set_token(options, getenv(value));
        return SUCCESS;
    }
    if (strcmp(name, "-H") == 0 || strcmp(name, "--header") == 0) {
        if (strchr(value, ':') == NULL)
            return bad_usage("-H needs 'Name: value'");
        if (options->header_count == MOST_HEADERS)
            return bad_usage("-H: more than %d headers", (int)MOST_HEADERS);
        options->headers[options->header_count++] = copy(value);
        wipe(strchr(secret, ':') + 1);
        return SUCCESS;
    }
    if (strcmp(name, "--env") == 0)
        return add_variable(options, value, secret);
    if (strcmp(name, "--transport") == 0)
        return parse_transport(options, value);
    if (strcmp(name, "--stderr") == 0)
        return parse_errors(options, value);
    if (strcmp(name, "-c") == 0 || strcmp(name, "--count") == 0)
        return parse_count(&options->count, "-c", value);
    if (strcmp(name, "-n") == 0 || strcmp(name, "--events") == 0)
        return parse_count(&options->events, "-n", value);
    if (strcmp(name, "--timeout") == 0)
        return parse_timeout(options, value);
    if (strcmp(name, "--log-level") == 0)
        return parse_log_level(options, value);
    if (strcmp(name, "-o") == 0 || strcmp(name, "--output") == 0)
        options->output = value;
    else if (strcmp(name, "--config") == 0)
        options->config = value;
    else if (strcmp(name, "--server") == 0)
        options->server = value;
    else if (strcmp(name, "--directory") == 0)
        options->directory = value;
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

/* Applies an option without a value.  Returns 0 if `name` is not one. */
static int take_flag(struct options *options, const char *name)
{
    if (strcmp(name, "--json") == 0)
        options->json = 1;
    else if (strcmp(name, "--insecure-http") == 0)
        options->insecure_http = 1;
    else if (strcmp(name, "-v") == 0 || strcmp(name, "--verbose") == 0)
        options->verbose = 1;
    else if (strcmp(name, "--stdio") == 0)
        options->is_stdio = 1;
    else
        return take_sign_in_flag(&options->sign_in, name);
    return 1;
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
    if (options->url == NULL || *program_hint(options) == '\0')
        return;
    fputs("mcpclient: if ", stderr);
    put_word(stderr, options->url);
    fputs(" is a program, put --stdio before --: ", stderr);
    fprintf(stderr, "mcpclient %s %s--stdio -- ", options->command->name,
            options->word_count > 0 ? "... " : "");
    put_word(stderr, options->url);
    fputc('\n', stderr);
}

/* The proxy signs in if the server asks for it, unless it was given another
 * credential. */
static int has_credential(const struct options *options)
{
    static const char name[] = "authorization:";
    int i;

    for (i = 0; i < options->header_count; i++)
        if (strncasecmp(options->headers[i], name, sizeof name - 1) == 0)
            return 1;
    return options->token != NULL || getenv("MCPCLIENT_TOKEN") != NULL;
}

/* Separates the words: the command, the URL, the command's arguments. */
static int take_words(struct options *options)
{
    char **word = options->all_words;

    if (*word == NULL)
        return bad_usage("no command was given");
    options->command = find_command(*word);
    if (options->command == NULL)
        return bad_usage("unknown command %s", *word);
    options->sign_in.is_wanted |= options->command->is_of_oauth;
    word++;
    if (options->config == NULL && !options->is_stdio && *word != NULL &&
        !options->command->is_of_file)
        options->url = *word++;
    if (options->command->run == run_proxy && options->url != NULL)
        options->sign_in.is_wanted |= !has_credential(options);
    for (options->words = word; *word != NULL; word++)
        if (options->word_count++ == options->command->most_words)
            return bad_usage("unexpected argument %s%s", *word,
                             program_hint(options));
    return SUCCESS;
}

/* Returns the first given option that only servers at a URL have. */
static const char *http_option(const struct options *options)
{
    if (options->token != NULL)
        return "--token";
    if (options->sign_in.is_wanted)
        return "--auth";
    if (options->header_count > 0)
        return "-H";
    if (options->transport != NOT_CHOSEN)
        return "--transport";
    if (options->insecure_http)
        return "--insecure-http";
    if (options->ca_file != NULL)
        return "--cacert";
    if (options->certificate != NULL || options->key != NULL)
        return "--cert";
    if (options->proxy != NULL)
        return "--proxy";
    return options->unix_socket != NULL ? "--unix-socket" : NULL;
}

/* Returns the first given option that only programs have. */
static const char *program_option(const struct options *options)
{
    if (options->variable_count > 0)
        return "--env";
    if (options->directory != NULL)
        return "--directory";
    return options->errors != NOT_CHOSEN ? "--stderr" : NULL;
}

/* Checks that there is one server, and that the options suit it. */
static int check_server(const struct options *options)
{
    const char *name = options->command->name;

    if (options->server != NULL && options->config == NULL)
        return bad_usage("--server needs --config FILE");
    if (options->config != NULL && options->is_stdio)
        return bad_usage("--config and --stdio name two servers");
    if (options->is_stdio && options->program == NULL)
        return bad_usage("--stdio needs -- PROGRAM [ARGUMENT ...] at the end");
    if (options->command->is_of_file && options->config == NULL)
        return bad_usage("%s needs --config FILE", name);
    if (options->command->is_of_file && options->server != NULL)
        return bad_usage("%s lists all servers: use it without --server", name);
    if (options->config != NULL)
        return SUCCESS; /* the library checks what each server may have */
    if (options->is_stdio && options->command->is_of_oauth)
        return bad_usage("%s is not for a program", name);
    if (options->is_stdio && http_option(options) != NULL)
        return bad_usage("%s is not for a program", http_option(options));
    if (options->is_stdio)
        return SUCCESS;
    if (options->url == NULL)
        return bad_usage("%s needs a URL, --config or --stdio", name);
    if (program_option(options) != NULL)
        return bad_usage("%s is for a program", program_option(options));
    return SUCCESS;
}

/* Checks that the options and arguments suit the command. */
static int check(const struct options *options)
{
    const struct command *command = options->command;

    if (options->word_count < command->least_words)
        return bad_usage("%s lacks arguments: %s URL %s", command->name,
                         command->name, command->words);
    if (options->count > 0 && strcmp(command->name, "ping") != 0)
        return bad_usage("-c is for ping");
    if (options->events > 0 && strcmp(command->name, "listen") != 0)
        return bad_usage("-n is for listen");
    if (options->log_level != NOT_CHOSEN &&
        (command->is_of_file || command->is_of_oauth ||
         command->run == run_proxy))
        return bad_usage("--log-level is not for %s", command->name);
    if (options->output != NULL && strcmp(command->name, "read") != 0 &&
        strcmp(command->name, "call") != 0)
        return bad_usage("-o is for read and call");
    if (options->output != NULL && options->output[0] == '\0')
        return bad_usage("-o needs a name");
    if (options->output != NULL && options->json)
        return bad_usage("-o writes the contents: use it without --json");
    return SUCCESS;
}

int parse(struct options *options, int argc, char **argv)
{
    int i, status = SUCCESS, words_only = 0, count = 0;

    options->transport = options->errors = options->log_level = NOT_CHOSEN;
    options->sign_in.grant = NOT_CHOSEN;
    options->all_words = (char **)calloc((size_t)argc + 1, sizeof(char *));
    if (options->all_words == NULL) {
        fprintf(stderr, "mcpclient: out of memory\n");
        return FAILED;
    }

    for (i = 1; i < argc && status == SUCCESS; i++) {
        char *word = argv[i];
        char name[32];
        char *value = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;

        if (words_only || word[0] != '-' || word[1] == '\0') {
            options->all_words[count++] = word;
            continue;
        }
        if (strcmp(word, "--") == 0 && options->is_stdio) {
            options->program = i + 1 < argc ? argv + i + 1 : NULL;
            break;
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
                return bad_usage("%s is unknown or lacks a value", word);
            value = argv[++i];
        }
        status = take_option(options, name, value, value);
    }
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
        !options->sign_in.is_wanted && getenv("MCPCLIENT_TOKEN") != NULL)
        set_token(options, getenv("MCPCLIENT_TOKEN"));
    return status;
}

void forget(struct options *options)
{
    int i;

    wipe(options->token);
    free(options->token);
    forget_sign_in(&options->sign_in);
    for (i = 0; i < options->header_count; i++)
        free(options->headers[i]);
    for (i = 0; i < options->variable_count; i++) {
        wipe(options->variables[i]);
        free(options->variables[i]);
    }
    free(options->all_words);
}
