//! Arguments of tools that go into headers (`x-mcp-header`), so that gateways can
//! route requests by them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use memchr::memmem::Finder;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::protocol::routing;
use crate::wire::challenge::is_token;
use crate::wire::object::Name;

/// The keyword of a schema that names the header.
pub(crate) const NAME: &str = "x-mcp-header";

/// An argument that goes into a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderParam {
    path: Arc<PathStep>,
    /// The name of the header, without `Mcp-Param-`.
    header: String,
    kind: ParamType,
}

/// The names from the root of the arguments to a value, the last one first.
/// Values share the names that their paths have in common.
#[derive(Debug, PartialEq, Eq)]
struct PathStep {
    outer: Option<Arc<PathStep>>,
    name: String,
}

impl PathStep {
    /// The names, separated by dots.
    fn text(&self) -> String {
        match &self.outer {
            Some(outer) => outer.text() + "." + &self.name,
            None => self.name.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ParamType {
    Text,
    Integer,
    Boolean,
}

/// Keywords whose value is a schema, or an array or object of schemas.
const SCHEMAS: [&str; 12] = [
    "items",
    "contains",
    "additionalProperties",
    "additionalItems",
    "unevaluatedItems",
    "unevaluatedProperties",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
    "contentSchema",
];
const SCHEMA_LISTS: [&str; 4] = ["prefixItems", "oneOf", "anyOf", "allOf"];
const SCHEMA_MAPS: [&str; 4] = ["patternProperties", "dependentSchemas", "$defs", "definitions"];

/// Finds the schemas that may have header parameters.
#[derive(Debug)]
pub(crate) struct HeaderMarks {
    keyword: Finder<'static>,
    escaped: Finder<'static>,
}

impl HeaderMarks {
    pub(crate) fn new() -> Self {
        Self { keyword: Finder::new(NAME), escaped: Finder::new("\\u00") }
    }

    /// Whether a schema may have the keyword. An escape of one of its characters
    /// begins with `\u00`.
    fn may_be_in(&self, schema: &str) -> bool {
        let schema = schema.as_bytes();
        self.keyword.find(schema).is_some()
            || memchr::memchr(b'\\', schema).is_some() && self.escaped.find(schema).is_some()
    }
}

/// The header parameters of a tool's schema. The error is the reason why they
/// are invalid.
pub(crate) fn parse(
    schema: &str,
    marks: &HeaderMarks,
) -> std::result::Result<Vec<HeaderParam>, String> {
    if !marks.may_be_in(schema) {
        return Ok(Vec::new());
    }
    // A malformed schema has no header parameters.
    let Ok(schema) = serde_json::from_str::<Value>(schema) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    if schema.get(NAME).is_some() {
        return Err(format!("the root of the schema has {NAME}"));
    }
    walk(&schema, None, &mut found)?;
    let mut names = HashSet::new();
    for param in &found {
        if !names.insert(param.header.to_ascii_lowercase()) {
            return Err(format!("two parameters have the header \"{}\"", param.header));
        }
    }
    Ok(found)
}

/// Reads a schema that is reached by `properties` alone.
fn walk(
    schema: &Value,
    outer: Option<&Arc<PathStep>>,
    found: &mut Vec<HeaderParam>,
) -> std::result::Result<(), String> {
    let Value::Object(schema) = schema else { return Ok(()) };
    for (keyword, value) in schema {
        if keyword == "properties" {
            let Value::Object(properties) = value else { continue };
            for (name, property) in properties {
                let path = Arc::new(PathStep { outer: outer.cloned(), name: name.clone() });
                if let Some(header) = property.get(NAME) {
                    found.push(read(header, property, &path)?);
                }
                walk(property, Some(&path), found)?;
            }
        } else if holds_param(keyword, value) {
            return Err(format!("{NAME} is below \"{keyword}\", where it is not allowed"));
        }
    }
    Ok(())
}

/// Whether a header parameter is below a keyword other than `properties`.
fn holds_param(keyword: &str, value: &Value) -> bool {
    if SCHEMAS.contains(&keyword) {
        return match value {
            Value::Array(all) => all.iter().any(has_param),
            schema => has_param(schema),
        };
    }
    if SCHEMA_LISTS.contains(&keyword) {
        return value.as_array().is_some_and(|all| all.iter().any(has_param));
    }
    SCHEMA_MAPS.contains(&keyword)
        && value.as_object().is_some_and(|all| all.values().any(has_param))
}

/// Whether a header parameter is anywhere in a schema.
fn has_param(schema: &Value) -> bool {
    let Value::Object(members) = schema else { return false };
    members.iter().any(|(keyword, value)| match keyword.as_str() {
        NAME => true,
        "properties" => value.as_object().is_some_and(|all| all.values().any(has_param)),
        other => holds_param(other, value),
    })
}

fn read(
    header: &Value,
    property: &Value,
    path: &Arc<PathStep>,
) -> std::result::Result<HeaderParam, String> {
    let name = &path.name;
    let Value::String(header) = header else {
        return Err(format!("{NAME} of \"{name}\" is not a string"));
    };
    if header.is_empty() || !header.bytes().all(is_token) {
        return Err(format!("{NAME} of \"{name}\" is no header name: \"{header}\""));
    }
    let kind = match property.get("type").and_then(Value::as_str) {
        Some("string") => ParamType::Text,
        Some("integer") => ParamType::Integer,
        Some("boolean") => ParamType::Boolean,
        _ => {
            return Err(format!(
                "\"{name}\" has {NAME}, but its type is not string, integer or boolean"
            ));
        }
    };
    Ok(HeaderParam { path: path.clone(), header: header.clone(), kind })
}

/// The headers of a call: names, without `Mcp-Param-`, and values.
pub(crate) fn headers(params: &[HeaderParam], arguments: &str) -> Result<Vec<(String, String)>> {
    let mut out = Vec::with_capacity(params.len());
    if params.is_empty() {
        return Ok(out);
    }
    let mut wanted = Wanted::default();
    for (at, param) in params.iter().enumerate() {
        wanted.at(&param.path).params.push(at);
    }
    let mut values = vec![None; params.len()];
    wanted.find_in(arguments, &mut values).map_err(not_json)?;
    for (param, value) in params.iter().zip(values) {
        let value = match value.map(RawValue::get) {
            // Of a wrong type, whatever is in it.
            Some(raw) if raw.starts_with(['{', '[']) => Some(Value::Array(Vec::new())),
            Some(raw) => Some(serde_json::from_str(raw).map_err(not_json)?),
            None => None,
        };
        if let Some(text) = value.map(|value| param.text(&value)).transpose()?.flatten() {
            out.push((param.header.clone(), routing::encode(&text).into_owned()));
        }
    }
    Ok(out)
}

/// The error for a number that is too large, and for a text with half a surrogate
/// pair: no header can have them.
#[cold]
fn not_json(error: serde_json::Error) -> Error {
    Error::argument(format!("the arguments are not JSON: {error}"))
}

/// The members of the arguments that go into headers, as a tree of their names.
/// The arguments may be large, so the rest of them is only skipped.
#[derive(Debug, Default)]
struct Wanted<'a> {
    /// The indexes of the parameters that have this path.
    params: Vec<usize>,
    members: HashMap<&'a str, Wanted<'a>>,
}

impl<'a> Wanted<'a> {
    /// The node with a path, below this one.
    fn at(&mut self, path: &'a PathStep) -> &mut Self {
        let outer = match &path.outer {
            Some(outer) => self.at(outer),
            None => self,
        };
        outer.members.entry(&path.name).or_default()
    }

    /// Stores the values that a text has. A text that is no object has none.
    fn find_in<'de>(
        &self,
        text: &'de str,
        values: &mut [Option<&'de RawValue>],
    ) -> serde_json::Result<()> {
        if !text.starts_with('{') {
            return Ok(());
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        reader.deserialize_map(WantedVisitor { wanted: self, values })
    }

    fn set<'de>(
        &self,
        value: Option<&'de RawValue>,
        values: &mut [Option<&'de RawValue>],
    ) -> serde_json::Result<()> {
        for at in &self.params {
            if let Some(slot) = values.get_mut(*at) {
                *slot = value;
            }
        }
        // The value of the last member with a name counts.
        self.members.values().try_for_each(|member| member.set(None, values))?;
        match value.filter(|_| !self.members.is_empty()) {
            Some(value) => self.find_in(value.get(), values),
            None => Ok(()),
        }
    }
}

struct WantedVisitor<'w, 'a, 'de> {
    wanted: &'w Wanted<'a>,
    values: &'w mut [Option<&'de RawValue>],
}

impl<'de> Visitor<'de> for WantedVisitor<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            match self.wanted.members.get(&*name) {
                Some(member) => {
                    member.set(Some(map.next_value()?), self.values).map_err(A::Error::custom)?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl HeaderParam {
    /// The text of a value. `None` for null, which goes into no header.
    fn text(&self, value: &Value) -> Result<Option<String>> {
        let wrong = |what: &str| {
            Err(Error::argument(format!(
                "argument \"{}\" {what}, as its tool's schema says",
                quote(&self.path.text())
            )))
        };
        Ok(Some(match (self.kind, value) {
            (_, Value::Null) => return Ok(None),
            (ParamType::Text, Value::String(text)) => text.clone(),
            (ParamType::Boolean, Value::Bool(value)) => value.to_string(),
            (ParamType::Integer, Value::Number(number)) => match integer(number) {
                Some(integer) => integer.to_string(),
                None => return wrong("has to be an integer between -(2^53-1) and 2^53-1"),
            },
            (ParamType::Text, _) => return wrong("has to be a string"),
            (ParamType::Boolean, _) => return wrong("has to be true or false"),
            (ParamType::Integer, _) => return wrong("has to be an integer"),
        }))
    }
}

const LARGEST: i64 = 9_007_199_254_740_991;

/// A number without a fraction, such as 1 or 1.0.
fn integer(number: &serde_json::Number) -> Option<i64> {
    let integer = match number.as_i64() {
        Some(integer) => integer,
        None => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            if float.abs() > LARGEST as f64 {
                return None;
            }
            float as i64
        }
    };
    (-LARGEST..=LARGEST).contains(&integer).then_some(integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(schema: &str) -> std::result::Result<Vec<HeaderParam>, String> {
        super::parse(schema, &HeaderMarks::new())
    }

    fn property(rest: &str) -> String {
        format!(r#"{{"type":"object","properties":{{"a":{rest}}}}}"#)
    }

    fn header(schema: &str, arguments: &str) -> Result<Vec<(String, String)>> {
        headers(&parse(schema).unwrap(), arguments)
    }

    #[test]
    fn keeps_a_long_name_once_for_all_parameters_below_it() {
        let marked =
            |at: usize| format!("\"a{at}\":{{\"type\":\"string\",\"x-mcp-header\":\"a{at}\"}}");
        let all: Vec<String> = (0..2000).map(marked).collect();
        let (name, all) = ("n".repeat(1 << 20), all.join(","));
        let schema = format!("{{\"properties\":{{\"{name}\":{{\"properties\":{{{all}}}}}}}}}");
        let found = parse(&schema).unwrap();
        assert_eq!(found.len(), 2000);
        let outer = |param: &HeaderParam| param.path.outer.clone().unwrap();
        assert!(found.iter().all(|param| Arc::ptr_eq(&outer(param), &outer(&found[0]))));
        let arguments = format!("{{\"{name}\":{{\"a7\":\"x\"}}}}");
        assert_eq!(headers(&found, &arguments).unwrap(), [("a7".to_owned(), "x".to_owned())]);
    }

    #[test]
    fn reads_the_texts_of_the_arguments() {
        let schema = r#"{"properties":{
            "r":{"type":"string","x-mcp-header":"Region"},
            "n":{"type":"integer","x-mcp-header":"Number"},
            "b":{"type":"boolean","x-mcp-header":"Method"},
            "o":{"properties":{"deep":{"type":"string","x-mcp-header":"Deep"}}},
            "f":{"type":"number"}}}"#;
        let arguments = r#"{"r":"Hello, 世界","n":42.0,"b":false,"o":{"deep":""},"f":1.5}"#;
        let mut found = header(schema, arguments).unwrap();
        found.sort();
        let expected = [
            ("Deep", ""),
            ("Method", "false"),
            ("Number", "42"),
            ("Region", "=?base64?SGVsbG8sIOS4lueVjA==?="),
        ];
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(found, expected);
        assert!(header(schema, r#"{"r":null}"#).unwrap().is_empty());
        assert!(header(schema, r#"{"o":[{"deep":"x"}]}"#).unwrap().is_empty());
        let twice = r#"{"o":{"deep":"x"},"\u0072":"a","o":{"more":[]},"r":"b"}"#;
        assert_eq!(header(schema, twice).unwrap(), [("Region".to_owned(), "b".to_owned())]);
        assert!(header(schema, "{}").unwrap().is_empty());
    }

    #[test]
    fn refuses_an_argument_of_another_type_before_it_is_sent() {
        let text = property(r#"{"type":"string","x-mcp-header":"A"}"#);
        let number = property(r#"{"type":"integer","x-mcp-header":"A"}"#);
        for (schema, arguments) in [
            (&text, r#"{"a":1}"#),
            (&number, r#"{"a":"1"}"#),
            (&text, r#"{"a":{"a":"x"}}"#),
            (&text, r#"{"a":["x"]}"#),
            (&number, r#"{"a":1.5}"#),
            (&number, r#"{"a":9007199254740992}"#),
            (&number, r#"{"a":1e300}"#),
            (&number, r#"{"a":1e400}"#),
            (&text, r#"{"a":1e400}"#),
            (&text, r#"{"a":"\ud800"}"#),
            (&text, r#"{"\ud800":1,"a":"x"}"#),
        ] {
            assert!(header(schema, arguments).is_err(), "{arguments}");
        }
        assert_eq!(
            header(&number, r#"{"a":-9007199254740991}"#).unwrap()[0].1,
            "-9007199254740991"
        );
    }

    #[test]
    fn finds_every_invalid_header_parameter() {
        for mark in
            ["\"\"", "{}", "[]", "null", "1", "\"a b\"", "\"a:b\"", "\"\u{e9}\"", "\"a\\t\""]
        {
            let schema = property(&format!(r#"{{"type":"string","x-mcp-header":{mark}}}"#));
            assert!(parse(&schema).is_err(), "{mark}");
        }
        for kind in ["\"number\"", "\"object\"", "\"array\"", "\"null\"", "[\"string\"]"] {
            let schema = property(&format!(r#"{{"type":{kind},"x-mcp-header":"A"}}"#));
            assert!(parse(&schema).is_err(), "{kind}");
        }
        assert!(parse(&property(r#"{"x-mcp-header":"A"}"#)).is_err());
        assert!(parse(r#"{"type":"string","x-mcp-header":"A"}"#).is_err(), "the root");
        let twice = r#"{"properties":{"a":{"type":"string","x-mcp-header":"X"},
            "b":{"properties":{"c":{"type":"string","x-mcp-header":"x"}}}}}"#;
        assert!(parse(twice).is_err());
        let mark = r#"{"type":"string","x-mcp-header":"A"}"#;
        for keyword in ["items", "not", "if", "additionalProperties"] {
            assert!(parse(&property(&format!("{{\"{keyword}\":{mark}}}"))).is_err(), "{keyword}");
        }
        for keyword in ["oneOf", "anyOf", "allOf", "prefixItems"] {
            assert!(parse(&format!("{{\"{keyword}\":[{mark}]}}")).is_err(), "{keyword}");
        }
        assert!(
            parse(&format!("{{\"$defs\":{{\"d\":{{\"properties\":{{\"x\":{mark}}}}}}}}}")).is_err()
        );
    }

    #[test]
    fn finds_the_keyword_with_escapes() {
        for name in ["\\u0078-mcp-header", "x\\u002dmcp-header", "x-mcp-heade\\u0072"] {
            let schema = property(&format!(r#"{{"type":"string","{name}":"A"}}"#));
            assert_eq!(parse(&schema).unwrap().len(), 1, "{name}");
        }
    }

    #[test]
    fn ignores_a_property_of_that_name_and_data() {
        let schema = r#"{"properties":{"x-mcp-header":{"type":"number"},
            "a":{"const":{"x-mcp-header":1},"default":{"x-mcp-header":1},"enum":[{"x-mcp-header":1}]}}}"#;
        assert_eq!(parse(schema).unwrap(), []);
        assert_eq!(parse("[").unwrap(), []);
    }
}
