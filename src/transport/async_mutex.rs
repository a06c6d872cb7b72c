//! A mutex whose waiting can be ended by a cancel, a close or a timeout.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::base::error::Result;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::transport::wait::Wait;

/// Locks out other threads and tasks, not a value.
#[derive(Debug, Default)]
pub(crate) struct AsyncMutex {
    queue: Mutex<LockQueue>,
}

#[derive(Debug, Default)]
struct LockQueue {
    is_locked: bool,
    waiting: VecDeque<Arc<Signal>>,
}

/// Holds the mutex; dropping it releases the mutex.
#[derive(Debug)]
pub(crate) struct Guard<'a>(&'a AsyncMutex);

impl AsyncMutex {
    /// Locks it if it is free.
    pub(crate) fn try_lock(&self) -> Option<Guard<'_>> {
        let mut queue = lock(&self.queue);
        if queue.is_locked {
            return None;
        }
        queue.is_locked = true;
        Some(Guard(self))
    }

    pub(crate) fn is_locked(&self) -> bool {
        lock(&self.queue).is_locked
    }

    /// Waits for it and locks it. Returns `None` as soon as `is_done` is true:
    /// another thread has then done the work that the lock was wanted for.
    pub(crate) async fn lock_unless(
        &self,
        wait: &Wait,
        is_done: impl Fn() -> bool,
    ) -> Result<Option<Guard<'_>>> {
        loop {
            if is_done() {
                return Ok(None);
            }
            let signal = {
                let mut queue = lock(&self.queue);
                if !queue.is_locked {
                    queue.is_locked = true;
                    return Ok(Some(Guard(self)));
                }
                let signal = Signal::shared();
                queue.waiting.push_back(signal.clone());
                signal
            };
            if let Err(error) = wait.until_raised(&signal).await {
                let mut queue = lock(&self.queue);
                queue.waiting.retain(|other| !Arc::ptr_eq(other, &signal));
                if signal.is_raised() {
                    // This thread was woken and does not lock: wake another.
                    queue.wake_next();
                }
                return Err(error);
            }
        }
    }
}

impl LockQueue {
    fn wake_next(&mut self) {
        if let Some(signal) = self.waiting.pop_front() {
            signal.raise();
        }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.0.queue);
        queue.is_locked = false;
        // All of them: the others most likely wait for the result of the first
        // thread's work.
        while !queue.waiting.is_empty() {
            queue.wake_next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;
    use crate::transport::wait::now;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    #[test]
    fn lets_one_thread_in_at_a_time_and_each_in_the_end() {
        let mutex = AsyncMutex::default();
        let (inside, through) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let wait = Wait::for_at_most(Duration::from_secs(30));
                    let guard = now(mutex.lock_unless(&wait, || false)).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(guard);
                    through.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(through.into_inner(), 16);
    }

    #[test]
    fn is_locked_without_waiting_only_if_it_is_free() {
        let mutex = AsyncMutex::default();
        let guard = mutex.try_lock().unwrap();
        assert!(mutex.try_lock().is_none());
        assert!(mutex.try_lock().is_none());
        drop(guard);
        assert!(mutex.try_lock().is_some());
    }

    #[test]
    fn gives_up_when_the_time_of_the_waiting_thread_is_over() {
        let mutex = AsyncMutex::default();
        let long = Wait::for_at_most(Duration::from_secs(30));
        let guard = now(mutex.lock_unless(&long, || false)).unwrap();
        let wait = Wait::for_at_most(Duration::from_millis(5));
        let error = now(mutex.lock_unless(&wait, || false)).unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
        drop(guard);
        let long = Wait::for_at_most(Duration::from_secs(30));
        assert!(now(mutex.lock_unless(&long, || false)).is_ok());
    }
}
