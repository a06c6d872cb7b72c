//! What goes on for a client on the background thread, and what it brings to
//! the program's threads.

use std::future::Future;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::base::error::{Result, Status};
use crate::client::exchange::Post;
use crate::client::inbox::{Event, Item, Progress};
use crate::client::options::Options;
use crate::client::request::{Limits, Report, Request};
use crate::client::{Client, Counter, Session, lock};
use crate::protocol::Outgoing;
use crate::protocol::notice::{self, Kind};
use crate::protocol::task;
use crate::transport::background::Background;
use crate::transport::wait::{Asking, Attendant, Wait, now};

/// A stream without an end needs no limit, but every wait has one.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// The most tasks beside which a message is sent apart.
const MOST_APART: usize = 4096;

/// The tasks of one client on the background thread.
#[derive(Debug, Default)]
pub(crate) struct Work {
    background: Mutex<Option<Arc<Background>>>,
    tasks: Arc<Tasks>,
}

#[derive(Debug, Default)]
struct Tasks {
    count: Mutex<usize>,
    ended: Condvar,
    begun: AtomicUsize,
}

impl Work {
    fn is_any(&self) -> bool {
        self.tasks.begun.load(Ordering::Acquire) > 0
    }

    fn count(&self) -> usize {
        *lock(&self.tasks.count)
    }

    /// Waits for the tasks to end, which their client's close has told them
    /// to, and lets go of the thread.
    pub(crate) fn end(&self, patience: Duration) {
        let until = Instant::now() + patience;
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
struct Ending(Arc<Tasks>);

impl Drop for Ending {
    fn drop(&mut self) {
        *lock(&self.0.count) -= 1;
        self.0.ended.notify_all();
    }
}

/// Who is told how far a request is, with the request's id; they rise.
#[derive(Debug, Default)]
pub(crate) struct Reports(Mutex<Vec<(i64, Known)>>);

#[derive(Clone, Debug)]
struct Known {
    /// Never held here: it may hold the program's user data.
    report: Weak<Report>,
    /// The sign of life that its progress is.
    sign: Arc<AtomicBool>,
}

impl Reports {
    fn put(&self, id: i64, known: Known) {
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

    fn get(&self, id: i64) -> Option<Known> {
        let all = lock(&self.0);
        let at = all.binary_search_by_key(&id, |(one, _)| *one).ok()?;
        all.get(at).map(|(_, known)| known.clone())
    }
}

/// Reports reach the program for as long as this is held.
#[derive(Debug)]
pub(crate) struct Reporting {
    client: Arc<Client>,
    id: i64,
}

impl Reporting {
    pub(crate) fn begin(client: &Arc<Client>, id: i64, report: &Arc<Report>) -> Self {
        let weak = if report.is_silent { Weak::new() } else { Arc::downgrade(report) };
        client.reports.put(id, Known { report: weak, sign: report.sign.clone() });
        Self { client: client.clone(), id }
    }
}

impl Drop for Reporting {
    fn drop(&mut self) {
        self.client.reports.remove(self.id);
    }
}

impl Client {
    /// Has work done on the background thread.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(Arc<Client>) -> F + Send + 'static,
    ) -> Result<()> {
        // The inbox is what the work brings its fruit to.
        self.inbox.signal()?;
        let background = {
            let mut background = lock(&self.work.background);
            match &*background {
                Some(background) => background.clone(),
                None => {
                    self.check_open()?;
                    background.insert(Arc::new(Background::enter()?)).clone()
                }
            }
        };
        *lock(&self.work.tasks.count) += 1;
        self.work.tasks.begun.fetch_add(1, Ordering::AcqRel);
        let ending = Ending(self.work.tasks.clone());
        let client = self.clone();
        background.spawn(move || async move {
            let ending = ending;
            job(client).await;
            drop(ending);
        });
        Ok(())
    }

    /// A wait for what goes on between calls: until the client is closed.
    pub(crate) fn endless(&self) -> Wait {
        Wait::for_request(FOREVER, FOREVER, self.close.clone(), None).in_background()
    }

    /// Sends a message to the server while whoever wants it sent goes on.
    /// How it fares is the server's business.
    pub(crate) fn send_apart(
        self: &Arc<Self>,
        session: &Arc<Session>,
        outgoing: Outgoing,
    ) -> Result<()> {
        self.send_apart_as(session, outgoing, |wait| wait)
    }

    /// The same, by another wait than that of a call.
    pub(crate) fn send_apart_as(
        self: &Arc<Self>,
        session: &Arc<Session>,
        outgoing: Outgoing,
        change: fn(Wait) -> Wait,
    ) -> Result<()> {
        if self.work.count() > MOST_APART {
            // A server that asks faster than it takes answers.
            self.count_one(Counter::DroppedReplies);
            return Ok(());
        }
        let (session, options) = (session.clone(), self.options());
        self.spawn(move |client| async move {
            let wait = change(client.wait(&options, &Limits::default(), true));
            let post = Post::notification(&outgoing, session.peer());
            let _ = client.post(&options, post, &wait).await;
            client.bury(options);
        })
    }

    /// Whether anything goes on on the background thread.
    pub(crate) fn has_background(&self) -> bool {
        self.work.is_any()
    }

    /// Runs the handlers for all that has arrived, waiting for it if need be.
    pub(crate) fn dispatch(self: &Arc<Self>, patience: Duration) -> Result<()> {
        self.check_open()?;
        let signal = self.inbox.signal()?;
        self.questions.expire();
        if self.attend() || patience.is_zero() {
            return Ok(());
        }
        let wait = Wait::for_request(patience, patience, self.close.clone(), None);
        match now(wait.until_raised(&signal)) {
            Ok(()) => {
                self.attend();
                Ok(())
            }
            Err(error) if error.status() == Status::Timeout => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Runs the handlers for what is there; says if there was anything.
    pub(crate) fn attend(&self) -> bool {
        let mut has_any = false;
        while let Some(item) = self.inbox.pop() {
            has_any = true;
            self.handle(item);
        }
        has_any
    }

    /// Waits for a started request, dispatching meanwhile.
    pub(crate) fn await_request(
        self: &Arc<Self>,
        request: &Request,
        patience: Duration,
    ) -> Result<Option<Status>> {
        let until = Instant::now() + patience;
        loop {
            // What came before its end is told before it.
            self.attend();
            if let Some(status) = request.status() {
                self.attend();
                return Ok(Some(status));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.dispatch(left)?;
        }
    }

    /// A started request that is done, each once.
    pub(crate) fn next_done(&self) -> Option<Arc<Request>> {
        let mut done = lock(&self.done);
        if done.is_empty() { None } else { Some(done.remove(0)) }
    }

    /// Nobody wants it handed out any more.
    pub(crate) fn forget_done(&self, request: &Request) {
        let mut done = lock(&self.done);
        let gone = done.iter().position(|one| std::ptr::eq(Arc::as_ptr(one), request));
        let gone = gone.map(|at| done.remove(at));
        drop(done);
        drop(gone);
    }

    /// Lets go of options on the background thread: of the last reference on
    /// a thread of the program.
    pub(crate) fn bury(&self, options: Arc<Options>) {
        let current = lock(&self.options);
        if Arc::ptr_eq(&current, &options) {
            // Not the last one, as long as the lock is held.
            drop(options);
            return;
        }
        drop(current);
        self.inbox.push(Item::Bury(Box::new(options)));
    }

    /// Looks at the options as they are now, on any thread.
    pub(crate) fn of_options<T>(&self, look: impl FnOnce(&Options) -> T) -> T {
        let options = self.options();
        let found = look(&options);
        self.bury(options);
        found
    }

    fn handle(&self, item: Item) {
        match item {
            Item::Event(event) => {
                if let Some(handler) = &self.handlers().event {
                    handler(&event);
                }
            }
            // Its call has ended, or the server took it back.
            Item::Question(question) if question.check_open().is_err() => {}
            Item::Question(question) => match &self.handlers().input {
                Some(handler) => handler(question),
                None => question.dismiss(),
            },
            Item::Progress(report, told) => {
                // Nobody is left of a request that is gone.
                if let Some(report) = report.upgrade() {
                    report.tell(told.progress, told.total, told.message.as_deref());
                }
            }
            Item::Done(request, result) => {
                request.land(result);
                lock(&self.done).push(request);
            }
            Item::Work(work) => work(),
            Item::Bury(_) => {}
        }
    }

    /// Tells the program: at once on a thread of its own, in order with what
    /// came before, else when it next looks.
    pub(crate) fn deliver(&self, item: Item, wait: &Wait) {
        if wait.is_background() || wait.is_leading() {
            self.count_more(Counter::DroppedEvents, self.inbox.push(item));
        } else {
            if self.has_background() {
                self.attend();
            }
            self.handle(item);
        }
    }

    /// Takes a notification, on whichever stream it came.
    pub(crate) fn notice(
        &self,
        session: Option<&Arc<Session>>,
        method: &str,
        params: Option<&str>,
        wait: &Wait,
    ) {
        if method == notice::PROGRESS {
            if let Some(told) = notice::Progress::parse(params)
                && let Some(Known { report, sign }) = told.id().and_then(|id| self.reports.get(id))
            {
                sign.store(true, Ordering::Relaxed);
                if report.strong_count() == 0 {
                    return;
                }
                let (progress, total) = (told.progress, told.total);
                let message = told.message.map(std::borrow::Cow::into_owned);
                let told = Progress { progress, total, message };
                self.deliver(Item::Progress(report, told), wait);
            }
            return;
        }
        let kind = Kind::of(method);
        let params = params.unwrap_or("{}");
        self.cache.invalidate(kind, params);
        if kind == Kind::ToolsChanged {
            self.marks.clear();
        }
        if kind == Kind::TaskStatus
            && let Some(id) = task::id(params)
        {
            self.watches.wake(&id);
        }
        if kind == Kind::ElicitationComplete
            && let Some(id) = notice::elicitation(params)
        {
            self.questions.complete(id);
        }
        if kind == Kind::Cancelled {
            match notice::cancelled(params) {
                Some(request) if session.is_some() => self.questions.withdraw(request),
                _ => {}
            }
        }
        if self.handlers().event.is_some() {
            let (method, params) = (method.to_owned(), params.to_owned());
            self.deliver(Item::Event(Event { kind, method, params }), wait);
        }
    }

    /// Tells of something that the library has done.
    pub(crate) fn announce(&self, kind: Kind, params: &str, wait: &Wait) {
        if self.handlers().event.is_some() {
            let event = Event { kind, method: String::new(), params: params.to_owned() };
            self.deliver(Item::Event(event), wait);
        }
    }

    /// Sends a notification.
    pub(crate) fn notify(self: &Arc<Self>, call: &crate::protocol::call::Call) -> Result<()> {
        let options = self.options();
        let wait = self.wait(&options, &Limits::default(), false);
        now(self.notify_within(&options, call, &wait))
            .map_err(|error| self.finished(error, call.method(), &options))
    }
}

impl Attendant for Client {
    fn fd(&self) -> Option<RawFd> {
        if self.has_background() { self.inbox.fd() } else { None }
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
