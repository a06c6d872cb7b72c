//! What has come for the program between its calls, behind one descriptor.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use crate::base::error::{Error, Result, Status};
use crate::base::sys::Signal;
use crate::client::question::Question;
use crate::client::request::{Report, Request};
use crate::protocol::notice::Kind;
use crate::wire::jsonrpc::Answer;

/// A notification of the server, or of the library about its stream.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) method: String,
    /// A JSON object as text.
    pub(crate) params: String,
}

/// How far a request is.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) progress: f64,
    pub(crate) total: Option<f64>,
    pub(crate) message: Option<String>,
}

/// Something for the program's handlers.
pub(crate) enum Item {
    Event(Event),
    Question(Arc<Question>),
    /// It is not held here, as this may be dropped on any thread.
    Progress(Weak<Report>, Progress),
    /// A started request has ended so: it is done when the program looks.
    Done(Arc<Request>, Result<Vec<Answer>>),
    /// Work that runs code of the program.
    Work(Box<dyn FnOnce() + Send>),
    /// May hold the program's user data, which is let go of on its threads.
    Bury(#[allow(dead_code, reason = "dropped where it is taken")] Box<dyn Any + Send>),
}

impl Item {
    /// The memory of what may be dropped, if it may be.
    fn weight(&self) -> Option<usize> {
        let more = match self {
            Self::Event(event) => event.method.len() + event.params.len(),
            Self::Progress(_, told) => told.message.as_ref().map_or(0, String::len),
            _ => return None,
        };
        Some(size_of::<Self>() + more)
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Event(_) => "Event",
            Self::Question(_) => "Question",
            Self::Progress(..) => "Progress",
            Self::Done(..) => "Done",
            Self::Work(_) => "Work",
            Self::Bury(_) => "Bury",
        })
    }
}

#[derive(Debug, Default)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    /// Raised while the queue holds anything.
    signal: OnceLock<Arc<Signal>>,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    /// Of those that may be dropped, how many there are and their weight.
    events: usize,
    bytes: usize,
}

/// The most events that wait to be told, and the most memory of them; the
/// oldest make room, but for the newest, however large it is.
const EVENTS: usize = 1024;
const BYTES: usize = 16 << 20;

impl Queue {
    fn push(&mut self, item: Item) {
        if let Some(weight) = item.weight() {
            self.events += 1;
            self.bytes += weight;
        }
        self.items.push_back(item);
    }

    fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front();
        self.account_for(item.as_ref());
        item
    }

    /// Drops the oldest event; false if there is none.
    fn make_room(&mut self) -> bool {
        let oldest = self.items.iter().position(|item| item.weight().is_some());
        let item = oldest.and_then(|at| self.items.remove(at));
        self.account_for(item.as_ref());
        item.is_some()
    }

    fn account_for(&mut self, gone: Option<&Item>) {
        if let Some(weight) = gone.and_then(Item::weight) {
            self.events = self.events.saturating_sub(1);
            self.bytes = self.bytes.saturating_sub(weight);
        }
    }
}

impl Inbox {
    /// The descriptor that is readable while there is anything.
    pub(crate) fn signal(&self) -> Result<Arc<Signal>> {
        if let Some(signal) = self.signal.get() {
            return Ok(signal.clone());
        }
        let queue = self.queue();
        let signal = match self.signal.get() {
            Some(signal) => signal.clone(),
            None => {
                let made = Signal::new().map_err(|error| {
                    Error::new(Status::Internal, format!("no descriptor for the client: {error}"))
                })?;
                self.signal.get_or_init(|| Arc::new(made)).clone()
            }
        };
        if !queue.items.is_empty() {
            signal.raise();
        }
        Ok(signal)
    }

    pub(crate) fn fd(&self) -> Option<RawFd> {
        self.signal.get().map(|signal| signal.fd())
    }

    pub(crate) fn has_any(&self) -> bool {
        !self.queue().items.is_empty()
    }

    /// Adds an item; says how many events were dropped for it.
    pub(crate) fn push(&self, item: Item) -> usize {
        let mut queue = self.queue();
        let mut dropped = 0;
        if let Some(weight) = item.weight() {
            while (queue.events >= EVENTS || queue.bytes + weight > BYTES) && queue.make_room() {
                dropped += 1;
            }
        }
        queue.push(item);
        if let Some(signal) = self.signal.get() {
            signal.raise();
        }
        dropped
    }

    pub(crate) fn pop(&self) -> Option<Item> {
        let mut queue = self.queue();
        let item = queue.pop();
        if queue.items.is_empty()
            && let Some(signal) = self.signal.get()
            && signal.is_raised()
        {
            signal.lower();
        }
        item
    }

    /// Lets go of all but the ends of requests.
    pub(crate) fn clear(&self) {
        while let Some(item) = self.pop() {
            if let Item::Done(request, result) = item {
                request.land(result);
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(method: &str) -> Item {
        let params = "{}".to_owned();
        Item::Event(Event { kind: Kind::Other, method: method.to_owned(), params })
    }

    #[test]
    fn is_readable_while_it_holds_anything() {
        let inbox = Inbox::default();
        inbox.push(event("a"));
        let signal = inbox.signal().unwrap();
        assert!(signal.is_raised());
        assert!(inbox.pop().is_some() && !signal.is_raised() && inbox.pop().is_none());
        inbox.push(event("b"));
        assert!(signal.is_raised());
        inbox.clear();
        assert!(!signal.is_raised());
    }

    #[test]
    fn drops_the_oldest_events_and_nothing_else() {
        let inbox = Inbox::default();
        inbox.push(Item::Work(Box::new(|| ())));
        let dropped: usize = (0..EVENTS + 3).map(|at| inbox.push(event(&at.to_string()))).sum();
        assert_eq!(dropped, 3);
        assert!(matches!(inbox.pop(), Some(Item::Work(_))));
        assert!(matches!(inbox.pop(), Some(Item::Event(event)) if event.method == "3"));
    }

    #[test]
    fn is_bounded_in_bytes_but_keeps_the_newest() {
        let inbox = Inbox::default();
        let mebibyte = "x".repeat(1 << 20);
        inbox.push(Item::Work(Box::new(|| ())));
        let dropped: usize = (0..20).map(|_| inbox.push(event(&mebibyte))).sum();
        assert_eq!(dropped, 5, "as an event is a little more than its text");
        assert_eq!(inbox.push(event(&mebibyte.repeat(20))), 15);
        assert_eq!(inbox.push(event("small")), 1);
        assert!(matches!(inbox.pop(), Some(Item::Work(_))));
        assert!(matches!(inbox.pop(), Some(Item::Event(event)) if event.method == "small"));
        let queue = inbox.queue();
        assert_eq!((queue.events, queue.bytes), (0, 0));
    }
}
