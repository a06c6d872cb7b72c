//! Which of the application's functions this thread is in, and for which
//! client.
//!
//! A handler may make calls, and a call that waits runs handlers. Without a
//! bound a server that keeps notifying would fill the stack.

use std::cell::RefCell;

/// Which client it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientId(usize);

impl ClientId {
    /// The one at this address.
    pub(crate) fn of<T>(client: &T) -> Self {
        Self(std::ptr::from_ref(client).addr())
    }
}

/// A kind of function of the application's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackKind {
    /// Told of a notification. Never nested in another function of its client.
    Event,
    /// Asked a question.
    Input,
    /// Told of progress.
    Progress,
    /// Gets or keeps a credential. Its client cannot send anything meanwhile.
    Credential,
}

/// How deep questions, and reports of progress, may be nested.
const MAX_DEPTH: usize = 4;

thread_local! {
    /// With the address of the client, the innermost last.
    static ACTIVE: RefCell<Vec<(usize, CallbackKind)>> = const { RefCell::new(Vec::new()) };
}

/// This thread is in a function of the application's until this is dropped.
#[derive(Debug)]
pub(crate) struct InCallback;

impl InCallback {
    pub(crate) fn enter(client: ClientId, kind: CallbackKind) -> Self {
        ACTIVE.with_borrow_mut(|active| active.push((client.0, kind)));
        Self
    }

    /// Whether it is in any function of this client's.
    pub(crate) fn any(client: ClientId) -> bool {
        ACTIVE.with_borrow(|active| active.iter().any(|(one, _)| *one == client.0))
    }

    /// Whether it is in any function of the application's.
    pub(crate) fn anywhere() -> bool {
        ACTIVE.with_borrow(|active| !active.is_empty())
    }

    pub(crate) fn is_in(client: ClientId, kind: CallbackKind) -> bool {
        depth(client, kind) > 0
    }

    /// Whether another function of this kind would be nested too deeply.
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
