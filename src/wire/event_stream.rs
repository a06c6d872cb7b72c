//! Event streams (text/event-stream). Takes bytes in any pieces and returns
//! events.
//!
//! The rules are those of the HTML standard, section 9.2, with one exception:
//! an empty `id` keeps the previous id, as deployed peers do.

use std::borrow::Cow;
use std::mem;

use crate::base::error::{Error, Result, Status};
use crate::wire::outline::BYTE_ORDER_MARK;
use crate::wire::tape::Tape;

/// One event that carries data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SseEvent<'a> {
    /// Empty for "message", the default, whether or not the server wrote it.
    pub(crate) kind: String,
    /// The data begins at `start`. Data of one line that arrived in one piece is
    /// borrowed. Data of one line that did not is kept with its field name: a
    /// copy of a large line would need its size twice.
    text: Cow<'a, [u8]>,
    start: usize,
}

impl SseEvent<'static> {
    /// An event of the default type with this data.
    pub(crate) fn of_text(text: Vec<u8>) -> Self {
        Self { text: Cow::Owned(text), ..Self::default() }
    }
}

impl SseEvent<'_> {
    #[inline(always)]
    pub(crate) fn data(&self) -> &[u8] {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// Whether the event carries an MCP message.
    #[inline(always)]
    pub(crate) fn is_message(&self) -> bool {
        self.kind.is_empty()
    }

    /// The same event, for longer than the piece in which it arrived.
    pub(crate) fn into_owned(self) -> SseEvent<'static> {
        let Self { kind, text, start } = self;
        SseEvent { kind, text: Cow::Owned(text.into_owned()), start }
    }

    /// A text, and the offset of the data in it.
    pub(crate) fn into_parts(self) -> (Vec<u8>, usize) {
        (self.text.into_owned(), self.start)
    }
}

/// Cuts a stream of bytes into events.
#[derive(Debug)]
pub(crate) struct EventStream {
    /// The part of the current line that has arrived.
    line: Vec<u8>,
    event: SseEvent<'static>,
    has_data: bool,
    /// The last piece ended with CR, so an LF that follows belongs to it.
    after_cr: bool,
    /// Nothing was read yet, so a byte order mark may come.
    at_start: bool,
    /// The id of the current event; empty for none. Both texts are used again:
    /// some servers give each event an id.
    next_id: String,
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
            has_data: false,
            after_cr: false,
            at_start: true,
            next_id: String::new(),
            last_id: None,
            retry: None,
            has_moved: false,
            has_fields: false,
            limit,
        }
    }

    /// Takes bytes from the front of `bytes` until an event is complete or no
    /// bytes are left. Pass the rest to the next call.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<SseEvent<'a>>> {
        if self.after_cr && !bytes.is_empty() {
            *bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            self.after_cr = false;
        }
        // The data of the event, as long as it is one line of `bytes`.
        let mut here = None;
        loop {
            let Some((line, rest)) = split_line(bytes) else {
                self.keep(here);
                self.grow(bytes)?;
                *bytes = &[];
                return Ok(None);
            };
            self.after_cr = rest.is_empty() && bytes.last() == Some(&b'\r');
            *bytes = rest;
            let is_end = if self.line.is_empty() {
                self.check(line.len())?;
                self.take_line(line, &mut here)?
            } else {
                self.grow(line)?;
                let line = mem::take(&mut self.line);
                self.take_joined_line(line)?
            };
            if is_end && let Some(event) = self.dispatch(here.take()) {
                return Ok(Some(event));
            }
        }
    }

    /// The data of the first event of `bytes`, and the bytes after the event, if it
    /// begins and ends there and is as servers write nearly all: of the default
    /// type, with one line of data.
    #[inline(always)]
    pub(crate) fn usual<'a>(&mut self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let is_between = self.line.is_empty() && self.event.kind.is_empty() && !self.has_data;
        if !is_between || self.after_cr || !self.next_id.is_empty() {
            return None;
        }
        let line = after(bytes, NAMED).map_or(Some(bytes), after_break)?;
        let text = after(line, b"data: ")?;
        let (data, rest) = text.split_at_checked(memchr::memchr2(b'\n', b'\r', text)?)?;
        let rest = after_break(after_break(rest)?)?;
        if data.is_empty() || data.len() + NAMED.len() > self.limit {
            return None;
        }
        (self.has_fields, self.has_moved, self.at_start) = (true, true, false);
        Some((data, rest))
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
    pub(crate) fn last_event(&mut self) -> Option<SseEvent<'static>> {
        let line = mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_joined_line(line).ok()?;
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
        self.next_id.clear();
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

    #[inline(always)]
    fn check(&self, length: usize) -> Result<()> {
        if length <= self.limit { Ok(()) } else { Err(self.too_large()) }
    }

    #[cold]
    fn too_large(&self) -> Error {
        Error::new(
            Status::TooLarge,
            format!(
                "the server sent an event of more than {} bytes; see \
                 MCP_LIMIT_MESSAGE_SIZE of mcp_client_set_limit()",
                self.limit
            ),
        )
        .with_may_have_run(true)
    }

    /// Takes a line that is whole in a piece. Returns whether it ends an event.
    #[inline(always)]
    fn take_line<'a>(&mut self, line: &'a [u8], here: &mut Option<&'a [u8]>) -> Result<bool> {
        let line = if mem::take(&mut self.at_start) { without_mark(line) } else { line };
        let Some(value) = data(line) else { return Ok(self.take_field(line)) };
        self.has_fields = true;
        if self.has_data {
            self.keep(here.take());
            return self.add_data(value);
        }
        self.check(value.len() + 1)?;
        self.has_data = true;
        *here = Some(value);
        Ok(false)
    }

    /// The same for a line that arrived in several pieces.
    fn take_joined_line(&mut self, line: Vec<u8>) -> Result<bool> {
        let rest = if mem::take(&mut self.at_start) { without_mark(&line) } else { &line };
        let Some(value) = data(rest) else { return Ok(self.take_field(rest)) };
        self.has_fields = true;
        if self.has_data {
            return self.add_data(value);
        }
        self.check(value.len() + 1)?;
        self.has_data = true;
        self.event.start = line.len() - value.len();
        self.event.text = Cow::Owned(line);
        Ok(false)
    }

    /// Adds a further line of data.
    fn add_data(&mut self, value: &[u8]) -> Result<bool> {
        self.check(self.event.data().len() + value.len() + 1)?;
        let text = self.event.text.to_mut();
        text.push(b'\n');
        text.extend_from_slice(value);
        Ok(false)
    }

    /// Takes a line without data. Returns whether it ends an event.
    #[inline(always)]
    fn take_field(&mut self, line: &[u8]) -> bool {
        if !line.is_empty() {
            self.take_other_field(line);
        }
        line.is_empty()
    }

    fn take_other_field(&mut self, line: &[u8]) {
        let (field, value) = field(line);
        match field {
            b"event" if value == b"message" => self.event.kind.clear(),
            b"event" => self.event.kind = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.is_empty() && !value.contains(&0) => {
                self.next_id.clear();
                match std::str::from_utf8(value) {
                    Ok(id) => self.next_id.push_str(id),
                    Err(_) => self.next_id.push_str(&String::from_utf8_lossy(value)),
                }
            }
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                self.retry = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            }
            // A comment has an empty field name. Other names are ignored.
            _ => {}
        }
        self.has_fields |= matches!(field, b"event" | b"id" | b"retry" | b"");
    }

    /// Copies data that is borrowed from a piece, because it has no end there.
    fn keep(&mut self, here: Option<&[u8]>) {
        if let Some(data) = here {
            (self.event.text, self.event.start) = (Cow::Owned(data.to_vec()), 0);
        }
    }

    #[inline(always)]
    fn dispatch<'a>(&mut self, here: Option<&'a [u8]>) -> Option<SseEvent<'a>> {
        self.has_data = false;
        self.has_moved = true;
        if !self.next_id.is_empty() {
            mem::swap(self.last_id.get_or_insert_default(), &mut self.next_id);
            self.next_id.clear();
            self.next_id.shrink_to(KEPT_ID);
        }
        let event = match here {
            Some(data) => {
                let kind = mem::take(&mut self.event.kind);
                SseEvent { kind, text: Cow::Borrowed(data), start: 0 }
            }
            None => mem::take(&mut self.event),
        };
        (!event.data().is_empty()).then_some(event)
    }
}

/// The memory that is kept for the next id.
const KEPT_ID: usize = 256;

/// The line with which servers begin most events: the default type.
const NAMED: &[u8; 14] = b"event: message";

/// The first line of a text, without its line break, and the text after the line
/// break. `None` if there is no line break.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match bytes.split_at_checked(memchr::memchr2(b'\n', b'\r', bytes)?)? {
        (line, [b'\r', b'\n', rest @ ..] | [_, rest @ ..]) => Some((line, rest)),
        (_, []) => None,
    }
}

/// The text after a line break that cannot go on in the next piece.
#[inline(always)]
fn after_break(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// The text after `prefix`, if a text begins with it. The compiler compares both by
/// one or two words.
#[inline(always)]
fn after<'a, const N: usize>(text: &'a [u8], prefix: &[u8; N]) -> Option<&'a [u8]> {
    match text.split_first_chunk() {
        Some((first, rest)) if first == prefix => Some(rest),
        _ => None,
    }
}

/// The name and the value of a field.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default();
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

/// The value of a field "data".
#[inline(always)]
fn data(line: &[u8]) -> Option<&[u8]> {
    match after(line, b"data:") {
        Some([b' ', value @ ..] | value) => Some(value),
        None => (line == b"data").then_some(&[]),
    }
}

/// A line without the byte order mark at its beginning.
fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
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
            while let Some(event) = next(&mut stream, &mut rest) {
                let data = String::from_utf8(event.data().to_vec()).unwrap();
                out.push((event.kind, data));
            }
        }
        out
    }

    fn next<'a>(stream: &mut EventStream, bytes: &mut &'a [u8]) -> Option<SseEvent<'a>> {
        match stream.usual(bytes) {
            Some((data, rest)) => {
                *bytes = rest;
                Some(SseEvent { text: data.into(), ..SseEvent::default() })
            }
            None => stream.next(bytes).unwrap(),
        }
    }

    /// All events of a stream, by the rules of the standard and without a cut.
    fn all(stream: &str) -> Vec<(String, String)> {
        let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
        let (mut kind, mut lines, mut out) = (String::new(), Vec::new(), Vec::new());
        for line in stream.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => lines.push(value),
                "event" => kind = if value == "message" { "".into() } else { value.into() },
                _ if line.is_empty() => {
                    let (kind, data) = (mem::take(&mut kind), mem::take(&mut lines).join("\n"));
                    out.extend((!data.is_empty()).then_some((kind, data)));
                }
                _ => {}
            }
        }
        out
    }

    #[test]
    fn returns_the_events_of_the_standard_on_random_streams() {
        const LINES: [&str; 12] = [
            "event: message",
            "event: message",
            "data: {\"a\":1}",
            "data: {\"é\":2}",
            "data:x",
            "data",
            "data: ",
            "event: other",
            "id: 7",
            ": comment",
            "event",
            "eventx: message",
        ];
        const BREAKS: [&str; 6] = ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\r\r"];
        let mut seed = 1_u64;
        let mut below = |limit: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % limit
        };
        for _ in 0..1000 {
            let lines = (0..below(12)).map(|_| LINES[below(12)].to_owned() + BREAKS[below(6)]);
            let text = lines.collect::<String>();
            let mut pieces = Vec::new();
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(1 + below(rest.len()));
                (rest, _) = (after, pieces.push(piece));
            }
            assert_eq!(events(&pieces), all(&text), "{text:?}");
            assert_eq!(events(&[text.as_bytes()]), all(&text), "{text:?}");
        }
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
