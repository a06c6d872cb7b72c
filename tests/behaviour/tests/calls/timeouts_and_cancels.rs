//! Every wait ends: by a timeout, a cancel or a close.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Cancel, Client, FullBacklog, SOON, is_fast, raw, tests};
use mcp_test_server::http::{self, Stream};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::{Action, Gate, Server};
use serde_json::json;

/// What a busy machine may add to a wait. Without the limit that is tested, the
/// wait would be longer still.
const SLACK: Duration = Duration::from_secs(30);

fn silent() -> Server {
    Server::start(|_| vec![Action::Hang])
}

/// Behaves, but never answers a ping.
fn silent_on_ping(is_stateless: bool) -> Server {
    let mcp = Mcp::new(Config { is_stateless, ..Config::default() });
    let discovers = AtomicUsize::new(0);
    Server::start(move |request| match request.rpc_method().as_str() {
        "ping" => vec![Action::Hang],
        "server/discover" if is_stateless && discovers.fetch_add(1, Ordering::SeqCst) > 0 => {
            vec![Action::Hang]
        }
        _ => mcp.handle(request),
    })
}

fn cancelled_after(
    server: &Server,
    seen: usize,
    start: impl FnOnce() -> i32 + Send,
    cancel: &Cancel,
) -> (i32, Duration) {
    std::thread::scope(|scope| {
        let call = scope.spawn(start);
        assert!(server.log().await_count(seen, SOON));
        let fired = Instant::now();
        cancel.fire();
        (call.join().unwrap(), fired.elapsed())
    })
}

tests! {
    call_that_ends_while_a_ping_is_answered_may_have_run {
        let ping = || json!({"jsonrpc": "2.0", "id": "p", "method": "ping"});
        for is_batch in [true, false] {
            let config = Config {
                is_stateless: false, handshake: vec!["2025-03-26"], ..Config::default()
            };
            let mcp = Mcp::new(config);
            let server = Server::start(move |request| {
                let message = request.json();
                match request.rpc_method().as_str() {
                    "tools/call" if is_batch => {
                        let id = &message["id"];
                        let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"content": []}});
                        vec![Action::Send(http::json(200, &json!([ping(), answer])))]
                    }
                    "tools/call" => Stream::new().message(&ping()).then(Action::Hang),
                    // The server does not accept the response to its ping.
                    _ if message.get("method").is_none() => vec![Action::Hang],
                    _ => mcp.handle(request),
                }
            });
            let client = Client::of(&server.url("/mcp"));
            client.connect().unwrap();
            let request = client.tool_request("echo", json!({"text": "x"})).unwrap();
            let cancel = Cancel::new();
            request.set_cancel(&cancel);
            std::thread::scope(|scope| {
                let call = scope.spawn(|| request.perform().unwrap_err());
                let is_response = |request: &http::Request| {
                    request.method == "POST" && request.json().get("method").is_none()
                };
                assert!(server.log().await_that(1, SOON, is_response));
                cancel.fire();
                let failure = call.join().unwrap();
                assert_eq!(failure.status, MCP_E_CANCELLED, "{}", failure.message);
                assert!(failure.may_have_run, "batch: {is_batch}");
            });
        }
    }

    silent_server_is_a_timeout {
        let server = silent();
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(50);
        let start = Instant::now();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        assert!(failure.message.contains("0.05 s"), "{}", failure.message);
        assert!(start.elapsed() >= Duration::from_millis(50));
        assert!(start.elapsed() < Duration::from_millis(150) + SLACK);
    }

    endless_slow_response_is_a_timeout {
        for head in ["HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n",
                     "HTTP/1.1 200 OK\r\n",
                     "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"] {
            let server = Server::start(move |_| vec![
                Action::Send(head.into()),
                Action::Drip(vec![b'x'; 100_000], Duration::from_millis(1)),
            ]);
            let client = Client::of(&server.url("/mcp"));
            client.set_timeout(100);
            let start = Instant::now();
            assert_eq!(client.ping().unwrap_err().status, MCP_E_TIMEOUT, "{head}");
            assert!(start.elapsed() < Duration::from_millis(200) + SLACK);
        }
    }

    endless_stream_of_comments_is_a_timeout {
        let server = Server::start(|_| vec![
            Action::Send(http::stream_head(&[])),
            Action::Endless(http::chunk(&b": keep alive\n".repeat(5000))),
        ]);
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(100);
        let start = Instant::now();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_TIMEOUT);
        assert!(start.elapsed() < Duration::from_millis(200) + SLACK);
    }

    request_timeout_overrides_client_timeout {
        let server = silent();
        let client = Client::of(&server.url("/mcp"));
        let request = client.request("ping", None).unwrap();
        request.set_timeout(30);
        assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
    }

    connect_timeout_is_a_connect_error {
        // A full backlog: connections are neither made nor refused.
        let listener = FullBacklog::new();
        let client = Client::of(&format!("http://127.0.0.1:{}/mcp", listener.port));
        client.set_connect_timeout(100);
        let start = Instant::now();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_CONNECT, "{}", failure.message);
        assert!(failure.message.contains("MCP_LIMIT_CONNECT_TIME"));
        assert!(start.elapsed() < Duration::from_millis(200) + SLACK);
        client.set_connect_timeout(60_000);
        client.set_timeout(100);
        assert_eq!(client.ping().unwrap_err().status, MCP_E_TIMEOUT);
    }

    cancel_ends_a_call_from_another_thread_at_once {
        for is_stateless in [true, false] {
            let server = silent_on_ping(is_stateless);
            let client = Client::of(&server.url("/mcp"));
            client.connect().unwrap();
            let before = server.log().count();
            let request = client.request("ping", None).unwrap();
            let mut round = 0;
            // The promise is 10 ms.
            is_fast(Duration::from_millis(50), || {
                round += 1;
                let cancel = Cancel::new();
                request.set_cancel(&cancel);
                let seen = if is_stateless { before + round } else { before + 2 * round - 1 };
                let (status, wait) = cancelled_after(&server, seen,
                    || request.perform().unwrap_err().status, &cancel);
                assert_eq!(status, MCP_E_CANCELLED);
                if !is_stateless {
                    assert!(server.log().await_count(seen + 1, SOON));
                }
                wait
            }).unwrap();
        }
    }

    cancel_and_timeout_are_notified_in_the_session_era {
        let server = silent_on_ping(false);
        let client = Client::of(&server.url("/mcp"));
        // On a busy machine the connection may take longer than the ping's time.
        client.connect().unwrap();
        let request = client.request("ping", None).unwrap();
        request.set_timeout(100);
        request.times_out_after_it_was_sent();
        assert!(server.log().await_count(5, SOON));
        let requests = server.log().requests();
        let told = requests[4].json();
        assert_eq!(told["method"], "notifications/cancelled");
        assert_eq!(told["params"]["requestId"], requests[3].id());
    }

    // Servers drop a request whose connection is closed before they read it.
    busy_server_is_told_of_a_cancel_also_when_the_client_is_closed {
        for is_started in [false, true] {
            let gate = Gate::default();
            let answers = gate.clone();
            let mcp = Mcp::new(Config { is_stateless: false, ..Config::default() });
            let server = Server::start(move |request| match request.rpc_method().as_str() {
                "ping" => vec![Action::Hang],
                "notifications/cancelled" => {
                    let mut actions = vec![Action::Await(answers.clone())];
                    actions.extend(mcp.handle(request));
                    actions
                }
                _ => mcp.handle(request),
            });
            let client = Client::of(&server.url("/mcp"));
            client.set_close_timeout(120_000).unwrap();
            client.connect().unwrap();
            let request = client.request("ping", None).unwrap();
            let cancel = Cancel::new();
            request.set_cancel(&cancel);
            let is_ping = |request: &http::Request| request.rpc_method() == "ping";
            let is_told =
                |request: &http::Request| request.rpc_method() == "notifications/cancelled";
            let is_end = |request: &http::Request| request.method == "DELETE";
            if is_started {
                request.start().unwrap();
                assert!(server.log().await_that(1, SOON, is_ping));
                cancel.fire();
                assert_eq!(request.wait(60_000), MCP_E_CANCELLED);
            } else {
                std::thread::scope(|scope| {
                    let call = scope.spawn(|| request.perform().unwrap_err().status);
                    assert!(server.log().await_that(1, SOON, is_ping));
                    cancel.fire();
                    assert_eq!(call.join().unwrap(), MCP_E_CANCELLED);
                });
            }
            std::thread::scope(|scope| {
                let log = server.log();
                scope.spawn(|| drop((request, client)));
                assert!(log.await_that(1, SOON, is_told), "started: {is_started}");
                // The session does not end while the server still reads.
                assert!(!log.await_that(1, Duration::from_millis(200), is_end));
                gate.open();
                assert!(log.await_that(1, SOON, is_end), "started: {is_started}");
            });
            let requests = server.log().requests();
            assert_eq!(requests.iter().filter(|request| is_told(request)).count(), 1);
        }
    }

    fired_cancel_ends_a_call_before_sending {
        let server = silent();
        let client = Client::of(&server.url("/mcp"));
        let cancel = Cancel::new();
        cancel.fire();
        let request = client.request("ping", None).unwrap();
        request.set_cancel(&cancel);
        assert_eq!(request.perform().unwrap_err().status, MCP_E_CANCELLED);
        assert_eq!(server.log().count(), 0);
        drop(cancel); // The request keeps its own reference.
        assert_eq!(request.perform().unwrap_err().status, MCP_E_CANCELLED);
    }

    one_cancel_ends_all_its_calls {
        let server = silent();
        let client = Client::of(&server.url("/mcp"));
        let cancel = Cancel::new();
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| {
                let request = client.request("ping", None).unwrap();
                request.set_cancel(&cancel);
                request.perform().unwrap_err().status
            })).collect();
            assert!(server.log().await_count(1, SOON));
            std::thread::sleep(Duration::from_millis(20));
            cancel.fire();
            for call in calls {
                assert_eq!(call.join().unwrap(), MCP_E_CANCELLED);
            }
        });
        assert_eq!(server.log().count(), 1, "one of them connected");
    }

    performed_request_cannot_be_performed_by_another_thread {
        let server = silent();
        let client = Client::of(&server.url("/mcp"));
        let cancel = Cancel::new();
        let request = client.request("ping", None).unwrap();
        request.set_cancel(&cancel);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| request.perform().unwrap_err().status);
            assert!(server.log().await_count(1, SOON));
            let second = unsafe { raw::mcp_request_perform(request.0, std::ptr::null_mut()) };
            assert_eq!(second, MCP_E_STATE);
            cancel.fire();
            assert_eq!(first.join().unwrap(), MCP_E_CANCELLED);
        });
    }

    close_ends_the_calls_of_all_threads {
        let server = silent_on_ping(false);
        let client = Client::of(&server.url("/mcp"));
        client.connect().unwrap();
        std::thread::scope(|scope| {
            let calls: Vec<_> =
                (0..4).map(|_| scope.spawn(|| client.ping().unwrap_err().status)).collect();
            assert!(server.log().await_count(7, SOON));
            client.close();
            for call in calls {
                assert_eq!(call.join().unwrap(), MCP_E_CLOSED);
            }
        });
        assert_eq!(client.ping().unwrap_err().status, MCP_E_CLOSED);
        client.close();
        assert!(server.log().await_http("DELETE", 1, SOON));
    }

    close_ends_although_the_server_does_not_answer {
        let mcp = Mcp::new(Config { is_stateless: false, ..Config::default() });
        let server = Server::start(move |request| match request.method.as_str() {
            "DELETE" => vec![Action::Hang],
            _ => mcp.handle(request),
        });
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        let start = Instant::now();
        drop(client);
        assert!(start.elapsed() < SLACK);
        assert!(server.log().await_http("DELETE", 1, SOON));
        assert_eq!(server.log().requests().last().unwrap().method, "DELETE");
    }

    request_outlives_its_client_and_gives_closed {
        let server = silent();
        let client = Client::of(&server.url("/mcp"));
        let request = client.request("ping", None).unwrap();
        drop(client);
        assert_eq!(request.perform().unwrap_err().status, MCP_E_CLOSED);
    }

    lost_session_is_replaced_silently {
        let mcp = Arc::new(Mcp::new(Config { is_stateless: false, ..Config::default() }));
        let shared = mcp.clone();
        let server = Server::start(move |request| shared.handle(request));
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        mcp.forget_sessions();
        let call = client.request("tools/call", Some(r#"{"name":"x"}"#)).unwrap();
        call.perform().unwrap();
        assert_eq!(mcp.violations(), [""; 0]);
        let names: Vec<String> =
            server.log().requests().iter().skip(4).map(|request| request.rpc_method()).collect();
        assert_eq!(names,
            ["tools/call", "initialize", "notifications/initialized", "tools/call"]);
    }

    session_lost_by_many_threads_is_replaced_once {
        let mcp = Arc::new(Mcp::new(Config { is_stateless: false, ..Config::default() }));
        let shared = mcp.clone();
        let server = Server::start(move |request| shared.handle(request));
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        for round in 2..=5 {
            mcp.forget_sessions();
            std::thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| client.ping().unwrap());
                }
            });
            let initialized = server.log().requests().iter()
                .filter(|request| request.rpc_method() == "initialize").count();
            assert_eq!(initialized, round);
        }
        assert_eq!(mcp.violations(), [""; 0]);
    }

    session_lost_twice_is_an_error {
        let mcp = Mcp::new(Config { is_stateless: false, ..Config::default() });
        let server = Server::start(move |request| {
            if request.rpc_method() == "ping" {
                mcp.forget_sessions();
            }
            mcp.handle(request)
        });
        let client = Client::of(&server.url("/mcp"));
        let failure = client.ping().unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_RPC, 404));
        assert_eq!(server.log().count(), 7, "one new session, one repeated call");
    }

    server_that_changes_its_version_is_negotiated_again {
        let before = Mcp::new(Config { handshake: vec![], ..Config::default() });
        let after = Mcp::new(Config { is_stateless: false, ..Config::default() });
        let count = AtomicUsize::new(0);
        let server = Server::start(move |request| match count.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => before.handle(request),
            2 => vec![Action::Send(http::json(400, &json!({"jsonrpc": "2.0",
                "id": request.id(), "error": {"code": -32022, "message": "no",
                "data": {"supported": ["2025-11-25"]}}})))],
            _ => after.handle(request),
        });
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        client.ping().unwrap();
        client.ping().unwrap();
        assert_eq!(client.connect().unwrap().protocol_version().unwrap(), "2025-11-25");
    }

    hundred_threads_share_one_client {
        for config in [Config::default(), Config { is_stateless: false, streams: true,
                                                    ..Config::default() }] {
            let mcp = Arc::new(Mcp::new(Config { token: Some("t".into()), ..config }));
            let shared = mcp.clone();
            let server = Server::start(move |request| shared.handle(request));
            let client = Client::new(&server.url("/mcp"), Some("t")).unwrap();
            std::thread::scope(|scope| {
                for _ in 0..100 {
                    scope.spawn(|| (0..20).for_each(|_| client.ping().unwrap()));
                }
            });
            assert!(mcp.sessions() <= 1);
            assert_eq!(mcp.violations(), [""; 0]);
            assert!(server.log().connections() <= 101);
        }
    }

    token_is_replaced_while_other_threads_call {
        let server = Server::start(|request| {
            let given = request.header("authorization").unwrap_or_default();
            let is_whole = given == "Bearer aaaaaaaaaaaa" || given == "Bearer bbbbbbbbbbbb";
            let hello = json!({"supportedVersions": ["2026-07-28"], "capabilities": {}});
            vec![Action::Send(if is_whole { http::result(request, hello) }
                else { http::reply(401, &[], b"") })]
        });
        let client = Client::new(&server.url("/mcp"), Some("aaaaaaaaaaaa")).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..200).for_each(|_| client.ping().unwrap()));
            }
            for round in 0..500 {
                let token = if round % 2 == 0 { "bbbbbbbbbbbb" } else { "aaaaaaaaaaaa" };
                client.set_token(Some(token)).unwrap();
            }
        });
    }
}
