//! Responses whose stream breaks: resumed where events have ids, an error where
//! they have none. And batches, in the one revision that has them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, Client, HttpServer, SOON, tests};
use mcp_test_server::Action;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use serde_json::{Value, json};

/// The Last-Event-IDs of the GETs so far.
fn resumed(served: &HttpServer) -> Vec<String> {
    let gets = served.log().that(|request| request.method == "GET");
    gets.iter().map(|get| get.header("last-event-id").unwrap_or("none").to_owned()).collect()
}

fn breaks(client: &Client, arguments: Value) -> behaviour::Outcome<(String, Vec<f64>)> {
    let request = client.tool_request("breaks", arguments).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let shared = told.clone();
    request.set_progress(move |one| shared.lock().unwrap().push(one.progress)).unwrap();
    let text = request.perform()?.text();
    let told = told.lock().unwrap().clone();
    Ok((text, told))
}

tests! {
    broken_stream_is_resumed_after_its_last_event {
        for is_clean in [true, false] {
            let served = HttpServer::handshake();
            let client = served.client();
            let arguments = json!({"segments": [2, 1, 1], "retry": 20, "clean": is_clean});
            let (text, told) = breaks(&client, arguments).unwrap();
            assert_eq!((text.as_str(), told), ("after 4", vec![1.0, 2.0, 3.0, 4.0]));
            assert_eq!(resumed(&served), ["call-1/2", "call-1/3"]);
            for get in served.log().that(|request| request.method == "GET") {
                assert_eq!(get.header("mcp-session-id"), Some("session-1"));
                assert_eq!(get.header("mcp-protocol-version"), Some("2025-11-25"));
            }
            assert_eq!(served.count("tools/call"), 1);
            served.has_no_complaint();
        }
    }

    stream_that_closes_after_its_first_event_is_resumed {
        let served = HttpServer::handshake();
        let client = served.client();
        let start = Instant::now();
        let arguments = json!({"segments": [0, 1], "retry": 300});
        assert_eq!(breaks(&client, arguments).unwrap().0, "after 1");
        assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
        assert_eq!(resumed(&served), ["call-1/0"]);
        served.has_no_complaint();
    }

    stream_may_break_often_if_it_progresses {
        let served = HttpServer::handshake();
        let client = served.client();
        let arguments = json!({"segments": [1, 1, 1, 1, 1, 1, 1, 1], "retry": 5});
        assert_eq!(breaks(&client, arguments).unwrap().1.len(), 8);
        assert_eq!(resumed(&served).len(), 7);
    }

    broken_stream_without_event_ids_is_an_error {
        let served = HttpServer::handshake();
        let client = served.client();
        let failure = breaks(&client, json!({"ids": false, "clean": false})).unwrap_err();
        assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true));
        assert!(resumed(&served).is_empty());
        assert_eq!(served.count("tools/call"), 1);
        client.ping().unwrap();
    }

    refused_resumption_is_an_error {
        for status in [400, 404, 405, 500] {
            let served = HttpServer::handshake();
            let client = served.client();
            let failure = breaks(&client, json!({"refuse": status, "retry": 5})).unwrap_err();
            assert!([MCP_E_IO, MCP_E_SESSION_LOST].contains(&failure.status),
                "{status}: {}", failure.message);
            assert!(failure.may_have_run);
            assert_eq!(served.count("tools/call"), 1, "not repeated");
            client.ping().unwrap();
        }
    }

    resumption_without_progress_is_given_up {
        let served = HttpServer::handshake();
        let client = served.client();
        let start = Instant::now();
        let failure =
            breaks(&client, json!({"segments": [1], "retry": 20, "lost": true})).unwrap_err();
        assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true), "{}", failure.message);
        assert!((1..10).contains(&resumed(&served).len()), "{:?}", resumed(&served));
        assert!(start.elapsed() < AT_ONCE);
        client.ping().unwrap();
    }

    pause_before_resumption_ends_with_the_call {
        let served = HttpServer::handshake();
        let client = served.client();
        let arguments = json!({"segments": [0, 0], "retry": 100_000_000});
        let request = client.tool_request("breaks", arguments.clone()).unwrap();
        request.set_timeout(1000);
        let start = Instant::now();
        assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
        assert!(start.elapsed() < AT_ONCE);
        served.awaits("notifications/cancelled", 1);
        let request = client.tool_request("breaks", arguments).unwrap();
        let cancel = Arc::new(Cancel::new());
        request.set_cancel(&cancel);
        let log = served.server.log().clone();
        let firing = std::thread::spawn(move || {
            assert!(log.await_of("tools/call", 2, SOON));
            std::thread::sleep(Duration::from_millis(200));
            cancel.fire();
        });
        assert_eq!(request.perform().unwrap_err().status, MCP_E_CANCELLED);
        firing.join().unwrap();
        served.awaits("notifications/cancelled", 2);
    }

    each_broken_stream_is_resumed_by_itself {
        let served = HttpServer::handshake();
        let client = Arc::new(served.client());
        client.ping().unwrap();
        let threads: Vec<_> = (1..=4).map(|count| {
            let client = client.clone();
            std::thread::spawn(move || {
                let arguments = json!({"segments": [count, 0, count], "retry": 10});
                let (text, told) = breaks(&client, arguments).unwrap();
                assert_eq!((text, told.len()), (format!("after {}", 2 * count), 2 * count));
            })
        }).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        served.has_no_complaint();
    }

    stateless_era_has_no_resumption {
        let served = HttpServer::stateless();
        let client = served.client();
        let failure = breaks(&client, json!({"clean": false})).unwrap_err();
        assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true));
        assert!(resumed(&served).is_empty());
        assert_eq!(served.count("tools/call"), 1);
        served.has_no_complaint();
    }

    read_is_repeated_when_its_response_is_lost {
        for config in [Config::stateless(Offer::default()), Config::handshake(Offer::default())] {
            let served = HttpServer::before(config, |count, mcp, request| {
                let is_read = ["resources/read", "tools/list", "prompts/get", "completion/complete"]
                    .contains(&request.rpc_method().as_str());
                if is_read && count == 1 {
                    return vec![Action::Send(mcp_test_server::http::stream_head(&[])), Action::Close];
                }
                mcp.handle(request)
            });
            let client = served.client();
            client.read("test://text").unwrap();
            client.list_tools().unwrap();
            client.get_prompt("plain", None).unwrap();
            let reference = json!({"type": "ref/prompt", "name": "greet"});
            client.complete(reference, "language", "", None).unwrap();
            for method in ["resources/read", "tools/list", "prompts/get", "completion/complete"] {
                let ids: Vec<Value> = served.log().of(method).iter().map(|one| one.id()).collect();
                assert_eq!(ids.len(), 2, "{method}");
                assert_ne!(ids[0], ids[1], "{method}");
            }
            served.has_no_complaint();
        }
    }

    batch_is_split_in_its_revision {
        for form in ["json", "event"] {
            let config = Config { handshake: vec!["2025-03-26"], ..Config::handshake(Offer::default()) };
            let served = HttpServer::new(config);
            let client = served.client();
            let events = Arc::new(Mutex::new(Vec::new()));
            let shared = events.clone();
            client.set_event_handler(move |event| shared.lock().unwrap().push(event.kind)).unwrap();
            assert_eq!(client.call("batch", json!({"as": form})).unwrap().text(), "batch");
            assert_eq!(*events.lock().unwrap(), [MCP_EVENT_LOG]);
            let answered = || served.log().answers() == [json!({"jsonrpc": "2.0",
                "id": "ping-in-a-batch", "result": {}})];
            assert!(mcp_test_server::await_true(SOON, answered));
            served.has_no_complaint();
        }
    }

    batch_of_another_revision_is_an_error {
        for version in ["2025-06-18", "2025-11-25"] {
            let config = Config { handshake: vec![version], ..Config::handshake(Offer::default()) };
            let served = HttpServer::new(config);
            let client = served.client();
            for form in ["json", "event"] {
                let failure = client.call("batch", json!({"as": form})).unwrap_err();
                assert_eq!(failure.status, MCP_E_PROTOCOL, "{}", failure.message);
                client.ping().unwrap();
            }
        }
    }
}
