//! Messages over the one stream to a program: who speaks which revision, what
//! is no message, long lines, calls that are given up, many at once, and what
//! the server says and asks of its own accord.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::status::*;
use behaviour::{Cancel, Client, Event, Input, Peer, peer, tests};
use mcp_test_server::await_true;
use mcp_test_server::behaviour::JUNK_LINES;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(10);
/// What a busy machine may add to a wait.
const SLACK: Duration = Duration::from_secs(2);
const ERAS: [&str; 2] = ["stateless", "handshake"];

fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn version(client: &Client) -> String {
    client.connect().unwrap().protocol_version().unwrap()
}

/// A client of each era, and its server.
fn eras(options: &str) -> [(Peer, Client); 2] {
    ERAS.map(|era| {
        let peer = peer!("--revisions {era} {options}");
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

/// The events that a client is told of, as they come.
fn heard(client: &Client) -> Arc<Mutex<Vec<Event>>> {
    let events = Arc::new(Mutex::new(Vec::new()));
    let shared = events.clone();
    client.set_event_handler(move |event| shared.lock().unwrap().push(event)).unwrap();
    events
}

/// Dispatches until it is so.
fn dispatch_until(client: &Client, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < SOON, "nothing came of dispatching");
        client.dispatch(50).unwrap();
    }
}

tests! {
    both_eras_are_negotiated {
        for (revisions, agreed) in [("both", "2026-07-28"), ("stateless", "2026-07-28"),
                                    ("handshake", "2025-11-25"), ("2025-06-18", "2025-06-18"),
                                    ("2024-11-05", "2024-11-05")] {
            let peer = peer!("--revisions {revisions}");
            let client = peer.client();
            assert_eq!(version(&client), agreed, "{revisions}");
            assert_eq!(client.call("echo", json!({"a": 1})).unwrap().told(), json!({"a": 1}));
            assert_eq!(client.count(MCP_COUNT_STARTS), 1);
            let asked = (peer.count("server/discover"), peer.count("initialize"));
            let is_new = agreed == "2026-07-28";
            assert_eq!(asked, (1, usize::from(!is_new)), "{revisions}");
            assert_eq!(peer.count("notifications/initialized"), usize::from(!is_new));
            peer.has_no_complaint();
        }
    }

    pinned_revision_is_asked_for_at_once {
        for pinned in ["2026-07-28", "2025-11-25", "2025-03-26", "2024-11-05"] {
            let peer = peer!("");
            let client = peer.client();
            client.pin(pinned).unwrap();
            assert_eq!(version(&client), pinned);
            client.ping().unwrap();
            let is_new = pinned == "2026-07-28";
            assert_eq!(peer.count("initialize"), usize::from(!is_new));
            peer.has_no_complaint();
        }
        for (pinned, spoken) in [("2026-07-28", "handshake"), ("2025-11-25", "stateless"),
                                 ("2025-03-26", "2025-06-18")] {
            let peer = peer!("--revisions {spoken}");
            let client = peer.client();
            client.pin(pinned).unwrap();
            let failure = client.connect().unwrap_err();
            assert_eq!(failure.status, MCP_E_VERSION, "{pinned}: {}", failure.message);
        }
    }

    server_that_is_silent_to_the_first_question_is_asked_in_the_old_way {
        let peer = peer!("--revisions handshake --behaviour silent-discover");
        let client = peer.client();
        client.set_connect_timeout(200);
        let start = Instant::now();
        assert_eq!(version(&client), "2025-11-25");
        assert!(start.elapsed() >= milliseconds(200) && start.elapsed() < SLACK);
        assert_eq!(client.count(MCP_COUNT_STARTS), 1);
        assert_eq!(peer.count("notifications/cancelled"), 0, "a probe is not cancelled");
        client.call("exit", json!({})).unwrap_err();
        // The verdict is remembered.
        client.ping().unwrap();
        assert_eq!(peer.count("server/discover"), 1);
        peer.has_no_complaint();
    }

    server_that_dies_of_the_first_question_is_started_once_more {
        let peer = peer!("--revisions handshake --behaviour dies-on-discover");
        let client = peer.client();
        assert_eq!(version(&client), "2025-11-25");
        assert_eq!(client.count(MCP_COUNT_STARTS), 2);
        client.call("exit", json!({})).unwrap_err();
        client.ping().unwrap();
        assert_eq!(client.count(MCP_COUNT_STARTS), 3, "the verdict is remembered");
        assert_eq!(peer.count("server/discover"), 1);
        peer.has_no_complaint();
    }

    probe_that_locks_a_server_into_the_new_era_is_repeated {
        let peer = peer!("--behaviour locks-modern");
        let client = peer.client();
        client.set_connect_timeout(200);
        assert_eq!(version(&client), "2026-07-28");
        assert_eq!(client.count(MCP_COUNT_STARTS), 1);
        assert_eq!(peer.count("server/discover"), 2);
        client.call("echo", json!({})).unwrap();
    }

    server_that_starts_slowly_is_waited_for {
        let peer = peer!("--behaviour slow-start 1500");
        let client = peer.client();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| client.call("echo", json!({})).unwrap());
            }
        });
        assert_eq!(client.count(MCP_COUNT_STARTS), 1);
        assert_eq!(version(&client), "2026-07-28");
    }

    lines_that_are_no_messages_are_passed_over_and_counted {
        for era in ERAS {
            let peer = peer!("--revisions {era} --behaviour junk");
            let client = peer.client();
            client.connect().unwrap();
            let before = client.count(MCP_COUNT_JUNK);
            for number in 0..5 {
                let answer = client.call("echo", json!({"n": number})).unwrap();
                assert_eq!(answer.told(), json!({"n": number}));
            }
            let junk = client.count(MCP_COUNT_JUNK) - before;
            assert_eq!(junk, 5 * JUNK_LINES as i64, "{era}");
            peer.has_no_complaint();
        }
    }

    answer_that_breaks_the_rules_fails_its_call_alone {
        for (peer, client) in eras("") {
            for how in ["no-result", "both", "result-array", "no-version", "error-string"] {
                client.set_timeout(500);
                let Err(failure) = client.call("malformed", json!({"how": how})) else { continue };
                let expected = [MCP_E_PROTOCOL, MCP_E_TIMEOUT, MCP_E_RPC];
                assert!(expected.contains(&failure.status), "{how}: {failure:?}");
            }
            client.set_timeout(10_000);
            client.call("echo", json!({})).unwrap();
            assert_eq!(client.count(MCP_COUNT_STARTS), 1);
            drop(peer);
        }
    }

    ten_megabytes_go_both_ways {
        for (peer, client) in eras("") {
            let text = "y\u{e9}\n".repeat(2_500_000);
            let answer = client.call("echo", json!({"text": text})).unwrap();
            assert!(answer.told()["text"] == json!(text), "{} bytes", answer.text().len());
            client.ping().unwrap();
            drop(answer);
            peer.has_no_complaint();
        }
    }

    answer_that_is_too_large_fails_its_call_alone {
        for (peer, client) in eras("") {
            client.set_max_message_size(100_000);
            client.connect().unwrap();
            let other = client.tool_request("slow", json!({"steps": 4, "pause": 150})).unwrap();
            other.start().unwrap();
            peer.awaits("tools/call", 1);
            for _ in 0..2 {
                let failure = client.call("text", json!({"size": 5_000_000})).unwrap_err();
                assert_eq!(failure.status, MCP_E_TOO_LARGE, "{failure:?}");
                assert!(failure.may_have_run && failure.message.contains("100000"));
            }
            assert_eq!(client.call("text", json!({"size": 90_000})).unwrap().text().len(), 90_000);
            assert_eq!(other.wait(10_000), 0);
            assert_eq!(client.count(MCP_COUNT_STARTS), 1);
            peer.has_no_complaint();
        }
    }

    server_that_writes_before_it_reads_is_no_deadlock {
        let peer = peer!("--behaviour write-only-after-read");
        let client = peer.client();
        let text = "z".repeat(300_000);
        for _ in 0..2 {
            client.call("echo", json!({"text": text})).unwrap();
        }
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| client.call("echo", json!({"text": text})).unwrap());
            }
        });
        peer.has_no_complaint();
    }

    line_is_ended_though_its_call_was_given_up {
        for (peer, client) in eras("--behaviour slow-reader") {
            client.connect().unwrap();
            let text = "w".repeat(80_000);
            let request = client.tool_request("echo", json!({"text": text})).unwrap();
            let cancel = Cancel::new();
            request.set_cancel(&cancel);
            std::thread::scope(|scope| {
                let call = scope.spawn(|| request.perform().unwrap_err());
                std::thread::sleep(milliseconds(300));
                let fired = Instant::now();
                cancel.fire();
                let failure = call.join().unwrap();
                assert!(fired.elapsed() < milliseconds(200) + SLACK, "{:?}", fired.elapsed());
                assert_eq!(failure.status, MCP_E_CANCELLED);
                assert!(failure.may_have_run);
            });
            client.set_timeout(300);
            assert_eq!(client.call("echo", json!({})).unwrap_err().status, MCP_E_TIMEOUT);
            drop(peer);
        }
        // Not so slow: the same in the time of a test.
        for (peer, client) in eras("") {
            client.connect().unwrap();
            let text = "w".repeat(3_000_000);
            for turn in 0..20 {
                let request = client.tool_request("echo", json!({"text": text})).unwrap();
                request.set_timeout(1 + turn % 7);
                let _ = request.perform();
            }
            assert_eq!(client.call("echo", json!({"a": 1})).unwrap().told(), json!({"a": 1}));
            peer.has_no_complaint();
        }
    }

    call_that_takes_too_long_is_taken_back {
        for (peer, client) in eras("") {
            client.connect().unwrap();
            let request = client.tool_request("hang", json!({})).unwrap();
            request.set_timeout(100);
            let start = Instant::now();
            let failure = request.perform().unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT);
            assert!(start.elapsed() >= milliseconds(100) && start.elapsed() < SLACK);
            assert!(failure.may_have_run);
            peer.awaits("notifications/cancelled", 1);
            let call = &peer.of("tools/call")[0];
            let taken_back = &peer.of("notifications/cancelled")[0];
            assert_eq!(taken_back["params"]["requestId"], call["id"]);
            peer.has_no_complaint();
        }
    }

    cancel_returns_at_once_and_is_told {
        for (peer, client) in eras("") {
            client.connect().unwrap();
            let request = client.tool_request("hang", json!({})).unwrap();
            for started in [false, true] {
                let cancel = Cancel::new();
                request.set_cancel(&cancel);
                let before = peer.count("notifications/cancelled");
                let call = peer.count("tools/call") + 1;
                std::thread::scope(|scope| {
                    let wait = if started {
                        request.start().unwrap();
                        scope.spawn(|| request.wait(10_000))
                    } else {
                        scope.spawn(|| request.perform().unwrap_err().status)
                    };
                    peer.awaits("tools/call", call);
                    let fired = Instant::now();
                    cancel.fire();
                    assert_eq!(wait.join().unwrap(), MCP_E_CANCELLED);
                    assert!(fired.elapsed() < milliseconds(50) + SLACK, "{:?}", fired.elapsed());
                });
                peer.awaits("notifications/cancelled", before + 1);
            }
            peer.has_no_complaint();
        }
    }

    answer_that_comes_too_late_is_dropped_and_counted {
        for (peer, client) in eras("--behaviour silent-discover") {
            let _ = &peer;
            client.pin(if peer.argv().contains(&"handshake") { "2025-11-25" } else { "2026-07-28" })
                .unwrap();
            client.set_connect_timeout(100);
            if client.connect().is_err() {
                continue;
            }
        }
        for (peer, client) in eras("") {
            client.connect().unwrap();
            // Who does not hear of the cancel answers all the same.
            let request = client.tool_request("slow", json!({"steps": 1, "pause": 100})).unwrap();
            request.set_timeout(150);
            assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
            let arguments = json!({"pause": 0, "messages": [
                {"jsonrpc": "2.0", "id": 9999, "result": {}},
                {"jsonrpc": "2.0", "id": "text", "result": {}},
                {"jsonrpc": "2.0", "id": 9998, "error": {"code": -1, "message": "late"}}]});
            let before = client.count(MCP_COUNT_DROPPED_REPLIES);
            client.call("later", arguments).unwrap();
            let has_three = || client.count(MCP_COUNT_DROPPED_REPLIES) >= before + 3;
            assert!(await_true(SOON, has_three), "{}", client.count(MCP_COUNT_DROPPED_REPLIES));
            client.ping().unwrap();
            drop(peer);
        }
    }

    progress_is_told_and_is_a_sign_of_life {
        for (peer, client) in eras("") {
            for started in [false, true] {
                let request =
                    client.tool_request("slow", json!({"steps": 4, "pause": 150})).unwrap();
                request.set_timeout(500);
                let told = Arc::new(Mutex::new(Vec::new()));
                let shared = told.clone();
                request.set_progress(move |one| shared.lock().unwrap().push(one.progress)).unwrap();
                if started {
                    request.start().unwrap();
                    assert_eq!(request.wait(10_000), 0);
                } else {
                    request.perform().unwrap();
                }
                assert_eq!(*told.lock().unwrap(), [1.0, 2.0, 3.0, 4.0], "{started}");
            }
            peer.has_no_complaint();
        }
    }

    progress_is_told_while_others_read {
        for (peer, client) in eras("") {
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

    log_messages_are_told_in_order {
        for (peer, client) in eras("") {
            let events = heard(&client);
            client.set_log_level(MCP_LOG_WARNING).unwrap();
            client.call("log", json!({})).unwrap();
            dispatch_until(&client, || events.lock().unwrap().len() == 5);
            let levels: Vec<_> = events.lock().unwrap().iter().map(|one| one.log_level).collect();
            assert_eq!(levels, [3, 4, 5, 6, 7]);
            peer.has_no_complaint();
        }
    }

    what_comes_between_calls_is_told_by_dispatch {
        let peer = peer!("--revisions handshake");
        let client = peer.client();
        let events = heard(&client);
        // With the answer, and after it.
        for pause in [0, 1, 200] {
            events.lock().unwrap().clear();
            let messages = ["tools", "prompts", "resources"].map(|kind| {
                json!({"jsonrpc": "2.0", "method": format!("notifications/{kind}/list_changed")})
            });
            client.call("later", json!({"pause": pause, "messages": messages})).unwrap();
            dispatch_until(&client, || events.lock().unwrap().len() == 3);
            let kinds: Vec<_> = events.lock().unwrap().iter().map(|one| one.kind).collect();
            assert_eq!(kinds, [MCP_EVENT_TOOLS_CHANGED, MCP_EVENT_PROMPTS_CHANGED,
                               MCP_EVENT_RESOURCES_CHANGED]);
        }
        peer.has_no_complaint();
    }

    what_comes_in_one_piece_with_an_answer_is_not_left_lying {
        let peer = peer!("--revisions handshake");
        let client = peer.client();
        let events = heard(&client);
        let note = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"});
        let messages: Vec<_> = (0..50).map(|_| note.clone()).collect();
        for turn in 1..=20 {
            client.call("later", json!({"pause": 0, "messages": messages})).unwrap();
            dispatch_until(&client, || events.lock().unwrap().len() == 50 * turn);
        }
    }

    ping_between_calls_is_answered {
        let peer = peer!("--revisions handshake");
        let client = peer.connected();
        let ping = |id: &str| json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
        for (pause, id) in [(0, "at-once"), (200, "after-a-while")] {
            client.call("later", json!({"pause": pause, "messages": [ping(id)]})).unwrap();
            let pong = format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\",\"result\":{{}}}}");
            peer.awaits_note(&pong);
        }
        peer.has_no_complaint();
    }

    server_of_the_new_era_that_asks_is_not_answered {
        let peer = peer!("--revisions stateless");
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
        let before = client.count(MCP_COUNT_JUNK);
        client.call("later", json!({"pause": 0, "messages": [question, ping]})).unwrap();
        assert!(await_true(SOON, || client.count(MCP_COUNT_JUNK) == before + 2));
        client.dispatch(100).unwrap();
        client.ping().unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 0);
        for id in ["p", "q"] {
            assert!(!peer.notes(&format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\"")));
        }
        peer.has_no_complaint();
    }

    question_inside_a_call_is_answered_in_the_handler {
        for (peer, client) in eras("") {
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
                    assert_eq!(request.wait(10_000), 0);
                    request.take_result().unwrap()
                } else {
                    request.perform().unwrap()
                };
                assert_eq!(answer.told(), accepted("Ada"));
            }
            peer.has_no_complaint();
        }
    }

    question_is_answered_later_on_another_thread {
        for (peer, client) in eras("") {
            let (give, take) = channel::<Input>();
            let give = Mutex::new(give);
            client
                .set_input_handler(MCP_INPUT_FORM, move |input| {
                    give.lock().unwrap().send(input).unwrap();
                })
                .unwrap();
            // No time counts meanwhile.
            client.set_timeout(400);
            std::thread::scope(|scope| {
                scope.spawn(move || {
                    let input = take.recv().unwrap();
                    std::thread::sleep(milliseconds(900));
                    input.accept(Some(json!({"name": "Bob"}))).unwrap();
                });
                let answer = client.call("ask", json!({"rounds": [{"q": form()}]})).unwrap();
                assert_eq!(answer.told(), accepted("Bob"));
            });
            peer.has_no_complaint();
        }
    }

    time_in_a_handler_does_not_count {
        for (peer, client) in eras("") {
            client
                .set_input_handler(MCP_INPUT_FORM, |input: Input| {
                    std::thread::sleep(milliseconds(900));
                    input.accept(Some(json!({"name": "Eve"}))).unwrap();
                })
                .unwrap();
            client.set_timeout(400);
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

    handler_may_call_in_its_turn {
        for (peer, client) in eras("") {
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

    sampling_and_roots_are_asked_for_and_answered {
        for (peer, client) in eras("") {
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

    question_between_calls_is_answered {
        let peer = peer!("--revisions handshake");
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
        client.call("later", json!({"pause": 30, "messages": [question, back]})).unwrap();
        client.dispatch(1000).unwrap();
        let input = take.recv().unwrap();
        assert!(await_true(SOON, || {
            client.dispatch(10).unwrap();
            input.decline().is_err_and(|failure| failure.status == MCP_E_STATE)
        }));
        assert!(!peer.log().iter().any(|line| line.contains("\"id\":\"back\",\"result\"")));
    }

    answers_in_another_order_find_their_calls {
        const THREADS: usize = 32;
        for (peer, client) in eras("") {
            client.connect().unwrap();
            std::thread::scope(|scope| {
                for number in 0..THREADS {
                    let client = &client;
                    scope.spawn(move || {
                        let mut arguments = json!({"label": number.to_string(), "n": number});
                        if number + 1 < THREADS {
                            arguments["after_label"] = json!((number + 1).to_string());
                        }
                        let answer = client.call("echo", arguments).unwrap();
                        assert_eq!(answer.told()["n"], number);
                    });
                }
            });
            assert_eq!(client.count(MCP_COUNT_DROPPED_REPLIES), 0);
            peer.has_no_complaint();
        }
    }

    threads_make_different_calls_at_once {
        for (peer, client) in eras("") {
            std::thread::scope(|scope| {
                for thread in 0..32 {
                    let client = &client;
                    scope.spawn(move || {
                        for turn in 0..20 {
                            match (thread + turn) % 6 {
                                0 => drop(client.list_tools().unwrap()),
                                1 => drop(client.list_prompts().unwrap()),
                                2 => drop(client.read("test://text").unwrap()),
                                3 => client.set_log_level(MCP_LOG_EMERGENCY).unwrap(),
                                4 => {
                                    let wanted = json!({"t": thread, "n": turn});
                                    let answer = client.call("echo", wanted.clone()).unwrap();
                                    assert_eq!(answer.told(), wanted);
                                }
                                _ => {
                                    let size = 1000 * thread;
                                    let answer =
                                        client.call("text", json!({"size": size})).unwrap();
                                    assert_eq!(answer.text().len(), size);
                                }
                            }
                        }
                    });
                }
            });
            assert_eq!(client.count(MCP_COUNT_STARTS), 1);
            assert_eq!(client.count(MCP_COUNT_DROPPED_REPLIES), 0);
            peer.has_no_complaint();
        }
    }

    many_started_requests_are_under_way_at_once {
        const COUNT: usize = 200;
        for (peer, client) in eras("") {
            let requests: Vec<_> = (0..COUNT)
                .map(|number| {
                    let arguments = json!({"label": number.to_string(), "n": number,
                        "after_label": ((number + 1) % (COUNT + 1)).to_string()});
                    let mut arguments = arguments;
                    if number + 1 == COUNT {
                        arguments.as_object_mut().unwrap().remove("after_label");
                    }
                    client.tool_request("echo", arguments).unwrap()
                })
                .collect();
            for request in &requests {
                request.start().unwrap();
            }
            // Others get their answers meanwhile.
            client.call("echo", json!({})).unwrap();
            for (number, request) in requests.iter().enumerate() {
                assert_eq!(request.wait(20_000), 0);
                assert_eq!(request.take_result().unwrap().told()["n"], number);
            }
            peer.has_no_complaint();
        }
    }

    started_requests_are_given_up_by_freeing_them {
        for (peer, client) in eras("") {
            client.connect().unwrap();
            let requests: Vec<_> = (0..20)
                .map(|_| client.tool_request("hang", json!({})).unwrap())
                .collect();
            for request in &requests {
                request.start().unwrap();
            }
            peer.awaits("tools/call", 20);
            drop(requests);
            peer.awaits("notifications/cancelled", 20);
            client.call("echo", json!({})).unwrap();
            peer.has_no_complaint();
        }
    }
}
