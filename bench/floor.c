/* The floor, with which all clients are compared: a blocking socket, one write,
 * one read, minimal parsing.  It sends what the library sends, and it knows the
 * server's revision in advance. */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

static char host[64], path[128], session[128];
static int port, is_stateless;

static int connect_to(void)
{
    struct sockaddr_in address;
    int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    inet_pton(AF_INET, host, &address.sin_addr);
    if (connect(s, (struct sockaddr *)&address, sizeof address) != 0)
        exit(1);
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return s;
}

/* A reply, in a buffer that is reused for the next one. */
struct reply {
    char *bytes, *body;
    size_t size, length;
};

/* Reads a reply with a Content-Length, and puts a NUL after its body. */
static void receive(int s, struct reply *reply)
{
    size_t have = 0, whole = 0;
    char *end;

    if (reply->bytes == NULL) {
        reply->size = 16384;
        reply->bytes = malloc(reply->size);
    }
    while (whole == 0 || have < whole) {
        ssize_t got = read(s, reply->bytes + have, reply->size - 1 - have);

        if (got <= 0)
            fail("the server closed the connection");
        have += (size_t)got;
        if (whole > 0)
            continue;
        reply->bytes[have] = '\0';
        end = strstr(reply->bytes, "\r\n\r\n");
        if (end == NULL)
            continue;
        whole = (size_t)(end + 4 - reply->bytes) +
                (size_t)atol(strstr(reply->bytes, "content-length:") + 15);
        reply->length = whole - (size_t)(end + 4 - reply->bytes);
        if (whole >= reply->size) {
            size_t at = (size_t)(end - reply->bytes);

            reply->size = whole + 1;
            reply->bytes = realloc(reply->bytes, reply->size);
            end = reply->bytes + at;
        }
        reply->body = end + 4;
    }
    reply->bytes[have] = '\0';
    if (strncmp(reply->bytes, "HTTP/1.1 20", 11) != 0)
        fail("the server refused");
}

static void send_request(int s, const char *token, const char *headers,
                         const char *body)
{
    char out[2048];
    int length = sprintf(
        out,
        "POST %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: libmcpclient/0.1.0\r\n"
        "Authorization: Bearer %s\r\n"
        "Accept: application/json, text/event-stream\r\n"
        "Accept-Encoding: identity\r\nContent-Type: application/json\r\n%s%s"
        "Content-Length: %zu\r\n\r\n%s",
        path, host, port, token, headers, session, strlen(body), body);

    if (write(s, out, (size_t)length) != length)
        fail("the server does not read");
}

static void exchange(int s, const char *token, const char *headers,
                     const char *body, struct reply *reply)
{
    const char *found;

    send_request(s, token, headers, body);
    receive(s, reply);
    if (session[0] == '\0' && (found = strstr(reply->bytes, "mcp-session-id: ")) != NULL)
        sprintf(session, "Mcp-Session-Id: %.*s\r\n", (int)strcspn(found + 16, "\r"),
                found + 16);
}

#define META                                                                  \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","  \
    "\"io.modelcontextprotocol/clientCapabilities\":{},"                      \
    "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"libmcpclient\","      \
    "\"version\":\"0.1.0\"}}"

static void ping(int s, const char *token, long id, struct reply *reply)
{
    char body[512];

    if (is_stateless) {
        sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":"
                      "\"server/discover\",\"params\":{" META "}}", id);
        exchange(s, token, "MCP-Protocol-Version: 2026-07-28\r\n"
                           "Mcp-Method: server/discover\r\n", body, reply);
    } else {
        sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"ping\"}",
                id);
        exchange(s, token, "MCP-Protocol-Version: 2025-11-25\r\n", body, reply);
    }
}

static int connected(const char *token, struct reply *reply)
{
    int s = connect_to();

    session[0] = '\0';
    if (!is_stateless) {
        exchange(s, token, "",
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
                 "\"params\":{\"protocolVersion\":\"2025-11-25\","
                 "\"capabilities\":{},\"clientInfo\":{\"name\":\"floor\","
                 "\"version\":\"1\"}}}", reply);
        exchange(s, token, "MCP-Protocol-Version: 2025-11-25\r\n",
                 "{\"jsonrpc\":\"2.0\",\"method\":"
                 "\"notifications/initialized\"}", reply);
    }
    ping(s, token, 2, reply);
    return s;
}

/* Removes the escapes from the text at `from`, eight bytes at a time, and
 * returns its length.  The result is written eight bytes before the text, over
 * the member's name, so that copying beyond an escape does no harm. */
static size_t unescaped(const char *from)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    char *start = (char *)from - 8, *to = start;

    for (;;) {
        uint64_t eight, quotes, slashes, found;
        size_t plain;

        memcpy(&eight, from, 8);
        memcpy(to, &eight, 8);
        quotes = eight ^ ones * '"';
        slashes = eight ^ ones * '\\';
        found = (((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes)) & highs;
        plain = found == 0 ? 8 : (size_t)__builtin_ctzll(found) / 8;
        to += plain;
        from += plain;
        if (found == 0)
            continue;
        if (*from == '"')
            break;
        *to++ = from[1] == 'n' ? '\n' : from[1];
        from += 2;
    }
    *to = '\0';
    return (size_t)(to - start);
}

static size_t text_of(char *body)
{
    char *from = strstr(body, "\"text\":\"") + 8, *end;

    if (!is("call10mplain"))
        return unescaped(from);
    end = strchr(from, '"');
    if (memchr(from, '\\', (size_t)(end - from)) != NULL)
        fail("an escape");
    *end = '\0';
    return (size_t)(end - from);
}

static void call(int s, const char *token, long id, struct reply *reply)
{
    char body[768];

    if (is_stateless)
        sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"tools/call\","
                      "\"params\":{" META ",\"name\":\"%s\",\"arguments\":{}}}",
                id, tool());
    else
        sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"tools/call\","
                      "\"params\":{\"name\":\"%s\",\"arguments\":{}}}", id, tool());
    exchange(s, token,
             is_stateless ? "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call"
                            "\r\nMcp-Name: text1k\r\n"
                          : "MCP-Protocol-Version: 2025-11-25\r\n",
             body, reply);
    if (text_of(reply->body) != due())
        fail("another text");
}

static void list(int s, const char *token, long id, struct reply *reply)
{
    const char *at;
    char body[128];
    int count = 0;

    sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"tools/list\"}", id);
    exchange(s, token, "MCP-Protocol-Version: 2025-11-25\r\n", body, reply);
    for (at = reply->body; (at = strstr(at, "\"name\":\"")) != NULL; count++) {
        at += 8;
        if (strncmp(at, "tool_", 5) != 0)
            fail("another name");
    }
    if (count != TOOLS)
        fail("another number of tools");
}

/* Makes one call with `count` notifications and reads each as it arrives. */
static void progress(int s, const char *token, long count, struct reply *reply)
{
    char body[256], *line, *end;
    long told = 0;
    size_t have = 0;

    sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\","
                  "\"params\":{\"name\":\"progress\",\"arguments\":{\"count\":%ld},"
                  "\"_meta\":{\"progressToken\":3}}}", count);
    send_request(s, token, "MCP-Protocol-Version: 2025-11-25\r\n", body);
    reply->size = 65536;
    reply->bytes = realloc(reply->bytes, reply->size + 8);
    for (;;) {
        ssize_t got = read(s, reply->bytes + have, reply->size - 1 - have);

        if (got <= 0)
            fail("the server closed the connection");
        have += (size_t)got;
        reply->bytes[have] = '\0';
        line = reply->bytes;
        while ((end = memchr(line, '\n', have - (size_t)(line - reply->bytes))) != NULL) {
            const char *found;

            *end = '\0';
            if (memcmp(line, "data:", 5) == 0) {
                found = strstr(line, "\"progress\":");
                if (found != NULL && atol(found + 11) == told + 1)
                    told++;
                else if (strstr(line, "\"result\"") != NULL) {
                    if (told != count)
                        fail("another number of notifications");
                    return;
                }
            }
            line = end + 1;
        }
        have -= (size_t)(line - reply->bytes);
        memmove(reply->bytes, line, have);
    }
}

static char *the_token;

static void *thread(void *unused)
{
    struct reply reply = {NULL, NULL, 0, 0};
    int s = connect_to();
    long i;

    (void)unused;
    for (i = 0; i < repetitions / THREADS; i++)
        call(s, the_token, i + 3, &reply);
    close(s);
    return NULL;
}

int main(int argc, char **argv)
{
    struct reply reply = {NULL, NULL, 0, 0};
    pthread_t threads[THREADS];
    long long start;
    long i;
    int s;

    if (!parse(argc, argv) ||
        sscanf(argv[1], "http://%63[^:]:%d%127s", host, &port, path) != 3)
        return 2;
    is_stateless = strncmp(path, "/stateless", 10) == 0;
    the_token = argv[2];
    if (is("cold")) {
        start = now_ns();
        for (i = 0; i < repetitions; i++)
            close(connected(argv[2], &reply));
        return report(start);
    }
    s = connected(argv[2], &reply);
    start = now_ns();
    if (is("progress")) {
        progress(s, argv[2], repetitions, &reply);
    } else if (is("par8")) {
        for (i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, thread, NULL);
        for (i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
    } else {
        for (i = 0; i < repetitions; i++) {
            if (is("ping"))
                ping(s, argv[2], i + 3, &reply);
            else if (is("list10k"))
                list(s, argv[2], i + 3, &reply);
            else
                call(s, argv[2], i + 3, &reply);
        }
    }
    return report(start);
}
