//! The version of the library, and the constants of the header.

#![allow(dead_code, reason = "constants for the header")]

use std::ffi::c_char;

use crate::base::error::Status;
use crate::client::settings::Limit;
use crate::client::{ClientState, Counter, NotificationKind};
use crate::platform::RawDescriptor;

/// Version of this header.  An application that was built with this header
/// runs with every library that has the same major number and is not older.
/// See mcp_version_number().
pub const MCP_VERSION_MAJOR: i32 = 0;

pub const MCP_VERSION_MINOR: i32 = 1;

pub const MCP_VERSION_PATCH: i32 = 0;

/// The three numbers in one: 1002003 would be version 1.2.3.
pub const MCP_VERSION_NUMBER: i32 = 1000;

/// STATUS CODES.  Every function that can fail in more than one way returns
/// one of these numbers.  A number never changes its meaning and is never
/// reused.  Later versions may add numbers: treat a number that you do not
/// know as a failure.  The last error of the thread has the details: the
/// message, the HTTP status and the JSON-RPC error.  See mcp_error.
///
/// 0 is success.  1 to 99 are failures.  100 and above are states, such as
/// MCP_PENDING, and not failures.
pub const MCP_OK: i32 = 0;

/// 1 to 19: errors on the side of the caller.
///
/// An argument is NULL, empty, malformed, or contradicts another one.
/// Nothing was sent and nothing was changed.
pub const MCP_E_INVALID_ARGUMENT: i32 = 1;

/// The call is valid, but not at this time.  Examples: an option that must be
/// set before the client is connected, a request that another thread is
/// performing.
pub const MCP_E_STATE: i32 = 2;

/// The client was closed by mcp_client_close(), before or during the call.
pub const MCP_E_CLOSED: i32 = 3;

/// Another process made the handle, and this process is a fork() of that
/// process.
pub const MCP_E_FORKED: i32 = 4;

/// The server, its protocol revision or the transport does not support the
/// operation.  Also: the server does not know the method (JSON-RPC error
/// -32601), and does not declare the capability that the method belongs to.
pub const MCP_E_UNSUPPORTED: i32 = 5;

/// The named thing does not exist.
pub const MCP_E_NOT_FOUND: i32 = 6;

/// A memory allocation failed.  Its size came from the server.
pub const MCP_E_NO_MEMORY: i32 = 7;

/// There is a bug in the library, or the system has no descriptor or thread
/// left.  The message says which.  The client stays usable.
pub const MCP_E_INTERNAL: i32 = 8;

/// 20 to 39: errors on the way to the server.
///
/// The host name could not be resolved.
pub const MCP_E_RESOLVE: i32 = 20;

/// No connection: it was refused, the host is unreachable, or the connection
/// was not made within the connect timeout.
pub const MCP_E_CONNECT: i32 = 21;

/// TLS failed, or a certificate or key cannot be used.  The message says
/// which check failed.
pub const MCP_E_TLS: i32 = 22;

/// The proxy cannot be reached, or it refused the connection, or it asked for
/// credentials that it was not given.
pub const MCP_E_PROXY: i32 = 23;

/// The connection was lost.  mcp_error_may_have_run() says whether the server
/// may have executed the request.
pub const MCP_E_IO: i32 = 24;

/// A time limit ended the wait.  The library told the server to stop, if the
/// protocol revision has a message for that.
pub const MCP_E_TIMEOUT: i32 = 25;

/// mcp_request_cancel() or an mcp_cancel ended the request, or the server
/// cancelled the task.  The library told the server to stop, if the protocol
/// revision has a message for that.
pub const MCP_E_CANCELLED: i32 = 26;

/// The server process could not be started, or it ended.
pub const MCP_E_PROCESS: i32 = 27;

/// A limit was exceeded.  The message names the limit:
/// - a message or a line: MCP_LIMIT_MESSAGE_SIZE;
/// - the head of an HTTP response: 64 KiB;
/// - a list: MCP_LIMIT_PAGES or MCP_LIMIT_ITEMS;
/// - the messages before the response to a call: MCP_LIMIT_EVENTS;
/// - rounds of input requests in one call: ten;
/// - nested JSON objects and arrays: 512 levels.
pub const MCP_E_TOO_LARGE: i32 = 28;

/// 40 to 59: HTTP and authorization.
///
/// The server sent an HTTP status that has no code of its own below.  See
/// mcp_error_http_status().
pub const MCP_E_HTTP: i32 = 40;

/// HTTP 401: the request had no token, or a token that the server does not
/// accept.
pub const MCP_E_UNAUTHORIZED: i32 = 41;

/// HTTP 403: the server refuses access.  The message says whether a credential
/// was sent.  mcp_error_challenge() may name the missing scope.
pub const MCP_E_FORBIDDEN: i32 = 42;

/// HTTP 429: too many requests.  See mcp_error_retry_after().
pub const MCP_E_RATE_LIMITED: i32 = 43;

/// HTTP 502, 503 or 504: the server is not available.  See
/// mcp_error_retry_after().
pub const MCP_E_UNAVAILABLE: i32 = 44;

/// The server redirects to another origin, to which the library sends no
/// credentials, or in a way that would change the request.
pub const MCP_E_REDIRECT: i32 = 45;

/// The OAuth exchange failed.  The message says at which step.
pub const MCP_E_AUTH: i32 = 46;

/// The library refused something insecure: to send a credential over plain
/// HTTP to another machine, to contact a private address that a public server
/// names, or to use a token file that other users may read.
pub const MCP_E_INSECURE: i32 = 47;

/// HTTP 404 or 410: there is no MCP endpoint at this address.
pub const MCP_E_ENDPOINT: i32 = 48;

/// HTTP 500, or a 5xx status other than 502, 503 and 504: the server failed.
pub const MCP_E_SERVER: i32 = 49;

/// The person who signs in, or a policy of the authorization server, denied
/// access.  Do not try again at once: the library would ask the person again.
pub const MCP_E_DENIED: i32 = 50;

/// The library refused data that contradicts itself, as it would in an
/// attack: the published metadata of a server or of its authorization server,
/// or the response to a sign-in.  The message shows both sides of the
/// contradiction.  The library sent nothing after it found the contradiction.
pub const MCP_E_UNTRUSTED: i32 = 51;

/// 60 to 79: the protocol.
///
/// The other side does not speak MCP, or violates its rules.  The message
/// says what was wrong and where.
pub const MCP_E_PROTOCOL: i32 = 60;

/// The library and the server have no protocol revision in common.
pub const MCP_E_VERSION: i32 = 61;

/// The server responded with a JSON-RPC error.  See mcp_error_rpc_code() and
/// mcp_error_data_json().
pub const MCP_E_RPC: i32 = 62;

/// The server forgot the session while a request was in flight that is not
/// safe to repeat.  The next call starts a new session.
pub const MCP_E_SESSION_LOST: i32 = 63;

/// The server sent an input request before its response, and the application
/// has no handler for this kind of input request.
pub const MCP_E_INPUT_REQUIRED: i32 = 64;

/// There is a server, but it does not speak MCP at this address: neither over
/// Streamable HTTP nor over HTTP with SSE, or not over the transport that was
/// chosen.
pub const MCP_E_TRANSPORT: i32 = 65;

/// A file of a skill does not match its entry: its size, its SHA-256 or its
/// front matter differs.
pub const MCP_E_INTEGRITY: i32 = 66;

/// A value does not match a JSON Schema of a tool: the arguments of
/// mcp_tool_check_arguments(), or the structured content of a result.  The
/// message names the field.  The tool has run, and its result is handed out
/// beside this status: see mcp_call_tool().
pub const MCP_E_SCHEMA: i32 = 67;

/// A state, not an error: a started request is not done.  See
/// mcp_request_status().
pub const MCP_PENDING: i32 = 100;

/// LOG LEVELS, from RFC 5424, for mcp_set_log_level() and
/// mcp_event_log_level().
pub const MCP_LOG_DEBUG: i32 = 0;

pub const MCP_LOG_INFO: i32 = 1;

pub const MCP_LOG_NOTICE: i32 = 2;

pub const MCP_LOG_WARNING: i32 = 3;

pub const MCP_LOG_ERROR: i32 = 4;

pub const MCP_LOG_CRITICAL: i32 = 5;

pub const MCP_LOG_ALERT: i32 = 6;

pub const MCP_LOG_EMERGENCY: i32 = 7;

/// EVENT KINDS, for mcp_event_kind().  For mcp_listen(), add together those
/// that the application wants.
///
/// The server's list of tools has changed.
pub const MCP_EVENT_TOOLS_CHANGED: i32 = 1;

/// The server's list of prompts has changed.
pub const MCP_EVENT_PROMPTS_CHANGED: i32 = 2;

/// The server's list of resources has changed.
pub const MCP_EVENT_RESOURCES_CHANGED: i32 = 4;

/// The contents of a resource that the client has subscribed to have changed.
/// See mcp_event_uri().
pub const MCP_EVENT_RESOURCE_UPDATED: i32 = 8;

/// A log message.  See mcp_event_log_level() and mcp_event_message().
pub const MCP_EVENT_LOG: i32 = 16;

/// The person has completed in the browser what an MCP_INPUT_URL input
/// request asked for.
pub const MCP_EVENT_ELICITATION_COMPLETE: i32 = 32;

/// The status of a task has changed.  See mcp_event_task().  From revision
/// 2026-07-28 on, a server reports tasks only if mcp_listen() asks for this
/// kind.
pub const MCP_EVENT_TASK_STATUS: i32 = 64;

/// The notification stream of mcp_listen() or mcp_subscribe_resource() is
/// open, or open again.  Changes made while it was closed were not reported:
/// read again what you have cached.
pub const MCP_EVENT_LISTENING: i32 = 128;

/// Any other notification.  See mcp_event_method() and
/// mcp_event_params_json().  A later library may give some of these
/// notifications a number of their own: see "NEW KINDS" at the top.
pub const MCP_EVENT_OTHER: i32 = 256;

/// The server has withdrawn an input request: it no longer wants an answer.
pub const MCP_EVENT_CANCELLED: i32 = 512;

/// The notification stream of mcp_listen() or mcp_subscribe_resource() was
/// open, has closed, and will not open again, because the server now refuses
/// it.  mcp_event_message() has the reason.  Open the stream again when the
/// reason no longer holds.
pub const MCP_EVENT_LISTENING_ENDED: i32 = 1024;

/// Something happened during a sign-in that the person should know now, while
/// the sign-in goes on.  For example, a request to the redirect URL did not
/// belong to the sign-in and was ignored.  mcp_event_message() has the text
/// to show.  A sign-in has at most 16 of these events.
pub const MCP_EVENT_SIGN_IN_NOTICE: i32 = 2048;

/// The state of the client has changed.  mcp_client_state() has the state.
/// Changes that follow each other before the handler runs are one event, so
/// the state may be the same as in the event before; then the client was lost
/// and is connected again, for example.  mcp_event_message() has the reason
/// for MCP_STATE_LOST.  There is no event for MCP_STATE_CLOSED: the queue of
/// a closed client is empty.
pub const MCP_EVENT_STATE: i32 = 4096;

/// STATES OF A CLIENT, for mcp_client_state().
///
/// The client is not connected, and was not connected before.
pub const MCP_STATE_IDLE: i32 = 1;

/// A call or the notification stream connects.
pub const MCP_STATE_CONNECTING: i32 = 2;

/// The client and the server have agreed on a protocol revision.
pub const MCP_STATE_CONNECTED: i32 = 3;

/// The client was connected, and the session, the connection or the server
/// process has ended.  The next call connects again, unless
/// MCP_ALLOW_RESTART or the kind of the client prevents it.
pub const MCP_STATE_LOST: i32 = 4;

/// mcp_client_close() was called.
pub const MCP_STATE_CLOSED: i32 = 5;

/// INPUT REQUEST KINDS, for mcp_input_kind(), and added together for
/// mcp_client_set_input_handler().
///
/// A form to fill in (elicitation).  It has a message and a JSON Schema of
/// flat fields.
pub const MCP_INPUT_FORM: i32 = 1;

/// A web page to visit (elicitation), for data that must not pass through the
/// application.
pub const MCP_INPUT_URL: i32 = 2;

/// A prompt for a language model (sampling/createMessage).
pub const MCP_INPUT_SAMPLING: i32 = 4;

/// For mcp_client_set_input_handler() only: prompts for a language model that
/// may include tools.  The kind of such an input request is
/// MCP_INPUT_SAMPLING.
pub const MCP_INPUT_SAMPLING_TOOLS: i32 = 8;

/// The list of roots (roots/list), unless mcp_client_set_roots_json()
/// provides it.
pub const MCP_INPUT_ROOTS: i32 = 16;

/// CONTENT KINDS, for mcp_content_kind().
pub const MCP_CONTENT_TEXT: i32 = 1;

pub const MCP_CONTENT_IMAGE: i32 = 2;

pub const MCP_CONTENT_AUDIO: i32 = 3;

pub const MCP_CONTENT_RESOURCE_LINK: i32 = 4;

/// An embedded resource: its text or its bytes, with its URI.
pub const MCP_CONTENT_RESOURCE: i32 = 5;

/// A kind that this library does not know.  mcp_content_json() has the whole
/// item.  A later library may give the kind a number of its own: see "NEW
/// KINDS" at the top.
pub const MCP_CONTENT_OTHER: i32 = 99;

/// GRANTS: ways to get a token, for mcp_auth_new().
///
/// A person signs in with a browser (authorization code with PKCE).
pub const MCP_GRANT_AUTHORIZATION_CODE: i32 = 1;

/// The application authenticates as itself, with a secret or a private key.
pub const MCP_GRANT_CLIENT_CREDENTIALS: i32 = 2;

/// A person is already signed in at an identity provider.  The identity
/// provider exchanges the person's identity token for an ID-JAG, and the
/// authorization server exchanges the ID-JAG for an access token
/// (enterprise-managed authorization, cross-app access).
pub const MCP_GRANT_TOKEN_EXCHANGE: i32 = 3;

/// The application is a workload, and its platform gives it a signed token
/// (workload identity federation).
pub const MCP_GRANT_JWT_BEARER: i32 = 4;

/// A person signs in with a browser on any device, for a program that can open
/// no browser (device authorization grant).  See
/// mcp_auth_set_device_handler().
pub const MCP_GRANT_DEVICE: i32 = 5;

/// JSON VALUE KINDS, for mcp_json_kind().
pub const MCP_JSON_NULL: i32 = 0;

pub const MCP_JSON_BOOLEAN: i32 = 1;

pub const MCP_JSON_NUMBER: i32 = 2;

pub const MCP_JSON_STRING: i32 = 3;

pub const MCP_JSON_ARRAY: i32 = 4;

pub const MCP_JSON_OBJECT: i32 = 5;

/// TRANSPORTS, for mcp_client_set_transport() and mcp_client_transport().
///
/// The library tries Streamable HTTP first, then HTTP with SSE (2024-11-05)
/// if the server answers 400, 404 or 405.  For a URL whose path has a segment
/// "sse" it tries them in the opposite order.
pub const MCP_TRANSPORT_AUTO: i32 = 0;

pub const MCP_TRANSPORT_STREAMABLE_HTTP: i32 = 1;

pub const MCP_TRANSPORT_SSE: i32 = 2;

/// A process or open descriptors.  mcp_client_transport() returns it; it
/// cannot be chosen.
pub const MCP_TRANSPORT_STDIO: i32 = 3;

/// STANDARD ERROR of a server process, for mcp_client_set_stderr().
///
/// The library reads it, and keeps its first and last lines for error
/// messages.
pub const MCP_STDERR_KEEP: i32 = 0;

/// The output is discarded.
pub const MCP_STDERR_DISCARD: i32 = 1;

/// The output goes to the standard error of the application.
pub const MCP_STDERR_INHERIT: i32 = 2;

/// The output goes to a descriptor of the application, such as a file, or a
/// pipe that it reads.
pub const MCP_STDERR_FD: i32 = 3;

/// LIMITS, for mcp_client_set_limit().  A call that exceeds one of the first
/// four returns MCP_E_TOO_LARGE.
///
/// The bytes of one message from the server, and of a whole list with all its
/// pages.  Default: 64 MiB.  The library skips a longer line from a server
/// process: the call that the line would have answered fails, and other calls
/// continue.
pub const MCP_LIMIT_MESSAGE_SIZE: i32 = 1;

/// The pages of a list.  Default: 1000.
pub const MCP_LIMIT_PAGES: i32 = 2;

/// The items of a list.  Default: 1000000.
pub const MCP_LIMIT_ITEMS: i32 = 3;

/// The messages in the stream of a call before its response.
/// Default: 1000000.
pub const MCP_LIMIT_EVENTS: i32 = 4;

/// The bytes of cached responses.  Default: 4 MiB.  0 turns the cache off, so
/// that every call asks the server.
///
/// From revision 2026-07-28 on, a server may declare that a response stays
/// fresh for some time.  The library then answers calls for fresh lists and
/// resources from its cache, without a request.  A notification that a list
/// or a resource has changed removes it from the cache; it must arrive
/// through mcp_listen() or mcp_subscribe_resource().  A response for one
/// token is never returned for another token, unless the server declares the
/// response public.  Spec: caching.
pub const MCP_LIMIT_CACHE: i32 = 5;

/// The started requests that hold a connection at the same time.
/// Default: 64.  Further requests wait in the order in which they were
/// started, and their timeout runs while they wait.  A request keeps its
/// connection while an input request is open on its stream.  If the handler
/// of an input request starts requests, set the limit high enough for them.
pub const MCP_LIMIT_CONNECTIONS: i32 = 6;

/// The milliseconds that name resolution, connecting, a proxy and TLS may
/// take together.  Default: 10000.  A call that exceeds it returns
/// MCP_E_CONNECT.
///
/// For a server process, it shortens the wait for the response to the
/// library's first request, server/discover, which is at most 2.5 s and half
/// of the call's time.  If there is no response by then, the library also
/// sends the older handshake, initialize, and uses the response that comes
/// first.
pub const MCP_LIMIT_CONNECT_TIME: i32 = 7;

/// The milliseconds that an input request may stay unanswered.  After that
/// time the library answers it with "cancel".  Default: 600000, which is ten
/// minutes.
pub const MCP_LIMIT_INPUT_TIME: i32 = 8;

/// WHAT AN APPLICATION MAY ALLOW, for mcp_client_set_allow().  To set several,
/// add the numbers together.
///
/// DANGER.  Allows the library to send a token, or a header that was set,
/// over http:// to another machine.  Otherwise such a call is MCP_E_INSECURE.
///
/// Loopback addresses and Unix sockets are always allowed.  For a sign-in it
/// allows the metadata of the MCP server over http://, and no other request;
/// for a sign-in over http:// on a private network, see
/// mcp_auth_set_allow_private().  Spec: authorization, communication security.
pub const MCP_ALLOW_PLAIN_HTTP: i32 = 1;

/// Allows the library to send a tool call again after a broken connection,
/// although the server may have executed it.  Default: not allowed.
///
/// It holds for tools that declare that they only read (readOnlyHint), or
/// that calling them twice has the same effect as calling them once
/// (idempotentHint).  The library knows this only for tools in a list that was
/// read.  The hints are claims of the server, which the library cannot verify.
/// mcp_request_set_repeatable() sets this for a single request.  Spec: tool
/// annotations.
pub const MCP_ALLOW_REPEAT_TOOLS: i32 = 2;

/// Allows a call to start a server process again after it has ended.
/// Default: allowed.  Where it is not allowed, calls return MCP_E_PROCESS
/// after the process has ended.
///
/// If the process may have begun to execute a call, the library does not
/// repeat that call after a restart, unless it is safe to repeat; see
/// MCP_ALLOW_REPEAT_TOOLS.
pub const MCP_ALLOW_RESTART: i32 = 4;

/// Allows tool calls to run as tasks; the library waits for their end inside
/// the call.  Default: not allowed.
///
/// The application still makes one call, and receives one result, however
/// long the tool runs.
///
/// From revision 2026-07-28 on, each request declares the tasks extension,
/// and the server decides which call becomes a task.  In revision 2025-11-25
/// the library asks for a task if the tool can only run as one.  The list of
/// tools says so, and the library reads the list if it needs to.  Other
/// revisions have no tasks, and this option changes nothing there.
///
/// While a call runs as a task, the library asks the server for the task's
/// status, as often as the server wants to be asked, and whenever an
/// MCP_EVENT_TASK_STATUS arrives.  Each answer restarts the call's timeout;
/// the deadline stays the same, see mcp_client_set_deadline().  Input
/// requests of the task go to the input handler.  If the call is cancelled or
/// runs out of time, the library cancels the task at the server.
///
/// If the task fails, the call returns the error that the task contains.  If
/// the server cancels the task, the call returns MCP_E_CANCELLED.  If the
/// server does not know the task any more, the call returns MCP_E_NOT_FOUND,
/// or MCP_E_SESSION_LOST if the session was lost.  Spec: tasks (2025-11-25),
/// tasks extension (2026-07-28).
pub const MCP_ALLOW_TASKS: i32 = 8;

/// Allows a tool's result that does not match the output schema of the tool.
/// Default: not allowed: the call returns MCP_E_SCHEMA, and the result beside
/// it.
pub const MCP_ALLOW_MISMATCH: i32 = 16;

/// COUNTERS, for mcp_client_counter(): events that the library handled
/// silently.
///
/// Responses to unknown or finished requests.
pub const MCP_COUNTER_DROPPED_REPLIES: i32 = 1;

/// Events that were dropped, oldest first, because they arrived faster than
/// the application dispatched them: see mcp_client_set_event_handler().  Also
/// input requests that were refused for the same reason: see
/// mcp_client_set_input_handler().
pub const MCP_COUNTER_DROPPED_EVENTS: i32 = 2;

/// Calls that were answered from the cache.  See MCP_LIMIT_CACHE.
pub const MCP_COUNTER_CACHE_HITS: i32 = 3;

/// New sessions that replaced a lost session.
pub const MCP_COUNTER_RECONNECTIONS: i32 = 4;

/// Requests that were sent again because the first transmission was lost.
pub const MCP_COUNTER_REPETITIONS: i32 = 5;

/// Streams that were opened again after they broke or ended.
pub const MCP_COUNTER_RESUMPTIONS: i32 = 6;

/// Server processes that were started, including the first one.
pub const MCP_COUNTER_STARTS: i32 = 7;

/// Malformed input: lines or events from the server that were not messages.
/// The library skipped them.
pub const MCP_COUNTER_MALFORMED: i32 = 8;

/// Failures of the store of an authorization that did not end a call.
pub const MCP_COUNTER_STORE_FAILURES: i32 = 9;

/// Results of tools that were not checked, because the output schema is
/// invalid, refers to another document or exceeds a limit.  The trace says
/// which tool and why.
pub const MCP_COUNTER_UNCHECKED_RESULTS: i32 = 10;

/// Returns the version of the library, such as "0.1.0".
///
/// The text is static and never NULL.  Compare it with MCP_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn mcp_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// Returns the version of the library as a number in the form of
/// MCP_VERSION_NUMBER.
///
/// Compare the two numbers to detect that the application runs with an older
/// library than it was built for.
#[unsafe(no_mangle)]
pub extern "C" fn mcp_version_number() -> i32 {
    MCP_VERSION_NUMBER
}

/// Returns the name of a status code or a state, such as "MCP_E_TIMEOUT" or
/// "MCP_PENDING".
///
/// `status`: any number.
///
/// Returns static text; "MCP_E_UNKNOWN" for a number that is neither a status
/// nor a state.  The name is for logs and tests.  Show mcp_error_message() to
/// people.
#[unsafe(no_mangle)]
pub extern "C" fn mcp_status_name(status: i32) -> *const c_char {
    if status == MCP_PENDING {
        return PENDING.as_ptr().cast();
    }
    let known = Status::ALL.iter().find(|(known, _)| *known as i32 == status);
    known.map_or(UNKNOWN, |(_, name)| name).as_ptr().cast()
}

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
const UNKNOWN: &str = "MCP_E_UNKNOWN\0";
const PENDING: &str = "MCP_PENDING\0";

/// A descriptor: see mcp_fd in the header, which cbindgen.toml writes.
pub type mcp_fd = RawDescriptor;

/// MCP_FD_NONE of the header.
pub(crate) const NO_FD: mcp_fd = -1;

/// Checks the numbers of the states in the same way.
const _: () = {
    assert!(MCP_EVENT_STATE == NotificationKind::State as i32);
    assert!(MCP_STATE_IDLE == ClientState::Idle as i32);
    assert!(MCP_STATE_CONNECTING == ClientState::Connecting as i32);
    assert!(MCP_STATE_CONNECTED == ClientState::Connected as i32);
    assert!(MCP_STATE_LOST == ClientState::Lost as i32);
    assert!(MCP_STATE_CLOSED == ClientState::Closed as i32);
};

/// Checks the numbers of the counters in the same way.
const _: () = {
    let pairs: &[(i32, Counter)] = &[
        (MCP_COUNTER_DROPPED_REPLIES, Counter::DroppedReplies),
        (MCP_COUNTER_DROPPED_EVENTS, Counter::DroppedEvents),
        (MCP_COUNTER_CACHE_HITS, Counter::CacheHits),
        (MCP_COUNTER_RECONNECTIONS, Counter::Reconnections),
        (MCP_COUNTER_REPETITIONS, Counter::Repetitions),
        (MCP_COUNTER_RESUMPTIONS, Counter::Resumptions),
        (MCP_COUNTER_STARTS, Counter::Starts),
        (MCP_COUNTER_MALFORMED, Counter::Malformed),
        (MCP_COUNTER_UNCHECKED_RESULTS, Counter::UncheckedResults),
    ];
    let mut rest = pairs;
    while let [(number, counter), others @ ..] = rest {
        assert!(*number == *counter as i32);
        rest = others;
    }
};

/// Checks the numbers of the limits in the same way.
const _: () = {
    assert!(MCP_LIMIT_MESSAGE_SIZE == Limit::MessageSize as i32);
    assert!(MCP_LIMIT_PAGES == Limit::Pages as i32);
    assert!(MCP_LIMIT_ITEMS == Limit::Items as i32);
    assert!(MCP_LIMIT_EVENTS == Limit::Events as i32);
    assert!(MCP_LIMIT_CACHE == Limit::Cache as i32);
    assert!(MCP_LIMIT_CONNECTIONS == Limit::Connections as i32);
    assert!(MCP_LIMIT_CONNECT_TIME == Limit::ConnectTime as i32);
    assert!(MCP_LIMIT_INPUT_TIME == Limit::InputTime as i32);
};

/// Checks that the constants are equal to the numbers of the enumeration:
/// cbindgen needs literals above.
const _: () = {
    let pairs: &[(i32, Status)] = &[
        (MCP_OK, Status::Ok),
        (MCP_E_INVALID_ARGUMENT, Status::InvalidArgument),
        (MCP_E_STATE, Status::State),
        (MCP_E_CLOSED, Status::Closed),
        (MCP_E_FORKED, Status::Forked),
        (MCP_E_UNSUPPORTED, Status::Unsupported),
        (MCP_E_NOT_FOUND, Status::NotFound),
        (MCP_E_NO_MEMORY, Status::NoMemory),
        (MCP_E_INTERNAL, Status::Internal),
        (MCP_E_RESOLVE, Status::Resolve),
        (MCP_E_CONNECT, Status::Connect),
        (MCP_E_TLS, Status::Tls),
        (MCP_E_PROXY, Status::Proxy),
        (MCP_E_IO, Status::Io),
        (MCP_E_TIMEOUT, Status::Timeout),
        (MCP_E_CANCELLED, Status::Cancelled),
        (MCP_E_PROCESS, Status::Process),
        (MCP_E_TOO_LARGE, Status::TooLarge),
        (MCP_E_HTTP, Status::Http),
        (MCP_E_UNAUTHORIZED, Status::Unauthorized),
        (MCP_E_FORBIDDEN, Status::Forbidden),
        (MCP_E_RATE_LIMITED, Status::RateLimited),
        (MCP_E_UNAVAILABLE, Status::Unavailable),
        (MCP_E_REDIRECT, Status::Redirect),
        (MCP_E_AUTH, Status::Auth),
        (MCP_E_INSECURE, Status::Insecure),
        (MCP_E_ENDPOINT, Status::Endpoint),
        (MCP_E_SERVER, Status::Server),
        (MCP_E_DENIED, Status::Denied),
        (MCP_E_UNTRUSTED, Status::Untrusted),
        (MCP_E_PROTOCOL, Status::Protocol),
        (MCP_E_VERSION, Status::Version),
        (MCP_E_RPC, Status::Rpc),
        (MCP_E_SESSION_LOST, Status::SessionLost),
        (MCP_E_INPUT_REQUIRED, Status::InputRequired),
        (MCP_E_TRANSPORT, Status::Transport),
        (MCP_E_INTEGRITY, Status::Integrity),
        (MCP_E_SCHEMA, Status::Schema),
    ];
    let mut rest = pairs;
    while let [(number, status), others @ ..] = rest {
        assert!(*number == *status as i32);
        rest = others;
    }
    assert!(pairs.len() == Status::ALL.len());
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_statuses_end_with_a_nul() {
        assert!(Status::ALL.iter().all(|(_, name)| name.ends_with('\0')));
        assert!(Status::ALL.iter().all(|(status, _)| (0..100).contains(&(*status as i32))));
        let version = format!("{MCP_VERSION_MAJOR}.{MCP_VERSION_MINOR}.{MCP_VERSION_PATCH}\0");
        assert_eq!(VERSION, version);
        assert_eq!(
            MCP_VERSION_NUMBER,
            MCP_VERSION_MAJOR * 1_000_000 + MCP_VERSION_MINOR * 1000 + MCP_VERSION_PATCH
        );
    }
}
