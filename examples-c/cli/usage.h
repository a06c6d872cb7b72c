/* The tables of commands and options.  The parser, the help, the completions
 * and the manual are made from them. */
#ifndef USAGE_H
#define USAGE_H

#include <stddef.h>

#include <mcpclient_draft.h>

enum { ANY_NUMBER = 1 << 20 };

struct options;

/* What names the server on the command line. */
enum takes {
    TAKES_SERVER, /* a URL, or one of a file, or a program */
    TAKES_URL,    /* a URL, or one of a file */
    TAKES_FILE,   /* a configuration file; there is no client */
    TAKES_NOTHING
};

/* A word that a value or an argument may be. */
struct choice {
    const char *name; /* NULL ends the list */
    int number;
    const char *other; /* the name that the specification has, or NULL */
};

struct command {
    const char *name;
    int (*run)(mcp_client *client, const struct options *options);
    enum takes takes;
    const char *words; /* the arguments after the server, as in the usage */
    int least_words, most_words;
    const struct choice *choices; /* what the first argument may be, or NULL */
    const char *line; /* for a list of commands */
    const char *text; /* sentences */
};

/* Chapters of the list of options. */
enum group {
    SERVER,
    TOKEN,
    OAUTH,
    WAYS_OUT,
    HTTP,
    PROGRAM,
    GENERAL,
    INFORMATION,
    GROUPS
};

/* What the value of an option is: how it is checked and completed. */
enum kind {
    A_FLAG, /* no value */
    A_TEXT,
    A_SECRET,
    A_FILE,
    A_FOLDER,
    A_SERVER,   /* a name in the configuration file */
    A_VARIABLE, /* the name of an environment variable */
    A_COUNT,
    A_TIME, /* seconds; kept in milliseconds */
    A_CHOICE,
    A_HEADER, /* repeatable */
    AN_ENTRY  /* NAME=VALUE or NAME; repeatable */
};

struct option_row {
    enum group group;
    const char *commands; /* those that have it; NULL: those of its group */
    char letter;          /* 0: none */
    const char *name;
    const char *argument; /* NULL: a flag */
    enum kind kind;
    const struct choice *choices; /* of A_CHOICE; else only suggestions */
    const char *line;             /* for a list of options */
    const char *text;             /* sentences */
};

enum {
#define OPTION(id, group, commands, letter, name, argument, kind, choices,     \
               line, text)                                                     \
    OPTION_##id,
#include "options.def"
#undef OPTION
    OPTIONS
};

extern const struct command commands[];
extern const size_t command_count;
extern const struct choice log_levels[];
extern const struct option_row option_table[OPTIONS];
extern const char *const group_titles[GROUPS];

const struct command *find_command(const char *name);
int find_option(const char *word, size_t length);
const char *spelling(int option);
const struct choice *find_choice(const struct choice *choices,
                                 const char *name);
const char *choice_name(const struct choice *choices, int number);
int applies(int option, const struct command *command);
int is_repeatable(int option);
const char *nearest_command(const char *word);
const char *nearest_option(const char *word);

/* help.c, manual.c */
void put_usage(void);
void put_usage_of(const struct command *command);
int put_manual(void);

#endif
