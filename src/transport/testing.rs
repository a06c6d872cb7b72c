//! A server for tests.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The requests in their order, each with the number of its connection.
pub(crate) type Seen = Arc<Mutex<Vec<(usize, String)>>>;

/// Starts a server that chooses the response by the first line of a request.
/// An empty response sends nothing.
pub(crate) fn serve(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let (answer, all) = (Arc::new(answer), seen.clone());
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate().take(32) {
            let (stream, answer, all) = (stream.unwrap(), answer.clone(), all.clone());
            std::thread::spawn(move || talk(stream, number, answer.as_ref(), &all));
        }
    });
    (base, seen)
}

fn talk(mut stream: TcpStream, number: usize, answer: &dyn Fn(&str) -> String, all: &Seen) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut input = Vec::new();
    let mut piece = [0; 4096];
    loop {
        while let Some(request) = whole(&mut input) {
            let line = request.lines().next().unwrap().to_owned();
            all.lock().unwrap().push((number, request));
            stream.write_all(answer(&line).as_bytes()).unwrap();
        }
        match stream.read(&mut piece) {
            // A read with a time limit is not started again after a signal.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(count) => input.extend_from_slice(&piece[..count]),
        }
    }
}

fn whole(input: &mut Vec<u8>) -> Option<String> {
    let text = String::from_utf8(input.clone()).unwrap();
    let head = text.find("\r\n\r\n")? + 4;
    let length = text[..head]
        .split_once("Content-Length: ")
        .map_or(0, |(_, rest)| rest.lines().next().unwrap().parse::<usize>().unwrap());
    let request = text.get(..head + length)?.to_owned();
    input.drain(..request.len());
    Some(request)
}

/// An address of this machine that refuses connections, and the socket that holds its
/// port: no other test gets it. A socket with SO_REUSEADDR may listen there.
pub(crate) fn closed_port() -> (SocketAddr, socket2::Socket) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    (socket.local_addr().unwrap().as_socket().unwrap(), socket)
}

/// A response. Each of the header lines in `head` ends with CRLF.
pub(crate) fn reply(status: u16, head: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len())
}
