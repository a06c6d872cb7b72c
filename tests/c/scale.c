/* Many at once: clients that listen, requests in flight, threads. */
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "test.h"

static void allow_descriptors(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* A number of /proc/self/status; -1 where there is none. */
static long status_of(const char *name)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long found = -1;

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            found = atol(line + strlen(name) + 1);
    if (file != NULL)
        fclose(file);
    return found;
}

/* Whether there will be so many threads: the system counts one for a moment after
 * it was joined. */
static int has_threads(long count)
{
    int i;

    for (i = 0; i < 30000 && status_of("Threads:") != count; i++)
        nap(1);
    return status_of("Threads:") == count;
}

/* A client of a path, over TLS if that is asked for. */
static mcp_client *client_of(const char *path, int is_secure)
{
    char url[512];
    mcp_client *client;

    if (!is_secure)
        return mcp_client_new(test_path(path), test_token);
    sprintf(url, "%.200s%.200s", getenv("TEST_TLS_URL"), path);
    client = mcp_client_new(url, test_token);
    if (client != NULL && mcp_client_set_ca_file(client, getenv("TEST_CA_FILE")) != MCP_OK) {
        mcp_client_free(client);
        return NULL;
    }
    return client;
}

static void measured_clients(const char *path, int is_secure)
{
    static mcp_client *clients[1000];
    long count = test_scale(1000), before, threads, i;

    allow_descriptors();
    /* The first one brings the thread and what is made once. */
    clients[0] = client_of(path, is_secure);
    CHECK(clients[0] != NULL);
    CHECK_STATUS(MCP_OK, mcp_listen(clients[0], MCP_EVENT_TOOLS_CHANGED));
    before = status_of("VmRSS:");
    threads = status_of("Threads:");
    for (i = 1; i < count; i++) {
        clients[i] = client_of(path, is_secure);
        CHECK(clients[i] != NULL);
        CHECK_STATUS(MCP_OK, mcp_listen(clients[i], MCP_EVENT_TOOLS_CHANGED));
    }
    printf("%s%s: %ld clients: %ld threads, %ld KB each\n", path, is_secure ? " (TLS)" : "",
           count, status_of("Threads:"),
           (status_of("VmRSS:") - before) / count);
    CHECK(has_threads(threads));
    /* The tools that look over our shoulder need memory of their own. */
    if (count == 1000)
        CHECK(status_of("VmRSS:") - before <= count * 64);
    for (i = 0; i < count; i++)
        mcp_client_free(clients[i]);
    CHECK(has_threads(threads - 1));
}

/* In a process of its own: what another test has let go of would be used
 * again, and not be counted. */
static void clients_that_listen(const char *path, int is_secure)
{
    pid_t child;
    int status = -1;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        measured_clients(path, is_secure);
        exit(test_failures > 0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

static void clients_that_listen_share_one_thread_and_are_small(void)
{
    clients_that_listen("/full-stateless/mcp", 0);
}

static void clients_of_sessions_that_listen_are_small(void)
{
    clients_that_listen("/full-handshake/mcp", 0);
}

static void clients_that_listen_over_tls_are_small(void)
{
    clients_that_listen("/full-stateless/mcp", 1);
}

static void clients_of_sessions_that_listen_over_tls_are_small(void)
{
    clients_that_listen("/full-handshake/mcp", 1);
}

/* Each waits on a connection of its own. */
static void requests_in_flight_over_tls_are_small(void)
{
    static mcp_request *requests[200];
    mcp_client *client = client_of("/full/mcp", 1);
    long count = test_scale(200), before = 0, threads = 0, i;

    CHECK(client != NULL);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    for (i = 0; i < count; i++) {
        requests[i] = mcp_request_new_call_tool(client, "hang", NULL);
        CHECK_STATUS(MCP_OK, mcp_request_start(requests[i]));
        if (i == 0) {
            CHECK_STATUS(MCP_PENDING, mcp_request_wait(requests[0], 200));
            before = status_of("VmRSS:");
            threads = status_of("Threads:");
        }
    }
    CHECK_STATUS(MCP_PENDING, mcp_request_wait(requests[count - 1], 2000));
    printf("%ld requests over TLS: %ld KB each\n", count,
           (status_of("VmRSS:") - before) / count);
    CHECK(has_threads(threads));
    if (count == 200)
        CHECK(status_of("VmRSS:") - before <= count * 64);
    for (i = 0; i < count; i++)
        mcp_request_free(requests[i]);
    mcp_client_free(client);
}

static void thousand_requests_are_in_flight(void)
{
    static mcp_request *requests[1000];
    mcp_client *client = mcp_client_new(test_path("/full/mcp"), test_token);
    long count = test_scale(1000), done = 0, i, threads;

    allow_descriptors();
    CHECK_STATUS(MCP_OK, mcp_client_set_timeout(client, 120000));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    for (i = 0; i < count; i++) {
        requests[i] = mcp_request_new_call_tool(client, "slow",
                                                "{\"steps\":1,\"pause\":300}");
        CHECK_STATUS(MCP_OK, mcp_request_start(requests[i]));
    }
    threads = status_of("Threads:");
    while (done < count) {
        mcp_request *one;

        CHECK_STATUS(MCP_OK, mcp_client_dispatch(client, 20000));
        while ((one = mcp_client_next_done(client)) != NULL) {
            CHECK_STATUS(MCP_OK, mcp_request_take_result(one, NULL));
            done++;
        }
    }
    CHECK(threads < 0 || threads <= 6);
    for (i = 0; i < count; i++)
        mcp_request_free(requests[i]);
    mcp_client_free(client);
}

static mcp_client *shared;

static void *calls(void *at)
{
    long number = (long)at, i, failures = 0;

    for (i = 0; i < 20; i++) {
        mcp_result *result = NULL;
        int32_t status;

        switch ((number + i) % 6) {
        case 0: status = mcp_ping(shared); break;
        case 1: status = mcp_list_tools(shared, &result); break;
        case 2: status = mcp_call_tool(shared, "echo", "{\"a\":1}", &result); break;
        case 3: status = mcp_read_resource(shared, "test://text", &result); break;
        case 4: status = mcp_list_prompts(shared, &result); break;
        default: status = mcp_set_log_level(shared, MCP_LOG_ERROR); break;
        }
        if (status != MCP_OK)
            failures++;
        mcp_result_free(result);
    }
    return (void *)failures;
}

static void threads_make_different_calls_on_one_client(void)
{
    static const char *const eras[] = {"/full-stateless/mcp", "/full-handshake/mcp"};
    pthread_t threads[32];
    long i, era;

    for (era = 0; era < 2; era++) {
        shared = mcp_client_new(test_path(eras[era]), test_token);
        CHECK_STATUS(MCP_OK, mcp_client_set_timeout(shared, 120000));
        for (i = 0; i < 32; i++)
            CHECK(pthread_create(&threads[i], NULL, calls, (void *)i) == 0);
        for (i = 0; i < 32; i++) {
            void *failures = NULL;

            pthread_join(threads[i], &failures);
            CHECK(failures == NULL);
        }
        mcp_client_free(shared);
    }
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(clients_that_listen_share_one_thread_and_are_small);
    RUN(clients_of_sessions_that_listen_are_small);
    RUN(clients_that_listen_over_tls_are_small);
    RUN(clients_of_sessions_that_listen_over_tls_are_small);
    RUN(requests_in_flight_over_tls_are_small);
    RUN(thousand_requests_are_in_flight);
    RUN(threads_make_different_calls_on_one_client);
    END();
}
