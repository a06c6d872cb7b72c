//! Functions of the program that run for an authorization: what they call must
//! not wait for it.

use std::cell::RefCell;
use std::sync::Arc;

use crate::auth::oauth::state::auth::Auth;

thread_local! {
    /// The authorizations for which a function of the program runs here.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Runs work that is code of the program.
pub(crate) fn inside<T>(auth: &Arc<Auth>, work: impl FnOnce() -> T) -> T {
    let _mark = ReentrancyMark::set(auth);
    work()
}

/// Whether this thread runs code of the program for the authorization.
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
