//! The head of a response as text that is the same as the one before, except for
//! its length and its date. Most heads on a connection are.

use std::ops::Range;

use crate::platform::wipe;

/// A head that was parsed, to compare the next one with.
#[derive(Debug)]
pub(crate) struct RepeatedText {
    bytes: Vec<u8>,
    /// The values that may differ, in their order. At most one is the length.
    values: [Option<(Varying, Range<usize>)>; 2],
}

/// A value that may differ from one head to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Varying {
    Length,
    Date,
}

/// Where a head has the values of Content-Length and Date.
#[derive(Clone, Debug, Default)]
pub(crate) struct VaryingValues {
    pub(crate) length: Option<Range<usize>>,
    pub(crate) date: Option<Range<usize>>,
}

impl Drop for RepeatedText {
    /// The head may hold the id of a session.
    fn drop(&mut self) {
        wipe(&mut self.bytes);
    }
}

impl RepeatedText {
    /// Keeps a whole head.
    pub(crate) fn new(bytes: &[u8], VaryingValues { length, date }: VaryingValues) -> Self {
        let length = length.map(|at| (Varying::Length, at));
        let date = date.map(|at| (Varying::Date, at));
        let values = match (&length, &date) {
            (Some((_, one)), Some((_, other))) if other.start < one.start => [date, length],
            _ => [length, date],
        };
        Self { bytes: bytes.to_vec(), values }
    }

    /// Compares the front of `bytes` with this head. Returns the value of the
    /// length, if it may differ, and the number of bytes of the head.
    pub(crate) fn read(&self, bytes: &[u8]) -> Option<(Option<u64>, usize)> {
        let (mut length, mut at, mut from) = (None, 0, 0);
        for (varying, range) in self.values.iter().flatten() {
            let same = self.bytes.get(from..range.start)?;
            if bytes.get(at..at + same.len())? != same {
                return None;
            }
            at += same.len();
            from = range.end;
            let rest = bytes.get(at..)?;
            match varying {
                Varying::Length => {
                    let (number, count) = number(rest)?;
                    length = Some(number);
                    at += count;
                }
                // All dates have one length; the form of a date is not checked.
                Varying::Date => {
                    let date = rest.get(..range.len())?;
                    let is_same = self.bytes.get(range.clone())? == date;
                    if !is_same && !date.iter().all(|byte| (0x20..=0x7e).contains(byte)) {
                        return None;
                    }
                    at += date.len();
                }
            }
        }
        let same = self.bytes.get(from..)?;
        let end = at + same.len();
        (bytes.get(at..end)? == same).then_some((length, end))
    }
}

/// The digits at the front of `bytes` as a number, and how many there are: one
/// to eighteen, which fit.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (at, byte) in bytes.iter().take(19).enumerate() {
        if !byte.is_ascii_digit() {
            return (at > 0).then_some((number, at));
        }
        number = number * 10 + u64::from(byte - b'0');
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::wire::http1::{Head, RepeatedHead};

    /// As [`Head::parse`] says, without what a repeated head does not have.
    fn parsed(bytes: &[u8]) -> Option<String> {
        let (head, length) = Head::parse(bytes).ok()??;
        Some(format!("{:?} {length}", head.as_repeated()))
    }

    fn kept(bytes: &[u8]) -> Option<RepeatedHead> {
        let (head, length) = Head::parse(bytes).unwrap().unwrap();
        RepeatedHead::of(&head, &bytes[..length])
    }

    fn read(kept: &RepeatedHead, bytes: &[u8]) -> Option<String> {
        let (head, length) = kept.read(bytes)?;
        Some(format!("{head:?} {length}"))
    }

    const DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    const OTHER_DATE: &str = "Date: Mon, 07 Nov 1994 18:59:00 GMT\r\n";

    #[test]
    fn reads_the_same_head_with_another_length_and_date() {
        let session = "Mcp-Session-Id: s1\r\nContent-Type: application/json\r\n";
        for status in ["200 OK", "202 Accepted", "204 No Content"] {
            let line = format!("HTTP/1.1 {status}\r\n");
            let forms = |date: &str, length: &str| {
                let length = format!("Content-Length: {length}\r\n");
                [
                    format!("{line}{date}{session}{length}\r\n"),
                    format!("{line}{length}{date}{session}\r\n"),
                    format!("{line}{length}{session}\r\n"),
                    format!("{line}{date}{session}Transfer-Encoding: chunked\r\n\r\n"),
                ]
            };
            let lengths = ["0", "7", "0012", "999999999999999999"];
            for (first, again) in lengths.iter().flat_map(|a| lengths.iter().map(move |b| (a, b))) {
                for (one, other) in forms(DATE, first).iter().zip(forms(OTHER_DATE, again)) {
                    let kept = kept(one.as_bytes()).unwrap();
                    let bytes = format!("{other}rest");
                    let found = read(&kept, bytes.as_bytes());
                    assert_eq!(found, parsed(bytes.as_bytes()), "{one}{bytes}");
                    assert!(found.is_some());
                    for cut in 0..other.len() {
                        assert!(kept.read(&bytes.as_bytes()[..cut]).is_none(), "{cut}");
                    }
                }
            }
        }
    }

    #[test]
    fn takes_no_head_that_differs_otherwise() {
        let head = format!("HTTP/1.1 200 OK\r\n{DATE}Content-Length: 12\r\nA: b\r\n\r\n");
        let kept = kept(head.as_bytes()).unwrap();
        for at in 0..head.len() {
            for byte in 0..=255 {
                let mut other = head.as_bytes().to_vec();
                other[at] = byte;
                let found = read(&kept, &other);
                assert!(found.is_none() || found == parsed(&other), "{at} {byte}");
            }
        }
        for (from, to) in [
            (": 12", ": "),
            (": 12", ": +1"),
            (": 12", ": 1000000000000000000"),
            (": 12", ": 12, 12"),
            ("GMT", "GMT "),
            ("A: b", "A: bc"),
            ("200", "201"),
        ] {
            assert!(kept.read(head.replace(from, to).as_bytes()).is_none(), "{to}");
        }
    }

    #[test]
    fn reads_every_other_head_as_the_parser_does() {
        let lines = ["HTTP/1.1 200 OK", "HTTP/1.1 202 OK", "HTTP/1.1 204 OK", "HTTP/1.1 401 OK"];
        let fields = [
            "Content-Length: 5",
            "content-length: 12 ",
            "Content-Length: 0",
            "Content-Length:5",
            "Content-Length: -5",
            "Transfer-Encoding: chunked",
            DATE.trim_end(),
            OTHER_DATE.trim_end(),
            "Date: ",
            "Content-Type: application/json",
            "Content-Type: text/event-stream",
            "Mcp-Session-Id: a",
            "Mcp-Session-Id: 12",
            "Connection: close",
            "Set-Cookie: a=5",
            "Content-Encoding: gzip",
        ];
        let mut heads = Vec::new();
        for line in lines {
            for (at, one) in fields.iter().enumerate() {
                for other in &fields {
                    let third = fields[(at * 5) % fields.len()];
                    heads.push(format!("{line}\r\n{one}\r\n{other}\r\n\r\n"));
                    heads.push(format!("{line}\r\n{other}\r\n{third}\r\n{one}\r\n\r\n"));
                }
            }
        }
        let mut same = 0;
        for first in &heads {
            let Ok(Some((head, length))) = Head::parse(first.as_bytes()) else { continue };
            let Some(kept) = RepeatedHead::of(&head, &first.as_bytes()[..length]) else { continue };
            for bytes in &heads {
                let bytes = format!("{bytes}{first}");
                let found = read(&kept, bytes.as_bytes());
                same += usize::from(found.is_some());
                assert!(found.is_none() || found == parsed(bytes.as_bytes()), "{first}{bytes}");
            }
        }
        assert!(same > 500, "{same}");
    }

    #[test]
    fn keeps_no_head_that_is_unusual() {
        for head in [
            "HTTP/1.1 404 x\r\nContent-Length: 1\r\n\r\n",
            "HTTP/1.1 200 x\r\n\r\n",
            "HTTP/1.0 200 x\r\nContent-Length: 1\r\n\r\n",
            "HTTP/1.1 200 x\r\nContent-Length: 1\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 x\r\nContent-Length: 1\r\nSet-Cookie: a=b\r\n\r\n",
            "HTTP/1.1 200 x\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\n",
        ] {
            assert!(kept(head.as_bytes()).is_none(), "{head}");
        }
        let twice = b"HTTP/1.1 200 x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n";
        let kept = kept(twice).unwrap();
        assert_eq!(read(&kept, twice), parsed(twice));
        let other = b"HTTP/1.1 200 x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n";
        assert!(kept.read(other).is_none());
    }
}
