/*
 * The client that the official conformance suite tests: client URL.
 *
 * It does what an application does that knows nothing of its server: it asks
 * what there is and uses each thing once, with arguments made from the
 * schemas, and accepts what it is asked.  It differs only where the suite
 * sets a task of its own, see choose(), or says who the program is, see
 * auth.c.  What the protocol wants beyond that is the library's matter:
 * this file has no protocol in it.
 *
 * The suite says by MCP_CONFORMANCE_PROTOCOL_VERSION which revision to speak,
 * by MCP_CONFORMANCE_SCENARIO and MCP_CONFORMANCE_CONTEXT what to do.  The
 * first line of the output is "wire: " and that revision, the last one is
 * "end: " and the status that ended the work.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mcpclient_draft.h>

#include "client.h"

/* Less than the 120 of the suite (official.py): one that hangs would make the suite hang. */
#define SECONDS 110
#define CALL_MILLISECONDS 90000

typedef int32_t (*task_fn)(mcp_client *client);

/* Says what was done and how it went, and hands the status on.  What the server
 * sent no name for is NULL. */
static int32_t tell(int32_t status, const char *action, const char *name)
{
    name = name != NULL ? name : "(none)";
    printf("%s %s: %s\n", action, name, mcp_status_name(status));
    if (status != MCP_OK)
        fprintf(stderr, "%s %s: %s\n", action, name, mcp_error_message(NULL));
    return status;
}

int is_scenario(const char *beginning)
{
    const char *name = getenv("MCP_CONFORMANCE_SCENARIO");

    return name != NULL && strncmp(name, beginning, strlen(beginning)) == 0;
}

mcp_json *read_context(void)
{
    const char *text = getenv("MCP_CONFORMANCE_CONTEXT");

    return text != NULL ? mcp_json_parse(text, strlen(text)) : NULL;
}

/* ---- arguments from a schema ---- */

/* Puts a value, given as JSON text, under a name: JSON Pointer escapes two
 * characters. */
static int32_t put(mcp_json *object, const char *name, const char *value)
{
    char *pointer, *end;
    int32_t status;

    if (name == NULL) /* the server sent none */
        return MCP_E_PROTOCOL;
    pointer = end = malloc(2 * strlen(name) + 2);
    if (pointer == NULL)
        return MCP_E_NO_MEMORY;
    *end++ = '/';
    for (; *name != '\0'; name++) {
        if (*name == '~' || *name == '/') {
            *end++ = '~';
            *end++ = *name == '~' ? '0' : '1';
        } else {
            *end++ = *name;
        }
    }
    *end = '\0';
    status = mcp_json_set_json(object, pointer, value);
    free(pointer);
    return status;
}

/* Gives a value that fits a property's schema, as JSON text. */
static const char *sample(const mcp_json *schema)
{
    static const char *const given[] = {
        "/const", "/default", "/enum/0", "/examples/0", "/minimum", NULL
    };
    const mcp_json *kinds = mcp_json_at(schema, "/type");
    const char *kind;
    size_t i;

    for (i = 0; given[i] != NULL; i++)
        if (mcp_json_at(schema, given[i]) != NULL)
            return mcp_json_text(mcp_json_at(schema, given[i]), NULL);
    if (mcp_json_kind(kinds) == MCP_JSON_ARRAY)
        kinds = mcp_json_child(kinds, 0);
    kind = mcp_json_string(kinds, NULL);
    if (kind == NULL || strcmp(kind, "string") == 0)
        return "\"text\"";
    if (strcmp(kind, "integer") == 0 || strcmp(kind, "number") == 0)
        return "3";
    if (strcmp(kind, "boolean") == 0)
        return "true";
    if (strcmp(kind, "array") == 0)
        return "[]";
    return strcmp(kind, "object") == 0 ? "{}" : "null";
}

/* Tells if a property must be given: it is required or, of a form, has no
 * default that the library could fill in. */
static int is_wanted(const mcp_json *schema, const char *name, int is_form)
{
    const mcp_json *required = mcp_json_at(schema, "/required");
    const mcp_json *properties = mcp_json_at(schema, "/properties");
    size_t i;

    for (i = 0; i < mcp_json_count(properties); i++) {
        const char *key = mcp_json_key(properties, i); /* NULL in an array */

        if (key != NULL && strcmp(key, name) == 0 &&
            mcp_json_at(mcp_json_child(properties, i), "/default") != NULL)
            return !is_form;
    }
    for (i = 0; i < mcp_json_count(required); i++) {
        const char *one = mcp_json_string(mcp_json_child(required, i), NULL);

        if (one != NULL && strcmp(one, name) == 0)
            return 1;
    }
    return is_form;
}

/* Makes an object that fits a schema; NULL with the last error set. */
static mcp_json *fill(const char *schema_json, size_t len, int is_form)
{
    mcp_json *schema = mcp_json_parse(schema_json, len);
    mcp_json *object = schema != NULL ? mcp_json_new() : NULL;
    const mcp_json *properties = mcp_json_at(schema, "/properties");
    int32_t status = object != NULL ? MCP_OK : MCP_E_INVALID_ARGUMENT;
    size_t i;

    for (i = 0; status == MCP_OK && i < mcp_json_count(properties); i++) {
        const char *name = mcp_json_key(properties, i);

        if (name == NULL || is_wanted(schema, name, is_form))
            status = put(object, name, sample(mcp_json_child(properties, i)));
    }
    mcp_json_free(schema);
    if (status == MCP_OK)
        return object;
    mcp_json_free(object);
    return NULL;
}

/* ---- the server's questions ---- */

/* Agrees to forms, and to nothing else.  Defaults are left to the library. */
static void answer(void *userdata, mcp_client *client, mcp_input *input)
{
    int32_t status;

    (void)userdata;
    (void)client;
    if (mcp_input_kind(input) == MCP_INPUT_FORM) {
        size_t len = 0;
        const char *schema = mcp_input_schema_json(input, &len);
        mcp_json *content = fill(schema, len, 1);

        status = mcp_input_accept(input, mcp_json_text(content, NULL));
        mcp_json_free(content);
    } else {
        status = mcp_input_fail(input, -1, "user rejected");
    }
    tell(status, "answer", mcp_input_message(input));
    mcp_input_free(input);
}

/* ---- what the suite can ask for ---- */

static int32_t call(mcp_client *client, const char *name,
                    const char *arguments_json)
{
    mcp_result *result;
    int32_t status = tell(mcp_call_tool(client, name, arguments_json, &result),
                          "call", name);

    if (mcp_result_is_error(result)) {
        fprintf(stderr, "%s failed: %s\n", name != NULL ? name : "(none)",
                mcp_result_text(result, NULL));
        status = MCP_E_RPC;
    }
    mcp_result_free(result);
    return status;
}

static int32_t call_from_schema(mcp_client *client, const mcp_tool *tool)
{
    size_t len;
    const char *schema = mcp_tool_input_schema_json(tool, &len);
    mcp_json *arguments = fill(schema, len, 0);
    int32_t status = MCP_E_INVALID_ARGUMENT;

    if (arguments != NULL)
        status = call(client, mcp_tool_name(tool),
                      mcp_json_text(arguments, NULL));
    mcp_json_free(arguments);
    return status;
}

static int32_t list_tools(mcp_client *client, mcp_result **out)
{
    int32_t status = mcp_list_tools(client, out);

    /* A server without tools is a server all the same. */
    if (status == MCP_E_UNSUPPORTED)
        return MCP_OK;
    return tell(status, "list", "tools");
}

static int32_t use_tools(mcp_client *client)
{
    mcp_result *tools;
    int32_t status = list_tools(client, &tools);
    size_t i;

    for (i = 0; status == MCP_OK && i < mcp_result_tool_count(tools); i++)
        status = call_from_schema(client, mcp_result_tool(tools, i));
    mcp_result_free(tools);
    return status;
}

static int32_t use_resources(mcp_client *client)
{
    mcp_result *resources;
    int32_t status = tell(mcp_list_resources(client, &resources), "list",
                          "resources");
    size_t i;

    for (i = 0; status == MCP_OK && i < mcp_result_resource_count(resources);
         i++) {
        const char *uri = mcp_resource_uri(mcp_result_resource(resources, i));
        mcp_result *contents;

        status = tell(mcp_read_resource(client, uri, &contents), "read", uri);
        mcp_result_free(contents);
    }
    mcp_result_free(resources);
    return status;
}

static int32_t use_prompt(mcp_client *client, const mcp_prompt *prompt)
{
    mcp_json *arguments = mcp_json_new();
    mcp_result *messages = NULL;
    int32_t status = MCP_OK;
    size_t i;

    for (i = 0; status == MCP_OK && i < mcp_prompt_argument_count(prompt); i++)
        if (mcp_prompt_argument_required(prompt, i))
            status = put(arguments, mcp_prompt_argument_name(prompt, i),
                         "\"text\"");
    if (status == MCP_OK)
        status = mcp_get_prompt(client, mcp_prompt_name(prompt),
                                mcp_json_text(arguments, NULL), &messages);
    tell(status, "get", mcp_prompt_name(prompt));
    mcp_result_free(messages);
    mcp_json_free(arguments);
    return status;
}

static int32_t use_prompts(mcp_client *client)
{
    mcp_result *prompts;
    int32_t status = tell(mcp_list_prompts(client, &prompts), "list",
                          "prompts");
    size_t i;

    for (i = 0; status == MCP_OK && i < mcp_result_prompt_count(prompts); i++)
        status = use_prompt(client, mcp_result_prompt(prompts, i));
    mcp_result_free(prompts);
    return status;
}

/* Uses all that the server says it has. */
static int32_t use_everything(mcp_client *client)
{
    mcp_result *server;
    int32_t status = tell(mcp_connect(client, &server), "connect to",
                          "the server");

    if (status == MCP_OK)
        status = use_tools(client);
    if (status == MCP_OK && mcp_result_has_capability(server, "resources"))
        status = use_resources(client);
    if (status == MCP_OK && mcp_result_has_capability(server, "prompts"))
        status = use_prompts(client);
    mcp_result_free(server);
    return status;
}

/* Lists the tools, and calls none. */
static int32_t look_at_tools(mcp_client *client)
{
    mcp_result *tools;
    int32_t status = list_tools(client, &tools);

    mcp_result_free(tools);
    return status;
}

/* Makes the calls that the suite prescribes, as it wrote them. */
static int32_t make_calls(mcp_client *client)
{
    mcp_json *context = read_context();
    const mcp_json *calls = mcp_json_at(context, "/toolCalls");
    int32_t status = look_at_tools(client);
    size_t i;

    for (i = 0; status == MCP_OK && i < mcp_json_count(calls); i++) {
        const mcp_json *one = mcp_json_child(calls, i);

        status = call(client, mcp_json_string(mcp_json_at(one, "/name"), NULL),
                      mcp_json_text(mcp_json_at(one, "/arguments"), NULL));
    }
    mcp_json_free(context);
    return status;
}

/* Sends the schema of the first tool back through the other, which is there
 * to see what is left of it. */
static int32_t echo_schema(mcp_client *client)
{
    static const char echo[] = "json_schema_echo";
    mcp_result *tools;
    int32_t status = list_tools(client, &tools);
    size_t i;

    for (i = 0; status == MCP_OK && i < mcp_result_tool_count(tools); i++) {
        const mcp_tool *tool = mcp_result_tool(tools, i);
        const char *name = mcp_tool_name(tool);
        mcp_json *arguments;

        if (name == NULL || strcmp(name, echo) == 0)
            continue;
        arguments = mcp_json_new();
        status = put(arguments, "schema",
                     mcp_tool_input_schema_json(tool, NULL));
        if (status == MCP_OK)
            status = call(client, echo, mcp_json_text(arguments, NULL));
        mcp_json_free(arguments);
    }
    mcp_result_free(tools);
    return status;
}

/* Lists the skills, and reads none. */
static int32_t look_at_skills(mcp_client *client)
{
    mcp_result *skills;
    int32_t status = tell(mcp_list_skills(client, &skills), "list", "skills");

    mcp_result_free(skills);
    return status;
}

/* Reads the files of each skill, up to the first that is refused. */
static int32_t load_skills(mcp_client *client)
{
    mcp_result *skills;
    int32_t status = tell(mcp_list_skills(client, &skills), "list", "skills");
    size_t i, file;

    for (i = 0; i < mcp_result_skill_count(skills); i++) {
        const mcp_skill *skill = mcp_result_skill(skills, i);

        for (file = 0; status == MCP_OK && file < mcp_skill_file_count(skill);
             file++) {
            mcp_result *contents;

            status = tell(mcp_read_skill_file(client, skill, file, &contents),
                          "load", mcp_skill_file_uri(skill, file));
            mcp_result_free(contents);
        }
    }
    mcp_result_free(skills);
    return status;
}

static task_fn choose(void)
{
    static const struct {
        const char *beginning;
        task_fn task;
    } tasks[] = {
        {"json-schema-ref-no-deref", look_at_tools},
        {"json-schema-2020-12-preservation", echo_schema},
        {"http-custom-headers", make_calls},
        {"sep-2640-client-no-prefetch", look_at_skills},
        {"sep-2640-client-", load_skills}
    };
    size_t i;

    for (i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (is_scenario(tasks[i].beginning))
            return tasks[i].task;
    return use_everything;
}

/* ---- the program ---- */

static int32_t set_up(mcp_client *client)
{
    const char *version = getenv("MCP_CONFORMANCE_PROTOCOL_VERSION");
    mcp_auth *auth = make_auth();
    int32_t status = MCP_E_INVALID_ARGUMENT;

    if (auth != NULL)
        status = mcp_client_set_auth(client, auth);
    mcp_auth_free(auth);
    if (status == MCP_OK)
        status = mcp_client_set_info(client, "conformance-client", "1.0");
    if (status == MCP_OK)
        status = mcp_client_set_protocol_version(client, version);
    if (status == MCP_OK)
        status = mcp_client_set_timeout(client, CALL_MILLISECONDS);
    if (status == MCP_OK)
        status = mcp_client_set_roots_json(client, "[]");
    if (status == MCP_OK)
        status = mcp_client_set_input_handler(
            client, MCP_INPUT_FORM | MCP_INPUT_SAMPLING, answer, NULL, NULL);
    return status;
}

int main(int argc, char **argv)
{
    const char *version = getenv("MCP_CONFORMANCE_PROTOCOL_VERSION");
    mcp_client *client;
    int32_t status = MCP_E_INVALID_ARGUMENT;

    printf("wire: %s\n", version != NULL ? version : "any");
    /* Its default action ends the program, and that is a failed run. */
    alarm(SECONDS);
    client = mcp_client_new(argc > 1 ? argv[argc - 1] : NULL, NULL);
    if (client == NULL || (status = set_up(client)) != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    if (status == MCP_OK)
        status = choose()(client);
    mcp_client_free(client);
    printf("end: %s\n", mcp_status_name(status));
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
