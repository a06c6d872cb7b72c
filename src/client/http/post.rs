//! A message over Streamable HTTP: a POST, and its reply. The reply is a JSON
//! body, or an event stream in as many pieces as the server needs.

use std::pin::pin;
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::client::core::backoff::Backoff;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::{OutboundMessage, Outcome};
use crate::client::core::session::Target;
use crate::client::core::unused_input::{Unused, UnusedInput};
use crate::client::http::request::{HttpContext, HttpRequest, Refused};
use crate::client::inbound::policy::{Carrier, Fault};
use crate::client::inbound::progress::OwnProgress;
use crate::client::inbound::router::{Awaited, Response, Routed, Router};
use crate::client::options::Options;
use crate::protocol::outgoing::Outgoing;
use crate::protocol::session_loss::{self, RefusalFacts, RequestKind, SessionState, Verdict};
use crate::transport::events::{EarlyMessages, EventSource};
use crate::transport::http::HttpResponse;
use crate::wire::event_stream::EventStream;
use crate::wire::http1::Media;

/// How many times in a row a stream is resumed without an event.
const FRUITLESS: u32 = 3;

/// How long the right response is waited for after a result with an id that the
/// client has never issued. Only one request is pending on such a stream.
const RIGHT_ANSWER: Duration = Duration::from_secs(2);

/// How a stream ended.
enum Ended {
    Answered(Outcome),
    /// The body has nothing of an event stream, and is no response either.
    NotAStream(Error),
    /// The stream ended before the response. The next stream takes over the
    /// state.
    Early(Error, EventStream),
}

impl Ctx<'_> {
    /// Sends a message by a POST, and reads the reply.
    pub(crate) async fn post_http(self, message: &OutboundMessage<'_>) -> Result<Outcome> {
        let Ctx { client, options, wait } = self;
        let http = HttpContext::new(options, Some(message.target.dialect))?;
        let request = HttpRequest::post(&options.address()?.url, message);
        let _permit =
            if wait.is_queued() { Some(client.connection_permit(wait).await?) } else { None };
        let mut reply = match pin!(self.send(&request, &http)).await? {
            Ok(reply) => reply,
            Err(refused) => return self.refused(refused, *message),
        };
        let Some(id) = message.id else {
            reply.release();
            return Ok(Outcome::Accepted);
        };
        let limited = reply.limited(wait);
        let this = self.within(limited.as_ref().unwrap_or(wait));
        let is_repeated = reply.is_repeated;
        let repeated = |error: Error| error.with_repetition(is_repeated);
        match &reply.head.media {
            Media::Json => {
                let body = reply.read(options.max_message, this.wait).await.map_err(repeated)?;
                http.trace(&body);
                let (status, session_id) = (reply.head.status, reply.session_id.take());
                reply.release();
                let said = |error: Error| {
                    error
                        .with_http_status(status)
                        .with_may_have_run(true)
                        .with_repetition(is_repeated)
                };
                let mut routed = Routed::default();
                let router = self.router(Carrier::Body, *message, id);
                match body.first() {
                    Some(b'{') | None => router.route(body, 0, &mut routed),
                    Some(_) => router.route_unusual(body, &mut routed),
                }
                .map_err(said)?;
                if !routed.outgoing.is_empty() {
                    let answered = Box::pin(self.answer(message.target, routed.outgoing)).await;
                    answered.map_err(said)?;
                }
                match routed.response {
                    Some(response) => Ok(response.outcome(status, session_id)),
                    None => Err(said(Error::protocol(format!(
                        "the server answered with a batch that lacks the answer (id {id})"
                    )))),
                }
            }
            // Boxed: a JSON body needs no room for it.
            Media::EventStream => {
                Box::pin(this.read_events(*message, id, reply, &http)).await.map_err(repeated)
            }
            other => {
                let error = not_an_answer(other, reply.head.status);
                Box::pin(self.read_unlabelled(*message, id, reply, &http, error))
                    .await
                    .map_err(repeated)
            }
        }
    }

    /// Reads a body of another media type, or of none. An answer that can be
    /// understood is taken; any other body gives `error`.
    async fn read_unlabelled(
        self,
        message: OutboundMessage<'_>,
        id: i64,
        reply: HttpResponse<'_>,
        http: &HttpContext<'_>,
        error: Error,
    ) -> Result<Outcome> {
        let Ctx { options, .. } = self;
        let http_status = reply.head.status;
        let mut left = options.max_events;
        let source = EventSource::of_unlabelled(reply, options.max_message);
        match self.read_stream(message, id, source, &mut left, http).await? {
            Ended::Answered(outcome) => Ok(outcome),
            Ended::NotAStream(_) | Ended::Early(..) => Ok(Outcome::NotMcp(http_status, error)),
        }
    }

    /// Reads a stream until the response. If the stream ends earlier, it is
    /// resumed after the last event id of the server.
    async fn read_events(
        self,
        message: OutboundMessage<'_>,
        id: i64,
        reply: HttpResponse<'_>,
        http: &HttpContext<'_>,
    ) -> Result<Outcome> {
        let Ctx { options, wait, .. } = self;
        let http_status = reply.head.status;
        let mut left = options.max_events;
        let mut fruitless = 0;
        let mut backoff = Backoff::default();
        let mut source = EventSource::of_response(reply, options.max_message)
            .or_endpoint(message.target.session.is_none());
        loop {
            let before = left;
            let (lost, mut stream) =
                match self.read_stream(message, id, source, &mut left, http).await? {
                    Ended::Answered(outcome) => return Ok(outcome),
                    Ended::NotAStream(error) => return Err(error),
                    Ended::Early(error, stream) => (error, stream),
                };
            if left < before {
                backoff.reset();
            }
            if left < before || stream.has_moved() {
                fruitless = 0;
            }
            let lost = lost.with_http_status(http_status).with_may_have_run(true);
            let reply = loop {
                let dialect = message.target.dialect;
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
                match self.get(&headers, http).await {
                    Ok(Ok(reply)) if matches!(reply.head.media, Media::EventStream) => break reply,
                    Ok(Err(refused)) => match resumption(&refused) {
                        Verdict::Unavailable => {}
                        verdict => {
                            // Otherwise the same request would be sent again in a
                            // session that may be lost.
                            if let (true, Some(session)) =
                                (message.is_repeatable, message.target.session)
                                && verdict.needs_ping()
                            {
                                session.suspect();
                            }
                            let what = format!("the rest is refused with {}", refused.status);
                            return Err(lost.with_advice(&what));
                        }
                    },
                    // The server does not resume.
                    Ok(Ok(_)) => return Err(lost),
                    Err(error) if matches!(error.status(), Status::Connect | Status::Io) => {}
                    Err(error) => return Err(error.with_may_have_run(true)),
                }
            };
            source = EventSource::resumed(reply, stream);
        }
    }

    async fn read_stream(
        self,
        message: OutboundMessage<'_>,
        id: i64,
        mut source: EventSource<HttpResponse<'_>>,
        left: &mut usize,
        http: &HttpContext<'_>,
    ) -> Result<Ended> {
        let Ctx { client, options, wait } = self;
        let router = self.router(Carrier::ResponseStream, message, id);
        let (mut has_other, mut brief) = (false, None);
        let http_status = source.status();
        let said = |error: Error| error.with_http_status(http_status).with_may_have_run(true);
        // A trace shows each message as it arrives.
        let own = message.progress.filter(|_| options.trace.is_none());
        let mut early = EarlyProgress {
            own: own.map(|progress| OwnProgress::new(client, id, progress, wait)),
            left,
        };
        loop {
            let event = match source.next_message(brief.as_ref().unwrap_or(wait), &mut early).await
            {
                Ok(Some(event)) => event,
                Err(error) if error.status() == Status::TooLarge => {
                    router.fault(Fault::TooLong, &[], || said(error.clone()))?;
                    return Ok(Ended::Early(error, source.into_parts().1));
                }
                // The server has answered, and nothing else follows.
                Err(error) if brief.is_some() && error.status() == Status::Timeout => {
                    wait.check()?;
                    return Err(said(self.other_answers(id)));
                }
                Ok(None) | Err(_) if !has_other && let Some(error) = source.unframed() => {
                    wait.check()?;
                    return Ok(Ended::NotAStream(said(error)));
                }
                Ok(None) if has_other && source.stream().last_id().is_none() => {
                    return Err(said(self.other_answers(id)));
                }
                Ok(None) => {
                    let what =
                        format!("the server's event stream ended before the answer (id {id})");
                    return Ok(Ended::Early(Error::new(Status::Io, what), source.into_parts().1));
                }
                // A stream that is cut may break its framing or its coding.
                Err(error) if matches!(error.status(), Status::Io | Status::Protocol) => {
                    let what = format!("its event stream ended before the answer (id {id})");
                    let error = match error.status() {
                        Status::Io => error.with_advice(&what),
                        _ => error,
                    };
                    return Ok(Ended::Early(error, source.into_parts().1));
                }
                Err(error) if error.status() == Status::Protocol => return Err(said(error)),
                Err(error) => {
                    let rest = source.stream().unfinished();
                    return Err(UnusedInput::explain_unfinished(error, Unused::Event, rest));
                }
            };
            // Progress that waited behind another event.
            if early.take(event.data()) {
                early.pause();
                continue;
            }
            http.trace(event.data());
            *early.left = early.left.checked_sub(1).ok_or_else(|| too_many(options))?;
            let mut routed = Routed::default();
            router.route_event(event, &mut routed).map_err(said)?;
            has_other |= routed.has_other;
            if routed.has_foreign_result && brief.is_none() {
                brief = Some(wait.briefly(RIGHT_ANSWER));
            }
            if !routed.outgoing.is_empty() {
                Box::pin(self.answer(message.target, routed.outgoing)).await?;
            }
            if let Some(response) = routed.response {
                let (mut reply, _) = source.into_parts();
                let (status, session_id) = (reply.head.status, reply.session_id.take());
                reply.release();
                return Ok(Ended::Answered(response.outcome(status, session_id)));
            }
        }
    }

    /// Sends the responses to requests of the server.
    pub(crate) async fn answer(self, target: Target<'_>, outgoing: Vec<Outgoing>) -> Result<()> {
        for outgoing in outgoing {
            let message = OutboundMessage::notification(&outgoing, target);
            let url = &self.options.address()?.url;
            // A failure to send a response does not fail the call.
            if Box::pin(self.send_post(url, message)).await.is_err() {
                // The server works on the request that is answered here.
                self.wait.check().map_err(|error| error.with_may_have_run(true))?;
            }
        }
        Ok(())
    }
}

impl<'a> Ctx<'a> {
    /// The error for a stream on which only other requests were answered.
    #[cold]
    fn other_answers(self, id: i64) -> Error {
        let what = format!(
            "the server's event stream has answers to other requests, and none to this one \
             (id {id})"
        );
        self.client.unused_input.quote(Error::protocol(what), self.wait.call)
    }

    fn router(self, carrier: Carrier, message: OutboundMessage<'a>, id: i64) -> Router<'a> {
        let awaited = Awaited::One { id, progress: message.progress };
        Router { ctx: self, carrier, target: message.target, awaited }
    }
}

/// Takes the progress of the request whose stream is read.
struct EarlyProgress<'a> {
    own: Option<OwnProgress<'a>>,
    /// How many events may still come.
    left: &'a mut usize,
}

impl EarlyMessages for EarlyProgress<'_> {
    fn take(&mut self, data: &[u8]) -> bool {
        let is_taken = *self.left > 0 && self.own.as_mut().is_some_and(|own| own.take(data));
        *self.left -= usize::from(is_taken);
        is_taken
    }

    fn pause(&mut self) {
        if let Some(own) = &mut self.own {
            own.pause();
        }
    }
}

impl Response {
    pub(crate) fn outcome(self, http_status: u16, session_id: Option<String>) -> Outcome {
        match self {
            Self::Result(answer) => Outcome::Answer(answer, session_id),
            Self::Error { rpc, is_anonymous } => Outcome::rpc(rpc, http_status, is_anonymous),
        }
    }
}

/// Decides what a refusal to resume a response means. The state of the session
/// makes no difference here.
fn resumption(refused: &Refused) -> Verdict {
    let refusal = RefusalFacts { http_status: refused.status, rpc: None };
    session_loss::judge(RequestKind::ResponseStream, refusal, SessionState::default())
}

/// The error for a reply that is neither JSON nor an event stream.
fn not_an_answer(media: &Media, http_status: u16) -> Error {
    let what = if matches!(http_status, 202 | 204) {
        format!("the server answered {http_status} to a request, which requires a response")
    } else {
        let kind = match media {
            Media::Other(kind) => format!("\"{kind}\""),
            _ => "a body of no type".to_owned(),
        };
        format!(
            "the server answered with {kind} in place of JSON or an event stream; is this the \
             URL of an MCP server?"
        )
    };
    Error::protocol(what).with_http_status(http_status).with_may_have_run(true)
}

fn too_many(options: &Options) -> Error {
    Error::new(
        Status::TooLarge,
        format!(
            "the server sent more than {} messages before the answer; see \
             MCP_LIMIT_EVENTS of mcp_client_set_limit()",
            options.max_events
        ),
    )
    .with_may_have_run(true)
}
