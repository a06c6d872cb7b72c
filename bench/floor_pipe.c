#define _GNU_SOURCE

#include "floor_pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "floor_json.h"

static int to, from;
static char line[65536];

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

static void send_line(const char *message, size_t length)
{
    if (write(to, message, length) != (ssize_t)length)
        fail("the server does not read");
}

/* Reads one line; nothing follows it before the next request. */
static size_t receive_line(void)
{
    size_t have = 0;

    do {
        ssize_t got = read(from, line + have, sizeof line - 1 - have);

        if (got <= 0)
            fail("the server ended");
        have += (size_t)got;
    } while (line[have - 1] != '\n');
    line[have] = '\0';
    return have;
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
        size_t have;

        send_line(request, (size_t)length);
        have = receive_line();
        if (is("stdiocall")) {
            char *text = strstr(line, "\"text\":\"") + 8;

            check_text(text, unescaped(text, line + have));
        }
    }
    return report();
}
