//! Signals and cancellation of threads.

/// Runs the work of one of the library's threads with all signals blocked, so
/// that the application's signal handlers never run on it.
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

/// Disables pthread_cancel() for this thread until it is dropped: glibc ends
/// a cancelled thread by unwinding, which must not pass through Rust.
///
/// Both calls are allowed in a signal handler (POSIX.1-2024).
#[derive(Debug)]
pub(crate) struct Uncancelled(libc::c_int);

impl Uncancelled {
    pub(crate) fn begin() -> Self {
        Self(set_cancel_state(PTHREAD_CANCEL_DISABLE))
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        set_cancel_state(self.0);
    }
}

#[cfg(target_vendor = "apple")]
const PTHREAD_CANCEL_DISABLE: libc::c_int = 0;
#[cfg(not(target_vendor = "apple"))]
const PTHREAD_CANCEL_DISABLE: libc::c_int = 1;

/// Returns the state before.
#[cfg(not(target_os = "android"))]
fn set_cancel_state(state: libc::c_int) -> libc::c_int {
    unsafe extern "C" {
        // The libc crate does not declare it.
        fn pthread_setcancelstate(state: libc::c_int, old: *mut libc::c_int) -> libc::c_int;
    }
    let mut old = state;
    // SAFETY: the system's function, as POSIX declares it. `old` is valid for
    // the call.
    unsafe { pthread_setcancelstate(state, &mut old) };
    old
}

/// Android has no pthread_cancel().
#[cfg(target_os = "android")]
fn set_cancel_state(state: libc::c_int) -> libc::c_int {
    state
}
