//! The address of a handle of the application.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The address of a handle that the C interface has made, until the application
/// frees it. Only the C interface knows the type.
#[derive(Debug, Default)]
pub(crate) struct HandleAddress(AtomicPtr<c_void>);

impl HandleAddress {
    pub(crate) fn set(&self, handle: *mut c_void) {
        self.0.store(handle, Ordering::Release);
    }

    /// To be called when the application frees the handle.
    pub(crate) fn clear(&self) {
        self.set(std::ptr::null_mut());
    }

    /// Null before the handle was made, and after it was freed.
    pub(crate) fn get(&self) -> *mut c_void {
        self.0.load(Ordering::Acquire)
    }
}
