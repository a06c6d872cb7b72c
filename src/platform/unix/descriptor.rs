//! File descriptors: pipes, sockets, terminals.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::process::Stdio;
use std::time::Duration;

use crate::platform::unix::poll::{POLLOUT, Poll, RawDescriptor, poll};

/// An open descriptor, which is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Descriptor(OwnedFd);

impl From<OwnedFd> for Descriptor {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl Descriptor {
    /// Duplicates a descriptor of the application.
    pub(crate) fn duplicate(fd: RawDescriptor) -> io::Result<Self> {
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        // SAFETY: the number is not negative, and the borrow ends with this
        // call. A descriptor that is not open gives EBADF.
        unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned().map(Self)
    }

    /// Takes over a descriptor of the application.
    pub(crate) fn adopt(fd: RawDescriptor) -> io::Result<Self> {
        // SAFETY: only reads the flags. A number that is no open descriptor
        // gives EBADF.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        if flags < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: sets the flags of an open descriptor. The header says that
        // the library owns it from here on.
        unsafe {
            libc::fcntl(fd, libc::F_SETFD, flags | libc::FD_CLOEXEC);
            Ok(Self(OwnedFd::from_raw_fd(fd)))
        }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// A duplicate as a standard stream of a child process.
    pub(crate) fn to_stdio(&self) -> io::Result<Stdio> {
        self.0.try_clone().map(Stdio::from)
    }

    #[inline]
    pub(crate) fn raw(&self) -> RawDescriptor {
        self.0.as_raw_fd()
    }

    /// Makes reads and writes return `WouldBlock` instead of blocking.
    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        // SAFETY: reads and changes the flags of a descriptor that is owned.
        unsafe {
            let flags = libc::fcntl(self.raw(), libc::F_GETFL);
            if flags < 0 || libc::fcntl(self.raw(), libc::F_SETFL, flags | libc::O_NONBLOCK) < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    }

    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the slice gives a valid pointer and its length.
        let count = unsafe { libc::read(self.raw(), buffer.as_mut_ptr().cast(), buffer.len()) };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }

    /// Writes; the application never gets a SIGPIPE from it.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(target_os = "linux")]
        if let Some(count) = self.write_without_signal(bytes)? {
            return Ok(count);
        }
        self.write_with_blocked_signal(bytes)
    }

    fn write_with_blocked_signal(&self, bytes: &[u8]) -> io::Result<usize> {
        without_sigpipe(|| {
            // SAFETY: the slice gives a valid pointer and its length.
            let written = unsafe { libc::write(self.raw(), bytes.as_ptr().cast(), bytes.len()) };
            usize::try_from(written).map_err(|_| io::Error::last_os_error())
        })
    }

    /// Writes without a SIGPIPE by one system call, which Linux has since 6.18.
    /// `None` if the kernel lacks the call.
    #[cfg(target_os = "linux")]
    fn write_without_signal(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        use std::sync::atomic::{AtomicBool, Ordering};

        static IS_MISSING: AtomicBool = AtomicBool::new(false);
        /// The libc crate does not declare it.
        const RWF_NOSIGNAL: libc::c_long = 0x100;
        /// Write at the position of the descriptor, like write().
        const HERE: libc::c_long = -1;
        if IS_MISSING.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        // Whole words: of a shorter argument, the rest of its register is not set.
        let (descriptor, count) = (libc::c_long::from(self.raw()), 1 as libc::c_long);
        // SAFETY: the call reads the slice, which `part` names.
        let written = unsafe {
            libc::syscall(
                libc::SYS_pwritev2,
                descriptor,
                &raw const part,
                count,
                HERE,
                HERE,
                RWF_NOSIGNAL,
            )
        };
        if let Ok(count) = usize::try_from(written) {
            return Ok(Some(count));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EPIPE | libc::EAGAIN | libc::EINTR) => Err(error),
            // Older systems refuse it unexecuted, and filters of system calls do so
            // with any error. The other call says what else is wrong.
            _ => {
                IS_MISSING.store(true, Ordering::Relaxed);
                Ok(None)
            }
        }
    }

    /// How many bytes of a pipe its reader has not read. On systems other than
    /// Linux, the end that is written to does not know, and this is 0.
    pub(crate) fn unread_by_peer(&self) -> usize {
        let mut count: libc::c_int = 0;
        // SAFETY: the request writes one integer, and the pointer is valid.
        let result = unsafe { libc::ioctl(self.raw(), libc::FIONREAD, &mut count) };
        if result < 0 { 0 } else { usize::try_from(count).unwrap_or(0) }
    }

    /// Writes to a descriptor that may block, if it is writable now. Returns
    /// whether all bytes were written.
    pub(crate) fn write_at_once(&self, bytes: &[u8]) -> bool {
        let mut ready = [Poll::new(self.raw(), POLLOUT)];
        if !matches!(poll(&mut ready, Duration::ZERO), Ok(1)) {
            return false;
        }
        matches!(self.write(bytes), Ok(count) if count == bytes.len())
    }
}

/// Runs a write with SIGPIPE blocked in this thread, and discards a SIGPIPE
/// that the write caused.
fn without_sigpipe(work: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
    // SAFETY: all three sets are valid for their calls, which change the mask
    // of this thread alone. The old mask is restored before returning.
    unsafe {
        let mut pipe: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        let mut pending: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut pipe);
        libc::sigaddset(&mut pipe, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &pipe, &mut old);
        // A SIGPIPE can be pending before only if the application blocks it.
        let was_pending = libc::sigismember(&old, libc::SIGPIPE) == 1 && {
            libc::sigpending(&mut pending);
            libc::sigismember(&pending, libc::SIGPIPE) == 1
        };
        let result = work();
        let is_broken = matches!(&result, Err(error) if error.kind() == io::ErrorKind::BrokenPipe);
        if is_broken && !was_pending {
            libc::sigpending(&mut pending);
            if libc::sigismember(&pending, libc::SIGPIPE) == 1 {
                let mut number = 0;
                libc::sigwait(&pipe, &mut number);
            }
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_write_to_a_pipe_without_a_reader() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        // The test harness ignores SIGPIPE. The default disposition is set
        // again, so that a stray signal would end the test.
        // SAFETY: sets the default disposition of one signal.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        let writer = Descriptor::from(OwnedFd::from(writer));
        assert!(!writer.write_at_once(b"x"));
        let error = writer.write_with_blocked_signal(b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    /// Makes a system call fail with `refusal` in this process.
    #[cfg(target_os = "linux")]
    fn refuse(call: libc::c_long, refusal: libc::c_int) -> bool {
        let statement = |code: u32, jf, k| libc::sock_filter { code: code as u16, jt: 0, jf, k };
        let mut filter = [
            statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
            statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, call as u32),
            statement(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ERRNO | refusal as u32),
            statement(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
        // SAFETY: the kernel copies the filter, which is valid for the call.
        unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) == 0
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn writes_where_a_filter_refuses_the_newer_system_call() {
        for refusal in [libc::EOPNOTSUPP, libc::ENOSYS, libc::EPERM, libc::EACCES] {
            let (reader, writer) = std::io::pipe().unwrap();
            let writer = Descriptor::from(OwnedFd::from(writer));
            // SAFETY: the child only calls functions that are safe after a fork.
            let child = unsafe { libc::fork() };
            if child == 0 {
                let is_written =
                    refuse(libc::SYS_pwritev2, refusal) && matches!(writer.write(b"x"), Ok(1));
                // SAFETY: ends the child without the cleanup of the test program.
                unsafe { libc::_exit(i32::from(!is_written)) };
            }
            let mut status = 0;
            // SAFETY: `status` is valid for the call.
            assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
            assert_eq!(status, 0, "{refusal}");
            drop(reader);
        }
    }
}
