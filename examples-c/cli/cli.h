/* Declarations for all files of the command-line client. */
#ifndef CLI_H
#define CLI_H

#include <signal.h>
#include <stdio.h>

#include <mcpclient.h>

#include "usage.h"

enum { SUCCESS = 0, FAILED = 1, BAD_USAGE = 2, INTERRUPTED = 130 };
enum { NOT_CHOSEN = -1 };

/* An option of the command line; `value` is a copy, NULL for a flag. */
struct given {
    int option; /* OPTION_... */
    char *value;
};

struct options {
    const struct command *command;
    /* The server: exactly one of url, --config and is_stdio. */
    const char *url;
    int is_stdio; /* program: its arguments, with a NULL at the end */
    char **program;
    char **all_words;
    char **words; /* the command's arguments, after the URL */
    int word_count;
    const char *value[OPTIONS]; /* the last one given; "": a flag; or NULL */
    long number[OPTIONS];       /* of a count, a time or a choice; else 0 */
    struct given *given;        /* all, for those that are repeatable */
    int given_count;
    char *token;
    char *client_key; /* the contents of the file */
    int wants_oauth;
    int json;
    int verbose;
};

/* main.c: Ctrl-C fires `interrupt`, which ends all requests. */
extern mcp_cancel *interrupt;
extern volatile sig_atomic_t interrupted;

/* options.c */
#ifdef __GNUC__
__attribute__((format(printf, 1, 2)))
#endif
int bad_usage(const char *format, ...);
int parse(struct options *options, int argc, char **argv);
int inform(int argc, char **argv, int *status);
void forget(struct options *options);
void wipe(char *text);
int is_of_sign_in(const struct command *command);
int grant_of(const struct options *of);
void hint_at_program(const struct options *options);

/* server.c: returns NULL on failure, with the last error set. */
mcp_client *make_client(const struct options *options);
const char *server_name(const struct options *options);
const char *server_command(void);
int32_t of_option(int option, int32_t status);
const char *refused_option(void);
void note_absence(mcp_client *client, size_t count, const char *capability,
                  const char *what);

/* sign_in.c */
int32_t set_auth(mcp_client *client, const struct options *options);
int put_sign_in_notice(const mcp_event *event);
int answer_input(void);
void read_answer(void);
void stop_reading(void);
void end_sign_in(void);
int login(mcp_client *client, const struct options *options);
int logout(mcp_client *client, const struct options *options);

/* output.c: these replace control characters, which a terminal would obey.
 * NULL is allowed: getters return it for what the server did not send. */
void put_text(FILE *to, const char *text);
void put_word(FILE *to, const char *text);
void put_content_text(FILE *to, const char *text, size_t length);
void put_words(FILE *to, const char *text, size_t length);
void put_json_text(const char *text);
void put_json_member(const char *name, const char *text);
void put_json(FILE *to, const char *json, size_t length);
int put_result_json(const mcp_result *result);
int flush_output(void);
void put_output_fault(int why);
void put_content(FILE *to, const mcp_content *content, const char *path);
void put_contents(FILE *to, const mcp_result *result);
void put_program_name(void);
int fail(const struct options *options);
int fail_with(const struct options *options, const char *status,
              const char *message);

unsigned long next_character(const unsigned char **at,
                             const unsigned char *end);
int is_hidden(unsigned long code);

/* layout.c: texts that fit the terminal. */
int terminal_width(void);
int columns_of(const char *text, size_t length);
void put_paragraphs(FILE *to, const char *text, int indent, int width);
void put_description(const char *text);
void put_labelled(const char *label, const char *text, int width);
void put_part(const char *text, int *column, int width);

/* messages.c: the library's messages, with options in place of functions. */
char *with_options(const char *message);
void put_message(FILE *to, const char *message);
void put_error(FILE *to);

/* files.c: a file to write; errno has the reason of a failure.  The old file
 * at `path` stays unchanged until close_output() replaces it. */
struct output {
    FILE *to;
    char *beside; /* the new file; NULL for one that is written in place */
    char *target; /* what it replaces; NULL if it stays where it is */
};

int open_output(struct output *output, const char *path);
int open_new_output(struct output *output, const char *path);
int close_output(struct output *output);

/* save.c: the contents of a tool's result, in files of a folder. */
int check_folder(const char *folder);
int save_contents(FILE *to, const mcp_result *result, const char *folder);

/* progress.c */
void show_progress(void *userdata, mcp_request *request,
                   const mcp_progress *progress);
void hide_progress(void);

/* waiting.c */
void put_waiting(const struct options *options);

/* perform.c: each of these frees the request.  On failure the last error is
 * that of the request. */
int32_t perform(mcp_client *client, const struct options *options,
                mcp_request *request, mcp_result **out);
int32_t perform_long(mcp_client *client, const struct options *options,
                     mcp_request *request, mcp_result **out);
int32_t perform_list(mcp_client *client, const struct options *options,
                     const char *method, mcp_result **out);
int32_t wait_for(mcp_client *client, const struct options *options);
void expect_a_person(void);

/* arguments.c: makes a JSON object of JSON or of key=value words.  Returns
 * NULL after it has printed what is wrong.  `schema` may be NULL. */
enum { ANY_VALUE, STRINGS_ONLY };

int is_json_words(char **words, int count);
int needs_schema(char **words, int count);
mcp_json *take_arguments(char **words, int count, int kind,
                         const mcp_json *schema);
int append_pointer(char *pointer, size_t size, const char *name);

/* The names in a schema's "required"; valid as long as the schema. */
struct required {
    const char **names;
    size_t count;
};

void find_names(struct required *required, const mcp_json *names);
void find_required(struct required *required, const mcp_json *schema);
int is_required(const struct required *required, const char *name);
void forget_required(struct required *required);

/* events.c: log messages of --log-level, which `shows` prints. */
int32_t ask_for_logs(mcp_client *client, const struct options *options,
                     int shows);

/* schema.c: what a tool's schema says of its arguments. */
void put_arguments(const mcp_json *schema, int *column);
void put_schema(const char *heading, const mcp_json *schema,
                const char *nothing);

/* questions.c */
int32_t answer_questions(mcp_client *client, const struct options *options);

/* The other commands: server.c, ping.c, tools.c, resources.c, prompts.c,
 * events.c, proxy.c, completion.c. */
int servers(mcp_client *client, const struct options *options);
int ping(mcp_client *client, const struct options *options);
int info(mcp_client *client, const struct options *options);
int tools(mcp_client *client, const struct options *options);
int call(mcp_client *client, const struct options *options);
int request(mcp_client *client, const struct options *options);
int resources(mcp_client *client, const struct options *options);
int templates(mcp_client *client, const struct options *options);
int read_resource(mcp_client *client, const struct options *options);
int prompts(mcp_client *client, const struct options *options);
int prompt(mcp_client *client, const struct options *options);
int complete(mcp_client *client, const struct options *options);
int listen_to(mcp_client *client, const struct options *options);
int run_proxy(mcp_client *client, const struct options *options);
int completion(mcp_client *client, const struct options *options);

#endif
