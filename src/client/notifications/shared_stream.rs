//! A stream of notifications inside a channel that others share: begun by a
//! call, and told apart by its id.

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
use crate::client::notifications::notification_stream::Disconnected;
use crate::client::notifications::notification_stream::NotificationStream;
use crate::client::options::Options;
use crate::protocol::accepted::Accepted;
use crate::protocol::call::Call;
use crate::protocol::notification::{self, NotificationKind};
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::subscription::Interest;
use crate::transport::wait::Wait;
use crate::wire::jsonrpc::ResponseBody;

impl NotificationStream<'_> {
    /// All that a server tells comes on the channel; it stands while that does.
    pub(crate) async fn stand_on(
        &self,
        connection: &Arc<SharedConnection>,
        session: &Arc<Session>,
        wait: &Wait,
    ) -> Result<Disconnected> {
        self.stands(session, "{}", wait);
        wait.until_raised(&connection.ended).await?;
        Ok(Disconnected::default())
    }

    /// Has the server begin a stream, and reads it to its end.
    pub(crate) async fn subscribe_on(
        &self,
        connection: &Arc<SharedConnection>,
        options: &Arc<Options>,
        session: &Arc<Session>,
        (call, wish): (&Call, &Interest),
        brief: &Wait,
        wait: &Wait,
    ) -> Result<Disconnected> {
        let client = self.client;
        let id = client.next_id();
        let messages = connection.subscribe(id);
        let outgoing =
            session.dialect.request(call, &RequestMeta { id, ..RequestMeta::default() })?;
        let post = OutboundMessage::notification(&outgoing, session.target());
        Ctx::new(client, options, brief).send_on(connection, post).await?;
        let result = async {
            let granted = self.granted(connection, &messages, brief).await?;
            self.check(&granted, wish)?;
            self.stands(session, &granted.json, wait);
            self.hear(connection, &messages, &granted, session, wait).await
        };
        let result = result.await;
        if !connection.is_over() && result.is_err() {
            // The server would go on telling for nobody.
            let reason = "nobody listens any more";
            if let Some(outgoing) = session.dialect.cancel(id, reason, true) {
                client.send_apart(session, OutboxKind::Own, outgoing)?;
            }
        }
        result
    }

    /// Waits until the server says what it will tell.
    async fn granted(
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
                    return Err(Error::new(
                        Status::Io,
                        "the server ended the stream before it said what it will tell",
                    ));
                }
                Inbound::Malformed(error) => return Err(error),
                // Before the word that it stands, nothing counts.
                Inbound::Notification(..) | Inbound::Progress(_) => {}
            }
        }
    }

    async fn hear(
        &self,
        connection: &SharedConnection,
        messages: &PendingGuard<'_>,
        granted: &Accepted,
        session: &Arc<Session>,
        wait: &Wait,
    ) -> Result<Disconnected> {
        let mut fallen = Disconnected::default();
        loop {
            match next(connection, messages, wait).await {
                Ok(Inbound::Notification(method, _)) if method == notification::CANCELLED => {
                    return Ok(fallen);
                }
                Ok(Inbound::Notification(method, params)) => {
                    fallen.has_spoken = true;
                    if granted.has(NotificationKind::of(&method), Some(&params)) {
                        self.client.take_notification(Some(session), &method, Some(&params), wait);
                    }
                }
                Ok(Inbound::Response(..)) => return Ok(fallen),
                Ok(Inbound::Progress(_) | Inbound::Malformed(_)) => {}
                Err(_) if connection.is_over() => return Ok(fallen),
                Err(error) => return Err(error),
            }
        }
    }
}

/// What comes next; somebody else reads.
async fn next(
    connection: &SharedConnection,
    messages: &PendingGuard<'_>,
    wait: &Wait,
) -> Result<Inbound> {
    loop {
        if let Some(delivered) = messages.take() {
            return Ok(delivered);
        }
        connection.check()?;
        let signal = messages.signal();
        wait.until_raised(&signal).await?;
        signal.lower();
    }
}
