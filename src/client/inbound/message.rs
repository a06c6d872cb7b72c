//! From the bytes of an inbound text to its messages: UTF-8, then a batch or
//! not, then JSON-RPC. Every carrier comes through here.

use crate::base::error::{Error, Result};
use crate::client::inbound::policy::Fault;
use crate::wire::jsonrpc::{self, Message};
use crate::wire::tape::Tape;

/// The text of one message.
#[derive(Debug)]
pub(crate) struct MessageText {
    text: String,
    /// Where the message begins in the text: an event keeps its field name.
    start: usize,
}

impl MessageText {
    pub(crate) fn data(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    pub(crate) fn parse(&self) -> Result<(Message<'_>, Tape)> {
        jsonrpc::parse(self.data())
    }

    /// The text, and where the message begins in it.
    pub(crate) fn into_parts(self) -> (String, usize) {
        (self.text, self.start)
    }

    /// The id of a response that cannot be parsed, if that much can be read.
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

/// Takes an inbound text apart. `has_batches`: whether the revision has
/// batches.
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
    fn keeps_a_single_message_where_it_stands() {
        let Ok(Messages::One(message)) = split(b"data: {}".to_vec(), 6, false) else {
            unreachable!()
        };
        assert_eq!(message.data(), "{}");
        assert_eq!(message.into_parts().1, 6);
    }

    #[test]
    fn reads_the_id_of_a_response_that_breaks_the_rules() {
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
