//! Answers.

use std::ffi::c_char;
use std::sync::{Arc, OnceLock};

use crate::client::{Answer, ServerInfo};
use crate::ffi::argument::text;
use crate::ffi::content::mcp_content;
use crate::ffi::guard::read_or;
use crate::ffi::handle::{peek, take};
use crate::ffi::introduction::Introduced;
use crate::ffi::prompt::mcp_prompt;
use crate::ffi::resource::mcp_resource;
use crate::ffi::skill::mcp_skill;
use crate::ffi::task::mcp_task;
use crate::ffi::tool::mcp_tool;
use crate::ffi::view::{Lent, View, lend, lend_long, lend_part, tell};

/// AN ANSWER, of whichever method.  The functions below read what it has, and
/// give 0 or NULL for what it has not; mcp_result_json() has all of it.
///
/// It never changes: any number of threads may read it.  What they give is
/// borrowed from it and valid until mcp_result_free().  Texts are UTF-8 and
/// end with a NUL; one with a NUL inside is cut short there, but has its
/// `len`.
#[derive(Debug, Default)]
pub struct mcp_result {
    /// One, but for lists.
    pages: Vec<Arc<Answer>>,
    pub(crate) introduced: Option<Introduced>,
    json: OnceLock<Lent>,
    root: OnceLock<Option<View>>,
    text: OnceLock<Lent>,
    tools: OnceLock<Vec<mcp_tool>>,
    resources: OnceLock<Vec<mcp_resource>>,
    prompts: OnceLock<Vec<mcp_prompt>>,
    skills: OnceLock<Vec<mcp_skill>>,
    tasks: OnceLock<Vec<mcp_task>>,
    contents: OnceLock<Vec<mcp_content>>,
    completions: OnceLock<Vec<Lent>>,
}

impl mcp_result {
    pub(crate) fn from_answer(answer: Answer) -> Self {
        Self::from_pages(vec![answer])
    }

    pub(crate) fn from_pages(pages: Vec<Answer>) -> Self {
        Self { pages: pages.into_iter().map(Arc::new).collect(), ..Self::default() }
    }

    pub(crate) fn from_introduction(server_info: ServerInfo) -> Self {
        let answer = Answer::whole(server_info.json.clone());
        let introduced = Some(Introduced::new(server_info));
        Self { introduced, ..Self::from_answer(answer) }
    }

    /// The last page has what belongs to the whole.
    fn root(&self) -> Option<&View> {
        self.root.get_or_init(|| self.pages.last().map(View::root)).as_ref()
    }

    fn all<T>(&self, member: &str, make: impl Fn(View) -> T) -> Vec<T> {
        let pages = self.pages.iter().flat_map(|page| View::root(page).array(member));
        pages.map(make).collect()
    }

    fn tools(&self) -> &[mcp_tool] {
        self.tools.get_or_init(|| {
            let is_marked = self.pages.iter().any(|page| page.is_of_marked_tools());
            let mut tools = self.all("tools", mcp_tool);
            if is_marked {
                // One whose marks are invalid cannot be called over HTTP.
                tools.retain(mcp_tool::is_usable);
            }
            tools
        })
    }

    fn resources(&self) -> &[mcp_resource] {
        self.resources.get_or_init(|| {
            let resources = self.all("resources", mcp_resource);
            if resources.is_empty() {
                self.all("resourceTemplates", mcp_resource)
            } else {
                resources
            }
        })
    }

    fn prompts(&self) -> &[mcp_prompt] {
        self.prompts.get_or_init(|| self.all("prompts", mcp_prompt::new))
    }

    fn skills(&self) -> &[mcp_skill] {
        self.skills.get_or_init(|| self.all("skills", mcp_skill::new))
    }

    /// Those of a list, or the one that this is.
    pub(crate) fn tasks(&self) -> &[mcp_task] {
        self.tasks.get_or_init(|| {
            let Some(root) = self.root() else { return Vec::new() };
            let is_task = |view: &View| view.raw("taskId").is_some();
            let own = root.object("task").filter(is_task);
            let own = own.or_else(|| is_task(root).then(|| root.again()));
            own.map_or_else(|| self.all("tasks", mcp_task), |own| vec![mcp_task(own)])
        })
    }

    /// The task that this is.
    pub(crate) fn task(&self) -> Option<&mcp_task> {
        let is_list = self.root()?.raw("tasks").is_some();
        self.tasks().first().filter(|_| !is_list)
    }

    /// The contents of whichever result this is.
    pub(crate) fn contents(&self) -> &[mcp_content] {
        self.contents.get_or_init(|| {
            let Some(root) = self.root() else { return Vec::new() };
            let mut out = Vec::new();
            for name in ["content", "contents"] {
                out.extend(root.array(name).into_iter().map(|view| mcp_content::new(view, None)));
            }
            for message in root.array("messages") {
                let role = message
                    .raw("role")
                    .filter(|raw| raw.starts_with('"'))
                    .map(|raw| Arc::new(Lent::of_string(raw)));
                let parts = match message.object("content") {
                    Some(part) => vec![part],
                    None => message.array("content"),
                };
                out.extend(parts.into_iter().map(|part| mcp_content::new(part, role.clone())));
            }
            out
        })
    }

    fn completions(&self) -> &[Lent] {
        self.completions.get_or_init(|| {
            let completion = self.root().and_then(|root| root.object("completion"));
            let values = completion.as_ref().and_then(|completion| completion.raw("values"));
            let values: Vec<String> =
                values.and_then(|values| serde_json::from_str(values).ok()).unwrap_or_default();
            values.iter().map(|value| Lent::new(value)).collect()
        })
    }

    /// The result as the server wrote it; of several pages one object with
    /// the items of all.
    fn json(&self) -> &Lent {
        self.json.get_or_init(|| match self.pages.as_slice() {
            [] => Lent::new(""),
            [page] => Lent::new(page.json()),
            pages => {
                let texts: Vec<&str> = pages.iter().map(|page| page.json()).collect();
                Lent::new(&crate::client::joined(&texts))
            }
        })
    }

    /// All texts in one. A single one is lent as it is.
    fn joined_text(&self) -> &Lent {
        let mut texts = self.contents().iter().filter_map(mcp_content::own_text);
        match (texts.next(), texts.next()) {
            (Some(only), None) => only,
            _ => self.text.get_or_init(|| {
                let texts = self.contents().iter().filter_map(mcp_content::own_text);
                Lent::new(&texts.map(Lent::text).collect::<Vec<_>>().join("\n"))
            }),
        }
    }
}

/// Releases an answer and all that was borrowed from it.
///
/// `result`: an answer that is not used again, or NULL.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_free(result: *mut mcp_result) {
    read_or((), || {
        // SAFETY: the header asks for NULL or an answer that is not used again.
        drop(unsafe { take(result) });
        Some(())
    });
}

/// Gives the whole result as JSON text, as the server wrote it.
///
/// Never NULL for a result.  Of a list of several pages: one object with the
/// items of all.  `result`: NULL gives NULL.  `len`, unless NULL, receives
/// the bytes without the terminating NUL.  Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_json(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(result, len, |it| Some(it.json())) }
}

/// Gives the result's _meta as a JSON object.
///
/// NULL if the server sent none; another type is given as it is.  `result`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_meta_json(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(result, len, |it| it.root()?.json("_meta")) }
}

/// Gives the cursor of the next page, for requests that ask for one page; or
/// NULL where there is none.
///
/// NULL if the server sent none or another type.  An empty text is a cursor
/// too.  `result`: NULL gives NULL.  Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_next_cursor(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(result, |it| it.root()?.string("nextCursor")) }
}

/// Gives the milliseconds for which the server calls the result fresh; -1
/// where it does not say.
///
/// `result`: NULL gives -1.
/// Threads: any.  Since: 0.1.0.  Spec: caching (2026-07-28).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_ttl(result: *const mcp_result) -> i64 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe {
        tell(result, -1, |it| {
            // That of a task says another thing.
            let root = it.root().filter(|root| root.raw("taskId").is_none())?;
            root.integer("ttlMs").filter(|ttl| *ttl >= 0)
        })
    }
}

/// Of mcp_list_tools(): gives the number of tools, without those that may
/// not be called: see mcp_list_tools().
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: tools/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_tool_count(result: *const mcp_result) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { tell(result, 0, |it| Some(it.tools().len())) }
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
    unsafe { tell(result, 0, |it| Some(it.resources().len())) }
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
    unsafe { tell(result, 0, |it| Some(it.prompts().len())) }
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
    unsafe { tell(result, 0, |it| Some(it.skills().len())) }
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

/// Of mcp_call_tool(), mcp_read_resource() and mcp_get_prompt(): gives the
/// number of pieces of content.
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_content_count(result: *const mcp_result) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { tell(result, 0, |it| Some(it.contents().len())) }
}

/// Gives a piece of content by its place.
///
/// `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_content(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_content {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_part(result, |it| it.contents().get(index)) }
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

/// Of mcp_call_tool(): tells if the tool failed, 1 or 0; the contents say
/// why.
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: tools/call, isError.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_is_error(result: *const mcp_result) -> i32 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { tell(result, 0, |it| Some(i32::from(it.root()?.is("isError", "true")))) }
}

/// Gives all text contents in one, with line breaks between them; "" if there
/// are none: what most tools mean by their result.
///
/// Never NULL for a result.  `result`: NULL gives NULL.  `len`, unless NULL,
/// receives the bytes without the terminating NUL.  Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: TextContent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_text(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(result, len, |it| Some(it.joined_text())) }
}

/// Of mcp_call_tool(): gives the structured content as JSON text.
///
/// NULL if the server sent none.  From 2026-07-28 on it may be any JSON
/// value: "null" is one.  `result`: NULL gives NULL.  `len`, unless NULL,
/// receives the bytes without the terminating NUL.  Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: tools, structuredContent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_structured_json(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(result, len, |it| it.root()?.value("structuredContent")) }
}

/// Of mcp_get_prompt(): gives the description.
///
/// NULL if the server sent none or another type.  `result`: NULL gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: prompts/get.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_prompt_description(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(result, |it| it.root()?.string("description")) }
}

/// Of mcp_complete(): gives the number of completions.
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: completion/complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_completion_count(result: *const mcp_result) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { tell(result, 0, |it| Some(it.completions().len())) }
}

/// Of mcp_complete(): gives a completion by its place.
///
/// Never NULL for a place below mcp_result_completion_count(), which is 0 if
/// the server sent another type among the values.  `result`: NULL gives NULL.
/// `index`: from 0 on; past the end gives NULL.  Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: completion/complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_completion(
    result: *const mcp_result,
    index: usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(result, |it| it.completions().get(index)) }
}

/// Of mcp_complete(): tells if the server has more completions than it
/// gave, 1 or 0.
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: completion/complete, hasMore.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_completion_has_more(result: *const mcp_result) -> i32 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe {
        tell(result, 0, |it| {
            Some(i32::from(it.root()?.object("completion")?.is("hasMore", "true")))
        })
    }
}

/// Of mcp_complete(): gives how many completions there are in all; -1 where
/// the server does not say.
///
/// `result`: NULL gives -1.
/// Threads: any.  Since: 0.1.0.  Spec: completion/complete, total.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_completion_total(result: *const mcp_result) -> i64 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { tell(result, -1, |it| it.root()?.object("completion")?.integer("total")) }
}
