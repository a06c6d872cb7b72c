//! The trace: a line for each request, response and message, written to a
//! descriptor of the application. Secrets in it are masked.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::error::{Error, Result};
use crate::base::mask::{CUT, mask};
use crate::base::one_line::is_hidden;
use crate::base::secret::Secret;
use crate::platform::{Descriptor, RawDescriptor};
use crate::transport::socket::plain;

/// The most bytes of a body that a line shows.
const SHOWN: usize = 2000;
/// The most bytes that are read for it: a secret may be long, and an escape is
/// longer than the character it stands for.
const READ: usize = 8 * SHOWN;

#[derive(Debug)]
pub(crate) struct Trace {
    fd: Descriptor,
    /// The number of lines that were dropped because a write would block.
    lost: AtomicU64,
}

impl Trace {
    pub(crate) fn new(fd: RawDescriptor) -> Result<Self> {
        let fd = Descriptor::duplicate(fd).map_err(|error| {
            Error::argument(format!("fd cannot be duplicated: {}", plain(&error)))
        })?;
        Ok(Self { fd, lost: AtomicU64::new(0) })
    }

    /// Writes a line. If the write would block, the line is counted as lost.
    pub(crate) fn line(&self, mark: &str, text: &str, secrets: &[Secret]) {
        let shown = shown(text, secrets);
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let note = if lost > 0 { format!("* {lost} lines lost\n") } else { String::new() };
        let line = format!("{note}{mark} {shown}\n");
        if !self.fd.write_at_once(line.as_bytes()) {
            self.lost.fetch_add(lost + 1, Ordering::Relaxed);
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
