//! Reads and writes JSON strings: their quotes and escapes.

use std::borrow::Cow;
use std::ops::Range;

use crate::platform::{VectorLoop, Vectors, WIDE, append, request_large_pages, with_vectors};
use crate::wire::json_scan::{plain, plain_start, short_length};

/// A JSON string as text, borrowed unless it has escapes.
pub(crate) fn plain_text(raw: &str) -> Option<Cow<'_, str>> {
    let [b'"', inner @ .., b'"'] = raw.as_bytes() else { return None };
    if memchr::memchr(b'\\', inner).is_none() {
        return raw.get(1..raw.len() - 1).map(Cow::Borrowed);
    }
    serde_json::from_str(raw).ok().map(Cow::Owned)
}

/// The same for a string at a place of a text. Most names are short, and have no
/// escapes.
#[inline(always)]
pub(crate) fn plain_text_at(text: &str, raw: Range<usize>) -> Option<Cow<'_, str>> {
    let start = raw.start + 1;
    if text.as_bytes().get(raw.start) == Some(&b'"')
        && let Some(length) = short_length(text.as_bytes(), start)
    {
        return text.get(start..start + length).map(Cow::Borrowed);
    }
    plain_text(text.get(raw)?)
}

/// Writes a JSON string with its quotes.
pub(crate) fn push_string(out: &mut String, text: &str) {
    if plain(text.as_bytes()) == text.len() {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // Serializing a string cannot fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned()));
}

/// The text of a JSON string, which is given with its quotes. It is made in one
/// pass and one buffer, and ends with a NUL. A lone surrogate, which is no
/// character, becomes U+FFFD.
pub(crate) fn unescape(raw: &str) -> Vec<u8> {
    let mut rest: &[u8] = match raw.as_bytes() {
        [b'"', inner @ .., b'"'] => inner,
        _ => &[],
    };
    // The output is never longer than the input.
    let mut out = Vec::with_capacity(rest.len() + 1);
    request_large_pages(&mut out);
    if memchr::memchr(b'\\', rest).is_none() {
        out.extend_from_slice(rest);
    } else {
        rest = with_vectors(UnescapeLoop { bytes: rest, out: &mut out });
        while !rest.is_empty() {
            let plain = rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len());
            let (plain, escape) = rest.split_at(plain);
            out.extend_from_slice(plain);
            rest = unescape_one(escape, &mut out);
        }
    }
    out.push(0);
    out
}

/// Adds the text of a JSON string to texts, as [`unescape`] says. `raw`: the place
/// of the string in its text, with the quotes.
#[inline(always)]
pub(crate) fn push_unescaped(text: &str, raw: Range<usize>, out: &mut Vec<u8>) {
    let (bytes, start) = (text.as_bytes(), raw.start + 1);
    let length = raw.end.saturating_sub(start + 1);
    // Most names are short, and have no escapes.
    if length < WIDE
        && let Some(block) = bytes.get(start..).and_then(<[u8]>::first_chunk::<WIDE>)
        && plain_start(block) == length
    {
        let end = out.len() + length;
        append(out, block);
        out.truncate(end);
        out.push(0);
    } else {
        out.extend_from_slice(&unescape(text.get(raw).unwrap_or_default()));
    }
}

/// Copies text without its escapes, and returns the rest, which is shorter than a
/// block. Bytes are copied while they are compared, because escapes are often
/// near each other.
struct UnescapeLoop<'a, 'out> {
    bytes: &'a [u8],
    out: &'out mut Vec<u8>,
}

impl<'a> VectorLoop for UnescapeLoop<'a, '_> {
    type Output = &'a [u8];

    #[inline(always)]
    fn run<V: Vectors>(self) -> Self::Output {
        let Self { bytes: mut rest, out } = self;
        while let Some((block, after)) = rest.split_first_chunk() {
            let whole = rest;
            append(out, block);
            let backslashes = V::backslash(block);
            rest = after;
            if backslashes != 0 {
                let plain = backslashes.trailing_zeros() as usize;
                out.truncate(out.len() - WIDE + plain);
                let escape = whole.get(plain..).unwrap_or_default();
                rest = unescape_one(escape, out);
            }
        }
        rest
    }
}

/// Takes one escape from the beginning of a text, and returns the rest.
#[inline(always)]
fn unescape_one<'a>(escape: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    match escape {
        [b'\\', b'u', after @ ..] => {
            let (character, after) = unicode(after);
            let mut buffer = [0; 4];
            out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            after
        }
        [b'\\', code, after @ ..] => {
            out.push(match code {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'b' => 8,
                b'f' => 12,
                // A quote, a backslash or a slash.
                other => *other,
            });
            after
        }
        // A backslash at the end, which JSON does not allow.
        [other, after @ ..] => {
            out.push(*other);
            after
        }
        [] => &[],
    }
}

/// The character after `\u`, and the rest.
fn unicode(rest: &[u8]) -> (char, &[u8]) {
    let (first, after) = unit(rest);
    if let Some(character) = char::from_u32(first) {
        return (character, after);
    }
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = after.strip_prefix(b"\\u")
    {
        let (second, after) = unit(second);
        if (0xdc00..0xe000).contains(&second) {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), after);
        }
    }
    (char::REPLACEMENT_CHARACTER, after)
}

/// The four digits as a number, and the rest. If there are no four digits,
/// nothing is skipped: a cut could be inside a character.
#[inline(always)]
fn unit(rest: &[u8]) -> (u32, &[u8]) {
    let Some((digits, after)) = rest.split_first_chunk::<4>() else { return (0xfffd, rest) };
    let mut value = 0;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' | b'A'..=b'F' => (digit | 0x20) - b'a' + 10,
            _ => return (0xfffd, rest),
        };
        value = value << 4 | u32::from(digit);
    }
    (value, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::with_each_vectors;

    fn text(raw: &str) -> String {
        let mut bytes = unescape(raw);
        assert_eq!(bytes.pop(), Some(0));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn escapes_strings() {
        let mut out = String::new();
        push_string(&mut out, "a\"\\\n\u{1}é");
        assert_eq!(out, "\"a\\\"\\\\\\n\\u0001é\"");
    }

    #[test]
    fn gives_the_text_that_serde_json_gives() {
        with_each_vectors(|| {
            for raw in [
                "\"\"",
                "\"plain é 世界\"",
                r#""a\"b\\c\/d\b\f\n\r\te""#,
                r#""\n\n\t\\\"x""#,
                r#""\u0041\u00e9\u4e16\ud83d\ude00 end""#,
                r#""\u0000""#,
                r#""\r\u0041\r\n""#,
            ] {
                let parsed: String = serde_json::from_str(raw).unwrap();
                assert_eq!(text(raw), parsed, "{raw}");
            }
        });
    }

    #[test]
    fn adds_the_same_text_to_others() {
        with_each_vectors(|| {
            for length in 0..100 {
                for end in ["", "\\n", "é", "\\\"", "\u{7f}"] {
                    for after in ["", ",1", &" ".repeat(90)] {
                        let raw = format!("\"{}{end}\"", "x".repeat(length));
                        let text = format!("[{raw}{after}");
                        let mut out = b"before".to_vec();
                        push_unescaped(&text, 1..1 + raw.len(), &mut out);
                        assert_eq!(out, [&b"before"[..], &unescape(&raw)].concat(), "{text}");
                        let found = plain_text_at(&text, 1..1 + raw.len());
                        assert_eq!(found, plain_text(&raw), "{text}");
                    }
                }
            }
        });
    }

    #[test]
    fn reads_escapes_at_every_position() {
        with_each_vectors(|| {
            for before in 0..20 {
                for after in 0..20 {
                    let (a, b) = ("x".repeat(before), "é".repeat(after));
                    assert_eq!(text(&format!("\"{a}\\n{b}\\\"\"")), format!("{a}\n{b}\""));
                }
            }
        });
    }

    #[test]
    fn reads_several_escapes_at_every_distance() {
        with_each_vectors(|| {
            for first in 0..40 {
                for second in 0..40 {
                    let (a, b) = ("x".repeat(first), "y".repeat(second));
                    let raw = format!("\"{a}\\n{b}\\u00e9\\\\{a}{a}{a}\"");
                    assert_eq!(text(&raw), format!("{a}\n{b}\u{e9}\\{a}{a}{a}"));
                }
            }
        });
    }

    #[test]
    fn reads_the_digits_of_a_character() {
        for code in (0..=0xffffu32).step_by(7).filter(|code| char::from_u32(*code).is_some()) {
            let expected = char::from_u32(code).unwrap().to_string();
            assert_eq!(text(&format!("\"\\u{code:04x}\"")), expected);
            assert_eq!(text(&format!("\"\\u{code:04X}\"")), expected);
        }
    }

    #[test]
    fn replaces_a_lone_surrogate() {
        with_each_vectors(|| {
            assert_eq!(text(r#""\ud83dx""#), "\u{fffd}x");
            assert_eq!(text(r#""\ude00""#), "\u{fffd}");
            assert_eq!(text(r#""\ud83d\u0041""#), "\u{fffd}A");
        });
    }

    #[test]
    fn accepts_input_that_is_no_string() {
        with_each_vectors(|| {
            for raw in [
                "",
                "\"",
                "1",
                r#""\"#,
                r#""\u""#,
                r#""\u12""#,
                r#""\u+123""#,
                "\"\\u123\u{fffd}4\"",
                "\"\\ud800\\u\u{e9}\u{e9}\u{e9}\"",
                "\"\\\u{e9}\"",
            ] {
                let bytes = unescape(raw);
                assert!(std::str::from_utf8(&bytes).is_ok(), "{raw}");
            }
        });
    }
}
