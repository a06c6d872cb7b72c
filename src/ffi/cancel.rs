//! Ending a call from outside.

use std::sync::Arc;

use crate::base::cancel::Cancel;
use crate::ffi::guard::{guard_or, read_or};
use crate::ffi::handle::{Handle, give, peek, take};
use crate::platform::Uncancelled;

/// A SWITCH that ends requests, from another thread or a signal handler.
///
/// Set it on any number of requests; it may be freed while they still run.
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
/// Returns a handle to free with mcp_cancel_free(), never NULL.  A cancel uses
/// no descriptor of its own: while threads block in calls that have it, one is
/// borrowed from a pool of the process.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn mcp_cancel_new() -> *mut mcp_cancel {
    guard_or(std::ptr::null_mut(), || {
        Ok(give(mcp_cancel { pid: std::process::id(), inner: Arc::default() }))
    })
}

/// Ends every request that has this cancel, and those that get it later, with
/// MCP_E_CANCELLED.
///
/// `cancel`: NULL is allowed.  Does not wait, and does not touch the last
/// error.  In the child of a fork() it does nothing.
/// Threads: any, and signal handlers.  Since: 0.1.0.  Spec: cancellation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_cancel_fire(cancel: *mut mcp_cancel) {
    // No guard: nothing here can panic, and a signal handler may not touch
    // thread-local state.
    let _uncancelled = Uncancelled::begin();
    // SAFETY: the header asks for NULL or a live cancel.
    if let Some(cancel) = unsafe { peek(cancel) }
        && cancel.pid == std::process::id()
    {
        cancel.inner.fire();
    }
}

/// Makes the cancel as new, for requests begun later.
///
/// `cancel`: NULL is allowed.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_cancel_reset(cancel: *mut mcp_cancel) {
    let _uncancelled = Uncancelled::begin();
    // SAFETY: the header asks for NULL or a live cancel.
    if let Some(cancel) = unsafe { peek(cancel) }
        && cancel.pid == std::process::id()
    {
        cancel.inner.reset();
    }
}

/// Releases this reference; requests that have the cancel keep theirs.  Fires
/// nothing.
///
/// `cancel`: a cancel that is not used again, or NULL.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_cancel_free(cancel: *mut mcp_cancel) {
    read_or((), || {
        // SAFETY: the header asks for NULL or a cancel that is not used again.
        drop(unsafe { take(cancel) });
        Some(())
    });
}
