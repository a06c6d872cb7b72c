#include "floor_json.h"

#include <string.h>

size_t unescaped(char *from, const char *end)
{
    char *start = from, *to = from, *quote = memchr(from, '"', (size_t)(end - from)), *slash;

    while ((slash = memchr(from, '\\', (size_t)(quote - from))) != NULL) {
        memmove(to, from, (size_t)(slash - from));
        to += slash - from;
        *to++ = slash[1] == 'n' ? '\n' : slash[1];
        from = slash + 2;
        if (slash + 1 == quote)
            quote = memchr(from, '"', (size_t)(end - from));
    }
    memmove(to, from, (size_t)(quote - from));
    to += quote - from;
    *to = '\0';
    return (size_t)(to - start);
}
