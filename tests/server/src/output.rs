//! What is written over stdio, and how, where it is not as it should be.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::Action;
use crate::behaviour::{Behaviour, JUNK};
use crate::pipe::Feed;
use crate::{local, process};

#[derive(Clone, Debug)]
pub(crate) struct Output {
    behaviour: Behaviour,
    after: u64,
    answers: Arc<AtomicU64>,
    /// Nothing more is written.
    is_mute: Arc<AtomicBool>,
    /// Held for as long as a line takes.
    line: Arc<Mutex<()>>,
}

impl Output {
    pub(crate) fn new(behaviour: Behaviour, after: u64, answers: Arc<AtomicU64>) -> Self {
        let (is_mute, line) = Default::default();
        Self { behaviour, after, answers, is_mute, line }
    }

    /// Until the feed's end.
    pub(crate) fn write_all_of(&self, feed: &Feed) {
        let Some(mut steps) = feed.take() else { return };
        while let Some(Some(action)) = steps.blocking_recv() {
            match action {
                Action::Message(text) => self.message(&text),
                Action::Flood(text) => while self.line(&text) {},
                Action::Close => local::leave(),
                _ => {}
            }
        }
    }

    fn message(&self, text: &[u8]) {
        if self.behaviour == Behaviour::None {
            self.line(text);
            return;
        }
        let is_answer = is_answer(text);
        // Before the client can have seen it.
        let before = self.answers.fetch_add(u64::from(is_answer), Ordering::SeqCst);
        if is_answer && before >= self.after {
            match self.behaviour {
                Behaviour::CrashMidline => {
                    self.bytes(&text[..text.len() / 2]);
                    std::process::exit(3);
                }
                Behaviour::PartialThenNothing => {
                    self.bytes(&text[..text.len() / 2]);
                    self.is_mute.store(true, Ordering::SeqCst);
                }
                Behaviour::Abort => process::die_of(libc::SIGABRT),
                Behaviour::Kill => process::die_of(libc::SIGKILL),
                Behaviour::CloseStdout => {
                    self.is_mute.store(true, Ordering::SeqCst);
                    process::close(1);
                }
                Behaviour::Silent => self.is_mute.store(true, Ordering::SeqCst),
                Behaviour::StderrFlood(bytes) => flood_stderr(bytes),
                _ => {}
            }
        }
        if self.behaviour == Behaviour::Junk {
            let mut bytes = JUNK.concat();
            bytes.extend_from_slice(text);
            bytes.extend_from_slice(b"\r\n");
            self.bytes(&bytes);
        } else {
            self.line(text);
        }
        if is_answer && self.behaviour == Behaviour::CrashAfter(before + 1) {
            std::process::exit(3);
        }
    }

    /// False when nobody reads.
    pub(crate) fn line(&self, text: &[u8]) -> bool {
        self.bytes(&[text, b"\n"].concat())
    }

    fn bytes(&self, bytes: &[u8]) -> bool {
        let _line = self.line.lock().unwrap();
        !self.is_mute.load(Ordering::SeqCst) && process::descriptor(1).write_all(bytes).is_ok()
    }
}

fn is_answer(text: &[u8]) -> bool {
    let message: Value = serde_json::from_slice(text).unwrap_or_default();
    !message["result"].is_null() || !message["error"].is_null()
}

/// Lines with numbers, the last of which says that it is the last.
fn flood_stderr(bytes: u64) {
    let mut all = String::new();
    for number in 0..bytes / 20 {
        all.push_str(&format!("stderr line {number:07}\n"));
    }
    all.push_str("the end of the flood\n");
    let _ = process::descriptor(2).write_all(all.as_bytes());
}

/// A log message.
pub(crate) fn note(level: &str, data: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/message",
        "params": {"level": level, "data": data}})
}
