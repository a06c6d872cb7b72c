/* Reads the configuration file of an MCP host, such as Claude, Cursor or VS
 * Code:
 *
 *     config FILE          lists its servers, and prints warnings
 *     config FILE NAME     connects to one of them
 */
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

static void list(const mcp_config *config)
{
    const char *warning;
    size_t i;

    for (i = 0; i < mcp_config_count(config); i++) {
        const char *target = mcp_config_url(config, i);

        if (target == NULL)
            target = mcp_config_command(config, i);
        if (target == NULL) /* it has a mistake, which a warning describes */
            target = mcp_status_name(mcp_config_status(config, i));
        printf("%-16s %s\n", mcp_config_name(config, i), target);
    }
    for (i = 0; (warning = mcp_config_warning(config, i)) != NULL; i++)
        fprintf(stderr, "warning: %s\n", warning);
}

/* A getter returns NULL if the server sent no text. */
static const char *or_none(const char *text)
{
    return text != NULL ? text : "(none)";
}

static int32_t greet(const mcp_config *config, const char *name)
{
    mcp_client *client = mcp_config_new_client(config, name);
    mcp_result *server = NULL;
    int32_t status = client != NULL ? mcp_connect(client, &server)
                                    : mcp_error_status(NULL);

    if (status == MCP_OK)
        printf("%s is %s and speaks %s over %s\n", name,
               or_none(mcp_result_server_name(server)),
               mcp_result_protocol_version(server),
               mcp_client_transport(client) == MCP_TRANSPORT_STDIO ? "stdio"
                                                                   : "HTTP");
    mcp_result_free(server);
    mcp_client_free(client);
    return status;
}

int main(int argc, char **argv)
{
    int32_t status = MCP_OK;
    mcp_config *config;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: config FILE [NAME]\n");
        return EXIT_FAILURE;
    }
    config = mcp_config_load(argv[1]);
    if (config == NULL)
        status = mcp_error_status(NULL);
    else if (argc == 2)
        list(config);
    else
        status = greet(config, argv[2]);
    if (status != MCP_OK) /* the message has the file, the line and the key */
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    mcp_config_free(config);
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
