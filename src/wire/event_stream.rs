//! Event streams (text/event-stream): bytes in as they arrive, events out.
//!
//! The rules are those of the HTML standard, section 9.2, but for an empty
//! `id`, which keeps the old one as deployed peers do.

use std::mem;

use crate::base::error::{Error, Result, Status};

/// One event that carries data.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Empty for the default, which is "message".
    pub(crate) kind: String,
    pub(crate) data: Vec<u8>,
}

impl Event {
    /// Whether the event carries a message of MCP.
    pub(crate) fn is_message(&self) -> bool {
        self.kind.is_empty() || self.kind == "message"
    }
}

/// Cuts a stream of bytes into events.
#[derive(Debug)]
pub(crate) struct EventStream {
    /// What has arrived of the line that is not whole yet.
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    /// The last line ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    /// Nothing was read yet, so that a byte order mark may come.
    at_start: bool,
    last_id: Option<String>,
    retry: Option<u32>,
    limit: usize,
}

impl EventStream {
    /// A stream whose lines and events may have `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            event: Event::default(),
            has_data: false,
            after_cr: false,
            at_start: true,
            last_id: None,
            retry: None,
            limit,
        }
    }

    /// Takes from the front of `bytes` until an event is whole or nothing is
    /// left; the rest is for the next call.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Event>> {
        loop {
            if self.after_cr {
                match bytes.split_first() {
                    None => return Ok(None),
                    Some((b'\n', rest)) => *bytes = rest,
                    Some(_) => {}
                }
                self.after_cr = false;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.grow(bytes)?;
                *bytes = &[];
                return Ok(None);
            };
            let (head, rest) = bytes.split_at(end);
            self.grow(head)?;
            self.after_cr = rest.first() == Some(&b'\r');
            *bytes = rest.get(1..).unwrap_or_default();
            let line = mem::take(&mut self.line);
            let event = self.take_line(&line)?;
            self.line = line;
            self.line.clear();
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// The id of the last event that had one, to resume from.
    #[cfg(test)]
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The milliseconds that the server asked to wait before a new attempt.
    #[cfg(test)]
    pub(crate) fn retry(&self) -> Option<u32> {
        self.retry
    }

    fn grow(&mut self, bytes: &[u8]) -> Result<()> {
        self.check(self.line.len() + bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn check(&self, length: usize) -> Result<()> {
        if length <= self.limit {
            return Ok(());
        }
        Err(Error::new(
            Status::TooLarge,
            format!(
                "the server sent an event of more than {} bytes; see \
                 mcp_client_set_max_message_size()",
                self.limit
            ),
        ))
    }

    fn take_line(&mut self, line: &[u8]) -> Result<Option<Event>> {
        let line = match line.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if self.at_start => rest,
            _ => line,
        };
        self.at_start = false;
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                self.check(self.event.data.len() + value.len() + 1)?;
                if self.has_data {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => self.event.kind = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.is_empty() && !value.contains(&0) => {
                self.last_id = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                self.retry = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            }
            // A comment has an empty field name; others are to be ignored.
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<Event> {
        self.has_data = false;
        let event = mem::take(&mut self.event);
        (!event.data.is_empty()).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::wherever_cut;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut stream = EventStream::new(4096);
        let mut out = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while let Some(event) = stream.next(&mut rest).unwrap() {
                out.push((event.kind, String::from_utf8(event.data).unwrap()));
            }
        }
        out
    }

    fn event(kind: &str, data: &str) -> (String, String) {
        (kind.into(), data.into())
    }

    #[test]
    fn gives_the_same_events_wherever_the_stream_is_cut() {
        let stream = b"\xef\xbb\xbfevent: message\r\ndata: {\"a\":1}\r\n\r\n\
            : comment\r\rdata:first\rdata: second\r\r\nid: 7\ndata\n\ndata: \xc3\xa9\n\n";
        assert_eq!(
            wherever_cut(stream, events),
            [event("message", "{\"a\":1}"), event("", "first\nsecond"), event("", "\u{e9}")]
        );
    }

    #[test]
    fn discards_an_event_that_is_not_ended() {
        assert_eq!(wherever_cut(b"data: a\n\ndata: b\n", events), [event("", "a")]);
    }

    #[test]
    fn keeps_id_and_retry_of_an_event_without_data() {
        let mut stream = EventStream::new(64);
        let mut bytes: &[u8] = b"id: x\nretry: 1500\ndata:\n\nretry: soon\nid\n\n";
        assert_eq!(stream.next(&mut bytes).unwrap(), None);
        assert_eq!(stream.last_id(), Some("x"));
        assert_eq!(stream.retry(), Some(1500));
    }

    #[test]
    fn refuses_an_event_over_the_limit_before_its_end_has_come() {
        let mut stream = EventStream::new(16);
        let mut bytes: &[u8] = b"data: 0123456789abcdef";
        assert_eq!(stream.next(&mut bytes).unwrap_err().status(), Status::TooLarge);
        let mut stream = EventStream::new(16);
        let mut bytes: &[u8] = b"data: 01234567\ndata: 01234567\n";
        assert_eq!(stream.next(&mut bytes).unwrap_err().status(), Status::TooLarge);
    }
}
