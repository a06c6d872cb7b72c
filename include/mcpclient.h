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
 * 2026-07-28 of the protocol over Streamable HTTP, and finds out by itself
 * which one the server speaks.  What follows holds for every function, unless
 * its own comment says otherwise.
 *
 * NAMES.  mcp_<handle>_<verb> belongs to a handle, which is its first
 * argument: mcp_request_perform().  mcp_<verb> is a call of the protocol to
 * the server: mcp_ping().  A name that ends in _json gives or takes JSON text.
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
 * TIME is in milliseconds.  Every wait has an end: see
 * mcp_client_set_timeout().
 *
 * THREADS.  A client and a cancel may be used by several threads at once; a
 * result may be read by several; a request belongs to one thread at a time.
 *
 * CALLBACKS run inside a call that you made, on the thread that made it, and
 * never on a thread of the library.  They may call this library, but not free
 * the handle they were called for, and must not unwind or longjmp through it.
 * NULL takes a callback away.
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
 * 0 is success.
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
 * for.
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
 * A message is larger than mcp_client_set_max_message_size() allows, or a
 * reply's head is larger than 64 KiB.
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
 * Refused by the library: a credential over plain HTTP to another machine.
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
 * There is a server, but it does not speak MCP over Streamable HTTP at this
 * address: an old HTTP+SSE server answers so.
 */
#define MCP_E_TRANSPORT 65

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
 * Made by mcp_client_new(), which does no I/O: the first call connects.  Set
 * options first, then share the handle: every thread may call with it at the
 * same time, each on its own connection.  mcp_client_close() ends all waits;
 * mcp_client_free() releases it when no thread is inside a call.
 *
 * The thread that calls does all the work.  No thread is started, but for a
 * short-lived one while a host name is looked up.
 */
typedef struct mcp_client mcp_client;

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
 * ONE REQUEST, with options of its own.
 *
 * Make it with mcp_request_new(), set what differs from the client's
 * options, then mcp_request_perform(), which blocks.  It may be performed
 * again, which sends it anew.  One thread at a time uses it, except that any
 * thread may fire its mcp_cancel.
 */
typedef struct mcp_request mcp_request;

/**
 * AN ANSWER, of whichever method.  The functions below read what it has, and
 * give 0 or NULL for what it has not; mcp_result_json() has all of it.
 *
 * It never changes: any number of threads may read it.  What they give is
 * borrowed from it and valid until mcp_result_free().  Texts are UTF-8 and
 * end with a NUL; one with a NUL inside is cut short there.
 */
typedef struct mcp_result mcp_result;

/**
 * A SINK that the library lends to a callback which has to give text back:
 * write with mcp_text_set() before you return.  The library keeps a copy,
 * which it overwrites when it lets go of it.
 */
typedef struct mcp_text mcp_text;

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
 * nothing to release.  Like every callback it runs inside a call that you
 * made, on that thread.  A setter that fails has called it too: user data
 * that was handed over is never yours again.
 */
typedef void (*mcp_free_fn)(void *userdata);

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
 * Makes a cancel that is not fired.
 *
 * Returns a handle to free with mcp_cancel_free(), or NULL with the last
 * error set: MCP_E_INTERNAL when the process has no descriptor left.
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
 * Makes a client of the MCP server at an http:// or https:// address.
 *
 * `url`: the server's MCP endpoint in ASCII, such as
 * "https://example.com/mcp".  `token`: the bearer token, without the word
 * "Bearer"; NULL for none.  Both are copied.
 *
 * No I/O is done.  Returns a handle to free with mcp_client_free(), or NULL
 * with the last error set: MCP_E_INVALID_ARGUMENT for an address that is not
 * HTTP or holds a user name or a password, for a token that is empty or has
 * a prefix, a blank, a line break or a byte outside ASCII.  A token for a
 * plain http:// address of another machine is refused by the first call: see
 * mcp_client_set_allow_plain_http().
 * Threads: any.  Since: 0.1.0.  Spec: transports, authorization.
 */
mcp_client *mcp_client_new(const char *url, const char *token);

/**
 * Ends the client's work: every wait in every thread returns MCP_E_CLOSED,
 * and the session is given back to the server.
 *
 * `client`: NULL is allowed.  Waits two seconds at most, for the server to
 * take the end of the session.  May be called more than once; calls made
 * later are MCP_E_CLOSED.  In the child of a fork() it does nothing.
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
 * Sets an HTTP header that is sent with every request to the server.
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
 * there is a header Authorization; MCP_E_FORKED.
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
 * Sets how long a call may take, connecting included.
 *
 * `milliseconds`: 1 to INT32_MAX, at first 60000; there is no endless wait.
 * A call that is over its time is MCP_E_TIMEOUT.  Errors:
 * MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 * Spec: lifecycle, timeouts.
 */
int32_t mcp_client_set_timeout(mcp_client *client, int32_t milliseconds);

/**
 * Sets how long name resolution, connecting, a proxy and TLS may take
 * together; over it a call is MCP_E_CONNECT.
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
 * `bytes`: 1 or more, at first 67108864, which is 64 MiB.  Errors:
 * MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: any, for calls begun later.  Since: 0.1.0.
 */
int32_t mcp_client_set_max_message_size(mcp_client *client, size_t bytes);

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
 * and no_proxy, NO_PROXY.  "" is none.  Loopback addresses never go through
 * one.  Errors: MCP_E_INVALID_ARGUMENT; MCP_E_STATE once the client is
 * connected; MCP_E_FORKED.
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
 * Shows a client certificate (mutual TLS).
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
 * receives the bytes without the terminating NUL.  Returns UTF-8 text, NULL
 * where there was none; borrowed like mcp_error_message().
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
 * Gives a status code's name, such as "MCP_E_TIMEOUT".
 *
 * `status`: any number.  Returns static text, "MCP_E_UNKNOWN" for a number
 * that is no status.  For logs and tests: people want mcp_error_message().
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_status_name(int32_t status);

/**
 * Makes a request of any method, this library's or a newer one's.
 *
 * `client`: the client that will send it, which the request keeps alive.
 * `method`: such as "ping" or "tools/list", printable ASCII.  `params_json`:
 * a JSON object as UTF-8 text, or NULL; what the protocol itself puts into it
 * (_meta) is added.  Both are copied.  A request of "ping" is whatever
 * mcp_ping() sends.
 *
 * Returns a handle to free with mcp_request_free(), or NULL with the last
 * error set: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.  No I/O is done.
 * Threads: any.  Since: 0.1.0.  Spec: basic, requests.
 */
mcp_request *mcp_request_new(mcp_client *client,
                             const char *method,
                             const char *params_json);

/**
 * Releases the request; results that it gave outlive it.
 *
 * `request`: a request that no thread performs and that is not used again,
 * or NULL.
 * Threads: any.  Since: 0.1.0.
 */
void mcp_request_free(mcp_request *request);

/**
 * Sets this request's timeout, in place of the client's; see
 * mcp_client_set_timeout().
 *
 * `milliseconds`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT,
 * MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.  Spec: lifecycle, timeouts.
 */
int32_t mcp_request_set_timeout(mcp_request *request, int32_t milliseconds);

/**
 * Lets an mcp_cancel end this request with MCP_E_CANCELLED.
 *
 * `cancel`: the request keeps a reference, so that it may be freed.  One that
 * has been fired already ends the request at once.  NULL takes it away.
 * Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
 * Threads: one at a time.  Since: 0.1.0.  Spec: cancellation.
 */
int32_t mcp_request_set_cancel(mcp_request *request, mcp_cancel *cancel);

/**
 * Sends the request and waits for its end, on this thread.
 *
 * `out`, unless NULL, receives the result, to free with mcp_result_free(), or
 * NULL on failure.  A call of which a byte may have reached the server is not
 * sent again after a lost connection, unless its method only reads: MCP_E_IO,
 * and mcp_error_may_have_run() is 1.
 *
 * Returns MCP_OK or a status: call errors; MCP_E_STATE when another thread
 * performs it.
 * Threads: one at a time.  Since: 0.1.0.  Spec: basic, requests.
 */
int32_t mcp_request_perform(mcp_request *request, mcp_result **out);

/**
 * Gives why the request failed when it was last performed: what
 * mcp_error_message() and its neighbours read.
 *
 * NULL when it did not fail, or for a NULL `request`.  Borrowed: valid until
 * the request is performed again or freed.
 * Threads: one at a time.  Since: 0.1.0.
 */
const mcp_error *mcp_request_error(const mcp_request *request);

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
 * `len`, unless NULL, receives the bytes without the terminating NUL.
 * Returns UTF-8 text borrowed from `result`; NULL for a NULL `result`.
 * Threads: any.  Since: 0.1.0.
 */
const char *mcp_result_json(const mcp_result *result, size_t *len);

/**
 * Of mcp_connect(): gives the server's name, or NULL.
 *
 * Text of the server, borrowed from `result`: do not trust it.
 * Threads: any.  Since: 0.1.0.  Spec: Implementation, name.
 */
const char *mcp_result_server_name(const mcp_result *result);

/**
 * Of mcp_connect(): gives the server's version, or NULL.
 *
 * Text of the server, borrowed from `result`: do not trust it.
 * Threads: any.  Since: 0.1.0.  Spec: Implementation, version.
 */
const char *mcp_result_server_version(const mcp_result *result);

/**
 * Of mcp_connect(): gives the server's name for people, or NULL.
 *
 * Text of the server, borrowed from `result`: do not trust it.
 * Threads: any.  Since: 0.1.0.  Spec: Implementation, title.
 */
const char *mcp_result_server_title(const mcp_result *result);

/**
 * Of mcp_connect(): gives the negotiated protocol revision, such as
 * "2025-11-25"; otherwise NULL.
 *
 * Borrowed from `result`.
 * Threads: any.  Since: 0.1.0.  Spec: versioning.
 */
const char *mcp_result_protocol_version(const mcp_result *result);

/**
 * Of mcp_connect(): gives the server's words on how to use it, or NULL.
 *
 * Text of the server, borrowed from `result`: do not trust it.
 * Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
 */
const char *mcp_result_instructions(const mcp_result *result);

/**
 * Of mcp_connect(): gives the server's capabilities as a JSON object;
 * otherwise NULL.
 *
 * `len`, unless NULL, receives the bytes without the terminating NUL.
 * Borrowed from `result`; "{}" where the server declares none.
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

#ifdef __cplusplus
}
#endif

#endif /* MCPCLIENT_H */
