//! Sends the queued messages of a session.

use std::sync::Arc;

use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::session::Session;
use crate::transport::wait::Wait;

/// Sends the messages in an outbox, and returns when it is empty.
pub(crate) async fn send_all(client: &Arc<Client>, session: &Arc<Session>, kind: OutboxKind) {
    while let Some(outgoing) = session.outbox(kind).next() {
        let options = client.options();
        let wait = client.wait(&options, &CallLimits::default(), true);
        let wait = if kind == OutboxKind::Courtesy { courtesy(client, wait) } else { Some(wait) };
        let Some(wait) = wait else { continue };
        let message = OutboundMessage::notification(&outgoing, session.target());
        let _ = Ctx::new(client, &options, &wait).post(&message).await;
    }
}

/// The wait for a message that only helps the server. A program that ends after a
/// cancelled call closes its client at once: the close leaves some time for all such
/// messages. `None`: that time is over.
fn courtesy(client: &Client, wait: Wait) -> Option<Wait> {
    let left = client.courtesy_limit().saturating_sub(client.closing.age());
    let wait = wait.for_courtesy().despite_close();
    (!client.is_closed() || !left.is_zero()).then(|| wait.hurried_by(client.close.clone(), left))
}
