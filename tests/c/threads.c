/* Threads that pthread_cancel() asks to end while they are in a call: the call
 * goes on to its own end, and then the thread ends, with nothing left behind.
 * And processes that are forked while other threads are in a call.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#include "test.h"

struct shared {
    mcp_client *client;
    mcp_cancel *cancel;
    int calls;      /* of the thread, begun */
    int cleaned;    /* times that its handlers ran */
    int in_handler; /* the state of cancellation there, and after the call */
    int after;
};

static void clean(void *userdata)
{
    ((struct shared *)userdata)->cleaned++;
}

static void pause_for(long microseconds)
{
    struct timespec time;

    time.tv_sec = 0;
    time.tv_nsec = microseconds * 1000;
    nanosleep(&time, NULL);
}

static void *call_for_ever(void *userdata)
{
    struct shared *shared = (struct shared *)userdata;

    pthread_cleanup_push(clean, shared);
    for (;;) {
        shared->calls++;
        mcp_ping(shared->client);
        pthread_testcancel();
    }
    /* Not reached; the macro of the pair wants it. */
    pthread_cleanup_pop(0);
    return NULL;
}

static void cancelled_thread_ends_after_its_call(void)
{
    struct shared shared;
    pthread_t thread;
    void *result;
    long i, count = test_scale(200);

    memset(&shared, 0, sizeof shared);
    shared.client = mcp_client_new(test_path("/sse-replies/mcp"), test_token);
    for (i = 0; i < count; i++) {
        CHECK(pthread_create(&thread, NULL, call_for_ever, &shared) == 0);
        pause_for(i * 37 % 3000);
        CHECK(pthread_cancel(thread) == 0);
        CHECK(pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
    }
    CHECK(shared.cleaned == count && shared.calls >= count);
    CHECK_STATUS(MCP_OK, mcp_ping(shared.client));
    mcp_client_free(shared.client);
}

static void *call_what_never_answers(void *userdata)
{
    struct shared *shared = (struct shared *)userdata;
    mcp_request *request = mcp_request_new_call_tool(shared->client, "silent", "{}");

    pthread_cleanup_push(clean, shared);
    mcp_request_set_cancel(request, shared->cancel);
    mcp_request_perform(request, NULL);
    shared->calls = mcp_error_status(NULL);
    mcp_request_free(request);
    pthread_testcancel();
    pthread_cleanup_pop(0);
    return NULL;
}

/* It sleeps in poll(2), which is a cancellation point; only mcp_cancel_fire()
 * ends the wait. */
static void cancelled_thread_continues_its_wait(void)
{
    struct shared shared;
    pthread_t thread;
    void *result;

    memset(&shared, 0, sizeof shared);
    shared.client = mcp_client_new(test_path("/full/mcp"), test_token);
    shared.cancel = mcp_cancel_new();
    CHECK_STATUS(MCP_OK, mcp_ping(shared.client));
    CHECK(pthread_create(&thread, NULL, call_what_never_answers, &shared) == 0);
    pause_for(100000);
    CHECK(pthread_cancel(thread) == 0);
    pause_for(100000);
    CHECK(shared.calls == 0);
    mcp_cancel_fire(shared.cancel);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED && shared.cleaned == 1);
    CHECK(shared.calls == MCP_E_CANCELLED);
    mcp_cancel_free(shared.cancel);
    mcp_client_free(shared.client);
}

static int32_t give_token(void *userdata, mcp_client *client,
                          mcp_token_request *request)
{
    struct shared *shared = (struct shared *)userdata;
    int32_t status;

    (void)client;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &shared->in_handler);
    pthread_setcancelstate(shared->in_handler, NULL);
    /* A call inside a call, and a cancellation point. */
    mcp_version();
    mcp_error_message(NULL);
    pthread_testcancel();
    status = mcp_token_request_answer(request, test_token, strlen(test_token));
    mcp_token_request_free(request);
    return status;
}

static void *call_with_a_handler(void *userdata)
{
    struct shared *shared = (struct shared *)userdata;

    pthread_cleanup_push(clean, shared);
    /* Pending before the call begins. */
    pthread_cancel(pthread_self());
    shared->calls = mcp_ping(shared->client) == MCP_OK;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &shared->after);
    pthread_setcancelstate(shared->after, NULL);
    pthread_testcancel();
    pthread_cleanup_pop(0);
    return NULL;
}

static void callback_runs_with_cancellation_off(void)
{
    struct shared shared;
    pthread_t thread;
    void *result;

    memset(&shared, 0, sizeof shared);
    shared.client = mcp_client_new(test_path("/mcp"), NULL);
    CHECK_STATUS(MCP_OK, mcp_client_set_token_handler(shared.client, give_token, &shared, NULL));
    CHECK(pthread_create(&thread, NULL, call_with_a_handler, &shared) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED && shared.cleaned == 1 && shared.calls == 1);
    CHECK(shared.in_handler == PTHREAD_CANCEL_DISABLE);
    CHECK(shared.after == PTHREAD_CANCEL_ENABLE);
    mcp_client_free(shared.client);
}

static void *use_small_functions(void *userdata)
{
    struct shared *shared = (struct shared *)userdata;
    mcp_cancel *cancel;
    mcp_json *json;
    int is_read;

    pthread_cleanup_push(clean, shared);
    pthread_cancel(pthread_self());
    /* These leave cancellation as it is, and reach no cancellation point. */
    json = mcp_json_parse("{\"a\": [\"b\"]}", 12);
    is_read = strcmp(mcp_json_string(mcp_json_at(json, "/a/0"), NULL), "b") == 0 &&
              strcmp(mcp_json_text(json, NULL), "{\"a\":[\"b\"]}") == 0;
    mcp_json_free(json);
    /* Each reads, writes or closes a descriptor. */
    cancel = mcp_cancel_new();
    mcp_cancel_fire(cancel);
    mcp_cancel_free(cancel);
    mcp_client_free(mcp_client_new(test_url, NULL));
    shared->calls += is_read;
    pthread_testcancel();
    pthread_cleanup_pop(0);
    return NULL;
}

static void no_function_is_a_cancellation_point(void)
{
    struct shared shared;
    pthread_t thread;
    void *result;

    memset(&shared, 0, sizeof shared);
    CHECK(pthread_create(&thread, NULL, use_small_functions, &shared) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED && shared.cleaned == 1 && shared.calls == 1);
}

struct results {
    mcp_result *structured;
    mcp_result *tools;
    struct shared shared;
};

static void *read_results(void *userdata)
{
    struct results *results = (struct results *)userdata;
    int is_read;

    pthread_cleanup_push(clean, &results->shared);
    pthread_cancel(pthread_self());
    /* They parse what they read, for the first time on this thread. */
    is_read = mcp_json_integer(mcp_json_at(mcp_result_structured(results->structured),
                                           "/n/0"), 0) == 7;
    is_read = is_read && mcp_result_tool_count(results->tools) > 0;
    results->shared.calls += is_read;
    pthread_testcancel();
    pthread_cleanup_pop(0);
    return NULL;
}

static void no_getter_is_a_cancellation_point(void)
{
    mcp_client *client = mcp_client_new(test_path("/full/mcp"), test_token);
    struct results results;
    pthread_t thread;
    void *result;

    memset(&results, 0, sizeof results);
    CHECK_STATUS(MCP_OK, mcp_call_tool(client, "structured", "{\"value\":{\"n\":[7]}}",
                                       &results.structured));
    CHECK_STATUS(MCP_OK, mcp_list_tools(client, &results.tools));
    CHECK(pthread_create(&thread, NULL, read_results, &results) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(results.shared.cleaned == 1 && results.shared.calls == 1);
    mcp_result_free(results.structured);
    mcp_result_free(results.tools);
    mcp_client_free(client);
}

#ifndef __SANITIZE_ADDRESS__
/* Makes and frees clients with work in the background, so that the library's
 * own locks are held at any moment. */
static void *make_and_free(void *userdata)
{
    volatile int *is_over = (volatile int *)userdata;
    mcp_client *client;
    mcp_request *request;

    while (!*is_over) {
        client = mcp_client_new("http://127.0.0.1:9/", NULL);
        mcp_client_set_close_timeout(client, 0);
        request = mcp_request_new(client, "ping", NULL);
        mcp_request_start(request);
        mcp_client_free(client);
        mcp_request_free(request);
    }
    return NULL;
}

/* Whether a process of its own can use the library. */
static int works_in_a_child(void)
{
    mcp_client *client = mcp_client_new("http://127.0.0.1:9/", NULL);
    mcp_cancel *cancel = mcp_cancel_new();
    mcp_request *request = mcp_request_new(client, "ping", NULL);
    int works;

    mcp_request_set_cancel(request, cancel);
    works = mcp_request_start(request) == MCP_OK
        && mcp_request_wait(request, 20000) == MCP_E_CONNECT
        && mcp_request_perform(request, NULL) == MCP_E_CONNECT;
    mcp_request_free(request);
    mcp_cancel_free(cancel);
    mcp_client_free(client);
    return works;
}

static void child_of_a_fork_needs_no_lock_of_its_parent(void)
{
    long count = test_scale(300), i;
    volatile int is_over = 0;
    pthread_t threads[2];
    pid_t child;
    int status, failed = 0;

    fflush(stdout);
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, make_and_free, (void *)&is_over) == 0);
    for (i = 0; i < count && failed == 0; i++) {
        child = fork();
        if (child == 0) {
            alarm(120);
            /* What other threads of the parent held is lost in here: the child
             * ends before any tool counts that. */
            if (works_in_a_child())
                kill(getpid(), SIGKILL);
            _exit(1);
        }
        failed += child < 0 || waitpid(child, &status, 0) != child
            || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
    }
    is_over = 1;
    for (i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK(failed == 0);
}
#endif

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(cancelled_thread_ends_after_its_call);
    RUN(cancelled_thread_continues_its_wait);
    RUN(callback_runs_with_cancellation_off);
    RUN(no_function_is_a_cancellation_point);
    RUN(no_getter_is_a_cancellation_point);
#ifndef __SANITIZE_ADDRESS__
    /* Its own allocator has locks that a thread may hold at a fork. */
    RUN(child_of_a_fork_needs_no_lock_of_its_parent);
#endif
    END();
}
