//! Skills in a list of skills (SEP-2640).

use std::ffi::c_char;
use std::sync::OnceLock;

use crate::ffi::view::{Lent, View, lend, lend_long, read_value};

/// A SKILL of mcp_result_skill(), borrowed from the result: instructions for
/// a language model, in files that are read on demand.
///
/// All its texts come from the server: do not trust them.
#[derive(Debug)]
pub struct mcp_skill {
    pub(crate) view: View,
    front_matter: Option<View>,
    files: OnceLock<Vec<View>>,
}

impl mcp_skill {
    pub(crate) fn new(view: View) -> Self {
        let front_matter = view.object("frontmatter");
        Self { view, front_matter, files: OnceLock::new() }
    }

    pub(crate) fn files(&self) -> &[View] {
        self.files.get_or_init(|| self.view.array("resources"))
    }

    fn front_matter_text(&self, name: &str) -> Option<&Lent> {
        self.front_matter.as_ref()?.string(name)
    }
}

/// Returns the URI of the skill's main file.
///
/// `skill`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_uri(skill: *const mcp_skill) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(skill, |it| it.view.string("uri")) }
}

/// Returns the skill's name, from the front matter.
///
/// `skill`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_name(skill: *const mcp_skill) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(skill, |it| it.front_matter_text("name")) }
}

/// Returns the skill's description, from the front matter.
///
/// `skill`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_description(skill: *const mcp_skill) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(skill, |it| it.front_matter_text("description")) }
}

/// Returns the skill's front matter as a JSON object.
///
/// `skill`: NULL gives NULL.
///
/// Returns NULL if the server sent none or null; a value of another type is
/// returned as it is.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_frontmatter_json(
    skill: *const mcp_skill,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(skill, len, |it| it.view.json("frontmatter")) }
}

/// Returns the number of the skill's files, including the main file.
///
/// `skill`: NULL gives 0.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_file_count(skill: *const mcp_skill) -> usize {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(skill, 0, |it| Some(it.files().len())) }
}

/// Returns a file's URI by its index.
///
/// `skill`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_file_uri(
    skill: *const mcp_skill,
    index: usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(skill, |it| it.files().get(index)?.string("uri")) }
}

/// Returns a file's digest, such as "sha256:...", by its index.
///
/// `skill`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_file_digest(
    skill: *const mcp_skill,
    index: usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(skill, |it| it.files().get(index)?.string("digest")) }
}

/// Returns a file's size in bytes by its index, or -1 if the entry does not
/// say.
///
/// `skill`: NULL gives -1.
/// `index`: starts at 0; -1 past the end.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_file_size(skill: *const mcp_skill, index: usize) -> i64 {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(skill, -1, |it| it.files().get(index)?.integer("size")) }
}

/// Returns the skill's whole entry as JSON text.
///
/// `skill`: NULL gives NULL.
///
/// Never NULL for a valid `skill`.
///
/// Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_json(skill: *const mcp_skill, len: *mut usize) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(skill, len, |it| Some(it.view.whole())) }
}
