/* Sends a request and prints all that the getters give of its result:
 *
 *     getters URL METHOD
 */
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient_draft.h>

static void put(const char *name, const char *text)
{
    printf("%s: %s\n", name, text != NULL ? text : "(NULL)");
}

/* Reads the whole of a text that has a length. */
static void put_long(const char *name, const char *text, size_t len)
{
    size_t i;
    unsigned sum = 0;

    for (i = 0; text != NULL && i <= len; i++)
        sum += (unsigned char)text[i];
    printf("%s, %lu bytes, %u\n", name, (unsigned long)len, sum);
}

static void put_resource(const mcp_resource *resource)
{
    size_t len = 0;

    put("uri", mcp_resource_uri(resource));
    put("name", mcp_resource_name(resource));
    put("title", mcp_resource_title(resource));
    put("description", mcp_resource_description(resource));
    put("type", mcp_resource_mime_type(resource));
    printf("size: %ld\n", (long)mcp_resource_size(resource));
    put_long("resource", mcp_resource_json(resource, &len), len);
}

static void put_tool(const mcp_tool *tool)
{
    size_t len = 0;

    put("name", mcp_tool_name(tool));
    put("title", mcp_tool_title(tool));
    put("description", mcp_tool_description(tool));
    put_long("input", mcp_tool_input_schema_json(tool, &len), len);
    put_long("output", mcp_tool_output_schema_json(tool, &len), len);
    printf("hint: %d\n", (int)mcp_tool_hint(tool, "readOnlyHint"));
    put_long("tool", mcp_tool_json(tool, &len), len);
}

static void put_prompt(const mcp_prompt *prompt)
{
    size_t i, len = 0;

    put("name", mcp_prompt_name(prompt));
    put("title", mcp_prompt_title(prompt));
    put("description", mcp_prompt_description(prompt));
    for (i = 0; i <= mcp_prompt_argument_count(prompt); i++) {
        put("argument", mcp_prompt_argument_name(prompt, i));
        put("its description", mcp_prompt_argument_description(prompt, i));
        printf("required: %d\n", (int)mcp_prompt_argument_required(prompt, i));
    }
    put_long("prompt", mcp_prompt_json(prompt, &len), len);
}

static void put_skill(const mcp_skill *skill)
{
    size_t i, len = 0;

    put("uri", mcp_skill_uri(skill));
    put("name", mcp_skill_name(skill));
    put("description", mcp_skill_description(skill));
    put("frontmatter", mcp_skill_frontmatter_json(skill, &len));
    for (i = 0; i <= mcp_skill_file_count(skill); i++) {
        put("file", mcp_skill_file_uri(skill, i));
        put("digest", mcp_skill_file_digest(skill, i));
        printf("size: %ld\n", (long)mcp_skill_file_size(skill, i));
    }
    put_long("skill", mcp_skill_json(skill, &len), len);
}

static void put_task(const mcp_task *task)
{
    size_t len = 0;

    put("id", mcp_task_id(task));
    put("status", mcp_task_status(task));
    put("message", mcp_task_message(task));
    printf("ttl: %ld, poll: %ld\n", (long)mcp_task_ttl(task),
           (long)mcp_task_poll_interval(task));
    put_long("task", mcp_task_json(task, &len), len);
}

static void put_content(const mcp_content *content)
{
    size_t len = 0;

    printf("kind: %d\n", (int)mcp_content_kind(content));
    put("role", mcp_content_role(content));
    put_long("text", mcp_content_text(content, &len), len);
    put(mcp_content_data(content, &len) != NULL ? "data" : "no data", "");
    put("type", mcp_content_mime_type(content));
    put_resource(mcp_content_resource(content));
    put_long("content", mcp_content_json(content, &len), len);
}

static void put_result(const mcp_result *result)
{
    size_t i, len = 0;

    for (i = 0; i < mcp_result_tool_count(result); i++)
        put_tool(mcp_result_tool(result, i));
    for (i = 0; i < mcp_result_resource_count(result); i++)
        put_resource(mcp_result_resource(result, i));
    for (i = 0; i < mcp_result_prompt_count(result); i++)
        put_prompt(mcp_result_prompt(result, i));
    for (i = 0; i < mcp_result_skill_count(result); i++)
        put_skill(mcp_result_skill(result, i));
    for (i = 0; i < mcp_result_task_count(result); i++)
        put_task(mcp_result_task(result, i));
    for (i = 0; i < mcp_result_content_count(result); i++)
        put_content(mcp_result_content(result, i));
    for (i = 0; i <= mcp_result_completion_count(result); i++)
        put("completion", mcp_result_completion(result, i));
    printf("more: %d\n", (int)mcp_result_completion_has_more(result));
    put_long("text", mcp_result_text(result, &len), len);
    put_long("structured", mcp_result_structured_json(result, &len), len);
    put("cursor", mcp_result_next_cursor(result));
    put("words", mcp_result_prompt_description(result));
    printf("error: %d, found: %d\n", (int)mcp_result_is_error(result),
           mcp_result_find_tool(result, "good") != NULL);
    put_long("result", mcp_result_json(result, &len), len);
}

int main(int argc, char **argv)
{
    mcp_client *client = argc == 3 ? mcp_client_new(argv[1], NULL) : NULL;
    mcp_request *request = NULL;
    mcp_result *result = NULL;
    int32_t status = MCP_E_INVALID_ARGUMENT;

    if (client != NULL)
        request = mcp_request_new(client, argv[2], "{}");
    if (request != NULL)
        status = mcp_request_perform(request, &result);
    if (status != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    put_result(result);
    mcp_result_free(result);
    mcp_request_free(request);
    mcp_client_free(client);
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
