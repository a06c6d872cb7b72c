/* Output: the server's texts without control characters, JSON, contents and
 * errors. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* Reads one UTF-8 character, or one byte if it is not UTF-8. */
unsigned long next_character(const unsigned char **at,
                             const unsigned char *end)
{
    unsigned long code = *(*at)++;
    int more = code >= 0xF0 ? 3 : code >= 0xE0 ? 2 : code >= 0xC0 ? 1 : 0;

    if (more == 0 || end - *at < more)
        return code;
    code &= 0x3FUL >> more;
    for (; more > 0; more--)
        code = code << 6 | (*(*at)++ & 0x3F);
    return code;
}

/* Returns 1 for a character that a reader cannot see: it ends a line, changes
 * the direction of the text, or has no width (Unicode 16: Cf, Zl, Zp and
 * Default_Ignorable_Code_Point), or is a C1 control. */
int is_hidden(unsigned long code)
{
    static const unsigned long ranges[][2] = {
        {0x80, 0x9F},       {0xAD, 0xAD},       {0x34F, 0x34F},
        {0x600, 0x605},     {0x61C, 0x61C},     {0x6DD, 0x6DD},
        {0x70F, 0x70F},     {0x890, 0x891},     {0x8E2, 0x8E2},
        {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
        {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},
        {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
        {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0x110BD, 0x110BD},
        {0x110CD, 0x110CD}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},
        {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };
    size_t i;

    for (i = 0; code >= 0x80 && i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return 1;
    return 0;
}

/* Writes text.  C0 and C1 controls and DEL become `instead`, except the
 * controls in `kept`.  Invisible characters become `instead` as well, except
 * in a content: some scripts need them. */
static void put_clean(FILE *to, const char *text, size_t length,
                      const char *kept, int instead, int is_content)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + length;

    while (at < end) {
        const unsigned char *start = at;
        unsigned long code = next_character(&at, end);
        int is_wide = at - start > 1; /* not ASCII, and valid UTF-8 */
        int goes = 0;

        if (code < 0x20 || code == 0x7F)
            goes = code == 0 || strchr(kept, (int)code) == NULL;
        else if (is_wide)
            goes = code <= 0x9F || (!is_content && is_hidden(code));
        if (goes)
            fputc(instead, to);
        else
            fwrite(start, 1, (size_t)(at - start), to);
    }
}

/* Shown for NULL: the server sent no text, or another type. */
static const char none[] = "(none)";

/* Writes a character as a JSON escape. */
static void put_escape(FILE *to, unsigned long code)
{
    if (code < 0x10000) {
        fprintf(to, "\\u%04lx", code);
        return;
    }
    code -= 0x10000;
    fprintf(to, "\\u%04lx\\u%04lx", 0xD800 + (code >> 10),
            0xDC00 + (code & 0x3FF));
}

/* Writes a text that may have several lines. */
void put_text(FILE *to, const char *text)
{
    text = text != NULL ? text : none;
    put_clean(to, text, strlen(text), "\n\t", '?', 0);
}

/* Writes a text on one line. */
void put_word(FILE *to, const char *text)
{
    text = text != NULL ? text : none;
    put_clean(to, text, strlen(text), "", ' ', 0);
}

/* Writes a content: unchanged, except on a terminal. */
void put_content_text(FILE *to, const char *text, size_t length)
{
    if (isatty(fileno(to)))
        put_clean(to, text, length, "\n\t", '?', 1);
    else
        fwrite(text, 1, length, to);
}

/* Writes a part of a text on one line. */
void put_words(FILE *to, const char *text, size_t length)
{
    put_clean(to, text, length, "", ' ', 0);
}

void put_json_text(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end;

    if (text == NULL) {
        printf("null");
        return;
    }
    end = at + strlen(text);
    putchar('"');
    while (at < end) {
        const unsigned char *start = at;
        unsigned long code = next_character(&at, end);

        if (code == '"' || code == '\\')
            printf("\\%c", (int)code);
        else if (code < 0x20 || code == 0x7F ||
                 (at - start > 1 && is_hidden(code)))
            put_escape(stdout, code);
        else
            fwrite(start, 1, (size_t)(at - start), stdout);
    }
    putchar('"');
}

void put_json_member(const char *name, const char *text)
{
    printf(",\"%s\":", name);
    put_json_text(text);
}

/* Writes the server's JSON on one line.  Control characters and invisible
 * characters become escapes, so that the value stays the same. */
void put_json(FILE *to, const char *json, size_t length)
{
    const unsigned char *at = (const unsigned char *)json;
    const unsigned char *end = at + length;

    while (at < end) {
        const unsigned char *start = at;
        unsigned long code = next_character(&at, end);

        if (code == 0x7F || (at - start > 1 && is_hidden(code)))
            put_escape(to, code);
        else if (code < 0x20)
            fputc(' ', to); /* white space between values */
        else
            fwrite(start, 1, (size_t)(at - start), to);
    }
}

/* Writes what is buffered for standard output.  Returns the error number of
 * the first write that failed, or 0. */
int flush_output(void)
{
    static int first;

    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && first == 0)
        first = errno != 0 ? errno : EIO;
    return first;
}

void put_output_fault(int why)
{
    put_program_name();
    fprintf(stderr, "standard output cannot be written: %s\n", strerror(why));
}

int put_result_json(const mcp_result *result)
{
    size_t length = 0;
    const char *json = mcp_result_json(result, &length);

    put_json(stdout, json != NULL ? json : "null", json != NULL ? length : 4);
    putchar('\n');
    return SUCCESS;
}

/* Writes a content for a person.  `path`: the file in which it was saved, or
 * NULL. */
void put_content(FILE *to, const mcp_content *content, const char *path)
{
    static const char *const kinds[] = {"", "text", "image", "audio", "link",
                                        "resource"};
    int32_t kind = mcp_content_kind(content);
    size_t length = 0;
    const char *text = mcp_content_text(content, &length);
    const char *role = mcp_content_role(content);
    const char *type = mcp_content_mime_type(content);
    const char *uri = mcp_resource_uri(mcp_content_resource(content));

    if (role != NULL) {
        put_word(to, role);
        fputs(": ", to);
    }
    if (text != NULL && path == NULL) {
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
    if (text != NULL || mcp_content_data(content, &length) != NULL)
        fprintf(to, ", %lu bytes", (unsigned long)length);
    if (path != NULL) {
        fputs(": saved as ", to);
        put_word(to, path);
    }
    fputs("]\n", to);
}

/* Writes contents for a person; a prompt's messages with their role. */
void put_contents(FILE *to, const mcp_result *result)
{
    size_t i;

    for (i = 0; i < mcp_result_content_count(result); i++)
        put_content(to, mcp_result_content(result, i), NULL);
}

/* Returns 1 if standard error may have colour. */
static int has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(2) && (no_colour == NULL || no_colour[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

/* Begins the line of an error. */
void put_program_name(void)
{
    int colour = has_colour();

    fprintf(stderr, "%smcpclient:%s ", colour ? "\033[31m" : "",
            colour ? "\033[0m" : "");
}

/* Prints an error of mcpclient: a line, and with --json a document. */
int fail_with(const struct options *options, const char *status,
              const char *message)
{
    flush_output();
    put_program_name();
    put_text(stderr, message);
    fputc('\n', stderr);
    if (options->json) {
        printf("{\"ok\":false");
        put_json_member("status", status);
        put_json_member("message", message);
        printf("}\n");
    }
    return FAILED;
}

/* Returns the thread's last error, after the option that it is about, for
 * free(). */
static char *error_text(const char *option)
{
    char *message = with_options(mcp_error_message(NULL)), *text = NULL;
    size_t size = 0;
    FILE *to = option != NULL ? open_memstream(&text, &size) : NULL;

    if (to == NULL)
        return message;
    fprintf(to, "%s: %s", option, message != NULL ? message : "");
    fclose(to);
    free(message);
    return text;
}

/* Prints the thread's last error: a line, and with --json a document.
 * Ctrl-C has no line: the person knows. */
int fail(const struct options *options)
{
    int is_ours =
        interrupted && mcp_error_status(NULL) == MCP_E_CANCELLED;
    const char *option = refused_option();

    flush_output();
    if (!is_ours) {
        put_program_name();
        if (option != NULL)
            fprintf(stderr, "%s: ", option);
        put_error(stderr);
    }
    if (options->json) {
        char *message = error_text(option);

        printf("{\"ok\":false");
        put_json_member("status", mcp_status_name(mcp_error_status(NULL)));
        put_json_member("message", message);
        free(message);
        printf(",\"httpStatus\":%d", (int)mcp_error_http_status(NULL));
        printf(",\"rpcCode\":%d", (int)mcp_error_rpc_code(NULL));
        printf(",\"retryAfterMs\":%d", (int)mcp_error_retry_after(NULL));
        printf(",\"exitStatus\":%d", (int)mcp_error_exit_status(NULL));
        printf(",\"mayHaveRun\":%s}\n",
               mcp_error_may_have_run(NULL) ? "true" : "false");
    }
    return is_ours ? INTERRUPTED : FAILED;
}
