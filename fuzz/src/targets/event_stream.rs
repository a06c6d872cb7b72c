//! Splitting streams into messages: event streams and lines.

use super::wherever_cut;
use crate::wire::event_stream::EventStream;
use crate::wire::line::{LinePiece, Lines};
use crate::wire::unframed_body::{Shape, UnframedBody};

pub(super) const WORDS: &[&str] = &[
    "data: ",
    "data:",
    "data\n",
    "event: message\n",
    "event: endpoint\n",
    "id: 7\n",
    "id\n",
    "retry: 10\n",
    "retry: ",
    ": comment\n",
    "\n\n",
    "\r\r",
    "\r\n\r\n",
    "\u{feff}",
    "{\"a\":1}",
    "{",
    "[]",
];

/// The maximum bytes of a line or an event.
const LIMIT: usize = 300;

pub(super) fn run(data: &[u8]) {
    wherever_cut(data, events);
    let lines = wherever_cut(data, lines);
    for (mark, line) in &lines {
        assert!(!line.contains(&b'\n'));
        assert!(*mark != "whole" || line.len() <= LIMIT && !line.trim_ascii().is_empty());
    }
    begins_again(data);
    usual(data);
    let (shape, json, _) = wherever_cut(data, unframed);
    assert!(json.is_none_or(|json| shape == Shape::Json && json == data));
}

/// What a body is that may be one JSON text.
fn unframed(pieces: &[&[u8]]) -> (Shape, Option<Vec<u8>>, String) {
    let mut body = UnframedBody::new(usize::MAX);
    pieces.iter().for_each(|piece| assert!(body.add(piece).is_ok()));
    (body.shape(), body.take_json(true), body.error().message().to_owned())
}

type Events = (Vec<(String, Vec<u8>)>, Option<String>, Option<u32>, bool, Option<String>);

/// The reader of usual events finds what the general one finds.
fn usual(data: &[u8]) {
    let mut stream = EventStream::new(LIMIT);
    let (mut one, mut other) = (data, data);
    while let Some((text, rest)) = stream.usual(one) {
        let event = EventStream::new(LIMIT).next(&mut other).unwrap().unwrap();
        assert!(event.is_message() && event.data() == text && other == rest);
        one = rest;
    }
}

fn events(pieces: &[&[u8]]) -> Events {
    let mut stream = EventStream::new(LIMIT);
    let (mut out, mut failed) = (Vec::new(), None);
    'pieces: for piece in pieces {
        let mut rest = *piece;
        loop {
            match stream.next(&mut rest) {
                Ok(Some(event)) => {
                    assert!(!event.data().is_empty() && event.data().len() <= LIMIT);
                    out.push((event.kind.clone(), event.data().to_vec()));
                }
                Ok(None) => {
                    assert!(rest.is_empty(), "bytes are left and none is wanted");
                    break;
                }
                Err(error) => {
                    failed = Some(error.message().to_owned());
                    break 'pieces;
                }
            }
        }
    }
    let last = if failed.is_none() { stream.last_event() } else { None };
    out.extend(last.map(|event| ("last".to_owned(), event.data().to_vec())));
    let last_id = stream.last_id().map(str::to_owned);
    (out, last_id, stream.retry(), stream.has_moved(), failed)
}

fn lines(pieces: &[&[u8]]) -> Vec<(&'static str, Vec<u8>)> {
    let mut lines = Lines::new(LIMIT);
    let mut out = Vec::new();
    for piece in pieces {
        lines.feed(piece).unwrap();
        while let Some(line) = lines.next() {
            out.push(match line {
                LinePiece::Whole(line) => ("whole", line),
                // The cut decides how much of its beginning has arrived.
                LinePiece::Long(_) => ("long", Vec::new()),
                LinePiece::Rest(line) => ("rest", line),
            });
        }
    }
    out.extend(lines.take_unfinished().map(|line| ("last", line)));
    out
}

/// A stream that replaces another keeps only its last event id.
fn begins_again(data: &[u8]) {
    let (first, second) = data.split_at(data.len() / 2);
    let read = |stream: &mut EventStream, bytes: &[u8]| {
        let (mut rest, mut out) = (bytes, Vec::new());
        while let Ok(Some(event)) = stream.next(&mut rest) {
            out.push((event.kind.clone(), event.data().to_vec()));
        }
        out
    };
    let mut used = EventStream::new(LIMIT);
    read(&mut used, first);
    used.begin_again();
    assert_eq!(read(&mut used, second), read(&mut EventStream::new(LIMIT), second));
}
