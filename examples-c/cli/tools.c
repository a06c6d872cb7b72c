/* tools, call and request. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>

#include "cli.h"

static mcp_json *schema_of(const mcp_tool *tool)
{
    size_t length = 0;
    const char *text = mcp_tool_input_schema_json(tool, &length);

    return text != NULL ? mcp_json_parse(text, length) : NULL;
}

static void put_tool(const mcp_tool *tool)
{
    const char *name = mcp_tool_name(tool);
    mcp_json *schema = schema_of(tool);
    int column = name != NULL ? columns_of(name, strlen(name)) : 6;

    put_word(stdout, name);
    put_arguments(schema, &column);
    putchar('\n');
    put_description(mcp_tool_description(tool));
    mcp_json_free(schema);
}

/* Writes the members of an object, one on a line. */
static void put_annotations(const mcp_tool *tool)
{
    size_t i, length = 0;
    const char *text = mcp_tool_json(tool, &length);
    mcp_json *whole = text != NULL ? mcp_json_parse(text, length) : NULL;
    const mcp_json *all = mcp_json_at(whole, "/annotations");

    if (mcp_json_count(all) > 0)
        printf("\nAnnotations:\n");
    for (i = 0; i < mcp_json_count(all); i++) {
        const char *value = mcp_json_text(mcp_json_child(all, i), &length);

        printf("    ");
        put_word(stdout, mcp_json_key(all, i));
        printf(": ");
        put_json(stdout, value != NULL ? value : "null",
                 value != NULL ? length : 4);
        putchar('\n');
    }
    mcp_json_free(whole);
}

/* Returns what a tool says of tasks: "required", "optional", "forbidden"; or
 * NULL.  Free `*whole` after its use. */
static const char *task_support(const mcp_tool *tool, mcp_json **whole)
{
    size_t length = 0;
    const char *text = mcp_tool_json(tool, &length);

    *whole = text != NULL ? mcp_json_parse(text, length) : NULL;
    return mcp_json_string(mcp_json_at(*whole, "/execution/taskSupport"),
                           NULL);
}

/* Writes all that is known of a tool. */
static void put_tool_in_full(const mcp_tool *tool)
{
    size_t length = 0;
    const char *name = mcp_tool_name(tool), *title = mcp_tool_title(tool);
    const char *text = mcp_tool_output_schema_json(tool, &length);
    mcp_json *output = text != NULL ? mcp_json_parse(text, length) : NULL;
    mcp_json *input = schema_of(tool), *whole;

    put_word(stdout, name);
    putchar('\n');
    if (title != NULL && (name == NULL || strcmp(title, name) != 0)) {
        put_description(title);
        if (mcp_tool_description(tool) != NULL)
            putchar('\n');
    }
    put_description(mcp_tool_description(tool));
    put_schema("Arguments", input, "none");
    if (output != NULL)
        put_schema("Output", output, "any object");
    put_annotations(tool);
    text = task_support(tool, &whole);
    if (text != NULL) {
        printf("\nTask: ");
        put_word(stdout, text);
        putchar('\n');
    }
    mcp_json_free(whole);
    mcp_json_free(output);
    mcp_json_free(input);
}

/* Writes one tool in full; the list has it or not. */
static int put_one_tool(const mcp_result *list, const char *name,
                        const struct options *options)
{
    const mcp_tool *tool = mcp_result_find_tool(list, name);
    size_t length = 0;
    const char *text = mcp_tool_json(tool, &length);
    char message[256];

    if (tool == NULL) {
        snprintf(message, sizeof message, "the server lists no tool \"%s\"",
                 strlen(name) < 128 ? name : "...");
        return fail_with(options, "MCP_E_NOT_FOUND", message);
    }
    if (!options->json) {
        put_tool_in_full(tool);
        return SUCCESS;
    }
    put_json(stdout, text != NULL ? text : "null", text != NULL ? length : 4);
    putchar('\n');
    return SUCCESS;
}

int tools(mcp_client *client, const struct options *options)
{
    mcp_result *result = NULL;
    int status = SUCCESS;
    size_t i;

    if (perform_list(client, options, "tools/list", &result) != MCP_OK)
        return fail(options);
    if (options->word_count > 0)
        status = put_one_tool(result, options->words[0], options);
    else if (options->json)
        put_result_json(result);
    else
        for (i = 0; i < mcp_result_tool_count(result); i++)
            put_tool(mcp_result_tool(result, i));
    note_absence(client, mcp_result_tool_count(result), "tools", "tools");
    mcp_result_free(result);
    return status;
}

/* Stores a tool's schema.  If the server does not list the tool, the schema
 * stays NULL: the call itself will fail. */
static int32_t find_schema(mcp_client *client, const struct options *options,
                           mcp_json **schema)
{
    mcp_result *list = NULL;
    int32_t status = perform_list(client, options, "tools/list", &list);
    const mcp_tool *tool;

    if (status == MCP_E_UNSUPPORTED || status == MCP_E_RPC)
        return MCP_OK;
    tool = status == MCP_OK ? mcp_result_find_tool(list, options->words[0])
                            : NULL;
    if (tool != NULL)
        *schema = schema_of(tool);
    mcp_result_free(list);
    return status;
}

/* Returns 1 if the server refused a call because the tool runs as a task only.
 * The library asks for a task once it has read the list of tools, which it
 * reads itself after an error.  Some servers refuse with a result. */
static int lacks_task(mcp_client *client, const struct options *options,
                      const mcp_result *result)
{
    mcp_result *server, *list = NULL;
    const char *text = mcp_result_text(result, NULL), *support = NULL;
    mcp_json *whole = NULL;
    int lacks = 0;

    if (!mcp_result_is_error(result) || text == NULL ||
        strstr(text, "task") == NULL)
        return 0;
    server = mcp_client_new_server_result(client);
    if (mcp_result_has_capability(server, "tasks.requests.tools.call") &&
        perform_list(client, options, "tools/list", &list) == MCP_OK) {
        support = task_support(mcp_result_find_tool(list, options->words[0]),
                               &whole);
        lacks = support != NULL && strcmp(support, "required") == 0;
    }
    mcp_json_free(whole);
    mcp_result_free(list);
    mcp_result_free(server);
    return lacks;
}

/* Returns 1 if a result without contents has something to show: a member that
 * the specification does not give it, or not even a list of contents. */
static int has_more(const mcp_result *result)
{
    static const char *const usual[] = {"content", "isError", "resultType",
                                        "structuredContent", "_meta"};
    size_t i, k, length = 0;
    const char *text = mcp_result_json(result, &length);
    mcp_json *whole = text != NULL ? mcp_json_parse(text, length) : NULL;
    const mcp_json *content = mcp_json_at(whole, "/content");
    int has_more = mcp_json_kind(content) != MCP_JSON_ARRAY &&
                   !mcp_result_is_error(result);

    for (i = 0; !has_more && i < mcp_json_count(whole); i++) {
        const char *name = mcp_json_key(whole, i);

        for (k = 0; k < sizeof usual / sizeof *usual; k++)
            if (name != NULL && strcmp(name, usual[k]) == 0)
                break;
        has_more = k == sizeof usual / sizeof *usual;
    }
    mcp_json_free(whole);
    return has_more;
}

/* Writes the contents, or the structured content if there are none.  A result
 * with neither is written as the server sent it.  Returns 0 if it is empty. */
static int put_whole_result(FILE *to, const mcp_result *result,
                            const struct options *options, int *status)
{
    size_t length = 0;
    const char *json = mcp_result_structured_json(result, &length);

    if (mcp_result_content_count(result) > 0) {
        if (options->value[OPTION_OUTPUT] != NULL)
            *status = save_contents(to, result, options->value[OPTION_OUTPUT]);
        else
            put_contents(to, result);
        return 1;
    }
    if (json != NULL && strcmp(json, "null") == 0)
        json = NULL;
    if (json == NULL && has_more(result))
        json = mcp_result_json(result, &length);
    if (json == NULL)
        return 0;
    put_json(to, json, length);
    fputc('\n', to);
    return 1;
}

/* Returns 1 if what a tool says takes more than one line. */
static int has_lines(const mcp_result *result)
{
    size_t length = 0;
    const char *text = mcp_content_text(mcp_result_content(result, 0), &length);

    return mcp_result_content_count(result) > 1 ||
           (length > 0 && memchr(text, '\n', length - 1) != NULL);
}

static int put_tool_result(const mcp_result *result,
                           const struct options *options)
{
    int is_error = mcp_result_is_error(result), status = SUCCESS;

    if (options->json)
        put_result_json(result);
    if (is_error) {
        flush_output();
        put_program_name();
        fputs("the tool failed", stderr);
        fputs(has_lines(result) ? ":\n" : ": ", stderr);
        if (!put_whole_result(stderr, result, options, &status))
            fputs("it gave no reason\n", stderr);
        return FAILED;
    }
    if (!options->json)
        put_whole_result(stdout, result, options, &status);
    return status;
}

/* The tool has run, but its result does not match its schema.  With --json the
 * result comes first, and the error is the second object. */
static int put_mismatch(const mcp_result *result,
                        const struct options *options)
{
    int status = SUCCESS;

    if (options->json)
        put_result_json(result);
    else
        put_whole_result(stdout, result, options, &status);
    return fail(options);
}

static int32_t call_once(mcp_client *client, const struct options *options,
                         const mcp_json *arguments, mcp_result **out)
{
    const char *text = mcp_json_text(arguments, NULL);

    return perform_long(
        client, options,
        mcp_request_new_call_tool(client, options->words[0], text), out);
}

int call(mcp_client *client, const struct options *options)
{
    char **words = options->words + 1;
    int count = options->word_count - 1, status;
    int is_listed = needs_schema(words, count);
    mcp_json *schema = NULL, *arguments = NULL;
    mcp_result *result = NULL;

    if (options->value[OPTION_OUTPUT] != NULL &&
        check_folder(options->value[OPTION_OUTPUT]) != SUCCESS)
        return FAILED; /* before the tool does anything */
    if (is_listed && find_schema(client, options, &schema) != MCP_OK)
        return fail(options);
    arguments = take_arguments(words, count, ANY_VALUE, schema);
    mcp_json_free(schema);
    if (arguments == NULL)
        return BAD_USAGE;
    status = call_once(client, options, arguments, &result);
    if (status == MCP_OK && !is_listed && lacks_task(client, options, result)) {
        mcp_result_free(result);
        result = NULL;
        status = call_once(client, options, arguments, &result);
    }
    if (status == MCP_OK)
        status = put_tool_result(result, options);
    else if (status == MCP_E_SCHEMA)
        status = put_mismatch(result, options);
    else
        status = fail(options);
    mcp_result_free(result);
    mcp_json_free(arguments);
    return status;
}

int request(mcp_client *client, const struct options *options)
{
    const char *params = options->word_count > 1 ? options->words[1] : NULL;
    mcp_request *made;
    mcp_result *result = NULL;
    int status = SUCCESS, is_done;

    if (params != NULL) {
        mcp_json *object = mcp_json_parse(params, strlen(params));
        int is_object = mcp_json_kind(object) == MCP_JSON_OBJECT;

        if (object == NULL)
            status = bad_usage("%s", mcp_error_message(NULL));
        else if (!is_object)
            status = bad_usage("%s is not a JSON object", params);
        mcp_json_free(object);
        if (status != SUCCESS)
            return status;
    }
    made = mcp_request_new(client, options->words[0], params);
    if (made == NULL) {
        fail(options);
        return BAD_USAGE;
    }
    is_done = perform_long(client, options, made, &result) == MCP_OK;
    if (result != NULL) /* as it is for MCP_E_SCHEMA */
        put_result_json(result);
    if (!is_done)
        status = fail(options);
    else
        status = mcp_result_is_error(result) ? FAILED : SUCCESS;
    mcp_result_free(result);
    return status;
}
