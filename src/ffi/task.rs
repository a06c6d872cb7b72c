//! Tasks: tool calls that continue at the server.

use std::ffi::c_char;

use crate::ffi::view::{View, lend, lend_long, read_value};

/// A TASK: a tool call that continues at the server after the server has
/// answered the request, because it takes too long to keep a connection open.
///
/// Borrowed from the result of mcp_result_task(), or from the event of
/// mcp_event_task().  Everyone who knows a task's id may be able to get its
/// result: treat the id like a password.  mcp_task_json() also has the times
/// at which the task was created and last changed.
#[derive(Debug)]
pub struct mcp_task(pub(crate) View);

impl mcp_task {
    /// The member has another name in each of the two revisions with tasks.
    fn milliseconds(&self, names: [&str; 2]) -> Option<i64> {
        let given = names.into_iter().find_map(|name| self.0.integer(name));
        given.filter(|milliseconds| *milliseconds >= 0)
    }

    fn ttl(&self) -> Option<i64> {
        self.milliseconds(["ttlMs", "ttl"])
    }

    fn poll_interval(&self) -> Option<i64> {
        self.milliseconds(["pollIntervalMs", "pollInterval"])
    }
}

/// Returns the task's id.  Treat it like a password.
///
/// `task`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Task, taskId.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_id(task: *const mcp_task) -> *const c_char {
    // SAFETY: the header requires NULL or a live task.
    unsafe { lend(task, |it| it.0.string("taskId")) }
}

/// Returns the task's status: "working", "input_required", "completed",
/// "failed" or "cancelled".
///
/// `task`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Task, status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_status(task: *const mcp_task) -> *const c_char {
    // SAFETY: the header requires NULL or a live task.
    unsafe { lend(task, |it| it.0.string("status")) }
}

/// Returns the server's message about the task's status.
///
/// `task`: NULL gives NULL.
///
/// Returns NULL if the server sent none or a value of another type.
///
/// Spec: Task, statusMessage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_message(task: *const mcp_task) -> *const c_char {
    // SAFETY: the header requires NULL or a live task.
    unsafe { lend(task, |it| it.0.string("statusMessage")) }
}

/// Returns for how many milliseconds, from its creation on, the server keeps
/// the task.
///
/// `task`: NULL gives -1.
///
/// Returns -1 if the server sets no limit, or sent a value of another type.
///
/// Spec: Task, ttl.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_ttl(task: *const mcp_task) -> i64 {
    // SAFETY: the header requires NULL or a live task.
    unsafe { read_value(task, -1, mcp_task::ttl) }
}

/// Returns how many milliseconds the server wants the application to wait
/// before it asks for the task again.
///
/// `task`: NULL gives -1.
///
/// Returns -1 if the server does not say so, or sent a value of another type.
///
/// Spec: Task, pollInterval.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_poll_interval(task: *const mcp_task) -> i64 {
    // SAFETY: the header requires NULL or a live task.
    unsafe { read_value(task, -1, mcp_task::poll_interval) }
}

/// Returns the whole task as JSON text.
///
/// `task`: NULL gives NULL.
///
/// Never NULL for a valid `task`.
///
/// Spec: Task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_json(task: *const mcp_task, len: *mut usize) -> *const c_char {
    // SAFETY: the header requires NULL or a live task, and NULL or a place
    // to write to.
    unsafe { lend_long(task, len, |it| Some(it.0.whole())) }
}
