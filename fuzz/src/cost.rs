//! The cost of reading an input: memory and time of this thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

/// The bytes that reading may allocate for the shortest input.
const ROOM: usize = 1024 * 1024;
/// The bytes that it may allocate in addition for each byte of input.
const ROOM_PER_BYTE: usize = 200;
/// The processor time that reading may take: a hundred times the usual time.
const TIME: Duration = Duration::from_millis(500);
/// The time that it may take in addition for each 100 KB of input.
const TIME_PER_100_KB: Duration = Duration::from_secs(1);

/// Runs `read`, which reads `len` bytes of a peer. Panics if it takes more memory
/// or time than the bounds allow.
pub(crate) fn bounded<T>(len: usize, read: impl FnOnce() -> T) -> T {
    let before = LIVE.get();
    PEAK.set(before);
    let start = processor_time();
    let out = read();
    let took = processor_time() - start;
    let peak = usize::try_from(PEAK.get() - before).unwrap_or_default();
    assert!(peak <= ROOM + ROOM_PER_BYTE * len, "{len} bytes took {peak} bytes of memory");
    let most = TIME + TIME_PER_100_KB.mul_f64(len as f64 / 100_000.0);
    assert!(took <= most, "{len} bytes took {took:?}");
    out
}

/// The time of this thread, so that other work on the machine does not count.
pub fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place, and every thread has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, with counters.
struct Counted;

#[global_allocator]
static COUNTED: Counted = Counted;

fn count(more: isize) {
    let live = LIVE.get() + more;
    LIVE.set(live);
    if live > PEAK.get() {
        PEAK.set(live);
    }
}

// SAFETY: every call goes to the system's allocator; the counters do not
// allocate.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        unsafe { System.realloc(pointer, layout, size) }
    }
}
