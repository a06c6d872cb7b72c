//! No wake-up is lost: threads call, start, wait, cancel and dispatch at random,
//! while one polls the descriptor as an event loop does.
//!
//! Each round ends with the event loop alone. Every request that no thread has
//! handed out must then make the descriptor readable, and an empty client must
//! not. Set CHAOS_SEED to repeat a run.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use behaviour::chaos::{Dice, seed};
use behaviour::constants::*;
use behaviour::{Client, HttpServer, Request, SseServer, raw, readable, stdio_server, tests};
use mcp_test_server::await_true;
use serde_json::json;

/// The longest time that a wait may take without a lost wake-up.
const STUCK: Duration = Duration::from_secs(50);
/// How long the rounds go on, and the most of them.
const TIME: Duration = Duration::from_millis(900);
const ROUNDS: usize = 300;

/// A started request. It is kept until the end, so that any thread may cancel
/// it.
struct Started {
    request: Request,
    /// How often it was handed out, and how often by next_done().
    count: Arc<AtomicUsize>,
    by_next_done: AtomicUsize,
    /// A thread waits for it that may be too late: then both next_done() and
    /// the wait give its status.
    is_waited_for: bool,
}

struct Stress {
    client: Client,
    all: Mutex<Vec<Arc<Started>>>,
    started: AtomicUsize,
    handed_out: Arc<AtomicUsize>,
}

impl Stress {
    fn start(&self, dice: &mut Dice, has_callback: bool, is_waited_for: bool) -> Arc<Started> {
        let client = &self.client;
        let request = match dice.below(4) {
            0 => client.request("ping", None).unwrap(),
            1 => client.tool_request("slow", json!({"steps": 2, "pause": 1})).unwrap(),
            _ => client.tool_request("echo", json!({"a": 1})).unwrap(),
        };
        if dice.often(300) {
            request.set_progress(|_| ()).unwrap();
        }
        let count = Arc::new(AtomicUsize::new(0));
        if has_callback {
            let (count, all) = (count.clone(), self.handed_out.clone());
            let tell = move |_| {
                count.fetch_add(1, Ordering::SeqCst);
                all.fetch_add(1, Ordering::SeqCst);
            };
            request.set_done(tell).unwrap();
        }
        let started =
            Arc::new(Started { request, count, by_next_done: AtomicUsize::new(0), is_waited_for });
        let userdata = Arc::as_ptr(&started) as *mut c_void;
        unsafe { raw::mcp_request_set_userdata(started.request.0, userdata) };
        self.started.fetch_add(1, Ordering::SeqCst);
        self.all.lock().unwrap().push(started.clone());
        started.request.start().unwrap();
        started
    }

    fn hand_out(&self, started: &Started) {
        assert_ne!(started.request.status(), MCP_PENDING);
        let before = started.count.fetch_add(1, Ordering::SeqCst);
        if before == 0 || !started.is_waited_for {
            self.handed_out.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Takes all that next_done() gives.
    fn take_done(&self) {
        loop {
            let done = self.client.next_done();
            if done.is_null() {
                return;
            }
            let started = unsafe { &*(raw::mcp_request_userdata(done) as *const Started) };
            assert_eq!(started.by_next_done.fetch_add(1, Ordering::SeqCst), 0);
            self.hand_out(started);
        }
    }

    fn left(&self) -> usize {
        self.started.load(Ordering::SeqCst) - self.handed_out.load(Ordering::SeqCst)
    }

    /// One of the things that threads do.
    fn act(&self, role: usize, dice: &mut Dice) {
        let client = &self.client;
        match role {
            0 => match dice.below(3) {
                0 => client.ping().unwrap(),
                1 => drop(client.call("slow", json!({"steps": 2, "pause": 1})).unwrap()),
                _ => drop(client.call("echo", json!({})).unwrap()),
            },
            1 => {
                let has_callback = dice.often(500);
                self.start(dice, has_callback, false);
            }
            2 => {
                let has_callback = dice.often(300);
                let started = self.start(dice, has_callback, !has_callback);
                // The wait may end before the request does.
                let limit = if dice.often(500) { 60_000 } else { dice.below(4) as i64 };
                if started.request.wait(limit) != MCP_PENDING && !has_callback {
                    self.hand_out(&started);
                }
            }
            3 => {
                let all = self.all.lock().unwrap();
                let recent = all.iter().rev().nth(dice.below(4) as usize).cloned();
                drop(all);
                if let Some(started) = recent
                    && let Err(failure) = started.request.cancel()
                {
                    assert_eq!(failure.status, MCP_E_STATE);
                }
            }
            _ => {
                client.dispatch(dice.below(5) as i64).unwrap();
                if dice.often(500) {
                    self.take_done();
                }
            }
        }
    }

    /// An event loop.
    fn turn(&self, fd: i32, milliseconds: i32) -> bool {
        let is_readable = readable(fd, milliseconds);
        if is_readable {
            self.client.dispatch(0).unwrap();
            self.take_done();
        }
        is_readable
    }

    /// The event loop takes what is left. The other threads do nothing, except
    /// the one whose call gets no response: it takes a part itself.
    fn drain(&self, fd: i32) {
        let (mut left, mut start) = (self.left(), Instant::now());
        while left > 0 {
            self.turn(fd, 50);
            if self.left() < left {
                (left, start) = (self.left(), Instant::now());
            }
            assert!(start.elapsed() < STUCK, "a wake-up is lost: {left} requests left");
        }
        let start = Instant::now();
        while self.turn(fd, 0) {
            assert!(start.elapsed() < STUCK, "readable, and there is nothing to do");
        }
    }

    fn run(client: Client, seed: u64) {
        client.set_timeout(60_000);
        client.connect().unwrap();
        client.set_event_handler(|_| ()).unwrap();
        let stress = Self {
            client,
            all: Mutex::default(),
            started: AtomicUsize::new(0),
            handed_out: Arc::default(),
        };
        let fd = stress.client.fd();
        let (begin, is_over) = (Barrier::new(7), AtomicBool::new(false));
        let (working, start) = (AtomicUsize::new(0), Instant::now());
        let silent = stress.client.tool_request("silent", json!({})).unwrap();
        std::thread::scope(|scope| {
            // It blocks during most rounds. Over a shared connection it reads
            // for all other threads.
            let blocked = scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    assert_eq!(silent.perform().unwrap_err().status, MCP_E_CANCELLED);
                }
            });
            for (number, role) in [0, 1, 2, 2, 3, 4].into_iter().enumerate() {
                let (stress, begin, is_over, working) = (&stress, &begin, &is_over, &working);
                scope.spawn(move || {
                    let mut dice = Dice::new(seed + number as u64);
                    loop {
                        begin.wait();
                        if is_over.load(Ordering::SeqCst) {
                            return;
                        }
                        for _ in 0..=dice.below(4) {
                            let begun = Instant::now();
                            stress.act(role, &mut dice);
                            assert!(begun.elapsed() < STUCK, "a thread was not woken: {role}");
                        }
                        working.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
            for round in 0..ROUNDS {
                if round % 3 == 0 {
                    let _ = silent.cancel();
                }
                working.store(6, Ordering::SeqCst);
                begin.wait();
                while working.load(Ordering::SeqCst) > 0 {
                    stress.turn(fd, 1);
                }
                stress.drain(fd);
                if start.elapsed() > TIME {
                    break;
                }
            }
            is_over.store(true, Ordering::SeqCst);
            begin.wait();
            let is_ended = || {
                let _ = silent.cancel();
                blocked.is_finished()
            };
            assert!(await_true(STUCK, is_ended), "a cancel does not wake a thread");
        });
        let all = stress.all.lock().unwrap();
        assert!(!all.is_empty());
        for started in all.iter() {
            let count = started.count.load(Ordering::SeqCst);
            let most = if started.is_waited_for { 2 } else { 1 };
            assert!((1..=most).contains(&count), "handed out {count} times");
        }
        drop(all);
        let Self { client, all, .. } = stress;
        // The requests may outlive the client.
        drop(client);
        drop(all);
    }
}

tests! {
    request_whose_wait_expires_is_handed_out_once {
        let served = HttpServer::stateless();
        let client = served.client();
        client.connect().unwrap();
        let (is_over, given) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        let mut all = Vec::new();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| while !is_over.load(Ordering::SeqCst) {
                    client.dispatch(1).unwrap();
                    let done = client.next_done();
                    if !done.is_null() {
                        given.lock().unwrap().push(done as usize);
                    }
                });
            }
            for number in 0..400 {
                let request = client.request("ping", None).unwrap();
                let callbacks = Arc::new(AtomicUsize::new(0));
                if number % 2 == 0 {
                    let count = callbacks.clone();
                    request.set_done(move |_| { count.fetch_add(1, Ordering::SeqCst); }).unwrap();
                }
                request.start().unwrap();
                // Most waits expire while another thread takes the result.
                while request.wait(0) == MCP_PENDING {}
                all.push((request, callbacks));
            }
            is_over.store(true, Ordering::SeqCst);
        });
        client.dispatch(0).unwrap();
        assert!(client.next_done().is_null());
        let given = given.lock().unwrap();
        for (number, (request, callbacks)) in all.iter().enumerate() {
            let has_callback = number % 2 == 0;
            let count = given.iter().filter(|one| **one == request.0 as usize).count();
            assert_eq!(callbacks.load(Ordering::SeqCst), usize::from(has_callback));
            assert!(count <= usize::from(!has_callback), "{count} times by next_done()");
        }
    }

    no_wake_up_is_lost_over_streamable_http {
        let served = HttpServer::handshake();
        Stress::run(served.client(), seed());
    }

    no_wake_up_is_lost_over_streamable_http_without_sessions {
        let served = HttpServer::stateless();
        Stress::run(served.client(), seed());
    }

    no_wake_up_is_lost_over_http_with_sse {
        let served = SseServer::full();
        Stress::run(served.client(), seed());
    }

    no_wake_up_is_lost_over_stdio {
        let peer = stdio_server!("");
        Stress::run(peer.client(), seed());
    }
}
