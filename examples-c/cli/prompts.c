/* prompts, prompt and complete. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>

#include "cli.h"

static void put_prompt(const mcp_prompt *prompt)
{
    size_t i;

    put_word(stdout, mcp_prompt_name(prompt));
    for (i = 0; i < mcp_prompt_argument_count(prompt); i++) {
        int must_be = mcp_prompt_argument_required(prompt, i);

        fputs(must_be ? " " : " [", stdout);
        put_word(stdout, mcp_prompt_argument_name(prompt, i));
        fputs(must_be ? "=..." : "=...]", stdout);
    }
    putchar('\n');
    put_description(mcp_prompt_description(prompt));
}

int prompts(mcp_client *client, const struct options *options)
{
    mcp_result *list = NULL;
    size_t i;

    if (perform_list(client, options, "prompts/list", &list) != MCP_OK)
        return fail(options);
    if (options->json)
        put_result_json(list);
    for (i = 0; !options->json && i < mcp_result_prompt_count(list); i++)
        put_prompt(mcp_result_prompt(list, i));
    note_absence(client, mcp_result_prompt_count(list), "prompts", "prompts");
    mcp_result_free(list);
    return SUCCESS;
}

int prompt(mcp_client *client, const struct options *options)
{
    mcp_result *result = NULL;
    mcp_json *arguments =
        take_arguments(options->words + 1, options->word_count - 1,
                       STRINGS_ONLY, NULL);
    int status = SUCCESS;

    if (arguments == NULL)
        return BAD_USAGE;
    if (perform_long(client, options,
                     mcp_request_new_get_prompt(client, options->words[0],
                                                mcp_json_text(arguments, NULL)),
                     &result) != MCP_OK)
        status = fail(options);
    else if (options->json)
        put_result_json(result);
    else
        put_contents(stdout, result);
    mcp_result_free(result);
    mcp_json_free(arguments);
    return status;
}

static void put_completions(const mcp_result *result)
{
    size_t i, length = 0;
    const char *text = mcp_result_json(result, &length);
    mcp_json *whole = text != NULL ? mcp_json_parse(text, length) : NULL;
    int64_t total =
        mcp_json_integer(mcp_json_at(whole, "/completion/total"), -1);

    for (i = 0; i < mcp_result_completion_count(result); i++) {
        put_word(stdout, mcp_result_completion(result, i));
        putchar('\n');
    }
    flush_output();
    if (mcp_result_completion_has_more(result) && total >= 0)
        fprintf(stderr, "mcpclient: the server has %lld completions\n",
                (long long)total);
    else if (mcp_result_completion_has_more(result))
        fprintf(stderr, "mcpclient: the server has more completions\n");
    mcp_json_free(whole);
}

/* Makes the parameters of completion/complete. */
static mcp_json *completion_params(char **words, const mcp_json *context)
{
    int is_prompt = strcmp(words[0], "prompt") == 0;
    mcp_json *params = mcp_json_new();

    mcp_json_set_string(params, "/ref/type",
                        is_prompt ? "ref/prompt" : "ref/resource");
    mcp_json_set_string(params, is_prompt ? "/ref/name" : "/ref/uri",
                        words[1]);
    mcp_json_set_string(params, "/argument/name", words[2]);
    mcp_json_set_string(params, "/argument/value", words[3]);
    if (context != NULL)
        mcp_json_set_json(params, "/context/arguments",
                          mcp_json_text(context, NULL));
    return params;
}

int complete(mcp_client *client, const struct options *options)
{
    char **words = options->words;
    int context_count = options->word_count - 4, status = SUCCESS;
    mcp_json *context = NULL, *params;
    mcp_result *result = NULL;

    if (find_choice(options->command->choices, words[0]) == NULL)
        return bad_usage("complete needs prompt or resource, not %s",
                         words[0]);
    if (context_count > 0) {
        context =
            take_arguments(words + 4, context_count, STRINGS_ONLY, NULL);
        if (context == NULL)
            return BAD_USAGE;
    }
    params = completion_params(words, context);
    if (perform(client, options,
                mcp_request_new(client, "completion/complete",
                                mcp_json_text(params, NULL)),
                &result) != MCP_OK)
        status = fail(options);
    else if (options->json)
        put_result_json(result);
    else
        put_completions(result);
    if (status == SUCCESS)
        note_absence(client, mcp_result_completion_count(result),
                     "completions", "completions");
    mcp_result_free(result);
    mcp_json_free(context);
    mcp_json_free(params);
    return status;
}
