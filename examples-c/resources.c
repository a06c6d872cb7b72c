/* Lists what a server has to read, and reads it:
 *
 *     resources URL            lists the resources and the templates
 *     resources URL URI        prints one
 *     resources URL URI FILE   writes its bytes to a file
 *
 * The token is taken from MCPCLIENT_TOKEN.
 */
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

/* What the server did not send, or not as a text, is NULL. */
static const char *or_none(const char *text)
{
    return text != NULL ? text : "(none)";
}

/* Resources and templates are read alike: a template's URI has {holes}. */
static void print_list(const char *title, const mcp_result *list)
{
    size_t i;

    printf("%s\n", title);
    for (i = 0; i < mcp_result_resource_count(list); i++) {
        const mcp_resource *resource = mcp_result_resource(list, i);
        const char *type = mcp_resource_mime_type(resource);

        printf("  %s (%s)\n", or_none(mcp_resource_uri(resource)),
               type != NULL ? type : "of no known type");
    }
}

static int32_t list(mcp_client *client)
{
    mcp_result *resources = NULL, *templates = NULL;
    int32_t status = mcp_list_resources(client, &resources);

    if (status == MCP_OK)
        status = mcp_list_resource_templates(client, &templates);
    if (status == MCP_OK) {
        print_list("resources:", resources);
        print_list("templates:", templates);
    }
    mcp_result_free(templates);
    mcp_result_free(resources);
    return status;
}

/* The bytes of a piece: of its text, or decoded; NULL for neither. */
static const void *bytes_of(const mcp_content *content, size_t *length)
{
    const void *bytes = mcp_content_text(content, length);

    return bytes != NULL ? bytes : mcp_content_data(content, length);
}

/* Whether every piece has bytes; there is one at least. */
static int is_whole(const mcp_result *result)
{
    size_t i, length, count = mcp_result_content_count(result);

    for (i = 0; i < count; i++)
        if (bytes_of(mcp_result_content(result, i), &length) == NULL)
            return 0;
    return count > 0;
}

/* Writes all pieces to standard output, or to a file that is opened only when
 * there is something good for it. */
static int write_all(const mcp_result *result, const char *path)
{
    FILE *to = path != NULL ? fopen(path, "wb") : stdout;
    size_t i, length = 0;
    int is_written = to != NULL;

    for (i = 0; is_written && i < mcp_result_content_count(result); i++) {
        const void *bytes = bytes_of(mcp_result_content(result, i), &length);

        is_written = fwrite(bytes, 1, length, to) == length;
    }
    if (to != NULL && fclose(to) != 0)
        is_written = 0;
    if (!is_written)
        perror(path != NULL ? path : "stdout");
    return is_written;
}

int main(int argc, char **argv)
{
    int32_t status = MCP_E_INVALID_ARGUMENT;
    mcp_result *result = NULL;
    mcp_client *client;
    int is_good = 0;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: resources URL [URI [FILE]]\n");
        return EXIT_FAILURE;
    }
    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client != NULL)
        status = argc == 2 ? list(client)
                           : mcp_read_resource(client, argv[2], &result);
    if (status != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    else if (argc == 2)
        is_good = 1;
    else if (is_whole(result))
        is_good = write_all(result, argc == 4 ? argv[3] : NULL);
    else
        fprintf(stderr, "there is a piece that is no text and no base64\n");
    mcp_result_free(result);
    mcp_client_free(client);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
