//! A client: its options, its session and its queues, without the logic that
//! uses them.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::handle_address::HandleAddress;
use crate::base::secret::Secret;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::core::background_tasks::BackgroundTasks;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client_state::StateFacts;
use crate::client::core::closing::Closing;
use crate::client::core::connection_limit::ConnectionLimit;
use crate::client::core::counters::{Counter, Counters};
use crate::client::core::dispatcher::Dispatcher;
use crate::client::core::event_queue::EventQueue;
use crate::client::core::handlers::Handlers;
use crate::client::core::input_request::{InputContext, OpenInputRequests, Responder};
use crate::client::core::job::Job;
use crate::client::core::progress_report::ProgressReports;
use crate::client::core::reentrancy::ClientId;
use crate::client::core::request_state::InFlightRequests;
use crate::client::core::response_cache::ResponseCache;
use crate::client::core::session::{NegotiationHint, Session};
use crate::client::core::subscriptions::Subscriptions;
use crate::client::core::task_watches::TaskWatches;
use crate::client::core::tool_catalog::ToolCatalog;
use crate::client::core::unused_input::UnusedInput;
use crate::client::options::Options;
use crate::protocol::server_info::ServerInfo;
use crate::transport::async_mutex::AsyncMutex;
use crate::transport::background::Background;
use crate::transport::process::KeptOutput;
use crate::transport::wait::Wait;
use crate::wire::jsonrpc::Id;

/// A client, shared by the threads that call with it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) options: Mutex<Arc<Options>>,
    pub(crate) handlers: Mutex<Arc<Handlers>>,
    pub(crate) session: Mutex<Option<Arc<Session>>>,
    /// What the last negotiation found.
    pub(crate) negotiation_hint: Mutex<Option<NegotiationHint>>,
    /// Held by the call that connects.
    pub(crate) connecting: AsyncMutex,
    /// Raised when the close begins.
    pub(crate) close: Arc<Signal>,
    pub(crate) closing: Closing,
    pub(crate) next_id: AtomicI64,
    pub(crate) log_level: Mutex<Option<&'static str>>,
    pub(crate) event_queue: Arc<EventQueue>,
    pub(crate) input_requests: OpenInputRequests,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) background_tasks: BackgroundTasks,
    pub(crate) progress_reports: ProgressReports,
    pub(crate) tool_catalog: ToolCatalog,
    pub(crate) task_watches: TaskWatches,
    pub(crate) cache: ResponseCache,
    pub(crate) in_flight: InFlightRequests,
    pub(crate) connection_limit: ConnectionLimit,
    /// The standard error of the server's last process, if the library keeps it.
    pub(crate) standard_error: Mutex<Option<Arc<KeptOutput>>>,
    pub(crate) unused_input: UnusedInput,
    pub(crate) state_facts: StateFacts,
    pub(crate) dispatcher: Dispatcher,
    /// How many calls are in progress.
    calls: AtomicUsize,
    /// Raised to end the current keepalive.
    pub(crate) keepalive: Mutex<Option<Arc<Signal>>>,
    /// The C handle; null once it is freed.
    pub(crate) handle: HandleAddress,
    /// Whether there is a log handler.
    pub(crate) has_log: AtomicBool,
    counters: Counters,
    run_job: RunJob,
}

impl Client {
    pub(crate) fn of(options: Options, run_job: RunJob) -> Self {
        Background::prepare();
        Self {
            options: Mutex::new(Arc::new(options)),
            handlers: Mutex::default(),
            session: Mutex::default(),
            negotiation_hint: Mutex::default(),
            connecting: AsyncMutex::default(),
            close: Signal::shared(),
            closing: Closing::default(),
            next_id: AtomicI64::new(1),
            log_level: Mutex::default(),
            event_queue: Arc::default(),
            input_requests: OpenInputRequests::default(),
            subscriptions: Subscriptions::default(),
            background_tasks: BackgroundTasks::default(),
            progress_reports: ProgressReports::default(),
            tool_catalog: ToolCatalog::default(),
            task_watches: TaskWatches::default(),
            cache: ResponseCache::default(),
            in_flight: InFlightRequests::default(),
            connection_limit: ConnectionLimit::default(),
            standard_error: Mutex::default(),
            unused_input: UnusedInput::default(),
            state_facts: StateFacts::default(),
            dispatcher: Dispatcher::default(),
            calls: AtomicUsize::new(0),
            keepalive: Mutex::default(),
            handle: HandleAddress::default(),
            has_log: AtomicBool::new(false),
            counters: Counters::default(),
            run_job,
        }
    }

    /// Makes another client, to try something that this client shall not show.
    pub(crate) fn sibling(&self, options: Options) -> Arc<Self> {
        Arc::new(Self::of(options, self.run_job))
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
            other => self.counters.get(other),
        }
    }

    pub(crate) fn count_one(&self, counter: Counter) {
        self.count_more(counter, 1);
    }

    pub(crate) fn count_more(&self, counter: Counter, more: usize) {
        self.counters.add(counter, more);
    }

    /// Returns the wait of one call.
    pub(crate) fn wait(
        self: &Arc<Self>,
        options: &Options,
        limits: &CallLimits,
        in_background: bool,
    ) -> Wait {
        let timeout = limits.timeout.unwrap_or(options.timeout);
        let deadline = limits.deadline.unwrap_or(options.deadline).max(timeout);
        let call = self.unused_input.begin();
        let (close, cancel) = (self.close.clone(), limits.cancel.clone());
        let wait = Wait::for_call(call, timeout, deadline, close, cancel);
        let wait = match &limits.progress {
            Some(progress) => wait.with_sign(progress.sign.clone()),
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

    pub(crate) fn current_session(&self) -> Option<Arc<Session>> {
        lock(&self.session).clone()
    }

    /// What the server said about itself, if the client is connected.
    pub(crate) fn current_server_info(&self) -> Option<ServerInfo> {
        let session = self.current_session().filter(|session| !session.transport.is_over())?;
        Some(session.server_info.clone())
    }

    pub(crate) fn is_current(&self, session: &Arc<Session>) -> bool {
        self.current_session().is_some_and(|now| Arc::ptr_eq(&now, session))
    }

    pub(crate) fn take_session(&self) -> Option<Arc<Session>> {
        lock(&self.session).take()
    }

    pub(crate) fn next_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a call until the value is dropped.
    #[inline(always)]
    pub(crate) fn count_call(&self) -> CallInProgress<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        CallInProgress(&self.calls)
    }

    /// Whether no call is in progress, and a number that every request changes.
    pub(crate) fn activity(&self) -> (bool, i64) {
        let is_idle = self.calls.load(Ordering::Relaxed) == 0;
        (is_idle, self.next_id.load(Ordering::Relaxed))
    }

    /// Whether an id is one that this client has given to a request.
    #[cold]
    pub(crate) fn has_issued(&self, id: &Id) -> bool {
        matches!(id, Id::Number(id) if (1..self.next_id.load(Ordering::Relaxed)).contains(id))
    }

    /// Runs a task on the background thread.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(
        self: &Arc<Self>,
        task: impl FnOnce(Arc<Self>) -> F + Send + 'static,
    ) -> Result<()> {
        let client = self.clone();
        self.background_tasks.spawn(|| self.check_open(), move || task(client))
    }

    /// Starts a job on the background thread.
    pub(crate) fn start(self: &Arc<Self>, job: Job) -> Result<()> {
        let run = self.run_job;
        self.spawn(move |client| run(client, job))
    }

    /// Returns a wait that lasts until the client is closed, for a task on the
    /// background thread.
    pub(crate) fn endless(&self) -> Wait {
        Wait::for_request(FOREVER, FOREVER, self.close.clone(), None).in_background()
    }

    /// Whether the client has used the background thread.
    pub(crate) fn has_background(&self) -> bool {
        self.background_tasks.is_any()
    }

    /// The same as `finished`, for a call that waits for a response. The error
    /// also says what arrived in its place.
    pub(crate) fn failed(&self, error: Error, wait: &Wait, call: &str, options: &Options) -> Error {
        self.finished(self.unused_input.explain(error, wait.call), call, options)
    }

    /// Names the call in its error and masks all secrets in the text.
    pub(crate) fn finished(&self, error: Error, call: &str, options: &Options) -> Error {
        let mut secrets = options.secrets();
        let session = self.current_session();
        let session_id = session.as_ref().and_then(|session| session.dialect.session_id());
        secrets.extend(session_id.map(Secret::from));
        self.with_standard_error(error).during(call).masked(&secrets)
    }

    /// Adds what the server's process wrote to its standard error to a timeout:
    /// a process that hangs has often said why.
    fn with_standard_error(&self, error: Error) -> Error {
        let output = lock(&self.standard_error).clone();
        match output.map(|output| output.shown()) {
            Some(shown) if error.status() == Status::Timeout && !shown.is_empty() => {
                error.with_advice(&format!("the program's standard error: \"{shown}\""))
            }
            _ => error,
        }
    }

    /// Identifies the client in the list of callbacks that a thread runs.
    pub(crate) fn id(&self) -> ClientId {
        ClientId::of(self)
    }

    /// Returns the parts of the client that a new input request needs.
    pub(crate) fn input_context(self: &Arc<Self>) -> InputContext<'_> {
        let responder: Weak<dyn Responder> = Arc::<Self>::downgrade(self);
        InputContext {
            input_requests: &self.input_requests,
            responder,
            input_timeout: self.options().input_timeout,
        }
    }
}

/// A call that is in progress.
#[derive(Debug)]
pub(crate) struct CallInProgress<'a>(&'a AtomicUsize);

impl Drop for CallInProgress<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs a job. The module that knows all jobs passes it to a new client.
pub(crate) type RunJob = fn(Arc<Client>, Job) -> Pin<Box<dyn Future<Output = ()>>>;

/// Every wait has a limit, so a stream without an end gets one of ten years.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
