//! The values that belong to one sending of a call, and not to the call.

use crate::protocol::input_required::RetryParams;

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
}
