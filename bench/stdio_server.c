/* The server for stdio: a line is a message.  It ends when its input ends.  The
 * replies are in the folder "replies" beside the program. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replies.h"

enum { SIZE = 1 << 16 };

static const char *folder;

/* Answers a message that ends with a NUL. */
static void answer(const char *line)
{
    struct values values;
    struct iovec vectors[VECTORS];
    struct reply *reply;
    char digits[2 * DIGITS];
    const char *request = "ping";

    memset(&values, 0, sizeof values);
    values.id = member(line, "\"id\":");
    if (values.id.length == 0)
        return;
    if (strstr(line, "\"initialize\"") != NULL)
        request = "initialize";
    else if (strstr(line, "\"text1k\"") != NULL)
        request = "text1k";
    else if (strstr(line, "\"server/discover\"") != NULL)
        request = "discover";
    reply = find_reply(folder, "stdio", request);
    if (reply == NULL ||
        writev(1, vectors, fill(reply, &values, vectors, digits)) < 0)
        exit(1);
}

int main(int argc, char **argv)
{
    static char in[SIZE], path[512];
    size_t have = 0;

    (void)argc;
    snprintf(path, sizeof path, "%.*sreplies",
             (int)(strrchr(argv[0], '/') + 1 - argv[0]), argv[0]);
    folder = path;
    for (;;) {
        ssize_t got = read(0, in + have, SIZE - have);
        char *line = in, *end;

        if (got <= 0)
            return 0;
        have += (size_t)got;
        while ((end = memchr(line, '\n', have - (size_t)(line - in))) != NULL) {
            *end = '\0';
            answer(line);
            line = end + 1;
        }
        have -= (size_t)(line - in);
        memmove(in, line, have);
    }
}
