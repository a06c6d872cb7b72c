//! Answers that no server should give, each by a name, so that a tool's
//! argument can ask for it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Action;
use crate::http::{self, Stream};
use crate::mcp::Answer;

/// The names, for tests that go through all of them.
pub const ALL: [&str; 31] = [
    "both",
    "neither",
    "id-text",
    "id-other",
    "id-null",
    "id-fraction",
    "no-version",
    "result-number",
    "result-null",
    "error-text",
    "error-code-text",
    "not-utf8",
    "not-json",
    "half",
    "surrogate",
    "empty",
    "accepted",
    "html",
    "array",
    "array-empty",
    "twice",
    "unknown-before",
    "late",
    "only-unknown",
    "no-answer",
    "event-not-json",
    "flood",
    "flood-of-replies",
    "deep",
    "deep-without-end",
    "names-twice",
];

/// The answer to a request; `good` is the result that it should have had.
pub fn reply(how: &str, id: &Value, good: &Value) -> Answer {
    let text = |body: &str| send(body.as_bytes());
    let message = |message: Value| send(message.to_string().as_bytes());
    let right = json!({"jsonrpc": "2.0", "id": id, "result": good});
    let other = json!({"jsonrpc": "2.0", "id": 99_999, "result": good});
    let with_id = |id: Value| message(json!({"jsonrpc": "2.0", "id": id, "result": good}));
    let fault = |error: Value| message(json!({"jsonrpc": "2.0", "id": id, "error": error}));
    match how {
        "both" => message(json!({"jsonrpc": "2.0", "id": id, "result": good,
            "error": {"code": 1, "message": "both"}})),
        "neither" => message(json!({"jsonrpc": "2.0", "id": id})),
        "id-text" => with_id(json!(id.to_string())),
        "id-other" => message(other),
        "id-null" => with_id(Value::Null),
        "id-fraction" => with_id(json!(id.as_f64().unwrap_or_default() + 0.5)),
        "no-version" => message(json!({"id": id, "result": good})),
        "result-number" => message(json!({"jsonrpc": "2.0", "id": id, "result": 5})),
        "result-null" => message(json!({"jsonrpc": "2.0", "id": id, "result": null})),
        "error-text" => fault(json!("went wrong")),
        "error-code-text" => fault(json!({"code": "-1", "message": "m"})),
        "not-utf8" => {
            let mut bytes = right.to_string().into_bytes();
            bytes.splice(1..1, *b"\"x\":\"\xff\",");
            send(&bytes)
        }
        "not-json" => text("hello"),
        "half" => text(&right.to_string()[..20]),
        "surrogate" => text(&right.to_string().replacen('{', "{\"x\":\"\\ud800\",", 1)),
        "empty" => text(""),
        "accepted" => Answer::Play(vec![Action::Send(http::reply(202, &[], b""))]),
        "html" => {
            let headers = [("content-type", "text/html")];
            Answer::Play(vec![Action::Send(http::reply(200, &headers, b"<html>"))])
        }
        "array" => message(json!([right])),
        "array-empty" => message(json!([])),
        "twice" => play(Stream::new().message(&right).message(&right)),
        "unknown-before" => play(Stream::new().message(&other).message(&right)),
        "late" => play(Stream::new().message(&right).pause(100).message(&other).message(&right)),
        "only-unknown" => play(Stream::new().message(&other)),
        "no-answer" => play(Stream::new()),
        "event-not-json" => Answer::Play(vec![
            Action::Begin(Vec::new()),
            Action::Message(b"{".to_vec()),
            Action::message(&right),
            Action::End,
        ]),
        "flood" => flood(&json!({"jsonrpc": "2.0", "method": "notifications/x"})),
        "flood-of-replies" => flood(&other),
        "deep" => text(&nested(id, 100_000, true)),
        "deep-without-end" => text(&nested(id, 1_000_000, false)),
        "names-twice" => text(&format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{good},\"result\":{good},\"id\":{id}}}"
        )),
        other => text(&format!("there is no malformed answer {other}")),
    }
}

fn send(body: &[u8]) -> Answer {
    Answer::Body(body.to_vec())
}

fn play(stream: Stream) -> Answer {
    Answer::Play(stream.end())
}

/// The same message for as long as it is read.
fn flood(message: &Value) -> Answer {
    Answer::Play(Stream::new().then(Action::Flood(message.to_string().into_bytes())))
}

/// A result so many levels deep.
pub fn nested(id: &Value, depth: usize, is_whole: bool) -> String {
    let mut out = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[],\"x\":");
    out.push_str(&"[".repeat(depth));
    if is_whole {
        out.push_str(&"]".repeat(depth));
        out.push_str("}}");
    }
    out
}

/// Notifications with a pause after each, and never an answer.
pub fn trickle(message: &Value, count: usize, pause: Duration) -> Vec<Action> {
    let mut stream = Stream::new();
    for _ in 0..count {
        stream = stream.message(message).pause(pause.as_millis() as u64);
    }
    stream.then(Action::Hang)
}
