//! Finds the end of a run of plain characters in a JSON string, many bytes at a
//! time.

/// The number of bytes before the first quote, backslash or control character.
///
/// Most strings end within their first bytes, so these are checked inline.
#[inline(always)]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    match bytes.first_chunk().map_or(0, |first| specials(u64::from_le_bytes(*first))) {
        0 => beyond(bytes),
        special => special.trailing_zeros() as usize / 8,
    }
}

/// The same for a run of any length.
#[inline(never)]
fn beyond(bytes: &[u8]) -> usize {
    // Eight at a time: a byte is special if subtracting borrows its top bit.
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut at = 0;
    for chunk in chunks {
        let special = specials(u64::from_le_bytes(*chunk));
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
        if at == LONG {
            return long(bytes);
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    at + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// From this length on a string counts as long.
const LONG: usize = 64;

/// The same for a text whose first `LONG` bytes are plain. Searches for a quote
/// or a backslash with memchr, then for a control character before it.
#[inline(never)]
fn long(bytes: &[u8]) -> usize {
    let behind = bytes.get(LONG..).unwrap_or_default();
    let end = LONG + memchr::memchr2(b'"', b'\\', behind).unwrap_or(behind.len());
    let inner = bytes.get(..end).unwrap_or_default();
    // The loop is unrolled by hand: the compiler does not do it when it
    // optimizes for size.
    let low = |chunk: &[u8; 8]| {
        let chunk = u64::from_le_bytes(*chunk);
        chunk.wrapping_sub(ONES * 0x20) & !chunk
    };
    let (blocks, rest) = inner.get(LONG..).unwrap_or_default().as_chunks::<64>();
    let mut found = 0;
    for block in blocks {
        let ([a, b, c, d, e, f, g, h], _) = block.as_chunks::<8>() else { break };
        found |= low(a) | low(b) | low(c) | low(d) | low(e) | low(f) | low(g) | low(h);
    }
    for chunk in rest.as_chunks::<8>().0 {
        found |= low(chunk);
    }
    // The last eight bytes, some of them for the second time.
    found |= inner.last_chunk().map_or(0, low);
    if found & TOPS == 0 {
        return end;
    }
    inner.iter().position(|byte| *byte < 0x20).unwrap_or(end)
}

/// Sets the top bit of the first byte that is a quote, a backslash or a control
/// character, and perhaps of later bytes.
#[inline(always)]
fn specials(chunk: u64) -> u64 {
    // A byte with its top bit set is none of them.
    let less_one = |byte: u8| (chunk ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
    (less_one(b'"') | less_one(b'\\') | chunk.wrapping_sub(ONES * 0x20)) & !chunk & TOPS
}

const ONES: u64 = u64::MAX / 255;
const TOPS: u64 = ONES * 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_specials_at_every_position() {
        for special in [b'"', b'\\', 0, 0x1f, b'\n'] {
            for at in 0..200 {
                let mut bytes = [b'~'; 200];
                bytes[at] = special;
                assert_eq!(plain(&bytes), at);
            }
        }
        assert_eq!(plain("é\u{7f}世 !#[]".as_bytes()), "é\u{7f}世 !#[]".len());
    }
}
