//! The payload of a result: what the caller asked for, such as the contents of a
//! tool or the items of a list.
//!
//! A payload of another type than the specification's is taken as what it
//! plainly means, or it is an error. It is never an empty success: the tool may
//! have done its work, and the caller would see nothing. Null counts as absent.
//! An item of another type concerns only itself, and stays in its list.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::protocol::item;
use crate::wire::jsonrpc::Answer;
use crate::wire::object::Members;

/// The member that holds the payload, by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payload {
    /// Contents, and `isError`.
    Tool,
    /// Contents of a resource.
    Contents,
    /// Messages, each with its contents.
    Messages,
    /// The items of a list.
    Items(&'static str),
    /// The values of a completion.
    Completion,
}

impl Payload {
    /// `None`: the method has no payload, or the library does not know it.
    fn of(method: &str) -> Option<Self> {
        Some(match method {
            "tools/call" | "tasks/result" => Self::Tool,
            "resources/read" => Self::Contents,
            "prompts/get" => Self::Messages,
            "completion/complete" => Self::Completion,
            _ => Self::Items(item::member_of(method)?),
        })
    }
}

/// Checks the payload of a result. The result is an object: another one is a
/// malformed response.
pub(crate) fn check(method: &str, answer: &Answer) -> Result<()> {
    let Some(payload) = Payload::of(method) else { return Ok(()) };
    match payload {
        Payload::Tool => {
            let [content, error_flag] = answer.members(["content", "isError"]);
            check_contents("content", content)?;
            check_error_flag(error_flag)?;
        }
        Payload::Contents => check_contents("contents", answer.member("contents"))?,
        // A text or an object where an array is due is one message.
        Payload::Messages => check_contents("messages", answer.member("messages"))?,
        Payload::Items(member) => check_items(member, answer.member(member))?,
        Payload::Completion => {
            completion_values(answer)?;
        }
    }
    Ok(())
}

/// A text or an object where an array is due is one content.
fn check_contents(name: &'static str, raw: Option<&str>) -> Result<()> {
    match raw {
        None | Some("null") => Ok(()),
        Some(raw) if raw.starts_with(['[', '{', '"']) => Ok(()),
        Some(raw) => Err(wrong(name, raw, "an array of contents")),
    }
}

fn check_error_flag(raw: Option<&str>) -> Result<()> {
    match raw {
        None | Some("false" | "true") => Ok(()),
        Some(raw) if is_set(raw).is_some() => Ok(()),
        Some(raw) => Err(wrong("isError", raw, "true or false")),
    }
}

/// Some languages write an empty array as `{}`.
fn check_items(name: &'static str, raw: Option<&str>) -> Result<()> {
    match raw {
        None | Some("null") => Ok(()),
        Some(raw) if raw.starts_with('[') || is_empty_object(raw) => Ok(()),
        Some(raw) => Err(wrong(name, raw, "an array")),
    }
}

/// The values of a completion, as JSON. A text is one value. A server may leave
/// out `completion` and give the values in its place, or beside it.
pub(crate) fn completion_values(answer: &Answer) -> Result<Vec<Cow<'_, str>>> {
    let values = match answer.member("completion") {
        None | Some("null") => answer.member("values"),
        Some(object) if object.starts_with('{') => {
            Members::parse(object).ok().and_then(|inner| inner.get("values")).map(RawValue::get)
        }
        Some(values) if values.starts_with('[') => Some(values),
        Some(other) => return Err(wrong("completion", other, "an object")),
    };
    match values {
        None | Some("null") => Ok(Vec::new()),
        Some(text) if text.starts_with('"') => Ok(vec![text.into()]),
        Some(all) if all.starts_with('[') => {
            let all: Vec<&RawValue> = serde_json::from_str(all).unwrap_or_default();
            let is_plain = |raw: &&str| !(*raw == "null" || raw.starts_with(['[', '{']));
            Ok(all.into_iter().map(RawValue::get).filter(is_plain).map(Cow::from).collect())
        }
        Some(other) if is_empty_object(other) => Ok(Vec::new()),
        Some(other) => Err(wrong("values", other, "an array of strings")),
    }
}

/// What a flag says: a boolean, its name as a text, 1 or 0. `None`: it is of
/// another type. Null counts as absent, which is false.
pub(crate) fn is_set(raw: &str) -> Option<bool> {
    match raw {
        "true" => return Some(true),
        "false" | "null" => return Some(false),
        _ => {}
    }
    match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
        Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Some(_) => None,
        None => match raw.parse::<f64>().ok()? {
            1.0 => Some(true),
            0.0 => Some(false),
            _ => None,
        },
    }
}

/// The cursor of the next page as JSON, in the type in which it came. An empty
/// text is a cursor, null is none.
pub(crate) fn next_cursor(page: &Answer) -> Option<&str> {
    page.member("nextCursor").filter(|next| *next != "null")
}

pub(crate) fn is_empty_object(raw: &str) -> bool {
    let inner = raw.strip_prefix('{').and_then(|raw| raw.strip_suffix('}'));
    inner.is_some_and(|inner| inner.trim_ascii().is_empty())
}

#[cold]
fn wrong(name: &str, raw: &str, wanted: &str) -> Error {
    let kind = match raw.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    Error::protocol(format!(
        "the server sent a malformed result: its \"{name}\" is {kind}, not {wanted}: {}",
        quote(raw)
    ))
    // The request was run: its result is here.
    .with_may_have_run(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;

    fn checked(method: &str, result: &str) -> Result<()> {
        check(method, &Answer::whole(result.to_owned()))
    }

    /// Methods with the member of their payload.
    const CONTENTS: [(&str, &str); 4] = [
        ("tools/call", "content"),
        ("tasks/result", "content"),
        ("resources/read", "contents"),
        ("prompts/get", "messages"),
    ];
    const LISTS: [(&str, &str); 6] = [
        ("tools/list", "tools"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
        ("skills/list", "skills"),
        ("tasks/list", "tasks"),
    ];

    #[test]
    fn takes_what_is_plainly_meant() {
        for (method, member) in CONTENTS {
            for value in ["[]", "null", r#""Oslo""#, "{}", r#"{"type":"text"}"#, "[1,null,\"x\"]"] {
                let result = format!(r#"{{"{member}":{value}}}"#);
                assert!(checked(method, &result).is_ok(), "{method} {result}");
            }
            assert!(checked(method, "{}").is_ok());
        }
        for (method, member) in LISTS {
            for value in ["[]", "null", "{ }", "[null,{},7]"] {
                let result = format!(r#"{{"{member}":{value}}}"#);
                assert!(checked(method, &result).is_ok(), "{method} {result}");
            }
        }
        // The library does not know what the others answer.
        for method in ["ping", "acme/x", "logging/setLevel"] {
            assert!(checked(method, r#"{"content":7,"tools":7,"isError":[]}"#).is_ok(), "{method}");
        }
    }

    #[test]
    fn names_the_member_and_the_type_of_what_means_nothing() {
        let fails = |method: &str, result: &str, words: &str| {
            let error = checked(method, result).unwrap_err();
            assert_eq!(error.status(), Status::Protocol);
            assert!(error.message().contains(words), "{method} {result}: {}", error.message());
            assert!(error.may_have_run());
        };
        for (method, member) in CONTENTS {
            for (value, kind) in [("7", "a number"), ("true", "a boolean")] {
                let words = format!("its \"{member}\" is {kind}, not an array");
                fails(method, &format!(r#"{{"{member}":{value}}}"#), &words);
            }
        }
        for (method, member) in LISTS {
            for (value, kind) in [
                ("7", "a number"),
                ("\"x\"", "a string"),
                ("false", "a boolean"),
                (r#"{"a":{}}"#, "an object"),
            ] {
                let words = format!("its \"{member}\" is {kind}, not an array");
                fails(method, &format!(r#"{{"{member}":{value}}}"#), &words);
            }
        }
        for flag in ["\"yes\"", "2", "[]", "{}", "\"1\""] {
            fails("tools/call", &format!(r#"{{"isError":{flag}}}"#), "its \"isError\" is ");
        }
        for (value, name) in [
            ("7", "completion"),
            ("\"x\"", "completion"),
            (r#"{"values":7}"#, "values"),
            (r#"{"values":{"a":1}}"#, "values"),
        ] {
            let result = format!(r#"{{"completion":{value}}}"#);
            fails("completion/complete", &result, &format!("its \"{name}\" is"));
        }
    }

    #[test]
    fn reads_the_flag_in_each_form() {
        for (raw, flag) in [
            ("true", Some(true)),
            ("\"true\"", Some(true)),
            ("\"True\"", Some(true)),
            ("1", Some(true)),
            ("1.0", Some(true)),
            ("false", Some(false)),
            ("\"false\"", Some(false)),
            ("0", Some(false)),
            ("null", Some(false)),
            ("\"yes\"", None),
            ("-1", None),
            ("[]", None),
        ] {
            assert_eq!(is_set(raw), flag, "{raw}");
        }
    }

    #[test]
    fn reads_the_values_of_a_completion() {
        for (result, values) in [
            (r#"{"completion":{"values":["a","b"]}}"#, &["\"a\"", "\"b\""] as &[&str]),
            (r#"{"completion":{"values":["a",1,true,null,[],{}]}}"#, &["\"a\"", "1", "true"]),
            (r#"{"completion":{"values":"a"}}"#, &["\"a\""]),
            (r#"{"completion":["a"]}"#, &["\"a\""]),
            (r#"{"values":["a"]}"#, &["\"a\""]),
            (r#"{"completion":{"values":{}}}"#, &[]),
            (r#"{"completion":{"values":null}}"#, &[]),
            (r#"{"completion":null}"#, &[]),
            ("{}", &[]),
        ] {
            let answer = Answer::whole(result.to_owned());
            assert_eq!(completion_values(&answer).unwrap(), values, "{result}");
        }
    }

    #[test]
    fn keeps_the_type_of_a_cursor() {
        for (result, cursor) in [
            (r#"{"nextCursor":""}"#, Some("\"\"")),
            (r#"{"nextCursor":2}"#, Some("2")),
            (r#"{"nextCursor":{"a": 1}}"#, Some(r#"{"a": 1}"#)),
            (r#"{"nextCursor":false}"#, Some("false")),
            (r#"{"nextCursor":null}"#, None),
            ("{}", None),
        ] {
            assert_eq!(next_cursor(&Answer::whole(result.to_owned())), cursor);
        }
    }
}
