//! Input requests of the server, and the handler that receives them.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock, Weak};

use crate::base::error::Error;
use crate::client::core::input_request::OpenInputRequest;
use crate::client::settings::InputKinds;
use crate::client::{Client, InputHandler, InputKind, InputResponse};
use crate::ffi::argument::{optional_text, text};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::client::mcp_client;
use crate::ffi::event::ClientAddress;
use crate::ffi::guard::{guard, read_or};
use crate::ffi::handle::{Handle, borrow, give, peek, take};
use crate::ffi::library::*;
use crate::ffi::request::mcp_request;
use crate::ffi::view::{Lent, lend, lend_long, read_value};
use crate::platform::process_id;

/// AN INPUT REQUEST of the server: a form to fill in, a web page to visit, a
/// prompt for a language model (sampling), or a request for the list of
/// roots.
///
/// The handler of mcp_client_set_input_handler() receives it and owns it.  It
/// may answer at once, or keep the input request and let another thread
/// answer later.  Answer it once, with mcp_input_accept(),
/// mcp_input_decline(), mcp_input_dismiss(), mcp_input_reply_json() or
/// mcp_input_fail().  A second answer is MCP_E_STATE, and so is an answer
/// after the request has ended or the server has withdrawn the input request.
///
/// An input request that is freed without an answer is dismissed, as
/// mcp_input_dismiss() does.  The same happens when the time of
/// MCP_LIMIT_INPUT_TIME is over.
///
/// While the input request is open, the request that it belongs to waits, and
/// the timeout of that request is paused.  An input request that arrives on
/// the notification stream does not say which request it belongs to; it
/// pauses the timeouts of all requests.
///
/// Up to revision 2025-11-25 the server sends an input request as a message;
/// from 2026-07-28 on it sends an "input_required" result.  The application
/// handles both in the same way.
#[derive(Debug)]
pub struct mcp_input {
    pid: u32,
    inner: Arc<OpenInputRequest>,
    client: Weak<Client>,
    message: OnceLock<Lent>,
    schema: OnceLock<Option<Lent>>,
    url: OnceLock<Option<Lent>>,
    params: OnceLock<Lent>,
}

impl Handle for mcp_input {
    fn pid(&self) -> u32 {
        self.pid
    }
}

impl mcp_input {
    fn new(inner: Arc<OpenInputRequest>, client: Weak<Client>) -> Self {
        Self {
            pid: process_id(),
            inner,
            client,
            message: OnceLock::new(),
            schema: OnceLock::new(),
            url: OnceLock::new(),
            params: OnceLock::new(),
        }
    }

    fn kind(&self) -> InputKind {
        self.inner.request.kind
    }

    fn message(&self) -> &Lent {
        self.message
            .get_or_init(|| Lent::new(&self.inner.request.string("message").unwrap_or_default()))
    }

    fn schema(&self) -> Option<&Lent> {
        if self.kind() != InputKind::Form {
            return None;
        }
        let part = || self.inner.request.part("requestedSchema").map(|text| Lent::new(&text));
        self.schema.get_or_init(part).as_ref()
    }

    fn url(&self) -> Option<&Lent> {
        if self.kind() != InputKind::Url {
            return None;
        }
        let part = || self.inner.request.string("url").map(|text| Lent::new(&text));
        self.url.get_or_init(part).as_ref()
    }
}

/// Receives an input request of the server; see
/// mcp_client_set_input_handler().
///
/// `userdata`: the pointer that was set with the callback.
/// `client`: the client whose server sent it.
/// `input`: belongs to the application: answer it now or later, from any
/// thread, and free it with mcp_input_free().
///
/// The request that the input request belongs to continues after the answer.
pub type mcp_input_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, client: *mut mcp_client, input: *mut mcp_input),
>;

/// Sets the callback that receives the server's input requests, and declares
/// to the server which kinds it may send.
///
/// `kinds`: the sum of the MCP_INPUT_ numbers that the callback can answer.
/// Exactly these kinds are declared; without a callback, none.
/// `callback`: runs where an event handler does, and also while the calls that
/// it makes itself wait.  NULL removes the callback.
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// Calls that the callback makes may lead to further input requests, up to a
/// depth of four.  A deeper input request is answered with the JSON-RPC error
/// -32603 at once.
///
/// At most 1000 input requests, and at most 64 MiB of them, can be unanswered
/// or not yet freed.  A further one is answered with an error at once, and
/// counted, see mcp_client_counter().  An "input_required" result with more
/// than 1000 input requests is MCP_E_TOO_LARGE.
///
/// Errors: MCP_E_INVALID_ARGUMENT for no kinds or unknown kinds; MCP_E_STATE
/// after the first exchange with the server, unless the kinds stay the same.
///
/// Spec: elicitation, sampling, roots.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_input_handler(
    client: *mut mcp_client,
    kinds: i32,
    callback: mcp_input_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let owner = ClientAddress(client);
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        if callback.is_some() && (kinds == 0 || kinds & !31 != 0) {
            return Err(Error::argument("kinds is not a sum of MCP_INPUT_ numbers"));
        }
        let has = |kind: i32| kinds & kind != 0;
        let asks = InputKinds {
            form: has(MCP_INPUT_FORM),
            url: has(MCP_INPUT_URL),
            sampling: has(MCP_INPUT_SAMPLING),
            sampling_tools: has(MCP_INPUT_SAMPLING_TOOLS),
            roots: has(MCP_INPUT_ROOTS),
        };
        let weak = Arc::downgrade(&client.inner);
        let handler = callback.map(|callback| {
            Arc::new(move |request: Arc<OpenInputRequest>| {
                let input = give(mcp_input::new(request, weak.clone()));
                // SAFETY: the application set the function for this user data,
                // and becomes the owner of the input request.
                unsafe { callback(userdata.pointer(), owner.address(), input) };
            }) as Arc<InputHandler>
        });
        client.inner.set_input_handler(asks, handler)
    })
}

/// Adds capabilities to those that the client declares, for extensions and
/// experiments.
///
/// `json`: a JSON object as UTF-8 text, such as
/// {"extensions":{"io.modelcontextprotocol/ui":{}}}; NULL for none.
///
/// The library itself declares the capabilities that follow from handlers and
/// roots; `json` must not contain them.
///
/// Errors: MCP_E_STATE after the first exchange with the server.
///
/// Spec: ClientCapabilities.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_capabilities_json(
    client: *mut mcp_client,
    json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and a text.
        let (client, json) = unsafe { (borrow(client, "client")?, optional_text(json, "json")?) };
        client.inner.set_capabilities(json)
    })
}

/// Sets the roots that the library sends to a server that asks for them, and
/// declares the roots capability.
///
/// `json`: a JSON array of {"uri":"file://...","name":"..."} as UTF-8 text;
/// NULL removes the roots and the capability.
///
/// If the client is connected, the library announces the change to the
/// server.  It does so in the background: this function does not wait.  An
/// announcement that is lost with the connection is not repeated: the server
/// of the next connection asks for the roots if it needs them.
///
/// Errors: MCP_E_STATE for a closed client, and for a connected one if the
/// change would declare or remove the capability; MCP_E_INTERNAL if the
/// background thread cannot be started.
///
/// Spec: roots.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_roots_json(
    client: *mut mcp_client,
    json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live client, and a text.
        let (client, json) = unsafe { (borrow(client, "client")?, optional_text(json, "json")?) };
        client.inner.set_roots(json)
    })
}

/// Releases an input request.  If it is not answered yet, it is dismissed.
///
/// `input`: an input request that is not used again, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_free(input: *mut mcp_input) {
    read_or((), || {
        // SAFETY: the header requires NULL or an input request that is not used
        // again.
        let input = unsafe { take(input) }?;
        if input.pid == process_id() {
            input.inner.dismiss();
        }
        Some(())
    });
}

/// Returns the kind: MCP_INPUT_FORM, MCP_INPUT_URL, MCP_INPUT_SAMPLING or
/// MCP_INPUT_ROOTS.
///
/// `input`: NULL gives 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_kind(input: *const mcp_input) -> i32 {
    // SAFETY: the header requires NULL or a live input request.
    unsafe { read_value(input, 0, |it| Some(it.kind() as i32)) }
}

/// Returns the request that the input request belongs to; NULL if it is not
/// known, and after the request was freed.
///
/// `input`: NULL gives NULL.
///
/// The request is borrowed, and stays yours.  It waits for the answer; it may
/// also have ended meanwhile.  The server says which request it is:
/// - Revision 2026-07-28: always, over every transport.
/// - Up to revision 2025-11-25, over Streamable HTTP: if the input request
///   arrives on the response to the request, and not on a notification
///   stream.
/// - Up to revision 2025-11-25, over stdio and HTTP with SSE: never.
///
/// The function also returns NULL if the call is no mcp_request, for example
/// mcp_call_tool().
///
/// Spec: elicitation, sampling, roots; transports.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_request(input: *const mcp_input) -> *mut mcp_request {
    // SAFETY: the header requires NULL or a live input request.
    unsafe {
        read_value(input, std::ptr::null_mut(), |it| {
            Some(it.inner.of_request.as_ref()?.get().cast())
        })
    }
}

/// Returns the client whose server sent the input request; NULL after
/// mcp_client_free().
///
/// `input`: NULL gives NULL.
///
/// The client is borrowed, and stays yours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_client(input: *const mcp_input) -> *mut mcp_client {
    // This may drop the last reference to the client.
    read_or(std::ptr::null_mut(), || {
        // SAFETY: the header requires NULL or a live input request.
        let client = unsafe { peek(input) }?.client.upgrade()?;
        Some(client.handle.get().cast())
    })
}

/// Returns the message to show to the person; "" if there is none.
///
/// `input`: NULL gives NULL.
///
/// Never NULL for a valid `input`.  The text comes from the server: tell the
/// person which server sent it.
///
/// Spec: elicitation/create, message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_message(input: *const mcp_input) -> *const c_char {
    // SAFETY: the header requires NULL or a live input request.
    unsafe { lend(input, |it| Some(it.message())) }
}

/// Returns the JSON Schema of the form, for MCP_INPUT_FORM.
///
/// `input`: NULL gives NULL.
///
/// Returns NULL if the server sent none, and for other kinds; a value of
/// another type is returned as it is.
///
/// Spec: elicitation, requestedSchema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_schema_json(
    input: *const mcp_input,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live input request, and NULL or a
    // place to write to.
    unsafe { lend_long(input, len, mcp_input::schema) }
}

/// Returns the URL of the web page to visit, for MCP_INPUT_URL.
///
/// `input`: NULL gives NULL.
///
/// Show the whole URL to the person, and open it only after the person
/// agreed.  The library never opens it.
///
/// Returns NULL if the server sent none or a value of another type, and for
/// other kinds.
///
/// Spec: elicitation, URL mode.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_url(input: *const mcp_input) -> *const c_char {
    // SAFETY: the header requires NULL or a live input request.
    unsafe { lend(input, |it| it.url()) }
}

/// Returns the params of the input request as JSON text.
///
/// `input`: NULL gives NULL.
///
/// For MCP_INPUT_SAMPLING this is the only way to read it.  Never NULL for a
/// valid `input`.
///
/// Spec: sampling/createMessage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_params_json(
    input: *const mcp_input,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live input request, and NULL or a
    // place to write to.
    unsafe {
        lend_long(input, len, |it| {
            Some(it.params.get_or_init(|| Lent::new(&it.inner.request.params)))
        })
    }
}

/// Answers "accept": the person filled in the form, or agreed to visit the
/// page.
///
/// `input`: the input request.
/// `content_json`: for MCP_INPUT_FORM the fields as a JSON object, or NULL
/// for no fields; for MCP_INPUT_URL NULL.
///
/// The fields are sent as they are written.  Fields that are absent are added
/// with the schema's default values.  If a field or a default value does not
/// fit the schema, nothing is sent: the status is MCP_E_INVALID_ARGUMENT, and
/// its message says which field and why.  The input request then stays open
/// and can be accepted with other values.
///
/// The library sends the answer in the background: the function does not wait.
///
/// Errors: MCP_E_STATE if it was answered or withdrawn already; MCP_E_CLOSED;
/// MCP_E_SESSION_LOST; MCP_E_TOO_LARGE if too many answers wait, because the
/// server takes none; MCP_E_INTERNAL if the background thread cannot be
/// started.
///
/// Spec: elicitation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_accept(
    input: *mut mcp_input,
    content_json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live input request, and a text.
        let (input, content) =
            unsafe { (borrow(input, "input")?, optional_text(content_json, "content_json")?) };
        input.inner.check_open()?;
        let answered = input.inner.request.accept(content)?;
        input.inner.answer(answered)
    })
}

/// Answers "decline": the person refused.
///
/// `input`: the input request.
///
/// For MCP_INPUT_SAMPLING and MCP_INPUT_ROOTS the answer is a JSON-RPC error
/// with the code -1, as is usual.
///
/// Errors: those of mcp_input_accept().
///
/// Spec: elicitation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_decline(input: *mut mcp_input) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live input request.
        let input = unsafe { borrow(input, "input") }?;
        input.inner.answer(input.inner.request.refuse(true))
    })
}

/// Answers "cancel": the person made no choice.
///
/// `input`: the input request.
///
/// For MCP_INPUT_SAMPLING and MCP_INPUT_ROOTS the answer is a JSON-RPC error
/// with the code -1, as is usual.
///
/// Errors: those of mcp_input_accept().
///
/// Spec: elicitation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_dismiss(input: *mut mcp_input) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live input request.
        let input = unsafe { borrow(input, "input") }?;
        input.inner.answer(input.inner.request.refuse(false))
    })
}

/// Answers with a complete result, as MCP_INPUT_SAMPLING and MCP_INPUT_ROOTS
/// need.
///
/// `input`: the input request.
/// `result_json`: a JSON object.  For MCP_INPUT_SAMPLING it must have "role",
/// "content" and "model", for MCP_INPUT_ROOTS "roots".
///
/// Errors: those of mcp_input_accept(); MCP_E_INVALID_ARGUMENT if
/// `result_json` lacks one of these members; the input request then stays
/// open.
///
/// Spec: sampling/createMessage, roots/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_reply_json(
    input: *mut mcp_input,
    result_json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live input request, and a text.
        let (input, result) =
            unsafe { (borrow(input, "input")?, text(result_json, "result_json")?) };
        input.inner.check_open()?;
        let answered = input.inner.request.reply(result)?;
        input.inner.answer(answered)
    })
}

/// Answers with a JSON-RPC error.  For sampling that a person refused, the
/// code -1 and the message "user rejected" are usual.
///
/// `input`: the input request.
/// `rpc_code`: the error's code.
/// `message`: the error's message, UTF-8; it is sent to the server.
///
/// From revision 2026-07-28 on an error cannot be sent as an answer: there
/// the request that the input request belongs to fails with
/// MCP_E_INPUT_REQUIRED.
///
/// Errors: those of mcp_input_accept().
///
/// Spec: basic, responses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_fail(
    input: *mut mcp_input,
    rpc_code: i32,
    message: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live input request, and a text.
        let (input, message) = unsafe { (borrow(input, "input")?, text(message, "message")?) };
        let message = message.to_owned();
        input.inner.answer(InputResponse::Error { code: rpc_code, message })
    })
}
