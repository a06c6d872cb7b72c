//! One request: its done callback, its cancellation, its headers, and what it
//! belongs to.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use crate::client::DoneHandler;
use crate::ffi::argument::{optional_text, text};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;
use crate::ffi::request::mcp_request;
use crate::ffi::view::{Lent, lend, read_value};

/// Receives a started request that is done; see mcp_request_set_done().
///
/// `userdata`: the pointer that was set with the callback.
/// `request`: read its status and take its result.  The callback may free the
/// request, or start it again.
pub type mcp_done_fn =
    Option<unsafe extern "C" fn(userdata: *mut c_void, request: *mut mcp_request)>;

/// Sets a callback that receives the request when it was started and is done.
///
/// `callback`: runs once for each successful mcp_request_start(), whatever the
/// status of the request is.  NULL removes it.
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// The callback hands out the request in place of mcp_client_next_done(),
/// which never returns a request that has a done callback.
/// mcp_request_wait() returns the status of such a request, and its callback
/// runs as well.  The callback does not run for mcp_request_perform().
///
/// The callback runs inside mcp_client_dispatch(), or inside a call of the
/// same client that waits, on any of the threads that are in such a function.
/// It never runs inside another callback of its client on the same thread: it
/// runs after that callback has returned.  It may make calls with the client,
/// and may start other requests and wait for them.  Done callbacks that
/// become due meanwhile run after it.
///
/// mcp_client_close() runs no done callback.  A later mcp_client_dispatch()
/// runs those of the requests that were in flight, with the status
/// MCP_E_CLOSED.  mcp_client_free() runs those that are left, on the thread
/// that calls it.
///
/// A request that is freed gets no callback any more.  If its callback is
/// running on another thread at that time, mcp_request_free() waits until it
/// returns, unless it is called inside a callback.  Do not hold a lock that
/// the callback takes.  If the callback frees its request, no other thread may
/// free a request that has been started: use mcp_request_cancel() there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_done(
    request: *mut mcp_request,
    callback: mcp_done_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        let handler = callback.map(|callback| {
            Arc::new(move |request: *mut c_void| {
                // SAFETY: the application passed the function for this user
                // data, and has not freed the request.
                unsafe { callback(userdata.pointer(), request.cast()) };
            }) as Arc<DoneHandler>
        });
        request.inner.set_done(handler)
    })
}

/// Ends a request that is in flight.  It completes as MCP_E_CANCELLED.
///
/// `request`: a request that was started, or that another thread performs.
///
/// The function does not wait.  The request is done soon afterwards, and is
/// handed out like other requests.  The library tells the server to stop, if
/// the protocol revision has a message for that.  Nothing is sent if the request
/// has not reached the server.  A cancelled request uses no descriptor.
///
/// Returns MCP_OK if the request will complete as MCP_E_CANCELLED, or as
/// MCP_E_CLOSED if the client is closed before that.  This is also so if the
/// request was cancelled before and is still in flight.  Returns MCP_E_STATE
/// if the request is not in flight, and if its result has arrived already: it
/// completes with that result.
///
/// The thread must know that the request is not freed meanwhile.  An
/// mcp_cancel does not have this condition, and a signal handler can fire it.
///
/// Threads: any, also while another thread uses the request.
/// Spec: cancellation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_cancel(request: *mut mcp_request) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        unsafe { borrow(request, "request") }?.inner.cancel()
    })
}

/// Sets an HTTP header that the library sends with this request.
///
/// `name`: a token of RFC 9110.  Upper and lower case are equal.  Copied.
/// `value`: as for mcp_client_set_header(); NULL removes the header from the
/// request.
///
/// The header replaces a header of the client that has the same name.  It is
/// sent with each HTTP request of this request: with each page of a list, when
/// the request is sent again, and when its response is resumed.  It is not
/// sent to connect, if this request is the first one of the client, and not
/// with a notification stream.
///
/// Errors: those of mcp_client_set_header(); MCP_E_UNSUPPORTED also for a
/// request that sends no message of its own: those of
/// mcp_request_new_connect(), _listen(), _sign_in(), _sign_out() and
/// _close().  If the header is Authorization, and the client has a token when
/// the request is performed or started, the request fails with
/// MCP_E_INVALID_ARGUMENT.
///
/// Spec: authorization, RFC 9110.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_header(
    request: *mut mcp_request,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request, and for texts.
        let (request, name, value) = unsafe {
            (borrow(request, "request")?, text(name, "name")?, optional_text(value, "value")?)
        };
        request.inner.set_header(name, value)
    })
}

/// Returns the client of a request; NULL after mcp_client_free().
///
/// `request`: NULL gives NULL.
///
/// The client is borrowed, and stays yours: it is the pointer that the request
/// was made with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_client(request: *const mcp_request) -> *mut mcp_client {
    // SAFETY: the header requires NULL or a live request.
    unsafe {
        read_value(request, std::ptr::null_mut(), |request| {
            Some(request.inner.client.handle.get().cast())
        })
    }
}

/// Returns the method of a request, such as "tools/call".
///
/// `request`: NULL gives NULL.
///
/// Returns UTF-8 text, valid as long as the request; never NULL for a valid
/// request.  A request that is not one message of the protocol has a name in
/// place of a method: "connect", "listen", "sign in", "sign out" or "close".
/// The method of the others is the same in each revision, for example
/// "resources/subscribe", "logging/setLevel" and "tasks/result".
///
/// Spec: basic, requests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_method(request: *const mcp_request) -> *const c_char {
    // SAFETY: the header requires NULL or a live request.
    unsafe {
        lend(request, |request| {
            Some(request.method.get_or_init(|| Lent::new(&request.inner.method())))
        })
    }
}
