//! Ending calls from another thread or a signal handler.

use std::sync::Arc;

use crate::base::cancel::Cancel;
use crate::ffi::guard::{guard_or, read_or};
use crate::ffi::handle::{Handle, give, peek, take};
use crate::platform::{Uncancelled, process_id};

/// A CANCEL: a switch that ends requests, from another thread or from a
/// signal handler.
///
/// Set it on any number of requests with mcp_request_set_cancel().  You may
/// free it while these requests are in flight.
#[derive(Debug)]
pub struct mcp_cancel {
    pid: u32,
    pub(crate) inner: Arc<Cancel>,
}

impl Handle for mcp_cancel {
    fn pid(&self) -> u32 {
        self.pid
    }
}

/// Makes a cancel that is not fired.
///
/// Returns a handle to free with mcp_cancel_free(), never NULL.  A cancel
/// uses no descriptor of its own.  While threads block in calls that have the
/// cancel, it borrows one from a pool of the process.
#[unsafe(no_mangle)]
pub extern "C" fn mcp_cancel_new() -> *mut mcp_cancel {
    guard_or(std::ptr::null_mut(), || {
        Ok(give(mcp_cancel { pid: process_id(), inner: Arc::default() }))
    })
}

/// Ends with MCP_E_CANCELLED every request that has this cancel, and every
/// request that gets it later.
///
/// `cancel`: may be NULL.
///
/// The call that waits for such a request returns at once.  It also tells the
/// server to stop, if the protocol revision has a message for that.
///
/// The function does not wait, and does not change the last error.  In the
/// child of a fork() it does nothing.
///
/// Threads: any, and signal handlers.  Spec: cancellation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_cancel_fire(cancel: *mut mcp_cancel) {
    // No guard: this code cannot panic, and a signal handler must not use
    // thread-local state.
    let _uncancelled = Uncancelled::begin();
    // SAFETY: the header requires NULL or a live cancel.
    if let Some(cancel) = unsafe { peek(cancel) }
        && cancel.pid == process_id()
    {
        cancel.inner.fire();
    }
}

/// Releases the cancel.  It does not fire it.
///
/// `cancel`: a cancel that you do not use afterwards, or NULL.
///
/// Requests that have the cancel keep a reference of their own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_cancel_free(cancel: *mut mcp_cancel) {
    read_or((), || {
        // SAFETY: the header requires NULL or a cancel that is not used again.
        drop(unsafe { take(cancel) });
        Some(())
    });
}
