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
use crate::wire::jsonrpc::Answer;
use crate::wire::object::Members;

/// By the name of the tool, where there is anything to know.
#[derive(Debug, Default)]
pub(crate) struct Marks(Mutex<HashMap<String, Known>>);

#[derive(Clone, Debug)]
struct Known {
    /// Or why they are invalid.
    marks: std::result::Result<Arc<[Mark]>, String>,
    /// It says that doing it twice is as good as once.
    is_idempotent: bool,
}

/// The most pages that are read for the marks of one tool.
const PAGES: usize = 100;

impl Marks {
    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Reads a page of the list of tools.
    pub(crate) fn learn(&self, call: &Call, answer: &Answer, has_marks: bool) {
        let result = answer.json();
        let has = |text: &str| memchr::memmem::find(result.as_bytes(), text.as_bytes()).is_some();
        let is_of_interest = has_marks && has(marks::NAME) || HINTS.iter().any(|hint| has(hint));
        let mut known = lock(&self.0);
        if call.members.is_empty() {
            known.clear();
        }
        if !is_of_interest && known.is_empty() {
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
            let marks = if has_marks { marks::marks(schema) } else { Ok(Vec::new()) };
            let is_plain = marks.as_ref().is_ok_and(Vec::is_empty);
            let is_idempotent = is_idempotent(tool.get("annotations"));
            if is_plain && !is_idempotent {
                known.remove(&name);
            } else {
                known.insert(name, Known { marks: marks.map(Into::into), is_idempotent });
            }
        }
    }

    /// Whether a tool says of itself that it may be called twice.
    pub(crate) fn is_idempotent(&self, call: &Call) -> bool {
        call.is_tool() && self.get(call).is_some_and(|known| known.is_idempotent)
    }

    fn get(&self, call: &Call) -> Option<Known> {
        let known = lock(&self.0);
        if known.is_empty() {
            return None;
        }
        known.get(&Members::parse(&format!("{{{}}}", call.members)).ok()?.string("name")?).cloned()
    }

    /// The headers of a call of a tool.
    pub(crate) fn headers(&self, call: &Call) -> Result<Vec<(String, String)>> {
        let Some(found) = self.get(call) else { return Ok(Vec::new()) };
        match found.marks {
            Ok(found) => marks::headers(&found, call.arguments.as_deref().unwrap_or("{}")),
            Err(why) => Err(Error::protocol(format!(
                "the tool cannot be called over HTTP, because its schema marks parameters for \
                 headers in an invalid way: {}",
                quote(&why)
            ))),
        }
    }
}

/// Hints that make a call of a tool repeatable.
const HINTS: [&str; 2] = ["idempotentHint", "readOnlyHint"];

fn is_idempotent(annotations: Option<&RawValue>) -> bool {
    let Some(annotations) = annotations else { return false };
    let annotations = Members::parse(annotations.get()).unwrap_or_default();
    HINTS.iter().any(|hint| annotations.get(hint).is_some_and(|value| value.get() == "true"))
}

impl Client {
    /// Reads the list of tools anew, because the marks of one have changed.
    pub(crate) async fn refresh_marks(
        self: &Arc<Self>,
        options: &Arc<Options>,
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
            let next = answer.member("nextCursor").and_then(|next| serde_json::from_str(next).ok());
            if next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        Ok(())
    }
}
