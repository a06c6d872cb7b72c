//! Single mutations of correct exchanges, on every carrier and in both eras. A
//! server changes one message once (list.rs has the changes). Whatever it is:
//! the call ends in time, with the right result or with an error that says what
//! was wrong; the tool runs once; the next call of the client succeeds.

mod list;
mod peer;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use behaviour::constants::*;
use behaviour::{Answer, Client, Failure, Outcome, TEST_LIMIT, case_within, within};
use serde_json::json;

use list::{Change, Expect, MEMBERS, MUTATIONS, Role, VALUES, WORDS};
use peer::{Carrier, Edit, Era, Peer};

const TOKEN: &str = "t0ken-that-stays-secret";
/// A call that must not wait for its timeout ends before it, or the case does not.
const TIMEOUT: Duration = Duration::from_secs(1000);
/// The timeout of a call that may wait for it.
const LATE: Duration = Duration::from_secs(8);
/// The timeout of a call that gets no response. Before it is over, the message has
/// come, also on a busy machine.
const SHORT: Duration = Duration::from_secs(3);
/// The deadline of a case.
const LIMIT: Duration = Duration::from_secs(90);
/// The threads that each test uses: the cases wait more than they compute.
const THREADS: usize = 4;

/// What is expected of one case.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Mutation(Expect),
    Member(Role, &'static str),
    /// Any outcome in time.
    Any,
}

struct Case {
    name: String,
    carrier: Carrier,
    era: Era,
    method: &'static str,
    edit: Edit,
    wanted: Wanted,
}

/// The outcome of the call of a case, in the terms of the application.
fn perform(client: &Client, method: &str) -> Outcome<Answer> {
    match method {
        "tools/list" => client.list_tools(),
        _ => client.call("add", json!({"n": 42})),
    }
}

fn is_right(answer: &Answer, method: &str) -> bool {
    match method {
        "tools/list" => answer.find_tool("add").is_some(),
        _ => {
            !answer.is_error()
                && answer.contents().iter().any(|content| content.text().as_deref() == Some("42"))
        }
    }
}

/// Whether the result has what the caller asked for.
fn has_payload(answer: &Answer, method: &str) -> bool {
    match method {
        "tools/list" => !answer.tools().is_empty(),
        _ => !answer.contents().is_empty(),
    }
}

impl Case {
    /// Runs the case, and says what is wrong.
    fn run(&self) -> Result<(), String> {
        let peer = Peer::new(self.carrier, self.era, self.method, self.edit);
        let (client, server) = peer.client(TOKEN);
        let timeout = match self.wanted {
            _ if self.waits() => SHORT,
            Wanted::Any => LATE,
            _ => TIMEOUT,
        };
        client.set_timeout(timeout.as_millis() as i64);
        let is_connection = matches!(self.method, "initialize" | "server/discover");
        if !is_connection {
            client.connect().map_err(|failure| format!("did not connect: {failure:?}"))?;
        }
        let outcome = perform(&client, self.method);
        let judged = self.judge(&outcome);
        let has_connected = outcome.is_ok() || !is_connection;
        drop(outcome);
        judged?;
        if !peer.is_done() {
            return Err("the message was not changed".to_owned());
        }
        let calls = peer.count("tools/call");
        if calls > 1 {
            return Err(format!("the tool ran {calls} times"));
        }
        client.set_timeout(TIMEOUT.as_millis() as i64);
        let is_closed = matches!(
            self.edit,
            Edit::Change(Change::CloseAt(_) | Change::Reset | Change::Length(_))
        );
        if self.carrier == Carrier::Stdio && (is_closed || !has_connected) {
            // The library cannot open the descriptors of the application again.
            return Ok(());
        }
        match client.call("add", json!({"n": 42})) {
            Ok(answer) if is_right(&answer, "tools/call") => {}
            Ok(answer) => return Err(format!("the next call got {}", answer.json())),
            Err(failure) => return Err(format!("the next call failed: {failure:?}")),
        }
        let sessions = peer.count("initialize");
        if !is_connection && !is_closed && sessions > 1 {
            return Err(format!("{sessions} sessions, although the first was healthy"));
        }
        drop((client, server));
        Ok(())
    }

    /// Whether the call ends by its timeout.
    fn waits(&self) -> bool {
        matches!(self.wanted, Wanted::Mutation(Expect::Waits | Expect::Timeout))
    }

    fn judge(&self, outcome: &Outcome<Answer>) -> Result<(), String> {
        if let Err(failure) = outcome {
            let everything = failure.everything();
            if everything.contains(TOKEN) {
                return Err(format!("the error has the token: {everything}"));
            }
            if failure.message.trim().is_empty() || failure.status == MCP_E_INTERNAL {
                return Err(format!("an error that says nothing: {everything}"));
            }
        }
        let told = || match outcome {
            Ok(answer) => format!("succeeded with {}", answer.json()),
            Err(failure) => format!("{failure:?}"),
        };
        let is_right = matches!(outcome, Ok(answer) if is_right(answer, self.method));
        let has_words = matches!(outcome, Err(failure) if failure.message.contains(WORDS));
        let failed = |status: i32| matches!(outcome, Err(failure) if failure.status == status);
        let is_fault = matches!(outcome, Err(failure) if self.is_fault(failure));
        let is_wanted = match self.wanted {
            Wanted::Any => true,
            Wanted::Mutation(expect) => match expect {
                Expect::Right => is_right,
                Expect::RightOrFault => is_right || is_fault,
                Expect::Fault => is_fault,
                Expect::Malformed => {
                    failed(MCP_E_PROTOCOL)
                        && matches!(outcome, Err(failure) if failure.message.contains("malformed"))
                }
                Expect::Words => failed(MCP_E_RPC) && has_words,
                Expect::Says => is_fault && has_words,
                Expect::Rpc => failed(MCP_E_RPC),
                Expect::Waits => {
                    failed(MCP_E_TIMEOUT)
                        && matches!(outcome, Err(failure) if failure.message.contains("not a message")
                            || failure.message.contains("no pending request"))
                }
                Expect::Timeout => failed(MCP_E_TIMEOUT),
                Expect::Not => true,
            },
            Wanted::Member(role, value) => match (role, outcome) {
                (Role::Decoration | Role::Item, _) => is_right,
                (Role::Payload, Ok(answer)) => {
                    is_right
                        || has_payload(answer, self.method)
                        // Absent, or there and empty. Lua has one notation for
                        // an empty object and an empty array.
                        || matches!(value, "" | "null" | "[]" | "[null]" | "{}")
                        // The raw result is what the tool gave.
                        || matches!(self.edit, Edit::Member("/result", "{\"a\":{\"b\":[1]}}"))
                }
                (Role::Payload, Err(_)) => failed(MCP_E_PROTOCOL),
                (Role::Steering, Ok(_)) => true,
                (Role::Steering, Err(_)) => is_fault || failed(MCP_E_RPC),
            },
        };
        if is_wanted { Ok(()) } else { Err(told()) }
    }

    /// Whether an error says what was wrong.
    fn is_fault(&self, failure: &Failure) -> bool {
        if matches!(
            failure.status,
            MCP_E_TIMEOUT | MCP_E_INTERNAL | MCP_E_INVALID_ARGUMENT | MCP_E_STATE
        ) {
            return false;
        }
        match self.edit {
            Edit::Change(Change::Status(status, ..)) if status >= 300 => {
                failure.http_status == i32::from(status)
            }
            _ => true,
        }
    }
}

/// The same with a deadline.
fn run_within(case: Case) -> Result<(), String> {
    let name = case.name.clone();
    let ran = case_within(LIMIT, move || case.run());
    ran.and_then(|ran| ran).map_err(|what| format!("{name}: {what}"))
}

fn mutations(carrier: Carrier, era: Era, method: &'static str) -> Vec<Case> {
    let column = match carrier {
        Carrier::Body => 0,
        Carrier::Stream => 1,
        Carrier::Sse | Carrier::Stdio => 2,
    };
    let mut cases = Vec::new();
    for (name, change, expects) in MUTATIONS {
        let expect = expects[column];
        let is_of_http = matches!(
            change,
            Change::Status(..) | Change::Type(..) | Change::Header(..) | Change::Length(_)
        );
        if expect == Expect::Not
            || carrier == Carrier::Stdio && is_of_http
            || carrier == Carrier::Sse && matches!(change, Change::LineEnd(_))
        {
            continue;
        }
        let is_cut = matches!(change, Change::CloseAt(_) | Change::Reset);
        let wanted = match (method, era) {
            ("server/discover", Era::Handshake) => match change {
                // These say nothing about the revision.
                Change::Status(401 | 407 | 429, ..) => Wanted::Mutation(Expect::Fault),
                Change::Status(302, ..) => Wanted::Mutation(Expect::RightOrFault),
                _ if is_cut && carrier == Carrier::Stdio => Wanted::Mutation(Expect::Fault),
                // Half of the time goes by in silence.
                _ if matches!(expect, Expect::Waits | Expect::Timeout) => Wanted::Any,
                _ => Wanted::Mutation(Expect::Right),
            },
            ("server/discover", Era::Stateless) => Wanted::Any,
            ("initialize", _) if is_cut => Wanted::Mutation(Expect::RightOrFault),
            _ => Wanted::Mutation(expect),
        };
        cases.push(Case {
            name: (*name).to_owned(),
            carrier,
            era,
            method,
            edit: Edit::Change(*change),
            wanted,
        });
    }
    cases
}

fn members(carrier: Carrier, era: Era, method: &'static str) -> Vec<Case> {
    let of_method = MEMBERS.iter().filter(|(name, _)| *name == method);
    let places = of_method.flat_map(|(_, places)| places.iter());
    let each = |(place, role): &(&'static str, Role)| {
        let (place, role) = (*place, *role);
        let wanted = move |value| match method {
            "server/discover" => Wanted::Any,
            _ => Wanted::Member(role, value),
        };
        VALUES.iter().map(move |value| Case {
            name: format!("{place} = {value}"),
            carrier,
            era,
            method,
            edit: Edit::Member(place, value),
            wanted: wanted(*value),
        })
    };
    places.flat_map(each).collect()
}

/// Runs the cases on a few threads, and says of each what is wrong.
fn all_hold(what: String, cases: Vec<Case>) {
    within(TEST_LIMIT, move || {
        let count = cases.len();
        assert!(count > 0);
        // Those that wait for their timeout do so beside each other.
        let (waiting, cases): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(Case::waits);
        let next = AtomicUsize::new(0);
        let cases: Vec<_> =
            cases.into_iter().map(|case| std::sync::Mutex::new(Some(case))).collect();
        let wrong = std::sync::Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for case in waiting {
                scope.spawn(|| {
                    if let Err(what) = run_within(case) {
                        wrong.lock().unwrap().push(what);
                    }
                });
            }
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                        let case = case.lock().unwrap().take().unwrap();
                        if let Err(what) = run_within(case) {
                            wrong.lock().unwrap().push(what);
                        }
                    }
                });
            }
        });
        let wrong = wrong.into_inner().unwrap();
        assert!(
            wrong.is_empty(),
            "{what}: {} of {count} cases are wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    });
}

macro_rules! mutation_tests {
    ($($name:ident $generate:ident $carrier:ident $era:ident $method:literal;)*) => {
        $(
            #[test]
            fn $name() {
                let cases = $generate(Carrier::$carrier, Era::$era, $method);
                all_hold(stringify!($name).to_owned(), cases);
            }
        )*
    };
}

mutation_tests! {
    call_by_json_in_a_session mutations Body Handshake "tools/call";
    call_by_json_without_sessions mutations Body Stateless "tools/call";
    call_by_a_stream_in_a_session mutations Stream Handshake "tools/call";
    call_by_a_stream_without_sessions mutations Stream Stateless "tools/call";
    call_over_http_with_sse mutations Sse Handshake "tools/call";
    call_over_stdio_in_a_session mutations Stdio Handshake "tools/call";
    call_over_stdio_without_sessions mutations Stdio Stateless "tools/call";

    initialize_by_json mutations Body Handshake "initialize";
    initialize_by_a_stream mutations Stream Handshake "initialize";
    initialize_over_http_with_sse mutations Sse Handshake "initialize";
    initialize_over_stdio mutations Stdio Handshake "initialize";

    probe_of_a_server_with_sessions_by_json mutations Body Handshake "server/discover";
    probe_of_a_server_with_sessions_by_a_stream mutations Stream Handshake "server/discover";
    probe_of_a_server_with_sessions_over_stdio mutations Stdio Handshake "server/discover";
    probe_by_json mutations Body Stateless "server/discover";
    probe_by_a_stream mutations Stream Stateless "server/discover";
    probe_over_stdio mutations Stdio Stateless "server/discover";

    result_of_a_call_by_json members Body Handshake "tools/call";
    result_of_a_call_by_a_stream members Stream Stateless "tools/call";
    result_of_a_call_over_stdio members Stdio Handshake "tools/call";
    list_by_json members Body Stateless "tools/list";
    list_over_http_with_sse members Sse Handshake "tools/list";
    list_over_stdio members Stdio Stateless "tools/list";
    result_of_initialize_by_json members Body Handshake "initialize";
    result_of_initialize_over_http_with_sse members Sse Handshake "initialize";
    result_of_initialize_over_stdio members Stdio Handshake "initialize";
    result_of_a_probe_by_json members Body Stateless "server/discover";
    result_of_a_probe_over_stdio members Stdio Stateless "server/discover";
}
