//! A server's schemas: of forms (elicitation), and of tools whose arguments go
//! into headers.

use super::parts;
use crate::cost::bounded;
use crate::protocol::elicitation_form::fill;
use crate::protocol::header_params::{self, HeaderMarks, headers};
use crate::protocol::routing;

pub(super) const WORDS: &[&str] = &[
    "{\"type\":\"object\",\"properties\":{",
    "\"a\":{\"type\":\"string\"}",
    "\"default\":1,",
    "\"type\":\"integer\",",
    "\"type\":\"boolean\"",
    "\"enum\":[\"a\"]",
    "\"enumNames\":[",
    "\"required\":[\"a\"]",
    "\"minLength\":1",
    "\"maximum\":1e3",
    "\"format\":\"email\"",
    "\"format\":\"date-time\"",
    "\"pattern\":",
    "\"type\":\"array\",\"items\":{",
    "\"oneOf\":[{\"const\":",
    "\"x-mcp-header\":\"A\"",
    "\"$defs\":{",
    "\"anyOf\":[",
    "\"title\":",
    "{\"a\":1}",
    "9007199254740992",
];

pub(super) fn run(data: &[u8]) {
    let Some(all) = parts(data) else { return };
    let [schema, rest @ ..] = &*all else { return };
    let content = rest.first().copied().unwrap_or("{}");
    match bounded(data.len(), || fill(schema, content)) {
        Ok(filled) => {
            let value: serde_json::Value = match serde_json::from_str(&filled) {
                Ok(value) => value,
                // A number that fits no type is kept as it is written.
                Err(_) => return,
            };
            assert!(value.is_object(), "{filled}");
            // A form that was completed fits its own schema.
            let again = fill(schema, &filled).expect("what fits once fits again");
            assert_eq!(again, filled);
        }
        Err(error) => {
            assert!(!error.message().chars().any(char::is_control), "{}", error.message())
        }
    }
    if let Ok(found) = bounded(data.len(), || header_params::parse(schema, &HeaderMarks::new()))
        && let Ok(all) = bounded(data.len(), || headers(&found, content))
    {
        for (name, value) in all {
            assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name}");
            assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')), "{value}");
        }
    }
    let encoded = routing::encode(schema);
    assert!(encoded.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')), "{encoded}");
}
