/* What is written: text of the server without what a terminal would obey,
 * JSON, contents, errors. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* Writes what is neither a control of C0 or C1 nor DEL; `is_kept` are the
 * controls that may stay, the others become `instead`. */
static void put_clean(FILE *to, const char *text, size_t length,
                      const char *kept, int instead)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + length;

    for (; at < end; at++) {
        if (*at == 0xC2 && at + 1 < end && at[1] >= 0x80 && at[1] <= 0x9F) {
            fputc(instead, to);
            at++;
        } else if ((*at < 0x20 || *at == 0x7F) &&
                   (*at == '\0' || strchr(kept, *at) == NULL)) {
            fputc(instead, to);
        } else {
            fputc(*at, to);
        }
    }
}

/* What the server left out, or sent as another type, is NULL. */
static const char none[] = "(none)";

/* Writes a text of several lines; NULL as "(none)". */
void put_text(FILE *to, const char *text)
{
    text = text != NULL ? text : none;
    put_clean(to, text, strlen(text), "\n\t", '?');
}

/* Writes what has to stay on its line; NULL as "(none)". */
void put_word(FILE *to, const char *text)
{
    text = text != NULL ? text : none;
    put_clean(to, text, strlen(text), "", ' ');
}

/* Writes a content: as it is, unless a terminal would obey it. */
void put_content_text(FILE *to, const char *text, size_t length)
{
    if (isatty(fileno(to)))
        put_clean(to, text, length, "\n\t", '?');
    else
        fwrite(text, 1, length, to);
}

/* Writes the first line of a description below its name. */
void put_description(const char *text)
{
    size_t length = text != NULL ? strcspn(text, "\r\n") : 0;

    if (length == 0)
        return;
    fputs("    ", stdout);
    put_clean(stdout, text, length, "", ' ');
    putchar('\n');
}

void put_json_text(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    if (text == NULL) {
        printf("null");
        return;
    }
    putchar('"');
    for (; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20 || *at == 0x7F)
            printf("\\u%04x", (unsigned)*at);
        else
            putchar(*at);
    }
    putchar('"');
}

void put_json_member(const char *name, const char *text)
{
    printf(",\"%s\":", name);
    put_json_text(text);
}

/* Writes JSON of the server on one line, what a terminal would obey escaped;
 * it means the same as before. */
void put_json(FILE *to, const char *json, size_t length)
{
    const unsigned char *at = (const unsigned char *)json;
    const unsigned char *end = at + length;

    for (; at < end; at++) {
        if (*at == 0xC2 && at + 1 < end && at[1] >= 0x80 && at[1] <= 0x9F)
            fprintf(to, "\\u%04x", (unsigned)*++at);
        else if (*at == 0x7F)
            fputs("\\u007f", to);
        else
            fputc(*at < 0x20 ? ' ' : *at, to); /* blanks between values */
    }
}

int put_result_json(const mcp_result *result)
{
    size_t length = 0;
    const char *json = mcp_result_json(result, &length);

    put_json(stdout, json != NULL ? json : "null", json != NULL ? length : 4);
    putchar('\n');
    return SUCCESS;
}

static void put_content(FILE *to, const mcp_content *content)
{
    static const char *const kinds[] = {"", "text", "image", "audio", "link",
                                        "resource"};
    int32_t kind = mcp_content_kind(content);
    size_t length = 0;
    const char *text = mcp_content_text(content, &length);
    const char *role = mcp_content_role(content);
    const char *type = mcp_content_mime_type(content);
    const char *uri = mcp_content_uri(content);

    if (role != NULL) {
        put_word(to, role);
        fputs(": ", to);
    }
    if (text != NULL) {
        put_content_text(to, text, length);
        fputc('\n', to);
        return;
    }
    if (kind < MCP_CONTENT_TEXT || kind > MCP_CONTENT_RESOURCE) {
        text = mcp_content_json(content, &length);
        put_json(to, text != NULL ? text : "{}", text != NULL ? length : 2);
        fputc('\n', to);
        return;
    }
    fprintf(to, "[%s", kinds[kind]);
    if (uri != NULL) {
        fputc(' ', to);
        put_word(to, uri);
    }
    if (type != NULL) {
        fputc(' ', to);
        put_word(to, type);
    }
    if (mcp_content_data(content, &length) != NULL)
        fprintf(to, ", %lu bytes", (unsigned long)length);
    fputs("]\n", to);
}

/* Writes contents for people, messages with who speaks. */
void put_contents(FILE *to, const mcp_result *result)
{
    size_t i;

    for (i = 0; i < mcp_result_content_count(result); i++)
        put_content(to, mcp_result_content(result, i));
}

/* Whether standard error may have colour. */
static int has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(2) && (no_colour == NULL || no_colour[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

/* Begins a line that says what went wrong. */
void put_program_name(void)
{
    int colour = has_colour();

    fprintf(stderr, "%smcpclient:%s ", colour ? "\033[31m" : "",
            colour ? "\033[0m" : "");
}

/* Reports the thread's last error: a line, and a document if asked for. */
int fail(const struct options *options)
{
    int is_ours =
        interrupted && mcp_error_status(NULL) == MCP_E_CANCELLED;

    fflush(stdout);
    put_program_name();
    put_text(stderr, mcp_error_message(NULL));
    fputc('\n', stderr);
    if (options->json) {
        printf("{\"ok\":false");
        put_json_member("status", mcp_status_name(mcp_error_status(NULL)));
        put_json_member("message", mcp_error_message(NULL));
        printf(",\"httpStatus\":%d", (int)mcp_error_http_status(NULL));
        printf(",\"rpcCode\":%d", (int)mcp_error_rpc_code(NULL));
        printf(",\"retryAfterMs\":%d", (int)mcp_error_retry_after(NULL));
        printf(",\"exitStatus\":%d", (int)mcp_error_exit_status(NULL));
        printf(",\"mayHaveRun\":%s}\n",
               mcp_error_may_have_run(NULL) ? "true" : "false");
    }
    return is_ours ? INTERRUPTED : FAILED;
}
