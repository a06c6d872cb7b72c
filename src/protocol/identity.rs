//! The name and version of the application.

use crate::wire::jsonrpc;

/// The `Implementation` of the specification that the client sends.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Identity {
    /// A JSON object as text.
    pub(crate) fn json(&self) -> String {
        let mut out = String::from("{\"name\":");
        jsonrpc::push_string(&mut out, &self.name);
        out.push_str(",\"version\":");
        jsonrpc::push_string(&mut out, &self.version);
        out.push('}');
        out
    }
}
