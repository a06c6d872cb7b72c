/* Tasks: what is NULL, and what is freed in which order. */
#include "test.h"

static const char *const eras[] = {"/tasks-stateless/mcp", "/tasks-handshake/mcp"};
static int events;

static void on_event(void *userdata, mcp_client *client, const mcp_event *event)
{
    const mcp_task *task = mcp_event_task(event);

    (void)client;
    if (task != NULL && mcp_task_id(task) != NULL)
        (*(int *)userdata)++;
}

static void on_input(void *userdata, mcp_client *client, mcp_input *input)
{
    (void)userdata;
    (void)client;
    mcp_input_accept(input, "{\"name\":\"Ada\"}");
    mcp_input_free(input);
}

static void null_is_refused_or_ignored(void)
{
    mcp_client *client = mcp_client_new(test_path(eras[0]), test_token);
    mcp_result *result = (mcp_result *)&events;
    size_t len = 9;

    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_allow(NULL, MCP_ALLOW_TASKS, 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_request_set_task(NULL, 0));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_get_task(NULL, "x", &result));
    CHECK(result == NULL);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_get_task(client, NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_get_task_result(NULL, "x", NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_get_task_result(client, NULL, &result));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_cancel_task(NULL, "x"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_cancel_task(client, NULL));
    CHECK(mcp_result_task_count(NULL) == 0 && mcp_result_task(NULL, 0) == NULL);
    CHECK(mcp_event_task(NULL) == NULL);
    CHECK(mcp_event_message(NULL) == NULL);
    CHECK(mcp_task_id(NULL) == NULL && mcp_task_status(NULL) == NULL);
    CHECK(mcp_task_message(NULL) == NULL && mcp_task_ttl(NULL) == -1);
    CHECK(mcp_task_poll_interval(NULL) == -1);
    CHECK(mcp_task_json(NULL, &len) == NULL && len == 0);
    mcp_client_free(client);
}

static void task_is_one_call(void)
{
    static const char ask[] =
        "{\"rounds\":[{\"who\":{\"method\":\"elicitation/create\",\"params\":{"
        "\"message\":\"?\",\"requestedSchema\":{\"type\":\"object\",\"properties\":"
        "{\"name\":{\"type\":\"string\"}}}}}}]}";
    size_t i;

    for (i = 0; i < 2; i++) {
        mcp_client *client = mcp_client_new(test_path(eras[i]), test_token);
        mcp_result *result = NULL;
        mcp_request *request;

        events = 0;
        CHECK_STATUS(MCP_OK, mcp_client_set_allow(client, MCP_ALLOW_TASKS, 1));
        CHECK_STATUS(MCP_OK, mcp_client_set_event_handler(client, on_event, &events, NULL));
        CHECK_STATUS(MCP_OK, mcp_client_set_input_handler(client, MCP_INPUT_FORM, on_input,
                                                          NULL, NULL));
        CHECK_STATUS(MCP_OK, mcp_listen(client, MCP_EVENT_TASK_STATUS));
        CHECK_STATUS(MCP_OK, mcp_call_tool(client, "task-required", ask, &result));
        CHECK(has_text(mcp_result_text(result, NULL), "Ada"));
        mcp_result_free(result);
        request = mcp_request_new_call_tool(client, "task-required", ask);
        CHECK_STATUS(MCP_OK, mcp_request_start(request));
        CHECK_STATUS(MCP_OK, mcp_request_wait(request, 20000));
        CHECK_STATUS(MCP_OK, mcp_request_take_result(request, NULL));
        /* Freed while its task goes on. */
        CHECK_STATUS(MCP_OK, mcp_request_start(request));
        mcp_request_free(request);
        mcp_client_free(client);
    }
}

static void task_outlives_the_client_that_began_it(void)
{
    size_t i, order;

    for (i = 0; i < 2; i++) {
        for (order = 0; order < 4; order++) {
            mcp_client *client = mcp_client_new(test_path(eras[i]), test_token);
            mcp_request *request = mcp_request_new_call_tool(client, "task-required", NULL);
            mcp_result *begun = NULL, *result = NULL, *list = NULL;
            const mcp_task *task;
            size_t len = 0;

            CHECK_STATUS(MCP_OK, mcp_request_set_task(request, 60000));
            CHECK_STATUS(MCP_OK, mcp_request_perform(request, &begun));
            task = mcp_result_task(begun, 0);
            CHECK(mcp_result_task_count(begun) == 1 && mcp_result_task(begun, 1) == NULL);
            CHECK(mcp_task_id(task) != NULL && mcp_task_poll_interval(task) > 0);
            if (order & 1)
                mcp_request_free(request);
            mcp_client_free(client);
            if (!(order & 1))
                mcp_request_free(request);
            client = mcp_client_new(test_path(eras[i]), test_token);
            CHECK_STATUS(MCP_OK, mcp_get_task(client, mcp_task_id(task), NULL));
            CHECK_STATUS(MCP_OK, mcp_get_task_result(client, mcp_task_id(task), &result));
            if (i == 1) {
                request = mcp_request_new(client, "tasks/list", NULL);
                CHECK_STATUS(MCP_OK, mcp_request_set_all_pages(request, 1));
                CHECK_STATUS(MCP_OK, mcp_request_perform(request, &list));
                CHECK(mcp_result_task_count(list) > 0);
                mcp_request_free(request);
            }
            CHECK_STATUS(MCP_E_NOT_FOUND, mcp_cancel_task(client, "nobody"));
            if (order & 2)
                mcp_client_free(client);
            CHECK(mcp_task_json(task, &len) != NULL && len > 0);
            CHECK(mcp_task_message(task) == NULL);
            mcp_result_free(begun);
            CHECK(mcp_result_text(result, NULL) != NULL);
            mcp_result_free(list);
            mcp_result_free(result);
            if (!(order & 2))
                mcp_client_free(client);
        }
    }
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(null_is_refused_or_ignored);
    RUN(task_is_one_call);
    RUN(task_outlives_the_client_that_began_it);
    END();
}
