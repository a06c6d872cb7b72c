//! The log of a client: what the trace tells, as records.

use std::ffi::{c_char, c_void};

use crate::base::error::Error;
use crate::client::{LogRecord, Severity};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;
use crate::ffi::library::*;
use crate::ffi::view::{Lent, lend, read_value};

const _: () = {
    assert!(MCP_LOG_DEBUG == Severity::Debug as i32);
    assert!(MCP_LOG_INFO == Severity::Info as i32);
    assert!(MCP_LOG_NOTICE == Severity::Notice as i32);
    assert!(MCP_LOG_WARNING == Severity::Warning as i32);
};

/// A LOG RECORD: one line about the connections of a client.
///
/// The callback of mcp_client_set_log() receives it.  It is valid until the
/// callback returns, and so is everything that the functions below return.
#[derive(Debug)]
pub struct mcp_log_record {
    level: i32,
    message: Lent,
}

impl mcp_log_record {
    fn new(record: &LogRecord) -> Self {
        Self { level: record.severity as i32, message: Lent::new(&record.message) }
    }
}

/// Receives a log record; see mcp_client_set_log().
///
/// `userdata`: the pointer that was set with the callback.
/// `client`: the client that the record is about.
/// `record`: the record.
pub type mcp_log_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        client: *mut mcp_client,
        record: *const mcp_log_record,
    ),
>;

/// Sets a callback that receives the lines of mcp_client_set_trace_fd() as
/// records.  Both may be set.
///
/// `callback`: runs like an event handler, see
/// mcp_client_set_event_handler(), and at the end of a call for the records of
/// that call.  NULL removes it.
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.
/// `level`: the lowest level that the callback receives, one of MCP_LOG_.
/// MCP_LOG_DEBUG: everything, also what is sent and received.
/// MCP_LOG_INFO: connections and processes.  MCP_LOG_NOTICE: what the person
/// should know during a sign-in.  MCP_LOG_WARNING: connections that broke, and
/// OAuth requests that failed.
///
/// The same is masked as in the trace.  A record that waits makes
/// mcp_client_fd() readable.  At most 1 MiB of records are queued.  If more
/// arrive, the oldest are dropped, and a later record gives their number.
/// mcp_client_free() delivers no records.  A call that the callback makes
/// leads to further records.
///
/// Errors: MCP_E_INVALID_ARGUMENT for another level; MCP_E_STATE after
/// mcp_client_close(), except to remove the callback.
///
/// When: at any time, for calls begun later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_log(
    client: *mut mcp_client,
    callback: mcp_log_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
    level: i32,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        if callback.is_some() && !(MCP_LOG_DEBUG..=MCP_LOG_EMERGENCY).contains(&level) {
            return Err(Error::argument(format!("level {level} is not one of MCP_LOG_")));
        }
        let handler = callback.map(|callback| {
            Box::new(move |client: *mut c_void, record: &LogRecord| {
                let record = mcp_log_record::new(record);
                // SAFETY: the application passed the function for this user
                // data. The record outlives the call.
                unsafe { callback(userdata.pointer(), client.cast(), &raw const record) };
            }) as Box<_>
        });
        client.inner.set_log(level, handler)
    })
}

/// Returns the level of a record, one of MCP_LOG_.
///
/// `record`: NULL gives MCP_LOG_DEBUG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_log_record_level(record: *const mcp_log_record) -> i32 {
    // SAFETY: the header requires NULL or a live record.
    unsafe { read_value(record, MCP_LOG_DEBUG, |it| Some(it.level)) }
}

/// Returns the text of a record: one line without its end.  It begins with
/// "> " for what is sent, "< " for what is received, and "* " for the rest.
///
/// `record`: NULL gives NULL.
///
/// Never NULL for a valid `record`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_log_record_message(record: *const mcp_log_record) -> *const c_char {
    // SAFETY: the header requires NULL or a live record.
    unsafe { lend(record, |it| Some(&it.message)) }
}
