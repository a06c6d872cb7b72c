//! Pieces of content: of a tool's result, a resource that was read, a
//! prompt's message.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::base::error::Error;
use crate::ffi::argument::store;
use crate::ffi::guard::read_or;
use crate::ffi::handle::peek;
use crate::ffi::last_error::set_last;
use crate::ffi::library::*;
use crate::ffi::resource::mcp_resource;
use crate::ffi::view::{Lent, View, lend, lend_long, lend_part, tell};

/// A PIECE OF CONTENT: of a tool's result, of a resource that was read, or of
/// a prompt's message; borrowed from the result.
#[derive(Debug)]
pub struct mcp_content {
    view: View,
    /// All parts of a message share it.
    role: Option<Arc<Lent>>,
    /// The resource of an embedded one; a resource that was read is its own.
    inner: Option<View>,
    data: OnceLock<Option<Vec<u8>>>,
    link: OnceLock<mcp_resource>,
}

impl mcp_content {
    pub(crate) fn new(view: View, role: Option<Arc<Lent>>) -> Self {
        let inner = view.object("resource");
        Self { view, role, inner, data: OnceLock::new(), link: OnceLock::new() }
    }

    fn kind(&self) -> i32 {
        match self.view.raw("type") {
            Some("\"text\"") => MCP_CONTENT_TEXT,
            Some("\"image\"") => MCP_CONTENT_IMAGE,
            Some("\"audio\"") => MCP_CONTENT_AUDIO,
            Some("\"resource_link\"") => MCP_CONTENT_RESOURCE_LINK,
            Some("\"resource\"") => MCP_CONTENT_RESOURCE,
            // What is read has no kind of its own.
            None if self.view.raw("uri").is_some() => MCP_CONTENT_RESOURCE,
            _ => MCP_CONTENT_OTHER,
        }
    }

    /// Where the members of a resource are.
    fn resource(&self) -> &View {
        self.inner.as_ref().unwrap_or(&self.view)
    }

    /// A text that is the answer's own, not that of a resource inside it.
    pub(crate) fn own_text(&self) -> Option<&Lent> {
        if self.inner.is_some() { None } else { self.text() }
    }

    pub(crate) fn text(&self) -> Option<&Lent> {
        match self.kind() {
            MCP_CONTENT_TEXT => self.view.string("text"),
            MCP_CONTENT_RESOURCE => self.resource().string("text"),
            _ => None,
        }
    }

    fn string(&self, name: &str) -> Option<&Lent> {
        self.resource().string(name).or_else(|| self.view.string(name))
    }

    fn data(&self) -> Option<&[u8]> {
        let raw = match self.kind() {
            MCP_CONTENT_IMAGE | MCP_CONTENT_AUDIO => self.view.raw("data"),
            MCP_CONTENT_RESOURCE => self.resource().raw("blob"),
            _ => None,
        }?;
        let decoded = self.data.get_or_init(|| decode(raw));
        if decoded.is_none() {
            set_last(Error::protocol("the content's data is not base64, as it has to be"));
        }
        decoded.as_deref()
    }

    /// The bytes that it stands for: decoded, or those of its text.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self.text() {
            Some(text) => Some(text.text().as_bytes()),
            None => self.data(),
        }
    }

    fn link(&self) -> Option<&mcp_resource> {
        if self.kind() != MCP_CONTENT_RESOURCE_LINK {
            return None;
        }
        Some(self.link.get_or_init(|| mcp_resource(self.view.again())))
    }
}

/// The bytes of a JSON string in base64, padded or not.
fn decode(raw: &str) -> Option<Vec<u8>> {
    let text = Lent::of_string(raw.starts_with('"').then_some(raw)?);
    let text = text.text();
    STANDARD.decode(text).ok().or_else(|| {
        // What some servers write: lines, or no padding.
        let plain: String = text.chars().filter(|one| !one.is_ascii_whitespace()).collect();
        let plain = plain.trim_end_matches('=');
        base64::engine::general_purpose::STANDARD_NO_PAD.decode(plain).ok()
    })
}

/// Tells the kind: one of MCP_CONTENT_.
///
/// `content`: NULL gives 0.  MCP_CONTENT_OTHER for a kind that this library
/// does not know: mcp_content_json() has it whole.
/// Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_kind(content: *const mcp_content) -> i32 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { tell(content, 0, |it| Some(it.kind())) }
}

/// Gives who speaks in a prompt's message: "user" or "assistant"; otherwise
/// NULL.
///
/// NULL if the server sent none or another type.  `content`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: PromptMessage, role.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_role(content: *const mcp_content) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(content, |it| it.role.as_deref()) }
}

/// Gives the text of MCP_CONTENT_TEXT, or of MCP_CONTENT_RESOURCE that has
/// text; otherwise NULL.
///
/// NULL if the server sent none or another type.  UTF-8; one with a NUL
/// inside has its whole `len`.  `content`: NULL gives NULL.  `len`, unless
/// NULL, receives the bytes without the terminating NUL.  Borrowed from the
/// answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: TextContent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_text(
    content: *const mcp_content,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(content, len, |it| it.text()) }
}

/// Gives the bytes of an image, a sound or a binary resource, decoded from
/// base64; otherwise NULL.
///
/// NULL if the server sent none, which leaves the last error as it was.  NULL
/// and a last error of MCP_E_PROTOCOL if it sent another type, or what is not
/// base64.  `content`: NULL gives NULL.  `len` receives their number.  Decoded
/// at the first call and kept: borrowed from the answer, valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: ImageContent, BlobResourceContents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_data(
    content: *const mcp_content,
    len: *mut usize,
) -> *const c_void {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read_or(std::ptr::null(), || {
            let data = peek(content)?.data()?;
            store(len, data.len());
            Some(data.as_ptr().cast())
        })
    }
}

/// Gives the media type.
///
/// NULL if the server sent none or another type.  `content`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_mime_type(content: *const mcp_content) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(content, |it| it.string("mimeType")) }
}

/// Gives the URI of a resource or a link, otherwise NULL.
///
/// NULL if the server sent none or another type.  `content`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: ResourceLink, ResourceContents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_uri(content: *const mcp_content) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(content, |it| it.string("uri")) }
}

/// Gives the name of MCP_CONTENT_RESOURCE_LINK, otherwise NULL.
///
/// NULL if the server sent none or another type.  `content`: NULL gives NULL.
/// Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: ResourceLink, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_name(content: *const mcp_content) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(content, |it| it.link().and_then(|link| link.0.string("name"))) }
}

/// Gives the resource that MCP_CONTENT_RESOURCE_LINK leads to, otherwise
/// NULL: mcp_resource_uri() and its neighbours read it.
///
/// `content`: NULL gives NULL.  Borrowed from the answer: valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: ResourceLink.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_resource(content: *const mcp_content) -> *const mcp_resource {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_part(content, |it| it.link()) }
}

/// Gives the annotations as a JSON object.
///
/// NULL if the server sent none; another type is given as it is.  `content`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Annotations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_annotations_json(
    content: *const mcp_content,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(content, len, |it| it.view.json("annotations")) }
}

/// Gives the _meta as a JSON object.
///
/// NULL if the server sent none; another type is given as it is.  `content`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_meta_json(
    content: *const mcp_content,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(content, len, |it| it.view.json("_meta")) }
}

/// Gives the whole content as JSON text.
///
/// Never NULL for a content.  `content`: NULL gives NULL.  `len`, unless
/// NULL, receives the bytes without the terminating NUL.  Borrowed from the
/// answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_json(
    content: *const mcp_content,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(content, len, |it| Some(it.view.whole())) }
}
