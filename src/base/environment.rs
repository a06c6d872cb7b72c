//! The environment of the process.
//!
//! A read races with a setenv() of another thread, which may move the values
//! while they are read. Therefore the library reads the environment only here,
//! when the application makes a handle, on the application's thread. Everything
//! that the library does later uses the values that were read then.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::sync::{Arc, Mutex, Weak};

/// The environment as it was at one time.
#[derive(PartialEq, Eq)]
pub(crate) struct Environment(Vec<(OsString, OsString)>);

/// The environment that was read last. Handles share it while it does not
/// change.
static LAST: Mutex<Weak<Environment>> = Mutex::new(Weak::new());

impl Environment {
    /// Reads it. Only for threads of the application.
    pub(crate) fn read() -> Arc<Self> {
        let read = Self(std::env::vars_os().collect());
        // In the child of a fork, a thread of the parent may hold the lock.
        let Ok(mut last) = LAST.try_lock() else { return Arc::new(read) };
        if let Some(same) = last.upgrade().filter(|last| **last == read) {
            return same;
        }
        let read = Arc::new(read);
        *last = Arc::downgrade(&read);
        read
    }

    /// An environment for tests.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Arc<Self> {
        Arc::new(Self(variables.iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// The value of a variable. If the name occurs twice, the first one counts.
    pub(crate) fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        let name = name.as_ref();
        self.all().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The value of a variable, unless it is empty.
    pub(crate) fn set(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values are often secret.
        formatter.write_str("Environment")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shared_while_nothing_changes() {
        let one = Environment::read();
        assert!(one.get("PATH").is_some() && one.get("MCP_NO_SUCH_VARIABLE").is_none());
        // Another test may read at the same time.
        assert!((0..100).any(|_| Arc::ptr_eq(&one, &Environment::read())));
        assert_eq!(format!("{one:?}"), "Environment");
    }

    #[test]
    fn has_the_first_of_two_values() {
        let two = Environment::of(&[("A", "1"), ("A", "2"), ("B", "")]);
        assert_eq!(two.get("A"), Some(OsStr::new("1")));
        assert_eq!((two.get("B"), two.set("B")), (Some(OsStr::new("")), None));
    }
}
