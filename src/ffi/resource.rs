//! Resources and resource templates in a list, and resource links in contents.

use std::ffi::c_char;

use crate::ffi::view::{View, lend, lend_long, read_value};

/// A RESOURCE or a resource template of mcp_result_resource(), or the resource
/// of a content block, see mcp_content_resource(); borrowed from the result.
///
/// All its texts come from the server: do not trust them.  For the icons, the
/// annotations and the member _meta, read mcp_resource_json() with
/// mcp_json_parse() and mcp_json_at().
#[derive(Debug)]
pub struct mcp_resource(pub(crate) View);

/// Returns the resource's URI, or the URI template (RFC 6570) of a resource
/// template.
///
/// `resource`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Resource, uri.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_uri(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("uri").or_else(|| it.0.string("uriTemplate"))) }
}

/// Returns the resource's name.
///
/// `resource`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Resource, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_name(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("name")) }
}

/// Returns the name to show to people: the title, or the name if there is no
/// title.
///
/// `resource`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Resource, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_title(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("title").or_else(|| it.0.string("name"))) }
}

/// Returns the resource's description.
///
/// `resource`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Resource, description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_description(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("description")) }
}

/// Returns the resource's media type.
///
/// `resource`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Resource, mimeType.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_mime_type(resource: *const mcp_resource) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend(resource, |it| it.0.string("mimeType")) }
}

/// Returns the resource's size in bytes, or -1 if the server does not say.
///
/// `resource`: NULL gives -1.
///
/// Spec: Resource, size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_size(resource: *const mcp_resource) -> i64 {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(resource, -1, |it| it.0.integer("size")) }
}

/// Returns the whole resource as JSON text.
///
/// `resource`: NULL gives NULL.
///
/// Never NULL for a valid `resource`.
///
/// Spec: Resource.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_resource_json(
    resource: *const mcp_resource,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live result, and NULL or a
    // place to write to.
    unsafe { lend_long(resource, len, |it| Some(it.0.whole())) }
}
