//! Masking: a server may repeat a secret in a text that the library shows.
//!
//! All secrets are searched for at once. The time grows with the length of the
//! text and of the secrets and with nothing else, whatever the server writes.

use std::cell::OnceCell;

use zeroize::{Zeroize, Zeroizing};

use crate::base::one_line::on_one_line;
use crate::base::secret::Secret;

/// Replaces a secret in a message.
pub(crate) const MASK: &str = "[masked]";

/// Follows a text that was cut.
pub(crate) const CUT: &str = "...";

/// Secrets with fewer bytes are not masked: that would make any text
/// unreadable, and such a secret protects nothing.
const SHORTEST: usize = 4;

/// Shorter lines of a secret are not masked alone: they may be a bracket.
const SHORTEST_LINE: usize = 8;

/// How many levels of escapes are read: JSON may hold a string that is JSON,
/// and so on. Real texts have two or three levels.
const ROUNDS: usize = 8;

/// The deepest nesting of JSON text with escapes. Many parsers have this
/// limit.
const DEPTH: usize = 128;

/// Finds secrets in texts and masks them.
pub(crate) struct Masker<'a> {
    secrets: &'a [Secret],
    /// Whether the secrets are few, and have one spelling on one line.
    is_simple: bool,
    /// Made for the first text that may have a secret: few do.
    tries: OnceCell<SecretTries>,
}

struct SecretTries {
    forward: SecretTrie,
    /// Of the reversed secrets, for texts that were cut in front.
    backward: SecretTrie,
}

/// A trie of secrets with fallback links (Aho and Corasick, 1975). After each
/// byte of a text, the current node is the longest prefix of a secret that the
/// text so far ends with.
struct SecretTrie {
    nodes: Vec<TrieNode>,
    /// The last byte of each node's prefix.
    bytes: Zeroizing<Vec<u8>>,
    /// The children of the root, by their byte.
    first: Vec<u32>,
}

#[derive(Clone, Copy, Default)]
struct TrieNode {
    child: u32,
    sibling: u32,
    /// The longest proper suffix of this prefix that is a prefix as well.
    fallback: u32,
    depth: u32,
    /// The length of the longest secret that this prefix ends with.
    secret: u32,
}

const ROOT: u32 = 0;

impl SecretTrie {
    /// `total` is the length of all secrets. A buffer that grows would leave
    /// copies of them behind.
    fn new(total: usize) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(total + 1));
        bytes.push(0);
        Self { nodes: vec![TrieNode::default()], bytes, first: vec![ROOT; 256] }
    }

    fn add(&mut self, secret: impl Iterator<Item = u8>) {
        let mut at = ROOT;
        for byte in secret {
            at = match self.child(at, byte) {
                ROOT => self.grow(at, byte),
                child => child,
            };
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.secret = node.depth;
        }
    }

    fn grow(&mut self, parent: u32, byte: u8) -> u32 {
        let made = self.nodes.len() as u32;
        let mut node = TrieNode { depth: self.node(parent).depth + 1, ..TrieNode::default() };
        if let Some(parent) = self.nodes.get_mut(parent as usize) {
            node.sibling = parent.child;
            parent.child = made;
        }
        if parent == ROOT
            && let Some(first) = self.first.get_mut(usize::from(byte))
        {
            *first = made;
        }
        self.nodes.push(node);
        self.bytes.push(byte);
        made
    }

    /// Finds each node's fallback, those of shorter prefixes first.
    fn link(&mut self) {
        let mut queue = Vec::with_capacity(self.nodes.len());
        queue.push(ROOT);
        let mut next = 0;
        while let Some(parent) = queue.get(next).copied() {
            next += 1;
            let mut child = self.node(parent).child;
            while child != ROOT {
                let byte = self.bytes.get(child as usize).copied().unwrap_or_default();
                let fallback = match parent {
                    ROOT => ROOT,
                    _ => self.step(self.node(parent).fallback, byte),
                };
                let shorter = self.node(fallback).secret;
                if let Some(node) = self.nodes.get_mut(child as usize) {
                    node.fallback = fallback;
                    node.secret = node.secret.max(shorter);
                }
                queue.push(child);
                child = self.node(child).sibling;
            }
        }
    }

    #[inline]
    fn node(&self, at: u32) -> TrieNode {
        self.nodes.get(at as usize).copied().unwrap_or_default()
    }

    /// The root if there is no such child.
    #[inline]
    fn child(&self, parent: u32, byte: u8) -> u32 {
        if parent == ROOT {
            return self.first.get(usize::from(byte)).copied().unwrap_or_default();
        }
        let mut child = self.node(parent).child;
        while child != ROOT && self.bytes.get(child as usize) != Some(&byte) {
            child = self.node(child).sibling;
        }
        child
    }

    /// The current node after one more byte of the text.
    #[inline]
    fn step(&self, mut at: u32, byte: u8) -> u32 {
        loop {
            match self.child(at, byte) {
                ROOT if at == ROOT => return ROOT,
                ROOT => at = self.node(at).fallback,
                child => return child,
            }
        }
    }

    /// Calls `note` with the start and the end of each secret in a text, and
    /// of each prefix of a secret where the text was cut.
    fn find<'a>(
        &self,
        text: impl Iterator<Item = &'a u8> + Clone,
        note: &mut dyn FnMut(usize, usize),
    ) {
        let (mut at, mut rest) = (ROOT, text);
        let mut end = 0;
        loop {
            let begun = self.node(at).depth as usize;
            if begun >= SHORTEST && rest.clone().take(CUT.len()).eq(CUT.as_bytes()) {
                note(end - begun, end);
            }
            let Some(byte) = rest.next() else { break };
            at = self.step(at, *byte);
            end += 1;
            let length = self.node(at).secret as usize;
            if length > 0 {
                note(end - length, end);
            }
        }
    }
}

/// Each of so many secrets may be searched for by itself.
const FEW: usize = 4;

impl SecretTries {
    fn new(secrets: &[Secret]) -> Self {
        // A message shows a secret on one line as well, or single lines of it.
        let lines = secrets.iter().map(Secret::expose).filter(|secret| secret.contains('\n'));
        let lines = lines.flat_map(str::lines).filter(|line| line.len() >= SHORTEST_LINE);
        let shown: Vec<Secret> = secrets
            .iter()
            .map(Secret::expose)
            .chain(lines)
            .map(|secret| on_one_line(secret).into())
            .collect();
        let all = || {
            let all = secrets.iter().chain(&shown).map(Secret::expose);
            all.filter(|secret| secret.len() >= SHORTEST)
        };
        let total = all().map(str::len).sum();
        let mut tries = Self { forward: SecretTrie::new(total), backward: SecretTrie::new(total) };
        for secret in all() {
            tries.forward.add(secret.bytes());
            tries.backward.add(secret.bytes().rev());
        }
        tries.forward.link();
        tries.backward.link();
        tries
    }

    fn find(&self, text: &[u8], place: &dyn Fn(usize) -> usize, found: &mut Vec<(usize, usize)>) {
        self.forward.find(text.iter(), &mut |start, end| found.push((place(start), place(end))));
        if memchr::memmem::find(text, CUT.as_bytes()).is_some() {
            let from = |at: usize| place(text.len() - at);
            self.backward
                .find(text.iter().rev(), &mut |end, start| found.push((from(start), from(end))));
        }
    }
}

impl<'a> Masker<'a> {
    pub(crate) fn new(secrets: &'a [Secret]) -> Self {
        let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        let is_simple = secrets.len() <= FEW
            && secrets.iter().all(|secret| {
                let secret = secret.expose();
                secret.bytes().all(is_plain) && secret.trim_ascii().len() == secret.len()
            });
        Self { secrets, is_simple, tries: OnceCell::new() }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(Secret::expose).filter(|secret| secret.len() >= SHORTEST)
    }

    fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Whether a text may have a secret, in any spelling.
    fn may_have_any(&self, text: &[u8]) -> bool {
        let has = |part: &str| memchr::memmem::find(text, part.as_bytes()).is_some();
        !self.is_simple
            || memchr::memchr2(b'\\', b'%', text).is_some()
            || has(CUT)
            || self.all().any(has)
    }

    /// Masks each secret in `text`, however it is escaped, and the prefix of a
    /// secret where the text was cut. Returns whether all escapes were read.
    pub(crate) fn mask(&self, text: &mut String) -> bool {
        if self.is_empty() || !self.may_have_any(text.as_bytes()) {
            return true;
        }
        let tries = self.tries.get_or_init(|| SecretTries::new(self.secrets));
        let mut found = Vec::new();
        tries.find(text.as_bytes(), &|at| at, &mut found);
        let mut read = Unescaped::of(text.as_bytes(), &|at| at);
        for _ in 1..ROUNDS {
            let Some(done) = read else { break };
            tries.find(&done.text, &|at| done.place(at), &mut found);
            read = Unescaped::of(&done.text, &|at| done.place(at));
        }
        replace(text, found);
        read.is_none()
    }

    /// Masks JSON text. Returns `None` if the result is not JSON, or if not all
    /// escapes could be read.
    pub(crate) fn mask_json(&self, mut text: String) -> Option<String> {
        if self.is_empty() {
            return Some(text);
        }
        let is_unread = text.contains('\\') && depth(&text) > DEPTH;
        if is_unread || !self.mask(&mut text) {
            text.zeroize();
            return None;
        }
        serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok().then_some(text)
    }
}

/// Masks a single text; see [`Masker::mask`].
pub(crate) fn mask(text: &mut String, secrets: &[Secret]) {
    Masker::new(secrets).mask(text);
}

/// Replaces the ranges that were found. Overlapping ranges become one.
fn replace(text: &mut String, mut found: Vec<(usize, usize)>) {
    if found.is_empty() {
        return;
    }
    found.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let (mut shown, mut rest) = (0, found.into_iter().peekable());
    while let Some((start, mut end)) = rest.next() {
        while let Some((_, further)) = rest.next_if(|(next, _)| *next < end) {
            end = end.max(further);
        }
        out.push_str(text.get(shown..start).unwrap_or_default());
        out.push_str(MASK);
        shown = end;
    }
    out.push_str(text.get(shown..).unwrap_or_default());
    text.zeroize();
    *text = out;
}

/// A text after its JSON and URL escapes were read, with the place of each byte
/// in the original text.
struct Unescaped {
    text: Zeroizing<Vec<u8>>,
    places: Vec<usize>,
}

impl Unescaped {
    /// `None` if there are no escapes.
    fn of(text: &[u8], place: &dyn Fn(usize) -> usize) -> Option<Self> {
        let first = memchr::memchr2(b'\\', b'%', text)?;
        let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
        let mut places = Vec::with_capacity(text.len() + 1);
        let (mut at, mut has_escapes) = (0, false);
        let mut buffer = [0; 4];
        while let Some(byte) = text.get(at) {
            let rest = text.get(at..).unwrap_or_default();
            let (character, length): (&[u8], usize) =
                if at >= first { escape(rest, &mut buffer) } else { (&[], 0) };
            if length == 0 {
                out.push(*byte);
                places.push(place(at));
                at += 1;
                continue;
            }
            has_escapes = true;
            out.extend_from_slice(character);
            places.extend(character.iter().map(|_| place(at)));
            at += length;
        }
        places.push(place(at));
        has_escapes.then_some(Self { text: out, places })
    }

    fn place(&self, at: usize) -> usize {
        self.places.get(at).or(self.places.last()).copied().unwrap_or_default()
    }
}

/// The bytes that the escape at the start of a text stands for, and the length
/// of the escape; 0 if there is no escape.
fn escape<'a>(text: &[u8], buffer: &'a mut [u8; 4]) -> (&'a [u8], usize) {
    let mut plain = |character: char, length| {
        let written = character.encode_utf8(buffer).len();
        (written, length)
    };
    let (written, length) = match text {
        // The escape of a URL stands for one byte.
        [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
            if let Some(first) = buffer.first_mut() {
                *first = digit(*high) << 4 | digit(*low);
            }
            (1, 3)
        }
        // An escape that was cut belongs to the cut.
        [b'\\', rest @ ..] if rest.starts_with(CUT.as_bytes()) => (0, 1),
        [b'\\', b'u', rest @ ..] => match units(rest) {
            Some((character, digits)) => plain(character, 2 + digits),
            None => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
                let is_cut =
                    rest.get(digits..).is_some_and(|rest| rest.starts_with(CUT.as_bytes()));
                (0, if is_cut { 2 + digits } else { 0 })
            }
        },
        [b'\\', code, ..] => match code {
            b'"' | b'\\' | b'/' => plain(char::from(*code), 2),
            b'n' => plain('\n', 2),
            b't' => plain('\t', 2),
            b'r' => plain('\r', 2),
            b'b' => plain('\u{8}', 2),
            b'f' => plain('\u{c}', 2),
            _ => (0, 0),
        },
        _ => (0, 0),
    };
    (buffer.get(..written).unwrap_or_default(), length)
}

/// The character that `\u` introduces, and the length of its digits.
fn units(text: &[u8]) -> Option<(char, usize)> {
    let unit = |text: &[u8]| {
        let digits = text.first_chunk::<4>()?;
        digits.iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
    };
    let first = unit(text)?;
    if let (0xd800..0xdc00, Some(rest)) = (first, text.get(4..))
        && let Some(second @ 0xdc00..0xe000) = rest.strip_prefix(b"\\u").and_then(unit)
    {
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return Some((char::from_u32(code)?, 10));
    }
    Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 4))
}

/// The depth of the arrays and objects in a JSON text.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut is_in_string) = (0usize, 0, false);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match (byte, is_in_string) {
            (b'"', _) => is_in_string = !is_in_string,
            (b'\\', true) => drop(bytes.next()),
            (b'[' | b'{', false) => depth += 1,
            (b']' | b'}', false) => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::assert_linear;

    fn masked(text: &str, secrets: &[&str]) -> String {
        let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::from(*secret)).collect();
        let mut text = text.to_owned();
        mask(&mut text, &secrets);
        text
    }

    fn masked_json(text: &str, secret: &str) -> Option<String> {
        Masker::new(&[Secret::from(secret)]).mask_json(text.to_owned())
    }

    #[test]
    fn masks_url_escapes() {
        let secrets = [Secret::from("abc+/=\u{e9}x")];
        for spelled in ["abc%2B%2f%3D%C3%A9x", "%61bc+/=%c3%a9x", "abc%252B%252F%253D%25C3%25A9x"] {
            let mut text = format!("at https://h/?t={spelled}&a=100%");
            mask(&mut text, &secrets);
            assert_eq!(text, "at https://h/?t=[masked]&a=100%", "{spelled}");
        }
        let mut plain = "100% of %zz and %4".to_owned();
        mask(&mut plain, &secrets);
        assert_eq!(plain, "100% of %zz and %4");
    }

    #[test]
    fn finds_the_same_without_the_tries() {
        // With more secrets, each text is searched with the tries.
        let texts = [
            "a hunter2 b",
            "hunter",
            "hunter2",
            "hunt...",
            "...ter2",
            "h%75nter2",
            "hu\\u006eter2",
            "",
            "hunter hunter 2",
            "x...",
            "100%",
            "\\",
            "hhunter2hunter2",
        ];
        for text in texts {
            let few = masked(text, &["hunter2"]);
            assert_eq!(
                few,
                masked(text, &["hunter2", "q1q1q1", "q2q2q2", "q3q3q3", "q4q4q4"]),
                "{text}"
            );
        }
        assert_eq!(masked("the line two lines", &["line one\nthe line two"]), "[masked] lines");
        assert_eq!(masked("a b", &[" a b "]), "a b", "too short on one line");
        assert_eq!(masked("x hunter2", &[" hunter2 "]), "x [masked]", "without the blanks");
        assert_eq!(masked("x \u{e9}t\u{e9}s", &["\u{e9}t\u{e9}s"]), "x [masked]");
    }

    #[test]
    fn masks_each_occurrence() {
        assert_eq!(masked("a hunter2 b hunter2", &["hunter2"]), "a [masked] b [masked]");
        assert_eq!(masked("hunter2hunter2", &["hunter2"]), "[masked][masked]");
        assert_eq!(masked("", &["hunter2"]), "");
        assert_eq!(masked("h\\u00fcnter \\x", &["hunter2"]), "h\\u00fcnter \\x");
    }

    #[test]
    fn masks_single_lines_of_a_secret_that_has_several() {
        let key = "-----BEGIN KEY-----\r\nAAAABBBB\n{\nCCCCDDDD\n";
        for text in ["AAAABBBB", "x | AAAABBBB | y", "CCCCDD...", "-----BEGIN KEY----- | AAAABBBB"]
        {
            let masked = masked(text, &[key]);
            assert!(masked.contains(MASK), "{text}");
            assert!(!masked.contains("AAAA") && !masked.contains("CCCC"), "{text}");
        }
        assert_eq!(masked("{", &[key]), "{");
    }

    #[test]
    fn masks_secrets_that_overlap_or_hold_each_other() {
        for secrets in [["hunter2", "unter2 and"], ["unter2 and", "hunter2"]] {
            assert_eq!(masked("a hunter2 and b", &secrets), "a [masked] b");
        }
        assert_eq!(
            masked("Bearer hunter2, hunter2", &["hunter2", "Bearer hunter2"]),
            "[masked], [masked]"
        );
        assert_eq!(masked("abababab", &["abab"]), "[masked]");
        assert_eq!(masked("abcabd abcabcabd", &["abcabd"]), "[masked] abc[masked]");
    }

    #[test]
    fn masks_a_secret_that_the_end_of_a_quote_cuts() {
        assert_eq!(
            masked("it said abc hunt... and hunter...", &["hunter2"]),
            "it said abc [masked]... and [masked]..."
        );
        assert_eq!(masked("hunt...hunt...", &["hunter2", "hunt...hunter"]), "[masked]...");
        assert_eq!(masked("hun...", &["hunter2"]), "hun...");
        assert_eq!(masked("...nter2 b ...ter2", &["hunter2"]), "...[masked] b ...[masked]");
        assert_eq!(masked("\\u0068unte\\u00...", &["hunter2"]), "[masked]...");
        for cut in ["\\", "\\u", "\\u0", "\\u006"] {
            assert_eq!(masked(&format!("a hunt{cut}..."), &["hunter2"]), "a [masked]...");
        }
    }

    #[test]
    fn masks_a_secret_as_a_message_shows_it() {
        let key = "-----BEGIN\r\nKEY\t1\r\n-----\n";
        assert_eq!(masked("a -----BEGIN KEY 1 ----- b", &[key]), "a [masked] b");
    }

    #[test]
    fn masks_every_spelling_of_json() {
        let text = r#"{"a":["hunte\u0072/2"],"hunter\/2":1.50}"#;
        assert_eq!(masked_json(text, "hunter/2").unwrap(), r#"{"a":["[masked]"],"[masked]":1.50}"#);
        let spelled: String =
            "h\u{e9}nter😀2".encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        assert_eq!(masked(&spelled, &["h\u{e9}nter😀2"]), MASK);
        assert_eq!(masked(r#"a\"b\\c\n"#, &["a\"b\\c\n"]), MASK);
    }

    #[test]
    fn masks_json_inside_json() {
        let mut text = r#"{"a":"hunt\u0065r2"}"#.to_owned();
        for _ in 0..4 {
            text = serde_json::to_string(&text).unwrap();
            let shown = masked_json(&text, "hunter2").unwrap();
            assert!(shown.contains(MASK) && !shown.contains("hunt"), "{shown}");
        }
        for _ in 0..4 {
            text = serde_json::to_string(&text).unwrap();
        }
        assert_eq!(masked_json(&text, "hunter2"), None);
    }

    #[test]
    fn drops_data_that_is_not_json_after_masking_or_cannot_be_read() {
        assert_eq!(masked_json("[12345678]", "2345"), None);
        let nested = |depth: usize, inner: &str| {
            format!("{}\"{inner}\"{}", "[".repeat(depth), "]".repeat(depth))
        };
        assert_eq!(masked_json(&nested(128, "hunte\\u00722"), "hunter2"), Some(nested(128, MASK)));
        assert_eq!(masked_json(&nested(129, "hunte\\u00722"), "hunter2"), None);
        assert_eq!(masked_json(&nested(129, "hunter2"), "hunter2"), Some(nested(129, MASK)));
        let brackets = format!("\"\\n{}\"", "[".repeat(500));
        assert_eq!(masked_json(&brackets, "hunter2").as_ref(), Some(&brackets));
    }

    #[test]
    fn does_not_mask_secrets_that_are_too_short() {
        assert_eq!(masked("a b", &["a", ""]), "a b");
    }

    #[test]
    fn takes_time_linear_in_the_text() {
        // The secrets grow with the text: time that grows with the product of
        // the two is quadratic.
        let token = |size: usize| "ab".repeat(size / 256) + "c";
        let pieces: [fn(&str) -> String; 10] = [
            |_| "ab".into(),
            |_| ".".into(),
            |_| "abab...".into(),
            |token| token.into(),
            |token| format!("{}...", &token[..token.len() - 1]),
            |token| format!("...{}", &token[1..]),
            |_| "\\u0061b".into(),
            |_| "\\".into(),
            |_| "\\\\u0061b".into(),
            |_| "\\u00...".into(),
        ];
        for piece in pieces {
            let input = |size: usize| {
                let (token, piece) = (token(size), piece(&token(size)));
                let half = &token[..token.len() / 2];
                let mut secrets: Vec<String> = (0..1000).map(|at| format!("{half}{at}")).collect();
                secrets.push(token);
                (piece.repeat(size / piece.len()), secrets)
            };
            let name = format!("masking {}", &piece("abababc"));
            assert_linear(&name, 1 << 19, input, |(text, secrets)| {
                let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
                masked(text, &secrets);
            });
        }
    }
}
