//! Requests with options of their own.

use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::error::{Error, Result, Status};
use crate::client::call::Limits;
use crate::client::options::milliseconds;
use crate::client::{Answer, Call, Client};
use crate::ffi::argument::{optional_text, store, text};
use crate::ffi::cancel::mcp_cancel;
use crate::ffi::client::mcp_client;
use crate::ffi::error::mcp_error;
use crate::ffi::guard::{guard, guard_or, read_or};
use crate::ffi::handle::{Handle, borrow, give, peek, take};
use crate::ffi::result::mcp_result;

/// ONE REQUEST, with options of its own.
///
/// Make it with mcp_request_new(), set what differs from the client's
/// options, then mcp_request_perform(), which blocks.  It may be performed
/// again, which sends it anew.  One thread at a time uses it, except that any
/// thread may fire its mcp_cancel.
#[derive(Debug)]
pub struct mcp_request {
    pid: u32,
    client: Arc<Client>,
    call: Call,
    limits: Mutex<Limits>,
    error: Mutex<Option<Box<mcp_error>>>,
    is_in_flight: AtomicBool,
}

impl Handle for mcp_request {
    fn pid(&self) -> u32 {
        self.pid
    }
}

impl mcp_request {
    fn perform(&self) -> Result<Answer> {
        if self.is_in_flight.swap(true, Ordering::AcqRel) {
            return Err(Error::new(Status::State, "request is being performed by another thread"));
        }
        let _landing = Landing(&self.is_in_flight);
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.client.perform(&self.call, &limits).inspect_err(|error| {
            let kept = Box::new(mcp_error::new(error.clone()));
            *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        })
    }

    fn set(&self, change: impl FnOnce(&mut Limits)) {
        change(&mut self.limits.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Ends the flight also when a panic does.
struct Landing<'a>(&'a AtomicBool);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Makes a request of any method, this library's or a newer one's.
///
/// `client`: the client that will send it, which the request keeps alive.
/// `method`: such as "ping" or "tools/list", printable ASCII.  `params_json`:
/// a JSON object as UTF-8 text, or NULL; what the protocol itself puts into it
/// (_meta) is added.  Both are copied.  A request of "ping" is whatever
/// mcp_ping() sends.
///
/// Returns a handle to free with mcp_request_free(), or NULL with the last
/// error set: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.  No I/O is done.
/// Threads: any.  Since: 0.1.0.  Spec: basic, requests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new(
    client: *mut mcp_client,
    method: *const c_char,
    params_json: *const c_char,
) -> *mut mcp_request {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header asks for NULL or a live client, and for texts.
        let (client, method, params) = unsafe {
            (
                borrow(client, "client")?,
                text(method, "method")?,
                optional_text(params_json, "params_json")?,
            )
        };
        Ok(give(mcp_request {
            pid: std::process::id(),
            client: client.inner.clone(),
            call: Call::new(method, params)?,
            limits: Mutex::default(),
            error: Mutex::default(),
            is_in_flight: AtomicBool::new(false),
        }))
    })
}

/// Releases the request; results that it gave outlive it.
///
/// `request`: a request that no thread performs and that is not used again,
/// or NULL.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_free(request: *mut mcp_request) {
    read_or((), || {
        // SAFETY: the header asks for NULL or a request that is not used again.
        drop(unsafe { take(request) });
        Some(())
    });
}

/// Sets this request's timeout, in place of the client's; see
/// mcp_client_set_timeout().
///
/// `milliseconds`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT,
/// MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.  Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_timeout(
    request: *mut mcp_request,
    milliseconds: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let timeout = self::milliseconds(milliseconds)?;
        request.set(|limits| limits.timeout = Some(timeout));
        Ok(())
    })
}

/// Lets an mcp_cancel end this request with MCP_E_CANCELLED.
///
/// `cancel`: the request keeps a reference, so that it may be freed.  One that
/// has been fired already ends the request at once.  NULL takes it away.
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.  Spec: cancellation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_cancel(
    request: *mut mcp_request,
    cancel: *mut mcp_cancel,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let signal = if cancel.is_null() {
            None
        } else {
            // SAFETY: the header asks for NULL or a live cancel.
            Some(unsafe { borrow(cancel, "cancel") }?.signal.clone())
        };
        request.set(|limits| limits.cancel = signal);
        Ok(())
    })
}

/// Sends the request and waits for its end, on this thread.
///
/// `out`, unless NULL, receives the result, to free with mcp_result_free(), or
/// NULL on failure.  A call of which a byte may have reached the server is not
/// sent again after a lost connection, unless its method only reads: MCP_E_IO,
/// and mcp_error_may_have_run() is 1.
///
/// Returns MCP_OK or a status: call errors; MCP_E_STATE when another thread
/// performs it.
/// Threads: one at a time.  Since: 0.1.0.  Spec: basic, requests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_perform(
    request: *mut mcp_request,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let answer = request.perform()?;
        if !out.is_null() {
            // SAFETY: not NULL, a place to write to.
            unsafe { store(out, give(mcp_result::from_answer(&answer))) };
        }
        Ok(())
    })
}

/// Gives why the request failed when it was last performed: what
/// mcp_error_message() and its neighbours read.
///
/// NULL when it did not fail, or for a NULL `request`.  Borrowed: valid until
/// the request is performed again or freed.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_error(request: *const mcp_request) -> *const mcp_error {
    read_or(std::ptr::null(), || {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { peek(request) }?;
        let error = request.error.lock().unwrap_or_else(PoisonError::into_inner);
        error.as_deref().map(std::ptr::from_ref)
    })
}
