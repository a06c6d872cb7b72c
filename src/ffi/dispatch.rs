//! The program's event loop: one descriptor, and what there is to do when it
//! is readable.

use std::sync::atomic::Ordering;

use crate::client::options::patience;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, guard_or};
use crate::ffi::handle::borrow;
use crate::ffi::request::mcp_request;

/// Gives a descriptor that is readable as long as mcp_client_dispatch() has
/// something to run, or mcp_client_next_done() something to hand out: whoever
/// has put it there, and whatever other threads do.
///
/// `client`: keeps it open.  For poll, epoll, kqueue, libuv, GLib and the
/// like: only wait on it, never read, write or close it.  It is the same for
/// the client's whole life.
///
/// Returns -1 with the last error set when none is left: MCP_E_INTERNAL.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_fd(client: *mut mcp_client) -> i32 {
    guard_or(-1, || {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.fd()
    })
}

/// Runs the handlers for all that has arrived, on this thread.
///
/// `milliseconds`: how long to wait when there is nothing; 0 does not wait,
/// and less is MCP_E_INVALID_ARGUMENT.  It returns at once when a request is
/// to be handed out.
///
/// What comes while it runs is for the next call.  Inside a handler of this
/// client it runs no event handler: those events stay in order until the
/// handler has returned.  Inside a callback that gets or keeps a credential it
/// does not wait: MCP_E_STATE.
///
/// Returns MCP_OK, also when nothing came; MCP_E_CLOSED once the client is
/// closed and all its requests were handed out; MCP_E_STATE, MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_dispatch(client: *mut mcp_client, milliseconds: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let patience = patience(milliseconds)?;
        client.inner.dispatch(patience)
    })
}

/// Hands out a started request that is done, each once, after
/// mcp_client_dispatch(); NULL when there is no more.
///
/// `client`: whose requests they are, open or closed.  The request is yours as
/// before: take its result and free it.
///
/// A completed request is handed out once: here, or by the mcp_request_wait()
/// that tells its status, or by mcp_request_perform().  What was in flight
/// when the client was closed is handed out as MCP_E_CLOSED.
/// Threads: any, of which one frees its requests.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_next_done(client: *mut mcp_client) -> *mut mcp_request {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        while let Some(done) = client.inner.event_queue.next_done() {
            let handle: *mut mcp_request = done.handle.load(Ordering::Acquire).cast();
            // One whose handle was freed is nobody's any more.
            if !handle.is_null() {
                return Ok(handle);
            }
        }
        Ok(std::ptr::null_mut())
    })
}
