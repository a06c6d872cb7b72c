//! The page on which a person signs in: in a browser of this machine, or with a
//! code in a browser elsewhere.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock};

use crate::base::error::{Error, Result};
use crate::client::authorization::{Auth, Browser, DeviceCode, DeviceHandler, open_browser};
use crate::ffi::auth::{check_returned, mcp_auth};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::guard::guard;
use crate::ffi::handle::{borrow, peek};
use crate::ffi::view::{Lent, lend, read_value};

/// A SIGN-IN PAGE: where the person signs in.
///
/// The callbacks of mcp_auth_set_browser() and mcp_auth_set_device_handler()
/// receive it.  It is valid until the callback returns, and so is everything
/// that the functions below return.  Any thread may read it.
#[derive(Debug)]
pub struct mcp_sign_in_page {
    url: Lent,
    complete_url: Option<Lent>,
    user_code: Option<Lent>,
    expires_in: i64,
    /// Why mcp_open_browser() failed.
    error: OnceLock<Error>,
}

impl mcp_sign_in_page {
    fn of_browser(url: &str) -> Self {
        let url = Lent::new(url);
        Self { url, complete_url: None, user_code: None, expires_in: -1, error: OnceLock::new() }
    }

    fn of_device(code: &DeviceCode) -> Self {
        Self {
            url: Lent::new(&code.url),
            complete_url: code.complete_url.as_deref().map(Lent::new),
            user_code: Some(Lent::new(&code.user_code)),
            expires_in: i64::try_from(code.expires_in.as_millis()).unwrap_or(i64::MAX),
            error: OnceLock::new(),
        }
    }

    /// Runs the callback that shows the page. The handle and the page that it
    /// gets outlive the call.
    fn shown(
        self,
        auth: &Arc<Auth>,
        show: impl FnOnce(*mut mcp_auth, *const Self) -> i32,
        what: &str,
    ) -> Result<()> {
        let mut lent = mcp_auth::new(auth.clone());
        let status = show(&raw mut lent, &raw const self);
        check_returned(status, what, self.error.into_inner())
    }
}

/// Shows the person the page on which to sign in; see mcp_auth_set_browser().
///
/// `userdata`: the pointer that was set with the callback.
/// `auth`: the authorization, for mcp_auth_complete().
/// `page`: the page.  It belongs to this one sign-in: do not log it.
///
/// Return MCP_OK when the page is being opened, without waiting for the
/// person.  Any other return value ends the sign-in with MCP_E_AUTH.
pub type mcp_browser_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        auth: *mut mcp_auth,
        page: *const mcp_sign_in_page,
    ) -> i32,
>;

/// Shows the person where to sign in, and the code to enter there; see
/// mcp_auth_set_device_handler().
///
/// `userdata`: the pointer that was set with the callback.
/// `auth`: the authorization.
/// `page`: the page and the code.  They belong to this one sign-in: do not
/// log them.
///
/// Return MCP_OK when the person can see the code, without waiting for the
/// person.  Any other return value ends the sign-in with MCP_E_AUTH.
pub type mcp_device_code_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        auth: *mut mcp_auth,
        page: *const mcp_sign_in_page,
    ) -> i32,
>;

/// Sets the callback that shows the page on which the person signs in.
/// Without one, which is the default, a call that needs a sign-in returns
/// MCP_E_UNAUTHORIZED.
///
/// `auth`: an authorization before its first exchange.
/// `callback`: mcp_open_browser(), or a function of the application.  For
/// example, a function may print the URL, read the URL that the person
/// pastes, and pass it to mcp_auth_complete().  NULL removes the callback.
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// When: before use.  Spec: authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_browser(
    auth: *mut mcp_auth,
    callback: mcp_browser_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live handle.
        let auth = unsafe { borrow(auth, "auth") }?;
        let show = callback.map(|callback| {
            Box::new(move |auth: &Arc<Auth>, url: &str| {
                let page = mcp_sign_in_page::of_browser(url);
                // SAFETY: the application passed the function for this user data.
                let show = |auth, page| unsafe { callback(userdata.pointer(), auth, page) };
                page.shown(auth, show, "the function that shows the sign-in page")
            }) as Box<Browser>
        });
        auth.inner.set_browser(show)
    })
}

/// Sets the callback that shows the code of MCP_GRANT_DEVICE.  Without one,
/// which is the default, a call that needs a sign-in returns
/// MCP_E_UNAUTHORIZED.
///
/// `auth`: an authorization before its first exchange.
/// `callback`: a function of the application; NULL removes it.
/// `userdata`: passed to the callback.
/// `free_userdata`: see mcp_free_fn.
///
/// After the callback has returned, the library asks the authorization server
/// until the person has signed in: every 5 s, or as often as the server says.
/// The wait ends when the code expires, or after the time of
/// mcp_auth_set_sign_in_timeout(), with MCP_E_TIMEOUT.  mcp_cancel_fire()
/// ends it as well.  The call's own timeout is paused meanwhile.
///
/// When: before use.  Spec: RFC 8628.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_device_handler(
    auth: *mut mcp_auth,
    callback: mcp_device_code_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header requires NULL or a live handle.
        let auth = unsafe { borrow(auth, "auth") }?;
        let show = callback.map(|callback| {
            Box::new(move |auth: &Arc<Auth>, code: &DeviceCode| {
                let page = mcp_sign_in_page::of_device(code);
                // SAFETY: the application passed the function for this user data.
                let show = |auth, page| unsafe { callback(userdata.pointer(), auth, page) };
                page.shown(auth, show, "the function that shows the code of the sign-in")
            }) as Box<DeviceHandler>
        });
        auth.inner.set_device_handler(show)
    })
}

/// Returns the URL of the page.  With a code for another device it is short,
/// so that the person can type it.
///
/// `page`: NULL gives NULL.
///
/// The URL is https://, or http:// where the library accepts that for an
/// authorization server.  Never NULL for a valid `page`.
///
/// Spec: RFC 6749, 4.1.1; RFC 8628, verification_uri.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_sign_in_page_url(page: *const mcp_sign_in_page) -> *const c_char {
    // SAFETY: the header requires NULL or a live page.
    unsafe { lend(page, |it| Some(&it.url)) }
}

/// Returns the URL of the same page with the code in it, for a link or a QR
/// code.  The person still has to see the code, to compare it with the page.
///
/// `page`: NULL gives NULL.
///
/// Returns NULL without a code, and if the server sent no such URL, or one
/// that is not like the URL of mcp_sign_in_page_url().
///
/// Spec: RFC 8628, verification_uri_complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_sign_in_page_complete_url(
    page: *const mcp_sign_in_page,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live page.
    unsafe { lend(page, |it| it.complete_url.as_ref()) }
}

/// Returns the code that the person enters on the page, such as "WDJB-MJHT".
///
/// `page`: NULL gives NULL.
///
/// The text has printable ASCII characters only.  Never NULL in the callback
/// of mcp_auth_set_device_handler(); NULL in that of mcp_auth_set_browser().
///
/// Spec: RFC 8628, user_code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_sign_in_page_user_code(
    page: *const mcp_sign_in_page,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live page.
    unsafe { lend(page, |it| it.user_code.as_ref()) }
}

/// Returns how long the person has to enter the code, in milliseconds from
/// the request of the code: until the code expires, and at most the time of
/// mcp_auth_set_sign_in_timeout().
///
/// `page`: NULL gives -1.
///
/// Returns -1 without a code.
///
/// Spec: RFC 8628, expires_in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_sign_in_page_expires_in(page: *const mcp_sign_in_page) -> i64 {
    // SAFETY: the header requires NULL or a live page.
    unsafe { read_value(page, -1, |it| Some(it.expires_in)) }
}

/// Opens a sign-in page in the person's browser: a callback for
/// mcp_auth_set_browser().
///
/// `userdata`: ignored, may be NULL.
/// `auth`: the opener gets the environment variables that existed when this
/// authorization was made; with NULL, the current ones.
/// `page`: the page that a callback received.  The function opens
/// mcp_sign_in_page_complete_url() if there is one, and else
/// mcp_sign_in_page_url().  It does not show mcp_sign_in_page_user_code().
///
/// The URL must be https://, or http:// on this machine, without a user name.
/// If `auth` has mcp_auth_set_allow_private(), it may also be http:// on a
/// private network.  All characters except A-Z a-z 0-9 - . _ ~ : / ? # @ = &
/// % + , are percent-encoded.  The URL is one argument of the system's opener
/// (open, xdg-open, x-www-browser), and the library runs no shell.  The
/// environment variable BROWSER names other openers, separated by colons.
/// Each is a program with its arguments, in which %s stands for the URL.  A
/// thread of the library waits until the opener ends, and then ends too.
///
/// Returns MCP_OK when the opener was started; MCP_E_INVALID_ARGUMENT for any
/// other URL and for NULL; MCP_E_NOT_FOUND if there is no opener.
///
/// When: with NULL for `auth` while no thread changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_open_browser(
    userdata: *mut c_void,
    auth: *mut mcp_auth,
    page: *const mcp_sign_in_page,
) -> i32 {
    let _ = userdata;
    guard(|| {
        // SAFETY: the header requires NULL or a live page and handle.
        let (auth, page) = unsafe { (peek(auth), peek(page)) };
        let page = page.ok_or_else(|| Error::argument("page is NULL"))?;
        let url = page.complete_url.as_ref().unwrap_or(&page.url);
        open_browser(url.text(), auth.map(|auth| auth.inner.as_ref())).inspect_err(|error| {
            // For the error of the call, if the callback returns this status.
            let _ = page.error.set(error.clone());
        })
    })
}
