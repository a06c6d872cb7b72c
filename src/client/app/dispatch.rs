//! Delivers items to the application: immediately, or from the event queue.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::core::client::Client;
use crate::client::core::counters::Counter;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::progress_report::{ProgressReport, ReportRun};
use crate::client::core::reentrancy::{CallbackKind, InCallback};
use crate::client::core::request_state::RequestState;
use crate::platform::RawDescriptor;
use crate::protocol::input_request::TOO_DEEP;
use crate::protocol::notification::ProgressParams;
use crate::transport::wait::{Attendant, OpenInputCount, Wait, now};

impl Client {
    /// Returns the descriptor for the application's event loop.
    pub(crate) fn fd(&self) -> Result<RawDescriptor> {
        self.event_queue.ready(true).fd().map_err(|error| {
            Error::new(Status::Internal, format!("no descriptor for the client: {error}"))
        })
    }

    /// Runs the handlers for everything in the queue. Waits up to `patience` if
    /// the queue is empty.
    pub(crate) fn dispatch(self: &Arc<Self>, patience: Duration) -> Result<()> {
        self.dispatcher.enter();
        let result = self.dispatch_once(patience);
        self.event_queue.tell_of_rest();
        result
    }

    fn dispatch_once(self: &Arc<Self>, patience: Duration) -> Result<()> {
        if self.is_closed() {
            return self.dispatch_closed(patience);
        }
        self.input_requests.expire();
        let is_woken = self.event_queue.take_wake();
        if self.run_handlers() || is_woken || patience.is_zero() || self.event_queue.has_done() {
            return Ok(());
        }
        self.check_may_wait()?;
        let wait = Wait::for_request(patience, patience, self.close.clone(), None);
        match now(wait.until_raised(self.event_queue.ready(!InCallback::any(self.id())))) {
            Ok(()) => {
                self.event_queue.take_wake();
                self.run_handlers();
                Ok(())
            }
            Err(error) if error.status() == Status::Timeout => Ok(()),
            Err(error) if error.status() == Status::Closed => self.dispatch_closed(Duration::ZERO),
            Err(error) => Err(error),
        }
    }

    /// The same after a close: only requests that are done are left, and those
    /// for the close itself.
    fn dispatch_closed(&self, patience: Duration) -> Result<()> {
        // Read first: such a request is done before it stops waiting.
        let is_closing = self.closing.is_awaited();
        let is_woken = self.event_queue.take_wake();
        if self.run_handlers() || is_woken || self.event_queue.has_done() {
            return Ok(());
        }
        if !is_closing {
            return self.check_open();
        }
        if patience.is_zero() {
            return Ok(());
        }
        self.check_may_wait()?;
        let ready = self.event_queue.ready(!InCallback::any(self.id()));
        match now(Wait::for_at_most(patience).until_raised(ready)) {
            Ok(()) => {
                self.event_queue.take_wake();
                self.run_handlers();
                Ok(())
            }
            Err(error) if error.status() == Status::Timeout => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Runs the handlers for the items in the queue, unless only a dispatch may
    /// run them.
    pub(crate) fn attend(&self) {
        if !self.dispatcher.is_alone() {
            self.run_handlers();
        }
    }

    /// Runs the handlers for the items in the queue, and returns whether there
    /// were any. Items that arrive meanwhile stay in the queue: otherwise a
    /// server that always sends something could delay a wait without end.
    pub(crate) fn run_handlers(&self) -> bool {
        let with_events = !InCallback::any(self.id());
        let mut has_any = false;
        for _ in 0..self.event_queue.len() {
            let Some(item) = self.event_queue.pop(with_events) else { break };
            has_any = true;
            self.handle(item);
        }
        has_any
    }

    /// Like `attend`, without taking the lock if the queue is empty.
    pub(crate) fn attend_if_any(&self) {
        if self.arrivals_here().is_some_and(Signal::is_raised) {
            self.attend();
        }
    }

    /// Raised while the queue has an item whose handler may run on this thread.
    /// `None` if handlers run in dispatches alone.
    pub(crate) fn arrivals_here(&self) -> Option<&Signal> {
        let arrivals = || self.event_queue.arrivals(!InCallback::any(self.id()));
        (!self.dispatcher.is_alone()).then(arrivals)
    }

    /// Fails inside a callback that gets or stores a credential. Calls wait for
    /// that callback, so a call inside it would wait for itself.
    pub(crate) fn check_may_wait(&self) -> Result<()> {
        if InCallback::is_in(self.id(), CallbackKind::Credential) {
            return Err(Error::new(
                Status::State,
                "a call inside a callback that this client waits for (token, browser, assertion, \
                 store) would wait for itself: make it with another client, or after the callback",
            ));
        }
        Ok(())
    }

    fn handle(&self, item: QueuedItem) {
        match item {
            QueuedItem::Event(event) => {
                if let Some(handler) = &self.handlers().event {
                    let _in_callback = InCallback::enter(self.id(), CallbackKind::Event);
                    handler(&event);
                }
            }
            QueuedItem::StateChange => self.handle(QueuedItem::Event(self.state_event())),
            // The call of the request has ended, or the server cancelled it.
            QueuedItem::InputRequest(request) if request.check_open().is_err() => {}
            QueuedItem::InputRequest(request)
                if InCallback::is_full(self.id(), CallbackKind::Input) =>
            {
                let _ = request.answer(TOO_DEEP.into());
            }
            QueuedItem::InputRequest(request) => match &self.handlers().input {
                Some(handler) => {
                    let _in_callback = InCallback::enter(self.id(), CallbackKind::Input);
                    handler(request);
                }
                None => request.dismiss(),
            },
            QueuedItem::Progress(report, update) => {
                if let Some(report) = report.upgrade() {
                    self.report_progress(&report, &update);
                }
            }
            QueuedItem::Done(request, run, result) => {
                self.event_queue.complete(&request, run, result);
                if !InCallback::any(self.id()) && self.event_queue.take_callback(&request) {
                    self.run_done_callback(&request);
                }
            }
            QueuedItem::Callback(request) => self.run_done_callback(&request),
            QueuedItem::Work(work) => {
                let _in_callback = InCallback::enter(self.id(), CallbackKind::Credential);
                work();
            }
            QueuedItem::Log(log) => log.deliver_announced(),
        }
    }

    /// Runs the done callback of a request on this thread. It may free the
    /// request, or start it again.
    fn run_done_callback(&self, request: &RequestState) {
        let _in_callback = InCallback::enter(self.id(), CallbackKind::Done);
        request.done_callback.run(&request.handle);
    }

    /// Runs the progress handler of a request on this thread.
    pub(crate) fn report_progress(&self, report: &ProgressReport, progress: &ProgressParams<'_>) {
        if let Some(run) = self.begin_progress(report) {
            run.report(progress);
        }
    }

    /// Begins to run the progress handler of a request on this thread. `None` if
    /// it must not run.
    pub(crate) fn begin_progress<'a>(&self, report: &'a ProgressReport) -> Option<ReportRun<'a>> {
        if InCallback::is_full(self.id(), CallbackKind::Progress) {
            self.count_one(Counter::DroppedEvents);
            return None;
        }
        report.begin(self.id())
    }

    /// Delivers an item. On a thread of the application, the handler runs at
    /// once, after the items in the queue; otherwise the item is queued. An
    /// event is queued while a handler of this client runs on this thread, and
    /// everything is if only a dispatch may run handlers.
    pub(crate) fn deliver(&self, item: QueuedItem, wait: &Wait) {
        let is_later = self.dispatcher.is_alone() || item.is_event() && InCallback::any(self.id());
        if is_later || wait.is_background() || wait.is_leading() {
            self.count_more(Counter::DroppedEvents, self.event_queue.push(item));
            return;
        }
        self.attend_if_any();
        self.handle(item);
        // Items that arrived while the handler ran.
        self.attend_if_any();
    }
}

impl Attendant for Client {
    fn arrivals(&self) -> Option<&Signal> {
        let has_any = self.has_background() || self.has_log.load(Ordering::Acquire);
        if has_any { self.arrivals_here() } else { None }
    }

    fn attend(&self) {
        Client::attend(self);
    }

    fn runs_none(&self) -> bool {
        self.dispatcher.is_this_thread()
    }

    fn check_handled(&self) -> Result<()> {
        match self.dispatcher.check_elsewhere() {
            Err(error) if self.event_queue.has_input_request() => Err(error),
            _ => Ok(()),
        }
    }

    fn open_inputs(&self) -> &OpenInputCount {
        self.input_requests.open_inputs()
    }

    fn expire(&self) {
        self.input_requests.expire();
    }
}
