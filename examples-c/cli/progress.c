/* Draws a bar on the terminal when a request reports progress. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

enum { CELLS = 24, MOST_MESSAGE = 40 };

static int is_shown;

static int can_show(void)
{
    const char *term = getenv("TERM");

    return isatty(2) && (term == NULL || strcmp(term, "dumb") != 0);
}

/* Returns 1 if the bar may be drawn again. */
static int is_due(void)
{
    static double last;
    struct timespec time;
    double now;

    clock_gettime(CLOCK_MONOTONIC, &time);
    now = (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
    if (now - last < 50.0)
        return 0;
    last = now;
    return 1;
}

/* Writes the beginning of a message and does not cut a character. */
static void put_beginning(const char *message)
{
    char text[4 * MOST_MESSAGE + 1];
    size_t i, n = 0, characters = 0;

    for (i = 0; message[i] != '\0' && i < sizeof text - 1; i++) {
        int begins = ((unsigned char)message[i] & 0xC0) != 0x80;

        if (begins && characters++ == MOST_MESSAGE)
            break;
        text[n++] = message[i];
    }
    text[n] = '\0';
    put_word(stderr, text);
}

void show_progress(void *userdata, mcp_request *request,
                   const mcp_progress *progress)
{
    double value = mcp_progress_value(progress);
    double total = mcp_progress_total(progress);
    const char *message = mcp_progress_message(progress);
    double part = total > 0 ? value / total : 0.0;
    int i, filled;

    (void)userdata;
    (void)request;
    if (!can_show() || (!is_due() && !(part >= 1.0)))
        return;
    fputc('\r', stderr);
    if (total > 0) {
        part = part >= 0.0 ? part : 0.0;
        part = part <= 1.0 ? part : 1.0;
        filled = (int)(part * CELLS + 0.5);
        fputc('[', stderr);
        for (i = 0; i < CELLS; i++)
            fputc(i < filled ? '=' : ' ', stderr);
        fprintf(stderr, "] %3.0f%%", 100.0 * part);
    } else {
        fprintf(stderr, "%.6g", value);
    }
    if (message != NULL) {
        fputc(' ', stderr);
        put_beginning(message);
    }
    fputs("\033[K", stderr);
    fflush(stderr);
    is_shown = 1;
}

void hide_progress(void)
{
    if (is_shown)
        fputs("\r\033[K", stderr);
    is_shown = 0;
}
