//! Parses the bytes of an inbound text into messages: UTF-8, then batches, then
//! JSON-RPC. All carriers use this parser. A large message is read in one pass; if it
//! has a fault, the fault is found in this order.

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, Status};
use crate::protocol::revision::Revision;
use crate::wire::jsonrpc::{self, Batch, MOST_MESSAGES, Message, malformed};
use crate::wire::tape::Tape;

/// The text of one message.
#[derive(Debug)]
pub(crate) struct MessageText {
    text: String,
    /// The offset of the message: the text of an event has the field name first.
    start: usize,
}

impl MessageText {
    pub(crate) fn data(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// `tape`: the one that [`split`] returned with the message.
    pub(crate) fn parse(&self, tape: Option<Tape>) -> Result<(Message<'_>, Tape)> {
        jsonrpc::parse_with(self.data(), tape)
    }

    /// The text, and the offset of the message in it.
    pub(crate) fn into_parts(self) -> (String, usize) {
        (self.text, self.start)
    }
}

/// The messages of one inbound text.
#[derive(Debug)]
pub(crate) enum Messages {
    /// With its tape if the message was read already.
    One(MessageText, Option<Tape>),
    Batch(Vec<MessageText>),
}

/// A text that is no message of the revision. `bytes[start..]` is the text.
#[derive(Debug)]
pub(crate) struct MalformedText {
    pub(crate) bytes: Vec<u8>,
    pub(crate) start: usize,
    pub(crate) error: Error,
}

impl MalformedText {
    pub(crate) fn of(message: MessageText, error: Error) -> Self {
        let (text, start) = message.into_parts();
        Self { bytes: text.into_bytes(), start, error }
    }

    pub(crate) fn data(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// Splits an inbound text into messages. In every revision, an array with one
/// element is treated as that element.
pub(crate) fn split(
    bytes: Vec<u8>,
    start: usize,
    revision: impl FnOnce() -> Revision,
) -> std::result::Result<Messages, MalformedText> {
    let bytes = match jsonrpc::read_large(bytes, start) {
        Ok((text, tape)) => return Ok(Messages::One(MessageText { text, start }, Some(tape))),
        Err(bytes) => bytes,
    };
    let text = match jsonrpc::utf8(bytes, start) {
        Ok(text) => text,
        Err((error, bytes)) => return Err(MalformedText { bytes, start, error }),
    };
    match jsonrpc::batch(text.get(start..).unwrap_or_default()) {
        None => Ok(Messages::One(MessageText { text, start }, None)),
        Some(batch) => match batch_of(batch, revision()) {
            Ok(messages) => Ok(messages),
            Err(error) => Err(MalformedText { bytes: text.into_bytes(), start, error }),
        },
    }
}

#[cold]
fn batch_of(batch: Result<Batch<'_>>, revision: Revision) -> Result<Messages> {
    let text = |message: &&RawValue| MessageText { text: message.get().to_owned(), start: 0 };
    let Batch { messages, count } = batch?;
    match messages.as_slice() {
        [only] => Ok(Messages::One(text(only), None)),
        _ if !revision.has_batches() => Err(malformed(format!(
            "a batch of {count} messages at byte 0, which revision {} does not have",
            revision.as_str()
        ))),
        _ if count > MOST_MESSAGES => Err(Error::new(
            Status::TooLarge,
            format!(
                "the server sent a batch of {count} messages, and the limit is {MOST_MESSAGES}"
            ),
        )),
        all => Ok(Messages::Batch(all.iter().map(text).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_in(bytes: &[u8], revision: Revision) -> std::result::Result<Messages, MalformedText> {
        split(bytes.to_vec(), 0, || revision)
    }

    #[test]
    fn splits_a_batch_where_the_revision_has_batches() {
        let batch = b" [{\"a\":1}, 2]";
        let Ok(Messages::Batch(parts)) = split_in(batch, Revision::V2025_03_26) else {
            unreachable!()
        };
        assert_eq!(parts.iter().map(MessageText::data).collect::<Vec<_>>(), ["{\"a\":1}", "2"]);
        let malformed = split_in(batch, Revision::V2025_11_25).unwrap_err();
        assert_eq!(malformed.data(), batch);
        for word in ["malformed", "batch", "2025-11-25", "byte 0"] {
            assert!(malformed.error.message().contains(word), "{}", malformed.error.message());
        }
    }

    #[test]
    fn refuses_a_batch_over_the_limit() {
        let batch = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
        let split = |count| split_in(batch(count).as_bytes(), Revision::V2025_03_26);
        assert!(matches!(split(MOST_MESSAGES), Ok(Messages::Batch(_))));
        let error = split(MOST_MESSAGES + 1).unwrap_err().error;
        assert_eq!(error.status(), Status::TooLarge);
        assert!(error.message().contains("100001") && error.message().contains("100000"));
    }

    #[test]
    fn takes_the_element_of_an_array_of_one_in_every_revision() {
        for revision in Revision::ALL {
            let Ok(Messages::One(message, None)) = split_in(b" [ {\"a\":1} ] ", revision) else {
                unreachable!()
            };
            assert_eq!(message.data(), "{\"a\":1}");
        }
    }

    #[test]
    fn says_why_a_text_is_malformed() {
        for (bytes, words) in [
            (&b"[{}"[..], "not a JSON array"),
            (b"[]", "an empty batch"),
            (b"\xff{}", "not UTF-8 at byte 0"),
        ] {
            let malformed = split_in(bytes, Revision::V2025_03_26).unwrap_err();
            assert!(malformed.error.message().contains(words), "{}", malformed.error.message());
            assert_eq!(malformed.data(), bytes);
        }
    }

    #[test]
    fn keeps_the_offset_of_a_single_message() {
        let revision = || Revision::V2025_11_25;
        let Ok(Messages::One(message, None)) = split(b"data: {}".to_vec(), 6, revision) else {
            unreachable!()
        };
        assert_eq!(message.data(), "{}");
        assert_eq!(message.into_parts().1, 6);
        let malformed = split(b"data: \xff".to_vec(), 6, revision).unwrap_err();
        assert_eq!(malformed.data(), b"\xff");
        assert!(malformed.error.message().contains("at byte 0"));
    }

    #[test]
    fn reads_a_large_message_as_a_small_one() {
        let large = |start: &str, end: &str| format!("{start}{}{end}", "é".repeat(40_000));
        let response = large(r#"{"jsonrpc":"2.0","id":1,"result":{"a":""#, "\"}}");
        let mut texts: Vec<Vec<u8>> = vec![
            response.clone().into_bytes(),
            format!(" \n{response} ").into_bytes(),
            format!("\u{feff}{response}").into_bytes(),
            format!("[{response}]").into_bytes(),
            format!(" [{response},{response}]").into_bytes(),
            format!("{response}x").into_bytes(),
            large(r#"{"jsonrpc":"1.0","id":1,"result":{"a":""#, "\"}}").into_bytes(),
            large("[\"", "\"").into_bytes(),
            large("\u{c}[\"", "\"]").into_bytes(),
            large(r#"{"jsonrpc":"2.0","method":"notifications/x","params":{"a":""#, "\"}}")
                .into_bytes(),
        ];
        // Faults of UTF-8 around the ends of pieces, and at the ends of the text.
        let first = response.find('é').unwrap();
        let last = response.len() - 1;
        for at in [0, 3, first - 1, first, first + 16_383, first + 16_384, first + 32_769, last] {
            for fault in [0x80, 0xff, b'\\', b'"'] {
                let mut bytes = response.clone().into_bytes();
                bytes[at] = fault;
                texts.push(bytes);
            }
        }
        let shown = |parsed: Result<(Message<'_>, Tape)>| match parsed {
            Ok((message, tape)) => format!("{message:?} {tape:?}"),
            Err(error) => error.message().to_owned(),
        };
        for text in texts {
            for before in ["", "data: "] {
                let bytes = [before.as_bytes(), &text].concat();
                let found = match split(bytes.clone(), before.len(), || Revision::V2025_03_26) {
                    Ok(Messages::One(message, tape)) => shown(message.parse(tape)),
                    Ok(Messages::Batch(all)) => format!("{} messages", all.len()),
                    Err(malformed) => {
                        assert_eq!((malformed.data(), malformed.start), (&*text, before.len()));
                        malformed.error.message().to_owned()
                    }
                };
                let expected = match jsonrpc::utf8(bytes, before.len()) {
                    Err((error, _)) => error.message().to_owned(),
                    Ok(all) => {
                        let text = &all[before.len()..];
                        match jsonrpc::batch(text) {
                            None => shown(jsonrpc::parse(text)),
                            Some(Err(error)) => error.message().to_owned(),
                            Some(Ok(Batch { messages, count: 1 })) => {
                                shown(jsonrpc::parse(messages[0].get()))
                            }
                            Some(Ok(Batch { count, .. })) => format!("{count} messages"),
                        }
                    }
                };
                assert!(found == expected, "{:?}", String::from_utf8_lossy(&text[..60]));
            }
        }
        // A text is read in one pass, and a message of few bytes is not.
        let is_read = |text: &str| {
            matches!(
                split_in(text.as_bytes(), Revision::V2025_11_25),
                Ok(Messages::One(_, Some(_)))
            )
        };
        assert!(is_read(&response) && !is_read("{}"));
    }
}
