//! A task that goes on at the server while nobody is connected to it,
//! followed to its end.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::app::input_round::InputRound;
use crate::client::call::input_rounds::recognised;
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
use crate::protocol::task::{State, Task};
use crate::transport::wait::Wait;
use crate::wire::jsonrpc::Answer;

/// How long telling the server that nobody waits for a task any more may hold
/// up the caller: a cancel is to return within 10 ms.
const TELL_CANCELLED: Duration = Duration::from_millis(8);
const TELL_TIMEOUT: Duration = Duration::from_millis(50);

/// The most that one task may ask.
const QUESTIONS: usize = 1000;

/// A task on its way to its end.
pub(crate) struct TaskPoller<'a> {
    client: &'a Arc<Client>,
    options: &'a Arc<Options>,
    id: &'a str,
    session: Arc<Session>,
    wait: Wait,
    wake: Arc<Wake>,
    /// The keys of all that it has asked.
    keys: Vec<String>,
    /// The memory of all that it has asked.
    asked: usize,
    /// What was not answered, or not told to the server.
    open: Vec<InputRound>,
    /// The call for the result, while the server asks on its way.
    calling: Option<ResultCall>,
    /// Nothing is left of it to be cancelled.
    is_over: bool,
}

/// A call for the result that goes on in the background.
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
    pub(crate) async fn of(
        client: &'a Arc<Client>,
        options: &'a Arc<Options>,
        id: &'a str,
        wait: &Wait,
    ) -> Result<Self> {
        Ok(Self {
            client,
            options,
            id,
            session: Ctx::new(client, options, wait).connected().await?.session,
            wait: wait.clone(),
            wake: client.task_watches.add(id)?,
            keys: Vec::new(),
            asked: 0,
            open: Vec::new(),
            calling: None,
            is_over: false,
        })
    }

    /// How it stands, as the server says it. What is no task is not handed
    /// out as one.
    pub(crate) async fn state(&mut self) -> Result<Answer> {
        let answer = self.perform(&Call::task("get", self.id)).await?;
        self.read(&answer).await.map(|_| answer)
    }

    /// Asks again and again, as seldom as the server wants it.
    pub(crate) async fn run(&mut self, begun: Option<Task>) -> Result<Answer> {
        let mut pause = begun.map(|task| task.pause);
        let mut retry = RETRY;
        loop {
            match self.turn(pause).await {
                Ok(Step::Over(answer)) => return Ok(answer),
                Ok(Step::Again(next)) => {
                    self.wait.restart();
                    (pause, retry) = (Some(next), RETRY);
                }
                Err(error) if is_passing(&error) => {
                    // The task goes on without us. This is silence, though,
                    // of which there is only so much.
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

    async fn turn(&mut self, pause: Option<Duration>) -> Result<Step> {
        if let Some(pause) = pause
            && let Some(answer) = self.rest(pause).await?
        {
            return Ok(Step::Over(answer));
        }
        self.step().await
    }

    /// Lets the pause pass that the server asks for, or the time until it
    /// tells something. What is answered meanwhile is told to it.
    async fn rest(&mut self, pause: Duration) -> Result<Option<Answer>> {
        let until = Instant::now() + pause;
        loop {
            self.wake.signal.lower();
            self.update().await?;
            if let Some(Ok(answer)) = self.called() {
                self.end();
                return Ok(Some(answer));
            }
            let left = until.saturating_duration_since(Instant::now());
            if self.wake.has_news.swap(false, Ordering::AcqRel) || left.is_zero() {
                return Ok(None);
            }
            // A pause that the server asks for is no silence.
            let patient = self.wait.at_most_beyond(left);
            match patient.raised_within(&self.wake.signal, left).await {
                Err(error) if error.status() != Status::Timeout => return Err(error),
                _ => {}
            }
            self.wait.restart();
            self.wait.check()?;
        }
    }

    /// Asks how the task stands, and does what there is to do.
    async fn step(&mut self) -> Result<Step> {
        self.update().await?;
        let answer = self.perform(&Call::task("get", self.id)).await?;
        let task = self.read(&answer).await?;
        match task.state {
            State::Working => {}
            State::Asking(Some(round)) => self.ask(round)?,
            State::Asking(None) => self.call()?,
            State::Ended => {
                self.end();
                return self.result().await.map(Step::Over);
            }
            State::Completed(json) => {
                self.end();
                return Ok(Step::Over(Answer::whole(json)));
            }
            State::Failed(rpc) => {
                self.end();
                return Err(rpc_error::error(&rpc, 200));
            }
            State::Cancelled(why) => {
                self.end();
                let why = why.map_or_else(String::new, |why| format!(": \"{}\"", quote(&why)));
                let what = format!("the server cancelled the task{why}");
                return Err(Error::new(Status::Cancelled, what).with_may_have_run(true));
            }
        }
        Ok(Step::Again(task.pause))
    }

    /// What an answer says of this task, in the form of the server's dialect.
    async fn read(&mut self, answer: &Answer) -> Result<Task> {
        let session = Ctx::new(self.client, self.options, &self.wait).connected().await?.session;
        let task = tasks_of(&session)?.read(answer)?;
        if task.id != self.id {
            return Err(Error::protocol("the server tells of another task than was asked for"));
        }
        Ok(task)
    }

    /// Puts to the program what it was not asked before.
    fn ask(&mut self, mut round: InputRequired) -> Result<()> {
        let is_too_long = round.requests.len() > QUESTIONS;
        round.requests.retain(|(key, ..)| !is_too_long && !self.keys.contains(key));
        if is_too_long || self.keys.len() + round.requests.len() > QUESTIONS {
            let what = format!("the task asked more than {QUESTIONS} questions");
            return Err(Error::new(Status::TooLarge, what));
        }
        let mut begun = Vec::with_capacity(round.requests.len());
        for (key, asked) in recognised(&round, &self.session)? {
            self.asked = self.asked.saturating_add(key.len() + asked.params.len());
            if self.asked > self.options.max_message {
                let what = format!(
                    "the task's questions have more than {} bytes; see \
                     mcp_client_set_max_message_size()",
                    self.options.max_message
                );
                return Err(Error::new(Status::TooLarge, what));
            }
            self.keys.push(key.clone());
            let mut inquiry = InputRound::with_signal(vec![key], &self.wake.signal);
            inquiry.take(self.client, self.options, 0, asked, &self.wait);
            begun.push(inquiry);
        }
        begun.iter().for_each(|inquiry| inquiry.put(self.client, &self.wait));
        self.open.extend(begun);
        Ok(())
    }

    /// Tells the server what was answered, each once.
    async fn update(&mut self) -> Result<()> {
        // More may be answered while this is on its way.
        let given: Vec<bool> =
            self.open.iter().map(|open| open.responses.are_all_given()).collect();
        if !given.contains(&true) {
            return Ok(());
        }
        let mut responses = String::from("{");
        for (open, _) in self.open.iter().zip(&given).filter(|(_, is_given)| **is_given) {
            open.responses.push_to(&mut responses)?;
        }
        responses.push('}');
        self.perform(&Call::update_task(self.id, &responses)).await?;
        let mut given = given.into_iter();
        self.open.retain(|_| !given.next().unwrap_or(false));
        Ok(())
    }

    /// Calls for the result in the background: on the way to it the server
    /// asks, while how the task stands is still asked from here.
    fn call(&mut self) -> Result<()> {
        if self.calling.is_some() {
            return Ok(());
        }
        let calling = ResultCall {
            result: Arc::new(Mutex::new(None)),
            done: Signal::shared(),
            stop: Signal::shared(),
        };
        let (slot, done) = (calling.result.clone(), calling.done.clone());
        let (stop, wake) = (calling.stop.clone(), self.wake.signal.clone());
        let (options, call) = (self.options.clone(), Call::task("result", self.id));
        self.client.spawn(move |client| async move {
            // It may be silent for as long as the task takes.
            let limits = CallLimits { timeout: Some(options.deadline), ..CallLimits::default() };
            let wait = client.wait(&options, &limits, true).or_abort(stop);
            let limits = CallLimits::default();
            // Boxed, because it may be part of the call that waits here.
            let result =
                Box::pin(Ctx::new(&client, &options, &wait).perform_within(&call, &limits)).await;
            *lock(&slot) = Some(result);
            done.raise();
            wake.raise();
        })?;
        self.calling = Some(calling);
        Ok(())
    }

    /// What has come of the call for the result, if it is at its end.
    fn called(&mut self) -> Option<Result<Answer>> {
        let result = lock(&self.calling.as_ref()?.result).take()?;
        self.calling = None;
        Some(result)
    }

    /// The result of a task that is over.
    async fn result(&mut self) -> Result<Answer> {
        if let Some(calling) = &self.calling {
            self.wait.until_raised(&calling.done).await?;
            match self.called() {
                Some(Err(error)) if is_passing(&error) => {}
                Some(result) => return result,
                None => {}
            }
        }
        // An error is the task's own: the server has just said that there
        // is a result.
        self.send(&Call::task("result", self.id)).await
    }

    pub(crate) async fn perform(&mut self, call: &Call) -> Result<Answer> {
        let result = self.send(call).await;
        result.map_err(|error| self.vanished(error))
    }

    async fn send(&self, call: &Call) -> Result<Answer> {
        // Boxed, because it may be part of the call that waits here.
        let limits = CallLimits::default();
        Box::pin(Ctx::new(self.client, self.options, &self.wait).perform_within(call, &limits))
            .await
    }

    /// The error for a task that the server does not know.
    fn vanished(&mut self, error: Error) -> Error {
        let Some(rpc) = error.rpc().filter(|rpc| rpc.code == error_code::INVALID_PARAMS).cloned()
        else {
            return error;
        };
        self.end();
        let current = self.client.current_session();
        let is_same = current.is_some_and(|current| Arc::ptr_eq(&current, &self.session));
        let (status, what) = if is_same {
            let what = "the server does not know the task, or not any more: it keeps each for \
                        its time to live, see mcp_result_task_ttl()";
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

    /// Tells the server that nobody waits for the task any more.
    pub(crate) async fn give_up(&mut self, error: &Error) {
        let patience = match error.status() {
            Status::Cancelled => TELL_CANCELLED,
            Status::Closed => return,
            _ if is_passing(error) => return, // It would not hear it.
            _ => TELL_TIMEOUT,
        };
        if self.is_over || !self.can_cancel() {
            return;
        }
        self.wait = self.wait.afterwards(patience);
        let _ = self.send(&Call::task("cancel", self.id)).await;
        self.end();
    }

    /// Whoever knows the id of a task can have its result.
    pub(crate) fn masked(&self, error: Error) -> Error {
        error.masked(&[Secret::from(self.id)])
    }
}

/// What came of asking once.
enum Step {
    Over(Answer),
    /// The pause before it is asked again.
    Again(Duration),
}

/// The pause after a failure, which grows with each in a row.
const RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// Whether the server may answer if it is asked again later.
fn is_passing(error: &Error) -> bool {
    matches!(
        error.status(),
        Status::Io | Status::Connect | Status::Unavailable | Status::RateLimited
    )
}
