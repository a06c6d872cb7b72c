/* The notifications of the server, and the progress of its requests. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "proxy.h"

static const struct text no_text = {NULL, 0};
static const char subscription_id[] = PROTOCOL_PREFIX "subscriptionId";

static void add_read_member(struct buffer *to, int *is_first, struct text name,
                            struct text value)
{
    add(to, *is_first ? "\"" : ",\"");
    *is_first = 0;
    add_text(to, name);
    add(to, "\":");
    add_json(to, value.at, value.length);
}

/* Adds the params of a notification for the host: without the subscription of
 * the library, and with the one of the host, if `id` is not NULL. */
static void add_params(struct buffer *to, struct text params, const char *id)
{
    struct text meta = find_member(params, "_meta");
    struct reader reader;
    struct text name, value;
    int is_first = 1, has_meta = id != NULL;

    add(to, "{");
    if (begin_members(&reader, params))
        while (next_member(&reader, &name, &value)) {
            if (is_text(name, "_meta"))
                continue;
            add_read_member(to, &is_first, name, value);
        }
    if (begin_members(&reader, meta))
        while (next_member(&reader, &name, &value))
            has_meta |= !is_text(name, subscription_id);
    if (has_meta) {
        add(to, is_first ? "\"_meta\":{" : ",\"_meta\":{");
        is_first = 1;
        if (begin_members(&reader, meta))
            while (next_member(&reader, &name, &value)) {
                if (is_text(name, subscription_id))
                    continue;
                add_read_member(to, &is_first, name, value);
            }
        if (id != NULL) {
            add(to, is_first ? "\"" : ",\"");
            add(to, subscription_id);
            add(to, "\":");
            add(to, id);
        }
        add(to, "}");
    }
    add(to, "}");
}

/* A host that has closed its side waits for responses at most. */
static void send_notification(struct proxy *proxy, const char *method,
                              struct text params, const char *id)
{
    if (proxy->has_ended)
        return;
    begin_message(proxy);
    add(&proxy->out, "\"method\":");
    add_string(&proxy->out, method);
    add(&proxy->out, ",\"params\":");
    add_params(&proxy->out, params, id);
    end_message(proxy);
}

/* Returns the member of a filter that asks for notifications of a kind; NULL
 * for notifications that need no subscription. */
static const char *filter_member(int32_t kind)
{
    switch (kind) {
    case MCP_EVENT_TOOLS_CHANGED:
        return "toolsListChanged";
    case MCP_EVENT_PROMPTS_CHANGED:
        return "promptsListChanged";
    case MCP_EVENT_RESOURCES_CHANGED:
        return "resourcesListChanged";
    case MCP_EVENT_RESOURCE_UPDATED:
        return "resourceSubscriptions";
    case MCP_EVENT_TASK_STATUS:
        return "taskIds";
    default:
        return NULL;
    }
}

/* Whether a filter asks for a notification: by true, or by a list with the
 * resource or the task in it. */
static int wants(struct text filter, const char *member, struct text what)
{
    struct text value = find_member(filter, member), element;
    struct reader reader;

    if (!begin_elements(&reader, value))
        return is_text(value, "true");
    while (next_element(&reader, &element))
        if (is_same(element, what))
            return 1;
    return 0;
}

/* Sends a notification on each subscription of the host that wants it. */
static void send_to_subscribers(struct proxy *proxy, const char *method,
                                struct text params, const char *member)
{
    struct call *call;
    struct text filter, what = find_member(params, "uri");

    if (what.at == NULL)
        what = find_member(params, "taskId");
    for (call = proxy->calls; call != NULL; call = call->next) {
        if (call->kind != LISTEN)
            continue;
        filter.at = call->filter;
        filter.length = strlen(call->filter);
        if (wants(filter, member, what))
            send_notification(proxy, method, params, call->id);
    }
}

static void send_event(struct proxy *proxy, int32_t kind, const char *method,
                       struct text params)
{
    const char *member = filter_member(kind);

    if (proxy->host != STATELESS_HOST || member == NULL)
        send_notification(proxy, method, params, NULL);
    if (member != NULL)
        send_to_subscribers(proxy, method, params, member);
}

/* The notification stream is open again: the host missed what changed while it
 * was closed. */
static void note_gap(struct proxy *proxy)
{
    static const struct {
        int32_t kind;
        const char *method;
    } lists[] = {
        {MCP_EVENT_TOOLS_CHANGED, "notifications/tools/list_changed"},
        {MCP_EVENT_PROMPTS_CHANGED, "notifications/prompts/list_changed"},
        {MCP_EVENT_RESOURCES_CHANGED, "notifications/resources/list_changed"},
    };
    static const struct text none = {"{}", 2};
    size_t i;

    for (i = 0; i < sizeof lists / sizeof *lists; i++)
        if (proxy->list_changes & lists[i].kind)
            send_event(proxy, lists[i].kind, lists[i].method, none);
}

/* Passes a notification of the server to the host. */
void take_event(void *userdata, mcp_client *client, const mcp_event *event)
{
    struct proxy *proxy = (struct proxy *)userdata;
    int32_t kind = mcp_event_kind(event);
    const char *method = mcp_event_method(event);
    struct text params;

    (void)client;
    if (put_sign_in_notice(event))
        return;
    if (kind == MCP_EVENT_LISTENING) {
        if (proxy->has_listened)
            note_gap(proxy);
        proxy->has_listened = 1;
    }
    if (kind == MCP_EVENT_CANCELLED) /* drop_ended() looks for it */
        return;
    if (method == NULL || *method == '\0' || proxy->host == UNKNOWN_HOST)
        return; /* of the library */
    params.at = mcp_event_params_json(event, &params.length);
    params = cut_json(params.at, params.length);
    send_event(proxy, kind, method, params);
}

/* Passes the progress of a request to the host, with the host's token. */
void take_progress(void *userdata, mcp_request *request,
                   const mcp_progress *progress)
{
    const char *message = mcp_progress_message(progress);
    double total = mcp_progress_total(progress);
    struct call *call = (struct call *)userdata;
    struct proxy *proxy = call->proxy;
    char number[40];

    (void)request;
    if (call->token == NULL || proxy->has_ended)
        return;
    begin_message(proxy);
    add(&proxy->out, "\"method\":\"notifications/progress\","
                     "\"params\":{\"progressToken\":");
    add(&proxy->out, call->token);
    snprintf(number, sizeof number, ",\"progress\":%.15g",
             mcp_progress_value(progress));
    add(&proxy->out, number);
    if (total >= 0) {
        snprintf(number, sizeof number, ",\"total\":%.15g", total);
        add(&proxy->out, number);
    }
    if (message != NULL) {
        add(&proxy->out, ",\"message\":");
        add_string(&proxy->out, message);
    }
    add(&proxy->out, "}");
    end_message(proxy);
}

/* Subscribes to the resources of a filter, or ends that. */
static void change_resources(struct call *call, int is_on)
{
    struct proxy *proxy = call->proxy;
    struct text filter, element;
    struct reader reader;

    filter.at = call->filter;
    filter.length = strlen(call->filter);
    if (!begin_elements(&reader, find_member(filter, "resourceSubscriptions")))
        return;
    while (next_element(&reader, &element)) {
        char *uri = decode_string(element);

        if (uri != NULL)
            start_silently(
                proxy,
                is_on ? mcp_request_new_subscribe(proxy->client, uri)
                      : mcp_request_new_unsubscribe(proxy->client, uri),
                element.length);
        free(uri);
    }
}

/* Adds what the server can send of a filter. */
static void add_accepted(struct buffer *to, const struct proxy *proxy,
                         struct text filter)
{
    static const int32_t kinds[] = {
        MCP_EVENT_TOOLS_CHANGED, MCP_EVENT_PROMPTS_CHANGED,
        MCP_EVENT_RESOURCES_CHANGED, MCP_EVENT_RESOURCE_UPDATED};
    struct reader reader;
    struct text name, value;
    int is_first = 1;
    size_t i;

    add(to, "{");
    begin_members(&reader, filter);
    while (next_member(&reader, &name, &value)) {
        int is_accepted = 1;

        for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (is_text(name, filter_member(kinds[i])))
                is_accepted =
                    !proxy->knows_server || proxy->list_changes & kinds[i];
        if (!is_accepted)
            continue;
        add(to, is_first ? "\"" : ",\"");
        is_first = 0;
        add_text(to, name);
        add(to, "\":");
        add_json(to, value.at, value.length);
    }
    add(to, "}");
}

/* Begins subscriptions/listen of the host, which ends when the host cancels
 * it. */
void begin_subscription(struct call *call, struct text params)
{
    struct proxy *proxy = call->proxy;
    struct text filter = find_member(params, "notifications");
    size_t resources =
        count_elements(find_member(filter, "resourceSubscriptions"));
    struct buffer accepted = {NULL, 0, 0};
    struct text all;

    if (filter.at == NULL || *filter.at != '{') {
        respond_error(call, INVALID_PARAMS,
                      "params.notifications is not an object", no_text);
        return;
    }
    if (is_full(proxy, resources, 0) ||
        proxy->resource_count + resources > MOST_CALLS) {
        respond_error(call, NO_SERVER,
                      "too many resource subscriptions at the same time",
                      no_text);
        return;
    }
    call->kind = LISTEN;
    call->resource_count = resources;
    proxy->resource_count += resources;
    call->filter = copy_text(filter);
    listen_for_host(proxy);
    change_resources(call, 1);
    add(&accepted, "{\"notifications\":");
    add_accepted(&accepted, proxy, filter);
    add(&accepted, "}");
    all.at = accepted.data;
    all.length = accepted.length;
    send_notification(proxy, "notifications/subscriptions/acknowledged", all,
                      call->id);
    empty(&accepted);
}

void end_subscription(struct call *call)
{
    change_resources(call, 0);
}
