/* Makes the client: of a URL, a configuration file, or a program. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* Returns the name of the server for messages. */
const char *server_name(const struct options *options)
{
    if (options->url != NULL)
        return options->url;
    if (options->is_stdio)
        return options->program[0];
    return options->server != NULL ? options->server : options->config;
}

static void put_warning(const char *warning)
{
    put_program_name();
    fputs("warning: ", stderr);
    put_message(stderr, warning);
    fputc('\n', stderr);
}

static void put_warnings(const mcp_config *config)
{
    const char *warning;
    size_t i;

    for (i = 0; (warning = mcp_config_warning(config, i)) != NULL; i++)
        put_warning(warning);
}

/* Whether a warning is about the timeout of a server; NULL: of any server. */
static int is_of_timeout(const char *warning, const char *server)
{
    const char *end = strstr(warning, ".timeout: is ");
    size_t length = server != NULL ? strlen(server) : 0;

    return end != NULL && (size_t)(end - warning) > length &&
           (server == NULL || (end[-(long)length - 1] == '.' &&
                               memcmp(end - length, server, length) == 0));
}

/* Shows that the timeout of the server that is used is too short: every call
 * may fail, and the error alone does not say that the unit is wrong. */
static void put_short_timeout(const mcp_config *config, const char *server)
{
    const char *warning;
    size_t i;

    for (i = 0; (warning = mcp_config_warning(config, i)) != NULL; i++)
        if (is_of_timeout(warning, server))
            put_warning(warning);
}

static char command[256];

/* Returns the program of a server of a configuration file, or NULL. */
const char *server_command(void)
{
    return command[0] != '\0' ? command : NULL;
}

static void remember_command(const mcp_config *config, const char *server)
{
    size_t i, count = mcp_config_count(config);

    for (i = 0; i < count; i++) {
        const char *name = mcp_config_name(config, i);
        const char *text = mcp_config_command(config, i);

        if (text != NULL && (server != NULL && name != NULL
                                 ? strcmp(name, server) == 0
                                 : count == 1))
            snprintf(command, sizeof command, "%s", text);
    }
}

static mcp_client *client_of_file(const struct options *options)
{
    mcp_config *config = mcp_config_load(options->config);
    mcp_client *client =
        config != NULL ? mcp_config_new_client(config, options->server) : NULL;

    if (client != NULL && options->verbose)
        put_warnings(config);
    else if (client != NULL)
        put_short_timeout(config, options->server);
    if (client != NULL)
        remember_command(config, options->server);
    mcp_config_free(config);
    return client;
}

static mcp_client *new_client(const struct options *options)
{
    if (options->config != NULL)
        return client_of_file(options);
    if (options->is_stdio)
        return mcp_client_new_stdio((const char *const *)options->program);
    return mcp_client_new(options->url, options->token);
}

static int32_t set_headers(mcp_client *client, const struct options *options)
{
    int i;
    int32_t status = MCP_OK;

    for (i = 0; i < options->header_count && status == MCP_OK; i++) {
        char *value = strchr(options->headers[i], ':');

        *value++ = '\0';
        value += strspn(value, " \t");
        status = mcp_client_set_header(client, options->headers[i], value);
    }
    return status;
}

static int32_t set_variables(mcp_client *client, const struct options *options)
{
    int i;
    int32_t status = MCP_OK;

    for (i = 0; i < options->variable_count && status == MCP_OK; i++) {
        char *value = strchr(options->variables[i], '=');

        *value = '\0';
        status = mcp_client_set_env(client, options->variables[i], value + 1);
        *value = '='; /* forget() overwrites it as one text */
    }
    return status;
}

/* On a terminal the program's standard error is shown: it may have an address
 * at which to sign in.  Elsewhere its end is kept and shown with an error. */
static int32_t set_errors(mcp_client *client, const struct options *options)
{
    int32_t status;
    int choice = options->errors;

    if (choice == NOT_CHOSEN)
        choice = options->verbose || isatty(2) ? MCP_STDERR_INHERIT
                                               : MCP_STDERR_KEEP;
    status = mcp_client_set_stderr(client, choice);
    /* The configuration file's server may have a URL instead of a program. */
    return options->errors == NOT_CHOSEN && status == MCP_E_UNSUPPORTED
               ? MCP_OK
               : status;
}

mcp_client *make_client(const struct options *options)
{
    mcp_client *client = new_client(options);
    int32_t status = client != NULL ? MCP_OK : mcp_error_status(NULL);

    if (status == MCP_OK && options->url == NULL && options->token != NULL)
        status = mcp_client_set_token(client, options->token);
    if (status == MCP_OK)
        status = mcp_client_set_info(client, "mcpclient", mcp_version());
    if (status == MCP_OK && options->verbose)
        status = mcp_client_set_trace_fd(client, 2);
    if (status == MCP_OK) /* some tools run as tasks only */
        status = mcp_client_set_tasks(client, 1);
    if (status == MCP_OK)
        status = set_headers(client, options);
    if (status == MCP_OK)
        status = set_auth(client, options);
    if (status == MCP_OK && options->timeout > 0)
        status = mcp_client_set_timeout(client, (int32_t)options->timeout);
    if (status == MCP_OK && options->protocol != NULL)
        status = mcp_client_set_protocol_version(client, options->protocol);
    if (status == MCP_OK && options->transport != NOT_CHOSEN)
        status = mcp_client_set_transport(client, options->transport);
    if (status == MCP_OK && options->insecure_http)
        status = mcp_client_set_allow_plain_http(client, 1);
    if (status == MCP_OK && options->ca_file != NULL)
        status = mcp_client_set_ca_file(client, options->ca_file);
    if (status == MCP_OK &&
        (options->certificate != NULL || options->key != NULL))
        status = mcp_client_set_certificate(client, options->certificate,
                                            options->key);
    if (status == MCP_OK && options->proxy != NULL)
        status = mcp_client_set_proxy(client, options->proxy);
    if (status == MCP_OK && options->unix_socket != NULL)
        status = mcp_client_set_unix_socket(client, options->unix_socket);
    if (status == MCP_OK)
        status = set_variables(client, options);
    if (status == MCP_OK && options->directory != NULL)
        status = mcp_client_set_directory(client, options->directory);
    if (status == MCP_OK && options->url == NULL)
        status = set_errors(client, options);
    if (status == MCP_OK && !options->command->is_of_oauth)
        status = answer_questions(client, options);
    if (status != MCP_OK) {
        mcp_client_free(client);
        return NULL;
    }
    return client;
}

/* Says that the server offers none, if a list is empty and the server does not
 * declare the capability. */
void note_absence(mcp_client *client, size_t count, const char *capability,
                  const char *what)
{
    mcp_result *server = NULL;

    if (count == 0 && mcp_connect(client, &server) == MCP_OK &&
        !mcp_result_has_capability(server, capability)) {
        fflush(stdout);
        put_program_name();
        fprintf(stderr, "the server offers no %s\n", what);
    }
    mcp_result_free(server);
}

static void put_servers_json(const mcp_config *config)
{
    const char *warning;
    char *message;
    size_t i;

    printf("{\"ok\":true,\"servers\":[");
    for (i = 0; i < mcp_config_count(config); i++) {
        printf("%s{\"name\":", i > 0 ? "," : "");
        put_json_text(mcp_config_name(config, i));
        put_json_member("url", mcp_config_url(config, i));
        put_json_member("command", mcp_config_command(config, i));
        if (mcp_config_status(config, i) != MCP_OK) {
            put_json_member("status",
                            mcp_status_name(mcp_config_status(config, i)));
            message =
                with_options(mcp_error_message(mcp_config_error(config, i)));
            put_json_member("message", message);
            free(message);
        }
        putchar('}');
    }
    printf("],\"warnings\":[");
    for (i = 0; (warning = mcp_config_warning(config, i)) != NULL; i++) {
        if (i > 0)
            putchar(',');
        put_json_text(warning);
    }
    printf("]}\n");
}

/* Writes why a server cannot be used. */
static void put_state(const mcp_config *config, size_t i)
{
    int32_t status = mcp_config_status(config, i);

    if (status == MCP_OK)
        return;
    if (status == MCP_E_STATE) {
        fputs("  (disabled)", stdout);
        return;
    }
    fputs("  (cannot be used: ", stdout);
    put_message(stdout, mcp_error_message(mcp_config_error(config, i)));
    putchar(')');
}

static void put_servers(const mcp_config *config)
{
    size_t i, length, widest = 0;

    for (i = 0; i < mcp_config_count(config); i++) {
        length = strlen(mcp_config_name(config, i));
        if (length > widest && length <= 30)
            widest = length;
    }
    for (i = 0; i < mcp_config_count(config); i++) {
        const char *name = mcp_config_name(config, i);
        const char *target = mcp_config_url(config, i);

        if (target == NULL)
            target = mcp_config_command(config, i);
        length = strlen(name);
        put_word(stdout, name);
        printf("%*s", (int)(length < widest ? widest - length : 0), "");
        if (target != NULL) {
            fputs("  ", stdout);
            put_word(stdout, target);
        }
        put_state(config, i);
        putchar('\n');
    }
}

int servers(mcp_client *client, const struct options *options)
{
    mcp_config *config = mcp_config_load(options->config);

    (void)client;
    if (config == NULL)
        return fail(options);
    if (options->json)
        put_servers_json(config);
    else
        put_servers(config);
    fflush(stdout);
    put_warnings(config);
    mcp_config_free(config);
    return SUCCESS;
}
