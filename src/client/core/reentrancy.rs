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
const MOST: usize = 4;

thread_local! {
    /// With the address of the client, the innermost last.
    static INSIDE: RefCell<Vec<(usize, CallbackKind)>> = const { RefCell::new(Vec::new()) };
}

/// This thread is in a function of the application's until this is dropped.
#[derive(Debug)]
pub(crate) struct InCallback;

impl InCallback {
    pub(crate) fn enter(client: ClientId, function: CallbackKind) -> Self {
        INSIDE.with_borrow_mut(|inside| inside.push((client.0, function)));
        Self
    }

    /// Whether it is in any function of this client's.
    pub(crate) fn any(client: ClientId) -> bool {
        INSIDE.with_borrow(|inside| inside.iter().any(|(one, _)| *one == client.0))
    }

    /// Whether it is in any function of the application's.
    pub(crate) fn anywhere() -> bool {
        INSIDE.with_borrow(|inside| !inside.is_empty())
    }

    pub(crate) fn is_in(client: ClientId, function: CallbackKind) -> bool {
        depth(client, function) > 0
    }

    /// Whether another function of this kind would be nested too deeply.
    pub(crate) fn is_full(client: ClientId, function: CallbackKind) -> bool {
        depth(client, function) >= MOST
    }
}

impl Drop for InCallback {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(|inside| inside.pop());
    }
}

fn depth(client: ClientId, function: CallbackKind) -> usize {
    let this = (client.0, function);
    INSIDE.with_borrow(|inside| inside.iter().filter(|one| **one == this).count())
}
