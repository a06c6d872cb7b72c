//! Messages as the events of a stream: the response to a request, the GET
//! stream, and HTTP with SSE.

use std::collections::VecDeque;

use crate::base::error::{Error, Result, Status};
use crate::platform::Poll;
use crate::transport::http::{HttpResponse, OpenBody, Pieces};
use crate::transport::message_source::{Incoming, MessageSource, NextItem, Stop};
use crate::transport::wait::Wait;
use crate::wire::event_stream::{EventStream, SseEvent};
use crate::wire::outline::response_ids;
use crate::wire::tape::Tape;
use crate::wire::unframed_body::{Shape, UnframedBody};

/// Cuts the body of an HTTP response into events.
#[derive(Debug)]
pub(crate) struct EventSource<B> {
    body: B,
    stream: EventStream,
    events: VecDeque<SseEvent<'static>>,
    /// An event "endpoint" ends the stream.
    ends_at_endpoint: bool,
    /// The bytes since the last event of an encoded stream.
    since_event: usize,
    /// How the stream ended. Reported after the events that arrived before.
    end: Option<Result<()>>,
    /// The body, as long as it may be something else than an event stream.
    unframed: Option<Box<UnframedBody>>,
    /// The media type of the body is unknown. A body that begins neither as JSON
    /// nor as an event stream is an error at once.
    is_unlabelled: bool,
    /// The last event is returned although no empty line ends it.
    takes_last: bool,
}

/// Takes messages as soon as they have arrived.
pub(crate) trait EarlyMessages {
    /// Takes the data of an event, or leaves it.
    fn take(&mut self, data: &[u8]) -> bool;

    /// No other event has arrived yet, so that the reader may wait.
    fn pause(&mut self);
}

/// Leaves all.
impl EarlyMessages for () {
    fn take(&mut self, _: &[u8]) -> bool {
        false
    }

    fn pause(&mut self) {}
}

/// The event that names the URL for messages.
const ENDPOINT: &str = "endpoint";
/// The most events before the event "endpoint".
const FIRST: usize = 64;
/// An encoded stream may have so many bytes between two events, or as many as an
/// event has. Comments that decode to a thousand times their size must not keep
/// a thread busy.
const BETWEEN: usize = 1024 * 1024;

impl<B: Pieces> EventSource<B> {
    /// A stream whose events have at most `limit` bytes.
    pub(crate) fn new(body: B, limit: usize) -> Self {
        Self::resumed(body, EventStream::new(limit))
    }

    /// A new stream that replaces a disconnected one.
    pub(crate) fn resumed(body: B, stream: EventStream) -> Self {
        Self {
            body,
            stream,
            events: VecDeque::new(),
            ends_at_endpoint: false,
            since_event: 0,
            end: None,
            unframed: None,
            is_unlabelled: false,
            takes_last: false,
        }
    }

    /// The same, for a response that may come from a server of HTTP with SSE.
    pub(crate) fn or_endpoint(self, ends_at_endpoint: bool) -> Self {
        Self { ends_at_endpoint, ..self }
    }

    /// The body of the response to a request. If it is one JSON text, that text
    /// is returned as an event. So is a last event that no empty line ends, if it
    /// is a JSON text.
    pub(crate) fn of_response(body: B, limit: usize) -> Self {
        let unframed = Some(Box::new(UnframedBody::new(limit)));
        Self { unframed, takes_last: true, ..Self::new(body, limit) }
    }

    /// The same for a body of another media type, or of none.
    pub(crate) fn of_unlabelled(body: B, limit: usize) -> Self {
        Self { is_unlabelled: true, ..Self::of_response(body, limit) }
    }

    /// The error for a body that has nothing of an event stream.
    pub(crate) fn unframed(&self) -> Option<Error> {
        let unframed = self.unframed.as_ref()?;
        (unframed.shape() != Shape::Unknown).then(|| unframed.error())
    }

    pub(crate) fn stream(&self) -> &EventStream {
        &self.stream
    }

    /// The body, and the state for a stream that replaces this one.
    pub(crate) fn into_parts(self) -> (B, EventStream) {
        (self.body, self.stream)
    }

    /// The next event that carries a message; `None` at the end. The data of each
    /// message is shown to `early` as it arrives, unless another one waits before
    /// it; an event that `early` takes is not returned.
    pub(crate) async fn next_message(
        &mut self,
        wait: &Wait,
        early: &mut dyn EarlyMessages,
    ) -> Result<Option<SseEvent<'static>>> {
        loop {
            match self.next_event(wait, early).await? {
                Some(event) if self.ends_at_endpoint && event.kind == ENDPOINT => {
                    return Err(endpoint());
                }
                Some(event) if !event.is_message() => {}
                other => return Ok(other),
            }
        }
    }

    async fn next_event(
        &mut self,
        wait: &Wait,
        early: &mut dyn EarlyMessages,
    ) -> Result<Option<SseEvent<'static>>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if let Some(end) = self.end.take() {
                return end.map(|()| None);
            }
            let is_decoded = self.body.is_decoded();
            let (stream, events) = (&mut self.stream, &mut self.events);
            let since_event = &mut self.since_event;
            let (unframed, is_unlabelled) = (&mut self.unframed, self.is_unlabelled);
            let more = self
                .body
                .next_piece(wait, &mut |data| {
                    if is_decoded {
                        *since_event += data.len();
                    }
                    cut(data, stream, since_event, events, early)?;
                    if unframed.is_some() {
                        look_at(unframed, stream, is_unlabelled, data)?;
                    }
                    stream.check_between(*since_event, BETWEEN)
                })
                .await;
            early.pause();
            if let (Some(unframed), Ok(is_open)) = (&mut self.unframed, &more)
                && let Some(text) = unframed.take_json(!is_open)
            {
                self.events.push_back(SseEvent::of_text(text));
            }
            match more {
                Ok(true) => {}
                Ok(false) => {
                    if self.takes_last {
                        self.events.extend(self.stream.last_event());
                    }
                    self.end = Some(Ok(()));
                }
                Err(error) if self.events.is_empty() => return Err(error),
                Err(error) if is_end(&error) => self.end = Some(Err(error)),
                // The wait has ended, which the next one finds out by itself.
                Err(_) => {}
            }
        }
    }
}

/// Cuts a piece into events. Each message is shown to `early`, unless another one
/// waits before it; a message that `early` leaves waits in `events`.
fn cut(
    mut piece: &[u8],
    stream: &mut EventStream,
    since_event: &mut usize,
    events: &mut VecDeque<SseEvent<'static>>,
    early: &mut dyn EarlyMessages,
) -> Result<()> {
    while !piece.is_empty() {
        if let Some((data, rest)) = stream.usual(piece) {
            (piece, *since_event) = (rest, 0);
            if !(events.is_empty() && early.take(data)) {
                events.push_back(SseEvent::of_text(data.to_vec()));
            }
            continue;
        }
        let Some(mut event) = stream.next(&mut piece)? else { return Ok(()) };
        *since_event = 0;
        if !event.is_message() {
            take_response(&mut event);
        }
        if !(events.is_empty() && event.is_message() && early.take(event.data())) {
            events.push_back(event.into_owned());
        }
    }
    Ok(())
}

impl EventSource<HttpResponse<'_>> {
    /// The HTTP status of the response.
    pub(crate) fn status(&self) -> u16 {
        self.body.head.status
    }
}

impl EventSource<OpenBody> {
    /// The value of the event "endpoint", which comes first.
    pub(crate) async fn endpoint(&mut self, wait: &Wait) -> Result<String> {
        for _ in 0..FIRST {
            let Some(event) = self.next_event(wait, &mut ()).await? else {
                return Err(Error::protocol(
                    "the server ended its event stream before it named the URL for messages",
                ));
            };
            // An event that is no message, such as a heartbeat, ends nothing.
            if event.is_message() && memchr::memmem::find(event.data(), b"\"jsonrpc\"").is_some() {
                break;
            }
            if event.kind == ENDPOINT {
                let data = String::from_utf8(event.data().to_vec());
                return data.map_err(|_| Error::protocol("the server's endpoint is not UTF-8"));
            }
        }
        Err(Error::protocol(
            "the server's event stream begins with messages and does not say where messages go \
             (an event \"endpoint\")",
        ))
    }

    async fn next_incoming(&mut self, wait: &Wait) -> std::result::Result<Incoming, Stop> {
        // A later event "endpoint" is ignored: credentials go only to the first
        // endpoint.
        match self.next_message(wait, &mut ()).await {
            Ok(Some(event)) => {
                let (text, start) = event.into_parts();
                Ok(Incoming::Message(text, start))
            }
            Ok(None) => {
                let what = "the server ended its event stream";
                Err(Stop::End(Error::new(Status::Io, what)))
            }
            Err(error) if is_end(&error) => Err(Stop::End(error)),
            Err(error) => Err(Stop::Wait(error)),
        }
    }
}

impl MessageSource for EventSource<OpenBody> {
    fn next<'a>(&'a mut self, _also: &'a [Poll], wait: &'a Wait) -> NextItem<'a> {
        Box::pin(self.next_incoming(wait))
    }

    fn unfinished(&self) -> &[u8] {
        self.stream.unfinished()
    }

    fn has_more(&mut self) -> bool {
        self.end.is_some() || self.events.iter().any(SseEvent::is_message)
    }
}

/// The error for a response to a POST that is the stream of HTTP with SSE.
#[cold]
fn endpoint() -> Error {
    Error::new(
        Status::Transport,
        "the server answered a POST with an event \"endpoint\", as a server of HTTP with SSE does",
    )
}

/// Whether a response to a POST was the stream of HTTP with SSE.
pub(crate) fn is_endpoint(error: &Error) -> bool {
    error.status() == Status::Transport && error.http_status() == 0
}

/// Turns an event of another type into a message if it has a response. Some
/// servers name the type of their events as they like.
#[cold]
fn take_response(event: &mut SseEvent<'_>) {
    let mut has_response = false;
    if event.kind != ENDPOINT {
        response_ids(event.data(), |_| has_response = true);
    }
    let text = std::str::from_utf8(event.data());
    if has_response && text.is_ok_and(|text| Tape::read(text, 0).is_ok()) {
        event.kind.clear();
    }
}

/// Looks at a piece of a body that may be something else than an event stream.
#[cold]
fn look_at(
    unframed: &mut Option<Box<UnframedBody>>,
    stream: &EventStream,
    is_unlabelled: bool,
    piece: &[u8],
) -> Result<()> {
    let Some(body) = unframed else { return Ok(()) };
    let shape = if stream.has_fields() { Shape::EventStream } else { body.add(piece)? };
    match shape {
        Shape::EventStream => *unframed = None,
        Shape::Neither if is_unlabelled => return Err(body.error()),
        _ => {}
    }
    Ok(())
}

/// Whether an error is of the stream, and not of the wait.
fn is_end(error: &Error) -> bool {
    matches!(error.status(), Status::Io | Status::Protocol | Status::TooLarge | Status::NoMemory)
}
