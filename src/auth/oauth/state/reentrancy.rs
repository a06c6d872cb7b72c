//! Re-entrancy guard: a callback of an authorization must not wait for that
//! authorization.

use std::cell::RefCell;
use std::sync::Arc;

use crate::auth::oauth::state::auth::Auth;

thread_local! {
    /// The authorizations whose callbacks run on this thread.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Runs a callback of the authorization.
pub(crate) fn inside<T>(auth: &Arc<Auth>, work: impl FnOnce() -> T) -> T {
    let _mark = ReentrancyMark::set(auth);
    work()
}

/// Whether this thread runs a callback of the authorization.
pub(crate) fn is_inside(auth: &Arc<Auth>) -> bool {
    INSIDE.with_borrow(|all| all.contains(&address(auth)))
}

struct ReentrancyMark;

impl ReentrancyMark {
    fn set(auth: &Arc<Auth>) -> Self {
        INSIDE.with_borrow_mut(|all| all.push(address(auth)));
        Self
    }
}

impl Drop for ReentrancyMark {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(|all| {
            all.pop();
        });
    }
}

fn address(auth: &Arc<Auth>) -> usize {
    Arc::as_ptr(auth).addr()
}
