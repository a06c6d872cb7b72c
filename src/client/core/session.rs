//! What was agreed on with the server, and how messages travel to it.

use std::sync::Arc;

use crate::client::core::outbox::Outbox;
use crate::client::core::shared_connection::SharedConnection;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::dialect::Dialect;
use crate::protocol::revision::Revision;
use crate::protocol::server_info::ServerInfo;
use crate::protocol::session_loss::SessionState;

/// What was agreed on with the server.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) server_info: ServerInfo,
    /// What this client said that it can do.
    pub(crate) declared: ClientCapabilities,
    pub(crate) transport: Transport,
    /// What is sent while nobody waits for it.
    pub(crate) outbox: Outbox,
}

impl Session {
    /// The server, as messages of this session speak to it.
    pub(crate) fn peer(self: &Arc<Self>) -> Target<'_> {
        Target { transport: &self.transport, dialect: self.dialect.as_ref(), session: Some(self) }
    }

    /// Whether arguments of tools go into headers: only HTTP has those.
    pub(crate) fn has_header_params(&self) -> bool {
        self.dialect.has_header_params() && self.transport.channel().is_none()
    }

    /// What decides whether a refusal means that the server has lost the
    /// session.
    pub(crate) fn state(&self, had_stream: bool) -> SessionState {
        SessionState {
            is_stateless: self.server_info.revision.is_stateless(),
            has_id: self.dialect.session_id().is_some(),
            is_shared: self.transport.channel().is_some(),
            had_stream,
        }
    }
}

/// Who is spoken to, and in which words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) transport: &'a Transport,
    /// Reads what comes, and writes the answers to the server's requests.
    pub(crate) dialect: &'a dyn Dialect,
    /// Whose questions go to the program; `None` before there is one.
    pub(crate) session: Option<&'a Arc<Session>>,
}

/// How messages travel in a session.
#[derive(Clone, Debug)]
pub(crate) enum Transport {
    /// Each by a POST of its own, whose reply has the answer.
    StreamableHttp,
    /// All on one stream.
    SharedConnection(Arc<SharedConnection>),
}

impl Transport {
    pub(crate) fn channel(&self) -> Option<&Arc<SharedConnection>> {
        match self {
            Self::StreamableHttp => None,
            Self::SharedConnection(channel) => Some(channel),
        }
    }

    /// Whether nothing can travel any more.
    pub(crate) fn is_over(&self) -> bool {
        self.channel().is_some_and(|channel| channel.is_over())
    }
}

/// The transport of a session, as a program wants to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportInUse {
    StreamableHttp,
    Sse,
    Stdio,
}

/// What a server was found to speak, which saves asking again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NegotiationHint {
    pub(crate) revision: Revision,
    /// By HTTP with SSE.
    pub(crate) has_sse: bool,
}
