//! What everything stands on: errors, secrets, the few system calls.

pub(crate) mod error;
pub(crate) mod mask;
pub(crate) mod one_line;
pub(crate) mod secret;
pub(crate) mod sync;
pub(crate) mod sys;
