//! The threads that the library starts.

use std::io;
use std::thread::{Builder, JoinHandle};

use crate::platform::without_signals;

/// The standard library's default. Without an explicit size, the standard
/// library would look for one in the environment.
const STACK: usize = 2 << 20;

/// Starts a thread on which no signal handler of the application runs.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    builder(name).spawn(move || without_signals(work))
}

pub(crate) fn builder(name: &str) -> Builder {
    Builder::new().name(name.to_owned()).stack_size(STACK)
}
