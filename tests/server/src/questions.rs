//! What the server asks the client in the middle of a call: by requests of its
//! own up to 2025-11-25, by "input_required" results from 2026-07-28.
//!
//! A call's `rounds` are a list of objects from a key to {"method", "params"}.
//! Its result's text is the list of what was answered: in each round the
//! results by key, or {"error": ...}.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::http::Stream;
use crate::mcp::{Answer, Call, Mcp};
use crate::pipe::{Pipe, pipe};
use crate::{Action, Gate};

/// A call of the handshake era that waits for answers.
#[derive(Debug)]
struct Asking {
    pipe: Pipe,
    id: Value,
    session: String,
    rounds: Vec<Value>,
    /// The ids of the open questions, as JSON, and their keys.
    waits_for: HashMap<String, String>,
    /// The answers of this round, and those of the rounds before.
    given: Map<String, Value>,
    answers: Vec<Value>,
    is_on_get: bool,
    has_integers: bool,
    is_withdrawn: bool,
    withdraw_after: Option<Gate>,
    is_endless: bool,
}

/// A round of the stateless era whose answer has not come.
#[derive(Debug)]
struct Issued {
    id: Value,
    place: usize,
    params: Value,
    answers: Vec<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Questions {
    asking: Vec<Asking>,
    withdrawn: Vec<String>,
    /// By the request state as the client has to give it back.
    issued: HashMap<String, Issued>,
    count: usize,
    /// The ids of pings without an answer, as JSON.
    pub(crate) pings: HashSet<String>,
}

impl Mcp {
    /// The tool `ask`. Arguments: `rounds`; `on`: "get" asks on the standing
    /// stream; `integers`: questions have integers for ids, from 1 on;
    /// `withdraw`: takes the questions of the first round back after 50 ms
    /// and gives a result without them; `endless`: the last round again and
    /// again; `state`: false keeps `requestState` away; `withdraw_after`: takes
    /// them back when the test opens the gate of that label, not after 50 ms.
    pub(crate) fn ask(&self, call: &Call, arguments: &Value) -> Answer {
        let rounds = arguments["rounds"].as_array().cloned().unwrap_or_default();
        if call.is_stateless {
            let is_endless = arguments["endless"] == true;
            return match self.round(call, &rounds, is_endless, arguments["state"] != false) {
                Ok(answers) => Answer::Result(told(&answers)),
                Err(answer) => answer,
            };
        }
        let (pipe, feed) = pipe();
        let mut asking = Asking {
            pipe,
            id: call.id.clone(),
            session: call.session.clone(),
            rounds,
            waits_for: HashMap::new(),
            given: Map::new(),
            answers: Vec::new(),
            is_on_get: arguments["on"] == "get",
            has_integers: arguments["integers"] == true,
            is_withdrawn: arguments["withdraw"] == true,
            withdraw_after: arguments["withdraw_after"].as_str().map(|label| self.gate(label)),
            is_endless: arguments["endless"] == true,
        };
        let mut questions = self.questions.lock().unwrap();
        self.next_round(&mut questions, &mut asking);
        if !asking.waits_for.is_empty() {
            questions.asking.push(asking);
        }
        Answer::Play(Stream::new().then(Action::Feed(feed)))
    }

    /// Asks what is next, or gives the result.
    fn next_round(&self, questions: &mut Questions, asking: &mut Asking) {
        let mut place = asking.answers.len();
        if asking.is_endless {
            place = place.min(asking.rounds.len().saturating_sub(1));
        }
        let Some(round) = asking.rounds.get(place).and_then(Value::as_object).cloned() else {
            return finish(asking, told(&asking.answers));
        };
        for (key, question) in &round {
            questions.count += 1;
            let number = questions.count;
            let id =
                if asking.has_integers { json!(number) } else { json!(format!("ask-{number}")) };
            let mut message = json!({"jsonrpc": "2.0", "id": id, "method": question["method"]});
            if !question["params"].is_null() {
                message["params"] = question["params"].clone();
            }
            if asking.is_on_get {
                if !self.send_on_get(&asking.session, &message) {
                    return finish(asking, told(&[json!("nobody listens")]));
                }
            } else {
                asking.pipe.message(&message);
            }
            if asking.is_withdrawn {
                self.withdraw(asking, &id);
                questions.withdrawn.push(id.to_string());
            } else {
                asking.waits_for.insert(id.to_string(), key.clone());
            }
        }
        if asking.is_withdrawn {
            finish(asking, told(&[json!("withdrawn")]));
        } else if round.is_empty() {
            asking.answers.push(json!({}));
            self.next_round(questions, asking);
        }
    }

    fn withdraw(&self, asking: &Asking, id: &Value) {
        let params = json!({"requestId": id, "reason": "No longer needed"});
        let message =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        asking.pipe.play(match &asking.withdraw_after {
            Some(gate) => Action::Await(gate.clone()),
            None => Action::Pause(Duration::from_millis(50)),
        });
        if asking.is_on_get {
            self.send_on_get(&asking.session, &message);
        } else {
            asking.pipe.message(&message);
        }
        asking.pipe.play(Action::Pause(Duration::from_millis(50)));
    }

    /// An answer to a question has come.
    pub(crate) fn answered(&self, message: &Value) {
        if self.task_answered(message) {
            return;
        }
        let id = message["id"].to_string();
        let mut questions = self.questions.lock().unwrap();
        if questions.pings.remove(&id) {
            if message["result"] != json!({}) {
                self.violation(format!("answer to {id}, which is a ping: {message}"));
            }
            return;
        }
        let Some(place) = questions.asking.iter().position(|one| one.waits_for.contains_key(&id))
        else {
            if questions.withdrawn.contains(&id) {
                self.violation(format!("answer to {id}, which was withdrawn"));
            } else if questions.count > 0 {
                self.violation(format!("answer to {id}, which was not asked or answered before"));
            }
            return;
        };
        let mut asking = questions.asking.remove(place);
        let key = asking.waits_for.remove(&id).unwrap_or_default();
        let given = match message.get("error") {
            Some(error) => json!({"error": error}),
            None => message["result"].clone(),
        };
        asking.given.insert(key, given);
        if asking.waits_for.is_empty() {
            let given = std::mem::take(&mut asking.given);
            asking.answers.push(Value::Object(given));
            self.next_round(&mut questions, &mut asking);
        }
        if !asking.waits_for.is_empty() {
            questions.asking.push(asking);
        }
    }

    /// One answer of the stateless era: the next round as a result, or all
    /// that was answered.
    fn round(
        &self,
        call: &Call,
        rounds: &[Value],
        is_endless: bool,
        has_state: bool,
    ) -> Result<Vec<Value>, Answer> {
        let given = &call.params["inputResponses"];
        let state = call.params["requestState"].as_str();
        let is_first = given.is_null() && state.is_none();
        let mut questions = self.questions.lock().unwrap();
        let (mut place, mut answers) = (0, Vec::new());
        if !is_first {
            // Without a state there is one such call at a time.
            let key = state.map_or_else(|| "none".to_owned(), str::to_owned);
            let Some(issued) = questions.issued.remove(&key) else {
                self.violation(format!("{}: a state of nobody", call.method));
                return Err(Answer::error(-32602, "Unknown requestState", Value::Null));
            };
            self.check_retry(call, &issued, rounds);
            answers = issued.answers;
            answers.push(if given.is_null() { json!({}) } else { given.clone() });
            place = issued.place + 1;
        }
        if is_endless {
            place = place.min(rounds.len().saturating_sub(1));
        }
        let Some(round) = rounds.get(place).and_then(Value::as_object) else {
            return Ok(answers);
        };
        questions.count += 1;
        let count = questions.count;
        let state = if has_state { format!("state-{count} \u{e9}/\"") } else { "none".to_owned() };
        let params = without_meta(&call.params);
        questions.issued.insert(state, Issued { id: call.id.clone(), place, params, answers });
        let mut result = json!({"resultType": "input_required"});
        if !round.is_empty() {
            result["inputRequests"] = json!(round);
        }
        let mut rest = json!({"result": result}).to_string();
        if has_state {
            let last = rest.len() - 2;
            rest.insert_str(last, &format!(",\"requestState\":{}", raw_state(count)));
        }
        Err(Answer::Text(rest))
    }

    fn check_retry(&self, call: &Call, issued: &Issued, rounds: &[Value]) {
        let expect = |is_right: bool, what: &str| {
            if !is_right {
                self.violation(format!("{}: {what}", call.method));
            }
        };
        expect(call.id != issued.id, "a retry with the old id");
        expect(without_meta(&call.params) == issued.params, "a retry with other params");
        let keys = |value: &Value| -> Vec<String> {
            value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
        };
        let place = issued.place.min(rounds.len().saturating_sub(1));
        let wanted = rounds.get(place).map(keys).unwrap_or_default();
        let given = &call.params["inputResponses"];
        expect(keys(given) == wanted, "inputResponses of other keys");
        expect(given.is_null() || !wanted.is_empty(), "inputResponses without a question");
        let members = given.as_object().into_iter().flat_map(|object| object.values());
        for one in members {
            let is_bare = one.is_object() && one["jsonrpc"].is_null() && one["id"].is_null();
            expect(is_bare && one["resultType"].is_null(), "an input response is not bare");
        }
        if let Some(state) = call.params["requestState"].as_str() {
            let number = state.trim_start_matches(|c: char| !c.is_ascii_digit());
            let number = number.split(' ').next().and_then(|text| text.parse().ok());
            let body = String::from_utf8_lossy(&call.request.body).into_owned();
            let is_same = number.is_some_and(|number| body.contains(&raw_state(number)));
            expect(is_same, "requestState is not as it was, byte for byte");
        }
    }

    /// One question, for a name, of a read or a prompt.
    pub(crate) fn ask_name(&self, call: &Call, result: impl Fn(&str) -> Value) -> Answer {
        let schema = json!({"type": "object", "properties": {"name": {"type": "string"}},
            "required": ["name"]});
        let params = json!({"mode": "form", "message": "Who are you?", "requestedSchema": schema});
        let rounds = [json!({"who": {"method": "elicitation/create", "params": params}})];
        match self.round(call, &rounds, false, true) {
            Ok(answers) => {
                let name = answers[0]["who"]["content"]["name"].as_str().unwrap_or("nobody");
                Answer::Result(result(name))
            }
            Err(answer) => answer,
        }
    }
}

fn finish(asking: &Asking, result: Value) {
    let message = json!({"jsonrpc": "2.0", "id": asking.id, "result": result});
    asking.pipe.message(&message);
    asking.pipe.play(Action::End);
    asking.pipe.end();
}

fn told(answers: &[Value]) -> Value {
    json!({"content": [{"type": "text", "text": json!(answers).to_string()}]})
}

/// As no writer of JSON would write it by itself.
fn raw_state(number: usize) -> String {
    format!("\"s\\u0074ate-{number} \\u00e9\\/\\\"\"")
}

fn without_meta(params: &Value) -> Value {
    let mut params = params.clone();
    if let Some(params) = params.as_object_mut() {
        for name in ["_meta", "inputResponses", "requestState"] {
            params.remove(name);
        }
    }
    params
}
