/* The library under test. */
#define _GNU_SOURCE

#include <mcpclient.h>

#include "bench.h"

static mcp_client *connected(char **argv)
{
    mcp_client *client = mcp_client_new(argv[1], argv[2]);

    if (client == NULL || mcp_ping(client) != MCP_OK) {
        fprintf(stderr, "%s\n", mcp_error_message(NULL));
        exit(1);
    }
    return client;
}

int main(int argc, char **argv)
{
    mcp_client *client;
    long long start;
    long i;

    if (!parse(argc, argv))
        return 2;
    if (is_cold) {
        start = now_ns();
        for (i = 0; i < repetitions; i++)
            mcp_client_free(connected(argv));
        return report(start);
    }
    client = connected(argv);
    start = now_ns();
    for (i = 0; i < repetitions; i++)
        if (mcp_ping(client) != MCP_OK)
            return 1;
    report(start);
    mcp_client_free(client);
    return 0;
}
