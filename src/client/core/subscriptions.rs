//! The notifications that the application wants, and the notification stream
//! that is open for them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use crate::base::error::Result;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::core::session::Session;
use crate::protocol::notification::NotificationKind;
use crate::protocol::subscription::Interest;

#[derive(Debug, Default)]
pub(crate) struct Subscriptions(pub(crate) Mutex<SubscriptionState>);

#[derive(Debug, Default)]
pub(crate) struct SubscriptionState {
    /// The sum of the numbers of [`NotificationKind`].
    pub(crate) kinds: i32,
    /// Sorted.
    pub(crate) uris: Vec<String>,
    /// The ids of the tasks that the client created or polled last.
    tasks: VecDeque<String>,
    /// The number of attempts to open a stream.
    last: u64,
    /// The attempt that counts: the last one that has not failed.
    generation: u64,
    /// Streams up to this generation are closed when they open.
    stopped: u64,
    stream: Option<OpenStream>,
    /// The application knows that the stream is open.
    is_reported: bool,
    /// The last attempt.
    opening: Weak<StreamOpening>,
}

/// The stream that is open.
#[derive(Debug)]
struct OpenStream {
    generation: u64,
    stop: Arc<Signal>,
    session: Weak<Session>,
}

/// The result of the first attempt to open a stream.
#[derive(Debug)]
pub(crate) struct StreamOpening {
    pub(crate) generation: u64,
    /// Raised to close the stream.
    pub(crate) stop: Arc<Signal>,
    session: Weak<Session>,
    /// The session was made just before. A stream that is refused in it says
    /// nothing about it.
    is_new_session: bool,
    pub(crate) done: Signal,
    result: Mutex<Option<Result<()>>>,
}

impl StreamOpening {
    fn is_in(&self, session: &Arc<Session>) -> bool {
        std::ptr::eq(self.session.as_ptr(), Arc::as_ptr(session))
    }

    /// Whether this session was made just before the stream.
    pub(crate) fn is_of_new(&self, session: &Arc<Session>) -> bool {
        self.is_new_session && self.is_in(session)
    }

    /// The result of the attempt that is done.
    pub(crate) fn result(&self) -> Result<()> {
        lock(&self.result).clone().unwrap_or(Ok(()))
    }

    pub(crate) fn finish(&self, result: Result<()>) {
        let mut first = lock(&self.result);
        if first.is_none() {
            *first = Some(result);
            self.done.raise();
        }
    }
}

/// The limit of tasks whose notifications are requested, and of the length of
/// an id. Other tasks are polled.
const TASKS: usize = 64;
const LONGEST_ID: usize = 4096;

impl Subscriptions {
    pub(crate) fn uris(&self) -> Vec<String> {
        lock(&self.0).uris.clone()
    }

    pub(crate) fn interest(&self) -> Interest {
        let state = lock(&self.0);
        let wants = |kind: NotificationKind| state.kinds & kind as i32 != 0;
        Interest {
            tools: wants(NotificationKind::ToolsChanged),
            prompts: wants(NotificationKind::PromptsChanged),
            resources: wants(NotificationKind::ResourcesChanged),
            uris: state.uris.clone(),
            tasks: if wants(NotificationKind::TaskStatus) {
                state.tasks.iter().cloned().collect()
            } else {
                Vec::new()
            },
        }
    }

    /// Adds a task; returns false if there is nothing to add.
    pub(crate) fn add_task(&self, id: &str) -> bool {
        let tasks = &mut lock(&self.0).tasks;
        if id.len() > LONGEST_ID || tasks.iter().any(|known| known == id) {
            return false;
        }
        if tasks.len() >= TASKS {
            tasks.pop_front();
        }
        tasks.push_back(id.to_owned());
        true
    }

    /// Leaves a task that has ended out of the next stream.
    pub(crate) fn remove_task(&self, id: &str) {
        lock(&self.0).tasks.retain(|known| known != id);
    }

    pub(crate) fn is_wanted(&self) -> bool {
        lock(&self.0).is_wanted()
    }

    /// Whether the application is to be told that the stream is open: it wants
    /// notifications, and was not told. A stream for input requests alone is
    /// open before the application wants any.
    pub(crate) fn take_unreported(&self) -> bool {
        let mut state = lock(&self.0);
        let was_reported = std::mem::replace(&mut state.is_reported, false);
        state.is_reported = state.is_wanted() && state.stream.is_some();
        state.is_reported && !was_reported
    }

    /// The generation of the stream that is open; 0 if none is.
    pub(crate) fn open_generation(&self) -> u64 {
        lock(&self.0).stream.as_ref().map_or(0, |stream| stream.generation)
    }

    pub(crate) fn is_open_for(&self, session: &Arc<Session>) -> bool {
        let state = lock(&self.0);
        let stream = state.stream.as_ref();
        stream.is_some_and(|stream| std::ptr::eq(stream.session.as_ptr(), Arc::as_ptr(session)))
    }

    /// Closes the stream, or the one that is being opened as soon as it is open.
    pub(crate) fn stop(&self) {
        let mut state = lock(&self.0);
        state.stopped = state.last;
        let stream = state.stream.take();
        drop(state);
        if let Some(stream) = stream {
            stream.stop.raise();
        }
    }

    /// Begins an attempt to open a stream.
    pub(crate) fn begin(&self, session: &Arc<Session>, is_new: bool) -> Arc<StreamOpening> {
        let mut state = lock(&self.0);
        state.last += 1;
        state.generation = state.last;
        let opening = Arc::new(StreamOpening {
            generation: state.last,
            stop: Signal::shared(),
            session: Arc::downgrade(session),
            is_new_session: is_new,
            done: Signal::default(),
            result: Mutex::default(),
        });
        state.opening = Arc::downgrade(&opening);
        opening
    }

    /// Joins the attempt of another call in this session. The handshake dialect
    /// has one stream for all notifications, and a server may refuse a second.
    pub(crate) fn join(&self, session: &Arc<Session>) -> Option<Arc<StreamOpening>> {
        let mut state = lock(&self.0);
        let opening = state.opening.upgrade()?;
        if opening.done.is_raised() || !opening.is_in(session) {
            return None;
        }
        // It is wanted again.
        state.stopped = state.stopped.min(opening.generation - 1);
        Some(opening)
    }

    /// Gives up an attempt whose call has ended. Returns false if its stream is
    /// open.
    pub(crate) fn give_up(&self, opening: &StreamOpening) -> bool {
        let mut state = lock(&self.0);
        if state.stream.as_ref().is_some_and(|stream| stream.generation == opening.generation) {
            return false;
        }
        opening.stop.raise();
        state.set_failed(opening.generation);
        true
    }

    pub(crate) fn is_current(&self, generation: u64) -> bool {
        lock(&self.0).generation == generation
    }

    /// Records that a stream is open, and stops the previous one. Returns false,
    /// and stops this one, if a later one is open, or if it is no longer wanted.
    pub(crate) fn set_open(&self, opening: &StreamOpening, session: &Arc<Session>) -> bool {
        let (generation, stop) = (opening.generation, &opening.stop);
        let mut state = lock(&self.0);
        let newest = state.stream.as_ref().map_or(0, |stream| stream.generation);
        if generation < newest || generation <= state.stopped || stop.is_raised() {
            drop(state);
            stop.raise();
            return false;
        }
        let stream =
            OpenStream { generation, stop: stop.clone(), session: Arc::downgrade(session) };
        let old = state.stream.replace(stream);
        state.is_reported = false;
        drop(state);
        if let Some(old) = old
            && old.generation != generation
        {
            old.stop.raise();
        }
        true
    }

    /// Records that a stream could not be opened. The previous one stays.
    pub(crate) fn set_failed(&self, generation: u64) {
        lock(&self.0).set_failed(generation);
    }
}

impl SubscriptionState {
    fn is_wanted(&self) -> bool {
        self.kinds != 0 || !self.uris.is_empty()
    }

    fn set_failed(&mut self, generation: u64) {
        if self.generation != generation {
            return;
        }
        match &self.stream {
            Some(stream) if stream.generation != generation => {
                self.generation = stream.generation;
            }
            _ => self.stream = None,
        }
    }
}
