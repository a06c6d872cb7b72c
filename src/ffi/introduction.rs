//! Who the server is: what mcp_connect() gives.

use std::ffi::c_char;

use crate::client::ServerInfo;
use crate::ffi::argument::text;
use crate::ffi::guard::read_or;
use crate::ffi::handle::peek;
use crate::ffi::result::mcp_result;
use crate::ffi::view::{Lent, lend_long};

/// The server's words about itself, ready to lend.
#[derive(Debug)]
pub(crate) struct Introduced {
    server_info: ServerInfo,
    name: Option<Lent>,
    version: Option<Lent>,
    title: Option<Lent>,
    instructions: Option<Lent>,
    protocol_version: Lent,
    capabilities: Lent,
}

impl Introduced {
    pub(crate) fn new(server_info: ServerInfo) -> Self {
        let optional = |text: &Option<String>| text.as_deref().map(Lent::new);
        Self {
            name: optional(&server_info.name),
            version: optional(&server_info.version),
            title: optional(&server_info.title),
            instructions: optional(&server_info.instructions),
            protocol_version: Lent::new(server_info.revision.as_str()),
            capabilities: Lent::new(&server_info.capabilities),
            server_info,
        }
    }
}

/// Of mcp_connect(): gives the server's name.
///
/// NULL if the server sent none; mcp_connect() fails for another type.  Text
/// of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_name(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| lent.name.as_ref()) }
}

/// Of mcp_connect(): gives the server's version.
///
/// NULL if the server sent none; mcp_connect() fails for another type.  Text
/// of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation, version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_version(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| lent.version.as_ref()) }
}

/// Of mcp_connect(): gives the server's name for people.
///
/// NULL if the server sent none; mcp_connect() fails for another type.  Text
/// of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_title(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| lent.title.as_ref()) }
}

/// Of mcp_connect(): gives the negotiated protocol revision, such as
/// "2025-11-25"; otherwise NULL.
///
/// Never NULL for such a result.  Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: versioning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_protocol_version(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| Some(&lent.protocol_version)) }
}

/// Of mcp_connect(): gives the server's words on how to use it.
///
/// NULL if the server sent none; mcp_connect() fails for another type.  Text
/// of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_instructions(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| lent.instructions.as_ref()) }
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
    unsafe { lend_long(result, len, |it| it.introduced.as_ref().map(|known| &known.capabilities)) }
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
        let lent = result.introduced.as_ref()?;
        Some(i32::from(lent.server_info.has_capability(name)))
    })
}

/// # Safety
///
/// `result` is NULL or alive.
unsafe fn introduced(
    result: *const mcp_result,
    get: impl FnOnce(&Introduced) -> Option<&Lent>,
) -> *const c_char {
    read_or(std::ptr::null(), || {
        // SAFETY: as the caller says.
        let lent = unsafe { peek(result) }?.introduced.as_ref()?;
        get(lent).map(Lent::pointer)
    })
}
