/* The library's messages name its functions.  These become the options of
 * mcpclient, because its users see no functions. */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct wording {
    const char *words, *instead;
};

#define SIZE_LIMIT ", the limit of mcpclient"

/* The first entry that matches counts, so longer ones come first.  A setting
 * without an option is left out. */
static const struct wording wordings[] = {
    {"cancelled by mcp_cancel_fire()", "cancelled"},
    {"cancelled by mcp_request_cancel()", "cancelled"},
    /* arguments */
    {"token is empty: pass NULL for no token", "the token is empty"},
    {"key_path is NULL, and certificate_path is not", "--cert needs --key"},
    {"certificate_path is NULL, and key_path is not", "--key needs --cert"},
    {"path is empty: pass NULL for no Unix socket", "the path is empty"},
    {"\"\" for no scope, or NULL", "or '' for no scope"},
    /* limits and times */
    {"mcp_client_set_timeout()", "--timeout"},
    {"mcp_request_set_timeout()", "--timeout"},
    {"; see MCP_LIMIT_CONNECT_TIME of mcp_client_set_limit()", ""},
    {"; see mcp_client_set_deadline()", ""},
    {"; see mcp_client_set_dispatch_only()", ""},
    {"; see MCP_ALLOW_RESTART of mcp_client_set_allow()", ""},
    {", see mcp_task_ttl()", ""},
    {" is handed out with this error; to take such results without an error, "
     "see MCP_ALLOW_MISMATCH",
     " was written"},
    {"; see MCP_LIMIT_MESSAGE_SIZE of mcp_client_set_limit()", SIZE_LIMIT},
    {"; see MCP_LIMIT_EVENTS of mcp_client_set_limit()", SIZE_LIMIT},
    {"; see MCP_LIMIT_ITEMS of mcp_client_set_limit()", SIZE_LIMIT},
    {"; see MCP_LIMIT_PAGES of mcp_client_set_limit()", SIZE_LIMIT},
    /* connections */
    {"mcp_client_set_ca_file()", "--cacert"},
    {"mcp_client_set_certificate()", "--cert and --key"},
    {"MCP_ALLOW_PLAIN_HTTP of mcp_client_set_allow()", "--insecure-http"},
    {"mcp_client_set_transport()", "--transport"},
    {"mcp_client_set_protocol_version()", "--protocol"},
    {"mcp_client_set_proxy()", "--proxy"},
    {"mcp_client_set_unix_socket()", "--unix-socket"},
    {"mcp_client_set_env()", "--env"},
    {"mcp_client_set_directory()", "--directory"},
    {"mcp_client_set_stderr()", "--stderr"},
    {"only one made by mcp_client_new_stdio()", "only a server of --stdio"},
    {"mcp_client_new_stdio()", "--stdio"},
    {"mcp_client_set_trace_fd()", "-v"},
    /* credentials */
    {": take the token away first, with mcp_client_set_token(client, NULL)",
     ": use either -H or a token"},
    {": take the header away first, with mcp_client_set_header(client, "
     "\"Authorization\", NULL)",
     ": use either -H or a token"},
    {"give a token to mcp_client_new(), set the header that the server wants, "
     "or let a person sign in: see mcp_client_set_auth()",
     "give a token with --token-file or MCPCLIENT_TOKEN, send the header that "
     "the server wants with -H, or sign in with mcpclient login and use "
     "--auth oauth"},
    {"give a token to mcp_client_new()", "give a token with --token-file"},
    {"mcp_client_set_token_handler()", "--token-file"},
    {"mcp_client_set_token()", "--token-file"},
    {"mcp_client_set_header()", "-H"},
    {"let a person sign in: see mcp_client_set_auth()",
     "sign in: see --auth oauth"},
    {"mcp_client_set_auth()", "--auth oauth"},
    {"sign in again: see mcp_sign_in()", "sign in again: mcpclient login"},
    {"mcp_sign_in()", "mcpclient login"},
    {"mcp_sign_out()", "mcpclient logout"},
    /* OAuth */
    {"mcp_auth_set_client() and mcp_auth_set_client_key()",
     "--client-id, --client-secret-env and --client-key"},
    {"mcp_auth_set_client()", "--client-id"},
    {"mcp_auth_set_client_key()", "--client-key"},
    {"mcp_auth_set_client_metadata_url()", "--client-metadata-url"},
    {"set it: mcp_auth_set_issuer() with ", "use it: --issuer "},
    {"mcp_auth_set_issuer() with ", "--issuer "},
    {"mcp_auth_set_issuer()", "--issuer"},
    {"mcp_auth_set_scope() with \"\"", "--scope ''"},
    {"mcp_auth_set_scope()", "--scope"},
    {"mcp_auth_set_authorization_parameter() and "
     "mcp_auth_set_token_parameter() with \"resource\" and NULL",
     "--no-resource"},
    {"mcp_auth_set_authorization_parameter() with ", "--auth-param "},
    {"mcp_auth_set_authorization_parameter()", "--auth-param"},
    {"mcp_auth_set_token_parameter() with ", "--token-param "},
    {"mcp_auth_set_token_parameter()", "--token-param"},
    {"mcp_auth_set_assume_pkce()", "--assume-pkce"},
    {"mcp_auth_set_endpoints()",
     "--authorization-endpoint and --token-endpoint"},
    {"mcp_auth_set_client_auth() with \"client_secret_post\"",
     "--client-auth post"},
    {"mcp_auth_set_client_auth() with \"client_secret_basic\"",
     "--client-auth basic"},
    {"mcp_auth_set_client_auth() with \"private_key_jwt\"",
     "--client-auth private-key-jwt"},
    {"mcp_auth_set_client_auth() with \"none\"", "--client-auth none"},
    {"mcp_auth_set_client_auth() with ", "--client-auth "},
    {" or \"client_secret_post\"", " or post"},
    {" or \"client_secret_basic\"", " or basic"},
    {" or \"private_key_jwt\"", " or private-key-jwt"},
    {"mcp_auth_set_client_auth()", "--client-auth"},
    {"mcp_auth_set_provider() with ", "--provider "},
    {"mcp_auth_set_provider()", "--provider"},
    {"mcp_auth_set_dpop()", "--dpop"},
    {"mcp_auth_set_redirect_url() with ", "--redirect-url "},
    {"mcp_auth_set_redirect_url()", "--redirect-url"},
    {"mcp_auth_set_store_file()", "--token-store"},
    {"mcp_auth_set_store()", "--token-store"},
    {"mcp_auth_set_assertion_handler()",
     "--assertion-file and --assertion-env"},
    {"or show the URL to the person with a callback; see "
     "mcp_auth_set_browser()",
     "or use --no-browser"},
    {"mcp_auth_set_browser()", "--no-browser"},
    {"mcp_auth_set_device_handler()", "--device"},
    {"; see mcp_auth_set_identity_provider()", ""},
    {"; see mcp_auth_set_sign_in_timeout()", ""},
    {"mcp_auth_set_allow_private()", "--allow-private"},
    /* what mcpclient decides itself */
    {": see mcp_client_set_input_handler() and mcp_client_set_roots_json()",
     ""},
    {"(elicitation/create), and the application does not handle it; see "
     "mcp_client_set_input_handler()",
     "(elicitation/create), and there is no terminal at which a person could "
     "answer"},
    {"and the application does not handle it; see "
     "mcp_client_set_input_handler()",
     "which mcpclient does not answer"},
    {"; see mcp_client_set_input_handler()", ""},
    {": see MCP_ALLOW_TASKS of mcp_client_set_allow() and "
     "mcp_request_set_task()",
     ""},
    {", see mcp_notify()", ""},
    {": use mcp_input_reply_json()", ""},
};

/* A function of a later library, which the table lacks. */
static const char unknown[] = "a function of the library";

/* Returns the length of "mcp_name(...)" at the beginning of a text, or 0. */
static size_t function_length(const char *at)
{
    size_t length = 4;

    if (strncmp(at, "mcp_", 4) != 0)
        return 0;
    while (islower((unsigned char)at[length]) ||
           isdigit((unsigned char)at[length]) || at[length] == '_')
        length++;
    if (length == 4 || at[length] != '(')
        return 0;
    return length + strcspn(at + length, ")") + (strchr(at, ')') != NULL);
}

/* Returns what stands for the beginning of a text, and the length of that
 * beginning; or NULL. */
static const char *wording_of(const char *at, int is_inside, size_t *length)
{
    size_t i;

    if (is_inside && islower((unsigned char)*at))
        return NULL; /* in the middle of a word */
    for (i = 0; i < sizeof wordings / sizeof *wordings; i++) {
        *length = strlen(wordings[i].words);
        if (strncmp(at, wordings[i].words, *length) == 0)
            return wordings[i].instead;
    }
    *length = function_length(at);
    return *length > 0 ? unknown : NULL;
}

/* Returns a copy of a message with options in place of functions, for
 * free(); NULL for NULL. */
char *with_options(const char *message)
{
    const char *at = message, *instead;
    char *text = NULL;
    size_t length, size = 0;
    FILE *to = message != NULL ? open_memstream(&text, &size) : NULL;

    if (to == NULL)
        return NULL;
    for (; *at != '\0'; at += length) {
        int is_inside = at > message && (isalnum((unsigned char)at[-1]) ||
                                         at[-1] == '_');

        instead = wording_of(at, is_inside, &length);
        if (instead != NULL) {
            fputs(instead, to);
        } else {
            fputc(*at, to);
            length = 1;
        }
    }
    return fclose(to) == 0 ? text : NULL;
}

/* Returns the quote at the end of what a program wrote, which may have quotes
 * itself.  The library may have added what else it knows. */
static char *end_of_quote(char *text)
{
    static const char *const others[] = {"\"; server/discover ",
                                         "\"; the server sent "};
    char *end = strrchr(text, '"'), *found;
    size_t i;

    for (i = 0; i < sizeof others / sizeof *others; i++) {
        found = strstr(text, others[i]);
        if (found != NULL && found < end)
            end = found;
    }
    return end;
}

/* Writes what a program wrote to its standard error as the lines that it had,
 * after the rest of the message.  The library joins them, because its messages
 * have one line.  Returns 0 if there is at most one line. */
static int put_with_lines(FILE *to, char *text)
{
    static const char mark[] = " standard error: \"", between[] = " | ";
    char *line = strstr(text, mark), *start, *next;
    char *end = line != NULL ? end_of_quote(line + sizeof mark - 1) : NULL;

    if (end == NULL || end < line + sizeof mark - 1 ||
        (end[1] != '\0' && end[1] != ';'))
        return 0;
    *end = '\0';
    for (start = line; start > text && *start != ';'; start--)
        ;
    line += sizeof mark - 1;
    if (strstr(line, between) == NULL || start == text) {
        *end = '"';
        return 0;
    }
    line[-2] = *start = '\0'; /* the blank before the quote */
    put_text(to, text);
    put_text(to, end + 1);
    fputc(';', to);
    put_text(to, start + 1);
    for (; line != NULL; line = next) {
        next = strstr(line, between);
        if (next != NULL) {
            *next = '\0';
            next += sizeof between - 1;
        }
        fputs("\n  ", to);
        put_text(to, line);
    }
    return 1;
}

/* Writes a message of the library. */
void put_message(FILE *to, const char *message)
{
    char *text = with_options(message);

    if (text == NULL || !put_with_lines(to, text))
        put_text(to, text);
    free(text);
}

/* Writes the thread's last error as a line. */
void put_error(FILE *to)
{
    put_message(to, mcp_error_message(NULL));
    fputc('\n', to);
}
