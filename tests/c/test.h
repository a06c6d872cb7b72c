/* A few macros for tests in C: each test has a name and a deadline, each
 * check says where it failed.  The program's arguments are the URL of the
 * test server and its token. */
#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mcpclient.h>

static int test_failures;
static int test_count;
static const char *test_url;
static const char *test_token;

/* How often a long test repeats, made smaller under slow tools. */
static long test_scale(long count)
{
    const char *scale = getenv("TEST_SCALE");

    return scale != NULL ? count / atol(scale) + 1 : count;
}

/* The address of a path of the test server, in a buffer that is used again
 * after four calls. */
static const char *test_path(const char *path)
{
    static char urls[4][512];
    static int next;
    char *url = urls[next++ % 4];

    sprintf(url, "%.200s%.200s", test_url, path);
    return url;
}

/* What the server sent may be missing: NULL is no text. */
static int is_text(const char *text, const char *expected)
{
    return text != NULL && expected != NULL && strcmp(text, expected) == 0;
}

static int has_text(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

/* Waits a little, for what another thread or process does meanwhile. */
static void nap(long milliseconds)
{
    struct timespec pause;

    pause.tv_sec = milliseconds / 1000;
    pause.tv_nsec = milliseconds % 1000 * 1000000;
    nanosleep(&pause, NULL);
}

#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            printf("%s:%d: not so: %s (last error: %s)\n", __FILE__,          \
                   __LINE__, #condition, mcp_error_message(NULL));            \
            test_failures++;                                                  \
            return;                                                           \
        }                                                                     \
    } while (0)

#define CHECK_STATUS(expected, call)                                          \
    do {                                                                      \
        int32_t test_status = (call);                                         \
        if (test_status != (expected)) {                                      \
            printf("%s:%d: %s is %s, not %s (last error: %s)\n", __FILE__,    \
                   __LINE__, #call, mcp_status_name(test_status),             \
                   mcp_status_name(expected), mcp_error_message(NULL));       \
            test_failures++;                                                  \
            return;                                                           \
        }                                                                     \
    } while (0)

#define RUN(test)                                                             \
    do {                                                                      \
        int test_before = test_failures;                                      \
        alarm(240);                                                            \
        test();                                                               \
        alarm(0);                                                             \
        test_count++;                                                         \
        printf("%s %s\n", test_failures == test_before ? "ok" : "FAILED",     \
               #test);                                                        \
        fflush(stdout);                                                       \
    } while (0)

#define BEGIN(argc, argv)                                                     \
    do {                                                                      \
        if ((argc) != 3)                                                      \
            return 2;                                                         \
        test_url = (argv)[1];                                                 \
        test_token = (argv)[2];                                               \
        (void)test_scale;                                                     \
        (void)test_path;                                                      \
        (void)is_text;                                                        \
        (void)has_text;                                                       \
        (void)nap;                                                            \
    } while (0)

#define END() return printf("%d tests, %d failed\n", test_count,              \
                            test_failures) < 0 || test_failures > 0

#endif
