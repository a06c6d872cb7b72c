//! The requests about tasks that an application makes: `tasks/get`,
//! `tasks/result` and `tasks/cancel`.

use crate::base::error::{Error, Result, Status};
use crate::client::call::Calls;
use crate::client::call::task::tasks_of;
use crate::client::call::task_poller::TaskPoller;
use crate::client::core::context::Ctx;
use crate::client::core::operation::TaskRequest;
use crate::protocol::call::Call;
use crate::wire::jsonrpc::Answer;

impl Ctx<'_> {
    /// Performs a request about a task.
    pub(crate) async fn ask_about_task(self, what: TaskRequest, id: &str) -> Result<Answer> {
        let Ctx { client, options, wait } = self;
        let wait = client.attended(wait.clone());
        let ctx = Ctx::new(client, options, &wait);
        let session = ctx.connected().await?.session;
        let tasks = tasks_of(&session)?;
        if !tasks.are_offered(&session.server_info) {
            return unsupported("the server has no tasks: it declares none");
        }
        if what == TaskRequest::Cancel && !tasks.can_cancel(&session.server_info) {
            return unsupported("the server ends no task: it declares no tasks.cancel");
        }
        if what != TaskRequest::Cancel {
            ctx.listen_to_task(&session, id).await;
        }
        let mut poller = TaskPoller::of(ctx, &Calls, id).await?;
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
