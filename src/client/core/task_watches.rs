//! The tasks that are polled. A notification about a task wakes its poller.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use crate::base::error::Result;
use crate::base::signal::Signal;
use crate::base::sync::lock;

/// The pollers by the ids of their tasks.
#[derive(Debug, Default)]
pub(crate) struct TaskWatches(Mutex<Vec<(String, Weak<Wake>)>>);

/// Wakes a poller before its pause is over.
#[derive(Debug)]
pub(crate) struct Wake {
    pub(crate) signal: Arc<Signal>,
    /// The server sent a notification about the task.
    pub(crate) has_news: AtomicBool,
}

impl TaskWatches {
    pub(crate) fn add(&self, id: &str) -> Result<Arc<Wake>> {
        let wake = Arc::new(Wake { signal: Signal::shared(), has_news: AtomicBool::new(false) });
        let mut all = lock(&self.0);
        all.retain(|(_, wake)| wake.strong_count() > 0);
        all.push((id.to_owned(), Arc::downgrade(&wake)));
        Ok(wake)
    }

    /// Wakes the pollers of a task that a notification is about.
    pub(crate) fn wake(&self, id: &str) {
        for (_, wake) in lock(&self.0).iter().filter(|(known, _)| known == id) {
            if let Some(wake) = wake.upgrade() {
                wake.has_news.store(true, Ordering::Release);
                wake.signal.raise();
            }
        }
    }
}
