//! Tools in a list of tools.

use std::ffi::{CStr, c_char};

use crate::base::error::Error;
use crate::client::{HeaderMarks, check_arguments, is_usable};
use crate::ffi::argument::{optional_text, text};
use crate::ffi::guard::{guard, read_memory_or};
use crate::ffi::handle::peek;
use crate::ffi::named_items::ItemName;
use crate::ffi::view::{Lent, View, lend, lend_long, read_value};

/// A TOOL of mcp_result_tool(), borrowed from the result.
///
/// All its texts come from the server: do not trust them.  For the icons, the
/// annotations and the member _meta, read mcp_tool_json() with
/// mcp_json_parse() and mcp_json_at(); for a hint, see mcp_tool_hint().
#[derive(Debug)]
pub struct mcp_tool {
    view: View,
    name: ItemName,
}

impl mcp_tool {
    pub(crate) fn new(view: View, name: ItemName) -> Self {
        Self { view, name }
    }

    pub(crate) fn has_name(&self, name: &str) -> bool {
        let its = self.name.pointer();
        // SAFETY: a text of the list, which ends with a NUL.
        let is_it = !its.is_null() && unsafe { CStr::from_ptr(its) }.to_bytes() == name.as_bytes();
        // There may be more behind the NUL.
        is_it && self.view.string("name").is_some_and(|its| its.text() == name)
    }

    /// Whether the tool can be called over HTTP in the negotiated revision.
    pub(crate) fn is_usable(&self, marks: &HeaderMarks) -> bool {
        is_usable(self.view.raw("inputSchema"), marks)
    }
}

/// Returns the name to pass to mcp_call_tool().
///
/// `tool`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Tool, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_name(tool: *const mcp_tool) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(tool, std::ptr::null(), |it| Some(it.name.pointer())) }
}

/// Returns the name to show to people: the title, or the title in the
/// annotations, or the name.
///
/// `tool`: NULL gives NULL.
///
/// The first of them that is not empty counts.  Returns NULL if the server
/// sent none or a value of another type.
///
/// Spec: Tool, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_title(tool: *const mcp_tool) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(tool, |it| title(&it.view)) }
}

/// Returns the tool's description.
///
/// `tool`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Tool, description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_description(tool: *const mcp_tool) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(tool, |it| it.view.string("description")) }
}

/// Returns the JSON Schema of the tool's arguments, as the server wrote it.
///
/// `tool`: NULL gives NULL.
///
/// Returns NULL if the server sent none or null; a value of another type is
/// returned as it is.
///
/// Spec: Tool, inputSchema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_input_schema_json(
    tool: *const mcp_tool,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(tool, len, |it| it.view.json("inputSchema")) }
}

/// Returns the JSON Schema of the tool's structured content, as the server
/// wrote it.
///
/// `tool`: NULL gives NULL.
///
/// Returns NULL if the server sent none or null; a value of another type is
/// returned as it is.
///
/// Spec: Tool, outputSchema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_output_schema_json(
    tool: *const mcp_tool,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(tool, len, |it| it.view.json("outputSchema")) }
}

/// Returns the whole tool as JSON text.
///
/// `tool`: NULL gives NULL.
///
/// Never NULL for a valid `tool`.
///
/// Spec: Tool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_json(tool: *const mcp_tool, len: *mut usize) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(tool, len, |it| Some(it.view.whole())) }
}

/// Returns one of the tool's hints: 1 for true, 0 for false, -1 if the server
/// does not say.
///
/// `tool`: NULL gives -1.
/// `name`: "readOnlyHint", "destructiveHint", "idempotentHint" or
/// "openWorldHint".  NULL gives -1.
///
/// A hint is the server's claim, not a promise.
///
/// Spec: ToolAnnotations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_hint(tool: *const mcp_tool, name: *const c_char) -> i32 {
    read_memory_or(-1, || {
        // SAFETY: the header requires NULL or a live result, and a text.
        let (it, name) = unsafe { (peek(tool)?, text(name, "name").ok()?) };
        match it.view.object("annotations")?.raw(name)? {
            "true" => Some(1),
            "false" => Some(0),
            _ => None,
        }
    })
}

/// Checks arguments against the tool's inputSchema, without any I/O.
///
/// `arguments_json`: a JSON object as UTF-8 text, as for mcp_call_tool(); NULL
/// or "" for no arguments.
///
/// Errors: MCP_E_SCHEMA if the arguments do not match; the message names the
/// field.  MCP_E_INVALID_ARGUMENT if `tool` is NULL or the arguments are not
/// a JSON object.  MCP_E_UNSUPPORTED if the schema cannot be used: it is
/// invalid, refers to another document, exceeds a limit, or the library was
/// built without the Cargo feature "schema".  The message says which.  The
/// server checks the arguments as well, so that a program may call the tool
/// in that case.
///
/// JSON Schema drafts 6, 7, 2019-09 and 2020-12 are known; a schema without
/// "$schema" is of draft 2020-12.  The keyword "format" is not checked.  A
/// tool without inputSchema takes all arguments.
///
/// Spec: Tool, inputSchema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_check_arguments(
    tool: *const mcp_tool,
    arguments_json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live result, and a text.
        let (tool, arguments) =
            unsafe { (peek(tool), optional_text(arguments_json, "arguments_json")?) };
        let tool = tool.ok_or_else(|| Error::argument("tool is NULL"))?;
        check_arguments(tool.view.raw("inputSchema"), arguments)
    })
}

fn title(tool: &View) -> Option<&Lent> {
    let given = |text: &&Lent| text.len() > 0;
    let annotated = || {
        let annotations = tool.object("annotations")?;
        let raw = annotations.raw("title")?;
        raw.starts_with('"').then(|| Lent::of_string(raw))
    };
    match tool.string("title").filter(given) {
        Some(title) => Some(title),
        None => tool.computed(annotated).filter(given).or_else(|| tool.string("name")),
    }
}
