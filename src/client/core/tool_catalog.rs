//! What `tools/list` last said about each tool: its header parameters, its
//! hints, its task support and the schema of its structured content.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::base::sync::lock;
use crate::protocol::call::Call;
use crate::protocol::header_params::{self, HeaderParam};
use crate::protocol::schema;
use crate::protocol::tool_schema::OutputSchema;
use crate::wire::jsonrpc::Answer;
use crate::wire::object::Members;

#[derive(Debug, Default)]
pub(crate) struct ToolCatalog(Mutex<ToolLists>);

#[derive(Debug, Default)]
struct ToolLists {
    /// By the name of the tool. A tool with only default values is left out.
    tools: HashMap<String, ToolFacts>,
    /// The bytes of the output schemas that are kept.
    kept: usize,
    /// Whether any tool has an output schema.
    has_schemas: bool,
    /// Whether any tool wraps its result.
    has_wrapped: bool,
    /// Whether the first page of a list was read.
    has_first_page: bool,
    /// Whether a list was read to its end, so that a missing tool has only
    /// default values.
    is_whole: bool,
}

/// Whether a tool may run as a task of revision 2025-11-25.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskSupport {
    Forbidden,
    Optional,
    Required,
}

#[derive(Clone, Debug)]
struct ToolFacts {
    /// The parameters, or why `x-mcp-header` is invalid.
    header_params: std::result::Result<Arc<[HeaderParam]>, String>,
    /// The tool says that a second call changes nothing more.
    is_idempotent: bool,
    task_support: TaskSupport,
    output_schema: Option<Arc<OutputSchema>>,
    /// The structured content is an object whose only purpose is to hold
    /// "result".
    wraps_result: bool,
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
        let result = answer.json();
        let has = |text: &str| memchr::memmem::find(result.as_bytes(), text.as_bytes()).is_some();
        let is_of_interest = has_header_params && has(header_params::NAME)
            || has(TASK_SUPPORT)
            || schema::IS_BUILT && has(OUTPUT_SCHEMA)
            || has(WRAPS_RESULT)
            || HINTS.iter().any(|hint| has(hint));
        let mut lists = lock(&self.0);
        if call.members.is_empty() {
            lists.tools.clear();
            (lists.kept, lists.has_schemas, lists.has_wrapped) = (0, false, false);
            lists.has_first_page = true;
        }
        let is_last = answer.member("nextCursor").is_none_or(|next| next == "null");
        lists.is_whole = lists.has_first_page && is_last;
        let ToolLists { tools: tools_by_name, kept, has_schemas, has_wrapped, .. } = &mut *lists;
        if !is_of_interest && tools_by_name.is_empty() {
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
            let header_params =
                if has_header_params { header_params::parse(schema) } else { Ok(Vec::new()) };
            let has_none = header_params.as_ref().is_ok_and(Vec::is_empty);
            let task_support = task_support(tool.get("execution"));
            let is_idempotent = is_idempotent(tool.get("annotations"));
            let output_schema = tool.get(OUTPUT_SCHEMA).map(RawValue::get);
            let wraps_result = output_schema.is_some_and(wraps_result);
            *has_wrapped |= wraps_result;
            let output_schema =
                output_schema.filter(|schema| schema::IS_BUILT && *schema != "null");
            let output_schema = output_schema.map(|schema| {
                let is_small = schema.len() <= MOST_SCHEMAS.saturating_sub(*kept);
                let is_small = is_small && schema.len() <= schema::MOST_BYTES;
                *has_schemas = true;
                *kept += if is_small { schema.len() } else { 0 };
                Arc::new(OutputSchema::new(is_small.then_some(schema)))
            });
            let is_plain = has_none && !is_idempotent && output_schema.is_none() && !wraps_result;
            if is_plain && task_support == TaskSupport::Forbidden {
                tools_by_name.remove(&name);
            } else {
                let header_params = header_params.map(Into::into);
                let facts = ToolFacts {
                    header_params,
                    is_idempotent,
                    task_support,
                    output_schema,
                    wraps_result,
                };
                tools_by_name.insert(name, facts);
            }
        }
    }

    /// The name of a called tool and the schema of its structured content.
    pub(crate) fn output_schema(&self, call: &Call) -> Option<(String, Arc<OutputSchema>)> {
        let lists = lock(&self.0);
        if !lists.has_schemas {
            return None;
        }
        let name = call.tool_name()?;
        let schema = lists.tools.get(name)?.output_schema.clone()?;
        Some((name.to_owned(), schema))
    }

    /// Whether the structured content of the tool is an object that only holds
    /// the "result".
    pub(crate) fn wraps_result(&self, call: &Call) -> bool {
        let lists = lock(&self.0);
        lists.has_wrapped
            && call
                .tool_name()
                .and_then(|name| lists.tools.get(name))
                .is_some_and(|facts| facts.wraps_result)
    }

    /// Whether the tool says that it may be called twice.
    pub(crate) fn is_idempotent(&self, call: &Call) -> bool {
        call.is_tool() && self.get(call).is_some_and(|facts| facts.is_idempotent)
    }

    /// `None` if the list has to be read first.
    pub(crate) fn task_support(&self, call: &Call) -> Option<TaskSupport> {
        if let Some(facts) = self.get(call) {
            return Some(facts.task_support);
        }
        lock(&self.0).is_whole.then_some(TaskSupport::Forbidden)
    }

    pub(crate) fn requires_task(&self, call: &Call) -> bool {
        self.task_support(call) == Some(TaskSupport::Required)
    }

    fn get(&self, call: &Call) -> Option<ToolFacts> {
        let lists = lock(&self.0);
        if lists.tools.is_empty() {
            return None;
        }
        lists.tools.get(call.tool_name()?).cloned()
    }

    /// Returns the headers of a tool call.
    pub(crate) fn headers(&self, call: &Call) -> Result<Vec<(String, String)>> {
        let Some(facts) = self.get(call) else { return Ok(Vec::new()) };
        match facts.header_params {
            Ok(facts) => header_params::headers(&facts, call.arguments.as_deref().unwrap_or("{}")),
            Err(why) => Err(Error::protocol(format!(
                "the tool cannot be called over HTTP, because its schema has an invalid \
                 x-mcp-header: {}",
                quote(&why)
            ))),
        }
    }
}

/// The hints that make a tool call repeatable.
const HINTS: [&str; 2] = ["idempotentHint", "readOnlyHint"];

const OUTPUT_SCHEMA: &str = "outputSchema";
const TASK_SUPPORT: &str = "taskSupport";
/// FastMCP's mark in the output schema of a tool whose result is no object.
const WRAPS_RESULT: &str = "x-fastmcp-wrap-result";

fn wraps_result(schema: &str) -> bool {
    if memchr::memmem::find(schema.as_bytes(), WRAPS_RESULT.as_bytes()).is_none() {
        return false;
    }
    let schema = Members::parse(schema).unwrap_or_default();
    schema.get(WRAPS_RESULT).is_some_and(|mark| mark.get() == "true")
}

fn task_support(execution: Option<&RawValue>) -> TaskSupport {
    let execution = execution.and_then(|execution| Members::parse(execution.get()).ok());
    match execution.and_then(|execution| execution.string(TASK_SUPPORT)).as_deref() {
        Some("required") => TaskSupport::Required,
        Some("optional") => TaskSupport::Optional,
        _ => TaskSupport::Forbidden,
    }
}

fn is_idempotent(annotations: Option<&RawValue>) -> bool {
    let Some(annotations) = annotations else { return false };
    let annotations = Members::parse(annotations.get()).unwrap_or_default();
    HINTS.iter().any(|hint| annotations.get(hint).is_some_and(|value| value.get() == "true"))
}
