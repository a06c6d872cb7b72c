//! Polling a task until it ends. The task runs on the server, whether the client
//! is connected or not.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::app::input_round::InputRound;
use crate::client::call::give_up::{AFTER_CANCEL, AFTER_TIMEOUT};
use crate::client::call::input_rounds::recognise;
use crate::client::call::perform::Perform;
use crate::client::call::task::tasks_of;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::rpc_error;
use crate::client::core::session::Session;
use crate::client::core::task_watches::Wake;
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::protocol::error_code;
use crate::protocol::input_required::InputRequired;
use crate::protocol::payload;
use crate::protocol::task::{Task, TaskState};
use crate::transport::wait::Wait;
use crate::wire::json_members;
use crate::wire::jsonrpc::Answer;

/// The limit of input requests of one task.
const MAX_INPUT_REQUESTS: usize = 1000;

/// A task that is polled.
pub(crate) struct TaskPoller<'a> {
    client: &'a Arc<Client>,
    options: &'a Arc<Options>,
    calls: &'static dyn Perform,
    id: &'a str,
    session: Arc<Session>,
    wait: Wait,
    wake: Arc<Wake>,
    /// The keys of the requests for input that the task has sent.
    keys: Vec<String>,
    /// The memory that these requests need.
    input_bytes: usize,
    /// The requests without an answer, or whose answer was not sent yet.
    open: Vec<InputRound>,
    /// The request `tasks/result`, during which the server sends requests.
    result_call: Option<ResultCall>,
    /// The task has ended, or was cancelled.
    is_over: bool,
}

/// A `tasks/result` that the background thread performs.
struct ResultCall {
    result: Arc<Mutex<Option<Result<Answer>>>>,
    done: Arc<Signal>,
    stop: Arc<Signal>,
}

impl Drop for ResultCall {
    fn drop(&mut self) {
        self.stop.raise();
    }
}

impl<'a> TaskPoller<'a> {
    /// Waits for the result of a task that a call has become.
    pub(crate) async fn follow(
        ctx: Ctx<'a>,
        calls: &'static dyn Perform,
        task: Task,
    ) -> Result<Answer> {
        let id = task.id.clone();
        let mut poller = TaskPoller::of(ctx, calls, &id).await?;
        let result = poller.run(Some(task)).await;
        if let Err(error) = &result {
            poller.give_up(error).await;
        }
        result.map_err(|error| poller.masked(error.with_may_have_run(true)))
    }

    pub(crate) async fn of(ctx: Ctx<'a>, calls: &'static dyn Perform, id: &'a str) -> Result<Self> {
        let Ctx { client, options, wait } = ctx;
        Ok(Self {
            client,
            options,
            calls,
            id,
            session: ctx.connected().await?.session,
            wait: wait.clone(),
            wake: client.task_watches.add(id)?,
            keys: Vec::new(),
            input_bytes: 0,
            open: Vec::new(),
            result_call: None,
            is_over: false,
        })
    }

    /// The task, as the server wrote it. Fails if it is malformed.
    pub(crate) async fn state(&mut self) -> Result<Answer> {
        let answer = self.perform(&Call::task("get", self.id)).await?;
        self.read(&answer).await.map(|_| answer)
    }

    /// Polls until the task ends, at the interval that the server names.
    pub(crate) async fn run(&mut self, created: Option<Task>) -> Result<Answer> {
        let mut pause = created.map(|task| task.pause);
        let mut retry = RETRY;
        loop {
            match self.poll(pause).await {
                Ok(Polled::Over(answer)) => return Ok(answer),
                Ok(Polled::Again(next)) => {
                    self.wait.restart();
                    (pause, retry) = (Some(next), RETRY);
                }
                Err(error) if is_passing(&error) => {
                    // The task runs on. The time without a response counts
                    // against the timeout of the call.
                    let asked = Duration::from_millis(error.retry_after().unwrap_or(0).into());
                    match self.wait.pause(retry.max(asked)).await {
                        Err(over) if over.status() == Status::Timeout => return Err(error),
                        other => other?,
                    }
                    (pause, retry) = (None, (retry * 2).min(LONGEST_RETRY));
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn poll(&mut self, pause: Option<Duration>) -> Result<Polled> {
        if let Some(pause) = pause
            && let Some(answer) = self.wait_for_pause(pause).await?
        {
            return Ok(Polled::Over(answer));
        }
        self.get_once().await
    }

    /// Waits for the pause that the server names, or until a notification about
    /// the task arrives. Sends the input responses that the application gives
    /// meanwhile.
    async fn wait_for_pause(&mut self, pause: Duration) -> Result<Option<Answer>> {
        let until = Instant::now() + pause;
        loop {
            self.wake.signal.lower();
            self.update().await?;
            if let Some(Ok(answer)) = self.take_result() {
                self.end();
                return Ok(Some(answer));
            }
            let left = until.saturating_duration_since(Instant::now());
            if self.wake.has_news.swap(false, Ordering::AcqRel) || left.is_zero() {
                return Ok(None);
            }
            // This pause does not count against the timeout of the call.
            let patient = self.wait.at_most_beyond(left);
            match patient.raised_within(&self.wake.signal, left).await {
                Err(error) if error.status() != Status::Timeout => return Err(error),
                _ => {}
            }
            self.wait.restart();
            self.wait.check()?;
        }
    }

    /// Gets the task once and acts on its status.
    async fn get_once(&mut self) -> Result<Polled> {
        self.update().await?;
        let answer = self.perform(&Call::task("get", self.id)).await?;
        let task = self.read(&answer).await?;
        match task.state {
            TaskState::Working => {}
            TaskState::InputRequired(Some(input)) => self.deliver(input)?,
            TaskState::InputRequired(None) => self.call()?,
            TaskState::Ended => {
                self.end();
                return self.result().await.map(Polled::Over);
            }
            TaskState::Completed(json) => {
                self.end();
                let answer = Answer::whole(json);
                payload::check("tasks/result", &answer)?;
                return Ok(Polled::Over(answer));
            }
            TaskState::Failed(rpc) => {
                self.end();
                return Err(rpc_error::error(&rpc, 200));
            }
            TaskState::Cancelled(why) => {
                self.end();
                let why = why.map_or_else(String::new, |why| format!(": \"{}\"", quote(&why)));
                let what = format!("the server cancelled the task{why}");
                return Err(Error::new(Status::Cancelled, what).with_may_have_run(true));
            }
        }
        Ok(Polled::Again(task.pause))
    }

    /// Reads the result of `tasks/get`.
    async fn read(&mut self, answer: &Answer) -> Result<Task> {
        let session = Ctx::new(self.client, self.options, &self.wait).connected().await?.session;
        let task = tasks_of(&session)?.read(answer)?;
        if task.id != self.id {
            return Err(Error::protocol("the server sent the status of another task"));
        }
        Ok(task)
    }

    /// Delivers new input requests to the application.
    fn deliver(&mut self, mut input: InputRequired) -> Result<()> {
        let is_too_long = input.requests.len() > MAX_INPUT_REQUESTS;
        input.requests.retain(|(key, ..)| !is_too_long && !self.keys.contains(key));
        if is_too_long || self.keys.len() + input.requests.len() > MAX_INPUT_REQUESTS {
            let what = format!("the task sent more than {MAX_INPUT_REQUESTS} input requests");
            return Err(Error::new(Status::TooLarge, what));
        }
        let mut new_rounds = Vec::with_capacity(input.requests.len());
        for (key, request) in recognise(&input, &self.session)? {
            self.input_bytes = self.input_bytes.saturating_add(key.len() + request.params.len());
            if self.input_bytes > self.options.max_message {
                let what = format!(
                    "the task's input requests have more than {} bytes; see \
                     MCP_LIMIT_MESSAGE_SIZE of mcp_client_set_limit()",
                    self.options.max_message
                );
                return Err(Error::new(Status::TooLarge, what));
            }
            self.keys.push(key.clone());
            let mut round = InputRound::with_signal(vec![key], &self.wake.signal);
            round.take(self.client, self.options, 0, request, &self.wait);
            new_rounds.push(round);
        }
        new_rounds.iter().for_each(|round| round.deliver(self.client, &self.wait));
        self.open.extend(new_rounds);
        Ok(())
    }

    /// Sends the application's input responses, each once.
    async fn update(&mut self) -> Result<()> {
        // The application may give more answers meanwhile.
        let given: Vec<bool> =
            self.open.iter().map(|open| open.responses.are_all_given()).collect();
        if !given.contains(&true) {
            return Ok(());
        }
        let responses = json_members::try_object(|json| {
            for (open, _) in self.open.iter().zip(&given).filter(|(_, is_given)| **is_given) {
                open.responses.write(json)?;
            }
            Ok::<_, Error>(())
        })?;
        self.perform(&Call::update_task(self.id, &responses)).await?;
        let mut given = given.into_iter();
        self.open.retain(|_| !given.next().unwrap_or(false));
        Ok(())
    }

    /// Performs `tasks/result` in the background. The server sends its input
    /// requests during this request. The task is still polled meanwhile.
    fn call(&mut self) -> Result<()> {
        if self.result_call.is_some() {
            return Ok(());
        }
        let result_call = ResultCall {
            result: Arc::new(Mutex::new(None)),
            done: Signal::shared(),
            stop: Signal::shared(),
        };
        let (slot, done) = (result_call.result.clone(), result_call.done.clone());
        let (stop, wake) = (result_call.stop.clone(), self.wake.signal.clone());
        let (options, call) = (self.options.clone(), Call::task("result", self.id));
        let calls = self.calls;
        self.client.spawn(move |client| async move {
            // There may be no response for as long as the task runs.
            let limits = CallLimits { timeout: Some(options.deadline), ..CallLimits::default() };
            let wait = client.wait(&options, &limits, true).or_abort(stop);
            let limits = CallLimits::default();
            let result = calls.perform(Ctx::new(&client, &options, &wait), &call, &limits).await;
            *lock(&slot) = Some(result);
            done.raise();
            wake.raise();
        })?;
        self.result_call = Some(result_call);
        Ok(())
    }

    /// The result of `tasks/result`, if that has ended.
    fn take_result(&mut self) -> Option<Result<Answer>> {
        let result = lock(&self.result_call.as_ref()?.result).take()?;
        self.result_call = None;
        Some(result)
    }

    /// The result of a task that has ended.
    async fn result(&mut self) -> Result<Answer> {
        if let Some(result_call) = &self.result_call {
            self.wait.until_raised(&result_call.done).await?;
            match self.take_result() {
                Some(Err(error)) if is_passing(&error) => {}
                Some(result) => return result,
                None => {}
            }
        }
        // The server has just said that the task has ended, so that an error is
        // the result of the task.
        self.send(&Call::task("result", self.id)).await
    }

    pub(crate) async fn perform(&mut self, call: &Call) -> Result<Answer> {
        let result = self.send(call).await;
        result.map_err(|error| self.unknown_task(error))
    }

    async fn send(&self, call: &Call) -> Result<Answer> {
        let ctx = Ctx::new(self.client, self.options, &self.wait);
        self.calls.perform(ctx, call, &CallLimits::default()).await
    }

    /// The error for a task that the server does not know.
    fn unknown_task(&mut self, error: Error) -> Error {
        let Some(rpc) = error.rpc().filter(|rpc| rpc.code == error_code::INVALID_PARAMS).cloned()
        else {
            return error;
        };
        self.end();
        let current = self.client.current_session();
        let is_same = current.is_some_and(|current| Arc::ptr_eq(&current, &self.session));
        let (status, what) = if is_same {
            let what = "the server does not know the task, or not any more: it keeps each for \
                        its time to live, see mcp_task_ttl()";
            (Status::NotFound, what)
        } else {
            let what = "the server forgot the session while it worked on the task, and the task \
                        with it";
            (Status::SessionLost, what)
        };
        Error::new(status, what)
            .with_http_status(error.http_status())
            .with_rpc(rpc.code, rpc.data)
            .with_may_have_run(true)
    }

    fn end(&mut self) {
        self.is_over = true;
        self.client.subscriptions.remove_task(self.id);
    }

    fn can_cancel(&self) -> bool {
        let tasks = tasks_of(&self.session);
        tasks.is_ok_and(|tasks| tasks.can_cancel(&self.session.server_info))
    }

    /// Cancels the task after the call has failed.
    pub(crate) async fn give_up(&mut self, error: &Error) {
        let patience = match error.status() {
            Status::Cancelled => AFTER_CANCEL,
            Status::Closed => return,
            // The server cannot be reached.
            _ if is_passing(error) => return,
            _ => AFTER_TIMEOUT,
        };
        if self.is_over || !self.can_cancel() {
            return;
        }
        self.wait = self.wait.afterwards(patience);
        let _ = self.send(&Call::task("cancel", self.id)).await;
        self.end();
    }

    /// Anyone who knows the id of a task can read its result.
    pub(crate) fn masked(&self, error: Error) -> Error {
        error.masked(&[Secret::from(self.id)])
    }
}

/// The result of one poll.
enum Polled {
    Over(Answer),
    /// The pause before the next poll.
    Again(Duration),
}

/// The pause after a failure. It doubles with each failure in a row.
const RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// Whether a later poll may succeed.
fn is_passing(error: &Error) -> bool {
    matches!(
        error.status(),
        Status::Io | Status::Connect | Status::Unavailable | Status::RateLimited
    )
}
