/* What the three clients share: the same arguments, the same line printed. */
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

/* CLIENT URL TOKEN WORKLOAD N; `ping` is N pings on a connection that is
 * made, `cold` is N times all from the beginning to the first ping. */
static int is_cold;
static long repetitions;

static int parse(int argc, char **argv)
{
    if (argc != 5)
        return 0;
    is_cold = strcmp(argv[3], "cold") == 0;
    repetitions = atol(argv[4]);
    return repetitions > 0;
}

/* Leaves the peak memory of this process in the file that BENCH_MEMORY names:
 * what the parent is told would count its own pages before the start. */
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
    printf("%s %ld %lld\n", is_cold ? "cold" : "ping", repetitions,
           now_ns() - start);
    report_memory();
    return 0;
}

#endif
