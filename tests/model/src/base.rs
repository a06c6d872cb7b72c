//! Stand-ins for the parts of `src/base` that the modules under test use.

pub(crate) mod sync {
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(crate) mod signal {
    use loom::sync::{Condvar, Mutex};

    /// The library's signal without its descriptor.
    #[derive(Debug)]
    pub(crate) struct Signal {
        raised: Mutex<bool>,
        changed: Condvar,
    }

    impl Signal {
        pub(crate) fn shared() -> loom::sync::Arc<Self> {
            loom::sync::Arc::new(Self { raised: Mutex::new(false), changed: Condvar::new() })
        }

        pub(crate) fn raise(&self) {
            *self.raised.lock().unwrap() = true;
            self.changed.notify_all();
        }

        pub(crate) fn lower(&self) {
            *self.raised.lock().unwrap() = false;
        }

        pub(crate) fn wait(&self) {
            let mut raised = self.raised.lock().unwrap();
            while !*raised {
                raised = self.changed.wait(raised).unwrap();
            }
        }
    }
}

pub(crate) mod error {
    #[derive(Clone, Debug)]
    pub(crate) struct Error;
}
