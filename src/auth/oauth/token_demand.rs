//! What a refusal says of the token that is needed.

/// What the MCP server demands of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenDemand {
    /// The values of WWW-Authenticate in the last refusal; empty if the server has
    /// refused nothing.
    pub(crate) challenges: Vec<String>,
    /// The server refused the request with 401, or its challenge asks for a token.
    pub(crate) is_required: bool,
}
