//! Reading a channel, for oneself and for the others.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::leader_lock::Leader;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbound::Outcome;
use crate::client::core::pending::Inbound;
use crate::client::core::pending::PendingRequest;
use crate::client::core::session::Target;
use crate::client::core::shared_connection::SharedConnection;
use crate::client::core::shared_connection::Sink;
use crate::client::inbound::server_request::ServerRequest;
use crate::client::options::Options;
use crate::platform::{POLLOUT, Poll};
use crate::protocol::notification;
use crate::protocol::outgoing::Outgoing;
use crate::transport::lines::LineSink;
use crate::transport::lines::SendProgress;
use crate::transport::message_source::{Incoming, MessageSource, Stop};
use crate::transport::socket::plain;
use crate::transport::wait::{self, Wait};
use crate::wire::jsonrpc::{self, Id, Message, ResponseBody};
use crate::wire::partial_id::PartialId;

/// How long the last words of a server that does not listen are waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Who reads a channel, and for whom.
pub(crate) struct Reader<'a> {
    pub(crate) client: &'a Arc<Client>,
    pub(crate) channel: &'a Arc<SharedConnection>,
    pub(crate) options: &'a Arc<Options>,
    pub(crate) peer: Target<'a>,
}

impl Reader<'_> {
    /// The server does not listen any more. What it has said before is for
    /// those who wait for it, and how it ended says more than how the sending
    /// failed.
    pub(crate) async fn not_sent(&self, error: &std::io::Error, sent: usize, wait: &Wait) -> Error {
        let channel = self.channel;
        let brief = wait.afterwards(LAST_WORDS);
        let _ = match channel.source.get() {
            Some(mut source) => self.lead(&mut source, None, &[], &brief).await,
            None => channel.until_any(&[], &brief).await,
        };
        if let Err(end) = channel.check() {
            return end.with_may_have_run(sent > 0);
        }
        let error = match channel.process() {
            Some(process) => process.end_error("input", wait).await,
            None => {
                let what = format!("the message cannot be sent: {}", plain(error));
                Error::new(Status::Io, what)
            }
        };
        channel.finish(error.clone());
        error.with_may_have_run(sent > 0)
    }

    /// Reads until there is something for `slot` or for the program, or one
    /// of `also` is ready, or the stream has ended.
    pub(crate) async fn lead(
        &self,
        source: &mut Leader<'_, Box<dyn MessageSource>>,
        slot: Option<&PendingRequest>,
        also: &[Poll],
        wait: &Wait,
    ) -> Result<()> {
        let leading = wait.leading();
        let result = self.lead_with(source, slot, also, &leading).await;
        wait.follow(&leading);
        result
    }

    async fn lead_with(
        &self,
        source: &mut Leader<'_, Box<dyn MessageSource>>,
        slot: Option<&PendingRequest>,
        also: &[Poll],
        wait: &Wait,
    ) -> Result<()> {
        let arrivals = self.client.arrivals_here();
        let attends = !wait.is_background() && slot.is_some();
        let has_some =
            || slot.is_some_and(PendingRequest::has_any) || attends && arrivals.is_raised();
        let mut watched = Vec::with_capacity(also.len() + 2);
        watched.extend_from_slice(also);
        watched.push(wait::entry(&self.channel.ended)?);
        if attends {
            watched.push(wait::entry(arrivals)?);
        }
        let Some(source) = source.as_mut() else { return self.channel.check() };
        loop {
            // What has come with it is nothing that anybody else could wait
            // for.
            if self.channel.is_over() || has_some() && !source.has_more() {
                return Ok(());
            }
            match source.next(&watched, wait).await {
                Ok(Incoming::Message(bytes, start)) => self.take(bytes, start, wait).await?,
                Ok(Incoming::Malformed) => self.client.pass_over(),
                Ok(Incoming::TooLong(owner, error)) => self.take_too_long(owner, &error),
                Ok(Incoming::OtherReady) => return Ok(()),
                Err(Stop::Wait(error)) => return Err(error),
                Err(Stop::End(error)) => {
                    self.channel.finish(error);
                    return Ok(());
                }
            }
        }
    }

    /// Takes a message, or all messages of a batch.
    async fn take(&self, bytes: Vec<u8>, start: usize, wait: &Wait) -> Result<()> {
        let Ok(text) = jsonrpc::utf8(bytes) else {
            self.client.pass_over();
            return Ok(());
        };
        if let Some(trace) = &self.options.trace {
            trace.line("<", text.get(start..).unwrap_or_default(), &self.options.secrets());
        }
        let batch = match jsonrpc::batch(text.get(start..).unwrap_or_default()) {
            None => return self.take_one(text, start, wait).await,
            Some(Ok(batch)) if self.peer.dialect.has_batches() => batch,
            Some(_) => {
                self.client.pass_over();
                return Ok(());
            }
        };
        for message in batch {
            self.take_one(message.get().to_owned(), 0, wait).await?;
        }
        Ok(())
    }

    async fn take_one(&self, text: String, start: usize, wait: &Wait) -> Result<()> {
        let data = text.get(start..).unwrap_or_default();
        let (message, tape) = match jsonrpc::parse(data) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.take_malformed(data, error);
                return Ok(());
            }
        };
        let (id, outcome) = match message {
            Message::Response { id, outcome } => (id, outcome),
            Message::Notification { method, params } => {
                self.take_notification(&method, params, wait);
                return Ok(());
            }
            Message::Request { id, method, params } => {
                let request = ServerRequest { id, method: &method, params };
                let Some(outgoing) = self.client.take_request(self.peer, request, wait)? else {
                    return Ok(());
                };
                // Boxed, because sending may read.
                let post = OutboundMessage::notification(&outgoing, self.peer);
                let sent = Ctx::new(self.client, self.options, wait).send_on(self.channel, post);
                return match Box::pin(sent).await {
                    // How the answer fares is the server's business.
                    Ok(_) => Ok(()),
                    Err(_) => wait.check(),
                };
            }
        };
        // An error without an id is about what could not be read: the one
        // request that is under way.
        let id = match (id, &outcome) {
            (Id::Number(id), _) => Some(id),
            (Id::None, ResponseBody::Error(_)) => self.channel.slots.only(),
            _ => None,
        };
        let response = Inbound::Response(text, start, tape, outcome);
        if id.is_none_or(|id| self.channel.slots.put(id, response).is_some()) {
            self.client.drop_reply();
        }
        Ok(())
    }

    fn take_notification(&self, method: &str, params: Option<&str>, wait: &Wait) {
        let slots = &self.channel.slots;
        let owner = match method {
            // The call may still wait for the reply to its POST.
            notification::PROGRESS if self.channel.has_posts() => None,
            notification::PROGRESS => {
                notification::Progress::parse(params).and_then(|told| told.id())
            }
            notification::CANCELLED => {
                params.and_then(notification::cancelled).and_then(|id| id.parse().ok())
            }
            _ if slots.has_streams() => params.and_then(notification::subscription),
            _ => None,
        };
        let Some(owner) = owner.filter(|owner| slots.has(*owner)) else {
            return self.client.notice(self.peer.session, method, params, wait);
        };
        let params = params.unwrap_or("{}").to_owned();
        let delivered = match method {
            notification::PROGRESS => Inbound::Progress(params),
            _ => Inbound::Notification(method.to_owned(), params),
        };
        if let Some(Inbound::Progress(params) | Inbound::Notification(_, params)) =
            slots.put(owner, delivered)
        {
            self.client.notice(self.peer.session, method, Some(&params), wait);
        }
    }

    /// Fails the call that it would have answered; all, if it might be any.
    fn take_too_long(&self, owner: PartialId, error: &Error) {
        let slots = &self.channel.slots;
        let calls = match owner {
            PartialId::Response(id) => vec![id],
            PartialId::NoResponse => return self.client.pass_over(),
            PartialId::Unknown => slots.calls(),
        };
        for id in calls {
            if slots.put(id, Inbound::Malformed(error.clone())).is_some() {
                self.client.drop_reply();
            }
        }
    }

    /// One that breaks the rules fails the call that it answers.
    fn take_malformed(&self, data: &str, error: Error) {
        #[derive(serde::Deserialize)]
        struct Envelope<'a> {
            id: Option<i64>,
            #[serde(borrow)]
            method: Option<&'a serde_json::value::RawValue>,
        }
        let envelope = serde_json::from_str::<Envelope<'_>>(data).ok();
        let id = envelope.filter(|envelope| envelope.method.is_none()).and_then(|it| it.id);
        let malformed = Inbound::Malformed(error);
        if id.is_none_or(|id| self.channel.slots.put(id, malformed).is_some()) {
            self.client.pass_over();
        }
    }
}

impl Ctx<'_> {
    /// What comes back at once is a refusal.
    pub(crate) async fn send_on(
        self,
        channel: &Arc<SharedConnection>,
        post: OutboundMessage<'_>,
    ) -> Result<Option<Outcome>> {
        match &channel.sink {
            Sink::Lines(sink) => self.send_line(channel, sink, post).await.map(|()| None),
            Sink::Posts(url) => self.send_post(url, post).await,
        }
    }

    async fn send_line(
        self,
        channel: &Arc<SharedConnection>,
        sink: &LineSink,
        post: OutboundMessage<'_>,
    ) -> Result<()> {
        let Ctx { client, options, wait } = self;
        if let Some(trace) = &options.trace {
            let text = String::from_utf8_lossy(&post.outgoing.body);
            trace.line(">", &text, &options.secrets());
        }
        let line = line(post.outgoing);
        let reader = Reader { client, channel, options, peer: post.peer };
        let _turn = channel.sending.lock_unless(wait, || false).await?;
        let mut sent = 0;
        loop {
            let blocked = match sink.send(&line, &mut sent) {
                Ok(SendProgress::All) => return Ok(()),
                Ok(SendProgress::Blocked(fd)) => fd,
                Err(error) => return Err(reader.not_sent(&error, sent, wait).await),
            };
            // A server may wait in its turn until somebody reads.
            let writable = [Poll::new(blocked.raw(), POLLOUT)];
            let waited = match channel.source.get() {
                Some(mut source) => reader.lead(&mut source, None, &writable, wait).await,
                None => channel.until_any(&writable, wait).await,
            };
            if let Err(error) = waited {
                if sent > 0 {
                    sink.keep(line.get(sent..).unwrap_or_default());
                }
                return Err(error.with_may_have_run(sent > 0));
            }
            channel.check().map_err(|error| error.with_may_have_run(sent > 0))?;
        }
    }
}

/// A message and the end of its line. JSON has no line breaks but in
/// strings, where they are escaped.
fn line(outgoing: &Outgoing) -> Vec<u8> {
    let mut line = Vec::with_capacity(outgoing.body.len() + 1);
    line.extend(outgoing.body.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
    line.push(b'\n');
    line
}
