//! Blocks of text that the processor compares with one instruction.
//!
//! Every x86-64 processor has SSE2. Other processors compare eight bytes at a
//! time as an integer, with the same results.

/// The number of bytes that are compared at a time.
pub(crate) const BLOCK: usize = 16;

/// The position of the first quote, backslash or control character, which a JSON
/// string may not contain as it is. [`BLOCK`] if there is none.
#[inline(always)]
pub(crate) fn first_special(block: &[u8; BLOCK]) -> usize {
    #[cfg(target_arch = "x86_64")]
    return sse2::first_special(block);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::first_special(block);
}

/// The position of the first backslash. [`BLOCK`] if there is none.
#[inline(always)]
pub(crate) fn first_backslash(block: &[u8; BLOCK]) -> usize {
    #[cfg(target_arch = "x86_64")]
    return sse2::first_backslash(block);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::first_backslash(block);
}

/// Whether any byte is a control character.
#[inline(always)]
pub(crate) fn has_control(blocks: &[u8; 4 * BLOCK]) -> bool {
    #[cfg(target_arch = "x86_64")]
    return sse2::has_control(blocks);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::has_control(blocks);
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8, _mm_xor_si128,
    };

    use super::BLOCK;

    #[inline(always)]
    fn load(block: &[u8; BLOCK]) -> __m128i {
        // SAFETY: the pointer is valid for 16 bytes, in any alignment. Every
        // x86-64 processor has SSE2.
        unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
    }

    #[inline(always)]
    pub(super) fn first_special(block: &[u8; BLOCK]) -> usize {
        let block = load(block);
        // SAFETY: every x86-64 processor has SSE2.
        let found = unsafe {
            // With this bit turned, a quote is the byte after the control
            // characters.
            let turned = _mm_xor_si128(block, _mm_set1_epi8(b'"' as i8 ^ 0x20));
            let low = _mm_cmpeq_epi8(_mm_min_epu8(turned, _mm_set1_epi8(0x20)), turned);
            let backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'\\' as i8));
            _mm_movemask_epi8(_mm_or_si128(low, backslash))
        };
        first(found)
    }

    #[inline(always)]
    pub(super) fn first_backslash(block: &[u8; BLOCK]) -> usize {
        let block = load(block);
        // SAFETY: every x86-64 processor has SSE2.
        let found = unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(b'\\' as i8))) };
        first(found)
    }

    #[inline(always)]
    pub(super) fn has_control(blocks: &[u8; 4 * BLOCK]) -> bool {
        let ([a, b, c, d], _) = blocks.as_chunks::<BLOCK>() else { return true };
        // SAFETY: every x86-64 processor has SSE2.
        let found = unsafe {
            let least =
                _mm_min_epu8(_mm_min_epu8(load(a), load(b)), _mm_min_epu8(load(c), load(d)));
            let low = _mm_min_epu8(least, _mm_set1_epi8(0x1f));
            _mm_movemask_epi8(_mm_cmpeq_epi8(low, least))
        };
        found != 0
    }

    /// The lowest bit of a mask with one bit for each byte.
    #[inline(always)]
    fn first(found: i32) -> usize {
        (found | 1 << BLOCK).trailing_zeros() as usize
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use super::BLOCK;

    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES * 0x80;

    #[inline(always)]
    pub(super) fn first_special(block: &[u8; BLOCK]) -> usize {
        first(block, |eight| {
            // A byte is found if subtracting borrows its top bit. A byte with
            // its top bit set is none of these.
            let turned = eight ^ (ONES * (u64::from(b'"') ^ 0x20));
            let backslash = eight ^ (ONES * u64::from(b'\\'));
            (turned.wrapping_sub(ONES * 0x21) | backslash.wrapping_sub(ONES)) & !eight & TOPS
        })
    }

    #[inline(always)]
    pub(super) fn first_backslash(block: &[u8; BLOCK]) -> usize {
        first(block, |eight| {
            let backslash = eight ^ (ONES * u64::from(b'\\'));
            backslash.wrapping_sub(ONES) & !eight & TOPS
        })
    }

    #[inline(always)]
    pub(super) fn has_control(blocks: &[u8; 4 * BLOCK]) -> bool {
        let (all, _) = blocks.as_chunks::<8>();
        let low = |eight: &[u8; 8]| {
            let eight = u64::from_le_bytes(*eight);
            eight.wrapping_sub(ONES * 0x20) & !eight & TOPS
        };
        all.iter().fold(0, |found, eight| found | low(eight)) != 0
    }

    /// The first byte whose top bit `find` sets. `find` may set top bits of
    /// later bytes by mistake.
    #[inline(always)]
    fn first(block: &[u8; BLOCK], find: impl Fn(u64) -> u64) -> usize {
        let wide = u128::from_le_bytes(*block);
        match (find(wide as u64), find((wide >> 64) as u64)) {
            (0, 0) => BLOCK,
            (0, high) => 8 + high.trailing_zeros() as usize / 8,
            (low, _) => low.trailing_zeros() as usize / 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn special(byte: &u8) -> bool {
        matches!(byte, b'"' | b'\\' | 0..=0x1f)
    }

    fn position(block: &[u8], is_it: impl Fn(&u8) -> bool) -> usize {
        block.iter().position(is_it).unwrap_or(BLOCK)
    }

    #[track_caller]
    fn compare(blocks: &[u8; 4 * BLOCK]) {
        for block in blocks.as_chunks::<BLOCK>().0 {
            let expected = position(block, special);
            assert_eq!(first_special(block), expected, "{block:?}");
            assert_eq!(portable::first_special(block), expected, "{block:?}");
            let expected = position(block, |byte| *byte == b'\\');
            assert_eq!(first_backslash(block), expected, "{block:?}");
            assert_eq!(portable::first_backslash(block), expected, "{block:?}");
        }
        let expected = blocks.iter().any(|byte| *byte < 0x20);
        assert_eq!(has_control(blocks), expected, "{blocks:?}");
        assert_eq!(portable::has_control(blocks), expected, "{blocks:?}");
    }

    #[test]
    fn finds_each_byte_at_each_position() {
        for byte in 0..=u8::MAX {
            for around in [b' ', b'~', 0x80, 0xff, b'#', b'[', b']'] {
                for at in 0..4 * BLOCK {
                    let mut blocks = [around; 4 * BLOCK];
                    blocks[at] = byte;
                    compare(&blocks);
                }
            }
        }
    }

    #[test]
    fn finds_the_first_byte_of_several() {
        let mut seed = 3u64;
        for _ in 0..20_000 {
            let mut blocks = [0; 4 * BLOCK];
            for byte in &mut blocks {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                *byte = match seed >> 61 {
                    0 => (seed >> 40) as u8,
                    1 => b"\"\\\x1f\x20\x21\x5b\x5d\x7f"[(seed >> 50) as usize % 8],
                    _ => b'a',
                };
            }
            compare(&blocks);
        }
    }
}
