//! The trace: a line for each request, response and message, for a descriptor of
//! the application and for its log handler. Secrets in it are masked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::error::{Error, Result, io_reason};
use crate::base::mask::{CUT, mask};
use crate::base::one_line::is_hidden;
use crate::base::secret::Secret;
use crate::platform::{Descriptor, RawDescriptor};
use crate::transport::log_queue::{LogQueue, LogRecord, Severity};

/// The most bytes of a body that a line shows.
const SHOWN: usize = 2000;
/// The most bytes that are read for it: a secret may be long, and an escape is
/// longer than the character it stands for.
const READ: usize = 8 * SHOWN;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TraceLine {
    Sent,
    Received,
    /// A connection or a process.
    Info,
    /// What the person should know.
    Notice,
    Warning,
}

impl TraceLine {
    fn mark(self) -> char {
        match self {
            Self::Sent => '>',
            Self::Received => '<',
            _ => '*',
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::Sent | Self::Received => Severity::Debug,
            Self::Info => Severity::Info,
            Self::Notice => Severity::Notice,
            Self::Warning => Severity::Warning,
        }
    }
}

/// Where the lines go. At least one of the two is there.
#[derive(Debug)]
pub(crate) struct Trace {
    file: Option<Arc<TraceFile>>,
    log: Option<Arc<LogQueue>>,
}

/// A descriptor of the application.
#[derive(Debug)]
pub(crate) struct TraceFile {
    fd: Descriptor,
    /// The number of lines that were dropped because a write would block.
    lost: AtomicU64,
}

impl TraceFile {
    pub(crate) fn new(fd: RawDescriptor) -> Result<Self> {
        let fd = Descriptor::duplicate(fd).map_err(|error| {
            Error::argument(format!("fd cannot be duplicated: {}", io_reason(&error)))
        })?;
        Ok(Self { fd, lost: AtomicU64::new(0) })
    }

    /// Writes a line. If the write would block, the line is counted as lost.
    fn line(&self, text: &str) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let note = if lost > 0 { format!("* {lost} lines lost\n") } else { String::new() };
        let line = format!("{note}{text}\n");
        if !self.fd.write_at_once(line.as_bytes()) {
            self.lost.fetch_add(lost + 1, Ordering::Relaxed);
        }
    }
}

impl Trace {
    fn of(file: Option<Arc<TraceFile>>, log: Option<Arc<LogQueue>>) -> Option<Arc<Self>> {
        (file.is_some() || log.is_some()).then(|| Arc::new(Self { file, log }))
    }

    /// The trace with another descriptor.
    pub(crate) fn with_file(
        this: Option<&Arc<Self>>,
        file: Option<Arc<TraceFile>>,
    ) -> Option<Arc<Self>> {
        Self::of(file, this.and_then(|trace| trace.log.clone()))
    }

    /// The trace with another log.
    pub(crate) fn with_log(
        this: Option<&Arc<Self>>,
        log: Option<Arc<LogQueue>>,
    ) -> Option<Arc<Self>> {
        Self::of(this.and_then(|trace| trace.file.clone()), log)
    }

    pub(crate) fn log(&self) -> Option<&Arc<LogQueue>> {
        self.log.as_ref()
    }

    /// Adds a line.
    pub(crate) fn line(&self, line: TraceLine, text: &str, secrets: &[Secret]) {
        let severity = line.severity();
        let log = self.log.as_ref().filter(|log| log.wants(severity));
        if self.file.is_none() && log.is_none() {
            return;
        }
        let message = format!("{} {}", line.mark(), shown(text, secrets));
        if let Some(file) = &self.file {
            file.line(&message);
        }
        if let Some(log) = log {
            log.push(LogRecord { severity, message });
        }
    }
}

/// The start of a text on one line, with secrets masked. It is masked before it
/// is cut, so that no part of a secret is left.
fn shown(text: &str, secrets: &[Secret]) -> String {
    let cut = (0..=READ.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    let read = text.get(..cut.unwrap_or(0)).unwrap_or_default();
    let mut text = format!("{read}{}", if read.len() < text.len() { CUT } else { "" });
    mask(&mut text, secrets);
    let mut out = String::with_capacity(text.len().min(SHOWN) + 16);
    for character in text.chars() {
        if out.len() >= SHOWN {
            out.push_str(CUT);
            break;
        }
        out.push(if is_hidden(character) { ' ' } else { character });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_part_of_a_secret_of_any_length_and_spelling() {
        let token = "hunter2-".repeat(500);
        let secrets = [Secret::from(token.as_str())];
        for before in [0, 1, 1990, 12_000, 15_990, READ] {
            let text = format!("{}{token} and on", "x".repeat(before));
            let shown = shown(&text, &secrets);
            assert!(!shown.contains("hunt") && shown.len() <= SHOWN + 3, "{before}");
        }
        let spelled: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        let shown = shown(&format!("{{\"a\":\"{spelled}\"}}"), &secrets);
        assert_eq!(shown, "{\"a\":\"[masked]...");
    }

    #[test]
    fn shows_one_line() {
        assert_eq!(shown("a\r\n\u{1b}b\u{2028}c\u{202e}d", &[]), "a   b c d");
    }
}
