//! The targets: what reads bytes of a peer, and what must hold for any.

mod challenge;
mod config;
mod event_stream;
mod form;
mod http;
mod json;
mod jsonrpc;
mod keys;
mod listener;
mod mask;
mod messages;
mod oauth;
mod replies;
mod skill;
mod url;

/// A function that panics where something that must hold does not.
pub struct Target {
    /// Its folder of `corpus` and `regressions`.
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Words that its inputs are made of.
    pub words: &'static [&'static str],
}

pub const ALL: &[Target] = &[
    Target { name: "challenge", run: challenge::run, words: challenge::WORDS },
    Target { name: "config", run: config::run, words: config::WORDS },
    Target { name: "event_stream", run: event_stream::run, words: event_stream::WORDS },
    Target { name: "form", run: form::run, words: form::WORDS },
    Target { name: "http", run: http::run, words: http::WORDS },
    Target { name: "json", run: json::run, words: json::WORDS },
    Target { name: "jsonrpc", run: jsonrpc::run, words: jsonrpc::WORDS },
    Target { name: "keys", run: keys::run, words: keys::WORDS },
    Target { name: "listener", run: listener::run, words: listener::WORDS },
    Target { name: "mask", run: mask::run, words: mask::WORDS },
    Target { name: "messages", run: messages::run, words: messages::WORDS },
    Target { name: "oauth", run: oauth::run, words: oauth::WORDS },
    Target { name: "replies", run: replies::run, words: replies::WORDS },
    Target { name: "skill", run: skill::run, words: skill::WORDS },
    Target { name: "url", run: url::run, words: url::WORDS },
];

/// Feeds a stream to `read` whole, in pieces of one byte, and cut in two at
/// every byte, of a long one at some: it must make no difference.
fn wherever_cut<T: PartialEq + std::fmt::Debug>(stream: &[u8], read: impl Fn(&[&[u8]]) -> T) -> T {
    let whole = crate::cost::bounded(stream.len(), || read(&[stream]));
    let step = (stream.len() / 64).max(1);
    for cut in (0..=stream.len()).step_by(step) {
        let (head, tail) = stream.split_at(cut);
        assert_eq!(read(&[head, tail]), whole, "cut at byte {cut}");
    }
    if stream.len() <= 4096 {
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&bytes), whole, "one byte at a time");
    }
    whole
}

/// The bytes as text, where they are, and split at each blank line: several
/// parts of one input.
fn parts(data: &[u8]) -> Option<Vec<&str>> {
    std::str::from_utf8(data).ok().map(|text| text.split("\n\n").collect())
}
