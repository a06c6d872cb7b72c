//! Bytes as text, without a copy.

use std::string::FromUtf8Error;

/// Bytes as text.
pub(crate) fn text_of(bytes: Vec<u8>) -> Result<String, FromUtf8Error> {
    match simdutf8::basic::from_utf8(&bytes) {
        // SAFETY: the bytes are UTF-8.
        Ok(_) => Ok(unsafe { String::from_utf8_unchecked(bytes) }),
        // The standard library says where the fault is.
        Err(_) => String::from_utf8(bytes),
    }
}

/// The same together with what `read` makes of the bytes. `read` returns the parts
/// that it has checked, in their order: only the bytes around them are checked here.
/// The bytes come back if `read` returns nothing, or if they are not UTF-8.
pub(crate) fn text_of_parts<T>(
    bytes: Vec<u8>,
    read: impl FnOnce(&[u8]) -> Option<(T, Vec<&str>)>,
) -> Result<(String, T), Vec<u8>> {
    let read = read(&bytes).filter(|(_, parts)| is_text_around(&bytes, parts));
    match read.map(|(value, _)| value) {
        // SAFETY: the bytes are the parts, which are texts, and the bytes around
        // them, which are UTF-8.
        Some(value) => Ok((unsafe { String::from_utf8_unchecked(bytes) }, value)),
        None => Err(bytes),
    }
}

/// Whether the parts lie in the bytes, in this order, and the bytes around them are
/// UTF-8.
fn is_text_around(bytes: &[u8], parts: &[&str]) -> bool {
    let mut checked = 0;
    let is_text =
        |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| simdutf8::basic::from_utf8(bytes).is_ok());
    for part in parts {
        let start = part.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr());
        if !is_text(bytes.get(checked..start)) {
            return false;
        }
        checked = start + part.len();
    }
    is_text(bytes.get(checked..))
}

/// The text at the beginning of bytes. It grows with the bytes that were read, while
/// these are in the processor's cache.
#[derive(Debug)]
pub(crate) struct TextPrefix<'a> {
    bytes: &'a [u8],
    /// So many bytes are UTF-8.
    length: usize,
    /// The bytes after them are not.
    has_fault: bool,
}

impl<'a> TextPrefix<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, length: 0, has_fault: false }
    }

    /// Checks the bytes before `end`, without a character that ends behind it.
    pub(crate) fn extend_to(&mut self, end: usize) {
        // A character has at most three bytes after its first.
        let is_inside = |at: &usize| matches!(self.bytes.get(*at), Some(0x80..=0xbf));
        let mut starts = (end.saturating_sub(3)..=end).rev();
        let whole = starts.find(|at| !is_inside(at)).unwrap_or(end);
        let added = self.bytes.get(self.length..whole).filter(|_| !self.has_fault);
        match added.is_some_and(|added| simdutf8::basic::from_utf8(added).is_ok()) {
            true => self.length = whole,
            false => self.has_fault = true,
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        let checked = self.bytes.get(..self.length).unwrap_or_default();
        // SAFETY: `extend_to` adds only UTF-8.
        unsafe { std::str::from_utf8_unchecked(checked) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_text_that_the_standard_library_takes() {
        let text = "a".repeat(90) + "é世😀\u{7ff}\u{ffff}\u{10ffff}" + &"b".repeat(90);
        for at in 0..text.len() {
            for byte in [0, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = byte;
                assert_eq!(text_of(bytes.clone()), String::from_utf8(bytes));
            }
            let cut = text.as_bytes()[..at].to_vec();
            assert_eq!(text_of(cut.clone()), String::from_utf8(cut));
        }
    }

    fn part(bytes: &[u8], from: usize, to: usize) -> Option<&str> {
        std::str::from_utf8(&bytes[from..to]).ok()
    }

    /// Text with characters of each length, and of ASCII.
    fn sample() -> String {
        "a".repeat(30) + "é世😀\u{7ff}\u{ffff}\u{10ffff}" + &"b".repeat(30)
    }

    #[test]
    fn checks_pieces_as_the_whole() {
        const BYTES: [u8; 12] =
            [0, 0x7f, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff];
        let text = sample();
        for at in 0..text.len() {
            for byte in BYTES {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = byte;
                let valid = match std::str::from_utf8(&bytes) {
                    Ok(text) => text.len(),
                    Err(error) => error.valid_up_to(),
                };
                for step in [4, 5, 7, 16, 64] {
                    let mut prefix = TextPrefix::of(&bytes);
                    for end in (step..bytes.len()).step_by(step).chain([bytes.len()]) {
                        prefix.extend_to(end);
                    }
                    let checked = prefix.text();
                    assert_eq!(checked.as_bytes(), &bytes[..checked.len()]);
                    assert!(checked.len() <= valid, "{at} {byte} {step}");
                    assert_eq!(checked.len() == bytes.len(), valid == bytes.len());
                    // What comes before the fault is kept, except for its piece.
                    assert!(checked.len() + step + 3 >= valid, "{at} {byte} {step}");
                }
            }
        }
    }

    #[test]
    fn takes_parts_with_text_around_them_alone() {
        let text = sample();
        let cut = |mut bytes: Vec<u8>, ends: [usize; 4], fault: Option<usize>| {
            if let Some(at) = fault {
                bytes[at] = 0xff;
            }
            let [a, b, c, d] = ends;
            text_of_parts(bytes, |bytes| Some((7, vec![part(bytes, a, b)?, part(bytes, c, d)?])))
        };
        let ends: Vec<_> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        for (at, start) in ends.iter().enumerate() {
            for end in &ends[at..] {
                let last = text.len();
                for parts in [[0, *start, *start, *end], [*start, *end, last, last]] {
                    let taken = cut(text.clone().into_bytes(), parts, None);
                    assert_eq!(taken, Ok((text.clone(), 7)), "{parts:?}");
                    for fault in [0, start.saturating_sub(1), *start, *end, last - 1] {
                        let fault = fault.min(last - 1);
                        let taken = cut(text.clone().into_bytes(), parts, Some(fault));
                        let bytes = taken.unwrap_err();
                        assert_eq!((bytes.len(), bytes[fault]), (last, 0xff));
                    }
                }
            }
        }
        // Parts of other bytes, or in another order.
        let bytes = || text.clone().into_bytes();
        assert_eq!(text_of_parts(bytes(), |_| Some(((), vec!["elsewhere"]))), Err(bytes()));
        let turned =
            text_of_parts(bytes(), |all| Some(((), vec![part(all, 4, 8)?, part(all, 0, 4)?])));
        assert_eq!(turned, Err(bytes()));
        assert_eq!(text_of_parts(bytes(), |_| None::<((), _)>), Err(bytes()));
    }
}
