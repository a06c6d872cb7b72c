//! Which calls run as tasks.

use std::ops::Deref;

use crate::base::error::{Error, Result, Status};
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::session::Session;
use crate::client::core::tool_reader::TaskSupport;
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::protocol::task::Tasks;

impl Ctx<'_> {
    /// Whether the list of tools has to be read before a call is sent: the
    /// caller wants a task, and nothing is known about the tool.
    pub(crate) fn must_know_tool(
        self,
        session: &Session,
        call: &Call,
        limits: &CallLimits,
    ) -> bool {
        limits.task.is_some()
            && call.is_tool()
            && session
                .dialect
                .tasks()
                .is_some_and(|tasks| tasks.may_be_requested(&session.server_info))
            && self.client.tool_catalog.task_support(call).is_none()
    }

    /// The call as it is sent in a session: it asks for a task, or allows one,
    /// if the application wants that.
    pub(crate) fn prepare<'a>(
        self,
        session: &Session,
        call: &'a Call,
        limits: &CallLimits,
    ) -> Prepared<'a> {
        let Ctx { client, options, .. } = self;
        if !options.follows_tasks && limits.task.is_none() || call.is_about_task() {
            return Prepared::Unchanged(call);
        }
        let ttl = limits.task.unwrap_or(0);
        match session.dialect.tasks() {
            Some(tasks @ Tasks::ByServer) => Prepared::Changed(Box::new(tasks.prepare(call, ttl))),
            Some(tasks @ Tasks::ByClient)
                if call.is_tool() && tasks.may_be_requested(&session.server_info) =>
            {
                let asks = match client.tool_catalog.task_support(call) {
                    Some(TaskSupport::Required) => true,
                    Some(TaskSupport::Optional) => limits.task.is_some(),
                    Some(TaskSupport::Forbidden) | None => false,
                };
                if asks {
                    Prepared::Changed(Box::new(tasks.prepare(call, ttl)))
                } else {
                    Prepared::Unchanged(call)
                }
            }
            _ => Prepared::Unchanged(call),
        }
    }
}

/// A call as it is sent in a session.
pub(crate) enum Prepared<'a> {
    Unchanged(&'a Call),
    /// Boxed: most calls are sent as they are.
    Changed(Box<Call>),
}

impl Deref for Prepared<'_> {
    type Target = Call;

    fn deref(&self) -> &Call {
        match self {
            Self::Unchanged(call) => call,
            Self::Changed(call) => call,
        }
    }
}

impl Client {
    /// Whether the server may have refused a call because the tool runs only as a
    /// task. The list of tools shows it.
    pub(crate) fn may_need_task(&self, options: &Options, session: &Session, call: &Call) -> bool {
        let may_be_requested =
            |tasks: Tasks| tasks.may_be_requested(&session.server_info) && !call.has_tasks;
        options.follows_tasks
            && call.is_tool()
            && session.dialect.tasks().is_some_and(may_be_requested)
            // Another call may have read the list since this call was sent.
            && matches!(self.tool_catalog.task_support(call), None | Some(TaskSupport::Required))
    }
}

/// The form of tasks in the session. Fails if the revision has no tasks.
pub(crate) fn tasks_of(session: &Session) -> Result<Tasks> {
    session.dialect.tasks().ok_or_else(|| {
        let revision = session.server_info.revision.as_str();
        let what = format!("the server speaks {revision}, which has no tasks");
        Error::new(Status::Unsupported, what)
    })
}
