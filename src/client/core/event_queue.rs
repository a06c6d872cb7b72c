//! The queue of everything that waits for a thread of the application, and the
//! started requests that are done. One descriptor shows both.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use crate::base::error::Result;
use crate::base::numbered::Numbered;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::core::input_request::OpenInputRequest;
use crate::client::core::operation::OperationResult;
use crate::client::core::progress_report::ProgressReport;
use crate::client::core::request_state::{DoneListing, RequestState, RunId};
use crate::client::core::wakeup::Wakeup;
use crate::protocol::notification::{NotificationKind, ProgressParams};
use crate::transport::log_queue::LogQueue;

/// A notification of the server, or an event of the library about the
/// notification stream.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: NotificationKind,
    pub(crate) method: String,
    /// A JSON object as text.
    pub(crate) params: String,
}

/// An item for the threads of the application.
pub(crate) enum QueuedItem {
    Event(Event),
    /// The state of the client has changed. The handler gets the state of the
    /// moment when it runs, so one item stands for any number of changes.
    StateChange,
    InputRequest(Arc<OpenInputRequest>),
    /// Dropped if the report has ended.
    Progress(Weak<ProgressReport>, ProgressParams<'static>),
    /// A started request has ended with this result. It is done once a thread
    /// of the application takes the item.
    Done(Arc<RequestState>, RunId, Result<OperationResult>),
    /// A started request is done, and its done callback has to run.
    Callback(Arc<RequestState>),
    /// Runs a callback that gets or stores a credential.
    Work(Box<dyn FnOnce() + Send>),
    /// There are log records.
    Log(Arc<LogQueue>),
}

impl QueuedItem {
    /// The memory of an item that may be dropped; `None` for other items.
    fn weight(&self) -> Option<usize> {
        let more = match self {
            Self::Event(event) => event.method.len() + event.params.len(),
            Self::Progress(_, update) => update.message.as_ref().map_or(0, |message| message.len()),
            _ => return None,
        };
        Some(size_of::<Self>() + more)
    }

    /// Whether its handler may run later. A notice of a sign-in may not: the
    /// thread that it is for waits for the person, and holds the right to
    /// connect.
    pub(crate) fn is_event(&self) -> bool {
        match self {
            Self::Event(event) => event.kind != NotificationKind::SignInNotice,
            Self::StateChange | Self::Log(_) => true,
            _ => false,
        }
    }
}

impl fmt::Debug for QueuedItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Event(_) => "Event",
            Self::StateChange => "StateChange",
            Self::InputRequest(_) => "InputRequest",
            Self::Progress(..) => "Progress",
            Self::Done(..) => "Done",
            Self::Callback(_) => "Callback",
            Self::Work(_) => "Work",
            Self::Log(_) => "Log",
        })
    }
}

#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    queue: Mutex<Queue>,
    /// Raised while there is any item.
    arrivals: Signal,
    /// Raised while there is an item that is not an event. A call inside a
    /// handler needs those.
    urgent: Signal,
    /// Raised while there is an item or a request that is done.
    ready: Signal,
    /// Like `ready`, without events.
    ready_without_events: Signal,
    /// Told when there is something to dispatch or to hand out.
    pub(crate) wakeup: Wakeup,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<QueuedItem>,
    /// How many of them are not events.
    urgent: usize,
    /// The number and the memory of the items that may be dropped.
    droppable: usize,
    bytes: usize,
    /// Requests that are done and were not handed out yet, in the order in
    /// which they ended.
    done: Numbered<Arc<RequestState>>,
    /// The same for requests with a done callback.
    callbacks: Numbered<Arc<RequestState>>,
    next_number: u64,
    /// The application wants a dispatch to return.
    is_woken: bool,
    is_closed: bool,
}

/// The limits of queued events and of their memory. The oldest events are
/// dropped, and the newest is kept, however large it is.
const EVENTS: usize = 1024;
const BYTES: usize = 16 << 20;

impl Queue {
    fn push(&mut self, item: QueuedItem) {
        if let Some(weight) = item.weight() {
            self.droppable += 1;
            self.bytes += weight;
        }
        self.urgent += usize::from(!item.is_event());
        self.items.push_back(item);
    }

    fn remove(&mut self, at: usize) -> Option<QueuedItem> {
        let item = self.items.remove(at)?;
        if let Some(weight) = item.weight() {
            self.droppable -= 1;
            self.bytes -= weight;
        }
        self.urgent -= usize::from(!item.is_event());
        Some(item)
    }

    /// Removes the oldest item that may be dropped.
    fn oldest(&mut self) -> Option<QueuedItem> {
        let at = self.items.iter().position(|item| item.weight().is_some())?;
        self.remove(at)
    }
}

impl EventQueue {
    /// The signal of the application's descriptor. Inside a handler, it is the
    /// one without events.
    pub(crate) fn ready(&self, with_events: bool) -> &Signal {
        if with_events { &self.ready } else { &self.ready_without_events }
    }

    /// The signal for a waiting thread, with or without events.
    pub(crate) fn arrivals(&self, with_events: bool) -> &Signal {
        if with_events { &self.arrivals } else { &self.urgent }
    }

    /// Makes the next dispatch return, or the one that waits. Tells the event
    /// loop also if the descriptor is readable already: the loop may be just
    /// about to take what is there, without another dispatch.
    pub(crate) fn wake(&self) {
        let mut queue = lock(&self.queue);
        let is_new = !queue.is_closed && !queue.is_woken;
        queue.is_woken |= is_new;
        self.signal(&queue);
        drop(queue);
        if is_new {
            self.wakeup.run();
        }
    }

    /// Takes the wish of [`Self::wake`], and returns whether there was one.
    pub(crate) fn take_wake(&self) -> bool {
        let mut queue = lock(&self.queue);
        let is_woken = std::mem::take(&mut queue.is_woken);
        if is_woken {
            self.signal(&queue);
        }
        is_woken
    }

    /// Tells the event loop of what a dispatch has left: no signal rises for it.
    pub(crate) fn tell_of_rest(&self) {
        if self.len() > 0 {
            self.wakeup.run();
        }
    }

    /// Tells the event loop of what was there before it set its function.
    pub(crate) fn tell_of_all(&self) {
        if self.ready.is_raised() {
            self.wakeup.run();
        }
    }

    /// Whether an input request waits for its handler.
    pub(crate) fn has_input_request(&self) -> bool {
        lock(&self.queue).items.iter().any(|item| matches!(item, QueuedItem::InputRequest(_)))
    }

    /// Adds the item for a change of the state, unless there is one.
    pub(crate) fn push_state_change(&self) {
        let mut queue = lock(&self.queue);
        let has_one = queue.items.iter().any(|item| matches!(item, QueuedItem::StateChange));
        if !queue.is_closed && !has_one {
            queue.push(QueuedItem::StateChange);
            self.signal_and_tell(queue);
        }
    }

    pub(crate) fn len(&self) -> usize {
        let queue = lock(&self.queue);
        queue.items.len() + queue.callbacks.len()
    }

    /// Adds an item, and returns how many events were dropped for it. The queue
    /// of a closed client takes no item.
    pub(crate) fn push(&self, item: QueuedItem) -> usize {
        let mut dropped = Vec::new();
        let mut queue = lock(&self.queue);
        if queue.is_closed {
            // Dropped outside the lock.
            drop(queue);
            drop(item);
            return 0;
        }
        if let Some(weight) = item.weight() {
            while queue.droppable >= EVENTS || queue.bytes + weight > BYTES {
                let Some(oldest) = queue.oldest() else { break };
                dropped.push(oldest);
            }
        }
        queue.push(item);
        self.signal_and_tell(queue);
        dropped.len()
    }

    /// Takes the next item. Without events it takes no done callback either.
    pub(crate) fn pop(&self, with_events: bool) -> Option<QueuedItem> {
        let mut queue = lock(&self.queue);
        if with_events && let Some(request) = queue.callbacks.pop_first() {
            *lock(&request.listing) = DoneListing::Unlisted;
            self.signal(&queue);
            return Some(QueuedItem::Callback(request));
        }
        let at =
            if with_events { 0 } else { queue.items.iter().position(|item| !item.is_event())? };
        let item = queue.remove(at);
        self.signal(&queue);
        item
    }

    /// Refuses new items from now on, and returns those in the queue.
    pub(crate) fn close(&self) -> Vec<QueuedItem> {
        let mut queue = lock(&self.queue);
        queue.is_closed = true;
        queue.is_woken = false;
        let items: Vec<QueuedItem> = std::iter::from_fn(|| queue.remove(0)).collect();
        self.signal(&queue);
        items
    }

    /// Lists a request that is done, unless a thread waits for it or its handle
    /// was freed.
    pub(crate) fn list(&self, request: Arc<RequestState>) {
        self.list_when(request, || true);
    }

    /// Lists a request if `ends` ends it now. Both happen under one lock: a
    /// thread that sees the end, and then gives up its claim, finds the request
    /// either listed or not.
    pub(crate) fn list_when(&self, request: Arc<RequestState>, ends: impl FnOnce() -> bool) {
        let queue = lock(&self.queue);
        if ends() {
            self.list_in(queue, request);
        }
    }

    fn list_in(&self, mut queue: MutexGuard<'_, Queue>, request: Arc<RequestState>) {
        let mut listing = lock(&request.listing);
        if !matches!(*listing, DoneListing::Unlisted) || request.is_abandoned() {
            return;
        }
        let number = queue.next_number;
        queue.next_number += 1;
        let has_callback = request.done_callback.is_set();
        *listing =
            if has_callback { DoneListing::Callback(number) } else { DoneListing::Listed(number) };
        drop(listing);
        if has_callback {
            queue.callbacks.insert(number, request);
        } else {
            queue.done.insert(number, request);
        }
        self.signal_and_tell(queue);
    }

    /// Ends a started run and lists the request, unless the close of the client
    /// did so before. If another thread runs the progress handler, that thread
    /// does both when the handler returns.
    pub(crate) fn complete(
        self: &Arc<Self>,
        request: &Arc<RequestState>,
        run: RunId,
        result: Result<OperationResult>,
    ) {
        let Some(report) = request.report_of(run) else { return };
        let (this, request) = (self.clone(), request.clone());
        let finish = move || {
            this.list_when(request.clone(), || request.end(run, result));
            request.wake_waiting();
        };
        match report {
            Some(report) => report.end_then(finish),
            None => finish(),
        }
    }

    /// Completes a request whose end is in the queue, without the items before
    /// it.
    pub(crate) fn complete_queued(self: &Arc<Self>, request: &RequestState) {
        if let Some(QueuedItem::Done(request, run, result)) = self.take_end(request) {
            self.complete(&request, run, result);
        }
    }

    /// Takes the end of a request out of the queue.
    fn take_end(&self, request: &RequestState) -> Option<QueuedItem> {
        let mut queue = lock(&self.queue);
        let is_own = |item: &QueuedItem| matches!(item, QueuedItem::Done(one, ..) if std::ptr::eq(Arc::as_ptr(one), request));
        let at = queue.items.iter().position(is_own)?;
        let end = queue.remove(at);
        self.signal(&queue);
        end
    }

    /// Takes the next started request that is done.
    pub(crate) fn next_done(&self) -> Option<Arc<RequestState>> {
        let mut queue = lock(&self.queue);
        let request = queue.done.pop_first()?;
        *lock(&request.listing) = DoneListing::Unlisted;
        self.signal(&queue);
        Some(request)
    }

    pub(crate) fn has_done(&self) -> bool {
        !lock(&self.queue).done.is_empty()
    }

    /// Changes the listing of a request, and returns the previous one. Removes a
    /// listed request from the list.
    pub(crate) fn set_listing(&self, request: &RequestState, next: DoneListing) -> DoneListing {
        let mut queue = lock(&self.queue);
        let old = std::mem::replace(&mut *lock(&request.listing), next);
        let gone = match old {
            DoneListing::Listed(number) => queue.done.remove(number),
            DoneListing::Callback(number) => queue.callbacks.remove(number),
            _ => None,
        };
        if gone.is_some() {
            self.signal(&queue);
        }
        drop(queue);
        drop(gone);
        old
    }

    /// Lets the thread that waits for a request hand it out, unless the request
    /// has a done callback.
    pub(crate) fn claim(&self, request: &RequestState) {
        if !request.done_callback.is_set() {
            self.set_listing(request, DoneListing::Claimed);
        }
    }

    /// Ends the claim of a thread, and lists a request that has ended without
    /// being handed out. Under one lock: a request without a claim may be listed
    /// and handed out at once by other threads.
    pub(crate) fn end_claim(&self, request: &Arc<RequestState>, is_handed_out: bool) {
        let queue = lock(&self.queue);
        let mut listing = lock(&request.listing);
        if *listing != DoneListing::Claimed {
            return;
        }
        *listing = DoneListing::Unlisted;
        drop(listing);
        if !is_handed_out && request.is_done() {
            self.list_in(queue, request.clone());
        }
    }

    /// Takes a request whose done callback has to run; returns whether it has.
    pub(crate) fn take_callback(&self, request: &RequestState) -> bool {
        let mut queue = lock(&self.queue);
        let mut listing = lock(&request.listing);
        let DoneListing::Callback(number) = *listing else { return false };
        *listing = DoneListing::Unlisted;
        drop(listing);
        let taken = queue.callbacks.remove(number);
        self.signal(&queue);
        drop(queue);
        taken.is_some()
    }

    /// Lists a request that is listed already where it belongs, after its done
    /// callback was set or removed.
    pub(crate) fn list_again(&self, request: &Arc<RequestState>) {
        let old = self.set_listing(request, DoneListing::Unlisted);
        if matches!(old, DoneListing::Listed(_) | DoneListing::Callback(_)) {
            self.list(request.clone());
        }
    }

    /// Removes everything about a request whose handle was freed.
    pub(crate) fn forget(&self, request: &RequestState) {
        self.set_listing(request, DoneListing::Unlisted);
        drop(self.take_end(request));
    }

    /// Sets the signals, and tells the event loop outside the lock if there is
    /// something for it that was not there before.
    fn signal_and_tell(&self, queue: MutexGuard<'_, Queue>) {
        let had = (self.arrivals.is_raised(), self.ready.is_raised());
        self.signal(&queue);
        let (has_items, is_ready) = (self.arrivals.is_raised(), self.ready.is_raised());
        drop(queue);
        if has_items && !had.0 || is_ready && !had.1 {
            self.wakeup.run();
        }
    }

    fn signal(&self, queue: &Queue) {
        let set = |signal: &Signal, raised: bool| match (raised, signal.is_raised()) {
            (true, false) => signal.raise(),
            (false, true) => signal.lower(),
            _ => {}
        };
        let has_any = !queue.items.is_empty() || !queue.callbacks.is_empty();
        set(&self.arrivals, has_any);
        set(&self.urgent, queue.urgent > 0);
        let has_other = !queue.done.is_empty() || queue.is_woken;
        set(&self.ready, has_any || has_other);
        set(&self.ready_without_events, queue.urgent > 0 || has_other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::core::operation::Operation;
    use crate::protocol::call::Call;

    fn event(method: &str) -> QueuedItem {
        let params = "{}".to_owned();
        QueuedItem::Event(Event {
            kind: NotificationKind::Other,
            method: method.to_owned(),
            params,
        })
    }

    fn work() -> QueuedItem {
        QueuedItem::Work(Box::new(|| ()))
    }

    #[test]
    fn is_ready_while_it_holds_anything() {
        let event_queue = EventQueue::default();
        event_queue.push(event("a"));
        assert!(event_queue.ready(true).is_raised() && event_queue.arrivals(true).is_raised());
        assert!(event_queue.pop(true).is_some() && !event_queue.ready(true).is_raised());
        assert!(event_queue.pop(true).is_none());
        event_queue.push(event("b"));
        assert!(event_queue.ready(true).is_raised());
        assert_eq!(event_queue.close().len(), 1);
        event_queue.push(event("c"));
        assert!(!event_queue.ready(true).is_raised(), "a closed queue takes nothing");
    }

    #[test]
    fn keeps_the_order_of_events_that_wait() {
        let event_queue = EventQueue::default();
        event_queue.push(event("a"));
        assert!(!event_queue.arrivals(false).is_raised());
        event_queue.push(work());
        event_queue.push(event("b"));
        assert!(event_queue.arrivals(false).is_raised());
        assert!(matches!(event_queue.pop(false), Some(QueuedItem::Work(_))));
        assert!(event_queue.pop(false).is_none() && !event_queue.arrivals(false).is_raised());
        for name in ["a", "b"] {
            assert!(
                matches!(event_queue.pop(true), Some(QueuedItem::Event(event)) if event.method == name)
            );
        }
    }

    /// Any sequence of operations leaves the signals as the contents say.
    #[test]
    fn signals_show_the_contents_after_any_operation() {
        let queue = Arc::new(EventQueue::default());
        let client_side = |callback: bool| {
            let request = Arc::new(RequestState::new(Operation::Call(Call::ping())));
            // Any address: the handle is not freed.
            request.handle.set(std::ptr::dangling_mut());
            let handler = callback.then(|| Arc::new(|_| ()) as Arc<_>);
            drop(request.done_callback.set(handler));
            request
        };
        let requests: Vec<_> = (0..6).map(|at| client_side(at % 2 == 0)).collect();
        let mut seed = 88_172_645_463_325_252_u64;
        for run in 1..20_000 {
            // A generator by Marsaglia.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let request = &requests[(seed >> 8) as usize % requests.len()];
            match seed % 10 {
                0 | 1 if request.mark_in_flight(run).is_ok() => {
                    queue.set_listing(request, DoneListing::Unlisted);
                    queue.push(QueuedItem::Done(request.clone(), run, Ok(OperationResult::None)));
                }
                2 => _ = queue.push(event("a")),
                3 => queue.claim(request),
                4 => queue.end_claim(request, false),
                5 => drop(queue.next_done()),
                6 => _ = queue.take_callback(request),
                7 => queue.list_again(request),
                8 if request.is_done() => queue.forget(request),
                _ => {
                    if let Some(QueuedItem::Done(request, run, result)) = queue.pop(seed & 512 > 0)
                    {
                        queue.complete(&request, run, result);
                    }
                }
            }
            let contents = lock(&queue.queue);
            let has_item = !contents.items.is_empty() || !contents.callbacks.is_empty();
            let (is_urgent, has_done) = (contents.urgent > 0, !contents.done.is_empty());
            drop(contents);
            assert_eq!(queue.arrivals(true).is_raised(), has_item);
            assert_eq!(queue.arrivals(false).is_raised(), is_urgent);
            assert_eq!(queue.ready(true).is_raised(), has_item || has_done);
            assert_eq!(queue.ready(false).is_raised(), is_urgent || has_done);
        }
    }

    #[test]
    fn drops_the_oldest_events_and_nothing_else() {
        let event_queue = EventQueue::default();
        event_queue.push(work());
        let dropped: usize =
            (0..EVENTS + 3).map(|at| event_queue.push(event(&at.to_string()))).sum();
        assert_eq!(dropped, 3);
        assert!(matches!(event_queue.pop(true), Some(QueuedItem::Work(_))));
        assert!(
            matches!(event_queue.pop(true), Some(QueuedItem::Event(event)) if event.method == "3")
        );
    }

    #[test]
    fn limits_the_bytes_of_events_but_keeps_the_newest() {
        let event_queue = EventQueue::default();
        let mebibyte = "x".repeat(1 << 20);
        event_queue.push(work());
        let dropped: usize = (0..20).map(|_| event_queue.push(event(&mebibyte))).sum();
        assert_eq!(dropped, 5, "an event is a little more than its text");
        assert_eq!(event_queue.push(event(&mebibyte.repeat(20))), 15);
        assert_eq!(event_queue.push(event("small")), 1);
        assert!(matches!(event_queue.pop(true), Some(QueuedItem::Work(_))));
        assert!(
            matches!(event_queue.pop(true), Some(QueuedItem::Event(event)) if event.method == "small")
        );
        let queue = lock(&event_queue.queue);
        assert_eq!((queue.droppable, queue.bytes, queue.urgent), (0, 0, 0));
    }
}
