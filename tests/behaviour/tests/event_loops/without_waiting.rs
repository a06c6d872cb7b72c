//! Functions that send something, and do not wait for the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Client, tests};
use mcp_test_server::{Action, Server, http};
use serde_json::json;

/// How long a server that does not answer would delay a function that waits.
const TIMEOUT: i64 = 3_000;
const SOON: Duration = Duration::from_millis(1_000);

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
    client.set_timeout(TIMEOUT);
    client
}

fn awaits(count: &AtomicUsize, wanted: usize) {
    let end = Instant::now() + Duration::from_secs(10);
    while count.load(Ordering::SeqCst) < wanted && Instant::now() < end {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(count.load(Ordering::SeqCst), wanted);
}

tests! {
    roots_are_announced_in_the_background {
        let taken = Arc::default();
        let server = silent_server(&taken);
        let client = client_of(&server);
        client.set_roots(Some(json!([{"uri": "file:///a"}]))).unwrap();
        client.ping().unwrap();
        let begin = Instant::now();
        for at in 1..=3 {
            client.set_roots(Some(json!([{"uri": format!("file:///{at}")}]))).unwrap();
        }
        assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
        awaits(&taken, 3);
        client.ping().unwrap();
    }

    answers_are_sent_in_the_background {
        let taken = Arc::default();
        let server = silent_server(&taken);
        let client = client_of(&server);
        let (sent, waited) = std::sync::mpsc::channel();
        client
            .set_input_handler(MCP_INPUT_FORM, move |input| {
                let begin = Instant::now();
                input.decline().unwrap();
                sent.send(begin.elapsed()).unwrap();
            })
            .unwrap();
        let failure = client.call("x", json!({})).unwrap_err();
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        let waited = waited.recv().unwrap();
        assert!(waited < SOON, "{waited:?}");
        awaits(&taken, 1);
    }
}
