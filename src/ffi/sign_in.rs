//! Signing in and out, and the person who does it.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::client::http::credentials::{Auth, Browser, open_browser};
use crate::ffi::argument::{lent, text};
use crate::ffi::auth::{mcp_auth, set_text, succeeded};
use crate::ffi::callback::UserData;
use crate::ffi::client::{mcp_client, mcp_free_fn};
use crate::ffi::guard::guard;
use crate::ffi::handle::{borrow, peek};

/// Shows the page on which the person signs in; see mcp_auth_set_browser().
///
/// `userdata`: what was given with the callback.  `auth`: the authorization,
/// lent until the callback returns, for mcp_auth_complete().  `url`: an
/// https:// address, or http:// on this machine, valid until the callback
/// returns; it belongs to this one sign-in and is not for a log.  Return
/// MCP_OK when the page is on its way; any other number ends the sign-in with
/// MCP_E_AUTH.  Runs on the thread that is in a call, or that dispatches.
pub type mcp_browser_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, auth: *mut mcp_auth, url: *const c_char) -> i32,
>;

/// Gets a token now, before the server has asked for one: for a program that
/// has its person sign in at a time of its own choosing.
///
/// `client`: one with an authorization.  Finds the authorization server where
/// the MCP server publishes it, and does all that a refused call would do; a
/// token that is there and good is kept.  Errors: MCP_E_UNSUPPORTED for a
/// client without an authorization; MCP_E_AUTH where the server names no
/// authorization server; call errors.
/// Threads: any.  Since: 0.1.0.  Spec: authorization, RFC 9728.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_sign_in(client: *mut mcp_client) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.sign_in()
    })
}

/// Forgets the tokens that a client has by its authorization, here and in the
/// store, after revoking them where the authorization server can.
///
/// `client`: one with an authorization.  Also what an earlier run left in the
/// store for this client's address is forgotten; the registration is kept.
/// Errors: MCP_E_NOT_FOUND when there is nothing to forget; MCP_E_UNSUPPORTED
/// for a client without an authorization; the failure of a revocation or of
/// the store, where everything that could be is forgotten all the same; call
/// errors.
/// Threads: any.  Since: 0.1.0.  Spec: RFC 7009.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_sign_out(client: *mut mcp_client) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live client.
        unsafe { borrow(client, "client") }?.inner.sign_out()
    })
}

/// Sets where the person's browser is sent back to.
///
/// `auth`: one that is not in use yet.  `url`: copied; NULL, as at first,
/// listens on a free port of 127.0.0.1.  With http:// and a loopback host the
/// library listens there, on a free port if the address has none.  With
/// https://, or a private scheme such as "com.example.app:/callback", it waits
/// for mcp_auth_complete().  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
/// MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: authorization, RFC 8252.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_redirect_url(auth: *mut mcp_auth, url: *const c_char) -> i32 {
    // SAFETY: the header asks for the same.
    unsafe { set_text(auth, url, "url", Auth::set_redirect) }
}

/// Sets who shows the page on which the person signs in.  Without it, as at
/// first, a sign-in that is needed is MCP_E_UNAUTHORIZED.
///
/// `auth`: one that is not in use yet.  `callback`: mcp_open_browser(), or one
/// of the program's own, for instance one that prints the address, reads what
/// the person pastes, and gives it to mcp_auth_complete().  NULL takes it away.
/// `userdata`: given to the callback.  `free_userdata`: see mcp_free_fn.
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.  Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_browser(
    auth: *mut mcp_auth,
    callback: mcp_browser_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle.
        let auth = unsafe { borrow(auth, "auth") }?;
        let show = callback.map(|callback| {
            Arc::new(move |auth: &Arc<Auth>, url: &str| {
                let url = Zeroizing::new(lent(url).into_bytes_with_nul());
                let mut lent = mcp_auth::new(auth.clone());
                // SAFETY: the program gave the function for this user data; the
                // handle and the text live during the call.
                let status =
                    unsafe { callback(userdata.pointer(), &raw mut lent, url.as_ptr().cast()) };
                succeeded(status, "the function that shows the sign-in page")
            }) as Arc<Browser>
        });
        auth.inner.set_browser(show)
    })
}

/// Sets how long the person may take to sign in.
///
/// `auth`: one that is not in use yet.  `milliseconds`: 1 to INT32_MAX, at
/// first 300000, which is five minutes; after that the call fails with
/// MCP_E_TIMEOUT.  The call's own timeout stands still meanwhile, and that of
/// calls which wait for this sign-in: they wait for as long, and up to a minute
/// more.  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_sign_in_timeout(
    auth: *mut mcp_auth,
    milliseconds: i32,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle.
        unsafe { borrow(auth, "auth") }?.inner.set_sign_in_timeout(milliseconds)
    })
}

/// Tells the address to which the person's browser was sent back.
///
/// `auth`: whose sign-in waits.  `redirect_url`: the whole address with its
/// query, or the query alone; copied.  Its state is checked, and the waiting
/// call goes on with it; what else may be wrong with it is that call's error.
/// May be called inside the callback of mcp_auth_set_browser(), also while the
/// library listens by itself: the first answer counts.  Errors: MCP_E_STATE
/// when no sign-in waits for this address, MCP_E_INVALID_ARGUMENT,
/// MCP_E_FORKED.
/// Threads: any.  Since: 0.1.0.  Spec: authorization, RFC 6749.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_complete(
    auth: *mut mcp_auth,
    redirect_url: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle, and for a text.
        let (auth, url) = unsafe { (borrow(auth, "auth")?, text(redirect_url, "redirect_url")?) };
        auth.inner.complete(url)
    })
}

/// Opens an address in the person's browser: a callback for
/// mcp_auth_set_browser().
///
/// `userdata`: not looked at, may be NULL.  `auth`: the opener gets the
/// environment that there was when it was made; NULL for the one of now.
/// `url`: https://, or http:// on this machine, without a user name.  What is
/// not A-Z a-z 0-9 or one of - . _ ~ : / ? # @ = & % + , is percent-encoded.
/// It is one argument of the system's opener (open, xdg-open, x-www-browser),
/// and no shell of the library's sees it.  The environment variable BROWSER
/// names other openers, with a colon between them: a program and its
/// arguments, where %s stands for the address.  A thread of the library waits
/// for the opener's end, and ends with it.
///
/// Returns MCP_OK when the opener was started, MCP_E_INVALID_ARGUMENT for any
/// other address, MCP_E_NOT_FOUND when there is no opener.
/// Threads: any; with NULL while none changes the environment.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_open_browser(
    userdata: *mut c_void,
    auth: *mut mcp_auth,
    url: *const c_char,
) -> i32 {
    let _ = userdata;
    guard(|| {
        // SAFETY: the header asks for a text, and for NULL or a live handle.
        let (auth, url) = unsafe { (peek(auth), text(url, "url")?) };
        open_browser(url, auth.map(|auth| auth.inner.as_ref()))
    })
}
