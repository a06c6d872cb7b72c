//! Where an authorization stores its registrations, tokens and keys.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::base::error::{Error, Result};
use crate::base::secret::Secret;
use crate::client::authorization::{FileStore, Store, StoreLock};
use crate::ffi::argument::{lent, optional_text};
use crate::ffi::auth::{check_returned, mcp_auth};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::guard::guard;
use crate::ffi::handle::borrow;
use crate::ffi::text::mcp_text;

/// Loads the data that was saved under a key; see mcp_auth_set_store().
///
/// `userdata`: the pointer that was set with the callbacks.
/// `key`: up to 100 printable ASCII characters, not secret.
/// `out`: put the data there with mcp_text_set(); leave it unchanged if there
/// is no data for the key.
///
/// Return MCP_OK in both cases.  Any other return value means that the store
/// failed.
pub type mcp_load_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, key: *const c_char, out: *mut mcp_text) -> i32,
>;

/// Saves data under a key, and replaces the data that was there; see
/// mcp_auth_set_store().
///
/// `userdata`: the pointer that was set with the callbacks.
/// `key`: as for mcp_load_fn.
/// `data`: `len` bytes of UTF-8, followed by a NUL.  Secret.  Valid until the
/// callback returns.
///
/// Return MCP_OK.  Any other return value means that the store failed.
pub type mcp_save_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        key: *const c_char,
        data: *const c_char,
        len: usize,
    ) -> i32,
>;

/// Deletes the data that was saved under a key; see mcp_auth_set_store().
///
/// `userdata`: the pointer that was set with the callbacks.
/// `key`: as for mcp_load_fn.  A key without data is not a failure.
///
/// Return MCP_OK.  Any other return value means that the store failed.
pub type mcp_delete_fn =
    Option<unsafe extern "C" fn(userdata: *mut c_void, key: *const c_char) -> i32>;

/// Sets callbacks that store registrations, tokens and keys, so that the next
/// run of the application has them.  By default they are lost with the
/// handle.
///
/// `auth`: an authorization before its first exchange, which is the first call
/// that needs a token, or mcp_sign_in().
/// `load`, `save`, `forget`: the callbacks that load, save and delete the data
/// of a key.  Pass all three, or all NULL to remove the store.
/// `userdata`: passed to the callbacks.
/// `free_userdata`: see mcp_free_fn.
///
/// The callbacks run on the thread that is in a call, or that dispatches, one
/// at a time for an authorization.  A call that waits for a callback on
/// another thread does so within its own timeout.  The store has one entry
/// for each key.  The data is secret, and its format is private to this
/// library.  If data cannot be loaded, or was changed, a call that has no
/// token yet returns MCP_E_AUTH.  If data cannot be saved, the call
/// continues, and the failure is counted; see mcp_client_counter().
///
/// Errors: MCP_E_INVALID_ARGUMENT, MCP_E_STATE, MCP_E_FORKED.
///
/// When: before use.
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
        // SAFETY: the header requires NULL or a live handle.
        let auth = unsafe { borrow(auth, "auth") }?;
        let store = match (load, save, forget) {
            (None, None, None) => None,
            (Some(load), Some(save), Some(forget)) => {
                Some(Arc::new(CallbackStore { load, save, forget, userdata }) as Arc<dyn Store>)
            }
            _ => {
                return Err(Error::argument(
                    "set all of load, save and forget, or none of them: one is NULL",
                ));
            }
        };
        auth.inner.set_store(store)
    })
}

/// Sets a file in which the library stores registrations, tokens and keys.
///
/// `auth`: an authorization before its first exchange.
/// `path`: in UTF-8, copied.  NULL means the file mcpclient/tokens.json in
/// the system's directory for the state of programs: $XDG_STATE_HOME or
/// ~/.local/state, on macOS ~/Library/Application Support.
///
/// The library creates the file and its directory when it needs them, with
/// the modes 0600 and 0700.  It always replaces the whole file.  Processes
/// that share the file take turns.  A file that other users may read, or that
/// belongs to another user, is MCP_E_INSECURE, here and at every use; the
/// message has the command that corrects it.  If the file cannot be read at a
/// later use, a call that has no token yet fails.
///
/// Errors: MCP_E_INVALID_ARGUMENT; MCP_E_NOT_FOUND if there is no home
/// directory; MCP_E_IO; MCP_E_TOO_LARGE; MCP_E_AUTH for a file that was
/// changed; MCP_E_UNSUPPORTED for a file of a newer library; MCP_E_STATE;
/// MCP_E_FORKED.
///
/// When: before use, while no thread changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_store_file(auth: *mut mcp_auth, path: *const c_char) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live handle, and for a text.
        let (auth, path) = unsafe { (borrow(auth, "auth")?, optional_text(path, "path")?) };
        let store = match path {
            Some("") => return Err(Error::argument("path is empty: pass NULL for the default")),
            Some(path) => FileStore::new(path.as_ref())?,
            None => FileStore::new(&FileStore::default_path()?)?,
        };
        auth.inner.set_store(Some(Arc::new(store)))
    })
}

/// A store that the application implements. The authorization runs one of the
/// callbacks at a time.
#[derive(Debug)]
struct CallbackStore {
    load: unsafe extern "C" fn(*mut c_void, *const c_char, *mut mcp_text) -> i32,
    save: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char, usize) -> i32,
    forget: unsafe extern "C" fn(*mut c_void, *const c_char) -> i32,
    userdata: UserData,
}

impl Store for CallbackStore {
    fn load(&self, key: &str) -> Result<Option<Secret>> {
        let (key, mut sink) = (lent(key), mcp_text::default());
        // SAFETY: the application passed the function for this user data. The
        // text and the sink outlive the call.
        let status = unsafe { (self.load)(self.userdata.pointer(), key.as_ptr(), &raw mut sink) };
        check_returned(status, "the store's load function")?;
        Ok(sink.take().map(|text| Secret::from(text.as_str())))
    }

    fn save(&self, _held: &StoreLock, key: &str, data: &Secret) -> Result<()> {
        let (key, len) = (lent(key), data.expose().len());
        let data = Zeroizing::new(lent(data.expose()).into_bytes_with_nul());
        // SAFETY: as in `load`.
        let status = unsafe {
            (self.save)(self.userdata.pointer(), key.as_ptr(), data.as_ptr().cast(), len)
        };
        check_returned(status, "the store's save function")
    }

    fn remove(&self, _held: &StoreLock, key: &str) -> Result<()> {
        let key = lent(key);
        // SAFETY: as in `load`.
        let status = unsafe { (self.forget)(self.userdata.pointer(), key.as_ptr()) };
        check_returned(status, "the store's delete function")
    }

    /// The application itself must coordinate its processes.
    fn try_lock(&self) -> Result<Option<StoreLock>> {
        Ok(Some(StoreLock::alone()))
    }

    fn runs_callbacks(&self) -> bool {
        true
    }

    fn label(&self) -> String {
        "the application's store".to_owned()
    }
}
