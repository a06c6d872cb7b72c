#define _GNU_SOURCE

#include "floor_pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static int to, from;

static void start(const char *program)
{
    int in[2], out[2];

    if (pipe(in) != 0 || pipe(out) != 0)
        fail("no pipe");
    if (fork() == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to = in[1];
    from = out[0];
}

static void send_line(const char *line, size_t length)
{
    if (write(to, line, length) != (ssize_t)length)
        fail("the server does not read");
}

/* Reads one line; nothing follows it before the next request. */
static char *receive_line(void)
{
    static char line[65536];
    size_t have = 0;

    do {
        ssize_t got = read(from, line + have, sizeof line - 1 - have);

        if (got <= 0)
            fail("the server ended");
        have += (size_t)got;
    } while (line[have - 1] != '\n');
    line[have] = '\0';
    return line;
}

/* The length of a text with the escapes \n and \", which is read in place. */
static size_t text_length(char *line)
{
    char *from_at = strstr(line, "\"text\":\"") + 8, *at = from_at, *end = at;

    for (; *at != '"'; at++) {
        if (*at == '\\' && *++at == 'n')
            *at = '\n';
        *end++ = *at;
    }
    *end = '\0';
    return (size_t)(end - from_at);
}

int over_pipe(const char *program)
{
    static const char initialize[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
        "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
        "\"clientInfo\":{\"name\":\"floor\",\"version\":\"1\"}}}\n";
    static const char initialized[] =
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";
    char request[512];
    long i;

    start(program);
    send_line(initialize, strlen(initialize));
    receive_line();
    send_line(initialized, strlen(initialized));
    begin();
    for (i = 0; i < repetitions; i++) {
        int length = is("stdioping")
            ? sprintf(request, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"ping\"}\n",
                      i + 3)
            : sprintf(request, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"tools/call\","
                               "\"params\":{\"name\":\"text1k\",\"arguments\":{}}}\n",
                      i + 3);
        char *line;

        send_line(request, (size_t)length);
        line = receive_line();
        if (is("stdiocall") && text_length(line) != due())
            fail("another text");
    }
    return report();
}
