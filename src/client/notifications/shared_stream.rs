//! A notification stream on a shared connection. `subscriptions/listen` opens it,
//! and its notifications have the id of that request.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::core::context::Ctx;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::pending::Inbound;
use crate::client::core::pending::PendingGuard;
use crate::client::core::rpc_error;
use crate::client::core::session::Session;
use crate::client::core::shared_connection::SharedConnection;
use crate::client::http::message::Posted;
use crate::client::notifications::notification_stream::Disconnected;
use crate::client::notifications::notification_stream::NotificationStream;
use crate::client::notifications::notification_stream::UNACKNOWLEDGED;
use crate::client::options::Options;
use crate::protocol::accepted::Accepted;
use crate::protocol::call::Call;
use crate::protocol::notification::{self, NotificationKind};
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::subscription::Interest;
use crate::transport::wait::Wait;
use crate::wire::jsonrpc::ResponseBody;

impl NotificationStream<'_> {
    /// Waits until the connection ends. In the handshake dialect, notifications
    /// arrive on a shared connection without a request.
    pub(crate) async fn wait_until_ended(
        &self,
        connection: &Arc<SharedConnection>,
        session: &Arc<Session>,
        wait: &Wait,
    ) -> Result<Disconnected> {
        self.set_open(session, "{}", wait);
        wait.until_raised(&connection.ended).await?;
        Ok(Disconnected::default())
    }

    /// Opens a stream by `subscriptions/listen`, and reads it to its end.
    pub(crate) async fn listen_on(
        &self,
        connection: &Arc<SharedConnection>,
        options: &Arc<Options>,
        session: &Arc<Session>,
        (call, interest): (&Call, &Interest),
        brief: &Wait,
        wait: &Wait,
    ) -> Result<Disconnected> {
        let client = self.client;
        let id = client.next_id();
        let messages = connection.subscribe(id);
        let common = options.meta.as_deref();
        let meta = RequestMeta { id, common, ..RequestMeta::default() };
        let outgoing = session.dialect.request(call, &meta)?;
        let post = OutboundMessage::notification(&outgoing, session.target());
        let posted = Ctx::new(client, options, brief).send_on(connection, post);
        let posted = Box::pin(posted).await?;
        if let Posted::Refused(outcome) | Posted::Answered(outcome) = posted {
            outcome.accepted()?;
        }
        let result = async {
            let accepted = self.acknowledged(connection, &messages, brief).await?;
            self.check(&accepted, interest)?;
            self.set_open(session, &accepted.json, wait);
            self.read_on(connection, &messages, &accepted, session, wait).await
        };
        let result = result.await;
        if !connection.is_over() && result.is_err() {
            // Otherwise the server would keep the stream open.
            let reason = "the client closed the notification stream";
            if let Some(outgoing) = session.dialect.cancel(id, reason, true) {
                client.send_apart(session, OutboxKind::Own, outgoing)?;
            }
        }
        result
    }

    /// Waits until the server acknowledges the stream.
    async fn acknowledged(
        &self,
        connection: &SharedConnection,
        messages: &PendingGuard<'_>,
        wait: &Wait,
    ) -> Result<Accepted> {
        loop {
            match next(connection, messages, wait).await? {
                Inbound::Notification(method, params) if method == notification::ACKNOWLEDGED => {
                    return Ok(Accepted::parse(&params));
                }
                Inbound::Response(_, _, _, ResponseBody::Error(rpc)) => {
                    return Err(rpc_error::no_stream(Some(&rpc), 0));
                }
                Inbound::Response(..) => {
                    return Err(Error::new(Status::Io, UNACKNOWLEDGED));
                }
                Inbound::Malformed(error) => return Err(error),
                // Messages before the acknowledgement are ignored.
                Inbound::Notification(..) | Inbound::Progress(_) => {}
            }
        }
    }

    /// Reads the notifications of an open stream to its end.
    async fn read_on(
        &self,
        connection: &SharedConnection,
        messages: &PendingGuard<'_>,
        accepted: &Accepted,
        session: &Arc<Session>,
        wait: &Wait,
    ) -> Result<Disconnected> {
        let mut disconnected = Disconnected::default();
        loop {
            match next(connection, messages, wait).await {
                Ok(Inbound::Notification(method, _)) if method == notification::CANCELLED => {
                    return Ok(disconnected);
                }
                Ok(Inbound::Notification(method, params)) => {
                    disconnected.has_events = true;
                    if accepted.has(NotificationKind::of(&method), Some(&params)) {
                        self.client.take_notification(Some(session), &method, Some(&params), wait);
                    }
                }
                Ok(Inbound::Response(..)) => return Ok(disconnected),
                Ok(Inbound::Progress(_) | Inbound::Malformed(_)) => {}
                Err(_) if connection.is_over() => return Ok(disconnected),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Waits for the next message. Another thread or task reads the connection.
async fn next(
    connection: &SharedConnection,
    messages: &PendingGuard<'_>,
    wait: &Wait,
) -> Result<Inbound> {
    loop {
        if let Some(message) = messages.take() {
            return Ok(message);
        }
        connection.check()?;
        let signal = messages.signal();
        wait.until_raised(&signal).await?;
        signal.lower();
    }
}
