/* Requests and cancels. */
#include <pthread.h>
#include <time.h>

#include "test.h"

static void request_gives_its_result_and_its_error(void)
{
    mcp_client *client = mcp_client_new(test_path("/mcp"), test_token);
    mcp_request *call, *none;
    mcp_result *result = NULL;

    call = mcp_request_new(client, "tools/call", "{\"name\":\"x\"}");
    CHECK_STATUS(MCP_OK, mcp_request_perform(call, &result));
    CHECK(has_text(mcp_result_json(result, NULL), "done"));
    CHECK(mcp_result_server_name(result) == NULL);
    CHECK(mcp_request_error(call) == NULL);
    mcp_result_free(result);
    CHECK_STATUS(MCP_OK, mcp_request_perform(call, NULL));

    none = mcp_request_new(client, "x/none", NULL);
    CHECK_STATUS(MCP_E_RPC, mcp_request_perform(none, &result));
    CHECK(result == NULL);
    CHECK(mcp_error_rpc_code(mcp_request_error(none)) == -32601);
    /* Another failure is the thread's last error, not the request's. */
    CHECK(mcp_client_new("", NULL) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    CHECK(mcp_error_status(mcp_request_error(none)) == MCP_E_RPC);
    mcp_request_free(none);
    mcp_request_free(call);
    mcp_client_free(client);
}

static void *fire_soon(void *cancel)
{
    struct timespec pause;

    pause.tv_sec = 0;
    pause.tv_nsec = 20000000;
    nanosleep(&pause, NULL);
    mcp_cancel_fire((mcp_cancel *)cancel);
    return NULL;
}

static void cancel_ends_a_call_from_another_thread(void)
{
    mcp_client *client = mcp_client_new(test_path("/hang"), test_token);
    mcp_cancel *cancel = mcp_cancel_new();
    mcp_request *request = mcp_request_new(client, "ping", NULL);
    pthread_t thread;

    CHECK_STATUS(MCP_OK, mcp_request_set_cancel(request, cancel));
    CHECK(pthread_create(&thread, NULL, fire_soon, cancel) == 0);
    CHECK_STATUS(MCP_E_CANCELLED, mcp_request_perform(request, NULL));
    pthread_join(thread, NULL);
    /* It stays fired: a request that runs again gets another. */
    CHECK_STATUS(MCP_E_CANCELLED, mcp_request_perform(request, NULL));
    mcp_cancel_free(cancel);
    cancel = mcp_cancel_new();
    CHECK_STATUS(MCP_OK, mcp_request_set_cancel(request, cancel));
    CHECK_STATUS(MCP_OK, mcp_request_set_timeout(request, 30));
    CHECK_STATUS(MCP_E_TIMEOUT, mcp_request_perform(request, NULL));
    CHECK_STATUS(MCP_OK, mcp_request_set_cancel(request, NULL));
    mcp_request_free(request);
    mcp_cancel_free(cancel);
    mcp_client_free(client);
}

static void *close_soon(void *client)
{
    struct timespec pause;

    pause.tv_sec = 0;
    pause.tv_nsec = 20000000;
    nanosleep(&pause, NULL);
    mcp_client_close((mcp_client *)client);
    return NULL;
}

static void close_ends_a_call_from_another_thread(void)
{
    mcp_client *client = mcp_client_new(test_path("/hang"), test_token);
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, close_soon, client) == 0);
    CHECK_STATUS(MCP_E_CLOSED, mcp_ping(client));
    pthread_join(thread, NULL);
    mcp_client_free(client);
}

enum { KINDS = 10 };

static mcp_request *request_of_kind(mcp_client *client, int kind)
{
    switch (kind) {
    case 0: return mcp_request_new_connect(client);
    case 1: return mcp_request_new_listen(client, MCP_EVENT_TOOLS_CHANGED);
    case 2: return mcp_request_new_subscribe(client, "test://text");
    case 3: return mcp_request_new_unsubscribe(client, "test://text");
    case 4: return mcp_request_new_set_log_level(client, MCP_LOG_ERROR);
    case 5: return mcp_request_new_notify(client, "notifications/x", NULL);
    case 6: return mcp_request_new_task_result(client, "task");
    case 7: return mcp_request_new_sign_in(client);
    case 8: return mcp_request_new_sign_out(client);
    default: return mcp_request_new_close(client);
    }
}

/* Each kind is freed in flight and after its end, before and after its client. */
static void each_kind_is_freed_in_any_order(void)
{
    mcp_request *requests[KINDS];
    mcp_client *client;
    int kind, order;

    for (order = 0; order < 4; order++) {
        client = mcp_client_new(test_path(order == 0 ? "/mcp" : "/hang"), test_token);
        mcp_client_set_close_timeout(client, 50);
        for (kind = 0; kind < KINDS; kind++) {
            requests[kind] = request_of_kind(client, kind);
            CHECK(requests[kind] != NULL);
            CHECK_STATUS(MCP_OK, mcp_request_start(requests[kind]));
            if (order == 0)
                CHECK(mcp_request_wait(requests[kind], 30000) != MCP_PENDING);
        }
        if (order == 1)
            mcp_client_close(client);
        if (order == 2)
            mcp_client_free(client);
        for (kind = 0; kind < KINDS; kind++)
            mcp_request_free(requests[kind]);
        if (order != 2)
            mcp_client_free(client);
    }
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(request_gives_its_result_and_its_error);
    RUN(cancel_ends_a_call_from_another_thread);
    RUN(close_ends_a_call_from_another_thread);
    RUN(each_kind_is_freed_in_any_order);
    END();
}
