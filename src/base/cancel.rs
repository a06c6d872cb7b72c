//! The flag behind `mcp_cancel`: any thread and any signal handler may set it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Notify;

use crate::base::numbered::Numbered;
use crate::base::sync::lock;
use crate::platform::{PerProcess, PermanentWakeUp, RawDescriptor, WakeUp};

/// Like [`crate::base::signal::Signal`], but safe to fire in a signal handler,
/// which may take no lock.
///
/// A thread that blocks is woken by a wake-up descriptor; a task is woken by
/// the wake-up of the background thread. A cancel owns no descriptor: it
/// borrows one while threads block on it.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    /// Twice the number of times that it was fired, plus 1 while it is fired.
    state: AtomicU64,
    /// A packed [`PermanentWakeUp`] while a thread blocks, otherwise 0.
    wake_up: AtomicU64,
    /// The generations of the threads that block.
    blocked: Mutex<Vec<Generation>>,
    tasks: Notify,
}

/// How often a cancel had been fired when a call began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(u64);

/// Held by a thread while it blocks in poll(2) on a cancel.
#[derive(Debug)]
pub(crate) struct BlockedOnCancel<'a> {
    cancel: &'a Cancel,
    generation: Generation,
    wake_up: PermanentWakeUp,
}

/// Wake-ups that no cancel has borrowed. They are never closed, because a
/// signal handler may still be about to set one. The child of a fork would
/// share those of its parent, so it uses its own.
static SPARE: PerProcess<Mutex<Vec<PermanentWakeUp>>> = PerProcess::new();

/// The wake-up that the background thread waits for, once there is one.
static BACKGROUND: PerProcess<Mutex<Option<PermanentWakeUp>>> = PerProcess::new();
/// The same, packed, for signal handlers; 0 for none.
static BACKGROUND_PACKED: AtomicU64 = AtomicU64::new(0);

/// The wake-up that is set whenever a cancel is fired.
pub(crate) fn background_wake_up() -> io::Result<PermanentWakeUp> {
    let mut background = lock(BACKGROUND.get());
    let wake_up = match *background {
        Some(wake_up) => wake_up,
        None => *background.insert(WakeUp::new()?.keep()),
    };
    BACKGROUND_PACKED.store(wake_up.packed(), Ordering::SeqCst);
    Ok(wake_up)
}

impl Cancel {
    /// Takes no lock and allocates no memory.
    pub(crate) fn fire(&self) {
        let fired = |state: u64| (state & 1 == 0).then_some((state | 1).wrapping_add(2));
        if self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fired).is_err() {
            return;
        }
        for packed in [&self.wake_up, &BACKGROUND_PACKED] {
            if let Some(wake_up) = PermanentWakeUp::unpacked(packed.load(Ordering::SeqCst)) {
                wake_up.set();
            }
        }
    }

    /// The generation that a call remembers when it begins.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.state.load(Ordering::SeqCst) >> 1)
    }

    /// Whether it is fired, or was fired after the call began.
    pub(crate) fn is_fired(&self, began: Generation) -> bool {
        let state = self.state.load(Ordering::SeqCst);
        state & 1 == 1 || Generation(state >> 1) != began
    }

    /// A thread calls this first, then [`Self::is_fired`], then polls.
    pub(crate) fn block(&self, generation: Generation) -> io::Result<BlockedOnCancel<'_>> {
        let mut blocked = lock(&self.blocked);
        let wake_up = match PermanentWakeUp::unpacked(self.wake_up.load(Ordering::SeqCst)) {
            Some(wake_up) => wake_up,
            None => {
                let wake_up = borrow()?;
                self.wake_up.store(wake_up.packed(), Ordering::SeqCst);
                wake_up
            }
        };
        blocked.push(generation);
        Ok(BlockedOnCancel { cancel: self, generation, wake_up })
    }

    /// For tasks of the background thread, see [`CancelListeners`].
    pub(crate) async fn until_fired(&self, began: Generation) {
        loop {
            let notified = self.tasks.notified();
            if self.is_fired(began) {
                return;
            }
            notified.await;
        }
    }
}

impl BlockedOnCancel<'_> {
    pub(crate) fn fd(&self) -> RawDescriptor {
        self.wake_up.fd()
    }

    /// To be called after the descriptor was found readable. Clears a wake-up
    /// that was not for this thread, unless another thread must still see it.
    pub(crate) fn settle(&self) {
        if self.cancel.is_fired(self.generation) {
            return;
        }
        let blocked = lock(&self.cancel.blocked);
        self.wake_up.clear();
        if blocked.iter().any(|generation| self.cancel.is_fired(*generation)) {
            self.wake_up.set();
        }
    }
}

impl Drop for BlockedOnCancel<'_> {
    fn drop(&mut self) {
        let mut blocked = lock(&self.cancel.blocked);
        if let Some(at) = blocked.iter().position(|generation| *generation == self.generation) {
            blocked.swap_remove(at);
        }
        if blocked.is_empty() {
            self.cancel.wake_up.store(0, Ordering::SeqCst);
            self.wake_up.clear();
            lock(SPARE.get()).push(self.wake_up);
        }
    }
}

fn borrow() -> io::Result<PermanentWakeUp> {
    match lock(SPARE.get()).pop() {
        Some(wake_up) => {
            wake_up.clear();
            Ok(wake_up)
        }
        None => WakeUp::new().map(WakeUp::keep),
    }
}

/// The cancels that tasks of the background thread wait for, or did.
#[derive(Debug, Default)]
pub(crate) struct CancelListeners {
    /// By address, with the generation that was seen last.
    all: Numbered<(Weak<Cancel>, Generation)>,
    /// How many there may be before the dropped ones are removed.
    room: usize,
}

impl CancelListeners {
    pub(crate) fn add(&mut self, cancel: &Arc<Cancel>) {
        if self.all.len() > self.room {
            self.all.retain(|(cancel, _)| cancel.strong_count() > 0);
            self.room = 2 * self.all.len() + 16;
        }
        let seen = (Arc::downgrade(cancel), cancel.generation());
        self.all.insert(Arc::as_ptr(cancel).addr() as u64, seen);
    }

    /// Wakes the tasks whose cancel was fired, after the background thread's
    /// wake-up was set.
    pub(crate) fn notify(&mut self) {
        for (_, (cancel, seen)) in self.all.iter_mut() {
            let Some(cancel) = cancel.upgrade() else { continue };
            let now = cancel.generation();
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

    fn is_readable(blocked: &BlockedOnCancel<'_>) -> bool {
        poll(&mut [Poll::new(blocked.fd(), POLLIN)], Duration::ZERO).unwrap() == 1
    }

    #[test]
    fn wakes_a_blocked_thread_and_owns_no_descriptor_otherwise() {
        let cancel = Cancel::default();
        let began = cancel.generation();
        let blocked = cancel.block(began).unwrap();
        assert!(!is_readable(&blocked) && !cancel.is_fired(began));
        cancel.fire();
        assert!(is_readable(&blocked) && cancel.is_fired(began));
        drop(blocked);
        assert_eq!(cancel.wake_up.load(Ordering::SeqCst), 0);
    }
}
