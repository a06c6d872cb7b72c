//! The steps of one call. Each performs its part and reports an event, as
//! `protocol/call_machine.rs` describes it.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::client::call::perform::Perform;
use crate::client::call::task::Prepared;
use crate::client::call::task_poller::TaskPoller;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbound::Outcome;
use crate::client::core::outbound::RpcRefused;
use crate::client::core::progress_report::ReportRegistration;
use crate::client::core::response_cache::Ticket;
use crate::client::core::session::Session;
use crate::protocol::call::Call;
use crate::protocol::call_machine::{CallEnd, CallEvent, ROUNDS};
use crate::protocol::dialect::Interpretation;
use crate::protocol::error_code::{
    HEADER_MISMATCH, INVALID_REQUEST, METHOD_NOT_FOUND, URL_ELICITATION_REQUIRED,
};
use crate::protocol::input_required::{InputRequired, RetryParams};
use crate::protocol::payload;
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::session_loss::{RequestKind, Verdict};
use crate::protocol::task::Task;
use crate::transport::http::ResponseLimits;
use crate::transport::wait::{Attendant, Wait};
use crate::wire::jsonrpc::Answer;

/// A call between two steps.
pub(crate) struct CallSteps<'a> {
    ctx: Ctx<'a>,
    call: &'a Call,
    limits: &'a CallLimits,
    is_repeatable: bool,
    calls: &'static dyn Perform,
    in_session: Option<InSession<'a>>,
    /// What the server asks for before it completes the call.
    input: Option<Box<InputRequired>>,
    /// The task that the call has become. Its progress is still reported.
    task: Option<Box<(Task, Option<ReportRegistration<'a>>)>>,
    answer: Option<Answer>,
    error: Option<Error>,
    /// Whether the answer is the handle of a task, not the result of the tool.
    is_task_handle: bool,
    /// Whether the server may have run a request before the last one.
    may_have_run: bool,
}

/// What belongs to the session of the requests.
struct InSession<'a> {
    session: Arc<Session>,
    /// The wait of the call. It is paused while the application answers.
    wait: Wait,
    /// The call as it is sent, which may ask for a task.
    prepared: Option<Prepared<'a>>,
    /// What the next request adds, after the server has asked for input.
    retry: Option<Box<RetryParams>>,
    ticket: Option<Box<Ticket>>,
}

impl<'a> CallSteps<'a> {
    pub(crate) fn new(
        ctx: Ctx<'a>,
        call: &'a Call,
        limits: &'a CallLimits,
        is_repeatable: bool,
        calls: &'static dyn Perform,
    ) -> Self {
        Self {
            ctx,
            call,
            limits,
            is_repeatable,
            calls,
            in_session: None,
            input: None,
            task: None,
            answer: None,
            error: None,
            is_task_handle: false,
            may_have_run: false,
        }
    }

    pub(crate) async fn connect(&mut self) -> CallEvent {
        let (Ctx { client, options, wait }, call) = (self.ctx, self.call);
        (self.in_session, self.error) = (None, None);
        let connected = match self.ctx.connected().await {
            Ok(connected) => connected,
            Err(error) => return self.failed(error),
        };
        let session = connected.session;
        let is_stateless = session.server_info.revision.is_stateless();
        if connected.is_new && call.is_ping() && is_stateless {
            // The ping of this dialect is the request that made the session.
            self.answer = Some(Answer::whole(session.server_info.json.clone()));
            return CallEvent::AlreadyAnswered;
        }
        let ticket =
            is_stateless.then(|| client.cache.ticket(options, call)).flatten().map(Box::new);
        let attendant: Arc<dyn Attendant> = client.clone();
        let wait = wait.attending(attendant);
        let is_unknown = self.ctx.must_know_tool(&session, call, self.limits);
        self.in_session = Some(InSession { session, wait, prepared: None, retry: None, ticket });
        if is_unknown { CallEvent::ToolUnknown } else { CallEvent::Connected }
    }

    pub(crate) async fn send(&mut self) -> CallEvent {
        let (ctx, limits, is_repeatable) = (self.ctx, self.limits, self.is_repeatable);
        let Some(within) = &mut self.in_session else { return self.failed(no_session()) };
        let (session, retry) = (&within.session, within.retry.as_deref());
        let (client, id) = (ctx.client, ctx.client.next_id());
        let is_stateless = session.server_info.revision.is_stateless();
        let call = within.prepared.get_or_insert_with(|| ctx.prepare(session, self.call, limits));
        let header_params = if session.has_header_params() && call.is_tool() {
            match client.tool_catalog.headers(call) {
                Ok(headers) => headers,
                Err(error) => return self.failed(error),
            }
        } else {
            Vec::new()
        };
        let meta = RequestMeta {
            id,
            wants_progress: limits.progress.is_some(),
            log_level: is_stateless.then(|| *lock(&client.log_level)).flatten(),
            retry,
            header_params: &header_params,
            common: ctx.options.meta.as_deref(),
        };
        let outgoing = match session.dialect.request(call, &meta) {
            Ok(outgoing) => outgoing,
            Err(error) => return self.failed(error),
        };
        let progress = limits.progress.as_ref();
        let post = OutboundMessage {
            outgoing: &outgoing,
            id: Some(id),
            is_repeatable,
            target: session.target(),
            progress,
            limits: ResponseLimits::default(),
        };
        let begin = |progress| ReportRegistration::begin(&client.progress_reports, id, progress);
        let reporting = progress.map(begin);
        let ctx = ctx.within(&within.wait);
        match ctx.post(&post).await {
            Ok(Outcome::Answer(answer, _)) => match session.dialect.interpret(call, &answer) {
                Ok(Interpretation::Complete) => self.answered(answer),
                // Boxed: most answers are complete.
                Ok(more) => Box::pin(self.continued(more, answer, reporting)).await,
                Err(error) => self.failed(error),
            },
            Ok(outcome) => self.refused(outcome),
            Err(error) => {
                Box::pin(ctx.give_up(session, call, id, &error)).await;
                self.not_responded(error)
            }
        }
    }

    pub(crate) async fn ask(&mut self) -> CallEvent {
        let Some(within) = &mut self.in_session else { return self.failed(no_session()) };
        let input = self.input.take().unwrap_or_default();
        match self.ctx.within(&within.wait).ask(&within.session, &input).await {
            Ok(retry) => {
                within.wait.restart();
                within.retry = Some(Box::new(retry));
                CallEvent::InputGiven
            }
            Err(error) => self.failed(error),
        }
    }

    pub(crate) async fn open_page(&mut self) -> CallEvent {
        let Some(within) = &self.in_session else { return self.failed(no_session()) };
        let rpc = self.error.as_ref().and_then(Error::rpc);
        let pages = rpc.and_then(|rpc| rpc.data.as_deref());
        match self.ctx.within(&within.wait).open_pages(&within.session, pages).await {
            Ok(true) => {
                within.wait.restart();
                CallEvent::PageVisited
            }
            // The call ends with the error of the server.
            Ok(false) => CallEvent::Failed,
            Err(error) => self.failed(error),
        }
    }

    pub(crate) async fn pause(&mut self, pause: Duration) -> CallEvent {
        let Some(within) = &mut self.in_session else { return self.failed(no_session()) };
        let state = self.input.take().and_then(|input| input.state);
        match within.wait.pause(pause).await {
            Ok(()) => {
                within.retry = Some(Box::new(RetryParams { responses: None, state }));
                CallEvent::PauseOver
            }
            Err(error) => self.failed(error),
        }
    }

    pub(crate) async fn refresh_tools(&mut self) -> CallEvent {
        if let Err(error) = self.ctx.refresh_tools(self.calls).await {
            return self.failed(error);
        }
        let Some(within) = &self.in_session else { return self.failed(no_session()) };
        // After a refusal in a dialect where the client asks for tasks, only a
        // tool that runs as a task is worth another request.
        let is_refused = self.error.is_some();
        let helps = within.session.dialect.has_header_params()
            || self.ctx.client.tool_catalog.requires_task(self.call);
        if is_refused && !helps { CallEvent::Failed } else { CallEvent::ToolsRead }
    }

    pub(crate) async fn poll_task(&mut self) -> CallEvent {
        let Some(within) = &self.in_session else { return self.failed(no_session()) };
        let Some(task) = self.task.take() else { return self.failed(no_session()) };
        let (task, reporting) = *task;
        let ctx = self.ctx.within(&within.wait);
        let result = Box::pin(TaskPoller::follow(ctx, self.calls, task)).await;
        drop(reporting);
        match result {
            Ok(answer) => {
                self.answer = Some(answer);
                CallEvent::Answered
            }
            Err(error) => self.failed(error),
        }
    }

    /// What the call ends with.
    pub(crate) fn end(self, end: CallEnd) -> Result<Answer> {
        let error = match end {
            CallEnd::Answer => match self.answer {
                Some(answer) if self.call.is_tool() && !self.is_task_handle => {
                    let mismatch = self.ctx.mismatch(self.call, &answer);
                    let is_wrapped = self.ctx.client.tool_catalog.wraps_result(self.call);
                    return Ok(answer.with_mismatch(mismatch).wrapped(is_wrapped));
                }
                Some(answer) => return Ok(answer),
                None => Error::new(Status::Internal, "a call without an answer"),
            },
            CallEnd::Error => self.error.unwrap_or_else(no_session),
            CallEnd::TooManyRounds => Error::new(
                Status::TooLarge,
                format!("the server asked in more than {ROUNDS} rounds before it answered"),
            ),
        };
        Err(error.or_may_have_run(self.may_have_run))
    }

    /// The server has answered, and the call is not complete.
    async fn continued(
        &mut self,
        more: Interpretation,
        answer: Answer,
        reporting: Option<ReportRegistration<'a>>,
    ) -> CallEvent {
        match more {
            Interpretation::Complete => self.answered(answer),
            Interpretation::InputRequired(input) => {
                let is_put_off = input.requests.is_empty();
                self.input = Some(Box::new(input));
                if is_put_off { CallEvent::PutOff } else { CallEvent::InputRequired }
            }
            Interpretation::Task(task) => {
                let Some(within) = &self.in_session else { return self.failed(no_session()) };
                self.ctx.within(&within.wait).listen_to_task(&within.session, &task.id).await;
                if self.limits.task.is_some() {
                    self.is_task_handle = true;
                    return self.answered(answer);
                }
                self.task = Some(Box::new((task, reporting)));
                CallEvent::TaskStarted
            }
        }
    }

    /// There is a response without an answer.
    #[cold]
    fn refused(&mut self, outcome: Outcome) -> CallEvent {
        let Ctx { client, options, .. } = self.ctx;
        let Some(within) = &self.in_session else { return self.failed(no_session()) };
        let (session, call) = (&within.session, within.prepared.as_deref().unwrap_or(self.call));
        let kind = if self.is_repeatable { RequestKind::Read } else { RequestKind::Call };
        let verdict = outcome.verdict(kind, session);
        let (event, error) = match outcome.to(session, call.method()) {
            Outcome::Rpc(RpcRefused { error, .. }) | Outcome::NotMcp(_, error)
                if verdict.is_some_and(Verdict::is_lost) =>
            {
                client.forget(session);
                (CallEvent::SessionLost, error)
            }
            Outcome::Rpc(RpcRefused { error, .. }) | Outcome::NotMcp(_, error)
                if verdict.is_some_and(Verdict::needs_ping) =>
            {
                client.cache.forget(call);
                (CallEvent::Failed, error)
            }
            Outcome::Rpc(RpcRefused { rpc, error, .. }) => match rpc.code {
                HEADER_MISMATCH if call.is_tool() && session.has_header_params() => {
                    (CallEvent::ToolStale, error)
                }
                METHOD_NOT_FOUND | INVALID_REQUEST
                    if client.may_need_task(options, session, call) =>
                {
                    let is_known = client.tool_catalog.requires_task(call);
                    (if is_known { CallEvent::TaskRequired } else { CallEvent::ToolStale }, error)
                }
                URL_ELICITATION_REQUIRED if session.declared.url => {
                    (CallEvent::PageRequired, error)
                }
                _ => {
                    client.cache.forget(call);
                    (CallEvent::Failed, error)
                }
            },
            Outcome::NotMcp(_, error) => {
                if verdict == Some(Verdict::EndpointGone) {
                    client.forget(session);
                }
                (CallEvent::Failed, error)
            }
            Outcome::Accepted | Outcome::Answer(..) => {
                let what = "a request that was taken for none";
                (CallEvent::Failed, Error::new(Status::Internal, what))
            }
        };
        self.error = Some(error);
        event
    }

    /// The response is the answer to the call.
    fn answered(&mut self, mut answer: Answer) -> CallEvent {
        let (Ctx { client, options, .. }, call) = (self.ctx, self.call);
        if let Err(error) = payload::check(call.method(), &answer) {
            return self.failed(error);
        }
        let Some(within) = &mut self.in_session else { return self.failed(no_session()) };
        if call.method() == "tools/list" {
            let has_header_params = within.session.has_header_params();
            client.tool_catalog.learn(call, &answer, has_header_params);
            if has_header_params {
                answer = answer.of_marked_tools();
            }
        }
        // An answer that depends on input is for this call alone.
        let is_first = within.retry.is_none();
        if let Some(ticket) = within.ticket.take().filter(|_| is_first) {
            client.cache.put(*ticket, options, call, &answer);
        }
        self.answer = Some(answer);
        CallEvent::Answered
    }

    /// There is no response.
    fn not_responded(&mut self, error: Error) -> CallEvent {
        let Some(within) = &self.in_session else { return self.failed(error) };
        let is_of_connection =
            !matches!(error.status(), Status::Closed | Status::Cancelled | Status::Timeout);
        let event =
            if within.session.transport.is_over() && !error.may_have_run() && is_of_connection {
                // Nothing reached the server.
                self.ctx.client.forget(&within.session);
                CallEvent::SessionLost
            } else if matches!(error.status(), Status::Io | Status::Process) {
                self.may_have_run |= error.may_have_run();
                CallEvent::Broken { is_repeated: error.is_repeated() }
            } else {
                CallEvent::Failed
            };
        self.error = Some(error);
        event
    }

    fn failed(&mut self, error: Error) -> CallEvent {
        self.error = Some(error);
        CallEvent::Failed
    }
}

fn no_session() -> Error {
    Error::new(Status::Internal, "a step of a call without what it needs")
}
