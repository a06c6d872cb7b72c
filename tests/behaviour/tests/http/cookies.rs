//! Cookies of the server: sent back to its origin with every request, and to
//! nobody else.

use std::io::{Read, Seek, Write};
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::{Arc, Mutex};

use behaviour::authority::{Scene, Step};
use behaviour::constants::*;
use behaviour::{Client, EventLog, HttpServer, SseServer, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::sse::Shape;
use mcp_test_server::{Action, Server};
use serde_json::{Value, json};

use crate::tls_and_proxies::{Authority, serve_with, tls_config};

/// Adds header lines to a reply, or to the head of an event stream.
fn with_lines(action: Action, lines: &[&str]) -> Action {
    match action {
        Action::Send(reply) if reply.starts_with(b"HTTP/") => {
            let at = reply.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
            let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            Action::Send([&reply[..at], lines.as_bytes(), &reply[at..]].concat())
        }
        Action::Begin(mut headers) => {
            for (name, value) in lines.iter().map(|line| line.split_once(": ").unwrap()) {
                headers.push((name.to_owned(), value.to_owned()));
            }
            Action::Begin(headers)
        }
        other => other,
    }
}

/// A server of each form that sets cookies when it is asked for the first time.
fn setting(config: Config, lines: &'static [&'static str]) -> HttpServer {
    HttpServer::before(config, move |_, mcp, request| {
        let lines = if request.number == 0 { lines } else { &[] };
        mcp.handle(request).into_iter().map(|action| with_lines(action, lines)).collect()
    })
}

fn cookie(request: &Request) -> Option<&str> {
    let all: Vec<_> =
        request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie")).collect();
    assert!(all.len() <= 1, "{all:?}");
    request.header("cookie")
}

fn hello() -> Value {
    json!({"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}})
}

/// A server whose replies set these cookies, one list for each request.
fn scripted(replies: &'static [&'static [&'static str]]) -> (Server, Client) {
    let server = Server::start(move |request| {
        let lines = replies.get(request.number).copied().unwrap_or_default();
        vec![with_lines(Action::Send(http::result(request, hello())), lines)]
    });
    let client = Client::of(&server.url("/mcp"));
    (server, client)
}

/// The cookies of each request after the first.
fn received(server: &Server) -> Vec<Option<String>> {
    server
        .log()
        .requests()
        .iter()
        .skip(1)
        .map(|request| cookie(request).map(str::to_owned))
        .collect()
}

tests! {
    sticky_cookie_of_a_load_balancer_is_sent_back {
        // Plain http: the second cookie is for https only.
        let lines = &["Set-Cookie: AWSALB=node1; Path=/; Expires=Sun, 06 Dec 2099 00:00:00 GMT",
                      "Set-Cookie: AWSALBCORS=node1; Path=/; SameSite=None; Secure"];
        let served = HttpServer::before(Config::handshake(Offer::default()), |_, mcp, request| {
            let method = request.rpc_method();
            let is_first = matches!(method.as_str(), "initialize" | "server/discover");
            if !is_first && request.header("cookie") != Some("AWSALB=node1") {
                let error = json!({"jsonrpc": "2.0", "id": null,
                                   "error": {"code": -32001, "message": "Session not found"}});
                return vec![Action::Send(http::json(404, &error))];
            }
            let lines: &[&str] = if method == "initialize" { lines } else { &[] };
            mcp.handle(request).into_iter().map(|action| with_lines(action, lines)).collect()
        });
        let client = served.client();
        client.ping().unwrap();
        client.list_tools().unwrap();
        client.close();
        assert_eq!(served.count("initialize"), 1);
        assert!(served.log().requests().iter().any(|request| request.method == "DELETE"));
        for request in served.log().requests() {
            assert!(!request.header("cookie").unwrap_or_default().contains("AWSALBCORS"));
        }
        served.has_no_complaint();
    }

    every_request_carries_the_cookie_in_both_eras {
        for config in [Config::stateless(Offer::default()), Config::handshake(Offer::default())] {
            for streams in [false, true] {
                let served = setting(
                    Config { streams, ..config.clone() },
                    &["set-cookie: node=n1; Path=/", "SET-COOKIE: other=2; path=/mcp; HttpOnly"],
                );
                let client = served.client();
                let _heard = EventLog::by(&client);
                client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
                client.ping().unwrap();
                client.list_tools().unwrap();
                let request = client.request("tools/list", None).unwrap();
                request.start().unwrap();
                assert_eq!(request.wait(30_000), 0);
                client.close();
                for request in served.log().requests().iter().skip(1) {
                    // The longer path comes first.
                    assert_eq!(cookie(request), Some("other=2; node=n1"), "{}", request.method);
                }
                let methods: Vec<_> =
                    served.log().requests().iter().map(|request| request.method.clone()).collect();
                if !served.is_stateless() {
                    assert!(methods.contains(&"GET".into()) && methods.contains(&"DELETE".into()));
                }
            }
        }
    }

    http_with_sse_sends_the_cookie_of_its_stream {
        // The refusal of the first POST sets the cookie.
        let refusing = SseServer::before(
            Config::handshake(Offer::default()),
            Shape { path: "/stream".into(), ..Shape::default() },
            |sse, request| {
                let lines: &[&str] =
                    if request.number == 0 { &["Set-Cookie: node=n1; Path=/"] } else { &[] };
                sse.handle(request).into_iter().map(|action| with_lines(action, lines)).collect()
            },
        );
        refusing.client().ping().unwrap();
        for request in refusing.log().requests().iter().skip(1) {
            assert_eq!(cookie(request), Some("node=n1"), "{} {}", request.method, request.target);
        }
    }

    every_response_counts_and_a_later_one_replaces {
        const STATUSES: [u16; 7] = [200, 202, 400, 401, 404, 429, 500];
        for status in STATUSES {
            let server = Server::start(move |request| match request.number {
                1 => {
                    let reply = http::reply(status, &[("set-cookie", "a=2"), ("set-cookie", "b=3")], b"");
                    vec![Action::Send(reply)]
                }
                _ => vec![with_lines(Action::Send(http::result(request, hello())), &["Set-Cookie: a=1"])],
            });
            let client = Client::of(&server.url("/mcp"));
            client.ping().unwrap();
            let _ = client.ping();
            client.ping().unwrap();
            let all = received(&server);
            assert_eq!(all.first().unwrap().as_deref(), Some("a=1"), "{status}");
            assert_eq!(all.get(1).unwrap().as_deref(), Some("a=2; b=3"), "{status}");
        }
    }

    cookies_end_and_are_deleted {
        let (server, client) = scripted(&[
            &["Set-Cookie: a=1; Max-Age=1000", "Set-Cookie: b=2; Max-Age=0",
              "Set-Cookie: c=3; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
              "Set-Cookie: d=4; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=1000",
              "Set-Cookie: e=5; Domain=example.com", "Set-Cookie: f=6; Path=/other",
              "Set-Cookie: g", "Set-Cookie: =h", "Set-Cookie: i=9; Secure"],
            &["Set-Cookie: a=; expires=Thu, 01-Jan-1970 00:00:00 GMT"],
            &["Set-Cookie: d=; Max-Age=-1"],
        ]);
        for _ in 0..4 {
            client.ping().unwrap();
        }
        let expected = [Some("a=1; d=4".to_owned()), Some("d=4".to_owned()), None];
        assert_eq!(received(&server), expected);
    }

    redirect_within_the_origin_sets_and_carries_cookies {
        let server = Server::start(|request| match request.path() {
            "/mcp" => {
                let lines = [("location", "/deep/mcp"), ("set-cookie", "a=1; Path=/deep"),
                             ("set-cookie", "b=2; Path=/")];
                vec![Action::Send(http::reply(307, &lines, b""))]
            }
            _ => vec![Action::Send(http::result(request, hello()))],
        });
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        let requests = server.log().requests();
        let moved = requests.iter().find(|request| request.path() == "/deep/mcp").unwrap();
        assert_eq!(cookie(moved), Some("a=1; b=2"));
    }

    cookie_goes_to_no_other_origin_and_no_other_client {
        let other = Server::start(|request| vec![Action::Send(http::result(request, hello()))]);
        let target = other.url("/mcp");
        let server = Server::start(move |request| match request.number {
            0 => vec![with_lines(Action::Send(http::result(request, hello())),
                                 &["Set-Cookie: a=1; Path=/; Domain=127.0.0.1"])],
            1 => vec![Action::Send(http::reply(307, &[("location", &target)], b""))],
            _ => vec![Action::Send(http::result(request, hello()))],
        });
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_REDIRECT);
        assert_eq!(other.log().count(), 0);
        // Another client of the same server, and one of another port.
        Client::of(&server.url("/mcp")).ping().unwrap();
        Client::of(&other.url("/mcp")).ping().unwrap();
        client.ping().unwrap();
        let all = received(&server);
        assert_eq!(all, [Some("a=1".to_owned()), None, Some("a=1".to_owned())]);
        assert_eq!(cookie(&other.log().requests()[0]), None);
    }

    cookie_goes_to_no_authorization_server {
        let scene = Scene::new();
        scene.authority.rewrite(|reply| {
            let Action::Send(reply) =
                with_lines(Action::Send(reply.to_vec()), &["Set-Cookie: as=1; Path=/"])
            else { unreachable!() };
            reply
        });
        let (client, ..) = scene.signed_in();
        scene.authority.expire();
        client.ping().unwrap();
        assert_eq!(scene.authority.count(Step::Refresh), 1);
        for request in scene.authority.log().requests() {
            assert_eq!(cookie(&request), None, "{}", request.target);
        }
        for request in scene.guarded.log().requests() {
            assert_eq!(cookie(&request), None, "{}", request.target);
        }
    }

    cookie_goes_to_no_proxy {
        let served = setting(Config::stateless(Offer::default()), &["Set-Cookie: secret=cookie; Path=/"]);
        let port = served.server.address().port();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = heads.clone();
        // Each tunnel carries one request: the next one needs another tunnel.
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let read = |client: &mut std::net::TcpStream| {
                    let mut bytes = vec![0; 65536];
                    let count = client.read(&mut bytes).unwrap_or(0);
                    bytes[..count].to_vec()
                };
                seen.lock().unwrap().push(String::from_utf8(read(&mut client)).unwrap());
                let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: proxy=1; Path=/\r\n\r\n";
                client.write_all(answer.as_bytes()).unwrap();
                let mut server = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
                let request = read(&mut client);
                let _ = server.write_all(&request);
                let reply = read(&mut server);
                let _ = client.write_all(&reply);
            }
        });
        let client = Client::of("http://mcp.example/mcp");
        client.set_proxy(&format!("http://127.0.0.1:{proxy}")).unwrap();
        for _ in 0..3 {
            client.ping().unwrap();
        }
        assert!(heads.lock().unwrap().len() >= 2);
        for head in heads.lock().unwrap().iter() {
            assert!(head.starts_with("CONNECT ") && !head.contains("ookie"), "{head}");
        }
        for request in served.log().requests().iter().skip(1) {
            assert_eq!(cookie(request), Some("secret=cookie"));
        }
    }

    header_of_the_application_is_sent_as_it_is {
        for name in ["Cookie", "cookie", "COOKIE"] {
            let (server, client) = scripted(&[&["Set-Cookie: a=1"], &["Set-Cookie: b=2"]]);
            client.set_header(name, Some("mine=yes; a=0")).unwrap();
            client.ping().unwrap();
            client.ping().unwrap();
            client.set_header(name, None).unwrap();
            client.ping().unwrap();
            let all = received(&server);
            assert_eq!(all, [Some("mine=yes; a=0".to_owned()), Some("a=1; b=2".to_owned())]);
        }
    }

    secure_cookie_is_sent_over_tls {
        let authority = Authority::new("one");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let port = serve_with(tls_config(&authority, "localhost", false, None), move |request| {
            log.lock().unwrap().push(request.header("cookie").map(str::to_owned));
            let reply = Action::Send(http::result(request, hello()));
            match with_lines(reply, &["Set-Cookie: a=1; Secure; HttpOnly; SameSite=Strict"]) {
                Action::Send(reply) => reply,
                _ => unreachable!(),
            }
        });
        let client = Client::of(&format!("https://localhost:{port}/mcp"));
        client.set_ca_file(&authority.ca_file()).unwrap();
        client.ping().unwrap();
        client.ping().unwrap();
        assert_eq!(seen.lock().unwrap().as_slice(), [None, Some("a=1".to_owned())]);
    }

    number_and_size_of_cookies_are_limited {
        let server = Server::start(|request| {
            let fields: Vec<String> = match request.number {
                0 => (0..90).map(|number| format!("Set-Cookie: n{number}=v")).collect(),
                1 => vec![format!("Set-Cookie: large={}", "x".repeat(5000)),
                          format!("Set-Cookie: fits={}", "x".repeat(4000))],
                _ => vec![],
            };
            let lines: Vec<&str> = fields.iter().map(String::as_str).collect();
            vec![with_lines(Action::Send(http::result(request, hello())), &lines)]
        });
        let client = Client::of(&server.url("/mcp"));
        for _ in 0..4 {
            client.ping().unwrap();
        }
        for header in received(&server) {
            let header = header.unwrap();
            let count = header.split("; ").count();
            assert!(count == 50, "{count}");
            assert!(!header.contains("large="));
        }
        assert!(received(&server)[1].as_ref().unwrap().contains("fits="));
    }

    value_of_a_cookie_is_in_no_error_and_no_trace {
        let server = Server::start(|request| match request.number {
            0 => vec![with_lines(Action::Send(http::result(request, hello())),
                                 &["Set-Cookie: node=s3cretvalue", "Set-Cookie: q=\"quot3dvalue\""])],
            1 => {
                let words = format!("no node {}", request.header("cookie").unwrap_or_default());
                let reply = http::reply(400, &[("content-type", "text/plain")], words.as_bytes());
                vec![Action::Send(reply)]
            }
            // The value is replaced by the response that quotes it.
            2 => {
                let error = json!({"jsonrpc": "2.0", "id": request.id(), "error": {
                    "code": -32603, "message": "s3cretvalue and quot3dvalue are gone",
                    "data": {"a": "s3cretvalue"}}});
                let lines = ["Set-Cookie: node=n3wvalue", "Set-Cookie: q=; Max-Age=0"];
                vec![with_lines(Action::Send(http::json(200, &error)), &lines)]
            }
            _ => vec![Action::Send(http::result(request, hello()))],
        });
        let client = Client::of(&server.url("/mcp"));
        let fd = unsafe { libc::memfd_create(c"trace".as_ptr(), libc::MFD_CLOEXEC) };
        let mut trace = unsafe { std::fs::File::from_raw_fd(fd) };
        client.set_trace(trace.as_raw_fd()).unwrap();
        client.ping().unwrap();
        for words in ["no node", "are gone"] {
            let failure = client.ping_once().unwrap_err();
            assert!(failure.message.contains(words), "{}", failure.message);
            assert!(!failure.everything().contains("value"), "{}", failure.everything());
        }
        client.ping().unwrap();
        let mut text = String::new();
        trace.rewind().unwrap();
        trace.read_to_string(&mut text).unwrap();
        assert!(text.contains("Cookie: [masked]"), "{text}");
        assert!(!text.contains("value"), "{text}");
    }
}
