//! A flag that threads and tasks wait for.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering, fence};

use tokio::sync::Notify;

use crate::base::sync::Arc;
use crate::platform::{RawDescriptor, WakeUp};

/// Raised once, it stays up until it is lowered.
///
/// A task of the background thread waits for it in memory. A descriptor is
/// made when the first thread blocks for it in poll(2), and is closed with the
/// signal.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: AtomicBool,
    wake_up: OnceLock<WakeUp>,
    tasks: Notify,
}

impl Signal {
    pub(crate) fn shared() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn raise(&self) {
        if !self.raised.swap(true, Ordering::SeqCst) {
            self.settle();
            self.tasks.notify_waiters();
        }
    }

    pub(crate) fn lower(&self) {
        self.raised.store(false, Ordering::SeqCst);
        self.settle();
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// The descriptor that is readable while it is raised.
    pub(crate) fn fd(&self) -> io::Result<RawDescriptor> {
        if let Some(wake_up) = self.wake_up.get() {
            return Ok(wake_up.fd());
        }
        // Another thread may be faster; then this one's is closed again.
        let _ = self.wake_up.set(WakeUp::new()?);
        self.settle();
        let wake_up = self.wake_up.get().ok_or(io::ErrorKind::Other)?;
        Ok(wake_up.fd())
    }

    /// Makes the bell what the flag is. Other threads may do the same, and
    /// change the flag, at any moment: whoever was the last has looked again.
    fn settle(&self) {
        fence(Ordering::SeqCst);
        let Some(wake_up) = self.wake_up.get() else { return };
        loop {
            let is_raised = self.is_raised();
            if is_raised {
                wake_up.set()
            } else {
                wake_up.clear()
            }
            if self.is_raised() == is_raised {
                return;
            }
        }
    }

    /// For tasks of the background thread.
    pub(crate) async fn until_raised(&self) {
        loop {
            // It counts from here on.
            let notified = self.tasks.notified();
            if self.is_raised() {
                return;
            }
            notified.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{POLLIN, Poll, poll};
    use std::time::Duration;

    fn is_readable(signal: &Signal) -> bool {
        poll(&mut [Poll::new(signal.fd().unwrap(), POLLIN)], Duration::ZERO).unwrap() == 1
    }

    #[test]
    fn stays_raised_until_it_is_lowered() {
        let signal = Signal::default();
        assert!(!is_readable(&signal));
        signal.raise();
        signal.raise();
        assert!(is_readable(&signal) && signal.is_raised());
        signal.lower();
        assert!(!is_readable(&signal) && !signal.is_raised());
    }

    #[test]
    fn is_readable_when_it_was_raised_before_anybody_blocked() {
        let signal = Signal::default();
        signal.raise();
        assert!(signal.wake_up.get().is_none(), "no descriptor before somebody blocks");
        assert!(is_readable(&signal));
    }

    #[test]
    fn is_never_raised_without_being_readable() {
        for _ in 0..200 {
            let signal = Signal::shared();
            let other = signal.clone();
            let thread = std::thread::spawn(move || other.raise());
            signal.fd().unwrap();
            thread.join().unwrap();
            assert!(is_readable(&signal));
        }
    }
}
