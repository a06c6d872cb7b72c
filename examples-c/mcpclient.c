/* mcpclient - curl for MCP: the command-line client of libmcpclient.
 *
 * Uses the public header alone.  Exit status: 0 success, 1 a failed
 * operation, 2 bad usage.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mcpclient.h>

enum { SUCCESS = 0, FAILED = 1, BAD_USAGE = 2, MOST_HEADERS = 64 };

struct options {
    const char *command;
    const char *url;
    char *token;
    char *headers[MOST_HEADERS];
    int header_count;
    long count;
    long timeout; /* milliseconds; 0: the library's */
    const char *protocol;
    const char *ca_file;
    const char *certificate;
    const char *key;
    const char *proxy;
    const char *unix_socket;
    int json;
    int insecure_http;
    int verbose;
};

static const char usage_text[] =
    "usage: mcpclient [options] ping URL\n"
    "       mcpclient [options] info URL\n"
    "\n"
    "ping asks a server for a sign of life, info who it is.\n"
    "\n"
    "The token, without \"Bearer\" (default: MCPCLIENT_TOKEN when set):\n"
    "  --token T            the token; others may see it in the process list\n"
    "  --token-file F       the first line of a file\n"
    "  --token-env VAR      an environment variable\n"
    "Options, anywhere:\n"
    "  -H 'Name: value'     sends a header; repeatable\n"
    "  -c, --count N        pings N times, with a summary\n"
    "  --timeout SECONDS    how long a call may take (default: 60)\n"
    "  --protocol VERSION   uses this protocol version, tries no other\n"
    "  --json               one JSON document on standard output\n"
    "  --insecure-http      lets credentials go over http to other machines\n"
    "  --cacert F           trusts the certificates of a PEM file as well\n"
    "  --cert F --key F     shows a client certificate\n"
    "  --proxy URL          goes through an HTTP proxy; \"\" for none\n"
    "  --unix-socket PATH   connects to a Unix socket\n"
    "  -v, --verbose        shows the traffic, secrets masked\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 success, 1 a failed operation, 2 bad usage.\n";

static mcp_cancel *interrupt;
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
    mcp_cancel_fire(interrupt);
}

/* Says what is wrong with the command line. */
static int bad_usage(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "mcpclient: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "; see mcpclient --help\n");
    va_end(arguments);
    return BAD_USAGE;
}

/* Writes a server's text without what a terminal would obey: the controls of
 * C0 and C1, and DEL. */
static void put_text(FILE *to, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    for (; *at != '\0'; at++) {
        if (*at == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F) {
            fputc('?', to);
            at++;
        } else if ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7F) {
            fputc('?', to);
        } else {
            fputc(*at, to);
        }
    }
}

static void put_json_text(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    if (text == NULL) {
        printf("null");
        return;
    }
    putchar('"');
    for (; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20 || *at == 0x7F)
            printf("\\u%04x", (unsigned)*at);
        else
            putchar(*at);
    }
    putchar('"');
}

static void put_json_member(const char *name, const char *text)
{
    printf(",\"%s\":", name);
    put_json_text(text);
}

/* Whether standard error may have colour. */
static int has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(2) && (no_colour == NULL || no_colour[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

/* Reports the thread's last error: a line, and a document if asked for. */
static int fail(const struct options *options)
{
    int colour = has_colour();

    fflush(stdout);
    fprintf(stderr, "%smcpclient:%s ", colour ? "\033[31m" : "",
            colour ? "\033[0m" : "");
    put_text(stderr, mcp_error_message(NULL));
    fputc('\n', stderr);
    if (options->json) {
        printf("{\"ok\":false");
        put_json_member("status", mcp_status_name(mcp_error_status(NULL)));
        put_json_member("message", mcp_error_message(NULL));
        printf(",\"httpStatus\":%d", (int)mcp_error_http_status(NULL));
        printf(",\"rpcCode\":%d", (int)mcp_error_rpc_code(NULL));
        printf(",\"retryAfterMs\":%d", (int)mcp_error_retry_after(NULL));
        printf(",\"mayHaveRun\":%s}\n",
               mcp_error_may_have_run(NULL) ? "true" : "false");
    }
    return FAILED;
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

static int parse_count(struct options *options, const char *text)
{
    char *end;

    errno = 0;
    options->count = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno != 0 || options->count < 1)
        return bad_usage("-c %s is not a positive number", text);
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
        return parse_count(options, value);
    if (strcmp(name, "--timeout") == 0)
        return parse_timeout(options, value);
    if (strcmp(name, "--protocol") == 0)
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

static int take_word(struct options *options, char *word)
{
    if (options->command == NULL)
        options->command = word;
    else if (options->url == NULL)
        options->url = word;
    else
        return bad_usage("unexpected argument %s", word);
    return SUCCESS;
}

static int parse(struct options *options, int argc, char **argv)
{
    int i, status = SUCCESS, words_only = 0;

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
    if (options->command == NULL)
        return bad_usage("no command");
    if (strcmp(options->command, "ping") != 0 &&
        strcmp(options->command, "info") != 0)
        return bad_usage("unknown command %s", options->command);
    if (options->url == NULL)
        return bad_usage("%s needs a URL", options->command);
    if (options->count > 0 && strcmp(options->command, "ping") != 0)
        return bad_usage("-c is for ping");
    if (options->token == NULL && getenv("MCPCLIENT_TOKEN") != NULL)
        set_token(options, getenv("MCPCLIENT_TOKEN"));
    return SUCCESS;
}

static int32_t set_headers(mcp_client *client, const struct options *options)
{
    int i;
    int32_t status = MCP_OK;

    for (i = 0; i < options->header_count && status == MCP_OK; i++) {
        char *value = strchr(options->headers[i], ':');

        *value++ = '\0';
        value += strspn(value, " \t");
        status = mcp_client_set_header(client, options->headers[i], value);
    }
    return status;
}

/* Makes the client; NULL with the last error set. */
static mcp_client *make_client(const struct options *options)
{
    mcp_client *client = mcp_client_new(options->url, options->token);
    int32_t status = client != NULL ? MCP_OK : mcp_error_status(NULL);

    if (status == MCP_OK)
        status = mcp_client_set_info(client, "mcpclient", mcp_version());
    if (status == MCP_OK && options->verbose)
        status = mcp_client_set_trace_fd(client, 2);
    if (status == MCP_OK)
        status = set_headers(client, options);
    if (status == MCP_OK && options->timeout > 0)
        status = mcp_client_set_timeout(client, (int32_t)options->timeout);
    if (status == MCP_OK && options->protocol != NULL)
        status = mcp_client_set_protocol_version(client, options->protocol);
    if (status == MCP_OK && options->insecure_http)
        status = mcp_client_set_allow_plain_http(client, 1);
    if (status == MCP_OK && options->ca_file != NULL)
        status = mcp_client_set_ca_file(client, options->ca_file);
    if (status == MCP_OK &&
        (options->certificate != NULL || options->key != NULL))
        status = mcp_client_set_certificate(client, options->certificate,
                                            options->key);
    if (status == MCP_OK && options->proxy != NULL)
        status = mcp_client_set_proxy(client, options->proxy);
    if (status == MCP_OK && options->unix_socket != NULL)
        status = mcp_client_set_unix_socket(client, options->unix_socket);
    if (status != MCP_OK) {
        mcp_client_free(client);
        return NULL;
    }
    return client;
}

static double now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

struct summary {
    long sent, received;
    double least, most, sum, squares;
};

static void add(struct summary *summary, double ms)
{
    if (summary->received == 0 || ms < summary->least)
        summary->least = ms;
    if (ms > summary->most)
        summary->most = ms;
    summary->sum += ms;
    summary->squares += ms * ms;
    summary->received++;
}

static void put_summary(const struct options *options,
                        const struct summary *summary)
{
    double n = (double)(summary->received > 0 ? summary->received : 1);
    double mean = summary->sum / n;
    double spread = summary->squares / n - mean * mean;
    double loss = 100.0 * (double)(summary->sent - summary->received) /
                  (double)(summary->sent > 0 ? summary->sent : 1);

    printf("\n--- %s ping statistics ---\n", options->url);
    printf("%ld pings sent, %ld answered, %.0f%% lost\n", summary->sent,
           summary->received, loss);
    if (summary->received > 0)
        printf("round trip min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n",
               summary->least, mean, summary->most,
               spread > 0 ? sqrt(spread) : 0.0);
}

/* Waits a second, or until Ctrl-C. */
static void pause_between(void)
{
    struct timespec second;

    second.tv_sec = 1;
    second.tv_nsec = 0;
    nanosleep(&second, NULL);
}

static void put_pong(const mcp_result *server, double ms)
{
    const char *name = mcp_result_server_name(server);
    const char *version = mcp_result_server_version(server);

    printf("pong from ");
    put_text(stdout, name != NULL ? name : "a server without a name");
    if (version != NULL) {
        putchar(' ');
        put_text(stdout, version);
    }
    printf(" (protocol %s) in %.1f ms\n", mcp_result_protocol_version(server),
           ms);
    fflush(stdout);
}

static void put_pings_json(const mcp_result *server,
                           const struct summary *summary)
{
    double n = (double)(summary->received > 0 ? summary->received : 1);

    printf("{\"ok\":%s", summary->received == summary->sent ? "true" : "false");
    put_json_member("name", mcp_result_server_name(server));
    put_json_member("version", mcp_result_server_version(server));
    put_json_member("protocol", mcp_result_protocol_version(server));
    printf(",\"sent\":%ld,\"answered\":%ld", summary->sent, summary->received);
    printf(",\"minMs\":%.3f,\"avgMs\":%.3f,\"maxMs\":%.3f}\n", summary->least,
           summary->sum / n, summary->most);
}

static int ping(mcp_client *client, const struct options *options)
{
    long i, count = options->count > 0 ? options->count : 1;
    struct summary summary;
    mcp_request *request = mcp_request_new(client, "ping", NULL);
    mcp_result *server = NULL;
    int status = SUCCESS;

    memset(&summary, 0, sizeof summary);
    if (request == NULL ||
        mcp_request_set_cancel(request, interrupt) != MCP_OK) {
        mcp_request_free(request);
        return fail(options);
    }
    for (i = 0; i < count && !interrupted; i++) {
        double begin;

        if (i > 0)
            pause_between();
        if (interrupted)
            break;
        begin = now_ms();
        summary.sent++;
        if (mcp_request_perform(request, NULL) == MCP_OK) {
            double ms = now_ms() - begin;

            add(&summary, ms);
            if (server == NULL && mcp_connect(client, &server) != MCP_OK) {
                status = fail(options);
                break;
            }
            if (!options->json)
                put_pong(server, ms);
        } else if (interrupted) {
            summary.sent--;
        } else if (count == 1) {
            status = fail(options);
        } else {
            fprintf(stderr, "mcpclient: ");
            put_text(stderr, mcp_error_message(NULL));
            fputc('\n', stderr);
        }
    }
    if (status == SUCCESS && options->json)
        put_pings_json(server, &summary);
    else if (status == SUCCESS && (count > 1 || interrupted))
        put_summary(options, &summary);
    if (summary.received < summary.sent || summary.sent == 0)
        status = FAILED;
    mcp_result_free(server);
    mcp_request_free(request);
    return status;
}

static void put_line(const char *name, const char *text)
{
    if (text != NULL) {
        printf("%-13s", name);
        put_text(stdout, text);
        putchar('\n');
    }
}

static int info(mcp_client *client, const struct options *options)
{
    mcp_result *server = NULL;

    if (mcp_connect(client, &server) != MCP_OK)
        return fail(options);
    if (options->json) {
        printf("{\"ok\":true");
        put_json_member("name", mcp_result_server_name(server));
        put_json_member("title", mcp_result_server_title(server));
        put_json_member("version", mcp_result_server_version(server));
        put_json_member("protocol", mcp_result_protocol_version(server));
        printf(",\"capabilities\":%s",
               mcp_result_capabilities_json(server, NULL));
        put_json_member("instructions", mcp_result_instructions(server));
        printf("}\n");
    } else {
        put_line("server", mcp_result_server_name(server));
        put_line("title", mcp_result_server_title(server));
        put_line("version", mcp_result_server_version(server));
        put_line("protocol", mcp_result_protocol_version(server));
        put_line("capabilities", mcp_result_capabilities_json(server, NULL));
        put_line("instructions", mcp_result_instructions(server));
    }
    mcp_result_free(server);
    return SUCCESS;
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

    interrupt = mcp_cancel_new();
    handle_interrupt();
    client = make_client(options);
    if (client == NULL) {
        status = fail(options);
    } else {
        status = strcmp(options->command, "ping") == 0 ? ping(client, options)
                                                       : info(client, options);
    }
    mcp_client_free(client);
    mcp_cancel_free(interrupt);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    int i, status;

    for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage_text, stdout);
            return SUCCESS;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("mcpclient %s\n", mcp_version());
            return SUCCESS;
        }
    }
    memset(&options, 0, sizeof options);
    status = parse(&options, argc, argv);
    if (status == SUCCESS)
        status = run(&options);
    wipe(options.token);
    free(options.token);
    for (i = 0; i < options.header_count; i++)
        free(options.headers[i]);
    if (fflush(stdout) != 0)
        status = FAILED;
    return status;
}
