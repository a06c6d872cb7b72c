//! Newline framing: one message a line, as on stdio.
//!
//! Bytes go in as they arrive, in any pieces; whole lines come out. No I/O.

use crate::base::error::{Error, Result, Status};

/// Cuts a stream of bytes into lines of at most `limit` bytes.
#[derive(Debug)]
pub(crate) struct Lines {
    /// What has arrived and was not handed out: `buffer[start..]`.
    buffer: Vec<u8>,
    start: usize,
    /// Up to where no line break is: nothing is searched twice.
    searched: usize,
    limit: usize,
    at_start: bool,
}

/// A buffer that one long line has made large is given back.
const KEPT: usize = 16 * 1024;

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, searched: 0, limit, at_start: true }
    }

    /// Takes what has arrived.
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

    /// The next whole line that is not blank, without its end; `None` until
    /// more has arrived.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let unseen = self.buffer.get(self.searched..).unwrap_or_default();
            let found = memchr::memchr(b'\n', unseen);
            let end = self.searched + found.unwrap_or(unseen.len());
            if end - self.start > self.limit {
                return Err(Error::new(
                    Status::TooLarge,
                    format!(
                        "the server sent a line of more than {} bytes; see \
                         mcp_client_set_max_message_size()",
                        self.limit
                    ),
                ));
            }
            if found.is_none() {
                self.searched = end;
                return Ok(None);
            }
            let line = self.buffer.get(self.start..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let line = match line.strip_prefix(b"\xef\xbb\xbf") {
                Some(rest) if self.at_start => rest,
                _ => line,
            };
            let is_blank = line.iter().all(u8::is_ascii_whitespace);
            // Alone in the buffer, which is what most are, it is moved and
            // not copied.
            let line = if is_blank {
                None
            } else if self.start == 0 && end + 1 == self.buffer.len() && line.len() == end {
                let mut whole = std::mem::take(&mut self.buffer);
                whole.truncate(end);
                (self.start, self.searched, self.at_start) = (0, 0, false);
                return Ok(Some(whole));
            } else {
                Some(line.to_vec())
            };
            self.at_start = false;
            (self.start, self.searched) = (end + 1, end + 1);
            if line.is_some() {
                return Ok(line);
            }
        }
    }

    /// Whether a line has begun and not ended.
    pub(crate) fn is_inside(&self) -> bool {
        self.buffer.len() > self.start
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
            while let Some(line) = lines.next().unwrap() {
                out.push(String::from_utf8(line).unwrap());
            }
        }
        out
    }

    #[test]
    fn gives_the_same_lines_wherever_the_stream_is_cut() {
        let stream = b"\xef\xbb\xbf{\"a\":1}\r\n\n \t\r\n{\"b\":\"\xc3\xa9\"}\nx\n{\"c\"";
        assert_eq!(wherever_cut(stream, lines), ["{\"a\":1}", "{\"b\":\"\u{e9}\"}", "x"]);
    }

    #[test]
    fn refuses_a_line_over_the_limit_before_its_end_has_arrived() {
        let mut lines = Lines::new(8);
        lines.feed(b"12345678\n").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), b"12345678");
        lines.feed(b"123456789").unwrap();
        assert_eq!(lines.next().unwrap_err().status(), Status::TooLarge);
    }

    #[test]
    fn knows_when_it_is_inside_a_line() {
        let mut lines = Lines::new(64);
        lines.feed(b"a\nb").unwrap();
        assert!(lines.next().unwrap().is_some() && lines.is_inside());
        lines.feed(b"\n").unwrap();
        assert!(lines.next().unwrap().is_some() && !lines.is_inside());
    }

    #[test]
    fn gives_back_what_a_long_line_needed() {
        let mut lines = Lines::new(1024 * 1024);
        lines.feed(&vec![b'x'; 1024 * 1024]).unwrap();
        lines.feed(b"\ny").unwrap();
        assert_eq!(lines.next().unwrap().unwrap().len(), 1024 * 1024);
        lines.feed(b"\n").unwrap();
        assert!(lines.buffer.capacity() <= 2 * KEPT);
    }
}
