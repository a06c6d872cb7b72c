//! A place in a configuration file, for error messages.

use std::fmt;
use std::sync::Arc;

use crate::base::error::{Error, Status, quote};

/// A file, a line and a key: `mcp.json:7: mcpServers.weather.args[2]`.
///
/// The key is built only when it is shown, because a file may have many.
#[derive(Clone, Debug)]
pub(crate) struct ConfigPlace {
    within: Arc<Within>,
    line: usize,
    step: KeyStep,
}

#[derive(Debug)]
struct Within {
    file: Arc<str>,
    /// The key of the server or of the object of servers, or empty.
    key: String,
}

#[derive(Clone, Debug)]
enum KeyStep {
    Itself,
    Member(&'static str),
    Element(&'static str, usize),
    Named(&'static str, Box<str>),
}

impl ConfigPlace {
    /// The root of a file.
    pub(crate) fn file(file: &str) -> Self {
        let within = Within { file: file.into(), key: String::new() };
        Self { within: Arc::new(within), line: 1, step: KeyStep::Itself }
    }

    /// A member whose name the file chose. Places inside it begin with its key.
    pub(crate) fn inside(&self, name: &str, line: usize) -> Self {
        let within = Within { file: self.within.file.clone(), key: joined(&self.key(), name) };
        Self { within: Arc::new(within), line, step: KeyStep::Itself }
    }

    pub(crate) fn on(&self, line: usize) -> Self {
        Self { line, ..self.clone() }
    }

    pub(crate) fn member(&self, name: &'static str, line: usize) -> Self {
        self.step(KeyStep::Member(name), line)
    }

    pub(crate) fn element(&self, name: &'static str, at: usize, line: usize) -> Self {
        self.step(KeyStep::Element(name, at), line)
    }

    pub(crate) fn named(&self, name: &'static str, key: &str, line: usize) -> Self {
        self.step(KeyStep::Named(name, key.into()), line)
    }

    fn step(&self, step: KeyStep, line: usize) -> Self {
        Self { within: self.within.clone(), line, step }
    }

    pub(crate) fn line(&self) -> usize {
        self.line
    }

    pub(crate) fn key(&self) -> String {
        let key = &self.within.key;
        match &self.step {
            KeyStep::Itself => key.clone(),
            KeyStep::Member(name) => joined(key, name),
            KeyStep::Element(name, at) => format!("{}[{at}]", joined(key, name)),
            KeyStep::Named(name, inner) => joined(&joined(key, name), inner),
        }
    }

    /// The error for an invalid value at this place.
    pub(crate) fn wrong(&self, what: impl Into<String>) -> Error {
        self.fails(Status::InvalidArgument, what)
    }

    pub(crate) fn fails(&self, status: Status, what: impl Into<String>) -> Error {
        Error::new(status, what).during(&self.to_string())
    }
}

impl fmt::Display for ConfigPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.within.file, self.line)?;
        let key = self.key();
        if key.is_empty() { Ok(()) } else { write!(formatter, ": {key}") }
    }
}

/// Joins the parts of a key. A name that a dot would make ambiguous is in
/// brackets.
fn joined(key: &str, name: &str) -> String {
    let is_plain = !name.is_empty()
        && name.len() <= 100
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    match (is_plain, key) {
        (true, "") => name.to_owned(),
        (true, _) => format!("{key}.{name}"),
        (false, _) => format!("{key}[\"{}\"]", quote(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_file_line_and_key() {
        let file = ConfigPlace::file("a/mcp.json");
        assert_eq!(file.on(3).to_string(), "a/mcp.json:3");
        let server = file.inside("mcpServers", 1).inside("weather", 2);
        for (place, text) in [
            (server.clone(), "a/mcp.json:2: mcpServers.weather"),
            (server.member("url", 4), "a/mcp.json:4: mcpServers.weather.url"),
            (server.element("args", 2, 5), "a/mcp.json:5: mcpServers.weather.args[2]"),
            (server.named("env", "A.B", 6), "a/mcp.json:6: mcpServers.weather.env[\"A.B\"]"),
            (file.inside("a b\n", 1).member("url", 2), "a/mcp.json:2: [\"a b\"].url"),
            (file.inside("", 1), "a/mcp.json:1: [\"\"]"),
        ] {
            assert_eq!(place.to_string(), text);
        }
        assert_eq!(server.wrong("is x").message(), "a/mcp.json:2: mcpServers.weather: is x");
    }
}
