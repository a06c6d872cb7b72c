//! Checks JSON text, and records nothing of it.
//!
//! Each function gets the whole text and a position, and returns the position
//! after the part that it has read. A position is a `u32`: adding to it cannot overflow
//! a `usize`, which saves comparisons.

use crate::base::error::{Error, Status};
use crate::platform::TextPrefix;
use crate::wire::json_scan::{StringLength, short_length, short_string, string_length};
use crate::wire::json_string::plain_text;

/// The limit of nested objects and arrays.
pub(crate) const NESTING: usize = 512;

/// Why a text is rejected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TextFault {
    /// What is wrong, and at which byte.
    Malformed(&'static str, usize),
    TooDeep,
    TooLong,
}

impl TextFault {
    /// The error for a message of the server.
    pub(crate) fn error(&self, malformed: impl FnOnce(String) -> Error) -> Error {
        match self {
            Self::Malformed(what, at) => malformed(format!("it is not JSON: {what} at byte {at}")),
            Self::TooDeep => Error::new(
                Status::TooLarge,
                format!(
                    "the server sent a message with more than {NESTING} nested objects and \
                     arrays"
                ),
            ),
            Self::TooLong => {
                Error::new(Status::TooLarge, "the server sent a message of more than 4 GiB")
            }
        }
    }
}

pub(crate) type Scanned<T> = std::result::Result<T, TextFault>;

#[cold]
#[inline(never)]
pub(crate) fn wrong<T>(what: &'static str, at: u32) -> Scanned<T> {
    Err(TextFault::Malformed(what, at as usize))
}

pub(crate) const NO_NAME: &str = "a member has no name in quotes";
pub(crate) const NO_COLON: &str = "a colon is missing";
pub(crate) const NO_VALUE: &str = "a value is missing";
pub(crate) const NO_END: &str = "neither a comma nor the end of the object or array";

/// The objects and arrays that are open.
pub(crate) struct Nest {
    pub(crate) depth: usize,
    /// One bit for each of the innermost: set for an object. The innermost one
    /// has the lowest bit.
    bits: u64,
}

/// The bits of a [`Nest`] around each 64th level. They are no part of it, so that
/// it stays in registers.
pub(crate) type NestBits = [u64; NESTING / 64];

impl Nest {
    #[inline(always)]
    pub(crate) fn at(depth: usize) -> Self {
        Self { depth, bits: 0 }
    }

    #[inline(always)]
    pub(crate) fn open(&mut self, is_object: bool, around: &mut NestBits) -> Scanned<()> {
        if self.depth.is_multiple_of(64) {
            match around.get_mut(self.depth / 64) {
                Some(around) => *around = self.bits,
                None => return Err(TextFault::TooDeep),
            }
        }
        self.bits = self.bits << 1 | u64::from(is_object);
        self.depth += 1;
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn close(&mut self, around: &NestBits) {
        self.depth -= 1;
        self.bits = match self.depth % 64 {
            0 => around.get(self.depth / 64).copied().unwrap_or_default(),
            _ => self.bits >> 1,
        };
    }

    /// Whether the innermost one is an object.
    #[inline(always)]
    pub(crate) fn is_object(&self) -> bool {
        self.bits & 1 != 0
    }

    /// The bracket that ends the innermost one.
    #[inline(always)]
    pub(crate) fn end(&self) -> u8 {
        if self.is_object() { b'}' } else { b']' }
    }
}

/// A place in a text: the next byte that is not white space, its position, and
/// perhaps the bytes after it.
#[derive(Clone, Copy)]
pub(crate) struct Next {
    /// 0 at the end of the text, and for this byte itself.
    pub(crate) byte: u8,
    pub(crate) at: u32,
    /// The following bytes, the first one in the lowest bits. 0: not known.
    ahead: u32,
}

impl Next {
    #[inline(always)]
    pub(crate) fn at(bytes: &[u8], at: u32) -> Self {
        match bytes.get(at as usize) {
            Some(byte) if *byte > b' ' => Self { byte: *byte, at, ahead: 0 },
            _ => Self::after_blank(bytes, at),
        }
    }

    /// The place after this byte.
    #[inline(always)]
    pub(crate) fn following(self, bytes: &[u8]) -> Self {
        Self::known(bytes, self.at + 1, self.ahead)
    }

    #[inline(always)]
    fn known(bytes: &[u8], at: u32, ahead: u32) -> Self {
        match ahead as u8 {
            ..=b' ' => Self::at(bytes, at),
            byte => Self { byte, at, ahead: ahead >> 8 },
        }
    }

    #[inline(always)]
    fn after_blank(bytes: &[u8], at: u32) -> Self {
        let at = skip_blank(bytes, at);
        Self { byte: bytes.get(at as usize).copied().unwrap_or_default(), at, ahead: 0 }
    }
}

#[inline(never)]
fn skip_blank(bytes: &[u8], mut at: u32) -> u32 {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at as usize) {
        at += 1;
    }
    at
}

/// The end of a string that was read.
pub(crate) struct StringEnd {
    /// Behind the closing quote.
    pub(crate) at: u32,
    pub(crate) has_escapes: bool,
    ahead: u32,
}

impl StringEnd {
    #[inline(always)]
    pub(crate) fn next(&self, bytes: &[u8]) -> Next {
        Next::known(bytes, self.at, self.ahead)
    }
}

/// Reads a string whose opening quote is at a position.
#[inline(always)]
pub(crate) fn string(bytes: &[u8], at: u32) -> Scanned<StringEnd> {
    string_with_parts(bytes, at, &mut None)
}

/// The same for a string that may be large. The part of it that was checked to be
/// UTF-8 is added to `parts`.
#[inline(always)]
pub(crate) fn string_with_parts<'a>(
    bytes: &'a [u8],
    at: u32,
    parts: &mut Option<&mut Vec<&'a str>>,
) -> Scanned<StringEnd> {
    match short_string(bytes, at as usize + 1) {
        Some((end, ahead)) => Ok(StringEnd { at: at + 2 + end as u32, has_escapes: false, ahead }),
        None => any_string(bytes, at, parts.as_deref_mut()),
    }
}

#[inline(never)]
fn any_string<'a>(
    bytes: &'a [u8],
    at: u32,
    parts: Option<&mut Vec<&'a str>>,
) -> Scanned<StringEnd> {
    // Most strings have no escapes and end within few blocks.
    if let Some(length) = short_length(bytes, at as usize + 1) {
        return Ok(StringEnd { at: at + 2 + length as u32, has_escapes: false, ahead: 0 });
    }
    let inner = bytes.get(at as usize + 1..).unwrap_or_default();
    let StringLength { length, has_escapes, .. } = match parts {
        None => string_length(inner, None),
        Some(parts) => string_length_with_parts(inner, parts),
    };
    let at = at + 1 + length as u32;
    match inner.get(length) {
        Some(b'"') => Ok(StringEnd { at: at + 1, has_escapes, ahead: 0 }),
        Some(b'\\') => wrong("a string has an invalid escape", at),
        Some(_) => wrong("a control character in a string", at),
        None => wrong("a string has no end", at),
    }
}

#[inline(never)]
fn string_length_with_parts<'a>(inner: &'a [u8], parts: &mut Vec<&'a str>) -> StringLength {
    let mut checked = TextPrefix::of(inner);
    let found = string_length(inner, Some(&mut checked));
    if !checked.text().is_empty() {
        parts.push(checked.text());
    }
    found
}

/// Reads a value that is neither a string nor an object nor an array.
#[inline(always)]
pub(crate) fn scalar(bytes: &[u8], next: Next) -> Scanned<u32> {
    let at = next.at;
    match next.byte {
        b't' if has(bytes, at, b"true") => Ok(at + 4),
        b'f' if has(bytes, at + 1, b"alse") => Ok(at + 5),
        b'n' if has(bytes, at, b"null") => Ok(at + 4),
        b'-' | b'0'..=b'9' => number(bytes, at),
        _ => wrong(NO_VALUE, at),
    }
}

#[inline(always)]
fn has(bytes: &[u8], at: u32, word: &[u8; 4]) -> bool {
    bytes.get(at as usize..at as usize + 4) == Some(word)
}

/// The object that a text is, without the blanks around it. `None`: it is another
/// value, or no JSON.
pub(crate) fn only_object(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    u32::try_from(bytes.len()).ok()?;
    let start = Next::at(bytes, 0);
    if start.byte != b'{' {
        return None;
    }
    let end = nested(bytes, start, 0).ok()?;
    if Next::at(bytes, end).at as usize != bytes.len() {
        return None;
    }
    text.get(start.at as usize..end as usize)
}

#[inline(never)]
fn number(bytes: &[u8], mut at: u32) -> Scanned<u32> {
    let byte = |at: u32| bytes.get(at as usize);
    if byte(at) == Some(&b'-') {
        at += 1;
    }
    match byte(at) {
        Some(b'0') => at += 1,
        _ => at = digits(bytes, at)?,
    }
    if byte(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = byte(at) {
        at += 1;
        if let Some(b'+' | b'-') = byte(at) {
            at += 1;
        }
        at = digits(bytes, at)?;
    }
    Ok(at)
}

#[inline(always)]
fn digits(bytes: &[u8], start: u32) -> Scanned<u32> {
    let mut at = start;
    while bytes.get(at as usize).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at == start { wrong("a number without a digit", at) } else { Ok(at) }
}

/// Reads an object or array that begins at `first`, with everything inside it.
/// `depth`: the number of objects and arrays around it.
///
/// Most of a list is inside schemas, which are read here: the loop keeps what it
/// needs in registers.
#[inline(never)]
pub(crate) fn nested(bytes: &[u8], first: Next, depth: usize) -> Scanned<u32> {
    let mut nest = Nest::at(depth);
    let mut around = NestBits::default();
    let mut next = first;
    loop {
        // A value must come here, in an object after its name.
        if nest.is_object() {
            if next.byte != b'"' {
                return wrong(NO_NAME, next.at);
            }
            let colon = string(bytes, next.at)?.next(bytes);
            if colon.byte != b':' {
                return wrong(NO_COLON, colon.at);
            }
            next = colon.following(bytes);
        }
        let mut after = match next.byte {
            b'"' => string(bytes, next.at)?.next(bytes),
            b'{' | b'[' => {
                nest.open(next.byte == b'{', &mut around)?;
                next = next.following(bytes);
                if next.byte != nest.end() {
                    continue;
                }
                next
            }
            _ => Next::at(bytes, scalar(bytes, next)?),
        };
        // A value has ended, and perhaps the values around it as well.
        while after.byte != b',' {
            if after.byte != nest.end() {
                return wrong(NO_END, after.at);
            }
            nest.close(&around);
            if nest.depth == depth {
                return Ok(after.at + 1);
            }
            after = after.following(bytes);
        }
        next = after.following(bytes);
    }
}

/// Calls `take` with the name, whose escapes are replaced, and with the value of
/// each member of an object. The text was checked before.
pub(crate) fn visit_members(text: &str, mut take: impl FnMut(&str, &str)) {
    // The text is JSON: there is no fault.
    let _ = members(text, &mut take);
}

fn members(text: &str, take: &mut dyn FnMut(&str, &str)) -> Scanned<()> {
    let bytes = text.as_bytes();
    let part = |start: u32, end: u32| text.get(start as usize..end as usize).unwrap_or_default();
    let mut next = Next::at(bytes, 0);
    if next.byte != b'{' {
        return Ok(());
    }
    loop {
        let name = next.following(bytes);
        if name.byte != b'"' {
            return Ok(());
        }
        let name_end = string(bytes, name.at)?;
        let value = name_end.next(bytes).following(bytes);
        let value_end = match value.byte {
            b'"' => string(bytes, value.at)?.at,
            b'{' | b'[' => nested(bytes, value, 0)?,
            _ => scalar(bytes, value)?,
        };
        let value = part(value.at, value_end);
        match name_end.has_escapes {
            false => take(part(name.at + 1, name_end.at - 1), value),
            true => drop(plain_text(part(name.at, name_end.at)).map(|name| take(&name, value))),
        }
        next = Next::at(bytes, value_end);
        if next.byte != b',' {
            return Ok(());
        }
    }
}
