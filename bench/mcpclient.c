/* The library under test. */
#define _GNU_SOURCE

#include <pthread.h>

#include <mcpclient.h>

#include "bench.h"

static mcp_client *client;

static void check(int32_t status)
{
    if (status != MCP_OK)
        fail(mcp_error_message(NULL));
}

static void connected(char **argv)
{
    client = mcp_client_new(argv[1], argv[2]);
    if (client == NULL)
        fail(mcp_error_message(NULL));
    check(mcp_ping(client));
}

static void call(void)
{
    mcp_result *result = NULL;
    size_t length = 0;

    check(mcp_call_tool(client, tool(), "{}", &result));
    mcp_result_text(result, &length);
    if (length != due())
        fail("another text");
    mcp_result_free(result);
}

static void list(void)
{
    mcp_result *result = NULL;
    size_t i, count;

    check(mcp_list_tools(client, &result));
    count = mcp_result_tool_count(result);
    if (count != TOOLS)
        fail("another number of tools");
    for (i = 0; i < count; i++) {
        const char *name = mcp_tool_name(mcp_result_tool(result, i));

        if (name == NULL || strncmp(name, "tool_", 5) != 0)
            fail("another name");
    }
    mcp_result_free(result);
}

static void on_progress(void *userdata, mcp_request *request,
                        const mcp_progress *progress)
{
    (void)request;
    if ((long)mcp_progress_value(progress) == *(long *)userdata + 1)
        (*(long *)userdata)++;
}

static void progress(void)
{
    mcp_request *request;
    char arguments[64];
    long told = 0;

    sprintf(arguments, "{\"count\":%ld}", repetitions);
    request = mcp_request_new_call_tool(client, "progress", arguments);
    check(mcp_request_set_progress(request, on_progress, &told, NULL));
    check(mcp_request_perform(request, NULL));
    mcp_request_free(request);
    if (told != repetitions)
        fail("another number of notifications");
}

static void *thread(void *unused)
{
    long i;

    (void)unused;
    for (i = 0; i < repetitions / THREADS; i++)
        call();
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    long long start;
    long i;

    if (!parse(argc, argv))
        return 2;
    if (is("cold")) {
        start = now_ns();
        for (i = 0; i < repetitions; i++) {
            connected(argv);
            mcp_client_free(client);
        }
        return report(start);
    }
    connected(argv);
    start = now_ns();
    if (is("progress")) {
        progress();
    } else if (is("par8")) {
        for (i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, thread, NULL);
        for (i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
    } else {
        for (i = 0; i < repetitions; i++) {
            if (is("ping"))
                check(mcp_ping(client));
            else if (is("list10k"))
                list();
            else
                call();
        }
    }
    report(start);
    mcp_client_free(client);
    return 0;
}
