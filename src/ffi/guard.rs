//! What stands around the body of every exported function.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::error::{Error, Result, Status};
use crate::base::sys::Uncancelled;
use crate::ffi::callback::Call;
use crate::ffi::last_error::set_last;

/// Runs the body of a function that returns a status.
///
/// No panic leaves it: unwinding into C is undefined. `AssertUnwindSafe` is
/// honest, because what a body can leave half done is behind locks whose
/// holders swap values whole. Nor does pthread_cancel() end the thread inside,
/// which would unwind as well.
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

/// Runs the body of a function that makes something: `otherwise` on failure.
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

/// Runs the body of a function that reads, and has no way to fail but NULL.
pub(crate) fn read_or<T>(otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    let _uncancelled = Uncancelled::begin();
    let _call = Call::begin();
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Some(value)) => value,
        _ => otherwise,
    }
}

fn caught<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    silence_panics();
    // Ends before the last error is set, which a function that releases user
    // data may set as well.
    let _call = Call::begin();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        // The payload is not shown: it may quote what the program passed in.
        Err(Error::new(Status::Internal, "a bug in libmcpclient; please report it"))
    })
}

/// Keeps a panic from being printed: the program's standard error is not
/// ours. The shared library has a Rust runtime of its own, so that this hook
/// is nobody else's.
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
