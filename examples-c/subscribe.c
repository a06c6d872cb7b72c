/* Subscribes to a resource and prints the server's notifications, until COUNT
 * notifications have arrived or SECONDS have passed:
 *
 *     subscribe URL URI [COUNT [SECONDS]]
 *
 * Exit status: 0 if COUNT notifications arrived.  The token is taken from
 * MCPCLIENT_TOKEN.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <mcpclient.h>

/* A getter returns NULL if the server sent no text. */
static const char *or_none(const char *text)
{
    return text != NULL ? text : "(none)";
}

static void on_event(void *userdata, mcp_client *client,
                     const mcp_event *event)
{
    int *count = (int *)userdata;

    (void)client;
    switch (mcp_event_kind(event)) {
    case MCP_EVENT_LISTENING: /* earlier changes were not reported */
        printf("listening\n");
        break;
    case MCP_EVENT_STATE: /* mcp_client_state() has it */
        break;
    case MCP_EVENT_RESOURCE_UPDATED:
        printf("changed: %s\n", or_none(mcp_event_uri(event)));
        ++*count;
        break;
    case MCP_EVENT_LOG:
        printf("log: %s\n", or_none(mcp_event_message(event)));
        ++*count;
        break;
    default:
        printf("%s %s\n", mcp_event_method(event),
               mcp_event_params_json(event, NULL));
        ++*count;
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int32_t status = MCP_E_INVALID_ARGUMENT;
    int count = 0, most;
    mcp_client *client;
    time_t end;

    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: subscribe URL URI [COUNT [SECONDS]]\n");
        return EXIT_FAILURE;
    }
    most = argc > 3 ? atoi(argv[3]) : 10;
    end = time(NULL) + (argc > 4 ? atoi(argv[4]) : 60);

    client = mcp_client_new(argv[1], getenv("MCPCLIENT_TOKEN"));
    if (client != NULL)
        status = mcp_client_set_event_handler(client, on_event, &count, NULL);
    if (status == MCP_OK) /* opens the notification stream as well */
        status = mcp_subscribe_resource(client, argv[2]);

    /* The handler runs inside mcp_client_dispatch(), on this thread. */
    while (status == MCP_OK && count < most && time(NULL) < end)
        status = mcp_client_dispatch(client, 500);

    if (status == MCP_OK && count >= most)
        status = mcp_unsubscribe_resource(client, argv[2]);
    if (status != MCP_OK)
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
    else if (count < most)
        fprintf(stderr, "%d of %d notifications came\n", count, most);
    mcp_client_free(client);
    return status == MCP_OK && count >= most ? EXIT_SUCCESS : EXIT_FAILURE;
}
