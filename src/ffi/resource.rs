//! Resources and resource templates in a list, and resource links in contents.

use std::ffi::c_char;

use crate::ffi::view::{View, lend, lend_long, read_value};

/// A RESOURCE or a resource template of mcp_result_resource(), or the target
/// of a resource link in a content block; borrowed from the result.
///
/// All its texts come from the server: do not trust them.
#[derive(Debug)]
pub struct mcp_resource(pub(crate) View);

/// Returns the resource's URI, or the URI template (RFC 6570) of a resource
/// template.
///
/// Returns NULL if the server sent none or a value of another type.  A NULL
/// `resource` gives NULL.  Borrowed: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, uri.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_uri(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("uri").or_else(|| it.0.string("uriTemplate"))) }
}

/// Returns the resource's name.
///
/// Returns NULL if the server sent none or a value of another type.  A NULL
/// `resource` gives NULL.  Borrowed: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_name(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("name")) }
}

/// Returns the name to show to people: the title, or the name if there is no
/// title.
///
/// Returns NULL if the server sent none or a value of another type.  A NULL
/// `resource` gives NULL.  Borrowed: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_title(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("title").or_else(|| it.0.string("name"))) }
}

/// Returns the resource's description.
///
/// Returns NULL if the server sent none or a value of another type.  A NULL
/// `resource` gives NULL.  Borrowed: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_description(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("description")) }
}

/// Returns the resource's media type.
///
/// Returns NULL if the server sent none or a value of another type.  A NULL
/// `resource` gives NULL.  Borrowed: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource, mimeType.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_mime_type(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("mimeType")) }
}

/// Returns the resource's size in bytes, or -1 if the server does not say.
///
/// A NULL `resource` gives -1.
/// Threads: any.  Since: 0.1.0.  Spec: Resource, size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_size(resource: *const mcp_resource) -> i64 {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(resource, -1, |it| it.0.integer("size")) }
}

/// Returns the resource's annotations as a JSON object.
///
/// Returns NULL if the server sent none or null; a value of another type is
/// returned as it is.  A NULL `resource` gives NULL.  `len`, unless NULL,
/// receives the length in bytes without the final NUL.  Borrowed: valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Annotations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_annotations_json(
    resource: *const mcp_resource,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(resource, len, |it| it.0.json("annotations")) }
}

/// Returns the resource's icons as a JSON array.
///
/// Returns NULL if the server sent none or null; a value of another type is
/// returned as it is.  A NULL `resource` gives NULL.  `len`, unless NULL,
/// receives the length in bytes without the final NUL.  Borrowed: valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Icon.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_icons_json(
    resource: *const mcp_resource,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(resource, len, |it| it.0.json("icons")) }
}

/// Returns the resource's member _meta as a JSON object.
///
/// Returns NULL if the server sent none or null; a value of another type is
/// returned as it is.  A NULL `resource` gives NULL.  `len`, unless NULL,
/// receives the length in bytes without the final NUL.  Borrowed: valid until
/// mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: basic, _meta.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_meta_json(
    resource: *const mcp_resource,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(resource, len, |it| it.0.json("_meta")) }
}

/// Returns the whole resource as JSON text.
///
/// Never NULL for a valid `resource`.  A NULL `resource` gives NULL.  `len`,
/// unless NULL, receives the length in bytes without the final NUL.
/// Borrowed: valid until mcp_result_free().
/// Threads: any.  Since: 0.1.0.  Spec: Resource.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_json(
    resource: *const mcp_resource,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(resource, len, |it| Some(it.0.whole())) }
}
