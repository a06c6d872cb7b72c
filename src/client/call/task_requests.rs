//! The requests about tasks that an application makes: `tasks/get`,
//! `tasks/result`, `tasks/cancel` and `tasks/list`.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::call::Calls;
use crate::client::call::task::tasks_of;
use crate::client::call::task_poller::TaskPoller;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::transport::wait::{Attendant, Wait, now};
use crate::wire::jsonrpc::Answer;

/// What an application wants of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskRequest {
    State,
    /// Its result, for which the library waits.
    Result,
    Cancel,
}

impl TaskRequest {
    fn method(self) -> &'static str {
        match self {
            Self::State => "tasks/get",
            Self::Result => "tasks/result",
            Self::Cancel => "tasks/cancel",
        }
    }
}

impl Client {
    /// Performs a request about a task, on this thread.
    pub(crate) fn about_task(self: &Arc<Self>, what: TaskRequest, id: &str) -> Result<Answer> {
        if id.is_empty() {
            return Err(Error::argument("task_id is empty"));
        }
        let options = self.options();
        let wait = self.wait(&options, &CallLimits::default(), false);
        let attendant: Arc<dyn Attendant> = self.clone();
        let asked = self.ask_about_task(&options, what, id, wait.attending(Some(attendant)));
        now(asked).map_err(|error| self.failed(error, &wait, what.method(), &options))
    }

    async fn ask_about_task(
        self: &Arc<Self>,
        options: &Arc<Options>,
        what: TaskRequest,
        id: &str,
        wait: Wait,
    ) -> Result<Answer> {
        let session = Ctx::new(self, options, &wait).connected().await?.session;
        let tasks = tasks_of(&session)?;
        if !tasks.are_offered(&session.server_info) {
            return unsupported("the server has no tasks: it declares none");
        }
        if what == TaskRequest::Cancel && !tasks.can_cancel(&session.server_info) {
            return unsupported("the server ends no task: it declares no tasks.cancel");
        }
        if what != TaskRequest::Cancel {
            Ctx::new(self, options, &wait).listen_to_task(&session, id).await;
        }
        let mut poller = TaskPoller::of(Ctx::new(self, options, &wait), &Calls, id).await?;
        let result = match what {
            TaskRequest::Cancel => poller.perform(&Call::task("cancel", id)).await,
            TaskRequest::Result => poller.run(None).await,
            TaskRequest::State => poller.state().await,
        };
        result.map_err(|error| poller.masked(error))
    }
}

fn unsupported<T>(why: &str) -> Result<T> {
    Err(Error::new(Status::Unsupported, why))
}
