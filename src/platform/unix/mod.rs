//! The few system calls that the standard library and socket2 lack.
//!
//! With `ffi` the only place with `unsafe`.

#![allow(unsafe_code, reason = "system calls; each block says why it is sound")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

pub(crate) use libc::{POLLIN, POLLOUT};

/// What to wait for on one descriptor, and what was found.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Poll(libc::pollfd);

impl Poll {
    pub(crate) fn new(fd: RawFd, events: i16) -> Self {
        Self(libc::pollfd { fd, events, revents: 0 })
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.0.revents != 0
    }

    pub(crate) fn has(&self, event: i16) -> bool {
        self.0.revents & event != 0
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.fd
    }

    pub(crate) fn wants(&self, event: i16) -> bool {
        self.0.events & event != 0
    }
}

/// Waits until one of `entries` is ready or the time is over; says how many
/// are. An interrupting signal counts as none.
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

/// A descriptor that is readable from a ring until it is hushed.
///
/// To ring it is one `write`, hence allowed in a signal handler.
#[derive(Debug)]
pub(crate) struct Bell {
    read: OwnedFd,
    /// `None` where one descriptor does both.
    write: Option<OwnedFd>,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        let (read, write) = descriptors()?;
        Ok(Self { read, write })
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.read.as_raw_fd()
    }

    pub(crate) fn ring(&self) {
        self.lasting().ring();
    }

    pub(crate) fn hush(&self) {
        self.lasting().hush();
    }

    /// The same bell as one that is never closed.
    pub(crate) fn keep(self) -> LastingBell {
        let lasting = self.lasting();
        std::mem::forget(self);
        lasting
    }

    fn lasting(&self) -> LastingBell {
        let write = self.write.as_ref().unwrap_or(&self.read).as_raw_fd();
        LastingBell { read: self.fd(), write }
    }
}

/// A bell whose descriptors stay open as long as the process: whoever rings it
/// too late wakes somebody without a reason, and writes into nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastingBell {
    read: RawFd,
    write: RawFd,
}

impl LastingBell {
    pub(crate) fn fd(self) -> RawFd {
        self.read
    }

    pub(crate) fn ring(self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight readable bytes; a number that is no open descriptor
        // gives EBADF. The result does not matter: a full descriptor is
        // readable already.
        let _ = unsafe { libc::write(self.write, one.as_ptr().cast(), one.len()) };
    }

    pub(crate) fn hush(self) {
        let mut bytes = [0u8; 64];
        // SAFETY: writable bytes and a non-blocking descriptor.
        let _ = unsafe { libc::read(self.read, bytes.as_mut_ptr().cast(), bytes.len()) };
    }

    /// As a number that is not 0, for an atomic.
    pub(crate) fn packed(self) -> u64 {
        u64::from(self.read.cast_unsigned()) << 32 | u64::from(self.write.cast_unsigned())
    }

    /// Of a number that [`Self::packed`] gave; `None` for 0.
    pub(crate) fn unpacked(packed: u64) -> Option<Self> {
        let half = |bits: u64| (bits as u32).cast_signed();
        (packed != 0).then(|| Self { read: half(packed >> 32), write: half(packed) })
    }
}

/// A descriptor that is watched for the length of one wait.
#[derive(Debug)]
pub(crate) struct Watched(
    RawFd,
    #[allow(dead_code, reason = "closed with the watch")] Option<OwnedFd>,
);

impl AsRawFd for Watched {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

/// Watches a descriptor on the background thread.
pub(crate) fn watch(entry: &Poll, interest: Interest) -> io::Result<AsyncFd<Watched>> {
    let begin = |watched| {
        // SAFETY: who waits keeps the descriptor's owner borrowed until it has
        // waited, and with it this watch has ended.
        let watch = unsafe { AsyncFd::register_with_interest(watched, interest) };
        watch.map_err(io::Error::from)
    };
    match begin(Watched(entry.0.fd, None)) {
        // Somebody else waits for it already; the system tells descriptors
        // apart by their numbers.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let own = duplicate(entry.0.fd)?;
            begin(Watched(own.as_raw_fd(), Some(own)))
        }
        result => result,
    }
}

/// Watches a lasting bell on the background thread.
pub(crate) fn watch_bell(bell: LastingBell) -> io::Result<AsyncFd<Watched>> {
    // SAFETY: the descriptor stays open as long as the process.
    let watch =
        unsafe { AsyncFd::register_with_interest(Watched(bell.fd(), None), Interest::READABLE) };
    watch.map_err(io::Error::from)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn descriptors() -> io::Result<(OwnedFd, Option<OwnedFd>)> {
    // SAFETY: takes two numbers; the descriptor it gives is nobody's yet.
    unsafe {
        let fd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok((OwnedFd::from_raw_fd(fd), None)) }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn descriptors() -> io::Result<(OwnedFd, Option<OwnedFd>)> {
    let mut pair = [0; 2];
    // SAFETY: `pair` has room for the two descriptors, which are nobody's yet.
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

/// What each process has for itself.
///
/// A thread of the parent may hold a lock at the moment of a fork, which stays
/// held in the child for ever: there is no such thread. So the child begins
/// with a new value, and leaves the old one alone.
#[derive(Debug)]
pub(crate) struct PerProcess<T>(AtomicPtr<Own<T>>);

#[derive(Debug)]
struct Own<T> {
    pid: u32,
    value: T,
    /// That of the parent, which nobody looks at: so no tool takes it for lost.
    _before: AtomicPtr<Own<T>>,
}

impl<T: Default + Sync + 'static> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    pub(crate) fn get(&self) -> &'static T {
        let pid = std::process::id();
        loop {
            let current = self.0.load(Ordering::Acquire);
            // SAFETY: NULL, or from a box that was leaked below.
            if let Some(own) = unsafe { current.as_ref() }
                && own.pid == pid
            {
                return &own.value;
            }
            let before = AtomicPtr::new(current);
            let new = Box::into_raw(Box::new(Own { pid, value: T::default(), _before: before }));
            let swapped =
                self.0.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire);
            if swapped.is_err() {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
            }
        }
    }
}

/// Overwrites bytes that held a secret, in a way that the compiler keeps.
///
/// What [`zeroize`] does a byte at a time, for the buffer of every request.
#[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd"))]
pub(crate) fn wipe(bytes: &mut [u8]) {
    // SAFETY: the slice gives a valid pointer and its length.
    unsafe { libc::explicit_bzero(bytes.as_mut_ptr().cast(), bytes.len()) };
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd")))]
pub(crate) fn wipe(bytes: &mut [u8]) {
    zeroize::Zeroize::zeroize(bytes);
}

/// Duplicates a descriptor that belongs to the program.
pub(crate) fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is not negative, and the borrow ends with this call;
    // a descriptor that is not open gives EBADF.
    unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()
}

/// Writes what can be written at once, without SIGPIPE reaching the program;
/// says if all was written.
pub(crate) fn write_at_once(fd: &OwnedFd, bytes: &[u8]) -> bool {
    let mut ready = [Poll::new(fd.as_raw_fd(), POLLOUT)];
    if !matches!(poll(&mut ready, Duration::ZERO), Ok(1)) {
        return false;
    }
    matches!(write(fd, bytes), Ok(count) if count == bytes.len())
}

/// Writes to a descriptor of any kind without SIGPIPE reaching the program.
pub(crate) fn write(fd: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    without_sigpipe(|| {
        // SAFETY: the slice gives a valid pointer and its length.
        let written = unsafe { libc::write(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
        usize::try_from(written).map_err(|_| io::Error::last_os_error())
    })
}

/// Reads from a descriptor of any kind.
pub(crate) fn read(fd: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the slice gives a valid pointer and its length.
    let count = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Has reads and writes give `WouldBlock` rather than wait.
pub(crate) fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: reads and changes the flags of a descriptor that is owned.
    unsafe {
        let flags = libc::fcntl(fd.as_raw_fd(), libc::F_GETFL);
        if flags < 0 || libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Takes over a descriptor that the program gives away.
pub(crate) fn adopt(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: only asks for the flags; a number that is no open descriptor
    // gives EBADF.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    if flags < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: sets the flags of an open descriptor, which is the library's
    // from here on, as the header asks.
    unsafe {
        libc::fcntl(fd, libc::F_SETFD, flags | libc::FD_CLOEXEC);
        Ok(OwnedFd::from_raw_fd(fd))
    }
}

/// Locks a file for this open one alone, if no other has it locked; says if
/// it could. The system unlocks it when the process ends in any way.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    // SAFETY: takes two numbers; the descriptor is open.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
        _ => Err(error),
    }
}

/// Unlocks a file, also for the child of a fork that has it open still.
pub(crate) fn unlock(file: &File) {
    // SAFETY: takes two numbers; the descriptor is open.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_UN) };
}

/// The user whose files this process makes.
pub(crate) fn user() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// Has a command begin in a process group of its own, with no descriptor but
/// its standard ones.
pub(crate) fn isolate(command: &mut Command) {
    command.process_group(0);
    // SAFETY: between fork and exec only system calls are made, without
    // memory being asked for and without a lock.
    unsafe { command.pre_exec(|| take_no_signals_along().and_then(|()| close_others_on_exec())) };
}

/// What this thread holds back, or this program ignores, is no business of
/// another program: on the background thread that is all.
fn take_no_signals_along() -> io::Result<()> {
    // SAFETY: the set is valid for both calls; in the child of a fork there
    // is this thread alone.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        if libc::pthread_sigmask(libc::SIG_SETMASK, &none, std::ptr::null_mut()) != 0 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        for signal in 1..65 {
            // Those that cannot be changed are an error that does not matter.
            libc::signal(signal, libc::SIG_DFL);
        }
    }
    Ok(())
}

/// Marked and not closed: the standard library tells its parent through a
/// descriptor of its own whether exec succeeded.
fn close_others_on_exec() -> io::Result<()> {
    const FIRST: libc::c_int = 3;
    #[cfg(target_os = "linux")]
    {
        const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
        // SAFETY: takes three numbers.
        let done = unsafe {
            libc::syscall(
                libc::SYS_close_range,
                FIRST as libc::c_uint,
                libc::c_uint::MAX,
                CLOSE_RANGE_CLOEXEC,
            )
        };
        if done == 0 {
            return Ok(());
        }
    }
    // SAFETY: takes numbers; one that is no open descriptor is an error that
    // does not matter.
    unsafe {
        let most = libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 65_536) as libc::c_int;
        for fd in FIRST..most {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
    Ok(())
}

/// Sends a signal to a child that was not waited for yet, and to all of its
/// group.
pub(crate) fn signal_group(leader: u32, signal: libc::c_int) {
    let Ok(group) = libc::pid_t::try_from(leader) else { return };
    // SAFETY: takes two numbers. The group is the child's own: its number is
    // not given away before the child was waited for.
    unsafe { libc::kill(-group, signal) };
}

/// Whether anybody is in a group of processes. Those of it that have ended and
/// whose parent this process has become, as the first one of a container does,
/// are waited for.
pub(crate) fn is_group(leader: u32) -> bool {
    let Ok(group) = libc::pid_t::try_from(leader) else { return false };
    // SAFETY: both take numbers, and the first NULL for what is not wanted.
    unsafe {
        while libc::waitpid(-group, std::ptr::null_mut(), libc::WNOHANG) > 0 {}
        libc::kill(-group, 0) == 0
    }
}

/// How a child has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Status(i32),
    Signal(i32),
}

impl Exit {
    /// In one number, as a shell has it: 128 more than that of a signal.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Status(status) => status,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// How a child has ended, which leaves it to be waited for; nothing for one
/// that runs. One that is not there any more was waited for by the program
/// itself: the inner `None`.
pub(crate) fn exit_status(child: u32) -> Option<Option<Exit>> {
    // SAFETY: the structure is valid for the call, which has filled it in
    // where it has the number of a signal.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        if libc::waitid(libc::P_PID, child as libc::id_t, &mut info, flags) < 0 {
            return Some(None);
        }
        match (info.si_signo, info.si_code) {
            (libc::SIGCHLD, libc::CLD_EXITED) => Some(Some(Exit::Status(info.si_status()))),
            (libc::SIGCHLD, _) => Some(Some(Exit::Signal(info.si_status()))),
            _ => None,
        }
    }
}

/// A descriptor that becomes readable when a child ends, where the system has
/// such a thing.
#[cfg(target_os = "linux")]
pub(crate) fn watch_child(child: u32) -> Option<OwnedFd> {
    // SAFETY: takes two numbers; the descriptor it gives is nobody's yet.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, child as libc::pid_t, 0);
        RawFd::try_from(fd).ok().filter(|fd| *fd >= 0).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn watch_child(_child: u32) -> Option<OwnedFd> {
    None
}

/// Runs the whole work of a thread of the library's: no signal of the program
/// is handled on it.
pub(crate) fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: the set is valid for both calls, which change the mask of this
    // thread alone.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, std::ptr::null_mut());
    }
    work()
}

/// Keeps pthread_cancel() from ending this thread: glibc ends it by unwinding,
/// which must not go through Rust. Dropped, it puts back what was before.
///
/// Both calls may be made in a signal handler (POSIX.1-2024).
#[derive(Debug)]
pub(crate) struct Uncancelled(libc::c_int);

impl Uncancelled {
    pub(crate) fn begin() -> Self {
        Self(set_cancelable(PTHREAD_CANCEL_DISABLE))
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        set_cancelable(self.0);
    }
}

#[cfg(target_vendor = "apple")]
const PTHREAD_CANCEL_DISABLE: libc::c_int = 0;
#[cfg(not(target_vendor = "apple"))]
const PTHREAD_CANCEL_DISABLE: libc::c_int = 1;

/// Says what was before.
#[cfg(not(target_os = "android"))]
fn set_cancelable(state: libc::c_int) -> libc::c_int {
    unsafe extern "C" {
        // The crate libc lacks it.
        fn pthread_setcancelstate(state: libc::c_int, old: *mut libc::c_int) -> libc::c_int;
    }
    let mut old = state;
    // SAFETY: the system's function, as POSIX declares it; `old` is valid for
    // the call.
    unsafe { pthread_setcancelstate(state, &mut old) };
    old
}

/// The system has no pthread_cancel().
#[cfg(target_os = "android")]
fn set_cancelable(state: libc::c_int) -> libc::c_int {
    state
}

/// Runs a write with SIGPIPE held back in this thread, and takes away one
/// that came of it.
fn without_sigpipe(work: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
    // SAFETY: all three sets are valid for their calls, which change the mask
    // of this thread alone; the old mask is put back before returning.
    unsafe {
        let mut pipe: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        let mut pending: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut pipe);
        libc::sigaddset(&mut pipe, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &pipe, &mut old);
        // Only one that the program itself holds back can be pending before.
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

    fn is_readable(fd: RawFd) -> bool {
        poll(&mut [Poll::new(fd, POLLIN)], Duration::ZERO).unwrap() == 1
    }

    #[test]
    fn is_readable_from_a_ring_until_it_is_hushed() {
        let bell = Bell::new().unwrap();
        assert!(!is_readable(bell.fd()));
        bell.ring();
        bell.ring();
        assert!(is_readable(bell.fd()));
        bell.hush();
        assert!(!is_readable(bell.fd()));
    }

    #[test]
    fn goes_through_an_atomic() {
        let bell = Bell::new().unwrap().keep();
        let same = LastingBell::unpacked(bell.packed()).unwrap();
        same.ring();
        assert!(is_readable(bell.fd()) && LastingBell::unpacked(0).is_none());
        bell.hush();
        assert!(!is_readable(same.fd()));
    }

    #[test]
    fn wipes_every_byte() {
        let mut bytes = *b"secret";
        wipe(&mut bytes);
        assert_eq!(bytes, [0; 6]);
    }

    #[test]
    fn survives_a_write_to_a_pipe_that_nobody_reads() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        // The test harness ignores SIGPIPE; take that back for this process's
        // default, so that a stray one would end the test.
        // SAFETY: sets the default disposition of one signal.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        assert!(!write_at_once(&OwnedFd::from(writer), b"x"));
    }
}
