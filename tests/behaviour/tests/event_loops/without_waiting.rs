//! Functions that send something, and do not wait for the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use behaviour::constants::*;
use behaviour::{Cancel, Client, SOON, tests};
use mcp_test_server::{Action, Server, await_true, http};
use serde_json::json;

/// A server whose call of a tool asks the person. It takes announcements and
/// answers, which it counts, without an HTTP response.
fn silent_server(taken: &Arc<AtomicUsize>) -> Server {
    let taken = taken.clone();
    let info = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
        "serverInfo": {"name": "silent", "version": "1"}});
    Server::start(move |request| match request.rpc_method().as_str() {
        "initialize" | "ping" => vec![Action::Send(http::result(request, info.clone()))],
        "tools/call" => {
            let ask = json!({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create",
                "params": {"message": "?",
                    "requestedSchema": {"type": "object", "properties": {}}}});
            vec![
                Action::Send(http::stream_head(&[])),
                Action::Send(http::event(&ask)),
                Action::Hang,
            ]
        }
        // The event stream of notifications.
        "" if request.body.is_empty() => vec![Action::Send(http::reply(405, &[], b""))],
        "notifications/roots/list_changed" | "" => {
            taken.fetch_add(1, Ordering::SeqCst);
            vec![Action::Hang]
        }
        "notifications/initialized" => vec![Action::Send(http::reply(202, &[], b""))],
        _ => vec![Action::Send(http::reply(405, &[], b""))],
    })
}

fn client_of(server: &Server) -> Client {
    let client = Client::new(&server.url("/mcp"), None).unwrap();
    client.pin("2025-11-25").unwrap();
    // How long a server that does not answer would delay a function that waits:
    // longer than the test may take.
    client.set_timeout(1_000_000);
    client
}

fn awaits(count: &AtomicUsize, wanted: usize) {
    await_true(SOON, || count.load(Ordering::SeqCst) >= wanted);
    assert_eq!(count.load(Ordering::SeqCst), wanted);
}

tests! {
    roots_are_announced_in_the_background {
        let taken = Arc::default();
        let server = silent_server(&taken);
        let client = client_of(&server);
        client.set_roots(Some(json!([{"uri": "file:///a"}]))).unwrap();
        client.ping().unwrap();
        for at in 1..=3 {
            client.set_roots(Some(json!([{"uri": format!("file:///{at}")}]))).unwrap();
        }
        awaits(&taken, 3);
        client.ping().unwrap();
    }

    answers_are_sent_in_the_background {
        let taken = Arc::default();
        let server = silent_server(&taken);
        let client = client_of(&server);
        let (request, cancel) = (client.tool_request("x", json!({})).unwrap(), Cancel::new());
        request.set_cancel(&cancel);
        let has_declined = Arc::new(AtomicBool::new(false));
        let declined = has_declined.clone();
        client
            .set_input_handler(MCP_INPUT_FORM, move |input| {
                input.decline().unwrap();
                declined.store(true, Ordering::SeqCst);
            })
            .unwrap();
        thread::scope(|scope| {
            let call = scope.spawn(|| request.perform().unwrap_err().status);
            assert!(await_true(SOON, || has_declined.load(Ordering::SeqCst)), "it waits");
            awaits(&taken, 1);
            cancel.fire();
            assert_eq!(call.join().unwrap(), MCP_E_CANCELLED);
        });
    }
}
