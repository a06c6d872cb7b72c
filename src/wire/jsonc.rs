//! JSON of configuration files: with comments, trailing commas, and the line
//! number of each value. The values are those of `jsonc_parser`.

use std::borrow::Cow;

pub(crate) use jsonc_parser::ast::{ObjectProp as Member, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::tokens::Token;
use jsonc_parser::{ParseOptions, ParseStringErrorKind, Scanner, ScannerOptions, parse_to_ast};
use zeroize::Zeroize;

/// A text and its value. Lines are counted from 1.
pub(crate) struct Jsonc<'a> {
    lines: LineIndex<'a>,
    pub(crate) root: Value<'a>,
}

/// Where a text is not JSON, and why. It never quotes the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JsoncError {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) what: Cow<'static, str>,
}

/// The limit of nested arrays and objects: the parser is recursive, and the
/// stack belongs to the application.
const DEPTH: usize = 128;

/// Of the extensions of the crate, comments and trailing commas.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

impl<'a> Jsonc<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsoncError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = LineIndex::new(text);
        check_depth(&lines)?;
        let parsed = parse_to_ast(text, &Default::default(), &OPTIONS);
        match parsed.map_err(|error| lines.wrong(&error))?.value {
            Some(root) => Ok(Self { lines, root }),
            None => Err(JsoncError { line: 1, column: 1, what: "there is nothing in it".into() }),
        }
    }

    /// The line on which a value or a member begins.
    pub(crate) fn line(&self, part: &impl Ranged) -> usize {
        self.lines.line(part.start())
    }
}

impl Drop for Jsonc<'_> {
    fn drop(&mut self) {
        overwrite(&mut self.root);
    }
}

/// Overwrites the strings that the parser has copied. It copies a string that
/// has escapes. Which strings are secret is not known here.
fn overwrite(value: &mut Value<'_>) {
    match value {
        Value::StringLit(one) => {
            if let Cow::Owned(text) = &mut one.value {
                text.zeroize();
            }
        }
        Value::Array(all) => all.elements.iter_mut().for_each(overwrite),
        Value::Object(all) => all.properties.iter_mut().for_each(|one| overwrite(&mut one.value)),
        Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => {}
    }
}

/// The kind of a value with its article, for messages.
pub(crate) fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::NullKeyword(_) => "null",
        Value::BooleanLit(_) => "a boolean",
        Value::NumberLit(_) => "a number",
        Value::StringLit(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn check_depth(lines: &LineIndex<'_>) -> Result<(), JsoncError> {
    let options = ScannerOptions {
        allow_single_quoted_strings: OPTIONS.allow_single_quoted_strings,
        allow_hexadecimal_numbers: OPTIONS.allow_hexadecimal_numbers,
        allow_unary_plus_numbers: OPTIONS.allow_unary_plus_numbers,
        allow_bare_decimal_point_numbers: OPTIONS.allow_bare_decimal_point_numbers,
        allow_non_finite_numbers: OPTIONS.allow_non_finite_numbers,
        allow_extended_string_escapes: OPTIONS.allow_extended_string_escapes,
    };
    let mut scanner = Scanner::new(lines.text, &options);
    let mut depth = 0usize;
    while let Some(token) = scanner.scan().map_err(|error| lines.wrong(&error))? {
        match token {
            Token::OpenBrace | Token::OpenBracket => depth += 1,
            Token::CloseBrace | Token::CloseBracket => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            let (line, column) = lines.place(scanner.token_start());
            let what = format!("there are more than {DEPTH} nested objects and arrays");
            return Err(JsoncError { line, column, what: what.into() });
        }
    }
    Ok(())
}

/// A text and the positions of its lines.
struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    fn new(text: &'a str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        Self { text, starts: std::iter::once(0).chain(ends.map(|at| at + 1)).collect() }
    }

    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// Line and column of a position; the column counts characters.
    fn place(&self, at: usize) -> (usize, usize) {
        let line = self.line(at);
        let start = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or_default();
        (line, self.text.get(start..at).map_or(1, |before| before.chars().count() + 1))
    }

    fn wrong(&self, error: &ParseError) -> JsoncError {
        let what = match error.kind() {
            // The message of the crate may quote a part of the string.
            ParseErrorKind::String(ParseStringErrorKind::UnterminatedStringLiteral) => {
                "a string has no end".into()
            }
            ParseErrorKind::String(_) => "a string has an escape that JSON does not have".into(),
            kind => {
                let words = kind.to_string();
                let mut letters = words.chars();
                let first = letters.next().map(|letter| letter.to_ascii_lowercase());
                first.into_iter().chain(letters).collect::<String>().into()
            }
        };
        let (line, column) = self.place(error.range().start);
        JsoncError { line, column, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(text: &str) -> (usize, usize, String) {
        let wrong = Jsonc::parse(text).err().unwrap();
        (wrong.line, wrong.column, wrong.what.into_owned())
    }

    #[test]
    fn reads_comments_and_trailing_commas_and_counts_lines() {
        let text = "\u{feff}// a\r\n{ /* b\n */ \"x\": [1.50, true,\n null,], // c\n\"é\\n\":\n\"\\ud83d\\ude00\",\n}\n";
        let jsonc = Jsonc::parse(text).unwrap();
        assert_eq!((jsonc.line(&jsonc.root), kind(&jsonc.root)), (2, "an object"));
        let members = &jsonc.root.as_object().unwrap().properties;
        let lines: Vec<(&str, usize, usize)> = members
            .iter()
            .map(|one| (one.name.as_str(), jsonc.line(one), jsonc.line(&one.value)))
            .collect();
        assert_eq!(lines, [("x", 3, 3), ("é\n", 5, 6)]);
        let all = &members[0].value.as_array().unwrap().elements;
        let kinds: Vec<(usize, &str)> =
            all.iter().map(|one| (jsonc.line(one), kind(one))).collect();
        assert_eq!(kinds, [(3, "a number"), (3, "a boolean"), (4, "null")]);
        assert_eq!(all[0].as_number_lit().unwrap().value, "1.50");
        assert_eq!(members[1].value.as_string_lit().unwrap().value, "😀");
    }

    #[test]
    fn overwrites_the_strings_that_have_escapes() {
        let mut value = Jsonc::parse(r#"{"a":["b",{"c":"\u0064"}]}"#).unwrap().root.clone();
        overwrite(&mut value);
        let a = value.as_object().unwrap().get_array("a").unwrap();
        assert_eq!(a.elements[0].as_string_lit().unwrap().value, "b");
        let c = a.elements[1].as_object().unwrap().get_string("c").unwrap();
        assert_eq!(c.value, "");
    }

    #[test]
    fn says_where_a_text_is_wrong_without_quoting_it() {
        for (text, line, column, what) in [
            ("", 1, 1, "nothing"),
            (" // a\n", 1, 1, "nothing"),
            ("{\n \"a\" 1}", 2, 6, "colon"),
            ("{\n \"a\": \"secret", 2, 7, "a string has no end"),
            ("[\"\\ud800\"]", 1, 3, "a string has an escape"),
            ("[\"\\x41\"]", 1, 3, "a string has an escape"),
            ("['a']", 1, 2, "quoted"),
            ("{a: 1}", 1, 2, "string"),
            ("[1 2]", 1, 3, "comma"),
            ("[[1] [2]]", 1, 5, "comma"),
            ("[0x1]", 1, 2, "exadecimal"),
            ("[+1]", 1, 2, "plus"),
            ("[NaN]", 1, 2, "token"),
            ("{} {}", 1, 4, "more than one"),
            ("{\"a\": /* x", 1, 7, "comment"),
        ] {
            let found = fails(text);
            assert_eq!((found.0, found.1), (line, column), "{text}: {found:?}");
            assert!(found.2.contains(what) && !found.2.contains("secret"), "{text}: {found:?}");
        }
    }

    #[test]
    fn limits_the_nesting() {
        let nested = |depth: usize| format!("\n{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Jsonc::parse(&nested(DEPTH)).is_ok());
        let (line, column, what) = fails(&nested(DEPTH + 1));
        assert!((line, column) == (2, DEPTH + 1) && what.contains("128"));
        fails(&"[".repeat(1_000_000));
        fails(&"{\"a\":".repeat(200_000));
    }
}
