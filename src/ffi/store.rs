//! Where an authorization keeps what it has.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::base::error::{Error, Result};
use crate::base::secret::Secret;
use crate::client::http::credentials::{FileStore, Store, StoreHeld};
use crate::ffi::argument::{lent, optional_text};
use crate::ffi::auth::{mcp_auth, succeeded};
use crate::ffi::callback::UserData;
use crate::ffi::client::{mcp_free_fn, mcp_text};
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;

/// Gives what was saved under a key; see mcp_auth_set_store().
///
/// `userdata`: what was given with the callbacks.  `key`: up to 100 printable
/// ASCII characters, not secret.  Put what was saved in `out` with
/// mcp_text_set(), or leave it as it is when there is nothing, and return
/// MCP_OK; any other number says that the store failed.
pub type mcp_load_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, key: *const c_char, out: *mut mcp_text) -> i32,
>;

/// Saves data under a key, over what was there; see mcp_auth_set_store().
///
/// `userdata`: what was given with the callbacks.  `key`: as for mcp_load_fn.
/// `data`: `len` bytes of UTF-8 with a NUL behind them, secret, valid until
/// the callback returns.  Return MCP_OK, or any other number when the store
/// failed.
pub type mcp_save_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        key: *const c_char,
        data: *const c_char,
        len: usize,
    ) -> i32,
>;

/// Deletes what was saved under a key; see mcp_auth_set_store().
///
/// `userdata`: what was given with the callbacks.  `key`: as for mcp_load_fn;
/// one that is not there is no failure.  Return MCP_OK, or any other number
/// when the store failed.
pub type mcp_delete_fn =
    Option<unsafe extern "C" fn(userdata: *mut c_void, key: *const c_char) -> i32>;

/// Sets where registrations, tokens and keys are kept from one run to the
/// next.  By default nothing outlives the handle.
///
/// `auth`: one that is not in use yet.  `load`, `save`, `forget`: all three, or
/// all NULL to take the store away.  They run on the thread that is in a call,
/// or that dispatches, one at a time for an authorization: a call that waits
/// for one on another thread does so within its own timeout.  `userdata`:
/// given to them.  `free_userdata`: see mcp_free_fn.  There is one entry for a
/// key;
/// what is saved is secret, and for this library alone to read.  What cannot be
/// loaded, or was changed, ends a call that has no token yet with MCP_E_AUTH;
/// what cannot be saved does not end it, and is counted: see
/// mcp_client_count().  Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE,
/// MCP_E_FORKED.
/// Threads: any, before use.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_store(
    auth: *mut mcp_auth,
    load: mcp_load_fn,
    save: mcp_save_fn,
    forget: mcp_delete_fn,
    userdata: *mut c_void,
    free_userdata: mcp_free_fn,
) -> i32 {
    let userdata = UserData::new(userdata, free_userdata);
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle.
        let auth = unsafe { borrow(auth, "auth") }?;
        let store = match (load, save, forget) {
            (None, None, None) => None,
            (Some(load), Some(save), Some(forget)) => {
                Some(Arc::new(Callbacks { load, save, forget, userdata }) as Arc<dyn Store>)
            }
            _ => return Err(Error::argument("load, save and forget go together: one is NULL")),
        };
        auth.inner.set_store(store)
    })
}

/// Keeps registrations, tokens and keys in a file.
///
/// `auth`: one that is not in use yet.  `path`: in UTF-8, copied; NULL is
/// tokens.json in the folder mcpclient of the system's place for the state of
/// programs: $XDG_STATE_HOME or ~/.local/state, on macOS ~/Library/Application
/// Support.  The file and its folder are made when they are needed, with the
/// modes 0600 and 0700, and replaced whole; processes that share the file take
/// turns.  A file that others may read or that belongs to another user is
/// MCP_E_INSECURE, with the command to mend it, here and whenever it is used; a
/// file that cannot be read then ends a call that has no token yet.  Errors:
/// MCP_E_INVALID_ARGUMENT, MCP_E_NOT_FOUND when there is no home directory,
/// MCP_E_IO, MCP_E_TOO_LARGE; MCP_E_AUTH and MCP_E_UNSUPPORTED for a file that
/// was changed or is of a newer library; MCP_E_STATE, MCP_E_FORKED.
/// Threads: any, before use, while none changes the environment.  Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_store_file(auth: *mut mcp_auth, path: *const c_char) -> i32 {
    guard(|| {
        // SAFETY: the header asks for NULL or a live handle, and for a text.
        let (auth, path) = unsafe { (borrow(auth, "auth")?, optional_text(path, "path")?) };
        let store = match path {
            Some("") => return Err(Error::argument("path is empty: pass NULL for the default")),
            Some(path) => FileStore::new(path.as_ref())?,
            None => FileStore::new(&FileStore::default_path()?)?,
        };
        auth.inner.set_store(Some(Arc::new(store)))
    })
}

/// The program's own store. The authorization has one of them run at a time.
#[derive(Debug)]
struct Callbacks {
    load: unsafe extern "C" fn(*mut c_void, *const c_char, *mut mcp_text) -> i32,
    save: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char, usize) -> i32,
    forget: unsafe extern "C" fn(*mut c_void, *const c_char) -> i32,
    userdata: UserData,
}

impl Store for Callbacks {
    fn load(&self, key: &str) -> Result<Option<Secret>> {
        let (key, mut sink) = (lent(key), mcp_text::default());
        // SAFETY: the program gave the function for this user data; the text
        // and the sink live during the call.
        let status = unsafe { (self.load)(self.userdata.pointer(), key.as_ptr(), &raw mut sink) };
        succeeded(status, "the store's load function")?;
        Ok(sink.take().map(|text| Secret::from(text.as_str())))
    }

    fn save(&self, _held: &StoreHeld, key: &str, data: &Secret) -> Result<()> {
        let (key, len) = (lent(key), data.expose().len());
        let data = Zeroizing::new(lent(data.expose()).into_bytes_with_nul());
        // SAFETY: as above.
        let status = unsafe {
            (self.save)(self.userdata.pointer(), key.as_ptr(), data.as_ptr().cast(), len)
        };
        succeeded(status, "the store's save function")
    }

    fn remove(&self, _held: &StoreHeld, key: &str) -> Result<()> {
        let key = lent(key);
        // SAFETY: as above.
        let status = unsafe { (self.forget)(self.userdata.pointer(), key.as_ptr()) };
        succeeded(status, "the store's delete function")
    }

    /// How the program's processes take turns is the program's matter.
    fn try_lock(&self) -> Result<Option<StoreHeld>> {
        Ok(Some(StoreHeld::alone()))
    }

    fn asks(&self) -> bool {
        true
    }

    fn place(&self) -> String {
        "the program's store".to_owned()
    }
}
