/* HTTP for the floor: a blocking socket, one write, one read, minimal parsing.  It
 * sends what the library sends, and relies on what the bench's server does. */
#ifndef FLOOR_HTTP_H
#define FLOOR_HTTP_H

#include <stddef.h>
#include <sys/uio.h>

enum { MOST_PIECES = 3 };

/* A reply, in a buffer that is reused for the next one. */
struct reply {
    char *bytes, *body;
    size_t size, length;
};

/* Takes a URL apart; returns 0 if it is none. */
int set_url(const char *url, const char *token);

int is_stateless(void);

/* Forgets the session: the next request begins one. */
void forget_session(void);

int connect_to(void);

/* `headers` are those that not every request has; `body` has at most MOST_PIECES
 * pieces. */
void send_request(int s, const char *headers, const struct iovec *body, int count);
void send_get(int s);

/* Reads a reply; its body, or the last event of its body, ends with a NUL. */
void receive(int s, struct reply *reply);

#endif
