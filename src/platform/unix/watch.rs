//! Waiting for a descriptor on the background thread, with tokio.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::task;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::platform::unix::descriptor::Descriptor;
use crate::platform::unix::poll::{POLLIN, POLLOUT, Poll};
use crate::platform::unix::wake_up::PermanentWakeUp;

/// A descriptor that is registered with the runtime for the length of a wait.
#[derive(Debug)]
pub(crate) struct Watch {
    fd: AsyncFd<Watched>,
    wants_output: bool,
    wants_input: bool,
}

#[derive(Debug)]
struct Watched(RawFd, #[allow(dead_code, reason = "closed with the watch")] Option<Descriptor>);

impl AsRawFd for Watched {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

impl Watch {
    /// Watches for the events of an entry.
    pub(crate) fn new(entry: &Poll) -> io::Result<Self> {
        let (wants_output, wants_input) = (entry.wants(POLLOUT), entry.wants(POLLIN));
        let interest = match (wants_output, wants_input) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (true, false) => Interest::WRITABLE,
            _ => Interest::READABLE,
        };
        let fd = match register(Watched(entry.fd(), None), interest) {
            // Another task waits for the same descriptor. The system accepts each
            // number once, and a duplicate has another number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let own = Descriptor::duplicate(entry.fd())?;
                register(Watched(own.raw(), Some(own)), interest)?
            }
            result => result?,
        };
        Ok(Self { fd, wants_output, wants_input })
    }

    /// Watches until a wake-up is set.
    pub(crate) fn for_wake_up(wake_up: PermanentWakeUp) -> io::Result<Self> {
        Self::new(&Poll::new(wake_up.fd(), POLLIN))
    }

    pub(crate) fn poll_ready(&self, context: &mut task::Context<'_>) -> task::Poll<()> {
        let input = self.wants_input && self.fd.poll_read_ready(context).is_ready();
        let output = self.wants_output && self.fd.poll_write_ready(context).is_ready();
        if input || output { task::Poll::Ready(()) } else { task::Poll::Pending }
    }

    /// Waits until there is input, calls `take`, and is then ready to wait
    /// again.
    pub(crate) async fn on_input(&self, take: impl FnOnce()) -> io::Result<()> {
        let mut ready = self.fd.readable().await?;
        take();
        ready.clear_ready();
        Ok(())
    }
}

fn register(watched: Watched, interest: Interest) -> io::Result<AsyncFd<Watched>> {
    // SAFETY: the caller borrows the owner of the descriptor for as long as
    // it waits, and the watch ends with the wait. The descriptors of a
    // permanent wake-up are never closed.
    let watch = unsafe { AsyncFd::register_with_interest(watched, interest) };
    watch.map_err(io::Error::from)
}
