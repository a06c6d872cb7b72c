//! A whole client of an HTTP server. Whatever the server sends, each call ends.
//!
//! The input is that of `messages`, but each part is the whole response to the
//! next request, after which the connection is closed. After the last part every
//! request gets 404.

use std::ffi::CString;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::messages::{MARK, id_of, split, with_id};
use crate::application::{Application, check_panics};

pub(super) const WORDS: &[&str] = &[
    "\n====\n",
    "$ID",
    "HTTP/1.1 200 OK\r\n",
    "Content-Type: application/json\r\n\r\n",
    "Content-Type: text/event-stream\r\n\r\n",
    "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"t0ken-of-the-application\"\r\n\r\n",
    "HTTP/1.1 307 T\r\nLocation: /b\r\n\r\n",
    "HTTP/1.1 429 T\r\nRetry-After: 0\r\n\r\n",
    "Mcp-Session-Id: s\r\n",
    "Transfer-Encoding: chunked\r\n\r\n",
    "data: ",
    "\n\n",
    "id: 1\n",
    "retry: 1\n",
    "event: endpoint\ndata: /m\n\n",
    "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}",
    "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32602,\"message\":\"t0ken-of-the-application\"}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}",
    "\"supported\":[\"2026-07-28\"]",
    "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"roots/list\"}",
];

const NOTHING: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let letters = text.split(MARK).next().unwrap_or_default();
    let says: Vec<Vec<u8>> = split(data, MARK.as_bytes()).skip(1).map(<[u8]>::to_vec).collect();
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return };
    let Ok(address) = listener.local_addr() else { return };
    let is_over = Arc::new(AtomicBool::new(false));
    let server = std::thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || serve(&listener, &says, &is_over)
    });
    let url = CString::new(format!("http://{address}/mcp")).unwrap_or_default();
    let application = Application::of_url(&url);
    application.run(letters);
    drop(application);
    is_over.store(true, Ordering::SeqCst);
    // The server waits for a connection: this one lets it see that all is over.
    if TcpStream::connect(address).is_ok() {
        let _ = server.join();
    }
    check_panics();
}

fn serve(listener: &TcpListener, says: &[Vec<u8>], is_over: &AtomicBool) {
    let mut says = says.iter();
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { return };
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        let Some(request) = request(&mut stream) else { continue };
        let body = memchr::memmem::find(&request, b"\r\n\r\n").map_or(0, |end| end + 4);
        let id = std::str::from_utf8(&request[body..]).ok().and_then(id_of);
        let part = says.next().map_or(NOTHING, Vec::as_slice);
        let _ = stream.write_all(&with_id(part, id.as_deref().unwrap_or("0")));
    }
}

/// Reads one request, up to its Content-Length.
fn request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut room = [0; 4096];
    loop {
        if let Some(end) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|length| length.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Some(bytes);
            }
        }
        match stream.read(&mut room) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&room[..count]),
            _ => return None,
        }
    }
}
