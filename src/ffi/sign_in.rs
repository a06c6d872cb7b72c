//! Signing in and out, and how the person takes part in it.

use std::ffi::c_char;

use crate::client::Operation;
use crate::client::authorization::Auth;
use crate::ffi::argument::text;
use crate::ffi::auth::{mcp_auth, set_text};
use crate::ffi::call::run;
use crate::ffi::client::mcp_client;
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;

/// Gets a token before the server asks for one, so that the application can
/// choose when the person signs in.
///
/// `client`: a client with an authorization.
///
/// Without a token, the library first asks the MCP server what it demands.
/// It finds the authorization server in the metadata that the MCP server
/// publishes, and then does everything that it does when the server refuses a
/// call.  A token that has expired is renewed.  A stored token that has not
/// expired is kept if the MCP server accepts it now: the library connects and
/// pings with it, over a connection that the client does not use otherwise.
/// If the MCP server refuses that token, or if a token cannot be renewed, for
/// whatever reason, the person signs in.  A renewed token that the MCP server
/// refuses with 4xx leads to the same.
///
/// MCP_OK means that the token was just issued or just accepted.
///
/// Errors: MCP_E_UNSUPPORTED for a client without an authorization;
/// MCP_E_AUTH if the server names no authorization server; call errors.
///
/// Spec: authorization, RFC 9728.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_sign_in(client: *mut mcp_client) -> i32 {
    // SAFETY: the header requires NULL or a live client.
    unsafe { run(client, std::ptr::null_mut(), || Ok(Operation::SignIn)) }
}

/// Removes the tokens that a client has through its authorization, and the
/// registration for which they were issued, from memory and from the store.
/// It then revokes the tokens, if the authorization server supports that.
///
/// `client`: a client with an authorization.
///
/// Tokens and registrations of an earlier run that the store has for the
/// address of this client are removed as well.  The next sign-in registers the
/// application again.  A client id of mcp_auth_set_client() is kept.
///
/// Errors: MCP_E_NOT_FOUND if there is nothing to remove; MCP_E_UNSUPPORTED
/// for a client without an authorization; the error of the revocation or of
/// the store if one of them fails, but the library still removes everything
/// that it can; call errors.
///
/// Spec: RFC 7009.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_sign_out(client: *mut mcp_client) -> i32 {
    // SAFETY: the header requires NULL or a live client.
    unsafe { run(client, std::ptr::null_mut(), || Ok(Operation::SignOut)) }
}

/// Sets the URL to which the authorization server sends the person's browser
/// after the sign-in.
///
/// `auth`: an authorization before its first exchange.
/// `url`: copied.  Default: NULL.
///
/// The kind of the URL decides how the library gets the redirect:
/// - NULL: the library listens on a free port of 127.0.0.1.
/// - http:// with a loopback host: the library listens there, on a free port
///   if the URL has no port.
/// - https://, or a private scheme such as "com.example.app:/callback": the
///   library waits for mcp_auth_complete().
///
/// When: before use.  Spec: authorization, RFC 8252.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_redirect_url(auth: *mut mcp_auth, url: *const c_char) -> i32 {
    // SAFETY: the header requires the same.
    unsafe { set_text(auth, url, "url", Auth::set_redirect) }
}

/// Sets how long the person may take to sign in.  Default: 300000, which is
/// five minutes.
///
/// `auth`: an authorization before its first exchange.
/// `milliseconds`: 1 or more.
///
/// After that time the call fails with MCP_E_TIMEOUT.  The call's own timeout
/// is paused during the sign-in.  The timeouts of other calls that wait for
/// this sign-in are paused as well: these calls wait for as long, and up to a
/// minute more.
///
/// When: before use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_sign_in_timeout(
    auth: *mut mcp_auth,
    milliseconds: i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle.
        unsafe { borrow(auth, "auth") }?.inner.set_sign_in_timeout(milliseconds)
    })
}

/// Gives a waiting sign-in the URL to which the person's browser was
/// redirected.
///
/// `auth`: the authorization of the sign-in.
/// `redirect_url`: the whole URL with its query, or only the query; copied.
///
/// The function checks the state parameter of the URL, and the waiting call
/// continues with the URL.  If anything else in the URL is wrong, that call
/// returns the error.  You may call this function inside the callback of
/// mcp_auth_set_browser(), and also while the library itself listens for the
/// redirect: the first URL counts.
///
/// Errors: MCP_E_STATE if no sign-in is waiting for this URL.
///
/// Spec: authorization, RFC 6749.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_complete(
    auth: *mut mcp_auth,
    redirect_url: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle, and for a text.
        let (auth, url) = unsafe { (borrow(auth, "auth")?, text(redirect_url, "redirect_url")?) };
        auth.inner.complete(url)
    })
}
