/* A server that costs next to nothing: one process, blocking reads, canned
 * replies to whole requests.  server PORT-FILE; ends with its parent. */
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
#include <unistd.h>

enum { MOST = 64, SIZE = 16384, TOOLS = 10000, LARGE = 10000000 };

static const char hello_stateless[] =
    "\"result\":{\"resultType\":\"complete\",\"supportedVersions\":"
    "[\"2026-07-28\"],\"capabilities\":{}}";
static const char no_method[] =
    "\"error\":{\"code\":-32601,\"message\":\"Method not found\"}";
static const char hello_session[] =
    "\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
    "\"serverInfo\":{\"name\":\"bench\",\"version\":\"1\"}}";

/* The large results, made once. */
static char *text1k, *text10m, *plain10m, *list10k;

static char *filled(const char *before, const char *pattern, size_t length,
                    const char *after)
{
    size_t step = strlen(pattern), at;
    char *out = malloc(strlen(before) + length + step + strlen(after) + 1);
    char *end = out + sprintf(out, "%s", before);

    for (at = 0; at + step <= length; at += step, end += step)
        memcpy(end, pattern, step);
    for (; at < length; at++)
        *end++ = 'x';
    strcpy(end, after);
    return out;
}

static void prepare(void)
{
    static const char before[] = "\"result\":{\"resultType\":\"complete\","
                                 "\"content\":[{\"type\":\"text\",\"text\":\"";
    static const char after[] = "\"}],\"isError\":false}";
    char *end;
    int i;

    text1k = filled(before, "A line of text. ", 1024, after);
    /* ten bytes that stand for eight */
    text10m = filled(before, "a\\nb\\\"cdef", LARGE, after);
    plain10m = filled(before, "A line of text. ", LARGE, after);
    list10k = malloc(TOOLS * 400 + 64);
    end = list10k + sprintf(list10k, "\"result\":{\"tools\":[");
    for (i = 0; i < TOOLS; i++)
        end += sprintf(end,
                       "%s{\"name\":\"tool_%05d\",\"title\":\"Tool %d\","
                       "\"description\":\"Does what tool number %d does, and "
                       "says so.\",\"inputSchema\":{\"type\":\"object\","
                       "\"properties\":{\"first\":{\"type\":\"string\"},"
                       "\"second\":{\"type\":\"integer\",\"minimum\":0}},"
                       "\"required\":[\"first\"]}}",
                       i > 0 ? "," : "", i, i, i);
    strcpy(end, "]}");
}

static int send_all(int socket, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(socket, bytes, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return 0;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 1;
}

/* An event stream: so many notifications, then the result. */
static int answer_with_progress(int socket, long id, long count)
{
    char *body = malloc((size_t)count * 160 + 512), *end = body, head[256];
    long i;
    int is_sent, length;

    for (i = 1; i <= count; i++)
        end += sprintf(end,
                       "event: message\r\ndata: {\"jsonrpc\":\"2.0\",\"method\":"
                       "\"notifications/progress\",\"params\":{\"progressToken\":"
                       "%ld,\"progress\":%ld,\"total\":%ld}}\r\n\r\n",
                       id, i, count);
    end += sprintf(end,
                   "event: message\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":%ld,"
                   "\"result\":{\"content\":[]}}\r\n\r\n", id);
    length = sprintf(head,
                     "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                     "content-length: %ld\r\n\r\n", (long)(end - body));
    is_sent = send_all(socket, head, (size_t)length) &&
              send_all(socket, body, (size_t)(end - body));
    free(body);
    return is_sent;
}

/* Answers the request in `in`, which is whole. */
static int answer(int socket, const char *in)
{
    int is_stateless = strncmp(in, "POST /stateless", 15) == 0;
    const char *body = strstr(in, "\r\n\r\n");
    const char *id = body != NULL ? strstr(body, "\"id\":") : NULL;
    const char *part = "\"result\":{}";
    char head[512], *out;
    long number = id != NULL ? atol(id + 5) : 0;
    size_t size;
    int length, is_sent;

    if (strncmp(in, "DELETE", 6) == 0) {
        length = sprintf(head, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        return send_all(socket, head, (size_t)length);
    }
    if (strncmp(in, "GET", 3) == 0) {
        length = sprintf(head, "HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n");
        return send_all(socket, head, (size_t)length);
    }
    if (strstr(body, "\"notifications/") != NULL) {
        length = sprintf(head, "HTTP/1.1 202 Accepted\r\n"
                               "content-length: 0\r\n\r\n");
        return send_all(socket, head, (size_t)length);
    }
    if (strstr(body, "\"server/discover\"") != NULL)
        part = is_stateless ? hello_stateless : no_method;
    else if (strstr(body, "\"initialize\"") != NULL)
        part = hello_session;
    else if (strstr(body, "\"tools/list\"") != NULL)
        part = list10k;
    else if (strstr(body, "\"text1k\"") != NULL)
        part = text1k;
    else if (strstr(body, "\"text10m\"") != NULL)
        part = text10m;
    else if (strstr(body, "\"plain10m\"") != NULL)
        part = plain10m;
    else if (strstr(body, "\"progress\"") != NULL) {
        const char *count = strstr(body, "\"count\":");

        return answer_with_progress(socket, number,
                                    count != NULL ? atol(count + 8) : 0);
    }
    size = strlen(part);
    length = sprintf(head, "{\"jsonrpc\":\"2.0\",\"id\":%ld,", number);
    out = malloc(size + 1024);
    length = sprintf(out,
                     "HTTP/1.1 200 OK\r\ncontent-type: application/json"
                     "\r\n%scontent-length: %lu\r\n\r\n%s",
                     part == hello_session ? "mcp-session-id: abcdef\r\n" : "",
                     (unsigned long)(size + (size_t)length + 1), head);
    memcpy(out + length, part, size);
    out[(size_t)length + size] = '}';
    is_sent = send_all(socket, out, (size_t)length + size + 1);
    free(out);
    return is_sent;
}

/* Whether the bytes are a whole request. */
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
