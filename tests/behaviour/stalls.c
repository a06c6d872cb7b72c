/* Stalls threads of the process that loads this library with LD_PRELOAD, as a
   busy machine does: again and again it picks a thread, mostly one that runs,
   and lets it sleep. A test that fails then depends on the machine's speed.

   STALLS_EVERY   microseconds between two stalls, on average
   STALLS_LONGEST milliseconds of the longest stall; three of four are at most
                  a fifth of it */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Not one of the real-time signals, which queue: a thread would never run on. */
#define STALL_SIGNAL SIGSTKFLT
#define MOST_THREADS 4096

typedef int mask_function(int how, const sigset_t *set, sigset_t *old);

static long every = 20000;
static long longest = 200;
static uint64_t random_state;
static volatile long next_stall;

static uint64_t random_below(uint64_t end)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % end;
}

static void sleep_microseconds(long microseconds)
{
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
}

static void stall(int number)
{
    int before = errno;
    (void)number;
    sleep_microseconds(next_stall);
    errno = before;
}

static int real_mask(int how, const sigset_t *set, sigset_t *old)
{
    static mask_function *function;
    if (!function)
        *(void **)&function = dlsym(RTLD_NEXT, "pthread_sigmask");
    return function(how, set, old);
}

/* The library blocks all signals in its threads; they are stalled as well. */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t changed;
    if (set && how != SIG_UNBLOCK) {
        changed = *set;
        sigdelset(&changed, STALL_SIGNAL);
        set = &changed;
    }
    return real_mask(how, set, old);
}

static int is_running(int thread)
{
    char text[256];
    const char *state;
    ssize_t length;
    int file;
    snprintf(text, sizeof text, "/proc/self/task/%d/stat", thread);
    file = open(text, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    /* The state follows the name, which is in parentheses. */
    state = strrchr(text, ')');
    return state && !strncmp(state, ") R", 3);
}

/* 0 if there is none. */
static int pick_thread(int except)
{
    static int all[MOST_THREADS], running[MOST_THREADS];
    size_t all_count = 0, running_count = 0;
    DIR *threads = opendir("/proc/self/task");
    struct dirent *entry;
    if (!threads)
        return 0;
    while ((entry = readdir(threads)) && all_count < MOST_THREADS) {
        int thread = atoi(entry->d_name);
        if (thread <= 0 || thread == except)
            continue;
        all[all_count++] = thread;
        if (is_running(thread))
            running[running_count++] = thread;
    }
    closedir(threads);
    if (running_count && random_below(8))
        return running[random_below(running_count)];
    return all_count ? all[random_below(all_count)] : 0;
}

static void *stall_threads(void *unused)
{
    int own = (int)syscall(SYS_gettid);
    (void)unused;
    for (;;) {
        uint64_t most = (uint64_t)longest * 1000;
        int thread;
        sleep_microseconds(every / 2 + (long)random_below((uint64_t)every));
        thread = pick_thread(own);
        next_stall = (long)random_below(random_below(4) ? most / 5 + 1 : most + 1);
        if (thread)
            syscall(SYS_tgkill, getpid(), thread, STALL_SIGNAL);
    }
    return NULL;
}

static long setting(const char *name, long otherwise)
{
    const char *text = getenv(name);
    long number = text ? atol(text) : 0;
    return number > 0 ? number : otherwise;
}

__attribute__((constructor)) static void start(void)
{
    struct timespec now;
    struct sigaction action;
    sigset_t signals, before;
    pthread_t thread;
    every = setting("STALLS_EVERY", every);
    longest = setting("STALLS_LONGEST", longest);
    clock_gettime(CLOCK_MONOTONIC, &now);
    random_state = (uint64_t)now.tv_nsec << 20 ^ (uint64_t)getpid() ^ 0x9e3779b97f4a7c15;
    memset(&action, 0, sizeof action);
    action.sa_handler = stall;
    action.sa_flags = SA_RESTART;
    sigaction(STALL_SIGNAL, &action, NULL);
    sigfillset(&signals);
    real_mask(SIG_SETMASK, &signals, &before);
    sigdelset(&before, STALL_SIGNAL);
    if (!pthread_create(&thread, NULL, stall_threads, NULL))
        pthread_detach(thread);
    real_mask(SIG_SETMASK, &before, NULL);
}
