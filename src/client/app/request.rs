//! One request with options of its own, performed here or started to go on
//! by itself.

use std::fmt;
use std::os::raw::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::base::cancel::Cancel;
use crate::base::error::{Error, Result, Status};
use crate::base::numbered::Numbered;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::Client;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::reentrancy::InCallback;
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::protocol::item;
use crate::transport::wait::{Wait, now};
use crate::wire::jsonrpc::Answer;

/// What a single call may have of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLimits {
    /// In place of the client's.
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) cancel: Option<Arc<Cancel>>,
    pub(crate) report: Option<Arc<ProgressReport>>,
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
pub(crate) struct ProgressReport {
    tell: Arc<Tell>,
    /// Nobody is told: progress is a sign of life and no more.
    pub(crate) is_silent: bool,
    /// Progress came on another stream than the call's own.
    pub(crate) sign: Arc<AtomicBool>,
    telling: Mutex<ReportState>,
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

impl CallLimits {
    /// Those of a call that has none of its own. A tool is asked to report
    /// progress, so that one that does is not taken for silent.
    pub(crate) fn of(call: &Call) -> Self {
        let report = call.is_tool().then(|| Arc::new(ProgressReport::silent()));
        Self { report, ..Self::default() }
    }
}

impl fmt::Debug for ProgressReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProgressReport")
    }
}

impl ProgressReport {
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
    /// function that runs on another thread has returned. A function of the
    /// application's waits for no other, which may wait for it in turn.
    fn end(&self) {
        let mut telling = lock(&self.telling);
        telling.has_ended = true;
        while !telling.threads.is_empty() && !InCallback::anywhere() {
            telling = self.returned.wait(telling).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The same without a wait: `then` is done when no function runs on another
    /// thread, now or by the last one that returns.
    fn end_then(&self, then: impl FnOnce() + Send + 'static) {
        let this = thread::current().id();
        let mut telling = lock(&self.telling);
        telling.has_ended = true;
        if telling.threads.iter().all(|thread| *thread == this) {
            drop(telling);
            then();
        } else {
            telling.then.push(Box::new(then));
        }
    }
}

/// Leaves the program's function also when a panic does.
struct Returning<'a>(&'a ProgressReport);

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        let this = thread::current().id();
        let mut telling = lock(&self.0.telling);
        if let Some(at) = telling.threads.iter().position(|thread| *thread == this) {
            telling.threads.swap_remove(at);
        }
        let mut then = Vec::new();
        if telling.has_ended && telling.threads.is_empty() {
            then = std::mem::take(&mut telling.then);
            self.0.returned.notify_all();
        }
        drop(telling);
        then.into_iter().for_each(|then| then());
    }
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) client: Arc<Client>,
    call: Mutex<Call>,
    limits: Mutex<CallLimits>,
    state: Mutex<State>,
    /// Raised when a flight that was started has landed; there only while
    /// somebody waits for it.
    landed: Mutex<Option<Arc<Signal>>>,
    /// Who hands it out; changed under the lock of the client's event_queue.
    pub(crate) place: Mutex<Place>,
    /// Ends a started request whose handle is freed.
    abort: Mutex<Option<Arc<Signal>>>,
    /// Who is told how far the flight under way is.
    report: Mutex<Option<Arc<ProgressReport>>>,
    /// The handle that C has of it, until it is freed.
    pub(crate) handle: AtomicPtr<c_void>,
}

/// One sending of a request: those that were started have numbers from 1.
pub(crate) type Flight = u64;

/// Where a request is that is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    #[default]
    None,
    /// Among those that are to be handed out, by this number.
    Listed(u64),
    /// A thread waits for it, and hands it out itself.
    Claimed,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    InFlight(Flight),
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
            landed: Mutex::default(),
            place: Mutex::default(),
            abort: Mutex::default(),
            report: Mutex::default(),
            handle: AtomicPtr::default(),
        }
    }

    /// Changes the call or its limits. A flight under way would not see it, so
    /// that there is an error then.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Call, &mut CallLimits) -> Result<T>,
    ) -> Result<T> {
        let state = lock(&self.state);
        if matches!(*state, State::InFlight(_)) {
            return Err(Error::new(
                Status::State,
                "the request is in flight: set its options before it is performed or started",
            ));
        }
        change(&mut lock(&self.call), &mut lock(&self.limits))
    }

    /// Sets who is told, and ends it for who was told before.
    pub(crate) fn set_report(&self, tell: Option<Arc<Tell>>) -> Result<()> {
        let report = tell.map(|tell| Arc::new(ProgressReport::new(tell)));
        let old = std::mem::replace(&mut lock(&self.limits).report, report);
        drop(old);
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
        self.take_off(0)?;
        let _landing = Landing(self);
        let (call, limits) = self.begin();
        let options = self.client.options();
        let wait = self.client.wait(&options, &limits, false);
        let result = now(fly(&self.client, &options, &call, &limits, &wait));
        // What came before the end is told before it.
        self.client.attend_if_any();
        result
    }

    /// Begins the request on the background thread, with the client's options
    /// as they are now. Once it has begun, another thread may hand it out and
    /// free its handle.
    pub(crate) fn start(self: Arc<Self>) -> Result<()> {
        let client = self.client.clone();
        client.check_open()?;
        let flight = client.flights.next();
        self.take_off(flight)?;
        let abort = Signal::shared();
        *lock(&self.abort) = Some(abort.clone());
        let (call, limits) = self.begin();
        let options = client.options();
        let wait = client.wait(&options, &limits, true).or_abort(abort).queued();
        let this = self.clone();
        let started = client.flights.add(flight, &self).and_then(|()| {
            client.spawn(move |client| async move {
                let result = fly(&client, &options, &call, &limits, &wait).await;
                if !this.is_abandoned() {
                    client.event_queue.push(QueuedItem::Done(this, flight, result));
                }
                client.flights.remove(flight);
            })
        });
        match started {
            // Closed meanwhile, and handed out as such.
            Err(_) if client.flights.has_taken(flight) => Ok(()),
            Err(error) => {
                client.flights.remove(flight);
                self.end_report();
                *lock(&self.state) = State::Idle;
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    /// Ends a request that was started and that nobody waits for any more.
    pub(crate) fn abandon(&self) {
        self.handle.store(std::ptr::null_mut(), Ordering::Release);
        if let Some(abort) = lock(&self.abort).take() {
            abort.raise();
        }
        self.client.event_queue.forget(self);
        self.end_report();
    }

    /// Whether its handle was freed.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.handle.load(Ordering::Acquire).is_null()
    }

    /// How it stands: `None` while it is in flight.
    pub(crate) fn status(&self) -> Option<Status> {
        match &*lock(&self.state) {
            State::Idle => Some(Status::State),
            State::InFlight(_) => None,
            State::Done(status, ..) => Some(*status),
        }
    }

    /// Raised when it is done, if it was started.
    pub(crate) fn landed(&self) -> Arc<Signal> {
        let signal = lock(&self.landed).get_or_insert_with(Signal::shared).clone();
        if self.status().is_some() {
            signal.raise();
        }
        signal
    }

    /// Nobody waits for that any more.
    pub(crate) fn forget_landed(&self) {
        drop(lock(&self.landed).take());
    }

    /// The result of a request that is done, once.
    pub(crate) fn take_result(&self) -> Result<Vec<Answer>> {
        match &mut *lock(&self.state) {
            State::Idle => Err(Error::new(Status::State, "the request was not started")),
            State::InFlight(_) => Err(Error::new(Status::State, "the request is still in flight")),
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

    fn take_off(&self, flight: Flight) -> Result<()> {
        let mut state = lock(&self.state);
        if matches!(*state, State::InFlight(_)) {
            return Err(Error::new(Status::State, "the request is in flight already"));
        }
        let old = std::mem::replace(&mut *state, State::InFlight(flight));
        drop(state);
        self.forget_landed();
        drop(old);
        // Done, and begun anew before it was handed out.
        self.client.event_queue.take_place(self, Place::None);
        Ok(())
    }

    /// What a flight is made with. Whoever is told of it is told of no other.
    fn begin(&self) -> (Call, CallLimits) {
        let (call, mut limits) = (lock(&self.call).clone(), lock(&self.limits).clone());
        let report = limits.report.map(|report| Arc::new(report.again()));
        limits.report = report.or_else(|| CallLimits::of(&call).report);
        *lock(&self.report) = limits.report.clone();
        (call, limits)
    }

    fn end_report(&self) {
        let report = lock(&self.report).take();
        if let Some(report) = report {
            report.end();
        }
    }

    /// Ends a flight that was started, and hands the request out, unless that
    /// was done before: the client may have been closed before its end came. A
    /// function that is told of it on another thread returns first, and does it.
    pub(crate) fn land(self: &Arc<Self>, flight: Flight, result: Result<Vec<Answer>>) {
        if !lock(&self.state).is_in(flight) {
            return;
        }
        let report = lock(&self.report).clone();
        let this = self.clone();
        let finish = move || this.finish(flight, result);
        match report {
            Some(report) => report.end_then(finish),
            None => finish(),
        }
    }

    fn finish(self: &Arc<Self>, flight: Flight, result: Result<Vec<Answer>>) {
        let done = match result {
            Ok(pages) => State::Done(Status::Ok, Some(pages), None),
            Err(error) => State::Done(error.status(), None, Some(error)),
        };
        self.client.event_queue.list_when(self.clone(), || {
            let mut state = lock(&self.state);
            let is_under_way = state.is_in(flight);
            if is_under_way {
                *state = done;
            }
            is_under_way
        });
        if self.status().is_some()
            && let Some(landed) = &*lock(&self.landed)
        {
            landed.raise();
        }
    }
}

impl State {
    fn is_in(&self, flight: Flight) -> bool {
        matches!(self, Self::InFlight(current) if *current == flight)
    }
}

/// The started requests of a client that are in flight.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<InFlightRequests>);

#[derive(Debug, Default)]
struct InFlightRequests {
    last: Flight,
    all: Numbered<Weak<Request>>,
    /// Those that were under way at the close.
    taken: Vec<Flight>,
    is_closed: bool,
}

impl Flights {
    fn next(&self) -> Flight {
        let mut air = lock(&self.0);
        air.last += 1;
        air.last
    }

    fn add(&self, flight: Flight, request: &Arc<Request>) -> Result<()> {
        let mut air = lock(&self.0);
        if air.is_closed {
            return Err(Error::new(Status::Closed, "the client was closed"));
        }
        air.all.insert(flight, Arc::downgrade(request));
        Ok(())
    }

    /// Whether a close has ended it.
    fn has_taken(&self, flight: Flight) -> bool {
        lock(&self.0).taken.contains(&flight)
    }

    fn remove(&self, flight: Flight) {
        lock(&self.0).all.remove(flight);
    }

    /// Lets no more begin, and gives those that are under way.
    pub(crate) fn close(&self) -> Vec<(Flight, Arc<Request>)> {
        let mut air = lock(&self.0);
        air.is_closed = true;
        let all = std::mem::take(&mut air.all);
        air.taken.extend(all.iter().map(|(flight, _)| *flight));
        all.iter().filter_map(|(flight, one)| Some((*flight, one.upgrade()?))).collect()
    }
}

async fn fly(
    client: &Arc<Client>,
    options: &Arc<Options>,
    call: &Call,
    limits: &CallLimits,
    wait: &Wait,
) -> Result<Vec<Answer>> {
    match limits.all_pages {
        Some(member) => client.list_within(options, call, member, limits, wait).await,
        None => Ok(vec![client.perform(options, call, limits, wait).await?]),
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
