//! The requests that wait for messages on a shared connection: calls, and the
//! notification streams of `subscriptions/listen`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::error::Error;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::base::sync::{Arc, Mutex};
use crate::protocol::notification::{self, ProgressParams};
use crate::wire::jsonrpc::ResponseBody;
use crate::wire::tape::Tape;

/// A message for one pending request.
#[derive(Debug)]
pub(crate) enum Inbound {
    /// The text, the offset of the message in it, its tape, and its body.
    Response(String, usize, Tape, ResponseBody),
    /// Progress of the request.
    Progress(ProgressParams<'static>),
    /// Method and params.
    Notification(String, String),
    /// A message that is malformed or too long. The request fails.
    Malformed(Error),
}

/// The queue of messages for one pending request.
#[derive(Debug, Default)]
pub(crate) struct PendingRequest(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Inbound>,
    /// The size of the queued progress and notifications.
    bytes: usize,
    /// The response has arrived. A second response with the same id is not
    /// accepted.
    has_answer: bool,
    /// Made when a thread waits that is not the leader.
    signal: Option<Arc<Signal>>,
    /// The request is a notification stream, which takes notifications.
    is_stream: bool,
    /// The server has acknowledged the stream. From now on the stream takes only
    /// messages that have its id and can be read.
    is_acknowledged: bool,
    /// The place of the response among all that have arrived.
    arrival: u64,
}

/// The limits of queued progress and notifications. At a limit, the oldest is
/// dropped. The newest is kept, whatever its size.
const MOST: usize = 1024;
const MOST_BYTES: usize = 4 << 20;

impl Inbound {
    /// The size of a message that may be dropped; `None` for a response.
    fn weight(&self) -> Option<usize> {
        match self {
            Self::Progress(progress) => {
                Some(progress.message.as_ref().map_or(0, |message| message.len()))
            }
            Self::Notification(method, params) => Some(method.len() + params.len()),
            Self::Response(..) | Self::Malformed(_) => None,
        }
    }

    fn is_acknowledgment(&self) -> bool {
        matches!(self, Self::Notification(method, _) if method == notification::ACKNOWLEDGED)
    }
}

impl State {
    fn take(&mut self, at: usize) -> Option<Inbound> {
        let taken = self.messages.remove(at)?;
        self.bytes -= taken.weight().unwrap_or(0);
        Some(taken)
    }
}

impl PendingRequest {
    pub(crate) fn take(&self) -> Option<Inbound> {
        lock(&self.0).take(0)
    }

    pub(crate) fn has_any(&self) -> bool {
        !lock(&self.0).messages.is_empty()
    }

    /// Where the response stands in the order of arrival; `None` before it has
    /// arrived.
    pub(crate) fn arrival(&self) -> Option<u64> {
        let state = lock(&self.0);
        state.has_answer.then_some(state.arrival)
    }

    /// Raised when a message arrives or the connection ends.
    pub(crate) fn signal(&self) -> Arc<Signal> {
        let mut state = lock(&self.0);
        if let Some(signal) = &state.signal {
            return signal.clone();
        }
        let signal = Signal::shared();
        if !state.messages.is_empty() {
            signal.raise();
        }
        state.signal.insert(signal).clone()
    }

    /// Queues a message. Returns a second response. `arrivals` counts the
    /// responses of the connection.
    fn put(&self, message: Inbound, arrivals: &AtomicU64) -> Option<Inbound> {
        let mut state = lock(&self.0);
        match message.weight() {
            Some(weight) => {
                while state.messages.len() >= MOST || state.bytes + weight > MOST_BYTES {
                    let oldest = state.messages.iter().position(|one| one.weight().is_some());
                    if oldest.and_then(|at| state.take(at)).is_none() {
                        break;
                    }
                }
                state.bytes += weight;
                state.is_acknowledged |= message.is_acknowledgment();
            }
            None if std::mem::replace(&mut state.has_answer, true) => return Some(message),
            None => state.arrival = arrivals.fetch_add(1, Ordering::Relaxed),
        }
        state.messages.push_back(message);
        if let Some(signal) = &state.signal {
            signal.raise();
        }
        None
    }

    fn wake(&self) {
        if let Some(signal) = &lock(&self.0).signal {
            signal.raise();
        }
    }
}

/// The pending requests of a connection.
#[derive(Debug, Default)]
pub(crate) struct PendingRequests {
    /// Sorted by id.
    requests: Mutex<Vec<(i64, Arc<PendingRequest>)>>,
    /// Counts the responses: two requests may wait for the first one.
    arrivals: AtomicU64,
}

/// Removes the pending request when the caller stops waiting.
pub(crate) struct PendingGuard<'a> {
    requests: &'a PendingRequests,
    id: i64,
    request: Arc<PendingRequest>,
}

impl PendingRequests {
    pub(crate) fn open(&self, id: i64, is_stream: bool) -> PendingGuard<'_> {
        let request = Arc::new(PendingRequest::default());
        lock(&request.0).is_stream = is_stream;
        let mut requests = lock(&self.requests);
        let at = requests.partition_point(|(one, _)| *one < id);
        requests.insert(at, (id, request.clone()));
        drop(requests);
        PendingGuard { requests: self, id, request }
    }

    /// Delivers a message to its request. Returns the message if the request is
    /// not pending or does not take it.
    pub(crate) fn put(&self, id: i64, message: Inbound) -> Option<Inbound> {
        let requests = lock(&self.requests);
        let request = index_of(&requests, id)
            .and_then(|at| requests.get(at))
            .map(|(_, request)| request.clone());
        drop(requests);
        let takes = |request: &Arc<PendingRequest>| match message {
            Inbound::Response(..) => true,
            Inbound::Malformed(_) => !lock(&request.0).is_acknowledged,
            Inbound::Progress(_) => !lock(&request.0).is_stream,
            Inbound::Notification(..) => lock(&request.0).is_stream,
        };
        match request.filter(takes) {
            Some(request) => request.put(message, &self.arrivals),
            None => Some(message),
        }
    }

    pub(crate) fn has(&self, id: i64) -> bool {
        index_of(&lock(&self.requests), id).is_some()
    }

    /// The id of the request that waits for its response, if there is exactly
    /// one. An acknowledged notification stream waits for none.
    #[cold]
    pub(crate) fn only(&self) -> Option<i64> {
        let requests = lock(&self.requests);
        let mut waiting = requests.iter().filter(|(_, request)| {
            let state = lock(&request.0);
            !state.is_acknowledged && !state.has_answer
        });
        match (waiting.next(), waiting.next()) {
            (Some((id, _)), None) => Some(*id),
            _ => None,
        }
    }

    /// The ids of the pending calls, without notification streams.
    pub(crate) fn calls(&self) -> Vec<i64> {
        let requests = lock(&self.requests);
        let calls = requests.iter().filter(|(_, request)| !lock(&request.0).is_stream);
        calls.map(|(id, _)| *id).collect()
    }

    pub(crate) fn has_streams(&self) -> bool {
        lock(&self.requests).iter().any(|(_, request)| lock(&request.0).is_stream)
    }

    /// Wakes every waiting thread and task.
    pub(crate) fn wake_all(&self) {
        for (_, request) in lock(&self.requests).iter() {
            request.wake();
        }
    }
}

fn index_of(requests: &[(i64, Arc<PendingRequest>)], id: i64) -> Option<usize> {
    requests.binary_search_by_key(&id, |(one, _)| *one).ok()
}

impl std::ops::Deref for PendingGuard<'_> {
    type Target = PendingRequest;

    fn deref(&self) -> &PendingRequest {
        &self.request
    }
}

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        let mut requests = lock(&self.requests.requests);
        let gone = index_of(&requests, self.id).map(|at| requests.remove(at));
        drop(requests);
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn malformed() -> Inbound {
        Inbound::Malformed(Error::protocol("x"))
    }

    fn progress(message: &str) -> Inbound {
        let message = Some(message.to_owned().into());
        Inbound::Progress(ProgressParams { id: Some(1), progress: 1.0, total: None, message })
    }

    fn notification() -> Inbound {
        Inbound::Notification("notifications/x".into(), "{}".into())
    }

    #[test]
    fn delivers_only_to_the_pending_request() {
        let requests = PendingRequests::default();
        let waiting = requests.open(1, false);
        assert_eq!(requests.only(), Some(1));
        assert!(requests.put(2, malformed()).is_some());
        assert!(requests.put(1, notification()).is_some(), "a call takes no notifications");
        assert!(requests.put(1, malformed()).is_none());
        assert_eq!(requests.calls(), [1]);
        assert!(waiting.has_any() && waiting.signal().is_raised());
        assert!(waiting.take().is_some() && waiting.take().is_none());
        drop(waiting);
        assert!(requests.put(1, malformed()).is_some() && !requests.has(1));
    }

    #[test]
    fn knows_the_only_request_that_waits_for_a_response() {
        let requests = PendingRequests::default();
        assert_eq!(requests.only(), None);
        let stream = requests.open(1, true);
        assert_eq!(requests.only(), Some(1));
        let first = requests.open(2, false);
        assert_eq!(requests.only(), None);
        let method = notification::ACKNOWLEDGED.to_owned();
        assert!(requests.put(1, Inbound::Notification(method, "{}".into())).is_none());
        assert_eq!(requests.only(), Some(2));
        assert!(
            requests.put(1, malformed()).is_some() && requests.put(1, notification()).is_none()
        );
        let second = requests.open(3, false);
        assert_eq!(requests.only(), None);
        requests.put(2, malformed());
        assert_eq!(requests.only(), Some(3));
        drop((first, second));
        assert!(requests.only().is_none() && stream.has_any());
    }

    #[test]
    fn keeps_a_streams_newest_notifications() {
        let requests = PendingRequests::default();
        let waiting = requests.open(1, true);
        assert!(requests.has_streams() && requests.calls().is_empty());
        for _ in 0..MOST + 5 {
            assert!(requests.put(1, notification()).is_none());
        }
        assert_eq!(std::iter::from_fn(|| waiting.take()).count(), MOST);
    }

    #[test]
    fn is_bounded_in_bytes_but_keeps_the_newest() {
        let requests = PendingRequests::default();
        let waiting = requests.open(1, false);
        for size in [MOST_BYTES / 2, MOST_BYTES / 2, 1, 2 * MOST_BYTES] {
            requests.put(1, progress(&"x".repeat(size)));
            assert!(lock(&waiting.0).bytes <= 2 * MOST_BYTES);
        }
        assert!(
            matches!(waiting.take(), Some(Inbound::Progress(x)) if x.message.as_ref().unwrap().len() > MOST_BYTES)
        );
        assert!(waiting.take().is_none() && lock(&waiting.0).bytes == 0);
    }

    #[test]
    fn accepts_one_response_for_a_request() {
        let requests = PendingRequests::default();
        let waiting = requests.open(1, false);
        assert!(requests.put(1, malformed()).is_none() && requests.put(1, malformed()).is_some());
        assert!(waiting.take().is_some() && requests.put(1, malformed()).is_some());
    }

    #[test]
    fn keeps_the_response_when_the_queue_is_full() {
        let requests = PendingRequests::default();
        let waiting = requests.open(1, false);
        requests.put(1, malformed());
        for _ in 0..MOST + 5 {
            requests.put(1, progress(""));
        }
        assert!(matches!(waiting.take(), Some(Inbound::Malformed(_))));
    }
}
