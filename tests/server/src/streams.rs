//! The streams on which a server speaks of its own accord: GET in the
//! handshake era, `subscriptions/listen` in the stateless one. A test has the
//! running server say something, end the streams or break them.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::http::{self, Request, Stream};
use crate::mcp::{Answer, Call, Mcp};
use crate::pipe::{Pipe, pipe};
use crate::{Action, await_true, tasks};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

#[derive(Debug)]
enum Kind {
    Get {
        session: String,
    },
    /// That of a client which has only one, for all.
    Whole {
        session: String,
    },
    Listen {
        id: Value,
        granted: Value,
    },
}

/// A stream that stands.
#[derive(Debug)]
struct Standing {
    pipe: Pipe,
    kind: Kind,
}

#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: Vec<Standing>,
    /// What was said on GET, by session, for those who come back.
    said: HashMap<String, Vec<String>>,
}

impl Mcp {
    /// How many streams stand.
    pub fn listeners(&self) -> usize {
        let mut streams = self.streams.lock().unwrap();
        streams.open.retain(|one| one.pipe.is_open());
        streams.open.len()
    }

    pub fn await_listeners(&self, count: usize, limit: Duration) -> bool {
        await_true(limit, || self.listeners() == count)
    }

    /// Says something to all who listen and to whom that was granted; gives
    /// their number. Who is away hears it on coming back with an event's id.
    pub fn notify(&self, method: &str, params: Value) -> usize {
        self.say(method, params, false)
    }

    /// The same to all, whatever was granted.
    pub fn notify_all(&self, method: &str, params: Value) -> usize {
        self.say(method, params, true)
    }

    fn say(&self, method: &str, params: Value, is_forced: bool) -> usize {
        let message = |params: Value| json!({"jsonrpc": "2.0", "method": method, "params": params});
        let mut streams = self.streams.lock().unwrap();
        let mut count = 0;
        for one in streams.open.iter().filter(|one| one.pipe.is_open()) {
            if let Kind::Listen { id, granted } = &one.kind
                && (is_forced || is_granted(granted, method, &params))
            {
                let mut params = params.clone();
                params["_meta"] = json!({SUBSCRIPTION: id});
                one.pipe.message(&message(params));
                count += 1;
            }
        }
        let sessions: Vec<String> = streams.said.keys().cloned().collect();
        for session in sessions {
            count += usize::from(self.say_on_get(&mut streams, &session, &message(params.clone())));
        }
        count
    }

    fn say_on_get(&self, streams: &mut Streams, session: &str, message: &Value) -> bool {
        let has_ids = self.config.offer.as_ref().is_some_and(|offer| offer.event_ids);
        let said = streams.said.entry(session.to_owned()).or_default();
        said.push(message.to_string());
        let id = has_ids.then(|| format!("get-{session}/{}", said.len()));
        for one in streams.open.iter().filter(|one| one.pipe.is_open()) {
            match &one.kind {
                Kind::Get { session: of } if of == session => {
                    let text = message.to_string();
                    one.pipe.send(http::event_with(id.as_deref(), None, &text));
                }
                Kind::Whole { session: of } if of == session => one.pipe.message(message),
                _ => continue,
            }
            return true;
        }
        false
    }

    /// All that is for a session goes to its client's one stream.
    pub(crate) fn stand_on(&self, session: &str, pipe: &Pipe) {
        let mut streams = self.streams.lock().unwrap();
        streams.open.retain(|one| one.pipe.is_open());
        streams.said.entry(session.to_owned()).or_default();
        let kind = Kind::Whole { session: session.to_owned() };
        streams.open.push(Standing { pipe: pipe.clone(), kind });
    }

    /// Asks all sessions whether they are there; gives their number.
    pub fn ping(&self) -> usize {
        let mut questions = self.questions.lock().unwrap();
        let mut streams = self.streams.lock().unwrap();
        let sessions: Vec<String> = streams.said.keys().cloned().collect();
        let pings = sessions.iter().filter(|session| {
            let id = json!(self.new_ping());
            let message = json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
            let is_sent = self.say_on_get(&mut streams, session, &message);
            if is_sent {
                questions.pings.insert(id.to_string());
            }
            is_sent
        });
        pings.count()
    }

    /// How many of them have no answer.
    pub fn unanswered(&self) -> usize {
        self.questions.lock().unwrap().pings.len()
    }

    /// A message on a session's GET stream; false if it has none.
    pub(crate) fn send_on_get(&self, session: &str, message: &Value) -> bool {
        self.say_on_get(&mut self.streams.lock().unwrap(), session, message)
    }

    /// Bytes on all streams, such as a comment or half an event.
    pub fn send_raw(&self, bytes: &[u8]) {
        for one in &self.streams.lock().unwrap().open {
            one.pipe.send(http::chunk(bytes));
        }
    }

    /// Ends all streams as it should be.
    pub fn end_streams(&self) {
        self.end_each(true, completed);
    }

    /// Ends streams of `subscriptions/listen` by `notifications/cancelled`.
    pub fn cancel_streams(&self) {
        self.end_each(true, cancelled);
    }

    /// The tool `streams`: ends those of `subscriptions/listen`, `by` a
    /// result, or "cancelled".
    pub(crate) fn end_subscriptions(&self, by: &str) {
        self.end_each(false, if by == "cancelled" { cancelled } else { completed });
    }

    fn end_each(&self, all: bool, last: fn(&Value) -> Value) {
        let mut streams = self.streams.lock().unwrap();
        let (ending, staying) = std::mem::take(&mut streams.open)
            .into_iter()
            .partition(|one| all || matches!(one.kind, Kind::Listen { .. }));
        streams.open = staying;
        let ending: Vec<Standing> = ending;
        for one in ending {
            if let Kind::Listen { id, .. } = &one.kind {
                one.pipe.message(&last(id));
            }
            one.pipe.play(Action::End);
            one.pipe.end();
        }
    }

    /// Breaks the connections of all streams.
    pub fn close_streams(&self) {
        for one in self.streams.lock().unwrap().open.drain(..) {
            one.pipe.play(Action::Close);
        }
    }

    pub(crate) fn get(&self, request: &Request) -> Vec<Action> {
        let refuse = |status| vec![Action::Send(http::reply(status, &[], b""))];
        let session = request.header("mcp-session-id").unwrap_or_default();
        if self.config.handshake.is_empty() {
            self.violation("GET: in the stateless era");
            return refuse(405);
        }
        if self.config.has_sessions {
            let Some(known) = self.session_of(session) else {
                return refuse(if session.is_empty() { 400 } else { 404 });
            };
            let version = request.header("mcp-protocol-version").unwrap_or_default();
            if version != known.version {
                self.violation(format!("GET: version {version}, not {}", known.version));
            }
            if !known.is_initialized {
                self.violation("GET: before notifications/initialized");
            }
        }
        if !request.header("accept").unwrap_or_default().contains("text/event-stream") {
            self.violation("GET: Accept lacks text/event-stream");
            return refuse(406);
        }
        let place = request.header("last-event-id").map(|id| id.rsplit_once('/'));
        let place = match place {
            None => None,
            Some(Some((stream, number))) => number.parse().ok().map(|number| (stream, number)),
            Some(None) => {
                self.violation("GET: Last-Event-ID of nobody");
                return refuse(400);
            }
        };
        match place {
            Some((name, number)) if name.starts_with("call-") => self.resume(name, number),
            place => self.stand(session, place.map(|(_, number)| number)),
        }
    }

    fn stand(&self, session: &str, after: Option<usize>) -> Vec<Action> {
        let offer = self.config.offer.clone().unwrap_or_default();
        let mut streams = self.streams.lock().unwrap();
        streams.open.retain(|one| one.pipe.is_open());
        let is_same =
            |one: &Standing| matches!(&one.kind, Kind::Get { session: of } if of == session);
        if streams.open.iter().any(is_same) {
            let body = json!({"jsonrpc": "2.0", "id": null,
                "error": {"code": -32000, "message": "Only one stream is allowed"}});
            return vec![Action::Send(http::json(409, &body))];
        }
        let said = streams.said.entry(session.to_owned()).or_default();
        let mut stream = Stream::new();
        let id = |number: usize| offer.event_ids.then(|| format!("get-{session}/{number}"));
        let after = after.unwrap_or(said.len());
        for (number, data) in said.iter().enumerate().skip(after) {
            stream = stream.send(http::event_with(id(number + 1).as_deref(), None, data));
        }
        if offer.event_ids || offer.retry.is_some() {
            stream = stream.send(http::event_with(id(said.len()).as_deref(), offer.retry, ""));
        }
        let (pipe, feed) = pipe();
        streams.open.push(Standing { pipe, kind: Kind::Get { session: session.to_owned() } });
        stream.then(Action::Feed(feed))
    }

    pub(crate) fn listen(&self, call: &Call) -> Answer {
        let asked = call.params["notifications"].as_object().cloned().unwrap_or_default();
        if !asked.get("taskIds").unwrap_or(&Value::Null).is_null() && !tasks::declares(call) {
            self.violation("subscriptions/listen: of tasks, which are not declared");
        }
        let grants = self.config.offer.as_ref().and_then(|offer| offer.grants.clone());
        let is_granted = |kind: &String| {
            grants.as_ref().is_none_or(|grants| grants.iter().any(|one| one == kind))
        };
        let granted: Map<String, Value> =
            asked.into_iter().filter(|(kind, _)| is_granted(kind)).collect();
        let granted = Value::Object(granted);
        let params = json!({"notifications": granted, "_meta": {SUBSCRIPTION: call.id}});
        let message = json!({"jsonrpc": "2.0",
            "method": "notifications/subscriptions/acknowledged", "params": params});
        let (pipe, feed) = pipe();
        let kind = Kind::Listen { id: call.id.clone(), granted };
        self.streams.lock().unwrap().open.push(Standing { pipe, kind });
        Answer::Play(Stream::new().message(&message).then(Action::Feed(feed)))
    }
}

fn completed(id: &Value) -> Value {
    let result = json!({"resultType": "complete", "_meta": {SUBSCRIPTION: id}});
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

fn cancelled(id: &Value) -> Value {
    let params = json!({"requestId": id, "_meta": {SUBSCRIPTION: id}});
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
}

fn is_granted(granted: &Value, method: &str, params: &Value) -> bool {
    let flag = match method {
        "notifications/tools/list_changed" => "toolsListChanged",
        "notifications/prompts/list_changed" => "promptsListChanged",
        "notifications/resources/list_changed" => "resourcesListChanged",
        "notifications/resources/updated" => {
            let uris = granted["resourceSubscriptions"].as_array();
            return uris.is_some_and(|uris| uris.contains(&params["uri"]));
        }
        "notifications/tasks" => {
            let ids = granted["taskIds"].as_array();
            return ids.is_some_and(|ids| ids.contains(&params["taskId"]));
        }
        _ => return false,
    };
    granted[flag] == true
}
