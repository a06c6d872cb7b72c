//! Calls that list skills and read their files (SEP-2640).

use crate::base::error::Error;
use crate::client::{Call, SkillFile};
use crate::ffi::argument::store;
use crate::ffi::call::list;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::{borrow, give, peek};
use crate::ffi::result::mcp_result;
use crate::ffi::skill::mcp_skill;
use crate::ffi::view::Lent;

/// Lists all skills of the server; reads all pages of the list, but none of
/// the skills' files.
///
/// The function waits for the server.  mcp_request_new() with the method
/// "skills/list" and mcp_request_set_all_pages() make a request that does the
/// same and can be started.
///
/// `out`: as for mcp_list_tools(); read it with mcp_result_skill_count() and
/// mcp_result_skill().
///
/// Errors: those of mcp_list_tools().
///
/// Spec: SEP-2640, skills/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_skills(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { list(client, out, "skills/list", "skills") }
}

/// Reads a file of a skill, and verifies it against the skill's entry in the
/// list.
///
/// `skill`: a skill from a list of this server.
/// `index`: the file's index, from 0 on.
/// `out`: as for mcp_call_tool(); read the file with mcp_result_content().
///
/// The size and the SHA-256 of the file must be those of the entry.  The
/// front matter of the skill's main file must equal the entry's front matter,
/// field by field.
///
/// The function waits for the server.  This draft has no request that does the
/// same: an event loop calls the function on another thread, or starts
/// mcp_request_new_read_resource() and verifies the file itself.
///
/// Errors: call errors; MCP_E_INTEGRITY if the file differs from its entry,
/// and `out` receives nothing of it; MCP_E_INVALID_ARGUMENT for an index past
/// the last file.
///
/// Spec: SEP-2640, resources/read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_read_skill_file(
    client: *mut mcp_client,
    skill: *const mcp_skill,
    index: usize,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header requires NULL or a live client and skill.
        let (client, skill) = unsafe { (borrow(client, "client")?, peek(skill)) };
        let skill = skill.ok_or_else(|| Error::argument("skill is NULL"))?;
        let file = skill
            .files()
            .get(index)
            .ok_or_else(|| Error::argument("index is past the last file of the skill"))?;
        let uri = file
            .string("uri")
            .ok_or_else(|| Error::protocol("the skill's entry has a file without a URI"))?
            .text();
        let is_main = skill.view.string("uri").is_some_and(|main| main.text() == uri);
        // A cached file may be older than the list: ask the server.
        let result = mcp_result::from_answer(client.inner.call_uncached(&Call::read(uri))?);
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
