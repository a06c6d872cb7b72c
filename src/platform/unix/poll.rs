//! poll(2).

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

pub(crate) use libc::{POLLIN, POLLOUT};

/// The number of a descriptor that something else owns.
pub(crate) type RawDescriptor = RawFd;

/// A descriptor, the events to wait for, and the events that were found.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Poll(libc::pollfd);

impl Poll {
    /// An entry that is never ready.
    pub(crate) const NONE: Self = Self(libc::pollfd { fd: -1, events: 0, revents: 0 });

    #[inline]
    pub(crate) fn new(fd: RawDescriptor, events: i16) -> Self {
        Self(libc::pollfd { fd, events, revents: 0 })
    }

    pub(crate) fn is_none(&self) -> bool {
        self.0.fd < 0
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.0.revents != 0
    }

    pub(crate) fn has(&self, event: i16) -> bool {
        self.0.revents & event != 0
    }

    pub(crate) fn wants(&self, event: i16) -> bool {
        self.0.events & event != 0
    }

    pub(super) fn fd(&self) -> RawDescriptor {
        self.0.fd
    }
}

/// Waits until one of `entries` is ready or the time is over, and returns how
/// many are ready. A signal that interrupts the wait makes it return 0.
pub(crate) fn poll(entries: &mut [Poll], timeout: Duration) -> io::Result<usize> {
    // Rounded up: a wait must not spin through its last millisecond.
    let milliseconds = timeout.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as libc::c_int;
    // SAFETY: `Poll` is a transparent pollfd, and the slice gives a valid
    // pointer and its length.
    let ready = unsafe {
        libc::poll(entries.as_mut_ptr().cast(), entries.len() as libc::nfds_t, milliseconds)
    };
    if ready >= 0 {
        return Ok(ready as usize);
    }
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::Interrupted { Ok(0) } else { Err(error) }
}
