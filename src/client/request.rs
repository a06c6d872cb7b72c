//! One request with options of its own, performed here or started to go on
//! by itself.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::base::error::{Result, Status};
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::request_state::{DoneListing, RequestState, RunId};
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::transport::wait::{Wait, now};
use crate::wire::jsonrpc::Answer;

pub(crate) use crate::client::core::progress_report::ProgressHandler;

/// A request and the client that sends it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) client: Arc<Client>,
    state: Arc<RequestState>,
}

impl Deref for Request {
    type Target = RequestState;

    fn deref(&self) -> &RequestState {
        &self.state
    }
}

impl Request {
    pub(crate) fn new(client: Arc<Client>, call: Call) -> Self {
        Self { client, state: Arc::new(RequestState::new(call)) }
    }

    pub(crate) fn perform(&self) -> Result<Vec<Answer>> {
        self.mark_in_flight(0)?;
        let _reset = ResetOnDrop(self);
        let (call, limits) = self.state.begin();
        let options = self.client.options();
        let wait = self.client.wait(&options, &limits, false);
        let result = now(send(&self.client, &options, &call, &limits, &wait));
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
        let run = client.in_flight.next();
        self.mark_in_flight(run)?;
        let abort = Signal::shared();
        *lock(&self.state.abort) = Some(abort.clone());
        let (call, limits) = self.state.begin();
        let options = client.options();
        let wait = client.wait(&options, &limits, true).or_abort(abort).queued();
        let this = self.state.clone();
        let started = client.in_flight.add(run, &self.state).and_then(|()| {
            client.spawn(move |client| async move {
                let result = send(&client, &options, &call, &limits, &wait).await;
                if !this.is_abandoned() {
                    client.event_queue.push(QueuedItem::Done(this, run, result));
                }
                client.in_flight.remove(run);
            })
        });
        match started {
            // Closed meanwhile, and handed out as such.
            Err(_) if client.in_flight.was_closed(run) => Ok(()),
            Err(error) => {
                client.in_flight.remove(run);
                self.state.end_report();
                self.state.reset();
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
        self.client.event_queue.forget(&self.state);
        self.end_report();
    }

    fn mark_in_flight(&self, run: RunId) -> Result<()> {
        self.state.mark_in_flight(run)?;
        // Done, and begun anew before it was handed out.
        self.client.event_queue.set_listing(&self.state, DoneListing::Unlisted);
        Ok(())
    }
}

impl Client {
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
        self.event_queue.set_listing(request, DoneListing::Claimed);
        let completed = request.completed();
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
            match now(Wait::for_at_most(left).until_either(self.arrivals_here(), &completed)) {
                Err(error) if error.status() == Status::Timeout => {}
                other => other?,
            }
        }
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
        self.request.forget_completed();
        self.client.event_queue.set_listing(self.request, DoneListing::Unlisted);
        // It ended when nobody waited any more.
        let is_done = || self.request.status().is_some_and(|status| status != Status::State);
        if !self.is_handed_out && is_done() {
            self.client.event_queue.list(self.request.state.clone());
        }
    }
}

async fn send(
    client: &Arc<Client>,
    options: &Arc<Options>,
    call: &Call,
    limits: &CallLimits,
    wait: &Wait,
) -> Result<Vec<Answer>> {
    match limits.all_pages {
        Some(member) => Ctx::new(client, options, wait).list_within(call, member, limits).await,
        None => Ok(vec![Ctx::new(client, options, wait).perform(call, limits).await?]),
    }
}

/// Ends a flight on this thread also when a panic does.
struct ResetOnDrop<'a>(&'a Request);

impl Drop for ResetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end_report();
        self.0.reset();
    }
}
