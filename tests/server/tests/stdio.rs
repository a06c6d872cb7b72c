//! The server over stdio, in both eras, as it should be.

#[path = "peer/line.rs"]
mod line;

use std::time::Duration;

use line::Process;
use serde_json::{Value, json};

const CHANGED: &str = "notifications/tools/list_changed";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

#[test]
fn both_eras_are_served_by_one_process() {
    let mut process = Process::start(&[]);
    process.ask(1, "server/discover", json!({}));
    assert_eq!(process.message()["result"]["supportedVersions"], json!(["2026-07-28"]));
    process.ask(2, "tools/call", json!({"name": "echo", "arguments": {"a": 1}}));
    let answer = process.message();
    assert_eq!(answer["result"]["resultType"], "complete");
    assert_eq!(answer["result"]["content"][0]["text"], "{\"a\":1}");
    process.ask(3, "ping", json!({}));
    assert_eq!(process.message()["error"]["code"], -32601);
    process.close();
    assert_eq!(process.end().code(), Some(0));
    assert!(process.log().ends_with("eof\n"), "{}", process.log());
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let mut process = Process::start(&[]);
        assert_eq!(process.initialize(version)["protocolVersion"], version);
        process.request(2, "ping", json!({}));
        assert_eq!(process.message(), json!({"jsonrpc": "2.0", "id": 2, "result": {}}));
        assert!(!process.log().contains("violation"), "{}", process.log());
    }
}

#[test]
fn options_choose_revisions_and_offer() {
    let mut process = Process::start(&["--revisions", "handshake", "--offer", "none"]);
    process.ask(1, "server/discover", json!({}));
    assert_eq!(process.message()["error"]["code"], -32602);
    assert_eq!(process.initialize("2026-07-28")["protocolVersion"], "2025-11-25");
    process.request(3, "tools/list", json!({}));
    assert_eq!(process.message()["result"]["tools"], json!([]));
    let mut process = Process::start(&["--revisions", "2024-11-05"]);
    assert_eq!(process.initialize("2025-11-25")["protocolVersion"], "2024-11-05");
    let mut process = Process::start(&["--revisions", "stateless"]);
    process.request(1, "initialize", json!({"protocolVersion": "2025-11-25"}));
    let answer = process.message();
    assert_eq!(answer["error"]["code"], -32022);
    assert_eq!(answer["error"]["data"]["supported"], json!(["2026-07-28"]));
}

#[test]
fn responses_come_in_the_configured_order() {
    let mut process = Process::start(&[]);
    process.initialize("2025-11-25");
    process.call(2, "echo", json!({"label": "a", "after_label": "b"}));
    process.call(3, "echo", json!({"label": "b", "after_label": "c"}));
    process.call(4, "echo", json!({"label": "c"}));
    let ids =
        [process.message(), process.message(), process.message()].map(|one| one["id"].clone());
    assert_eq!(ids, [4, 3, 2]);
}

#[test]
fn progress_input_requests_and_log_messages_come_during_calls() {
    let mut process = Process::start(&[]);
    process.initialize("2025-11-25");
    process.request(2, "logging/setLevel", json!({"level": "emergency"}));
    process.message();
    process.call(3, "log", json!({}));
    assert_eq!(process.message()["params"]["level"], "emergency");
    assert_eq!(process.text(), "logged");
    process.request(
        4,
        "tools/call",
        json!({"name": "slow", "arguments": {"steps": 1, "pause": 1},
        "_meta": {"progressToken": 4}}),
    );
    assert_eq!(process.message()["params"]["progressToken"], 4);
    process.message();
    assert_eq!(process.text(), "slow");
    let rounds = json!([{"a": {"method": "elicitation/create", "params": {"message": "?"}}}]);
    process.call(5, "ask", json!({"rounds": rounds}));
    let question = process.message();
    assert_eq!(question["method"], "elicitation/create");
    process.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "cancel"}}));
    assert_eq!(process.text(), "[{\"a\":{\"action\":\"cancel\"}}]");
    let ping = json!({"jsonrpc": "2.0", "id": "p", "method": "ping"});
    process.call(6, "later", json!({"messages": [ping]}));
    assert_eq!(process.text(), "later");
    assert_eq!(process.message()["method"], "ping", "when no call is open");
    process.call(7, "push", json!({"method": CHANGED}));
    assert_eq!(process.message()["method"], CHANGED);
    assert_eq!(process.text(), "1");
    assert!(!process.log().contains("violation"), "{}", process.log());
}

#[test]
fn stateless_input_rounds_are_results() {
    let mut process = Process::start(&[]);
    let rounds = json!([{"a": {"method": "roots/list"}}]);
    process.ask(1, "tools/call", json!({"name": "ask", "arguments": {"rounds": rounds}}));
    let first = process.message();
    assert_eq!(first["result"]["resultType"], "input_required");
    assert_eq!(first["result"]["inputRequests"]["a"]["method"], "roots/list");
}

#[test]
fn subscriptions_are_distinguished_by_id() {
    let mut process = Process::start(&[]);
    process.ask(5, "subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
    let first = process.message();
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    process.ask(6, "subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
    process.message();
    let push = json!({"name": "push", "arguments": {"method": CHANGED}});
    process.ask(7, "tools/call", push.clone());
    let mut ids: Vec<Value> = Vec::new();
    let mut answer = Value::Null;
    for _ in 0..3 {
        let message = process.message();
        match message["method"].as_str() {
            Some(CHANGED) => ids.push(message["params"]["_meta"][SUBSCRIPTION].clone()),
            _ => answer = message,
        }
    }
    ids.sort_by_key(Value::as_i64);
    assert_eq!((ids, &answer["id"]), (vec![json!(5), json!(6)], &json!(7)));
    // One of them is given up.
    let key = "io.modelcontextprotocol/protocolVersion";
    process.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 5, "_meta": {key: "2026-07-28"}}}));
    process.ask(8, "tools/call", push);
    let pair = [process.message(), process.message()];
    let mine = pair.iter().find(|one| one["method"] == CHANGED).unwrap();
    assert_eq!(mine["params"]["_meta"][SUBSCRIPTION], 6);
    process.ask(9, "tools/call", json!({"name": "streams", "arguments": {"by": "cancelled"}}));
    let pair = [process.message(), process.message()];
    let last = pair.iter().find(|one| one["method"] == "notifications/cancelled").unwrap();
    assert_eq!(last["params"]["requestId"], 6);
    assert!(!process.log().contains("violation"), "{}", process.log());
}

#[test]
fn cancelled_call_gets_no_response() {
    let mut process = Process::start(&[]);
    process.initialize("2025-11-25");
    process.call(2, "echo", json!({"after_label": "go"}));
    process.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 2}}));
    process.call(3, "echo", json!({"label": "go"}));
    assert_eq!(process.message()["id"], 3);
    assert!(process.is_silent(Duration::from_millis(300)));
}

#[test]
fn process_reports_its_arguments_and_environment() {
    let mut process = Process::start(&[]);
    process.initialize("2025-11-25");
    let mut told = |id, name: &str| -> Value {
        process.call(id, name, json!({}));
        serde_json::from_str(&process.text()).unwrap()
    };
    assert_eq!(told(2, "env")["GIVEN"], "to the child");
    assert_eq!(told(3, "argv")[1], "--stdio");
    assert_eq!(told(4, "cwd"), json!(std::env::current_dir().unwrap()));
    let descriptors = told(5, "fds");
    assert!(descriptors["0"].as_str().unwrap().starts_with("pipe"), "{descriptors}");
    assert!(told(6, "signals")["SigBlk"].is_string());
    let id = told(7, "pid");
    assert_eq!(id, process.child.id());
}

#[test]
fn process_ends_as_configured() {
    let mut process = Process::start(&[]);
    process.initialize("2025-11-25");
    process.call(2, "exit", json!({"status": 7, "text": "last words\n", "answers": true}));
    assert_eq!(process.text(), "leaves");
    assert_eq!(process.end().code(), Some(7));
    assert_eq!(process.errors(), "last words\n");
    let mut process = Process::start(&[]);
    process.initialize("2025-11-25");
    process.call(2, "exit", json!({"signal": 9}));
    assert_eq!(process.line(), None);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&process.end()), Some(9));
    let mut process = Process::start(&[]);
    process.initialize("2025-11-25");
    process.signal("TERM");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&process.end()), Some(15));
    assert!(process.log().contains("sigterm"));
}

#[test]
fn violations_of_a_client_are_noted() {
    let mut process = Process::start(&[]);
    process.request(1, "tools/list", json!({}));
    assert_eq!(process.message()["error"]["code"], -32602);
    assert!(process.awaits_log("violation: tools/list: before initialize"));
    process.write(b"not JSON\n");
    assert!(process.awaits_log("violation: a line that is no JSON"));
    process.initialize("2025-11-25");
    process.request(1, "ping", json!({}));
    process.message();
    assert!(process.awaits_log("the id 1 for the second time"));
}
