//! One message a line, over two descriptors: the pipes of a process, or
//! descriptors that the application has opened.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::base::error::{Error, Status, io_reason};
use crate::platform::{Descriptor, POLLIN, Poll, poll};
use crate::transport::message_source::{Incoming, MessageSource, NextItem, Stop};
use crate::transport::process::Process;
use crate::transport::wait::Wait;
use crate::wire::line::{LinePiece, Lines};
use crate::wire::partial_id::PartialId;
use crate::wire::tape::Tape;

/// The size of a read.
const STEP: usize = 32 * 1024;

/// Reads the server's lines.
#[derive(Debug)]
pub(crate) struct LineSource {
    fd: Arc<Descriptor>,
    lines: Lines,
    buffer: Vec<u8>,
    process: Option<Arc<Process>>,
    /// The stream has ended, except for what is buffered.
    is_at_end: bool,
    /// The last read returned something.
    has_read: bool,
    /// The number of such reads in a row.
    reads: u32,
    /// A line is being skipped, and its start does not say whose message it is.
    is_unknown: bool,
    /// Parsed by `has_more` and not returned yet.
    ready: Option<Incoming>,
    /// The stream ended without a line break.
    was_inside: bool,
}

/// After so many reads in a row, other descriptors are checked as well, even if
/// the server never pauses.
const READS: u32 = 8;

impl LineSource {
    pub(crate) fn new(fd: Arc<Descriptor>, limit: usize, process: Option<Arc<Process>>) -> Self {
        Self {
            fd,
            lines: Lines::new(limit),
            buffer: Vec::new(),
            process,
            is_at_end: false,
            has_read: false,
            reads: 0,
            is_unknown: false,
            ready: None,
            was_inside: false,
        }
    }

    async fn read(&mut self, also: &[Poll], wait: &Wait) -> Result<Incoming, Stop> {
        loop {
            if let Some(incoming) = self.buffered() {
                return Ok(incoming);
            }
            if self.is_at_end {
                if let Some(line) = self.lines.take_unfinished() {
                    self.was_inside = true;
                    return Ok(Incoming::of_last(line));
                }
                return Err(self.end(wait).await);
            }
            if std::mem::take(&mut self.has_read) {
                // A server that never pauses must not keep this thread
                // beyond its wait.
                wait.give_way().await.map_err(Stop::Wait)?;
                if self.reads >= READS && !also.is_empty() {
                    self.reads = 0;
                    if is_ready(also) {
                        return Ok(Incoming::OtherReady);
                    }
                }
            }
            if self.buffer.is_empty() {
                self.buffer = vec![0; STEP];
            }
            match self.fd.read(&mut self.buffer) {
                Ok(0) => self.is_at_end = true,
                Ok(count) => {
                    let bytes = self.buffer.get(..count).unwrap_or_default();
                    self.lines.feed(bytes).map_err(Stop::End)?;
                    self.has_read = true;
                    self.reads += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.reads = 0;
                    let found = self.until_woken(also, wait).await;
                    if !matches!(found, Ok(Woken::Readable)) && self.has_said_all() {
                        self.is_at_end = true;
                    } else if let Woken::OtherReady = found.map_err(Stop::Wait)? {
                        return Ok(Incoming::OtherReady);
                    }
                }
                Err(error) => {
                    let what = format!("cannot read the server's messages: {}", io_reason(&error));
                    return Err(Stop::End(Error::new(Status::Io, what)));
                }
            }
        }
    }

    /// The next item that is buffered.
    fn buffered(&mut self) -> Option<Incoming> {
        if let Some(incoming) = self.ready.take() {
            return Some(incoming);
        }
        while let Some(line) = self.lines.next() {
            if let Some(incoming) = self.taken(line) {
                return Some(incoming);
            }
        }
        None
    }

    fn taken(&mut self, line: LinePiece) -> Option<Incoming> {
        let owner = match line {
            LinePiece::Whole(line) => {
                return Some(Incoming::of_line(line));
            }
            LinePiece::Long(head) => {
                let owner = PartialId::of_head(&head);
                self.is_unknown = owner == PartialId::Unknown;
                Some(owner).filter(|owner| *owner != PartialId::Unknown)?
            }
            LinePiece::Rest(tail) => {
                std::mem::take(&mut self.is_unknown).then(|| PartialId::of_tail(&tail))?
            }
        };
        let error = Error::new(
            Status::TooLarge,
            format!(
                "the server sent a line of more than {} bytes; see \
                 MCP_LIMIT_MESSAGE_SIZE of mcp_client_set_limit()",
                self.lines.limit()
            ),
        );
        Some(Incoming::TooLong(owner, error))
    }

    /// Whether the process has ended and all of its output was read. Another
    /// process may still have the other end of the pipe open.
    fn has_said_all(&self) -> bool {
        let has_ended = self.process.as_ref().is_some_and(|process| process.has_ended());
        has_ended && !is_ready(&[Poll::new(self.fd.raw(), POLLIN)])
    }

    async fn until_woken(&self, also: &[Poll], wait: &Wait) -> Result<Woken, Error> {
        let mut entries = Vec::with_capacity(also.len() + 2);
        entries.push(Poll::new(self.fd.raw(), POLLIN));
        entries.extend_from_slice(also);
        let process = self.process.as_ref();
        entries.extend(process.and_then(|it| it.watch()).map(|fd| Poll::new(fd, POLLIN)));
        let glance = process.map_or(Duration::MAX, |process| process.check_interval());
        wait.poll(&mut entries, glance).await?;
        Ok(if entries.iter().skip(1).take(also.len()).any(Poll::is_ready) {
            Woken::OtherReady
        } else if entries.first().is_some_and(Poll::is_ready) {
            Woken::Readable
        } else {
            Woken::ByProcessOrTime
        })
    }

    async fn end(&self, wait: &Wait) -> Stop {
        let inside = if self.was_inside { ", in the middle of a message" } else { "" };
        Stop::End(match &self.process {
            Some(process) => process.end_error("output", wait).await,
            None => Error::new(Status::Io, format!("the server closed its stream{inside}")),
        })
    }
}

/// Why a wait ended.
enum Woken {
    /// The server's stream is readable.
    Readable,
    OtherReady,
    /// The process has ended, or the time is over.
    ByProcessOrTime,
}

impl MessageSource for LineSource {
    fn next<'a>(&'a mut self, also: &'a [Poll], wait: &'a Wait) -> NextItem<'a> {
        Box::pin(self.read(also, wait))
    }

    fn unfinished(&self) -> &[u8] {
        self.lines.unfinished()
    }

    fn has_more(&mut self) -> bool {
        self.ready = self.buffered();
        self.ready.is_some()
    }
}

impl Incoming {
    fn of_line(line: Vec<u8>) -> Self {
        match line.iter().find(|byte| !byte.is_ascii_whitespace()) {
            // A JSON-RPC message begins with one of these, or with a byte order
            // mark. Servers print banners as well.
            Some(b'{' | b'[' | 0xef) => Self::Message(line, 0),
            _ => Self::Malformed(line),
        }
    }

    /// A line that the end of the stream ends. It may be half a message, which
    /// fails no call: the error of the end says more.
    #[cold]
    fn of_last(line: Vec<u8>) -> Self {
        let is_whole = std::str::from_utf8(&line).is_ok_and(|text| Tape::read(text, 0).is_ok());
        if is_whole { Self::of_line(line) } else { Self::Malformed(line) }
    }
}

/// Whether one of the entries is ready now.
fn is_ready(entries: &[Poll]) -> bool {
    let mut entries = entries.to_vec();
    matches!(poll(&mut entries, Duration::ZERO), Ok(count) if count > 0)
}

/// Writes lines to the server.
#[derive(Debug)]
pub(crate) struct LineSink {
    /// `None` once it was closed. A server ends when its input is closed.
    fd: Mutex<Option<Arc<Descriptor>>>,
    /// The rest of a line whose sender has given up. It is sent before the next
    /// line.
    rest: Mutex<Vec<u8>>,
}

/// A message that is sent as one line.
#[derive(Debug)]
pub(crate) struct OutgoingLine<'a> {
    parts: [&'a [u8]; 3],
    /// With the line break.
    length: usize,
}

/// The most bytes that are copied at a time. A pipe takes about as many.
const CHUNK: usize = 64 * 1024;

impl<'a> OutgoingLine<'a> {
    pub(crate) fn new(parts: [&'a [u8]; 3]) -> Self {
        Self { parts, length: parts.iter().map(|part| part.len()).sum::<usize>() + 1 }
    }

    /// Fills a buffer with the bytes that follow the first `start` ones, with a
    /// blank for each line break. JSON has line breaks only between tokens, and
    /// any white space means the same there.
    fn chunk(&self, start: usize, out: &mut Vec<u8>) {
        out.clear();
        out.reserve_exact(CHUNK.min(self.length.saturating_sub(start)));
        let mut skip = start;
        for part in self.parts {
            let rest = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            let rest = rest.get(..CHUNK - out.len()).unwrap_or(rest);
            out.extend_from_slice(rest);
        }
        if let Some(at) = memchr::memchr(b'\n', out) {
            let rest = out.get_mut(at..).unwrap_or_default();
            rest.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        }
        if out.len() < CHUNK && start < self.length {
            out.push(b'\n');
        }
    }
}

/// Whether a line was sent.
#[derive(Debug)]
pub(crate) enum SendProgress {
    All,
    /// The server must read before more can be sent.
    Blocked(Arc<Descriptor>),
}

impl LineSink {
    pub(crate) fn new(fd: Descriptor) -> Self {
        Self { fd: Mutex::new(Some(Arc::new(fd))), rest: Mutex::default() }
    }

    /// Sends as much of a line as can be sent now; `sent` counts its bytes. The
    /// caller makes sure that there is one sender at a time.
    pub(crate) fn send(
        &self,
        line: &OutgoingLine<'_>,
        sent: &mut usize,
    ) -> io::Result<SendProgress> {
        let Some(fd) = self.fd.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        while !rest.is_empty() {
            match fd.write(&rest) {
                Ok(count) => drop(rest.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(SendProgress::Blocked(fd.clone()));
                }
                Err(error) => return Err(error),
            }
        }
        let mut left = Vec::new();
        while *sent < line.length {
            line.chunk(*sent, &mut left);
            match fd.write(&left) {
                Ok(count) => *sent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(SendProgress::Blocked(fd.clone()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(SendProgress::All)
    }

    /// How many of the bytes that were sent the server has not read; 0 where the
    /// system does not say so.
    pub(crate) fn unread(&self) -> usize {
        let fd = self.fd.lock().unwrap_or_else(PoisonError::into_inner).clone();
        fd.map_or(0, |fd| fd.unread_by_peer())
    }

    /// Keeps the rest of a line whose sender gives up.
    pub(crate) fn keep(&self, line: &OutgoingLine<'_>, mut sent: usize) {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = Vec::new();
        while sent < line.length {
            line.chunk(sent, &mut left);
            rest.extend_from_slice(&left);
            sent += left.len();
        }
    }

    pub(crate) fn close(&self) {
        let fd = self.fd.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(fd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wait::now;
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;

    fn pipe() -> (OwnedFd, OwnedFd) {
        let (reader, writer) = io::pipe().unwrap();
        (reader.into(), writer.into())
    }

    fn source(fd: OwnedFd) -> LineSource {
        let fd = Descriptor::from(fd);
        fd.set_nonblocking().unwrap();
        LineSource::new(Arc::new(fd), 1024, None)
    }

    fn next(source: &mut LineSource, limit: u64) -> Result<Incoming, Stop> {
        let wait = Wait::for_at_most(Duration::from_millis(limit));
        now(async { Ok::<_, Error>(source.next(&[], &wait).await) }).unwrap()
    }

    #[test]
    fn returns_messages_and_skips_other_lines() {
        let (reader, writer) = pipe();
        let mut source = source(reader);
        let mut writer = std::fs::File::from(writer);
        writer.write_all(b"hello\n {\"a\":1}\n[\n{\"b\"").unwrap();
        assert!(
            matches!(next(&mut source, 30_000), Ok(Incoming::Malformed(line)) if line == b"hello")
        );
        assert!(
            matches!(next(&mut source, 30_000), Ok(Incoming::Message(line, 0)) if line == b" {\"a\":1}")
        );
        assert!(matches!(next(&mut source, 30_000), Ok(Incoming::Message(..))));
        assert!(!source.has_more());
        // A wait that ends loses nothing.
        assert!(matches!(next(&mut source, 5), Err(Stop::Wait(_))));
        writer.write_all(b":2}\n").unwrap();
        assert!(
            matches!(next(&mut source, 30_000), Ok(Incoming::Message(line, 0)) if line == b"{\"b\":2}")
        );
        // Blank lines are skipped without an item.
        writer.write_all(b"\n{}\n\r\n \nx\n\n").unwrap();
        assert!(matches!(next(&mut source, 30_000), Ok(Incoming::Message(..))));
        assert!(source.has_more() && source.has_more());
        assert!(matches!(next(&mut source, 0), Ok(Incoming::Malformed(_))));
        assert!(!source.has_more());
        writer.write_all(b"{").unwrap();
        assert!(matches!(next(&mut source, 5), Err(Stop::Wait(_))));
        assert_eq!(source.unfinished(), b"{");
        drop(writer);
        assert!(matches!(next(&mut source, 30_000), Ok(Incoming::Malformed(line)) if line == b"{"));
        let Err(Stop::End(error)) = next(&mut source, 30_000) else { unreachable!() };
        assert!(error.message().contains("in the middle"), "{}", error.message());
    }

    #[test]
    fn takes_a_last_line_without_a_line_break_if_it_is_whole() {
        for (text, is_message) in
            [("{\"a\":1}", true), (" [1]\r", true), ("{\"a\":", false), ("bye", false)]
        {
            let (reader, writer) = pipe();
            let mut source = source(reader);
            std::fs::File::from(writer).write_all(text.as_bytes()).unwrap();
            match next(&mut source, 30_000) {
                Ok(Incoming::Message(..)) => assert!(is_message, "{text}"),
                Ok(Incoming::Malformed(..)) => assert!(!is_message, "{text}"),
                other => unreachable!("{other:?}"),
            }
            assert!(matches!(next(&mut source, 30_000), Err(Stop::End(_))));
        }
    }

    #[test]
    fn ends_a_line_before_it_begins_another() {
        let (reader, writer) = pipe();
        let writer = Descriptor::from(writer);
        writer.set_nonblocking().unwrap();
        let sink = LineSink::new(writer);
        let long = vec![b'x'; 1024 * 1024];
        let line = |text| OutgoingLine::new([text, &[], &[]]);
        let mut sent = 0;
        assert!(matches!(sink.send(&line(&long), &mut sent), Ok(SendProgress::Blocked(_))));
        assert!(sent > 0 && sent < long.len());
        sink.keep(&line(&long), sent);
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            std::fs::File::from(reader).read_to_end(&mut all).unwrap();
            all
        });
        let mut sent = 0;
        while !matches!(sink.send(&line(b"y"), &mut sent), Ok(SendProgress::All)) {
            std::thread::yield_now();
        }
        sink.close();
        assert!(sink.send(&line(b"z"), &mut 0).is_err());
        let all = reader.join().unwrap();
        assert_eq!(all.len(), long.len() + 3);
        assert!(all.ends_with(b"x\ny\n"));
    }

    #[test]
    fn cuts_a_message_into_chunks_and_makes_it_one_line() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5] {
            let large = b"ab\n".repeat(length / 3 + 1);
            let large = large.get(..length).unwrap();
            let line = OutgoingLine::new([b"{\n", large, b"\n}"]);
            let mut expected = [b"{\n", large, b"\n}"].concat();
            expected.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
            expected.push(b'\n');
            for start in [0, 1, 2, 3, length, length + 3, length + 4] {
                let (mut all, mut left) = (expected[..start].to_vec(), Vec::new());
                while all.len() < line.length {
                    line.chunk(all.len(), &mut left);
                    assert!(!left.is_empty() && left.len() <= CHUNK);
                    all.extend_from_slice(&left);
                }
                assert!(all == expected, "{length} from {start}");
            }
        }
    }
}
