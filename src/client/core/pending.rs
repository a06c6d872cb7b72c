//! What has come on a shared stream for one who waits: a call, or a stream
//! of notifications inside it.

use std::collections::VecDeque;

use crate::base::error::Error;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::base::sync::{Arc, Mutex};
use crate::wire::jsonrpc::ResponseBody;
use crate::wire::tape::Tape;

/// A message, or what is left of it that matters.
#[derive(Debug)]
pub(crate) enum Inbound {
    /// The text, the place in it where the message begins, and its parts.
    Response(String, usize, Tape, ResponseBody),
    /// How far the call is: params.
    Progress(String),
    /// Method and params.
    Notification(String, String),
    /// One that breaks the rules.
    Malformed(Error),
}

#[derive(Debug, Default)]
pub(crate) struct PendingRequest(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Inbound>,
    /// Of progress and notifications.
    bytes: usize,
    /// The answer has come; whatever else calls itself so is another's.
    has_answer: bool,
    /// Made when somebody waits who does not read.
    signal: Option<Arc<Signal>>,
    /// Takes notifications as well.
    is_stream: bool,
}

/// A stream that nobody reads from loses the oldest, but not the newest,
/// however large it is.
const MOST: usize = 1024;
const MOST_BYTES: usize = 4 << 20;

impl Inbound {
    /// The memory of one that may be lost.
    fn weight(&self) -> Option<usize> {
        match self {
            Self::Progress(params) => Some(params.len()),
            Self::Notification(method, params) => Some(method.len() + params.len()),
            Self::Response(..) | Self::Malformed(_) => None,
        }
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

    /// Raised when there is something to look at.
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

    /// Gives back a second answer.
    fn put(&self, delivered: Inbound) -> Option<Inbound> {
        let mut state = lock(&self.0);
        match delivered.weight() {
            Some(weight) => {
                while state.messages.len() >= MOST || state.bytes + weight > MOST_BYTES {
                    let oldest = state.messages.iter().position(|one| one.weight().is_some());
                    if oldest.and_then(|at| state.take(at)).is_none() {
                        break;
                    }
                }
                state.bytes += weight;
            }
            None if std::mem::replace(&mut state.has_answer, true) => return Some(delivered),
            None => {}
        }
        state.messages.push_back(delivered);
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

/// Those who wait, with the ids of their requests, which rise.
#[derive(Debug, Default)]
pub(crate) struct PendingRequests(Mutex<Vec<(i64, Arc<PendingRequest>)>>);

/// A slot for as long as somebody waits.
pub(crate) struct PendingGuard<'a> {
    slots: &'a PendingRequests,
    id: i64,
    slot: Arc<PendingRequest>,
}

impl PendingRequests {
    pub(crate) fn open(&self, id: i64, is_stream: bool) -> PendingGuard<'_> {
        let slot = Arc::new(PendingRequest::default());
        lock(&slot.0).is_stream = is_stream;
        let mut slots = lock(&self.0);
        let at = slots.partition_point(|(one, _)| *one < id);
        slots.insert(at, (id, slot.clone()));
        drop(slots);
        PendingGuard { slots: self, id, slot }
    }

    /// Gives it to who waits for it; gives it back where nobody does.
    pub(crate) fn put(&self, id: i64, delivered: Inbound) -> Option<Inbound> {
        let slots = lock(&self.0);
        let slot = place(&slots, id).and_then(|at| slots.get(at)).map(|(_, slot)| slot.clone());
        drop(slots);
        let takes = |slot: &Arc<PendingRequest>| match delivered {
            Inbound::Response(..) | Inbound::Malformed(_) => true,
            Inbound::Progress(_) => !lock(&slot.0).is_stream,
            Inbound::Notification(..) => lock(&slot.0).is_stream,
        };
        match slot.filter(takes) {
            Some(slot) => slot.put(delivered),
            None => Some(delivered),
        }
    }

    pub(crate) fn has(&self, id: i64) -> bool {
        place(&lock(&self.0), id).is_some()
    }

    /// The only one that waits.
    pub(crate) fn only(&self) -> Option<i64> {
        let slots = lock(&self.0);
        match slots.as_slice() {
            [(id, _)] => Some(*id),
            _ => None,
        }
    }

    /// All but the streams.
    pub(crate) fn calls(&self) -> Vec<i64> {
        let slots = lock(&self.0);
        let calls = slots.iter().filter(|(_, slot)| !lock(&slot.0).is_stream);
        calls.map(|(id, _)| *id).collect()
    }

    pub(crate) fn has_streams(&self) -> bool {
        lock(&self.0).iter().any(|(_, slot)| lock(&slot.0).is_stream)
    }

    /// Has all of them look.
    pub(crate) fn wake_all(&self) {
        for (_, slot) in lock(&self.0).iter() {
            slot.wake();
        }
    }
}

fn place(slots: &[(i64, Arc<PendingRequest>)], id: i64) -> Option<usize> {
    slots.binary_search_by_key(&id, |(one, _)| *one).ok()
}

impl std::ops::Deref for PendingGuard<'_> {
    type Target = PendingRequest;

    fn deref(&self) -> &PendingRequest {
        &self.slot
    }
}

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        let mut slots = lock(&self.slots.0);
        let gone = place(&slots, self.id).map(|at| slots.remove(at));
        drop(slots);
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn malformed() -> Inbound {
        Inbound::Malformed(Error::protocol("x"))
    }

    fn notification() -> Inbound {
        Inbound::Notification("notifications/x".into(), "{}".into())
    }

    #[test]
    fn delivers_to_who_waits_and_to_nobody_else() {
        let slots = PendingRequests::default();
        let waiting = slots.open(1, false);
        assert_eq!(slots.only(), Some(1));
        assert!(slots.put(2, malformed()).is_some());
        assert!(slots.put(1, notification()).is_some(), "a call takes no notifications");
        assert!(slots.put(1, malformed()).is_none());
        assert_eq!(slots.calls(), [1]);
        assert!(waiting.has_any() && waiting.signal().is_raised());
        assert!(waiting.take().is_some() && waiting.take().is_none());
        drop(waiting);
        assert!(slots.put(1, malformed()).is_some() && !slots.has(1));
    }

    #[test]
    fn keeps_a_streams_newest_notifications() {
        let slots = PendingRequests::default();
        let waiting = slots.open(1, true);
        assert!(slots.has_streams() && slots.calls().is_empty());
        for _ in 0..MOST + 5 {
            assert!(slots.put(1, notification()).is_none());
        }
        assert_eq!(std::iter::from_fn(|| waiting.take()).count(), MOST);
    }

    #[test]
    fn is_bounded_in_bytes_but_keeps_the_newest() {
        let slots = PendingRequests::default();
        let waiting = slots.open(1, false);
        for size in [MOST_BYTES / 2, MOST_BYTES / 2, 1, 2 * MOST_BYTES] {
            slots.put(1, Inbound::Progress("x".repeat(size)));
            assert!(lock(&waiting.0).bytes <= 2 * MOST_BYTES);
        }
        assert!(matches!(waiting.take(), Some(Inbound::Progress(x)) if x.len() > MOST_BYTES));
        assert!(waiting.take().is_none() && lock(&waiting.0).bytes == 0);
    }

    #[test]
    fn takes_one_answer() {
        let slots = PendingRequests::default();
        let waiting = slots.open(1, false);
        assert!(slots.put(1, malformed()).is_none() && slots.put(1, malformed()).is_some());
        assert!(waiting.take().is_some() && slots.put(1, malformed()).is_some());
    }

    #[test]
    fn keeps_the_answer_whatever_follows_it() {
        let slots = PendingRequests::default();
        let waiting = slots.open(1, false);
        slots.put(1, malformed());
        for _ in 0..MOST + 5 {
            slots.put(1, Inbound::Progress("{}".into()));
        }
        assert!(matches!(waiting.take(), Some(Inbound::Malformed(_))));
    }
}
