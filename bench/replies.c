#include "replies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct reply *all;

/* Reads a file; NULL if there is none. */
static char *contents(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *bytes;

    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*length + 1);
    *length = fread(bytes, 1, *length, file);
    bytes[*length] = '\0';
    fclose(file);
    return bytes;
}

static struct reply *load(const char *folder, const char *name)
{
    struct reply *reply;
    char path[512], *bytes, *at, *start, *end;
    size_t length;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    bytes = contents(path, &length);
    if (bytes == NULL)
        return NULL;
    end = bytes + length;
    reply = calloc(1, sizeof *reply);
    snprintf(reply->name, sizeof reply->name, "%s", name);
    reply->length = strtoul(bytes, &at, 10);
    reply->base = (int)strtoul(at, &at, 10);
    start = ++at;
    for (; at <= end; at++) {
        if (at < end && (unsigned char)*at > LENGTH_HOLE)
            continue;
        if (reply->count == PIECES) {
            fprintf(stderr, "%s: too many holes\n", name);
            exit(1);
        }
        reply->pieces[reply->count].before.bytes = start;
        reply->pieces[reply->count].before.length = (size_t)(at - start);
        reply->pieces[reply->count].hole = at < end ? (enum hole)*at : NO_HOLE;
        reply->count++;
        start = at + 1;
    }
    return reply;
}

struct reply *find_reply(const char *folder, const char *path, const char *request)
{
    struct reply *reply;
    char name[64];

    snprintf(name, sizeof name, "%s.%s", path, request);
    for (reply = all; reply != NULL; reply = reply->next)
        if (strcmp(reply->name, name) == 0)
            return reply;
    reply = load(folder, name);
    if (reply != NULL) {
        reply->next = all;
        all = reply;
    }
    return reply;
}

int fill(const struct reply *reply, const struct values *values,
         struct iovec vectors[VECTORS], char digits[2 * DIGITS])
{
    struct text holes[LENGTH_HOLE + 1];
    size_t length = reply->length;
    int i, count = 0;

    memset(holes, 0, sizeof holes);
    holes[ID_HOLE] = values->id;
    holes[TOKEN_HOLE] = values->token;
    holes[PROGRESS_HOLE].bytes = digits;
    holes[PROGRESS_HOLE].length = (size_t)sprintf(digits, "%ld", values->progress);
    for (i = 0; i < reply->count; i++)
        length += holes[reply->pieces[i].hole].length;
    holes[LENGTH_HOLE].bytes = digits + DIGITS;
    holes[LENGTH_HOLE].length = (size_t)sprintf(
        digits + DIGITS, reply->base == 16 ? "%zx" : "%zu", length);
    for (i = 0; i < reply->count; i++) {
        struct text one = reply->pieces[i].before;

        vectors[count].iov_base = (char *)one.bytes;
        vectors[count++].iov_len = one.length;
        one = holes[reply->pieces[i].hole];
        vectors[count].iov_base = (char *)one.bytes;
        vectors[count++].iov_len = one.length;
    }
    return count;
}

struct text member(const char *text, const char *name)
{
    const char *found = strstr(text, name);
    struct text value = {"", 0};

    if (found != NULL) {
        value.bytes = found + strlen(name);
        value.length = strcspn(value.bytes, ",}");
    }
    return value;
}
