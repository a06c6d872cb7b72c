//! One connection that all requests of a session share: the pipes of a process,
//! open descriptors, or HTTP with SSE.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::core::leader_lock::LeaderLock;
use crate::client::core::pending::{PendingGuard, PendingRequests};
use crate::platform::{Descriptor, Poll};
use crate::transport::async_mutex::AsyncMutex;
use crate::transport::lines::LineSink;
use crate::transport::message_source::MessageSource;
use crate::transport::process::Process;
use crate::transport::wait::{self, Wait};
use crate::wire::url::Url;

pub(crate) struct SharedConnection {
    pub(crate) source: LeaderLock<Box<dyn MessageSource>>,
    pub(crate) sink: Sink,
    /// Held while a message is written, so that messages do not mix.
    pub(crate) sending: AsyncMutex,
    pub(crate) pending: PendingRequests,
    /// The descriptor that is readable when a message arrives between calls.
    pub(crate) readable: Option<Arc<Descriptor>>,
    process: Option<Arc<Process>>,
    /// Why the connection has ended.
    end: OnceLock<Error>,
    pub(crate) ended: Arc<Signal>,
    /// The last POST had no HTTP response in time.
    is_mute: AtomicBool,
    shutting: AsyncMutex,
}

/// How messages to the server are sent.
#[derive(Debug)]
pub(crate) enum Sink {
    Lines(LineSink),
    /// Each message is a POST.
    Posts(Url),
}

impl fmt::Debug for SharedConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SharedConnection")
    }
}

/// The extra time for the end of a stream, beyond the limit of the caller.
const SPARE: Duration = Duration::from_millis(200);

impl SharedConnection {
    pub(crate) fn new(
        source: Box<dyn MessageSource>,
        sink: Sink,
        readable: Option<Arc<Descriptor>>,
        process: Option<Arc<Process>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            source: LeaderLock::new(source),
            sink,
            sending: AsyncMutex::default(),
            pending: PendingRequests::default(),
            readable,
            process,
            end: OnceLock::new(),
            ended: Signal::shared(),
            is_mute: AtomicBool::new(false),
            shutting: AsyncMutex::default(),
        })
    }

    /// Whether the connection has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.end.get().is_some()
    }

    /// Whether each message to the server is an HTTP request.
    pub(crate) fn has_posts(&self) -> bool {
        matches!(self.sink, Sink::Posts(_))
    }

    /// Whether the server responds to POSTs late or never.
    pub(crate) fn is_mute(&self) -> bool {
        self.is_mute.load(Ordering::Relaxed)
    }

    pub(crate) fn set_mute(&self, is_mute: bool) {
        self.is_mute.store(is_mute, Ordering::Relaxed);
    }

    /// How many bytes of its input the process at the other end has not read.
    pub(crate) fn unread_input(&self) -> usize {
        match &self.sink {
            Sink::Lines(sink) => sink.unread(),
            Sink::Posts(_) => 0,
        }
    }

    pub(crate) fn process(&self) -> Option<&Arc<Process>> {
        self.process.as_ref()
    }

    pub(crate) fn subscribe(&self, id: i64) -> PendingGuard<'_> {
        self.pending.open(id, true)
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self.end.get() {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Waits until an entry is ready or the connection has ended, while another
    /// thread reads.
    pub(crate) async fn until_any(&self, entries: &[Poll], wait: &Wait) -> Result<()> {
        let mut entries = entries.to_vec();
        entries.push(wait::entry(&self.ended)?);
        let leading = wait.leading();
        let ready = async {
            while !leading.poll(&mut entries, Duration::MAX).await? {}
            Ok(())
        };
        let result = ready.await;
        wait.adopt(&leading);
        result
    }

    pub(crate) fn finish(&self, error: Error) {
        let _ = self.end.set(error);
        self.ended.raise();
        self.pending.wake_all();
    }

    /// Ends the stream, and the process at its other end, within `patience`.
    pub(crate) async fn shut(&self, patience: Duration, wait: &Wait) {
        self.finish(Error::new(Status::Io, "the connection to the server was closed"));
        // A process that is killed takes a moment to end.
        let wait = wait.afterwards(patience + SPARE);
        let Ok(Some(_guard)) = self.shutting.lock_unless(&wait, || false).await else { return };
        if let Sink::Lines(sink) = &self.sink {
            sink.close();
        }
        if let Some(process) = &self.process {
            process.end(self.readable.as_deref(), patience, &wait).await;
        }
        // A leader that still reads closes it later.
        if let Some(mut source) = self.source.get() {
            source.take();
        }
    }
}
