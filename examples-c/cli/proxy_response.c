/* The messages to the host. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "proxy.h"

static const struct text no_text = {NULL, 0};

void begin_message(struct proxy *proxy)
{
    add(&proxy->out, "{\"jsonrpc\":\"2.0\",");
}

void end_message(struct proxy *proxy)
{
    add(&proxy->out, "}\n");
}

/* Counts a message of a batch, which waits for its response. */
void add_to_batch(struct proxy *proxy, struct batch *batch)
{
    (void)proxy;
    if (batch != NULL)
        batch->open++;
}

/* Counts a message of a batch as answered; the last one sends the array. */
void settle_batch(struct proxy *proxy, struct batch *batch)
{
    if (batch == NULL || --batch->open > 0)
        return;
    if (batch->responses.length > 0) {
        add(&proxy->out, "[");
        add_bytes(&proxy->out, batch->responses.data,
                  batch->responses.length);
        add(&proxy->out, "]\n");
    }
    empty(&batch->responses);
    free(batch);
}

static struct buffer *begin_any(struct proxy *proxy, struct batch *batch,
                                struct text id, const char *member)
{
    struct buffer *to = batch != NULL ? &batch->responses : &proxy->out;

    if (batch != NULL && to->length > 0)
        add(to, ",");
    add(to, "{\"jsonrpc\":\"2.0\",\"id\":");
    add_text(to, id);
    add(to, ",\"");
    add(to, member);
    add(to, "\":");
    return to;
}

/* Begins a response; write the value of `member`, then call end_response().
 * The call must have an id. */
struct buffer *begin_response(struct call *call, const char *member)
{
    struct text id;

    id.at = call->id;
    id.length = strlen(call->id);
    return begin_any(call->proxy, call->batch, id, member);
}

/* Ends a response.  The call expects no other one. */
void end_response(struct call *call)
{
    struct proxy *proxy = call->proxy;

    add(call->batch != NULL ? &call->batch->responses : &proxy->out, "}");
    if (call->batch == NULL)
        add(&proxy->out, "\n");
    settle_batch(proxy, call->batch);
    call->batch = NULL;
    free(call->id);
    call->id = NULL;
}

/* The members that revision 2026-07-28 requires, if the server speaks an older
 * one. */
static void add_stateless(struct buffer *to, const struct call *call,
                          struct text result)
{
    static const char *const members[][2] = {
        {"resultType", "\"complete\""},
        {"ttlMs", "0"},
        {"cacheScope", "\"private\""},
    };
    int has[3] = {0, 0, 0}, i, is_empty = 1, count = call->is_cacheable ? 3 : 1;
    struct reader reader;
    struct text name, value;

    if (begin_members(&reader, result))
        while (next_member(&reader, &name, &value)) {
            is_empty = 0;
            for (i = 0; i < 3; i++)
                has[i] |= is_text(name, members[i][0]);
        }
    add(to, "{");
    for (i = 0; i < count; i++) {
        if (has[i])
            continue;
        add(to, "\"");
        add(to, members[i][0]);
        add(to, "\":");
        add(to, members[i][1]);
        if (!is_empty || (i + 1 < count))
            add(to, ",");
    }
    add_json(to, result.at + 1, result.length - 1);
}

/* Responds with a result: an object. */
void respond_result(struct call *call, const char *json, size_t length)
{
    struct text result = cut_json(json, length);
    struct buffer *to;

    if (call->batch != NULL &&
        call->batch->responses.length + length > MOST_LINE_BYTES) {
        respond_error(call, INTERNAL_ERROR,
                      "the responses of the batch are longer than 64 MiB",
                      no_text);
        return;
    }
    to = begin_response(call, "result");
    if (call->is_stateless && result.length > 0 && *result.at == '{')
        add_stateless(to, call, result);
    else
        add_json(to, result.at, result.length);
    end_response(call);
}

static void add_error(struct buffer *to, int code, const char *message,
                      struct text data)
{
    char digits[16];

    snprintf(digits, sizeof digits, "%d", code);
    add(to, "{\"code\":");
    add(to, digits);
    add(to, ",\"message\":");
    add_string(to, message);
    if (data.at != NULL) {
        add(to, ",\"data\":");
        add_json(to, data.at, data.length);
    }
    add(to, "}");
}

void respond_error(struct call *call, int code, const char *message,
                   struct text data)
{
    add_error(begin_response(call, "error"), code, message, data);
    end_response(call);
}

/* Refuses a message that became no call. */
void refuse_message(struct proxy *proxy, struct batch *batch, struct text id,
                    int code, const char *message)
{
    static const struct text null = {"null", 4};
    struct buffer *to =
        begin_any(proxy, batch, id.at != NULL ? id : null, "error");

    add_error(to, code, message, no_text);
    add(to, batch != NULL ? "}" : "}\n");
}

/* The code of an error that the server did not send. */
static int code_of(int32_t status)
{
    switch (status) {
    case MCP_E_INVALID_ARGUMENT:
        return INVALID_PARAMS;
    case MCP_E_UNSUPPORTED:
        return METHOD_NOT_FOUND;
    case MCP_E_TIMEOUT:
        return TIMED_OUT;
    case MCP_E_CLOSED:
        return NO_SERVER;
    default:
        return status >= MCP_E_RESOLVE && status < MCP_E_PROTOCOL
                   ? NO_SERVER
                   : INTERNAL_ERROR;
    }
}

/* Responds with an error of the server as it is, or with one of the library in
 * the words of the command line. */
void respond_failure(struct call *call, const mcp_error *error)
{
    int32_t status = mcp_error_status(error);
    int32_t code = mcp_error_rpc_code(error);
    struct buffer details = {NULL, 0, 0};
    struct text data = no_text;
    const char *server_message = mcp_error_rpc_message(error);
    char *message;

    if (server_message != NULL) {
        data.at = mcp_error_data_json(error, &data.length);
        respond_error(call, code, server_message, data);
        return;
    }
    message = with_options(mcp_error_message(error)); /* NULL without memory */
    add(&details, "{\"status\":");
    add_string(&details, mcp_status_name(status));
    if (mcp_error_http_status(error) > 0) {
        add(&details, ",\"httpStatus\":");
        add_number(&details, (unsigned long)mcp_error_http_status(error));
    }
    add(&details, "}");
    data.at = details.data;
    data.length = details.length;
    respond_error(call, code != 0 ? code : code_of(status),
                  message != NULL ? message : mcp_status_name(status), data);
    free(message);
    empty(&details);
}
