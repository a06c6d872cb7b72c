/* Authorizations: what is NULL, what is freed when, and a whole sign-in with
 * a server of this program's own. */
#include "test.h"
#include <mcpclient_draft.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>

typedef struct {
    int calls;
    int freed;
} counted;

static char base[64];

/* In a callback that returns a status: fails it, and with it the call. */
#define NEEDS(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            printf("# line %d: %s\n", __LINE__, #condition);                  \
            return 90;                                                        \
        }                                                                     \
    } while (0)

static void release(void *userdata)
{
    ((counted *)userdata)->freed++;
}

/* Takes the state out of the page's address, and answers at once. */
static int32_t answer(void *userdata, mcp_auth *auth,
                      const mcp_sign_in_page *page)
{
    char redirect[512];
    const char *state = strstr(mcp_sign_in_page_url(page), "state=");
    int len;

    ((counted *)userdata)->calls++;
    if (state == NULL || mcp_sign_in_page_complete_url(page) != NULL ||
        mcp_sign_in_page_user_code(page) != NULL ||
        mcp_sign_in_page_expires_in(page) != -1)
        return 1;
    state += 6;
    len = (int)strcspn(state, "&");
    sprintf(redirect, "?code=the-code&state=%.*s", len, state);
    if (mcp_auth_complete(auth, "?code=x&state=nobody") != MCP_E_STATE)
        return 2;
    return mcp_auth_complete(auth, redirect);
}

static int32_t refuse(void *userdata, mcp_auth *auth,
                      const mcp_sign_in_page *page)
{
    (void)auth;
    (void)page;
    ((counted *)userdata)->calls++;
    return 77;
}

static int32_t assert_it(void *userdata, mcp_auth *auth,
                         mcp_assertion *assertion)
{
    ((counted *)userdata)->calls++;
    if (auth == NULL || mcp_assertion_audience(assertion) == NULL)
        return 1;
    NEEDS(mcp_assertion_set_token(assertion, NULL, 0) == MCP_E_INVALID_ARGUMENT);
    NEEDS(mcp_assertion_set_token(assertion, "\xff", 1) == MCP_E_INVALID_ARGUMENT);
    NEEDS(mcp_assertion_set_token(assertion, "first", 5) == MCP_OK);
    return mcp_assertion_set_token(assertion, "not-a-token", 11);
}

/* A store of one run: four entries. */
static struct {
    char key[128];
    char *data;
} kept[4];

static int32_t load(void *userdata, mcp_auth *auth, mcp_store_entry *entry)
{
    const char *key = mcp_store_entry_key(entry);
    size_t i, len = 1;

    NEEDS(auth != NULL && mcp_store_entry_data(entry, &len) == NULL);
    NEEDS(len == 0);

    ((counted *)userdata)->calls++;
    for (i = 0; i < 4; i++)
        if (kept[i].data != NULL && strcmp(kept[i].key, key) == 0)
            return mcp_store_entry_set_data(entry, kept[i].data,
                                            strlen(kept[i].data));
    return MCP_OK;
}

static int32_t save(void *userdata, mcp_auth *auth, mcp_store_entry *entry)
{
    size_t i, len;
    const char *key = mcp_store_entry_key(entry);
    const char *data = mcp_store_entry_data(entry, &len);

    NEEDS(auth != NULL && data != NULL && strlen(data) == len);
    NEEDS(mcp_store_entry_data(entry, NULL) == data);
    NEEDS(mcp_store_entry_set_data(entry, "x", 1) == MCP_E_STATE);

    ((counted *)userdata)->calls++;
    for (i = 0; i < 4; i++)
        if (kept[i].data == NULL || strcmp(kept[i].key, key) == 0) {
            free(kept[i].data);
            kept[i].data = malloc(len + 1);
            memcpy(kept[i].data, data, len + 1);
            strcpy(kept[i].key, key);
            return MCP_OK;
        }
    return 1;
}

static int32_t forget(void *userdata, mcp_auth *auth, mcp_store_entry *entry)
{
    const char *key = mcp_store_entry_key(entry);
    size_t i;

    NEEDS(auth != NULL && mcp_store_entry_data(entry, NULL) == NULL);
    NEEDS(mcp_store_entry_set_data(entry, "x", 1) == MCP_E_STATE);

    ((counted *)userdata)->calls++;
    for (i = 0; i < 4; i++)
        if (kept[i].data != NULL && strcmp(kept[i].key, key) == 0) {
            free(kept[i].data);
            kept[i].data = NULL;
            kept[i].key[0] = '\0';
        }
    return MCP_OK;
}

static void respond(int peer, const char *status, const char *more,
                    const char *body)
{
    char reply[4096];
    int len = sprintf(reply,
                      "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%s"
                      "Connection: close\r\nContent-Length: %lu\r\n\r\n%s",
                      status, more, (unsigned long)strlen(body), body);
    ssize_t sent = write(peer, reply, (size_t)len);

    (void)sent;
}

/* One request; it answers as both servers do. */
static void serve_one(int peer)
{
    char request[16384], body[1024], more[256];
    size_t used = 0, length = 0, head = 0;
    const char *id;

    for (;;) {
        ssize_t count = read(peer, request + used, sizeof request - used - 1);
        const char *end, *field;

        if (count <= 0)
            return;
        used += (size_t)count;
        request[used] = '\0';
        end = strstr(request, "\r\n\r\n");
        if (end == NULL)
            continue;
        head = (size_t)(end - request) + 4;
        field = strstr(request, "ontent-length: ");
        if (field == NULL)
            field = strstr(request, "ontent-Length: ");
        length = field == NULL ? 0 : (size_t)atol(field + 15);
        if (used >= head + length)
            break;
    }
    if (strstr(request, "GET /.well-known/oauth-protected-resource/mcp ") ==
        request) {
        sprintf(body,
                "{\"resource\":\"%s/mcp\",\"authorization_servers\":[\"%s\"]}",
                base, base);
        respond(peer, "200 OK", "", body);
    } else if (strstr(request, "GET /.well-known/oauth-authorization") ==
               request) {
        sprintf(body,
                "{\"issuer\":\"%s\",\"authorization_endpoint\":\"%s/go\","
                "\"token_endpoint\":\"%s/token\","
                "\"registration_endpoint\":\"%s/register\","
                "\"code_challenge_methods_supported\":[\"S256\"],"
                "\"token_endpoint_auth_methods_supported\":[\"none\"]}",
                base, base, base, base);
        respond(peer, "200 OK", "", body);
    } else if (strstr(request, "POST /register ") == request) {
        respond(peer, "201 Created", "", "{\"client_id\":\"me\"}");
    } else if (strstr(request, "POST /token ") == request) {
        respond(peer, "200 OK", "",
                "{\"access_token\":\"good-token\",\"token_type\":\"Bearer\","
                "\"refresh_token\":\"good-refresh\",\"expires_in\":3600}");
    } else if (strstr(request, "POST /mcp ") == request &&
               strstr(request, "Bearer good-token") != NULL) {
        id = strstr(request + head, "\"id\":");
        sprintf(body,
                "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":{"
                "\"resultType\":\"complete\",\"supportedVersions\":"
                "[\"2026-07-28\"],\"capabilities\":{},\"ttlMs\":0,"
                "\"cacheScope\":\"private\",\"_meta\":{"
                "\"io.modelcontextprotocol/serverInfo\":{"
                "\"name\":\"own\",\"version\":\"1\"}}}}",
                id == NULL ? 4 : (int)strcspn(id + 5, ",}"),
                id == NULL ? "null" : id + 5);
        respond(peer, "200 OK", "", body);
    } else if (strstr(request, " /mcp ") != NULL) {
        sprintf(more,
                "WWW-Authenticate: Bearer resource_metadata=\"%s/.well-known"
                "/oauth-protected-resource/mcp\"\r\n",
                base);
        respond(peer, "401 Unauthorized", more, "{}");
    } else {
        respond(peer, "404 Not Found", "", "{}");
    }
}

/* The server, in a process of its own, which ends with this one. */
static pid_t begin_server(void)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pid_t child;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 ||
        bind(listener, (struct sockaddr *)&address, len) != 0 ||
        listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        exit(2);
    sprintf(base, "http://127.0.0.1:%d", (int)ntohs(address.sin_port));
    child = fork();
    if (child == 0) {
        alarm(120);
        for (;;) {
            int peer = accept(listener, NULL, NULL);

            if (peer < 0)
                _exit(0);
            serve_one(peer);
            close(peer);
        }
    }
    close(listener);
    return child;
}

static mcp_client *own_client(void)
{
    char url[128];

    sprintf(url, "%s/mcp", base);
    return mcp_client_new(url, NULL);
}

static void null_is_refused_or_ignored(void)
{
    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    mcp_client *client = own_client();

    CHECK(mcp_auth_new(0) == NULL && mcp_auth_new(99) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    mcp_auth_free(NULL);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_client_set_auth(NULL, auth));
    CHECK_STATUS(MCP_OK, mcp_client_set_auth(client, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_sign_in(NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_sign_out(NULL));
    CHECK_STATUS(MCP_E_UNSUPPORTED, mcp_sign_in(client));
    CHECK_STATUS(MCP_E_UNSUPPORTED, mcp_sign_out(client));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_client(NULL, "x", NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_client(auth, NULL, "x"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_client_key(auth, NULL, NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_identity_provider(auth, NULL, NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_auth_complete(auth, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_auth_complete(NULL, "x"));
    CHECK_STATUS(MCP_E_STATE, mcp_auth_complete(auth, "?code=x&state=y"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_open_browser(NULL, NULL, NULL));
    CHECK_STATUS(MCP_OK, mcp_auth_set_scope(auth, NULL));
    CHECK_STATUS(MCP_OK, mcp_auth_set_issuer(auth, NULL));
    CHECK_STATUS(MCP_OK, mcp_auth_set_redirect_url(auth, NULL));
    CHECK_STATUS(MCP_OK, mcp_auth_set_client_metadata_url(auth, NULL));
    CHECK_STATUS(MCP_OK,
                 mcp_auth_set_assertion_handler(auth, NULL, NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_assertion_from_file("path", auth, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_assertion_from_variable("NAME", auth, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_assertion_set_token(NULL, "a", 1));
    CHECK(mcp_assertion_audience(NULL) == NULL);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_store_entry_set_data(NULL, "a", 1));
    CHECK(mcp_store_entry_key(NULL) == NULL);
    CHECK(mcp_store_entry_data(NULL, NULL) == NULL);
    CHECK_STATUS(MCP_OK, mcp_auth_set_dpop_key(auth, NULL, NULL));
    CHECK_STATUS(MCP_OK, mcp_auth_set_device_handler(auth, NULL, NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_device_handler(NULL, NULL, NULL, NULL));
    CHECK(mcp_sign_in_page_user_code(NULL) == NULL);
    CHECK(mcp_sign_in_page_url(NULL) == NULL);
    CHECK(mcp_sign_in_page_complete_url(NULL) == NULL);
    CHECK(mcp_sign_in_page_expires_in(NULL) == -1);
    mcp_client_free(client);
    mcp_auth_free(auth);
}

/* The names that no function sets a parameter of. */
static const char *const protected_names[] = {
    "assertion", "client_assertion", "client_assertion_type", "client_id",
    "client_secret", "code", "code_challenge", "code_challenge_method",
    "code_verifier", "device_code", "dpop_jkt", "grant_type", "nonce",
    "redirect_uri", "refresh_token", "request", "request_uri",
    "response_mode", "response_type", "scope", "state", "subject_token",
    /* the same in other letters, and what is no name */
    "STATE", "Client_Id", "", " ", "a b", "a\n", "a\tb", "\177", "\303\251"
};

typedef int32_t (*set_parameter)(mcp_auth *auth, const char *name,
                                 const char *value);

static void check_parameters(set_parameter set)
{
    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    static char longest[8192 + 2];
    char name[300];
    size_t i;

    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, set(NULL, "audience", "x"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, set(auth, NULL, "x"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, set(auth, NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, set(auth, "x", "\377"));
    for (i = 0; i < sizeof protected_names / sizeof *protected_names; i++) {
        CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                     set(auth, protected_names[i], "x"));
        CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                     set(auth, protected_names[i], NULL));
    }
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, set(auth, "state", "s3cret"));
    CHECK(strstr(mcp_error_message(NULL), "\"state\"") != NULL);
    CHECK(strstr(mcp_error_message(NULL), "s3cret") == NULL);
    CHECK_STATUS(MCP_OK, set(auth, "audience", "https://example.com/a?b=c&d"));
    CHECK_STATUS(MCP_OK, set(auth, "audience", NULL));
    CHECK_STATUS(MCP_OK, set(auth, "resource", NULL));
    CHECK_STATUS(MCP_OK, set(auth, "resource", "urn:\303\251\n"));
    CHECK_STATUS(MCP_OK, set(auth, "prompt", ""));
    memset(longest, 'x', 8192);
    longest[8192] = '\0';
    CHECK_STATUS(MCP_OK, set(auth, "prompt", longest));
    longest[8192] = 'x';
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, set(auth, "prompt", longest));
    memset(name, 'n', sizeof name);
    name[257] = '\0';
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, set(auth, name, "x"));
    name[256] = '\0';
    CHECK_STATUS(MCP_OK, set(auth, name, "x"));
    for (i = 4; i < 64; i++) { /* four are set */
        sprintf(name, "p%d", (int)i);
        CHECK_STATUS(MCP_OK, set(auth, name, ""));
    }
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, set(auth, "another", ""));
    CHECK_STATUS(MCP_OK, set(auth, "p4", "again"));
    mcp_auth_free(auth);
}

static void parameters_are_checked(void)
{
    check_parameters(mcp_auth_set_authorization_parameter);
    check_parameters(mcp_auth_set_token_parameter);
}

static void ways_out_are_checked(void)
{
    static const char *const urls[] = {
        "", "x", "http://example.com/t", "https://a@example.com/t",
        "https://example.com/t#x", "https://example.com/\n",
        "javascript:alert(1)", "http://169.254.169.254/t"
    };
    static const char *const methods[] = {
        "", "post", "basic", "client_secret_jwt", "tls_client_auth",
        "CLIENT_SECRET_POST", "client_secret_post ", "\n"
    };
    static const char good[] = "https://example.com/t";
    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    size_t i;

    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_endpoints(NULL, good, good));
    CHECK_STATUS(MCP_OK, mcp_auth_set_endpoints(auth, good, good));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_endpoints(auth, good, NULL));
    for (i = 0; i < sizeof urls / sizeof *urls; i++) {
        CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                     mcp_auth_set_endpoints(auth, urls[i], good));
        CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                     mcp_auth_set_endpoints(auth, good, urls[i]));
        CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                     mcp_auth_set_issuer(auth, urls[i]));
    }
    CHECK_STATUS(MCP_OK, mcp_auth_set_endpoints(auth, NULL, good));
    CHECK_STATUS(MCP_OK, mcp_auth_set_endpoints(auth, "http://127.0.0.1:1/a",
                                                "http://192.168.1.5/t"));
    CHECK_STATUS(MCP_OK, mcp_auth_set_endpoints(auth, NULL, NULL));
    CHECK_STATUS(MCP_OK, mcp_auth_set_issuer(auth, "http://nas.local:8000"));

    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_client_auth(NULL, "none"));
    for (i = 0; i < sizeof methods / sizeof *methods; i++)
        CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                     mcp_auth_set_client_auth(auth, methods[i]));
    CHECK_STATUS(MCP_OK, mcp_auth_set_client_auth(auth, "client_secret_post"));
    CHECK_STATUS(MCP_OK,
                 mcp_auth_set_client_auth(auth, "client_secret_basic"));
    CHECK_STATUS(MCP_OK, mcp_auth_set_client_auth(auth, "private_key_jwt"));
    CHECK_STATUS(MCP_OK, mcp_auth_set_client_auth(auth, "none"));
    CHECK_STATUS(MCP_OK, mcp_auth_set_client_auth(auth, NULL));

    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_auth_set_provider(NULL, NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_auth_set_provider(auth, ""));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_provider(auth, "no such\n"));
    CHECK(strchr(mcp_error_message(NULL), '\n') == NULL);
    CHECK_STATUS(MCP_OK, mcp_auth_set_provider(auth, NULL));

    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_auth_set_assume_pkce(NULL, 1));
    CHECK_STATUS(MCP_OK, mcp_auth_set_assume_pkce(auth, 1));
    CHECK_STATUS(MCP_OK, mcp_auth_set_assume_pkce(auth, 0));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_auth_set_allow_private(NULL, 1));
    CHECK_STATUS(MCP_OK, mcp_auth_set_allow_private(auth, 1));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_auth_set_scope(NULL, ""));
    CHECK_STATUS(MCP_OK, mcp_auth_set_scope(auth, ""));
    CHECK_STATUS(MCP_OK, mcp_auth_set_scope(auth, "a b"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_auth_set_scope(auth, "a\"b"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_auth_set_scope(auth, "a\nb"));
    mcp_auth_free(auth);
}

/* After the first exchange no option can be changed. */
static void ways_out_are_settled(mcp_auth *auth)
{
    static const char url[] = "https://example.com/t";

    CHECK_STATUS(MCP_E_STATE, mcp_auth_set_scope(auth, ""));
    CHECK_STATUS(MCP_E_STATE, mcp_auth_set_issuer(auth, NULL));
    CHECK_STATUS(MCP_E_STATE,
                 mcp_auth_set_authorization_parameter(auth, "a", "b"));
    CHECK_STATUS(MCP_E_STATE,
                 mcp_auth_set_token_parameter(auth, "resource", NULL));
    CHECK_STATUS(MCP_E_STATE, mcp_auth_set_assume_pkce(auth, 0));
    CHECK_STATUS(MCP_E_STATE, mcp_auth_set_endpoints(auth, url, url));
    CHECK_STATUS(MCP_E_STATE, mcp_auth_set_client_auth(auth, NULL));
    CHECK_STATUS(MCP_E_STATE, mcp_auth_set_provider(auth, NULL));
    CHECK_STATUS(MCP_E_STATE, mcp_auth_set_allow_private(auth, 0));
}

static void user_data_is_freed_once(void)
{
    counted browser = {0, 0}, other = {0, 0}, store = {0, 0};
    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    mcp_client *client = own_client();

    CHECK_STATUS(MCP_OK, mcp_auth_set_browser(auth, answer, &browser, release));
    CHECK_STATUS(MCP_OK, mcp_auth_set_browser(auth, answer, &other, release));
    CHECK(browser.freed == 1 && other.freed == 0);
    CHECK_STATUS(MCP_OK, mcp_auth_set_store(auth, load, save, forget, &store,
                                            release));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_store(auth, load, NULL, forget, &browser,
                                    release));
    CHECK(browser.freed == 2 && store.freed == 0);
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_auth_set_browser(NULL, answer, &browser, release));
    CHECK(browser.freed == 3);
    CHECK_STATUS(MCP_OK, mcp_client_set_auth(client, auth));
    mcp_auth_free(auth);
    CHECK(other.freed == 0 && store.freed == 0);
    mcp_client_free(client);
    CHECK(other.freed == 1 && store.freed == 1);
    CHECK(browser.calls == 0 && other.calls == 0);
}

static void sign_in_takes_ten_lines(void)
{
    counted browser = {0, 0};
    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    mcp_client *client = own_client();

    CHECK_STATUS(MCP_OK, mcp_auth_set_browser(auth, answer, &browser, release));
    CHECK_STATUS(MCP_OK, mcp_client_set_auth(client, auth));
    mcp_auth_free(auth);
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK_STATUS(MCP_OK, mcp_sign_in(client));
    CHECK(browser.calls == 1);
    CHECK_STATUS(MCP_OK, mcp_sign_out(client));
    CHECK_STATUS(MCP_E_NOT_FOUND, mcp_sign_out(client));
    CHECK_STATUS(MCP_OK, mcp_ping(client));
    CHECK(browser.calls == 2 && browser.freed == 0);
    mcp_client_free(client);
    CHECK(browser.freed == 1);
}

static void store_outlives_the_handle(void)
{
    counted browser = {0, 0}, store = {0, 0};
    size_t i;

    for (i = 0; i < 3; i++) {
        mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
        mcp_client *client = own_client();

        CHECK_STATUS(MCP_OK,
                     mcp_auth_set_browser(auth, answer, &browser, release));
        CHECK_STATUS(MCP_OK, mcp_auth_set_store(auth, load, save, forget,
                                                &store, release));
        CHECK_STATUS(MCP_OK, mcp_client_set_auth(client, auth));
        CHECK_STATUS(MCP_OK, mcp_ping(client));
        CHECK_STATUS(MCP_E_STATE, mcp_auth_set_scope(auth, "x"));
        CHECK_STATUS(MCP_E_STATE, mcp_auth_set_dpop(auth, 1));
        ways_out_are_settled(auth);
        if (i == 2)
            CHECK_STATUS(MCP_OK, mcp_sign_out(client));
        CHECK(mcp_client_counter(client, MCP_COUNTER_STORE_FAILURES) == 0);
        if (i % 2 == 0)
            mcp_client_free(client);
        mcp_auth_free(auth);
        if (i % 2 == 1)
            mcp_client_free(client);
    }
    CHECK(browser.calls == 1 && browser.freed == 3 && store.freed == 3);
    for (i = 0; i < 4; i++) {
        free(kept[i].data);
        kept[i].data = NULL;
    }
}

static void started_request_signs_in_by_dispatching(void)
{
    counted browser = {0, 0};
    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    mcp_client *client = own_client();
    mcp_request *request = mcp_request_new(client, "ping", NULL);
    int rounds;

    CHECK_STATUS(MCP_OK, mcp_auth_set_browser(auth, answer, &browser, release));
    CHECK_STATUS(MCP_OK, mcp_client_set_auth(client, auth));
    CHECK_STATUS(MCP_OK, mcp_request_start(request));
    CHECK(browser.calls == 0);
    for (rounds = 0; rounds < 1000; rounds++) {
        if (mcp_request_status(request) != MCP_PENDING)
            break;
        CHECK_STATUS(MCP_OK, mcp_client_dispatch(client, 50));
    }
    CHECK_STATUS(MCP_OK, mcp_request_status(request));
    CHECK(browser.calls == 1);
    mcp_request_free(request);
    mcp_auth_free(auth);
    mcp_client_free(client);
    CHECK(browser.freed == 1);
}

static void failed_callback_is_an_error(void)
{
    counted browser = {0, 0}, assertion = {0, 0};
    mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    mcp_client *client = own_client();

    CHECK_STATUS(MCP_OK, mcp_client_set_auth(client, auth));
    CHECK_STATUS(MCP_E_UNAUTHORIZED, mcp_ping(client));
    mcp_auth_free(auth);
    auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
    CHECK_STATUS(MCP_OK, mcp_auth_set_browser(auth, refuse, &browser, release));
    CHECK_STATUS(MCP_OK, mcp_client_set_auth(client, auth));
    CHECK_STATUS(MCP_E_AUTH, mcp_ping(client));
    CHECK(browser.calls == 1);
    mcp_auth_free(auth);
    mcp_client_free(client);
    CHECK(browser.freed == 1);
    auth = mcp_auth_new(MCP_GRANT_JWT_BEARER);
    client = own_client();
    CHECK_STATUS(MCP_OK, mcp_auth_set_assertion_handler(auth, assert_it,
                                                        &assertion, release));
    CHECK_STATUS(MCP_OK, mcp_client_set_auth(client, auth));
    CHECK_STATUS(MCP_E_AUTH, mcp_ping(client));
    CHECK(assertion.calls == 1);
    CHECK(strstr(mcp_error_message(NULL), "not-a-token") == NULL);
    mcp_client_free(client);
    mcp_auth_free(auth);
    CHECK(assertion.freed == 1);
}

int main(int argc, char **argv)
{
    pid_t server;

    BEGIN(argc, argv);
    server = begin_server();
    RUN(null_is_refused_or_ignored);
    RUN(parameters_are_checked);
    RUN(ways_out_are_checked);
    RUN(user_data_is_freed_once);
    RUN(sign_in_takes_ten_lines);
    RUN(store_outlives_the_handle);
    RUN(started_request_signs_in_by_dispatching);
    RUN(failed_callback_is_an_error);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    END();
}
