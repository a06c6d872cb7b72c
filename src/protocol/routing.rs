//! The headers of the stateless dialect that repeat a part of the body, so that
//! gateways can route requests by them.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::wire::object::Members;

/// The value of `Mcp-Name`, for methods that have the header.
pub(crate) fn name(method: &str, params: &Members<'_>) -> Option<String> {
    let member = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return None,
    };
    params.string(member)
}

/// A text as the value of a header. A text that a header cannot hold is written
/// as base64 between markers.
pub(crate) fn encode(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !looks_encoded(text);
    if is_plain {
        Cow::Borrowed(text)
    } else {
        format!("=?base64?{}?=", STANDARD.encode(text)).into()
    }
}

/// Whether a server would take a text for an encoded one.
fn looks_encoded(text: &str) -> bool {
    text.starts_with("=?base64?") && text.ends_with("?=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_texts_that_a_header_cannot_hold() {
        for (text, value) in [
            ("us-west1", "us-west1"),
            ("us west 1", "us west 1"),
            ("", ""),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("\tindented", "=?base64?CWluZGVudGVk?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("a\r\nX: y", "=?base64?YQ0KWDogeQ==?="),
        ] {
            assert_eq!(encode(text), value);
        }
    }

    #[test]
    fn takes_the_name_from_the_parameters() {
        let name = |method, params| name(method, &Members::parse(params).unwrap());
        assert_eq!(name("tools/call", r#"{"name":"add","arguments":{}}"#).unwrap(), "add");
        assert_eq!(name("resources/read", r#"{"uri":"a:b"}"#).unwrap(), "a:b");
        assert_eq!(name("tools/list", r#"{"name":"add"}"#), None);
        assert_eq!(name("tools/call", r#"{"name":1}"#), None);
    }
}
