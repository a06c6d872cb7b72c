//! The details of a failure.

use std::ffi::c_char;

use crate::base::error::Status;
use crate::ffi::argument::{lend, store, text};
use crate::ffi::guard::read_or;
use crate::ffi::handle::peek;
use crate::ffi::last_error::{mcp_error, with_last};

/// Gives the status code of an error, one of MCP_E_.
///
/// `error`: an error, or NULL for this thread's last one.  MCP_OK where there
/// was none yet.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_status(error: *const mcp_error) -> i32 {
    // SAFETY: the header asks for NULL or a live error.
    unsafe { read(error, Status::Ok as i32, |error| Some(error.error.status() as i32)) }
}

/// Says what went wrong and what to do about it, in one English sentence.
///
/// `error`: an error, or NULL for this thread's last one.  Returns UTF-8 text
/// on one line, never NULL; "" where there was no error.  It is borrowed:
/// valid until this thread's next failing call, or as long as `error` is.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_message(error: *const mcp_error) -> *const c_char {
    // SAFETY: the header asks for NULL or a live error.
    unsafe { read(error, c"".as_ptr(), |error| Some(error.message.as_ptr())) }
}

/// Gives the HTTP status, 0 where the server gave none.
///
/// `error`: an error, or NULL for this thread's last one.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_http_status(error: *const mcp_error) -> i32 {
    // SAFETY: the header asks for NULL or a live error.
    unsafe { read(error, 0, |error| Some(i32::from(error.error.http_status()))) }
}

/// Gives the JSON-RPC error code, such as -32602; 0 where there was none.
///
/// `error`: an error, or NULL for this thread's last one.  A few servers use
/// 0 as a code: the status is MCP_E_RPC then as well.
/// Threads: any.  Since: 0.1.0.  Spec: basic, error codes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_rpc_code(error: *const mcp_error) -> i32 {
    // SAFETY: the header asks for NULL or a live error.
    unsafe { read(error, 0, |error| error.error.rpc().map(|rpc| rpc.code)) }
}

/// Gives the `data` member of the JSON-RPC error as JSON text.
///
/// `error`: an error, or NULL for this thread's last one.  `len`, unless NULL,
/// receives the bytes without the terminating NUL.  Returns UTF-8 text;
/// borrowed like mcp_error_message().  Secrets that the server repeats in it
/// are masked.  NULL where there was none, or one of more than 1 MiB, or one
/// that may hide a secret: with escapes and more than 128 objects and arrays
/// inside each other, or no JSON any more once it is masked.
/// Threads: any.  Since: 0.1.0.  Spec: basic, responses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_data_json(
    error: *const mcp_error,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live error, and for NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read(error, std::ptr::null(), |error| Some(lend(error.data.as_ref(), len)))
    }
}

/// Gives a parameter of the server's Bearer challenge (WWW-Authenticate).
///
/// `error`: an error, or NULL for this thread's last one.  `name`: "realm",
/// "scope", "resource_metadata", "error", "error_description" or another, in
/// lower case.  Returns UTF-8 text as the server wrote it, NULL where it is
/// absent; borrowed like mcp_error_message().
/// Threads: any.  Since: 0.1.0.  Spec: authorization; RFC 6750, section 3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_challenge(
    error: *const mcp_error,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live error, and for a text.
    unsafe {
        read(error, std::ptr::null(), |error| {
            let wanted = text(name, "name").ok()?;
            let found = error.challenge.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_ptr())
        })
    }
}

/// Gives the milliseconds after which the server wants to be asked again
/// (Retry-After).
///
/// `error`: an error, or NULL for this thread's last one.  -1 where the server
/// did not say.
/// Threads: any.  Since: 0.1.0.  Spec: RFC 9110, 10.2.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_retry_after(error: *const mcp_error) -> i32 {
    // SAFETY: the header asks for NULL or a live error.
    unsafe {
        read(error, -1, |error| error.error.retry_after().and_then(|ms| i32::try_from(ms).ok()))
    }
}

/// Says if the server may have executed the request in spite of the error.
///
/// `error`: an error, or NULL for this thread's last one.  0: surely not,
/// asking again is safe.  1: perhaps.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_may_have_run(error: *const mcp_error) -> i32 {
    // SAFETY: the header asks for NULL or a live error.
    unsafe { read(error, 0, |error| Some(i32::from(error.error.may_have_run()))) }
}

/// Gives how a server's process ended, of MCP_E_PROCESS.
///
/// `error`: an error, or NULL for this thread's last one.  The exit status, 0
/// to 255; or 128 and the number of the signal that ended it; -1 where there
/// is none: the process runs, could not be started, or this program has
/// waited for it.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_error_exit_status(error: *const mcp_error) -> i32 {
    // SAFETY: the header asks for NULL or a live error.
    unsafe { read(error, -1, |error| error.error.exit_status()) }
}

/// Reads the error, or this thread's last one for NULL.
///
/// # Safety
///
/// `error` is NULL or alive.
unsafe fn read<T: Copy>(
    error: *const mcp_error,
    otherwise: T,
    get: impl FnOnce(&mcp_error) -> Option<T>,
) -> T {
    read_or(otherwise, || {
        // SAFETY: as the caller says.
        match unsafe { peek(error) } {
            Some(error) => get(error),
            None => with_last(get),
        }
    })
}
