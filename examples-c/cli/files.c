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

/* Returns the path of the file to replace, with links followed, and its mode
 * and group.  Returns NULL for a file that is written in place: a device, a
 * pipe, a file without write permission, and one that has another owner or
 * more hard links, which a new file would lose. */
static char *replaced(const char *path, struct stat *old)
{
    char *target = realpath(path, NULL);

    if (target == NULL) {
        mode_t mask = umask(0);

        umask(mask);
        if (lstat(path, old) == 0 || errno != ENOENT)
            return NULL;
        old->st_mode = 0666 & ~mask;
        old->st_gid = (gid_t)-1;
        return strdup(path);
    }
    if (stat(target, old) == 0 && S_ISREG(old->st_mode) &&
        old->st_nlink == 1 && old->st_uid == geteuid() &&
        faccessat(AT_FDCWD, target, W_OK, AT_EACCESS) == 0)
        return target;
    free(target);
    return NULL;
}

/* Gives a new file the mode and the group of the old one. */
static int set_owner(int file, const struct stat *old)
{
    struct stat status;

    if (old->st_gid != (gid_t)-1 && fstat(file, &status) == 0 &&
        status.st_gid != old->st_gid &&
        fchown(file, (uid_t)-1, old->st_gid) != 0)
        return 0;
    return fchmod(file, old->st_mode & 0777) == 0;
}

/* Opens a new file in the folder of the old one.  The name is short, because
 * the old name may have the maximum length already. */
static FILE *open_beside(struct output *output, const struct stat *old)
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
    to = set_owner(file, old) ? fdopen(file, "wb") : NULL;
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
    if (output->target != NULL || output->beside != NULL)
        restore_endings();
    free(output->target);
    free(output->beside);
    output->target = output->beside = NULL;
}

/* Returns the descriptor that a path stands for: "-" and /dev/stdout for
 * standard output, /dev/fd/N; or -1.  It is written as it is: what it has
 * already stays before the new bytes. */
static int descriptor_of(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    size_t i;

    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
        return 1;
    if (strcmp(path, "/dev/stderr") == 0)
        return 2;
    for (i = 0; i < sizeof folders / sizeof *folders; i++) {
        size_t length = strlen(folders[i]);
        char *end;
        long number;

        if (strncmp(path, folders[i], length) != 0)
            continue;
        number = strtol(path + length, &end, 10);
        if (end > path + length && *end == '\0' && number >= 0 &&
            number <= 65535)
            return (int)number;
    }
    return -1;
}

/* Opens a file that does not exist yet; one that exists is EEXIST. */
int open_new_output(struct output *output, const char *path)
{
    int file, why;

    output->to = NULL;
    output->target = NULL;
    output->beside = strdup(path);
    if (output->beside == NULL)
        return 0;
    handle_endings();
    file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) {
        unfinished = output->beside;
        output->to = fdopen(file, "wb");
    }
    if (output->to == NULL) {
        why = errno;
        if (file >= 0) {
            close(file);
            unlink(path);
        }
        forget_output(output);
        errno = why;
    }
    return output->to != NULL;
}

static int open_descriptor(struct output *output, int file)
{
    flush_output();
    file = dup(file);
    output->to = file >= 0 ? fdopen(file, "wb") : NULL;
    return output->to != NULL;
}

int open_output(struct output *output, const char *path)
{
    struct stat old;
    int why;

    output->to = NULL;
    output->beside = output->target = NULL;
    if (descriptor_of(path) >= 0)
        return open_descriptor(output, descriptor_of(path));
    output->target = replaced(path, &old);
    if (output->target == NULL) {
        output->to = fopen(path, "wb");
        return output->to != NULL;
    }
    handle_endings();
    output->to = open_beside(output, &old);
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
    if (!is_good && output->beside != NULL)
        unlink(output->beside);
    forget_output(output);
    errno = why;
    return is_good;
}
