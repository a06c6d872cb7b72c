//! The jobs of the background thread. A module starts a job by its name, so
//! that it does not depend on the code of the job; `client/background.rs` runs
//! each.

use std::sync::Arc;

use crate::client::core::outbox::OutboxKind;
use crate::client::core::session::Session;
use crate::client::core::subscriptions::StreamOpening;

#[derive(Debug)]
pub(crate) enum Job {
    /// Sends the messages in an outbox of a session.
    SendOutbox(Arc<Session>, OutboxKind),
    /// Opens the notification stream and reads it until it is stopped.
    NotificationStream(Arc<StreamOpening>),
}
