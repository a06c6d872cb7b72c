//! A server over stdio that does with `server/discover` and `initialize` what
//! servers were seen to do.
//!
//!     probe-server LOG PLAN
//!
//! PLAN is a JSON object:
//!
//! - `start`: milliseconds until it reads
//! - `reads_early`: it reads before that, and answers later
//! - `discover`: what it does with `server/discover`
//! - `initialize`: what it does with `initialize` in a process without
//!   `server/discover`
//! - `after`: what it does with `initialize` after `server/discover`, if that is
//!   something else
//! - `version`: the version in the result of `initialize`
//!
//! It appends "start" and the method of each message to LOG, `initialize` with
//! the version that was asked for.

use std::fs::OpenOptions;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

struct Server {
    log: String,
    plan: Value,
    begun: Instant,
    has_probe: bool,
    is_broken: bool,
    /// Responses to `server/discover` that wait for another message.
    held: Vec<(Value, Value)>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let log = arguments.next().unwrap();
    let plan: Value = serde_json::from_str(&arguments.next().unwrap()).unwrap();
    let mut server = Server::new(log, plan, Instant::now());
    server.note("start");
    if server.plan["reads_early"] != true {
        server.starts();
    }
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line.unwrap()).unwrap();
        server.take(&request);
    }
}

impl Server {
    fn new(log: String, plan: Value, begun: Instant) -> Self {
        Self { log, plan, begun, has_probe: false, is_broken: false, held: Vec::new() }
    }

    fn note(&self, text: &str) {
        let mut log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        log.write_all(format!("{text}\n").as_bytes()).unwrap();
    }

    /// Waits until it has started.
    fn starts(&self) {
        let start = Duration::from_millis(self.plan["start"].as_u64().unwrap_or(0));
        std::thread::sleep(start.saturating_sub(self.begun.elapsed()));
    }

    fn take(&mut self, request: &Value) {
        if self.is_broken {
            eprintln!("Traceback: the reader has ended");
            std::process::exit(1);
        }
        let unknown = json!({"error": {"code": -32601, "message": "Method not found"}});
        let given =
            |plan: &Value, default: Value| if plan.is_null() { default } else { plan.clone() };
        match request["method"].as_str().unwrap_or_default() {
            "initialize" => {
                let version = request["params"]["protocolVersion"].as_str().unwrap();
                self.note(&format!("initialize {version}"));
                self.starts();
                let fresh = given(&self.plan["initialize"], json!("initialized"));
                let what = if self.has_probe { given(&self.plan["after"], fresh) } else { fresh };
                self.release(|held| held["until"].is_null() && held["last"] != true);
                self.does(&what, request);
                self.release(|held| held["until"].is_null());
            }
            "server/discover" => {
                self.note("server/discover");
                self.starts();
                self.has_probe = true;
                let what = given(&self.plan["discover"], unknown);
                self.does(&what, request);
            }
            method => {
                self.note(method);
                self.release(|held| held["until"] == method);
                match method {
                    _ if request["id"].is_null() => {}
                    "ping" => sends(request, json!({"result": {}})),
                    "tools/list" => sends(
                        request,
                        json!({"result": {"resultType": "complete",
                        "tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}}),
                    ),
                    "tools/call" => std::process::exit(3),
                    _ => sends(request, unknown),
                }
            }
        }
    }

    /// Sends the responses that wait for what has arrived.
    fn release(&mut self, is_due: impl Fn(&Value) -> bool) {
        let held = std::mem::take(&mut self.held);
        let (due, held): (Vec<_>, Vec<_>) = held.into_iter().partition(|(what, _)| is_due(what));
        self.held = held;
        for (held, probe) in due {
            self.does(&held["hold"], &probe);
        }
    }

    /// - "silent"
    /// - "exit"
    /// - "break": it is silent, and ends at the next message
    /// - "deaf": it is silent, and reads no more
    /// - "modern", "initialized": a usable result
    /// - `{"hold": ..., "last": bool}`: it does that when `initialize` arrives,
    ///   before the response to it or after it
    /// - `{"hold": ..., "until": method}`: it does that when such a message arrives
    /// - `{"raw": text}`, in which ID stands for the id
    /// - `{"unless": version, "do": ...}`: only if another version is asked for
    /// - the members of a response
    fn does(&mut self, what: &Value, request: &Value) {
        match what.as_str() {
            Some("silent") => return,
            Some("exit") => {
                eprintln!("Traceback: no such method");
                std::process::exit(1);
            }
            Some("break") => {
                self.is_broken = true;
                return;
            }
            Some("deaf") => loop {
                std::thread::park();
            },
            Some("modern") => {
                return sends(
                    request,
                    json!({"result": {"resultType": "complete",
                    "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
                    "ttlMs": 0, "cacheScope": "private"}}),
                );
            }
            Some("initialized") => {
                let version = self.plan["version"].as_str().unwrap_or("2025-11-25");
                return sends(
                    request,
                    json!({"result": {"protocolVersion": version,
                    "capabilities": {"tools": {}}, "serverInfo": {"name": "f", "version": "1"}}}),
                );
            }
            _ => {}
        }
        if !what["hold"].is_null() {
            self.held.push((what.clone(), request.clone()));
        } else if let Some(text) = what["raw"].as_str() {
            writes(&text.replace("ID", &request["id"].to_string()));
        } else if let Some(version) = what["unless"].as_str() {
            let is_right = request["params"]["protocolVersion"] == version;
            let what = if is_right { json!("initialized") } else { what["do"].clone() };
            self.does(&what, request);
        } else {
            sends(request, what.clone());
        }
    }
}

fn sends(request: &Value, members: Value) {
    let mut message = json!({"jsonrpc": "2.0", "id": request["id"]});
    for (name, value) in members.as_object().unwrap() {
        message[name] = value.clone();
    }
    writes(&message.to_string());
}

fn writes(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{text}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}
