/* call -o DIR: saves the contents of a tool's result as files.  The server
 * chooses what a name begins with, and nothing else. */
#define _XOPEN_SOURCE 700

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

enum {
    MOST_NAME = 100,
    MOST_ENDING = 10,
    MOST_TRIES = 100,
    MOST_NUMBER = 1 << 28
};

/* Returns the ending of a media type's files, or "". */
static const char *ending_of(const char *type)
{
    static const char *const endings[][2] = {
        {"image/png", ".png"},        {"image/jpeg", ".jpg"},
        {"image/jpg", ".jpg"},        {"image/gif", ".gif"},
        {"image/webp", ".webp"},      {"image/svg+xml", ".svg"},
        {"image/bmp", ".bmp"},        {"image/tiff", ".tiff"},
        {"image/avif", ".avif"},      {"image/heic", ".heic"},
        {"image/x-icon", ".ico"},     {"audio/wav", ".wav"},
        {"audio/x-wav", ".wav"},      {"audio/wave", ".wav"},
        {"audio/mpeg", ".mp3"},       {"audio/mp3", ".mp3"},
        {"audio/ogg", ".ogg"},        {"audio/flac", ".flac"},
        {"audio/aac", ".aac"},        {"audio/mp4", ".m4a"},
        {"audio/webm", ".weba"},      {"video/mp4", ".mp4"},
        {"video/webm", ".webm"},      {"text/plain", ".txt"},
        {"text/html", ".html"},       {"text/css", ".css"},
        {"text/csv", ".csv"},         {"text/markdown", ".md"},
        {"text/xml", ".xml"},         {"text/javascript", ".js"},
        {"application/json", ".json"}, {"application/xml", ".xml"},
        {"application/pdf", ".pdf"},  {"application/zip", ".zip"},
        {"application/gzip", ".gz"},  {"application/yaml", ".yaml"},
        {"application/x-yaml", ".yaml"},
    };
    size_t i, length = type != NULL ? strcspn(type, "; \t") : 0;

    for (i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strlen(endings[i][0]) == length &&
            strncasecmp(type, endings[i][0], length) == 0)
            return endings[i][1];
    return length > 5 && strncasecmp(type, "text/", 5) == 0 ? ".txt" : "";
}

/* Returns the length of the character at the beginning of a text, if it is
 * UTF-8 and a reader can see it; otherwise 0. */
static size_t visible_length(const char *text)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text, *end;
    size_t i, length = *at >= 0xF0 ? 4 : *at >= 0xE0 ? 3 : 2;
    unsigned long code;

    if (*at < 0xC2 || *at > 0xF4)
        return 0;
    for (i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    end = at + length;
    code = next_character(&at, end);
    return code >= least[length] && code <= 0x10FFFF &&
                   (code < 0xD800 || code > 0xDFFF) && !is_hidden(code)
               ? length
               : 0;
}

/* Replaces %41 by A, and so on. */
static void decode_percents(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++) {
        char digits[3] = {0, 0, 0};

        if (*text == '%' && isxdigit((unsigned char)text[1]) &&
            isxdigit((unsigned char)text[2])) {
            digits[0] = *++text;
            digits[1] = *++text;
            *to = (char)strtol(digits, NULL, 16);
            if (*to == '\0')
                *to = '_';
            to++;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* Returns what follows the last separator, of those that end no text. */
static char *last_part(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && strchr("/\\", text[length - 1]) != NULL)
        text[--length] = '\0';
    while (length > 0 && strchr("/\\:", text[length - 1]) == NULL)
        length--;
    return text + length;
}

/* Makes the beginning of a file's name from an address: the last part of the
 * path, in letters, digits and few signs, without dots at its beginning.
 * `name` has room for MOST_NAME bytes and a NUL. */
static void name_of(char *name, const char *uri)
{
    char *copy = strdup(uri), *at;
    size_t length = 0;

    name[0] = '\0';
    if (copy == NULL)
        return;
    copy[strcspn(copy, "?#")] = '\0';
    at = last_part(copy);
    decode_percents(at);
    at = last_part(at);
    at += strspn(at, ".-~ ");
    while (*at != '\0') {
        size_t bytes = isalnum((unsigned char)*at) ||
                               strchr("._-+@,=", *at) != NULL
                           ? 1
                           : visible_length(at);

        if (length + (bytes > 0 ? bytes : 1) > MOST_NAME)
            break;
        if (bytes == 0 && (length == 0 || name[length - 1] != '_'))
            name[length++] = '_';
        memcpy(name + length, at, bytes);
        length += bytes;
        at += bytes > 0 ? bytes : 1;
    }
    while (length > 0 && name[length - 1] == '.')
        length--;
    name[length] = '\0';
    free(copy);
}

/* Returns the ending of a name; or "". */
static const char *ending_in(const char *name)
{
    const char *dot = strrchr(name, '.'), *at;

    if (dot == NULL || dot == name || strlen(dot) > MOST_ENDING ||
        dot[1] == '\0')
        return "";
    for (at = dot + 1; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at))
            return "";
    return dot;
}

/* A path with a number: the first file has none. */
struct numbered {
    char *path;
    size_t size, length; /* `length`: of the folder and the name */
    const char *ending;
};

static void set_number(struct numbered *file, long number)
{
    char *at = file->path + file->length;

    if (number == 1)
        snprintf(at, file->size - file->length, "%s", file->ending);
    else
        snprintf(at, file->size - file->length, "-%ld%s", number,
                 file->ending);
}

static int is_taken(struct numbered *file, long number)
{
    struct stat status;

    set_number(file, number);
    return lstat(file->path, &status) == 0;
}

/* Takes a number whose file does not exist.  A server may give one name to
 * thousands of contents, so the search does not try each number. */
static void take_number(struct numbered *file)
{
    long taken = 0, vacant = 1;

    while (vacant < MOST_NUMBER && is_taken(file, vacant)) {
        taken = vacant;
        vacant *= 2;
    }
    while (vacant - taken > 1) {
        long middle = taken + (vacant - taken) / 2;

        if (is_taken(file, middle))
            taken = middle;
        else
            vacant = middle;
    }
    set_number(file, vacant);
}

/* Opens a new file in the folder.  If there is a file of this name, the new
 * one gets a number.  Returns its path, or NULL. */
static char *open_in(struct output *output, const char *folder,
                     const char *name, const char *ending)
{
    size_t slash = folder[strlen(folder) - 1] == '/' ? 0 : 1;
    struct numbered file;
    int tries;

    file.ending = ending;
    file.length = strlen(folder) + slash + strlen(name);
    file.size = file.length + strlen(ending) + 24;
    file.path = (char *)malloc(file.size);
    if (file.path == NULL)
        return NULL;
    snprintf(file.path, file.size, "%s%.*s%s", folder, (int)slash, "/", name);
    /* Another program may take the number first. */
    for (tries = 0; tries < MOST_TRIES; tries++) {
        take_number(&file);
        if (open_new_output(output, file.path))
            return file.path;
        if (errno != EEXIST)
            break;
    }
    free(file.path);
    return NULL;
}

static const char *noun_of(int32_t kind)
{
    return kind == MCP_CONTENT_IMAGE   ? "image"
           : kind == MCP_CONTENT_AUDIO ? "audio"
                                       : "resource";
}

/* Saves bytes; returns the path, or NULL with errno. */
static char *save(const mcp_content *content, size_t number,
                  const void *bytes, size_t length, const char *folder)
{
    char name[MOST_NAME + 1] = "", ending[MOST_ENDING + 1];
    const char *uri = mcp_resource_uri(mcp_content_resource(content));
    const char *found;
    struct output output;
    char *path;

    if (uri != NULL)
        name_of(name, uri);
    found = ending_in(name);
    if (found[0] == '\0')
        strcpy(ending, ending_of(mcp_content_mime_type(content)));
    else
        strcpy(ending, found);
    name[strlen(name) - strlen(found)] = '\0';
    if (name[0] == '\0') {
        snprintf(name, sizeof name, "%s-%lu",
                 noun_of(mcp_content_kind(content)), (unsigned long)number);
        if (ending[0] == '\0')
            strcpy(ending, mcp_content_text(content, NULL) != NULL ? ".txt"
                                                                  : ".bin");
    }
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return NULL;
    path = open_in(&output, folder, name, ending);
    if (path == NULL)
        return NULL;
    fwrite(bytes, 1, length, output.to);
    if (close_output(&output))
        return path;
    free(path);
    return NULL;
}

/* Says why a content is not saved.  Returns FAILED. */
static int put_reason(const mcp_content *content, size_t number,
                      const char *folder, int why)
{
    flush_output();
    put_program_name();
    if (why != 0) {
        fprintf(stderr, "-o %s: %s\n", folder, strerror(why));
        return FAILED;
    }
    fprintf(stderr, "content %lu is not saved: the %s has no data that is "
            "base64\n", (unsigned long)number,
            noun_of(mcp_content_kind(content)));
    return FAILED;
}

/* Writes the contents as put_contents() does, and saves those that are no
 * plain text. */
int save_contents(FILE *to, const mcp_result *result, const char *folder)
{
    size_t i, length;
    int status = SUCCESS;

    for (i = 0; i < mcp_result_content_count(result); i++) {
        const mcp_content *content = mcp_result_content(result, i);
        int32_t kind = mcp_content_kind(content);
        const void *bytes = mcp_content_text(content, &length);
        char *path = NULL;

        if (kind == MCP_CONTENT_IMAGE || kind == MCP_CONTENT_AUDIO ||
            kind == MCP_CONTENT_RESOURCE) {
            if (bytes == NULL)
                bytes = mcp_content_data(content, &length);
            if (bytes != NULL)
                path = save(content, i + 1, bytes, length, folder);
            if (path == NULL)
                status = put_reason(content, i + 1, folder,
                                    bytes != NULL ? errno : 0);
        }
        put_content(to, content, path);
        free(path);
    }
    return status;
}

/* Checks a folder before the tool is called.  It need not exist yet. */
int check_folder(const char *folder)
{
    struct stat status;
    const char *slash = strrchr(folder, '/');
    char *parent;
    int why = 0;

    if (stat(folder, &status) == 0) {
        if (!S_ISDIR(status.st_mode))
            why = ENOTDIR;
        else if (access(folder, W_OK | X_OK) != 0)
            why = errno;
    } else if (errno != ENOENT) {
        why = errno;
    } else {
        parent = slash == NULL ? strdup(".") : strdup(folder);
        if (parent != NULL && slash != NULL)
            parent[slash > folder ? slash - folder : 1] = '\0';
        if (parent != NULL && access(parent, W_OK | X_OK) != 0)
            why = errno;
        free(parent);
    }
    if (why == 0)
        return SUCCESS;
    put_program_name();
    fprintf(stderr, "-o %s: %s; call saves into a folder\n", folder,
            strerror(why));
    return FAILED;
}
