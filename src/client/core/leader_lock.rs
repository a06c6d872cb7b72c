//! A FIFO lock (leader/follower). The holder reads the shared connection for
//! all callers.
//!
//! A call that waits for its response takes the lock if it is free, and then
//! reads the responses of other calls as well. A call that does not get the
//! lock waits until its response or its turn to lead wakes it.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;

use crate::base::signal::Signal;
use crate::base::sync::{Arc, Mutex, MutexGuard};

pub(crate) struct LeaderLock<T>(Mutex<LockState<T>>);

struct LockState<T> {
    /// `None` while a leader holds it.
    free: Option<T>,
    waiting: VecDeque<Arc<Signal>>,
    /// The signal of the task that reads only while no call does.
    idle: Option<Arc<Signal>>,
    /// A call asked for the lock since that task last asked.
    is_wanted: bool,
}

impl<T> fmt::Debug for LeaderLock<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LeaderLock")
    }
}

/// The result of asking for the lock.
pub(crate) enum LeaderEntry<'a, T> {
    Leader(Leader<'a, T>),
    Queued(QueuePlace<'a, T>),
}

/// The result of asking for the lock only if no call wants it.
pub(crate) enum IdleEntry<'a, T> {
    Leader(Leader<'a, T>),
    /// Another leader holds it. The signal is raised when it is released.
    Taken,
    /// It is free, but a call asked for it a moment ago.
    Wanted,
}

/// Holds the lock until it is dropped.
pub(crate) struct Leader<'a, T> {
    lock: &'a LeaderLock<T>,
    value: Option<T>,
}

/// A place in the queue, given up when it is dropped. The signal is raised when
/// the lock is free.
pub(crate) struct QueuePlace<'a, T> {
    lock: &'a LeaderLock<T>,
    signal: Arc<Signal>,
}

impl<T> LeaderLock<T> {
    pub(crate) fn new(value: T) -> Self {
        let (waiting, idle, is_wanted) = (VecDeque::new(), None, false);
        Self(Mutex::new(LockState { free: Some(value), waiting, idle, is_wanted }))
    }

    /// Takes the lock, if it is free.
    pub(crate) fn get(&self) -> Option<Leader<'_, T>> {
        let mut state = self.state();
        state.is_wanted = true;
        let value = state.free.take()?;
        Some(Leader { lock: self, value: Some(value) })
    }

    /// Takes the lock, if no call asked for it since the last time. Calls that
    /// follow each other quickly are not disturbed in between.
    pub(crate) fn get_if_idle(&self, signal: &Arc<Signal>) -> IdleEntry<'_, T> {
        let mut state = self.state();
        if state.free.is_none() {
            state.idle = Some(signal.clone());
            return IdleEntry::Taken;
        }
        if std::mem::take(&mut state.is_wanted) {
            return IdleEntry::Wanted;
        }
        IdleEntry::Leader(Leader { lock: self, value: state.free.take() })
    }

    /// Takes the lock, or a place in its queue.
    pub(crate) fn get_or_queue(&self, signal: &Arc<Signal>) -> LeaderEntry<'_, T> {
        let mut state = self.state();
        state.is_wanted = true;
        match state.free.take() {
            Some(value) => LeaderEntry::Leader(Leader { lock: self, value: Some(value) }),
            None => {
                state.waiting.push_back(signal.clone());
                LeaderEntry::Queued(QueuePlace { lock: self, signal: signal.clone() })
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, LockState<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> LockState<T> {
    /// Wakes the idle task as well: the next call may be busy with something
    /// else and not take the lock.
    fn wake_next(&mut self) {
        if self.free.is_none() {
            return;
        }
        for signal in [self.waiting.pop_front(), self.idle.take()].into_iter().flatten() {
            signal.raise();
        }
    }
}

impl<T> Drop for Leader<'_, T> {
    fn drop(&mut self) {
        let mut state = self.lock.state();
        state.free = self.value.take();
        state.wake_next();
    }
}

impl<T> Drop for QueuePlace<'_, T> {
    fn drop(&mut self) {
        let mut state = self.lock.state();
        match state.waiting.iter().position(|signal| Arc::ptr_eq(signal, &self.signal)) {
            Some(at) => drop(state.waiting.remove(at)),
            // The lock was offered to this place, which does not take it.
            None => state.wake_next(),
        }
    }
}

impl<T> Deref for Leader<'_, T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.value
    }
}

impl<T> DerefMut for Leader<'_, T> {
    fn deref_mut(&mut self) -> &mut Option<T> {
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wait::{Wait, now};
    use std::time::Duration;

    fn signal() -> Arc<Signal> {
        Signal::shared()
    }

    #[test]
    fn passes_the_lock_on_in_order_past_places_that_were_given_up() {
        let lock = LeaderLock::new(7);
        let leader = lock.get().unwrap();
        assert_eq!(*leader, Some(7));
        let (a, b, c) = (signal(), signal(), signal());
        let LeaderEntry::Queued(first) = lock.get_or_queue(&a) else { unreachable!() };
        let LeaderEntry::Queued(second) = lock.get_or_queue(&b) else { unreachable!() };
        let LeaderEntry::Queued(third) = lock.get_or_queue(&c) else { unreachable!() };
        drop(first);
        drop(leader);
        assert!(!a.is_raised() && b.is_raised() && !c.is_raised());
        // The second place was woken, and gives up without the lock.
        drop(second);
        assert!(c.is_raised());
        drop(third);
        assert!(lock.get().is_some());
    }

    #[test]
    fn leaves_the_lock_to_calls_while_they_want_it() {
        let lock = LeaderLock::new(7);
        let idle = signal();
        let leader = lock.get().unwrap();
        assert!(matches!(lock.get_if_idle(&idle), IdleEntry::Taken));
        let a = signal();
        let LeaderEntry::Queued(place) = lock.get_or_queue(&a) else { unreachable!() };
        drop(leader);
        assert!(a.is_raised() && idle.is_raised());
        assert!(matches!(lock.get_if_idle(&idle), IdleEntry::Wanted));
        // The queued place does not take it.
        let IdleEntry::Leader(leader) = lock.get_if_idle(&idle) else { unreachable!() };
        assert!(lock.get().is_none());
        drop(leader);
        drop(place);
        assert!(lock.get().is_some());
    }

    #[test]
    fn every_thread_gets_the_lock() {
        let lock = LeaderLock::new(0u32);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let wait = Wait::for_at_most(Duration::from_secs(30));
                    let signal = signal();
                    loop {
                        match lock.get_or_queue(&signal) {
                            LeaderEntry::Leader(mut leader) => {
                                *leader = leader.map(|count| count + 1);
                                return;
                            }
                            LeaderEntry::Queued(place) => {
                                now(wait.until_raised(&signal)).unwrap();
                                signal.lower();
                                drop(place);
                            }
                        }
                    }
                });
            }
        });
        assert_eq!(*lock.get().unwrap(), Some(16));
    }
}
