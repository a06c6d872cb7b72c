//! Limits on the duration of calls and on what a server may send.

use crate::base::error::Error;
use crate::client::Counter;
use crate::client::settings::Limit;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, read_or};
use crate::ffi::handle::{borrow, peek};

/// Sets how long a call waits for the response of the server.
/// Default: 60000.
///
/// `milliseconds`: 1 or more; there is no endless wait.
///
/// The time includes connecting.  A progress notification for the request
/// restarts the timeout, up to the limit of mcp_client_set_deadline().  The
/// timeout is paused while an input request that belongs to the call is open;
/// see mcp_input.  A call that exceeds its timeout returns MCP_E_TIMEOUT.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.  Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_timeout(client: *mut mcp_client, milliseconds: i64) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_timeout(milliseconds)
    })
}

/// Sets how long name resolution, connecting, a proxy and TLS may take
/// together.  Default: 10000.
///
/// `milliseconds`: 1 or more.
///
/// A call that exceeds it returns MCP_E_CONNECT.  For a server process, it
/// shortens the wait for the response to the library's first request,
/// server/discover, which is at most 2.5 s and half of the call's time.  If
/// there is no response by then, the library also sends the older handshake,
/// initialize, and uses the response that comes first.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_connect_timeout(
    client: *mut mcp_client,
    milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_connect_timeout(milliseconds)
    })
}

/// Sets how long a call may take at most, including every restart of its
/// timeout by progress notifications.  Default: 3600000, which is an hour.
///
/// `milliseconds`: 1 or more.  If it is shorter than the timeout, the
/// deadline is as long as the timeout.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.  Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_deadline(
    client: *mut mcp_client,
    milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_deadline(milliseconds)
    })
}

/// Sets how long an input request may stay unanswered.  After that time the
/// library answers it with "cancel".  Default: 600000, which is ten minutes.
///
/// `milliseconds`: 1 or more.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for input requests that arrive later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_input_timeout(
    client: *mut mcp_client,
    milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_input_timeout(milliseconds)
    })
}

/// Sets how long mcp_client_close() and mcp_client_free() may wait for the
/// server to accept the end of the session, and for a server process to end.
///
/// `milliseconds`: 0 or more.  Default: 500 for a server that is reached by
/// HTTP, 7000 for a server process.
///
/// 0 means no wait: the library does not end the session at the server, and
/// kills the server process with its process group.  The kill itself takes a
/// moment, at most a tenth of a second.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for a close that begins later.
/// Spec: transports, session management; lifecycle, shutdown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_close_timeout(
    client: *mut mcp_client,
    milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_close_timeout(milliseconds)
    })
}

/// Sets one of the limits that protect the application from its server, and
/// the machine from the application.
///
/// `limit`: one of MCP_LIMIT_.
/// `value`: 1 or more; for MCP_LIMIT_CACHE also 0.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_limit(
    client: *mut mcp_client,
    limit: i32,
    value: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let known = Limit::ALL.into_iter().find(|known| *known as i32 == limit);
        let limit = known.ok_or_else(|| Error::argument("limit is not one of MCP_LIMIT_"))?;
        client.inner.set_limit(limit, value)
    })
}

/// Sets the largest size of a message from the server.  A larger one is
/// MCP_E_TOO_LARGE.  Default: 67108864, which is 64 MiB.
///
/// `bytes`: 1 or more.
///
/// A list counts as one message, with all its pages.  The library skips a
/// longer line from a server process: the call that the line would have
/// answered fails, and other calls continue.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_max_message_size(
    client: *mut mcp_client,
    bytes: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_max_message_size(bytes)
    })
}

/// Sets how many pages a list may have.  A longer list is MCP_E_TOO_LARGE.
/// Default: 1000.
///
/// `pages`: 1 to INT32_MAX.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.  Spec: pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_max_pages(client: *mut mcp_client, pages: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_max_pages(pages)
    })
}

/// Sets how many items a list may have.  A longer list is MCP_E_TOO_LARGE.
/// Default: 1000000.
///
/// `items`: 1 to INT32_MAX.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.  Spec: pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_max_items(client: *mut mcp_client, items: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_max_items(items)
    })
}

/// Sets how many messages a server may send in the stream of a call before
/// its response.  With more the call is MCP_E_TOO_LARGE.  Default: 1000000.
///
/// `events`: 1 to INT32_MAX.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_max_events(client: *mut mcp_client, events: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_max_events(events)
    })
}

/// Sets how many bytes of responses the library may cache.  Default: 4 MiB.
///
/// `bytes`: 0 turns the cache off, so that every call asks the server.
///
/// From revision 2026-07-28 on, a server may declare that a response stays
/// fresh for some time.  The library then answers calls for fresh lists and
/// resources from its cache, without a request.  A notification that a list
/// or a resource has changed removes it from the cache; it must arrive
/// through mcp_listen() or mcp_subscribe_resource().  A response for one
/// token is never returned for another token, unless the server declares the
/// response public.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: at any time.  Spec: caching.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_cache_size(client: *mut mcp_client, bytes: usize) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.cache.set_limit(bytes);
        Ok(())
    })
}

/// Sets whether the library may send a tool call again after a broken
/// connection, although the server may have executed it.
///
/// `allow`: 1 allows it for tools that declare that they only read
/// (readOnlyHint), or that calling them twice has the same effect as calling
/// them once (idempotentHint).  The library knows this only for tools in a
/// list that was read.  0, which is the default, allows it for no tool.
///
/// The hints are claims of the server, which the library cannot verify.
/// mcp_request_set_repeatable() sets this for a single request.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
///
/// When: for calls begun later.  Spec: tool annotations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_repeat_tools(client: *mut mcp_client, allow: i32) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_repeat_tools(allow != 0)
    })
}

/// Returns how often something happened that the library handled silently:
/// what it dropped, and what it recovered from.
///
/// `client`: NULL gives 0.
/// `counter`: one of MCP_COUNTER_; another number gives 0.
///
/// Returns the number since the client was made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_counter(client: *mut mcp_client, counter: i32) -> i64 {
    read_or(0, || {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { peek(client) }?;
        Counter::ALL
            .into_iter()
            .find(|one| *one as i32 == counter)
            .map(|one| client.inner.count(one))
    })
}
