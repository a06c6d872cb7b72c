//! A process that serves over its standard input and output, a message a
//! line, in both eras; and one that does not do so well, see [`Behaviour`].

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio as Standard};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::behaviour::Behaviour;
use crate::conversation::Conversation;
use crate::http::Request;
use crate::mcp::{Config, Mcp, STATELESS};
use crate::output::{Output, note};
use crate::pipe::pipe;
use crate::{Action, Carrier, await_true, local, process};

/// No process stays longer when its client is gone.
const LIMIT: Duration = Duration::from_secs(30);

/// What the process is to be.
#[derive(Debug)]
pub struct Stdio {
    pub config: Config,
    pub behaviour: Behaviour,
    /// The answers that are as they should be, before the behaviour begins.
    pub after: u64,
    /// Where each line is noted that has come, and "eof" or "closed",
    /// "sigterm", "grandchild PID" and "violation: ...".
    pub log: Option<PathBuf>,
}

#[derive(Debug)]
pub(crate) struct Record(Option<Mutex<File>>);

impl Record {
    fn open(path: Option<PathBuf>) -> std::io::Result<Self> {
        let file = path.map(|path| OpenOptions::new().create(true).append(true).open(path));
        Ok(Self(file.transpose()?.map(Mutex::new)))
    }

    fn note(&self, line: &[u8]) {
        if let Some(file) = &self.0 {
            let _ = file.lock().unwrap().write_all(&[line, b"\n"].concat());
        }
    }
}

impl Stdio {
    /// Serves until the input ends, and ends the process.
    pub fn run(self) -> Result<(), String> {
        local::look();
        let record = Record::open(self.log).map_err(|error| format!("--log: {error}"))?;
        let record = Arc::new(record);
        if self.behaviour == Behaviour::Grandchild {
            let child = hold().map_err(|error| error.to_string())?;
            record.note(format!("grandchild {child}").as_bytes());
        }
        // After that, or the child would have it blocked as well.
        process::block_sigterm();
        end_with_others(self.behaviour, record.clone());
        let (out, feed) = pipe();
        let answers = Arc::new(AtomicU64::new(0));
        let output = Output::new(self.behaviour, self.after, answers.clone());
        let writer = std::thread::spawn({
            let output = output.clone();
            move || output.write_all_of(&feed)
        });
        let (lines, mut come) = unbounded_channel();
        let input = Input {
            behaviour: self.behaviour,
            after: self.after,
            answers: answers.clone(),
            output,
            record: record.clone(),
        };
        std::thread::spawn(move || input.read_all_to(&lines));
        let mut served = Served {
            mcp: Mcp::new(self.config),
            conversation: Conversation::new("stdio".into(), Carrier::Stdio, out.clone()),
            behaviour: self.behaviour,
            after: self.after,
            answers,
            record,
            lines: 0,
            is_initialized: false,
            held: None,
            is_locked: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(async {
            while let Some(line) = come.recv().await {
                served.take(line);
            }
        });
        out.end();
        // Who does not read any more is not waited for.
        await_true(Duration::from_secs(1), || writer.is_finished());
        std::process::exit(0)
    }
}

/// SIGTERM, and the end of the parent.
fn end_with_others(behaviour: Behaviour, record: Arc<Record>) {
    std::thread::spawn(move || {
        loop {
            process::await_sigterm();
            record.note(b"sigterm");
            if behaviour != Behaviour::IgnoreSigterm {
                process::die_of(libc::SIGTERM);
            }
        }
    });
    let parent = std::os::unix::process::parent_id();
    std::thread::spawn(move || {
        while std::os::unix::process::parent_id() == parent {
            std::thread::sleep(Duration::from_millis(250));
        }
        end_at_limit();
    });
}

fn end_at_limit() -> ! {
    std::thread::sleep(LIMIT);
    std::process::exit(5)
}

/// A child that does nothing but hold what it was given.
fn hold() -> std::io::Result<u32> {
    let this = std::env::current_exe()?;
    let child = Command::new(this).arg("--hold").stdin(Standard::null()).spawn()?;
    Ok(child.id())
}

/// What that child does.
pub fn held() -> ! {
    end_at_limit()
}

/// The thread that reads.
struct Input {
    behaviour: Behaviour,
    after: u64,
    answers: Arc<AtomicU64>,
    output: Output,
    record: Arc<Record>,
}

impl Input {
    fn read_all_to(self, lines: &UnboundedSender<Vec<u8>>) {
        if let Behaviour::SlowStart(milliseconds) = self.behaviour {
            std::thread::sleep(Duration::from_millis(milliseconds));
        }
        let is_slow = self.behaviour == Behaviour::SlowReader;
        let mut chunk = vec![0; if is_slow { 1 } else { 64 * 1024 }];
        let mut line = Vec::new();
        let end = loop {
            if !self.is_ready() {
                break "closed";
            }
            let count = match process::descriptor(0).read(&mut chunk) {
                Ok(count) if count > 0 => count,
                _ => break "eof",
            };
            for part in chunk[..count].split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(part);
                if line.ends_with(b"\n") {
                    line.pop();
                    let _ = lines.send(std::mem::take(&mut line));
                }
            }
            if is_slow {
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        if !line.is_empty() {
            self.record.note(b"violation: half a line");
        }
        self.record.note(end.as_bytes());
        if self.behaviour.stays() {
            end_at_limit();
        }
    }

    /// Whether there is to be one more read.
    fn is_ready(&self) -> bool {
        match self.behaviour {
            Behaviour::WriteFirst => {
                let message = note("debug", json!("x".repeat(1000)));
                for _ in 0..1000 {
                    self.output.line(message.to_string().as_bytes());
                }
                true
            }
            Behaviour::RefusesInput => loop {
                if self.answers.load(Ordering::SeqCst) >= self.after {
                    process::close(0);
                    return false;
                }
                // Who reads would hold it open.
                if process::is_readable(0, Duration::from_millis(10)) {
                    return true;
                }
            },
            _ => true,
        }
    }
}

/// What is served, line by line.
struct Served {
    mcp: Mcp,
    conversation: Arc<Conversation>,
    behaviour: Behaviour,
    after: u64,
    answers: Arc<AtomicU64>,
    record: Arc<Record>,
    lines: usize,
    is_initialized: bool,
    /// The probe that is answered too late.
    held: Option<Request>,
    is_locked: bool,
}

impl Served {
    fn take(&mut self, line: Vec<u8>) {
        self.record.note(&line);
        let before = self.mcp.violations().len();
        let request =
            Request { number: self.lines, method: "LINE".into(), body: line, ..Request::default() };
        self.lines += 1;
        if self.is_line(&request.body) {
            self.hear(request);
        }
        for violation in self.mcp.violations().iter().skip(before) {
            self.record.note(format!("violation: {violation}").as_bytes());
        }
    }

    /// One compact message, and nothing around it.
    fn is_line(&self, line: &[u8]) -> bool {
        if serde_json::from_slice::<Value>(line).is_err() {
            self.mcp.violation("a line that is no JSON");
            return false;
        }
        if line.starts_with(b" ") || line.ends_with(b"\r") || line.ends_with(b" ") {
            self.mcp.violation("a line with blanks around its message");
        }
        true
    }

    fn hear(&mut self, request: Request) {
        let method = request.rpc_method();
        let is_request = !request.id().is_null() && !method.is_empty();
        match self.behaviour {
            Behaviour::CrashFirst if is_request && self.is_time() => std::process::exit(3),
            Behaviour::DiesOnDiscover
                if is_request && method != "initialize" && !self.is_initialized =>
            {
                std::process::exit(3)
            }
            Behaviour::SilentDiscover if method == "server/discover" => return,
            Behaviour::LocksModern => {
                if method == "server/discover" && !self.is_locked {
                    self.is_locked = true;
                    self.held = Some(request);
                    return;
                }
                if let Some(probe) = self.held.take() {
                    self.conversation.take(&self.mcp, &probe);
                }
                if method == "initialize" && self.is_locked {
                    self.refuse(&request);
                    return;
                }
            }
            _ => {}
        }
        self.is_initialized |= method == "initialize";
        self.conversation.take(&self.mcp, &request);
    }

    fn is_time(&self) -> bool {
        self.answers.load(Ordering::SeqCst) >= self.after
    }

    /// As FastMCP 4.1 does when the probe has come first.
    fn refuse(&self, request: &Request) {
        let asked = &request.json()["params"]["protocolVersion"];
        let error = json!({"code": -32022,
            "message": "connection is serving the 2026-07-28 protocol; the initialize handshake \
                is not accepted",
            "data": {"supported": [STATELESS], "requested": asked}});
        let message = json!({"jsonrpc": "2.0", "id": request.id(), "error": error});
        self.conversation.out().play(Action::message(&message));
    }
}
