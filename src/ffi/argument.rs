//! Arguments from C and texts for C.

use std::ffi::{CStr, CString, c_char};

use crate::base::error::{Error, Result};

/// A text that must be there.
///
/// # Safety
///
/// `pointer` is NULL or a text that ends with a NUL and is not changed during
/// the call.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: as the caller says.
    unsafe { optional_text(pointer, name) }?
        .ok_or_else(|| Error::argument(format!("{name} is NULL")))
}

/// A text that may be NULL.
///
/// # Safety
///
/// As for [`text`].
pub(crate) unsafe fn optional_text<'a>(
    pointer: *const c_char,
    name: &str,
) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and for the rest as the caller says.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|error| {
        Error::argument(format!("{name} is not UTF-8 at byte {}", error.valid_up_to()))
    })
}

/// Stores a length where the caller wants one.
///
/// # Safety
///
/// `pointer` is NULL or may be written to.
pub(crate) unsafe fn store<T>(pointer: *mut T, value: T) {
    if !pointer.is_null() {
        // SAFETY: not NULL, and for the rest as the caller says.
        unsafe { pointer.write(value) };
    }
}

/// A text to lend to C; one with a NUL inside is cut there.
pub(crate) fn lent(text: &str) -> CString {
    let text = text.split('\0').next().unwrap_or_default();
    CString::new(text).unwrap_or_default()
}

/// Lends a text and its length.
///
/// # Safety
///
/// `len` is NULL or may be written to.
pub(crate) unsafe fn lend(text: Option<&CString>, len: *mut usize) -> *const c_char {
    // SAFETY: as the caller says.
    unsafe { store(len, text.map_or(0, |text| text.as_bytes().len())) };
    text.map_or(std::ptr::null(), |text| text.as_ptr())
}
