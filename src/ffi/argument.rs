//! Conversion of arguments from C and of text for C.

use std::ffi::{CStr, CString, c_char};

use crate::base::error::{Error, Result, Status};

/// The most bytes that a callback returns to the library.
const MOST: usize = 1024 * 1024;

/// Reads the text that a callback returns: `len` bytes of UTF-8.
///
/// # Safety
///
/// `data` is NULL, or points to `len` bytes that no thread changes during the
/// call.
pub(crate) unsafe fn returned_text<'a>(
    data: *const c_char,
    len: usize,
    name: &str,
) -> Result<&'a str> {
    if data.is_null() {
        return Err(Error::argument(format!("{name} is NULL")));
    }
    if len > MOST {
        let what = format!("{name} has {len} bytes, more than {MOST}");
        return Err(Error::new(Status::TooLarge, what));
    }
    // SAFETY: not NULL; the caller guarantees the rest.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) };
    std::str::from_utf8(bytes).map_err(|error| {
        Error::argument(format!("{name} is not UTF-8 at byte {}", error.valid_up_to()))
    })
}

/// Reads a required text: NULL is an error.
///
/// # Safety
///
/// `pointer` is NULL, or points to a text that ends with a NUL and that no
/// thread changes during the call.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: the caller guarantees it.
    unsafe { optional_text(pointer, name) }?
        .ok_or_else(|| Error::argument(format!("{name} is NULL")))
}

/// Reads an optional text: NULL is `None`.
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
    // SAFETY: not NULL; the caller guarantees the rest.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|error| {
        Error::argument(format!("{name} is not UTF-8 at byte {}", error.valid_up_to()))
    })
}

/// Reads optional bytes: NULL is `None`. No memory has more than `isize::MAX`
/// bytes: a larger length was a negative number.
///
/// # Safety
///
/// `pointer` is NULL, or points to `len` bytes that no thread changes during
/// the call.
pub(crate) unsafe fn bytes<'a>(
    pointer: *const c_char,
    len: usize,
    name: &str,
) -> Result<Option<&'a [u8]>> {
    if pointer.is_null() {
        return Ok(None);
    }
    if isize::try_from(len).is_err() {
        return Err(Error::argument(format!("{name} has a negative length")));
    }
    // SAFETY: not NULL; the caller guarantees the rest.
    Ok(Some(unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), len) }))
}

/// Reads a required text of a known length.
///
/// # Safety
///
/// As for [`bytes`].
pub(crate) unsafe fn sized_text<'a>(
    pointer: *const c_char,
    len: usize,
    name: &str,
) -> Result<&'a str> {
    // SAFETY: the caller guarantees it.
    let bytes = unsafe { bytes(pointer, len, name) }?
        .ok_or_else(|| Error::argument(format!("{name} is NULL")))?;
    std::str::from_utf8(bytes).map_err(|error| {
        Error::argument(format!("{name} is not UTF-8 at byte {}", error.valid_up_to()))
    })
}

/// Stores a value through an out-parameter; NULL means that the caller does
/// not want it.
///
/// # Safety
///
/// `pointer` is NULL or points to writable memory.
pub(crate) unsafe fn store<T>(pointer: *mut T, value: T) {
    if !pointer.is_null() {
        // SAFETY: not NULL; the caller guarantees the rest.
        unsafe { pointer.write(value) };
    }
}

/// Makes a text for C. A text that contains a NUL ends there.
pub(crate) fn lent(text: &str) -> CString {
    let text = text.split('\0').next().unwrap_or_default();
    CString::new(text).unwrap_or_default()
}

/// Returns a borrowed pointer to a text, and stores its length.
///
/// # Safety
///
/// `len` is NULL or points to writable memory.
pub(crate) unsafe fn lend(text: Option<&CString>, len: *mut usize) -> *const c_char {
    // SAFETY: the caller guarantees it.
    unsafe { store(len, text.map_or(0, |text| text.as_bytes().len())) };
    text.map_or(std::ptr::null(), |text| text.as_ptr())
}
