//! Finds the end of a run of plain characters in a JSON string, many bytes at a
//! time.

use crate::platform::{BLOCK, first_special, plain_run};

/// The number of bytes before the first quote, backslash or control character.
///
/// Most strings end within their first bytes, so these are checked inline.
#[inline(always)]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    match bytes.first_chunk().map_or(BLOCK, first_special) {
        BLOCK => plain_run(bytes),
        special => special,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_specials_at_every_position() {
        for special in [b'"', b'\\', 0, 0x1f, b'\n'] {
            for at in 0..400 {
                let mut bytes = vec![b'~'; at + 120];
                bytes[at] = special;
                assert_eq!(plain(&bytes), at);
                // Another one further on is not found instead.
                bytes[at + 100] = b'"';
                assert_eq!(plain(&bytes), at);
                assert_eq!(plain(&bytes[..at]), at, "none before the end");
            }
        }
        assert_eq!(plain("é\u{7f}世 !#[]".as_bytes()), "é\u{7f}世 !#[]".len());
    }

    #[test]
    fn finds_the_end_of_a_short_string_and_what_follows() {
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
    }
}
