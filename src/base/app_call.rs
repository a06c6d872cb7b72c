//! The application's calls into the library that this thread is in, and work for
//! the end of the outermost one.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static HAS_WORK: Cell<bool> = const { Cell::new(false) };
    static WORK: RefCell<Vec<Arc<dyn AfterCall>>> = const { RefCell::new(Vec::new()) };
}

/// Runs code of the application at the end of a call, when this thread holds no
/// lock of the library.
pub(crate) trait AfterCall: Send + Sync {
    fn run(&self);
}

pub(crate) fn begin() {
    DEPTH.set(DEPTH.get() + 1);
}

pub(crate) fn end() {
    DEPTH.set(DEPTH.get().saturating_sub(1));
}

/// Runs the work that was put, before the end of the outermost call. What that
/// puts again waits for the end of the next call.
pub(crate) fn finish() {
    if DEPTH.get() == 1 && HAS_WORK.replace(false) {
        let all = WORK.try_with(|work| std::mem::take(&mut *work.borrow_mut()));
        all.unwrap_or_default().iter().for_each(|one| one.run());
    }
}

/// Whether this thread is in a call of the application.
pub(crate) fn is_any() -> bool {
    DEPTH.get() > 0
}

/// Puts work for the end of the call; nothing on a thread of the library. Work
/// that waits already is not put again.
pub(crate) fn put(new: &Arc<dyn AfterCall>) {
    if !is_any() {
        return;
    }
    let _ = WORK.try_with(|work| {
        let mut work = work.borrow_mut();
        if !work.iter().any(|one| Arc::ptr_eq(one, new)) {
            work.push(new.clone());
            HAS_WORK.set(true);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Count(AtomicUsize);

    impl AfterCall for Count {
        fn run(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn work_runs_once_at_the_end_of_the_outermost_call() {
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let work = count.clone() as Arc<dyn AfterCall>;
        put(&work);
        begin();
        begin();
        put(&work);
        put(&work);
        finish();
        end();
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        finish();
        end();
        begin();
        finish();
        end();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
