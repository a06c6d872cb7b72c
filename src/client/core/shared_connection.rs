//! One connection that all requests of a session share: that of a process, of
//! open descriptors, or of HTTP with SSE.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::core::leader_lock::LeaderLock;
use crate::client::core::pending::{PendingGuard, PendingRequests};
use crate::platform::{Descriptor, Poll};
use crate::transport::async_mutex::AsyncMutex;
use crate::transport::lines::LineSink;
use crate::transport::message_source::Source;
use crate::transport::process::Process;
use crate::transport::wait::{self, Wait};
use crate::wire::url::Url;

pub(crate) struct SharedConnection {
    pub(crate) source: LeaderLock<Box<dyn Source>>,
    pub(crate) sink: Sink,
    /// A line is sent whole before another one.
    pub(crate) sending: AsyncMutex,
    pub(crate) slots: PendingRequests,
    /// Where to look for what comes between calls.
    pub(crate) readable: Option<Arc<Descriptor>>,
    process: Option<Arc<Process>>,
    /// Why nothing comes any more.
    end: OnceLock<Error>,
    pub(crate) ended: Arc<Signal>,
    shutting: AsyncMutex,
}

/// Where messages to the server go.
#[derive(Debug)]
pub(crate) enum Sink {
    Lines(LineSink),
    /// Each by a POST of its own.
    Posts(Url),
}

impl fmt::Debug for SharedConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SharedConnection")
    }
}

/// So much longer than it should take is the end of a stream waited for.
const SPARE: Duration = Duration::from_millis(200);

impl SharedConnection {
    pub(crate) fn new(
        source: Box<dyn Source>,
        sink: Sink,
        readable: Option<Arc<Descriptor>>,
        process: Option<Arc<Process>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            source: LeaderLock::new(source),
            sink,
            sending: AsyncMutex::default(),
            slots: PendingRequests::default(),
            readable,
            process,
            end: OnceLock::new(),
            ended: Signal::shared(),
            shutting: AsyncMutex::default(),
        })
    }

    /// Whether nothing will come any more.
    pub(crate) fn is_over(&self) -> bool {
        self.end.get().is_some()
    }

    /// Whether each message to the server is a request of its own.
    pub(crate) fn has_posts(&self) -> bool {
        matches!(self.sink, Sink::Posts(_))
    }

    pub(crate) fn process(&self) -> Option<&Arc<Process>> {
        self.process.as_ref()
    }

    pub(crate) fn subscribe(&self, id: i64) -> PendingGuard<'_> {
        self.slots.open(id, true)
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self.end.get() {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Waits for one of these while somebody else reads, or for the end.
    pub(crate) async fn until_any(&self, entries: &[Poll], wait: &Wait) -> Result<()> {
        let mut entries = entries.to_vec();
        entries.push(wait::entry(&self.ended)?);
        let leading = wait.leading();
        let ready = async {
            while !leading.poll(&mut entries, Duration::MAX).await? {}
            Ok(())
        };
        let result = ready.await;
        wait.follow(&leading);
        result
    }

    pub(crate) fn finish(&self, error: Error) {
        let _ = self.end.set(error);
        self.ended.raise();
        self.slots.wake_all();
    }

    /// Ends the stream, and the process at its other end, within `patience`.
    pub(crate) async fn shut(&self, patience: Duration, wait: &Wait) {
        self.finish(Error::new(Status::Io, "the connection to the server was closed"));
        // One that is killed takes a moment.
        let wait = wait.afterwards(patience + SPARE);
        let Ok(Some(_turn)) = self.shutting.lock_unless(&wait, || false).await else { return };
        if let Sink::Lines(sink) = &self.sink {
            sink.close();
        }
        if let Some(process) = &self.process {
            process.end(self.readable.as_deref(), patience, &wait).await;
        }
        // Closed, if nobody reads.
        if let Some(mut source) = self.source.get() {
            source.take();
        }
    }
}
