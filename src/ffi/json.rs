//! JSON values: builds arguments and reads results.

use std::ffi::c_char;

use crate::base::error::{Error, Result, Status, quote};
use crate::client::{NoPlace, Tree, Written};
use crate::ffi::argument::{sized_text, store, text};
use crate::ffi::guard::{guard, guard_or, read_memory_or};
use crate::ffi::handle::{give, peek, peek_mut, take};
use crate::ffi::library::*;

/// A JSON VALUE: builds arguments and reads results without another library.
///
/// A `mcp_json *` that the application made may be changed, and must be
/// freed.  A `const mcp_json *` is a part of such a value.  Parts and texts
/// are valid until the whole value is changed or freed.  A place is a JSON
/// Pointer (RFC 6901): "" is the value itself, "/a/0" is the first element of
/// its member "a".  Numbers keep the text with which they were written.
/// Several threads may read a value at once, while no thread changes it.
// Not `repr(transparent)`: cbindgen would show the inner type to C.
#[derive(Debug)]
pub struct mcp_json(Written);

impl mcp_json {
    /// A value of a server. `None`: it is not JSON, or too deep.
    pub(crate) fn parsed(text: &str) -> Option<Self> {
        Tree::parse(text).ok().map(|tree| Self(tree.into()))
    }

    pub(crate) fn at(&self, pointer: &str) -> Option<*const Self> {
        self.0.at(pointer).map(part)
    }
}

/// Makes an empty JSON object.
///
/// Returns a handle to free with mcp_json_free().
#[unsafe(no_mangle)]
pub extern "C" fn mcp_json_new() -> *mut mcp_json {
    guard_or(std::ptr::null_mut(), || Ok(give(mcp_json(Tree::Object(Vec::new()).into()))))
}

/// Parses JSON text.
///
/// `text`: UTF-8; it need not end with a NUL.
/// `len`: its length in bytes.
///
/// Returns a handle to free with mcp_json_free(), or NULL with the last error
/// set to MCP_E_INVALID_ARGUMENT; its message contains the line and the
/// column.  Objects and arrays may be nested 512 deep, as in the messages of
/// a server: every text that a _json function returns can be parsed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_parse(text: *const c_char, len: usize) -> *mut mcp_json {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or `len` readable bytes.
        let text = unsafe { sized_text(text, len, "text") }?;
        let tree = Tree::parse(text)
            .map_err(|why| Error::argument(format!("text is not JSON: {}", quote(&why))))?;
        Ok(give(mcp_json(tree.into())))
    })
}

/// Releases a value and all its parts.
///
/// `json`: a value made by mcp_json_new() or mcp_json_parse() that is not
/// used again, or NULL.  Do not pass a part of a value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_free(json: *mut mcp_json) {
    read_memory_or((), || {
        // SAFETY: the header requires NULL or a value that is not used again.
        drop(unsafe { take(json) });
        Some(())
    });
}

/// # Safety
///
/// `json` is NULL or a value that no other thread uses, `pointer` a text.
unsafe fn set(
    json: *mut mcp_json,
    pointer: *const c_char,
    make: impl FnOnce() -> Result<Tree>,
) -> i32 {
    guard(|| {
        // SAFETY: guaranteed by the caller.
        let (json, pointer) = unsafe { (peek_mut(json), text(pointer, "pointer")?) };
        let json = json.ok_or_else(|| Error::argument("json is NULL"))?;
        // It may be a text of the value, which moves.
        let pointer = &*pointer.to_owned();
        json.0.put(pointer, make()?).map_err(|why| match why {
            NoPlace::Malformed => Error::argument(format!(
                "pointer \"{}\" is not a JSON Pointer such as \"/a/0\"",
                quote(pointer)
            )),
            NoPlace::Missing => Error::new(
                Status::NotFound,
                format!(
                    "the place \"{}\" cannot be created: a step leads into a value that has no \
                     members, or past the end of an array",
                    quote(pointer)
                ),
            ),
            NoPlace::TooDeep => {
                Error::argument("the value would have more than 512 nested objects and arrays")
            }
        })
    })
}

/// Sets the value at a place to a UTF-8 string.
///
/// `json`: a value that the application made.
/// `pointer`: the place, a JSON Pointer.
/// `value`: the string, copied.
///
/// Objects on the way to the place are created.  The last step "-" appends to
/// an array, which is created as well.
///
/// Errors: MCP_E_NOT_FOUND for a place that cannot be created: a step leads
/// into a value that has no members, or past the end of an array.  A failure
/// changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_string(
    json: *mut mcp_json,
    pointer: *const c_char,
    value: *const c_char,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { set(json, pointer, || Ok(Tree::text(text(value, "value")?))) }
}

/// Sets the value at a place to an integer.
///
/// `json`, `pointer`: as for mcp_json_set_string().
/// `value`: all its digits are kept.
///
/// Errors: those of mcp_json_set_string().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_integer(
    json: *mut mcp_json,
    pointer: *const c_char,
    value: i64,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { set(json, pointer, || Ok(Tree::number(&value.to_string()))) }
}

/// Sets the value at a place to a number.
///
/// `json`, `pointer`: as for mcp_json_set_string().
/// `value`: written so that reading it gives the same number.
///
/// Errors: those of mcp_json_set_string(); MCP_E_INVALID_ARGUMENT also for an
/// infinity or a NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_number(
    json: *mut mcp_json,
    pointer: *const c_char,
    value: f64,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { set(json, pointer, || number(value)) }
}

/// Sets the value at a place to true or false.
///
/// `json`, `pointer`: as for mcp_json_set_string().
/// `value`: 0 for false, any other number for true.
///
/// Errors: those of mcp_json_set_string().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_boolean(
    json: *mut mcp_json,
    pointer: *const c_char,
    value: i32,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { set(json, pointer, || Ok(Tree::Boolean(value != 0))) }
}

/// Sets the value at a place to any JSON value, such as "null" or "[]".
///
/// `json`, `pointer`: as for mcp_json_set_string().
/// `value_json`: JSON text, copied.
///
/// Errors: those of mcp_json_set_string().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_json(
    json: *mut mcp_json,
    pointer: *const c_char,
    value_json: *const c_char,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { set(json, pointer, || parsed(text(value_json, "value_json")?)) }
}

fn number(value: f64) -> Result<Tree> {
    if value.is_finite() {
        return Ok(Tree::number(&serde_json::to_string(&value).unwrap_or_default()));
    }
    Err(Error::argument("value is an infinity or a NaN, which JSON does not have"))
}

fn parsed(json: &str) -> Result<Tree> {
    Tree::parse(json)
        .map_err(|why| Error::argument(format!("value_json is not JSON: {}", quote(&why))))
}

/// Returns the value at a place, or NULL if there is none.
///
/// `json`: NULL gives NULL.
/// `pointer`: the place, a JSON Pointer.  NULL gives NULL.
///
/// The value is valid until the whole is changed or freed.  Each step
/// searches all members of its object: to read every member of a large
/// object, use mcp_json_child().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_at(
    json: *const mcp_json,
    pointer: *const c_char,
) -> *const mcp_json {
    read_memory_or(std::ptr::null(), || {
        // SAFETY: the header requires NULL or a live value, and a text.
        let (json, pointer) = unsafe { (peek(json)?, text(pointer, "pointer").ok()?) };
        json.at(pointer)
    })
}

/// The pointer to a part as C sees it: a part is a value as well, with the
/// same layout.
fn part(written: &Written) -> *const mcp_json {
    std::ptr::from_ref(written).cast()
}

const _: () = {
    assert!(std::mem::offset_of!(mcp_json, 0) == 0);
    assert!(size_of::<mcp_json>() == size_of::<Written>());
    assert!(align_of::<mcp_json>() == align_of::<Written>());
};

/// Returns the kind of a value: one of MCP_JSON_.
///
/// `json`: NULL gives MCP_JSON_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_kind(json: *const mcp_json) -> i32 {
    // SAFETY: the header requires NULL or a live value.
    let json = unsafe { peek(json) };
    read_memory_or(MCP_JSON_NULL, || {
        Some(match json?.0.tree() {
            Tree::Null => MCP_JSON_NULL,
            Tree::Boolean(_) => MCP_JSON_BOOLEAN,
            Tree::Number(_) => MCP_JSON_NUMBER,
            Tree::Text(_) => MCP_JSON_STRING,
            Tree::Array(_) => MCP_JSON_ARRAY,
            Tree::Object(_) => MCP_JSON_OBJECT,
        })
    })
}

/// Returns the number of elements of an array or members of an object; 0 for
/// other kinds.
///
/// `json`: NULL gives 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_count(json: *const mcp_json) -> usize {
    // SAFETY: the header requires NULL or a live value.
    let json = unsafe { peek(json) };
    read_memory_or(0, || {
        Some(match json?.0.tree() {
            Tree::Array(all) => all.len(),
            Tree::Object(members) => members.len(),
            _ => 0,
        })
    })
}

/// Returns an element of an array, or the value of a member of an object, by
/// its index.
///
/// `json`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end and for other kinds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_child(json: *const mcp_json, index: usize) -> *const mcp_json {
    // SAFETY: the header requires NULL or a live value.
    let json = unsafe { peek(json) };
    read_memory_or(std::ptr::null(), || match json?.0.tree() {
        Tree::Array(all) => all.get(index).map(part),
        Tree::Object(members) => members.get(index).map(|(_, value)| part(value)),
        _ => None,
    })
}

/// Returns the name of a member of an object by its index.
///
/// `json`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end and for other kinds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_key(json: *const mcp_json, index: usize) -> *const c_char {
    // SAFETY: the header requires NULL or a live value.
    let json = unsafe { peek(json) };
    read_memory_or(std::ptr::null(), || match json?.0.tree() {
        Tree::Object(members) => {
            members.get(index).map(|(name, _)| name.with_nul().as_ptr().cast())
        }
        _ => None,
    })
}

/// Returns the text of a string; NULL for other kinds.
///
/// `json`: NULL gives NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_string(json: *const mcp_json, len: *mut usize) -> *const c_char {
    // SAFETY: the header requires NULL or a live value, and NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read_memory_or(std::ptr::null(), || match peek(json)?.0.tree() {
            Tree::Text(text) => {
                store(len, text.bytes().len());
                Some(text.with_nul().as_ptr().cast())
            }
            _ => None,
        })
    }
}

/// Returns the value of a number as an integer.
///
/// `json`: NULL gives `otherwise`.
/// `otherwise`: returned for other kinds, for a number with a fraction, and
/// for a number that does not fit.
///
/// 1.0 and 1e2 are integers as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_integer(json: *const mcp_json, otherwise: i64) -> i64 {
    // SAFETY: the header requires NULL or a live value.
    let json = unsafe { peek(json) };
    read_memory_or(otherwise, || json?.0.tree().integer())
}

/// Returns the value of a number.
///
/// `json`: NULL gives `otherwise`.
/// `otherwise`: returned for other kinds.
///
/// A number with more digits than a double has is rounded.  One that is too
/// large for a double, such as 1e400, is an infinity.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_number(json: *const mcp_json, otherwise: f64) -> f64 {
    // SAFETY: the header requires NULL or a live value.
    let json = unsafe { peek(json) };
    read_memory_or(otherwise, || match json?.0.tree() {
        Tree::Number(text) => text.parse().ok(),
        _ => None,
    })
}

/// Returns 1 for true and 0 for false.
///
/// `json`: NULL gives `otherwise`.
/// `otherwise`: returned for other kinds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_boolean(json: *const mcp_json, otherwise: i32) -> i32 {
    // SAFETY: the header requires NULL or a live value.
    let json = unsafe { peek(json) };
    read_memory_or(otherwise, || match json?.0.tree() {
        Tree::Boolean(value) => Some(i32::from(*value)),
        _ => None,
    })
}

/// Returns a value as JSON text, without white space between its parts.
///
/// `json`: NULL gives NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_text(json: *const mcp_json, len: *mut usize) -> *const c_char {
    // SAFETY: the header requires NULL or a live value, and NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read_memory_or(std::ptr::null(), || {
            let text = peek(json)?.0.text();
            store(len, text.len().saturating_sub(1));
            Some(text.as_ptr().cast())
        })
    }
}
