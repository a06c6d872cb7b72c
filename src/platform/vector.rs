//! Blocks of text that vector instructions search.
//!
//! Every x86-64 processor has SSE2. AVX2 is used where the processor has it: its
//! instructions compare twice as many bytes. Other processors compare eight
//! bytes at a time as an integer. The results are always the same.

/// The number of bytes that are compared at a time inline.
pub(crate) const BLOCK: usize = 16;

/// The number of bytes that are compared at a time in a loop.
pub(crate) const WIDE: usize = 64;

/// The position of the first quote, backslash or control character, which a JSON
/// string may not contain as it is. [`BLOCK`] if there is none.
#[inline(always)]
pub(crate) fn first_special(block: &[u8; BLOCK]) -> usize {
    #[cfg(test)]
    if kinds::chosen() == Some(kinds::Kind::Portable) {
        return portable::first_special(block);
    }
    #[cfg(target_arch = "x86_64")]
    return sse2::first_special(block);
    #[cfg(not(target_arch = "x86_64"))]
    return portable::first_special(block);
}

/// A kind of vector instructions. The functions return one bit for each byte of a
/// block, the lowest one for the first byte.
pub(crate) trait Vectors {
    /// The quotes, backslashes and control characters.
    fn special(block: &[u8; WIDE]) -> u64;

    /// The backslashes.
    fn backslash(block: &[u8; WIDE]) -> u64;
}

/// A loop over blocks. It is compiled for each kind of instructions, so that
/// these are part of the loop.
pub(crate) trait VectorLoop {
    type Output;

    /// An implementation says `#[inline(always)]`.
    fn run<V: Vectors>(self) -> Self::Output;
}

/// Runs a loop with the best instructions of this processor.
#[inline(always)]
pub(crate) fn with_vectors<L: VectorLoop>(task: L) -> L::Output {
    #[cfg(test)]
    match kinds::chosen() {
        None => {}
        Some(kinds::Kind::Portable) => return task.run::<portable::Portable>(),
        #[cfg(target_arch = "x86_64")]
        Some(kinds::Kind::Sse2) => return sse2::run(task),
    }
    #[cfg(target_arch = "x86_64")]
    return match is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        true => unsafe { avx2::run(task) },
        false => sse2::run(task),
    };
    #[cfg(not(target_arch = "x86_64"))]
    return task.run::<portable::Portable>();
}

/// Appends a block. The standard library calls a function for this when it is
/// compiled for size.
#[inline(always)]
pub(crate) fn append(out: &mut Vec<u8>, block: &[u8; WIDE]) {
    if out.capacity() - out.len() < WIDE {
        out.reserve(WIDE);
    }
    // SAFETY: the capacity is at least the length and the block's size together.
    unsafe {
        out.as_mut_ptr().add(out.len()).cast::<[u8; WIDE]>().write_unaligned(*block);
        out.set_len(out.len() + WIDE);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
        _mm256_or_si256, _mm256_set1_epi8, _mm256_xor_si256,
    };

    use crate::platform::vector::{VectorLoop, Vectors, WIDE};

    #[target_feature(enable = "avx2")]
    pub(super) fn run<L: VectorLoop>(task: L) -> L::Output {
        task.run::<Avx2>()
    }

    /// Used by [`run`] alone.
    enum Avx2 {}

    impl Vectors for Avx2 {
        #[inline(always)]
        fn special(block: &[u8; WIDE]) -> u64 {
            // SAFETY: `run` has AVX2.
            unsafe {
                let turn = _mm256_set1_epi8(b'"' as i8 ^ 0x20);
                let (low, high) = halves(block);
                let turned = (_mm256_xor_si256(low, turn), _mm256_xor_si256(high, turn));
                let last = _mm256_set1_epi8(0x20);
                let least = (_mm256_min_epu8(turned.0, last), _mm256_min_epu8(turned.1, last));
                let backslash = _mm256_set1_epi8(b'\\' as i8);
                mask(
                    _mm256_or_si256(
                        _mm256_cmpeq_epi8(least.0, turned.0),
                        _mm256_cmpeq_epi8(low, backslash),
                    ),
                    _mm256_or_si256(
                        _mm256_cmpeq_epi8(least.1, turned.1),
                        _mm256_cmpeq_epi8(high, backslash),
                    ),
                )
            }
        }

        #[inline(always)]
        fn backslash(block: &[u8; WIDE]) -> u64 {
            // SAFETY: `run` has AVX2.
            unsafe {
                let (low, high) = halves(block);
                let backslash = _mm256_set1_epi8(b'\\' as i8);
                mask(_mm256_cmpeq_epi8(low, backslash), _mm256_cmpeq_epi8(high, backslash))
            }
        }
    }

    /// # Safety
    ///
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn halves(block: &[u8; WIDE]) -> (__m256i, __m256i) {
        let from = block.as_ptr();
        // SAFETY: the block has 64 bytes, in any alignment.
        unsafe { (_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(32).cast())) }
    }

    /// # Safety
    ///
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn mask(low: __m256i, high: __m256i) -> u64 {
        // SAFETY: guaranteed by the caller.
        let (low, high) = unsafe { (_mm256_movemask_epi8(low), _mm256_movemask_epi8(high)) };
        u64::from(low as u32) | u64::from(high as u32) << 32
    }
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8, _mm_xor_si128,
    };

    use crate::platform::vector::{BLOCK, VectorLoop, Vectors, WIDE};

    #[inline(never)]
    pub(super) fn run<L: VectorLoop>(task: L) -> L::Output {
        task.run::<Sse2>()
    }

    pub(super) enum Sse2 {}

    impl Vectors for Sse2 {
        #[inline(always)]
        fn special(block: &[u8; WIDE]) -> u64 {
            joined(block, special)
        }

        #[inline(always)]
        fn backslash(block: &[u8; WIDE]) -> u64 {
            joined(block, backslash)
        }
    }

    #[inline(always)]
    pub(super) fn first_special(block: &[u8; BLOCK]) -> usize {
        (special(load(block)) | 1 << BLOCK).trailing_zeros() as usize
    }

    #[inline(always)]
    fn joined(block: &[u8; WIDE], find: impl Fn(__m128i) -> u32) -> u64 {
        let ([a, b, c, d], _) = block.as_chunks() else { return 0 };
        let low = find(load(a)) | find(load(b)) << 16;
        let high = find(load(c)) | find(load(d)) << 16;
        u64::from(low) | u64::from(high) << 32
    }

    #[inline(always)]
    fn load(block: &[u8; BLOCK]) -> __m128i {
        // SAFETY: the pointer is valid for 16 bytes, in any alignment. Every
        // x86-64 processor has SSE2.
        unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
    }

    #[inline(always)]
    fn special(block: __m128i) -> u32 {
        // SAFETY: every x86-64 processor has SSE2.
        unsafe {
            // With this bit turned, a quote is the byte after the control
            // characters.
            let turned = _mm_xor_si128(block, _mm_set1_epi8(b'"' as i8 ^ 0x20));
            let low = _mm_cmpeq_epi8(_mm_min_epu8(turned, _mm_set1_epi8(0x20)), turned);
            let backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8(b'\\' as i8));
            _mm_movemask_epi8(_mm_or_si128(low, backslash)) as u32
        }
    }

    #[inline(always)]
    fn backslash(block: __m128i) -> u32 {
        // SAFETY: every x86-64 processor has SSE2.
        unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(b'\\' as i8))) as u32 }
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use crate::platform::vector::{BLOCK, Vectors, WIDE};

    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES * 0x80;

    pub(super) enum Portable {}

    impl Vectors for Portable {
        #[inline(always)]
        fn special(block: &[u8; WIDE]) -> u64 {
            joined(block, special)
        }

        #[inline(always)]
        fn backslash(block: &[u8; WIDE]) -> u64 {
            joined(block, backslash)
        }
    }

    #[inline(always)]
    pub(super) fn first_special(block: &[u8; BLOCK]) -> usize {
        let wide = u128::from_le_bytes(*block);
        let (low, high) = (special(wide as u64), special((wide >> 64) as u64));
        (u32::from(mask(low)) | u32::from(mask(high)) << 8 | 1 << BLOCK).trailing_zeros() as usize
    }

    #[inline(always)]
    fn joined(block: &[u8; WIDE], find: impl Fn(u64) -> u64) -> u64 {
        let (all, _) = block.as_chunks();
        let add = |(at, eight): (usize, &[u8; 8])| {
            u64::from(mask(find(u64::from_le_bytes(*eight)))) << (8 * at)
        };
        all.iter().enumerate().map(add).sum()
    }

    /// The top bits of eight bytes.
    #[inline(always)]
    fn mask(tops: u64) -> u8 {
        // The product moves each of the bits to the highest byte.
        ((tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
    }

    /// Sets the top bit of each special byte.
    #[inline(always)]
    fn special(eight: u64) -> u64 {
        let turned = eight ^ (ONES * (u64::from(b'"') ^ 0x20));
        below(turned, 0x21) | backslash(eight)
    }

    #[inline(always)]
    fn backslash(eight: u64) -> u64 {
        below(eight ^ (ONES * u64::from(b'\\')), 1)
    }

    /// Sets the top bit of each byte that is less than `limit`.
    #[inline(always)]
    fn below(eight: u64, limit: u64) -> u64 {
        // Without their top bits, no byte carries into the next one.
        !(((eight & !TOPS) + (0x80 - limit) * ONES) | eight) & TOPS
    }
}

#[cfg(test)]
pub(crate) mod kinds {
    //! Lets a test choose the instructions of its thread, so that it covers those
    //! which this processor would not use.

    use std::cell::Cell;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Kind {
        Portable,
        #[cfg(target_arch = "x86_64")]
        Sse2,
    }

    thread_local! {
        static CHOSEN: Cell<Option<Kind>> = const { Cell::new(None) };
    }

    pub(super) fn chosen() -> Option<Kind> {
        CHOSEN.get()
    }

    /// Runs a test with the best instructions, and then with each other kind.
    pub(crate) fn with_each(test: impl Fn()) {
        test();
        #[cfg(target_arch = "x86_64")]
        with(Kind::Sse2, &test);
        with(Kind::Portable, &test);
    }

    fn with(kind: Kind, test: impl Fn()) {
        CHOSEN.set(Some(kind));
        test();
        CHOSEN.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The masks of a block.
    struct Masks<'a>(&'a [u8; WIDE]);

    impl VectorLoop for Masks<'_> {
        type Output = (u64, u64);

        #[inline(always)]
        fn run<V: Vectors>(self) -> Self::Output {
            (V::special(self.0), V::backslash(self.0))
        }
    }

    #[track_caller]
    fn compare(block: &[u8; WIDE]) {
        let mask = |is_it: fn(u8) -> bool| {
            (0..WIDE).filter(|at| is_it(block[*at])).map(|at| 1 << at).sum::<u64>()
        };
        let special = mask(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        let expected = (special, mask(|byte| byte == b'\\'));
        assert_eq!(with_vectors(Masks(block)), expected, "{block:?}");
        assert_eq!(Masks(block).run::<portable::Portable>(), expected, "{block:?}");
        #[cfg(target_arch = "x86_64")]
        assert_eq!(Masks(block).run::<sse2::Sse2>(), expected, "{block:?}");
        let first = BLOCK.min(special.trailing_zeros() as usize);
        let start = block.first_chunk().unwrap();
        assert_eq!(first_special(start), first, "{block:?}");
        assert_eq!(portable::first_special(start), first, "{block:?}");
    }

    #[test]
    fn appends_a_block_to_a_text_of_any_capacity() {
        for capacity in 0..200 {
            let mut out = Vec::with_capacity(capacity);
            out.extend_from_slice(b"before");
            append(&mut out, &[b'x'; WIDE]);
            assert_eq!(out, [&b"before"[..], &[b'x'; WIDE]].concat());
        }
    }

    #[test]
    fn finds_each_byte_at_each_position() {
        for byte in 0..=u8::MAX {
            for around in [b'~', 0x80, 0xff, b'#', b']'] {
                for at in 0..WIDE {
                    let mut block = [around; WIDE];
                    block[at] = byte;
                    compare(&block);
                }
            }
        }
    }

    #[test]
    fn finds_all_of_several_bytes() {
        let mut seed = 3u64;
        for _ in 0..5_000 {
            let mut block = [0; WIDE];
            for byte in &mut block {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                *byte = match seed >> 61 {
                    0 => (seed >> 40) as u8,
                    1 => b"\"\\\x1f\x20\x21\x5b\x5d\x7f"[(seed >> 50) as usize % 8],
                    _ => b'a',
                };
            }
            compare(&block);
        }
    }
}
