//! One thread at a time, where the others wait in a way that a cancel, a
//! close or the end of their time can end. A mutex could not do that.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::error::Result;
use crate::base::signal::Signal;
use crate::transport::wait::Wait;

#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    waiting: VecDeque<Arc<Signal>>,
}

/// The right to be inside; dropped, the next may enter.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Gate);

impl Gate {
    /// The right to be inside if nobody is.
    pub(crate) fn try_enter(&self) -> Option<Turn<'_>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_taken {
            return None;
        }
        state.is_taken = true;
        Some(Turn(self))
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_taken
    }

    /// `None` when `is_done` says, after a wait, that another thread has done
    /// what this one wanted to do inside.
    pub(crate) async fn enter(
        &self,
        wait: &Wait,
        is_done: impl Fn() -> bool,
    ) -> Result<Option<Turn<'_>>> {
        loop {
            if is_done() {
                return Ok(None);
            }
            let signal = {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if !state.is_taken {
                    state.is_taken = true;
                    return Ok(Some(Turn(self)));
                }
                let signal = Signal::shared();
                state.waiting.push_back(signal.clone());
                signal
            };
            if let Err(error) = wait.until_raised(&signal).await {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.waiting.retain(|other| !Arc::ptr_eq(other, &signal));
                if signal.is_raised() {
                    // It was this thread's turn: hand it on.
                    state.wake_next();
                }
                return Err(error);
            }
        }
    }
}

impl State {
    fn wake_next(&mut self) {
        if let Some(signal) = self.waiting.pop_front() {
            signal.raise();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_taken = false;
        // All of them: what the first one made is most likely what the
        // others wait for as well.
        while !state.waiting.is_empty() {
            state.wake_next();
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
    fn lets_one_in_at_a_time_and_everyone_in_the_end() {
        let gate = Gate::default();
        let (inside, through) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let wait = Wait::for_at_most(Duration::from_secs(10));
                    let turn = now(gate.enter(&wait, || false)).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                    through.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(through.into_inner(), 16);
    }

    #[test]
    fn lets_in_who_does_not_want_to_wait_if_nobody_is_inside() {
        let gate = Gate::default();
        let turn = gate.try_enter().unwrap();
        assert!(gate.try_enter().is_none());
        assert!(gate.try_enter().is_none());
        drop(turn);
        assert!(gate.try_enter().is_some());
    }

    #[test]
    fn gives_up_with_the_time_of_who_waits() {
        let gate = Gate::default();
        let turn = now(gate.enter(&Wait::for_at_most(Duration::from_secs(1)), || false)).unwrap();
        let wait = Wait::for_at_most(Duration::from_millis(5));
        assert_eq!(now(gate.enter(&wait, || false)).unwrap_err().status(), Status::Timeout);
        drop(turn);
        assert!(now(gate.enter(&Wait::for_at_most(Duration::from_secs(1)), || false)).is_ok());
    }
}
