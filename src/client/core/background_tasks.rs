//! The tasks of one client on the background thread.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::base::error::Result;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::transport::background::Background;
use crate::transport::wait::Wait;

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
    /// Raised while there is none, for a task that waits for the others.
    none: Signal,
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
        let background = self.enter(check)?;
        self.tasks.begin();
        let counted = CountedTask(self.tasks.clone());
        background.spawn(move || {
            // Boxed here: it is large, and would be copied again with the count.
            let task = Box::pin(job());
            async move {
                task.await;
                drop(counted);
            }
        });
        Ok(())
    }

    /// Returns the thread, for work that is not one of the tasks: the close
    /// waits for the end of the tasks.
    pub(crate) fn enter(&self, check: impl FnOnce() -> Result<()>) -> Result<Arc<Background>> {
        let mut background = lock(&self.background);
        match &*background {
            Some(background) => Ok(background.clone()),
            None => {
                check()?;
                Ok(background.insert(Arc::new(Background::enter()?)).clone())
            }
        }
    }

    /// Releases the thread.
    pub(crate) fn leave(&self) {
        let background = lock(&self.background).take();
        drop(background);
    }

    /// Waits until the tasks have ended, because the client is closed.
    pub(crate) async fn until_ended(&self, most: Duration, wait: &Wait) {
        if !wait.is_background() {
            return self.block_until_ended(most);
        }
        let until = Instant::now() + most;
        while *lock(&self.tasks.count) > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || wait.raised_within(&self.tasks.none, left).await.is_err() {
                return;
            }
        }
    }

    /// The same on a thread of the application. Needs no descriptor.
    fn block_until_ended(&self, most: Duration) {
        let until = Instant::now() + most;
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
    }
}

impl TaskCount {
    fn begin(&self) {
        let mut count = lock(&self.count);
        *count += 1;
        self.none.lower();
        drop(count);
        self.begun.fetch_add(1, Ordering::AcqRel);
    }

    fn end(&self) {
        let mut count = lock(&self.count);
        *count -= 1;
        if *count == 0 {
            self.none.raise();
        }
        drop(count);
        self.ended.notify_all();
    }
}

/// Counts a task as ended when it returns or panics.
struct CountedTask(Arc<TaskCount>);

impl Drop for CountedTask {
    fn drop(&mut self) {
        self.0.end();
    }
}
