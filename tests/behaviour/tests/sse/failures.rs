//! Failures over HTTP with SSE: refusals, credentials, broken streams, lost
//! sessions, abandoned calls.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, Client, EventLog, SOON, SseServer, is_http_error, tests};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::sse::Shape;
use mcp_test_server::{Action, await_true, http};
use serde_json::json;

const TOOLS: &str = "notifications/tools/list_changed";

fn echo(client: &Client) -> behaviour::Outcome<String> {
    client.call("echo", json!({})).map(|answer| answer.text())
}

/// A token handler that gives the second token when the first was refused,
/// and counts how often it is asked.
fn renews(client: &Client, first: &'static str, second: &'static str) -> Arc<AtomicUsize> {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    client
        .set_token_handler(move |is_refused| {
            count.fetch_add(1, Ordering::SeqCst);
            Some(if is_refused { second } else { first }.to_owned())
        })
        .unwrap();
    asked
}

tests! {
    refused_call_fails_at_once_and_the_stream_stays_open {
        for status in [400, 403, 405, 413, 429, 500, 503] {
            let legacy = SseServer::full();
            let client = legacy.client();
            client.ping().unwrap();
            legacy.sse.refuse_posts_of("tools/call", 1, status);
            let start = Instant::now();
            let failure = echo(&client).unwrap_err();
            is_http_error(&failure, status);
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            assert_eq!(failure.retry_after, if [429, 503].contains(&status) { 7000 } else { -1 });
            echo(&client).unwrap();
            assert_eq!(legacy.count("tools/call"), 2, "{status}");
            assert_eq!((legacy.count_http("GET"), legacy.sse.streams()), (1, 1));
            legacy.has_no_complaint();
        }
    }

    refused_call_does_not_affect_others {
        let legacy = SseServer::full();
        let client = Arc::new(legacy.client());
        client.ping().unwrap();
        let other = client.clone();
        let thread = std::thread::spawn(move || {
            other.call("slow", json!({"steps": 3, "pause": 100})).unwrap().text()
        });
        legacy.awaits("tools/call", 1);
        legacy.sse.refuse_posts_of("resources/read", 1, 500);
        let failure = client.read("test://text").unwrap_err();
        assert_eq!(failure.status, MCP_E_SERVER, "a refusal is an answer, and not sent again");
        assert_eq!(legacy.count("resources/read"), 1);
        assert_eq!(thread.join().unwrap(), "slow");
    }

    refused_token_is_sent_once {
        for path in ["/sse", "/mcp"] {
            let config = Config::handshake(Offer::default());
            let legacy = SseServer::new(Config { token: Some("right".into()), ..config },
                Shape { path: path.into(), ..Shape::default() });
            let client = Client::new(&legacy.url(), Some("wrong")).unwrap();
            let failure = client.ping().unwrap_err();
            assert_eq!((failure.status, failure.http_status), (MCP_E_UNAUTHORIZED, 401), "{path}");
            assert!(failure.message.contains("invalid_token"), "{}", failure.message);
            assert_eq!((legacy.count_token("wrong"), legacy.log().count()), (1, 1), "{path}");
            client.set_token(Some("right")).unwrap();
            client.ping().unwrap();
            assert_eq!(legacy.count_token("wrong"), 1);
            legacy.has_no_complaint();
        }
    }

    token_is_renewed_once_when_the_stream_is_refused {
        let legacy = SseServer::guarded("new");
        let client = legacy.client();
        let asked = renews(&client, "old", "new");
        client.ping().unwrap();
        echo(&client).unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert_eq!((legacy.count_token("old"), legacy.count_http("GET")), (1, 2));
        legacy.has_no_complaint();
    }

    token_is_renewed_once_when_a_call_is_refused {
        for is_started in [false, true] {
            let legacy = SseServer::full();
            let client = legacy.client();
            let asked = renews(&client, "old", "new");
            client.ping().unwrap();
            legacy.sse.refuse_posts_of("tools/call", 1, 401);
            let request = client.tool_request("echo", json!({"a": 1})).unwrap();
            if is_started {
                request.start().unwrap();
                assert_eq!(request.wait(30_000), 0);
                request.take_result().unwrap();
            } else {
                request.perform().unwrap();
            }
            assert_eq!(asked.load(Ordering::SeqCst), 2);
            let tokens: Vec<String> = legacy.log().of("tools/call").iter()
                .map(|one| one.header("authorization").unwrap().to_owned()).collect();
            assert_eq!(tokens, ["Bearer old", "Bearer new"]);
            assert_eq!(legacy.count_http("GET"), 1, "the stream stands");
        }
    }

    second_refusal_of_a_call_is_an_error {
        let legacy = SseServer::full();
        let client = legacy.client();
        let asked = renews(&client, "old", "new");
        client.ping().unwrap();
        legacy.sse.refuse_posts_of("tools/call", 5, 401);
        assert_eq!(echo(&client).unwrap_err().status, MCP_E_UNAUTHORIZED);
        assert_eq!((asked.load(Ordering::SeqCst), legacy.count("tools/call")), (2, 2));
    }

    plain_http_to_another_host_gets_no_token {
        let client = Client::new("http://name.invalid/sse", Some("t")).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_INSECURE);
    }

    abandoned_call_is_cancelled_at_the_server {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.ping().unwrap();
        let request = client.tool_request("silent", json!({})).unwrap();
        request.set_timeout(1000);
        let start = Instant::now();
        assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        legacy.awaits("notifications/cancelled", 1);

        let cancel = Arc::new(Cancel::new());
        request.set_timeout(40_000);
        request.set_cancel(&cancel);
        let fired = Arc::new(Mutex::new(None));
        let (firing, log) = (fired.clone(), legacy.server.log().clone());
        let thread = std::thread::spawn(move || {
            assert!(log.await_of("tools/call", 2, SOON));
            std::thread::sleep(Duration::from_millis(50));
            *firing.lock().unwrap() = Some(Instant::now());
            cancel.fire();
        });
        assert_eq!(request.perform().unwrap_err().status, MCP_E_CANCELLED);
        let took = fired.lock().unwrap().unwrap().elapsed();
        assert!(took < AT_ONCE, "{took:?}");
        thread.join().unwrap();
        legacy.awaits("notifications/cancelled", 2);
        let calls = legacy.log().of("tools/call");
        let told = legacy.log().of("notifications/cancelled");
        for (call, told) in calls.iter().zip(&told) {
            assert_eq!(told.json()["params"]["requestId"], call.id());
        }
        echo(&client).unwrap();
        assert_eq!((legacy.count_http("GET"), legacy.sse.streams()), (1, 1));
        legacy.has_no_complaint();
    }

    late_response_is_dropped_and_counted {
        let legacy = SseServer::before(Config::handshake(Offer::default()), Shape::default(),
            |sse, request| match request.rpc_method().as_str() {
                // It cannot be stopped any more.
                "notifications/cancelled" => {
                    vec![Action::Send(http::reply(202, &[], b""))]
                }
                _ => sse.handle(request),
            });
        let client = legacy.client();
        client.connect().unwrap();
        let request = client.tool_request("echo", json!({"after_label": "timeout"})).unwrap();
        request.set_timeout(1000);
        assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
        echo(&client).unwrap();
        legacy.sse.mcp.gate("timeout").open();
        assert!(await_true(SOON, || client.count(MCP_COUNTER_DROPPED_REPLIES) == 1));
        echo(&client).unwrap();
    }

    broken_stream_fails_the_call_and_not_the_client {
        let legacy = SseServer::full();
        let client = legacy.client();
        let failure = client.call("breaks", json!({"segments": [1, 1]})).unwrap_err();
        assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true), "{}", failure.message);
        assert_eq!(legacy.count("tools/call"), 1, "never twice");
        let failure = client.call("drops", json!({})).unwrap_err();
        assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true));
        echo(&client).unwrap();
        assert_eq!((legacy.count_http("GET"), legacy.count("initialize")), (3, 3));
        assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 2);
        assert_eq!(client.count(MCP_COUNTER_REPETITIONS), 0);
        assert!(legacy.sse.await_streams(1, SOON));
        legacy.has_no_complaint();
    }

    broken_or_ended_stream_is_not_noticed_by_a_read {
        for is_ended in [false, true] {
            let count = AtomicUsize::new(0);
            let legacy = SseServer::before(Config::handshake(Offer::default()), Shape::default(),
                move |sse, request| {
                    let is_read = request.rpc_method() == "resources/read";
                    if is_read && count.fetch_add(1, Ordering::SeqCst) == 0 {
                        if is_ended { sse.end_streams() } else { sse.break_streams() }
                        return vec![Action::Send(http::reply(202, &[], b"Accepted"))];
                    }
                    sse.handle(request)
                });
            let client = legacy.client();
            assert!(client.read("test://text").unwrap().json().contains("test://text"));
            assert_eq!(legacy.count("resources/read"), 2);
            assert_eq!((legacy.count_http("GET"), legacy.count("initialize")), (2, 2));
            assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 1);
            assert_eq!(client.count(MCP_COUNTER_REPETITIONS), 1);
            legacy.has_no_complaint();
        }
    }

    broken_stream_ends_each_of_many_calls_once {
        let running = Arc::new(AtomicUsize::new(0));
        let count = running.clone();
        let legacy = SseServer::before(Config::handshake(Offer::default()), Shape::default(),
            move |sse, request| {
                let actions = sse.handle(request);
                count.fetch_add((request.rpc_method() == "tools/call").into(), Ordering::SeqCst);
                actions
            });
        let client = Arc::new(legacy.client());
        client.ping().unwrap();
        let threads: Vec<_> = (0..8).map(|number| {
            let client = client.clone();
            std::thread::spawn(move || if number % 2 == 0 {
                client.call("slow", json!({"steps": 1, "pause": 60_000})).map(drop)
            } else {
                client.read("test://text").map(drop)
            })
        }).collect();
        // The server has taken the calls, and does not refuse them any more.
        assert!(await_true(SOON, || running.load(Ordering::SeqCst) == 4));
        legacy.sse.break_streams();
        for (number, thread) in threads.into_iter().enumerate() {
            let result = thread.join().unwrap();
            if number % 2 == 0 {
                let failure = result.unwrap_err();
                assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true));
            } else {
                result.unwrap();
            }
        }
        echo(&client).unwrap();
        assert_eq!(legacy.count("tools/call"), 5);
        assert_eq!((legacy.count_http("GET"), legacy.count("initialize")), (2, 2));
        legacy.has_no_complaint();
    }

    stream_broken_between_calls_is_reopened {
        let legacy = SseServer::full();
        let client = legacy.client();
        echo(&client).unwrap();
        for round in 1..=3 {
            legacy.sse.break_streams();
            echo(&client).unwrap();
            assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), round);
        }
        // A call that nobody ran may be sent again.
        assert_eq!(legacy.count("initialize"), 4);
        legacy.has_no_complaint();
    }

    lost_session_is_replaced_and_the_call_repeated {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.set_log_level(MCP_LOG_WARNING).unwrap();
        legacy.sse.forget_sessions();
        echo(&client).unwrap();
        assert_eq!(legacy.count("tools/call"), 2, "refused, and then run");
        assert_eq!((legacy.count_http("GET"), legacy.count("initialize")), (2, 2));
        assert_eq!(legacy.sse.mcp.session().unwrap().level.as_deref(), Some("warning"));
        assert!(legacy.sse.await_streams(1, SOON), "the old stream is let go of");
        assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 1);
        assert_eq!(client.count(MCP_COUNTER_REPETITIONS), 1);
    }

    session_lost_twice_is_an_error {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.ping().unwrap();
        legacy.sse.refuse_posts_of("tools/call", 10, 404);
        let failure = echo(&client).unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_ENDPOINT, 404));
        assert_eq!(legacy.count("tools/call"), 2);
    }

    session_lost_by_many_threads_is_replaced_once {
        let legacy = SseServer::full();
        let client = Arc::new(legacy.client());
        client.ping().unwrap();
        legacy.sse.forget_sessions();
        let threads: Vec<_> = (0..16).map(|_| {
            let client = client.clone();
            std::thread::spawn(move || echo(&client).map(drop))
        }).collect();
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
        assert_eq!(legacy.count("initialize"), 2);
    }

    notification_in_a_lost_session_is_sent_in_a_new_one {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.ping().unwrap();
        legacy.sse.forget_sessions();
        client.notify("notifications/x", None).unwrap();
        assert_eq!((legacy.count("notifications/x"), legacy.count("initialize")), (2, 2));
    }

    subscriptions_and_listen_outlive_the_stream {
        let legacy = SseServer::full();
        let client = legacy.client();
        let heard = EventLog::by(&client);
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        client.subscribe("test://text").unwrap();
        client.set_log_level(MCP_LOG_WARNING).unwrap();
        heard.awaits(&client, MCP_EVENT_LISTENING, 1);
        for round in 2..=3 {
            // Nobody calls: the listening alone brings it back.
            legacy.sse.break_streams();
            heard.awaits(&client, MCP_EVENT_LISTENING, round);
            let is_back = || legacy.sse.mcp.session().is_some_and(|session| {
                session.subscriptions.contains("test://text")
                    && session.level.as_deref() == Some("warning")
            });
            assert!(await_true(SOON, is_back), "{:?}", legacy.sse.mcp.session());
            legacy.sse.mcp.notify(TOOLS, json!({}));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, round - 1);
        }
        assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 2);
        legacy.has_no_complaint();
    }

    roots_and_input_requests_outlive_the_stream {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.set_roots(Some(json!([{"uri": "file:///a"}]))).unwrap();
        let rounds = json!({"rounds": [{"where": {"method": "roots/list"}}]});
        for _ in 0..2 {
            let told = client.call("ask", rounds.clone()).unwrap().told();
            assert_eq!(told[0]["where"]["roots"][0]["uri"], "file:///a");
            legacy.sse.break_streams();
        }
        legacy.has_no_complaint();
    }

    event_over_the_limit_is_an_error {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.set_max_message_size(20_000);
        client.ping().unwrap();
        let failure = client.call("text", json!({"size": 100_000})).unwrap_err();
        assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
        assert!(failure.may_have_run);
        assert_eq!(client.call("text", json!({"size": 100})).unwrap().text().len(), 100);
        assert_eq!(legacy.count("tools/call"), 2);
        assert!(legacy.sse.await_streams(1, SOON));
    }

    failed_reconnection_is_an_error_and_the_next_call_works {
        let legacy = SseServer::full();
        let client = legacy.client();
        echo(&client).unwrap();
        for status in [503, 401, 429, 500] {
            legacy.sse.refuse_gets(1, status);
            legacy.sse.break_streams();
            is_http_error(&echo(&client).unwrap_err(), status);
            echo(&client).unwrap();
        }
    }

    listening_client_reopens_the_stream_when_the_server_is_up {
        let legacy = SseServer::full();
        let client = legacy.client();
        let heard = EventLog::by(&client);
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        heard.awaits(&client, MCP_EVENT_LISTENING, 1);
        legacy.sse.refuse_gets(2, 500);
        legacy.sse.break_streams();
        heard.awaits(&client, MCP_EVENT_LISTENING, 2);
        assert_eq!(heard.of(MCP_EVENT_LISTENING_ENDED).len(), 0);
    }

    close_ends_waiting_calls {
        let legacy = SseServer::full();
        let client = Arc::new(legacy.client());
        client.ping().unwrap();
        let threads: Vec<_> = (0..3).map(|_| {
            let client = client.clone();
            std::thread::spawn(move || client.call("silent", json!({})).unwrap_err().status)
        }).collect();
        legacy.awaits("tools/call", 3);
        let start = Instant::now();
        client.close();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), MCP_E_CLOSED);
        }
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        assert!(legacy.sse.await_streams(0, SOON));
        assert_eq!(echo(&client).unwrap_err().status, MCP_E_CLOSED);
        assert_eq!(legacy.count_http("DELETE"), 0);
    }

    freed_client_closes_its_stream_without_waiting {
        let legacy = SseServer::full();
        let client = legacy.client();
        let request = client.tool_request("silent", json!({})).unwrap();
        request.start().unwrap();
        legacy.awaits("tools/call", 1);
        let start = Instant::now();
        drop(request);
        drop(client);
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        assert!(legacy.sse.await_streams(0, SOON));
    }

    close_ends_the_wait_for_an_endpoint {
        let legacy = SseServer::full();
        let gate = legacy.sse.hold_endpoints();
        let client = Arc::new(legacy.client());
        client.set_transport(MCP_TRANSPORT_SSE).unwrap();
        let other = client.clone();
        let thread = std::thread::spawn(move || other.ping().unwrap_err().status);
        assert!(legacy.log().await_http("GET", 1, SOON));
        std::thread::sleep(Duration::from_millis(50));
        let start = Instant::now();
        client.close();
        assert_eq!(thread.join().unwrap(), MCP_E_CLOSED);
        assert!(start.elapsed() < AT_ONCE);
        gate.open();
    }

    cancel_ends_the_wait_for_an_endpoint {
        let legacy = SseServer::full();
        let gate = legacy.sse.hold_endpoints();
        let client = legacy.client();
        client.set_transport(MCP_TRANSPORT_SSE).unwrap();
        let cancel = Arc::new(Cancel::new());
        let request = client.tool_request("echo", json!({})).unwrap();
        request.set_cancel(&cancel);
        let firing = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            cancel.fire();
        });
        let start = Instant::now();
        let failure = request.perform().unwrap_err();
        assert_eq!((failure.status, failure.may_have_run), (MCP_E_CANCELLED, false));
        assert!(start.elapsed() < AT_ONCE);
        firing.join().unwrap();
        gate.open();
        client.ping().unwrap();
        assert!(legacy.sse.await_streams(1, SOON), "the first stream is let go of");
    }

    tool_is_repeated_only_with_a_hint_and_the_option {
        for (is_allowed, is_known, tool) in [(true, true, "echo"), (false, true, "echo"),
                                             (true, false, "echo"), (true, true, "text")] {
            let has_broken = AtomicBool::new(false);
            let legacy = SseServer::before(Config::handshake(Offer::default()), Shape::default(),
                move |sse, request| {
                    let is_call = request.rpc_method() == "tools/call";
                    if is_call && !has_broken.swap(true, Ordering::SeqCst) {
                        sse.break_streams();
                        return vec![Action::Send(http::reply(202, &[], b"Accepted"))];
                    }
                    sse.handle(request)
                });
            let client = legacy.client();
            client.set_repeat_tools(is_allowed).unwrap();
            if is_known {
                client.list_tools().unwrap();
            }
            let result = client.call(tool, json!({}));
            let is_repeated = is_allowed && is_known && tool == "echo";
            assert_eq!(result.is_ok(), is_repeated);
            assert_eq!(legacy.count("tools/call"), if is_repeated { 2 } else { 1 });
            if let Err(failure) = result {
                assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true));
            }
            legacy.has_no_complaint();
        }
    }
}
