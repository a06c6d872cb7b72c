//! The values that belong to one sending of a call, and not to the call.

use crate::base::error::Result;
use crate::protocol::call::{Call, checked_meta};
use crate::protocol::input_required::RetryParams;
use crate::wire::json_members::MemberWriter;
use crate::wire::object::Members;

/// The members that the application adds to the `_meta` of every request.
#[derive(Debug)]
pub(crate) struct CommonMeta {
    /// Names and JSON values.
    members: Vec<(String, String)>,
    /// The same as JSON members, without braces.
    text: String,
}

impl CommonMeta {
    pub(crate) fn parse(json: &str) -> Result<Self> {
        let members = checked_meta(json, "json")?;
        let mut text = String::new();
        for (name, value) in &members {
            MemberWriter::members_of(&mut text).named(name, value);
        }
        Ok(Self { members, text })
    }

    /// The members that a server may answer differently to: all but those of
    /// W3C Trace Context.
    pub(crate) fn without_trace(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.members {
            if !matches!(name.as_str(), "traceparent" | "tracestate" | "baggage") {
                MemberWriter::members_of(&mut text).named(name, value);
            }
        }
        text
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Writes what the application adds to `_meta`. A member of the call replaces
/// the common one with its name.
pub(crate) fn write_meta(json: &mut MemberWriter<'_>, call: &Call, common: Option<&CommonMeta>) {
    match common {
        Some(common) if call.meta.is_empty() => json.members(&common.text),
        Some(common) => {
            let own = format!("{{{}}}", call.meta);
            let own = Members::parse(&own).unwrap_or_default();
            for (name, value) in common.members.iter().filter(|(name, _)| own.get(name).is_none()) {
                json.named(name, value);
            }
        }
        None => {}
    }
    json.members(&call.meta);
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestMeta<'a> {
    /// The id of the JSON-RPC request.
    pub(crate) id: i64,
    pub(crate) wants_progress: bool,
    /// Dialects without `logging/setLevel` send it with each request.
    pub(crate) log_level: Option<&'a str>,
    /// The input that the server asked for when the call was sent before.
    pub(crate) retry: Option<&'a RetryParams>,
    /// Names, without `Mcp-Param-`, and values.
    pub(crate) header_params: &'a [(String, String)],
    pub(crate) common: Option<&'a CommonMeta>,
}
