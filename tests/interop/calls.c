/* Makes the calls that standard input names, a line each, and prints what
 * came of each as a line of JSON; "-" for no token or version:
 *
 *     calls URL TOKEN VERSION
 *     calls - - VERSION PROGRAM [ARGUMENT ...]
 *
 *     ping  info            a sign of life, and who it is
 *     many COUNT NAME JSON  calls a tool so often at once; %d is the number
 *     tools  resources  templates  prompts      lists, every page
 *     call NAME JSON        prompt NAME JSON    read URI
 *     complete REFERENCE-JSON ARGUMENT VALUE
 *     level NUMBER          subscribe URI       unsubscribe URI
 *     listen KINDS          wait MILLISECONDS   request METHOD JSON
 *     await KINDS           waits until an event of one of them was told
 *     roots JSON            changes the roots that were set at first
 *
 * FORM is what a form is answered with: JSON, "decline" or "dismiss";
 * TRANSPORT is that of MCP_TRANSPORT_ by its number. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mcpclient.h>

enum { MOST_AT_ONCE = 100 };

static long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long)(time.tv_sec * 1000 + time.tv_nsec / 1000000);
}

static void print(mcp_json *line)
{
    mcp_json_set_integer(line, "/ms", now());
    printf("%s\n", mcp_json_text(line, NULL));
    fflush(stdout);
    mcp_json_free(line);
}

static mcp_json *begin(const char *what)
{
    mcp_json *line = mcp_json_new();

    mcp_json_set_string(line, "/do", what);
    return line;
}

static void on_progress(void *userdata, mcp_request *request,
                        const mcp_progress *progress)
{
    const char *message = mcp_progress_message(progress);
    mcp_json *line = begin("progress");

    (void)userdata;
    (void)request;
    mcp_json_set_number(line, "/progress", mcp_progress_value(progress));
    mcp_json_set_number(line, "/total", mcp_progress_total(progress));
    if (message != NULL)
        mcp_json_set_string(line, "/message", message);
    print(line);
}

/* The kinds of the events that were told so far. */
static int32_t kinds_told;

static void on_event(void *userdata, mcp_client *client, const mcp_event *event)
{
    mcp_json *line;

    (void)userdata;
    (void)client;
    if (mcp_event_kind(event) == MCP_EVENT_STATE)
        return;
    kinds_told |= mcp_event_kind(event);
    line = begin("event");
    mcp_json_set_integer(line, "/kind", mcp_event_kind(event));
    mcp_json_set_json(line, "/params", mcp_event_params_json(event, NULL));
    if (mcp_event_uri(event) != NULL)
        mcp_json_set_string(line, "/uri", mcp_event_uri(event));
    mcp_json_set_integer(line, "/level", mcp_event_log_level(event));
    print(line);
}

static void on_input(void *userdata, mcp_client *client, mcp_input *input)
{
    const char *form = getenv("FORM");
    mcp_json *line = begin("input");
    int32_t status;

    (void)userdata;
    (void)client;
    if (form == NULL || mcp_input_kind(input) != MCP_INPUT_FORM)
        form = "{}";
    if (mcp_input_kind(input) == MCP_INPUT_SAMPLING)
        status = mcp_input_reply_json(
            input, "{\"role\":\"assistant\",\"model\":\"none\",\"stopReason\":"
                   "\"endTurn\",\"content\":{\"type\":\"text\",\"text\":"
                   "\"a canned answer\"}}");
    else if (strcmp(form, "decline") == 0)
        status = mcp_input_decline(input);
    else if (strcmp(form, "dismiss") == 0)
        status = mcp_input_dismiss(input);
    else
        status = mcp_input_accept(
            input, mcp_input_kind(input) == MCP_INPUT_FORM ? form : NULL);
    mcp_json_set_integer(line, "/kind", mcp_input_kind(input));
    mcp_json_set_json(line, "/params", mcp_input_params_json(input, NULL));
    mcp_json_set_string(line, "/status", mcp_status_name(status));
    if (status != MCP_OK)
        mcp_json_set_string(line, "/why", mcp_error_message(NULL));
    print(line);
    mcp_input_free(input);
}

/* What the accessors say of a result, beside its JSON. */
static void add_result(mcp_json *line, const mcp_result *result)
{
    size_t i, len = 0;

    mcp_json_set_json(line, "/json", mcp_result_json(result, NULL));
    mcp_json_set_string(line, "/text", mcp_result_text(result, NULL));
    mcp_json_set_boolean(line, "/failed", mcp_result_is_error(result));
    if (mcp_result_structured_json(result, NULL) != NULL)
        mcp_json_set_json(line, "/structured", mcp_result_structured_json(result, NULL));
    mcp_json_set_json(line, "/names", "[]");
    for (i = 0; i < mcp_result_tool_count(result); i++)
        mcp_json_set_string(line, "/names/-", mcp_tool_name(mcp_result_tool(result, i)));
    for (i = 0; i < mcp_result_resource_count(result); i++)
        mcp_json_set_string(line, "/names/-",
                            mcp_resource_uri(mcp_result_resource(result, i)));
    for (i = 0; i < mcp_result_prompt_count(result); i++)
        mcp_json_set_string(line, "/names/-",
                            mcp_prompt_name(mcp_result_prompt(result, i)));
    for (i = 0; i < mcp_result_completion_count(result); i++)
        mcp_json_set_string(line, "/names/-", mcp_result_completion(result, i));
    mcp_json_set_json(line, "/contents", "[]");
    for (i = 0; i < mcp_result_content_count(result); i++) {
        const mcp_content *content = mcp_result_content(result, i);
        const unsigned char *data = mcp_content_data(content, &len);
        unsigned long sum = 0;
        const char *uri;
        mcp_json *one = mcp_json_new();
        size_t at;

        for (at = 0; at < len; at++)
            sum = (sum * 31 + data[at]) % 1000003;
        mcp_json_set_integer(one, "/kind", mcp_content_kind(content));
        if (mcp_content_role(content) != NULL)
            mcp_json_set_string(one, "/role", mcp_content_role(content));
        if (mcp_content_text(content, NULL) != NULL)
            mcp_json_set_string(one, "/text", mcp_content_text(content, NULL));
        if (mcp_content_mime_type(content) != NULL)
            mcp_json_set_string(one, "/mime", mcp_content_mime_type(content));
        uri = mcp_resource_uri(mcp_content_resource(content));
        if (uri != NULL)
            mcp_json_set_string(one, "/uri", uri);
        mcp_json_set_integer(one, "/bytes", data != NULL ? (int64_t)len : -1);
        mcp_json_set_integer(one, "/sum", (int64_t)sum);
        mcp_json_set_json(line, "/contents/-", mcp_json_text(one, NULL));
        mcp_json_free(one);
    }
}

static void add_server(mcp_json *line, mcp_client *client,
                       const mcp_result *server)
{
    mcp_json_set_string(line, "/server", mcp_result_server_name(server));
    mcp_json_set_string(line, "/protocol",
                        mcp_result_protocol_version(server));
    mcp_json_set_integer(line, "/transport", mcp_client_transport(client));
}

/* Calls a tool many times at once; the texts of all, in the order of the
 * calls. */
static int32_t call_many(mcp_client *client, mcp_json *line, int count,
                         const char *name, const char *pattern)
{
    static mcp_request *requests[MOST_AT_ONCE];
    char arguments[1024];
    int32_t status = MCP_OK;
    int i;

    if (count > MOST_AT_ONCE)
        return MCP_E_INVALID_ARGUMENT;
    mcp_json_set_json(line, "/texts", "[]");
    for (i = 0; i < count; i++) {
        const char *place = strstr(pattern, "%d");

        sprintf(arguments, "%.*s%d%.900s", (int)(place - pattern), pattern,
                i + 1, place + 2);
        requests[i] = mcp_request_new_call_tool(client, name, arguments);
        if (status == MCP_OK)
            status = mcp_request_start(requests[i]);
    }
    for (i = 0; i < count; i++) {
        mcp_result *result = NULL;

        if (status == MCP_OK)
            status = mcp_request_wait(requests[i], 60000);
        if (status == MCP_OK)
            status = mcp_request_take_result(requests[i], &result);
        if (status == MCP_OK)
            mcp_json_set_string(line, "/texts/-",
                                mcp_result_text(result, NULL));
        mcp_result_free(result);
        mcp_request_free(requests[i]);
    }
    return status;
}

static mcp_request *request_of(mcp_client *client, const char *verb,
                               const char *name, const char *rest)
{
    if (strcmp(verb, "call") == 0)
        return mcp_request_new_call_tool(client, name, rest);
    if (strcmp(verb, "prompt") == 0)
        return mcp_request_new_get_prompt(client, name, rest);
    if (strcmp(verb, "read") == 0)
        return mcp_request_new_read_resource(client, name);
    return mcp_request_new(client, name, rest);
}

/* Does what a line says: its status and, of some, its result. */
static int32_t perform(mcp_client *client, char *text, mcp_json *line,
                       mcp_result **result)
{
    char *verb = strtok(text, " "), *name = strtok(NULL, " ");
    char *rest = strtok(NULL, "");
    mcp_request *request;
    int32_t status;
    long end;

    if (strcmp(verb, "ping") == 0)
        return mcp_ping(client);
    if (strcmp(verb, "info") == 0) {
        mcp_result *server = NULL;

        status = mcp_connect(client, &server);
        if (status == MCP_OK)
            add_server(line, client, server);
        mcp_result_free(server);
        return status;
    }
    if (strcmp(verb, "many") == 0) {
        char *tool = strtok(rest, " ");

        return call_many(client, line, atoi(name), tool, strtok(NULL, ""));
    }
    if (strcmp(verb, "tools") == 0)
        return mcp_list_tools(client, result);
    if (strcmp(verb, "resources") == 0)
        return mcp_list_resources(client, result);
    if (strcmp(verb, "templates") == 0)
        return mcp_list_resource_templates(client, result);
    if (strcmp(verb, "prompts") == 0)
        return mcp_list_prompts(client, result);
    if (strcmp(verb, "level") == 0)
        return mcp_set_log_level(client, atoi(name));
    if (strcmp(verb, "subscribe") == 0)
        return mcp_subscribe_resource(client, name);
    if (strcmp(verb, "unsubscribe") == 0)
        return mcp_unsubscribe_resource(client, name);
    if (strcmp(verb, "listen") == 0)
        return mcp_listen(client, atoi(name));
    if (strcmp(verb, "roots") == 0)
        return mcp_client_set_roots_json(client, name);
    if (strcmp(verb, "complete") == 0) {
        char *argument = strtok(rest, " "), *value = strtok(NULL, "");

        return mcp_complete(client, name, argument, value != NULL ? value : "",
                            NULL, result);
    }
    if (strcmp(verb, "wait") == 0) {
        for (end = now() + atol(name); now() < end;)
            if ((status = mcp_client_dispatch(client, (int32_t)(end - now()) + 1)) != MCP_OK)
                return status;
        return MCP_OK;
    }
    if (strcmp(verb, "await") == 0) {
        for (end = now() + 60000; (kinds_told & atoi(name)) == 0 && now() < end;)
            if ((status = mcp_client_dispatch(client, 100)) != MCP_OK)
                return status;
        return MCP_OK;
    }
    request = request_of(client, verb, name, rest);
    if (request == NULL)
        return mcp_error_status(NULL);
    status = mcp_request_set_progress(request, on_progress, NULL, NULL);
    if (status == MCP_OK)
        status = mcp_request_perform(request, result);
    mcp_request_free(request);
    return status;
}

int main(int argc, char **argv)
{
    static char text[65536];
    const char *transport = getenv("TRANSPORT");
    mcp_client *client;
    int32_t status = MCP_OK;

    if (argc < 4)
        return 2;
    if (argc > 4)
        client = mcp_client_new_stdio((const char *const *)(argv + 4));
    else
        client = mcp_client_new(argv[1],
                                strcmp(argv[2], "-") == 0 ? NULL : argv[2]);
    if (client == NULL)
        return 1;
    if (transport != NULL)
        status = mcp_client_set_transport(client, atoi(transport));
    if (status == MCP_OK && strcmp(argv[3], "-") != 0)
        status = mcp_client_set_protocol_version(client, argv[3]);
    if (status == MCP_OK)
        status = mcp_client_set_roots_json(
            client, "[{\"uri\":\"file:///project\",\"name\":\"project\"}]");
    if (status == MCP_OK)
        status = mcp_client_set_input_handler(
            client, MCP_INPUT_FORM + MCP_INPUT_URL + MCP_INPUT_SAMPLING, on_input,
            NULL, NULL);
    if (status == MCP_OK)
        status = mcp_client_set_event_handler(client, on_event, NULL, NULL);
    mcp_client_set_timeout(client, 60000); /* it may have to start */
    if (status != MCP_OK)
        return 1;
    while (fgets(text, sizeof text, stdin) != NULL) {
        mcp_json *line;
        mcp_result *result = NULL;

        text[strcspn(text, "\n")] = '\0';
        line = begin("done");
        mcp_json_set_string(line, "/line", text);
        status = perform(client, text, line, &result);
        mcp_json_set_string(line, "/status", mcp_status_name(status));
        if (status != MCP_OK) {
            mcp_json_set_string(line, "/why", mcp_error_message(NULL));
            mcp_json_set_integer(line, "/http", mcp_error_http_status(NULL));
            mcp_json_set_integer(line, "/exit", mcp_error_exit_status(NULL));
            mcp_json_set_integer(line, "/mayHaveRun",
                                 mcp_error_may_have_run(NULL));
        }
        if (result != NULL)
            add_result(line, result);
        print(line);
        mcp_result_free(result);
    }
    mcp_client_free(client);
    return 0;
}
