//! Progress notifications on their way to the application's function.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, ThreadId};

use crate::base::sync::lock;
use crate::client::core::reentrancy::InCallback;

/// A function of the program's that is told how far a request is.
pub(crate) type ProgressHandler = dyn Fn(f64, Option<f64>, Option<&str>) + Send + Sync;

/// Who is told how far one flight of a request is, for as long as it lasts.
pub(crate) struct ProgressReport {
    tell: Arc<ProgressHandler>,
    /// Nobody is told: progress is a sign of life and no more.
    pub(crate) is_silent: bool,
    /// Progress came on another stream than the call's own.
    pub(crate) sign: Arc<AtomicBool>,
    state: Mutex<ReportState>,
    returned: Condvar,
}

#[derive(Default)]
struct ReportState {
    has_ended: bool,
    /// The threads that are in the program's function.
    threads: Vec<ThreadId>,
    /// What is to be done when all of them have returned.
    then: Vec<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for ProgressReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProgressReport")
    }
}

impl ProgressReport {
    pub(crate) fn new(tell: Arc<ProgressHandler>) -> Self {
        let (state, returned) = (Mutex::default(), Condvar::new());
        Self { tell, is_silent: false, sign: Arc::default(), state, returned }
    }

    pub(crate) fn silent() -> Self {
        Self { is_silent: true, ..Self::new(Arc::new(|_, _, _| ())) }
    }

    /// Of another flight, with the same function.
    pub(crate) fn again(&self) -> Self {
        Self::new(self.tell.clone())
    }

    pub(crate) fn tell(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        let mut state = lock(&self.state);
        if state.has_ended {
            return;
        }
        state.threads.push(thread::current().id());
        drop(state);
        let _returning = Returning(self);
        (self.tell)(progress, total, message);
    }

    /// From now on nobody is told: what comes late is passed over, and a
    /// function that runs on another thread has returned. A function of the
    /// application's waits for no other, which may wait for it in turn.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        state.has_ended = true;
        while !state.threads.is_empty() && !InCallback::anywhere() {
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The same without a wait: `then` is done when no function runs on another
    /// thread, now or by the last one that returns.
    pub(crate) fn end_then(&self, then: impl FnOnce() + Send + 'static) {
        let this = thread::current().id();
        let mut state = lock(&self.state);
        state.has_ended = true;
        if state.threads.iter().all(|thread| *thread == this) {
            drop(state);
            then();
        } else {
            state.then.push(Box::new(then));
        }
    }
}

/// Leaves the program's function also when a panic does.
struct Returning<'a>(&'a ProgressReport);

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        let this = thread::current().id();
        let mut state = lock(&self.0.state);
        if let Some(at) = state.threads.iter().position(|thread| *thread == this) {
            state.threads.swap_remove(at);
        }
        let mut then = Vec::new();
        if state.has_ended && state.threads.is_empty() {
            then = std::mem::take(&mut state.then);
            self.0.returned.notify_all();
        }
        drop(state);
        then.into_iter().for_each(|then| then());
    }
}

/// Who is told how far a request is, with the request's id; they rise.
#[derive(Debug, Default)]
pub(crate) struct ProgressReports(Mutex<Vec<(i64, KnownReport)>>);

#[derive(Clone, Debug)]
pub(crate) struct KnownReport {
    /// Never held here: it may hold the program's user data.
    pub(crate) report: Weak<ProgressReport>,
    /// The sign of life that its progress is.
    pub(crate) sign: Arc<AtomicBool>,
}

impl ProgressReports {
    fn put(&self, id: i64, known: KnownReport) {
        let mut all = lock(&self.0);
        let at = all.partition_point(|(one, _)| *one < id);
        all.insert(at, (id, known));
    }

    fn remove(&self, id: i64) {
        let mut all = lock(&self.0);
        if let Ok(at) = all.binary_search_by_key(&id, |(one, _)| *one) {
            all.remove(at);
        }
    }

    pub(crate) fn get(&self, id: i64) -> Option<KnownReport> {
        let all = lock(&self.0);
        let at = all.binary_search_by_key(&id, |(one, _)| *one).ok()?;
        all.get(at).map(|(_, known)| known.clone())
    }
}

/// ProgressReports reach the program for as long as this is held.
#[derive(Debug)]
pub(crate) struct Reporting {
    reports: Arc<ProgressReports>,
    id: i64,
}

impl Reporting {
    pub(crate) fn begin(
        reports: &Arc<ProgressReports>,
        id: i64,
        report: &Arc<ProgressReport>,
    ) -> Self {
        let weak = if report.is_silent { Weak::new() } else { Arc::downgrade(report) };
        reports.put(id, KnownReport { report: weak, sign: report.sign.clone() });
        Self { reports: reports.clone(), id }
    }
}

impl Drop for Reporting {
    fn drop(&mut self) {
        self.reports.remove(self.id);
    }
}
