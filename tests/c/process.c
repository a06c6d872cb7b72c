/* What the library does to its process: threads, descriptors, memory, output,
 * signals, fork. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "test.h"

static int entries(const char *folder)
{
    DIR *directory = opendir(folder);
    int count = 0;

    if (directory == NULL)
        return -1;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static long resident_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long total = 0, resident = 0;

    if (file != NULL) {
        if (fscanf(file, "%ld %ld", &total, &resident) != 2)
            resident = 0;
        fclose(file);
    }
    return resident;
}

static void no_thread_is_left_by_pings(void)
{
    int before = entries("/proc/self/task");
    mcp_client *client = mcp_client_new(test_path("/sse-replies/mcp"),
                                        test_token);

    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK(entries("/proc/self/task") == before);
    mcp_client_free(client);
    CHECK(entries("/proc/self/task") == before);
}

static void many_pings_leave_memory_and_descriptors_flat(void)
{
    mcp_client *client = mcp_client_new(test_path("/sse-replies/mcp"),
                                        test_token);
    long i, count = test_scale(10000), pages;
    int descriptors;

    for (i = 0; i < 100; i++)
        CHECK_STATUS(MCP_OK, mcp_ping(client));
    descriptors = entries("/proc/self/fd");
    pages = resident_pages();
    for (i = 0; i < count; i++)
        CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK(entries("/proc/self/fd") == descriptors);
    if (getenv("TEST_SCALE") == NULL)
        CHECK(resident_pages() <= pages + 128);
    mcp_client_free(client);
}

static void many_clients_leave_no_descriptor(void)
{
    int before = entries("/proc/self/fd");
    long i, count = test_scale(300);

    for (i = 0; i < count; i++) {
        mcp_client *client = mcp_client_new(test_path("/handshake/mcp"),
                                            test_token);

        CHECK_STATUS(MCP_OK, mcp_ping(client));
        mcp_client_free(client);
    }
    CHECK(entries("/proc/self/fd") == before);
}

static void *ping_often(void *client)
{
    long i, count = test_scale(50);

    for (i = 0; i < count; i++)
        if (mcp_ping((mcp_client *)client) != MCP_OK)
            return client;
    return NULL;
}

static void many_threads_share_a_client(void)
{
    mcp_client *client = mcp_client_new(test_path("/mcp"), test_token);
    pthread_t threads[100];
    int i, failed = 0;
    void *result;

    for (i = 0; i < 100; i++)
        CHECK(pthread_create(&threads[i], NULL, ping_often, client) == 0);
    for (i = 0; i < 100; i++) {
        pthread_join(threads[i], &result);
        failed += result != NULL;
    }
    CHECK(failed == 0);
    mcp_client_free(client);
}

static void errors_belong_to_their_thread(void)
{
    mcp_client *client = mcp_client_new(test_path("/status/500"), test_token);
    pthread_t thread;
    void *result;

    CHECK(mcp_client_new("", NULL) == NULL);
    CHECK(pthread_create(&thread, NULL, ping_often, client) == 0);
    pthread_join(thread, &result);
    CHECK(result != NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    mcp_client_free(client);
}

/* The child of a fork: 0 when all is as promised. */
static int in_child(mcp_client *client, mcp_request *request)
{
    mcp_client *own;
    int wrong = 0;

    wrong |= mcp_ping(client) != MCP_E_FORKED;
    wrong |= mcp_client_set_token(client, "x") != MCP_E_FORKED;
    wrong |= mcp_request_perform(request, NULL) != MCP_E_FORKED;
    mcp_request_free(request);
    mcp_client_close(client);
    mcp_client_free(client);
    own = mcp_client_new(test_path("/mcp"), test_token);
    wrong |= mcp_ping(own) != MCP_OK;
    mcp_client_free(own);
    return wrong;
}

static void child_of_a_fork_makes_its_own_handles(void)
{
    mcp_client *client = mcp_client_new(test_path("/handshake/mcp"),
                                        test_token);
    mcp_request *request = mcp_request_new(client, "ping", NULL);
    int status = -1;
    pid_t child;

    CHECK_STATUS(MCP_OK, mcp_ping(client));
    fflush(stdout);
    child = fork();
    if (child == 0)
        _exit(in_child(client, request));
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_request_free(request);
    mcp_client_free(client);
}

/* The thread of the parent's streams is not in its child. */
static int in_child_of_a_listener(mcp_client *client, mcp_request *request)
{
    mcp_client *own = mcp_client_new(test_path("/full-handshake/mcp"), test_token);
    int status = 0;

    if (mcp_listen(client, MCP_EVENT_TOOLS_CHANGED) != MCP_E_FORKED)
        status = 1;
    else if (mcp_request_start(request) != MCP_E_FORKED)
        status = 2;
    else if (mcp_client_dispatch(client, 0) != MCP_E_FORKED)
        status = 3;
    else if (mcp_listen(own, MCP_EVENT_TOOLS_CHANGED) != MCP_OK)
        status = 4;
    else if (mcp_ping(own) != MCP_OK)
        status = 5;
    mcp_client_free(own);
    mcp_request_free(request);
    mcp_client_free(client);
    return status;
}

static void child_of_a_fork_has_its_own_thread(void)
{
    mcp_client *client = mcp_client_new(test_path("/full-handshake/mcp"), test_token);
    mcp_request *request = mcp_request_new(client, "ping", NULL);
    int ends[2], status = -1;
    char said = 'x';
    pid_t child;

    CHECK(pipe(ends) == 0);
    CHECK_STATUS(MCP_OK, mcp_listen(client, MCP_EVENT_TOOLS_CHANGED));
    CHECK_STATUS(MCP_OK, mcp_request_start(request));
    CHECK_STATUS(MCP_OK, mcp_request_wait(request, 30000));
    fflush(stdout);
    child = fork();
    if (child == 0) {
        alarm(120);
        said = (char)('0' + in_child_of_a_listener(client, request));
        /* What the parent's thread had is lost here: nobody can release it,
         * and valgrind is not to look for it. */
        if (write(ends[1], &said, 1) == 1)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(read(ends[0], &said, 1) == 1 && said == '0');
    close(ends[0]);
    close(ends[1]);
    CHECK_STATUS(MCP_OK, mcp_request_start(request));
    CHECK_STATUS(MCP_OK, mcp_request_wait(request, 30000));
    mcp_request_free(request);
    mcp_client_free(client);
}

/* With SIGPIPE as it is by default, a write to what is closed would end this
 * program. */
static void no_write_raises_sigpipe(void)
{
    mcp_client *client = mcp_client_new(test_path("/close/mcp"), test_token);
    int ends[2], i;

    signal(SIGPIPE, SIG_DFL);
    for (i = 0; i < 20; i++)
        CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK(pipe(ends) == 0);
    CHECK_STATUS(MCP_OK, mcp_client_set_trace_fd(client, ends[1]));
    close(ends[0]);
    close(ends[1]);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
}

static void trace_that_nobody_reads_blocks_nothing(void)
{
    mcp_client *client = mcp_client_new(test_path("/mcp"), test_token);
    int ends[2], i;

    CHECK(pipe(ends) == 0);
    CHECK_STATUS(MCP_OK, mcp_client_set_trace_fd(client, ends[1]));
    for (i = 0; i < 300; i++)
        CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK_STATUS(MCP_OK, mcp_client_set_trace_fd(client, -1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_trace_fd(client, 999));
    close(ends[0]);
    close(ends[1]);
    mcp_client_free(client);
}

/* Standard output and error go to a pipe while the library fails in many
 * ways; nothing may come out. */
static void nothing_is_printed(void)
{
    static const char *paths[] = {"/mcp", "/garbage", "/status/500", "/rpc-error"};
    char buffer[64];
    int ends[2], out, err, i;
    ssize_t count;

    fflush(stdout);
    CHECK(pipe(ends) == 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    out = dup(1);
    err = dup(2);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    for (i = 0; i < 4; i++) {
        mcp_client *client = mcp_client_new(test_path(paths[i]), test_token);

        mcp_ping(client);
        mcp_client_free(client);
    }
    mcp_client_new("", "\n");
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    count = read(ends[0], buffer, sizeof buffer);
    close(ends[0]);
    close(ends[1]);
    CHECK(count < 0 && errno == EAGAIN);
}

/* In a callback that returns a status: fails it, and with it the call. */
#define NEEDS(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            printf("# line %d: %s\n", __LINE__, #condition);                  \
            return 90;                                                        \
        }                                                                     \
    } while (0)

static int32_t give_token(void *userdata, mcp_client *client,
                          mcp_token_request *request)
{
    int *calls = (int *)userdata;
    int refused = mcp_token_request_refused(request);
    const char *token = refused ? test_token : "old";
    int32_t status;

    (void)client;
    *calls += 1;
    NEEDS((mcp_token_request_challenge(request, "error") != NULL) == refused);
    NEEDS(mcp_token_request_challenge(request, "nothing") == NULL);
    NEEDS(mcp_token_request_challenge(request, NULL) == NULL);
    status = mcp_token_request_answer(request, token, strlen(token));
    mcp_token_request_free(request);
    return status;
}

static void count_free(void *userdata)
{
    *(int *)userdata += 100;
}

static void token_handler_is_called_and_its_data_freed(void)
{
    mcp_client *client = mcp_client_new(test_path("/mcp"), NULL);
    int calls = 0;

    CHECK_STATUS(MCP_OK, mcp_client_set_token_handler(client, give_token,
                                                      &calls, count_free));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK(calls == 2);
    mcp_client_free(client);
    CHECK(calls == 102);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(no_thread_is_left_by_pings);
    RUN(many_pings_leave_memory_and_descriptors_flat);
    RUN(many_clients_leave_no_descriptor);
    RUN(many_threads_share_a_client);
    RUN(errors_belong_to_their_thread);
    RUN(child_of_a_fork_makes_its_own_handles);
    RUN(child_of_a_fork_has_its_own_thread);
    RUN(no_write_raises_sigpipe);
    RUN(trace_that_nobody_reads_blocks_nothing);
    RUN(nothing_is_printed);
    RUN(token_handler_is_called_and_its_data_freed);
    END();
}
