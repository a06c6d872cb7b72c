//! A single pass over JSON text: checks it, and records where its values are.
//!
//! Results may be large, and a parser that is called for one part after
//! another reads them as many times. This parser reads and checks every byte
//! once, and records the positions of the values of the outer levels.

use std::borrow::Cow;

use crate::base::error::{Error, Status};
use crate::wire::json_scan::plain;

/// The values of a text down to some level, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<TapeNode>,
    /// Whether the name of any member has escapes, which is rare.
    has_escapes: bool,
}

/// The position of a value in the text, and the index of the first node after
/// the value and everything inside it.
#[derive(Clone, Copy, Debug, Default)]
struct TapeNode {
    start: u32,
    end: u32,
    next: u32,
}

/// The limit of nested objects and arrays.
pub(crate) const NESTING: usize = 512;

/// Why a text is rejected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TapeError {
    /// What is wrong, and at which byte.
    Malformed(&'static str, usize),
    TooDeep,
    TooLong,
}

impl TapeError {
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

/// A value of a tape, as the index of its node. The text is a parameter of each
/// method, so that one struct can own both the text and the tape.
pub(crate) type Place = usize;

impl Tape {
    /// Reads a text. The outermost value has level 0.
    pub(crate) fn read(text: &str, levels: usize) -> std::result::Result<Self, TapeError> {
        let mut tape = Self::default();
        // An estimate: the vector grows if there are more.
        tape.nodes.reserve_exact(16 + (text.len() / 24).min(1 << 14));
        tape.read_again(text, levels)?;
        Ok(tape)
    }

    /// Reads another text and reuses the memory. After a fault the tape is not
    /// usable.
    pub(crate) fn read_again(
        &mut self,
        text: &str,
        levels: usize,
    ) -> std::result::Result<(), TapeError> {
        if u32::try_from(text.len()).is_err() {
            return Err(TapeError::TooLong);
        }
        let mut nodes = std::mem::take(&mut self.nodes);
        nodes.clear();
        let mut reader = TapeReader::new(text.as_bytes(), nodes, levels);
        reader.read()?;
        (self.nodes, self.has_escapes) = (reader.nodes, reader.has_escapes);
        Ok(())
    }

    /// The text of a value.
    #[inline(always)]
    pub(crate) fn text<'a>(&self, text: &'a str, place: Place) -> &'a str {
        self.nodes
            .get(place)
            .and_then(|node| text.get(node.start as usize..node.end as usize))
            .unwrap_or_default()
    }

    /// The byte at which a value begins.
    #[cold]
    pub(crate) fn position(&self, place: Place) -> usize {
        self.nodes.get(place).map_or(0, |node| node.start as usize)
    }

    /// The text of a value as bytes, which saves the check for UTF-8.
    #[inline(always)]
    fn bytes<'a>(&self, text: &'a str, place: Place) -> &'a [u8] {
        self.nodes
            .get(place)
            .and_then(|node| text.as_bytes().get(node.start as usize..node.end as usize))
            .unwrap_or_default()
    }

    /// The last member of an object that has this name; `name` has no escapes.
    pub(crate) fn member(&self, text: &str, place: Place, name: &str) -> Option<Place> {
        let mut found = None;
        self.visit(text, place, |other, value| {
            if other == name.as_bytes() {
                found = Some(value);
            }
        });
        found
    }

    /// Calls `take` with the name and the value of each member of an object.
    /// The name has its escapes replaced.
    #[inline]
    pub(crate) fn visit(&self, text: &str, place: Place, mut take: impl FnMut(&[u8], Place)) {
        if self.bytes(text, place).first() != Some(&b'{') {
            return;
        }
        let end = self.nodes.get(place).map_or(0, |node| node.next as usize);
        let mut at = place + 1;
        while at < end {
            let raw = self.bytes(text, at);
            let value = at + 1;
            match raw.get(1..raw.len().saturating_sub(1)) {
                Some(name) if !self.has_escapes => take(name, value),
                Some(name) => take(&unescaped(raw, name), value),
                None => {}
            }
            let Some(node) = self.nodes.get(value) else { return };
            at = node.next as usize;
        }
    }

    /// The names and values of an object's members.
    pub(crate) fn members<'a>(
        &'a self,
        text: &'a str,
        place: Place,
    ) -> impl Iterator<Item = (Place, Place)> + 'a {
        let mut at = if self.text(text, place).starts_with('{') { place + 1 } else { usize::MAX };
        let end = self.nodes.get(place).map_or(0, |node| node.next as usize);
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let (key, value) = (at, at + 1);
            at = self.nodes.get(value)?.next as usize;
            Some((key, value))
        })
    }

    /// The elements of an array.
    pub(crate) fn elements<'a>(
        &'a self,
        text: &'a str,
        place: Place,
    ) -> impl Iterator<Item = Place> + 'a {
        let mut at = if self.text(text, place).starts_with('[') { place + 1 } else { usize::MAX };
        let end = self.nodes.get(place).map_or(0, |node| node.next as usize);
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let element = at;
            at = self.nodes.get(at)?.next as usize;
            Some(element)
        })
    }

    /// Whether the tape has the members or elements of a value.
    pub(crate) fn is_noted(&self, text: &str, place: Place) -> bool {
        let has_none = self.nodes.get(place).is_some_and(|node| node.next as usize == place + 1);
        let inner = self.text(text, place);
        let inner = inner.get(1..inner.len().saturating_sub(1)).unwrap_or_default();
        !has_none || inner.trim_ascii().is_empty()
    }
}

/// A name with its escapes replaced. `raw` has quotes, `name` is the part
/// between them.
#[cold]
fn unescaped<'a>(raw: &[u8], name: &'a [u8]) -> Cow<'a, [u8]> {
    if !name.contains(&b'\\') {
        return Cow::Borrowed(name);
    }
    serde_json::from_slice::<String>(raw)
        .map_or(Cow::Borrowed(name), |name| name.into_bytes().into())
}

struct TapeReader<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<TapeNode>,
    levels: usize,
    /// The number of objects and arrays that are open.
    depth: usize,
    /// One bit for each of them: set for an object.
    objects: [u64; NESTING / 64],
    /// The node of the innermost open value that is recorded. Until that value
    /// ends, its `next` is the node of the recorded value around it.
    open: u32,
    /// The number of escapes read so far.
    escapes: usize,
    has_escapes: bool,
}

type Scanned<T> = std::result::Result<T, TapeError>;

impl<'a> TapeReader<'a> {
    fn new(bytes: &'a [u8], nodes: Vec<TapeNode>, levels: usize) -> Self {
        Self {
            bytes,
            at: 0,
            nodes,
            levels,
            depth: 0,
            objects: [0; NESTING / 64],
            open: 0,
            escapes: 0,
            has_escapes: false,
        }
    }

    fn read(&mut self) -> Scanned<()> {
        loop {
            // A value must come here.
            match self.blank() {
                Some(b'{') => {
                    self.open(true)?;
                    if self.blank() != Some(b'}') {
                        self.name()?;
                        continue;
                    }
                    self.close();
                }
                Some(b'[') => {
                    self.open(false)?;
                    if self.blank() != Some(b']') {
                        continue;
                    }
                    self.close();
                }
                Some(b'"') => self.noted(|this| this.string())?,
                Some(b't') => self.noted(|this| this.word(b"true"))?,
                Some(b'f') => self.noted(|this| this.word(b"false"))?,
                Some(b'n') => self.noted(|this| this.word(b"null"))?,
                Some(b'-' | b'0'..=b'9') => self.noted(|this| this.number())?,
                _ => return self.wrong("a value is missing"),
            }
            // A value has ended, and perhaps the values around it as well.
            loop {
                if self.depth == 0 {
                    return match self.blank() {
                        None => Ok(()),
                        Some(_) => self.wrong("more than one value"),
                    };
                }
                match (self.blank(), self.is_in_object()) {
                    (Some(b','), is_object) => {
                        self.at += 1;
                        if is_object {
                            self.blank();
                            self.name()?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => self.close(),
                    _ => return self.wrong("neither a comma nor the end of the object or array"),
                }
            }
        }
    }

    #[inline(always)]
    fn open(&mut self, is_object: bool) -> Scanned<()> {
        let depth = self.depth;
        let Some(bits) = self.objects.get_mut(depth / 64) else { return Err(TapeError::TooDeep) };
        let bit = 1 << (depth % 64);
        if is_object {
            *bits |= bit
        } else {
            *bits &= !bit
        }
        if depth <= self.levels {
            let next = std::mem::replace(&mut self.open, self.nodes.len() as u32);
            self.nodes.push(TapeNode { start: self.at as u32, next, ..TapeNode::default() });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn is_in_object(&self) -> bool {
        let depth = self.depth.wrapping_sub(1);
        self.objects.get(depth / 64).is_some_and(|bits| bits & (1 << (depth % 64)) != 0)
    }

    /// Reads the bracket that ends the innermost open value.
    #[inline(always)]
    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
        if self.depth <= self.levels {
            let node = self.open as usize;
            self.open = self.nodes.get(node).map_or(0, |node| node.next);
            self.end(node);
        }
    }

    #[inline(always)]
    fn begin(&mut self) -> usize {
        self.nodes.push(TapeNode { start: self.at as u32, ..TapeNode::default() });
        self.nodes.len() - 1
    }

    #[inline(always)]
    fn end(&mut self, node: usize) {
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(node) {
            (node.end, node.next) = (self.at as u32, next);
        }
    }

    #[inline(always)]
    fn noted(&mut self, read: impl FnOnce(&mut Self) -> Scanned<()>) -> Scanned<()> {
        if self.depth > self.levels {
            return read(self);
        }
        let node = self.begin();
        read(self)?;
        self.end(node);
        Ok(())
    }

    /// Reads a member's name and the colon after it.
    fn name(&mut self) -> Scanned<()> {
        if self.bytes.get(self.at) != Some(&b'"') {
            return self.wrong("a member has no name in quotes");
        }
        let before = self.escapes;
        self.noted(|this| this.string())?;
        self.has_escapes |= self.depth <= self.levels && self.escapes != before;
        if self.blank() != Some(b':') {
            return self.wrong("a colon is missing");
        }
        self.at += 1;
        Ok(())
    }

    /// The next byte that is not white space.
    #[inline(always)]
    fn blank(&mut self) -> Option<u8> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte > b' ' => Some(*byte),
            _ => self.skip(),
        }
    }

    fn skip(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    #[inline(always)]
    fn string(&mut self) -> Scanned<()> {
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += plain(rest);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.escape()?;
                    // Escapes often follow each other.
                    while self.bytes.get(self.at) == Some(&b'\\') {
                        self.escape()?;
                    }
                }
                Some(_) => return self.wrong("a control character in a string"),
                None => return self.wrong("a string has no end"),
            }
        }
    }

    #[inline(always)]
    fn escape(&mut self) -> Scanned<()> {
        self.escapes += 1;
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6).unwrap_or_default();
                if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return self.wrong("a string has an invalid escape");
                }
                self.at += 6;
            }
            _ => return self.wrong("a string has an invalid escape"),
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Scanned<()> {
        if !self.bytes.get(self.at..).unwrap_or_default().starts_with(word) {
            return self.wrong("a value is missing");
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Scanned<()> {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Scanned<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { self.wrong("a number without a digit") } else { Ok(()) }
    }

    #[cold]
    fn wrong<T>(&self, what: &'static str) -> Scanned<T> {
        Err(TapeError::Malformed(what, self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict of serde_json, which the tape must share.
    fn is_json(text: &str) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    }

    fn agrees(text: &str) {
        let ours = Tape::read(text, 3);
        assert_eq!(ours.is_ok(), is_json(text), "{text:?}: {ours:?}");
    }

    const SAMPLE: &str = r#" {"a" : [1, -0.5e+3, {"b":"é\n\u00e9\"x"}, [], {}], "c":null ,
        "long text of more than eight bytes":"\\\\ and / \/ \b\f\r\t", "d":{"e":{"f":[true,false]}}} "#;

    #[test]
    fn accepts_exactly_the_texts_that_serde_json_accepts() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[",
            "]",
            "{}",
            "[]",
            "[ ]",
            "{ }",
            "1",
            "-",
            "-1",
            "01",
            "1.",
            ".1",
            "1.0",
            "1e",
            "1e5",
            "1E+5",
            "1e-",
            "-0",
            "-00",
            "+1",
            "nul",
            "null",
            "nulls",
            "true",
            "tru",
            "false",
            "\"",
            "\"\"",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\u1234\"",
            "\"\u{1}\"",
            "\"a\nb\"",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{a:1}",
            "{\"a\" 1}",
            "[}",
            "{]",
            "[1}",
            "{\"a\":1]",
            "1 2",
            "[] []",
            "\u{feff}1",
            "\"é\u{7f}\"",
            "[\"a\",{\"b\":[null]}]",
            "NaN",
            "'a'",
            "1_0",
            "0x1",
        ] {
            agrees(text);
        }
        for end in (0..=SAMPLE.len()).filter(|end| SAMPLE.is_char_boundary(*end)) {
            agrees(&SAMPLE[..end]);
        }
    }

    #[test]
    fn accepts_what_serde_json_accepts_with_any_byte_changed() {
        let mut seed = 7u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (at, to) = ((seed >> 33) as usize % SAMPLE.len(), (seed >> 20) as u8 & 0x7f);
            let mut bytes = SAMPLE.as_bytes().to_vec();
            bytes[at] = to;
            if let Ok(text) = String::from_utf8(bytes) {
                agrees(&text);
            }
        }
    }

    #[test]
    fn records_the_positions_of_the_outer_values() {
        let tape = Tape::read(SAMPLE, 2).unwrap();
        let text = |place| tape.text(SAMPLE, place);
        let member = |place, name| tape.member(SAMPLE, place, name);
        let array = member(0, "a").unwrap();
        let all: Vec<&str> = tape.elements(SAMPLE, array).map(text).collect();
        assert_eq!(all, ["1", "-0.5e+3", r#"{"b":"é\n\u00e9\"x"}"#, "[]", "{}"]);
        assert_eq!(member(0, "c").map(text), Some("null"));
        let d = member(0, "d").unwrap();
        let e = member(d, "e").unwrap();
        assert_eq!(text(e), r#"{"f":[true,false]}"#);
        assert!(member(e, "f").is_none(), "too deep to be recorded");
        assert!(tape.is_noted(SAMPLE, d) && !tape.is_noted(SAMPLE, e));
        assert!(member(0, "x").is_none() && member(array, "a").is_none());
        assert_eq!(tape.elements(SAMPLE, d).count(), 0);

        let twice = r#"{"a":1,"\u0061":2}"#;
        let tape = Tape::read(twice, 1).unwrap();
        assert_eq!(tape.member(twice, 0, "a").map(|place| tape.text(twice, place)), Some("2"));
    }

    #[test]
    fn limits_the_nesting() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Tape::read(&nested(NESTING), 3).is_ok());
        assert_eq!(Tape::read(&nested(NESTING + 1), 3).unwrap_err(), TapeError::TooDeep);
        assert!(Tape::read(&format!("\"{}\"", "[".repeat(NESTING * 2)), 3).is_ok());
    }
}
