//! How a process ended, on any system.

/// How a child process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Status(i32),
    /// A signal ended it. Only Unix has this.
    Signal(i32),
}

impl Exit {
    /// One number for both, as a shell reports it: 128 is added to the number
    /// of a signal.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Status(status) => status,
            Self::Signal(signal) => 128 + signal,
        }
    }
}
