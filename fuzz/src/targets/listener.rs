//! Requests of a browser, or of another program on this machine, to the listener
//! for the redirect.

use crate::auth::oauth::host::listener::request::BrowserRequest;
use crate::auth::oauth::spec::redirect::LoopbackRedirect;
use crate::cost::bounded;

pub(super) const WORDS: &[&str] = &[
    "GET ",
    "HEAD ",
    "POST ",
    "/cb?",
    "/cb",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    "Host: 127.0.0.1:9\r\n",
    "host: localhost:9\r\n",
    "Host: evil.example\r\n",
    "\r\n\r\n",
    "code=c&state=s",
    "http://127.0.0.1:9",
    "Content-Length: 5\r\n",
    "\u{16}\u{3}\u{1}",
    " \r\n",
    "%2f",
    "#",
];

pub(super) fn run(data: &[u8]) {
    let place = LoopbackRedirect::parse("http://127.0.0.1:9/cb").unwrap().at(9);
    let whole = bounded(data.len(), || BrowserRequest::parse(data, &place));
    match &whole {
        BrowserRequest::Get(query) => {
            // An empty line before a request is ignored (RFC 9112, 2.2).
            assert!(data.trim_ascii_start().starts_with(b"GET /cb"));
            assert!(query.bytes().all(|byte| byte != b' ' && byte != b'\r' && byte != b'\n'));
            assert_eq!(count(data, b"\nhost:"), 1, "one host");
        }
        BrowserRequest::Other(reply) => {
            let text = (*reply).text();
            assert!(text.starts_with("HTTP/1.1 ") && text.contains("\r\n\r\n"));
        }
        BrowserRequest::Post => assert!(data.trim_ascii_start().starts_with(b"POST /cb")),
        BrowserRequest::Partial => {}
    }
    // A part of a request is not judged differently from the whole request.
    let step = (data.len() / 64).max(1);
    for cut in (0..data.len()).step_by(step) {
        let part = BrowserRequest::parse(&data[..cut], &place);
        assert!(part == BrowserRequest::Partial || part == whole, "cut at byte {cut}");
    }
}

/// Counts a lower-case text.
fn count(data: &[u8], text: &[u8]) -> usize {
    let data = data.trim_ascii_start();
    let ends = [&b"\n\r\n"[..], b"\n\n"];
    let end = ends.iter().filter_map(|end| memchr::memmem::find(data, end)).min();
    let head = data.get(..end.unwrap_or(data.len())).unwrap_or_default();
    head.windows(text.len()).filter(|bytes| bytes.eq_ignore_ascii_case(text)).count()
}
