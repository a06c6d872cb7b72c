//! Wrappers around the body of every exported function.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::error::{Error, Result, Status};
use crate::ffi::callback::CallScope;
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

/// Runs the body of a function that only reads: it sets no error, and returns
/// `otherwise` for NULL.
pub(crate) fn read_or<T>(otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    let _uncancelled = Uncancelled::begin();
    let _call = CallScope::begin();
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Some(value)) => value,
        _ => otherwise,
    }
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
    use super::*;

    #[test]
    fn turns_a_panic_into_a_status() {
        let status = guard(|| {
            std::panic::resume_unwind(Box::new("secret"));
        });
        assert_eq!(status, Status::Internal as i32);
    }
}
