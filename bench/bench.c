#define _GNU_SOURCE

#include "bench.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *workload;
long repetitions;

/* What a process has at a time. */
struct usage {
    long long time, cpu;
    long peak, resident, threads, descriptors;
};

static struct usage before;

int parse(int argc, char **argv)
{
    /* Those that call no tool. */
    static const char *const others[] = {"ping", "stdioping", "list10k", "par8",
                                         "idle", "cold"};
    size_t i;

    workload = argc == 5 ? argv[3] : "";
    repetitions = argc == 5 ? atol(argv[4]) : 0;
    for (i = 0; i < sizeof others / sizeof others[0]; i++)
        if (repetitions > 0 && is(others[i]))
            return 1;
    if (repetitions > 0 && tool() != NULL)
        return 1;
    fprintf(stderr, "usage: %s WHERE TOKEN WORKLOAD N, with a workload of "
                    "bench/workloads.py and N of 1 or more\n", argv[0]);
    return 0;
}

int is(const char *name)
{
    return strcmp(workload, name) == 0;
}

const char *tool(void)
{
    static const char *const tools[][2] = {
        {"call1k", "text1k"}, {"call2026", "text1k"},
        {"started", "text1k"}, {"stdiocall", "text1k"}, {"call10m", "text10m"},
        {"call10mplain", "plain10m"}, {"structured", "structured"},
        {"events", "structured"}, {"large", "tool_00000"}, {"progress", "progress"}};
    size_t i;

    for (i = 0; i < sizeof tools / sizeof tools[0]; i++)
        if (is(tools[i][0]))
            return tools[i][1];
    return NULL;
}

void check_text(const char *text, size_t length)
{
    int is_plain = is("call10mplain");
    size_t due = is_plain || is("call10m") ? 10000000 : 1024;

    if (text == NULL || length != due || (memchr(text, '\n', 256) == NULL) != is_plain)
        fail("another text");
}

const char *arguments(void)
{
    static char *text;

    if (text != NULL)
        return text;
    text = malloc(LARGE + 64);
    if (is("large")) {
        strcpy(text, "{\"path\":\"");
        memset(text + 9, 'x', LARGE);
        strcpy(text + 9 + LARGE, "\"}");
    } else if (is("progress")) {
        sprintf(text, "{\"count\":%ld}", repetitions);
    } else {
        strcpy(text, "{}");
    }
    return text;
}

size_t arguments_length(void)
{
    return is("large") ? LARGE + 11 : strlen(arguments());
}

void check_cities(long total, const char *name, long population)
{
    if (total != 3 || name == NULL || strncmp(name, "Z\xc3\xbcrich", 7) != 0 ||
        population != 11451245)
        fail("other structured content");
}

void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", workload, what);
    exit(1);
}

static long long clock_ns(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct usage usage(void)
{
    struct usage now;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    DIR *descriptors = opendir("/proc/self/fd");

    memset(&now, 0, sizeof now);
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        sscanf(line, "VmHWM: %ld", &now.peak);
        sscanf(line, "VmRSS: %ld", &now.resident);
        sscanf(line, "Threads: %ld", &now.threads);
    }
    while (descriptors != NULL && readdir(descriptors) != NULL)
        now.descriptors++;
    if (status != NULL)
        fclose(status);
    if (descriptors != NULL)
        closedir(descriptors);
    now.cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    now.time = clock_ns(CLOCK_MONOTONIC);
    return now;
}

void on_threads(void *(*thread)(void *))
{
    pthread_t threads[THREADS];
    int i;

    for (i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, thread, NULL);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

void begin(void)
{
    before = usage();
}

int report(void)
{
    long long time = clock_ns(CLOCK_MONOTONIC) - before.time;
    long long cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before.cpu;
    const char *path = getenv("BENCH_USAGE");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;
    struct usage after;

    printf("%s %ld %lld\n", workload, repetitions, time);
    if (file == NULL)
        return 0;
    /* The file that is open now counts as well. */
    after = usage();
    fprintf(file, "cpu %lld\npeak %ld\nresident %ld\nthreads %ld\ndescriptors %ld\n",
            cpu, after.peak, after.resident - before.resident,
            after.threads - before.threads, after.descriptors - before.descriptors - 1);
    fclose(file);
    return 0;
}
