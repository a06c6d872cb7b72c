/* The library under test. */
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>

#include <mcpclient.h>

#include "bench.h"

static mcp_client *client;

static void check(int32_t status)
{
    if (status != MCP_OK)
        fail(mcp_error_message(NULL));
}

static mcp_client *connected(char **argv)
{
    const char *program[] = {argv[1], NULL};
    mcp_client *one = strncmp(workload, "stdio", 5) == 0
                          ? mcp_client_new_stdio(program)
                          : mcp_client_new(argv[1], argv[2]);

    if (one == NULL)
        fail(mcp_error_message(NULL));
    check(mcp_ping(one));
    return one;
}

static void read_cities(const mcp_json *content)
{
    const mcp_json *name = mcp_json_at(content, "/cities/0/name");
    const mcp_json *population = mcp_json_at(content, "/cities/1/population");

    check_cities((long)mcp_json_integer(mcp_json_at(content, "/total"), 0),
                 mcp_json_string(name, NULL), (long)mcp_json_integer(population, 0));
}

static void read_text(const mcp_result *result)
{
    size_t length = 0;
    const char *text = mcp_result_text(result, &length);

    check_text(text, length);
}

static void read_result(mcp_result *result)
{
    if (is("structured") || is("events"))
        read_cities(mcp_result_structured(result));
    else if (!is("large"))
        read_text(result);
    mcp_result_free(result);
}

static void call(void)
{
    mcp_result *result = NULL;

    check(mcp_call_tool(client, tool(), arguments(), &result));
    read_result(result);
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
    mcp_request *request = mcp_request_new_call_tool(client, tool(), arguments());
    long told = 0;

    check(mcp_request_set_progress(request, on_progress, &told, NULL));
    check(mcp_request_perform(request, NULL));
    mcp_request_free(request);
    if (told != repetitions)
        fail("another number of notifications");
}

/* Starts AT_ONCE requests, then takes the results as they come; again and again. */
static void started(void)
{
    long sent = 0, done = 0;
    int i;

    while (done < repetitions) {
        for (i = 0; i < AT_ONCE && sent < repetitions; i++, sent++)
            check(mcp_request_start(
                mcp_request_new_call_tool(client, tool(), arguments())));
        while (done < sent) {
            mcp_request *request;
            mcp_result *result;

            check(mcp_client_dispatch(client, 1000));
            for (; (request = mcp_client_next_done(client)) != NULL; done++) {
                check(mcp_request_take_result(request, &result));
                read_result(result);
                mcp_request_free(request);
            }
        }
    }
}

/* Leaves the clients to the end of the process. */
static void idle(char **argv)
{
    long i;

    for (i = 0; i < repetitions; i++)
        check(mcp_listen(connected(argv), MCP_EVENT_TOOLS_CHANGED));
}

static void *thread(void *unused)
{
    long i;

    (void)unused;
    for (i = 0; i < repetitions / THREADS; i++)
        check(mcp_ping(client));
    return NULL;
}

static void repeat(void)
{
    long i;

    for (i = 0; i < repetitions; i++) {
        if (is("ping") || is("stdioping"))
            check(mcp_ping(client));
        else if (is("list10k"))
            list();
        else
            call();
    }
}

int main(int argc, char **argv)
{
    long i;

    if (!parse(argc, argv))
        return 2;
    begin();
    if (is("cold")) {
        for (i = 0; i < repetitions; i++)
            mcp_client_free(connected(argv));
        return report();
    }
    client = connected(argv);
    if (is("large")) {
        list();
        arguments();
    }
    begin();
    if (is("progress"))
        progress();
    else if (is("par8"))
        on_threads(thread);
    else if (is("started"))
        started();
    else if (is("idle"))
        idle(argv);
    else
        repeat();
    report();
    mcp_client_free(client);
    return 0;
}
