/* A server that costs as little as possible: one process, blocking writes, replies
 * from files.  server PORT-FILE REPLIES; it ends when its parent ends.
 *
 * The path names the server whose replies it sends: see PATHS in replies.py. */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "replies.h"

enum { STREAMS = 16, SIZE = 16384, EVENTS = 64, BACKLOG = 4096, SEARCHED = 1024 };

/* A connection and what was read of its next request. */
struct connection {
    int socket;
    char *in;
    size_t size, have;
    /* Of the request; 0 until its head is complete. */
    size_t whole;
};

/* Streams with notifications; each is made when it is first requested. */
static struct stream {
    char path[64], token[32], id[32];
    long count;
    struct iovec bytes;
} streams[STREAMS];

/* The tools, which are the names of their replies. */
static const char *const tools[] = {"text1k", "text10m", "plain10m", "structured",
                                    "tool_00000"};

static const char *folder;

static int send_all(int socket, struct iovec *vectors, int count)
{
    struct msghdr message;

    memset(&message, 0, sizeof message);
    message.msg_iov = vectors;
    message.msg_iovlen = (size_t)count;
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

static int send_text(int socket, const char *text)
{
    struct iovec vector;

    vector.iov_base = (char *)text;
    vector.iov_len = strlen(text);
    return send_all(socket, &vector, 1);
}

/* Sends the reply of the path's server to a request. */
static int answer_with(int socket, const char *path, const char *request,
                       const struct values *values)
{
    struct reply *reply = find_reply(folder, path, request);
    struct iovec vectors[VECTORS];
    char digits[2 * DIGITS];

    if (reply == NULL)
        return send_text(socket, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    return send_all(socket, vectors, fill(reply, values, vectors, digits));
}

static char *append(char *end, const struct reply *reply, const struct values *values)
{
    struct iovec vectors[VECTORS];
    char digits[2 * DIGITS];
    int i, count = fill(reply, values, vectors, digits);

    for (i = 0; i < count; i++) {
        memcpy(end, vectors[i].iov_base, vectors[i].iov_len);
        end += vectors[i].iov_len;
    }
    return end;
}

/* Sends `count` notifications and the result. */
static int answer_with_progress(int socket, const char *path, long count,
                                struct values *values)
{
    static int next;
    struct reply *head = find_reply(folder, path, "progress-head");
    struct reply *event = find_reply(folder, path, "progress-event");
    struct reply *last = find_reply(folder, path, "progress-end");
    struct stream *stream, wanted;
    struct iovec vector;
    char *end;
    int i;

    if (head == NULL || event == NULL || last == NULL)
        return 0;
    memset(&wanted, 0, sizeof wanted);
    wanted.count = count;
    snprintf(wanted.path, sizeof wanted.path, "%s", path);
    snprintf(wanted.token, sizeof wanted.token, "%.*s", (int)values->token.length,
             values->token.bytes);
    snprintf(wanted.id, sizeof wanted.id, "%.*s", (int)values->id.length,
             values->id.bytes);
    for (i = 0; i < STREAMS; i++) {
        vector = streams[i].bytes;
        if (vector.iov_base != NULL &&
            memcmp(&streams[i], &wanted, offsetof(struct stream, bytes)) == 0)
            return send_all(socket, &vector, 1);
    }
    stream = &streams[next++ % STREAMS];
    free(stream->bytes.iov_base);
    wanted.bytes.iov_base = end = malloc(((size_t)count + 16) * 512);
    end = append(end, head, values);
    for (values->progress = 1; values->progress <= count; values->progress++)
        end = append(end, event, values);
    end = append(end, last, values);
    wanted.bytes.iov_len = (size_t)(end - (char *)wanted.bytes.iov_base);
    *stream = wanted;
    vector = stream->bytes;
    return send_all(socket, &vector, 1);
}

/* Returns the reply's name for a request that begins with `body`. */
static const char *request_of(const char *body)
{
    static char quoted[32];
    size_t i;

    if (strstr(body, "\"notifications/") != NULL)
        return "accepted";
    if (strstr(body, "\"server/discover\"") != NULL)
        return "discover";
    if (strstr(body, "\"initialize\"") != NULL)
        return "initialize";
    if (strstr(body, "\"tools/list\"") != NULL)
        return "tools";
    for (i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        sprintf(quoted, "\"%s\"", tools[i]);
        if (strstr(body, quoted) != NULL)
            return tools[i];
    }
    return "ping";
}

/* Answers the complete request of a connection. */
static int answer(struct connection *connection)
{
    const char *in = connection->in, *start = strchr(in, '/') + 1;
    const char *body = strstr(in, "\r\n\r\n") + 4, *count;
    struct values values;
    char path[64], *at;

    if (strncmp(in, "DELETE", 6) == 0)
        return send_text(connection->socket, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    snprintf(path, sizeof path, "%.*s", (int)strcspn(start, " "), start);
    for (at = path; *at != '\0'; at++)
        if (*at == '/')
            *at = '-';
    memset(&values, 0, sizeof values);
    if (strncmp(in, "GET", 3) == 0)
        return answer_with(connection->socket, path, "stream", &values);
    /* Nothing behind the start of large arguments is of interest. */
    if (strlen(body) > SEARCHED)
        ((char *)body)[SEARCHED] = '\0';
    values.id = member(body, "\"id\":");
    values.token = member(body, "\"progressToken\":");
    count = strstr(body, "\"count\":");
    if (strstr(body, "\"progress\"") != NULL && count != NULL)
        return answer_with_progress(connection->socket, path, atol(count + 8), &values);
    return answer_with(connection->socket, path, request_of(body), &values);
}

/* Finds out the length of a request whose head is complete, and makes room. */
static void measure(struct connection *connection)
{
    const char *end = strstr(connection->in, "\r\n\r\n");
    const char *length = strcasestr(connection->in, "content-length:");

    if (end == NULL)
        return;
    connection->whole = (size_t)(end + 4 - connection->in);
    if (length != NULL && length < end)
        connection->whole += (size_t)atol(length + 15);
    if (connection->whole >= connection->size) {
        connection->size = connection->whole + 1;
        connection->in = realloc(connection->in, connection->size);
    }
}

/* Reads once; returns 0 when the connection is over. */
static int serve(struct connection *connection)
{
    ssize_t got = recv(connection->socket, connection->in + connection->have,
                       connection->size - 1 - connection->have, 0);

    if (got <= 0)
        return 0;
    connection->have += (size_t)got;
    connection->in[connection->have] = '\0';
    if (connection->whole == 0)
        measure(connection);
    if (connection->whole == 0 || connection->have < connection->whole)
        return 1;
    connection->have = connection->whole = 0;
    return answer(connection);
}

static struct connection *accepted(int listener)
{
    struct connection *connection = calloc(1, sizeof *connection);
    int one = 1;

    connection->socket = accept(listener, NULL, NULL);
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection->size = SIZE;
    connection->in = malloc(SIZE);
    return connection;
}

static int listening(const char *port_file)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    FILE *file;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, BACKLOG) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        exit(1);
    file = fopen(port_file, "w");
    if (file == NULL)
        exit(1);
    fprintf(file, "%d\n", ntohs(address.sin_port));
    fclose(file);
    return listener;
}

static void watch(int poll, int socket, void *pointer)
{
    struct epoll_event event;

    event.events = EPOLLIN;
    event.data.ptr = pointer;
    if (epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event) != 0)
        exit(1);
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    int i, count, listener, poll = epoll_create1(0);

    if (argc != 3)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    folder = argv[2];
    listener = listening(argv[1]);
    watch(poll, listener, NULL);
    for (;;) {
        count = epoll_wait(poll, events, EVENTS, -1);
        for (i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;

            if (connection == NULL) {
                connection = accepted(listener);
                watch(poll, connection->socket, connection);
            } else if (!serve(connection)) {
                close(connection->socket);
                free(connection->in);
                free(connection);
            }
        }
    }
}
