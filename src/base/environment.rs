//! The environment of the process.
//!
//! Whoever reads it races with a setenv() of another thread, which may move
//! what is read. So it is read when a handle is made, on the thread of the
//! application that makes it, and only here; what the library does later, on
//! whichever thread, goes by what was read then.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::sync::{Arc, Mutex, Weak};

/// The environment as it was at one time.
#[derive(PartialEq, Eq)]
pub(crate) struct Environment(Vec<(OsString, OsString)>);

/// The one that was read last, which the handles share that are made while
/// nothing changes.
static LAST: Mutex<Weak<Environment>> = Mutex::new(Weak::new());

impl Environment {
    /// Reads it. For threads of the application alone.
    pub(crate) fn read() -> Arc<Self> {
        let read = Self(std::env::vars_os().collect());
        // In the child of a fork, a thread that is not there may have it.
        let Ok(mut last) = LAST.try_lock() else { return Arc::new(read) };
        if let Some(same) = last.upgrade().filter(|last| **last == read) {
            return same;
        }
        let read = Arc::new(read);
        *last = Arc::downgrade(&read);
        read
    }

    /// One that is given, for tests.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Arc<Self> {
        Arc::new(Self(variables.iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// The value of a variable, of the first one of that name.
    pub(crate) fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        let name = name.as_ref();
        self.all().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// A value that is not empty.
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
