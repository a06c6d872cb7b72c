//! Whether a refused request means that the server has lost the session: a
//! pure function, whose table is its test.
//!
//! A server that was restarted, or that speaks another revision now, refuses
//! the next request. It did not run that request, so that the client may
//! connect again and send it once more.

use crate::base::error::Status;
use crate::protocol::error_code::{
    HEADER_MISMATCH, INVALID_REQUEST, MISSING_CAPABILITY, SERVER_ERROR, UNSUPPORTED_VERSION,
};
use crate::protocol::http_status::StatusClass;

/// The request that the server refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// A call of the application.
    Call,
    /// A notification of the application.
    Notification,
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
}

/// What the client knows about the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SessionState {
    pub(crate) is_stateless: bool,
    pub(crate) has_id: bool,
    /// All messages use one connection: stdio, or HTTP with SSE.
    pub(crate) is_shared: bool,
    /// The server has opened a notification stream before.
    pub(crate) had_stream: bool,
}

/// What the refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The server does not know the session, or the revision, any more. It did
    /// not run the request.
    Lost,
    /// Either `Lost` or `NoStream`: a new session shows which.
    LostOrNoStream,
    /// The server does not offer the stream.
    NoStream,
    /// The server offered the stream before. A ping shows whether it still
    /// knows the session.
    Unknown,
    /// The URL has no MCP endpoint any more. The call fails, and the next call
    /// connects again.
    EndpointGone,
    /// The server may accept the same request later.
    Unavailable,
    /// The request failed, and the session is as good as before.
    Refused,
}

impl Verdict {
    /// Whether the client has to make a new session.
    pub(crate) fn is_lost(self) -> bool {
        matches!(self, Self::Lost | Self::LostOrNoStream)
    }

    /// Whether the error says that the server offers no stream.
    pub(crate) fn is_without_stream(self) -> bool {
        matches!(self, Self::LostOrNoStream | Self::NoStream | Self::Unknown)
    }
}

pub(crate) fn judge(request: RequestKind, refusal: RefusalFacts, session: SessionState) -> Verdict {
    let RefusalFacts { http_status, rpc } = refusal;
    let is_about_request = StatusClass::of(http_status).is_about_request();
    let is_lost = is_lost(refusal, session);
    match request {
        RequestKind::Call | RequestKind::Notification | RequestKind::Ping if !is_about_request => {
            Verdict::Refused
        }
        RequestKind::Call | RequestKind::Notification | RequestKind::Ping if is_lost => {
            Verdict::Lost
        }
        RequestKind::Call
            if matches!(http_status, 404 | 405) && rpc.is_none() && !session.is_shared =>
        {
            Verdict::EndpointGone
        }
        RequestKind::Call | RequestKind::Notification | RequestKind::Ping => Verdict::Refused,
        RequestKind::Listen if is_lost => Verdict::Lost,
        RequestKind::Listen if http_status == 405 && session.had_stream => Verdict::Unknown,
        RequestKind::Listen => Verdict::Refused,
        RequestKind::NotificationStream => {
            let is_without_stream = is_without_stream(http_status, session.had_stream);
            match (is_lost, is_without_stream) {
                (true, true) => Verdict::LostOrNoStream,
                (true, false) => Verdict::Lost,
                (false, true) if session.had_stream && http_status == 405 => Verdict::Unknown,
                (false, true) => Verdict::NoStream,
                (false, false) => Verdict::Refused,
            }
        }
        RequestKind::ResponseStream => match http_status {
            404 => Verdict::Lost,
            502..=504 => Verdict::Unavailable,
            _ => Verdict::NoStream,
        },
    }
}

/// The rules that hold for every request but the GET of a response's stream.
fn is_lost(refusal: RefusalFacts, session: SessionState) -> bool {
    let can_be_lost = session.has_id || session.is_shared;
    match (refusal.http_status, refusal.rpc) {
        (404, _) if can_be_lost => true,
        (_, Some(RefusalCode { code: UNSUPPORTED_VERSION, .. })) => true,
        // Only servers of the stateless dialect send these codes.
        (400, Some(RefusalCode { code: HEADER_MISMATCH | MISSING_CAPABILITY, .. })) => {
            !session.is_stateless
        }
        // A restarted server of the TypeScript SDK that keeps a single session,
        // or a server that has sessions now and had none before.
        (400, Some(RefusalCode { code: SERVER_ERROR, names_request })) => !names_request,
        (400, Some(RefusalCode { code: INVALID_REQUEST, names_request })) => {
            !names_request && !can_be_lost
        }
        _ => false,
    }
}

/// A server that opened a stream before may have a temporary problem. A 409 means
/// that the previous stream is still open at the server.
fn is_without_stream(http_status: u16, had_stream: bool) -> bool {
    match http_status {
        405 | 501 => true,
        400 | 404 | 406 | 409 => !had_stream,
        _ => false,
    }
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
        SessionState { is_stateless: false, has_id: false, is_shared: false, had_stream: false };
    const WITH_ID: SessionState = SessionState { has_id: true, ..PLAIN };
    const SHARED: SessionState = SessionState { is_shared: true, ..PLAIN };
    const STATELESS: SessionState = SessionState { is_stateless: true, ..PLAIN };
    const STREAMED: SessionState = SessionState { had_stream: true, ..WITH_ID };
    const STATELESS_STREAMED: SessionState = SessionState { had_stream: true, ..STATELESS };

    fn named(code: i32) -> Option<RefusalCode> {
        Some(RefusalCode { code, names_request: true })
    }

    fn anonymous(code: i32) -> Option<RefusalCode> {
        Some(RefusalCode { code, names_request: false })
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

    #[test]
    fn judges_a_message_by_the_session_status_and_code() {
        let all = &[Call, Notification, Ping][..];
        check(&[
            // A session that the server does not know.
            (all, WITH_ID, 404, None, Lost),
            (all, WITH_ID, 404, named(METHOD_NOT_FOUND), Lost),
            (all, SHARED, 404, None, Lost),
            (all, PLAIN, 404, named(METHOD_NOT_FOUND), Refused),
            // No endpoint. Only a call looks for another one.
            (&[Call], PLAIN, 404, None, EndpointGone),
            (&[Call], STATELESS, 404, None, EndpointGone),
            (&[Call], WITH_ID, 405, None, EndpointGone),
            (&[Call], SHARED, 405, None, Refused),
            (&[Notification, Ping], PLAIN, 404, None, Refused),
            (&[Notification, Ping], WITH_ID, 405, None, Refused),
            // Another revision.
            (all, WITH_ID, 400, named(UNSUPPORTED_VERSION), Lost),
            (all, STATELESS, 400, named(UNSUPPORTED_VERSION), Lost),
            (all, SHARED, 200, named(UNSUPPORTED_VERSION), Lost),
            (all, PLAIN, 400, named(HEADER_MISMATCH), Lost),
            (all, PLAIN, 400, anonymous(MISSING_CAPABILITY), Lost),
            (all, PLAIN, 200, named(HEADER_MISMATCH), Refused),
            (all, STATELESS, 400, named(HEADER_MISMATCH), Refused),
            (all, STATELESS, 400, named(MISSING_CAPABILITY), Refused),
            // A server that wants `initialize` first.
            (all, WITH_ID, 400, anonymous(SERVER_ERROR), Lost),
            (all, PLAIN, 400, anonymous(SERVER_ERROR), Lost),
            (all, STATELESS, 400, anonymous(SERVER_ERROR), Lost),
            (all, WITH_ID, 400, named(SERVER_ERROR), Refused),
            (all, WITH_ID, 200, anonymous(SERVER_ERROR), Refused),
            // A server that wants a session id.
            (all, PLAIN, 400, anonymous(INVALID_REQUEST), Lost),
            (all, WITH_ID, 400, anonymous(INVALID_REQUEST), Refused),
            (all, SHARED, 400, anonymous(INVALID_REQUEST), Refused),
            (all, PLAIN, 400, named(INVALID_REQUEST), Refused),
            // Statuses that say nothing about the session, whatever the code.
            (all, WITH_ID, 401, None, Refused),
            (all, WITH_ID, 403, named(UNSUPPORTED_VERSION), Refused),
            (all, WITH_ID, 429, anonymous(SERVER_ERROR), Refused),
            (all, WITH_ID, 503, None, Refused),
            (all, WITH_ID, 500, None, Refused),
            (all, WITH_ID, 400, None, Refused),
        ]);
    }

    #[test]
    fn judges_the_request_for_a_notification_stream() {
        check(&[
            (&[NotificationStream], PLAIN, 404, None, NoStream),
            (&[NotificationStream], WITH_ID, 404, None, LostOrNoStream),
            (&[NotificationStream], STREAMED, 404, None, Lost),
            (&[NotificationStream], WITH_ID, 405, None, NoStream),
            (&[NotificationStream], STREAMED, 405, None, Unknown),
            (&[NotificationStream], WITH_ID, 501, None, NoStream),
            (&[NotificationStream], STREAMED, 501, None, NoStream),
            (&[NotificationStream], WITH_ID, 400, None, NoStream),
            (&[NotificationStream], STREAMED, 400, None, Refused),
            (&[NotificationStream], WITH_ID, 400, anonymous(SERVER_ERROR), LostOrNoStream),
            (&[NotificationStream], STREAMED, 400, anonymous(SERVER_ERROR), Lost),
            (&[NotificationStream], WITH_ID, 409, None, NoStream),
            (&[NotificationStream], STREAMED, 409, None, Refused),
            (&[NotificationStream], WITH_ID, 503, None, Refused),
            (&[NotificationStream], STREAMED, 401, None, Refused),
            // Other than a message, a stream is judged by the code under any status.
            (&[NotificationStream, Listen], WITH_ID, 403, named(UNSUPPORTED_VERSION), Lost),
            (&[Listen], STATELESS, 404, None, Refused),
            (&[Listen], STATELESS, 400, named(UNSUPPORTED_VERSION), Lost),
            (&[Listen], STATELESS, 405, None, Refused),
            (&[Listen], STATELESS_STREAMED, 405, None, Unknown),
            (&[Listen], STATELESS_STREAMED, 503, None, Refused),
        ]);
    }

    #[test]
    fn judges_the_resumption_of_a_response_by_the_status_alone() {
        for session in [PLAIN, WITH_ID, STREAMED] {
            check(&[
                (&[ResponseStream], session, 404, None, Lost),
                (&[ResponseStream], session, 502, None, Unavailable),
                (&[ResponseStream], session, 503, None, Unavailable),
                (&[ResponseStream], session, 504, None, Unavailable),
                (&[ResponseStream], session, 400, None, NoStream),
                (&[ResponseStream], session, 400, named(UNSUPPORTED_VERSION), NoStream),
                (&[ResponseStream], session, 401, None, NoStream),
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
