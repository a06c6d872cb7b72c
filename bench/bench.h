/* Shared by the C clients: they take the same arguments and print the same
 * line. */
#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* CLIENT URL TOKEN WORKLOAD N: runs the workload N times on one connection.
 * `cold` makes a new client for each ping; `progress` is one call with N
 * notifications; `par8` is N calls on eight threads in total. */
static const char *workload;
static long repetitions;

enum { THREADS = 8, TOOLS = 10000 };

static int is(const char *name)
{
    return strcmp(workload, name) == 0;
}

static int parse(int argc, char **argv)
{
    if (argc != 5)
        return 0;
    workload = argv[3];
    repetitions = atol(argv[4]);
    return repetitions > 0;
}

/* The tool that a workload calls; NULL if it calls none. */
static const char *tool(void)
{
    if (is("call1k") || is("call2026") || is("par8"))
        return "text1k";
    if (is("call10m"))
        return "text10m";
    if (is("call10mplain"))
        return "plain10m";
    if (is("structured"))
        return "structured";
    return is("progress") ? "progress" : NULL;
}

/* The length of the text that the tool returns. */
static size_t due(void)
{
    return is("call10m") || is("call10mplain") ? 10000000 : 1024;
}

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", workload, what);
    exit(1);
}

/* Writes the peak memory of this process to the file that BENCH_MEMORY names.
 * The value that the parent could read includes the parent's own pages. */
static void report_memory(void)
{
    const char *path = getenv("BENCH_MEMORY");
    FILE *from = path != NULL ? fopen("/proc/self/status", "r") : NULL;
    FILE *to = from != NULL ? fopen(path, "w") : NULL;
    char line[256];

    while (to != NULL && fgets(line, sizeof line, from) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            fprintf(to, "%ld\n", atol(line + 6));
    if (to != NULL)
        fclose(to);
    if (from != NULL)
        fclose(from);
}

static int report(long long start)
{
    printf("%s %ld %lld\n", workload, repetitions, now_ns() - start);
    report_memory();
    return 0;
}

#endif
