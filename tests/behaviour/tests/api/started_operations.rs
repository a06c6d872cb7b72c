//! What has a blocking function can be started as well, over each transport.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::chaos::Process;
use behaviour::constants::*;
use behaviour::tasks::TOOL;
use behaviour::{Client, Outcome, Request, tests};
use serde_json::json;

use crate::same_over_each_transport::{address, by_stdio};

/// Starts a request and dispatches until the client hands it out.
fn run(client: &Client, request: Outcome<Request>) -> Request {
    let request = request.unwrap();
    let start = Instant::now();
    request.start().unwrap();
    assert!(start.elapsed() < Duration::from_millis(300), "{:?}", start.elapsed());
    until_handed_out(client, &request);
    request
}

fn until_handed_out(client: &Client, request: &Request) {
    let start = Instant::now();
    loop {
        client.dispatch(20).unwrap();
        let done = client.next_done();
        if done == request.0 {
            break;
        }
        assert!(done.is_null(), "another request");
        assert!(start.elapsed() < Duration::from_secs(10), "it is not done");
    }
    assert!(client.next_done().is_null(), "each once");
}

fn clients(server: &Process) -> [(&'static str, Client); 5] {
    [
        ("handshake", address(server, "/tasks-handshake/mcp")),
        ("stateless", address(server, "/tasks-stateless/mcp")),
        ("sse", address(server, "/tasks-sse/sse")),
        ("stdio", by_stdio("2025-11-25")),
        ("stateless stdio", by_stdio("stateless")),
    ]
}

fn count(heard: &Mutex<Vec<i32>>, kind: i32) -> usize {
    heard.lock().unwrap().iter().filter(|one| **one == kind).count()
}

fn awaits(client: &Client, heard: &Mutex<Vec<i32>>, kind: i32) {
    let start = Instant::now();
    while count(heard, kind) == 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "{kind}: {:?}", heard.lock().unwrap());
        client.dispatch(20).unwrap();
    }
    heard.lock().unwrap().clear();
}

tests! {
    everything_is_started_over_each_transport {
        let server = Process::start();
        for (name, client) in clients(&server) {
            let heard: Arc<Mutex<Vec<i32>>> = Arc::default();
            let theirs = heard.clone();
            client.set_event_handler(move |event| theirs.lock().unwrap().push(event.kind)).unwrap();
            client.set_tasks(true);

            let connect = run(&client, client.connect_request());
            let info = connect.take_result().unwrap();
            assert_eq!(info.server_name(), client.connect().unwrap().server_name(), "{name}");

            let kinds = MCP_EVENT_TOOLS_CHANGED;
            run(&client, client.listen_request(kinds)).take_no_result().unwrap();
            let changed = "notifications/tools/list_changed";
            client.call("push", json!({"method": changed, "params": {}})).unwrap();
            awaits(&client, &heard, MCP_EVENT_TOOLS_CHANGED);

            run(&client, client.subscribe_request("test://text")).take_no_result().unwrap();
            let updated = "notifications/resources/updated";
            let push = json!({"method": updated, "params": {"uri": "test://text"}});
            client.call("push", push).unwrap();
            awaits(&client, &heard, MCP_EVENT_RESOURCE_UPDATED);
            run(&client, client.unsubscribe_request("test://text")).take_no_result().unwrap();
            run(&client, client.listen_request(0)).take_no_result().unwrap();

            let level = client.set_log_level_request(MCP_LOG_WARNING);
            run(&client, level).take_no_result().unwrap();
            client.call("log", json!({})).unwrap();
            awaits(&client, &heard, MCP_EVENT_LOG);

            let notification = client.notify_request("notifications/x", Some(json!({"a": 1})));
            run(&client, notification).take_no_result().unwrap();

            let begins = client.tool_request(TOOL, json!({"for": 60, "interval": 20})).unwrap();
            begins.set_task(0).unwrap();
            let id = begins.perform().unwrap().task_id().unwrap();
            // The server does not want to be asked before the interval.
            std::thread::sleep(Duration::from_millis(30));
            let task = run(&client, client.task_result_request(&id));
            task.take_result().unwrap();

            let violations = client.call("violations", json!({})).unwrap();
            assert_eq!(violations.text(), "[]", "{name}");
            run(&client, client.close_request()).take_no_result().unwrap();
            assert_eq!(client.dispatch(0).unwrap_err().status, MCP_E_CLOSED);
            assert_eq!(client.ping().unwrap_err().status, MCP_E_CLOSED, "{name}");
        }
    }
}
