//! Parses the bytes of an inbound text into messages: UTF-8, then batches, then
//! JSON-RPC. All carriers use this parser.

use crate::base::error::{Error, Result};
use crate::client::inbound::policy::Fault;
use crate::wire::jsonrpc::{self, Message};
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

    /// The id of a malformed response, if the id can be read.
    pub(crate) fn id_of_broken_response(&self) -> Option<i64> {
        #[derive(serde::Deserialize)]
        struct Envelope<'a> {
            id: Option<i64>,
            #[serde(borrow)]
            method: Option<&'a serde_json::value::RawValue>,
        }
        let envelope = serde_json::from_str::<Envelope<'_>>(self.data()).ok();
        envelope.filter(|envelope| envelope.method.is_none()).and_then(|envelope| envelope.id)
    }
}

/// The messages of one inbound text.
#[derive(Debug)]
pub(crate) enum Messages {
    One(MessageText),
    Batch(Vec<MessageText>),
}

/// Splits an inbound text into messages. `has_batches`: whether the revision
/// has batches.
pub(crate) fn split(
    bytes: Vec<u8>,
    start: usize,
    has_batches: bool,
) -> std::result::Result<Messages, (Fault, Error)> {
    let text = jsonrpc::utf8(bytes).map_err(|error| (Fault::NotUtf8, error))?;
    let Some(batch) = jsonrpc::batch(text.get(start..).unwrap_or_default()) else {
        return Ok(Messages::One(MessageText { text, start }));
    };
    if !has_batches {
        let what = "the server sent a batch, which this protocol revision does not have";
        return Err((Fault::UnexpectedBatch, Error::protocol(what)));
    }
    let batch = batch.map_err(|error| (Fault::BrokenBatch, error))?;
    let text = |message: &&serde_json::value::RawValue| MessageText {
        text: message.get().to_owned(),
        start: 0,
    };
    Ok(Messages::Batch(batch.iter().map(text).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_a_batch_where_the_revision_has_batches() {
        let batch = || b" [{\"a\":1}, 2]".to_vec();
        let Ok(Messages::Batch(parts)) = split(batch(), 0, true) else { unreachable!() };
        assert_eq!(parts.iter().map(MessageText::data).collect::<Vec<_>>(), ["{\"a\":1}", "2"]);
        for (bytes, has_batches, fault) in [
            (batch(), false, Fault::UnexpectedBatch),
            (b"[{}".to_vec(), true, Fault::BrokenBatch),
            (b"[]".to_vec(), true, Fault::BrokenBatch),
            (b"\xff{}".to_vec(), true, Fault::NotUtf8),
        ] {
            assert_eq!(split(bytes, 0, has_batches).unwrap_err().0, fault);
        }
    }

    #[test]
    fn keeps_the_offset_of_a_single_message() {
        let Ok(Messages::One(message)) = split(b"data: {}".to_vec(), 6, false) else {
            unreachable!()
        };
        assert_eq!(message.data(), "{}");
        assert_eq!(message.into_parts().1, 6);
    }

    #[test]
    fn reads_the_id_of_a_malformed_response() {
        for (text, id) in [
            ("{\"id\":7,\"result\":{},\"error\":{}}", Some(7)),
            ("{\"id\":7,\"method\":\"x\"}", None),
            ("{\"id\":\"7\"}", None),
            ("{\"id\":7", None),
            ("7", None),
        ] {
            let message = MessageText { text: text.to_owned(), start: 0 };
            assert_eq!(message.id_of_broken_response(), id, "{text}");
        }
    }
}
