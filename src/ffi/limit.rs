//! How long a call may take and how much a server may send.

use crate::base::error::Error;
use crate::client::Counter;
use crate::client::settings::Limit;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, read_or};
use crate::ffi::handle::{borrow, peek};

/// Sets how long a call may take at most, whatever progress it reports.
/// Default: 3600000, an hour.
///
/// `milliseconds`: 1 to INT32_MAX; a shorter one than the timeout is as long
/// as the timeout.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
/// Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_deadline(
    client: *mut mcp_client,
    milliseconds: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_deadline(milliseconds)
    })
}

/// Sets how long a question of the server may stay unanswered, before it is
/// answered by "cancel".  Default: 600000, ten minutes.
///
/// `milliseconds`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT,
/// MCP_E_FORKED.
/// Threads: any, for questions that come later.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_input_timeout(
    client: *mut mcp_client,
    milliseconds: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_input_timeout(milliseconds)
    })
}

/// Sets how long mcp_client_close() and mcp_client_free() may wait: for the
/// server to take the end of the session, and for a process to end.
///
/// `milliseconds`: 0 or more.  0 waits for nothing: the session is not ended
/// at the server, and a process is killed with its group, which takes a moment
/// (a tenth of a second is the most).  Default: 500 for a
/// server that is reached by HTTP, 7000 for a process.  Errors:
/// MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for a close that begins later.  Since: 0.1.0.
/// Spec: transports, session management; lifecycle, shutdown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_close_timeout(
    client: *mut mcp_client,
    milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_close_timeout(milliseconds)
    })
}

/// Sets one of the limits that protect this program from its server, and the
/// machine from this program.
///
/// `limit`: one of MCP_LIMIT_.  `value`: 1 or more; MCP_LIMIT_CACHE may be 0.
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_limit(
    client: *mut mcp_client,
    limit: i32,
    value: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let known = Limit::ALL.into_iter().find(|known| *known as i32 == limit);
        let limit = known.ok_or_else(|| Error::argument("limit is none of MCP_LIMIT_"))?;
        client.inner.set_limit(limit, value)
    })
}

/// Sets how many pages a list may have, over which it is MCP_E_TOO_LARGE.
/// Default: 1000.
///
/// `pages`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.  Spec: pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_max_pages(client: *mut mcp_client, pages: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_max_pages(pages)
    })
}

/// Sets how many items a list may have, over which it is MCP_E_TOO_LARGE.
/// Default: 1000000.
///
/// `items`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.  Spec: pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_max_items(client: *mut mcp_client, items: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_max_items(items)
    })
}

/// Sets how many messages a server may send in the stream of a call before
/// its answer, over which the call is MCP_E_TOO_LARGE.  Default: 1000000.
///
/// `events`: 1 to INT32_MAX.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_max_events(client: *mut mcp_client, events: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_max_events(events)
    })
}

/// Sets how much memory answers may take that the server calls fresh for a
/// while (from revision 2026-07-28 on).  Default: 4 MiB.
///
/// `bytes`: 0 turns it off, so that every call asks the server.  Lists and
/// resources that are fresh are answered without a request; a notification
/// that they have changed, heard by mcp_listen() or mcp_subscribe_resource(),
/// empties what it names.  Answers for one token are never given to another,
/// unless the server calls them public.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, at any time.  Since: 0.1.0.  Spec: caching.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_cache_size(client: *mut mcp_client, bytes: usize) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.cache.set_limit(bytes);
        Ok(())
    })
}

/// Says whether a call of a tool may be sent again after a broken connection,
/// when the server may have executed it.
///
/// `allow`: 1 allows it for tools that say of themselves that they only read
/// or that calling them twice is as good as once (readOnlyHint,
/// idempotentHint), as far as a list of tools was read; 0, as at first, for
/// none.  What a server says of its tools is its own claim.  Requests can say
/// so each for itself: mcp_request_set_repeatable().
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
/// Spec: tool annotations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_repeat_tools(client: *mut mcp_client, allow: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_repeat_tools(allow != 0)
    })
}

/// Tells how often something happened without a word: what was dropped, what
/// was recovered from.
///
/// `client`: NULL gives 0.  `counter`: one of MCP_COUNT_; another gives 0.
///
/// Returns the number since the client was made.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_count(client: *mut mcp_client, counter: i32) -> i64 {
    read_or(0, || {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { peek(client) }?;
        Counter::ALL
            .into_iter()
            .find(|one| *one as i32 == counter)
            .map(|one| client.inner.count(one))
    })
}
