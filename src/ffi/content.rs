//! Contents: of a tool's result, of a resource that was read, of a prompt's
//! message.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::base::error::Error;
use crate::client::Place;
use crate::ffi::argument::store;
use crate::ffi::guard::read_memory_or;
use crate::ffi::handle::peek;
use crate::ffi::last_error::set_last;
use crate::ffi::library::*;
use crate::ffi::resource::mcp_resource;
use crate::ffi::view::{Lent, View, lend, lend_long, lend_part, read_value};

/// A CONTENT BLOCK of mcp_result_content(), borrowed from the result: a part
/// of a tool's result, of a resource that was read, or of a prompt's message.
///
/// For the annotations and the member _meta, read mcp_content_json() with
/// mcp_json_parse() and mcp_json_at().
#[derive(Debug)]
pub struct mcp_content {
    view: View,
    kind: i32,
    /// The place of the member "text".
    text: Option<Place>,
    /// Shared by all parts of a message.
    role: Option<Arc<Lent>>,
    /// The resource inside an embedded resource. A resource that was read has
    /// its members at the top.
    inner: Option<Box<View>>,
    data: OnceLock<Option<Vec<u8>>>,
    linked: OnceLock<Box<mcp_resource>>,
}

impl mcp_content {
    pub(crate) fn new(view: View, role: Option<Arc<Lent>>) -> Self {
        let [kind, text, resource] = view.members(["type", "text", "resource"]);
        let resource = resource.filter(|place| view.raw_at(*place).starts_with('{'));
        let inner = resource.map(|place| Box::new(view.at(place)));
        let kind = match kind.map(|place| view.raw_at(place)) {
            Some("\"text\"") => MCP_CONTENT_TEXT,
            Some("\"image\"") => MCP_CONTENT_IMAGE,
            Some("\"audio\"") => MCP_CONTENT_AUDIO,
            Some("\"resource_link\"") => MCP_CONTENT_RESOURCE_LINK,
            Some("\"resource\"") => MCP_CONTENT_RESOURCE,
            Some(raw) if raw.starts_with('"') => MCP_CONTENT_OTHER,
            _ => kind_of_members(&view),
        };
        let (data, linked) = (OnceLock::new(), OnceLock::new());
        Self { view, kind, text, role, inner, data, linked }
    }

    /// The object that has the members of the resource.
    fn resource(&self) -> &View {
        self.inner.as_deref().unwrap_or(&self.view)
    }

    /// The text of this content itself, not of a resource embedded in it.
    pub(crate) fn own_text(&self) -> Option<&Lent> {
        if self.inner.is_some() { None } else { self.text() }
    }

    pub(crate) fn text(&self) -> Option<&Lent> {
        match self.kind {
            MCP_CONTENT_TEXT => {
                let own = self.text.and_then(|place| self.view.string_or_json_at(place));
                own.or_else(|| self.view.own_string())
            }
            MCP_CONTENT_RESOURCE => self.resource().string_or_json("text"),
            _ => None,
        }
    }

    fn string(&self, name: &str) -> Option<&Lent> {
        self.resource().string(name).or_else(|| self.view.string(name))
    }

    fn data(&self) -> Option<&[u8]> {
        let raw = match self.kind {
            MCP_CONTENT_IMAGE | MCP_CONTENT_AUDIO => self.view.raw("data"),
            MCP_CONTENT_RESOURCE => self.resource().raw("blob"),
            _ => None,
        };
        let raw = raw.filter(|raw| *raw != "null")?;
        let decoded = self.data.get_or_init(|| decode(raw));
        if decoded.is_none() {
            set_last(Error::protocol("the data of the content block is not base64"));
        }
        decoded.as_deref()
    }

    /// The content as bytes: those of its text, or the decoded data.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self.text() {
            Some(text) => Some(text.text().as_bytes()),
            None => self.data(),
        }
    }

    /// The resource of a link, of an embedded resource or of a resource that was
    /// read. Some servers write the URI of an embedded resource beside it.
    fn linked(&self) -> Option<&mcp_resource> {
        if !matches!(self.kind, MCP_CONTENT_RESOURCE_LINK | MCP_CONTENT_RESOURCE) {
            return None;
        }
        let view = match &self.inner {
            Some(inner) if inner.raw("uri").is_some() || self.view.raw("uri").is_none() => inner,
            _ => &self.view,
        };
        Some(self.linked.get_or_init(|| Box::new(mcp_resource(view.fresh()))))
    }
}

/// The kind of a content without a type.
#[cold]
fn kind_of_members(view: &View) -> i32 {
    let has = |name: &str| view.raw(name).is_some_and(|raw| raw != "null");
    let is_media =
        |kind: &str| has("data") && view.raw("mimeType").is_some_and(|raw| raw.starts_with(kind));
    if view.own_raw().starts_with('"') {
        MCP_CONTENT_TEXT
    } else if view.raw("uri").is_some() {
        // The contents of resources/read have no "type".
        MCP_CONTENT_RESOURCE
    } else if has("text") {
        MCP_CONTENT_TEXT
    } else if is_media("\"image/") {
        MCP_CONTENT_IMAGE
    } else if is_media("\"audio/") {
        MCP_CONTENT_AUDIO
    } else {
        MCP_CONTENT_OTHER
    }
}

/// Decodes a JSON string that is base64: in the standard or the URL-safe
/// alphabet, with or without padding and line breaks.
fn decode(raw: &str) -> Option<Vec<u8>> {
    let text = Lent::of_string(raw.starts_with('"').then_some(raw)?);
    let text = text.text();
    STANDARD.decode(text).ok().or_else(|| decode_variant(text))
}

/// Some servers write line breaks into it, no padding, or the URL-safe
/// alphabet.
#[cold]
fn decode_variant(text: &str) -> Option<Vec<u8>> {
    let standard = |byte: u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    let bytes = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let mut plain: Vec<u8> = bytes.map(standard).collect();
    let length = plain.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    if plain.len() - length > 2 {
        return None; // padding has one or two characters
    }
    plain.truncate(length);
    STANDARD_NO_PAD.decode(plain).ok()
}

/// Returns the kind of a content block: one of MCP_CONTENT_.
///
/// `content`: NULL gives 0.
///
/// MCP_CONTENT_OTHER is a kind that this library does not know, or a value
/// that is no content block; mcp_content_json() returns the whole value.
/// Without a type, the members decide: a text is MCP_CONTENT_TEXT.
///
/// Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_kind(content: *const mcp_content) -> i32 {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(content, 0, |it| Some(it.kind)) }
}

/// Returns the role of the prompt's message that the content block belongs
/// to: "user" or "assistant".
///
/// `content`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type, and for a
/// content block that is not of a prompt.
///
/// Spec: PromptMessage, role.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_role(content: *const mcp_content) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(content, |it| it.role.as_deref()) }
}

/// Returns the text of MCP_CONTENT_TEXT, or of MCP_CONTENT_RESOURCE that
/// contains text.
///
/// `content`: NULL gives NULL.
///
/// Returns NULL if the server sent none or null, and for other kinds.  A
/// value that is no string is returned as its JSON text.  The text is UTF-8.
/// If it contains a NUL, C sees its end there, but `len` is the whole length.
///
/// Spec: TextContent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_text(
    content: *const mcp_content,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(content, len, |it| it.text()) }
}

/// Returns the bytes of an image, of audio or of a binary resource, decoded
/// from base64: in the standard or the URL-safe alphabet, with or without
/// padding and line breaks.
///
/// `content`: NULL gives NULL.
/// `len`, unless NULL, receives the number of bytes.
///
/// Returns NULL if the server sent none, and for other kinds; the last error
/// does not change then.  If the server sent a value of another type, or one
/// that is not base64, returns NULL and sets the last error to
/// MCP_E_PROTOCOL.  The first call decodes the bytes and the result keeps
/// them.
///
/// Spec: ImageContent, BlobResourceContents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_data(
    content: *const mcp_content,
    len: *mut usize,
) -> *const c_void {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read_memory_or(std::ptr::null(), || {
            let data = peek(content)?.data()?;
            store(len, data.len());
            Some(data.as_ptr().cast())
        })
    }
}

/// Returns the media type of a content block.
///
/// `content`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_mime_type(content: *const mcp_content) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(content, |it| it.string("mimeType")) }
}

/// Returns the resource that MCP_CONTENT_RESOURCE_LINK links to, or that
/// MCP_CONTENT_RESOURCE contains; NULL for other kinds.
///
/// `content`: NULL gives NULL.
///
/// Read its URI with mcp_resource_uri(), and the rest with the functions that
/// follow that one.  Each content block of mcp_read_resource() is of the kind
/// MCP_CONTENT_RESOURCE.
///
/// Spec: ResourceLink, ResourceContents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_resource(content: *const mcp_content) -> *const mcp_resource {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_part(content, |it| it.linked()) }
}

/// Returns the whole content block as JSON text.
///
/// `content`: NULL gives NULL.
///
/// Never NULL for a valid `content`.
///
/// Spec: ContentBlock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_content_json(
    content: *const mcp_content,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(content, len, |it| Some(it.view.whole())) }
}
