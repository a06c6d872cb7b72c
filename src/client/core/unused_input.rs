//! Input that no call could use, for the errors of calls without a response.
//!
//! A server that prints to its standard output, or frames its messages in
//! another way, never answers in the eyes of the client. The error of the call
//! then says what arrived in place of the response.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::error::{Error, Status};
use crate::base::mask::CUT;
use crate::base::one_line::is_hidden;
use crate::base::sync::lock;

/// Counts the calls of a client. A call is known by its place.
pub(crate) type CallNumber = u64;

/// Why input could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unused {
    /// A line that is not a message.
    Line,
    /// An event that is not a message.
    Event,
    /// A line that is a response to no pending request.
    ResponseLine,
    /// An event that is a response to no pending request.
    ResponseEvent,
}

impl Unused {
    const ALL: [Self; 4] = [Self::Line, Self::Event, Self::ResponseLine, Self::ResponseEvent];

    fn words(self, count: usize) -> String {
        let noun = match self {
            Self::Line | Self::ResponseLine => "line",
            Self::Event | Self::ResponseEvent => "event",
        };
        let is_response = matches!(self, Self::ResponseLine | Self::ResponseEvent);
        let rest = match (is_response, count) {
            (false, 1) => "that is not a message",
            (false, _) => "that are not a message",
            (true, 1) => "that is not a message for this call: it answers no pending request",
            (true, _) => "that are not a message for this call: they answer no pending request",
        };
        format!("{count} {noun}{} {rest}", if count == 1 { "" } else { "s" })
    }
}

/// Input of one kind, between the begins of two calls.
#[derive(Debug)]
struct UnusedEntry {
    unused: Unused,
    /// The call whose stream it arrived on, and the id of its request; `None`
    /// for a connection that all calls share.
    call: Option<(CallNumber, i64)>,
    /// How many calls had begun.
    begun: CallNumber,
    count: usize,
    /// The beginning of the first.
    first: String,
}

/// The input of one client.
#[derive(Debug, Default)]
pub(crate) struct UnusedInput {
    begun: AtomicU64,
    entries: Mutex<Vec<UnusedEntry>>,
}

/// The limit of entries. The oldest go first.
const MOST: usize = 64;
/// The longest quote, in bytes.
const QUOTED: usize = 100;

impl UnusedInput {
    /// Begins a call.
    #[inline]
    pub(crate) fn begin(&self) -> CallNumber {
        self.begun.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds an input. `call`: the call whose stream it arrived on, and the id of
    /// its request. A call that sends its request again counts from the start.
    #[cold]
    pub(crate) fn add(&self, unused: Unused, call: Option<(CallNumber, i64)>, text: &[u8]) {
        let begun = self.begun.load(Ordering::Relaxed);
        let mut entries = lock(&self.entries);
        if let Some((call, id)) = call {
            entries.retain(|entry| entry.call.is_none_or(|own| own.0 != call || own.1 == id));
        }
        let is_same = |entry: &&mut UnusedEntry| {
            let is_as_old = entry.call.is_some() || entry.begun == begun;
            (entry.unused, entry.call) == (unused, call) && is_as_old
        };
        if let Some(entry) = entries.iter_mut().rev().find(is_same) {
            entry.count += 1;
            return;
        }
        if entries.len() >= MOST {
            entries.remove(0);
        }
        entries.push(UnusedEntry { unused, call, begun, count: 1, first: excerpt(text) });
    }

    /// Adds to the error of a call that timed out the beginning of a line or an
    /// event that has no end.
    #[cold]
    pub(crate) fn explain_unfinished(error: Error, unused: Unused, text: &[u8]) -> Error {
        if text.trim_ascii().is_empty() || error.status() != Status::Timeout {
            return error;
        }
        let (unit, end) = match unused {
            Unused::Line => ("line", "a line break"),
            _ => ("event", "an empty line"),
        };
        error.with_advice(&format!(
            "the server sent 1 {unit} that is not a message yet, for its end ({end}) is missing \
             after {} bytes: \"{}\"",
            text.len(),
            excerpt(text)
        ))
    }

    /// Adds to the error of a call without a response what has arrived since the
    /// call began.
    #[cold]
    pub(crate) fn explain(&self, error: Error, call: CallNumber) -> Error {
        match error.status() {
            Status::Timeout | Status::Io | Status::Process => self.quote(error, call),
            _ => error,
        }
    }

    /// Adds to an error what has arrived since the call began.
    #[cold]
    pub(crate) fn quote(&self, error: Error, call: CallNumber) -> Error {
        let entries = lock(&self.entries);
        Unused::ALL.into_iter().fold(error, |error, unused| {
            let arrived = |entry: &&UnusedEntry| match entry.call {
                Some((own, _)) => own == call,
                None => entry.begun > call,
            };
            let all = || entries.iter().filter(|entry| entry.unused == unused).filter(arrived);
            match all().next() {
                Some(UnusedEntry { first, .. }) => {
                    let count = all().map(|entry| entry.count).sum();
                    let the_first = if count == 1 { "" } else { ", the first" };
                    error.with_advice(&format!(
                        "the server sent {}{the_first}: \"{first}\"",
                        unused.words(count)
                    ))
                }
                None => error,
            }
        })
    }
}

/// The beginning of a text, with escapes for characters that no reader sees.
fn excerpt(text: &[u8]) -> String {
    let text = text.trim_ascii();
    // No character becomes shorter.
    let head = String::from_utf8_lossy(text.get(..QUOTED + 4).unwrap_or(text));
    let (mut out, mut fit) = (String::new(), 0);
    for character in head.chars() {
        if is_hidden(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
        if out.len() <= QUOTED - CUT.len() {
            fit = out.len();
        }
    }
    if out.len() > QUOTED {
        out.truncate(fit);
        out.push_str(CUT);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(input: &UnusedInput, call: CallNumber) -> String {
        input.explain(Error::new(Status::Timeout, "no answer"), call).message().to_owned()
    }

    #[test]
    fn counts_what_arrived_since_the_call_began() {
        let input = UnusedInput::default();
        input.add(Unused::Line, None, b"before");
        let first = input.begin();
        assert_eq!(explained(&input, first), "no answer");
        input.add(Unused::Line, None, b" a\r");
        input.add(Unused::Line, None, b"b");
        let second = input.begin();
        input.add(Unused::Line, None, b"c");
        input.add(Unused::ResponseLine, None, b"{}");
        assert_eq!(
            explained(&input, first),
            "no answer; the server sent 3 lines that are not a message, the first: \"a\"; \
             the server sent 1 line that is not a message for this call: it answers no pending \
             request: \"{}\""
        );
        assert_eq!(
            explained(&input, second),
            "no answer; the server sent 1 line that is not a message: \"c\"; \
             the server sent 1 line that is not a message for this call: it answers no pending \
             request: \"{}\""
        );
        let third = input.begin();
        assert_eq!(explained(&input, third), "no answer");
    }

    #[test]
    fn keeps_the_streams_of_calls_apart() {
        let input = UnusedInput::default();
        let (one, two) = (input.begin(), input.begin());
        input.add(Unused::Event, Some((one, 1)), b"a");
        input.add(Unused::Event, Some((two, 2)), b"b");
        input.add(Unused::Event, Some((one, 1)), b"c");
        assert!(
            explained(&input, one).ends_with("2 events that are not a message, the first: \"a\"")
        );
        assert!(explained(&input, two).ends_with("1 event that is not a message: \"b\""));
    }

    #[test]
    fn explains_only_that_there_was_no_response() {
        let input = UnusedInput::default();
        let call = input.begin();
        input.add(Unused::Line, None, b"a");
        for (status, explains) in [
            (Status::Timeout, true),
            (Status::Io, true),
            (Status::Process, true),
            (Status::Rpc, false),
            (Status::Protocol, false),
            (Status::Cancelled, false),
        ] {
            let error = input.explain(Error::new(status, "x"), call);
            assert_eq!((error.message() != "x", error.status()), (explains, status));
        }
    }

    #[test]
    fn explains_an_unfinished_text_at_a_timeout() {
        for (status, text, words) in [
            (
                Status::Timeout,
                "{\"a\"",
                "x; the server sent 1 line that is not a message yet, for its end (a line break) \
                 is missing after 4 bytes: \"{\"a\"\"",
            ),
            (Status::Timeout, " \r", "x"),
            (Status::Cancelled, "{", "x"),
        ] {
            let error = Error::new(status, "x");
            let error = UnusedInput::explain_unfinished(error, Unused::Line, text.as_bytes());
            assert_eq!(error.message(), words);
        }
    }

    #[test]
    fn is_bounded() {
        let input = UnusedInput::default();
        for _ in 0..10 * MOST {
            input.begin();
            input.add(Unused::Line, None, &[b'x'; 5000]);
        }
        let entries = lock(&input.entries);
        assert!(entries.len() == MOST && entries.iter().all(|entry| entry.first.len() <= QUOTED));
    }

    #[test]
    fn quotes_the_beginning_with_escapes() {
        for (text, quoted) in [
            (&b" INFO\ta \"b\"\r\n"[..], "INFO\\u0009a \"b\""),
            (b"\x1b[31m\x00\xff", "\\u001b[31m\\u0000\u{fffd}"),
            ("a\u{202e}b\u{e0001}".as_bytes(), "a\\u202eb\\udb40\\udc01"),
        ] {
            assert_eq!(excerpt(text), quoted);
        }
        assert_eq!(excerpt(&[b'x'; 100]), "x".repeat(100));
        assert_eq!(excerpt(&[b'x'; 101]), format!("{}...", "x".repeat(97)));
        for text in ["\u{1b}".repeat(500), "\u{e9}".repeat(500), "\u{1f600}".repeat(500)] {
            let quoted = excerpt(text.as_bytes());
            assert!(quoted.len() <= QUOTED && quoted.ends_with(CUT), "{quoted}");
        }
    }
}
