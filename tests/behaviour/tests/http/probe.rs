//! What servers do with `server/discover` and `initialize` over HTTP: the
//! connection that `initialize` would have made is never lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, Client, SOON, SseServer, is_fast, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::offer::Offer;
use mcp_test_server::sse::{Shape, Sse};
use mcp_test_server::{Action, Gate, HeldPort, Server};
use serde_json::{Value, json};

/// The requests that a server received, in order.
fn asked(server: &Server) -> Vec<String> {
    let name = |request: &Request| match request.method.as_str() {
        "POST" => request.rpc_method(),
        other => other.to_owned(),
    };
    server.log().requests().iter().map(name).collect()
}

/// The requests that make a session after a probe that decides nothing.
const HANDSHAKE: [&str; 4] = ["server/discover", "initialize", "notifications/initialized", "ping"];

/// A server of the handshake dialect, with these responses to some methods.
fn with(answers: impl Fn(&Request) -> Option<Vec<Action>> + Send + Sync + 'static) -> Server {
    let mcp = Mcp::new(Config::handshake(Offer::default()));
    Server::start(move |request| answers(request).unwrap_or_else(|| mcp.handle(request)))
}

fn with_probe(answer: Vec<Action>) -> Server {
    with(move |request| (request.rpc_method() == "server/discover").then(|| answer.clone()))
}

fn reply(status: u16, kind: &str, body: &str) -> Vec<Action> {
    vec![Action::Send(http::reply(status, &[("content-type", kind)], body.as_bytes()))]
}

fn rpc(status: u16, id: Value, error: Value) -> Vec<Action> {
    vec![Action::Send(http::json(status, &json!({"jsonrpc": "2.0", "id": id, "error": error})))]
}

fn error(code: i32, message: &str) -> Value {
    json!({"code": code, "message": message})
}

fn events(pieces: &[&str]) -> http::Stream {
    let pieces = pieces.iter().filter(|piece| !piece.is_empty());
    pieces.fold(http::Stream::new(), |stream, piece| stream.send(http::chunk(piece.as_bytes())))
}

const JSON: &str = "application/json";
const HTML: &str = "text/html";

/// Each response to the probe that decides nothing and is complete.
fn useless() -> Vec<(&'static str, Vec<Action>)> {
    let raw = |bytes: &str| vec![Action::Send(bytes.as_bytes().to_vec()), Action::Close];
    let redirect =
        |status: u16, to: &str| vec![Action::Send(http::reply(status, &[("location", to)], b""))];
    let mut all = vec![
        ("empty json", reply(200, JSON, "")),
        ("blank json", reply(200, JSON, " \r\n")),
        ("empty stream", http::Stream::new().end()),
        ("stream of comments", events(&[": hi\n\n"]).end()),
        ("stream of other events", events(&["event: ping\ndata: {}\n\n"]).end()),
        ("stream without a message", events(&["data: {\"type\":\"heartbeat\"}\n\n"]).end()),
        ("stream with broken JSON", events(&["data: {\"jsonrpc\":\"2.0\",\n\n"]).end()),
        ("cut stream", events(&["data: {"]).cut()),
        ("closes", vec![Action::Close]),
        ("cut head", raw("HTTP/1.1 200 OK\r\ncontent-ty")),
        (
            "cut body",
            raw("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"),
        ),
        ("no HTTP", raw("SSH-2.0-OpenSSH_9.6\r\n")),
        ("502", reply(502, HTML, "<h1>502</h1>")),
        ("503", reply(503, HTML, "busy")),
        ("504", reply(504, HTML, "")),
        ("500", reply(500, HTML, "<h1>500</h1>")),
        ("501", reply(501, HTML, "")),
        ("500 json", reply(500, JSON, "{\"detail\":\"x\"}")),
        ("403", reply(403, HTML, "<h1>Forbidden</h1>")),
        ("404 html", reply(404, HTML, "<h1>Not Found</h1>")),
        ("405", reply(405, "text/plain", "Method Not Allowed")),
        ("406", reply(406, JSON, "{}")),
        ("410", reply(410, HTML, "")),
        ("413", reply(413, HTML, "")),
        ("415", reply(415, "text/plain", "Unsupported Media Type")),
        ("422", reply(422, JSON, "{\"detail\":[]}")),
        ("202", reply(202, JSON, "")),
        ("204", vec![Action::Send(http::reply(204, &[], b""))]),
        ("html", reply(200, HTML, "<html>log in</html>")),
        ("text", reply(200, "text/plain", "ok")),
        ("broken json", reply(200, JSON, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":")),
        ("not JSON", reply(200, JSON, "ok")),
        (
            "not UTF-8",
            vec![Action::Send(http::reply(200, &[("content-type", JSON)], b"{\"a\":\"\xff\"}"))],
        ),
        (
            "wrong id",
            reply(
                200,
                JSON,
                "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{\"supportedVersions\":[\"2026-07-28\"]}}",
            ),
        ),
        (
            "no id",
            reply(
                200,
                JSON,
                "{\"jsonrpc\":\"2.0\",\"result\":{\"supportedVersions\":[\"2026-07-28\"]}}",
            ),
        ),
        ("a request", reply(200, JSON, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}")),
        ("no message", reply(200, JSON, "{}")),
        ("null", reply(200, JSON, "null")),
        ("too long", reply(200, JSON, &"x".repeat(300_000))),
        ("redirect that changes the method", redirect(302, "/other")),
        ("redirect without a target", vec![Action::Send(http::reply(307, &[], b""))]),
        ("redirect to no URL", redirect(307, "http://")),
    ];
    for status in [200, 400, 404, 405, 500, 503] {
        for code in [-32600, -32601, -32602, -32603, -32700, -32000, -32001, -32022, 0] {
            for id in [json!(1), json!(null), json!("server-error")] {
                all.push(("error", rpc(status, id, error(code, "no"))));
            }
        }
    }
    for result in [
        json!({}),
        json!(null),
        json!([]),
        json!(5),
        json!({"supportedVersions": []}),
        json!({"supportedVersions": null}),
        json!({"supportedVersions": 5}),
        json!({"supportedVersions": {}}),
        json!({"supportedVersions": [null, 5]}),
        json!({"supportedVersions": "2025-06-18"}),
        json!({"supportedVersions": ["2025-11-25"]}),
        json!({"supportedVersions": ["1999-01-01"]}),
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {}}),
    ] {
        all.push((
            "result",
            reply(200, JSON, &json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string()),
        ));
    }
    all
}

/// Each way not to answer.
fn silences() -> Vec<(&'static str, Vec<Action>)> {
    let raw = |bytes: &str| vec![Action::Send(bytes.as_bytes().to_vec()), Action::Hang];
    vec![
        ("silent", vec![Action::Hang]),
        ("half a head", raw("HTTP/1.1 200 OK\r\n")),
        (
            "half a body",
            raw("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"),
        ),
        ("half an error", raw("HTTP/1.1 404 X\r\ncontent-length: 9\r\n\r\n")),
        ("silent stream", http::Stream::new().then(Action::Hang)),
        ("stream of comments", events(&[": hi\n\n"]).then(Action::Hang)),
        (
            "stream of other messages",
            http::Stream::new()
                .message(&json!({"jsonrpc": "2.0", "method": "x"}))
                .then(Action::Hang),
        ),
    ]
}

tests! {
    response_that_proves_nothing_leads_to_initialize {
        for (what, answer) in useless() {
            let connects = || {
                let server = with_probe(answer.clone());
                let client = Client::of(&server.url("/mcp"));
                client.set_max_message_size(200_000);
                let start = Instant::now();
                client.ping().unwrap_or_else(|failure| {
                    panic!("{what} {answer:?}: {}", failure.message)
                });
                let took = start.elapsed();
                let seen = asked(&server);
                assert_eq!(seen[..], HANDSHAKE, "{what}");
                took
            };
            let limit = Duration::from_secs(2);
            is_fast(limit, connects).unwrap_or_else(|took| panic!("{what}: {took:?}"));
        }
    }

    redirect_in_a_circle_leads_to_initialize {
        let server = with(|request| (request.rpc_method() == "server/discover").then(|| {
            vec![Action::Send(http::reply(307, &[("location", "/mcp")], b""))]
        }));
        Client::of(&server.url("/mcp")).ping().unwrap();
        assert_eq!(asked(&server).iter().filter(|one| *one == "initialize").count(), 1);
    }

    silence_uses_half_of_the_time {
        let cases = silences().into_iter().flat_map(|case| [4000, 8000].map(|time| (time, case.clone())));
        std::thread::scope(|scope| {
            for (timeout, (what, answer)) in cases {
                scope.spawn(move || {
                    let server = with_probe(answer);
                    let client = Client::of(&server.url("/mcp"));
                    client.set_timeout(timeout);
                    let start = Instant::now();
                    // Within the timeout, so that the probe has not used all of it.
                    client.connect().unwrap_or_else(|failure| panic!("{what}: {}", failure.message));
                    assert!(start.elapsed() >= Duration::from_millis(timeout as u64 / 2), "{what}");
                    client.ping().unwrap();
                    assert_eq!(asked(&server), HANDSHAKE, "{what}");
                    // The verdict is kept.
                    client.ping().unwrap();
                    let probes = server.log().of("server/discover").len();
                    assert_eq!(probes, 1, "{what}");
                });
            }
        });
    }

    silence_uses_ten_seconds_at_most {
        let server = with_probe(vec![Action::Hang]);
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(60_000);
        let start = Instant::now();
        client.ping().unwrap();
        let took = start.elapsed();
        assert!(took >= Duration::from_secs(10) && took < AT_ONCE, "{took:?}");
    }

    stateless_server_that_starts_slowly_is_probed_again {
        let (mcp, first) = (Mcp::new(Config::stateless(Offer::default())), AtomicUsize::new(0));
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            "initialize" => rpc(404, request.id(), error(-32601, "Method not found")),
            "server/discover" if first.fetch_add(1, Ordering::SeqCst) == 0 => vec![Action::Hang],
            _ => mcp.handle(request),
        });
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(6000);
        client.list_tools().unwrap();
        assert_eq!(asked(&server), ["server/discover", "initialize", "server/discover",
            "tools/list"]);
    }

    late_response_to_the_probe_is_ignored {
        let modern = json!({"jsonrpc": "2.0", "id": 1, "result": {"resultType": "complete",
            "supportedVersions": ["2026-07-28"], "capabilities": {}}});
        let mcp = Mcp::new(Config::handshake(Offer::default()));
        let begun = Gate::default();
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            // Sent before the response to initialize.
            "server/discover" => vec![Action::Await(begun.clone()),
                                      Action::Send(http::json(200, &modern))],
            "initialize" => {
                let mut actions =
                    vec![Action::Open(begun.clone()), Action::Pause(Duration::from_millis(300))];
                actions.extend(mcp.handle(request));
                actions
            }
            _ => mcp.handle(request),
        });
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(4000);
        client.ping().unwrap();
        assert_eq!(client.connect().unwrap().protocol_version().unwrap(), "2025-11-25");
        client.ping().unwrap();
        assert_eq!(asked(&server)[..4], HANDSHAKE);
    }

    verdict_is_kept_when_the_session_is_lost {
        let mcp = Arc::new(Mcp::new(Config::handshake(Offer::default())));
        let (shared, pings) = (mcp.clone(), AtomicUsize::new(0));
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            "server/discover" => vec![Action::Hang],
            "ping" if pings.fetch_add(1, Ordering::SeqCst) % 2 == 1 => {
                reply(404, JSON, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32001,\"message\":\"x\"}}")
            }
            _ => shared.handle(request),
        });
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(4000);
        for _ in 0..4 {
            client.ping().unwrap();
        }
        let count = |method: &str| asked(&server).iter().filter(|one| *one == method).count();
        assert_eq!(count("server/discover"), 1);
        assert!(count("initialize") >= 2);
    }

    verdict_is_kept_when_the_end_of_the_handshake_fails {
        let first = AtomicUsize::new(0);
        let server = with(move |request| match request.rpc_method().as_str() {
            "server/discover" => Some(vec![Action::Close]),
            "notifications/initialized" if first.fetch_add(1, Ordering::SeqCst) == 0 => {
                Some(reply(503, HTML, "busy"))
            }
            _ => None,
        });
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap_err();
        client.ping().unwrap();
        assert_eq!(asked(&server), ["server/discover", "initialize", "notifications/initialized",
            "initialize", "notifications/initialized", "ping"]);
        assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 0);
    }

    pinned_older_revision_sends_no_probe {
        let server = with_probe(vec![Action::Hang]);
        let client = Client::of(&server.url("/mcp"));
        client.pin("2025-06-18").unwrap();
        client.ping().unwrap();
        assert_eq!(asked(&server), HANDSHAKE[1..]);
    }

    error_of_initialize_reaches_the_caller_with_that_of_the_probe {
        for (answer, status, http_status, words) in [
            (reply(502, HTML, "<h1>502</h1>"), MCP_E_UNAVAILABLE, 502, "502"),
            (reply(500, HTML, "broken"), MCP_E_SERVER, 500, "broken"),
            (vec![Action::Close], MCP_E_IO, 0, "closed"),
            (reply(200, JSON, ""), MCP_E_PROTOCOL, 200, ""),
            (reply(401, HTML, ""), MCP_E_UNAUTHORIZED, 401, "401"),
            (rpc(200, json!(2), error(-32603, "no key")), MCP_E_RPC, 200, "no key"),
            (rpc(503, json!(null), error(-32000, "starting")), MCP_E_UNAVAILABLE, 503, "starting"),
        ] {
            let server = with(move |request| match request.rpc_method().as_str() {
                "server/discover" => Some(reply(400, "text/plain", "what is that?")),
                "initialize" => Some(answer.clone()),
                _ => None,
            });
            let failure = Client::of(&server.url("/mcp")).ping().unwrap_err();
            let text = &failure.message;
            assert_eq!((failure.status, failure.http_status), (status, http_status), "{text}");
            assert!(text.contains(words), "{text}");
            assert!(text.contains("server/discover got") && text.contains("what is that?"), "{text}");
            // The transport repeats a request that closed a kept connection.
            let mut seen = asked(&server);
            seen.dedup();
            assert_eq!(seen, ["server/discover", "initialize"], "{text}");
        }
    }

    silent_server_costs_the_timeout_and_no_more {
        let server = Server::start(|_| vec![Action::Hang]);
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(2500);
        let start = Instant::now();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_TIMEOUT, "{}", failure.message);
        assert!(failure.message.contains("server/discover got"), "{}", failure.message);
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        assert_eq!(asked(&server), ["server/discover", "initialize"]);
    }

    no_connection_is_tried_once {
        let port = HeldPort::new().unwrap();
        let client = Client::of(&format!("http://127.0.0.1:{}/mcp", port.number()));
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_CONNECT);
        assert!(!failure.message.contains("server/discover"), "{}", failure.message);
    }

    cancel_and_close_end_the_probe_at_once {
        for closes in [false, true] {
            let server = with_probe(vec![Action::Hang]);
            let client = Client::of(&server.url("/mcp"));
            let cancel = Cancel::new();
            let request = client.request("ping", None).unwrap();
            request.set_cancel(&cancel);
            std::thread::scope(|scope| {
                let call = scope.spawn(|| (request.perform().map(drop), Instant::now()));
                assert!(server.log().await_of("server/discover", 1, SOON));
                let start = Instant::now();
                if closes { client.close() } else { cancel.fire() }
                let (outcome, end) = call.join().unwrap();
                let wanted = if closes { MCP_E_CLOSED } else { MCP_E_CANCELLED };
                assert_eq!(outcome.unwrap_err().status, wanted);
                assert!(end - start < AT_ONCE);
            });
            assert_eq!(asked(&server), ["server/discover"]);
        }
    }

    threads_and_started_requests_share_one_negotiation {
        let server = with_probe(vec![Action::Hang]);
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(6000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| client.ping().unwrap());
            }
            let request = client.request("ping", None).unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(30_000), 0);
        });
        assert_eq!(asked(&server).iter().filter(|one| *one == "server/discover").count(), 1);
        assert_eq!(asked(&server).iter().filter(|one| *one == "initialize").count(), 1);
    }

    sse_server_is_recognised_by_the_status_of_initialize {
        for status in [400, 404, 405] {
            for body in [
                json!({"jsonrpc": "2.0", "id": null, "error": error(-32601, "Method not found")}),
                json!({"jsonrpc": "2.0", "id": 2, "error": error(-32600, "no")}),
                json!({"detail": "Not Found"}),
                json!(null),
            ] {
                let shape = Shape { path: "/api".into(), ..Shape::default() };
                let legacy = SseServer::before(Config::handshake(Offer::default()), shape,
                    move |sse, request| {
                        if request.method == "POST" && request.path() == "/api" {
                            return vec![Action::Send(http::reply(status,
                                &[("content-type", JSON), ("allow", "GET")],
                                body.to_string().as_bytes()))];
                        }
                        sse.handle(request)
                    });
                let client = legacy.client();
                client.ping().unwrap();
                assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
                assert_eq!(asked(&legacy.server)[..4],
                    ["server/discover", "initialize", "GET", "initialize"]);
                // The verdict is kept: no POST to the URL of the stream.
                legacy.sse.break_streams();
                client.ping().unwrap();
                assert_eq!(legacy.count("server/discover"), 1);
                legacy.has_no_complaint();
            }
        }
    }

    sse_server_is_recognised_by_the_event_endpoint {
        for at in ["server/discover", "initialize"] {
            for before in ["", ": hello\n\n", "event: hello\ndata: x\n\n"] {
                for ends in [false, true] {
                    let shape = Shape { path: "/events".into(), ..Shape::default() };
                    let legacy = SseServer::before(Config::handshake(Offer::default()), shape,
                        move |sse, request| {
                            if request.method != "POST" || request.path() != "/events" {
                                return sse.handle(request);
                            }
                            if request.rpc_method() != at {
                                return reply(400, HTML, "");
                            }
                            let event = "event: endpoint\ndata: /messages?sid=9\n\n";
                            let stream = events(&[before, event]);
                            if ends { stream.end() } else { stream.then(Action::Hang) }
                        });
                    let client = legacy.client();
                    let start = Instant::now();
                    client.ping().unwrap();
                    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
                    assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
                    let posts: &[&str] = match at {
                        "initialize" => &["server/discover", "initialize"],
                        _ => &["server/discover"],
                    };
                    let seen = asked(&legacy.server);
                    assert_eq!(seen[..posts.len()], *posts, "{before:?} {ends}");
                    assert_eq!(seen[posts.len()], "GET", "{at} {before:?} {ends}");
                    legacy.has_no_complaint();
                }
            }
        }
    }

    refused_initialize_is_reported_with_what_the_get_got {
        for (get, words) in [
            (reply(200, HTML, "<html>"), "something else than an event stream"),
            (reply(500, HTML, "the stream is broken"), "the stream is broken"),
            (reply(403, HTML, "forbidden fruit"), "forbidden fruit"),
            (vec![Action::Close], "closed"),
            (http::Stream::new().end(), "ended"),
        ] {
            for status in [400, 404, 405] {
                let get = get.clone();
                let server = Server::start(move |request| match request.method.as_str() {
                    "POST" => rpc(status, json!(null), error(-32601, "nobody is here")),
                    _ => get.clone(),
                });
                let failure = Client::of(&server.url("/api")).ping().unwrap_err();
                let text = &failure.message;
                assert_eq!((failure.status, failure.http_status), (MCP_E_RPC, status.into()), "{text}");
                assert_eq!(failure.rpc_code, -32601);
                assert!(text.contains("nobody is here") && text.contains(words), "{text}");
                let mut seen = asked(&server);
                seen.dedup();
                assert_eq!(seen, ["server/discover", "initialize", "GET"]);
            }
        }
    }

    silent_get_does_not_hide_the_refusal_of_initialize {
        let server = Server::start(move |request| match request.method.as_str() {
            "POST" => reply(404, HTML, "Not Found"),
            _ => vec![Action::Hang],
        });
        let client = Client::of(&server.url("/api"));
        client.set_timeout(4000);
        let failure = client.ping().unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_ENDPOINT, 404), "{}", failure.message);
    }

    refused_version_leads_to_one_older_revision {
        let words = "unsupported protocol version: 2025-11-25";
        for (status, refusal, spoken) in [
            (200, error(-32602, words), "2025-06-18"),
            (400, error(-32602, words), "2025-06-18"),
            (500, error(-32603, words), "2025-06-18"),
            (200, error(-32600, "Bad protocolVersion, want 2025-03-26"), "2025-03-26"),
            (400, json!({"code": -32000, "message": "no", "data": "version 2024-11-05"}), "2024-11-05"),
            (200, json!({"code": -32602, "message": "version",
                "data": {"a": [{"b": "2025-03-26"}]}}), "2025-03-26"),
            (200, json!({"code": -32602, "message": "no",
                "data": {"supported": ["2025-03-26"]}}), "2025-03-26"),
            (400, json!(null), "2025-06-18"),
        ] {
            for refuses_all in [false, true] {
                let mcp = Mcp::new(Config {
                    handshake: vec![spoken], ..Config::handshake(Offer::default())
                });
                let given = refusal.clone();
                let server = Server::start(move |request| {
                    let asked = request.json()["params"]["protocolVersion"].clone();
                    if request.rpc_method() != "initialize" || asked == spoken && !refuses_all {
                        return mcp.handle(request);
                    }
                    match &given {
                        Value::Null => reply(status, "text/plain", words),
                        given => rpc(status, request.id(), given.clone()),
                    }
                });
                let client = Client::of(&server.url("/mcp"));
                let outcome = client.ping();
                let versions: Vec<_> = server.log().of("initialize").iter()
                    .map(|one| one.json()["params"]["protocolVersion"].clone()).collect();
                assert_eq!(versions, ["2025-11-25", spoken], "{refusal}");
                if !refuses_all {
                    outcome.unwrap();
                    assert_eq!(client.connect().unwrap().protocol_version().unwrap(), spoken);
                    continue;
                }
                let failure = outcome.unwrap_err();
                assert_eq!(failure.status, MCP_E_VERSION, "{}", failure.message);
                let said = refusal["message"].as_str().unwrap_or(words);
                for part in [said, "2026-07-28", "2025-11-25", "2025-06-18", "2024-11-05"] {
                    assert!(failure.message.contains(part), "{}", failure.message);
                }
            }
        }
    }

    refused_version_that_is_pinned_is_not_changed {
        let server = with(|request| (request.rpc_method() == "initialize").then(|| {
            rpc(200, request.id(), error(-32602, "unsupported protocol version"))
        }));
        let client = Client::of(&server.url("/mcp"));
        client.pin("2025-11-25").unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!((failure.status, failure.rpc_code), (MCP_E_VERSION, -32602));
        assert!(failure.message.contains("unsupported protocol version"), "{}", failure.message);
        assert_eq!(asked(&server), ["initialize"]);
    }

    refused_version_over_sse_leads_to_an_older_revision {
        for spoken in ["2025-06-18", "2024-11-05"] {
            let config = Config { handshake: vec![spoken], ..Config::handshake(Offer::default()) };
            let sse = Arc::new(Sse::new(config, Shape::default()));
            let shared = sse.clone();
            let server = Server::start(move |request| {
                let asked = request.json()["params"]["protocolVersion"].clone();
                if request.rpc_method() == "initialize" && asked != spoken {
                    return rpc(400, request.id(), error(-32602, &format!("version! not {spoken}")));
                }
                shared.handle(request)
            });
            let client = Client::of(&server.url("/sse"));
            client.ping().unwrap();
            assert_eq!(client.connect().unwrap().protocol_version().unwrap(), spoken);
            assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
        }
    }

    draft_of_the_oldest_revision_is_the_oldest_revision {
        let draft = |request: &Request| json!({"jsonrpc": "2.0", "id": request.id(), "result":
            {"protocolVersion": "2024-10-07", "capabilities": {"tools": {}}, "serverInfo": {}}});
        let mcp = Mcp::new(Config { has_sessions: false, ..Config::handshake(Offer::default()) });
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            "initialize" => vec![Action::Send(http::json(200, &draft(request)))],
            _ => mcp.handle(request),
        });
        for pinned in [None, Some("2024-11-05")] {
            let client = Client::of(&server.url("/mcp"));
            if let Some(pinned) = pinned {
                client.pin(pinned).unwrap();
            }
            assert_eq!(client.connect().unwrap().protocol_version().unwrap(), "2024-11-05");
        }
        let sent = server.log().that(|request| request.rpc_method() == "notifications/initialized");
        assert!(sent.iter().all(|one| one.header("mcp-protocol-version") == Some("2024-11-05")));
    }

    versions_without_one_in_common_are_reported_whatever_initialize_gets {
        for answer in [
            rpc(200, json!(2), error(-32601, "Method not found")),
            rpc(404, json!(null), error(-32601, "Method not found")),
            rpc(200, json!(2), error(-32602, "unsupported protocol version")),
            rpc(400, json!(2), json!({"code": -32602, "message": "x",
                "data": {"supported": ["2099-01-01"]}})),
            reply(400, HTML, "what version?"),
            reply(404, HTML, "Not Found"),
            reply(405, HTML, ""),
            reply(500, HTML, ""),
            reply(503, HTML, ""),
            reply(200, HTML, "<html>"),
            reply(200, JSON, ""),
            vec![Action::Close],
            vec![Action::Hang],
            reply(200, JSON, &json!({"jsonrpc": "2.0", "id": 2, "result":
                {"protocolVersion": "2099-01-01", "capabilities": {}}}).to_string()),
        ] {
            for versions in [json!(["2099-01-01"]), json!("2099-01-01")] {
                let shown = format!("{answer:?}");
                let given = answer.clone();
                let server = Server::start(move |request| match request.rpc_method().as_str() {
                    "server/discover" => vec![Action::Send(http::result(request, json!({
                        "resultType": "complete", "supportedVersions": versions,
                        "capabilities": {"tools": {}}, "ttlMs": 0, "cacheScope": "private"})))],
                    _ => given.clone(),
                });
                let client = Client::of(&server.url("/mcp"));
                if matches!(answer[..], [Action::Hang]) {
                    client.set_timeout(2000);
                }
                let failure = client.ping().unwrap_err();
                assert_eq!(failure.status, MCP_E_VERSION, "{shown}: {}", failure.message);
                for part in ["2099-01-01", "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26",
                             "2024-11-05"] {
                    assert!(failure.message.contains(part), "{}", failure.message);
                }
                assert_eq!(asked(&server), ["server/discover", "initialize"], "{shown}");
            }
        }
    }
}
