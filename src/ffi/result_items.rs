//! The items of a result that is a list.

use std::ffi::c_char;

use crate::ffi::argument::text;
use crate::ffi::guard::read_memory_or;
use crate::ffi::handle::peek;
use crate::ffi::prompt::mcp_prompt;
use crate::ffi::resource::mcp_resource;
use crate::ffi::result::mcp_result;
use crate::ffi::skill::mcp_skill;
use crate::ffi::tool::mcp_tool;
use crate::ffi::view::{lend_part, read_value};

/// Returns the number of tools in a result of mcp_list_tools().
///
/// `result`: NULL gives 0.
///
/// Tools that cannot be called are not counted: see mcp_list_tools().  An item
/// of another type is counted, and the functions that read it return NULL.
///
/// Spec: tools/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_tool_count(result: *const mcp_result) -> usize {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(result, 0, |it| Some(it.tools().len())) }
}

/// Returns a tool by its index.
///
/// `result`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Spec: tools/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_tool(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_tool {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_part(result, |it| it.tools().get(index)) }
}

/// Returns the number of resources or templates in a result of
/// mcp_list_resources() or mcp_list_resource_templates().
///
/// `result`: NULL gives 0.
///
/// An item of another type is counted, and the functions that read it return
/// NULL.
///
/// Spec: resources/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_resource_count(result: *const mcp_result) -> usize {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(result, 0, |it| Some(it.resources().len())) }
}

/// Returns a resource or a template by its index.
///
/// `result`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Spec: resources/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_resource(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_resource {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_part(result, |it| it.resources().get(index)) }
}

/// Returns the number of prompts in a result of mcp_list_prompts().
///
/// `result`: NULL gives 0.
///
/// An item of another type is counted, and the functions that read it return
/// NULL.
///
/// Spec: prompts/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_prompt_count(result: *const mcp_result) -> usize {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(result, 0, |it| Some(it.prompts().len())) }
}

/// Returns a prompt by its index.
///
/// `result`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Spec: prompts/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_prompt(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_prompt {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_part(result, |it| it.prompts().get(index)) }
}

/// Returns the number of skills in a result of mcp_list_skills().
///
/// `result`: NULL gives 0.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_skill_count(result: *const mcp_result) -> usize {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(result, 0, |it| Some(it.skills().len())) }
}

/// Returns a skill by its index.
///
/// `result`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_skill(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_skill {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_part(result, |it| it.skills().get(index)) }
}

/// Returns the tool of a name in a result of mcp_list_tools(), or NULL.
///
/// `result`: NULL gives NULL.
/// `name`: compared byte by byte.  NULL gives NULL.
///
/// Spec: Tool, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_find_tool(
    result: *const mcp_result,
    name: *const c_char,
) -> *const mcp_tool {
    read_memory_or(std::ptr::null(), || {
        // SAFETY: the header requires NULL or a live result, and a text.
        let (it, name) = unsafe { (peek(result)?, text(name, "name").ok()?) };
        let is_it = |tool: &&mcp_tool| tool.has_name(name);
        it.tools().iter().find(is_it).map(std::ptr::from_ref)
    })
}
