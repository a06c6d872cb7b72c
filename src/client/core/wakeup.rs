//! The application's function that tells its event loop that the descriptor has
//! become readable.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::base::sync::lock;

pub(crate) type WakeupHandler = dyn Fn() + Send + Sync;

/// The function, which runs on any thread.
#[derive(Default)]
pub(crate) struct Wakeup {
    /// Whether there is one. Most clients have none and take no lock.
    is_set: AtomicBool,
    handler: Mutex<Option<Arc<WakeupHandler>>>,
    /// Notified each time that the function has returned.
    returned: Condvar,
}

impl fmt::Debug for Wakeup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Wakeup")
    }
}

thread_local! {
    /// How many of these functions this thread runs.
    static RUNNING: Cell<usize> = const { Cell::new(0) };
}

impl Wakeup {
    /// Runs the function. The caller holds no lock.
    pub(crate) fn run(&self) {
        if !self.is_set.load(Ordering::Acquire) {
            return;
        }
        let Some(handler) = lock(&self.handler).clone() else { return };
        RUNNING.set(RUNNING.get() + 1);
        let running = RunningWakeup { wakeup: self, handler: Some(handler) };
        if let Some(handler) = &running.handler {
            handler();
        }
    }

    /// Replaces the function, and waits until the previous one has returned on
    /// every thread. Inside such a function it does not wait, because two of
    /// them could wait for each other.
    pub(crate) fn set(&self, handler: Option<Arc<WakeupHandler>>) {
        let mut current = lock(&self.handler);
        self.is_set.store(handler.is_some(), Ordering::Release);
        let Some(old) = std::mem::replace(&mut *current, handler) else { return };
        // Copies are made under the lock, so no thread makes another one.
        while Arc::strong_count(&old) > 1 && RUNNING.get() == 0 {
            current = self.returned.wait(current).unwrap_or_else(PoisonError::into_inner);
        }
        // The old value may free the application's user data, so it is dropped
        // outside the lock.
        drop(current);
        drop(old);
    }
}

/// One run of the function.
struct RunningWakeup<'a> {
    wakeup: &'a Wakeup,
    handler: Option<Arc<WakeupHandler>>,
}

impl Drop for RunningWakeup<'_> {
    fn drop(&mut self) {
        RUNNING.set(RUNNING.get() - 1);
        self.handler = None;
        // With the lock, so that a thread that waits misses no change.
        let _lock = lock(&self.wakeup.handler);
        self.wakeup.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc::channel;

    #[test]
    fn replacing_waits_for_a_run_on_another_thread() {
        let wakeup = Wakeup::default();
        let (begun, ended) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
        let (go, may_return) = channel::<()>();
        let (may_return, has_ended) = (Mutex::new(may_return), ended.clone());
        let (tell, has_begun) = channel();
        wakeup.set(Some(Arc::new(move || {
            let _ = tell.send(());
            let _ = lock(&may_return).recv();
            has_ended.store(true, Ordering::SeqCst);
        })));
        std::thread::scope(|scope| {
            scope.spawn(|| wakeup.run());
            has_begun.recv().unwrap();
            begun.store(true, Ordering::SeqCst);
            scope.spawn(|| {
                wakeup.set(None);
                assert!(ended.load(Ordering::SeqCst));
            });
            go.send(()).unwrap();
        });
        wakeup.run();
    }

    #[test]
    fn replacing_inside_the_function_does_not_wait() {
        let wakeup = Arc::new(Wakeup::default());
        let (inner, count) = (Arc::downgrade(&wakeup), Arc::new(AtomicUsize::new(0)));
        let counted = count.clone();
        wakeup.set(Some(Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            inner.upgrade().unwrap().set(None);
        })));
        wakeup.run();
        wakeup.run();
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}
