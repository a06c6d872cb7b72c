/* resources, templates and read. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static int put_list(const mcp_result *list, const struct options *options)
{
    size_t i;

    if (options->json)
        return put_result_json(list);
    for (i = 0; i < mcp_result_resource_count(list); i++) {
        const mcp_resource *resource = mcp_result_resource(list, i);
        const char *type = mcp_resource_mime_type(resource);
        const char *title = mcp_resource_title(resource);
        int64_t size = mcp_resource_size(resource);

        put_word(stdout, mcp_resource_uri(resource));
        if (type != NULL) {
            fputs(" (", stdout);
            put_word(stdout, type);
            putchar(')');
        }
        if (size >= 0)
            printf(" %lld bytes", (long long)size);
        putchar('\n');
        put_description(title);
        put_description(mcp_resource_description(resource));
    }
    return SUCCESS;
}

int resources(mcp_client *client, const struct options *options)
{
    mcp_result *list = NULL;

    if (mcp_list_resources(client, &list) != MCP_OK)
        return fail(options);
    put_list(list, options);
    mcp_result_free(list);
    return SUCCESS;
}

int templates(mcp_client *client, const struct options *options)
{
    mcp_result *list = NULL;

    if (mcp_list_resource_templates(client, &list) != MCP_OK)
        return fail(options);
    put_list(list, options);
    mcp_result_free(list);
    return SUCCESS;
}

/* Writes one piece: text, or bytes where they do no harm. */
static int put_piece(const mcp_content *content, FILE *to,
                     const struct options *options)
{
    size_t length = 0;
    const char *text = mcp_content_text(content, &length);
    const void *data;

    if (text != NULL) {
        put_content_text(to, text, length);
        if (isatty(fileno(to)) && length > 0 && text[length - 1] != '\n')
            fputc('\n', to);
        return SUCCESS;
    }
    data = mcp_content_data(content, &length);
    if (data == NULL)
        return fail(options);
    if (isatty(fileno(to))) {
        fprintf(stderr, "mcpclient: %lu bytes are not shown on a terminal; "
                "write them with -o FILE\n", (unsigned long)length);
        return FAILED;
    }
    fwrite(data, 1, length, to);
    return SUCCESS;
}

int read_resource(mcp_client *client, const struct options *options)
{
    mcp_result *result = NULL;
    FILE *to = stdout;
    int status = SUCCESS;
    size_t i;

    if (perform(mcp_request_new_read_resource(client, options->words[0]),
                &result) != MCP_OK)
        return fail(options);
    /* Opened only now: a failed reading leaves an old file as it is. */
    if (options->output != NULL && (to = fopen(options->output, "wb")) == NULL)
        status = FAILED;
    if (status == SUCCESS && options->json)
        put_result_json(result);
    for (i = 0; status == SUCCESS && !options->json &&
                i < mcp_result_content_count(result); i++)
        status = put_piece(mcp_result_content(result, i), to, options);
    mcp_result_free(result);
    if (options->output != NULL &&
        (to == NULL || ferror(to) != 0 || fclose(to) != 0)) {
        fprintf(stderr, "mcpclient: -o %s: %s\n", options->output,
                strerror(errno));
        status = FAILED;
    }
    return status;
}
