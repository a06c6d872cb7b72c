//! Tools that run as tasks: where the client asks for it up to 2025-11-25, as
//! the server decides from 2026-07-28 on.
//!
//! Arguments of `task-required`, `task-optional` and `task-forbidden`: `for`
//! and `after`: the milliseconds of work before and after the questions;
//! `rounds`: questions as of the tool `ask`, told in the result as there; `on`:
//! "get" asks on the standing stream; `interval`: the milliseconds between
//! polls, or a list of them, the last again and again; `ttl`; `says`: the
//! status message; `error`: {code, message, data}, which it fails with;
//! `is_error`: a result that is one; `stops`: the server cancels it at the
//! end; `forgets`: milliseconds after which nobody knows it; `direct`: the
//! server makes no task of it; `lags`: what was answered is asked once more;
//! `stubborn`: it does not end when it is cancelled; `progress`: reports of it
//! with each poll; `loose`: any pace is right; `odd`: members that take the
//! place of those that are told.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::Action;
use crate::http::{self, LAST_CHUNK, Stream};
use crate::mcp::{Answer, Call, Mcp};
use crate::offer::Offer;
use crate::pipe::{Pipe, pipe};

pub const EXTENSION: &str = "io.modelcontextprotocol/tasks";
const RELATED: &str = "io.modelcontextprotocol/related-task";
/// A client may be early by what the clocks of two threads differ.
const SLACK: Duration = Duration::from_millis(3);

#[derive(Debug)]
struct Task {
    number: usize,
    begun: Instant,
    session: String,
    how: Value,
    token: Value,
    ttl: Value,
    /// The round that is asked, and when the last was answered.
    place: usize,
    answered: Option<Instant>,
    given: Map<String, Value>,
    answers: Vec<Value>,
    /// What the client was last told, and when.
    told: Option<(Instant, u64)>,
    polls: usize,
    has_news: bool,
    is_finished: bool,
    is_cancelled: bool,
    is_done_with: bool,
    /// Who calls for the result, with the ids of the calls.
    waiting: Vec<(Pipe, Value)>,
    /// The ids of questions that are open, as JSON, and their keys.
    waits_for: HashMap<String, String>,
}

#[derive(Debug, Default)]
pub(crate) struct Tasks {
    /// By their ids.
    all: HashMap<String, Task>,
    count: usize,
    questions: usize,
    /// The ids of requests that no notification may cancel, as JSON.
    requests: HashSet<String>,
}

impl Task {
    fn milliseconds(&self, name: &str) -> Option<Duration> {
        self.how[name].as_u64().map(Duration::from_millis)
    }

    fn round(&self) -> Option<&Map<String, Value>> {
        self.how["rounds"].get(self.place).and_then(Value::as_object)
    }

    fn is_gone(&self) -> bool {
        self.milliseconds("forgets").is_some_and(|limit| self.begun.elapsed() >= limit)
    }

    fn status(&self) -> &'static str {
        let work = self.milliseconds("for").unwrap_or(Duration::from_millis(30));
        let after = self.milliseconds("after").unwrap_or_default();
        let is_at_work = self.begun.elapsed() < work
            || self.answered.is_some_and(|answered| answered.elapsed() < after);
        if self.is_cancelled {
            return "cancelled";
        }
        if !self.is_finished && is_at_work {
            return "working";
        }
        if !self.is_finished && self.round().is_some() {
            return "input_required";
        }
        let has_failed = self.how["is_error"] == true && !self.session.is_empty();
        match () {
            () if self.how["stops"] == true => "cancelled",
            () if self.how["error"].is_object() || has_failed => "failed",
            () => "completed",
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.status(), "completed" | "failed" | "cancelled")
    }

    fn interval(&self) -> u64 {
        let interval = &self.how["interval"];
        let place = self.polls.min(interval.as_array().map_or(0, |all| all.len().max(1) - 1));
        interval.get(place).unwrap_or(interval).as_u64().unwrap_or(20)
    }

    /// What all forms tell of it.
    fn json(&self, id: &str, is_stateless: bool) -> Value {
        let mut json = json!({"taskId": id, "status": self.status(),
            "createdAt": "2026-01-02T03:04:05Z", "lastUpdatedAt": "2026-01-02T03:04:06Z"});
        let (ttl, interval) =
            if is_stateless { ("ttlMs", "pollIntervalMs") } else { ("ttl", "pollInterval") };
        json[ttl] = self.ttl.clone();
        json[interval] = json!(self.interval());
        if self.how["says"].is_string() {
            json["statusMessage"] = self.how["says"].clone();
        }
        json
    }

    fn result(&self, id: &str) -> Value {
        let text = json!(self.answers).to_string();
        let mut result = json!({"content": [{"type": "text", "text": text}]});
        if self.how["is_error"] == true {
            result["isError"] = json!(true);
        }
        if !self.session.is_empty() {
            result["_meta"] = json!({RELATED: {"taskId": id}});
        }
        result
    }

    /// The members of the answer to a call for the result.
    fn outcome(&self, id: &str) -> Value {
        match (self.status(), &self.how["error"]) {
            ("cancelled", _) => json!({"error": {"code": -32000, "message": "It was cancelled"}}),
            (_, error) if error.is_object() => json!({"error": error}),
            _ => json!({"result": self.result(id)}),
        }
    }

    /// Gives the result to all who wait for it.
    fn tell_waiting(&mut self, id: &str) {
        let pause = self.milliseconds("after").unwrap_or_default();
        for (pipe, call) in std::mem::take(&mut self.waiting) {
            if !self.is_over() {
                pipe.play(Action::Pause(pause));
            }
            let mut message = self.outcome(id);
            message["jsonrpc"] = json!("2.0");
            message["id"] = call;
            pipe.send(http::event(&message));
            pipe.send(LAST_CHUNK.to_vec());
            pipe.end();
        }
    }
}

pub(crate) fn tools() -> Vec<Value> {
    let of = |support: &str| {
        json!({"name": format!("task-{support}"), "inputSchema": {"type": "object"},
            "execution": {"taskSupport": support}})
    };
    vec![of("required"), of("optional"), of("forbidden")]
}

/// What a server declares that has tasks.
pub(crate) fn declare(capabilities: &mut Value, is_handshake: bool) {
    if is_handshake {
        let requests = json!({"tools": {"call": {}}});
        capabilities["tasks"] = json!({"list": {}, "cancel": {}, "requests": requests});
    } else {
        capabilities["extensions"][EXTENSION] = json!({});
    }
}

fn unknown(id: &str) -> Answer {
    // As some servers do, with the id in plain sight.
    Answer::error(-32602, &format!("Task {id} not found"), json!({"taskId": id}))
}

impl Mcp {
    pub fn tasks(&self) -> usize {
        self.tasks.lock().unwrap().all.len()
    }

    /// How many tasks are in a status.
    pub fn tasks_in(&self, status: &str) -> usize {
        let tasks = self.tasks.lock().unwrap();
        tasks.all.values().filter(|task| task.status() == status).count()
    }

    pub fn forget_tasks(&self) {
        self.tasks.lock().unwrap().all.clear();
    }

    /// Ends the work on all tasks, and tells those who listen; gives how many
    /// of them there are.
    pub fn finish_tasks(&self) -> usize {
        let is_stateless = self.config.is_stateless;
        let method =
            if is_stateless { "notifications/tasks" } else { "notifications/tasks/status" };
        let mut tasks = self.tasks.lock().unwrap();
        let mut count = 0;
        for (id, task) in &mut tasks.all {
            task.is_finished = true;
            task.tell_waiting(id);
            let mut params = task.json(id, is_stateless);
            if is_stateless {
                params["result"] = task.result(id);
            }
            task.has_news = true;
            count += self.notify(method, params);
        }
        count
    }

    /// A call of one of the tools.
    pub(crate) fn task_tool(&self, call: &Call, offer: &Offer) -> Answer {
        let support = call.params["name"].as_str().unwrap_or_default().trim_start_matches("task-");
        let asked = &call.params["task"];
        let refuse = |what: &str| {
            self.violation(format!("tools/call: {what}"));
            Answer::error(-32601, what, Value::Null)
        };
        if call.is_stateless {
            if !asked.is_null() {
                return refuse("asks for a task in the stateless era");
            }
            if !declares(call) && support == "required" {
                let data = json!({"requiredCapabilities": {"extensions": {EXTENSION: {}}}});
                return Answer::error(-32021, "Missing required client capability", data);
            }
        } else {
            if !asked.is_null() && (support == "forbidden" || !offer.tasks) {
                return refuse("asks for a task of a tool that is none");
            }
            if asked.is_null() && support == "required" {
                return Answer::error(-32601, "The tool runs only as a task", Value::Null);
            }
        }
        let is_task = if call.is_stateless {
            declares(call) && support != "forbidden" && call.params["arguments"]["direct"] != true
        } else {
            !asked.is_null()
        };
        if !is_task {
            let content = json!([{"type": "text", "text": "at once"}]);
            return Answer::Result(json!({"content": content}));
        }
        let mut tasks = self.tasks.lock().unwrap();
        tasks.requests.insert(call.id.to_string());
        tasks.count += 1;
        let id = format!("task-{}-s3cret", tasks.count);
        let how = call.params["arguments"].clone();
        let ttl = if asked["ttl"].is_null() { how["ttl"].clone() } else { asked["ttl"].clone() };
        let mut task = Task {
            number: tasks.count,
            begun: Instant::now(),
            session: call.session.clone(),
            token: call.params["_meta"]["progressToken"].clone(),
            how,
            ttl,
            place: 0,
            answered: None,
            given: Map::new(),
            answers: Vec::new(),
            told: None,
            polls: 0,
            has_news: false,
            is_finished: false,
            is_cancelled: false,
            is_done_with: false,
            waiting: Vec::new(),
            waits_for: HashMap::new(),
        };
        let mut json = task.json(&id, call.is_stateless);
        if json["status"] == "working" {
            task.told = Some((Instant::now(), task.interval()));
        }
        if call.is_stateless {
            json["resultType"] = json!("task");
        } else {
            let meta = json!({"io.modelcontextprotocol/model-immediate-response": "Begun."});
            json = json!({"task": json, "_meta": meta});
        }
        tasks.all.insert(id, task);
        Answer::Result(json)
    }

    /// The methods that are about tasks.
    pub(crate) fn about_task(&self, call: &Call, offer: &Offer) -> Answer {
        let id = call.params["taskId"].as_str().unwrap_or_default().to_owned();
        if call.is_stateless && !declares(call) {
            self.violation(format!("{}: the extension is not declared", call.method));
            let data = json!({"requiredCapabilities": {"extensions": {EXTENSION: {}}}});
            return Answer::error(-32021, "Missing required client capability", data);
        }
        let what = call.method.trim_start_matches("tasks/");
        if what == "list" {
            return self.list(call, offer, "tasks", self.list_of_tasks());
        }
        let mut tasks = self.tasks.lock().unwrap();
        tasks.requests.insert(call.id.to_string());
        let Tasks { all, questions, .. } = &mut *tasks;
        let Some(task) = all.get_mut(&id).filter(|task| !task.is_gone()) else {
            return unknown(&id);
        };
        match what {
            "get" => self.get_task(call, &id, task),
            "result" => self.task_result(call, &id, task, questions),
            "update" => self.update_task(call, task),
            "cancel" if task.is_over() && !call.is_stateless => unknown(&id),
            _ => {
                task.is_cancelled = task.how["stubborn"] != true && !task.is_over();
                task.tell_waiting(&id);
                Answer::Result(if call.is_stateless { json!({}) } else { task.json(&id, false) })
            }
        }
    }

    fn list_of_tasks(&self) -> Vec<Value> {
        let tasks = self.tasks.lock().unwrap();
        let mut all: Vec<(&String, &Task)> = tasks.all.iter().collect();
        all.sort_by_key(|(_, task)| task.number);
        all.iter().map(|(id, task)| task.json(id, false)).collect()
    }

    fn get_task(&self, call: &Call, id: &str, task: &mut Task) -> Answer {
        let is_early = task.told.is_some_and(|(when, interval)| {
            when.elapsed() + SLACK < Duration::from_millis(interval)
        });
        if task.how["loose"] != true && is_early && !task.has_news {
            self.violation("tasks/get: sooner than was asked for");
        }
        if task.how["loose"] != true && task.is_done_with {
            self.violation("tasks/get: of a task that was told to be over");
        }
        if !call.params["_meta"][RELATED].is_null() {
            self.violation("tasks/get: with related-task");
        }
        task.polls += 1;
        task.has_news = false;
        let mut json = task.json(id, call.is_stateless);
        task.told = Some((Instant::now(), task.interval()));
        task.is_done_with = task.is_over();
        for step in 1..=task.how["progress"].as_u64().unwrap_or(0) {
            let step = (task.polls as u64 - 1) * 10 + step;
            let params = json!({"progressToken": task.token, "progress": step,
                "message": format!("step {step}"), "_meta": {RELATED: {"taskId": id}}});
            let message =
                json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params});
            self.send_on_get(&task.session, &message);
        }
        if call.is_stateless {
            match task.status() {
                "completed" => json["result"] = task.result(id),
                "failed" => json["error"] = task.how["error"].clone(),
                "input_required" => json["inputRequests"] = self.open_requests(task),
                _ => {}
            }
        }
        for (name, value) in task.how["odd"].as_object().into_iter().flatten() {
            json[name] = value.clone();
        }
        Answer::Result(json)
    }

    /// The questions that a poll tells, which may be those of before.
    fn open_requests(&self, task: &Task) -> Value {
        let mut requests = task.round().cloned().unwrap_or_default();
        requests.retain(|key, _| !task.given.contains_key(key));
        if task.how["lags"] == true {
            let before = task.how["rounds"].as_array().into_iter().flatten().take(task.place);
            for round in before.filter_map(Value::as_object) {
                requests.extend(round.clone());
            }
        }
        Value::Object(requests)
    }

    fn update_task(&self, call: &Call, task: &mut Task) -> Answer {
        let given = call.params["inputResponses"].as_object().cloned().unwrap_or_default();
        if given.is_empty() {
            self.violation("tasks/update: no inputResponses");
        }
        for (key, response) in given {
            let is_asked = task.status() == "input_required"
                && task.round().is_some_and(|round| round.contains_key(&key))
                && !task.given.contains_key(&key);
            if !is_asked {
                self.violation(format!("tasks/update: {key}, which is not asked, or not any more"));
                continue;
            }
            let is_bare = response.is_object() && response["jsonrpc"].is_null();
            if !is_bare || !response["resultType"].is_null() {
                self.violation("tasks/update: an input response is not bare");
            }
            task.given.insert(key, response);
        }
        next_round(task);
        Answer::Result(json!({}))
    }

    /// The result, which waits for the end, and asks on the way to it.
    fn task_result(&self, call: &Call, id: &str, task: &mut Task, questions: &mut usize) -> Answer {
        if task.is_over() {
            return Answer::Text(task.outcome(id).to_string());
        }
        let (pipe, feed) = pipe();
        task.waiting.push((pipe.clone(), call.id.clone()));
        if task.status() == "input_required" {
            self.ask_of_task(id, task, &pipe, questions);
        } else if task.round().is_none() {
            let work = task.milliseconds("for").unwrap_or_default();
            pipe.play(Action::Pause(work.saturating_sub(task.begun.elapsed())));
            task.tell_waiting(id);
        }
        Answer::Play(Stream::new().then(Action::Feed(feed)))
    }

    fn ask_of_task(&self, id: &str, task: &mut Task, pipe: &Pipe, questions: &mut usize) {
        for (key, question) in task.round().cloned().unwrap_or_default() {
            *questions += 1;
            let ask = json!(format!("task-ask-{questions}"));
            let mut params = question["params"].clone();
            params["_meta"] = json!({RELATED: {"taskId": id}});
            let message = json!({"jsonrpc": "2.0", "id": ask, "method": question["method"],
                "params": params});
            if task.how["on"] == "get" {
                self.send_on_get(&task.session, &message);
            } else {
                pipe.send(http::event(&message));
            }
            task.waits_for.insert(ask.to_string(), key);
        }
    }

    /// An answer to a question of a task has come; false if it is none.
    pub(crate) fn task_answered(&self, message: &Value) -> bool {
        let ask = message["id"].to_string();
        let mut tasks = self.tasks.lock().unwrap();
        let Tasks { all, questions, .. } = &mut *tasks;
        let found = all.iter_mut().find(|(_, task)| task.waits_for.contains_key(&ask));
        let Some((id, task)) = found else { return false };
        let key = task.waits_for.remove(&ask).unwrap_or_default();
        let given = match message.get("error") {
            Some(error) => json!({"error": error}),
            None => {
                let mut result = message["result"].clone();
                if result["_meta"][RELATED]["taskId"] != json!(id) {
                    self.violation("an answer that does not say to which task it belongs");
                }
                result.as_object_mut().map(|result| result.remove("_meta"));
                result
            }
        };
        task.given.insert(key, given);
        if next_round(task) {
            if task.round().is_some() {
                if let Some((pipe, _)) = task.waiting.last().cloned() {
                    self.ask_of_task(id, task, &pipe, questions);
                }
            } else {
                task.tell_waiting(id);
            }
        }
        true
    }

    /// What a notification must not cancel: tasks have a message of their own.
    pub(crate) fn check_cancelled(&self, params: &Value) {
        let request = params["requestId"].to_string();
        if self.tasks.lock().unwrap().requests.contains(&request) {
            self.violation(format!("notifications/cancelled for request {request} of a task"));
        }
    }
}

/// Goes on to the next round if all of this one is answered.
fn next_round(task: &mut Task) -> bool {
    let is_all = task.round().is_some_and(|round| round.len() == task.given.len());
    if is_all {
        let given = std::mem::take(&mut task.given);
        task.answers.push(Value::Object(given));
        task.place += 1;
        task.answered = Some(Instant::now());
    }
    is_all
}

pub(crate) fn declares(call: &Call) -> bool {
    let capabilities = &call.params["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    capabilities["extensions"][EXTENSION].is_object()
}
