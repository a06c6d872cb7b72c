//! The functions that read the details of an error.

use std::ffi::c_char;

use crate::base::error::Status;
use crate::ffi::argument::{lend, store, text};
use crate::ffi::guard::read_or;
use crate::ffi::handle::{give, peek, take};
use crate::ffi::last_error::{mcp_error, with_last};

/// Returns the status code of an error, one of MCP_E_.
///
/// `error`: an error, or NULL for the last error of this thread.
///
/// Returns MCP_OK if there is no error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_status(error: *const mcp_error) -> i32 {
    // SAFETY: the header requires NULL or a live error.
    unsafe { read(error, Status::Ok as i32, |error| Some(error.error.status() as i32)) }
}

/// Returns one English sentence that says what went wrong and what to do
/// about it.
///
/// `error`: an error, or NULL for the last error of this thread.
///
/// Returns UTF-8 text on one line; "" if there is no error; never NULL.  The
/// text is borrowed.  It is valid as long as `error`, or for NULL until the
/// next failing function on this thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_message(error: *const mcp_error) -> *const c_char {
    // SAFETY: the header requires NULL or a live error.
    unsafe { read(error, c"".as_ptr(), |error| Some(error.message.as_ptr())) }
}

/// Returns the HTTP status of the server's response; 0 if there is none.
///
/// `error`: an error, or NULL for the last error of this thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_http_status(error: *const mcp_error) -> i32 {
    // SAFETY: the header requires NULL or a live error.
    unsafe { read(error, 0, |error| Some(i32::from(error.error.http_status()))) }
}

/// Returns the JSON-RPC error code, such as -32602; 0 if there is none.
///
/// `error`: an error, or NULL for the last error of this thread.
///
/// A few servers use the code 0.  The status of such an error is MCP_E_RPC.
/// The code is also 0 if the server's code is missing, or is not a whole
/// number of 32 bits; then mcp_error_data_json() has the whole error.
///
/// Spec: basic, error codes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_rpc_code(error: *const mcp_error) -> i32 {
    // SAFETY: the header requires NULL or a live error.
    unsafe { read(error, 0, |error| error.error.rpc().map(|rpc| rpc.code)) }
}

/// Returns the member `message` of the JSON-RPC error that the server sent, as
/// the server wrote it.
///
/// `error`: an error, or NULL for the last error of this thread.
///
/// mcp_error_message() says the same for a person: on one line, cut, and with
/// advice.  This text is for a program that passes the error on.
///
/// Returns UTF-8 text, borrowed as for mcp_error_message().  Secrets that the
/// server repeated in it are masked.  Returns NULL if the error is not one
/// that the server sent as a JSON-RPC error, and for a text of more than 1
/// MiB.
///
/// Spec: basic, responses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_rpc_message(error: *const mcp_error) -> *const c_char {
    // SAFETY: the header requires NULL or a live error.
    unsafe {
        read(error, std::ptr::null(), |error| {
            error.rpc_message.as_ref().map(|message| message.as_ptr())
        })
    }
}

/// Returns the member `data` of the JSON-RPC error as JSON text.
///
/// `error`: an error, or NULL for the last error of this thread.
///
/// Some servers send an error of another shape, for example a text, or a code
/// that is no number.  Then the function returns the whole error as the server
/// sent it.
///
/// Returns UTF-8 text, borrowed as for mcp_error_message().  Secrets that the
/// server repeated in it are masked.  Returns NULL if there is no such
/// member, if it has more than 1 MiB, or if it may hide a secret.  It may
/// hide a secret if it has escapes and more than 128 levels of nested objects
/// and arrays, or if it is no longer valid JSON after the masking.
///
/// Spec: basic, responses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_data_json(
    error: *const mcp_error,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live error, and for NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read(error, std::ptr::null(), |error| Some(lend(error.data.as_ref(), len)))
    }
}

/// Returns a parameter of the server's Bearer challenge (WWW-Authenticate).
///
/// `error`: an error, or NULL for the last error of this thread.
/// `name`: the parameter in lower case: "realm", "scope",
/// "resource_metadata", "error", "error_description" or another.  NULL gives
/// NULL.
///
/// Returns UTF-8 text as the server wrote it; NULL if the parameter is
/// absent.  The text is borrowed as for mcp_error_message().
///
/// Spec: authorization; RFC 6750, section 3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_challenge(
    error: *const mcp_error,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live error, and for a text.
    unsafe {
        read(error, std::ptr::null(), |error| {
            let wanted = text(name, "name").ok()?;
            let found = error.challenge.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_ptr())
        })
    }
}

/// Returns the time in milliseconds after which the server allows another try
/// (Retry-After).
///
/// `error`: an error, or NULL for the last error of this thread.
///
/// Returns -1 if the server did not send a time.
///
/// Spec: RFC 9110, 10.2.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_retry_after(error: *const mcp_error) -> i64 {
    // SAFETY: the header requires NULL or a live error.
    unsafe { read(error, -1, |error| error.error.retry_after().map(i64::from)) }
}

/// Returns whether the server may have executed the request despite the
/// error.
///
/// `error`: an error, or NULL for the last error of this thread.
///
/// Returns 0 if the server certainly has not executed it, so that it is safe
/// to repeat the request; 1 if the server may have executed it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_may_have_run(error: *const mcp_error) -> i32 {
    // SAFETY: the header requires NULL or a live error.
    unsafe { read(error, 0, |error| Some(i32::from(error.error.may_have_run()))) }
}

/// Returns how a server process ended, for MCP_E_PROCESS.
///
/// `error`: an error, or NULL for the last error of this thread.
///
/// Returns the exit status, 0 to 255, or 128 plus the number of the signal
/// that ended the process.  Returns -1 if there is no exit status: the
/// process is running, or could not be started, or the application itself has
/// waited for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_exit_status(error: *const mcp_error) -> i32 {
    // SAFETY: the header requires NULL or a live error.
    unsafe { read(error, -1, |error| error.error.exit_status()) }
}

/// Copies an error, to keep it.
///
/// `error`: an error, or NULL for the last error of this thread.
///
/// Returns a handle to free with mcp_error_free(); NULL if there is no error.
/// The functions of this chapter read it as they read other errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_copy(error: *const mcp_error) -> *mut mcp_error {
    // SAFETY: the header requires NULL or a live error.
    unsafe { read(error, std::ptr::null_mut(), |error| Some(give(error.clone()))) }
}

/// Releases an error that mcp_error_copy() returned.
///
/// `error`: such an error, which is not used again, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_free(error: *mut mcp_error) {
    read_or((), || {
        // SAFETY: the header requires NULL or a copy that is not used again.
        drop(unsafe { take(error) });
        Some(())
    });
}

/// Reads an error; NULL means the last error of this thread.
///
/// # Safety
///
/// `error` is NULL or a live error.
unsafe fn read<T: Copy>(
    error: *const mcp_error,
    otherwise: T,
    get: impl FnOnce(&mcp_error) -> Option<T>,
) -> T {
    read_or(otherwise, || {
        // SAFETY: the caller guarantees it.
        match unsafe { peek(error) } {
            Some(error) => get(error),
            None => with_last(get),
        }
    })
}
