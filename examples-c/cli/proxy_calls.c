/* The requests that go to the server, and their responses. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "proxy.h"

/* The host decides how long it waits for a response.  These are for one that
 * waits for ever. */
enum { MOST_TIME = 3600 * 1000, MOST_PARKED = 16 };

static const struct text no_text = {NULL, 0};

/* Returns the number of a log level, a JSON string; or NOT_CHOSEN. */
static int32_t log_level_of(struct text level)
{
    char *name = decode_string(level);
    const struct choice *found =
        name != NULL ? find_choice(log_levels, name) : NULL;

    free(name);
    return found != NULL ? found->number : NOT_CHOSEN;
}

struct call *new_call(struct proxy *proxy, enum call_kind kind,
                      struct text id, struct batch *batch)
{
    struct call *call = (struct call *)allocate_zeroed(sizeof *call);

    call->proxy = proxy;
    call->kind = kind;
    call->number = ++proxy->last_number;
    call->id = id.at != NULL ? copy_text(id) : NULL;
    call->batch = batch;
    add_to_batch(proxy, batch);
    call->next = proxy->calls;
    if (proxy->calls != NULL)
        proxy->calls->previous = call;
    proxy->calls = call;
    proxy->call_count++;
    return call;
}

/* Whether there is no room for more calls: a server that does not respond must
 * not cost more and more memory. */
int is_full(const struct proxy *proxy, size_t calls, size_t bytes)
{
    return proxy->call_count + calls > MOST_CALLS ||
           (proxy->call_bytes > 0 &&
            proxy->call_bytes + bytes > MOST_CALL_BYTES);
}

/* Counts the params of a call, once. */
void count_bytes(struct call *call, size_t bytes)
{
    call->bytes = bytes;
    call->proxy->call_bytes += bytes;
}

/* Forgets a call.  The library ends a request in flight, and tells the
 * server. */
void free_call(struct call *call)
{
    struct proxy *proxy = call->proxy;

    drop_inputs(proxy, call);
    mcp_request_free(call->request);
    settle_batch(proxy, call->batch);
    if (call->next != NULL)
        call->next->previous = call->previous;
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        proxy->calls = call->next;
    proxy->call_count--;
    proxy->call_bytes -= call->bytes;
    proxy->resource_count -= call->resource_count;
    free(call->id);
    free(call->token);
    free(call->filter);
    free(call->version);
    free(call);
}

/* Starts a request, which the call owns.  Responds if that fails; then the
 * call has no request. */
void start_call(struct call *call, mcp_request *request)
{
    int32_t status = request != NULL ? MCP_OK : mcp_error_status(NULL);

    if (status == MCP_OK) {
        mcp_request_set_userdata(request, call);
        status = mcp_request_start(request);
    }
    if (status == MCP_OK) {
        call->request = request;
        return;
    }
    if (call->id != NULL)
        respond_failure(call, NULL);
    mcp_request_free(request);
}

/* Starts a request whose end the host does not see.  `bytes` is the number of
 * bytes of the host in it. */
void start_silently(struct proxy *proxy, mcp_request *request, size_t bytes)
{
    struct call *call = new_call(proxy, SILENT, no_text, NULL);

    count_bytes(call, bytes);
    start_call(call, request);
    if (call->request == NULL)
        free_call(call);
}

struct call *find_call(struct proxy *proxy, struct text id)
{
    struct call *call;
    struct text other;

    for (call = proxy->calls; call != NULL; call = call->next)
        if (call->id != NULL) {
            other.at = call->id;
            other.length = strlen(call->id);
            if (is_same(id, other))
                return call;
        }
    return NULL;
}

/* The host gives a request up: it expects no response.  It may not cancel
 * initialize.  The call is freed when its request has ended, because its input
 * requests end with it: freed before that, they would be dismissed, and the
 * server would take that for an answer. */
void cancel_call(struct call *call)
{
    if (call == NULL || call->kind == INITIALIZE)
        return;
    if (call->kind == LISTEN) {
        end_subscription(call);
        free_call(call);
        return;
    }
    settle_batch(call->proxy, call->batch);
    call->batch = NULL;
    free(call->id);
    call->id = NULL;
    free(call->token);
    call->token = NULL;
    call->kind = SILENT;
    call->is_cancelled = 1;
    withdraw_inputs(call);
    mcp_request_cancel(call->request); /* one that is done is handed out */
}

/* Opens the notification stream of the server, for a host with a session. */
void listen_for_host(struct proxy *proxy)
{
    if (proxy->is_listening)
        return;
    proxy->is_listening = 1;
    start_silently(proxy, mcp_request_new_listen(
                              proxy->client,
                              MCP_EVENT_TOOLS_CHANGED +
                                  MCP_EVENT_PROMPTS_CHANGED +
                                  MCP_EVENT_RESOURCES_CHANGED +
                                  MCP_EVENT_TASK_STATUS),
                   0);
}

/* Asks for the log level that a request of revision 2026-07-28 wants.  The
 * server may speak an older revision, where it is asked for once. */
void set_log_level(struct proxy *proxy, struct text level)
{
    int32_t number = log_level_of(level);

    if (number == NOT_CHOSEN || number == proxy->log_level)
        return;
    proxy->log_level = number;
    start_silently(proxy,
                   mcp_request_new_set_log_level(proxy->client, number), 0);
}

/* What the proxy reads of the params of a request. */
struct params {
    struct text meta, token, task, uri, level, state, responses;
};

/* Reads the members that do not go to the server as they are, and adds the
 * others to `rest`. */
static void split_params(struct params *to, struct text params,
                         int is_stateless, struct buffer *rest)
{
    struct reader reader;
    struct text name, value;
    int is_first = 1;

    memset(to, 0, sizeof *to);
    add(rest, "{");
    if (begin_members(&reader, params))
        while (next_member(&reader, &name, &value)) {
            if (is_text(name, "_meta")) {
                to->meta = value;
                continue;
            }
            if (is_text(name, "task") && *value.at == '{') {
                to->task = value;
                continue;
            }
            if (is_stateless && is_text(name, "requestState")) {
                to->state = value;
                continue;
            }
            if (is_stateless && is_text(name, "inputResponses")) {
                to->responses = value;
                continue;
            }
            if (is_text(name, "uri"))
                to->uri = value;
            else if (is_text(name, "level"))
                to->level = value;
            add(rest, is_first ? "\"" : ",\"");
            is_first = 0;
            add_text(rest, name);
            add(rest, "\":");
            add_text(rest, value);
        }
    if (to->meta.at != NULL && *to->meta.at != '{') {
        /* The library says what is wrong with it. */
        add(rest, is_first ? "\"_meta\":" : ",\"_meta\":");
        add_text(rest, to->meta);
        to->meta = no_text;
    }
    add(rest, "}");
}

/* Adds the members of _meta that the library does not write itself. */
static void split_meta(struct params *to, struct buffer *rest)
{
    static const char *const own[] = {
        PROTOCOL_PREFIX "protocolVersion", PROTOCOL_PREFIX "clientInfo",
        PROTOCOL_PREFIX "clientCapabilities", PROTOCOL_PREFIX "logLevel",
        "progressToken"};
    enum { OWN = sizeof own / sizeof *own };
    struct reader reader;
    struct text name, value;
    int i;

    if (!begin_members(&reader, to->meta))
        return;
    while (next_member(&reader, &name, &value)) {
        if (is_text(name, "progressToken"))
            to->token = value;
        for (i = 0; i < OWN && !is_text(name, own[i]); i++)
            ;
        if (i < OWN)
            continue;
        add(rest, rest->length == 0 ? "{\"" : ",\"");
        add_text(rest, name);
        add(rest, "\":");
        add_text(rest, value);
    }
    if (rest->length > 0)
        add(rest, "}");
}

static int is_one_of(const char *method, const char *const *methods)
{
    for (; *methods != NULL; methods++)
        if (strcmp(method, *methods) == 0)
            return 1;
    return 0;
}

static void note_method(struct call *call, const char *method)
{
    static const char *const cacheable[] = {
        "tools/list",     "prompts/list", "resources/list",
        "resources/read", "resources/templates/list", NULL};
    static const char *const with_input[] = {"tools/call", "prompts/get",
                                             "resources/read", NULL};

    call->is_cacheable = is_one_of(method, cacheable);
    call->may_need_input = is_one_of(method, with_input);
}

/* How long a task is kept, as the host wants it; 0: the server chooses. */
static int64_t task_time(struct text task)
{
    struct text ttl = find_member(task, "ttl");
    mcp_json *number =
        ttl.at != NULL ? mcp_json_parse(ttl.at, ttl.length) : NULL;
    int64_t time = mcp_json_integer(number, 0);

    mcp_json_free(number);
    return time > 0 ? time : 0;
}

static int32_t set_options(struct call *call, mcp_request *request,
                           const struct params *params,
                           struct buffer *meta, int is_tool)
{
    int32_t status = MCP_OK;

    if (call->proxy->options->value[OPTION_TIMEOUT] == NULL)
        status = mcp_request_set_timeout(request, MOST_TIME);
    if (status == MCP_OK && meta->length > 0)
        status = mcp_request_set_meta_json(request, add_end(meta));
    if (status == MCP_OK && params->token.at != NULL) {
        call->token = copy_text(params->token);
        status = mcp_request_set_progress(request, take_progress, call, NULL);
    }
    if (status == MCP_OK && is_tool &&
        (params->task.at != NULL || call->wants_task))
        status = mcp_request_set_task(request, task_time(params->task));
    return status;
}

/* A level or a URI that the library remembers, so that it holds in the next
 * session as well. */
static mcp_request *new_remembered(struct call *call, const char *method,
                                   const struct params *params)
{
    mcp_client *client = call->proxy->client;
    mcp_request *request = NULL;
    char *uri = decode_string(params->uri);
    int32_t number = log_level_of(params->level);

    call->kind = EMPTY;
    if (strcmp(method, "logging/setLevel") == 0 && number != NOT_CHOSEN) {
        call->proxy->log_level = number;
        request = mcp_request_new_set_log_level(client, number);
    } else if (strcmp(method, "resources/subscribe") == 0 && uri != NULL)
        request = mcp_request_new_subscribe(client, uri);
    else if (strcmp(method, "resources/unsubscribe") == 0 && uri != NULL)
        request = mcp_request_new_unsubscribe(client, uri);
    free(uri);
    return request;
}

/* Sends a request of the host to the server. */
static void send_request(struct call *call, const char *method,
                         const struct params *params, struct buffer *rest,
                         struct buffer *meta)
{
    static const char *const remembered[] = {
        "logging/setLevel", "resources/subscribe", "resources/unsubscribe",
        NULL};
    mcp_request *request = NULL;

    if (is_one_of(method, remembered))
        request = new_remembered(call, method, params);
    if (request == NULL) { /* also for params that only the server understands */
        call->kind = FORWARDED;
        request =
            mcp_request_new(call->proxy->client, method, add_end(rest));
    }
    if (request != NULL &&
        set_options(call, request, params, meta,
                    strcmp(method, "tools/call") == 0) != MCP_OK) {
        respond_failure(call, NULL);
        mcp_request_free(request);
        return;
    }
    start_call(call, request);
}

/* The host sends a request again, with the input that it was asked for. */
static void resume(struct call *call, const struct params *params)
{
    struct call *parked = find_parked(call->proxy, params->state);

    if (parked == NULL) {
        respond_error(call, INVALID_PARAMS,
                      "requestState is unknown: the request has ended",
                      no_text);
        return;
    }
    parked->id = call->id;
    parked->batch = call->batch;
    call->id = NULL;
    call->batch = NULL;
    take_responses(parked, params->responses);
    if (parked->is_parked)
        finish_call(parked);
    else
        send_round(parked);
}

void forward_request(struct call *call, const char *method,
                     struct text params)
{
    struct buffer rest = {NULL, 0, 0}, meta = {NULL, 0, 0};
    struct params read;

    split_params(&read, params, call->is_stateless, &rest);
    split_meta(&read, &meta);
    note_method(call, method);
    if (read.state.at != NULL)
        resume(call, &read);
    else
        send_request(call, method, &read, &rest, &meta);
    empty(&rest);
    empty(&meta);
}

/* Finds the call that a requestState of this program names. */
struct call *find_parked(struct proxy *proxy, struct text state)
{
    char number[32];
    struct call *call;

    for (call = proxy->calls; call != NULL; call = call->next) {
        snprintf(number, sizeof number, "\"%lu\"", call->number);
        if (call->id == NULL && call->kind == FORWARDED &&
            is_text(state, number))
            return call;
    }
    return NULL;
}

/* Responds to the host, and forgets the call. */
void finish_call(struct call *call)
{
    mcp_result *result = NULL;
    int32_t status = mcp_request_take_result(call->request, &result);
    const char *json;
    size_t length;

    if (call->id == NULL && status != MCP_OK && call->proxy->options->verbose) {
        put_program_name();
        put_error(stderr);
    }
    if (call->id == NULL) {
        /* of the proxy, or given up */
    } else if (status != MCP_OK) {
        respond_failure(call, mcp_request_error(call->request));
    } else if (call->kind == INITIALIZE || call->kind == DISCOVER) {
        stop_reading(); /* what the person pasted has arrived */
        respond_server(call, result);
    } else if (call->kind == EMPTY) {
        respond_result(call, "{}", 2);
    } else {
        json = mcp_result_json(result, &length);
        respond_result(call, json, length);
    }
    mcp_result_free(result);
    free_call(call);
}

/* Keeps the end of a call for the host, which is asking its user.  Only a few
 * ends are kept. */
static void park(struct call *call)
{
    struct proxy *proxy = call->proxy;
    struct call *other, *oldest = NULL;
    int count = 0;

    call->is_parked = 1;
    for (other = proxy->calls; other != NULL; other = other->next)
        if (other->is_parked) {
            oldest = other; /* new calls are at the beginning */
            count++;
        }
    if (count > MOST_PARKED)
        free_call(oldest);
}

/* Takes the ends of requests, as long as the host reads the responses. */
void finish_calls(struct proxy *proxy)
{
    mcp_request *request;

    while (waiting_bytes(proxy) < MOST_WAITING &&
           (request = mcp_client_next_done(proxy->client)) != NULL) {
        struct call *call = (struct call *)mcp_request_userdata(request);

        if (call->kind == FORWARDED && call->id == NULL)
            park(call);
        else
            finish_call(call);
    }
}

/* Whether the host still waits for a response that is not up to it. */
int is_waited_for(const struct proxy *proxy)
{
    const struct call *call;

    for (call = proxy->calls; call != NULL; call = call->next)
        if (call->id != NULL && call->request != NULL)
            return 1;
    return 0;
}
