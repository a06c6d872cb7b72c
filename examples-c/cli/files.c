/* The file of -o.  The old file stays until the new one is complete. */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* If one of these signals ends the program, the new file is removed. */
static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ};
enum { ENDINGS = sizeof endings / sizeof *endings };

static struct sigaction before[ENDINGS];
static const char *volatile unfinished;

static void on_end(int number)
{
    const char *path = unfinished;

    if (path != NULL)
        unlink(path);
    if (number == SIGINT)
        _exit(INTERRUPTED);
    raise(number); /* ends the program as usual, after this handler */
}

static void handle_endings(void)
{
    struct sigaction action;
    int i;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_end;
    action.sa_flags = SA_RESETHAND;
    for (i = 0; i < ENDINGS; i++) {
        sigaction(endings[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(endings[i], &action, NULL);
    }
}

static void restore_endings(void)
{
    int i;

    unfinished = NULL;
    for (i = 0; i < ENDINGS; i++)
        sigaction(endings[i], &before[i], NULL);
}

/* Returns the path of the file to replace, with links followed, and its mode.
 * Returns NULL for a file that is written in place: a device, a pipe, a file
 * without write permission, and one that has another owner or more hard links,
 * which a new file would lose. */
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
        status.st_nlink == 1 && status.st_uid == geteuid() &&
        faccessat(AT_FDCWD, target, W_OK, AT_EACCESS) == 0) {
        *mode = status.st_mode & 0777;
        return target;
    }
    free(target);
    return NULL;
}

/* Opens a new file in the folder of the old one.  The name is short, because
 * the old name may have the maximum length already. */
static FILE *open_beside(struct output *output, mode_t mode)
{
    static const char name[] = ".mcp-XXXXXX";
    const char *slash = strrchr(output->target, '/');
    size_t length = slash != NULL ? (size_t)(slash - output->target) + 1 : 0;
    FILE *to;
    int file, why;

    output->beside = malloc(length + sizeof name);
    if (output->beside == NULL)
        return NULL;
    memcpy(output->beside, output->target, length);
    memcpy(output->beside + length, name, sizeof name);
    file = mkstemp(output->beside);
    if (file < 0)
        return NULL;
    unfinished = output->beside;
    fchmod(file, mode);
    to = fdopen(file, "wb");
    if (to == NULL) {
        why = errno;
        close(file);
        unlink(output->beside);
        errno = why;
    }
    return to;
}

static void forget_output(struct output *output)
{
    if (output->target != NULL)
        restore_endings();
    free(output->target);
    free(output->beside);
    output->target = output->beside = NULL;
}

int open_output(struct output *output, const char *path)
{
    mode_t mode = 0;
    int why;

    output->to = NULL;
    output->beside = NULL;
    output->target = replaced(path, &mode);
    if (output->target == NULL) {
        output->to = fopen(path, "wb");
        return output->to != NULL;
    }
    handle_endings();
    output->to = open_beside(output, mode);
    if (output->to == NULL) {
        why = errno;
        forget_output(output);
        /* The folder allows no new file, so write in place.  On a full disk
         * the old file stays as it is. */
        if (why == EACCES || why == EPERM || why == EROFS)
            output->to = fopen(path, "wb");
        else
            errno = why;
    }
    return output->to != NULL;
}

int close_output(struct output *output)
{
    int why = errno; /* of an earlier write that failed */
    int is_good = !ferror(output->to);

    if (fflush(output->to) != 0 && is_good) {
        is_good = 0;
        why = errno;
    }
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
    errno = why;
    return is_good;
}
