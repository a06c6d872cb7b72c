//! A thing that one at a time uses, and that the next is given when it is
//! free: the reading end of a stream that all calls share.
//!
//! Who waits for an answer and finds the end free reads it, for the others as
//! well; who does not waits to be woken, by an answer or by its turn.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;

use crate::base::signal::Signal;
use crate::base::sync::{Arc, Mutex, MutexGuard};

pub(crate) struct Turn<T>(Mutex<State<T>>);

struct State<T> {
    /// `None` while somebody uses it.
    free: Option<T>,
    waiting: VecDeque<Arc<Signal>>,
    /// Of the one who uses it only between the others.
    idle: Option<Arc<Signal>>,
    /// Somebody has wanted it since that one last asked.
    is_wanted: bool,
}

impl<T> fmt::Debug for Turn<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Turn")
    }
}

/// What came of an attempt to have it.
pub(crate) enum Entry<'a, T> {
    Mine(Mine<'a, T>),
    Queued(Place<'a, T>),
}

/// The same for who uses it only while nobody else does.
pub(crate) enum Idle<'a, T> {
    Mine(Mine<'a, T>),
    /// The signal is raised when whoever has it lets go of it.
    Taken,
    /// It is free, but was wanted just now.
    Wanted,
}

/// The thing, until this is dropped.
pub(crate) struct Mine<'a, T> {
    turn: &'a Turn<T>,
    value: Option<T>,
}

/// A place in the queue: the signal is raised when the thing is free. Dropped,
/// it is given up.
pub(crate) struct Place<'a, T> {
    turn: &'a Turn<T>,
    signal: Arc<Signal>,
}

impl<T> Turn<T> {
    pub(crate) fn new(value: T) -> Self {
        let (waiting, idle, is_wanted) = (VecDeque::new(), None, false);
        Self(Mutex::new(State { free: Some(value), waiting, idle, is_wanted }))
    }

    /// The thing, if it is free.
    pub(crate) fn get(&self) -> Option<Mine<'_, T>> {
        let mut state = self.state();
        state.is_wanted = true;
        let value = state.free.take()?;
        Some(Mine { turn: self, value: Some(value) })
    }

    /// The thing, if nobody has wanted it since this was last asked: who
    /// often follow each other are not disturbed in between.
    pub(crate) fn get_if_idle(&self, signal: &Arc<Signal>) -> Idle<'_, T> {
        let mut state = self.state();
        if state.free.is_none() {
            state.idle = Some(signal.clone());
            return Idle::Taken;
        }
        if std::mem::take(&mut state.is_wanted) {
            return Idle::Wanted;
        }
        Idle::Mine(Mine { turn: self, value: state.free.take() })
    }

    /// The thing, or a place in the queue for it.
    pub(crate) fn get_or_queue(&self, signal: &Arc<Signal>) -> Entry<'_, T> {
        let mut state = self.state();
        state.is_wanted = true;
        match state.free.take() {
            Some(value) => Entry::Mine(Mine { turn: self, value: Some(value) }),
            None => {
                state.waiting.push_back(signal.clone());
                Entry::Queued(Place { turn: self, signal: signal.clone() })
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
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

impl<T> Drop for Mine<'_, T> {
    fn drop(&mut self) {
        let mut state = self.turn.state();
        state.free = self.value.take();
        state.wake_next();
    }
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        let mut state = self.turn.state();
        match state.waiting.iter().position(|signal| Arc::ptr_eq(signal, &self.signal)) {
            Some(at) => drop(state.waiting.remove(at)),
            // It was this one's turn, which it may not take: hand it on.
            None => state.wake_next(),
        }
    }
}

impl<T> Deref for Mine<'_, T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.value
    }
}

impl<T> DerefMut for Mine<'_, T> {
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
        let turn = Turn::new(7);
        let mine = turn.get().unwrap();
        assert_eq!(*mine, Some(7));
        let (a, b, c) = (signal(), signal(), signal());
        let Entry::Queued(first) = turn.get_or_queue(&a) else { unreachable!() };
        let Entry::Queued(second) = turn.get_or_queue(&b) else { unreachable!() };
        let Entry::Queued(third) = turn.get_or_queue(&c) else { unreachable!() };
        drop(first);
        drop(mine);
        assert!(!a.is_raised() && b.is_raised() && !c.is_raised());
        // The second one was woken and gives up without having taken it.
        drop(second);
        assert!(c.is_raised());
        drop(third);
        assert!(turn.get().is_some());
    }

    #[test]
    fn leaves_it_to_the_others_while_they_want_it() {
        let turn = Turn::new(7);
        let idle = signal();
        let mine = turn.get().unwrap();
        assert!(matches!(turn.get_if_idle(&idle), Idle::Taken));
        let a = signal();
        let Entry::Queued(place) = turn.get_or_queue(&a) else { unreachable!() };
        drop(mine);
        assert!(a.is_raised() && idle.is_raised());
        assert!(matches!(turn.get_if_idle(&idle), Idle::Wanted));
        // The other one does not come for it.
        let Idle::Mine(mine) = turn.get_if_idle(&idle) else { unreachable!() };
        assert!(turn.get().is_none());
        drop(mine);
        drop(place);
        assert!(turn.get().is_some());
    }

    #[test]
    fn everybody_has_it_in_the_end() {
        let turn = Turn::new(0u32);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let wait = Wait::for_at_most(Duration::from_secs(10));
                    let signal = signal();
                    loop {
                        match turn.get_or_queue(&signal) {
                            Entry::Mine(mut mine) => {
                                *mine = mine.map(|count| count + 1);
                                return;
                            }
                            Entry::Queued(place) => {
                                now(wait.until_raised(&signal)).unwrap();
                                signal.lower();
                                drop(place);
                            }
                        }
                    }
                });
            }
        });
        assert_eq!(*turn.get().unwrap(), Some(16));
    }
}
