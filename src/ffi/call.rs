//! Calls of the protocol.

use std::ffi::c_char;

use crate::base::error::{Error, Result};
use crate::client::{Answer, Call, LEVELS};
use crate::ffi::argument::{optional_text, store, text};
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::{borrow, give};
use crate::ffi::result::mcp_result;

/// Connects and negotiates, if that is not done yet, and tells who the server
/// is.
///
/// `out`, unless NULL, receives the introduction, to free with
/// mcp_result_free(), or NULL on failure: mcp_result_server_name() and its
/// neighbours.  No other call needs this one first.
///
/// Returns MCP_OK or a status: call errors.  Waits at most
/// mcp_client_set_timeout().
/// Threads: any.  Since: 0.1.0.  Spec: initialize, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_connect(client: *mut mcp_client, out: *mut *mut mcp_result) -> i32 {
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let server_info = client.inner.connect()?;
        if !out.is_null() {
            // SAFETY: not NULL, a place to write to.
            unsafe { store(out, give(mcp_result::from_introduction(server_info))) };
        }
        Ok(())
    })
}

/// Asks the server for a sign of life, with the credentials of any other
/// request.
///
/// Connects first where that is needed.  Sends "ping" up to revision
/// 2025-11-25; later ones have none, and "server/discover" takes its place.
///
/// Returns MCP_OK or a status: call errors.  Waits at most
/// mcp_client_set_timeout().
/// Threads: any.  Since: 0.1.0.  Spec: ping, server/discover.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_ping(client: *mut mcp_client) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        client.inner.call(&Call::ping()).map(drop)
    })
}

/// Lists the server's tools: all of them, page after page.
///
/// `out` receives the result, to free with mcp_result_free(), or NULL on
/// failure: mcp_result_tool_count(), mcp_result_tool().  For one page at a
/// time, perform a request of "tools/list" with a "cursor" in its parameters:
/// mcp_result_next_cursor(); to start or to cancel the whole list, see
/// mcp_request_set_all_pages().  From revision 2026-07-28 on, a tool whose
/// schema marks parameters for headers in an invalid way is left out, though
/// mcp_result_json() has it; and a list that the server calls fresh is
/// answered from memory, see mcp_client_set_cache_size().
///
/// Waits at most mcp_client_set_timeout() for each page, and
/// mcp_client_set_deadline() for the whole.
///
/// Returns MCP_OK or a status: call errors; MCP_E_TOO_LARGE for more than
/// mcp_client_set_max_pages() or mcp_client_set_max_items() allows.
/// Threads: any.  Since: 0.1.0.  Spec: tools/list, pagination.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_tools(client: *mut mcp_client, out: *mut *mut mcp_result) -> i32 {
    // SAFETY: as the header says.
    unsafe { list(client, out, "tools/list", "tools") }
}

/// Calls a tool and waits for its result.
///
/// `name`: the tool's, UTF-8.  `arguments_json`: a JSON object as UTF-8 text;
/// NULL or "" for none.  Both are copied.  `out`, unless NULL, receives the
/// result, to free with mcp_result_free(), or NULL on failure.
///
/// A tool that fails is a result, not a failed call: look at
/// mcp_result_is_error().  A call of which a byte may have reached the server
/// is not repeated after a broken connection: MCP_E_IO; unless the tool says
/// in a list that was read that it is idempotent or only reads, see
/// mcp_request_set_repeatable().  The server is asked to report progress, and
/// each report starts the timeout anew, up to mcp_client_set_deadline().  For
/// a time limit, to be told of progress or to cancel see
/// mcp_request_new_call_tool(); for tools that take very long,
/// mcp_client_set_tasks().
///
/// Returns MCP_OK or a status: call errors; MCP_E_INVALID_ARGUMENT for
/// arguments that are no JSON object, before anything is sent.
/// Threads: any.  Since: 0.1.0.  Spec: tools/call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_call_tool(
    client: *mut mcp_client,
    name: *const c_char,
    arguments_json: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: as the header says.
    unsafe {
        call(client, out, || {
            let arguments = optional_text(arguments_json, "arguments_json")?;
            Call::tool(text(name, "name")?, arguments)
        })
    }
}

/// Lists the server's resources, page after page:
/// mcp_result_resource_count().
///
/// `out`: as for mcp_list_tools().  Returns like mcp_list_tools().
/// Threads: any.  Since: 0.1.0.  Spec: resources/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_resources(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { list(client, out, "resources/list", "resources") }
}

/// Lists the server's resource templates, page after page, as resources whose
/// mcp_resource_uri() is an RFC 6570 template.
///
/// `out`: as for mcp_list_tools().  Returns like mcp_list_tools().
/// Threads: any.  Since: 0.1.0.  Spec: resources/templates/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_resource_templates(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { list(client, out, "resources/templates/list", "resourceTemplates") }
}

/// Reads a resource: mcp_result_content_count(), mcp_result_content().
///
/// `uri`: the resource's, UTF-8, copied.  `out`: as for mcp_call_tool().  From
/// revision 2026-07-28 on, what the server calls fresh is answered from
/// memory, see mcp_client_set_cache_size().
///
/// Returns MCP_OK or a status: call errors.
/// Threads: any.  Since: 0.1.0.  Spec: resources/read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_read_resource(
    client: *mut mcp_client,
    uri: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { call(client, out, || Ok(Call::read(text(uri, "uri")?))) }
}

/// Asks to be told when a resource changes: MCP_EVENT_RESOURCE_UPDATED.
///
/// `uri`: the resource's, UTF-8, copied.  Opens the standing stream like
/// mcp_listen(), and is repeated by the library after a lost session.  Up to
/// revision 2025-11-25 this is "resources/subscribe", later a part of
/// "subscriptions/listen".
///
/// Returns MCP_OK or a status: call errors; MCP_E_UNSUPPORTED when the server
/// does not tell of changes, or not of this one.
/// Threads: any.  Since: 0.1.0.
/// Spec: resources/subscribe, subscriptions/listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_subscribe_resource(
    client: *mut mcp_client,
    uri: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, uri) = unsafe { (borrow(client, "client")?, text(uri, "uri")?) };
        client.inner.subscribe(uri, true)
    })
}

/// Ends what mcp_subscribe_resource() began.
///
/// `uri`: as it was given there.  Returns MCP_OK or a status: call errors.
/// Threads: any.  Since: 0.1.0.
/// Spec: resources/unsubscribe, subscriptions/listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_unsubscribe_resource(
    client: *mut mcp_client,
    uri: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, uri) = unsafe { (borrow(client, "client")?, text(uri, "uri")?) };
        client.inner.subscribe(uri, false)
    })
}

/// Lists the server's prompts, page after page: mcp_result_prompt_count().
///
/// `out`: as for mcp_list_tools().  Returns like mcp_list_tools().
/// Threads: any.  Since: 0.1.0.  Spec: prompts/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_list_prompts(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: as the header says.
    unsafe { list(client, out, "prompts/list", "prompts") }
}

/// Gets a prompt, filled in with arguments: its messages are the result's
/// contents, each with a mcp_content_role().
///
/// `name`: the prompt's, UTF-8.  `arguments_json`: a JSON object of strings;
/// NULL or "" for none.  Both are copied.  `out`: as for mcp_call_tool().
///
/// Returns MCP_OK or a status: call errors; MCP_E_INVALID_ARGUMENT for an
/// argument that is not a string.
/// Threads: any.  Since: 0.1.0.  Spec: prompts/get.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_get_prompt(
    client: *mut mcp_client,
    name: *const c_char,
    arguments_json: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: as the header says.
    unsafe {
        call(client, out, || {
            let arguments = optional_text(arguments_json, "arguments_json")?;
            Call::prompt(text(name, "name")?, arguments)
        })
    }
}

/// Asks for completions of an argument: mcp_result_completion_count(),
/// mcp_result_completion().
///
/// `reference_json`: {"type":"ref/prompt","name":...} or
/// {"type":"ref/resource","uri":...}.  `argument`: its name.  `value`: what
/// was typed so far.  `context_json`: the other arguments as far as they are
/// known, a JSON object of strings; NULL or "" for none.  All are UTF-8 and
/// copied.  `out`: as for mcp_call_tool().
///
/// Returns MCP_OK or a status: call errors; MCP_E_UNSUPPORTED for a context
/// with a server of a revision before 2025-06-18, which has none.
/// Threads: any.  Since: 0.1.0.  Spec: completion/complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_complete(
    client: *mut mcp_client,
    reference_json: *const c_char,
    argument: *const c_char,
    value: *const c_char,
    context_json: *const c_char,
    out: *mut *mut mcp_result,
) -> i32 {
    // SAFETY: as the header says.
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

/// Asks for the server's log messages of a level and above: MCP_EVENT_LOG.
///
/// `level`: one of MCP_LOG_.  Up to revision 2025-11-25 the server is told
/// once, and again by the library after a lost session; later it goes with
/// each request, and the messages come while that request runs.
///
/// Returns MCP_OK or a status: call errors; MCP_E_INVALID_ARGUMENT.
/// Threads: any.  Since: 0.1.0.  Spec: logging/setLevel, _meta logLevel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_set_log_level(client: *mut mcp_client, level: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let name = usize::try_from(level).ok().and_then(|level| LEVELS.get(level));
        let name = name.ok_or_else(|| Error::argument("level is not one of MCP_LOG_"))?;
        client.inner.set_log_level(name)
    })
}

/// Opens the standing stream on which a server sends what belongs to no
/// request, and keeps it open: it is opened again after a failure, with
/// growing pauses, and MCP_EVENT_LISTENING says so.
///
/// `kinds`: MCP_EVENT_ numbers, added together.  From revision 2026-07-28 on
/// the server is asked for MCP_EVENT_TOOLS_CHANGED, MCP_EVENT_PROMPTS_CHANGED
/// and MCP_EVENT_RESOURCES_CHANGED as they are named here, and with
/// MCP_EVENT_TASK_STATUS of each task that this client begins or asks for;
/// before, it tells all that it has to tell.  0 closes the stream, unless a
/// subscription needs it.  Returns when the server has accepted it; what it
/// accepted is the params of MCP_EVENT_LISTENING.  Events come through the
/// handler of mcp_client_set_event_handler(), in calls of this client that
/// wait and in mcp_client_dispatch().
///
/// Returns MCP_OK or a status: call errors; MCP_E_UNSUPPORTED when the server
/// offers no such stream, or will tell of nothing that was asked for.
/// Threads: any.  Since: 0.1.0.
/// Spec: transports, listening for messages; subscriptions/listen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_listen(client: *mut mcp_client, kinds: i32) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        if kinds & !KINDS != 0 {
            return Err(Error::argument("kinds is not a sum of MCP_EVENT_ numbers"));
        }
        client.inner.listen(kinds)
    })
}

/// Sends a notification, which no server answers.
///
/// `method`: such as "notifications/x", printable ASCII.  `params_json`: a
/// JSON object as UTF-8 text, NULL or "" for none.  Both are copied.
///
/// Returns MCP_OK when the server took it, or a status: call errors.
/// Threads: any.  Since: 0.1.0.  Spec: basic, notifications.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_notify(
    client: *mut mcp_client,
    method: *const c_char,
    params_json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for texts.
        let (client, method, params) = unsafe {
            (
                borrow(client, "client")?,
                text(method, "method")?,
                optional_text(params_json, "params_json")?,
            )
        };
        client.inner.notify(&Call::notification(method, params)?)
    })
}

/// All kinds of event.
const KINDS: i32 = 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256 | 512 | 1024;

/// # Safety
///
/// `client` is NULL or alive, `out` is NULL or may be written to.
unsafe fn call(
    client: *mut mcp_client,
    out: *mut *mut mcp_result,
    make: impl FnOnce() -> Result<Call>,
) -> i32 {
    // SAFETY: as the caller says.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: as the caller says.
        let client = unsafe { borrow(client, "client") }?;
        let answer = client.inner.call(&make()?)?;
        // SAFETY: as the caller says.
        unsafe { hand_out(vec![answer], out) };
        Ok(())
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
    // SAFETY: as the caller says.
    unsafe { store(out, std::ptr::null_mut()) };
    guard(|| {
        // SAFETY: as the caller says.
        let client = unsafe { borrow(client, "client") }?;
        let pages = client.inner.list(method, member)?;
        // SAFETY: as the caller says.
        unsafe { hand_out(pages, out) };
        Ok(())
    })
}

/// # Safety
///
/// `out` is NULL or may be written to.
pub(crate) unsafe fn hand_out(pages: Vec<Answer>, out: *mut *mut mcp_result) {
    if !out.is_null() {
        // SAFETY: not NULL, a place to write to.
        unsafe { store(out, give(mcp_result::from_pages(pages))) };
    }
}
