use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, spawn};

use super::*;
use crate::auth::oauth::spec::redirect::is_loopback_redirect;
use crate::base::cancel::Cancel;
use crate::base::signal::Signal;
use crate::transport::background::Background;
use crate::transport::testing::closed_port;
use crate::transport::wait::now;
use crate::wire::testing::wherever_cut;

const LIMIT: Duration = Duration::from_secs(20);
const HEADERS: &str = "Content-Type: text/html; charset=utf-8\r\n\
    Content-Length: LENGTH\r\n\
    Cache-Control: no-store\r\n\
    Content-Security-Policy: default-src 'none'\r\n\
    Referrer-Policy: no-referrer\r\n\
    Connection: close";

fn listener() -> LoopbackListener {
    LoopbackListener::bind(None, None).unwrap()
}

/// A listener at a port that no other one gets, and what holds the port.
fn alone() -> (LoopbackListener, socket2::Socket) {
    let (port, held) = closed_port();
    (LoopbackListener::bind(None, Some(port.port())).unwrap(), held)
}

fn never() -> Arc<Signal> {
    Signal::shared()
}

/// Takes the redirect with `state=right`.
struct Right;

impl RedirectReceiver for Right {
    fn take(&mut self, query: &str) -> bool {
        query.split('&').any(|one| one == "state=right")
    }

    fn ignored(&mut self, _query: Option<&str>) {}

    fn was_too_long(&mut self) {}

    fn report(&mut self) -> Option<Duration> {
        None
    }
}

/// Waits in a new thread for the redirect with `state=right`.
fn waiting(mut listener: LoopbackListener) -> JoinHandle<Result<String>> {
    spawn(move || {
        let wait = Wait::for_at_most(LIMIT);
        let answer = now(listener.answer(&wait, &never(), &mut Right))?;
        Ok(answer.unwrap().expose().to_owned())
    })
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn reply(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn ask(port: u16, request: &str) -> String {
    let mut stream = connect(port);
    stream.write_all(request.as_bytes()).unwrap();
    reply(stream)
}

fn get(port: u16, target: &str) -> String {
    ask(port, &request("GET", target, port))
}

fn request(method: &str, target: &str, port: u16) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n\r\n")
}

/// Sends the right redirect, and returns the result of the listener.
fn end(port: u16, thread: JoinHandle<Result<String>>) -> String {
    assert!(get(port, "/callback?code=1&state=right").starts_with("HTTP/1.1 200 OK\r\n"));
    thread.join().unwrap().unwrap()
}

#[test]
fn returns_the_query_unchanged_and_closes() {
    let (listener, _held) = alone();
    let port = listener.port();
    assert_eq!(listener.redirect_uri(), format!("http://127.0.0.1:{port}/callback"));
    let thread = waiting(listener);
    let query = "code=a+b%20%2B%3D%25&iss=https://h/?x&state=right";
    let page = get(port, &format!("/callback?{query}"));
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("close this window"));
    assert_eq!(thread.join().unwrap().unwrap(), query);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    // At once, although the system remembers the last connection.
    assert_eq!(LoopbackListener::bind(None, Some(port)).unwrap().port(), port);
}

#[test]
fn replies_with_these_headers_and_nothing_of_the_request() {
    let listener = listener();
    let port = listener.port();
    let thread = waiting(listener);
    for (method, target, status) in [
        ("GET", "/callback?code=hunter2&state=wrong", "400 Bad Request"),
        ("GET", "/hunter2", "404 Not Found"),
        (
            "POST",
            "/callback?code=hunter2&state=right",
            "405 Method Not Allowed\r\nAllow: GET, HEAD",
        ),
        ("GET", "/callback?code=hunter2&state=right", "200 OK"),
    ] {
        let text = ask(port, &request(method, target, port));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let headers = HEADERS.replace("LENGTH", &body.len().to_string());
        assert_eq!(head, format!("HTTP/1.1 {status}\r\n{headers}"));
        for word in ["hunter2", "right", "wrong", "script", "style"] {
            assert!(!text.contains(word), "{word}");
        }
    }
    thread.join().unwrap().unwrap();
}

#[test]
fn ignores_requests_without_the_right_state() {
    let listener = listener();
    let port = listener.port();
    let thread = waiting(listener);
    for (method, target, status) in [
        ("GET", "/favicon.ico", "404"),
        ("GET", "/callback", "400"),
        ("GET", "/callback?code=1", "400"),
        ("GET", "/callback?state=wrong&code=1", "400"),
        ("GET", "/other?state=right", "404"),
        ("POST", "/callback?state=right", "405"),
    ] {
        let page = ask(port, &request(method, target, port));
        assert!(page.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {target}: {page}");
        let is_redirect = target.starts_with("/callback");
        let title =
            if is_redirect { "Not the answer of the sign-in" } else { "Nothing to see here" };
        assert!(page.contains(title), "{page}");
    }
    let page = ask(port, &request("HEAD", "/callback?state=right", port));
    assert!(page.starts_with("HTTP/1.1 200 ") && page.ends_with("\r\n\r\n"));
    let other = request("GET", "/callback?state=right", port).replace("127.0.0.1", "evil.example");
    assert!(ask(port, &other).starts_with("HTTP/1.1 400 "));
    assert!(ask(port, "hunter2\r\n\r\n").starts_with("HTTP/1.1 400 "));
    drop(connect(port));
    let half = connect(port);
    (&half).write_all(b"GET /callback?state=ri").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    assert_eq!(reply(half), "");
    assert_eq!(end(port, thread), "code=1&state=right");
}

#[test]
fn reads_a_head_wherever_it_is_cut() {
    let text = "GET /callback?state=right&code=%41+b HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n";
    let query = wherever_cut(text.as_bytes(), |parts| {
        let mut listener = listener();
        let port = listener.port();
        let mut peer = connect(port);
        peer.set_nodelay(true).unwrap();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let thread = spawn(move || {
            let whole = text.replace("PORT", &port.to_string());
            let mut rest = whole.as_bytes();
            for length in lengths {
                let (piece, after) = rest.split_at(length.min(rest.len()));
                peer.write_all(piece).unwrap();
                std::thread::sleep(Duration::from_millis(1));
                rest = after;
            }
            peer.write_all(rest).unwrap();
            reply(peer)
        });
        let wait = Wait::for_at_most(LIMIT);
        let answer = now(listener.answer(&wait, &never(), &mut Right)).unwrap();
        assert!(thread.join().unwrap().ends_with("</html>\n"));
        answer.unwrap().expose().to_owned()
    });
    assert_eq!(query, "state=right&code=%41+b");
}

#[test]
fn is_not_blocked_by_silent_connections() {
    let listener = listener();
    let port = listener.port();
    let mut silent: Vec<TcpStream> = (0..10).map(|_| connect(port)).collect();
    let thread = waiting(listener);
    let slow = connect(port);
    (&slow).write_all(b"GET /callback").unwrap();
    silent.extend((0..10).map(|_| connect(port)));
    assert!(get(port, "/callback?state=wrong").starts_with("HTTP/1.1 400 "));
    // It had sent data, so the silent connections were closed first.
    let rest = format!(" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    (&slow).write_all(rest.as_bytes()).unwrap();
    assert!(reply(slow).starts_with("HTTP/1.1 400 "));
    assert_eq!(end(port, thread), "code=1&state=right");
}

#[test]
fn closes_a_connection_that_takes_too_long() {
    let listener = listener();
    let port = listener.port();
    let thread = waiting(listener);
    let begin = Instant::now();
    assert_eq!(reply(connect(port)), "");
    assert!(begin.elapsed() > Duration::from_secs(4), "{:?}", begin.elapsed());
    end(port, thread);
}

#[test]
fn refuses_a_head_that_is_too_long() {
    let listener = listener();
    let port = listener.port();
    let thread = waiting(listener);
    let filler = "x".repeat(30_000);
    for text in [
        request("GET", &format!("/callback?state=right&x={filler}"), port),
        format!("GET /callback?state=right HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX: {filler}"),
    ] {
        assert!(ask(port, &text).starts_with("HTTP/1.1 431 "));
    }
    end(port, thread);
}

#[test]
fn shows_the_page_despite_data_after_the_request() {
    let listener = listener();
    let port = listener.port();
    let thread = waiting(listener);
    let again = request("GET", "/callback?state=right&code=2", port);
    let junk = "\0junk\r\n".repeat(1000);
    let text = request("POST", "/callback", port);
    assert!(ask(port, &format!("{text}{junk}{again}")).ends_with("</html>\n"));
    let text = request("GET", "/callback?state=right&code=1", port);
    let page = ask(port, &format!("{text}{again}{junk}"));
    assert_eq!(page.matches("HTTP/1.1").count(), 1);
    assert!(page.ends_with("</html>\n"));
    assert_eq!(thread.join().unwrap().unwrap(), "state=right&code=1");
}

#[test]
fn ends_although_the_browser_keeps_its_side_open() {
    let listener = listener();
    let port = listener.port();
    let thread = waiting(listener);
    let begin = Instant::now();
    let stream = connect(port);
    (&stream).write_all(request("GET", "/callback?state=right", port).as_bytes()).unwrap();
    assert_eq!(thread.join().unwrap().unwrap(), "state=right");
    assert!(begin.elapsed() < LIMIT);
    assert!(reply(stream).ends_with("</html>\n"));
}

#[test]
fn listens_at_ipv6_and_at_both_for_localhost() {
    if let Err(error) = TcpListener::bind("[::1]:0") {
        // Not with println!, whose output the test harness captures.
        let _ = writeln!(io::stderr(), "skipped: no IPv6 on this machine: {error}");
        return;
    }
    for (redirect, name, addresses) in [
        ("http://[::1]/cb", "[::1]", &["[::1]"][..]),
        ("http://localhost:0/cb", "localhost", &["[::1]", "127.0.0.1"][..]),
    ] {
        for address in addresses {
            let listener = LoopbackListener::bind(Some(redirect), None).unwrap();
            let port = listener.port();
            assert_eq!(listener.redirect_uri(), format!("http://{name}:{port}/cb"));
            let thread = waiting(listener);
            let mut stream = TcpStream::connect(format!("{address}:{port}")).unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            let text = format!("GET /cb?state=right HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n");
            stream.write_all(text.as_bytes()).unwrap();
            assert!(reply(stream).starts_with("HTTP/1.1 200 "));
            assert_eq!(thread.join().unwrap().unwrap(), "state=right");
        }
    }
}

#[test]
fn says_that_a_port_is_taken() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let redirect = format!("http://127.0.0.1:{port}/cb");
    let both = format!("http://localhost:{port}/cb");
    for (redirect, wanted) in [
        (None, Some(port)),
        (Some("http://localhost/cb"), Some(port)),
        (Some(redirect.as_str()), None),
        (Some(both.as_str()), Some(1)),
    ] {
        let Err(BindError::Taken(error)) = LoopbackListener::bind(redirect, wanted) else {
            panic!("{redirect:?} {wanted:?}");
        };
        assert!(error.message().contains(&port.to_string()), "{}", error.message());
        assert!(error.message().contains("in use"), "{}", error.message());
    }
    assert_ne!(LoopbackListener::bind(None, Some(0)).unwrap().port(), 0);
    // A port of this process counts as taken too.
    let listener = listener();
    let again = LoopbackListener::bind(None, Some(listener.port()));
    assert!(matches!(again, Err(BindError::Taken(_))));
}

#[test]
fn refuses_a_redirect_that_it_cannot_listen_at() {
    for redirect in ["https://127.0.0.1/cb", "http://0.0.0.0/cb", "http://example.com/cb", "app:/"]
    {
        assert!(!is_loopback_redirect(redirect));
        let result = LoopbackListener::bind(Some(redirect), None);
        assert!(matches!(result, Err(BindError::Failed(_))), "{redirect}");
    }
    assert!(is_loopback_redirect("http://localhost:3000/cb"));
}

#[test]
fn ends_with_a_cancel_and_closes() {
    let (mut listener, _held) = alone();
    let port = listener.port();
    let peer = connect(port);
    let (close, cancel) = (Signal::shared(), Arc::<Cancel>::default());
    let wait = Wait::for_request(LIMIT, LIMIT, close, Some(cancel.clone()));
    let thread = spawn(move || {
        let error = now(listener.answer(&wait, &never(), &mut Right)).unwrap_err();
        let again = now(listener.answer(&wait, &never(), &mut Right)).unwrap_err();
        (error.status(), again.status())
    });
    assert!(get(port, "/").starts_with("HTTP/1.1 404 "));
    cancel.fire();
    assert_eq!(thread.join().unwrap(), (Status::Cancelled, Status::State));
    let _ = reply(peer);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn ends_when_the_application_completes_the_sign_in() {
    let (mut listener, _held) = alone();
    let port = listener.port();
    let enough = never();
    let other = enough.clone();
    let thread = spawn(move || {
        let wait = Wait::for_at_most(LIMIT);
        now(listener.answer(&wait, &enough, &mut Right)).unwrap().is_none()
    });
    assert!(get(port, "/").starts_with("HTTP/1.1 404 "));
    other.raise();
    assert!(thread.join().unwrap());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn closes_when_it_is_dropped() {
    let (listener, _held) = alone();
    let port = listener.port();
    drop(listener);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn waits_on_the_background_thread_as_well() {
    let background = Background::enter().unwrap();
    let mut listener = listener();
    let port = listener.port();
    let silent: Vec<TcpStream> = (0..20).map(|_| connect(port)).collect();
    let (sender, receiver) = channel();
    background.spawn(move || async move {
        let wait = Wait::for_at_most(LIMIT).in_background();
        let answer = listener.answer(&wait, &never(), &mut Right).await;
        let _ = sender.send(answer.map(|answer| answer.unwrap().expose().to_owned()));
    });
    assert!(get(port, "/favicon.ico").starts_with("HTTP/1.1 404 "));
    assert!(get(port, "/callback?state=right").ends_with("</html>\n"));
    assert_eq!(receiver.recv_timeout(LIMIT).unwrap().unwrap(), "state=right");
    drop(silent);
}
