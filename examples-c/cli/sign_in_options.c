/* Parses the options of OAuth. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include <mcpclient_draft.h>

enum { MOST_KEY = 65536 };

/* Reads a file with a private key.  The library checks the key. */
static int read_key(struct sign_in *to, const char *path)
{
    FILE *file = fopen(path, "r");
    size_t length = 0;
    int failure;

    if (file == NULL) {
        fprintf(stderr, "mcpclient: --client-key %s: %s\n", path,
                strerror(errno));
        return BAD_USAGE;
    }
    wipe(to->client_key);
    free(to->client_key);
    to->client_key = (char *)calloc(1, MOST_KEY);
    errno = 0;
    if (to->client_key != NULL)
        length = fread(to->client_key, 1, MOST_KEY - 1, file);
    failure = ferror(file) ? errno : 0;
    fclose(file);
    if (to->client_key == NULL) {
        fprintf(stderr, "mcpclient: out of memory\n");
        return FAILED;
    }
    if (failure != 0) {
        fprintf(stderr, "mcpclient: --client-key %s: %s\n", path,
                strerror(failure));
        return BAD_USAGE;
    }
    if (length == MOST_KEY - 1)
        return bad_usage("--client-key %s: the file is too long for a key",
                         path);
    return SUCCESS;
}

static int take_secret(struct sign_in *to, const char *name)
{
    to->client_secret = getenv(name);
    if (to->client_secret == NULL)
        return bad_usage("--client-secret-env %s: there is no such environment "
                         "variable",
                         name);
    return SUCCESS;
}

static int parse_auth(struct sign_in *to, const char *text)
{
    if (strcmp(text, "oauth") != 0)
        return bad_usage("--auth %s is not oauth", text);
    to->is_wanted = 1;
    return SUCCESS;
}

static int parse_grant(struct sign_in *to, const char *text)
{
    if (strcmp(text, "code") == 0)
        to->grant = MCP_GRANT_AUTHORIZATION_CODE;
    else if (strcmp(text, "client-credentials") == 0)
        to->grant = MCP_GRANT_CLIENT_CREDENTIALS;
    else if (strcmp(text, "jwt-bearer") == 0)
        to->grant = MCP_GRANT_JWT_BEARER;
    else if (strcmp(text, "device") == 0)
        to->grant = MCP_GRANT_DEVICE;
    else
        return bad_usage("--grant %s is not one of code, device, "
                         "client-credentials and jwt-bearer",
                         text);
    return SUCCESS;
}

static int parse_client_auth(struct sign_in *to, const char *text)
{
    static const char *const names[][2] = {
        {"post", "client_secret_post"},
        {"basic", "client_secret_basic"},
        {"private-key-jwt", "private_key_jwt"},
        {"none", "none"},
    };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i][0]) == 0 || strcmp(text, names[i][1]) == 0) {
            to->client_auth = names[i][1];
            return SUCCESS;
        }
    return bad_usage("--client-auth %s is not one of post, basic, "
                     "private-key-jwt and none",
                     text);
}

static int add_parameter(struct parameters *to, const char *option,
                         const char *text)
{
    if (*text == '\0' || *text == '=')
        return bad_usage("%s needs NAME=VALUE, or NAME to leave it out",
                         option);
    if (to->count == MOST_PARAMETERS)
        return bad_usage("%s: more than %d parameters", option,
                         (int)MOST_PARAMETERS);
    to->all[to->count++] = text;
    return SUCCESS;
}

/* Applies an option with a value; returns 0 if it is not one of these. */
int take_sign_in_option(struct sign_in *to, const char *name,
                        const char *value, int *status)
{
    *status = SUCCESS;
    if (strcmp(name, "--auth") == 0)
        *status = parse_auth(to, value);
    else if (strcmp(name, "--grant") == 0)
        *status = parse_grant(to, value);
    else if (strcmp(name, "--client-secret-env") == 0)
        *status = take_secret(to, value);
    else if (strcmp(name, "--client-key") == 0)
        *status = read_key(to, value);
    else if (strcmp(name, "--token-store") == 0)
        to->store = value;
    else if (strcmp(name, "--client-id") == 0)
        to->client_id = value;
    else if (strcmp(name, "--client-metadata-url") == 0)
        to->metadata_url = value;
    else if (strcmp(name, "--scope") == 0)
        to->scope = value;
    else if (strcmp(name, "--issuer") == 0)
        to->issuer = value;
    else if (strcmp(name, "--redirect-url") == 0)
        to->redirect_url = value;
    else if (strcmp(name, "--provider") == 0)
        to->provider = value;
    else if (strcmp(name, "--authorization-endpoint") == 0)
        to->authorization_endpoint = value;
    else if (strcmp(name, "--token-endpoint") == 0)
        to->token_endpoint = value;
    else if (strcmp(name, "--client-auth") == 0)
        *status = parse_client_auth(to, value);
    else if (strcmp(name, "--auth-param") == 0)
        *status = add_parameter(&to->authorization_parameters, name, value);
    else if (strcmp(name, "--token-param") == 0)
        *status = add_parameter(&to->token_parameters, name, value);
    else if (strcmp(name, "--assertion-file") == 0)
        to->assertion_file = value;
    else if (strcmp(name, "--assertion-env") == 0)
        to->assertion_variable = value;
    else
        return 0;
    return 1;
}

int take_sign_in_flag(struct sign_in *to, const char *name)
{
    if (strcmp(name, "--dpop") == 0)
        to->dpop = 1;
    else if (strcmp(name, "--no-browser") == 0)
        to->no_browser = 1;
    else if (strcmp(name, "--device") == 0)
        to->is_device = 1;
    else if (strcmp(name, "--no-resource") == 0)
        to->no_resource = 1;
    else if (strcmp(name, "--assume-pkce") == 0)
        to->assume_pkce = 1;
    else if (strcmp(name, "--allow-private") == 0)
        to->allow_private = 1;
    else
        return 0;
    return 1;
}

/* Returns the first given option that needs OAuth. */
static const char *sign_in_option(const struct sign_in *of)
{
    if (of->store != NULL)
        return "--token-store";
    if (of->client_id != NULL)
        return "--client-id";
    if (of->client_secret != NULL)
        return "--client-secret-env";
    if (of->client_key != NULL)
        return "--client-key";
    if (of->metadata_url != NULL)
        return "--client-metadata-url";
    if (of->scope != NULL)
        return "--scope";
    if (of->issuer != NULL)
        return "--issuer";
    if (of->redirect_url != NULL)
        return "--redirect-url";
    if (of->provider != NULL)
        return "--provider";
    if (of->authorization_endpoint != NULL)
        return "--authorization-endpoint";
    if (of->token_endpoint != NULL)
        return "--token-endpoint";
    if (of->client_auth != NULL)
        return "--client-auth";
    if (of->authorization_parameters.count > 0)
        return "--auth-param";
    if (of->token_parameters.count > 0)
        return "--token-param";
    if (of->no_resource)
        return "--no-resource";
    if (of->assume_pkce)
        return "--assume-pkce";
    if (of->allow_private)
        return "--allow-private";
    if (of->grant != NOT_CHOSEN)
        return "--grant";
    if (of->assertion_file != NULL)
        return "--assertion-file";
    if (of->assertion_variable != NULL)
        return "--assertion-env";
    if (of->dpop)
        return "--dpop";
    if (of->is_device)
        return "--device";
    return of->no_browser ? "--no-browser" : NULL;
}

/* Returns the grant of the options, or NOT_CHOSEN. */
int grant_of(const struct sign_in *of)
{
    return of->is_device ? MCP_GRANT_DEVICE : of->grant;
}

/* Checks that the options go together. */
int check_sign_in(const struct options *options)
{
    const struct sign_in *of = &options->sign_in;
    int assertions =
        (of->assertion_file != NULL) + (of->assertion_variable != NULL);

    if (!of->is_wanted && sign_in_option(of) != NULL)
        return bad_usage("%s goes with --auth oauth, login or logout",
                         sign_in_option(of));
    if (of->is_wanted && options->token != NULL)
        return bad_usage("--token and --auth oauth are two ways to a token");
    if (of->is_device && of->grant != NOT_CHOSEN &&
        of->grant != MCP_GRANT_DEVICE)
        return bad_usage("--device is --grant device, and another --grant is "
                         "given");
    if (of->client_secret != NULL && of->client_id == NULL)
        return bad_usage("--client-secret-env goes with --client-id");
    if (of->authorization_endpoint != NULL && of->token_endpoint == NULL)
        return bad_usage("--authorization-endpoint goes with "
                         "--token-endpoint");
    if (of->token_endpoint != NULL && of->authorization_endpoint == NULL &&
        (grant_of(of) == NOT_CHOSEN ||
         grant_of(of) == MCP_GRANT_AUTHORIZATION_CODE))
        return bad_usage("--token-endpoint goes with "
                         "--authorization-endpoint");
    if (assertions > 0 && of->grant != MCP_GRANT_JWT_BEARER)
        return bad_usage("%s goes with --grant jwt-bearer",
                         of->assertion_file != NULL ? "--assertion-file"
                                                    : "--assertion-env");
    if (of->grant == MCP_GRANT_JWT_BEARER && assertions != 1)
        return bad_usage("--grant jwt-bearer needs either --assertion-file or "
                         "--assertion-env");
    return SUCCESS;
}

void forget_sign_in(struct sign_in *of)
{
    wipe(of->client_key);
    free(of->client_key);
}
