/* The library reads the environment when a handle is made, and not later: a
 * program may call setenv() on one thread while others are in calls. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "test.h"

extern char **environ;

static char **own_environment;
static char **forbidden;

/* From here on, whoever reads the environment ends this program. */
static void forbid_to_read(void)
{
    own_environment = environ;
    environ = forbidden;
}

static void allow_to_read(void)
{
    environ = own_environment;
}

static mcp_client *new_stdio(void)
{
    const char *argv[3];

    argv[0] = getenv("TEST_SERVER");
    argv[1] = "--stdio";
    argv[2] = NULL;
    return mcp_client_new_stdio(argv);
}

static void use(mcp_client *client, int32_t expected)
{
    mcp_request *request = mcp_request_new(client, "ping", NULL);

    CHECK_STATUS(expected, mcp_ping(client));
    CHECK_STATUS(MCP_OK, mcp_request_start(request));
    CHECK_STATUS(expected, mcp_request_wait(request, 20000));
    mcp_request_free(request);
    mcp_client_close(client);
}

static int32_t open_page(void *userdata, mcp_auth *auth,
                         const mcp_sign_in_page *page)
{
    *(int32_t *)userdata = mcp_open_browser(NULL, auth, page);
    return MCP_E_CANCELLED;
}

/* Begins a sign-in, which the callback ends. */
static void open_a_page(mcp_client *client, mcp_auth *auth)
{
    int32_t opened = -1;

    CHECK_STATUS(MCP_OK, mcp_auth_set_browser(auth, open_page, &opened, NULL));
    CHECK_STATUS(MCP_OK, mcp_auth_set_client(auth, "an-id", NULL));
    CHECK_STATUS(MCP_OK, mcp_auth_set_assume_pkce(auth, 1));
    CHECK_STATUS(MCP_OK,
                 mcp_auth_set_endpoints(auth, "http://127.0.0.1:9/authorize",
                                        "http://127.0.0.1:9/token"));
    CHECK_STATUS(MCP_OK, mcp_client_set_auth(client, auth));
    CHECK_STATUS(MCP_E_AUTH, mcp_ping(client));
    CHECK_STATUS(MCP_OK, opened);
}

static void nothing_reads_the_environment_after_a_handle_was_made(void)
{
    mcp_client *plain, *tls, *program, *proxied, *signing_in;
    mcp_auth *auth;
    char url[512];

    setenv("http_proxy", "http://127.0.0.1:9", 1);
    setenv("BROWSER", "true", 1);
    sprintf(url, "%.200s/mcp", getenv("TEST_TLS_URL"));
    plain = mcp_client_new(test_path("/mcp"), test_token);
    tls = mcp_client_new(url, test_token);
    CHECK_STATUS(MCP_OK, mcp_client_set_ca_file(tls, getenv("TEST_CA_FILE")));
    program = new_stdio();
    proxied = mcp_client_new("http://mcp.example/mcp", NULL);
    auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    signing_in = mcp_client_new(test_path("/mcp"), NULL);
    forbid_to_read();
    use(plain, MCP_OK);
    use(tls, MCP_OK);
    use(program, MCP_OK);
    use(proxied, MCP_E_PROXY);
    open_a_page(signing_in, auth);
    mcp_auth_free(auth);
    mcp_client_free(signing_in);
    mcp_client_free(plain);
    mcp_client_free(tls);
    mcp_client_free(program);
    mcp_client_free(proxied);
    allow_to_read();
    unsetenv("http_proxy");
    unsetenv("BROWSER");
}

static void client_uses_the_environment_of_its_creation(void)
{
    mcp_client *before, *with, *after;

    before = mcp_client_new("http://mcp.invalid/mcp", NULL);
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    with = mcp_client_new("http://mcp.invalid/mcp", NULL);
    unsetenv("http_proxy");
    after = mcp_client_new("http://mcp.invalid/mcp", NULL);
    CHECK_STATUS(MCP_E_RESOLVE, mcp_ping(before));
    CHECK_STATUS(MCP_E_PROXY, mcp_ping(with));
    CHECK_STATUS(MCP_E_RESOLVE, mcp_ping(after));
    /* Back to the environment, which is still the client's own. */
    CHECK_STATUS(MCP_OK, mcp_client_set_proxy(with, NULL));
    CHECK_STATUS(MCP_E_PROXY, mcp_ping(with));
    mcp_client_free(before);
    mcp_client_free(with);
    mcp_client_free(after);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int is_over;

static int over(int set)
{
    int now;

    pthread_mutex_lock(&lock);
    is_over |= set;
    now = is_over;
    pthread_mutex_unlock(&lock);
    return now;
}

/* Each new name has the array grow, and so move. */
static void *set_variables(void *unused)
{
    char name[64], value[256];
    long i, count;

    for (count = 0; !over(0) && count < 1000; count++) {
        for (i = 0; i < 500; i++) {
            sprintf(name, "TEST_VARIABLE_%ld", i);
            memset(value, 'x', sizeof value);
            value[(i + count) % sizeof value] = '\0';
            value[sizeof value - 1] = '\0';
            setenv(name, value, 1);
        }
        for (i = 0; i < 500; i++) {
            sprintf(name, "TEST_VARIABLE_%ld", i);
            unsetenv(name);
        }
    }
    return unused;
}

static void thread_may_set_variables_during_calls_of_others(void)
{
    mcp_client *clients[20];
    mcp_request *requests[20];
    pthread_t thread;
    long i, round, rounds = test_scale(20);

    is_over = 0;
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    for (i = 0; i < 20; i++)
        clients[i] = i % 2 == 0 ? mcp_client_new("http://mcp.example/mcp", NULL)
                                : mcp_client_new(test_path("/close/mcp"), test_token);
    CHECK(pthread_create(&thread, NULL, set_variables, NULL) == 0);
    for (round = 0; round < rounds; round++) {
        for (i = 0; i < 20; i++) {
            requests[i] = mcp_request_new(clients[i], "ping", NULL);
            CHECK_STATUS(MCP_OK, mcp_request_start(requests[i]));
        }
        for (i = 0; i < 20; i++) {
            CHECK_STATUS(i % 2 == 0 ? MCP_E_PROXY : MCP_OK,
                         mcp_request_wait(requests[i], 20000));
            mcp_request_free(requests[i]);
        }
    }
    over(1);
    pthread_join(thread, NULL);
    for (i = 0; i < 20; i++)
        mcp_client_free(clients[i]);
    unsetenv("http_proxy");
}

int main(int argc, char **argv)
{
    int file = open("/dev/zero", O_RDONLY);
    void *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE, file, 0);

    BEGIN(argc, argv);
    close(file);
    if (page == MAP_FAILED)
        return 2;
    forbidden = (char **)page;
    RUN(nothing_reads_the_environment_after_a_handle_was_made);
    RUN(client_uses_the_environment_of_its_creation);
    RUN(thread_may_set_variables_during_calls_of_others);
    END();
}
