//! The server info that mcp_connect() returns.

use std::ffi::c_char;

use crate::ffi::argument::text;
use crate::ffi::guard::read_or;
use crate::ffi::handle::peek;
use crate::ffi::result::{ServerTexts, mcp_result};
use crate::ffi::view::{Lent, lend};

/// Returns the server's name in a result of mcp_connect().
///
/// `result`: NULL gives NULL.
///
/// Returns NULL if the server sent none; mcp_connect() fails for a value of
/// another type.  The text comes from the server: do not trust it.
///
/// Spec: Implementation, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_name(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_server_text(result, |lent| lent.name.as_ref()) }
}

/// Returns the server's version in a result of mcp_connect().
///
/// `result`: NULL gives NULL.
///
/// Returns NULL if the server sent none; mcp_connect() fails for a value of
/// another type.  The text comes from the server: do not trust it.
///
/// Spec: Implementation, version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_version(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_server_text(result, |lent| lent.version.as_ref()) }
}

/// Returns the negotiated protocol revision, such as "2025-11-25", in a
/// result of mcp_connect().
///
/// `result`: NULL gives NULL.
///
/// Never NULL for such a result, and NULL for any other result.
///
/// Spec: versioning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_protocol_version(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_server_text(result, |lent| Some(&lent.protocol_version)) }
}

/// Returns the server's instructions for its use, in a result of
/// mcp_connect().
///
/// `result`: NULL gives NULL.
///
/// Returns NULL if the server sent none; mcp_connect() fails for a value of
/// another type.  The text comes from the server: do not trust it.
///
/// Spec: initialize, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_instructions(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_server_text(result, |lent| lent.instructions.as_ref()) }
}

/// Returns 1 if the server declares a capability in a result of
/// mcp_connect(), otherwise 0.
///
/// `result`: NULL gives 0.
/// `name`: the capability, such as "tools" or "resources.subscribe".  NULL
/// gives 0.
///
/// A member that is false or null is not a declared capability.  Other
/// results than that of mcp_connect() have no capabilities.
///
/// Spec: ServerCapabilities.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_has_capability(
    result: *const mcp_result,
    name: *const c_char,
) -> i32 {
    read_or(0, || {
        // SAFETY: the header requires NULL or a live result, and a text.
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
    // SAFETY: guaranteed by the caller.
    unsafe { lend(result, |it| it.server.as_deref().and_then(get)) }
}
