/* Cancels a call with Ctrl-C: cancel URL
 *
 * The token is taken from MCPCLIENT_TOKEN.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <mcpclient.h>

static mcp_cancel *interrupt;

static void on_interrupt(int number)
{
    (void)number;
    mcp_cancel_fire(interrupt); /* allowed in a signal handler */
}

int main(int argc, char **argv)
{
    int32_t status = MCP_E_INVALID_ARGUMENT;
    mcp_client *client = NULL;
    mcp_request *request = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: cancel URL\n");
        return EXIT_FAILURE;
    }
    interrupt = mcp_cancel_new();
    signal(SIGINT, on_interrupt);
    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client != NULL)
        request = mcp_request_new(client, "ping", NULL);
    if (request != NULL)
        status = mcp_request_set_cancel(request, interrupt);
    if (status == MCP_OK)
        status = mcp_request_perform(request, NULL);

    if (status == MCP_OK)
        printf("it answers\n");
    else
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    mcp_request_free(request);
    mcp_client_free(client);
    mcp_cancel_free(interrupt);
    return status == MCP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
