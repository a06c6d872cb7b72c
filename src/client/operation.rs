//! Runs the operation of a request, on either thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::base::error::Result;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::operation::{Operation, OperationResult};
use crate::protocol::call::Call;
use crate::transport::wait::now;

/// An operation that is going on. It is boxed: a call carries no room for it.
type RunningOperation<'a> = Pin<Box<dyn Future<Output = Result<OperationResult>> + 'a>>;

impl<'a> Ctx<'a> {
    /// Runs an operation. The error names it and shows no secret.
    pub(crate) async fn run(
        self,
        operation: &Operation,
        limits: &CallLimits,
    ) -> Result<OperationResult> {
        let running: RunningOperation<'_> = match operation {
            Operation::Call(call) => return self.run_call(call, limits).await,
            Operation::Connect => Box::pin(async {
                let session = self.connected().await?.session;
                Ok(OperationResult::Server(Box::new(session.server_info.clone())))
            }),
            Operation::Listen(kinds) => without_result(self.listen_within(*kinds)),
            Operation::Subscribe(uri) => without_result(self.subscribe_within(uri, true)),
            Operation::Unsubscribe(uri) => without_result(self.subscribe_within(uri, false)),
            Operation::SetLogLevel(level) => without_result(self.set_log_level_within(level)),
            Operation::Notify(call) => without_result(self.notify_within(call)),
            Operation::Task(what, id) => Box::pin(async {
                self.ask_about_task(*what, id).await.map(OperationResult::Answer)
            }),
            Operation::SignIn => without_result(self.sign_in_within()),
            Operation::SignOut => without_result(self.sign_out_within()),
            Operation::Close => without_result(self.close_elsewhere()),
        };
        let Ctx { client, options, wait } = self;
        running.await.map_err(|error| client.failed(error, wait, operation.method(), options))
    }

    async fn run_call(self, call: &Call, limits: &CallLimits) -> Result<OperationResult> {
        match limits.all_pages {
            Some(member) => {
                // Boxed: few requests read several pages.
                let pages = Box::pin(self.list_within(call, member, limits)).await;
                pages.map(OperationResult::Answers)
            }
            None => self.perform(call, limits).await.map(OperationResult::Answer),
        }
    }

    /// Lets the background thread close the client, and waits for that.
    async fn close_elsewhere(self) -> Result<()> {
        self.client.start_close()?;
        self.wait.until_raised(&self.client.closing.done).await
    }
}

fn without_result<'a>(running: impl Future<Output = Result<()>> + 'a) -> RunningOperation<'a> {
    Box::pin(async { running.await.map(|()| OperationResult::None) })
}

impl Client {
    /// Runs an operation on this thread, with the limits of the client.
    pub(crate) fn run(self: &Arc<Self>, operation: &Operation) -> Result<OperationResult> {
        let (options, limits) = (self.options(), CallLimits::of_operation(operation));
        let wait = self.wait(&options, &limits, false);
        now(Ctx::new(self, &options, &wait).run(operation, &limits))
    }
}
