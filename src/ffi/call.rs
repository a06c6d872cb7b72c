//! Protocol calls to the server: each blocks until its result is there.

use std::ffi::c_char;

use crate::base::error::Result;
use crate::client::{Call, Operation, OperationResult};
use crate::ffi::argument::{optional_text, store, text};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;
use crate::ffi::request_new::{listening, log_level, notification};
use crate::ffi::result::{hand_out, mcp_result};

/// Connects to the server, negotiates the protocol revision, and returns the
/// server info.
///
/// `out`, unless NULL, receives the server info as a result, or NULL on
/// failure.  Read it with mcp_result_server_name() and the functions that
/// follow it; free it with mcp_result_free().
///
/// Connects only if the client is not connected yet.  Calling this function
/// is optional: every other call connects when it needs to.
///
/// Waits at most the time of mcp_client_set_timeout().
///
/// Errors: call errors.
///
/// Spec: initialize, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_connect(client: *mut mcp_client, out: *mut *mut mcp_result) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { run(client, out, || Ok(Operation::Connect)) }
}

/// Checks that the server answers, with the same credentials as every other
/// request.
///
/// Connects first if needed.  Up to revision 2025-11-25 it sends "ping".
/// Later revisions have no "ping"; it sends "server/discover" to them.
///
/// Waits at most the time of mcp_client_set_timeout().
///
/// Errors: call errors.
///
/// Spec: ping, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_ping(client: *mut mcp_client) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        static PING: Call = Call::ping();
        client.inner.call(&PING).map(drop)
    })
}

/// Lists all tools of the server; reads all pages of the list.
///
/// `out`, unless NULL, receives the result, or NULL on failure.  Read it with
/// mcp_result_tool_count() and mcp_result_tool(); free it with
/// mcp_result_free().
///
/// To read a single page, perform a request of "tools/list" that has the
/// "cursor" of mcp_result_next_cursor() in its parameters.  To list all pages
/// with a request that can be started or cancelled, use mcp_request_new() with
/// the method "tools/list", and mcp_request_set_all_pages().
///
/// From revision 2026-07-28 on, a tool is left out if its schema marks
/// parameters for HTTP headers in an invalid way; mcp_result_json() still
/// contains it.  From the same revision on, a list that the server declares
/// fresh is answered from memory, see MCP_LIMIT_CACHE.
///
/// Each page may take the time of mcp_client_set_timeout(), and the whole
/// list the time of mcp_client_set_deadline().
///
/// Errors: call errors; MCP_E_TOO_LARGE for more pages than MCP_LIMIT_PAGES
/// or more items than MCP_LIMIT_ITEMS allows.
///
/// Spec: tools/list, pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_tools(client: *mut mcp_client, out: *mut *mut mcp_result) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { list(client, out, "tools/list", "tools") }
}

/// Calls a tool and waits for its result.
///
/// `name`: the tool's name, UTF-8, copied.
/// `arguments_json`: a JSON object as UTF-8 text, copied; NULL or "" for no
/// arguments.
/// `out`, unless NULL, receives the result, or NULL on failure; free it with
/// mcp_result_free().  After MCP_E_SCHEMA it is the result.
///
/// A tool that fails gives a result, and this function returns MCP_OK: check
/// mcp_result_is_error().
///
/// If the last list of tools has an outputSchema for the tool, the structured
/// content of the result is checked against it.  If it does not match, or is
/// missing, the function returns MCP_E_SCHEMA: the message names the field,
/// the result is handed out, and mcp_error_may_have_run() returns 1.
/// MCP_ALLOW_MISMATCH turns the check off.  There is no check without a list,
/// for the result of a tool that failed, for a schema that cannot be used
/// (MCP_COUNTER_UNCHECKED_RESULTS), for mcp_get_task_result(), and if the
/// library was built without the Cargo feature "schema".  To check arguments
/// before a call, see mcp_tool_check_arguments().
///
/// If the connection breaks after a byte of the call may have reached the
/// server, the library does not send the call again and returns MCP_E_IO.  To
/// allow a second attempt for tools that are read-only or idempotent, see
/// MCP_ALLOW_REPEAT_TOOLS and mcp_request_set_repeatable().
///
/// The call asks the server to report progress.  Each progress notification
/// restarts the timeout, but mcp_client_set_deadline() limits the whole call.
/// To set a timeout for one call, to receive progress or to cancel, see
/// mcp_request_new_call_tool().  For tools that run for a very long time, see
/// MCP_ALLOW_TASKS.
///
/// Errors: call errors; MCP_E_INVALID_ARGUMENT for arguments that are not a
/// JSON object, before anything is sent.
///
/// Spec: tools/call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_call_tool(
    client: *mut mcp_client,
    name: *const c_char,
    arguments_json: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe {
        call(client, out, || {
            let arguments = optional_text(arguments_json, "arguments_json")?;
            Call::tool(text(name, "name")?, arguments)
        })
    }
}

/// Lists all resources of the server; reads all pages of the list.
///
/// `out`: as for mcp_list_tools(); read it with mcp_result_resource_count()
/// and mcp_result_resource().
///
/// To start it, use mcp_request_new() and mcp_request_set_all_pages().
///
/// Errors: those of mcp_list_tools().
///
/// Spec: resources/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_resources(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { list(client, out, "resources/list", "resources") }
}

/// Lists all resource templates of the server; reads all pages of the list.
///
/// `out`: as for mcp_list_tools().
///
/// Each template is read like a resource, and mcp_resource_uri() is its URI
/// template (RFC 6570).
///
/// To start it, use mcp_request_new() and mcp_request_set_all_pages().
///
/// Errors: those of mcp_list_tools().
///
/// Spec: resources/templates/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_resource_templates(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { list(client, out, "resources/templates/list", "resourceTemplates") }
}

/// Reads a resource.
///
/// `uri`: the resource's URI, UTF-8, copied.
/// `out`: as for mcp_call_tool(); read it with mcp_result_content_count() and
/// mcp_result_content().
///
/// From revision 2026-07-28 on, a resource that the server declares fresh is
/// answered from memory, see MCP_LIMIT_CACHE.
///
/// Errors: call errors.
///
/// Spec: resources/read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_read_resource(
    client: *mut mcp_client,
    uri: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { call(client, out, || Ok(Call::read(text(uri, "uri")?))) }
}

/// Subscribes to changes of a resource: each change is reported as
/// MCP_EVENT_RESOURCE_UPDATED.
///
/// `uri`: the resource's URI, UTF-8, copied.
///
/// Opens the notification stream, as mcp_listen() does.  After a lost session
/// the library subscribes again.  Up to revision 2025-11-25 this sends
/// "resources/subscribe"; later it is a part of "subscriptions/listen".
///
/// Errors: call errors; MCP_E_UNSUPPORTED if the server does not support
/// subscriptions, or not to this resource.
///
/// Spec: resources/subscribe, subscriptions/listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_subscribe_resource(
    client: *mut mcp_client,
    uri: *const c_char,
) -> i32 {
    // SAFETY: the header requires NULL or a live client, and a text.
    unsafe {
        run(client, std::ptr::null_mut(), || Ok(Operation::Subscribe(text(uri, "uri")?.to_owned())))
    }
}

/// Ends a subscription made by mcp_subscribe_resource().
///
/// `uri`: the same text as there.
///
/// Errors: call errors.
///
/// Spec: resources/unsubscribe, subscriptions/listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_unsubscribe_resource(
    client: *mut mcp_client,
    uri: *const c_char,
) -> i32 {
    // SAFETY: the header requires NULL or a live client, and a text.
    unsafe {
        run(client, std::ptr::null_mut(), || {
            Ok(Operation::Unsubscribe(text(uri, "uri")?.to_owned()))
        })
    }
}

/// Lists all prompts of the server; reads all pages of the list.
///
/// `out`: as for mcp_list_tools(); read it with mcp_result_prompt_count() and
/// mcp_result_prompt().
///
/// To start it, use mcp_request_new() and mcp_request_set_all_pages().
///
/// Errors: those of mcp_list_tools().
///
/// Spec: prompts/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_prompts(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe { list(client, out, "prompts/list", "prompts") }
}

/// Gets a prompt with its arguments filled in.
///
/// `name`: the prompt's name, UTF-8, copied.
/// `arguments_json`: a JSON object whose values are strings, copied; NULL or
/// "" for no arguments.
/// `out`: as for mcp_call_tool().
///
/// The messages of the prompt are the content blocks of the result:
/// mcp_result_content().  Each has a mcp_content_role().
///
/// Errors: call errors; MCP_E_INVALID_ARGUMENT for an argument that is not a
/// string.
///
/// Spec: prompts/get.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_get_prompt(
    client: *mut mcp_client,
    name: *const c_char,
    arguments_json: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe {
        call(client, out, || {
            let arguments = optional_text(arguments_json, "arguments_json")?;
            Call::prompt(text(name, "name")?, arguments)
        })
    }
}

/// Asks the server for completions of an argument.
///
/// `reference_json`: what the argument belongs to:
/// {"type":"ref/prompt","name":...} or {"type":"ref/resource","uri":...}.
/// `argument`: the argument's name.
/// `value`: what the user typed so far.
/// `context_json`: the other arguments known so far, as a JSON object whose
/// values are strings; NULL or "" for none.
/// `out`: as for mcp_call_tool(); read it with mcp_result_completion_count()
/// and mcp_result_completion().
///
/// The texts are UTF-8.  The library copies them.
///
/// Errors: call errors; MCP_E_UNSUPPORTED for a context if the server speaks
/// a revision before 2025-06-18, which has no context.
///
/// Spec: completion/complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_complete(
    client: *mut mcp_client,
    reference_json: *const c_char,
    argument: *const c_char,
    value: *const c_char,
    context_json: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: the header requires it of the caller.
    unsafe {
        call(client, out, || {
            Call::complete(
                text(reference_json, "reference_json")?,
                text(argument, "argument")?,
                text(value, "value")?,
                optional_text(context_json, "context_json")?,
            )
        })
    }
}

/// Asks the server to send log messages of a level and all higher levels;
/// each is reported as MCP_EVENT_LOG.
///
/// `level`: one of MCP_LOG_.
///
/// Up to revision 2025-11-25 the level is sent to the server once, and again
/// after a lost session.  In later revisions it is sent with each request,
/// and the server sends log messages while that request runs.
///
/// Errors: call errors; MCP_E_INVALID_ARGUMENT for an unknown level.
///
/// Spec: logging/setLevel, _meta logLevel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_set_log_level(client: *mut mcp_client, level: i32) -> i32 {
    // SAFETY: the header requires NULL or a live client.
    unsafe { run(client, std::ptr::null_mut(), || log_level(level)) }
}

/// Opens the notification stream and keeps it open.  On this stream the
/// server sends notifications that belong to no request.
///
/// `kinds`: the sum of the MCP_EVENT_ numbers that the application wants.  0
/// closes the stream, unless a subscription needs it or, up to revision
/// 2025-11-25, the input requests of the server do.
///
/// Up to revision 2025-11-25 the server sends all its notifications, whatever
/// the sum.  From revision 2026-07-28 on the library asks for
/// MCP_EVENT_TOOLS_CHANGED, MCP_EVENT_PROMPTS_CHANGED and
/// MCP_EVENT_RESOURCES_CHANGED as far as the sum contains them.  If it
/// contains MCP_EVENT_TASK_STATUS, the library also asks for the status of
/// each task that this client begins or asks for.
///
/// The function returns when the server has accepted the stream.  The params
/// of the event MCP_EVENT_LISTENING say what the server accepted.  If the
/// stream fails, the library opens it again, with growing pauses, and each
/// time it is open again there is another MCP_EVENT_LISTENING.  The handler
/// of mcp_client_set_event_handler() receives the events, inside calls of
/// this client that wait and inside mcp_client_dispatch().
///
/// Errors: call errors; MCP_E_UNSUPPORTED if the server offers no such
/// stream, or sends none of the notifications asked for.
///
/// Spec: transports, listening for messages; subscriptions/listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_listen(client: *mut mcp_client, kinds: i32) -> i32 {
    // SAFETY: the header requires NULL or a live client.
    unsafe { run(client, std::ptr::null_mut(), || listening(kinds)) }
}

/// Sends a notification.  The server does not answer notifications.
///
/// `method`: the notification's method, such as "notifications/x", in
/// printable ASCII, copied.
/// `params_json`: a JSON object as UTF-8 text, copied; NULL or "" for none.
///
/// Returns MCP_OK if the server accepted it.
///
/// Errors: call errors.
///
/// Spec: basic, notifications.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_notify(
    client: *mut mcp_client,
    method: *const c_char,
    params_json: *const c_char,
) -> i32 {
    // SAFETY: the header requires NULL or a live client, and texts.
    unsafe { run(client, std::ptr::null_mut(), || notification(method, params_json)) }
}

/// Runs an operation on this thread.
///
/// # Safety
///
/// `client` is NULL or alive, `out` is NULL or may be written to, and the
/// texts that `make` reads are valid.
pub(crate) unsafe fn run(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
    make: impl FnOnce() -> Result<Operation>,
) -> i32 {
    // SAFETY: guaranteed by the caller.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: guaranteed by the caller.
        let client = unsafe { borrow(client, "client") }?;
        let result = client.inner.run(&make()?)?;
        // SAFETY: guaranteed by the caller.
        unsafe { hand_out(result, out) }
    })
}

/// # Safety
///
/// `client` is NULL or alive, `out` is NULL or may be written to.
unsafe fn call(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
    make: impl FnOnce() -> Result<Call>,
) -> i32 {
    // SAFETY: guaranteed by the caller.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: guaranteed by the caller.
        let client = unsafe { borrow(client, "client") }?;
        let answer = client.inner.call(&make()?)?;
        // SAFETY: guaranteed by the caller.
        unsafe { hand_out(OperationResult::Answer(answer), out) }
    })
}

/// # Safety
///
/// As for [`call`].
pub(crate) unsafe fn list(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
    method: &str,
    member: &str,
) -> i32 {
    // SAFETY: guaranteed by the caller.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: guaranteed by the caller.
        let client = unsafe { borrow(client, "client") }?;
        let pages = client.inner.list(method, member)?;
        // SAFETY: guaranteed by the caller.
        unsafe { hand_out(OperationResult::Answers(pages), out) }
    })
}
