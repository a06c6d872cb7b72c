//! Input requests during a call: as requests of the server up to 2025-11-25, as
//! input rounds from 2026-07-28. The tests treat both alike.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Cancel, Client, HttpServer, Input, SOON, tests};
use mcp_test_server::http;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, await_true};
use serde_json::{Value, json};

const ALL: i32 = MCP_INPUT_FORM | MCP_INPUT_URL | MCP_INPUT_SAMPLING;

fn form() -> Value {
    json!({"method": "elicitation/create", "params": {"mode": "form", "message": "Who?",
        "requestedSchema": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string", "minLength": 2},
            "size": {"type": "integer", "default": 7, "maximum": 9},
            "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"}}}}})
}

fn page() -> Value {
    json!({"method": "elicitation/create", "params": {"mode": "url", "message": "Visit.",
        "url": "https://example.com/consent?x=1", "elicitationId": "e1"}})
}

fn sampling() -> Value {
    json!({"method": "sampling/createMessage", "params": {"maxTokens": 10, "messages": [
        {"role": "user", "content": {"type": "text", "text": "2.50?"}}]}})
}

fn roots() -> Value {
    json!({"method": "roots/list"})
}

/// One of each era.
fn eras() -> [HttpServer; 2] {
    [HttpServer::stateless(), HttpServer::handshake()]
}

/// A client whose questions are answered so.
fn asked(served: &HttpServer, answer: impl Fn(Input) + Send + Sync + 'static) -> Client {
    let client = served.client();
    client.set_input_handler(ALL, answer).unwrap();
    client
}

fn ask(client: &Client, rounds: Value) -> Value {
    client.call("ask", json!({"rounds": rounds})).unwrap().told()
}

/// What the client declared of itself.
fn declared(served: &HttpServer) -> Value {
    let of = |method: &str| served.log().of(method).last().unwrap().json()["params"].clone();
    if served.is_stateless() {
        of("tools/call")["_meta"]["io.modelcontextprotocol/clientCapabilities"].clone()
    } else {
        of("initialize")["capabilities"].clone()
    }
}

/// Cancels a call while its input request is handled, and keeps the input request.
fn cancelled_in_its_handler(served: &HttpServer) -> (Client, Input) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let shared = kept.clone();
    let cancel = Arc::new(Cancel::new());
    let fire = cancel.clone();
    let client = asked(served, move |input| {
        shared.lock().unwrap().push(input);
        fire.fire();
    });
    let request = client.tool_request("ask", json!({"rounds": [{"who": form()}]})).unwrap();
    request.set_cancel(&cancel);
    assert_eq!(request.perform().unwrap_err().status, MCP_E_CANCELLED);
    drop(request);
    let input = kept.lock().unwrap().pop().unwrap();
    (client, input)
}

tests! {
    form_is_answered {
        for served in eras() {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let shared = seen.clone();
            let client = asked(&served, move |input| {
                let about = (input.kind(), input.message(), input.url(), input.schema().unwrap());
                shared.lock().unwrap().push(about);
                input.accept(Some(json!({"name": "Ada", "size": 8}))).unwrap();
            });
            let told = ask(&client, json!([{"who": form()}]));
            assert_eq!(told, json!([{"who": {"action": "accept",
                "content": {"name": "Ada", "size": 8, "colour": "red"}}}]));
            let seen = seen.lock().unwrap();
            assert_eq!((seen[0].0, seen[0].1.as_str(), &seen[0].2), (MCP_INPUT_FORM, "Who?", &None));
            assert_eq!(seen[0].3["properties"]["name"]["minLength"], 2);
            served.has_no_complaint();
        }
    }

    form_is_declined_or_cancelled {
        for served in eras() {
            let turn = AtomicUsize::new(0);
            let client = asked(&served, move |input| match turn.fetch_add(1, Ordering::SeqCst) {
                0 => input.decline().unwrap(),
                1 => input.dismiss().unwrap(),
                _ => drop(input),
            });
            for action in ["decline", "cancel", "cancel"] {
                let told = ask(&client, json!([{"who": form()}]));
                assert_eq!(told, json!([{"who": {"action": action}}]));
            }
            served.has_no_complaint();
        }
    }

    invalid_answer_is_refused_and_the_input_request_stays_open {
        for served in eras() {
            let client = asked(&served, |input| {
                for wrong in [json!({}), json!({"name": 7}), json!({"name": "A"}),
                              json!({"name": "Ada", "size": 10}), json!({"name": "Ada", "size": 1.5}),
                              json!({"name": "Ada", "colour": "green"}),
                              json!({"name": "Ada", "other": 1}), json!([])] {
                    let failure = input.accept(Some(wrong.clone())).unwrap_err();
                    assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{wrong}");
                }
                input.accept(Some(json!({"name": "Ada"}))).unwrap();
                for again in [input.decline(), input.dismiss(), input.accept(None)] {
                    assert_eq!(again.unwrap_err().status, MCP_E_STATE);
                }
            });
            let told = ask(&client, json!([{"who": form()}]));
            assert_eq!(told[0]["who"]["content"]["size"], 7);
            served.has_no_complaint();
        }
    }

    url_request_is_accepted {
        for served in eras() {
            let client = asked(&served, |input| {
                assert_eq!((input.kind(), input.schema()), (MCP_INPUT_URL, None));
                assert_eq!(input.url().as_deref(), Some("https://example.com/consent?x=1"));
                input.accept(None).unwrap();
            });
            let told = ask(&client, json!([{"visit": page()}]));
            assert_eq!(told, json!([{"visit": {"action": "accept"}}]));
            served.has_no_complaint();
        }
    }

    sampling_request_is_answered {
        for served in eras() {
            let reply = json!({"role": "assistant", "model": "m", "stopReason": "endTurn",
                "content": {"type": "text", "text": "2.5"}});
            let copy = reply.clone();
            let client = asked(&served, move |input| {
                assert_eq!(input.kind(), MCP_INPUT_SAMPLING);
                assert_eq!(input.params()["messages"][0]["content"]["text"], "2.50?");
                input.reply(copy.clone()).unwrap();
            });
            let told = ask(&client, json!([{"model": sampling()}]));
            assert_eq!(told, json!([{"model": reply}]));
            served.has_no_complaint();
        }
    }

    input_request_can_fail_with_an_error {
        for served in eras() {
            let client = asked(&served, |input| input.fail(-1, "user rejected").unwrap());
            let outcome = client.call("ask", json!({"rounds": [{"model": sampling()}]}));
            if served.is_stateless() {
                let failure = outcome.unwrap_err();
                assert_eq!(failure.status, MCP_E_INPUT_REQUIRED);
                assert!(failure.message.contains("user rejected"), "{}", failure.message);
                assert_eq!(served.count("tools/call"), 1);
            } else {
                let told = outcome.unwrap().told();
                assert_eq!(told[0]["model"]["error"], json!({"code": -1, "message": "user rejected"}));
            }
            client.call("echo", json!({})).unwrap();
            served.has_no_complaint();
        }
    }

    roots_are_given_without_a_handler {
        for served in eras() {
            let client = served.client();
            let all = json!([{"uri": "file:///a", "name": "A"}, {"uri": "file:///b"}]);
            client.set_roots(Some(all.clone())).unwrap();
            assert_eq!(ask(&client, json!([{"r": roots()}])), json!([{"r": {"roots": all}}]));
            assert!(declared(&served)["roots"].is_object());
            client.set_roots(Some(json!([]))).unwrap();
            assert_eq!(ask(&client, json!([{"r": roots()}])), json!([{"r": {"roots": []}}]));
            let changes = usize::from(!served.is_stateless());
            if changes > 0 {
                served.awaits("notifications/roots/list_changed", changes);
            }
            assert_eq!(served.count("notifications/roots/list_changed"), changes);
            for wrong in [json!({}), json!([{}]), json!([{"uri": "https://example.com"}])] {
                assert_eq!(client.set_roots(Some(wrong)).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
            }
            served.has_no_complaint();
        }
    }

    capabilities_are_those_of_the_handlers {
        for (kinds, wanted) in [
            (MCP_INPUT_FORM, json!({"elicitation": {"form": {}}})),
            (MCP_INPUT_URL, json!({"elicitation": {"url": {}}})),
            (MCP_INPUT_FORM | MCP_INPUT_URL, json!({"elicitation": {"form": {}, "url": {}}})),
            (MCP_INPUT_SAMPLING, json!({"sampling": {}})),
            (MCP_INPUT_SAMPLING | MCP_INPUT_SAMPLING_TOOLS, json!({"sampling": {"tools": {}}})),
        ] {
            for served in eras() {
                let client = served.client();
                client.set_input_handler(kinds, |_| {}).unwrap();
                client.call("echo", json!({})).unwrap();
                assert_eq!(declared(&served), wanted);
                let failure = client.set_input_handler(kinds ^ MCP_INPUT_ROOTS, |_| {}).unwrap_err();
                assert_eq!(failure.status, MCP_E_STATE);
                client.set_input_handler(kinds, |_| {}).unwrap();
            }
        }
    }

    input_request_without_a_handler_is_refused {
        for question in [form(), page(), sampling(), roots()] {
            let served = HttpServer::handshake();
            let client = served.client();
            let told = ask(&client, json!([{"q": question}]));
            let code = told[0]["q"]["error"]["code"].as_i64().unwrap();
            assert!([-32601, -32602].contains(&code), "{told}");
            let served = HttpServer::stateless();
            let client = served.client();
            let failure =
                client.call("ask", json!({"rounds": [{"q": question}]})).unwrap_err();
            assert_eq!(failure.status, MCP_E_INPUT_REQUIRED, "{}", failure.message);
            assert_eq!(served.count("tools/call"), 1);
            served.has_no_complaint();
        }
    }

    several_input_requests_and_rounds_are_answered_once_each {
        for served in eras() {
            let count = Arc::new(AtomicUsize::new(0));
            let shared = count.clone();
            let client = asked(&served, move |input| {
                shared.fetch_add(1, Ordering::SeqCst);
                match input.kind() {
                    MCP_INPUT_FORM => input.accept(Some(json!({"name": "Ada"}))).unwrap(),
                    _ => input.decline().unwrap(),
                }
            });
            let told = ask(&client, json!([{"a": form(), "b": page()}, {"a": page()}, {"c": form()}]));
            assert_eq!((&told[0]["a"]["action"], &told[0]["b"]), (&json!("accept"), &json!({"action": "decline"})));
            assert_eq!((&told[1]["a"], &told[2]["c"]["content"]["name"]), (&json!({"action": "decline"}), &json!("Ada")));
            assert_eq!(count.load(Ordering::SeqCst), 4);
            served.has_no_complaint();
        }
    }

    input_request_with_the_id_of_the_call_is_distinct {
        let served = HttpServer::handshake();
        let client = asked(&served, |input| input.decline().unwrap());
        for _ in 0..5 {
            let arguments = json!({"rounds": [{"a": form()}, {"b": form()}], "integers": true});
            let told = client.call("ask", arguments).unwrap().told();
            assert_eq!(told[1]["b"], json!({"action": "decline"}));
        }
        served.has_no_complaint();
    }

    server_ping_is_answered_while_an_input_request_is_open {
        let served = HttpServer::handshake();
        let (sender, inputs) = channel::<Input>();
        let client = asked(&served, move |input| sender.send(input).unwrap());
        let log = served.server.log().clone();
        let thread = std::thread::spawn(move || {
            let input = inputs.recv().unwrap();
            let is_answered = await_true(SOON, || !log.answers().is_empty());
            input.decline().unwrap();
            assert!(is_answered, "the ping is not");
        });
        let told = ask(&client, json!([{"a": form(), "p": {"method": "ping"}}]));
        assert_eq!(told[0]["p"], json!({}));
        thread.join().unwrap();
        let answers = served.log().answers();
        assert_eq!(answers[0]["result"], json!({}), "the ping first");
        served.has_no_complaint();
    }

    input_may_be_answered_later_by_another_thread {
        let calls = eras().map(|served| std::thread::spawn(move || {
            let (sender, inputs) = channel::<Input>();
            let client = asked(&served, move |input| sender.send(input).unwrap());
            client.set_timeout(4000);
            let thread = std::thread::spawn(move || {
                let input = inputs.recv().unwrap();
                std::thread::sleep(Duration::from_millis(4500));
                input.accept(Some(json!({"name": "Ada"}))).unwrap();
            });
            let told = ask(&client, json!([{"who": form()}]));
            assert_eq!(told[0]["who"]["action"], "accept");
            thread.join().unwrap();
            served.has_no_complaint();
        }));
        calls.into_iter().for_each(|call| call.join().unwrap());
    }

    unanswered_input_request_is_cancelled_in_time {
        for served in eras() {
            let kept = Arc::new(Mutex::new(Vec::new()));
            let shared = kept.clone();
            let client = asked(&served, move |input| shared.lock().unwrap().push(input));
            client.set_input_timeout(200).unwrap();
            let start = Instant::now();
            let told = ask(&client, json!([{"who": form()}]));
            assert_eq!(told, json!([{"who": {"action": "cancel"}}]));
            assert!(start.elapsed() >= Duration::from_millis(200));
            let late = kept.lock().unwrap().pop().unwrap();
            assert_eq!(late.decline().unwrap_err().status, MCP_E_STATE);
            served.has_no_complaint();
        }
    }

    cancelled_input_request_gets_an_event_and_no_response {
        let served = HttpServer::handshake();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (shared, is_asked) = (kept.clone(), served.mcp.gate("asked"));
        let client = asked(&served, move |input| {
            shared.lock().unwrap().push(input);
            is_asked.open();
        });
        let events = Arc::new(Mutex::new(Vec::new()));
        let shared = events.clone();
        client.set_event_handler(move |event| shared.lock().unwrap().push(event.kind)).unwrap();
        let arguments =
            json!({"rounds": [{"who": form()}], "withdraw": true, "withdraw_after": "asked"});
        let told = client.call("ask", arguments).unwrap().told();
        assert_eq!(told, json!(["withdrawn"]));
        assert_eq!(*events.lock().unwrap(), [MCP_EVENT_CANCELLED]);
        // Whatever an answer gives now, the server does not hear it.
        let _ = kept.lock().unwrap().pop().unwrap().decline();
        client.ping().unwrap();
        assert_eq!(served.log().answers().len(), 0);
        served.has_no_complaint();
    }

    input_request_on_the_notification_stream_belongs_to_the_client {
        let served = HttpServer::handshake();
        let client = asked(&served, |input| input.accept(Some(json!({"name": "Ada"}))).unwrap());
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        assert!(served.mcp.await_listeners(1, SOON));
        let arguments = json!({"rounds": [{"who": form()}], "on": "get"});
        let told = client.call("ask", arguments).unwrap().told();
        assert_eq!(told[0]["who"]["content"]["name"], "Ada");
        served.has_no_complaint();
    }

    input_rounds_are_limited {
        let served = HttpServer::stateless();
        let client = asked(&served, |input| input.decline().unwrap());
        for rounds in [json!([{"who": form()}]), json!([{}])] {
            let before = served.count("tools/call");
            let arguments = json!({"rounds": rounds, "endless": true});
            let failure = client.call("ask", arguments).unwrap_err();
            assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
            assert!(failure.message.contains("round"), "{}", failure.message);
            assert!(served.count("tools/call") - before <= 11);
        }
        served.has_no_complaint();
    }

    request_state_without_inputs_is_returned_after_a_pause {
        let served = HttpServer::stateless();
        let client = served.client();
        let start = Instant::now();
        assert_eq!(ask(&client, json!([{}, {}, {}])), json!([{}, {}, {}]));
        assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
        served.has_no_complaint();
    }

    retry_without_request_state_has_none {
        let served = HttpServer::stateless();
        let client = asked(&served, |input| input.decline().unwrap());
        let arguments = json!({"rounds": [{"a": form()}, {"b": form()}], "state": false});
        let told = client.call("ask", arguments).unwrap().told();
        assert_eq!(told, json!([{"a": {"action": "decline"}}, {"b": {"action": "decline"}}]));
        let sent = served.log().of("tools/call");
        assert!(sent.iter().all(|one| one.json()["params"].get("requestState").is_none()));
        served.has_no_complaint();
    }

    calls_do_not_share_request_state {
        let served = HttpServer::stateless();
        let client = asked(&served, |input| input.decline().unwrap());
        ask(&client, json!([{"a": form()}]));
        client.call("echo", json!({})).unwrap();
        let last = served.log().of("tools/call").last().unwrap().json();
        assert!(last["params"].get("requestState").is_none());
        assert!(last["params"].get("inputResponses").is_none());
    }

    reads_and_prompts_may_require_input {
        let served = HttpServer::stateless();
        let client = asked(&served, |input| input.accept(Some(json!({"name": "Ada"}))).unwrap());
        assert_eq!(client.read("test://ask").unwrap().text_of_first(), "for Ada");
        assert_eq!(client.get_prompt("ask", None).unwrap().text_of_first(), "for Ada");
        served.has_no_complaint();
    }

    invalid_input_rounds_fail_the_call {
        let served = HttpServer::before(Config::stateless(Offer::default()), |_, mcp, request| {
            let result = match request.rpc_method().as_str() {
                "tools/list" => json!({"resultType": "input_required", "requestState": "s"}),
                "tools/call" => request.json()["params"]["arguments"].clone(),
                _ => return mcp.handle(request),
            };
            vec![Action::Send(http::result(request, result))]
        });
        let client = asked(&served, |input| input.decline().unwrap());
        assert_eq!(client.list_tools().unwrap_err().status, MCP_E_PROTOCOL);
        for (more, status) in [
            (json!({}), MCP_E_PROTOCOL),
            (json!({"inputRequests": {}}), MCP_E_PROTOCOL),
            (json!({"inputRequests": []}), MCP_E_PROTOCOL),
            (json!({"inputRequests": {"a": 7}}), MCP_E_PROTOCOL),
            (json!({"requestState": 7}), MCP_E_PROTOCOL),
            (json!({"inputRequests": {"a": {"method": "x/unknown"}}}), MCP_E_INPUT_REQUIRED),
            (json!({"inputRequests": {"a": form(), "b": roots()}}), MCP_E_INPUT_REQUIRED),
        ] {
            let mut result = more.clone();
            result["resultType"] = json!("input_required");
            let before = served.count("tools/call");
            let failure = client.call("x", result).unwrap_err();
            assert!([status, MCP_E_PROTOCOL].contains(&failure.status), "{more}: {}", failure.message);
            assert_eq!(served.count("tools/call") - before, 1, "{more}");
        }
    }

    required_url_is_visited_and_the_call_repeated {
        let served = HttpServer::before(Config::handshake(Offer::default()), |count, mcp, request| {
            match request.rpc_method().as_str() {
                "tools/call" if count < 3 => vec![Action::Send(http::json(200, &json!({
                    "jsonrpc": "2.0", "id": request.id(), "error": {"code": -32042,
                    "message": "Visit the page first", "data": {"elicitations": [
                        {"mode": "url", "elicitationId": format!("e{count}"), "message": "Visit.",
                         "url": "https://example.com/pay"}]}}})))],
                _ => mcp.handle(request),
            }
        });
        let mcp = served.mcp.clone();
        let visits = Arc::new(AtomicUsize::new(0));
        let seen = visits.clone();
        let client = asked(&served, move |input| {
            assert_eq!(input.kind(), MCP_INPUT_URL);
            assert_eq!(input.url().as_deref(), Some("https://example.com/pay"));
            let visit = seen.fetch_add(1, Ordering::SeqCst) + 1;
            let mcp = mcp.clone();
            input.accept(None).unwrap();
            // The person takes a moment; only then may the call be made again.
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(100));
                let done = json!({"elicitationId": format!("e{visit}")});
                await_true(SOON, || {
                    mcp.notify("notifications/elicitation/complete", done.clone()) > 0
                });
            });
        });
        let start = Instant::now();
        client.call("bare", json!({})).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
        assert_eq!((visits.load(Ordering::SeqCst), served.count("tools/call")), (2, 3));
        served.has_no_complaint();
    }

    refused_url_leaves_the_error_of_the_call {
        for is_asked in [true, false] {
            let served = HttpServer::before(Config::handshake(Offer::default()), |_, mcp, request| {
                match request.rpc_method().as_str() {
                    "tools/call" => vec![Action::Send(http::json(200, &json!({
                        "jsonrpc": "2.0", "id": request.id(), "error": {"code": -32042,
                        "message": "Visit", "data": {"elicitations": [{"mode": "url",
                            "elicitationId": "e", "message": "", "url": "https://a.b/c"}]}}})))],
                    _ => mcp.handle(request),
                }
            });
            let client = served.client();
            if is_asked {
                client.set_input_handler(MCP_INPUT_URL, |input| input.decline().unwrap()).unwrap();
            }
            let failure = client.call("bare", json!({})).unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32042));
            assert!(failure.data.unwrap().contains("https://a.b/c"));
            assert_eq!(served.count("tools/call"), 1);
        }
    }

    cancelled_call_closes_its_input_request {
        for served in eras() {
            let (client, input) = cancelled_in_its_handler(&served);
            client.ping().unwrap_or_else(|failure| panic!("{}", failure.message));
            drop(client);
            assert_eq!(input.message(), "Who?", "outlives the call and the client");
            let _ = input.decline();
        }
    }

    input_request_of_a_cancelled_call_gets_no_response {
        for served in eras() {
            let (client, input) = cancelled_in_its_handler(&served);
            let failure = input.decline().unwrap_err();
            assert_eq!(failure.status, MCP_E_STATE, "{}", failure.message);
            assert!(failure.message.contains("has ended"), "{}", failure.message);
            client.ping().unwrap();
            assert_eq!(served.log().answers().len(), 0);
        }
    }

    input_handler_may_make_calls {
        for served in eras() {
            let client = Arc::new(served.client());
            let inner = Arc::downgrade(&client);
            client.set_input_handler(ALL, move |input| {
                let client = inner.upgrade().unwrap();
                let name = client.call("echo", json!({"n": "Ada"})).unwrap().told()["n"].clone();
                input.accept(Some(json!({"name": name}))).unwrap();
            }).unwrap();
            let told = ask(&client, json!([{"who": form()}]));
            assert_eq!(told[0]["who"]["content"]["name"], "Ada");
            served.has_no_complaint();
        }
    }
}
