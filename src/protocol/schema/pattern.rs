//! Regular expressions of a schema. The engine takes linear time, and the size of
//! a compiled pattern is bounded.
//!
//! ECMA-262 has expressions that no engine finds in linear time, such as
//! lookaheads. A schema with one of them is unusable.
//!
//! The validators of servers differ in whether `\w`, `\d` and `\s` know more than
//! ASCII: in ECMA-262 only `\s` does, in Python and Rust they all do. A text for
//! which that matters is not judged.

use regex_lite::{Regex, RegexBuilder};

/// The most bytes of a pattern.
const MOST_BYTES: usize = 2000;

/// Limits for the bytes of a compiled pattern, each with the number of steps that
/// a byte of text counts for.
const SIZES: [(usize, usize); 3] = [(2 << 10, 8), (8 << 10, 40), (32 << 10, 160)];

#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// The most bytes that it takes.
    pub(super) size: usize,
    /// The steps for a byte of text.
    steps: usize,
    classes: Classes,
}

impl Pattern {
    pub(super) fn new(source: &str) -> Result<Self, String> {
        if source.len() > MOST_BYTES {
            return Err(format!("a pattern has more than {MOST_BYTES} bytes"));
        }
        let mut why = String::new();
        for (size, steps) in SIZES {
            match RegexBuilder::new(source).size_limit(size).nest_limit(50).build() {
                Ok(regex) => return Ok(Self { regex, size, steps, classes: Classes::of(source) }),
                Err(error) => why = error.to_string(),
            }
        }
        Err(format!("the pattern \"{source}\" cannot be used: {why}"))
    }

    /// The steps of a search. It begins with work that an empty text has as well.
    pub(super) fn steps_for(&self, text: &str) -> usize {
        text.len().saturating_add(4).saturating_mul(self.steps)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Whether validators differ in what the pattern means for this text.
    pub(super) fn is_unclear_for(&self, text: &str) -> bool {
        let Classes { word, digit, space } = self.classes;
        (word || digit || space)
            && !text.is_ascii()
            && text.chars().filter(|letter| !letter.is_ascii()).any(|letter| {
                word || digit && letter.is_numeric()
                    || space && (letter.is_whitespace() || letter == '\u{feff}')
            })
    }

    pub(super) fn source(&self) -> &str {
        self.regex.as_str()
    }
}

/// The classes of a pattern that validators read differently.
#[derive(Clone, Copy, Debug, Default)]
struct Classes {
    /// `\w`, and what depends on it or on the letters that are equal.
    word: bool,
    digit: bool,
    space: bool,
}

impl Classes {
    fn of(source: &str) -> Self {
        let mut all = Self { word: source.contains("(?i"), ..Self::default() };
        let mut letters = source.chars();
        while let Some(letter) = letters.next() {
            match (letter == '\\').then(|| letters.next()).flatten() {
                Some('w' | 'W' | 'b' | 'B') => all.word = true,
                Some('d' | 'D') => all.digit = true,
                Some('s' | 'S') => all.space = true,
                _ => {}
            }
        }
        all
    }
}
