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
use crate::ffi::view::read_value;

/// Lends an item of a list; NULL if there is none.
///
/// Programs read the items one by one. Once the list is made, this only reads
/// memory: the thread cannot be cancelled there, no user data is dropped and no
/// log record written, so that nothing of a call has to be begun or ended.
///
/// # Safety
///
/// `result` is NULL or alive, and outlives what is lent.
#[inline(always)]
unsafe fn lend_item<T>(
    result: *const mcp_result,
    index: usize,
    made: impl FnOnce(&mcp_result) -> Option<&[T]>,
    make: impl FnOnce(&mcp_result) -> &[T],
) -> *const T {
    // SAFETY: guaranteed by the caller.
    let Some(result) = (unsafe { peek(result) }) else { return std::ptr::null() };
    match made(result) {
        Some(all) => all.get(index).map_or(std::ptr::null(), std::ptr::from_ref),
        None => read_or(std::ptr::null(), || make(result).get(index).map(std::ptr::from_ref)),
    }
}

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
    unsafe { lend_item(result, index, |it| it.tools.get().map(|all| &**all), mcp_result::tools) }
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
    unsafe {
        lend_item(result, index, |it| it.resources.get().map(|all| &**all), mcp_result::resources)
    }
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
    unsafe {
        lend_item(result, index, |it| it.prompts.get().map(|all| &**all), mcp_result::prompts)
    }
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
    unsafe { lend_item(result, index, |it| it.skills.get().map(|all| &**all), mcp_result::skills) }
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
    read_or(std::ptr::null(), || {
        // SAFETY: the header requires NULL or a live result, and a text.
        let (it, name) = unsafe { (peek(result)?, text(name, "name").ok()?) };
        let is_it = |tool: &&mcp_tool| tool.has_name(name);
        it.tools().iter().find(is_it).map(std::ptr::from_ref)
    })
}
