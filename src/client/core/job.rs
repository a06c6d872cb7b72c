//! What one part of a client has done on the background thread by a part that
//! is above it. The parts below start a job; `client/background.rs` knows how
//! each is run.

use std::sync::Arc;

use crate::base::signal::Signal;
use crate::client::core::session::Session;
use crate::client::core::subscriptions::StreamOpening;

#[derive(Debug)]
pub(crate) enum Job {
    /// Sends the messages that wait in the outbox of a session.
    SendOutbox(Arc<Session>),
    /// Opens the notification stream and reads it until it is stopped.
    NotificationStream { generation: u64, stop: Arc<Signal>, opening: Arc<StreamOpening> },
}
