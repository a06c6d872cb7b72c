//! A thing that one at a time uses, and that the next is given when it is
//! free: the reading end of a stream that all calls share.
//!
//! Who waits for an answer and finds the end free reads it, for the others as
//! well; who does not waits to be woken, by an answer or by its lock.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;

use crate::base::signal::Signal;
use crate::base::sync::{Arc, Mutex, MutexGuard};

pub(crate) struct LeaderLock<T>(Mutex<LockState<T>>);

struct LockState<T> {
    /// `None` while somebody uses it.
    free: Option<T>,
    waiting: VecDeque<Arc<Signal>>,
    /// Of the one who uses it only between the others.
    idle: Option<Arc<Signal>>,
    /// Somebody has wanted it since that one last asked.
    is_wanted: bool,
}

impl<T> fmt::Debug for LeaderLock<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LeaderLock")
    }
}

/// What came of an attempt to have it.
pub(crate) enum LeaderEntry<'a, T> {
    Leader(Leader<'a, T>),
    Queued(QueuePlace<'a, T>),
}

/// The same for who uses it only while nobody else does.
pub(crate) enum IdleEntry<'a, T> {
    Leader(Leader<'a, T>),
    /// The signal is raised when whoever has it lets go of it.
    Taken,
    /// It is free, but was wanted just now.
    Wanted,
}

/// The thing, until this is dropped.
pub(crate) struct Leader<'a, T> {
    lock: &'a LeaderLock<T>,
    value: Option<T>,
}

/// A place in the queue: the signal is raised when the thing is free. Dropped,
/// it is given up.
pub(crate) struct QueuePlace<'a, T> {
    lock: &'a LeaderLock<T>,
    signal: Arc<Signal>,
}

impl<T> LeaderLock<T> {
    pub(crate) fn new(value: T) -> Self {
        let (waiting, idle, is_wanted) = (VecDeque::new(), None, false);
        Self(Mutex::new(LockState { free: Some(value), waiting, idle, is_wanted }))
    }

    /// The thing, if it is free.
    pub(crate) fn get(&self) -> Option<Leader<'_, T>> {
        let mut state = self.state();
        state.is_wanted = true;
        let value = state.free.take()?;
        Some(Leader { lock: self, value: Some(value) })
    }

    /// The thing, if nobody has wanted it since this was last asked: who
    /// often follow each other are not disturbed in between.
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

    /// The thing, or a place in the queue for it.
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
    /// The idle one as well: the other may be busy with something else, and
    /// not take what is its.
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
            // It was this one's lock, which it may not take: hand it on.
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
    fn hands_it_on_in_order_and_past_those_who_gave_up() {
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
        // The second one was woken and gives up without having taken it.
        drop(second);
        assert!(c.is_raised());
        drop(third);
        assert!(lock.get().is_some());
    }

    #[test]
    fn leaves_it_to_the_others_while_they_want_it() {
        let lock = LeaderLock::new(7);
        let idle = signal();
        let leader = lock.get().unwrap();
        assert!(matches!(lock.get_if_idle(&idle), IdleEntry::Taken));
        let a = signal();
        let LeaderEntry::Queued(place) = lock.get_or_queue(&a) else { unreachable!() };
        drop(leader);
        assert!(a.is_raised() && idle.is_raised());
        assert!(matches!(lock.get_if_idle(&idle), IdleEntry::Wanted));
        // The other one does not come for it.
        let IdleEntry::Leader(leader) = lock.get_if_idle(&idle) else { unreachable!() };
        assert!(lock.get().is_none());
        drop(leader);
        drop(place);
        assert!(lock.get().is_some());
    }

    #[test]
    fn everybody_has_it_in_the_end() {
        let lock = LeaderLock::new(0u32);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let wait = Wait::for_at_most(Duration::from_secs(10));
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
