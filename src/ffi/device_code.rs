//! The code that a person enters in a browser elsewhere.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use crate::client::authorization::{Auth, DeviceCode, DeviceHandler};
use crate::ffi::auth::{check_returned, mcp_auth};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;
use crate::ffi::view::{Lent, lend, read_value};

/// A DEVICE CODE: what a person needs to sign in with a browser on another
/// device (MCP_GRANT_DEVICE).
///
/// The callback of mcp_auth_set_device_handler() receives it.  It is valid
/// while the callback runs, and so is everything that the functions below
/// return.
#[derive(Debug)]
pub struct mcp_device_code {
    user_code: Lent,
    url: Lent,
    complete_url: Option<Lent>,
    expires_in: i64,
}

impl mcp_device_code {
    fn new(code: &DeviceCode) -> Self {
        Self {
            user_code: Lent::new(&code.user_code),
            url: Lent::new(&code.url),
            complete_url: code.complete_url.as_deref().map(Lent::new),
            expires_in: i64::try_from(code.expires_in.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// Shows the person where to sign in, and the code to enter there; see
/// mcp_auth_set_device_handler().
///
/// `userdata`: the pointer that was set with the callback.
/// `auth`: the authorization; borrowed until the callback returns.
/// `code`: valid until the callback returns.  It belongs to this one sign-in:
/// do not log it.
///
/// Return MCP_OK when the person can see the code, without waiting for the
/// person.  Any other return value ends the sign-in with MCP_E_AUTH.  The
/// callback runs on the thread that is in a call, or that dispatches.
pub type mcp_device_code_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        auth: *mut mcp_auth,
        code: *const mcp_device_code,
    ) -> i32,
>;

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
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
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
                let code = mcp_device_code::new(code);
                let mut lent = mcp_auth::new(auth.clone());
                // SAFETY: the application passed the function for this user data.
                // The handle and the code outlive the call.
                let status =
                    unsafe { callback(userdata.pointer(), &raw mut lent, &raw const code) };
                check_returned(status, "the function that shows the code of the sign-in")
            }) as Box<DeviceHandler>
        });
        auth.inner.set_device_handler(show)
    })
}

/// Returns the code that the person enters, such as "WDJB-MJHT".
///
/// `code`: NULL gives NULL.
///
/// The text has printable ASCII characters only.  Never NULL for a valid
/// `code`.  Valid while the callback runs.
///
/// Spec: RFC 8628, user_code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_device_code_user_code(code: *const mcp_device_code) -> *const c_char {
    // SAFETY: the header requires NULL or a live code.
    unsafe { lend(code, |it| Some(&it.user_code)) }
}

/// Returns the URL of the page on which the person enters the code.  It is
/// short, so that the person can type it.
///
/// `code`: NULL gives NULL.
///
/// The URL is https://, or http:// where the library accepts that for an
/// authorization server.  Never NULL for a valid `code`.  Valid while the
/// callback runs.
///
/// Spec: RFC 8628, verification_uri.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_device_code_url(code: *const mcp_device_code) -> *const c_char {
    // SAFETY: the header requires NULL or a live code.
    unsafe { lend(code, |it| Some(&it.url)) }
}

/// Returns the URL of the same page with the code in it, for a link or a QR
/// code.  The person still has to see the code, to compare it with the page.
///
/// `code`: NULL gives NULL.
///
/// Returns NULL if the server sent none, or one that is not like the URL of
/// mcp_device_code_url().  Valid while the callback runs.
/// Spec: RFC 8628, verification_uri_complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_device_code_complete_url(
    code: *const mcp_device_code,
) -> *const c_char {
    // SAFETY: the header requires NULL or a live code.
    unsafe { lend(code, |it| it.complete_url.as_ref()) }
}

/// Returns how long the person has, in milliseconds from the request of the
/// code: until the code expires, and at most the time of
/// mcp_auth_set_sign_in_timeout().
///
/// `code`: NULL gives -1.
///
/// Spec: RFC 8628, expires_in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_device_code_expires_in(code: *const mcp_device_code) -> i64 {
    // SAFETY: the header requires NULL or a live code.
    unsafe { read_value(code, -1, |it| Some(it.expires_in)) }
}
