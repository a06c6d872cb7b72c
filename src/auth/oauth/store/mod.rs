//! Where registrations and tokens are kept.
//!
//! A store knows keys and texts; [`entry`] knows what the texts say.

pub(crate) mod entry;
mod fields;
pub(crate) mod file;
pub(crate) mod file_document;
pub(crate) mod memory;

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::time::Duration;

use crate::auth::oauth::store::entry::StoreEntry;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::platform::FileLock;
use crate::transport::wait::Wait;

/// Texts by their keys: one JSON object for each.
pub(crate) trait Store: Debug + Send + Sync {
    /// What was saved last, by any process. Asks for no lock.
    fn load(&self, key: &str) -> Result<Option<Secret>>;

    /// Replaces what is there. The lock is held by whoever calls, see
    /// [`lock`].
    fn save(&self, held: &StoreLock, key: &str, data: &Secret) -> Result<()>;

    /// Forgets what is there, if anything is.
    fn remove(&self, held: &StoreLock, key: &str) -> Result<()>;

    /// Locks the store against other processes, and other threads of this
    /// one. `None` while another has it.
    fn try_lock(&self) -> Result<Option<StoreLock>>;

    /// Whether any of this runs code of the program, which has a thread of
    /// its own for that.
    fn runs_callbacks(&self) -> bool;

    /// What it is, for messages.
    fn place(&self) -> String;
}

/// A store that is locked, until this is let go of.
///
/// Held over the whole of reading, renewing and writing: what was read is
/// what is replaced, whoever else there is.
#[derive(Debug)]
pub(crate) struct StoreLock(#[allow(dead_code, reason = "unlocks when dropped")] Option<FileLock>);

impl StoreLock {
    /// Of a store that nobody else has, or that has no lock.
    pub(crate) fn alone() -> Self {
        Self(None)
    }

    /// Of a lock file, which stays: removing it would let two have the lock.
    fn of(file: File) -> io::Result<Option<Self>> {
        Ok(FileLock::try_lock(file)?.map(|lock| Self(Some(lock))))
    }
}

/// How long to wait before the lock is tried again. The system tells nobody
/// when it is free.
const AGAIN: Duration = Duration::from_millis(30);

/// Waits until the store is ours.
pub(crate) async fn lock(store: &dyn Store, wait: &Wait) -> Result<StoreLock> {
    loop {
        if let Some(held) = store.try_lock()? {
            return Ok(held);
        }
        wait.pause(AGAIN).await.map_err(|error| match error.status() {
            Status::Cancelled | Status::Closed => error,
            _ => error.during(&format!("{} is locked by another process", store.place())),
        })?;
    }
}

/// Reads what is kept under a key.
pub(crate) fn read<E: StoreEntry>(store: &dyn Store, key: &str) -> Result<Option<E>> {
    let Some(text) = store.load(key)? else { return Ok(None) };
    let wrong = |error: Error| error.during(&format!("{}, entry {key}", store.place()));
    let entry = E::parse(text.expose()).map_err(wrong)?;
    if entry.own_key() != key {
        return Err(wrong(Error::new(
            Status::Auth,
            "what stands there belongs under another key: remove the entry and sign in again",
        )));
    }
    Ok(Some(entry))
}

/// Keeps an entry under its key. One that cannot be read is not replaced.
pub(crate) fn write<E: StoreEntry>(store: &dyn Store, held: &StoreLock, entry: &E) -> Result<()> {
    let key = entry.own_key();
    read::<E>(store, &key)?;
    store.save(held, &key, &entry.text())
}

#[cfg(test)]
mod tests {
    use super::entry::{Given, Tokens};
    use super::memory::MemoryStore;
    use super::*;
    use crate::transport::wait::now;

    #[test]
    fn keeps_and_forgets_entries() {
        let store = MemoryStore::default();
        let held = now(lock(&store, &Wait::for_at_most(Duration::from_secs(5)))).unwrap();
        let given =
            Given { client_id: "me".into(), issuer: "https://a".into(), ..Given::default() };
        write(&store, &held, &given).unwrap();
        let key = Given::key("me");
        assert_eq!(read::<Given>(&store, &key).unwrap(), Some(given));
        store.remove(&held, &key).unwrap();
        assert_eq!(read::<Given>(&store, &key).unwrap(), None);
    }

    #[test]
    fn names_the_entry_that_is_broken_and_does_not_replace_it() {
        let store = MemoryStore::default();
        let held = StoreLock::alone();
        let given =
            Given { client_id: "me".into(), issuer: "https://a".into(), ..Given::default() };
        let key = Given::key("me");
        for (text, status, words) in [
            ("hunter2", Status::Auth, "no JSON object"),
            (r#"{"client_id":"hunter2"}"#, Status::Auth, "\"version\""),
            (r#"{"version":1,"client_id":"hunter2"}"#, Status::Auth, "\"issuer\""),
            (r#"{"version":1,"client_id":"hunter2","issuer":"x"}"#, Status::Auth, "another key"),
            (r#"{"version":2,"hunter2":1}"#, Status::Unsupported, "version 2"),
        ] {
            store.save(&held, &key, &text.into()).unwrap();
            let error = write(&store, &held, &given).unwrap_err();
            assert_eq!(error.status(), status);
            let message = error.message();
            assert!(message.contains(&key) && message.contains(words), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
            assert_eq!(store.load(&key).unwrap().unwrap().expose(), text);
        }
        let other = read::<Tokens>(&store, &key).unwrap_err();
        assert!(other.message().contains("the store in memory"));
    }
}
