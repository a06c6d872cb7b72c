//! A cancel ends a performed or started call at once, at every stage.
//!
//! The header promises 10 ms. The machine may be busy, so the tests allow a few
//! times as much, and look at the fastest of many cancels. A delay of the library
//! itself would be in all of them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Cancel, Client, FullBacklog, Request, SOON, c, is_fast, raw, tests};
use mcp_test_server::http::{self, Stream};
use mcp_test_server::{Action, Server, await_true, http::Request as Received};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_millis(40);

/// Cancels the call that `make` gives again and again, each time when it
/// `is_there` (which is asked with the number of the round), first performed
/// and then started.
fn ends_at_once(make: impl Fn() -> (Client, Request), is_there: impl Fn(usize) -> bool + Sync) {
    let mut rounds = 0..;
    for is_started in [false, true] {
        let outcome = is_fast(LIMIT, || {
            let round = rounds.next().unwrap();
            let (client, request) = make();
            let cancel = Cancel::new();
            request.set_cancel(&cancel);
            let fire = || {
                assert!(await_true(SOON, || is_there(round)), "round {round}");
                // On to where it waits.
                std::thread::sleep(Duration::from_millis(15));
                let fired = Instant::now();
                cancel.fire();
                fired
            };
            let fired = if is_started {
                request.start().unwrap();
                let fired = fire();
                assert_eq!(request.wait(60_000), MCP_E_CANCELLED, "round {round}");
                fired
            } else {
                std::thread::scope(|scope| {
                    let call = scope.spawn(|| request.perform().unwrap_err());
                    let fired = fire();
                    let failure = call.join().unwrap();
                    assert_eq!(failure.status, MCP_E_CANCELLED, "{}", failure.message);
                    fired
                })
            };
            let wait = fired.elapsed();
            drop((request, client));
            wait
        });
        outcome.unwrap_or_else(|fastest| panic!("started: {is_started}, {fastest:?}"));
    }
}

fn hello() -> Value {
    json!({"resultType": "complete", "supportedVersions": ["2026-07-28"],
        "capabilities": {"tools": {}}})
}

/// A server that is met, and whose tool is answered so.
fn meets(answer: impl Fn(&Received) -> Vec<Action> + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request.rpc_method().as_str() {
        "tools/call" => answer(request),
        _ => vec![Action::Send(http::result(request, hello()))],
    })
}

/// A connected client and a call of a tool.
fn met(url: &str, arguments: Value) -> (Client, Request) {
    let client = Client::of(url);
    client.connect().unwrap();
    let request = client.tool_request("x", arguments).unwrap();
    (client, request)
}

/// A server whose tool is answered so; the call is cancelled behind that.
fn ends_behind(answer: impl Fn(&Received) -> Vec<Action> + Send + Sync + 'static) {
    let server = meets(answer);
    let url = server.url("/mcp");
    let calls = || server.log().of("tools/call").len();
    ends_at_once(|| met(&url, json!({})), |round| calls() > round);
}

/// A listener that takes connections and counts them, each in the hands of
/// `serve`.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (count, serve) = (Arc::new(AtomicUsize::new(0)), Arc::new(serve));
    let shared = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            shared.fetch_add(1, Ordering::SeqCst);
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
    (port, count)
}

/// Reads for as long as the other side is there, and says nothing.
fn swallow(mut stream: TcpStream) {
    let mut bytes = [0; 4096];
    while matches!(stream.read(&mut bytes), Ok(count) if count > 0) {}
}

/// The next request, read from what has come.
fn next(stream: &mut impl Read, input: &mut Vec<u8>) -> Option<Received> {
    let mut bytes = [0; 4096];
    loop {
        if let Some((request, length)) = Received::parse(input) {
            input.drain(..length);
            return Some(request);
        }
        match stream.read(&mut bytes) {
            Ok(count) if count > 0 => input.extend_from_slice(&bytes[..count]),
            _ => return None,
        }
    }
}

tests! {
    cancel_is_immediate_while_connecting {
        let backlog = FullBacklog::new();
        let url = format!("http://127.0.0.1:{}/mcp", backlog.port);
        ends_at_once(|| {
            let client = Client::of(&url);
            let request = client.tool_request("x", json!({})).unwrap();
            (client, request)
        }, |_| true);
    }

    cancel_is_immediate_during_a_tls_handshake {
        let (port, count) = listen(swallow);
        let url = format!("https://127.0.0.1:{port}/mcp");
        ends_at_once(|| {
            let client = Client::of(&url);
            let request = client.tool_request("x", json!({})).unwrap();
            (client, request)
        }, |round| count.load(Ordering::SeqCst) > round);
    }

    cancel_is_immediate_during_negotiation {
        let server = Server::start(|_| vec![Action::Hang]);
        let url = server.url("/mcp");
        ends_at_once(|| {
            let client = Client::of(&url);
            let request = client.tool_request("x", json!({})).unwrap();
            (client, request)
        }, |round| server.log().count() > round);
    }

    cancel_is_immediate_while_sending_a_large_request {
        // The second request of a connection is never read.
        let (port, _) = listen(|mut stream| {
            let mut input = Vec::new();
            let Some(request) = next(&mut stream, &mut input) else { return };
            let _ = stream.write_all(&http::result(&request, hello()));
            loop {
                std::thread::park();
            }
        });
        let url = format!("http://127.0.0.1:{port}/mcp");
        let (name, large) = (c("x"), c(&format!("{{\"text\":\"{}\"}}", "x".repeat(8 << 20))));
        ends_at_once(|| {
            let client = Client::of(&url);
            client.connect().unwrap();
            let request = unsafe {
                raw::mcp_request_new_call_tool(client.0, name.as_ptr(), large.as_ptr())
            };
            (client, Request(request))
        }, |_| {
            // Long enough to fill what the system takes on.
            std::thread::sleep(Duration::from_millis(100));
            true
        });
    }

    while_the_answer_is_awaited { ends_behind(|_| vec![Action::Hang]); }

    cancel_is_immediate_inside_a_response_head {
        ends_behind(|_| vec![Action::Send(b"HTTP/1.1 200 OK\r\ncontent-ty".to_vec()), Action::Hang]);
    }

    cancel_is_immediate_inside_a_response_body {
        ends_behind(|_| vec![
            Action::Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                content-length: 1000\r\n\r\n{\"jsonrpc\"".to_vec()),
            Action::Hang,
        ]);
    }

    cancel_is_immediate_inside_a_stream {
        ends_behind(|_| {
            let log = json!({"jsonrpc": "2.0", "method": "notifications/message",
                "params": {"level": "info", "data": "x"}});
            Stream::new().message(&log).then(Action::Hang)
        });
    }

    cancel_is_immediate_in_the_pause_before_a_retry {
        // Repeated until the cancel, with a pause before each.
        let server = meets(|request| {
            let result = json!({"resultType": "input_required", "requestState": "later"});
            vec![Action::Send(http::result(request, result))]
        });
        let url = server.url("/mcp");
        let seen = AtomicUsize::new(0);
        ends_at_once(|| {
            seen.store(server.log().of("tools/call").len(), Ordering::SeqCst);
            met(&url, json!({}))
        }, |_| server.log().of("tools/call").len() > seen.load(Ordering::SeqCst));
    }

    cancel_is_immediate_in_the_pause_before_a_resumption {
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            "server/discover" => vec![Action::Send(http::reply(404, &[], b""))],
            "initialize" => vec![Action::Send(http::result(request, json!({
                "protocolVersion": "2025-11-25", "capabilities": {},
                "serverInfo": {"name": "x", "version": "1"}})))],
            "tools/call" => Stream::new()
                .send(http::event_with(Some("1"), Some(20_000), "")).end(),
            _ => vec![Action::Send(http::reply(202, &[], b""))],
        });
        let url = server.url("/mcp");
        let calls = || server.log().of("tools/call").len();
        ends_at_once(|| met(&url, json!({})), |round| calls() > round);
    }

    cancel_is_immediate_while_waiting_over_tls {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = std::env::temp_dir().join(format!("mcp-cancelling-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let ca_file = folder.join("ca.pem");
        std::fs::write(&ca_file, certificate.pem()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions().unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], der).unwrap();
        let config = Arc::new(config);
        let is_called = Arc::new(AtomicBool::new(false));
        let calls = is_called.clone();
        let (port, _) = listen(move |stream| {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let mut input = Vec::new();
            while let Some(request) = next(&mut stream, &mut input) {
                if request.rpc_method() == "tools/call" {
                    calls.store(true, Ordering::SeqCst);
                    continue;
                }
                let _ = stream.write_all(&http::result(&request, hello()));
                let _ = stream.flush();
            }
        });
        let url = format!("https://127.0.0.1:{port}/mcp");
        ends_at_once(|| {
            is_called.store(false, Ordering::SeqCst);
            let client = Client::of(&url);
            client.set_ca_file(ca_file.to_str().unwrap()).unwrap();
            client.connect().unwrap();
            let request = client.tool_request("x", json!({})).unwrap();
            (client, request)
        }, |_| is_called.load(Ordering::SeqCst));
        let _ = std::fs::remove_dir_all(&folder);
    }
}
