//! The locks of data that threads share.
//!
//! `tests/model` replaces this module with the locks of loom, which try every
//! order of the threads.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

/// Locks a mutex, also after another thread panicked while it held the mutex:
/// the data is good, because every holder replaces values as a whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
