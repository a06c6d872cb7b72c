//! JSON read once: whether it is JSON at all, and where its parts stand.
//!
//! Results may be large, and a parser that is asked for one part after
//! another reads them as often. This reads every byte once, checks it, and
//! notes the places of the values of the outer levels.

use crate::base::error::{Error, Status};

/// The values of a text down to some level, in the order in which they stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<Node>,
    /// Whether a name of a member has escapes, which hardly any has.
    has_escapes: bool,
}

/// Where a value stands, and where the one behind it and all in it is noted.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    start: u32,
    end: u32,
    next: u32,
}

/// The most objects and arrays inside each other.
pub(crate) const NESTING: usize = 512;

/// Why a text is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What is wrong, and at which byte.
    Malformed(&'static str, usize),
    TooDeep,
    TooLong,
}

impl Fault {
    /// What was wrong with a message of the server's.
    pub(crate) fn error(&self, malformed: impl FnOnce(String) -> Error) -> Error {
        match self {
            Self::Malformed(what, at) => malformed(format!("it is no JSON: {what} at byte {at}")),
            Self::TooDeep => Error::new(
                Status::TooLarge,
                format!(
                    "the server sent a message with more than {NESTING} objects and arrays \
                     inside each other"
                ),
            ),
            Self::TooLong => {
                Error::new(Status::TooLarge, "the server sent a message of more than 4 GiB")
            }
        }
    }
}

/// A value of a tape, by its place in it. The text is given with each
/// question, so that both may be kept side by side.
pub(crate) type Place = usize;

impl Tape {
    /// Reads a text: the value that it is has level 0.
    pub(crate) fn read(text: &str, levels: usize) -> std::result::Result<Self, Fault> {
        if u32::try_from(text.len()).is_err() {
            return Err(Fault::TooLong);
        }
        // An estimate: more are made room for when they come.
        let nodes = Vec::with_capacity(16 + (text.len() / 24).min(1 << 14));
        let bytes = text.as_bytes();
        let mut reader = Reader { bytes, at: 0, nodes, levels, escapes: 0, has_escapes: false };
        reader.read()?;
        Ok(Self { nodes: reader.nodes, has_escapes: reader.has_escapes })
    }

    /// The text of a value.
    pub(crate) fn text<'a>(&self, text: &'a str, place: Place) -> &'a str {
        self.nodes
            .get(place)
            .and_then(|node| text.get(node.start as usize..node.end as usize))
            .unwrap_or_default()
    }

    /// The last member of an object that has this name, without escapes.
    pub(crate) fn member(&self, text: &str, place: Place, name: &str) -> Option<Place> {
        let mut found = None;
        for (key, value) in self.members(text, place) {
            let raw = self.text(text, key);
            let is_plain = raw.len() == name.len() + 2
                && raw.as_bytes().get(1..=name.len()) == Some(name.as_bytes());
            let is_it = is_plain
                || self.has_escapes
                    && raw.contains('\\')
                    && serde_json::from_str::<String>(raw).is_ok_and(|key| key == name);
            if is_it {
                found = Some(value);
            }
        }
        found
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

    /// Whether the members or elements of a value were noted.
    pub(crate) fn is_noted(&self, text: &str, place: Place) -> bool {
        let has_none = self.nodes.get(place).is_some_and(|node| node.next as usize == place + 1);
        let inner = self.text(text, place);
        let inner = inner.get(1..inner.len().saturating_sub(1)).unwrap_or_default();
        !has_none || inner.trim_ascii().is_empty()
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    levels: usize,
    /// How many there were so far.
    escapes: usize,
    has_escapes: bool,
}

/// An object or array that is not at its end: where it is noted, if it is.
#[derive(Clone, Copy)]
struct Open {
    node: Option<usize>,
    is_object: bool,
}

type Step<T> = std::result::Result<T, Fault>;

impl Reader<'_> {
    fn read(&mut self) -> Step<()> {
        let mut open: Vec<Open> = Vec::with_capacity(16);
        loop {
            // A value is due.
            let byte = self.blank();
            let level = open.len();
            match byte {
                Some(b'{' | b'[') => {
                    if level >= NESTING {
                        return Err(Fault::TooDeep);
                    }
                    let is_object = byte == Some(b'{');
                    let node = (level <= self.levels).then(|| self.begin());
                    self.at += 1;
                    open.push(Open { node, is_object });
                    let close = if is_object { b'}' } else { b']' };
                    if self.blank() == Some(close) {
                        self.at += 1;
                        self.close(&mut open);
                    } else if is_object {
                        self.name(level + 1)?;
                        continue;
                    } else {
                        continue;
                    }
                }
                Some(b'"') => self.noted(level, Self::string)?,
                Some(b't') => self.noted(level, |this| this.word(b"true"))?,
                Some(b'f') => self.noted(level, |this| this.word(b"false"))?,
                Some(b'n') => self.noted(level, |this| this.word(b"null"))?,
                Some(b'-' | b'0'..=b'9') => self.noted(level, Self::number)?,
                _ => return self.wrong("no value"),
            }
            // A value has ended: and with it, perhaps, what it stands in.
            loop {
                let Some(last) = open.last().copied() else {
                    return match self.blank() {
                        None => Ok(()),
                        Some(_) => self.wrong("more than one value"),
                    };
                };
                match (self.blank(), last.is_object) {
                    (Some(b','), is_object) => {
                        self.at += 1;
                        if is_object {
                            self.blank();
                            self.name(open.len())?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        self.close(&mut open);
                    }
                    _ => return self.wrong("neither a comma nor the end of what was begun"),
                }
            }
        }
    }

    fn begin(&mut self) -> usize {
        self.nodes.push(Node { start: self.at as u32, ..Node::default() });
        self.nodes.len() - 1
    }

    fn end(&mut self, node: usize) {
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(node) {
            (node.end, node.next) = (self.at as u32, next);
        }
    }

    fn close(&mut self, open: &mut Vec<Open>) {
        if let Some(node) = open.pop().and_then(|open| open.node) {
            self.end(node);
        }
    }

    #[inline(always)]
    fn noted(&mut self, level: usize, read: impl FnOnce(&mut Self) -> Step<()>) -> Step<()> {
        if level > self.levels {
            return read(self);
        }
        let node = self.begin();
        read(self)?;
        self.end(node);
        Ok(())
    }

    /// A member's name and the colon behind it.
    fn name(&mut self, level: usize) -> Step<()> {
        if self.bytes.get(self.at) != Some(&b'"') {
            return self.wrong("no name of a member");
        }
        let before = self.escapes;
        self.noted(level, Self::string)?;
        self.has_escapes |= level <= self.levels && self.escapes != before;
        if self.blank() != Some(b':') {
            return self.wrong("no colon");
        }
        self.at += 1;
        Ok(())
    }

    /// The first byte that is no blank.
    fn blank(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    #[inline]
    fn string(&mut self) -> Step<()> {
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
                    // Escapes come in rows.
                    while self.bytes.get(self.at) == Some(&b'\\') {
                        self.escape()?;
                    }
                }
                Some(_) => return self.wrong("a control character in a string"),
                None => return self.wrong("a string without an end"),
            }
        }
    }

    #[inline]
    fn escape(&mut self) -> Step<()> {
        self.escapes += 1;
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6).unwrap_or_default();
                if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return self.wrong("an escape that is none");
                }
                self.at += 6;
            }
            _ => return self.wrong("an escape that is none"),
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Step<()> {
        if !self.bytes.get(self.at..).unwrap_or_default().starts_with(word) {
            return self.wrong("no value");
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Step<()> {
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

    fn digits(&mut self) -> Step<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { self.wrong("a number without a digit") } else { Ok(()) }
    }

    fn wrong<T>(&self, what: &'static str) -> Step<T> {
        Err(Fault::Malformed(what, self.at))
    }
}

/// The number of bytes before the first quote, backslash or control character.
#[inline]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    // Eight at a time: a byte is special if subtracting borrows its top bit.
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (count, chunk) in chunks.iter().enumerate() {
        let special = specials(u64::from_le_bytes(*chunk));
        if special != 0 {
            return count * 8 + special.trailing_zeros() as usize / 8;
        }
        if count == LONG {
            return long(bytes);
        }
    }
    let at = chunks.len() * 8;
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    at + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// After so many chunks the string is a long one.
const LONG: usize = 7;

/// The same for a long string: its end by what finds two bytes fastest, and
/// then whether there is a control character before it.
fn long(bytes: &[u8]) -> usize {
    let end = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
    let inner = bytes.get(..end).unwrap_or_default();
    // All are looked at, so that it is done many at a time.
    let has_control = inner.iter().fold(false, |found, byte| found | (*byte < 0x20));
    if !has_control {
        return end;
    }
    inner.iter().position(|byte| *byte < 0x20).unwrap_or(end)
}

/// The top bit of the first byte that is a quote, a backslash or a control
/// character, and perhaps of others behind it.
#[inline]
fn specials(chunk: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES * 0x80;
    let equal = |byte: u8| {
        let different = chunk ^ (ONES * u64::from(byte));
        different.wrapping_sub(ONES) & !different
    };
    let control = chunk.wrapping_sub(ONES * 0x20) & !chunk;
    (equal(b'"') | equal(b'\\') | control) & TOPS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What serde_json says, which is to be said here.
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
    fn agrees_with_a_parser_on_what_is_json() {
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
    fn agrees_with_a_parser_on_texts_with_any_byte_changed() {
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
    fn finds_specials_wherever_they_stand() {
        for special in [b'"', b'\\', 0, 0x1f, b'\n'] {
            for at in 0..200 {
                let mut bytes = [b'~'; 200];
                bytes[at] = special;
                assert_eq!(plain(&bytes), at);
            }
        }
        assert_eq!(plain("é\u{7f}世 !#[]".as_bytes()), "é\u{7f}世 !#[]".len());
    }

    #[test]
    fn notes_where_the_outer_values_stand() {
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
        assert!(member(e, "f").is_none(), "too deep to be noted");
        assert!(tape.is_noted(SAMPLE, d) && !tape.is_noted(SAMPLE, e));
        assert!(member(0, "x").is_none() && member(array, "a").is_none());
        assert_eq!(tape.elements(SAMPLE, d).count(), 0);

        let twice = r#"{"a":1,"\u0061":2}"#;
        let tape = Tape::read(twice, 1).unwrap();
        assert_eq!(tape.member(twice, 0, "a").map(|place| tape.text(twice, place)), Some("2"));
    }

    #[test]
    fn bounds_the_nesting() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Tape::read(&nested(NESTING), 3).is_ok());
        assert_eq!(Tape::read(&nested(NESTING + 1), 3).unwrap_err(), Fault::TooDeep);
        assert!(Tape::read(&format!("\"{}\"", "[".repeat(NESTING * 2)), 3).is_ok());
    }
}
