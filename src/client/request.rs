//! One request with its own options, performed on the caller's thread or
//! started on the background thread.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::done_callback::DoneHandler;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::operation::{Operation, OperationResult};
use crate::client::core::request_state::{DoneListing, RequestState, RunId};
use crate::client::options::Options;
use crate::transport::wait::{Wait, now};

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
    pub(crate) fn new(client: Arc<Client>, operation: Operation) -> Self {
        Self { client, state: Arc::new(RequestState::new(operation)) }
    }

    /// Changes the operation or its limits. Fails for a request that can never be
    /// sent again, because the change would have no effect.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Operation, &mut CallLimits) -> Result<T>,
    ) -> Result<T> {
        self.check_settable(false)?;
        self.state.change(change)
    }

    /// Fails for a setting of a request that cannot be sent any more. A removal
    /// frees what the application gave, and a closed client can still be closed.
    fn check_settable(&self, is_removal: bool) -> Result<()> {
        self.client.check_settable_or(is_removal || self.is_close())
    }

    /// Sets the progress handler of the next run.
    pub(crate) fn set_report(&self, handler: Option<Arc<ProgressHandler>>) -> Result<()> {
        self.check_settable(handler.is_none())?;
        self.state.set_report(handler)
    }

    /// Sets whether all pages of a list are requested.
    pub(crate) fn set_all_pages(&self, all: bool) -> Result<()> {
        self.check_settable(false)?;
        self.state.set_all_pages(all)
    }

    pub(crate) fn perform(&self) -> Result<OperationResult> {
        let abort = self.mark_in_flight(0)?;
        let _reset = ResetOnDrop(self);
        let (operation, limits) = self.state.begin();
        let options = self.options()?;
        let wait = self.client.wait(&options, &limits, false).or_abort(abort);
        let wait = wait.of_request(self.handle.clone());
        let wait = if self.is_close() { wait.despite_close() } else { wait };
        let result = now(Ctx::new(&self.client, &options, &wait).run(&operation, &limits));
        let result = self.settle(0, result);
        // Items that arrived before the end are delivered before it.
        self.client.attend_if_any();
        result
    }

    /// Starts the request on the background thread, with the client's options
    /// of this moment. From then on, another thread may hand it out and free
    /// its handle.
    pub(crate) fn start(self: Arc<Self>) -> Result<()> {
        if self.is_close() {
            return self.start_close();
        }
        let client = self.client.clone();
        client.check_open()?;
        let options = self.options()?;
        let run = client.in_flight.next();
        let abort = self.mark_in_flight(run)?;
        let (operation, limits) = self.state.begin();
        let wait = client.wait(&options, &limits, true).or_abort(abort).queued();
        let wait = wait.of_request(self.handle.clone());
        let this = self.state.clone();
        let started = client.in_flight.add(run, &self.state).and_then(|()| {
            client.spawn(move |client| async move {
                let result = Ctx::new(&client, &options, &wait).run(&operation, &limits).await;
                if !this.is_abandoned() {
                    let result = this.settle(run, result);
                    client.event_queue.push(QueuedItem::Done(this.clone(), run, result));
                    // A waiting thread that runs no handlers takes this item.
                    this.wake_waiting();
                }
                client.in_flight.remove(run);
            })
        });
        match started {
            // The close of the client ended the request and handed it out.
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

    /// Begins to close the client. The requests in flight are done at once, and
    /// this one when the close has ended.
    fn start_close(&self) -> Result<()> {
        let client = &self.client;
        let run = client.in_flight.next();
        let abort = self.mark_in_flight(run)?;
        let (_, limits) = self.state.begin();
        let wait = client.wait(&client.options(), &limits, true).despite_close().or_abort(abort);
        let started = client.start_close_for(run, &self.state, wait);
        started.inspect_err(|_| self.state.reset())
    }

    /// The client's options of this moment, with the headers of this request.
    fn options(&self) -> Result<Arc<Options>> {
        let headers = self.headers();
        let options = self.client.options().with_headers(&headers)?;
        if !headers.is_empty() {
            // Before this request connects, which it does without the headers.
            options.check_secure()?;
        }
        Ok(options)
    }

    /// Ends a started request whose handle is freed.
    pub(crate) fn abandon(&self) {
        self.handle.clear();
        self.state.abort();
        self.client.event_queue.forget(&self.state);
        self.end_report();
        self.done_callback.end();
    }

    /// Sets the function that gets the request when it is done.
    pub(crate) fn set_done(&self, handler: Option<Arc<DoneHandler>>) -> Result<()> {
        self.check_settable(handler.is_none())?;
        let old = self.state.change(|_, _| Ok(self.done_callback.set(handler)))?;
        drop(old);
        self.client.event_queue.list_again(&self.state);
        Ok(())
    }

    /// Sets an HTTP header of this request, by the rules of those of the client.
    pub(crate) fn set_header(&self, name: &str, value: Option<&str>) -> Result<()> {
        let header = self.client.options().header(name, value)?;
        self.change(|operation, limits| {
            if !operation.has_message() {
                return Err(Error::new(
                    Status::Unsupported,
                    format!(
                        "{}: this request sends no message that has a header of its own; see \
                         mcp_client_set_header()",
                        operation.method()
                    ),
                ));
            }
            limits.headers.retain(|header| !header.name.eq_ignore_ascii_case(name));
            limits.headers.extend(header);
            Ok(())
        })
    }

    fn mark_in_flight(&self, run: RunId) -> Result<Arc<Signal>> {
        let abort = self.state.mark_in_flight(run)?;
        // A run that is done may not have been handed out yet.
        self.client.event_queue.set_listing(&self.state, DoneListing::Unlisted);
        Ok(abort)
    }
}

impl Client {
    /// Waits for a started request, and runs handlers meanwhile. Only this
    /// thread hands out its end, unless the request has a done callback.
    pub(crate) fn await_request(
        self: &Arc<Self>,
        request: &Arc<Request>,
        patience: Duration,
    ) -> Result<Option<Status>> {
        request.check_was_started()?;
        if request.status().is_none() {
            self.check_may_wait()?;
        }
        let until = Instant::now() + patience;
        let mut claim = Claim { client: self, request, is_handed_out: false };
        loop {
            // A callback may have started the request again.
            self.event_queue.claim(request);
            let completed = request.completed();
            completed.lower();
            if self.dispatcher.is_alone() {
                self.event_queue.complete_queued(request);
            }
            // Items that arrived before the end are delivered before it.
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
            // A close needs no check here: it ends the request.
            let wait = Wait::for_at_most(left);
            let ended = match self.arrivals_here() {
                Some(arrivals) => now(wait.until_either(arrivals, &completed)),
                None => now(wait.until_raised(&completed)),
            };
            match ended {
                Err(error) if error.status() == Status::Timeout => {}
                other => other?,
            }
        }
    }
}

/// The claim of a thread that waits for the end of a started request.
struct Claim<'a> {
    client: &'a Client,
    request: &'a Arc<Request>,
    is_handed_out: bool,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.request.forget_completed();
        self.client.event_queue.end_claim(&self.request.state, self.is_handed_out);
    }
}

/// Ends a run on this thread when it returns or panics.
struct ResetOnDrop<'a>(&'a Request);

impl Drop for ResetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end_report();
        self.0.reset();
    }
}
