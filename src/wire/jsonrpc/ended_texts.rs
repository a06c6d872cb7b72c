//! Large texts of a result that C reads where they are in the message: each ends
//! with a NUL in place of its closing quote.

use crate::wire::jsonrpc::Answer;
use crate::wire::tape::Place;

impl Answer {
    /// Replaces the closing quotes of the texts of contents by NULs, if they have no
    /// escapes and at least `least` bytes: C reads such a text where it is. JSON text
    /// has no NUL otherwise.
    pub(crate) fn with_ended_texts(mut self, least: usize) -> Self {
        if self.text.len() >= least {
            self.end_texts(least);
        }
        self
    }

    /// Puts the quotes back into a copy of a part of the message.
    pub(crate) fn restore_quotes(&self, part: &mut [u8]) {
        let mut start = 0;
        while self.has_ended_texts
            && let Some(at) = part.get(start..).and_then(|rest| memchr::memchr(0, rest))
        {
            start += at + 1;
            if let Some(nul) = part.get_mut(start - 1) {
                *nul = b'"';
            }
        }
    }

    fn end_texts(&mut self, least: usize) {
        for name in ["content", "contents"] {
            let Some(place) = self.tape.member(self.message(), self.result, name) else { continue };
            // An object in the place of the array is one content.
            match self.tape.text(self.message(), place).starts_with('{') {
                true => self.end_text(place, least),
                false => {
                    let items: Vec<_> = self.tape.elements(self.message(), place).collect();
                    items.into_iter().for_each(|item| self.end_text(item, least));
                }
            }
        }
    }

    fn end_text(&mut self, content: Place, least: usize) {
        let message = self.message();
        let text = self.tape.member(message, content, "text");
        let end = text.and_then(|place| self.tape.plain_end(message, place, least));
        if let Some(end) = end {
            let end = self.start + end;
            self.text.replace_range(end - 1..end, "\0");
            self.has_ended_texts = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::jsonrpc::LEVELS;
    use crate::wire::tape::Tape;

    #[test]
    fn ends_the_plain_texts_of_contents_and_restores_their_quotes() {
        for (result, expected) in [
            (r#"{"content":[{"text":"abc"}]}"#, r#"{"content":[{"text":"abc0}]}"#),
            (r#"{"content":[{"text":"ab"}]}"#, r#"{"content":[{"text":"ab"}]}"#),
            (r#"{"content":[{"text":"a\nb"}]}"#, r#"{"content":[{"text":"a\nb"}]}"#),
            (r#"{"contents": { "text" : "abc" } }"#, r#"{"contents": { "text" : "abc0 } }"#),
            (
                r#"{"x":"a\\b","content":[1,[],"abc",{"text":"éé"},{"text":{"text":"abc"}}]}"#,
                r#"{"x":"a\\b","content":[1,[],"abc",{"text":"éé0},{"text":{"text":"abc"}}]}"#,
            ),
            (
                r#"{"content":[{"text":"abc","text":"d\n"},{"text":"abc"},{"te\u0078t":"def"}]}"#,
                r#"{"content":[{"text":"abc","text":"d\n"},{"text":"abc0},{"te\u0078t":"def0}]}"#,
            ),
            (r#"{"content":"abc","text":"abc"}"#, r#"{"content":"abc","text":"abc"}"#),
        ] {
            for (before, after) in [("", ""), ("data: ", " ")] {
                let text = format!("{before}{result}{after}");
                let tape = Tape::read(&text[before.len()..], LEVELS).unwrap();
                let answer = Answer::new(text, before.len(), tape, 0).with_ended_texts(5);
                assert_eq!(answer.json().replace('\0', "0"), expected);
                let mut copy = answer.json().as_bytes().to_vec();
                answer.restore_quotes(&mut copy);
                assert_eq!(std::str::from_utf8(&copy), Ok(result));
                let mut copy = answer.message().as_bytes().to_vec();
                answer.restore_quotes(&mut copy);
                assert_eq!(std::str::from_utf8(&copy), Ok(&*format!("{result}{after}")));
            }
        }
    }
}
