//! JSON Schemas of tools, and the values that are checked against them.

use super::parts;
use crate::cost::bounded;
use crate::protocol::schema::{Schema, SchemaFault};
use crate::protocol::tool_schema::check_arguments;

pub(super) const WORDS: &[&str] = &[
    "\"$ref\":\"#\"",
    "\"$ref\":\"#/$defs/a\"",
    "\"$defs\":{\"a\":{",
    "\"$dynamicRef\":\"#a\"",
    "\"$anchor\":\"a\"",
    "\"$schema\":\"http://json-schema.org/draft-07/schema#\"",
    "\"$id\":\"#a\"",
    "\"type\":[\"object\",\"null\"]",
    "\"properties\":{\"a\":",
    "\"patternProperties\":{\"^a\":",
    "\"additionalProperties\":false",
    "\"unevaluatedProperties\":false",
    "\"unevaluatedItems\":false",
    "\"propertyNames\":{",
    "\"required\":[\"a\"]",
    "\"dependencies\":{\"a\":[\"b\"]}",
    "\"dependentSchemas\":{\"a\":{",
    "\"items\":{",
    "\"items\":[{},{}]",
    "\"prefixItems\":[",
    "\"contains\":{},\"minContains\":0",
    "\"uniqueItems\":true",
    "\"allOf\":[",
    "\"anyOf\":[",
    "\"oneOf\":[",
    "\"not\":{",
    "\"if\":{\"const\":1},\"then\":",
    "\"enum\":[1,\"a\",null]",
    "\"multipleOf\":0.1",
    "\"exclusiveMinimum\":1e400",
    "\"maxLength\":2",
    "\"pattern\":\"^(a+)+$\"",
    "\"pattern\":\"[a-z]{1,900}\"",
    "1e999999999999",
    "-0.0",
];

pub(super) fn run(data: &[u8]) {
    let Some(all) = parts(data) else { return };
    let [text, values @ ..] = &*all else { return };
    let value = values.first().copied().unwrap_or("{}");
    let Ok(schema) = bounded(data.len(), || Schema::parse(text)) else { return };
    let found = bounded(data.len(), || schema.check(value));
    assert_eq!(schema.check(value), found, "the same each time");
    if let Err(SchemaFault::Mismatch(what)) = &found {
        assert!(!what.is_empty());
        // What does not match a schema matches its opposite.
        let is_movable = !text.contains(['$', '#', '\\']);
        if let Some(opposite) =
            Schema::parse(&format!("{{\"not\":{text}}}")).ok().filter(|_| is_movable)
        {
            let found = opposite.check(value);
            assert!(!matches!(found, Err(SchemaFault::Mismatch(_))), "{text} {value}: {found:?}");
        }
    }
    if let Err(error) = bounded(data.len(), || check_arguments(Some(text), Some(value))) {
        assert!(!error.message().chars().any(char::is_control), "{}", error.message());
    }
}
