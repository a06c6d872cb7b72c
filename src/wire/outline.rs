//! Finds the id of a message that cannot be parsed.
//!
//! A server writes `NaN`, text that is not UTF-8, or half a message. The call
//! that the message belongs to fails at once if the id can be read. The scan
//! respects strings and nesting, and tolerates everything else.

use crate::wire::json_number::{decimal, integer};

/// The UTF-8 form of a byte order mark.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Calls `take` with the id of the message, if it is meant as a response, or of
/// each response in an array of messages.
///
/// An object with "result" or "error", or with "jsonrpc" and without "method",
/// is meant as a response. Only ids that a request of this library can have
/// are reported: integers, and strings of their digits.
pub(crate) fn response_ids(text: &[u8], mut take: impl FnMut(i64)) {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut scan = OutlineScan(text);
    match scan.next() {
        Some(OutlineToken::Open(b'{')) => {
            scan.object().response_id().map(take);
        }
        Some(OutlineToken::Open(_)) => loop {
            match scan.next() {
                Some(OutlineToken::Open(b'{')) => {
                    scan.object().response_id().map(&mut take);
                }
                Some(OutlineToken::Open(_)) => scan.skip(),
                Some(OutlineToken::Close) | None => return,
                Some(_) => {}
            }
        },
        _ => {}
    }
}

/// The members of an envelope that say whose message it is.
#[derive(Debug, Default)]
struct Outline {
    id: Option<i64>,
    has_version: bool,
    has_method: bool,
    has_result: bool,
    has_error: bool,
}

impl Outline {
    fn response_id(&self) -> Option<i64> {
        let is_meant = self.has_version || self.has_result || self.has_error;
        self.id.filter(|_| is_meant && !self.has_method)
    }

    /// Takes a member whose name was read. Its value may have been cut off.
    fn begin(&mut self, name: &[u8], is_there: bool) {
        match name {
            b"jsonrpc" => self.has_version = is_there,
            b"method" => self.has_method = is_there,
            b"result" => self.has_result = is_there,
            b"error" => self.has_error = is_there,
            _ => {}
        }
    }

    /// Takes the value of a member. `null` means that the member is absent.
    fn end(&mut self, name: &[u8], value: &OutlineToken<'_>) {
        match (name, value) {
            (b"id", OutlineToken::Word(word)) => self.id = text(word).and_then(integer),
            (b"id", OutlineToken::Text(digits)) => self.id = text(digits).and_then(decimal),
            (b"id", _) => self.id = None,
            (_, OutlineToken::Word(b"null")) => self.begin(name, false),
            _ => {}
        }
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The rest of a text.
struct OutlineScan<'a>(&'a [u8]);

#[derive(Debug)]
enum OutlineToken<'a> {
    /// A bracket or a brace.
    Open(u8),
    Close,
    Colon,
    Comma,
    /// A string without its quotes; its escapes are not replaced.
    Text(&'a [u8]),
    /// Anything else: a number, a word, or something that JSON does not have.
    Word(&'a [u8]),
}

impl<'a> OutlineScan<'a> {
    /// The next token. `None` at the end, also if the last token may have been
    /// cut off there.
    fn next(&mut self) -> Option<OutlineToken<'a>> {
        let rest = self.0.trim_ascii_start();
        let (first, after) = rest.split_first()?;
        self.0 = after;
        Some(match first {
            b'{' | b'[' => OutlineToken::Open(*first),
            b'}' | b']' => OutlineToken::Close,
            b':' => OutlineToken::Colon,
            b',' => OutlineToken::Comma,
            // Some servers write the text form of a Python object.
            b'"' | b'\'' => OutlineToken::Text(self.string(*first)?),
            _ => {
                let end = after.iter().position(|byte| {
                    byte.is_ascii_whitespace()
                        || matches!(byte, b'{' | b'[' | b'}' | b']' | b':' | b',' | b'"' | b'\'')
                })?;
                self.0 = after.get(end..)?;
                OutlineToken::Word(rest.get(..end + 1)?)
            }
        })
    }

    fn string(&mut self, quote: u8) -> Option<&'a [u8]> {
        let text = self.0;
        let mut at = 0;
        loop {
            at += memchr::memchr2(quote, b'\\', text.get(at..)?)?;
            if text.get(at) == Some(&quote) {
                break;
            }
            at += 2;
        }
        self.0 = text.get(at + 1..)?;
        text.get(..at)
    }

    /// Reads to the end of an array or object that has begun.
    fn skip(&mut self) {
        let mut depth = 1usize;
        while depth > 0 {
            match self.next() {
                Some(OutlineToken::Open(_)) => depth += 1,
                Some(OutlineToken::Close) => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Reads to the end of an object that has begun.
    fn object(&mut self) -> Outline {
        let mut outline = Outline::default();
        // The last text, and the name whose value follows.
        let (mut last, mut name): (Option<&[u8]>, Option<&[u8]>) = (None, None);
        while let Some(token) = self.next() {
            match token {
                OutlineToken::Close => return outline,
                OutlineToken::Comma => (last, name) = (None, None),
                OutlineToken::Colon => {
                    name = last.take();
                    if let Some(name) = name {
                        outline.begin(name, true);
                    }
                }
                OutlineToken::Text(text) | OutlineToken::Word(text) => match name.take() {
                    Some(name) => outline.end(name, &token),
                    None => last = Some(text),
                },
                OutlineToken::Open(_) => {
                    if let Some(name) = name.take() {
                        outline.end(name, &token);
                    }
                    self.skip();
                }
            }
        }
        outline
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::assert_linear;

    fn ids(text: &[u8]) -> Vec<i64> {
        let mut all = Vec::new();
        response_ids(text, |id| all.push(id));
        all
    }

    #[test]
    fn finds_the_id_before_or_after_the_fault() {
        for text in [
            r#"{"jsonrpc":"2.0","id":7,"result":{"mean":NaN,"top":-Infinity}}"#,
            r#"{"jsonrpc":"2.0","result":{"mean":NaN,"id":8},"id":7}"#,
            r#"{"result":undefined,"id":7}"#,
            r#"{"id":"7","result":{"a":[1,2,}}"#,
            r#"{"id":7.0,"error":{"code":1,"#,
            r#"{"id":7,"result":"#,
            r#"{"id":7,"jsonrpc":"2.0""#,
            r#"{"jsonrpc":"2.0","id":7,"result":{"text":"cut he"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{}} trailing words"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{}}{"jsonrpc":"2.0","id":8,"result":{}}"#,
            r#"{"jsonrpc":"2.0" "id":7 "result":{}}"#,
            r#"{'jsonrpc': '2.0', 'id': 7, 'result': {'isError': False}}"#,
            r#"{jsonrpc:"2.0",id:7,result:{}}"#,
            r#"{"id":7,"result":{"text":"a\xb"}}"#,
            r#"{"id":7,"result":{"text":"}],\"id\":8"}}"#,
            r#"{"jsonrpc":"1.0","id":7,"result":null}"#,
            r#"[{"jsonrpc":"2.0","id":7,"result":{"a":NaN}}]"#,
            "{\"id\":7,\"result\":{\"text\":\"a\nb\x01\"}}",
            "\u{feff}{\"id\":7,\"result\":NaN}",
        ] {
            assert_eq!(ids(text.as_bytes()), [7], "{text}");
        }
        assert_eq!(ids(b"{\"id\":7,\"result\":{\"text\":\"caf\xe9 \x97\"}}"), [7]);
        assert_eq!(ids(b"{\"result\":{\"text\":\"caf\xe9 \x97\"},\"id\":7}"), [7]);
    }

    #[test]
    fn finds_no_id_in_a_text_that_is_no_response() {
        for text in [
            "",
            "{",
            "7",
            "id",
            r#""id":7,"result":{}"#,
            r#"{"level":"info","id":7,"msg":"handling"}"#,
            r#"{"level":"info","id":7,"error":null}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"ping","#,
            r#"{"jsonrpc":"2.0","id":"7.0","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":"07","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":[7],"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":7.5,"result":{}}"#,
            r#"{"jsonrpc":"2.0","params":{"id":7},"result":{}}"#,
            // The rest of the id may be cut off.
            r#"{"jsonrpc":"2.0","result":{},"id":7"#,
            r#"{"jsonrpc":"2.0","result":{},"id":"7"#,
            r#"INFO {"jsonrpc":"2.0","id":7,"result":{}}"#,
            r#"[7,[{"id":7,"result":{}}]]"#,
        ] {
            assert_eq!(ids(text.as_bytes()), [0i64; 0], "{text}");
        }
    }

    #[test]
    fn finds_each_response_of_an_array() {
        let text = br#"[{"method":"notifications/x"},{"id":7,"result":{}},[],"a",
            {"id":"8","error":"no"},{"level":"info","id":9}]"#;
        assert_eq!(ids(text), [7, 8]);
        assert_eq!(ids(br#"[{"id":7,"result":{}},{"id":8,"result":"#), [7, 8]);
        assert_eq!(ids(br#"[{"id":7,"result":{}}]{"id":8,"result":{}}"#), [7]);
    }

    #[test]
    fn finds_no_other_id_wherever_the_text_is_cut() {
        for text in [
            &br#"{"jsonrpc":"2.0","id":12,"result":{"a":"\"\\","b":[{"id":3}]}}"#[..],
            br#"{"result":{"a":"\"id\":3,","b":[{"id":3}]},"id":"12","jsonrpc":"2.0"}"#,
            b"[{\"result\":\"\xff\",\"id\":12}, {'id': 12, 'error': 'x'}]",
        ] {
            for end in 0..=text.len() {
                let found = ids(&text[..end]);
                assert!(found.iter().all(|id| *id == 12), "cut at byte {end}: {found:?}");
            }
            assert!(!ids(text).is_empty());
        }
    }

    #[test]
    fn takes_time_linear_in_the_text() {
        for piece in ["{", "[", "\"", "'a\\", "a:", "{\"id\":", "}", "\\", "[{\"id\":1,"] {
            let input = |size: usize| format!("[{}", piece.repeat(size / piece.len()));
            assert_linear(&format!("scanning {piece}"), 1 << 19, input, |text| {
                response_ids(text.as_bytes(), |_| {});
            });
        }
    }
}
