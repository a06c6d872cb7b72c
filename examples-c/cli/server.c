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
    return options->value[OPTION_SERVER] != NULL
               ? options->value[OPTION_SERVER]
               : options->value[OPTION_CONFIG];
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
    mcp_config *config = mcp_config_load(options->value[OPTION_CONFIG]);
    const char *name = options->value[OPTION_SERVER];
    mcp_client *client =
        config != NULL ? mcp_config_new_client(config, name) : NULL;

    if (client != NULL && options->verbose)
        put_warnings(config);
    else if (client != NULL)
        put_short_timeout(config, name);
    if (client != NULL)
        remember_command(config, name);
    mcp_config_free(config);
    return client;
}

static mcp_client *new_client(const struct options *options)
{
    if (options->value[OPTION_CONFIG] != NULL)
        return client_of_file(options);
    if (options->is_stdio)
        return mcp_client_new_stdio((const char *const *)options->program);
    return mcp_client_new(options->url, options->token);
}

static int refused = -1;

/* Notes the option of a status that is an error, for the message. */
int32_t of_option(int option, int32_t status)
{
    if (status != MCP_OK)
        refused = option;
    return status;
}

/* Returns the option whose value the library refused, or NULL. */
const char *refused_option(void)
{
    return refused >= 0 ? spelling(refused) : NULL;
}

typedef int32_t (*set_text)(mcp_client *client, const char *text);

/* The options that are one text of the client. */
static const struct {
    int option;
    set_text set;
} texts[] = {
    {OPTION_PROTOCOL, mcp_client_set_protocol_version},
    {OPTION_CACERT, mcp_client_set_ca_file},
    {OPTION_PROXY, mcp_client_set_proxy},
    {OPTION_UNIX_SOCKET, mcp_client_set_unix_socket},
    {OPTION_DIRECTORY, mcp_client_set_directory},
};

static int32_t set_texts(mcp_client *client, const struct options *options)
{
    size_t i;
    int32_t status = MCP_OK;

    for (i = 0; i < sizeof texts / sizeof *texts && status == MCP_OK; i++)
        if (options->value[texts[i].option] != NULL)
            status = of_option(
                texts[i].option,
                texts[i].set(client, options->value[texts[i].option]));
    return status;
}

/* Sets the headers and the variables of a program. */
static int32_t set_pairs(mcp_client *client, const struct options *options)
{
    int i;
    int32_t status = MCP_OK;

    for (i = 0; i < options->given_count && status == MCP_OK; i++) {
        const struct given *one = &options->given[i];
        int is_header = one->option == OPTION_HEADER;
        char *value, separator = is_header ? ':' : '=';

        if (!is_header && one->option != OPTION_ENV)
            continue;
        value = strchr(one->value, separator);
        *value++ = '\0';
        status = is_header
                     ? mcp_client_set_header(client, one->value,
                                             value + strspn(value, " \t"))
                     : mcp_client_set_env(client, one->value, value);
        status = of_option(one->option, status);
        value[-1] = separator; /* forget() overwrites it as one text */
    }
    return status;
}

/* On a terminal the program's standard error is shown: it may have an address
 * at which to sign in.  Elsewhere its end is kept and shown with an error. */
static int32_t set_errors(mcp_client *client, const struct options *options)
{
    int32_t status;
    int32_t choice = (int32_t)options->number[OPTION_STDERR];
    int is_chosen = options->value[OPTION_STDERR] != NULL;

    if (!is_chosen)
        choice = options->verbose || isatty(2) ? MCP_STDERR_INHERIT
                                               : MCP_STDERR_KEEP;
    status = mcp_client_set_stderr(client, choice, MCP_FD_NONE);
    /* The configuration file's server may have a URL instead of a program. */
    return !is_chosen && status == MCP_E_UNSUPPORTED ? MCP_OK : status;
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
        status = mcp_client_set_allow(client, MCP_ALLOW_TASKS, 1);
    if (status == MCP_OK)
        status = set_pairs(client, options);
    if (status == MCP_OK)
        status = set_auth(client, options);
    if (status == MCP_OK && options->value[OPTION_TIMEOUT] != NULL)
        status = mcp_client_set_timeout(client,
                                        options->number[OPTION_TIMEOUT]);
    if (status == MCP_OK && options->value[OPTION_TRANSPORT] != NULL)
        status = mcp_client_set_transport(
            client, (int32_t)options->number[OPTION_TRANSPORT]);
    if (status == MCP_OK && options->value[OPTION_INSECURE_HTTP] != NULL)
        status = mcp_client_set_allow(client,
                                      MCP_ALLOW_PLAIN_HTTP, 1);
    if (status == MCP_OK && (options->value[OPTION_CERT] != NULL ||
                             options->value[OPTION_KEY] != NULL))
        status = mcp_client_set_certificate(
            client, options->value[OPTION_CERT], options->value[OPTION_KEY]);
    if (status == MCP_OK)
        status = set_texts(client, options);
    if (status == MCP_OK && options->url == NULL)
        status = set_errors(client, options);
    if (status == MCP_OK && !is_of_sign_in(options->command) &&
        options->command->run != run_proxy) /* the host answers */
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
    mcp_result *server =
        count == 0 ? mcp_client_new_server_result(client) : NULL;

    if (server != NULL && !mcp_result_has_capability(server, capability)) {
        flush_output();
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
    mcp_config *config = mcp_config_load(options->value[OPTION_CONFIG]);

    (void)client;
    if (config == NULL)
        return fail(options);
    if (options->json)
        put_servers_json(config);
    else
        put_servers(config);
    flush_output();
    put_warnings(config);
    mcp_config_free(config);
    return SUCCESS;
}
