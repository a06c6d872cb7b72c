//! Whole bodies over a connection, whatever their framing is and wherever they are cut.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use super::Eagerness;
use crate::base::error::{Result, Status};
use crate::transport::connector::Route;
use crate::transport::http::{ExchangeSettings, Http, OutgoingRequest, ResponseLimits};
use crate::transport::wait::{Wait, now};
use crate::wire::url::Url;

/// How a server frames a body.
#[derive(Clone, Copy, Debug)]
enum Framed {
    Length,
    /// Chunks of so many bytes; the last one is shorter.
    Chunks(usize),
    UntilClose,
}

fn framed(framing: Framed, body: &[u8]) -> Vec<u8> {
    let head = |line: &str| format!("HTTP/1.1 200 OK\r\n{line}\r\n").into_bytes();
    match framing {
        Framed::Length => [&head(&format!("Content-Length: {}\r\n", body.len())), body].concat(),
        Framed::UntilClose => [&head(""), body].concat(),
        Framed::Chunks(size) => {
            let mut out = head("Transfer-Encoding: chunked\r\n");
            for chunk in body.chunks(size) {
                out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                out.extend_from_slice(chunk);
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(b"0\r\n\r\n");
            out
        }
    }
}

/// The bodies of the replies of a server, which sends each one to a request of its
/// own. A reply is sent in pieces that end at its cuts. After the last one the
/// connection is closed.
fn bodies(replies: &[(Vec<u8>, Vec<usize>)], limit: usize) -> Vec<Result<Vec<u8>>> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let http = Http::default();
    let request = request(&url, false);
    let route = Route::default();
    let setting = settings(&route);
    let wait = Wait::for_at_most(Duration::from_secs(60));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            for (bytes, cuts) in replies {
                assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
                let mut at = 0;
                for cut in cuts.iter().copied().chain([bytes.len()]) {
                    // The client may have closed the connection: the body is too long.
                    if stream.write_all(&bytes[at..cut]).is_err() {
                        return;
                    }
                    at = cut;
                    std::thread::yield_now();
                }
            }
        });
        let read = || {
            let mut response = now(http.send(&request, setting, &wait))?;
            let body = now(response.read(limit, &wait))?;
            response.release();
            Ok(body)
        };
        replies.iter().map(|_| read()).collect()
    })
}

fn request(url: &Url, is_repeatable: bool) -> OutgoingRequest<'_> {
    OutgoingRequest {
        verb: "GET",
        url,
        has_line: false,
        fields: [""; 3],
        shown: &[],
        cookie: None,
        body: None,
        is_repeatable,
        wants_session_id: false,
        proof: None,
    }
}

fn settings(route: &Route) -> ExchangeSettings<'_> {
    ExchangeSettings {
        route,
        connect_timeout: Duration::from_secs(20),
        trace: None,
        secrets: &[],
        limits: ResponseLimits::default(),
    }
}

fn random(state: &mut u64, limit: usize) -> usize {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 33) as usize % limit
}

fn random_bytes(state: &mut u64, length: usize) -> Vec<u8> {
    (0..length).map(|_| random(state, 256) as u8).collect()
}

#[test]
fn reads_large_bodies_of_each_framing_wherever_they_are_cut() {
    let mut state = 5;
    for length in [0, 1, 4_000, 16_000, 20_000, 150_000, 400_000] {
        let body = random_bytes(&mut state, length);
        let sizes = [1_000, 17_000, 70_000, 1_000_000].map(Framed::Chunks);
        let framings = [Framed::Length].into_iter().chain(sizes);
        let mut replies = Vec::new();
        for framing in framings.cycle().take(10).chain([Framed::UntilClose]) {
            let reply = framed(framing, &body);
            let mut cuts: Vec<usize> =
                (0..random(&mut state, 20)).map(|_| random(&mut state, reply.len())).collect();
            cuts.sort_unstable();
            replies.push((reply, cuts));
        }
        for (read, (_, cuts)) in bodies(&replies, body.len()).into_iter().zip(&replies) {
            assert!(read.unwrap() == body, "{length} bytes, cut at {cuts:?}");
        }
    }
}

#[test]
fn reads_a_body_that_is_cut_at_each_byte_where_the_reading_changes() {
    let mut state = 7;
    let body = random_bytes(&mut state, 60_000);
    for framing in [Framed::Length, Framed::Chunks(25_000)] {
        let reply = framed(framing, &body);
        // The first read has at most 4 KiB; a chunk and the body end further behind.
        let ends = [4_096, 25_000, 50_000, 60_000];
        let cuts = ends.into_iter().flat_map(|end| end - 20..end + 120);
        let cuts = (0..200).chain(cuts).filter(|cut| *cut < reply.len());
        let replies: Vec<_> = cuts.map(|cut| (reply.clone(), vec![cut])).collect();
        for (read, (_, cuts)) in bodies(&replies, body.len()).into_iter().zip(&replies) {
            assert!(read.unwrap() == body, "{framing:?} cut at {cuts:?}");
        }
    }
}

#[test]
fn rejects_a_body_of_one_byte_too_many() {
    let body = vec![b'x'; 100_000];
    for framing in [Framed::Length, Framed::Chunks(30_000), Framed::UntilClose] {
        for limit in [100, 20_000, 99_999] {
            let read = bodies(&[(framed(framing, &body), vec![])], limit).remove(0);
            let error = read.unwrap_err();
            assert_eq!(error.status(), Status::TooLarge, "{framing:?}: {}", error.message());
        }
        assert!(bodies(&[(framed(framing, &body), vec![])], 100_000).remove(0).unwrap() == body);
    }
}

#[test]
fn says_that_a_body_was_cut_short() {
    let body = vec![b'x'; 100_000];
    for framing in [Framed::Length, Framed::Chunks(80_000)] {
        let mut reply = framed(framing, &body);
        reply.truncate(70_000);
        let error = bodies(&[(reply, vec![10_000])], body.len()).remove(0).unwrap_err();
        assert_eq!(error.status(), Status::Io);
        assert!(error.message().contains("in the middle of its reply"), "{}", error.message());
        assert!(error.may_have_run());
    }
}

#[test]
fn does_not_take_what_follows_a_large_body_for_the_next_response() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let http = Http::default();
    let route = Route::default();
    // The client would notice the bytes if it had to be sure of the connection.
    let (request, setting) = (request(&url, true), settings(&route));
    let wait = Wait::for_at_most(Duration::from_secs(60));
    let (has_head, next) = std::sync::mpsc::channel();
    let (sent, is_sent) = std::sync::mpsc::channel();
    let large = &vec![b'x'; 20_000];
    let read = std::thread::scope(|scope| {
        scope.spawn(move || {
            let take = || {
                let (mut stream, _) = listener.accept().unwrap();
                let count = stream.read(&mut [0; 4096]).unwrap();
                (stream, count)
            };
            let (mut first, _) = take();
            first.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n").unwrap();
            next.recv().unwrap();
            first.write_all(&[&large[..], &framed(Framed::Length, b"stale")].concat()).unwrap();
            sent.send(()).unwrap();
            let (mut second, count) = take();
            if count > 0 {
                second.write_all(&framed(Framed::Length, b"right")).unwrap();
            }
        });
        let mut response = now(http.send(&request, setting, &wait)).unwrap();
        has_head.send(()).unwrap();
        is_sent.recv().unwrap();
        assert!(now(response.read(20_000, &wait)).unwrap() == *large);
        response.release();
        let mut response = now(http.send(&request, setting, &wait)).unwrap();
        let read = now(response.read(20_000, &wait)).unwrap();
        // A server that waits for a second connection goes on.
        drop(std::net::TcpStream::connect(address));
        read
    });
    assert_eq!(std::str::from_utf8(&read), Ok("right"));
}

#[test]
fn attempts_less_often_while_attempts_are_in_vain() {
    let mut eagerness = Eagerness::default();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let mut pause = 0;
        while !eagerness.is_due() {
            pause += 1;
        }
        pauses.push(pause);
        eagerness.failed();
    }
    assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 32]);
    while !eagerness.is_due() {}
    eagerness.succeeded();
    assert!(eagerness.is_due() && eagerness.is_due());
    eagerness.failed();
    assert!(!eagerness.is_due() && eagerness.is_due());
}
