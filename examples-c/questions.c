/* Calls a tool whose server asks for input.  The person at the terminal
 * answers:
 *
 *     questions URL TOOL [REPLY]
 *
 * REPLY stands in for the answer of a language model (sampling).  Without
 * REPLY such a request is declined.  The token is taken from MCPCLIENT_TOKEN.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mcpclient.h>

/* Reads a line from the terminal; returns 0 at the end of the input. */
static int read_line(const char *prompt, char *line, size_t size)
{
    printf("%s: ", prompt);
    fflush(stdout);
    if (fgets(line, (int)size, stdin) == NULL)
        return 0;
    line[strcspn(line, "\r\n")] = '\0';
    return 1;
}

static int is_string(const mcp_json *type)
{
    const char *name = mcp_json_string(type, NULL);

    return name == NULL || strcmp(name, "string") == 0;
}

static int32_t fill_form(mcp_input *input)
{
    size_t i, len = 0;
    const char *text = mcp_input_schema_json(input, &len);
    mcp_json *schema = mcp_json_parse(text, len);
    const mcp_json *fields = mcp_json_at(schema, "/properties");
    mcp_json *form = mcp_json_new();
    int32_t status = MCP_OK;
    int is_typed = 1;
    char line[512], pointer[256];

    for (i = 0; is_typed && status == MCP_OK && i < mcp_json_count(fields);
         i++) {
        const char *name = mcp_json_key(fields, i);
        const mcp_json *type = mcp_json_at(mcp_json_child(fields, i), "/type");

        if (name == NULL) /* the server's "properties" is not an object */
            break;
        is_typed = read_line(name, line, sizeof line);
        if (!is_typed || line[0] == '\0')
            continue; /* left out: the library adds the schema's default */
        snprintf(pointer, sizeof pointer, "/%s", name);
        if (is_string(type))
            status = mcp_json_set_string(form, pointer, line);
        else /* 42, 1.5, true, ["red"] */
            status = mcp_json_set_json(form, pointer, line);
    }
    if (!is_typed)
        status = mcp_input_dismiss(input);
    else if (status == MCP_OK)
        status = mcp_input_accept(input, mcp_json_text(form, NULL));
    mcp_json_free(form);
    mcp_json_free(schema);
    return status;
}

static int32_t visit_page(mcp_input *input)
{
    const char *url = mcp_input_url(input); /* NULL: the server sent none */
    char line[16];

    printf("%s\n", url != NULL ? url : "(no address)");
    if (!read_line("Will you open it? [y/N]", line, sizeof line))
        return mcp_input_dismiss(input);
    return line[0] == 'y' ? mcp_input_accept(input, NULL)
                          : mcp_input_decline(input);
}

static int32_t sample(mcp_input *input, const char *reply)
{
    mcp_json *answer;
    int32_t status;

    if (reply == NULL)
        return mcp_input_fail(input, -1, "user rejected");
    answer = mcp_json_new();
    mcp_json_set_string(answer, "/role", "assistant");
    mcp_json_set_string(answer, "/model", "canned");
    mcp_json_set_string(answer, "/content/type", "text");
    mcp_json_set_string(answer, "/content/text", reply);
    status = mcp_input_reply_json(input, mcp_json_text(answer, NULL));
    mcp_json_free(answer);
    return status;
}

/* Owns `input`.  This program answers at once.  A program with windows would
 * keep `input` and answer later, on any thread. */
static void on_input(void *userdata, mcp_client *client, mcp_input *input)
{
    int32_t status;

    printf("The server asks: %s\n", mcp_input_message(input));
    if (mcp_input_kind(input) == MCP_INPUT_FORM)
        status = fill_form(input);
    else if (mcp_input_kind(input) == MCP_INPUT_URL)
        status = visit_page(input);
    else
        status = sample(input, (const char *)userdata);
    (void)client;
    if (status != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    mcp_input_free(input); /* dismisses it if it is not answered */
}

int main(int argc, char **argv)
{
    int32_t status = MCP_E_INVALID_ARGUMENT;
    mcp_result *result = NULL;
    mcp_client *client;
    int is_good = 0;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: questions URL TOOL [REPLY]\n");
        return EXIT_FAILURE;
    }
    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client != NULL)
        status = mcp_client_set_input_handler(
            client, MCP_INPUT_FORM + MCP_INPUT_URL + MCP_INPUT_SAMPLING,
            on_input, argc > 3 ? argv[3] : NULL, NULL);
    if (status == MCP_OK)
        status = mcp_call_tool(client, argv[2], NULL, &result);
    if (status == MCP_OK) {
        is_good = !mcp_result_is_error(result);
        fprintf(is_good ? stdout : stderr, "%s\n",
                mcp_result_text(result, NULL));
    } else {
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    }
    mcp_result_free(result);
    mcp_client_free(client);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
