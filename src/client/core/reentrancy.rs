//! The callbacks of the application that this thread runs now.
//!
//! A handler may make a call, and a waiting call runs handlers. Without a limit,
//! a server that sends notifications all the time would overflow the stack.

use std::cell::RefCell;

/// Identifies a client by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientId(usize);

impl ClientId {
    pub(crate) fn of<T>(client: &T) -> Self {
        Self(std::ptr::from_ref(client).addr())
    }
}

/// The kind of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackKind {
    /// Handles a notification. Never runs inside another callback of its
    /// client.
    Event,
    /// Handles an input request.
    Input,
    /// Handles progress.
    Progress,
    /// Takes a request that is done. Never runs inside another callback of its
    /// client.
    Done,
    /// Gets or stores a credential. Its client cannot send anything meanwhile.
    Credential,
    /// No callback: this thread connects the client. Event handlers and done
    /// callbacks may make calls, which would wait for this thread, so they run
    /// when it has connected.
    Connecting,
}

/// How deep callbacks of one kind may be nested.
const MAX_DEPTH: usize = 4;

thread_local! {
    /// The address of the client and the kind; the innermost callback last.
    static ACTIVE: RefCell<Vec<(usize, CallbackKind)>> = const { RefCell::new(Vec::new()) };
}

/// This thread runs a callback until the value is dropped.
#[derive(Debug)]
pub(crate) struct InCallback;

impl InCallback {
    pub(crate) fn enter(client: ClientId, kind: CallbackKind) -> Self {
        ACTIVE.with_borrow_mut(|active| active.push((client.0, kind)));
        Self
    }

    /// Whether this thread runs any callback of this client.
    pub(crate) fn any(client: ClientId) -> bool {
        ACTIVE.with_borrow(|active| active.iter().any(|(one, _)| *one == client.0))
    }

    /// Whether this thread runs any callback.
    pub(crate) fn anywhere() -> bool {
        ACTIVE.with_borrow(|active| !active.is_empty())
    }

    pub(crate) fn is_in(client: ClientId, kind: CallbackKind) -> bool {
        depth(client, kind) > 0
    }

    /// Whether another callback of this kind would be nested too deeply.
    pub(crate) fn is_full(client: ClientId, kind: CallbackKind) -> bool {
        depth(client, kind) >= MAX_DEPTH
    }
}

impl Drop for InCallback {
    fn drop(&mut self) {
        ACTIVE.with_borrow_mut(|active| active.pop());
    }
}

fn depth(client: ClientId, kind: CallbackKind) -> usize {
    let this = (client.0, kind);
    ACTIVE.with_borrow(|active| active.iter().filter(|one| **one == this).count())
}
