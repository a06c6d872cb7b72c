//! A stream of notifications inside a channel that others share: begun by a
//! call, and told apart by its id.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::Session;
use crate::client::core::outbox;
use crate::client::core::pending::{Delivered, Waiting};
use crate::client::http::error;
use crate::client::notifications::notification_stream::{Fallen, Granted, Listening};
use crate::client::options::Options;
use crate::client::session::exchange::Post;
use crate::client::stream::shared_connection::Channel;
use crate::protocol::call::Call;
use crate::protocol::notification::{self, Kind};
use crate::protocol::{Frame, Wish};
use crate::transport::wait::Wait;
use crate::wire::jsonrpc::Outcome;

impl Listening<'_> {
    /// All that a server tells comes on the channel; it stands while that does.
    pub(crate) async fn stand_on(
        &self,
        channel: &Arc<Channel>,
        session: &Arc<Session>,
        wait: &Wait,
    ) -> Result<Fallen> {
        self.stands(session, "{}", wait);
        wait.until_raised(&channel.ended).await?;
        Ok(Fallen::default())
    }

    /// Has the server begin a stream, and reads it to its end.
    pub(crate) async fn subscribe_on(
        &self,
        channel: &Arc<Channel>,
        options: &Arc<Options>,
        session: &Arc<Session>,
        (call, wish): (&Call, &Wish),
        brief: &Wait,
        wait: &Wait,
    ) -> Result<Fallen> {
        let client = self.client;
        let id = client.next_id();
        let messages = channel.subscribe(id);
        let outgoing = session.era.frame(call, &Frame { id, ..Frame::default() })?;
        let post = Post::notification(&outgoing, session.peer());
        client.send_on(channel, options, post, brief).await?;
        let result = async {
            let granted = self.granted(channel, &messages, brief).await?;
            self.check(&granted, wish)?;
            self.stands(session, &granted.json, wait);
            self.hear(channel, &messages, &granted, session, wait).await
        };
        let result = result.await;
        if !channel.is_over() && result.is_err() {
            // The server would go on telling for nobody.
            let reason = "nobody listens any more";
            if let Some(outgoing) = session.era.cancel(id, reason, true) {
                client.send_apart(session, outbox::Kind::Own, outgoing)?;
            }
        }
        result
    }

    /// Waits until the server says what it will tell.
    async fn granted(
        &self,
        channel: &Channel,
        messages: &Waiting<'_>,
        wait: &Wait,
    ) -> Result<Granted> {
        loop {
            match next(channel, messages, wait).await? {
                Delivered::Notification(method, params) if method == notification::ACKNOWLEDGED => {
                    return Ok(Granted::parse(&params));
                }
                Delivered::Response(_, _, _, Outcome::Error(rpc)) => {
                    return Err(error::no_stream(Some(&rpc), 0));
                }
                Delivered::Response(..) => {
                    return Err(Error::new(
                        Status::Io,
                        "the server ended the stream before it said what it will tell",
                    ));
                }
                Delivered::Malformed(error) => return Err(error),
                // Before the word that it stands, nothing counts.
                Delivered::Notification(..) | Delivered::Progress(_) => {}
            }
        }
    }

    async fn hear(
        &self,
        channel: &Channel,
        messages: &Waiting<'_>,
        granted: &Granted,
        session: &Arc<Session>,
        wait: &Wait,
    ) -> Result<Fallen> {
        let mut fallen = Fallen::default();
        loop {
            match next(channel, messages, wait).await {
                Ok(Delivered::Notification(method, _)) if method == notification::CANCELLED => {
                    return Ok(fallen);
                }
                Ok(Delivered::Notification(method, params)) => {
                    fallen.has_spoken = true;
                    if granted.has(Kind::of(&method), Some(&params)) {
                        self.client.notice(Some(session), &method, Some(&params), wait);
                    }
                }
                Ok(Delivered::Response(..)) => return Ok(fallen),
                Ok(Delivered::Progress(_) | Delivered::Malformed(_)) => {}
                Err(_) if channel.is_over() => return Ok(fallen),
                Err(error) => return Err(error),
            }
        }
    }
}

/// What comes next; somebody else reads.
async fn next(channel: &Channel, messages: &Waiting<'_>, wait: &Wait) -> Result<Delivered> {
    loop {
        if let Some(delivered) = messages.take() {
            return Ok(delivered);
        }
        channel.check()?;
        let signal = messages.signal();
        wait.until_raised(&signal).await?;
        signal.lower();
    }
}
