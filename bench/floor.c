/* The floor, with which all clients are compared: it does only the work that the
 * workload cannot be done without, and knows the server's revision in advance. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench.h"
#include "floor_http.h"
#include "floor_json.h"
#include "floor_pipe.h"

static const char session_era[] = "MCP-Protocol-Version: 2025-11-25\r\n";

static struct iovec piece(const char *text)
{
    struct iovec one;

    one.iov_base = (char *)text;
    one.iov_len = strlen(text);
    return one;
}

static void exchange(int s, const char *headers, const char *body, struct reply *reply)
{
    struct iovec one = piece(body);

    send_request(s, headers, &one, 1);
    receive(s, reply);
}

#define META                                                                  \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","  \
    "\"io.modelcontextprotocol/clientCapabilities\":{},"                      \
    "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"libmcpclient\","      \
    "\"version\":\"0.1.0\"}}"

static void ping(int s, long id, struct reply *reply)
{
    char body[512];

    if (is_stateless()) {
        sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":"
                      "\"server/discover\",\"params\":{" META "}}", id);
        exchange(s, "MCP-Protocol-Version: 2026-07-28\r\n"
                    "Mcp-Method: server/discover\r\n", body, reply);
    } else {
        sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"ping\"}",
                id);
        exchange(s, session_era, body, reply);
    }
}

static int connected(struct reply *reply)
{
    int s = connect_to();

    forget_session();
    if (!is_stateless()) {
        exchange(s, "",
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
                 "\"params\":{\"protocolVersion\":\"2025-11-25\","
                 "\"capabilities\":{},\"clientInfo\":{\"name\":\"floor\","
                 "\"version\":\"1\"}}}", reply);
        exchange(s, session_era,
                 "{\"jsonrpc\":\"2.0\",\"method\":"
                 "\"notifications/initialized\"}", reply);
    }
    ping(s, 2, reply);
    return s;
}

static void read_text(struct reply *reply)
{
    char *text = strstr(reply->body, "\"text\":\"") + 8;

    check_text(text, unescaped(text, reply->body + reply->length));
}

static void read_cities(const char *body)
{
    const char *content = strstr(body, "\"structuredContent\":");
    const char *name = strstr(content, "\"name\":\"") + 8;
    const char *population = strstr(strstr(name, "\"name\":\""), "\"population\":") + 13;
    const char *total = strstr(population, "\"total\":") + 8;

    check_cities(atol(total), name, atol(population));
}

static void send_call(int s, long id)
{
    struct iovec body[MOST_PIECES];
    char start[1024];

    sprintf(start, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"tools/call\",\"params\":{"
                   "%s\"name\":\"%s\",\"arguments\":",
            id, is_stateless() ? META "," : "", tool());
    body[0] = piece(start);
    body[1].iov_base = (char *)arguments();
    body[1].iov_len = arguments_length();
    body[2] = piece("}}");
    send_request(s, is_stateless() ? "MCP-Protocol-Version: 2026-07-28\r\n"
                                     "Mcp-Method: tools/call\r\nMcp-Name: text1k\r\n"
                                   : session_era, body, 3);
}

static void read_result(struct reply *reply)
{
    if (is("structured") || is("events"))
        read_cities(reply->body);
    else if (!is("large"))
        read_text(reply);
    else if (strstr(reply->body, "\"result\":") == NULL)
        fail("no result");
}

static void call(int s, long id, struct reply *reply)
{
    send_call(s, id);
    receive(s, reply);
    read_result(reply);
}

static void list(int s, long id, struct reply *reply)
{
    const char *at;
    char body[128];
    int count = 0;

    sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"tools/list\"}", id);
    exchange(s, session_era, body, reply);
    for (at = reply->body; (at = strstr(at, "\"name\":\"")) != NULL; count++) {
        at += 8;
        if (strncmp(at, "tool_", 5) != 0)
            fail("another name");
    }
    if (count != TOOLS)
        fail("another number of tools");
}

/* Reads the notifications that are complete; returns where the rest begins. */
static char *read_notifications(char *at, long *told)
{
    char *found, *end;

    while ((found = strstr(at, "\"progress\":")) != NULL &&
           (end = strchr(found, '\n')) != NULL) {
        if (strtol(found + 11, NULL, 10) != ++*told)
            fail("another notification");
        at = end + 1;
    }
    return at;
}

/* Makes one call with `count` notifications and reads each as it arrives. */
static void progress(int s, long count, struct reply *reply)
{
    char body[256];
    struct iovec one;
    long told = 0;
    size_t have = 0;

    sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\","
                  "\"params\":{\"name\":\"progress\",\"arguments\":{\"count\":%ld},"
                  "\"_meta\":{\"progressToken\":3}}}", count);
    one = piece(body);
    send_request(s, session_era, &one, 1);
    reply->size = 65536;
    reply->bytes = realloc(reply->bytes, reply->size);
    do {
        ssize_t got = read(s, reply->bytes + have, reply->size - 1 - have);
        char *rest;

        if (got <= 0)
            fail("the server closed the connection");
        have += (size_t)got;
        reply->bytes[have] = '\0';
        rest = read_notifications(reply->bytes, &told);
        have -= (size_t)(rest - reply->bytes);
        memmove(reply->bytes, rest, have + 1);
    } while (told < count || strstr(reply->bytes, "\"result\"") == NULL);
}

/* Sends AT_ONCE requests, each on a connection of its own, then reads the replies
 * as they come; again and again. */
static void started(struct reply *reply)
{
    static int sockets[AT_ONCE];
    struct epoll_event events[64];
    int poll = epoll_create1(0), i, ready;
    long sent = 0, done = 0;

    for (i = 0; i < AT_ONCE; i++) {
        struct epoll_event event;

        sockets[i] = connect_to();
        event.events = EPOLLIN;
        event.data.fd = sockets[i];
        epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &event);
    }
    while (done < repetitions) {
        for (i = 0; i < AT_ONCE && sent < repetitions; i++)
            send_call(sockets[i], 3 + sent++);
        while (done < sent) {
            ready = epoll_wait(poll, events, 64, -1);
            for (i = 0; i < ready; i++, done++) {
                receive(events[i].data.fd, reply);
                read_result(reply);
            }
        }
    }
}

/* Each client has a connection for its requests and one for the stream. */
static void idle(struct reply *reply)
{
    char head[4096];
    long i;

    for (i = 0; i < repetitions; i++) {
        int stream;

        connected(reply);
        stream = connect_to();
        send_get(stream);
        /* Nothing but the head arrives. */
        if (read(stream, head, sizeof head) <= 0)
            fail("no stream");
    }
}

static void *thread(void *unused)
{
    struct reply reply = {NULL, NULL, 0, 0};
    int s = connect_to();
    long i;

    (void)unused;
    for (i = 0; i < repetitions / THREADS; i++)
        ping(s, i + 3, &reply);
    close(s);
    return NULL;
}

static void repeat(int s, struct reply *reply)
{
    long i;

    for (i = 0; i < repetitions; i++) {
        if (is("ping"))
            ping(s, i + 3, reply);
        else if (is("list10k"))
            list(s, i + 3, reply);
        else
            call(s, i + 3, reply);
    }
}

int main(int argc, char **argv)
{
    struct reply reply = {NULL, NULL, 0, 0};
    long i;
    int s;

    if (!parse(argc, argv))
        return 2;
    if (strncmp(workload, "stdio", 5) == 0)
        return over_pipe(argv[1]);
    if (!set_url(argv[1], argv[2]))
        return 2;
    begin();
    if (is("cold")) {
        for (i = 0; i < repetitions; i++)
            close(connected(&reply));
        return report();
    }
    s = connected(&reply);
    if (is("large")) {
        list(s, 3, &reply);
        free(reply.bytes);
        reply.bytes = NULL;
        arguments();
    }
    begin();
    if (is("progress"))
        progress(s, repetitions, &reply);
    else if (is("par8"))
        on_threads(thread);
    else if (is("started"))
        started(&reply);
    else if (is("idle"))
        idle(&reply);
    else
        repeat(s, &reply);
    return report();
}
