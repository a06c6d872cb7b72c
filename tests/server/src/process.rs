//! What the process does to itself: the only system calls that std lacks.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::time::Duration;

/// A standard descriptor as it is, without a buffer; it stays open.
pub(crate) fn descriptor(number: i32) -> ManuallyDrop<File> {
    // SAFETY: nothing else owns the three descriptors, and this does not
    // close them.
    ManuallyDrop::new(unsafe { File::from_raw_fd(number) })
}

pub(crate) fn close(number: i32) {
    // SAFETY: whoever reads or writes it afterwards gets an error, no more.
    unsafe { libc::close(number) };
}

/// Has the end of a connection be a reset.
pub(crate) fn reset(socket: i32) -> bool {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = std::mem::size_of_val(&linger) as libc::socklen_t;
    // SAFETY: an option of that type and size.
    let set = unsafe {
        let value = (&raw const linger).cast();
        libc::setsockopt(socket, libc::SOL_SOCKET, libc::SO_LINGER, value, size)
    };
    set == 0
}

/// Whether there is something to read, or nothing ever again.
pub(crate) fn is_readable(number: i32, limit: Duration) -> bool {
    let mut one = libc::pollfd { fd: number, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, as is said.
    unsafe { libc::poll(&mut one, 1, limit.as_millis() as i32) > 0 }
}

fn sigterm() -> libc::sigset_t {
    // SAFETY: a set is plain numbers, and emptied before it is used.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGTERM);
        set
    }
}

/// For this thread and all that it starts; before there are others.
pub(crate) fn block_sigterm() {
    // SAFETY: the set is whole.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &sigterm(), std::ptr::null_mut()) };
}

/// Waits for the signal that was blocked.
pub(crate) fn await_sigterm() {
    let mut signal = 0;
    // SAFETY: the set is whole, and the number has a place.
    unsafe { libc::sigwait(&sigterm(), &mut signal) };
}

/// Ends as the signal would have it.
pub(crate) fn die_of(signal: i32) -> ! {
    // SAFETY: plain numbers; a core file is of no use to anybody.
    unsafe {
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::setrlimit(libc::RLIMIT_CORE, &none);
        libc::signal(signal, libc::SIG_DFL);
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
        libc::raise(signal);
    }
    // It did not end the process: a number that is no such signal.
    std::process::exit(4)
}
