//! Eight threads make calls of all kinds on one client while connections are
//! stalled, cut and reset, and the server is killed and started again. In the
//! end every call has ended once, with a right result or a typed error,
//! nothing is left behind, and the client works.
//!
//! CHAOS_SEED gives a seed, CHAOS_SECONDS the length for each transport. These
//! tests have a program of their own: they count the descriptors and threads of
//! the whole process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use behaviour::chaos::{Dice, Process, ProcessResources, Unruly, children, memory, program, seed};
use behaviour::constants::*;
use behaviour::{Client, Failure, Outcome, SOON, within};
use serde_json::json;

const THREADS: u64 = 8;

/// What may happen to a call whose connection or server is gone.
fn is_fair(failure: &Failure) -> bool {
    match failure.status {
        MCP_E_CONNECT | MCP_E_IO | MCP_E_TIMEOUT | MCP_E_CANCELLED | MCP_E_PROCESS
        | MCP_E_SESSION_LOST => true,
        // Two sessions lost in a row.
        MCP_E_RPC | MCP_E_ENDPOINT => failure.http_status == 404,
        _ => false,
    }
}

#[derive(Default)]
struct Tally {
    right: AtomicUsize,
    failed: AtomicUsize,
    begun: AtomicUsize,
    number: AtomicUsize,
}

impl Tally {
    fn count<T>(&self, what: &str, outcome: Outcome<T>, is_right: impl FnOnce(&T) -> bool) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        match outcome {
            Ok(answer) => {
                assert!(is_right(&answer), "{what} has a wrong result");
                self.right.fetch_add(1, Ordering::SeqCst);
            }
            Err(failure) => {
                assert!(is_fair(&failure), "{what}: {failure:?}");
                self.failed.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    fn unique(&self) -> String {
        format!("number {}", self.number.fetch_add(1, Ordering::SeqCst))
    }
}

/// Makes calls of all kinds until it is over.
fn call(client: &Client, tally: &Tally, mut dice: Dice, is_over: &AtomicBool) {
    while !is_over.load(Ordering::SeqCst) {
        match dice.below(10) {
            0 => tally.count("ping", client.ping(), |()| true),
            1 => tally.count("tools/list", client.list_tools(), |answer| {
                answer.json().contains("\"echo\"")
            }),
            2 => tally.count("resources/read", client.read("test://text"), |answer| {
                answer.json().contains("test://text")
            }),
            3 => {
                let greeting = client.get_prompt("greet", Some(json!({"who": "Ada"})));
                tally.count("prompts/get", greeting, |answer| answer.json().contains("Ada"));
            }
            4 => {
                let request = client.tool_request("slow", json!({"steps": 2, "pause": 5})).unwrap();
                let seen = Arc::new(AtomicUsize::new(0));
                let theirs = seen.clone();
                request
                    .set_progress(move |_| {
                        theirs.fetch_add(1, Ordering::SeqCst);
                    })
                    .unwrap();
                tally.count("slow", request.perform(), |_| seen.load(Ordering::SeqCst) <= 2);
            }
            5 => {
                // One that is given up.
                let request =
                    client.tool_request("slow", json!({"steps": 9, "pause": 50})).unwrap();
                request.set_timeout(1 + dice.below(20) as i64);
                tally.count("given up", request.perform(), |_| true);
            }
            6 => {
                let text = tally.unique();
                let request = client.tool_request("echo", json!({"text": text})).unwrap();
                if request.start().is_ok() {
                    while request.wait(100) == MCP_PENDING {}
                    tally.count("started", request.take_result(), |answer| {
                        answer.json().contains(&text)
                    });
                    // Handed out once, and then not again.
                    client.dispatch(0).unwrap();
                }
            }
            7 => {
                // Answers in the other order.
                let label = tally.unique();
                let late = json!({"after_label": label, "text": "late"});
                let early = json!({"label": label, "text": "early"});
                let (late, early) = (
                    client.tool_request("echo", late).unwrap(),
                    client.tool_request("echo", early).unwrap(),
                );
                late.set_timeout(400);
                if late.start().is_ok() {
                    tally.count("early", early.perform(), |answer| answer.json().contains("early"));
                    while late.wait(100) == MCP_PENDING {}
                    tally
                        .count("late", late.take_result(), |answer| answer.json().contains("late"));
                }
            }
            _ => {
                let text = tally.unique();
                let outcome = client.call("echo", json!({"text": text}));
                tally.count("echo", outcome, |answer| answer.json().contains(&text));
            }
        }
    }
}

/// What befalls the server or the network, until it is over.
trait Trouble {
    fn make(&mut self, dice: &mut Dice);
    /// Whether the worst of it has happened.
    fn has_been(&self) -> bool;
    fn end(&mut self);
}

fn length() -> Duration {
    let seconds = std::env::var("CHAOS_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(3.0))
}

fn storm(client: &Client, trouble: &mut dyn Trouble, seed: u64) {
    let tally = Tally::default();
    let is_over = AtomicBool::new(false);
    let mut dice = Dice::new(seed);
    client.set_timeout(1500);
    client.set_connect_timeout(1000);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (tally, is_over) = (&tally, &is_over);
            let dice = Dice::new(seed ^ (thread + 1) << 32);
            scope.spawn(move || call(client, tally, dice, is_over));
        }
        let begun = Instant::now();
        // On a busy machine it takes longer until enough has happened.
        let is_enough = |trouble: &dyn Trouble| {
            trouble.has_been() && tally.right.load(Ordering::SeqCst) > 20
                || begun.elapsed() > length() + SOON
        };
        while begun.elapsed() < length() || !is_enough(trouble) {
            std::thread::sleep(Duration::from_millis(20) + dice.milliseconds(200));
            trouble.make(&mut dice);
        }
        is_over.store(true, Ordering::SeqCst);
    });
    trouble.end();
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    let (right, failed) = (count(&tally.right), count(&tally.failed));
    assert_eq!(right + failed, count(&tally.begun), "each call ended once");
    eprintln!("{right} right, {failed} failed");
    assert!(right > 20, "{right} right, {failed} failed");
    // The client works, at once or nearly so.
    client.set_timeout(60_000);
    let start = Instant::now();
    while let Err(failure) = client.ping() {
        assert!(is_fair(&failure) && start.elapsed() < SOON, "{failure:?}");
    }
    let answer = client.call("echo", json!({"text": "after"})).unwrap();
    assert!(answer.json().contains("after"));
}

/// The doorbell of the background thread stays open for the whole process.
fn make_what_stays() {
    let client = Client::of("http://127.0.0.1:9/");
    let request = client.request("ping", None).unwrap();
    request.start().unwrap();
    assert_eq!(request.wait(60_000), MCP_E_CONNECT);
}

fn alone(name: &'static str, test: impl Fn(u64) + Send + Sync + 'static) {
    let _alone = behaviour::alone();
    let seed = seed();
    eprintln!("{name}: CHAOS_SEED={seed}");
    make_what_stays();
    let before = ProcessResources::now();
    let limit = (length() + SOON * 3) * 2;
    within(limit, move || {
        // The first one makes what is made once for the process.
        test(seed);
        let after_one = memory();
        test(seed.wrapping_add(1));
        let grown = memory().saturating_sub(after_one);
        assert!(grown < 24 * 1024 * 1024, "the memory has grown by {grown} bytes");
    });
    if let Err(what) = ProcessResources::are_back_to(before) {
        panic!("{name}, CHAOS_SEED={seed}: {what}");
    }
}

/// A server behind a proxy, both of which make trouble.
struct Network {
    proxy: Unruly,
    server: Option<Process>,
}

impl Network {
    fn start(seed: u64) -> Self {
        let server = Process::start();
        let proxy = Unruly::start(seed);
        proxy.lead_to(server.port);
        Self { proxy, server: Some(server) }
    }

    fn restart(&mut self) {
        let server = Process::start();
        self.proxy.lead_to(server.port);
        self.server = Some(server);
    }
}

impl Trouble for Network {
    fn make(&mut self, dice: &mut Dice) {
        match dice.below(4) {
            0 => {
                drop(self.server.take());
                std::thread::sleep(dice.milliseconds(60));
                self.restart();
            }
            1 => self.proxy.reset_all(),
            2 => self.proxy.pause(dice.milliseconds(150)),
            _ => {}
        }
    }

    fn has_been(&self) -> bool {
        true
    }

    fn end(&mut self) {
        self.proxy.calm();
    }
}

fn over_http(path: &'static str, transport: i32, seed: u64) {
    let mut network = Network::start(seed);
    let client = Client::of(&network.proxy.url(path));
    client.set_transport(transport).unwrap();
    storm(&client, &mut network, seed);
}

/// A server's process that is killed and stopped.
#[derive(Default)]
struct Illness {
    kills: usize,
}

impl Trouble for Illness {
    fn make(&mut self, dice: &mut Dice) {
        let Some(child) = children().first().copied() else { return };
        let send = |signal| {
            // SAFETY: takes two numbers.
            unsafe { libc::kill(child, signal) };
        };
        match dice.below(3) {
            0 => {
                send(libc::SIGKILL);
                self.kills += 1;
            }
            1 => {
                send(libc::SIGSTOP);
                std::thread::sleep(dice.milliseconds(150));
                send(libc::SIGCONT);
            }
            _ => {}
        }
    }

    fn has_been(&self) -> bool {
        self.kills > 0 || length() < Duration::from_secs(2)
    }

    fn end(&mut self) {}
}

fn over_stdio(revisions: &str, seed: u64) {
    let program = program();
    let client = Client::stdio(&[&program, "--stdio", "--offer", "full", "--revisions", revisions]);
    storm(&client, &mut Illness::default(), seed);
    assert!(client.count(MCP_COUNTER_STARTS) > 1 || length() < Duration::from_secs(2));
}

#[test]
fn survives_over_streamable_http_with_sessions() {
    alone("sessions", |seed| {
        over_http("/full-handshake/mcp", MCP_TRANSPORT_STREAMABLE_HTTP, seed);
    });
}

#[test]
fn survives_over_streamable_http_without_sessions() {
    alone("stateless", |seed| {
        over_http("/full-stateless/mcp", MCP_TRANSPORT_STREAMABLE_HTTP, seed);
    });
}

#[test]
fn survives_over_http_with_sse() {
    alone("sse", |seed| over_http("/full-sse/sse", MCP_TRANSPORT_SSE, seed));
}

#[test]
fn survives_over_stdio_in_both_eras() {
    alone("stdio", |seed| {
        over_stdio(if seed % 2 == 0 { "stateless" } else { "handshake" }, seed);
    });
}
