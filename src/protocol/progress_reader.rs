//! Reads notifications of progress in one pass over their text: a server may send
//! a hundred thousand of them.
//!
//! Nearly all have the same members, in any order. This reader takes their
//! values while it checks the text. A text with anything else gives `None`, and
//! the parser of all messages reads it: both agree on every text that this
//! reader takes.

use std::borrow::Cow;

use crate::protocol::notification::{ProgressParams, number};
use crate::wire::json_number::own_id;
use crate::wire::json_scan::plain;

/// Reads one notification after another. The notifications of one call differ in
/// the progress and in the message only, so the rest is compared with the last
/// one.
#[derive(Debug, Default)]
pub(crate) struct ProgressReader {
    /// The last notification.
    last: Vec<u8>,
    /// Its progress and its message, in the order of the text.
    values: Vec<ValuePlace>,
    id: Option<i64>,
    total: Option<f64>,
}

/// The longest notification that is kept: the message may have any length.
const MOST_KEPT: usize = 4096;

/// The place of a value that changes from one notification to the next.
#[derive(Clone, Copy, Debug, Default)]
struct ValuePlace {
    is_message: bool,
    start: usize,
    end: usize,
}

impl ProgressReader {
    /// The progress in a message, if the message is a notification of progress
    /// without a member, an escape or a type that is unusual.
    #[inline(always)]
    pub(crate) fn read<'a>(&mut self, text: &'a [u8]) -> Option<ProgressParams<'a>> {
        match self.read_like_last(text) {
            Some(progress) => Some(progress),
            None => self.read_other(text),
        }
    }

    #[inline(always)]
    fn read_like_last<'a>(&self, text: &'a [u8]) -> Option<ProgressParams<'a>> {
        let mut reader = ProgressScan { rest: text };
        let (mut progress, mut message, mut from) = (None, None, 0);
        for value in &self.values {
            let before = self.last.get(from..value.start)?;
            let (same, rest) = reader.rest.split_at_checked(before.len())?;
            if same != before {
                return None;
            }
            reader.rest = rest;
            if value.is_message {
                message = Some(Cow::Borrowed(reader.string()?));
            } else {
                progress = Some(reader.number()?);
            }
            from = value.end;
        }
        let (id, progress, total) = (self.id, progress?, self.total);
        (reader.rest == self.last.get(from..)?).then_some(ProgressParams {
            id,
            progress,
            total,
            message,
        })
    }

    #[inline(never)]
    fn read_other<'a>(&mut self, text: &'a [u8]) -> Option<ProgressParams<'a>> {
        let (progress, values) = scan(text)?;
        self.values.clear();
        if text.len() > MOST_KEPT {
            return Some(progress);
        }
        self.last.clear();
        self.last.extend_from_slice(text);
        self.values.extend(values.into_iter().flatten());
        if let [one, other] = self.values.as_mut_slice()
            && one.start > other.start
        {
            std::mem::swap(one, other);
        }
        (self.id, self.total) = (progress.id, progress.total);
        Some(progress)
    }
}

/// The progress in a text, and the places of the progress and of the message.
fn scan(text: &[u8]) -> Option<(ProgressParams<'_>, [Option<ValuePlace>; 2])> {
    let mut reader = ProgressScan { rest: text };
    let (mut version, mut method, mut params) = (None, None, None);
    let mut values = [None; 2];
    reader.object(|reader| {
        if reader.takes(b"\"jsonrpc\"") {
            once(&mut version, reader.constant(b"\"2.0\"")?)
        } else if reader.takes(b"\"method\"") {
            once(&mut method, reader.constant(b"\"notifications/progress\"")?)
        } else if reader.takes(b"\"params\"") {
            reader.colon()?;
            once(&mut params, reader.params(text.len(), &mut values)?)
        } else {
            None
        }
    })?;
    reader.skip_blanks();
    if !reader.rest.is_empty() {
        return None;
    }
    version.and(method).and(params).map(|params| (params, values))
}

/// The text that is not read yet. It is passed by value where a function is not
/// inlined, so that the compiler keeps it in registers.
struct ProgressScan<'a> {
    rest: &'a [u8],
}

impl<'a> ProgressScan<'a> {
    /// Reads an object with at least one member. `member` reads one, from its
    /// name to its value.
    #[inline(always)]
    fn object(&mut self, mut member: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        loop {
            self.skip_blanks();
            member(self)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Reads the params of a text with `length` bytes, and notes the places of
    /// the progress and of the message.
    fn params(
        &mut self,
        length: usize,
        values: &mut [Option<ValuePlace>; 2],
    ) -> Option<ProgressParams<'a>> {
        let (mut id, mut progress, mut total, mut message) = (None, None, None, None);
        let [number, text] = values;
        self.object(|reader| {
            if reader.takes(b"\"progressToken\"") {
                reader.colon()?;
                once(&mut id, reader.token()?)
            } else if reader.takes(b"\"progress\"") {
                reader.colon()?;
                let start = length - reader.rest.len();
                once(&mut progress, reader.number()?)?;
                let end = length - reader.rest.len();
                *number = Some(ValuePlace { is_message: false, start, end });
                Some(())
            } else if reader.takes(b"\"total\"") {
                reader.colon()?;
                let value = if reader.takes(b"null") { None } else { Some(reader.number()?) };
                once(&mut total, value)
            } else if reader.takes(b"\"message\"") {
                reader.colon()?;
                let start = length - reader.rest.len();
                let value = if reader.takes(b"null") { None } else { Some(reader.string()?) };
                let end = length - reader.rest.len();
                *text = value.map(|_| ValuePlace { is_message: true, start, end });
                once(&mut message, value)
            } else {
                None
            }
        })?;
        let (total, message) = (total.flatten(), message.flatten().map(Cow::Borrowed));
        Some(ProgressParams { id: id?, progress: progress?, total, message })
    }

    #[inline(always)]
    fn skip_blanks(&mut self) {
        if self.rest.first().is_none_or(|byte| *byte <= b' ') {
            self.rest = without_blanks(self.rest);
        }
    }

    /// Reads white space and a byte.
    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        self.skip_blanks();
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    /// Reads white space and this byte.
    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// Reads this text, if it comes here.
    #[inline(always)]
    fn takes<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        match self.rest.split_first_chunk() {
            Some((first, rest)) if first == text => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Reads the colon before a value, and white space after it.
    #[inline(always)]
    fn colon(&mut self) -> Option<()> {
        self.expect(b':')?;
        self.skip_blanks();
        Some(())
    }

    /// Reads a colon and a value that must be this text.
    #[inline(always)]
    fn constant<const N: usize>(&mut self, text: &[u8; N]) -> Option<()> {
        self.colon()?;
        self.takes(text).then_some(())
    }

    /// A number that is the token of one of our requests, or that of nobody.
    fn token(&mut self) -> Option<Option<i64>> {
        self.numeral().map(own_id)
    }

    #[inline(always)]
    fn number(&mut self) -> Option<f64> {
        match decimal(self.rest) {
            Some((value, rest)) => {
                self.rest = rest;
                Some(value)
            }
            None => number(self.numeral()?),
        }
    }

    /// Reads any number, and returns its text.
    #[inline(always)]
    fn numeral(&mut self) -> Option<&'a str> {
        let (numeral, rest) = numeral(self.rest)?;
        self.rest = rest;
        Some(numeral)
    }

    /// Reads a string without escapes.
    #[inline(always)]
    fn string(&mut self) -> Option<&'a str> {
        let (text, rest) = string(self.rest)?;
        self.rest = rest;
        Some(text)
    }
}

#[inline(never)]
fn without_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// The value of a short number, and the text after the number.
#[inline(always)]
fn decimal(text: &[u8]) -> Option<(f64, &[u8])> {
    let (mut digits, mut rest) = more_digits(0, text);
    let mut places = 0;
    if let [b'.', fraction @ ..] = rest {
        (digits, rest) = more_digits(digits, fraction);
        places = fraction.len() - rest.len();
        if places == 0 {
            return None;
        }
    }
    let is_short = (1..=SHORT).contains(&(text.len() - rest.len()));
    let is_usual = !matches!(text, [b'0', b'0'..=b'9', ..] | [b'.', ..]);
    if !is_short || !is_usual || matches!(rest, [b'e' | b'E', ..]) {
        return None;
    }
    // Both are exact, so that their quotient is the nearest number.
    Some((digits as i64 as f64 / TENS.get(places)?, rest))
}

/// Numbers up to this length have no more than 15 digits and a point, or are
/// whole.
const SHORT: usize = 16;

const TENS: [f64; SHORT] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The number that digits make after those of `value`, and the text after them.
#[inline(always)]
fn more_digits(mut value: u64, mut text: &[u8]) -> (u64, &[u8]) {
    while let [digit @ b'0'..=b'9', rest @ ..] = text {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        text = rest;
    }
    (value, text)
}

/// The text after digits. `None` without a digit.
fn after_digits(text: &[u8]) -> Option<&[u8]> {
    let (_, rest) = more_digits(0, text);
    (rest.len() < text.len()).then_some(rest)
}

/// A number as JSON writes it, and the text after it.
#[inline(never)]
fn numeral(text: &[u8]) -> Option<(&str, &[u8])> {
    let mut rest = match text.strip_prefix(b"-").unwrap_or(text) {
        [b'0', rest @ ..] => rest,
        unsigned => after_digits(unsigned)?,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = after_digits(fraction)?;
    }
    if let [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] = rest {
        rest = after_digits(exponent)?;
    }
    let (numeral, rest) = text.split_at_checked(text.len() - rest.len())?;
    Some((std::str::from_utf8(numeral).ok()?, rest))
}

/// A string without escapes, and the text after it.
#[inline(never)]
fn string(text: &[u8]) -> Option<(&str, &[u8])> {
    let inner = text.strip_prefix(b"\"")?;
    let (text, rest) = inner.split_at_checked(plain(inner))?;
    let rest = rest.strip_prefix(b"\"")?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// Sets the value of a member that has not come before.
#[inline(always)]
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.is_none().then(|| *slot = Some(value))
}

#[cfg(test)]
mod tests;
