//! Notifications and input requests over stdio, during a call and between calls.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Client, EventLog, Input, SOON, StdioServer, stdio_server, tests};
use mcp_test_server::await_true;
use serde_json::{Value, json};

const ERAS: [&str; 2] = ["stateless", "handshake"];

/// A client of each era, and its server.
fn eras() -> [(StdioServer, Client); 2] {
    ERAS.map(|era| {
        let peer = stdio_server!("--revisions {era}");
        let client = peer.client();
        (peer, client)
    })
}

fn form() -> Value {
    json!({"method": "elicitation/create", "params": {"mode": "form", "message": "Who?",
        "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}})
}

fn accepted(name: &str) -> Value {
    json!([{"q": {"action": "accept", "content": {"name": name}}}])
}

/// A timeout in milliseconds, and a longer time.
const LIMIT: i64 = 2000;
const OVER_LIMIT: Duration = Duration::from_millis(2300);

/// Dispatches until it is so.
fn dispatch_until(client: &Client, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < SOON, "nothing came of dispatching");
        client.dispatch(50).unwrap();
    }
}

tests! {
    log_messages_are_delivered_in_order {
        for (peer, client) in eras() {
            let events = EventLog::by(&client);
            client.set_log_level(MCP_LOG_WARNING).unwrap();
            client.call("log", json!({})).unwrap();
            dispatch_until(&client, || events.all().len() == 5);
            let levels: Vec<_> = events.all().iter().map(|one| one.log_level).collect();
            assert_eq!(levels, [3, 4, 5, 6, 7]);
            peer.has_no_complaint();
        }
    }

    dispatch_delivers_messages_between_calls {
        let peer = stdio_server!("--revisions handshake");
        let client = peer.client();
        let events = EventLog::by(&client);
        // With the answer, and after it.
        for pause in [0, 1, 200] {
            events.0.lock().unwrap().clear();
            let messages = ["tools", "prompts", "resources"].map(|kind| {
                json!({"jsonrpc": "2.0", "method": format!("notifications/{kind}/list_changed")})
            });
            client.call("later", json!({"pause": pause, "messages": messages})).unwrap();
            dispatch_until(&client, || events.all().len() == 3);
            let kinds: Vec<_> = events.all().iter().map(|one| one.kind).collect();
            assert_eq!(kinds, [MCP_EVENT_TOOLS_CHANGED, MCP_EVENT_PROMPTS_CHANGED,
                               MCP_EVENT_RESOURCES_CHANGED]);
        }
        peer.has_no_complaint();
    }

    message_received_with_a_response_is_delivered {
        let peer = stdio_server!("--revisions handshake");
        let client = peer.client();
        let events = EventLog::by(&client);
        let note = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"});
        let messages: Vec<_> = (0..50).map(|_| note.clone()).collect();
        for turn in 1..=20 {
            client.call("later", json!({"pause": 0, "messages": messages})).unwrap();
            dispatch_until(&client, || events.all().len() == 50 * turn);
        }
    }

    ping_between_calls_is_answered {
        let peer = stdio_server!("--revisions handshake");
        let client = peer.connected();
        let ping = |id: &str| json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
        for (pause, id) in [(0, "at-once"), (200, "after-a-while")] {
            client.call("later", json!({"pause": pause, "messages": [ping(id)]})).unwrap();
            let pong = format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\",\"result\":{{}}}}");
            peer.awaits_note(&pong);
        }
        peer.has_no_complaint();
    }

    input_request_of_a_stateless_server_gets_no_response {
        let peer = stdio_server!("--revisions stateless");
        let client = peer.client();
        let asked = Arc::new(AtomicUsize::new(0));
        let shared = asked.clone();
        client
            .set_input_handler(MCP_INPUT_FORM, move |_| {
                shared.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
        client.connect().unwrap();
        let mut question = form();
        question["jsonrpc"] = json!("2.0");
        question["id"] = json!("q");
        let ping = json!({"jsonrpc": "2.0", "id": "p", "method": "ping"});
        let before = client.count(MCP_COUNTER_MALFORMED);
        client.call("later", json!({"pause": 0, "messages": [question, ping]})).unwrap();
        assert!(await_true(SOON, || client.count(MCP_COUNTER_MALFORMED) == before + 2));
        client.dispatch(100).unwrap();
        client.ping().unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 0);
        for id in ["p", "q"] {
            assert!(!peer.notes(&format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\"")));
        }
        peer.has_no_complaint();
    }

    input_request_during_a_call_is_answered_in_the_handler {
        for (peer, client) in eras() {
            client
                .set_input_handler(MCP_INPUT_FORM, |input: Input| {
                    input.accept(Some(json!({"name": "Ada"}))).unwrap();
                })
                .unwrap();
            for started in [false, true] {
                let rounds = json!({"rounds": [{"q": form()}]});
                let request = client.tool_request("ask", rounds).unwrap();
                let answer = if started {
                    request.start().unwrap();
                    assert_eq!(request.wait(30_000), 0);
                    request.take_result().unwrap()
                } else {
                    request.perform().unwrap()
                };
                assert_eq!(answer.told(), accepted("Ada"));
            }
            peer.has_no_complaint();
        }
    }

    input_is_answered_later_by_another_thread {
        for (peer, client) in eras() {
            let (give, take) = channel::<Input>();
            let give = Mutex::new(give);
            client
                .set_input_handler(MCP_INPUT_FORM, move |input| {
                    give.lock().unwrap().send(input).unwrap();
                })
                .unwrap();
            client.connect().unwrap();
            // No time counts meanwhile.
            client.set_timeout(LIMIT);
            std::thread::scope(|scope| {
                scope.spawn(move || {
                    let input = take.recv().unwrap();
                    std::thread::sleep(OVER_LIMIT);
                    input.accept(Some(json!({"name": "Bob"}))).unwrap();
                });
                let answer = client.call("ask", json!({"rounds": [{"q": form()}]})).unwrap();
                assert_eq!(answer.told(), accepted("Bob"));
            });
            peer.has_no_complaint();
        }
    }

    timeout_is_paused_during_a_handler {
        for (peer, client) in eras() {
            client
                .set_input_handler(MCP_INPUT_FORM, |input: Input| {
                    std::thread::sleep(OVER_LIMIT);
                    input.accept(Some(json!({"name": "Eve"}))).unwrap();
                })
                .unwrap();
            client.connect().unwrap();
            client.set_timeout(LIMIT);
            std::thread::scope(|scope| {
                // The one reads, and the other waits for it.
                for _ in 0..2 {
                    scope.spawn(|| {
                        let call = client.call("ask", json!({"rounds": [{"q": form()}]}));
                        assert_eq!(call.unwrap().told(), accepted("Eve"));
                    });
                }
            });
            peer.has_no_complaint();
        }
    }

    input_handler_may_make_calls {
        for (peer, client) in eras() {
            let client = Arc::new(client);
            let inner = Arc::downgrade(&client);
            client
                .set_input_handler(MCP_INPUT_FORM, move |input: Input| {
                    let client = inner.upgrade().unwrap();
                    let name = client.call("echo", json!({"n": 1})).unwrap().told();
                    assert_eq!(name, json!({"n": 1}));
                    // And so may another thread that it waits for.
                    std::thread::scope(|scope| {
                        scope.spawn(|| client.list_tools().unwrap()).join().unwrap();
                    });
                    input.accept(Some(json!({"name": "Cy"}))).unwrap();
                })
                .unwrap();
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let call = client.call("ask", json!({"rounds": [{"q": form()}]}));
                        assert_eq!(call.unwrap().told(), accepted("Cy"));
                    });
                }
            });
            peer.has_no_complaint();
        }
    }

    sampling_and_roots_requests_are_answered {
        for (peer, client) in eras() {
            let reply = json!({"role": "assistant", "model": "m", "stopReason": "endTurn",
                "content": {"type": "text", "text": "2.5"}});
            let given = reply.clone();
            client
                .set_input_handler(MCP_INPUT_SAMPLING, move |input: Input| {
                    input.reply(given.clone()).unwrap();
                })
                .unwrap();
            let roots = json!([{"uri": "file:///a", "name": "a"}]);
            client.set_roots(Some(roots.clone())).unwrap();
            let sampling = json!({"method": "sampling/createMessage", "params": {"maxTokens": 10,
                "messages": [{"role": "user", "content": {"type": "text", "text": "2.50?"}}]}});
            let rounds = json!([{"s": sampling}, {"r": {"method": "roots/list"}}]);
            let answer = client.call("ask", json!({"rounds": rounds})).unwrap();
            assert_eq!(answer.told(), json!([{"s": reply}, {"r": {"roots": roots}}]));
            peer.has_no_complaint();
        }
    }

    input_request_between_calls_is_answered {
        let peer = stdio_server!("--revisions handshake");
        let client = peer.client();
        let (give, take) = channel::<Input>();
        let give = Mutex::new(give);
        client
            .set_input_handler(MCP_INPUT_FORM | MCP_INPUT_ROOTS, move |input| {
                give.lock().unwrap().send(input).unwrap();
            })
            .unwrap();
        client.connect().unwrap();
        for (kind, question, place) in [(MCP_INPUT_FORM, form(), 0),
                                        (MCP_INPUT_ROOTS, json!({"method": "roots/list"}), 1)] {
            let mut question = question;
            question["jsonrpc"] = json!("2.0");
            question["id"] = json!(place);
            client.call("later", json!({"pause": 30, "messages": [question]})).unwrap();
            let input = loop {
                client.dispatch(100).unwrap();
                if let Ok(input) = take.try_recv() {
                    break input;
                }
            };
            assert_eq!(input.kind(), kind);
            std::thread::spawn(move || {
                if kind == MCP_INPUT_FORM {
                    input.decline().unwrap();
                } else {
                    input.reply(json!({"roots": []})).unwrap();
                }
            });
            peer.awaits_note(&format!("{{\"jsonrpc\":\"2.0\",\"id\":{place},\"result\":"));
        }
        // One that the server takes back is not answered.
        let mut question = form();
        question["jsonrpc"] = json!("2.0");
        question["id"] = json!("back");
        let back = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": {"requestId": "back"}});
        let ping = json!({"jsonrpc": "2.0", "id": "after", "method": "ping"});
        client.call("later", json!({"pause": 30, "messages": [question, back, ping]})).unwrap();
        // What was sent before the ping has been read when there is a response to it.
        dispatch_until(&client, || peer.notes("{\"jsonrpc\":\"2.0\",\"id\":\"after\""));
        client.dispatch(100).unwrap();
        // The server may have withdrawn it before it was delivered.
        for input in take.try_iter() {
            assert_eq!(input.decline().unwrap_err().status, MCP_E_STATE);
        }
        assert!(!peer.log().iter().any(|line| line.contains("\"id\":\"back\",\"result\"")));
    }

    progress_is_delivered_and_restarts_the_timeout {
        std::thread::scope(|scope| {
            for (peer, client) in eras() {
                scope.spawn(move || {
                    client.connect().unwrap();
                    for started in [false, true] {
                        let arguments = json!({"steps": 4, "pause": 500});
                        let request = client.tool_request("slow", arguments).unwrap();
                        request.set_timeout(1800);
                        let told = Arc::new(Mutex::new(Vec::new()));
                        let shared = told.clone();
                        request
                            .set_progress(move |one| shared.lock().unwrap().push(one.progress))
                            .unwrap();
                        if started {
                            request.start().unwrap();
                            assert_eq!(request.wait(30_000), 0);
                        } else {
                            request.perform().unwrap();
                        }
                        assert_eq!(*told.lock().unwrap(), [1.0, 2.0, 3.0, 4.0], "{started}");
                    }
                    peer.has_no_complaint();
                });
            }
        });
    }

    progress_is_delivered_while_another_thread_reads {
        for (peer, client) in eras() {
            client.connect().unwrap();
            std::thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        let arguments = json!({"steps": 3, "pause": 60});
                        let request = client.tool_request("slow", arguments).unwrap();
                        let count = Arc::new(AtomicUsize::new(0));
                        let shared = count.clone();
                        request
                            .set_progress(move |_| {
                                shared.fetch_add(1, Ordering::SeqCst);
                            })
                            .unwrap();
                        request.perform().unwrap();
                        assert_eq!(count.load(Ordering::SeqCst), 3);
                    });
                }
            });
            peer.has_no_complaint();
        }
    }
}
