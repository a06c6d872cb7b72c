/*
 * mcpclient.h - libmcpclient, a client of the Model Context Protocol (MCP).
 *
 * Generated from src/ffi by cbindgen.  Change it there.
 *
 * This file is the manual.  A whole program:
 *
 *     mcp_client *client = mcp_client_new("https://example.com/mcp", token);
 *     if (client == NULL || mcp_ping(client) != MCP_OK)
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 *     mcp_client_free(client);
 *
 * It speaks the revisions 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25 and
 * 2026-07-28 of the protocol over Streamable HTTP and to programs over stdio,
 * the first four over HTTP with SSE as well, and finds out by itself which
 * one the server speaks.  What follows holds for every function, unless its
 * own comment says otherwise.
 *
 * NAMES.  mcp_<handle>_<verb> belongs to a handle, which is its first
 * argument: mcp_request_start().  mcp_<verb>_<object> is a call of the
 * protocol to the server: mcp_list_tools().  A name that ends in _json gives
 * or takes JSON text.
 *
 * ERRORS.  A function that can fail in several ways returns a status: MCP_OK
 * or a positive number, MCP_E_...; one that makes a handle returns NULL when
 * it fails.  Either way mcp_error_message(NULL) says why, on that thread.  A
 * required argument that is NULL is MCP_E_INVALID_ARGUMENT, and a reading
 * function gives 0 or NULL for it.  The client stays usable after any error.
 * "Call errors" stands for what can befall whatever goes to the server:
 * MCP_E_INVALID_ARGUMENT, MCP_E_CLOSED, MCP_E_FORKED, MCP_E_UNSUPPORTED,
 * MCP_E_NO_MEMORY, MCP_E_INTERNAL and all from MCP_E_RESOLVE (20) on.
 *
 * OWNERSHIP.  What a function returns or stores through `T **out` as a plain
 * `T *` is yours: release it with T's own _free function, once, before or
 * after the handles it came from.  What it returns as `const T *` is
 * borrowed: it lives as long as the handle it came from.  What you pass in is
 * copied.  `*out` is NULL after a failure.
 *
 * TEXT is UTF-8 and ends with a NUL.  Where it may be long there is a
 * `size_t *len`, which may be NULL: the bytes without the last NUL.
 *
 * WHAT A SERVER SENDS may be anything.  A member may be missing, null or of
 * another type: a getter of a text gives NULL then, a getter of a number or a
 * flag the value that its comment names, and each comment says so.  JSON text
 * is as the server wrote it.  An item of a list that is no object is an item
 * too, and its getters give the same.  Check what you need before you use it.
 *
 * TIME is in milliseconds.  Every wait has an end: see
 * mcp_client_set_timeout().
 *
 * THREADS.  A client, a cancel and an input may be used by several threads at
 * once; a result and a config may be read by several; a request and a json
 * belong to one thread at a time.  Thread cancellation is disabled inside every
 * function, and in the callbacks that run there: a thread that
 * pthread_cancel() was called for ends at its next cancellation point after
 * the call.  Asynchronous cancellation must be off.
 *
 * CALLBACKS run inside a call that you made, on the thread that made it, and
 * never on a thread of the library.  They may call this library, but not free
 * the handle they were called for, and must not be left by an exception,
 * longjmp() or pthread_exit().  NULL takes a callback away.
 *
 * ENVIRONMENT.  It is read where a handle is made, on your thread, and what is
 * read is kept with the handle: by mcp_client_new(), mcp_client_new_stdio(),
 * mcp_client_new_fds(), mcp_auth_new() and what makes a client of a
 * configuration; besides by mcp_auth_set_store_file() and mcp_open_browser()
 * with NULL.  No thread may change the environment meanwhile.  Nothing else
 * reads it, and no thread of the library does, with two exceptions.  An
 * exchange whose signed token is in a variable reads it in a call of yours:
 * mcp_auth_set_assertion_variable().  And the system's C library has
 * variables of its own: glibc's getaddrinfo() reads RES_OPTIONS, LOCALDOMAIN,
 * HOSTALIASES and others, on a thread of the library, when the name of a host
 * is looked up, and texts for errors LANGUAGE, once setlocale() was called.  A
 * program that changes its environment while it has clients gives addresses
 * in place of names, or takes a C library whose setenv() allows it.
 *
 * NEW KINDS.  A later library may know more statuses, events, contents and
 * other kinds than this header, and give a number of its own to what is
 * MCP_EVENT_OTHER or MCP_CONTENT_OTHER here.  So a program treats a number that
 * it does not know like OTHER, and what it picks out of OTHER it picks out by
 * mcp_event_method() or mcp_content_json(), whatever the number: these work for
 * every kind, and go on to.  Numbers of this header never change their meaning.
 *
 * FORK.  A child process must make its own handles; with its parent's, calls
 * are MCP_E_FORKED and the _free functions release memory only.
 *
 * SIGNALS.  The library sets no handler, and no write of its raises SIGPIPE.
 */
#ifndef MCPCLIENT_H
#define MCPCLIENT_H


#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this header as text. */
#define MCP_VERSION "0.1.0"


/**
 * Version of this header.  A program built against this header runs with any
 * library of the same major number that is not older; see
 * mcp_version_number().
 */
#define MCP_VERSION_MAJOR 0

#define MCP_VERSION_MINOR 1

#define MCP_VERSION_PATCH 0

/**
 * The three numbers in one: 1002003 would be 1.2.3.
 */
#define MCP_VERSION_NUMBER 1000

/**
 * STATUS CODES.  Every function that can fail in more than one way returns
 * one of these numbers.  They never change and are never reused; new ones
 * may come, so treat a number you do not know as a failure.  What happened
 * in words, with the HTTP status and the JSON-RPC error, is in the thread's
 * last error: see mcp_error.
 *
 * 0 is success.  Failures are 1 to 99.  A number from 100 on is a state, such
 * as MCP_PENDING, and no failure.
 */
#define MCP_OK 0

/**
 * 1-19, the caller's side.  A NULL, empty, malformed or contradictory
 * argument.  Nothing was sent and nothing was changed.
 */
#define MCP_E_INVALID_ARGUMENT 1

/**
 * The call is valid, but not now: an option that must be set before the
 * client is connected, a request that another thread is performing.
 */
#define MCP_E_STATE 2

/**
 * The client was closed by mcp_client_close(), before or during the call.
 */
#define MCP_E_CLOSED 3

/**
 * The handle was made by another process: this one is a fork of it.
 */
#define MCP_E_FORKED 4

/**
 * The server, its protocol revision or this transport lacks what was asked
 * for: also where a server does not know a method (-32601) whose capability
 * it does not declare.
 */
#define MCP_E_UNSUPPORTED 5

/**
 * The named thing is not there.
 */
#define MCP_E_NOT_FOUND 6

/**
 * An allocation whose size the server chose could not be had.
 */
#define MCP_E_NO_MEMORY 7

/**
 * A mistake inside the library, or the system has no descriptor or thread
 * left; the message says which.  The client stays usable.
 */
#define MCP_E_INTERNAL 8

/**
 * 20-39, the way to the server.  The host name could not be resolved.
 */
#define MCP_E_RESOLVE 20

/**
 * No connection: refused, unreachable, or not made within the connect
 * timeout.
 */
#define MCP_E_CONNECT 21

/**
 * TLS failed, or a certificate or key cannot be used; the message says which
 * check.
 */
#define MCP_E_TLS 22

/**
 * The proxy cannot be reached, refused, or asked for credentials that it was
 * not given.
 */
#define MCP_E_PROXY 23

/**
 * The connection was lost.  mcp_error_may_have_run() says if the server may
 * have executed the request.
 */
#define MCP_E_IO 24

/**
 * A time limit ended the wait.  The server was told to stop, where its
 * revision has a message for that.
 */
#define MCP_E_TIMEOUT 25

/**
 * An mcp_cancel ended the wait.  The server was told to stop, where its
 * revision has a message for that.
 */
#define MCP_E_CANCELLED 26

/**
 * The server's process could not be started, or it ended.
 */
#define MCP_E_PROCESS 27

/**
 * Something is over its limit, which the message names: a message or a line
 * over mcp_client_set_max_message_size(), a reply's head over 64 KiB, a list
 * over mcp_client_set_max_pages() or mcp_client_set_max_items(), the messages
 * before an answer over mcp_client_set_max_events(), rounds of questions over
 * ten, objects and arrays nested more than 512 deep.
 */
#define MCP_E_TOO_LARGE 28

/**
 * 40-59, HTTP and authorization.  An HTTP status that no other code stands
 * for; see mcp_error_http_status().
 */
#define MCP_E_HTTP 40

/**
 * 401: no token, or a token that the server does not take.
 */
#define MCP_E_UNAUTHORIZED 41

/**
 * 403: the token is good, but not for this.  mcp_error_challenge() may name
 * the scope that is missing.
 */
#define MCP_E_FORBIDDEN 42

/**
 * 429: too many requests; see mcp_error_retry_after().
 */
#define MCP_E_RATE_LIMITED 43

/**
 * 502, 503 or 504: the server is not up; see mcp_error_retry_after().
 */
#define MCP_E_UNAVAILABLE 44

/**
 * The server redirects to another origin, where credentials do not go, or in
 * a way that would change the request.
 */
#define MCP_E_REDIRECT 45

/**
 * The OAuth exchange failed; the message says at which step.
 */
#define MCP_E_AUTH 46

/**
 * Refused by the library: a credential over plain HTTP to another machine, a
 * private address that a public server names, a file of tokens that others
 * may read.
 */
#define MCP_E_INSECURE 47

/**
 * 404 or 410: there is no MCP endpoint at this address.
 */
#define MCP_E_ENDPOINT 48

/**
 * 500, or another 5xx than 502, 503 and 504: the server failed.
 */
#define MCP_E_SERVER 49

/**
 * The person, or a policy of the authorization server, said no.  Asking again
 * at once would only ask them again.
 */
#define MCP_E_DENIED 50

/**
 * Refused by the library: what was published about a server, its
 * authorization server or the answer of a sign-in contradicts itself, as in
 * an attack.  The message shows both sides; nothing was sent after it.
 */
#define MCP_E_UNTRUSTED 51

/**
 * 60-79, the protocol.  The other side does not speak MCP, or breaks its
 * rules; the message says what was wrong and where.
 */
#define MCP_E_PROTOCOL 60

/**
 * No protocol revision in common.
 */
#define MCP_E_VERSION 61

/**
 * The server answered with a JSON-RPC error: mcp_error_rpc_code(),
 * mcp_error_data_json().
 */
#define MCP_E_RPC 62

/**
 * The server forgot the session while a request that is not safe to repeat
 * was under way.  The next call starts a new session.
 */
#define MCP_E_SESSION_LOST 63

/**
 * The server asks a question before it answers, and there is no handler for
 * its kind.
 */
#define MCP_E_INPUT_REQUIRED 64

/**
 * There is a server, but it does not speak MCP at this address, neither over
 * Streamable HTTP nor over HTTP with SSE, or not over the one that was chosen.
 */
#define MCP_E_TRANSPORT 65

/**
 * A file of a skill is not what its entry says: its size, its SHA-256 or its
 * front matter.
 */
#define MCP_E_INTEGRITY 66

/**
 * Not an error: a started request that is not done; see
 * mcp_request_status().
 */
#define MCP_PENDING 100

/**
 * LOG LEVELS, from RFC 5424, for mcp_set_log_level() and
 * mcp_event_log_level().
 */
#define MCP_LOG_DEBUG 0

#define MCP_LOG_INFO 1

#define MCP_LOG_NOTICE 2

#define MCP_LOG_WARNING 3

#define MCP_LOG_ERROR 4

#define MCP_LOG_CRITICAL 5

#define MCP_LOG_ALERT 6

#define MCP_LOG_EMERGENCY 7

/**
 * KINDS OF EVENT, for mcp_event_kind(), and the first three added together
 * for mcp_listen().  The server's list of tools is another than before.
 */
#define MCP_EVENT_TOOLS_CHANGED 1

#define MCP_EVENT_PROMPTS_CHANGED 2

#define MCP_EVENT_RESOURCES_CHANGED 4

/**
 * A resource that was subscribed to has new contents: mcp_event_uri().
 */
#define MCP_EVENT_RESOURCE_UPDATED 8

/**
 * A log message: mcp_event_log_level(), mcp_event_logger(),
 * mcp_event_data_json().
 */
#define MCP_EVENT_LOG 16

/**
 * What was asked by MCP_INPUT_URL has been done in the browser.
 */
#define MCP_EVENT_ELICITATION_COMPLETE 32

/**
 * A task has another status: mcp_event_task().  From revision 2026-07-28 on a
 * server tells of a task only where mcp_listen() asks for this kind.
 */
#define MCP_EVENT_TASK_STATUS 64

/**
 * The stream of mcp_listen() or mcp_subscribe_resource() stands, or stands
 * again: whatever changed while it did not was not told, so read again what
 * you hold.
 */
#define MCP_EVENT_LISTENING 128

/**
 * Any other notification: mcp_event_method(), mcp_event_params_json().  A
 * later library may give some of them a number of their own: see "NEW KINDS"
 * at the top.
 */
#define MCP_EVENT_OTHER 256

/**
 * The server does not want its question answered any more.
 */
#define MCP_EVENT_CANCELLED 512

/**
 * The stream of mcp_listen() or mcp_subscribe_resource() stood and will not
 * stand again: the server refuses it now.  mcp_event_params_json() has the
 * reason as "message".  Listen again when that has changed.
 */
#define MCP_EVENT_SILENT 1024

/**
 * KINDS OF QUESTION, for mcp_input_kind(), and added together for
 * mcp_client_set_input_handler().  A form to fill in (elicitation): a
 * message and a JSON Schema of flat fields.
 */
#define MCP_INPUT_FORM 1

/**
 * A web page to visit (elicitation), for what must not pass through this
 * program.
 */
#define MCP_INPUT_URL 2

/**
 * A language model to ask (sampling/createMessage).
 */
#define MCP_INPUT_SAMPLING 4

/**
 * For mcp_client_set_input_handler(): a language model that may be given
 * tools.  The question's kind is MCP_INPUT_SAMPLING.
 */
#define MCP_INPUT_SAMPLING_TOOLS 8

/**
 * The roots (roots/list), unless mcp_client_set_roots_json() answers.
 */
#define MCP_INPUT_ROOTS 16

/**
 * KINDS OF CONTENT, for mcp_content_kind().
 */
#define MCP_CONTENT_TEXT 1

#define MCP_CONTENT_IMAGE 2

#define MCP_CONTENT_AUDIO 3

#define MCP_CONTENT_RESOURCE_LINK 4

/**
 * A resource in place: its text or its bytes, with its URI.
 */
#define MCP_CONTENT_RESOURCE 5

/**
 * A kind that this library does not know: mcp_content_json() has it whole.  A
 * later library may give it a number of its own: see "NEW KINDS" at the top.
 */
#define MCP_CONTENT_OTHER 99

/**
 * WAYS TO A TOKEN, for mcp_auth_new().  A person signs in with a browser
 * (authorization code with PKCE).
 */
#define MCP_GRANT_AUTHORIZATION_CODE 1

/**
 * The program itself, by its secret or its private key.
 */
#define MCP_GRANT_CLIENT_CREDENTIALS 2

/**
 * A person who is signed in elsewhere: the identity token becomes an ID-JAG
 * at the identity provider, and that an access token (enterprise-managed
 * authorization, cross-app access).
 */
#define MCP_GRANT_TOKEN_EXCHANGE 3

/**
 * The workload, by a signed token of its platform (workload identity
 * federation).
 */
#define MCP_GRANT_JWT_BEARER 4

/**
 * KINDS OF JSON VALUE, for mcp_json_kind().
 */
#define MCP_JSON_NULL 0

#define MCP_JSON_BOOLEAN 1

#define MCP_JSON_NUMBER 2

#define MCP_JSON_STRING 3

#define MCP_JSON_ARRAY 4

#define MCP_JSON_OBJECT 5

/**
 * TRANSPORTS, for mcp_client_set_transport() and mcp_client_transport().
 * Streamable HTTP first, HTTP with SSE (2024-11-05) where the server answers
 * 400, 404 or 405 to it; the other way round for a path with a segment "sse".
 */
#define MCP_TRANSPORT_AUTO 0

#define MCP_TRANSPORT_STREAMABLE_HTTP 1

#define MCP_TRANSPORT_SSE 2

/**
 * A process or open descriptors; only told, never chosen.
 */
#define MCP_TRANSPORT_STDIO 3

/**
 * STANDARD ERROR of a server's process, for mcp_client_set_stderr().  It is
 * read, and its end kept for errors.
 */
#define MCP_STDERR_KEEP 0

#define MCP_STDERR_DISCARD 1

/**
 * It goes where this process's own standard error goes.
 */
#define MCP_STDERR_INHERIT 2

/**
 * LIMITS, for mcp_client_set_limit(): over one of the first four a call is
 * MCP_E_TOO_LARGE.  The bytes of one message of the server, and of a whole
 * list with all its pages; 64 MiB at first.
 */
#define MCP_LIMIT_MESSAGE_SIZE 1

/**
 * The pages of a list; 1000 at first.
 */
#define MCP_LIMIT_PAGES 2

/**
 * The items of a list; 1000000 at first.
 */
#define MCP_LIMIT_ITEMS 3

/**
 * The messages in the stream of a call before its answer; 1000000 at first.
 */
#define MCP_LIMIT_EVENTS 4

/**
 * The bytes of answers that are kept; see mcp_client_set_cache_size().
 */
#define MCP_LIMIT_CACHE 5

/**
 * The started requests that hold a connection at a time; 64 at first.
 * Others wait for their turn, in the order in which they were started, and
 * their timeout runs meanwhile.  One whose question is open on its own stream
 * keeps its connection: the handler of a question that starts requests needs
 * room for them.
 */
#define MCP_LIMIT_CONNECTIONS 6

/**
 * COUNTERS, for mcp_client_count(): what happened without a word.
 * Replies to requests that are not, or not any more, under way.
 */
#define MCP_COUNT_DROPPED_REPLIES 1

/**
 * Events that came faster than the program looked, of which the oldest are
 * dropped: see mcp_client_set_event_handler(); and questions that were
 * refused for the same reason: see mcp_client_set_input_handler().
 */
#define MCP_COUNT_DROPPED_EVENTS 2

/**
 * Calls that were answered from memory; see mcp_client_set_cache_size().
 */
#define MCP_COUNT_CACHE_HITS 3

/**
 * Sessions that were made anew, after one that was lost.
 */
#define MCP_COUNT_RECONNECTIONS 4

/**
 * Requests that were sent once more, because the first one was lost.
 */
#define MCP_COUNT_REPETITIONS 5

/**
 * Streams that were opened again after they broke or ended.
 */
#define MCP_COUNT_RESUMPTIONS 6

/**
 * Processes that were started, the first one included.
 */
#define MCP_COUNT_STARTS 7

/**
 * Lines or events of the server that were no message, and passed over.
 */
#define MCP_COUNT_JUNK 8

/**
 * Failures of the store of an authorization that ended no call.
 */
#define MCP_COUNT_STORE_FAILURES 9

/**
 * AN OAUTH AUTHORIZATION: how to get a token, and the tokens it has.
 *
 * Set it up, give it to one or several clients with mcp_client_set_auth(),
 * and free it.  All else happens inside their calls, when a server asks for
 * it: finding the authorization server, the registration, the sign-in, PKCE,
 * the resource indicator, renewal before the token ends and when it is
 * refused, and one more sign-in where the server asks for a wider scope.
 * Threads that need a token at the same time wait for one exchange, each
 * within the timeout of its call, which stands still while a person signs in;
 * a thread that has a token does not wait.  A whole program:
 *
 *     mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
 *     mcp_client *client = mcp_client_new("https://example.com/mcp", NULL);
 *     mcp_auth_set_browser(auth, mcp_open_browser, NULL, NULL);
 *     mcp_client_set_auth(client, auth);
 *     mcp_auth_free(auth);
 *     if (mcp_ping(client) != MCP_OK)
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 *     mcp_client_free(client);
 *
 * Metadata, registrations and tokens are only asked for at https addresses,
 * or at loopback ones where the MCP server is on this machine too; each
 * request takes up to 10 s, all of an exchange but the person 60 s, within
 * the call's deadline.  While a person signs in, the call's timeout stands
 * still.  What an authorization server is told is what belongs to it: no
 * header that was set goes there, and no token, secret or registration of
 * another one.
 *
 * The functions that set something are MCP_E_STATE once the first exchange
 * has begun.  For a client that does not reach its server by HTTP there is no
 * OAuth: such a server gets what it needs by mcp_client_set_env().
 */
typedef struct mcp_auth mcp_auth;

/**
 * A SWITCH that ends requests, from another thread or a signal handler.
 *
 * Set it on any number of requests; it may be freed while they still run.
 */
typedef struct mcp_cancel mcp_cancel;

/**
 * ONE SERVER, and all it takes to talk to it: its address, the credentials,
 * the negotiated revision and session, a pool of connections.
 *
 * Made by mcp_client_new(), for a server that is reached by HTTP, or by
 * mcp_client_new_stdio() for one that is a program; neither does I/O: the
 * first call connects.  Set options first, then share the handle: every
 * thread may call with it at the same time, each on its own connection or
 * all on the one stream to a program.  mcp_client_close() ends all waits;
 * mcp_client_free() releases it when no thread is inside a call.
 *
 * The thread that calls does all the work of its call.  One thread is
 * started, once for all clients of the process, for what must go on between
 * calls: mcp_listen(), mcp_subscribe_resource(), mcp_request_start(), the
 * stream on which a server asks, and what a process or HTTP with SSE says
 * between calls.  It never runs your code.  A host name that is neither an
 * address nor this machine's is looked up on a thread of its own, which ends
 * with that: at most eight at a time in the process.
 *
 * Descriptors: a client uses one for each of its connections, one for
 * mcp_client_fd(), and at most five while threads block in its calls.  It keeps
 * at most 64 idle connections.  A started request and a cancel use none of
 * their own.  A cancel borrows one while threads block in calls that have it;
 * the process keeps that one for the next cancel.  The thread for what goes on
 * between calls uses three.
 */
typedef struct mcp_client mcp_client;

/**
 * A CONFIGURATION FILE of an MCP host, read once: the servers in it, in their
 * order.
 *
 * It is JSON, in which comments and commas at the end are allowed, of up to
 * 1 MiB: an object "mcpServers" as Claude, Cursor and FastMCP have it, or
 * "servers" as VS Code has it, or a whole file that is such an object.  A
 * server has:
 *
 * - "url", and may have "headers", "transport" or "type" ("http",
 *   "streamable-http", "sse") and "auth": the bearer token without the word
 *   "Bearer", or for OAuth "oauth", or an object that may have "CLIENT_ID",
 *   "CLIENT_SECRET" and "scopes";
 * - or "command", and may have "args", "env", "cwd", "type" ("stdio") and
 *   "envFile", a file of NAME=VALUE lines beside the configuration file;
 * - "timeout" in milliseconds: see mcp_client_set_timeout();
 * - "disabled".
 *
 * Other keys are passed over, and null is as if the key were not there.
 *
 * In these texts, names of headers and variables aside, `${NAME}` and
 * `${env:NAME}` stand for an environment variable and `${NAME:-default}` for
 * one that may be unset or empty; every other "$" stands for itself.  They
 * are replaced when a client is made.  What an editor would fill in is an
 * error that says so: `${input:ID}`, `${command:ID}`, and
 * `${workspaceFolder}` unless an environment variable has that name.
 *
 * The message of an error has file, line and key, such as
 * "mcp.json:7: mcpServers.weather.args[2]: ...", and none of the values of
 * headers, tokens and variables.
 */
typedef struct mcp_config mcp_config;

/**
 * A PIECE OF CONTENT: of a tool's result, of a resource that was read, or of
 * a prompt's message; borrowed from the result.
 */
typedef struct mcp_content mcp_content;

/**
 * WHY A CALL FAILED, in detail.
 *
 * Each thread has one: its last error, set by every function of this header
 * that fails and left alone by those that succeed.  It is read by passing
 * NULL to the functions below.  A request has one of its own,
 * mcp_request_error(), for programs that cannot say on which thread the next
 * call runs (Go, and other languages that move work between threads): it is
 * the same until the request is performed again.
 *
 * What an error holds never contains a token or a header's value, also where
 * the server sent it back.
 */
typedef struct mcp_error mcp_error;

/**
 * SOMETHING THE SERVER TELLS of its own accord: a notification.  Lent to the
 * handler of mcp_client_set_event_handler() while it runs; nothing of it may
 * be kept.
 */
typedef struct mcp_event mcp_event;

/**
 * A QUESTION OF THE SERVER, which waits for an answer.
 *
 * The handler of mcp_client_set_input_handler() becomes its owner: it may
 * answer at once, or keep it and let another thread answer later.  It is
 * answered once, by one of mcp_input_accept(), mcp_input_decline(),
 * mcp_input_dismiss(), mcp_input_reply_json(), mcp_input_fail(); a second
 * answer is MCP_E_STATE, and so is one that no request waits for any more.
 * Freeing an unanswered one dismisses it, and so does the end of
 * mcp_client_set_input_timeout().  The request it belongs to waits, its
 * timeout standing still; those of all requests stand still for a question
 * that came on the standing stream, where a server does not say whose it is.
 *
 * Whether the server asks in a message of its own (up to revision
 * 2025-11-25) or in an "input_required" result (from 2026-07-28), and how
 * the answer travels, makes no difference here.
 */
typedef struct mcp_input mcp_input;

/**
 * A JSON VALUE, to build arguments and to read results without another
 * library.
 *
 * One that you made is yours to change and to free; a `const mcp_json *` is
 * a part of one, valid until that is changed or freed.  Places in it are
 * named by JSON Pointer (RFC 6901): "" is the value itself, "/a/0" the first
 * element of its member a.  Numbers stay as they are written.  One thread at
 * a time may change it or ask for mcp_json_text().
 */
typedef struct mcp_json mcp_json;

/**
 * A PROMPT of mcp_result_prompt(), borrowed from the result.
 *
 * What it says of itself is the server's: do not trust it.
 */
typedef struct mcp_prompt mcp_prompt;

/**
 * ONE REQUEST, with options of its own, performed here or started to go on
 * by itself.
 *
 * Make it with one of the mcp_request_new functions, set what differs from
 * the client's options, then either mcp_request_perform(), which blocks, or
 * mcp_request_start(), which returns at once: mcp_client_fd() becomes
 * readable when there is something to do, mcp_client_dispatch() does it, and
 * mcp_client_next_done() hands the finished requests out.
 *
 * A request that is not in flight may be performed or started again, which
 * sends it anew.  While it is in flight its options cannot be changed:
 * MCP_E_STATE.  A started request uses no descriptor of its own; see
 * MCP_LIMIT_CONNECTIONS.  One thread at a time uses it, except that any
 * thread may ask mcp_request_status() and fire its mcp_cancel.
 */
typedef struct mcp_request mcp_request;

/**
 * A RESOURCE or template of mcp_result_resource(), or the link in a content;
 * borrowed from the result.
 *
 * What it says of itself is the server's: do not trust it.
 */
typedef struct mcp_resource mcp_resource;

/**
 * AN ANSWER, of whichever method.  The functions below read what it has, and
 * give 0 or NULL for what it has not; mcp_result_json() has all of it.
 *
 * It never changes: any number of threads may read it.  What they give is
 * borrowed from it and valid until mcp_result_free().  Texts are UTF-8 and
 * end with a NUL; one with a NUL inside is cut short there, but has its
 * `len`.
 */
typedef struct mcp_result mcp_result;

/**
 * A SKILL of mcp_result_skill(), borrowed from the result: instructions for a
 * model, in files that are read on demand.
 *
 * What it says of itself is the server's: do not trust it.
 */
typedef struct mcp_skill mcp_skill;

/**
 * A TASK: a call of a tool that goes on at the server after it has answered,
 * which takes longer than anybody wants to hold a connection.  Borrowed from
 * the result of mcp_result_task(), or from the event of mcp_event_task().
 *
 * Whoever knows a task's id may have its result: treat it like a password.
 */
typedef struct mcp_task mcp_task;

/**
 * A SINK that the library lends to a callback which has to give text back:
 * write with mcp_text_set() before you return.  The library keeps a copy,
 * which it overwrites when it lets go of it.
 */
typedef struct mcp_text mcp_text;

/**
 * A TOOL of mcp_result_tool(), borrowed from the result.
 *
 * What it says of itself is the server's: do not trust it.
 */
typedef struct mcp_tool mcp_tool;

/**
 * Gives the bearer token for the next request; see
 * mcp_client_set_token_handler().
 *
 * `userdata`: what was given with the callback.  `refused`: 1 when the server
 * answered 401 to the last token, otherwise 0.  Put the token in `out` with
 * mcp_text_set() and return MCP_OK; any other number makes the call fail with
 * MCP_E_UNAUTHORIZED.  Runs on the thread that is in a call.
 */
typedef int32_t (*mcp_token_fn)(void *userdata, int32_t refused, mcp_text *out);

/**
 * Releases a callback's user data: called once, after the last call of the
 * callback, when it is replaced or its handle is freed.  NULL where there is
 * nothing to release.  It runs at the end of a call that you made, on that
 * thread, while the library holds no lock: what is still in use, by a request
 * in flight for example, is released at the end of a later call, of any
 * thread.  It may call this library; what that gives up is released after it,
 * never inside it.  A setter that fails has called it too: user data that was
 * handed over is never yours again.
 */
typedef void (*mcp_free_fn)(void *userdata);

/**
 * Gives a signed token; see mcp_auth_set_assertion_handler().
 *
 * `userdata`: what was given with the callback.  `audience`: whom the token
 * is for: the issuer of the authorization server; for
 * MCP_GRANT_TOKEN_EXCHANGE, where the identity provider made the token for
 * this program, it may be passed over.  Put the token in `out` with
 * mcp_text_set() and return MCP_OK; any other number ends the exchange with
 * MCP_E_AUTH.  Runs on the thread that is in a call, or that dispatches.
 */
typedef int32_t (*mcp_assertion_fn)(void *userdata,
                                    const char *audience,
                                    mcp_text *out);

/**
 * Shows the page on which the person signs in; see mcp_auth_set_browser().
 *
 * `userdata`: what was given with the callback.  `auth`: the authorization,
 * lent until the callback returns, for mcp_auth_complete().  `url`: an
 * https:// address, or http:// on this machine, valid until the callback
 * returns; it belongs to this one sign-in and is not for a log.  Return
 * MCP_OK when the page is on its way; any other number ends the sign-in with
 * MCP_E_AUTH.  Runs on the thread that is in a call, or that dispatches.
 */
typedef int32_t (*mcp_browser_fn)(void *userdata,
                                  mcp_auth *auth,
                                  const char *url);

/**
 * Gives what was saved under a key; see mcp_auth_set_store().
 *
 * `userdata`: what was given with the callbacks.  `key`: up to 100 printable
 * ASCII characters, not secret.  Put what was saved in `out` with
 * mcp_text_set(), or leave it as it is when there is nothing, and return
 * MCP_OK; any other number says that the store failed.
 */
typedef int32_t (*mcp_load_fn)(void *userdata, const char *key, mcp_text *out);

/**
 * Saves data under a key, over what was there; see mcp_auth_set_store().
 *
 * `userdata`: what was given with the callbacks.  `key`: as for mcp_load_fn.
 * `data`: `len` bytes of UTF-8 with a NUL behind them, secret, valid until
 * the callback returns.  Return MCP_OK, or any other number when the store
 * failed.
 */
typedef int32_t (*mcp_save_fn)(void *userdata,
                               const char *key,
                               const char *data,
                               size_t len);

/**
 * Deletes what was saved under a key; see mcp_auth_set_store().
 *
 * `userdata`: what was given with the callbacks.  `key`: as for mcp_load_fn;
 * one that is not there is no failure.  Return MCP_OK, or any other number
 * when the store failed.
 */
typedef int32_t (*mcp_delete_fn)(void *userdata, const char *key);

/**
 * Tells how far a request is; see mcp_request_set_progress().
 *
 * `userdata`: what was given with the callback.  `progress`: goes up.
 * `total`: -1 where the server did not say.  `message`: UTF-8, valid during
 * the call; NULL where the server did not say.  Runs on the thread that
 * performs the request or dispatches.
 */
typedef void (*mcp_progress_fn)(void *userdata,
                                double progress,
                                double total,
                                const char *message);

/**
 * Is told what the server tells of its own accord; see
 * mcp_client_set_event_handler().
 *
 * `userdata`: what was given with the callback.  `client`: the client that
 * heard it.  `event` lives until you return.  Runs on a thread that
 * dispatches or waits in a call of this client, possibly on several at a
 * time.
 */
typedef void (*mcp_event_fn)(void *userdata,
                             mcp_client *client,
                             const mcp_event *event);

/**
 * Receives a question of the server; see mcp_client_set_input_handler().
 *
 * `userdata`: what was given with the callback.  `client`: the client that
 * was asked.  `input` is yours: answer it now or later, from any thread, and
 * free it.  Runs on a thread that dispatches or waits in a call of this
 * client, possibly on several at a time; the call goes on when the question
 * is answered.
 */
typedef void (*mcp_input_fn)(void *userdata,
                             mcp_client *client,
                             mcp_input *input);

/**
 * Gives the library's version, such as "0.1.0".
 *
 * Returns static text, never NULL; compare with MCP_VERSION.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_version(void);

/**
 * Gives the library's version as a number like MCP_VERSION_NUMBER.
 *
 * Compare the two to learn that a program runs with an older library than it
 * was built for.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_version_number(void);

/**
 * Gives the name of a status code or a state, such as "MCP_E_TIMEOUT" or
 * "MCP_PENDING".
 *
 * `status`: any number.  Returns static text, "MCP_E_UNKNOWN" for a number
 * that is neither.  For logs and tests: people want mcp_error_message().
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_status_name(int32_t status);

/**
 * Gives the status code of an error, one of MCP_E_.
 *
 * `error`: an error, or NULL for this thread's last one.  MCP_OK where there
 * was none yet.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_error_status(const mcp_error *error);

/**
 * Says what went wrong and what to do about it, in one English sentence.
 *
 * `error`: an error, or NULL for this thread's last one.  Returns UTF-8 text
 * on one line, never NULL; "" where there was no error.  It is borrowed:
 * valid until this thread's next failing call, or as long as `error` is.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_error_message(const mcp_error *error);

/**
 * Gives the HTTP status, 0 where the server gave none.
 *
 * `error`: an error, or NULL for this thread's last one.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_error_http_status(const mcp_error *error);

/**
 * Gives the JSON-RPC error code, such as -32602; 0 where there was none.
 *
 * `error`: an error, or NULL for this thread's last one.  A few servers use
 * 0 as a code: the status is MCP_E_RPC then as well.
 * Threads: any.  Since: 0.1.0.  Spec: basic, error codes.
 */
int32_t mcp_error_rpc_code(const mcp_error *error);

/**
 * Gives the `data` member of the JSON-RPC error as JSON text.
 *
 * `error`: an error, or NULL for this thread's last one.  `len`, unless NULL,
 * receives the bytes without the terminating NUL.  Returns UTF-8 text;
 * borrowed like mcp_error_message().  Secrets that the server repeats in it
 * are masked.  NULL where there was none, or one of more than 1 MiB, or one
 * that may hide a secret: with escapes and more than 128 objects and arrays
 * inside each other, or no JSON any more once it is masked.
 * Threads: any.  Since: 0.1.0.  Spec: basic, responses.
 */
const char *mcp_error_data_json(const mcp_error *error, size_t *len);

/**
 * Gives a parameter of the server's Bearer challenge (WWW-Authenticate).
 *
 * `error`: an error, or NULL for this thread's last one.  `name`: "realm",
 * "scope", "resource_metadata", "error", "error_description" or another, in
 * lower case.  Returns UTF-8 text as the server wrote it, NULL where it is
 * absent; borrowed like mcp_error_message().
 * Threads: any.  Since: 0.1.0.  Spec: authorization; RFC 6750, section 3.
 */
const char *mcp_error_challenge(const mcp_error *error, const char *name);

/**
 * Gives the milliseconds after which the server wants to be asked again
 * (Retry-After).
 *
 * `error`: an error, or NULL for this thread's last one.  -1 where the server
 * did not say.
 * Threads: any.  Since: 0.1.0.  Spec: RFC 9110, 10.2.3.
 */
int32_t mcp_error_retry_after(const mcp_error *error);

/**
 * Says if the server may have executed the request in spite of the error.
 *
 * `error`: an error, or NULL for this thread's last one.  0: surely not,
 * asking again is safe.  1: perhaps.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_error_may_have_run(const mcp_error *error);

/**
 * Gives how a server's process ended, of MCP_E_PROCESS.
 *
 * `error`: an error, or NULL for this thread's last one.  The exit status, 0
 * to 255; or 128 and the number of the signal that ended it; -1 where there
 * is none: the process runs, could not be started, or this program has
 * waited for it.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_error_exit_status(const mcp_error *error);

/**
 * Makes a client of the MCP server at an http:// or https:// address.
 *
 * `url`: the server's MCP endpoint in ASCII, such as
 * "https://example.com/mcp"; nothing in it is a secret to the library, so that
 * a key belongs into a header.  `token`: the bearer token, without the word
 * "Bearer"; NULL for none.  Both are copied.
 *
 * No I/O is done.  Returns a handle to free with mcp_client_free(), or NULL
 * with the last error set: MCP_E_INVALID_ARGUMENT for an address that is not
 * HTTP or holds a user name or a password, for a token that is empty or has
 * a prefix, a blank, a line break or a byte outside ASCII.  A token for a
 * plain http:// address of another machine is refused by the first call: see
 * mcp_client_set_allow_plain_http().
 * Threads: any, while none changes the environment.  Since: 0.1.0.
 * Spec: transports, authorization.
 */
mcp_client *mcp_client_new(const char *url,
                           const char *token);

/**
 * Ends the client's work: every wait in every thread returns MCP_E_CLOSED,
 * and the session is given back to the server.
 *
 * `client`: NULL is allowed.  Requests that are in flight are done at once,
 * as MCP_E_CLOSED, and are handed out like others.  Waits no longer than
 * mcp_client_set_close_timeout() allows for the server to take the end of the
 * session, and for a process to end.  May be called more than once; calls
 * made later are MCP_E_CLOSED.  In the child of a fork() it does nothing.
 * Threads: any.  Since: 0.1.0.  Spec: transports, session management.
 */
void mcp_client_close(mcp_client *client);

/**
 * Closes the client and releases it, overwriting its secrets.
 *
 * `client`: a client that no other thread is using and that is not used
 * again, or NULL.  Results, errors, cancels and requests outlive it; its
 * requests are MCP_E_CLOSED from then on and must still be freed.  Waits like
 * mcp_client_close().  In the child of a fork() it releases memory and
 * descriptors, and sends nothing.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_client_free(mcp_client *client);

/**
 * Sets an HTTP header that is sent with every request to the server.  For a
 * server that is not reached by HTTP it is MCP_E_UNSUPPORTED.
 *
 * `name`: a token of RFC 9110; upper and lower case are the same.  `value`:
 * UTF-8 without control characters; NULL takes the header away.  Both are
 * copied, and the value is treated as a secret.  It goes to the server's own
 * origin only.
 *
 * Refused with MCP_E_INVALID_ARGUMENT: what RFC 9110 does not allow; headers
 * that the library writes (Host, Content-Length, Transfer-Encoding,
 * Connection, Content-Type, Accept, Mcp-... and their like); Authorization
 * while there is a token or a token handler.  MCP_E_FORKED.
 * Threads: any, at any time, for requests begun later.  Since: 0.1.0.
 * Spec: authorization, RFC 9110.
 */
int32_t mcp_client_set_header(mcp_client *client,
                              const char *name,
                              const char *value);

/**
 * Replaces the bearer token.
 *
 * `token`: like that of mcp_client_new(), copied; NULL takes the token, or
 * the token handler, away.  Requests under way keep the old one, which is
 * overwritten when they end.  Errors: MCP_E_INVALID_ARGUMENT, also while
 * there is a header Authorization; MCP_E_UNSUPPORTED for a server that is not
 * reached by HTTP, whose secrets go by mcp_client_set_env(); MCP_E_FORKED.
 * Threads: any, at any time.  Since: 0.1.0.  Spec: authorization.
 */
int32_t mcp_client_set_token(mcp_client *client, const char *token);

/**
 * Sets a function that is asked for the token: before the first request, and
 * once more when the server answers 401, after which the request is sent
 * once again if the token is another.
 *
 * `callback`: runs on the thread that is in a call, possibly on several at a
 * time; NULL takes the handler, or the token, away.  `userdata`: passed to
 * it.  `free_userdata`: see mcp_free_fn.  Errors: MCP_E_INVALID_ARGUMENT
 * while there is a header Authorization; MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.  Spec: authorization.
 */
int32_t mcp_client_set_token_handler(mcp_client *client,
                                     mcp_token_fn callback,
                                     void *userdata,
                                     mcp_free_fn free_userdata);

/**
 * Gives the text that a callback was asked for.
 *
 * `text`: what the callback got.  `data`: `len` bytes of UTF-8, copied; no
 * NUL is needed at the end.  Of several calls the last one counts.  Errors:
 * MCP_E_INVALID_ARGUMENT; MCP_E_TOO_LARGE over 1 MiB.
 * Threads: the callback's, until it returns.  Since: 0.1.0.
 */
int32_t mcp_text_set(mcp_text *text, const char *data, size_t len);

/**
 * Sets how long a call waits for the server's answer, connecting included.
 * Default: 60000.
 *
 * `milliseconds`: 1 to INT32_MAX; there is no endless wait.  A report of
 * progress of the request starts the time again, up to
 * mcp_client_set_deadline(); while its own question of the server is open,
 * it stands still, see mcp_input.  A call that is over its time is
 * MCP_E_TIMEOUT.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 * Spec: lifecycle, timeouts.
 */
int32_t mcp_client_set_timeout(mcp_client *client, int32_t milliseconds);

/**
 * Sets how long name resolution, connecting, a proxy and TLS may take
 * together; over it a call is MCP_E_CONNECT.  A server's process may take so
 * long to answer the first question, before it is asked in the older way.
 *
 * `milliseconds`: 1 to INT32_MAX, at first 10000.  Errors:
 * MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 */
int32_t mcp_client_set_connect_timeout(mcp_client *client,
                                       int32_t milliseconds);

/**
 * Sets the size over which a message of the server is refused with
 * MCP_E_TOO_LARGE.
 *
 * A list is one message, with all its pages.
 *
 * `bytes`: 1 or more, at first 67108864, which is 64 MiB.  A longer line of a
 * program is passed over: the call that it would have answered fails, and
 * others go on.  Errors:
 * MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 */
int32_t mcp_client_set_max_message_size(mcp_client *client, size_t bytes);

/**
 * Chooses by which of the HTTP transports the server is reached.
 *
 * `transport`: MCP_TRANSPORT_AUTO, as at first, MCP_TRANSPORT_STREAMABLE_HTTP
 * or MCP_TRANSPORT_SSE.  Errors: MCP_E_INVALID_ARGUMENT; MCP_E_UNSUPPORTED
 * for a server that is not reached by HTTP; MCP_E_STATE once the client is
 * connected; MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.  Spec: transports, backwards compatibility.
 */
int32_t mcp_client_set_transport(mcp_client *client, int32_t transport);

/**
 * Tells which transport is in use: one of MCP_TRANSPORT_, and
 * MCP_TRANSPORT_AUTO while the client is not connected or for NULL.
 *
 * `client`: only looked at.
 * Threads: any.  Since: 0.1.0.  Spec: transports.
 */
int32_t mcp_client_transport(mcp_client *client);

/**
 * Pins the protocol revision: it is used, and nothing else is tried.
 *
 * `version`: such as "2025-11-25"; NULL, as at first, takes the newest that
 * both sides know.  Errors: MCP_E_VERSION for one that this library does not
 * speak; MCP_E_STATE once the client is connected; MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.  Spec: versioning.
 */
int32_t mcp_client_set_protocol_version(mcp_client *client,
                                        const char *version);

/**
 * Sets the name and version by which the server knows this program, in the
 * protocol and in the header User-Agent.
 *
 * `name`, `version`: UTF-8, neither empty, copied; at first "libmcpclient"
 * and its version.  Errors: MCP_E_INVALID_ARGUMENT; MCP_E_STATE once the
 * client is connected; MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.  Spec: Implementation.
 */
int32_t mcp_client_set_info(mcp_client *client,
                            const char *name,
                            const char *version);

/**
 * Sends everything through a proxy, by CONNECT.
 *
 * `url`: "http://HOST:PORT" or "https://HOST:PORT", where USER:PASSWORD@ may
 * stand before the host; copied.  NULL, as at first, follows the environment
 * as curl does: https_proxy, HTTPS_PROXY, http_proxy, all_proxy, ALL_PROXY
 * and no_proxy, NO_PROXY, as they were when the client was made.  "" is none.
 * Loopback addresses never go through one.  Errors: MCP_E_INVALID_ARGUMENT;
 * MCP_E_STATE once the client is connected; MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_client_set_proxy(mcp_client *client, const char *url);

/**
 * Connects to a Unix socket in place of the URL's host and port.
 *
 * `path`: in UTF-8, copied; NULL takes it away.  Errors:
 * MCP_E_INVALID_ARGUMENT; MCP_E_STATE once the client is connected;
 * MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_client_set_unix_socket(mcp_client *client, const char *path);

/**
 * Trusts the certificates in a PEM file besides those of the system.
 *
 * `path`: in UTF-8; read at once.  NULL: those of the system alone, as at
 * first.  Errors: MCP_E_TLS when the file cannot be read or holds none;
 * MCP_E_STATE once the client is connected; MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_client_set_ca_file(mcp_client *client, const char *path);

/**
 * Shows a client certificate (mutual TLS) to the origin of the client's URL:
 * to no proxy, and to no authorization server of another origin.
 *
 * `certificate_path`: a PEM file with the chain, the client's own first.
 * `key_path`: a PEM file with its private key, which may be the same file.
 * Both in UTF-8; read at once.  Both NULL: none, as at first.  Errors:
 * MCP_E_TLS when they cannot be read or do not fit; MCP_E_INVALID_ARGUMENT
 * when one is NULL; MCP_E_STATE once the client is connected; MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_client_set_certificate(mcp_client *client,
                                   const char *certificate_path,
                                   const char *key_path);

/**
 * DANGER.  Lets a token, or a header that was set, go over http:// to another
 * machine, which is otherwise MCP_E_INSECURE at the call.
 *
 * `allow`: 1, or 0 as at first.  Loopback addresses and Unix sockets are
 * always allowed.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 * Spec: authorization, communication security.
 */
int32_t mcp_client_set_allow_plain_http(mcp_client *client, int32_t allow);

/**
 * Writes a line to a descriptor for each thing that happens on the wire,
 * with credentials, session ids and the values of headers that were set
 * masked.
 *
 * `fd`: duplicated at once, so that it may be closed; -1 ends the trace.  A
 * write that would block is dropped, and how many were is told later.  A
 * descriptor and not a callback, because lines come from every thread.
 * Messages are shown as they are, up to 2000 bytes of each: they may hold
 * what the program or the server put there.  Errors: MCP_E_INVALID_ARGUMENT
 * for a descriptor that is not open; MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 */
int32_t mcp_client_set_trace_fd(mcp_client *client, int32_t fd);

/**
 * Makes a client of a server that is a program, spoken to over its standard
 * input and output.
 *
 * `argv`: the program and its arguments, ended by a NULL; copied.  A program
 * without a slash is looked for in the PATH.  No shell is involved.
 *
 * Nothing is started yet: the first call does that, and a call after the
 * program has ended starts it again, see mcp_client_set_restart().  The
 * program gets HOME, LOGNAME, PATH, SHELL, TERM and USER of this environment
 * and what mcp_client_set_env() adds; no descriptor but its standard ones; a
 * process group of its own.  mcp_client_close() ends it: its standard input
 * is closed; if it runs on, it gets SIGTERM after two seconds and SIGKILL
 * after four, with its group.  Processes of the group that outlive it get
 * SIGTERM when it has ended, and SIGKILL two seconds later.  A process that
 * has left the group, for instance by setsid(), is not reached.  No handler
 * of SIGCHLD is needed or set.
 *
 * Calls are those of every client.  What is of HTTP alone is
 * MCP_E_UNSUPPORTED: tokens, headers, proxies, certificates.  A program that
 * cannot be started, or ends while a call waits, makes that MCP_E_PROCESS:
 * mcp_error_exit_status() has its status, and the message the end of what it
 * wrote to its standard error.
 *
 * Returns a handle to free with mcp_client_free(), or NULL with the last
 * error set: MCP_E_INVALID_ARGUMENT, MCP_E_INTERNAL.
 * Threads: any, while none changes the environment.  Since: 0.1.0.
 * Spec: transports, stdio.
 */
mcp_client *mcp_client_new_stdio(const char *const *argv);

/**
 * Makes a client that speaks over two descriptors which are already open: a
 * socket, pipes to a container, a server in this program.
 *
 * `read_fd`: where the server's messages come from.  `write_fd`: where those
 * to the server go; it may be the same number.  Messages are JSON, one to a
 * line, as on stdio.  Both belong to the client from here on, also when NULL
 * is returned, unless the number is no open descriptor; they are set not to
 * block.  They are good for one session: once a stream has ended, calls are
 * MCP_E_IO.
 *
 * Returns a handle to free with mcp_client_free(), or NULL with the last
 * error set: MCP_E_INVALID_ARGUMENT, MCP_E_INTERNAL.
 * Threads: any, while none changes the environment.  Since: 0.1.0.
 * Spec: transports, stdio.
 */
mcp_client *mcp_client_new_fds(int32_t read_fd, int32_t write_fd);

/**
 * Sets a variable in the environment of a server's process.
 *
 * `name`: not empty and without "=".  `value`: NULL takes the variable away,
 * also one that every server gets.  Both are copied; a value of eight bytes
 * and more counts as a secret in messages.
 *
 * Errors: MCP_E_INVALID_ARGUMENT; MCP_E_UNSUPPORTED for a client that does
 * not start its server; MCP_E_STATE while the process runs; MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_client_set_env(mcp_client *client,
                           const char *name,
                           const char *value);

/**
 * Sets the directory in which a server's process starts.
 *
 * `path`: copied; NULL, as at first, is this process's own.  Errors: as for
 * mcp_client_set_env(); one that is not there is MCP_E_PROCESS at the first
 * call.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_client_set_directory(mcp_client *client, const char *path);

/**
 * Says what becomes of what a server's process writes to its standard error.
 *
 * `choice`: MCP_STDERR_KEEP, as at first, reads it and keeps the last 8 KiB
 * for the message of MCP_E_PROCESS; MCP_STDERR_DISCARD; MCP_STDERR_INHERIT.
 * See mcp_client_set_stderr_fd() as well.  Errors: as for
 * mcp_client_set_env().
 * Threads: any.  Since: 0.1.0.  Spec: transports, stdio.
 */
int32_t mcp_client_set_stderr(mcp_client *client, int32_t choice);

/**
 * Sends what a server's process writes to its standard error to a descriptor
 * of yours: a file, a pipe that you read.
 *
 * `fd`: duplicated.  Errors: as for mcp_client_set_env().
 * Threads: any.  Since: 0.1.0.  Spec: transports, stdio.
 */
int32_t mcp_client_set_stderr_fd(mcp_client *client, int32_t fd);

/**
 * Says whether a call starts a server's process again that has ended.
 *
 * `allow`: 1, as at first, or 0, with which calls are MCP_E_PROCESS from then
 * on.  A call that the process may have begun to execute is not repeated for
 * that, unless it may be, see mcp_client_set_repeat_tools().
 *
 * Errors: MCP_E_UNSUPPORTED for a client that does not start its server,
 * MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 */
int32_t mcp_client_set_restart(mcp_client *client, int32_t allow);

/**
 * Makes an authorization.
 *
 * `grant`: one of MCP_GRANT_.  No I/O is done.  Returns a handle to free with
 * mcp_auth_free(), or NULL with the last error set: MCP_E_INVALID_ARGUMENT.
 * Threads: any, while none changes the environment.  Since: 0.1.0.
 * Spec: authorization.
 */
mcp_auth *mcp_auth_new(int32_t grant);

/**
 * Releases this reference; clients that have the authorization keep it.
 *
 * `auth`: not used again, or NULL.  Secrets are overwritten with the last
 * reference.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_auth_free(mcp_auth *auth);

/**
 * Lets an authorization get the client's tokens.
 *
 * `client`: one whose server is reached by HTTP.  `auth`: shared with the
 * client, and with others that have it; it may be freed at once.  NULL takes
 * the authorization, or whatever gives the token, away.  It takes the place
 * of a token and of a token handler.  Errors: MCP_E_INVALID_ARGUMENT while
 * there is a header Authorization; MCP_E_UNSUPPORTED for a server that is
 * not reached by HTTP; MCP_E_STATE once the client is connected, where the
 * grant is one that the server has to be told of; MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.  Spec: authorization.
 */
int32_t mcp_client_set_auth(mcp_client *client, mcp_auth *auth);

/**
 * Gives the authorization that gets a client's tokens: the one of
 * mcp_client_set_auth(), or the one of a configuration file's server; see
 * mcp_config_client().
 *
 * `client`: not changed.  Returns a handle of the same authorization, to free
 * with mcp_auth_free(), or NULL with the last error set: MCP_E_UNSUPPORTED for
 * a client without one.
 * Threads: any.  Since: 0.1.0.
 */
mcp_auth *mcp_client_auth(mcp_client *client);

/**
 * Sets the client id, and the secret, under which the program is registered
 * at the authorization server.
 *
 * `auth`: one that is not in use yet.  `client_id`, `client_secret`: UTF-8,
 * copied; `client_secret` may be NULL.  Without this the program registers
 * itself, where the server lets it.  What is given belongs to one
 * authorization server: that of mcp_auth_set_issuer(), otherwise the first
 * that is used, and goes to no other.  Errors: MCP_E_INVALID_ARGUMENT,
 * MCP_E_STATE, MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: authorization, RFC 6749.
 */
int32_t mcp_auth_set_client(mcp_auth *auth,
                            const char *client_id,
                            const char *client_secret);

/**
 * Sets the private key with which the program proves who it is
 * (private_key_jwt).
 *
 * `auth`: one that is not in use yet.  `key_pem`: an unencrypted PKCS #8 key
 * in PEM, copied.  `algorithm`: "ES256", "RS256" or "EdDSA", or NULL for the
 * one that the key is for.  `key_id`: the "kid" under which the server knows
 * the key, or NULL.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
 * MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: RFC 7523.
 */
int32_t mcp_auth_set_client_key(mcp_auth *auth,
                                const char *key_pem,
                                const char *algorithm,
                                const char *key_id);

/**
 * Sets the address of the document that describes the program, which is its
 * client id where the authorization server supports that.
 *
 * `auth`: one that is not in use yet.  `url`: https:// with a path, exactly as
 * "client_id" says it in the document, copied; NULL for none.  The library
 * never fetches it.  It must list the redirect address; since servers do not
 * agree whether the port of a loopback one matters, set one with
 * mcp_auth_set_redirect_url().  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
 * MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.
 * Spec: authorization, client id metadata documents.
 */
int32_t mcp_auth_set_client_metadata_url(mcp_auth *auth,
                                         const char *url);

/**
 * Sets the scopes to ask for.
 *
 * `auth`: one that is not in use yet.  `scope`: with blanks between them,
 * copied; NULL, as at first, asks for those that the server's challenge names,
 * otherwise for those in its metadata, otherwise for none.  Errors:
 * MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: authorization, scopes.
 */
int32_t mcp_auth_set_scope(mcp_auth *auth,
                           const char *scope);

/**
 * Sets the only authorization server to use; an MCP server that names
 * another one is refused.
 *
 * `auth`: one that is not in use yet.  `issuer`: https://, exactly as the
 * server's metadata says it, copied; NULL for the one that the MCP server
 * names, as at first.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
 * MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: RFC 8414.
 */
int32_t mcp_auth_set_issuer(mcp_auth *auth, const char *issuer);

/**
 * Sets who gives the signed token that is exchanged: the identity token of
 * the person for MCP_GRANT_TOKEN_EXCHANGE, the platform's token of the
 * workload for MCP_GRANT_JWT_BEARER.
 *
 * `auth`: one that is not in use yet.  `callback`: asked anew for each
 * exchange; NULL takes it away.  `userdata`: given to it.  `free_userdata`:
 * see mcp_free_fn.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: RFC 7523, RFC 8693.
 */
int32_t mcp_auth_set_assertion_handler(mcp_auth *auth,
                                       mcp_assertion_fn callback,
                                       void *userdata,
                                       mcp_free_fn free_userdata);

/**
 * Reads the signed token from a file, anew for each exchange: what
 * mcp_auth_set_assertion_handler() would give.
 *
 * `auth`: one that is not in use yet.  `path`: in UTF-8, copied; the file need
 * not be there yet.  Blanks and line ends around the token are passed over.
 * NULL takes it away.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
 * MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.
 */
int32_t mcp_auth_set_assertion_file(mcp_auth *auth,
                                    const char *path);

/**
 * Takes the signed token from an environment variable, anew for each
 * exchange: what mcp_auth_set_assertion_handler() would give.  Like such a
 * handler, it is read on the thread that is in a call, or that dispatches.
 *
 * `auth`: one that is not in use yet.  `name`: copied; the variable need not
 * be set yet.  NULL takes it away.  Errors: MCP_E_INVALID_ARGUMENT,
 * MCP_E_STATE, MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.
 */
int32_t mcp_auth_set_assertion_variable(mcp_auth *auth, const char *name);

/**
 * Sets where MCP_GRANT_TOKEN_EXCHANGE exchanges the identity token for an
 * ID-JAG.
 *
 * `auth`: one that is not in use yet.  `token_endpoint`: https://, or http://
 * on this machine.  `client_id`, `client_secret`: the program's at the
 * identity provider; `client_secret` may be NULL.  All copied.  Its id at the
 * authorization server is that of mcp_auth_set_client().  Errors:
 * MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.
 * Spec: enterprise-managed authorization, RFC 8693.
 */
int32_t mcp_auth_set_identity_provider(mcp_auth *auth,
                                       const char *token_endpoint,
                                       const char *client_id,
                                       const char *client_secret);

/**
 * Says whether tokens are bound to a key (DPoP), so that a stolen one is of
 * no use.
 *
 * `auth`: one that is not in use yet.  `on`: 1 demands it, so that a server
 * which cannot is MCP_E_AUTH; 0 never does it; -1, as at first, does it where
 * the server asks for it.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
 * MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: RFC 9449.
 */
int32_t mcp_auth_set_dpop(mcp_auth *auth, int32_t on);

/**
 * Sets the key that tokens are bound to, in place of one that the library
 * makes for each server and keeps beside the token.
 *
 * `auth`: one that is not in use yet.  `key_pem`: an unencrypted PKCS #8 key
 * in PEM, copied; NULL takes it away.  `algorithm`: as for
 * mcp_auth_set_client_key().  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
 * MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: RFC 9449.
 */
int32_t mcp_auth_set_dpop_key(mcp_auth *auth,
                              const char *key_pem,
                              const char *algorithm);

/**
 * DANGER.  Lets an MCP server that is not on this machine or network name an
 * authorization server that is, which is otherwise MCP_E_INSECURE: it could
 * make this program ask what only this program can reach.
 *
 * `auth`: one that is not in use yet.  `allow`: 1, or 0 as at first.  An MCP
 * server on this machine may name one on this machine, one on a private
 * network one on a private network.  Link-local addresses are always refused.
 * Errors: MCP_E_STATE, MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: RFC 9728, 7.7.
 */
int32_t mcp_auth_set_allow_private(mcp_auth *auth, int32_t allow);

/**
 * Gets a token now, before the server has asked for one: for a program that
 * has its person sign in at a time of its own choosing.
 *
 * `client`: one with an authorization.  Finds the authorization server where
 * the MCP server publishes it, and does all that a refused call would do; a
 * token that is there and good is kept.  Errors: MCP_E_UNSUPPORTED for a
 * client without an authorization; MCP_E_AUTH where the server names no
 * authorization server; call errors.
 * Threads: any.  Since: 0.1.0.  Spec: authorization, RFC 9728.
 */
int32_t mcp_sign_in(mcp_client *client);

/**
 * Forgets the tokens that a client has by its authorization, here and in the
 * store, after revoking them where the authorization server can.
 *
 * `client`: one with an authorization.  Also what an earlier run left in the
 * store for this client's address is forgotten; the registration is kept.
 * Errors: MCP_E_NOT_FOUND when there is nothing to forget; MCP_E_UNSUPPORTED
 * for a client without an authorization; the failure of a revocation or of
 * the store, where everything that could be is forgotten all the same; call
 * errors.
 * Threads: any.  Since: 0.1.0.  Spec: RFC 7009.
 */
int32_t mcp_sign_out(mcp_client *client);

/**
 * Sets where the person's browser is sent back to.
 *
 * `auth`: one that is not in use yet.  `url`: copied; NULL, as at first,
 * listens on a free port of 127.0.0.1.  With http:// and a loopback host the
 * library listens there, on a free port if the address has none.  With
 * https://, or a private scheme such as "com.example.app:/callback", it waits
 * for mcp_auth_complete().  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
 * MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: authorization, RFC 8252.
 */
int32_t mcp_auth_set_redirect_url(mcp_auth *auth, const char *url);

/**
 * Sets who shows the page on which the person signs in.  Without it, as at
 * first, a sign-in that is needed is MCP_E_UNAUTHORIZED.
 *
 * `auth`: one that is not in use yet.  `callback`: mcp_open_browser(), or one
 * of the program's own, for instance one that prints the address, reads what
 * the person pastes, and gives it to mcp_auth_complete().  NULL takes it away.
 * `userdata`: given to the callback.  `free_userdata`: see mcp_free_fn.
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.  Spec: authorization.
 */
int32_t mcp_auth_set_browser(mcp_auth *auth,
                             mcp_browser_fn callback,
                             void *userdata,
                             mcp_free_fn free_userdata);

/**
 * Sets how long the person may take to sign in.
 *
 * `auth`: one that is not in use yet.  `milliseconds`: 1 to INT32_MAX, at
 * first 300000, which is five minutes; after that the call fails with
 * MCP_E_TIMEOUT.  The call's own timeout stands still meanwhile, and that of
 * calls which wait for this sign-in: they wait for as long, and up to a minute
 * more.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.
 */
int32_t mcp_auth_set_sign_in_timeout(mcp_auth *auth,
                                     int32_t milliseconds);

/**
 * Tells the address to which the person's browser was sent back.
 *
 * `auth`: whose sign-in waits.  `redirect_url`: the whole address with its
 * query, or the query alone; copied.  Its state is checked, and the waiting
 * call goes on with it; what else may be wrong with it is that call's error.
 * May be called inside the callback of mcp_auth_set_browser(), also while the
 * library listens by itself: the first answer counts.  Errors: MCP_E_STATE
 * when no sign-in waits for this address, MCP_E_INVALID_ARGUMENT,
 * MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.  Spec: authorization, RFC 6749.
 */
int32_t mcp_auth_complete(mcp_auth *auth, const char *redirect_url);

/**
 * Opens an address in the person's browser: a callback for
 * mcp_auth_set_browser().
 *
 * `userdata`: not looked at, may be NULL.  `auth`: the opener gets the
 * environment that there was when it was made; NULL for the one of now.
 * `url`: https://, or http:// on this machine, without a user name.  What is
 * not A-Z a-z 0-9 or one of - . _ ~ : / ? # @ = & % + , is percent-encoded.
 * It is one argument of the system's opener (open, xdg-open, x-www-browser),
 * and no shell of the library's sees it.  The environment variable BROWSER
 * names other openers, with a colon between them: a program and its
 * arguments, where %s stands for the address.  A thread of the library waits
 * for the opener's end, and ends with it.
 *
 * Returns MCP_OK when the opener was started, MCP_E_INVALID_ARGUMENT for any
 * other address, MCP_E_NOT_FOUND when there is no opener.
 * Threads: any; with NULL while none changes the environment.  Since: 0.1.0.
 */
int32_t mcp_open_browser(void *userdata, mcp_auth *auth, const char *url);

/**
 * Sets where registrations, tokens and keys are kept from one run to the
 * next.  By default nothing outlives the handle.
 *
 * `auth`: one that is not in use yet.  `load`, `save`, `forget`: all three, or
 * all NULL to take the store away.  They run on the thread that is in a call,
 * or that dispatches, one at a time for an authorization: a call that waits
 * for one on another thread does so within its own timeout.  `userdata`:
 * given to them.  `free_userdata`: see mcp_free_fn.  There is one entry for a
 * key;
 * what is saved is secret, and for this library alone to read.  What cannot be
 * loaded, or was changed, ends a call that has no token yet with MCP_E_AUTH;
 * what cannot be saved does not end it, and is counted: see
 * mcp_client_count().  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
 * MCP_E_FORKED.
 * Threads: any, before use.  Since: 0.1.0.
 */
int32_t mcp_auth_set_store(mcp_auth *auth,
                           mcp_load_fn load,
                           mcp_save_fn save,
                           mcp_delete_fn forget,
                           void *userdata,
                           mcp_free_fn free_userdata);

/**
 * Keeps registrations, tokens and keys in a file.
 *
 * `auth`: one that is not in use yet.  `path`: in UTF-8, copied; NULL is
 * tokens.json in the folder mcpclient of the system's place for the state of
 * programs: $XDG_STATE_HOME or ~/.local/state, on macOS ~/Library/Application
 * Support.  The file and its folder are made when they are needed, with the
 * modes 0600 and 0700, and replaced whole; processes that share the file take
 * turns.  A file that others may read or that belongs to another user is
 * MCP_E_INSECURE, with the command to mend it, here and whenever it is used; a
 * file that cannot be read then ends a call that has no token yet.  Errors:
 * MCP_E_INVALID_ARGUMENT, MCP_E_NOT_FOUND when there is no home directory,
 * MCP_E_IO, MCP_E_TOO_LARGE; MCP_E_AUTH and MCP_E_UNSUPPORTED for a file that
 * was changed or is of a newer library; MCP_E_STATE, MCP_E_FORKED.
 * Threads: any, before use, while none changes the environment.  Since: 0.1.0.
 */
int32_t mcp_auth_set_store_file(mcp_auth *auth,
                                const char *path);

/**
 * Sets how long a call may take at most, whatever progress it reports.
 * Default: 3600000, an hour.
 *
 * `milliseconds`: 1 to INT32_MAX; a shorter one than the timeout is as long
 * as the timeout.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 * Spec: lifecycle, timeouts.
 */
int32_t mcp_client_set_deadline(mcp_client *client, int32_t milliseconds);

/**
 * Sets how long a question of the server may stay unanswered, before it is
 * answered by "cancel".  Default: 600000, ten minutes.
 *
 * `milliseconds`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT,
 * MCP_E_FORKED.
 * Threads: any, for questions that come later.  Since: 0.1.0.
 */
int32_t mcp_client_set_input_timeout(mcp_client *client,
                                     int32_t milliseconds);

/**
 * Sets how long mcp_client_close() and mcp_client_free() may wait: for the
 * server to take the end of the session, and for a process to end.
 *
 * `milliseconds`: 0 or more.  0 waits for nothing: the session is not ended
 * at the server, and a process is killed with its group, which takes a moment
 * (a tenth of a second is the most).  Default: 500 for a
 * server that is reached by HTTP, 7000 for a process.  Errors:
 * MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for a close that begins later.  Since: 0.1.0.
 * Spec: transports, session management; lifecycle, shutdown.
 */
int32_t mcp_client_set_close_timeout(mcp_client *client,
                                     int64_t milliseconds);

/**
 * Sets one of the limits that protect this program from its server, and the
 * machine from this program.
 *
 * `limit`: one of MCP_LIMIT_.  `value`: 1 or more; MCP_LIMIT_CACHE may be 0.
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 */
int32_t mcp_client_set_limit(mcp_client *client,
                             int32_t limit,
                             int64_t value);

/**
 * Sets how many pages a list may have, over which it is MCP_E_TOO_LARGE.
 * Default: 1000.
 *
 * `pages`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.  Spec: pagination.
 */
int32_t mcp_client_set_max_pages(mcp_client *client, int32_t pages);

/**
 * Sets how many items a list may have, over which it is MCP_E_TOO_LARGE.
 * Default: 1000000.
 *
 * `items`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.  Spec: pagination.
 */
int32_t mcp_client_set_max_items(mcp_client *client, int32_t items);

/**
 * Sets how many messages a server may send in the stream of a call before
 * its answer, over which the call is MCP_E_TOO_LARGE.  Default: 1000000.
 *
 * `events`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 */
int32_t mcp_client_set_max_events(mcp_client *client, int32_t events);

/**
 * Sets how much memory answers may take that the server calls fresh for a
 * while (from revision 2026-07-28 on).  Default: 4 MiB.
 *
 * `bytes`: 0 turns it off, so that every call asks the server.  Lists and
 * resources that are fresh are answered without a request; a notification
 * that they have changed, heard by mcp_listen() or mcp_subscribe_resource(),
 * empties what it names.  Answers for one token are never given to another,
 * unless the server calls them public.
 *
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, at any time.  Since: 0.1.0.  Spec: caching.
 */
int32_t mcp_client_set_cache_size(mcp_client *client, size_t bytes);

/**
 * Says whether a call of a tool may be sent again after a broken connection,
 * when the server may have executed it.
 *
 * `allow`: 1 allows it for tools that say of themselves that they only read
 * or that calling them twice is as good as once (readOnlyHint,
 * idempotentHint), as far as a list of tools was read; 0, as at first, for
 * none.  What a server says of its tools is its own claim.  Requests can say
 * so each for itself: mcp_request_set_repeatable().
 *
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 * Spec: tool annotations.
 */
int32_t mcp_client_set_repeat_tools(mcp_client *client, int32_t allow);

/**
 * Tells how often something happened without a word: what was dropped, what
 * was recovered from.
 *
 * `client`: NULL gives 0.  `counter`: one of MCP_COUNT_; another gives 0.
 *
 * Returns the number since the client was made.
 * Threads: any.  Since: 0.1.0.
 */
int64_t mcp_client_count(mcp_client *client, int32_t counter);

/**
 * Reads a configuration file and checks all of it.
 *
 * `path`: a regular file.  Returns a handle to free with mcp_config_free(),
 * or NULL with the last error set: MCP_E_NOT_FOUND for a file that is not
 * there, MCP_E_TOO_LARGE, MCP_E_INVALID_ARGUMENT for one that cannot be read
 * and for all that is wrong in it.
 * Threads: any.  Since: 0.1.0.
 */
mcp_config *mcp_config_load(const char *path);

/**
 * Releases a configuration, overwriting its secrets.
 *
 * `config`: one that no other thread is using and that is not used again, or
 * NULL.  Clients that were made of it outlive it.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_config_free(mcp_config *config);

/**
 * Gives the number of servers, disabled ones among them.
 *
 * `config`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.
 */
size_t mcp_config_count(const mcp_config *config);

/**
 * Gives the name of a server by its place; NULL past the end.
 *
 * `config`: NULL gives NULL.  `index`: from 0 on.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_config_name(const mcp_config *config, size_t index);

/**
 * Gives the address of a server by its place, as it is written in the file,
 * without what its references stand for.
 *
 * `config`: NULL gives NULL.  `index`: from 0 on.  NULL past the end and for
 * a program at stdio.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_config_url(const mcp_config *config, size_t index);

/**
 * Gives the program of a server by its place, as it is written in the file
 * and without its arguments.
 *
 * `config`: NULL gives NULL.  `index`: from 0 on.  NULL past the end and for
 * a server behind HTTP.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_config_command(const mcp_config *config, size_t index);

/**
 * Gives the number of warnings about the file.
 *
 * There is one when users other than the file's owner may read tokens,
 * headers or variables that are written out in it, one for each name that is
 * there twice, and one when there are both "mcpServers", which counts, and
 * "servers".  `config`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.
 */
size_t mcp_config_warning_count(const mcp_config *config);

/**
 * Gives a warning by its place; NULL past the end.
 *
 * `config`: NULL gives NULL.  `index`: from 0 on.  It is written like the
 * message of an error.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_config_warning(const mcp_config *config, size_t index);

/**
 * Makes a client of a server of the file, with its token, headers and
 * timeout.
 *
 * `config`: not changed.  `name`: the server's; NULL for the only one that
 * is not disabled.
 *
 * Where "auth" says OAuth, the client has an authorization of its own, of
 * MCP_GRANT_AUTHORIZATION_CODE and with what the file says.  It keeps nothing
 * and shows no page, so that a sign-in that is needed is MCP_E_UNAUTHORIZED:
 * set the browser and the store of mcp_client_auth() before the first call,
 * or another authorization with mcp_client_set_auth().
 *
 * Reads the environment, and a file that "envFile" names; nothing is sent.
 * Returns a handle to free with mcp_client_free(), or NULL with the last
 * error set: MCP_E_NOT_FOUND, whose message lists the names there are;
 * MCP_E_STATE for a server that is disabled; MCP_E_UNSUPPORTED for one that
 * needs an editor; MCP_E_INVALID_ARGUMENT for a variable that is not set, and
 * for what mcp_client_new(), mcp_client_set_header() and mcp_auth_set_client()
 * refuse.
 * Threads: any, while none changes the environment.  Since: 0.1.0.
 */
mcp_client *mcp_config_client(const mcp_config *config,
                              const char *name);

/**
 * Makes a client from a configuration file: mcp_config_load(),
 * mcp_config_client() and mcp_config_free() in one, without the warnings.
 *
 * `path`, `name`: as there.  Returns a handle to free with
 * mcp_client_free(), or NULL with the last error set to one of theirs.
 * Threads: any, while none changes the environment.  Since: 0.1.0.
 */
mcp_client *mcp_client_new_config(const char *path, const char *name);

/**
 * Connects and negotiates, if that is not done yet, and tells who the server
 * is.
 *
 * `out`, unless NULL, receives the introduction, to free with
 * mcp_result_free(), or NULL on failure: mcp_result_server_name() and its
 * neighbours.  No other call needs this one first.
 *
 * Returns MCP_OK or a status: call errors.  Waits at most
 * mcp_client_set_timeout().
 * Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
 */
int32_t mcp_connect(mcp_client *client, mcp_result **out);

/**
 * Asks the server for a sign of life, with the credentials of any other
 * request.
 *
 * Connects first where that is needed.  Sends "ping" up to revision
 * 2025-11-25; later ones have none, and "server/discover" takes its place.
 *
 * Returns MCP_OK or a status: call errors.  Waits at most
 * mcp_client_set_timeout().
 * Threads: any.  Since: 0.1.0.  Spec: ping, server/discover.
 */
int32_t mcp_ping(mcp_client *client);

/**
 * Lists the server's tools: all of them, page after page.
 *
 * `out` receives the result, to free with mcp_result_free(), or NULL on
 * failure: mcp_result_tool_count(), mcp_result_tool().  For one page at a
 * time, perform a request of "tools/list" with a "cursor" in its parameters:
 * mcp_result_next_cursor(); to start or to cancel the whole list, see
 * mcp_request_set_all_pages().  From revision 2026-07-28 on, a tool whose
 * schema marks parameters for headers in an invalid way is left out, though
 * mcp_result_json() has it; and a list that the server calls fresh is
 * answered from memory, see mcp_client_set_cache_size().
 *
 * Waits at most mcp_client_set_timeout() for each page, and
 * mcp_client_set_deadline() for the whole.
 *
 * Returns MCP_OK or a status: call errors; MCP_E_TOO_LARGE for more than
 * mcp_client_set_max_pages() or mcp_client_set_max_items() allows.
 * Threads: any.  Since: 0.1.0.  Spec: tools/list, pagination.
 */
int32_t mcp_list_tools(mcp_client *client, mcp_result **out);

/**
 * Calls a tool and waits for its result.
 *
 * `name`: the tool's, UTF-8.  `arguments_json`: a JSON object as UTF-8 text;
 * NULL or "" for none.  Both are copied.  `out`, unless NULL, receives the
 * result, to free with mcp_result_free(), or NULL on failure.
 *
 * A tool that fails is a result, not a failed call: look at
 * mcp_result_is_error().  A call of which a byte may have reached the server
 * is not repeated after a broken connection: MCP_E_IO; unless the tool says
 * in a list that was read that it is idempotent or only reads, see
 * mcp_request_set_repeatable().  The server is asked to report progress, and
 * each report starts the timeout anew, up to mcp_client_set_deadline().  For
 * a time limit, to be told of progress or to cancel see
 * mcp_request_new_call_tool(); for tools that take very long,
 * mcp_client_set_tasks().
 *
 * Returns MCP_OK or a status: call errors; MCP_E_INVALID_ARGUMENT for
 * arguments that are no JSON object, before anything is sent.
 * Threads: any.  Since: 0.1.0.  Spec: tools/call.
 */
int32_t mcp_call_tool(mcp_client *client,
                      const char *name,
                      const char *arguments_json,
                      mcp_result **out);

/**
 * Lists the server's resources, page after page:
 * mcp_result_resource_count().
 *
 * `out`: as for mcp_list_tools().  Returns like mcp_list_tools().
 * Threads: any.  Since: 0.1.0.  Spec: resources/list.
 */
int32_t mcp_list_resources(mcp_client *client, mcp_result **out);

/**
 * Lists the server's resource templates, page after page, as resources whose
 * mcp_resource_uri() is an RFC 6570 template.
 *
 * `out`: as for mcp_list_tools().  Returns like mcp_list_tools().
 * Threads: any.  Since: 0.1.0.  Spec: resources/templates/list.
 */
int32_t mcp_list_resource_templates(mcp_client *client, mcp_result **out);

/**
 * Reads a resource: mcp_result_content_count(), mcp_result_content().
 *
 * `uri`: the resource's, UTF-8, copied.  `out`: as for mcp_call_tool().  From
 * revision 2026-07-28 on, what the server calls fresh is answered from
 * memory, see mcp_client_set_cache_size().
 *
 * Returns MCP_OK or a status: call errors.
 * Threads: any.  Since: 0.1.0.  Spec: resources/read.
 */
int32_t mcp_read_resource(mcp_client *client,
                          const char *uri,
                          mcp_result **out);

/**
 * Asks to be told when a resource changes: MCP_EVENT_RESOURCE_UPDATED.
 *
 * `uri`: the resource's, UTF-8, copied.  Opens the standing stream like
 * mcp_listen(), and is repeated by the library after a lost session.  Up to
 * revision 2025-11-25 this is "resources/subscribe", later a part of
 * "subscriptions/listen".
 *
 * Returns MCP_OK or a status: call errors; MCP_E_UNSUPPORTED when the server
 * does not tell of changes, or not of this one.
 * Threads: any.  Since: 0.1.0.
 * Spec: resources/subscribe, subscriptions/listen.
 */
int32_t mcp_subscribe_resource(mcp_client *client, const char *uri);

/**
 * Ends what mcp_subscribe_resource() began.
 *
 * `uri`: as it was given there.  Returns MCP_OK or a status: call errors.
 * Threads: any.  Since: 0.1.0.
 * Spec: resources/unsubscribe, subscriptions/listen.
 */
int32_t mcp_unsubscribe_resource(mcp_client *client, const char *uri);

/**
 * Lists the server's prompts, page after page: mcp_result_prompt_count().
 *
 * `out`: as for mcp_list_tools().  Returns like mcp_list_tools().
 * Threads: any.  Since: 0.1.0.  Spec: prompts/list.
 */
int32_t mcp_list_prompts(mcp_client *client, mcp_result **out);

/**
 * Gets a prompt, filled in with arguments: its messages are the result's
 * contents, each with a mcp_content_role().
 *
 * `name`: the prompt's, UTF-8.  `arguments_json`: a JSON object of strings;
 * NULL or "" for none.  Both are copied.  `out`: as for mcp_call_tool().
 *
 * Returns MCP_OK or a status: call errors; MCP_E_INVALID_ARGUMENT for an
 * argument that is not a string.
 * Threads: any.  Since: 0.1.0.  Spec: prompts/get.
 */
int32_t mcp_get_prompt(mcp_client *client,
                       const char *name,
                       const char *arguments_json,
                       mcp_result **out);

/**
 * Asks for completions of an argument: mcp_result_completion_count(),
 * mcp_result_completion().
 *
 * `reference_json`: {"type":"ref/prompt","name":...} or
 * {"type":"ref/resource","uri":...}.  `argument`: its name.  `value`: what
 * was typed so far.  `context_json`: the other arguments as far as they are
 * known, a JSON object of strings; NULL or "" for none.  All are UTF-8 and
 * copied.  `out`: as for mcp_call_tool().
 *
 * Returns MCP_OK or a status: call errors; MCP_E_UNSUPPORTED for a context
 * with a server of a revision before 2025-06-18, which has none.
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete.
 */
int32_t mcp_complete(mcp_client *client,
                     const char *reference_json,
                     const char *argument,
                     const char *value,
                     const char *context_json,
                     mcp_result **out);

/**
 * Asks for the server's log messages of a level and above: MCP_EVENT_LOG.
 *
 * `level`: one of MCP_LOG_.  Up to revision 2025-11-25 the server is told
 * once, and again by the library after a lost session; later it goes with
 * each request, and the messages come while that request runs.
 *
 * Returns MCP_OK or a status: call errors; MCP_E_INVALID_ARGUMENT.
 * Threads: any.  Since: 0.1.0.  Spec: logging/setLevel, _meta logLevel.
 */
int32_t mcp_set_log_level(mcp_client *client, int32_t level);

/**
 * Opens the standing stream on which a server sends what belongs to no
 * request, and keeps it open: it is opened again after a failure, with
 * growing pauses, and MCP_EVENT_LISTENING says so.
 *
 * `kinds`: MCP_EVENT_ numbers, added together.  From revision 2026-07-28 on
 * the server is asked for MCP_EVENT_TOOLS_CHANGED, MCP_EVENT_PROMPTS_CHANGED
 * and MCP_EVENT_RESOURCES_CHANGED as they are named here, and with
 * MCP_EVENT_TASK_STATUS of each task that this client begins or asks for;
 * before, it tells all that it has to tell.  0 closes the stream, unless a
 * subscription needs it.  Returns when the server has accepted it; what it
 * accepted is the params of MCP_EVENT_LISTENING.  Events come through the
 * handler of mcp_client_set_event_handler(), in calls of this client that
 * wait and in mcp_client_dispatch().
 *
 * Returns MCP_OK or a status: call errors; MCP_E_UNSUPPORTED when the server
 * offers no such stream, or will tell of nothing that was asked for.
 * Threads: any.  Since: 0.1.0.
 * Spec: transports, listening for messages; subscriptions/listen.
 */
int32_t mcp_listen(mcp_client *client, int32_t kinds);

/**
 * Sends a notification, which no server answers.
 *
 * `method`: such as "notifications/x", printable ASCII.  `params_json`: a
 * JSON object as UTF-8 text, NULL or "" for none.  Both are copied.
 *
 * Returns MCP_OK when the server took it, or a status: call errors.
 * Threads: any.  Since: 0.1.0.  Spec: basic, notifications.
 */
int32_t mcp_notify(mcp_client *client,
                   const char *method,
                   const char *params_json);

/**
 * Makes a request of any method, this library's or a newer one's.
 *
 * `client`: the client that will send it, which the request keeps alive.
 * `method`: such as "ping" or "tools/list", printable ASCII.  `params_json`:
 * a JSON object as UTF-8 text, NULL or "" for none; what the protocol itself
 * puts into it (_meta, progress token) is added.  Both are copied.  A request
 * of "ping" is whatever mcp_ping() sends.
 *
 * Returns a handle to free with mcp_request_free(), or NULL with the last
 * error set: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.  No I/O is done.
 * Threads: any.  Since: 0.1.0.  Spec: basic, requests.
 */
mcp_request *mcp_request_new(mcp_client *client,
                             const char *method,
                             const char *params_json);

/**
 * Makes a request of "tools/call"; see mcp_call_tool().
 *
 * `client`: as for mcp_request_new().  `name`, `arguments_json`: as for
 * mcp_call_tool().
 *
 * Returns like mcp_request_new().
 * Threads: any.  Since: 0.1.0.  Spec: tools/call.
 */
mcp_request *mcp_request_new_call_tool(mcp_client *client,
                                       const char *name,
                                       const char *arguments_json);

/**
 * Makes a request of "resources/read"; see mcp_read_resource().
 *
 * `client`: as for mcp_request_new().  `uri`: as for mcp_read_resource().
 *
 * Returns like mcp_request_new().
 * Threads: any.  Since: 0.1.0.  Spec: resources/read.
 */
mcp_request *mcp_request_new_read_resource(mcp_client *client,
                                           const char *uri);

/**
 * Makes a request of "prompts/get"; see mcp_get_prompt().
 *
 * `client`: as for mcp_request_new().  `name`, `arguments_json`: as for
 * mcp_get_prompt().
 *
 * Returns like mcp_request_new().
 * Threads: any.  Since: 0.1.0.  Spec: prompts/get.
 */
mcp_request *mcp_request_new_get_prompt(mcp_client *client,
                                        const char *name,
                                        const char *arguments_json);

/**
 * Ends the request if it was started and is in flight, and releases it.
 *
 * `request`: a request that no thread performs and that is not used again,
 * or NULL.  Results that it gave outlive it.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_request_free(mcp_request *request);

/**
 * Sets this request's timeout, in place of the client's; see
 * mcp_client_set_timeout().
 *
 * `milliseconds`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT,
 * MCP_E_STATE in flight, MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.  Spec: lifecycle, timeouts.
 */
int32_t mcp_request_set_timeout(mcp_request *request, int32_t milliseconds);

/**
 * Sets this request's deadline, in place of the client's; see
 * mcp_client_set_deadline().
 *
 * `milliseconds`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT,
 * MCP_E_STATE in flight, MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.  Spec: lifecycle, timeouts.
 */
int32_t mcp_request_set_deadline(mcp_request *request, int32_t milliseconds);

/**
 * Asks the server to report progress, as a call of a tool always does, and
 * sets who is told.
 *
 * `callback`: runs as each report arrives, on the thread that performs the
 * request or dispatches; NULL takes it away.  `userdata`: given to the
 * callback.  `free_userdata`: see mcp_free_fn.  Each report starts the
 * request's timeout anew.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 *
 * It is not called any more once the request is done, was freed or has
 * another callback: what came meanwhile is passed over, and one that is
 * running on another thread is waited for.  So hold no lock then that the
 * callback takes.  A new one is told of the flights that begin later.
 * Threads: one at a time.  Since: 0.1.0.  Spec: progress.
 */
int32_t mcp_request_set_progress(mcp_request *request,
                                 mcp_progress_fn callback,
                                 void *userdata,
                                 mcp_free_fn free_userdata);

/**
 * Lets an mcp_cancel end this request with MCP_E_CANCELLED.
 *
 * `cancel`: the request keeps a reference, so that it may be freed.  One that
 * has been fired already ends the request at once.  NULL takes it away.
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE in flight, MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.  Spec: cancellation.
 */
int32_t mcp_request_set_cancel(mcp_request *request, mcp_cancel *cancel);

/**
 * Adds the members of a JSON object to the request's _meta; those of an
 * earlier call, and of the parameters, go.
 *
 * `json`: a JSON object as UTF-8 text, copied; NULL takes them away.  Names
 * that the protocol sets itself are refused, and so are a "traceparent",
 * "tracestate" or "baggage" that are not as W3C Trace Context has them.
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE in flight, MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.  Spec: basic, _meta.
 */
int32_t mcp_request_set_meta_json(mcp_request *request, const char *json);

/**
 * Says whether the request may be sent again after a broken connection, when
 * the server may have executed it.
 *
 * `repeatable`: 1 or 0.  Default: 1 for methods that only read, and for tools
 * that say of themselves, in a list that was read, that they are idempotent
 * or only read; 0 for others.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE in
 * flight, MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_request_set_repeatable(mcp_request *request, int32_t repeatable);

/**
 * Says whether a request of a list gathers all its pages, as mcp_list_tools()
 * does, in place of the one page that its parameters name.
 *
 * `all`: 1 or 0, the default.  An option, so that one request object serves
 * all lists, performed or started: "tools/list", "resources/list",
 * "resources/templates/list", "prompts/list", "skills/list", "tasks/list".
 * The result is one, as mcp_list_tools() gives it, and the same bounds hold:
 * mcp_client_set_max_pages(), mcp_client_set_max_items().  The timeout begins
 * anew with each page, the deadline is that of the whole list.
 *
 * Errors: MCP_E_INVALID_ARGUMENT for another method, and for parameters with
 * a "cursor"; MCP_E_STATE in flight, MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.  Spec: pagination.
 */
int32_t mcp_request_set_all_pages(mcp_request *request, int32_t all);

/**
 * Keeps a pointer of yours with the request.
 *
 * `request`: NULL is allowed.  `userdata`: never read by the library.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_request_set_userdata(mcp_request *request, void *userdata);

/**
 * Gives the pointer of mcp_request_set_userdata(); NULL before.
 *
 * `request`: NULL gives NULL.
 * Threads: any.  Since: 0.1.0.
 */
void *mcp_request_userdata(const mcp_request *request);

/**
 * Sends the request and waits for its end, on this thread.
 *
 * `out`, unless NULL, receives the result, to free with mcp_result_free(), or
 * NULL on failure.  Handlers of the client run meanwhile on this thread.  A
 * call of which a byte may have reached the server is not sent again after a
 * lost connection, unless its method only reads: MCP_E_IO, and
 * mcp_error_may_have_run() is 1.
 *
 * Returns MCP_OK or a status: call errors; MCP_E_STATE when it is in flight.
 * Threads: one at a time.  Since: 0.1.0.  Spec: basic, requests.
 */
int32_t mcp_request_perform(mcp_request *request, mcp_result **out);

/**
 * Begins the request and returns without waiting for the network.
 *
 * `request`: any number may be in flight on one client.  What happens is told
 * through mcp_client_fd(); mcp_client_dispatch() must be called for handlers
 * to run and for the request to be handed out.
 *
 * Returns MCP_OK, or a status: MCP_E_STATE when it is in flight,
 * MCP_E_CLOSED, MCP_E_INTERNAL when there is no descriptor or thread left.
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_request_start(mcp_request *request);

/**
 * Tells how a request stands: MCP_PENDING while it is in flight, then its
 * status.
 *
 * `request`: NULL gives MCP_E_INVALID_ARGUMENT.  MCP_E_STATE before it was
 * started.  Does not touch the last error.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_request_status(const mcp_request *request);

/**
 * Waits for a started request, dispatching meanwhile.
 *
 * `milliseconds`: how long to wait at most; 0 does not wait, and less is
 * MCP_E_INVALID_ARGUMENT.
 *
 * Returns its status, or MCP_PENDING when the time is over first.  A request
 * whose status was told here is handed out by it: mcp_client_next_done() does
 * not give it again.  MCP_E_STATE before it was started, and inside a
 * callback that gets or keeps a credential; MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_request_wait(mcp_request *request, int32_t milliseconds);

/**
 * Hands out the result of a started request that is done, once.
 *
 * `out`, unless NULL, receives the result, to free with mcp_result_free(), or
 * NULL.
 *
 * Returns the request's status, and makes its error this thread's last
 * error; MCP_E_NOT_FOUND when the result has been taken, MCP_E_STATE while
 * it is in flight or before it was started.
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_request_take_result(mcp_request *request, mcp_result **out);

/**
 * Gives why the request failed when it was last performed or started: what
 * mcp_error_message() and its neighbours read.
 *
 * NULL when it did not fail, or for a NULL `request`.  Borrowed: valid until
 * the request is performed or started again, or freed.
 * Threads: one at a time.  Since: 0.1.0.
 */
const mcp_error *mcp_request_error(const mcp_request *request);

/**
 * Gives a descriptor that is readable as long as mcp_client_dispatch() has
 * something to run, or mcp_client_next_done() something to hand out: whoever
 * has put it there, and whatever other threads do.
 *
 * `client`: keeps it open.  For poll, epoll, kqueue, libuv, GLib and the
 * like: only wait on it, never read, write or close it.  It is the same for
 * the client's whole life.
 *
 * Returns -1 with the last error set when none is left: MCP_E_INTERNAL.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_client_fd(mcp_client *client);

/**
 * Runs the handlers for all that has arrived, on this thread.
 *
 * `milliseconds`: how long to wait when there is nothing; 0 does not wait,
 * and less is MCP_E_INVALID_ARGUMENT.  It returns at once when a request is
 * to be handed out.
 *
 * What comes while it runs is for the next call.  Inside a handler of this
 * client it runs no event handler: those events stay in order until the
 * handler has returned.  Inside a callback that gets or keeps a credential it
 * does not wait: MCP_E_STATE.
 *
 * Returns MCP_OK, also when nothing came; MCP_E_CLOSED once the client is
 * closed and all its requests were handed out; MCP_E_STATE, MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_client_dispatch(mcp_client *client, int32_t milliseconds);

/**
 * Hands out a started request that is done, each once, after
 * mcp_client_dispatch(); NULL when there is no more.
 *
 * `client`: whose requests they are, open or closed.  The request is yours as
 * before: take its result and free it.
 *
 * A completed request is handed out once: here, or by the mcp_request_wait()
 * that tells its status, or by mcp_request_perform().  What was in flight
 * when the client was closed is handed out as MCP_E_CLOSED.
 * Threads: any, of which one frees its requests.  Since: 0.1.0.
 */
mcp_request *mcp_client_next_done(mcp_client *client);

/**
 * Makes a cancel that is not fired.
 *
 * Returns a handle to free with mcp_cancel_free(), never NULL.  A cancel uses
 * no descriptor of its own: while threads block in calls that have it, one is
 * borrowed from a pool of the process.
 * Threads: any.  Since: 0.1.0.
 */
mcp_cancel *mcp_cancel_new(void);

/**
 * Ends every request that has this cancel, and those that get it later, with
 * MCP_E_CANCELLED.
 *
 * `cancel`: NULL is allowed.  Does not wait, and does not touch the last
 * error.  In the child of a fork() it does nothing.
 * Threads: any, and signal handlers.  Since: 0.1.0.  Spec: cancellation.
 */
void mcp_cancel_fire(mcp_cancel *cancel);

/**
 * Makes the cancel as new, for requests begun later.
 *
 * `cancel`: NULL is allowed.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_cancel_reset(mcp_cancel *cancel);

/**
 * Releases this reference; requests that have the cancel keep theirs.  Fires
 * nothing.
 *
 * `cancel`: a cancel that is not used again, or NULL.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_cancel_free(mcp_cancel *cancel);

/**
 * Sets who is told what the server tells of its own accord.
 *
 * `callback`: runs inside mcp_client_dispatch() and inside calls that wait,
 * on their thread, never on one of the library's; on several at a time if
 * several wait.  It may call everything except mcp_client_free().  A call
 * that it makes with this client runs no event handler: what comes meanwhile
 * waits in order until this one has returned.  NULL takes it away, and events
 * are dropped.  `userdata`: given to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * A server that talks more than it is listened to loses the oldest: 1024
 * events and reports of progress are kept, and 16 MiB of them, and the loss
 * is counted, see mcp_client_count().
 *
 * Returns MCP_OK, MCP_E_INVALID_ARGUMENT or MCP_E_FORKED.
 * Threads: any, at any time.  Since: 0.1.0.  Spec: notifications.
 */
int32_t mcp_client_set_event_handler(mcp_client *client,
                                     mcp_event_fn callback,
                                     void *userdata,
                                     mcp_free_fn free_userdata);

/**
 * Tells the kind: one of MCP_EVENT_.
 *
 * `event`: NULL gives 0.
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 */
int32_t mcp_event_kind(const mcp_event *event);

/**
 * Gives the notification's method, such as
 * "notifications/tools/list_changed"; "" for MCP_EVENT_LISTENING.
 *
 * Never NULL for an event.  `event`: NULL gives NULL.  Valid while the
 * handler runs.
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 */
const char *mcp_event_method(const mcp_event *event);

/**
 * Gives the notification's params as JSON text; "{}" where it has none.
 *
 * Never NULL for an event.  `event`: NULL gives NULL.  `len`, unless NULL,
 * receives the bytes without the terminating NUL.  Valid while the handler
 * runs.
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 */
const char *mcp_event_params_json(const mcp_event *event, size_t *len);

/**
 * Gives the resource of MCP_EVENT_RESOURCE_UPDATED, otherwise NULL.
 *
 * NULL if the server sent none or another type.  `event`: NULL gives NULL.
 * Valid while the handler runs.
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/resources/updated.
 */
const char *mcp_event_uri(const mcp_event *event);

/**
 * Gives the level of MCP_EVENT_LOG, one of MCP_LOG_, otherwise -1.
 *
 * `event`: NULL gives -1.
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/message.
 */
int32_t mcp_event_log_level(const mcp_event *event);

/**
 * Gives the logger's name of MCP_EVENT_LOG.
 *
 * NULL if the server sent none or another type.  `event`: NULL gives NULL.
 * Valid while the handler runs.
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/message.
 */
const char *mcp_event_logger(const mcp_event *event);

/**
 * Gives the data of MCP_EVENT_LOG as JSON text.
 *
 * NULL if the server sent none.  `event`: NULL gives NULL.  `len`, unless
 * NULL, receives the bytes without the terminating NUL.  Valid while the
 * handler runs.
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/message.
 */
const char *mcp_event_data_json(const mcp_event *event, size_t *len);

/**
 * Gives the task of MCP_EVENT_TASK_STATUS, otherwise NULL.
 *
 * `event`: NULL gives NULL.  Valid while the handler runs.
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/tasks/status, notifications/tasks.
 */
const mcp_task *mcp_event_task(const mcp_event *event);

/**
 * Sets who gets the server's questions, and declares to the server that they
 * may be asked: exactly those kinds, and none without a handler.
 *
 * `kinds`: MCP_INPUT_ numbers, added together.  `callback`: runs like an
 * event handler, and calls that it makes may be asked in their turn, to a
 * depth of four: what is asked deeper is answered with the JSON-RPC error
 * -32603 at once.  NULL takes it away.  `userdata`: given to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * 1000 questions, and 64 MiB of them, may wait for their answer or to be
 * freed.  What a server asks beyond that is answered with an error at once,
 * and counted, see mcp_client_count(); more than 1000 in one
 * "input_required" result are MCP_E_TOO_LARGE.
 *
 * Returns MCP_OK, MCP_E_INVALID_ARGUMENT for no or unknown kinds,
 * MCP_E_STATE after the first exchange, unless the kinds stay the same,
 * MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.  Spec: elicitation, sampling, roots.
 */
int32_t mcp_client_set_input_handler(mcp_client *client,
                                     int32_t kinds,
                                     mcp_input_fn callback,
                                     void *userdata,
                                     mcp_free_fn free_userdata);

/**
 * Adds to the capabilities that the client declares, for extensions and
 * experiments.
 *
 * `json`: a JSON object as UTF-8 text, such as
 * {"extensions":{"io.modelcontextprotocol/ui":{}}}; NULL for nothing.  What
 * handlers and roots imply is declared without it, and refused in it.
 *
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE after the first exchange,
 * MCP_E_FORKED.
 * Threads: any.  Since: 0.1.0.  Spec: ClientCapabilities.
 */
int32_t mcp_client_set_capabilities_json(mcp_client *client,
                                         const char *json);

/**
 * Sets the roots that the server may ask for, and declares that it may.
 *
 * `json`: a JSON array of {"uri":"file://...","name":"..."} as UTF-8 text;
 * NULL takes the capability away.  A change on a live session is announced
 * to the server, which may wait like a call.
 *
 * Returns MCP_OK or a status: MCP_E_INVALID_ARGUMENT; MCP_E_STATE after the
 * first exchange, unless there were roots already; call errors of the
 * announcement.
 * Threads: any.  Since: 0.1.0.  Spec: roots.
 */
int32_t mcp_client_set_roots_json(mcp_client *client, const char *json);

/**
 * Releases a question, dismissing it if it is not answered.
 *
 * `input`: a question that is not used again, or NULL.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_input_free(mcp_input *input);

/**
 * Tells the kind: MCP_INPUT_FORM, MCP_INPUT_URL, MCP_INPUT_SAMPLING or
 * MCP_INPUT_ROOTS.
 *
 * `input`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_input_kind(const mcp_input *input);

/**
 * Gives the words to show to the person; "" where there are none.
 *
 * Never NULL for a question.  `input`: NULL gives NULL.  Text of the server:
 * show from whom it comes.  Valid until freed.
 * Threads: any.  Since: 0.1.0.  Spec: elicitation/create, message.
 */
const char *mcp_input_message(const mcp_input *input);

/**
 * Gives the form's JSON Schema of MCP_INPUT_FORM, otherwise NULL.
 *
 * NULL if the server sent none; another type is given as it is.  `input`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Valid until freed.
 * Threads: any.  Since: 0.1.0.  Spec: elicitation, requestedSchema.
 */
const char *mcp_input_schema_json(const mcp_input *input, size_t *len);

/**
 * Gives the page of MCP_INPUT_URL, otherwise NULL.
 *
 * NULL if the server sent none or another type.  `input`: NULL gives NULL.
 * Show it whole, and open it only after the person agreed.  The library
 * never opens it.  Valid until freed.
 * Threads: any.  Since: 0.1.0.  Spec: elicitation, URL mode.
 */
const char *mcp_input_url(const mcp_input *input);

/**
 * Gives the question's params as JSON text: all there is of
 * MCP_INPUT_SAMPLING.
 *
 * Never NULL for a question.  `input`: NULL gives NULL.  `len`, unless NULL,
 * receives the bytes without the terminating NUL.  Valid until freed.
 * Threads: any.  Since: 0.1.0.  Spec: sampling/createMessage.
 */
const char *mcp_input_params_json(const mcp_input *input, size_t *len);

/**
 * Answers "accept": with the filled form, or that the page may be opened.
 *
 * `input`: the question.  `content_json`: of MCP_INPUT_FORM the fields as a
 * JSON object; NULL for none, and for a page.  They are sent as they are
 * written, and fields that are absent get the schema's defaults behind them.
 * Values that do not fit the schema are refused with MCP_E_INVALID_ARGUMENT,
 * which says which and why, and so are defaults that do not: the question
 * stays open, to be accepted with other values.
 *
 * Returns MCP_OK or a status: MCP_E_STATE when it was answered or withdrawn
 * already, MCP_E_CLOSED, MCP_E_SESSION_LOST, call errors.
 * Threads: any.  Since: 0.1.0.  Spec: elicitation.
 */
int32_t mcp_input_accept(mcp_input *input, const char *content_json);

/**
 * Answers "decline": the person said no.
 *
 * `input`: the question.  Of sampling and roots: the error -1, as is the
 * custom.  Returns like mcp_input_accept().
 * Threads: any.  Since: 0.1.0.  Spec: elicitation.
 */
int32_t mcp_input_decline(mcp_input *input);

/**
 * Answers "cancel": the person made no choice.
 *
 * `input`: the question.  Of sampling and roots: the error -1, as is the
 * custom.  Returns like mcp_input_accept().
 * Threads: any.  Since: 0.1.0.  Spec: elicitation.
 */
int32_t mcp_input_dismiss(mcp_input *input);

/**
 * Answers with a whole result, as sampling and roots need.
 *
 * `input`: the question.  `result_json`: a JSON object: of
 * MCP_INPUT_SAMPLING with "role", "content" and "model", of MCP_INPUT_ROOTS
 * with "roots".  MCP_E_INVALID_ARGUMENT for one that lacks these; the
 * question stays open.  Returns like mcp_input_accept().
 * Threads: any.  Since: 0.1.0.  Spec: sampling/createMessage, roots/list.
 */
int32_t mcp_input_reply_json(mcp_input *input, const char *result_json);

/**
 * Answers with a JSON-RPC error; -1 and "user rejected" is the custom for
 * sampling.
 *
 * `input`: the question.  `rpc_code`: the error's code.  `message`: its
 * text, UTF-8; it goes to the server.  Where the revision has no error as
 * an answer (from 2026-07-28 on), the request it belongs to fails with
 * MCP_E_INPUT_REQUIRED.  Returns like mcp_input_accept().
 * Threads: any.  Since: 0.1.0.  Spec: basic, responses.
 */
int32_t mcp_input_fail(mcp_input *input,
                       int32_t rpc_code,
                       const char *message);

/**
 * Releases an answer and all that was borrowed from it.
 *
 * `result`: an answer that is not used again, or NULL.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_result_free(mcp_result *result);

/**
 * Gives the whole result as JSON text, as the server wrote it.
 *
 * Never NULL for a result.  Of a list of several pages: one object with the
 * items of all.  `result`: NULL gives NULL.  `len`, unless NULL, receives
 * the bytes without the terminating NUL.  Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_result_json(const mcp_result *result, size_t *len);

/**
 * Gives the result's _meta as a JSON object.
 *
 * NULL if the server sent none; another type is given as it is.  `result`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_result_meta_json(const mcp_result *result, size_t *len);

/**
 * Gives the cursor of the next page, for requests that ask for one page; or
 * NULL where there is none.
 *
 * NULL if the server sent none or another type.  An empty text is a cursor
 * too.  `result`: NULL gives NULL.  Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: pagination.
 */
const char *mcp_result_next_cursor(const mcp_result *result);

/**
 * Gives the milliseconds for which the server calls the result fresh; -1
 * where it does not say.
 *
 * `result`: NULL gives -1.
 * Threads: any.  Since: 0.1.0.  Spec: caching (2026-07-28).
 */
int64_t mcp_result_ttl(const mcp_result *result);

/**
 * Of mcp_call_tool(), mcp_read_resource() and mcp_get_prompt(): gives the
 * number of pieces of content.
 *
 * `result`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
size_t mcp_result_content_count(const mcp_result *result);

/**
 * Gives a piece of content by its place.
 *
 * `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
const mcp_content *mcp_result_content(const mcp_result *result, size_t index);

/**
 * Of mcp_call_tool(): tells if the tool failed, 1 or 0; the contents say
 * why.
 *
 * `result`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: tools/call, isError.
 */
int32_t mcp_result_is_error(const mcp_result *result);

/**
 * Gives all text contents in one, with line breaks between them; "" if there
 * are none: what most tools mean by their result.
 *
 * Never NULL for a result.  `result`: NULL gives NULL.  `len`, unless NULL,
 * receives the bytes without the terminating NUL.  Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: TextContent.
 */
const char *mcp_result_text(const mcp_result *result, size_t *len);

/**
 * Of mcp_call_tool(): gives the structured content as JSON text.
 *
 * NULL if the server sent none.  From 2026-07-28 on it may be any JSON
 * value: "null" is one.  `result`: NULL gives NULL.  `len`, unless NULL,
 * receives the bytes without the terminating NUL.  Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: tools, structuredContent.
 */
const char *mcp_result_structured_json(const mcp_result *result, size_t *len);

/**
 * Of mcp_get_prompt(): gives the description.
 *
 * NULL if the server sent none or another type.  `result`: NULL gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: prompts/get.
 */
const char *mcp_result_prompt_description(const mcp_result *result);

/**
 * Of mcp_complete(): gives the number of completions.
 *
 * `result`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete.
 */
size_t mcp_result_completion_count(const mcp_result *result);

/**
 * Of mcp_complete(): gives a completion by its place.
 *
 * Never NULL for a place below mcp_result_completion_count(), which is 0 if
 * the server sent another type among the values.  `result`: NULL gives NULL.
 * `index`: from 0 on; past the end gives NULL.  Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete.
 */
const char *mcp_result_completion(const mcp_result *result, size_t index);

/**
 * Of mcp_complete(): tells if the server has more completions than it
 * gave, 1 or 0.
 *
 * `result`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete, hasMore.
 */
int32_t mcp_result_completion_has_more(const mcp_result *result);

/**
 * Of mcp_complete(): gives how many completions there are in all; -1 where
 * the server does not say.
 *
 * `result`: NULL gives -1.
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete, total.
 */
int64_t mcp_result_completion_total(const mcp_result *result);

/**
 * Of mcp_list_tools(): gives the number of tools, without those that may
 * not be called: see mcp_list_tools().
 *
 * `result`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: tools/list.
 */
size_t mcp_result_tool_count(const mcp_result *result);

/**
 * Gives a tool by its place.
 *
 * `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: tools/list.
 */
const mcp_tool *mcp_result_tool(const mcp_result *result, size_t index);

/**
 * Of mcp_list_resources() and mcp_list_resource_templates(): gives their
 * number.
 *
 * `result`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: resources/list.
 */
size_t mcp_result_resource_count(const mcp_result *result);

/**
 * Gives a resource or template by its place.
 *
 * `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: resources/list.
 */
const mcp_resource *mcp_result_resource(const mcp_result *result,
                                        size_t index);

/**
 * Of mcp_list_prompts(): gives the number of prompts.
 *
 * `result`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: prompts/list.
 */
size_t mcp_result_prompt_count(const mcp_result *result);

/**
 * Gives a prompt by its place.
 *
 * `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: prompts/list.
 */
const mcp_prompt *mcp_result_prompt(const mcp_result *result, size_t index);

/**
 * Of mcp_list_skills(): gives the number of skills.
 *
 * `result`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
size_t mcp_result_skill_count(const mcp_result *result);

/**
 * Gives a skill by its place.
 *
 * `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const mcp_skill *mcp_result_skill(const mcp_result *result, size_t index);

/**
 * Of mcp_list_tools(): gives a tool by its name, or NULL.
 *
 * `result`: NULL gives NULL.  `name`: compared byte by byte.  Borrowed from
 * `result`.
 * Threads: any.  Since: 0.1.0.  Spec: Tool, name.
 */
const mcp_tool *mcp_result_find_tool(const mcp_result *result,
                                     const char *name);

/**
 * Of mcp_connect(): gives the server's name.
 *
 * NULL if the server sent none; mcp_connect() fails for another type.  Text
 * of the server, borrowed from `result`: do not trust it.
 * Threads: any.  Since: 0.1.0.  Spec: Implementation, name.
 */
const char *mcp_result_server_name(const mcp_result *result);

/**
 * Of mcp_connect(): gives the server's version.
 *
 * NULL if the server sent none; mcp_connect() fails for another type.  Text
 * of the server, borrowed from `result`: do not trust it.
 * Threads: any.  Since: 0.1.0.  Spec: Implementation, version.
 */
const char *mcp_result_server_version(const mcp_result *result);

/**
 * Of mcp_connect(): gives the server's name for people.
 *
 * NULL if the server sent none; mcp_connect() fails for another type.  Text
 * of the server, borrowed from `result`: do not trust it.
 * Threads: any.  Since: 0.1.0.  Spec: Implementation, title.
 */
const char *mcp_result_server_title(const mcp_result *result);

/**
 * Of mcp_connect(): gives the negotiated protocol revision, such as
 * "2025-11-25"; otherwise NULL.
 *
 * Never NULL for such a result.  Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: versioning.
 */
const char *mcp_result_protocol_version(const mcp_result *result);

/**
 * Of mcp_connect(): gives the server's words on how to use it.
 *
 * NULL if the server sent none; mcp_connect() fails for another type.  Text
 * of the server, borrowed from `result`: do not trust it.
 * Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
 */
const char *mcp_result_instructions(const mcp_result *result);

/**
 * Of mcp_connect(): gives the server's capabilities as a JSON object;
 * otherwise NULL.
 *
 * Never NULL for such a result: "{}" if the server sent none or another
 * type.  `len`, unless NULL, receives the bytes without the terminating NUL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: ServerCapabilities.
 */
const char *mcp_result_capabilities_json(const mcp_result *result,
                                         size_t *len);

/**
 * Of mcp_connect(): tells if the server declares a capability.
 *
 * `name`: such as "tools" or "resources.subscribe".  1 where it is there and
 * neither false nor null, otherwise 0.
 * Threads: any.  Since: 0.1.0.  Spec: ServerCapabilities.
 */
int32_t mcp_result_has_capability(const mcp_result *result, const char *name);

/**
 * Gives the name by which a tool is called.
 *
 * NULL if the server sent none or another type.  `tool`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Tool, name.
 */
const char *mcp_tool_name(const mcp_tool *tool);

/**
 * Gives the name to show to people: the title, else that of the annotations,
 * else the name.
 *
 * NULL if the server sent none or another type.  `tool`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Tool, title.
 */
const char *mcp_tool_title(const mcp_tool *tool);

/**
 * Gives the description.
 *
 * NULL if the server sent none or another type.  `tool`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Tool, description.
 */
const char *mcp_tool_description(const mcp_tool *tool);

/**
 * Gives the JSON Schema of the arguments, as the server wrote it.
 *
 * NULL if the server sent none; another type is given as it is.  `tool`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Tool, inputSchema.
 */
const char *mcp_tool_input_schema_json(const mcp_tool *tool, size_t *len);

/**
 * Gives the JSON Schema of the structured content.
 *
 * NULL if the server sent none; another type is given as it is.  `tool`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Tool, outputSchema.
 */
const char *mcp_tool_output_schema_json(const mcp_tool *tool, size_t *len);

/**
 * Gives the annotations as a JSON object.
 *
 * NULL if the server sent none; another type is given as it is.  `tool`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: ToolAnnotations.
 */
const char *mcp_tool_annotations_json(const mcp_tool *tool, size_t *len);

/**
 * Gives the icons as a JSON array.
 *
 * NULL if the server sent none; another type is given as it is.  `tool`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Icon.
 */
const char *mcp_tool_icons_json(const mcp_tool *tool, size_t *len);

/**
 * Gives the _meta as a JSON object.
 *
 * NULL if the server sent none; another type is given as it is.  `tool`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_tool_meta_json(const mcp_tool *tool, size_t *len);

/**
 * Gives the whole tool as JSON text.
 *
 * Never NULL for a tool.  `tool`: NULL gives NULL.  `len`, unless NULL,
 * receives the bytes without the terminating NUL.  Borrowed from the answer:
 * valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Tool.
 */
const char *mcp_tool_json(const mcp_tool *tool, size_t *len);

/**
 * Gives an annotation: 1 or 0, and -1 where the server does not say.
 *
 * `tool`: NULL gives -1.  `name`: "readOnlyHint", "destructiveHint",
 * "idempotentHint" or "openWorldHint".  A hint, not a promise.
 * Threads: any.  Since: 0.1.0.  Spec: ToolAnnotations.
 */
int32_t mcp_tool_hint(const mcp_tool *tool, const char *name);

/**
 * Gives the URI, or the URI template (RFC 6570) of a template.
 *
 * NULL if the server sent none or another type.  `resource`: NULL gives
 * NULL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Resource, uri.
 */
const char *mcp_resource_uri(const mcp_resource *resource);

/**
 * Gives the name.
 *
 * NULL if the server sent none or another type.  `resource`: NULL gives
 * NULL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Resource, name.
 */
const char *mcp_resource_name(const mcp_resource *resource);

/**
 * Gives the name to show to people: the title, else the name.
 *
 * NULL if the server sent none or another type.  `resource`: NULL gives
 * NULL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Resource, title.
 */
const char *mcp_resource_title(const mcp_resource *resource);

/**
 * Gives the description.
 *
 * NULL if the server sent none or another type.  `resource`: NULL gives
 * NULL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Resource, description.
 */
const char *mcp_resource_description(const mcp_resource *resource);

/**
 * Gives the media type.
 *
 * NULL if the server sent none or another type.  `resource`: NULL gives
 * NULL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Resource, mimeType.
 */
const char *mcp_resource_mime_type(const mcp_resource *resource);

/**
 * Gives the size in bytes, -1 where the server does not say.
 *
 * `resource`: NULL gives -1.
 * Threads: any.  Since: 0.1.0.  Spec: Resource, size.
 */
int64_t mcp_resource_size(const mcp_resource *resource);

/**
 * Gives the annotations as a JSON object.
 *
 * NULL if the server sent none; another type is given as it is.  `resource`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Annotations.
 */
const char *mcp_resource_annotations_json(const mcp_resource *resource,
                                          size_t *len);

/**
 * Gives the icons as a JSON array.
 *
 * NULL if the server sent none; another type is given as it is.  `resource`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Icon.
 */
const char *mcp_resource_icons_json(const mcp_resource *resource,
                                    size_t *len);

/**
 * Gives the _meta as a JSON object.
 *
 * NULL if the server sent none; another type is given as it is.  `resource`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_resource_meta_json(const mcp_resource *resource, size_t *len);

/**
 * Gives the whole resource as JSON text.
 *
 * Never NULL for a resource.  `resource`: NULL gives NULL.  `len`, unless
 * NULL, receives the bytes without the terminating NUL.  Borrowed from the
 * answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Resource.
 */
const char *mcp_resource_json(const mcp_resource *resource, size_t *len);

/**
 * Gives the name for mcp_get_prompt().
 *
 * NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Prompt, name.
 */
const char *mcp_prompt_name(const mcp_prompt *prompt);

/**
 * Gives the name to show to people: the title, else the name.
 *
 * NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Prompt, title.
 */
const char *mcp_prompt_title(const mcp_prompt *prompt);

/**
 * Gives the description.
 *
 * NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Prompt, description.
 */
const char *mcp_prompt_description(const mcp_prompt *prompt);

/**
 * Gives the number of arguments.
 *
 * `prompt`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
 */
size_t mcp_prompt_argument_count(const mcp_prompt *prompt);

/**
 * Gives an argument's name by its place; NULL past the end.
 *
 * NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
 * `index`: from 0 on.  Borrowed from the answer: valid until
 * mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
 */
const char *mcp_prompt_argument_name(const mcp_prompt *prompt, size_t index);

/**
 * Gives an argument's name for people by its place; NULL past the end.
 *
 * NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
 * `index`: from 0 on.  Borrowed from the answer: valid until
 * mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
 */
const char *mcp_prompt_argument_title(const mcp_prompt *prompt, size_t index);

/**
 * Gives an argument's description by its place; NULL past the end.
 *
 * NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
 * `index`: from 0 on.  Borrowed from the answer: valid until
 * mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
 */
const char *mcp_prompt_argument_description(const mcp_prompt *prompt,
                                            size_t index);

/**
 * Tells if an argument must be given: 1 or 0.
 *
 * `prompt`: NULL gives 0.  `index`: from 0 on; past the end gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument, required.
 */
int32_t mcp_prompt_argument_required(const mcp_prompt *prompt, size_t index);

/**
 * Gives the icons as a JSON array.
 *
 * NULL if the server sent none; another type is given as it is.  `prompt`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Icon.
 */
const char *mcp_prompt_icons_json(const mcp_prompt *prompt, size_t *len);

/**
 * Gives the _meta as a JSON object.
 *
 * NULL if the server sent none; another type is given as it is.  `prompt`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_prompt_meta_json(const mcp_prompt *prompt, size_t *len);

/**
 * Gives the whole prompt as JSON text.
 *
 * Never NULL for a prompt.  `prompt`: NULL gives NULL.  `len`, unless NULL,
 * receives the bytes without the terminating NUL.  Borrowed from the answer:
 * valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Prompt.
 */
const char *mcp_prompt_json(const mcp_prompt *prompt, size_t *len);

/**
 * Tells the kind: one of MCP_CONTENT_.
 *
 * `content`: NULL gives 0.  MCP_CONTENT_OTHER for a kind that this library
 * does not know: mcp_content_json() has it whole.
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
int32_t mcp_content_kind(const mcp_content *content);

/**
 * Gives who speaks in a prompt's message: "user" or "assistant"; otherwise
 * NULL.
 *
 * NULL if the server sent none or another type.  `content`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: PromptMessage, role.
 */
const char *mcp_content_role(const mcp_content *content);

/**
 * Gives the text of MCP_CONTENT_TEXT, or of MCP_CONTENT_RESOURCE that has
 * text; otherwise NULL.
 *
 * NULL if the server sent none or another type.  UTF-8; one with a NUL
 * inside has its whole `len`.  `content`: NULL gives NULL.  `len`, unless
 * NULL, receives the bytes without the terminating NUL.  Borrowed from the
 * answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: TextContent.
 */
const char *mcp_content_text(const mcp_content *content, size_t *len);

/**
 * Gives the bytes of an image, a sound or a binary resource, decoded from
 * base64; otherwise NULL.
 *
 * NULL if the server sent none, which leaves the last error as it was.  NULL
 * and a last error of MCP_E_PROTOCOL if it sent another type, or what is not
 * base64.  `content`: NULL gives NULL.  `len` receives their number.  Decoded
 * at the first call and kept: borrowed from the answer, valid until
 * mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: ImageContent, BlobResourceContents.
 */
const void *mcp_content_data(const mcp_content *content, size_t *len);

/**
 * Gives the media type.
 *
 * NULL if the server sent none or another type.  `content`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
const char *mcp_content_mime_type(const mcp_content *content);

/**
 * Gives the URI of a resource or a link, otherwise NULL.
 *
 * NULL if the server sent none or another type.  `content`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: ResourceLink, ResourceContents.
 */
const char *mcp_content_uri(const mcp_content *content);

/**
 * Gives the name of MCP_CONTENT_RESOURCE_LINK, otherwise NULL.
 *
 * NULL if the server sent none or another type.  `content`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: ResourceLink, name.
 */
const char *mcp_content_name(const mcp_content *content);

/**
 * Gives the resource that MCP_CONTENT_RESOURCE_LINK leads to, otherwise
 * NULL: mcp_resource_uri() and its neighbours read it.
 *
 * `content`: NULL gives NULL.  Borrowed from the answer: valid until
 * mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: ResourceLink.
 */
const mcp_resource *mcp_content_resource(const mcp_content *content);

/**
 * Gives the annotations as a JSON object.
 *
 * NULL if the server sent none; another type is given as it is.  `content`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: Annotations.
 */
const char *mcp_content_annotations_json(const mcp_content *content,
                                         size_t *len);

/**
 * Gives the _meta as a JSON object.
 *
 * NULL if the server sent none; another type is given as it is.  `content`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_content_meta_json(const mcp_content *content, size_t *len);

/**
 * Gives the whole content as JSON text.
 *
 * Never NULL for a content.  `content`: NULL gives NULL.  `len`, unless
 * NULL, receives the bytes without the terminating NUL.  Borrowed from the
 * answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
const char *mcp_content_json(const mcp_content *content, size_t *len);

/**
 * Lists the server's skills, page after page, and reads none of their files:
 * mcp_result_skill_count().
 *
 * `out`: as for mcp_list_tools().  Returns like mcp_list_tools().
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640, skills/list.
 */
int32_t mcp_list_skills(mcp_client *client, mcp_result **out);

/**
 * Reads a file of a skill, and refuses it unless it is what the skill's entry
 * says: its size, its SHA-256 and, of the skill's main file, the front
 * matter, field by field.
 *
 * `skill`: one of a list of this server.  `index`: of the file, from 0 on.
 * `out`: as for mcp_call_tool(): mcp_result_content() has the file.
 *
 * Returns MCP_OK or a status: call errors; MCP_E_INTEGRITY when the file is
 * not as it should be, and nothing of it is handed out; MCP_E_INVALID_ARGUMENT
 * past the last file.
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640, resources/read.
 */
int32_t mcp_read_skill_file(mcp_client *client,
                            const mcp_skill *skill,
                            size_t index,
                            mcp_result **out);

/**
 * Gives the URI of the skill's main file.
 *
 * NULL if the server sent none or another type.  `skill`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_uri(const mcp_skill *skill);

/**
 * Gives the name, from the front matter.
 *
 * NULL if the server sent none or another type.  `skill`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_name(const mcp_skill *skill);

/**
 * Gives the description, from the front matter.
 *
 * NULL if the server sent none or another type.  `skill`: NULL gives NULL.
 * Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_description(const mcp_skill *skill);

/**
 * Gives the front matter as a JSON object.
 *
 * NULL if the server sent none; another type is given as it is.  `skill`:
 * NULL gives NULL.  `len`, unless NULL, receives the bytes without the
 * terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_frontmatter_json(const mcp_skill *skill, size_t *len);

/**
 * Gives the number of files, the main one among them.
 *
 * `skill`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
size_t mcp_skill_file_count(const mcp_skill *skill);

/**
 * Gives a file's URI by its place; NULL past the end.
 *
 * NULL if the server sent none or another type.  `skill`: NULL gives NULL.
 * `index`: from 0 on.  Borrowed from the answer: valid until
 * mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_file_uri(const mcp_skill *skill, size_t index);

/**
 * Gives a file's digest, such as "sha256:...", by its place; NULL past the
 * end.
 *
 * NULL if the server sent none or another type.  `skill`: NULL gives NULL.
 * `index`: from 0 on.  Borrowed from the answer: valid until
 * mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_file_digest(const mcp_skill *skill, size_t index);

/**
 * Gives a file's size in bytes by its place; -1 past the end and where the
 * entry does not say.
 *
 * `skill`: NULL gives -1.  `index`: from 0 on.
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
int64_t mcp_skill_file_size(const mcp_skill *skill, size_t index);

/**
 * Gives the whole entry as JSON text.
 *
 * Never NULL for a skill.  `skill`: NULL gives NULL.  `len`, unless NULL,
 * receives the bytes without the terminating NUL.  Borrowed from the answer:
 * valid until mcp_result_free().
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_json(const mcp_skill *skill, size_t *len);

/**
 * Lets calls of tools run as tasks, and waits through them: calling a tool
 * stays one call, however long it takes.
 *
 * `allow`: 1, or 0 as at first.  From revision 2026-07-28 on, each request
 * then declares the tasks extension, and the server decides; in 2025-11-25 a
 * task is asked for where the tool runs in no other way, which the list of
 * tools tells: it is read if need be.  Other revisions have no tasks, and
 * nothing changes.
 *
 * A call that has become a task asks the server how it stands, as often as
 * the server wants to be asked, or when it tells: MCP_EVENT_TASK_STATUS.
 * Each answer starts the call's timeout anew; its deadline holds, see
 * mcp_client_set_deadline().  Questions come to the input handler, and a call
 * that is cancelled or out of time ends the task at the server.  A task that
 * fails is the error that it holds, one that the server cancels
 * MCP_E_CANCELLED, one that the server forgets MCP_E_NOT_FOUND, or
 * MCP_E_SESSION_LOST if it forgot the session.
 *
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 * Spec: tasks (2025-11-25), tasks extension (2026-07-28).
 */
int32_t mcp_client_set_tasks(mcp_client *client, int32_t allow);

/**
 * Hands out a task in place of the result, where the server runs this request
 * as one, whether or not mcp_client_set_tasks() allows it.
 *
 * `request`: one that calls a tool.  `ttl_milliseconds`: how long the server
 * is asked to keep the task and its result, 0 for as long as it wants to; -1
 * takes the wish away, as at first.  In 2025-11-25 a task is asked for where
 * the tool allows it; later the server decides, the time to live among it.
 * The result has a mcp_result_task_id() if it is a task: give that to
 * mcp_get_task_result(), now or later, from this client or another one of the
 * same user.
 *
 * Errors: MCP_E_INVALID_ARGUMENT, also for a request that calls no tool;
 * MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.
 * Spec: tasks (2025-11-25), tasks extension (2026-07-28).
 */
int32_t mcp_request_set_task(mcp_request *request, int32_t ttl_milliseconds);

/**
 * Asks how a task stands: mcp_result_task_status().
 *
 * `task_id`: of mcp_result_task_id(), copied.  `out`, unless NULL, receives
 * the result, to free with mcp_result_free(), or NULL on failure.
 *
 * Returns MCP_OK or a status: call errors; MCP_E_NOT_FOUND for a task that
 * the server does not know, or not any more; MCP_E_UNSUPPORTED when it, or
 * its revision, has no tasks.
 * Threads: any.  Since: 0.1.0.  Spec: tasks/get.
 */
int32_t mcp_get_task(mcp_client *client,
                     const char *task_id,
                     mcp_result **out);

/**
 * Waits for the end of a task and gives the result that the request would
 * have had.
 *
 * `task_id`, `out`: as for mcp_get_task().  Asks as often as the server wants
 * to be asked; questions of the task come to the input handler.  One that is
 * given up leaves the task as it is.
 *
 * Returns MCP_OK or a status: those of mcp_get_task(), the error that the
 * task holds, and MCP_E_CANCELLED for one that was cancelled.
 * Threads: any.  Since: 0.1.0.  Spec: tasks/result, tasks/get, tasks/update.
 */
int32_t mcp_get_task_result(mcp_client *client,
                            const char *task_id,
                            mcp_result **out);

/**
 * Asks the server to end a task.
 *
 * `task_id`: as for mcp_get_task().  The server may take its time, or finish
 * the task all the same: mcp_get_task() tells.
 *
 * Returns MCP_OK or a status: those of mcp_get_task(); MCP_E_NOT_FOUND also
 * for a task that is over, which in 2025-11-25 is the same error.
 * Threads: any.  Since: 0.1.0.  Spec: tasks/cancel.
 */
int32_t mcp_cancel_task(mcp_client *client, const char *task_id);

/**
 * Lists the server's tasks, page after page: mcp_result_task_count().
 *
 * `out`: as for mcp_list_tools().
 *
 * Returns like mcp_list_tools(); MCP_E_UNSUPPORTED when the server does not
 * list tasks: from revision 2026-07-28 on none does, and you keep the ids.
 * Threads: any.  Since: 0.1.0.  Spec: tasks/list (2025-11-25).
 */
int32_t mcp_list_tasks(mcp_client *client, mcp_result **out);

/**
 * Gives the number of tasks: of mcp_list_tasks(), or 1 for a result that is
 * a task.
 *
 * `result`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.  Spec: tasks/list.
 */
size_t mcp_result_task_count(const mcp_result *result);

/**
 * Gives a task by its place.
 *
 * `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: tasks/list.
 */
const mcp_task *mcp_result_task(const mcp_result *result, size_t index);

/**
 * Gives the id of the task that was begun or asked for; NULL for any other
 * result, such as that of a call which the server did not make a task.
 *
 * NULL if the server sent none or another type.  `result`: NULL gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: tasks.
 */
const char *mcp_result_task_id(const mcp_result *result);

/**
 * Gives the task's status: "working", "input_required", "completed",
 * "failed", "cancelled"; or NULL.
 *
 * NULL if the server sent none or another type.  `result`: NULL gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: tasks.
 */
const char *mcp_result_task_status(const mcp_result *result);

/**
 * Gives the server's words about the task's status.
 *
 * NULL if the server sent none or another type.  `result`: NULL gives NULL.
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: tasks, statusMessage.
 */
const char *mcp_result_task_message(const mcp_result *result);

/**
 * Gives the milliseconds that the server wants to pass before it is asked
 * for the task again; -1 where it does not say.
 *
 * `result`: NULL gives -1.
 * Threads: any.  Since: 0.1.0.  Spec: tasks, pollInterval.
 */
int64_t mcp_result_task_poll_interval(const mcp_result *result);

/**
 * Gives the milliseconds for which the server keeps the task from its
 * beginning on; -1 where there is no end to it.
 *
 * `result`: NULL gives -1.
 * Threads: any.  Since: 0.1.0.  Spec: tasks, ttl.
 */
int64_t mcp_result_task_ttl(const mcp_result *result);

/**
 * Gives a task's id, which is like a password.
 *
 * NULL if the server sent none or another type.  `task`: NULL gives NULL.
 * Borrowed like the task.
 * Threads: any.  Since: 0.1.0.  Spec: Task, taskId.
 */
const char *mcp_task_id(const mcp_task *task);

/**
 * Gives a task's status; see mcp_result_task_status().
 *
 * NULL if the server sent none or another type.  `task`: NULL gives NULL.
 * Borrowed like the task.
 * Threads: any.  Since: 0.1.0.  Spec: Task, status.
 */
const char *mcp_task_status(const mcp_task *task);

/**
 * Gives the server's words about a task's status.
 *
 * NULL if the server sent none or another type.  `task`: NULL gives NULL.
 * Borrowed like the task.
 * Threads: any.  Since: 0.1.0.  Spec: Task, statusMessage.
 */
const char *mcp_task_message(const mcp_task *task);

/**
 * Gives when a task was created, as ISO 8601 has it.
 *
 * NULL if the server sent none or another type.  `task`: NULL gives NULL.
 * Borrowed like the task.
 * Threads: any.  Since: 0.1.0.  Spec: Task, createdAt.
 */
const char *mcp_task_created(const mcp_task *task);

/**
 * Gives when a task last changed, as ISO 8601 has it.
 *
 * NULL if the server sent none or another type.  `task`: NULL gives NULL.
 * Borrowed like the task.
 * Threads: any.  Since: 0.1.0.  Spec: Task, lastUpdatedAt.
 */
const char *mcp_task_updated(const mcp_task *task);

/**
 * Gives the milliseconds for which a task is kept; see mcp_result_task_ttl().
 *
 * `task`: NULL gives -1.
 * Threads: any.  Since: 0.1.0.  Spec: Task, ttl.
 */
int64_t mcp_task_ttl(const mcp_task *task);

/**
 * Gives the whole task as JSON text.
 *
 * Never NULL for a task.  `task`: NULL gives NULL.  `len`, unless NULL,
 * receives the bytes without the terminating NUL.  Borrowed like the task.
 * Threads: any.  Since: 0.1.0.  Spec: Task.
 */
const char *mcp_task_json(const mcp_task *task, size_t *len);

/**
 * Makes an empty object.
 *
 * Returns a handle to free with mcp_json_free().
 * Threads: any.  Since: 0.1.0.
 */
mcp_json *mcp_json_new(void);

/**
 * Reads a JSON text.
 *
 * `text`: UTF-8; it need not end with a NUL.  `len`: its bytes.
 *
 * Returns a handle to free with mcp_json_free(), or NULL with the last error
 * set: MCP_E_INVALID_ARGUMENT, whose message tells the line and the column.
 * What a server may send can be read: up to 512 objects and arrays inside
 * each other.
 * Threads: any.  Since: 0.1.0.
 */
mcp_json *mcp_json_parse(const char *text, size_t len);

/**
 * Releases a value and all its parts.
 *
 * `json`: one of mcp_json_new() or mcp_json_parse() that is not used again,
 * or NULL; never a part.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_json_free(mcp_json *json);

/**
 * Puts a UTF-8 string at a place.
 *
 * `json`: a value of yours.  `pointer`: a JSON Pointer.  Objects on the way
 * there are made; "-" as the last step appends to an array, which is made.
 * `value`: copied.
 *
 * Returns MCP_OK; MCP_E_NOT_FOUND for a place that cannot be;
 * MCP_E_INVALID_ARGUMENT.  A failure changes nothing.
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_string(mcp_json *json,
                            const char *pointer,
                            const char *value);

/**
 * Puts an integer at a place, like mcp_json_set_string().
 *
 * `json`, `pointer`: as there.  `value`: all its digits are kept.
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_integer(mcp_json *json,
                             const char *pointer,
                             int64_t value);

/**
 * Puts a number at a place, like mcp_json_set_string().
 *
 * `json`, `pointer`: as there.  `value`: written so that it reads back the
 * same; MCP_E_INVALID_ARGUMENT for an infinity or what is not a number.
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_number(mcp_json *json,
                            const char *pointer,
                            double value);

/**
 * Puts true, or false for 0, at a place, like mcp_json_set_string().
 *
 * `json`, `pointer`: as there.  `value`: 0 or another number.
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_boolean(mcp_json *json,
                             const char *pointer,
                             int32_t value);

/**
 * Puts any JSON value at a place, like mcp_json_set_string(); "null" and
 * "[]" among them.
 *
 * `json`, `pointer`: as there.  `value_json`: JSON text, copied.
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_json(mcp_json *json,
                          const char *pointer,
                          const char *value_json);

/**
 * Gives the value at a place, or NULL.
 *
 * `json`: NULL gives NULL.  `pointer`: a JSON Pointer.  Valid until the whole
 * is changed or freed.  A name is looked for among all members of its object:
 * to read each member of a large one, go through them with mcp_json_child().
 * Threads: any.  Since: 0.1.0.
 */
const mcp_json *mcp_json_at(const mcp_json *json, const char *pointer);

/**
 * Tells the kind: one of MCP_JSON_.
 *
 * `json`: NULL gives MCP_JSON_NULL.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_json_kind(const mcp_json *json);

/**
 * Gives the number of elements or members, 0 for other kinds.
 *
 * `json`: NULL gives 0.
 * Threads: any.  Since: 0.1.0.
 */
size_t mcp_json_count(const mcp_json *json);

/**
 * Gives an element or a member's value by its place; NULL past the end.
 *
 * `json`: NULL gives NULL.  `index`: from 0 on.  Valid until the whole is
 * changed or freed.
 * Threads: any.  Since: 0.1.0.
 */
const mcp_json *mcp_json_child(const mcp_json *json, size_t index);

/**
 * Gives a member's name by its place; NULL past the end and for other kinds.
 *
 * `json`: NULL gives NULL.  `index`: from 0 on.  Valid until the whole is
 * changed or freed.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_json_key(const mcp_json *json, size_t index);

/**
 * Gives a string's text, NULL for other kinds.
 *
 * `json`: NULL gives NULL.  `len`, unless NULL, receives the bytes without
 * the terminating NUL.  Valid until the whole is changed or freed.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_json_string(const mcp_json *json, size_t *len);

/**
 * Gives a number as an integer.
 *
 * `json`: NULL is of another kind.  `otherwise`: given for other kinds, and
 * for what has a fraction or does not fit.
 * Threads: any.  Since: 0.1.0.
 */
int64_t mcp_json_integer(const mcp_json *json, int64_t otherwise);

/**
 * Gives a number.
 *
 * `json`: NULL is of another kind.  `otherwise`: given for other kinds.
 * Threads: any.  Since: 0.1.0.
 */
double mcp_json_number(const mcp_json *json, double otherwise);

/**
 * Gives 1 or 0.
 *
 * `json`: NULL is of another kind.  `otherwise`: given for other kinds.
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_json_boolean(const mcp_json *json, int32_t otherwise);

/**
 * Writes a value as JSON text, without blanks.
 *
 * `json`: NULL gives NULL.  `len`, unless NULL, receives the bytes without
 * the terminating NUL.  Valid until the value is changed or freed.
 * Threads: one at a time.  Since: 0.1.0.
 */
const char *mcp_json_text(const mcp_json *json, size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* MCPCLIENT_H */
