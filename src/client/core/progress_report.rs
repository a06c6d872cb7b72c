//! Progress notifications of a request, on their way to its progress handler.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, ThreadId};

use crate::base::sync::lock;
use crate::client::core::reentrancy::{CallbackKind, ClientId, InCallback};
use crate::protocol::notification::ProgressParams;

/// The application's function that handles the progress of a request.
pub(crate) type ProgressHandler = dyn Fn(f64, Option<f64>, Option<&str>) + Send + Sync;

/// What the progress of one run of a request does.
#[derive(Clone, Debug)]
pub(crate) struct ProgressUse {
    /// Set when progress arrives on another stream than the one of the call. The
    /// timeout of the call starts again.
    pub(crate) sign: Arc<AtomicBool>,
    /// `None`: there is no handler.
    pub(crate) report: Option<Arc<ProgressReport>>,
}

impl ProgressUse {
    /// Progress only restarts the timeout.
    pub(crate) fn silent() -> Self {
        Self { sign: Arc::default(), report: None }
    }

    pub(crate) fn reported(handler: Arc<ProgressHandler>) -> Self {
        Self { report: Some(Arc::new(ProgressReport::new(handler))), ..Self::silent() }
    }

    /// The same for another run, with the same handler.
    pub(crate) fn again(&self) -> Self {
        let again = |report: &Arc<ProgressReport>| Self::reported(report.handler.clone());
        self.report.as_ref().map_or_else(Self::silent, again)
    }
}

/// Passes the progress of one run of a request to its handler, until the run
/// ends.
pub(crate) struct ProgressReport {
    handler: Arc<ProgressHandler>,
    /// Set while `state` is locked.
    has_ended: AtomicBool,
    state: Mutex<ReportState>,
    returned: Condvar,
}

#[derive(Default)]
struct ReportState {
    /// The threads that run the handler, once for each run.
    threads: Vec<ThreadId>,
    /// To be run when all of them have returned.
    then: Vec<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for ProgressReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProgressReport")
    }
}

impl ProgressReport {
    fn new(handler: Arc<ProgressHandler>) -> Self {
        Self {
            handler,
            has_ended: AtomicBool::new(false),
            state: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    /// Begins to run the handler on this thread. `None` if the report has ended.
    pub(crate) fn begin(&self, client: ClientId) -> Option<ReportRun<'_>> {
        let mut state = lock(&self.state);
        if self.has_ended() {
            return None;
        }
        state.threads.push(thread::current().id());
        drop(state);
        let in_callback = InCallback::enter(client, CallbackKind::Progress);
        Some(ReportRun { report: self, _in_callback: in_callback })
    }

    #[inline(always)]
    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Ends the report. Later progress is ignored, and the handler has returned
    /// on every other thread. A callback does not wait for that, because the
    /// handler may wait for the callback.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        self.has_ended.store(true, Ordering::Release);
        while !state.threads.is_empty() && !InCallback::anywhere() {
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the report without waiting. `then` is run when no other thread runs
    /// the handler: at once, or by the last thread that returns from it.
    pub(crate) fn end_then(&self, then: impl FnOnce() + Send + 'static) {
        let this = thread::current().id();
        let mut state = lock(&self.state);
        self.has_ended.store(true, Ordering::Release);
        if state.threads.iter().all(|thread| *thread == this) {
            drop(state);
            then();
        } else {
            state.then.push(Box::new(then));
        }
    }
}

/// This thread runs the handler until the value is dropped: once, or for all
/// progress that arrived together.
#[derive(Debug)]
pub(crate) struct ReportRun<'a> {
    report: &'a ProgressReport,
    _in_callback: InCallback,
}

impl ReportRun<'_> {
    /// Runs the handler, unless the report has ended meanwhile. A thread that
    /// ends the report waits until this value is dropped.
    #[inline(always)]
    pub(crate) fn report(&self, progress: &ProgressParams<'_>) {
        if !self.report.has_ended() {
            let ProgressParams { progress, total, message, .. } = progress;
            (self.report.handler)(*progress, *total, message.as_deref());
        }
    }
}

/// Removes the thread from the list when the handler returns or panics.
impl Drop for ReportRun<'_> {
    fn drop(&mut self) {
        let this = thread::current().id();
        let mut state = lock(&self.report.state);
        if let Some(at) = state.threads.iter().position(|thread| *thread == this) {
            state.threads.swap_remove(at);
        }
        let mut then = Vec::new();
        if self.report.has_ended() && state.threads.is_empty() {
            then = std::mem::take(&mut state.then);
            self.report.returned.notify_all();
        }
        drop(state);
        then.into_iter().for_each(|then| then());
    }
}

/// The reports of the requests in flight, sorted by the ids of the requests.
#[derive(Debug, Default)]
pub(crate) struct ProgressReports(Mutex<VecDeque<(i64, RegisteredReport)>>);

#[derive(Clone, Debug)]
pub(crate) struct RegisteredReport {
    /// Weak, because it may hold the application's user data.
    pub(crate) report: Weak<ProgressReport>,
    /// Set to restart the timeout of the request.
    pub(crate) sign: Arc<AtomicBool>,
}

impl ProgressReports {
    fn put(&self, id: i64, report: RegisteredReport) {
        let mut all = lock(&self.0);
        let at = all.partition_point(|(one, _)| *one < id);
        all.insert(at, (id, report));
    }

    fn remove(&self, id: i64) {
        let mut all = lock(&self.0);
        if let Ok(at) = all.binary_search_by_key(&id, |(one, _)| *one) {
            all.remove(at);
        }
    }

    pub(crate) fn get(&self, id: i64) -> Option<RegisteredReport> {
        let all = lock(&self.0);
        let at = all.binary_search_by_key(&id, |(one, _)| *one).ok()?;
        all.get(at).map(|(_, report)| report.clone())
    }
}

/// Keeps a report in the list until it is dropped.
#[derive(Debug)]
pub(crate) struct ReportRegistration<'a> {
    reports: &'a ProgressReports,
    id: i64,
}

impl<'a> ReportRegistration<'a> {
    pub(crate) fn begin(reports: &'a ProgressReports, id: i64, progress: &ProgressUse) -> Self {
        let report = progress.report.as_ref().map_or_else(Weak::new, Arc::downgrade);
        reports.put(id, RegisteredReport { report, sign: progress.sign.clone() });
        Self { reports, id }
    }
}

impl Drop for ReportRegistration<'_> {
    fn drop(&mut self) {
        self.reports.remove(self.id);
    }
}
