//! A session: what the client and the server agreed on, and the transport of
//! its messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::client::core::outbox::{Outbox, OutboxKind};
use crate::client::core::shared_connection::SharedConnection;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::dialect::Dialect;
use crate::protocol::negotiation::Attempt;
use crate::protocol::server_info::ServerInfo;
use crate::protocol::session_loss::SessionState;

/// The agreement with the server. A stateless revision has one as well.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) server_info: ServerInfo,
    /// The capabilities that the client declared.
    pub(crate) declared: ClientCapabilities,
    pub(crate) transport: Transport,
    /// The messages that are sent in the background.
    pub(crate) outbox: Outbox,
    /// Those that only help the server. The others do not wait for them.
    pub(crate) courtesies: Outbox,
    pub(crate) signs: SignsOfLoss,
}

/// What the refusals of the server say about the session.
#[derive(Debug, Default)]
pub(crate) struct SignsOfLoss {
    /// A request was refused in a way that may mean that the session is lost.
    is_suspect: AtomicBool,
    /// The server has opened a notification stream in this session.
    had_stream: AtomicBool,
}

impl Session {
    pub(crate) fn outbox(&self, kind: OutboxKind) -> &Outbox {
        match kind {
            OutboxKind::Courtesy => &self.courtesies,
            _ => &self.outbox,
        }
    }

    /// The destination of the messages of this session.
    pub(crate) fn target(self: &Arc<Self>) -> Target<'_> {
        Target { transport: &self.transport, dialect: self.dialect.as_ref(), session: Some(self) }
    }

    /// Whether arguments of tools go into headers. Only Streamable HTTP has
    /// headers for each message.
    pub(crate) fn has_header_params(&self) -> bool {
        self.dialect.has_header_params() && self.transport.shared_connection().is_none()
    }

    /// The facts that decide whether a refusal means that the server has lost
    /// the session.
    pub(crate) fn state(&self) -> SessionState {
        let shared = self.transport.shared_connection();
        SessionState {
            is_stateless: self.server_info.revision.is_stateless(),
            has_id: self.dialect.session_id().is_some()
                || shared.is_some_and(|connection| connection.has_posts()),
            had_stream: self.signs.had_stream.load(Ordering::Relaxed),
        }
    }

    /// Whether a ping has to show if the server still knows the session, before
    /// the next request.
    pub(crate) fn is_suspect(&self) -> bool {
        self.signs.is_suspect.load(Ordering::Acquire)
    }

    /// Makes the next request begin with that ping.
    pub(crate) fn suspect(&self) {
        self.signs.is_suspect.store(true, Ordering::Release);
    }

    pub(crate) fn trust(&self) {
        self.signs.is_suspect.store(false, Ordering::Release);
    }

    pub(crate) fn set_had_stream(&self) {
        self.signs.had_stream.store(true, Ordering::Relaxed);
    }
}

/// The destination of a message: the transport and the dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) transport: &'a Transport,
    /// Reads the server's messages and writes the responses to its requests.
    pub(crate) dialect: &'a dyn Dialect,
    /// Receives the server's input requests; `None` while the client connects.
    pub(crate) session: Option<&'a Arc<Session>>,
}

/// The transport of a session.
#[derive(Clone, Debug)]
pub(crate) enum Transport {
    /// Each message is a POST, whose reply has the response.
    StreamableHttp,
    /// All messages share one connection.
    SharedConnection(Arc<SharedConnection>),
}

impl Transport {
    pub(crate) fn shared_connection(&self) -> Option<&Arc<SharedConnection>> {
        match self {
            Self::StreamableHttp => None,
            Self::SharedConnection(connection) => Some(connection),
        }
    }

    /// Whether the transport has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.shared_connection().is_some_and(|connection| connection.is_over())
    }
}

/// The transport of a session, as the public header names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportInUse {
    StreamableHttp,
    Sse,
    Stdio,
}

/// What the last negotiation found. It saves probing when the client connects
/// again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NegotiationHint {
    /// The attempt that succeeded.
    pub(crate) attempt: Attempt,
    /// Whether the transport was HTTP with SSE.
    pub(crate) has_sse: bool,
    /// Whether the client had a session.
    pub(crate) was_connected: bool,
}
