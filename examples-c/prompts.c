/* Lists a server's prompts, gets one, and completes an argument:
 *
 *     prompts URL                                  lists the prompts
 *     prompts URL get greet '{"name":"Ada"}'       gets a prompt
 *     prompts URL complete greet language py       completes "py"
 *
 * The token is taken from MCPCLIENT_TOKEN.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mcpclient.h>

/* A getter returns NULL if the server sent no text. */
static const char *or_none(const char *text)
{
    return text != NULL ? text : "(none)";
}

static int32_t list(mcp_client *client)
{
    mcp_result *prompts = NULL;
    int32_t status = mcp_list_prompts(client, &prompts);
    size_t i, k;

    for (i = 0; i < mcp_result_prompt_count(prompts); i++) {
        const mcp_prompt *prompt = mcp_result_prompt(prompts, i);

        printf("%s", or_none(mcp_prompt_name(prompt)));
        for (k = 0; k < mcp_prompt_argument_count(prompt); k++)
            printf(mcp_prompt_argument_required(prompt, k) ? " %s" : " [%s]",
                   or_none(mcp_prompt_argument_name(prompt, k)));
        printf("\n");
    }
    mcp_result_free(prompts);
    return status;
}

static int32_t get(mcp_client *client, const char *name,
                   const char *arguments_json)
{
    mcp_result *prompt = NULL;
    int32_t status = mcp_get_prompt(client, name, arguments_json, &prompt);
    size_t i;

    for (i = 0; i < mcp_result_content_count(prompt); i++) {
        const mcp_content *message = mcp_result_content(prompt, i);
        const char *text = mcp_content_text(message, NULL);

        printf("%s: %s\n", or_none(mcp_content_role(message)),
               text != NULL ? text : mcp_content_json(message, NULL));
    }
    mcp_result_free(prompt);
    return status;
}

static int32_t complete(mcp_client *client, const char *prompt,
                        const char *argument, const char *value)
{
    mcp_result *result = NULL;
    mcp_json *reference = mcp_json_new();
    int32_t status = mcp_json_set_string(reference, "/type", "ref/prompt");
    size_t i;

    if (status == MCP_OK)
        status = mcp_json_set_string(reference, "/name", prompt);
    if (status == MCP_OK)
        status = mcp_complete(client, mcp_json_text(reference, NULL), argument,
                              value, NULL, &result);
    for (i = 0; i < mcp_result_completion_count(result); i++)
        printf("%s\n", or_none(mcp_result_completion(result, i)));
    if (mcp_result_completion_has_more(result))
        printf("... and more\n");
    mcp_result_free(result);
    mcp_json_free(reference);
    return status;
}

int main(int argc, char **argv)
{
    int32_t status = MCP_E_INVALID_ARGUMENT;
    int gets = argc > 3 && argc < 6 && strcmp(argv[2], "get") == 0;
    int completes = argc == 6 && strcmp(argv[2], "complete") == 0;
    mcp_client *client;

    if (argc != 2 && !gets && !completes) {
        fprintf(stderr, "usage: prompts URL\n"
                        "       prompts URL get NAME [ARGUMENTS]\n"
                        "       prompts URL complete NAME ARGUMENT VALUE\n");
        return EXIT_FAILURE;
    }
    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client == NULL)
        status = mcp_error_status(NULL);
    else if (gets)
        status = get(client, argv[3], argc > 4 ? argv[4] : NULL);
    else if (completes)
        status = complete(client, argv[3], argv[4], argv[5]);
    else
        status = list(client);
    if (status != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    mcp_client_free(client);
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
