/* OAuth: login, logout, and the sign-in page. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { MOST_ANSWER = 16384 };

/* What the person pastes, while the library listens for the browser. */
static struct {
    mcp_auth *auth;
    int input;  /* a descriptor; or -1 */
    int is_own; /* opened here, so closed here */
    size_t length;
    char line[MOST_ANSWER];
} reading = {NULL, -1, 0, 0, ""};

/* Returns the descriptor at which the person may paste; -1 if no answer is
 * expected. */
int answer_input(void)
{
    return reading.input;
}

void stop_reading(void)
{
    if (reading.is_own)
        close(reading.input);
    reading.input = -1;
    reading.is_own = 0;
    reading.line[reading.length] = '\0';
    reading.length = 0;
    wipe(reading.line);
}

/* Takes a line as the answer of this sign-in; 0 if it is none. */
static int take_answer(void)
{
    int is_taken;

    reading.line[reading.length] = '\0';
    reading.length = 0;
    if (reading.line[strspn(reading.line, " \t\r")] == '\0')
        return 0;
    is_taken = mcp_auth_complete(reading.auth, reading.line) == MCP_OK;
    if (!is_taken) {
        put_program_name();
        put_error(stderr);
    }
    return is_taken;
}

/* Reads one byte of the answer, so that later input is not consumed. */
void read_answer(void)
{
    char byte;
    ssize_t got = read(reading.input, &byte, 1);

    if (got < 0 && errno == EINTR)
        return;
    if (got == 1 && byte != '\n' && byte != '\0' &&
        reading.length < MOST_ANSWER - 1)
        reading.line[reading.length++] = byte;
    if ((got <= 0 || byte == '\n') && (take_answer() || got <= 0))
        stop_reading();
}

/* Begins to read at the terminal; returns 0 without one.  Standard input is
 * read in its place if it is a terminal, or for login --no-browser. */
static int start_reading(const struct options *options)
{
    reading.input = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    reading.is_own = reading.input >= 0;
    if (!reading.is_own &&
        (isatty(0) || (is_of_sign_in(options->command) &&
                       options->value[OPTION_NO_BROWSER] != NULL)))
        reading.input = 0;
    return reading.input >= 0;
}

/* Returns 1 if the library listens for the browser. */
static int is_listened_for(const struct options *options)
{
    const char *url = options->value[OPTION_REDIRECT_URL];

    return url == NULL || strncmp(url, "http:", 5) == 0;
}

static int32_t on_sign_in(void *userdata, mcp_auth *auth,
                          const mcp_sign_in_page *page)
{
    const struct options *options = (const struct options *)userdata;
    int is_listened = is_listened_for(options);
    int wants_browser = options->value[OPTION_NO_BROWSER] == NULL;
    int is_open;

    hide_progress();
    expect_a_person();
    stop_reading();
    is_open = wants_browser && mcp_open_browser(NULL, auth, page) == MCP_OK;
    if (wants_browser && !is_open) {
        put_program_name();
        fputs("no browser can be opened here; set BROWSER to one\n", stderr);
    }
    fputs("mcpclient: to sign in, visit\n  ", stderr);
    put_word(stderr, mcp_sign_in_page_url(page));
    fputc('\n', stderr);
    if (is_open && is_listened)
        return MCP_OK;
    if (options->command->run == run_proxy && is_listened)
        return MCP_OK; /* the person may see the address in the host's log */
    if (options->command->run != run_proxy && start_reading(options)) {
        fputs(is_listened ? "If this command does not go on by itself, paste "
                            "the address that the browser ends at:\n"
                          : "Then paste the address that the browser ends at:"
                            "\n",
              stderr);
        return MCP_OK;
    }
    if (is_listened && !wants_browser)
        return MCP_OK;
    put_program_name();
    fputs("there is no terminal to paste the answer at: run mcpclient login "
          "on one, or use --no-browser\n",
          stderr);
    return MCP_E_NOT_FOUND;
}

/* Shows where a person signs in with another browser, and the code for it.
 * Nothing is waited for here: the library asks the server. */
static int32_t on_device_code(void *userdata, mcp_auth *auth,
                              const mcp_sign_in_page *page)
{
    const char *complete = mcp_sign_in_page_complete_url(page);
    int64_t seconds = mcp_sign_in_page_expires_in(page) / 1000;

    (void)userdata;
    (void)auth;
    hide_progress();
    expect_a_person();
    fputs("mcpclient: to sign in, visit\n  ", stderr);
    put_word(stderr, mcp_sign_in_page_url(page));
    fputs("\nwith any browser, and enter the code\n  ", stderr);
    put_word(stderr, mcp_sign_in_page_user_code(page));
    if (complete != NULL) {
        fputs("\nThis address has the code in it:\n  ", stderr);
        put_word(stderr, complete);
    }
    if (seconds >= 120)
        fprintf(stderr, "\nThere are %ld minutes to do so.\n",
                (long)(seconds / 60));
    else
        fprintf(stderr, "\nThere are %ld seconds to do so.\n",
                (long)seconds);
    return MCP_OK;
}

/* Shows what the person should know while a sign-in goes on.  Returns 0 for
 * any other event. */
int put_sign_in_notice(const mcp_event *event)
{
    const char *message = mcp_event_message(event);
    char *text;

    if (mcp_event_kind(event) != MCP_EVENT_SIGN_IN_NOTICE)
        return 0;
    text = with_options(message); /* NULL without memory */
    hide_progress();
    put_program_name();
    put_word(stderr, text != NULL ? text : message);
    fputc('\n', stderr);
    free(text);
    return 1;
}

static void on_notice(void *userdata, mcp_client *client,
                      const mcp_event *event)
{
    (void)userdata;
    (void)client;
    put_sign_in_notice(event);
}

/* Sets a parameter of a request, NAME=VALUE, or leaves NAME out. */
static int32_t set_parameter(mcp_auth *auth, int option, const char *text)
{
    char *name = strdup(text);
    char *value = name != NULL ? strchr(name, '=') : NULL;
    int32_t status = MCP_E_NO_MEMORY;

    if (value != NULL)
        *value++ = '\0';
    if (name != NULL)
        status = option == OPTION_AUTH_PARAM
                     ? mcp_auth_set_authorization_parameter(auth, name, value)
                     : mcp_auth_set_token_parameter(auth, name, value);
    free(name);
    return status;
}

typedef int32_t (*set_text)(mcp_auth *auth, const char *text);
typedef int32_t (*set_switch)(mcp_auth *auth, int32_t on);

static int32_t set_assertion_file(mcp_auth *auth, const char *path)
{
    return mcp_auth_set_assertion_handler(auth, mcp_assertion_from_file,
                                          (void *)path, NULL);
}

static int32_t set_assertion_variable(mcp_auth *auth, const char *name)
{
    return mcp_auth_set_assertion_handler(auth, mcp_assertion_from_variable,
                                          (void *)name, NULL);
}

/* The options that are one text, or one switch, of the authorization. */
static const struct {
    int option;
    set_text set;
} texts[] = {
    {OPTION_CLIENT_METADATA_URL, mcp_auth_set_client_metadata_url},
    {OPTION_SCOPE, mcp_auth_set_scope},
    {OPTION_ISSUER, mcp_auth_set_issuer},
    {OPTION_REDIRECT_URL, mcp_auth_set_redirect_url},
    {OPTION_ASSERTION_FILE, set_assertion_file},
    {OPTION_ASSERTION_ENV, set_assertion_variable},
    {OPTION_PROVIDER, mcp_auth_set_provider},
};
static const struct {
    int option;
    set_switch set;
} switches[] = {
    {OPTION_DPOP, mcp_auth_set_dpop},
    {OPTION_ASSUME_PKCE, mcp_auth_set_assume_pkce},
    {OPTION_ALLOW_PRIVATE, mcp_auth_set_allow_private},
};

/* Applies the options that are more than one text. */
static int32_t set_client(mcp_auth *auth, const struct options *options)
{
    const char *const *value = options->value;
    const char *secret = value[OPTION_CLIENT_SECRET_ENV];
    const char *page = value[OPTION_AUTHORIZATION_ENDPOINT];
    const struct choice *method;
    int32_t status = MCP_OK;

    /* Where one function takes two values, a call with the first alone comes
     * before, so that the message names the right option. */
    if (value[OPTION_CLIENT_ID] != NULL)
        status =
            of_option(OPTION_CLIENT_ID,
                      mcp_auth_set_client(auth, value[OPTION_CLIENT_ID], NULL));
    if (status == MCP_OK && secret != NULL)
        status = of_option(OPTION_CLIENT_SECRET_ENV,
                           mcp_auth_set_client(auth, value[OPTION_CLIENT_ID],
                                               getenv(secret)));
    if (status == MCP_OK && options->client_key != NULL)
        status = of_option(OPTION_CLIENT_KEY,
                           mcp_auth_set_client_key(auth, options->client_key,
                                                   NULL, NULL));
    if (status == MCP_OK && page != NULL)
        status = of_option(OPTION_AUTHORIZATION_ENDPOINT,
                           mcp_auth_set_endpoints(auth, page, page));
    if (status == MCP_OK && value[OPTION_TOKEN_ENDPOINT] != NULL)
        status = of_option(OPTION_TOKEN_ENDPOINT,
                           mcp_auth_set_endpoints(
                               auth, page, value[OPTION_TOKEN_ENDPOINT]));
    if (status == MCP_OK && value[OPTION_CLIENT_AUTH] != NULL) {
        method = find_choice(option_table[OPTION_CLIENT_AUTH].choices,
                             value[OPTION_CLIENT_AUTH]);
        status = mcp_auth_set_client_auth(auth, method->other);
    }
    return status;
}

/* Applies the options to an authorization. */
static int32_t set_options(mcp_auth *auth, const struct options *options)
{
    const char *const *value = options->value;
    int32_t status = MCP_OK;
    size_t i;
    int k;

    for (i = 0; i < sizeof texts / sizeof *texts && status == MCP_OK; i++)
        if (value[texts[i].option] != NULL)
            status = of_option(texts[i].option,
                               texts[i].set(auth, value[texts[i].option]));
    for (i = 0; i < sizeof switches / sizeof *switches && status == MCP_OK;
         i++)
        if (value[switches[i].option] != NULL)
            status = of_option(switches[i].option, switches[i].set(auth, 1));
    if (status == MCP_OK)
        status = set_client(auth, options);
    if (status == MCP_OK && value[OPTION_NO_RESOURCE] != NULL)
        status = set_parameter(auth, OPTION_AUTH_PARAM, "resource");
    if (status == MCP_OK && value[OPTION_NO_RESOURCE] != NULL)
        status = set_parameter(auth, OPTION_TOKEN_PARAM, "resource");
    for (k = 0; k < options->given_count && status == MCP_OK; k++)
        if (options->given[k].option == OPTION_AUTH_PARAM ||
            options->given[k].option == OPTION_TOKEN_PARAM)
            status = of_option(options->given[k].option,
                               set_parameter(auth, options->given[k].option,
                                             options->given[k].value));
    if (status == MCP_OK && (value[OPTION_TOKEN_STORE] == NULL ||
                             value[OPTION_TOKEN_STORE][0] != '\0'))
        status = of_option(OPTION_TOKEN_STORE,
                           mcp_auth_set_store_file(auth,
                                                   value[OPTION_TOKEN_STORE]));
    return status;
}

/* Sets OAuth up if an option or the configuration file asks for it. */
int32_t set_auth(mcp_client *client, const struct options *options)
{
    int grant = grant_of(options);
    int is_of_file =
        options->value[OPTION_CONFIG] != NULL && grant == NOT_CHOSEN;
    mcp_auth *auth = is_of_file ? mcp_client_ref_auth(client) : NULL;
    int32_t status;

    if (auth == NULL && !options->wants_oauth)
        return MCP_OK;
    if (auth == NULL) {
        auth = mcp_auth_new(grant != NOT_CHOSEN ? grant
                                                : MCP_GRANT_AUTHORIZATION_CODE);
        if (auth == NULL)
            return mcp_error_status(NULL);
    }
    reading.auth = auth;
    status = mcp_client_set_event_handler(client, on_notice, NULL, NULL);
    if (status == MCP_OK)
        status = mcp_auth_set_browser(auth, on_sign_in, (void *)options, NULL);
    if (status == MCP_OK)
        status = mcp_auth_set_device_handler(auth, on_device_code, NULL, NULL);
    if (status == MCP_OK)
        status = set_options(auth, options);
    if (status == MCP_OK && options->wants_oauth)
        status = mcp_client_set_auth(client, auth);
    return status;
}

/* Called before the client is freed. */
void end_sign_in(void)
{
    stop_reading();
    mcp_auth_free(reading.auth);
    reading.auth = NULL;
}

static int put_done(const struct options *options, const char *words)
{
    if (options->json) {
        printf("{\"ok\":true}\n");
        return SUCCESS;
    }
    printf("%s ", words);
    put_word(stdout, server_name(options));
    putchar('\n');
    return SUCCESS;
}

int login(mcp_client *client, const struct options *options)
{
    return perform(client, options, mcp_request_new_sign_in(client), NULL) ==
                   MCP_OK
               ? put_done(options, "signed in to")
               : fail(options);
}

int logout(mcp_client *client, const struct options *options)
{
    return perform(client, options, mcp_request_new_sign_out(client), NULL) ==
                   MCP_OK
               ? put_done(options, "signed out of")
               : fail(options);
}
