//! The functions for the application's event loop: a descriptor to wait for,
//! and the calls to make when it is readable.

use crate::client::options::patience;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, guard_or};
use crate::ffi::handle::borrow;
use crate::ffi::request::mcp_request;

/// Returns a descriptor on which an event loop can wait for the client.
///
/// `client`: keeps the descriptor open.  The number stays the same for the
/// client's whole life.
///
/// The descriptor is readable as long as mcp_client_dispatch() has something
/// to run or mcp_client_next_done() has a request to hand out.  It does not
/// matter which thread caused this, or what other threads do.  Wait for it
/// with poll, epoll, kqueue, libuv, GLib or similar.  Never read, write or
/// close it.
///
/// Returns -1 with the last error set if no descriptor is left:
/// MCP_E_INTERNAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_fd(client: *mut mcp_client) -> i32 {
    guard_or(-1, || {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.fd()
    })
}

/// Runs the handlers for everything that has arrived, and the callbacks of
/// mcp_request_set_done(), on this thread.
///
/// `milliseconds`: how long to wait if nothing has arrived.  0 does not wait;
/// a negative number is MCP_E_INVALID_ARGUMENT.
///
/// The function returns at once when a request is ready to be handed out by
/// mcp_client_next_done().  Messages that arrive while the function runs are
/// left for its next call.
///
/// Inside a handler of the same client this function runs no event handler
/// and no done callback: they stay queued, in order, until the handler has
/// returned.  Inside
/// a callback that gets or stores a credential it does not wait: it returns
/// MCP_E_STATE where it would have to.
///
/// Returns MCP_OK, also if nothing arrived; MCP_E_CLOSED once the client is
/// closed and all its requests were handed out; MCP_E_STATE; MCP_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_dispatch(client: *mut mcp_client, milliseconds: i64) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let patience = patience(milliseconds)?;
        client.inner.dispatch(patience)
    })
}

/// Hands out the next started request that is done; NULL if there is none.
///
/// `client`: the client of the requests, open or closed.
///
/// Returns a request that you own already: take its result with
/// mcp_request_take_result(), and free the request.
///
/// Call this function after mcp_client_dispatch(), until it returns NULL.
/// Each completed request is handed out once: by this function, or by the
/// mcp_request_wait() that returns its status.  A request with a done callback
/// is handed out by the callback only.  A request that is performed or started
/// again before it was handed out is not handed out for its earlier result.  A request that was in flight when the client was closed is handed
/// out, with the status MCP_E_CLOSED.
///
/// Only one thread may free a request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_next_done(client: *mut mcp_client) -> *mut mcp_request {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        while let Some(done) = client.inner.event_queue.next_done() {
            let handle: *mut mcp_request = done.handle.get().cast();
            // The application has freed this request: skip it.
            if !handle.is_null() {
                return Ok(handle);
            }
        }
        Ok(std::ptr::null_mut())
    })
}
