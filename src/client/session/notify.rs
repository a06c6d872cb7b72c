//! Sends a notification of the application.

use crate::base::error::Result;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::outbound::OutboundMessage;
use crate::protocol::call::Call;
use crate::protocol::session_loss::RequestKind;

impl Ctx<'_> {
    /// Sends a notification in the dialect of the session.
    pub(crate) async fn notify_within(self, call: &Call) -> Result<()> {
        let Ctx { client, .. } = self;
        let mut has_recovered = false;
        loop {
            let session = self.connected().await?.session;
            let outgoing = session.dialect.notification(call);
            let message = OutboundMessage::notification(&outgoing, session.target());
            let outcome = self.post(&message).await?;
            if outcome.is_loss(RequestKind::Notification, &session) {
                client.forget(&session);
                if !has_recovered {
                    has_recovered = true;
                    client.count_one(Counter::Repetitions);
                    continue;
                }
            }
            return outcome.accepted();
        }
    }
}
