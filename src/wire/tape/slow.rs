//! The same reader, byte by byte: what the fast one is compared with.

use super::TapeNode;
use crate::wire::json_text::{NESTING, Scanned, TextFault};

pub(super) struct SlowReader<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(super) nodes: Vec<TapeNode>,
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
    pub(super) has_escapes: bool,
    pub(super) has_escaped_values: bool,
}

impl<'a> SlowReader<'a> {
    pub(super) fn new(bytes: &'a [u8], nodes: Vec<TapeNode>, levels: usize) -> Self {
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
            has_escaped_values: false,
        }
    }

    pub(super) fn read(&mut self) -> Scanned<()> {
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
                Some(b'"') => {
                    let before = self.escapes;
                    self.noted(|this| this.string())?;
                    self.has_escaped_values |= self.depth <= self.levels && self.escapes != before;
                }
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

    fn open(&mut self, is_object: bool) -> Scanned<()> {
        let depth = self.depth;
        let Some(bits) = self.objects.get_mut(depth / 64) else { return Err(TextFault::TooDeep) };
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

    fn is_in_object(&self) -> bool {
        let depth = self.depth.wrapping_sub(1);
        self.objects.get(depth / 64).is_some_and(|bits| bits & (1 << (depth % 64)) != 0)
    }

    /// Reads the bracket that ends the innermost open value.
    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
        if self.depth <= self.levels {
            let node = self.open as usize;
            self.open = self.nodes.get(node).map_or(0, |node| node.next);
            self.end(node);
        }
    }

    fn begin(&mut self) -> usize {
        self.nodes.push(TapeNode { start: self.at as u32, ..TapeNode::default() });
        self.nodes.len() - 1
    }

    fn end(&mut self, node: usize) {
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(node) {
            (node.end, node.next) = (self.at as u32, next);
        }
    }

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

    fn string(&mut self) -> Scanned<()> {
        self.at += 1;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at +=
                rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
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

    fn wrong<T>(&self, what: &'static str) -> Scanned<T> {
        Err(TextFault::Malformed(what, self.at))
    }
}
