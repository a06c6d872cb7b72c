//! The check of values against the schemas of tools: the structured content of a
//! result, and the arguments of a call.

use std::sync::OnceLock;

use crate::base::error::{Error, Result, Status, quote};
use crate::protocol::call::{checked_object, given};
use crate::protocol::payload::is_set;
use crate::protocol::schema::{Schema, SchemaFault};
use crate::wire::jsonrpc::Answer;

/// The schema of a tool's structured content. It is compiled at its first use.
#[derive(Debug)]
pub(crate) struct OutputSchema {
    /// `None`: it is too large to be kept.
    text: Option<Box<str>>,
    compiled: OnceLock<std::result::Result<Schema, String>>,
}

/// What a check found out.
#[derive(Debug)]
pub(crate) enum Checked {
    Match,
    Mismatch(Error),
    /// The schema cannot be used. That is no fault of the tool's result.
    Unusable(String),
}

impl OutputSchema {
    pub(crate) fn new(text: Option<&str>) -> Self {
        Self { text: text.map(Into::into), compiled: OnceLock::new() }
    }

    /// Checks the result of a tool. A result that is an error has no structured
    /// content to check.
    pub(crate) fn check(&self, tool: &str, answer: &Answer) -> Checked {
        if answer.member("isError").and_then(is_set).unwrap_or(false) {
            return Checked::Match;
        }
        let Some(text) = &self.text else {
            return Checked::Unusable("it is too large".to_owned());
        };
        let schema = match self.compiled.get_or_init(|| Schema::parse(text)) {
            Ok(schema) => schema,
            Err(why) => return Checked::Unusable(why.clone()),
        };
        let mismatch = match answer.member("structuredContent") {
            None => "the result has no structured content, which the tool's outputSchema \
                     demands"
                .to_owned(),
            Some(content) => match schema.check(content) {
                Ok(()) => return Checked::Match,
                Err(SchemaFault::Unchecked(why)) => return Checked::Unusable(why),
                Err(SchemaFault::Mismatch(what)) => {
                    format!("the structured content does not match the tool's outputSchema: {what}")
                }
            },
        };
        let message = format!(
            "tool \"{}\": {mismatch}. The tool has run, and its result is handed out with this \
             error; to take such results without an error, see MCP_ALLOW_MISMATCH",
            quote(tool)
        );
        Checked::Mismatch(Error::new(Status::Schema, message).with_may_have_run(true))
    }
}

/// Checks the arguments of a call against the schema of a tool.
pub(crate) fn check_arguments(schema: Option<&str>, arguments: Option<&str>) -> Result<()> {
    let arguments = match given(arguments) {
        Some(arguments) => checked_object(arguments, "arguments_json")?,
        None => "{}",
    };
    let Some(schema) = schema.filter(|schema| *schema != "null") else { return Ok(()) };
    let unusable = |why: String| {
        let what = "the tool's inputSchema cannot be used to check arguments";
        Error::new(Status::Unsupported, format!("{what}: {}", quote(&why)))
    };
    match Schema::parse(schema).map_err(unusable)?.check(arguments) {
        Ok(()) => Ok(()),
        Err(SchemaFault::Unchecked(why)) => Err(unusable(why)),
        Err(SchemaFault::Mismatch(what)) => Err(Error::new(
            Status::Schema,
            format!("the arguments do not match the tool's inputSchema: {what}"),
        )),
    }
}
