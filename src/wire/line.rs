//! Newline framing, as on stdio: each line is one message.
//!
//! Takes bytes in any pieces and returns whole lines. Does no I/O.

use crate::base::error::{Error, Result, Status};

/// A line, or a part of a line that is too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LinePiece {
    Whole(Vec<u8>),
    /// The beginning of a line that is over the limit. The rest of the line is
    /// skipped.
    Long(Vec<u8>),
    /// The end of such a line.
    Rest(Vec<u8>),
}

/// Cuts a stream of bytes into lines of at most `limit` bytes.
#[derive(Debug)]
pub(crate) struct Lines {
    /// `buffer[start..]` has arrived and was not returned yet.
    buffer: Vec<u8>,
    start: usize,
    /// There is no line break before this position: no byte is searched twice.
    searched: usize,
    limit: usize,
    at_start: bool,
    /// The last bytes of a line that is being skipped.
    skipped: Option<Vec<u8>>,
}

/// The buffer shrinks to this size after a long line.
const KEPT: usize = 16 * 1024;
/// How many bytes are kept of the beginning, and of the end, of a line that is
/// too long.
const PIECE: usize = 1024;

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, searched: 0, limit, at_start: true, skipped: None }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Adds bytes that have arrived.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
            if self.buffer.len() < KEPT {
                self.buffer.shrink_to(KEPT);
            }
        }
        self.buffer
            .try_reserve(bytes.len())
            .map_err(|_| Error::new(Status::NoMemory, "no memory for the server's message"))?;
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole line that is not blank, without its line break. `None` if
    /// more bytes are needed.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<LinePiece> {
        if self.searched == self.buffer.len() { None } else { self.search() }
    }

    #[inline(never)]
    fn search(&mut self) -> Option<LinePiece> {
        loop {
            if let Some(skipped) = self.skipped.take() {
                return self.skip(skipped);
            }
            let unseen = self.buffer.get(self.searched..).unwrap_or_default();
            let found = memchr::memchr(b'\n', unseen);
            let end = self.searched + found.unwrap_or(unseen.len());
            if end - self.start > self.limit {
                let head = self.buffer.get(self.start..end).unwrap_or_default();
                let head = head.get(..PIECE).unwrap_or(head).to_vec();
                (self.skipped, self.at_start) = (Some(Vec::new()), false);
                return Some(LinePiece::Long(head));
            }
            if found.is_none() {
                self.searched = end;
                return None;
            }
            let line = self.buffer.get(self.start..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let line = match line.strip_prefix(b"\xef\xbb\xbf") {
                Some(rest) if self.at_start => rest,
                _ => line,
            };
            let is_blank = line.iter().all(u8::is_ascii_whitespace);
            // A line that is alone in the buffer is moved, not copied. Most
            // lines are.
            let line = if is_blank {
                None
            } else if self.start == 0 && end + 1 == self.buffer.len() && line.len() == end {
                let mut whole = std::mem::take(&mut self.buffer);
                whole.truncate(end);
                (self.start, self.searched, self.at_start) = (0, 0, false);
                return Some(LinePiece::Whole(whole));
            } else {
                Some(line.to_vec())
            };
            self.at_start = false;
            (self.start, self.searched) = (end + 1, end + 1);
            if line.is_some() {
                return line.map(LinePiece::Whole);
            }
        }
    }

    fn skip(&mut self, mut skipped: Vec<u8>) -> Option<LinePiece> {
        let unseen = self.buffer.get(self.start..).unwrap_or_default();
        let found = memchr::memchr(b'\n', unseen);
        let gone = unseen.get(..found.unwrap_or(unseen.len())).unwrap_or_default();
        skipped.extend_from_slice(gone.get(gone.len().saturating_sub(PIECE)..).unwrap_or_default());
        skipped.drain(..skipped.len().saturating_sub(PIECE));
        self.start += gone.len() + usize::from(found.is_some());
        self.searched = self.start;
        if found.is_none() {
            self.skipped = Some(skipped);
            return None;
        }
        Some(LinePiece::Rest(skipped))
    }

    /// The part of a line that has arrived. Nothing of a line that is skipped.
    pub(crate) fn unfinished(&self) -> &[u8] {
        match self.skipped {
            Some(_) => &[],
            None => self.buffer.get(self.start..).unwrap_or_default(),
        }
    }

    /// The same at the end of the stream, if it is not blank.
    pub(crate) fn take_unfinished(&mut self) -> Option<Vec<u8>> {
        let rest = self.unfinished();
        let rest = (!rest.trim_ascii().is_empty()).then(|| rest.to_vec());
        (self.buffer, self.start, self.searched) = (Vec::new(), 0, 0);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::wherever_cut;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(64);
        let mut out = Vec::new();
        for piece in pieces {
            lines.feed(piece).unwrap();
            while let Some(line) = lines.next() {
                out.push(text(line));
            }
        }
        out
    }

    fn text(line: LinePiece) -> String {
        let (mark, text) = match line {
            LinePiece::Whole(text) => ("", text),
            LinePiece::Long(text) => ("long ", text),
            LinePiece::Rest(text) => ("rest ", text),
        };
        format!("{mark}{}", String::from_utf8(text).unwrap())
    }

    #[test]
    fn returns_the_same_lines_wherever_the_stream_is_cut() {
        let stream = b"\xef\xbb\xbf{\"a\":1}\r\n\n \t\r\n{\"b\":\"\xc3\xa9\"}\nx\n{\"c\"";
        assert_eq!(wherever_cut(stream, lines), ["{\"a\":1}", "{\"b\":\"\u{e9}\"}", "x"]);
    }

    #[test]
    fn reports_a_line_over_the_limit_before_its_end_has_arrived() {
        let mut lines = Lines::new(8);
        lines.feed(b"12345678\n").unwrap();
        assert_eq!(lines.next().map(text).unwrap(), "12345678");
        lines.feed(b"123456789").unwrap();
        assert_eq!(lines.next().map(text).unwrap(), "long 123456789");
        assert_eq!(lines.next(), None);
        lines.feed(b"abc").unwrap();
        assert_eq!(lines.next(), None);
        lines.feed(b"d\nx\n").unwrap();
        assert_eq!(lines.next().map(text).unwrap(), "rest 123456789abcd");
        assert_eq!(lines.next().map(text).unwrap(), "x");
    }

    #[test]
    fn skips_a_long_line_wherever_the_stream_is_cut() {
        let stream = format!("a\n{}\r\nb\n", "x".repeat(80));
        let all = wherever_cut(stream.as_bytes(), |pieces| {
            let mut all = lines(pieces);
            // How much of its beginning has arrived depends on the cut.
            all.iter_mut().filter(|line| line.starts_with("long x")).for_each(|line| {
                line.truncate(5);
            });
            all
        });
        assert_eq!(all, ["a", "long ", &format!("rest {}\r", "x".repeat(80)), "b"]);
    }

    #[test]
    fn keeps_little_of_a_long_line() {
        let mut lines = Lines::new(64 * 1024);
        let mut long = 0;
        for _ in 0..100 {
            lines.feed(&[b'x'; 32 * 1024]).unwrap();
            while let Some(line) = lines.next() {
                assert!(matches!(line, LinePiece::Long(head) if head.len() == PIECE));
                long += 1;
            }
        }
        lines.feed(b"\n").unwrap();
        assert!(matches!(lines.next(), Some(LinePiece::Rest(tail)) if tail.len() == PIECE));
        assert!(long == 1 && lines.buffer.capacity() <= 128 * 1024);
    }

    #[test]
    fn knows_when_it_is_inside_a_line() {
        let mut lines = Lines::new(64);
        lines.feed(b"a\nb").unwrap();
        assert!(lines.next().is_some() && lines.unfinished() == b"b");
        lines.feed(b"\n").unwrap();
        assert!(lines.next().is_some() && lines.unfinished().is_empty());
        lines.feed(b" \r").unwrap();
        assert!(lines.next().is_none() && lines.take_unfinished().is_none());
        lines.feed(b"c").unwrap();
        assert!(lines.next().is_none() && lines.take_unfinished().unwrap() == b"c");
        assert!(lines.take_unfinished().is_none());
        lines.feed(&[b'x'; 100]).unwrap();
        assert!(matches!(lines.next(), Some(LinePiece::Long(_))));
        assert!(lines.next().is_none() && lines.unfinished().is_empty());
    }

    #[test]
    fn releases_the_memory_of_a_long_line() {
        let mut lines = Lines::new(1024 * 1024);
        lines.feed(&vec![b'x'; 1024 * 1024]).unwrap();
        lines.feed(b"\ny").unwrap();
        assert!(matches!(lines.next(), Some(LinePiece::Whole(line)) if line.len() == 1024 * 1024));
        lines.feed(b"\n").unwrap();
        assert!(lines.buffer.capacity() <= 2 * KEPT);
    }
}
