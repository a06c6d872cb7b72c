/*
 * mcpclient.h - libmcpclient, a client library for the Model Context
 * Protocol (MCP).
 *
 * Generated from src/ffi by cbindgen.  Edit the sources, not this file.
 *
 * This file is the manual of the library.  A whole program:
 *
 *     mcp_client *client = mcp_client_new("https://example.com/mcp", token);
 *     if (client == NULL || mcp_ping(client) != MCP_OK)
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 *     mcp_client_free(client);
 *
 * The library speaks the protocol revisions 2024-11-05, 2025-03-26,
 * 2025-06-18, 2025-11-25 and 2026-07-28.  It reaches a server over Streamable
 * HTTP, or starts the server as a process and talks to it over stdio.  It
 * speaks the first four revisions over HTTP with SSE as well.  It detects
 * which revision and which HTTP transport the server uses.  The rules below
 * hold for every function, unless the function's own comment says otherwise.
 *
 * CHAPTERS.  To go to one, search for its name in capital letters.  CLIENTS;
 * ERRORS; RESULTS; TOOLS; CONTENT; RESOURCES; PROMPTS AND COMPLETION; JSON;
 * REQUESTS; EVENT LOOPS; NOTIFICATIONS; INPUT REQUESTS; TASKS; SERVER
 * PROCESSES; CONNECTIONS; TIME AND LIMITS; SIGN-IN; CONFIGURATION FILES;
 * DIAGNOSTICS.
 *
 * TERMS.  The application is the program that uses this library.  A server
 * offers tools (functions that it executes), resources (data to read) and
 * prompts (templates of text).  A call is a function that sends a request to
 * the server and waits for the response, such as mcp_ping() or
 * mcp_request_perform().  A request is in flight from its start until it is
 * done.  A client is connected once it and the server have agreed on a
 * protocol revision; the first call does that.  A session is the state that a
 * server keeps for a connected client; not every server has sessions.  A
 * notification is a message from the server that expects no response; the
 * handler of mcp_client_set_event_handler() gets it as an event.  An input
 * request is a request from the server to the application, such as a form for
 * the person or a prompt for a language model; see mcp_input.  A notification
 * stream is a connection that stays open so that the server can send
 * notifications between calls; see mcp_listen().  To dispatch is to run the
 * handlers of a client for everything that has arrived; see
 * mcp_client_dispatch().  To hand out a started request is to return it to the
 * application when it is done; see mcp_client_next_done().
 *
 * NAMES.  mcp_<handle>_<verb> belongs to a handle, which is its first
 * argument: mcp_request_start().  mcp_<verb>_<object> is a call of the
 * protocol to the server: mcp_list_tools().  A name that ends in _json takes
 * or returns JSON text.
 *
 * COMMENTS.  A comment names a parameter if there is more to say about it than
 * these rules do.  "Errors:" lists what a function that returns a status can
 * return besides MCP_OK, the two statuses that every such function has (see
 * ERRORS), and those that the comment of its handle names for all options.
 * "Spec:" is the part of the MCP specification, or the RFC, that a function
 * implements.  "When:" is the time at which a function may be called, or the
 * requests for which it holds.  "Threads:" is there if the rule of THREADS
 * below does not hold.  "Since:" is the first version of the library that has
 * the function; without it, that is 0.1.0.
 *
 * ERRORS.  A function that can fail in several ways returns a status: MCP_OK,
 * or one of the positive numbers MCP_E_...  A function that makes a handle
 * returns NULL when it fails.  In both cases mcp_error_message(NULL), called
 * on the same thread, says why.  Each function with a status can return
 * MCP_E_INVALID_ARGUMENT, for a required argument that is NULL and for one
 * that is malformed, and MCP_E_FORKED: see FORK.  A pointer may be NULL only
 * if the comment says so; a handle to release, `out` and `len` always may.  A
 * function that only reads a value returns 0 or NULL for NULL, or what its
 * comment says after "NULL gives".  The client stays usable after any error.
 * "Call errors" means every status that a call to the server can return:
 * MCP_E_INVALID_ARGUMENT, MCP_E_CLOSED, MCP_E_FORKED, MCP_E_UNSUPPORTED,
 * MCP_E_NO_MEMORY, MCP_E_INTERNAL, and all from MCP_E_RESOLVE (20) on.
 *
 * OWNERSHIP.  If a function returns a plain `T *`, or stores one through
 * `T **out`, you own it: release it once with the _free function of T, before
 * or after the handles that it came from.  A `char *` is released with
 * mcp_string_free().  Four functions return a handle that you own already, and
 * give you nothing more to release: mcp_client_next_done(),
 * mcp_request_client(), mcp_input_request() and mcp_input_client().
 *
 * If a function returns a `const T *`, you borrow it: it is valid as long as
 * the handle that it came from.  What comes from an item of a result, such as
 * the name of a tool, is valid as long as the result.  What comes from the
 * object of a callback is valid until the callback returns.
 *
 * The library copies what you pass in.  `*out` is NULL after a failure, with
 * one exception: a tool has run, and its result does not match its output
 * schema.  Then the status is MCP_E_SCHEMA, and `*out` is the result, which
 * you own: see mcp_call_tool().
 *
 * TEXT is UTF-8 and ends with a NUL; one that is not UTF-8 is
 * MCP_E_INVALID_ARGUMENT.  A function whose text may be long has a parameter
 * `size_t *len`.  Unless it is NULL, it receives the number of bytes without
 * the last NUL, and 0 if the function returns NULL.
 *
 * DATA FROM A SERVER may be anything.  A member may be missing, null, or of
 * another type than expected.  A getter of a text returns NULL in these
 * cases.  A getter of a number or a flag returns a default value, which its
 * comment states.  JSON text is as the server wrote it.  A list item that is
 * not a JSON object counts as an item, and its getters return the same values
 * as for missing members.  Check what you need before you use it.
 *
 * TIME is an int64_t in milliseconds.  A negative time is
 * MCP_E_INVALID_ARGUMENT, except that mcp_request_set_task() has a use for -1,
 * and so is 0 where the comment says "1 or more".  Every wait has an end: more
 * than INT32_MAX, which is 24 days, counts as INT32_MAX.
 *
 * BLOCKING.  These functions wait for the server or for a person:
 * mcp_connect(), mcp_ping(), mcp_list_tools(), mcp_list_resources(),
 * mcp_list_resource_templates(), mcp_list_prompts(), mcp_call_tool(),
 * mcp_read_resource(), mcp_get_prompt(), mcp_complete(), mcp_get_task(),
 * mcp_get_task_result(), mcp_cancel_task(), mcp_listen(), mcp_notify(),
 * mcp_subscribe_resource(), mcp_unsubscribe_resource(), mcp_set_log_level(),
 * mcp_sign_in(), mcp_sign_out(), mcp_request_perform(), mcp_client_close(),
 * and those of mcpclient_draft.h that say so.  A started request does the
 * same without waiting: see mcp_request.
 * mcp_client_free() waits like mcp_client_close(), unless the close has
 * ended already, for example by a request of mcp_request_new_close().
 * mcp_client_dispatch() and mcp_request_wait() wait as long as their
 * parameter says: not at all with 0.
 * mcp_request_free(), mcp_request_set_progress() and mcp_client_set_wakeup()
 * wait until a callback that they remove, and that runs on another thread,
 * has returned.
 * No other function waits for anything but the files and the callbacks that
 * its comment names.
 *
 * THREADS.  Any thread may call any function.  Several threads may use an
 * mcp_client, an mcp_auth, an mcp_cancel, an mcp_input or an mcp_token_request
 * at the same time.  Several threads may read an mcp_result, an mcp_config, an
 * error of mcp_error_copy(), or an mcp_json that no thread changes, at the same
 * time.  Only one thread at a time may use an mcp_request; mcp_request names
 * the functions that are an exception.  Release a handle when no other thread
 * uses it: mcp_client_close() ends the waits of a client.  Thread cancellation
 * is disabled inside every function, and in the callbacks that run there:
 * after pthread_cancel() a thread ends at its first cancellation point after
 * the function returns.  Do not call the library from a thread with
 * asynchronous cancellation (PTHREAD_CANCEL_ASYNCHRONOUS).
 *
 * CALLBACKS.  Their types stand together, below the handles, with what holds
 * for all of them.  A callback runs inside a function of this library that you
 * called, on the thread that called it: mcp_client_dispatch(), or a call that
 * waits.  It never runs on a thread of the library, except mcp_wakeup_fn.  A
 * callback may call this library, but must not free the handle for which it was
 * called; only a done callback may free its request.  In a callback that gets a
 * token, shows a sign-in page or stores credentials, a call that waits with the
 * same client is MCP_E_STATE.  A callback must return: do not leave it by an
 * exception, longjmp() or pthread_exit().  To remove a callback, set NULL in
 * its place.
 *
 * ENVIRONMENT.  Only these functions read environment variables, on the
 * thread that calls them: mcp_client_new(), mcp_client_new_stdio(),
 * mcp_client_new_fds(), mcp_auth_new(), those that make a client from a
 * configuration, mcp_auth_set_store_file() if its path is NULL, and
 * mcp_open_browser() if its authorization is NULL.  The handles that they
 * make keep the values.  No other thread may change the environment while one
 * of these functions runs.  No other function and no thread of the library
 * reads the environment, with two exceptions:
 * - mcp_assertion_from_variable() of mcpclient_draft.h reads a variable with a
 *   signed token.  The library calls it for each OAuth exchange, in a call of
 *   yours.
 * - The C library of the system has variables of its own.  glibc's
 *   getaddrinfo() reads RES_OPTIONS, LOCALDOMAIN, HOSTALIASES and others; it
 *   runs on a thread of this library when a host name is looked up.  Error
 *   texts of the system depend on LANGUAGE after setlocale() was called.
 * An application that changes its environment while it has clients must use
 * addresses in place of host names, or a C library whose setenv() permits
 * other threads to read the environment.
 *
 * DRAFTS.  mcpclient_draft.h has functions for parts of the specification that
 * are not finished.  They are in the same library, and carry no promise.
 *
 * NEW KINDS.  A later library has all functions of this header, with the same
 * prototypes, and may have more.  All structs are opaque, and the library alone
 * makes them.  A later library may have more statuses, event kinds, content
 * kinds and other kinds than this header.  It may give a number of its own to
 * something that is MCP_EVENT_OTHER or MCP_CONTENT_OTHER here.  Treat a
 * number that you do not know like OTHER: in a switch, handle OTHER in the
 * default branch and not in a branch of its own.  To recognize a particular
 * kind of OTHER, compare mcp_event_method() or mcp_content_json(), whatever
 * the number is: they work for every kind, and will continue to.  A handler of
 * input requests gets no kind that mcp_client_set_input_handler() did not
 * name.  The numbers in this header never change their meaning.
 *
 * FORK.  A child process must make its own handles.  With an mcp_client, an
 * mcp_request, an mcp_auth, an mcp_input or an mcp_token_request of its parent,
 * a function that returns a status or makes a handle fails with MCP_E_FORKED,
 * and the _free functions only release memory.  Other handles may be read.
 *
 * SIGNALS.  The library installs no signal handler.  Its writes never raise
 * SIGPIPE.
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
 * A descriptor of the system: on POSIX a file descriptor, on Windows a
 * SOCKET.  MCP_FD_NONE is none.
 */
#ifdef _WIN32
typedef uintptr_t mcp_fd;
#else
typedef int mcp_fd;
#endif

#define MCP_FD_NONE ((mcp_fd)-1)

/*
 * ===========================================================================
 * TYPES
 * ===========================================================================
 * The handles.  The comment of each is in its chapter.
 */
typedef struct mcp_assertion mcp_assertion;
typedef struct mcp_auth mcp_auth;
typedef struct mcp_cancel mcp_cancel;
typedef struct mcp_client mcp_client;
typedef struct mcp_config mcp_config;
typedef struct mcp_content mcp_content;
typedef struct mcp_error mcp_error;
typedef struct mcp_event mcp_event;
typedef struct mcp_input mcp_input;
typedef struct mcp_json mcp_json;
typedef struct mcp_log_record mcp_log_record;
typedef struct mcp_progress mcp_progress;
typedef struct mcp_prompt mcp_prompt;
typedef struct mcp_request mcp_request;
typedef struct mcp_resource mcp_resource;
typedef struct mcp_result mcp_result;
typedef struct mcp_sign_in_page mcp_sign_in_page;
typedef struct mcp_store_entry mcp_store_entry;
typedef struct mcp_task mcp_task;
typedef struct mcp_token_request mcp_token_request;
typedef struct mcp_tool mcp_tool;

/*
 * ===========================================================================
 * CALLBACKS
 * ===========================================================================
 * Every callback gets the user data that was set with it, the handle that it
 * belongs to, and an object with getters, so that a later library can tell it
 * more.  The object is valid until the callback returns, and so is everything
 * that its getters return.  The exceptions are mcp_input and mcp_token_request:
 * the application owns and frees them, and may answer them later.
 *
 * A callback runs on a thread of the application, inside mcp_client_dispatch()
 * or a call that waits; the library holds no lock meanwhile.  If several
 * threads are in such functions, it may run on several of them at the same
 * time.  With mcp_client_set_dispatch_only() it runs inside
 * mcp_client_dispatch() alone.  The exception is mcp_wakeup_fn, which runs on
 * any thread.
 *
 *     static void on_event(void *userdata, mcp_client *client,
 *                          const mcp_event *event)
 *     {
 *         const char *method = mcp_event_method(event);
 *
 *         (void)userdata;
 *         (void)client;
 *         printf("notification: %s\n", method ? method : "");
 *     }
 */

/**
 * Releases the user data of a callback.
 *
 * `userdata`: the pointer that was set with the callback.
 *
 * The library calls this function once, after the last call of the callback:
 * when the callback is replaced, or its handle is freed.  Pass NULL if there
 * is nothing to release.  A function that takes user data owns it even if it
 * fails: the library releases it, and you must not use it again.
 *
 * This function runs just before a function of this library returns to you,
 * on the thread that called it, while the library holds no lock.  If the
 * user data is still in use at that time, for example by a request in
 * flight, it is released before a later function returns, on any thread.
 * This function may call the library.  User data that becomes unused through
 * these calls is released afterwards, never inside this function.
 */
typedef void (*mcp_free_fn)(void *userdata);

/**
 * Receives a started request that is done; see mcp_request_set_done().
 *
 * `userdata`: the pointer that was set with the callback.
 * `request`: read its status and take its result.  The callback may free the
 * request, or start it again.
 */
typedef void (*mcp_done_fn)(void *userdata, mcp_request *request);

/**
 * Receives the progress of a request; see mcp_request_set_progress().
 *
 * `userdata`: the pointer that was set with the callback.
 * `request`: the request; NULL for a call that has no request.
 * `progress`: what the server reports.
 */
typedef void (*mcp_progress_fn)(void *userdata,
                                mcp_request *request,
                                const mcp_progress *progress);

/**
 * Handles a notification; see mcp_client_set_event_handler().
 *
 * `userdata`: the pointer that was set with the callback.
 * `client`: the client that received the notification.
 * `event`: the notification.
 */
typedef void (*mcp_event_fn)(void *userdata,
                             mcp_client *client,
                             const mcp_event *event);

/**
 * Receives an input request of the server; see
 * mcp_client_set_input_handler().
 *
 * `userdata`: the pointer that was set with the callback.
 * `client`: the client whose server sent it.
 * `input`: belongs to the application: answer it now or later, from any
 * thread, and free it with mcp_input_free().
 *
 * The request that the input request belongs to continues after the answer.
 */
typedef void (*mcp_input_fn)(void *userdata,
                             mcp_client *client,
                             mcp_input *input);

/**
 * Receives a token request; see mcp_client_set_token_handler().
 *
 * `userdata`: the pointer that was set with the callback.
 * `client`: the client whose call needs a token.
 * `request`: belongs to the application: answer it now or later, from any
 * thread, and free it with mcp_token_request_free().
 *
 * Return MCP_OK.  Any other return value fails the token request, unless it
 * was answered.  The application frees it in both cases.
 */
typedef int32_t (*mcp_token_fn)(void *userdata,
                                mcp_client *client,
                                mcp_token_request *request);

/**
 * Shows the person the page on which to sign in; see mcp_auth_set_browser().
 *
 * `userdata`: the pointer that was set with the callback.
 * `auth`: the authorization, for mcp_auth_complete().
 * `page`: the page.  It belongs to this one sign-in: do not log it.
 *
 * Return MCP_OK when the page is being opened, without waiting for the
 * person.  Any other return value ends the sign-in with MCP_E_AUTH.
 */
typedef int32_t (*mcp_browser_fn)(void *userdata,
                                  mcp_auth *auth,
                                  const mcp_sign_in_page *page);

/**
 * Shows the person where to sign in, and the code to enter there; see
 * mcp_auth_set_device_handler().
 *
 * `userdata`: the pointer that was set with the callback.
 * `auth`: the authorization.
 * `page`: the page and the code.  They belong to this one sign-in: do not
 * log them.
 *
 * Return MCP_OK when the person can see the code, without waiting for the
 * person.  Any other return value ends the sign-in with MCP_E_AUTH.
 */
typedef int32_t (*mcp_device_code_fn)(void *userdata,
                                      mcp_auth *auth,
                                      const mcp_sign_in_page *page);

/**
 * Provides a signed token; see mcp_auth_set_assertion_handler().
 *
 * `userdata`: the pointer that was set with the callback.
 * `auth`: the authorization.
 * `assertion`: put the token there with mcp_assertion_set_token(), and return
 * MCP_OK.
 *
 * Any other return value ends the exchange with MCP_E_AUTH.
 */
typedef int32_t (*mcp_assertion_fn)(void *userdata,
                                    mcp_auth *auth,
                                    mcp_assertion *assertion);

/**
 * Loads, saves or deletes the data of a key; see mcp_auth_set_store().
 *
 * `userdata`: the pointer that was set with the callbacks.
 * `auth`: the authorization.
 * `entry`: the key, mcp_store_entry_key().  To load, put the data there with
 * mcp_store_entry_set_data(), or leave the entry as it is if the key has no
 * data.  To save, replace the data of the key by mcp_store_entry_data().  To
 * delete, delete the data of the key; a key without data is not a failure.
 *
 * Return MCP_OK.  Any other return value means that the store failed.
 */
typedef int32_t (*mcp_store_fn)(void *userdata,
                                mcp_auth *auth,
                                mcp_store_entry *entry);

/**
 * Receives a log record; see mcp_client_set_log().
 *
 * `userdata`: the pointer that was set with the callback.
 * `client`: the client that the record is about.
 * `record`: the record.
 */
typedef void (*mcp_log_fn)(void *userdata,
                           mcp_client *client,
                           const mcp_log_record *record);

/**
 * Tells the application's event loop that a client has something for it; see
 * mcp_client_set_wakeup().
 *
 * `userdata`: the pointer that was set with the callback.
 *
 * This is the only callback that runs on any thread, also on one of the
 * library, and that must not call the library.  It may only post to the
 * loop: set a flag, queue an event, write to a pipe.  It must not wait, and
 * must not take a lock that another thread holds while it is in a call that
 * waits.  The library holds no mutex of its own meanwhile.
 */
typedef void (*mcp_wakeup_fn)(void *userdata);

/*
 * ===========================================================================
 * CLIENTS
 * ===========================================================================
 * A client talks to one server.  This program asks a server if it is there:
 *
 *     mcp_client *client = mcp_client_new(url, token);
 *
 *     mcp_client_set_header(client, "X-Tenant", "42");
 *     if (mcp_ping(client) == MCP_OK)
 *         printf("%s answers\n", url);
 *     else
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 *     mcp_client_free(client);
 */

/**
 * A CLIENT of one server.  It holds everything that is needed to talk to the
 * server: the address, the credentials, the negotiated protocol revision and
 * session, and a pool of connections.
 *
 * mcp_client_new() makes a client for a server that is reached by HTTP, and
 * mcp_client_new_stdio() makes one for a server that is a program.  Neither
 * does I/O: the first call connects.  Set the options first, then share the
 * handle.  Every thread may make calls with it at the same time.  Over
 * Streamable HTTP each call uses a connection of its own; over stdio all
 * calls share one stream.  mcp_client_close() ends all waits.
 * mcp_client_free() releases the client when no thread is inside a call.
 *
 * A function that sets an option returns MCP_OK only if the option has an
 * effect.  Some options must be set before the client is connected, as their
 * comments say: they are MCP_E_STATE while it is connected and while a call
 * connects it.  All options of a closed client are MCP_E_STATE.  Exceptions:
 * NULL in place of a callback, a token or an authorization still releases
 * it, and mcp_client_set_userdata() works as before.
 *
 * The calling thread does all the work of its call.  For work that must
 * continue between calls, the library starts one background thread for all
 * clients of the process.  It serves the notification streams of
 * mcp_listen() and mcp_subscribe_resource(), the requests of
 * mcp_request_start(), the stream on which a server sends input requests,
 * the messages that arrive between calls from a process or over HTTP with
 * SSE, the pings of mcp_client_set_keepalive(), and the messages that tell a
 * server over HTTP that a call was cancelled.  The background thread
 * runs no callback except mcp_wakeup_fn, and never frees user data; it queues
 * both for the application's threads.  A host name that is
 * neither an address nor a name of this machine is looked up on a thread
 * that ends after the lookup.  At most eight of these threads run at a time
 * in the process.
 *
 * Descriptors: a client uses one for each of its connections, one for
 * mcp_client_fd(), at most five more while threads wait in its calls, and at
 * most three for each of these threads.  It keeps at most 64 idle
 * connections.  A started request, a cancel, a wake-up and a keepalive use
 * none of their own.  A cancel borrows a descriptor while threads block in
 * calls that have it; the process keeps that descriptor for the next cancel.
 * The background thread uses three.
 *
 * Made by: mcp_client_new(), mcp_client_new_stdio(), mcp_client_new_fds(),
 *   mcp_config_new_client().
 *
 * Functions: mcp_client_set_header(), mcp_ping(), mcp_client_close(),
 *   mcp_connect(), mcp_client_new_server_result(), mcp_client_set_token(),
 *   mcp_client_set_token_handler(), mcp_client_state(), mcp_client_url(),
 *   mcp_client_set_userdata(), mcp_client_userdata(), mcp_client_set_info(),
 *   mcp_client_set_protocol_version(), mcp_client_set_capabilities_json(),
 *   mcp_client_set_meta_json(), mcp_list_tools(), mcp_call_tool(),
 *   mcp_list_resources(), mcp_list_resource_templates(), mcp_read_resource(),
 *   mcp_list_prompts(), mcp_get_prompt(), mcp_complete(), mcp_request_new(),
 *   mcp_request_new_call_tool(), mcp_request_new_read_resource(),
 *   mcp_request_new_get_prompt(), mcp_request_new_connect(),
 *   mcp_request_new_listen(), mcp_request_new_subscribe(),
 *   mcp_request_new_unsubscribe(), mcp_request_new_set_log_level(),
 *   mcp_request_new_notify(), mcp_request_new_task_result(),
 *   mcp_request_new_sign_in(), mcp_request_new_sign_out(),
 *   mcp_request_new_close(), mcp_client_fd(), mcp_client_dispatch(),
 *   mcp_client_next_done(), mcp_client_wake(), mcp_client_set_wakeup(),
 *   mcp_client_set_dispatch_only(), mcp_client_set_event_handler(),
 *   mcp_listen(), mcp_subscribe_resource(), mcp_unsubscribe_resource(),
 *   mcp_set_log_level(), mcp_notify(), mcp_client_set_input_handler(),
 *   mcp_client_set_roots_json(), mcp_get_task(), mcp_get_task_result(),
 *   mcp_cancel_task(), mcp_client_set_env(), mcp_client_set_directory(),
 *   mcp_client_set_stderr(), mcp_client_set_transport(),
 *   mcp_client_transport(), mcp_client_set_proxy(), mcp_client_set_ca_file(),
 *   mcp_client_set_ca_data(), mcp_client_set_certificate(),
 *   mcp_client_set_certificate_data(), mcp_client_set_unix_socket(),
 *   mcp_client_set_timeout(), mcp_client_set_deadline(),
 *   mcp_client_set_close_timeout(), mcp_client_set_keepalive(),
 *   mcp_client_set_limit(), mcp_client_set_allow(), mcp_client_set_auth(),
 *   mcp_client_ref_auth(), mcp_sign_in(), mcp_sign_out(),
 *   mcp_client_set_trace_fd(), mcp_client_set_log(), mcp_client_counter().
 *
 * Released by: mcp_client_free().
 */
struct mcp_client;

/**
 * Makes a client of the MCP server at an http:// or https:// address.
 *
 * `url`: the address of the server's MCP endpoint in ASCII, such as
 * "https://example.com/mcp".  Copied.  The library does not treat any part
 * of it as secret: pass a key in a header instead.
 * `token`: the bearer token, without the word "Bearer"; NULL for none.
 * Copied.
 *
 * Does no I/O.
 *
 * Returns a handle to free with mcp_client_free(), or NULL with the last
 * error set.  MCP_E_INVALID_ARGUMENT: the address is not HTTP, or has a user
 * name or a password; or the token is empty, or has a prefix, a space, a
 * line break or a byte outside ASCII.  If the address is plain http:// and
 * on another machine, the first call with a token fails: see
 * MCP_ALLOW_PLAIN_HTTP.
 *
 * When: while no thread changes the environment.
 * Spec: transports, authorization.
 */
mcp_client *mcp_client_new(const char *url, const char *token);

/**
 * Sets an HTTP header that the library sends with every request to the
 * server.
 *
 * `name`: a token of RFC 9110.  Upper and lower case are equal.  Copied.
 * `value`: UTF-8 without control characters; NULL removes the header.
 * Copied, and treated as a secret.  It is sent to the origin of the server
 * only.
 *
 * The library sends the cookies of the server back to it, as RFC 6265 says.
 * While there is a header Cookie, only that one is sent.
 *
 * Errors: MCP_E_UNSUPPORTED for a server that is not reached by HTTP;
 * MCP_E_INVALID_ARGUMENT for a name or value that RFC 9110 does not allow,
 * for a header that the library itself writes (Host, Content-Length,
 * Transfer-Encoding, Connection, Content-Type, Accept, Mcp-... and similar
 * ones), and for Authorization while there is a token or a token handler.
 *
 * When: at any time, for requests begun later.
 * Spec: authorization, RFC 9110.
 */
int32_t mcp_client_set_header(mcp_client *client,
                              const char *name,
                              const char *value);

/**
 * Checks that the server answers, with the same credentials as every other
 * request.
 *
 * Connects first if needed.  Up to revision 2025-11-25 it sends "ping".
 * Later revisions have no "ping"; it sends "server/discover" to them.
 *
 * Waits at most the time of mcp_client_set_timeout().
 *
 * Errors: call errors.
 *
 * Spec: ping, server/discover.
 */
int32_t mcp_ping(mcp_client *client);

/**
 * Closes the client and releases it.  Secrets are overwritten.
 *
 * `client`: a client that no other thread is using, and that is not used
 * afterwards; or NULL.
 *
 * Results, errors, cancels and requests outlive the client.  From then on
 * its requests are MCP_E_CLOSED; you must still free them.  The function
 * waits like mcp_client_close(), and then runs the done callbacks of the
 * requests that no other function has handed out.  In the child of a fork()
 * it releases memory and descriptors, and sends nothing.
 */
void mcp_client_free(mcp_client *client);

/**
 * Ends all work of the client: every wait in every thread returns
 * MCP_E_CLOSED, and the library asks the server to end the session.
 *
 * `client`: may be NULL.
 *
 * Requests in flight are done at once, as MCP_E_CLOSED, and are handed out
 * like other requests; see mcp_client_next_done().  The function waits until
 * the server has ended the session and a server process has ended, but no
 * longer than mcp_client_set_close_timeout().  It may be called more than
 * once.  Later calls return MCP_E_CLOSED.  In the child of a fork() the
 * function does nothing.  To close without waiting, see
 * mcp_request_new_close().
 *
 * Spec: transports, session management.
 */
void mcp_client_close(mcp_client *client);

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
 * Waits at most the time of mcp_client_set_timeout().
 *
 * Errors: call errors.
 *
 * Spec: initialize, server/discover.
 */
int32_t mcp_connect(mcp_client *client, mcp_result **out);

/**
 * Returns the server info of the current session: what mcp_connect() gave.
 *
 * Does no I/O.
 *
 * Returns a result to free with mcp_result_free(), or NULL with the last
 * error set: MCP_E_STATE while the client is not connected; MCP_E_CLOSED.
 *
 * Spec: initialize, server/discover.
 */
mcp_result *mcp_client_new_server_result(mcp_client *client);

/**
 * Replaces the bearer token.
 *
 * `token`: as for mcp_client_new(), copied; NULL removes the token or the
 * token handler.
 *
 * Requests in flight keep the old token.  It is overwritten when they end.
 *
 * Errors: MCP_E_INVALID_ARGUMENT also while there is a header
 * Authorization; MCP_E_UNSUPPORTED for a server that is not reached by HTTP:
 * give such a server its secrets with mcp_client_set_env().
 *
 * When: at any time.  Spec: authorization.
 */
int32_t mcp_client_set_token(mcp_client *client, const char *token);

/**
 * Sets a callback that provides the token.
 *
 * `callback`: called before the first request, and again when the server
 * answers 401.  If the second token differs from the first, the request is
 * sent once more.  NULL removes the handler or the token.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * A call fails with MCP_E_UNAUTHORIZED if its token request fails, and with
 * MCP_E_TIMEOUT if it is not answered in time.
 *
 * Errors: MCP_E_INVALID_ARGUMENT while there is a header Authorization.
 *
 * When: at any time.  Spec: authorization.
 */
int32_t mcp_client_set_token_handler(mcp_client *client,
                                     mcp_token_fn callback,
                                     void *userdata,
                                     mcp_free_fn free_userdata);

/**
 * A TOKEN REQUEST: a call needs a bearer token of the application.
 *
 * The callback of mcp_client_set_token_handler() receives it and owns it.  It
 * may answer at once, or keep the token request and answer later, from any
 * thread: with mcp_token_request_answer() or mcp_token_request_fail().
 * Answer it once, and free it with mcp_token_request_free().  A token request
 * that is freed without an answer fails.
 *
 * Calls of a client that need a token at the same time wait for the same
 * token request, each within its own timeout.  When no call waits for it any
 * more, an answer is MCP_E_STATE.  A started request waits without a thread,
 * so that mcp_client_dispatch() returns before the answer.
 *
 * Functions: mcp_token_request_refused(), mcp_token_request_challenge(),
 *   mcp_token_request_answer(), mcp_token_request_fail().
 *
 * Released by: mcp_token_request_free().
 */
struct mcp_token_request;

/**
 * Returns 1 if the server refused the last token, 0 if no token was sent yet.
 *
 * `request`: NULL gives 0.
 */
int32_t mcp_token_request_refused(const mcp_token_request *request);

/**
 * Returns a parameter of the challenge with which the server refused the
 * last token (WWW-Authenticate).
 *
 * `request`: NULL gives NULL.
 * `name`: as for mcp_error_challenge().
 *
 * Returns UTF-8 text as the server wrote it, in which the refused token is
 * masked; NULL if the server sent none, and before the first refusal.  Valid
 * until mcp_token_request_free().
 *
 * Spec: authorization; RFC 6750, section 3.
 */
const char *mcp_token_request_challenge(const mcp_token_request *request,
                                        const char *name);

/**
 * Answers with a token.  The calls that wait for it continue, and later calls
 * use it until the server refuses it.
 *
 * `request`: the token request.
 * `token`: `len` bytes, the bearer token without the word "Bearer", copied.
 * No NUL is needed at the end.  The copy is overwritten when it is released.
 *
 * A text that is no token is MCP_E_INVALID_ARGUMENT, and the token request
 * stays open.
 *
 * Errors: MCP_E_TOO_LARGE for more than 1 MiB; MCP_E_STATE if it was
 * answered, or no call waits for it any more.
 *
 * Spec: RFC 6750.
 */
int32_t mcp_token_request_answer(mcp_token_request *request,
                                 const char *token,
                                 size_t len);

/**
 * Fails the token request: the application has no token.  The calls that wait
 * for it return MCP_E_UNAUTHORIZED.
 *
 * `request`: the token request.
 * `message`: why, in UTF-8, copied; NULL for no reason.  It becomes a part of
 * the error message of the calls.  More than 200 bytes are cut.
 *
 * Errors: MCP_E_STATE as for mcp_token_request_answer().
 */
int32_t mcp_token_request_fail(mcp_token_request *request,
                               const char *message);

/**
 * Releases a token request.  If it is not answered yet, it fails.
 *
 * `request`: a token request that is not used again, or NULL.
 */
void mcp_token_request_free(mcp_token_request *request);

/**
 * STATES OF A CLIENT, for mcp_client_state().
 *
 * The client is not connected, and was not connected before.
 */
#define MCP_STATE_IDLE 1

/**
 * A call or the notification stream connects.
 */
#define MCP_STATE_CONNECTING 2

/**
 * The client and the server have agreed on a protocol revision.
 */
#define MCP_STATE_CONNECTED 3

/**
 * The client was connected, and the session, the connection or the server
 * process has ended.  The next call connects again, unless
 * MCP_ALLOW_RESTART or the kind of the client prevents it.
 */
#define MCP_STATE_LOST 4

/**
 * mcp_client_close() was called.
 */
#define MCP_STATE_CLOSED 5

/**
 * Returns the state of a client, one of MCP_STATE_.
 *
 * `client`: NULL gives 0.
 *
 * The function does no I/O and never waits.  When the state changes, the
 * handler of mcp_client_set_event_handler() gets MCP_EVENT_STATE.
 *
 * The state of a server process or of an HTTP with SSE stream becomes
 * MCP_STATE_LOST when it ends, also between calls.  Streamable HTTP has no
 * connection that could end: there the state becomes MCP_STATE_LOST when a
 * request, a notification stream or mcp_client_set_keepalive() finds that
 * the session is lost.
 */
int32_t mcp_client_state(const mcp_client *client);

/**
 * Returns the URL of the server's MCP endpoint, as it was given to
 * mcp_client_new() or written in a configuration.
 *
 * `client`: NULL gives NULL.
 *
 * Returns NULL for a client that does not reach its server by HTTP.
 */
const char *mcp_client_url(const mcp_client *client);

/**
 * Sets a pointer of the application that the client carries.
 *
 * `userdata`: any pointer; the library does not use it.
 * `free_userdata`: see mcp_free_fn.
 *
 * It replaces the pointer that was set before.  The library releases the
 * last one when the client is freed.
 */
int32_t mcp_client_set_userdata(mcp_client *client,
                                void *userdata,
                                mcp_free_fn free_userdata);

/**
 * Returns the pointer of mcp_client_set_userdata().
 *
 * `client`: NULL gives NULL.
 *
 * Returns NULL if none was set.
 */
void *mcp_client_userdata(const mcp_client *client);

/**
 * Sets the name and version of the application, as the server sees them in
 * the protocol and in the header User-Agent.
 *
 * `name`, `version`: UTF-8, not empty, copied.  Default: "libmcpclient" and
 * its version.
 *
 * Errors: MCP_E_STATE once the client is connected.
 *
 * Spec: Implementation.
 */
int32_t mcp_client_set_info(mcp_client *client,
                            const char *name,
                            const char *version);

/**
 * Sets the only protocol revision that the client uses.
 *
 * `version`: such as "2025-11-25"; the library tries no other revision.
 * NULL, which is the default, selects the newest revision that both sides
 * support.
 *
 * Errors: MCP_E_VERSION for a revision that this library does not support;
 * MCP_E_STATE once the client is connected.
 *
 * Spec: versioning.
 */
int32_t mcp_client_set_protocol_version(mcp_client *client,
                                        const char *version);

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
 * Errors: MCP_E_STATE after the first exchange with the server.
 *
 * Spec: ClientCapabilities.
 */
int32_t mcp_client_set_capabilities_json(mcp_client *client,
                                         const char *json);

/**
 * Adds the members of a JSON object to the _meta of every request, for
 * example "traceparent".
 *
 * `json`: a JSON object as UTF-8 text, copied; NULL, which is the default,
 * removes the members.
 *
 * The members replace those of an earlier call of this function.  A member
 * of mcp_request_set_meta_json(), or of a _meta in the parameters of a
 * request, replaces the one with the same name.  The requests that the
 * library makes itself have the members as well, such as those that connect.
 * The same names and values are refused as by mcp_request_set_meta_json().
 *
 * When: at any time, for requests begun later.  Spec: basic, _meta.
 */
int32_t mcp_client_set_meta_json(mcp_client *client, const char *json);

/**
 * Version of this header.  An application that was built with this header
 * runs with every library that has the same major number and is not older.
 * See mcp_version_number().
 */
#define MCP_VERSION_MAJOR 0
#define MCP_VERSION_MINOR 1
#define MCP_VERSION_PATCH 0

/**
 * The three numbers in one: 1002003 would be version 1.2.3.
 */
#define MCP_VERSION_NUMBER 1000

/**
 * Returns the version of the library, such as "0.1.0".
 *
 * The text is static and never NULL.  Compare it with MCP_VERSION.
 */
const char *mcp_version(void);

/**
 * Returns the version of the library as a number in the form of
 * MCP_VERSION_NUMBER.
 *
 * Compare the two numbers to detect that the application runs with an older
 * library than it was built for.
 */
int32_t mcp_version_number(void);

/*
 * ===========================================================================
 * ERRORS
 * ===========================================================================
 * A function that fails returns a status, and the last error of the thread has
 * the details:
 *
 *     switch (mcp_ping(client)) {
 *     case MCP_OK:
 *         break;
 *     case MCP_E_RATE_LIMITED:
 *         printf("again in %ld ms\n", (long)mcp_error_retry_after(NULL));
 *         break;
 *     default:
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 *     }
 */

/**
 * STATUS CODES.  Every function that can fail in more than one way returns
 * one of these numbers.  A number never changes its meaning and is never
 * reused.  Later versions may add numbers: treat a number that you do not
 * know as a failure.  The last error of the thread has the details: the
 * message, the HTTP status and the JSON-RPC error.  See mcp_error.
 *
 * 0 is success.  1 to 99 are failures.  100 and above are states, such as
 * MCP_PENDING, and not failures.
 */
#define MCP_OK 0

/**
 * 1 to 19: errors on the side of the caller.
 *
 * An argument is NULL, empty, malformed, or contradicts another one.
 * Nothing was sent and nothing was changed.
 */
#define MCP_E_INVALID_ARGUMENT 1

/**
 * The call is valid, but not at this time.  Examples: an option that must be
 * set before the client is connected, a request that another thread is
 * performing.
 */
#define MCP_E_STATE 2

/**
 * The client was closed by mcp_client_close(), before or during the call.
 */
#define MCP_E_CLOSED 3

/**
 * Another process made the handle, and this process is a fork() of that
 * process.
 */
#define MCP_E_FORKED 4

/**
 * The server, its protocol revision or the transport does not support the
 * operation.  Also: the server does not know the method (JSON-RPC error
 * -32601), and does not declare the capability that the method belongs to.
 */
#define MCP_E_UNSUPPORTED 5

/**
 * The named thing does not exist.
 */
#define MCP_E_NOT_FOUND 6

/**
 * A memory allocation failed.  Its size came from the server.
 */
#define MCP_E_NO_MEMORY 7

/**
 * There is a bug in the library, or the system has no descriptor or thread
 * left.  The message says which.  The client stays usable.
 */
#define MCP_E_INTERNAL 8

/**
 * 20 to 39: errors on the way to the server.
 *
 * The host name could not be resolved.
 */
#define MCP_E_RESOLVE 20

/**
 * No connection: it was refused, the host is unreachable, or the connection
 * was not made within the connect timeout.
 */
#define MCP_E_CONNECT 21

/**
 * TLS failed, or a certificate or key cannot be used.  The message says
 * which check failed.
 */
#define MCP_E_TLS 22

/**
 * The proxy cannot be reached, or it refused the connection, or it asked for
 * credentials that it was not given.
 */
#define MCP_E_PROXY 23

/**
 * The connection was lost.  mcp_error_may_have_run() says whether the server
 * may have executed the request.
 */
#define MCP_E_IO 24

/**
 * A time limit ended the wait.  The library told the server to stop, if the
 * protocol revision has a message for that.
 */
#define MCP_E_TIMEOUT 25

/**
 * mcp_request_cancel() or an mcp_cancel ended the request, or the server
 * cancelled the task.  The library told the server to stop, if the protocol
 * revision has a message for that.
 */
#define MCP_E_CANCELLED 26

/**
 * The server process could not be started, or it ended.
 */
#define MCP_E_PROCESS 27

/**
 * A limit was exceeded.  The message names the limit:
 * - a message or a line: MCP_LIMIT_MESSAGE_SIZE;
 * - the head of an HTTP response: 64 KiB;
 * - a list: MCP_LIMIT_PAGES or MCP_LIMIT_ITEMS;
 * - the messages before the response to a call: MCP_LIMIT_EVENTS;
 * - rounds of input requests in one call: ten;
 * - nested JSON objects and arrays: 512 levels.
 */
#define MCP_E_TOO_LARGE 28

/**
 * 40 to 59: HTTP and authorization.
 *
 * The server sent an HTTP status that has no code of its own below.  See
 * mcp_error_http_status().
 */
#define MCP_E_HTTP 40

/**
 * HTTP 401: the request had no token, or a token that the server does not
 * accept.
 */
#define MCP_E_UNAUTHORIZED 41

/**
 * HTTP 403: the server refuses access.  The message says whether a credential
 * was sent.  mcp_error_challenge() may name the missing scope.
 */
#define MCP_E_FORBIDDEN 42

/**
 * HTTP 429: too many requests.  See mcp_error_retry_after().
 */
#define MCP_E_RATE_LIMITED 43

/**
 * HTTP 502, 503 or 504: the server is not available.  See
 * mcp_error_retry_after().
 */
#define MCP_E_UNAVAILABLE 44

/**
 * The server redirects to another origin, to which the library sends no
 * credentials, or in a way that would change the request.
 */
#define MCP_E_REDIRECT 45

/**
 * The OAuth exchange failed.  The message says at which step.
 */
#define MCP_E_AUTH 46

/**
 * The library refused something insecure: to send a credential over plain
 * HTTP to another machine, to contact a private address that a public server
 * names, or to use a token file that other users may read.
 */
#define MCP_E_INSECURE 47

/**
 * HTTP 404 or 410: there is no MCP endpoint at this address.
 */
#define MCP_E_ENDPOINT 48

/**
 * HTTP 500, or a 5xx status other than 502, 503 and 504: the server failed.
 */
#define MCP_E_SERVER 49

/**
 * The person who signs in, or a policy of the authorization server, denied
 * access.  Do not try again at once: the library would ask the person again.
 */
#define MCP_E_DENIED 50

/**
 * The library refused data that contradicts itself, as it would in an
 * attack: the published metadata of a server or of its authorization server,
 * or the response to a sign-in.  The message shows both sides of the
 * contradiction.  The library sent nothing after it found the contradiction.
 */
#define MCP_E_UNTRUSTED 51

/**
 * 60 to 79: the protocol.
 *
 * The other side does not speak MCP, or violates its rules.  The message
 * says what was wrong and where.
 */
#define MCP_E_PROTOCOL 60

/**
 * The library and the server have no protocol revision in common.
 */
#define MCP_E_VERSION 61

/**
 * The server responded with a JSON-RPC error.  See mcp_error_rpc_code() and
 * mcp_error_data_json().
 */
#define MCP_E_RPC 62

/**
 * The server forgot the session while a request was in flight that is not
 * safe to repeat.  The next call starts a new session.
 */
#define MCP_E_SESSION_LOST 63

/**
 * The server sent an input request before its response, and the application
 * has no handler for this kind of input request.
 */
#define MCP_E_INPUT_REQUIRED 64

/**
 * There is a server, but it does not speak MCP at this address: neither over
 * Streamable HTTP nor over HTTP with SSE, or not over the transport that was
 * chosen.
 */
#define MCP_E_TRANSPORT 65

/**
 * A file of a skill does not match its entry: its size, its SHA-256 or its
 * front matter differs.
 */
#define MCP_E_INTEGRITY 66

/**
 * A value does not match a JSON Schema of a tool: the arguments of
 * mcp_tool_check_arguments(), or the structured content of a result.  The
 * message names the field.  The tool has run, and its result is handed out
 * beside this status: see mcp_call_tool().
 */
#define MCP_E_SCHEMA 67

/**
 * A state, not an error: a started request is not done.  See
 * mcp_request_status().
 */
#define MCP_PENDING 100

/**
 * Returns the name of a status code or a state, such as "MCP_E_TIMEOUT" or
 * "MCP_PENDING".
 *
 * `status`: any number.
 *
 * Returns static text; "MCP_E_UNKNOWN" for a number that is neither a status
 * nor a state.  The name is for logs and tests.  Show mcp_error_message() to
 * people.
 */
const char *mcp_status_name(int32_t status);

/**
 * AN ERROR: the details of a failed call.
 *
 * Each thread has a last error.  Every function of this header that fails
 * with a status, or that fails to make a handle, sets it.  Functions that
 * succeed, and functions that only read a value, do not change it, unless
 * their comments say so.  To read it, pass
 * NULL to the mcp_error_ functions.  A request has an error of its own,
 * mcp_request_error(), which does not change until the request is performed
 * again.  It is for applications that do not control on which thread the
 * next call runs, such as programs in Go and in other languages that move
 * work between threads.  mcp_error_copy() keeps an error for as long as you
 * need it.
 *
 * An error never contains a token or the value of a header, even if the
 * server repeated it in a response.
 *
 * Made by: mcp_error_copy().
 *
 * Functions: mcp_error_status(), mcp_error_message(),
 *   mcp_error_http_status(), mcp_error_rpc_code(), mcp_error_rpc_message(),
 *   mcp_error_data_json(), mcp_error_challenge(), mcp_error_retry_after(),
 *   mcp_error_may_have_run(), mcp_error_exit_status(), mcp_error_copy().
 *
 * Released by: mcp_error_free().
 */
struct mcp_error;

/**
 * Returns the status code of an error, one of MCP_E_.
 *
 * `error`: an error, or NULL for the last error of this thread.
 *
 * Returns MCP_OK if there is no error.
 */
int32_t mcp_error_status(const mcp_error *error);

/**
 * Returns one English sentence that says what went wrong and what to do
 * about it.
 *
 * `error`: an error, or NULL for the last error of this thread.
 *
 * Returns UTF-8 text on one line; "" if there is no error; never NULL.  The
 * text is borrowed.  It is valid as long as `error`, or for NULL until the
 * next failing function on this thread.
 */
const char *mcp_error_message(const mcp_error *error);

/**
 * Returns the HTTP status of the server's response; 0 if there is none.
 *
 * `error`: an error, or NULL for the last error of this thread.
 */
int32_t mcp_error_http_status(const mcp_error *error);

/**
 * Returns the JSON-RPC error code, such as -32602; 0 if there is none.
 *
 * `error`: an error, or NULL for the last error of this thread.
 *
 * A few servers use the code 0.  The status of such an error is MCP_E_RPC.
 * The code is also 0 if the server's code is missing, or is not a whole
 * number of 32 bits; then mcp_error_data_json() has the whole error.
 *
 * Spec: basic, error codes.
 */
int32_t mcp_error_rpc_code(const mcp_error *error);

/**
 * Returns the member `message` of the JSON-RPC error that the server sent, as
 * the server wrote it.
 *
 * `error`: an error, or NULL for the last error of this thread.
 *
 * mcp_error_message() says the same for a person: on one line, cut, and with
 * advice.  This text is for a program that passes the error on.
 *
 * Returns UTF-8 text, borrowed as for mcp_error_message().  Secrets that the
 * server repeated in it are masked.  Returns NULL if the error is not one
 * that the server sent as a JSON-RPC error, and for a text of more than 1
 * MiB.
 *
 * Spec: basic, responses.
 */
const char *mcp_error_rpc_message(const mcp_error *error);

/**
 * Returns the member `data` of the JSON-RPC error as JSON text.
 *
 * `error`: an error, or NULL for the last error of this thread.
 *
 * Some servers send an error of another shape, for example a text, or a code
 * that is no number.  Then the function returns the whole error as the server
 * sent it.
 *
 * Returns UTF-8 text, borrowed as for mcp_error_message().  Secrets that the
 * server repeated in it are masked.  Returns NULL if there is no such
 * member, if it has more than 1 MiB, or if it may hide a secret.  It may
 * hide a secret if it has escapes and more than 128 levels of nested objects
 * and arrays, or if it is no longer valid JSON after the masking.
 *
 * Spec: basic, responses.
 */
const char *mcp_error_data_json(const mcp_error *error, size_t *len);

/**
 * Returns a parameter of the server's Bearer challenge (WWW-Authenticate).
 *
 * `error`: an error, or NULL for the last error of this thread.
 * `name`: the parameter in lower case: "realm", "scope",
 * "resource_metadata", "error", "error_description" or another.  NULL gives
 * NULL.
 *
 * Returns UTF-8 text as the server wrote it; NULL if the parameter is
 * absent.  The text is borrowed as for mcp_error_message().
 *
 * Spec: authorization; RFC 6750, section 3.
 */
const char *mcp_error_challenge(const mcp_error *error, const char *name);

/**
 * Returns the time in milliseconds after which the server allows another try
 * (Retry-After).
 *
 * `error`: an error, or NULL for the last error of this thread.
 *
 * Returns -1 if the server did not send a time.
 *
 * Spec: RFC 9110, 10.2.3.
 */
int64_t mcp_error_retry_after(const mcp_error *error);

/**
 * Returns whether the server may have executed the request despite the
 * error.
 *
 * `error`: an error, or NULL for the last error of this thread.
 *
 * Returns 0 if the server certainly has not executed it, so that it is safe
 * to repeat the request; 1 if the server may have executed it.
 */
int32_t mcp_error_may_have_run(const mcp_error *error);

/**
 * Returns how a server process ended, for MCP_E_PROCESS.
 *
 * `error`: an error, or NULL for the last error of this thread.
 *
 * Returns the exit status, 0 to 255, or 128 plus the number of the signal
 * that ended the process.  Returns -1 if there is no exit status: the
 * process is running, or could not be started, or the application itself has
 * waited for it.
 */
int32_t mcp_error_exit_status(const mcp_error *error);

/**
 * Copies an error, to keep it.
 *
 * `error`: an error, or NULL for the last error of this thread.
 *
 * Returns a handle to free with mcp_error_free(); NULL if there is no error.
 * The functions of this chapter read it as they read other errors.
 */
mcp_error *mcp_error_copy(const mcp_error *error);

/**
 * Releases an error that mcp_error_copy() returned.
 *
 * `error`: such an error, which is not used again, or NULL.
 */
void mcp_error_free(mcp_error *error);

/*
 * ===========================================================================
 * RESULTS
 * ===========================================================================
 * A call gives a result, which the application reads and frees:
 *
 *     mcp_result *result = NULL;
 *
 *     if (mcp_connect(client, &result) == MCP_OK) {
 *         const char *name = mcp_result_server_name(result);
 *
 *         printf("%s\n", name ? name : "a server without a name");
 *         if (mcp_result_has_capability(result, "tools"))
 *             printf("It has tools.\n");
 *     }
 *     mcp_result_free(result);
 */

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
 *
 * Made by: mcp_connect(), mcp_client_new_server_result(), mcp_list_tools(),
 *   mcp_call_tool(), mcp_list_resources(), mcp_list_resource_templates(),
 *   mcp_read_resource(), mcp_list_prompts(), mcp_get_prompt(),
 *   mcp_complete(), mcp_request_perform(), mcp_request_take_result(),
 *   mcp_get_task(), mcp_get_task_result().
 *
 * Functions: mcp_result_json(), mcp_result_next_cursor(),
 *   mcp_result_server_name(), mcp_result_server_version(),
 *   mcp_result_protocol_version(), mcp_result_instructions(),
 *   mcp_result_has_capability(), mcp_result_tool_count(), mcp_result_tool(),
 *   mcp_result_find_tool(), mcp_result_is_error(),
 *   mcp_result_structured_json(), mcp_result_structured(), mcp_result_data(),
 *   mcp_result_content_count(), mcp_result_content(), mcp_result_text(),
 *   mcp_result_resource_count(), mcp_result_resource(),
 *   mcp_result_prompt_count(), mcp_result_prompt(),
 *   mcp_result_prompt_description(), mcp_result_completion_count(),
 *   mcp_result_completion(), mcp_result_completion_has_more(),
 *   mcp_result_task_count(), mcp_result_task().
 *
 * Released by: mcp_result_free().
 */
struct mcp_result;

/**
 * Releases a result and everything borrowed from it.
 *
 * `result`: a result that is not used again, or NULL.
 */
void mcp_result_free(mcp_result *result);

/**
 * Returns the whole result as JSON text, as the server wrote it.
 *
 * `result`: NULL gives NULL.
 *
 * Never NULL for a valid `result`.  For a list of several pages it is one
 * object that contains the items of all pages.
 */
const char *mcp_result_json(const mcp_result *result, size_t *len);

/**
 * Returns the cursor of the next page, for a request that reads a single
 * page.
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or null, which means that there is no
 * next page.  An empty text is a valid cursor.  A cursor that is no string
 * is returned as its JSON text; the server expects it in the type that
 * mcp_result_json() shows.
 *
 * Spec: pagination.
 */
const char *mcp_result_next_cursor(const mcp_result *result);

/**
 * Returns the server's name in a result of mcp_connect().
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none; mcp_connect() fails for a value of
 * another type.  The text comes from the server: do not trust it.
 *
 * Spec: Implementation, name.
 */
const char *mcp_result_server_name(const mcp_result *result);

/**
 * Returns the server's version in a result of mcp_connect().
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none; mcp_connect() fails for a value of
 * another type.  The text comes from the server: do not trust it.
 *
 * Spec: Implementation, version.
 */
const char *mcp_result_server_version(const mcp_result *result);

/**
 * Returns the negotiated protocol revision, such as "2025-11-25", in a
 * result of mcp_connect().
 *
 * `result`: NULL gives NULL.
 *
 * Never NULL for such a result, and NULL for any other result.
 *
 * Spec: versioning.
 */
const char *mcp_result_protocol_version(const mcp_result *result);

/**
 * Returns the server's instructions for its use, in a result of
 * mcp_connect().
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none; mcp_connect() fails for a value of
 * another type.  The text comes from the server: do not trust it.
 *
 * Spec: initialize, server/discover.
 */
const char *mcp_result_instructions(const mcp_result *result);

/**
 * Returns 1 if the server declares a capability in a result of
 * mcp_connect(), otherwise 0.
 *
 * `result`: NULL gives 0.
 * `name`: the capability, such as "tools" or "resources.subscribe".  NULL
 * gives 0.
 *
 * A member that is false or null is not a declared capability.  Other
 * results than that of mcp_connect() have no capabilities.
 *
 * Spec: ServerCapabilities.
 */
int32_t mcp_result_has_capability(const mcp_result *result, const char *name);

/*
 * ===========================================================================
 * TOOLS
 * ===========================================================================
 * A tool is a function that the server executes:
 *
 *     mcp_result *result = NULL;
 *
 *     if (mcp_call_tool(client, "add", "{\"a\":1,\"b\":2}", &result)
 *         == MCP_OK) {
 *         const char *text = mcp_result_text(result, NULL);
 *
 *         printf("%s%s\n", mcp_result_is_error(result) ? "error: " : "",
 *                text ? text : "");
 *     }
 *     mcp_result_free(result);
 */

/**
 * A TOOL of mcp_result_tool(), borrowed from the result.
 *
 * All its texts come from the server: do not trust them.  For the icons, the
 * annotations and the member _meta, read mcp_tool_json() with
 * mcp_json_parse() and mcp_json_at(); for a hint, see mcp_tool_hint().
 *
 * Functions: mcp_tool_name(), mcp_tool_title(), mcp_tool_description(),
 *   mcp_tool_input_schema_json(), mcp_tool_output_schema_json(),
 *   mcp_tool_json(), mcp_tool_hint(), mcp_tool_check_arguments().
 */
struct mcp_tool;

/**
 * Lists all tools of the server; reads all pages of the list.
 *
 * `out`, unless NULL, receives the result, or NULL on failure.  Read it with
 * mcp_result_tool_count() and mcp_result_tool(); free it with
 * mcp_result_free().
 *
 * To read a single page, perform a request of "tools/list" that has the
 * "cursor" of mcp_result_next_cursor() in its parameters.  To list all pages
 * with a request that can be started or cancelled, use mcp_request_new() with
 * the method "tools/list", and mcp_request_set_all_pages().
 *
 * From revision 2026-07-28 on, a tool is left out if its schema marks
 * parameters for HTTP headers in an invalid way; mcp_result_json() still
 * contains it.  From the same revision on, a list that the server declares
 * fresh is answered from memory, see MCP_LIMIT_CACHE.
 *
 * Each page may take the time of mcp_client_set_timeout(), and the whole
 * list the time of mcp_client_set_deadline().
 *
 * Errors: call errors; MCP_E_TOO_LARGE for more pages than MCP_LIMIT_PAGES
 * or more items than MCP_LIMIT_ITEMS allows.
 *
 * Spec: tools/list, pagination.
 */
int32_t mcp_list_tools(mcp_client *client, mcp_result **out);

/**
 * Calls a tool and waits for its result.
 *
 * `name`: the tool's name, UTF-8, copied.
 * `arguments_json`: a JSON object as UTF-8 text, copied; NULL or "" for no
 * arguments.
 * `out`, unless NULL, receives the result, or NULL on failure; free it with
 * mcp_result_free().  After MCP_E_SCHEMA it is the result.
 *
 * A tool that fails gives a result, and this function returns MCP_OK: check
 * mcp_result_is_error().
 *
 * If the last list of tools has an outputSchema for the tool, the structured
 * content of the result is checked against it.  If it does not match, or is
 * missing, the function returns MCP_E_SCHEMA: the message names the field,
 * the result is handed out, and mcp_error_may_have_run() returns 1.
 * MCP_ALLOW_MISMATCH turns the check off.  There is no check without a list,
 * for the result of a tool that failed, for a schema that cannot be used
 * (MCP_COUNTER_UNCHECKED_RESULTS), for mcp_get_task_result(), and if the
 * library was built without the Cargo feature "schema".  To check arguments
 * before a call, see mcp_tool_check_arguments().
 *
 * If the connection breaks after a byte of the call may have reached the
 * server, the library does not send the call again and returns MCP_E_IO.  To
 * allow a second attempt for tools that are read-only or idempotent, see
 * MCP_ALLOW_REPEAT_TOOLS and mcp_request_set_repeatable().
 *
 * The call asks the server to report progress.  Each progress notification
 * restarts the timeout, but mcp_client_set_deadline() limits the whole call.
 * To set a timeout for one call, to receive progress or to cancel, see
 * mcp_request_new_call_tool().  For tools that run for a very long time, see
 * MCP_ALLOW_TASKS.
 *
 * Errors: call errors; MCP_E_INVALID_ARGUMENT for arguments that are not a
 * JSON object, before anything is sent.
 *
 * Spec: tools/call.
 */
int32_t mcp_call_tool(mcp_client *client,
                      const char *name,
                      const char *arguments_json,
                      mcp_result **out);

/**
 * Returns the number of tools in a result of mcp_list_tools().
 *
 * `result`: NULL gives 0.
 *
 * Tools that cannot be called are not counted: see mcp_list_tools().  An item
 * of another type is counted, and the functions that read it return NULL.
 *
 * Spec: tools/list.
 */
size_t mcp_result_tool_count(const mcp_result *result);

/**
 * Returns a tool by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Spec: tools/list.
 */
const mcp_tool *mcp_result_tool(const mcp_result *result, size_t index);

/**
 * Returns the tool of a name in a result of mcp_list_tools(), or NULL.
 *
 * `result`: NULL gives NULL.
 * `name`: compared byte by byte.  NULL gives NULL.
 *
 * Spec: Tool, name.
 */
const mcp_tool *mcp_result_find_tool(const mcp_result *result,
                                     const char *name);

/**
 * Returns 1 if the result of mcp_call_tool() says that the tool failed,
 * otherwise 0.
 *
 * `result`: NULL gives 0.
 *
 * The content blocks of such a result say why: see mcp_result_text().  The
 * text "true" and the number 1 count as true.
 *
 * Spec: tools/call, isError.
 */
int32_t mcp_result_is_error(const mcp_result *result);

/**
 * Returns the structured content of a result of mcp_call_tool() as JSON
 * text.
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none.  From revision 2026-07-28 on it may
 * be any JSON value, also null, which is returned as "null".
 *
 * Spec: tools, structuredContent.
 */
const char *mcp_result_structured_json(const mcp_result *result, size_t *len);

/**
 * Returns the structured content of a result of mcp_call_tool() as a value.
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none.  The first call parses the content,
 * and the result keeps the value.
 *
 * Spec: tools, structuredContent.
 */
const mcp_json *mcp_result_structured(const mcp_result *result);

/**
 * Returns the value that a tool returned: the structured content, or the
 * member "result" of an object that only holds it.
 *
 * `result`: NULL gives NULL.
 *
 * Structured content is an object before revision 2026-07-28.  FastMCP
 * therefore wraps another value, such as the number 3, as {"result":3}.  It
 * says so by "x-fastmcp-wrap-result" in the output schema of the tool, or by
 * "wrap_result" in the member _meta of the result, and only then does this
 * function return the value inside.  The library knows the output schema if
 * the client has read a list with the tool before the call, see
 * mcp_list_tools().
 *
 * Returns NULL if the server sent none.
 *
 * Spec: tools, structuredContent.
 */
const mcp_json *mcp_result_data(const mcp_result *result);

/**
 * Returns the name to pass to mcp_call_tool().
 *
 * `tool`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Tool, name.
 */
const char *mcp_tool_name(const mcp_tool *tool);

/**
 * Returns the name to show to people: the title, or the title in the
 * annotations, or the name.
 *
 * `tool`: NULL gives NULL.
 *
 * The first of them that is not empty counts.  Returns NULL if the server
 * sent none or a value of another type.
 *
 * Spec: Tool, title.
 */
const char *mcp_tool_title(const mcp_tool *tool);

/**
 * Returns the tool's description.
 *
 * `tool`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Tool, description.
 */
const char *mcp_tool_description(const mcp_tool *tool);

/**
 * Returns the JSON Schema of the tool's arguments, as the server wrote it.
 *
 * `tool`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.
 *
 * Spec: Tool, inputSchema.
 */
const char *mcp_tool_input_schema_json(const mcp_tool *tool, size_t *len);

/**
 * Returns the JSON Schema of the tool's structured content, as the server
 * wrote it.
 *
 * `tool`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or null; a value of another type is
 * returned as it is.
 *
 * Spec: Tool, outputSchema.
 */
const char *mcp_tool_output_schema_json(const mcp_tool *tool, size_t *len);

/**
 * Returns the whole tool as JSON text.
 *
 * `tool`: NULL gives NULL.
 *
 * Never NULL for a valid `tool`.
 *
 * Spec: Tool.
 */
const char *mcp_tool_json(const mcp_tool *tool, size_t *len);

/**
 * Returns one of the tool's hints: 1 for true, 0 for false, -1 if the server
 * does not say.
 *
 * `tool`: NULL gives -1.
 * `name`: "readOnlyHint", "destructiveHint", "idempotentHint" or
 * "openWorldHint".  NULL gives -1.
 *
 * A hint is the server's claim, not a promise.
 *
 * Spec: ToolAnnotations.
 */
int32_t mcp_tool_hint(const mcp_tool *tool, const char *name);

/**
 * Checks arguments against the tool's inputSchema, without any I/O.
 *
 * `arguments_json`: a JSON object as UTF-8 text, as for mcp_call_tool(); NULL
 * or "" for no arguments.
 *
 * Errors: MCP_E_SCHEMA if the arguments do not match; the message names the
 * field.  MCP_E_INVALID_ARGUMENT if `tool` is NULL or the arguments are not
 * a JSON object.  MCP_E_UNSUPPORTED if the schema cannot be used: it is
 * invalid, refers to another document, exceeds a limit, or the library was
 * built without the Cargo feature "schema".  The message says which.  The
 * server checks the arguments as well, so that a program may call the tool
 * in that case.
 *
 * JSON Schema drafts 6, 7, 2019-09 and 2020-12 are known; a schema without
 * "$schema" is of draft 2020-12.  The keyword "format" is not checked.  A
 * tool without inputSchema takes all arguments.
 *
 * Spec: Tool, inputSchema.
 */
int32_t mcp_tool_check_arguments(const mcp_tool *tool,
                                 const char *arguments_json);

/*
 * ===========================================================================
 * CONTENT
 * ===========================================================================
 * The result of a tool, a resource that was read and the messages of a prompt
 * consist of content blocks:
 *
 *     static void show(const mcp_result *result)
 *     {
 *         for (size_t i = 0; i < mcp_result_content_count(result); i++) {
 *             const mcp_content *content = mcp_result_content(result, i);
 *             const char *text = mcp_content_text(content, NULL);
 *
 *             if (text)
 *                 puts(text);
 *         }
 *     }
 */

/**
 * CONTENT KINDS, for mcp_content_kind().
 */
#define MCP_CONTENT_TEXT 1
#define MCP_CONTENT_IMAGE 2
#define MCP_CONTENT_AUDIO 3
#define MCP_CONTENT_RESOURCE_LINK 4

/**
 * An embedded resource: its text or its bytes, with its URI.
 */
#define MCP_CONTENT_RESOURCE 5

/**
 * A kind that this library does not know.  mcp_content_json() has the whole
 * item.  A later library may give the kind a number of its own: see "NEW
 * KINDS" at the top.
 */
#define MCP_CONTENT_OTHER 99

/**
 * A CONTENT BLOCK of mcp_result_content(), borrowed from the result: a part
 * of a tool's result, of a resource that was read, or of a prompt's message.
 *
 * For the annotations and the member _meta, read mcp_content_json() with
 * mcp_json_parse() and mcp_json_at().
 *
 * Functions: mcp_content_kind(), mcp_content_role(), mcp_content_text(),
 *   mcp_content_data(), mcp_content_mime_type(), mcp_content_resource(),
 *   mcp_content_json().
 */
struct mcp_content;

/**
 * Returns the number of content blocks in a result of mcp_call_tool(),
 * mcp_read_resource() or mcp_get_prompt().
 *
 * `result`: NULL gives 0.
 *
 * A text or an object in the place of the array is one content block.  If a
 * tool's result has neither content nor structured content,
 * mcp_result_json() has what the server sent.
 *
 * Spec: ContentBlock.
 */
size_t mcp_result_content_count(const mcp_result *result);

/**
 * Returns a content block by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Spec: ContentBlock.
 */
const mcp_content *mcp_result_content(const mcp_result *result, size_t index);

/**
 * Returns all text content blocks of the result as one text, separated by
 * line breaks.
 *
 * `result`: NULL gives NULL.
 *
 * This is what most applications need from a tool.  Never NULL for a valid
 * `result`: "" if there is no text.
 *
 * Spec: TextContent.
 */
const char *mcp_result_text(const mcp_result *result, size_t *len);

/**
 * Returns the kind of a content block: one of MCP_CONTENT_.
 *
 * `content`: NULL gives 0.
 *
 * MCP_CONTENT_OTHER is a kind that this library does not know, or a value
 * that is no content block; mcp_content_json() returns the whole value.
 * Without a type, the members decide: a text is MCP_CONTENT_TEXT.
 *
 * Spec: ContentBlock.
 */
int32_t mcp_content_kind(const mcp_content *content);

/**
 * Returns the role of the prompt's message that the content block belongs
 * to: "user" or "assistant".
 *
 * `content`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type, and for a
 * content block that is not of a prompt.
 *
 * Spec: PromptMessage, role.
 */
const char *mcp_content_role(const mcp_content *content);

/**
 * Returns the text of MCP_CONTENT_TEXT, or of MCP_CONTENT_RESOURCE that
 * contains text.
 *
 * `content`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or null, and for other kinds.  A
 * value that is no string is returned as its JSON text.  The text is UTF-8.
 * If it contains a NUL, C sees its end there, but `len` is the whole length.
 *
 * Spec: TextContent.
 */
const char *mcp_content_text(const mcp_content *content, size_t *len);

/**
 * Returns the bytes of an image, of audio or of a binary resource, decoded
 * from base64: in the standard or the URL-safe alphabet, with or without
 * padding and line breaks.
 *
 * `content`: NULL gives NULL.
 * `len`, unless NULL, receives the number of bytes.
 *
 * Returns NULL if the server sent none, and for other kinds; the last error
 * does not change then.  If the server sent a value of another type, or one
 * that is not base64, returns NULL and sets the last error to
 * MCP_E_PROTOCOL.  The first call decodes the bytes and the result keeps
 * them.
 *
 * Spec: ImageContent, BlobResourceContents.
 */
const void *mcp_content_data(const mcp_content *content, size_t *len);

/**
 * Returns the media type of a content block.
 *
 * `content`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: ContentBlock.
 */
const char *mcp_content_mime_type(const mcp_content *content);

/**
 * Returns the resource that MCP_CONTENT_RESOURCE_LINK links to, or that
 * MCP_CONTENT_RESOURCE contains; NULL for other kinds.
 *
 * `content`: NULL gives NULL.
 *
 * Read its URI with mcp_resource_uri(), and the rest with the functions that
 * follow that one.  Each content block of mcp_read_resource() is of the kind
 * MCP_CONTENT_RESOURCE.
 *
 * Spec: ResourceLink, ResourceContents.
 */
const mcp_resource *mcp_content_resource(const mcp_content *content);

/**
 * Returns the whole content block as JSON text.
 *
 * `content`: NULL gives NULL.
 *
 * Never NULL for a valid `content`.
 *
 * Spec: ContentBlock.
 */
const char *mcp_content_json(const mcp_content *content, size_t *len);

/*
 * ===========================================================================
 * RESOURCES
 * ===========================================================================
 * A resource is data that the server offers to read:
 *
 *     mcp_result *result = NULL;
 *
 *     if (mcp_read_resource(client, "file:///readme.txt", &result) == MCP_OK) {
 *         const char *text = mcp_result_text(result, NULL);
 *
 *         puts(text ? text : "The resource has no text.");
 *     }
 *     mcp_result_free(result);
 */

/**
 * A RESOURCE or a resource template of mcp_result_resource(), or the resource
 * of a content block, see mcp_content_resource(); borrowed from the result.
 *
 * All its texts come from the server: do not trust them.  For the icons, the
 * annotations and the member _meta, read mcp_resource_json() with
 * mcp_json_parse() and mcp_json_at().
 *
 * Functions: mcp_resource_uri(), mcp_resource_name(), mcp_resource_title(),
 *   mcp_resource_description(), mcp_resource_mime_type(),
 *   mcp_resource_size(), mcp_resource_json().
 */
struct mcp_resource;

/**
 * Lists all resources of the server; reads all pages of the list.
 *
 * `out`: as for mcp_list_tools(); read it with mcp_result_resource_count()
 * and mcp_result_resource().
 *
 * To start it, use mcp_request_new() and mcp_request_set_all_pages().
 *
 * Errors: those of mcp_list_tools().
 *
 * Spec: resources/list.
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
 * To start it, use mcp_request_new() and mcp_request_set_all_pages().
 *
 * Errors: those of mcp_list_tools().
 *
 * Spec: resources/templates/list.
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
 * answered from memory, see MCP_LIMIT_CACHE.
 *
 * Errors: call errors.
 *
 * Spec: resources/read.
 */
int32_t mcp_read_resource(mcp_client *client,
                          const char *uri,
                          mcp_result **out);

/**
 * Returns the number of resources or templates in a result of
 * mcp_list_resources() or mcp_list_resource_templates().
 *
 * `result`: NULL gives 0.
 *
 * An item of another type is counted, and the functions that read it return
 * NULL.
 *
 * Spec: resources/list.
 */
size_t mcp_result_resource_count(const mcp_result *result);

/**
 * Returns a resource or a template by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Spec: resources/list.
 */
const mcp_resource *mcp_result_resource(const mcp_result *result,
                                        size_t index);

/**
 * Returns the resource's URI, or the URI template (RFC 6570) of a resource
 * template.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Resource, uri.
 */
const char *mcp_resource_uri(const mcp_resource *resource);

/**
 * Returns the resource's name.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Resource, name.
 */
const char *mcp_resource_name(const mcp_resource *resource);

/**
 * Returns the name to show to people: the title, or the name if there is no
 * title.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Resource, title.
 */
const char *mcp_resource_title(const mcp_resource *resource);

/**
 * Returns the resource's description.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Resource, description.
 */
const char *mcp_resource_description(const mcp_resource *resource);

/**
 * Returns the resource's media type.
 *
 * `resource`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Resource, mimeType.
 */
const char *mcp_resource_mime_type(const mcp_resource *resource);

/**
 * Returns the resource's size in bytes, or -1 if the server does not say.
 *
 * `resource`: NULL gives -1.
 *
 * Spec: Resource, size.
 */
int64_t mcp_resource_size(const mcp_resource *resource);

/**
 * Returns the whole resource as JSON text.
 *
 * `resource`: NULL gives NULL.
 *
 * Never NULL for a valid `resource`.
 *
 * Spec: Resource.
 */
const char *mcp_resource_json(const mcp_resource *resource, size_t *len);

/**
 * Expands a URI template (RFC 6570, all levels), such as that of
 * mcp_resource_uri() for a resource template.
 *
 * `uri_template`: for example "file:///{+path}{?line,column}".
 * `values_json`: a JSON object with the values of the variables: texts,
 * numbers, booleans, and arrays or objects of these; NULL or "" for none.  A
 * variable without a value leaves no trace, and so does one whose value is
 * null, an empty array or an empty object.
 *
 * Returns a text to free with mcp_string_free(), or NULL with the last error
 * set: MCP_E_INVALID_ARGUMENT for a malformed template, with the place in the
 * message, and for a value that the template cannot use, with the variable in
 * the message; MCP_E_TOO_LARGE for an expansion of more than 1 MiB.
 *
 * Spec: ResourceTemplate, uriTemplate; RFC 6570.
 */
char *mcp_uri_expand(const char *uri_template, const char *values_json);

/**
 * Releases a text of a function that returns a plain `char *`.
 *
 * `string`: a text that is not used again, or NULL.
 */
void mcp_string_free(char *string);

/*
 * ===========================================================================
 * PROMPTS AND COMPLETION
 * ===========================================================================
 * A prompt is a template of messages for a language model:
 *
 *     mcp_result *result = NULL;
 *
 *     mcp_get_prompt(client, "review", "{\"language\":\"C\"}", &result);
 *     for (size_t i = 0; i < mcp_result_content_count(result); i++) {
 *         const mcp_content *message = mcp_result_content(result, i);
 *         const char *role = mcp_content_role(message);
 *
 *         printf("%s\n", role ? role : "");
 *     }
 *     mcp_result_free(result);
 */

/**
 * A PROMPT of mcp_result_prompt(), borrowed from the result.
 *
 * All its texts come from the server: do not trust them.  For the icons, the
 * member _meta and the titles of arguments, read mcp_prompt_json() with
 * mcp_json_parse() and mcp_json_at().
 *
 * Functions: mcp_prompt_name(), mcp_prompt_title(), mcp_prompt_description(),
 *   mcp_prompt_argument_count(), mcp_prompt_argument_name(),
 *   mcp_prompt_argument_description(), mcp_prompt_argument_required(),
 *   mcp_prompt_json().
 */
struct mcp_prompt;

/**
 * Lists all prompts of the server; reads all pages of the list.
 *
 * `out`: as for mcp_list_tools(); read it with mcp_result_prompt_count() and
 * mcp_result_prompt().
 *
 * To start it, use mcp_request_new() and mcp_request_set_all_pages().
 *
 * Errors: those of mcp_list_tools().
 *
 * Spec: prompts/list.
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
 * Errors: call errors; MCP_E_INVALID_ARGUMENT for an argument that is not a
 * string.
 *
 * Spec: prompts/get.
 */
int32_t mcp_get_prompt(mcp_client *client,
                       const char *name,
                       const char *arguments_json,
                       mcp_result **out);

/**
 * Returns the number of prompts in a result of mcp_list_prompts().
 *
 * `result`: NULL gives 0.
 *
 * An item of another type is counted, and the functions that read it return
 * NULL.
 *
 * Spec: prompts/list.
 */
size_t mcp_result_prompt_count(const mcp_result *result);

/**
 * Returns a prompt by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Spec: prompts/list.
 */
const mcp_prompt *mcp_result_prompt(const mcp_result *result, size_t index);

/**
 * Returns the description in a result of mcp_get_prompt().
 *
 * `result`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: prompts/get.
 */
const char *mcp_result_prompt_description(const mcp_result *result);

/**
 * Returns the name to pass to mcp_get_prompt().
 *
 * `prompt`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Prompt, name.
 */
const char *mcp_prompt_name(const mcp_prompt *prompt);

/**
 * Returns the name to show to people: the title, or the name if there is no
 * title.
 *
 * `prompt`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Prompt, title.
 */
const char *mcp_prompt_title(const mcp_prompt *prompt);

/**
 * Returns the prompt's description.
 *
 * `prompt`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Prompt, description.
 */
const char *mcp_prompt_description(const mcp_prompt *prompt);

/**
 * Returns the number of arguments that the prompt takes.
 *
 * `prompt`: NULL gives 0.
 *
 * An argument of another type is counted, and the functions that read it
 * return NULL.
 *
 * Spec: PromptArgument.
 */
size_t mcp_prompt_argument_count(const mcp_prompt *prompt);

/**
 * Returns an argument's name by its index.
 *
 * `prompt`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: PromptArgument.
 */
const char *mcp_prompt_argument_name(const mcp_prompt *prompt, size_t index);

/**
 * Returns an argument's description by its index.
 *
 * `prompt`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: PromptArgument.
 */
const char *mcp_prompt_argument_description(const mcp_prompt *prompt,
                                            size_t index);

/**
 * Returns 1 if an argument is required, otherwise 0.
 *
 * `prompt`: NULL gives 0.
 * `index`: starts at 0; 0 is returned past the end.
 *
 * Spec: PromptArgument, required.
 */
int32_t mcp_prompt_argument_required(const mcp_prompt *prompt, size_t index);

/**
 * Returns the whole prompt as JSON text.
 *
 * `prompt`: NULL gives NULL.
 *
 * Never NULL for a valid `prompt`.
 *
 * Spec: Prompt.
 */
const char *mcp_prompt_json(const mcp_prompt *prompt, size_t *len);

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
 * Errors: call errors; MCP_E_UNSUPPORTED for a context if the server speaks
 * a revision before 2025-06-18, which has no context.
 *
 * Spec: completion/complete.
 */
int32_t mcp_complete(mcp_client *client,
                     const char *reference_json,
                     const char *argument,
                     const char *value,
                     const char *context_json,
                     mcp_result **out);

/**
 * Returns the number of completions in a result of mcp_complete().
 *
 * `result`: NULL gives 0.
 *
 * Spec: completion/complete.
 */
size_t mcp_result_completion_count(const mcp_result *result);

/**
 * Returns a completion of a result of mcp_complete() by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Never NULL for an index below mcp_result_completion_count().  A number or
 * a boolean is returned as its JSON text; values of other types are left
 * out.
 *
 * Spec: completion/complete.
 */
const char *mcp_result_completion(const mcp_result *result, size_t index);

/**
 * Returns 1 if the server has more completions than those in a result of
 * mcp_complete(), otherwise 0.
 *
 * `result`: NULL gives 0.
 *
 * Spec: completion/complete, hasMore.
 */
int32_t mcp_result_completion_has_more(const mcp_result *result);

/*
 * ===========================================================================
 * JSON
 * ===========================================================================
 * Arguments are built, and members of a server's JSON are read:
 *
 *     mcp_json *json = mcp_json_new();
 *     mcp_result *result = NULL;
 *
 *     mcp_json_set_string(json, "/city", "Turku");
 *     mcp_json_set_integer(json, "/days/-", 3);
 *     mcp_call_tool(client, "forecast", mcp_json_text(json, NULL), &result);
 *     mcp_json_free(json);
 *     mcp_result_free(result);
 */

/**
 * JSON VALUE KINDS, for mcp_json_kind().
 */
#define MCP_JSON_NULL 0
#define MCP_JSON_BOOLEAN 1
#define MCP_JSON_NUMBER 2
#define MCP_JSON_STRING 3
#define MCP_JSON_ARRAY 4
#define MCP_JSON_OBJECT 5

/**
 * A JSON VALUE: builds arguments and reads results without another library.
 *
 * A `mcp_json *` that the application made may be changed, and must be
 * freed.  A `const mcp_json *` is a part of such a value.  Parts and texts
 * are valid until the whole value is changed or freed.  A place is a JSON
 * Pointer (RFC 6901): "" is the value itself, "/a/0" is the first element of
 * its member "a".  Numbers keep the text with which they were written.
 * Several threads may read a value at once, while no thread changes it.
 *
 * Made by: mcp_json_new(), mcp_json_parse().
 *
 * Functions: mcp_json_set_string(), mcp_json_set_integer(),
 *   mcp_json_set_number(), mcp_json_set_boolean(), mcp_json_set_json(),
 *   mcp_json_at(), mcp_json_kind(), mcp_json_count(), mcp_json_child(),
 *   mcp_json_key(), mcp_json_string(), mcp_json_integer(), mcp_json_number(),
 *   mcp_json_boolean(), mcp_json_text().
 *
 * Released by: mcp_json_free().
 */
struct mcp_json;

/**
 * Makes an empty JSON object.
 *
 * Returns a handle to free with mcp_json_free().
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
 * a server: every text that a _json function returns can be parsed.
 */
mcp_json *mcp_json_parse(const char *text, size_t len);

/**
 * Releases a value and all its parts.
 *
 * `json`: a value made by mcp_json_new() or mcp_json_parse() that is not
 * used again, or NULL.  Do not pass a part of a value.
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
 * Errors: MCP_E_NOT_FOUND for a place that cannot be created: a step leads
 * into a value that has no members, or past the end of an array.  A failure
 * changes nothing.
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
 * Errors: those of mcp_json_set_string().
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
 * Errors: those of mcp_json_set_string(); MCP_E_INVALID_ARGUMENT also for an
 * infinity or a NaN.
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
 * Errors: those of mcp_json_set_string().
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
 * Errors: those of mcp_json_set_string().
 */
int32_t mcp_json_set_json(mcp_json *json,
                          const char *pointer,
                          const char *value_json);

/**
 * Returns the value at a place, or NULL if there is none.
 *
 * `json`: NULL gives NULL.
 * `pointer`: the place, a JSON Pointer.  NULL gives NULL.
 *
 * The value is valid until the whole is changed or freed.  Each step
 * searches all members of its object: to read every member of a large
 * object, use mcp_json_child().
 */
const mcp_json *mcp_json_at(const mcp_json *json, const char *pointer);

/**
 * Returns the kind of a value: one of MCP_JSON_.
 *
 * `json`: NULL gives MCP_JSON_NULL.
 */
int32_t mcp_json_kind(const mcp_json *json);

/**
 * Returns the number of elements of an array or members of an object; 0 for
 * other kinds.
 *
 * `json`: NULL gives 0.
 */
size_t mcp_json_count(const mcp_json *json);

/**
 * Returns an element of an array, or the value of a member of an object, by
 * its index.
 *
 * `json`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end and for other kinds.
 */
const mcp_json *mcp_json_child(const mcp_json *json, size_t index);

/**
 * Returns the name of a member of an object by its index.
 *
 * `json`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end and for other kinds.
 */
const char *mcp_json_key(const mcp_json *json, size_t index);

/**
 * Returns the text of a string; NULL for other kinds.
 *
 * `json`: NULL gives NULL.
 */
const char *mcp_json_string(const mcp_json *json, size_t *len);

/**
 * Returns the value of a number as an integer.
 *
 * `json`: NULL gives `otherwise`.
 * `otherwise`: returned for other kinds, for a number with a fraction, and
 * for a number that does not fit.
 *
 * 1.0 and 1e2 are integers as well.
 */
int64_t mcp_json_integer(const mcp_json *json, int64_t otherwise);

/**
 * Returns the value of a number.
 *
 * `json`: NULL gives `otherwise`.
 * `otherwise`: returned for other kinds.
 *
 * A number with more digits than a double has is rounded.  One that is too
 * large for a double, such as 1e400, is an infinity.
 */
double mcp_json_number(const mcp_json *json, double otherwise);

/**
 * Returns 1 for true and 0 for false.
 *
 * `json`: NULL gives `otherwise`.
 * `otherwise`: returned for other kinds.
 */
int32_t mcp_json_boolean(const mcp_json *json, int32_t otherwise);

/**
 * Returns a value as JSON text, without white space between its parts.
 *
 * `json`: NULL gives NULL.
 */
const char *mcp_json_text(const mcp_json *json, size_t *len);

/*
 * ===========================================================================
 * REQUESTS
 * ===========================================================================
 * A request has options that differ from those of its client:
 *
 *     mcp_request *request = mcp_request_new_call_tool(client, "build", NULL);
 *     mcp_result *result = NULL;
 *
 *     mcp_request_set_timeout(request, 300000);
 *     if (mcp_request_perform(request, &result) != MCP_OK)
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 *     mcp_result_free(result);
 *     mcp_request_free(request);
 */

/**
 * A REQUEST to the server, with options of its own.
 *
 * Make it with one of the mcp_request_new functions, and set the options
 * that differ from those of the client.  Then call mcp_request_perform(),
 * which blocks, or mcp_request_start(), which returns at once.  After
 * mcp_request_start(), mcp_client_fd() becomes readable when there is
 * something to do, mcp_client_dispatch() does it, and mcp_client_next_done()
 * hands out the finished requests.
 *
 * Each function that waits for the server has a request that does the same:
 * mcp_request_new() with a method, or one of the functions after it.
 *
 * A request that is not in flight may be performed or started again, which
 * sends it again.  While a request is in flight its options cannot be
 * changed: MCP_E_STATE.  A started request uses no descriptor of its own;
 * see MCP_LIMIT_CONNECTIONS.  One thread at a time may use a request, except
 * that any thread may call mcp_request_status() and mcp_request_cancel(), and
 * fire the request's mcp_cancel.
 *
 * A completed request is handed out once, by exactly one of these:
 * mcp_request_perform(), mcp_request_wait(), the callback of
 * mcp_request_set_done(), or mcp_client_next_done().  After
 * mcp_client_close() the requests that were in flight are handed out as
 * MCP_E_CLOSED.  After mcp_client_free() only mcp_request_wait() hands out a
 * request without a done callback.
 *
 * Made by: mcp_request_new(), mcp_request_new_call_tool(),
 *   mcp_request_new_read_resource(), mcp_request_new_get_prompt(),
 *   mcp_request_new_connect(), mcp_request_new_listen(),
 *   mcp_request_new_subscribe(), mcp_request_new_unsubscribe(),
 *   mcp_request_new_set_log_level(), mcp_request_new_notify(),
 *   mcp_request_new_task_result(), mcp_request_new_sign_in(),
 *   mcp_request_new_sign_out(), mcp_request_new_close().
 *
 * Functions: mcp_request_perform(), mcp_request_error(),
 *   mcp_request_set_timeout(), mcp_request_set_deadline(),
 *   mcp_request_set_header(), mcp_request_set_meta_json(),
 *   mcp_request_set_repeatable(), mcp_request_set_all_pages(),
 *   mcp_request_set_userdata(), mcp_request_userdata(), mcp_request_client(),
 *   mcp_request_method(), mcp_request_set_progress(), mcp_request_cancel(),
 *   mcp_request_set_cancel(), mcp_request_start(), mcp_request_take_result(),
 *   mcp_request_status(), mcp_request_wait(), mcp_request_set_done(),
 *   mcp_request_set_task().
 *
 * Released by: mcp_request_free().
 */
struct mcp_request;

/**
 * Makes a request with any method, known to this library or not.
 *
 * `client`: the client that will send the request.  The request may outlive
 * it, see mcp_client_free().
 * `method`: such as "ping" or "tools/list", in printable ASCII.  Copied.
 * `params_json`: a JSON object as UTF-8 text; NULL or "" for none.  Copied.
 * The library adds the members that the protocol requires (_meta, progress
 * token).
 *
 * A request with the method "ping" sends whatever mcp_ping() sends.  A list
 * is a request with the method of the list, such as "resources/list", and
 * mcp_request_set_all_pages().  What mcp_complete() does is a request with
 * the method "completion/complete".
 *
 * Returns a handle to free with mcp_request_free(), or NULL with the last
 * error set.  Does no I/O.
 *
 * Spec: basic, requests.
 */
mcp_request *mcp_request_new(mcp_client *client,
                             const char *method,
                             const char *params_json);

/**
 * Makes a request with the method "tools/call"; see mcp_call_tool().
 *
 * `client`: as for mcp_request_new().
 * `name`, `arguments_json`: as for mcp_call_tool().
 *
 * Returns like mcp_request_new().
 *
 * Spec: tools/call.
 */
mcp_request *mcp_request_new_call_tool(mcp_client *client,
                                       const char *name,
                                       const char *arguments_json);

/**
 * Makes a request with the method "resources/read"; see mcp_read_resource().
 *
 * `client`: as for mcp_request_new().
 * `uri`: as for mcp_read_resource().
 *
 * Returns like mcp_request_new().
 *
 * Spec: resources/read.
 */
mcp_request *mcp_request_new_read_resource(mcp_client *client,
                                           const char *uri);

/**
 * Makes a request with the method "prompts/get"; see mcp_get_prompt().
 *
 * `client`: as for mcp_request_new().
 * `name`, `arguments_json`: as for mcp_get_prompt().
 *
 * Returns like mcp_request_new().
 *
 * Spec: prompts/get.
 */
mcp_request *mcp_request_new_get_prompt(mcp_client *client,
                                        const char *name,
                                        const char *arguments_json);

/**
 * Makes a request that does what mcp_connect() does.
 *
 * `client`: as for mcp_request_new().
 *
 * Its result is the server info, as mcp_connect() gives it.
 *
 * Returns like mcp_request_new().
 *
 * Spec: initialize, server/discover.
 */
mcp_request *mcp_request_new_connect(mcp_client *client);

/**
 * Makes a request that does what mcp_listen() does.
 *
 * `client`: as for mcp_request_new().
 * `kinds`: as for mcp_listen().
 *
 * The request has no result.  It is done when the server has accepted the
 * stream.  The stream stays open after that: it ends with a request whose
 * `kinds` are 0, or with the client.
 *
 * Returns like mcp_request_new().
 *
 * Spec: transports, listening for messages; subscriptions/listen.
 */
mcp_request *mcp_request_new_listen(mcp_client *client, int32_t kinds);

/**
 * Makes a request that does what mcp_subscribe_resource() does.
 *
 * `client`: as for mcp_request_new().
 * `uri`: as for mcp_subscribe_resource().
 *
 * The request has no result.
 *
 * Returns like mcp_request_new().
 *
 * Spec: resources/subscribe, subscriptions/listen.
 */
mcp_request *mcp_request_new_subscribe(mcp_client *client, const char *uri);

/**
 * Makes a request that does what mcp_unsubscribe_resource() does.
 *
 * `client`: as for mcp_request_new().
 * `uri`: as for mcp_unsubscribe_resource().
 *
 * The request has no result.
 *
 * Returns like mcp_request_new().
 *
 * Spec: resources/unsubscribe, subscriptions/listen.
 */
mcp_request *mcp_request_new_unsubscribe(mcp_client *client, const char *uri);

/**
 * Makes a request that does what mcp_set_log_level() does.
 *
 * `client`: as for mcp_request_new().
 * `level`: as for mcp_set_log_level().  The client remembers it when the
 * request is done, and sends it again after a lost session.
 *
 * The request has no result.
 *
 * Returns like mcp_request_new().
 *
 * Spec: logging/setLevel, _meta logLevel.
 */
mcp_request *mcp_request_new_set_log_level(mcp_client *client, int32_t level);

/**
 * Makes a request that sends a notification, as mcp_notify() does.
 *
 * `client`: as for mcp_request_new().
 * `method`, `params_json`: as for mcp_notify().
 *
 * The request has no result, because the server does not answer
 * notifications.  It is done when the server has accepted the notification,
 * or over stdio when the notification was written.
 *
 * Returns like mcp_request_new().
 *
 * Spec: basic, notifications.
 */
mcp_request *mcp_request_new_notify(mcp_client *client,
                                    const char *method,
                                    const char *params_json);

/**
 * Makes a request that does what mcp_get_task_result() does.
 *
 * `client`: as for mcp_request_new().
 * `task_id`: as for mcp_get_task_result().
 *
 * To ask for the status of a task or to cancel it, use mcp_request_new() with
 * the method "tasks/get" or "tasks/cancel" and {"taskId":...}.
 *
 * Returns like mcp_request_new().
 *
 * Spec: tasks/result, tasks/get, tasks/update.
 */
mcp_request *mcp_request_new_task_result(mcp_client *client,
                                         const char *task_id);

/**
 * Makes a request that does what mcp_sign_in() does.
 *
 * `client`: as for mcp_request_new().
 *
 * The request has no result.  The callbacks of a started request run inside
 * mcp_client_dispatch(), and inside other calls of this client that wait.
 *
 * Returns like mcp_request_new().
 *
 * Spec: authorization, RFC 9728.
 */
mcp_request *mcp_request_new_sign_in(mcp_client *client);

/**
 * Makes a request that does what mcp_sign_out() does.
 *
 * `client`: as for mcp_request_new().
 *
 * The request has no result.  Its callbacks run where those of
 * mcp_request_new_sign_in() do.
 *
 * Returns like mcp_request_new().
 *
 * Spec: RFC 7009.
 */
mcp_request *mcp_request_new_sign_out(mcp_client *client);

/**
 * Makes a request that does what mcp_client_close() does.
 *
 * `client`: as for mcp_request_new(), open or closed.
 *
 * The request has no result.  When it is started, all other requests in
 * flight are done at once, as MCP_E_CLOSED.  It is done, as MCP_OK, when the
 * session or the server's process has ended.  If the close takes longer than
 * the request may, the request ends with MCP_E_TIMEOUT or MCP_E_CANCELLED,
 * and the close goes on.
 *
 * The client must still be freed: mcp_client_free() waits only for what is
 * left of the close.
 *
 * Returns like mcp_request_new().
 *
 * Spec: transports, session management.
 */
mcp_request *mcp_request_new_close(mcp_client *client);

/**
 * Releases a request.  A started request that is in flight ends.
 *
 * `request`: a request that no thread is performing, and that you do not use
 * afterwards; or NULL.
 *
 * The results of the request outlive it.
 */
void mcp_request_free(mcp_request *request);

/**
 * Sends the request and waits on this thread until it is done.
 *
 * `out`, unless NULL, receives the result, to free with mcp_result_free();
 * NULL on failure, and for a request that has no result.  After MCP_E_SCHEMA
 * it is the result: see mcp_call_tool().
 *
 * Handlers of the client run on this thread during the wait.  If the
 * connection is lost after a byte of the request may have reached the
 * server, the library sends the request again only if it is safe to repeat;
 * see mcp_request_set_repeatable().  Otherwise the function returns
 * MCP_E_IO, and mcp_error_may_have_run() returns 1.
 *
 * Errors: call errors; MCP_E_STATE if the request is in flight.
 *
 * Spec: basic, requests.
 */
int32_t mcp_request_perform(mcp_request *request, mcp_result **out);

/**
 * Returns why the request failed when it was last performed or started.
 *
 * `request`: NULL gives NULL.
 *
 * Returns an error for mcp_error_message() and the other mcp_error_
 * functions; NULL if the request did not fail.  It is borrowed: valid until
 * the request is performed or started again, or freed.
 */
const mcp_error *mcp_request_error(const mcp_request *request);

/**
 * Sets the timeout of this request, in place of that of
 * mcp_client_set_timeout().
 *
 * `milliseconds`: 1 or more.
 *
 * Spec: lifecycle, timeouts.
 */
int32_t mcp_request_set_timeout(mcp_request *request, int64_t milliseconds);

/**
 * Sets the deadline of this request, in place of that of
 * mcp_client_set_deadline().
 *
 * `milliseconds`: 1 or more.
 *
 * Spec: lifecycle, timeouts.
 */
int32_t mcp_request_set_deadline(mcp_request *request, int64_t milliseconds);

/**
 * Sets an HTTP header that the library sends with this request.
 *
 * `name`: a token of RFC 9110.  Upper and lower case are equal.  Copied.
 * `value`: as for mcp_client_set_header(); NULL removes the header from the
 * request.
 *
 * The header replaces a header of the client that has the same name.  It is
 * sent with each HTTP request of this request: with each page of a list, when
 * the request is sent again, and when its response is resumed.  It is not
 * sent to connect, if this request is the first one of the client, and not
 * with a notification stream.
 *
 * Errors: those of mcp_client_set_header(); MCP_E_UNSUPPORTED also for a
 * request that sends no message of its own: those of
 * mcp_request_new_connect(), _listen(), _sign_in(), _sign_out() and
 * _close().  If the header is Authorization, and the client has a token when
 * the request is performed or started, the request fails with
 * MCP_E_INVALID_ARGUMENT.
 *
 * Spec: authorization, RFC 9110.
 */
int32_t mcp_request_set_header(mcp_request *request,
                               const char *name,
                               const char *value);

/**
 * Adds the members of a JSON object to the _meta of the request.
 *
 * `json`: a JSON object as UTF-8 text, copied; NULL removes the members.
 *
 * The members replace those of an earlier call of this function, and those
 * of a _meta in the parameters.  They also replace the members of
 * mcp_client_set_meta_json() with the same names.  Names that the protocol
 * itself uses are refused.  The members "traceparent", "tracestate" and
 * "baggage" are refused if they do not conform to W3C Trace Context.
 *
 * Errors: MCP_E_INVALID_ARGUMENT also for a request that sends no message
 * of the application.
 *
 * Spec: basic, _meta.
 */
int32_t mcp_request_set_meta_json(mcp_request *request, const char *json);

/**
 * Sets whether the library may send the request again after a broken
 * connection, although the server may have executed it.
 *
 * `repeatable`: 1 or 0.  Default: 1 for methods that are safe to repeat,
 * such as those that only read, and for the tools that
 * MCP_ALLOW_REPEAT_TOOLS allows; 0 for others.
 *
 * Errors: MCP_E_INVALID_ARGUMENT also for a request that calls no method.
 */
int32_t mcp_request_set_repeatable(mcp_request *request, int32_t repeatable);

/**
 * Sets whether a request for a list collects all pages, as mcp_list_tools()
 * does, or only the one page that its parameters name.
 *
 * `all`: 1 or 0.  Default: 0.
 *
 * It applies to the methods "tools/list", "resources/list",
 * "resources/templates/list", "prompts/list", "skills/list" and
 * "tasks/list", whether the request is performed or started.  The request
 * gives one result, as mcp_list_tools() does, with the same limits:
 * MCP_LIMIT_PAGES and MCP_LIMIT_ITEMS.  The timeout restarts with each page.
 * The deadline applies to the whole list.
 *
 * Errors: MCP_E_INVALID_ARGUMENT for another method, and for parameters with
 * a "cursor".
 *
 * Spec: pagination.
 */
int32_t mcp_request_set_all_pages(mcp_request *request, int32_t all);

/**
 * Stores a pointer of the application with the request.
 *
 * `request`: may be NULL.
 * `userdata`: any pointer.  The library neither uses nor releases it.
 */
void mcp_request_set_userdata(mcp_request *request, void *userdata);

/**
 * Returns the pointer of mcp_request_set_userdata(); NULL if none was set.
 *
 * `request`: NULL gives NULL.
 */
void *mcp_request_userdata(const mcp_request *request);

/**
 * Returns the client of a request; NULL after mcp_client_free().
 *
 * `request`: NULL gives NULL.
 *
 * The client is borrowed, and stays yours: it is the pointer that the request
 * was made with.
 */
mcp_client *mcp_request_client(const mcp_request *request);

/**
 * Returns the method of a request, such as "tools/call".
 *
 * `request`: NULL gives NULL.
 *
 * Returns UTF-8 text, valid as long as the request; never NULL for a valid
 * request.  A request that is not one message of the protocol has a name in
 * place of a method: "connect", "listen", "sign in", "sign out" or "close".
 * The method of the others is the same in each revision, for example
 * "resources/subscribe", "logging/setLevel" and "tasks/result".
 *
 * Spec: basic, requests.
 */
const char *mcp_request_method(const mcp_request *request);

/**
 * Sets a callback for progress, and asks the server for progress
 * notifications.  For "tools/call" the library always asks for them.
 *
 * `callback`: runs when a progress notification arrives, on the thread that
 * performs the request or that dispatches.  NULL removes it.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * Each progress notification restarts the timeout of the request.
 *
 * The callback is not called after the request is done, was freed, or has
 * another callback.  The library discards progress notifications that arrive
 * later.  If the callback is running on another thread at that time, the
 * library waits for it: do not hold a lock that the callback takes.  If the
 * request is in flight, a new callback gets the progress only after the
 * request is performed or started again.
 *
 * Errors: MCP_E_INVALID_ARGUMENT also for a request that calls no method;
 * MCP_E_STATE for a callback when the client is closed.
 *
 * Spec: progress.
 */
int32_t mcp_request_set_progress(mcp_request *request,
                                 mcp_progress_fn callback,
                                 void *userdata,
                                 mcp_free_fn free_userdata);

/**
 * THE PROGRESS of a request, as the server reports it.
 *
 * The callback of mcp_request_set_progress() receives it.  It is valid until
 * the callback returns, and so is everything that the functions below
 * return.
 *
 * Functions: mcp_progress_value(), mcp_progress_total(),
 *   mcp_progress_message().
 */
struct mcp_progress;

/**
 * Returns how far the request is.  The value increases with each report.
 *
 * `progress`: NULL gives 0.
 *
 * Spec: progress, progress.
 */
double mcp_progress_value(const mcp_progress *progress);

/**
 * Returns the value at which the request is done.
 *
 * `progress`: NULL gives -1.
 *
 * Returns -1 if the server sent none or another type.
 *
 * Spec: progress, total.
 */
double mcp_progress_total(const mcp_progress *progress);

/**
 * Returns a text about the progress, for the person.
 *
 * `progress`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or another type.
 *
 * Spec: progress, message.
 */
const char *mcp_progress_message(const mcp_progress *progress);

/**
 * Ends a request that is in flight.  It completes as MCP_E_CANCELLED.
 *
 * `request`: a request that was started, or that another thread performs.
 *
 * The function does not wait.  The request is done soon afterwards, and is
 * handed out like other requests.  The library tells the server to stop, if
 * the protocol revision has a message for that.  Nothing is sent if the request
 * has not reached the server.  A cancelled request uses no descriptor.
 *
 * Returns MCP_OK if the request will complete as MCP_E_CANCELLED, or as
 * MCP_E_CLOSED if the client is closed before that.  This is also so if the
 * request was cancelled before and is still in flight.  Returns MCP_E_STATE
 * if the request is not in flight, and if its result has arrived already: it
 * completes with that result.
 *
 * The thread must know that the request is not freed meanwhile.  An
 * mcp_cancel does not have this condition, and a signal handler can fire it.
 *
 * Threads: any, also while another thread uses the request.
 * Spec: cancellation.
 */
int32_t mcp_request_cancel(mcp_request *request);

/**
 * A CANCEL: a switch that ends requests, from another thread or from a
 * signal handler.
 *
 * Set it on any number of requests with mcp_request_set_cancel().  You may
 * free it while these requests are in flight.
 *
 * Made by: mcp_cancel_new().
 *
 * Functions: mcp_cancel_fire().
 *
 * Released by: mcp_cancel_free().
 */
struct mcp_cancel;

/**
 * Makes a cancel that is not fired.
 *
 * Returns a handle to free with mcp_cancel_free(), never NULL.  A cancel
 * uses no descriptor of its own.  While threads block in calls that have the
 * cancel, it borrows one from a pool of the process.
 */
mcp_cancel *mcp_cancel_new(void);

/**
 * Sets the mcp_cancel that can end this request with MCP_E_CANCELLED.
 *
 * `cancel`: the request keeps a reference, so that you may free the cancel.
 * If it has been fired already, the request ends at once.  NULL removes it.
 *
 * Spec: cancellation.
 */
int32_t mcp_request_set_cancel(mcp_request *request, mcp_cancel *cancel);

/**
 * Ends with MCP_E_CANCELLED every request that has this cancel, and every
 * request that gets it later.
 *
 * `cancel`: may be NULL.
 *
 * The call that waits for such a request returns at once.  It also tells the
 * server to stop, if the protocol revision has a message for that.
 *
 * The function does not wait, and does not change the last error.  In the
 * child of a fork() it does nothing.
 *
 * Threads: any, and signal handlers.  Spec: cancellation.
 */
void mcp_cancel_fire(mcp_cancel *cancel);

/**
 * Releases the cancel.  It does not fire it.
 *
 * `cancel`: a cancel that you do not use afterwards, or NULL.
 *
 * Requests that have the cancel keep a reference of their own.
 */
void mcp_cancel_free(mcp_cancel *cancel);

/*
 * ===========================================================================
 * EVENT LOOPS
 * ===========================================================================
 * A program with a loop starts requests with mcp_request_start(), and
 * dispatches when the descriptor of the client is readable.  Of the functions
 * below only mcp_client_dispatch() and mcp_request_wait() wait for a server,
 * as long as they are told:
 *
 *     static void on_readable(mcp_client *client)
 *     {
 *         mcp_request *done;
 *         mcp_result *result;
 *
 *         mcp_client_dispatch(client, 0);
 *         while ((done = mcp_client_next_done(client)) != NULL) {
 *             mcp_request_take_result(done, &result);
 *             if (result != NULL)
 *                 puts(mcp_result_text(result, NULL));
 *             mcp_result_free(result);
 *             mcp_request_free(done);
 *         }
 *     }
 */

/**
 * Starts the request and returns without waiting for the network.
 *
 * `request`: any number of requests may be in flight on one client.  A request
 * that could not be started is not handed out: free it.
 *
 * The request is done only after mcp_client_dispatch(), mcp_request_wait() or
 * another call of this client that waits.  mcp_client_fd() shows when to
 * dispatch, and mcp_client_next_done() returns the request.
 *
 * Errors: MCP_E_STATE if the request is in flight; MCP_E_CLOSED;
 * MCP_E_INTERNAL if no descriptor or thread is left.
 */
int32_t mcp_request_start(mcp_request *request);

/**
 * Returns a descriptor on which an event loop can wait for the client.
 *
 * `client`: keeps the descriptor open.  The number stays the same for the
 * client's whole life.  NULL gives MCP_FD_NONE.
 *
 * The descriptor is readable as long as mcp_client_dispatch() has something
 * to run, or mcp_client_next_done() has a request to hand out, or
 * mcp_client_wake() was called after the last dispatch.  It does not matter
 * which thread caused this, or what other threads do.  Wait for it with
 * poll, epoll, kqueue, libuv, GLib or similar.  Never read, write or close
 * it.  A loop that cannot wait for a descriptor uses
 * mcp_client_set_wakeup().
 *
 * Returns MCP_FD_NONE with the last error set if no descriptor is left:
 * MCP_E_INTERNAL.
 */
mcp_fd mcp_client_fd(mcp_client *client);

/**
 * Runs the handlers for everything that has arrived, and the callbacks of
 * mcp_request_set_done(), on this thread.
 *
 * `milliseconds`: how long to wait if nothing has arrived.  0 does not wait.
 *
 * The function returns at once when a request is ready to be handed out by
 * mcp_client_next_done().  Messages that arrive while the function runs are
 * left for its next call.
 *
 * Inside a handler of the same client this function runs no event handler
 * and no done callback: they stay queued, in order, until the handler has
 * returned.  Inside a callback that gets or stores a credential it does not
 * wait: it returns MCP_E_STATE where it would have to.
 *
 * Returns MCP_OK also if nothing arrived.
 *
 * Errors: MCP_E_CLOSED once the client is closed and all its requests were
 * handed out; MCP_E_STATE inside such a callback.
 */
int32_t mcp_client_dispatch(mcp_client *client, int64_t milliseconds);

/**
 * Hands out the next started request that is done; NULL if there is none.
 *
 * `client`: the client of the requests, open or closed.
 *
 * Returns a request that you own already: take its result with
 * mcp_request_take_result(), and free the request.
 *
 * Call this function after mcp_client_dispatch(), until it returns NULL.
 * Each completed request is handed out once: by this function, or by the
 * mcp_request_wait() that returns its status.  A request with a done callback
 * is handed out by the callback only.  A request that is performed or started
 * again before it was handed out is not handed out for its earlier result.  A
 * request that was in flight when the client was closed is handed out, with
 * the status MCP_E_CLOSED.
 *
 * Only one thread may free a request.
 */
mcp_request *mcp_client_next_done(mcp_client *client);

/**
 * Hands out the result of a started request that is done, once.
 *
 * `out`, unless NULL, receives the result, to free with mcp_result_free();
 * NULL on failure, and for a request that has no result.
 *
 * Returns the status of the request, and makes its error the last error of
 * this thread.  With MCP_E_SCHEMA, `*out` is the result all the same: see
 * mcp_call_tool().
 *
 * Errors: MCP_E_NOT_FOUND if the result was taken before; MCP_E_STATE if the
 * request is in flight or was not started.
 */
int32_t mcp_request_take_result(mcp_request *request, mcp_result **out);

/**
 * Returns MCP_PENDING while a request is in flight, and its status once it
 * is done.
 *
 * `request`: NULL gives MCP_E_INVALID_ARGUMENT.
 *
 * Returns MCP_E_STATE if the request was not started.  The function does not
 * change the last error.
 */
int32_t mcp_request_status(const mcp_request *request);

/**
 * Waits for a started request, and dispatches during the wait.
 *
 * `milliseconds`: the longest wait.  0 does not wait.
 *
 * Returns the status of the request, or MCP_PENDING if the time ends first.
 * A status that is an error is also the last error of this thread.
 *
 * Errors: MCP_E_STATE if the request was not started, or inside a callback
 * that gets or stores a credential.
 *
 * A request whose status this function has returned is handed out:
 * mcp_client_next_done() does not return it again.  A request with a done
 * callback is handed out by the callback: see mcp_request_set_done().  The
 * callback may free the request during the wait.
 */
int32_t mcp_request_wait(mcp_request *request, int64_t milliseconds);

/**
 * Sets a callback that receives the request when it was started and is done.
 *
 * `callback`: runs once for each successful mcp_request_start(), whatever the
 * status of the request is.  NULL removes it.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * The callback hands out the request in place of mcp_client_next_done(),
 * which never returns a request that has a done callback.
 * mcp_request_wait() returns the status of such a request, and its callback
 * runs as well.  The callback does not run for mcp_request_perform().
 *
 * The callback runs inside mcp_client_dispatch(), or inside a call of the
 * same client that waits, on any of the threads that are in such a function.
 * It never runs inside another callback of its client on the same thread: it
 * runs after that callback has returned.  It may make calls with the client,
 * and may start other requests and wait for them.  Done callbacks that
 * become due meanwhile run after it.
 *
 * mcp_client_close() runs no done callback.  A later mcp_client_dispatch()
 * runs those of the requests that were in flight, with the status
 * MCP_E_CLOSED.  mcp_client_free() runs those that are left, on the thread
 * that calls it.
 *
 * A request that is freed gets no callback any more.  If its callback is
 * running on another thread at that time, mcp_request_free() waits until it
 * returns, unless it is called inside a callback.  Do not hold a lock that
 * the callback takes.  If the callback frees its request, no other thread may
 * free a request that has been started: use mcp_request_cancel() there.
 */
int32_t mcp_request_set_done(mcp_request *request,
                             mcp_done_fn callback,
                             void *userdata,
                             mcp_free_fn free_userdata);

/**
 * Ends a mcp_client_dispatch() that waits on another thread.
 *
 * `client`: not changed.
 *
 * If no thread waits in mcp_client_dispatch(), the next one that would wait
 * returns at once.  Several calls before that count as one.  Until then the
 * descriptor of mcp_client_fd() is readable.  The function never waits; a
 * signal handler must not call it.
 *
 * Errors: MCP_E_CLOSED.
 */
int32_t mcp_client_wake(mcp_client *client);

/**
 * Sets the function that tells an event loop without descriptors, such as
 * that of a window system or a game, to call mcp_client_dispatch().
 *
 * `callback`: called when the descriptor of mcp_client_fd() becomes
 * readable, on the thread that made it so.  NULL removes it.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.  It never runs on a thread of the
 * library.
 *
 * After the callback was called, the loop calls mcp_client_dispatch(client,
 * 0), and then mcp_client_next_done() until that returns NULL.  Then nothing
 * is lost: if a dispatch leaves something for the next one, the callback is
 * called again before it returns.  The callback may be called more often
 * than there is something to do, and on several threads at a time.  If there
 * is something already, this function calls it at once.
 *
 * Replacing and removing the callback wait until the old one has returned on
 * every other thread.  So do not hold a lock that the callback takes.
 * Inside such a callback they do not wait.
 *
 * mcp_client_free() removes the callback.
 *
 * Errors: MCP_E_STATE for a callback on a closed client.
 */
int32_t mcp_client_set_wakeup(mcp_client *client,
                              mcp_wakeup_fn callback,
                              void *userdata,
                              mcp_free_fn free_userdata);

/**
 * Sets whether handlers run in mcp_client_dispatch() alone, and not in other
 * calls that wait.
 *
 * `on`: 1 for mcp_client_dispatch() alone; 0, which is the default, for every
 * call of this client that waits as well.
 *
 * With 1, a handler runs only on a thread that calls mcp_client_dispatch().
 * This holds for notifications, progress, input requests, tokens and all
 * other callbacks of the client except mcp_wakeup_fn.  A call that waits
 * leaves them in the queue:
 * - Notifications and progress stay there until a dispatch.  Progress that
 *   is still there when its call returns is dropped.
 * - A call that cannot go on without a handler, such as one for an input
 *   request, a token or the browser, waits until another thread runs it in
 *   mcp_client_dispatch().  On the thread that dispatches, such a call is
 *   MCP_E_STATE.
 *
 * The thread that dispatches is the one that last called
 * mcp_client_dispatch(), or this function.  mcp_request_wait() returns a
 * request that is done on every thread.
 *
 * The setting holds for everything that arrives from now on.
 *
 * Errors: MCP_E_STATE for a closed client.
 */
int32_t mcp_client_set_dispatch_only(mcp_client *client, int32_t on);

/*
 * ===========================================================================
 * NOTIFICATIONS
 * ===========================================================================
 * The server tells what has changed:
 *
 *     static void on_event(void *userdata, mcp_client *client,
 *                          const mcp_event *event)
 *     {
 *         if (mcp_event_kind(event) == MCP_EVENT_TOOLS_CHANGED)
 *             *(int *)userdata = 1;
 *         (void)client;
 *     }
 *
 *     static void watch(mcp_client *client, int *changed)
 *     {
 *         mcp_client_set_event_handler(client, on_event, changed, NULL);
 *         mcp_listen(client, MCP_EVENT_TOOLS_CHANGED);
 *     }
 */

/**
 * A NOTIFICATION of the server, or of the library about its notification
 * stream or about a sign-in.
 *
 * The handler of mcp_client_set_event_handler() receives it.  It is valid
 * while the handler runs, and so is everything that the functions below
 * return.
 *
 * Functions: mcp_event_kind(), mcp_event_method(), mcp_event_params_json(),
 *   mcp_event_uri(), mcp_event_log_level(), mcp_event_message(),
 *   mcp_event_task().
 */
struct mcp_event;

/**
 * Sets the callback that receives the notifications of the server.
 *
 * `callback`: runs inside mcp_client_dispatch() and inside calls that wait,
 * on the thread that called.  NULL removes the callback, and events are
 * dropped.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * The callback may call every function except mcp_client_free().  A call that
 * it makes with this client runs no event handler: notifications that arrive
 * during that call are queued in order until the callback has returned.
 *
 * At most 1024 events and progress reports, and at most 16 MiB of them, are
 * queued.  If more arrive before the application handles them, the oldest
 * are dropped and counted, see mcp_client_counter().
 *
 * When: at any time.  Spec: notifications.
 */
int32_t mcp_client_set_event_handler(mcp_client *client,
                                     mcp_event_fn callback,
                                     void *userdata,
                                     mcp_free_fn free_userdata);

/**
 * EVENT KINDS, for mcp_event_kind().  For mcp_listen(), add together those
 * that the application wants.
 *
 * The server's list of tools has changed.
 */
#define MCP_EVENT_TOOLS_CHANGED 1

/**
 * The server's list of prompts has changed.
 */
#define MCP_EVENT_PROMPTS_CHANGED 2

/**
 * The server's list of resources has changed.
 */
#define MCP_EVENT_RESOURCES_CHANGED 4

/**
 * The contents of a resource that the client has subscribed to have changed.
 * See mcp_event_uri().
 */
#define MCP_EVENT_RESOURCE_UPDATED 8

/**
 * A log message.  See mcp_event_log_level() and mcp_event_message().
 */
#define MCP_EVENT_LOG 16

/**
 * The person has completed in the browser what an MCP_INPUT_URL input
 * request asked for.
 */
#define MCP_EVENT_ELICITATION_COMPLETE 32

/**
 * The status of a task has changed.  See mcp_event_task().  From revision
 * 2026-07-28 on, a server reports tasks only if mcp_listen() asks for this
 * kind.
 */
#define MCP_EVENT_TASK_STATUS 64

/**
 * The notification stream of mcp_listen() or mcp_subscribe_resource() is
 * open, or open again.  Changes made while it was closed were not reported:
 * read again what you have cached.
 */
#define MCP_EVENT_LISTENING 128

/**
 * Any other notification.  See mcp_event_method() and
 * mcp_event_params_json().  A later library may give some of these
 * notifications a number of their own: see "NEW KINDS" at the top.
 */
#define MCP_EVENT_OTHER 256

/**
 * The server has withdrawn an input request: it no longer wants an answer.
 */
#define MCP_EVENT_CANCELLED 512

/**
 * The notification stream of mcp_listen() or mcp_subscribe_resource() was
 * open, has closed, and will not open again, because the server now refuses
 * it.  mcp_event_message() has the reason.  Open the stream again when the
 * reason no longer holds.
 */
#define MCP_EVENT_LISTENING_ENDED 1024

/**
 * Something happened during a sign-in that the person should know now, while
 * the sign-in goes on.  For example, a request to the redirect URL did not
 * belong to the sign-in and was ignored.  mcp_event_message() has the text
 * to show.  A sign-in has at most 16 of these events.
 */
#define MCP_EVENT_SIGN_IN_NOTICE 2048

/**
 * The state of the client has changed.  mcp_client_state() has the state.
 * Changes that follow each other before the handler runs are one event, so
 * the state may be the same as in the event before; then the client was lost
 * and is connected again, for example.  mcp_event_message() has the reason
 * for MCP_STATE_LOST.  There is no event for MCP_STATE_CLOSED: the queue of
 * a closed client is empty.
 */
#define MCP_EVENT_STATE 4096

/**
 * Returns the kind of an event: one of MCP_EVENT_.
 *
 * `event`: NULL gives 0.
 */
int32_t mcp_event_kind(const mcp_event *event);

/**
 * Returns the notification's method, such as
 * "notifications/tools/list_changed".
 *
 * `event`: NULL gives NULL.
 *
 * It is "" for the events of the library: MCP_EVENT_LISTENING,
 * MCP_EVENT_LISTENING_ENDED, MCP_EVENT_SIGN_IN_NOTICE and MCP_EVENT_STATE.
 * Never NULL for a valid `event`.
 */
const char *mcp_event_method(const mcp_event *event);

/**
 * Returns the notification's params as JSON text; "{}" if it has none.
 *
 * `event`: NULL gives NULL.
 *
 * Never NULL for a valid `event`.
 */
const char *mcp_event_params_json(const mcp_event *event, size_t *len);

/**
 * Returns the URI of the resource that changed, for
 * MCP_EVENT_RESOURCE_UPDATED.
 *
 * `event`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type, and for
 * other kinds of event.
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
 * Spec: notifications/message.
 */
int32_t mcp_event_log_level(const mcp_event *event);

/**
 * Returns the text of an event, to show to a person: the log message for
 * MCP_EVENT_LOG, the reason for MCP_EVENT_LISTENING_ENDED and for
 * MCP_EVENT_STATE with MCP_STATE_LOST, the notice for
 * MCP_EVENT_SIGN_IN_NOTICE.
 *
 * `event`: NULL gives NULL.
 *
 * A log message may be any JSON value: a string is returned as its text, any
 * other value as JSON text.  For MCP_EVENT_LOG, returns NULL if the server
 * sent none or null; the logger's name is in mcp_event_params_json().  For
 * MCP_EVENT_LISTENING_ENDED and MCP_EVENT_SIGN_IN_NOTICE the text is one line
 * without control characters, and never NULL.  MCP_EVENT_STATE has such a text
 * for MCP_STATE_LOST only.  Returns NULL for all other kinds.
 */
const char *mcp_event_message(const mcp_event *event);

/**
 * Returns the task of MCP_EVENT_TASK_STATUS; NULL for other kinds of event.
 *
 * `event`: NULL gives NULL.
 *
 * Spec: notifications/tasks/status, notifications/tasks.
 */
const mcp_task *mcp_event_task(const mcp_event *event);

/**
 * Opens the notification stream and keeps it open.  On this stream the
 * server sends notifications that belong to no request.
 *
 * `kinds`: the sum of the MCP_EVENT_ numbers that the application wants.  0
 * closes the stream, unless a subscription needs it or, up to revision
 * 2025-11-25, the input requests of the server do.
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
 * Errors: call errors; MCP_E_UNSUPPORTED if the server offers no such
 * stream, or sends none of the notifications asked for.
 *
 * Spec: transports, listening for messages; subscriptions/listen.
 */
int32_t mcp_listen(mcp_client *client, int32_t kinds);

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
 * Errors: call errors; MCP_E_UNSUPPORTED if the server does not support
 * subscriptions, or not to this resource.
 *
 * Spec: resources/subscribe, subscriptions/listen.
 */
int32_t mcp_subscribe_resource(mcp_client *client, const char *uri);

/**
 * Ends a subscription made by mcp_subscribe_resource().
 *
 * `uri`: the same text as there.
 *
 * Errors: call errors.
 *
 * Spec: resources/unsubscribe, subscriptions/listen.
 */
int32_t mcp_unsubscribe_resource(mcp_client *client, const char *uri);

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
 * Asks the server to send log messages of a level and all higher levels;
 * each is reported as MCP_EVENT_LOG.
 *
 * `level`: one of MCP_LOG_.
 *
 * Up to revision 2025-11-25 the level is sent to the server once, and again
 * after a lost session.  In later revisions it is sent with each request,
 * and the server sends log messages while that request runs.
 *
 * Errors: call errors; MCP_E_INVALID_ARGUMENT for an unknown level.
 *
 * Spec: logging/setLevel, _meta logLevel.
 */
int32_t mcp_set_log_level(mcp_client *client, int32_t level);

/**
 * Sends a notification.  The server does not answer notifications.
 *
 * `method`: the notification's method, such as "notifications/x", in
 * printable ASCII, copied.
 * `params_json`: a JSON object as UTF-8 text, copied; NULL or "" for none.
 *
 * Returns MCP_OK if the server accepted it.
 *
 * Errors: call errors.
 *
 * Spec: basic, notifications.
 */
int32_t mcp_notify(mcp_client *client,
                   const char *method,
                   const char *params_json);

/*
 * ===========================================================================
 * INPUT REQUESTS
 * ===========================================================================
 * The server asks the application, for example for a form that the person fills
 * in:
 *
 *     static void on_input(void *userdata, mcp_client *client,
 *                          mcp_input *input)
 *     {
 *         const char *message = mcp_input_message(input);
 *
 *         (void)userdata;
 *         (void)client;
 *         printf("%s\n", message ? message : "The server asks a question.");
 *         mcp_input_accept(input, "{\"name\":\"Ada\"}");
 *         mcp_input_free(input);
 *     }
 */

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
 * MCP_LIMIT_INPUT_TIME is over.
 *
 * While the input request is open, the request that it belongs to waits, and
 * the timeout of that request is paused.  An input request that arrives on
 * the notification stream does not say which request it belongs to; it
 * pauses the timeouts of all requests.
 *
 * Up to revision 2025-11-25 the server sends an input request as a message;
 * from 2026-07-28 on it sends an "input_required" result.  The application
 * handles both in the same way.
 *
 * Functions: mcp_input_kind(), mcp_input_message(), mcp_input_schema_json(),
 *   mcp_input_url(), mcp_input_params_json(), mcp_input_request(),
 *   mcp_input_client(), mcp_input_accept(), mcp_input_decline(),
 *   mcp_input_dismiss(), mcp_input_reply_json(), mcp_input_fail().
 *
 * Released by: mcp_input_free().
 */
struct mcp_input;

/**
 * INPUT REQUEST KINDS, for mcp_input_kind(), and added together for
 * mcp_client_set_input_handler().
 *
 * A form to fill in (elicitation).  It has a message and a JSON Schema of
 * flat fields.
 */
#define MCP_INPUT_FORM 1

/**
 * A web page to visit (elicitation), for data that must not pass through the
 * application.
 */
#define MCP_INPUT_URL 2

/**
 * A prompt for a language model (sampling/createMessage).
 */
#define MCP_INPUT_SAMPLING 4

/**
 * For mcp_client_set_input_handler() only: prompts for a language model that
 * may include tools.  The kind of such an input request is
 * MCP_INPUT_SAMPLING.
 */
#define MCP_INPUT_SAMPLING_TOOLS 8

/**
 * The list of roots (roots/list), unless mcp_client_set_roots_json()
 * provides it.
 */
#define MCP_INPUT_ROOTS 16

/**
 * Sets the callback that receives the server's input requests, and declares
 * to the server which kinds it may send.
 *
 * `kinds`: the sum of the MCP_INPUT_ numbers that the callback can answer.
 * Exactly these kinds are declared; without a callback, none.
 * `callback`: runs where an event handler does, and also while the calls that
 * it makes itself wait.  NULL removes the callback.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * Calls that the callback makes may lead to further input requests, up to a
 * depth of four.  A deeper input request is answered with the JSON-RPC error
 * -32603 at once.
 *
 * At most 1000 input requests, and at most 64 MiB of them, can be unanswered
 * or not yet freed.  A further one is answered with an error at once, and
 * counted, see mcp_client_counter().  An "input_required" result with more
 * than 1000 input requests is MCP_E_TOO_LARGE.
 *
 * Errors: MCP_E_INVALID_ARGUMENT for no kinds or unknown kinds; MCP_E_STATE
 * after the first exchange with the server, unless the kinds stay the same.
 *
 * Spec: elicitation, sampling, roots.
 */
int32_t mcp_client_set_input_handler(mcp_client *client,
                                     int32_t kinds,
                                     mcp_input_fn callback,
                                     void *userdata,
                                     mcp_free_fn free_userdata);

/**
 * Returns the kind: MCP_INPUT_FORM, MCP_INPUT_URL, MCP_INPUT_SAMPLING or
 * MCP_INPUT_ROOTS.
 *
 * `input`: NULL gives 0.
 */
int32_t mcp_input_kind(const mcp_input *input);

/**
 * Returns the message to show to the person; "" if there is none.
 *
 * `input`: NULL gives NULL.
 *
 * Never NULL for a valid `input`.  The text comes from the server: tell the
 * person which server sent it.
 *
 * Spec: elicitation/create, message.
 */
const char *mcp_input_message(const mcp_input *input);

/**
 * Returns the JSON Schema of the form, for MCP_INPUT_FORM.
 *
 * `input`: NULL gives NULL.
 *
 * Returns NULL if the server sent none, and for other kinds; a value of
 * another type is returned as it is.
 *
 * Spec: elicitation, requestedSchema.
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
 * other kinds.
 *
 * Spec: elicitation, URL mode.
 */
const char *mcp_input_url(const mcp_input *input);

/**
 * Returns the params of the input request as JSON text.
 *
 * `input`: NULL gives NULL.
 *
 * For MCP_INPUT_SAMPLING this is the only way to read it.  Never NULL for a
 * valid `input`.
 *
 * Spec: sampling/createMessage.
 */
const char *mcp_input_params_json(const mcp_input *input, size_t *len);

/**
 * Returns the request that the input request belongs to; NULL if it is not
 * known, and after the request was freed.
 *
 * `input`: NULL gives NULL.
 *
 * The request is borrowed, and stays yours.  It waits for the answer; it may
 * also have ended meanwhile.  The server says which request it is:
 * - Revision 2026-07-28: always, over every transport.
 * - Up to revision 2025-11-25, over Streamable HTTP: if the input request
 *   arrives on the response to the request, and not on a notification
 *   stream.
 * - Up to revision 2025-11-25, over stdio and HTTP with SSE: never.
 *
 * The function also returns NULL if the call is no mcp_request, for example
 * mcp_call_tool().
 *
 * Spec: elicitation, sampling, roots; transports.
 */
mcp_request *mcp_input_request(const mcp_input *input);

/**
 * Returns the client whose server sent the input request; NULL after
 * mcp_client_free().
 *
 * `input`: NULL gives NULL.
 *
 * The client is borrowed, and stays yours.
 */
mcp_client *mcp_input_client(const mcp_input *input);

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
 * The library sends the answer in the background: the function does not wait.
 *
 * Errors: MCP_E_STATE if it was answered or withdrawn already; MCP_E_CLOSED;
 * MCP_E_SESSION_LOST; MCP_E_TOO_LARGE if too many answers wait, because the
 * server takes none; MCP_E_INTERNAL if the background thread cannot be
 * started.
 *
 * Spec: elicitation.
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
 * Errors: those of mcp_input_accept().
 *
 * Spec: elicitation.
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
 * Errors: those of mcp_input_accept().
 *
 * Spec: elicitation.
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
 * Errors: those of mcp_input_accept(); MCP_E_INVALID_ARGUMENT if
 * `result_json` lacks one of these members; the input request then stays
 * open.
 *
 * Spec: sampling/createMessage, roots/list.
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
 * Errors: those of mcp_input_accept().
 *
 * Spec: basic, responses.
 */
int32_t mcp_input_fail(mcp_input *input,
                       int32_t rpc_code,
                       const char *message);

/**
 * Releases an input request.  If it is not answered yet, it is dismissed.
 *
 * `input`: an input request that is not used again, or NULL.
 */
void mcp_input_free(mcp_input *input);

/**
 * Sets the roots that the library sends to a server that asks for them, and
 * declares the roots capability.
 *
 * `json`: a JSON array of {"uri":"file://...","name":"..."} as UTF-8 text;
 * NULL removes the roots and the capability.
 *
 * If the client is connected, the library announces the change to the
 * server.  It does so in the background: this function does not wait.  An
 * announcement that is lost with the connection is not repeated: the server
 * of the next connection asks for the roots if it needs them.
 *
 * Errors: MCP_E_STATE for a closed client, and for a connected one if the
 * change would declare or remove the capability; MCP_E_INTERNAL if the
 * background thread cannot be started.
 *
 * Spec: roots.
 */
int32_t mcp_client_set_roots_json(mcp_client *client, const char *json);

/*
 * ===========================================================================
 * TASKS
 * ===========================================================================
 * A task is a tool call that continues after the server has answered:
 *
 *     mcp_request *request = mcp_request_new_call_tool(client, "render", NULL);
 *     mcp_result *result = NULL;
 *
 *     mcp_request_set_task(request, 3600000);
 *     if (mcp_request_perform(request, &result) == MCP_OK) {
 *         const char *id = mcp_task_id(mcp_result_task(result, 0));
 *
 *         printf("%s\n", id ? "The server made a task." : "It is done.");
 *     }
 *     mcp_result_free(result);
 *     mcp_request_free(request);
 */

/**
 * A TASK: a tool call that continues at the server after the server has
 * answered the request, because it takes too long to keep a connection open.
 *
 * Borrowed from the result of mcp_result_task(), or from the event of
 * mcp_event_task().  Everyone who knows a task's id may be able to get its
 * result: treat the id like a password.  mcp_task_json() also has the times
 * at which the task was created and last changed.
 *
 * Functions: mcp_task_id(), mcp_task_status(), mcp_task_message(),
 *   mcp_task_ttl(), mcp_task_poll_interval(), mcp_task_json().
 */
struct mcp_task;

/**
 * Makes a request return the task instead of waiting for its result, if the
 * server runs the request as a task.
 *
 * `request`: a request that calls a tool.
 * `ttl_milliseconds`: how long the server is asked to keep the task and its
 * result; 0 lets the server choose; -1, the default, turns this option off.
 *
 * This works whether or not MCP_ALLOW_TASKS is set.  If the
 * result has an mcp_result_task(), the server made the call a task.  Pass
 * its mcp_task_id() to mcp_get_task_result(), now or later, with this client
 * or another client of the same user.
 *
 * In revision 2025-11-25 the library asks for a task if the tool allows it.
 * In later revisions the server decides, and it also chooses how long it
 * keeps the task.
 *
 * Errors: MCP_E_INVALID_ARGUMENT also for a request that calls no tool.
 * Spec: tasks (2025-11-25), tasks extension (2026-07-28).
 */
int32_t mcp_request_set_task(mcp_request *request, int64_t ttl_milliseconds);

/**
 * Asks the server for a task's status.
 *
 * `task_id`: the id of mcp_task_id(), copied.
 * `out`, unless NULL, receives the result, or NULL on failure.  Read it with
 * mcp_task_status(mcp_result_task(*out, 0)); free it with mcp_result_free().
 *
 * Errors: call errors; MCP_E_NOT_FOUND for a task that the server does not
 * know, or does not know any more; MCP_E_UNSUPPORTED if the server or its
 * revision has no tasks.
 *
 * Spec: tasks/get.
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
 * Errors: those of mcp_get_task(); the error that the task contains;
 * MCP_E_CANCELLED for a task that was cancelled.
 *
 * Spec: tasks/result, tasks/get, tasks/update.
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
 * Errors: those of mcp_get_task().  MCP_E_NOT_FOUND also stands for a task
 * that has ended: in revision 2025-11-25 both have the same error.
 *
 * Spec: tasks/cancel.
 */
int32_t mcp_cancel_task(mcp_client *client, const char *task_id);

/**
 * Returns 1 for a result that is a task, and the number of tasks for a
 * result of the method "tasks/list".
 *
 * `result`: NULL gives 0.
 *
 * Spec: tasks/list.
 */
size_t mcp_result_task_count(const mcp_result *result);

/**
 * Returns a task by its index.
 *
 * `result`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * A result that is a task has one, with the index 0.  Other results, such as
 * that of a tool that the server did not run as a task, have none.  For the
 * tasks of a server, in revision 2025-11-25, use mcp_request_new() with the
 * method "tasks/list" and mcp_request_set_all_pages().
 *
 * Spec: tasks/list.
 */
const mcp_task *mcp_result_task(const mcp_result *result, size_t index);

/**
 * Returns the task's id.  Treat it like a password.
 *
 * `task`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Task, taskId.
 */
const char *mcp_task_id(const mcp_task *task);

/**
 * Returns the task's status: "working", "input_required", "completed",
 * "failed" or "cancelled".
 *
 * `task`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Task, status.
 */
const char *mcp_task_status(const mcp_task *task);

/**
 * Returns the server's message about the task's status.
 *
 * `task`: NULL gives NULL.
 *
 * Returns NULL if the server sent none or a value of another type.
 *
 * Spec: Task, statusMessage.
 */
const char *mcp_task_message(const mcp_task *task);

/**
 * Returns for how many milliseconds, from its creation on, the server keeps
 * the task.
 *
 * `task`: NULL gives -1.
 *
 * Returns -1 if the server sets no limit, or sent a value of another type.
 *
 * Spec: Task, ttl.
 */
int64_t mcp_task_ttl(const mcp_task *task);

/**
 * Returns how many milliseconds the server wants the application to wait
 * before it asks for the task again.
 *
 * `task`: NULL gives -1.
 *
 * Returns -1 if the server does not say so, or sent a value of another type.
 *
 * Spec: Task, pollInterval.
 */
int64_t mcp_task_poll_interval(const mcp_task *task);

/**
 * Returns the whole task as JSON text.
 *
 * `task`: NULL gives NULL.
 *
 * Never NULL for a valid `task`.
 *
 * Spec: Task.
 */
const char *mcp_task_json(const mcp_task *task, size_t *len);

/*
 * ===========================================================================
 * SERVER PROCESSES
 * ===========================================================================
 * A server may be a program that the library starts:
 *
 *     static const char *const argv[] = {"weather-server", "--metric", NULL};
 *     mcp_client *client = mcp_client_new_stdio(argv);
 *
 *     mcp_client_set_env(client, "WEATHER_KEY", key);
 *     if (mcp_ping(client) != MCP_OK)
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 *     mcp_client_free(client);
 */

/**
 * Makes a client of a server that is a program; the library talks to it over
 * its standard input and output.
 *
 * `argv`: the program and its arguments, ended by a null pointer; copied.  A
 * program without a slash is searched for in the PATH.  No shell is
 * involved.
 *
 * This function does not start the program.  The first call starts it, and a
 * call after the program has ended starts it again; see
 * MCP_ALLOW_RESTART.  The program gets the environment variables
 * HOME, LOGNAME, PATH, SHELL, TERM and USER of the application, and those of
 * mcp_client_set_env().  It inherits no descriptor except its standard ones.
 * It runs in a process group of its own.
 *
 * mcp_client_close() ends the program.  It closes the program's standard
 * input.  If the program is still running, its process group gets SIGTERM
 * after two seconds and SIGKILL after four.  Processes of the group that
 * outlive the program get SIGTERM when it has ended, and SIGKILL two seconds
 * later.  A process that has left the group, for example with setsid(), gets
 * no signal.  The library neither needs nor sets a handler for SIGCHLD.
 *
 * All calls work as with other clients.  Tokens, headers, proxies and
 * certificates belong to HTTP: the functions that set them return
 * MCP_E_UNSUPPORTED.  If the program cannot be started, or ends while a call
 * waits, the call returns MCP_E_PROCESS.  mcp_error_exit_status() then
 * returns the program's exit status, and the message has the first
 * and the last lines of what the program wrote to its standard error.
 *
 * Returns a handle to free with mcp_client_free(), or NULL with the last
 * error set: MCP_E_INVALID_ARGUMENT, MCP_E_INTERNAL.
 *
 * When: while no thread changes the environment.
 * Spec: transports, stdio.
 */
mcp_client *mcp_client_new_stdio(const char *const *argv);

/**
 * Makes a client that uses two descriptors that are already open, such as a
 * socket, pipes to a container, or a server inside the application.
 *
 * `read_fd`: the library reads the server's messages from it.
 * `write_fd`: the library writes messages to the server to it.  It may be
 * the same number as `read_fd`.
 *
 * Each message is one line of JSON, as on stdio.  Both descriptors belong to
 * the client from now on, also if this function returns NULL, unless a
 * number is not an open descriptor.  The library sets them to non-blocking.
 * They serve one session: once a stream has ended, calls return MCP_E_IO.
 *
 * Returns a handle to free with mcp_client_free(), or NULL with the last
 * error set: MCP_E_INVALID_ARGUMENT, MCP_E_INTERNAL.
 *
 * When: while no thread changes the environment.
 * Spec: transports, stdio.
 */
mcp_client *mcp_client_new_fds(mcp_fd read_fd, mcp_fd write_fd);

/**
 * Sets an environment variable of a server process.
 *
 * `name`: not empty, without "=".  Copied.
 * `value`: copied; NULL removes the variable, even one that every server
 * gets.  A value is treated as a secret in messages if the name says that it
 * is one (API_KEY, TOKEN, DB_PASSWORD, ...), or the value itself does (a URL
 * with a password, a private key, a token with a known prefix).
 *
 * Errors: MCP_E_UNSUPPORTED for a client that does not start its server;
 * MCP_E_STATE while the process runs.
 */
int32_t mcp_client_set_env(mcp_client *client,
                           const char *name,
                           const char *value);

/**
 * Sets the directory in which a server process starts.
 *
 * `path`: copied; NULL, which is the default, means the current directory of
 * the application.
 *
 * Errors: those of mcp_client_set_env().  If the directory does not exist, the
 * first call returns MCP_E_PROCESS.
 */
int32_t mcp_client_set_directory(mcp_client *client,
                                 const char *path);

/**
 * STANDARD ERROR of a server process, for mcp_client_set_stderr().
 *
 * The library reads it, and keeps its first and last lines for error
 * messages.
 */
#define MCP_STDERR_KEEP 0

/**
 * The output is discarded.
 */
#define MCP_STDERR_DISCARD 1

/**
 * The output goes to the standard error of the application.
 */
#define MCP_STDERR_INHERIT 2

/**
 * The output goes to a descriptor of the application, such as a file, or a
 * pipe that it reads.
 */
#define MCP_STDERR_FD 3

/**
 * Sets what happens to the standard error of a server process.
 *
 * `choice`: one of MCP_STDERR_.  MCP_STDERR_KEEP is the default: the library
 * reads the output, and keeps its first 2 KiB and its last 6 KiB, as lines,
 * for the messages of MCP_E_PROCESS and MCP_E_TIMEOUT.
 * `fd`: for MCP_STDERR_FD, a descriptor that is duplicated; ignored for other
 * choices: pass MCP_FD_NONE.
 *
 * Errors: those of mcp_client_set_env(); MCP_E_INVALID_ARGUMENT also for a
 * number that is not an open descriptor.
 *
 * Spec: transports, stdio.
 */
int32_t mcp_client_set_stderr(mcp_client *client, int32_t choice, mcp_fd fd);

/*
 * ===========================================================================
 * CONNECTIONS
 * ===========================================================================
 * How the library reaches a server by HTTP:
 *
 *     mcp_client *client = mcp_client_new(url, token);
 *
 *     mcp_client_set_proxy(client, "http://proxy.example:3128");
 *     mcp_client_set_ca_file(client, "/etc/company/ca.pem");
 *     if (mcp_ping(client) == MCP_E_TLS)
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 *     mcp_client_free(client);
 */

/**
 * TRANSPORTS, for mcp_client_set_transport() and mcp_client_transport().
 *
 * The library tries Streamable HTTP first, then HTTP with SSE (2024-11-05)
 * if the server answers 400, 404 or 405.  For a URL whose path has a segment
 * "sse" it tries them in the opposite order.
 */
#define MCP_TRANSPORT_AUTO 0
#define MCP_TRANSPORT_STREAMABLE_HTTP 1
#define MCP_TRANSPORT_SSE 2

/**
 * A process or open descriptors.  mcp_client_transport() returns it; it
 * cannot be chosen.
 */
#define MCP_TRANSPORT_STDIO 3

/**
 * Chooses the HTTP transport by which the library reaches the server.
 *
 * `transport`: MCP_TRANSPORT_AUTO, which is the default,
 * MCP_TRANSPORT_STREAMABLE_HTTP or MCP_TRANSPORT_SSE.
 *
 * Errors: MCP_E_UNSUPPORTED for a server that is not reached by HTTP;
 * MCP_E_STATE once the client is connected.
 *
 * Spec: transports, backwards compatibility.
 */
int32_t mcp_client_set_transport(mcp_client *client, int32_t transport);

/**
 * Returns the transport that is in use, one of MCP_TRANSPORT_.
 *
 * `client`: NULL gives MCP_TRANSPORT_AUTO.
 *
 * Returns MCP_TRANSPORT_AUTO while the client is not connected.
 *
 * Spec: transports.
 */
int32_t mcp_client_transport(mcp_client *client);

/**
 * Sets the HTTP proxy for all connections of the client; the library uses
 * the method CONNECT.
 *
 * `url`: "http://HOST:PORT" or "https://HOST:PORT", copied.  USER:PASSWORD@
 * may stand before the host.  "" means no proxy.  NULL, which is the
 * default, follows the environment variables as curl does: https_proxy,
 * HTTPS_PROXY, http_proxy, all_proxy, ALL_PROXY, no_proxy and NO_PROXY, with
 * their values when the client was made.
 *
 * Connections to loopback addresses never use a proxy.
 *
 * Errors: MCP_E_STATE once the client is connected; MCP_E_UNSUPPORTED for a
 * server that is not reached by HTTP.
 */
int32_t mcp_client_set_proxy(mcp_client *client, const char *url);

/**
 * Adds the certificates in a PEM file to the trusted certificates of the
 * system.
 *
 * The file may hold the certificate of the server itself, whoever signed it.
 * The library then needs no authority for it, but still checks its name and
 * its dates.
 *
 * `path`: in UTF-8.  The file is read at once.  NULL, which is the default,
 * means the certificates of the system only.
 *
 * Errors: MCP_E_TLS if the file cannot be read or has no certificate;
 * MCP_E_STATE once the client is connected; MCP_E_UNSUPPORTED for a server
 * that is not reached by HTTP.
 */
int32_t mcp_client_set_ca_file(mcp_client *client, const char *path);

/**
 * Does what mcp_client_set_ca_file() does, with the certificates in memory.
 *
 * `pem`: `len` bytes of PEM text, copied; no NUL is needed at the end.  NULL,
 * which is the default, means the certificates of the system only.
 * `len`: the length in bytes.
 *
 * This function and mcp_client_set_ca_file() replace each other's
 * certificates.
 *
 * Errors: MCP_E_TLS if there is no certificate in the text; MCP_E_STATE once
 * the client is connected; MCP_E_UNSUPPORTED for a server that is not
 * reached by HTTP.
 */
int32_t mcp_client_set_ca_data(mcp_client *client,
                               const char *pem,
                               size_t len);

/**
 * Sets a client certificate for mutual TLS.
 *
 * `certificate_path`: a PEM file with the certificate chain, the client's
 * own certificate first.
 * `key_path`: a PEM file with the private key of the certificate.  It may be
 * the same file.
 *
 * Both paths are in UTF-8, and the files are read at once.  If both are
 * NULL, which is the default, there is no client certificate.  The library
 * presents the certificate to the origin of the client's URL only: not to a
 * proxy, and not to an authorization server of another origin.
 *
 * Errors: MCP_E_TLS if the files cannot be read or do not match;
 * MCP_E_INVALID_ARGUMENT if one path is NULL; MCP_E_STATE once the client is
 * connected; MCP_E_UNSUPPORTED for a server that is not reached by HTTP.
 */
int32_t mcp_client_set_certificate(mcp_client *client,
                                   const char *certificate_path,
                                   const char *key_path);

/**
 * Does what mcp_client_set_certificate() does, with certificate and key in
 * memory.
 *
 * `certificate_pem`: `certificate_len` bytes of PEM text: the certificate
 * chain, the client's own certificate first.
 * `certificate_len`: the length in bytes.
 * `key_pem`: `key_len` bytes of PEM text: the private key of the certificate.
 * The library keeps no copy of the text.
 * `key_len`: the length in bytes.
 *
 * No NUL is needed at the end of the texts.  If both are NULL, there is no
 * client certificate.  This function and mcp_client_set_certificate() replace
 * each other's certificate.
 *
 * Errors: MCP_E_TLS if there is no certificate or no key in the texts, or if
 * they do not belong together; MCP_E_INVALID_ARGUMENT if one text is NULL;
 * MCP_E_STATE once the client is connected; MCP_E_UNSUPPORTED for a server
 * that is not reached by HTTP.
 */
int32_t mcp_client_set_certificate_data(mcp_client *client,
                                        const char *certificate_pem,
                                        size_t certificate_len,
                                        const char *key_pem,
                                        size_t key_len);

/**
 * Sets a Unix socket to connect to, in place of the host and port of the
 * URL.
 *
 * `path`: in UTF-8, copied; NULL removes it.
 *
 * Errors: MCP_E_STATE once the client is connected; MCP_E_UNSUPPORTED for a
 * server that is not reached by HTTP.
 */
int32_t mcp_client_set_unix_socket(mcp_client *client, const char *path);

/*
 * ===========================================================================
 * TIME AND LIMITS
 * ===========================================================================
 * Every wait has an end, and every buffer has a limit:
 *
 *     mcp_client_set_timeout(client, 20000);
 *     mcp_client_set_deadline(client, 600000);
 *     mcp_client_set_limit(client, MCP_LIMIT_MESSAGE_SIZE, 1048576);
 *     if (mcp_ping(client) == MCP_E_TIMEOUT)
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 */

/**
 * Sets how long a call waits for the response of the server.
 * Default: 60000.
 *
 * `milliseconds`: 1 or more; there is no endless wait.
 *
 * The time includes connecting.  A progress notification for the request
 * restarts the timeout, up to the limit of mcp_client_set_deadline().  The
 * timeout is paused while an input request that belongs to the call is open;
 * see mcp_input.  A call that exceeds its timeout returns MCP_E_TIMEOUT.
 *
 * When: for calls begun later.  Spec: lifecycle, timeouts.
 */
int32_t mcp_client_set_timeout(mcp_client *client, int64_t milliseconds);

/**
 * Sets how long a call may take at most, including every restart of its
 * timeout by progress notifications.  Default: 3600000, which is an hour.
 *
 * `milliseconds`: 1 or more.  If it is shorter than the timeout, the
 * deadline is as long as the timeout.
 *
 * When: for calls begun later.  Spec: lifecycle, timeouts.
 */
int32_t mcp_client_set_deadline(mcp_client *client, int64_t milliseconds);

/**
 * Sets how long mcp_client_close() and mcp_client_free() may wait for the
 * server to accept the messages that calls were cancelled, and the end of the
 * session, and for a server process to end.
 *
 * `milliseconds`: 0 or more.  Default: 500 for a server that is reached by
 * HTTP, 7000 for a server process.  More than a day counts as a day.
 *
 * 0 means no wait: the library does not end the session at the server, may
 * not tell it of calls that were just cancelled, and kills the server process
 * with its process group.  The kill itself takes a moment, at most a tenth of
 * a second.
 *
 * When: for a close that begins later.
 * Spec: transports, session management; lifecycle, shutdown.
 */
int32_t mcp_client_set_close_timeout(mcp_client *client,
                                     int64_t milliseconds);

/**
 * Pings a connection that is idle, so that the server and what is between
 * keep it open, and so that a server that no longer answers is found.
 *
 * `milliseconds`: how long no request was sent, before the library sends a
 * ping; up to a quarter later.  0, which is the default, sends none.  More
 * than a day counts as a day.
 *
 * The ping is sent on the background thread of the library, only while the
 * client is connected and no call is in progress.  It never makes the
 * library connect, sign in or run a callback for a token.  If the server
 * does not answer it within the time of mcp_client_set_timeout(), or no
 * longer knows the session, the session is lost: the state becomes
 * MCP_STATE_LOST, and the handler gets MCP_EVENT_STATE.  The next call
 * connects again.
 *
 * Revisions up to 2025-11-25 have a ping.  From revision 2026-07-28 on there
 * is none, and no session that could be lost between calls: the library
 * sends nothing there.
 *
 * The setting holds at once, and for later sessions.
 *
 * Errors: MCP_E_STATE for a closed client; MCP_E_INTERNAL if the background
 * thread cannot be started.
 *
 * Spec: ping.
 */
int32_t mcp_client_set_keepalive(mcp_client *client, int64_t milliseconds);

/**
 * LIMITS, for mcp_client_set_limit().  A call that exceeds one of the first
 * four returns MCP_E_TOO_LARGE.
 *
 * The bytes of one message from the server, and of a whole list with all its
 * pages.  Default: 64 MiB.  The library skips a longer line from a server
 * process: the call that the line would have answered fails, and other calls
 * continue.
 */
#define MCP_LIMIT_MESSAGE_SIZE 1

/**
 * The pages of a list.  Default: 1000.
 */
#define MCP_LIMIT_PAGES 2

/**
 * The items of a list.  Default: 1000000.
 */
#define MCP_LIMIT_ITEMS 3

/**
 * The messages in the stream of a call before its response.
 * Default: 1000000.
 */
#define MCP_LIMIT_EVENTS 4

/**
 * The bytes of cached responses.  Default: 4 MiB.  0 turns the cache off, so
 * that every call asks the server.
 *
 * From revision 2026-07-28 on, a server may declare that a response stays
 * fresh for some time.  The library then answers calls for fresh lists and
 * resources from its cache, without a request.  A notification that a list
 * or a resource has changed removes it from the cache; it must arrive
 * through mcp_listen() or mcp_subscribe_resource().  A response for one
 * token is never returned for another token, unless the server declares the
 * response public.  Spec: caching.
 */
#define MCP_LIMIT_CACHE 5

/**
 * The started requests that hold a connection at the same time.
 * Default: 64.  Further requests wait in the order in which they were
 * started, and their timeout runs while they wait.  A request keeps its
 * connection while an input request is open on its stream.  If the handler
 * of an input request starts requests, set the limit high enough for them.
 */
#define MCP_LIMIT_CONNECTIONS 6

/**
 * The milliseconds that name resolution, connecting, a proxy and TLS may
 * take together.  Default: 10000.  A call that exceeds it returns
 * MCP_E_CONNECT.
 *
 * For a server process, it shortens the wait for the response to the
 * library's first request, server/discover, which is at most 2.5 s and half
 * of the call's time.  If there is no response by then, the library also
 * sends the older handshake, initialize, and uses the response that comes
 * first.
 */
#define MCP_LIMIT_CONNECT_TIME 7

/**
 * The milliseconds that an input request may stay unanswered.  After that
 * time the library answers it with "cancel".  Default: 600000, which is ten
 * minutes.
 */
#define MCP_LIMIT_INPUT_TIME 8

/**
 * Sets one of the limits that protect the application from its server, and
 * the machine from the application.
 *
 * `limit`: one of MCP_LIMIT_.
 * `value`: 1 or more; for MCP_LIMIT_CACHE also 0.
 *
 * When: for calls begun later, and for input requests that arrive later.
 */
int32_t mcp_client_set_limit(mcp_client *client,
                             int32_t limit,
                             int64_t value);

/**
 * WHAT AN APPLICATION MAY ALLOW, for mcp_client_set_allow().  To set several,
 * add the numbers together.
 *
 * DANGER.  Allows the library to send a token, or a header that was set,
 * over http:// to another machine.  Otherwise such a call is MCP_E_INSECURE.
 *
 * Loopback addresses and Unix sockets are always allowed.  For a sign-in it
 * allows the metadata of the MCP server over http://, and no other request;
 * for a sign-in over http:// on a private network, see
 * mcp_auth_set_allow_private().  Spec: authorization, communication security.
 */
#define MCP_ALLOW_PLAIN_HTTP 1

/**
 * Allows the library to send a tool call again after a broken connection,
 * although the server may have executed it.  Default: not allowed.
 *
 * It holds for tools that declare that they only read (readOnlyHint), or
 * that calling them twice has the same effect as calling them once
 * (idempotentHint).  The library knows this only for tools in a list that was
 * read.  The hints are claims of the server, which the library cannot verify.
 * mcp_request_set_repeatable() sets this for a single request.  Spec: tool
 * annotations.
 */
#define MCP_ALLOW_REPEAT_TOOLS 2

/**
 * Allows a call to start a server process again after it has ended.
 * Default: allowed.  Where it is not allowed, calls return MCP_E_PROCESS
 * after the process has ended.
 *
 * If the process may have begun to execute a call, the library does not
 * repeat that call after a restart, unless it is safe to repeat; see
 * MCP_ALLOW_REPEAT_TOOLS.
 */
#define MCP_ALLOW_RESTART 4

/**
 * Allows tool calls to run as tasks; the library waits for their end inside
 * the call.  Default: not allowed.
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
 * or MCP_E_SESSION_LOST if the session was lost.  Spec: tasks (2025-11-25),
 * tasks extension (2026-07-28).
 */
#define MCP_ALLOW_TASKS 8

/**
 * Allows a tool's result that does not match the output schema of the tool.
 * Default: not allowed: the call returns MCP_E_SCHEMA, and the result beside
 * it.
 */
#define MCP_ALLOW_MISMATCH 16

/**
 * Allows or forbids something that not every application wants.
 *
 * `what`: one of MCP_ALLOW_, or several of them added together.
 * `allow`: 1 allows all of them, 0 forbids them.
 *
 * Errors: MCP_E_UNSUPPORTED for MCP_ALLOW_RESTART and a client that does not
 * start its server.  Nothing is changed then.
 *
 * When: for calls begun later.
 */
int32_t mcp_client_set_allow(mcp_client *client, int32_t what, int32_t allow);

/*
 * ===========================================================================
 * SIGN-IN
 * ===========================================================================
 * A person signs in with a browser, and the library gets and renews the tokens:
 *
 *     mcp_auth *auth = mcp_auth_new(MCP_GRANT_AUTHORIZATION_CODE);
 *     mcp_client *client = mcp_client_new(url, NULL);
 *
 *     mcp_auth_set_browser(auth, mcp_open_browser, NULL, NULL);
 *     mcp_client_set_auth(client, auth);
 *     mcp_auth_free(auth);
 *     if (mcp_ping(client) != MCP_OK)
 *         fprintf(stderr, "%s\n", mcp_error_message(NULL));
 *     mcp_client_free(client);
 */

/**
 * AN OAUTH AUTHORIZATION: how to get tokens, and the tokens that it has.
 *
 * Set it up, give it to one or several clients with mcp_client_set_auth(),
 * and free it.
 *
 * An exchange is everything that the library does to get a token.  It
 * happens inside a call of a client, when the server asks for a token.  The
 * library finds the authorization server, registers the application, lets
 * the person sign in, and uses PKCE and the resource indicator.  It renews a
 * token before it expires and when the server refuses it.  It repeats the
 * sign-in once if the server asks for a wider scope.  Threads that need a
 * token at the same time wait for one exchange, each within the timeout of
 * its call.  A thread that has a token does not wait.
 *
 * The library requests metadata, registrations and tokens only from https
 * addresses; if the MCP server is on this machine, from loopback addresses
 * as well.  For a private network without https, see
 * mcp_auth_set_allow_private().  Each of these requests may take up to 10 s,
 * and the whole exchange up to 60 s, within the deadline of the call.  The
 * timeout of the call is paused while the person signs in, and this time does
 * not count against the 60 s.  The library sends to an authorization server
 * only what belongs to it: no headers of mcp_client_set_header(), and no
 * token, secret or registration of another authorization server.
 *
 * The library follows the specification strictly.  If a server does not, the
 * exchange fails with MCP_E_AUTH or MCP_E_UNTRUSTED, and the message names
 * the option that gets past it, if there is one: from mcp_auth_set_scope() to
 * mcp_auth_set_allow_private().  Each option holds for this handle only.
 *
 * The functions that set an option return MCP_E_STATE once the first
 * exchange has begun.  A client that does not reach its server by HTTP has
 * no OAuth: give its server the credentials with mcp_client_set_env().
 *
 * Made by: mcp_auth_new(), mcp_client_ref_auth().
 *
 * Functions: mcp_auth_set_browser(), mcp_auth_set_device_handler(),
 *   mcp_auth_set_redirect_url(), mcp_auth_complete(),
 *   mcp_auth_set_sign_in_timeout(), mcp_auth_set_store_file(),
 *   mcp_auth_set_store(), mcp_auth_set_client(), mcp_auth_set_client_key(),
 *   mcp_auth_set_client_metadata_url(), mcp_auth_set_identity_provider(),
 *   mcp_auth_set_assertion_handler(), mcp_auth_set_scope(),
 *   mcp_auth_set_issuer(), mcp_auth_set_authorization_parameter(),
 *   mcp_auth_set_token_parameter(), mcp_auth_set_assume_pkce(),
 *   mcp_auth_set_endpoints(), mcp_auth_set_client_auth(),
 *   mcp_auth_set_provider(), mcp_auth_set_allow_private().
 *
 * Released by: mcp_auth_free().
 */
struct mcp_auth;

/**
 * GRANTS: ways to get a token, for mcp_auth_new().
 *
 * A person signs in with a browser (authorization code with PKCE).
 */
#define MCP_GRANT_AUTHORIZATION_CODE 1

/**
 * The application authenticates as itself, with a secret or a private key.
 */
#define MCP_GRANT_CLIENT_CREDENTIALS 2

/**
 * A person is already signed in at an identity provider.  The identity
 * provider exchanges the person's identity token for an ID-JAG, and the
 * authorization server exchanges the ID-JAG for an access token
 * (enterprise-managed authorization, cross-app access).
 */
#define MCP_GRANT_TOKEN_EXCHANGE 3

/**
 * A person signs in with a browser on any device, for a program that can open
 * no browser (device authorization grant).  See
 * mcp_auth_set_device_handler().
 */
#define MCP_GRANT_DEVICE 5

/**
 * Makes an authorization.
 *
 * `grant`: one of MCP_GRANT_.
 *
 * Does no I/O.
 *
 * Returns a handle to free with mcp_auth_free(), or NULL with the last error
 * set: MCP_E_INVALID_ARGUMENT.
 *
 * When: while no thread changes the environment.
 * Spec: authorization.
 */
mcp_auth *mcp_auth_new(int32_t grant);

/**
 * Releases the authorization.
 *
 * `auth`: an authorization that you do not use afterwards, or NULL.
 *
 * Clients that have the authorization keep a reference of their own.
 * Secrets are overwritten when the last reference is released.
 */
void mcp_auth_free(mcp_auth *auth);

/**
 * Sets the authorization that gets the tokens of a client.
 *
 * `client`: a client whose server is reached by HTTP.
 * `auth`: shared by this client and the other clients that have it; you may
 * free it at once.  NULL removes the authorization, the token, or the token
 * handler.
 *
 * The authorization replaces a token and a token handler.
 *
 * Errors: MCP_E_INVALID_ARGUMENT while there is a header Authorization;
 * MCP_E_UNSUPPORTED for a server that is not reached by HTTP; MCP_E_STATE
 * once the client is connected, if the client must announce the grant or
 * DPoP to the server.
 *
 * Spec: authorization.
 */
int32_t mcp_client_set_auth(mcp_client *client, mcp_auth *auth);

/**
 * Returns the authorization that gets the tokens of a client.  It comes from
 * mcp_client_set_auth(), or from the server's entry in a configuration file;
 * see mcp_config_new_client().
 *
 * `client`: not changed.
 *
 * Returns a handle of the same authorization, to free with mcp_auth_free(),
 * or NULL with the last error set: MCP_E_UNSUPPORTED for a client without an
 * authorization.
 */
mcp_auth *mcp_client_ref_auth(mcp_client *client);

/**
 * Gets a token before the server asks for one, so that the application can
 * choose when the person signs in.
 *
 * `client`: a client with an authorization.
 *
 * Without a token, the library first asks the MCP server what it demands.
 * It finds the authorization server in the metadata that the MCP server
 * publishes, and then does everything that it does when the server refuses a
 * call.  A token that has expired is renewed.  A stored token that has not
 * expired is kept if the MCP server accepts it now: the library connects and
 * pings with it, over a connection that the client does not use otherwise.
 * If the MCP server refuses that token, or if a token cannot be renewed, for
 * whatever reason, the person signs in.  A renewed token that the MCP server
 * refuses with 4xx leads to the same.
 *
 * MCP_OK means that the token was just issued or just accepted.
 *
 * Errors: MCP_E_UNSUPPORTED for a client without an authorization;
 * MCP_E_AUTH if the server names no authorization server; call errors.
 *
 * Spec: authorization, RFC 9728.
 */
int32_t mcp_sign_in(mcp_client *client);

/**
 * Removes the tokens that a client has through its authorization, and the
 * registration for which they were issued, from memory and from the store.
 * It then revokes the tokens, if the authorization server supports that.
 *
 * `client`: a client with an authorization.
 *
 * Tokens and registrations of an earlier run that the store has for the
 * address of this client are removed as well.  The next sign-in registers the
 * application again.  A client id of mcp_auth_set_client() is kept.
 *
 * Errors: MCP_E_NOT_FOUND if there is nothing to remove; MCP_E_UNSUPPORTED
 * for a client without an authorization; the error of the revocation or of
 * the store if one of them fails, but the library still removes everything
 * that it can; call errors.
 *
 * Spec: RFC 7009.
 */
int32_t mcp_sign_out(mcp_client *client);

/**
 * Sets the callback that shows the page on which the person signs in.
 * Without one, which is the default, a call that needs a sign-in returns
 * MCP_E_UNAUTHORIZED.
 *
 * `auth`: an authorization before its first exchange.
 * `callback`: mcp_open_browser(), or a function of the application.  For
 * example, a function may print the URL, read the URL that the person
 * pastes, and pass it to mcp_auth_complete().  NULL removes the callback.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * When: before use.  Spec: authorization.
 */
int32_t mcp_auth_set_browser(mcp_auth *auth,
                             mcp_browser_fn callback,
                             void *userdata,
                             mcp_free_fn free_userdata);

/**
 * Opens a sign-in page in the person's browser: a callback for
 * mcp_auth_set_browser().
 *
 * `userdata`: ignored, may be NULL.
 * `auth`: the opener gets the environment variables that existed when this
 * authorization was made; with NULL, the current ones.
 * `page`: the page that a callback received.  The function opens
 * mcp_sign_in_page_complete_url() if there is one, and else
 * mcp_sign_in_page_url().  It does not show mcp_sign_in_page_user_code().
 *
 * The URL must be https://, or http:// on this machine, without a user name.
 * If `auth` has mcp_auth_set_allow_private(), it may also be http:// on a
 * private network.  All characters except A-Z a-z 0-9 - . _ ~ : / ? # @ = &
 * % + , are percent-encoded.  The URL is one argument of the system's opener
 * (open, xdg-open, x-www-browser), and the library runs no shell.  The
 * environment variable BROWSER names other openers, separated by colons.
 * Each is a program with its arguments, in which %s stands for the URL.  A
 * thread of the library waits until the opener ends, and then ends too.
 *
 * Returns MCP_OK when the opener was started; MCP_E_INVALID_ARGUMENT for any
 * other URL and for NULL; MCP_E_NOT_FOUND if there is no opener.
 *
 * When: with NULL for `auth` while no thread changes the environment.
 */
int32_t mcp_open_browser(void *userdata,
                         mcp_auth *auth,
                         const mcp_sign_in_page *page);

/**
 * Sets the callback that shows the code of MCP_GRANT_DEVICE.  Without one,
 * which is the default, a call that needs a sign-in returns
 * MCP_E_UNAUTHORIZED.
 *
 * `auth`: an authorization before its first exchange.
 * `callback`: a function of the application; NULL removes it.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * After the callback has returned, the library asks the authorization server
 * until the person has signed in: every 5 s, or as often as the server says.
 * The wait ends when the code expires, or after the time of
 * mcp_auth_set_sign_in_timeout(), with MCP_E_TIMEOUT.  mcp_cancel_fire()
 * ends it as well.  The call's own timeout is paused meanwhile.
 *
 * When: before use.  Spec: RFC 8628.
 */
int32_t mcp_auth_set_device_handler(mcp_auth *auth,
                                    mcp_device_code_fn callback,
                                    void *userdata,
                                    mcp_free_fn free_userdata);

/**
 * A SIGN-IN PAGE: where the person signs in.
 *
 * The callbacks of mcp_auth_set_browser() and mcp_auth_set_device_handler()
 * receive it.  It is valid until the callback returns, and so is everything
 * that the functions below return.  Any thread may read it.
 *
 * Functions: mcp_sign_in_page_url(), mcp_sign_in_page_complete_url(),
 *   mcp_sign_in_page_user_code(), mcp_sign_in_page_expires_in().
 */
struct mcp_sign_in_page;

/**
 * Returns the URL of the page.  With a code for another device it is short,
 * so that the person can type it.
 *
 * `page`: NULL gives NULL.
 *
 * The URL is https://, or http:// where the library accepts that for an
 * authorization server.  Never NULL for a valid `page`.
 *
 * Spec: RFC 6749, 4.1.1; RFC 8628, verification_uri.
 */
const char *mcp_sign_in_page_url(const mcp_sign_in_page *page);

/**
 * Returns the URL of the same page with the code in it, for a link or a QR
 * code.  The person still has to see the code, to compare it with the page.
 *
 * `page`: NULL gives NULL.
 *
 * Returns NULL without a code, and if the server sent no such URL, or one
 * that is not like the URL of mcp_sign_in_page_url().
 *
 * Spec: RFC 8628, verification_uri_complete.
 */
const char *mcp_sign_in_page_complete_url(const mcp_sign_in_page *page);

/**
 * Returns the code that the person enters on the page, such as "WDJB-MJHT".
 *
 * `page`: NULL gives NULL.
 *
 * The text has printable ASCII characters only.  Never NULL in the callback
 * of mcp_auth_set_device_handler(); NULL in that of mcp_auth_set_browser().
 *
 * Spec: RFC 8628, user_code.
 */
const char *mcp_sign_in_page_user_code(const mcp_sign_in_page *page);

/**
 * Returns how long the person has to enter the code, in milliseconds from
 * the request of the code: until the code expires, and at most the time of
 * mcp_auth_set_sign_in_timeout().
 *
 * `page`: NULL gives -1.
 *
 * Returns -1 without a code.
 *
 * Spec: RFC 8628, expires_in.
 */
int64_t mcp_sign_in_page_expires_in(const mcp_sign_in_page *page);

/**
 * Sets the URL to which the authorization server sends the person's browser
 * after the sign-in.
 *
 * `auth`: an authorization before its first exchange.
 * `url`: copied.  Default: NULL.
 *
 * The kind of the URL decides how the library gets the redirect:
 * - NULL: the library listens on a free port of 127.0.0.1.
 * - http:// with a loopback host: the library listens there, on a free port
 *   if the URL has no port.
 * - https://, or a private scheme such as "com.example.app:/callback": the
 *   library waits for mcp_auth_complete().
 *
 * When: before use.  Spec: authorization, RFC 8252.
 */
int32_t mcp_auth_set_redirect_url(mcp_auth *auth, const char *url);

/**
 * Gives a waiting sign-in the URL to which the person's browser was
 * redirected.
 *
 * `auth`: the authorization of the sign-in.
 * `redirect_url`: the whole URL with its query, or only the query; copied.
 *
 * The function checks the state parameter of the URL, and the waiting call
 * continues with the URL.  If anything else in the URL is wrong, that call
 * returns the error.  You may call this function inside the callback of
 * mcp_auth_set_browser(), and also while the library itself listens for the
 * redirect: the first URL counts.
 *
 * Errors: MCP_E_STATE if no sign-in is waiting for this URL.
 *
 * Spec: authorization, RFC 6749.
 */
int32_t mcp_auth_complete(mcp_auth *auth, const char *redirect_url);

/**
 * Sets how long the person may take to sign in.  Default: 300000, which is
 * five minutes.
 *
 * `auth`: an authorization before its first exchange.
 * `milliseconds`: 1 or more.
 *
 * After that time the call fails with MCP_E_TIMEOUT.  The call's own timeout
 * is paused during the sign-in.  The timeouts of other calls that wait for
 * this sign-in are paused as well: these calls wait for as long, and up to a
 * minute more.
 *
 * When: before use.
 */
int32_t mcp_auth_set_sign_in_timeout(mcp_auth *auth, int64_t milliseconds);

/**
 * Sets a file in which the library stores registrations, tokens and keys.
 *
 * `auth`: an authorization before its first exchange.
 * `path`: in UTF-8, copied.  NULL means the file mcpclient/tokens.json in
 * the system's directory for the state of programs: $XDG_STATE_HOME or
 * ~/.local/state, on macOS ~/Library/Application Support.
 *
 * The library creates the file and its directory when it needs them, with
 * the modes 0600 and 0700.  It always replaces the whole file.  Processes
 * that share the file take turns.  A file that other users may read, or that
 * belongs to another user, is MCP_E_INSECURE, here and at every use; the
 * message has the command that corrects it.  If the file cannot be read at a
 * later use, a call that has no token yet fails.
 *
 * Errors: MCP_E_NOT_FOUND if there is no home directory; MCP_E_IO;
 * MCP_E_TOO_LARGE; MCP_E_AUTH for a file that was changed; MCP_E_UNSUPPORTED
 * for a file of a newer library.
 *
 * When: before use, while no thread changes the environment.
 */
int32_t mcp_auth_set_store_file(mcp_auth *auth, const char *path);

/**
 * Sets callbacks that store registrations, tokens and keys, so that the next
 * run of the application has them.  By default they are lost with the
 * handle.
 *
 * `auth`: an authorization before its first exchange, which is the first call
 * that needs a token, or mcp_sign_in().
 * `load`, `save`, `forget`: the callbacks that load, save and delete the data
 * of a key.  Pass all three, or all NULL to remove the store.
 * `userdata`: passed to the callbacks.
 * `free_userdata`: see mcp_free_fn.
 *
 * The callbacks run one at a time for an authorization.  A call that waits
 * for a callback on another thread does so within its own timeout.  The store
 * has one entry for each key.  The data is secret, and its format is private
 * to this library.  If data cannot be loaded, or was changed, a call that has
 * no token yet returns MCP_E_AUTH.  If data cannot be saved, the call
 * continues, and the failure is counted; see mcp_client_counter().
 *
 * When: before use.
 */
int32_t mcp_auth_set_store(mcp_auth *auth,
                           mcp_store_fn load,
                           mcp_store_fn save,
                           mcp_store_fn forget,
                           void *userdata,
                           mcp_free_fn free_userdata);

/**
 * AN ENTRY OF THE STORE: what a callback of mcp_auth_set_store() loads, saves
 * or deletes.
 *
 * It is valid until the callback returns, and so is everything that the
 * functions below return.
 *
 * Functions: mcp_store_entry_key(), mcp_store_entry_data(),
 *   mcp_store_entry_set_data().
 */
struct mcp_store_entry;

/**
 * Returns the key of an entry: up to 100 printable ASCII characters.  It is
 * not secret.
 *
 * `entry`: NULL gives NULL.
 *
 * Never NULL for a valid `entry`.
 */
const char *mcp_store_entry_key(const mcp_store_entry *entry);

/**
 * Returns the data to save under the key.  It is secret.
 *
 * `entry`: NULL gives NULL.
 *
 * Returns UTF-8 text that ends with a NUL; NULL in a callback that loads or
 * deletes.
 */
const char *mcp_store_entry_data(const mcp_store_entry *entry, size_t *len);

/**
 * Gives the library the data that was loaded.
 *
 * `entry`: what the callback that loads received.
 * `data`: `len` bytes of UTF-8, copied.  No NUL is needed at the end.  The
 * copy is overwritten when it is released.
 *
 * If the callback calls this function several times, the last data counts.
 *
 * Errors: MCP_E_TOO_LARGE for more than 1 MiB; MCP_E_STATE in a callback
 * that saves or deletes.
 */
int32_t mcp_store_entry_set_data(mcp_store_entry *entry,
                                 const char *data,
                                 size_t len);

/**
 * Sets the client id with which the application is registered at the
 * authorization server, and the client secret.
 *
 * `auth`: an authorization before its first exchange.
 * `client_id`: UTF-8, copied.
 * `client_secret`: UTF-8, copied; NULL for none.
 *
 * Without this function the library registers the application, if the
 * authorization server permits that.  The id and the secret belong to one
 * authorization server, and the library sends them to no other: to that of
 * mcp_auth_set_issuer(), or else to the first one that is used.
 *
 * When: before use.  Spec: authorization, RFC 6749.
 */
int32_t mcp_auth_set_client(mcp_auth *auth,
                            const char *client_id,
                            const char *client_secret);

/**
 * Sets the private key with which the application authenticates at the
 * authorization server (private_key_jwt).
 *
 * `auth`: an authorization before its first exchange.
 * `key_pem`: an unencrypted PKCS #8 key in PEM, copied.
 * `algorithm`: "ES256", "RS256" or "EdDSA"; NULL selects the algorithm that
 * fits the key.
 * `key_id`: the "kid" by which the authorization server knows the key, or
 * NULL.
 *
 * When: before use.  Spec: RFC 7523.
 */
int32_t mcp_auth_set_client_key(mcp_auth *auth,
                                const char *key_pem,
                                const char *algorithm,
                                const char *key_id);

/**
 * Sets the URL of the client metadata document, which describes the
 * application.  If the authorization server supports such documents, the URL
 * is the client id.
 *
 * `auth`: an authorization before its first exchange.
 * `url`: https:// with a path, exactly as the member "client_id" of the
 * document, copied; NULL for none.
 *
 * The library never fetches the document.  The document must list the
 * redirect URL.  Authorization servers differ on whether the port of a
 * loopback redirect URL matters: set a fixed one with
 * mcp_auth_set_redirect_url().
 *
 * When: before use.
 * Spec: authorization, client id metadata documents.
 */
int32_t mcp_auth_set_client_metadata_url(mcp_auth *auth, const char *url);

/**
 * Sets the identity provider at which MCP_GRANT_TOKEN_EXCHANGE exchanges the
 * identity token for an ID-JAG.
 *
 * `auth`: an authorization before its first exchange.
 * `token_endpoint`: https://, or http:// on this machine.  Copied.
 * `client_id`: the id of the application at the identity provider, copied.
 * Its id at the authorization server is that of mcp_auth_set_client().
 * `client_secret`: the secret of the application at the identity provider,
 * copied; NULL for none.
 *
 * When: before use.
 * Spec: enterprise-managed authorization, RFC 8693.
 */
int32_t mcp_auth_set_identity_provider(mcp_auth *auth,
                                       const char *token_endpoint,
                                       const char *client_id,
                                       const char *client_secret);

/**
 * Sets a callback that provides the signed token to exchange: the identity
 * token of the person for MCP_GRANT_TOKEN_EXCHANGE, the token that the
 * platform gives the workload for MCP_GRANT_JWT_BEARER of mcpclient_draft.h.
 *
 * `auth`: an authorization before its first exchange.
 * `callback`: called again for each exchange.  NULL removes it.
 * mcpclient_draft.h has two ready-made ones, mcp_assertion_from_file() and
 * mcp_assertion_from_variable().
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 *
 * When: before use.  Spec: RFC 7523, RFC 8693.
 */
int32_t mcp_auth_set_assertion_handler(mcp_auth *auth,
                                       mcp_assertion_fn callback,
                                       void *userdata,
                                       mcp_free_fn free_userdata);

/**
 * A SIGNED TOKEN that an exchange needs.
 *
 * The callback of mcp_auth_set_assertion_handler() receives it, and puts the
 * token there with mcp_assertion_set_token().  It is valid until the callback
 * returns.
 *
 * Functions: mcp_assertion_audience(), mcp_assertion_set_token().
 */
struct mcp_assertion;

/**
 * Returns the audience that the token must be issued for: the issuer of the
 * authorization server.
 *
 * `assertion`: NULL gives NULL.
 *
 * For MCP_GRANT_TOKEN_EXCHANGE you may ignore it: there the identity provider
 * issued the token to the application.  Never NULL for a valid `assertion`.
 *
 * Spec: RFC 7523, 3.
 */
const char *mcp_assertion_audience(const mcp_assertion *assertion);

/**
 * Gives the library the signed token.
 *
 * `assertion`: what the callback received.
 * `token`: `len` bytes of UTF-8, copied.  No NUL is needed at the end.  The
 * copy is overwritten when it is released.  Blanks and line ends around the
 * token are ignored.
 *
 * If the callback calls this function several times, the last token counts.
 *
 * Errors: MCP_E_TOO_LARGE for more than 1 MiB.
 */
int32_t mcp_assertion_set_token(mcp_assertion *assertion,
                                const char *token,
                                size_t len);

/**
 * Sets the scopes to request.
 *
 * `auth`: an authorization before its first exchange.
 * `scope`: scope names, separated by blanks, copied.  They are sent as they
 * are, without additions.  "" requests no scope: no request has the
 * parameter "scope".  NULL, which is the default, requests the scopes that
 * the server's challenge names.  If the challenge names none, the library
 * requests the scopes in the server's metadata, or else none.
 *
 * Use "" for an authorization server that refuses the scopes which the MCP
 * server names.  The token then has the scopes that the authorization server
 * chooses, which may be more than the application needs.
 *
 * When: before use.  Spec: authorization, scopes.
 */
int32_t mcp_auth_set_scope(mcp_auth *auth, const char *scope);

/**
 * Sets the only authorization server to use, and states that the application
 * trusts it for the MCP servers of this authorization.
 *
 * `auth`: an authorization before its first exchange.
 * `issuer`: https://, or http:// on this machine or on a private network;
 * exactly as the member "issuer" in the metadata of the authorization
 * server, copied.  NULL, which is the default, means the one that the MCP
 * server names.
 *
 * Without this function, the authorization server must be one that the MCP
 * server lists, and its metadata must have the same issuer, byte for byte.
 * With it, the library uses metadata whose issuer is `issuer`, byte for
 * byte, also if the MCP server lists another authorization server, or none.
 * The library then reads metadata from the origin of `issuer` only.  If a
 * server publishes no metadata, see mcp_auth_set_endpoints().
 *
 * The person sees the pages of this authorization server, and it gets the
 * client secret.  So take the issuer from the documents of the provider.  An
 * error that names an issuer repeats what a server sent.
 *
 * When: before use.  Spec: RFC 8414, RFC 9728.
 */
int32_t mcp_auth_set_issuer(mcp_auth *auth, const char *issuer);

/**
 * Sets a parameter of the authorization request, or leaves it out.  This is
 * the request that the person's browser sends to the authorization server;
 * for the device grant, the request for the code.
 *
 * `auth`: an authorization before its first exchange.
 * `name`: of the parameter: 1 to 256 printable ASCII characters without
 * blanks, copied.
 * `value`: UTF-8 of up to 8192 bytes, copied; the library encodes it for the
 * URL.  NULL leaves the parameter out.  A later call for the same name
 * replaces an earlier one.  Up to 64 names.
 *
 * Some authorization servers need what MCP does not know, for example
 * "access_type" or "audience".  Some refuse what MCP demands: "resource"
 * with NULL, here and in mcp_auth_set_token_parameter(), leaves out the
 * resource indicator.  Then the authorization server alone decides for which
 * MCP server the token is, and an MCP server may get a token that other
 * servers accept as well.  So leave it out only if the authorization server
 * refuses it.
 *
 * The URL is visible in the browser, so a value is no place for a secret.
 *
 * Errors: MCP_E_INVALID_ARGUMENT for the parameters that carry the security
 * of the sign-in or that another function sets: assertion, client_assertion,
 * client_assertion_type, client_id, client_secret, code, code_challenge,
 * code_challenge_method, code_verifier, device_code, dpop_jkt, grant_type,
 * nonce, redirect_uri, refresh_token, request, request_uri, response_mode,
 * response_type, scope, state, subject_token.
 *
 * When: before use.  Spec: RFC 6749, 3.1; RFC 8707.
 */
int32_t mcp_auth_set_authorization_parameter(mcp_auth *auth,
                                             const char *name,
                                             const char *value);

/**
 * Sets a parameter of every token request, or leaves it out.  The token
 * requests are those with a code, a refresh token, client credentials, an
 * assertion or a device code.
 *
 * `auth`: an authorization before its first exchange.
 * `name`, `value`: as for mcp_auth_set_authorization_parameter().
 *
 * Errors: those of mcp_auth_set_authorization_parameter().
 *
 * When: before use.  Spec: RFC 6749, 3.2; RFC 8707.
 */
int32_t mcp_auth_set_token_parameter(mcp_auth *auth,
                                     const char *name,
                                     const char *value);

/**
 * DANGER.  Allows a sign-in at an authorization server whose metadata does
 * not say that it supports PKCE.  Otherwise that is MCP_E_AUTH: a server
 * that ignores PKCE lets whoever sees the authorization code use it.
 *
 * `auth`: an authorization before its first exchange.
 * `assume`: 1 assumes that the server supports PKCE with S256; 0, which is
 * the default, does not.
 *
 * The library sends PKCE with S256 in either case.  A server whose list of
 * methods lacks S256 is still refused.
 *
 * When: before use.  Spec: authorization, RFC 7636, RFC 8414.
 */
int32_t mcp_auth_set_assume_pkce(mcp_auth *auth, int32_t assume);

/**
 * Sets the endpoints of an authorization server that publishes no metadata.
 * The library then fetches no metadata, and registers no client: see
 * mcp_auth_set_client().
 *
 * `auth`: an authorization before its first exchange.
 * `authorization`: the URL to which the person's browser goes, copied.  For
 * MCP_GRANT_DEVICE it is the URL for device authorization requests.  NULL for
 * a grant without a person.
 * `token`: the URL for token requests, copied.  NULL for both URLs, which is
 * the default, means the endpoints of the metadata.
 *
 * Both are https://, or http:// on this machine or on a private network; for
 * http://, see mcp_auth_set_allow_private().  Nothing checks that the
 * endpoints belong to the MCP server: the application says so.  The library
 * sends the code and the client secret there, so take the URLs from the
 * documents of the provider.  PKCE with S256 is sent.
 *
 * With mcp_auth_set_issuer(), a redirect that names another issuer is
 * refused, and tokens are stored under the issuer.  Without it, they are
 * stored under the origin of the token endpoint.
 *
 * Errors: MCP_E_INVALID_ARGUMENT also for an authorization endpoint without
 * a token endpoint.
 *
 * When: before use.  Spec: RFC 6749, 3.
 */
int32_t mcp_auth_set_endpoints(mcp_auth *auth,
                               const char *authorization,
                               const char *token);

/**
 * Sets the method by which the application authenticates at the token
 * endpoint.  It holds for the registration and for every token request.
 *
 * `auth`: an authorization before its first exchange.
 * `method`: "client_secret_basic", "client_secret_post", "private_key_jwt"
 * or "none", copied.  NULL, which is the default, selects the first method
 * in the metadata of the authorization server that the application can use.
 *
 * Use it for an authorization server whose metadata lists a method that does
 * not work.  "client_secret_basic" and "client_secret_post" need a secret,
 * from mcp_auth_set_client() or from the registration; "private_key_jwt"
 * needs mcp_auth_set_client_key().  The secret goes to the token endpoint in
 * each case.
 *
 * When: before use.  Spec: RFC 6749, 2.3; RFC 7591.
 */
int32_t mcp_auth_set_client_auth(mcp_auth *auth, const char *method);

/**
 * Selects a known provider of sign-ins, and with it the options that it
 * needs.  docs/sign-in.md lists the names, and what each one changes.
 *
 * `auth`: an authorization before its first exchange.
 * `name`: in lower case, for example "entra", "cognito" or "google", copied.
 * NULL, which is the default, means none.
 *
 * A profile is a set of the other options of this chapter.  What the
 * application sets itself counts more, whether before or after this call.  A
 * profile may leave out what MCP demands, such as the resource indicator; see
 * mcp_auth_set_authorization_parameter().  The library never selects one
 * itself.
 *
 * Errors: MCP_E_INVALID_ARGUMENT for an unknown name, with a message that
 * lists the known ones.
 *
 * When: before use.
 */
int32_t mcp_auth_set_provider(mcp_auth *auth, const char *name);

/**
 * DANGER.  Allows an MCP server that is outside this machine and its network
 * to name an authorization server that is inside.  Otherwise that is
 * MCP_E_INSECURE, because such a server could make the application send
 * requests to addresses that only the application can reach.
 *
 * `auth`: an authorization before its first exchange.
 * `allow`: 1 allows it; 0, which is the default, does not.
 *
 * Always allowed: an MCP server on this machine names an authorization
 * server on this machine, or an MCP server on a private network names one on
 * a private network.  Never allowed: link-local addresses.
 *
 * Together with MCP_ALLOW_PLAIN_HTTP it allows a sign-in over
 * http:// on a private network: the MCP server must be on this machine or on
 * a private network, and each host of the sign-in must be a private address
 * or a name that only private networks have: one without a dot, or one that
 * ends in .local, .localhost, .home.arpa, .internal, .lan, .home or .corp.
 * Whoever is on that network can then read the password, the code and the
 * tokens.
 *
 * When: before use.  Spec: RFC 9728, 7.7.
 */
int32_t mcp_auth_set_allow_private(mcp_auth *auth, int32_t allow);

/*
 * ===========================================================================
 * CONFIGURATION FILES
 * ===========================================================================
 * The servers of a configuration file that other programs use as well:
 *
 *     mcp_config *config = mcp_config_load("mcp.json");
 *
 *     for (size_t i = 0; i < mcp_config_count(config); i++)
 *         if (mcp_config_status(config, i) == MCP_OK)
 *             printf("%s\n", mcp_config_name(config, i));
 *     mcp_config_free(config);
 */

/**
 * A CONFIGURATION FILE of an MCP host, read once.  It lists servers, in the
 * order of the file.
 *
 * Read it with mcp_config_load().  For each index below mcp_config_count(),
 * mcp_config_status() says whether the server can be used, and
 * mcp_config_error() why not.  Make a client of a server with
 * mcp_config_new_client() and its mcp_config_name(), and free the
 * configuration.
 *
 * The file is JSON of up to 1 MiB; comments and trailing commas are allowed.
 * The servers are in an object "mcpServers" (Claude, Cursor, Windsurf,
 * Cline, Gemini CLI, FastMCP), "servers" or "mcp.servers" (VS Code),
 * "context_servers" (Zed) or "mcp" (opencode), or the whole file is such an
 * object.  A server has:
 *
 * - "url", "httpUrl" or "serverUrl"; and optionally "headers", "transport"
 *   or "type" ("http", "streamable-http", "sse") and "auth".  "auth" is the
 *   bearer token without the word "Bearer"; or, for OAuth, "oauth" or an
 *   object, which may have "CLIENT_ID", "CLIENT_SECRET" and "scopes";
 * - or "command"; and optionally "args", "env", "cwd", "type" ("stdio") and
 *   "envFile", a file of NAME=VALUE lines, whose path is relative to the
 *   configuration file.  "command" may be an object with "path", "args" and
 *   "env" (Zed);
 * - optionally "timeout" in milliseconds, see mcp_client_set_timeout().  A
 *   number below 1000 is in seconds if the server has "autoApprove" or
 *   "alwaysAllow" (Cline, Roo Code);
 * - optionally a key that switches the server off: "disabled" that is true,
 *   "enabled" or "isActive" that is false, and other spellings of them.
 *   Lists of names in the file do the same, such as "disabledMcpServers"
 *   and, in "mcp", "excluded" and "allowed" (Gemini CLI).
 *
 * Other keys are ignored.  A key whose value is null counts as absent, and
 * so does an empty text for a program, an address or a path.
 *
 * A server that cannot be used does not affect the others: see
 * mcp_config_status().
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
 *
 * Made by: mcp_config_load(), mcp_config_parse().
 *
 * Functions: mcp_config_count(), mcp_config_name(), mcp_config_url(),
 *   mcp_config_command(), mcp_config_status(), mcp_config_error(),
 *   mcp_config_warning(), mcp_config_new_client().
 *
 * Released by: mcp_config_free().
 */
struct mcp_config;

/**
 * Reads a configuration file and checks all of it.
 *
 * `path`: a regular file.
 *
 * A mistake in one server is no failure: mcp_config_status() and a warning
 * report it.
 *
 * Returns a handle to free with mcp_config_free(), or NULL with the last
 * error set: MCP_E_NOT_FOUND for a file that does not exist;
 * MCP_E_TOO_LARGE; MCP_E_INVALID_ARGUMENT for a file that cannot be read, is
 * not JSON or has no servers.  For a file in TOML or YAML the message names
 * the key to write in JSON.
 */
mcp_config *mcp_config_load(const char *path);

/**
 * Does what mcp_config_load() does, with the text of a configuration file.
 *
 * `json`: `len` bytes of UTF-8; no NUL is needed at the end.
 * `len`: the length in bytes, at most 1 MiB.
 * `directory`: the directory to which the paths of "envFile" are relative;
 * NULL means the current directory.  It need not exist.
 *
 * Messages contain "json" in place of the file, such as
 * "json:7: mcpServers.weather.args[2]: ...".
 *
 * Returns a handle to free with mcp_config_free(), or NULL with the last
 * error set: MCP_E_TOO_LARGE; MCP_E_INVALID_ARGUMENT for a text that is not
 * JSON or has no servers.
 */
mcp_config *mcp_config_parse(const char *json,
                             size_t len,
                             const char *directory);

/**
 * Releases a configuration and overwrites its secrets.
 *
 * `config`: a configuration that no other thread is using and that is not
 * used again, or NULL.
 *
 * Clients made from it stay valid.
 */
void mcp_config_free(mcp_config *config);

/**
 * Returns the number of servers, including those that are disabled or cannot
 * be used.
 *
 * `config`: NULL gives 0.
 */
size_t mcp_config_count(const mcp_config *config);

/**
 * Returns the name of a server by its index.
 *
 * `config`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 */
const char *mcp_config_name(const mcp_config *config, size_t index);

/**
 * Returns the URL of a server by its index, as it is written in the file;
 * references are not replaced.
 *
 * `config`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end, for a server that is a program on
 * stdio, and for one that cannot be used.
 */
const char *mcp_config_url(const mcp_config *config, size_t index);

/**
 * Returns the program of a server by its index, as it is written in the
 * file, without its arguments.
 *
 * `config`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end, for a server that is reached by
 * HTTP, and for one that cannot be used.
 */
const char *mcp_config_command(const mcp_config *config, size_t index);

/**
 * Returns whether a server can be used, by its index: MCP_OK if
 * mcp_config_new_client() makes a client for it; MCP_E_STATE if it is
 * disabled; otherwise the status with which mcp_config_new_client() fails.
 *
 * `config`: NULL gives MCP_E_INVALID_ARGUMENT.
 * `index`: starts at 0; MCP_E_INVALID_ARGUMENT past the end.
 *
 * The first call for a server reads the environment, and the file that
 * "envFile" names.  Later calls return the same.  Sends nothing, and does
 * not change the last error.
 *
 * When: while no thread changes the environment.
 */
int32_t mcp_config_status(const mcp_config *config, size_t index);

/**
 * Returns why a server cannot be used, by its index.
 *
 * `config`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 *
 * Returns an error for mcp_error_message() and the other mcp_error_
 * functions; NULL if mcp_config_status() is MCP_OK.  The message contains
 * the file, the line and the key.  The error is borrowed: valid until
 * mcp_config_free().
 *
 * When: while no thread changes the environment.
 */
const mcp_error *mcp_config_error(const mcp_config *config, size_t index);

/**
 * Returns a warning by its index, in the form of an error's message.
 *
 * `config`: NULL gives NULL.
 * `index`: starts at 0; NULL past the end.
 */
const char *mcp_config_warning(const mcp_config *config, size_t index);

/**
 * Makes a client for a server of the file, with the server's token, headers
 * and timeout.
 *
 * `config`: not changed.
 * `name`: the server's name; NULL for the only server that is neither
 * disabled nor has a mistake in the file.
 *
 * If "auth" says OAuth, the client has an authorization with the grant
 * MCP_GRANT_AUTHORIZATION_CODE and the values of the file.  This
 * authorization stores no tokens and opens no web page: where a sign-in is
 * needed, the call returns MCP_E_UNAUTHORIZED.  Before the first call, set
 * the browser and the store of mcp_client_ref_auth(), or another
 * authorization with mcp_client_set_auth().
 *
 * Reads the environment, and the file that "envFile" names.  Sends nothing.
 *
 * Returns a handle to free with mcp_client_free(), or NULL with the last
 * error set: MCP_E_NOT_FOUND for an unknown name, with a message that lists
 * the known names; MCP_E_STATE for a server that is disabled;
 * MCP_E_UNSUPPORTED for a reference that only an editor can replace;
 * MCP_E_INVALID_ARGUMENT for a variable that is not set, and for values that
 * mcp_client_new(), mcp_client_set_header() or mcp_auth_set_client()
 * refuses, and for a mistake in this server's part of the file.
 *
 * When: while no thread changes the environment.
 */
mcp_client *mcp_config_new_client(const mcp_config *config, const char *name);

/*
 * ===========================================================================
 * DIAGNOSTICS
 * ===========================================================================
 * What the library does, for a person who looks for a fault:
 *
 *     mcp_client_set_trace_fd(client, 2);
 *     mcp_ping(client);
 *     printf("requests sent again: %ld\n",
 *            (long)mcp_client_counter(client, MCP_COUNTER_REPETITIONS));
 */

/**
 * Writes a line to a descriptor for each event on the connections of the
 * client.
 *
 * `fd`: duplicated at once, so that you may close it; MCP_FD_NONE ends the
 * trace.
 *
 * Credentials, session ids and the values of headers that were set are
 * masked.  The library does not mask anything else: a line shows up to 2000
 * bytes of a message, with whatever the application or the server wrote
 * there.  A line whose write would block is dropped; a later line gives the
 * number of dropped lines.  The trace uses a descriptor and not a callback
 * because every thread writes lines.
 *
 * Errors: MCP_E_INVALID_ARGUMENT for a descriptor that is not open.
 *
 * When: for calls begun later.
 */
int32_t mcp_client_set_trace_fd(mcp_client *client, mcp_fd fd);

/**
 * Sets a callback that receives the lines of mcp_client_set_trace_fd() as
 * records.  Both may be set.
 *
 * `callback`: runs like an event handler, see
 * mcp_client_set_event_handler(), and at the end of a call for the records of
 * that call.  NULL removes it.
 * `userdata`: passed to the callback.
 * `free_userdata`: see mcp_free_fn.
 * `level`: the lowest level that the callback receives, one of MCP_LOG_.
 * MCP_LOG_DEBUG: everything, also what is sent and received.
 * MCP_LOG_INFO: connections and processes.  MCP_LOG_NOTICE: what the person
 * should know during a sign-in.  MCP_LOG_WARNING: connections that broke, and
 * OAuth requests that failed.
 *
 * The same is masked as in the trace.  A record that waits makes
 * mcp_client_fd() readable.  At most 1 MiB of records are queued.  If more
 * arrive, the oldest are dropped, and a later record gives their number.
 * mcp_client_free() delivers no records.  A call that the callback makes
 * leads to further records.
 *
 * Errors: MCP_E_INVALID_ARGUMENT for another level; MCP_E_STATE after
 * mcp_client_close(), except to remove the callback.
 *
 * When: at any time, for calls begun later.
 */
int32_t mcp_client_set_log(mcp_client *client,
                           mcp_log_fn callback,
                           void *userdata,
                           mcp_free_fn free_userdata,
                           int32_t level);

/**
 * A LOG RECORD: one line about the connections of a client.
 *
 * The callback of mcp_client_set_log() receives it.  It is valid until the
 * callback returns, and so is everything that the functions below return.
 *
 * Functions: mcp_log_record_level(), mcp_log_record_message().
 */
struct mcp_log_record;

/**
 * Returns the level of a record, one of MCP_LOG_.
 *
 * `record`: NULL gives MCP_LOG_DEBUG.
 */
int32_t mcp_log_record_level(const mcp_log_record *record);

/**
 * Returns the text of a record: one line without its end.  It begins with
 * "> " for what is sent, "< " for what is received, and "* " for the rest.
 *
 * `record`: NULL gives NULL.
 *
 * Never NULL for a valid `record`.
 */
const char *mcp_log_record_message(const mcp_log_record *record);

/**
 * COUNTERS, for mcp_client_counter(): events that the library handled
 * silently.
 *
 * Responses to unknown or finished requests.
 */
#define MCP_COUNTER_DROPPED_REPLIES 1

/**
 * Events that were dropped, oldest first, because they arrived faster than
 * the application dispatched them: see mcp_client_set_event_handler().  Also
 * input requests that were refused for the same reason: see
 * mcp_client_set_input_handler().
 */
#define MCP_COUNTER_DROPPED_EVENTS 2

/**
 * Calls that were answered from the cache.  See MCP_LIMIT_CACHE.
 */
#define MCP_COUNTER_CACHE_HITS 3

/**
 * New sessions that replaced a lost session.
 */
#define MCP_COUNTER_RECONNECTIONS 4

/**
 * Requests that were sent again because the first transmission was lost.
 */
#define MCP_COUNTER_REPETITIONS 5

/**
 * Streams that were opened again after they broke or ended.
 */
#define MCP_COUNTER_RESUMPTIONS 6

/**
 * Server processes that were started, including the first one.
 */
#define MCP_COUNTER_STARTS 7

/**
 * Malformed input: lines or events from the server that were not messages.
 * The library skipped them.
 */
#define MCP_COUNTER_MALFORMED 8

/**
 * Failures of the store of an authorization that did not end a call.
 */
#define MCP_COUNTER_STORE_FAILURES 9

/**
 * Results of tools that were not checked, because the output schema is
 * invalid, refers to another document or exceeds a limit.  The trace says
 * which tool and why.
 */
#define MCP_COUNTER_UNCHECKED_RESULTS 10

/**
 * Returns how often something happened that the library handled silently:
 * what it dropped, and what it recovered from.
 *
 * `client`: NULL gives 0.
 * `counter`: one of MCP_COUNTER_; another number gives 0.
 *
 * Returns the number since the client was made.
 */
int64_t mcp_client_counter(mcp_client *client, int32_t counter);
#ifdef __cplusplus
}
#endif

#endif /* MCPCLIENT_H */
