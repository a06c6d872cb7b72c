//! The close of a client, and the requests that wait for its end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::core::request_state::{RequestState, RunId};

#[derive(Debug, Default)]
pub(crate) struct Closing {
    state: Mutex<ClosingState>,
    /// Raised when the session and the server's process have ended.
    pub(crate) done: Signal,
}

#[derive(Debug, Default)]
struct ClosingState {
    begun: Option<Instant>,
    has_ended: bool,
    /// The started requests that are done when the close is.
    requests: Vec<(RunId, Arc<RequestState>)>,
}

impl Closing {
    /// Begins the close; false if it has begun before.
    pub(crate) fn begin(&self) -> bool {
        let begun = &mut lock(&self.state).begun;
        let is_first = begun.is_none();
        begun.get_or_insert_with(Instant::now);
        is_first
    }

    /// How long ago the close began; nothing if it did not.
    pub(crate) fn age(&self) -> Duration {
        lock(&self.state).begun.map(|begun| begun.elapsed()).unwrap_or_default()
    }

    /// Ends the close, and completes the requests that wait for it.
    pub(crate) fn end(&self, complete: impl Fn(RunId, &Arc<RequestState>)) {
        let mut state = lock(&self.state);
        state.has_ended = true;
        let requests = state.requests.clone();
        drop(state);
        for (run, request) in &requests {
            complete(*run, request);
        }
        // After that, so that each of them is found here or completed.
        lock(&self.state).requests.clear();
        self.done.raise();
    }

    /// Adds a request that waits for the end; false if the close has ended.
    pub(crate) fn add(&self, run: RunId, request: &Arc<RequestState>) -> bool {
        let mut state = lock(&self.state);
        if !state.has_ended {
            state.requests.push((run, request.clone()));
        }
        !state.has_ended
    }

    pub(crate) fn remove(&self, run: RunId) {
        lock(&self.state).requests.retain(|(one, _)| *one != run);
    }

    /// Whether a started request waits for the end. It does so until it is done:
    /// a loop that gets it has nothing else to wait for.
    pub(crate) fn is_awaited(&self) -> bool {
        lock(&self.state).requests.iter().any(|(_, request)| request.status().is_none())
    }
}
