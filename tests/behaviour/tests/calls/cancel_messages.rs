//! The messages that tell a server over HTTP that calls were cancelled.

use std::time::Duration;

use behaviour::constants::*;
use behaviour::{Cancel, Client, Request, SOON, tests};
use mcp_test_server::http;
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::{Action, Server};
use serde_json::json;

/// The library tells a server of so many cancelled calls at a time.
const AT_ONCE: usize = 32;

/// A server with sessions that answers no ping, and reads cancels without an answer.
fn deaf_to_cancels() -> Server {
    let mcp = Mcp::new(Config { is_stateless: false, ..Config::default() });
    Server::start(move |request| match request.rpc_method().as_str() {
        "ping" | "notifications/cancelled" => vec![Action::Hang],
        _ => mcp.handle(request),
    })
}

fn is_told(request: &http::Request) -> bool {
    request.rpc_method() == "notifications/cancelled"
}

/// Cancels calls that the server has got.
fn cancel_calls(server: &Server, client: &Client, count: usize) {
    let is_ping = |request: &http::Request| request.rpc_method() == "ping";
    let pings = || server.log().requests().iter().filter(|request| is_ping(request)).count();
    for _ in 0..count {
        let request = client.request("ping", None).unwrap();
        let cancel = Cancel::new();
        request.set_cancel(&cancel);
        let seen = pings();
        request.start().unwrap();
        assert!(server.log().await_that(seen + 1, SOON, is_ping));
        cancel.fire();
        assert_eq!(request.wait(60_000), MCP_E_CANCELLED);
    }
}

tests! {
    // Also while another client keeps the background thread.
    no_cancel_is_told_after_the_close {
        let server = deaf_to_cancels();
        let other = Client::of(&server.url("/mcp"));
        let kept: Request = other.request("ping", None).unwrap();
        kept.start().unwrap();
        let client = Client::of(&server.url("/mcp"));
        client.set_close_timeout(1_000).unwrap();
        client.connect().unwrap();
        cancel_calls(&server, &client, 80);
        // The others wait for the server's answers to these.
        assert!(server.log().await_that(AT_ONCE, SOON, is_told));
        drop(client);
        let more = Duration::from_millis(2_000);
        assert!(!server.log().await_that(AT_ONCE + 1, more, is_told));
        drop((kept, other));
    }

    each_of_many_cancels_is_told_although_none_is_answered {
        let server = deaf_to_cancels();
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(600_000);
        client.set_close_timeout(0).unwrap();
        client.connect().unwrap();
        cancel_calls(&server, &client, 20);
        assert!(server.log().await_that(20, SOON, is_told));
    }

    server_that_is_deaf_to_cancels_gets_other_messages {
        let server = deaf_to_cancels();
        let client = Client::of(&server.url("/mcp"));
        client.set_timeout(600_000);
        client.set_close_timeout(0).unwrap();
        client.set_roots(Some(json!([]))).unwrap();
        client.connect().unwrap();
        cancel_calls(&server, &client, 40);
        client.set_roots(Some(json!([{ "uri": "file:///a" }]))).unwrap();
        let is_change = |request: &http::Request| {
            request.rpc_method() == "notifications/roots/list_changed"
        };
        assert!(server.log().await_that(1, SOON, is_change));
    }
}
