//! The error of a failed call, and the last error of each thread.

use std::cell::RefCell;
use std::ffi::CString;

use crate::base::error::Error;
use crate::base::one_line::on_one_line;
use crate::ffi::argument::lent;

/// AN ERROR: the details of a failed call.
///
/// Each thread has a last error.  Every function of this header that fails
/// with a status, or that fails to make a handle, sets it.  Functions that
/// succeed, and functions that only read a value, do not change it, unless
/// their comments say so.  To read it, pass
/// NULL to the mcp_error_ functions.  A request has an error of its own,
/// mcp_request_error(), which does not change until the request is performed
/// again.  It is for applications that do not control on which thread the
/// next call runs, such as programs in Go and in other languages that move
/// work between threads.  mcp_error_copy() keeps an error for as long as you
/// need it.
///
/// An error never contains a token or the value of a header, even if the
/// server repeated it in a response.
#[derive(Clone, Debug)]
pub struct mcp_error {
    pub(crate) error: Error,
    pub(crate) message: CString,
    pub(crate) rpc_message: Option<CString>,
    pub(crate) data: Option<CString>,
    pub(crate) challenge: Vec<(String, CString)>,
}

impl mcp_error {
    pub(crate) fn new(error: Error) -> Self {
        let rpc_message = error.rpc().and_then(|rpc| rpc.message.as_deref());
        let rpc_data = error.rpc().and_then(|rpc| rpc.data.as_deref());
        let challenge = error.challenge().iter();
        Self {
            // Its parts may come from the server and have line breaks.
            message: lent(&on_one_line(error.message())),
            rpc_message: rpc_message.map(lent),
            data: rpc_data.map(lent),
            challenge: challenge.map(|(name, value)| (name.clone(), lent(value))).collect(),
            error,
        }
    }
}

thread_local! {
    static LAST: RefCell<Option<Box<mcp_error>>> = const { RefCell::new(None) };
}

/// Sets this thread's last error.
pub(crate) fn set_last(error: Error) {
    let error = Box::new(mcp_error::new(error));
    // While a thread ends, its thread-local values are gone.
    let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(error)));
}

/// Reads this thread's last error; `None` if no call has failed on it yet.
///
/// The error stays where it is until the next failing call of this thread:
/// text that `get` lends is valid until then.
pub(crate) fn with_last<T>(get: impl FnOnce(&mcp_error) -> Option<T>) -> Option<T> {
    LAST.try_with(|last| last.try_borrow().ok()?.as_deref().and_then(get)).ok()?
}
