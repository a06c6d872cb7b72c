//! A single pass over JSON text: checks it, and records where its values are.
//!
//! Results may be large, and a parser that is called for one part after
//! another reads them as many times. This parser reads and checks every byte
//! once, and records the positions of the values of the outer levels.
//!
//! Other scanners were measured with a list of 10,000 tools as FastMCP sends it:
//! serde_json, sonic-rs, jiter and simd-json (with AVX2) take about twice as many
//! instructions or more. They make values of what they read, or have to be asked
//! for each value.

use std::borrow::Cow;
use std::ops::Range;

use crate::wire::json_string::plain_text;
use crate::wire::json_text::{
    NO_COLON, NO_END, NO_NAME, Nest, NestBits, Next, Scanned, TextFault, nested, scalar, string,
    string_with_parts, wrong,
};

/// The values of a text down to some level, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<TapeNode>,
    /// Whether the name of any member has escapes, which is rare.
    has_escapes: bool,
    /// Whether any string that is a value of the tape has escapes.
    has_escaped_values: bool,
}

/// The position of a value in the text, and the index of the first node after
/// the value and everything inside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct TapeNode {
    start: u32,
    end: u32,
    next: u32,
}

/// A value of a tape, as the index of its node. The text is a parameter of each
/// method, so that one struct can own both the text and the tape.
pub(crate) type Place = usize;

impl Tape {
    /// Reads a text. The outermost value has level 0.
    pub(crate) fn read(text: &str, levels: usize) -> Scanned<Self> {
        Self::read_with_parts(text.as_bytes(), levels, None)
    }

    /// Reads bytes that were not checked to be UTF-8. Returns as well the parts that
    /// were checked in the same pass, in their order. After a fault, a reader of the
    /// text says what is wrong.
    pub(crate) fn read_unchecked(bytes: &[u8], levels: usize) -> Option<(Self, Vec<&str>)> {
        let mut parts = Vec::new();
        let tape = Self::read_with_parts(bytes, levels, Some(&mut parts)).ok()?;
        Some((tape, parts))
    }

    fn read_with_parts<'a>(
        bytes: &'a [u8],
        levels: usize,
        parts: CheckedParts<'a, '_>,
    ) -> Scanned<Self> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(TextFault::TooLong);
        }
        let mut reader = TapeReader {
            bytes,
            // An estimate: the vector grows if there are more.
            nodes: Vec::with_capacity(16 + (bytes.len() / 24).min(1 << 14)),
            levels,
            open: 0,
            has_escapes: false,
            below: Below::default(),
            has_escaped_values: false,
            parts,
        };
        reader.read()?;
        Ok(Self {
            nodes: reader.nodes,
            has_escapes: reader.has_escapes,
            has_escaped_values: reader.has_escaped_values,
        })
    }

    /// The text of a value.
    #[inline(always)]
    pub(crate) fn text<'a>(&self, text: &'a str, place: Place) -> &'a str {
        self.nodes
            .get(place)
            .and_then(|node| text.get(node.start as usize..node.end as usize))
            .unwrap_or_default()
    }

    /// The place of a value in the text.
    #[inline(always)]
    pub(crate) fn range(&self, place: Place) -> Option<Range<usize>> {
        self.nodes.get(place).map(|node| node.start as usize..node.end as usize)
    }

    /// The place after a value that is a string without escapes, if it has at least
    /// `least` bytes with its quotes.
    pub(crate) fn plain_end(&self, text: &str, place: Place, least: usize) -> Option<usize> {
        let node = self.nodes.get(place)?;
        let raw = self.text(text, place).as_bytes();
        let is_long = raw.len() >= least && raw.first() == Some(&b'"');
        let is_plain = || !self.has_escaped_values || memchr::memchr(b'\\', raw).is_none();
        (is_long && is_plain()).then_some(node.end as usize)
    }

    /// The byte at which a value begins.
    #[cold]
    pub(crate) fn position(&self, place: Place) -> usize {
        self.nodes.get(place).map_or(0, |node| node.start as usize)
    }

    /// The last member of an object that has this name; `name` has no escapes.
    pub(crate) fn member(&self, text: &str, place: Place, name: &str) -> Option<Place> {
        let mut found = None;
        if self.has_escapes {
            self.visit(text, place, |other, value| {
                if other == name.as_bytes() {
                    found = Some(value);
                }
            });
            return found;
        }
        // Most names differ in their length.
        let length = name.len() as u32 + 2;
        let (nodes, mut at) = (self.inside(text, place), place + 1);
        while let Some([key, value]) = nodes.get(at..at + 2) {
            if key.end - key.start == length && key.inner(text) == name.as_bytes() {
                found = Some(at + 1);
            }
            at = value.next as usize;
        }
        found
    }

    /// The same for several names, in one pass.
    pub(crate) fn places<const N: usize>(
        &self,
        text: &str,
        place: Place,
        names: [&str; N],
    ) -> [Option<Place>; N] {
        if self.has_escapes {
            return names.map(|name| self.member(text, place, name));
        }
        let mut found = [None; N];
        let (nodes, mut at) = (self.inside(text, place), place + 1);
        while let Some([key, value]) = nodes.get(at..at + 2) {
            let length = key.end - key.start;
            for (slot, name) in found.iter_mut().zip(&names) {
                if name.len() as u32 + 2 == length && key.inner(text) == name.as_bytes() {
                    *slot = Some(at + 1);
                }
            }
            at = value.next as usize;
        }
        found
    }

    /// Calls `take` with the name and the value of each member of an object.
    /// The name has its escapes replaced.
    #[inline(always)]
    pub(crate) fn visit(&self, text: &str, place: Place, mut take: impl FnMut(&[u8], Place)) {
        let (nodes, mut at) = (self.inside(text, place), place + 1);
        while let Some([key, value]) = nodes.get(at..at + 2) {
            let with_escapes = self.has_escapes.then(|| unescaped(self.text(text, at)));
            // There is one call, so that it is inlined.
            take(with_escapes.as_deref().unwrap_or_else(|| key.inner(text)), at + 1);
            at = value.next as usize;
        }
    }

    /// The nodes up to the end of an object; none if the value is no object.
    #[inline(always)]
    fn inside(&self, text: &str, place: Place) -> &[TapeNode] {
        let whole = self.nodes.get(place).copied().unwrap_or_default();
        let is_object = text.as_bytes().get(whole.start as usize) == Some(&b'{');
        let end = if is_object { whole.next as usize } else { 0 };
        self.nodes.get(..end).unwrap_or_default()
    }

    /// The names and values of an object's members.
    pub(crate) fn members<'a>(
        &'a self,
        text: &str,
        place: Place,
    ) -> impl Iterator<Item = (Place, Place)> + 'a {
        let (nodes, mut at) = (self.inside(text, place), place + 1);
        std::iter::from_fn(move || {
            let [_, value] = nodes.get(at..at + 2)? else { return None };
            let name = std::mem::replace(&mut at, value.next as usize);
            Some((name, name + 1))
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
        if self.nodes.get(place).is_none_or(|node| node.next as usize != place + 1) {
            return true;
        }
        let inner = self.text(text, place);
        let inner = inner.get(1..inner.len().saturating_sub(1)).unwrap_or_default();
        inner.trim_ascii().is_empty()
    }
}

impl TapeNode {
    /// The text of a name without its quotes.
    #[inline(always)]
    fn inner(self, text: &str) -> &[u8] {
        let inner = self.start as usize + 1..(self.end as usize).saturating_sub(1);
        text.as_bytes().get(inner).unwrap_or_default()
    }
}

/// A name with its escapes replaced. `raw` has quotes.
#[cold]
fn unescaped(raw: &str) -> Cow<'_, [u8]> {
    match plain_text(raw) {
        Some(Cow::Borrowed(name)) => name.as_bytes().into(),
        Some(Cow::Owned(name)) => name.into_bytes().into(),
        // A lone surrogate.
        None => raw.as_bytes().into(),
    }
}

struct TapeReader<'a, 'parts> {
    bytes: &'a [u8],
    nodes: Vec<TapeNode>,
    levels: usize,
    /// The node of the innermost open value that is recorded. Until that value
    /// ends, its `next` is the node of the recorded value around it.
    open: u32,
    has_escapes: bool,
    has_escaped_values: bool,
    below: Below,
    parts: CheckedParts<'a, 'parts>,
}

/// With less room than for so many nodes, room is made before an object is read.
const FEW_NODES: usize = 64;

/// With fewer nodes, the vector grows as any other.
const MANY_NODES: usize = 4096;

/// The most nodes for which room is made before they are read.
const MOST_NODES: usize = 1 << 20;

/// The parts of large strings that were checked to be UTF-8, if the text was not
/// checked before.
type CheckedParts<'a, 'parts> = Option<&'parts mut Vec<&'a str>>;

/// Reads the values below the levels of the tape. Items of a list often have the
/// same value as the item before, such as the annotations of tools: comparing it
/// takes less time than reading it. Around all of these values are as many
/// objects and arrays.
#[derive(Default)]
struct Below([(u32, u32); BELOW]);

/// The number of values that are remembered: a power of two.
const BELOW: usize = 32;

impl Below {
    /// `number` says which value of an item it is.
    #[inline(always)]
    fn read(&mut self, bytes: &[u8], first: Next, depth: usize, number: usize) -> Scanned<u32> {
        let start = first.at as usize;
        let (from, to) = self.0.get(number % BELOW).copied().unwrap_or_default();
        let before = bytes.get(from as usize..to as usize).unwrap_or_default();
        let is_same = !before.is_empty()
            && bytes.get(start..start + before.len()).is_some_and(|these| these == before);
        let end = match is_same {
            true => first.at + (to - from),
            false => nested(bytes, first, depth)?,
        };
        if let Some(before) = self.0.get_mut(number % BELOW) {
            *before = (first.at, end);
        }
        Ok(end)
    }
}

impl TapeReader<'_, '_> {
    fn read(&mut self) -> Scanned<()> {
        let bytes = self.bytes;
        let mut nest = Nest::at(0);
        let mut around = NestBits::default();
        let mut next = Next::at(bytes, 0);
        loop {
            // A value must come here, in an object after its name.
            if nest.is_object() {
                next = self.name(next)?;
            }
            let start = next.at;
            let mut after = match next.byte {
                b'"' => {
                    let end = string_with_parts(bytes, start, &mut self.parts)?;
                    self.note(start, end.at);
                    self.has_escaped_values |= end.has_escapes;
                    end.next(bytes)
                }
                b'{' if nest.depth + 1 == self.levels => self.innermost_object(next)?,
                b'{' | b'[' if nest.depth < self.levels => {
                    nest.open(next.byte == b'{', &mut around)?;
                    self.begin(start);
                    next = next.following(bytes);
                    if next.byte != nest.end() {
                        continue;
                    }
                    next
                }
                b'{' | b'[' => {
                    let end = self.below.read(bytes, next, nest.depth, 0)?;
                    self.note(start, end);
                    Next::at(bytes, end)
                }
                _ => {
                    let end = scalar(bytes, next)?;
                    self.note(start, end);
                    Next::at(bytes, end)
                }
            };
            // A value has ended, and perhaps the values around it as well.
            loop {
                if nest.depth == 0 {
                    return match after.at as usize == bytes.len() {
                        true => Ok(()),
                        false => wrong("more than one value", after.at),
                    };
                }
                if after.byte == b',' {
                    break;
                }
                if after.byte != nest.end() {
                    return wrong(NO_END, after.at);
                }
                nest.close(&around);
                self.end(after.at + 1);
                after = after.following(bytes);
            }
            next = after.following(bytes);
        }
    }

    /// Reads an object whose members are the last ones that are recorded, such as
    /// an item of a list. It needs less than the loop for all levels, so that
    /// more of it is in registers. Returns the place after it.
    #[inline(never)]
    fn innermost_object(&mut self, first: Next) -> Scanned<Next> {
        let (bytes, object) = (self.bytes, self.nodes.len());
        if self.nodes.capacity() - object < FEW_NODES {
            self.reserve(first.at as usize);
        }
        self.nodes.push(TapeNode { start: first.at, end: first.at, next: 0 });
        let mut next = first.following(bytes);
        if next.byte != b'}' {
            loop {
                if next.byte != b'"' {
                    return wrong(NO_NAME, next.at);
                }
                let name = string(bytes, next.at)?;
                self.has_escapes |= name.has_escapes;
                let colon = name.next(bytes);
                if colon.byte != b':' {
                    return wrong(NO_COLON, colon.at);
                }
                let value = colon.following(bytes);
                let (end, after) = match value.byte {
                    b'"' => {
                        let end = string_with_parts(bytes, value.at, &mut self.parts)?;
                        self.has_escaped_values |= end.has_escapes;
                        (end.at, end.next(bytes))
                    }
                    b'{' | b'[' => {
                        let number = self.nodes.len() - object;
                        let end = self.below.read(bytes, value, self.levels, number)?;
                        (end, Next::at(bytes, end))
                    }
                    _ => {
                        let end = scalar(bytes, value)?;
                        (end, Next::at(bytes, end))
                    }
                };
                let place = self.nodes.len() as u32;
                self.nodes.extend_from_slice(&[
                    TapeNode { start: next.at, end: name.at, next: place + 1 },
                    TapeNode { start: value.at, end, next: place + 2 },
                ]);
                next = after;
                if next.byte != b',' {
                    break;
                }
                next = next.following(bytes);
            }
            if next.byte != b'}' {
                return wrong(NO_END, next.at);
            }
        }
        let count = self.nodes.len() as u32;
        if let Some(object) = self.nodes.get_mut(object) {
            (object.end, object.next) = (next.at + 1, count);
        }
        Ok(next.following(bytes))
    }

    /// Makes room for the nodes of all that follows, if it is as what was read before
    /// `at`: a vector that grows step by step is copied each time.
    #[cold]
    #[inline(never)]
    fn reserve(&mut self, at: usize) {
        if self.nodes.len() < MANY_NODES {
            return;
        }
        let left = self.bytes.len().saturating_sub(at);
        let nodes = (self.nodes.len() as u64 + 1) * left as u64 / (at as u64 + 1);
        // The vector grows later if there is no memory now.
        let _ = self.nodes.try_reserve((nodes as usize).clamp(FEW_NODES, MOST_NODES));
    }

    /// Reads a member's name and the colon after it.
    #[inline(always)]
    fn name(&mut self, next: Next) -> Scanned<Next> {
        if next.byte != b'"' {
            return wrong(NO_NAME, next.at);
        }
        let end = string(self.bytes, next.at)?;
        self.note(next.at, end.at);
        self.has_escapes |= end.has_escapes;
        let colon = end.next(self.bytes);
        if colon.byte != b':' {
            return wrong(NO_COLON, colon.at);
        }
        Ok(colon.following(self.bytes))
    }

    /// Records a name, or a value with nothing inside it that is recorded.
    #[inline(always)]
    fn note(&mut self, start: u32, end: u32) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(TapeNode { start, end, next });
    }

    /// Records that an object or array begins.
    #[inline(always)]
    fn begin(&mut self, start: u32) {
        let next = std::mem::replace(&mut self.open, self.nodes.len() as u32);
        self.nodes.push(TapeNode { start, end: start, next });
    }

    /// Records that the innermost one has ended.
    #[inline(always)]
    fn end(&mut self, end: u32) {
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(self.open as usize) {
            self.open = node.next;
            (node.end, node.next) = (end, next);
        }
    }
}

#[cfg(test)]
mod slow;
#[cfg(test)]
mod tests;
