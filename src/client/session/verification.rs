//! Asks the server with a ping whether it still knows the session.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Result, Status};
use crate::client::core::context::Ctx;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::session::Session;
use crate::protocol::call::Call;
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::session_loss::RequestKind;

/// The longest wait for the response. A call leaves half of its time to its own
/// request.
const PATIENCE: Duration = Duration::from_secs(5);

impl Ctx<'_> {
    /// Sends a ping, and gives up the session if the server refuses that as well.
    /// Any other failure leaves the session as it is: the next request shows it.
    pub(crate) async fn verify(self, session: &Arc<Session>) -> Result<()> {
        let Ctx { client, wait, options } = self;
        let id = client.next_id();
        let common = options.meta.as_deref();
        let meta = RequestMeta { id, common, ..RequestMeta::default() };
        let outgoing = session.dialect.request(&Call::ping(), &meta)?;
        // A token that has expired says nothing about the session. A token that is
        // refused does: it was renewed when the session became suspect.
        let has_token = self.token().await.is_ok();
        let patience = wait.half(PATIENCE)?;
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: true,
            ..OutboundMessage::notification(&outgoing, session.target())
        };
        let brief = wait.at_most(patience).for_courtesy();
        let is_refused = has_token
            && match self.within(&brief).post(&message).await {
                Ok(outcome) => outcome.is_doubtful(RequestKind::Ping, session),
                Err(error) => matches!(error.status(), Status::Unauthorized | Status::Forbidden),
            };
        if is_refused {
            client.forget(session);
            return Ok(());
        }
        wait.check()?;
        session.trust();
        Ok(())
    }
}
