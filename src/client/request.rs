//! One request with options of its own, performed here or started to go on
//! by itself.

use std::any::Any;
use std::fmt;
use std::os::raw::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::base::sys::Signal;
use crate::client::Client;
use crate::client::inbox::Item;
use crate::protocol::call::Call;
use crate::protocol::item;
use crate::transport::wait::{Wait, now};
use crate::wire::jsonrpc::Answer;

/// What a single call may have of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// In place of the client's.
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) cancel: Option<Arc<Signal>>,
    pub(crate) report: Option<Arc<Report>>,
    /// In place of what the method says.
    pub(crate) is_repeatable: Option<bool>,
    /// A task is handed out, which the server is asked to keep for so many
    /// milliseconds; 0 leaves that to it.
    pub(crate) task: Option<u32>,
    /// All pages of a list, whose items stand in this member.
    pub(crate) all_pages: Option<&'static str>,
}

/// A function of the program's that is told how far a request is.
pub(crate) type Tell = dyn Fn(f64, Option<f64>, Option<&str>) + Send + Sync;

/// Who is told how far one flight of a request is, for as long as it lasts.
pub(crate) struct Report {
    tell: Arc<Tell>,
    /// Nobody is told: progress is a sign of life and no more.
    pub(crate) is_silent: bool,
    /// Progress came on another stream than the call's own.
    pub(crate) sign: Arc<AtomicBool>,
    telling: Mutex<Telling>,
    returned: Condvar,
}

#[derive(Default)]
struct Telling {
    has_ended: bool,
    /// The threads that are in the program's function.
    threads: Vec<ThreadId>,
}

impl Limits {
    /// Those of a call that has none of its own. A tool is asked to report
    /// progress, so that one that does is not taken for silent.
    pub(crate) fn of(call: &Call) -> Self {
        let report = call.is_tool().then(|| Arc::new(Report::silent()));
        Self { report, ..Self::default() }
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Report")
    }
}

impl Report {
    pub(crate) fn new(tell: Arc<Tell>) -> Self {
        let (telling, returned) = (Mutex::default(), Condvar::new());
        Self { tell, is_silent: false, sign: Arc::default(), telling, returned }
    }

    fn silent() -> Self {
        Self { is_silent: true, ..Self::new(Arc::new(|_, _, _| ())) }
    }

    /// Of another flight, with the same function.
    fn again(&self) -> Self {
        Self::new(self.tell.clone())
    }

    pub(crate) fn tell(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        let mut telling = lock(&self.telling);
        if telling.has_ended {
            return;
        }
        telling.threads.push(thread::current().id());
        drop(telling);
        let _returning = Returning(self);
        (self.tell)(progress, total, message);
    }

    /// From now on nobody is told: what comes late is passed over, and a
    /// function that runs on another thread has returned.
    fn end(&self) {
        let this = thread::current().id();
        let mut telling = lock(&self.telling);
        telling.has_ended = true;
        // Called by that very function, it would wait for itself.
        while !telling.threads.is_empty() && !telling.threads.contains(&this) {
            telling = self.returned.wait(telling).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Leaves the program's function also when a panic does.
struct Returning<'a>(&'a Report);

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        let this = thread::current().id();
        let mut telling = lock(&self.0.telling);
        if let Some(at) = telling.threads.iter().position(|thread| *thread == this) {
            telling.threads.swap_remove(at);
        }
        if telling.has_ended {
            self.0.returned.notify_all();
        }
    }
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) client: Arc<Client>,
    call: Mutex<Call>,
    limits: Mutex<Limits>,
    state: Mutex<State>,
    /// Ends a started request whose handle is freed.
    abort: Mutex<Option<Arc<Signal>>>,
    /// Who is told how far the flight under way is.
    report: Mutex<Option<Arc<Report>>>,
    /// The handle that C has of it, until it is freed.
    pub(crate) handle: AtomicPtr<c_void>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    InFlight,
    /// The pages of the result, of which most have one.
    Done(Status, Option<Vec<Answer>>, Option<Error>),
}

impl Request {
    pub(crate) fn new(client: Arc<Client>, call: Call) -> Self {
        Self {
            client,
            call: Mutex::new(call),
            limits: Mutex::default(),
            state: Mutex::default(),
            abort: Mutex::default(),
            report: Mutex::default(),
            handle: AtomicPtr::default(),
        }
    }

    /// Changes the call or its limits, which a flight under way does not see.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Call, &mut Limits) -> Result<T>,
    ) -> Result<T> {
        let mut call = lock(&self.call);
        let mut limits = lock(&self.limits);
        let old = limits.clone();
        let result = change(&mut call, &mut limits);
        drop((call, limits));
        // A program's user data may go with the old ones: not under the locks.
        drop(old);
        result
    }

    /// Sets who is told, and ends it for who was told before.
    pub(crate) fn set_report(&self, tell: Option<Arc<Tell>>) -> Result<()> {
        let report = tell.map(|tell| Arc::new(Report::new(tell)));
        self.change(|_, limits| {
            limits.report = report;
            Ok(())
        })?;
        self.end_report();
        Ok(())
    }

    /// Whether a list is asked for whole, or for the one page that its
    /// parameters name.
    pub(crate) fn set_all_pages(&self, all: bool) -> Result<()> {
        self.change(|call, limits| {
            limits.all_pages = None;
            if !all {
                return Ok(());
            }
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

    pub(crate) fn perform(&self) -> Result<Vec<Answer>> {
        self.take_off()?;
        let _landing = Landing(self);
        let (call, limits) = self.begin();
        let wait = self.client.wait(&self.client.options(), &limits, false);
        let result = now(fly(&self.client, &call, &limits, &wait));
        if limits.report.is_some() && self.client.has_background() {
            // What came before the end is told before it.
            self.client.attend();
        }
        result
    }

    /// Begins the request on the background thread.
    pub(crate) fn start(self: &Arc<Self>) -> Result<()> {
        self.client.check_open()?;
        let abort = Signal::new().map_err(|error| {
            Error::new(Status::Internal, format!("no descriptor for the request: {error}"))
        })?;
        let abort = Arc::new(abort);
        self.take_off()?;
        *lock(&self.abort) = Some(abort.clone());
        let (call, limits) = self.begin();
        let this = self.clone();
        let started = self.client.spawn(move |client| async move {
            let wait = client.of_options(|options| client.wait(options, &limits, true));
            let wait = wait.or_abort(abort);
            let result = fly(&client, &call, &limits, &wait).await;
            if limits.report.is_some() {
                let buried: Box<dyn Any + Send> = Box::new(limits);
                client.inbox.push(Item::Bury(buried));
            }
            client.inbox.push(Item::Done(this, result));
        });
        if started.is_err() {
            self.end_report();
            *lock(&self.state) = State::Idle;
        }
        started
    }

    /// Ends a request that was started and that nobody waits for any more.
    pub(crate) fn abandon(&self) {
        self.handle.store(std::ptr::null_mut(), Ordering::Release);
        self.client.forget_done(self);
        if let Some(abort) = lock(&self.abort).take() {
            abort.raise();
        }
        self.end_report();
    }

    /// How it stands: `None` while it is in flight.
    pub(crate) fn status(&self) -> Option<Status> {
        match &*lock(&self.state) {
            State::Idle => Some(Status::State),
            State::InFlight => None,
            State::Done(status, ..) => Some(*status),
        }
    }

    /// The result of a request that is done, once.
    pub(crate) fn take_result(&self) -> Result<Vec<Answer>> {
        match &mut *lock(&self.state) {
            State::Idle => Err(Error::new(Status::State, "the request was not started")),
            State::InFlight => Err(Error::new(Status::State, "the request is still in flight")),
            State::Done(_, _, Some(error)) => Err(error.clone()),
            State::Done(_, pages, None) => pages.take().ok_or_else(|| {
                Error::new(Status::NotFound, "the request's result was taken already")
            }),
        }
    }

    pub(crate) fn error(&self) -> Option<Error> {
        match &*lock(&self.state) {
            State::Done(_, _, error) => error.clone(),
            _ => None,
        }
    }

    fn take_off(&self) -> Result<()> {
        // Done, and begun anew before it was handed out.
        self.client.forget_done(self);
        let mut state = lock(&self.state);
        if matches!(*state, State::InFlight) {
            return Err(Error::new(Status::State, "the request is in flight already"));
        }
        let old = std::mem::replace(&mut *state, State::InFlight);
        drop(state);
        drop(old);
        Ok(())
    }

    /// What a flight is made with. Whoever is told of it is told of no other.
    fn begin(&self) -> (Call, Limits) {
        let (call, mut limits) = (lock(&self.call).clone(), lock(&self.limits).clone());
        let report = limits.report.map(|report| Arc::new(report.again()));
        limits.report = report.or_else(|| Limits::of(&call).report);
        *lock(&self.report) = limits.report.clone();
        (call, limits)
    }

    fn end_report(&self) {
        let report = lock(&self.report).take();
        if let Some(report) = report {
            report.end();
        }
    }

    /// Ends the flight of a started request.
    pub(crate) fn land(&self, result: Result<Vec<Answer>>) {
        self.end_report();
        *lock(&self.state) = match result {
            Ok(pages) => State::Done(Status::Ok, Some(pages), None),
            Err(error) => State::Done(error.status(), None, Some(error)),
        };
    }
}

async fn fly(
    client: &Arc<Client>,
    call: &Call,
    limits: &Limits,
    wait: &Wait,
) -> Result<Vec<Answer>> {
    match limits.all_pages {
        Some(member) => client.list_within(call, member, limits, wait).await,
        None => Ok(vec![client.perform(call, limits, wait).await?]),
    }
}

/// Ends a flight on this thread also when a panic does.
struct Landing<'a>(&'a Request);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.end_report();
        *lock(&self.0.state) = State::Idle;
    }
}
