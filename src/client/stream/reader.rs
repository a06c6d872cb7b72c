//! Reads a shared connection as its leader, and sends on it.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result, Status, io_reason};
use crate::base::signal::Signal;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::leader_lock::Leader;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::pending::PendingRequest;
use crate::client::core::session::Target;
use crate::client::core::shared_connection::SharedConnection;
use crate::client::core::shared_connection::Sink;
use crate::client::core::unused_input::UnusedInput;
use crate::client::http::message::Posted;
use crate::client::inbound::policy::Carrier;
use crate::client::inbound::policy::Fault;
use crate::client::inbound::router::Awaited;
use crate::client::inbound::router::{Routed, Router};
use crate::client::options::Options;
use crate::platform::{POLLOUT, Poll};
use crate::transport::lines::{LineSink, OutgoingLine, SendProgress};
use crate::transport::message_source::{Incoming, MessageSource, Stop};
use crate::transport::trace::TraceLine;
use crate::transport::wait::{self, Wait};

/// How long the library reads the last messages of a server that does not accept
/// input any more.
const LAST_OUTPUT: Duration = Duration::from_millis(200);

/// Reads a shared connection for all pending requests.
pub(crate) struct Reader<'a> {
    pub(crate) client: &'a Arc<Client>,
    pub(crate) connection: &'a Arc<SharedConnection>,
    pub(crate) options: &'a Arc<Options>,
    pub(crate) target: Target<'a>,
}

impl Reader<'_> {
    /// Returns the error for a message that the server did not accept. Reads the
    /// server's last messages first: pending requests may need them, and the
    /// error of the end says more than the error of sending.
    pub(crate) async fn send_error(
        &self,
        error: &std::io::Error,
        sent: usize,
        wait: &Wait,
    ) -> Error {
        let connection = self.connection;
        let last_wait = wait.afterwards(LAST_OUTPUT);
        let _ = match connection.source.get() {
            Some(mut source) => self.lead(&mut source, None, &[], &last_wait).await,
            None => connection.until_any(&[], &last_wait).await,
        };
        if let Err(end) = connection.check() {
            return end.with_may_have_run(sent > 0);
        }
        let error = match connection.process() {
            Some(process) => process.end_error("input", wait).await,
            None => {
                let what = format!("the message cannot be sent: {}", io_reason(error));
                Error::new(Status::Io, what)
            }
        };
        connection.finish(error.clone());
        error.with_may_have_run(sent > 0)
    }

    /// Reads until a message for `pending` or an item for the application arrives,
    /// an entry of `others` is ready, or the connection ends.
    pub(crate) async fn lead(
        &self,
        source: &mut Leader<'_, Box<dyn MessageSource>>,
        pending: Option<&PendingRequest>,
        others: &[Poll],
        wait: &Wait,
    ) -> Result<()> {
        let leading = wait.leading();
        let result = self.lead_with(source, pending, others, &leading).await;
        wait.adopt(&leading);
        result
    }

    async fn lead_with(
        &self,
        source: &mut Leader<'_, Box<dyn MessageSource>>,
        pending: Option<&PendingRequest>,
        others: &[Poll],
        wait: &Wait,
    ) -> Result<()> {
        let arrivals = self.client.arrivals_here();
        let arrivals = arrivals.filter(|_| !wait.is_background() && pending.is_some());
        let has_some = || {
            pending.is_some_and(PendingRequest::has_any) || arrivals.is_some_and(Signal::is_raised)
        };
        let mut watched = Vec::with_capacity(others.len() + 2);
        watched.extend_from_slice(others);
        watched.push(wait::entry(&self.connection.ended)?);
        if let Some(arrivals) = arrivals {
            watched.push(wait::entry(arrivals)?);
        }
        let Some(source) = source.as_mut() else { return self.connection.check() };
        loop {
            // Messages that were read from the descriptor already wake no other
            // thread, so this thread handles them first.
            if self.connection.is_over() || has_some() && !source.has_more() {
                return Ok(());
            }
            match source.next(&watched, wait).await {
                Ok(Incoming::Message(bytes, start)) => self.take(bytes, start, wait).await?,
                Ok(Incoming::Malformed(line)) => {
                    self.trace(&line);
                    let what = || Error::protocol("a line that is not a message");
                    self.router(wait).fault(Fault::Malformed, &line, what)?;
                }
                Ok(Incoming::TooLong(id, error)) => self.router(wait).too_long(id, error)?,
                Ok(Incoming::OtherReady) => return Ok(()),
                Err(Stop::Wait(error)) => {
                    let unused = self.router(wait).unused();
                    return Err(UnusedInput::explain_unfinished(
                        error,
                        unused,
                        source.unfinished(),
                    ));
                }
                Err(Stop::End(error)) => {
                    self.connection.finish(error);
                    return Ok(());
                }
            }
        }
    }

    fn router<'b>(&'b self, wait: &'b Wait) -> Router<'b> {
        let posts = self.connection.has_posts();
        Router {
            ctx: Ctx::new(self.client, self.options, wait),
            carrier: if posts { Carrier::SharedEvents } else { Carrier::SharedLines },
            target: self.target,
            awaited: Awaited::Many { pending: &self.connection.pending, posts },
        }
    }

    fn trace(&self, text: &[u8]) {
        if let Some(trace) = &self.options.trace {
            trace.line(
                TraceLine::Received,
                &String::from_utf8_lossy(text),
                &self.options.secrets(),
            );
        }
    }

    /// Routes an inbound text, and sends the responses to the server's requests
    /// in it.
    async fn take(&self, bytes: Vec<u8>, start: usize, wait: &Wait) -> Result<()> {
        self.trace(bytes.get(start..).unwrap_or_default());
        let mut routed = Routed::default();
        self.router(wait).route(bytes, start, &mut routed)?;
        for outgoing in routed.outgoing {
            let message = OutboundMessage::notification(&outgoing, self.target);
            let sent = Ctx::new(self.client, self.options, wait).send_on(self.connection, message);
            // Boxed, because sending may read. A failure to send a response does
            // not end the reading.
            if Box::pin(sent).await.is_err() {
                wait.check()?;
            }
        }
        Ok(())
    }
}

impl Ctx<'_> {
    /// Sends a message on a shared connection.
    pub(crate) async fn send_on(
        self,
        connection: &Arc<SharedConnection>,
        message: OutboundMessage<'_>,
    ) -> Result<Posted> {
        match &connection.sink {
            Sink::Lines(sink) => {
                self.send_line(connection, sink, message).await.map(|()| Posted::Accepted)
            }
            Sink::Posts(url) => self.send_to_endpoint(connection, url, message).await,
        }
    }

    async fn send_line(
        self,
        connection: &Arc<SharedConnection>,
        sink: &LineSink,
        message: OutboundMessage<'_>,
    ) -> Result<()> {
        let Ctx { client, options, wait } = self;
        if let Some(trace) = &options.trace {
            trace.line(TraceLine::Sent, &message.outgoing.body.text(), &options.secrets());
        }
        let line = OutgoingLine::new(message.outgoing.body.parts());
        let reader = Reader { client, connection, options, target: message.target };
        let _guard = connection.sending.lock_unless(wait, || false).await?;
        let mut sent = 0;
        loop {
            let blocked = match sink.send(&line, &mut sent) {
                Ok(SendProgress::All) => return Ok(()),
                Ok(SendProgress::Blocked(fd)) => fd,
                Err(error) => return Err(reader.send_error(&error, sent, wait).await),
            };
            // The server may block until the client reads.
            let writable = [Poll::new(blocked.raw(), POLLOUT)];
            let waited = match connection.source.get() {
                Some(mut source) => reader.lead(&mut source, None, &writable, wait).await,
                None => connection.until_any(&writable, wait).await,
            };
            if let Err(error) = waited {
                if sent > 0 {
                    sink.keep(&line, sent);
                }
                return Err(error.with_may_have_run(sent > 0));
            }
            connection.check().map_err(|error| error.with_may_have_run(sent > 0))?;
        }
    }
}
