/* What the host and the server say about themselves. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "proxy.h"

/* The revisions of the host, newest first.  The first one has no sessions. */
static const char *const versions[] = {"2026-07-28", "2025-11-25", "2025-06-18",
                                       "2025-03-26", "2024-11-05"};
enum { VERSIONS = sizeof versions / sizeof *versions };

static int is_string_of(struct text json, const char *text)
{
    struct text inside;

    if (json.at == NULL || json.length < 2 || *json.at != '"')
        return 0;
    inside.at = json.at + 1;
    inside.length = json.length - 2;
    return is_text(inside, text);
}

int is_stateless_version(struct text version)
{
    return is_string_of(version, versions[0]);
}

/* Returns the revision for the response to initialize: the one that the host
 * asks for, or else the newest one. */
const char *session_version(struct text version)
{
    int i;

    for (i = 1; i < VERSIONS; i++)
        if (is_string_of(version, versions[i]))
            return versions[i];
    return versions[1];
}

/* Adds the supported revisions as a JSON array. */
void add_versions(struct buffer *to)
{
    int i;

    for (i = 0; i < VERSIONS; i++) {
        add(to, i == 0 ? "[" : ",");
        add_string(to, versions[i]);
    }
    add(to, "]");
}

/* Says on standard error that a setting is not used. */
static void note_failure(const char *what)
{
    put_program_name();
    fprintf(stderr, "%s: ", what);
    put_error(stderr);
}

static void set_info(struct proxy *proxy, struct text info)
{
    char *name = decode_string(find_member(info, "name"));
    char *version = decode_string(find_member(info, "version"));

    if (name != NULL && *name != '\0' &&
        mcp_client_set_info(proxy->client, name,
                            version != NULL && *version != '\0'
                                ? version
                                : mcp_version()) != MCP_OK)
        note_failure("the name of the host is not used");
    free(name);
    free(version);
}

static int is_object(struct text value)
{
    return value.at != NULL && *value.at == '{';
}

/* Returns the input requests that the host can answer. */
static int32_t input_kinds(struct text capabilities)
{
    struct text elicitation = find_member(capabilities, "elicitation");
    struct text sampling = find_member(capabilities, "sampling");
    int32_t kinds = 0;

    if (is_object(elicitation)) {
        int has_url = is_object(find_member(elicitation, "url"));

        /* An empty object declares forms. */
        if (!has_url || is_object(find_member(elicitation, "form")))
            kinds += MCP_INPUT_FORM;
        if (has_url)
            kinds += MCP_INPUT_URL;
    }
    if (is_object(sampling))
        kinds += MCP_INPUT_SAMPLING;
    if (is_object(find_member(sampling, "tools")))
        kinds += MCP_INPUT_SAMPLING_TOOLS;
    if (is_object(find_member(capabilities, "roots")))
        kinds += MCP_INPUT_ROOTS;
    return kinds;
}

/* Adds the members of an object but the ones with these names. */
static void add_members_but(struct buffer *to, struct text object,
                            const char *const *names, size_t count)
{
    struct reader reader;
    struct text name, value;
    int is_first = 1;
    size_t i;

    add(to, "{");
    if (begin_members(&reader, object))
        while (next_member(&reader, &name, &value)) {
            for (i = 0; i < count && !is_text(name, names[i]); i++)
                ;
            if (i < count)
                continue;
            add(to, is_first ? "\"" : ",\"");
            is_first = 0;
            add_text(to, name);
            add(to, "\":");
            if (is_text(name, "extensions")) {
                static const char *const tasks[] = {PROTOCOL_PREFIX "tasks"};

                add_members_but(to, value, tasks, 1);
            } else {
                add_json(to, value.at, value.length);
            }
        }
    add(to, "}");
}

/* Declares to the server what the host declares, but: the library declares
 * what follows from the input handler, and it declares tasks where a call may
 * run as one.  A task for an input request ("tasks") is not passed on. */
static void set_capabilities(struct proxy *proxy, struct text capabilities)
{
    static const char *const own[] = {"elicitation", "sampling", "roots",
                                      "tasks"};
    int32_t kinds = input_kinds(capabilities);
    struct buffer others = {NULL, 0, 0};

    if (kinds != 0 &&
        mcp_client_set_input_handler(proxy->client, kinds, take_input, proxy,
                                     NULL) != MCP_OK)
        note_failure("the host is not asked for input");
    add_members_but(&others, capabilities, own, sizeof own / sizeof *own);
    if (mcp_client_set_capabilities_json(proxy->client, add_end(&others)) !=
        MCP_OK)
        note_failure("the capabilities of the host are not declared");
    empty(&others);
}

/* Makes the server see the host as its client.  Only the first message of the
 * host counts: the server is connected then. */
void set_up_client(struct proxy *proxy, struct text info,
                   struct text capabilities)
{
    if (proxy->is_set_up)
        return;
    proxy->is_set_up = 1;
    set_info(proxy, info);
    set_capabilities(proxy, capabilities);
}

static void add_member(struct buffer *to, const char *name, struct text value)
{
    if (value.at == NULL)
        return;
    add(to, ",\"");
    add(to, name);
    add(to, "\":");
    add_json(to, value.at, value.length);
}

/* Returns the server's name and version as an Implementation. */
static struct text server_info(struct text result, struct buffer *room)
{
    struct text info = find_member(result, "serverInfo");

    if (!is_object(info))
        info = find_member(find_member(result, "_meta"),
                           PROTOCOL_PREFIX "serverInfo");
    if (!is_object(info)) {
        add(room, "{\"name\":\"mcpclient proxy\",\"version\":");
        add_string(room, mcp_version());
        add(room, "}");
        info.at = room->data;
        info.length = room->length;
    }
    return info;
}

/* Notes what the proxy needs to know of the server. */
static void note_server(struct proxy *proxy, const mcp_result *result,
                        struct text capabilities)
{
    static const struct {
        const char *capability;
        int32_t kind;
    } lists[] = {
        {"tools", MCP_EVENT_TOOLS_CHANGED},
        {"prompts", MCP_EVENT_PROMPTS_CHANGED},
        {"resources", MCP_EVENT_RESOURCES_CHANGED},
    };
    const char *version = mcp_result_protocol_version(result);
    size_t i;

    proxy->knows_server = 1;
    proxy->list_changes = 0;
    if (is_text(find_member(find_member(capabilities, "resources"),
                            "subscribe"),
                "true"))
        proxy->list_changes += MCP_EVENT_RESOURCE_UPDATED;
    for (i = 0; i < sizeof lists / sizeof *lists; i++)
        if (is_text(find_member(find_member(capabilities,
                                            lists[i].capability),
                                "listChanged"),
                    "true"))
            proxy->list_changes += lists[i].kind;
    proxy->server_has_stateless_tasks =
        version != NULL && strcmp(version, versions[0]) == 0;
}

/* Responds to initialize or server/discover with what the server said,
 * whichever of the two the server was asked. */
void respond_server(struct call *call, const mcp_result *result)
{
    static const char nothing[] = "{}";
    struct text from, capabilities, instructions, info;
    struct buffer room = {NULL, 0, 0}, to = {NULL, 0, 0};

    from.at = mcp_result_json(result, &from.length);
    capabilities = find_member(from, "capabilities");
    if (!is_object(capabilities)) {
        capabilities.at = nothing;
        capabilities.length = 2;
    }
    note_server(call->proxy, result, capabilities);
    instructions = find_member(from, "instructions");
    info = server_info(from, &room);
    if (call->kind == INITIALIZE) {
        add(&to, "{\"protocolVersion\":");
        add_string(&to, call->version);
        add_member(&to, "capabilities", capabilities);
        add_member(&to, "serverInfo", info);
    } else {
        add(&to, "{\"supportedVersions\":");
        add_versions(&to);
        add_member(&to, "capabilities", capabilities);
        add(&to, ",\"_meta\":{\"" PROTOCOL_PREFIX "serverInfo\":");
        add_json(&to, info.at, info.length);
        add(&to, "}");
    }
    if (instructions.at != NULL && *instructions.at == '"')
        add_member(&to, "instructions", instructions);
    add(&to, "}");
    respond_result(call, to.data, to.length);
    empty(&to);
    empty(&room);
}
