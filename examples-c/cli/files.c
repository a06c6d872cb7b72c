/* The file of -o: what was there stays until all of the new is written. */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* Gives the file to replace, with its mode, links followed; NULL for what is
 * written in place: a device, a pipe, and a file whose owner or other names a
 * new file would not have. */
static char *replaced(const char *path, mode_t *mode)
{
    struct stat status;
    char *target = realpath(path, NULL);

    if (target == NULL) {
        mode_t mask = umask(0);

        umask(mask);
        *mode = 0666 & ~mask;
        return lstat(path, &status) != 0 && errno == ENOENT ? strdup(path)
                                                            : NULL;
    }
    if (stat(target, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_nlink == 1 && status.st_uid == geteuid()) {
        *mode = status.st_mode & 0777;
        return target;
    }
    free(target);
    return NULL;
}

/* Opens a new file beside the one that it is to replace. */
static FILE *open_beside(struct output *output, mode_t mode)
{
    static const char ending[] = ".XXXXXX";
    size_t length = strlen(output->target);
    int file;

    output->beside = malloc(length + sizeof ending);
    if (output->beside == NULL)
        return NULL;
    memcpy(output->beside, output->target, length);
    memcpy(output->beside + length, ending, sizeof ending);
    file = mkstemp(output->beside);
    if (file < 0)
        return NULL;
    fchmod(file, mode);
    return fdopen(file, "wb");
}

static void forget_output(struct output *output)
{
    free(output->target);
    free(output->beside);
    output->target = output->beside = NULL;
}

int open_output(struct output *output, const char *path)
{
    mode_t mode = 0;

    output->to = NULL;
    output->beside = NULL;
    output->target = replaced(path, &mode);
    if (output->target != NULL)
        output->to = open_beside(output, mode);
    if (output->to == NULL) {
        forget_output(output);
        output->to = fopen(path, "wb");
    }
    is_polite = output->target != NULL; /* Ctrl-C leaves nothing beside it */
    return output->to != NULL;
}

int close_output(struct output *output)
{
    int is_good = fflush(output->to) == 0 && ferror(output->to) == 0;
    int why = errno;

    if (fclose(output->to) != 0 && is_good) {
        is_good = 0;
        why = errno;
    }
    if (is_good && output->target != NULL &&
        rename(output->beside, output->target) != 0) {
        is_good = 0;
        why = errno;
    }
    if (!is_good && output->target != NULL)
        unlink(output->beside);
    forget_output(output);
    is_polite = 0;
    errno = why;
    return is_good;
}
