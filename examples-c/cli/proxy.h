/* Declarations for the files of `mcpclient proxy`.
 *
 * The host is the program that started mcpclient.  It writes requests to our
 * standard input and reads responses from our standard output.  The server is
 * the server of the URL. */
#ifndef PROXY_H
#define PROXY_H

#include <stddef.h>

#include "cli.h"

/* A part of a message; `at` is NULL if there is none. */
struct text {
    const char *at;
    size_t length;
};

/* A text that grows.  It has no NUL at its end, see add_end(). */
struct buffer {
    char *data;
    size_t length, capacity;
};

/* proxy_text.c */
void *allocate_zeroed(size_t size);
char *copy_text(struct text of);
void add_bytes(struct buffer *to, const char *bytes, size_t length);
void add(struct buffer *to, const char *text);
void add_text(struct buffer *to, struct text text);
void add_json(struct buffer *to, const char *json, size_t length);
void add_string(struct buffer *to, const char *text);
void add_number(struct buffer *to, unsigned long number);
const char *add_end(struct buffer *to);
void empty(struct buffer *of);

/* proxy_json.c: reads JSON text in place, so that what passes through stays
 * as it was written.  check_json() comes first: the others trust it. */
struct reader {
    const char *at, *end;
};

int check_json(struct text json);
struct text cut_json(const char *at, size_t length);
int begin_members(struct reader *of, struct text object);
int next_member(struct reader *of, struct text *name, struct text *value);
int begin_elements(struct reader *of, struct text array);
int next_element(struct reader *of, struct text *element);
size_t count_elements(struct text array);
struct text find_member(struct text object, const char *name);
int is_text(struct text text, const char *other);
int is_same(struct text a, struct text b);
char *decode_string(struct text string);
struct text partial_id(struct text beginning);

/* A batch of the host (revision 2025-03-26): one array of responses. */
struct batch {
    struct buffer responses;
    unsigned long open; /* messages that have no response yet */
};

enum call_kind {
    FORWARDED,  /* the server's result is the host's result */
    INITIALIZE, /* the result of the connect becomes an InitializeResult */
    DISCOVER,   /* the same as a DiscoverResult */
    EMPTY,      /* the result is {} */
    SILENT,     /* a request of the proxy, which the host does not see */
    LISTEN      /* subscriptions/listen of the host: no request */
};

/* A request of the host, or one of the proxy. */
struct call {
    struct call *next, *previous;
    struct proxy *proxy;
    mcp_request *request; /* NULL for LISTEN */
    enum call_kind kind;
    char *id;     /* of the host, as JSON; NULL: no response is expected */
    char *token;  /* of the host's progress, as JSON; or NULL */
    char *filter; /* of LISTEN: the notifications that the host wants */
    char *version; /* of INITIALIZE: the revision of the response */
    struct batch *batch;
    unsigned long number;
    size_t bytes;          /* of the params of the host, see is_full() */
    size_t resource_count; /* of LISTEN */
    int is_stateless;    /* the host wrote it in revision 2026-07-28 */
    int is_cacheable;    /* its result has ttlMs and cacheScope there */
    int may_need_input;  /* its result may be input_required there */
    int has_new_inputs;  /* input requests that the host has not seen */
    int is_parked;       /* done, and the host has not asked again yet */
    int is_cancelled;    /* by the host */
    int wants_task;      /* the host lets the server run it as a task */
};

/* An input request of the server, which the host answers. */
struct input {
    struct input *next;
    mcp_input *handle;
    struct call *owner; /* NULL: the server does not say */
    unsigned long number; /* the id of our request to the host */
    int is_sent;
};

enum host_era { UNKNOWN_HOST, SESSION_HOST, STATELESS_HOST };

struct proxy {
    const struct options *options;
    mcp_client *client;
    enum host_era host;
    int is_set_up;   /* the host's name and capabilities are known */
    int is_listening;
    int has_listened; /* a notification stream was open before */
    int knows_server;     /* its capabilities, for the next line */
    int32_t list_changes; /* MCP_EVENT_..., as the server declares them */
    int server_has_stateless_tasks;
    int32_t log_level; /* the last one that was asked for, or NOT_CHOSEN */
    struct call *calls;
    unsigned long call_count, last_number;
    size_t call_bytes, resource_count; /* of all calls */
    struct input *inputs;
    struct buffer line; /* what was read of the host's next message */
    size_t scanned;     /* bytes of `line` without a line break */
    int is_skipping;    /* the rest of a line that is too long */
    struct buffer out;  /* for the host */
    int pipe;           /* standard output for writes that do not wait; or -1 */
    size_t sent;        /* bytes of `out` that the host has */
    int has_left;       /* the host closed its side, and does not read */
    int has_ended;      /* the host closed its side, and all of it is read */
    int is_broken;      /* the host does not read any more */
    int write_fault;    /* why nothing can be written to it; or 0 */
};

enum {
    PARSE_ERROR = -32700,
    INVALID_REQUEST = -32600,
    METHOD_NOT_FOUND = -32601,
    INVALID_PARAMS = -32602,
    INTERNAL_ERROR = -32603,
    NO_SERVER = -32000,      /* the server cannot be reached */
    TIMED_OUT = -32001,      /* as the SDKs use it */
    UNSUPPORTED_VERSION = -32022
};

/* The largest message of the host, what may wait for the host to read, the
 * requests and notifications of the host at the same time, and the bytes of
 * their params: more than that only if there is one alone. */
enum {
    MOST_LINE_BYTES = 64 << 20,
    MOST_WAITING = 4 << 20,
    MOST_CALLS = 1000,
    MOST_CALL_BYTES = 64 << 20
};

#define PROTOCOL_PREFIX "io.modelcontextprotocol/"

/* proxy_host.c: the bytes from and to the host. */
void open_pipe(struct proxy *proxy);
void read_host(struct proxy *proxy);
void write_host(struct proxy *proxy);
size_t waiting_bytes(const struct proxy *proxy);

/* proxy_message.c: a message of the host. */
void take_message(struct proxy *proxy, struct text message);
void take_long_message(struct proxy *proxy, struct text beginning);

/* proxy_response.c: the messages to the host. */
void begin_message(struct proxy *proxy);
void end_message(struct proxy *proxy);
struct buffer *begin_response(struct call *call, const char *member);
void end_response(struct call *call);
void respond_result(struct call *call, const char *json, size_t length);
void respond_error(struct call *call, int code, const char *message,
                   struct text data);
void respond_failure(struct call *call, const mcp_error *error);
void refuse_message(struct proxy *proxy, struct batch *batch, struct text id,
                    int code, const char *message);
void add_to_batch(struct proxy *proxy, struct batch *batch);
void settle_batch(struct proxy *proxy, struct batch *batch);

/* proxy_session.c: what the host and the server say about themselves. */
void set_up_client(struct proxy *proxy, struct text info,
                   struct text capabilities);
void respond_server(struct call *call, const mcp_result *result);
int is_stateless_version(struct text version);
const char *session_version(struct text version);
void add_versions(struct buffer *to);

/* proxy_calls.c: the requests that go to the server. */
struct call *new_call(struct proxy *proxy, enum call_kind kind,
                      struct text id, struct batch *batch);
void free_call(struct call *call);
void start_call(struct call *call, mcp_request *request);
void start_silently(struct proxy *proxy, mcp_request *request, size_t bytes);
int is_full(const struct proxy *proxy, size_t calls, size_t bytes);
void count_bytes(struct call *call, size_t bytes);
void finish_call(struct call *call);
void finish_calls(struct proxy *proxy);
struct call *find_call(struct proxy *proxy, struct text id);
struct call *find_parked(struct proxy *proxy, struct text state);
void cancel_call(struct call *call);
void set_log_level(struct proxy *proxy, struct text level);
void listen_for_host(struct proxy *proxy);
void forward_request(struct call *call, const char *method,
                     struct text params);
int is_waited_for(const struct proxy *proxy);

/* proxy_inputs.c: the input requests of the server. */
void take_input(void *userdata, mcp_client *client, mcp_input *handle);
void send_rounds(struct proxy *proxy);
void send_round(struct call *call);
void take_responses(struct call *call, struct text responses);
void take_response(struct proxy *proxy, struct text id, struct text result,
                   struct text error);
void withdraw_inputs(struct call *owner);
void drop_inputs(struct proxy *proxy, struct call *owner);
void drop_ended(struct proxy *proxy);

/* proxy_events.c: the notifications of the server. */
void take_event(void *userdata, mcp_client *client, const mcp_event *event);
void take_progress(void *userdata, mcp_request *request,
                   const mcp_progress *progress);
void begin_subscription(struct call *call, struct text params);
void end_subscription(struct call *call);

#endif
