/* A server that costs as little as possible: one process, blocking reads, fixed
 * replies.  server PORT-FILE; it ends when its parent ends. */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MOST = 64, STREAMS = 16, SIZE = 16384, TOOLS = 10000, LARGE = 10000000 };

static const char hello_stateless[] =
    "\"result\":{\"resultType\":\"complete\",\"supportedVersions\":"
    "[\"2026-07-28\"],\"capabilities\":{},\"ttlMs\":0,"
    "\"cacheScope\":\"private\"}";
static const char no_method[] =
    "\"error\":{\"code\":-32601,\"message\":\"Method not found\"}";
static const char hello_session[] =
    "\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
    "\"serverInfo\":{\"name\":\"bench\",\"version\":\"1\"}}";

/* The parts of replies.  The large ones are made once and sent from there. */
struct part {
    const char *bytes;
    size_t length;
};

static struct part text1k, text10m, plain10m, list10k;

/* Event streams; each is made when it is first requested. */
static struct stream {
    long id, token, count;
    struct part body;
} streams[STREAMS];

static struct part part_of(const char *bytes)
{
    struct part part;

    part.bytes = bytes;
    part.length = strlen(bytes);
    return part;
}

static struct part filled(const char *before, const char *pattern,
                          size_t length, const char *after)
{
    size_t step = strlen(pattern), at;
    char *out = malloc(strlen(before) + length + step + strlen(after) + 1);
    char *end = out + sprintf(out, "%s", before);

    for (at = 0; at + step <= length; at += step, end += step)
        memcpy(end, pattern, step);
    for (; at < length; at++)
        *end++ = 'x';
    strcpy(end, after);
    return part_of(out);
}

static void prepare(void)
{
    static const char before[] = "\"result\":{\"resultType\":\"complete\","
                                 "\"content\":[{\"type\":\"text\",\"text\":\"";
    static const char after[] = "\"}],\"isError\":false}";
    char *list = malloc(TOOLS * 512 + 64), *end;
    int i;

    text1k = filled(before, "A line of text. ", 1024, after);
    /* 43 bytes of JSON for 42 bytes of text */
    text10m = filled(before, "A line of text with an escape at its end.\\n", LARGE,
                     after);
    plain10m = filled(before, "A line of text. ", LARGE, after);
    end = list + sprintf(list, "\"result\":{\"tools\":[");
    for (i = 0; i < TOOLS; i++)
        end += sprintf(end,
                       "%s{\"name\":\"tool_%05d\",\"title\":\"Tool %d\","
                       "\"description\":\"Does what tool number %d does, and "
                       "says so. Takes the name of what it is done to, and "
                       "how often; gives a line of text for each time.\",\"inputSchema\":{\"type\":\"object\","
                       "\"properties\":{\"first\":{\"type\":\"string\"},"
                       "\"second\":{\"type\":\"integer\",\"minimum\":0}},"
                       "\"required\":[\"first\"]}}",
                       i > 0 ? "," : "", i, i, i);
    strcpy(end, "]}");
    list10k = part_of(list);
}

static int send_all(int socket, struct part head, struct part body,
                    struct part tail)
{
    struct iovec pieces[3];
    struct msghdr message;

    memset(&message, 0, sizeof message);
    message.msg_iov = pieces;
    message.msg_iovlen = 3;
    pieces[0].iov_base = (char *)head.bytes;
    pieces[0].iov_len = head.length;
    pieces[1].iov_base = (char *)body.bytes;
    pieces[1].iov_len = body.length;
    pieces[2].iov_base = (char *)tail.bytes;
    pieces[2].iov_len = tail.length;
    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);

        if (sent < 0)
            return 0;
        while (message.msg_iovlen > 0 && (size_t)sent >= message.msg_iov->iov_len) {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen > 0) {
            message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
    return 1;
}

/* Makes an event stream: `count` notifications, then the result. */
static struct part progress_of(long id, long token, long count)
{
    static int next;
    struct stream *stream;
    char *body, *end;
    long i;

    for (i = 0; i < STREAMS; i++)
        if (streams[i].body.bytes != NULL && streams[i].id == id &&
            streams[i].token == token && streams[i].count == count)
            return streams[i].body;
    body = end = malloc((size_t)count * 160 + 512);
    for (i = 1; i <= count; i++)
        end += sprintf(end,
                       "event: message\r\ndata: {\"jsonrpc\":\"2.0\",\"method\":"
                       "\"notifications/progress\",\"params\":{\"progressToken\":"
                       "%ld,\"progress\":%ld,\"total\":%ld}}\r\n\r\n",
                       token, i, count);
    sprintf(end,
            "event: message\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":%ld,"
            "\"result\":{\"content\":[]}}\r\n\r\n", id);
    stream = &streams[next++ % STREAMS];
    free((char *)stream->body.bytes);
    stream->id = id;
    stream->token = token;
    stream->count = count;
    stream->body = part_of(body);
    return stream->body;
}

static int answer_with_progress(int socket, const char *body, long id)
{
    const char *count = strstr(body, "\"count\":");
    const char *token = strstr(body, "\"progressToken\":");
    struct part stream = progress_of(id, token != NULL ? atol(token + 16) : 0,
                                     count != NULL ? atol(count + 8) : 0);
    char head[256];

    sprintf(head,
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            "content-length: %zu\r\n\r\n", stream.length);
    return send_all(socket, part_of(head), stream, part_of(""));
}

static int answer_without_body(int socket, const char *status)
{
    char head[128];

    sprintf(head, "HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n", status);
    return send_all(socket, part_of(head), part_of(""), part_of(""));
}

/* Answers the complete request in `in`. */
static int answer(int socket, const char *in)
{
    int is_stateless = strncmp(in, "POST /stateless", 15) == 0;
    const char *body = strstr(in, "\r\n\r\n");
    const char *id = body != NULL ? strstr(body, "\"id\":") : NULL;
    struct part part = part_of("\"result\":{}");
    char head[512], start[64];
    long number = id != NULL ? atol(id + 5) : 0;

    if (strncmp(in, "DELETE", 6) == 0)
        return answer_without_body(socket, "200 OK");
    if (strncmp(in, "GET", 3) == 0)
        return answer_without_body(socket, "405 No");
    if (strstr(body, "\"notifications/") != NULL)
        return answer_without_body(socket, "202 Accepted");
    if (strstr(body, "\"server/discover\"") != NULL)
        part = part_of(is_stateless ? hello_stateless : no_method);
    else if (strstr(body, "\"initialize\"") != NULL)
        part = part_of(hello_session);
    else if (strstr(body, "\"tools/list\"") != NULL)
        part = list10k;
    else if (strstr(body, "\"text1k\"") != NULL)
        part = text1k;
    else if (strstr(body, "\"text10m\"") != NULL)
        part = text10m;
    else if (strstr(body, "\"plain10m\"") != NULL)
        part = plain10m;
    else if (strstr(body, "\"progress\"") != NULL)
        return answer_with_progress(socket, body, number);
    sprintf(start, "{\"jsonrpc\":\"2.0\",\"id\":%ld,", number);
    sprintf(head,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            "%scontent-length: %zu\r\n\r\n%s",
            part.bytes == hello_session ? "mcp-session-id: abcdef\r\n" : "",
            strlen(start) + part.length + 1, start);
    return send_all(socket, part_of(head), part, part_of("}"));
}

/* Returns 1 if the bytes are a complete request. */
static int is_whole(const char *in)
{
    const char *end = strstr(in, "\r\n\r\n");
    const char *length = strcasestr(in, "content-length:");

    if (end == NULL)
        return 0;
    if (length == NULL || length > end)
        return 1;
    return strlen(end + 4) >= (size_t)atol(length + 15);
}

int main(int argc, char **argv)
{
    static char in[MOST][SIZE];
    static size_t have[MOST];
    struct pollfd all[MOST];
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int i, count = 1, one = 1;
    FILE *file;

    if (argc != 2)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prepare();
    all[0].fd = socket(AF_INET, SOCK_STREAM, 0);
    all[0].events = POLLIN;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(all[0].fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(all[0].fd, MOST) != 0 ||
        getsockname(all[0].fd, (struct sockaddr *)&address, &length) != 0)
        return 1;
    file = fopen(argv[1], "w");
    if (file == NULL)
        return 1;
    fprintf(file, "%d\n", ntohs(address.sin_port));
    fclose(file);
    for (;;) {
        if (poll(all, (nfds_t)count, -1) < 0)
            return 1;
        for (i = count - 1; i > 0; i--) {
            ssize_t got;

            if (all[i].revents == 0)
                continue;
            got = recv(all[i].fd, in[i] + have[i], SIZE - 1 - have[i], 0);
            if (got > 0) {
                have[i] += (size_t)got;
                in[i][have[i]] = '\0';
            }
            if (got > 0 && !is_whole(in[i]))
                continue;
            have[i] = 0;
            if (got <= 0 || !answer(all[i].fd, in[i])) {
                close(all[i].fd);
                count--;
                all[i] = all[count];
                memcpy(in[i], in[count], SIZE);
                have[i] = have[count];
                have[count] = 0;
            }
        }
        if (all[0].revents != 0 && count < MOST) {
            int socket = accept(all[0].fd, NULL, NULL);

            setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            all[count].fd = socket;
            all[count].events = POLLIN;
            all[count].revents = 0;
            count++;
        }
    }
}
