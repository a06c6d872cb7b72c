//! Sends a request on a shared connection, and waits for its response.

use std::sync::Arc;

use crate::base::error::Result;
use crate::client::core::context::Ctx;
use crate::client::core::leader_lock::LeaderEntry;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbound::Outcome;
use crate::client::core::pending::Inbound;
use crate::client::core::pending::PendingRequest;
use crate::client::core::shared_connection::SharedConnection;
use crate::client::inbound::progress::report_own;
use crate::client::stream::reader::Reader;
use crate::wire::jsonrpc::{Answer, ResponseBody};

impl Ctx<'_> {
    /// Sends a message on a shared connection. Waits for the response if the
    /// message is a request.
    pub(crate) async fn post_on(
        self,
        connection: &Arc<SharedConnection>,
        message: OutboundMessage<'_>,
    ) -> Result<Outcome> {
        connection.check()?;
        let Some(id) = message.id else {
            let sent = self.send_on(connection, message).await?;
            return Ok(sent.unwrap_or(Outcome::Accepted));
        };
        let pending = connection.pending.open(id, false);
        match self.send_on(connection, message).await {
            Ok(None) => {}
            Ok(Some(refused)) => return Ok(refused),
            // Some servers answer the POST only after they sent the response.
            Err(_) if pending.has_any() => {}
            Err(error) => return Err(error),
        }
        let outcome = self.await_response(connection, &pending, message).await;
        outcome.map_err(|error| error.with_may_have_run(true))
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
                    client.attend();
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
                        if let Some(report) = message.report {
                            report_own(client, report, progress, wait);
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
                client.attend();
            }
        }
    }
}
