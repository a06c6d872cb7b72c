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

enum { MOST = 64, SIZE = 16384 };

static const char hello_stateless[] =
    "\"result\":{\"resultType\":\"complete\",\"supportedVersions\":"
    "[\"2026-07-28\"],\"capabilities\":{}}";
static const char no_method[] =
    "\"error\":{\"code\":-32601,\"message\":\"Method not found\"}";
static const char hello_session[] =
    "\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
    "\"serverInfo\":{\"name\":\"bench\",\"version\":\"1\"}}";

/* Answers the request in `in`, which is whole. */
static int answer(int socket, const char *in)
{
    int is_stateless = strncmp(in, "POST /stateless", 15) == 0;
    const char *id = strstr(in, "\"id\":");
    const char *part = "\"result\":{}";
    char body[512], out[1024];
    int length;

    if (strncmp(in, "DELETE", 6) == 0)
        length = sprintf(out, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    else if (strstr(in, "\"notifications/") != NULL)
        length = sprintf(out, "HTTP/1.1 202 Accepted\r\n"
                              "content-length: 0\r\n\r\n");
    else {
        if (strstr(in, "\"server/discover\"") != NULL)
            part = is_stateless ? hello_stateless : no_method;
        else if (strstr(in, "\"initialize\"") != NULL)
            part = hello_session;
        length = sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,%s}",
                         id != NULL ? atol(id + 5) : 0, part);
        length = sprintf(out,
                         "HTTP/1.1 200 OK\r\ncontent-type: application/json"
                         "\r\n%scontent-length: %d\r\n\r\n%s",
                         part == hello_session ? "mcp-session-id: abcdef\r\n"
                                               : "", length, body);
    }
    return send(socket, out, (size_t)length, MSG_NOSIGNAL) == length;
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
