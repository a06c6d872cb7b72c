/* listen: prints the server's notifications. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>

#include "cli.h"

struct listening {
    const struct options *options;
    long seen;
    int is_open;
};

static int is_enough(const struct listening *listening)
{
    long most = listening->options->number[OPTION_EVENTS];

    return most > 0 && listening->seen >= most;
}

static mcp_json *params_of(const mcp_event *event)
{
    size_t length = 0;
    const char *text = mcp_event_params_json(event, &length);

    return text != NULL ? mcp_json_parse(text, length) : NULL;
}

/* Begins the line of a log message: "info logger: " */
static void put_log_head(FILE *to, const mcp_event *event,
                         const mcp_json *params)
{
    const char *name = choice_name(log_levels, mcp_event_log_level(event));
    const char *logger =
        mcp_json_string(mcp_json_at(params, "/logger"), NULL);

    fputs(name != NULL ? name : "log", to);
    if (logger != NULL) {
        fputc(' ', to);
        put_word(to, logger);
    }
    fputs(": ", to);
}

static void put_log(const mcp_event *event)
{
    mcp_json *params = params_of(event);
    size_t length = 0;
    const char *data = mcp_json_text(mcp_json_at(params, "/data"), &length);

    put_log_head(stdout, event, params);
    if (data != NULL)
        put_json(stdout, data, length);
    mcp_json_free(params);
}

/* Returns the text of a log message: a string, or the "msg" of FastMCP. */
static const char *log_text(const mcp_json *data)
{
    const mcp_json *message = mcp_json_at(data, "/msg");

    if (message == NULL ||
        mcp_json_kind(mcp_json_at(data, "/extra")) != MCP_JSON_NULL)
        return mcp_json_string(data, NULL);
    return mcp_json_string(message, NULL);
}

/* Shows a log message while a command runs. */
static void on_log(void *userdata, mcp_client *client, const mcp_event *event)
{
    const struct options *options = (const struct options *)userdata;
    int32_t level = mcp_event_log_level(event);
    size_t length = 0;
    const char *json;
    const mcp_json *data;
    mcp_json *params;

    (void)client;
    /* Some servers ignore the level that they were told. */
    if (put_sign_in_notice(event) || mcp_event_kind(event) != MCP_EVENT_LOG ||
        (level >= 0 && level < options->number[OPTION_LOG_LEVEL]))
        return;
    params = params_of(event);
    data = mcp_json_at(params, "/data");
    json = mcp_json_text(data, &length);
    hide_progress();
    flush_output();
    put_log_head(stderr, event, params);
    if (log_text(data) != NULL)
        put_text(stderr, log_text(data));
    else if (json != NULL)
        put_json(stderr, json, length);
    fputc('\n', stderr);
    mcp_json_free(params);
}

/* Asks for the log messages of --log-level.  A server that does not let itself
 * be asked may send them all the same. */
int32_t ask_for_logs(mcp_client *client, const struct options *options,
                     int shows)
{
    int32_t status = MCP_OK;

    if (options->value[OPTION_LOG_LEVEL] == NULL)
        return MCP_OK;
    if (shows)
        status = mcp_client_set_event_handler(client, on_log, (void *)options,
                                              NULL);
    if (status == MCP_OK)
        status = perform(
            client, options,
            mcp_request_new_set_log_level(
                client, (int32_t)options->number[OPTION_LOG_LEVEL]),
            NULL);
    if (status != MCP_E_UNSUPPORTED && status != MCP_E_RPC)
        return status;
    put_program_name();
    fputs("--log-level: ", stderr);
    put_error(stderr);
    return MCP_OK;
}

static void put_event(const mcp_event *event)
{
    size_t length = 0;
    const char *params = mcp_event_params_json(event, &length);

    switch (mcp_event_kind(event)) {
    case MCP_EVENT_TOOLS_CHANGED:
        fputs("the tools changed", stdout);
        break;
    case MCP_EVENT_PROMPTS_CHANGED:
        fputs("the prompts changed", stdout);
        break;
    case MCP_EVENT_RESOURCES_CHANGED:
        fputs("the resources changed", stdout);
        break;
    case MCP_EVENT_RESOURCE_UPDATED:
        fputs("changed: ", stdout);
        put_word(stdout, mcp_event_uri(event));
        break;
    case MCP_EVENT_LOG:
        put_log(event);
        break;
    default:
        put_word(stdout, mcp_event_method(event));
        if (params != NULL) {
            putchar(' ');
            put_json(stdout, params, length);
        }
    }
    putchar('\n');
}

static void on_event(void *userdata, mcp_client *client,
                     const mcp_event *event)
{
    struct listening *listening = (struct listening *)userdata;
    size_t length = 0;
    const char *params = mcp_event_params_json(event, &length);

    (void)client;
    if (mcp_event_kind(event) == MCP_EVENT_LISTENING) {
        listening->is_open = 1;
        fprintf(stderr, "listening\n");
        return;
    }
    if (put_sign_in_notice(event) || is_enough(listening) ||
        mcp_event_kind(event) == MCP_EVENT_STATE)
        return;
    listening->seen++;
    if (listening->options->json) {
        fputs("{\"method\":", stdout);
        put_json_text(mcp_event_method(event));
        fputs(",\"params\":", stdout);
        put_json(stdout, params != NULL ? params : "{}",
                 params != NULL ? length : 2);
        fputs("}\n", stdout);
    } else {
        put_event(event);
    }
    flush_output();
}

/* Returns the kinds of notification that the server declares.  Without any it
 * returns all kinds, so that log messages arrive or the error says why not. */
static int32_t declared_kinds(mcp_client *client,
                              const struct options *options)
{
    int32_t kinds = 0;
    mcp_result *server = NULL;

    if (perform(client, options, mcp_request_new_connect(client), &server) ==
        MCP_OK) {
        if (mcp_result_has_capability(server, "tools.listChanged"))
            kinds += MCP_EVENT_TOOLS_CHANGED;
        if (mcp_result_has_capability(server, "prompts.listChanged"))
            kinds += MCP_EVENT_PROMPTS_CHANGED;
        if (mcp_result_has_capability(server, "resources.listChanged"))
            kinds += MCP_EVENT_RESOURCES_CHANGED;
    }
    mcp_result_free(server);
    return kinds != 0 ? kinds
                      : MCP_EVENT_TOOLS_CHANGED + MCP_EVENT_PROMPTS_CHANGED +
                            MCP_EVENT_RESOURCES_CHANGED;
}

int listen_to(mcp_client *client, const struct options *options)
{
    struct listening listening;
    int32_t status;
    int i;

    listening.options = options;
    listening.seen = 0;
    listening.is_open = 0;
    status = mcp_client_set_event_handler(client, on_event, &listening, NULL);
    if (status == MCP_OK)
        status = ask_for_logs(client, options, 0);
    if (status == MCP_OK)
        status = perform(
            client, options,
            mcp_request_new_listen(client, declared_kinds(client, options)),
            NULL);
    for (i = 0; status == MCP_OK && i < options->word_count; i++)
        status = perform(client, options,
                         mcp_request_new_subscribe(client, options->words[i]),
                         NULL);
    while (status == MCP_OK && !interrupted && !is_enough(&listening))
        status = wait_for(client, options);
    if (interrupted && listening.is_open) {
        status = MCP_OK;
        interrupted = 0; /* Ctrl-C is the usual end */
    }
    mcp_client_set_event_handler(client, NULL, NULL, NULL);
    return status == MCP_OK ? SUCCESS : fail(options);
}
