//! Wrappers around the body of every exported function.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::error::{Error, Result, Status};
use crate::ffi::callback::{CallScope, has_dropped};
use crate::ffi::last_error::set_last;
use crate::platform::Uncancelled;

/// Runs the body of a function that returns a status.
///
/// A panic never leaves it, because unwinding into C is undefined.
/// `AssertUnwindSafe` is sound: state that a panic could leave half changed is
/// behind locks, and their holders replace values as a whole. pthread_cancel()
/// would unwind as well, so cancellation is disabled meanwhile.
pub(crate) fn guard(body: impl FnOnce() -> Result<()>) -> i32 {
    let _uncancelled = Uncancelled::begin();
    match caught(body) {
        Ok(()) => Status::Ok as i32,
        Err(error) => {
            let status = error.status() as i32;
            set_last(error);
            status
        }
    }
}

/// Runs the body of a function that returns a value, and `otherwise` on
/// failure.
pub(crate) fn guard_or<T>(otherwise: T, body: impl FnOnce() -> Result<T>) -> T {
    let _uncancelled = Uncancelled::begin();
    match caught(body) {
        Ok(value) => value,
        Err(error) => {
            set_last(error);
            otherwise
        }
    }
}

/// Runs the body of a function that reads or frees: it sets no error, and
/// returns `otherwise` for NULL.
pub(crate) fn read_or<T>(otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    let _uncancelled = Uncancelled::begin();
    let _call = CallScope::begin();
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Some(value)) => value,
        _ => otherwise,
    }
}

/// The same for a getter that only reads memory, without a call scope and with
/// cancellation as it is. The application calls such getters very often.
///
/// The body must drop nothing that has user data or a descriptor, write no log,
/// and run no code of the application, so that nothing is left to do at its end.
/// It must reach no cancellation point of POSIX. To allocate, to free, and to
/// wait for another thread that makes the same text are none: that wait is a
/// futex on Linux, and a semaphore of Mach on macOS. To make the first hash table of
/// a thread is one: see [`uncancelled`].
#[inline(always)]
pub(crate) fn read_memory_or<T>(otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    if has_dropped() {
        // Every function of the library releases user data that waits for it.
        release_now();
    }
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Some(value)) => value,
        _ => otherwise,
    }
}

/// Makes what a getter of memory keeps, with cancellation disabled. A hash table
/// asks the system for random numbers, and getrandom() of glibc is a cancellation
/// point.
pub(crate) fn uncancelled<T>(make: impl FnOnce() -> T) -> T {
    let _uncancelled = Uncancelled::begin();
    make()
}

/// Releases the user data that threads of the library have dropped.
#[cold]
fn release_now() {
    read_or((), || None);
}

fn caught<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    silence_panics();
    // The scope ends before the caller sets the last error: the free functions
    // that run at its end may make calls, which set the last error too.
    let _call = CallScope::begin();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        // The message omits the payload: it may quote arguments of the application.
        Err(Error::new(Status::Internal, "a bug in libmcpclient; please report it"))
    })
}

/// Prevents that a panic is printed: the application owns standard error.  The
/// shared library has its own copy of the Rust runtime, so the hook affects no
/// other code.
#[cfg(not(test))]
fn silence_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

#[cfg(test)]
fn silence_panics() {}

#[cfg(test)]
mod tests {
    use std::ffi::c_void;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::ffi::callback::UserData;

    #[test]
    fn a_getter_of_memory_releases_the_user_data_that_waits() {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        unsafe extern "C" fn count(_: *mut c_void) {
            COUNTER.fetch_add(1, Ordering::SeqCst);
        }
        let dropped = || drop(UserData::new(std::ptr::null_mut(), Some(count)));
        std::thread::spawn(dropped).join().unwrap();
        // A test on another thread may release it, and be about to.
        while COUNTER.load(Ordering::SeqCst) == 0 {
            assert_eq!(read_memory_or(1, || Some(2)), 2);
        }
        assert_eq!(read_memory_or(1, || None), 1);
        let panics = || read_memory_or(1, || std::panic::resume_unwind(Box::new("")));
        assert_eq!(panics(), 1);
    }

    #[test]
    fn turns_a_panic_into_a_status() {
        let status = guard(|| {
            std::panic::resume_unwind(Box::new("secret"));
        });
        assert_eq!(status, Status::Internal as i32);
    }
}
