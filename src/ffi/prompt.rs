//! Prompts in a list of prompts.

use std::ffi::c_char;
use std::sync::OnceLock;

use crate::ffi::view::{View, lend, lend_long, read_value};

/// A PROMPT of mcp_result_prompt(), borrowed from the result.
///
/// All its texts come from the server: do not trust them.  For the icons, the
/// member _meta and the titles of arguments, read mcp_prompt_json() with
/// mcp_json_parse() and mcp_json_at().
#[derive(Debug)]
pub struct mcp_prompt(pub(crate) View, OnceLock<Vec<View>>);

impl mcp_prompt {
    pub(crate) fn new(view: View) -> Self {
        Self(view, OnceLock::new())
    }

    fn arguments(&self) -> &[View] {
        self.1.get_or_init(|| self.0.array("arguments"))
    }
}

/// Returns the name to pass to mcp_get_prompt().
///
/// `prompt`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Prompt, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_name(prompt: *const mcp_prompt) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(prompt, |it| it.0.string("name")) }
}

/// Returns the name to show to people: the title, or the name if there is no
/// title.
///
/// `prompt`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Prompt, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_title(prompt: *const mcp_prompt) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(prompt, |it| it.0.string("title").or_else(|| it.0.string("name"))) }
}

/// Returns the prompt's description.
///
/// `prompt`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Prompt, description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_description(prompt: *const mcp_prompt) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(prompt, |it| it.0.string("description")) }
}

/// Returns the number of arguments that the prompt takes.
///
/// `prompt`: NULL gives 0.
///
/// An argument of another type is counted, and the functions that read it
/// return NULL.
///
/// Spec: PromptArgument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_argument_count(prompt: *const mcp_prompt) -> usize {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(prompt, 0, |it| Some(it.arguments().len())) }
}

/// Returns an argument's name by its index.
///
/// `prompt`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: PromptArgument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_argument_name(
    prompt: *const mcp_prompt,
    index: usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(prompt, |it| it.arguments().get(index)?.string("name")) }
}

/// Returns an argument's description by its index.
///
/// `prompt`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: PromptArgument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_argument_description(
    prompt: *const mcp_prompt,
    index: usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(prompt, |it| it.arguments().get(index)?.string("description")) }
}

/// Returns 1 if an argument is required, otherwise 0.
///
/// `prompt`: NULL gives 0.
/// `index`: starts at 0; 0 is returned past the end.
///
/// Spec: PromptArgument, required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_argument_required(
    prompt: *const mcp_prompt,
    index: usize,
) -> i32 {
    // SAFETY: the header requires NULL or a live result.
    unsafe {
        read_value(prompt, 0, |it| Some(i32::from(it.arguments().get(index)?.is_set("required"))))
    }
}

/// Returns the whole prompt as JSON text.
///
/// `prompt`: NULL gives NULL.
///
/// Never NULL for a valid `prompt`.
///
/// Spec: Prompt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_json(
    prompt: *const mcp_prompt,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(prompt, len, |it| Some(it.0.whole())) }
}
