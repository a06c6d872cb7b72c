//! The flag behind `mcp_cancel`: raised by any thread and by signal handlers.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Notify;

use crate::base::numbered::Numbered;
use crate::base::sync::lock;
use crate::base::sys::{Bell, LastingBell};

/// Like [`crate::base::signal::Signal`], but for a signal handler, which may
/// take no lock: threads that block are told by a bell, tasks by the doorbell
/// of the background thread. A cancel owns no descriptor; while threads block
/// for it, it borrows one.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    fired: AtomicBool,
    /// A packed [`LastingBell`] while a thread blocks, otherwise 0.
    bell: AtomicU64,
    blocked: Mutex<usize>,
    tasks: Notify,
}

/// The right to block for a cancel in poll(2).
#[derive(Debug)]
pub(crate) struct Blocked<'a> {
    cancel: &'a Cancel,
    bell: LastingBell,
}

/// Bells that no cancel has borrowed. They are never closed, because a signal
/// handler may still be about to ring one.
static SPARE: Mutex<Spare> = Mutex::new(Spare { bells: Vec::new(), pid: 0 });

struct Spare {
    bells: Vec<LastingBell>,
    /// The child of a fork shares the bells of its parent, and uses others.
    pid: u32,
}

/// A packed [`LastingBell`]: wakes the background thread; 0 before there is
/// one.
static DOORBELL: AtomicU64 = AtomicU64::new(0);

/// The bell that tells the background thread of cancels.
pub(crate) fn doorbell() -> io::Result<LastingBell> {
    static OWNER: Mutex<u32> = Mutex::new(0);
    let (mut owner, pid) = (lock(&OWNER), std::process::id());
    if let (Some(bell), true) =
        (LastingBell::unpacked(DOORBELL.load(Ordering::SeqCst)), *owner == pid)
    {
        return Ok(bell);
    }
    let bell = Bell::new()?.keep();
    DOORBELL.store(bell.packed(), Ordering::SeqCst);
    *owner = pid;
    Ok(bell)
}

impl Cancel {
    /// Nothing here takes a lock or memory.
    pub(crate) fn fire(&self) {
        if self.fired.swap(true, Ordering::SeqCst) {
            return;
        }
        for packed in [&self.bell, &DOORBELL] {
            if let Some(bell) = LastingBell::unpacked(packed.load(Ordering::SeqCst)) {
                bell.ring();
            }
        }
    }

    pub(crate) fn reset(&self) {
        self.fired.store(false, Ordering::SeqCst);
    }

    pub(crate) fn is_fired(&self) -> bool {
        self.fired.load(Ordering::SeqCst)
    }

    /// Whoever blocks asks [`Self::is_fired`] after this and before the poll.
    pub(crate) fn block(&self) -> io::Result<Blocked<'_>> {
        let mut blocked = lock(&self.blocked);
        let bell = match LastingBell::unpacked(self.bell.load(Ordering::SeqCst)) {
            Some(bell) => bell,
            None => {
                let bell = borrow()?;
                self.bell.store(bell.packed(), Ordering::SeqCst);
                bell
            }
        };
        *blocked += 1;
        Ok(Blocked { cancel: self, bell })
    }

    /// For tasks of the background thread, see [`Heard`].
    pub(crate) async fn until_fired(&self) {
        loop {
            let notified = self.tasks.notified();
            if self.is_fired() {
                return;
            }
            notified.await;
        }
    }
}

impl Blocked<'_> {
    pub(crate) fn fd(&self) -> RawFd {
        self.bell.fd()
    }

    /// After the descriptor was found readable: hushes a ring that was for
    /// nobody, or for a cancel that was reset since.
    pub(crate) fn settle(&self) {
        if !self.cancel.is_fired() {
            self.bell.hush();
            if self.cancel.is_fired() {
                self.bell.ring();
            }
        }
    }
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        let mut blocked = lock(&self.cancel.blocked);
        *blocked -= 1;
        if *blocked == 0 {
            self.cancel.bell.store(0, Ordering::SeqCst);
            self.bell.hush();
            lock(&SPARE).bells.push(self.bell);
        }
    }
}

fn borrow() -> io::Result<LastingBell> {
    let mut spare = lock(&SPARE);
    let pid = std::process::id();
    if spare.pid != pid {
        *spare = Spare { bells: Vec::new(), pid };
    }
    match spare.bells.pop() {
        Some(bell) => {
            bell.hush();
            Ok(bell)
        }
        None => Bell::new().map(Bell::keep),
    }
}

/// The cancels for which tasks of the background thread wait, or waited.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// By their addresses.
    all: Numbered<Weak<Cancel>>,
    /// How many there may be before those that are gone are looked for.
    room: usize,
}

impl Heard {
    pub(crate) fn add(&mut self, cancel: &Arc<Cancel>) {
        if self.all.len() > self.room {
            self.all.retain(|cancel| cancel.strong_count() > 0);
            self.room = 2 * self.all.len() + 16;
        }
        self.all.insert(Arc::as_ptr(cancel).addr() as u64, Arc::downgrade(cancel));
    }

    /// The doorbell rang: tells the tasks that wait for one that was fired.
    pub(crate) fn tell(&self) {
        for cancel in self.all.iter().filter_map(|(_, cancel)| cancel.upgrade()) {
            if cancel.is_fired() {
                cancel.tasks.notify_waiters();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::sys::{POLLIN, Poll, poll};
    use std::time::Duration;

    fn is_readable(blocked: &Blocked<'_>) -> bool {
        poll(&mut [Poll::new(blocked.fd(), POLLIN)], Duration::ZERO).unwrap() == 1
    }

    #[test]
    fn wakes_who_blocks_and_owns_no_descriptor_otherwise() {
        let cancel = Cancel::default();
        cancel.fire();
        cancel.reset();
        let blocked = cancel.block().unwrap();
        assert!(!is_readable(&blocked));
        cancel.fire();
        assert!(is_readable(&blocked) && cancel.is_fired());
        drop(blocked);
        assert_eq!(cancel.bell.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn hushes_a_ring_that_a_reset_has_overtaken() {
        let cancel = Cancel::default();
        let blocked = cancel.block().unwrap();
        cancel.fire();
        cancel.reset();
        assert!(is_readable(&blocked), "the ring of a fire that was reset");
        blocked.settle();
        assert!(!is_readable(&blocked));
        cancel.fire();
        blocked.settle();
        assert!(is_readable(&blocked), "one that was fired is not hushed");
    }
}
