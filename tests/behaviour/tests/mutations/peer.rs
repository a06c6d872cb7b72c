//! A correct server of each carrier and era, which changes one message once.

use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use behaviour::constants::*;
use behaviour::{Client, replaced};
use mcp_test_server::http::{self, Request};
use mcp_test_server::pipe::{Pipe, pipe};
use mcp_test_server::{Action, Server};
use serde_json::{Value, json};

use crate::list::Change;

/// How the messages of the server travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// JSON bodies of HTTP responses.
    Body,
    /// Event streams of HTTP responses.
    Stream,
    /// HTTP with SSE.
    Sse,
    /// Lines.
    Stdio,
}

/// How the client and the server agree on a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// By `initialize`.
    Handshake,
    /// By `server/discover`.
    Stateless,
}

/// What is changed in the message.
#[derive(Clone, Copy, Debug)]
pub enum Edit {
    Change(Change),
    /// The member at this place of the message gets this JSON text; "" takes it
    /// away.
    Member(&'static str, &'static str),
}

/// The HTTP response, the event or the line for one message of the client.
struct Reply {
    status: u16,
    media: String,
    headers: Vec<(String, String)>,
    /// The frames: bodies, data of events, or lines.
    frames: Vec<Vec<u8>>,
    change: Option<Change>,
}

#[derive(Default)]
struct State {
    is_done: bool,
    counts: std::collections::HashMap<String, usize>,
    /// The stream of HTTP with SSE.
    events: Option<Pipe>,
    /// What was held back of a shared connection. It comes before the next
    /// message.
    rest: Vec<u8>,
}

pub struct Peer {
    carrier: Carrier,
    era: Era,
    method: &'static str,
    edit: Edit,
    state: Mutex<State>,
}

impl Peer {
    pub fn new(carrier: Carrier, era: Era, method: &'static str, edit: Edit) -> Arc<Self> {
        Arc::new(Self { carrier, era, method, edit, state: Mutex::default() })
    }

    /// How many messages of a method have come.
    pub fn count(&self, method: &str) -> usize {
        self.state.lock().unwrap().counts.get(method).copied().unwrap_or(0)
    }

    /// Whether the message has been changed.
    pub fn is_done(&self) -> bool {
        self.state.lock().unwrap().is_done
    }

    /// A client of the server. The server is dropped after the client.
    pub fn client(self: &Arc<Self>, token: &str) -> (Client, Option<Server>) {
        if self.carrier == Carrier::Stdio {
            return (self.over_stdio(), None);
        }
        let peer = self.clone();
        let server = Server::start(move |request| peer.handle(request));
        let client = Client::new(&server.url("/mcp"), Some(token)).unwrap();
        if self.carrier == Carrier::Sse {
            client.set_transport(MCP_TRANSPORT_SSE).unwrap();
        }
        (client, Some(server))
    }

    /// The correct result of a request, or `None` where the server has no such
    /// method.
    fn result(&self, method: &str) -> Option<Value> {
        let version = match (self.era, self.carrier) {
            (Era::Stateless, _) => "2026-07-28",
            (_, Carrier::Sse) => "2024-11-05",
            _ => "2025-11-25",
        };
        let info = json!({"name": "peer", "version": "1", "title": "A peer"});
        let capabilities = json!({"tools": {}});
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
        let mut result = match (method, self.era) {
            ("initialize", Era::Handshake) => json!({"protocolVersion": version,
                "capabilities": capabilities, "serverInfo": info, "instructions": "Add."}),
            ("server/discover", Era::Stateless) => json!({"supportedVersions": [version],
                "capabilities": capabilities, "serverInfo": info, "ttlMs": 0,
                "cacheScope": "private", "instructions": "Add."}),
            ("ping", _) => json!({}),
            ("tools/call", _) => json!({"isError": false, "content": [
                {"type": "text", "text": "the sum", "annotations": {}},
                {"type": "text", "text": "42"}]}),
            ("tools/list", _) => json!({"tools": [
                {"name": "first", "title": "First", "description": "The first",
                    "inputSchema": schema, "annotations": {}, "icons": []},
                {"name": "add", "inputSchema": schema}]}),
            _ => return None,
        };
        if self.era == Era::Stateless {
            result["resultType"] = "complete".into();
        }
        Some(result)
    }

    /// The reply to one message, or `None` for a notification and for a response.
    fn reply(&self, message: &Value) -> Option<Reply> {
        let id = &message["id"];
        let method = message["method"].as_str().unwrap_or_default();
        let is_changed = {
            let mut state = self.state.lock().unwrap();
            *state.counts.entry(method.to_owned()).or_default() += 1;
            let is_changed = method == self.method && !id.is_null() && !state.is_done;
            state.is_done |= is_changed;
            is_changed
        };
        if method.is_empty() || id.is_null() {
            return None;
        }
        let (status, answer) = match self.result(method) {
            Some(result) => (200, json!({"jsonrpc": "2.0", "id": id, "result": result})),
            None => {
                let error = match method {
                    "initialize" => json!({"code": -32022, "message": "unsupported version",
                        "data": {"supported": ["2026-07-28"]}}),
                    _ => json!({"code": -32601, "message": "Method not found"}),
                };
                (400, json!({"jsonrpc": "2.0", "id": id, "error": error}))
            }
        };
        let media = match self.carrier {
            Carrier::Stream if status == 200 => "text/event-stream",
            _ => "application/json",
        };
        let mut reply = Reply {
            status,
            media: media.to_owned(),
            headers: Vec::new(),
            frames: vec![answer.to_string().into_bytes()],
            change: None,
        };
        if method == "initialize" && status == 200 && self.carrier != Carrier::Sse {
            reply.headers.push(("mcp-session-id".to_owned(), "s-1".to_owned()));
        }
        if is_changed {
            self.edit(&mut reply, id, answer);
        }
        Some(reply)
    }

    fn edit(&self, reply: &mut Reply, id: &Value, mut answer: Value) {
        let text = |template: &[u8]| {
            let result = answer.get("result").unwrap_or(&json!({})).to_string();
            let filled = replaced(template, b"$M", answer.to_string().as_bytes());
            let filled = replaced(&filled, b"$ID", id.to_string().as_bytes());
            replaced(&filled, b"$R", result.as_bytes())
        };
        match self.edit {
            Edit::Change(change) => {
                match change {
                    Change::Frames(frames) => {
                        reply.frames = frames.iter().map(|frame| text(frame)).collect();
                        reply.status = 200;
                        if self.carrier == Carrier::Stream {
                            reply.media = "text/event-stream".to_owned();
                        }
                    }
                    Change::Status(status, media, body) => {
                        reply.status = status;
                        reply.media = media.to_owned();
                        reply.frames = vec![text(body.as_bytes())];
                    }
                    Change::Type(media, body) => {
                        reply.status = 200;
                        reply.media = media.to_owned();
                        reply.frames = vec![text(body.as_bytes())];
                    }
                    Change::Header(name, value) => {
                        reply.headers.push((name.to_owned(), value.to_owned()));
                    }
                    _ => {}
                }
                reply.change = Some(change);
            }
            Edit::Member(place, value) => {
                let (parent, name) = place.rsplit_once('/').unwrap();
                let parent = answer.pointer_mut(parent).expect("the place of the member");
                let value = (!value.is_empty()).then(|| value.to_owned());
                // serde_json has no number that large: the text is put in later.
                let value = value.map(|value| match value.as_str() {
                    "1e400" => json!("$HUGE"),
                    other => serde_json::from_str(other).unwrap(),
                });
                match (parent, value) {
                    (Value::Object(members), Some(value)) => {
                        members.insert(name.to_owned(), value);
                    }
                    (Value::Object(members), None) => {
                        members.remove(name);
                    }
                    (Value::Array(items), value) => {
                        let index: usize = name.parse().unwrap();
                        match value {
                            Some(value) => items[index] = value,
                            None => drop(items.remove(index)),
                        }
                    }
                    _ => panic!("{place} is in no object and in no array"),
                }
                let text = answer.to_string().replace("\"$HUGE\"", "1e400");
                reply.frames = vec![text.into_bytes()];
            }
        }
    }

    fn handle(&self, request: &Request) -> Vec<Action> {
        match (request.method.as_str(), self.carrier) {
            ("GET", Carrier::Sse) => {
                let (events, feed) = pipe();
                let endpoint = http::chunk(b"event: endpoint\r\ndata: /messages\r\n\r\n");
                let mut state = self.state.lock().unwrap();
                state.events = Some(events);
                // What was held back belongs to the stream before.
                state.rest.clear();
                return vec![
                    Action::Send(http::stream_head(&[])),
                    Action::Send(endpoint),
                    Action::Feed(feed),
                ];
            }
            ("POST", Carrier::Sse) if request.path() != "/messages" => {
                return vec![Action::Send(http::reply(405, &[], b""))];
            }
            ("DELETE", _) => return vec![Action::Send(http::reply(200, &[], b""))],
            ("POST", _) => {}
            _ => return vec![Action::Send(http::reply(405, &[], b""))],
        }
        let accepted = vec![Action::Send(http::reply(202, &[], b""))];
        let Some(reply) = self.reply(&request.json()) else { return accepted };
        if self.carrier != Carrier::Sse {
            return reply.over_http();
        }
        if let Some(Change::Status(..)) = reply.change {
            return reply.over_http();
        }
        let bytes = reply.frames.iter().flat_map(|frame| http::event_of(frame)).collect();
        let (actions, rest) = shared(bytes, reply.change);
        let mut state = self.state.lock().unwrap();
        let held = std::mem::replace(&mut state.rest, rest);
        let events = state.events.as_ref().unwrap();
        if !held.is_empty() {
            events.send(held);
        }
        actions.into_iter().for_each(|action| events.play(action));
        accepted
    }

    fn over_stdio(self: &Arc<Self>) -> Client {
        let peer = self.clone();
        Client::of_line_server(move |message, output| {
            let Some(reply) = peer.reply(message) else { return Ok(()) };
            let end: &[u8] = match reply.change {
                Some(Change::LineEnd(end)) => end,
                _ => b"\n",
            };
            let bytes = reply.frames.iter().flat_map(|frame| [frame, end].concat()).collect();
            let (actions, rest) = shared(bytes, reply.change);
            let held = std::mem::replace(&mut peer.state.lock().unwrap().rest, rest);
            output.write_all(&held)?;
            for action in actions {
                match action {
                    Action::Send(bytes) => output.write_all(&bytes)?,
                    Action::Pause(pause) => std::thread::sleep(pause),
                    Action::Drip(bytes, _) => {
                        bytes.chunks(1).try_for_each(|byte| output.write_all(byte))?;
                    }
                    _ => {
                        output.shutdown(Shutdown::Both)?;
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                }
            }
            Ok(())
        })
    }
}

impl Reply {
    /// The whole response, as actions on a connection.
    fn over_http(self) -> Vec<Action> {
        let is_stream =
            self.media == "text/event-stream" && !matches!(self.change, Some(Change::Type(..)));
        let mut head = format!("HTTP/1.1 {} Status\r\n", self.status).into_bytes();
        let mut field = |name: &str, value: &str| {
            head.extend(format!("{name}: {value}\r\n").into_bytes());
        };
        if !self.media.is_empty() {
            field("content-type", &self.media);
        }
        for (name, value) in &self.headers {
            field(name, value);
        }
        let body = if is_stream {
            field("transfer-encoding", "chunked");
            let events = self.frames.iter().flat_map(|frame| http::event_of(frame));
            events.chain(http::LAST_CHUNK.iter().copied()).collect()
        } else {
            let body = self.frames.concat();
            let wrong = match self.change {
                Some(Change::Length(by)) => by,
                _ => 0,
            };
            field("content-length", &body.len().saturating_add_signed(wrong).to_string());
            body
        };
        head.extend(b"\r\n");
        let bytes = [head, body].concat();
        match self.change {
            Some(Change::Length(_)) => vec![Action::Send(bytes), Action::Close],
            Some(Change::CloseAt(share)) => vec![Action::Send(part(&bytes, share)), Action::Close],
            Some(Change::Reset) => vec![Action::Reset],
            Some(Change::HangAt(share)) => vec![Action::Send(part(&bytes, share)), Action::Hang],
            Some(Change::Drip) => vec![Action::Drip(bytes, Duration::ZERO)],
            Some(Change::Delay(pause)) => {
                vec![Action::Pause(Duration::from_millis(pause)), Action::Send(bytes)]
            }
            _ => vec![Action::Send(bytes)],
        }
    }
}

/// The actions on a shared connection, and what is held back for later.
fn shared(bytes: Vec<u8>, change: Option<Change>) -> (Vec<Action>, Vec<u8>) {
    match change {
        Some(Change::CloseAt(share)) => {
            (vec![Action::Send(part(&bytes, share)), Action::Close], Vec::new())
        }
        Some(Change::HangAt(share)) => {
            let sent = part(&bytes, share);
            let rest = bytes[sent.len()..].to_vec();
            (vec![Action::Send(sent)], rest)
        }
        Some(Change::Drip) => (vec![Action::Drip(bytes, Duration::ZERO)], Vec::new()),
        Some(Change::Delay(pause)) => {
            (vec![Action::Pause(Duration::from_millis(pause)), Action::Send(bytes)], Vec::new())
        }
        _ => (vec![Action::Send(bytes)], Vec::new()),
    }
}

fn part(bytes: &[u8], share: usize) -> Vec<u8> {
    bytes[..bytes.len() * share / 100].to_vec()
}
