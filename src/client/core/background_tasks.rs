//! The tasks of one client on the background thread.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use crate::base::error::Result;
use crate::base::sync::lock;
use crate::transport::background::Background;

/// The tasks, and the client's share in the background thread.
#[derive(Debug, Default)]
pub(crate) struct BackgroundTasks {
    background: Mutex<Option<Arc<Background>>>,
    tasks: Arc<TaskCount>,
}

#[derive(Debug, Default)]
struct TaskCount {
    count: Mutex<usize>,
    ended: Condvar,
    begun: AtomicUsize,
}

impl BackgroundTasks {
    pub(crate) fn is_any(&self) -> bool {
        self.tasks.begun.load(Ordering::Acquire) > 0
    }

    /// Runs a task on the background thread. The first task starts the thread,
    /// or joins it, unless `check` fails.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(
        &self,
        check: impl FnOnce() -> Result<()>,
        job: impl FnOnce() -> F + Send + 'static,
    ) -> Result<()> {
        let background = {
            let mut background = lock(&self.background);
            match &*background {
                Some(background) => background.clone(),
                None => {
                    check()?;
                    background.insert(Arc::new(Background::enter()?)).clone()
                }
            }
        };
        *lock(&self.tasks.count) += 1;
        self.tasks.begun.fetch_add(1, Ordering::AcqRel);
        let counted = CountedTask(self.tasks.clone());
        background.spawn(move || async move {
            let counted = counted;
            job().await;
            drop(counted);
        });
        Ok(())
    }

    /// Waits until the tasks have ended, because the client is closed, and
    /// releases the thread.
    pub(crate) fn end(&self, until: Instant) {
        let mut count = lock(&self.tasks.count);
        while *count > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            count = match self.tasks.ended.wait_timeout(count, left) {
                Ok((count, _)) => count,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        drop(count);
        let background = lock(&self.background).take();
        drop(background);
    }
}

/// Counts a task as ended when it returns or panics.
struct CountedTask(Arc<TaskCount>);

impl Drop for CountedTask {
    fn drop(&mut self) {
        *lock(&self.0.count) -= 1;
        self.0.ended.notify_all();
    }
}
