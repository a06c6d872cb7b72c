//! A server over stdio: its options, and its log of what it received.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use mcp_test_server::await_true;
use serde_json::{Value, json};

use crate::{Client, SOON};

/// One that keeps its log in a directory of its own.
#[derive(Debug)]
pub struct StdioServer {
    argv: Vec<String>,
    directory: PathBuf,
}

/// A server that is the tests' own program, with options of
/// `mcp-test-server --stdio`.
#[macro_export]
macro_rules! stdio_server {
    ($($options:tt)*) => {
        $crate::StdioServer::new(env!("CARGO_BIN_EXE_stdio-server"), &format!($($options)*))
    };
}

impl StdioServer {
    pub fn new(program: &str, options: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("mcp-peer-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        // A process that had the same number may have been killed.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let log = directory.join("log").display().to_string();
        let mut argv = [program, "--stdio", "--log", &log].map(String::from).to_vec();
        argv.extend(options.split_whitespace().map(String::from));
        Self { argv, directory }
    }

    /// Does what it should not only the first time that it is started.
    pub fn once(mut self) -> Self {
        let marker = self.directory.join("once").display().to_string();
        self.argv.extend(["--once".into(), marker]);
        self
    }

    pub fn argv(&self) -> Vec<&str> {
        self.argv.iter().map(String::as_str).collect()
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn client(&self) -> Client {
        Client::stdio(&self.argv())
    }

    /// A client that has connected.
    pub fn connected(&self) -> Client {
        let client = self.client();
        client.connect().unwrap();
        client
    }

    /// The lines that have come, and what else was noted.
    pub fn log(&self) -> Vec<String> {
        let log = fs::read(self.directory.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).lines().map(str::to_owned).collect()
    }

    /// The messages of a method that have come.
    pub fn of(&self, method: &str) -> Vec<Value> {
        let messages = self.log().into_iter().filter_map(|line| serde_json::from_str(&line).ok());
        messages.filter(|message: &Value| message["method"] == method).collect()
    }

    pub fn count(&self, method: &str) -> usize {
        self.of(method).len()
    }

    /// Waits for so many of them.
    pub fn awaits(&self, method: &str, count: usize) {
        let is_there = await_true(SOON, || self.count(method) >= count);
        assert!(is_there, "{} of {count} {method}", self.count(method));
    }

    /// Whether a line has been noted that begins so.
    pub fn notes(&self, start: &str) -> bool {
        self.log().iter().any(|line| line.starts_with(start))
    }

    /// Waits for such a line.
    pub fn awaits_note(&self, start: &str) {
        assert!(await_true(SOON, || self.notes(start)), "no \"{start}\": {:?}", self.log());
    }

    /// Nothing that a client must not do has been done.
    pub fn has_no_complaint(&self) {
        let log = self.log();
        let complaints: Vec<_> = log.iter().filter(|line| line.starts_with("violation")).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}

impl Drop for StdioServer {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Client {
    /// What one of the server's tools tells of its process.
    pub fn tells(&self, tool: &str) -> Value {
        self.call(tool, json!({})).unwrap().told()
    }

    pub fn pid(&self) -> i32 {
        self.tells("pid").as_i64().unwrap() as i32
    }
}

/// Whether there is a process, running or a zombie.
pub fn exists(pid: i32) -> bool {
    unsafe { libc::kill(pid, 0) == 0 }
}

/// Waits until each process that this one has forked until now runs its own program.
/// Before that it holds all descriptors that were open, for another test: a pipe has
/// a reader although the process that should read it has closed it.
pub fn await_forks() {
    let forks = forks();
    let is_left = |fork: &u32| self::forks().contains(fork);
    assert!(await_true(SOON, || !forks.iter().any(is_left)), "{forks:?}");
}

/// The children that run this program still.
fn forks() -> Vec<u32> {
    let program = |process: &str| fs::read_link(format!("/proc/{process}/exe")).ok();
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1));
        parent == Some(std::process::id().to_string().as_str())
    };
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        entry.ok().and_then(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok()))
    });
    all.filter(|process| is_child(process) && program(&process.to_string()) == program("self"))
        .collect()
}

/// Whether this process has waited for a child, so that no zombie is left.
pub fn is_reaped(pid: i32) -> bool {
    let mut info = unsafe { std::mem::zeroed() };
    // Without WNOWAIT this would take the exit status away from the library.
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    let done = unsafe { libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, flags) };
    done == -1 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ECHILD)
}
