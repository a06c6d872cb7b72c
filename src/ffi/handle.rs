//! Handles: the only place that turns pointers into references and back.

use crate::base::error::{Error, Result, Status};

/// What every handle can say of itself.
pub(crate) trait Handle {
    /// The process that made it.
    fn pid(&self) -> u32;
}

/// Gives a value to C, which has to give it back to [`take`].
pub(crate) fn give<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Takes a value back from C; `None` for NULL.
///
/// # Safety
///
/// `pointer` is NULL or came from [`give`], and is not used again.
pub(crate) unsafe fn take<T>(pointer: *mut T) -> Option<Box<T>> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the caller says that it came from `give` and is not used again.
    Some(unsafe { Box::from_raw(pointer) })
}

/// Borrows a handle for a call: not NULL, and made by this process.
///
/// Only shared references are made, so that two C threads in one handle are a
/// matter of locks.
///
/// # Safety
///
/// `pointer` is NULL or came from [`give`], and is not freed during the call.
pub(crate) unsafe fn borrow<'a, T: Handle>(pointer: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: as the caller says.
    let handle =
        unsafe { pointer.as_ref() }.ok_or_else(|| Error::argument(format!("{name} is NULL")))?;
    if handle.pid() != std::process::id() {
        return Err(Error::new(
            Status::Forked,
            format!("{name} was made by the parent of this process: make another after fork()"),
        ));
    }
    Ok(handle)
}

/// Borrows what is read only: `None` for NULL.
///
/// # Safety
///
/// As for [`borrow`].
pub(crate) unsafe fn peek<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: as the caller says.
    unsafe { pointer.as_ref() }
}

/// Borrows what one thread at a time may change: `None` for NULL.
///
/// # Safety
///
/// `pointer` is NULL or came from [`give`], and nothing else uses it during
/// the call.
pub(crate) unsafe fn peek_mut<'a, T>(pointer: *mut T) -> Option<&'a mut T> {
    // SAFETY: as the caller says.
    unsafe { pointer.as_mut() }
}
