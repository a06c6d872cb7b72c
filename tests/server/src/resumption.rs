//! Answers whose stream breaks and is taken up again by GET with
//! Last-Event-ID, or is meant to be (polling).

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::http::{self, LAST_CHUNK};
use crate::mcp::{Answer, Call, Mcp};
use crate::{Action, Carrier};

/// What is left of a call's answer.
#[derive(Debug)]
pub(crate) struct Broken {
    name: String,
    /// The events between one break and the next.
    segments: VecDeque<Vec<String>>,
    /// Those that were sent, the first at 1; 0 is the one that only primes.
    sent: Vec<String>,
    retry: Option<u64>,
    is_clean: bool,
    has_ids: bool,
    refusal: Option<u16>,
}

impl Mcp {
    /// The tool `breaks`. Arguments: `segments`, how many notifications come
    /// before each break and before the result, such as `[1, 0, 2]`; `retry`
    /// in ms; `prime`: an event with an id and no data first (default true);
    /// `clean`: the stream ends in order (default) or in the middle; `ids`:
    /// false for none; `refuse`: the status for the GET; `lost`: the result
    /// never comes.
    pub(crate) fn break_off(&self, call: &Call, arguments: &Value) -> Answer {
        let default = json!([1, 1]);
        let counts = arguments["segments"].as_array().or(default.as_array());
        let mut number = 0;
        let mut segments: VecDeque<Vec<String>> = VecDeque::new();
        for count in counts.into_iter().flatten() {
            let notes = (0..count.as_u64().unwrap_or_default()).map(|_| {
                number += 1;
                note(call, number)
            });
            segments.push_back(notes.collect());
        }
        let content = json!([{"type": "text", "text": format!("after {number}")}]);
        let mut result = json!({"content": content});
        if call.is_stateless {
            result["resultType"] = json!("complete");
        }
        if arguments["lost"] != true
            && let Some(last) = segments.back_mut()
        {
            last.push(json!({"jsonrpc": "2.0", "id": call.id, "result": result}).to_string());
        }
        if call.carrier != Carrier::Http {
            // The one stream breaks, and nothing is resumed.
            let first = segments.pop_front().unwrap_or_default().into_iter();
            let messages = first.map(|text| Action::Message(text.into_bytes()));
            return Answer::Play(messages.chain([Action::Close]).collect());
        }
        let mut all = self.broken.lock().unwrap();
        let name = format!("call-{}", all.len() + 1);
        let mut broken = Broken {
            name: name.clone(),
            segments,
            sent: Vec::new(),
            retry: arguments["retry"].as_u64(),
            is_clean: arguments["clean"] != false,
            has_ids: arguments["ids"] != false && !call.is_stateless,
            refusal: arguments["refuse"].as_u64().map(|status| status as u16),
        };
        let mut out = http::stream_head(&[]);
        if arguments["prime"] != false && broken.has_ids {
            out.extend_from_slice(&http::event_with(Some(&format!("{name}/0")), broken.retry, ""));
        }
        let actions = broken.go_on(out);
        all.insert(name, broken);
        Answer::Play(actions)
    }

    /// GET with the id of an event of a call's stream.
    pub(crate) fn resume(&self, name: &str, after: usize) -> Vec<Action> {
        let mut all = self.broken.lock().unwrap();
        let Some(broken) = all.get_mut(name) else {
            return vec![Action::Send(http::reply(404, &[], b""))];
        };
        if let Some(status) = broken.refusal {
            return vec![Action::Send(http::reply(status, &[], b""))];
        }
        if after > broken.sent.len() {
            self.violation(format!("GET: Last-Event-ID {name}/{after} was not sent yet"));
            return vec![Action::Send(http::reply(400, &[], b""))];
        }
        let mut out = http::stream_head(&[]);
        for number in after..broken.sent.len() {
            out.extend_from_slice(&broken.event(number + 1));
        }
        broken.go_on(out)
    }
}

impl Broken {
    fn event(&self, number: usize) -> Vec<u8> {
        let id = self.has_ids.then(|| format!("{}/{number}", self.name));
        http::event_with(id.as_deref(), None, &self.sent[number - 1])
    }

    /// What was begun, and the events up to the next break.
    fn go_on(&mut self, mut out: Vec<u8>) -> Vec<Action> {
        for data in self.segments.pop_front().unwrap_or_default() {
            self.sent.push(data);
            out.extend_from_slice(&self.event(self.sent.len()));
        }
        let is_last = self.segments.is_empty();
        if is_last || self.is_clean {
            out.extend_from_slice(LAST_CHUNK);
            return vec![Action::Send(out)];
        }
        vec![Action::Send(out), Action::Close]
    }
}

/// Progress where it was asked for, otherwise a log message.
fn note(call: &Call, number: u64) -> String {
    let token = &call.params["_meta"]["progressToken"];
    let (method, params) = if token.is_null() {
        ("notifications/message", json!({"level": "info", "data": number}))
    } else {
        ("notifications/progress", json!({"progressToken": token, "progress": number}))
    };
    json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()
}
