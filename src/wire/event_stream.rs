//! Event streams (text/event-stream). Takes bytes in any pieces and returns
//! events.
//!
//! The rules are those of the HTML standard, section 9.2, with one exception:
//! an empty `id` keeps the previous id, as deployed peers do.

use std::borrow::Cow;
use std::mem;

use crate::base::error::{Error, Result, Status};
use crate::wire::tape::Tape;

/// One event that carries data.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// Empty for "message", the default, whether or not the server wrote it.
    pub(crate) kind: String,
    /// The data begins at `start`. Data of one line is kept with its field
    /// name: a copy of a large line would need its size twice.
    pub(crate) text: Vec<u8>,
    pub(crate) start: usize,
}

impl SseEvent {
    pub(crate) fn data(&self) -> &[u8] {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// Whether the event carries an MCP message.
    pub(crate) fn is_message(&self) -> bool {
        self.kind.is_empty()
    }
}

/// Cuts a stream of bytes into events.
#[derive(Debug)]
pub(crate) struct EventStream {
    /// The part of the current line that has arrived.
    line: Vec<u8>,
    event: SseEvent,
    /// The memory of an earlier event, to be used again.
    room: Vec<u8>,
    has_data: bool,
    /// The last line ended with CR, so an LF that follows belongs to it.
    after_cr: bool,
    /// Nothing was read yet, so a byte order mark may come.
    at_start: bool,
    /// The id of the current event.
    next_id: Option<String>,
    last_id: Option<String>,
    retry: Option<u32>,
    has_moved: bool,
    /// A line with a known field, or a comment, has arrived.
    has_fields: bool,
    limit: usize,
}

impl EventStream {
    /// A stream whose lines and events have at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            event: SseEvent::default(),
            room: Vec::new(),
            has_data: false,
            after_cr: false,
            at_start: true,
            next_id: None,
            last_id: None,
            retry: None,
            has_moved: false,
            has_fields: false,
            limit,
        }
    }

    /// Takes bytes from the front of `bytes` until an event is complete or no
    /// bytes are left. Pass the rest to the next call.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<SseEvent>> {
        loop {
            if self.after_cr {
                match bytes.split_first() {
                    None => return Ok(None),
                    Some((b'\n', rest)) => *bytes = rest,
                    Some(_) => {}
                }
                self.after_cr = false;
            }
            let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) else {
                self.grow(bytes)?;
                *bytes = &[];
                return Ok(None);
            };
            let (head, rest) = bytes.split_at(end);
            self.after_cr = rest.first() == Some(&b'\r');
            *bytes = rest.get(1..).unwrap_or_default();
            let event = if self.line.is_empty() {
                self.check(head.len())?;
                self.take_line(Cow::Borrowed(head))?
            } else {
                self.grow(head)?;
                let line = mem::take(&mut self.line);
                self.take_line(Cow::Owned(line))?
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// The id of the last event that had one. The stream can be resumed there.
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// How many milliseconds the server asks to wait before a reconnection.
    pub(crate) fn retry(&self) -> Option<u32> {
        self.retry
    }

    /// Whether an event has arrived since the stream began, also one without
    /// data.
    pub(crate) fn has_moved(&self) -> bool {
        self.has_moved
    }

    /// The data of an event that has no end yet, or its last line.
    pub(crate) fn unfinished(&self) -> &[u8] {
        match self.event.data() {
            [] => &self.line,
            data => data,
        }
    }

    /// The last event of a stream that ended without an empty line, if its data is
    /// a whole JSON text. The standard drops it, and its id.
    #[cold]
    pub(crate) fn last_event(&mut self) -> Option<SseEvent> {
        let line = mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(Cow::Owned(line)).ok()?;
        }
        self.has_data = false;
        let event = mem::take(&mut self.event);
        let text = std::str::from_utf8(event.data()).ok()?;
        Tape::read(text, 0).ok().map(|_| event)
    }

    /// Whether a field or a comment has arrived, as in any event stream.
    pub(crate) fn has_fields(&self) -> bool {
        self.has_fields
    }

    /// Prepares for a new stream that replaces a disconnected one.
    pub(crate) fn begin_again(&mut self) {
        self.line.clear();
        self.event = SseEvent::default();
        self.next_id = None;
        (self.has_data, self.after_cr) = (false, false);
        (self.at_start, self.has_moved) = (true, false);
    }

    /// Checks the number of bytes since the last event. At least `room` are
    /// allowed.
    pub(crate) fn check_between(&self, length: usize, room: usize) -> Result<()> {
        if length <= room { Ok(()) } else { self.check(length) }
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
                 MCP_LIMIT_MESSAGE_SIZE of mcp_client_set_limit()",
                self.limit
            ),
        )
        .with_may_have_run(true))
    }

    fn take_line(&mut self, whole: Cow<'_, [u8]>) -> Result<Option<SseEvent>> {
        let line = whole.as_ref();
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
                self.check(self.event.data().len() + value.len() + 1)?;
                if self.has_data {
                    self.event.text.push(b'\n');
                    self.event.text.extend_from_slice(value);
                } else {
                    self.event.start = whole.len() - value.len();
                    self.event.text = match whole {
                        Cow::Owned(whole) => whole,
                        Cow::Borrowed(whole) => self.reuse(whole),
                    };
                    self.has_data = true;
                }
                self.has_fields = true;
                return Ok(None);
            }
            // The default, written explicitly.
            b"event" if value == b"message" => self.event.kind.clear(),
            b"event" => self.event.kind = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.is_empty() && !value.contains(&0) => {
                self.next_id = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                self.retry = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            }
            // A comment has an empty field name. Other names are ignored.
            _ => {}
        }
        self.has_fields |= matches!(field, b"event" | b"id" | b"retry" | b"");
        Ok(None)
    }

    /// Takes the memory of an event that is not needed any more.
    pub(crate) fn take_back(&mut self, event: SseEvent) {
        self.room = event.text;
    }

    fn reuse(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut room = mem::take(&mut self.room);
        room.clear();
        room.extend_from_slice(bytes);
        room
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        self.has_data = false;
        self.has_moved = true;
        if let Some(id) = self.next_id.take() {
            self.last_id = Some(id);
        }
        let event = mem::take(&mut self.event);
        (!event.data().is_empty()).then_some(event)
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
                let data = String::from_utf8(event.data().to_vec()).unwrap();
                out.push((event.kind, data));
            }
        }
        out
    }

    fn event(kind: &str, data: &str) -> (String, String) {
        (kind.into(), data.into())
    }

    #[test]
    fn returns_the_same_events_wherever_the_stream_is_cut() {
        let stream = b"\xef\xbb\xbfevent: message\r\ndata: {\"a\":1}\r\n\r\n\
            : comment\r\rdata:first\rdata: second\r\r\nid: 7\ndata\n\ndata: \xc3\xa9\n\n";
        assert_eq!(
            wherever_cut(stream, events),
            [event("", "{\"a\":1}"), event("", "first\nsecond"), event("", "\u{e9}")]
        );
    }

    #[test]
    fn returns_a_last_event_that_is_a_whole_json_text() {
        let last = |pieces: &[&[u8]]| {
            let mut stream = EventStream::new(64);
            for piece in pieces {
                let mut rest = *piece;
                while stream.next(&mut rest).unwrap().is_some() {}
            }
            let event = stream.last_event();
            assert!(stream.last_id().is_none() && stream.last_event().is_none());
            event.map(|event| String::from_utf8(event.data().to_vec()).unwrap())
        };
        for (text, data) in [
            ("data: 1\n\nid: 7\ndata: {\"a\":\ndata: 1}\n", Some("{\"a\":\n1}")),
            ("data: {}", Some("{}")),
            ("data: {}\r", Some("{}")),
            ("data: {\"a\":", None),
            ("data: words\n", None),
            ("data: {}\n\n", None),
            ("", None),
        ] {
            assert_eq!(wherever_cut(text.as_bytes(), last).as_deref(), data, "{text}");
        }
    }

    #[test]
    fn knows_whether_any_line_was_one_of_an_event_stream() {
        for (text, has_fields) in [
            ("{\"data\": 1}\n\nevents: x\n", false),
            ("data\n", true),
            ("x\n: comment\n", true),
            ("id: 7\n", true),
            ("retry: 5\n", true),
            ("event: x\n", true),
        ] {
            let mut stream = EventStream::new(64);
            let mut bytes = text.as_bytes();
            assert!(stream.next(&mut bytes).unwrap().is_none());
            assert_eq!(stream.has_fields(), has_fields, "{text}");
        }
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
        // An event that is not ended does not count, nor does its id.
        assert_eq!(stream.next(&mut &b"id: y\ndata: a\n"[..]).unwrap(), None);
        assert_eq!(stream.last_id(), Some("x"));
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
