//! Where the handlers of a client run: in every call that waits, or only where
//! the application dispatches.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;

#[derive(Debug, Default)]
pub(crate) struct Dispatcher {
    /// Handlers run in dispatches alone.
    is_alone: AtomicBool,
    /// The thread that dispatched last.
    thread: Mutex<Option<ThreadId>>,
}

impl Dispatcher {
    /// Sets where handlers run. Until another thread dispatches, the
    /// dispatching thread is this one.
    pub(crate) fn set_alone(&self, is_alone: bool) {
        self.enter();
        self.is_alone.store(is_alone, Ordering::Release);
    }

    /// Whether handlers run in dispatches alone.
    pub(crate) fn is_alone(&self) -> bool {
        self.is_alone.load(Ordering::Acquire)
    }

    /// This thread dispatches.
    pub(crate) fn enter(&self) {
        *lock(&self.thread) = Some(thread::current().id());
    }

    /// Whether this thread alone runs the handlers.
    pub(crate) fn is_this_thread(&self) -> bool {
        self.is_alone() && *lock(&self.thread) == Some(thread::current().id())
    }

    /// Fails on the thread that dispatches: a call that waits there for a
    /// handler would wait for itself.
    pub(crate) fn check_elsewhere(&self) -> Result<()> {
        if !self.is_this_thread() {
            return Ok(());
        }
        Err(Error::new(
            Status::State,
            "the call needs a handler of the application, which only a dispatch runs, and this \
             thread is the one that dispatches: start the request without waiting, or dispatch \
             on another thread; see mcp_client_set_dispatch_only()",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_wait_for_a_handler_on_another_thread_than_its_own() {
        let dispatcher = Dispatcher::default();
        dispatcher.enter();
        assert!(dispatcher.check_elsewhere().is_ok(), "every call runs handlers");
        dispatcher.set_alone(true);
        assert!(dispatcher.check_elsewhere().is_err());
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(dispatcher.check_elsewhere().is_ok()));
        });
        std::thread::scope(|scope| {
            scope.spawn(|| dispatcher.enter());
        });
        assert!(dispatcher.check_elsewhere().is_ok());
    }
}
