//! Results of calls: the handle, and what belongs to the whole result.

use std::borrow::Cow;
use std::ffi::c_char;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::base::error::Result;
use crate::client::{Answer, HeaderMarks, OperationResult, ServerInfo, completion_values};
use crate::ffi::argument::store;
use crate::ffi::content::mcp_content;
use crate::ffi::guard::{read_memory_or, uncancelled};
use crate::ffi::handle::{give, peek, take};
use crate::ffi::json::mcp_json;
use crate::ffi::named_items::NamedItems;
use crate::ffi::prompt::mcp_prompt;
use crate::ffi::resource::mcp_resource;
use crate::ffi::skill::mcp_skill;
use crate::ffi::task::mcp_task;
use crate::ffi::tool::mcp_tool;
use crate::ffi::view::{Lent, View, ViewSource, lend, lend_long, lend_part, read_value};

/// A RESULT of a call, of any method.
///
/// The functions below read it.  If the result does not have what a function
/// reads, the function returns 0 or NULL, or the value that its comment
/// names.  mcp_result_json() returns the whole result.
///
/// A result never changes: any number of threads may read it.  What the
/// functions return is borrowed from it, and valid until mcp_result_free().
/// Texts are UTF-8 and end with a NUL.  If a text contains a NUL, C sees its
/// end there, but `len` is the whole length.
#[derive(Debug, Default)]
pub struct mcp_result {
    pages: Pages,
    /// The object that describes the whole result: that of the last page.
    root: Option<View>,
    /// Boxed: few results are a server info.
    pub(crate) server: Option<Box<ServerTexts>>,
    json: OnceLock<Lent>,
    text: OnceLock<Lent>,
    contents: OnceLock<Vec<mcp_content>>,
    structured: OnceLock<Option<mcp_json>>,
    /// Boxed: most results are no list.
    items: OnceLock<Box<Items>>,
}

/// The items of a list.
#[derive(Debug, Default)]
struct Items {
    tools: OnceLock<NamedItems<mcp_tool>>,
    resources: OnceLock<Vec<mcp_resource>>,
    prompts: OnceLock<Vec<mcp_prompt>>,
    skills: OnceLock<Vec<mcp_skill>>,
    tasks: OnceLock<Vec<mcp_task>>,
    completions: OnceLock<Vec<Lent>>,
}

/// A text of fewer bytes is copied when it is lent.
const LARGE_TEXT: usize = 4 * 1024;

/// The responses that a result is made of.
#[derive(Debug, Default)]
enum Pages {
    #[default]
    None,
    One(Arc<ViewSource>),
    /// Those of a list that was read to its end.
    Several(Vec<Arc<ViewSource>>),
}

impl Deref for Pages {
    type Target = [Arc<ViewSource>];

    fn deref(&self) -> &[Arc<ViewSource>] {
        match self {
            Self::None => &[],
            Self::One(page) => std::slice::from_ref(page),
            Self::Several(pages) => pages,
        }
    }
}

impl mcp_result {
    pub(crate) fn from_answer(answer: Answer) -> Self {
        Self::new(Pages::One(ViewSource::message(answer.with_ended_texts(LARGE_TEXT))))
    }

    fn from_pages(pages: Vec<Answer>) -> Self {
        Self::new(Pages::Several(pages.into_iter().map(ViewSource::message).collect()))
    }

    fn new(pages: Pages) -> Self {
        let root = pages.last().map(View::root);
        Self { pages, root, ..Self::default() }
    }

    pub(crate) fn from_server_info(info: ServerInfo) -> Self {
        let answer = Answer::whole(info.json.clone());
        let server = Some(Box::new(ServerTexts::new(info)));
        Self { server, ..Self::from_answer(answer) }
    }

    fn root(&self) -> Option<&View> {
        self.root.as_ref()
    }

    /// The last page.
    fn answer(&self) -> Option<&Answer> {
        self.pages.last().map(|page| page.answer())
    }

    fn items(&self) -> &Items {
        self.items.get_or_init(Box::default)
    }

    fn all<T>(&self, member: &str, make: impl Fn(View) -> T) -> Vec<T> {
        let pages = self.pages.iter().flat_map(|page| View::root(page).array(member));
        pages.map(make).collect()
    }

    pub(crate) fn tools(&self) -> &[mcp_tool] {
        self.items().tools.get_or_init(|| {
            let is_marked = self.pages.iter().any(|page| page.answer().is_of_marked_tools());
            let mut tools = NamedItems::default();
            for page in self.pages.iter() {
                tools.add(&View::root(page), "tools", mcp_tool::new);
            }
            if is_marked {
                // A tool with invalid header parameters cannot be called over
                // HTTP.
                let marks = HeaderMarks::new();
                uncancelled(|| tools.retain(|tool| tool.is_usable(&marks)));
            }
            tools
        })
    }

    pub(crate) fn resources(&self) -> &[mcp_resource] {
        self.items().resources.get_or_init(|| {
            let resources = self.all("resources", mcp_resource);
            if resources.is_empty() {
                self.all("resourceTemplates", mcp_resource)
            } else {
                resources
            }
        })
    }

    pub(crate) fn prompts(&self) -> &[mcp_prompt] {
        self.items().prompts.get_or_init(|| self.all("prompts", mcp_prompt::new))
    }

    pub(crate) fn skills(&self) -> &[mcp_skill] {
        self.items().skills.get_or_init(|| self.all("skills", mcp_skill::new))
    }

    /// The tasks of a list, or the one task that this result is.
    pub(crate) fn tasks(&self) -> &[mcp_task] {
        self.items().tasks.get_or_init(|| {
            let Some(root) = self.root() else { return Vec::new() };
            let is_task = |view: &View| view.raw("taskId").is_some();
            let own = root.object("task").filter(is_task);
            let own = own.or_else(|| is_task(root).then(|| root.fresh()));
            own.map_or_else(|| self.all("tasks", mcp_task), |own| vec![mcp_task(own)])
        })
    }

    /// The contents of a tool result, of a resource or of a prompt.
    pub(crate) fn contents(&self) -> &[mcp_content] {
        self.contents.get_or_init(|| {
            let Some(root) = self.root() else { return Vec::new() };
            let [content, contents, messages] = root.members(["content", "contents", "messages"]);
            let mut out = Vec::new();
            for place in [content, contents].into_iter().flatten() {
                out.reserve_exact(root.content_count(place));
                root.each_content(place, &mut |view| out.push(mcp_content::new(view, None)));
            }
            if let Some(place) = messages {
                root.each_content(place, &mut |message| of_message(message, &mut out));
            }
            out
        })
    }

    /// The structured content, parsed at its first use.
    fn structured(&self) -> Option<&mcp_json> {
        let parse = || mcp_json::parsed(self.root()?.raw("structuredContent")?);
        self.structured.get_or_init(|| uncancelled(parse)).as_ref()
    }

    /// Whether the structured content is an object that only holds the result
    /// of a tool, as FastMCP writes it.
    fn is_wrapped(&self) -> bool {
        let is_marked = |meta: View| {
            let of =
                |name| meta.object(name).is_some_and(|own| own.raw("wrap_result") == Some("true"));
            of("fastmcp") || of("_fastmcp")
        };
        self.answer().is_some_and(Answer::is_wrapped)
            || self.root().and_then(|root| root.object("_meta")).is_some_and(is_marked)
    }

    fn completions(&self) -> &[Lent] {
        self.items().completions.get_or_init(|| {
            let values = self.answer().and_then(|page| completion_values(page).ok());
            let values = values.unwrap_or_default().into_iter();
            let text = |raw: Cow<'_, str>| match raw.as_bytes().first() {
                Some(b'"') => Lent::of_string(&raw),
                _ => Lent::new(&raw),
            };
            values.map(text).collect()
        })
    }

    /// The result as the server wrote it. Several pages become one object with
    /// the items of all pages.
    fn json(&self) -> &Lent {
        self.json.get_or_init(|| match &*self.pages {
            [] => Lent::new(""),
            [page] => Lent::of_json(page.answer(), page.answer().json()),
            pages => {
                let texts: Vec<&str> = pages.iter().map(|page| page.answer().json()).collect();
                Lent::new(&crate::client::joined(&texts))
            }
        })
    }

    /// All texts as one text. A single text is lent without a copy.
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

/// The contents of a prompt's message.  A message that is a text, or has no
/// member for its contents, is a content itself.
fn of_message(message: View, out: &mut Vec<mcp_content>) {
    if !message.own_raw().starts_with('{') {
        if message.own_raw() != "null" {
            out.push(mcp_content::new(message, None));
        }
        return;
    }
    let role = message
        .raw("role")
        .filter(|raw| raw.starts_with('"'))
        .map(|raw| Arc::new(Lent::of_string(raw)));
    let has = |name: &str| message.raw(name).is_some_and(|raw| raw != "null");
    if !has("content") && (has("text") || has("type")) {
        out.push(mcp_content::new(message, role));
        return;
    }
    let Some(place) = message.member("content") else { return };
    let before = out.len();
    message.each_content(place, &mut |part| out.push(mcp_content::new(part, role.clone())));
    if out.len() == before && has("content") {
        // It is no content, and is shown as it is.
        out.extend(message.value_at("content").map(|part| mcp_content::new(part, role)));
    }
}

/// The server info, with its texts ready to lend.
#[derive(Debug)]
pub(crate) struct ServerTexts {
    pub(crate) info: ServerInfo,
    pub(crate) name: Option<Lent>,
    pub(crate) version: Option<Lent>,
    pub(crate) instructions: Option<Lent>,
    pub(crate) protocol_version: Lent,
}

impl ServerTexts {
    fn new(info: ServerInfo) -> Self {
        let optional = |text: &Option<String>| text.as_deref().map(Lent::new);
        Self {
            name: optional(&info.name),
            version: optional(&info.version),
            instructions: optional(&info.instructions),
            protocol_version: Lent::new(info.revision.as_str()),
            info,
        }
    }
}

/// Releases a result and everything borrowed from it.
///
/// `result`: a result that is not used again, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_free(result: *mut mcp_result) {
    read_memory_or((), || {
        // SAFETY: the header requires NULL or a result that is not used again.
        drop(unsafe { take(result) });
        Some(())
    });
}

/// Returns the whole result as JSON text, as the server wrote it.
///
/// `result`: NULL gives NULL.
///
/// Never NULL for a valid `result`.  For a list of several pages it is one
/// object that contains the items of all pages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_json(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(result, len, |it| Some(it.json())) }
}

/// Returns the cursor of the next page, for a request that reads a single
/// page.
///
/// `result`: NULL gives NULL.
///
/// Returns NULL if the server sent none or null, which means that there is no
/// next page.  An empty text is a valid cursor.  A cursor that is no string
/// is returned as its JSON text; the server expects it in the type that
/// mcp_result_json() shows.
///
/// Spec: pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_next_cursor(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(result, |it| it.root()?.string_or_json("nextCursor")) }
}

/// Returns the number of content blocks in a result of mcp_call_tool(),
/// mcp_read_resource() or mcp_get_prompt().
///
/// `result`: NULL gives 0.
///
/// A text or an object in the place of the array is one content block.  If a
/// tool's result has neither content nor structured content,
/// mcp_result_json() has what the server sent.
///
/// Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_content_count(result: *const mcp_result) -> usize {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(result, 0, |it| Some(it.contents().len())) }
}

/// Returns a content block by its index.
///
/// `result`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_content(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_content {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_part(result, |it| it.contents().get(index)) }
}

/// Returns 1 if the result of mcp_call_tool() says that the tool failed,
/// otherwise 0.
///
/// `result`: NULL gives 0.
///
/// The content blocks of such a result say why: see mcp_result_text().  The
/// text "true" and the number 1 count as true.
///
/// Spec: tools/call, isError.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_is_error(result: *const mcp_result) -> i32 {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(result, 0, |it| Some(i32::from(it.root()?.is_set("isError")))) }
}

/// Returns all text content blocks of the result as one text, separated by
/// line breaks.
///
/// `result`: NULL gives NULL.
///
/// This is what most applications need from a tool.  Never NULL for a valid
/// `result`: "" if there is no text.
///
/// Spec: TextContent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_text(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(result, len, |it| Some(it.joined_text())) }
}

/// Returns the structured content of a result of mcp_call_tool() as JSON
/// text.
///
/// `result`: NULL gives NULL.
///
/// Returns NULL if the server sent none.  From revision 2026-07-28 on it may
/// be any JSON value, also null, which is returned as "null".
///
/// Spec: tools, structuredContent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_structured_json(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(result, len, |it| it.root()?.value("structuredContent")) }
}

/// Returns the structured content of a result of mcp_call_tool() as a value.
///
/// `result`: NULL gives NULL.
///
/// Returns NULL if the server sent none.  The first call parses the content,
/// and the result keeps the value.
///
/// Spec: tools, structuredContent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_structured(result: *const mcp_result) -> *const mcp_json {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_part(result, |it| it.structured()) }
}

/// Returns the value that a tool returned: the structured content, or the
/// member "result" of an object that only holds it.
///
/// `result`: NULL gives NULL.
///
/// Structured content is an object before revision 2026-07-28.  FastMCP
/// therefore wraps another value, such as the number 3, as {"result":3}.  It
/// says so by "x-fastmcp-wrap-result" in the output schema of the tool, or by
/// "wrap_result" in the member _meta of the result, and only then does this
/// function return the value inside.  The library knows the output schema if
/// the client has read a list with the tool before the call, see
/// mcp_list_tools().
///
/// Returns NULL if the server sent none.
///
/// Spec: tools, structuredContent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_data(result: *const mcp_result) -> *const mcp_json {
    // SAFETY: the header requires NULL or a live result.
    let it = unsafe { peek(result) };
    read_memory_or(std::ptr::null(), || {
        let (it, whole) = (it?, it?.structured()?);
        let inside = if it.is_wrapped() { whole.at("/result") } else { None };
        Some(inside.unwrap_or(std::ptr::from_ref(whole)))
    })
}

/// Returns the description in a result of mcp_get_prompt().
///
/// `result`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: prompts/get.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_prompt_description(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(result, |it| it.root()?.string("description")) }
}

/// Returns the number of completions in a result of mcp_complete().
///
/// `result`: NULL gives 0.
///
/// Spec: completion/complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_completion_count(result: *const mcp_result) -> usize {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(result, 0, |it| Some(it.completions().len())) }
}

/// Returns a completion of a result of mcp_complete() by its index.
///
/// `result`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// Never NULL for an index below mcp_result_completion_count().  A number or
/// a boolean is returned as its JSON text; values of other types are left
/// out.
///
/// Spec: completion/complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_completion(
    result: *const mcp_result,
    index: usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(result, |it| it.completions().get(index)) }
}

/// Returns 1 if the server has more completions than those in a result of
/// mcp_complete(), otherwise 0.
///
/// `result`: NULL gives 0.
///
/// Spec: completion/complete, hasMore.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_completion_has_more(result: *const mcp_result) -> i32 {
    // SAFETY: the header requires NULL or a live result.
    unsafe {
        read_value(result, 0, |it| {
            Some(i32::from(it.root()?.object("completion")?.is_set("hasMore")))
        })
    }
}

/// Stores a result.  Fails, also with the result stored, if the result comes
/// with an error.
///
/// # Safety
///
/// `out` is NULL or may be written to.
pub(crate) unsafe fn hand_out(result: OperationResult, out: *mut *mut mcp_result) -> Result<()> {
    let mismatch = result.mismatch().cloned();
    let result = match result {
        _ if out.is_null() => None,
        OperationResult::None => None,
        OperationResult::Answer(answer) => Some(mcp_result::from_answer(answer)),
        OperationResult::Answers(pages) => Some(mcp_result::from_pages(pages)),
        OperationResult::Server(info) => Some(mcp_result::from_server_info(*info)),
    };
    if let Some(result) = result {
        // SAFETY: not NULL, a place to write to.
        unsafe { store(out, give(result)) };
    }
    mismatch.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
