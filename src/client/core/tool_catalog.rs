//! What `tools/list` last said about each tool: its header parameters, its
//! hints, its task support and the schema of its structured content.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use memchr::memmem::Finder;

use crate::base::error::{Error, Result, quote};
use crate::base::sync::lock;
use crate::protocol::call::Call;
use crate::protocol::header_params::{self, HeaderMarks, HeaderParam};
use crate::protocol::schema;
use crate::protocol::tool_schema::OutputSchema;
use crate::wire::json_string::plain_text;
use crate::wire::jsonrpc::Answer;
use crate::wire::tape::{Place, Tape};

#[derive(Debug, Default)]
pub(crate) struct ToolCatalog(Mutex<ToolLists>);

#[derive(Debug, Default)]
struct ToolLists {
    /// By the name of the tool. A tool with only default values is left out.
    tools: HashMap<Box<str>, ToolFacts>,
    /// The output schemas that are kept, one after another.
    schemas: String,
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

#[derive(Debug)]
struct ToolFacts {
    header_params: Option<HeaderParams>,
    /// The tool says that a second call changes nothing more.
    is_idempotent: bool,
    task_support: TaskSupport,
    output_schema: SchemaFact,
    /// The structured content is an object whose only purpose is to hold
    /// "result".
    wraps_result: bool,
}

/// The parameters, or why `x-mcp-header` is invalid.
type HeaderParams = Arc<std::result::Result<Box<[HeaderParam]>, String>>;

#[derive(Debug)]
enum SchemaFact {
    None,
    /// Its place in the schemas that are kept.
    Kept(Range<usize>),
    /// Used at least once, or too large to be kept.
    Used(Arc<OutputSchema>),
}

impl ToolFacts {
    fn is_plain(&self) -> bool {
        self.header_params.is_none()
            && !self.is_idempotent
            && self.task_support == TaskSupport::Forbidden
            && matches!(self.output_schema, SchemaFact::None)
            && !self.wraps_result
    }
}

/// The most tools for which memory is reserved.
const MOST_RESERVED: usize = 1 << 16;

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
            (lists.has_schemas, lists.has_wrapped) = (false, false);
            lists.has_first_page = true;
        }
        let is_last = answer.member("nextCursor").is_none_or(|next| next == "null");
        lists.is_whole = lists.has_first_page && is_last;
        let (text, tape) = (answer.message(), answer.tape());
        let Some(list) = tape.member(text, answer.place(), "tools") else { return };
        let reader = ToolReader::new(text, tape, has_header_params);
        let mut has_room = !lists.tools.is_empty();
        for tool in tape.elements(text, list) {
            let Some(found) = reader.read(tool) else { continue };
            // Once: a list that names a tool twice can make the map empty again.
            if !has_room && !found.is_plain() {
                // Most of the others are not plain either.
                lists.tools.reserve(tape.elements(text, list).count().min(MOST_RESERVED));
                has_room = true;
            }
            lists.keep(found);
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
        let schema = match &facts.output_schema {
            SchemaFact::None => return None,
            SchemaFact::Used(schema) => schema.clone(),
            SchemaFact::Kept(place) => Arc::new(OutputSchema::new(schemas.get(place.clone()))),
        };
        facts.output_schema = SchemaFact::Used(schema.clone());
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
        call.is_tool() && self.fact(call, |facts| facts.is_idempotent).unwrap_or(false)
    }

    /// `None` if the list has to be read first.
    pub(crate) fn task_support(&self, call: &Call) -> Option<TaskSupport> {
        if let Some(support) = self.fact(call, |facts| facts.task_support) {
            return Some(support);
        }
        lock(&self.0).is_whole.then_some(TaskSupport::Forbidden)
    }

    pub(crate) fn requires_task(&self, call: &Call) -> bool {
        self.task_support(call) == Some(TaskSupport::Required)
    }

    fn fact<T>(&self, call: &Call, get: impl FnOnce(&ToolFacts) -> T) -> Option<T> {
        let lists = lock(&self.0);
        if lists.tools.is_empty() {
            return None;
        }
        lists.tools.get(call.tool_name()?).map(get)
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
        let ListedTool { name, mut facts, output_schema } = tool;
        self.has_wrapped |= facts.wraps_result;
        if let Some(schema) = output_schema {
            self.has_schemas = true;
            let start = self.schemas.len();
            let is_small = schema.len() <= MOST_SCHEMAS.saturating_sub(start)
                && schema.len() <= schema::MOST_BYTES;
            facts.output_schema = if is_small {
                self.schemas.push_str(schema);
                SchemaFact::Kept(start..self.schemas.len())
            } else {
                SchemaFact::Used(Arc::new(OutputSchema::new(None)))
            };
        }
        if !facts.is_plain() {
            self.tools.insert(name.into(), facts);
        } else if !self.tools.is_empty() {
            self.tools.remove(&*name);
        }
    }
}

/// A tool of a page. The schema is one that is checked.
struct ListedTool<'a> {
    name: Cow<'a, str>,
    facts: ToolFacts,
    output_schema: Option<&'a str>,
}

impl ListedTool<'_> {
    fn is_plain(&self) -> bool {
        self.facts.is_plain() && self.output_schema.is_none()
    }
}

/// Reads the tools of a page.
struct ToolReader<'a> {
    text: &'a str,
    tape: &'a Tape,
    header_marks: Option<HeaderMarks>,
    wrap_mark: Finder<'static>,
}

impl<'a> ToolReader<'a> {
    fn new(text: &'a str, tape: &'a Tape, has_header_params: bool) -> Self {
        Self {
            text,
            tape,
            header_marks: has_header_params.then(HeaderMarks::new),
            wrap_mark: Finder::new(WRAPS_RESULT),
        }
    }

    /// A tool without a name is left out.
    fn read(&self, tool: Place) -> Option<ListedTool<'a>> {
        let (mut name, mut schema, mut execution, mut annotations, mut output) =
            (None, None, None, None, None);
        self.tape.visit(self.text, tool, |member, value| match member {
            b"name" => name = Some(value),
            b"inputSchema" => schema = Some(value),
            b"execution" => execution = Some(value),
            b"annotations" => annotations = Some(value),
            b"outputSchema" => output = Some(value),
            _ => {}
        });
        let (text, tape) = (self.text, self.tape);
        let raw = |place: Place| tape.text(text, place);
        let name = plain_text(raw(name?))?;
        let header_params = match (&self.header_marks, schema.map(raw)) {
            (Some(marks), Some(schema)) => match header_params::parse(schema, marks) {
                Ok(params) if params.is_empty() => None,
                params => Some(Arc::new(params.map(Into::into))),
            },
            _ => None,
        };
        let facts = ToolFacts {
            header_params,
            is_idempotent: annotations.is_some_and(|place| self.is_idempotent(place)),
            task_support: execution
                .map_or(TaskSupport::Forbidden, |place| self.task_support(place)),
            output_schema: SchemaFact::None,
            wraps_result: output.is_some_and(|place| self.wraps_result(place)),
        };
        let output = output.map(raw);
        let output_schema = output.filter(|schema| schema::IS_BUILT && *schema != "null");
        Some(ListedTool { name, facts, output_schema })
    }

    /// Whether an output schema has the mark, which few have.
    fn wraps_result(&self, schema: Place) -> bool {
        let raw = self.tape.text(self.text, schema);
        let mut is_marked = false;
        if self.wrap_mark.find(raw.as_bytes()).is_some() {
            self.tape.visit_below(self.text, schema, |name, value| {
                if name == WRAPS_RESULT {
                    is_marked = value == "true";
                }
            });
        }
        is_marked
    }

    fn is_idempotent(&self, annotations: Place) -> bool {
        let mut hints = HINTS.map(|name| (name, false));
        self.tape.visit_below(self.text, annotations, |name, value| {
            for hint in hints.iter_mut().filter(|(hint, _)| *hint == name) {
                hint.1 = value == "true";
            }
        });
        hints.iter().any(|(_, is_set)| *is_set)
    }

    fn task_support(&self, execution: Place) -> TaskSupport {
        let mut support = TaskSupport::Forbidden;
        self.tape.visit_below(self.text, execution, |name, value| {
            if name == TASK_SUPPORT {
                support = match plain_text(value).as_deref() {
                    Some("required") => TaskSupport::Required,
                    Some("optional") => TaskSupport::Optional,
                    _ => TaskSupport::Forbidden,
                };
            }
        });
        support
    }
}

/// The hints that make a tool call repeatable.
const HINTS: [&str; 2] = ["idempotentHint", "readOnlyHint"];

const TASK_SUPPORT: &str = "taskSupport";
/// FastMCP's mark in the output schema of a tool whose result is no object.
const WRAPS_RESULT: &str = "x-fastmcp-wrap-result";
