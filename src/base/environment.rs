//! The environment of the process.
//!
//! A read races with a setenv() of another thread, which may move the values
//! while they are read. Therefore the library reads the environment only here,
//! when the application makes a handle, on the application's thread. Everything
//! that the library does later uses the values that were read then.

use std::ffi::OsStr;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};

use crate::platform::{each_variable, os_str};

/// The environment as it was at one time.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Environment {
    /// Each name, and its value behind it.
    text: Vec<u8>,
    variables: Vec<Variable>,
}

/// Where the name of a variable begins in the text, and where its value begins
/// and ends.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Variable {
    name: usize,
    value: usize,
    end: usize,
}

/// Room for the environments of most processes.
const ROOM: usize = 4096;
const MANY: usize = 64;

/// The environment that was read last. Handles share it while it does not
/// change.
static LAST: Mutex<Weak<Environment>> = Mutex::new(Weak::new());

impl Environment {
    /// Reads it. Only for threads of the application.
    pub(crate) fn read() -> Arc<Self> {
        let (text, variables) = (Vec::with_capacity(ROOM), Vec::with_capacity(MANY));
        let mut read = Self { text, variables };
        each_variable(&mut |name, value| read.add(name, value));
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
        let mut read = Self::default();
        for (name, value) in variables {
            read.add(name.as_bytes(), value.as_bytes());
        }
        Arc::new(read)
    }

    fn add(&mut self, name: &[u8], value: &[u8]) {
        let place = self.text.len();
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(value);
        let value = place + name.len();
        self.variables.push(Variable { name: place, value, end: self.text.len() });
    }

    /// The value of a variable. If the name occurs twice, the first one counts.
    pub(crate) fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        let name = name.as_ref().as_encoded_bytes();
        let is_it = |one: &&Variable| {
            one.value - one.name == name.len() && self.part(one.name, one.value) == name
        };
        let found = self.variables.iter().find(is_it)?;
        Some(os_str(self.part(found.value, found.end)))
    }

    /// The value of a variable, unless it is empty.
    pub(crate) fn set(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|one| {
            (os_str(self.part(one.name, one.value)), os_str(self.part(one.value, one.end)))
        })
    }

    fn part(&self, start: usize, end: usize) -> &[u8] {
        self.text.get(start..end).unwrap_or_default()
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
        assert_eq!((two.get(""), two.get("A1"), two.get("C")), (None, None, None));
        let all: Vec<_> = two.all().collect();
        assert_eq!(all, [("A", "1"), ("A", "2"), ("B", "")].map(|(a, b)| (a.as_ref(), b.as_ref())));
    }

    #[test]
    fn differs_where_a_name_ends_elsewhere() {
        assert!(Environment::of(&[("AB", "1")]) != Environment::of(&[("A", "B1")]));
    }
}
