/* Says what the command waits for, if the server is not connected soon: a first
 * start of npx or uvx downloads a package. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { MOST_PACKAGE = 200 };

/* Programs that download what they start. */
static const struct launcher {
    const char *name;
    const char *verb; /* the first argument, or NULL for any */
    const char *loads;
} launchers[] = {
    {"npx", NULL, "the package"},      {"bunx", NULL, "the package"},
    {"pnpx", NULL, "the package"},     {"uvx", NULL, "the package"},
    {"pipx", "run", "the package"},    {"npm", "exec", "the package"},
    {"npm", "x", "the package"},       {"pnpm", "dlx", "the package"},
    {"yarn", "dlx", "the package"},    {"bun", "x", "the package"},
    {"uv", "run", "the packages"},     {"uv", "tool", "the package"},
    {"deno", "run", "the packages"},   {"docker", "run", "the image"},
    {"podman", "run", "the image"},    {"nix", "run", "the package"},
    {"go", "run", "the packages"},     {"dnx", NULL, "the package"},
};

/* Returns the name of a program without its folder. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static const struct launcher *launcher_of(char **program)
{
    const char *name = base_name(program[0]);
    size_t i;

    for (i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        const struct launcher *one = &launchers[i];

        if (strcmp(one->name, name) == 0 &&
            (one->verb == NULL || program[1] == NULL ||
             strcmp(one->verb, program[1]) == 0))
            return one;
    }
    return NULL;
}

/* Returns the package of npx and its like, the first word that is no option.
 * Other words may be secrets and are not shown. */
static const char *package_of(char **program)
{
    char **word = program + 1;

    while (*word != NULL && **word == '-') {
        const char *option = *word++;

        if (*word != NULL &&
            (strcmp(option, "--from") == 0 || strcmp(option, "-p") == 0 ||
             strcmp(option, "--package") == 0))
            return *word;
    }
    return *word;
}

static void put_program(char **program)
{
    const struct launcher *launcher = launcher_of(program);
    const char *package =
        launcher != NULL && launcher->verb == NULL ? package_of(program) : NULL;

    put_word(stderr, base_name(program[0]));
    if (launcher != NULL && launcher->verb != NULL && program[1] != NULL)
        fprintf(stderr, " %s", launcher->verb);
    if (package != NULL && strlen(package) <= MOST_PACKAGE) {
        fputc(' ', stderr);
        put_word(stderr, package);
    }
    if (launcher != NULL)
        fprintf(stderr, " to start; a first start downloads %s\n",
                launcher->loads);
    else
        fputs(" to answer server/discover or initialize\n", stderr);
}

/* For a person at a terminal, and with -v. */
void put_waiting(const struct options *options)
{
    char *program[2];

    if ((!isatty(2) && !options->verbose) || is_of_sign_in(options->command))
        return;
    program[0] = (char *)server_command();
    program[1] = NULL;
    put_program_name();
    fputs("waiting for ", stderr);
    if (options->is_stdio || program[0] != NULL) {
        put_program(options->is_stdio ? options->program : program);
    } else {
        put_word(stderr, server_name(options));
        fputs(" to answer server/discover or initialize\n", stderr);
    }
}
