//! An HTTP/1.1 connection: sends requests, reads heads and bodies.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status, io_reason};
use crate::platform::{self, POLLIN};
use crate::transport::socket::{Broken, Socket};
use crate::transport::stream::ByteStream;
use crate::transport::wait::Wait;
use crate::wire::http1::{HEAD_LIMIT, Head, RepeatedHead};
use crate::wire::http1_body::{Body, Piece};
use crate::wire::url::Url;

/// The most interim responses (1xx) before the final one.
const INTERIM: usize = 16;
/// The first and the largest size of a read. Most responses are small, and to
/// zero a large buffer costs more than to read into it.
const STEP: usize = 4 * 1024;
const MOST: usize = 64 * 1024;

/// The least size of a read that does not go through the buffer, and the least by
/// which the memory for a large body grows.
const DIRECT: usize = 16 * 1024;
const DIRECT_STEP: usize = 128 * 1024;
/// The memory grows by at most so many times the bytes that have arrived.
const GROWTH: usize = 8;

#[derive(Debug)]
pub(crate) struct Connection {
    stream: ByteStream,
    /// The bytes that have arrived and were not parsed: `input[start..end]`.
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// The length of the last head, which ends at `start` until more is read.
    head_length: usize,
    pub(crate) response: ResponseFacts,
    /// The last read filled the buffer, so there is probably more.
    is_likely: bool,
    /// Nothing has arrived since the last request was sent.
    is_first: bool,
    /// A request was answered on this connection before.
    pub(crate) is_used: bool,
    pub(crate) idle_since: Instant,
    /// A body whose rest had not arrived when its caller stopped reading.
    pub(crate) unfinished: Option<Body>,
    /// The request, without a large body. It is overwritten when it was sent.
    pub(crate) output: Vec<u8>,
    /// Whether the caller reads the session id of the response.
    pub(crate) wants_session_id: bool,
    eagerness: Eagerness,
    /// The last usual head, and whether to compare the next one with it.
    repeated: Option<Box<RepeatedHead>>,
    comparing: Eagerness,
}

impl Drop for Connection {
    /// The last response is still in the buffer and may hold a token.
    fn drop(&mut self) {
        platform::wipe(&mut self.input);
        platform::wipe(&mut self.output);
    }
}

/// Whether to make an attempt that saves work if it succeeds, and costs work if
/// it fails.
///
/// One is to receive right after sending. On one processor, the server has often
/// answered before this thread runs again, and a wait would only cost a system
/// call. On several, the response is not there yet, and the attempt would cost
/// one. The other is to compare the head of a response with the one before.
#[derive(Debug, Default)]
struct Eagerness {
    /// How many requests still pass without an attempt.
    pause: u8,
    /// The length of that pause. It doubles with each failed attempt.
    last_pause: u8,
}

impl Eagerness {
    const LONGEST: u8 = 32;

    /// Whether this request makes an attempt.
    fn is_due(&mut self) -> bool {
        let is_due = self.pause == 0;
        self.pause = self.pause.saturating_sub(1);
        is_due
    }

    fn is_paused(&self) -> bool {
        self.pause > 0
    }

    fn succeeded(&mut self) {
        self.last_pause = 0;
    }

    fn failed(&mut self) {
        self.last_pause = (self.last_pause * 2).clamp(1, Self::LONGEST);
        self.pause = self.last_pause;
    }
}

/// The largest buffer that a connection keeps for its requests.
const LARGEST_OUTPUT: usize = 32 * 1024;

/// Facts about the last response. They stay here, and are not moved with the
/// response.
#[derive(Debug, Default)]
pub(crate) struct ResponseFacts {
    pub(crate) head: Head,
    /// The value of Mcp-Session-Id, if the request asked for it.
    pub(crate) session_id: Option<String>,
    /// The URL of the response, if a redirect was followed.
    pub(crate) moved: Option<Box<Url>>,
    /// The request was sent twice, because the server had closed the idle
    /// connection.
    pub(crate) is_repeated: bool,
    /// When the response has to have ended, if the exchange is limited.
    pub(crate) until: Option<Instant>,
}

impl ResponseFacts {
    /// Whether they are no more than those of most responses.
    pub(crate) fn is_small(&self) -> bool {
        self.session_id.is_none() && self.moved.is_none() && self.head.is_small()
    }
}

/// Why there is no response.
#[derive(Debug)]
pub(crate) struct NoReply {
    pub(crate) error: Error,
    /// The server closed or broke the connection without a byte of a response.
    /// If the connection was used before, the server has most likely never seen
    /// the request.
    pub(crate) is_silent: bool,
}

impl Connection {
    pub(crate) fn new(stream: ByteStream) -> Self {
        Self {
            stream,
            input: Vec::new(),
            start: 0,
            end: 0,
            head_length: 0,
            response: ResponseFacts::default(),
            is_likely: false,
            is_first: true,
            is_used: false,
            idle_since: Instant::now(),
            unfinished: None,
            output: Vec::new(),
            wants_session_id: false,
            eagerness: Eagerness::default(),
            repeated: None,
            comparing: Eagerness::default(),
        }
    }

    /// Sends the request in `output` and the rest of its body, overwrites
    /// `output`, and reads the head of the response. `patience` limits the time
    /// for the head after the request was sent.
    pub(crate) async fn exchange(
        &mut self,
        [one, two, three]: [&[u8]; 3],
        patience: Option<Duration>,
        wait: &Wait,
    ) -> std::result::Result<(), NoReply> {
        let mut sent = 0;
        let parts = [&*self.output, one, two, three];
        let result = self.stream.send(parts, &mut sent, wait).await;
        // The request holds the credential.
        platform::wipe(&mut self.output);
        self.output.clear();
        if self.output.capacity() > LARGEST_OUTPUT {
            self.output = Vec::new();
        }
        let failure = match result {
            Ok(()) => None,
            Err(Broken::Wait(error)) => {
                return Err(NoReply { error: error.with_may_have_run(sent > 0), is_silent: false });
            }
            // A server may refuse a request before it has read all of it. The
            // response is then there although sending failed.
            Err(Broken::Connection(error)) => Some(error),
        };
        self.is_likely = self.eagerness.is_due();
        self.is_first = true;
        let has_failed = failure.is_some();
        let brief = patience.map(|patience| wait.at_most(patience));
        let head =
            self.read_head(brief.as_ref().unwrap_or(wait)).await.map_err(
                |no_reply| match failure {
                    Some(error) if no_reply.is_silent => NoReply {
                        error: Error::new(
                            Status::Io,
                            format!(
                                "the connection broke while the request was sent: {}",
                                io_reason(&error)
                            ),
                        )
                        .with_may_have_run(sent > 0),
                        is_silent: true,
                    },
                    _ => no_reply,
                },
            );
        // The server would take the next request for the rest of this one.
        self.response.head.keeps_alive &= !has_failed;
        head
    }

    async fn read_head(&mut self, wait: &Wait) -> std::result::Result<(), NoReply> {
        let heard =
            |error: Error| NoReply { error: error.with_may_have_run(true), is_silent: false };
        let mut interim = 0;
        loop {
            if self.has_leftover() {
                let parsed = match self.repeated_head() {
                    None => self.parse_head().map_err(heard)?,
                    same => same,
                };
                if let Some((head, length)) = parsed {
                    self.start += length;
                    if head.is_interim() {
                        interim += 1;
                        if interim > INTERIM {
                            return Err(heard(Error::protocol(format!(
                                "the server sent more than {INTERIM} interim replies (1xx)"
                            ))));
                        }
                        continue;
                    }
                    self.head_length = length;
                    let session_id = match self.wants_session_id {
                        true => head.session_id(self.head()),
                        false => None,
                    };
                    self.response = ResponseFacts { head, session_id, ..ResponseFacts::default() };
                    return Ok(());
                }
            }
            let had = self.end - self.start;
            let lost = |why: String| NoReply {
                error: Error::new(
                    Status::Io,
                    if had == 0 {
                        format!("the server {why} without a reply")
                    } else {
                        format!("the server {why} in the middle of its reply's head")
                    },
                )
                .with_may_have_run(true),
                is_silent: had == 0,
            };
            match self.fill(wait).await {
                Ok(0) => return Err(lost("closed the connection".to_owned())),
                Ok(_) => {}
                Err(Broken::Wait(error)) => return Err(heard(error)),
                Err(Broken::Connection(error)) => {
                    return Err(lost(format!("broke the connection ({})", io_reason(&error))));
                }
            }
        }
    }

    /// The head, if it is the same as the one before. The session id is left to
    /// the parser.
    fn repeated_head(&mut self) -> Option<(Head, usize)> {
        if self.wants_session_id || self.comparing.is_paused() {
            return None;
        }
        let found = self.repeated.as_ref()?.read(self.pending())?;
        self.comparing.succeeded();
        Some(found)
    }

    fn parse_head(&mut self) -> Result<Option<(Head, usize)>> {
        let parsed = Head::parse(self.pending())?;
        let Some((head, length)) = &parsed else { return Ok(None) };
        if self.comparing.is_due() {
            if self.repeated.is_some() {
                self.comparing.failed();
            }
            let bytes = self.pending().get(..*length).unwrap_or_default();
            self.repeated = RepeatedHead::of(head, bytes).map(Box::new);
        }
        Ok(parsed)
    }

    /// Calls `take` with the next pieces of a body: all that have arrived. False at
    /// its end.
    pub(crate) async fn next_piece(
        &mut self,
        body: &mut Body,
        wait: &Wait,
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool> {
        let mut has_any = false;
        loop {
            let pending = self.input.get(self.start..self.end).unwrap_or_default();
            let mut rest = pending;
            let piece = body.next(&mut rest)?;
            self.start += pending.len() - rest.len();
            match piece {
                Piece::Data(data) => {
                    take(data)?;
                    has_any = true;
                    continue;
                }
                Piece::End => return Ok(has_any),
                Piece::Partial if has_any => return Ok(true),
                Piece::Partial => {}
            }
            if !has_more(body, self.fill(wait).await)? {
                return Ok(false);
            }
        }
    }

    /// How many bytes [`Connection::receive_directly`] may receive, if the next bytes
    /// are data of the body, and they are many or `out` has room for them. `limit`: for
    /// the bytes of `out`.
    pub(crate) fn direct_size(&self, body: &Body, out: &Vec<u8>, limit: usize) -> Option<usize> {
        let ahead = usize::try_from(body.data_ahead()).unwrap_or(usize::MAX);
        let ahead = ahead.min(limit - out.len());
        let is_fit = ahead >= DIRECT || ahead > 0 && ahead <= out.capacity() - out.len();
        let is_plain = matches!(self.stream, ByteStream::Plain(_));
        (is_fit && is_plain && !self.has_leftover()).then_some(ahead)
    }

    /// Receives at most `most` bytes of a body that is not encoded where they stay:
    /// behind `out`. False at the end of the body.
    pub(crate) async fn receive_directly(
        &mut self,
        body: &mut Body,
        out: &mut Vec<u8>,
        most: usize,
        wait: &Wait,
    ) -> Result<bool> {
        let ByteStream::Plain(socket) = &self.stream else { return Ok(false) };
        if out.capacity() - out.len() < most.min(DIRECT) {
            // Grows with the bytes that have arrived, never by the announced length
            // alone. A large step leaves most of a large body to large pages.
            let least = most.min(DIRECT_STEP);
            let step = most.min(GROWTH * out.len()).next_power_of_two();
            if step <= DIRECT_STEP || out.try_reserve(step).is_err() {
                out.try_reserve(least).map_err(|_| no_memory())?;
            }
            platform::request_large_pages(out);
        }
        let size = most.min(out.capacity() - out.len());
        let received = receive_behind(socket, out, size, self.is_likely, wait).await;
        let count = received.as_ref().map_or(0, |count| *count);
        self.is_likely = count == size;
        body.take_ahead(count);
        has_more(body, received)
    }

    /// Takes a body that has arrived as a whole, in one piece.
    pub(crate) fn take_whole(&mut self, body: &mut Body) -> Option<&[u8]> {
        let pending = self.input.get(self.start..self.end).unwrap_or_default();
        let data = body.take_whole(pending)?;
        self.start += data.len();
        Some(data)
    }

    /// Reads the rest of a body and drops it. Returns whether the connection is
    /// fit for another request.
    pub(crate) async fn finish(&mut self, body: &mut Body, wait: &Wait) -> bool {
        let mut left = 64 * STEP;
        while !body.is_done() {
            let mut take = |data: &[u8]| {
                left = left.saturating_sub(data.len());
                Ok(())
            };
            match self.next_piece(body, wait, &mut take).await {
                Ok(true) if left > 0 => {}
                _ => return body.is_done(),
            }
        }
        true
    }

    /// Whether bytes came after the response. They must not be taken for the
    /// response to the next request.
    pub(crate) fn has_leftover(&self) -> bool {
        self.end > self.start
    }

    /// Whether the last read took all that it had room for. What follows the response
    /// would then still be in the socket.
    pub(crate) fn may_have_more(&self) -> bool {
        self.is_likely
    }

    /// Whether the connection is fit for another request.
    pub(crate) fn is_quiet(&mut self) -> bool {
        !self.has_leftover() && self.stream.is_quiet()
    }

    /// The bytes of the head that [`Connection::exchange`] has just read.
    pub(crate) fn head(&self) -> &[u8] {
        self.input.get(self.start.saturating_sub(self.head_length)..self.start).unwrap_or_default()
    }

    fn pending(&self) -> &[u8] {
        self.input.get(self.start..self.end).unwrap_or_default()
    }

    async fn fill(&mut self, wait: &Wait) -> std::result::Result<usize, Broken> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 && self.end == self.input.len() {
            self.input.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let is_streaming = self.is_likely && !self.is_first;
        if self.end == self.input.len() || is_streaming && self.input.len() < MOST {
            // A head beyond its limit is refused before this grows further.
            let length = (self.input.len() * 2).clamp(STEP, 2 * HEAD_LIMIT);
            // Not `resize`: optimized for size, it zeroes one byte at a time.
            let mut grown = vec![0; length.max(self.end + STEP)];
            let (to, from) = (grown.get_mut(..self.end), self.input.get(..self.end));
            if let (Some(to), Some(from)) = (to, from) {
                to.copy_from_slice(from);
            }
            // What has arrived may hold a token.
            platform::wipe(&mut self.input);
            self.input = grown;
        }
        if is_streaming {
            // A server that never pauses must not keep this thread beyond its
            // wait.
            wait.give_way().await?;
        }
        let room = self.input.get_mut(self.end..).unwrap_or_default();
        let size = room.len();
        let is_attempt = self.is_likely && self.is_first;
        let count = match self.stream.receive_at_once(room, self.is_likely)? {
            Some(count) => {
                if is_attempt {
                    self.eagerness.succeeded();
                }
                count
            }
            None => {
                if is_attempt {
                    self.eagerness.failed();
                }
                self.stream.receive(room, wait).await?
            }
        };
        self.is_likely = count == size;
        self.is_first = false;
        self.end += count;
        Ok(count)
    }
}

/// Receives at most `size` bytes behind those of `out`, which has the room.
/// `is_likely`: some have probably arrived.
async fn receive_behind(
    socket: &Socket,
    out: &mut Vec<u8>,
    size: usize,
    mut is_likely: bool,
    wait: &Wait,
) -> std::result::Result<usize, Broken> {
    if is_likely {
        // See `Connection::fill`.
        wait.give_way().await?;
    }
    loop {
        if !is_likely {
            wait.until_ready(socket.fd(), POLLIN).await?;
        }
        match socket.receive_into(out, size) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => is_likely = false,
            result => return result.map_err(Broken::Connection),
        }
    }
}

/// Whether there is more of a body after a read that received so many bytes.
fn has_more(body: &Body, received: std::result::Result<usize, Broken>) -> Result<bool> {
    match received {
        Ok(0) if body.may_end_here() => Ok(false),
        Ok(0) => Err(cut_short(body, "closed the connection".into())),
        Ok(_) => Ok(true),
        Err(Broken::Wait(error)) => Err(error.with_may_have_run(true)),
        Err(Broken::Connection(error)) => {
            Err(cut_short(body, format!("broke the connection ({})", io_reason(&error))))
        }
    }
}

#[cold]
pub(crate) fn no_memory() -> Error {
    Error::new(Status::NoMemory, "no memory for the server's response")
}

fn cut_short(body: &Body, why: String) -> Error {
    let detail = match body.announced() {
        Some(length) => format!(" of {length} bytes"),
        None => String::new(),
    };
    Error::new(Status::Io, format!("the server {why} in the middle of its reply{detail}"))
        .with_may_have_run(true)
}

#[cfg(test)]
mod tests;
