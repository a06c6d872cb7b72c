//! The forms of elicitation: a flat schema, its default values, and the check of
//! an answer against it.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;
use serde_json::{Number, Value};

use crate::base::error::{Error, Result, quote};
use crate::wire::json_members;
use crate::wire::object::Members;

/// Checks the answer to a form and adds the default values of absent fields.
///
/// The values and their order are those of the application. The defaults follow
/// in the order of the schema. Unknown keywords of a schema are ignored, because
/// the server checks the answer as well.
pub(crate) fn fill(schema: &str, content: &str) -> Result<String> {
    let content: &RawValue = serde_json::from_str(content)
        .map_err(|error| Error::argument(format!("the content is not JSON: {error}")))?;
    if !content.get().starts_with('{') {
        return Err(Error::argument("the content is JSON, but not an object"));
    }
    let content = members(content.get());
    let schema = members(schema);
    let fields = schema.get("properties").map(|fields| members(fields.get())).unwrap_or_default();
    // JSON parsers take the last one of several members with the same name.
    let last: HashMap<&str, &RawValue> =
        fields.0.iter().map(|(name, field)| (name.as_ref(), *field)).collect();
    let mut given = HashSet::new();
    let filled = json_members::try_object(|json| {
        for (name, value) in &content.0 {
            let field = last.get(name.as_ref()).ok_or_else(|| unknown(name, &fields))?;
            if !given.insert(name.as_ref()) {
                return Err(wrong(name, "is there twice"));
            }
            check(name, &parsed(field.get()), &parsed(value.get()))?;
            json.named(name, value.get());
        }
        for (name, _) in &fields.0 {
            let Some(field) = last.get(name.as_ref()) else { continue };
            let default = members(field.get()).get("default");
            let default = default.filter(|value| value.get() != "null");
            let Some(default) = default.filter(|_| given.insert(name.as_ref())) else { continue };
            check(name, &parsed(field.get()), &parsed(default.get())).map_err(|error| {
                let why = ", which its default in the form is not; give it a value";
                Error::argument(format!("{}{why}", error.message()))
            })?;
            json.named(name, default.get());
        }
        Ok(())
    })?;
    let required: Vec<String> = schema
        .get("required")
        .and_then(|names| serde_json::from_str(names.get()).ok())
        .unwrap_or_default();
    match required.iter().find(|name| !given.contains(name.as_str())) {
        Some(name) => Err(wrong(name, "is required and has no default")),
        None => Ok(filled),
    }
}

fn members(object: &str) -> Members<'_> {
    Members::parse(object).unwrap_or_default()
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or(Value::Null)
}

fn unknown(name: &str, fields: &Members<'_>) -> Error {
    let known = some_of(fields.0.iter().map(|(name, _)| &**name));
    Error::argument(format!("the form has no field \"{}\"; its fields are: {known}", quote(name)))
}

/// The first names of a list, for an error message.
fn some_of<'a>(mut names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let mut shown: Vec<String> =
        names.by_ref().take(MOST).map(|name| format!("\"{}\"", quote(name))).collect();
    match (shown.is_empty(), names.len()) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => {
            shown.push(format!("and {more} more"));
            shown.join(", ")
        }
    }
}

fn wrong(name: &str, what: &str) -> Error {
    Error::argument(format!("field \"{}\" {what}", quote(name)))
}

fn check(name: &str, field: &Value, value: &Value) -> Result<()> {
    match field.get("type").and_then(Value::as_str) {
        Some("string") => match value {
            Value::String(text) => check_text(name, field, text),
            _ => Err(wrong(name, "has to be a string")),
        },
        Some("number") => match value {
            Value::Number(number) => check_number(name, field, number),
            _ => Err(wrong(name, "has to be a number")),
        },
        Some("integer") => match value {
            Value::Number(number) if is_integer(number) => check_number(name, field, number),
            _ => Err(wrong(name, "has to be an integer")),
        },
        Some("boolean") => match value {
            Value::Bool(_) => check_constants(name, field, value),
            _ => Err(wrong(name, "has to be true or false")),
        },
        Some("array") => match value {
            Value::Array(chosen) => check_choices(name, field, chosen),
            _ => Err(wrong(name, "has to be an array")),
        },
        _ => check_constants(name, field, value),
    }
}

/// Checks a value that is not a string against the `enum`, if there is one.
fn check_constants(name: &str, field: &Value, value: &Value) -> Result<()> {
    let Some(all) = field.get("enum").and_then(Value::as_array) else { return Ok(()) };
    let is_same = |one: &Value| match (one, value) {
        // 1 and 1.0 are the same number.
        (Value::Number(one), Value::Number(value)) => {
            one == value || one.as_f64() == value.as_f64()
        }
        _ => one == value,
    };
    if all.iter().any(is_same) {
        return Ok(());
    }
    let all: Vec<String> = all.iter().map(Value::to_string).collect();
    Err(wrong(name, &format!("has to be one of {}", quote(&all.join(", ")))))
}

fn check_text(name: &str, field: &Value, text: &str) -> Result<()> {
    if let Some(choices) = choices(field) {
        return check_choice(name, &choices, text);
    }
    let length = text.chars().count() as u64;
    let bound = |keyword: &str| field.get(keyword).and_then(Value::as_u64);
    if let Some(least) = bound("minLength").filter(|least| length < *least) {
        return Err(wrong(name, &format!("has to have at least {least} characters")));
    }
    if let Some(most) = bound("maxLength").filter(|most| length > *most) {
        return Err(wrong(name, &format!("may have at most {most} characters")));
    }
    let is_right = match field.get("format").and_then(Value::as_str) {
        Some("email") => is_email(text),
        Some("uri") => is_uri(text),
        Some("date") => is_date(text),
        Some("date-time") => is_date_time(text),
        _ => true,
    };
    if is_right {
        return Ok(());
    }
    let format = field.get("format").and_then(Value::as_str).unwrap_or_default();
    Err(wrong(name, &format!("has to be of the format {format}")))
}

fn check_number(name: &str, field: &Value, number: &Number) -> Result<()> {
    let value = number.as_f64().unwrap_or(f64::NAN);
    let bound = |keyword: &str| field.get(keyword).and_then(Value::as_number);
    let float = |bound: &&Number| bound.as_f64().unwrap_or(f64::NAN);
    if let Some(least) = bound("minimum").filter(|least| value < float(least)) {
        return Err(wrong(name, &format!("has to be at least {least}")));
    }
    if let Some(most) = bound("maximum").filter(|most| value > float(most)) {
        return Err(wrong(name, &format!("may be at most {most}")));
    }
    check_constants(name, field, &Value::Number(number.clone()))
}

fn check_choices(name: &str, field: &Value, chosen: &[Value]) -> Result<()> {
    let count = chosen.len() as u64;
    let bound = |keyword: &str| field.get(keyword).and_then(Value::as_u64);
    if let Some(least) = bound("minItems").filter(|least| count < *least) {
        return Err(wrong(name, &format!("has to have at least {least} choices")));
    }
    if let Some(most) = bound("maxItems").filter(|most| count > *most) {
        return Err(wrong(name, &format!("may have at most {most} choices")));
    }
    let choices = field.get("items").and_then(choices);
    let known: HashSet<&str> = choices.iter().flatten().copied().collect();
    for choice in chosen {
        match (choice, &choices) {
            (Value::String(text), Some(_)) if known.contains(text.as_str()) => {}
            (Value::String(text), Some(choices)) => check_choice(name, choices, text)?,
            (Value::String(_), None) => {}
            _ => return Err(wrong(name, "has to be an array of strings")),
        }
    }
    Ok(())
}

fn check_choice(name: &str, choices: &[&str], text: &str) -> Result<()> {
    if choices.contains(&text) {
        return Ok(());
    }
    let all = some_of(choices.iter().copied());
    Err(wrong(name, &format!("has to be one of {all}")))
}

/// The choices, in each of the forms that a schema can have.
fn choices(field: &Value) -> Option<Vec<&str>> {
    if let Some(all) = field.get("enum").and_then(Value::as_array) {
        return Some(all.iter().filter_map(Value::as_str).collect());
    }
    let titled = field.get("oneOf").or_else(|| field.get("anyOf"))?.as_array()?;
    // It is a choice only if every schema is a constant.
    titled.iter().map(|one| one.get("const").and_then(Value::as_str)).collect()
}

fn is_integer(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

fn is_email(text: &str) -> bool {
    match text.rsplit_once('@') {
        Some((user, host)) => {
            !user.is_empty()
                && !host.is_empty()
                && !host.starts_with('.')
                && !host.ends_with('.')
                && !text.chars().any(|one| one.is_whitespace() || one.is_control())
        }
        None => false,
    }
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !rest.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A day of the calendar, such as `2025-11-25`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

/// RFC 3339: `2025-11-25T10:00:00.5Z`, or with an offset from UTC.
fn is_date_time(text: &str) -> bool {
    let Some((date, rest)) = text.split_once(['T', 't', ' ']) else { return false };
    let (time, is_zoned) = match rest.strip_suffix(['Z', 'z']) {
        Some(time) => (time, true),
        None => match rest.rsplit_once(['+', '-']) {
            Some((time, zone)) => {
                let zoned = zone.split_once(':').is_some_and(|(hour, minute)| {
                    digits(hour, 2).is_some_and(|hour| hour < 24)
                        && digits(minute, 2).is_some_and(|minute| minute < 60)
                });
                (time, zoned)
            }
            None => return false,
        },
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let parts: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return false };
    is_date(date)
        && is_zoned
        && digits(hour, 2).is_some_and(|hour| hour < 24)
        && digits(minute, 2).is_some_and(|minute| minute < 60)
        && digits(second, 2).is_some_and(|second| second <= 60)
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

fn digits(text: &str, length: usize) -> Option<u32> {
    if text.len() != length || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::assert_linear;

    const ALL: &str = r#"{"type":"object","required":["name"],"properties":{
        "name":{"type":"string","default":"John Doe","minLength":2,"maxLength":8},
        "age":{"type":"integer","default":30,"minimum":0,"maximum":150},
        "score":{"type":"number","default":95.5},
        "status":{"type":"string","enum":["active","inactive"],"enumNames":["A"],"default":"active"},
        "plan":{"type":"string","oneOf":[{"const":"f","title":"Free"},{"const":"p","title":"Pro"}]},
        "tags":{"type":"array","items":{"type":"string","enum":["a","b"]},"minItems":1,"maxItems":2,
                "default":["a"]},
        "teams":{"type":"array","items":{"anyOf":[{"const":"x","title":"X"}]}},
        "verified":{"type":"boolean","default":true}}}"#;

    #[test]
    fn names_a_bounded_number_of_fields_and_choices() {
        let names: Vec<String> = (0..5000).map(|number| format!("\"f{number}\"")).collect();
        let fields: Vec<String> =
            names.iter().map(|name| format!("{name}:{{\"type\":\"string\"}}")).collect();
        let schema = format!("{{\"properties\":{{{}}}}}", fields.join(","));
        let error = fill(&schema, "{\"zzz\":1}").unwrap_err();
        assert!(error.message().len() < 1000 && error.message().contains("and 4980 more"));
        let schema = format!(
            "{{\"properties\":{{\"a\":{{\"type\":\"string\",\"enum\":[{}]}}}}}}",
            names.join(",")
        );
        let error = fill(&schema, "{\"a\":\"x\"}").unwrap_err();
        assert!(error.message().len() < 1000 && error.message().contains("and 4980 more"));
    }

    #[test]
    fn adds_every_default_with_its_type() {
        let filled: Value = serde_json::from_str(&fill(ALL, "{}").unwrap()).unwrap();
        let expected: Value = serde_json::from_str(
            r#"{"name":"John Doe","age":30,"score":95.5,"status":"active","tags":["a"],
                "verified":true}"#,
        )
        .unwrap();
        assert_eq!(filled, expected);
        assert!(fill(ALL, "{}").unwrap().contains("\"age\":30"));
        let filled = fill(ALL, r#"{"age":7,"plan":"p","teams":["x"]}"#).unwrap();
        assert!(filled.contains("\"age\":7") && filled.contains("\"plan\":\"p\""));
    }

    #[test]
    fn names_the_wrong_field_and_the_allowed_values() {
        for (content, words) in [
            ("[]", "not an object"),
            ("{", "not JSON"),
            (r#"{"x":1}"#, "no field \"x\""),
            (r#"{"name":1}"#, "a string"),
            (r#"{"name":"é"}"#, "at least 2 characters"),
            (r#"{"name":"ééééééééé"}"#, "at most 8 characters"),
            (r#"{"age":1.5}"#, "an integer"),
            (r#"{"age":-1}"#, "at least 0"),
            (r#"{"age":151}"#, "at most 150"),
            (r#"{"age":null}"#, "an integer"),
            (r#"{"score":"1"}"#, "a number"),
            (r#"{"status":"A"}"#, "one of \"active\", \"inactive\""),
            (r#"{"plan":"Free"}"#, "one of \"f\", \"p\""),
            (r#"{"tags":[]}"#, "at least 1"),
            (r#"{"tags":["a","b","a"]}"#, "at most 2"),
            (r#"{"tags":["c"]}"#, "one of \"a\", \"b\""),
            (r#"{"tags":[1]}"#, "strings"),
            (r#"{"tags":"a"}"#, "an array"),
            (r#"{"teams":["X"]}"#, "one of \"x\""),
            (r#"{"verified":"true"}"#, "true or false"),
        ] {
            let error = fill(ALL, content).unwrap_err();
            assert!(error.message().contains(words), "{content}: {}", error.message());
        }
        let required = r#"{"properties":{"a":{"type":"string"}},"required":["a"]}"#;
        assert!(fill(required, "{}").unwrap_err().message().contains("required"));
    }

    #[test]
    fn keeps_the_values_of_the_application_and_their_order() {
        let schema = r#"{"properties":{
            "a":{"type":"number"},"b":{"type":"number","default":2.50},"c":{"type":"string"},
            "d":{"type":"array","items":{"type":"string"},"default":[ "x" ]}}}"#;
        let content = r#" {"c":"\u00e9\/","a":12345678901234567890.10} "#;
        assert_eq!(
            fill(schema, content).unwrap(),
            r#"{"c":"\u00e9\/","a":12345678901234567890.10,"b":2.50,"d":[ "x" ]}"#
        );
        let error = fill(schema, r#"{"a":1,"\u0061":2}"#).unwrap_err();
        assert!(error.message().contains("field \"a\" is there twice"), "{}", error.message());
    }

    #[test]
    fn takes_the_last_field_of_a_name_and_its_default() {
        let schema = r#"{"properties":{
            "c":{"type":"string","default":"x"},"b":{"type":"integer","default":1},
            "c":{"type":"boolean","default":true},"b":{"type":"integer"}}}"#;
        assert_eq!(fill(schema, "{}").unwrap(), r#"{"c":true}"#);
        assert_eq!(fill(schema, r#"{"c":false}"#).unwrap(), r#"{"c":false}"#);
    }

    #[test]
    fn fills_a_form_of_very_many_fields_in_linear_time() {
        let schema = |count: usize| {
            let fields: Vec<String> =
                (0..count).map(|at| format!("\"{at}\":{{\"default\":{at}}}")).collect();
            format!("{{\"properties\":{{{}}}}}", fields.join(","))
        };
        assert_linear("filling a form", 32_000, schema, |schema| {
            let filled = fill(schema, "{}").unwrap();
            assert!(fill(schema, &filled).unwrap() == filled);
        });
    }

    #[test]
    fn checks_the_constants_of_every_type() {
        let schema = r#"{"properties":{"n":{"type":"number","enum":[1,2.5]},
            "i":{"type":"integer","enum":[1]},"b":{"type":"boolean","enum":[true]},
            "x":{"enum":["a",null,7]}}}"#;
        for right in [
            r#"{"n":1}"#,
            r#"{"n":1.0,"i":1}"#,
            r#"{"n":2.5,"b":true}"#,
            r#"{"x":null}"#,
            r#"{"x":"a"}"#,
            r#"{"x":7.0}"#,
        ] {
            assert!(fill(schema, right).is_ok(), "{right}");
        }
        for wrong in [r#"{"n":7}"#, r#"{"i":2}"#, r#"{"b":false}"#, r#"{"x":"b"}"#] {
            let error = fill(schema, wrong).unwrap_err();
            assert!(error.message().contains("has to be one of"), "{wrong}: {}", error.message());
        }
    }

    #[test]
    fn sends_no_default_that_does_not_fit() {
        for field in [
            r#""type":"string","enum":["a","b"],"default":"zzz""#,
            r#""type":"array","items":{"type":"string","enum":["x"]},"default":["q"]"#,
            r#""type":"integer","default":1.5"#,
            r#""type":"number","maximum":3,"default":4"#,
            r#""type":"string","maxLength":2,"default":"abc""#,
            r#""type":"boolean","default":"true""#,
        ] {
            let schema = format!("{{\"properties\":{{\"f\":{{{field}}}}}}}");
            let error = fill(&schema, "{}").unwrap_err();
            let says = |words: &str| error.message().contains(words);
            assert!(says("field \"f\"") && says("default"), "{field}: {}", error.message());
        }
        // A value that the application gives in its place is sent.
        let schema = r#"{"properties":{"f":{"type":"integer","default":1.5}}}"#;
        assert_eq!(fill(schema, r#"{"f":2}"#).unwrap(), r#"{"f":2}"#);
    }

    #[test]
    fn knows_the_formats() {
        let of = |format: &str, text: &str| {
            let schema =
                format!(r#"{{"properties":{{"a":{{"type":"string","format":"{format}"}}}}}}"#);
            fill(&schema, &format!("{{\"a\":\"{text}\"}}")).is_ok()
        };
        for (format, right, wrong) in [
            ("email", vec!["a@b.c", "a+b@localhost"], vec!["", "a", "@b", "a@", "a b@c"]),
            ("uri", vec!["https://a.b/c?d", "urn:x:y"], vec!["", "a b", "//x", "1a:b", "a:"]),
            ("date", vec!["2024-02-29"], vec!["2023-02-29", "2024-13-01", "24-01-01", "2024-1-1"]),
            (
                "date-time",
                vec!["2025-11-25T10:00:00Z", "2025-11-25T10:00:00.25+01:30"],
                vec!["2025-11-25", "2025-11-25T10:00:00", "2025-11-25T25:00:00Z"],
            ),
            ("other", vec!["anything"], vec![]),
        ] {
            assert!(right.iter().all(|text| of(format, text)), "{format} {right:?}");
            assert!(!wrong.iter().any(|text| of(format, text)), "{format} {wrong:?}");
        }
    }

    #[test]
    fn ignores_unknown_keywords() {
        let schema =
            r#"{"properties":{"a":{"$ref":"https://example.com/s.json"},"b":{"type":"x"}}}"#;
        assert!(fill(schema, r#"{"a":1,"b":{}}"#).is_ok());
        assert!(fill("null", "{}").is_ok());
    }
}
