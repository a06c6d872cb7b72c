//! JSON-RPC 2.0: the envelope of messages, over raw JSON.
//!
//! What is inside a result or an error's data is not looked at here.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::base::error::{Error, Result, Status, quote};

/// The id of a request, compared by type and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    Number(i64),
    Text(String),
    /// Absent or null: errors about what could not be read have it.
    None,
}

/// One message, borrowed from its text.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    Response { id: Id, outcome: Outcome<'a> },
    Request { id: &'a RawValue, method: Cow<'a, str>, params: Option<&'a RawValue> },
    Notification { method: Cow<'a, str>, params: Option<&'a RawValue> },
}

#[derive(Debug)]
pub(crate) enum Outcome<'a> {
    Result(&'a RawValue),
    Error(RpcError),
}

/// An error as the peer sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RpcError {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) data: Option<String>,
}

/// A result inside the text it came in, which is kept as it is.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    text: String,
    result: Range<usize>,
    is_of_marked_tools: bool,
}

impl Answer {
    /// The answer whose `result` was borrowed from `text` at `range`.
    pub(crate) fn new(text: String, result: Range<usize>) -> Self {
        Self { text, result, is_of_marked_tools: false }
    }

    /// A result that is a text of its own.
    pub(crate) fn whole(text: String) -> Self {
        let length = text.len();
        Self::new(text, 0..length)
    }

    /// The same, as a list of tools whose marked arguments go into headers.
    pub(crate) fn of_marked_tools(self) -> Self {
        Self { is_of_marked_tools: true, ..self }
    }

    pub(crate) fn is_of_marked_tools(&self) -> bool {
        self.is_of_marked_tools
    }

    /// The result as JSON text.
    pub(crate) fn json(&self) -> &str {
        self.text.get(self.result.clone()).unwrap_or_default()
    }
}

/// Borrowed unless it has escapes: in an `Option`, serde makes a `Cow` owned.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Text<'a>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ErrorMember<'a> {
    code: i64,
    #[serde(default)]
    message: Option<String>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Tells a member that is null from one that is absent.
fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// What has arrived as text, where it is.
pub(crate) fn utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        malformed(format!("it is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
    })
}

/// Reads one message; an error says what is wrong with it and where.
pub(crate) fn parse(text: &str) -> Result<Message<'_>> {
    check_nesting(text)?;
    let envelope: Envelope<'_> = serde_json::from_str(text)
        .map_err(|error| malformed(format!("{error} in \"{}\"", quote(text))))?;
    if envelope.jsonrpc.as_ref().map(|text| &*text.0) != Some("2.0") {
        return Err(malformed("its \"jsonrpc\" is not \"2.0\"".into()));
    }
    if let Some(Text(method)) = envelope.method {
        if envelope.result.is_some() || envelope.error.is_some() {
            return Err(malformed("it has a method and a result or an error".into()));
        }
        return Ok(match envelope.id {
            Some(id) if id.get() != "null" => {
                Message::Request { id: checked_id(id)?, method, params: envelope.params }
            }
            _ => Message::Notification { method, params: envelope.params },
        });
    }
    let id = envelope.id.map_or(Ok(Id::None), parse_id)?;
    let outcome = match (envelope.result, envelope.error) {
        (Some(result), None) if result.get().starts_with('{') => Outcome::Result(result),
        (Some(_), None) => return Err(malformed("its result is not an object".into())),
        (None, Some(error)) => Outcome::Error(parse_error(error)?),
        (None, None) => {
            return Err(malformed("it has neither a method, nor a result, nor an error".into()));
        }
        (Some(_), Some(_)) => return Err(malformed("it has a result and an error".into())),
    };
    Ok(Message::Response { id, outcome })
}

/// The most objects and arrays inside each other.
const NESTING: usize = 512;

/// Refuses what would be too deep for parsers that recurse, the program's
/// own among them.
fn check_nesting(text: &str) -> Result<()> {
    let bytes = text.as_bytes();
    // Most messages have fewer brackets than may stand inside each other.
    if memchr::memchr2_iter(b'{', b'[', bytes).nth(NESTING).is_none() {
        return Ok(());
    }
    let mut depth = 0usize;
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_string(after),
            b'{' | b'[' => {
                depth += 1;
                if depth > NESTING {
                    return Err(Error::new(
                        Status::TooLarge,
                        format!(
                            "the server sent a message with more than {NESTING} objects and \
                             arrays inside each other"
                        ),
                    ));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// What follows a string whose opening quote is behind.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let is_end = rest.get(at) == Some(&b'"');
        rest = rest.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
        if is_end {
            return rest;
        }
    }
    &[]
}

/// The messages of a batch, or `None` for what is none.
pub(crate) fn batch(text: &str) -> Option<Result<Vec<&RawValue>>> {
    if !text.trim_ascii_start().starts_with('[') {
        return None;
    }
    Some(match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(messages) if messages.is_empty() => Err(malformed("an empty batch".into())),
        Ok(messages) => Ok(messages),
        Err(error) => Err(malformed(format!("a batch that is no JSON array: {error}"))),
    })
}

/// Where `part` stands in `text`, from which it was borrowed.
pub(crate) fn place(text: &str, part: &RawValue) -> Range<usize> {
    let start = (part.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.get().len()
}

/// The error of a body that is one, whatever its id: how refusals look.
pub(crate) fn find_error(body: &[u8]) -> Option<(Id, RpcError)> {
    match parse(std::str::from_utf8(body).ok()?).ok()? {
        Message::Response { id, outcome: Outcome::Error(error) } => Some((id, error)),
        _ => None,
    }
}

/// Writes a JSON string with its quotes.
pub(crate) fn push_string(out: &mut String, text: &str) {
    // A text always serializes; an empty string would be malformed JSON.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned()));
}

fn checked_id(id: &RawValue) -> Result<&RawValue> {
    parse_id(id).map(|_| id)
}

fn parse_id(id: &RawValue) -> Result<Id> {
    let text = id.get();
    if text == "null" {
        return Ok(Id::None);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Id::Number(number));
    }
    if let Ok(text) = serde_json::from_str::<String>(text) {
        return Ok(Id::Text(text));
    }
    // Some peers write 1.0 for 1.
    match text.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 => {
            Ok(Id::Number(number as i64))
        }
        _ => Err(malformed("its id is neither a string nor an integer".into())),
    }
}

fn parse_error(error: &RawValue) -> Result<RpcError> {
    let member: ErrorMember<'_> = serde_json::from_str(error.get()).map_err(|problem| {
        malformed(format!("its error has no proper code and message ({problem})"))
    })?;
    Ok(RpcError {
        code: i32::try_from(member.code)
            .map_err(|_| malformed("its error code is out of range".into()))?,
        message: member.message.unwrap_or_default(),
        data: member.data.map(|data| data.get().to_owned()),
    })
}

fn malformed(what: String) -> Error {
    Error::protocol(format!("the server sent a malformed message: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(text: &str) -> (Id, std::result::Result<String, RpcError>) {
        match parse(text).unwrap() {
            Message::Response { id, outcome: Outcome::Result(result) } => {
                (id, Ok(result.get().to_owned()))
            }
            Message::Response { id, outcome: Outcome::Error(error) } => (id, Err(error)),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn tells_ids_by_type_and_value() {
        assert_eq!(response(r#"{"jsonrpc":"2.0","id":0,"result":{}}"#).0, Id::Number(0));
        assert_eq!(response(r#"{"id":1.0,"result":{},"jsonrpc":"2.0"}"#).0, Id::Number(1));
        assert_eq!(response(r#"{"jsonrpc":"2.0","id":"1","result":{}}"#).0, Id::Text("1".into()));
        assert_eq!(response(r#"{"jsonrpc":"2.0","id":"","result":{}}"#).0, Id::Text("".into()));
        assert_eq!(
            response(r#"{"jsonrpc":"2.0","id":null,"error":{"code":0,"message":""}}"#),
            (Id::None, Err(RpcError { code: 0, message: "".into(), data: None }))
        );
    }

    #[test]
    fn finds_the_result_in_the_text_that_is_kept() {
        let text = r#" {"jsonrpc":"2.0","id":1,"result":{"a":[1]}} "#;
        let Message::Response { outcome: Outcome::Result(result), .. } = parse(text).unwrap()
        else {
            unreachable!()
        };
        let range = place(text, result);
        assert_eq!(Answer::new(text.to_owned(), range).json(), r#"{"a":[1]}"#);
    }

    #[test]
    fn tells_requests_from_notifications() {
        let request = parse(r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#).unwrap();
        assert!(matches!(request, Message::Request { id, params: None, .. } if id.get() == "0"));
        let note = parse(r#"{"method":"notifications/x","params":{},"jsonrpc":"2.0"}"#).unwrap();
        assert!(
            matches!(note, Message::Notification { method, params: Some(_) } if method == "notifications/x")
        );
    }

    #[test]
    fn says_what_is_wrong_with_a_message() {
        for (text, words) in [
            ("{\"jsonrpc\":\"2.0\",\"id\":1}", "neither"),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
                "and an error",
            ),
            (r#"{"jsonrpc":"2.0","id":[1],"result":{}}"#, "id is neither"),
            (r#"{"jsonrpc":"2.0","id":1.5,"result":{}}"#, "id is neither"),
            (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "not an object"),
            (r#"{"jsonrpc":"1.0","id":1,"result":{}}"#, "jsonrpc"),
            (r#"{"jsonrpc":"2.0","id":1,"error":"no"}"#, "error has no"),
            (r#"[]"#, "malformed"),
            ("<html>", "malformed"),
            ("", "malformed"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message().contains(words), "{}", error.message());
        }
    }

    #[test]
    fn refuses_every_prefix_of_a_message_without_a_panic() {
        let text = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"é","data":{"a":1}}}"#;
        for end in 0..text.len() {
            assert!(text.get(..end).is_none_or(|cut| parse(cut).is_err()), "cut at byte {end}");
        }
    }

    #[test]
    fn says_where_a_text_is_none() {
        let error = utf8(b"{\"jsonrpc\":\"\xff\"}".to_vec()).unwrap_err();
        assert!(error.message().contains("not UTF-8 at byte 12"));
    }

    #[test]
    fn bounds_the_nesting_but_not_what_stands_in_strings() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"a\":{open}{close}}}}}")
        };
        assert!(parse(&nested(NESTING - 2)).is_ok());
        let error = parse(&nested(NESTING - 1)).unwrap_err();
        assert_eq!(error.status(), Status::TooLarge);
        assert!(error.message().contains("512"));
        let text = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"a\":\"\\\"{}\"}}}}",
            "[".repeat(NESTING * 2)
        );
        assert!(parse(&text).is_ok());
    }

    #[test]
    fn takes_a_batch_apart() {
        assert!(batch("{}").is_none());
        assert!(batch(" [] ").unwrap().is_err() && batch("[{}").unwrap().is_err());
        let parts = batch(" [{\"a\":1}, 2]").unwrap().unwrap();
        assert_eq!(parts.iter().map(|part| part.get()).collect::<Vec<_>>(), ["{\"a\":1}", "2"]);
    }

    #[test]
    fn escapes_strings() {
        let mut out = String::new();
        push_string(&mut out, "a\"\\\n\u{1}é");
        assert_eq!(out, "\"a\\\"\\\\\\n\\u0001é\"");
    }
}
