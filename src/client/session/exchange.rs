//! Sends one message over the transport of the session, and suspects the session
//! after a response that may mean that the server has lost it.

use std::pin::pin;

use crate::base::error::Result;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::{OutboundMessage, Outcome};
use crate::client::core::session::Transport;

impl Ctx<'_> {
    /// Sends a message. Waits for the response if it is a request.
    pub(crate) async fn post(self, message: &OutboundMessage<'_>) -> Result<Outcome> {
        let outcome = match message.target.transport {
            // Pinned where it is made, and not moved there twice.
            Transport::StreamableHttp => pin!(self.post_http(message)).await?,
            Transport::SharedConnection(connection) => self.post_on(connection, *message).await?,
        };
        if let (Outcome::Rpc(_), Some(session)) = (&outcome, message.target.session)
            && outcome.is_doubtful(message.kind(), session)
        {
            session.suspect();
        }
        Ok(outcome)
    }
}
