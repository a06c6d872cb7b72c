//! Runs of text that vector instructions search.
//!
//! Every x86-64 processor has SSE2. AVX2 is used where the processor has it: its
//! instructions compare twice as many bytes. Other processors compare eight
//! bytes at a time as an integer. The results are always the same.

/// The number of bytes that are compared at a time inline.
pub(crate) const BLOCK: usize = 16;

/// The number of bytes that are compared at a time in a long run.
const WIDE: usize = 64;

/// The position of the first quote, backslash or control character, which a JSON
/// string may not contain as it is. [`BLOCK`] if there is none.
#[inline(always)]
pub(crate) fn first_special(block: &[u8; BLOCK]) -> usize {
    #[cfg(target_arch = "x86_64")]
    return sse2::first_special(block);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::first_special(block);
}

/// The number of bytes before the first quote, backslash or control character.
#[inline]
pub(crate) fn plain_run(bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks();
    #[cfg(target_arch = "x86_64")]
    let at = match is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        true => unsafe { avx2::plain(blocks) },
        false => sse2::plain(blocks),
    };
    #[cfg(not(target_arch = "x86_64"))]
    let at = portable::plain(blocks);
    if at < bytes.len() - rest.len() { at } else { at + plain_rest(rest) }
}

/// Appends what is before the first backslash, and returns its length. Bytes are
/// copied while they are compared, because escapes are often near each other.
#[inline]
pub(crate) fn copy_to_backslash(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let (blocks, rest) = bytes.as_chunks();
    out.reserve(bytes.len());
    let (copies, _) = out.spare_capacity_mut().as_chunks_mut();
    #[cfg(target_arch = "x86_64")]
    let at = match is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        true => unsafe { avx2::copy(blocks, copies) },
        false => sse2::copy(blocks, copies),
    };
    #[cfg(not(target_arch = "x86_64"))]
    let at = portable::copy(blocks, copies);
    // SAFETY: as many bytes were written.
    unsafe { out.set_len(out.len() + at) };
    if at < bytes.len() - rest.len() { at } else { at + copy_rest(rest, out) }
}

/// The same for the few bytes at the end of a text.
fn plain_rest(bytes: &[u8]) -> usize {
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

fn copy_rest(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let at = memchr::memchr(b'\\', bytes).unwrap_or(bytes.len());
    out.extend_from_slice(bytes.get(..at).unwrap_or_default());
    at
}

// In each module below, `plain` and `copy` return the number of bytes before the
// first one that they search for, or that of all blocks. There are as many
// copies as blocks, or more.

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
        _mm256_or_si256, _mm256_set1_epi8, _mm256_storeu_si256, _mm256_xor_si256,
    };
    use std::mem::MaybeUninit;

    use super::WIDE;

    #[target_feature(enable = "avx2")]
    pub(super) fn plain(blocks: &[[u8; WIDE]]) -> usize {
        let (turn, last) = (_mm256_set1_epi8(b'"' as i8 ^ 0x20), _mm256_set1_epi8(0x20));
        let backslash = _mm256_set1_epi8(b'\\' as i8);
        for (at, block) in blocks.iter().enumerate() {
            let from = block.as_ptr();
            // SAFETY: the block has 64 bytes.
            let (low, high) = unsafe {
                (_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(32).cast()))
            };
            let (low_turned, high_turned) =
                (_mm256_xor_si256(low, turn), _mm256_xor_si256(high, turn));
            let low = _mm256_or_si256(
                _mm256_cmpeq_epi8(_mm256_min_epu8(low_turned, last), low_turned),
                _mm256_cmpeq_epi8(low, backslash),
            );
            let high = _mm256_or_si256(
                _mm256_cmpeq_epi8(_mm256_min_epu8(high_turned, last), high_turned),
                _mm256_cmpeq_epi8(high, backslash),
            );
            let (low, high) = (_mm256_movemask_epi8(low) as u32, _mm256_movemask_epi8(high) as u32);
            let found = u64::from(low) | u64::from(high) << 32;
            if found != 0 {
                return at * WIDE + found.trailing_zeros() as usize;
            }
        }
        blocks.len() * WIDE
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn copy(blocks: &[[u8; WIDE]], copies: &mut [[MaybeUninit<u8>; WIDE]]) -> usize {
        let backslash = _mm256_set1_epi8(b'\\' as i8);
        for (at, (block, copy)) in blocks.iter().zip(copies).enumerate() {
            let (from, to) = (block.as_ptr(), copy.as_mut_ptr());
            // SAFETY: both have 64 bytes.
            let (low, high) = unsafe {
                let low = _mm256_loadu_si256(from.cast());
                let high = _mm256_loadu_si256(from.add(32).cast());
                _mm256_storeu_si256(to.cast(), low);
                _mm256_storeu_si256(to.add(32).cast(), high);
                (low, high)
            };
            let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, backslash)) as u32;
            let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, backslash)) as u32;
            let found = u64::from(low) | u64::from(high) << 32;
            if found != 0 {
                return at * WIDE + found.trailing_zeros() as usize;
            }
        }
        blocks.len() * WIDE
    }
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8, _mm_xor_si128,
    };
    use std::mem::MaybeUninit;

    use super::{BLOCK, WIDE, portable};

    /// The position of the first special byte, or [`BLOCK`].
    #[inline(always)]
    pub(super) fn first_special(block: &[u8; BLOCK]) -> usize {
        (special(block) | 1 << BLOCK).trailing_zeros() as usize
    }

    pub(super) fn plain(blocks: &[[u8; WIDE]]) -> usize {
        for (at, block) in blocks.iter().enumerate() {
            let ([a, b, c, d], _) = block.as_chunks() else { break };
            let low = u64::from(special(a) | special(b) << 16);
            let found = low | u64::from(special(c) | special(d) << 16) << 32;
            if found != 0 {
                return at * WIDE + found.trailing_zeros() as usize;
            }
        }
        blocks.len() * WIDE
    }

    pub(super) fn copy(blocks: &[[u8; WIDE]], copies: &mut [[MaybeUninit<u8>; WIDE]]) -> usize {
        portable::copy(blocks, copies)
    }

    /// One bit for each byte that is special.
    #[inline(always)]
    fn special(block: &[u8; BLOCK]) -> u32 {
        // SAFETY: the pointer is valid for 16 bytes, in any alignment. Every
        // x86-64 processor has SSE2.
        unsafe {
            let block: __m128i = _mm_loadu_si128(block.as_ptr().cast());
            // With this bit turned, a quote is the byte after the control
            // characters.
            let turned = _mm_xor_si128(block, _mm_set1_epi8(b'"' as i8 ^ 0x20));
            let low = _mm_cmpeq_epi8(_mm_min_epu8(turned, _mm_set1_epi8(0x20)), turned);
            let backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'\\' as i8));
            _mm_movemask_epi8(_mm_or_si128(low, backslash)) as u32
        }
    }
}

mod portable {
    use std::mem::MaybeUninit;

    #[cfg(any(test, not(target_arch = "x86_64")))]
    use super::BLOCK;
    use super::WIDE;

    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES * 0x80;

    #[cfg(any(test, not(target_arch = "x86_64")))]
    #[inline(always)]
    pub(super) fn first_special(block: &[u8; BLOCK]) -> usize {
        first(block, special).unwrap_or(BLOCK)
    }

    #[cfg(any(test, not(target_arch = "x86_64")))]
    pub(super) fn plain(blocks: &[[u8; WIDE]]) -> usize {
        for (at, block) in blocks.iter().enumerate() {
            if let Some(found) = first(block, special) {
                return at * WIDE + found;
            }
        }
        blocks.len() * WIDE
    }

    pub(super) fn copy(blocks: &[[u8; WIDE]], copies: &mut [[MaybeUninit<u8>; WIDE]]) -> usize {
        for (at, (block, copy)) in blocks.iter().zip(copies).enumerate() {
            *copy = block.map(MaybeUninit::new);
            if let Some(found) = first(block, backslash) {
                return at * WIDE + found;
            }
        }
        blocks.len() * WIDE
    }

    /// Sets the top bit of a byte that is special.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    #[inline(always)]
    fn special(eight: u64) -> u64 {
        // A byte is found if subtracting borrows its top bit. A byte with its
        // top bit set is none of these.
        let turned = eight ^ (ONES * (u64::from(b'"') ^ 0x20));
        turned.wrapping_sub(ONES * 0x21) & !eight & TOPS | backslash(eight)
    }

    #[inline(always)]
    fn backslash(eight: u64) -> u64 {
        (eight ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES) & !eight & TOPS
    }

    /// The position of the first byte that `find` marks. `find` may mark bytes
    /// after a marked one by mistake.
    #[inline(always)]
    fn first<const SIZE: usize>(block: &[u8; SIZE], find: impl Fn(u64) -> u64) -> Option<usize> {
        let (all, _) = block.as_chunks::<8>();
        for (at, eight) in all.iter().enumerate() {
            let found = find(u64::from_le_bytes(*eight));
            if found != 0 {
                return Some(at * 8 + found.trailing_zeros() as usize / 8);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::mem::MaybeUninit;

    type Plain = fn(&[[u8; WIDE]]) -> usize;
    type Copy = fn(&[[u8; WIDE]], &mut [[MaybeUninit<u8>; WIDE]]) -> usize;

    #[track_caller]
    fn compare(bytes: &[u8]) {
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let special = bytes.iter().position(is_special).unwrap_or(bytes.len());
        assert_eq!(plain_run(bytes), special, "{bytes:?}");
        let backslash = bytes.iter().position(|byte| *byte == b'\\').unwrap_or(bytes.len());
        let mut out = b"before".to_vec();
        assert_eq!(copy_to_backslash(bytes, &mut out), backslash, "{bytes:?}");
        assert_eq!(out, [b"before", &bytes[..backslash]].concat());
        if let Some(block) = bytes.first_chunk() {
            assert_eq!(first_special(block), special.min(BLOCK), "{bytes:?}");
            assert_eq!(portable::first_special(block), special.min(BLOCK), "{bytes:?}");
        }
        // What this processor does not use.
        let (blocks, _) = bytes.as_chunks();
        let whole = blocks.len() * WIDE;
        #[cfg(target_arch = "x86_64")]
        let (plains, copies): (&[Plain], &[Copy]) =
            (&[sse2::plain, portable::plain], &[sse2::copy, portable::copy]);
        #[cfg(not(target_arch = "x86_64"))]
        let (plains, copies): (&[Plain], &[Copy]) = (&[portable::plain], &[portable::copy]);
        for plain in plains {
            assert_eq!(plain(blocks), special.min(whole), "{bytes:?}");
        }
        for copy in copies {
            let mut out = vec![[MaybeUninit::new(0); WIDE]; blocks.len() + 1];
            assert_eq!(copy(blocks, &mut out), backslash.min(whole), "{bytes:?}");
            // SAFETY: every byte is initialized.
            let out = out.as_flattened().iter().map(|byte| unsafe { byte.assume_init() });
            assert!(out.zip(bytes).take(backslash.min(whole)).all(|(one, other)| one == *other));
        }
    }

    #[test]
    fn finds_each_byte_at_each_position() {
        for byte in 0..=u8::MAX {
            for around in [b'~', 0x80, 0xff, b'#', b']'] {
                for at in 0..WIDE + BLOCK + 3 {
                    let mut bytes = [around; WIDE + BLOCK + 3];
                    bytes[at] = byte;
                    compare(&bytes);
                }
            }
        }
    }

    #[test]
    fn finds_the_first_byte_of_several_in_a_text_of_any_length() {
        let mut seed = 3u64;
        for round in 0..2_000 {
            let mut bytes = vec![0; round % 300];
            for byte in &mut bytes {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                *byte = match seed >> 57 {
                    0 => (seed >> 40) as u8,
                    1 => b"\"\\\x1f\x20\x21\x5b\x5d\x7f"[(seed >> 50) as usize % 8],
                    _ => b'a',
                };
            }
            compare(&bytes);
        }
    }
}
