use super::*;
use crate::transport::address_policy::NetworkZone;
use crate::transport::testing::{reply, serve};
use crate::transport::trace::TraceFile;
use crate::transport::wait::now;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Instant;

fn moved(to: &str) -> String {
    reply(302, &format!("Location: {to}\r\n"), "elsewhere")
}

fn route() -> HttpClientOptions {
    HttpClientOptions {
        origin: Url::parse("https://mcp.example").unwrap().origin,
        unix_socket: None,
        tls: TlsSettings::default(),
        proxy: ProxyChoice::None,
        address_policy: AddressPolicy {
            zone: NetworkZone::Loopback,
            allows_private: false,
            allows_plain_http: false,
        },
        connect_timeout: Duration::from_secs(30),
        user_agent: "test/1".into(),
        trace: None,
    }
}

fn wait() -> Wait {
    Wait::for_at_most(Duration::from_secs(60))
}

fn get(http: &HttpClient, url: &str) -> Result<Fetched> {
    now(http.get(url, &[("MCP-Protocol-Version", "x")], &wait()))
}

fn post(http: &HttpClient, url: &str, body: &str) -> Result<Fetched> {
    let headers = [("Authorization", "Basic s3cret")];
    now(http.post(url, "application/x-www-form-urlencoded", &headers, &body.into(), &wait()))
}

#[test]
fn opens_a_new_connection_after_closing_all() {
    let (base, seen) = serve(|_| reply(200, "", "{}"));
    let http = HttpClient::new(route());
    get(&http, &base).unwrap();
    http.close_connections();
    post(&http, &base, "code=x").unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().map(|(connection, _)| *connection).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn reuses_one_connection() {
    let (base, seen) = serve(|line| match line {
        "GET /m?q HTTP/1.1" => reply(
            200,
            "Content-Type: application/json\r\nDPoP-Nonce: n1\r\nDate: now\r\n",
            "{\"a\":1}",
        ),
        _ => reply(
            401,
            "DPoP-Nonce: n2\r\nDate: now\r\nRetry-After: 7\r\nWWW-Authenticate: DPoP\r\n",
            "{}",
        ),
    });
    let http = HttpClient::new(route());
    let found = get(&http, &format!("{base}/m?q")).unwrap();
    assert_eq!((found.status, found.body.expose()), (200, "{\"a\":1}"));
    assert_eq!((found.media, found.dpop_nonce.as_deref()), (Media::Json, Some("n1")));
    assert_eq!(found.date, None);
    let found = post(&http, &format!("{base}/token"), "code=x").unwrap();
    assert_eq!((found.status, found.body.expose()), (401, "{}"));
    assert_eq!(found.dpop_nonce.as_deref(), Some("n2"));
    assert_eq!((found.date.as_deref(), found.retry_after.as_deref()), (Some("now"), Some("7")));
    assert!(!format!("{found:?}").contains("{}"));
    let seen = seen.lock().unwrap();
    let [(0, asked), (0, sent)] = seen.as_slice() else { panic!("{seen:?}") };
    let host = base.strip_prefix("http://").unwrap();
    for line in [
        &format!("Host: {host}"),
        "User-Agent: test/1",
        "Accept: application/json",
        "MCP-Protocol-Version: x",
    ] {
        assert!(asked.contains(&format!("\r\n{line}\r\n")), "{asked}");
    }
    assert!(sent.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert!(sent.contains("\r\nAuthorization: Basic s3cret\r\n"));
    assert!(sent.ends_with("\r\n\r\ncode=x"), "{sent}");
}

#[test]
fn uses_the_unix_socket_for_the_mcp_server_only() {
    let path = std::env::temp_dir().join(format!("agent-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let count = stream.read(&mut request).unwrap();
        assert!(request[..count].starts_with(b"GET /own HTTP/1.1\r\nHost: mcp.test\r\n"));
        stream.write_all(reply(200, "", "{}").as_bytes()).unwrap();
    });
    let (base, _) = serve(|_| reply(200, "", "{\"elsewhere\":1}"));
    let origin = Url::parse("http://mcp.test").unwrap().origin;
    let http =
        HttpClient::new(HttpClientOptions { origin, unix_socket: Some(path.clone()), ..route() });
    assert_eq!(get(&http, "http://mcp.test/own").unwrap().body.expose(), "{}");
    assert_eq!(get(&http, &base).unwrap().body.expose(), "{\"elsewhere\":1}");
    let error = get(&http, "http://another.test/").unwrap_err();
    assert_eq!(error.status(), Status::Insecure);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn follows_redirects_of_metadata_on_the_same_origin_alone() {
    let (other, elsewhere) = serve(|_| reply(200, "", "{}"));
    let target = format!("{other}/t");
    let (base, seen) = serve(move |line| match line.split(' ').nth(1).unwrap() {
        "/a" => moved("/b"),
        "/b" => moved("c"),
        "/c" => moved("/d"),
        "/d" => reply(200, "", "{}"),
        "/long" => moved("/a"),
        "/foreign" => moved(&format!("{other}/t?s3cret")),
        "/secure" => moved("https://127.0.0.1/"),
        "/none" => reply(302, "", ""),
        "/user" => moved("//user:pw@127.0.0.1/"),
        _ => moved("/circle"),
    });
    let answer = |path: &str| {
        let found = get(&HttpClient::new(route()), &format!("{base}{path}")).unwrap();
        (found.status, found.body.expose().to_owned(), found.moved_to)
    };
    assert_eq!(answer("/a"), (200, "{}".into(), None));
    for (path, target) in [
        ("/long", None),
        ("/foreign", Some(target)),
        ("/secure", Some("https://127.0.0.1/".to_owned())),
        ("/none", None),
        ("/user", None),
        ("/circle", None),
    ] {
        assert_eq!(answer(path), (302, String::new(), target), "{path}");
    }
    let before = seen.lock().unwrap().len();
    let found = post(&HttpClient::new(route()), &format!("{base}/a"), "x").unwrap();
    assert_eq!((found.status, seen.lock().unwrap().len()), (302, before + 1));
    assert!(elsewhere.lock().unwrap().is_empty());
}

#[test]
fn refuses_a_body_that_is_too_long_whether_or_not_it_is_announced() {
    let (base, _) = serve(|line| match line.split(' ').nth(1).unwrap() {
        "/fits" => reply(200, "", &"x".repeat(BODY_LIMIT)),
        "/announced" => reply(200, "", &"x".repeat(BODY_LIMIT + 1)),
        "/refused" => reply(404, "", &"x".repeat(BODY_LIMIT + 1)),
        _ => format!("HTTP/1.1 200 X\r\n\r\n{}", "x".repeat(BODY_LIMIT + 1)),
    });
    let http = HttpClient::new(route());
    let length =
        |path: &str| get(&http, &format!("{base}{path}")).map(|found| found.body.expose().len());
    assert_eq!(length("/fits").unwrap(), BODY_LIMIT);
    for path in ["/announced", "/open?s3cret"] {
        let error = length(path).unwrap_err();
        assert_eq!(error.status(), Status::TooLarge);
        let name = format!("GET {base}{}: ", path.split('?').next().unwrap());
        assert!(error.message().starts_with(&name), "{}", error.message());
    }
    // The body of an error is not read.
    assert_eq!(length("/refused").unwrap(), 0);
}

#[test]
fn limits_the_time_of_each_request_and_of_the_call() {
    let (base, _) = serve(|_| String::new());
    let mut http = HttpClient::new(route());
    http.patience = Duration::from_millis(900);
    let begin = Instant::now();
    let error = get(&http, &format!("{base}/m?s3cret")).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert_eq!(error.message(), format!("GET {base}/m: no answer within 0.9 s"));
    assert!(begin.elapsed() < Duration::from_secs(20));
    let http = HttpClient::new(route());
    let own = Wait::for_at_most(Duration::from_millis(900));
    let body = Secret::from("code=s3cret");
    let error = now(http.post(&format!("{base}/t"), "x", &[], &body, &own)).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(!error.message().contains("10 s") && error.may_have_run());
}

#[test]
fn counts_the_requests_of_a_sign_in() {
    let (base, seen) = serve(|_| reply(200, "", "{}"));
    let http = HttpClient::new(route());
    for _ in 0..MOST_METADATA {
        get(&http, &base).unwrap();
    }
    assert_eq!(get(&http, &base).unwrap_err().status(), Status::Auth);
    for _ in MOST_METADATA..MOST {
        post(&http, &base, "x").unwrap();
    }
    assert_eq!(post(&http, &base, "x").unwrap_err().status(), Status::Auth);
    assert_eq!(seen.lock().unwrap().len(), MOST);
    assert!(!http.may_get());
    // Each hop of a redirect counts.
    let (base, seen) = serve(|_| moved("/"));
    let http = HttpClient::new(route());
    for _ in 0..MOST_METADATA / (REDIRECTS + 1) {
        assert!(http.may_get());
        get(&http, &base).unwrap();
    }
    assert!(!http.may_get());
    assert_eq!(get(&http, &base).unwrap_err().status(), Status::Auth);
    assert_eq!(seen.lock().unwrap().len(), MOST_METADATA);
}

#[test]
fn does_not_read_an_event_stream_in_place_of_metadata() {
    let (base, _) = serve(|line| match line.split(' ').nth(1).unwrap() {
        "/stream" => "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n: x".into(),
        _ => reply(200, "", "{}"),
    });
    let http = HttpClient::new(route());
    assert_eq!(get(&http, &format!("{base}/stream")).unwrap().body.expose(), "");
    assert_eq!(get(&http, &format!("{base}/next")).unwrap().body.expose(), "{}");
}

#[test]
fn repeats_a_get_but_not_a_post() {
    // The server closes each connection after the first response.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let base = format!("http://{address}");
    let served = std::thread::spawn(move || {
        for stream in listener.incoming().take(3) {
            let mut stream = stream.unwrap();
            let mut input = [0; 4096];
            let count = stream.read(&mut input).unwrap();
            if input[..count].starts_with(b"GET") {
                stream.write_all(reply(200, "", "{}").as_bytes()).unwrap();
            }
        }
    });
    let http = HttpClient::new(route());
    get(&http, &base).unwrap();
    get(&http, &base).unwrap();
    let error = post(&http, &base, "code=s3cret").unwrap_err();
    assert_eq!(error.status(), Status::Io);
    assert!(error.may_have_run() && !error.message().contains("s3cret"));
    // If the second connection was closed late, the POST went there, and the
    // server is still waiting for a third one.
    let _ = TcpStream::connect(address);
    served.join().unwrap();
}

#[test]
fn connects_to_allowed_addresses_only() {
    let (base, seen) = serve(|_| reply(200, "", "{}"));
    let port = base.rsplit(':').next().unwrap();
    let address_policy = AddressPolicy { zone: NetworkZone::Public, ..route().address_policy };
    for (url, status) in [
        (format!("{base}/x"), Status::Insecure),
        (format!("https://127.0.0.1:{port}/x?s3cret"), Status::Insecure),
        (format!("https://localhost:{port}/x?s3cret"), Status::Insecure),
        ("https://169.254.169.254/x?s3cret".into(), Status::Insecure),
        ("https://u:s3cret@h/".into(), Status::Auth),
    ] {
        let http = HttpClient::new(HttpClientOptions { address_policy, ..route() });
        let error = post(&http, &url, "code=s3cret").unwrap_err();
        assert_eq!(error.status(), status, "{url}: {}", error.message());
        assert!(!error.message().contains("s3cret"), "{}", error.message());
    }
    // A proxy would connect there, so it gets no request.
    let proxy = crate::transport::proxy::Proxy::parse(&base).unwrap();
    let proxy = ProxyChoice::Chosen(proxy);
    let http = HttpClient::new(HttpClientOptions { address_policy, proxy, ..route() });
    for url in ["https://10.0.0.1/", "https://[::ffff:169.254.169.254]/"] {
        assert_eq!(get(&http, url).unwrap_err().status(), Status::Insecure, "{url}");
    }
    assert!(seen.lock().unwrap().is_empty());
    // The proxy resolves names; this one refuses the request.
    let error = get(&http, "https://id.example/").unwrap_err();
    assert_eq!(error.status(), Status::Proxy, "{}", error.message());
    assert!(seen.lock().unwrap()[0].1.starts_with("CONNECT id.example:443 "));
}

#[test]
fn traces_neither_headers_nor_bodies_nor_queries() {
    let (base, _) = serve(|_| reply(200, "DPoP-Nonce: s3cret\r\n", "{\"t\":\"s3cret\"}"));
    let (mut reader, writer) = std::io::pipe().unwrap();
    let file = Arc::new(TraceFile::new(writer.as_raw_fd()).unwrap());
    let trace = Trace::with_file(None, Some(file));
    drop(writer);
    let http = HttpClient::new(HttpClientOptions { trace, ..route() });
    post(&http, &format!("{base}/token?k=s3cret"), "code=s3cret").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = post(&http, &format!("http://{closed}/t?s3cret"), "code=s3cret").unwrap_err();
    assert_eq!(error.status(), Status::Connect);
    assert!(error.message().starts_with(&format!("POST http://{closed}/t: connect to")));
    drop(http);
    let mut lines = String::new();
    reader.read_to_string(&mut lines).unwrap();
    assert!(lines.starts_with(&format!("> POST {base}/token\n< HTTP/1.1 200\n")), "{lines}");
    assert!(!lines.contains("s3cret") && !error.message().contains("s3cret"), "{lines}");
}
