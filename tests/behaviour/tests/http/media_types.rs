//! Responses with a wrong media type, or none: an answer that can be understood
//! is taken, and everything else is an error that names the media type.

use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, Failure, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::{Action, Server};
use serde_json::json;

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream";
const NONE: &str = "";
const VERSION: &str = "2025-11-25";

/// How a body arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// With its length.
    Whole,
    /// Byte by byte, in chunks.
    Bytes,
    /// In one chunk; the stream stays open.
    Open,
}

use Delivery::{Bytes, Open, Whole};

/// A server that gives this body to `x/case`.
fn served(media: &'static str, body: &'static [u8], delivery: Delivery) -> (Client, Server) {
    let server = Server::start(move |request: &Request| {
        let message = request.json();
        if request.method != "POST" {
            return vec![Action::Send(http::reply(405, &[], b""))];
        }
        if message["id"].is_null() {
            return vec![Action::Send(http::reply(202, &[], b""))];
        }
        if message["method"] != "x/case" {
            let result = json!({"protocolVersion": VERSION, "capabilities": {},
                "serverInfo": {"name": "s", "version": "1"}});
            return vec![Action::Send(http::result(request, result))];
        }
        let body = with_id(body, &message["id"].to_string());
        let headers = [("content-type", media)];
        let headers = if media == NONE { &[][..] } else { &headers };
        if delivery == Whole {
            return vec![Action::Send(http::reply(200, headers, &body))];
        }
        let mut head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n".to_vec();
        if media != NONE {
            head.extend(format!("content-type: {media}\r\n").as_bytes());
        }
        head.extend(b"\r\n");
        match delivery {
            Open => vec![Action::Send([head, http::chunk(&body)].concat()), Action::Hang],
            _ => {
                let chunks: Vec<u8> =
                    body.chunks(1).flat_map(http::chunk).chain(http::LAST_CHUNK.to_vec()).collect();
                vec![Action::Send(head), Action::Drip(chunks, Duration::from_micros(5))]
            }
        }
    });
    let client = Client::of(&server.url("/mcp"));
    client.pin(VERSION).unwrap();
    (client, server)
}

fn with_id(body: &[u8], id: &str) -> Vec<u8> {
    String::from_utf8_lossy(body).replace("$ID", id).into_bytes()
}

fn call(media: &'static str, body: &'static [u8], delivery: Delivery) -> Result<(), Failure> {
    let (client, _server) = served(media, body, delivery);
    let request = client.request("x/case", None).unwrap();
    request.set_repeatable(false).unwrap();
    let start = Instant::now();
    let outcome = request.perform().map(drop);
    let what = format!("{} as {media}, {delivery:?}", String::from_utf8_lossy(body));
    assert!(start.elapsed() < AT_ONCE, "{what}: {outcome:?} after {:?}", start.elapsed());
    client.ping().unwrap_or_else(|failure| panic!("{what}: next call: {}", failure.message));
    outcome
}

const RESULT: &[u8] = br#"{"jsonrpc":"2.0","id":$ID,"result":{}}"#;
const STREAM: &[u8] = b"event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}\n\n";
const OTHER_TYPES: [&str; 4] = ["text/plain", "text/html", "application/octet-stream", NONE];

tests! {
    json_with_the_label_of_an_event_stream_is_taken {
        for body in [RESULT,
                b"\r\n {\"jsonrpc\":\"2.0\",\r\n\r\n \"id\":\"$ID\", \"result\":{\"data: x\":1}}\n\n",
                br#"[{"jsonrpc":"2.0","id":$ID,"result":{}}]"#,
                b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}"] {
            for delivery in [Whole, Bytes, Open] {
                call(EVENT_STREAM, body, delivery)
                    .unwrap_or_else(|failure| panic!("{delivery:?}: {}", failure.message));
            }
        }
        let error = br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"upstream is down"}}"#;
        for delivery in [Whole, Bytes, Open] {
            let failure = call(EVENT_STREAM, error, delivery).unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32603));
            assert!(failure.message.contains("upstream is down") && failure.may_have_run);
        }
    }

    response_in_an_event_of_another_type_is_taken {
        for body in [
            &b"event: response\ndata: {\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}\n\n"[..],
            b"event: ping\ndata: {}\n\nevent: endpoint\ndata: /x\n\nevent: a\ndata: [{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}]\n\n",
        ] {
            for delivery in [Whole, Bytes, Open] {
                call(EVENT_STREAM, body, delivery)
                    .unwrap_or_else(|failure| panic!("{delivery:?}: {}", failure.message));
            }
        }
    }

    last_event_without_an_empty_line_is_taken_at_the_end_of_the_stream {
        for body in [STREAM.trim_ascii_end(), &STREAM[..STREAM.len() - 1]] {
            for delivery in [Whole, Bytes] {
                call(EVENT_STREAM, body, delivery)
                    .unwrap_or_else(|failure| panic!("{delivery:?}: {}", failure.message));
            }
        }
        let failure = call(EVENT_STREAM, &STREAM[..STREAM.len() - 5], Whole).unwrap_err();
        assert_eq!(failure.status, MCP_E_IO);
    }

    event_without_an_end_is_quoted_at_the_timeout {
        let (client, _server) = served(EVENT_STREAM, &STREAM[..STREAM.len() - 1], Open);
        let request = client.request("x/case", None).unwrap();
        client.connect().unwrap();
        request.set_timeout(1000);
        let failure = request.perform().map(drop).unwrap_err();
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        for words in ["1 event", "not a message", "an empty line", "{\"jsonrpc\":"] {
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    json_before_an_event_stream_is_passed_over {
        let body = b"{\"level\":\"info\"}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}\n\n";
        for delivery in [Whole, Bytes, Open] {
            call(EVENT_STREAM, body, delivery)
                .unwrap_or_else(|failure| panic!("{delivery:?}: {}", failure.message));
        }
    }

    body_that_is_no_event_stream_is_an_error_that_says_so {
        for body in [&br#"{"error":"unauthorized"}"#[..], br#"{"jsonrpc":"2.0","#, b"[]",
                     b"<html>502</html>", b"upstream is down"] {
            for delivery in [Whole, Bytes] {
                let failure = call(EVENT_STREAM, body, delivery).unwrap_err();
                assert_eq!((failure.status, failure.http_status), (MCP_E_PROTOCOL, 200));
                let words = "labelled text/event-stream but is not an event stream";
                assert!(failure.message.contains(words), "{}", failure.message);
                let head = String::from_utf8_lossy(body.get(..5).unwrap_or(body)).into_owned();
                assert!(failure.message.contains(&head), "{}", failure.message);
            }
        }
        // It is the response, and cannot be read.
        let failure = call(EVENT_STREAM, br#"{"jsonrpc":"2.0","id":$ID,"result":{"x":NaN}}"#, Whole)
            .unwrap_err();
        assert_eq!(failure.status, MCP_E_PROTOCOL);
        assert!(failure.message.contains("malformed"), "{}", failure.message);
    }

    event_stream_with_the_label_of_json_is_taken {
        for body in [STREAM, STREAM.trim_ascii_end(),
                     b": hello\n\nid: 1\ndata: {\"type\":\"heartbeat\"}\n\ndata: [{\"jsonrpc\":\"2.0\",\ndata: \"id\":$ID,\"result\":{}}]\n\n"] {
            for delivery in [Whole, Bytes] {
                call(JSON, body, delivery)
                    .unwrap_or_else(|failure| panic!("{delivery:?}: {}", failure.message));
            }
        }
        let failure = call(JSON, b"data: {\"type\":\"heartbeat\"}\n\n", Whole).unwrap_err();
        assert_eq!(failure.status, MCP_E_PROTOCOL);
        assert!(failure.message.contains("malformed"), "{}", failure.message);
    }

    answer_of_another_media_type_is_taken {
        for media in OTHER_TYPES {
            for body in [RESULT, STREAM] {
                for delivery in [Whole, Bytes, Open] {
                    call(media, body, delivery)
                        .unwrap_or_else(|failure| panic!("{media}, {delivery:?}: {}", failure.message));
                }
            }
            for id in ["$ID", "null", "\"err_1\""] {
                let error = format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32603,"message":"upstream is down"}}}}"#
                );
                let failure = call(media, error.leak().as_bytes(), Whole).unwrap_err();
                assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32603), "{media} {id}");
                assert!(failure.message.contains("upstream is down") && failure.may_have_run);
            }
        }
    }

    body_of_another_media_type_that_is_no_answer_is_an_error_that_names_it {
        for media in OTHER_TYPES {
            for body in [&b"<html>hello</html>"[..], b"", b"OK", br#"{"error":"unauthorized"}"#, b"{", b"data",
                         b"data: x\n\n"] {
                for delivery in [Whole, Bytes] {
                    let failure = call(media, body, delivery).unwrap_err();
                    assert_eq!((failure.status, failure.http_status), (MCP_E_PROTOCOL, 200));
                    let words = if media == NONE { "a body of no type" } else { media };
                    assert!(failure.message.contains(words), "{}", failure.message);
                    assert!(failure.may_have_run);
                }
            }
            // The first bytes decide: the rest is not waited for.
            let failure = call(media, b"<html>", Open).unwrap_err();
            assert_eq!(failure.status, MCP_E_PROTOCOL);
        }
    }

    body_without_a_label_counts_against_the_message_limit {
        for media in [EVENT_STREAM, NONE] {
            let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{{\"x\":\"{}\"}}}}", "x".repeat(50_000));
            let (client, _server) = served(media, body.leak().as_bytes(), Whole);
            client.set_max_message_size(20_000);
            let failure = client.request("x/case", None).unwrap().perform().map(drop).unwrap_err();
            assert_eq!(failure.status, MCP_E_TOO_LARGE, "{media}: {}", failure.message);
            client.ping().unwrap();
        }
    }
}
