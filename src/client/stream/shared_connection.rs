//! A stream of messages that all calls of a session share: that of a
//! process, of open descriptors, or of HTTP with SSE.
//!
//! Who waits for an answer reads the stream while nobody else does, and gives
//! what is for others to them; between calls a task on the background thread
//! reads it, so that the server is heard and answered at any time.

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::base::sys::{POLLIN, POLLOUT, Poll};
use crate::client::core::leader_lock::{IdleEntry, LeaderEntry, LeaderLock};
use crate::client::core::pending::{Inbound, PendingGuard, PendingRequest, PendingRequests};
use crate::client::http::reply::rpc_ending;
use crate::client::options::Options;
use crate::client::session::exchange::{OutboundMessage, Outcome};
use crate::client::stream::reader::Reader;
use crate::client::{Client, Counter, Session, lock};
use crate::protocol::Outgoing;
use crate::transport::gate::Gate;
use crate::transport::lines::{LineSink, Sent};
use crate::transport::process::{ENDING, Process};
use crate::transport::source::Source;
use crate::transport::wait::{self, Wait};
use crate::wire::jsonrpc::{Answer, ResponseBody};
use crate::wire::url::Url;

pub(crate) struct SharedConnection {
    pub(crate) source: LeaderLock<Box<dyn Source>>,
    sink: Sink,
    /// A line is sent whole before another one.
    sending: Gate,
    pub(crate) slots: PendingRequests,
    session: Mutex<Weak<Session>>,
    /// Where to look for what comes between calls.
    readable: Option<Arc<OwnedFd>>,
    process: Option<Arc<Process>>,
    /// Why nothing comes any more.
    end: OnceLock<Error>,
    pub(crate) ended: Arc<Signal>,
    shutting: Gate,
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

/// While calls follow each other, their threads read, and the task that reads
/// between them is not woken by each answer; it looks so often whether they
/// still do.
const BETWEEN: Duration = Duration::from_millis(20);
/// So much longer than it should take is the end of a stream waited for.
const SPARE: Duration = Duration::from_millis(200);

impl SharedConnection {
    pub(crate) fn new(
        source: Box<dyn Source>,
        sink: Sink,
        readable: Option<Arc<OwnedFd>>,
        process: Option<Arc<Process>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            source: LeaderLock::new(source),
            sink,
            sending: Gate::default(),
            slots: PendingRequests::default(),
            session: Mutex::default(),
            readable,
            process,
            end: OnceLock::new(),
            ended: Signal::shared(),
            shutting: Gate::default(),
        })
    }

    /// Whether nothing will come any more.
    pub(crate) fn is_over(&self) -> bool {
        self.end.get().is_some()
    }

    /// Whose the messages are from now on.
    pub(crate) fn belongs_to(&self, session: &Arc<Session>) {
        *lock(&self.session) = Arc::downgrade(session);
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
        let Ok(Some(_turn)) = self.shutting.enter(&wait, || false).await else { return };
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

impl Client {
    /// Sends a message on a channel, and waits for its answer if it is a
    /// request.
    pub(crate) async fn post_on(
        self: &Arc<Self>,
        channel: &Arc<SharedConnection>,
        options: &Options,
        post: OutboundMessage<'_>,
        wait: &Wait,
    ) -> Result<Outcome> {
        channel.check()?;
        let Some(id) = post.id else {
            let sent = self.send_on(channel, options, post, wait).await?;
            return Ok(sent.unwrap_or(Outcome::Accepted));
        };
        let waiting = channel.slots.open(id, false);
        match self.send_on(channel, options, post, wait).await {
            Ok(None) => {}
            Ok(Some(refused)) => return Ok(refused),
            // Some say that they took it when they have done it.
            Err(_) if waiting.has_any() => {}
            Err(error) => return Err(error),
        }
        let answer = self.await_answer(channel, &waiting, options, post, wait).await;
        answer.map_err(|error| error.with_may_have_run(true))
    }

    /// What comes back at once is a refusal.
    pub(crate) async fn send_on(
        self: &Arc<Self>,
        channel: &Arc<SharedConnection>,
        options: &Options,
        post: OutboundMessage<'_>,
        wait: &Wait,
    ) -> Result<Option<Outcome>> {
        match &channel.sink {
            Sink::Lines(sink) => {
                self.send_line(channel, sink, options, post, wait).await.map(|()| None)
            }
            Sink::Posts(url) => self.send_post(url, options, post, wait).await,
        }
    }

    async fn send_line(
        self: &Arc<Self>,
        channel: &Arc<SharedConnection>,
        sink: &LineSink,
        options: &Options,
        post: OutboundMessage<'_>,
        wait: &Wait,
    ) -> Result<()> {
        if let Some(trace) = &options.trace {
            let text = String::from_utf8_lossy(&post.outgoing.body);
            trace.line(">", &text, &options.secrets());
        }
        let line = line(post.outgoing);
        let reader = Reader { client: self, channel, options, peer: post.peer };
        let _turn = channel.sending.enter(wait, || false).await?;
        let mut sent = 0;
        loop {
            let blocked = match sink.send(&line, &mut sent) {
                Ok(Sent::All) => return Ok(()),
                Ok(Sent::Blocked(fd)) => fd,
                Err(error) => return Err(reader.not_sent(&error, sent, wait).await),
            };
            // A server may wait in its turn until somebody reads.
            let writable = [Poll::new(std::os::fd::AsRawFd::as_raw_fd(&blocked), POLLOUT)];
            let waited = match channel.source.get() {
                Some(mut source) => reader.lead(&mut source, None, &writable, wait).await,
                None => channel.until_any(&writable, wait).await,
            };
            if let Err(error) = waited {
                if sent > 0 {
                    sink.keep(line.get(sent..).unwrap_or_default());
                }
                return Err(error.with_may_have_run(sent > 0));
            }
            channel.check().map_err(|error| error.with_may_have_run(sent > 0))?;
        }
    }

    async fn await_answer(
        self: &Arc<Self>,
        channel: &Arc<SharedConnection>,
        slot: &PendingRequest,
        options: &Options,
        post: OutboundMessage<'_>,
        wait: &Wait,
    ) -> Result<Outcome> {
        let reader = Reader { client: self, channel, options, peer: post.peer };
        loop {
            while let Some(delivered) = slot.take() {
                if !wait.is_background() {
                    // What came before it is told before it.
                    self.attend();
                }
                match delivered {
                    Inbound::Response(text, start, tape, ResponseBody::Result(place)) => {
                        return Ok(Outcome::Answer(Answer::new(text, start, tape, place), None));
                    }
                    Inbound::Response(_, _, _, ResponseBody::Error(rpc)) => {
                        return Ok(rpc_ending(rpc, 0, false));
                    }
                    Inbound::Malformed(error) => return Err(error),
                    Inbound::Progress(params) => self.tell_progress(post, &params, wait),
                    Inbound::Notification(..) => {}
                }
            }
            // One that a close has ended says so.
            channel.check().map_err(|error| self.check_open().err().unwrap_or(error))?;
            if let Some(mut source) = channel.source.get() {
                reader.lead(&mut source, Some(slot), &[], wait).await?;
                drop(source);
            } else {
                let signal = slot.signal();
                match channel.source.get_or_queue(&signal) {
                    LeaderEntry::Leader(mut source) => {
                        reader.lead(&mut source, Some(slot), &[], wait).await?;
                    }
                    LeaderEntry::Queued(_place) => {
                        wait.until_raised(&signal).await?;
                        signal.lower();
                    }
                }
            }
            // Outside of the turn: the program's code may call.
            if !wait.is_background() {
                self.attend();
            }
        }
    }

    /// Reads what comes between calls, until the end of the stream or of the
    /// client.
    pub(crate) fn keep_reading(self: &Arc<Self>, channel: &Arc<SharedConnection>) -> Result<()> {
        let channel = channel.clone();
        self.spawn(move |client| async move {
            let wait = client.endless();
            if client.read_between(&channel, &wait).await.is_ok() {
                channel.shut(ENDING, &wait).await;
            }
        })
    }

    async fn read_between(
        self: &Arc<Self>,
        channel: &Arc<SharedConnection>,
        wait: &Wait,
    ) -> Result<()> {
        let signal = Signal::shared();
        while !channel.is_over() {
            match channel.source.get_if_idle(&signal) {
                IdleEntry::Leader(mut source) => {
                    let session = lock(&channel.session).upgrade();
                    let Some(session) = session else { return Ok(()) };
                    let options = self.options();
                    let reader =
                        Reader { client: self, channel, options: &options, peer: session.peer() };
                    // What is there; or, where only reading tells, what comes.
                    let bound = match &channel.readable {
                        Some(_) => wait.at_most(Duration::ZERO),
                        None => wait.clone().or_abort(channel.ended.clone()),
                    };
                    let read = reader.lead(&mut source, None, &[], &bound).await;
                    drop(source);
                    match read {
                        Err(_) if channel.is_over() => {}
                        Err(error) if error.status() != Status::Timeout => return Err(error),
                        _ => {}
                    }
                    if let Some(fd) = &channel.readable {
                        self.until_readable(channel, fd, wait).await?;
                    }
                }
                IdleEntry::Taken => {
                    wait.until_raised(&signal).await?;
                    signal.lower();
                }
                IdleEntry::Wanted => wait.pause(BETWEEN).await?,
            }
        }
        Ok(())
    }

    /// Waits until there is something to read, or the end of the process.
    async fn until_readable(
        &self,
        channel: &SharedConnection,
        fd: &OwnedFd,
        wait: &Wait,
    ) -> Result<()> {
        let fd = std::os::fd::AsRawFd::as_raw_fd(fd);
        let process = channel.process();
        let mut entries = vec![Poll::new(fd, POLLIN), wait::entry(&channel.ended)?];
        entries.extend(process.and_then(|it| it.watch()).map(|fd| Poll::new(fd, POLLIN)));
        while !wait.poll(&mut entries, Duration::MAX).await? {}
        Ok(())
    }

    /// Passes over a line or an event that is no message.
    pub(crate) fn pass_over(&self) {
        self.count_one(Counter::Junk);
    }
}

/// A message and the end of its line. JSON has no line breaks but in
/// strings, where they are escaped.
fn line(outgoing: &Outgoing) -> Vec<u8> {
    let mut line = Vec::with_capacity(outgoing.body.len() + 1);
    line.extend(outgoing.body.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
    line.push(b'\n');
    line
}
