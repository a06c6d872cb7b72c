//! Servers that are broken or hostile: each call ends in an error or in its own
//! result, and the next call works.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use behaviour::constants::*;
use behaviour::{Client, Failure, SOON, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::{Action, Gate, Server, await_true};
use serde_json::{Value, json};

const MCP_E_INTERNAL: i32 = 8;

fn hello() -> Value {
    json!({"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}})
}

fn pong(request: &Request) -> Vec<u8> {
    http::result(request, hello())
}

fn message(request: &Request) -> Value {
    json!({"jsonrpc": "2.0", "id": request.id(), "result": hello()})
}

fn stream(request: &Request) -> Vec<u8> {
    let mut out = http::stream_head(&[]);
    out.extend_from_slice(&http::event(&message(request)));
    out.extend_from_slice(http::LAST_CHUNK);
    out
}

/// A reply of JSON after head lines of one's own.
fn with_head(lines: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{lines}\r\n\r\n")
        .into_bytes();
    out.extend_from_slice(body);
    out
}

/// What comes of one such reply to a client that is connected. The client
/// must work afterwards.
fn outcome_of(
    reply: impl Fn(&Request) -> Vec<Action> + Send + Sync + 'static,
) -> Result<(), Failure> {
    let is_odd = Arc::new(AtomicBool::new(false));
    let flag = is_odd.clone();
    let server = Server::start(move |request| {
        if flag.swap(false, Ordering::SeqCst) {
            return reply(request);
        }
        vec![Action::Send(pong(request))]
    });
    let client = Client::new(&server.url("/mcp"), None).unwrap();
    client.set_timeout(60_000);
    client.ping().unwrap();
    is_odd.store(true, Ordering::SeqCst);
    let outcome = client.ping_once();
    if let Err(failure) = &outcome {
        assert_ne!(failure.status, MCP_E_INTERNAL, "{}", failure.message);
    }
    client.ping().expect("usable afterwards");
    outcome
}

fn is_refused(
    what: &str,
    status: i32,
    reply: impl Fn(&Request) -> Vec<Action> + Send + Sync + 'static,
) {
    let failure = outcome_of(reply).expect_err(what);
    assert_eq!(failure.status, status, "{what}: {}", failure.message);
}

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// The processor time that this thread has used.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A few bytes changed, removed, doubled or put in.
fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    const PIECES: [&[u8]; 12] = [
        b"\r\n",
        b"\n",
        b"\0",
        b"\xff",
        b"{",
        b"]",
        b"\"",
        b"data:",
        b"0\r\n\r\n",
        b"-1",
        b"content-length: 3\r\n",
        b"\xef\xbb\xbf",
    ];
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        match numbers.below(4) {
            0 => bytes[at] = numbers.below(256) as u8,
            1 => {
                let end = (at + 1 + numbers.below(8)).min(bytes.len());
                if end - at < bytes.len() {
                    bytes.drain(at..end);
                }
            }
            2 => {
                let end = (at + 1 + numbers.below(30)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                let piece = PIECES[numbers.below(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
}

/// A thousand replies with mistakes in them, each then closed.
fn survives_mutations(config: Option<Config>, seed: u64) {
    let numbers = Arc::new(Mutex::new(Numbers(seed)));
    let is_odd = Arc::new(AtomicBool::new(false));
    let (flag, shared) = (is_odd.clone(), numbers.clone());
    let last = Arc::new(Mutex::new(Vec::new()));
    let shown = last.clone();
    let mcp = Mcp::new(config.clone().unwrap_or_default());
    let server = Server::start(move |request| {
        let mut actions = if config.is_some() {
            mcp.handle(request)
        } else {
            vec![Action::Send(stream(request))]
        };
        if flag.swap(false, Ordering::SeqCst)
            && let Some(Action::Send(bytes)) = actions.first_mut()
        {
            mutate(bytes, &mut shared.lock().unwrap());
            *last.lock().unwrap() = bytes.clone();
            actions.push(Action::Close);
        }
        actions
    });
    let mut client = Client::of(&server.url("/mcp"));
    client.ping().unwrap();
    for round in 0..1000 {
        if round % 4 == 0 {
            // The answers of the negotiation are changed as well.
            client = Client::of(&server.url("/mcp"));
        }
        is_odd.store(true, Ordering::SeqCst);
        let outcome = client.ping();
        let text = || String::from_utf8_lossy(&shown.lock().unwrap()).into_owned();
        if let Err(failure) = outcome {
            assert!(
                failure.status != MCP_E_INTERNAL && failure.status != MCP_E_TIMEOUT,
                "round {round}: {}\n{}",
                failure.message,
                text()
            );
        }
        is_odd.store(false, Ordering::SeqCst);
        if let Err(failure) = client.ping() {
            panic!("after round {round}: {}\n{}", failure.message, text());
        }
    }
}

tests! {
    mutated_json_responses_leave_the_client_usable {
        survives_mutations(Some(Config { handshake: vec![], ..Config::default() }), 0x9E37_79B9);
    }

    mutated_stream_responses_leave_the_client_usable {
        survives_mutations(None, 0x2545_F491);
    }

    mutated_handshakes_leave_the_client_usable {
        survives_mutations(Some(Config { is_stateless: false, ..Config::default() }), 0x1234_5678);
    }

    extra_response_is_not_taken_for_the_next_one {
        // A second reply right behind the first, with the id that comes next.
        let server = Server::start(|request| {
            let next = json!({"jsonrpc": "2.0", "id": request.id().as_i64().unwrap() + 1,
                "error": {"code": -31000, "message": "smuggled"}});
            let mut out = pong(request);
            out.extend_from_slice(&http::json(200, &next));
            vec![Action::Send(out)]
        });
        let client = Client::of(&server.url("/mcp"));
        for _ in 0..10 {
            client.ping().unwrap();
        }
    }

    response_between_requests_is_not_taken_for_the_next_one {
        let gates: Arc<Mutex<Vec<Gate>>> = Arc::default();
        let sent = gates.clone();
        let server = Server::start(move |request| {
            let next = json!({"jsonrpc": "2.0", "id": request.id().as_i64().unwrap() + 1,
                "error": {"code": -31000, "message": "smuggled"}});
            let gate = Gate::default();
            sent.lock().unwrap().push(gate.clone());
            vec![Action::Send(pong(request)), Action::Pause(Duration::from_millis(5)),
                 Action::Send(http::json(200, &next)), Action::Open(gate)]
        });
        let client = Client::of(&server.url("/mcp"));
        for _ in 0..5 {
            client.ping().unwrap();
            // After the next request nobody can tell it from the answer.
            let is_sent = || gates.lock().unwrap().iter().all(Gate::is_open);
            assert!(await_true(SOON, is_sent));
        }
    }

    endless_interim_responses_are_an_error {
        let failure = outcome_of(|_| vec![
            Action::Endless(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100)),
        ]).unwrap_err();
        assert!([MCP_E_TOO_LARGE, MCP_E_PROTOCOL, MCP_E_TIMEOUT].contains(&failure.status));
        is_refused("101", MCP_E_HTTP, |_| vec![
            Action::Send(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n".to_vec()),
            Action::Hang,
        ]);
    }

    contradictory_or_overflowing_content_length_is_refused {
        let long = "9".repeat(40);
        for lines in [
            "content-length: 5\r\ntransfer-encoding: chunked".to_owned(),
            "content-length: 5, 6".to_owned(),
            "content-length: -1".to_owned(),
            "content-length: +5".to_owned(),
            "content-length: 0x5".to_owned(),
            "content-length: ".to_owned(),
            format!("content-length: {long}"),
            "transfer-encoding: gzip, chunked".to_owned(),
            "transfer-encoding: chunked, chunked".to_owned(),
        ] {
            let shown = lines.clone();
            let failure = outcome_of(move |request| {
                let body = message(request).to_string();
                vec![Action::Send(with_head(&lines, body.as_bytes())), Action::Close]
            }).expect_err(&shown);
            assert!([MCP_E_PROTOCOL, MCP_E_TOO_LARGE].contains(&failure.status),
                "{shown}: {} {}", failure.status, failure.message);
        }
    }

    overflowing_or_endless_chunks_are_an_error {
        // So large a chunk may be announced; what was sent of it is all there is.
        let failure = outcome_of(|_| {
            let body = b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n";
            vec![Action::Send(with_head("transfer-encoding: chunked", body)), Action::Close]
        }).unwrap_err();
        assert!([MCP_E_IO, MCP_E_TOO_LARGE].contains(&failure.status), "{}", failure.message);
        for size in ["10000000000000000", "-1", "", " 5", "0x5", "5 5"] {
            is_refused(size, MCP_E_PROTOCOL, move |_| {
                let body = format!("{size}\r\nhello\r\n0\r\n\r\n");
                vec![Action::Send(with_head("transfer-encoding: chunked", body.as_bytes())),
                     Action::Close]
            });
        }
        for endless in ["0", ";x", "5;aaaa"] {
            let failure = outcome_of(move |_| vec![
                Action::Send(with_head("transfer-encoding: chunked", endless.as_bytes())),
                Action::Endless(if endless == "0" { vec![b'0'; 4000] } else { vec![b'a'; 4000] }),
            ]).expect_err(endless);
            assert!([MCP_E_PROTOCOL, MCP_E_TOO_LARGE].contains(&failure.status),
                "{endless}: {} {}", failure.status, failure.message);
        }
        let failure = outcome_of(|_| vec![
            Action::Send(with_head("transfer-encoding: chunked", b"1\r\n{\r\n0\r\n")),
            Action::Endless(b"X-Trailer: y\r\n".repeat(300)),
        ]).unwrap_err();
        assert!([MCP_E_PROTOCOL, MCP_E_TOO_LARGE].contains(&failure.status), "{}", failure.message);
    }

    deeply_nested_json_never_crashes {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for place in ["result", "error", "id", "params"] {
                let outcome = outcome_of(move |request| {
                    let inner = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
                    let id = request.id();
                    let body = match place {
                        "result" => format!(
                            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"capabilities\":{inner}}}}}"),
                        "error" => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":\
                            {{\"code\":1,\"message\":\"x\",\"data\":{inner}}}}}"),
                        "id" => format!("{{\"jsonrpc\":\"2.0\",\"id\":{inner},\"result\":{{}}}}"),
                        _ => format!("{{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{inner}}}"),
                    };
                    let headers = [("content-type", "application/json")];
                    vec![Action::Send(http::reply(200, &headers, body.as_bytes()))]
                });
                if let Err(failure) = outcome {
                    assert!([MCP_E_PROTOCOL, MCP_E_TOO_LARGE, MCP_E_RPC, MCP_E_VERSION]
                        .contains(&failure.status), "{place}: {}", failure.message);
                }
            }
        }
    }

    list_that_names_a_tool_again_and_again_is_read_once {
        // By turns with a hint and without one: what is known of the tool appears
        // and goes away each time. A reader that counts the list at each of them
        // does not end before the time limit.
        const TURNS: usize = 150_000;
        let server = Server::start(|request| {
            if request.rpc_method() != "tools/list" {
                return vec![Action::Send(pong(request))];
            }
            let with_hint = r#"{"name":"a","annotations":{"readOnlyHint":true}},{"name":"a"},"#;
            let tools = with_hint.repeat(TURNS);
            let tools = tools.trim_end_matches(',');
            let body = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"tools":[{tools}]}}}}"#,
                request.id());
            let headers = [("content-type", "application/json")];
            vec![Action::Send(http::reply(200, &headers, body.as_bytes()))]
        });
        let client = Client::of(&server.url("/mcp"));
        assert_eq!(client.list_tools().unwrap().tools().len(), 2 * TURNS);
        client.ping().unwrap();
    }

    every_spelling_of_an_event_stream_is_read {
        let forms: [fn(&str) -> String; 8] = [
            |text| format!("data:{text}\n\n"),
            |text| format!("data: {text}\r\r"),
            |text| format!("\u{feff}data: {text}\r\n\r\n"),
            |text| format!(": comment\n\nid: 1\nretry: 10\nevent: message\ndata: {text}\n\n"),
            |text| format!("id: 7\ndata:\n\ndata: {text}\n\n"),
            |text| format!("event: ping\ndata: x\n\ndata: {text}\n\n"),
            |text| format!("unknown: field\nnocolon\ndata: {text}\n\n"),
            |text| text.replace(",\"", ",\n\"").lines()
                .map(|line| format!("data: {line}\n")).collect::<String>() + "\n",
        ];
        for (number, form) in forms.into_iter().enumerate() {
            for content_type in ["text/event-stream", "Text/Event-Stream; charset=utf-8"] {
                for size in [1, 3, 100_000] {
                    outcome_of(move |request| {
                        let body = form(&message(request).to_string()).into_bytes();
                        let mut out = format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\
                            Transfer-Encoding: CHUNKED\r\n\r\n").into_bytes();
                        for part in body.chunks(size) {
                            out.extend_from_slice(&http::chunk(part));
                        }
                        out.extend_from_slice(http::LAST_CHUNK);
                        vec![Action::Send(out)]
                    }).unwrap_or_else(|failure| panic!("form {number}: {}", failure.message));
                }
            }
        }
    }

    older_forms_of_http_are_read {
        for form in [
            |body: &str| format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}"),
            |body: &str| format!("HTTP/1.1 200\r\nCONTENT-TYPE:application/json\r\n\
                Content-Length:{}\r\nConnection: close\r\n\r\n{body}", body.len()),
            |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=utf-8\
                \r\ntransfer-encoding: chunked\r\n\r\n{:X};ext=\"a b\"\r\n{body}\r\n0\r\nX: y\r\n\
                \r\n", body.len()),
        ] {
            outcome_of(move |request| {
                let out = form(&message(request).to_string());
                vec![Action::Send(out.into_bytes()), Action::Close]
            }).unwrap_or_else(|failure| panic!("{}", failure.message));
        }
    }

    disguised_redirect_does_not_leave_the_origin {
        for disguise in ["http://user@ORIGIN@OTHER/", "//OTHER/mcp", "http:\\\\OTHER/",
                         "/\\OTHER/", "https://ORIGIN/mcp", "http://localhost:PORT/mcp",
                         "", "ftp://ORIGIN/", "http://ORIGIN.example/", "http://u:p@ORIGIN/mcp",
                         "http://ORIGIN:80/mcp", "javascript:1", "http://"] {
            let other = Server::start(|_| vec![Action::Close]);
            let to = other.address().to_string();
            let count = Arc::new(AtomicUsize::new(0));
            let seen = count.clone();
            let server = Server::start(move |request| {
                seen.fetch_add(1, Ordering::SeqCst);
                if seen.load(Ordering::SeqCst) > 16 {
                    return vec![Action::Close];
                }
                let origin = request.header("host").unwrap();
                let port = origin.rsplit(':').next().unwrap();
                let target = disguise.replace("ORIGIN", origin).replace("OTHER", &to)
                    .replace("PORT", port);
                vec![Action::Send(http::reply(307, &[("location", &target)], b""))]
            });
            let client = Client::new(&server.url("/mcp"), Some("t0ken-of-mine")).unwrap();
            client.set_timeout(60_000);
            let failure = client.ping().expect_err(disguise);
            assert_eq!(failure.status, MCP_E_REDIRECT, "{disguise}: {}", failure.message);
            assert!(!failure.everything().contains("t0ken"));
            assert_eq!(other.log().connections(), 0, "{disguise}");
        }
    }

    secret_at_the_end_of_an_excerpt_is_redacted {
        // The excerpt has a bound: it may not fall into the secret.
        for before in (0..700).step_by(3) {
            let server = Server::start(move |request| {
                let sent = request.header("authorization").unwrap_or_default();
                let body = format!("{}{sent}{}", ".".repeat(before), ".".repeat(700));
                vec![Action::Send(http::reply(500, &[], body.as_bytes()))]
            });
            let client = Client::new(&server.url("/mcp"), Some("s3cr3t-token-of-mine")).unwrap();
            client.pin("2026-07-28").unwrap();
            let failure = client.ping().unwrap_err();
            assert!(!failure.everything().contains("s3cr3t"),
                "after {before}: {}", failure.message);
        }
    }

    partly_shown_long_secret_is_redacted {
        // Tokens of a thousand bytes are usual; an excerpt is shorter.
        type Place = fn(&Request, &str) -> Vec<u8>;
        let places: [(&str, Place); 6] = [
            ("text", |_, sent| http::reply(500, &[("content-type", "text/plain")],
                sent.as_bytes())),
            ("challenge", |_, sent| http::reply(401, &[("www-authenticate",
                &format!("Bearer error=\"{sent}\", error_description=\"{sent}\""))], sent.as_bytes())),
            ("error", |request, sent| http::json(400, &json!({"jsonrpc": "2.0",
                "id": request.id(), "error": {"code": -1, "message": sent,
                "data": {"sent": sent}}}))),
            ("media", |_, sent| http::reply(200, &[("content-type", sent)], b"x")),
            ("location", |_, sent| http::reply(307, &[("location", sent)], b"")),
            ("encoding", |_, sent| with_head(&format!("content-encoding: {sent}"), b"")),
        ];
        for length in [150, 300, 1000, 5000] {
            for (name, place) in places {
                let server = Server::start(move |request| {
                    let sent = request.header("authorization").unwrap_or_default().to_owned();
                    vec![Action::Send(place(request, &sent)), Action::Close]
                });
                let token = format!("s3cr3t-{}", "x".repeat(length));
                let client = Client::new(&server.url("/mcp"), Some(&token)).unwrap();
                client.pin("2026-07-28").unwrap();
                let failure = client.ping().unwrap_err();
                assert!(!failure.everything().contains("s3cr3t"),
                    "{name} of {length}: {failure:?}");
            }
        }
    }

    secret_in_json_escapes_is_redacted {
        for (token, spelling) in [
            ("s3cr3t/token/of/mine", "s3cr3t\\/token\\/of\\/mine"),
            ("s3cr3t-token-of-mine", "\\u0073\\u0033cr3t-token-of-mine"),
        ] {
            let server = Server::start(move |request| {
                let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{{\"code\":-1,\
                    \"message\":\"{spelling}\",\"data\":{{\"sent\":\"{spelling}\"}}}}}}",
                    request.id());
                let headers = [("content-type", "application/json")];
                vec![Action::Send(http::reply(200, &headers, body.as_bytes()))]
            });
            let client = Client::new(&server.url("/mcp"), Some(token)).unwrap();
            client.pin("2026-07-28").unwrap();
            let failure = client.ping().unwrap_err();
            assert!(!failure.message.contains("cr3t"), "{}", failure.message);
            // In data a reader of JSON would see the token again.
            let data: Value = serde_json::from_str(failure.data.as_deref().unwrap()).unwrap();
            assert!(!data.to_string().contains("s3cr3t"), "{data}");
        }
    }

    secret_in_error_data_of_any_form_is_redacted_fast {
        let token = format!("{}z", "ab".repeat(500));
        let letters = |piece: &str| format!("\"{}\"", piece.repeat(900_000 / piece.len()));
        let nested = |depth: usize, inner: &str| {
            format!("{}\"{inner}\"{}", "[".repeat(depth), "]".repeat(depth))
        };
        let spelled: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        let forms = [
            letters("ab"),
            letters("."),
            letters("abab..."),
            letters("\\u0061b"),
            letters("\\\\"),
            letters(&format!("{}...", &token[..990])),
            letters(&format!("{token}...")),
            format!("[{}\"\"]", "\"abab...\",".repeat(80_000)),
            nested(10, &spelled),
            nested(100, &spelled),
            nested(200, &spelled),
            nested(400, &spelled),
            nested(400, &token),
            format!("{{\"{spelled}\":{spelled:?}}}"),
        ];
        for data in forms {
            let start = data[..30].to_owned();
            let server = Server::start(move |request| {
                let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{{\"code\":-1,\
                    \"message\":\"no\",\"data\":{data}}}}}", request.id());
                let headers = [("content-type", "application/json")];
                vec![Action::Send(http::reply(200, &headers, body.as_bytes()))]
            });
            let client = Client::new(&server.url("/mcp"), Some(&token)).unwrap();
            client.pin("2026-07-28").unwrap();
            let begun = processor_time();
            let failure = client.ping_once().unwrap_err();
            let taken = processor_time() - begun;
            assert!(taken < Duration::from_secs(5), "{start}: {taken:?}");
            let shown = failure.data.unwrap_or_default().replace("\\u0061", "a");
            assert!(!shown.contains(&token) && !shown.contains(&spelled[6..]), "{start}");
        }
    }

    error_data_is_complete_or_absent {
        for (length, is_there) in [(1000, true), (1 << 19, true), (2 << 20, false)] {
            let server = Server::start(move |request| {
                let error = json!({"code": -1, "message": "no", "data": "x".repeat(length)});
                let body = json!({"jsonrpc": "2.0", "id": request.id(), "error": error});
                vec![Action::Send(http::json(200, &body))]
            });
            let client = Client::new(&server.url("/mcp"), Some("s3cr3t-token")).unwrap();
            client.pin("2026-07-28").unwrap();
            let failure = client.ping_once().unwrap_err();
            assert_eq!(failure.data.map(|data| data.len()), is_there.then_some(length + 2));
        }
    }

    error_message_is_one_line_without_hidden_characters {
        let odd = "a\u{2028}b\u{2029}c\u{85}d\u{202e}e\u{2066}f\u{200b}g\u{feff}h\u{e0041}i";
        type Place = fn(&Request, &str) -> Vec<u8>;
        let places: [(&str, Place); 6] = [
            ("message", |request, odd| http::json(200, &json!({"jsonrpc": "2.0",
                "id": request.id(), "error": {"code": -1, "message": odd}}))),
            ("code", |request, odd| http::json(200, &json!({"jsonrpc": "2.0",
                "id": request.id(), "error": {"code": odd.repeat(10_000), "message": ""}}))),
            ("capabilities", |request, odd| http::result(request, json!({"supportedVersions": odd}))),
            ("requests", |request, odd| http::result(request, json!({"resultType": "input_required",
                "inputRequests": odd}))),
            ("body", |_, odd| http::reply(500, &[], odd.as_bytes())),
            ("no JSON", |_, odd| http::reply(200, &[("content-type", "application/json")],
                odd.as_bytes())),
        ];
        for (name, place) in places {
            let server = Server::start(move |request| vec![Action::Send(place(request, odd))]);
            let client = Client::new(&server.url("/mcp"), None).unwrap();
            client.pin("2026-07-28").unwrap();
            let message = client.ping_once().unwrap_err().message;
            let is_odd = |one: char| one.is_control() || odd.contains(one) && !one.is_ascii();
            assert!(!message.contains(is_odd) && message.len() < 1000, "{name}: {message}");
            if name == "message" || name == "body" {
                assert!(message.contains("a b c d e f g h i"), "{message}");
            }
        }
    }

    secret_is_redacted_in_every_quoted_place {
        type Place = fn(&Request, &str) -> Vec<u8>;
        let places: [(&str, Place); 9] = [
            ("version", |request, sent| http::result(request,
                json!({"protocolVersion": sent, "capabilities": {}, "supportedVersions": [sent]}))),
            ("supported", |request, sent| http::json(400, &json!({"jsonrpc": "2.0",
                "id": request.id(), "error": {"code": -32022, "message": sent,
                "data": {"supported": [sent]}}}))),
            ("content type", |_, sent| http::reply(200, &[("content-type", sent)], b"x")),
            ("location", |_, sent| http::reply(307,
                &[("location", &format!("http://{}.example/", sent.replace("Bearer ", "")))], b"")),
            ("status line", |_, sent| format!("HTTP/1.1 {sent}\r\n\r\n").into_bytes()),
            ("chunk", |_, sent| with_head("transfer-encoding: chunked", sent.as_bytes())),
            ("length", |_, sent| with_head(&format!("content-length: {sent}"), b"")),
            ("encoding", |_, sent| with_head(&format!("content-encoding: {sent}"), b"")),
            ("session", |request, sent| {
                let body = json!({"jsonrpc": "2.0", "id": request.id(), "result":
                    {"protocolVersion": "2025-11-25", "capabilities": {}}}).to_string();
                http::reply(200, &[("content-type", "application/json"),
                    ("mcp-session-id", sent)], body.as_bytes())
            }),
        ];
        for (name, place) in places {
            for pinned in [None, Some("2025-11-25"), Some("2026-07-28")] {
                let server = Server::start(move |request| {
                    let sent = request.header("authorization").unwrap_or_default().to_owned();
                    vec![Action::Send(place(request, &sent)), Action::Close]
                });
                let client = Client::new(&server.url("/mcp"), Some("s3cr3t-token")).unwrap();
                client.set_timeout(60_000);
                if let Some(version) = pinned {
                    client.pin(version).unwrap();
                }
                if let Err(failure) = client.ping() {
                    assert!(!failure.everything().contains("s3cr3t"), "{name}: {failure:?}");
                }
            }
        }
    }

    reflected_secret_is_redacted_in_the_trace {
        use std::os::fd::AsRawFd;
        type Form = fn(&Request, &str) -> Vec<u8>;
        let forms: [(&str, Form); 6] = [
            ("escaped", |request, sent| {
                let spelled: String = sent.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
                let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{\"supportedVersions\":\
                    [\"2026-07-28\"],\"capabilities\":{{}},\"sent\":\"{spelled}\"}}}}", request.id());
                http::reply(200, &[("content-type", "application/json")], body.as_bytes())
            }),
            ("json", |request, sent| http::result(request, json!({"resultType": "complete",
                "supportedVersions": ["2026-07-28"], "capabilities": {}, "sent": sent}))),
            ("stream", |request, sent| {
                let message = json!({"jsonrpc": "2.0", "id": request.id(), "result": {
                    "supportedVersions": ["2026-07-28"], "capabilities": {}, "sent": sent}});
                let event = format!("data: {message}\n\n").into_bytes();
                let mut out = http::stream_head(&[]);
                for part in event.chunks(5) {
                    out.extend_from_slice(&http::chunk(part));
                }
                out.extend_from_slice(http::LAST_CHUNK);
                out
            }),
            ("refusal", |_, sent| http::reply(500, &[], sent.as_bytes())),
            ("media", |_, sent| http::reply(200, &[("content-type", sent)], b"x")),
            ("cut", |_, sent| http::reply(500, &[], format!("{}{sent}",
                "x".repeat(64 * 1024 - 20)).as_bytes())),
        ];
        for (name, form) in forms {
            let server = Server::start(move |request| {
                let sent = request.header("authorization").unwrap_or_default().to_owned();
                vec![Action::Send(form(request, &sent)), Action::Close]
            });
            let path = std::env::temp_dir()
                .join(format!("mcp-reflected-{}-{name}", std::process::id()));
            let file = std::fs::File::create(&path).unwrap();
            let client = Client::new(&server.url("/mcp"), Some("s3cr3t-token-of-mine")).unwrap();
            client.pin("2026-07-28").unwrap();
            let fd = file.as_raw_fd();
            assert_eq!(unsafe { behaviour::raw::mcp_client_set_trace_fd(client.0, fd) }, 0);
            let _ = client.ping();
            drop(client);
            let trace = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert!(trace.contains("[masked]"));
            let at = trace.find("s3cr3t").or(trace.find("\\u0073\\u0033cr3t"));
            let at = at.or(trace.find("\\u0073\\u0033\\u0063"));
            assert!(at.is_none(), "{name}: {}", &trace[at.unwrap().saturating_sub(200)..]);
        }
    }

    reflected_proxy_credentials_are_redacted {
        for status in ["403 Forbidden", "407 Proxy Authentication Required", "500 No", "302 Found"] {
            let proxy = Server::start(move |request| {
                let sent = request.header("proxy-authorization").unwrap_or_default().to_owned();
                let out = format!("HTTP/1.1 {status} {sent}\r\nProxy-Authenticate: Basic \
                    realm=\"{sent}\"\r\nLocation: http://{sent}/\r\ncontent-length: {}\r\n\r\n\
                    {sent}", sent.len());
                vec![Action::Send(out.into_bytes()), Action::Close]
            });
            let client = Client::of("https://mcp.example/mcp");
            let url = format!("http://user:s3cr3t@{}", proxy.address());
            client.set_proxy(&url).unwrap();
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_PROXY, "{}", failure.message);
            let text = failure.everything();
            assert!(!text.contains("s3cr3t") && !text.contains("dXNlcjpzM2NyM3Q"), "{text}");
        }
        for wrong in ["http://user:s3cr3t@", "x://user:s3cr3t@h",
                      "http://user:s3cr3t @h"] {
            let failure = Client::of("https://mcp.example/mcp").set_proxy(wrong).unwrap_err();
            assert!(!failure.everything().contains("s3cr3t"), "{}", failure.message);
        }
    }
}
