//! One connection to the listener: one request, one page.

use std::io;
use std::time::{Duration, Instant};

use crate::auth::oauth::host::listener::receiver::RedirectReceiver;
use crate::auth::oauth::host::listener::request::{BrowserRequest, ResponsePage};
use crate::auth::oauth::spec::redirect::RedirectTarget;
use crate::base::secret::Secret;
use crate::platform::{self, POLLIN, POLLOUT, Poll};
use crate::transport::socket::Socket;
use crate::transport::wait::Wait;

/// The most bytes of the head of a request.
const HEAD_LIMIT: usize = 8 * 1024;
/// The most bytes after the head that are read and discarded.
const REST_LIMIT: usize = 64 * 1024;

/// The time limit for a request.
const TIME: Duration = Duration::from_secs(5);
/// The time limit for sending the page.
const PAGE_TIME: Duration = Duration::from_secs(1);

pub(super) struct BrowserConnection {
    socket: Socket,
    /// When the connection is closed at the latest.
    end: Instant,
    /// Its query is secret.
    head: Box<[u8]>,
    filled: usize,
    stage: Stage,
}

enum Stage {
    Reading,
    Writing {
        reply: String,
        sent: usize,
    },
    /// The page is sent. Closing the socket while there is unread data would
    /// reset the connection, and the browser would lose the page.
    Closing {
        thrown: usize,
    },
    Over,
}

impl BrowserConnection {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            end: Instant::now() + TIME,
            head: vec![0; HEAD_LIMIT].into_boxed_slice(),
            filled: 0,
            stage: Stage::Reading,
        }
    }

    /// What to poll for.
    pub(super) fn entry(&self) -> Poll {
        let is_writing = matches!(self.stage, Stage::Writing { .. });
        Poll::new(self.socket.fd(), if is_writing { POLLOUT } else { POLLIN })
    }

    pub(super) fn left(&self, now: Instant) -> Duration {
        self.end.saturating_duration_since(now)
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        matches!(self.stage, Stage::Over) || self.left(now).is_zero()
    }

    pub(super) fn has_page(&self) -> bool {
        matches!(self.stage, Stage::Closing { .. })
    }

    pub(super) fn is_silent(&self) -> bool {
        self.filled == 0
    }

    /// Reads and writes without waiting. The result is the query of the redirect,
    /// once it has arrived.
    pub(super) fn go_on(
        &mut self,
        place: &RedirectTarget,
        receiver: &mut dyn RedirectReceiver,
    ) -> Option<Secret> {
        let mut answer = None;
        if let Stage::Reading = self.stage {
            match self.read(place, receiver) {
                Ok(found) => answer = found,
                Err(error) => self.stop_for(&error),
            }
        }
        if let Err(error) = self.write().and_then(|()| self.close()) {
            self.stop_for(&error);
        }
        answer
    }

    /// Waits a short time for the page to be sent.
    pub(super) async fn finish(mut self, wait: &Wait) {
        let wait = wait.at_most(PAGE_TIME);
        loop {
            let now = Instant::now();
            let mut entry = [self.entry()];
            // The redirect has arrived: an error no longer matters.
            if self.is_over(now) || wait.poll(&mut entry, self.left(now)).await.is_err() {
                return;
            }
            if let Err(error) = self.write().and_then(|()| self.close()) {
                self.stop_for(&error);
            }
        }
    }

    fn stop_for(&mut self, error: &io::Error) {
        if error.kind() != io::ErrorKind::WouldBlock {
            self.stage = Stage::Over;
        }
    }

    fn read(
        &mut self,
        place: &RedirectTarget,
        receiver: &mut dyn RedirectReceiver,
    ) -> io::Result<Option<Secret>> {
        loop {
            let room = self.head.get_mut(self.filled..).unwrap_or_default();
            match self.socket.receive_at_once(room)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.filled += count,
            }
            let head = self.head.get(..self.filled).unwrap_or_default();
            let (reply, answer) = match BrowserRequest::parse(head, place) {
                BrowserRequest::Partial if self.filled < HEAD_LIMIT => continue,
                BrowserRequest::Partial => {
                    if is_get_of(place, head) {
                        receiver.was_too_long();
                    }
                    (ResponsePage::TooLong, None)
                }
                BrowserRequest::Other(reply) => (reply, None),
                BrowserRequest::Get(query) if receiver.take(query) => {
                    (ResponsePage::Answered, Some(Secret::from(query)))
                }
                BrowserRequest::Get(query) => {
                    receiver.ignored(Some(query));
                    (ResponsePage::NotAwaited, None)
                }
                BrowserRequest::Post => {
                    receiver.ignored(None);
                    (ResponsePage::WrongMethod, None)
                }
            };
            self.end = Instant::now() + PAGE_TIME;
            self.stage = Stage::Writing { reply: reply.text(), sent: 0 };
            return Ok(answer);
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let Stage::Writing { reply, sent } = &mut self.stage else { return Ok(()) };
        while let Some(rest) = reply.as_bytes().get(*sent..).filter(|rest| !rest.is_empty()) {
            *sent += self.socket.send_at_once(rest)?;
        }
        self.socket.end_output()?;
        self.stage = Stage::Closing { thrown: 0 };
        Ok(())
    }

    /// Discards data until the peer closes its side.
    fn close(&mut self) -> io::Result<()> {
        let Stage::Closing { thrown } = &mut self.stage else { return Ok(()) };
        while *thrown < REST_LIMIT {
            match self.socket.receive_at_once(&mut self.head)? {
                0 => break,
                count => *thrown += count,
            }
        }
        self.stage = Stage::Over;
        Ok(())
    }
}

/// Whether an incomplete head is that of a GET of the redirect URL.
fn is_get_of(place: &RedirectTarget, head: &[u8]) -> bool {
    let target = head.strip_prefix(b"GET ");
    let rest = target.and_then(|target| target.strip_prefix(place.path.as_bytes()));
    rest.is_some_and(|rest| matches!(rest.first(), Some(b'?' | b' ')))
}

impl Drop for BrowserConnection {
    fn drop(&mut self) {
        platform::wipe(&mut self.head);
    }
}
