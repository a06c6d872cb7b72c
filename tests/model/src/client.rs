//! The modules under test.

use std::sync::PoisonError;

use crate::base::sync::{Mutex, MutexGuard};

#[path = "../../../src/client/core/pending.rs"]
#[allow(dead_code)]
pub(crate) mod slot;
#[path = "../../../src/client/core/leader_lock.rs"]
#[allow(dead_code)]
pub(crate) mod turn;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
