/* A game with 60 frames a second that calls a tool again and again.  No function
 * of the library that it calls can block, so that no frame is late:
 *
 *     MCPCLIENT_TOKEN=... game URL TOOL [ARGUMENTS [FRAMES]]
 *
 * The program counts how often the library gave up the processor in a frame, and
 * the time that it took there.  For other loops see docs/event-loops.md. */
#define _GNU_SOURCE /* RUSAGE_THREAD, where the system has it */

#include <mcpclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { FRAMES_PER_SECOND = 60, NANOSECONDS = 1000000000 };

struct game {
    mcp_client *client;
    const char *tool;
    const char *arguments;
    long answers;
    long failures;
    size_t bytes;
};

/* What the library used of this thread. */
struct cost {
    long switches;    /* how often it waited */
    double longest;   /* seconds in one frame */
    double total;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / NANOSECONDS;
}

/* How often this thread has waited for something. */
static long switches(void)
{
#ifdef RUSAGE_THREAD
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
#else
    return 0;
#endif
}

/* Runs inside mcp_client_dispatch(): the game may take the answer at once. */
static void on_done(void *userdata, mcp_request *request)
{
    struct game *game = userdata;
    mcp_result *result = NULL;

    if (mcp_request_take_result(request, &result) == MCP_OK) {
        size_t length = 0;

        mcp_result_text(result, &length);
        game->answers++;
        game->bytes += length;
    } else {
        game->failures++;
        fprintf(stderr, "%s\n", mcp_error_message(mcp_request_error(request)));
    }
    mcp_result_free(result);
    mcp_request_free(request);
}

static void ask(struct game *game)
{
    mcp_request *request =
        mcp_request_new_call_tool(game->client, game->tool, game->arguments);

    if (request == NULL ||
        mcp_request_set_done(request, on_done, game, NULL) != MCP_OK ||
        mcp_request_start(request) != MCP_OK) {
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
        game->failures++;
        mcp_request_free(request);
    }
}

/* One frame: the library first, then what a game does. */
static void play_frame(struct game *game, long frame, struct cost *cost)
{
    double begun = now();
    long before = switches();

    if (frame % 15 == 0) /* four times a second */
        ask(game);
    mcp_client_dispatch(game->client, 0);
    cost->switches += switches() - before;
    begun = now() - begun;
    cost->total += begun;
    if (begun > cost->longest)
        cost->longest = begun;
}

/* Sleeps until the next frame, as a game waits for the display. */
static void await_frame(struct timespec *next)
{
    next->tv_nsec += NANOSECONDS / FRAMES_PER_SECOND;
    if (next->tv_nsec >= NANOSECONDS) {
        next->tv_nsec -= NANOSECONDS;
        next->tv_sec++;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

int main(int argc, char **argv)
{
    struct game game = {NULL, NULL, NULL, 0, 0, 0};
    struct cost cost = {0, 0, 0};
    struct timespec next;
    long frames = argc > 4 ? strtol(argv[4], NULL, 10) : 600;
    long frame;

    if (argc < 3) {
        fprintf(stderr, "usage: game URL TOOL [ARGUMENTS [FRAMES]]\n");
        return 2;
    }
    game.tool = argv[2];
    game.arguments = argc > 3 ? argv[3] : NULL;
    game.client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (game.client == NULL) {
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (frame = 0; frame < frames; frame++) {
        play_frame(&game, frame, &cost);
        await_frame(&next);
    }
    printf("%ld frames, %ld answers with %.1f MB, %ld failures\n", frame,
           game.answers, (double)game.bytes / 1e6, game.failures);
    printf("in the library: waited %ld times, %.3f ms in the longest frame, "
           "%.3f ms for each frame\n",
           cost.switches, cost.longest * 1e3, cost.total * 1e3 / (double)frame);
    mcp_client_free(game.client);
    return game.failures > 0;
}
