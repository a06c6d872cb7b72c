//! Runs `src/client/core/leader_lock.rs` and `src/client/core/pending.rs` in
//! every order that threads can have. The locks are those of loom, which tries
//! each order. The models find a thread that waits forever and a response that
//! reaches no request.

mod base;
mod client;
mod protocol;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::thread;

use base::error::Error;
use base::signal::Signal;
use client::leader_lock::{IdleEntry, LeaderEntry, LeaderLock};
use client::pending::{Inbound, PendingRequest, PendingRequests};

/// The ids of the requests whose responses are still to be read.
type Stream = Vec<i64>;

struct Shared {
    leader: LeaderLock<Stream>,
    pending: PendingRequests,
}

impl Shared {
    /// Leaked, because the threads of the model cannot borrow.
    fn new(stream: &[i64]) -> &'static Self {
        let stream = stream.iter().rev().copied().collect();
        Box::leak(Box::new(Self {
            leader: LeaderLock::new(stream),
            pending: PendingRequests::default(),
        }))
    }

    /// Reads until `request` has a response, or nothing is left.
    fn lead(&self, stream: &mut Stream, request: &PendingRequest) {
        while !request.has_any() {
            let Some(id) = stream.pop() else { return };
            self.deliver(id);
        }
    }

    fn deliver(&self, id: i64) {
        assert!(self.pending.put(id, Inbound::Malformed(Error)).is_none(), "no request {id} waits");
    }

    /// A call that waits for its response, as the library does.
    fn call(&self, request: &PendingRequest) {
        loop {
            if request.take().is_some() {
                return;
            }
            let signal = request.signal();
            match self.leader.get_or_queue(&signal) {
                LeaderEntry::Leader(mut stream) => self.lead(stream.as_mut().unwrap(), request),
                LeaderEntry::Queued(_place) => {
                    signal.wait();
                    signal.lower();
                }
            }
        }
    }

    /// Queues, and gives up: at once, or when it is woken.
    fn give_up(&self, waits: bool) {
        let signal = Signal::shared();
        if let LeaderEntry::Queued(_place) = self.leader.get_or_queue(&signal)
            && waits
        {
            signal.wait();
        }
    }
}

/// Two calls whose responses arrive in reverse order: each reads for both.
fn responses_reach_their_calls() {
    let shared = Shared::new(&[2, 1]);
    let (first, second) = (shared.pending.open(1, false), shared.pending.open(2, false));
    let thread = thread::spawn(move || shared.call(&first));
    shared.call(&second);
    thread.join().unwrap();
}

/// The same with a third thread that gives up its place in the queue: at once,
/// or when the lock is its own. Either call may read the first response. The
/// second call reads its own response after the first call released the lock.
fn lock_is_not_lost_by_a_thread_that_gives_up(waits: bool) {
    let shared = Shared::new(&[1, 2]);
    let (first, second) = (shared.pending.open(1, false), shared.pending.open(2, false));
    let giving_up = thread::spawn(move || shared.give_up(waits));
    let calling = thread::spawn(move || shared.call(&first));
    shared.call(&second);
    giving_up.join().unwrap();
    calling.join().unwrap();
    assert!(shared.leader.get().is_some(), "the lock is free in the end");
}

/// A call and the task that reads between calls: the call gets its response,
/// whichever of them reads it.
fn idle_reader_takes_nothing_away() {
    let shared = Shared::new(&[1]);
    let only = shared.pending.open(1, false);
    let thread = thread::spawn(move || {
        let signal = Signal::shared();
        for _ in 0..2 {
            match shared.leader.get_if_idle(&signal) {
                IdleEntry::Leader(mut stream) => {
                    if let Some(id) = stream.as_mut().unwrap().pop() {
                        shared.deliver(id);
                    }
                }
                // The current leader wakes it.
                IdleEntry::Taken => {
                    signal.wait();
                    signal.lower();
                }
                IdleEntry::Wanted => {}
            }
        }
    });
    shared.call(&only);
    thread.join().unwrap();
}

/// The end of the stream wakes every waiting thread, whenever its wait began.
fn end_wakes_every_thread() {
    let shared = Shared::new(&[]);
    let waiting = shared.pending.open(1, false);
    let thread = thread::spawn(move || shared.pending.wake_all());
    let signal = waiting.signal();
    thread.join().unwrap();
    // A request without a signal is not woken, so it is looked at first.
    assert!(!waiting.has_any());
    shared.pending.wake_all();
    signal.wait();
}

fn main() {
    // A model that fails says so in a panic, which is shown below.
    let models: [(&str, fn()); 5] = [
        ("responses reach their calls", responses_reach_their_calls),
        ("the lock is not lost by a thread that gives up at once", || {
            lock_is_not_lost_by_a_thread_that_gives_up(false)
        }),
        ("the lock is not lost by a thread that gives up when woken", || {
            lock_is_not_lost_by_a_thread_that_gives_up(true)
        }),
        ("an idle reader takes nothing away", idle_reader_takes_nothing_away),
        ("the end wakes every waiting thread", end_wakes_every_thread),
    ];
    let mut failed = 0;
    for (name, model) in models {
        let tried = catch_unwind(AssertUnwindSafe(|| {
            let mut builder = loom::model::Builder::new();
            builder.preemption_bound = Some(3);
            builder.max_duration = Some(std::time::Duration::from_secs(60));
            builder.check(model);
        }));
        println!("{}      {name}", if tried.is_ok() { "ok" } else { "FAILED" });
        failed += usize::from(tried.is_err());
    }
    println!("model: {} passed, {failed} failed, 0 skipped", models.len() - failed);
    std::process::exit(i32::from(failed > 0));
}
