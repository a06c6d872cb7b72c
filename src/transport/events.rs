//! Messages as events of a stream that stays open: HTTP with SSE, the transport
//! of revision 2024-11-05.

use std::collections::VecDeque;

use crate::base::error::{Error, Result, Status};
use crate::platform::Poll;
use crate::transport::http::OpenBody;
use crate::transport::message_source::{Incoming, MessageSource, NextItem, Stop};
use crate::transport::wait::Wait;
use crate::wire::event_stream::{Event, EventStream};

#[derive(Debug)]
pub(crate) struct EventSource {
    opened: OpenBody,
    stream: EventStream,
    events: VecDeque<Event>,
}

/// The most events before the event "endpoint".
const FIRST: usize = 64;

impl EventSource {
    /// Reads the event stream in the response to a GET.
    pub(crate) fn new(opened: OpenBody, limit: usize) -> Self {
        Self { opened, stream: EventStream::new(limit), events: VecDeque::new() }
    }

    /// The endpoint to POST messages to, from the first event.
    pub(crate) async fn endpoint(&mut self, wait: &Wait) -> Result<String> {
        for _ in 0..FIRST {
            while self.events.is_empty() {
                if !self.read(wait).await? {
                    return Err(Error::protocol(
                        "the server ended its event stream before it sent an event \"endpoint\"",
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
            "the server's event stream begins with messages and not with an event \"endpoint\", \
             which says where messages go",
        ))
    }

    /// Reads the next piece; false at the end.
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
            // A later event "endpoint" is ignored: credentials go only to the
            // first endpoint.
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

impl MessageSource for EventSource {
    fn next<'a>(&'a mut self, _also: &'a [Poll], wait: &'a Wait) -> NextItem<'a> {
        Box::pin(self.next_message(wait))
    }

    fn has_more(&mut self) -> bool {
        self.events.iter().any(Event::is_message)
    }
}
