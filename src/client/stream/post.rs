//! Sends a request on a shared connection, and waits for its response.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::leader_lock::LeaderEntry;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbound::Outcome;
use crate::client::core::pending::Inbound;
use crate::client::core::pending::PendingRequest;
use crate::client::core::shared_connection::SharedConnection;
use crate::client::http::message::{Posted, is_of_acknowledgement};
use crate::client::inbound::progress::report_own;
use crate::client::stream::reader::Reader;
use crate::wire::jsonrpc::{Answer, ResponseBody};

/// How long the HTTP response to a POST is waited for after the response to its
/// request, so that its connection can be used again. The second is for a server
/// that needed longer before.
const GRACE: Duration = Duration::from_millis(100);
const SHORT_GRACE: Duration = Duration::from_millis(5);
/// How long a response is waited for if the server has most likely never seen the
/// request.
const DOUBTFUL: Duration = Duration::from_secs(3);

impl Ctx<'_> {
    /// Sends a message on a shared connection. Waits for the response if the
    /// message is a request.
    pub(crate) async fn post_on(
        self,
        connection: &Arc<SharedConnection>,
        message: OutboundMessage<'_>,
    ) -> Result<Outcome> {
        let client = self.client;
        connection.check()?;
        let Some(id) = message.id else {
            return match self.send_on(connection, message).await? {
                Posted::Accepted => Ok(Outcome::Accepted),
                Posted::Refused(outcome) | Posted::Answered(outcome) => Ok(outcome),
                Posted::Unreadable(error) => Err(error),
            };
        };
        let pending = connection.pending.open(id, false);
        let mut may_have_run = true;
        let mut cut = None;
        if connection.has_posts() {
            match self.post_beside(connection, &pending, message).await {
                Ok(Posted::Accepted) => {}
                Ok(Posted::Answered(outcome)) => {
                    if pending.take().is_some() {
                        client.count_one(Counter::DroppedReplies);
                    }
                    return Ok(outcome);
                }
                // The response has come on the event stream.
                Ok(Posted::Refused(_) | Posted::Unreadable(_)) | Err(_) if pending.has_any() => {}
                Ok(Posted::Refused(outcome)) => return Ok(outcome),
                Ok(Posted::Unreadable(error)) => return Err(error),
                // The end of the stream says more.
                Err(error) if error.status() == Status::Timeout && connection.is_over() => {
                    may_have_run = error.may_have_run();
                }
                Err(error) if is_of_acknowledgement(&error) && self.wait.check().is_ok() => {
                    cut = Some(error);
                }
                Err(error) => return Err(error),
            }
        } else {
            self.send_on(connection, message).await?;
        }
        let outcome = match cut {
            // Boxed, because it is rare.
            Some(cut) => Box::pin(self.await_after_cut(connection, &pending, message, cut)).await,
            None => self.await_response(connection, &pending, message).await,
        };
        outcome.map_err(|error| error.with_may_have_run(may_have_run))
    }

    /// Waits for the response to a request whose POST had no whole HTTP response.
    async fn await_after_cut(
        self,
        connection: &Arc<SharedConnection>,
        pending: &PendingRequest,
        message: OutboundMessage<'_>,
        cut: Error,
    ) -> Result<Outcome> {
        if !cut.was_idle() {
            let outcome = self.await_response(connection, pending, message).await;
            return outcome.map_err(|error| match error.status() {
                Status::Timeout => error.with_advice(&format!("to the POST, {}", cut.message())),
                _ => error,
            });
        }
        let over = Signal::shared();
        over.raise();
        let brief = self.wait.hurried_by(over, DOUBTFUL);
        let outcome = self.within(&brief).await_response(connection, pending, message).await;
        outcome.map_err(|error| match self.wait.check() {
            Ok(()) if error.status() == Status::Timeout => cut,
            _ => error,
        })
    }

    /// Sends a request by a POST, while another thread or task reads the event
    /// stream. If the response comes there, the rest of the POST is given up.
    async fn post_beside(
        self,
        connection: &Arc<SharedConnection>,
        pending: &PendingRequest,
        message: OutboundMessage<'_>,
    ) -> Result<Posted> {
        let Ctx { client, wait, .. } = self;
        // In a session, a task reads the stream between calls, and thus now.
        let _reading = match message.target.session {
            Some(_) => None,
            None => client.read_meanwhile(connection).ok(),
        };
        let grace = if connection.is_mute() { SHORT_GRACE } else { GRACE };
        let hurried = wait.hurried_by(pending.signal(), grace);
        let posted = self.within(&hurried).send_on(connection, message).await;
        wait.adopt(&hurried);
        connection.set_mute(posted.is_err() && pending.has_any());
        posted
    }

    async fn await_response(
        self,
        connection: &Arc<SharedConnection>,
        pending: &PendingRequest,
        message: OutboundMessage<'_>,
    ) -> Result<Outcome> {
        let Ctx { client, options, wait } = self;
        let reader = Reader { client, connection, options, target: message.target };
        loop {
            while let Some(inbound) = pending.take() {
                if !wait.is_background() {
                    // Items that arrived before it are delivered before it.
                    client.attend_if_any();
                }
                match inbound {
                    Inbound::Response(text, start, tape, ResponseBody::Result(place)) => {
                        return Ok(Outcome::Answer(Answer::new(text, start, tape, place), None));
                    }
                    Inbound::Response(_, _, _, ResponseBody::Error(rpc)) => {
                        return Ok(Outcome::rpc(rpc, 0, false));
                    }
                    Inbound::Malformed(error) => return Err(error),
                    Inbound::Progress(progress) => {
                        if let Some(own) = message.progress {
                            report_own(client, own, progress, wait);
                        }
                    }
                    Inbound::Notification(..) => {}
                }
            }
            // If the client was closed, the error says so.
            connection.check().map_err(|error| client.check_open().err().unwrap_or(error))?;
            if let Some(mut source) = connection.source.get() {
                reader.lead(&mut source, Some(pending), &[], wait).await?;
                drop(source);
            } else {
                let signal = pending.signal();
                match connection.source.get_or_queue(&signal) {
                    LeaderEntry::Leader(mut source) => {
                        reader.lead(&mut source, Some(pending), &[], wait).await?;
                    }
                    LeaderEntry::Queued(_place) => {
                        wait.until_raised(&signal).await?;
                        signal.lower();
                    }
                }
            }
            // Not as the leader: a handler of the application may make a call.
            if !wait.is_background() {
                client.attend_if_any();
            }
        }
    }
}
