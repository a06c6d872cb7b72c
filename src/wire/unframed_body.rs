//! A body that may be one JSON text, although it should be an event stream.
//!
//! A gateway puts the wrong media type on a JSON response, or none. An event
//! stream has no line that begins with a brace or a bracket, so that the first
//! bytes show what the body is.

use crate::base::error::{Error, Result, Status, quote};
use crate::wire::outline::BYTE_ORDER_MARK;
use crate::wire::tape::Tape;

/// The beginning of a body, or the whole body if it begins as JSON.
#[derive(Debug)]
pub(crate) struct UnframedBody {
    text: Vec<u8>,
    shape: Shape,
    limit: usize,
    /// The length at which the text was last found to be incomplete.
    tried: usize,
    is_taken: bool,
}

/// What the first bytes of a body show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Too few bytes have arrived.
    Unknown,
    Json,
    /// The body begins with a field or a comment of an event stream.
    EventStream,
    Neither,
}

/// The fields of an event stream. A comment has an empty name.
const FIELDS: [&[u8]; 5] = [b"data", b"event", b"id", b"retry", b""];

/// How many bytes are kept of a text that is not JSON.
const HEAD: usize = 256;

impl UnframedBody {
    /// A body whose JSON text has at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { text: Vec::new(), shape: Shape::Unknown, limit, tried: 0, is_taken: false }
    }

    /// Adds a piece that has arrived. Returns what the body is.
    pub(crate) fn add(&mut self, piece: &[u8]) -> Result<Shape> {
        if self.shape == Shape::Json {
            self.grow(piece)?;
            return Ok(self.shape);
        }
        // The first bytes decide, however they were cut.
        let before = self.text.len();
        self.text.extend(piece.iter().take(HEAD.saturating_sub(before)));
        if self.shape == Shape::Unknown {
            self.shape = match shape(&self.text) {
                Shape::Unknown if self.text.len() == HEAD => Shape::Neither,
                shape => shape,
            };
        }
        if self.shape == Shape::Json {
            self.text.truncate(before);
            self.grow(piece)?;
        }
        Ok(self.shape)
    }

    fn grow(&mut self, piece: &[u8]) -> Result<()> {
        if self.is_taken {
            return Ok(());
        }
        if self.text.len() + piece.len() > self.limit {
            return Err(Error::new(
                Status::TooLarge,
                format!(
                    "the server sent a reply of more than {} bytes; see \
                     MCP_LIMIT_MESSAGE_SIZE of mcp_client_set_limit()",
                    self.limit
                ),
            ));
        }
        self.text.extend_from_slice(piece);
        Ok(())
    }

    /// The text, once it is complete JSON. `is_at_end`: nothing follows, so that
    /// it is returned if it only begins as JSON.
    pub(crate) fn take_json(&mut self, is_at_end: bool) -> Option<Vec<u8>> {
        if self.shape != Shape::Json || self.is_taken {
            return None;
        }
        // Each try reads the whole text. The text has grown by as much since the
        // last one.
        let is_tried = self.text.len() >= 2 * self.tried
            && matches!(self.text.trim_ascii_end().last(), Some(b'}' | b']'));
        if !is_at_end {
            if !is_tried {
                return None;
            }
            self.tried = self.text.len();
            let text = self.text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.text);
            std::str::from_utf8(text).ok().and_then(|text| Tape::read(text, 0).ok())?;
        }
        self.is_taken = true;
        let head = self.text.get(..HEAD).unwrap_or(&self.text).to_vec();
        Some(std::mem::replace(&mut self.text, head))
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// The error for a body that should be an event stream.
    pub(crate) fn error(&self) -> Error {
        let text = String::from_utf8_lossy(&self.text);
        let begin = match quote(&text) {
            begin if begin.is_empty() => String::new(),
            begin => format!("; it begins with \"{begin}\""),
        };
        Error::protocol(format!("{UNFRAMED}{begin}"))
    }
}

/// Says that the media type of a body is wrong.
pub(crate) const UNFRAMED: &str =
    "the body is labelled text/event-stream but is not an event stream";

fn shape(text: &[u8]) -> Shape {
    if text.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(text) {
        return Shape::Unknown;
    }
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_ascii_start();
    match text.first() {
        None => return Shape::Unknown,
        Some(b'{' | b'[') => return Shape::Json,
        Some(_) => {}
    }
    let of_field = |name: &&[u8]| match text.strip_prefix(*name) {
        Some([b':' | b'\n' | b'\r', ..]) => Some(Shape::EventStream),
        Some([]) => Some(Shape::Unknown),
        None if name.starts_with(text) => Some(Shape::Unknown),
        _ => None,
    };
    FIELDS.iter().find_map(of_field).unwrap_or(Shape::Neither)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::wherever_cut;

    fn read(pieces: &[&[u8]]) -> (Shape, Option<Vec<u8>>) {
        let mut body = UnframedBody::new(100);
        for piece in pieces {
            body.add(piece).unwrap();
        }
        (body.shape(), body.take_json(true))
    }

    #[test]
    fn knows_json_and_event_streams_wherever_they_are_cut() {
        for (text, shape) in [
            (&b" \r\n{\"jsonrpc\":\"2.0\"}\n"[..], Shape::Json),
            (b"\xef\xbb\xbf[1", Shape::Json),
            (b"{", Shape::Json),
            (b"data: x", Shape::EventStream),
            (b"data\n", Shape::EventStream),
            (b"\n\nid:7", Shape::EventStream),
            (b"event: endpoint", Shape::EventStream),
            (b"\xef\xbb\xbf: comment", Shape::EventStream),
            (b"", Shape::Unknown),
            (b" \n", Shape::Unknown),
            (b"dat", Shape::Unknown),
            (b"data", Shape::Unknown),
            (b"database: x", Shape::Neither),
            (b"<html>", Shape::Neither),
            (b"upstream error", Shape::Neither),
        ] {
            let json = (shape == Shape::Json).then(|| text.to_vec());
            assert_eq!(wherever_cut(text, read), (shape, json), "{text:?}");
        }
        let blanks = " ".repeat(HEAD - 1);
        for (text, shape) in [
            (format!("{blanks}{{"), Shape::Json),
            (format!("{blanks} {{"), Shape::Neither),
            (format!("{blanks}  x"), Shape::Neither),
            (blanks, Shape::Unknown),
        ] {
            let read = |pieces: &[&[u8]]| {
                let mut body = UnframedBody::new(1000);
                for piece in pieces {
                    body.add(piece).unwrap();
                }
                body.shape()
            };
            assert_eq!(wherever_cut(text.as_bytes(), read), shape, "{text:?}");
        }
    }

    #[test]
    fn returns_json_before_the_end_if_it_is_complete() {
        let mut body = UnframedBody::new(1000);
        for (piece, expected) in [
            ("{\"a\":", None),
            ("{}", None),
            ("}", None),
            ("                ", Some("{\"a\":{}}                ")),
            ("{}", None),
        ] {
            body.add(piece.as_bytes()).unwrap();
            assert_eq!(body.take_json(false).as_deref(), expected.map(str::as_bytes), "{piece}");
        }
        assert_eq!(body.take_json(true), None);
    }

    #[test]
    fn keeps_at_most_the_limit() {
        let mut body = UnframedBody::new(1000);
        let (json, words) = ([b'['; 600], [b'x'; 600]);
        assert!(body.add(&json).is_ok());
        assert_eq!(body.add(&json).unwrap_err().status(), Status::TooLarge);
        let mut body = UnframedBody::new(1000);
        (0..9).for_each(|_| assert_eq!(body.add(&words).unwrap(), Shape::Neither));
        assert!(body.text.len() == HEAD && body.take_json(true).is_none());
        assert!(body.error().message().contains("xxx..."));
    }
}
