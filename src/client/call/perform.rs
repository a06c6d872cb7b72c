//! Calls inside a call: polling a task and reading the list of tools.

use std::future::Future;
use std::pin::Pin;

use crate::base::error::Result;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::context::Ctx;
use crate::protocol::call::Call;
use crate::wire::jsonrpc::Answer;

/// The result of a call that is going on. It is boxed because the call is part
/// of another call.
pub(crate) type Performing<'a> = Pin<Box<dyn Future<Output = Result<Answer>> + 'a>>;

/// Performs calls. The steps of a call take it as a parameter, because they are
/// below the driver that implements it.
pub(crate) trait Perform: Sync {
    fn perform<'a>(&self, ctx: Ctx<'a>, call: &'a Call, limits: &'a CallLimits) -> Performing<'a>;
}
