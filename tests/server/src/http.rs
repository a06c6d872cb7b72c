//! Requests as they are, and replies as bytes.

use std::time::Duration;

use serde_json::Value;

use crate::Action;
use crate::gate::Gate;

/// A request that arrived.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Its place among all requests of the server.
    pub number: usize,
    /// The place of its connection among all.
    pub connection: usize,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// A whole request at the front of the bytes, and its length.
    pub fn parse(input: &[u8]) -> Option<(Self, usize)> {
        let end = input.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&input[..end]);
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let mut request = Self {
            method: first.next().unwrap_or_default().to_owned(),
            target: first.next().unwrap_or_default().to_owned(),
            ..Self::default()
        };
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            request.headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let length: usize =
            request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let body = input.get(end..end + length)?;
        request.body = body.to_vec();
        Some((request, end + length))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The JSON-RPC method, "" where there is none.
    pub fn rpc_method(&self) -> String {
        self.json()["method"].as_str().unwrap_or_default().to_owned()
    }

    pub fn id(&self) -> Value {
        self.json()["id"].clone()
    }
}

/// A whole reply with its length.
pub fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status} {}\r\n", reason(status)).into_bytes();
    for (name, value) in headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

/// A JSON reply.
pub fn json(status: u16, body: &Value) -> Vec<u8> {
    reply(status, &[("content-type", "application/json")], body.to_string().as_bytes())
}

/// The result of a request as a JSON reply.
pub fn result(request: &Request, result: Value) -> Vec<u8> {
    json(200, &serde_json::json!({"jsonrpc": "2.0", "id": request.id(), "result": result}))
}

/// The head of an event stream.
pub fn stream_head(headers: &[(&str, &str)]) -> Vec<u8> {
    let mut out =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
            .to_owned();
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str("\r\n");
    out.into_bytes()
}

/// A message as one event in one chunk, as the Python servers write it.
pub fn event(message: &Value) -> Vec<u8> {
    event_of(message.to_string().as_bytes())
}

/// The same of a message's text, which may be anything.
pub fn event_of(text: &[u8]) -> Vec<u8> {
    chunk(&[b"event: message\r\ndata: ", text, b"\r\n\r\n"].concat())
}

/// An event in one chunk, with what it may have; no data only primes.
pub fn event_with(id: Option<&str>, retry: Option<u64>, data: &str) -> Vec<u8> {
    let mut out = String::new();
    if let Some(id) = id {
        out.push_str(&format!("id: {id}\n"));
    }
    if let Some(retry) = retry {
        out.push_str(&format!("retry: {retry}\n"));
    }
    for line in data.split('\n') {
        out.push_str(&format!("data: {line}\n"));
    }
    out.push('\n');
    chunk(out.as_bytes())
}

/// An answer in an event stream, step by step.
#[derive(Debug)]
pub struct Stream(Vec<Action>);

impl Stream {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(headers: &[(&str, &str)]) -> Self {
        let owned = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self(vec![Action::Begin(owned.collect())])
    }

    pub fn message(mut self, message: &Value) -> Self {
        self.0.push(Action::message(message));
        self
    }

    pub fn send(mut self, bytes: Vec<u8>) -> Self {
        self.0.push(Action::Send(bytes));
        self
    }

    pub fn pause(mut self, milliseconds: u64) -> Self {
        self.0.push(Action::Pause(Duration::from_millis(milliseconds)));
        self
    }

    pub fn wait(mut self, gate: Gate) -> Self {
        self.0.push(Action::Await(gate));
        self
    }

    /// The end of the answer; the connection stays.
    pub fn end(mut self) -> Vec<Action> {
        self.0.push(Action::End);
        self.0
    }

    /// The end of the connection, in the middle of the answer.
    pub fn cut(self) -> Vec<Action> {
        self.then(Action::Close)
    }

    pub fn then(mut self, last: Action) -> Vec<Action> {
        self.0.push(last);
        self.0
    }
}

pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("{:x}\r\n", bytes.len()).into_bytes();
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
    out
}

pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// A reply that comes in two parts with a pause between them.
pub fn cut(bytes: &[u8], at: usize, pause: Duration) -> Vec<Action> {
    let (head, tail) = bytes.split_at(at.min(bytes.len()));
    vec![Action::Send(head.to_vec()), Action::Pause(pause), Action::Send(tail.to_vec())]
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
