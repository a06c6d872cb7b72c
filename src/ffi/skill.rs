//! Skills of a list (SEP-2640).

use std::ffi::c_char;
use std::sync::OnceLock;

use crate::ffi::view::{Lent, View, lend, lend_long, read_value};

/// A SKILL of mcp_result_skill(), borrowed from the result: instructions for a
/// model, in files that are read on demand.
///
/// What it says of itself is the server's: do not trust it.
#[derive(Debug)]
pub struct mcp_skill {
    pub(crate) view: View,
    front: Option<View>,
    files: OnceLock<Vec<View>>,
}

impl mcp_skill {
    pub(crate) fn new(view: View) -> Self {
        let front = view.object("frontmatter");
        Self { view, front, files: OnceLock::new() }
    }

    pub(crate) fn files(&self) -> &[View] {
        self.files.get_or_init(|| self.view.array("resources"))
    }

    fn said(&self, name: &str) -> Option<&Lent> {
        self.front.as_ref()?.string(name)
    }
}

/// Gives the URI of the skill's main file.
///
/// NULL if the server sent none or another type.  `skill`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_uri(skill: *const mcp_skill) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(skill, |it| it.view.string("uri")) }
}

/// Gives the name, from the front matter.
///
/// NULL if the server sent none or another type.  `skill`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_name(skill: *const mcp_skill) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(skill, |it| it.said("name")) }
}

/// Gives the description, from the front matter.
///
/// NULL if the server sent none or another type.  `skill`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_description(skill: *const mcp_skill) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(skill, |it| it.said("description")) }
}

/// Gives the front matter as a JSON object.
///
/// NULL if the server sent none; another type is given as it is.  `skill`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_frontmatter_json(
    skill: *const mcp_skill,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(skill, len, |it| it.view.json("frontmatter")) }
}

/// Gives the number of files, the main one among them.
///
/// `skill`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_file_count(skill: *const mcp_skill) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { read_value(skill, 0, |it| Some(it.files().len())) }
}

/// Gives a file's URI by its place; NULL past the end.
///
/// NULL if the server sent none or another type.  `skill`: NULL gives NULL.
/// `index`: from 0 on.  Borrowed from the answer: valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_file_uri(
    skill: *const mcp_skill,
    index: usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(skill, |it| it.files().get(index)?.string("uri")) }
}

/// Gives a file's digest, such as "sha256:...", by its place; NULL past the
/// end.
///
/// NULL if the server sent none or another type.  `skill`: NULL gives NULL.
/// `index`: from 0 on.  Borrowed from the answer: valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_file_digest(
    skill: *const mcp_skill,
    index: usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(skill, |it| it.files().get(index)?.string("digest")) }
}

/// Gives a file's size in bytes by its place; -1 past the end and where the
/// entry does not say.
///
/// `skill`: NULL gives -1.  `index`: from 0 on.
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_file_size(skill: *const mcp_skill, index: usize) -> i64 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { read_value(skill, -1, |it| it.files().get(index)?.integer("size")) }
}

/// Gives the whole entry as JSON text.
///
/// Never NULL for a skill.  `skill`: NULL gives NULL.  `len`, unless NULL,
/// receives the bytes without the terminating NUL.  Borrowed from the answer:
/// valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_skill_json(skill: *const mcp_skill, len: *mut usize) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(skill, len, |it| Some(it.view.whole())) }
}
