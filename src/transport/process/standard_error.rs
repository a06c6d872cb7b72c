//! Keeps the last part of a program's standard error output.

use crate::base::one_line;

/// How many bytes are kept.
const KEPT: usize = 8 * 1024;
/// How many of them an error shows.
const SHOWN: usize = 1000;

/// The last bytes of an output that has no bound.
#[derive(Debug, Default)]
pub(super) struct OutputTail {
    bytes: Vec<u8>,
    /// Bytes were dropped in front, so the rest may begin inside a secret.
    is_cut: bool,
}

impl OutputTail {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * KEPT {
            self.bytes.drain(..self.bytes.len() - KEPT);
            self.is_cut = true;
        }
    }

    /// The last part, on one line and without control characters.
    pub(super) fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        // The cut may have left the rest of a character.
        let whole = if self.is_cut { text.trim_start_matches('\u{fffd}') } else { &text };
        let text = whole.trim();
        let from = text.len().saturating_sub(SHOWN);
        let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let mut out = String::new();
        if !text.is_empty() && (from > 0 || self.is_cut) {
            out.push_str("...");
        }
        for character in text.get(from..).unwrap_or_default().chars() {
            one_line::push(&mut out, character);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_that_there_was_more_even_if_little_is_left() {
        let mut tail = OutputTail::default();
        tail.add(&[b'x'; 2 * KEPT - 10]);
        tail.add("hunter2-\u{e9}".as_bytes());
        tail.add(&[b'\n'; KEPT - 4]);
        assert!(tail.is_cut);
        let shown = tail.shown();
        assert!(shown.starts_with("...") && shown.len() < 10, "{shown}");
    }

    #[test]
    fn keeps_the_end_of_the_output() {
        let mut tail = OutputTail::default();
        tail.add(b"all of it\n");
        assert_eq!(tail.shown(), "all of it");
        for _ in 0..100 {
            tail.add(&[b'x'; 1000]);
        }
        tail.add("\u{e9}\n\x1b[31mthe end\n".as_bytes());
        assert!(tail.bytes.len() <= 2 * KEPT + 1000);
        assert!(tail.shown().ends_with("\u{e9} [31mthe end") && tail.shown().len() < SHOWN + 8);
    }
}
