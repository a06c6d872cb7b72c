//! The locks of what several threads share, by a name that the model of it
//! (`tests/model`) gives to others, whose every order it tries.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

/// What a lock guards, also after a panic: whoever holds one swaps values
/// whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
