/* An agent with all servers of a configuration file in one loop: agent FILE
 *
 * A line of standard input is "tools", "call SERVER TOOL [JSON]", "cancel
 * NUMBER" or "quit".  While a server asks for input, it is the answer.  A
 * server that is lost is tried again each second.  No function of the library
 * that is called here can block: what goes to a server is started. */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mcpclient.h>

enum { MOST_SERVERS = 16, MOST_JOBS = 256, MOST_LINE = 65536 };
enum kind { LIST, LISTEN, CALL, CLOSE };

struct server {
    const char *name;
    mcp_client *client;
    mcp_result *tools; /* NULL: not known yet */
    int open[CLOSE + 1], has_changed, is_lost;
    time_t retry; /* when a lost server is tried again */
};

struct job { /* a request in flight; NULL: a free place */
    mcp_request *request;
    struct server *server;
    enum kind kind;
    int number; /* of a call */
};

static struct server servers[MOST_SERVERS];
static struct job jobs[MOST_JOBS];
static int server_count, call_count, open_closes, is_over;
static mcp_input *asked; /* the input request that a person is answering */
static mcp_json *schema, *form;
static size_t field;

static void on_progress(void *userdata, mcp_request *request,
                        const mcp_progress *progress)
{
    (void)request;
    printf("[%d] progress %g\n", ((struct job *)userdata)->number,
           mcp_progress_value(progress));
}

/* Starts a request of any kind. */
static void start(struct server *server, enum kind kind, mcp_request *request)
{
    struct job *job = jobs;

    while (job < jobs + MOST_JOBS - 1 && job->request != NULL)
        job++;
    if (request == NULL || job->request != NULL) {
        printf("%s: %s\n", server->name,
               request == NULL ? mcp_error_message(NULL) : "too much to do");
        mcp_request_free(request);
        return;
    }
    job->request = request;
    job->server = server;
    job->kind = kind;
    mcp_request_set_userdata(request, job);
    job->number = kind == CALL ? ++call_count : 0;
    mcp_request_set_all_pages(request, kind == LIST);
    if (kind == CALL) {
        mcp_request_set_progress(request, on_progress, job, NULL);
        printf("[%d] started\n", job->number);
    }
    server->open[kind]++;
    open_closes += kind == CLOSE;
    if (mcp_request_start(request) != MCP_OK) /* no descriptor, no thread */
        exit(fprintf(stderr, "%s\n", mcp_error_message(NULL)) > 0);
}

static void list_tools(struct server *server)
{
    server->has_changed = server->open[LIST]; /* then it is asked again */
    if (!server->has_changed)
        start(server, LIST,
              mcp_request_new(server->client, "tools/list", NULL));
}

static void lose(struct server *server, const char *why)
{
    if (!server->is_lost)
        printf("%s: lost: %s\n", server->name, why != NULL ? why : "");
    server->is_lost = 1;
    server->retry = time(NULL) + 1;
}

static void on_event(void *userdata, mcp_client *client,
                     const mcp_event *event)
{
    struct server *server = (struct server *)userdata;
    int32_t kind = mcp_event_kind(event);

    if (kind == MCP_EVENT_STATE && mcp_client_state(client) == MCP_STATE_LOST)
        lose(server, mcp_event_message(event));
    /* What changed before the stream was open was not reported. */
    if (kind == MCP_EVENT_TOOLS_CHANGED || kind == MCP_EVENT_LISTENING)
        list_tools(server);
}

/* Takes the answer for a field of the form, unless it is NULL.  Asks for the
 * next field, or answers the server. */
static void ask(const char *line)
{
    const mcp_json *fields = mcp_json_at(schema, "/properties");
    char pointer[256];

    if (line != NULL)
        snprintf(pointer, sizeof pointer, "/%s", mcp_json_key(fields, field++));
    /* 42 and true are JSON; other words are texts; an empty line is nothing */
    if (line != NULL && *line != '\0' &&
        mcp_json_set_json(form, pointer, line) != MCP_OK)
        mcp_json_set_string(form, pointer, line);
    if (field < mcp_json_count(fields) && mcp_json_key(fields, field) != NULL) {
        printf("%s?\n", mcp_json_key(fields, field));
        return; /* the next line is the answer */
    }
    if (mcp_input_accept(asked, mcp_json_text(form, NULL)) != MCP_OK)
        printf("not answered: %s\n", mcp_error_message(NULL));
    mcp_input_free(asked); /* dismisses it if it was not answered */
    mcp_json_free(schema);
    mcp_json_free(form);
    asked = NULL;
    schema = form = NULL;
}

static void on_input(void *userdata, mcp_client *client, mcp_input *input)
{
    size_t length;
    const char *text = mcp_input_schema_json(input, &length);

    printf("%s asks: %s\n", ((struct server *)userdata)->name,
           mcp_input_message(input));
    (void)client;
    if (asked != NULL) { /* one at a time: this one is dismissed */
        mcp_input_free(input);
        return;
    }
    asked = input;
    schema = text != NULL ? mcp_json_parse(text, length) : NULL;
    form = mcp_json_new();
    field = 0;
    ask(NULL);
}

static void put_tools(const struct server *server)
{
    size_t i;
    const char *name;

    for (i = 0; i < mcp_result_tool_count(server->tools); i++) {
        name = mcp_tool_name(mcp_result_tool(server->tools, i));
        printf("%s %s\n", server->name, name != NULL ? name : "?");
    }
}

static void take_command(const char *line)
{
    char word[8] = "", name[64] = "", tool[256] = "";
    int i, json = (int)strlen(line);

    sscanf(line, "%7s %63s %255s %n", word, name, tool, &json);
    is_over |= strcmp(word, "quit") == 0;
    for (i = 0; i < server_count; i++)
        if (strcmp(word, "tools") == 0)
            put_tools(&servers[i]);
        else if (strcmp(word, "call") == 0 &&
                 strcmp(servers[i].name, name) == 0)
            start(&servers[i], CALL,
                  mcp_request_new_call_tool(servers[i].client, tool,
                                            line + json));
    for (i = 0; i < MOST_JOBS; i++)
        if (strcmp(word, "cancel") == 0 && jobs[i].request != NULL &&
            jobs[i].number > 0 && jobs[i].number == atoi(name))
            mcp_request_cancel(jobs[i].request);
}

/* Takes the lines that have arrived.  poll() says that there is something. */
static void read_lines(void)
{
    static char buffer[MOST_LINE];
    static size_t length;
    ssize_t count = read(0, buffer + length, sizeof buffer - length);
    char *end;

    is_over |= count <= 0; /* the end of the input, or a line without end */
    length += count > 0 ? (size_t)count : 0;
    while ((end = (char *)memchr(buffer, '\n', length)) != NULL) {
        *end++ = '\0';
        if (asked != NULL)
            ask(buffer);
        else
            take_command(buffer);
        length -= (size_t)(end - buffer);
        memmove(buffer, end, length);
    }
}

/* Takes the outcome of a request. */
static void finish(mcp_request *request)
{
    struct job *job = (struct job *)mcp_request_userdata(request);
    struct server *server = job->server;
    mcp_result *result = NULL;
    int32_t status = mcp_request_take_result(request, &result);
    const char *why = mcp_error_message(mcp_request_error(request));

    job->request = NULL;
    if (job->kind == CALL)
        printf("[%d] %s %s\n", job->number,
               status != MCP_OK              ? mcp_status_name(status)
               : mcp_result_is_error(result) ? "failed"
                                             : "done",
               status != MCP_OK ? why : mcp_result_text(result, NULL));
    open_closes -= job->kind == CLOSE;
    server->open[job->kind] -= job->kind != LISTEN; /* one is enough */
    if (job->kind == LIST && status != MCP_OK) {
        lose(server, why);
    } else if (job->kind == LIST) {
        printf("%s: %lu tools\n", server->name,
               (unsigned long)mcp_result_tool_count(result));
        mcp_result_free(server->tools);
        server->tools = result;
        result = NULL;
        server->is_lost = 0;
        if (!server->open[LISTEN]) /* the library keeps the stream open */
            start(server, LISTEN, mcp_request_new_listen(
                                      server->client, MCP_EVENT_TOOLS_CHANGED));
        if (server->has_changed)
            list_tools(server);
    }
    mcp_result_free(result);
    mcp_request_free(request);
}

int main(int argc, char **argv)
{
    mcp_config *config = mcp_config_load(argc == 2 ? argv[1] : "mcp.json");
    struct pollfd entries[MOST_SERVERS + 1];
    mcp_request *done;
    int i, is_closing = 0;
    size_t k;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (k = 0; k < mcp_config_count(config) && k < MOST_SERVERS; k++) {
        struct server *server = &servers[server_count];

        server->name = mcp_config_name(config, k);
        server->client = mcp_config_new_client(config, server->name);
        if (server->client == NULL) {
            fprintf(stderr, "%s\n", mcp_error_message(NULL));
            continue;
        }
        mcp_client_set_event_handler(server->client, on_event, server, NULL);
        mcp_client_set_input_handler(server->client, MCP_INPUT_FORM, on_input,
                                     server, NULL);
        /* A tool that has run is done, also if its result does not match. */
        mcp_client_set_allow(server->client, MCP_ALLOW_MISMATCH, 1);
        entries[server_count].fd = mcp_client_fd(server->client);
        entries[server_count++].events = POLLIN;
        list_tools(server);
    }
    if (server_count == 0)
        return fprintf(stderr, "no server: %s\n", mcp_error_message(NULL)) > 0;
    while (!is_closing || open_closes > 0) {
        for (i = 0; is_over && !is_closing && i < server_count; i++)
            start(&servers[i], CLOSE, mcp_request_new_close(servers[i].client));
        is_closing |= is_over;
        entries[server_count].fd = is_over ? -1 : 0;
        entries[server_count].events = POLLIN;
        if (poll(entries, (nfds_t)server_count + 1, 1000) > 0 &&
            entries[server_count].revents != 0)
            read_lines();
        for (i = 0; i < server_count; i++) {
            mcp_client_dispatch(servers[i].client, 0);
            while ((done = mcp_client_next_done(servers[i].client)) != NULL)
                finish(done);
            if (servers[i].is_lost && !servers[i].open[LIST] && !is_over &&
                time(NULL) >= servers[i].retry)
                list_tools(&servers[i]);
        }
    }
    mcp_input_free(asked);
    mcp_json_free(schema);
    mcp_json_free(form);
    for (i = 0; i < server_count; i++) {
        mcp_result_free(servers[i].tools);
        mcp_client_free(servers[i].client); /* closed: it waits for nothing */
    }
    mcp_config_free(config);
    return EXIT_SUCCESS;
}
