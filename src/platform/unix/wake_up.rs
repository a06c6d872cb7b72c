//! A flag that poll(2) can wait for: an eventfd, or a pipe to itself.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::platform::unix::poll::RawDescriptor;

/// A descriptor that is readable from [`WakeUp::set`] to [`WakeUp::clear`].
///
/// `set` is one `write`, so it is allowed in a signal handler.
#[derive(Debug)]
pub(crate) struct WakeUp {
    read: OwnedFd,
    /// `None` where one descriptor does both.
    write: Option<OwnedFd>,
}

impl WakeUp {
    pub(crate) fn new() -> io::Result<Self> {
        let (read, write) = descriptors()?;
        Ok(Self { read, write })
    }

    pub(crate) fn fd(&self) -> RawDescriptor {
        self.read.as_raw_fd()
    }

    pub(crate) fn set(&self) {
        self.numbers().set();
    }

    pub(crate) fn clear(&self) {
        self.numbers().clear();
    }

    /// Keeps the descriptors open for as long as the process lives.
    pub(crate) fn keep(self) -> PermanentWakeUp {
        let numbers = self.numbers();
        std::mem::forget(self);
        numbers
    }

    fn numbers(&self) -> PermanentWakeUp {
        let write = self.write.as_ref().unwrap_or(&self.read).as_raw_fd();
        PermanentWakeUp { read: self.fd(), write }
    }
}

/// A wake-up whose descriptors are never closed. A late `set` therefore wakes
/// a thread without a reason at worst, and never writes into another file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PermanentWakeUp {
    read: RawDescriptor,
    write: RawDescriptor,
}

impl PermanentWakeUp {
    pub(crate) fn fd(self) -> RawDescriptor {
        self.read
    }

    pub(crate) fn set(self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight readable bytes. A number that is no open descriptor
        // gives EBADF. The result does not matter: a full descriptor is
        // readable already.
        let _ = unsafe { libc::write(self.write, one.as_ptr().cast(), one.len()) };
    }

    pub(crate) fn clear(self) {
        let mut bytes = [0u8; 64];
        // SAFETY: writable bytes and a non-blocking descriptor.
        let _ = unsafe { libc::read(self.read, bytes.as_mut_ptr().cast(), bytes.len()) };
    }

    /// As a number that is not 0, for an atomic variable.
    pub(crate) fn packed(self) -> u64 {
        u64::from(self.read.cast_unsigned()) << 32 | u64::from(self.write.cast_unsigned())
    }

    /// From a number that [`Self::packed`] returned; `None` for 0.
    pub(crate) fn unpacked(packed: u64) -> Option<Self> {
        let half = |bits: u64| (bits as u32).cast_signed();
        (packed != 0).then(|| Self { read: half(packed >> 32), write: half(packed) })
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn descriptors() -> io::Result<(OwnedFd, Option<OwnedFd>)> {
    // SAFETY: takes two numbers. Nothing else owns the descriptor it returns.
    unsafe {
        let fd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok((OwnedFd::from_raw_fd(fd), None)) }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn descriptors() -> io::Result<(OwnedFd, Option<OwnedFd>)> {
    let mut pair = [0; 2];
    // SAFETY: `pair` has room for the two descriptors. Nothing else owns them.
    let pair = unsafe {
        if libc::pipe(pair.as_mut_ptr()) < 0 {
            return Err(io::Error::last_os_error());
        }
        [OwnedFd::from_raw_fd(pair[0]), OwnedFd::from_raw_fd(pair[1])]
    };
    for fd in &pair {
        // SAFETY: changes the flags of a descriptor that `pair` owns.
        unsafe {
            libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK);
        }
    }
    let [read, write] = pair;
    Ok((read, Some(write)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{POLLIN, Poll, poll};
    use std::time::Duration;

    fn is_readable(fd: RawDescriptor) -> bool {
        poll(&mut [Poll::new(fd, POLLIN)], Duration::ZERO).unwrap() == 1
    }

    #[test]
    fn is_readable_from_set_to_clear() {
        let wake_up = WakeUp::new().unwrap();
        assert!(!is_readable(wake_up.fd()));
        wake_up.set();
        wake_up.set();
        assert!(is_readable(wake_up.fd()));
        wake_up.clear();
        assert!(!is_readable(wake_up.fd()));
    }

    #[test]
    fn is_the_same_after_it_was_packed() {
        let wake_up = WakeUp::new().unwrap().keep();
        let same = PermanentWakeUp::unpacked(wake_up.packed()).unwrap();
        same.set();
        assert!(is_readable(wake_up.fd()) && PermanentWakeUp::unpacked(0).is_none());
        wake_up.clear();
        assert!(!is_readable(same.fd()));
    }
}
