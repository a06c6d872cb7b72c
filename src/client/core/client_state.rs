//! The states of a client, and what they are made of.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize};

/// The state of a client, with the numbers of the public header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum ClientState {
    /// Not connected yet.
    #[default]
    Idle = 1,
    Connecting = 2,
    Connected = 3,
    /// The client was connected. The next call connects again.
    Lost = 4,
    Closed = 5,
}

/// What the state is made of, apart from the session.
#[derive(Debug, Default)]
pub(crate) struct StateFacts {
    /// How many calls connect: one, because they do it in turn.
    pub(crate) connecting: AtomicUsize,
    pub(crate) was_connected: AtomicBool,
    /// The state that was reported last.
    pub(crate) reported: Mutex<ClientState>,
    /// Why the last session was lost.
    pub(crate) reason: Mutex<String>,
}
