/* How a started request is handed out, cancelled and freed, in every order. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

struct done {
    mcp_client *client;
    int32_t status;
    int count, frees, released, restarts;
};

static void release(void *userdata)
{
    ((struct done *)userdata)->released++;
}

static void on_done(void *userdata, mcp_request *request)
{
    struct done *done = (struct done *)userdata;

    done->count++;
    done->status = mcp_request_status(request);
    if (done->restarts > 0) {
        done->restarts--;
        CHECK_STATUS(MCP_OK, mcp_request_start(request));
    } else if (done->frees) {
        mcp_request_free(request);
    }
}

/* A request with a done callback; "silent" gets no response. */
static mcp_request *with_callback(mcp_client *client, const char *tool, struct done *done)
{
    mcp_request *request = mcp_request_new_call_tool(client, tool, "{}");

    if (mcp_request_set_done(request, on_done, done, release) == MCP_OK)
        return request;
    mcp_request_free(request);
    return NULL;
}

static mcp_client *client_of(const char *path)
{
    mcp_client *client = mcp_client_new(test_path(path), test_token);

    if (mcp_ping(client) == MCP_OK)
        return client;
    mcp_client_free(client);
    return NULL;
}

static void turn_until(mcp_client *client, const int *count, int wanted)
{
    struct pollfd entry;
    int i;

    for (i = 0; i < 200 && *count < wanted; i++) {
        entry.fd = mcp_client_fd(client);
        entry.events = POLLIN;
        poll(&entry, 1, 100);
        CHECK_STATUS(MCP_OK, mcp_client_dispatch(client, 0));
    }
    CHECK(*count == wanted);
}

static void done_callback_takes_the_result(void)
{
    mcp_client *client = client_of("/full/mcp");
    struct done done;
    mcp_request *request;
    mcp_result *result = NULL;

    memset(&done, 0, sizeof done);
    done.restarts = 2;
    request = with_callback(client, "echo", &done);
    CHECK_STATUS(MCP_OK, mcp_request_start(request));
    turn_until(client, &done.count, 3);
    CHECK(done.status == MCP_OK && mcp_client_next_done(client) == NULL);
    CHECK_STATUS(MCP_OK, mcp_request_take_result(request, &result));
    CHECK(mcp_request_client(request) == client);
    CHECK(is_text(mcp_request_method(request), "tools/call"));
    mcp_result_free(result);
    CHECK(done.released == 0);
    mcp_request_free(request);
    CHECK(done.released == 1);
    mcp_client_free(client);
}

static void done_callback_frees_its_request(void)
{
    static const char *const tools[] = {"echo", "silent"};
    mcp_client *client = client_of("/full/mcp");
    struct done done;
    mcp_request *request;
    int i;

    for (i = 0; i < 2; i++) {
        memset(&done, 0, sizeof done);
        done.frees = 1;
        request = with_callback(client, tools[i], &done);
        CHECK_STATUS(MCP_OK, mcp_request_start(request));
        if (i == 1)
            CHECK_STATUS(MCP_OK, mcp_request_cancel(request));
        /* The wait goes on without the handle. */
        CHECK_STATUS(i == 0 ? MCP_OK : MCP_E_CANCELLED, mcp_request_wait(request, 20000));
        CHECK(done.count == 1 && done.released == 1);
    }
    mcp_client_free(client);
}

/* What is freed first: the client with its callbacks, or the requests. */
static void handles_are_freed_in_every_order(void)
{
    int order, i;

    for (order = 0; order < 6; order++) {
        mcp_client *client = client_of(order % 2 == 0 ? "/full/mcp" : "/full-handshake/mcp");
        struct done done;
        mcp_request *requests[3];
        mcp_error *error, *copy;

        memset(&done, 0, sizeof done);
        done.frees = order >= 4;
        for (i = 0; i < 3; i++) {
            requests[i] = with_callback(client, "silent", &done);
            CHECK_STATUS(MCP_OK, mcp_request_start(requests[i]));
        }
        CHECK_STATUS(MCP_PENDING, mcp_request_wait(requests[0], 10));
        mcp_client_set_close_timeout(client, 0);
        if (order < 2) {
            for (i = 0; i < 3; i++)
                mcp_request_free(requests[i]);
            CHECK(done.count == 0);
            mcp_client_free(client);
        } else if (order < 4) {
            mcp_client_close(client);
            CHECK(done.count == 0);
            CHECK_STATUS(MCP_OK, mcp_client_dispatch(client, 0));
            CHECK(done.count == 3 && done.status == MCP_E_CLOSED);
            copy = mcp_error_copy(mcp_request_error(requests[0]));
            mcp_client_free(client);
            CHECK(mcp_request_client(requests[0]) == NULL);
            CHECK_STATUS(MCP_E_CLOSED, mcp_request_wait(requests[0], 0));
            for (i = 0; i < 3; i++)
                mcp_request_free(requests[i]);
            error = mcp_error_copy(copy);
            mcp_error_free(copy);
            CHECK(mcp_error_status(error) == MCP_E_CLOSED);
            mcp_error_free(error);
        } else {
            mcp_client_free(client);
            CHECK(done.count == 3 && done.status == MCP_E_CLOSED);
        }
        CHECK(done.released == 3);
    }
}

struct dispatching {
    mcp_client *client;
    volatile int is_over;
};

static void *dispatch(void *userdata)
{
    struct dispatching *dispatching = (struct dispatching *)userdata;

    while (!dispatching->is_over)
        mcp_client_dispatch(dispatching->client, 5);
    return NULL;
}

static void requests_are_freed_while_another_thread_dispatches(void)
{
    long count = test_scale(300), i;
    struct dispatching dispatching;
    struct done *all = (struct done *)calloc((size_t)count, sizeof *all);
    struct timespec pause;
    pthread_t thread;

    dispatching.client = client_of("/full/mcp");
    dispatching.is_over = 0;
    CHECK(all != NULL);
    CHECK(pthread_create(&thread, NULL, dispatch, &dispatching) == 0);
    for (i = 0; i < count; i++) {
        mcp_request *request = with_callback(dispatching.client, "echo", &all[i]);

        CHECK_STATUS(MCP_OK, mcp_request_start(request));
        pause.tv_sec = 0;
        pause.tv_nsec = i * 37 % 3000 * 1000;
        nanosleep(&pause, NULL);
        mcp_request_free(request);
        /* From here on its callback does not run. */
        all[i].count |= 8;
    }
    dispatching.is_over = 1;
    pthread_join(thread, NULL);
    mcp_client_free(dispatching.client);
    for (i = 0; i < count; i++)
        CHECK((all[i].count == 8 || all[i].count == 9) && all[i].released == 1);
    free(all);
}

struct asked {
    mcp_input *input;
    mcp_request *request;
    mcp_client *client;
};

static void on_input(void *userdata, mcp_client *client, mcp_input *input)
{
    struct asked *asked = (struct asked *)userdata;

    asked->input = input;
    asked->request = mcp_input_request(input);
    asked->client = mcp_input_client(input);
    CHECK(asked->client == client);
}

static void input_request_outlives_its_request_and_its_client(void)
{
    static const char rounds[] =
        "{\"rounds\":[{\"a\":{\"method\":\"elicitation/create\",\"params\":"
        "{\"mode\":\"form\",\"message\":\"Who?\",\"requestedSchema\":"
        "{\"type\":\"object\",\"properties\":{}}}}}]}";
    mcp_client *client = mcp_client_new(test_path("/full-handshake/mcp"), test_token);
    mcp_request *request;
    struct asked asked;
    int i;

    memset(&asked, 0, sizeof asked);
    CHECK_STATUS(MCP_OK, mcp_client_set_input_handler(client, MCP_INPUT_FORM, on_input, &asked,
                                                      NULL));
    request = mcp_request_new_call_tool(client, "ask", rounds);
    CHECK_STATUS(MCP_OK, mcp_request_start(request));
    for (i = 0; i < 200 && asked.input == NULL; i++)
        CHECK_STATUS(MCP_OK, mcp_client_dispatch(client, 100));
    CHECK(asked.input != NULL && asked.request == request && asked.client == client);
    mcp_request_free(request);
    CHECK(mcp_input_request(asked.input) == NULL);
    CHECK(mcp_input_client(asked.input) == client);
    mcp_client_free(client);
    CHECK(mcp_input_client(asked.input) == NULL);
    mcp_input_free(asked.input);
}

/* The child has the handles of its parent: it may only read and free them. */
static void child_of_a_fork_hands_out_nothing(void)
{
    mcp_client *client = client_of("/full/mcp");
    struct done done;
    mcp_request *request;
    pid_t child;
    int status = -1, works;

    memset(&done, 0, sizeof done);
    request = with_callback(client, "silent", &done);
    CHECK_STATUS(MCP_OK, mcp_request_start(request));
    CHECK_STATUS(MCP_PENDING, mcp_request_wait(request, 10));
    fflush(stdout);
    child = fork();
    if (child == 0) {
        alarm(120);
        works = mcp_request_cancel(request) == MCP_E_FORKED
            && mcp_request_set_header(request, "X-A", "b") == MCP_E_FORKED
            && mcp_request_set_done(request, on_done, &done, release) == MCP_E_FORKED
            && done.released == 1
            && mcp_request_client(request) == client
            && is_text(mcp_request_method(request), "tools/call");
        mcp_client_free(client);
        works = works && mcp_request_client(request) == NULL && done.count == 0;
        mcp_request_free(request);
        /* What other threads of the parent held is lost in here: the child ends
         * before any tool counts that. */
        if (works && done.count == 0)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK(done.count == 0 && done.released == 0);
    mcp_client_free(client);
    CHECK(done.count == 1 && done.status == MCP_E_CLOSED);
    mcp_request_free(request);
    CHECK(done.released == 1);
}

static void null_is_refused_or_gives_nothing(void)
{
    struct done done;

    memset(&done, 0, sizeof done);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_request_set_done(NULL, on_done, &done, release));
    CHECK(done.released == 1);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_request_cancel(NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_request_set_header(NULL, "X-A", "b"));
    CHECK(mcp_request_client(NULL) == NULL && mcp_request_method(NULL) == NULL);
    CHECK(mcp_input_client(NULL) == NULL && mcp_input_request(NULL) == NULL);
    mcp_error_free(NULL);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(done_callback_takes_the_result);
    RUN(done_callback_frees_its_request);
    RUN(handles_are_freed_in_every_order);
    RUN(requests_are_freed_while_another_thread_dispatches);
    RUN(input_request_outlives_its_request_and_its_client);
    RUN(child_of_a_fork_hands_out_nothing);
    RUN(null_is_refused_or_gives_nothing);
    END();
}
