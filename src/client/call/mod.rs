//! One call, from its arguments to its answer, and what may be tried again.

pub(crate) mod input_rounds;
pub(crate) mod pages;
pub(crate) mod task;
pub(crate) mod task_poller;
mod tool_catalog;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbound::Outcome;
use crate::client::core::outbound::RpcRefused;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::progress_report::Reporting;
use crate::client::core::session::Session;
use crate::protocol::call::Call;
use crate::protocol::dialect::{Dialect, Interpretation};
use crate::protocol::error_code::{
    HEADER_MISMATCH, INVALID_REQUEST, METHOD_NOT_FOUND, URL_ELICITATION_REQUIRED,
};
use crate::protocol::input_required::{InputRequired, RetryParams};
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::server_info::ServerInfo;
use crate::protocol::session_loss::{RequestKind, Verdict};
use crate::protocol::task::{Task, Tasks};
use crate::transport::wait::{Attendant, now};
use crate::wire::jsonrpc::Answer;

/// How a round ended that gave no answer.
enum Failure {
    /// The server does not know the session any more, or speaks another
    /// revision now: nothing was executed.
    Lost(Error),
    /// The headers do not say what the body says: the tool's schema is
    /// another than the one that is known; or the tool has to run as a task.
    /// Nothing was executed.
    Mismatch(Error),
    /// The server wants pages visited first. Nothing was executed.
    Pages(Error),
    /// The server works on it, and its progress is still told.
    Task(Task, Option<Reporting>),
    Final(Error),
}

/// How long telling the server that a call is given up may hold up the
/// caller: a cancel is to return within 10 ms.
const TELL_CANCELLED: Duration = Duration::from_millis(8);
const TELL_TIMEOUT: Duration = Duration::from_millis(50);

/// The most times that a call is sent again with answers.
const ROUNDS: usize = 10;
/// The pause before a call is sent again that the server only put off.
const PUT_OFF: Duration = Duration::from_millis(50);
const MOST_PUT_OFF: Duration = Duration::from_millis(250);

impl Ctx<'_> {
    pub(crate) async fn perform(self, call: &Call, limits: &CallLimits) -> Result<Answer> {
        let Ctx { client, options, .. } = self;
        let result = self.perform_within(call, limits).await;
        result.map_err(|error| client.finished(error, call.method(), options))
    }

    pub(crate) async fn perform_within(self, call: &Call, limits: &CallLimits) -> Result<Answer> {
        let may_have_run = Cell::new(false);
        let done = self.perform_again(call, limits, &may_have_run).await;
        done.map_err(|error| error.or_may_have_run(may_have_run.get()))
    }

    /// Performs a call, and again where that may help. `may_have_run`: in a
    /// sending before the last one.
    async fn perform_again(
        self,
        call: &Call,
        limits: &CallLimits,
        may_have_run: &Cell<bool>,
    ) -> Result<Answer> {
        let Ctx { client, options, wait } = self;
        if let Some(answer) = client.cache.get(options, call) {
            return Ok(answer);
        }
        let (mut has_recovered, mut has_refreshed) = (false, false);
        let is_repeatable = limits.is_repeatable.unwrap_or_else(|| {
            call.is_repeatable() || options.repeats_tools && client.tool_catalog.is_idempotent(call)
        });
        loop {
            let connected = self.connected().await?;
            let session = connected.session;
            if connected.is_new && call.is_ping() && session.server_info.revision.is_stateless() {
                // The server has just given this very sign of life.
                return Ok(Answer::whole(session.server_info.json.clone()));
            }
            let is_stateless = session.server_info.revision.is_stateless();
            let ticket = is_stateless.then(|| client.cache.ticket(options, call)).flatten();
            let attendant: Arc<dyn Attendant> = client.clone();
            let attended = wait.attending(Some(attendant));
            let sent = self.as_task(&session, call, limits).await?;
            match self.within(&attended).rounds(&session, &sent, limits, is_repeatable).await {
                Ok((mut answer, is_first)) => {
                    if call.method() == "tools/list" {
                        let has_header_params = session.has_header_params();
                        client.tool_catalog.learn(call, &answer, has_header_params);
                        if has_header_params {
                            answer = answer.of_marked_tools();
                        }
                    }
                    if let Some(ticket) = ticket.filter(|_| is_first) {
                        client.cache.put(ticket, options, call, &answer);
                    }
                    return Ok(answer);
                }
                Err(Failure::Lost(error)) => {
                    client.forget(&session);
                    // A session that was lost at once will be lost again.
                    if has_recovered || !options.reconnects() {
                        return Err(error);
                    }
                    has_recovered = true;
                    client.count_one(Counter::Repetitions);
                }
                Err(Failure::Mismatch(error)) => {
                    if has_refreshed {
                        return Err(error);
                    }
                    has_refreshed = true;
                    if session.dialect.has_header_params()
                        || !client.tool_catalog.requires_task(call)
                    {
                        self.refresh_tool_catalog().await?;
                    }
                    if !session.dialect.has_header_params()
                        && !client.tool_catalog.requires_task(call)
                    {
                        return Err(error);
                    }
                }
                Err(Failure::Task(task, reporting)) => {
                    let following = self.within(&attended).follow(task);
                    let result = Box::pin(following).await;
                    drop(reporting);
                    return result;
                }
                Err(Failure::Pages(error)) => return Err(error),
                // A stream that broke, and nobody knows what became of the
                // request.
                Err(Failure::Final(error))
                    if is_break(&error)
                        && is_repeatable
                        && !has_recovered
                        && options.reconnects()
                        && !error.is_repeated() =>
                {
                    may_have_run.set(error.may_have_run());
                    has_recovered = true;
                    client.count_one(Counter::Repetitions);
                }
                Err(Failure::Final(error)) => return Err(error),
            }
        }
    }

    /// Sends a call, and again with the answers to what the server asks. Says
    /// as well whether the first sending was answered.
    async fn rounds(
        self,
        session: &Arc<Session>,
        call: &Call,
        limits: &CallLimits,
        is_repeatable: bool,
    ) -> std::result::Result<(Answer, bool), Failure> {
        let Ctx { wait, .. } = self;
        let mut retry: Option<RetryParams> = None;
        let mut pause = PUT_OFF;
        for _ in 0..=ROUNDS {
            let sent = self.round(session, call, limits, is_repeatable, retry.as_ref());
            let (answer, round) = match sent.await {
                Ok(found) => found,
                Err(Failure::Pages(error)) => {
                    let data = error.rpc().and_then(|rpc| rpc.data.clone());
                    let asked = self.ask_for_pages(session, data.as_deref());
                    if !asked.await.map_err(Failure::Final)? {
                        return Err(Failure::Final(error));
                    }
                    wait.restart();
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            let Some(round) = round else { return Ok((answer, retry.is_none())) };
            if round.requests.is_empty() {
                // The server only wants to be asked again.
                wait.pause(pause).await.map_err(Failure::Final)?;
                pause = (pause * 2).min(MOST_PUT_OFF);
                retry = Some(RetryParams { responses: None, state: round.state });
                continue;
            }
            let answered = self.ask(session, &round).await.map_err(Failure::Final)?;
            wait.restart();
            retry = Some(answered);
        }
        Err(Failure::Final(Error::new(
            Status::TooLarge,
            format!("the server asked in more than {ROUNDS} rounds before it answered"),
        )))
    }

    #[allow(clippy::too_many_arguments, reason = "each is a part of the one request")]
    async fn round(
        self,
        session: &Arc<Session>,
        call: &Call,
        limits: &CallLimits,
        is_repeatable: bool,
        retry: Option<&RetryParams>,
    ) -> std::result::Result<(Answer, Option<InputRequired>), Failure> {
        let Ctx { client, options, .. } = self;
        let id = client.next_id();
        let dialect = session.dialect.as_ref();
        let marks = if session.has_header_params() && call.is_tool() {
            client.tool_catalog.headers(call).map_err(Failure::Final)?
        } else {
            Vec::new()
        };
        let frame = RequestMeta {
            id,
            wants_progress: limits.report.is_some(),
            log_level: *lock(&client.log_level),
            retry,
            header_params: &marks,
        };
        let outgoing = dialect.request(call, &frame).map_err(Failure::Final)?;
        let post = OutboundMessage {
            outgoing: &outgoing,
            id: Some(id),
            is_repeatable,
            peer: session.peer(),
            report: limits.report.as_ref(),
        };
        let reporting = limits
            .report
            .as_ref()
            .map(|report| Reporting::begin(&client.progress_reports, id, report));
        let ending = match self.post(post).await {
            Ok(ending) => ending,
            Err(error) => {
                if !is_ended_otherwise(dialect, call) {
                    self.tell_given_up(session, id, &error).await;
                }
                // What never reached the server, because nothing does any
                // more, may be sent to another one.
                let is_unsent = session.transport.is_over() && !error.may_have_run();
                return Err(if is_unsent && is_of_connection(&error) {
                    Failure::Lost(error)
                } else {
                    Failure::Final(error)
                });
            }
        };
        let verdict = ending.verdict(RequestKind::Call, session);
        match ending.to(session, call.method()) {
            Outcome::Rpc(RpcRefused { error, .. }) | Outcome::NotMcp(_, error)
                if verdict.is_some_and(Verdict::is_lost) =>
            {
                Err(Failure::Lost(error))
            }
            Outcome::Answer(answer, _) => match dialect.interpret(call, &answer) {
                Ok(Interpretation::Complete) => Ok((answer, None)),
                Ok(Interpretation::InputRequired(round)) => Ok((answer, Some(round))),
                Ok(Interpretation::Task(task)) => {
                    self.listen_to_task(session, &task.id).await;
                    if limits.task.is_some() {
                        return Ok((answer, None));
                    }
                    Err(Failure::Task(task, reporting))
                }
                Err(error) => Err(Failure::Final(error)),
            },
            Outcome::Rpc(refusal)
                if refusal.rpc.code == HEADER_MISMATCH
                    && call.is_tool()
                    && session.has_header_params() =>
            {
                Err(Failure::Mismatch(refusal.error))
            }
            Outcome::Rpc(refusal)
                if matches!(refusal.rpc.code, METHOD_NOT_FOUND | INVALID_REQUEST)
                    && client.may_want_a_task(options, session, call) =>
            {
                Err(Failure::Mismatch(refusal.error))
            }
            Outcome::Rpc(refusal)
                if refusal.rpc.code == URL_ELICITATION_REQUIRED && session.declared.url =>
            {
                Err(Failure::Pages(refusal.error))
            }
            Outcome::Rpc(refusal) => {
                client.cache.forget(call);
                Err(Failure::Final(refusal.error))
            }
            Outcome::NotMcp(_, error) => {
                if verdict == Some(Verdict::EndpointGone) {
                    client.forget(session);
                }
                Err(Failure::Final(error))
            }
            Outcome::Accepted => {
                let error = Error::new(Status::Internal, "a request that was taken for none");
                Err(Failure::Final(error))
            }
        }
    }

    /// Tells the server that nobody waits any more, where that is a message:
    /// at once if that is quickly done, and else while the caller goes on.
    async fn tell_given_up(self, session: &Arc<Session>, id: i64, error: &Error) {
        let Ctx { client, wait, .. } = self;
        let (reason, patience) = match error.status() {
            Status::Cancelled => ("cancelled by the caller", TELL_CANCELLED),
            Status::Timeout => ("no answer in time", TELL_TIMEOUT),
            _ => return,
        };
        if !error.may_have_run() {
            return; // The server knows nothing of it.
        }
        let is_shared = session.transport.channel().is_some();
        let Some(outgoing) = session.dialect.cancel(id, reason, is_shared) else { return };
        let post = OutboundMessage::notification(&outgoing, session.peer());
        match self.within(&wait.afterwards(patience)).post(post).await {
            Err(error)
                if !error.may_have_run() && error.http_status() == 0 && !client.is_closed() =>
            {
                let _ = client.send_apart(session, OutboxKind::Courtesy, outgoing);
            }
            _ => {}
        }
    }
}

impl Client {
    /// A call that blocks this thread, with the client's own limits.
    pub(crate) fn call(self: &Arc<Self>, call: &Call) -> Result<Answer> {
        let (options, limits) = (self.options(), CallLimits::of(call));
        let wait = self.wait(&options, &limits, false);
        now(Ctx::new(self, &options, &wait).perform(call, &limits))
    }

    /// The same, past what is kept of earlier answers.
    pub(crate) fn call_anew(self: &Arc<Self>, call: &Call) -> Result<Answer> {
        self.cache.forget_answer(call);
        self.call(call)
    }

    /// Connects, if that is not done, and tells who the server is.
    pub(crate) fn connect(self: &Arc<Self>) -> Result<ServerInfo> {
        let options = self.options();
        let wait = self.wait(&options, &CallLimits::default(), false);
        match now(Ctx::new(self, &options, &wait).connected()) {
            Ok(connected) => Ok(connected.session.server_info.clone()),
            Err(error) => Err(self.finished(error, "connect", &options)),
        }
    }
}

/// Whether a connection, or the process at its end, is gone.
fn is_break(error: &Error) -> bool {
    matches!(error.status(), Status::Io | Status::Process)
}

/// Whether it is no end that the caller has made, or its time.
fn is_of_connection(error: &Error) -> bool {
    !matches!(error.status(), Status::Closed | Status::Cancelled | Status::Timeout)
}

/// Whether a call that is given up is not ended by the message for that: a
/// task is ended by one of its own.
fn is_ended_otherwise(dialect: &dyn Dialect, call: &Call) -> bool {
    call.is_about_task() || call.has_tasks && dialect.tasks() == Some(Tasks::Asked)
}
