//! What everything stands on: errors, secrets, the few system calls.

pub(crate) mod error;
pub(crate) mod secret;
pub(crate) mod sys;
