/* Shared by the C clients: they take the same arguments, CLIENT WHERE TOKEN
 * WORKLOAD N, and print the same line.  WHERE is a URL, or the program of a
 * server. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

enum { THREADS = 8, TOOLS = 10000, AT_ONCE = 1000, LARGE = 20 * 1024 * 1024 };

/* Most workloads do one thing N times on one connection.  `cold` makes a new client
 * for each ping; `progress` is one call with N notifications; `par8` is N pings on
 * eight threads in total; `started` is N calls, AT_ONCE of them at a time; `idle` is
 * N clients with a notification stream. */
extern const char *workload;
extern long repetitions;

/* Reads the arguments; prints the usage and returns 0 if they are wrong. */
int parse(int argc, char **argv);

/* Whether this is the workload. */
int is(const char *name);

/* The tool that the workload calls; NULL if it calls none. */
const char *tool(void);

/* Fails unless a text has the length of the tool's, and its line breaks. */
void check_text(const char *text, size_t length);

/* The arguments of the call, as JSON: 20 MiB for the workload "large". */
const char *arguments(void);
size_t arguments_length(void);

/* What the workload "structured" reads of a result. */
void check_cities(long total, const char *name, long population);

/* Runs a function on eight threads, and waits for their ends. */
void on_threads(void *(*thread)(void *));

/* Between these two the workload is measured.  report() prints the line of the
 * client, and writes what it used to the file that BENCH_USAGE names. */
void begin(void);
int report(void);

/* Ends the client with a message. */
void fail(const char *what);

#endif
