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
 * A CONFIGURATION FILE of an MCP host, read once.  It lists servers, in the
 * order of the file.
 *
 * The file is JSON of up to 1 MiB; comments and trailing commas are allowed.
 * The servers are in an object "mcpServers" (Claude, Cursor, FastMCP) or
 * "servers" (VS Code), or the whole file is such an object.  A server has:
 *
 * - "url"; and optionally "headers", "transport" or "type" ("http",
 *   "streamable-http", "sse") and "auth".  "auth" is the bearer token
 *   without the word "Bearer"; or, for OAuth, "oauth" or an object, which
 *   may have "CLIENT_ID", "CLIENT_SECRET" and "scopes";
 * - or "command"; and optionally "args", "env", "cwd", "type" ("stdio") and
 *   "envFile", a file of NAME=VALUE lines, whose path is relative to the
 *   configuration file;
 * - optionally "timeout" in milliseconds, see mcp_client_set_timeout();
 * - optionally "disabled".
 *
 * Other keys are ignored.  A key whose value is null counts as absent.
 *
 * These texts, except the names of headers and variables, may contain
 * references.  `${NAME}` and `${env:NAME}` are replaced by the value of an
 * environment variable.  `${NAME:-default}` is replaced by the default if
 * the variable is unset or empty.  Any other "$" is an ordinary character.
 * The references are replaced when a client is made.  A reference that only
 * an editor can replace is an error that says so: `${input:ID}`,
 * `${command:ID}`, and `${workspaceFolder}` unless an environment variable
 * has that name.
 *
 * The message of an error contains the file, the line and the key, such as
 * "mcp.json:7: mcpServers.weather.args[2]: ...".  It never contains the
 * value of a header, a token or a variable.
 */
typedef struct mcp_config mcp_config;

/**
 * A CONTENT BLOCK of mcp_result_content(), borrowed from the result: a part
 * of a tool's result, of a resource that was read, or of a prompt's message.
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
 * A NOTIFICATION of the server, or of the library about its notification
 * stream.
 *
 * The handler of mcp_client_set_event_handler() receives it.  It is valid
 * while the handler runs, and so is everything that the functions below
 * return.
 */
typedef struct mcp_event mcp_event;

/**
 * AN INPUT REQUEST of the server: a form to fill in, a web page to visit, a
 * prompt for a language model (sampling), or a request for the list of
 * roots.
 *
 * The handler of mcp_client_set_input_handler() receives it and owns it.  It
 * may answer at once, or keep the input request and let another thread
 * answer later.  Answer it once, with mcp_input_accept(),
 * mcp_input_decline(), mcp_input_dismiss(), mcp_input_reply_json() or
 * mcp_input_fail().  A second answer is MCP_E_STATE, and so is an answer
 * after the request has ended or the server has withdrawn the input request.
 *
 * An input request that is freed without an answer is dismissed, as
 * mcp_input_dismiss() does.  The same happens when the time of
 * mcp_client_set_input_timeout() is over.
 *
 * While the input request is open, the request that it belongs to waits, and
 * the timeout of that request is paused.  An input request that arrives on
 * the notification stream does not say which request it belongs to; it
 * pauses the timeouts of all requests.
 *
 * Up to revision 2025-11-25 the server sends an input request as a message;
 * from 2026-07-28 on it sends an "input_required" result.  The application
 * handles both in the same way.
 */
typedef struct mcp_input mcp_input;

/**
 * A JSON VALUE: builds arguments and reads results without another library.
 *
 * A `mcp_json *` that the application made may be changed, and must be
 * freed.  A `const mcp_json *` is a part of such a value: valid until the
 * whole value is changed or freed.  A place in a value is a JSON Pointer
 * (RFC 6901): "" is the value itself, "/a/0" is the first element of its
 * member "a".  Numbers keep the text with which they were written.  Only one
 * thread at a time may change a value or call mcp_json_text() for it.
 */
typedef struct mcp_json mcp_json;

/**
 * A PROMPT of mcp_result_prompt(), borrowed from the result.
 *
 * All its texts come from the server: do not trust them.
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
 * A RESOURCE or a resource template of mcp_result_resource(), or the target
 * of a resource link in a content block; borrowed from the result.
 *
 * All its texts come from the server: do not trust them.
 */
typedef struct mcp_resource mcp_resource;

/**
 * A RESULT of a call, of any method.
 *
 * The functions below read it.  If the result does not have what a function
 * reads, the function returns 0 or NULL, or the value that its comment
 * names.  mcp_result_json() returns the whole result.
 *
 * A result never changes: any number of threads may read it.  What the
 * functions return is borrowed from it, and valid until mcp_result_free().
 * Texts are UTF-8 and end with a NUL.  If a text contains a NUL, C sees its
 * end there, but `len` is the whole length.
 */
typedef struct mcp_result mcp_result;

/**
 * A SKILL of mcp_result_skill(), borrowed from the result: instructions for
 * a language model, in files that are read on demand.
 *
 * All its texts come from the server: do not trust them.
 */
typedef struct mcp_skill mcp_skill;

/**
 * A TASK: a tool call that continues at the server after the server has
 * answered the request, because it takes too long to keep a connection open.
 *
 * Borrowed from the result of mcp_result_task(), or from the event of
 * mcp_event_task().  Everyone who knows a task's id may be able to get its
 * result: treat the id like a password.
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
 * All its texts come from the server: do not trust them.
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
 * Handles a notification; see mcp_client_set_event_handler().
 *
 * `userdata`: the pointer given with the callback.
 * `client`: the client that received the notification.
 * `event`: valid until the callback returns.
 *
 * The callback runs on a thread of the application, inside
 * mcp_client_dispatch() or inside a call of this client that waits; possibly
 * on several threads at the same time.
 */
typedef void (*mcp_event_fn)(void *userdata,
                             mcp_client *client,
                             const mcp_event *event);

/**
 * Receives an input request of the server; see
 * mcp_client_set_input_handler().
 *
 * `userdata`: the pointer given with the callback.
 * `client`: the client whose server sent it.
 * `input`: belongs to the application: answer it now or later, from any
 * thread, and free it with mcp_input_free().
 *
 * The callback runs on a thread of the application, inside
 * mcp_client_dispatch() or inside a call of this client that waits; possibly
 * on several threads at the same time.  The request that the input request
 * belongs to continues after the answer.
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
 * `path`: a regular file.
 *
 * Returns a handle to free with mcp_config_free(), or NULL with the last
 * error set: MCP_E_NOT_FOUND for a file that does not exist;
 * MCP_E_TOO_LARGE; MCP_E_INVALID_ARGUMENT for a file that cannot be read,
 * and for every mistake in it.
 *
 * Threads: any.  Since: 0.1.0.
 */
mcp_config *mcp_config_load(const char *path);

/**
 * Releases a configuration and overwrites its secrets.
 *
 * `config`: a configuration that no other thread is using and that is not
 * used again, or NULL.
 *
 * Clients made from it stay valid.
 *
 * Threads: any.  Since: 0.1.0.
 */
void mcp_config_free(mcp_config *config);

/**
 * Returns the number of servers, including disabled ones.
 *
 * `config`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.
 */
size_t mcp_config_count(const mcp_config *config);

/**
 * Returns the name of a server by its index.
 *
 * `config`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_config_name(const mcp_config *config, size_t index);

/**
 * Returns the URL of a server by its index, as it is written in the file;
 * references are not replaced.
 *
 * `config`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end, and for a server that is a
 * program on stdio.
 *
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_config_url(const mcp_config *config, size_t index);

/**
 * Returns the program of a server by its index, as it is written in the
 * file, without its arguments.
 *
 * `config`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end, and for a server that is reached
 * by HTTP.
 *
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_config_command(const mcp_config *config, size_t index);

/**
 * Returns the number of warnings about the file.
 *
 * `config`: NULL gives 0.
 *
 * There is one warning if tokens, headers or variables are written in the
 * file itself, not as references, and users other than its owner may read
 * it.  There is one warning for each name that occurs twice in its object.
 * There is one warning if the file has both "mcpServers", which is used, and
 * "servers".
 *
 * Threads: any.  Since: 0.1.0.
 */
size_t mcp_config_warning_count(const mcp_config *config);

/**
 * Returns a warning by its index, in the form of an error's message.
 *
 * `config`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_config_warning(const mcp_config *config, size_t index);

/**
 * Makes a client for a server of the file, with the server's token, headers
 * and timeout.
 *
 * `config`: not changed.
 * `name`: the server's name; NULL for the only server that is not disabled.
 *
 * If "auth" says OAuth, the client has an authorization with the grant
 * MCP_GRANT_AUTHORIZATION_CODE and the values of the file.  This
 * authorization stores no tokens and opens no web page: where a sign-in is
 * needed, the call returns MCP_E_UNAUTHORIZED.  Before the first call, set
 * the browser and the store of mcp_client_auth(), or another authorization
 * with mcp_client_set_auth().
 *
 * Reads the environment, and the file that "envFile" names.  Sends nothing.
 *
 * Returns a handle to free with mcp_client_free(), or NULL with the last
 * error set: MCP_E_NOT_FOUND for an unknown name, with a message that lists
 * the known names; MCP_E_STATE for a server that is disabled;
 * MCP_E_UNSUPPORTED for a server that needs an editor;
 * MCP_E_INVALID_ARGUMENT for a variable that is not set, and for values that
 * mcp_client_new(), mcp_client_set_header() or mcp_auth_set_client()
 * refuses.
 *
 * Threads: any, while no thread changes the environment.  Since: 0.1.0.
 */
mcp_client *mcp_config_client(const mcp_config *config, const char *name);

/**
 * Makes a client from a configuration file: mcp_config_load(),
 * mcp_config_client() and mcp_config_free() in one call, without the
 * warnings.
 *
 * `path`: as for mcp_config_load().
 * `name`: as for mcp_config_client().
 *
 * Returns a handle to free with mcp_client_free(), or NULL with the last
 * error set to one of their errors.
 *
 * Threads: any, while no thread changes the environment.  Since: 0.1.0.
 */
mcp_client *mcp_client_new_config(const char *path, const char *name);

/**
 * Connects to the server, negotiates the protocol revision, and returns the
 * server info.
 *
 * `out`, unless NULL, receives the server info as a result, or NULL on
 * failure.  Read it with mcp_result_server_name() and the functions that
 * follow it; free it with mcp_result_free().
 *
 * Connects only if the client is not connected yet.  Calling this function
 * is optional: every other call connects when it needs to.
 *
 * Returns MCP_OK or a status: call errors.  Waits at most the time of
 * mcp_client_set_timeout().
 *
 * Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
 */
int32_t mcp_connect(mcp_client *client, mcp_result **out);

/**
 * Checks that the server answers, with the same credentials as every other
 * request.
 *
 * Connects first if needed.  Up to revision 2025-11-25 it sends "ping".
 * Later revisions have no "ping"; it sends "server/discover" to them.
 *
 * Returns MCP_OK or a status: call errors.  Waits at most the time of
 * mcp_client_set_timeout().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ping, server/discover.
 */
int32_t mcp_ping(mcp_client *client);

/**
 * Lists all tools of the server; reads all pages of the list.
 *
 * `out` receives the result, or NULL on failure.  Read it with
 * mcp_result_tool_count() and mcp_result_tool(); free it with
 * mcp_result_free().
 *
 * To read a single page, perform a request of "tools/list" that has the
 * "cursor" of mcp_result_next_cursor() in its parameters.  To list all pages
 * with a request that can be started or cancelled, see
 * mcp_request_set_all_pages().
 *
 * From revision 2026-07-28 on, a tool is left out if its schema marks
 * parameters for HTTP headers in an invalid way; mcp_result_json() still
 * contains it.  From the same revision on, a list that the server declares
 * fresh is answered from memory, see mcp_client_set_cache_size().
 *
 * Each page may take the time of mcp_client_set_timeout(), and the whole
 * list the time of mcp_client_set_deadline().
 *
 * Returns MCP_OK or a status: call errors; MCP_E_TOO_LARGE for more pages
 * than mcp_client_set_max_pages() or more items than
 * mcp_client_set_max_items() allows.
 *
 * Threads: any.  Since: 0.1.0.  Spec: tools/list, pagination.
 */
int32_t mcp_list_tools(mcp_client *client, mcp_result **out);

/**
 * Calls a tool and waits for its result.
 *
 * `name`: the tool's name, UTF-8, copied.
 * `arguments_json`: a JSON object as UTF-8 text, copied; NULL or "" for no
 * arguments.
 * `out`, unless NULL, receives the result, or NULL on failure; free it with
 * mcp_result_free().
 *
 * A tool that fails gives a result, and this function returns MCP_OK: check
 * mcp_result_is_error().
 *
 * If the connection breaks after a byte of the call may have reached the
 * server, the library does not send the call again and returns MCP_E_IO.  To
 * allow a second attempt for tools that are read-only or idempotent, see
 * mcp_client_set_repeat_tools() and mcp_request_set_repeatable().
 *
 * The call asks the server to report progress.  Each progress notification
 * restarts the timeout, but mcp_client_set_deadline() limits the whole call.
 * To set a timeout for one call, to receive progress or to cancel, see
 * mcp_request_new_call_tool().  For tools that run for a very long time, see
 * mcp_client_set_tasks().
 *
 * Returns MCP_OK or a status: call errors; MCP_E_INVALID_ARGUMENT for
 * arguments that are not a JSON object, before anything is sent.
 *
 * Threads: any.  Since: 0.1.0.  Spec: tools/call.
 */
int32_t mcp_call_tool(mcp_client *client,
                      const char *name,
                      const char *arguments_json,
                      mcp_result **out);

/**
 * Lists all resources of the server; reads all pages of the list.
 *
 * `out`: as for mcp_list_tools(); read it with mcp_result_resource_count()
 * and mcp_result_resource().
 *
 * Returns like mcp_list_tools().
 *
 * Threads: any.  Since: 0.1.0.  Spec: resources/list.
 */
int32_t mcp_list_resources(mcp_client *client, mcp_result **out);

/**
 * Lists all resource templates of the server; reads all pages of the list.
 *
 * `out`: as for mcp_list_tools().
 *
 * Each template is read like a resource, and mcp_resource_uri() is its URI
 * template (RFC 6570).
 *
 * Returns like mcp_list_tools().
 *
 * Threads: any.  Since: 0.1.0.  Spec: resources/templates/list.
 */
int32_t mcp_list_resource_templates(mcp_client *client, mcp_result **out);

/**
 * Reads a resource.
 *
 * `uri`: the resource's URI, UTF-8, copied.
 * `out`: as for mcp_call_tool(); read it with mcp_result_content_count() and
 * mcp_result_content().
 *
 * From revision 2026-07-28 on, a resource that the server declares fresh is
 * answered from memory, see mcp_client_set_cache_size().
 *
 * Returns MCP_OK or a status: call errors.
 *
 * Threads: any.  Since: 0.1.0.  Spec: resources/read.
 */
int32_t mcp_read_resource(mcp_client *client,
                          const char *uri,
                          mcp_result **out);

/**
 * Subscribes to changes of a resource: each change is reported as
 * MCP_EVENT_RESOURCE_UPDATED.
 *
 * `uri`: the resource's URI, UTF-8, copied.
 *
 * Opens the notification stream, as mcp_listen() does.  After a lost session
 * the library subscribes again.  Up to revision 2025-11-25 this sends
 * "resources/subscribe"; later it is a part of "subscriptions/listen".
 *
 * Returns MCP_OK or a status: call errors; MCP_E_UNSUPPORTED if the server
 * does not support subscriptions, or not to this resource.
 *
 * Threads: any.  Since: 0.1.0.
 * Spec: resources/subscribe, subscriptions/listen.
 */
int32_t mcp_subscribe_resource(mcp_client *client, const char *uri);

/**
 * Ends a subscription made by mcp_subscribe_resource().
 *
 * `uri`: the same text as there.
 *
 * Returns MCP_OK or a status: call errors.
 *
 * Threads: any.  Since: 0.1.0.
 * Spec: resources/unsubscribe, subscriptions/listen.
 */
int32_t mcp_unsubscribe_resource(mcp_client *client, const char *uri);

/**
 * Lists all prompts of the server; reads all pages of the list.
 *
 * `out`: as for mcp_list_tools(); read it with mcp_result_prompt_count() and
 * mcp_result_prompt().
 *
 * Returns like mcp_list_tools().
 *
 * Threads: any.  Since: 0.1.0.  Spec: prompts/list.
 */
int32_t mcp_list_prompts(mcp_client *client, mcp_result **out);

/**
 * Gets a prompt with its arguments filled in.
 *
 * `name`: the prompt's name, UTF-8, copied.
 * `arguments_json`: a JSON object whose values are strings, copied; NULL or
 * "" for no arguments.
 * `out`: as for mcp_call_tool().
 *
 * The messages of the prompt are the content blocks of the result:
 * mcp_result_content().  Each has a mcp_content_role().
 *
 * Returns MCP_OK or a status: call errors; MCP_E_INVALID_ARGUMENT for an
 * argument that is not a string.
 *
 * Threads: any.  Since: 0.1.0.  Spec: prompts/get.
 */
int32_t mcp_get_prompt(mcp_client *client,
                       const char *name,
                       const char *arguments_json,
                       mcp_result **out);

/**
 * Asks the server for completions of an argument.
 *
 * `reference_json`: what the argument belongs to:
 * {"type":"ref/prompt","name":...} or {"type":"ref/resource","uri":...}.
 * `argument`: the argument's name.
 * `value`: what the user typed so far.
 * `context_json`: the other arguments known so far, as a JSON object whose
 * values are strings; NULL or "" for none.
 * `out`: as for mcp_call_tool(); read it with mcp_result_completion_count()
 * and mcp_result_completion().
 *
 * The texts are UTF-8.  The library copies them.
 *
 * Returns MCP_OK or a status: call errors; MCP_E_UNSUPPORTED for a context
 * if the server speaks a revision before 2025-06-18, which has no context.
 *
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete.
 */
int32_t mcp_complete(mcp_client *client,
                     const char *reference_json,
                     const char *argument,
                     const char *value,
                     const char *context_json,
                     mcp_result **out);

/**
 * Asks the server to send log messages of a level and all higher levels;
 * each is reported as MCP_EVENT_LOG.
 *
 * `level`: one of MCP_LOG_.
 *
 * Up to revision 2025-11-25 the level is sent to the server once, and again
 * after a lost session.  In later revisions it is sent with each request,
 * and the server sends log messages while that request runs.
 *
 * Returns MCP_OK or a status: call errors; MCP_E_INVALID_ARGUMENT for an
 * unknown level.
 *
 * Threads: any.  Since: 0.1.0.  Spec: logging/setLevel, _meta logLevel.
 */
int32_t mcp_set_log_level(mcp_client *client, int32_t level);

/**
 * Opens the notification stream and keeps it open.  On this stream the
 * server sends notifications that belong to no request.
 *
 * `kinds`: the sum of the MCP_EVENT_ numbers that the application wants.  0
 * closes the stream, unless a subscription needs it.
 *
 * Up to revision 2025-11-25 the server sends all its notifications, whatever
 * the sum.  From revision 2026-07-28 on the library asks for
 * MCP_EVENT_TOOLS_CHANGED, MCP_EVENT_PROMPTS_CHANGED and
 * MCP_EVENT_RESOURCES_CHANGED as far as the sum contains them.  If it
 * contains MCP_EVENT_TASK_STATUS, the library also asks for the status of
 * each task that this client begins or asks for.
 *
 * The function returns when the server has accepted the stream.  The params
 * of the event MCP_EVENT_LISTENING say what the server accepted.  If the
 * stream fails, the library opens it again, with growing pauses, and each
 * time it is open again there is another MCP_EVENT_LISTENING.  The handler
 * of mcp_client_set_event_handler() receives the events, inside calls of
 * this client that wait and inside mcp_client_dispatch().
 *
 * Returns MCP_OK or a status: call errors; MCP_E_UNSUPPORTED if the server
 * offers no such stream, or sends none of the notifications asked for.
 *
 * Threads: any.  Since: 0.1.0.
 * Spec: transports, listening for messages; subscriptions/listen.
 */
int32_t mcp_listen(mcp_client *client, int32_t kinds);

/**
 * Sends a notification.  The server does not answer notifications.
 *
 * `method`: the notification's method, such as "notifications/x", in
 * printable ASCII, copied.
 * `params_json`: a JSON object as UTF-8 text, copied; NULL or "" for none.
 *
 * Returns MCP_OK if the server accepted it, or a status: call errors.
 *
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
 * Sets the callback that receives the notifications of the server.
 *
 * `callback`: runs inside mcp_client_dispatch() and inside calls that wait,
 * on the thread that called.  NULL removes the callback, and events are
 * dropped.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * The callback never runs on a thread of the library.  If several threads
 * wait, it may run on several of them at the same time.  It may call every
 * function except mcp_client_free().  A call that it makes with this client
 * runs no event handler: notifications that arrive during that call are
 * queued in order until the callback has returned.
 *
 * At most 1024 events and progress reports, and at most 16 MiB of them, are
 * queued.  If more arrive before the application handles them, the oldest
 * are dropped and counted, see mcp_client_count().
 *
 * Returns MCP_OK, MCP_E_INVALID_ARGUMENT or MCP_E_FORKED.
 *
 * Threads: any, at any time.  Since: 0.1.0.  Spec: notifications.
 */
int32_t mcp_client_set_event_handler(mcp_client *client,
                                     mcp_event_fn callback,
                                     void *userdata,
                                     mcp_free_fn free_userdata);

/**
 * Returns the kind of an event: one of MCP_EVENT_.
 *
 * `event`: NULL gives 0.
 *
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 */
int32_t mcp_event_kind(const mcp_event *event);

/**
 * Returns the notification's method, such as
 * "notifications/tools/list_changed".
 *
 * `event`: NULL gives NULL.
 *
 * It is "" for MCP_EVENT_LISTENING.  Never NULL for a valid `event`.  Valid
 * while the handler runs.
 *
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 */
const char *mcp_event_method(const mcp_event *event);

/**
 * Returns the notification's params as JSON text; "{}" if it has none.
 *
 * `event`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Never NULL for a valid `event`.  Valid while the handler runs.
 *
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 */
const char *mcp_event_params_json(const mcp_event *event, size_t *len);

/**
 * Returns the URI of the resource that changed, for
 * MCP_EVENT_RESOURCE_UPDATED.
 *
 * `event`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type, and for
 * other kinds of event.  Valid while the handler runs.
 *
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/resources/updated.
 */
const char *mcp_event_uri(const mcp_event *event);

/**
 * Returns the level of a log message, one of MCP_LOG_, for MCP_EVENT_LOG.
 *
 * `event`: NULL gives -1.
 *
 * -1 for other kinds of event, and for a level that the library does not
 * know.
 *
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/message.
 */
int32_t mcp_event_log_level(const mcp_event *event);

/**
 * Returns the logger's name of a log message, for MCP_EVENT_LOG.
 *
 * `event`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type, and for
 * other kinds of event.  Valid while the handler runs.
 *
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/message.
 */
const char *mcp_event_logger(const mcp_event *event);

/**
 * Returns the data of a log message as JSON text, for MCP_EVENT_LOG.
 *
 * `event`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none, and for other kinds of event.  Valid
 * while the handler runs.
 *
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/message.
 */
const char *mcp_event_data_json(const mcp_event *event, size_t *len);

/**
 * Returns the task of MCP_EVENT_TASK_STATUS; NULL for other kinds of event.
 *
 * `event`: NULL gives NULL.
 *
 * Valid while the handler runs.
 *
 * Threads: the handler's, while it runs.  Since: 0.1.0.
 * Spec: notifications/tasks/status, notifications/tasks.
 */
const mcp_task *mcp_event_task(const mcp_event *event);

/**
 * Sets the callback that receives the server's input requests, and declares
 * to the server which kinds it may send.
 *
 * `kinds`: the sum of the MCP_INPUT_ numbers that the callback can answer.
 * Exactly these kinds are declared; without a callback, none.
 * `callback`: runs like an event handler, see
 * mcp_client_set_event_handler().  NULL removes the callback.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * Calls that the callback makes may lead to further input requests, up to a
 * depth of four.  A deeper input request is answered with the JSON-RPC error
 * -32603 at once.
 *
 * At most 1000 input requests, and at most 64 MiB of them, can be unanswered
 * or not yet freed.  A further one is answered with an error at once, and
 * counted, see mcp_client_count().  An "input_required" result with more
 * than 1000 input requests is MCP_E_TOO_LARGE.
 *
 * Returns MCP_OK; MCP_E_INVALID_ARGUMENT for no kinds or unknown kinds;
 * MCP_E_STATE after the first exchange with the server, unless the kinds
 * stay the same; MCP_E_FORKED.
 *
 * Threads: any.  Since: 0.1.0.  Spec: elicitation, sampling, roots.
 */
int32_t mcp_client_set_input_handler(mcp_client *client,
                                     int32_t kinds,
                                     mcp_input_fn callback,
                                     void *userdata,
                                     mcp_free_fn free_userdata);

/**
 * Adds capabilities to those that the client declares, for extensions and
 * experiments.
 *
 * `json`: a JSON object as UTF-8 text, such as
 * {"extensions":{"io.modelcontextprotocol/ui":{}}}; NULL for none.
 *
 * The library itself declares the capabilities that follow from handlers and
 * roots; `json` must not contain them.
 *
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE after the first exchange with
 * the server, MCP_E_FORKED.
 *
 * Threads: any.  Since: 0.1.0.  Spec: ClientCapabilities.
 */
int32_t mcp_client_set_capabilities_json(mcp_client *client,
                                         const char *json);

/**
 * Sets the roots that the library sends to a server that asks for them, and
 * declares the roots capability.
 *
 * `json`: a JSON array of {"uri":"file://...","name":"..."} as UTF-8 text;
 * NULL removes the roots and the capability.
 *
 * If a session exists, the change is announced to the server, which may take
 * as long as a call.
 *
 * Returns MCP_OK or a status: MCP_E_INVALID_ARGUMENT; MCP_E_STATE after the
 * first exchange with the server, unless roots were set before; call errors
 * of the announcement.
 *
 * Threads: any.  Since: 0.1.0.  Spec: roots.
 */
int32_t mcp_client_set_roots_json(mcp_client *client, const char *json);

/**
 * Releases an input request.  If it is not answered yet, it is dismissed.
 *
 * `input`: an input request that is not used again, or NULL.
 *
 * Threads: any.  Since: 0.1.0.
 */
void mcp_input_free(mcp_input *input);

/**
 * Returns the kind: MCP_INPUT_FORM, MCP_INPUT_URL, MCP_INPUT_SAMPLING or
 * MCP_INPUT_ROOTS.
 *
 * `input`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_input_kind(const mcp_input *input);

/**
 * Returns the message to show to the person; "" if there is none.
 *
 * `input`: NULL gives NULL.
 *
 * Never NULL for a valid `input`.  The text comes from the server: tell the
 * person which server sent it.  Valid until mcp_input_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: elicitation/create, message.
 */
const char *mcp_input_message(const mcp_input *input);

/**
 * Returns the JSON Schema of the form, for MCP_INPUT_FORM.
 *
 * `input`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none, and for other kinds; a value of
 * another type is returned as it is.  Valid until mcp_input_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: elicitation, requestedSchema.
 */
const char *mcp_input_schema_json(const mcp_input *input, size_t *len);

/**
 * Returns the URL of the web page to visit, for MCP_INPUT_URL.
 *
 * `input`: NULL gives NULL.
 *
 * Show the whole URL to the person, and open it only after the person
 * agreed.  The library never opens it.
 *
 * Returns NULL if the server sent none or a value of another type, and for
 * other kinds.  Valid until mcp_input_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: elicitation, URL mode.
 */
const char *mcp_input_url(const mcp_input *input);

/**
 * Returns the params of the input request as JSON text.
 *
 * `input`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * For MCP_INPUT_SAMPLING this is the only way to read it.  Never NULL for a
 * valid `input`.  Valid until mcp_input_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: sampling/createMessage.
 */
const char *mcp_input_params_json(const mcp_input *input, size_t *len);

/**
 * Answers "accept": the person filled in the form, or agreed to visit the
 * page.
 *
 * `input`: the input request.
 * `content_json`: for MCP_INPUT_FORM the fields as a JSON object, or NULL
 * for no fields; for MCP_INPUT_URL NULL.
 *
 * The fields are sent as they are written.  Fields that are absent are added
 * with the schema's default values.  If a field or a default value does not
 * fit the schema, nothing is sent: the status is MCP_E_INVALID_ARGUMENT, and
 * its message says which field and why.  The input request then stays open
 * and can be accepted with other values.
 *
 * Returns MCP_OK or a status: MCP_E_STATE if it was answered or withdrawn
 * already, MCP_E_CLOSED, MCP_E_SESSION_LOST, call errors.
 *
 * Threads: any.  Since: 0.1.0.  Spec: elicitation.
 */
int32_t mcp_input_accept(mcp_input *input, const char *content_json);

/**
 * Answers "decline": the person refused.
 *
 * `input`: the input request.
 *
 * For MCP_INPUT_SAMPLING and MCP_INPUT_ROOTS the answer is a JSON-RPC error
 * with the code -1, as is usual.
 *
 * Returns like mcp_input_accept().
 *
 * Threads: any.  Since: 0.1.0.  Spec: elicitation.
 */
int32_t mcp_input_decline(mcp_input *input);

/**
 * Answers "cancel": the person made no choice.
 *
 * `input`: the input request.
 *
 * For MCP_INPUT_SAMPLING and MCP_INPUT_ROOTS the answer is a JSON-RPC error
 * with the code -1, as is usual.
 *
 * Returns like mcp_input_accept().
 *
 * Threads: any.  Since: 0.1.0.  Spec: elicitation.
 */
int32_t mcp_input_dismiss(mcp_input *input);

/**
 * Answers with a complete result, as MCP_INPUT_SAMPLING and MCP_INPUT_ROOTS
 * need.
 *
 * `input`: the input request.
 * `result_json`: a JSON object.  For MCP_INPUT_SAMPLING it must have "role",
 * "content" and "model", for MCP_INPUT_ROOTS "roots".
 *
 * MCP_E_INVALID_ARGUMENT if it lacks one of them; the input request then
 * stays open.  Otherwise returns like mcp_input_accept().
 *
 * Threads: any.  Since: 0.1.0.  Spec: sampling/createMessage, roots/list.
 */
int32_t mcp_input_reply_json(mcp_input *input, const char *result_json);

/**
 * Answers with a JSON-RPC error.  For sampling that a person refused, the
 * code -1 and the message "user rejected" are usual.
 *
 * `input`: the input request.
 * `rpc_code`: the error's code.
 * `message`: the error's message, UTF-8; it is sent to the server.
 *
 * From revision 2026-07-28 on an error cannot be sent as an answer: there
 * the request that the input request belongs to fails with
 * MCP_E_INPUT_REQUIRED.
 *
 * Returns like mcp_input_accept().
 *
 * Threads: any.  Since: 0.1.0.  Spec: basic, responses.
 */
int32_t mcp_input_fail(mcp_input *input,
                       int32_t rpc_code,
                       const char *message);

/**
 * Releases a result and everything borrowed from it.
 *
 * `result`: a result that is not used again, or NULL.
 *
 * Threads: any.  Since: 0.1.0.
 */
void mcp_result_free(mcp_result *result);

/**
 * Returns the whole result as JSON text, as the server wrote it.
 *
 * `result`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Never NULL for a valid `result`.  For a list of several pages it is one
 * object that contains the items of all pages.  Borrowed from the result:
 * valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_result_json(const mcp_result *result, size_t *len);

/**
 * Returns the member _meta of the result as a JSON object.
 *
 * `result`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_result_meta_json(const mcp_result *result, size_t *len);

/**
 * Returns the cursor of the next page, for a request that reads a single
 * page.
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none, which means that there is no next
 * page, or a value of another type.  An empty text is a valid cursor.
 * Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: pagination.
 */
const char *mcp_result_next_cursor(const mcp_result *result);

/**
 * Returns for how many milliseconds the server declares the result fresh.
 *
 * `result`: NULL gives -1.
 *
 * Returns -1 if the server does not say so.
 *
 * Threads: any.  Since: 0.1.0.  Spec: caching (2026-07-28).
 */
int64_t mcp_result_ttl(const mcp_result *result);

/**
 * Returns the number of content blocks in a result of mcp_call_tool(),
 * mcp_read_resource() or mcp_get_prompt().
 *
 * `result`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
size_t mcp_result_content_count(const mcp_result *result);

/**
 * Returns a content block by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
const mcp_content *mcp_result_content(const mcp_result *result, size_t index);

/**
 * Returns 1 if the result of mcp_call_tool() says that the tool failed,
 * otherwise 0.
 *
 * `result`: NULL gives 0.
 *
 * The content blocks of such a result say why: see mcp_result_text().
 *
 * Threads: any.  Since: 0.1.0.  Spec: tools/call, isError.
 */
int32_t mcp_result_is_error(const mcp_result *result);

/**
 * Returns all text content blocks of the result as one text, separated by
 * line breaks.
 *
 * `result`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * This is what most applications need from a tool.  Never NULL for a valid
 * `result`: "" if there is no text.  Borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: TextContent.
 */
const char *mcp_result_text(const mcp_result *result, size_t *len);

/**
 * Returns the structured content of a result of mcp_call_tool() as JSON
 * text.
 *
 * `result`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none.  From revision 2026-07-28 on it may
 * be any JSON value, also null, which is returned as "null".  Borrowed from
 * the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: tools, structuredContent.
 */
const char *mcp_result_structured_json(const mcp_result *result, size_t *len);

/**
 * Returns the description in a result of mcp_get_prompt().
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: prompts/get.
 */
const char *mcp_result_prompt_description(const mcp_result *result);

/**
 * Returns the number of completions in a result of mcp_complete().
 *
 * `result`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete.
 */
size_t mcp_result_completion_count(const mcp_result *result);

/**
 * Returns a completion of a result of mcp_complete() by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Never NULL for an index below mcp_result_completion_count(), which is 0 if
 * the server sent a completion that is not a string.  Borrowed from the
 * result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete.
 */
const char *mcp_result_completion(const mcp_result *result, size_t index);

/**
 * Returns 1 if the server has more completions than those in a result of
 * mcp_complete(), otherwise 0.
 *
 * `result`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete, hasMore.
 */
int32_t mcp_result_completion_has_more(const mcp_result *result);

/**
 * Returns how many completions the server has in total, for a result of
 * mcp_complete().
 *
 * `result`: NULL gives -1.
 *
 * Returns -1 if the server does not say so.
 *
 * Threads: any.  Since: 0.1.0.  Spec: completion/complete, total.
 */
int64_t mcp_result_completion_total(const mcp_result *result);

/**
 * Returns the number of tools in a result of mcp_list_tools().
 *
 * `result`: NULL gives 0.
 *
 * Tools that cannot be called are not counted: see mcp_list_tools().
 *
 * Threads: any.  Since: 0.1.0.  Spec: tools/list.
 */
size_t mcp_result_tool_count(const mcp_result *result);

/**
 * Returns a tool by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: tools/list.
 */
const mcp_tool *mcp_result_tool(const mcp_result *result, size_t index);

/**
 * Returns the number of resources or templates in a result of
 * mcp_list_resources() or mcp_list_resource_templates().
 *
 * `result`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.  Spec: resources/list.
 */
size_t mcp_result_resource_count(const mcp_result *result);

/**
 * Returns a resource or a template by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: resources/list.
 */
const mcp_resource *mcp_result_resource(const mcp_result *result,
                                        size_t index);

/**
 * Returns the number of prompts in a result of mcp_list_prompts().
 *
 * `result`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.  Spec: prompts/list.
 */
size_t mcp_result_prompt_count(const mcp_result *result);

/**
 * Returns a prompt by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: prompts/list.
 */
const mcp_prompt *mcp_result_prompt(const mcp_result *result, size_t index);

/**
 * Returns the number of skills in a result of mcp_list_skills().
 *
 * `result`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
size_t mcp_result_skill_count(const mcp_result *result);

/**
 * Returns a skill by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const mcp_skill *mcp_result_skill(const mcp_result *result, size_t index);

/**
 * Returns the tool of a name in a result of mcp_list_tools(), or NULL.
 *
 * `result`: NULL gives NULL.
 * `name`: compared byte by byte.
 *
 * Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Tool, name.
 */
const mcp_tool *mcp_result_find_tool(const mcp_result *result,
                                     const char *name);

/**
 * Returns the server's name in a result of mcp_connect().
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none; mcp_connect() fails for a value of
 * another type.  The text comes from the server: do not trust it.  Borrowed
 * from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Implementation, name.
 */
const char *mcp_result_server_name(const mcp_result *result);

/**
 * Returns the server's version in a result of mcp_connect().
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none; mcp_connect() fails for a value of
 * another type.  The text comes from the server: do not trust it.  Borrowed
 * from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Implementation, version.
 */
const char *mcp_result_server_version(const mcp_result *result);

/**
 * Returns the server's name to show to people, in a result of mcp_connect().
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none; mcp_connect() fails for a value of
 * another type.  The text comes from the server: do not trust it.  Borrowed
 * from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Implementation, title.
 */
const char *mcp_result_server_title(const mcp_result *result);

/**
 * Returns the negotiated protocol revision, such as "2025-11-25", in a
 * result of mcp_connect().
 *
 * `result`: NULL gives NULL.
 *
 * Never NULL for such a result, and NULL for any other result.  Borrowed
 * from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: versioning.
 */
const char *mcp_result_protocol_version(const mcp_result *result);

/**
 * Returns the server's instructions for its use, in a result of
 * mcp_connect().
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none; mcp_connect() fails for a value of
 * another type.  The text comes from the server: do not trust it.  Borrowed
 * from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
 */
const char *mcp_result_instructions(const mcp_result *result);

/**
 * Returns the server's capabilities as a JSON object, in a result of
 * mcp_connect().
 *
 * `result`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Never NULL for such a result: "{}" if the server sent none or a value of
 * another type.  NULL for any other result.  Borrowed from the result: valid
 * until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ServerCapabilities.
 */
const char *mcp_result_capabilities_json(const mcp_result *result,
                                         size_t *len);

/**
 * Returns 1 if the server declares a capability in a result of
 * mcp_connect(), otherwise 0.
 *
 * `result`: NULL gives 0.
 * `name`: the capability, such as "tools" or "resources.subscribe".
 *
 * A member that is false or null is not a declared capability.  Other
 * results than that of mcp_connect() have no capabilities.
 *
 * Threads: any.  Since: 0.1.0.  Spec: ServerCapabilities.
 */
int32_t mcp_result_has_capability(const mcp_result *result, const char *name);

/**
 * Returns the name to pass to mcp_call_tool().
 *
 * `tool`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Tool, name.
 */
const char *mcp_tool_name(const mcp_tool *tool);

/**
 * Returns the name to show to people: the title, or the title in the
 * annotations, or the name.
 *
 * `tool`: NULL gives NULL.
 *
 * The first of them that is not empty counts.  Returns NULL if the server
 * sent none or a value of another type.  The text is borrowed from the
 * result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Tool, title.
 */
const char *mcp_tool_title(const mcp_tool *tool);

/**
 * Returns the tool's description.
 *
 * `tool`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Tool, description.
 */
const char *mcp_tool_description(const mcp_tool *tool);

/**
 * Returns the JSON Schema of the tool's arguments, as the server wrote it.
 *
 * `tool`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Tool, inputSchema.
 */
const char *mcp_tool_input_schema_json(const mcp_tool *tool, size_t *len);

/**
 * Returns the JSON Schema of the tool's structured content, as the server
 * wrote it.
 *
 * `tool`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Tool, outputSchema.
 */
const char *mcp_tool_output_schema_json(const mcp_tool *tool, size_t *len);

/**
 * Returns the tool's annotations as a JSON object.
 *
 * `tool`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ToolAnnotations.
 */
const char *mcp_tool_annotations_json(const mcp_tool *tool, size_t *len);

/**
 * Returns the tool's icons as a JSON array.
 *
 * `tool`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Icon.
 */
const char *mcp_tool_icons_json(const mcp_tool *tool, size_t *len);

/**
 * Returns the tool's member _meta as a JSON object.
 *
 * `tool`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_tool_meta_json(const mcp_tool *tool, size_t *len);

/**
 * Returns the whole tool as JSON text.
 *
 * `tool`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Never NULL for a valid `tool`.  The text is borrowed from the result:
 * valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Tool.
 */
const char *mcp_tool_json(const mcp_tool *tool, size_t *len);

/**
 * Returns one of the tool's hints: 1 for true, 0 for false, -1 if the server
 * does not say.
 *
 * `tool`: NULL gives -1.
 * `name`: "readOnlyHint", "destructiveHint", "idempotentHint" or
 * "openWorldHint".
 *
 * A hint is the server's claim, not a promise.
 *
 * Threads: any.  Since: 0.1.0.  Spec: ToolAnnotations.
 */
int32_t mcp_tool_hint(const mcp_tool *tool, const char *name);

/**
 * Returns the resource's URI, or the URI template (RFC 6570) of a resource
 * template.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Resource, uri.
 */
const char *mcp_resource_uri(const mcp_resource *resource);

/**
 * Returns the resource's name.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Resource, name.
 */
const char *mcp_resource_name(const mcp_resource *resource);

/**
 * Returns the name to show to people: the title, or the name if there is no
 * title.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Resource, title.
 */
const char *mcp_resource_title(const mcp_resource *resource);

/**
 * Returns the resource's description.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Resource, description.
 */
const char *mcp_resource_description(const mcp_resource *resource);

/**
 * Returns the resource's media type.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Resource, mimeType.
 */
const char *mcp_resource_mime_type(const mcp_resource *resource);

/**
 * Returns the resource's size in bytes, or -1 if the server does not say.
 *
 * `resource`: NULL gives -1.
 *
 * Threads: any.  Since: 0.1.0.  Spec: Resource, size.
 */
int64_t mcp_resource_size(const mcp_resource *resource);

/**
 * Returns the resource's annotations as a JSON object.
 *
 * `resource`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Annotations.
 */
const char *mcp_resource_annotations_json(const mcp_resource *resource,
                                          size_t *len);

/**
 * Returns the resource's icons as a JSON array.
 *
 * `resource`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Icon.
 */
const char *mcp_resource_icons_json(const mcp_resource *resource,
                                    size_t *len);

/**
 * Returns the resource's member _meta as a JSON object.
 *
 * `resource`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_resource_meta_json(const mcp_resource *resource, size_t *len);

/**
 * Returns the whole resource as JSON text.
 *
 * `resource`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Never NULL for a valid `resource`.  The text is borrowed from the result:
 * valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Resource.
 */
const char *mcp_resource_json(const mcp_resource *resource, size_t *len);

/**
 * Returns the name to pass to mcp_get_prompt().
 *
 * `prompt`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Prompt, name.
 */
const char *mcp_prompt_name(const mcp_prompt *prompt);

/**
 * Returns the name to show to people: the title, or the name if there is no
 * title.
 *
 * `prompt`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Prompt, title.
 */
const char *mcp_prompt_title(const mcp_prompt *prompt);

/**
 * Returns the prompt's description.
 *
 * `prompt`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Prompt, description.
 */
const char *mcp_prompt_description(const mcp_prompt *prompt);

/**
 * Returns the number of arguments that the prompt takes.
 *
 * `prompt`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
 */
size_t mcp_prompt_argument_count(const mcp_prompt *prompt);

/**
 * Returns an argument's name by its index.
 *
 * `prompt`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
 */
const char *mcp_prompt_argument_name(const mcp_prompt *prompt, size_t index);

/**
 * Returns an argument's name to show to people, by its index.
 *
 * `prompt`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
 */
const char *mcp_prompt_argument_title(const mcp_prompt *prompt, size_t index);

/**
 * Returns an argument's description by its index.
 *
 * `prompt`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
 */
const char *mcp_prompt_argument_description(const mcp_prompt *prompt,
                                            size_t index);

/**
 * Returns 1 if an argument is required, otherwise 0.
 *
 * `prompt`: NULL gives 0.
 * `index`: starts at 0; 0 is returned past the end.
 *
 * Threads: any.  Since: 0.1.0.  Spec: PromptArgument, required.
 */
int32_t mcp_prompt_argument_required(const mcp_prompt *prompt, size_t index);

/**
 * Returns the prompt's icons as a JSON array.
 *
 * `prompt`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Icon.
 */
const char *mcp_prompt_icons_json(const mcp_prompt *prompt, size_t *len);

/**
 * Returns the prompt's member _meta as a JSON object.
 *
 * `prompt`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_prompt_meta_json(const mcp_prompt *prompt, size_t *len);

/**
 * Returns the whole prompt as JSON text.
 *
 * `prompt`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Never NULL for a valid `prompt`.  The text is borrowed from the result:
 * valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Prompt.
 */
const char *mcp_prompt_json(const mcp_prompt *prompt, size_t *len);

/**
 * Returns the kind of a content block: one of MCP_CONTENT_.
 *
 * `content`: NULL gives 0.
 *
 * MCP_CONTENT_OTHER is a kind that this library does not know;
 * mcp_content_json() returns the whole content block.
 *
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
int32_t mcp_content_kind(const mcp_content *content);

/**
 * Returns the role of the prompt's message that the content block belongs
 * to: "user" or "assistant".
 *
 * `content`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type, and for a
 * content block that is not of a prompt.  Borrowed from the result: valid
 * until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: PromptMessage, role.
 */
const char *mcp_content_role(const mcp_content *content);

/**
 * Returns the text of MCP_CONTENT_TEXT, or of MCP_CONTENT_RESOURCE that
 * contains text.
 *
 * `content`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or a value of another type, and for
 * other kinds.  The text is UTF-8.  If it contains a NUL, C sees its end
 * there, but `len` is the whole length.  Borrowed from the result: valid
 * until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: TextContent.
 */
const char *mcp_content_text(const mcp_content *content, size_t *len);

/**
 * Returns the bytes of an image, of audio or of a binary resource, decoded
 * from base64.
 *
 * `content`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes.
 *
 * Returns NULL if the server sent none, and for other kinds; the last error
 * does not change then.  If the server sent a value of another type, or one
 * that is not base64, returns NULL and sets the last error to
 * MCP_E_PROTOCOL.  The first call decodes the bytes and the result keeps
 * them.  Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ImageContent, BlobResourceContents.
 */
const void *mcp_content_data(const mcp_content *content, size_t *len);

/**
 * Returns the media type of a content block.
 *
 * `content`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
const char *mcp_content_mime_type(const mcp_content *content);

/**
 * Returns the URI of a resource or of a resource link; NULL for other kinds.
 *
 * `content`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ResourceLink, ResourceContents.
 */
const char *mcp_content_uri(const mcp_content *content);

/**
 * Returns the name of MCP_CONTENT_RESOURCE_LINK; NULL for other kinds.
 *
 * `content`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ResourceLink, name.
 */
const char *mcp_content_name(const mcp_content *content);

/**
 * Returns the resource that MCP_CONTENT_RESOURCE_LINK links to; NULL for
 * other kinds.
 *
 * `content`: NULL gives NULL.
 *
 * Read it with mcp_resource_uri() and the functions that follow it.
 * Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ResourceLink.
 */
const mcp_resource *mcp_content_resource(const mcp_content *content);

/**
 * Returns the annotations of a content block as a JSON object.
 *
 * `content`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: Annotations.
 */
const char *mcp_content_annotations_json(const mcp_content *content,
                                         size_t *len);

/**
 * Returns the member _meta of a content block as a JSON object.
 *
 * `content`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
 */
const char *mcp_content_meta_json(const mcp_content *content, size_t *len);

/**
 * Returns the whole content block as JSON text.
 *
 * `content`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Never NULL for a valid `content`.  The text is borrowed from the result:
 * valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
 */
const char *mcp_content_json(const mcp_content *content, size_t *len);

/**
 * Lists all skills of the server; reads all pages of the list, but none of
 * the skills' files.
 *
 * `out`: as for mcp_list_tools(); read it with mcp_result_skill_count() and
 * mcp_result_skill().
 *
 * Returns like mcp_list_tools().
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640, skills/list.
 */
int32_t mcp_list_skills(mcp_client *client, mcp_result **out);

/**
 * Reads a file of a skill, and verifies it against the skill's entry in the
 * list.
 *
 * `skill`: a skill from a list of this server.
 * `index`: the file's index, from 0 on.
 * `out`: as for mcp_call_tool(); read the file with mcp_result_content().
 *
 * The size and the SHA-256 of the file must be those of the entry.  The
 * front matter of the skill's main file must equal the entry's front matter,
 * field by field.
 *
 * Returns MCP_OK or a status: call errors; MCP_E_INTEGRITY if the file
 * differs from its entry, and `out` receives nothing of it;
 * MCP_E_INVALID_ARGUMENT for an index past the last file.
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640, resources/read.
 */
int32_t mcp_read_skill_file(mcp_client *client,
                            const mcp_skill *skill,
                            size_t index,
                            mcp_result **out);

/**
 * Returns the URI of the skill's main file.
 *
 * `skill`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_uri(const mcp_skill *skill);

/**
 * Returns the skill's name, from the front matter.
 *
 * `skill`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_name(const mcp_skill *skill);

/**
 * Returns the skill's description, from the front matter.
 *
 * `skill`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_description(const mcp_skill *skill);

/**
 * Returns the skill's front matter as a JSON object.
 *
 * `skill`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.  The text is borrowed from the result: valid until
 * mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_frontmatter_json(const mcp_skill *skill, size_t *len);

/**
 * Returns the number of the skill's files, including the main file.
 *
 * `skill`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
size_t mcp_skill_file_count(const mcp_skill *skill);

/**
 * Returns a file's URI by its index.
 *
 * `skill`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_file_uri(const mcp_skill *skill, size_t index);

/**
 * Returns a file's digest, such as "sha256:...", by its index.
 *
 * `skill`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_file_digest(const mcp_skill *skill, size_t index);

/**
 * Returns a file's size in bytes by its index, or -1 if the entry does not
 * say.
 *
 * `skill`: NULL gives -1.
 * `index`: starts at 0; -1 past the end.
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
int64_t mcp_skill_file_size(const mcp_skill *skill, size_t index);

/**
 * Returns the skill's whole entry as JSON text.
 *
 * `skill`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Never NULL for a valid `skill`.  The text is borrowed from the result:
 * valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
 */
const char *mcp_skill_json(const mcp_skill *skill, size_t *len);

/**
 * Allows tool calls to run as tasks, and waits for their end inside the
 * call.
 *
 * `allow`: 1 or 0, the default.
 *
 * The application still makes one call, and receives one result, however
 * long the tool runs.
 *
 * From revision 2026-07-28 on, each request declares the tasks extension,
 * and the server decides which call becomes a task.  In revision 2025-11-25
 * the library asks for a task if the tool can only run as one.  The list of
 * tools says so, and the library reads the list if it needs to.  Other
 * revisions have no tasks, and this option changes nothing there.
 *
 * While a call runs as a task, the library asks the server for the task's
 * status, as often as the server wants to be asked, and whenever an
 * MCP_EVENT_TASK_STATUS arrives.  Each answer restarts the call's timeout;
 * the deadline stays the same, see mcp_client_set_deadline().  Input
 * requests of the task go to the input handler.  If the call is cancelled or
 * runs out of time, the library cancels the task at the server.
 *
 * If the task fails, the call returns the error that the task contains.  If
 * the server cancels the task, the call returns MCP_E_CANCELLED.  If the
 * server does not know the task any more, the call returns MCP_E_NOT_FOUND,
 * or MCP_E_SESSION_LOST if the session was lost.
 *
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 *
 * Threads: any, for calls begun later.  Since: 0.1.0.
 * Spec: tasks (2025-11-25), tasks extension (2026-07-28).
 */
int32_t mcp_client_set_tasks(mcp_client *client, int32_t allow);

/**
 * Makes a request return the task instead of waiting for its result, if the
 * server runs the request as a task.
 *
 * `request`: a request that calls a tool.
 * `ttl_milliseconds`: how long the server is asked to keep the task and its
 * result; 0 lets the server choose; -1, the default, turns this option off.
 *
 * This works whether or not mcp_client_set_tasks() allows tasks.  If the
 * result has a mcp_result_task_id(), the server made the call a task.  Pass
 * that id to mcp_get_task_result(), now or later, with this client or
 * another client of the same user.
 *
 * In revision 2025-11-25 the library asks for a task if the tool allows it.
 * In later revisions the server decides, and it also chooses how long it
 * keeps the task.
 *
 * Errors: MCP_E_INVALID_ARGUMENT, also for a request that calls no tool;
 * MCP_E_STATE in flight; MCP_E_FORKED.
 *
 * Threads: one at a time.  Since: 0.1.0.
 * Spec: tasks (2025-11-25), tasks extension (2026-07-28).
 */
int32_t mcp_request_set_task(mcp_request *request, int32_t ttl_milliseconds);

/**
 * Asks the server for a task's status.
 *
 * `task_id`: the id of mcp_result_task_id(), copied.
 * `out`, unless NULL, receives the result, or NULL on failure.  Read it with
 * mcp_result_task_status() and mcp_result_task(); free it with
 * mcp_result_free().
 *
 * Returns MCP_OK or a status: call errors; MCP_E_NOT_FOUND for a task that
 * the server does not know, or does not know any more; MCP_E_UNSUPPORTED if
 * the server or its revision has no tasks.
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks/get.
 */
int32_t mcp_get_task(mcp_client *client,
                     const char *task_id,
                     mcp_result **out);

/**
 * Waits for the end of a task and returns the result that the request would
 * have had without a task.
 *
 * `task_id`, `out`: as for mcp_get_task().
 *
 * The library asks for the task's status as often as the server wants to be
 * asked.  Input requests of the task go to the input handler.  If this call
 * ends before the task does, the library does not cancel the task.
 *
 * Returns MCP_OK or a status: those of mcp_get_task(); the error that the
 * task contains; MCP_E_CANCELLED for a task that was cancelled.
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks/result, tasks/get, tasks/update.
 */
int32_t mcp_get_task_result(mcp_client *client,
                            const char *task_id,
                            mcp_result **out);

/**
 * Asks the server to cancel a task.
 *
 * `task_id`: as for mcp_get_task().
 *
 * The server may cancel the task later, or finish it in spite of this call:
 * mcp_get_task() returns its status.
 *
 * Returns MCP_OK or a status: those of mcp_get_task().  MCP_E_NOT_FOUND also
 * stands for a task that has ended: in revision 2025-11-25 both have the
 * same error.
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks/cancel.
 */
int32_t mcp_cancel_task(mcp_client *client, const char *task_id);

/**
 * Lists all tasks of the server; reads all pages of the list.
 *
 * `out`: as for mcp_list_tools(); read it with mcp_result_task_count() and
 * mcp_result_task().
 *
 * Returns like mcp_list_tools(); MCP_E_UNSUPPORTED if the server does not
 * list tasks.  From revision 2026-07-28 on no server lists tasks, and the
 * application must keep their ids.
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks/list (2025-11-25).
 */
int32_t mcp_list_tasks(mcp_client *client, mcp_result **out);

/**
 * Returns the number of tasks in a result of mcp_list_tasks(), or 1 for a
 * result that is a task.
 *
 * `result`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks/list.
 */
size_t mcp_result_task_count(const mcp_result *result);

/**
 * Returns a task by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks/list.
 */
const mcp_task *mcp_result_task(const mcp_result *result, size_t index);

/**
 * Returns the id of the task that the result is; NULL for a result that is
 * no task.
 *
 * `result`: NULL gives NULL.
 *
 * A result is no task, for example, if the server did not run the call as a
 * task.  Returns NULL if the server sent none or a value of another type.
 * The text is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks.
 */
const char *mcp_result_task_id(const mcp_result *result);

/**
 * Returns the status of the task that the result is: "working",
 * "input_required", "completed", "failed" or "cancelled"; NULL for a result
 * that is no task.
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks.
 */
const char *mcp_result_task_status(const mcp_result *result);

/**
 * Returns the server's message about the status of the task that the result
 * is.
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  The text
 * is borrowed from the result: valid until mcp_result_free().
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks, statusMessage.
 */
const char *mcp_result_task_message(const mcp_result *result);

/**
 * Returns how many milliseconds the server wants the application to wait
 * before it asks for the task again.
 *
 * `result`: NULL gives -1.
 *
 * Returns -1 if the server does not say.
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks, pollInterval.
 */
int64_t mcp_result_task_poll_interval(const mcp_result *result);

/**
 * Returns for how many milliseconds, from its creation on, the server keeps
 * the task.
 *
 * `result`: NULL gives -1.
 *
 * Returns -1 if the server sets no limit.
 *
 * Threads: any.  Since: 0.1.0.  Spec: tasks, ttl.
 */
int64_t mcp_result_task_ttl(const mcp_result *result);

/**
 * Returns the task's id.  Treat it like a password.
 *
 * `task`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  Valid as
 * long as the task.
 *
 * Threads: any.  Since: 0.1.0.  Spec: Task, taskId.
 */
const char *mcp_task_id(const mcp_task *task);

/**
 * Returns the task's status; see mcp_result_task_status().
 *
 * `task`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  Valid as
 * long as the task.
 *
 * Threads: any.  Since: 0.1.0.  Spec: Task, status.
 */
const char *mcp_task_status(const mcp_task *task);

/**
 * Returns the server's message about the task's status.
 *
 * `task`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  Valid as
 * long as the task.
 *
 * Threads: any.  Since: 0.1.0.  Spec: Task, statusMessage.
 */
const char *mcp_task_message(const mcp_task *task);

/**
 * Returns the time at which the task was created, in ISO 8601 format.
 *
 * `task`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  Valid as
 * long as the task.
 *
 * Threads: any.  Since: 0.1.0.  Spec: Task, createdAt.
 */
const char *mcp_task_created(const mcp_task *task);

/**
 * Returns the time of the task's last change, in ISO 8601 format.
 *
 * `task`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.  Valid as
 * long as the task.
 *
 * Threads: any.  Since: 0.1.0.  Spec: Task, lastUpdatedAt.
 */
const char *mcp_task_updated(const mcp_task *task);

/**
 * Returns for how many milliseconds the server keeps the task; see
 * mcp_result_task_ttl().
 *
 * `task`: NULL gives -1.
 *
 * Threads: any.  Since: 0.1.0.  Spec: Task, ttl.
 */
int64_t mcp_task_ttl(const mcp_task *task);

/**
 * Returns the whole task as JSON text.
 *
 * `task`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Never NULL for a valid `task`.  Valid as long as the task.
 *
 * Threads: any.  Since: 0.1.0.  Spec: Task.
 */
const char *mcp_task_json(const mcp_task *task, size_t *len);

/**
 * Makes an empty JSON object.
 *
 * Returns a handle to free with mcp_json_free().
 *
 * Threads: any.  Since: 0.1.0.
 */
mcp_json *mcp_json_new(void);

/**
 * Parses JSON text.
 *
 * `text`: UTF-8; it need not end with a NUL.
 * `len`: its length in bytes.
 *
 * Returns a handle to free with mcp_json_free(), or NULL with the last error
 * set to MCP_E_INVALID_ARGUMENT; its message contains the line and the
 * column.  Objects and arrays may be nested 512 deep, as in the messages of
 * a server.
 *
 * Threads: any.  Since: 0.1.0.
 */
mcp_json *mcp_json_parse(const char *text, size_t len);

/**
 * Releases a value and all its parts.
 *
 * `json`: a value made by mcp_json_new() or mcp_json_parse() that is not
 * used again, or NULL.  Do not pass a part of a value.
 *
 * Threads: any.  Since: 0.1.0.
 */
void mcp_json_free(mcp_json *json);

/**
 * Sets the value at a place to a UTF-8 string.
 *
 * `json`: a value that the application made.
 * `pointer`: the place, a JSON Pointer.
 * `value`: the string, copied.
 *
 * Objects on the way to the place are created.  The last step "-" appends to
 * an array, which is created as well.
 *
 * Returns MCP_OK; MCP_E_NOT_FOUND for a place that cannot be created: a step
 * leads into a value that has no members, or past the end of an array;
 * MCP_E_INVALID_ARGUMENT.  A failure changes nothing.
 *
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_string(mcp_json *json,
                            const char *pointer,
                            const char *value);

/**
 * Sets the value at a place to an integer.
 *
 * `json`, `pointer`: as for mcp_json_set_string().
 * `value`: all its digits are kept.
 *
 * Returns like mcp_json_set_string().
 *
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_integer(mcp_json *json,
                             const char *pointer,
                             int64_t value);

/**
 * Sets the value at a place to a number.
 *
 * `json`, `pointer`: as for mcp_json_set_string().
 * `value`: written so that reading it gives the same number.
 *
 * Returns like mcp_json_set_string(); MCP_E_INVALID_ARGUMENT also for an
 * infinity or a NaN.
 *
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_number(mcp_json *json,
                            const char *pointer,
                            double value);

/**
 * Sets the value at a place to true or false.
 *
 * `json`, `pointer`: as for mcp_json_set_string().
 * `value`: 0 for false, any other number for true.
 *
 * Returns like mcp_json_set_string().
 *
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_boolean(mcp_json *json,
                             const char *pointer,
                             int32_t value);

/**
 * Sets the value at a place to any JSON value, such as "null" or "[]".
 *
 * `json`, `pointer`: as for mcp_json_set_string().
 * `value_json`: JSON text, copied.
 *
 * Returns like mcp_json_set_string().
 *
 * Threads: one at a time.  Since: 0.1.0.
 */
int32_t mcp_json_set_json(mcp_json *json,
                          const char *pointer,
                          const char *value_json);

/**
 * Returns the value at a place, or NULL if there is none.
 *
 * `json`: NULL gives NULL.
 * `pointer`: the place, a JSON Pointer.
 *
 * The value is valid until the whole is changed or freed.  Each step
 * searches all members of its object: to read every member of a large
 * object, use mcp_json_child().
 *
 * Threads: any.  Since: 0.1.0.
 */
const mcp_json *mcp_json_at(const mcp_json *json, const char *pointer);

/**
 * Returns the kind of a value: one of MCP_JSON_.
 *
 * `json`: NULL gives MCP_JSON_NULL.
 *
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_json_kind(const mcp_json *json);

/**
 * Returns the number of elements of an array or members of an object; 0 for
 * other kinds.
 *
 * `json`: NULL gives 0.
 *
 * Threads: any.  Since: 0.1.0.
 */
size_t mcp_json_count(const mcp_json *json);

/**
 * Returns an element of an array, or the value of a member of an object, by
 * its index.
 *
 * `json`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end and for other kinds.
 *
 * Valid until the whole value is changed or freed.
 *
 * Threads: any.  Since: 0.1.0.
 */
const mcp_json *mcp_json_child(const mcp_json *json, size_t index);

/**
 * Returns the name of a member of an object by its index.
 *
 * `json`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end and for other kinds.
 *
 * Valid until the whole value is changed or freed.
 *
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_json_key(const mcp_json *json, size_t index);

/**
 * Returns the text of a string; NULL for other kinds.
 *
 * `json`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Valid until the whole value is changed or freed.
 *
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_json_string(const mcp_json *json, size_t *len);

/**
 * Returns the value of a number as an integer.
 *
 * `otherwise`: returned for other kinds, for a number with a fraction, and
 * for a number that does not fit.  It is also returned for a NULL `json`.
 *
 * Threads: any.  Since: 0.1.0.
 */
int64_t mcp_json_integer(const mcp_json *json, int64_t otherwise);

/**
 * Returns the value of a number.
 *
 * `otherwise`: returned for other kinds, and for a NULL `json`.
 *
 * Threads: any.  Since: 0.1.0.
 */
double mcp_json_number(const mcp_json *json, double otherwise);

/**
 * Returns 1 for true and 0 for false.
 *
 * `otherwise`: returned for other kinds, and for a NULL `json`.
 *
 * Threads: any.  Since: 0.1.0.
 */
int32_t mcp_json_boolean(const mcp_json *json, int32_t otherwise);

/**
 * Returns a value as JSON text, without white space between its parts.
 *
 * `json`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes without the terminating
 * NUL.
 *
 * Valid until the value is changed or freed.
 *
 * Threads: one at a time.  Since: 0.1.0.
 */
const char *mcp_json_text(const mcp_json *json, size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* MCPCLIENT_H */
