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

/* Resources and templates are read alike: a template's URI has {holes}. */
static void print_list(const char *title, const mcp_result *list)
{
    size_t i;

    printf("%s\n", title);
    for (i = 0; i < mcp_result_resource_count(list); i++) {
        const mcp_resource *resource = mcp_result_resource(list, i);
        const char *type = mcp_resource_mime_type(resource);

        printf("  %s (%s)\n", mcp_resource_uri(resource),
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

/* Writes one piece of a resource: text as it is, anything else decoded. */
static int32_t write_piece(const mcp_content *content, FILE *to)
{
    size_t length = 0;
    const void *data = mcp_content_text(content, &length);

    if (data == NULL)
        data = mcp_content_data(content, &length);
    if (data == NULL) /* the library says why: it is not base64 */
        return mcp_error_status(NULL);
    fwrite(data, 1, length, to);
    return MCP_OK;
}

static int32_t read_one(mcp_client *client, const char *uri, FILE *to)
{
    mcp_result *result = NULL;
    int32_t status = mcp_read_resource(client, uri, &result);
    size_t i;

    for (i = 0; status == MCP_OK && i < mcp_result_content_count(result); i++)
        status = write_piece(mcp_result_content(result, i), to);
    mcp_result_free(result);
    return status;
}

int main(int argc, char **argv)
{
    int32_t status = MCP_E_INVALID_ARGUMENT;
    FILE *to = stdout;
    mcp_client *client;
    int is_written;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: resources URL [URI [FILE]]\n");
        return EXIT_FAILURE;
    }
    if (argc == 4 && (to = fopen(argv[3], "wb")) == NULL) {
        perror(argv[3]);
        return EXIT_FAILURE;
    }
    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client != NULL)
        status = argc == 2 ? list(client) : read_one(client, argv[2], to);
    if (status != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    mcp_client_free(client);

    is_written = !ferror(to) && fclose(to) == 0;
    if (!is_written)
        perror(argc == 4 ? argv[3] : "stdout");
    return status == MCP_OK && is_written ? EXIT_SUCCESS : EXIT_FAILURE;
}
