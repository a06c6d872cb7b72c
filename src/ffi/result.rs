//! Answers.

use std::ffi::{CString, c_char};

use crate::client::{Answer, Introduction};
use crate::ffi::argument::{lend, lent, store, text};
use crate::ffi::guard::read_or;
use crate::ffi::handle::{peek, take};

/// AN ANSWER, of whichever method.  The functions below read what it has, and
/// give 0 or NULL for what it has not; mcp_result_json() has all of it.
///
/// It never changes: any number of threads may read it.  What they give is
/// borrowed from it and valid until mcp_result_free().  Texts are UTF-8 and
/// end with a NUL; one with a NUL inside is cut short there.
#[derive(Debug)]
pub struct mcp_result {
    json: CString,
    introduction: Option<Lent>,
}

/// The server's words about itself, ready to lend.
#[derive(Debug)]
struct Lent {
    introduction: Introduction,
    name: Option<CString>,
    version: Option<CString>,
    title: Option<CString>,
    instructions: Option<CString>,
    protocol_version: CString,
    capabilities: CString,
}

impl mcp_result {
    pub(crate) fn from_answer(answer: &Answer) -> Self {
        Self { json: lent(answer.json()), introduction: None }
    }

    pub(crate) fn from_introduction(introduction: Introduction) -> Self {
        let optional = |text: &Option<String>| text.as_deref().map(lent);
        Self {
            json: lent(&introduction.json),
            introduction: Some(Lent {
                name: optional(&introduction.name),
                version: optional(&introduction.version),
                title: optional(&introduction.title),
                instructions: optional(&introduction.instructions),
                protocol_version: lent(introduction.revision.as_str()),
                capabilities: lent(&introduction.capabilities),
                introduction,
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
/// `len`, unless NULL, receives the bytes without the terminating NUL.
/// Returns UTF-8 text borrowed from `result`; NULL for a NULL `result`.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_json(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read_or(std::ptr::null(), || peek(result).map(|result| lend(Some(&result.json), len)))
    }
}

/// Of mcp_connect(): gives the server's name, or NULL.
///
/// Text of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation, name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_name(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| lent.name.as_ref()) }
}

/// Of mcp_connect(): gives the server's version, or NULL.
///
/// Text of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation, version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_version(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| lent.version.as_ref()) }
}

/// Of mcp_connect(): gives the server's name for people, or NULL.
///
/// Text of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: Implementation, title.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_server_title(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| lent.title.as_ref()) }
}

/// Of mcp_connect(): gives the negotiated protocol revision, such as
/// "2025-11-25"; otherwise NULL.
///
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: versioning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_protocol_version(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| Some(&lent.protocol_version)) }
}

/// Of mcp_connect(): gives the server's words on how to use it, or NULL.
///
/// Text of the server, borrowed from `result`: do not trust it.
/// Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_instructions(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { introduced(result, |lent| lent.instructions.as_ref()) }
}

/// Of mcp_connect(): gives the server's capabilities as a JSON object;
/// otherwise NULL.
///
/// `len`, unless NULL, receives the bytes without the terminating NUL.
/// Borrowed from `result`; "{}" where the server declares none.
/// Threads: any.  Since: 0.1.0.  Spec: ServerCapabilities.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_capabilities_json(
    result: *const mcp_result,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer, and for NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read_or(std::ptr::null(), || {
            let lent = peek(result)?.introduction.as_ref()?;
            Some(lend(Some(&lent.capabilities), len))
        })
    }
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
        let lent = result.introduction.as_ref()?;
        Some(i32::from(lent.introduction.has_capability(name)))
    })
}

/// # Safety
///
/// `result` is NULL or alive.
unsafe fn introduced(
    result: *const mcp_result,
    get: impl FnOnce(&Lent) -> Option<&CString>,
) -> *const c_char {
    read_or(std::ptr::null(), || {
        // SAFETY: as the caller says.
        let lent = unsafe { peek(result) }?.introduction.as_ref()?;
        get(lent).map(|text| text.as_ptr())
    })
}
