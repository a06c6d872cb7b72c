/* Reads JSON text in place: what passes through the proxy stays as it was
 * written, and a large message is read once. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "proxy.h"

enum { MOST_DEPTH = 512 }; /* as in the library */

static void skip_blanks(struct reader *of)
{
    while (of->at < of->end && (*of->at == ' ' || *of->at == '\t' ||
                                *of->at == '\n' || *of->at == '\r'))
        of->at++;
}

static int peek(const struct reader *of)
{
    return of->at < of->end ? (unsigned char)*of->at : -1;
}

static int is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* Skips one character of more than one byte: UTF-8 as in RFC 3629. */
static int skip_wide(struct reader *of)
{
    const unsigned char *at = (const unsigned char *)of->at;
    size_t left = (size_t)(of->end - of->at);
    int more = at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : 1;
    int i;

    if (at[0] < 0xC2 || at[0] > 0xF4 || left < (size_t)more + 1)
        return 0;
    for (i = 1; i <= more; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) ||
        (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F))
        return 0;
    of->at += more + 1;
    return 1;
}

static int skip_escape(struct reader *of)
{
    int i, c = peek(of);

    if (c == -1 || strchr("\"\\/bfnrtu", c) == NULL || c == 0)
        return 0;
    of->at++;
    for (i = 0; c == 'u' && i < 4; i++) {
        int digit = peek(of);

        if (!is_digit(digit) && !(digit >= 'a' && digit <= 'f') &&
            !(digit >= 'A' && digit <= 'F'))
            return 0;
        of->at++;
    }
    return 1;
}

static int skip_string(struct reader *of)
{
    if (peek(of) != '"')
        return 0;
    of->at++;
    for (;;) {
        int c = peek(of);

        if (c < 0x20)
            return 0;
        if (c >= 0x80) {
            if (!skip_wide(of))
                return 0;
            continue;
        }
        of->at++;
        if (c == '"')
            return 1;
        if (c == '\\' && !skip_escape(of))
            return 0;
    }
}

static int skip_digits(struct reader *of)
{
    const char *from = of->at;

    while (is_digit(peek(of)))
        of->at++;
    return of->at > from;
}

static int skip_number(struct reader *of)
{
    if (peek(of) == '-')
        of->at++;
    if (peek(of) == '0')
        of->at++;
    else if (!skip_digits(of))
        return 0;
    if (peek(of) == '.') {
        of->at++;
        if (!skip_digits(of))
            return 0;
    }
    if (peek(of) == 'e' || peek(of) == 'E') {
        of->at++;
        if (peek(of) == '+' || peek(of) == '-')
            of->at++;
        return skip_digits(of);
    }
    return 1;
}

static int skip_word(struct reader *of, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(of->end - of->at) < length ||
        memcmp(of->at, word, length) != 0)
        return 0;
    of->at += length;
    return 1;
}

static int skip_scalar(struct reader *of)
{
    switch (peek(of)) {
    case '"':
        return skip_string(of);
    case 't':
        return skip_word(of, "true");
    case 'f':
        return skip_word(of, "false");
    case 'n':
        return skip_word(of, "null");
    default:
        return skip_number(of);
    }
}

/* Skips the name of a member and the colon after it. */
static int skip_name(struct reader *of)
{
    skip_blanks(of);
    if (!skip_string(of))
        return 0;
    skip_blanks(of);
    if (peek(of) != ':')
        return 0;
    of->at++;
    return 1;
}

/* Skips one value of any depth, without recursion. */
static int skip_value(struct reader *of)
{
    char closers[MOST_DEPTH];
    int depth = 0;

    for (;;) {
        int c;

        skip_blanks(of);
        c = peek(of);
        if (c == '{' || c == '[') {
            if (depth == MOST_DEPTH)
                return 0;
            of->at++;
            closers[depth++] = c == '{' ? '}' : ']';
            skip_blanks(of);
            if (peek(of) != closers[depth - 1]) {
                if (c == '{' && !skip_name(of))
                    return 0;
                continue; /* with the first value in it */
            }
        } else if (!skip_scalar(of)) {
            return 0;
        }
        for (;;) { /* after a value */
            if (depth == 0)
                return 1;
            skip_blanks(of);
            c = peek(of);
            if (c == closers[depth - 1]) {
                of->at++;
                depth--;
            } else if (c == ',') {
                of->at++;
                if (closers[depth - 1] == '}' && !skip_name(of))
                    return 0;
                break; /* to the next value */
            } else {
                return 0;
            }
        }
    }
}

/* Returns 1 for valid JSON. */
int check_json(struct text json)
{
    struct reader reader;

    reader.at = json.at;
    reader.end = json.at + json.length;
    if (!skip_value(&reader))
        return 0;
    skip_blanks(&reader);
    return reader.at == reader.end;
}

/* Returns a line without the white space around it. */
struct text cut_json(const char *at, size_t length)
{
    struct reader reader;
    struct text cut;

    reader.at = at;
    reader.end = at + length;
    skip_blanks(&reader);
    while (reader.end > reader.at &&
           strchr(" \t\r\n", reader.end[-1]) != NULL && reader.end[-1] != 0)
        reader.end--;
    cut.at = reader.at;
    cut.length = (size_t)(reader.end - reader.at);
    return cut;
}

static int begin(struct reader *of, struct text value, char opener)
{
    of->at = value.at;
    of->end = value.at + value.length;
    if (value.at == NULL || value.length == 0 || *value.at != opener)
        return 0;
    of->at++;
    return 1;
}

/* Returns 0 if the value is no object. */
int begin_members(struct reader *of, struct text object)
{
    return begin(of, object, '{');
}

int begin_elements(struct reader *of, struct text array)
{
    return begin(of, array, '[');
}

int next_element(struct reader *of, struct text *element)
{
    skip_blanks(of);
    if (peek(of) == ',')
        of->at++;
    skip_blanks(of);
    element->at = of->at;
    if (peek(of) == ']' || peek(of) == '}' || !skip_value(of))
        return 0;
    element->length = (size_t)(of->at - element->at);
    return 1;
}

/* Returns 0 also for a value that is no array. */
size_t count_elements(struct text array)
{
    struct reader reader;
    struct text element;
    size_t count = 0;

    if (begin_elements(&reader, array))
        while (next_element(&reader, &element))
            count++;
    return count;
}

/* `name` is without its quotes, and with its escapes. */
int next_member(struct reader *of, struct text *name, struct text *value)
{
    skip_blanks(of);
    if (peek(of) == ',')
        of->at++;
    skip_blanks(of);
    name->at = of->at + 1;
    if (!skip_string(of))
        return 0;
    name->length = (size_t)(of->at - name->at) - 1;
    skip_blanks(of);
    if (peek(of) != ':')
        return 0;
    of->at++;
    return next_element(of, value);
}

int is_text(struct text text, const char *other)
{
    return text.at != NULL && text.length == strlen(other) &&
           memcmp(text.at, other, text.length) == 0;
}

int is_same(struct text a, struct text b)
{
    return a.at != NULL && b.at != NULL && a.length == b.length &&
           memcmp(a.at, b.at, a.length) == 0;
}

/* Returns the value of the last member of this name, as parsers do. */
struct text find_member(struct text object, const char *name)
{
    struct text found = {NULL, 0}, key, value;
    struct reader reader;

    if (begin_members(&reader, object))
        while (next_member(&reader, &key, &value))
            if (is_text(key, name))
                found = value;
    return found;
}

/* Returns the characters of a JSON string, to free; NULL if it is no string,
 * or has a NUL or half of a surrogate pair. */
char *decode_string(struct text string)
{
    char *decoded = NULL;
    mcp_json *json;
    const char *text;
    size_t length;

    if (string.at == NULL || string.length < 2 || *string.at != '"')
        return NULL;
    if (memchr(string.at, '\\', string.length) == NULL) {
        string.at++;
        string.length -= 2;
        return copy_text(string);
    }
    json = mcp_json_parse(string.at, string.length);
    text = mcp_json_string(json, &length);
    if (text != NULL && strlen(text) == length) {
        string.at = text;
        string.length = length;
        decoded = copy_text(string);
    }
    mcp_json_free(json);
    return decoded;
}

/* Finds the id in the beginning of a message that is not whole. */
struct text partial_id(struct text beginning)
{
    struct text found = {NULL, 0}, name, value;
    struct reader reader;

    if (begin_members(&reader, beginning))
        while (next_member(&reader, &name, &value))
            if (is_text(name, "id") && value.at + value.length < reader.end)
                found = value;
    return found;
}
