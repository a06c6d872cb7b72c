/* ping: checks that the server responds.  info: prints who it is. */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <string.h>
#include <time.h>

#include "cli.h"

enum { METHOD_NOT_FOUND = -32601 };

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

    printf("\n--- ");
    put_word(stdout, server_name(options));
    printf(" ping statistics ---\n");
    printf("%ld pings sent, %ld answered, %.0f%% lost\n", summary->sent,
           summary->received, loss);
    if (summary->received > 0)
        printf("round trip min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n",
               summary->least, mean, summary->most,
               spread > 0 ? sqrt(spread) : 0.0);
}

/* Waits for a second, or until Ctrl-C. */
static void pause_between(void)
{
    struct timespec second;

    second.tv_sec = 1;
    second.tv_nsec = 0;
    nanosleep(&second, NULL);
}

static int is_text(const char *text)
{
    return text != NULL && text[strspn(text, " \t\r\n")] != '\0';
}

static void put_pong(const mcp_result *server, double ms)
{
    const char *name = mcp_result_server_name(server);
    const char *version = mcp_result_server_version(server);

    printf("pong from ");
    put_word(stdout, is_text(name) ? name : "a server without a name");
    if (is_text(version)) {
        putchar(' ');
        put_word(stdout, version);
    }
    printf(" (protocol %s) in %.1f ms\n", mcp_result_protocol_version(server),
           ms);
    flush_output();
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

/* Returns 1 for a server that does not know `ping` and says so: it responds,
 * and that is what the person asks. */
static int is_answered(long i)
{
    if (mcp_error_status(NULL) != MCP_E_RPC ||
        mcp_error_rpc_code(NULL) != METHOD_NOT_FOUND)
        return 0;
    if (i == 0) {
        put_program_name();
        fputs("the server responds, but does not know ping: ", stderr);
        put_error(stderr);
    }
    return 1;
}

static int32_t connect_to(mcp_client *client, const struct options *options,
                          mcp_result **server)
{
    return perform(client, options, mcp_request_new_connect(client), server);
}

int ping(mcp_client *client, const struct options *options)
{
    long i, count = options->number[OPTION_COUNT];
    struct summary summary;
    mcp_result *server = NULL;
    int status = SUCCESS;

    count += count == 0;
    memset(&summary, 0, sizeof summary);
    for (i = 0; i < count && !interrupted; i++) {
        double begin;

        if (i > 0)
            pause_between();
        if (interrupted)
            break;
        begin = now_ms();
        summary.sent++;
        if (perform(client, options, mcp_request_new(client, "ping", NULL),
                    NULL) == MCP_OK ||
            is_answered(i)) {
            double ms = now_ms() - begin;

            add(&summary, ms);
            if (server == NULL && connect_to(client, options, &server) !=
                                      MCP_OK) {
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
            put_error(stderr);
        }
    }
    if (interrupted && summary.sent == 0)
        status = INTERRUPTED; /* before there was anything to sum up */
    if (status == SUCCESS && options->json)
        put_pings_json(server, &summary);
    else if (status == SUCCESS && (count > 1 || interrupted))
        put_summary(options, &summary);
    if (summary.received < summary.sent)
        status = FAILED;
    mcp_result_free(server);
    if (summary.sent > 0)
        interrupted = 0; /* Ctrl-C is the usual end */
    return status;
}

static void put_line(const char *name, const char *text)
{
    if (is_text(text)) {
        printf("%-13s", name);
        put_word(stdout, text);
        putchar('\n');
    }
}

static const char *transport_name(mcp_client *client)
{
    switch (mcp_client_transport(client)) {
    case MCP_TRANSPORT_STREAMABLE_HTTP:
        return "streamable-http";
    case MCP_TRANSPORT_SSE:
        return "sse";
    case MCP_TRANSPORT_STDIO:
        return "stdio";
    default:
        return NULL;
    }
}

/* Returns the title of the server.  From revision 2026-07-28 on, it is in the
 * member _meta. */
static const char *title_of(const mcp_json *server)
{
    const char *title =
        mcp_json_string(mcp_json_at(server, "/serverInfo/title"), NULL);

    if (title == NULL)
        title = mcp_json_string(
            mcp_json_at(server,
                        "/_meta/io.modelcontextprotocol~1serverInfo/title"),
            NULL);
    return title;
}

int info(mcp_client *client, const struct options *options)
{
    mcp_result *server = NULL;
    mcp_json *whole;
    const char *text, *json;
    size_t length = 0;

    if (connect_to(client, options, &server) != MCP_OK)
        return fail(options);
    text = mcp_result_json(server, &length);
    whole = text != NULL ? mcp_json_parse(text, length) : NULL;
    json = mcp_json_text(mcp_json_at(whole, "/capabilities"), &length);
    if (json == NULL || json[0] != '{') {
        json = "{}";
        length = 2;
    }
    if (options->json) {
        printf("{\"ok\":true");
        put_json_member("name", mcp_result_server_name(server));
        put_json_member("title", title_of(whole));
        put_json_member("version", mcp_result_server_version(server));
        put_json_member("protocol", mcp_result_protocol_version(server));
        put_json_member("transport", transport_name(client));
        printf(",\"capabilities\":");
        put_json(stdout, json, length);
        put_json_member("instructions", mcp_result_instructions(server));
        printf("}\n");
    } else {
        put_line("server", mcp_result_server_name(server));
        put_line("title", title_of(whole));
        put_line("version", mcp_result_server_version(server));
        put_line("protocol", mcp_result_protocol_version(server));
        put_line("transport", transport_name(client));
        put_line("capabilities", json);
        if (is_text(mcp_result_instructions(server))) {
            put_labelled("instructions ", mcp_result_instructions(server),
                         terminal_width());
        }
    }
    mcp_json_free(whole);
    mcp_result_free(server);
    return SUCCESS;
}
