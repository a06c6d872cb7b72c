//! Records of the trace on their way to the application's log handler.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::base::app_call::{self, AfterCall};
use crate::base::sync::lock;

/// How important a record is, with the numbers of the public header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub(crate) enum Severity {
    Debug = 0,
    Info = 1,
    Notice = 2,
    Warning = 3,
}

/// A line of the trace, without its end.
#[derive(Debug)]
pub(crate) struct LogRecord {
    pub(crate) severity: Severity,
    pub(crate) message: String,
}

/// Runs code of the application.
pub(crate) type LogHandler = dyn Fn(&LogRecord) + Send + Sync;

/// Makes a thread of the application call [`LogQueue::deliver_announced`].
type Announce = dyn Fn(Arc<LogQueue>) + Send + Sync;

/// The records that wait for a thread of the application.
pub(crate) struct LogQueue {
    /// The lowest number that a record must have.
    level: i32,
    announce: Box<Announce>,
    /// Whether the end of a call delivers records.
    runs_after_calls: Box<dyn Fn() -> bool + Send + Sync>,
    state: Mutex<LogState>,
}

struct LogState {
    /// `None` after it was stopped.
    handler: Option<Arc<LogHandler>>,
    records: VecDeque<LogRecord>,
    bytes: usize,
    /// The number of records that were dropped since the last delivery.
    lost: usize,
    is_announced: bool,
}

/// The most bytes of the records that wait. The oldest are dropped.
const BYTES: usize = 1024 * 1024;

impl fmt::Debug for LogQueue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LogQueue")
    }
}

impl LogQueue {
    pub(crate) fn new(
        level: i32,
        handler: Arc<LogHandler>,
        announce: Box<Announce>,
        runs_after_calls: Box<dyn Fn() -> bool + Send + Sync>,
    ) -> Arc<Self> {
        let state = LogState {
            handler: Some(handler),
            records: VecDeque::new(),
            bytes: 0,
            lost: 0,
            is_announced: false,
        };
        Arc::new(Self { level, announce, runs_after_calls, state: Mutex::new(state) })
    }

    pub(crate) fn wants(&self, severity: Severity) -> bool {
        severity as i32 >= self.level
    }

    /// Queues a record. It is delivered when a thread of the application
    /// dispatches or waits, and at the end of the call that this thread is in.
    pub(crate) fn push(self: &Arc<Self>, record: LogRecord) {
        let weight = size_of::<LogRecord>() + record.message.len();
        let mut state = lock(&self.state);
        if state.handler.is_none() {
            return;
        }
        while state.bytes + weight > BYTES
            && let Some(oldest) = state.records.pop_front()
        {
            state.bytes -= size_of::<LogRecord>() + oldest.message.len();
            state.lost += 1;
        }
        state.bytes += weight;
        state.records.push_back(record);
        let is_first = !std::mem::replace(&mut state.is_announced, true);
        drop(state);
        if is_first {
            (self.announce)(self.clone());
        }
        app_call::put(&(self.clone() as Arc<dyn AfterCall>));
    }

    /// Delivers the records, after an announcement.
    pub(crate) fn deliver_announced(&self) {
        lock(&self.state).is_announced = false;
        self.deliver();
    }

    /// Runs the handler for the records that are there now.
    fn deliver(&self) {
        let mut state = lock(&self.state);
        let records = std::mem::take(&mut state.records);
        let lost = std::mem::take(&mut state.lost);
        state.bytes = 0;
        drop(state);
        let note = (lost > 0).then(|| LogRecord {
            severity: Severity::Warning,
            message: format!("* {lost} records lost"),
        });
        for record in note.iter().chain(&records) {
            let Some(handler) = lock(&self.state).handler.clone() else { return };
            handler(record);
        }
    }

    /// Drops the handler and the records, and takes no further ones.
    pub(crate) fn stop(&self) {
        let mut state = lock(&self.state);
        let handler = state.handler.take();
        state.records.clear();
        drop(state);
        // It may free user data of the application: not under the lock.
        drop(handler);
    }
}

impl AfterCall for LogQueue {
    fn run(&self) {
        if (self.runs_after_calls)() {
            self.deliver();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Shared<T> = Arc<Mutex<Vec<T>>>;

    fn queue() -> (Arc<LogQueue>, Shared<String>, Shared<Arc<LogQueue>>) {
        let (shown, announced) = (Arc::<Mutex<Vec<String>>>::default(), Arc::default());
        let (handled, list) = (shown.clone(), Arc::<Mutex<Vec<Arc<LogQueue>>>>::clone(&announced));
        let queue = LogQueue::new(
            Severity::Info as i32,
            Arc::new(move |record: &LogRecord| lock(&handled).push(record.message.clone())),
            Box::new(move |queue| lock(&list).push(queue)),
            Box::new(|| true),
        );
        (queue, shown, announced)
    }

    fn push(queue: &Arc<LogQueue>, message: impl Into<String>) {
        queue.push(LogRecord { severity: Severity::Info, message: message.into() });
    }

    #[test]
    fn announces_once_until_it_delivers() {
        let (queue, shown, announced) = queue();
        assert!(queue.wants(Severity::Info) && !queue.wants(Severity::Debug));
        push(&queue, "a");
        push(&queue, "b");
        assert_eq!(lock(&announced).len(), 1);
        queue.run();
        assert_eq!(*lock(&shown), ["a", "b"]);
        push(&queue, "c");
        assert_eq!(lock(&announced).len(), 1, "the announcement is still there");
        queue.deliver_announced();
        push(&queue, "d");
        assert_eq!(lock(&announced).len(), 2);
        assert_eq!(lock(&shown).len(), 3);
        lock(&announced).clear();
    }

    #[test]
    fn is_bounded_and_says_what_was_lost() {
        let (queue, shown, announced) = queue();
        for _ in 0..3000 {
            push(&queue, "x".repeat(1000));
        }
        assert!(lock(&queue.state).bytes <= BYTES);
        queue.deliver_announced();
        let shown = lock(&shown);
        assert!(shown.len() < 1100 && shown[0] == format!("* {} records lost", 3001 - shown.len()));
        lock(&announced).clear();
    }

    #[test]
    fn takes_nothing_after_it_was_stopped() {
        let (queue, shown, announced) = queue();
        push(&queue, "a");
        queue.stop();
        push(&queue, "b");
        queue.deliver_announced();
        assert!(lock(&shown).is_empty());
        lock(&announced).clear();
    }
}
