//! HTTP/1.1: heads, lengths and chunks, wherever the stream is cut.

use super::wherever_cut;
use crate::wire::http1::{Head, RepeatedHead};
use crate::wire::http1_body::{Body, Piece};

pub(super) const WORDS: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 ",
    "HTTP/1.1 100 Continue\r\n\r\n",
    " 204 ",
    " 101 ",
    " 401 ",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, ",
    "Connection: close\r\n",
    "Content-Type: application/json\r\n",
    "Content-Encoding: gzip\r\n",
    "Mcp-Session-Id: ",
    "WWW-Authenticate: ",
    "Retry-After: ",
    "Location: ",
    "Date: ",
    "DPoP-Nonce: ",
    "\r\n\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    ";a=b\r\n",
    "ffffffffffffffff\r\n",
];

/// All heads up to the final one, the body, and whether it may end there.
#[derive(Debug, PartialEq)]
struct Read {
    heads: Vec<String>,
    body: Vec<u8>,
    is_done: bool,
    may_end_here: bool,
}

pub(super) fn run(data: &[u8]) {
    let read = wherever_cut(data, read);
    if let Ok(read) = read {
        assert!(read.body.len() <= data.len(), "a body of more bytes than came");
        assert!(!read.is_done || read.may_end_here);
    }
}

/// A kept head reads itself, and one with other digits, as the parser does.
fn check_repeated(head: &Head, bytes: &[u8]) {
    let Some(kept) = RepeatedHead::of(head, bytes) else { return };
    let turn = |byte: &u8| if byte.is_ascii_digit() { b'0' + b'9' - byte } else { *byte };
    let turned: Vec<u8> = bytes.iter().map(turn).collect();
    for other in [bytes, turned.as_slice()] {
        let Some((again, length)) = kept.read(other) else {
            assert!(other != bytes, "another head than itself");
            continue;
        };
        let parsed = Head::parse(other).ok().flatten();
        let parsed = parsed.map(|(head, length)| (format!("{:?}", head.as_repeated()), length));
        assert_eq!(Some((format!("{again:?}"), length)), parsed);
    }
}

/// Like `transport`: bytes that are left over go before the next bytes.
fn read(pieces: &[&[u8]]) -> Result<Read, String> {
    let mut buffer: Vec<u8> = Vec::new();
    let (mut heads, mut data) = (Vec::new(), Vec::new());
    let mut body: Option<Body> = None;
    for mut piece in pieces.iter().copied() {
        // Some pieces are received where they stay.
        if let Some(body) = &mut body
            && buffer.is_empty()
            && piece.len() % 2 > 0
        {
            let direct = piece.len().min(usize::try_from(body.data_ahead()).unwrap_or(usize::MAX));
            let (direct, rest) = piece.split_at(direct);
            data.extend_from_slice(direct);
            body.take_ahead(direct.len());
            piece = rest;
        }
        buffer.extend_from_slice(piece);
        while body.is_none() {
            // The cut decides how much of a wrong head is quoted. If the head is
            // too long as well, it decides which error is found first.
            let head = Head::parse(&buffer).map_err(|_| "a wrong head".to_owned())?;
            let Some((head, length)) = head else { break };
            assert!(length <= buffer.len(), "a head of more bytes than came");
            check_repeated(&head, buffer.get(..length).unwrap_or_default());
            let id = head.session_id(&buffer);
            assert!(id.is_none_or(|id| id.len() <= 3 * length), "an id of more bytes than came");
            buffer.drain(..length);
            if !head.is_interim() {
                body = Some(head.body());
            }
            heads.push(format!("{head:?}"));
        }
        let Some(body) = &mut body else { continue };
        if let Some(whole) = body.take_whole(&buffer) {
            data.extend_from_slice(whole);
            buffer.drain(..whole.len());
        }
        let mut rest = buffer.as_slice();
        while let Piece::Data(bytes) =
            body.next(&mut rest).map_err(|error| error.message().to_owned())?
        {
            assert!(!bytes.is_empty(), "a piece of nothing");
            data.extend_from_slice(bytes);
        }
        buffer = rest.to_vec();
    }
    let (is_done, may_end_here) = match &body {
        Some(body) => (body.is_done(), body.may_end_here()),
        None => (false, false),
    };
    Ok(Read { heads, body: data, is_done, may_end_here })
}
