//! Questions of the server.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock};

use crate::base::error::Error;
use crate::client::InputHandler;
use crate::client::core::input_request::Question;
use crate::client::settings::Asks;
use crate::client::{Answered, QuestionKind as Kind};
use crate::ffi::argument::{optional_text, text};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::client::mcp_client;
use crate::ffi::event::Owner;
use crate::ffi::guard::{guard, read_or};
use crate::ffi::handle::{Handle, borrow, give, take};
use crate::ffi::library::*;
use crate::ffi::view::{Lent, lend, lend_long, tell};

/// A QUESTION OF THE SERVER, which waits for an answer.
///
/// The handler of mcp_client_set_input_handler() becomes its owner: it may
/// answer at once, or keep it and let another thread answer later.  It is
/// answered once, by one of mcp_input_accept(), mcp_input_decline(),
/// mcp_input_dismiss(), mcp_input_reply_json(), mcp_input_fail(); a second
/// answer is MCP_E_STATE, and so is one that no request waits for any more.
/// Freeing an unanswered one dismisses it, and so does the end of
/// mcp_client_set_input_timeout().  The request it belongs to waits, its
/// timeout standing still; those of all requests stand still for a question
/// that came on the standing stream, where a server does not say whose it is.
///
/// Whether the server asks in a message of its own (up to revision
/// 2025-11-25) or in an "input_required" result (from 2026-07-28), and how
/// the answer travels, makes no difference here.
#[derive(Debug)]
pub struct mcp_input {
    pid: u32,
    question: Arc<Question>,
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
    fn new(question: Arc<Question>) -> Self {
        Self {
            pid: std::process::id(),
            question,
            message: OnceLock::new(),
            schema: OnceLock::new(),
            url: OnceLock::new(),
            params: OnceLock::new(),
        }
    }

    fn kind(&self) -> Kind {
        self.question.asked.kind
    }

    fn message(&self) -> &Lent {
        self.message
            .get_or_init(|| Lent::new(&self.question.asked.string("message").unwrap_or_default()))
    }

    fn schema(&self) -> Option<&Lent> {
        if self.kind() != Kind::Form {
            return None;
        }
        let part = || self.question.asked.part("requestedSchema").map(|text| Lent::new(&text));
        self.schema.get_or_init(part).as_ref()
    }

    fn url(&self) -> Option<&Lent> {
        if self.kind() != Kind::Url {
            return None;
        }
        let part = || self.question.asked.string("url").map(|text| Lent::new(&text));
        self.url.get_or_init(part).as_ref()
    }
}

/// Receives a question of the server; see mcp_client_set_input_handler().
///
/// `userdata`: what was given with the callback.  `client`: the client that
/// was asked.  `input` is yours: answer it now or later, from any thread, and
/// free it.  Runs on a thread that dispatches or waits in a call of this
/// client, possibly on several at a time; the call goes on when the question
/// is answered.
pub type mcp_input_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, client: *mut mcp_client, input: *mut mcp_input),
>;

/// Sets who gets the server's questions, and declares to the server that they
/// may be asked: exactly those kinds, and none without a handler.
///
/// `kinds`: MCP_INPUT_ numbers, added together.  `callback`: runs like an
/// event handler, and calls that it makes may be asked in their turn, to a
/// depth of four: what is asked deeper is answered with the JSON-RPC error
/// -32603 at once.  NULL takes it away.  `userdata`: given to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// 1000 questions, and 64 MiB of them, may wait for their answer or to be
/// freed.  What a server asks beyond that is answered with an error at once,
/// and counted, see mcp_client_count(); more than 1000 in one
/// "input_required" result are MCP_E_TOO_LARGE.
///
/// Returns MCP_OK, MCP_E_INVALID_ARGUMENT for no or unknown kinds,
/// MCP_E_STATE after the first exchange, unless the kinds stay the same,
/// MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.  Spec: elicitation, sampling, roots.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_input_handler(
    client: *mut mcp_client,
    kinds: i32,
    callback: mcp_input_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let owner = Owner(client);
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        if callback.is_some() && (kinds == 0 || kinds & !31 != 0) {
            return Err(Error::argument("kinds is not a sum of MCP_INPUT_ numbers"));
        }
        let has = |kind: i32| kinds & kind != 0;
        let asks = Asks {
            form: has(MCP_INPUT_FORM),
            url: has(MCP_INPUT_URL),
            sampling: has(MCP_INPUT_SAMPLING),
            sampling_tools: has(MCP_INPUT_SAMPLING_TOOLS),
            roots: has(MCP_INPUT_ROOTS),
        };
        let handler = callback.map(|callback| {
            Arc::new(move |question: Arc<Question>| {
                let input = give(mcp_input::new(question));
                // SAFETY: the program gave the function for this user data,
                // and becomes the owner of the question.
                unsafe { callback(userdata.pointer(), owner.address(), input) };
            }) as Arc<InputHandler>
        });
        client.inner.set_input_handler(asks, handler)
    })
}

/// Adds to the capabilities that the client declares, for extensions and
/// experiments.
///
/// `json`: a JSON object as UTF-8 text, such as
/// {"extensions":{"io.modelcontextprotocol/ui":{}}}; NULL for nothing.  What
/// handlers and roots imply is declared without it, and refused in it.
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE after the first exchange,
/// MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.  Spec: ClientCapabilities.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_capabilities_json(
    client: *mut mcp_client,
    json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, json) = unsafe { (borrow(client, "client")?, optional_text(json, "json")?) };
        client.inner.set_capabilities(json)
    })
}

/// Sets the roots that the server may ask for, and declares that it may.
///
/// `json`: a JSON array of {"uri":"file://...","name":"..."} as UTF-8 text;
/// NULL takes the capability away.  A change on a live session is announced
/// to the server, which may wait like a call.
///
/// Returns MCP_OK or a status: MCP_E_INVALID_ARGUMENT; MCP_E_STATE after the
/// first exchange, unless there were roots already; call errors of the
/// announcement.
/// Threads: any.  Since: 0.1.0.  Spec: roots.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_roots_json(
    client: *mut mcp_client,
    json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client, and for a text.
        let (client, json) = unsafe { (borrow(client, "client")?, optional_text(json, "json")?) };
        client.inner.set_roots(json)
    })
}

/// Releases a question, dismissing it if it is not answered.
///
/// `input`: a question that is not used again, or NULL.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_free(input: *mut mcp_input) {
    read_or((), || {
        // SAFETY: the header asks for NULL or a question that is not used
        // again.
        let input = unsafe { take(input) }?;
        if input.pid == std::process::id() {
            input.question.dismiss();
        }
        Some(())
    });
}

/// Tells the kind: MCP_INPUT_FORM, MCP_INPUT_URL, MCP_INPUT_SAMPLING or
/// MCP_INPUT_ROOTS.
///
/// `input`: NULL gives 0.
/// Threads: any.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_kind(input: *const mcp_input) -> i32 {
    // SAFETY: the header asks for NULL or a live question.
    unsafe { tell(input, 0, |it| Some(it.kind() as i32)) }
}

/// Gives the words to show to the person; "" where there are none.
///
/// Never NULL for a question.  `input`: NULL gives NULL.  Text of the server:
/// show from whom it comes.  Valid until freed.
/// Threads: any.  Since: 0.1.0.  Spec: elicitation/create, message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_message(input: *const mcp_input) -> *const c_char {
    // SAFETY: the header asks for NULL or a live question.
    unsafe { lend(input, |it| Some(it.message())) }
}

/// Gives the form's JSON Schema of MCP_INPUT_FORM, otherwise NULL.
///
/// NULL if the server sent none; another type is given as it is.  `input`:
/// NULL gives NULL.  `len`, unless NULL, receives the bytes without the
/// terminating NUL.  Valid until freed.
/// Threads: any.  Since: 0.1.0.  Spec: elicitation, requestedSchema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_schema_json(
    input: *const mcp_input,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live question, and for NULL or a
    // place to write to.
    unsafe { lend_long(input, len, mcp_input::schema) }
}

/// Gives the page of MCP_INPUT_URL, otherwise NULL.
///
/// NULL if the server sent none or another type.  `input`: NULL gives NULL.
/// Show it whole, and open it only after the person agreed.  The library
/// never opens it.  Valid until freed.
/// Threads: any.  Since: 0.1.0.  Spec: elicitation, URL mode.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_url(input: *const mcp_input) -> *const c_char {
    // SAFETY: the header asks for NULL or a live question.
    unsafe { lend(input, |it| it.url()) }
}

/// Gives the question's params as JSON text: all there is of
/// MCP_INPUT_SAMPLING.
///
/// Never NULL for a question.  `input`: NULL gives NULL.  `len`, unless NULL,
/// receives the bytes without the terminating NUL.  Valid until freed.
/// Threads: any.  Since: 0.1.0.  Spec: sampling/createMessage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_params_json(
    input: *const mcp_input,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header asks for NULL or a live question, and for NULL or a
    // place to write to.
    unsafe {
        lend_long(input, len, |it| {
            Some(it.params.get_or_init(|| Lent::new(&it.question.asked.params)))
        })
    }
}

/// Answers "accept": with the filled form, or that the page may be opened.
///
/// `input`: the question.  `content_json`: of MCP_INPUT_FORM the fields as a
/// JSON object; NULL for none, and for a page.  They are sent as they are
/// written, and fields that are absent get the schema's defaults behind them.
/// Values that do not fit the schema are refused with MCP_E_INVALID_ARGUMENT,
/// which says which and why, and so are defaults that do not: the question
/// stays open, to be accepted with other values.
///
/// Returns MCP_OK or a status: MCP_E_STATE when it was answered or withdrawn
/// already, MCP_E_CLOSED, MCP_E_SESSION_LOST, call errors.
/// Threads: any.  Since: 0.1.0.  Spec: elicitation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_accept(
    input: *mut mcp_input,
    content_json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live question, and for a text.
        let (input, content) =
            unsafe { (borrow(input, "input")?, optional_text(content_json, "content_json")?) };
        input.question.check_open()?;
        let answered = input.question.asked.accept(content)?;
        input.question.answer(answered)
    })
}

/// Answers "decline": the person said no.
///
/// `input`: the question.  Of sampling and roots: the error -1, as is the
/// custom.  Returns like mcp_input_accept().
/// Threads: any.  Since: 0.1.0.  Spec: elicitation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_decline(input: *mut mcp_input) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live question.
        let input = unsafe { borrow(input, "input") }?;
        input.question.answer(input.question.asked.refuse(true))
    })
}

/// Answers "cancel": the person made no choice.
///
/// `input`: the question.  Of sampling and roots: the error -1, as is the
/// custom.  Returns like mcp_input_accept().
/// Threads: any.  Since: 0.1.0.  Spec: elicitation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_dismiss(input: *mut mcp_input) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live question.
        let input = unsafe { borrow(input, "input") }?;
        input.question.answer(input.question.asked.refuse(false))
    })
}

/// Answers with a whole result, as sampling and roots need.
///
/// `input`: the question.  `result_json`: a JSON object: of
/// MCP_INPUT_SAMPLING with "role", "content" and "model", of MCP_INPUT_ROOTS
/// with "roots".  MCP_E_INVALID_ARGUMENT for one that lacks these; the
/// question stays open.  Returns like mcp_input_accept().
/// Threads: any.  Since: 0.1.0.  Spec: sampling/createMessage, roots/list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_reply_json(
    input: *mut mcp_input,
    result_json: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live question, and for a text.
        let (input, result) =
            unsafe { (borrow(input, "input")?, text(result_json, "result_json")?) };
        input.question.check_open()?;
        let answered = input.question.asked.reply(result)?;
        input.question.answer(answered)
    })
}

/// Answers with a JSON-RPC error; -1 and "user rejected" is the custom for
/// sampling.
///
/// `input`: the question.  `rpc_code`: the error's code.  `message`: its
/// text, UTF-8; it goes to the server.  Where the revision has no error as
/// an answer (from 2026-07-28 on), the request it belongs to fails with
/// MCP_E_INPUT_REQUIRED.  Returns like mcp_input_accept().
/// Threads: any.  Since: 0.1.0.  Spec: basic, responses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_input_fail(
    input: *mut mcp_input,
    rpc_code: i32,
    message: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live question, and for a text.
        let (input, message) = unsafe { (borrow(input, "input")?, text(message, "message")?) };
        let message = message.to_owned();
        input.question.answer(Answered::Error { code: rpc_code, message })
    })
}
