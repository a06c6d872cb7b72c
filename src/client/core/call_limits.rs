//! The options of one call.

use std::sync::Arc;
use std::time::Duration;

use crate::base::cancel::Cancel;
use crate::client::core::progress_report::ProgressReport;
use crate::protocol::call::Call;

/// What a single call may have of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLimits {
    /// In place of the client's.
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) cancel: Option<Arc<Cancel>>,
    pub(crate) report: Option<Arc<ProgressReport>>,
    /// In place of what the method says.
    pub(crate) is_repeatable: Option<bool>,
    /// A task is handed out, which the server is asked to keep for so many
    /// milliseconds; 0 leaves that to it.
    pub(crate) task: Option<u32>,
    /// All pages of a list, whose items stand in this member.
    pub(crate) all_pages: Option<&'static str>,
}

impl CallLimits {
    /// Those of a call that has none of its own. A tool is asked to report
    /// progress, so that one that does is not taken for silent.
    pub(crate) fn of(call: &Call) -> Self {
        let report = call.is_tool().then(|| Arc::new(ProgressReport::silent()));
        Self { report, ..Self::default() }
    }
}
