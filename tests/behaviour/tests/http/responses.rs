//! Responses that come in pieces, malformed, cut off or without an end. Each is
//! an error with its status, and the next call works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::{Action, Server};
use serde_json::{Value, json};

/// What `server/discover` answers: enough for a ping.
fn pong(request: &Request) -> Vec<u8> {
    http::result(request, hello())
}

fn hello() -> Value {
    json!({"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}})
}

fn stream(request: &Request) -> Vec<u8> {
    let message = json!({"jsonrpc": "2.0", "id": request.id(), "result": hello()});
    let mut out = http::stream_head(&[]);
    out.extend_from_slice(&http::event(&message));
    out.extend_from_slice(http::LAST_CHUNK);
    out
}

/// A server that sends one broken response, and a client connected to it.
fn broken_once(
    reply: impl Fn(&Request) -> Vec<Action> + Send + Sync + 'static,
) -> (Server, Client) {
    let is_broken = Arc::new(AtomicBool::new(false));
    let flag = is_broken.clone();
    let server = Server::start(move |request| {
        if flag.swap(false, Ordering::SeqCst) {
            return reply(request);
        }
        vec![Action::Send(pong(request))]
    });
    let client = Client::of(&server.url("/mcp"));
    client.ping().unwrap();
    is_broken.store(true, Ordering::SeqCst);
    (server, client)
}

fn fails(
    status: i32,
    words: &str,
    reply: impl Fn(&Request) -> Vec<Action> + Send + Sync + 'static,
) {
    let (_server, client) = broken_once(reply);
    let failure = client.ping_once().unwrap_err();
    assert_eq!(failure.status, status, "{words}: {}", failure.message);
    assert!(failure.message.contains(words), "{words}: {}", failure.message);
    client.ping().unwrap();
}

fn send(bytes: impl Into<Vec<u8>>) -> Vec<Action> {
    vec![Action::Send(bytes.into())]
}

/// Each length of a reply's beginning, then the end of the connection.
fn cut_everywhere(reply: fn(&Request) -> Vec<u8>) {
    let cut = Arc::new(AtomicUsize::new(usize::MAX));
    let shared = cut.clone();
    let server = Server::start(move |request| {
        let bytes = reply(request);
        let at = shared.swap(usize::MAX, Ordering::SeqCst);
        if at >= bytes.len() {
            return send(bytes);
        }
        vec![Action::Send(bytes[..at].to_vec()), Action::Close]
    });
    let client = Client::of(&server.url("/mcp"));
    client.ping().unwrap();
    let length = reply(&server.log().requests()[0]).len();
    for at in 1..length {
        cut.store(at, Ordering::SeqCst);
        match client.ping_once() {
            // The end of a stream that brought the answer is of no interest.
            Ok(()) => assert!(at > length - 10, "cut at {at} of {length}"),
            Err(failure) => assert!(
                failure.status == MCP_E_IO && failure.may_have_run,
                "cut at {at}: {}",
                failure.message
            ),
        }
        cut.store(usize::MAX, Ordering::SeqCst);
        client.ping().unwrap_or_else(|failure| panic!("after {at}: {}", failure.message));
    }
}

/// What a reply to `server/discover` says, with such an id, and whether the
/// stream ends behind it.
fn with_id<F>(
    id: F,
    outcome: &Value,
    ends: bool,
) -> impl Fn(&Request) -> Vec<Action> + Send + Sync + use<F>
where
    F: Fn(&Value) -> Value + Send + Sync + 'static,
{
    let outcome = outcome.clone();
    move |request| {
        let mut message = json!({"jsonrpc": "2.0", "id": id(&request.id())});
        message.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
        let stream = http::Stream::new().message(&message);
        if ends { stream.end() } else { stream.then(Action::Hang) }
    }
}

/// The status of the call, words of its error, and a response after which the
/// server closes the connection.
const BROKEN_HTTP: &[(i32, &str, &str)] = &[
    (MCP_E_IO, "middle of its reply's head", "HTTP/1.1 200 OK\r\nContent-"),
    (
        MCP_E_IO,
        "of 100 bytes",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
    ),
    (
        MCP_E_IO,
        "middle of its reply",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n5\r\n{",
    ),
    (
        MCP_E_IO,
        "ended before the answer",
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: nothing\n\n",
    ),
    (MCP_E_PROTOCOL, "not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    (
        MCP_E_PROTOCOL,
        "two lengths",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    ),
    (MCP_E_PROTOCOL, "not a number", "HTTP/1.1 200 OK\r\ncontent-length: five\r\n\r\nhello"),
    (
        MCP_E_PROTOCOL,
        "chunk",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\nzz\r\nhello",
    ),
    (
        MCP_E_PROTOCOL,
        "chunk",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
    ),
    (
        MCP_E_PROTOCOL,
        "not valid gzip data",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
         content-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx",
    ),
];

const JSON: &str = "application/json";
const NO_MEDIA_TYPE: &str = "";
const EVENT_STREAM: &str = "text/event-stream";

/// Words of the error, and the HTTP status, media type and body of a response.
/// `$ID` stands for the id of the request.
const MALFORMED_MCP: &[(&str, u16, &str, &[u8])] = &[
    ("text/html", 200, "text/html", b"<html>"),
    ("202", 202, NO_MEDIA_TYPE, b""),
    ("malformed", 200, JSON, br#"{"jsonrpc""#),
    ("UTF-8 at byte", 200, JSON, b"{\"a\":\"\xff\"}"),
    ("another request", 200, JSON, br#"{"jsonrpc":"2.0","id":999,"result":{}}"#),
    ("the id \"x\"", 200, JSON, br#"{"jsonrpc":"2.0","id":"x","result":{}}"#),
    ("no id", 200, JSON, br#"{"jsonrpc":"2.0","result":{}}"#),
    ("neither", 200, JSON, br#"{"jsonrpc":"2.0","id":$ID}"#),
    (
        "and an error",
        200,
        JSON,
        br#"{"jsonrpc":"2.0","id":$ID,"result":{},"error":{"code":1,"message":""}}"#,
    ),
    (
        "other requests",
        200,
        EVENT_STREAM,
        b"data: {\"jsonrpc\":\"2.0\",\"id\":999,\"result\":{}}\n\n",
    ),
];

fn with_request_id(body: &[u8], id: &Value) -> Vec<u8> {
    match body.windows(3).position(|part| part == b"$ID") {
        Some(at) => [&body[..at], id.to_string().as_bytes(), &body[at + 3..]].concat(),
        None => body.to_vec(),
    }
}

tests! {
    result_with_an_id_that_was_made_up_is_not_taken {
        let result = json!({"result": hello()});
        for ends in [true, false] {
            fails(MCP_E_PROTOCOL, "no id", with_id(|_| Value::Null, &result, ends));
            for id in [json!("x"), json!(true), json!(4711), json!([1])] {
                let words = "answers to other requests, and none to this one";
                fails(MCP_E_PROTOCOL, words, with_id(move |_| id.clone(), &result, ends));
            }
        }
    }

    error_without_id_belongs_to_the_call_of_its_stream {
        let error = json!({"error": {"code": -32603, "message": "out of order"}});
        for ends in [true, false] {
            fails(MCP_E_RPC, "out of order", with_id(|_| Value::Null, &error, ends));
            for id in [json!("err_51c"), json!(4711), json!(0), json!(-1), json!([1]), json!(1.5)] {
                fails(MCP_E_RPC, "out of order", with_id(move |_| id.clone(), &error, ends));
            }
        }
    }

    response_to_another_call_is_skipped {
        for other in [json!("x"), json!("007"), json!(4711)] {
            let (_server, client) = broken_once(move |request| {
                let message = json!({"jsonrpc": "2.0", "id": other, "result": {}});
                let right = json!({"jsonrpc": "2.0", "id": request.id(), "result": hello()});
                http::Stream::new().message(&message).message(&right).end()
            });
            client.ping_once().unwrap();
            assert_eq!(client.count(MCP_COUNTER_DROPPED_REPLIES), 1);
        }
    }

    json_reply_cut_off_at_any_byte_is_a_lost_connection { cut_everywhere(pong) }

    stream_reply_cut_off_at_any_byte_is_a_lost_connection { cut_everywhere(stream) }

    response_cut_at_any_byte_is_read {
        for reply in [pong as fn(&Request) -> Vec<u8>, stream] {
            let at = Arc::new(AtomicUsize::new(0));
            let shared = at.clone();
            let server = Server::start(move |request| {
                let bytes = reply(request);
                http::cut(&bytes, shared.fetch_add(7, Ordering::SeqCst) % bytes.len(),
                    Duration::from_millis(1))
            });
            let client = Client::of(&server.url("/mcp"));
            for _ in 0..60 {
                client.ping().unwrap();
            }
            assert_eq!(server.log().connections(), 1);
        }
    }

    response_in_single_bytes_is_read {
        let server = Server::start(|request| {
            vec![Action::Drip(stream(request), Duration::from_micros(10))]
        });
        Client::of(&server.url("/mcp")).ping().unwrap();
    }

    ten_pings_with_stream_responses_use_one_connection {
        let server = Server::start(|request| send(stream(request)));
        let client = Client::of(&server.url("/mcp"));
        for _ in 0..10 {
            client.ping().unwrap();
        }
        assert_eq!(server.log().connections(), 1);
    }

    open_stream_does_not_delay_the_result {
        let server = Server::start(|request| {
            let message = json!({"jsonrpc": "2.0", "id": request.id(), "result": hello()});
            vec![Action::Send(http::stream_head(&[])), Action::Send(http::event(&message)),
                 Action::Hang]
        });
        let client = Client::of(&server.url("/mcp"));
        let start = Instant::now();
        for _ in 0..10 {
            client.ping().unwrap();
        }
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    }

    closed_idle_connection_is_replaced {
        let server = Server::start(|request| {
            vec![Action::Send(pong(request)), Action::Close]
        });
        let client = Client::of(&server.url("/mcp"));
        for count in 1..=5 {
            client.ping().unwrap();
            assert_eq!(server.log().connections(), count);
        }
    }

    connection_closed_on_a_request_is_retried_once_if_safe {
        fails_unseen("ping", None);
        let (server, client) = broken_once(|_| vec![Action::Close]);
        let call = client.request("tools/call", Some(r#"{"name":"x"}"#)).unwrap();
        let before = server.log().count();
        let failure = call.perform().unwrap_err();
        assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true));
        assert_eq!(server.log().count(), before + 1, "never sent twice");
        client.ping().unwrap();
    }

    server_that_always_closes_is_an_error {
        let server = Server::start(|_| vec![Action::Close]);
        let client = Client::of(&server.url("/mcp"));
        assert_eq!(client.ping().unwrap_err().status, MCP_E_IO);
        let methods: Vec<_> = server.log().requests().iter().map(|r| r.rpc_method()).collect();
        assert_eq!(methods, ["server/discover", "initialize"], "each once");
    }

    cut_or_malformed_http_is_an_error_that_says_how {
        for &(status, words, response) in BROKEN_HTTP {
            fails(status, words, move |_| vec![Action::Send(response.into()), Action::Close]);
        }
    }

    endless_response_head_is_an_error {
        fails(MCP_E_TOO_LARGE, "head", |_| vec![
            Action::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
            Action::Endless([b"X-Filler: ".as_slice(), &[b'x'; 4000], b"\r\n"].concat()),
        ]);
        fails(MCP_E_TOO_LARGE, "head", |_| vec![
            Action::Send(b"HTTP/1.1 200 OK\r\nX: ".to_vec()),
            Action::Endless(vec![b'x'; 4000]),
        ]);
    }

    malformed_mcp_is_a_protocol_error_that_says_how {
        for &(words, status, media_type, body) in MALFORMED_MCP {
            fails(MCP_E_PROTOCOL, words, move |request| {
                let body = with_request_id(body, &request.id());
                let headers = [("content-type", media_type)];
                let headers = if media_type == NO_MEDIA_TYPE { &[][..] } else { &headers };
                send(http::reply(status, headers, &body))
            });
        }
    }

    interim_responses_and_late_messages_are_skipped {
        let server = Server::start(|request| {
            let late = json!({"jsonrpc": "2.0", "id": 999, "result": {}});
            let note = json!({"jsonrpc": "2.0", "method": "notifications/x"});
            let message = json!({"jsonrpc": "2.0", "id": request.id(), "result": hello()});
            let mut out = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"
                .to_vec();
            out.extend_from_slice(&http::stream_head(&[]));
            for part in [&late, &note, &message] {
                out.extend_from_slice(&http::event(part));
            }
            out.extend_from_slice(http::LAST_CHUNK);
            send(out)
        });
        Client::of(&server.url("/mcp")).ping().unwrap();
    }

    interim_responses_are_limited {
        let with = |count: usize| {
            move |request: &Request| {
                let mut out = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(count);
                out.extend_from_slice(&pong(request));
                send(out)
            }
        };
        let (_server, client) = broken_once(with(16));
        client.ping().unwrap();
        fails(MCP_E_PROTOCOL, "interim", with(17));
        fails(MCP_E_PROTOCOL, "interim", |_| {
            vec![Action::Endless(b"HTTP/1.1 102 Processing\r\n\r\n".to_vec())]
        });
    }

    message_over_the_limit_is_refused {
        let (_server, client) = broken_once(|_| {
            send(http::reply(200, &[("content-type", "application/json")], &[b' '; 5000]))
        });
        client.set_max_message_size(4000);
        assert_eq!(client.ping().unwrap_err().status, MCP_E_TOO_LARGE);
        client.ping().unwrap();
        for head in ["content-length: 99999999999", "transfer-encoding: chunked"] {
            let (_server, client) = broken_once(move |_| vec![
                Action::Send(format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                    {head}\r\n\r\n").into_bytes()),
                Action::Endless(http::chunk(&[b'x'; 1000])),
            ]);
            client.set_max_message_size(100_000);
            assert_eq!(client.ping().unwrap_err().status, MCP_E_TOO_LARGE);
            client.ping().unwrap();
        }
        let (_server, client) = broken_once(|_| vec![
            Action::Send(http::stream_head(&[])),
            Action::Endless(http::chunk(b"data: xxxxxxxxxxxxxxxxxxxxxxxxxxxx\n")),
        ]);
        client.set_max_message_size(100_000);
        assert_eq!(client.ping().unwrap_err().status, MCP_E_TOO_LARGE);
        client.ping().unwrap();
    }

    requests_of_the_server_inside_a_stream_are_answered {
        let server = Server::start({
            let handler = mcp_test_server::scenario::handler(None);
            move |request| handler(request)
        });
        let client = Client::of(&server.url("/asks/mcp"));
        client.ping().unwrap();
        let answers: Vec<Value> = server.log().requests().iter().map(Request::json)
            .filter(|message| message["method"].is_null() && !message["id"].is_null())
            .collect();
        assert_eq!(answers[0], json!({"jsonrpc": "2.0", "id": 0, "result": {}}));
        assert_eq!(answers[1]["id"], "q");
        assert_eq!(answers[1]["error"]["code"], -32601);
        assert_eq!(server.log().connections(), 2, "the stream stays open meanwhile");
    }

    request_inside_a_stream_of_the_stateless_era_is_not_answered {
        let server = Server::start(|request| {
            let ask = json!({"jsonrpc": "2.0", "id": 0, "method": "ping"});
            let message = json!({"jsonrpc": "2.0", "id": request.id(), "result": hello()});
            let mut out = http::stream_head(&[]);
            out.extend_from_slice(&http::event(&ask));
            out.extend_from_slice(&http::event(&message));
            out.extend_from_slice(http::LAST_CHUNK);
            send(out)
        });
        Client::of(&server.url("/mcp")).ping().unwrap();
        assert_eq!(server.log().count(), 1);
    }

    error_response_before_the_request_is_read_ends_the_call {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            let length = stream.read(&mut head).unwrap();
            let (request, _) = Request::parse(&head[..length]).unwrap();
            stream.write_all(&pong(&request)).unwrap();
            // The head of the large one, and nothing of its body.
            let _ = stream.read(&mut head).unwrap();
            stream.write_all(&http::reply(413, &[], b"too big")).unwrap();
            // Open until the client goes, without reading on.
            let (mut other, _) = listener.accept().unwrap();
            let length = other.read(&mut head).unwrap();
            let (request, _) = Request::parse(&head[..length]).unwrap();
            other.write_all(&pong(&request)).unwrap();
        });
        let client = Client::of(&url);
        client.ping().unwrap();
        let params = format!(
            "{{\"name\":\"x\",\"arguments\":{{\"a\":\"{}\"}}}}",
            "x".repeat(20_000_000)
        );
        let start = Instant::now();
        let failure = client.request("tools/call", Some(&params)).unwrap().perform().unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_HTTP, 413));
        assert!(start.elapsed() < AT_ONCE);
        client.ping().unwrap();
        thread.join().unwrap();
    }

    error_response_to_a_large_request_is_reported {
        let mcp = Mcp::new(Config::default());
        let server = Server::start(move |request| match request.rpc_method().as_str() {
            "tools/call" => vec![Action::Send(http::reply(413, &[("connection", "close")], b"big")),
                                 Action::Close],
            _ => mcp.handle(request),
        });
        let client = Client::of(&server.url("/mcp"));
        let params = format!("{{\"name\":\"x\",\"arguments\":{{\"a\":\"{}\"}}}}", "x".repeat(3_000_000));
        let failure = client.request("tools/call", Some(&params)).unwrap().perform().unwrap_err();
        assert_eq!((failure.status, failure.http_status), (MCP_E_HTTP, 413));
        client.ping().unwrap();
    }
}

fn fails_unseen(method: &str, params: Option<&str>) {
    let (server, client) = broken_once(|_| vec![Action::Close]);
    let before = server.log().count();
    client.request(method, params).unwrap().perform().unwrap();
    assert_eq!(server.log().count(), before + 2);
}
