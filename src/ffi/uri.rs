//! Expansion of URI templates, and the texts that the application owns.

use std::ffi::{CString, c_char};

use crate::base::error::{Error, Result, Status, quote};
use crate::client::{Members, TemplateError, expand_template, given};
use crate::ffi::argument::{optional_text, text};
use crate::ffi::guard::{guard_or, read_or};

/// The largest expansion in bytes.
const MOST: usize = 1024 * 1024;

/// Expands a URI template (RFC 6570, all levels), such as that of
/// mcp_resource_uri() for a resource template.
///
/// `uri_template`: for example "file:///{+path}{?line,column}".
/// `values_json`: a JSON object with the values of the variables: texts,
/// numbers, booleans, and arrays or objects of these; NULL or "" for none.  A
/// variable without a value leaves no trace, and so does one whose value is
/// null, an empty array or an empty object.
///
/// Returns a text to free with mcp_string_free(), or NULL with the last error
/// set: MCP_E_INVALID_ARGUMENT for a malformed template, with the place in the
/// message, and for a value that the template cannot use, with the variable in
/// the message; MCP_E_TOO_LARGE for an expansion of more than 1 MiB.
///
/// Spec: ResourceTemplate, uriTemplate; RFC 6570.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_uri_expand(
    uri_template: *const c_char,
    values_json: *const c_char,
) -> *mut c_char {
    guard_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires texts; the second may be NULL.
        let (template, values) = unsafe {
            (text(uri_template, "uri_template")?, optional_text(values_json, "values_json")?)
        };
        let expanded = expanded(template, given(values).unwrap_or("{}"))?;
        let expanded = CString::new(expanded)
            .map_err(|_| Error::new(Status::Internal, "the expansion has a NUL"))?;
        Ok(expanded.into_raw())
    })
}

fn expanded(template: &str, values: &str) -> Result<String> {
    let values = Members::parse(values).map_err(|error| {
        Error::argument(format!("values_json is not a JSON object: {}", quote(&error.to_string())))
    })?;
    expand_template(template, &values, MOST).map_err(|error| match error {
        TemplateError::Template { at, what } => {
            let (before, after) = template.split_at_checked(at).unwrap_or((template, ""));
            let place = before.chars().count() + 1;
            let rest = if after.is_empty() {
                "its end".to_owned()
            } else {
                format!("\"{}\"", quote(after))
            };
            Error::argument(format!(
                "uri_template is malformed at character {place}, at {rest}: {what}"
            ))
        }
        TemplateError::Value { name, what } => {
            Error::argument(format!("values_json: the value of \"{}\" {what}", quote(&name)))
        }
        TemplateError::TooLong => Error::new(
            Status::TooLarge,
            format!("the expansion of uri_template has more than {MOST} bytes"),
        ),
    })
}

/// Releases a text of a function that returns a plain `char *`.
///
/// `string`: a text that is not used again, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_string_free(string: *mut c_char) {
    read_or((), || {
        if !string.is_null() {
            // SAFETY: the header requires a text of this library, which
            // CString::into_raw() gave and which is not used again.
            drop(unsafe { CString::from_raw(string) });
        }
        Some(())
    });
}
