//! What a client is and does now, without I/O, and the application's own pointer.

use std::ffi::{c_char, c_void};

use crate::base::error::{Error, Status};
use crate::client::options::interval;
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, guard_or, read_or};
use crate::ffi::handle::{borrow, give, peek};
use crate::ffi::result::mcp_result;

/// Returns the state of a client, one of MCP_STATE_.
///
/// `client`: NULL gives 0.
///
/// The function does no I/O and never waits.  When the state changes, the
/// handler of mcp_client_set_event_handler() gets MCP_EVENT_STATE.
///
/// The state of a server process or of an HTTP with SSE stream becomes
/// MCP_STATE_LOST when it ends, also between calls.  Streamable HTTP has no
/// connection that could end: there the state becomes MCP_STATE_LOST when a
/// request, a notification stream or mcp_client_set_keepalive() finds that
/// the session is lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_state(client: *const mcp_client) -> i32 {
    read_or(0, || {
        // SAFETY: the header requires NULL or a live client.
        Some(unsafe { peek(client) }?.inner.state() as i32)
    })
}

/// Returns the server info of the current session: what mcp_connect() gave.
///
/// Does no I/O.
///
/// Returns a result to free with mcp_result_free(), or NULL with the last
/// error set: MCP_E_STATE while the client is not connected; MCP_E_CLOSED.
///
/// Spec: initialize, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_new_server_result(client: *mut mcp_client) -> *mut mcp_result {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.check_open()?;
        let info = client.inner.current_server_info().ok_or_else(|| {
            Error::new(Status::State, "the client is not connected: connect it, or make a call")
        })?;
        Ok(give(mcp_result::from_server_info(info)))
    })
}

/// Returns the URL of the server's MCP endpoint, as it was given to
/// mcp_client_new() or written in a configuration.
///
/// `client`: NULL gives NULL.
///
/// Returns NULL for a client that does not reach its server by HTTP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_url(client: *const mcp_client) -> *const c_char {
    read_or(std::ptr::null(), || {
        // SAFETY: the header requires NULL or a live client.
        Some(unsafe { peek(client) }?.url.as_ref()?.as_ptr())
    })
}

/// Sets a pointer of the application that the client carries.
///
/// `userdata`: any pointer; the library does not use it.
/// `free_userdata`: see mcp_free_fn.
///
/// It replaces the pointer that was set before.  The library releases the
/// last one when the client is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_userdata(
    client: *mut mcp_client,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.set_userdata(userdata);
        Ok(())
    })
}

/// Returns the pointer of mcp_client_set_userdata().
///
/// `client`: NULL gives NULL.
///
/// Returns NULL if none was set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_userdata(client: *const mcp_client) -> *mut c_void {
    read_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or a live client.
        Some(unsafe { peek(client) }?.userdata())
    })
}

/// Pings a connection that is idle, so that the server and what is between
/// keep it open, and so that a server that no longer answers is found.
///
/// `milliseconds`: how long no request was sent, before the library sends a
/// ping; up to a quarter later.  0, which is the default, sends none.  More
/// than a day counts as a day.
///
/// The ping is sent on the background thread of the library, only while the
/// client is connected and no call is in progress.  It never makes the
/// library connect, sign in or run a callback for a token.  If the server
/// does not answer it within the time of mcp_client_set_timeout(), or no
/// longer knows the session, the session is lost: the state becomes
/// MCP_STATE_LOST, and the handler gets MCP_EVENT_STATE.  The next call
/// connects again.
///
/// Revisions up to 2025-11-25 have a ping.  From revision 2026-07-28 on there
/// is none, and no session that could be lost between calls: the library
/// sends nothing there.
///
/// The setting holds at once, and for later sessions.
///
/// Errors: MCP_E_STATE for a closed client; MCP_E_INTERNAL if the background
/// thread cannot be started.
///
/// Spec: ping.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_keepalive(
    client: *mut mcp_client,
    milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.set_keepalive(interval(milliseconds)?)
    })
}
