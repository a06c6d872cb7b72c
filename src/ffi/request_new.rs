//! The functions that make requests.

use std::ffi::c_char;

use crate::base::error::{Error, Result};
use crate::client::{Call, LEVELS, Operation, TaskRequest};
use crate::ffi::argument::{optional_text, text};
use crate::ffi::client::mcp_client;
use crate::ffi::request::{mcp_request, new};

/// Makes a request with any method, known to this library or not.
///
/// `client`: the client that will send the request.  The request may outlive
/// it, see mcp_client_free().
/// `method`: such as "ping" or "tools/list", in printable ASCII.  Copied.
/// `params_json`: a JSON object as UTF-8 text; NULL or "" for none.  Copied.
/// The library adds the members that the protocol requires (_meta, progress
/// token).
///
/// A request with the method "ping" sends whatever mcp_ping() sends.  A list
/// is a request with the method of the list, such as "resources/list", and
/// mcp_request_set_all_pages().  What mcp_complete() does is a request with
/// the method "completion/complete".
///
/// Returns a handle to free with mcp_request_free(), or NULL with the last
/// error set.  Does no I/O.
///
/// Spec: basic, requests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new(
    client: *mut mcp_client,
    method: *const c_char,
    params_json: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client, and for texts.
    unsafe {
        new(client, || {
            let params = optional_text(params_json, "params_json")?;
            Call::new(text(method, "method")?, params).map(Operation::Call)
        })
    }
}

/// Makes a request with the method "tools/call"; see mcp_call_tool().
///
/// `client`: as for mcp_request_new().
/// `name`, `arguments_json`: as for mcp_call_tool().
///
/// Returns like mcp_request_new().
///
/// Spec: tools/call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_call_tool(
    client: *mut mcp_client,
    name: *const c_char,
    arguments_json: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client, and for texts.
    unsafe {
        new(client, || {
            let arguments = optional_text(arguments_json, "arguments_json")?;
            Call::tool(text(name, "name")?, arguments).map(Operation::Call)
        })
    }
}

/// Makes a request with the method "resources/read"; see mcp_read_resource().
///
/// `client`: as for mcp_request_new().
/// `uri`: as for mcp_read_resource().
///
/// Returns like mcp_request_new().
///
/// Spec: resources/read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_read_resource(
    client: *mut mcp_client,
    uri: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client, and for a text.
    unsafe { new(client, || Ok(Operation::Call(Call::read(text(uri, "uri")?)))) }
}

/// Makes a request with the method "prompts/get"; see mcp_get_prompt().
///
/// `client`: as for mcp_request_new().
/// `name`, `arguments_json`: as for mcp_get_prompt().
///
/// Returns like mcp_request_new().
///
/// Spec: prompts/get.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_get_prompt(
    client: *mut mcp_client,
    name: *const c_char,
    arguments_json: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client, and for texts.
    unsafe {
        new(client, || {
            let arguments = optional_text(arguments_json, "arguments_json")?;
            Call::prompt(text(name, "name")?, arguments).map(Operation::Call)
        })
    }
}

/// Makes a request that does what mcp_connect() does.
///
/// `client`: as for mcp_request_new().
///
/// Its result is the server info, as mcp_connect() gives it.
///
/// Returns like mcp_request_new().
///
/// Spec: initialize, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_connect(client: *mut mcp_client) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client.
    unsafe { new(client, || Ok(Operation::Connect)) }
}

/// Makes a request that does what mcp_listen() does.
///
/// `client`: as for mcp_request_new().
/// `kinds`: as for mcp_listen().
///
/// The request has no result.  It is done when the server has accepted the
/// stream.  The stream stays open after that: it ends with a request whose
/// `kinds` are 0, or with the client.
///
/// Returns like mcp_request_new().
///
/// Spec: transports, listening for messages; subscriptions/listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_listen(
    client: *mut mcp_client,
    kinds: i32,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client.
    unsafe { new(client, || listening(kinds)) }
}

/// Makes a request that does what mcp_subscribe_resource() does.
///
/// `client`: as for mcp_request_new().
/// `uri`: as for mcp_subscribe_resource().
///
/// The request has no result.
///
/// Returns like mcp_request_new().
///
/// Spec: resources/subscribe, subscriptions/listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_subscribe(
    client: *mut mcp_client,
    uri: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client, and for a text.
    unsafe { new(client, || Ok(Operation::Subscribe(text(uri, "uri")?.to_owned()))) }
}

/// Makes a request that does what mcp_unsubscribe_resource() does.
///
/// `client`: as for mcp_request_new().
/// `uri`: as for mcp_unsubscribe_resource().
///
/// The request has no result.
///
/// Returns like mcp_request_new().
///
/// Spec: resources/unsubscribe, subscriptions/listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_unsubscribe(
    client: *mut mcp_client,
    uri: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client, and for a text.
    unsafe { new(client, || Ok(Operation::Unsubscribe(text(uri, "uri")?.to_owned()))) }
}

/// Makes a request that does what mcp_set_log_level() does.
///
/// `client`: as for mcp_request_new().
/// `level`: as for mcp_set_log_level().  The client remembers it when the
/// request is done, and sends it again after a lost session.
///
/// The request has no result.
///
/// Returns like mcp_request_new().
///
/// Spec: logging/setLevel, _meta logLevel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_set_log_level(
    client: *mut mcp_client,
    level: i32,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client.
    unsafe { new(client, || log_level(level)) }
}

/// Makes a request that sends a notification, as mcp_notify() does.
///
/// `client`: as for mcp_request_new().
/// `method`, `params_json`: as for mcp_notify().
///
/// The request has no result, because the server does not answer
/// notifications.  It is done when the server has accepted the notification,
/// or over stdio when the notification was written.
///
/// Returns like mcp_request_new().
///
/// Spec: basic, notifications.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_notify(
    client: *mut mcp_client,
    method: *const c_char,
    params_json: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client, and for texts.
    unsafe { new(client, || notification(method, params_json)) }
}

/// Makes a request that does what mcp_get_task_result() does.
///
/// `client`: as for mcp_request_new().
/// `task_id`: as for mcp_get_task_result().
///
/// To ask for the status of a task or to cancel it, use mcp_request_new() with
/// the method "tasks/get" or "tasks/cancel" and {"taskId":...}.
///
/// Returns like mcp_request_new().
///
/// Spec: tasks/result, tasks/get, tasks/update.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_task_result(
    client: *mut mcp_client,
    task_id: *const c_char,
) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client, and for a text.
    unsafe { new(client, || Operation::task(TaskRequest::Result, text(task_id, "task_id")?)) }
}

/// Makes a request that does what mcp_sign_in() does.
///
/// `client`: as for mcp_request_new().
///
/// The request has no result.  The callbacks of a started request run inside
/// mcp_client_dispatch(), and inside other calls of this client that wait.
///
/// Returns like mcp_request_new().
///
/// Spec: authorization, RFC 9728.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_sign_in(client: *mut mcp_client) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client.
    unsafe { new(client, || Ok(Operation::SignIn)) }
}

/// Makes a request that does what mcp_sign_out() does.
///
/// `client`: as for mcp_request_new().
///
/// The request has no result.  Its callbacks run where those of
/// mcp_request_new_sign_in() do.
///
/// Returns like mcp_request_new().
///
/// Spec: RFC 7009.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_sign_out(client: *mut mcp_client) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client.
    unsafe { new(client, || Ok(Operation::SignOut)) }
}

/// Makes a request that does what mcp_client_close() does.
///
/// `client`: as for mcp_request_new(), open or closed.
///
/// The request has no result.  When it is started, all other requests in
/// flight are done at once, as MCP_E_CLOSED.  It is done, as MCP_OK, when the
/// session or the server's process has ended.  If the close takes longer than
/// the request may, the request ends with MCP_E_TIMEOUT or MCP_E_CANCELLED,
/// and the close goes on.
///
/// The client must still be freed: mcp_client_free() waits only for what is
/// left of the close.
///
/// Returns like mcp_request_new().
///
/// Spec: transports, session management.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_request_new_close(client: *mut mcp_client) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live client.
    unsafe { new(client, || Ok(Operation::Close)) }
}

/// The operation of mcp_listen().
pub(crate) fn listening(kinds: i32) -> Result<Operation> {
    if kinds & !KINDS != 0 {
        return Err(Error::argument("kinds is not a sum of MCP_EVENT_ numbers"));
    }
    Ok(Operation::Listen(kinds))
}

/// The sum of all MCP_EVENT_ numbers.
const KINDS: i32 = 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256 | 512 | 1024;

/// The operation of mcp_set_log_level().
pub(crate) fn log_level(level: i32) -> Result<Operation> {
    let name = usize::try_from(level).ok().and_then(|level| LEVELS.get(level));
    let name = name.ok_or_else(|| Error::argument("level is not one of MCP_LOG_"))?;
    Ok(Operation::SetLogLevel(name))
}

/// The operation of mcp_notify().
///
/// # Safety
///
/// The texts are NULL or valid.
pub(crate) unsafe fn notification(
    method: *const c_char,
    params_json: *const c_char,
) -> Result<Operation> {
    // SAFETY: guaranteed by the caller.
    let (method, params) =
        unsafe { (text(method, "method")?, optional_text(params_json, "params_json")?) };
    Call::notification(method, params).map(Operation::Notify)
}
