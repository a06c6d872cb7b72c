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
    /// Increases with each attempt to open a stream.
    generation: u64,
    stream: Option<OpenStream>,
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
    /// The session that was made just before. A stream that is refused in it says
    /// nothing about it.
    new_session: Weak<Session>,
    pub(crate) done: Arc<Signal>,
    pub(crate) result: Mutex<Option<Result<()>>>,
}

impl StreamOpening {
    pub(crate) fn new(new_session: Weak<Session>) -> Arc<Self> {
        Arc::new(Self { new_session, done: Signal::shared(), result: Mutex::default() })
    }

    /// Whether this session was made just before the stream.
    pub(crate) fn is_of_new(&self, session: &Arc<Session>) -> bool {
        std::ptr::eq(self.new_session.as_ptr(), Arc::as_ptr(session))
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
        let state = lock(&self.0);
        state.kinds != 0 || !state.uris.is_empty()
    }

    pub(crate) fn is_open_for(&self, session: &Arc<Session>) -> bool {
        let state = lock(&self.0);
        let stream = state.stream.as_ref();
        stream.is_some_and(|stream| std::ptr::eq(stream.session.as_ptr(), Arc::as_ptr(session)))
    }

    pub(crate) fn stop(&self) {
        let stream = lock(&self.0).stream.take();
        if let Some(stream) = stream {
            stream.stop.raise();
        }
    }

    /// Returns the generation of a new attempt to open a stream.
    pub(crate) fn begin(&self) -> u64 {
        let mut state = lock(&self.0);
        state.generation += 1;
        state.generation
    }

    pub(crate) fn is_current(&self, generation: u64) -> bool {
        lock(&self.0).generation == generation
    }

    /// Records that a stream is open, and stops the previous one.
    pub(crate) fn set_open(&self, generation: u64, stop: &Arc<Signal>, session: &Arc<Session>) {
        let mut state = lock(&self.0);
        if state.generation != generation {
            return;
        }
        let stream =
            OpenStream { generation, stop: stop.clone(), session: Arc::downgrade(session) };
        let old = state.stream.replace(stream);
        drop(state);
        if let Some(old) = old
            && old.generation != generation
        {
            old.stop.raise();
        }
    }

    /// Records that a stream could not be opened. The previous one stays.
    pub(crate) fn set_failed(&self, generation: u64) {
        let mut state = lock(&self.0);
        if state.generation != generation {
            return;
        }
        match &state.stream {
            Some(stream) if stream.generation != generation => {
                state.generation = stream.generation;
            }
            _ => state.stream = None,
        }
    }
}
