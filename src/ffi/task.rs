//! Tasks: calls of tools that go on at the server.

use std::ffi::c_char;

use crate::ffi::view::{Lent, View, lend, lend_long, read_value};

/// A TASK: a call of a tool that goes on at the server after it has answered,
/// which takes longer than anybody wants to hold a connection.  Borrowed from
/// the result of mcp_result_task(), or from the event of mcp_event_task().
///
/// Whoever knows a task's id may have its result: treat it like a password.
#[derive(Debug)]
pub struct mcp_task(pub(crate) View);

impl mcp_task {
    pub(crate) fn status(&self) -> Option<&Lent> {
        self.0.string("status")
    }

    /// Its names differ between the two forms of tasks.
    fn milliseconds(&self, names: [&str; 2]) -> Option<i64> {
        let given = names.into_iter().find_map(|name| self.0.integer(name));
        given.filter(|milliseconds| *milliseconds >= 0)
    }

    pub(crate) fn ttl(&self) -> Option<i64> {
        self.milliseconds(["ttlMs", "ttl"])
    }

    pub(crate) fn poll_interval(&self) -> Option<i64> {
        self.milliseconds(["pollIntervalMs", "pollInterval"])
    }
}

/// Gives a task's id, which is like a password.
///
/// NULL if the server sent none or another type.  `task`: NULL gives NULL.
/// Borrowed like the task.
/// Threads: any.  Since: 0.1.0.  Spec: Task, taskId.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_id(task: *const mcp_task) -> *const c_char {
    // SAFETY: the header asks for NULL or a live task.
    unsafe { lend(task, |it| it.0.string("taskId")) }
}

/// Gives a task's status; see mcp_result_task_status().
///
/// NULL if the server sent none or another type.  `task`: NULL gives NULL.
/// Borrowed like the task.
/// Threads: any.  Since: 0.1.0.  Spec: Task, status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_status(task: *const mcp_task) -> *const c_char {
    // SAFETY: the header asks for NULL or a live task.
    unsafe { lend(task, mcp_task::status) }
}

/// Gives the server's words about a task's status.
///
/// NULL if the server sent none or another type.  `task`: NULL gives NULL.
/// Borrowed like the task.
/// Threads: any.  Since: 0.1.0.  Spec: Task, statusMessage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_message(task: *const mcp_task) -> *const c_char {
    // SAFETY: the header asks for NULL or a live task.
    unsafe { lend(task, |it| it.0.string("statusMessage")) }
}

/// Gives when a task was created, as ISO 8601 has it.
///
/// NULL if the server sent none or another type.  `task`: NULL gives NULL.
/// Borrowed like the task.
/// Threads: any.  Since: 0.1.0.  Spec: Task, createdAt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_created(task: *const mcp_task) -> *const c_char {
    // SAFETY: the header asks for NULL or a live task.
    unsafe { lend(task, |it| it.0.string("createdAt")) }
}

/// Gives when a task last changed, as ISO 8601 has it.
///
/// NULL if the server sent none or another type.  `task`: NULL gives NULL.
/// Borrowed like the task.
/// Threads: any.  Since: 0.1.0.  Spec: Task, lastUpdatedAt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_updated(task: *const mcp_task) -> *const c_char {
    // SAFETY: the header asks for NULL or a live task.
    unsafe { lend(task, |it| it.0.string("lastUpdatedAt")) }
}

/// Gives the milliseconds for which a task is kept; see mcp_result_task_ttl().
///
/// `task`: NULL gives -1.
/// Threads: any.  Since: 0.1.0.  Spec: Task, ttl.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_ttl(task: *const mcp_task) -> i64 {
    // SAFETY: the header asks for NULL or a live task.
    unsafe { read_value(task, -1, mcp_task::ttl) }
}

/// Gives the whole task as JSON text.
///
/// Never NULL for a task.  `task`: NULL gives NULL.  `len`, unless NULL,
/// receives the bytes without the terminating NUL.  Borrowed like the task.
/// Threads: any.  Since: 0.1.0.  Spec: Task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_task_json(task: *const mcp_task, len: *mut usize) -> *const c_char {
    // SAFETY: the header asks for NULL or a live task, and for NULL or a place
    // to write to.
    unsafe { lend_long(task, len, |it| Some(it.0.whole())) }
}
