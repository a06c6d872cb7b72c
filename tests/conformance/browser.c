/*
 * A browser for tests, whose person agrees to everything.
 *
 * It fetches a sign-in page, whose server sends it on at once, and then the
 * address that it was sent to.  That is where the library listens, which
 * answers when the callback that calls this is over: so the second request is
 * sent and not waited for, and waits itself where connections do.
 */
#define _POSIX_C_SOURCE 200809L

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "browser.h"

/* More than any address or head of a test has. */
#define SIZE 16384

/* Connects to the first address of a host that takes it; -1 if none does. */
static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints, *first, *one;
    int fd = -1;

    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &first) != 0)
        return -1;
    for (one = first; one != NULL && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(first);
    return fd;
}

/* Sends a request for a page; gives the connection, or -1. */
static int request(const char *url)
{
    char host[256], port[6], text[SIZE];
    int target = 0, len, fd;

    if (sscanf(url, "http://%255[^:/]:%5[0-9]%n", host, port, &target) != 2)
        return -1;
    len = snprintf(text, sizeof text,
                   "GET %s HTTP/1.1\r\nHost: %s:%s\r\n"
                   "Connection: close\r\n\r\n", url + target, host, port);
    if (len >= (int)sizeof text || (fd = connect_to(host, port)) < 0)
        return -1;
    if (send(fd, text, (size_t)len, 0) == len)
        return fd;
    close(fd);
    return -1;
}

/* Reads the head of an answer, or as much of it as there is. */
static void read_head(int fd, char *head, size_t size)
{
    size_t len = 0;
    ssize_t got;

    do {
        got = recv(fd, head + len, size - 1 - len, 0);
        if (got > 0)
            len += (size_t)got;
        head[len] = '\0';
    } while (got > 0 && strstr(head, "\r\n\r\n") == NULL);
}

/* Finds where a head sends its reader to, and ends it there; NULL if it does
 * not. */
static char *location(char *head)
{
    static const char name[] = "location: ";
    char *line = strstr(head, "\r\n");

    for (; line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, sizeof name - 1) == 0) {
            line += sizeof name - 1;
            line[strcspn(line, "\r\n")] = '\0';
            return line;
        }
    }
    return NULL;
}

int browse(const char *url)
{
    char head[SIZE], *next;
    int fd = request(url);

    if (fd < 0) {
        fprintf(stderr, "the sign-in page cannot be asked for\n");
        return -1;
    }
    read_head(fd, head, sizeof head);
    close(fd);
    next = location(head);
    if (next == NULL) {
        head[strcspn(head, "\r\n")] = '\0';
        fprintf(stderr, "the sign-in page sends nobody on: %s\n", head);
        return -1;
    }
    fd = request(next);
    if (fd < 0) {
        fprintf(stderr, "nobody listens where the sign-in page sends to\n");
        return -1;
    }
    close(fd);
    return 0;
}
