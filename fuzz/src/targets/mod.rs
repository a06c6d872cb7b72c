//! The targets: each reads bytes of a peer and checks what must hold.

mod challenge;
mod coding;
mod config;
mod cookie;
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
mod schema;
mod skill;
mod url;

/// A function that panics if something that must hold does not.
pub struct Target {
    /// Its folder in `corpus` and `regressions`.
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Words from which inputs are made.
    pub words: &'static [&'static str],
}

pub const ALL: &[Target] = &[
    Target { name: "challenge", run: challenge::run, words: challenge::WORDS },
    Target { name: "coding", run: coding::run, words: coding::WORDS },
    Target { name: "config", run: config::run, words: config::WORDS },
    Target { name: "cookie", run: cookie::run, words: cookie::WORDS },
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
    Target { name: "schema", run: schema::run, words: schema::WORDS },
    Target { name: "skill", run: skill::run, words: skill::WORDS },
    Target { name: "url", run: url::run, words: url::WORDS },
];

/// Feeds a stream to `read` as a whole, byte by byte, and cut in two at every byte
/// (a long stream at some bytes). The results must be the same.
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

/// The bytes as text, if they are text, split at empty lines into several parts.
fn parts(data: &[u8]) -> Option<Vec<&str>> {
    std::str::from_utf8(data).ok().map(|text| text.split("\n\n").collect())
}
