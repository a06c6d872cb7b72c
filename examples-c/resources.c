/* Lists a server's resources, and reads one:
 *
 *     resources URL            lists the resources and the templates
 *     resources URL URI        prints a resource
 *     resources URL URI FILE   writes its bytes to a file
 *
 * The token is taken from MCPCLIENT_TOKEN.
 */
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

/* A getter returns NULL if the server sent no text. */
static const char *or_none(const char *text)
{
    return text != NULL ? text : "(none)";
}

/* A template has the same getters as a resource; its URI has {variables}. */
static void print_list(const char *title, const mcp_result *list)
{
    size_t i;

    printf("%s\n", title);
    for (i = 0; i < mcp_result_resource_count(list); i++) {
        const mcp_resource *resource = mcp_result_resource(list, i);
        const char *type = mcp_resource_mime_type(resource);

        printf("  %s (%s)\n", or_none(mcp_resource_uri(resource)),
               type != NULL ? type : "unknown type");
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

/* Returns the bytes of a content: its text, or its decoded data; or NULL. */
static const void *bytes_of(const mcp_content *content, size_t *length)
{
    const void *bytes = mcp_content_text(content, length);

    return bytes != NULL ? bytes : mcp_content_data(content, length);
}

/* Returns 1 if there is a content, and each one has bytes. */
static int is_whole(const mcp_result *result)
{
    size_t i, length, count = mcp_result_content_count(result);

    for (i = 0; i < count; i++)
        if (bytes_of(mcp_result_content(result, i), &length) == NULL)
            return 0;
    return count > 0;
}

/* Writes all contents to standard output, or to a file.  Call is_whole()
 * first, so that a file is opened only if it can be written completely. */
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
        fprintf(stderr, "a content is neither text nor base64\n");
    mcp_result_free(result);
    mcp_client_free(client);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
