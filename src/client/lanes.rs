//! How many started requests may hold a connection at a time; the others wait
//! in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::lock;
use crate::transport::wait::Wait;

#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    taken: usize,
    waiting: VecDeque<Arc<Signal>>,
}

/// The right to a connection; dropped, the next one has it.
#[derive(Debug)]
pub(crate) struct Lane<'a>(&'a Lanes);

impl Lanes {
    /// One of `most`, when it is this one's turn.
    pub(crate) async fn enter(&self, most: usize, wait: &Wait) -> Result<Lane<'_>> {
        let signal = {
            let mut state = lock(&self.0);
            if state.taken < most {
                state.taken += 1;
                return Ok(Lane(self));
            }
            let signal = Signal::shared();
            state.waiting.push_back(signal.clone());
            signal
        };
        // Raised by the one that has given its lane to this one.
        let waited = wait.until_raised(&signal).await;
        let mut state = lock(&self.0);
        let place = state.waiting.iter().position(|one| Arc::ptr_eq(one, &signal));
        let is_in_vain = place.and_then(|place| state.waiting.remove(place)).is_some();
        drop(state);
        // Made only where there is one, as its end gives it to the next.
        let lane = (!is_in_vain).then(|| Lane(self));
        waited?;
        lane.ok_or_else(|| Error::new(Status::Internal, "a turn that came without a lane"))
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        match state.waiting.pop_front() {
            Some(next) => next.raise(),
            None => state.taken -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wait::now;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn lets_so_many_in_at_a_time_and_everyone_in_the_end() {
        let (lanes, inside, most) = (Lanes::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let wait = Wait::for_at_most(Duration::from_secs(10));
                    let lane = now(lanes.enter(3, &wait)).unwrap();
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(lane);
                });
            }
        });
        assert!(most.into_inner() <= 3);
        assert_eq!(lock(&lanes.0).taken, 0);
    }

    #[test]
    fn passes_over_those_who_gave_up() {
        let lanes = Lanes::default();
        let long = Wait::for_at_most(Duration::from_secs(10));
        let lane = now(lanes.enter(1, &long)).unwrap();
        assert!(now(lanes.enter(1, &Wait::for_at_most(Duration::from_millis(5)))).is_err());
        drop(lane);
        assert!(now(lanes.enter(1, &long)).is_ok());
        assert_eq!(lock(&lanes.0).taken, 0);
    }
}
