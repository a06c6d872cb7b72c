/* The input requests of the server: elicitation, sampling and roots.
 *
 * A host with a session gets each one as a request.  In revision 2026-07-28 a
 * server sends no requests: there the host gets the input requests of a call
 * as the result of this call ("input_required"), and sends the call again with
 * the responses. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "proxy.h"

static const char *method_of(const mcp_input *handle)
{
    switch (mcp_input_kind(handle)) {
    case MCP_INPUT_SAMPLING:
        return "sampling/createMessage";
    case MCP_INPUT_ROOTS:
        return "roots/list";
    default:
        return "elicitation/create";
    }
}

static void add_request(struct buffer *to, const struct input *input)
{
    size_t length;
    const char *params = mcp_input_params_json(input->handle, &length);

    add(to, "\"method\":");
    add_string(to, method_of(input->handle));
    add(to, ",\"params\":");
    add_json(to, params, length);
}

static void send_input(struct proxy *proxy, struct input *input)
{
    begin_message(proxy);
    add(&proxy->out, "\"id\":");
    add_number(&proxy->out, input->number);
    add(&proxy->out, ",");
    add_request(&proxy->out, input);
    end_message(proxy);
    input->is_sent = 1;
}

/* Takes an input request out of the list and frees it.  The library dismisses
 * one that has no answer. */
static void drop_input(struct input **place)
{
    struct input *input = *place;

    *place = input->next;
    mcp_input_free(input->handle);
    free(input);
}

/* Returns the call of the host that can give the input: the one that the
 * server names, or the oldest one. */
static struct call *owner_of(struct proxy *proxy, mcp_input *handle)
{
    mcp_request *request = mcp_input_request(handle);
    struct call *call, *oldest = NULL;

    if (request != NULL)
        return (struct call *)mcp_request_userdata(request);
    if (proxy->host == STATELESS_HOST)
        for (call = proxy->calls; call != NULL; call = call->next)
            if (call->may_need_input && call->is_stateless &&
                !call->is_cancelled)
                oldest = call;
    return oldest;
}

/* Receives an input request of the server. */
void take_input(void *userdata, mcp_client *client, mcp_input *handle)
{
    struct proxy *proxy = (struct proxy *)userdata;
    struct call *owner = owner_of(proxy, handle);
    struct input *input;

    (void)client;
    if (proxy->host == STATELESS_HOST &&
        (owner == NULL || !owner->may_need_input)) {
        mcp_input_fail(handle, INTERNAL_ERROR,
                       "the host takes input requests only while it calls a "
                       "tool, reads a resource or gets a prompt");
        mcp_input_free(handle);
        return;
    }
    input = (struct input *)allocate_zeroed(sizeof *input);
    input->handle = handle;
    input->owner = owner;
    input->number = ++proxy->last_number;
    input->next = proxy->inputs;
    proxy->inputs = input;
    if (owner != NULL && owner->is_cancelled)
        return; /* it ends with the request */
    if (owner != NULL && owner->is_stateless)
        owner->has_new_inputs = 1;
    else
        send_input(proxy, input);
}

/* Responds to a call with the input requests that the host has not seen. */
void send_round(struct call *call)
{
    struct buffer to = {NULL, 0, 0};
    struct input *input;

    if (!call->has_new_inputs || call->id == NULL)
        return;
    call->has_new_inputs = 0;
    add(&to, "{\"resultType\":\"input_required\",\"requestState\":\"");
    add_number(&to, call->number);
    add(&to, "\",\"inputRequests\":{");
    for (input = call->proxy->inputs; input != NULL; input = input->next)
        if (input->owner == call && !input->is_sent) {
            input->is_sent = 1;
            if (to.data[to.length - 1] != '{')
                add(&to, ",");
            add(&to, "\"");
            add_number(&to, input->number);
            add(&to, "\":{");
            add_request(&to, input);
            add(&to, "}");
        }
    add(&to, "}}");
    call->is_cacheable = 0; /* this result has no ttlMs */
    respond_result(call, to.data, to.length);
    empty(&to);
}

/* Sends what arrived during a dispatch: all input requests of a round at
 * once. */
void send_rounds(struct proxy *proxy)
{
    struct call *call;

    for (call = proxy->calls; call != NULL; call = call->next)
        send_round(call);
}

/* Gives the host's answer to the server.  An answer that does not fit becomes
 * an error for the server. */
static void answer(struct input *input, struct text result,
                   struct text error)
{
    char *json = copy_text(result), *message;
    mcp_json *code;
    int32_t status;

    if (result.at != NULL) {
        status = mcp_input_reply_json(input->handle, json);
        if (status == MCP_E_INVALID_ARGUMENT) {
            put_program_name();
            fputs("the host's answer to the server: ", stderr);
            put_error(stderr);
            message = with_options(mcp_error_message(NULL));
            mcp_input_fail(input->handle, INVALID_PARAMS,
                           message != NULL ? message : "");
            free(message);
        }
    } else {
        struct text number = find_member(error, "code");

        message = decode_string(find_member(error, "message"));
        code = number.at != NULL ? mcp_json_parse(number.at, number.length)
                                 : NULL;
        mcp_input_fail(input->handle,
                       (int32_t)mcp_json_integer(code, INTERNAL_ERROR),
                       message != NULL ? message : "the host gave no reason");
        mcp_json_free(code);
        free(message);
    }
    free(json);
}

static struct input **find_input(struct proxy *proxy, struct text number)
{
    struct input **place;
    char digits[32];

    for (place = &proxy->inputs; *place != NULL; place = &(*place)->next) {
        snprintf(digits, sizeof digits, "%lu", (*place)->number);
        if (is_text(number, digits))
            return place;
    }
    return NULL;
}

/* Takes a response of the host.  One to an input request that has ended is
 * dropped. */
void take_response(struct proxy *proxy, struct text id, struct text result,
                   struct text error)
{
    struct input **place = find_input(proxy, id);

    if (place == NULL || !(*place)->is_sent ||
        ((*place)->owner != NULL && (*place)->owner->is_stateless))
        return;
    answer(*place, result, error);
    drop_input(place);
}

/* Takes the responses with which the host sends a call again.  What the host
 * saw and does not answer is dismissed. */
void take_responses(struct call *call, struct text responses)
{
    static const struct text no_text = {NULL, 0};
    struct proxy *proxy = call->proxy;
    struct input **place;
    struct reader reader;
    struct text name, value;

    if (begin_members(&reader, responses))
        while (next_member(&reader, &name, &value)) {
            place = find_input(proxy, name);
            if (place == NULL || (*place)->owner != call)
                continue;
            answer(*place, value, no_text);
            drop_input(place);
        }
    for (place = &proxy->inputs; *place != NULL;)
        if ((*place)->owner == call && (*place)->is_sent)
            drop_input(place);
        else
            place = &(*place)->next;
}

/* Tells a host with a session that it need not answer. */
static void withdraw(struct proxy *proxy, const struct input *input)
{
    if (!input->is_sent ||
        (input->owner != NULL && input->owner->is_stateless))
        return;
    begin_message(proxy);
    add(&proxy->out, "\"method\":\"notifications/cancelled\","
                     "\"params\":{\"requestId\":");
    add_number(&proxy->out, input->number);
    add(&proxy->out, "}");
    end_message(proxy);
}

/* Withdraws the input requests of a call that the host gave up. */
void withdraw_inputs(struct call *owner)
{
    struct input *input;

    for (input = owner->proxy->inputs; input != NULL; input = input->next)
        if (input->owner == owner) {
            withdraw(owner->proxy, input);
            input->is_sent = 0; /* an answer of the host comes too late */
        }
    owner->has_new_inputs = 0;
}

/* Drops the input requests of a call that has ended. */
void drop_inputs(struct proxy *proxy, struct call *owner)
{
    struct input **place;

    for (place = &proxy->inputs; *place != NULL;)
        if ((*place)->owner == owner) {
            withdraw(proxy, *place);
            drop_input(place);
        } else {
            place = &(*place)->next;
        }
}

/* Drops what the server has withdrawn, and what had no answer in time.  An
 * answer that is no object leaves an open input request open, and is
 * MCP_E_STATE for one that has ended. */
void drop_ended(struct proxy *proxy)
{
    struct input **place;

    for (place = &proxy->inputs; *place != NULL;)
        if (mcp_input_reply_json((*place)->handle, "0") ==
            MCP_E_INVALID_ARGUMENT) {
            place = &(*place)->next;
        } else {
            withdraw(proxy, *place);
            drop_input(place);
        }
}
