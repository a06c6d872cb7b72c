/* Servers that are programs: what this program has of them, and that nothing
 * of it is left.  TEST_SERVER names the test server's program; STDIO_CALLS is
 * how many calls the last test makes. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#include "test.h"

#define MOST 16

/* A client of the test server with some options, ended by a NULL. */
static mcp_client *start(const char *const *options)
{
    const char *argv[MOST];
    int count = 0;

    argv[count++] = getenv("TEST_SERVER");
    argv[count++] = "--stdio";
    while (options != NULL && *options != NULL && count < MOST - 1)
        argv[count++] = *options++;
    argv[count] = NULL;
    return mcp_client_new_stdio(argv);
}

/* The number of the server's process; -1 if it does not tell. */
static pid_t pid_of(mcp_client *client)
{
    mcp_result *result = NULL;
    long pid = -1;

    if (mcp_call_tool(client, "pid", "{}", &result) == MCP_OK)
        pid = atol(mcp_result_text(result, NULL));
    mcp_result_free(result);
    return (pid_t)pid;
}

/* Whether a child was waited for, so that no zombie is left. */
static int is_reaped(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) == -1 && errno == ECHILD;
}

static int descriptors(void)
{
    int fd, count = 0;

    for (fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            count++;
    return count;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void process_starts_with_a_call_and_ends_with_the_client(void)
{
    mcp_client *client = start(NULL);
    mcp_result *result = NULL;
    int before = descriptors();
    pid_t pid;

    CHECK(client != NULL && mcp_client_counter(client, MCP_COUNTER_STARTS) == 0);
    CHECK_STATUS(MCP_OK, mcp_connect(client, &result));
    CHECK(is_text(mcp_result_server_name(result), "test server"));
    mcp_result_free(result);
    CHECK_STATUS(MCP_OK, mcp_call_tool(client, "echo", "{\"a\":1}", &result));
    CHECK(is_text(mcp_result_text(result, NULL), "{\"a\":1}"));
    mcp_result_free(result);
    pid = pid_of(client);
    CHECK(pid > 0 && !is_reaped(pid));
    CHECK(mcp_client_transport(client) == MCP_TRANSPORT_STDIO);
    mcp_client_close(client);
    CHECK(is_reaped(pid));
    CHECK_STATUS(MCP_E_CLOSED, mcp_ping(client));
    mcp_client_free(client);
    /* The bell of the thread for what goes on between calls stays. */
    CHECK(descriptors() <= before + 1);
}

static void crash_is_an_error_and_the_next_call_restarts(void)
{
    mcp_client *client = start(NULL);

    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK_STATUS(MCP_E_PROCESS, mcp_call_tool(client, "exit",
                 "{\"status\":7,\"text\":\"it broke\"}", NULL));
    CHECK(mcp_error_exit_status(NULL) == 7);
    CHECK(mcp_error_may_have_run(NULL) == 1);
    CHECK(strstr(mcp_error_message(NULL), "it broke") != NULL);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK(mcp_client_counter(client, MCP_COUNTER_STARTS) == 2);
    CHECK_STATUS(MCP_OK, mcp_client_set_allow(client, MCP_ALLOW_RESTART, 0));
    CHECK_STATUS(MCP_E_PROCESS, mcp_call_tool(client, "exit",
                                              "{\"signal\":6}", NULL));
    CHECK(mcp_error_exit_status(NULL) == 128 + 6);
    CHECK_STATUS(MCP_E_PROCESS, mcp_ping(client));
    mcp_client_free(client);
}

struct waiting {
    mcp_client *client;
    mcp_cancel *cancel;
};

static void *cancels(void *argument)
{
    nap(100);
    mcp_cancel_fire(((struct waiting *)argument)->cancel);
    return NULL;
}

static void *closes(void *argument)
{
    nap(100);
    mcp_client_close(((struct waiting *)argument)->client);
    return NULL;
}

static void cancel_and_close_by_other_threads_end_a_call(void)
{
    struct waiting waiting;
    mcp_request *request;
    pthread_t thread;
    pid_t pid;

    waiting.client = start(NULL);
    waiting.cancel = mcp_cancel_new();
    pid = pid_of(waiting.client);
    request = mcp_request_new_call_tool(waiting.client, "hang", "{}");
    CHECK_STATUS(MCP_OK, mcp_request_set_cancel(request, waiting.cancel));
    CHECK(pthread_create(&thread, NULL, cancels, &waiting) == 0);
    CHECK_STATUS(MCP_E_CANCELLED, mcp_request_perform(request, NULL));
    pthread_join(thread, NULL);
    CHECK_STATUS(MCP_OK, mcp_ping(waiting.client));
    CHECK(pthread_create(&thread, NULL, closes, &waiting) == 0);
    CHECK_STATUS(MCP_E_CLOSED, mcp_call_tool(waiting.client, "hang", "{}", NULL));
    pthread_join(thread, NULL);
    CHECK(is_reaped(pid));
    mcp_client_free(waiting.client);
    mcp_request_free(request);
    mcp_cancel_free(waiting.cancel);
}

static void nulls_are_refused(void)
{
    const char *const none[] = {NULL};
    const char *const empty[] = {"", NULL};
    mcp_client *client = start(NULL);

    CHECK(mcp_client_new_stdio(NULL) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    CHECK(mcp_client_new_stdio(none) == NULL);
    CHECK(mcp_client_new_stdio(empty) == NULL);
    CHECK(mcp_client_new_fds(-1, -1) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_env(NULL, "A", "b"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_env(client, NULL, "b"));
    CHECK_STATUS(MCP_OK, mcp_client_set_env(client, "A", NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_directory(NULL, "/"));
    CHECK_STATUS(MCP_OK, mcp_client_set_directory(client, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_stderr(NULL, 0, -1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_stderr(NULL, MCP_STDERR_FD, 2));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_allow(NULL, MCP_ALLOW_RESTART, 1));
    CHECK_STATUS(MCP_E_UNSUPPORTED, mcp_client_set_token(client, "secret"));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
}

/* How often a line is in a server's log. */
static int notes(const char *log, const char *wanted)
{
    FILE *file = fopen(log, "r");
    char line[4096];
    int count = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, wanted, strlen(wanted)) == 0)
            count++;
    if (file != NULL)
        fclose(file);
    return count;
}

/* With SIGPIPE as it is by default, a write to a server that does not listen
 * would end this program. */
static void no_write_raises_sigpipe(void)
{
    const char *options[] = {"--behaviour", "refuses-input", "--after", "1", "--log", NULL, NULL};
    char log[64];
    mcp_client *client;
    int i, turn;

    sprintf(log, "/tmp/mcp-c-stdio-%ld", (long)getpid());
    remove(log);
    options[5] = log;
    client = start(options);
    signal(SIGPIPE, SIG_DFL);
    CHECK_STATUS(MCP_OK, mcp_client_set_timeout(client, 30000));
    CHECK_STATUS(MCP_OK, mcp_connect(client, NULL));
    for (i = 1; i <= 3; i++) {
        /* Each server notes that it has closed its input. */
        for (turn = 0; turn < 30000 && notes(log, "closed") < mcp_client_counter(client,
                                                              MCP_COUNTER_STARTS); turn++)
            nap(1);
        /* What could not be sent is sent to the next one. */
        mcp_call_tool(client, "echo", "{}", NULL);
        CHECK(mcp_client_counter(client, MCP_COUNTER_STARTS) > i);
    }
    mcp_client_free(client);
    remove(log);
}

/* A program that ignores SIGCHLD has no zombies, and no exit statuses. */
static void host_may_ignore_its_children(void)
{
    mcp_client *client = start(NULL);
    double begun;
    pid_t pid;

    signal(SIGCHLD, SIG_IGN);
    pid = pid_of(client);
    CHECK(pid > 0);
    begun = now();
    CHECK_STATUS(MCP_E_PROCESS, mcp_call_tool(client, "exit",
                                              "{\"text\":\"bye\"}", NULL));
    CHECK(mcp_error_exit_status(NULL) == -1);
    CHECK(strstr(mcp_error_message(NULL), "bye") != NULL);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
    /* Less than the timeout of a call. */
    CHECK(now() - begun < 50);
    signal(SIGCHLD, SIG_DFL);
    CHECK(kill(pid, 0) < 0);
}

static volatile int is_waiting;

/* A program may wait for all children itself, as the first process of a
 * container does. */
static void *waits_for_all(void *unused)
{
    (void)unused;
    while (is_waiting)
        if (waitpid(-1, NULL, WNOHANG) <= 0)
            nap(1);
    return NULL;
}

static void host_may_wait_for_all_children(void)
{
    pthread_t thread;
    int i;

    is_waiting = 1;
    CHECK(pthread_create(&thread, NULL, waits_for_all, NULL) == 0);
    for (i = 0; i < 5; i++) {
        mcp_client *client = start(NULL);
        pid_t pid = pid_of(client);

        CHECK(pid > 0);
        CHECK_STATUS(MCP_E_PROCESS, mcp_call_tool(client, "exit", "{}", NULL));
        CHECK_STATUS(MCP_OK, mcp_ping(client));
        mcp_client_free(client);
    }
    is_waiting = 0;
    pthread_join(thread, NULL);
}

static int in_child(mcp_client *client, mcp_request *request)
{
    mcp_client *own;
    int wrong = 0;

    if (mcp_ping(client) != MCP_E_FORKED)
        wrong = 1;
    mcp_client_close(client);
    mcp_request_free(request);
    mcp_client_free(client);
    own = start(NULL);
    if (mcp_ping(own) != MCP_OK)
        wrong = 2;
    mcp_client_free(own);
    return wrong;
}

static void child_of_a_fork_leaves_the_server_alone(void)
{
    mcp_client *client = start(NULL);
    mcp_request *request = mcp_request_new_call_tool(client, "echo", "{}");
    int ends[2], status = -1;
    char said = 'x';
    pid_t child, pid = pid_of(client);

    CHECK(pipe(ends) == 0);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        alarm(120);
        said = (char)('0' + in_child(client, request));
        /* See process.c: nothing is to look for what is lost here. */
        if (write(ends[1], &said, 1) == 1)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(read(ends[0], &said, 1) == 1 && said == '0');
    close(ends[0]);
    close(ends[1]);
    CHECK(pid_of(client) == pid);
    CHECK(mcp_client_counter(client, MCP_COUNTER_STARTS) == 1);
    CHECK_STATUS(MCP_OK, mcp_request_start(request));
    CHECK_STATUS(MCP_OK, mcp_request_wait(request, 30000));
    mcp_request_free(request);
    mcp_client_free(client);
    CHECK(is_reaped(pid));
}

/* A server that this program starts itself, over a socket. */
static void open_descriptors_reach_a_server(void)
{
    mcp_client *client;
    int ends[2], status = -1;
    pid_t child;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        dup2(ends[1], 0);
        dup2(ends[1], 1);
        close(ends[1]);
        execl(getenv("TEST_SERVER"), "mcp-test-server", "--stdio",
              (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    client = mcp_client_new_fds(ends[0], ends[0]);
    CHECK_STATUS(MCP_OK, mcp_call_tool(client, "echo", "{}", NULL));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(fcntl(ends[0], F_GETFD) < 0);
}

/* The pages that this program has in memory; -1 where nobody tells. */
static long pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size = -1, resident = -1;

    if (file == NULL)
        return -1;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = -1;
    fclose(file);
    return resident;
}

static void many_calls_leave_memory_and_descriptors_flat(void)
{
    const char *calls = getenv("STDIO_CALLS");
    long count = test_scale(calls != NULL ? atol(calls) : 20000), i;
    long before = 0, after;
    int open = 0;
    mcp_client *client = start(NULL);

    alarm(600);
    for (i = 0; i < count; i++) {
        if (i == count / 5) {
            before = pages();
            open = descriptors();
        }
        CHECK_STATUS(MCP_OK, mcp_ping(client));
        if (i % 10 == 0)
            CHECK_STATUS(MCP_OK, mcp_call_tool(client, "echo", "{\"a\":1}", NULL));
    }
    after = pages();
    CHECK(descriptors() <= open);
    /* The tools that look over our shoulder need memory of their own. */
    if (getenv("TEST_SCALE") == NULL)
        CHECK(after - before <= 64);
    CHECK(mcp_client_counter(client, MCP_COUNTER_STARTS) == 1);
    CHECK(mcp_client_counter(client, MCP_COUNTER_DROPPED_REPLIES) == 0);
    mcp_client_free(client);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    if (getenv("TEST_SERVER") == NULL)
        return 2;
    RUN(process_starts_with_a_call_and_ends_with_the_client);
    RUN(crash_is_an_error_and_the_next_call_restarts);
    RUN(cancel_and_close_by_other_threads_end_a_call);
    RUN(nulls_are_refused);
    RUN(no_write_raises_sigpipe);
    RUN(host_may_ignore_its_children);
    RUN(host_may_wait_for_all_children);
    RUN(child_of_a_fork_leaves_the_server_alone);
    RUN(open_descriptors_reach_a_server);
    RUN(many_calls_leave_memory_and_descriptors_flat);
    END();
}
