//! What happens on the wire, a line at a time, on a descriptor of the
//! program's. Secrets are masked before they come here.

use std::os::fd::{OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::error::{Error, Result};
use crate::base::secret::{Secret, mask};
use crate::base::sys;
use crate::transport::socket::plain;

/// The most of a body that one line shows.
const SHOWN: usize = 2000;

#[derive(Debug)]
pub(crate) struct Trace {
    fd: OwnedFd,
    /// Lines that would have blocked.
    lost: AtomicU64,
}

impl Trace {
    pub(crate) fn new(fd: RawFd) -> Result<Self> {
        let fd = sys::duplicate(fd).map_err(|error| {
            Error::argument(format!("fd cannot be duplicated: {}", plain(&error)))
        })?;
        Ok(Self { fd, lost: AtomicU64::new(0) })
    }

    /// Writes one line, or counts it where that would block.
    pub(crate) fn line(&self, mark: &str, text: &str, secrets: &[Secret]) {
        let mut shown = String::with_capacity(text.len().min(SHOWN) + 16);
        // Masked before it is cut, so that no part of a secret stays.
        let mut text = text.to_owned();
        mask(&mut text, secrets);
        for character in text.chars() {
            if shown.len() >= SHOWN {
                shown.push_str("...");
                break;
            }
            shown.push(if character.is_control() { ' ' } else { character });
        }
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let note = if lost > 0 { format!("* {lost} lines lost\n") } else { String::new() };
        let line = format!("{note}{mark} {shown}\n");
        if !sys::write_at_once(&self.fd, line.as_bytes()) {
            self.lost.fetch_add(lost + 1, Ordering::Relaxed);
        }
    }
}
