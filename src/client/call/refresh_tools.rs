//! Requests the list of tools, if a call needs the schema or the hints of its
//! tool.

use crate::base::error::Result;
use crate::client::call::perform::Perform;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::context::Ctx;
use crate::protocol::call::Call;
use crate::protocol::payload;

/// The most pages that are read.
const PAGES: usize = 100;

impl Ctx<'_> {
    /// Reads all pages of the list of tools from the server. Each page goes
    /// into the tool catalog, as the answer to any `tools/list` does.
    pub(crate) async fn refresh_tools(self, calls: &dyn Perform) -> Result<()> {
        let list = Call::new("tools/list", None)?;
        self.client.cache.forget(&list);
        let limits = CallLimits::default();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let page = list.at(cursor.as_deref());
            let answer = calls.perform(self, &page, &limits).await?;
            let next = payload::next_cursor(&answer);
            if next.is_none() || next == cursor.as_deref() {
                break;
            }
            cursor = next.map(str::to_owned);
        }
        Ok(())
    }
}
