//! Promises of the header that no other file tests: credentials and addresses,
//! concurrent first calls, callbacks, and the bytes that are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use behaviour::constants::*;
use behaviour::{Client, SOON, outcome, raw, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::{Action, Server};
use serde_json::json;

fn behaves(config: Config) -> (Server, Arc<Mcp>) {
    let mcp = Arc::new(Mcp::new(config));
    let shared = mcp.clone();
    (Server::start(move |request| shared.handle(request)), mcp)
}

/// A proxy that is the server as well: what it got is in its log.
fn tunnel_and_server() -> Server {
    let mcp = Mcp::new(Config::default());
    Server::start(move |request| match request.method.as_str() {
        "CONNECT" => vec![Action::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())],
        _ => mcp.handle(request),
    })
}

tests! {
    plain_http_credential_goes_only_where_it_is_allowed {
        let proxy = tunnel_and_server();
        let client = Client::new("http://mcp.example/mcp", Some("t0ken")).unwrap();
        client.set_proxy(&proxy.url("")).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_INSECURE);
        assert_eq!(proxy.log().connections(), 0, "nothing was sent");
        outcome(unsafe { raw::mcp_client_set_allow(client.0, MCP_ALLOW_PLAIN_HTTP, 1) }).unwrap();
        client.ping().unwrap();
        let requests = proxy.log().requests();
        assert_eq!(requests[0].header("authorization"), None);
        assert_eq!(requests[1].header("authorization"), Some("Bearer t0ken"));
        outcome(unsafe { raw::mcp_client_set_allow(client.0, MCP_ALLOW_PLAIN_HTTP, 0) }).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_INSECURE, "taken back");
    }

    address_that_resembles_loopback_gets_no_credential {
        for host in ["127.0.0.1.example", "localhost.example", "localhostx", "127.0.0.1x",
                     "notlocalhost", "128.0.0.1", "0.0.0.0", "[::2]", "[::ffff:192.0.2.1]",
                     "192.0.2.1"] {
            // The proxy makes sure that a mistake would go no further.
            let proxy = tunnel_and_server();
            let Ok(client) = Client::new(&format!("http://{host}/mcp"), Some("t0ken")) else {
                continue;
            };
            client.set_proxy(&proxy.url("")).unwrap();
            client.set_timeout(1000);
            assert_eq!(client.ping().unwrap_err().status, MCP_E_INSECURE, "{host}");
            assert_eq!(proxy.log().connections(), 0, "{host}");
        }
    }

    invalid_token_leaves_the_previous_token_set {
        let (server, _) = behaves(Config { token: Some("good".into()), ..Config::default() });
        let client = Client::new(&server.url("/mcp"), Some("good")).unwrap();
        for wrong in ["", "Bearer x", "a b", "a\r\nb"] {
            assert!(client.set_token(Some(wrong)).is_err());
            client.ping().unwrap();
        }
        client.set_token(None).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_UNAUTHORIZED, 401));
        assert_eq!(server.log().requests().last().unwrap().header("authorization"), None);
        client.set_token(Some("good")).unwrap();
        client.ping().unwrap();
    }

    failed_connection_is_tried_again_by_the_next_call {
        for status in [401, 403, 429, 502, 503] {
            let is_up = Arc::new(AtomicBool::new(false));
            let flag = is_up.clone();
            let mcp = Mcp::new(Config::default());
            let server = Server::start(move |request| {
                if flag.load(Ordering::SeqCst) {
                    return mcp.handle(request);
                }
                vec![Action::Send(http::reply(status, &[], b""))]
            });
            let client = Client::of(&server.url("/mcp"));
            client.ping().unwrap_err();
            is_up.store(true, Ordering::SeqCst);
            client.ping().unwrap();
            // Some statuses say nothing about `initialize`, which is sent then.
            let is_final = matches!(status, 401 | 429);
            assert_eq!(server.log().count(), if is_final { 2 } else { 3 }, "{status}");
        }
    }

    concurrent_first_calls_negotiate_once {
        let (server, mcp) = behaves(Config { is_stateless: false, ..Config::default() });
        let client = Client::of(&server.url("/mcp"));
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| client.ping().unwrap());
            }
        });
        let count = |method: &str| server.log().requests().iter()
            .filter(|request| request.rpc_method() == method).count();
        assert_eq!((count("server/discover"), count("initialize"), count("ping")), (1, 1, 32));
        assert_eq!(mcp.violations(), [""; 0]);
    }

    close_ends_calls_that_wait_for_another_call_to_connect {
        let server = Server::start(|_| vec![Action::Hang]);
        let client = Client::of(&server.url("/mcp"));
        std::thread::scope(|scope| {
            let calls: Vec<_> =
                (0..6).map(|_| scope.spawn(|| client.ping().unwrap_err().status)).collect();
            assert!(server.log().await_count(1, SOON));
            client.close();
            for call in calls {
                assert_eq!(call.join().unwrap(), MCP_E_CLOSED);
            }
        });
    }

    call_that_waits_for_another_to_connect_keeps_its_timeout {
        let server = Server::start(|_| vec![Action::Hang]);
        let client = Client::of(&server.url("/mcp"));
        std::thread::scope(|scope| {
            let first = scope.spawn(|| client.ping().unwrap_err().status);
            assert!(server.log().await_count(1, SOON));
            let request = client.request("ping", None).unwrap();
            request.set_timeout(50);
            assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
            assert!(!first.is_finished());
            client.close();
            assert_eq!(first.join().unwrap(), MCP_E_CLOSED);
        });
    }

    token_handler_runs_on_the_calling_thread_and_may_call_the_library {
        let (server, _) = behaves(Config { token: Some("good".into()), ..Config::default() });
        let (other, _) = behaves(Config::default());
        let url = other.url("/mcp");
        let client = Client::of(&server.url("/mcp"));
        let here = std::thread::current().id();
        client.set_token_handler(move |_| {
            assert_eq!(std::thread::current().id(), here);
            // A token server that is an MCP server as well.
            Client::of(&url).ping().unwrap();
            Some("good".into())
        }).unwrap();
        client.ping().unwrap();
        assert_eq!(other.log().count(), 1);
    }

    slow_token_handler_blocks_no_setter_and_no_close {
        let (server, _) = behaves(Config::default());
        let client = Arc::new(Client::of(&server.url("/mcp")));
        let (asked, is_asked) = std::sync::mpsc::channel();
        let (go, may_go) = std::sync::mpsc::channel::<()>();
        let may_go = std::sync::Mutex::new(may_go);
        client.set_token_handler(move |_| {
            let _ = asked.send(());
            let _ = may_go.lock().unwrap().recv();
            Some("good".into())
        }).unwrap();
        std::thread::scope(|scope| {
            let call = scope.spawn(|| client.ping());
            is_asked.recv_timeout(SOON).unwrap();
            // A setter that waited for the handler would never return.
            client.set_header("X-Other", Some("y")).unwrap();
            client.set_timeout(50_000);
            go.send(()).unwrap();
            call.join().unwrap().unwrap();
        });
    }

    lost_session_is_renewed_with_a_token_of_the_handler {
        // Recovery from two things in one call: a session and a token.
        let state = Arc::new(AtomicUsize::new(0));
        let shared = state.clone();
        let mcp = Mcp::new(Config { is_stateless: false, ..Config::default() });
        let server = Server::start(move |request| {
            match shared.load(Ordering::SeqCst) {
                1 if request.header("authorization") != Some("Bearer two") => {
                    mcp.forget_sessions();
                    return vec![Action::Send(http::reply(401, &[], b""))];
                }
                _ => {}
            }
            mcp.handle(request)
        });
        let client = Client::of(&server.url("/mcp"));
        client.set_token_handler(|refused| {
            Some(if refused { "two" } else { "one" }.to_owned())
        }).unwrap();
        client.ping().unwrap();
        state.store(1, Ordering::SeqCst);
        client.ping().unwrap();
    }

    client_name_cannot_break_a_request_head {
        let (server, _) = behaves(Config::default());
        for (name, version) in [("a\r\nX-Evil: 1", "1"), ("a", "1\r\nX-Evil: 1"), ("a\nb", "1"),
                                ("(comment)", "1/2"), ("caf\u{e9} \u{1f600}", "\u{7f}"),
                                ("\"quoted\\", "1")] {
            let client = Client::of(&server.url("/mcp"));
            let set = unsafe {
                raw::mcp_client_set_info(client.0, behaviour::c(name).as_ptr(),
                    behaviour::c(version).as_ptr())
            };
            if set == 0 {
                client.ping().unwrap();
            }
        }
        for request in server.log().requests() {
            assert_eq!(request.header("x-evil"), None);
            let agent = request.header("user-agent").unwrap();
            assert!(agent.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{agent}");
            assert!(request.json()["params"]["_meta"].is_object(), "whole JSON");
        }
    }

    request_target_is_the_url_as_written {
        let (server, _) = behaves(Config::default());
        for (path, target) in [("", "/"), ("/", "/"), ("/a/b?x=1&y=%20", "/a/b?x=1&y=%20"),
                               ("?q", "/?q"), ("/a/../b", "/a/../b"), ("/%2e%2E/;p", "/%2e%2E/;p")] {
            Client::of(&server.url(path)).ping().unwrap();
            assert_eq!(server.log().requests().last().unwrap().target, target);
        }
    }

    method_name_cannot_break_a_request_head_or_message {
        let (server, _) = behaves(Config::default());
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        for method in ["x\r\nX-Evil: 1", "x\"y", "x\\y", "caf\u{e9}", "x\ny", "\u{1f600}"] {
            if let Ok(request) = client.request(method, None) {
                let _ = request.perform();
            }
        }
        for params in [r#"{"name":"a\r\nX-Evil: 1"}"#, r#"{"name":"caf\u00e9"}"#,
                       r#"{"name":" x "}"#, r#"{"name":1}"#, r#"{"_meta":{"k":1},"name":"y"}"#,
                       r#"{"_meta":1}"#, r#"{"_meta":{},"_meta":{}}"#, " { } "] {
            if let Ok(request) = client.request("tools/call", Some(params)) {
                let _ = request.perform();
            }
        }
        for request in server.log().requests() {
            assert_eq!(request.header("x-evil"), None);
            assert!(request.json().is_object(), "{}", String::from_utf8_lossy(&request.body));
            assert!(request.headers.iter().all(|(_, value)| value.is_ascii()));
        }
        client.ping().unwrap();
    }

    response_reaches_the_thread_that_made_the_call {
        let server = Server::start(|request: &Request| match request.rpc_method().as_str() {
            "tools/call" => vec![Action::Send(http::result(request,
                json!({"resultType": "complete",
                    "echo": request.json()["params"]["arguments"]["n"]})))],
            _ => vec![Action::Send(http::result(request,
                json!({"supportedVersions": ["2026-07-28"], "capabilities": {}})))],
        });
        let client = Client::of(&server.url("/mcp"));
        std::thread::scope(|scope| {
            for thread in 0..16 {
                let client = &client;
                scope.spawn(move || for round in 0..50 {
                    let number = thread * 1000 + round;
                    let params = format!("{{\"name\":\"x\",\"arguments\":{{\"n\":{number}}}}}");
                    let request = client.request("tools/call", Some(&params)).unwrap();
                    let answer = request.perform().unwrap().json();
                    assert!(answer.contains(&format!("\"echo\":{number}")), "{answer}");
                });
            }
        });
    }

    invalid_proxy_port_is_refused {
        for port in ["99999", "0", "65536"] {
            let client = Client::of("https://mcp.example/mcp");
            let failure = client.set_proxy(&format!("http://user:s3cr3t@127.0.0.1:{port}"));
            let failure = failure.expect_err(port);
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
            assert!(!failure.everything().contains("s3cr3t"), "{}", failure.message);
        }
    }
}
