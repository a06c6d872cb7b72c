//! The library's version, and the status codes.

#![allow(dead_code, reason = "constants for the header")]

use std::ffi::c_char;

use crate::base::error::Status;
use crate::client::Counter;
use crate::client::settings::Limit;

/// Version of this header.  A program built against this header runs with any
/// library of the same major number that is not older; see
/// mcp_version_number().
pub const MCP_VERSION_MAJOR: i32 = 0;

pub const MCP_VERSION_MINOR: i32 = 1;

pub const MCP_VERSION_PATCH: i32 = 0;

/// The three numbers in one: 1002003 would be 1.2.3.
pub const MCP_VERSION_NUMBER: i32 = 1000;

/// STATUS CODES.  Every function that can fail in more than one way returns
/// one of these numbers.  They never change and are never reused; new ones
/// may come, so treat a number you do not know as a failure.  What happened
/// in words, with the HTTP status and the JSON-RPC error, is in the thread's
/// last error: see mcp_error.
///
/// 0 is success.  Failures are 1 to 99.  A number from 100 on is a state, such
/// as MCP_PENDING, and no failure.
pub const MCP_OK: i32 = 0;

/// 1-19, the caller's side.  A NULL, empty, malformed or contradictory
/// argument.  Nothing was sent and nothing was changed.
pub const MCP_E_INVALID_ARGUMENT: i32 = 1;

/// The call is valid, but not now: an option that must be set before the
/// client is connected, a request that another thread is performing.
pub const MCP_E_STATE: i32 = 2;

/// The client was closed by mcp_client_close(), before or during the call.
pub const MCP_E_CLOSED: i32 = 3;

/// The handle was made by another process: this one is a fork of it.
pub const MCP_E_FORKED: i32 = 4;

/// The server, its protocol revision or this transport lacks what was asked
/// for: also where a server does not know a method (-32601) whose capability
/// it does not declare.
pub const MCP_E_UNSUPPORTED: i32 = 5;

/// The named thing is not there.
pub const MCP_E_NOT_FOUND: i32 = 6;

/// An allocation whose size the server chose could not be had.
pub const MCP_E_NO_MEMORY: i32 = 7;

/// A mistake inside the library, or the system has no descriptor or thread
/// left; the message says which.  The client stays usable.
pub const MCP_E_INTERNAL: i32 = 8;

/// 20-39, the way to the server.  The host name could not be resolved.
pub const MCP_E_RESOLVE: i32 = 20;

/// No connection: refused, unreachable, or not made within the connect
/// timeout.
pub const MCP_E_CONNECT: i32 = 21;

/// TLS failed, or a certificate or key cannot be used; the message says which
/// check.
pub const MCP_E_TLS: i32 = 22;

/// The proxy cannot be reached, refused, or asked for credentials that it was
/// not given.
pub const MCP_E_PROXY: i32 = 23;

/// The connection was lost.  mcp_error_may_have_run() says if the server may
/// have executed the request.
pub const MCP_E_IO: i32 = 24;

/// A time limit ended the wait.  The server was told to stop, where its
/// revision has a message for that.
pub const MCP_E_TIMEOUT: i32 = 25;

/// An mcp_cancel ended the wait.  The server was told to stop, where its
/// revision has a message for that.
pub const MCP_E_CANCELLED: i32 = 26;

/// The server's process could not be started, or it ended.
pub const MCP_E_PROCESS: i32 = 27;

/// Something is over its limit, which the message names: a message or a line
/// over mcp_client_set_max_message_size(), a reply's head over 64 KiB, a list
/// over mcp_client_set_max_pages() or mcp_client_set_max_items(), the messages
/// before an answer over mcp_client_set_max_events(), rounds of questions over
/// ten, objects and arrays nested more than 512 deep.
pub const MCP_E_TOO_LARGE: i32 = 28;

/// 40-59, HTTP and authorization.  An HTTP status that no other code stands
/// for; see mcp_error_http_status().
pub const MCP_E_HTTP: i32 = 40;

/// 401: no token, or a token that the server does not take.
pub const MCP_E_UNAUTHORIZED: i32 = 41;

/// 403: the token is good, but not for this.  mcp_error_challenge() may name
/// the scope that is missing.
pub const MCP_E_FORBIDDEN: i32 = 42;

/// 429: too many requests; see mcp_error_retry_after().
pub const MCP_E_RATE_LIMITED: i32 = 43;

/// 502, 503 or 504: the server is not up; see mcp_error_retry_after().
pub const MCP_E_UNAVAILABLE: i32 = 44;

/// The server redirects to another origin, where credentials do not go, or in
/// a way that would change the request.
pub const MCP_E_REDIRECT: i32 = 45;

/// The OAuth exchange failed; the message says at which step.
pub const MCP_E_AUTH: i32 = 46;

/// Refused by the library: a credential over plain HTTP to another machine, a
/// private address that a public server names, a file of tokens that others
/// may read.
pub const MCP_E_INSECURE: i32 = 47;

/// 404 or 410: there is no MCP endpoint at this address.
pub const MCP_E_ENDPOINT: i32 = 48;

/// 500, or another 5xx than 502, 503 and 504: the server failed.
pub const MCP_E_SERVER: i32 = 49;

/// The person, or a policy of the authorization server, said no.  Asking again
/// at once would only ask them again.
pub const MCP_E_DENIED: i32 = 50;

/// Refused by the library: what was published about a server, its
/// authorization server or the answer of a sign-in contradicts itself, as in
/// an attack.  The message shows both sides; nothing was sent after it.
pub const MCP_E_UNTRUSTED: i32 = 51;

/// 60-79, the protocol.  The other side does not speak MCP, or breaks its
/// rules; the message says what was wrong and where.
pub const MCP_E_PROTOCOL: i32 = 60;

/// No protocol revision in common.
pub const MCP_E_VERSION: i32 = 61;

/// The server answered with a JSON-RPC error: mcp_error_rpc_code(),
/// mcp_error_data_json().
pub const MCP_E_RPC: i32 = 62;

/// The server forgot the session while a request that is not safe to repeat
/// was under way.  The next call starts a new session.
pub const MCP_E_SESSION_LOST: i32 = 63;

/// The server asks a question before it answers, and there is no handler for
/// its kind.
pub const MCP_E_INPUT_REQUIRED: i32 = 64;

/// There is a server, but it does not speak MCP at this address, neither over
/// Streamable HTTP nor over HTTP with SSE, or not over the one that was chosen.
pub const MCP_E_TRANSPORT: i32 = 65;

/// A file of a skill is not what its entry says: its size, its SHA-256 or its
/// front matter.
pub const MCP_E_INTEGRITY: i32 = 66;

/// Not an error: a started request that is not done; see
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

/// KINDS OF EVENT, for mcp_event_kind(), and the first three added together
/// for mcp_listen().  The server's list of tools is another than before.
pub const MCP_EVENT_TOOLS_CHANGED: i32 = 1;

pub const MCP_EVENT_PROMPTS_CHANGED: i32 = 2;

pub const MCP_EVENT_RESOURCES_CHANGED: i32 = 4;

/// A resource that was subscribed to has new contents: mcp_event_uri().
pub const MCP_EVENT_RESOURCE_UPDATED: i32 = 8;

/// A log message: mcp_event_log_level(), mcp_event_logger(),
/// mcp_event_data_json().
pub const MCP_EVENT_LOG: i32 = 16;

/// What was asked by MCP_INPUT_URL has been done in the browser.
pub const MCP_EVENT_ELICITATION_COMPLETE: i32 = 32;

/// A task has another status: mcp_event_task().  From revision 2026-07-28 on a
/// server tells of a task only where mcp_listen() asks for this kind.
pub const MCP_EVENT_TASK_STATUS: i32 = 64;

/// The stream of mcp_listen() or mcp_subscribe_resource() stands, or stands
/// again: whatever changed while it did not was not told, so read again what
/// you hold.
pub const MCP_EVENT_LISTENING: i32 = 128;

/// Any other notification: mcp_event_method(), mcp_event_params_json().  A
/// later library may give some of them a number of their own: see "NEW KINDS"
/// at the top.
pub const MCP_EVENT_OTHER: i32 = 256;

/// The server does not want its question answered any more.
pub const MCP_EVENT_CANCELLED: i32 = 512;

/// The stream of mcp_listen() or mcp_subscribe_resource() stood and will not
/// stand again: the server refuses it now.  mcp_event_params_json() has the
/// reason as "message".  Listen again when that has changed.
pub const MCP_EVENT_SILENT: i32 = 1024;

/// KINDS OF QUESTION, for mcp_input_kind(), and added together for
/// mcp_client_set_input_handler().  A form to fill in (elicitation): a
/// message and a JSON Schema of flat fields.
pub const MCP_INPUT_FORM: i32 = 1;

/// A web page to visit (elicitation), for what must not pass through this
/// program.
pub const MCP_INPUT_URL: i32 = 2;

/// A language model to ask (sampling/createMessage).
pub const MCP_INPUT_SAMPLING: i32 = 4;

/// For mcp_client_set_input_handler(): a language model that may be given
/// tools.  The question's kind is MCP_INPUT_SAMPLING.
pub const MCP_INPUT_SAMPLING_TOOLS: i32 = 8;

/// The roots (roots/list), unless mcp_client_set_roots_json() answers.
pub const MCP_INPUT_ROOTS: i32 = 16;

/// KINDS OF CONTENT, for mcp_content_kind().
pub const MCP_CONTENT_TEXT: i32 = 1;

pub const MCP_CONTENT_IMAGE: i32 = 2;

pub const MCP_CONTENT_AUDIO: i32 = 3;

pub const MCP_CONTENT_RESOURCE_LINK: i32 = 4;

/// A resource in place: its text or its bytes, with its URI.
pub const MCP_CONTENT_RESOURCE: i32 = 5;

/// A kind that this library does not know: mcp_content_json() has it whole.  A
/// later library may give it a number of its own: see "NEW KINDS" at the top.
pub const MCP_CONTENT_OTHER: i32 = 99;

/// WAYS TO A TOKEN, for mcp_auth_new().  A person signs in with a browser
/// (authorization code with PKCE).
pub const MCP_GRANT_AUTHORIZATION_CODE: i32 = 1;

/// The program itself, by its secret or its private key.
pub const MCP_GRANT_CLIENT_CREDENTIALS: i32 = 2;

/// A person who is signed in elsewhere: the identity token becomes an ID-JAG
/// at the identity provider, and that an access token (enterprise-managed
/// authorization, cross-app access).
pub const MCP_GRANT_TOKEN_EXCHANGE: i32 = 3;

/// The workload, by a signed token of its platform (workload identity
/// federation).
pub const MCP_GRANT_JWT_BEARER: i32 = 4;

/// KINDS OF JSON VALUE, for mcp_json_kind().
pub const MCP_JSON_NULL: i32 = 0;

pub const MCP_JSON_BOOLEAN: i32 = 1;

pub const MCP_JSON_NUMBER: i32 = 2;

pub const MCP_JSON_STRING: i32 = 3;

pub const MCP_JSON_ARRAY: i32 = 4;

pub const MCP_JSON_OBJECT: i32 = 5;

/// TRANSPORTS, for mcp_client_set_transport() and mcp_client_transport().
/// Streamable HTTP first, HTTP with SSE (2024-11-05) where the server answers
/// 400, 404 or 405 to it; the other way round for a path with a segment "sse".
pub const MCP_TRANSPORT_AUTO: i32 = 0;

pub const MCP_TRANSPORT_STREAMABLE_HTTP: i32 = 1;

pub const MCP_TRANSPORT_SSE: i32 = 2;

/// A process or open descriptors; only told, never chosen.
pub const MCP_TRANSPORT_STDIO: i32 = 3;

/// STANDARD ERROR of a server's process, for mcp_client_set_stderr().  It is
/// read, and its end kept for errors.
pub const MCP_STDERR_KEEP: i32 = 0;

pub const MCP_STDERR_DISCARD: i32 = 1;

/// It goes where this process's own standard error goes.
pub const MCP_STDERR_INHERIT: i32 = 2;

/// LIMITS, for mcp_client_set_limit(): over one of the first four a call is
/// MCP_E_TOO_LARGE.  The bytes of one message of the server, and of a whole
/// list with all its pages; 64 MiB at first.
pub const MCP_LIMIT_MESSAGE_SIZE: i32 = 1;

/// The pages of a list; 1000 at first.
pub const MCP_LIMIT_PAGES: i32 = 2;

/// The items of a list; 1000000 at first.
pub const MCP_LIMIT_ITEMS: i32 = 3;

/// The messages in the stream of a call before its answer; 1000000 at first.
pub const MCP_LIMIT_EVENTS: i32 = 4;

/// The bytes of answers that are kept; see mcp_client_set_cache_size().
pub const MCP_LIMIT_CACHE: i32 = 5;

/// The started requests that hold a connection at a time; 64 at first.
/// Others wait for their turn, in the order in which they were started, and
/// their timeout runs meanwhile.  One whose question is open on its own stream
/// keeps its connection: the handler of a question that starts requests needs
/// room for them.
pub const MCP_LIMIT_CONNECTIONS: i32 = 6;

/// COUNTERS, for mcp_client_count(): what happened without a word.
/// Replies to requests that are not, or not any more, under way.
pub const MCP_COUNT_DROPPED_REPLIES: i32 = 1;

/// Events that came faster than the program looked, of which the oldest are
/// dropped: see mcp_client_set_event_handler(); and questions that were
/// refused for the same reason: see mcp_client_set_input_handler().
pub const MCP_COUNT_DROPPED_EVENTS: i32 = 2;

/// Calls that were answered from memory; see mcp_client_set_cache_size().
pub const MCP_COUNT_CACHE_HITS: i32 = 3;

/// Sessions that were made anew, after one that was lost.
pub const MCP_COUNT_RECONNECTIONS: i32 = 4;

/// Requests that were sent once more, because the first one was lost.
pub const MCP_COUNT_REPETITIONS: i32 = 5;

/// Streams that were opened again after they broke or ended.
pub const MCP_COUNT_RESUMPTIONS: i32 = 6;

/// Processes that were started, the first one included.
pub const MCP_COUNT_STARTS: i32 = 7;

/// Lines or events of the server that were no message, and passed over.
pub const MCP_COUNT_JUNK: i32 = 8;

/// Failures of the store of an authorization that ended no call.
pub const MCP_COUNT_STORE_FAILURES: i32 = 9;

/// Gives the library's version, such as "0.1.0".
///
/// Returns static text, never NULL; compare with MCP_VERSION.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn mcp_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// Gives the library's version as a number like MCP_VERSION_NUMBER.
///
/// Compare the two to learn that a program runs with an older library than it
/// was built for.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn mcp_version_number() -> i32 {
    MCP_VERSION_NUMBER
}

/// Gives the name of a status code or a state, such as "MCP_E_TIMEOUT" or
/// "MCP_PENDING".
///
/// `status`: any number.  Returns static text, "MCP_E_UNKNOWN" for a number
/// that is neither.  For logs and tests: people want mcp_error_message().
/// Threads: any.  Since: 0.1.0.
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

/// The same for the counters.
const _: () = {
    let pairs: &[(i32, Counter)] = &[
        (MCP_COUNT_DROPPED_REPLIES, Counter::DroppedReplies),
        (MCP_COUNT_DROPPED_EVENTS, Counter::DroppedEvents),
        (MCP_COUNT_CACHE_HITS, Counter::CacheHits),
        (MCP_COUNT_RECONNECTIONS, Counter::Reconnections),
        (MCP_COUNT_REPETITIONS, Counter::Repetitions),
        (MCP_COUNT_RESUMPTIONS, Counter::Resumptions),
        (MCP_COUNT_STARTS, Counter::Starts),
        (MCP_COUNT_JUNK, Counter::Junk),
    ];
    let mut rest = pairs;
    while let [(number, counter), others @ ..] = rest {
        assert!(*number == *counter as i32);
        rest = others;
    }
};

/// The same for the limits.
const _: () = {
    assert!(MCP_LIMIT_MESSAGE_SIZE == Limit::MessageSize as i32);
    assert!(MCP_LIMIT_PAGES == Limit::Pages as i32);
    assert!(MCP_LIMIT_ITEMS == Limit::Items as i32);
    assert!(MCP_LIMIT_EVENTS == Limit::Events as i32);
    assert!(MCP_LIMIT_CACHE == Limit::Cache as i32);
    assert!(MCP_LIMIT_CONNECTIONS == Limit::Connections as i32);
};

/// cbindgen needs literals; this ties them to the enumeration.
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
    fn names_are_texts_of_c() {
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
