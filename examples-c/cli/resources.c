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

static int list(mcp_client *client, const struct options *options,
                const char *method, const char *what)
{
    mcp_result *list = NULL;

    if (perform_list(client, options, method, &list) != MCP_OK)
        return fail(options);
    put_list(list, options);
    note_absence(client, mcp_result_resource_count(list), "resources", what);
    mcp_result_free(list);
    return SUCCESS;
}

int resources(mcp_client *client, const struct options *options)
{
    return list(client, options, "resources/list", "resources");
}

int templates(mcp_client *client, const struct options *options)
{
    return list(client, options, "resources/templates/list",
                "resource templates");
}

/* Returns the bytes of a content: its text, or its decoded data; or NULL. */
static const void *bytes_of(const mcp_content *content, size_t *length)
{
    const void *bytes = mcp_content_text(content, length);

    return bytes != NULL ? bytes : mcp_content_data(content, length);
}

/* Checks the contents before anything is written.  On standard output, a
 * content without text and without data is left out, but not if it is the only
 * one.  A file is replaced only by all contents, and data that cannot be decoded
 * is always an error. */
static int can_be_written(const mcp_result *result,
                          const struct options *options)
{
    size_t i, length, found = 0, count = mcp_result_content_count(result);
    unsigned long bad = 0;

    for (i = 0; i < count; i++) {
        int32_t before = mcp_error_status(NULL);

        if (bytes_of(mcp_result_content(result, i), &length) != NULL) {
            found++;
            continue;
        }
        bad = (unsigned long)i + 1;
        if (options->value[OPTION_OUTPUT] != NULL ||
            mcp_error_status(NULL) != before)
            break;
        if (options->verbose) {
            put_program_name();
            fprintf(stderr, "content %lu of %lu is left out: it has neither "
                    "text nor data\n", bad, (unsigned long)count);
        }
    }
    if (found > 0 && i == count)
        return 1;
    put_program_name();
    if (count == 0)
        fputs("the server sent no contents\n", stderr);
    else
        fprintf(stderr, "content %lu of %lu is neither text nor base64\n",
                bad, (unsigned long)count);
    return 0;
}

/* Writes one content: text, or bytes if `to` is not a terminal; nothing for a
 * content that is left out. */
static int put_piece(const mcp_content *content, FILE *to)
{
    size_t length = 0;
    const void *bytes = bytes_of(content, &length);
    const char *text = mcp_content_text(content, NULL);
    int is_terminal = isatty(fileno(to)); /* before the writes: sets errno */

    if (text != NULL) {
        put_content_text(to, text, length);
        if (is_terminal && length > 0 && text[length - 1] != '\n')
            fputc('\n', to);
        return SUCCESS;
    }
    if (bytes == NULL)
        return SUCCESS;
    if (is_terminal) {
        fprintf(stderr, "mcpclient: %lu bytes are not shown on a terminal; "
                "use -o FILE to write them\n", (unsigned long)length);
        return FAILED;
    }
    fwrite(bytes, 1, length, to);
    return SUCCESS;
}

static int put_pieces(const mcp_result *result, FILE *to)
{
    int status = SUCCESS;
    size_t i;

    for (i = 0; status == SUCCESS && !ferror(to) &&
                i < mcp_result_content_count(result); i++)
        status = put_piece(mcp_result_content(result, i), to);
    return status;
}

static int write_file(const mcp_result *result, const char *path)
{
    struct output output;
    int why;

    if (open_output(&output, path)) {
        int status = put_pieces(result, output.to);

        if (close_output(&output))
            return status;
    }
    why = errno;
    put_program_name();
    fprintf(stderr, "-o %s: %s\n", path, strerror(why));
    return FAILED;
}

int read_resource(mcp_client *client, const struct options *options)
{
    mcp_result *result = NULL;
    int status;

    if (perform_long(client, options,
                     mcp_request_new_read_resource(client, options->words[0]),
                     &result) != MCP_OK)
        return fail(options);
    if (options->json)
        status = put_result_json(result);
    else if (!can_be_written(result, options)) /* an old file stays unchanged */
        status = FAILED;
    else if (options->value[OPTION_OUTPUT] != NULL)
        status = write_file(result, options->value[OPTION_OUTPUT]);
    else
        status = put_pieces(result, stdout);
    mcp_result_free(result);
    return status;
}
