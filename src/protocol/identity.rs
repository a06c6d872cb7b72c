//! The name and version of the application.

use crate::wire::json_members;

/// The `Implementation` of the specification that the client sends.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Identity {
    /// A JSON object as text.
    pub(crate) fn json(&self) -> String {
        json_members::object(|json| {
            json.string("name", &self.name);
            json.string("version", &self.version);
        })
    }
}
