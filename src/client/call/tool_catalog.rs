//! Reading the list of tools for what a call has to know of its tool.

use crate::base::error::Result;
use crate::client::core::context::Ctx;
use crate::protocol::call::Call;

/// The most pages that are read for the marks of one tool.
const PAGES: usize = 100;

impl Ctx<'_> {
    /// Reads the list of tools anew, because the marks of one have changed.
    pub(crate) async fn refresh_tool_catalog(self) -> Result<()> {
        let Ctx { client, .. } = self;
        let list = Call::new("tools/list", None)?;
        client.cache.forget(&list);
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let page = list.at(cursor.as_deref());
            // Boxed, because a list is a call like the one that needs it.
            let limits = Default::default();
            let answer = Box::pin(self.perform_within(&page, &limits)).await?;
            let next = answer.member("nextCursor").and_then(|next| serde_json::from_str(next).ok());
            if next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        Ok(())
    }
}
