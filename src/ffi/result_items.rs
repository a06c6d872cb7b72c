//! The items of a result that is a list.

use std::ffi::c_char;

use crate::ffi::argument::text;
use crate::ffi::guard::read_or;
use crate::ffi::handle::peek;
use crate::ffi::prompt::mcp_prompt;
use crate::ffi::resource::mcp_resource;
use crate::ffi::result::mcp_result;
use crate::ffi::skill::mcp_skill;
use crate::ffi::tool::mcp_tool;
use crate::ffi::view::{lend_part, read_value};

/// Of mcp_list_tools(): gives the number of tools, without those that may
/// not be called: see mcp_list_tools().
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: tools/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_tool_count(result: *const mcp_result) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { read_value(result, 0, |it| Some(it.tools().len())) }
}

/// Gives a tool by its place.
///
/// `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: tools/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_tool(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_tool {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_part(result, |it| it.tools().get(index)) }
}

/// Of mcp_list_resources() and mcp_list_resource_templates(): gives their
/// number.
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: resources/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_resource_count(result: *const mcp_result) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { read_value(result, 0, |it| Some(it.resources().len())) }
}

/// Gives a resource or template by its place.
///
/// `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: resources/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_resource(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_resource {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_part(result, |it| it.resources().get(index)) }
}

/// Of mcp_list_prompts(): gives the number of prompts.
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: prompts/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_prompt_count(result: *const mcp_result) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { read_value(result, 0, |it| Some(it.prompts().len())) }
}

/// Gives a prompt by its place.
///
/// `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: prompts/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_prompt(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_prompt {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_part(result, |it| it.prompts().get(index)) }
}

/// Of mcp_list_skills(): gives the number of skills.
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_skill_count(result: *const mcp_result) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { read_value(result, 0, |it| Some(it.skills().len())) }
}

/// Gives a skill by its place.
///
/// `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_skill(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_skill {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_part(result, |it| it.skills().get(index)) }
}

/// Of mcp_list_tools(): gives a tool by its name, or NULL.
///
/// `result`: NULL gives NULL.  `name`: compared byte by byte.  Borrowed from
/// `result`.
/// Threads: any.  Since: 0.1.0.  Spec: Tool, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_find_tool(
    result: *const mcp_result,
    name: *const c_char,
) -> *const mcp_tool {
    read_or(std::ptr::null(), || {
        // SAFETY: the header asks for NULL or a live answer, and for a text.
        let (it, name) = unsafe { (peek(result)?, text(name, "name").ok()?) };
        let is_it = |tool: &&mcp_tool| tool.0.string("name").is_some_and(|its| its.text() == name);
        it.tools().iter().find(is_it).map(std::ptr::from_ref)
    })
}
