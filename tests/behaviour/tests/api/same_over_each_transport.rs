//! The same program over each transport gets the same results and events.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::chaos::{Process, program};
use behaviour::constants::*;
use behaviour::tasks::TOOL;
use behaviour::{Client, Event, SOON, tests};
use serde_json::{Value, json};

/// What came of each call, by its name.
type Story = BTreeMap<&'static str, Value>;

fn whole(client: &Client) -> Story {
    let mut story = Story::new();
    let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
    let theirs = heard.clone();
    client.set_event_handler(move |event| theirs.lock().unwrap().push(event)).unwrap();
    let kinds = MCP_INPUT_FORM | MCP_INPUT_SAMPLING | MCP_INPUT_ROOTS;
    let nested: Arc<Mutex<Option<usize>>> = Arc::default();
    let (inside, seen) = (client.0 as usize, nested.clone());
    client
        .set_input_handler(kinds, move |input| {
            // A handler may call, on the very client that asks.
            let inside = std::mem::ManuallyDrop::new(Client(inside as *mut _));
            *seen.lock().unwrap() = Some(inside.list_prompts().unwrap().prompts().len());
            match input.kind() {
                MCP_INPUT_FORM => input.accept(Some(json!({"name": "Ada"}))).unwrap(),
                MCP_INPUT_ROOTS => input.reply(json!({"roots": [{"uri": "file:///x"}]})).unwrap(),
                _ => input
                    .reply(json!({"role": "assistant", "model": "m",
                        "content": {"type": "text", "text": "5"}}))
                    .unwrap(),
            }
        })
        .unwrap();
    client.set_tasks(true);

    let answer = client.connect().unwrap();
    story.insert("name", json!(answer.server_name()));
    story.insert("version", json!(answer.protocol_version()));
    client.ping().unwrap();
    // A program on this machine has tools of its own besides.
    let tools = client.list_tools().unwrap();
    let shared = ["echo", "structured", "marked", "task-required"];
    let shown = shared.map(|name| tools.find_tool(name).map(|tool| tool.json()));
    story.insert("tools", json!(shown));
    let resources = client.list_resources().unwrap();
    story.insert("resources", resources.value()["resources"].clone());
    let templates = client.list_templates().unwrap();
    story.insert("templates", templates.value()["resourceTemplates"].clone());
    story.insert("prompts", client.list_prompts().unwrap().value()["prompts"].clone());
    story.insert("read", client.read("test://text").unwrap().value()["contents"].clone());
    let greeting = client.get_prompt("greet", Some(json!({"who": "Ada"}))).unwrap();
    story.insert("greet", greeting.value()["messages"].clone());
    let reference = json!({"type": "ref/prompt", "name": "greet"});
    let completion = client.complete(reference, "who", "A", None).unwrap();
    story.insert("completion", json!(completion.completions()));
    let failure = client.read("test://nothing").unwrap_err();
    story.insert("failure", json!([failure.status, failure.data]));
    for tool in ["echo", "contents", "fails", "bare"] {
        let answer = client.call(tool, json!({"a": "\n\u{e9}"})).unwrap();
        story.insert(tool, json!([answer.value()["content"], answer.is_error()]));
    }
    let large = client.call("text", json!({"size": 3_000_000})).unwrap();
    story.insert("large", json!(large.text().len()));

    let request = client.tool_request("slow", json!({"steps": 3, "pause": 20})).unwrap();
    let progress = Arc::new(AtomicUsize::new(0));
    let theirs = progress.clone();
    request
        .set_progress(move |_| {
            theirs.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
    story.insert("slow", json!(request.perform().unwrap().text()));
    story.insert("progress", json!(progress.load(Ordering::SeqCst)));

    client.set_log_level(MCP_LOG_WARNING).unwrap();
    client.call("log", json!({})).unwrap();
    awaits(client, &heard, MCP_EVENT_LOG, 5);
    story.insert("logs", json!(count(&heard, MCP_EVENT_LOG)));

    let form = json!({"method": "elicitation/create", "params": {"mode": "form", "message": "Who?",
        "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"},
            "size": {"type": "integer", "default": 7}}}}});
    let sampling = json!({"method": "sampling/createMessage", "params": {"maxTokens": 1,
        "messages": [{"role": "user", "content": {"type": "text", "text": "2.50?"}}]}});
    let rounds = json!([{"a": form, "b": sampling}, {"c": {"method": "roots/list"}}]);
    story.insert("ask", client.call("ask", json!({"rounds": rounds})).unwrap().told());
    story.insert("nested", json!(*nested.lock().unwrap()));

    client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
    client.subscribe("test://text").unwrap();
    for (method, params, kind) in [
        ("notifications/tools/list_changed", json!({}), MCP_EVENT_TOOLS_CHANGED),
        (
            "notifications/resources/updated",
            json!({"uri": "test://text"}),
            MCP_EVENT_RESOURCE_UPDATED,
        ),
    ] {
        client.call("push", json!({"method": method, "params": params})).unwrap();
        awaits(client, &heard, kind, 1);
    }
    client.unsubscribe("test://text").unwrap();
    client.listen(0).unwrap();

    story.insert("task", client.call(TOOL, json!({"for": 60, "interval": 20})).unwrap().told());
    let started = client.tool_request("echo", json!({"started": true})).unwrap();
    started.start().unwrap();
    assert_eq!(started.wait(60_000), MCP_OK);
    story.insert("started", json!(started.take_result().unwrap().text()));
    let late = client.tool_request("slow", json!({"steps": 5, "pause": 1000})).unwrap();
    late.set_timeout(100);
    story.insert("timeout", json!(late.perform().unwrap_err().status));
    let violations = client.call("violations", json!({})).unwrap();
    assert_eq!(violations.text(), "[]");
    story
}

const MCP_OK: i32 = 0;

fn count(heard: &Mutex<Vec<Event>>, kind: i32) -> usize {
    heard.lock().unwrap().iter().filter(|event| event.kind == kind).count()
}

fn awaits(client: &Client, heard: &Mutex<Vec<Event>>, kind: i32, least: usize) {
    let start = Instant::now();
    while count(heard, kind) < least {
        assert!(start.elapsed() < SOON, "{kind}: {:?}", heard.lock().unwrap());
        client.dispatch(20).unwrap();
    }
}

/// The same in each, said with the first that is different.
fn are_alike(stories: &[(&str, Story)]) {
    let Some(((first, expected), rest)) = stories.split_first() else { return };
    for (name, story) in rest {
        assert_eq!(story.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (what, value) in story {
            let is_same = value == &expected[what];
            let short = |value: &Value| value.to_string().chars().take(300).collect::<String>();
            let (this, that) = (short(value), short(&expected[what]));
            assert!(is_same, "{what}: {this} by {name}, but {that} by {first}");
        }
    }
}

pub fn address(server: &Process, path: &str) -> Client {
    let client = Client::of(&format!("http://127.0.0.1:{}{path}", server.port));
    client.set_protocol_version_of(path);
    client
}

trait Pinned {
    fn set_protocol_version_of(&self, path: &str);
}

impl Pinned for Client {
    /// Tasks of the older form are of the newest revision with a handshake.
    fn set_protocol_version_of(&self, path: &str) {
        if !path.contains("stateless") {
            self.pin("2025-11-25").unwrap();
        }
    }
}

pub fn by_stdio(revisions: &str) -> Client {
    Client::stdio(&[&program(), "--stdio", "--offer", "tasks", "--revisions", revisions])
}

tests! {
    sessions_are_the_same_over_each_transport {
        let server = Process::start();
        are_alike(&[
            ("streamable http", whole(&address(&server, "/tasks-handshake/mcp"))),
            ("http with sse", whole(&address(&server, "/tasks-sse/sse"))),
            ("stdio", whole(&by_stdio("2025-11-25"))),
        ]);
    }

    tool_that_reports_progress_outlasts_the_timeout_of_a_plain_call {
        let server = Process::start();
        let clients = [
            address(&server, "/tasks-handshake/mcp"),
            address(&server, "/tasks-stateless/mcp"),
            address(&server, "/tasks-sse/sse"),
            by_stdio("2025-11-25"),
            by_stdio("stateless"),
        ];
        std::thread::scope(|scope| {
            for client in &clients {
                // No step takes nearly as long as the timeout, also on a busy machine.
                client.set_timeout(4000);
                client.connect().unwrap();
                let slow = || client.tool_request("slow", json!({"steps": 32, "pause": 150})).unwrap();
                scope.spawn(move || {
                    let begin = Instant::now();
                    let answer = client.call("slow", json!({"steps": 32, "pause": 150})).unwrap();
                    assert_eq!(answer.text(), "slow");
                    assert!(begin.elapsed() > Duration::from_millis(4000));
                });
                scope.spawn(move || {
                    let request = slow();
                    request.set_timeout(3900);
                    assert_eq!(request.perform().unwrap().text(), "slow");
                });
                scope.spawn(move || {
                    let request = slow();
                    request.start().unwrap();
                    assert_eq!(request.wait(60_000), MCP_OK);
                    assert_eq!(request.take_result().unwrap().text(), "slow");
                });
                scope.spawn(|| {
                    let arguments = json!({"steps": 1, "pause": 20_000});
                    let late = client.call("slow", arguments).unwrap_err();
                    assert_eq!(late.status, MCP_E_TIMEOUT, "one that says nothing");
                });
            }
        });
    }

    stateless_requests_are_the_same_over_each_transport {
        let server = Process::start();
        are_alike(&[
            ("streamable http", whole(&address(&server, "/tasks-stateless/mcp"))),
            ("stdio", whole(&by_stdio("stateless"))),
        ]);
    }
}
