//! Calls of tools, prompts and completions in both eras: what is sent, what comes
//! back, and what happens when a call ends before its response.

use std::ptr::null_mut;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Cancel, Client, Failure, HttpServer, SOON, raw, tests};
use mcp_test_server::Action;
use mcp_test_server::encoding::base64;
use mcp_test_server::http;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use serde_json::{Value, json};

/// The headers of marked arguments with which a call arrived.
fn marks(client: &Client, arguments: Value) -> Value {
    client.call("marked", arguments).unwrap().told()
}

/// The connection of a stateless call that was given up is closed, and a
/// handshake server is told by a notification.
fn was_given_up(served: &HttpServer) {
    served.awaits("tools/call", 1);
    let call = served.log().of("tools/call").last().unwrap().clone();
    if served.is_stateless() {
        assert!(served.log().await_closed(call.connection, SOON));
        assert_eq!(served.count("notifications/cancelled"), 0);
    } else {
        served.awaits("notifications/cancelled", 1);
        let told = served.log().of("notifications/cancelled")[0].json();
        assert_eq!(told["params"]["requestId"], call.id());
        assert!(told["id"].is_null());
    }
    served.has_no_complaint();
}

tests! {
    arguments_are_sent_unchanged {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let arguments = json!({"a": [1, 2.5, null], "b": "caf\u{e9} \u{1f600}", "": {}});
            assert_eq!(client.call("echo", arguments.clone()).unwrap().told(), arguments);
            assert_eq!(client.call("echo", json!({})).unwrap().text(), "{}");
            served.has_no_complaint();
        }
    }

    call_without_arguments_sends_none_or_an_empty_object {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let mut out = std::ptr::null_mut();
            let status = unsafe {
                raw::mcp_call_tool(client.0, c"echo".as_ptr(), std::ptr::null(), &mut out)
            };
            assert_eq!(status, 0);
            unsafe { raw::mcp_result_free(out) };
            let sent = served.log().of("tools/call")[0].json()["params"]["arguments"].clone();
            assert!(sent.is_null() || sent == json!({}), "{sent}");
        }
    }

    number_keeps_all_its_digits {
        let served = HttpServer::stateless();
        let client = served.client();
        let arguments = r#"{"n":12345678901234567890123.50,"e":1E+2,"z":-0.0}"#;
        let params = format!("{{\"name\":\"echo\",\"arguments\":{arguments}}}");
        client.request("tools/call", Some(&params)).unwrap().perform().unwrap();
        let mut out = std::ptr::null_mut();
        let text = behaviour::c(arguments);
        let status = unsafe {
            raw::mcp_call_tool(client.0, c"echo".as_ptr(), text.as_ptr(), &mut out)
        };
        assert_eq!(status, 0);
        unsafe { raw::mcp_result_free(out) };
        for request in served.log().of("tools/call") {
            let body = String::from_utf8(request.body).unwrap();
            assert!(body.contains("12345678901234567890123.50") && body.contains("1E+2"), "{body}");
        }
    }

    large_arguments_arrive_as_they_were_given {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            // Below and above the size from which they are sent from where they are.
            for size in [10_000, 16_300, 16_400, 3_000_000] {
                let text = "x".repeat(size);
                let arguments =
                    format!(" {{\n  \"a\": \"{text}\\n\",\r\n\t\"b\": 1.50\n}} ");
                let params = format!(
                    r#"{{"_meta":{{"k":1}},"arguments":{arguments},"name":"echo"}}"#
                );
                let request = client.request("tools/call", Some(&params)).unwrap();
                let expected: Value = serde_json::from_str(&arguments).unwrap();
                assert_eq!(request.perform().unwrap().told(), expected);
                // A request keeps them for the next run.
                request.start().unwrap();
                assert_eq!(request.wait(60_000), MCP_OK);
                assert_eq!(request.take_result().unwrap().told(), expected);
                for sent in served.log().of("tools/call").iter().rev().take(2) {
                    let body = std::str::from_utf8(&sent.body).unwrap();
                    assert!(body.contains(arguments.trim()), "as they are written");
                    assert_eq!(sent.json()["params"]["_meta"]["k"], 1);
                }
            }
            served.has_no_complaint();
        }
    }

    arguments_that_are_not_an_object_are_refused_before_sending {
        let served = HttpServer::stateless();
        let client = served.client();
        for arguments in ["[]", "{", " ", "null", "1", "{}{}", "{\"a\":}"] {
            let text = behaviour::c(arguments);
            let mut out = std::ptr::null_mut();
            let status = unsafe {
                raw::mcp_call_tool(client.0, c"echo".as_ptr(), text.as_ptr(), &mut out)
            };
            assert_eq!(status, MCP_E_INVALID_ARGUMENT, "{arguments}");
        }
        assert_eq!(served.log().count(), 0);
    }

    large_result_is_complete {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            for size in [0, 1, 16_384, 3_000_000] {
                assert_eq!(client.call("text", json!({"size": size})).unwrap().text().len(), size);
            }
        }
    }

    failed_tool_is_a_result_and_unknown_tool_is_an_error {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let answer = client.call("fails", json!({})).unwrap();
            assert!(answer.is_error());
            assert_eq!(answer.text(), "it went wrong");
            assert!(!client.call("echo", json!({})).unwrap().is_error());
            let failure = client.call("no-such-tool", json!({})).unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32602));
            assert_eq!(failure.data.as_deref(), Some("\"no-such-tool\""));
            client.call("echo", json!({})).unwrap();
        }
    }

    call_error_keeps_code_message_and_data {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            for code in [-32042, -32603, -1, 7] {
                let data = json!({"elicitations": [{"mode": "url", "elicitationId": "e",
                    "url": "https://example.com", "message": "Visit."}]});
                let arguments = json!({"code": code, "message": "not so", "data": data});
                let failure = client.call("error", arguments).unwrap_err();
                assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, code));
                assert!(failure.message.contains("not so"), "{}", failure.message);
                let told: Value = serde_json::from_str(&failure.data.unwrap()).unwrap();
                assert_eq!(told, data);
                assert_eq!(served.mcp.violations(), [""; 0]);
            }
        }
    }

    header_params_are_sent_once_the_tools_are_known {
        let served = HttpServer::stateless();
        let client = served.client();
        client.list_tools().unwrap();
        let wrap = |text: &str| format!("=?base64?{}?=", base64(text.as_bytes()));
        assert_eq!(marks(&client, json!({"region": "us west 1", "count": 42, "dry": false,
            "nested": {"deep": "d"}, "x-mcp-header": "m", "plain": "p"})),
            json!({"region": "us west 1", "count": "42", "dry": "false", "deep": "d",
                "method": "m"}));
        for text in ["Hello, \u{4e16}\u{754c}", " padded ", "=?base64?x?=", "a\r\nX-Evil: 1", "\ttab"] {
            assert_eq!(marks(&client, json!({"region": text})), json!({"region": wrap(text)}));
        }
        assert_eq!(marks(&client, json!({"count": -9007199254740991i64})),
            json!({"count": "-9007199254740991"}));
        assert_eq!(marks(&client, json!({"count": 42.0})), json!({"count": "42"}));
        assert_eq!(marks(&client, json!({"region": null, "plain": 1})), json!({}));
        served.has_no_complaint();
        assert_eq!(served.count("tools/list"), 1);
    }

    invalid_header_param_is_refused_before_sending {
        let served = HttpServer::stateless();
        let client = served.client();
        client.list_tools().unwrap();
        for arguments in [json!({"region": 1}), json!({"count": "1"}), json!({"dry": 1}),
                          json!({"count": 1.5}), json!({"count": 9007199254740992i64})] {
            let failure = client.call("marked", arguments.clone()).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{arguments}");
        }
        assert_eq!(served.count("tools/call"), 0);
    }

    unknown_header_params_are_fetched_after_a_header_mismatch {
        let served = HttpServer::stateless();
        let client = served.client();
        assert_eq!(marks(&client, json!({"region": "a"})), json!({"region": "a"}));
        assert_eq!((served.count("tools/call"), served.count("tools/list")), (2, 1));
        // The list is another by now.
        served.mcp.rename_mark();
        client.call("marked", json!({"region": "a", "count": 1})).unwrap();
        assert_eq!((served.count("tools/call"), served.count("tools/list")), (4, 2));
        let ids: Vec<Value> = served.log().of("tools/call").iter().map(|one| one.id()).collect();
        assert!(ids.windows(2).all(|two| two[0] != two[1]), "{ids:?}");
    }

    repeated_header_mismatch_is_an_error {
        let served = HttpServer::before(Config::stateless(Offer::default()), |_, mcp, request| {
            if request.rpc_method() != "tools/call" {
                return mcp.handle(request);
            }
            vec![Action::Send(mcp_test_server::http::json(400, &json!({"jsonrpc": "2.0",
                "id": request.id(), "error": {"code": -32020, "message": "Header mismatch"}})))]
        });
        let client = served.client();
        let failure = client.call("marked", json!({"region": "a"})).unwrap_err();
        assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32020));
        assert!(served.count("tools/call") <= 2 && served.count("tools/list") <= 1);
    }

    header_params_are_not_sent_in_the_handshake_era {
        let served = HttpServer::handshake();
        let client = served.client();
        client.list_tools().unwrap();
        assert_eq!(marks(&client, json!({"region": "a", "count": 1})), json!({}));
        served.has_no_complaint();
    }

    name_that_no_header_can_hold_is_encoded {
        let served = HttpServer::stateless();
        let client = served.client();
        for name in ["caf\u{e9}", " padded", "a\r\nX-Evil: 1", "=?base64?x?="] {
            client.call(name, json!({})).unwrap_err();
            let sent = served.log().of("tools/call").last().unwrap().clone();
            assert_eq!(sent.header("x-evil"), None);
            let wrapped = format!("=?base64?{}?=", base64(name.as_bytes()));
            assert_eq!(sent.header("mcp-name"), Some(wrapped.as_str()));
        }
        client.get_prompt("greet", Some(json!({"who": "me"}))).unwrap();
        assert_eq!(served.log().of("prompts/get")[0].header("mcp-name"), Some("greet"));
        client.read("test://text").unwrap();
        assert_eq!(served.log().of("resources/read")[0].header("mcp-name"), Some("test://text"));
        served.has_no_complaint();
    }

    progress_is_delivered_as_it_arrives_to_its_own_call {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            // The server goes on with a step when the step before was reported.
            let request = client.tool_request("slow", json!({"steps": 3, "pause": 1,
                "after_reports": true})).unwrap();
            let (sender, told) = channel();
            let mcp = served.mcp.clone();
            request.set_progress(move |one| {
                mcp.gate(&format!("report {}", one.progress)).open();
                sender.send(one).unwrap();
            }).unwrap();
            assert_eq!(request.perform().unwrap().text(), "slow");
            let told: Vec<_> = told.try_iter().collect();
            assert_eq!(told.iter().map(|one| one.progress).collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
            assert_eq!((told[0].total, &told[0].message), (-1.0, &None));
            assert_eq!((told[1].total, told[1].message.as_deref()), (3.0, Some("step 2")));
            // A call of a tool asks for it, as it is a sign of life.
            client.call("slow", json!({"steps": 1, "pause": 1})).unwrap();
            client.list_prompts().unwrap();
            let token = |request: &http::Request| request.json()["params"]["_meta"]["progressToken"].clone();
            let sent = served.log().of("tools/call");
            assert!(!token(&sent[0]).is_null() && !token(&sent[1]).is_null());
            assert!(token(&served.log().of("prompts/list")[0]).is_null());
            served.has_no_complaint();
        }
    }

    progress_restarts_the_timeout_and_not_the_deadline {
        let calls = HttpServer::each(Offer::default()).into_iter().map(|served| thread::spawn(move || {
            let client = served.client();
// No step takes nearly as long as the timeout, also on a busy machine.
            let request = client.tool_request("slow", json!({"steps": 32, "pause": 150})).unwrap();
            request.set_timeout(4000);
            request.set_progress(|_| {}).unwrap();
            let start = Instant::now();
            request.perform().unwrap();
            assert!(start.elapsed() > Duration::from_millis(4000), "{:?}", start.elapsed());
            request.set_deadline(4000).unwrap();
            let failure = request.perform().unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT, "{}", failure.message);
        }));
        let calls: Vec<_> = calls.collect();
        calls.into_iter().for_each(|call| call.join().unwrap());
    }

    empty_text_is_no_arguments {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let made = unsafe {
                let (empty, echo, greet) = (c"".as_ptr(), c"echo".as_ptr(), c"greet".as_ptr());
                [
                    raw::mcp_request_new_call_tool(client.0, echo, empty),
                    raw::mcp_request_new_get_prompt(client.0, greet, empty),
                    raw::mcp_request_new(client.0, c"tools/list".as_ptr(), empty),
                ]
            };
            for request in made.map(behaviour::Request) {
                // The prompt has an argument that it needs.
                let status = request.perform().map_or_else(|failure| failure.status, |_| 0);
                assert!([0, MCP_E_RPC].contains(&status), "{status}");
            }
            let call = unsafe {
                raw::mcp_call_tool(client.0, c"echo".as_ptr(), c"".as_ptr(), null_mut())
            };
            let prompt = unsafe {
                raw::mcp_get_prompt(client.0, c"greet".as_ptr(), c"".as_ptr(), null_mut())
            };
            let told = unsafe { raw::mcp_notify(client.0, c"notifications/x".as_ptr(), c"".as_ptr()) };
            assert_eq!((call, prompt, told), (0, MCP_E_RPC, 0));
            for sent in served.log().of("tools/call").iter().chain(&served.log().of("prompts/get")) {
                assert!(sent.json()["params"]["arguments"].is_null(), "{}", sent.json());
            }
        }
    }

    unknown_method_is_unsupported_if_its_capability_is_undeclared {
        let handshake = Config { is_stateless: false, ..Config::default() };
        for config in [handshake, Config::default()] {
            let served = HttpServer::new(config);
            let client = served.client();
            let of = |method: &str| {
                let failure = client.request(method, None).unwrap().perform().unwrap_err();
                assert_eq!(failure.rpc_code, -32601, "{method}");
                assert_eq!(failure.data, Some(format!("\"{method}\"")));
                assert!(failure.message.contains("Method not found"), "{}", failure.message);
                failure.status
            };
            for method in ["prompts/list", "prompts/get", "completion/complete", "skills/list"] {
                assert_eq!(of(method), MCP_E_UNSUPPORTED, "{method}");
            }
            for method in ["tools/other", "acme/x", "other"] {
                assert_eq!(of(method), MCP_E_RPC, "{method}");
            }
            let resources = if served.is_stateless() { MCP_E_UNSUPPORTED } else { MCP_E_RPC };
            assert_eq!(of("resources/list"), resources);
            let failure = client.list_prompts().unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_UNSUPPORTED, -32601));
            assert!(failure.message.contains("\"prompts\""), "{}", failure.message);
            let failure = client.get_prompt("x", None).unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_UNSUPPORTED, -32601));
        }
    }

    negative_timeout_is_refused_everywhere {
        let served = HttpServer::new(Config::stateless(Offer::default()));
        let client = served.client();
        let request = client.tool_request("slow", json!({"steps": 1, "pause": 50})).unwrap();
        request.start().unwrap();
        for milliseconds in [-1, i64::MIN] {
            assert_eq!(client.dispatch(milliseconds).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
            assert_eq!(request.wait(milliseconds), MCP_E_INVALID_ARGUMENT);
            assert_eq!(Failure::last().status, MCP_E_INVALID_ARGUMENT);
        }
        client.dispatch(0).unwrap();
        assert_eq!(request.wait(60_000), 0);
    }

    only_progress_restarts_the_timeout {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let request =
                client.tool_request("chatters", json!({"count": 1000, "pause": 20})).unwrap();
            // They go on for longer than that.
            request.set_timeout(300);
            assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
        }
    }

    timeout_cancels_at_the_server_in_each_era {
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            let client = served.client();
            client.ping().unwrap();
            let request = client.tool_request("hang", json!({})).unwrap();
            request.set_timeout(200);
            request.times_out_after_it_was_sent();
            was_given_up(&served);
            client.ping().unwrap();
        }
    }

    cancel_is_sent_to_the_server_in_each_era {
        for served in [HttpServer::stateless(), HttpServer::handshake()] {
            let client = served.client();
            client.ping().unwrap();
            for tool in ["hang", "slow"] {
                let before = served.count("tools/call");
                let request = client.tool_request(tool, json!({"steps": 50})).unwrap();
                let cancel = Arc::new(Cancel::new());
                request.set_cancel(&cancel);
                let log = served.server.log().clone();
                let firing = thread::spawn(move || {
                    log.await_of("tools/call", before + 1, SOON);
                    cancel.fire();
                });
                let failure = request.perform().unwrap_err();
                firing.join().unwrap();
                assert_eq!((failure.status, failure.may_have_run), (MCP_E_CANCELLED, true));
                if before == 0 {
                    was_given_up(&served);
                }
            }
            client.ping().unwrap();
            served.has_no_complaint();
        }
    }

    tool_call_is_repeated_only_if_allowed_or_hinted {
        for config in [Config::stateless(Offer::default()), Config::handshake(Offer::default())] {
            let served = HttpServer::before(config, |count, mcp, request| {
                match request.rpc_method().as_str() {
                    "tools/call" if count % 2 == 1 => vec![Action::Close],
                    _ => mcp.handle(request),
                }
            });
            let client = served.client();
            client.ping().unwrap();
            let failure = client.call("bare", json!({})).unwrap_err();
            assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true));
            assert_eq!(served.count("tools/call"), 1);
            client.call("bare", json!({})).unwrap();
            let request = client.tool_request("bare", json!({})).unwrap();
            request.set_repeatable(true).unwrap();
            request.perform().unwrap();
            assert_eq!(served.count("tools/call"), 4);
            // "echo" says of itself that it is idempotent, which is its own
            // claim until the program takes it.
            client.list_tools().unwrap();
            assert_eq!(client.call("echo", json!({})).unwrap_err().status, MCP_E_IO);
            assert_eq!(served.count("tools/call"), 5);
            client.call("echo", json!({})).unwrap();
            client.set_repeat_tools(true).unwrap();
            client.call("echo", json!({})).unwrap();
            assert_eq!(served.count("tools/call"), 8);
            assert!(client.count(MCP_COUNTER_REPETITIONS) >= 2);
            let request = client.tool_request("echo", json!({})).unwrap();
            request.set_repeatable(false).unwrap();
            assert_eq!(request.perform().unwrap_err().status, MCP_E_IO);
        }
    }

    application_meta_is_sent_without_protocol_keys {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let request = client.tool_request("echo", json!({})).unwrap();
            let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            request.set_meta(json!({"traceparent": trace, "com.example/a": [1]})).unwrap();
            request.perform().unwrap();
            let meta = served.log().of("tools/call")[0].json()["params"]["_meta"].clone();
            assert_eq!(meta["traceparent"], trace);
            assert_eq!(meta["com.example/a"], json!([1]));
            for name in ["io.modelcontextprotocol/protocolVersion", "progressToken"] {
                let failure = request.set_meta(json!({name: "x"})).unwrap_err();
                assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{name}");
            }
            served.has_no_complaint();
        }
    }

    prompt_is_rendered_with_its_arguments {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let answer = client.get_prompt("greet", Some(json!({"who": "Ada"}))).unwrap();
            assert_eq!(answer.description().as_deref(), Some("A greeting"));
            let contents = answer.contents();
            let roles: Vec<_> = contents.iter().map(|one| one.role().unwrap()).collect();
            assert_eq!(roles, ["user", "assistant", "user", "user"]);
            assert_eq!(contents[1].text().as_deref(), Some("Hello, Ada!"));
            assert_eq!(contents[2].kind(), MCP_CONTENT_IMAGE);
            assert_eq!(client.get_prompt("plain", None).unwrap().contents().len(), 0);
            assert_eq!(client.get_prompt("greet", None).unwrap_err().rpc_code, -32602);
            served.has_no_complaint();
        }
    }

    completions_have_values_and_total {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let prompt = json!({"type": "ref/prompt", "name": "greet"});
            let answer = client.complete(prompt.clone(), "language", "f", None).unwrap();
            assert_eq!(answer.completions(), ["finnish", "french"]);
            assert_eq!(answer.more_completions(), (false, -1));
            let context = Some(json!({"country": "fi"}));
            let answer = client.complete(prompt, "language", "", context).unwrap();
            assert_eq!(answer.completions(), ["finnish", "swedish"]);
            let template = json!({"type": "ref/resource", "uri": "test://item/{id}"});
            let answer = client.complete(template, "id", "", None).unwrap();
            assert_eq!(answer.completions().len(), 100);
            assert_eq!(answer.more_completions(), (true, 150));
            served.has_no_complaint();
        }
    }

    log_messages_respect_the_level {
        for served in HttpServer::each(Offer::default()) {
            let client = served.client();
            let events = Arc::new(Mutex::new(Vec::new()));
            let shared = events.clone();
            client.set_event_handler(move |event| shared.lock().unwrap().push(event)).unwrap();
            client.set_log_level(MCP_LOG_EMERGENCY).unwrap();
            client.call("log", json!({})).unwrap();
            let events = events.lock().unwrap();
            assert_eq!(events.len(), 1, "{events:?}");
            assert_eq!((events[0].kind, events[0].log_level), (MCP_EVENT_LOG, MCP_LOG_EMERGENCY));
            assert_eq!(events[0].logger.as_deref(), Some("test"));
            assert_eq!(events[0].data.as_deref(), Some(r#"{"of":"emergency"}"#));
            assert_eq!(served.count("logging/setLevel"), usize::from(!served.is_stateless()));
            served.has_no_complaint();
        }
    }

    notify_returns_without_a_response {
        let served = HttpServer::handshake();
        let client = served.client();
        client.notify("notifications/x", Some(json!({"a": 1}))).unwrap();
        served.awaits("notifications/x", 1);
        let sent = served.log().of("notifications/x")[0].json();
        assert_eq!(sent, json!({"jsonrpc": "2.0", "method": "notifications/x", "params": {"a": 1}}));
    }

    many_threads_call_at_once {
        for served in HttpServer::each(Offer::default()) {
            let client = Arc::new(served.client());
            let threads: Vec<_> = (0..8).map(|thread| {
                let client = client.clone();
                thread::spawn(move || for number in 0..20 {
                    let arguments = json!({"thread": thread, "number": number});
                    assert_eq!(client.call("echo", arguments.clone()).unwrap().told(), arguments);
                })
            }).collect();
            for thread in threads {
                thread.join().unwrap();
            }
            served.has_no_complaint();
        }
    }
}
