//! Sends the application's input responses.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::core::client::Client;
use crate::client::core::input_request::Responder;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::session::Session;
use crate::protocol::input_request::InputResponse;

impl Responder for Client {
    fn is_closed(&self) -> bool {
        Self::is_closed(self)
    }

    /// Sends an input response in the background: the thread that answers may be
    /// that of an event loop.
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
        self.send_apart(session, OutboxKind::Answer, outgoing)
    }
}
