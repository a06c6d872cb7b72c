//! Everything that knows the operating system.

mod unix;

pub(crate) use unix::*;
