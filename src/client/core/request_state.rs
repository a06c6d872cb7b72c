//! A request with its own options: its operation, its limits and its state.

use std::sync::{Arc, Mutex, Weak};

use crate::base::error::{Error, Result, Status};
use crate::base::handle_address::HandleAddress;
use crate::base::numbered::Numbered;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::done_callback::DoneCallback;
use crate::client::core::operation::{Operation, OperationResult};
use crate::client::core::progress_report::{ProgressHandler, ProgressReport, ProgressUse};
use crate::client::options::Header;
use crate::protocol::item;
use crate::transport::wait::REQUEST_CANCELLED;

/// The part of a request that the event queue, the background thread and the
/// waiting thread share.
#[derive(Debug)]
pub(crate) struct RequestState {
    /// Shared with the run that is in flight.
    operation: Mutex<Arc<Operation>>,
    limits: Mutex<CallLimits>,
    state: Mutex<RunState>,
    /// Raised when a started request has ended. Present only while a thread
    /// waits for it.
    completed: Mutex<Option<Arc<Signal>>>,
    /// Changed under the lock of the event queue.
    pub(crate) listing: Mutex<DoneListing>,
    /// The progress report of the current run.
    report: Mutex<Option<Arc<ProgressReport>>>,
    /// The function that gets the request when a started run is done.
    pub(crate) done_callback: DoneCallback,
    /// The C handle; null once it is freed.
    pub(crate) handle: Arc<HandleAddress>,
}

/// Identifies one run of a request, since a request may be run again. Started
/// runs have numbers from 1; a run on the caller's thread has 0.
pub(crate) type RunId = u64;

/// The one that returns a completed request to the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DoneListing {
    #[default]
    Unlisted,
    /// The event queue, which lists it by this number.
    Listed(u64),
    /// The request's done callback. The event queue lists it by this number.
    Callback(u64),
    /// The thread that waits for it.
    Claimed,
}

#[derive(Debug, Default)]
enum RunState {
    #[default]
    Idle,
    InFlight(InFlightRun),
    /// The result, until it is taken.
    Done(Status, Option<OperationResult>, Option<Error>),
}

#[derive(Debug)]
struct InFlightRun {
    run: RunId,
    /// Raised to end the run.
    abort: Arc<Signal>,
    /// It has a result, so that it can no longer be cancelled.
    has_result: bool,
}

impl RequestState {
    pub(crate) fn new(operation: Operation) -> Self {
        Self {
            operation: Mutex::new(Arc::new(operation)),
            limits: Mutex::default(),
            state: Mutex::default(),
            completed: Mutex::default(),
            listing: Mutex::default(),
            report: Mutex::default(),
            done_callback: DoneCallback::default(),
            handle: Arc::default(),
        }
    }

    /// Changes the operation or its limits. Fails while the request is in flight,
    /// because that run would not see the change.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Operation, &mut CallLimits) -> Result<T>,
    ) -> Result<T> {
        let state = lock(&self.state);
        if matches!(*state, RunState::InFlight(_)) {
            return Err(Error::new(
                Status::State,
                "the request is in flight: set its options before it is performed or started",
            ));
        }
        change(Arc::make_mut(&mut lock(&self.operation)), &mut lock(&self.limits))
    }

    /// Sets the progress handler, and ends the reports to the previous one.
    pub(crate) fn set_report(&self, handler: Option<Arc<ProgressHandler>>) -> Result<()> {
        if handler.is_some() {
            lock(&self.operation).call("progress")?;
        }
        let progress = handler.map(ProgressUse::reported);
        let old = std::mem::replace(&mut lock(&self.limits).progress, progress);
        drop(old);
        self.end_report();
        Ok(())
    }

    /// Sets whether all pages of a list are requested, or the one page that
    /// its parameters name.
    pub(crate) fn set_all_pages(&self, all: bool) -> Result<()> {
        self.change(|operation, limits| {
            limits.all_pages = None;
            if !all {
                return Ok(());
            }
            let call = operation.call("pages")?;
            let member = item::member_of(call.method()).ok_or_else(|| {
                Error::argument(format!("{} is not the method of a list", call.method()))
            })?;
            if call.has_cursor() {
                return Err(Error::argument("the request's params have a cursor, for one page"));
            }
            limits.all_pages = Some(member);
            Ok(())
        })
    }

    pub(crate) fn headers(&self) -> Vec<Header> {
        lock(&self.limits).headers.clone()
    }

    pub(crate) fn method(&self) -> String {
        lock(&self.operation).method().to_owned()
    }

    /// Whether its handle was freed.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.handle.get().is_null()
    }

    /// Its status; `None` while it is in flight.
    pub(crate) fn status(&self) -> Option<Status> {
        match &*lock(&self.state) {
            RunState::Idle => Some(Status::State),
            RunState::InFlight(_) => None,
            RunState::Done(status, ..) => Some(*status),
        }
    }

    /// Fails if there is nothing to wait for.
    pub(crate) fn check_was_started(&self) -> Result<()> {
        match &*lock(&self.state) {
            RunState::Idle => Err(not_started()),
            _ => Ok(()),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(&*lock(&self.state), RunState::Done(..))
    }

    /// The signal that is raised when a started request has ended.
    pub(crate) fn completed(&self) -> Arc<Signal> {
        let signal = lock(&self.completed).get_or_insert_with(Signal::shared).clone();
        if self.status().is_some() {
            signal.raise();
        }
        signal
    }

    /// Drops the signal, when no thread waits for the end any more.
    pub(crate) fn forget_completed(&self) {
        drop(lock(&self.completed).take());
    }

    /// Takes the result of a request that is done. Works once.
    pub(crate) fn take_result(&self) -> Result<OperationResult> {
        match &mut *lock(&self.state) {
            RunState::Idle => Err(not_started()),
            RunState::InFlight(_) => {
                Err(Error::new(Status::State, "the request is still in flight"))
            }
            // A result that does not match its schema has an error as well.
            RunState::Done(status, _, Some(error)) if *status != Status::Schema => {
                Err(error.clone())
            }
            RunState::Done(_, result, _) => result.take().ok_or_else(|| {
                Error::new(Status::NotFound, "the request's result was taken already")
            }),
        }
    }

    pub(crate) fn error(&self) -> Option<Error> {
        match &*lock(&self.state) {
            RunState::Done(_, _, error) => error.clone(),
            _ => None,
        }
    }

    /// Marks it as in flight; fails if it already is. Returns the signal that
    /// ends the run when it is raised.
    pub(crate) fn mark_in_flight(&self, run: RunId) -> Result<Arc<Signal>> {
        let mut state = lock(&self.state);
        if matches!(*state, RunState::InFlight(_)) {
            return Err(Error::new(Status::State, "the request is in flight already"));
        }
        let abort = Signal::shared();
        let in_flight = InFlightRun { run, abort: abort.clone(), has_result: false };
        let old = std::mem::replace(&mut *state, RunState::InFlight(in_flight));
        drop(state);
        self.forget_completed();
        drop(old);
        Ok(abort)
    }

    /// Cancels the run. Fails if there is none, or if it has a result.
    pub(crate) fn cancel(&self) -> Result<()> {
        let state = lock(&self.state);
        match &*state {
            // A run that was cancelled before has no other result.
            RunState::InFlight(run) if !run.has_result || run.abort.is_raised() => {
                // Under the lock: `settle` sees it.
                run.abort.raise();
                Ok(())
            }
            RunState::InFlight(_) => Err(Error::new(
                Status::State,
                "the request cannot be cancelled any more: its result has arrived",
            )),
            _ => Err(Error::new(Status::State, "the request is not in flight")),
        }
    }

    /// Fixes the result of a run, which cannot be cancelled any more. A run that
    /// was cancelled before has no other result.
    pub(crate) fn settle(
        &self,
        run: RunId,
        result: Result<OperationResult>,
    ) -> Result<OperationResult> {
        let mut state = lock(&self.state);
        let RunState::InFlight(in_flight) = &mut *state else { return result };
        if in_flight.run != run {
            return result;
        }
        in_flight.has_result = true;
        if !in_flight.abort.is_raised() {
            return result;
        }
        drop(state);
        let may_have_run = match result {
            Err(error) if matches!(error.status(), Status::Cancelled | Status::Closed) => {
                return Err(error);
            }
            Err(error) => error.may_have_run(),
            Ok(_) => true,
        };
        let error =
            Error::new(Status::Cancelled, REQUEST_CANCELLED).with_may_have_run(may_have_run);
        Err(error.during(lock(&self.operation).method()))
    }

    /// Ends the run of a request whose handle is being freed.
    pub(crate) fn abort(&self) {
        if let RunState::InFlight(InFlightRun { abort, .. }) = &*lock(&self.state) {
            abort.raise();
        }
    }

    /// Marks it as not started.
    pub(crate) fn reset(&self) {
        *lock(&self.state) = RunState::Idle;
    }

    /// Whether it closes its client.
    pub(crate) fn is_close(&self) -> bool {
        matches!(**lock(&self.operation), Operation::Close)
    }

    /// Returns the operation and the limits of a new run. Each run has its own
    /// progress report.
    pub(crate) fn begin(&self) -> (Arc<Operation>, CallLimits) {
        let (operation, mut limits) = (lock(&self.operation).clone(), lock(&self.limits).clone());
        let progress = limits.progress.map(|progress| progress.again());
        limits.progress = progress.or_else(|| CallLimits::of_operation(&operation).progress);
        *lock(&self.report) = limits.progress.as_ref().and_then(|progress| progress.report.clone());
        (operation, limits)
    }

    pub(crate) fn end_report(&self) {
        let report = lock(&self.report).take();
        if let Some(report) = report {
            report.end();
        }
    }

    /// Returns the progress report of a run, if that is the current one.
    pub(crate) fn report_of(&self, run: RunId) -> Option<Option<Arc<ProgressReport>>> {
        let is_current = lock(&self.state).is_in(run);
        is_current.then(|| lock(&self.report).clone())
    }

    /// Ends a run, if it is the current one; returns whether it was.
    pub(crate) fn end(&self, run: RunId, result: Result<OperationResult>) -> bool {
        let done = match result {
            Ok(result) => match result.mismatch().cloned() {
                Some(error) => RunState::Done(error.status(), Some(result), Some(error)),
                None => RunState::Done(Status::Ok, Some(result), None),
            },
            Err(error) => RunState::Done(error.status(), None, Some(error)),
        };
        let mut state = lock(&self.state);
        let is_current = state.is_in(run);
        if is_current {
            *state = done;
        }
        is_current
    }

    /// Wakes the thread that waits for the end of the request.
    pub(crate) fn wake_waiting(&self) {
        if let Some(completed) = &*lock(&self.completed) {
            completed.raise();
        }
    }
}

fn not_started() -> Error {
    Error::new(Status::State, "the request was not started")
}

impl RunState {
    fn is_in(&self, run: RunId) -> bool {
        matches!(self, Self::InFlight(current) if current.run == run)
    }
}

/// The started requests of a client that are in flight.
#[derive(Debug, Default)]
pub(crate) struct InFlightRequests(Mutex<InFlightState>);

#[derive(Debug, Default)]
struct InFlightState {
    last: RunId,
    all: Numbered<Weak<RequestState>>,
    /// The runs that the close of the client ended.
    closed: Vec<RunId>,
    is_closed: bool,
}

impl InFlightRequests {
    pub(crate) fn next(&self) -> RunId {
        let mut state = lock(&self.0);
        state.last += 1;
        state.last
    }

    pub(crate) fn add(&self, run: RunId, request: &Arc<RequestState>) -> Result<()> {
        let mut state = lock(&self.0);
        if state.is_closed {
            return Err(Error::new(Status::Closed, "the client was closed"));
        }
        state.all.insert(run, Arc::downgrade(request));
        Ok(())
    }

    /// Whether the close of the client ended this run.
    pub(crate) fn was_closed(&self, run: RunId) -> bool {
        lock(&self.0).closed.contains(&run)
    }

    pub(crate) fn remove(&self, run: RunId) {
        lock(&self.0).all.remove(run);
    }

    /// Refuses new runs from now on, and returns those in flight.
    pub(crate) fn close(&self) -> Vec<(RunId, Arc<RequestState>)> {
        let mut state = lock(&self.0);
        state.is_closed = true;
        let all = std::mem::take(&mut state.all);
        state.closed.extend(all.iter().map(|(run, _)| *run));
        all.iter().filter_map(|(run, one)| Some((*run, one.upgrade()?))).collect()
    }
}
