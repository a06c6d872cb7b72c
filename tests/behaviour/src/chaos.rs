//! Failures of networks and servers by a seeded plan: a proxy that stalls, cuts
//! and resets connections, and a server process that is killed and started again.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::SOON;

/// A small generator whose numbers are the same for the same seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 on, below the bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True so many times in a thousand.
    pub fn often(&mut self, thousandths: u64) -> bool {
        self.below(1000) < thousandths
    }

    pub fn milliseconds(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.below(most + 1))
    }
}

/// A seed from the environment, or a new one.
pub fn seed() -> u64 {
    if let Ok(text) = std::env::var("CHAOS_SEED") {
        return text.parse().expect("CHAOS_SEED is a number");
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_nanos() as u64 % 1_000_000_000
}

/// A proxy in front of a port of this machine, until it is dropped.
pub struct Unruly {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    target: AtomicU16,
    seed: AtomicU64,
    is_calm: AtomicBool,
    stops: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    pumps: Mutex<Vec<JoinHandle<()>>>,
    paused_until: Mutex<Instant>,
}

impl Unruly {
    pub fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            target: AtomicU16::new(0),
            seed: AtomicU64::new(seed),
            is_calm: AtomicBool::new(false),
            stops: AtomicBool::new(false),
            open: Mutex::default(),
            pumps: Mutex::default(),
            paused_until: Mutex::new(Instant::now()),
        });
        let theirs = shared.clone();
        let thread = std::thread::spawn(move || accept(&listener, &theirs));
        Self { address, shared, thread: Some(thread) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where connections go from now on.
    pub fn lead_to(&self, port: u16) {
        self.shared.target.store(port, Ordering::SeqCst);
    }

    /// Passes everything on as it comes from now on.
    pub fn calm(&self) {
        self.shared.is_calm.store(true, Ordering::SeqCst);
    }

    /// Resets all connections.
    pub fn reset_all(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            reset(&stream);
        }
    }

    /// Passes nothing on for so long.
    pub fn pause(&self, pause: Duration) {
        *self.shared.paused_until.lock().unwrap() = Instant::now() + pause;
    }
}

impl Drop for Unruly {
    fn drop(&mut self) {
        self.shared.stops.store(true, Ordering::SeqCst);
        self.reset_all();
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().unwrap().join();
        self.reset_all();
        let pumps = std::mem::take(&mut *self.shared.pumps.lock().unwrap());
        for pump in pumps {
            let _ = pump.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((client, _)) = listener.accept() {
        if shared.stops.load(Ordering::SeqCst) {
            return;
        }
        let mut dice = Dice::new(shared.seed.fetch_add(1, Ordering::SeqCst));
        let is_calm = shared.is_calm.load(Ordering::SeqCst);
        if !is_calm && dice.often(15) {
            reset(&client);
            continue;
        }
        let target = ("127.0.0.1", shared.target.load(Ordering::SeqCst));
        let Ok(server) = TcpStream::connect(target) else {
            reset(&client);
            continue;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let ends = || (client.try_clone().unwrap(), server.try_clone().unwrap());
        let mut pumps = shared.pumps.lock().unwrap();
        pumps.retain(|pump| !pump.is_finished());
        for (from, to, half) in [(ends().0, ends().1, 1u64), (ends().1, ends().0, 2)] {
            let (shared, dice) = (shared.clone(), Dice::new(dice.below(u64::MAX) ^ half));
            pumps.push(std::thread::spawn(move || pump(from, to, &shared, dice)));
        }
        let mut open = shared.open.lock().unwrap();
        open.retain(|stream| stream.peer_addr().is_ok());
        open.extend([client, server]);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, shared: &Shared, mut dice: Dice) {
    let mut buffer = [0; 4096];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 {
            break;
        }
        while !shared.stops.load(Ordering::SeqCst) {
            let until = *shared.paused_until.lock().unwrap();
            match until.checked_duration_since(Instant::now()) {
                Some(left) => std::thread::sleep(left.min(Duration::from_millis(10))),
                None => break,
            }
        }
        let bytes = &buffer[..count];
        let is_calm = shared.is_calm.load(Ordering::SeqCst);
        let (head, tail) = bytes.split_at(dice.below(count as u64 + 1) as usize);
        let passed = if is_calm || dice.often(950) {
            to.write_all(bytes)
        } else if dice.often(600) {
            to.write_all(head).and_then(|()| {
                std::thread::sleep(dice.milliseconds(40));
                to.write_all(tail)
            })
        } else {
            let _ = to.write_all(head);
            if dice.often(700) {
                reset(&from);
                reset(&to);
            }
            break;
        };
        if passed.is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// Ends a connection as a host does that knows nothing of it.
fn reset(stream: &TcpStream) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    // SAFETY: the structure is valid for the call, which copies it.
    unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const linger).cast(),
            size_of::<libc::linger>() as libc::socklen_t,
        );
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// The path of the test server's program.
pub fn program() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/target/debug/mcp-test-server");
    assert!(std::path::Path::new(path).exists(), "make -C examples-c server");
    path.to_owned()
}

/// A server that listens, as a process of its own.
pub struct Process {
    child: Child,
    pub port: u16,
}

impl Process {
    pub fn start() -> Self {
        let mut child = Command::new(program())
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        Self { child, port: port.unwrap_or_else(|| panic!("no port in {line:?}")) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What this process has that must not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessResources {
    pub descriptors: usize,
    /// Of the library.
    pub threads: usize,
    pub children: usize,
}

impl ProcessResources {
    pub fn now() -> Self {
        let count = |path: &str| std::fs::read_dir(path).unwrap().count();
        Self {
            // But for the one that counts.
            descriptors: count("/proc/self/fd") - 1,
            threads: threads(),
            children: children().len(),
        }
    }

    /// Waits until there is no more than before.
    pub fn are_back_to(before: Self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            let now = Self::now();
            let is_back = now.descriptors <= before.descriptors
                && now.threads <= before.threads
                && now.children <= before.children;
            if is_back {
                return Ok(());
            }
            if start.elapsed() > SOON {
                return Err(format!("{before:?} have become {now:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The harness has threads as well, which come and go.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.map(|task| std::fs::read_to_string(task.path().join("comm")));
    names.flatten().filter(|name| name.starts_with("mcp-") || name.starts_with("tokio")).count()
}

/// The processes that this one has started and not waited for.
pub fn children() -> Vec<i32> {
    let mut all = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        all.extend(list.split_whitespace().filter_map(|id| id.parse::<i32>().ok()));
    }
    all
}

/// The memory of this process that is in use, in bytes.
pub fn memory() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
