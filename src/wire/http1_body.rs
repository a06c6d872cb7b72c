//! The framing of a body of HTTP/1.1 (RFC 9112, 6 and 7).
//!
//! httparse parses unusual sizes of chunks.

use crate::base::error::{Error, Result};

/// The limit for the bytes of trailers, and of the line of a chunk's size.
pub(crate) const LINE_LIMIT: usize = 8 * 1024;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    #[default]
    Empty,
    Length(u64),
    Chunked,
    UntilClose,
}

/// Removes the framing of a body.
#[derive(Debug)]
pub(crate) struct Body {
    state: BodyState,
    announced: Option<u64>,
    /// The bytes read so far of the current line or of the trailers.
    line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyState {
    Length(u64),
    UntilClose,
    /// At the line with a chunk's size.
    Size,
    /// This many bytes of a chunk are still to come.
    Chunk(u64),
    /// At the line break after a chunk.
    ChunkEnd,
    Trailers,
    Done,
}

/// What is at the front of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Data(&'a [u8]),
    /// More bytes are needed.
    Partial,
    End,
}

impl Body {
    /// The body after a head that frames it so.
    pub(crate) fn new(framing: Framing) -> Self {
        let (state, announced) = match framing {
            Framing::Empty => (BodyState::Done, None),
            Framing::Length(length) => (BodyState::Length(length), Some(length)),
            Framing::Chunked => (BodyState::Size, None),
            Framing::UntilClose => (BodyState::UntilClose, None),
        };
        Self { state, announced, line: 0 }
    }

    /// The length that the server announced. It may be wrong.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// Takes the whole body, if it has a length and is at the front of `bytes`.
    pub(crate) fn take_whole<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let BodyState::Length(left) = self.state else { return None };
        let data = bytes.get(..usize::try_from(left).ok()?)?;
        self.state = BodyState::Done;
        Some(data)
    }

    /// How many of the bytes that come next are certainly data of the body.
    pub(crate) fn data_ahead(&self) -> u64 {
        match self.state {
            BodyState::Length(left) | BodyState::Chunk(left) => left,
            BodyState::UntilClose => u64::MAX,
            _ => 0,
        }
    }

    /// Takes the next `count` bytes as data, which are at most those of
    /// [`Body::data_ahead`].
    pub(crate) fn take_ahead(&mut self, count: usize) {
        let count = count as u64;
        self.state = match self.state {
            BodyState::Length(left) if left <= count => BodyState::Done,
            BodyState::Length(left) => BodyState::Length(left - count),
            BodyState::Chunk(left) if left <= count => BodyState::ChunkEnd,
            BodyState::Chunk(left) => BodyState::Chunk(left - count),
            other => other,
        };
    }

    /// Takes one piece from the front of `bytes`. Pass the rest to the next
    /// call; after `Partial`, together with more bytes.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Piece<'a>> {
        loop {
            match self.state {
                BodyState::Done => return Ok(Piece::End),
                _ if bytes.is_empty() => return Ok(Piece::Partial),
                BodyState::UntilClose => return Ok(Piece::Data(std::mem::take(bytes))),
                BodyState::Length(left) => {
                    let (data, left) = take(bytes, left);
                    self.state = if left == 0 { BodyState::Done } else { BodyState::Length(left) };
                    return Ok(Piece::Data(data));
                }
                BodyState::Chunk(left) => {
                    let (data, left) = take(bytes, left);
                    self.state =
                        if left == 0 { BodyState::ChunkEnd } else { BodyState::Chunk(left) };
                    return Ok(Piece::Data(data));
                }
                BodyState::ChunkEnd => match *bytes {
                    [b'\r', b'\n', rest @ ..] => {
                        *bytes = rest;
                        self.state = BodyState::Size;
                    }
                    [b'\r'] => return Ok(Piece::Partial),
                    _ => return Err(malformed("a chunk is longer than its size says".into())),
                },
                BodyState::Size => match chunk_size(bytes) {
                    Ok(httparse::Status::Complete((length, size))) => {
                        *bytes = bytes.get(length..).unwrap_or_default();
                        self.line = 0;
                        self.state =
                            if size == 0 { BodyState::Trailers } else { BodyState::Chunk(size) };
                    }
                    Ok(httparse::Status::Partial) if bytes.len() <= LINE_LIMIT => {
                        return Ok(Piece::Partial);
                    }
                    _ => return Err(malformed("a chunk's size is not a number".into())),
                },
                BodyState::Trailers => {
                    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                        return self.bounded(bytes.len()).map(|()| Piece::Partial);
                    };
                    let line = bytes.get(..end).unwrap_or_default();
                    *bytes = bytes.get(end + 1..).unwrap_or_default();
                    self.bounded(end)?;
                    self.line += end;
                    if matches!(line, b"" | b"\r") {
                        self.state = BodyState::Done;
                    }
                }
            }
        }
    }

    /// Whether the body is complete if the connection ends here.
    pub(crate) fn may_end_here(&self) -> bool {
        matches!(self.state, BodyState::Done | BodyState::UntilClose)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == BodyState::Done
    }

    fn bounded(&self, more: usize) -> Result<()> {
        if self.line + more <= LINE_LIMIT {
            return Ok(());
        }
        Err(malformed("its trailers do not end".into()))
    }
}

/// The length of the line with a chunk's size, and the size. Most servers write
/// nothing else on that line.
#[inline(always)]
pub(crate) fn chunk_size(
    bytes: &[u8],
) -> std::result::Result<httparse::Status<(usize, u64)>, httparse::InvalidChunkSize> {
    let mut size = 0_u64;
    for (at, byte) in bytes.iter().take(SHORT_SIZE + 1).enumerate() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'\r' if at > 0 && bytes.get(at + 1) == Some(&b'\n') => {
                return Ok(httparse::Status::Complete((at + 2, size)));
            }
            _ => break,
        };
        size = size * 16 + u64::from(digit);
    }
    httparse::parse_chunk_size(bytes)
}

/// How many digits the size of a usual chunk has at most.
const SHORT_SIZE: usize = 6;

fn take<'a>(bytes: &mut &'a [u8], left: u64) -> (&'a [u8], u64) {
    let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    let (data, rest) = bytes.split_at(length);
    *bytes = rest;
    (data, left - length as u64)
}

pub(crate) fn malformed(what: String) -> Error {
    Error::protocol(format!("the server sent a malformed reply: {what}"))
}
