//! The processor time of a test.
//!
//! A test that limits the time on the clock fails on a busy machine, where the
//! thread waits for a processor.

use std::time::Duration;

/// A work that takes less time is not compared: the clock is too coarse.
const SHORT: Duration = Duration::from_millis(20);
/// Disturbances only add time, so the least time of several tries counts.
const TRIES: usize = 3;

/// Checks that the time of `work` grows linearly with the size of its input.
/// `size` is that of the larger one of two inputs.
///
/// The smaller input has a sixteenth of the size. Linear work then takes a
/// sixteenth of the time, and quadratic work a 256th. The bound is in the
/// middle. It leaves a factor of 4 for sorting, caches and other threads.
#[track_caller]
pub(crate) fn assert_linear<T>(
    name: &str,
    size: usize,
    input: impl Fn(usize) -> T,
    work: impl Fn(&T),
) {
    let (small, large) = (input(size / 16), input(size));
    let (mut brief, mut long) = (Duration::MAX, Duration::MAX);
    for _ in 0..TRIES {
        long = long.min(processor_time(|| work(&large)));
        if long < SHORT {
            return;
        }
        brief = brief.min(processor_time(|| work(&small)));
        if long < 64 * brief {
            return;
        }
    }
    panic!("{name} is not linear: {long:?} for {size}, {brief:?} for a sixteenth of it");
}

/// The processor time that this thread needs for `work`.
pub(crate) fn processor_time(work: impl FnOnce()) -> Duration {
    let begin = thread_clock();
    work();
    thread_clock() - begin
}

fn thread_clock() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for the call, and every thread has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A sum over all items, or over all pairs.
fn sum(items: &[u64], is_quadratic: bool) {
    let one = |item: &u64| match is_quadratic {
        true => items.iter().fold(0, |sum, other| std::hint::black_box(sum + item + other)),
        false => *item,
    };
    std::hint::black_box(items.iter().map(one).fold(0, u64::wrapping_add));
}

#[test]
fn accepts_linear_work() {
    assert_linear("a sum", 8_000_000, |size| vec![1; size], |items| sum(items, false));
}

#[test]
#[should_panic(expected = "is not linear")]
fn detects_quadratic_work() {
    assert_linear("a sum of pairs", 8000, |size| vec![1; size], |items| sum(items, true));
}
