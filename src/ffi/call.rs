//! Calls of the protocol.

use crate::client::call::Limits;
use crate::ffi::argument::store;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::{borrow, give};
use crate::ffi::result::mcp_result;

/// Connects and negotiates, if that is not done yet, and tells who the server
/// is.
///
/// `out`, unless NULL, receives the introduction, to free with
/// mcp_result_free(), or NULL on failure: mcp_result_server_name() and its
/// neighbours.  No other call needs this one first.
///
/// Returns MCP_OK or a status: call errors.  Waits at most
/// mcp_client_set_timeout().
/// Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_connect(client: *mut mcp_client, out: *mut *mut mcp_result) -> i32 {
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let introduction = client.inner.connect(&Limits::default())?;
        if !out.is_null() {
            // SAFETY: not NULL, a place to write to.
            unsafe { store(out, give(mcp_result::from_introduction(introduction))) };
        }
        Ok(())
    })
}

/// Asks the server for a sign of life, with the credentials of any other
/// request.
///
/// Connects first where that is needed.  Sends "ping" up to revision
/// 2025-11-25; later ones have none, and "server/discover" takes its place.
///
/// Returns MCP_OK or a status: call errors.  Waits at most
/// mcp_client_set_timeout().
/// Threads: any.  Since: 0.1.0.  Spec: ping, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_ping(client: *mut mcp_client) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.ping(&Limits::default())
    })
}
