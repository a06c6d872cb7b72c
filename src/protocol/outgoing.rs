//! A message to the server, ready to be sent.

use std::borrow::Cow;
use std::sync::Arc;

use crate::wire::json_members::{self, MemberWriter};

/// A JSON-RPC message and the HTTP headers that its dialect asks for.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pub(crate) headers: Headers,
    pub(crate) body: MessageBody,
}

/// HTTP header fields as they are sent. Each ends with a line break.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    /// Those of every message of a session. They are written once.
    common: Option<Arc<str>>,
    own: String,
}

impl Headers {
    pub(crate) fn common(fields: &Arc<str>) -> Self {
        Self { common: Some(fields.clone()), own: String::new() }
    }

    /// Adds a field. The value has no line break.
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        if self.own.is_empty() {
            // For the fields that follow as well.
            self.own.reserve(name.len() + value.len() + 96);
        }
        self.own.push_str(name);
        self.own.push_str(": ");
        self.own.push_str(value);
        self.own.push_str("\r\n");
    }

    /// The fields as they are sent, in two parts.
    pub(crate) fn parts(&self) -> [&str; 2] {
        [self.common.as_deref().unwrap_or_default(), &self.own]
    }

    /// Names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.parts().into_iter().flat_map(|part| part.split_terminator("\r\n"));
        lines.filter_map(|line| line.split_once(": "))
    }
}

/// The JSON text of a message. Large arguments stay where the call has them, so
/// that they are in memory once, however often the message is sent.
#[derive(Debug, Default)]
pub(crate) struct MessageBody {
    text: String,
    /// Where the large part belongs in the text, and the part.
    large: Option<(usize, Arc<str>)>,
}

/// Shorter arguments are copied into the text: to send several parts costs more.
const LARGE: usize = 16 * 1024;

impl MessageBody {
    /// The text that `write` writes, with room for `length` bytes. The function
    /// gets the place to note large arguments at.
    pub(crate) fn write(
        length: usize,
        write: impl FnOnce(&mut MemberWriter<'_>, &mut LargePart),
    ) -> Self {
        let mut text = String::with_capacity(length);
        let mut large = LargePart(None);
        json_members::push_object(&mut text, |json| write(json, &mut large));
        Self { text, large: large.0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len() + self.large.as_ref().map_or(0, |(_, part)| part.len())
    }

    /// The bytes, in the parts in which they are in memory.
    pub(crate) fn parts(&self) -> [&[u8]; 3] {
        match &self.large {
            None => [self.text.as_bytes(), &[], &[]],
            Some((at, part)) => {
                let (before, after) = self.text.split_at_checked(*at).unwrap_or_default();
                [before.as_bytes(), part.as_bytes(), after.as_bytes()]
            }
        }
    }

    /// The whole text, for a trace.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match &self.large {
            None => Cow::Borrowed(&self.text),
            Some(_) => String::from_utf8_lossy(&self.parts().concat()).into_owned().into(),
        }
    }
}

impl From<String> for MessageBody {
    fn from(text: String) -> Self {
        Self { text, large: None }
    }
}

/// The arguments of a message that is being written, if they are large.
#[derive(Debug)]
pub(crate) struct LargePart(Option<(usize, Arc<str>)>);

impl LargePart {
    /// Writes the member "arguments". Large arguments are noted with their place
    /// instead.
    pub(crate) fn write_arguments(&mut self, json: &mut MemberWriter<'_>, arguments: &Arc<str>) {
        if arguments.len() < LARGE {
            json.json("arguments", arguments);
        } else {
            self.0 = Some((json.json_elsewhere("arguments"), arguments.clone()));
        }
    }
}

/// The length of the arguments as far as the text of a message holds them.
pub(crate) fn length_of(arguments: Option<&Arc<str>>) -> usize {
    arguments.map_or(0, |arguments| arguments.len()).min(LARGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_large_arguments_where_they_are() {
        for length in [2, LARGE - 1, LARGE, LARGE + 1] {
            let arguments: Arc<str> = format!("{{{}}}", " ".repeat(length - 2)).into();
            let body = MessageBody::write(0, |json, large| {
                json.string("before", "é");
                json.object("params", |json| {
                    large.write_arguments(json, &arguments);
                    json.integer("after", 1);
                });
            });
            let text =
                format!(r#"{{"before":"é","params":{{"arguments":{arguments},"after":1}}}}"#);
            assert_eq!(body.text(), text);
            assert_eq!(body.parts().concat(), text.as_bytes());
            assert_eq!(body.len(), text.len());
            let is_shared = Arc::strong_count(&arguments) == 2;
            assert_eq!(is_shared, length >= LARGE, "{length}");
        }
    }

    #[test]
    fn writes_header_fields_as_they_are_sent() {
        let mut headers = Headers::common(&"A: b\r\nC: d: e\r\n".into());
        headers.push("F", "");
        assert_eq!(headers.parts().concat(), "A: b\r\nC: d: e\r\nF: \r\n");
        let all: Vec<_> = headers.iter().collect();
        assert_eq!(all, [("A", "b"), ("C", "d: e"), ("F", "")]);
        assert_eq!(Headers::default().iter().count(), 0);
    }
}
