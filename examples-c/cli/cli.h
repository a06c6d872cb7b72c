/* What the files of the command-line client share. */
#ifndef CLI_H
#define CLI_H

#include <signal.h>
#include <stdio.h>

#include <mcpclient.h>

enum { SUCCESS = 0, FAILED = 1, BAD_USAGE = 2, INTERRUPTED = 130 };
enum { MOST_HEADERS = 64, MOST_VARIABLES = 64 };
enum { NOT_CHOSEN = -1 };

/* How a token is got by OAuth. */
struct sign_in {
    int is_wanted;
    const char *store; /* a file; NULL: the library's; "": nothing is kept */
    const char *client_id;
    const char *client_secret; /* of the environment */
    char *client_key;          /* the text of the file */
    const char *metadata_url;
    const char *scope;
    const char *issuer;
    const char *redirect_url;
    const char *assertion_file;
    const char *assertion_variable;
    int grant; /* of MCP_GRANT_, or NOT_CHOSEN */
    int dpop;
    int no_browser;
};

struct options {
    /* The server: one of these three. */
    const char *url;
    const char *config; /* a configuration file, and a name in it or NULL */
    const char *server;
    int is_stdio; /* a program and its arguments, ended by a NULL */
    char **program;
    char **all_words;
    char **words; /* what follows the URL */
    int word_count;
    int transport; /* of MCP_TRANSPORT_, or NOT_CHOSEN */
    char *variables[MOST_VARIABLES]; /* NAME=VALUE */
    int variable_count;
    const char *directory;
    int errors; /* of MCP_STDERR_, or NOT_CHOSEN */
    char *token;
    char *headers[MOST_HEADERS];
    int header_count;
    long count;
    long events;
    long timeout; /* milliseconds; 0: the library's */
    const char *output;
    const char *protocol;
    const char *ca_file;
    const char *certificate;
    const char *key;
    const char *proxy;
    const char *unix_socket;
    struct sign_in sign_in;
    int json;
    int insecure_http;
    int verbose;
    const struct command *command;
};

struct command {
    const char *name;
    const char *words; /* how they are written in the usage */
    int least_words, most_words;
    int asks; /* the server may ask the person back */
    int is_of_file; /* reads a configuration file, without a client */
    int is_of_oauth; /* does nothing but get or forget a token */
    int (*run)(mcp_client *client, const struct options *options);
};

/* main.c: Ctrl-C fires `interrupt` while somebody waits politely, and ends
 * the program at once otherwise. */
extern mcp_cancel *interrupt;
extern volatile sig_atomic_t interrupted;
extern volatile sig_atomic_t is_polite;

const struct command *find_command(const char *name);

/* options.c */
extern const char usage_text[];

#ifdef __GNUC__
__attribute__((format(printf, 1, 2)))
#endif
int bad_usage(const char *format, ...);
int parse(struct options *options, int argc, char **argv);
void forget(struct options *options);

/* server.c: NULL with the last error set. */
mcp_client *make_client(const struct options *options);
const char *server_name(const struct options *options);

/* sign_in.c */
int32_t set_auth(mcp_client *client, const struct options *options);
void stop_reading(void);
void end_sign_in(void);
int login(mcp_client *client, const struct options *options);
int logout(mcp_client *client, const struct options *options);

/* sign_in_options.c */
int take_sign_in_option(struct sign_in *to, const char *name,
                        const char *value, int *status);
int take_sign_in_flag(struct sign_in *to, const char *name);
int check_sign_in(const struct options *options);
void forget_sign_in(struct sign_in *of);
void wipe(char *text);

/* output.c: nothing that a terminal would obey leaves these.  A text that is
 * NULL, since the server sent none, is no mistake. */
void put_text(FILE *to, const char *text);
void put_word(FILE *to, const char *text);
void put_content_text(FILE *to, const char *text, size_t length);
void put_description(const char *text);
void put_json_text(const char *text);
void put_json_member(const char *name, const char *text);
void put_json(FILE *to, const char *json, size_t length);
int put_result_json(const mcp_result *result);
void put_contents(FILE *to, const mcp_result *result);
void put_program_name(void);
int fail(const struct options *options);

/* files.c: a file to write; errno says why it cannot be.  What `path` names is
 * as it was until close_output() replaces it. */
struct output {
    FILE *to;
    char *target, *beside; /* NULL for what is written in place */
};

int open_output(struct output *output, const char *path);
int close_output(struct output *output);

/* progress.c */
void show_progress(void *userdata, double progress, double total,
                   const char *message);
void hide_progress(void);

/* arguments.c: JSON or key=value words to a JSON object; NULL after saying
 * what is wrong.  `schema` may be NULL. */
enum { ANY_VALUE, STRINGS_ONLY };

int is_json_words(char **words, int count);
int needs_schema(char **words, int count);
mcp_json *take_arguments(char **words, int count, int kind,
                         const mcp_json *schema);
int append_pointer(char *pointer, size_t size, const char *name);

/* The names that a schema of an object requires; valid as long as it is. */
struct required {
    const char **names;
    size_t count;
};

void find_required(struct required *required, const mcp_json *schema);
int is_required(const struct required *required, const char *name);
void forget_required(struct required *required);

/* questions.c */
int32_t answer_questions(mcp_client *client, const struct options *options);

/* The other commands: server.c, ping.c, tools.c, resources.c, prompts.c,
 * events.c. */
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

/* Performs a request that Ctrl-C cancels politely, and frees it. */
int32_t perform(mcp_request *request, mcp_result **out);

#endif
