//! A server that responds late, when it may, or never, for started requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mcp_test_server::{Action, Gate, Server, http};
use serde_json::{Value, json};

use crate::{Client, Request};

pub fn hello() -> Value {
    json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
        "serverInfo": {"name": "slow", "version": "1"}, "content": []})
}

/// Responds to calls after a pause, or never for `None`. Counts the calls in
/// flight.
pub struct SlowServer {
    server: Server,
    /// The most calls in flight at a time.
    pub most: Arc<AtomicUsize>,
}

impl SlowServer {
    pub fn new(pause: Option<Duration>) -> Self {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, peak) = (now, most.clone());
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            "initialize" | "ping" => vec![Action::Send(http::result(request, hello()))],
            "tools/call" => {
                let Some(pause) = pause else { return vec![Action::Hang] };
                peak.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(pause);
                count.fetch_sub(1, Ordering::SeqCst);
                vec![Action::Send(http::result(request, hello()))]
            }
            _ => vec![Action::Send(http::reply(202, &[], b""))],
        });
        Self { server, most }
    }

    /// Responds to calls once the gate is open.
    pub fn behind(gate: &Gate) -> Self {
        let gate = gate.clone();
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            "initialize" | "ping" => vec![Action::Send(http::result(request, hello()))],
            "tools/call" => {
                vec![Action::Await(gate.clone()), Action::Send(http::result(request, hello()))]
            }
            _ => vec![Action::Send(http::reply(202, &[], b""))],
        });
        Self { server, most: Arc::default() }
    }

    pub fn client(&self) -> Client {
        let client = Client::new(&self.server.url("/mcp"), None).unwrap();
        client.pin("2025-11-25").unwrap();
        client.set_timeout(60_000);
        client
    }
}

pub fn tool(client: &Client) -> Request {
    client.tool_request("x", json!({})).unwrap()
}
