#define _GNU_SOURCE

#include "floor_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

static char host[64], path[128], session[128];
static const char *token;
static int port;

int set_url(const char *url, const char *bearer)
{
    token = bearer;
    return sscanf(url, "http://%63[^:]:%d%127s", host, &port, path) == 3;
}

int is_stateless(void)
{
    return strncmp(path, "/stateless", 10) == 0;
}

void forget_session(void)
{
    session[0] = '\0';
}

int connect_to(void)
{
    struct sockaddr_in address;
    int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    inet_pton(AF_INET, host, &address.sin_addr);
    if (connect(s, (struct sockaddr *)&address, sizeof address) != 0)
        fail("the server does not listen");
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return s;
}

static void write_all(int s, struct iovec *pieces, int count)
{
    while (count > 0) {
        ssize_t sent = writev(s, pieces, count);

        if (sent < 0)
            fail("the server does not read");
        while (count > 0 && (size_t)sent >= pieces->iov_len) {
            sent -= (ssize_t)pieces->iov_len;
            pieces++;
            count--;
        }
        if (count > 0) {
            pieces->iov_base = (char *)pieces->iov_base + sent;
            pieces->iov_len -= (size_t)sent;
        }
    }
}

/* Writes the head up to the length of the body.  It is the same for all requests with
 * the same headers, so each thread keeps the last one. */
static size_t write_head(char *out, const char *headers)
{
    static __thread char last[2048];
    static __thread const char *last_headers;
    static __thread size_t length;

    if (headers != last_headers) {
        last_headers = is_stateless() || session[0] != '\0' ? headers : NULL;
        length = (size_t)sprintf(
            last,
            "POST %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: libmcpclient/0.1.0\r\n"
            "Authorization: Bearer %s\r\n"
            "Accept: application/json, text/event-stream\r\n"
            "Accept-Encoding: identity\r\nContent-Type: application/json\r\n%s%s"
            "Content-Length: ",
            path, host, port, token, headers, session);
    }
    memcpy(out, last, length);
    return length;
}

void send_request(int s, const char *headers, const struct iovec *body, int count)
{
    char out[4096];
    struct iovec pieces[MOST_PIECES + 1];
    size_t length = 0, head = write_head(out, headers);
    int i;

    for (i = 0; i < count; i++)
        length += body[i].iov_len;
    head += (size_t)sprintf(out + head, "%zu\r\n\r\n", length);
    if (head + length > sizeof out) {
        pieces[0].iov_base = out;
        pieces[0].iov_len = head;
        memcpy(pieces + 1, body, (size_t)count * sizeof *body);
        write_all(s, pieces, count + 1);
        return;
    }
    for (i = 0; i < count; head += body[i++].iov_len)
        memcpy(out + head, body[i].iov_base, body[i].iov_len);
    if (write(s, out, head) != (ssize_t)head)
        fail("the server does not read");
}

void send_get(int s)
{
    char out[1024];
    int length = sprintf(
        out,
        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: libmcpclient/0.1.0\r\n"
        "Authorization: Bearer %s\r\nAccept: text/event-stream\r\n"
        "Accept-Encoding: identity\r\nMCP-Protocol-Version: 2025-11-25\r\n%s\r\n",
        path, host, port, token, session);

    if (write(s, out, (size_t)length) != length)
        fail("the server does not read");
}

/* Reads until `wanted` bytes have arrived; returns how many have. */
static size_t read_until(int s, struct reply *reply, size_t have, size_t wanted)
{
    if (wanted >= reply->size) {
        size_t body = (size_t)(reply->body - reply->bytes);

        reply->size = wanted + 16;
        reply->bytes = realloc(reply->bytes, reply->size);
        reply->body = reply->bytes + body;
    }
    while (have < wanted) {
        ssize_t got = read(s, reply->bytes + have, reply->size - 1 - have);

        if (got <= 0)
            fail("the server closed the connection");
        have += (size_t)got;
    }
    reply->bytes[have] = '\0';
    return have;
}

/* Reads chunks.  Each chunk is an event, and the last event has the result. */
static void receive_chunks(int s, struct reply *reply, size_t have)
{
    size_t at = (size_t)(reply->body - reply->bytes), size, last = at, last_size = 0;
    char *end;

    for (;;) {
        while ((end = strchr(reply->bytes + at, '\n')) == NULL)
            have = read_until(s, reply, have, have + 1);
        size = strtoul(reply->bytes + at, NULL, 16);
        at = (size_t)(end + 1 - reply->bytes);
        have = read_until(s, reply, have, at + size + 2);
        if (size == 0)
            break;
        last = at;
        last_size = size;
        at += size + 2;
    }
    reply->body = reply->bytes + last;
    reply->body[last_size] = '\0';
    reply->length = last_size;
}

void receive(int s, struct reply *reply)
{
    size_t have = 0;
    const char *length;
    char *end;

    if (reply->bytes == NULL) {
        reply->size = 16384;
        reply->bytes = malloc(reply->size);
    }
    reply->body = reply->bytes;
    do
        have = read_until(s, reply, have, have + 1);
    while ((end = strstr(reply->bytes, "\r\n\r\n")) == NULL);
    if (strncmp(reply->bytes, "HTTP/1.1 20", 11) != 0)
        fail("the server refused");
    if (session[0] == '\0' &&
        (length = strstr(reply->bytes, "mcp-session-id: ")) != NULL)
        sprintf(session, "Mcp-Session-Id: %.*s\r\n", (int)strcspn(length + 16, "\r"),
                length + 16);
    *end = '\0';
    length = strstr(reply->bytes, "content-length:");
    reply->body = end + 4;
    if (length == NULL) {
        receive_chunks(s, reply, have);
        return;
    }
    reply->length = (size_t)atol(length + 15);
    read_until(s, reply, have, (size_t)(reply->body - reply->bytes) + reply->length);
}
