//! The tools about the process itself, over stdio.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use serde_json::{Map, Value, json};

use crate::mcp::{Answer, Call};
use crate::tools::{done, text};
use crate::{Action, process};

pub(crate) const TOOLS: [&str; 8] =
    ["env", "argv", "cwd", "pid", "fds", "signals", "stderr", "exit"];

/// What the process was given, before it did anything.
#[derive(Debug)]
struct Given {
    descriptors: BTreeMap<String, String>,
    signals: Map<String, Value>,
}

static GIVEN: OnceLock<Given> = OnceLock::new();
/// Where it ends by itself: an exit status, or less nothing for a signal.
static ENDS_WITH: AtomicI32 = AtomicI32::new(3);

/// Looks at what is there; to be called first.
pub(crate) fn look() {
    let listed = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let paths: Vec<_> = listed.map(|entry| entry.path()).collect();
    // The one that was read has no link any more.
    let open = paths.iter().filter_map(|path| {
        let target = std::fs::read_link(path).ok()?;
        let number = path.file_name()?.to_string_lossy().into_owned();
        Some((number, target.to_string_lossy().into_owned()))
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let signals = status.lines().filter_map(|line| line.split_once(':'));
    let signals = signals
        .filter(|(name, _)| name.starts_with("Sig"))
        .map(|(name, value)| (name.to_owned(), json!(value.trim())));
    let _ = GIVEN.set(Given { descriptors: open.collect(), signals: signals.collect() });
}

/// Ends the process as the tool `exit` said, by default with status 3.
pub(crate) fn leave() -> ! {
    match ENDS_WITH.load(Ordering::SeqCst) {
        status if status < 0 => process::die_of(-status),
        status => std::process::exit(status),
    }
}

/// `env`, `argv`, `cwd`, `pid`; `fds`: the descriptors at the start and what
/// they are; `signals`: the masks at the start, as in /proc. `stderr` writes
/// its `text` there. `exit` does the same and ends with a `status` or by a
/// `signal`, after an answer where `answers` is true.
pub(crate) fn call(call: &Call, name: &str) -> Answer {
    let arguments = &call.params["arguments"];
    let lossy = |text: std::ffi::OsString| json!(text.to_string_lossy());
    let said = match name {
        "env" => {
            let all = std::env::vars_os()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), lossy(value)));
            Value::Object(all.collect())
        }
        "argv" => std::env::args_os().map(lossy).collect(),
        "cwd" => std::env::current_dir().map_or(Value::Null, |path| lossy(path.into())),
        "pid" => json!(std::process::id()),
        "fds" => json!(GIVEN.get().map(|given| &given.descriptors)),
        "signals" => json!(GIVEN.get().map(|given| &given.signals)),
        _ => {
            let text = arguments["text"].as_str().unwrap_or_default();
            let _ = std::io::stderr().write_all(text.as_bytes());
            json!("written")
        }
    };
    if name != "exit" {
        return text(said.to_string());
    }
    let status = arguments["status"].as_i64().unwrap_or(3) as i32;
    let signal = arguments["signal"].as_i64().map(|signal| -signal as i32);
    ENDS_WITH.store(signal.unwrap_or(status), Ordering::SeqCst);
    let answer = (arguments["answers"] == true).then(|| Action::message(&done(call, "leaves")));
    Answer::Play(answer.into_iter().chain([Action::Close]).collect())
}
