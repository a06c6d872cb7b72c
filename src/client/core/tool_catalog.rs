//! What `tools/list` last said about each tool: its header parameters, its
//! hints, its task support and the schema of its structured content.

use std::sync::{Arc, Mutex};

use crate::base::error::{Error, Result, quote};
use crate::base::sync::lock;
use crate::client::core::known_tools::{KnownTools, TextPlace};
use crate::client::core::tool_reader::{
    HeaderParams, ListedTool, TaskSupport, ToolHints, ToolReader, wraps_result,
};
use crate::protocol::call::Call;
use crate::protocol::header_params;
use crate::protocol::schema;
use crate::protocol::tool_schema::OutputSchema;
use crate::wire::jsonrpc::Answer;

#[derive(Debug, Default)]
pub(crate) struct ToolCatalog(Mutex<ToolLists>);

#[derive(Debug, Default)]
struct ToolLists {
    /// The tools before the first one with other values than the default ones are
    /// left out.
    tools: KnownTools<ToolFacts>,
    /// The output schemas that are kept, one after another.
    schemas: String,
    /// Whether any tool has an output schema.
    has_schemas: bool,
    /// Whether the first page of a list was read.
    has_first_page: bool,
    /// Whether a list was read to its end, so that a missing tool has only
    /// default values.
    is_whole: bool,
}

#[derive(Debug)]
struct ToolFacts {
    header_params: Option<HeaderParams>,
    hints: ToolHints,
    /// The place of the output schema in the schemas that are kept.
    schema: Option<TextPlace>,
    /// The output schema, if it was used at least once, or is too large to be
    /// kept.
    used_schema: Option<Arc<OutputSchema>>,
    /// The structured content is an object whose only purpose is to hold
    /// "result". `None`: the output schema was not searched.
    wraps_result: Option<bool>,
}

impl ToolFacts {
    /// Whether the tool has only default values.
    fn is_plain(&self) -> bool {
        self.hints == ToolHints::default()
            && self.header_params.is_none()
            && self.schema.is_none()
            && self.used_schema.is_none()
            && self.wraps_result == Some(false)
    }
}

/// The most bytes of all output schemas of a server. The results of further
/// tools are not checked.
const MOST_SCHEMAS: usize = 4 << 20;

impl ToolCatalog {
    pub(crate) fn clear(&self) {
        *lock(&self.0) = ToolLists::default();
    }

    /// Stores a page of `tools/list`.
    pub(crate) fn learn(&self, call: &Call, answer: &Answer, has_header_params: bool) {
        let mut lists = lock(&self.0);
        if call.members.is_empty() {
            lists.tools.clear();
            lists.schemas.clear();
            lists.has_schemas = false;
            lists.has_first_page = true;
        } else {
            // So that pages which are read again are not kept again.
            lists.tools.build();
        }
        let is_last = answer.member("nextCursor").is_none_or(|next| next == "null");
        lists.is_whole = lists.has_first_page && is_last;
        let (text, tape) = (answer.message(), answer.tape());
        let Some(list) = tape.member(text, answer.place(), "tools") else { return };
        let mut reader = ToolReader::new(text, tape, has_header_params);
        for tool in tape.elements(text, list) {
            let Some(found) = reader.read(tool) else { continue };
            if !(lists.tools.is_empty() && found.is_plain()) {
                lists.keep(found);
            }
        }
    }

    /// The name of a called tool and the schema of its structured content.
    pub(crate) fn output_schema(&self, call: &Call) -> Option<(String, Arc<OutputSchema>)> {
        let mut lists = lock(&self.0);
        if !lists.has_schemas {
            return None;
        }
        let name = call.tool_name()?;
        let ToolLists { tools, schemas, .. } = &mut *lists;
        let facts = tools.get_mut(name)?;
        let schema = match (&facts.used_schema, &facts.schema) {
            (Some(schema), _) => schema.clone(),
            (None, Some(place)) => Arc::new(OutputSchema::new(place.text(schemas))),
            (None, None) => return None,
        };
        facts.used_schema = Some(schema.clone());
        Some((name.to_owned(), schema))
    }

    /// Whether the structured content of the tool is an object that only holds
    /// the "result".
    pub(crate) fn wraps_result(&self, call: &Call) -> bool {
        let mut lists = lock(&self.0);
        let ToolLists { tools, schemas, .. } = &mut *lists;
        if tools.is_empty() {
            return false;
        }
        let Some(facts) = call.tool_name().and_then(|name| tools.get_mut(name)) else {
            return false;
        };
        let schema = facts.schema.and_then(|place| place.text(schemas));
        *facts.wraps_result.get_or_insert_with(|| schema.is_some_and(wraps_result))
    }

    /// Whether the tool says that it may be called twice.
    pub(crate) fn is_idempotent(&self, call: &Call) -> bool {
        call.is_tool() && self.fact(call, |facts| facts.hints.is_idempotent).unwrap_or(false)
    }

    /// `None` if the list has to be read first.
    pub(crate) fn task_support(&self, call: &Call) -> Option<TaskSupport> {
        // A tool with default values counts as one that no page has named: some are
        // not kept.
        let support = |facts: &ToolFacts| (!facts.is_plain()).then_some(facts.hints.task_support);
        if let Some(support) = self.fact(call, support).flatten() {
            return Some(support);
        }
        lock(&self.0).is_whole.then_some(TaskSupport::Forbidden)
    }

    pub(crate) fn requires_task(&self, call: &Call) -> bool {
        self.task_support(call) == Some(TaskSupport::Required)
    }

    fn fact<T>(&self, call: &Call, get: impl FnOnce(&ToolFacts) -> T) -> Option<T> {
        let mut lists = lock(&self.0);
        if lists.tools.is_empty() {
            return None;
        }
        lists.tools.get_mut(call.tool_name()?).map(|facts| get(facts))
    }

    /// Returns the headers of a tool call.
    pub(crate) fn headers(&self, call: &Call) -> Result<Vec<(String, String)>> {
        let params = self.fact(call, |facts| facts.header_params.clone()).flatten();
        match params.as_deref() {
            None => Ok(Vec::new()),
            Some(Ok(params)) => {
                header_params::headers(params, call.arguments.as_deref().unwrap_or("{}"))
            }
            Some(Err(why)) => Err(Error::protocol(format!(
                "the tool cannot be called over HTTP, because its schema has an invalid \
                 x-mcp-header: {}",
                quote(why)
            ))),
        }
    }
}

impl ToolLists {
    fn keep(&mut self, tool: ListedTool<'_>) {
        let ListedTool { name, hints, header_params, output_schema } = tool;
        let mut facts =
            ToolFacts { header_params, hints, schema: None, used_schema: None, wraps_result: None };
        match output_schema {
            None => facts.wraps_result = Some(false),
            Some(schema)
                if schema::IS_BUILT
                    && schema.len() <= MOST_SCHEMAS.saturating_sub(self.schemas.len())
                    && schema.len() <= schema::MOST_BYTES =>
            {
                facts.schema = TextPlace::push(&mut self.schemas, schema);
            }
            Some(schema) => {
                facts.wraps_result = Some(wraps_result(schema));
                facts.used_schema = schema::IS_BUILT.then(|| Arc::new(OutputSchema::new(None)));
            }
        }
        self.has_schemas |= output_schema.is_some() && schema::IS_BUILT;
        self.tools.put(&name, facts);
        if self.tools.are_many() {
            // A tool without values of its own may be a few bytes of a page.
            self.tools.forget(|facts| !facts.is_plain());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(catalog: &ToolCatalog, params: Option<&str>, page: &str) {
        let call = Call::new("tools/list", params).unwrap();
        catalog.learn(&call, &Answer::whole(page.to_owned()), true);
    }

    #[test]
    fn knows_nothing_of_a_tool_with_default_values_before_the_end_of_the_list() {
        let catalog = ToolCatalog::default();
        let support = |name: &str| catalog.task_support(&Call::tool(name, None).unwrap());
        let marked = r#"{"name":"a","execution":{"taskSupport":"required"}}"#;
        for tools in
            [format!("{marked},{{\"name\":\"b\"}}"), format!("{{\"name\":\"b\"}},{marked}")]
        {
            learn(&catalog, None, &format!(r#"{{"tools":[{tools}],"nextCursor":"2"}}"#));
            assert_eq!(support("a"), Some(TaskSupport::Required));
            assert_eq!((support("b"), support("c")), (None, None), "{tools}");
            learn(&catalog, Some(r#"{"cursor":"2"}"#), r#"{"tools":[{"name":"a"}]}"#);
            let [a, b, c] = ["a", "b", "c"].map(support);
            assert!([a, b, c].iter().all(|one| *one == Some(TaskSupport::Forbidden)), "{tools}");
        }
    }

    #[test]
    fn keeps_few_of_many_tools_with_default_values() {
        let catalog = ToolCatalog::default();
        let mut tools = r#"{"name":"a","annotations":{"readOnlyHint":true}}"#.to_owned();
        for at in 0..200_000 {
            tools.push_str(&format!(",{{\"name\":\"t{at}\"}}"));
        }
        tools.push_str(r#",{"name":"z","annotations":{"readOnlyHint":true}}"#);
        learn(&catalog, None, &format!(r#"{{"tools":[{tools}]}}"#));
        let repeats = |name: &str| catalog.is_idempotent(&Call::tool(name, None).unwrap());
        assert_eq!(["a", "t5", "t199999", "z"].map(repeats), [true, false, false, true]);
        assert!(lock(&catalog.0).tools.len() <= 1 << 16);
    }
}
