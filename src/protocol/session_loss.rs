//! Whether a refused request means that the server has lost the session: a
//! pure function, whose table is its test.
//!
//! A server that was restarted, or that speaks another revision now, refuses
//! the next request. Some refusals say so: the server did not run the request,
//! so that the client may connect again and send it once more. Others may mean
//! something else. Then the call fails, and a ping in the session decides before
//! the next request.

use crate::base::error::Status;
use crate::protocol::error_code::{
    HEADER_MISMATCH, INVALID_REQUEST, MISSING_CAPABILITY, SERVER_ERROR, UNSUPPORTED_VERSION,
};
use crate::protocol::http_status::StatusClass;
use crate::wire::jsonrpc::RpcError;

/// The request that the server refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// A call that may run twice.
    Read,
    /// Any other call.
    Call,
    /// A notification of the application.
    Notification,
    /// A message that nobody waits for: a response to the server, or a
    /// notification of the library.
    Aside,
    /// A ping that asks whether the server still knows the session.
    Ping,
    /// `subscriptions/listen` over HTTP, whose response is the notification
    /// stream.
    Listen,
    /// The GET that opens the notification stream.
    NotificationStream,
    /// The GET that resumes the broken event stream of a response.
    ResponseStream,
}

/// The parts of the response that decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefusalFacts {
    pub(crate) http_status: u16,
    /// The JSON-RPC error in the response.
    pub(crate) rpc: Option<RefusalCode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefusalCode {
    pub(crate) code: i32,
    /// Whether the error has the id of a request. A server that looks for the
    /// session before it reads the body does not know the id.
    pub(crate) names_request: bool,
    /// Whether the message of the error speaks of a session, or of its
    /// initialization.
    pub(crate) is_about_session: bool,
}

impl RefusalCode {
    pub(crate) fn of(rpc: &RpcError, names_request: bool) -> Self {
        let message = rpc.message.to_ascii_lowercase();
        let is_about_session = message.contains("session") || message.contains("initialized");
        Self { code: rpc.code, names_request, is_about_session }
    }
}

/// What the client knows about the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SessionState {
    pub(crate) is_stateless: bool,
    /// The session has an id: a header, or over HTTP with SSE a part of the URL
    /// for messages.
    pub(crate) has_id: bool,
    /// The server has opened a notification stream in this session.
    pub(crate) had_stream: bool,
}

/// What the refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The server does not know the session, or the revision, any more. It did
    /// not run the request.
    Lost,
    /// The request failed. A ping shows whether the server still knows the
    /// session.
    Suspicious,
    /// The server does not offer the stream.
    NoStream,
    /// The server does not offer the stream, or it has lost the session. A ping
    /// shows which.
    NoStreamOrLost,
    /// The URL has no MCP endpoint any more, or one of another kind. The call
    /// fails, and the next call connects again.
    EndpointGone,
    /// The server may accept the same request later.
    Unavailable,
    /// The request failed, and the session is as good as before.
    Refused,
}

impl Verdict {
    /// Whether the client has to make a new session.
    pub(crate) fn is_lost(self) -> bool {
        self == Self::Lost
    }

    /// Whether a ping has to show if the server still knows the session.
    pub(crate) fn needs_ping(self) -> bool {
        matches!(self, Self::Suspicious | Self::NoStreamOrLost)
    }

    /// Whether the error says that the server offers no stream.
    pub(crate) fn is_without_stream(self) -> bool {
        matches!(self, Self::NoStream | Self::NoStreamOrLost)
    }
}

pub(crate) fn judge(request: RequestKind, refusal: RefusalFacts, session: SessionState) -> Verdict {
    use RequestKind::{Aside, Call, Listen, NotificationStream, Read, ResponseStream};
    let RefusalFacts { http_status, rpc } = refusal;
    let is_lost = is_lost(request, refusal, session);
    match request {
        // Nothing that the session cannot do without ends it.
        NotificationStream if !session.had_stream => {
            let is_doubtful = is_lost || http_status != 405 && is_suspicious(refusal, session);
            match (is_doubtful, is_without_stream(http_status)) {
                (true, true) => Verdict::NoStreamOrLost,
                (true, false) => Verdict::Suspicious,
                (false, true) => Verdict::NoStream,
                (false, false) => Verdict::Refused,
            }
        }
        ResponseStream => match http_status {
            400 | 401 | 404 | 409 | 410 => Verdict::NoStreamOrLost,
            502..=504 => Verdict::Unavailable,
            _ => Verdict::NoStream,
        },
        NotificationStream | Listen if is_lost => Verdict::Lost,
        NotificationStream | Listen if http_status == 405 && session.had_stream => {
            Verdict::NoStreamOrLost
        }
        NotificationStream if http_status == 501 => Verdict::NoStream,
        // The server may know the session, and refuse this response alone.
        Aside if is_lost => Verdict::Suspicious,
        _ if is_lost && StatusClass::of(http_status).is_about_request() => Verdict::Lost,
        _ if is_suspicious(refusal, session) => Verdict::Suspicious,
        Read | Call if matches!(http_status, 404 | 405) && rpc.is_none() => Verdict::EndpointGone,
        Call if http_status == 400 && !session.has_id && rpc.is_some_and(may_lack_session) => {
            Verdict::EndpointGone
        }
        _ => Verdict::Refused,
    }
}

/// Whether the refusal says that the session is lost.
fn is_lost(request: RequestKind, refusal: RefusalFacts, session: SessionState) -> bool {
    match (refusal.http_status, refusal.rpc) {
        (404, _) if session.has_id => true,
        (_, Some(RefusalCode { code: UNSUPPORTED_VERSION, .. })) => true,
        // Only servers of the stateless dialect send these codes.
        (400, Some(RefusalCode { code: HEADER_MISMATCH | MISSING_CAPABILITY, .. })) => {
            !session.is_stateless
        }
        // A restarted server of the TypeScript SDK, or a server that has sessions
        // now and had none before. A call is sent twice only if the server says
        // that it lacks a session.
        (400, Some(code @ RefusalCode { code: SERVER_ERROR, names_request: false, .. })) => {
            let is_read = matches!(request, RequestKind::Read | RequestKind::Ping);
            is_read || !session.has_id && (request != RequestKind::Call || code.is_about_session)
        }
        (400, Some(code @ RefusalCode { code: INVALID_REQUEST, names_request: false, .. })) => {
            !session.has_id && (request != RequestKind::Call || code.is_about_session)
        }
        _ => false,
    }
}

/// Whether a server that had no sessions may refuse a request because it has
/// sessions now.
fn may_lack_session(rpc: RefusalCode) -> bool {
    matches!(rpc.code, SERVER_ERROR | INVALID_REQUEST) && !rpc.names_request
}

/// Whether the refusal may say that the session is lost. Servers word it in many
/// ways. An error with the id of a request is about that request.
fn is_suspicious(refusal: RefusalFacts, session: SessionState) -> bool {
    let is_possible = match refusal.rpc {
        Some(RefusalCode { names_request, .. }) => {
            let class = StatusClass::of(refusal.http_status);
            let is_of_server = class.is_about_request() || class == StatusClass::Credential;
            !names_request && is_of_server && refusal.http_status != 407
        }
        None => matches!(refusal.http_status, 400 | 401 | 403 | 405 | 409 | 410 | 412 | 422),
    };
    session.has_id && is_possible
}

/// Whether a server that has opened no stream yet says that it offers none.
fn is_without_stream(http_status: u16) -> bool {
    matches!(http_status, 400 | 404 | 405 | 406 | 409 | 410 | 501)
}

/// Whether the client may open the notification stream again after it failed
/// with this status.
pub(crate) fn may_reopen(status: Status) -> bool {
    !matches!(
        status,
        Status::Unsupported
            | Status::Unauthorized
            | Status::Forbidden
            | Status::Insecure
            | Status::Redirect
            | Status::Version
    )
}

#[cfg(test)]
mod tests {
    use RequestKind::*;
    use Verdict::*;

    use super::*;
    use crate::protocol::error_code::METHOD_NOT_FOUND;

    const PLAIN: SessionState =
        SessionState { is_stateless: false, has_id: false, had_stream: false };
    const WITH_ID: SessionState = SessionState { has_id: true, ..PLAIN };
    const STATELESS: SessionState = SessionState { is_stateless: true, ..PLAIN };
    const STREAMED: SessionState = SessionState { had_stream: true, ..WITH_ID };
    const PLAIN_STREAMED: SessionState = SessionState { had_stream: true, ..PLAIN };
    const STATELESS_STREAMED: SessionState = SessionState { had_stream: true, ..STATELESS };

    fn named(code: i32) -> Option<RefusalCode> {
        Some(RefusalCode { code, names_request: true, is_about_session: false })
    }

    fn anonymous(code: i32) -> Option<RefusalCode> {
        Some(RefusalCode { code, names_request: false, is_about_session: false })
    }

    /// An error that names no request, and says that a session is missing.
    fn sessionless(code: i32) -> Option<RefusalCode> {
        Some(RefusalCode { code, names_request: false, is_about_session: true })
    }

    type Row<'a> = (&'a [RequestKind], SessionState, u16, Option<RefusalCode>, Verdict);

    fn check(rows: &[Row<'_>]) {
        for (requests, session, http_status, rpc, verdict) in rows {
            for request in *requests {
                let refusal = RefusalFacts { http_status: *http_status, rpc: *rpc };
                let row = (request, session, http_status, rpc);
                assert_eq!(judge(*request, refusal, *session), *verdict, "{row:?}");
            }
        }
    }

    const ALL: &[RequestKind] = &[Read, Call, Notification, Ping];

    #[test]
    fn judges_a_message_by_the_session_status_and_code() {
        check(&[
            // A session that the server does not know.
            (ALL, WITH_ID, 404, None, Lost),
            (ALL, WITH_ID, 404, named(METHOD_NOT_FOUND), Lost),
            (ALL, PLAIN, 404, named(METHOD_NOT_FOUND), Refused),
            // No endpoint. Only a call looks for another one.
            (&[Read, Call], PLAIN, 404, None, EndpointGone),
            (&[Read, Call], PLAIN, 405, None, EndpointGone),
            (&[Read, Call], STATELESS, 404, None, EndpointGone),
            (&[Notification, Ping], PLAIN, 404, None, Refused),
            // Another revision.
            (ALL, WITH_ID, 400, named(UNSUPPORTED_VERSION), Lost),
            (ALL, WITH_ID, 400, anonymous(UNSUPPORTED_VERSION), Lost),
            (ALL, STATELESS, 400, named(UNSUPPORTED_VERSION), Lost),
            (ALL, PLAIN, 200, named(UNSUPPORTED_VERSION), Lost),
            (ALL, PLAIN, 400, named(HEADER_MISMATCH), Lost),
            (ALL, PLAIN, 400, anonymous(MISSING_CAPABILITY), Lost),
            (ALL, PLAIN, 200, named(HEADER_MISMATCH), Refused),
            (ALL, STATELESS, 400, named(HEADER_MISMATCH), Refused),
            (ALL, STATELESS, 400, named(MISSING_CAPABILITY), Refused),
            // A server that wants `initialize` first.
            (&[Read, Ping], WITH_ID, 400, anonymous(SERVER_ERROR), Lost),
            (&[Call, Notification], WITH_ID, 400, anonymous(SERVER_ERROR), Suspicious),
            (ALL, PLAIN, 400, sessionless(SERVER_ERROR), Lost),
            (ALL, STATELESS, 400, sessionless(SERVER_ERROR), Lost),
            (&[Read, Notification, Ping], PLAIN, 400, anonymous(SERVER_ERROR), Lost),
            (&[Read, Notification, Ping], STATELESS, 400, anonymous(SERVER_ERROR), Lost),
            (&[Call], PLAIN, 400, anonymous(SERVER_ERROR), EndpointGone),
            (&[Call], STATELESS, 400, anonymous(SERVER_ERROR), EndpointGone),
            (ALL, WITH_ID, 400, named(SERVER_ERROR), Refused),
            // A server that wants a session id.
            (ALL, PLAIN, 400, sessionless(INVALID_REQUEST), Lost),
            (&[Read, Notification, Ping], PLAIN, 400, anonymous(INVALID_REQUEST), Lost),
            (&[Call], PLAIN, 400, anonymous(INVALID_REQUEST), EndpointGone),
            (ALL, PLAIN, 400, named(INVALID_REQUEST), Refused),
            // Statuses that say nothing about the session, whatever the code.
            (ALL, WITH_ID, 403, named(UNSUPPORTED_VERSION), Refused),
            (ALL, WITH_ID, 407, anonymous(SERVER_ERROR), Refused),
            (ALL, WITH_ID, 429, anonymous(SERVER_ERROR), Refused),
            (ALL, WITH_ID, 429, None, Refused),
            (ALL, WITH_ID, 500, None, Refused),
            (ALL, WITH_ID, 503, None, Refused),
            (ALL, WITH_ID, 503, anonymous(SERVER_ERROR), Refused),
            (ALL, WITH_ID, 413, None, Refused),
            (ALL, WITH_ID, 200, None, Refused),
        ]);
    }

    #[test]
    fn suspects_a_session_with_an_id_in_whatever_words_it_is_refused() {
        for status in [400, 401, 403, 405, 409, 410, 412, 422] {
            check(&[
                (ALL, WITH_ID, status, None, Suspicious),
                (&[Aside], WITH_ID, status, None, Suspicious),
                (&[Notification, Ping, Aside], PLAIN, status, None, Refused),
                (ALL, WITH_ID, status, named(INVALID_REQUEST), Refused),
            ]);
        }
        // An error that names no request, with any status.
        for status in [0, 200, 202, 401, 403, 405, 409, 418, 422, 499, 500, 501] {
            check(&[
                (ALL, WITH_ID, status, anonymous(SERVER_ERROR), Suspicious),
                (ALL, WITH_ID, status, anonymous(INVALID_REQUEST), Suspicious),
                (ALL, PLAIN, status, anonymous(SERVER_ERROR), Refused),
                (ALL, STATELESS, status, anonymous(SERVER_ERROR), Refused),
                (ALL, WITH_ID, status, named(SERVER_ERROR), Refused),
            ]);
        }
        check(&[
            (ALL, WITH_ID, 400, anonymous(INVALID_REQUEST), Suspicious),
            (&[Read, Call], PLAIN, 400, None, Refused),
            (&[Read, Call], PLAIN, 401, None, Refused),
            // A response that the server does not expect may get a 404.
            (&[Aside], WITH_ID, 404, None, Suspicious),
        ]);
    }

    #[test]
    fn never_ends_a_session_for_a_stream_that_was_never_open() {
        let get = &[NotificationStream][..];
        for session in [PLAIN, WITH_ID, STATELESS] {
            for status in 300..600 {
                for rpc in [None, named(UNSUPPORTED_VERSION), anonymous(SERVER_ERROR)] {
                    let refusal = RefusalFacts { http_status: status, rpc };
                    let verdict = judge(NotificationStream, refusal, session);
                    assert!(!verdict.is_lost(), "{session:?} {refusal:?}");
                }
            }
        }
        check(&[
            (get, PLAIN, 404, None, NoStream),
            (get, WITH_ID, 404, None, NoStreamOrLost),
            (get, WITH_ID, 405, None, NoStream),
            (get, WITH_ID, 501, None, NoStream),
            (get, WITH_ID, 406, None, NoStream),
            (get, WITH_ID, 400, None, NoStreamOrLost),
            (get, WITH_ID, 400, anonymous(SERVER_ERROR), NoStreamOrLost),
            (get, WITH_ID, 409, None, NoStreamOrLost),
            (get, WITH_ID, 410, None, NoStreamOrLost),
            (get, PLAIN, 400, named(UNSUPPORTED_VERSION), NoStreamOrLost),
            (get, WITH_ID, 401, None, Suspicious),
            (get, WITH_ID, 200, anonymous(SERVER_ERROR), Suspicious),
            (get, WITH_ID, 503, None, Refused),
        ]);
    }

    #[test]
    fn judges_the_request_for_a_stream_that_was_open() {
        check(&[
            (&[NotificationStream], STREAMED, 404, None, Lost),
            (&[NotificationStream], STREAMED, 405, None, NoStreamOrLost),
            (&[NotificationStream], STREAMED, 501, None, NoStream),
            (&[NotificationStream], STREAMED, 400, None, Suspicious),
            (&[NotificationStream], STREAMED, 400, anonymous(SERVER_ERROR), Suspicious),
            (&[NotificationStream], STREAMED, 401, None, Suspicious),
            (&[NotificationStream], STREAMED, 409, None, Suspicious),
            (&[NotificationStream], STREAMED, 503, None, Refused),
            (&[NotificationStream], PLAIN_STREAMED, 404, None, Refused),
            (&[NotificationStream], PLAIN_STREAMED, 400, anonymous(SERVER_ERROR), Lost),
            // Other than a message, a stream is judged by the code under any status.
            (&[NotificationStream, Listen], STREAMED, 403, named(UNSUPPORTED_VERSION), Lost),
            (&[Listen], STATELESS, 404, None, Refused),
            (&[Listen], STATELESS, 400, named(UNSUPPORTED_VERSION), Lost),
            (&[Listen], STATELESS, 405, None, Refused),
            (&[Listen], STATELESS_STREAMED, 405, None, NoStreamOrLost),
            (&[Listen], STATELESS_STREAMED, 503, None, Refused),
        ]);
    }

    #[test]
    fn judges_the_resumption_of_a_response_by_the_status_alone() {
        for session in [PLAIN, WITH_ID, STREAMED] {
            check(&[
                (&[ResponseStream], session, 404, None, NoStreamOrLost),
                (&[ResponseStream], session, 400, named(UNSUPPORTED_VERSION), NoStreamOrLost),
                (&[ResponseStream], session, 401, None, NoStreamOrLost),
                (&[ResponseStream], session, 409, None, NoStreamOrLost),
                (&[ResponseStream], session, 502, None, Unavailable),
                (&[ResponseStream], session, 503, None, Unavailable),
                (&[ResponseStream], session, 504, None, Unavailable),
                (&[ResponseStream], session, 403, None, NoStream),
                (&[ResponseStream], session, 405, None, NoStream),
                (&[ResponseStream], session, 500, None, NoStream),
            ]);
        }
    }

    #[test]
    fn reopens_a_stream_after_passing_failures_only() {
        for (status, may) in [
            (Status::Io, true),
            (Status::Connect, true),
            (Status::Timeout, true),
            (Status::Unavailable, true),
            (Status::RateLimited, true),
            (Status::Server, true),
            (Status::Endpoint, true),
            (Status::Rpc, true),
            (Status::Unsupported, false),
            (Status::Unauthorized, false),
            (Status::Forbidden, false),
            (Status::Insecure, false),
            (Status::Redirect, false),
            (Status::Version, false),
        ] {
            assert_eq!(may_reopen(status), may, "{status:?}");
        }
    }
}
