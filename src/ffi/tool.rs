//! Tools of a list.

use std::ffi::c_char;

use crate::client::is_usable;
use crate::ffi::argument::text;
use crate::ffi::guard::read_or;
use crate::ffi::handle::peek;
use crate::ffi::view::{Lent, View, lend, lend_long};

/// A TOOL of mcp_result_tool(), borrowed from the result.
///
/// What it says of itself is the server's: do not trust it.
#[derive(Debug)]
pub struct mcp_tool(pub(crate) View);

impl mcp_tool {
    /// Whether it may be called over HTTP in the revision at hand.
    pub(crate) fn is_usable(&self) -> bool {
        is_usable(self.0.raw("inputSchema"))
    }
}

/// Gives the name by which a tool is called.
///
/// NULL if the server sent none or another type.  `tool`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Tool, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_name(tool: *const mcp_tool) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(tool, |it| it.0.string("name")) }
}

/// Gives the name to show to people: the title, else that of the annotations,
/// else the name.
///
/// NULL if the server sent none or another type.  `tool`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Tool, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_title(tool: *const mcp_tool) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(tool, |it| title(&it.0)) }
}

/// Gives the description.
///
/// NULL if the server sent none or another type.  `tool`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Tool, description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_description(tool: *const mcp_tool) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(tool, |it| it.0.string("description")) }
}

/// Gives the JSON Schema of the arguments, as the server wrote it.
///
/// NULL if the server sent none; another type is given as it is.  `tool`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Tool, inputSchema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_input_schema_json(
    tool: *const mcp_tool,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(tool, len, |it| it.0.json("inputSchema")) }
}

/// Gives the JSON Schema of the structured content.
///
/// NULL if the server sent none; another type is given as it is.  `tool`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Tool, outputSchema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_output_schema_json(
    tool: *const mcp_tool,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(tool, len, |it| it.0.json("outputSchema")) }
}

/// Gives the annotations as a JSON object.
///
/// NULL if the server sent none; another type is given as it is.  `tool`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: ToolAnnotations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_annotations_json(
    tool: *const mcp_tool,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(tool, len, |it| it.0.json("annotations")) }
}

/// Gives the icons as a JSON array.
///
/// NULL if the server sent none; another type is given as it is.  `tool`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Icon.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_icons_json(
    tool: *const mcp_tool,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(tool, len, |it| it.0.json("icons")) }
}

/// Gives the _meta as a JSON object.
///
/// NULL if the server sent none; another type is given as it is.  `tool`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_meta_json(
    tool: *const mcp_tool,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(tool, len, |it| it.0.json("_meta")) }
}

/// Gives the whole tool as JSON text.
///
/// Never NULL for a tool.  `tool`: NULL gives NULL.  `len`, unless NULL,
/// receives the bytes without the terminating NUL.  Borrowed from the answer:
/// valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Tool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_json(tool: *const mcp_tool, len: *mut usize) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(tool, len, |it| Some(it.0.whole())) }
}

/// Gives an annotation: 1 or 0, and -1 where the server does not say.
///
/// `tool`: NULL gives -1.  `name`: "readOnlyHint", "destructiveHint",
/// "idempotentHint" or "openWorldHint".  A hint, not a promise.
/// Threads: any.  Since: 0.1.0.  Spec: ToolAnnotations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_tool_hint(tool: *const mcp_tool, name: *const c_char) -> i32 {
    read_or(-1, || {
        // SAFETY: the header asks for NULL or a live answer, and for a text.
        let (it, name) = unsafe { (peek(tool)?, text(name, "name").ok()?) };
        match it.0.object("annotations")?.raw(name)? {
            "true" => Some(1),
            "false" => Some(0),
            _ => None,
        }
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
        None => tool.extra(annotated).filter(given).or_else(|| tool.string("name")),
    }
}
