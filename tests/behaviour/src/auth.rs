//! A thin owner of mcp_auth.

use std::ffi::{CString, c_char, c_void};
use std::ptr;

use crate::calls::free;
use crate::{Client, Failure, Outcome, c, optional, outcome, raw, text};

type Text = *const c_char;
type AssertionFn =
    unsafe extern "C" fn(*mut c_void, *mut raw::mcp_auth, *mut raw::mcp_assertion) -> i32;

/// A test that fails inside a callback is a callback that fails: no panic goes
/// through the library.
fn no_unwinding(call: impl FnOnce() -> i32) -> i32 {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_or(96)
}

/// A store that failed.
#[derive(Debug)]
pub struct Failed;

/// What a program keeps; every part may fail.
pub trait Store: Send + Sync + 'static {
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, Failed>;
    fn save(&self, key: &str, data: &[u8]) -> Result<(), Failed>;
    fn forget(&self, key: &str) -> Result<(), Failed>;
}

/// What a person needs to sign in elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceCode {
    pub user_code: String,
    pub url: String,
    pub complete_url: Option<String>,
    pub expires_in: i64,
}

/// An authorization, released when dropped.
#[derive(Debug)]
pub struct Auth(pub *mut raw::mcp_auth);

unsafe impl Send for Auth {}
unsafe impl Sync for Auth {}

/// An authorization that the library lends to a callback.
#[derive(Clone, Copy, Debug)]
pub struct Lent(*mut raw::mcp_auth);

impl Lent {
    pub fn complete(self, redirect: &str) -> Outcome<()> {
        outcome(unsafe { raw::mcp_auth_complete(self.0, c(redirect).as_ptr()) })
    }
}

impl Auth {
    pub fn new(grant: i32) -> Outcome<Self> {
        let auth = unsafe { raw::mcp_auth_new(grant) };
        if auth.is_null() { Err(Failure::last()) } else { Ok(Self(auth)) }
    }

    /// One that must be made.
    pub fn of(grant: i32) -> Self {
        Self::new(grant).unwrap()
    }

    pub fn set_client(&self, id: &str, secret: Option<&str>) -> Outcome<()> {
        let secret = secret.map(c);
        outcome(unsafe {
            raw::mcp_auth_set_client(self.0, c(id).as_ptr(), optional(secret.as_ref()))
        })
    }

    pub fn set_client_key(
        &self,
        pem: &str,
        algorithm: Option<&str>,
        key_id: Option<&str>,
    ) -> Outcome<()> {
        let (algorithm, key_id) = (algorithm.map(c), key_id.map(c));
        outcome(unsafe {
            raw::mcp_auth_set_client_key(
                self.0,
                c(pem).as_ptr(),
                optional(algorithm.as_ref()),
                optional(key_id.as_ref()),
            )
        })
    }

    fn set(
        &self,
        set: unsafe extern "C" fn(*mut raw::mcp_auth, Text) -> i32,
        to: &str,
    ) -> Outcome<()> {
        outcome(unsafe { set(self.0, c(to).as_ptr()) })
    }

    pub fn set_metadata_url(&self, url: &str) -> Outcome<()> {
        self.set(raw::mcp_auth_set_client_metadata_url, url)
    }

    pub fn set_client_auth(&self, method: &str) -> Outcome<()> {
        self.set(raw::mcp_auth_set_client_auth, method)
    }

    pub fn set_scope(&self, scope: &str) -> Outcome<()> {
        self.set(raw::mcp_auth_set_scope, scope)
    }

    pub fn set_issuer(&self, issuer: &str) -> Outcome<()> {
        self.set(raw::mcp_auth_set_issuer, issuer)
    }

    pub fn set_redirect(&self, url: &str) -> Outcome<()> {
        self.set(raw::mcp_auth_set_redirect_url, url)
    }

    /// The path or the name stays valid as long as the callback is set.
    fn set_assertion_from(&self, from: AssertionFn, place: &str) -> Outcome<()> {
        unsafe extern "C" fn free(place: *mut c_void) {
            drop(unsafe { CString::from_raw(place.cast()) });
        }
        let place = c(place).into_raw().cast();
        outcome(unsafe {
            raw::mcp_auth_set_assertion_handler(self.0, Some(from), place, Some(free))
        })
    }

    pub fn set_assertion_file(&self, path: &str) -> Outcome<()> {
        self.set_assertion_from(raw::mcp_assertion_from_file, path)
    }

    pub fn set_assertion_variable(&self, name: &str) -> Outcome<()> {
        self.set_assertion_from(raw::mcp_assertion_from_variable, name)
    }

    pub fn set_store_file(&self, path: &str) -> Outcome<()> {
        self.set(raw::mcp_auth_set_store_file, path)
    }

    pub fn complete(&self, redirect: &str) -> Outcome<()> {
        self.set(raw::mcp_auth_complete, redirect)
    }

    /// Without a value, the parameter is left out.
    pub fn set_authorization_parameter(&self, name: &str, value: Option<&str>) -> Outcome<()> {
        let value = value.map(c);
        outcome(unsafe {
            raw::mcp_auth_set_authorization_parameter(
                self.0,
                c(name).as_ptr(),
                optional(value.as_ref()),
            )
        })
    }

    pub fn set_token_parameter(&self, name: &str, value: Option<&str>) -> Outcome<()> {
        let value = value.map(c);
        outcome(unsafe {
            raw::mcp_auth_set_token_parameter(self.0, c(name).as_ptr(), optional(value.as_ref()))
        })
    }

    /// Leaves out `resource` everywhere.
    pub fn leave_out_resource(&self) {
        self.set_authorization_parameter("resource", None).unwrap();
        self.set_token_parameter("resource", None).unwrap();
    }

    pub fn set_assume_pkce(&self, on: bool) -> Outcome<()> {
        outcome(unsafe { raw::mcp_auth_set_assume_pkce(self.0, on.into()) })
    }

    pub fn set_endpoints(&self, authorization: Option<&str>, token: &str) -> Outcome<()> {
        let authorization = authorization.map(c);
        outcome(unsafe {
            raw::mcp_auth_set_endpoints(self.0, optional(authorization.as_ref()), c(token).as_ptr())
        })
    }

    pub fn set_sign_in_timeout(&self, milliseconds: i64) -> Outcome<()> {
        outcome(unsafe { raw::mcp_auth_set_sign_in_timeout(self.0, milliseconds) })
    }

    pub fn set_dpop(&self, on: i32) -> Outcome<()> {
        outcome(unsafe { raw::mcp_auth_set_dpop(self.0, on) })
    }

    pub fn set_dpop_key(&self, pem: &str, algorithm: Option<&str>) -> Outcome<()> {
        let algorithm = algorithm.map(c);
        outcome(unsafe {
            raw::mcp_auth_set_dpop_key(self.0, c(pem).as_ptr(), optional(algorithm.as_ref()))
        })
    }

    pub fn set_allow_private(&self, allow: bool) -> Outcome<()> {
        outcome(unsafe { raw::mcp_auth_set_allow_private(self.0, allow.into()) })
    }

    pub fn set_identity_provider(
        &self,
        endpoint: &str,
        id: &str,
        secret: Option<&str>,
    ) -> Outcome<()> {
        let (endpoint, id, secret): (CString, CString, _) = (c(endpoint), c(id), secret.map(c));
        outcome(unsafe {
            raw::mcp_auth_set_identity_provider(
                self.0,
                endpoint.as_ptr(),
                id.as_ptr(),
                optional(secret.as_ref()),
            )
        })
    }

    /// What `show` gives is what the callback returns.
    pub fn set_browser<F>(&self, show: F) -> Outcome<()>
    where
        F: Fn(Lent, &str) -> i32 + Send + Sync + 'static,
    {
        unsafe extern "C" fn call<F: Fn(Lent, &str) -> i32>(
            userdata: *mut c_void,
            auth: *mut raw::mcp_auth,
            page: *const raw::mcp_sign_in_page,
        ) -> i32 {
            let show = unsafe { &*(userdata as *const F) };
            let url = text(unsafe { raw::mcp_sign_in_page_url(page) }).unwrap();
            no_unwinding(|| show(Lent(auth), &url))
        }
        let userdata = Box::into_raw(Box::new(show)).cast();
        outcome(unsafe {
            raw::mcp_auth_set_browser(self.0, Some(call::<F>), userdata, Some(free::<F>))
        })
    }

    /// What `show` gives is what the callback returns.
    pub fn set_device_handler<F>(&self, show: F) -> Outcome<()>
    where
        F: Fn(Lent, DeviceCode) -> i32 + Send + Sync + 'static,
    {
        unsafe extern "C" fn call<F: Fn(Lent, DeviceCode) -> i32>(
            userdata: *mut c_void,
            auth: *mut raw::mcp_auth,
            page: *const raw::mcp_sign_in_page,
        ) -> i32 {
            let show = unsafe { &*(userdata as *const F) };
            let code = unsafe {
                DeviceCode {
                    user_code: text(raw::mcp_sign_in_page_user_code(page)).unwrap(),
                    url: text(raw::mcp_sign_in_page_url(page)).unwrap(),
                    complete_url: text(raw::mcp_sign_in_page_complete_url(page)),
                    expires_in: raw::mcp_sign_in_page_expires_in(page),
                }
            };
            no_unwinding(|| show(Lent(auth), code))
        }
        let userdata = Box::into_raw(Box::new(show)).cast();
        outcome(unsafe {
            raw::mcp_auth_set_device_handler(self.0, Some(call::<F>), userdata, Some(free::<F>))
        })
    }

    /// `None` of `ask` makes the callback fail.
    pub fn set_assertion_handler<F>(&self, ask: F) -> Outcome<()>
    where
        F: Fn(&str) -> Option<String> + Send + Sync + 'static,
    {
        unsafe extern "C" fn call<F: Fn(&str) -> Option<String>>(
            userdata: *mut c_void,
            auth: *mut raw::mcp_auth,
            assertion: *mut raw::mcp_assertion,
        ) -> i32 {
            assert!(!auth.is_null());
            let ask = unsafe { &*(userdata as *const F) };
            let audience = text(unsafe { raw::mcp_assertion_audience(assertion) }).unwrap();
            no_unwinding(|| match ask(&audience) {
                Some(token) => unsafe {
                    raw::mcp_assertion_set_token(assertion, token.as_ptr().cast(), token.len())
                },
                None => 99,
            })
        }
        let userdata = Box::into_raw(Box::new(ask)).cast();
        outcome(unsafe {
            raw::mcp_auth_set_assertion_handler(self.0, Some(call::<F>), userdata, Some(free::<F>))
        })
    }

    pub fn set_store<S: Store>(&self, store: S) -> Outcome<()> {
        type Entry = *mut raw::mcp_store_entry;
        unsafe fn key(entry: Entry) -> String {
            text(unsafe { raw::mcp_store_entry_key(entry) }).unwrap()
        }
        unsafe extern "C" fn load<S: Store>(
            userdata: *mut c_void,
            _auth: *mut raw::mcp_auth,
            entry: Entry,
        ) -> i32 {
            let store = unsafe { &*(userdata as *const S) };
            match store.load(&unsafe { key(entry) }) {
                Ok(Some(data)) => unsafe {
                    raw::mcp_store_entry_set_data(entry, data.as_ptr().cast(), data.len())
                },
                Ok(None) => 0,
                Err(Failed) => 97,
            }
        }
        unsafe extern "C" fn save<S: Store>(
            userdata: *mut c_void,
            _auth: *mut raw::mcp_auth,
            entry: Entry,
        ) -> i32 {
            let (store, key) = unsafe { (&*(userdata as *const S), key(entry)) };
            assert!(key.len() <= 100 && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
            let mut len = 0;
            let data = unsafe { raw::mcp_store_entry_data(entry, &mut len) };
            let data = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len + 1) };
            assert_eq!(data[len], 0, "a NUL behind the data");
            store.save(&key, &data[..len]).map_or(98, |()| 0)
        }
        unsafe extern "C" fn forget<S: Store>(
            userdata: *mut c_void,
            _auth: *mut raw::mcp_auth,
            entry: Entry,
        ) -> i32 {
            let store = unsafe { &*(userdata as *const S) };
            store.forget(&unsafe { key(entry) }).map_or(99, |()| 0)
        }
        let userdata = Box::into_raw(Box::new(store)).cast();
        outcome(unsafe {
            raw::mcp_auth_set_store(
                self.0,
                Some(load::<S>),
                Some(save::<S>),
                Some(forget::<S>),
                userdata,
                Some(free::<S>),
            )
        })
    }
}

impl Drop for Auth {
    fn drop(&mut self) {
        unsafe { raw::mcp_auth_free(self.0) }
    }
}

impl Client {
    pub fn set_auth(&self, auth: Option<&Auth>) -> Outcome<()> {
        let auth = auth.map_or(ptr::null_mut(), |auth| auth.0);
        outcome(unsafe { raw::mcp_client_set_auth(self.0, auth) })
    }

    pub fn sign_in(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_sign_in(self.0) })
    }

    pub fn sign_out(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_sign_out(self.0) })
    }

    pub fn set_trace(&self, fd: i32) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_trace_fd(self.0, fd) })
    }
}
