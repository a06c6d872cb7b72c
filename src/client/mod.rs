//! One server, and all it takes to talk to it.

mod apart;
mod ask;
mod backoff;
mod cache;
pub(crate) mod call;
mod channel;
pub(crate) mod config;
mod connect;
mod exchange;
mod follow;
pub(crate) mod inbox;
mod inside;
mod lanes;
mod listener;
mod marks;
pub(crate) mod oauth;
pub(crate) mod options;
mod pages;
mod progress;
pub(crate) mod question;
mod reader;
mod refusal;
mod reply;
pub(crate) mod request;
mod send;
mod server;
pub(crate) mod settings;
mod slot;
mod standing;
mod subscription;
pub(crate) mod task;
mod transport;
mod turn;
mod work;

use std::ffi::OsString;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::apart::Apart;
use crate::client::cache::Cache;
use crate::client::exchange::Peer;
use crate::client::follow::Watches;
use crate::client::inbox::{Event, Inbox};
use crate::client::lanes::Lanes;
use crate::client::listener::Listener;
use crate::client::marks::Marks;
use crate::client::options::Options;
use crate::client::question::{Question, Questions};
use crate::client::request::{Flights, Limits};
use crate::client::server::{Server, Streams};
use crate::client::transport::Transport;
use crate::client::work::{Reports, Work};
use crate::protocol::Era;
use crate::protocol::capability::Declared;
use crate::transport::background::Background;
use crate::transport::gate::Gate;
use crate::transport::process::{ENDING, Program};
use crate::transport::wait::{Wait, now};

// What `ffi` speaks of.
pub(crate) use crate::auth::token::Token;
pub(crate) use crate::client::config::Config;
pub(crate) use crate::client::pages::joined;
pub(crate) use crate::client::transport::InUse;
pub(crate) use crate::protocol::call::Call;
pub(crate) use crate::protocol::introduction::Introduction;
pub(crate) use crate::protocol::item::is_usable;
pub(crate) use crate::protocol::notice::LEVELS;
pub(crate) use crate::protocol::question::{Answered, Kind as QuestionKind};
pub(crate) use crate::protocol::revision::Revision;
pub(crate) use crate::protocol::skill::File as SkillFile;
pub(crate) use crate::transport::process::StandardError;
pub(crate) use crate::wire::json_string::unescape;
pub(crate) use crate::wire::jsonrpc::Answer;
pub(crate) use crate::wire::tape::{Place, Tape};
pub(crate) use crate::wire::tree::{NoPlace, Tree, Written, without_nul};

/// A client, shared by the threads that call with it.
#[derive(Debug)]
pub(crate) struct Client {
    options: Mutex<Arc<Options>>,
    handlers: Mutex<Arc<Handlers>>,
    session: Mutex<Option<Arc<Session>>>,
    /// What the server spoke before its session was lost.
    known: Mutex<Option<Known>>,
    /// Held while a session is being made.
    connecting: Gate,
    close: Arc<Signal>,
    next_id: AtomicI64,
    log_level: Mutex<Option<&'static str>>,
    pub(crate) inbox: Inbox,
    pub(crate) questions: Questions,
    listener: Listener,
    work: Work,
    reports: Reports,
    marks: Marks,
    watches: Watches,
    pub(crate) cache: Cache,
    pub(crate) flights: Flights,
    lanes: Lanes,
    counters: Counters,
}

/// What was agreed on with the server.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) era: Box<dyn Era>,
    pub(crate) introduction: Introduction,
    /// What this client said that it can do.
    pub(crate) declared: Declared,
    pub(crate) transport: Transport,
    /// What is sent while nobody waits for it.
    pub(crate) apart: Apart,
}

impl Session {
    /// The server, as messages of this session speak to it.
    pub(crate) fn peer(self: &Arc<Self>) -> Peer<'_> {
        Peer { transport: &self.transport, era: self.era.as_ref(), session: Some(self) }
    }

    /// Whether arguments of tools go into headers: only HTTP has those.
    pub(crate) fn has_marks(&self) -> bool {
        self.era.has_marks() && self.transport.channel().is_none()
    }

    /// Whether the server can forget it.
    fn can_be_lost(&self) -> bool {
        self.era.session_id().is_some() || self.transport.channel().is_some()
    }
}

/// What a server was found to speak, which saves asking again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    revision: Revision,
    /// By HTTP with SSE.
    has_events: bool,
}

/// What the program wants to be told and asked.
#[derive(Clone, Default)]
pub(crate) struct Handlers {
    pub(crate) event: Option<Arc<EventHandler>>,
    pub(crate) input: Option<Arc<InputHandler>>,
    pub(crate) asks_for_roots: bool,
}

pub(crate) type EventHandler = dyn Fn(&Event) + Send + Sync;
pub(crate) type InputHandler = dyn Fn(Arc<Question>) + Send + Sync;

impl fmt::Debug for Handlers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Handlers")
    }
}

/// The counters of the public header, by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Counter {
    DroppedReplies = 1,
    DroppedEvents = 2,
    CacheHits = 3,
    Reconnections = 4,
    Repetitions = 5,
    Resumptions = 6,
    /// Of processes.
    Starts = 7,
    Junk = 8,
    /// Of a store of tokens, that ended no call.
    StoreFailures = 9,
}

impl Counter {
    pub(crate) const ALL: [Self; 9] = [
        Self::DroppedReplies,
        Self::DroppedEvents,
        Self::CacheHits,
        Self::Reconnections,
        Self::Repetitions,
        Self::Resumptions,
        Self::Starts,
        Self::Junk,
        Self::StoreFailures,
    ];
}

/// What happened without a word, by [`Counter`].
#[derive(Debug, Default)]
struct Counters([AtomicI64; 10]);

/// How long the end of a session may take, if nothing else is set: it is sent
/// at once, and a server that is slow to answer has it all the same.
const END: Duration = Duration::from_millis(500);

impl Client {
    /// A client of a server that is reached by HTTP.
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self> {
        Self::of(Options::new(url, token)?)
    }

    /// A client of a server that is a program, which the first call starts.
    pub(crate) fn new_stdio(argv: Vec<OsString>) -> Result<Self> {
        Self::of(Options::of(Server::Program(Program::new(argv)?))?)
    }

    /// A client of a server at the other end of open descriptors.
    pub(crate) fn new_fds(input: OwnedFd, output: OwnedFd) -> Result<Self> {
        let streams = Some(Streams::new(input, output)?);
        Self::of(Options::of(Server::Streams(Arc::new(Mutex::new(streams))))?)
    }

    fn of(options: Options) -> Result<Self> {
        Background::prepare();
        Ok(Self {
            options: Mutex::new(Arc::new(options)),
            handlers: Mutex::default(),
            session: Mutex::default(),
            known: Mutex::default(),
            connecting: Gate::default(),
            close: Signal::shared(),
            next_id: AtomicI64::new(1),
            log_level: Mutex::default(),
            inbox: Inbox::default(),
            questions: Questions::default(),
            listener: Listener::default(),
            work: Work::default(),
            reports: Reports::default(),
            marks: Marks::default(),
            watches: Watches::default(),
            cache: Cache::default(),
            flights: Flights::default(),
            lanes: Lanes::default(),
            counters: Counters::default(),
        })
    }

    /// Ends every wait with `MCP_E_CLOSED`, and the session at the server.
    pub(crate) fn close(&self) {
        // First, so that a loop which wakes up finds them.
        self.end_flights();
        self.close.raise();
        let options = self.options();
        let is_program = matches!(options.server, Server::Program(_));
        let usual = if is_program { ENDING } else { END };
        let until = Instant::now() + options.close_timeout.unwrap_or(usual);
        let left = || until.saturating_duration_since(Instant::now());
        // What goes on in the background has been told to end.
        self.work.end(Instant::now() + left().min(END));
        if let Some(session) = self.take_session() {
            let wait = Wait::for_at_most(left());
            let _ = now(async {
                match &session.transport {
                    Transport::StreamableHttp => {
                        self.end_session(&options, session.era.as_ref(), &wait).await;
                    }
                    Transport::Channel(channel) => channel.shut(left(), &wait).await,
                }
                Ok::<(), Error>(())
            });
        }
        options.http.close();
    }

    /// Hands out the requests that are in flight, as closed.
    fn end_flights(&self) {
        // In this order, as each brings its end before it is taken from here:
        // it is found in one of the two.
        let under_way = self.flights.close();
        for item in self.inbox.close() {
            if let inbox::Item::Done(request, flight, result) = item {
                request.land(flight, result);
            }
        }
        for (flight, request) in under_way {
            request.land(flight, Err(Error::new(Status::Closed, "the client was closed")));
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.close.is_raised()
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        if self.is_closed() {
            return Err(Error::new(Status::Closed, "the client was closed"));
        }
        Ok(())
    }

    pub(crate) fn count(&self, counter: Counter) -> i64 {
        match counter {
            Counter::CacheHits => self.cache.hits(),
            other => {
                let counter = self.counters.0.get(other as usize);
                counter.map_or(0, |counter| counter.load(Ordering::Relaxed))
            }
        }
    }

    pub(crate) fn count_one(&self, counter: Counter) {
        self.count_more(counter, 1);
    }

    fn count_more(&self, counter: Counter, more: usize) {
        if let Some(counter) = self.counters.0.get(counter as usize) {
            counter.fetch_add(i64::try_from(more).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    /// The wait of one call.
    pub(crate) fn wait(
        self: &Arc<Self>,
        options: &Options,
        limits: &Limits,
        in_background: bool,
    ) -> Wait {
        let timeout = limits.timeout.unwrap_or(options.timeout);
        let deadline = limits.deadline.unwrap_or(options.deadline).max(timeout);
        let wait = Wait::for_request(timeout, deadline, self.close.clone(), limits.cancel.clone());
        let wait = match &limits.report {
            Some(report) => wait.with_sign(report.sign.clone()),
            None => wait,
        };
        if in_background { wait.in_background() } else { wait }
    }

    pub(crate) fn options(&self) -> Arc<Options> {
        lock(&self.options).clone()
    }

    pub(crate) fn handlers(&self) -> Arc<Handlers> {
        lock(&self.handlers).clone()
    }

    fn current_session(&self) -> Option<Arc<Session>> {
        lock(&self.session).clone()
    }

    fn is_current(&self, session: &Arc<Session>) -> bool {
        self.current_session().is_some_and(|now| Arc::ptr_eq(&now, session))
    }

    fn take_session(&self) -> Option<Arc<Session>> {
        lock(&self.session).take()
    }

    fn next_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}
