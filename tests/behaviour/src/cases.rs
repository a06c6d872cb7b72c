//! Tables of cases: each runs alone, with a deadline, and says what is wrong.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Runs a case on a thread. A panic, and a case that does not end, are errors.
pub fn case_within<T: Send + 'static>(
    limit: Duration,
    case: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let ran = catch_unwind(AssertUnwindSafe(case));
        let _ = sender.send(ran.map_err(|payload| said(&*payload)));
    });
    receiver.recv_timeout(limit).unwrap_or_else(|_| Err(format!("no end within {limit:?}")))
}

fn said(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic".to_owned())
}

/// A text with a value in each place of a name.
pub fn replaced(text: &[u8], name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(name.len()).position(|part| part == name) {
        out.extend([&rest[..at], value].concat());
        rest = &rest[at + name.len()..];
    }
    out.extend(rest);
    out
}
