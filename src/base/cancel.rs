//! The flag behind `mcp_cancel`: raised by any thread and by signal handlers.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Notify;

use crate::base::numbered::Numbered;
use crate::base::sync::lock;
use crate::platform::{Bell, LastingBell, PerProcess};

/// Like [`crate::base::signal::Signal`], but for a signal handler, which may
/// take no lock: threads that block are told by a bell, tasks by the doorbell
/// of the background thread. A cancel owns no descriptor; while threads block
/// for it, it borrows one.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    /// Twice the number of times that it was fired, and 1 while it is.
    state: AtomicU64,
    /// A packed [`LastingBell`] while a thread blocks, otherwise 0.
    bell: AtomicU64,
    /// Since when the threads look that block.
    blocked: Mutex<Vec<Since>>,
    tasks: Notify,
}

/// How often a cancel had been fired when a call began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Since(u64);

/// The right to block for a cancel in poll(2).
#[derive(Debug)]
pub(crate) struct Blocked<'a> {
    cancel: &'a Cancel,
    since: Since,
    bell: LastingBell,
}

/// Bells that no cancel has borrowed. They are never closed, because a signal
/// handler may still be about to ring one. The child of a fork shares those of
/// its parent, and uses others.
static SPARE: PerProcess<Mutex<Vec<LastingBell>>> = PerProcess::new();

/// The bell that tells the background thread of cancels, as soon as there is
/// such a thread.
static DOOR: PerProcess<Mutex<Option<LastingBell>>> = PerProcess::new();
/// The same packed, for signal handlers; 0 for none.
static DOORBELL: AtomicU64 = AtomicU64::new(0);

/// The bell that tells the background thread of cancels.
pub(crate) fn doorbell() -> io::Result<LastingBell> {
    let mut door = lock(DOOR.get());
    let bell = match *door {
        Some(bell) => bell,
        None => *door.insert(Bell::new()?.keep()),
    };
    DOORBELL.store(bell.packed(), Ordering::SeqCst);
    Ok(bell)
}

impl Cancel {
    /// Nothing here takes a lock or memory.
    pub(crate) fn fire(&self) {
        let fired = |state: u64| (state & 1 == 0).then_some((state | 1).wrapping_add(2));
        if self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fired).is_err() {
            return;
        }
        for packed in [&self.bell, &DOORBELL] {
            if let Some(bell) = LastingBell::unpacked(packed.load(Ordering::SeqCst)) {
                bell.ring();
            }
        }
    }

    /// For calls that begin later: those that have begun are ended.
    pub(crate) fn reset(&self) {
        self.state.fetch_and(!1, Ordering::SeqCst);
    }

    /// What a call remembers that begins now.
    pub(crate) fn since(&self) -> Since {
        Since(self.state.load(Ordering::SeqCst) >> 1)
    }

    /// Whether it is fired, or was when or after the call began.
    pub(crate) fn is_fired(&self, since: Since) -> bool {
        let state = self.state.load(Ordering::SeqCst);
        state & 1 == 1 || Since(state >> 1) != since
    }

    /// Whoever blocks asks [`Self::is_fired`] after this and before the poll.
    pub(crate) fn block(&self, since: Since) -> io::Result<Blocked<'_>> {
        let mut blocked = lock(&self.blocked);
        let bell = match LastingBell::unpacked(self.bell.load(Ordering::SeqCst)) {
            Some(bell) => bell,
            None => {
                let bell = borrow()?;
                self.bell.store(bell.packed(), Ordering::SeqCst);
                bell
            }
        };
        blocked.push(since);
        Ok(Blocked { cancel: self, since, bell })
    }

    /// For tasks of the background thread, see [`Heard`].
    pub(crate) async fn until_fired(&self, since: Since) {
        loop {
            let notified = self.tasks.notified();
            if self.is_fired(since) {
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

    /// After the descriptor was found readable: hushes a ring that was not for
    /// this thread, unless another one still has to see it.
    pub(crate) fn settle(&self) {
        if self.cancel.is_fired(self.since) {
            return;
        }
        let blocked = lock(&self.cancel.blocked);
        self.bell.hush();
        if blocked.iter().any(|since| self.cancel.is_fired(*since)) {
            self.bell.ring();
        }
    }
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        let mut blocked = lock(&self.cancel.blocked);
        if let Some(at) = blocked.iter().position(|since| *since == self.since) {
            blocked.swap_remove(at);
        }
        if blocked.is_empty() {
            self.cancel.bell.store(0, Ordering::SeqCst);
            self.bell.hush();
            lock(SPARE.get()).push(self.bell);
        }
    }
}

fn borrow() -> io::Result<LastingBell> {
    match lock(SPARE.get()).pop() {
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
    /// By their addresses, with what was last seen of them.
    all: Numbered<(Weak<Cancel>, Since)>,
    /// How many there may be before those that are gone are looked for.
    room: usize,
}

impl Heard {
    pub(crate) fn add(&mut self, cancel: &Arc<Cancel>) {
        if self.all.len() > self.room {
            self.all.retain(|(cancel, _)| cancel.strong_count() > 0);
            self.room = 2 * self.all.len() + 16;
        }
        let seen = (Arc::downgrade(cancel), cancel.since());
        self.all.insert(Arc::as_ptr(cancel).addr() as u64, seen);
    }

    /// The doorbell rang: tells the tasks that wait for one that was fired.
    pub(crate) fn tell(&mut self) {
        for (_, (cancel, seen)) in self.all.iter_mut() {
            let Some(cancel) = cancel.upgrade() else { continue };
            let now = cancel.since();
            if std::mem::replace(seen, now) != now {
                cancel.tasks.notify_waiters();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{POLLIN, Poll, poll};
    use std::time::Duration;

    fn is_readable(blocked: &Blocked<'_>) -> bool {
        poll(&mut [Poll::new(blocked.fd(), POLLIN)], Duration::ZERO).unwrap() == 1
    }

    #[test]
    fn wakes_who_blocks_and_owns_no_descriptor_otherwise() {
        let cancel = Cancel::default();
        cancel.fire();
        cancel.reset();
        let since = cancel.since();
        let blocked = cancel.block(since).unwrap();
        assert!(!is_readable(&blocked) && !cancel.is_fired(since));
        cancel.fire();
        assert!(is_readable(&blocked) && cancel.is_fired(since));
        drop(blocked);
        assert_eq!(cancel.bell.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn ends_what_began_before_a_reset_and_nothing_that_begins_later() {
        let cancel = Cancel::default();
        let before = cancel.since();
        let early = cancel.block(before).unwrap();
        cancel.fire();
        cancel.reset();
        let after = cancel.since();
        let late = cancel.block(after).unwrap();
        assert!(cancel.is_fired(before) && !cancel.is_fired(after));
        late.settle();
        assert!(is_readable(&early), "one that is ended has not seen it yet");
        drop(early);
        late.settle();
        assert!(!is_readable(&late), "nobody is left whom the ring is for");
        cancel.fire();
        late.settle();
        assert!(is_readable(&late), "one that was fired is not hushed");
    }
}
