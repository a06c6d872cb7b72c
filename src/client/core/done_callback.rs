//! The application's function that is called when a started request is done.

use std::ffi::c_void;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use crate::base::handle_address::HandleAddress;
use crate::base::sync::lock;
use crate::client::core::reentrancy::InCallback;

/// The application's function. Its parameter is the handle of the request.
pub(crate) type DoneHandler = dyn Fn(*mut c_void) + Send + Sync;

/// The done callback of a request, until the handle of the request is freed.
#[derive(Default)]
pub(crate) struct DoneCallback {
    state: Mutex<CallbackState>,
    returned: Condvar,
}

#[derive(Default)]
struct CallbackState {
    handler: Option<Arc<DoneHandler>>,
    /// The threads that run the handler. The handler may start the request
    /// again, and another thread may run it for the end of that run.
    threads: Vec<ThreadId>,
}

impl fmt::Debug for DoneCallback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DoneCallback")
    }
}

impl DoneCallback {
    /// Sets the handler, and returns the previous one. To drop that one may
    /// release user data, so the caller does it without a lock.
    pub(crate) fn set(&self, handler: Option<Arc<DoneHandler>>) -> Option<Arc<DoneHandler>> {
        std::mem::replace(&mut lock(&self.state).handler, handler)
    }

    pub(crate) fn is_set(&self) -> bool {
        lock(&self.state).handler.is_some()
    }

    /// Runs the handler on this thread, unless the application has freed the
    /// handle of the request.
    pub(crate) fn run(&self, request: &HandleAddress) {
        let mut state = lock(&self.state);
        let handle = request.get();
        let Some(handler) = state.handler.clone().filter(|_| !handle.is_null()) else { return };
        state.threads.push(thread::current().id());
        drop(state);
        let _returning = ReturningFromDone(self);
        handler(handle);
    }

    /// Removes the handler of a request whose handle is being freed. The handler
    /// has then returned on every other thread. A callback does not wait for
    /// that, because the handler may wait for the callback.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        let handler = state.handler.take();
        while !state.threads.is_empty() && !InCallback::anywhere() {
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        drop(handler);
    }
}

/// Removes the thread from the list when the handler returns or panics.
struct ReturningFromDone<'a>(&'a DoneCallback);

impl Drop for ReturningFromDone<'_> {
    fn drop(&mut self) {
        let this = thread::current().id();
        let mut state = lock(&self.0.state);
        if let Some(at) = state.threads.iter().position(|thread| *thread == this) {
            state.threads.swap_remove(at);
        }
        if state.threads.is_empty() {
            self.0.returned.notify_all();
        }
    }
}
