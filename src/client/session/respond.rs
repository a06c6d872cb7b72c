//! Sends the application's input responses.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::input_request::Responder;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::session::Session;
use crate::protocol::input_request::InputResponse;
use crate::transport::wait::now;

impl Responder for Client {
    fn is_closed(&self) -> bool {
        Self::is_closed(self)
    }

    /// Sends an input response: in the background if the client has background
    /// tasks, otherwise on the thread that answered.
    fn respond(
        self: Arc<Self>,
        session: &Arc<Session>,
        id: &str,
        answered: &InputResponse,
    ) -> Result<()> {
        let Some(outgoing) = session.dialect.response(id, answered) else { return Ok(()) };
        if !self.is_current(session) {
            return Err(Error::new(
                Status::SessionLost,
                "the session of the input request is lost: the server expects no answer",
            ));
        }
        if self.has_background() {
            return self.send_apart(session, OutboxKind::Answer, outgoing);
        }
        let options = self.options();
        let wait = self.wait(&options, &Default::default(), false);
        let message = OutboundMessage::notification(&outgoing, session.target());
        now(Ctx::new(&self, &options, &wait).post(message))
            .map(drop)
            .map_err(|error| self.finished(error, "the answer to the server", &options))
    }
}
