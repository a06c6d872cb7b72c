//! A hundred thousand calls on one client, over each transport, with as much
//! memory and as many descriptors at the end as after the first few.
//!
//! ENDURANCE gives another number of calls. These tests have a program of their
//! own: they count the memory and the descriptors of the whole process.

use std::time::Duration;

use behaviour::chaos::{Process, ProcessResources, memory, program};
use behaviour::constants::*;
use behaviour::{Client, within};
use serde_json::json;

fn calls() -> usize {
    std::env::var("ENDURANCE").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

/// Mostly pings, because those are what a transport consists of.
fn endures(client: &Client) {
    let call = |number: usize| match number % 100 {
        0 => drop(client.call("echo", json!({"n": number})).unwrap()),
        50 => drop(client.list_prompts().unwrap()),
        _ => client.ping().unwrap(),
    };
    client.set_cache_size(0).unwrap();
    let warm = calls() / 10;
    (0..warm).for_each(call);
    let (held, used) = (ProcessResources::now(), memory());
    (warm..calls()).for_each(call);
    let grown = memory().saturating_sub(used);
    assert!(grown < 1024 * 1024, "the memory has grown by {grown} bytes");
    // A watch of the background thread may be there for a moment.
    ProcessResources::are_back_to(held).unwrap();
    for counter in [MCP_COUNTER_RECONNECTIONS, MCP_COUNTER_DROPPED_REPLIES, MCP_COUNTER_MALFORMED] {
        assert_eq!(client.count(counter), 0);
    }
}

fn alone(test: impl FnOnce() + Send + 'static) {
    let _alone = behaviour::alone();
    within(Duration::from_secs(900), test);
}

fn over_http(path: &'static str, transport: i32) {
    alone(move || {
        let server = Process::start();
        let client = Client::of(&format!("http://127.0.0.1:{}{path}", server.port));
        client.set_transport(transport).unwrap();
        endures(&client);
    });
}

#[test]
fn over_streamable_http_with_sessions() {
    over_http("/full-handshake/mcp", MCP_TRANSPORT_STREAMABLE_HTTP);
}

#[test]
fn over_streamable_http_without_sessions() {
    over_http("/full-stateless/mcp", MCP_TRANSPORT_STREAMABLE_HTTP);
}

#[test]
fn over_http_with_sse() {
    over_http("/full-sse/sse", MCP_TRANSPORT_SSE);
}

#[test]
fn over_stdio() {
    alone(|| endures(&Client::stdio(&[&program(), "--stdio", "--offer", "full"])));
}
