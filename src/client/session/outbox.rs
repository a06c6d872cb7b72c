//! Sends the queued messages of a session.

use std::sync::Arc;

use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::session::Session;
use crate::transport::wait::Wait;

/// Sends the messages in the outbox, and returns when it is empty.
pub(crate) async fn send_all(client: &Arc<Client>, session: &Arc<Session>) {
    while let Some((kind, outgoing)) = session.outbox.next() {
        let options = client.options();
        let wait = client.wait(&options, &CallLimits::default(), true);
        let wait = if kind == OutboxKind::Courtesy { Wait::for_courtesy(wait) } else { wait };
        let message = OutboundMessage::notification(&outgoing, session.target());
        let _ = Ctx::new(client, &options, &wait).post(&message).await;
    }
}
