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
use crate::client::core::operation::TaskRequest;
use crate::protocol::call::Call;
use crate::protocol::task::Tasks;
use crate::transport::wait::now;
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

impl Client {
    /// All pages of the list of tasks.
    pub(crate) fn list_tasks(self: &Arc<Self>) -> Result<Vec<Answer>> {
        const LIST: &str = "tasks/list";
        let options = self.options();
        let wait = self.wait(&options, &CallLimits::default(), false);
        let check = async {
            let session = Ctx::new(self, &options, &wait).connected().await?.session;
            match tasks_of(&session)? {
                tasks if tasks.can_list(&session.server_info) => Ok(()),
                Tasks::ByClient => {
                    unsupported("the server lists no tasks: it declares no tasks.list")
                }
                Tasks::ByServer => unsupported(
                    "the protocol revision that the server speaks has no list of tasks: keep \
                     the ids of those that you begin",
                ),
            }
        };
        now(check).map_err(|error| self.failed(error, &wait, LIST, &options))?;
        self.list(LIST, "tasks")
    }
}

fn unsupported<T>(why: &str) -> Result<T> {
    Err(Error::new(Status::Unsupported, why))
}
