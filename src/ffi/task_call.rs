//! Calls about tasks, and the tasks in a result.

use std::ffi::c_char;

use crate::base::error::Error;
use crate::client::{Operation, TaskRequest};
use crate::ffi::argument::text;
use crate::ffi::call::run;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;
use crate::ffi::request::mcp_request;
use crate::ffi::result::mcp_result;
use crate::ffi::task::mcp_task;
use crate::ffi::view::{lend_part, read_value};

/// Makes a request return the task instead of waiting for its result, if the
/// server runs the request as a task.
///
/// `request`: a request that calls a tool.
/// `ttl_milliseconds`: how long the server is asked to keep the task and its
/// result; 0 lets the server choose; -1, the default, turns this option off.
///
/// This works whether or not MCP_ALLOW_TASKS is set.  If the
/// result has an mcp_result_task(), the server made the call a task.  Pass
/// its mcp_task_id() to mcp_get_task_result(), now or later, with this client
/// or another client of the same user.
///
/// In revision 2025-11-25 the library asks for a task if the tool allows it.
/// In later revisions the server decides, and it also chooses how long it
/// keeps the task.
///
/// Errors: MCP_E_INVALID_ARGUMENT also for a request that calls no tool.
/// Spec: tasks (2025-11-25), tasks extension (2026-07-28).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_task(
    request: *mut mcp_request,
    ttl_milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        request.inner.change(|operation, limits| {
            if ttl_milliseconds < -1 {
                return Err(Error::argument("ttl_milliseconds is less than -1"));
            }
            // The longest time to live is that of a `u32`: 49 days.
            let task = (ttl_milliseconds >= 0)
                .then(|| u32::try_from(ttl_milliseconds).unwrap_or(u32::MAX));
            if task.is_some() && !operation.is_tool_call() {
                return Err(Error::argument(
                    "request calls no tool: only tool calls can run as tasks",
                ));
            }
            limits.task = task;
            Ok(())
        })
    })
}

/// Asks the server for a task's status.
///
/// `task_id`: the id of mcp_task_id(), copied.
/// `out`, unless NULL, receives the result, or NULL on failure.  Read it with
/// mcp_task_status(mcp_result_task(*out, 0)); free it with mcp_result_free().
///
/// Errors: call errors; MCP_E_NOT_FOUND for a task that the server does not
/// know, or does not know any more; MCP_E_UNSUPPORTED if the server or its
/// revision has no tasks.
///
/// Spec: tasks/get.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_get_task(
    client: *mut mcp_client,
    task_id: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { ask_about_task(client, TaskRequest::State, task_id, out) }
}

/// Waits for the end of a task and returns the result that the request would
/// have had without a task.
///
/// `task_id`, `out`: as for mcp_get_task().
///
/// The library asks for the task's status as often as the server wants to be
/// asked.  Input requests of the task go to the input handler.  If this call
/// ends before the task does, the library does not cancel the task.
///
/// Errors: those of mcp_get_task(); the error that the task contains;
/// MCP_E_CANCELLED for a task that was cancelled.
///
/// Spec: tasks/result, tasks/get, tasks/update.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_get_task_result(
    client: *mut mcp_client,
    task_id: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { ask_about_task(client, TaskRequest::Result, task_id, out) }
}

/// Asks the server about a task and stores the result.
///
/// # Safety
///
/// `client` is NULL or a live client, `task_id` NULL or a text, `out` NULL or
/// a place to write to.
unsafe fn ask_about_task(
    client: *mut mcp_client,
    about: TaskRequest,
    task_id: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: guaranteed by the caller.
    unsafe { run(client, out, || Operation::task(about, text(task_id, "task_id")?)) }
}

/// Asks the server to cancel a task.
///
/// `task_id`: as for mcp_get_task().
///
/// The server may cancel the task later, or finish it in spite of this call:
/// mcp_get_task() returns its status.
///
/// Errors: those of mcp_get_task().  MCP_E_NOT_FOUND also stands for a task
/// that has ended: in revision 2025-11-25 both have the same error.
///
/// Spec: tasks/cancel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_cancel_task(client: *mut mcp_client, task_id: *const c_char) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { ask_about_task(client, TaskRequest::Cancel, task_id, std::ptr::null_mut()) }
}

/// Returns 1 for a result that is a task, and the number of tasks for a
/// result of the method "tasks/list".
///
/// `result`: NULL gives 0.
///
/// Spec: tasks/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_task_count(result: *const mcp_result) -> usize {
    // SAFETY: the header requires NULL or a live result.
    unsafe { read_value(result, 0, |it| Some(it.tasks().len())) }
}

/// Returns a task by its index.
///
/// `result`: NULL gives NULL.
/// `index`: starts at 0; NULL past the end.
///
/// A result that is a task has one, with the index 0.  Other results, such as
/// that of a tool that the server did not run as a task, have none.  For the
/// tasks of a server, in revision 2025-11-25, use mcp_request_new() with the
/// method "tasks/list" and mcp_request_set_all_pages().
///
/// Spec: tasks/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_task(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_task {
    // SAFETY: the header requires NULL or a live result.
    unsafe { lend_part(result, |it| it.tasks().get(index)) }
}
