//! Messages as events on a stream that stays open: HTTP with SSE, as of
//! 2024-11-05.

use std::collections::VecDeque;

use crate::base::error::{Error, Result, Status};
use crate::platform::Poll;
use crate::transport::http::Opened;
use crate::transport::message_source::{Incoming, Next, Source, Stop};
use crate::transport::wait::Wait;
use crate::wire::event_stream::{Event, EventStream};

#[derive(Debug)]
pub(crate) struct EventSource {
    opened: Opened,
    stream: EventStream,
    events: VecDeque<Event>,
}

/// The most events before the one that says where messages go.
const FIRST: usize = 64;

impl EventSource {
    /// The stream that a GET was answered with.
    pub(crate) fn new(opened: Opened, limit: usize) -> Self {
        Self { opened, stream: EventStream::new(limit), events: VecDeque::new() }
    }

    /// Where messages go: what the first event says.
    pub(crate) async fn endpoint(&mut self, wait: &Wait) -> Result<String> {
        for _ in 0..FIRST {
            while self.events.is_empty() {
                if !self.read(wait).await? {
                    return Err(Error::protocol(
                        "the server ended its event stream before it said where messages go",
                    ));
                }
            }
            let Some(event) = self.events.pop_front() else { continue };
            if event.is_message() {
                break;
            }
            if event.kind == "endpoint" {
                let data = String::from_utf8(event.data().to_vec());
                return data.map_err(|_| Error::protocol("the server's endpoint is not UTF-8"));
            }
        }
        Err(Error::protocol(
            "the server's event stream begins with messages and does not say where messages go \
             (an event \"endpoint\")",
        ))
    }

    /// Takes what comes next; false at the end.
    async fn read(&mut self, wait: &Wait) -> Result<bool> {
        let (stream, events) = (&mut self.stream, &mut self.events);
        self.opened
            .next_piece(wait, &mut |data| {
                let mut rest = data;
                while let Some(event) = stream.next(&mut rest)? {
                    events.push_back(event);
                }
                Ok(())
            })
            .await
    }

    async fn next_message(&mut self, wait: &Wait) -> std::result::Result<Incoming, Stop> {
        loop {
            // Another endpoint is none of the server's business any more:
            // credentials go where it said at first.
            while let Some(event) = self.events.pop_front() {
                if event.is_message() {
                    return Ok(Incoming::Message(event.text, event.start));
                }
            }
            match self.read(wait).await {
                Ok(true) => {}
                Ok(false) => {
                    let what = "the server ended its event stream";
                    return Err(Stop::End(Error::new(Status::Io, what)));
                }
                Err(error) => {
                    return Err(match error.status() {
                        Status::Io | Status::Protocol | Status::TooLarge | Status::NoMemory => {
                            Stop::End(error)
                        }
                        _ => Stop::Wait(error),
                    });
                }
            }
        }
    }
}

impl Source for EventSource {
    fn next<'a>(&'a mut self, _also: &'a [Poll], wait: &'a Wait) -> Next<'a> {
        Box::pin(self.next_message(wait))
    }

    fn has_more(&mut self) -> bool {
        self.events.iter().any(Event::is_message)
    }
}
