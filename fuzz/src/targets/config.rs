//! Configuration files and files of variables. They belong to the application,
//! but are often written by somebody else.

use std::ffi::OsString;

use super::parts;
use crate::base::error::Error;
use crate::base::secret::Secret;
use crate::client::config::document::Document;
use crate::client::config::resolved_entry::{References, ResolvedEntry};
use crate::cost::bounded;
use crate::wire::{env_file, jsonc, variable_reference};

pub(super) const WORDS: &[&str] = &[
    "{\"mcpServers\":{",
    "\"servers\":{",
    "\"a\":{",
    "\"command\":\"c\",",
    "\"args\":[\"${A}\"],",
    "\"env\":{\"A\":\"b\"}",
    "\"envFile\":\"f\"",
    "\"url\":\"https://h/mcp\",",
    "\"headers\":{",
    "\"type\":\"http\",",
    "\"type\":\"stdio\"",
    "\"auth\":{",
    "\"oauth\"",
    "\"disabled\":true",
    "\"timeout\":1,",
    "\"cwd\":\"d\"",
    "// c\n",
    "/* c */",
    "${env:A}",
    "${A:-b}",
    "${input:x}",
    "${",
    "}",
    "A=b\n",
    "export B='c'\n",
    "C=\"\\n\"\n",
    "# d\n",
    "null,",
];

/// A word that is in no message unless the message quotes the file.
const SECRET: &str = "hunter2";

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    drop(bounded(text.len(), || jsonc::Jsonc::parse(text)));
    document(text);
    variables(text);
    for part in parts(data).unwrap_or_default() {
        if let Ok(all) = bounded(part.len(), || variable_reference::parts(part)) {
            assert!(part.is_empty() || !all.is_empty());
        }
    }
}

/// The reader of JSON with comments accepts all JSON.
fn document(text: &str) {
    let read = bounded(text.len(), || Document::parse("mcp.json", text));
    let document = match read {
        Ok(document) => document,
        Err(error) => return is_fit(&error),
    };
    let references = References {
        variable: &|name| (name != "B").then(|| OsString::from("v")),
        file: &|_| Ok(Secret::from("A=1\nB=\"hunter2\"")),
    };
    for entry in &document.entries {
        entry.literals();
        if let Err(error) = bounded(text.len(), || ResolvedEntry::new(entry, &references)) {
            assert!(!error.message().chars().any(char::is_control), "{}", error.message());
        }
    }
    for warning in &document.warnings {
        assert!(!warning.chars().any(char::is_control), "{warning}");
    }
}

/// A message has the line and the key, and none of the values.
fn is_fit(error: &Error) {
    assert!(!error.message().chars().any(char::is_control), "{}", error.message());
}

fn variables(text: &str) {
    match bounded(text.len(), || env_file::parse(text)) {
        Ok(all) => {
            for (name, value) in &all {
                assert!(!name.is_empty() && !name.contains(char::is_whitespace), "{name:?}");
                assert!(!name.contains('\0') && !value.expose().contains('\0'));
            }
        }
        Err(wrong) => {
            assert!(wrong.line >= 1 && wrong.line <= text.lines().count());
            assert!(!wrong.what.contains(SECRET));
        }
    }
}
