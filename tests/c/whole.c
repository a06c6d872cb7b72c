/* Every kind of call and handle, under the tools that see what C cannot. */
#include <poll.h>
#include <pthread.h>

#include "test.h"
#include <mcpclient_draft.h>

static const char *const eras[] = {"/full-stateless/mcp", "/full-handshake/mcp"};

static int told, asked, events;

static void on_progress(void *userdata, mcp_request *request,
                        const mcp_progress *progress)
{
    CHECK(mcp_request_userdata(request) == NULL && request != NULL);
    CHECK(mcp_progress_value(progress) >= 0);
    CHECK(mcp_progress_total(progress) >= -1);
    mcp_progress_message(progress);
    (*(int *)userdata)++;
}

static void on_event(void *userdata, mcp_client *client, const mcp_event *event)
{
    (void)client;
    (*(int *)userdata)++;
    mcp_event_kind(event);
    mcp_event_method(event);
    mcp_event_params_json(event, NULL);
    mcp_event_uri(event);
    mcp_event_log_level(event);
    mcp_event_message(event);
}

static mcp_input *kept;

static void on_input(void *userdata, mcp_client *client, mcp_input *input)
{
    (void)client;
    (*(int *)userdata)++;
    mcp_input_message(input);
    mcp_input_schema_json(input, NULL);
    mcp_input_url(input);
    mcp_input_params_json(input, NULL);
    if (kept == NULL && *(int *)userdata == 1) {
        kept = input;
        return;
    }
    if (mcp_input_kind(input) == MCP_INPUT_FORM)
        mcp_input_accept(input, "{\"name\":\"Ada\"}");
    else
        mcp_input_decline(input);
    mcp_input_free(input);
}

static void read_all(mcp_result *result)
{
    size_t i, j, len;

    for (i = 0; i < mcp_result_tool_count(result); i++) {
        const mcp_tool *tool = mcp_result_tool(result, i);

        mcp_tool_title(tool);
        mcp_tool_name(tool);
        mcp_tool_description(tool);
        mcp_tool_input_schema_json(tool, &len);
        mcp_tool_output_schema_json(tool, &len);
        mcp_tool_hint(tool, "readOnlyHint");
        mcp_tool_json(tool, &len);
    }
    for (i = 0; i < mcp_result_resource_count(result); i++) {
        const mcp_resource *resource = mcp_result_resource(result, i);

        mcp_resource_uri(resource);
        mcp_resource_title(resource);
        mcp_resource_size(resource);
        mcp_resource_json(resource, &len);
    }
    for (i = 0; i < mcp_result_prompt_count(result); i++) {
        const mcp_prompt *prompt = mcp_result_prompt(result, i);

        for (j = 0; j < mcp_prompt_argument_count(prompt); j++) {
            mcp_prompt_argument_name(prompt, j);
            mcp_prompt_argument_description(prompt, j);
            mcp_prompt_argument_required(prompt, j);
        }
        mcp_prompt_json(prompt, NULL);
    }
    for (i = 0; i < mcp_result_skill_count(result); i++) {
        const mcp_skill *skill = mcp_result_skill(result, i);

        mcp_skill_name(skill);
        mcp_skill_description(skill);
        for (j = 0; j < mcp_skill_file_count(skill); j++)
            mcp_skill_file_digest(skill, j);
    }
    for (i = 0; i < mcp_result_content_count(result); i++) {
        const mcp_content *content = mcp_result_content(result, i);

        mcp_content_kind(content);
        mcp_content_role(content);
        mcp_content_text(content, &len);
        mcp_content_data(content, &len);
        mcp_resource_uri(mcp_content_resource(content));
        mcp_resource_name(mcp_content_resource(content));
        mcp_content_json(content, &len);
    }
    mcp_result_text(result, &len);
    mcp_result_structured_json(result, &len);
    mcp_result_json(result, &len);
    mcp_result_completion(result, 0);
    mcp_result_next_cursor(result);
    mcp_result_is_error(result);
    mcp_result_free(result);
}

static mcp_client *full(const char *path)
{
    return mcp_client_new(test_path(path), test_token);
}

static void every_call_is_made(void)
{
    size_t i, j;

    for (i = 0; i < 2; i++) {
        mcp_client *client = full(eras[i]);
        mcp_result *result = NULL;

        CHECK_STATUS(MCP_OK, mcp_connect(client, &result));
        read_all(result);
        CHECK_STATUS(MCP_OK, mcp_list_tools(client, &result));
        CHECK(mcp_result_find_tool(result, "echo") != NULL);
        read_all(result);
        CHECK_STATUS(MCP_OK, mcp_call_tool(client, "contents", "{}", &result));
        read_all(result);
        CHECK_STATUS(MCP_OK, mcp_call_tool(client, "fails", NULL, &result));
        CHECK(mcp_result_is_error(result) == 1);
        read_all(result);
        CHECK_STATUS(MCP_OK, mcp_list_resources(client, &result));
        read_all(result);
        CHECK_STATUS(MCP_OK, mcp_list_resource_templates(client, &result));
        read_all(result);
        CHECK_STATUS(MCP_OK, mcp_read_resource(client, "test://blob", &result));
        read_all(result);
        CHECK_STATUS(MCP_OK, mcp_list_prompts(client, &result));
        read_all(result);
        CHECK_STATUS(MCP_OK, mcp_set_log_level(client, MCP_LOG_DEBUG));
        CHECK_STATUS(MCP_OK, mcp_list_skills(client, &result));
        for (j = 0; j < mcp_skill_file_count(mcp_result_skill(result, 0)); j++) {
            mcp_result *file = NULL;

            CHECK_STATUS(MCP_OK, mcp_read_skill_file(
                                     client, mcp_result_skill(result, 0), j, &file));
            read_all(file);
        }
        read_all(result);
        mcp_client_free(client);
    }
}

static void changed_skill_is_refused(void)
{
    mcp_client *client = full("/tampered/mcp");
    mcp_result *skills = NULL, *file = NULL;

    CHECK_STATUS(MCP_OK, mcp_list_skills(client, &skills));
    CHECK_STATUS(MCP_E_INTEGRITY,
                 mcp_read_skill_file(client, mcp_result_skill(skills, 0), 0, &file));
    CHECK(file == NULL);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_read_skill_file(client, mcp_result_skill(skills, 0), 99, &file));
    mcp_result_free(skills);
    mcp_client_free(client);
}

/* Answers from another thread the question that its owner kept. */
static void *answer_later(void *unused)
{
    int i;

    (void)unused;
    for (i = 0; i < 2000 && kept == NULL; i++)
        poll(NULL, 0, 5);
    mcp_input_accept(kept, "{\"name\":\"Ada\"}");
    return NULL;
}

static void input_requests_and_progress_come_during_a_call(void)
{
    static const char ask[] =
        "{\"rounds\":[{\"who\":{\"method\":\"elicitation/create\",\"params\":{"
        "\"message\":\"?\",\"requestedSchema\":{\"type\":\"object\",\"properties\":"
        "{\"name\":{\"type\":\"string\"}}}}}}]}";
    size_t i;

    for (i = 0; i < 2; i++) {
        mcp_client *client = full(eras[i]);
        mcp_request *request;
        mcp_result *result = NULL;
        pthread_t thread;

        told = asked = events = 0;
        kept = NULL;
        CHECK_STATUS(MCP_OK, mcp_client_set_event_handler(client, on_event, &events, NULL));
        CHECK_STATUS(MCP_OK, mcp_client_set_input_handler(client, MCP_INPUT_FORM, on_input,
                                                          &asked, NULL));
        CHECK(pthread_create(&thread, NULL, answer_later, NULL) == 0);
        CHECK_STATUS(MCP_OK, mcp_call_tool(client, "ask", ask, &result));
        pthread_join(thread, NULL);
        CHECK(asked == 1 && has_text(mcp_result_text(result, NULL), "Ada"));
        CHECK_STATUS(MCP_E_STATE, mcp_input_decline(kept));
        mcp_input_free(kept);
        mcp_result_free(result);
        request = mcp_request_new_call_tool(client, "slow", "{\"steps\":3,\"pause\":5}");
        CHECK_STATUS(MCP_OK, mcp_request_set_progress(request, on_progress, &told, NULL));
        CHECK_STATUS(MCP_OK, mcp_request_perform(request, NULL));
        CHECK(told > 0);
        mcp_request_free(request);
        mcp_client_free(client);
    }
}

/* A client of the test server as a program. */
static mcp_client *over_stdio(void)
{
    const char *argv[5];

    argv[0] = getenv("TEST_SERVER");
    argv[1] = "--stdio";
    argv[2] = "--offer";
    argv[3] = "full";
    argv[4] = NULL;
    return mcp_client_new_stdio(argv);
}

/* Each bit of the order is a handle that is freed early. */
static void handles_are_freed_in_any_order(void)
{
    size_t order, i;

    for (i = 0; i < 3; i++) {
        for (order = 0; order < 8; order++) {
            mcp_client *client = i < 2 ? full(eras[i]) : over_stdio();
            mcp_cancel *cancel = mcp_cancel_new();
            mcp_request *slow, *quick, *idle;
            mcp_result *tools = NULL, *result = NULL;
            const mcp_tool *tool;

            CHECK_STATUS(MCP_OK, mcp_listen(client, MCP_EVENT_TOOLS_CHANGED));
            CHECK_STATUS(MCP_OK, mcp_list_tools(client, &tools));
            tool = mcp_result_tool(tools, 0);
            slow = mcp_request_new_call_tool(client, "hang", NULL);
            quick = mcp_request_new_call_tool(client, "bare", NULL);
            idle = mcp_request_new(client, "ping", NULL);
            CHECK_STATUS(MCP_OK, mcp_request_set_cancel(slow, cancel));
            CHECK_STATUS(MCP_OK, mcp_request_set_cancel(idle, cancel));
            CHECK_STATUS(MCP_OK, mcp_request_start(slow));
            CHECK_STATUS(MCP_OK, mcp_request_start(quick));
            CHECK_STATUS(MCP_OK, mcp_request_wait(quick, 30000));
            CHECK_STATUS(MCP_OK, mcp_request_take_result(quick, &result));
            CHECK_STATUS(MCP_OK, mcp_request_perform(idle, NULL));
            if (order & 1) {
                mcp_client_free(client);
                CHECK_STATUS(MCP_E_CLOSED, mcp_request_perform(idle, NULL));
            }
            if (order & 2)
                mcp_request_free(slow);
            if (order & 4)
                mcp_cancel_free(cancel);
            if (!(order & 1))
                mcp_client_free(client);
            if (!(order & 2))
                mcp_request_free(slow);
            if (!(order & 4))
                mcp_cancel_free(cancel);
            mcp_request_free(quick);
            mcp_request_free(idle);
            CHECK(mcp_tool_name(tool) != NULL);
            CHECK(mcp_result_json(result, NULL) != NULL);
            mcp_result_free(result);
            mcp_result_free(tools);
        }
    }
}

static void loop_drives_two_clients_at_once(void)
{
    mcp_client *clients[2];
    struct pollfd wait[2];
    int i, j, left = 0;

    for (i = 0; i < 2; i++) {
        clients[i] = full(eras[i]);
        wait[i].fd = mcp_client_fd(clients[i]);
        wait[i].events = POLLIN;
        CHECK(wait[i].fd >= 0);
        for (j = 0; j < 5; j++) {
            mcp_request *request = mcp_request_new_call_tool(clients[i], "bare", NULL);

            mcp_request_set_userdata(request, clients[i]);
            CHECK_STATUS(MCP_OK, mcp_request_start(request));
            left++;
        }
    }
    while (left > 0) {
        CHECK(poll(wait, 2, 20000) > 0);
        for (i = 0; i < 2; i++) {
            mcp_request *done;

            CHECK_STATUS(MCP_OK, mcp_client_dispatch(clients[i], 0));
            while ((done = mcp_client_next_done(clients[i])) != NULL) {
                CHECK(mcp_request_userdata(done) == clients[i]);
                CHECK_STATUS(MCP_OK, mcp_request_take_result(done, NULL));
                mcp_request_free(done);
                left--;
            }
        }
    }
    mcp_client_free(clients[0]);
    mcp_client_free(clients[1]);
}

static void waited_for_request_is_not_returned_by_next_done(void)
{
    mcp_client *client = full(eras[0]);
    mcp_request *request = mcp_request_new_call_tool(client, "bare", NULL);
    int i;

    for (i = 0; i < 3; i++) {
        CHECK_STATUS(MCP_OK, mcp_request_start(request));
        CHECK_STATUS(MCP_OK, mcp_request_wait(request, 30000));
        CHECK_STATUS(MCP_OK, mcp_request_take_result(request, NULL));
    }
    CHECK(mcp_client_next_done(client) == NULL);
    mcp_request_free(request);
    CHECK(mcp_client_next_done(client) == NULL);
    mcp_client_free(client);
}

static int freed;

static void on_free(void *userdata)
{
    (void)userdata;
    freed++;
}

static void user_data_is_freed_once_on_an_application_thread(void)
{
    mcp_client *client = full(eras[0]);
    mcp_request *request = mcp_request_new_call_tool(client, "bare", NULL);

    freed = 0;
    CHECK_STATUS(MCP_OK, mcp_client_set_event_handler(client, on_event, &events, on_free));
    CHECK_STATUS(MCP_OK, mcp_client_set_event_handler(client, NULL, NULL, NULL));
    CHECK(freed == 1);
    CHECK_STATUS(MCP_OK, mcp_request_set_progress(request, on_progress, &told, on_free));
    CHECK_STATUS(MCP_OK, mcp_request_start(request));
    CHECK_STATUS(MCP_OK, mcp_request_wait(request, 30000));
    CHECK(freed == 1);
    mcp_request_free(request);
    mcp_client_free(client);
    CHECK(freed == 2);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_client_set_event_handler(NULL, on_event, NULL, on_free));
    CHECK(freed == 3);
}

static void list_of_all_pages_is_started_and_freed(void)
{
    size_t i;

    for (i = 0; i < 2; i++) {
        mcp_client *client = full(eras[i]);
        mcp_request *request = mcp_request_new(client, "tools/list", NULL);
        mcp_request *other = mcp_request_new(client, "ping", NULL);
        mcp_result *result = NULL;

        CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_request_set_all_pages(other, 1));
        CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_request_set_all_pages(NULL, 1));
        CHECK_STATUS(MCP_OK, mcp_request_set_all_pages(request, 1));
        CHECK_STATUS(MCP_OK, mcp_request_start(request));
        CHECK_STATUS(MCP_OK, mcp_request_wait(request, 30000));
        CHECK_STATUS(MCP_OK, mcp_request_take_result(request, &result));
        CHECK(mcp_result_find_tool(result, "echo") != NULL);
        CHECK(mcp_result_next_cursor(result) == NULL);
        CHECK_STATUS(MCP_OK, mcp_request_start(request));
        mcp_request_free(request);
        mcp_request_free(other);
        mcp_client_free(client);
        read_all(result);
    }
}

static void on_owned_progress(void *userdata, mcp_request *request,
                              const mcp_progress *progress)
{
    (void)request;
    (void)progress;
    ++*(int *)userdata;
}

static void freed_request_reports_no_progress(void)
{
    size_t i, way;

    for (i = 0; i < 2; i++) {
        for (way = 0; way < 3; way++) {
            mcp_client *client = full(eras[i]);
            mcp_request *request;
            int *count = malloc(sizeof *count);

            CHECK(count != NULL);
            *count = 0;
            CHECK_STATUS(MCP_OK, mcp_ping(client));
            request = mcp_request_new_call_tool(
                client, "slow", way == 0 ? "{\"steps\":2,\"pause\":5}"
                                         : "{\"steps\":20,\"pause\":50}");
            CHECK_STATUS(MCP_OK, mcp_request_set_progress(request, on_owned_progress,
                                                          count, NULL));
            CHECK_STATUS(MCP_OK, mcp_request_start(request));
            /* Some of it waits to be told, or all. */
            poll(NULL, 0, 500);
            if (way == 2)
                CHECK_STATUS(MCP_OK,
                             mcp_request_set_progress(request, NULL, NULL, NULL));
            else
                mcp_request_free(request);
            CHECK(*count == 0);
            /* Whoever touches it now is told of by the tools. */
            free(count);
            CHECK_STATUS(MCP_OK, mcp_client_dispatch(client, 0));
            CHECK_STATUS(MCP_OK, mcp_client_dispatch(client, 50));
            if (way == 2)
                mcp_request_free(request);
            mcp_client_free(client);
        }
    }
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(every_call_is_made);
    RUN(changed_skill_is_refused);
    RUN(input_requests_and_progress_come_during_a_call);
    RUN(handles_are_freed_in_any_order);
    RUN(loop_drives_two_clients_at_once);
    RUN(waited_for_request_is_not_returned_by_next_done);
    RUN(user_data_is_freed_once_on_an_application_thread);
    RUN(freed_request_reports_no_progress);
    RUN(list_of_all_pages_is_started_and_freed);
    END();
}
