//! JSON-RPC 2.0: the envelope of messages, over raw JSON.
//!
//! The content of a result or of an error's data is not read here.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::wire::json_string::plain_text;
use crate::wire::tape::{Place, Tape};

/// The member that every message begins with.
pub(crate) const JSONRPC: &str = "\"jsonrpc\":\"2.0\"";

/// The id of a request, compared by type and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    Number(i64),
    Text(String),
    /// Absent or null, as in an error about a message that could not be parsed.
    None,
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
}

/// The depth of a message's tape: message, result, list, item, and the members
/// of the item.
const LEVELS: usize = 4;

impl Answer {
    /// The result at a place of the message that begins at `start`.
    pub(crate) fn new(text: String, start: usize, tape: Tape, result: Place) -> Self {
        Self { text, start, tape, result, is_of_marked_tools: false }
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
}

#[derive(Deserialize)]
struct ErrorMember<'a> {
    code: i64,
    #[serde(default)]
    message: Option<String>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Bytes that arrived as text, without a copy.
pub(crate) fn utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        malformed(format!("it is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
    })
}

/// Parses one message. An error says what is wrong and where. The tape has the
/// values of the message.
pub(crate) fn parse(text: &str) -> Result<(Message<'_>, Tape)> {
    let tape = Tape::read(text, LEVELS)
        .map_err(|fault| fault.error(|what| malformed(format!("{what} in \"{}\"", quote(text)))))?;
    let message = message(text, &tape)?;
    Ok((message, tape))
}

fn message<'a>(text: &'a str, tape: &Tape) -> Result<Message<'a>> {
    let is_object = tape.text(text, 0).starts_with('{');
    let (mut version, mut id, mut method) = (None, None, None);
    let (mut params, mut result, mut error) = (None, None, None);
    for (name, value) in tape.members(text, 0) {
        let slot = match tape.text(text, name) {
            "\"jsonrpc\"" => &mut version,
            "\"id\"" => &mut id,
            "\"method\"" => &mut method,
            "\"params\"" => &mut params,
            "\"result\"" => &mut result,
            "\"error\"" => &mut error,
            _ => continue,
        };
        *slot = Some(value);
    }
    let raw = |place: Place| tape.text(text, place);
    if !is_object {
        return Err(malformed("it is not an object".into()));
    }
    if version.map(raw) != Some("\"2.0\"") {
        return Err(malformed("its \"jsonrpc\" is not \"2.0\"".into()));
    }
    let is_null = |place: &Place| raw(*place) == "null";
    let error = error.filter(|place| !is_null(place));
    if let Some(method) = method.filter(|place| !is_null(place)) {
        if result.is_some() || error.is_some() {
            return Err(malformed("it has a method and a result or an error".into()));
        }
        let method = plain_text(raw(method))
            .ok_or_else(|| malformed("its method is not a string".into()))?;
        let params = params.filter(|place| !is_null(place)).map(raw);
        return Ok(match id.filter(|place| !is_null(place)).map(raw) {
            Some(id) => Message::Request { id: parse_id(id).map(|_| id)?, method, params },
            None => Message::Notification { method, params },
        });
    }
    let id = id.map_or(Ok(Id::None), |place| parse_id(raw(place)))?;
    let outcome = match (result, error) {
        (Some(result), None) if raw(result).starts_with('{') => ResponseBody::Result(result),
        (Some(_), None) => return Err(malformed("its result is not an object".into())),
        (None, Some(error)) => ResponseBody::Error(parse_error(raw(error))?),
        (None, None) => {
            return Err(malformed("it has neither a method, nor a result, nor an error".into()));
        }
        (Some(_), Some(_)) => return Err(malformed("it has a result and an error".into())),
    };
    Ok(Message::Response { id, outcome })
}

/// The messages of a batch, or `None` if the text is not a batch.
pub(crate) fn batch(text: &str) -> Option<Result<Vec<&RawValue>>> {
    if !text.trim_ascii_start().starts_with('[') {
        return None;
    }
    Some(match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(messages) if messages.is_empty() => Err(malformed("an empty batch".into())),
        Ok(messages) => Ok(messages),
        Err(error) => {
            Err(malformed(format!("a batch that is not a JSON array: {}", json_reason(&error))))
        }
    })
}

/// The error in a body that is an error response, whatever its id. Servers send
/// these with HTTP error statuses.
pub(crate) fn find_error(body: &[u8]) -> Option<(Id, RpcError)> {
    match parse(std::str::from_utf8(body).ok()?).ok()?.0 {
        Message::Response { id, outcome: ResponseBody::Error(error) } => Some((id, error)),
        _ => None,
    }
}

fn parse_id(text: &str) -> Result<Id> {
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

/// The error of a response, or of a task.
pub(crate) fn parse_error(error: &str) -> Result<RpcError> {
    let member: ErrorMember<'_> = serde_json::from_str(error).map_err(|problem| {
        malformed(format!("its error has no valid code and message ({})", json_reason(&problem)))
    })?;
    Ok(RpcError {
        code: i32::try_from(member.code)
            .map_err(|_| malformed("its error code is out of range".into()))?,
        message: member.message.unwrap_or_default(),
        data: member.data.map(|data| data.get().to_owned()),
    })
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
    use crate::wire::tape::NESTING;

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
    fn compares_ids_by_type_and_value() {
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
    fn says_where_bytes_are_not_utf8() {
        let error = utf8(b"{\"jsonrpc\":\"\xff\"}".to_vec()).unwrap_err();
        assert!(error.message().contains("not UTF-8 at byte 12"));
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
        let parts = batch(" [{\"a\":1}, 2]").unwrap().unwrap();
        assert_eq!(parts.iter().map(|part| part.get()).collect::<Vec<_>>(), ["{\"a\":1}", "2"]);
    }

    #[test]
    fn shortens_the_text_of_a_peer_in_an_error() {
        let long = "x".repeat(5000);
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":"{long}\u2028"}}}}"#);
        let message = parse(&text).unwrap_err().message().to_owned();
        assert!(message.len() < 500 && message.contains("xxx..."), "{message}");
    }
}
