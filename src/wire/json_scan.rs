//! Finds the end of a JSON string, many bytes at a time.

use crate::platform::{BLOCK, TextPrefix, VectorLoop, Vectors, WIDE, first_special, with_vectors};

/// The closing quote of a short string without escapes: its distance from
/// `start`, where the string's text begins, and the next three bytes. `None`:
/// the string is not short or not plain, or the text ends soon.
///
/// Every byte is below the limit of one comparison, which costs less than one
/// comparison for each byte.
#[inline(always)]
pub(crate) fn short_string(bytes: &[u8], start: usize) -> Option<(usize, u32)> {
    let window: &[u8; BLOCK + 4] = bytes.get(start..start + BLOCK + 4)?.first_chunk()?;
    let end = first_special(window.first_chunk()?);
    let last = u32::from_le_bytes(*window.get(end..end + 4)?.first_chunk()?);
    (end < BLOCK && last as u8 == b'"').then_some((end, last >> 8))
}

/// The length of a string of few blocks without escapes, which begins at `start`.
/// `None`: it is longer, not plain, or the text ends soon.
#[inline(always)]
pub(crate) fn short_length(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while at < start + 2 * WIDE {
        let special = first_special(bytes.get(at..at + BLOCK)?.first_chunk()?);
        at += special;
        if special < BLOCK {
            return (bytes.get(at) == Some(&b'"')).then_some(at - start);
        }
    }
    None
}

/// The number of bytes that a string may contain as they are: those before the
/// first quote, backslash or control character.
#[inline(always)]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        match first_special(block) {
            BLOCK => at += BLOCK,
            special => return at + special,
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count()
}

/// The same for one block, in which a string may end.
#[inline(always)]
pub(crate) fn plain_start(bytes: &[u8; WIDE]) -> usize {
    let mut at = 0;
    for block in bytes.as_chunks().0 {
        let special = first_special(block);
        at += special;
        if special < BLOCK {
            break;
        }
    }
    at
}

/// The number of bytes that belong to a string, from a position inside it:
/// those before its closing quote, or before the first fault. `checked` grows by
/// the whole pieces that were read, and is a prefix of the same bytes.
#[inline(never)]
pub(crate) fn string_length(bytes: &[u8], checked: Option<&mut TextPrefix<'_>>) -> StringLength {
    let mut found = with_vectors(StringLoop { bytes, checked });
    while !found.is_end {
        // Too few bytes for a block are left.
        let rest = bytes.get(found.length..).unwrap_or_default();
        found.length += plain(rest);
        match escape_at(bytes, found.length) {
            Some(length) => found.length += length,
            None => found.is_end = true,
        }
        found.has_escapes |= !found.is_end;
    }
    found
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StringLength {
    pub(crate) length: usize,
    pub(crate) has_escapes: bool,
    is_end: bool,
}

/// The number of blocks of a piece. It stays in the fastest cache of the processor
/// until it is checked to be UTF-8: to read a large text from memory again would take
/// as long as all of the rest.
const PIECE: usize = if cfg!(test) { 2 } else { 16 * 1024 / WIDE };

struct StringLoop<'a, 'b, 'c> {
    bytes: &'a [u8],
    checked: Option<&'b mut TextPrefix<'c>>,
}

impl VectorLoop for StringLoop<'_, '_, '_> {
    type Output = StringLength;

    #[inline(always)]
    fn run<V: Vectors>(self) -> Self::Output {
        let Self { bytes, mut checked } = self;
        let mut found = StringLength { length: 0, has_escapes: false, is_end: true };
        // Whether the first byte of a block belongs to an escape.
        let mut is_escaped = 0;
        for (piece, blocks) in bytes.as_chunks().0.chunks(PIECE).enumerate() {
            let start = piece * PIECE;
            for (at, block) in blocks.iter().enumerate() {
                let mut special = V::special(block) & !is_escaped;
                is_escaped = 0;
                while special != 0 {
                    let first = special.trailing_zeros();
                    found.length = (start + at) * WIDE + first as usize;
                    if escape_at(bytes, found.length).is_none() {
                        return found;
                    }
                    found.has_escapes = true;
                    // The digits of an escape are not special.
                    special &= !(3 << first);
                    is_escaped = u64::from(first == 63);
                }
            }
            if let Some(checked) = checked.as_deref_mut().filter(|_| blocks.len() == PIECE) {
                checked.extend_to((start + PIECE) * WIDE);
            }
        }
        found.length = bytes.len() / WIDE * WIDE + is_escaped as usize;
        found.is_end = false;
        found
    }
}

/// The length of the escape at a position, if there is a valid one.
#[inline(always)]
fn escape_at(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..at + 2)? {
        [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't'] => Some(2),
        [b'\\', b'u'] => {
            let digits = bytes.get(at + 2..at + 6)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(6)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::with_each_vectors;

    #[test]
    fn finds_specials_at_every_position() {
        with_each_vectors(|| {
            for special in [b'"', b'\\', 0, 0x1f, b'\n'] {
                for at in 0..200 {
                    let mut bytes = [b'~'; 200];
                    bytes[at] = special;
                    assert_eq!(plain(&bytes), at);
                    assert_eq!(string_length(&bytes, None).length, at);
                    assert_eq!(string_length(&bytes[..at], None).length, at);
                }
            }
            assert_eq!(plain("é\u{7f}世 !#[]".as_bytes()), "é\u{7f}世 !#[]".len());
        });
    }

    /// The length, one byte after another.
    fn slow_length(bytes: &[u8]) -> (usize, bool) {
        let (mut at, mut has_escapes) = (0, false);
        loop {
            match bytes.get(at) {
                Some(b'\\') => match escape_at(bytes, at) {
                    Some(length) => (at, has_escapes) = (at + length, true),
                    None => return (at, has_escapes),
                },
                Some(b'"' | 0..=0x1f) | None => return (at, has_escapes),
                Some(_) => at += 1,
            }
        }
    }

    #[test]
    fn reads_escapes_across_the_ends_of_blocks() {
        with_each_vectors(|| {
            for before in 0..140 {
                for escape in [
                    "\\n",
                    "\\\"",
                    "\\\\",
                    "\\u00e9",
                    "\\\\\\\\\\\"",
                    "\\",
                    "\\u12\"",
                    "\\x",
                    "\\\u{1}",
                    "\\u\\u12ef",
                ] {
                    for after in [0, 1, 5, 62, 63, 64, 70] {
                        for end in ["", "\"", "\\", "\u{1f}"] {
                            let (a, b) = ("x".repeat(before), "y".repeat(after));
                            let text = format!("{a}{escape}{b}{end}");
                            let found = string_length(text.as_bytes(), None);
                            let expected = slow_length(text.as_bytes());
                            assert_eq!((found.length, found.has_escapes), expected, "{text}");
                        }
                    }
                }
            }
        });
    }

    #[test]
    fn finds_the_end_of_a_short_string_and_what_follows() {
        with_each_vectors(|| {
            for length in 0..40 {
                let text = format!("{}\":1}}{}", "é".repeat(length / 2), " ".repeat(20));
                let end = text.find('"').unwrap();
                let found = short_string(text.as_bytes(), 0);
                let next = u32::from_le_bytes(*b":1}\0");
                assert_eq!(found, (end < BLOCK).then_some((end, next)), "{text}");
                for cut in 0..BLOCK + 4 {
                    assert_eq!(short_string(&text.as_bytes()[..cut], 0), None);
                }
            }
            assert_eq!(short_string(b"abc\\\"defghijklmnopqrstuvw", 0), None);
            assert_eq!(short_string(b"abc\x01\"defghijklmnopqrstuvw", 0), None);
        });
    }
}
