//! Bodies with a content coding, on every carrier of HTTP: decoded if it is gzip
//! or deflate, refused by name otherwise, and never beyond the limit.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use behaviour::authority::{Scene, Step};
use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, EventLog, Failure, HttpServer, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::pipe::pipe;
use mcp_test_server::{Action, Server};
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use serde_json::{Value, json};

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream";
const MEBIBYTE: usize = 1024 * 1024;

type Encode = fn(&[u8]) -> Vec<u8>;

/// The values of Content-Encoding, and a body for each.
const CODINGS: &[(&str, Encode)] = &[
    ("gzip", gzip),
    ("x-gzip", gzip),
    ("GZip", gzip),
    ("deflate", zlib),
    ("deflate", raw),
    ("gzip", gzip_with_every_field),
    ("gzip", gzip_in_two_members),
    ("gzip", gzip_before_junk),
    ("gzip", stored_gzip),
    ("identity, gzip", gzip),
    ("identity", <[u8]>::to_vec),
    ("Identity", <[u8]>::to_vec),
    ("", <[u8]>::to_vec),
];

fn raw(text: &[u8]) -> Vec<u8> {
    compress_to_vec(text, 9)
}

fn zlib(text: &[u8]) -> Vec<u8> {
    compress_to_vec_zlib(text, 9)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    member(0, &[], &raw(text), text)
}

fn gzip_with_every_field(text: &[u8]) -> Vec<u8> {
    member(4 | 8 | 16, b"\x03\0abcname\0comment\0", &raw(text), text)
}

fn gzip_in_two_members(text: &[u8]) -> Vec<u8> {
    let (one, two) = text.split_at(text.len() / 2);
    [gzip(one), gzip(two)].concat()
}

fn gzip_before_junk(text: &[u8]) -> Vec<u8> {
    [&gzip(text)[..], b"\0\0\0junk"].concat()
}

fn stored_gzip(text: &[u8]) -> Vec<u8> {
    let blocks = [&block(text)[..], &[1, 0, 0, 0xff, 0xff]].concat();
    member(0, &[], &blocks, text)
}

/// A block of DEFLATE data that is not compressed: it can be decoded at once.
fn block(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), text].concat()
}

const GZIP_HEAD: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

fn member(flags: u8, fields: &[u8], data: &[u8], text: &[u8]) -> Vec<u8> {
    let mut out = GZIP_HEAD.to_vec();
    out[3] = flags;
    out.extend_from_slice(fields);
    out.extend_from_slice(data);
    out.extend_from_slice(&crc(text).to_le_bytes());
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out
}

/// A text that is large when it is decoded. Nothing reads it to its end, so its
/// checksum does not matter.
fn bomb(coding: &str, text: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => [GZIP_HEAD, &compress_to_vec(text, 1)].concat(),
        "zlib" => compress_to_vec_zlib(text, 1),
        _ => compress_to_vec(text, 1),
    }
}

fn crc(text: &[u8]) -> u32 {
    !text.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * 0xedb8_8320))
    })
}

/// A whole reply with its body encoded.
fn encoded(reply: &[u8], coding: &str, encode: Encode) -> Vec<u8> {
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&reply[..end]).unwrap();
    let body = encode(&reply[end + 4..]);
    let mut out = String::new();
    for line in head.split("\r\n").filter(|line| !line.starts_with("content-length")) {
        out.push_str(&format!("{line}\r\n"));
    }
    out.push_str(&format!("content-encoding: {coding}\r\ncontent-length: {}\r\n\r\n", body.len()));
    [out.as_bytes(), &body].concat()
}

/// A correct server whose JSON bodies are all encoded, those without a byte too.
fn encoding_server(config: Config, coding: &'static str, encode: Encode) -> HttpServer {
    HttpServer::before(config, move |_, mcp, request| {
        let encode = |action| match action {
            Action::Send(reply) => {
                let is_empty = reply.ends_with(b"\r\n\r\n");
                let encode = if is_empty { <[u8]>::to_vec } else { encode };
                Action::Send(encoded(&reply, coding, encode))
            }
            other => other,
        };
        mcp.handle(request).into_iter().map(encode).collect()
    })
}

fn hello() -> Value {
    json!({"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}})
}

fn message(request: &Request) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": request.id(), "result": hello()}).to_string().into_bytes()
}

fn event(request: &Request) -> Vec<u8> {
    [b"data: ", &message(request)[..], b"\n\n"].concat()
}

fn reply(status: u16, media: &str, coding: &str, body: &[u8]) -> Vec<u8> {
    http::reply(status, &[("content-type", media), ("content-encoding", coding)], body)
}

/// How a ping ends whose response is `answer`. The next one must succeed.
fn ends(
    limit: usize,
    answer: impl Fn(&Request) -> Vec<Action> + Send + Sync + 'static,
) -> Result<(), Failure> {
    let server = Server::start(move |request| match request.number {
        1 => answer(request),
        _ => vec![Action::Send(http::result(request, hello()))],
    });
    let client = Client::of(&server.url("/mcp"));
    client.set_max_message_size(limit);
    client.ping().unwrap();
    let start = Instant::now();
    let found = client.ping_once();
    assert!(start.elapsed() < AT_ONCE, "{found:?} after {:?}", start.elapsed());
    client.ping().unwrap();
    found
}

#[track_caller]
fn fails(
    status: i32,
    words: &str,
    answer: impl Fn(&Request) -> Vec<Action> + Send + Sync + 'static,
) {
    let failure = ends(MEBIBYTE, answer).unwrap_err();
    assert_eq!(failure.status, status, "{words}: {}", failure.message);
    assert!(failure.message.contains(words), "{words}: {}", failure.message);
    assert!(failure.may_have_run, "{words}");
}

fn cut_gzip(text: &[u8]) -> Vec<u8> {
    let mut out = gzip(&text[..100]);
    out.pop();
    out
}

/// Every message of a server was accepted with this coding.
fn check_accepted(served: &HttpServer, coding: &str) {
    let requests = served.log().requests();
    for method in ["POST", "GET", "DELETE"] {
        assert!(requests.iter().any(|request| request.method == method), "no {method}");
    }
    for request in requests {
        assert_eq!(request.header("accept-encoding"), Some(coding), "{}", request.method);
    }
}

/// A proxy whose tunnels all end at one port.
fn proxy_to(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                match client.read(&mut byte) {
                    Ok(1) => head.push(byte[0]),
                    _ => break,
                }
            }
            let _ = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            for (mut from, mut to) in
                [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
            {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    proxy
}

/// A server over HTTP with SSE whose event stream is encoded.
fn sse_server() -> Server {
    let (pipe, feed) = pipe();
    pipe.send(stream("gzip"));
    pipe.send(http::chunk(GZIP_HEAD));
    let say = move |event: &[u8]| pipe.send(http::chunk(&block(event)));
    say(b"event: endpoint\ndata: /messages\n\n");
    Server::start(move |request| match (request.method.as_str(), request.path()) {
        ("GET", "/sse") => vec![Action::Feed(feed.clone())],
        ("POST", "/messages") => {
            let result = match request.rpc_method().as_str() {
                "initialize" => json!({"protocolVersion": "2024-11-05", "capabilities": {},
                                       "serverInfo": {"name": "s", "version": "1"}}),
                _ => json!({}),
            };
            let message = json!({"jsonrpc": "2.0", "id": request.id(), "result": result});
            if request.id() != Value::Null {
                say(format!("event: message\ndata: {message}\n\n").as_bytes());
            }
            vec![Action::Send(http::reply(202, &[("content-encoding", "gzip")], b""))]
        }
        _ => vec![Action::Send(http::reply(405, &[], b""))],
    })
}

/// The head of an encoded event stream in chunks.
fn stream(coding: &str) -> Vec<u8> {
    http::stream_head(&[("content-encoding", coding)])
}

tests! {
    json_bodies_are_decoded_whether_or_not_it_was_asked_for {
        for (coding, encode) in CODINGS {
            for config in [Config::stateless(Offer::default()), Config::handshake(Offer::default())] {
                let served = encoding_server(config, coding, *encode);
                let client = served.client();
                client.ping().unwrap_or_else(|failure| panic!("{coding}: {}", failure.message));
                client.list_tools().unwrap();
                // A decoded body leaves its connection fit for the next request.
                let requests = served.log().requests();
                assert!(requests.iter().all(|request| request.connection == 0), "{coding}");
                served.has_no_complaint();
            }
        }
    }

    decoded_body_may_be_larger_than_its_length_but_not_than_the_limit {
        let padded = |size: usize| {
            let blanks = vec![b' '; size];
            // Two members: the second one has the blanks.
            let blanks = [GZIP_HEAD, &raw(&blanks), &crc(&blanks).to_le_bytes(),
                          &(size as u32).to_le_bytes()].concat();
            move |request: &Request| {
                let body = [&gzip(&message(request))[..], &blanks].concat();
                vec![Action::Send(reply(200, JSON, "gzip", &body))]
            }
        };
        ends(MEBIBYTE, padded(MEBIBYTE - 200)).unwrap();
        for size in [MEBIBYTE, 16 * MEBIBYTE] {
            let failure = ends(MEBIBYTE, padded(size)).unwrap_err();
            assert_eq!(failure.status, MCP_E_TOO_LARGE, "{}", failure.message);
            assert!(failure.message.contains("MCP_LIMIT_MESSAGE_SIZE"));
        }
        // The encoded form of a body may be larger than the body.
        let failure = ends(300, |request| {
            let body = message(request);
            assert!(body.len() < 300 && stored_gzip(&[&body[..], &[b' '; 170]].concat()).len() > 300);
            let body = [&body[..], &vec![b' '; 299 - body.len()]].concat();
            vec![Action::Send(reply(200, JSON, "gzip", &stored_gzip(&body)))]
        });
        failure.unwrap();
    }

    bomb_in_chunks_is_too_large {
        for (coding, kind) in [("gzip", "gzip"), ("deflate", "zlib"), ("deflate", "raw")] {
            let bomb = bomb(kind, &vec![b' '; 32 * MEBIBYTE]);
            fails(MCP_E_TOO_LARGE, "reply of more than", move |_| {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                     content-encoding: {coding}\r\ntransfer-encoding: chunked\r\n\r\n"
                );
                let mut out = vec![Action::Send(head.into_bytes())];
                out.extend(bomb.chunks(500).map(|piece| Action::Send(http::chunk(piece))));
                out.push(Action::Hang);
                out
            });
        }
    }

    bomb_in_an_event_stream_is_too_large {
        let comments = || b": nothing\n".repeat(8 * MEBIBYTE);
        let line = || [b": ", &vec![b'x'; 32 * MEBIBYTE][..]].concat();
        let data = || b"data: [\n".repeat(4 * MEBIBYTE);
        let empty = || b"\n".repeat(32 * MEBIBYTE);
        for text in [comments(), line(), data(), empty()] {
            let body = bomb("gzip", &text);
            fails(MCP_E_TOO_LARGE, "event", move |_| {
                let body = body.clone();
                vec![Action::Send(stream("gzip")), Action::Send(http::chunk(&body)), Action::Hang]
            });
        }
    }

    bomb_in_an_error_is_not_decoded_to_its_end {
        for status in [400, 500, 503] {
            let start = Instant::now();
            let bomb = bomb("gzip", &[&b"the words"[..], &vec![b' '; 64 * MEBIBYTE]].concat());
            let failure = ends(MEBIBYTE, move |_| {
                vec![Action::Send(reply(status, "text/plain", "gzip", &bomb))]
            })
            .unwrap_err();
            assert_eq!(failure.http_status, i32::from(status));
            assert!(failure.message.contains("the words"), "{}", failure.message);
            assert!(start.elapsed() < AT_ONCE);
        }
    }

    rest_of_a_bomb_after_the_response_is_not_decoded {
        // The response ends the call; the rest is read for the connection's sake.
        for rest in [8 * MEBIBYTE, 100] {
            let rest = gzip(&vec![b'\n'; rest]);
            ends(MEBIBYTE, move |request| {
                let body = [&gzip(&event(request))[..], &rest].concat();
                vec![Action::Send(reply(200, EVENT_STREAM, "gzip", &body))]
            })
            .unwrap();
        }
    }

    damaged_and_cut_data_is_an_error_that_names_the_coding {
        for (coding, encode) in [("gzip", gzip as Encode), ("deflate", zlib), ("deflate", raw)] {
            let sample = encode(br#"{"jsonrpc":"2.0","id":2,"result":{}}"#);
            let step = (sample.len() / 12).max(1);
            for cut in (1..sample.len()).step_by(step) {
                fails(MCP_E_PROTOCOL, coding, move |request| {
                    let body = encode(&message(request));
                    vec![Action::Send(reply(200, JSON, coding, &body[..cut]))]
                });
            }
            // The end of the connection is the end of the body.
            fails(MCP_E_PROTOCOL, coding, move |request| {
                let body = encode(&message(request));
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                     content-encoding: {coding}\r\n\r\n"
                );
                vec![Action::Send([head.as_bytes(), &body[..body.len() - 1]].concat()), Action::Close]
            });
            for body in [&b"{\"jsonrpc\":\"2.0\"}"[..], b"\xff\xff\xff\xff\xff", b"junk"] {
                fails(MCP_E_PROTOCOL, coding, move |_| {
                    vec![Action::Send(reply(200, JSON, coding, body))]
                });
            }
        }
        for at in [1, 9] {
            fails(MCP_E_PROTOCOL, "gzip", move |request| {
                let mut body = gzip(&message(request));
                let at = body.len() - at;
                body[at] ^= 1;
                vec![Action::Send(reply(200, JSON, "gzip", &body))]
            });
        }
        fails(MCP_E_PROTOCOL, "gzip", |request| {
            let body = gzip(&[b": one\n\n", &event(request)[..]].concat());
            vec![Action::Send(reply(200, EVENT_STREAM, "gzip", &body[..body.len() / 2]))]
        });
    }

    cut_event_stream_is_no_answer_and_names_the_coding {
        fails(MCP_E_PROTOCOL, "gzip", |_| {
            let part = [GZIP_HEAD, &block(b": one\n\n")].concat();
            vec![Action::Send(stream("gzip")), Action::Send(http::chunk(&part)),
                 Action::Send(http::LAST_CHUNK.to_vec())]
        });
        fails(MCP_E_PROTOCOL, "gzip", |_| {
            vec![Action::Send(stream("gzip")), Action::Send(http::chunk(b"data: {}\n\n")), Action::Hang]
        });
    }

    other_codings_are_refused_by_name {
        for field in ["br", "zstd", "compress", "dcb", "gzip, gzip", "deflate, gzip", "gzip, br"] {
            for media in [JSON, EVENT_STREAM] {
                fails(MCP_E_PROTOCOL, &format!("\"{field}\""), move |request| {
                    let body = if media == JSON { message(request) } else { event(request) };
                    vec![Action::Send(reply(200, media, field, &body))]
                });
            }
        }
        fails(MCP_E_PROTOCOL, "\"gzip, br\"", |request| {
            let fields = [("content-type", JSON), ("content-encoding", "gzip"), ("content-encoding", "br")];
            vec![Action::Send(http::reply(200, &fields, &message(request)))]
        });
    }

    errors_are_decoded_and_keep_their_status {
        for (coding, encode) in [("gzip", gzip as Encode), ("deflate", zlib), ("deflate", raw)] {
            let failure = ends(MEBIBYTE, move |request| {
                let error = json!({"jsonrpc": "2.0", "id": request.id(),
                                   "error": {"code": -32050, "message": "the words"}});
                vec![Action::Send(reply(400, JSON, coding, &encode(error.to_string().as_bytes())))]
            })
            .unwrap_err();
            assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32050), "{}", failure.message);
            assert!(failure.message.contains("the words"), "{}", failure.message);
            let failure = ends(MEBIBYTE, move |_| {
                vec![Action::Send(reply(500, "text/plain", coding, &encode(b"the words")))]
            })
            .unwrap_err();
            assert_eq!(failure.status, MCP_E_SERVER);
            assert!(failure.message.contains("the words"), "{}", failure.message);
        }
        // The status says more than a body that cannot be read.
        for (coding, body, words) in [("br", &b"\x0b\x02"[..], "\"br\""), ("gzip", b"junk", "gzip")] {
            let failure = ends(MEBIBYTE, move |_| {
                vec![Action::Send(reply(500, JSON, coding, body))]
            })
            .unwrap_err();
            assert_eq!(failure.status, MCP_E_SERVER);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    event_is_delivered_as_soon_as_it_can_be_decoded {
        // The stream stays open after the response.
        for (coding, head) in [("gzip", GZIP_HEAD), ("deflate", &[0x78, 0x9c]), ("deflate", &[])] {
            ends(MEBIBYTE, move |request| {
                let body = [head, &block(b": one\n\n"), &block(&event(request))].concat();
                vec![Action::Send(stream(coding)), Action::Send(http::chunk(&body)), Action::Hang]
            })
            .unwrap();
            // Byte by byte.
            ends(MEBIBYTE, move |request| {
                let body = [head, &block(&event(request))].concat();
                let chunks = body.iter().flat_map(|byte| http::chunk(&[*byte])).collect();
                vec![Action::Send(stream(coding)), Action::Send(chunks), Action::Hang]
            })
            .unwrap();
        }
        ends(MEBIBYTE, |request| {
            vec![Action::Send(reply(200, EVENT_STREAM, "gzip", &gzip(&event(request))))]
        })
        .unwrap();
    }

    encoded_notification_stream_delivers_each_event_at_once {
        let served = HttpServer::before(Config::handshake(Offer::default()), |_, mcp, request| {
            if request.method != "GET" {
                return mcp.handle(request);
            }
            let changed = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"});
            let event = block(format!("data: {changed}\n\n").as_bytes());
            let mut out = vec![Action::Send(stream("gzip")), Action::Send(http::chunk(GZIP_HEAD))];
            for _ in 0..3 {
                out.push(Action::Send(http::chunk(&event)));
                out.push(Action::Pause(Duration::from_millis(50)));
            }
            out.push(Action::Hang);
            out
        });
        let client = served.client();
        let heard = EventLog::by(&client);
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 3);
        client.ping().unwrap();
    }

    many_events_in_one_piece_are_all_delivered {
        // More than the window of the decoder, in one small piece, and no byte
        // after it that would wake a reader.
        const COUNT: usize = 2000;
        let served = HttpServer::before(Config::handshake(Offer::default()), |_, mcp, request| {
            if request.method != "GET" {
                return mcp.handle(request);
            }
            let changed = json!({"jsonrpc": "2.0", "method": "notifications/message",
                                 "params": {"level": "info", "data": "x".repeat(100)}});
            let events = format!("data: {changed}\n\n").repeat(COUNT);
            let body = gzip(events.as_bytes());
            assert!(body.len() < 4000, "{}", body.len());
            vec![Action::Send(stream("gzip")), Action::Send(http::chunk(&body[..body.len() - 8])),
                 Action::Hang]
        });
        let client = served.client();
        let heard = EventLog::by(&client);
        client.listen(MCP_EVENT_LOG).unwrap();
        heard.awaits(&client, MCP_EVENT_LOG, 1000);
    }

    http_with_sse_is_decoded {
        let server = sse_server();
        let client = Client::of(&server.url("/sse"));
        client.ping().unwrap();
        client.ping().unwrap();
    }

    empty_bodies_need_no_decoding {
        for (status, coding, framing) in [
            (202, "gzip", "content-length: 0"),
            (202, "br", "content-length: 0"),
            (204, "gzip", "x: y"),
            (204, "br", "x: y"),
            (202, "gzip", "transfer-encoding: chunked"),
        ] {
            let served = HttpServer::before(Config::handshake(Offer::default()), move |_, mcp, request| {
                if request.rpc_method() != "notifications/initialized" {
                    return mcp.handle(request);
                }
                mcp.handle(request);
                let end = if framing.ends_with("chunked") { "0\r\n\r\n" } else { "" };
                let reply = format!(
                    "HTTP/1.1 {status} X\r\ncontent-encoding: {coding}\r\n{framing}\r\n\r\n{end}"
                );
                vec![Action::Send(reply.into_bytes())]
            });
            let client = served.client();
            client.ping().unwrap_or_else(|failure| panic!("{coding} {framing}: {}", failure.message));
            client.ping().unwrap();
            assert_eq!(served.log().connections(), 1, "{coding} {framing}");
        }
        // The body of an acknowledgement is of no interest.
        let served = HttpServer::before(Config::handshake(Offer::default()), move |_, mcp, request| {
            let replies = mcp.handle(request);
            match request.rpc_method().as_str() {
                "notifications/initialized" => vec![Action::Send(reply(202, JSON, "br", b"ok"))],
                _ => replies,
            }
        });
        served.client().ping().unwrap();
    }

    loopback_is_asked_for_identity_and_other_servers_for_gzip_and_deflate {
        let served = HttpServer::handshake();
        let client = served.client();
        let _heard = EventLog::by(&client);
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        client.ping().unwrap();
        client.close();
        check_accepted(&served, "identity");
        for url in ["http://mcp.example:8000/mcp", "http://192.0.2.1/mcp"] {
            let served = HttpServer::handshake();
            let proxy = proxy_to(served.server.address().port());
            let client = Client::of(url);
            client.set_proxy(&format!("http://127.0.0.1:{proxy}")).unwrap();
            let _heard = EventLog::by(&client);
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            client.ping().unwrap();
            client.close();
            check_accepted(&served, "gzip, deflate");
        }
    }

    documents_of_a_sign_in_are_decoded {
        for (coding, encode) in [("gzip", gzip as Encode), ("deflate", zlib), ("deflate", raw)] {
            let scene = Scene::new();
            scene.authority.rewrite(move |reply| encoded(reply, coding, encode));
            let resource = json!({"resource": scene.guarded.url(),
                                  "authorization_servers": [scene.authority.issuer()]});
            let resource = encoded(&http::json(200, &resource), coding, encode);
            scene.guarded.set(|wall| wall.metadata_reply = Some(vec![Action::Send(resource)]));
            let (client, ..) = scene.signed_in();
            client.ping().unwrap();
            assert_eq!(scene.authority.count(Step::Register), 1);
            for request in scene.authority.log().requests() {
                if request.path() != "/authorize" {
                    assert_eq!(request.header("accept-encoding"), Some("identity"));
                }
            }
            scene.authority.expire();
            client.ping().unwrap();
            assert_eq!(scene.authority.count(Step::Refresh), 1);
        }
        // Errors, bombs and damage are what they are without a coding.
        for (encode, words) in [(gzip as Encode, "more than 262144 bytes"), (cut_gzip, "gzip")] {
            let scene = Scene::new();
            let text = [&b"{\"issuer\":\""[..], &vec![b'x'; MEBIBYTE]].concat();
            let bomb = encoded(&http::reply(200, &[("content-type", JSON)], &text), "gzip", encode);
            scene.authority.inject_always(Step::Token, vec![Action::Send(bomb)]);
            let (auth, _browser) = scene.person();
            let failure = scene.failure(scene.client(&auth).ping());
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
}
