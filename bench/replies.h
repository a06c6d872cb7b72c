/* The replies that replies.py has written to files, for the two servers. */
#ifndef REPLIES_H
#define REPLIES_H

#include <stddef.h>
#include <sys/uio.h>

/* A text in a request, without an end of its own. */
struct text {
    const char *bytes;
    size_t length;
};

/* What a reply repeats of its request: the id and the progress token as they are
 * written there. */
struct values {
    struct text id, token;
    long progress;
};

/* Bytes that go before a hole. The last piece of a reply has no hole. */
enum hole { NO_HOLE, ID_HOLE, TOKEN_HOLE, PROGRESS_HOLE, LENGTH_HOLE };

enum { PIECES = 8, VECTORS = 2 * PIECES, DIGITS = 24 };

struct reply {
    char name[64];
    struct {
        struct text before;
        enum hole hole;
    } pieces[PIECES];
    int count;
    /* Of the body, without what goes into its holes; and as HTTP writes it. */
    size_t length;
    int base;
    struct reply *next;
};

/* The reply PATH.REQUEST, which is read when it is first used; NULL if there is
 * no such file. */
struct reply *find_reply(const char *folder, const char *path, const char *request);

/* Lists the pieces with the values in their holes; returns how many. `digits` is
 * where the numbers are written. */
int fill(const struct reply *reply, const struct values *values,
         struct iovec vectors[VECTORS], char digits[2 * DIGITS]);

/* The value of a member that is a number or a string, without quotes in it; empty
 * if it is not in the text. `name` has the quotes and the colon. */
struct text member(const char *text, const char *name);

#endif
