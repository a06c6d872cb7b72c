//! What everything stands on: errors, secrets, the few system calls.

pub(crate) mod environment;
pub(crate) mod error;
pub(crate) mod secret;
pub(crate) mod sync;
pub(crate) mod sys;
pub(crate) mod thread;
