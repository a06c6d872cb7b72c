//! The background thread: one for all clients of a process. On it run the
//! notification streams and the requests that were started without waiting.
//!
//! The first client that needs it starts it, and the last client that drops it
//! joins it. The application's code never runs on it.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll as Step;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::base::cancel::{self, Cancel, CancelListeners, Generation};
use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::base::thread;
use crate::platform::{self, PerProcess, PermanentWakeUp, Poll, Watch};

/// Makes a task. It is called on the background thread, so the task need not be
/// `Send`.
type TaskMaker = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Keeps the background thread running. Dropping the last one ends it.
pub(crate) struct Background {
    jobs: UnboundedSender<TaskMaker>,
    pid: u32,
}

impl fmt::Debug for Background {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Background")
    }
}

/// The thread while it runs.
struct Running {
    jobs: UnboundedSender<TaskMaker>,
    thread: JoinHandle<()>,
    users: usize,
}

/// The child of a fork does not have the thread of its parent.
static RUNNING: PerProcess<Mutex<Option<Running>>> = PerProcess::new();

impl Background {
    /// Adds a user of the thread, and starts it for the first one.
    pub(crate) fn enter() -> Result<Self> {
        let pid = std::process::id();
        let mut running = lock(RUNNING.get());
        if let Some(running) = running.as_mut() {
            running.users += 1;
            return Ok(Self { jobs: running.jobs.clone(), pid });
        }
        let failed = |error: io::Error| {
            Error::new(Status::Internal, format!("cannot start the background thread: {error}"))
        };
        let runtime = with_builder(Builder::build).map_err(failed)?;
        let wake_up = cancel::background_wake_up().map_err(failed)?;
        let (jobs, queue) = unbounded_channel();
        let body = move || runtime.block_on(work(queue, wake_up));
        let thread = thread::spawn("mcp-background", body).map_err(failed)?;
        *running = Some(Running { jobs: jobs.clone(), thread, users: 1 });
        Ok(Self { jobs, pid })
    }

    /// Lets tokio read its settings from the environment now: see
    /// [`crate::base::environment`].
    pub(crate) fn prepare() {
        with_builder(|_| ());
    }

    /// Runs a task. `job` is called on the background thread.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(
        &self,
        job: impl FnOnce() -> F + Send + 'static,
    ) {
        // The receiver lives as long as `self`.
        let _ = self.jobs.send(Box::new(|| Box::pin(job())));
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            return;
        }
        let mut running = lock(RUNNING.get());
        let Some(state) = running.as_mut() else { return };
        state.users -= 1;
        if state.users > 0 {
            return;
        }
        let Some(Running { jobs, thread, .. }) = running.take() else { return };
        let (last, _) = unbounded_channel();
        // The thread ends when no sender is left.
        drop((jobs, std::mem::replace(&mut self.jobs, last)));
        drop(running);
        if thread.thread().id() != std::thread::current().id() {
            let _ = thread.join();
        }
    }
}

/// The builder of the runtime. It is kept, because making one reads the
/// environment.
fn with_builder<T>(read: impl FnOnce(&mut Builder) -> T) -> T {
    static BUILDER: PerProcess<Mutex<Option<Builder>>> = PerProcess::new();
    let mut builder = lock(BUILDER.get());
    read(builder.get_or_insert_with(|| {
        let mut builder = Builder::new_current_thread();
        builder.enable_io().enable_time();
        builder
    }))
}

async fn work(mut queue: UnboundedReceiver<TaskMaker>, wake_up: PermanentWakeUp) {
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            tokio::task::spawn_local(notify_of_cancels(wake_up));
            while let Some(job) = queue.recv().await {
                // A panic ends only the task that panicked.
                tokio::task::spawn_local(job());
            }
        })
        .await;
}

/// Lets other tasks run.
pub(crate) async fn give_way() {
    tokio::task::yield_now().await;
}

/// Waits for a descriptor, a signal, a cancel or the end of the time. Returns
/// false for the last.
pub(crate) async fn poll(
    entries: &mut [Poll],
    signals: [Option<&Signal>; 4],
    cancel: Option<&(Arc<Cancel>, Generation)>,
    left: Duration,
) -> io::Result<bool> {
    if !entries.is_empty() && platform::poll(entries, Duration::ZERO)? > 0 {
        // A descriptor that is always ready must not keep other tasks waiting.
        give_way().await;
        return Ok(true);
    }
    let mut watches = Vec::with_capacity(entries.len());
    for entry in entries.iter().filter(|entry| !entry.is_none()) {
        watches.push(Watch::new(entry)?);
    }
    let [one, two, three, four] = signals.map(until_raised);
    let (mut one, mut two) = (pin!(one), pin!(two));
    let (mut three, mut four) = (pin!(three), pin!(four));
    let mut fired = pin!(async {
        match cancel {
            Some((cancel, began)) => {
                LISTENERS.with_borrow_mut(|listeners| listeners.add(cancel));
                cancel.until_fired(*began).await;
            }
            None => std::future::pending().await,
        }
    });
    let mut timer = pin!(tokio::time::sleep(left.min(LONGEST)));
    let is_woken = poll_fn(|context| {
        let mut is_ready = false;
        for watch in &watches {
            is_ready |= watch.poll_ready(context).is_ready();
        }
        for signal in [&mut one, &mut two, &mut three, &mut four] {
            is_ready |= signal.as_mut().poll(context).is_ready();
        }
        is_ready |= fired.as_mut().poll(context).is_ready();
        if is_ready {
            return Step::Ready(true);
        }
        timer.as_mut().poll(context).map(|()| false)
    })
    .await;
    if is_woken && !entries.is_empty() {
        platform::poll(entries, Duration::ZERO)?;
    }
    Ok(is_woken)
}

/// Waits for a signal; without one for ever.
async fn until_raised(signal: Option<&Signal>) {
    match signal {
        Some(signal) => signal.until_raised().await,
        None => std::future::pending().await,
    }
}

/// The longest timer. tokio limits timers; a longer wait starts again.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

thread_local! {
    /// The cancels that tasks of this thread wait for.
    static LISTENERS: RefCell<CancelListeners> = RefCell::default();
}

/// Wakes tasks whose cancel was fired. A cancel may be fired in a signal
/// handler, which can only set the wake-up.
async fn notify_of_cancels(wake_up: PermanentWakeUp) {
    let Ok(watch) = Watch::for_wake_up(wake_up) else { return };
    while watch.on_input(|| wake_up.clear()).await.is_ok() {
        LISTENERS.with_borrow_mut(CancelListeners::notify);
    }
}
