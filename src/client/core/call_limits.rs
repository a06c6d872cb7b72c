//! The options of one call.

use std::sync::Arc;
use std::time::Duration;

use crate::base::cancel::Cancel;
use crate::client::core::operation::Operation;
use crate::client::core::progress_report::ProgressUse;
use crate::client::options::Header;
use crate::protocol::call::Call;

/// The options of one call, in place of those of the client.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLimits {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) cancel: Option<Arc<Cancel>>,
    /// `None`: the server is not asked for progress.
    pub(crate) progress: Option<ProgressUse>,
    /// Overrides the rule of the method.
    pub(crate) is_repeatable: Option<bool>,
    /// The call returns a task. The number is the `ttl` in milliseconds; with
    /// 0, the server decides.
    pub(crate) task: Option<u32>,
    /// All pages of a list are requested; its items are in this member.
    pub(crate) all_pages: Option<&'static str>,
    /// HTTP headers of the call, in addition to those of the client.
    pub(crate) headers: Vec<Header>,
}

impl CallLimits {
    /// The limits of a call without own options. A tool is asked to report
    /// progress, so that its timeout starts again while it works.
    pub(crate) fn of(call: &Call) -> Self {
        Self { progress: call.is_tool().then(ProgressUse::silent), ..Self::default() }
    }

    pub(crate) fn of_operation(operation: &Operation) -> Self {
        match operation {
            Operation::Call(call) => Self::of(call),
            _ => Self::default(),
        }
    }
}
