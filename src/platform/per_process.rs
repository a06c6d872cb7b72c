//! State that the child of a fork does not share with its parent.

use std::sync::atomic::{AtomicPtr, Ordering};

/// A value that each process has for itself.
///
/// A thread of the parent may hold a lock at the moment of a fork. That thread
/// does not exist in the child, so the lock would stay held there for ever.
/// Therefore the child begins with a new value and does not touch the old one.
#[derive(Debug)]
pub(crate) struct PerProcess<T>(AtomicPtr<Owned<T>>);

#[derive(Debug)]
struct Owned<T> {
    pid: u32,
    value: T,
    /// The parent's value. Nothing reads it; the pointer keeps leak checkers
    /// from reporting it.
    _before: AtomicPtr<Owned<T>>,
}

impl<T: Default + Sync + 'static> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    pub(crate) fn get(&self) -> &'static T {
        let pid = std::process::id();
        loop {
            let current = self.0.load(Ordering::Acquire);
            // SAFETY: NULL, or from a box that was leaked below.
            if let Some(owned) = unsafe { current.as_ref() }
                && owned.pid == pid
            {
                return &owned.value;
            }
            let before = AtomicPtr::new(current);
            let new = Box::into_raw(Box::new(Owned { pid, value: T::default(), _before: before }));
            let swapped =
                self.0.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire);
            if swapped.is_err() {
                // SAFETY: no other thread has seen this pointer.
                drop(unsafe { Box::from_raw(new) });
            }
        }
    }
}
