//! Functions of the program with their user data, as one value.

use std::ffi::c_void;

use crate::ffi::client::mcp_free_fn;

/// User data that is released once, when nothing can use it any more.
#[derive(Debug)]
pub(crate) struct UserData {
    pointer: *mut c_void,
    free: mcp_free_fn,
}

// SAFETY: the header says that a callback and the release of its user data
// run on whichever thread is in a call, possibly on several at a time.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) fn new(pointer: *mut c_void, free: mcp_free_fn) -> Self {
        Self { pointer, free }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: the program gave the function for this pointer, and it
            // is called once.
            unsafe { free(self.pointer) };
        }
    }
}
