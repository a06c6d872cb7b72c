//! Keeps the first and the last lines of a program's standard error output.
//!
//! The first line often says why a program cannot work, and the last line of a
//! traceback has the error itself. What is between is the least helpful.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use crate::base::mask::CUT;
use crate::base::one_line::on_one_line;
use crate::base::sync::lock;

/// How many bytes are kept.
const KEPT: usize = 8 * 1024;
/// How many of them are of the first lines.
const KEPT_HEAD: usize = 2 * 1024;
/// How many of them are of the last lines.
const KEPT_TAIL: usize = KEPT - KEPT_HEAD;
/// How many bytes of a line are kept.
const KEPT_LINE: usize = 300;
/// How many bytes an error shows of the first lines, if not all fit.
const SHOWN_HEAD: usize = 450;
/// How many bytes an error shows of the last lines.
const SHOWN_TAIL: usize = 1050;
/// How many of the first lines, and of the last lines, an error shows at most.
const MOST_HEAD: usize = 8;
const MOST_TAIL: usize = 20;
/// How many blanks of a line's indentation are kept.
const MOST_INDENT: usize = 8;
/// Stands between two lines in an error, which is on one line.
const BETWEEN: &str = " | ";

/// The lines that are kept of an output that has no bound.
#[derive(Debug, Default)]
pub(crate) struct KeptOutput(Mutex<KeptLines>);

impl KeptOutput {
    pub(super) fn lock(&self) -> MutexGuard<'_, KeptLines> {
        lock(&self.0)
    }

    /// The first and the last lines, on one line and without control
    /// characters; empty if there was no output.
    pub(crate) fn shown(&self) -> String {
        lock(&self.0).shown()
    }
}

#[derive(Debug, Default)]
pub(super) struct KeptLines {
    head: Vec<String>,
    head_size: usize,
    tail: VecDeque<String>,
    tail_size: usize,
    /// The number of lines that were dropped after the head.
    dropped: usize,
    /// The beginning of the line that has not ended.
    current: Vec<u8>,
    /// That line is longer than `current`.
    is_cut: bool,
    /// The line has a carriage return at its end. Text after it replaces the
    /// line, as a progress bar does.
    is_returned: bool,
}

impl KeptLines {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            self.extend(rest.get(..at).unwrap_or_default());
            self.end_line();
            rest = rest.get(at + 1..).unwrap_or_default();
        }
        self.extend(rest);
    }

    fn extend(&mut self, bytes: &[u8]) {
        let text = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let last = memchr::memrchr(b'\r', text).map_or(0, |at| at + 1);
        if (self.is_returned || last > 0) && !text.is_empty() {
            (self.is_cut, self.is_returned) = (false, false);
            self.current.clear();
        }
        let text = text.get(last..).unwrap_or_default();
        let room = KEPT_LINE.saturating_sub(self.current.len());
        self.is_cut |= text.len() > room;
        self.current.extend_from_slice(text.get(..room).unwrap_or(text));
        self.is_returned |= text.len() < bytes.len() && bytes.ends_with(b"\r");
    }

    fn end_line(&mut self) {
        let line = self.current_line();
        self.current.clear();
        (self.is_cut, self.is_returned) = (false, false);
        if line.is_empty() {
            return;
        }
        let size = line.len();
        if self.tail.is_empty() && self.head_size + size <= KEPT_HEAD {
            self.head_size += size;
            self.head.push(line);
            return;
        }
        self.tail_size += size;
        self.tail.push_back(line);
        while self.tail_size > KEPT_TAIL {
            self.tail_size -= self.tail.pop_front().map_or(self.tail_size, |line| line.len());
            self.dropped += 1;
        }
    }

    /// The line that has not ended, fit for a message.
    fn current_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.current);
        // The cut may have left a part of a character.
        let whole = if self.is_cut { text.trim_end_matches('\u{fffd}') } else { &text };
        let shown = on_one_line(whole);
        let shown = shown.trim();
        if shown.is_empty() {
            return String::new();
        }
        // A traceback is read by its indentation.
        let indent = whole.len() - whole.trim_start_matches(' ').len();
        let mut line = format!("{:1$}{shown}", "", indent.min(MOST_INDENT));
        if self.is_cut {
            line.push_str(CUT);
        }
        line
    }

    fn shown(&self) -> String {
        let current = Some(self.current_line()).filter(|line| !line.is_empty());
        let (head, tail) = (&self.head, || self.tail.iter().chain(&current));
        let size = |lines: &mut dyn Iterator<Item = &String>| -> usize {
            lines.map(|line| line.len() + BETWEEN.len()).sum()
        };
        let all = size(&mut head.iter().chain(tail()));
        let count = head.len() + tail().count();
        if self.dropped == 0 && all <= SHOWN_HEAD + SHOWN_TAIL && count <= MOST_HEAD + MOST_TAIL {
            return head.iter().chain(tail()).map(String::as_str).collect::<Vec<_>>().join(BETWEEN);
        }
        let mut room = SHOWN_HEAD;
        let mut lines: Vec<&str> =
            head.iter().take(MOST_HEAD).map_while(|line| take(line, &mut room)).collect();
        let first = lines.len();
        let rest: Vec<&String> = head.iter().skip(first).chain(tail()).collect();
        let mut room = SHOWN_TAIL;
        let last: Vec<&str> =
            rest.iter().rev().take(MOST_TAIL).map_while(|line| take(line, &mut room)).collect();
        let left = rest.len() - last.len() + self.dropped;
        let note = format!("... {left} line{} left out ...", if left == 1 { "" } else { "s" });
        if left > 0 {
            lines.push(&note);
        }
        lines.extend(last.into_iter().rev());
        lines.join(BETWEEN)
    }
}

/// Returns the line if there is room for it.
fn take<'a>(line: &'a str, room: &mut usize) -> Option<&'a str> {
    *room = room.checked_sub(line.len() + BETWEEN.len())?;
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[&[u8]]) -> String {
        let output = KeptOutput::default();
        pieces.iter().for_each(|piece| output.lock().add(piece));
        output.shown()
    }

    #[test]
    fn shows_whole_lines() {
        assert_eq!(shown(&[]), "");
        assert_eq!(shown(&[b"\n \r\n\t\n"]), "");
        assert_eq!(shown(&[b"all of it\n"]), "all of it");
        assert_eq!(shown(&[b"a\n\nb\r\n  c  \nd"]), "a | b |   c | d");
        assert_eq!(shown(&[&b" ".repeat(100), b"a\n"]), "        a");
        let text = "\u{e9}\n\x1b[31mthe\tend \u{202e}\n".as_bytes();
        for at in 0..text.len() {
            assert_eq!(shown(&[&text[..at], &text[at..]]), "\u{e9} | [31mthe end", "{at}");
        }
        assert_eq!(shown(&[b"caf\xe9 ok\n"]), "caf\u{fffd} ok");
    }

    #[test]
    fn shows_the_last_state_of_a_progress_bar() {
        let text = b"first\n 10%\r 50%\r100%\r\nlast\n";
        for at in 0..text.len() {
            assert_eq!(shown(&[&text[..at], &text[at..]]), "first | 100% | last", "{at}");
        }
        let bar = b"#".repeat(1000);
        assert_eq!(shown(&[&bar, b"\r", &bar, b"\rdone"]), "done");
    }

    #[test]
    fn keeps_the_first_and_the_last_lines() {
        let output = KeptOutput::default();
        output.lock().add(b"Error: no database\n");
        for number in 0..100_000 {
            output.lock().add(format!("line {number}\n").as_bytes());
        }
        output.lock().add(b"ValueError: last");
        let shown = output.shown();
        assert!(shown.starts_with("Error: no database | line 0 | "), "{shown}");
        assert!(shown.ends_with(" | line 99999 | ValueError: last"), "{shown}");
        assert!(shown.len() <= SHOWN_HEAD + SHOWN_TAIL + 40, "{}", shown.len());
        let (before, after) = shown.split_once(" | ... ").unwrap();
        let (left, after) = after.split_once(" lines left out ... | ").unwrap();
        let counts = [before, after].map(|lines| lines.split(BETWEEN).count());
        assert_eq!(counts, [MOST_HEAD, MOST_TAIL], "{shown}");
        let count = counts[0] + counts[1];
        assert_eq!(left.parse::<usize>().unwrap() + count, 100_002);
        let kept = output.lock();
        assert!(kept.head_size <= KEPT_HEAD && kept.tail_size <= KEPT_TAIL + KEPT_LINE);
    }

    #[test]
    fn cuts_a_long_line_at_its_end_and_keeps_the_others() {
        let long = "\u{e9}".repeat(100_000);
        let said = shown(&[b"a\n", long.as_bytes(), b"\nb\n"]);
        let lines: Vec<&str> = said.split(BETWEEN).collect();
        assert!(lines.len() == 3 && lines[0] == "a" && lines[2] == "b", "{said}");
        assert!(lines[1].starts_with("\u{e9}") && lines[1].ends_with("\u{e9}..."), "{said}");
        assert!(lines[1].len() <= KEPT_LINE + CUT.len(), "{said}");
    }
}
