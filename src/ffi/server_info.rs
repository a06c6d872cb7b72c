//! Who the server is: what mcp_connect() gives.

use std::ffi::c_char;

use crate::ffi::argument::text;
use crate::ffi::guard::read_or;
use crate::ffi::handle::peek;
use crate::ffi::result::{ServerTexts, mcp_result};
use crate::ffi::view::{Lent, lend, lend_long};

/// Of mcp_connect(): gives the server's name.
///
/// NULL if the server sent none; mcp_connect() fails for another type.  Text
/// of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_name(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_server_text(result, |lent| lent.name.as_ref()) }
}

/// Of mcp_connect(): gives the server's version.
///
/// NULL if the server sent none; mcp_connect() fails for another type.  Text
/// of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation, version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_version(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_server_text(result, |lent| lent.version.as_ref()) }
}

/// Of mcp_connect(): gives the server's name for people.
///
/// NULL if the server sent none; mcp_connect() fails for another type.  Text
/// of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_title(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_server_text(result, |lent| lent.title.as_ref()) }
}

/// Of mcp_connect(): gives the negotiated protocol revision, such as
/// "2025-11-25"; otherwise NULL.
///
/// Never NULL for such a result.  Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: versioning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_protocol_version(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_server_text(result, |lent| Some(&lent.protocol_version)) }
}

/// Of mcp_connect(): gives the server's words on how to use it.
///
/// NULL if the server sent none; mcp_connect() fails for another type.  Text
/// of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_instructions(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_server_text(result, |lent| lent.instructions.as_ref()) }
}

/// Of mcp_connect(): gives the server's capabilities as a JSON object;
/// otherwise NULL.
///
/// Never NULL for such a result: "{}" if the server sent none or another
/// type.  `len`, unless NULL, receives the bytes without the terminating NUL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: ServerCapabilities.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_capabilities_json(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe { lend_long(result, len, |it| Some(&it.server.as_ref()?.capabilities)) }
}

/// Of mcp_connect(): tells if the server declares a capability.
///
/// `name`: such as "tools" or "resources.subscribe".  1 where it is there and
/// neither false nor null, otherwise 0.
/// Threads: any.  Since: 0.1.0.  Spec: ServerCapabilities.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_has_capability(
    result: *const mcp_result,
    name: *const c_char,
) -> i32 {
    read_or(0, || {
        // SAFETY: the header asks for NULL or a live answer, and for a text.
        let (result, name) = unsafe { (peek(result)?, text(name, "name").ok()?) };
        let lent = result.server.as_ref()?;
        Some(i32::from(lent.info.has_capability(name)))
    })
}

/// # Safety
///
/// `result` is NULL or alive.
unsafe fn lend_server_text(
    result: *const mcp_result,
    get: impl FnOnce(&ServerTexts) -> Option<&Lent>,
) -> *const c_char {
    // SAFETY: as the caller says.
    unsafe { lend(result, |it| it.server.as_ref().and_then(get)) }
}
