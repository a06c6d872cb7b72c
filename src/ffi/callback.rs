//! Functions of the program with their user data, as one value.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::sync::lock;
use crate::base::sys::PerProcess;

/// Releases the user data of a callback.
///
/// `userdata`: the pointer that was set with the callback.
///
/// The library calls the function once, after the last call of the callback:
/// when the callback is replaced, or its handle is freed.  Pass NULL if there
/// is nothing to release.  A setter that takes user data takes ownership of
/// it even if it fails: the library releases it, and you must not use it
/// again.
///
/// The function runs at the end of a function of this library that you
/// called, on the same thread, while the library holds no lock.  If the user
/// data is still in use at that time, for example by a request in flight, the
/// library releases it at the end of a later function, on any thread.  The
/// function may call this library.  User data that these calls release is
/// freed after the function has returned, never inside it.
pub type mcp_free_fn = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// User data that is released once, when nothing can use it any more.
///
/// Whoever drops the last reference may hold a lock, or be the background
/// thread. So nothing is released there: it is put aside, and released at the
/// end of a call on a thread of the program, see [`Call`].
#[derive(Debug)]
pub(crate) struct UserData {
    pointer: *mut c_void,
    free: mcp_free_fn,
}

// SAFETY: the header says that a callback and the release of its user data
// run on whichever thread is in a call, possibly on several at a time.
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
        let mut gone = Some(Self { pointer: self.pointer, free: self.free.take() });
        let _ = HERE.try_with(|here| {
            if here.calls.get() > 0 {
                here.gone.borrow_mut().extend(gone.take());
            }
        });
        // No call of the program's is under way on this thread.
        if let Some(gone) = gone {
            lock(ELSEWHERE.get()).push(gone);
            HAS_ANY.store(true, Ordering::Release);
        }
    }
}

/// What is to be released of what this thread has dropped.
struct Here {
    calls: Cell<usize>,
    gone: RefCell<Vec<UserData>>,
    is_releasing: Cell<bool>,
}

thread_local! {
    static HERE: Here = const {
        Here {
            calls: Cell::new(0),
            gone: RefCell::new(Vec::new()),
            is_releasing: Cell::new(false),
        }
    };
}

/// What the library's own threads have dropped.
static ELSEWHERE: PerProcess<Mutex<Vec<UserData>>> = PerProcess::new();
/// Whether there may be any, as most calls are short and find none.
static HAS_ANY: AtomicBool = AtomicBool::new(false);

/// A call of the program's, at whose end it holds no lock of the library: what
/// was put aside is released then, on its thread.
#[derive(Debug)]
pub(crate) struct Call;

impl Call {
    pub(crate) fn begin() -> Self {
        let _ = HERE.try_with(|here| here.calls.set(here.calls.get() + 1));
        Self
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let _ = HERE.try_with(|here| {
            release(here);
            here.calls.set(here.calls.get() - 1);
        });
    }
}

/// Releases one after the other: a function that releases may make calls,
/// which leave what they drop to this one.
fn release(here: &Here) {
    if HAS_ANY.load(Ordering::Acquire) && HAS_ANY.swap(false, Ordering::AcqRel) {
        here.gone.borrow_mut().append(&mut lock(ELSEWHERE.get()));
    }
    if here.gone.borrow().is_empty() || here.is_releasing.replace(true) {
        return;
    }
    loop {
        let next = here.gone.borrow_mut().pop();
        let Some(mut next) = next else { break };
        if let Some(free) = next.free.take() {
            // SAFETY: the program gave the function for this pointer, and it
            // is called once: what is left has no function.
            unsafe { free(next.pointer) };
        }
    }
    here.is_releasing.set(false);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    unsafe extern "C" fn count(userdata: *mut c_void) {
        // SAFETY: the tests give a counter.
        let counter = unsafe { &*userdata.cast::<AtomicUsize>() };
        counter.fetch_add(1, Ordering::SeqCst);
    }

    fn data(counter: &'static AtomicUsize) -> UserData {
        UserData::new(std::ptr::from_ref(counter).cast_mut().cast(), Some(count))
    }

    #[test]
    fn releases_at_the_end_of_a_call_what_the_call_dropped() {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let outer = Call::begin();
        drop(data(&COUNTER));
        assert_eq!(COUNTER.load(Ordering::SeqCst), 0);
        drop(Call::begin());
        assert_eq!(COUNTER.load(Ordering::SeqCst), 1, "at the end of a nested one as well");
        drop(data(&COUNTER));
        drop(outer);
        assert_eq!(COUNTER.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn releases_on_a_thread_in_a_call_what_another_thread_dropped() {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        std::thread::spawn(|| drop(data(&COUNTER))).join().unwrap();
        // Other tests are in calls as well.
        let begun = std::time::Instant::now();
        while COUNTER.load(Ordering::SeqCst) == 0 {
            assert!(begun.elapsed().as_secs() < 10);
            drop(Call::begin());
        }
        assert_eq!(COUNTER.load(Ordering::SeqCst), 1);
    }
}
