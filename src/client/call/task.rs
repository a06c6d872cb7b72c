//! Tasks: which calls may become one, and what a program asks about one.

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::call::task_poller::TaskPoller;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::session::Session;
use crate::client::core::tool_catalog::TaskSupport;
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::protocol::task::{Task, Tasks};
use crate::transport::wait::{Attendant, Wait, now};
use crate::wire::jsonrpc::Answer;

/// What a program wants of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskQuestion {
    State,
    /// PendingGuard for it.
    Result,
    Cancel,
}

impl TaskQuestion {
    fn method(self) -> &'static str {
        match self {
            Self::State => "tasks/get",
            Self::Result => "tasks/result",
            Self::Cancel => "tasks/cancel",
        }
    }
}

impl<'a> Ctx<'a> {
    /// A call as it is sent where it may run as a task.
    pub(crate) async fn as_task(
        self,
        session: &Session,
        call: &'a Call,
        limits: &CallLimits,
    ) -> Result<Cow<'a, Call>> {
        let Ctx { client, options, .. } = self;
        if !options.follows_tasks && limits.task.is_none() || call.is_about_task() {
            return Ok(Cow::Borrowed(call));
        }
        let ttl = limits.task.unwrap_or(0);
        match session.dialect.tasks() {
            Some(tasks @ Tasks::Decided) => Ok(Cow::Owned(tasks.prepare(call, ttl))),
            Some(tasks @ Tasks::Asked)
                if call.is_tool() && tasks.may_be_asked(&session.server_info) =>
            {
                let mut support = client.tool_catalog.task_support(call);
                if support.is_none() && limits.task.is_some() {
                    self.refresh_tool_catalog().await?;
                    support = client.tool_catalog.task_support(call);
                }
                let asks = match support {
                    Some(TaskSupport::Required) => true,
                    Some(TaskSupport::Optional) => limits.task.is_some(),
                    Some(TaskSupport::Forbidden) | None => false,
                };
                if asks {
                    Ok(Cow::Owned(tasks.prepare(call, ttl)))
                } else {
                    Ok(Cow::Borrowed(call))
                }
            }
            _ => Ok(Cow::Borrowed(call)),
        }
    }

    /// Waits through a task that a call has become.
    pub(crate) async fn follow(self, task: Task) -> Result<Answer> {
        let Ctx { client, options, wait } = self;
        let id = task.id.clone();
        let mut following = TaskPoller::of(client, options, &id, wait).await?;
        let result = following.run(Some(task)).await;
        if let Err(error) = &result {
            following.give_up(error).await;
        }
        result.map_err(|error| following.masked(error.with_may_have_run(true)))
    }
}

impl Client {
    /// Whether a call may have been refused because the tool runs only as a
    /// task, which the list of tools would tell.
    pub(crate) fn may_want_a_task(
        &self,
        options: &Options,
        session: &Session,
        call: &Call,
    ) -> bool {
        let may_be_asked =
            |tasks: Tasks| tasks.may_be_asked(&session.server_info) && !call.has_tasks;
        options.follows_tasks
            && call.is_tool()
            && session.dialect.tasks().is_some_and(may_be_asked)
            // Another call may have learned it since this one was sent.
            && matches!(self.tool_catalog.task_support(call), None | Some(TaskSupport::Required))
    }

    /// Asks something about a task, on this thread.
    pub(crate) fn about_task(self: &Arc<Self>, what: TaskQuestion, id: &str) -> Result<Answer> {
        if id.is_empty() {
            return Err(Error::argument("task_id is empty"));
        }
        let options = self.options();
        let wait = self.wait(&options, &CallLimits::default(), false);
        let attendant: Arc<dyn Attendant> = self.clone();
        let asked = self.ask_about_task(&options, what, id, wait.attending(Some(attendant)));
        now(asked).map_err(|error| self.finished(error, what.method(), &options))
    }

    async fn ask_about_task(
        self: &Arc<Self>,
        options: &Arc<Options>,
        what: TaskQuestion,
        id: &str,
        wait: Wait,
    ) -> Result<Answer> {
        let session = Ctx::new(self, options, &wait).connected().await?.session;
        let tasks = tasks_of(&session)?;
        if !tasks.are_there(&session.server_info) {
            return unsupported("the server has no tasks: it declares none");
        }
        if what == TaskQuestion::Cancel && !tasks.can_cancel(&session.server_info) {
            return unsupported("the server ends no task: it declares no tasks.cancel");
        }
        if what != TaskQuestion::Cancel {
            Ctx::new(self, options, &wait).listen_to_task(&session, id).await;
        }
        let mut following = TaskPoller::of(self, options, id, &wait).await?;
        let result = match what {
            TaskQuestion::Cancel => following.perform(&Call::task("cancel", id)).await,
            TaskQuestion::Result => following.run(None).await,
            TaskQuestion::State => following.state().await,
        };
        result.map_err(|error| following.masked(error))
    }

    /// The server's tasks, page after page.
    pub(crate) fn list_tasks(self: &Arc<Self>) -> Result<Vec<Answer>> {
        const LIST: &str = "tasks/list";
        let options = self.options();
        let wait = self.wait(&options, &CallLimits::default(), false);
        let check = async {
            let session = Ctx::new(self, &options, &wait).connected().await?.session;
            match tasks_of(&session)? {
                tasks if tasks.can_list(&session.server_info) => Ok(()),
                Tasks::Asked => unsupported("the server lists no tasks: it declares no tasks.list"),
                Tasks::Decided => unsupported(
                    "the protocol revision that the server speaks has no list of tasks: keep \
                     the ids of those that you begin",
                ),
            }
        };
        now(check).map_err(|error| self.finished(error, LIST, &options))?;
        self.list(LIST, "tasks")
    }
}

/// The form of tasks that the server's revision has.
pub(crate) fn tasks_of(session: &Session) -> Result<Tasks> {
    session.dialect.tasks().ok_or_else(|| {
        let revision = session.server_info.revision.as_str();
        let what = format!("the server speaks {revision}, which has no tasks");
        Error::new(Status::Unsupported, what)
    })
}

fn unsupported<T>(why: &str) -> Result<T> {
    Err(Error::new(Status::Unsupported, why))
}
