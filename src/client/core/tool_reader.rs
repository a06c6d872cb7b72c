//! Reads the tools of a page of `tools/list`.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memmem::find;

use crate::protocol::header_params::{self, HeaderMarks, HeaderParam};
use crate::wire::json_string::{plain_text, plain_text_at};
use crate::wire::json_text::visit_members;
use crate::wire::tape::{Place, Tape};

/// A tool of a page.
pub(crate) struct ListedTool<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) hints: ToolHints,
    pub(crate) header_params: Option<HeaderParams>,
    pub(crate) output_schema: Option<&'a str>,
}

/// The parameters, or why `x-mcp-header` is invalid.
pub(crate) type HeaderParams = Arc<std::result::Result<Box<[HeaderParam]>, String>>;

/// What the annotations of a tool say, and its `execution`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ToolHints {
    /// The tool says that a second call changes nothing more.
    pub(crate) is_idempotent: bool,
    pub(crate) task_support: TaskSupport,
}

/// Whether a tool may run as a task of revision 2025-11-25.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TaskSupport {
    #[default]
    Forbidden,
    Optional,
    Required,
}

impl ListedTool<'_> {
    /// Whether the tool has only default values.
    pub(crate) fn is_plain(&self) -> bool {
        self.hints == ToolHints::default()
            && self.header_params.is_none()
            && self.output_schema.is_none()
    }
}

/// Reads the tools of a page.
pub(crate) struct ToolReader<'a> {
    text: &'a str,
    tape: &'a Tape,
    header_marks: Option<HeaderMarks>,
    annotations: Seen<'a, bool>,
    executions: Seen<'a, TaskSupport>,
}

impl<'a> ToolReader<'a> {
    pub(crate) fn new(text: &'a str, tape: &'a Tape, has_header_params: bool) -> Self {
        Self {
            text,
            tape,
            header_marks: has_header_params.then(HeaderMarks::new),
            annotations: Seen::default(),
            executions: Seen::default(),
        }
    }

    /// A tool without a name is left out.
    pub(crate) fn read(&mut self, tool: Place) -> Option<ListedTool<'a>> {
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
        let name = plain_text_at(text, tape.range(name?)?)?;
        let header_params = match (&self.header_marks, schema.map(raw)) {
            (Some(marks), Some(schema)) => match header_params::parse(schema, marks) {
                Ok(params) if params.is_empty() => None,
                params => Some(Arc::new(params.map(Into::into))),
            },
            _ => None,
        };
        let hints = ToolHints {
            is_idempotent: annotations
                .is_some_and(|place| self.annotations.read(raw(place), is_idempotent)),
            task_support: execution.map_or(TaskSupport::Forbidden, |place| {
                self.executions.read(raw(place), task_support)
            }),
        };
        let output_schema = output.map(raw).filter(|schema| *schema != "null");
        Some(ListedTool { name, hints, header_params, output_schema })
    }
}

/// Texts that were read, and what they say. Many tools of a list have the same
/// annotations: comparing a text takes less time than reading it.
struct Seen<'a, T>([[(&'a str, T); TEXTS]; ROWS]);

/// A text is remembered in a row by its length: a power of two.
const ROWS: usize = 16;

/// The number of texts of a row. Hints that differ in two values are of one length.
const TEXTS: usize = 4;

impl<T: Copy + Default> Default for Seen<'_, T> {
    fn default() -> Self {
        Self([[("", T::default()); TEXTS]; ROWS])
    }
}

impl<'a, T: Copy> Seen<'a, T> {
    fn read(&mut self, text: &'a str, read: impl FnOnce(&str) -> T) -> T {
        let Some(row) = self.0.get_mut(text.len() % ROWS) else { return read(text) };
        if let Some((_, known)) = row.iter().find(|(seen, _)| *seen == text) {
            return *known;
        }
        let found = read(text);
        row.rotate_right(1);
        if let Some(first) = row.first_mut() {
            *first = (text, found);
        }
        found
    }
}

/// Whether the annotations of a tool say that it may be called twice.
fn is_idempotent(annotations: &str) -> bool {
    let mut hints = HINTS.map(|name| (name, false));
    visit_members(annotations, |name, value| {
        for hint in hints.iter_mut().filter(|(hint, _)| *hint == name) {
            hint.1 = value == "true";
        }
    });
    hints.iter().any(|(_, is_set)| *is_set)
}

fn task_support(execution: &str) -> TaskSupport {
    let mut support = TaskSupport::Forbidden;
    visit_members(execution, |name, value| {
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

/// Whether an output schema has the mark, which few have.
pub(crate) fn wraps_result(schema: &str) -> bool {
    let mut is_marked = false;
    if find(schema.as_bytes(), WRAPS_RESULT.as_bytes()).is_some() {
        visit_members(schema, |name, value| {
            if name == WRAPS_RESULT {
                is_marked = value == "true";
            }
        });
    }
    is_marked
}

/// The hints that make a tool call repeatable.
const HINTS: [&str; 2] = ["idempotentHint", "readOnlyHint"];

const TASK_SUPPORT: &str = "taskSupport";
/// FastMCP's mark in the output schema of a tool whose result is no object.
const WRAPS_RESULT: &str = "x-fastmcp-wrap-result";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_tool_of_a_page_as_if_it_were_alone() {
        let annotations = [
            r#"{"readOnlyHint":true}"#,
            r#"{"idempotentHint":true,"readOnlyHint":false}"#,
            r#"{"idempotentHint":true,"idempotentHint":false}"#,
            r#"{"\u0072eadOnlyHint":true}"#,
            r#"{"readOnlyHint":"true"}"#,
            // As long as the first one.
            r#"{"readonlyHint":true}"#,
            r#"{"x":{"readOnlyHint":true}}"#,
            "null",
            "[]",
            "{}",
        ];
        let expected = [true, true, false, true, false, false, false, false, false, false];
        let executions = ["{\"taskSupport\":\"required\"}", "{\"taskSupport\":\"optional\"}", "{}"];
        let supports = [TaskSupport::Required, TaskSupport::Optional, TaskSupport::Forbidden];
        let mut tools = Vec::new();
        for at in 0..300 {
            let (annotations, execution) = (annotations[at * 7 % 10], executions[at % 3]);
            tools.push(format!(
                "{{\"annotations\":{annotations},\"name\":\"t{at}\",\"execution\":{execution}}}"
            ));
        }
        let text = format!("[{},{{\"annotations\":{{}}}},7]", tools.join(","));
        let tape = Tape::read(&text, 2).unwrap();
        let mut reader = ToolReader::new(&text, &tape, false);
        let found: Vec<_> = tape.elements(&text, 0).map(|tool| reader.read(tool)).collect();
        assert_eq!(found.len(), 302);
        for (at, tool) in found.iter().enumerate() {
            let Some(tool) = tool else {
                assert!(at >= 300);
                continue;
            };
            assert_eq!(tool.name, format!("t{at}"));
            let hints =
                ToolHints { is_idempotent: expected[at * 7 % 10], task_support: supports[at % 3] };
            assert_eq!(tool.hints, hints, "{}", tools[at]);
            assert_eq!(tool.is_plain(), hints == ToolHints::default());
        }
    }

    #[test]
    fn finds_the_mark_of_a_wrapped_result() {
        for (schema, is_marked) in [
            (r#"{"x-fastmcp-wrap-result":true}"#, true),
            (r#"{"a":1,"x-fastmcp-wrap-result": true }"#, true),
            (r#"{"x-fastmcp-wrap-result":false}"#, false),
            (r#"{"a":{"x-fastmcp-wrap-result":true}}"#, false),
            (r#"{"a":"x-fastmcp-wrap-result"}"#, false),
            ("{}", false),
            ("true", false),
        ] {
            assert_eq!(wraps_result(schema), is_marked, "{schema}");
        }
    }
}
