//! What goes on for a client on the background thread, and what it brings to
//! the program's threads.

use std::future::Future;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::app::request::{CallLimits, Place, ProgressReport, Request};
use crate::client::core::event_queue::{Event, Progress, QueuedItem};
use crate::client::core::reentrancy::{CallbackKind, InCallback};
use crate::client::{Client, Counter, Session, lock};
use crate::protocol::input_request::TOO_DEEP;
use crate::protocol::notification::{self, Kind};
use crate::protocol::task;
use crate::transport::background::Background;
use crate::transport::wait::{Asking, Attendant, Wait, now};

/// A stream without an end needs no limit, but every wait has one.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The tasks of one client on the background thread.
#[derive(Debug, Default)]
pub(crate) struct BackgroundTasks {
    background: Mutex<Option<Arc<Background>>>,
    tasks: Arc<TaskCount>,
}

#[derive(Debug, Default)]
struct TaskCount {
    count: Mutex<usize>,
    ended: Condvar,
    begun: AtomicUsize,
}

impl BackgroundTasks {
    fn is_any(&self) -> bool {
        self.tasks.begun.load(Ordering::Acquire) > 0
    }

    /// Waits for the tasks to end, which their client's close has told them
    /// to, and lets go of the thread.
    pub(crate) fn end(&self, until: Instant) {
        let mut count = lock(&self.tasks.count);
        while *count > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            count = match self.tasks.ended.wait_timeout(count, left) {
                Ok((count, _)) => count,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        drop(count);
        let background = lock(&self.background).take();
        drop(background);
    }
}

/// Counts a task as ended also when a panic does.
struct CountedTask(Arc<TaskCount>);

impl Drop for CountedTask {
    fn drop(&mut self) {
        *lock(&self.0.count) -= 1;
        self.0.ended.notify_all();
    }
}

/// Who is told how far a request is, with the request's id; they rise.
#[derive(Debug, Default)]
pub(crate) struct ProgressReports(Mutex<Vec<(i64, KnownReport)>>);

#[derive(Clone, Debug)]
struct KnownReport {
    /// Never held here: it may hold the program's user data.
    report: Weak<ProgressReport>,
    /// The sign of life that its progress is.
    sign: Arc<AtomicBool>,
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

    fn get(&self, id: i64) -> Option<KnownReport> {
        let all = lock(&self.0);
        let at = all.binary_search_by_key(&id, |(one, _)| *one).ok()?;
        all.get(at).map(|(_, known)| known.clone())
    }
}

/// ProgressReports reach the program for as long as this is held.
#[derive(Debug)]
pub(crate) struct Reporting {
    client: Arc<Client>,
    id: i64,
}

impl Reporting {
    pub(crate) fn begin(client: &Arc<Client>, id: i64, report: &Arc<ProgressReport>) -> Self {
        let weak = if report.is_silent { Weak::new() } else { Arc::downgrade(report) };
        client.progress_reports.put(id, KnownReport { report: weak, sign: report.sign.clone() });
        Self { client: client.clone(), id }
    }
}

impl Drop for Reporting {
    fn drop(&mut self) {
        self.client.progress_reports.remove(self.id);
    }
}

impl Client {
    /// Has work done on the background thread.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(Arc<Client>) -> F + Send + 'static,
    ) -> Result<()> {
        let background = {
            let mut background = lock(&self.background_tasks.background);
            match &*background {
                Some(background) => background.clone(),
                None => {
                    self.check_open()?;
                    background.insert(Arc::new(Background::enter()?)).clone()
                }
            }
        };
        *lock(&self.background_tasks.tasks.count) += 1;
        self.background_tasks.tasks.begun.fetch_add(1, Ordering::AcqRel);
        let counted = CountedTask(self.background_tasks.tasks.clone());
        let client = self.clone();
        background.spawn(move || async move {
            let counted = counted;
            job(client).await;
            drop(counted);
        });
        Ok(())
    }

    /// A wait for what goes on between calls: until the client is closed.
    pub(crate) fn endless(&self) -> Wait {
        Wait::for_request(FOREVER, FOREVER, self.close.clone(), None).in_background()
    }

    /// Whether anything goes on on the background thread.
    pub(crate) fn has_background(&self) -> bool {
        self.background_tasks.is_any()
    }

    /// The descriptor for the application's loop.
    pub(crate) fn fd(&self) -> Result<RawFd> {
        self.event_queue.ready(true).fd().map_err(|error| {
            Error::new(Status::Internal, format!("no descriptor for the client: {error}"))
        })
    }

    /// Runs the handlers for all that has arrived, waiting for it if need be.
    pub(crate) fn dispatch(self: &Arc<Self>, patience: Duration) -> Result<()> {
        // After a close there is nothing left but requests to hand out.
        let is_over = || if self.event_queue.has_done() { Ok(()) } else { self.check_open() };
        if self.is_closed() {
            return is_over();
        }
        self.questions.expire();
        if self.attend() || patience.is_zero() || self.event_queue.has_done() {
            return Ok(());
        }
        self.check_may_wait()?;
        let wait = Wait::for_request(patience, patience, self.close.clone(), None);
        match now(wait.until_raised(self.event_queue.ready(!InCallback::any(self)))) {
            Ok(()) => {
                self.attend();
                Ok(())
            }
            Err(error) if error.status() == Status::Timeout => Ok(()),
            Err(error) if error.status() == Status::Closed => is_over(),
            Err(error) => Err(error),
        }
    }

    /// Runs the handlers for what is there; says if there was anything. What
    /// comes meanwhile is for the next time: a server that always has
    /// something to say must not outlast a wait.
    pub(crate) fn attend(&self) -> bool {
        let with_events = !InCallback::any(self);
        let mut has_any = false;
        for _ in 0..self.event_queue.len() {
            let Some(item) = self.event_queue.pop(with_events) else { break };
            has_any = true;
            self.handle(item);
        }
        has_any
    }

    /// The same, without a lock where there is nothing.
    pub(crate) fn attend_if_any(&self) {
        if self.arrivals_here().is_raised() {
            self.attend();
        }
    }

    /// Raised while there is something that may run on this thread.
    pub(crate) fn arrivals_here(&self) -> &Signal {
        self.event_queue.arrivals(!InCallback::any(self))
    }

    /// A function of the application's that gets or keeps a credential runs
    /// while others wait for it: a call of its own would wait for itself.
    pub(crate) fn check_may_wait(&self) -> Result<()> {
        if InCallback::is_in(self, CallbackKind::Credential) {
            return Err(Error::new(
                Status::State,
                "a call inside a callback that this client waits for (token, browser, assertion, \
                 store) would wait for itself: make it with another client, or after the callback",
            ));
        }
        Ok(())
    }

    /// Waits for a started request, dispatching meanwhile. Its end is handed
    /// out here and nowhere else.
    pub(crate) fn await_request(
        self: &Arc<Self>,
        request: &Arc<Request>,
        patience: Duration,
    ) -> Result<Option<Status>> {
        if request.status().is_none() {
            self.check_may_wait()?;
        }
        let until = Instant::now() + patience;
        let mut claim = Claim { client: self, request, is_handed_out: false };
        self.event_queue.take_place(request, Place::Claimed);
        let landed = request.landed();
        loop {
            // What came before its end is told before it.
            self.attend();
            if let Some(status) = request.status() {
                self.attend();
                claim.is_handed_out = true;
                return Ok(Some(status));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            // A close ends it as well: whoever closes the client ends the request.
            match now(Wait::for_at_most(left).until_either(self.arrivals_here(), &landed)) {
                Err(error) if error.status() == Status::Timeout => {}
                other => other?,
            }
        }
    }

    fn handle(&self, item: QueuedItem) {
        match item {
            QueuedItem::Event(event) => {
                if let Some(handler) = &self.handlers().event {
                    let _inside = InCallback::enter(self, CallbackKind::Event);
                    handler(&event);
                }
            }
            // Its call has ended, or the server took it back.
            QueuedItem::Question(question) if question.check_open().is_err() => {}
            QueuedItem::Question(question) if InCallback::is_full(self, CallbackKind::Input) => {
                let _ = question.answer(TOO_DEEP.into());
            }
            QueuedItem::Question(question) => match &self.handlers().input {
                Some(handler) => {
                    let _inside = InCallback::enter(self, CallbackKind::Input);
                    handler(question);
                }
                None => question.dismiss(),
            },
            QueuedItem::Progress(report, told) => {
                if let Some(report) = report.upgrade() {
                    self.tell(&report, told.progress, told.total, told.message.as_deref());
                }
            }
            QueuedItem::Done(request, flight, result) => request.land(flight, result),
            QueuedItem::Work(work) => {
                let _inside = InCallback::enter(self, CallbackKind::Credential);
                work();
            }
        }
    }

    /// Tells how far a request is, on this thread.
    pub(crate) fn tell(
        &self,
        report: &ProgressReport,
        progress: f64,
        total: Option<f64>,
        message: Option<&str>,
    ) {
        if InCallback::is_full(self, CallbackKind::Progress) {
            self.count_one(Counter::DroppedEvents);
            return;
        }
        let _inside = InCallback::enter(self, CallbackKind::Progress);
        report.tell(progress, total, message);
    }

    /// Tells the application: at once on a thread of its own, in order with
    /// what came before, else when it next looks. Events wait until no handler
    /// of this client runs on this thread.
    pub(crate) fn deliver(&self, item: QueuedItem, wait: &Wait) {
        let is_later = matches!(item, QueuedItem::Event(_)) && InCallback::any(self);
        if is_later || wait.is_background() || wait.is_leading() {
            self.count_more(Counter::DroppedEvents, self.event_queue.push(item));
            return;
        }
        self.attend_if_any();
        self.handle(item);
        // What came while the handler ran.
        self.attend_if_any();
    }

    /// Takes a notification, on whichever stream it came.
    pub(crate) fn notice(
        &self,
        session: Option<&Arc<Session>>,
        method: &str,
        params: Option<&str>,
        wait: &Wait,
    ) {
        if method == notification::PROGRESS {
            if let Some(told) = notification::Progress::parse(params)
                && let Some(KnownReport { report, sign }) =
                    told.id().and_then(|id| self.progress_reports.get(id))
            {
                sign.store(true, Ordering::Relaxed);
                if report.strong_count() == 0 {
                    return;
                }
                let (progress, total) = (told.progress, told.total);
                let message = told.message.map(std::borrow::Cow::into_owned);
                let told = Progress { progress, total, message };
                self.deliver(QueuedItem::Progress(report, told), wait);
            }
            return;
        }
        let kind = Kind::of(method);
        let params = params.unwrap_or("{}");
        self.cache.invalidate(kind, params);
        if kind == Kind::ToolsChanged {
            self.tool_catalog.clear();
        }
        if kind == Kind::TaskStatus
            && let Some(id) = task::id(params)
        {
            self.task_watches.wake(&id);
        }
        if kind == Kind::ElicitationComplete
            && let Some(id) = notification::elicitation(params)
        {
            self.questions.complete(id);
        }
        if kind == Kind::Cancelled {
            match notification::cancelled(params) {
                Some(request) if session.is_some() => self.questions.withdraw(request),
                _ => {}
            }
        }
        if self.handlers().event.is_some() {
            let (method, params) = (method.to_owned(), params.to_owned());
            self.deliver(QueuedItem::Event(Event { kind, method, params }), wait);
        }
    }

    /// Tells of something that the library has done.
    pub(crate) fn announce(&self, kind: Kind, params: &str, wait: &Wait) {
        if self.handlers().event.is_some() {
            let event = Event { kind, method: String::new(), params: params.to_owned() };
            self.deliver(QueuedItem::Event(event), wait);
        }
    }

    /// Sends a notification.
    pub(crate) fn notify(self: &Arc<Self>, call: &crate::protocol::call::Call) -> Result<()> {
        let options = self.options();
        let wait = self.wait(&options, &CallLimits::default(), false);
        now(self.notify_within(&options, call, &wait))
            .map_err(|error| self.finished(error, call.method(), &options))
    }
}

/// A started request whose end a thread waits for.
struct Claim<'a> {
    client: &'a Client,
    request: &'a Arc<Request>,
    is_handed_out: bool,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.request.forget_landed();
        self.client.event_queue.take_place(self.request, Place::None);
        // It ended when nobody waited any more.
        let is_done = || self.request.status().is_some_and(|status| status != Status::State);
        if !self.is_handed_out && is_done() {
            self.client.event_queue.list(self.request.clone());
        }
    }
}

impl Attendant for Client {
    fn arrivals(&self) -> Option<&Signal> {
        self.has_background().then(|| self.arrivals_here())
    }

    fn attend(&self) {
        Client::attend(self);
    }

    fn asking(&self) -> &Asking {
        self.questions.asking()
    }

    fn expire(&self) {
        self.questions.expire();
    }
}
