//! A message to the server, and its outcome.

use crate::base::error::{Error, Result};
use crate::client::core::progress_report::ProgressUse;
use crate::client::core::rpc_error;
use crate::client::core::session::{Session, Target};
use crate::protocol::outgoing::Outgoing;
use crate::protocol::session_loss::{self, RefusalCode, RefusalFacts, RequestKind, Verdict};
use crate::transport::http::ResponseLimits;
use crate::wire::jsonrpc::{Answer, RpcError};

/// A message to send: its text, its destination, and how its response is
/// handled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboundMessage<'a> {
    pub(crate) outgoing: &'a Outgoing,
    /// The id of a request; `None` for a notification or a response.
    pub(crate) id: Option<i64>,
    pub(crate) is_repeatable: bool,
    pub(crate) target: Target<'a>,
    pub(crate) progress: Option<&'a ProgressUse>,
    /// For the HTTP response, if the message is a POST.
    pub(crate) limits: ResponseLimits,
}

impl<'a> OutboundMessage<'a> {
    /// A message without a response: a notification, or a response to the
    /// server.
    pub(crate) fn notification(outgoing: &'a Outgoing, target: Target<'a>) -> Self {
        Self {
            outgoing,
            id: None,
            is_repeatable: false,
            target,
            progress: None,
            limits: ResponseLimits::default(),
        }
    }

    /// What the message is, as far as its sending shows.
    pub(crate) fn kind(&self) -> RequestKind {
        match self.id {
            Some(_) if self.is_repeatable => RequestKind::Read,
            Some(_) => RequestKind::Call,
            None => RequestKind::Aside,
        }
    }
}

/// The server's answer to a message. An error that is final for every message,
/// such as a failed connection, is a plain [`Error`] instead.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A result, and the session id of the reply.
    Answer(Answer, Option<String>),
    /// The server accepted a notification or a response.
    Accepted,
    Rpc(RpcRefused),
    /// An HTTP status without a JSON-RPC error, or a reply that is not MCP.
    NotMcp(u16, Error),
}

impl Outcome {
    /// A JSON-RPC error. `is_anonymous`: the error names no request.
    pub(crate) fn rpc(rpc: RpcError, http_status: u16, is_anonymous: bool) -> Self {
        let error = rpc_error::error(&rpc, http_status);
        Self::Rpc(RpcRefused { rpc, error, http_status, is_anonymous })
    }

    /// The error, if the server refused the message.
    pub(crate) fn accepted(self) -> Result<()> {
        match self {
            Self::Accepted | Self::Answer(..) => Ok(()),
            Self::Rpc(RpcRefused { error, .. }) | Self::NotMcp(_, error) => Err(error),
        }
    }

    /// Decides what a refusal means for the session; `None` if the outcome is no
    /// refusal.
    pub(crate) fn verdict(&self, request: RequestKind, session: &Session) -> Option<Verdict> {
        let refusal = match self {
            Self::NotMcp(http_status, _) => RefusalFacts { http_status: *http_status, rpc: None },
            Self::Rpc(RpcRefused { rpc, http_status, is_anonymous, .. }) => {
                let rpc = RefusalCode::of(rpc, !is_anonymous);
                RefusalFacts { http_status: *http_status, rpc: Some(rpc) }
            }
            Self::Answer(..) | Self::Accepted => return None,
        };
        Some(session_loss::judge(request, refusal, session.state()))
    }

    /// Whether the server has lost the session.
    pub(crate) fn is_loss(&self, request: RequestKind, session: &Session) -> bool {
        self.verdict(request, session).is_some_and(Verdict::is_lost)
    }

    /// Whether the server has lost the session, or may have lost it.
    pub(crate) fn is_doubtful(&self, request: RequestKind, session: &Session) -> bool {
        let verdict = self.verdict(request, session);
        verdict.is_some_and(|verdict| verdict.is_lost() || verdict.needs_ping())
    }

    /// Returns the outcome for a call of `method`: "unknown method" has its own
    /// error if the server does not declare the capability.
    pub(crate) fn to(self, session: &Session, method: &str) -> Self {
        match self {
            Self::Rpc(refusal) => Self::Rpc(RpcRefused {
                error: rpc_error::unknown_method(refusal.error, &session.server_info, method),
                ..refusal
            }),
            other => other,
        }
    }
}

#[derive(Debug)]
pub(crate) struct RpcRefused {
    pub(crate) rpc: RpcError,
    /// The error that the application sees.
    pub(crate) error: Error,
    pub(crate) http_status: u16,
    /// Whether the error names no request.
    pub(crate) is_anonymous: bool,
}
