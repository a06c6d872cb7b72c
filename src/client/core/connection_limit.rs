//! The limit of started requests that use a connection at the same time. The
//! others wait in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::transport::wait::Wait;

#[derive(Debug)]
pub(crate) struct ConnectionLimit(Mutex<LimitState>);

#[derive(Debug)]
struct LimitState {
    most: usize,
    in_use: usize,
    waiting: VecDeque<Arc<Signal>>,
}

/// The right to use a connection. When it is dropped, the next request gets it.
#[derive(Debug)]
pub(crate) struct ConnectionPermit<'a>(&'a ConnectionLimit);

const MOST: usize = 64;

impl Default for ConnectionLimit {
    fn default() -> Self {
        Self(Mutex::new(LimitState { most: MOST, in_use: 0, waiting: VecDeque::new() }))
    }
}

impl ConnectionLimit {
    pub(crate) fn set_most(&self, most: usize) {
        let mut state = lock(&self.0);
        state.most = most;
        state.admit();
    }

    /// Returns a permit when it is this request's turn.
    pub(crate) async fn enter(&self, wait: &Wait) -> Result<ConnectionPermit<'_>> {
        let signal = {
            let mut state = lock(&self.0);
            if state.in_use < state.most && state.waiting.is_empty() {
                state.in_use += 1;
                drop(state);
                return Ok(ConnectionPermit(self));
            }
            let signal = Signal::shared();
            state.waiting.push_back(signal.clone());
            state.admit();
            signal
        };
        // Raised when the permit is granted.
        let waited = wait.until_raised(&signal).await;
        let still_waits = !signal.is_raised() && self.forget(&signal);
        // Made only if it was granted, because its drop returns it.
        let permit = (!still_waits).then(|| ConnectionPermit(self));
        waited?;
        permit.ok_or_else(|| Error::new(Status::Internal, "no permit was granted"))
    }

    /// Removes a request that gives up. Returns whether it still waited.
    #[cold]
    fn forget(&self, signal: &Arc<Signal>) -> bool {
        let mut state = lock(&self.0);
        let place = state.waiting.iter().position(|one| Arc::ptr_eq(one, signal));
        place.and_then(|place| state.waiting.remove(place)).is_some()
    }
}

impl LimitState {
    /// Grants permits in order, up to the limit.
    fn admit(&mut self) {
        while self.in_use < self.most
            && let Some(next) = self.waiting.pop_front()
        {
            self.in_use += 1;
            next.raise();
        }
    }
}

impl Drop for ConnectionPermit<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        state.in_use -= 1;
        state.admit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wait::now;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn grants_no_more_than_the_limit_and_everyone_in_the_end() {
        let (limit, inside, most) =
            (ConnectionLimit::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        limit.set_most(3);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let wait = Wait::for_at_most(Duration::from_secs(30));
                    let permit = now(limit.enter(&wait)).unwrap();
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                });
            }
        });
        assert!(most.into_inner() <= 3);
        assert_eq!(lock(&limit.0).in_use, 0);
    }

    #[test]
    fn skips_requests_that_gave_up() {
        let limit = ConnectionLimit::default();
        limit.set_most(1);
        let long = Wait::for_at_most(Duration::from_secs(30));
        let permit = now(limit.enter(&long)).unwrap();
        assert!(now(limit.enter(&Wait::for_at_most(Duration::from_millis(5)))).is_err());
        drop(permit);
        assert!(now(limit.enter(&long)).is_ok());
        assert_eq!(lock(&limit.0).in_use, 0);
    }

    #[test]
    fn keeps_the_order_and_the_limit_when_the_limit_changes() {
        let limit = ConnectionLimit::default();
        limit.set_most(1);
        let permit = now(limit.enter(&Wait::for_at_most(Duration::from_secs(30)))).unwrap();
        let (order, may_leave) = (std::sync::Mutex::new(Vec::new()), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for number in 0..3 {
                let (limit, order, may_leave) = (&limit, &order, &may_leave);
                scope.spawn(move || {
                    let wait = Wait::for_at_most(Duration::from_secs(30));
                    let permit = now(limit.enter(&wait)).unwrap();
                    order.lock().unwrap().push(number);
                    while !may_leave.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                    drop(permit);
                });
                while lock(&limit.0).waiting.len() <= number {
                    std::thread::yield_now();
                }
            }
            limit.set_most(2);
            while order.lock().unwrap().is_empty() {
                std::thread::yield_now();
            }
            assert_eq!(*order.lock().unwrap(), [0], "the request that waits longest");
            limit.set_most(1);
            drop(permit);
            may_leave.store(true, Ordering::SeqCst);
        });
        assert_eq!((order.into_inner().unwrap(), lock(&limit.0).in_use), (vec![0, 1, 2], 0));
    }
}
