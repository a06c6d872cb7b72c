//! Handles: the only file that converts handles from pointers and to pointers.

use crate::base::error::{Error, Result, Status};
use crate::platform::process_id;

/// A handle that knows which process made it.
pub(crate) trait Handle {
    /// The id of the process that made the handle.
    fn pid(&self) -> u32;
}

/// Moves a value to C; C must return it to [`take`].
pub(crate) fn give<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Takes a value back from C, to free it; `None` for NULL.
///
/// # Safety
///
/// `pointer` is NULL or came from [`give`], and is not used again.
pub(crate) unsafe fn take<T>(pointer: *mut T) -> Option<Box<T>> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the caller guarantees that it came from `give` and is not used again.
    Some(unsafe { Box::from_raw(pointer) })
}

/// Borrows a handle for a call, and checks that it is not NULL and that this
/// process made it.
///
/// The reference is shared: several threads of the application may use one
/// handle, and locks inside it order their changes.
///
/// # Safety
///
/// `pointer` is NULL or came from [`give`], and is not freed during the call.
pub(crate) unsafe fn borrow<'a, T: Handle>(pointer: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: the caller guarantees it.
    let handle =
        unsafe { pointer.as_ref() }.ok_or_else(|| Error::argument(format!("{name} is NULL")))?;
    if handle.pid() != process_id() {
        return Err(Error::new(
            Status::Forked,
            format!("{name} was made by the parent of this process: make another after fork()"),
        ));
    }
    Ok(handle)
}

/// Borrows a value to read it; `None` for NULL.
///
/// # Safety
///
/// As for [`borrow`].
pub(crate) unsafe fn peek<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: the caller guarantees it.
    unsafe { pointer.as_ref() }
}

/// Borrows a value that only one thread at a time may use; `None` for NULL.
///
/// # Safety
///
/// `pointer` is NULL or came from [`give`], and no other thread uses it during
/// the call.
pub(crate) unsafe fn peek_mut<'a, T>(pointer: *mut T) -> Option<&'a mut T> {
    // SAFETY: the caller guarantees it.
    unsafe { pointer.as_mut() }
}
