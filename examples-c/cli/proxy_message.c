/* A message of the host: a request, a notification or a response. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "proxy.h"

static const struct text no_text = {NULL, 0};

/* The members of a message. */
struct message {
    struct text version, id, method, params, result, error;
};

static int is_string(struct text value)
{
    return value.at != NULL && *value.at == '"';
}

static void read_message(struct message *to, struct text from)
{
    struct reader reader;
    struct text name, value;

    memset(to, 0, sizeof *to);
    begin_members(&reader, from);
    while (next_member(&reader, &name, &value)) {
        if (is_text(name, "jsonrpc"))
            to->version = value;
        else if (is_text(name, "id"))
            to->id = value;
        else if (is_text(name, "method"))
            to->method = value;
        else if (is_text(name, "params"))
            to->params = value;
        else if (is_text(name, "result"))
            to->result = value;
        else if (is_text(name, "error"))
            to->error = value;
    }
}

/* What the host says in every request of revision 2026-07-28. */
struct claims {
    struct text version, info, capabilities, log_level;
};

static void read_claims(struct claims *to, struct text params)
{
    struct text meta = find_member(params, "_meta");
    struct reader reader;
    struct text name, value;

    memset(to, 0, sizeof *to);
    if (!begin_members(&reader, meta))
        return;
    while (next_member(&reader, &name, &value)) {
        if (is_text(name, PROTOCOL_PREFIX "protocolVersion"))
            to->version = value;
        else if (is_text(name, PROTOCOL_PREFIX "clientInfo"))
            to->info = value;
        else if (is_text(name, PROTOCOL_PREFIX "clientCapabilities"))
            to->capabilities = value;
        else if (is_text(name, PROTOCOL_PREFIX "logLevel"))
            to->log_level = value;
    }
}

static void initialize(struct call *call, struct text params)
{
    struct proxy *proxy = call->proxy;
    struct text version;

    proxy->host = SESSION_HOST;
    set_up_client(proxy, find_member(params, "clientInfo"),
                  find_member(params, "capabilities"));
    call->kind = INITIALIZE;
    version.at = session_version(find_member(params, "protocolVersion"));
    version.length = strlen(version.at);
    call->version = copy_text(version);
    start_call(call, mcp_request_new_connect(proxy->client));
}

/* Checks the claims of a request without a session.  Returns 0 if it has
 * responded with an error. */
static int take_claims(struct call *call, const struct claims *claims)
{
    struct proxy *proxy = call->proxy;
    struct buffer data = {NULL, 0, 0};
    struct text details;

    if (!is_stateless_version(claims->version)) {
        add(&data, "{\"supported\":");
        add_versions(&data);
        add(&data, ",\"requested\":");
        add_json(&data, claims->version.at, claims->version.length);
        add(&data, "}");
        details.at = data.data;
        details.length = data.length;
        respond_error(call, UNSUPPORTED_VERSION,
                      "Unsupported protocol version", details);
        empty(&data);
        return 0;
    }
    if (claims->capabilities.at == NULL || *claims->capabilities.at != '{') {
        respond_error(call, INVALID_PARAMS,
                      "params._meta lacks \"" PROTOCOL_PREFIX
                      "clientCapabilities\"",
                      no_text);
        return 0;
    }
    call->is_stateless = 1;
    if (proxy->host == UNKNOWN_HOST)
        proxy->host = STATELESS_HOST;
    set_up_client(proxy, claims->info, claims->capabilities);
    set_log_level(proxy, claims->log_level);
    call->wants_task =
        proxy->server_has_stateless_tasks &&
        find_member(find_member(claims->capabilities, "extensions"),
                    PROTOCOL_PREFIX "tasks").at != NULL;
    return 1;
}

static void answer_request(struct call *call, const char *method,
                           struct text params)
{
    struct proxy *proxy = call->proxy;
    struct claims claims;

    read_claims(&claims, params);
    if (params.at != NULL && *params.at != '{')
        respond_error(call, INVALID_PARAMS, "params is not an object",
                      no_text);
    else if (strcmp(method, "initialize") == 0)
        initialize(call, params);
    else if (claims.version.at != NULL && !take_claims(call, &claims))
        ;
    else if (strcmp(method, "ping") == 0)
        respond_result(call, "{}", 2);
    else if (proxy->host == UNKNOWN_HOST)
        respond_error(call, INVALID_REQUEST,
                      "the first request must be initialize, or have the "
                      "protocol version in params._meta",
                      no_text);
    else if (strcmp(method, "server/discover") == 0 && call->is_stateless) {
        call->kind = DISCOVER;
        call->is_cacheable = 1;
        start_call(call, mcp_request_new_connect(proxy->client));
    } else if (strcmp(method, "subscriptions/listen") == 0 &&
               call->is_stateless)
        begin_subscription(call, params);
    else
        forward_request(call, method, params);
    if (call->request == NULL && call->kind != LISTEN)
        free_call(call);
}

static void take_request(struct proxy *proxy, const struct message *message,
                         struct batch *batch)
{
    char *method = decode_string(message->method);
    struct call *call;

    if (method == NULL || *method == '\0')
        refuse_message(proxy, batch, message->id, INVALID_REQUEST,
                       "the method is not a text");
    else if (is_full(proxy, 1, message->params.length))
        refuse_message(proxy, batch, message->id, NO_SERVER,
                       "too many requests at the same time");
    else {
        call = new_call(proxy, FORWARDED, message->id, batch);
        count_bytes(call, message->params.length);
        answer_request(call, method, message->params);
    }
    free(method);
}

/* Every other notification of the host goes to the server, if there is room
 * for it: a notification has no response that could refuse it. */
static void take_notification(struct proxy *proxy, struct text method_json,
                              struct text params)
{
    char *method = decode_string(method_json);
    char *copy;

    if (method == NULL || proxy->host == UNKNOWN_HOST)
        ;
    else if (strcmp(method, "notifications/cancelled") == 0)
        cancel_call(find_call(proxy, find_member(params, "requestId")));
    else if (strcmp(method, "notifications/initialized") == 0)
        listen_for_host(proxy);
    else if (!is_full(proxy, 1, params.length)) {
        copy = params.at != NULL ? copy_text(params) : NULL;
        start_silently(proxy,
                       mcp_request_new_notify(proxy->client, method, copy),
                       params.length);
        free(copy);
    }
    free(method);
}

/* Takes one message, which is valid JSON. */
static void take_one(struct proxy *proxy, struct text text,
                     struct batch *batch)
{
    struct message message;

    if (*text.at != '{') {
        refuse_message(proxy, batch, no_text, INVALID_REQUEST,
                       "the message is not an object");
        return;
    }
    read_message(&message, text);
    if (message.id.at != NULL && (*message.id.at == '{' || *message.id.at == '['))
        message.id = no_text; /* JSON-RPC has no such id: the response is null */
    if (message.method.at != NULL && message.id.at != NULL)
        take_request(proxy, &message, batch);
    else if (is_string(message.method) && find_member(text, "id").at == NULL)
        take_notification(proxy, message.method, message.params);
    else if (message.method.at == NULL && message.id.at != NULL &&
             (message.result.at != NULL || message.error.at != NULL))
        take_response(proxy, message.id, message.result, message.error);
    else
        refuse_message(proxy, batch, message.id, INVALID_REQUEST,
                       "the message is no request, notification or response");
}

static void take_batch(struct proxy *proxy, struct text text)
{
    size_t count = count_elements(text);
    struct batch *batch;
    struct reader reader;
    struct text message;

    if (count == 0 || count > MOST_CALLS) {
        refuse_message(proxy, NULL, no_text, INVALID_REQUEST,
                       count == 0 ? "the batch is empty"
                                  : "the batch has more than 1000 messages");
        return;
    }
    batch = (struct batch *)allocate_zeroed(sizeof *batch);
    batch->open = 1; /* until all messages of the batch are read */
    begin_elements(&reader, text);
    while (next_element(&reader, &message))
        take_one(proxy, message, batch);
    settle_batch(proxy, batch);
}

void take_message(struct proxy *proxy, struct text message)
{
    if (!check_json(message))
        refuse_message(proxy, NULL, partial_id(message), PARSE_ERROR,
                       "the line is not valid JSON");
    else if (*message.at == '[')
        take_batch(proxy, message);
    else
        take_one(proxy, message, NULL);
}

/* Refuses a message that was not read to its end. */
void take_long_message(struct proxy *proxy, struct text beginning)
{
    refuse_message(proxy, NULL, partial_id(beginning), INVALID_REQUEST,
                   "the line is longer than 64 MiB");
}
