/* The bytes from and to the host: one message on each line. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy.h"

enum { AT_A_TIME = 65536 };

/* POSIX promises that a pipe that poll() calls writable takes this much
 * without a wait. */
#ifdef PIPE_BUF
enum { AT_ONCE = PIPE_BUF };
#else
enum { AT_ONCE = 512 };
#endif

/* Opens the pipe of standard output a second time, for writes that do not
 * wait: hosts read large messages many times faster in large pieces.  The
 * descriptor itself stays in blocking mode, because other processes may share
 * it.  Where that is not possible, the pieces are small. */
void open_pipe(struct proxy *proxy)
{
    struct stat kind;

    proxy->pipe = -1;
    if (fstat(1, &kind) == 0 && S_ISFIFO(kind.st_mode))
        proxy->pipe = open("/proc/self/fd/1",
                           O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

static ssize_t write_some(const struct proxy *proxy, const char *from,
                          size_t length)
{
    ssize_t count;

    if (proxy->pipe >= 0)
        return write(proxy->pipe, from, length);
    count = send(1, from, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == ENOTSOCK)
        count = write(1, from, length < AT_ONCE ? length : AT_ONCE);
    return count;
}

/* Takes the whole lines that have arrived. */
static void take_lines(struct proxy *proxy)
{
    struct buffer *line = &proxy->line;
    size_t from = 0;

    for (;;) {
        char *begin = line->data + from;
        char *at = (char *)memchr(begin + proxy->scanned, '\n',
                                  line->length - from - proxy->scanned);
        struct text message;

        if (at == NULL)
            break;
        message = cut_json(begin, (size_t)(at - begin));
        from += (size_t)(at - begin) + 1;
        proxy->scanned = 0;
        if (!proxy->is_skipping && message.length > 0)
            take_message(proxy, message);
        proxy->is_skipping = 0;
    }
    line->length -= from;
    if (from > 0)
        memmove(line->data, line->data + from, line->length);
    proxy->scanned = line->length;
    if (line->length > MOST_LINE_BYTES) {
        if (!proxy->is_skipping)
            take_long_message(proxy, cut_json(line->data, line->length));
        proxy->is_skipping = 1;
    }
    if (proxy->is_skipping || line->length == 0) {
        empty(line);
        proxy->scanned = 0;
    }
}

/* Reads what is there.  Call it when poll() says that there is something. */
void read_host(struct proxy *proxy)
{
    char bytes[AT_A_TIME];
    ssize_t count = read(0, bytes, sizeof bytes);

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (count > 0)
        add_bytes(&proxy->line, bytes, (size_t)count);
    else if (proxy->line.length > 0) /* the last line may lack its end */
        add(&proxy->line, "\n");
    if (count <= 0)
        proxy->has_ended = 1;
    if (proxy->line.length > 0)
        take_lines(proxy);
}

size_t waiting_bytes(const struct proxy *proxy)
{
    return proxy->out.length - proxy->sent;
}

/* Writes what the host takes now.  Call it when poll() says that it does. */
void write_host(struct proxy *proxy)
{
    const char *from = proxy->out.data + proxy->sent;
    size_t length = waiting_bytes(proxy);
    ssize_t count = write_some(proxy, from, length);

    if (count < 0 && errno != EINTR && errno != EAGAIN &&
        errno != EWOULDBLOCK) {
        proxy->is_broken = 1;
        if (errno != EPIPE && errno != ECONNRESET) /* the host has ended */
            proxy->write_fault = errno;
    }
    if (count > 0) {
        proxy->sent += (size_t)count;
        proxy->has_left = 0; /* it does read */
    }
    if (proxy->sent == proxy->out.length) {
        empty(&proxy->out);
        proxy->sent = 0;
    } else if (proxy->sent > MOST_WAITING &&
               proxy->sent > proxy->out.length / 2) {
        proxy->out.length -= proxy->sent;
        memmove(proxy->out.data, proxy->out.data + proxy->sent,
                proxy->out.length);
        proxy->sent = 0;
    }
}
