//! The tools. What each does is in its arguments, so that a test or a plain
//! C program can ask for it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::encoding::base64;
use crate::http::Stream;
use crate::mcp::{Answer, Call, Mcp};
use crate::{Action, Carrier, items, local, malformed};

const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

impl Mcp {
    pub(crate) fn call_tool(&self, call: &Call) -> Answer {
        let arguments = &call.params["arguments"];
        let number = |name: &str, default: u64| arguments[name].as_u64().unwrap_or(default);
        if let Some(refusal) = self.check_marks(call) {
            return refusal;
        }
        let name = call.params["name"].as_str().unwrap_or_default();
        match name {
            "echo" | "x" => text(arguments.to_string()),
            "text" => text("x".repeat(number("size", 1) as usize)),
            "contents" => Answer::Result(json!({"content": items::contents(),
                "_meta": {"com.example/kept": "yes"}})),
            "image" => {
                let data = base64(&vec![7; number("size", 1) as usize]);
                let content = json!([{"type": "image", "data": data, "mimeType": "image/png"}]);
                Answer::Result(json!({"content": content}))
            }
            "fails" => {
                let content = json!([{"type": "text", "text": "it went wrong"}]);
                Answer::Result(json!({"content": content, "isError": true}))
            }
            // Also where `value` is null.
            "structured" => Answer::Result(json!({"content": [{"type": "text",
                "text": arguments["value"].to_string()}], "structuredContent": arguments["value"]})),
            "bare" => Answer::Result(json!({})),
            "old" => Answer::Result(json!({"toolResult": {"n": 1}})),
            "slow" => self.slow(call, number("steps", 3), number("pause", 100)),
            "log" => self.log(call),
            "push" => {
                let method = arguments["method"].as_str().unwrap_or_default();
                let params = match &arguments["params"] {
                    Value::Null => json!({}),
                    params => params.clone(),
                };
                text(self.notify(method, params).to_string())
            }
            "hang" => Answer::Play(Stream::new().then(Action::Hang)),
            "silent" => Answer::Play(vec![Action::Hang]),
            "drops" => Answer::Play(vec![Action::Close]),
            "ask" => self.ask(call, arguments),
            "breaks" => self.break_off(call, arguments),
            "batch" => batch(call, arguments["as"] == "event"),
            "malformed" => {
                let how = arguments["how"].as_str().unwrap_or_default();
                let good = json!({"resultType": "complete", "content": []});
                malformed::reply(how, &call.id, &good)
            }
            "deep" => {
                let body = malformed::nested(&call.id, number("depth", 10) as usize, true);
                Answer::Body(body.into_bytes())
            }
            "chatters" => {
                let message = json!({"jsonrpc": "2.0", "method": "notifications/x"});
                let pause = Duration::from_millis(number("pause", 10));
                Answer::Play(malformed::trickle(&message, number("count", 1000) as usize, pause))
            }
            "odd" => Answer::Result(arguments["result"].clone()),
            "error" => Answer::error(
                arguments["code"].as_i64().unwrap_or(-32603) as i32,
                arguments["message"].as_str().unwrap_or("broken"),
                arguments["data"].clone(),
            ),
            "marked" => text(headers_of(call).to_string()),
            "later" => later(call, number("pause", 50)),
            "streams" => {
                self.end_subscriptions(arguments["by"].as_str().unwrap_or_default());
                text("ended".into())
            }
            "violations" => text(json!(self.violations()).to_string()),
            _ if call.carrier == Carrier::Stdio && local::TOOLS.contains(&name) => {
                local::call(call, name)
            }
            _ if name.starts_with("task-") && self.config.offer.is_some() => {
                self.task_tool(call, &self.config.offer.clone().unwrap_or_default())
            }
            _ if name.starts_with("tool-") => text(name.to_owned()),
            _ => Answer::error(-32602, "Unknown tool", json!(name)),
        }
    }

    /// Steps with a pause before each; each is told where progress is asked
    /// for, and after it some of a call that nobody made. `on`: "get" tells
    /// them on the standing stream, all at once. `after_reports`: after a step,
    /// waits until the test opens the gate "report STEP".
    fn slow(&self, call: &Call, steps: u64, pause: u64) -> Answer {
        let token = &call.params["_meta"]["progressToken"];
        let is_on_get = call.params["arguments"]["on"] == "get";
        let waits = call.params["arguments"]["after_reports"] == true;
        let mut stream = Stream::new();
        for step in 1..=steps {
            stream = stream.pause(pause);
            if token.is_null() {
                continue;
            }
            let message = report(token, step, steps);
            if is_on_get {
                self.send_on_get(&call.session, &message);
            } else {
                let stray = report(&json!("nobody's"), step, steps);
                stream = stream.message(&message).message(&stray);
            }
            if waits {
                stream = stream.wait(self.gate(&format!("report {step}")));
            }
        }
        Answer::Play(stream.pause(pause).message(&done(call, "slow")).end())
    }

    /// A log message of each level, as far as they are wanted.
    fn log(&self, call: &Call) -> Answer {
        let wanted = if call.is_stateless {
            call.params["_meta"]["io.modelcontextprotocol/logLevel"].as_str().map(str::to_owned)
        } else {
            let session = self.session_of(&call.session);
            session.map(|session| session.level.unwrap_or_else(|| "info".into()))
        };
        let from = wanted.and_then(|wanted| LEVELS.iter().position(|level| *level == wanted));
        let mut stream = Stream::new();
        for level in LEVELS.iter().skip(from.unwrap_or(LEVELS.len())) {
            let params = json!({"level": level, "logger": "test", "data": {"of": level}});
            stream = stream.message(
                &json!({"jsonrpc": "2.0", "method": "notifications/message", "params": params}),
            );
        }
        Answer::Play(stream.message(&done(call, "logged")).end())
    }
}

/// The answer, and after a pause the `messages`, when no call may be open.
fn later(call: &Call, pause: u64) -> Answer {
    let mut stream = Stream::new().message(&done(call, "later")).pause(pause);
    for message in call.params["arguments"]["messages"].as_array().into_iter().flatten() {
        stream = stream.message(message);
    }
    Answer::Play(stream.end())
}

pub(crate) fn text(text: String) -> Answer {
    Answer::Result(json!({"content": [{"type": "text", "text": text}]}))
}

/// A whole message with a text for its result.
pub(crate) fn done(call: &Call, text: &str) -> Value {
    let mut result = json!({"content": [{"type": "text", "text": text}]});
    if call.is_stateless {
        result["resultType"] = json!("complete");
    }
    json!({"jsonrpc": "2.0", "id": call.id, "result": result})
}

/// A report of a call's progress; not in each is all that may be there.
fn report(token: &Value, step: u64, steps: u64) -> Value {
    let mut params = json!({"progressToken": token, "progress": step});
    if step > 1 {
        params["total"] = json!(steps);
        params["message"] = json!(format!("step {step}"));
    }
    json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})
}

/// A notification, a question and the answer as one array (2025-03-26).
fn batch(call: &Call, is_event: bool) -> Answer {
    let note = json!({"jsonrpc": "2.0", "method": "notifications/message",
        "params": {"level": "info", "data": "in a batch"}});
    let ping = json!({"jsonrpc": "2.0", "id": "ping-in-a-batch", "method": "ping"});
    let all = json!([note, ping, done(call, "batch")]);
    if is_event {
        return Answer::Play(Stream::new().message(&all).end());
    }
    Answer::Body(all.to_string().into_bytes())
}

/// The arguments' headers as they arrived.
fn headers_of(call: &Call) -> Value {
    let mine = call.request.headers.iter().filter_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        name.strip_prefix("mcp-param-").map(|name| (name.to_owned(), json!(value)))
    });
    Value::Object(mine.collect())
}
