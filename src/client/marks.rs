//! Which arguments of which tools go into headers, as the lists said that
//! were last read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::client::options::Options;
use crate::client::{Client, lock};
use crate::protocol::call::Call;
use crate::protocol::marks::{self, Mark};
use crate::transport::wait::Wait;
use crate::wire::object::Members;

/// By the name of the tool: its marks, or why they are invalid.
#[derive(Debug, Default)]
pub(crate) struct Marks(Mutex<HashMap<String, std::result::Result<Arc<[Mark]>, String>>>);

/// The most pages that are read for the marks of one tool.
const PAGES: usize = 100;

impl Marks {
    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Reads a page of the list of tools.
    pub(crate) fn learn(&self, call: &Call, result: &str) {
        let is_first = call.members.is_empty();
        let is_marked = memchr::memmem::find(result.as_bytes(), marks::NAME.as_bytes()).is_some();
        let mut known = lock(&self.0);
        if is_first {
            known.clear();
        }
        if !is_marked && known.is_empty() {
            return;
        }
        let Ok(members) = Members::parse(result) else { return };
        let tools: Vec<&RawValue> = members
            .get("tools")
            .and_then(|tools| serde_json::from_str(tools.get()).ok())
            .unwrap_or_default();
        for tool in tools {
            let Ok(tool) = Members::parse(tool.get()) else { continue };
            let Some(name) = tool.string("name") else { continue };
            let schema = tool.get("inputSchema").map_or("{}", RawValue::get);
            match marks::marks(schema) {
                Ok(marks) if marks.is_empty() => known.remove(&name),
                Ok(marks) => known.insert(name, Ok(marks.into())),
                Err(why) => known.insert(name, Err(why)),
            };
        }
    }

    /// The headers of a call of a tool.
    pub(crate) fn headers(&self, call: &Call) -> Result<Vec<(String, String)>> {
        let known = lock(&self.0);
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let name = Members::parse(&format!("{{{}}}", call.members))
            .ok()
            .and_then(|members| members.string("name"));
        let Some(found) = name.as_ref().and_then(|name| known.get(name)).cloned() else {
            return Ok(Vec::new());
        };
        drop(known);
        match found {
            Ok(found) => marks::headers(&found, call.arguments.as_deref().unwrap_or("{}")),
            Err(why) => Err(Error::protocol(format!(
                "the tool cannot be called over HTTP, because its schema marks parameters for \
                 headers in an invalid way: {}",
                quote(&why)
            ))),
        }
    }
}

impl Client {
    /// Reads the list of tools anew, because the marks of one have changed.
    pub(crate) async fn refresh_marks(
        self: &Arc<Self>,
        options: &Arc<Options>,
        _for: &Call,
        wait: &Wait,
    ) -> Result<()> {
        let list = Call::new("tools/list", None)?;
        self.cache.forget(&list);
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let page = list.at(cursor.as_deref());
            // Boxed, because a list is a call like the one that needs it.
            let limits = Default::default();
            let answer = Box::pin(self.perform_within(options, &page, &limits, wait)).await?;
            let next = Members::parse(answer.json()).ok().and_then(|m| m.string("nextCursor"));
            if next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        Ok(())
    }
}
