//! A client that is nothing but two pipes to a process.

#![allow(dead_code, reason = "each test program uses a part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use mcp_test_server::await_true;
use serde_json::{Value, json};

const STATELESS: &str = "2026-07-28";
const SOON: Duration = Duration::from_secs(30);

pub struct Process {
    pub child: Child,
    pub input: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    errors: Option<ChildStderr>,
    log: PathBuf,
}

/// A path that nothing is at.
pub fn fresh(name: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    let name = format!("mcp-test-{}-{count}-{name}", std::process::id());
    std::env::temp_dir().join(name)
}

impl Process {
    pub fn start(arguments: &[&str]) -> Self {
        let log = fresh("log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_mcp-test-server"))
            .arg("--stdio")
            .arg("--log")
            .arg(&log)
            .args(arguments)
            .env("GIVEN", "to the child")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut line = Vec::new();
                match output.read_until(b'\n', &mut line) {
                    Ok(count) if count > 0 && sender.send(line).is_ok() => {}
                    _ => return,
                }
            }
        });
        let (input, errors) = (child.stdin.take(), child.stderr.take());
        Self { child, input, lines, errors, log }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    pub fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes());
    }

    /// A request of the stateless era.
    pub fn ask(&mut self, id: u64, method: &str, mut params: Value) {
        let key = |name: &str| format!("io.modelcontextprotocol/{name}");
        params["_meta"][key("protocolVersion")] = json!(STATELESS);
        params["_meta"][key("clientCapabilities")] = json!({});
        params["_meta"][key("clientInfo")] = json!({"name": "pipe", "version": "1"});
        self.request(id, method, params);
    }

    pub fn request(&mut self, id: u64, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    }

    pub fn call(&mut self, id: u64, tool: &str, arguments: Value) {
        self.request(id, "tools/call", json!({"name": tool, "arguments": arguments}));
    }

    /// Begins a session and gives the answer's result.
    pub fn initialize(&mut self, version: &str) -> Value {
        let params = json!({"protocolVersion": version, "capabilities": {},
            "clientInfo": {"name": "pipe", "version": "1"}});
        self.request(1, "initialize", params);
        let result = self.message()["result"].take();
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        result
    }

    /// The next line with its end; None at the end of all.
    pub fn line(&self) -> Option<Vec<u8>> {
        self.lines.recv_timeout(SOON).ok()
    }

    /// Whether nothing comes for so long.
    pub fn is_silent(&self, limit: Duration) -> bool {
        self.lines.recv_timeout(limit).is_err()
    }

    /// Whether the end of all lines is seen already.
    pub fn is_over(&self) -> bool {
        self.lines.recv_timeout(Duration::ZERO) == Err(RecvTimeoutError::Disconnected)
    }

    pub fn message(&self) -> Value {
        serde_json::from_slice(&self.line().expect("a line")).unwrap()
    }

    /// The text of a tool's answer, which is the next message.
    pub fn text(&self) -> String {
        let message = self.message();
        message["result"]["content"][0]["text"].as_str().expect("a text").to_owned()
    }

    pub fn close(&mut self) {
        self.input = None;
    }

    /// How it ended.
    pub fn end(&mut self) -> ExitStatus {
        let mut status = None;
        for _ in 0..15_000 {
            status = self.child.try_wait().unwrap();
            if status.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        status.expect("an end within 30 s")
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// All that it writes to stderr.
    pub fn errors(&mut self) -> String {
        self.drains_errors().join().unwrap()
    }

    pub fn drains_errors(&mut self) -> JoinHandle<String> {
        let mut errors = self.errors.take().unwrap();
        std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).unwrap();
            text
        })
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn awaits_log(&self, line: &str) -> bool {
        await_true(SOON, || self.log().lines().any(|one| one.contains(line)))
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let done = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}
