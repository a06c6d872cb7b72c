#ifndef FLOOR_JSON_H
#define FLOOR_JSON_H

#include <stddef.h>

/* Removes the escapes \n and \" from the text at `from`, in place, and returns its
 * length. */
size_t unescaped(char *from, const char *end);

#endif
