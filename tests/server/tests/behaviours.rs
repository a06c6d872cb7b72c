//! What the process over stdio does that no server should.

#[path = "peer/line.rs"]
mod line;

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

use line::{Process, fresh};
use mcp_test_server::await_true;
use mcp_test_server::behaviour::{JUNK, JUNK_LINES};
use serde_json::json;

const SOON: Duration = Duration::from_secs(30);
const A_WHILE: Duration = Duration::from_millis(300);
const VERSION: &str = "2025-11-25";

fn start(behaviour: &str, more: &[&str]) -> Process {
    let mut arguments = vec!["--behaviour"];
    arguments.extend(behaviour.split(' '));
    arguments.extend(more);
    Process::start(&arguments)
}

#[test]
fn process_crashes_where_configured() {
    let mut process = start("crash-first", &[]);
    process.ask(1, "server/discover", json!({}));
    assert_eq!(process.line(), None);
    assert_eq!(process.end().code(), Some(3));
    assert!(process.log().contains("server/discover"));
    let mut process = start("crash-first", &["--after", "1"]);
    process.initialize(VERSION);
    process.request(2, "ping", json!({}));
    assert_eq!((process.line(), process.end().code()), (None, Some(3)));
    let mut process = start("crash-after 2", &[]);
    process.initialize(VERSION);
    process.request(2, "ping", json!({}));
    assert_eq!(process.message()["id"], 2);
    assert_eq!((process.line(), process.end().code()), (None, Some(3)));
    for (name, signal) in [("abort", 6), ("kill", 9)] {
        let mut process = start(name, &["--after", "1"]);
        process.initialize(VERSION);
        process.request(2, "ping", json!({}));
        assert_eq!((process.line(), process.end().signal()), (None, Some(signal)));
    }
}

#[test]
fn behaviour_may_apply_to_the_first_process_only() {
    let path = fresh("once");
    let once = ["--once", path.to_str().unwrap()];
    let mut process = start("crash-first", &once);
    process.ask(1, "server/discover", json!({}));
    assert_eq!(process.line(), None);
    let mut process = start("crash-first", &once);
    process.ask(1, "server/discover", json!({}));
    assert!(process.message()["result"].is_object());
    std::fs::remove_file(path).unwrap();
}

#[test]
fn lines_are_broken_off() {
    let half = |line: Option<Vec<u8>>| {
        let line = line.unwrap();
        assert!(line.starts_with(b"{\"jsonrpc\"") && !line.ends_with(b"\n"));
    };
    let mut process = start("crash-midline", &[]);
    process.ask(1, "server/discover", json!({}));
    half(process.line());
    assert_eq!(process.end().code(), Some(3));
    let mut process = start("partial-then-nothing", &[]);
    process.ask(1, "server/discover", json!({}));
    process.ask(2, "server/discover", json!({}));
    assert!(process.is_silent(A_WHILE) && process.is_running());
    process.close();
    half(process.line());
    assert_eq!((process.line(), process.end().code()), (None, Some(0)));
}

#[test]
fn process_continues_with_one_direction_closed() {
    let mut process = start("close-stdout", &["--after", "1"]);
    process.initialize(VERSION);
    process.request(2, "ping", json!({}));
    assert_eq!(process.line(), None);
    process.request(3, "ping", json!({}));
    assert!(process.awaits_log("\"id\":3") && process.is_running());
    process.close();
    assert_eq!(process.end().code(), Some(0));
    let mut process = start("refuses-input", &["--after", "1"]);
    process.ask(1, "server/discover", json!({}));
    assert_eq!(process.message()["id"], 1);
    assert!(process.awaits_log("closed"));
    let ping = b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n";
    assert!(process.input.as_mut().unwrap().write_all(ping).is_err());
    assert!(process.is_running());
}

#[test]
fn process_may_ignore_the_end_of_its_input() {
    let mut process = start("ignore-sigterm", &[]);
    process.initialize(VERSION);
    process.signal("TERM");
    assert!(process.awaits_log("sigterm"));
    process.close();
    assert!(process.awaits_log("eof"));
    std::thread::sleep(A_WHILE);
    assert!(process.is_running());
    let mut process = start("ignore-eof", &[]);
    process.initialize(VERSION);
    process.close();
    assert!(process.awaits_log("eof"));
    std::thread::sleep(A_WHILE);
    assert!(process.is_running());
    process.signal("TERM");
    assert_eq!(process.end().signal(), Some(15));
}

#[test]
fn grandchild_holds_the_output_open() {
    let mut process = start("grandchild", &[]);
    assert!(process.awaits_log("grandchild "));
    let log = process.log();
    let child = log.lines().find_map(|line| line.strip_prefix("grandchild ")).unwrap();
    process.initialize(VERSION);
    process.close();
    assert_eq!(process.end().code(), Some(0));
    assert!(process.is_silent(A_WHILE) && !process.is_over(), "no end is seen");
    assert!(Command::new("kill").arg(child).status().unwrap().success());
    assert_eq!(process.line(), None);
    assert!(process.is_over());
}

#[test]
fn full_stderr_delays_responses() {
    let mut process = start("stderr-flood 1000000", &[]);
    process.ask(1, "server/discover", json!({}));
    assert!(process.is_silent(A_WHILE));
    let errors = process.drains_errors();
    assert_eq!(process.message()["id"], 1);
    process.close();
    let errors = errors.join().unwrap();
    assert!(errors.len() > 1_000_000 && errors.ends_with("the end of the flood\n"));
}

#[test]
fn malformed_lines_surround_the_messages() {
    let mut process = start("junk", &[]);
    process.ask(1, "server/discover", json!({}));
    for line in JUNK {
        assert_eq!(process.line().as_deref(), Some(line));
    }
    let line = process.line().unwrap();
    assert!(line.starts_with(b"{\"jsonrpc\"") && line.ends_with(b"}\r\n"));
    let blank = JUNK.iter().filter(|line| line.trim_ascii().is_empty()).count();
    assert_eq!(JUNK_LINES, JUNK.len() - blank);
}

#[test]
fn probe_may_be_ignored_crash_or_lock_the_era() {
    let mut process = start("silent", &[]);
    process.ask(1, "server/discover", json!({}));
    process.request(2, "ping", json!({}));
    assert!(process.is_silent(A_WHILE) && process.is_running());
    let mut process = start("silent-discover", &["--revisions", "handshake"]);
    process.ask(7, "server/discover", json!({}));
    assert!(process.is_silent(A_WHILE));
    assert_eq!(process.initialize(VERSION)["protocolVersion"], VERSION);
    for _ in 0..2 {
        let mut process = start("dies-on-discover", &["--revisions", "handshake"]);
        process.ask(1, "server/discover", json!({}));
        assert_eq!((process.line(), process.end().code()), (None, Some(3)));
    }
    let mut process = start("dies-on-discover", &[]);
    process.initialize(VERSION);
    process.request(2, "ping", json!({}));
    assert_eq!(process.message()["id"], 2);
    let mut process = start("locks-modern", &[]);
    process.ask(1, "server/discover", json!({}));
    assert!(process.is_silent(A_WHILE));
    process.request(2, "initialize", json!({"protocolVersion": VERSION}));
    let (late, refusal) = (process.message(), process.message());
    assert_eq!((&late["id"], &refusal["id"]), (&json!(1), &json!(2)));
    assert_eq!(refusal["error"]["data"]["supported"], json!(["2026-07-28"]));
    process.ask(3, "server/discover", json!({}));
    assert_eq!(process.message()["id"], 3);
    process.request(4, "initialize", json!({"protocolVersion": VERSION}));
    assert_eq!(process.message()["error"]["code"], -32022);
}

#[test]
fn process_is_slow() {
    let start_time = Instant::now();
    let mut process = start("slow-start 400", &[]);
    process.ask(1, "server/discover", json!({}));
    assert!(process.message()["result"].is_object());
    assert!(start_time.elapsed() >= Duration::from_millis(400));
    let start_time = Instant::now();
    let mut process = start("slow-reader", &[]);
    process.ask(1, "server/discover", json!({}));
    assert!(process.message()["result"].is_object());
    assert!(start_time.elapsed() >= Duration::from_millis(200));
    let mut process = start("write-only-after-read", &[]);
    process.ask(1, "server/discover", json!({}));
    let mut bytes = 0;
    let mut line = process.line().unwrap();
    while line.starts_with(b"{\"jsonrpc\":\"2.0\",\"method\"") {
        bytes += line.len();
        line = process.line().unwrap();
    }
    assert!(bytes > 1_000_000, "{bytes}");
}

#[test]
fn long_lines_are_sent_and_received() {
    let mut process = Process::start(&[]);
    process.initialize(VERSION);
    process.call(2, "text", json!({"size": 2_000_000}));
    assert_eq!(process.text().len(), 2_000_000);
    process.call(3, "echo", json!({"text": "y".repeat(2_000_000)}));
    assert!(process.text().len() > 2_000_000);
    process.call(4, "malformed", json!({"how": "id-other"}));
    assert_eq!(process.message()["id"], 99_999);
    assert!(await_true(SOON, || process.log().contains("malformed")));
}
