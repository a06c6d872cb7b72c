//! Prompts of a list.

use std::ffi::c_char;
use std::sync::OnceLock;

use crate::ffi::view::{View, lend, lend_long, read_value};

/// A PROMPT of mcp_result_prompt(), borrowed from the result.
///
/// What it says of itself is the server's: do not trust it.
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

/// Gives the name for mcp_get_prompt().
///
/// NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Prompt, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_name(prompt: *const mcp_prompt) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(prompt, |it| it.0.string("name")) }
}

/// Gives the name to show to people: the title, else the name.
///
/// NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Prompt, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_title(prompt: *const mcp_prompt) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(prompt, |it| it.0.string("title").or_else(|| it.0.string("name"))) }
}

/// Gives the description.
///
/// NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Prompt, description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_description(prompt: *const mcp_prompt) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(prompt, |it| it.0.string("description")) }
}

/// Gives the number of arguments.
///
/// `prompt`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_argument_count(prompt: *const mcp_prompt) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { read_value(prompt, 0, |it| Some(it.arguments().len())) }
}

/// Gives an argument's name by its place; NULL past the end.
///
/// NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
/// `index`: from 0 on.  Borrowed from the answer: valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_argument_name(
    prompt: *const mcp_prompt,
    index: usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(prompt, |it| it.arguments().get(index)?.string("name")) }
}

/// Gives an argument's name for people by its place; NULL past the end.
///
/// NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
/// `index`: from 0 on.  Borrowed from the answer: valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_argument_title(
    prompt: *const mcp_prompt,
    index: usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(prompt, |it| it.arguments().get(index)?.string("title")) }
}

/// Gives an argument's description by its place; NULL past the end.
///
/// NULL if the server sent none or another type.  `prompt`: NULL gives NULL.
/// `index`: from 0 on.  Borrowed from the answer: valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: PromptArgument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_argument_description(
    prompt: *const mcp_prompt,
    index: usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(prompt, |it| it.arguments().get(index)?.string("description")) }
}

/// Tells if an argument must be given: 1 or 0.
///
/// `prompt`: NULL gives 0.  `index`: from 0 on; past the end gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: PromptArgument, required.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_argument_required(
    prompt: *const mcp_prompt,
    index: usize,
) -> i32 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe {
        read_value(prompt, 0, |it| {
            Some(i32::from(it.arguments().get(index)?.is("required", "true")))
        })
    }
}

/// Gives the icons as a JSON array.
///
/// NULL if the server sent none; another type is given as it is.  `prompt`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Icon.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_icons_json(
    prompt: *const mcp_prompt,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(prompt, len, |it| it.0.json("icons")) }
}

/// Gives the _meta as a JSON object.
///
/// NULL if the server sent none; another type is given as it is.  `prompt`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_meta_json(
    prompt: *const mcp_prompt,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(prompt, len, |it| it.0.json("_meta")) }
}

/// Gives the whole prompt as JSON text.
///
/// Never NULL for a prompt.  `prompt`: NULL gives NULL.  `len`, unless NULL,
/// receives the bytes without the terminating NUL.  Borrowed from the answer:
/// valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Prompt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_prompt_json(
    prompt: *const mcp_prompt,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(prompt, len, |it| Some(it.0.whole())) }
}
