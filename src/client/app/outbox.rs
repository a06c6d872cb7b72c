//! Queues messages that are sent in the background.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::core::client::Client;
use crate::client::core::counters::Counter;
use crate::client::core::job::Job;
use crate::client::core::outbox::{ANSWER_BYTES, ANSWERS, Added, OutboxKind};
use crate::client::core::session::Session;
use crate::protocol::outgoing::Outgoing;

impl Client {
    /// Sends a message to the server from the background thread. Its failure is
    /// not reported. A server that sends requests faster than it accepts
    /// responses does not get all responses.
    pub(crate) fn send_apart(
        self: &Arc<Self>,
        session: &Arc<Session>,
        kind: OutboxKind,
        outgoing: Outgoing,
    ) -> Result<()> {
        match session.outbox(kind).add(kind, outgoing) {
            Added::Queued => Ok(()),
            Added::NeedsSender => {
                let started = self.start(Job::SendOutbox(session.clone(), kind));
                started.inspect_err(|_| session.outbox(kind).give_up_sender())
            }
            Added::Full if kind == OutboxKind::Answer => Err(Error::new(
                Status::TooLarge,
                format!(
                    "the server takes no answers: {ANSWERS} of them, or {} MiB, wait to be sent",
                    ANSWER_BYTES >> 20
                ),
            )),
            Added::Full => {
                self.count_one(Counter::DroppedReplies);
                Ok(())
            }
        }
    }
}
