//! Skills of a list (SEP-2640), and their files.

use std::ffi::c_char;
use std::sync::OnceLock;

use crate::base::error::Error;
use crate::client::{Call, SkillFile};
use crate::ffi::argument::store;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::{borrow, give, peek};
use crate::ffi::result::mcp_result;
use crate::ffi::view::{Lent, View, lend, lend_long, tell};

/// A SKILL of mcp_result_skill(), borrowed from the result: instructions for a
/// model, in files that are read on demand.
///
/// What it says of itself is the server's: do not trust it.
#[derive(Debug)]
pub struct mcp_skill {
    view: View,
    front: Option<View>,
    files: OnceLock<Vec<View>>,
}

impl mcp_skill {
    pub(crate) fn new(view: View) -> Self {
        let front = view.object("frontmatter");
        Self { view, front, files: OnceLock::new() }
    }

    fn files(&self) -> &[View] {
        self.files.get_or_init(|| self.view.array("resources"))
    }

    fn said(&self, name: &str) -> Option<&Lent> {
        self.front.as_ref()?.string(name)
    }
}

/// Lists the server's skills, page after page, and reads none of their files:
/// mcp_result_skill_count().
///
/// `out`: as for mcp_list_tools().  Returns like mcp_list_tools().
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640, skills/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_skills(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { crate::ffi::call::list(client, out, "skills/list", "skills") }
}

/// Reads a file of a skill, and refuses it unless it is what the skill's entry
/// says: its size, its SHA-256 and, of the skill's main file, the front
/// matter, field by field.
///
/// `skill`: one of a list of this server.  `index`: of the file, from 0 on.
/// `out`: as for mcp_call_tool(): mcp_result_content() has the file.
///
/// Returns MCP_OK or a status: call errors; MCP_E_INTEGRITY when the file is
/// not as it should be, and nothing of it is handed out; MCP_E_INVALID_ARGUMENT
/// past the last file.
/// Threads: any.  Since: 0.1.0.  Spec: SEP-2640, resources/read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_read_skill_file(
    client: *mut mcp_client,
    skill: *const mcp_skill,
    index: usize,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header asks for NULL or a live client and answer.
        let (client, skill) = unsafe { (borrow(client, "client")?, peek(skill)) };
        let skill = skill.ok_or_else(|| Error::argument("skill is NULL"))?;
        let file = skill
            .files()
            .get(index)
            .ok_or_else(|| Error::argument("index is past the last file of the skill"))?;
        let uri = file
            .string("uri")
            .ok_or_else(|| Error::protocol("the skill's entry has a file without a uri"))?
            .text();
        let is_main = skill.view.string("uri").is_some_and(|main| main.text() == uri);
        // What is kept may be of before the list.
        let result = mcp_result::from_answer(client.inner.call_anew(&Call::read(uri))?);
        let content =
            result.contents().first().and_then(|content| content.bytes()).ok_or_else(|| {
                Error::protocol("the server sent no content for the skill's file")
            })?;
        let due = SkillFile {
            uri,
            size: file.integer("size"),
            digest: file.string("digest").map(Lent::text),
            frontmatter: if is_main { skill.view.raw("frontmatter") } else { None },
        };
        due.verify(content)?;
        if !out.is_null() {
            // SAFETY: not NULL, a place to write to.
            unsafe { store(out, give(result)) };
        }
        Ok(())
    })
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
    unsafe { tell(skill, 0, |it| Some(it.files().len())) }
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
    unsafe { tell(skill, -1, |it| it.files().get(index)?.integer("size")) }
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
