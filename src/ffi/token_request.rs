//! Tokens that the application provides when a call needs one.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock};

use crate::client::{OpenTokenRequest, Token};
use crate::ffi::argument::{optional_text, returned_text, text};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::client::mcp_client;
use crate::ffi::event::ClientAddress;
use crate::ffi::guard::{guard, read_or};
use crate::ffi::handle::{Handle, borrow, give, peek, take};
use crate::ffi::view::{Lent, read_value};
use crate::platform::process_id;

/// A TOKEN REQUEST: a call needs a bearer token of the application.
///
/// The callback of mcp_client_set_token_handler() receives it and owns it.  It
/// may answer at once, or keep the token request and answer later, from any
/// thread: with mcp_token_request_answer() or mcp_token_request_fail().
/// Answer it once, and free it with mcp_token_request_free().  A token request
/// that is freed without an answer fails.
///
/// Calls of a client that need a token at the same time wait for the same
/// token request, each within its own timeout.  When no call waits for it any
/// more, an answer is MCP_E_STATE.  A started request waits without a thread,
/// so that mcp_client_dispatch() returns before the answer.
#[derive(Debug)]
pub struct mcp_token_request {
    pid: u32,
    inner: Arc<OpenTokenRequest>,
    /// The values of `inner.challenge` that were read, by place.
    lent: OnceLock<Vec<Lent>>,
}

impl Handle for mcp_token_request {
    fn pid(&self) -> u32 {
        self.pid
    }
}

impl mcp_token_request {
    fn new(inner: Arc<OpenTokenRequest>) -> Self {
        Self { pid: process_id(), inner, lent: OnceLock::new() }
    }

    fn challenge(&self, name: &str) -> Option<&Lent> {
        let all = &self.inner.challenge;
        let at = all.iter().position(|(known, _)| known == name)?;
        let lend = || all.iter().map(|(_, value)| Lent::new(value)).collect();
        self.lent.get_or_init(lend).get(at)
    }
}

/// Receives a token request; see mcp_client_set_token_handler().
///
/// `userdata`: the pointer that was set with the callback.
/// `client`: the client whose call needs a token.
/// `request`: belongs to the application: answer it now or later, from any
/// thread, and free it with mcp_token_request_free().
///
/// Return MCP_OK.  Any other return value fails the token request, unless it
/// was answered.  The application frees it in both cases.
pub type mcp_token_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        client: *mut mcp_client,
        request: *mut mcp_token_request,
    ) -> i32,
>;

/// Sets a callback that provides the token.
///
/// `callback`: called before the first request, and again when the server
/// answers 401.  If the second token differs from the first, the request is
/// sent once more.  NULL removes the handler or the token.
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// A call fails with MCP_E_UNAUTHORIZED if its token request fails, and with
/// MCP_E_TIMEOUT if it is not answered in time.
///
/// Errors: MCP_E_INVALID_ARGUMENT while there is a header Authorization.
///
/// When: at any time.  Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_client_set_token_handler(
    client: *mut mcp_client,
    callback: mcp_token_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let owner = ClientAddress(client);
    // From here on the library owns it, and releases it on every path.
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live client.
        let client = unsafe { borrow(client, "client") }?;
        let Some(callback) = callback else {
            drop(userdata);
            return client.inner.set_token_handler(None);
        };
        let ask = move |request: &Arc<OpenTokenRequest>| {
            let handle = give(mcp_token_request::new(request.clone()));
            // SAFETY: the application passed the function for this user data,
            // and becomes the owner of the token request.
            let status = unsafe { callback(userdata.pointer(), owner.address(), handle) };
            request.returned(status);
        };
        client.inner.set_token_handler(Some(Box::new(ask)))
    })
}

/// Returns 1 if the server refused the last token, 0 if no token was sent yet.
///
/// `request`: NULL gives 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_token_request_refused(request: *const mcp_token_request) -> i32 {
    // SAFETY: the header requires NULL or a live token request.
    unsafe { read_value(request, 0, |it| Some(i32::from(it.inner.is_refused))) }
}

/// Returns a parameter of the challenge with which the server refused the
/// last token (WWW-Authenticate).
///
/// `request`: NULL gives NULL.
/// `name`: as for mcp_error_challenge().
///
/// Returns UTF-8 text as the server wrote it, in which the refused token is
/// masked; NULL if the server sent none, and before the first refusal.  Valid
/// until mcp_token_request_free().
///
/// Spec: authorization; RFC 6750, section 3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_token_request_challenge(
    request: *const mcp_token_request,
    name: *const c_char,
) -> *const c_char {
    read_or(std::ptr::null(), || {
        // SAFETY: the header requires NULL or a live token request, and a text.
        let (request, name) = unsafe { (peek(request)?, text(name, "name").ok()?) };
        request.challenge(name).map(Lent::pointer)
    })
}

/// Answers with a token.  The calls that wait for it continue, and later calls
/// use it until the server refuses it.
///
/// `request`: the token request.
/// `token`: `len` bytes, the bearer token without the word "Bearer", copied.
/// No NUL is needed at the end.  The copy is overwritten when it is released.
///
/// A text that is no token is MCP_E_INVALID_ARGUMENT, and the token request
/// stays open.
///
/// Errors: MCP_E_TOO_LARGE for more than 1 MiB; MCP_E_STATE if it was
/// answered, or no call waits for it any more.
///
/// Spec: RFC 6750.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_token_request_answer(
    request: *mut mcp_token_request,
    token: *const c_char,
    len: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live token request, and NULL or
        // `len` readable bytes.
        let (request, token) =
            unsafe { (borrow(request, "request")?, returned_text(token, len, "token")) };
        request.inner.answer(token.and_then(Token::parse))
    })
}

/// Fails the token request: the application has no token.  The calls that wait
/// for it return MCP_E_UNAUTHORIZED.
///
/// `request`: the token request.
/// `message`: why, in UTF-8, copied; NULL for no reason.  It becomes a part of
/// the error message of the calls.  More than 200 bytes are cut.
///
/// Errors: MCP_E_STATE as for mcp_token_request_answer().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_token_request_fail(
    request: *mut mcp_token_request,
    message: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live token request, and a text.
        let (request, message) =
            unsafe { (borrow(request, "request")?, optional_text(message, "message")?) };
        request.inner.fail(message.unwrap_or("it has no token"))
    })
}

/// Releases a token request.  If it is not answered yet, it fails.
///
/// `request`: a token request that is not used again, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_token_request_free(request: *mut mcp_token_request) {
    read_or((), || {
        // SAFETY: the header requires NULL or a token request that is not used
        // again.
        let request = unsafe { take(request) }?;
        if request.pid == process_id() {
            request.inner.freed();
        }
        Some(())
    });
}
