//! Threads of the library's own.

use std::io;
use std::thread::{Builder, JoinHandle};

use crate::platform::without_signals;

/// What the standard library gives by default. It is said, because the
/// standard library would else look for a size in the environment.
const STACK: usize = 2 << 20;

/// Begins a thread on which no signal of the application is handled.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    builder(name).spawn(move || without_signals(work))
}

pub(crate) fn builder(name: &str) -> Builder {
    Builder::new().name(name.to_owned()).stack_size(STACK)
}
