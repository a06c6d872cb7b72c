//! Overwriting memory, and large pages.

/// Overwrites bytes that held a secret, in a way that the compiler keeps.
///
/// [`zeroize`] does the same one byte at a time, which is slower for the
/// buffer of every request.
#[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd"))]
pub(crate) fn wipe(bytes: &mut [u8]) {
    // SAFETY: the slice gives a valid pointer and its length.
    unsafe { libc::explicit_bzero(bytes.as_mut_ptr().cast(), bytes.len()) };
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd")))]
pub(crate) fn wipe(bytes: &mut [u8]) {
    zeroize::Zeroize::zeroize(bytes);
}

/// The least memory for which large pages are requested.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 * 1024 * 1024;

/// Requests large pages for the memory of a large vector, before it is filled. The
/// system may ignore it.
///
/// The system provides memory page by page when it is first used. For the usual
/// pages of 4 KiB, that takes about as long as to read the text in them.
#[cfg(target_os = "linux")]
pub(crate) fn request_large_pages(memory: &mut Vec<u8>) {
    if memory.capacity() < LARGE {
        return;
    }
    // SAFETY: it only returns a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let Ok(page) = usize::try_from(page) else { return };
    // All pages that the memory touches: the allocator can move memory as a whole only
    // if all of it has the same kind of pages.
    let before = memory.as_ptr().addr() % page;
    let length = (before + memory.capacity()).next_multiple_of(page);
    let start = memory.as_mut_ptr().wrapping_sub(before);
    // SAFETY: the advice changes the contents of no page.
    unsafe { libc::madvise(start.cast(), length, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn request_large_pages(_: &mut Vec<u8>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_contents_when_large_pages_are_requested() {
        let mut bytes = Vec::new();
        for megabytes in 1..12 {
            bytes.resize(megabytes << 20, megabytes as u8);
            bytes.reserve(1 << 20);
            request_large_pages(&mut bytes);
            let expected = (0..megabytes).map(|at| at as u8 + 1);
            assert!(expected.eq(bytes.chunks(1 << 20).map(|chunk| chunk[chunk.len() - 1])));
        }
        request_large_pages(&mut Vec::new());
    }

    #[test]
    fn wipes_every_byte() {
        let mut bytes = *b"secret";
        wipe(&mut bytes);
        assert_eq!(bytes, [0; 6]);
    }
}
