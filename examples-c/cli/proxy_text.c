/* Texts that grow, for `mcpclient proxy`. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "proxy.h"

enum { FIRST_CAPACITY = 512 };

static void *check_memory(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "mcpclient: out of memory\n");
        exit(FAILED);
    }
    return memory;
}

void *allocate_zeroed(size_t size)
{
    return check_memory(calloc(1, size));
}

char *copy_text(struct text of)
{
    char *copy = (char *)allocate_zeroed(of.length + 1);

    if (of.length > 0)
        memcpy(copy, of.at, of.length);
    return copy;
}

static void reserve(struct buffer *to, size_t more)
{
    size_t capacity = to->capacity > 0 ? to->capacity : FIRST_CAPACITY;

    if (to->capacity - to->length >= more)
        return;
    while (capacity - to->length < more)
        capacity *= 2;
    to->data = (char *)check_memory(realloc(to->data, capacity));
    to->capacity = capacity;
}

void add_bytes(struct buffer *to, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    reserve(to, length);
    memcpy(to->data + to->length, bytes, length);
    to->length += length;
}

void add(struct buffer *to, const char *text)
{
    add_bytes(to, text, strlen(text));
}

void add_text(struct buffer *to, struct text text)
{
    add_bytes(to, text.at, text.length);
}

/* Adds JSON on one line: in valid JSON, line breaks are only white space. */
void add_json(struct buffer *to, const char *json, size_t length)
{
    size_t from = to->length;
    char *at, *end;

    add_bytes(to, json, length);
    if (length == 0)
        return;
    at = to->data + from;
    end = at + length;
    while ((at = (char *)memchr(at, '\n', (size_t)(end - at))) != NULL)
        *at = ' ';
    at = to->data + from;
    while ((at = (char *)memchr(at, '\r', (size_t)(end - at))) != NULL)
        *at = ' ';
}

/* Adds a text as a JSON string; NULL is "". */
void add_string(struct buffer *to, const char *text)
{
    add(to, "\"");
    for (; text != NULL && *text != '\0'; text++) {
        size_t plain = strcspn(text, "\"\\\x01\x02\x03\x04\x05\x06\x07\x08"
                                     "\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11"
                                     "\x12\x13\x14\x15\x16\x17\x18\x19\x1a"
                                     "\x1b\x1c\x1d\x1e\x1f");
        char escape[12];

        add_bytes(to, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        if (*text == '"' || *text == '\\')
            snprintf(escape, sizeof escape, "\\%c", *text);
        else
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)*text);
        add(to, escape);
    }
    add(to, "\"");
}

void add_number(struct buffer *to, unsigned long number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%lu", number);
    add(to, digits);
}

/* Returns the text with a NUL at its end, which does not count. */
const char *add_end(struct buffer *to)
{
    reserve(to, 1);
    to->data[to->length] = '\0';
    return to->data;
}

void empty(struct buffer *of)
{
    free(of->data);
    memset(of, 0, sizeof *of);
}
