//! Limits on the duration of calls and on what a server may send.

use crate::base::error::{Error, Result};
use crate::client::Counter;
use crate::client::settings::{Allowances, Limit};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::{guard, read_or};
use crate::ffi::handle::{borrow, peek};
use crate::ffi::library::*;

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
/// When: for calls begun later.  Spec: lifecycle, timeouts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_timeout(client: *mut mcp_client, milliseconds: i64) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_timeout(milliseconds)
    })
}

/// Sets how long a call may take at most, including every restart of its
/// timeout by progress notifications.  Default: 3600000, which is an hour.
///
/// `milliseconds`: 1 or more.  If it is shorter than the timeout, the
/// deadline is as long as the timeout.
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

/// Sets how long mcp_client_close() and mcp_client_free() may wait for the
/// server to accept the messages that calls were cancelled, and the end of the
/// session, and for a server process to end.
///
/// `milliseconds`: 0 or more.  Default: 500 for a server that is reached by
/// HTTP, 7000 for a server process.  More than a day counts as a day.
///
/// 0 means no wait: the library does not end the session at the server, may
/// not tell it of calls that were just cancelled, and kills the server process
/// with its process group.  The kill itself takes a moment, at most a tenth of
/// a second.
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
/// When: for calls begun later, and for input requests that arrive later.
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

/// Allows or forbids something that not every application wants.
///
/// `what`: one of MCP_ALLOW_, or several of them added together.
/// `allow`: 1 allows all of them, 0 forbids them.
///
/// Errors: MCP_E_UNSUPPORTED for MCP_ALLOW_RESTART and a client that does not
/// start its server.  Nothing is changed then.
///
/// When: for calls begun later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_allow(
    client: *mut mcp_client,
    what: i32,
    allow: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.set_allow(allowances(what)?, allow != 0)
    })
}

fn allowances(what: i32) -> Result<Allowances> {
    const ALL: i32 = MCP_ALLOW_PLAIN_HTTP
        | MCP_ALLOW_REPEAT_TOOLS
        | MCP_ALLOW_RESTART
        | MCP_ALLOW_TASKS
        | MCP_ALLOW_MISMATCH;
    if what == 0 || what & !ALL != 0 {
        return Err(Error::argument(format!("what is {what}, which is not made of MCP_ALLOW_")));
    }
    Ok(Allowances {
        plain_http: what & MCP_ALLOW_PLAIN_HTTP != 0,
        repeat_tools: what & MCP_ALLOW_REPEAT_TOOLS != 0,
        restart: what & MCP_ALLOW_RESTART != 0,
        tasks: what & MCP_ALLOW_TASKS != 0,
        mismatch: what & MCP_ALLOW_MISMATCH != 0,
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
