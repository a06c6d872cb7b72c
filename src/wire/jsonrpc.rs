//! JSON-RPC 2.0: the envelope of messages, over raw JSON.
//!
//! The content of a result or of an error's data is not read here.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::platform::{text_of, text_of_parts};
use crate::wire::json_number::{decimal, integer};
use crate::wire::json_string::{plain_text, unescape};
use crate::wire::object::Members;
use crate::wire::outline::BYTE_ORDER_MARK;
use crate::wire::tape::{Place, Tape};

mod ended_texts;

/// The member that every message begins with.
pub(crate) const JSONRPC: &str = "\"jsonrpc\":\"2.0\"";

/// The id of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    /// An integer, or a string of its digits: some servers turn ids into
    /// strings, and the ids of this library are integers.
    Number(i64),
    Text(String),
    /// Absent or null, as in an error about a message that could not be parsed.
    None,
    /// A value that no id can have.
    Other,
}

/// One message, borrowed from its text.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    Response {
        id: Id,
        outcome: ResponseBody,
    },
    /// The id and the params as JSON text.
    Request {
        id: &'a str,
        method: Cow<'a, str>,
        params: Option<&'a str>,
    },
    Notification {
        method: Cow<'a, str>,
        params: Option<&'a str>,
    },
}

#[derive(Debug)]
pub(crate) enum ResponseBody {
    /// The place of the result in the message.
    Result(Place),
    Error(RpcError),
}

/// An error as the peer sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RpcError {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) data: Option<String>,
}

/// A result inside the text of its message. The text is not copied.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    text: String,
    /// The position in the text at which the message begins.
    start: usize,
    /// The values of the message.
    tape: Tape,
    result: Place,
    is_of_marked_tools: bool,
    /// The error that the caller gets beside the result.
    mismatch: Option<Error>,
    is_wrapped: bool,
    /// Whether the message has NULs in place of quotes.
    has_ended_texts: bool,
}

/// The depth of a message's tape: message, result, list, item, and the members
/// of the item.
const LEVELS: usize = 4;

impl Answer {
    /// The result at a place of the message that begins at `start`.
    pub(crate) fn new(text: String, start: usize, tape: Tape, result: Place) -> Self {
        Self {
            text,
            start,
            tape,
            result,
            is_of_marked_tools: false,
            mismatch: None,
            is_wrapped: false,
            has_ended_texts: false,
        }
    }

    /// A result that is a whole text. If the text is not JSON, it has no
    /// members.
    pub(crate) fn whole(text: String) -> Self {
        let tape = Tape::read(&text, LEVELS - 1).unwrap_or_default();
        Self::new(text, 0, tape, 0)
    }

    /// Marks the result as a list of tools in a revision with header
    /// parameters.
    pub(crate) fn of_marked_tools(self) -> Self {
        Self { is_of_marked_tools: true, ..self }
    }

    pub(crate) fn is_of_marked_tools(&self) -> bool {
        self.is_of_marked_tools
    }

    /// Adds the error that the caller gets beside the result.
    pub(crate) fn with_mismatch(self, mismatch: Option<Error>) -> Self {
        Self { mismatch, ..self }
    }

    pub(crate) fn mismatch(&self) -> Option<&Error> {
        self.mismatch.as_ref()
    }

    /// Marks the structured content as an object that only holds the result.
    pub(crate) fn wrapped(self, is_wrapped: bool) -> Self {
        Self { is_wrapped, ..self }
    }

    pub(crate) fn is_wrapped(&self) -> bool {
        self.is_wrapped
    }

    /// The text that the places of [`Answer::tape`] refer to.
    #[inline(always)]
    pub(crate) fn message(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    #[inline(always)]
    pub(crate) fn tape(&self) -> &Tape {
        &self.tape
    }

    /// The place of the result.
    #[inline(always)]
    pub(crate) fn place(&self) -> Place {
        self.result
    }

    /// The result as JSON text.
    pub(crate) fn json(&self) -> &str {
        self.tape.text(self.message(), self.result)
    }

    /// A member of the result as JSON text.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        let text = self.message();
        self.tape.member(text, self.result, name).map(|place| self.tape.text(text, place))
    }

    /// The same for several members.
    pub(crate) fn members<const N: usize>(&self, names: [&str; N]) -> [Option<&str>; N] {
        let text = self.message();
        let places = self.tape.places(text, self.result, names);
        places.map(|place| place.map(|place| self.tape.text(text, place)))
    }
}

/// Bytes that arrived as text, without a copy. `start`: where the message
/// begins in them. An error comes with the bytes.
pub(crate) fn utf8(bytes: Vec<u8>, start: usize) -> std::result::Result<String, (Error, Vec<u8>)> {
    text_of(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to().saturating_sub(start);
        (malformed(format!("it is not UTF-8 at byte {at}")), error.into_bytes())
    })
}

/// A smaller message is in the processor's cache when it is read for the second time.
const LARGE: usize = 64 * 1024;

/// The same for a large message that is not a batch, with its tape. Checking it and
/// reading it are one pass. The bytes come back if it is another message, or has a
/// fault, whatever it is.
pub(crate) fn read_large(
    bytes: Vec<u8>,
    start: usize,
) -> std::result::Result<(String, Tape), Vec<u8>> {
    if bytes.len() < LARGE {
        return Err(bytes);
    }
    text_of_parts(bytes, |bytes| {
        let message = bytes.get(start..)?;
        let is_batch = message.trim_ascii_start().first() == Some(&b'[');
        if is_batch { None } else { Tape::read_unchecked(message, LEVELS) }
    })
}

/// Parses one message. An error says what is wrong and where. The tape has the
/// values of the message.
pub(crate) fn parse(text: &str) -> Result<(Message<'_>, Tape)> {
    parse_with(text, None)
}

/// The same. `tape`: that of the message, if it was read before.
pub(crate) fn parse_with(text: &str, tape: Option<Tape>) -> Result<(Message<'_>, Tape)> {
    let tape = match tape {
        Some(tape) => tape,
        None => Tape::read(text, LEVELS).map_err(|fault| {
            fault.error(|what| malformed(format!("{what} in \"{}\"", quote(text))))
        })?,
    };
    let message = message(text, &tape)?;
    Ok((message, tape))
}

/// The members of a message.
#[derive(Clone, Copy, Default)]
struct Envelope {
    version: Option<Place>,
    id: Option<Place>,
    method: Option<Place>,
    params: Option<Place>,
    result: Option<Place>,
    error: Option<Place>,
}

fn message<'a>(text: &'a str, tape: &Tape) -> Result<Message<'a>> {
    let mut envelope = Envelope::default();
    for (name, value) in tape.members(text, 0) {
        let name = tape.text(text, name);
        let slot = match name {
            "\"jsonrpc\"" => &mut envelope.version,
            "\"id\"" => &mut envelope.id,
            "\"method\"" => &mut envelope.method,
            "\"params\"" => &mut envelope.params,
            "\"result\"" => &mut envelope.result,
            "\"error\"" => &mut envelope.error,
            // JSON allows an escape in a name.
            _ => match escaped_name(name).as_deref() {
                Some("jsonrpc") => &mut envelope.version,
                Some("id") => &mut envelope.id,
                Some("method") => &mut envelope.method,
                Some("params") => &mut envelope.params,
                Some("result") => &mut envelope.result,
                Some("error") => &mut envelope.error,
                _ => continue,
            },
        };
        *slot = Some(value);
    }
    let raw = |place: Place| tape.text(text, place);
    match envelope {
        // Most messages.
        Envelope {
            version: Some(version),
            id: Some(id),
            method: None,
            result: Some(result),
            error: None,
            ..
        } if raw(version) == VERSION && raw(result).starts_with('{') => {
            Ok(Message::Response { id: parse_id(raw(id)), outcome: ResponseBody::Result(result) })
        }
        _ => envelope.message(text, tape),
    }
}

const VERSION: &str = "\"2.0\"";

impl Envelope {
    #[inline(never)]
    fn message<'a>(self, text: &'a str, tape: &Tape) -> Result<Message<'a>> {
        let raw = |place: Place| tape.text(text, place);
        let wrong = |what: &str, place: Place| {
            Err(malformed(format!("{what} at byte {}", tape.position(place))))
        };
        if !raw(0).starts_with('{') {
            return wrong("it is not an object", 0);
        }
        if self.version.map(raw) != Some(VERSION) {
            return wrong("its \"jsonrpc\" is not \"2.0\"", self.version.unwrap_or(0));
        }
        // `null` means that the member is absent.
        let is_there = |place: &Place| raw(*place) != "null";
        let (result, error) = (self.result.filter(is_there), self.error.filter(is_there));
        if let Some(method) = self.method.filter(is_there) {
            if let Some(other) = result.or(error) {
                return wrong("it has a method and a result or an error", other);
            }
            let Some(method) = plain_text(raw(method)) else {
                return wrong("its method is not a string", method);
            };
            let params = self.params.filter(is_there).map(raw);
            return Ok(match self.id.filter(is_there) {
                Some(id) if parse_id(raw(id)) == Id::Other => {
                    return wrong("its id is neither a string nor an integer", id);
                }
                Some(id) => Message::Request { id: raw(id), method, params },
                None => Message::Notification { method, params },
            });
        }
        let outcome = match (result, error) {
            (Some(result), None) if raw(result).starts_with('{') => ResponseBody::Result(result),
            (Some(result), None) => return wrong("its result is not an object", result),
            (None, Some(error)) => ResponseBody::Error(parse_error(raw(error))),
            (None, None) => {
                return wrong("it has neither a method, nor a result, nor an error", 0);
            }
            (Some(_), Some(error)) => return wrong("it has a result and an error", error),
        };
        let id = self.id.map_or(Id::None, |place| parse_id(raw(place)));
        Ok(Message::Response { id, outcome })
    }
}

/// A name that has an escape, without the escapes.
#[cold]
fn escaped_name(raw: &str) -> Option<String> {
    raw.contains('\\').then(|| plain_text(raw)).flatten().map(Into::into)
}

/// The messages of an array.
#[derive(Debug, Default)]
pub(crate) struct Batch<'a> {
    /// At most [`MOST_MESSAGES`].
    pub(crate) messages: Vec<&'a RawValue>,
    /// The number of all.
    pub(crate) count: usize,
}

/// The limit of messages in a batch. An element may have one byte, and its place
/// has many.
pub(crate) const MOST_MESSAGES: usize = 100_000;

impl<'de> Deserialize<'de> for Batch<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct BatchVisitor;
        impl<'de> Visitor<'de> for BatchVisitor {
            type Value = Batch<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut elements: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut batch = Batch::default();
                while let Some(message) = elements.next_element()? {
                    if batch.count < MOST_MESSAGES {
                        batch.messages.push(message);
                    }
                    batch.count += 1;
                }
                Ok(batch)
            }
        }
        deserializer.deserialize_seq(BatchVisitor)
    }
}

/// The messages of a batch, or `None` if the text is not a batch.
pub(crate) fn batch(text: &str) -> Option<Result<Batch<'_>>> {
    if !text.trim_ascii_start().starts_with('[') {
        return None;
    }
    Some(match serde_json::from_str::<Batch<'_>>(text) {
        Ok(batch) if batch.count == 0 => Err(malformed("an empty batch".into())),
        Ok(batch) => Ok(batch),
        Err(error) => {
            Err(malformed(format!("a batch that is not a JSON array: {}", json_reason(&error))))
        }
    })
}

/// The error in a body that is an error response, whatever its id. Servers send
/// these with HTTP error statuses.
pub(crate) fn find_error(body: &[u8]) -> Option<(Id, RpcError)> {
    let text = std::str::from_utf8(body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)).ok()?;
    let text = match batch(text) {
        Some(Ok(batch)) => match batch.messages.as_slice() {
            [only] => only.get(),
            _ => return None,
        },
        _ => text,
    };
    match parse(text).ok()?.0 {
        Message::Response { id, outcome: ResponseBody::Error(error) } => Some((id, error)),
        _ => None,
    }
}

fn parse_id(text: &str) -> Id {
    if let Ok(number) = text.parse() {
        return Id::Number(number);
    }
    if text == "null" {
        return Id::None;
    }
    match (integer(text), plain_text(text)) {
        (Some(number), _) => Id::Number(number),
        (None, Some(text)) => decimal(&text).map_or_else(|| Id::Text(text.into()), Id::Number),
        (None, None) => Id::Other,
    }
}

/// The error of a response, or of a task, in any shape. If the code or the error
/// has another shape than JSON-RPC says, the data is the whole error.
#[cold]
pub(crate) fn parse_error(error: &str) -> RpcError {
    let whole = || Some(error.to_owned());
    let Ok(members) = Members::parse(error) else {
        let message = string(error).unwrap_or_else(|| error.to_owned());
        return RpcError { code: 0, message, data: whole() };
    };
    let member = |name| members.get(name).map(RawValue::get).filter(|value| *value != "null");
    let (code, message) = (member("code"), member("message"));
    let number = code.and_then(integer).and_then(|code| i32::try_from(code).ok());
    let text = message.and_then(string);
    let data = match member("data") {
        Some(data) if code.is_none() || number.is_some() => Some(data.to_owned()),
        // Nothing of the error is lost.
        None if number.is_some() && text.is_some() => None,
        _ => whole(),
    };
    RpcError {
        code: number.unwrap_or_default(),
        message: text.unwrap_or_else(|| error.to_owned()),
        data,
    }
}

/// A JSON string as text. A lone surrogate becomes U+FFFD.
fn string(raw: &str) -> Option<String> {
    if !raw.starts_with('"') {
        return None;
    }
    let mut text = unescape(raw);
    text.pop();
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The message of a JSON error, shortened: it may quote the text.
pub(crate) fn json_reason(error: &serde_json::Error) -> String {
    quote(&error.to_string())
}

pub(crate) fn malformed(what: String) -> Error {
    Error::protocol(format!("the server sent a malformed message: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;
    use crate::wire::json_text::NESTING;

    fn response(text: &str) -> (Id, std::result::Result<String, RpcError>) {
        let (message, tape) = parse(text).unwrap();
        match message {
            Message::Response { id, outcome: ResponseBody::Result(result) } => {
                (id, Ok(tape.text(text, result).to_owned()))
            }
            Message::Response { id, outcome: ResponseBody::Error(error) } => (id, Err(error)),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn reads_ids_that_servers_turned_into_another_type() {
        assert_eq!(response(r#"{"jsonrpc":"2.0","id":0,"result":{}}"#).0, Id::Number(0));
        assert_eq!(response(r#"{"id":1.0,"result":{},"jsonrpc":"2.0"}"#).0, Id::Number(1));
        assert_eq!(response(r#"{"jsonrpc":"2.0","id":"1","result":{}}"#).0, Id::Number(1));
        let escaped = r#"{"json\u0072pc":"2.0","\u0069d":1,"r\u0065sult":{},"a\u0062":1}"#;
        assert_eq!(response(escaped).0, Id::Number(1));
        for text in ["01", " 1", "+1", "1.0", "x"] {
            let message = format!(r#"{{"jsonrpc":"2.0","id":"{text}","result":{{}}}}"#);
            assert_eq!(response(&message).0, Id::Text(text.into()));
        }
        for id in ["[1]", "1.5", "true", "{}", "99999999999999999999"] {
            let message = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
            assert_eq!(response(&message).0, Id::Other, "{id}");
        }
        assert_eq!(response(r#"{"jsonrpc":"2.0","id":"","result":{}}"#).0, Id::Text("".into()));
        assert_eq!(
            response(r#"{"jsonrpc":"2.0","id":null,"error":{"code":0,"message":""}}"#),
            (Id::None, Err(RpcError { code: 0, message: "".into(), data: None }))
        );
    }

    #[test]
    fn finds_the_result_in_the_text_of_its_message() {
        let text = r#" {"jsonrpc":"2.0","id":1,"result":{"a":[1]}} "#;
        let (Message::Response { outcome: ResponseBody::Result(result), .. }, tape) =
            parse(text).unwrap()
        else {
            unreachable!()
        };
        let answer = Answer::new(format!("data:{text}"), 5, tape, result);
        assert_eq!(answer.json(), r#"{"a":[1]}"#);
        assert_eq!(answer.member("a"), Some("[1]"));
    }

    #[test]
    fn distinguishes_requests_from_notifications() {
        let request = parse(r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#).unwrap().0;
        assert!(matches!(request, Message::Request { id: "0", params: None, .. }));
        let note = parse(r#"{"method":"notifications/x","params":{},"jsonrpc":"2.0"}"#).unwrap().0;
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
            (r#"{"jsonrpc":"2.0","id":[1],"method":"x"}"#, "id is neither"),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#, "integer at byte 22"),
            (r#"{"jsonrpc":"2.0","id":1,"result":null,"error":null}"#, "neither a method"),
            (r#"{"jsonrpc":"2.0","id":1,"result":[]}"#, "not an object at byte 33"),
            (r#"{"jsonrpc":"1.0","id":1,"result":{}}"#, "\"2.0\" at byte 11"),
            (r#"{"id":1,"result":{}}"#, "\"2.0\" at byte 0"),
            (r#"{"jsonrpc":"2.0","method":"x","result":{}}"#, "a method and a result"),
            (r#"{"jsonrpc":"2.0","method":"x","result":null,"error":1}"#, "a method and a result"),
            (r#"[]"#, "malformed"),
            ("<html>", "malformed"),
            ("", "malformed"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message().contains(words), "{}", error.message());
        }
    }

    #[test]
    fn treats_null_as_absent() {
        let error = RpcError { code: -32000, message: "disk is full".into(), data: None };
        let text = r#"{"code":-32000,"message":"disk is full","data":null}"#;
        for envelope in [
            format!(r#"{{"jsonrpc":"2.0","id":1,"result":null,"error":{text}}}"#),
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":null,"params":null,"error":{text},"result":null}}"#
            ),
        ] {
            assert_eq!(response(&envelope), (Id::Number(1), Err(error.clone())));
        }
        let text = r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null,"method":null}"#;
        assert_eq!(response(text), (Id::Number(1), Ok("{}".into())));
        let text =
            r#"{"jsonrpc":"2.0","id":null,"method":"x","params":null,"result":null,"error":null}"#;
        assert!(matches!(parse(text).unwrap().0, Message::Notification { params: None, .. }));
    }

    /// Shape, code, message, and data: `None` for none, `Some("")` for the whole
    /// error.
    type Shape = (&'static str, i32, &'static str, Option<&'static str>);

    #[test]
    fn reads_an_error_of_any_shape() {
        let full = "disk is full";
        let shapes: &[Shape] = &[
            (r#"{"code":-32000,"message":"disk is full"}"#, -32000, full, None),
            (
                r#"{"code":-32000.0,"message":"disk is full","data":[1.0]}"#,
                -32000,
                full,
                Some("[1.0]"),
            ),
            (r#"{"code":-3.2e4,"message":"disk is full"}"#, -32000, full, None),
            (r#"{"code":"EIO","message":"disk is full","data":1}"#, 0, full, Some("")),
            (r#"{"code":1e12,"message":"disk is full"}"#, 0, full, Some("")),
            (r#"{"code":1.5,"message":"disk is full"}"#, 0, full, Some("")),
            (
                r#"{"code":null,"message":"disk is full","data":{"a":1}}"#,
                0,
                full,
                Some("{\"a\":1}"),
            ),
            (r#"{"message":"disk is full"}"#, 0, full, Some("")),
            (r#"{"message":"disk \u0069s full \ud800"}"#, 0, "disk is full \u{fffd}", Some("")),
            (r#"{"code":5}"#, 5, r#"{"code":5}"#, Some("")),
            (
                r#"{"code":5,"message":{"text":"no"},"data":1}"#,
                5,
                r#"{"code":5,"message":{"text":"no"},"data":1}"#,
                Some("1"),
            ),
            (r#"{"code":5,"message":""}"#, 5, "", None),
            (r#"{}"#, 0, "{}", Some("")),
            (r#""disk is full""#, 0, full, Some("")),
            (r#""""#, 0, "", Some("")),
            ("5", 0, "5", Some("")),
            ("true", 0, "true", Some("")),
            ("false", 0, "false", Some("")),
            (r#"["disk is full"]"#, 0, r#"["disk is full"]"#, Some("")),
        ];
        for (text, code, message, data) in shapes {
            let data = data.map(|data| if data.is_empty() { *text } else { data }.to_owned());
            let expected = RpcError { code: *code, message: (*message).to_owned(), data };
            let envelope = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{text}}}"#);
            assert_eq!(response(&envelope), (Id::Number(1), Err(expected)), "{text}");
            assert!(find_error(envelope.as_bytes()).is_some());
        }
    }

    #[test]
    fn finds_the_error_in_an_array_of_one_and_after_a_byte_order_mark() {
        let text = r#"{"jsonrpc":"2.0","error":"no"}"#;
        for body in [text.to_owned(), format!("[{text}]"), format!("\u{feff}{text}")] {
            assert_eq!(find_error(body.as_bytes()).unwrap().0, Id::None, "{body}");
        }
        assert!(find_error(format!("[{text},{text}]").as_bytes()).is_none());
        assert!(find_error(br#"{"error":"no"}"#).is_none());
    }

    #[test]
    fn refuses_every_prefix_of_a_message_without_a_panic() {
        let text = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"é","data":{"a":1}}}"#;
        for end in 0..text.len() {
            assert!(text.get(..end).is_none_or(|cut| parse(cut).is_err()), "cut at byte {end}");
        }
    }

    #[test]
    fn says_where_bytes_are_not_utf8() {
        let (error, bytes) = utf8(b"data:{\"jsonrpc\":\"\xff\"}".to_vec(), 5).unwrap_err();
        assert!(error.message().contains("not UTF-8 at byte 12") && bytes.len() == 20);
    }

    #[test]
    fn limits_the_nesting_but_ignores_brackets_in_strings() {
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
    fn splits_a_batch_into_its_messages() {
        assert!(batch("{}").is_none());
        assert!(batch(" [] ").unwrap().is_err() && batch("[{}").unwrap().is_err());
        let parts = batch(" [{\"a\":1}, 2]").unwrap().unwrap().messages;
        assert_eq!(parts.iter().map(|part| part.get()).collect::<Vec<_>>(), ["{\"a\":1}", "2"]);
    }

    #[test]
    fn keeps_a_limited_number_of_the_messages_of_a_batch() {
        let text = format!("[{}1]", "1,".repeat(2 * MOST_MESSAGES));
        let batch = batch(&text).unwrap().unwrap();
        assert_eq!((batch.messages.len(), batch.count), (MOST_MESSAGES, 2 * MOST_MESSAGES + 1));
    }

    #[test]
    fn shortens_the_text_of_a_peer_in_an_error() {
        let long = "x".repeat(5000);
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":"{long}\u2028"}}}} x"#);
        let message = parse(&text).unwrap_err().message().to_owned();
        assert!(message.len() < 500 && message.contains("xxx..."), "{message}");
    }
}
