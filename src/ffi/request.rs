//! Requests with options of their own, performed or started.

use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::base::error::{Error, Result, Status};
use crate::client::options::{milliseconds, patience};
use crate::client::request::Request;
use crate::client::{Operation, OperationResult};
use crate::ffi::argument::{optional_text, store};
use crate::ffi::cancel::mcp_cancel;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, guard_or, read_or};
use crate::ffi::handle::{Handle, borrow, give, peek, take};
use crate::ffi::last_error::mcp_error;
use crate::ffi::library::MCP_PENDING;
use crate::ffi::result::{hand_out, mcp_result};
use crate::ffi::view::Lent;
use crate::platform::process_id;

/// A REQUEST to the server, with options of its own.
///
/// Make it with one of the mcp_request_new functions, and set the options
/// that differ from those of the client.  Then call mcp_request_perform(),
/// which blocks, or mcp_request_start(), which returns at once.  After
/// mcp_request_start(), mcp_client_fd() becomes readable when there is
/// something to do, mcp_client_dispatch() does it, and mcp_client_next_done()
/// hands out the finished requests.
///
/// Each function that waits for the server has a request that does the same:
/// mcp_request_new() with a method, or one of the functions after it.
///
/// A request that is not in flight may be performed or started again, which
/// sends it again.  While a request is in flight its options cannot be
/// changed: MCP_E_STATE.  A started request uses no descriptor of its own;
/// see MCP_LIMIT_CONNECTIONS.  One thread at a time may use a request, except
/// that any thread may call mcp_request_status() and mcp_request_cancel(), and
/// fire the request's mcp_cancel.
///
/// A completed request is handed out once, by exactly one of these:
/// mcp_request_perform(), mcp_request_wait(), the callback of
/// mcp_request_set_done(), or mcp_client_next_done().  After
/// mcp_client_close() the requests that were in flight are handed out as
/// MCP_E_CLOSED.  After mcp_client_free() only mcp_request_wait() hands out a
/// request without a done callback.
#[derive(Debug)]
pub struct mcp_request {
    pid: u32,
    pub(crate) inner: Arc<Request>,
    error: Mutex<Option<Box<mcp_error>>>,
    userdata: AtomicPtr<c_void>,
    pub(crate) method: OnceLock<Lent>,
}

impl Handle for mcp_request {
    fn pid(&self) -> u32 {
        self.pid
    }
}

impl mcp_request {
    fn keep(&self, error: Option<Error>) {
        self.put_error(error.map(|error| Box::new(mcp_error::new(error))));
    }

    fn put_error(&self, error: Option<Box<mcp_error>>) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    fn take_error(&self) -> Option<Box<mcp_error>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The error of a run, which may come beside a result.
fn failure(result: &Result<OperationResult>) -> Option<Error> {
    match result {
        Ok(result) => result.mismatch().cloned(),
        Err(error) => Some(error.clone()),
    }
}

/// Makes a request handle.
///
/// # Safety
///
/// `client` is NULL or a live client, and the texts that `make` reads are valid.
pub(crate) unsafe fn new(
    client: *mut mcp_client,
    make: impl FnOnce() -> Result<Operation>,
) -> *mut mcp_request {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the caller guarantees it.
        let client = unsafe { borrow(client, "client") }?;
        let inner = Arc::new(Request::new(client.inner.clone(), make()?));
        let request = give(mcp_request {
            pid: process_id(),
            inner: inner.clone(),
            error: Mutex::default(),
            userdata: AtomicPtr::default(),
            method: OnceLock::new(),
        });
        inner.handle.set(request.cast());
        Ok(request)
    })
}

/// Releases a request.  A started request that is in flight ends.
///
/// `request`: a request that no thread is performing, and that you do not use
/// afterwards; or NULL.
///
/// The results of the request outlive it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_free(request: *mut mcp_request) {
    read_or((), || {
        // SAFETY: the header requires NULL or a request that is not used again.
        let request = unsafe { take(request) }?;
        if request.pid == process_id() {
            request.inner.abandon();
        }
        Some(())
    });
}

/// Sets the timeout of this request, in place of that of
/// mcp_client_set_timeout().
///
/// `milliseconds`: 1 or more.
///
/// Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_timeout(
    request: *mut mcp_request,
    milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let timeout = self::milliseconds(milliseconds)?;
        request.inner.change(|_, limits| {
            limits.timeout = Some(timeout);
            Ok(())
        })
    })
}

/// Sets the deadline of this request, in place of that of
/// mcp_client_set_deadline().
///
/// `milliseconds`: 1 or more.
///
/// Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_deadline(
    request: *mut mcp_request,
    milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let deadline = self::milliseconds(milliseconds)?;
        request.inner.change(|_, limits| {
            limits.deadline = Some(deadline);
            Ok(())
        })
    })
}

/// Sets the mcp_cancel that can end this request with MCP_E_CANCELLED.
///
/// `cancel`: the request keeps a reference, so that you may free the cancel.
/// If it has been fired already, the request ends at once.  NULL removes it.
///
/// Spec: cancellation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_cancel(
    request: *mut mcp_request,
    cancel: *mut mcp_cancel,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let signal = if cancel.is_null() {
            None
        } else {
            // SAFETY: the header requires NULL or a live cancel.
            Some(unsafe { borrow(cancel, "cancel") }?.inner.clone())
        };
        request.inner.change(|_, limits| {
            limits.cancel = signal;
            Ok(())
        })
    })
}

/// Adds the members of a JSON object to the _meta of the request.
///
/// `json`: a JSON object as UTF-8 text, copied; NULL removes the members.
///
/// The members replace those of an earlier call of this function, and those
/// of a _meta in the parameters.  They also replace the members of
/// mcp_client_set_meta_json() with the same names.  Names that the protocol
/// itself uses are refused.  The members "traceparent", "tracestate" and
/// "baggage" are refused if they do not conform to W3C Trace Context.
///
/// Errors: MCP_E_INVALID_ARGUMENT also for a request that sends no message
/// of the application.
///
/// Spec: basic, _meta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_meta_json(
    request: *mut mcp_request,
    json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request, and for a text.
        let (request, json) =
            unsafe { (borrow(request, "request")?, optional_text(json, "json")?) };
        request.inner.change(|operation, _| operation.set_meta(json))
    })
}

/// Sets whether the library may send the request again after a broken
/// connection, although the server may have executed it.
///
/// `repeatable`: 1 or 0.  Default: 1 for methods that are safe to repeat,
/// such as those that only read, and for the tools that
/// MCP_ALLOW_REPEAT_TOOLS allows; 0 for others.
///
/// Errors: MCP_E_INVALID_ARGUMENT also for a request that calls no method.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_repeatable(
    request: *mut mcp_request,
    repeatable: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        request.inner.change(|operation, limits| {
            operation.call("repetition")?;
            limits.is_repeatable = Some(repeatable != 0);
            Ok(())
        })
    })
}

/// Sets whether a request for a list collects all pages, as mcp_list_tools()
/// does, or only the one page that its parameters name.
///
/// `all`: 1 or 0.  Default: 0.
///
/// It applies to the methods "tools/list", "resources/list",
/// "resources/templates/list", "prompts/list", "skills/list" and
/// "tasks/list", whether the request is performed or started.  The request
/// gives one result, as mcp_list_tools() does, with the same limits:
/// MCP_LIMIT_PAGES and MCP_LIMIT_ITEMS.  The timeout restarts with each page.
/// The deadline applies to the whole list.
///
/// Errors: MCP_E_INVALID_ARGUMENT for another method, and for parameters with
/// a "cursor".
///
/// Spec: pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_all_pages(request: *mut mcp_request, all: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        request.inner.set_all_pages(all != 0)
    })
}

/// Stores a pointer of the application with the request.
///
/// `request`: may be NULL.
/// `userdata`: any pointer.  The library neither uses nor releases it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_userdata(
    request: *mut mcp_request,
    userdata: *mut c_void,
) {
    // SAFETY: the header requires NULL or a live request.
    if let Some(request) = unsafe { peek(request) } {
        request.userdata.store(userdata, Ordering::Release);
    }
}

/// Returns the pointer of mcp_request_set_userdata(); NULL if none was set.
///
/// `request`: NULL gives NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_userdata(request: *const mcp_request) -> *mut c_void {
    // SAFETY: the header requires NULL or a live request.
    let request = unsafe { peek(request) };
    request.map_or(std::ptr::null_mut(), |request| request.userdata.load(Ordering::Acquire))
}

/// Sends the request and waits on this thread until it is done.
///
/// `out`, unless NULL, receives the result, to free with mcp_result_free();
/// NULL on failure, and for a request that has no result.  After MCP_E_SCHEMA
/// it is the result: see mcp_call_tool().
///
/// Handlers of the client run on this thread during the wait.  If the
/// connection is lost after a byte of the request may have reached the
/// server, the library sends the request again only if it is safe to repeat;
/// see mcp_request_set_repeatable().  Otherwise the function returns
/// MCP_E_IO, and mcp_error_may_have_run() returns 1.
///
/// Errors: call errors; MCP_E_STATE if the request is in flight.
///
/// Spec: basic, requests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_perform(
    request: *mut mcp_request,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let result = request.inner.perform();
        match &result {
            // The request is in flight: its error belongs to that flight.
            Err(error) if error.status() == Status::State => {}
            other => request.keep(failure(other)),
        }
        // SAFETY: the header requires NULL or a place to write to.
        unsafe { hand_out(result?, out) }
    })
}

/// Starts the request and returns without waiting for the network.
///
/// `request`: any number of requests may be in flight on one client.  A request
/// that could not be started is not handed out: free it.
///
/// The request is done only after mcp_client_dispatch(), mcp_request_wait() or
/// another call of this client that waits.  mcp_client_fd() shows when to
/// dispatch, and mcp_client_next_done() returns the request.
///
/// Errors: MCP_E_STATE if the request is in flight; MCP_E_CLOSED;
/// MCP_E_INTERNAL if no descriptor or thread is left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_start(request: *mut mcp_request) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        // Once the request has started, another thread may free the handle.
        let inner = request.inner.clone();
        let before = request.take_error();
        inner.start().inspect_err(|_| request.put_error(before))
    })
}

/// Returns MCP_PENDING while a request is in flight, and its status once it
/// is done.
///
/// `request`: NULL gives MCP_E_INVALID_ARGUMENT.
///
/// Returns MCP_E_STATE if the request was not started.  The function does not
/// change the last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_status(request: *const mcp_request) -> i32 {
    read_or(Status::InvalidArgument as i32, || {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { peek(request) }?;
        Some(request.inner.status().map_or(MCP_PENDING, |status| status as i32))
    })
}

/// Waits for a started request, and dispatches during the wait.
///
/// `milliseconds`: the longest wait.  0 does not wait.
///
/// Returns the status of the request, or MCP_PENDING if the time ends first.
/// A status that is an error is also the last error of this thread.
///
/// Errors: MCP_E_STATE if the request was not started, or inside a callback
/// that gets or stores a credential.
///
/// A request whose status this function has returned is handed out:
/// mcp_client_next_done() does not return it again.  A request with a done
/// callback is handed out by the callback: see mcp_request_set_done().  The
/// callback may free the request during the wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_wait(request: *mut mcp_request, milliseconds: i64) -> i32 {
    let mut waited = None;
    let status = guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        // The done callback may free the handle during the wait.
        let inner = request.inner.clone();
        let patience = patience(milliseconds)?;
        waited = Some(inner.client.await_request(&inner, patience)?);
        match inner.error() {
            Some(error) if waited.flatten().is_some() => Err(error),
            _ => Ok(()),
        }
    });
    match waited {
        Some(None) => MCP_PENDING,
        Some(Some(status)) => status as i32,
        None => status,
    }
}

/// Hands out the result of a started request that is done, once.
///
/// `out`, unless NULL, receives the result, to free with mcp_result_free();
/// NULL on failure, and for a request that has no result.
///
/// Returns the status of the request, and makes its error the last error of
/// this thread.  With MCP_E_SCHEMA, `*out` is the result all the same: see
/// mcp_call_tool().
///
/// Errors: MCP_E_NOT_FOUND if the result was taken before; MCP_E_STATE if the
/// request is in flight or was not started.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_take_result(
    request: *mut mcp_request,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let result = request.inner.take_result()?;
        // SAFETY: the header requires NULL or a place to write to.
        unsafe { hand_out(result, out) }
    })
}

/// Returns why the request failed when it was last performed or started.
///
/// `request`: NULL gives NULL.
///
/// Returns an error for mcp_error_message() and the other mcp_error_
/// functions; NULL if the request did not fail.  It is borrowed: valid until
/// the request is performed or started again, or freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_error(request: *const mcp_request) -> *const mcp_error {
    read_or(std::ptr::null(), || {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { peek(request) }?;
        let mut kept = request.error.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = request.inner.error().map(|error| Box::new(mcp_error::new(error)));
        }
        kept.as_deref().map(std::ptr::from_ref)
    })
}
