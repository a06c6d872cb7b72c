//! The id of this process, without a system call.

/// The id of this process. Each call of the application asks for it, to notice a
/// fork.
#[inline]
pub(crate) fn process_id() -> u32 {
    system::process_id()
}

/// The id is kept on a page that the kernel fills with zeros in the child of a
/// fork. In a child that shares the memory of its parent, as vfork() makes it,
/// the id stays that of the parent, as in all memory.
#[cfg(target_os = "linux")]
mod system {
    use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

    /// The page; null before the first call, and where there is none.
    static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(std::ptr::null_mut());

    #[inline]
    pub(super) fn process_id() -> u32 {
        // SAFETY: NULL, or the start of a page that is never unmapped.
        let kept = unsafe { PAGE.load(Ordering::Acquire).as_ref() };
        match kept.map_or(0, |kept| kept.load(Ordering::Relaxed)) {
            0 => ask(),
            id => id,
        }
    }

    #[cold]
    fn ask() -> u32 {
        let id = std::process::id();
        let mut page = PAGE.load(Ordering::Acquire);
        if page.is_null() {
            let Some(new) = make_page() else { return id };
            let set = PAGE.compare_exchange(page, new, Ordering::AcqRel, Ordering::Acquire);
            page = set.map_or_else(
                |other| {
                    // SAFETY: no other thread has seen this page.
                    unsafe { libc::munmap(new.cast(), SIZE) };
                    other
                },
                |_| new,
            );
        }
        // SAFETY: the start of a page that is never unmapped.
        if let Some(kept) = unsafe { page.as_ref() } {
            kept.store(id, Ordering::Relaxed);
        }
        id
    }

    /// The kernel rounds it up to a page.
    const SIZE: libc::size_t = 1;

    /// `None` on kernels before 4.14, and on systems that take any advice and
    /// ignore it, as old emulators of Linux do.
    fn make_page() -> Option<*mut AtomicU32> {
        let (access, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address that the kernel chooses.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), SIZE, access, kind, -1, 0) };
        if page == libc::MAP_FAILED {
            return None;
        }
        // SAFETY: the page that was just mapped. No system knows the advice -1.
        let is_wiped = unsafe {
            libc::madvise(page, SIZE, libc::MADV_WIPEONFORK) == 0
                && libc::madvise(page, SIZE, -1) != 0
        };
        if !is_wiped {
            // SAFETY: as above; nothing uses the page.
            unsafe { libc::munmap(page, SIZE) };
            return None;
        }
        Some(page.cast())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn process_id() -> u32 {
        std::process::id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_id_of_this_process_and_of_the_child_of_a_fork() {
        assert_eq!(process_id(), std::process::id());
        assert_eq!(process_id(), std::process::id());
        // SAFETY: the child only calls functions that are safe after a fork.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let is_own = process_id() == std::process::id() && process_id() == std::process::id();
            // SAFETY: ends the child without the cleanup of the test program.
            unsafe { libc::_exit(i32::from(!is_own)) };
        }
        let mut status = 0;
        // SAFETY: `status` is valid for the call.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
    }
}
