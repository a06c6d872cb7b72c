//! The one place that waits: for a descriptor, a cancel, a close, or the end
//! of the time, whichever is first.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::sys::{self, POLLIN, Poll, Signal};

/// How long a call may still wait, and what ends it early.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    end: Instant,
    limit: Limit,
    close: Option<Arc<Signal>>,
    cancel: Option<Arc<Signal>>,
}

/// Whose time it is, for the error that says that it is over.
#[derive(Clone, Copy, Debug)]
enum Limit {
    Request(Duration),
    Connect(Duration),
    /// One of ours, which no caller sees.
    Internal,
}

impl Wait {
    pub(crate) fn for_request(
        limit: Duration,
        close: Arc<Signal>,
        cancel: Option<Arc<Signal>>,
    ) -> Self {
        let end = Instant::now() + limit;
        Self { end, limit: Limit::Request(limit), close: Some(close), cancel }
    }

    /// A wait of the library's own, which nothing cuts short.
    pub(crate) fn for_at_most(limit: Duration) -> Self {
        Self { end: Instant::now() + limit, limit: Limit::Internal, close: None, cancel: None }
    }

    /// The part of this wait in which a connection must be made.
    pub(crate) fn for_connecting(&self, limit: Duration) -> Self {
        let end = Instant::now() + limit;
        if end >= self.end {
            return self.clone();
        }
        Self { end, limit: Limit::Connect(limit), ..self.clone() }
    }

    /// The part of this wait that something of no interest to the caller may
    /// take.
    pub(crate) fn at_most(&self, limit: Duration) -> Self {
        let end = (Instant::now() + limit).min(self.end);
        Self { end, limit: Limit::Internal, ..self.clone() }
    }

    /// Whether the caller gave up, or the time is over.
    pub(crate) fn check(&self) -> Result<()> {
        self.interrupted()?;
        self.left().map(drop)
    }

    /// Waits until the descriptor is ready.
    pub(crate) fn until_ready(&self, fd: RawFd, events: i16) -> Result<()> {
        let mut entries = [Poll::new(fd, events)];
        while !self.poll(&mut entries, Duration::MAX)? {}
        Ok(())
    }

    /// Waits for one of up to [`Wait::MOST`] descriptors, but not longer than
    /// `pause`; says if one is ready.
    pub(crate) fn poll(&self, entries: &mut [Poll], pause: Duration) -> Result<bool> {
        // Checked first, so that one that was fired before is never missed,
        // and a peer that always has something to say cannot hide it.
        self.interrupted()?;
        let left = self.left()?.min(pause);
        let mut all = [Poll::new(-1, 0); Self::MOST + 2];
        let mut count = 0;
        let given = entries.iter().copied();
        let signals = [&self.close, &self.cancel].into_iter().flatten();
        let ours = signals.map(|signal| Poll::new(signal.fd(), POLLIN));
        for (slot, entry) in all.iter_mut().zip(given.chain(ours)) {
            *slot = entry;
            count += 1;
        }
        let found = sys::poll(all.get_mut(..count).unwrap_or_default(), left)
            .map_err(|error| Error::new(Status::Internal, format!("poll: {error}")))?;
        if found == 0 {
            return Ok(false);
        }
        for (entry, result) in entries.iter_mut().zip(all) {
            *entry = result;
        }
        self.interrupted()?;
        Ok(entries.iter().any(Poll::is_ready))
    }

    /// The most descriptors that one wait may be for.
    pub(crate) const MOST: usize = 8;

    fn interrupted(&self) -> Result<()> {
        let is_raised =
            |signal: &Option<Arc<Signal>>| signal.as_ref().is_some_and(|s| s.is_raised());
        if is_raised(&self.close) {
            return Err(Error::new(Status::Closed, "the client was closed"));
        }
        if is_raised(&self.cancel) {
            return Err(Error::new(Status::Cancelled, "cancelled by mcp_cancel_fire()"));
        }
        Ok(())
    }

    fn left(&self) -> Result<Duration> {
        let now = Instant::now();
        if now < self.end {
            return Ok(self.end - now);
        }
        Err(match self.limit {
            Limit::Request(limit) => Error::new(
                Status::Timeout,
                format!("no answer within {}; see mcp_client_set_timeout()", seconds(limit)),
            ),
            Limit::Connect(limit) => Error::new(
                Status::Connect,
                format!(
                    "no connection within {}; see mcp_client_set_connect_timeout()",
                    seconds(limit)
                ),
            ),
            Limit::Internal => Error::new(Status::Timeout, "no answer in time"),
        })
    }
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(limit: u64) -> (Wait, Arc<Signal>, Arc<Signal>) {
        let close = Arc::new(Signal::new().unwrap());
        let cancel = Arc::new(Signal::new().unwrap());
        let limit = Duration::from_millis(limit);
        (Wait::for_request(limit, close.clone(), Some(cancel.clone())), close, cancel)
    }

    #[test]
    fn ends_when_the_time_is_over() {
        let (wait, ..) = wait(10);
        let error = wait.until_ready(-1, POLLIN).unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
        assert!(error.message().contains("0.01 s"));
    }

    #[test]
    fn sees_a_cancel_that_was_fired_before_and_puts_a_close_first() {
        let (wait, close, cancel) = wait(10_000);
        cancel.raise();
        assert_eq!(wait.until_ready(-1, POLLIN).unwrap_err().status(), Status::Cancelled);
        close.raise();
        assert_eq!(wait.check().unwrap_err().status(), Status::Closed);
    }

    #[test]
    fn is_woken_by_another_thread() {
        let (wait, _close, cancel) = wait(10_000);
        let thread = std::thread::spawn(move || wait.until_ready(-1, POLLIN).unwrap_err().status());
        cancel.raise();
        assert_eq!(thread.join().unwrap(), Status::Cancelled);
    }

    #[test]
    fn names_the_limit_that_ended_it() {
        let (wait, ..) = wait(10_000);
        let connect = wait.for_connecting(Duration::from_millis(1));
        assert_eq!(connect.until_ready(-1, POLLIN).unwrap_err().status(), Status::Connect);
        let (wait, ..) = self::wait(1);
        let connect = wait.for_connecting(Duration::from_secs(10));
        assert_eq!(connect.until_ready(-1, POLLIN).unwrap_err().status(), Status::Timeout);
    }
}
