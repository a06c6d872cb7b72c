//! The signed token that an exchange starts from.

use std::ffi::{CStr, c_char, c_void};
use std::sync::{Arc, Mutex};

use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::client::authorization::{AssertionProvider, Auth, read_file, read_variable};
use crate::ffi::argument::returned_text;
use crate::ffi::auth::{check_returned, mcp_auth};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::guard::guard;
use crate::ffi::handle::{borrow, peek};
use crate::ffi::view::{Lent, lend};

/// A SIGNED TOKEN that an exchange needs.
///
/// The callback of mcp_auth_set_assertion_handler() receives it, and puts the
/// token there with mcp_assertion_set_token().  It is valid until the callback
/// returns.
#[derive(Debug)]
pub struct mcp_assertion {
    audience: Lent,
    given: Mutex<GivenToken>,
}

/// What the callback has given, or why that could not be used.
#[derive(Debug, Default)]
struct GivenToken {
    token: Option<Secret>,
    error: Option<Error>,
}

impl mcp_assertion {
    fn new(audience: &str) -> Self {
        Self { audience: Lent::new(audience), given: Mutex::default() }
    }

    fn give(&self, token: Result<Secret>) -> Result<()> {
        let mut given = lock(&self.given);
        match token {
            Ok(token) => *given = GivenToken { token: Some(token), error: None },
            Err(error) => {
                given.error = Some(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    /// The token, after the callback has returned.
    fn take(&self, status: i32) -> Result<Secret> {
        let GivenToken { token, error } = std::mem::take(&mut *lock(&self.given));
        check_returned(status, "the assertion handler", error)?;
        token.ok_or_else(|| {
            let what = "the assertion handler returned MCP_OK without a token";
            Error::new(Status::Auth, what)
        })
    }
}

/// Provides a signed token; see mcp_auth_set_assertion_handler().
///
/// `userdata`: the pointer that was set with the callback.
/// `auth`: the authorization.
/// `assertion`: put the token there with mcp_assertion_set_token(), and return
/// MCP_OK.
///
/// Any other return value ends the exchange with MCP_E_AUTH.
pub type mcp_assertion_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        auth: *mut mcp_auth,
        assertion: *mut mcp_assertion,
    ) -> i32,
>;

/// Sets a callback that provides the signed token to exchange: the identity
/// token of the person for MCP_GRANT_TOKEN_EXCHANGE, the token that the
/// platform gives the workload for MCP_GRANT_JWT_BEARER of mcpclient_draft.h.
///
/// `auth`: an authorization before its first exchange.
/// `callback`: called again for each exchange.  NULL removes it.
/// mcpclient_draft.h has two ready-made ones, mcp_assertion_from_file() and
/// mcp_assertion_from_variable().
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// When: before use.  Spec: RFC 7523, RFC 8693.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_assertion_handler(
    auth: *mut mcp_auth,
    callback: mcp_assertion_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live handle.
        let auth = unsafe { borrow(auth, "auth") }?;
        let provider = callback.map(|callback| {
            Box::new(move |auth: &Arc<Auth>, audience: &str| {
                let mut assertion = mcp_assertion::new(audience);
                let mut lent = mcp_auth::new(auth.clone());
                // SAFETY: the application passed the function for this user data.
                // The handle and the assertion outlive the call.
                let status =
                    unsafe { callback(userdata.pointer(), &raw mut lent, &raw mut assertion) };
                assertion.take(status)
            }) as Box<AssertionProvider>
        });
        auth.inner.set_assertion(provider)
    })
}

/// Returns the audience that the token must be issued for: the issuer of the
/// authorization server.
///
/// `assertion`: NULL gives NULL.
///
/// For MCP_GRANT_TOKEN_EXCHANGE you may ignore it: there the identity provider
/// issued the token to the application.  Never NULL for a valid `assertion`.
///
/// Spec: RFC 7523, 3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_assertion_audience(assertion: *const mcp_assertion) -> *const c_char {
    // SAFETY: the header requires NULL or a live assertion.
    unsafe { lend(assertion, |it| Some(&it.audience)) }
}

/// Gives the library the signed token.
///
/// `assertion`: what the callback received.
/// `token`: `len` bytes of UTF-8, copied.  No NUL is needed at the end.  The
/// copy is overwritten when it is released.  Blanks and line ends around the
/// token are ignored.
///
/// If the callback calls this function several times, the last token counts.
///
/// Errors: MCP_E_TOO_LARGE for more than 1 MiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_assertion_set_token(
    assertion: *mut mcp_assertion,
    token: *const c_char,
    len: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live assertion, and NULL or
        // `len` readable bytes.
        let (assertion, token) =
            unsafe { (peek(assertion), returned_text(token, len, "token").map(Secret::from)) };
        assertion.ok_or_else(|| Error::argument("assertion is NULL"))?.give(token)
    })
}

/// Reads the signed token from a file: a callback for
/// mcp_auth_set_assertion_handler().
///
/// `userdata`: the path of the file in UTF-8, a C string of the application.
/// It must stay valid as long as the callback is set; `free_userdata` may free
/// it.
/// `auth`: ignored, may be NULL.
/// `assertion`: receives the token.
///
/// The library reads the file again for each exchange, on the thread that is
/// in a call, or that dispatches.  The file need not exist when the callback
/// is set.
///
/// Returns MCP_OK; MCP_E_INVALID_ARGUMENT; MCP_E_AUTH if the file cannot be
/// read, is no regular file, or has more than 256 KiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_assertion_from_file(
    userdata: *mut c_void,
    auth: *mut mcp_auth,
    assertion: *mut mcp_assertion,
) -> i32 {
    let _ = auth;
    // SAFETY: the header requires the same.
    unsafe { give_from(userdata, assertion, "path", |path| read_file(path.as_ref())) }
}

/// Reads the signed token from an environment variable: a callback for
/// mcp_auth_set_assertion_handler().
///
/// `userdata`: the name of the variable, a C string of the application.  It
/// must stay valid as long as the callback is set; `free_userdata` may free
/// it.
/// `auth`: ignored, may be NULL.
/// `assertion`: receives the token.
///
/// The library reads the variable again for each exchange, on the thread that
/// is in a call, or that dispatches.
///
/// Returns MCP_OK; MCP_E_INVALID_ARGUMENT; MCP_E_AUTH if the variable is not
/// set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_assertion_from_variable(
    userdata: *mut c_void,
    auth: *mut mcp_auth,
    assertion: *mut mcp_assertion,
) -> i32 {
    let _ = auth;
    let read = |name: &str| {
        if name.contains('=') {
            return Err(Error::argument("the name of the variable has a \"=\""));
        }
        read_variable(name.as_ref())
    };
    // SAFETY: the header requires the same.
    unsafe { give_from(userdata, assertion, "the name of the variable", read) }
}

/// Gives an assertion what `read` finds at the place that the user data names.
///
/// # Safety
///
/// `userdata` is NULL or a text, and `assertion` is NULL or alive.
unsafe fn give_from(
    userdata: *mut c_void,
    assertion: *mut mcp_assertion,
    what: &str,
    read: impl FnOnce(&str) -> Result<Secret>,
) -> i32 {
    guard(|| {
        // SAFETY: the caller guarantees it.
        let assertion = unsafe { peek(assertion) };
        let assertion = assertion.ok_or_else(|| Error::argument("assertion is NULL"))?;
        let place = if userdata.is_null() {
            Err(Error::argument(format!("userdata is NULL: it is {what}")))
        } else {
            // SAFETY: not NULL; the caller guarantees the rest.
            let place = unsafe { CStr::from_ptr(userdata.cast()) };
            match place.to_str() {
                Ok("") => Err(Error::argument(format!("{what} is empty"))),
                other => other.map_err(|_| Error::argument(format!("{what} is not UTF-8"))),
            }
        };
        assertion.give(place.and_then(read))
    })
}
