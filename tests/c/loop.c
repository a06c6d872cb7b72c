/* Loops without a descriptor: a thread that only dispatches, threads that
 * make calls, and handles that are freed in every order.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#include "test.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t posted = PTHREAD_COND_INITIALIZER;
static int has_post, posts, freed, is_over;

static void post(void *userdata)
{
    (void)userdata;
    pthread_mutex_lock(&lock);
    has_post = 1;
    posts++;
    pthread_cond_signal(&posted);
    pthread_mutex_unlock(&lock);
}

static void on_free(void *userdata)
{
    (void)userdata;
    freed++;
}

static void wait_for_post(void)
{
    pthread_mutex_lock(&lock);
    while (!has_post)
        pthread_cond_wait(&posted, &lock);
    has_post = 0;
    pthread_mutex_unlock(&lock);
}

static mcp_request *begin(mcp_client *client)
{
    mcp_request *request = mcp_request_new(client, "ping", NULL);

    if (mcp_request_start(request) != MCP_OK)
        printf("not started: %s\n", mcp_error_message(NULL));
    return request;
}

static void loop_without_a_descriptor_gets_every_request(void)
{
    mcp_client *client = mcp_client_new(test_path("/sse-replies/mcp"), test_token);
    long i, count = test_scale(200), done = 0;
    mcp_request *request;

    has_post = posts = freed = 0;
    CHECK_STATUS(MCP_OK, mcp_client_set_wakeup(client, post, NULL, on_free));
    for (i = 0; i < count; i++)
        begin(client);
    while (done < count) {
        wait_for_post();
        mcp_client_dispatch(client, 0);
        while ((request = mcp_client_next_done(client)) != NULL) {
            CHECK(mcp_request_status(request) == MCP_OK);
            mcp_request_free(request);
            done++;
        }
    }
    CHECK(posts > 0 && freed == 0);
    mcp_client_free(client);
    CHECK(freed == 1);
}

static void *dispatch(void *userdata)
{
    mcp_client *client = (mcp_client *)userdata;
    int ends = 0;

    while (!ends) {
        mcp_client_dispatch(client, 10000);
        pthread_mutex_lock(&lock);
        ends = is_over;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void on_input(void *userdata, mcp_client *client, mcp_input *input)
{
    (void)client;
    *(pthread_t *)userdata = pthread_self();
    mcp_input_accept(input, "{\"name\":\"Ada\"}");
    mcp_input_free(input);
}

static void handlers_run_on_the_thread_that_dispatches(void)
{
    static const char ask[] =
        "{\"rounds\":[{\"who\":{\"method\":\"elicitation/create\",\"params\":{"
        "\"message\":\"?\",\"requestedSchema\":{\"type\":\"object\",\"properties\":"
        "{\"name\":{\"type\":\"string\"}}}}}}]}";
    mcp_client *client = mcp_client_new(test_path("/full/mcp"), test_token);
    pthread_t thread, handled = pthread_self();
    mcp_result *result = NULL;
    int i;

    is_over = 0;
    CHECK_STATUS(MCP_OK, mcp_client_set_input_handler(client, MCP_INPUT_FORM, on_input,
                                                      &handled, NULL));
    CHECK_STATUS(MCP_OK, mcp_client_set_dispatch_only(client, 1));
    CHECK_STATUS(MCP_E_STATE, mcp_call_tool(client, "ask", ask, NULL));
    CHECK(pthread_create(&thread, NULL, dispatch, client) == 0);
    /* The dispatching thread is the other one once it has begun. */
    for (i = 0; i < 6000; i++) {
        if (mcp_call_tool(client, "ask", ask, &result) == MCP_OK)
            break;
        nap(10);
    }
    CHECK(has_text(mcp_result_text(result, NULL), "Ada"));
    CHECK(pthread_equal(handled, thread));
    mcp_result_free(result);
    pthread_mutex_lock(&lock);
    is_over = 1;
    pthread_mutex_unlock(&lock);
    CHECK_STATUS(MCP_OK, mcp_client_wake(client));
    pthread_join(thread, NULL);
    mcp_client_free(client);
}

/* Returns a client of a server that is a process. */
static mcp_client *with_process(void)
{
    const char *argv[3];

    argv[0] = getenv("TEST_SERVER");
    argv[1] = "--stdio";
    argv[2] = NULL;
    return mcp_client_new_stdio(argv);
}

static int32_t in_done, in_event;
static int events;

static void ping_when_done(void *userdata, mcp_request *request)
{
    (void)request;
    in_done = mcp_ping((mcp_client *)userdata);
}

static void ping_in_event(void *userdata, mcp_client *client, const mcp_event *event)
{
    (void)userdata;
    (void)event;
    events++;
    if (in_event == MCP_OK)
        in_event = mcp_ping(client);
}

/* The thread that connects runs the callbacks when it has connected: a call in
 * one of them would wait for the thread itself. */
static void callbacks_may_call_while_their_thread_connects(void)
{
    int kind;

    for (kind = 0; kind < 3; kind++) {
        mcp_client *client = kind == 0 ? with_process()
                             : mcp_client_new(test_path(kind == 1 ? "/handshake/mcp" : "/sse"),
                                              test_token);
        mcp_request *request = mcp_request_new(client, "ping", NULL);
        struct pollfd ready;

        in_done = in_event = MCP_OK;
        events = 0;
        CHECK_STATUS(MCP_OK, mcp_client_set_event_handler(client, ping_in_event, NULL, NULL));
        CHECK_STATUS(MCP_OK, mcp_client_set_timeout(client, 20000));
        CHECK_STATUS(MCP_OK, mcp_request_set_done(request, ping_when_done, client, NULL));
        in_done = MCP_PENDING;
        CHECK_STATUS(MCP_OK, mcp_request_start(request));
        CHECK_STATUS(MCP_OK, mcp_request_cancel(request));
        ready.fd = mcp_client_fd(client);
        ready.events = POLLIN;
        CHECK(poll(&ready, 1, 30000) == 1);
        CHECK_STATUS(MCP_OK, mcp_ping(client));
        CHECK(in_done == MCP_OK && in_event == MCP_OK && events > 0);
        mcp_request_free(request);
        mcp_client_free(client);
    }
}

/* A wake tells a loop that has dispatched and takes what is done. */
static void wake_tells_a_loop_that_has_something_already(void)
{
    mcp_client *client = mcp_client_new(test_path("/sse-replies/mcp"), test_token);
    mcp_request *request;
    int before;

    posts = has_post = 0;
    CHECK_STATUS(MCP_OK, mcp_client_set_wakeup(client, post, NULL, NULL));
    request = begin(client);
    while (mcp_request_status(request) == MCP_PENDING) {
        wait_for_post();
        CHECK_STATUS(MCP_OK, mcp_client_dispatch(client, 0));
    }
    before = posts;
    CHECK_STATUS(MCP_OK, mcp_client_wake(client));
    CHECK(posts > before);
    before = posts;
    CHECK_STATUS(MCP_OK, mcp_client_wake(client));
    CHECK(posts == before);
    CHECK(mcp_client_next_done(client) == request);
    mcp_request_free(request);
    mcp_client_free(client);
}

static void handles_are_freed_in_each_order(void)
{
    int order;

    for (order = 0; order < 8; order++) {
        mcp_client *client = mcp_client_new(test_path("/sse-replies/mcp"), test_token);
        mcp_request *request;
        mcp_result *result;

        freed = 0;
        CHECK_STATUS(MCP_OK, mcp_client_set_userdata(client, client, on_free));
        CHECK_STATUS(MCP_OK, mcp_client_set_wakeup(client, post, NULL, on_free));
        CHECK_STATUS(MCP_OK, mcp_client_set_keepalive(client, 1000));
        CHECK_STATUS(MCP_OK, mcp_ping(client));
        CHECK(mcp_client_userdata(client) == client);
        CHECK(mcp_client_state(client) == MCP_STATE_CONNECTED);
        CHECK(has_text(mcp_client_url(client), "/sse-replies/mcp"));
        result = mcp_client_new_server_result(client);
        CHECK(result != NULL);
        request = begin(client);
        if (order & 1)
            mcp_request_free(request);
        if (order & 2)
            mcp_client_close(client);
        if (order & 4)
            mcp_result_free(result);
        mcp_client_free(client);
        CHECK(freed == 2);
        if (!(order & 1))
            mcp_request_free(request);
        if (!(order & 4)) {
            CHECK(mcp_result_server_name(result) != NULL);
            mcp_result_free(result);
        }
    }
}

static void wakeup_is_replaced_while_it_runs(void)
{
    mcp_client *client = mcp_client_new(test_path("/sse-replies/mcp"), test_token);
    long i, count = test_scale(100);

    freed = 0;
    for (i = 0; i < count; i++) {
        mcp_request *request;

        CHECK_STATUS(MCP_OK, mcp_client_set_wakeup(client, post, NULL, on_free));
        request = begin(client);
        CHECK_STATUS(MCP_OK, mcp_client_set_wakeup(client, post, NULL, on_free));
        mcp_request_free(request);
    }
    CHECK_STATUS(MCP_OK, mcp_client_set_wakeup(client, NULL, NULL, NULL));
    CHECK(freed == 2 * count);
    mcp_client_free(client);
}

static void child_of_a_fork_has_no_loop(void)
{
    mcp_client *client = mcp_client_new(test_path("/sse-replies/mcp"), test_token);
    int status = 0;
    pid_t child;

    CHECK_STATUS(MCP_OK, mcp_client_set_wakeup(client, post, NULL, NULL));
    CHECK_STATUS(MCP_OK, mcp_client_set_keepalive(client, 1000));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    child = fork();
    if (child == 0) {
        int failed = mcp_client_set_wakeup(client, post, NULL, NULL) != MCP_E_FORKED ||
                     mcp_client_wake(client) != MCP_E_FORKED ||
                     mcp_client_set_dispatch_only(client, 1) != MCP_E_FORKED ||
                     mcp_client_set_keepalive(client, 0) != MCP_E_FORKED ||
                     mcp_client_set_userdata(client, NULL, NULL) != MCP_E_FORKED ||
                     mcp_client_new_server_result(client) != NULL;

        mcp_client_free(client);
        /* Before any tool counts what other threads of the parent held. */
        if (!failed)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    mcp_client_free(client);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(loop_without_a_descriptor_gets_every_request);
    RUN(handlers_run_on_the_thread_that_dispatches);
    RUN(callbacks_may_call_while_their_thread_connects);
    RUN(wake_tells_a_loop_that_has_something_already);
    RUN(handles_are_freed_in_each_order);
    RUN(wakeup_is_replaced_while_it_runs);
    RUN(child_of_a_fork_has_no_loop);
    END();
}
