//! Resources and templates of a list, and links in contents.

use std::ffi::c_char;

use crate::ffi::view::{View, lend, lend_long, read_value};

/// A RESOURCE or template of mcp_result_resource(), or the link in a content;
/// borrowed from the result.
///
/// What it says of itself is the server's: do not trust it.
#[derive(Debug)]
pub struct mcp_resource(pub(crate) View);

/// Gives the URI, or the URI template (RFC 6570) of a template.
///
/// NULL if the server sent none or another type.  `resource`: NULL gives
/// NULL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, uri.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_uri(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(resource, |it| it.0.string("uri").or_else(|| it.0.string("uriTemplate"))) }
}

/// Gives the name.
///
/// NULL if the server sent none or another type.  `resource`: NULL gives
/// NULL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_name(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(resource, |it| it.0.string("name")) }
}

/// Gives the name to show to people: the title, else the name.
///
/// NULL if the server sent none or another type.  `resource`: NULL gives
/// NULL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_title(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(resource, |it| it.0.string("title").or_else(|| it.0.string("name"))) }
}

/// Gives the description.
///
/// NULL if the server sent none or another type.  `resource`: NULL gives
/// NULL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_description(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(resource, |it| it.0.string("description")) }
}

/// Gives the media type.
///
/// NULL if the server sent none or another type.  `resource`: NULL gives
/// NULL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, mimeType.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_mime_type(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(resource, |it| it.0.string("mimeType")) }
}

/// Gives the size in bytes, -1 where the server does not say.
///
/// `resource`: NULL gives -1.
/// Threads: any.  Since: 0.1.0.  Spec: Resource, size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_size(resource: *const mcp_resource) -> i64 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { read_value(resource, -1, |it| it.0.integer("size")) }
}

/// Gives the annotations as a JSON object.
///
/// NULL if the server sent none; another type is given as it is.  `resource`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Annotations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_annotations_json(
    resource: *const mcp_resource,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(resource, len, |it| it.0.json("annotations")) }
}

/// Gives the icons as a JSON array.
///
/// NULL if the server sent none; another type is given as it is.  `resource`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Icon.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_icons_json(
    resource: *const mcp_resource,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(resource, len, |it| it.0.json("icons")) }
}

/// Gives the _meta as a JSON object.
///
/// NULL if the server sent none; another type is given as it is.  `resource`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Borrowed from the answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_meta_json(
    resource: *const mcp_resource,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(resource, len, |it| it.0.json("_meta")) }
}

/// Gives the whole resource as JSON text.
///
/// Never NULL for a resource.  `resource`: NULL gives NULL.  `len`, unless
/// NULL, receives the bytes without the terminating NUL.  Borrowed from the
/// answer: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_json(
    resource: *const mcp_resource,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(resource, len, |it| Some(it.0.whole())) }
}
