//! One request with options of its own, performed here or started to go on
//! by itself.

use std::any::Any;
use std::fmt;
use std::os::raw::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::sys::Signal;
use crate::client::Client;
use crate::client::inbox::Item;
use crate::protocol::call::Call;
use crate::transport::wait::now;
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
}

/// A function of the program's that is told how far a request is.
pub(crate) type Tell = dyn Fn(f64, Option<f64>, Option<&str>) + Send + Sync;

pub(crate) struct Report {
    tell: Box<Tell>,
    /// Progress came on another stream than the call's own.
    pub(crate) sign: Arc<AtomicBool>,
}

impl fmt::Debug for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Report")
    }
}

impl Report {
    pub(crate) fn new(tell: Box<Tell>) -> Self {
        Self { tell, sign: Arc::default() }
    }

    pub(crate) fn tell(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        (self.tell)(progress, total, message);
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
    /// The handle that C has of it, until it is freed.
    pub(crate) handle: AtomicPtr<c_void>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    InFlight,
    Done(Status, Option<Answer>, Option<Error>),
}

impl Request {
    pub(crate) fn new(client: Arc<Client>, call: Call) -> Self {
        Self {
            client,
            call: Mutex::new(call),
            limits: Mutex::default(),
            state: Mutex::default(),
            abort: Mutex::default(),
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

    pub(crate) fn perform(&self) -> Result<Answer> {
        self.take_off()?;
        let _landing = Landing(self);
        let (call, limits) = (lock(&self.call).clone(), lock(&self.limits).clone());
        let wait = self.client.wait(&self.client.options(), &limits, false);
        now(self.client.perform(&call, &limits, &wait))
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
        let (call, limits) = (lock(&self.call).clone(), lock(&self.limits).clone());
        let this = self.clone();
        let started = self.client.spawn(move |client| async move {
            let wait = client.wait(&client.options(), &limits, true).or_abort(abort);
            let result = client.perform(&call, &limits, &wait).await;
            if limits.report.is_some() {
                let buried: Box<dyn Any + Send> = Box::new(limits);
                client.inbox.push(Item::Bury(buried));
            }
            client.inbox.push(Item::Done(this, result));
        });
        if started.is_err() {
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
    pub(crate) fn take_result(&self) -> Result<Answer> {
        match &mut *lock(&self.state) {
            State::Idle => Err(Error::new(Status::State, "the request was not started")),
            State::InFlight => Err(Error::new(Status::State, "the request is still in flight")),
            State::Done(_, _, Some(error)) => Err(error.clone()),
            State::Done(_, answer, None) => answer.take().ok_or_else(|| {
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

    /// Ends the flight of a started request.
    pub(crate) fn land(&self, result: Result<Answer>) {
        *lock(&self.state) = match result {
            Ok(answer) => State::Done(Status::Ok, Some(answer), None),
            Err(error) => State::Done(error.status(), None, Some(error)),
        };
    }
}

/// Ends a flight on this thread also when a panic does.
struct Landing<'a>(&'a Request);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        *lock(&self.0.state) = State::Idle;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
