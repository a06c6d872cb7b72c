//! One server, and all it takes to talk to it.

pub(crate) mod app;
pub(crate) mod call;
pub(crate) mod config;
pub(crate) mod core;
pub(crate) mod http;
pub(crate) mod inbound;
mod notifications;
pub(crate) mod options;
mod session;
pub(crate) mod settings;
mod stream;

use std::ffi::OsString;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::app::dispatch::{BackgroundTasks, ProgressReports};
use crate::client::app::request::{CallLimits, Flights};
use crate::client::call::task_poller::TaskWatches;
use crate::client::core::connection_limit::ConnectionLimit;
use crate::client::core::event_queue::{self, Event, EventQueue};
use crate::client::core::input_request::{Question, Questions};
use crate::client::core::outbox::Outbox;
use crate::client::core::response_cache::ResponseCache;
use crate::client::core::tool_catalog::ToolCatalog;
use crate::client::notifications::subscriptions::Subscriptions;
use crate::client::options::Options;
use crate::client::options::server::{Server, Streams};
use crate::client::session::exchange::Target;
use crate::client::session::transport::Transport;
use crate::protocol::Dialect;
use crate::protocol::capability::ClientCapabilities;
use crate::transport::background::Background;
use crate::transport::gate::Gate;
use crate::transport::process::{ENDING, Program};
use crate::transport::wait::{Wait, now};

// What `ffi` speaks of.
pub(crate) use crate::auth::token::Token;
pub(crate) use crate::client::call::pages::joined;
pub(crate) use crate::client::config::Config;
pub(crate) use crate::client::session::transport::TransportInUse;
pub(crate) use crate::protocol::call::Call;
pub(crate) use crate::protocol::input_request::{Answered, Kind as QuestionKind};
pub(crate) use crate::protocol::item::is_usable;
pub(crate) use crate::protocol::notification::LEVELS;
pub(crate) use crate::protocol::revision::Revision;
pub(crate) use crate::protocol::server_info::ServerInfo;
pub(crate) use crate::protocol::skill::File as SkillFile;
pub(crate) use crate::transport::process::StandardError;
pub(crate) use crate::wire::jsonrpc::Answer;
pub(crate) use crate::wire::tape::{Place, Tape};
pub(crate) use crate::wire::text::unescape;
pub(crate) use crate::wire::tree::{NoPlace, Tree, Written, without_nul};

/// A client, shared by the threads that call with it.
#[derive(Debug)]
pub(crate) struct Client {
    options: Mutex<Arc<Options>>,
    handlers: Mutex<Arc<Handlers>>,
    session: Mutex<Option<Arc<Session>>>,
    /// What the server spoke before its session was lost.
    known: Mutex<Option<KnownServer>>,
    /// Held while a session is being made.
    connecting: Gate,
    close: Arc<Signal>,
    next_id: AtomicI64,
    log_level: Mutex<Option<&'static str>>,
    pub(crate) event_queue: EventQueue,
    pub(crate) questions: Questions,
    subscriptions: Subscriptions,
    background_tasks: BackgroundTasks,
    progress_reports: ProgressReports,
    tool_catalog: ToolCatalog,
    task_watches: TaskWatches,
    pub(crate) cache: ResponseCache,
    pub(crate) flights: Flights,
    connection_limit: ConnectionLimit,
    counters: Counters,
}

/// What was agreed on with the server.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) server_info: ServerInfo,
    /// What this client said that it can do.
    pub(crate) declared: ClientCapabilities,
    pub(crate) transport: Transport,
    /// What is sent while nobody waits for it.
    pub(crate) outbox: Outbox,
}

impl Session {
    /// The server, as messages of this session speak to it.
    pub(crate) fn peer(self: &Arc<Self>) -> Target<'_> {
        Target { transport: &self.transport, dialect: self.dialect.as_ref(), session: Some(self) }
    }

    /// Whether arguments of tools go into headers: only HTTP has those.
    pub(crate) fn has_header_params(&self) -> bool {
        self.dialect.has_header_params() && self.transport.channel().is_none()
    }

    /// Whether the server can forget it.
    fn can_be_lost(&self) -> bool {
        self.dialect.session_id().is_some() || self.transport.channel().is_some()
    }
}

/// What a server was found to speak, which saves asking again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownServer {
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
            event_queue: EventQueue::default(),
            questions: Questions::default(),
            subscriptions: Subscriptions::default(),
            background_tasks: BackgroundTasks::default(),
            progress_reports: ProgressReports::default(),
            tool_catalog: ToolCatalog::default(),
            task_watches: TaskWatches::default(),
            cache: ResponseCache::default(),
            flights: Flights::default(),
            connection_limit: ConnectionLimit::default(),
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
        self.background_tasks.end(Instant::now() + left().min(END));
        if let Some(session) = self.take_session() {
            let wait = Wait::for_at_most(left());
            let _ = now(async {
                match &session.transport {
                    Transport::StreamableHttp => {
                        self.end_session(&options, session.dialect.as_ref(), &wait).await;
                    }
                    Transport::SharedConnection(channel) => channel.shut(left(), &wait).await,
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
        for item in self.event_queue.close() {
            if let event_queue::QueuedItem::Done(request, flight, result) = item {
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
        limits: &CallLimits,
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
