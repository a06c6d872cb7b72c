//! Tasks: calls of tools that go on at the server.

use std::ffi::c_char;

use crate::base::error::Error;
use crate::client::call::task::TaskQuestion;
use crate::ffi::argument::{store, text};
use crate::ffi::call::hand_out;
use crate::ffi::client::mcp_client;
use crate::ffi::event::mcp_event;
use crate::ffi::guard::guard;
use crate::ffi::handle::{borrow, give};
use crate::ffi::request::mcp_request;
use crate::ffi::result::mcp_result;
use crate::ffi::view::{Lent, View, lend, lend_long, lend_part, tell};

/// A TASK: a call of a tool that goes on at the server after it has answered,
/// which takes longer than anybody wants to hold a connection.  Borrowed from
/// the result of mcp_result_task(), or from the event of mcp_event_task().
///
/// Whoever knows a task's id may have its result: treat it like a password.
#[derive(Debug)]
pub struct mcp_task(pub(crate) View);

impl mcp_task {
    fn status(&self) -> Option<&Lent> {
        self.0.string("status")
    }

    /// Its names differ between the two forms of tasks.
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

/// Lets calls of tools run as tasks, and waits through them: calling a tool
/// stays one call, however long it takes.
///
/// `allow`: 1, or 0 as at first.  From revision 2026-07-28 on, each request
/// then declares the tasks extension, and the server decides; in 2025-11-25 a
/// task is asked for where the tool runs in no other way, which the list of
/// tools tells: it is read if need be.  Other revisions have no tasks, and
/// nothing changes.
///
/// A call that has become a task asks the server how it stands, as often as
/// the server wants to be asked, or when it tells: MCP_EVENT_TASK_STATUS.
/// Each answer starts the call's timeout anew; its deadline holds, see
/// mcp_client_set_deadline().  Questions come to the input handler, and a call
/// that is cancelled or out of time ends the task at the server.  A task that
/// fails is the error that it holds, one that the server cancels
/// MCP_E_CANCELLED, one that the server forgets MCP_E_NOT_FOUND, or
/// MCP_E_SESSION_LOST if it forgot the session.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_FORKED.
/// Threads: any, for calls begun later.  Since: 0.1.0.
/// Spec: tasks (2025-11-25), tasks extension (2026-07-28).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_tasks(client: *mut mcp_client, allow: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.set_tasks(allow != 0)
    })
}

/// Hands out a task in place of the result, where the server runs this request
/// as one, whether or not mcp_client_set_tasks() allows it.
///
/// `request`: one that calls a tool.  `ttl_milliseconds`: how long the server
/// is asked to keep the task and its result, 0 for as long as it wants to; -1
/// takes the wish away, as at first.  In 2025-11-25 a task is asked for where
/// the tool allows it; later the server decides, the time to live among it.
/// The result has a mcp_result_task_id() if it is a task: give that to
/// mcp_get_task_result(), now or later, from this client or another one of the
/// same user.
///
/// Errors: MCP_E_INVALID_ARGUMENT, also for a request that calls no tool;
/// MCP_E_FORKED.
/// Threads: one at a time.  Since: 0.1.0.
/// Spec: tasks (2025-11-25), tasks extension (2026-07-28).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_set_task(
    request: *mut mcp_request,
    ttl_milliseconds: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live request.
        let request = unsafe { borrow(request, "request") }?;
        request.inner.change(|call, limits| {
            if ttl_milliseconds < -1 {
                return Err(Error::argument("ttl_milliseconds is less than -1"));
            }
            let task = u32::try_from(ttl_milliseconds).ok();
            if task.is_some() && !call.is_tool() {
                return Err(Error::argument(
                    "request calls no tool, and nothing else runs as a task",
                ));
            }
            limits.task = task;
            Ok(())
        })
    })
}

/// Asks how a task stands: mcp_result_task_status().
///
/// `task_id`: of mcp_result_task_id(), copied.  `out`, unless NULL, receives
/// the result, to free with mcp_result_free(), or NULL on failure.
///
/// Returns MCP_OK or a status: call errors; MCP_E_NOT_FOUND for a task that
/// the server does not know, or not any more; MCP_E_UNSUPPORTED when it, or
/// its revision, has no tasks.
/// Threads: any.  Since: 0.1.0.  Spec: tasks/get.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_get_task(
    client: *mut mcp_client,
    task_id: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header asks for the same.
    unsafe { tell_about(client, TaskQuestion::State, task_id, out) }
}

/// Waits for the end of a task and gives the result that the request would
/// have had.
///
/// `task_id`, `out`: as for mcp_get_task().  Asks as often as the server wants
/// to be asked; questions of the task come to the input handler.  One that is
/// given up leaves the task as it is.
///
/// Returns MCP_OK or a status: those of mcp_get_task(), the error that the
/// task holds, and MCP_E_CANCELLED for one that was cancelled.
/// Threads: any.  Since: 0.1.0.  Spec: tasks/result, tasks/get, tasks/update.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_get_task_result(
    client: *mut mcp_client,
    task_id: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header asks for the same.
    unsafe { tell_about(client, TaskQuestion::Result, task_id, out) }
}

/// Asks the server about a task.
///
/// # Safety
///
/// `client` is NULL or a live client, `task_id` NULL or a text, `out` NULL or a
/// place to write to.
unsafe fn tell_about(
    client: *mut mcp_client,
    about: TaskQuestion,
    task_id: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: as the caller says.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: as the caller says.
        let (client, id) = unsafe { (borrow(client, "client")?, text(task_id, "task_id")?) };
        let answer = client.inner.about_task(about, id)?;
        // SAFETY: as the caller says.
        unsafe { hand_out(vec![answer], out) };
        Ok(())
    })
}

/// Asks the server to end a task.
///
/// `task_id`: as for mcp_get_task().  The server may take its time, or finish
/// the task all the same: mcp_get_task() tells.
///
/// Returns MCP_OK or a status: those of mcp_get_task(); MCP_E_NOT_FOUND also
/// for a task that is over, which in 2025-11-25 is the same error.
/// Threads: any.  Since: 0.1.0.  Spec: tasks/cancel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_cancel_task(client: *mut mcp_client, task_id: *const c_char) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, id) = unsafe { (borrow(client, "client")?, text(task_id, "task_id")?) };
        client.inner.about_task(TaskQuestion::Cancel, id).map(drop)
    })
}

/// Lists the server's tasks, page after page: mcp_result_task_count().
///
/// `out`: as for mcp_list_tools().
///
/// Returns like mcp_list_tools(); MCP_E_UNSUPPORTED when the server does not
/// list tasks: from revision 2026-07-28 on none does, and you keep the ids.
/// Threads: any.  Since: 0.1.0.  Spec: tasks/list (2025-11-25).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_tasks(client: *mut mcp_client, out: *mut *mut mcp_result) -> i32 {
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let pages = client.inner.list_tasks()?;
        if !out.is_null() {
            // SAFETY: not NULL, a place to write to.
            unsafe { store(out, give(mcp_result::from_pages(pages))) };
        }
        Ok(())
    })
}

/// Gives the number of tasks: of mcp_list_tasks(), or 1 for a result that is
/// a task.
///
/// `result`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.  Spec: tasks/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_task_count(result: *const mcp_result) -> usize {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { tell(result, 0, |it| Some(it.tasks().len())) }
}

/// Gives a task by its place.
///
/// `result`: NULL gives NULL.  `index`: from 0 on; past the end gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: tasks/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_task(
    result: *const mcp_result,
    index: usize,
) -> *const mcp_task {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend_part(result, |it| it.tasks().get(index)) }
}

/// Gives the id of the task that was begun or asked for; NULL for any other
/// result, such as that of a call which the server did not make a task.
///
/// NULL if the server sent none or another type.  `result`: NULL gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: tasks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_task_id(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(result, |it| it.task()?.0.string("taskId")) }
}

/// Gives the task's status: "working", "input_required", "completed",
/// "failed", "cancelled"; or NULL.
///
/// NULL if the server sent none or another type.  `result`: NULL gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: tasks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_task_status(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(result, |it| it.task()?.status()) }
}

/// Gives the server's words about the task's status.
///
/// NULL if the server sent none or another type.  `result`: NULL gives NULL.
/// Borrowed from `result`.
/// Threads: any.  Since: 0.1.0.  Spec: tasks, statusMessage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_task_message(result: *const mcp_result) -> *const c_char {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { lend(result, |it| it.task()?.0.string("statusMessage")) }
}

/// Gives the milliseconds that the server wants to pass before it is asked
/// for the task again; -1 where it does not say.
///
/// `result`: NULL gives -1.
/// Threads: any.  Since: 0.1.0.  Spec: tasks, pollInterval.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_task_poll_interval(result: *const mcp_result) -> i64 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { tell(result, -1, |it| it.task()?.poll_interval()) }
}

/// Gives the milliseconds for which the server keeps the task from its
/// beginning on; -1 where there is no end to it.
///
/// `result`: NULL gives -1.
/// Threads: any.  Since: 0.1.0.  Spec: tasks, ttl.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_result_task_ttl(result: *const mcp_result) -> i64 {
    // SAFETY: the header asks for NULL or a live answer.
    unsafe { tell(result, -1, |it| it.task()?.ttl()) }
}

/// Gives the task of MCP_EVENT_TASK_STATUS, otherwise NULL.
///
/// `event`: NULL gives NULL.  Valid while the handler runs.
/// Threads: the handler's, while it runs.  Since: 0.1.0.
/// Spec: notifications/tasks/status, notifications/tasks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_event_task(event: *const mcp_event) -> *const mcp_task {
    // SAFETY: the header asks for NULL or a live event.
    unsafe { lend_part(event, mcp_event::task) }
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
    unsafe { tell(task, -1, mcp_task::ttl) }
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
