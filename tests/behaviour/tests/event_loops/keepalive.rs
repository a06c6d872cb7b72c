//! Pings of idle connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{HttpServer, SOON, SseServer, stdio_server, tests};
use mcp_test_server::http;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, await_true};
use serde_json::json;

tests! {
    idle_connection_is_pinged_over_each_transport {
        let (http, sse, peer) = (HttpServer::handshake(), SseServer::full(), stdio_server!(""));
        for client in [http.client(), sse.client(), peer.client()] {
            client.pin("2025-11-25").unwrap();
            client.set_keepalive(60).unwrap();
            client.connect().unwrap();
            let pings = || http.count("ping") + sse.count("ping") + peer.count("ping");
            let before = pings();
            assert!(await_true(SOON, || pings() >= before + 2));
            assert_eq!(client.state(), MCP_STATE_CONNECTED);
            // 0 ends it, also for a session that has begun.
            client.set_keepalive(0).unwrap();
            // One that was begun may still come.
            let before = pings();
            std::thread::sleep(Duration::from_millis(300));
            assert!(pings() <= before + 1);
        }
        http.has_no_complaint();
        sse.has_no_complaint();
        peer.has_no_complaint();
    }

    busy_connection_is_not_pinged {
        let served = HttpServer::handshake();
        let client = served.client();
        client.connect().unwrap();
        client.set_keepalive(4000).unwrap();
        client.call("slow", json!({"steps": 1, "pause": 5500})).unwrap();
        assert_eq!(served.count("ping"), 0);
    }

    used_connection_is_not_pinged {
        let served = HttpServer::handshake();
        let client = served.client();
        client.connect().unwrap();
        // Longer than it is idle between two calls, also on a busy machine.
        client.set_keepalive(4000).unwrap();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(5500) {
            client.call("echo", json!({})).unwrap();
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(served.count("ping"), 0);
    }

    revision_without_ping_gets_none {
        let served = HttpServer::stateless();
        let client = served.client();
        client.set_keepalive(20).unwrap();
        client.connect().unwrap();
        let before = served.log().count();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(served.log().count(), before);
        assert_eq!(client.state(), MCP_STATE_CONNECTED);
    }

    silent_server_is_found {
        let is_silent = Arc::new(AtomicBool::new(false));
        let shared = is_silent.clone();
        let config = Config::handshake(Offer::default());
        let served = HttpServer::before(config, move |_, mcp, request| {
            if shared.load(Ordering::SeqCst) {
                return vec![Action::Hang];
            }
            mcp.handle(request)
        });
        let client = served.client();
        client.connect().unwrap();
        is_silent.store(true, Ordering::SeqCst);
        client.set_timeout(200);
        client.set_keepalive(50).unwrap();
        client.awaits_state(MCP_STATE_LOST);
        is_silent.store(false, Ordering::SeqCst);
        client.set_timeout(60_000);
        client.ping().unwrap();
        assert_eq!(client.state(), MCP_STATE_CONNECTED);
        assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 1);
    }

    process_that_hangs_is_found_and_ended {
        let peer = stdio_server!("--behaviour silent --after 2");
        let client = peer.client();
        client.pin("2025-11-25").unwrap();
        client.connect().unwrap();
        client.set_timeout(300);
        client.set_keepalive(50).unwrap();
        client.awaits_state(MCP_STATE_LOST);
    }

    refused_ping_shows_that_the_server_is_there {
        for status in [401, 403, 500] {
            let config = Config::handshake(Offer::default());
            let served = HttpServer::before(config, move |_, mcp, request| {
                if request.rpc_method() == "ping" {
                    return vec![Action::Send(http::reply(status, &[], b"no"))];
                }
                mcp.handle(request)
            });
            let client = served.client();
            client.connect().unwrap();
            client.set_keepalive(20).unwrap();
            served.awaits("ping", 2);
            assert_eq!(client.state(), MCP_STATE_CONNECTED, "{status}");
        }
    }

    interval_is_checked {
        let served = HttpServer::handshake();
        let client = served.client();
        client.set_close_timeout(1_000_000).unwrap();
        for wrong in [-1, i64::MIN] {
            assert_eq!(client.set_keepalive(wrong).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        }
        client.set_keepalive(i64::MAX).unwrap();
        client.connect().unwrap();
        // The close does not wait for the interval.
        client.close();
        assert_eq!(client.set_keepalive(1).unwrap_err().status, MCP_E_STATE);
    }
}
