//! The functions for the application's event loop: a descriptor to wait for,
//! and the calls to make when it is readable.

use std::ffi::c_void;
use std::sync::Arc;

use crate::client::WakeupHandler;
use crate::client::options::patience;
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, guard_or};
use crate::ffi::handle::borrow;
use crate::ffi::library::{NO_FD, mcp_fd};
use crate::ffi::request::mcp_request;

/// Returns a descriptor on which an event loop can wait for the client.
///
/// `client`: keeps the descriptor open.  The number stays the same for the
/// client's whole life.  NULL gives MCP_FD_NONE.
///
/// The descriptor is readable as long as mcp_client_dispatch() has something
/// to run, or mcp_client_next_done() has a request to hand out, or
/// mcp_client_wake() was called after the last dispatch.  It does not matter
/// which thread caused this, or what other threads do.  Wait for it with
/// poll, epoll, kqueue, libuv, GLib or similar.  Never read, write or close
/// it.  A loop that cannot wait for a descriptor uses
/// mcp_client_set_wakeup().
///
/// Returns MCP_FD_NONE with the last error set if no descriptor is left:
/// MCP_E_INTERNAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_fd(client: *mut mcp_client) -> mcp_fd {
    guard_or(NO_FD, || {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.fd()
    })
}

/// Tells the application's event loop that a client has something for it; see
/// mcp_client_set_wakeup().
///
/// `userdata`: the pointer that was set with the callback.
///
/// This is the only callback that runs on any thread, also on one of the
/// library, and that must not call the library.  It may only post to the
/// loop: set a flag, queue an event, write to a pipe.  It must not wait, and
/// must not take a lock that another thread holds while it is in a call that
/// waits.  The library holds no mutex of its own meanwhile.
pub type mcp_wakeup_fn = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// Sets the function that tells an event loop without descriptors, such as
/// that of a window system or a game, to call mcp_client_dispatch().
///
/// `callback`: called when the descriptor of mcp_client_fd() becomes
/// readable, on the thread that made it so.  NULL removes it.
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.  It never runs on a thread of the
/// library.
///
/// After the callback was called, the loop calls mcp_client_dispatch(client,
/// 0), and then mcp_client_next_done() until that returns NULL.  Then nothing
/// is lost: if a dispatch leaves something for the next one, the callback is
/// called again before it returns.  The callback may be called more often
/// than there is something to do, and on several threads at a time.  If there
/// is something already, this function calls it at once.
///
/// Replacing and removing the callback wait until the old one has returned on
/// every other thread.  So do not hold a lock that the callback takes.
/// Inside such a callback they do not wait.
///
/// mcp_client_free() removes the callback.
///
/// Errors: MCP_E_STATE for a callback on a closed client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_wakeup(
    client: *mut mcp_client,
    callback: mcp_wakeup_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.set_wakeup(callback.map(|callback| {
            Arc::new(move || {
                // SAFETY: the application set the function for this user data,
                // which lives as long as this closure.
                unsafe { callback(userdata.pointer()) };
            }) as Arc<WakeupHandler>
        }))
    })
}

/// Runs the handlers for everything that has arrived, and the callbacks of
/// mcp_request_set_done(), on this thread.
///
/// `milliseconds`: how long to wait if nothing has arrived.  0 does not wait.
///
/// The function returns at once when a request is ready to be handed out by
/// mcp_client_next_done().  Messages that arrive while the function runs are
/// left for its next call.
///
/// Inside a handler of the same client this function runs no event handler
/// and no done callback: they stay queued, in order, until the handler has
/// returned.  Inside a callback that gets or stores a credential it does not
/// wait: it returns MCP_E_STATE where it would have to.
///
/// Returns MCP_OK also if nothing arrived.
///
/// Errors: MCP_E_CLOSED once the client is closed and all its requests were
/// handed out; MCP_E_STATE inside such a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_dispatch(client: *mut mcp_client, milliseconds: i64) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let patience = patience(milliseconds)?;
        client.inner.dispatch(patience)
    })
}

/// Ends a mcp_client_dispatch() that waits on another thread.
///
/// `client`: not changed.
///
/// If no thread waits in mcp_client_dispatch(), the next one that would wait
/// returns at once.  Several calls before that count as one.  Until then the
/// descriptor of mcp_client_fd() is readable.  The function never waits; a
/// signal handler must not call it.
///
/// Errors: MCP_E_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_wake(client: *mut mcp_client) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.check_open()?;
        client.inner.event_queue.wake();
        Ok(())
    })
}

/// Sets whether handlers run in mcp_client_dispatch() alone, and not in other
/// calls that wait.
///
/// `on`: 1 for mcp_client_dispatch() alone; 0, which is the default, for every
/// call of this client that waits as well.
///
/// With 1, a handler runs only on a thread that calls mcp_client_dispatch().
/// This holds for notifications, progress, input requests, tokens and all
/// other callbacks of the client except mcp_wakeup_fn.  A call that waits
/// leaves them in the queue:
/// - Notifications and progress stay there until a dispatch.  Progress that
///   is still there when its call returns is dropped.
/// - A call that cannot go on without a handler, such as one for an input
///   request, a token or the browser, waits until another thread runs it in
///   mcp_client_dispatch().  On the thread that dispatches, such a call is
///   MCP_E_STATE.
///
/// The thread that dispatches is the one that last called
/// mcp_client_dispatch(), or this function.  mcp_request_wait() returns a
/// request that is done on every thread.
///
/// The setting holds for everything that arrives from now on.
///
/// Errors: MCP_E_STATE for a closed client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_dispatch_only(client: *mut mcp_client, on: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.set_dispatch_only(on != 0)
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
/// again before it was handed out is not handed out for its earlier result.  A
/// request that was in flight when the client was closed is handed out, with
/// the status MCP_E_CLOSED.
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
