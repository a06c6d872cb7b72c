//! Tries every order in which threads can do what they do with the stream that
//! they share: `src/client/core/leader_lock.rs` and `src/client/core/pending.rs` themselves, with
//! locks whose every order loom goes through. A thread that would wait for
//! ever is found, and so is an answer that nobody gets.

mod base;
mod client;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::thread;

use base::error::Error;
use base::signal::Signal;
use client::slot::{Inbound, PendingRequest, PendingRequests};
use client::turn::{Entry, Idle, Turn};

/// Whose messages are still to be read.
type Stream = Vec<i64>;

struct Shared {
    turn: Turn<Stream>,
    slots: PendingRequests,
}

impl Shared {
    /// Shared for good: the model has no threads that lend.
    fn new(stream: &[i64]) -> &'static Self {
        let stream = stream.iter().rev().copied().collect();
        Box::leak(Box::new(Self { turn: Turn::new(stream), slots: PendingRequests::default() }))
    }

    /// Reads until there is something for `slot`, or nothing is left.
    fn lead(&self, stream: &mut Stream, slot: &PendingRequest) {
        while !slot.has_any() {
            let Some(id) = stream.pop() else { return };
            self.deliver(id);
        }
    }

    fn deliver(&self, id: i64) {
        assert!(self.slots.put(id, Inbound::Malformed(Error)).is_none(), "nobody waits for {id}");
    }

    /// As `Client::await_answer`.
    fn call(&self, slot: &PendingRequest) {
        loop {
            if slot.take().is_some() {
                return;
            }
            let signal = slot.signal();
            match self.turn.get_or_queue(&signal) {
                Entry::Mine(mut stream) => self.lead(stream.as_mut().unwrap(), slot),
                Entry::Queued(_place) => {
                    signal.wait();
                    signal.lower();
                }
            }
        }
    }

    /// Queues, and gives up when it is woken or at once.
    fn give_up(&self, waits: bool) {
        let signal = Signal::shared();
        if let Entry::Queued(_place) = self.turn.get_or_queue(&signal)
            && waits
        {
            signal.wait();
        }
    }
}

/// Two calls whose answers come in the other order: each reads for both.
fn answers_reach_their_calls() {
    let shared = Shared::new(&[2, 1]);
    let (first, second) = (shared.slots.open(1, false), shared.slots.open(2, false));
    let thread = thread::spawn(move || shared.call(&first));
    shared.call(&second);
    thread.join().unwrap();
}

/// The same beside one that gives up its place in the queue: at once, or when
/// it is its turn. The first answer is there for whoever reads; the second is
/// read by the second call itself, once the first has let go of the stream.
fn turn_is_not_lost_by_who_gives_up(waits: bool) {
    let shared = Shared::new(&[1, 2]);
    let (first, second) = (shared.slots.open(1, false), shared.slots.open(2, false));
    let giving_up = thread::spawn(move || shared.give_up(waits));
    let calling = thread::spawn(move || shared.call(&first));
    shared.call(&second);
    giving_up.join().unwrap();
    calling.join().unwrap();
    assert!(shared.turn.get().is_some(), "it is free in the end");
}

/// A call beside the task that reads while nobody calls: whichever of them
/// reads the answer, the call has it.
fn idle_reader_takes_nothing_away() {
    let shared = Shared::new(&[1]);
    let only = shared.slots.open(1, false);
    let thread = thread::spawn(move || {
        let signal = Signal::shared();
        for _ in 0..2 {
            match shared.turn.get_if_idle(&signal) {
                Idle::Mine(mut stream) => {
                    if let Some(id) = stream.as_mut().unwrap().pop() {
                        shared.deliver(id);
                    }
                }
                // Woken by who reads now.
                Idle::Taken => {
                    signal.wait();
                    signal.lower();
                }
                Idle::Wanted => {}
            }
        }
    });
    shared.call(&only);
    thread.join().unwrap();
}

/// The end of the stream wakes who waits, whenever that begins.
fn end_wakes_everybody() {
    let shared = Shared::new(&[]);
    let waiting = shared.slots.open(1, false);
    let thread = thread::spawn(move || shared.slots.wake_all());
    let signal = waiting.signal();
    thread.join().unwrap();
    // What was said before there was a signal is looked at before waiting.
    assert!(!waiting.has_any());
    shared.slots.wake_all();
    signal.wait();
}

fn main() {
    // A model that fails says so in a panic, which is shown below.
    let models: [(&str, fn()); 5] = [
        ("answers reach their calls", answers_reach_their_calls),
        ("the turn is not lost by who gives up", || turn_is_not_lost_by_who_gives_up(false)),
        ("nor by who gives up when it is his", || turn_is_not_lost_by_who_gives_up(true)),
        ("an idle reader takes nothing away", idle_reader_takes_nothing_away),
        ("the end wakes everybody", end_wakes_everybody),
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
