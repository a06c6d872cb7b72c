//! The user data of the application's callbacks, and when it is released.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::app_call;
use crate::base::sync::lock;
use crate::platform::PerProcess;

/// Releases the user data of a callback.
///
/// `userdata`: the pointer that was set with the callback.
///
/// The library calls this function once, after the last call of the callback:
/// when the callback is replaced, or its handle is freed.  Pass NULL if there
/// is nothing to release.  A function that takes user data owns it even if it
/// fails: the library releases it, and you must not use it again.
///
/// This function runs just before a function of this library returns to you,
/// on the thread that called it, while the library holds no lock.  If the
/// user data is still in use at that time, for example by a request in
/// flight, it is released before a later function returns, on any thread.
/// This function may call the library.  User data that becomes unused through
/// these calls is released afterwards, never inside this function.
pub type mcp_free_fn = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// User data that is released once, when nothing can use it any more.
///
/// The code that drops the last reference may hold a lock, or may run on the
/// background thread.  It must not run the application's free function there.
/// So dropping only queues the user data; it is released at the end of a call
/// on a thread of the application, see [`CallScope`].
#[derive(Debug)]
pub(crate) struct UserData {
    pointer: *mut c_void,
    free: mcp_free_fn,
}

// SAFETY: the header documents that a callback, and the release of its user
// data, run on any thread that is in a call, possibly on several at a time.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    pub(crate) fn new(pointer: *mut c_void, free: mcp_free_fn) -> Self {
        Self { pointer, free }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if self.free.is_none() {
            return;
        }
        let mut dropped = Some(Self { pointer: self.pointer, free: self.free.take() });
        let _ = THREAD.try_with(|thread| {
            if app_call::is_any() {
                thread.dropped.borrow_mut().extend(dropped.take());
            }
        });
        // This thread is not inside a call of the application.
        if let Some(dropped) = dropped {
            lock(DROPPED_ELSEWHERE.get()).push(dropped);
            HAS_DROPPED.store(true, Ordering::Release);
        }
    }
}

/// The user data that this thread has dropped and must release.
struct ThreadState {
    dropped: RefCell<Vec<UserData>>,
    is_releasing: Cell<bool>,
}

thread_local! {
    static THREAD: ThreadState = const {
        ThreadState {
            dropped: RefCell::new(Vec::new()),
            is_releasing: Cell::new(false),
        }
    };
}

/// The user data that was dropped outside calls, by threads of the library.
static DROPPED_ELSEWHERE: PerProcess<Mutex<Vec<UserData>>> = PerProcess::new();
/// Whether there may be any.  Most calls find none and take no lock.
static HAS_DROPPED: AtomicBool = AtomicBool::new(false);

/// Whether user data may wait that was dropped outside calls.
#[inline(always)]
pub(crate) fn has_dropped() -> bool {
    HAS_DROPPED.load(Ordering::Acquire)
}

/// Marks a call of the application into the library.  At its end the thread
/// holds no lock of the library, so log records are delivered and the queued
/// user data is released there.
#[derive(Debug)]
pub(crate) struct CallScope;

impl CallScope {
    pub(crate) fn begin() -> Self {
        app_call::begin();
        Self
    }
}

impl Drop for CallScope {
    fn drop(&mut self) {
        app_call::finish();
        let _ = THREAD.try_with(release);
        app_call::end();
    }
}

/// Releases the queued user data, one after the other.  A free function may
/// make calls; user data that they drop is released by this loop.
fn release(thread: &ThreadState) {
    if has_dropped() && HAS_DROPPED.swap(false, Ordering::AcqRel) {
        thread.dropped.borrow_mut().append(&mut lock(DROPPED_ELSEWHERE.get()));
    }
    if thread.dropped.borrow().is_empty() || thread.is_releasing.replace(true) {
        return;
    }
    loop {
        let next = thread.dropped.borrow_mut().pop();
        let Some(mut next) = next else { break };
        if let Some(free) = next.free.take() {
            // SAFETY: the application passed the function for this pointer. It
            // is called once: `take` has removed it.
            unsafe { free(next.pointer) };
        }
    }
    thread.is_releasing.set(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    unsafe extern "C" fn count(userdata: *mut c_void) {
        // SAFETY: the tests pass a counter.
        let counter = unsafe { &*userdata.cast::<AtomicUsize>() };
        counter.fetch_add(1, Ordering::SeqCst);
    }

    fn data(counter: &'static AtomicUsize) -> UserData {
        UserData::new(std::ptr::from_ref(counter).cast_mut().cast(), Some(count))
    }

    #[test]
    fn user_data_dropped_in_a_call_is_released_at_its_end() {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let outer = CallScope::begin();
        drop(data(&COUNTER));
        assert_eq!(COUNTER.load(Ordering::SeqCst), 0);
        drop(CallScope::begin());
        assert_eq!(COUNTER.load(Ordering::SeqCst), 1, "at the end of a nested call as well");
        drop(data(&COUNTER));
        drop(outer);
        assert_eq!(COUNTER.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn user_data_dropped_on_another_thread_is_released_by_a_call() {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        std::thread::spawn(|| drop(data(&COUNTER))).join().unwrap();
        // Tests on other threads are in calls as well and may release it.
        let begun = std::time::Instant::now();
        while COUNTER.load(Ordering::SeqCst) == 0 {
            assert!(begun.elapsed().as_secs() < 30);
            drop(CallScope::begin());
        }
        assert_eq!(COUNTER.load(Ordering::SeqCst), 1);
    }
}
