//! Where an authorization stores its registrations, tokens and keys.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, Weak};

use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::client::authorization::{Auth, FileStore, Store, StoreLock};
use crate::ffi::argument::{optional_text, returned_text, store};
use crate::ffi::auth::{check_returned, mcp_auth};
use crate::ffi::callback::{UserData, mcp_free_fn};
use crate::ffi::guard::{guard, read_or};
use crate::ffi::handle::{borrow, peek};
use crate::ffi::view::{Lent, lend};

/// AN ENTRY OF THE STORE: what a callback of mcp_auth_set_store() loads, saves
/// or deletes.
///
/// It is valid until the callback returns, and so is everything that the
/// functions below return.
#[derive(Debug)]
pub struct mcp_store_entry {
    key: Lent,
    /// What is to be saved.
    data: Option<SecretText>,
    /// What was loaded; `None` where nothing is loaded.
    loaded: Option<Mutex<Loaded>>,
}

/// What the load function has given, or why that could not be used.
#[derive(Debug, Default)]
struct Loaded {
    data: Option<Secret>,
    error: Option<Error>,
}

/// A secret that is lent to C: it ends with a NUL.
#[derive(Debug)]
struct SecretText(Secret);

impl SecretText {
    fn new(data: &Secret) -> Self {
        Self(Secret::from(format!("{}\0", data.expose())))
    }

    fn len(&self) -> usize {
        self.0.expose().len() - 1
    }
}

/// Loads, saves or deletes the data of a key; see mcp_auth_set_store().
///
/// `userdata`: the pointer that was set with the callbacks.
/// `auth`: the authorization.
/// `entry`: the key, mcp_store_entry_key().  To load, put the data there with
/// mcp_store_entry_set_data(), or leave the entry as it is if the key has no
/// data.  To save, replace the data of the key by mcp_store_entry_data().  To
/// delete, delete the data of the key; a key without data is not a failure.
///
/// Return MCP_OK.  Any other return value means that the store failed.
pub type mcp_store_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        auth: *mut mcp_auth,
        entry: *mut mcp_store_entry,
    ) -> i32,
>;

type StoreFn = unsafe extern "C" fn(*mut c_void, *mut mcp_auth, *mut mcp_store_entry) -> i32;

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
/// The callbacks run one at a time for an authorization.  A call that waits
/// for a callback on another thread does so within its own timeout.  The store
/// has one entry for each key.  The data is secret, and its format is private
/// to this library.  If data cannot be loaded, or was changed, a call that has
/// no token yet returns MCP_E_AUTH.  If data cannot be saved, the call
/// continues, and the failure is counted; see mcp_client_counter().
///
/// When: before use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_auth_set_store(
    auth: *mut mcp_auth,
    load: mcp_store_fn,
    save: mcp_store_fn,
    forget: mcp_store_fn,
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
                let auth = Arc::downgrade(&auth.inner);
                let store = CallbackStore { auth, load, save, forget, userdata };
                Some(Arc::new(store) as Arc<dyn Store>)
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
/// Errors: MCP_E_NOT_FOUND if there is no home directory; MCP_E_IO;
/// MCP_E_TOO_LARGE; MCP_E_AUTH for a file that was changed; MCP_E_UNSUPPORTED
/// for a file of a newer library.
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

/// Returns the key of an entry: up to 100 printable ASCII characters.  It is
/// not secret.
///
/// `entry`: NULL gives NULL.
///
/// Never NULL for a valid `entry`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_store_entry_key(entry: *const mcp_store_entry) -> *const c_char {
    // SAFETY: the header requires NULL or a live entry.
    unsafe { lend(entry, |it| Some(&it.key)) }
}

/// Returns the data to save under the key.  It is secret.
///
/// `entry`: NULL gives NULL.
///
/// Returns UTF-8 text that ends with a NUL; NULL in a callback that loads or
/// deletes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_store_entry_data(
    entry: *const mcp_store_entry,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the header requires NULL or a place to write to.
    unsafe { store(len, 0) };
    read_or(std::ptr::null(), || {
        // SAFETY: the header requires NULL or a live entry.
        let data = unsafe { peek(entry) }?.data.as_ref()?;
        // SAFETY: the header requires NULL or a place to write to.
        unsafe { store(len, data.len()) };
        Some(data.0.expose().as_ptr().cast())
    })
}

/// Gives the library the data that was loaded.
///
/// `entry`: what the callback that loads received.
/// `data`: `len` bytes of UTF-8, copied.  No NUL is needed at the end.  The
/// copy is overwritten when it is released.
///
/// If the callback calls this function several times, the last data counts.
///
/// Errors: MCP_E_TOO_LARGE for more than 1 MiB; MCP_E_STATE in a callback
/// that saves or deletes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mcp_store_entry_set_data(
    entry: *mut mcp_store_entry,
    data: *const c_char,
    len: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header requires NULL or a live entry, and NULL or `len`
        // readable bytes.
        let (entry, data) = unsafe { (peek(entry), returned_text(data, len, "data")) };
        let entry = entry.ok_or_else(|| Error::argument("entry is NULL"))?;
        let Some(loaded) = &entry.loaded else {
            let what = "the entry is to be saved or deleted: only the load function sets data";
            return Err(Error::new(Status::State, what));
        };
        match data {
            Ok(data) => *lock(loaded) = Loaded { data: Some(Secret::from(data)), error: None },
            Err(error) => {
                lock(loaded).error = Some(error.clone());
                return Err(error);
            }
        }
        Ok(())
    })
}

/// A store that the application implements.  The authorization runs one of the
/// callbacks at a time.
#[derive(Debug)]
struct CallbackStore {
    /// Weak, because the authorization has the store.
    auth: Weak<Auth>,
    load: StoreFn,
    save: StoreFn,
    forget: StoreFn,
    userdata: UserData,
}

impl CallbackStore {
    /// Runs one of the callbacks.
    fn run(&self, callback: StoreFn, entry: &mut mcp_store_entry, what: &str) -> Result<()> {
        let auth = self.auth.upgrade();
        let auth = auth.ok_or_else(|| Error::new(Status::State, "the authorization was freed"))?;
        let mut lent = mcp_auth::new(auth);
        let entry_pointer = std::ptr::from_mut(entry);
        // SAFETY: the application passed the function for this user data. The
        // handle and the entry outlive the call.
        let status = unsafe { callback(self.userdata.pointer(), &raw mut lent, entry_pointer) };
        let error = entry.loaded.as_ref().and_then(|loaded| lock(loaded).error.take());
        check_returned(status, what, error)
    }
}

impl Store for CallbackStore {
    fn load(&self, key: &str) -> Result<Option<Secret>> {
        let mut entry =
            mcp_store_entry { key: Lent::new(key), data: None, loaded: Some(Mutex::default()) };
        self.run(self.load, &mut entry, "the store's load function")?;
        Ok(entry.loaded.and_then(|loaded| lock(&loaded).data.take()))
    }

    fn save(&self, _held: &StoreLock, key: &str, data: &Secret) -> Result<()> {
        let data = Some(SecretText::new(data));
        let mut entry = mcp_store_entry { key: Lent::new(key), data, loaded: None };
        self.run(self.save, &mut entry, "the store's save function")
    }

    fn remove(&self, _held: &StoreLock, key: &str) -> Result<()> {
        let mut entry = mcp_store_entry { key: Lent::new(key), data: None, loaded: None };
        self.run(self.forget, &mut entry, "the store's delete function")
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
