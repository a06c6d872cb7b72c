//! The progress of a request.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use crate::client::request::ProgressHandler;
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::guard::guard;
use crate::ffi::handle::{borrow, peek};
use crate::ffi::request::mcp_request;
use crate::ffi::view::{Lent, lend};

/// THE PROGRESS of a request, as the server reports it.
///
/// The callback of mcp_request_set_progress() receives it.  It is valid until
/// the callback returns, and so is everything that the functions below
/// return.
#[derive(Debug)]
pub struct mcp_progress {
    value: f64,
    total: Option<f64>,
    message: Option<Lent>,
}

impl mcp_progress {
    pub(crate) fn new(value: f64, total: Option<f64>, message: Option<&str>) -> Self {
        Self { value, total, message: message.map(Lent::new) }
    }
}

/// Receives the progress of a request; see mcp_request_set_progress().
///
/// `userdata`: the pointer that was set with the callback.
/// `request`: the request; NULL for a call that has no request.
/// `progress`: what the server reports.
pub type mcp_progress_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        request: *mut mcp_request,
        progress: *const mcp_progress,
    ),
>;

/// Sets a callback for progress, and asks the server for progress
/// notifications.  For "tools/call" the library always asks for them.
///
/// `callback`: runs when a progress notification arrives, on the thread that
/// performs the request or that dispatches.  NULL removes it.
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// Each progress notification restarts the timeout of the request.
///
/// The callback is not called after the request is done, was freed, or has
/// another callback.  The library discards progress notifications that arrive
/// later.  If the callback is running on another thread at that time, the
/// library waits for it: do not hold a lock that the callback takes.  If the
/// request is in flight, a new callback gets the progress only after the
/// request is performed or started again.
///
/// Errors: MCP_E_INVALID_ARGUMENT also for a request that calls no method;
/// MCP_E_STATE for a callback when the client is closed.
///
/// Spec: progress.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_progress(
    request: *mut mcp_request,
    callback: mcp_progress_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let address = request.inner.handle.clone();
        let report = callback.map(|callback| {
            Arc::new(move |value, total: Option<f64>, message: Option<&str>| {
                let progress = mcp_progress::new(value, total, message);
                // SAFETY: the application passed the function for this user
                // data. The report outlives the call.
                unsafe { callback(userdata.pointer(), address.get().cast(), &raw const progress) };
            }) as Arc<ProgressHandler>
        });
        request.inner.set_report(report)
    })
}

/// Returns how far the request is.  The value increases with each report.
///
/// `progress`: NULL gives 0.
///
/// Spec: progress, progress.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_progress_value(progress: *const mcp_progress) -> f64 {
    // No guard, here and below: a number is copied, so that nothing panics, waits
    // or is dropped. A callback asks for it a hundred thousand times.
    // SAFETY: the header requires NULL or a live report.
    unsafe { peek(progress) }.map_or(0.0, |it| it.value)
}

/// Returns the value at which the request is done.
///
/// `progress`: NULL gives -1.
///
/// Returns -1 if the server sent none or another type.
///
/// Spec: progress, total.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_progress_total(progress: *const mcp_progress) -> f64 {
    // SAFETY: the header requires NULL or a live report.
    unsafe { peek(progress) }.and_then(|it| it.total).unwrap_or(-1.0)
}

/// Returns a text about the progress, for the person.
///
/// `progress`: NULL gives NULL.
///
/// Returns NULL if the server sent none or another type.
///
/// Spec: progress, message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_progress_message(progress: *const mcp_progress) -> *const c_char {
    // SAFETY: the header requires NULL or a live report.
    unsafe { lend(progress, |it| it.message.as_ref()) }
}
