//! The token store: registrations, tokens, and which endpoint uses which.
//!
//! A store maps keys to texts. [`entry`] defines the texts.

pub(crate) mod consent;
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

/// A store. Each text is a JSON object.
pub(crate) trait Store: Debug + Send + Sync {
    /// The text that any process saved last. Needs no lock.
    fn load(&self, key: &str) -> Result<Option<Secret>>;

    /// Replaces the text of a key. The caller holds the lock, see [`lock`].
    fn save(&self, held: &StoreLock, key: &str, data: &Secret) -> Result<()>;

    /// Removes the text of a key, if there is one.
    fn remove(&self, held: &StoreLock, key: &str) -> Result<()>;

    /// Locks the store against other processes and other threads. `None` while
    /// another holds the lock.
    fn try_lock(&self) -> Result<Option<StoreLock>>;

    /// Whether it runs callbacks of the application.
    fn runs_callbacks(&self) -> bool;

    /// The name of the store in messages.
    fn label(&self) -> String;
}

/// The lock of a store, released when it is dropped.
///
/// It is held from reading a token until its replacement is written, so that no
/// other process changes the token in between.
#[derive(Debug)]
pub(crate) struct StoreLock(#[allow(dead_code, reason = "unlocks when dropped")] Option<FileLock>);

impl StoreLock {
    /// The lock of a store that only this process uses, or that has no lock.
    pub(crate) fn alone() -> Self {
        Self(None)
    }

    /// The lock of a lock file. The file is never removed: two processes could
    /// then hold the lock.
    fn of(file: File) -> io::Result<Option<Self>> {
        Ok(FileLock::try_lock(file)?.map(|lock| Self(Some(lock))))
    }
}

/// The pause between two attempts. The system does not signal when a lock is
/// released.
const AGAIN: Duration = Duration::from_millis(30);

/// Waits for the lock.
pub(crate) async fn lock(store: &dyn Store, wait: &Wait) -> Result<StoreLock> {
    loop {
        if let Some(held) = store.try_lock()? {
            return Ok(held);
        }
        wait.pause(AGAIN).await.map_err(|error| match error.status() {
            Status::Cancelled | Status::Closed => error,
            _ => error.during(&format!("{} is locked by another process", store.label())),
        })?;
    }
}

/// The entry of a key, by its text in the store.
pub(crate) fn entry<E: StoreEntry>(store: &dyn Store, key: &str, text: &Secret) -> Result<E> {
    let wrong = |error: Error| error.during(&format!("{}, entry {key}", store.label()));
    let entry = E::parse(text.expose()).map_err(wrong)?;
    if entry.own_key() != key {
        return Err(wrong(Error::new(
            Status::Auth,
            "the entry belongs to another key: remove it and sign in again",
        )));
    }
    Ok(entry)
}

/// [`check`] for one kind of entry.
pub(crate) type Check = fn(&dyn Store, &str) -> Result<()>;

/// An error if the entry of a key cannot be read.
pub(crate) fn check<E: StoreEntry>(store: &dyn Store, key: &str) -> Result<()> {
    store.load(key)?.map_or(Ok(()), |text| entry::<E>(store, key, &text).map(drop))
}

/// Writes the text of an entry, after its own `check`: an entry that cannot be read
/// is not replaced.
pub(crate) fn write(
    store: &dyn Store,
    held: &StoreLock,
    key: &str,
    text: &Secret,
    check: Check,
) -> Result<()> {
    check(store, key)?;
    store.save(held, key, text)
}

#[cfg(test)]
mod tests {
    use super::entry::{Given, Tokens};
    use super::memory::MemoryStore;
    use super::*;
    use crate::transport::wait::now;

    fn read<E: StoreEntry>(store: &dyn Store, key: &str) -> Result<Option<E>> {
        store.load(key)?.map(|text| entry(store, key, &text)).transpose()
    }

    #[test]
    fn keeps_and_forgets_entries() {
        let store = MemoryStore::default();
        let held = now(lock(&store, &Wait::for_at_most(Duration::from_secs(30)))).unwrap();
        let given =
            Given { client_id: "me".into(), issuer: "https://a".into(), ..Given::default() };
        let key = Given::key("me");
        write(&store, &held, &key, &given.text(), check::<Given>).unwrap();
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
            let error = write(&store, &held, &key, &given.text(), check::<Given>).unwrap_err();
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
