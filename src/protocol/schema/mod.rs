//! JSON Schema: whether a value matches the schema of a tool.
//!
//! The schema and the value come from the server, so that the work is bounded:
//! the size of a schema, its patterns, the depth and the number of steps of a
//! check. A schema that has more, is invalid, or refers to another document is
//! unusable, which is no fault of the value. Drafts 6, 7, 2019-09 and 2020-12 are
//! known; `format` and the content keywords are annotations, as the drafts say.

#[cfg(feature = "schema")]
mod check;
#[cfg(feature = "schema")]
mod compile;
#[cfg(feature = "schema")]
mod containers;
mod fault;
#[cfg(feature = "schema")]
mod pattern;
#[cfg(feature = "schema")]
mod reference;
#[cfg(feature = "schema")]
mod rule;
#[cfg(test)]
#[cfg(feature = "schema")]
mod tests;

#[cfg(feature = "schema")]
use crate::protocol::schema::check::Checker;
#[cfg(feature = "schema")]
use crate::protocol::schema::compile::Compiler;
#[cfg(feature = "schema")]
use crate::protocol::schema::rule::{Node, NodeId};
#[cfg(feature = "schema")]
use crate::wire::json_text::{NESTING, TextFault};
#[cfg(feature = "schema")]
use crate::wire::tape::Tape;

pub(crate) use crate::protocol::schema::fault::SchemaFault;

/// Whether the library was built with the check.
pub(crate) const IS_BUILT: bool = cfg!(feature = "schema");

/// The most bytes of a schema.
pub(crate) const MOST_BYTES: usize = 256 << 10;

/// A schema in the form in which it is checked.
#[derive(Debug)]
pub(crate) struct Schema {
    #[cfg(feature = "schema")]
    nodes: Vec<Node>,
}

/// The place of the schema itself in [`Schema::nodes`].
#[cfg(feature = "schema")]
const ROOT: NodeId = 0;

#[cfg(not(feature = "schema"))]
impl Schema {
    pub(crate) fn parse(_: &str) -> Result<Self, String> {
        Err("this library was built without the check of JSON Schemas, the Cargo feature \
             \"schema\""
            .to_owned())
    }

    pub(crate) fn check(&self, _: &str) -> Result<(), SchemaFault> {
        Ok(())
    }
}

#[cfg(feature = "schema")]
impl Schema {
    /// Reads a schema. An error says why it is unusable.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MOST_BYTES {
            return Err(format!("it has more than {MOST_BYTES} bytes"));
        }
        let tape = Tape::read(text, NESTING).map_err(|error| wrong(&error))?;
        Ok(Self { nodes: Compiler::new(text, &tape)?.compile()? })
    }

    /// Checks a value, given as JSON text.
    pub(crate) fn check(&self, value: &str) -> Result<(), SchemaFault> {
        let tape =
            Tape::read(value, NESTING).map_err(|error| SchemaFault::Unchecked(wrong(&error)))?;
        Checker::new(&self.nodes, value, &tape).check(ROOT)
    }
}

#[cfg(feature = "schema")]
fn wrong(error: &TextFault) -> String {
    match error {
        TextFault::Malformed(what, at) => format!("it is not JSON: {what} at byte {at}"),
        TextFault::TooDeep => format!("it has more than {NESTING} nested objects and arrays"),
        TextFault::TooLong => "it has more than 4 GiB".to_owned(),
    }
}
