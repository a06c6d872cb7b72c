//! JSON values, to build arguments and to read results.

use std::ffi::c_char;

use crate::base::error::{Error, Result, Status, quote};
use crate::client::{NoPlace, Tree, Written, without_nul};
use crate::ffi::argument::{store, text};
use crate::ffi::guard::{guard, guard_or, read_or};
use crate::ffi::handle::{give, peek, peek_mut, take};
use crate::ffi::library::*;

/// A JSON VALUE, to build arguments and to read results without another
/// library.
///
/// One that you made is yours to change and to free; a `const mcp_json *` is
/// a part of one, valid until that is changed or freed.  Places in it are
/// named by JSON Pointer (RFC 6901): "" is the value itself, "/a/0" the first
/// element of its member a.  Numbers stay as they are written.  One thread at
/// a time may change it or ask for mcp_json_text().
// Not `repr(transparent)`: cbindgen would show the inner type to C.
#[derive(Debug)]
pub struct mcp_json(Written);

/// Makes an empty object.
///
/// Returns a handle to free with mcp_json_free().
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn mcp_json_new() -> *mut mcp_json {
    guard_or(std::ptr::null_mut(), || Ok(give(mcp_json(Tree::Object(Vec::new()).into()))))
}

/// Reads a JSON text.
///
/// `text`: UTF-8; it need not end with a NUL.  `len`: its bytes.
///
/// Returns a handle to free with mcp_json_free(), or NULL with the last error
/// set: MCP_E_INVALID_ARGUMENT, whose message tells the line and the column.
/// What a server may send can be read: up to 512 objects and arrays inside
/// each other.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_parse(text: *const c_char, len: usize) -> *mut mcp_json {
    guard_or(std::ptr::null_mut(), || {
        if text.is_null() {
            return Err(Error::argument("text is NULL"));
        }
        // SAFETY: not NULL, and the header asks for `len` readable bytes.
        let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), len) };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Error::argument(format!("text is not UTF-8 at byte {}", error.valid_up_to()))
        })?;
        let tree = Tree::parse(text)
            .map_err(|why| Error::argument(format!("text is not JSON: {}", quote(&why))))?;
        Ok(give(mcp_json(tree.into())))
    })
}

/// Releases a value and all its parts.
///
/// `json`: one of mcp_json_new() or mcp_json_parse() that is not used again,
/// or NULL; never a part.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_free(json: *mut mcp_json) {
    read_or((), || {
        // SAFETY: the header asks for NULL or a value that is not used again.
        drop(unsafe { take(json) });
        Some(())
    });
}

/// # Safety
///
/// `json` is NULL or a value that no other thread uses, `pointer` a text.
unsafe fn put(
    json: *mut mcp_json,
    pointer: *const c_char,
    make: impl FnOnce() -> Result<Tree>,
) -> i32 {
    guard(|| {
        // SAFETY: as the caller says.
        let (json, pointer) = unsafe { (peek_mut(json), text(pointer, "pointer")?) };
        let json = json.ok_or_else(|| Error::argument("json is NULL"))?;
        json.0.put(pointer, make()?).map_err(|why| match why {
            NoPlace::Malformed => Error::argument(format!(
                "pointer \"{}\" is not a JSON Pointer such as \"/a/0\"",
                quote(pointer)
            )),
            NoPlace::Missing => Error::new(
                Status::NotFound,
                format!(
                    "there can be no place \"{}\": a step leads into what has no members, or \
                     past the end of an array",
                    quote(pointer)
                ),
            ),
            NoPlace::TooDeep => Error::argument("pointer has more than 512 steps"),
        })
    })
}

/// Puts a UTF-8 string at a place.
///
/// `json`: a value of yours.  `pointer`: a JSON Pointer.  Objects on the way
/// there are made; "-" as the last step appends to an array, which is made.
/// `value`: copied.
///
/// Returns MCP_OK; MCP_E_NOT_FOUND for a place that cannot be;
/// MCP_E_INVALID_ARGUMENT.  A failure changes nothing.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_string(
    json: *mut mcp_json,
    pointer: *const c_char,
    value: *const c_char,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { put(json, pointer, || Ok(Tree::text(text(value, "value")?))) }
}

/// Puts an integer at a place, like mcp_json_set_string().
///
/// `json`, `pointer`: as there.  `value`: all its digits are kept.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_integer(
    json: *mut mcp_json,
    pointer: *const c_char,
    value: i64,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { put(json, pointer, || Ok(Tree::Number(value.to_string()))) }
}

/// Puts a number at a place, like mcp_json_set_string().
///
/// `json`, `pointer`: as there.  `value`: written so that it reads back the
/// same; MCP_E_INVALID_ARGUMENT for an infinity or what is not a number.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_number(
    json: *mut mcp_json,
    pointer: *const c_char,
    value: f64,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { put(json, pointer, || number(value)) }
}

/// Puts true, or false for 0, at a place, like mcp_json_set_string().
///
/// `json`, `pointer`: as there.  `value`: 0 or another number.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_boolean(
    json: *mut mcp_json,
    pointer: *const c_char,
    value: i32,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { put(json, pointer, || Ok(Tree::Boolean(value != 0))) }
}

/// Puts any JSON value at a place, like mcp_json_set_string(); "null" and
/// "[]" among them.
///
/// `json`, `pointer`: as there.  `value_json`: JSON text, copied.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_set_json(
    json: *mut mcp_json,
    pointer: *const c_char,
    value_json: *const c_char,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { put(json, pointer, || parsed(text(value_json, "value_json")?)) }
}

fn number(value: f64) -> Result<Tree> {
    if value.is_finite() {
        return Ok(Tree::Number(serde_json::to_string(&value).unwrap_or_default()));
    }
    Err(Error::argument("value is no number that JSON can hold"))
}

fn parsed(json: &str) -> Result<Tree> {
    Tree::parse(json)
        .map_err(|why| Error::argument(format!("value_json is not JSON: {}", quote(&why))))
}

/// Gives the value at a place, or NULL.
///
/// `json`: NULL gives NULL.  `pointer`: a JSON Pointer.  Valid until the whole
/// is changed or freed.  A name is looked for among all members of its object:
/// to read each member of a large one, go through them with mcp_json_child().
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_at(
    json: *const mcp_json,
    pointer: *const c_char,
) -> *const mcp_json {
    read_or(std::ptr::null(), || {
        // SAFETY: the header asks for NULL or a live value, and for a text.
        let (json, pointer) = unsafe { (peek(json)?, text(pointer, "pointer").ok()?) };
        json.0.at(pointer).map(part)
    })
}

/// A part of a value is a value: both are the same bytes in memory.
fn part(written: &Written) -> *const mcp_json {
    std::ptr::from_ref(written).cast()
}

const _: () = {
    assert!(std::mem::offset_of!(mcp_json, 0) == 0);
    assert!(size_of::<mcp_json>() == size_of::<Written>());
    assert!(align_of::<mcp_json>() == align_of::<Written>());
};

/// Tells the kind: one of MCP_JSON_.
///
/// `json`: NULL gives MCP_JSON_NULL.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_kind(json: *const mcp_json) -> i32 {
    // SAFETY: the header asks for NULL or a live value.
    let json = unsafe { peek(json) };
    read_or(MCP_JSON_NULL, || {
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

/// Gives the number of elements or members, 0 for other kinds.
///
/// `json`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_count(json: *const mcp_json) -> usize {
    // SAFETY: the header asks for NULL or a live value.
    let json = unsafe { peek(json) };
    read_or(0, || {
        Some(match json?.0.tree() {
            Tree::Array(all) => all.len(),
            Tree::Object(members) => members.len(),
            _ => 0,
        })
    })
}

/// Gives an element or a member's value by its place; NULL past the end.
///
/// `json`: NULL gives NULL.  `index`: from 0 on.  Valid until the whole is
/// changed or freed.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_child(json: *const mcp_json, index: usize) -> *const mcp_json {
    // SAFETY: the header asks for NULL or a live value.
    let json = unsafe { peek(json) };
    read_or(std::ptr::null(), || match json?.0.tree() {
        Tree::Array(all) => all.get(index).map(part),
        Tree::Object(members) => members.get(index).map(|(_, value)| part(value)),
        _ => None,
    })
}

/// Gives a member's name by its place; NULL past the end and for other kinds.
///
/// `json`: NULL gives NULL.  `index`: from 0 on.  Valid until the whole is
/// changed or freed.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_key(json: *const mcp_json, index: usize) -> *const c_char {
    // SAFETY: the header asks for NULL or a live value.
    let json = unsafe { peek(json) };
    read_or(std::ptr::null(), || match json?.0.tree() {
        Tree::Object(members) => members.get(index).map(|(name, _)| name.as_ptr().cast()),
        _ => None,
    })
}

/// Gives a string's text, NULL for other kinds.
///
/// `json`: NULL gives NULL.  `len`, unless NULL, receives the bytes without
/// the terminating NUL.  Valid until the whole is changed or freed.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_string(json: *const mcp_json, len: *mut usize) -> *const c_char {
    // SAFETY: the header asks for NULL or a live value, and for NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read_or(std::ptr::null(), || match peek(json)?.0.tree() {
            Tree::Text(text) => {
                store(len, without_nul(text).len());
                Some(text.as_ptr().cast())
            }
            _ => None,
        })
    }
}

/// Gives a number as an integer.
///
/// `json`: NULL is of another kind.  `otherwise`: given for other kinds, and
/// for what has a fraction or does not fit.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_integer(json: *const mcp_json, otherwise: i64) -> i64 {
    // SAFETY: the header asks for NULL or a live value.
    let json = unsafe { peek(json) };
    read_or(otherwise, || match json?.0.tree() {
        Tree::Number(text) => text.parse().ok().or_else(|| {
            let number = text.parse::<f64>().ok().filter(|number| number.fract() == 0.0)?;
            (number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
        }),
        _ => None,
    })
}

/// Gives a number.
///
/// `json`: NULL is of another kind.  `otherwise`: given for other kinds.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_number(json: *const mcp_json, otherwise: f64) -> f64 {
    // SAFETY: the header asks for NULL or a live value.
    let json = unsafe { peek(json) };
    read_or(otherwise, || match json?.0.tree() {
        Tree::Number(text) => text.parse().ok(),
        _ => None,
    })
}

/// Gives 1 or 0.
///
/// `json`: NULL is of another kind.  `otherwise`: given for other kinds.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_boolean(json: *const mcp_json, otherwise: i32) -> i32 {
    // SAFETY: the header asks for NULL or a live value.
    let json = unsafe { peek(json) };
    read_or(otherwise, || match json?.0.tree() {
        Tree::Boolean(value) => Some(i32::from(*value)),
        _ => None,
    })
}

/// Writes a value as JSON text, without blanks.
///
/// `json`: NULL gives NULL.  `len`, unless NULL, receives the bytes without
/// the terminating NUL.  Valid until the value is changed or freed.
/// Threads: one at a time.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_json_text(json: *const mcp_json, len: *mut usize) -> *const c_char {
    // SAFETY: the header asks for NULL or a live value, and for NULL or a
    // place to write to.
    unsafe {
        store(len, 0);
        read_or(std::ptr::null(), || {
            let text = peek(json)?.0.text();
            store(len, text.len().saturating_sub(1));
            Some(text.as_ptr().cast())
        })
    }
}
