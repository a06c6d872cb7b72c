//! Sends the queued messages of a session.

use std::sync::Arc;

use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::session::Session;
use crate::transport::wait::Wait;

/// The wait for a message that only helps the server. A program that ends after a
/// cancelled call closes its client at once: the close leaves some time for it.
fn courtesy(client: &Client, wait: Wait) -> Wait {
    let wait = wait.for_courtesy().despite_close();
    wait.hurried_by(client.close.clone(), client.courtesy_limit())
}

/// Sends the messages in the outbox, and returns when it is empty.
pub(crate) async fn send_all(client: &Arc<Client>, session: &Arc<Session>) {
    while let Some((kind, outgoing)) = session.outbox.next() {
        let options = client.options();
        let wait = client.wait(&options, &CallLimits::default(), true);
        let wait = match kind {
            OutboxKind::Courtesy => courtesy(client, wait),
            _ => wait,
        };
        let message = OutboundMessage::notification(&outgoing, session.target());
        let _ = Ctx::new(client, &options, &wait).post(&message).await;
    }
}
