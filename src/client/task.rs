//! Tasks: which calls may become one, and what a program asks about one.

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::follow::Following;
use crate::client::marks::TaskSupport;
use crate::client::options::Options;
use crate::client::request::Limits;
use crate::client::{Client, Session};
use crate::protocol::call::Call;
use crate::protocol::task::{Task, Tasks};
use crate::transport::wait::{Attendant, Wait, now};
use crate::wire::jsonrpc::Answer;

impl Client {
    /// A call as it is sent where it may run as a task.
    pub(crate) async fn as_task<'a>(
        self: &Arc<Self>,
        options: &Arc<Options>,
        session: &Session,
        call: &'a Call,
        limits: &Limits,
        wait: &Wait,
    ) -> Result<Cow<'a, Call>> {
        if !options.follows_tasks && limits.task.is_none() || call.is_about_task() {
            return Ok(Cow::Borrowed(call));
        }
        let ttl = limits.task.unwrap_or(0);
        match session.era.tasks() {
            Some(tasks @ Tasks::Decided) => Ok(Cow::Owned(tasks.prepare(call, ttl))),
            Some(tasks @ Tasks::Asked)
                if call.is_tool() && tasks.may_be_asked(&session.introduction) =>
            {
                let mut support = self.marks.task_support(call);
                if support.is_none() && limits.task.is_some() {
                    self.refresh_marks(options, wait).await?;
                    support = self.marks.task_support(call);
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

    /// Whether a call may have been refused because the tool runs only as a
    /// task, which the list of tools would tell.
    pub(crate) fn may_want_a_task(
        &self,
        options: &Options,
        session: &Session,
        call: &Call,
    ) -> bool {
        let may_be_asked =
            |tasks: Tasks| tasks.may_be_asked(&session.introduction) && !call.has_tasks;
        options.follows_tasks
            && call.is_tool()
            && session.era.tasks().is_some_and(may_be_asked)
            && self.marks.task_support(call).is_none()
    }

    /// Waits through a task that a call has become.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        options: &Arc<Options>,
        task: Task,
        wait: &Wait,
    ) -> Result<Answer> {
        let id = task.id.clone();
        let mut following = Following::of(self, options, &id, wait).await?;
        let result = following.run(Some(task)).await;
        if let Err(error) = &result {
            following.give_up(error).await;
        }
        result.map_err(|error| following.masked(error.with_may_have_run(true)))
    }

    /// Asks how a task stands.
    pub(crate) fn get_task(self: &Arc<Self>, id: &str) -> Result<Answer> {
        self.about_task("get", id, async |following: &mut Following<'_>| {
            following.listen().await;
            let answer = following.perform(&Call::task("get", id)).await?;
            // What is no task is not handed out as one.
            following.read(&answer).await.map(|_| answer)
        })
    }

    /// Waits for the end of a task.
    pub(crate) fn get_task_result(self: &Arc<Self>, id: &str) -> Result<Answer> {
        self.about_task("result", id, async |following: &mut Following<'_>| {
            following.listen().await;
            following.run(None).await
        })
    }

    /// Asks the server to end a task.
    pub(crate) fn cancel_task(self: &Arc<Self>, id: &str) -> Result<()> {
        self.about_task("cancel", id, async |following: &mut Following<'_>| {
            if !following.can_cancel() {
                return unsupported("the server ends no task: it declares no tasks.cancel");
            }
            following.perform(&Call::task("cancel", id)).await
        })
        .map(drop)
    }

    /// The server's tasks, page after page.
    pub(crate) fn list_tasks(self: &Arc<Self>) -> Result<Vec<Answer>> {
        const LIST: &str = "tasks/list";
        let options = self.options();
        let wait = self.wait(&options, &Limits::default(), false);
        let check = async {
            let session = self.connected(&options, &wait).await?.session;
            match tasks_of(&session)? {
                tasks if tasks.can_list(&session.introduction) => Ok(()),
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

    /// Something about a task by its id, on this thread.
    fn about_task(
        self: &Arc<Self>,
        what: &str,
        id: &str,
        work: impl AsyncFnOnce(&mut Following<'_>) -> Result<Answer>,
    ) -> Result<Answer> {
        if id.is_empty() {
            return Err(Error::argument("task_id is empty"));
        }
        let options = self.options();
        let wait = self.wait(&options, &Limits::default(), false);
        let attendant: Arc<dyn Attendant> = self.clone();
        let wait = wait.attending(Some(attendant));
        let done = async {
            let session = self.connected(&options, &wait).await?.session;
            if !tasks_of(&session)?.are_there(&session.introduction) {
                return unsupported("the server has no tasks: it declares none");
            }
            let mut following = Following::of(self, &options, id, &wait).await?;
            let result = work(&mut following).await;
            result.map_err(|error| following.masked(error))
        };
        now(done).map_err(|error| self.finished(error, &format!("tasks/{what}"), &options))
    }
}

/// The form of tasks that the server's revision has.
pub(crate) fn tasks_of(session: &Session) -> Result<Tasks> {
    session.era.tasks().ok_or_else(|| {
        let revision = session.introduction.revision.as_str();
        let what = format!("the server speaks {revision}, which has no tasks");
        Error::new(Status::Unsupported, what)
    })
}

fn unsupported<T>(why: &str) -> Result<T> {
    Err(Error::new(Status::Unsupported, why))
}
