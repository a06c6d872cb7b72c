//! Parses the bytes of an inbound text into messages: UTF-8, then batches, then
//! JSON-RPC. All carriers use this parser.

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

    pub(crate) fn parse(&self) -> Result<(Message<'_>, Tape)> {
        jsonrpc::parse(self.data())
    }

    /// The text, and the offset of the message in it.
    pub(crate) fn into_parts(self) -> (String, usize) {
        (self.text, self.start)
    }
}

/// The messages of one inbound text.
#[derive(Debug)]
pub(crate) enum Messages {
    One(MessageText),
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
    let text = match jsonrpc::utf8(bytes, start) {
        Ok(text) => text,
        Err((error, bytes)) => return Err(MalformedText { bytes, start, error }),
    };
    match jsonrpc::batch(text.get(start..).unwrap_or_default()) {
        None => Ok(Messages::One(MessageText { text, start })),
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
        [only] => Ok(Messages::One(text(only))),
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
            let Ok(Messages::One(message)) = split_in(b" [ {\"a\":1} ] ", revision) else {
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
        let Ok(Messages::One(message)) = split(b"data: {}".to_vec(), 6, revision) else {
            unreachable!()
        };
        assert_eq!(message.data(), "{}");
        assert_eq!(message.into_parts().1, 6);
        let malformed = split(b"data: \xff".to_vec(), 6, revision).unwrap_err();
        assert_eq!(malformed.data(), b"\xff");
        assert!(malformed.error.message().contains("at byte 0"));
    }
}
