//! What a reply says: one answer, or a stream of messages of which one is the
//! answer, in as many pieces as the server needs for it.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::client::core::backoff::Backoff;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::event_queue::Progress;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbound::Outcome;
use crate::client::core::session::Target;
use crate::client::http::request::{HttpContext, Refused};
use crate::client::inbound::progress::ProgressReader;
use crate::client::inbound::server_request::ServerRequest;
use crate::client::options::Options;
use crate::protocol::notification;
use crate::protocol::outgoing::Outgoing;
use crate::protocol::session_loss::{self, RefusalFacts, RequestKind, SessionState, Verdict};
use crate::transport::http::HttpResponse;
use crate::transport::wait::Wait;
use crate::wire::event_stream::{Event, EventStream};
use crate::wire::http1::Media;
use crate::wire::jsonrpc::{self, Answer, Id, Message, ResponseBody, RpcError, malformed};
use crate::wire::tape::{Place, Tape};

/// How often a stream is resumed in a row without an event coming of it.
const FRUITLESS: u32 = 3;

/// The answer to the request at hand.
enum Hit {
    /// At a place of the message.
    Result(Tape, Place),
    /// In a batch.
    Own(Answer),
    Error(RpcError),
    /// An error that names no request: it can only be about this one.
    Anonymous(RpcError),
    /// To another request, and passed over.
    Other,
}

/// How a stream ended.
enum Ended {
    Answered(Outcome),
    /// Without the answer.
    Early(Error),
}

/// Who reads a stream, and what for.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) post: OutboundMessage<'a>,
    pub(crate) options: &'a Arc<Options>,
    pub(crate) way: &'a HttpContext<'a>,
}

impl Ctx<'_> {
    pub(crate) async fn read(
        self,
        post: OutboundMessage<'_>,
        mut reply: HttpResponse<'_>,
        way: &HttpContext<'_>,
    ) -> Result<Outcome> {
        let Ctx { client, options, wait } = self;
        let Some(id) = post.id else {
            reply.release();
            return Ok(Outcome::Accepted);
        };
        let status = reply.head.status;
        match &reply.head.media {
            Media::Json => {
                let body = reply.read(options.max_message, wait).await?;
                way.trace(&body);
                let session_id = reply.head.session_id.take();
                reply.release();
                let body = jsonrpc::utf8(body)
                    .map_err(|error| error.with_http_status(status).with_may_have_run(true))?;
                let reading = Reading { post, options, way };
                client.read_json(reading, body, id, status, session_id, wait).await
            }
            Media::EventStream => {
                let reading = Reading { post, options, way };
                client.read_events(reading, id, reply, wait).await
            }
            other => {
                let kind = match other {
                    Media::Other(kind) => format!("\"{kind}\""),
                    _ => "a body of no type".to_owned(),
                };
                let what = if matches!(status, 202 | 204) {
                    format!(
                        "the server answered {status} to a request, which has to have an answer"
                    )
                } else {
                    format!(
                        "the server answered with {kind} where JSON or an event stream is \
                         due; is this the URL of an MCP server?"
                    )
                };
                let error = Error::protocol(what).with_http_status(status).with_may_have_run(true);
                Ok(Outcome::NotMcp(status, error))
            }
        }
    }

    /// Sends the response to a request of the server's.
    async fn answer(self, peer: Target<'_>, outgoing: &Outgoing) -> Result<()> {
        let Ctx { options, wait, .. } = self;
        let post = OutboundMessage::notification(outgoing, peer);
        match self.send_post(&options.address()?.url, post).await {
            // How the answer fares is the server's business; it will say so
            // on the stream, or not end it.
            Ok(_) => Ok(()),
            Err(_) => wait.check(),
        }
    }
}

impl Client {
    async fn read_json(
        self: &Arc<Self>,
        reading: Reading<'_>,
        body: String,
        id: i64,
        status: u16,
        session_id: Option<String>,
        wait: &Wait,
    ) -> Result<Outcome> {
        let said = |error: Error| error.with_http_status(status).with_may_have_run(true);
        if jsonrpc::batch(&body).is_some() {
            let hit = self.take_all(reading, &body, wait).await.map_err(said)?;
            return match hit {
                Some(Hit::Own(answer)) => Ok(Outcome::Answer(answer, session_id)),
                Some(Hit::Result(tape, place)) => {
                    Ok(Outcome::Answer(Answer::new(body, 0, tape, place), session_id))
                }
                Some(Hit::Error(rpc)) => Ok(Outcome::rpc(rpc, status, false)),
                Some(Hit::Anonymous(rpc)) => Ok(Outcome::rpc(rpc, status, true)),
                Some(Hit::Other) | None => Err(said(Error::protocol(format!(
                    "the server answered with a batch that lacks the answer (id {id})"
                )))),
            };
        }
        let (message, tape) = jsonrpc::parse(&body).map_err(said)?;
        let place = match message {
            Message::Response { id: Id::Number(theirs), outcome: ResponseBody::Result(result) }
                if theirs == id =>
            {
                result
            }
            Message::Response { id: Id::Number(theirs), outcome: ResponseBody::Error(rpc) }
                if theirs == id =>
            {
                return Ok(Outcome::rpc(rpc, status, false));
            }
            Message::Response { id: Id::None, outcome: ResponseBody::Error(rpc) } => {
                return Ok(Outcome::rpc(rpc, status, true));
            }
            Message::Response { id: theirs, .. } => {
                let other = || {
                    Error::protocol(format!(
                        "the server answered another request than this one (id {id})"
                    ))
                };
                return Err(said(misnamed(&theirs, id).unwrap_or_else(other)));
            }
            Message::Request { .. } | Message::Notification { .. } => {
                return Err(said(Error::protocol(
                    "the server answered with a request or a notification where the answer is due",
                )));
            }
        };
        Ok(Outcome::Answer(Answer::new(body, 0, tape, place), session_id))
    }

    /// Reads a stream until the answer, and goes on with another where one
    /// ends before it and the server has said from where.
    async fn read_events(
        self: &Arc<Self>,
        reading: Reading<'_>,
        id: i64,
        reply: HttpResponse<'_>,
        wait: &Wait,
    ) -> Result<Outcome> {
        let http_status = reply.head.status;
        let mut stream = EventStream::new(reading.options.max_message);
        let mut left = reading.options.max_events;
        let mut reply = Some(reply);
        let mut fruitless = 0;
        let mut backoff = Backoff::default();
        let mut lost = Error::new(Status::Internal, "a stream that was not read");
        loop {
            if let Some(reply) = reply.take() {
                let before = left;
                match self.read_stream(reading, id, reply, &mut stream, &mut left, wait).await? {
                    Ended::Answered(ending) => return Ok(ending),
                    Ended::Early(error) => lost = error,
                }
                if left < before {
                    backoff.reset();
                }
                if left < before || stream.has_moved() {
                    fruitless = 0;
                }
            }
            let lost = lost.clone().with_http_status(http_status).with_may_have_run(true);
            let dialect = reading.post.peer.dialect;
            let resume = stream.last_id().and_then(|last| dialect.resume(last));
            let Some(headers) = resume else { return Err(lost) };
            if fruitless >= FRUITLESS {
                return Err(lost);
            }
            fruitless += 1;
            let sent = |error: Error| error.with_may_have_run(true);
            let asked = stream.retry().map(|retry| Duration::from_millis(retry.into()));
            wait.pause(backoff.pause(asked)).await.map_err(sent)?;
            stream.begin_again();
            match Ctx::new(self, reading.options, wait).get(&headers, reading.way).await {
                Ok(Ok(opened)) if matches!(opened.head.media, Media::EventStream) => {
                    reply = Some(opened);
                }
                Ok(Err(refused)) => match resumption(&refused) {
                    // The answer is gone as well.
                    Verdict::Lost if reading.post.is_repeatable => {
                        return Ok(Outcome::NotMcp(refused.status, refused.error));
                    }
                    Verdict::Lost => {
                        return Err(Error::new(
                            Status::SessionLost,
                            "the server forgot the session while it worked on the request",
                        )
                        .with_http_status(refused.status)
                        .with_may_have_run(true));
                    }
                    Verdict::Unavailable => {}
                    _ => return Err(lost),
                },
                // The server does not resume.
                Ok(Ok(_)) => return Err(lost),
                Err(error) if matches!(error.status(), Status::Connect | Status::Io) => {}
                Err(error) => return Err(error.with_may_have_run(true)),
            }
        }
    }

    async fn read_stream(
        self: &Arc<Self>,
        reading: Reading<'_>,
        id: i64,
        mut reply: HttpResponse<'_>,
        stream: &mut EventStream,
        left: &mut usize,
        wait: &Wait,
    ) -> Result<Ended> {
        let mut events: Vec<Event> = Vec::new();
        let mut has_other = false;
        let mut teller = ProgressReader::default();
        let is_traced = reading.options.trace.is_some();
        loop {
            let more = reply
                .next_piece(wait, &mut |data| {
                    let mut rest = data;
                    while let Some(event) = stream.next(&mut rest)? {
                        let is_next = events.is_empty() && event.is_message() && !is_traced;
                        if is_next && *left > 0 && teller.tell(self, reading.post, &event, wait) {
                            *left -= 1;
                            stream.take_back(event);
                        } else {
                            events.push(event);
                        }
                    }
                    Ok(())
                })
                .await;
            for event in events.drain(..).filter(Event::is_message) {
                reading.way.trace(event.data());
                *left = left.checked_sub(1).ok_or_else(|| too_many(reading.options))?;
                let (text, start) = (jsonrpc::utf8(event.text)?, event.start);
                let data = text.get(start..).unwrap_or_default();
                let ending = match self.take_all(reading, data, wait).await? {
                    None => continue,
                    Some(Hit::Other) => {
                        has_other = true;
                        continue;
                    }
                    Some(Hit::Error(rpc)) => Outcome::rpc(rpc, reply.head.status, false),
                    Some(Hit::Anonymous(rpc)) => Outcome::rpc(rpc, reply.head.status, true),
                    Some(Hit::Own(answer)) => Outcome::Answer(answer, reply.head.session_id.take()),
                    Some(Hit::Result(tape, place)) => {
                        let session_id = reply.head.session_id.take();
                        Outcome::Answer(Answer::new(text, start, tape, place), session_id)
                    }
                };
                reply.release();
                return Ok(Ended::Answered(ending));
            }
            match more {
                Ok(true) => {}
                Ok(false) if has_other && stream.last_id().is_none() => {
                    return Err(Error::protocol(format!(
                        "the server's event stream ended with answers to other requests, \
                         and none to this one (id {id})"
                    ))
                    .with_may_have_run(true));
                }
                Ok(false) => {
                    return Ok(Ended::Early(Error::new(
                        Status::Io,
                        format!("the server's event stream ended before the answer (id {id})"),
                    )));
                }
                Err(error) if error.status() == Status::Io => return Ok(Ended::Early(error)),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes a message, or all messages of a batch; gives the answer to the
    /// request at hand if it is among them.
    async fn take_all(
        self: &Arc<Self>,
        reading: Reading<'_>,
        text: &str,
        wait: &Wait,
    ) -> Result<Option<Hit>> {
        let Some(batch) = jsonrpc::batch(text) else {
            return self.take(reading, text, wait).await;
        };
        if !reading.post.peer.dialect.has_batches() {
            return Err(Error::protocol(
                "the server sent a batch, which this protocol revision does not have",
            ));
        }
        let mut hit = None;
        for message in batch? {
            match self.take(reading, message.get(), wait).await? {
                None | Some(Hit::Other) => {}
                Some(Hit::Result(tape, place)) => {
                    let own = Answer::new(message.get().to_owned(), 0, tape, place);
                    hit = hit.or(Some(Hit::Own(own)));
                }
                found => hit = hit.or(found),
            }
        }
        Ok(hit)
    }

    async fn take(
        self: &Arc<Self>,
        reading: Reading<'_>,
        message: &str,
        wait: &Wait,
    ) -> Result<Option<Hit>> {
        let post = reading.post;
        let text = message;
        let (message, tape) = jsonrpc::parse(text)?;
        match message {
            Message::Response { id: Id::Number(theirs), outcome } if Some(theirs) == post.id => {
                Ok(Some(match outcome {
                    ResponseBody::Result(place) => Hit::Result(tape, place),
                    ResponseBody::Error(rpc) => Hit::Error(rpc),
                }))
            }
            // Nothing else is answered on this stream.
            Message::Response { id: Id::None, outcome: ResponseBody::Error(rpc) } => {
                Ok(Some(Hit::Anonymous(rpc)))
            }
            // A late one of a request that was given up, or a lie.
            Message::Response { id: theirs, .. } => {
                if let Some(error) = post.id.and_then(|id| misnamed(&theirs, id)) {
                    return Err(error.with_may_have_run(true));
                }
                self.drop_reply();
                Ok(Some(Hit::Other))
            }
            Message::Notification { method, params } => {
                if method != notification::PROGRESS {
                    self.notice(post.peer.session, &method, params, wait);
                    return Ok(None);
                }
                let place = tape.member(text, 0, "params");
                let told = place.and_then(|place| notification::Progress::read(text, &tape, place));
                match (told, post.report) {
                    (Some(told), Some(report)) if told.id() == post.id => {
                        wait.restart();
                        if report.is_silent {
                            return Ok(None);
                        }
                        if wait.is_background() || self.has_background() {
                            let message = told.message.map(std::borrow::Cow::into_owned);
                            let (progress, total) = (told.progress, told.total);
                            let told = Progress { progress, total, message };
                            self.deliver(QueuedItem::Progress(Arc::downgrade(report), told), wait);
                        } else {
                            self.tell(report, told.progress, told.total, told.message.as_deref());
                        }
                    }
                    _ => self.notice(post.peer.session, &method, params, wait),
                }
                Ok(None)
            }
            Message::Request { id, method, params } => {
                let request = ServerRequest { id, method: &method, params };
                if let Some(outgoing) = self.take_request(post.peer, request, wait)? {
                    Ctx::new(self, reading.options, wait).answer(post.peer, &outgoing).await?;
                }
                Ok(None)
            }
        }
    }
}

/// What a refusal to resume a response means for the session, which does not
/// depend on what is known of that.
fn resumption(refused: &Refused) -> Verdict {
    let refusal = RefusalFacts { http_status: refused.status, rpc: None };
    session_loss::judge(RequestKind::ResponseStream, refusal, SessionState::default())
}

fn too_many(options: &Options) -> Error {
    Error::new(
        Status::TooLarge,
        format!(
            "the server sent more than {} messages before the answer; see \
             mcp_client_set_max_events()",
            options.max_events
        ),
    )
    .with_may_have_run(true)
}

/// Why a reply that can only be to this request does not say so.
fn misnamed(theirs: &Id, id: i64) -> Option<Error> {
    let what = match theirs {
        Id::Text(text) if *text == id.to_string() => format!("is the string \"{id}\""),
        Id::None => "is null or missing".to_owned(),
        _ => return None,
    };
    Some(malformed(format!("its id {what}, where the request's is the number {id}")))
}
