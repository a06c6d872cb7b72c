//! The text that a callback returns to the library.

use std::cell::RefCell;
use std::ffi::c_char;

use zeroize::Zeroizing;

use crate::base::error::{Error, Status};
use crate::ffi::guard::guard;
use crate::ffi::handle::peek;

/// A TEXT SINK that the library lends to a callback which must return text.
/// Write to it with mcp_text_set() before the callback returns.  The library
/// keeps a copy of the text, and overwrites the copy when it releases it.
#[derive(Debug, Default)]
pub struct mcp_text {
    text: RefCell<Option<Zeroizing<String>>>,
}

impl mcp_text {
    /// Takes the text that the callback has set.
    pub(crate) fn take(&self) -> Option<Zeroizing<String>> {
        self.text.take()
    }
}

/// Sets the text that a callback returns.
///
/// `text`: the sink that the callback was given.
/// `data`: `len` bytes of UTF-8, copied.  No NUL is needed at the end.
///
/// If the callback calls this function several times, the last text counts.
///
/// Errors: MCP_E_INVALID_ARGUMENT; MCP_E_TOO_LARGE for more than 1 MiB.
///
/// Threads: that of the callback, until the callback returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_text_set(text: *mut mcp_text, data: *const c_char, len: usize) -> i32 {
    const MOST: usize = 1024 * 1024;
    guard(|| {
        // SAFETY: the header requires NULL or a sink that the library lent.
        let sink = unsafe { peek(text) }.ok_or_else(|| Error::argument("text is NULL"))?;
        if data.is_null() {
            return Err(Error::argument("data is NULL"));
        }
        if len > MOST {
            return Err(Error::new(
                Status::TooLarge,
                format!("data has {len} bytes, more than {MOST}"),
            ));
        }
        // SAFETY: not NULL, and the header requires `len` readable bytes.
        let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Error::argument(format!("data is not UTF-8 at byte {}", error.valid_up_to()))
        })?;
        *sink.text.borrow_mut() = Some(Zeroizing::new(text.to_owned()));
        Ok(())
    })
}
