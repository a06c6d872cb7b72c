//! A store in memory, which a test may look into.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use behaviour::auth::{Failed, Store};
use serde_json::Value;

#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<HashMap<String, Vec<u8>>>>);

impl Memory {
    /// Whether any entry has this text.
    pub fn holds(&self, text: &str) -> bool {
        let all = self.0.lock().unwrap();
        all.values().any(|data| String::from_utf8_lossy(data).contains(text))
    }

    /// How many entries of a kind there are.
    pub fn count(&self, kind: &str) -> usize {
        self.0.lock().unwrap().keys().filter(|key| key.starts_with(kind)).count()
    }

    pub fn remove(&self, kind: &str) {
        self.0.lock().unwrap().retain(|key, _| !key.starts_with(kind));
    }

    /// Sets a member of the entries of a kind; null takes it away.
    pub fn set(&self, kind: &str, name: &str, value: Value) {
        let mut all = self.0.lock().unwrap();
        for (_, data) in all.iter_mut().filter(|(key, _)| key.starts_with(kind)) {
            let mut entry: Value = serde_json::from_slice(data).unwrap();
            behaviour::authority::merge(&mut entry, &serde_json::json!({name: value}));
            *data = entry.to_string().into_bytes();
        }
    }
}

impl Store for Memory {
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, Failed> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    fn save(&self, key: &str, data: &[u8]) -> Result<(), Failed> {
        self.0.lock().unwrap().insert(key.to_owned(), data.to_vec());
        Ok(())
    }

    fn forget(&self, key: &str) -> Result<(), Failed> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }
}
