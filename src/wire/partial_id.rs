//! The id of a message that was too long to keep, from its beginning or its
//! end.

use crate::wire::json_number::{decimal, own_id};

/// What a piece of a message says about its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartialId {
    /// The message is the response to the request with this id.
    Response(i64),
    /// The message is not a response to a request of this library.
    NoResponse,
    Unknown,
}

impl PartialId {
    /// From the beginning, where most servers write the id.
    pub(crate) fn of_head(head: &[u8]) -> Self {
        of_members(Scan(head)).unwrap_or(Self::Unknown)
    }

    /// From the end, where other servers write the id. If only one brace
    /// follows the id, it is a member of the message itself.
    pub(crate) fn of_tail(tail: &[u8]) -> Self {
        let tail = tail.trim_ascii_end();
        let Some(tail) = tail.strip_suffix(b"}") else { return Self::Unknown };
        let tail = tail.strip_suffix(b",\"jsonrpc\":\"2.0\"").unwrap_or(tail).trim_ascii_end();
        let unquoted = tail.strip_suffix(b"\"");
        let tail = unquoted.unwrap_or(tail);
        let digits = tail.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (rest, number) = tail.split_at(tail.len() - digits);
        let rest = match unquoted {
            Some(_) => rest.strip_suffix(b"\"").unwrap_or_default(),
            None => rest,
        };
        let rest = rest.trim_ascii_end().strip_suffix(b":").unwrap_or_default();
        let is_id = rest
            .strip_suffix(b"\"id\"")
            .is_some_and(|rest| matches!(rest.trim_ascii_end().last(), Some(b',' | b'{')));
        let number = std::str::from_utf8(number).ok().and_then(decimal);
        number.filter(|_| is_id).map_or(Self::Unknown, Self::Response)
    }
}

/// `None` if the piece ends too early.
fn of_members(mut scan: Scan<'_>) -> Option<PartialId> {
    scan.token(b'{')?;
    let mut id = None;
    let mut is_answer = false;
    loop {
        let name = scan.string()?;
        scan.token(b':')?;
        match name {
            b"method" => return Some(PartialId::NoResponse),
            b"result" | b"error" => is_answer = true,
            _ => {}
        }
        if let (true, Some(id)) = (is_answer, id) {
            return Some(PartialId::Response(id));
        }
        let value = scan.value()?;
        if name == b"id" {
            // The library uses integers as ids. Some servers turn them into strings.
            match std::str::from_utf8(value).ok().and_then(|value| own_id(value.trim())) {
                Some(number) => id = Some(number),
                None => return Some(PartialId::NoResponse),
            }
        }
        scan.token(b',')?;
    }
}

/// The rest of a piece of JSON. The JSON is not checked.
struct Scan<'a>(&'a [u8]);

impl<'a> Scan<'a> {
    fn token(&mut self, token: u8) -> Option<()> {
        self.0 = self.0.trim_ascii_start().strip_prefix(&[token])?;
        Some(())
    }

    /// A string without its quotes; its escapes are not replaced.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.token(b'"')?;
        let mut at = 0;
        loop {
            match self.0.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        let (text, rest) = self.0.split_at_checked(at)?;
        self.0 = rest.get(1..)?;
        Some(text)
    }

    /// A complete value, if the piece has the byte after it as well.
    fn value(&mut self) -> Option<&'a [u8]> {
        let start = self.0;
        let mut depth = 0usize;
        loop {
            self.0 = self.0.trim_ascii_start();
            match self.0.first()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.0 = self.0.get(1..)?;
                }
                b'}' | b']' | b',' if depth == 0 => {
                    return start.get(..start.len() - self.0.len());
                }
                b'}' | b']' => {
                    depth -= 1;
                    self.0 = self.0.get(1..)?;
                }
                _ => self.0 = self.0.get(1..)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_at_the_beginning() {
        for (head, owner) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":{"con"#, PartialId::Response(7)),
            (r#"{ "id" : -7 , "jsonrpc" : "2.0" , "error" : "#, PartialId::Response(-7)),
            (r#"{"x":{"id":[1,{"a":"}\""}]},"id":3,"result":"#, PartialId::Response(3)),
            (r#"{"jsonrpc":"2.0","id":7,"method":"x","params":["#, PartialId::NoResponse),
            (r#"{"method":"x","params":{"id":1,"result":"#, PartialId::NoResponse),
            (r#"{"id":"7","result":{"#, PartialId::Response(7)),
            (r#"{"id":7.0,"result":{"#, PartialId::Response(7)),
            (r#"{"id":"07","result":{"#, PartialId::NoResponse),
            (r#"{"id":"x","result":{"#, PartialId::NoResponse),
            (r#"{"result":{"id":1,"result":{"#, PartialId::Unknown),
            (r#"{"id":7,"jsonrpc":"2.0""#, PartialId::Unknown),
            ("[1,2", PartialId::Unknown),
            ("", PartialId::Unknown),
        ] {
            assert_eq!(PartialId::of_head(head.as_bytes()), owner, "{head}");
        }
        let whole = br#"{"a":"\"\\","b":[{}],"id":12,"result":1}"#;
        for end in 0..whole.len() {
            let owner = PartialId::of_head(&whole[..end]);
            assert!(matches!(owner, PartialId::Unknown | PartialId::Response(12)), "{end}");
        }
    }

    #[test]
    fn is_found_at_the_end() {
        for (tail, owner) in [
            (r#"]},"jsonrpc":"2.0","id":7}"#, PartialId::Response(7)),
            ("]},\"id\": 70 ,\"jsonrpc\":\"2.0\"}\r", PartialId::Response(70)),
            (r#"{"a":1,"id":7}}"#, PartialId::Unknown),
            (r#"],"id":"7"}"#, PartialId::Response(7)),
            (r#"],"id" : "7" , "jsonrpc":"2.0"}"#, PartialId::Unknown),
            (r#"],"id":7"}"#, PartialId::Unknown),
            (r#"],"id":"x7"}"#, PartialId::Unknown),
            (r#"],"id":"07"}"#, PartialId::Unknown),
            (r#""text \"id\":7}"#, PartialId::Unknown),
            (r#","id":}"#, PartialId::Unknown),
            (r#"7}"#, PartialId::Unknown),
            ("", PartialId::Unknown),
        ] {
            assert_eq!(PartialId::of_tail(tail.as_bytes()), owner, "{tail}");
        }
    }
}
