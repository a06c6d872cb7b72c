//! A message to the server, and what came of sending it.

use std::sync::Arc;

use crate::base::error::Error;
use crate::client::core::progress_report::ProgressReport;
use crate::client::core::rpc_error;
use crate::client::core::session::Session;
use crate::client::core::session::Target;
use crate::client::core::session_loss::is_loss;
use crate::protocol::Outgoing;
use crate::wire::jsonrpc::{Answer, RpcError};

/// A message on its way: what it is and what it may be answered with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboundMessage<'a> {
    pub(crate) outgoing: &'a Outgoing,
    /// The id of the request; `None` for what is not answered.
    pub(crate) id: Option<i64>,
    pub(crate) is_repeatable: bool,
    pub(crate) peer: Target<'a>,
    pub(crate) report: Option<&'a Arc<ProgressReport>>,
}

impl<'a> OutboundMessage<'a> {
    /// What is sent for itself, and not answered.
    pub(crate) fn notification(outgoing: &'a Outgoing, peer: Target<'a>) -> Self {
        Self { outgoing, id: None, is_repeatable: false, peer, report: None }
    }
}

/// What came back, short of what is final whatever was asked.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A result, and the session id of the reply.
    Answer(Answer, Option<String>),
    /// A notification or an answer was taken.
    Accepted,
    Rpc(RpcRefused),
    /// A status without a JSON-RPC error, or a reply that is not MCP.
    NotMcp(u16, Error),
}

impl Outcome {
    /// A JSON-RPC error; `is_anonymous`: it names no request.
    pub(crate) fn rpc(rpc: RpcError, http_status: u16, is_anonymous: bool) -> Self {
        let error = rpc_error::error(&rpc, http_status);
        Self::Rpc(RpcRefused { rpc, error, http_status, is_anonymous })
    }

    /// Whether the server does not know the session, or the revision, any
    /// more. The request was refused before it ran, so that any may be
    /// repeated.
    pub(crate) fn is_loss(&self, session: &Session) -> bool {
        match self {
            Self::NotMcp(status, _) => is_loss(session, *status, None),
            Self::Rpc(RpcRefused { rpc, http_status, is_anonymous, .. }) => {
                is_loss(session, *http_status, Some((rpc.code, *is_anonymous)))
            }
            _ => false,
        }
    }

    /// The same, as the answer to a method that the server may not offer.
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
    /// The error to show for it.
    pub(crate) error: Error,
    pub(crate) http_status: u16,
    /// Whether the error names no request.
    pub(crate) is_anonymous: bool,
}
