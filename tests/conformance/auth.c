/*
 * How the client of the conformance suite gets its tokens.
 *
 * All servers are met with the same authorization, in which a person signs in
 * at a browser, but for the scenarios in which the program shows something
 * else: choose_grant() knows them by their names, as a program would by its
 * configuration.  What it shows is in the context that the suite gives.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "browser.h"
#include "client.h"
#include <mcpclient_draft.h>

#define SIGN_IN_MILLISECONDS 60000
/* What the suite expects, and nobody ever fetches. */
#define METADATA_URL "https://conformance-test.local/client-metadata.json"

static int32_t sign_in(void *userdata, mcp_auth *auth,
                       const mcp_sign_in_page *page)
{
    (void)userdata;
    (void)auth;
    return browse(mcp_sign_in_page_url(page)) == 0 ? MCP_OK : MCP_E_AUTH;
}

static int32_t assert_identity(void *userdata, mcp_auth *auth,
                               mcp_assertion *assertion)
{
    (void)auth;
    return mcp_assertion_set_token(assertion, userdata, strlen(userdata));
}

/* Gives a text of the context; NULL if it has none of that name. */
static const char *given(const mcp_json *context, const char *pointer)
{
    return mcp_json_string(mcp_json_at(context, pointer), NULL);
}

/* Hands on who the program is, as far as the suite says it. */
static int32_t set_identity(mcp_auth *auth, const mcp_json *context)
{
    const char *id = given(context, "/client_id");
    const char *key = given(context, "/private_key_pem");
    const char *provider = given(context, "/idp_token_endpoint");
    const char *token = given(context, "/idp_id_token");
    int32_t status = MCP_OK;

    if (token == NULL)
        token = given(context, "/valid_jwt");
    if (id != NULL)
        status = mcp_auth_set_client(auth, id,
                                     given(context, "/client_secret"));
    if (status == MCP_OK && key != NULL)
        status = mcp_auth_set_client_key(
            auth, key, given(context, "/signing_algorithm"), NULL);
    if (status == MCP_OK && provider != NULL)
        status = mcp_auth_set_identity_provider(
            auth, provider, given(context, "/idp_client_id"), NULL);
    if (status == MCP_OK && token != NULL)
        status = mcp_auth_set_assertion_handler(auth, assert_identity,
                                                strdup(token), free);
    return status;
}

static int32_t choose_grant(void)
{
    if (is_scenario("auth/client-credentials-"))
        return MCP_GRANT_CLIENT_CREDENTIALS;
    if (is_scenario("auth/enterprise-managed-authorization"))
        return MCP_GRANT_TOKEN_EXCHANGE;
    if (is_scenario("auth/wif-"))
        return MCP_GRANT_JWT_BEARER;
    return MCP_GRANT_AUTHORIZATION_CODE;
}

mcp_auth *make_auth(void)
{
    mcp_auth *auth = mcp_auth_new(choose_grant());
    mcp_json *context = read_context();
    int32_t status = auth != NULL ? MCP_OK : MCP_E_INVALID_ARGUMENT;

    if (status == MCP_OK)
        status = mcp_auth_set_client_metadata_url(auth, METADATA_URL);
    if (status == MCP_OK)
        status = mcp_auth_set_browser(auth, sign_in, NULL, NULL);
    if (status == MCP_OK)
        status = mcp_auth_set_sign_in_timeout(auth, SIGN_IN_MILLISECONDS);
    if (status == MCP_OK)
        status = set_identity(auth, context);
    mcp_json_free(context);
    if (status == MCP_OK)
        return auth;
    mcp_auth_free(auth);
    return NULL;
}
