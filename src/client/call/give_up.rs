//! Telling the server that a request is cancelled.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Status};
use crate::client::core::context::Ctx;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::session::Session;
use crate::protocol::call::Call;
use crate::protocol::task::Tasks;

/// How long a message may delay the caller. A cancelled call has to return within
/// 10 ms.
pub(crate) const AFTER_CANCEL: Duration = Duration::from_millis(8);
pub(crate) const AFTER_TIMEOUT: Duration = Duration::from_millis(50);

impl Ctx<'_> {
    /// Sends the message that cancels a request, if the dialect has one. By HTTP,
    /// the background thread sends it: a busy server does not read a request whose
    /// connection was closed, and the caller waits for no response. On a shared
    /// connection it does so if the caller would wait for too long.
    pub(crate) async fn give_up(self, session: &Arc<Session>, call: &Call, id: i64, error: &Error) {
        let Ctx { client, wait, .. } = self;
        let (reason, patience) = match error.status() {
            Status::Cancelled => ("cancelled by the caller", AFTER_CANCEL),
            Status::Timeout => ("no answer in time", AFTER_TIMEOUT),
            _ => return,
        };
        // A response after the cancellation would surprise the server.
        if let Some(inputs) = wait.open_inputs() {
            inputs.abandon();
        }
        // A server that did not get the request cannot cancel it.
        if !error.may_have_run() || is_cancelled_otherwise(session, call) {
            return;
        }
        let is_shared = session.transport.shared_connection().is_some();
        let Some(outgoing) = session.dialect.cancel(id, reason, is_shared) else { return };
        if !is_shared {
            if !client.is_closed() {
                let _ = client.send_apart(session, OutboxKind::Courtesy, outgoing);
            }
            return;
        }
        let post = OutboundMessage::notification(&outgoing, session.target());
        match self.within(&wait.afterwards(patience)).post(&post).await {
            Err(error)
                if !error.may_have_run() && error.http_status() == 0 && !client.is_closed() =>
            {
                let _ = client.send_apart(session, OutboxKind::Courtesy, outgoing);
            }
            _ => {}
        }
    }
}

/// A task is cancelled by `tasks/cancel`.
fn is_cancelled_otherwise(session: &Session, call: &Call) -> bool {
    call.is_about_task() || call.has_tasks && session.dialect.tasks() == Some(Tasks::ByClient)
}
