/* The objects that callbacks get: those that the application owns, and those
 * that are valid until the callback returns. */
#include "test.h"

#include <pthread.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    mcp_token_request *request;
    int count;
    int freed;
} kept = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0, 0};

static void on_free(void *userdata)
{
    ++*(int *)userdata;
}

/* Keeps the token request for later. */
static int32_t keep(void *userdata, mcp_client *client,
                    mcp_token_request *request)
{
    (void)userdata;
    pthread_mutex_lock(&kept.lock);
    if (client == NULL || kept.request != NULL)
        mcp_token_request_free(request);
    else
        kept.request = request;
    kept.count++;
    pthread_cond_broadcast(&kept.changed);
    pthread_mutex_unlock(&kept.lock);
    return MCP_OK;
}

static mcp_token_request *take(void)
{
    mcp_token_request *request = kept.request;

    kept.request = NULL;
    return request;
}

static mcp_client *new_client(void)
{
    mcp_client *client = mcp_client_new(test_path("/mcp"), NULL);

    mcp_client_set_timeout(client, 20000);
    mcp_client_set_token_handler(client, keep, &kept.freed, on_free);
    return client;
}

static mcp_request *start_ping(mcp_client *client)
{
    mcp_request *request = mcp_request_new(client, "ping", NULL);

    if (mcp_request_start(request) == MCP_OK)
        return request;
    mcp_request_free(request);
    return NULL;
}

/* Dispatches until the handler has a token request. */
static mcp_token_request *next(mcp_client *client)
{
    int i;

    for (i = 0; i < 1500 && kept.request == NULL; i++)
        mcp_client_dispatch(client, 20);
    return take();
}

static void token_is_answered_between_two_dispatches(void)
{
    mcp_client *client = new_client();
    mcp_request *ping = start_ping(client);
    mcp_token_request *request = next(client);

    CHECK(request != NULL);
    CHECK(mcp_token_request_refused(request) == 0);
    CHECK(mcp_token_request_challenge(request, "realm") == NULL);
    CHECK_STATUS(MCP_PENDING, mcp_request_status(ping));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_token_request_answer(request, NULL, 3));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_token_request_answer(request, "\xff", 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_token_request_answer(request, "", 0));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_token_request_fail(request, "\xff"));
    CHECK_STATUS(MCP_OK, mcp_token_request_answer(request, test_token,
                                                  strlen(test_token)));
    CHECK_STATUS(MCP_E_STATE, mcp_token_request_answer(request, "x", 1));
    CHECK_STATUS(MCP_E_STATE, mcp_token_request_fail(request, NULL));
    CHECK_STATUS(MCP_OK, mcp_request_wait(ping, 20000));
    mcp_token_request_free(request);
    mcp_request_free(ping);
    mcp_client_free(client);
}

static void refused_token_comes_with_a_challenge(void)
{
    mcp_client *client = new_client();
    mcp_request *ping = start_ping(client);
    mcp_token_request *request = next(client);
    const char *error;

    CHECK_STATUS(MCP_OK, mcp_token_request_answer(request, "old", 3));
    mcp_token_request_free(request);
    request = next(client);
    CHECK(request != NULL && mcp_token_request_refused(request) == 1);
    error = mcp_token_request_challenge(request, "error");
    CHECK(is_text(error, "invalid_token"));
    CHECK(error == mcp_token_request_challenge(request, "error"));
    CHECK(mcp_token_request_challenge(request, "nothing") == NULL);
    CHECK_STATUS(MCP_OK, mcp_token_request_answer(request, test_token,
                                                  strlen(test_token)));
    CHECK_STATUS(MCP_OK, mcp_request_wait(ping, 20000));
    mcp_request_free(ping);
    mcp_client_free(client);
    CHECK(mcp_token_request_challenge(request, "error") == error);
    mcp_token_request_free(request);
}

static void *ping_once(void *client)
{
    static int32_t status;

    status = mcp_ping((mcp_client *)client);
    return &status;
}

/* Answers a blocking call from this thread: 0 frees, 1 fails, 2 answers, 3
 * closes the client. */
static int32_t blocking_call(int how)
{
    mcp_client *client = new_client();
    mcp_token_request *request;
    pthread_t thread;
    void *status = NULL;
    int32_t found;

    pthread_create(&thread, NULL, ping_once, client);
    pthread_mutex_lock(&kept.lock);
    while (kept.request == NULL)
        pthread_cond_wait(&kept.changed, &kept.lock);
    request = take();
    pthread_mutex_unlock(&kept.lock);
    if (how == 1)
        mcp_token_request_fail(request, "not today");
    if (how == 2)
        mcp_token_request_answer(request, test_token, strlen(test_token));
    if (how == 3)
        mcp_client_close(client);
    else
        mcp_token_request_free(request);
    pthread_join(thread, &status);
    found = *(int32_t *)status;
    if (how == 3) {
        if (mcp_token_request_answer(request, "x", 1) != MCP_E_STATE)
            found = -1;
        mcp_client_free(client);
        mcp_token_request_free(request);
    } else {
        mcp_client_free(client);
    }
    return found;
}

static void blocking_call_is_answered_by_another_thread(void)
{
    CHECK_STATUS(MCP_E_UNAUTHORIZED, blocking_call(0));
    CHECK_STATUS(MCP_E_UNAUTHORIZED, blocking_call(1));
    CHECK_STATUS(MCP_OK, blocking_call(2));
    CHECK_STATUS(MCP_E_CLOSED, blocking_call(3));
}

static void late_answer_is_a_state_error(void)
{
    mcp_client *client = new_client();
    mcp_token_request *request = NULL;
    int timeout;

    /* A short time may be over before the token is asked for. */
    for (timeout = 500; request == NULL && timeout < 60000; timeout *= 4) {
        mcp_client_set_timeout(client, timeout);
        CHECK_STATUS(MCP_E_TIMEOUT, mcp_ping(client));
        request = take();
    }
    CHECK(request != NULL);
    CHECK_STATUS(MCP_E_STATE, mcp_token_request_answer(request, "x", 1));
    mcp_client_free(client);
    CHECK_STATUS(MCP_E_STATE, mcp_token_request_fail(request, NULL));
    mcp_token_request_free(request);
}

static void everything_is_freed_in_every_order(void)
{
    int order;

    for (order = 0; order < 3; order++) {
        int before = kept.freed;
        mcp_client *client = new_client();
        mcp_request *ping = start_ping(client);
        mcp_token_request *request = next(client);

        CHECK(request != NULL);
        if (order == 0)
            mcp_token_request_free(request);
        if (order == 1)
            mcp_request_free(ping);
        mcp_client_free(client);
        if (order == 2)
            mcp_request_free(ping);
        if (order != 0)
            mcp_token_request_free(request);
        if (order == 0)
            mcp_request_free(ping);
        /* The background thread may have been the last one to use it: then a
         * later call frees it. */
        while (kept.freed == before)
            mcp_client_free(mcp_client_new("http://127.0.0.1:9/", NULL));
        CHECK(kept.freed == before + 1);
    }
}

static void on_record(void *userdata, mcp_client *client,
                      const mcp_log_record *record)
{
    int *counts = (int *)userdata;
    const char *message = mcp_log_record_message(record);

    if (client == NULL || message == NULL || strlen(message) < 2 ||
        strstr(message, test_token) != NULL)
        counts[0]++;
    counts[1 + mcp_log_record_level(record)]++;
}

static void free_counts(void *userdata)
{
    ((int *)userdata)[9]++;
}

static void log_has_a_record_for_each_line(void)
{
    mcp_client *client = mcp_client_new(test_path("/mcp"), test_token);
    int counts[10] = {0};
    mcp_request *ping;

    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_log(client, on_record, counts, free_counts, 8));
    CHECK(counts[9] == 1);
    CHECK_STATUS(MCP_OK, mcp_client_set_log(client, on_record, counts,
                                            free_counts, MCP_LOG_DEBUG));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK(counts[0] == 0 && counts[1 + MCP_LOG_DEBUG] > 5);
    CHECK(counts[1 + MCP_LOG_INFO] > 0);
    ping = start_ping(client);
    CHECK_STATUS(MCP_OK, mcp_request_wait(ping, 20000));
    /* Those that are left are never delivered. */
    CHECK_STATUS(MCP_OK, mcp_request_start(ping));
    mcp_request_free(ping);
    mcp_client_free(client);
    CHECK(counts[0] == 0);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(token_is_answered_between_two_dispatches);
    RUN(refused_token_comes_with_a_challenge);
    RUN(blocking_call_is_answered_by_another_thread);
    RUN(late_answer_is_a_state_error);
    RUN(everything_is_freed_in_every_order);
    RUN(log_has_a_record_for_each_line);
    END();
}
