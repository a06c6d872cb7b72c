//! A store that ends with the process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::auth::oauth::store::{Store, StoreLock};
use crate::base::error::Result;
use crate::base::secret::Secret;

/// Few entries, so that a list will do.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore(Mutex<Vec<(String, Secret)>>);

impl MemoryStore {
    fn entries(&self) -> MutexGuard<'_, Vec<(String, Secret)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self, key: &str) -> Result<Option<Secret>> {
        let entries = self.entries();
        Ok(entries.iter().find(|(name, _)| name == key).map(|(_, data)| data.clone()))
    }

    fn save(&self, _held: &StoreLock, key: &str, data: &Secret) -> Result<()> {
        let mut entries = self.entries();
        match entries.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = data.clone(),
            None => entries.push((key.to_owned(), data.clone())),
        }
        Ok(())
    }

    fn remove(&self, _held: &StoreLock, key: &str) -> Result<()> {
        self.entries().retain(|(name, _)| name != key);
        Ok(())
    }

    /// Whoever has the store does one exchange at a time.
    fn try_lock(&self) -> Result<Option<StoreLock>> {
        Ok(Some(StoreLock::alone()))
    }

    fn runs_callbacks(&self) -> bool {
        false
    }

    fn place(&self) -> String {
        "the store in memory".into()
    }
}
