//! HTTP with SSE: the response to a request counts wherever and whenever it
//! comes, and the HTTP response to the POST decides nothing without an error
//! status.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, SOON, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::pipe::{Pipe, pipe};
use mcp_test_server::{Action, Gate, Server, await_true};
use serde_json::{Value, json};

/// The event stream of the client that came last.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Option<Pipe>>>);

impl Events {
    fn send(&self, message: &Value) {
        // A notification has no response.
        if message["id"].is_null() && message["method"].is_null() {
            return;
        }
        if let Some(pipe) = &*self.0.lock().unwrap() {
            pipe.message(message);
        }
    }

    fn send_later(&self, message: Value, pause: Duration) {
        let this = self.clone();
        std::thread::spawn(move || {
            std::thread::sleep(pause);
            this.send(&message);
        });
    }

    fn end(&self) {
        if let Some(pipe) = self.0.lock().unwrap().take() {
            pipe.play(Action::Close);
        }
    }
}

fn answer(request: &Request) -> Value {
    let result = match request.rpc_method().as_str() {
        "initialize" => json!({"protocolVersion": "2024-11-05", "capabilities": {"tools": {}},
            "serverInfo": {"name": "old", "version": "1"}}),
        "tools/call" => json!({"content": [{"type": "text", "text": "done"}]}),
        _ => json!({}),
    };
    json!({"jsonrpc": "2.0", "id": request.id(), "result": result})
}

/// A server whose POSTs are handled by a function.
fn server(
    post: impl Fn(&Request, &Events) -> Vec<Action> + Send + Sync + 'static,
) -> (Server, Events) {
    let events = Events::default();
    let shared = events.clone();
    let server = Server::start(move |request| match (request.method.as_str(), request.path()) {
        ("GET", "/sse") => {
            let (out, feed) = pipe();
            let endpoint = http::chunk(b"event: endpoint\ndata: /messages?sid=1\n\n");
            *shared.0.lock().unwrap() = Some(out);
            vec![Action::Begin(Vec::new()), Action::Send(endpoint), Action::Feed(feed)]
        }
        ("POST", "/messages") => post(request, &shared),
        _ => vec![Action::Send(http::reply(405, &[], b""))],
    });
    (server, events)
}

fn client(server: &Server) -> Client {
    Client::of(&server.url("/sse"))
}

fn accepted() -> Vec<Action> {
    vec![Action::Send(http::reply(202, &[], b"Accepted"))]
}

fn is_note(request: &Request) -> bool {
    request.id().is_null()
}

type Post = fn(&Request, &Events) -> Vec<Action>;
type Note = fn() -> Vec<Action>;

fn plain(status: u16, kind: &str, body: &str) -> Vec<Action> {
    let headers = [("content-type", kind)];
    let headers = if kind.is_empty() { &headers[..0] } else { &headers[..] };
    vec![Action::Send(http::reply(status, headers, body.as_bytes()))]
}

/// The ways in which servers respond to the POST of a request. What comes after the
/// response waits for the next request, which the client sends when it has read it.
const WAYS: &[(&str, Post)] = &[
    ("JSON in the POST", |request, _| vec![Action::Send(http::json(200, &answer(request)))]),
    ("JSON in the POST with 202", |request, _| {
        vec![Action::Send(http::json(202, &answer(request)))]
    }),
    ("JSON in the POST without a type", |request, _| plain(200, "", &answer(request).to_string())),
    ("JSON in the POST as text", |request, _| {
        plain(200, "text/plain", &answer(request).to_string())
    }),
    ("JSON in the POST as text with 202", |request, _| {
        plain(202, "text/plain", &answer(request).to_string())
    }),
    ("JSON in the POST with 202 without a type", |request, _| {
        plain(202, "", &answer(request).to_string())
    }),
    ("JSON in the POST as an event stream", |request, _| {
        plain(200, "text/event-stream", &answer(request).to_string())
    }),
    ("an acknowledgement with the id in the POST", |request, events| {
        events.send_later(answer(request), Duration::from_millis(50));
        let body = json!({"jsonrpc": "2.0", "id": request.id(), "status": "accepted"});
        vec![Action::Send(http::json(202, &body))]
    }),
    ("a response that cannot be read in the POST, after the response", |request, events| {
        events.send(&answer(request));
        let body = format!(r#"{{"jsonrpc":"2.0","id":{},"result":NaN}}"#, request.id());
        let mut actions = vec![Action::AwaitRequests(request.number + 2)];
        actions.extend(plain(200, "application/json", &body));
        actions
    }),
    ("an event in the POST", |request, _| http::Stream::new().message(&answer(request)).end()),
    ("an event in the POST, which stays open", |request, _| {
        http::Stream::new().message(&answer(request)).then(Action::Hang)
    }),
    ("other events in the POST before it", |request, _| {
        let ping = json!({"jsonrpc": "2.0", "id": "p", "method": "ping"});
        http::Stream::new()
            .send(http::chunk(b": hi\n\nevent: x\ndata: y\n\n"))
            .message(&ping)
            .message(&answer(request))
            .end()
    }),
    ("a POST that is never answered", |request, events| {
        events.send(&answer(request));
        vec![Action::Hang]
    }),
    ("a POST that is closed", |request, events| {
        events.send(&answer(request));
        vec![Action::Close]
    }),
    ("a POST that is reset", |request, events| {
        events.send(&answer(request));
        vec![Action::Pause(Duration::from_millis(20)), Action::Reset]
    }),
    ("a POST that is closed before the response", |request, events| {
        events.send_later(answer(request), Duration::from_millis(300));
        vec![Action::Close]
    }),
    ("a head that is cut", |request, events| {
        events.send_later(answer(request), Duration::from_millis(200));
        vec![Action::Send(b"HTTP/1.1 202 Acc".to_vec()), Action::Close]
    }),
    ("a late 202", |request, events| {
        events.send(&answer(request));
        let mut actions = vec![Action::AwaitRequests(request.number + 2)];
        actions.extend(accepted());
        actions
    }),
    ("a late 500", |request, events| {
        events.send(&answer(request));
        let mut actions = vec![Action::AwaitRequests(request.number + 2)];
        actions.extend(plain(500, "text/plain", "oops"));
        actions
    }),
    ("a 202 before the response", |request, events| {
        events.send_later(answer(request), Duration::from_millis(100));
        accepted()
    }),
    ("another JSON object in the POST", |request, events| {
        events.send_later(answer(request), Duration::from_millis(50));
        plain(200, "application/json", r#"{"status":"accepted"}"#)
    }),
    ("a JSON string in the POST", |request, events| {
        events.send_later(answer(request), Duration::from_millis(50));
        plain(202, "application/json", "\"Accepted\"")
    }),
    ("no JSON in the POST", |request, events| {
        events.send_later(answer(request), Duration::from_millis(50));
        plain(200, "application/json", "<ok>")
    }),
    ("an empty JSON body", |request, events| {
        events.send_later(answer(request), Duration::from_millis(50));
        plain(202, "application/json", "")
    }),
    ("a page in the POST", |request, events| {
        events.send_later(answer(request), Duration::from_millis(50));
        plain(200, "text/html", "<h1>ok</h1>")
    }),
    ("a body that does not end", |request, events| {
        events.send_later(answer(request), Duration::from_millis(50));
        beginning(Action::Hang)
    }),
    ("a body that is cut", |request, events| {
        events.send_later(answer(request), Duration::from_millis(50));
        beginning(Action::Close)
    }),
    ("an event stream without the response", |request, events| {
        events.send_later(answer(request), Duration::from_millis(50));
        http::Stream::new().send(http::chunk(b": nothing\n\n")).end()
    }),
];

/// The beginning of a JSON body, and what follows it.
fn beginning(next: Action) -> Vec<Action> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    vec![Action::Send(head.into()), next]
}

/// The ways in which servers respond to the POST of a notification.
const NOTES: &[(&str, Note)] = &[
    ("202", accepted),
    ("200", || plain(200, "text/plain", "ok")),
    ("204", || vec![Action::Send(http::reply(204, &[], b""))]),
    ("nothing", || vec![Action::Hang]),
    ("the end of the connection", || vec![Action::Close]),
];

tests! {
    response_counts_wherever_and_whenever_it_comes {
        let threads: Vec<_> = WAYS.iter().map(|(way, post)| std::thread::spawn(move || {
            let (server, _) = server(move |request, events| {
                if is_note(request) { accepted() } else { post(request, events) }
            });
            let client = client(&server);
            let start = Instant::now();
            client.ping().unwrap_or_else(|failure| panic!("{way}: {failure:?}"));
            assert!(start.elapsed() < AT_ONCE, "{way}: {:?}", start.elapsed());
            for _ in 0..3 {
                let start = Instant::now();
                let text = client.call("x", json!({})).unwrap_or_else(|failure| {
                    panic!("{way}: {failure:?}")
                });
                assert_eq!(text.text(), "done");
                assert!(start.elapsed() < AT_ONCE, "{way}: {:?}", start.elapsed());
            }
            let request = client.tool_request("x", json!({})).unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(30_000), 0, "{way}");
            assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
            let log = server.log();
            assert_eq!((log.of("initialize").len(), log.of("tools/call").len()), (1, 4), "{way}");
        })).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }

    notification_without_an_acknowledgement_holds_up_nothing {
        let threads: Vec<_> = NOTES.iter().map(|(way, note)| std::thread::spawn(move || {
            let (server, _) = server(move |request, events| {
                if is_note(request) {
                    return note();
                }
                events.send(&answer(request));
                if *way == "nothing" { vec![Action::Hang] } else { accepted() }
            });
            let client = client(&server);
            let start = Instant::now();
            client.ping().unwrap_or_else(|failure| panic!("{way}: {failure:?}"));
            assert!(start.elapsed() < AT_ONCE, "{way}: {:?}", start.elapsed());
            for round in 1..=3 {
                let start = Instant::now();
                client.notify("notifications/x", None).unwrap_or_else(|failure| {
                    panic!("{way}: {failure:?}")
                });
                client.ping().unwrap();
                assert!(start.elapsed() < AT_ONCE, "{way}: {:?}", start.elapsed());
                assert!(server.log().await_of("notifications/x", round, SOON), "{way}");
                assert_eq!(server.log().of("notifications/x").len(), round, "{way}");
            }
        })).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }

    error_status_to_the_post_fails_the_call {
        for (status, expected) in [(400, MCP_E_HTTP), (403, MCP_E_FORBIDDEN), (410, MCP_E_ENDPOINT),
                                   (429, MCP_E_RATE_LIMITED), (500, MCP_E_SERVER),
                                   (503, MCP_E_UNAVAILABLE)] {
            let (server, _) = server(move |request, events| match request.rpc_method().as_str() {
                "tools/call" => plain(status, "text/plain", "my words"),
                _ => {
                    events.send(&answer(request));
                    accepted()
                }
            });
            let client = client(&server);
            client.ping().unwrap();
            let start = Instant::now();
            let failure = client.call("x", json!({})).unwrap_err();
            assert_eq!((failure.status, failure.http_status), (expected, i32::from(status)));
            assert!(failure.message.contains("my words"), "{}", failure.message);
            assert!(start.elapsed() < AT_ONCE);
            client.ping().unwrap();
            let log = server.log();
            assert_eq!((log.of("tools/call").len(), log.of("initialize").len()), (1, 1));
        }
    }

    response_in_the_post_that_cannot_be_read_fails_the_call {
        for (kind, form, words) in [
            ("application/json", r#"{"jsonrpc":"2.0","id":ID,"result":NaN}"#, "byte"),
            ("text/plain", r#"{"jsonrpc":"2.0","id":ID,"result":{}"#, "byte"),
            ("text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":NaN}\n\n", "byte"),
            ("application/json", r#"[{"jsonrpc":"2.0","id":ID,"result":{}},{"jsonrpc":"2.0","id":"ID","result":{}}]"#,
             "batch"),
        ] {
            let (server, _) = server(move |request, events| match request.rpc_method().as_str() {
                "tools/call" => plain(200, kind, &form.replace("ID", &request.id().to_string())),
                _ => {
                    events.send(&answer(request));
                    accepted()
                }
            });
            let client = client(&server);
            let start = Instant::now();
            let failure = client.call("x", json!({})).unwrap_err();
            assert_eq!(failure.status, MCP_E_PROTOCOL, "{form}: {failure:?}");
            for word in ["malformed", words] {
                assert!(failure.message.contains(word), "{}", failure.message);
            }
            assert!(start.elapsed() < AT_ONCE, "{form}: {:?}", start.elapsed());
            client.ping().unwrap();
        }
    }

    error_of_the_server_in_the_post_is_the_error_of_the_call {
        let error = json!({"code": -32602, "message": "no such tool"});
        for id in [true, false] {
            let error = error.clone();
            let (server, _) = server(move |request, events| match request.rpc_method().as_str() {
                "tools/call" => {
                    let id = if id { request.id() } else { Value::Null };
                    vec![Action::Send(http::json(200,
                        &json!({"jsonrpc": "2.0", "id": id, "error": error})))]
                }
                _ => {
                    events.send(&answer(request));
                    accepted()
                }
            });
            let client = client(&server);
            let failure = client.call("x", json!({})).unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32602));
            assert!(failure.message.contains("no such tool"), "{}", failure.message);
            client.ping().unwrap();
        }
    }

    second_response_is_dropped_and_counted {
        for is_stream_first in [true, false] {
            let (server, _) = server(move |request, events| {
                if request.rpc_method() != "tools/call" {
                    events.send(&answer(request));
                    return accepted();
                }
                let message = answer(request);
                if is_stream_first {
                    events.send(&message);
                    let pause = Action::Pause(Duration::from_millis(20));
                    return vec![pause, Action::Send(http::json(200, &message))];
                }
                events.send_later(message.clone(), Duration::from_millis(100));
                vec![Action::Send(http::json(200, &message))]
            });
            let client = client(&server);
            client.ping().unwrap();
            assert_eq!(client.call("x", json!({})).unwrap().text(), "done");
            assert!(await_true(SOON, || {
                client.ping().unwrap();
                client.count(MCP_COUNTER_DROPPED_REPLIES) == 1
            }), "{is_stream_first}: {}", client.count(MCP_COUNTER_DROPPED_REPLIES));
        }
    }

    request_without_any_response_times_out {
        for actions in [vec![Action::Hang], accepted(), vec![Action::Close]] {
            let (server, _) = server(move |request, events| {
                if request.rpc_method() == "tools/call" {
                    return actions.clone();
                }
                events.send(&answer(request));
                accepted()
            });
            let client = client(&server);
            client.ping().unwrap();
            let request = client.tool_request("x", json!({})).unwrap();
            request.set_timeout(1000);
            let start = Instant::now();
            let failure = request.perform().unwrap_err();
            assert_eq!((failure.status, failure.may_have_run), (MCP_E_TIMEOUT, true), "{failure:?}");
            assert!(start.elapsed() < AT_ONCE);
            assert_eq!(server.log().of("tools/call").len(), 1);
            client.ping().unwrap();
        }
    }

    progress_is_reported_while_the_post_is_open {
        let (gate, opened) = (Gate::default(), Gate::default());
        let (opens, waits) = (gate.clone(), opened.clone());
        let (server, _) = server(move |request, events| {
            if request.rpc_method() != "tools/call" {
                events.send(&answer(request));
                return accepted();
            }
            let token = request.json()["params"]["_meta"]["progressToken"].clone();
            events.send(&json!({"jsonrpc": "2.0", "method": "notifications/progress",
                "params": {"progressToken": token, "progress": 1}}));
            let (events, message, waits) = (events.clone(), answer(request), waits.clone());
            std::thread::spawn(move || {
                if await_true(SOON, || waits.is_open()) {
                    events.send(&message);
                }
            });
            // The POST is answered when the work is done.
            vec![Action::Await(opens.clone()), Action::Send(http::reply(202, &[], b""))]
        });
        let client = client(&server);
        let request = client.tool_request("x", json!({})).unwrap();
        let shared = opened.clone();
        request.set_progress(move |_| shared.open()).unwrap();
        assert_eq!(request.perform().unwrap().text(), "done");
        gate.open();
    }

    silent_posts_of_many_threads_end_with_their_responses {
        let (server, _) = server(|request, events| {
            if is_note(request) {
                return accepted();
            }
            events.send_later(answer(request), Duration::from_millis(100));
            vec![Action::Hang]
        });
        let client = Arc::new(client(&server));
        client.ping().unwrap();
        let start = Instant::now();
        let threads: Vec<_> = (0..8).map(|_| {
            let client = client.clone();
            std::thread::spawn(move || client.call("x", json!({})).map(drop))
        }).collect();
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    }

    end_of_the_stream_ends_a_call_with_a_silent_post {
        let (server, _) = server(|request, events| {
            if request.rpc_method() == "tools/call" {
                events.end();
                return vec![Action::Hang];
            }
            events.send(&answer(request));
            accepted()
        });
        let client = client(&server);
        client.ping().unwrap();
        let start = Instant::now();
        let failure = client.call("x", json!({})).unwrap_err();
        assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true), "{failure:?}");
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        client.ping().unwrap();
    }

    lost_session_over_http_with_sse_costs_one_call_at_most {
        for status in [400, 401, 404, 409, 410] {
            let lost = Arc::new(std::sync::atomic::AtomicBool::new(false));
            let is_lost = lost.clone();
            let (server, _) = server(move |request, events| {
                use std::sync::atomic::Ordering;
                if request.rpc_method() == "initialize" {
                    is_lost.store(false, Ordering::SeqCst);
                }
                if is_lost.load(Ordering::SeqCst) {
                    return plain(status, "text/plain", "No transport found for sessionId");
                }
                events.send(&answer(request));
                accepted()
            });
            let client = client(&server);
            client.ping().unwrap();
            lost.store(true, std::sync::atomic::Ordering::SeqCst);
            if let Err(failure) = client.call("x", json!({})) {
                assert!(failure.message.contains("No transport"), "{}", failure.message);
                assert_eq!(server.log().of("tools/call").len(), 1, "{status}");
            }
            client.call("x", json!({})).unwrap_or_else(|failure| panic!("{status}: {failure:?}"));
            assert_eq!(server.log().of("initialize").len(), 2, "{status}");
        }
    }
}
