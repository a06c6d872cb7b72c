//! A flag that threads and tasks can wait for.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering, fence};

use tokio::sync::Notify;

use crate::base::sync::Arc;
use crate::platform::{RawDescriptor, WakeUp};

/// Stays raised until it is lowered.
///
/// A task of the background thread waits for it without a descriptor. The
/// first thread that blocks on it in poll(2) opens a descriptor, which is
/// closed when the signal is dropped.
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

    /// The descriptor that is readable while the signal is raised.
    pub(crate) fn fd(&self) -> io::Result<RawDescriptor> {
        if let Some(wake_up) = self.wake_up.get() {
            return Ok(wake_up.fd());
        }
        // Another thread may have been faster. Then this wake-up is closed.
        let _ = self.wake_up.set(WakeUp::new()?);
        self.settle();
        let wake_up = self.wake_up.get().ok_or(io::ErrorKind::Other)?;
        Ok(wake_up.fd())
    }

    /// Sets or clears the wake-up as the flag says. Other threads may do the
    /// same, and change the flag, at any moment. The last thread to do so has
    /// compared both again.
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

    /// Waits on the background thread.
    pub(crate) async fn until_raised(&self) {
        loop {
            // Notifications count from here on.
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
    fn is_readable_if_it_was_raised_before_a_thread_blocked() {
        let signal = Signal::default();
        signal.raise();
        assert!(signal.wake_up.get().is_none(), "no descriptor before a thread blocks");
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
