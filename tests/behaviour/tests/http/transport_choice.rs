//! Detection of the HTTP transport of a server, and how many requests it takes.

use std::time::Instant;

use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, SOON, SseServer, is_http_error, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::{Config, Mcp, STATELESS};
use mcp_test_server::offer::Offer;
use mcp_test_server::sse::Shape;
use mcp_test_server::{Action, Server};
use serde_json::json;

/// The requests that a server received, in order.
fn asked(server: &Server) -> Vec<String> {
    let name = |request: &Request| match request.method.as_str() {
        "POST" => request.rpc_method(),
        other => other.to_owned(),
    };
    server.log().requests().iter().map(name).collect()
}

fn works(client: &Client) {
    client.ping().unwrap();
    assert_eq!(client.call("echo", json!({"a": 1})).unwrap().text(), "{\"a\":1}");
}

fn legacy_at(path: &str, refusal: u16) -> SseServer {
    SseServer::of(Shape { path: path.into(), refusal, ..Shape::default() })
}

/// A server of Streamable HTTP whose GET, where it would be refused, gets
/// something else.
fn streamable(
    config: Config,
    get: impl Fn() -> Option<Vec<Action>> + Send + Sync + 'static,
) -> Server {
    let mcp = Mcp::new(config);
    Server::start(move |request| match get() {
        Some(actions) if request.method == "GET" => actions,
        _ => mcp.handle(request),
    })
}

fn eras() -> [Config; 2] {
    [Config::stateless(Offer::default()), Config::handshake(Offer::default())]
}

/// One that answers every request with a status.
fn answers(status: u16) -> Server {
    Server::start(move |_| vec![Action::Send(http::reply(status, &[], b"Not Found"))])
}

tests! {
    sse_path_is_tried_with_get_first {
        for path in ["/sse", "/a/sse"] {
            let legacy = legacy_at(path, 405);
            let client = legacy.client();
            assert_eq!(client.transport(), MCP_TRANSPORT_AUTO);
            works(&client);
            assert_eq!(asked(&legacy.server),
                ["GET", "initialize", "notifications/initialized", "ping", "tools/call"]);
            assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
            legacy.has_no_complaint();
        }
        let legacy = legacy_at("/sse", 405);
        let client = Client::of(&format!("{}?a=1", legacy.url()));
        works(&client);
        assert_eq!(asked(&legacy.server)[0], "GET");
    }

    other_path_is_tried_with_get_after_a_refused_post {
        for refusal in [405, 400, 404] {
            for path in ["/mcp", "/SSE", "/sses", "/mcp-sse"] {
                let legacy = legacy_at(path, refusal);
                let client = Client::new(&legacy.url(), Some("test-token")).unwrap();
                works(&client);
                assert_eq!(asked(&legacy.server), ["server/discover", "initialize", "GET",
                    "initialize", "notifications/initialized", "ping", "tools/call"], "{refusal}");
                assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
                legacy.has_no_complaint();
            }
        }
    }

    detected_transport_is_remembered {
        let legacy = legacy_at("/mcp", 405);
        let client = legacy.client();
        works(&client);
        legacy.sse.break_streams();
        works(&client);
        assert_eq!(legacy.count("server/discover"), 1, "not asked again");
        let server = streamable(Config::handshake(Offer::default()), || None);
        let client = Client::of(&server.url("/sse"));
        works(&client);
        assert_eq!(asked(&server)[..2], ["GET", "server/discover"]);
        assert_eq!(client.transport(), MCP_TRANSPORT_STREAMABLE_HTTP);
    }

    streamable_http_server_at_an_sse_path_is_reached {
        for config in eras() {
            let server = streamable(config.clone(), || None);
            let client = Client::of(&server.url("/sse"));
            works(&client);
            let first = asked(&server);
            assert_eq!(first[..2], ["GET", "server/discover"]);
            assert_eq!(first.iter().filter(|one| *one == "GET").count(), 1);
            assert_eq!(client.transport(), MCP_TRANSPORT_STREAMABLE_HTTP);
        }
    }

    silent_stream_costs_two_seconds_at_most {
        let cases = [
            ("a stream", http::Stream::new().then(Action::Hang)),
            ("comments", http::Stream::new().send(http::chunk(b": hi\n\n")).then(Action::Hang)),
            ("no reply", vec![Action::Hang]),
            ("half a head", vec![Action::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Action::Hang]),
            ("a slow refusal", vec![
                Action::Send(b"HTTP/1.1 404 X\r\nContent-Length: 9\r\n\r\n".to_vec()),
                Action::Hang]),
        ];
        std::thread::scope(|scope| {
            for (config, (what, get)) in
                eras().into_iter().flat_map(|era| cases.clone().map(|case| (era.clone(), case)))
            {
                scope.spawn(move || {
                    let server = streamable(config, move || Some(get.clone()));
                    let client = Client::of(&server.url("/sse"));
                    let start = Instant::now();
                    works(&client);
                    let took = start.elapsed();
                    assert!(took < AT_ONCE, "{what}: {took:?}");
                    assert_eq!(client.transport(), MCP_TRANSPORT_STREAMABLE_HTTP);
                    works(&client);
                    let gets = asked(&server).iter().filter(|one| *one == "GET").count();
                    assert_eq!(gets, 1, "{what}: only once");
                });
            }
        });
    }

    broken_connection_decides_no_transport {
        let server = streamable(Config::stateless(Offer::default()), || {
            Some(http::Stream::new().cut())
        });
        let client = Client::of(&server.url("/sse"));
        works(&client);
        assert_eq!(asked(&server)[..2], ["GET", "server/discover"]);
    }

    slow_sse_server_is_reached {
        let legacy = SseServer::full();
        let gate = legacy.sse.hold_endpoints();
        let client = legacy.client();
        let log = legacy.server.log().clone();
        let opening = std::thread::spawn(move || {
            assert!(log.await_http("GET", 2, SOON));
            gate.open();
        });
        works(&client);
        opening.join().unwrap();
        assert_eq!(asked(&legacy.server)[..4],
            ["GET", "server/discover", "initialize", "GET"]);
        assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
        legacy.has_no_complaint();
    }

    set_transport_is_the_only_one_tried {
        let legacy = legacy_at("/sse", 405);
        let client = legacy.client();
        client.set_transport(MCP_TRANSPORT_STREAMABLE_HTTP).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_TRANSPORT, 405));
        assert!(!failure.message.contains("SSE"), "{}", failure.message);
        assert_eq!(asked(&legacy.server), ["server/discover", "initialize"]);
        client.set_transport(MCP_TRANSPORT_SSE).unwrap();
        works(&client);
        assert_eq!(client.transport(), MCP_TRANSPORT_SSE);

        for config in eras() {
            let server = streamable(config.clone(), || None);
            let client = Client::of(&server.url("/mcp"));
            client.set_transport(MCP_TRANSPORT_SSE).unwrap();
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_TRANSPORT, "{}", failure.message);
            assert_eq!(asked(&server), ["GET"]);
            assert_eq!(client.transport(), MCP_TRANSPORT_AUTO);
            client.set_transport(MCP_TRANSPORT_STREAMABLE_HTTP).unwrap();
            works(&client);
            assert_eq!(client.transport(), MCP_TRANSPORT_STREAMABLE_HTTP);

            let server = streamable(config, || None);
            let client = Client::of(&server.url("/sse"));
            client.set_transport(MCP_TRANSPORT_STREAMABLE_HTTP).unwrap();
            works(&client);
            assert_eq!(asked(&server)[0], "server/discover");
        }
    }

    only_http_transports_can_be_set {
        let client = Client::of("http://127.0.0.1:9/mcp");
        for wrong in [MCP_TRANSPORT_STDIO, -1, 99] {
            let failure = client.set_transport(wrong).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
        }
        client.set_transport(MCP_TRANSPORT_AUTO).unwrap();
        let program = Client::stdio(&["/nowhere"]);
        let failure = program.set_transport(MCP_TRANSPORT_SSE).unwrap_err();
        assert_eq!(failure.status, MCP_E_UNSUPPORTED);
    }

    pinned_stateless_revision_uses_streamable_http_only {
        let server = streamable(Config::stateless(Offer::default()), || None);
        let client = Client::of(&server.url("/sse"));
        client.pin(STATELESS).unwrap();
        works(&client);
        assert_eq!(asked(&server)[0], "server/discover");
        let legacy = legacy_at("/sse", 405);
        let client = legacy.client();
        client.pin(STATELESS).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_TRANSPORT);
        assert_eq!(asked(&legacy.server), ["server/discover"]);
    }

    missing_endpoint_takes_three_requests {
        for (path, first, wanted) in [
            ("/nope", "server/discover", ["server/discover", "initialize", "GET"]),
            ("/sse", "GET", ["GET", "server/discover", "initialize"]),
        ] {
            let server = answers(404);
            let failure = Client::of(&server.url(path)).ping().unwrap_err();
            assert_eq!((failure.status, failure.http_status), (MCP_E_ENDPOINT, 404), "{first}");
            assert!(failure.message.contains("is the path of the URL right?"), "{}", failure.message);
            assert!(failure.message.contains("Not Found"), "{}", failure.message);
            assert_eq!(asked(&server), wanted);
        }
        for path in ["/nope", "/sse"] {
            let server = answers(405);
            let failure = Client::of(&server.url(path)).ping().unwrap_err();
            assert_eq!((failure.status, failure.http_status), (MCP_E_TRANSPORT, 405));
            assert!(failure.message.contains("nor one of HTTP with SSE"), "{}", failure.message);
            assert_eq!(server.log().count(), 3);
        }
    }

    missing_endpoint_with_a_set_transport_is_an_error {
        let server = answers(404);
        let client = Client::of(&server.url("/nope"));
        client.set_transport(MCP_TRANSPORT_SSE).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.http_status, 404);
        assert!(failure.message.contains("is the path of the URL right?"), "{}", failure.message);
        assert_eq!(server.log().count(), 1);
    }

    http_error_that_says_nothing_of_the_transport_is_final {
        for (code, posts) in [(401, 0), (429, 0), (403, 2), (503, 2)] {
            for path in ["/sse", "/mcp"] {
                let server = answers(code);
                let client = Client::new(&server.url(path), Some("t")).unwrap();
                is_http_error(&client.ping().unwrap_err(), code);
                let count = if path == "/sse" { 1 + posts } else { posts.max(1) };
                assert_eq!(server.log().count(), count, "{code} {path}");
            }
        }
    }

    response_that_is_no_event_stream_is_not_sse {
        let html = || Some(vec![Action::Send(http::reply(200, &[("content-type", "text/html")],
            b"<html>"))]);
        let server = streamable(Config::stateless(Offer::default()), html);
        works(&Client::of(&server.url("/sse")));
        let client = Client::of(&server.url("/sse"));
        client.set_transport(MCP_TRANSPORT_SSE).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_TRANSPORT);
        assert!(failure.message.contains("event stream"), "{}", failure.message);
    }

    server_that_changes_its_transport_is_detected_again {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicBool, Ordering};
        use mcp_test_server::sse::Sse;
        let is_new = Arc::new(AtomicBool::new(false));
        let flag = is_new.clone();
        let shape = Shape { path: "/mcp".into(), ..Shape::default() };
        let sse = Arc::new(Sse::new(Config::handshake(Offer::default()), shape));
        let (old, mcp) = (sse.clone(), Mcp::new(Config::stateless(Offer::default())));
        let server = Server::start(move |request| {
            if flag.load(Ordering::SeqCst) { mcp.handle(request) } else { old.handle(request) }
        });
        let client = Client::of(&server.url("/mcp"));
        works(&client);
        assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
        for (flag, transport) in [(true, MCP_TRANSPORT_STREAMABLE_HTTP), (false, MCP_TRANSPORT_SSE)] {
            is_new.store(flag, Ordering::SeqCst);
            sse.break_streams();
            let works_again = || client.call("echo", json!({})).is_ok();
            assert!(mcp_test_server::await_true(SOON, works_again));
            assert_eq!(client.transport(), transport);
        }
    }
}
