//! The JSON-RPC error codes that the library reads or writes, with the source
//! of each. No other file of the crate defines one.

/// JSON-RPC 2.0, section 5.1.
///
/// Servers of the Python SDK send it, without the id of a request, for a
/// session id that they do not know.
pub(crate) const INVALID_REQUEST: i32 = -32600;
/// JSON-RPC 2.0, section 5.1.
pub(crate) const METHOD_NOT_FOUND: i32 = -32601;
/// JSON-RPC 2.0, section 5.1. MCP uses it for a cursor or a task that the
/// server does not know.
pub(crate) const INVALID_PARAMS: i32 = -32602;
/// JSON-RPC 2.0, section 5.1.
pub(crate) const INTERNAL_ERROR: i32 = -32603;

/// JSON-RPC 2.0, section 5.1: the first code of the range for the
/// implementation.
///
/// Servers of the TypeScript SDK send it, without the id of a request, for a
/// request without `initialize` before it.
pub(crate) const SERVER_ERROR: i32 = -32000;

/// MCP 2025-11-25 (SEP-1036): `URLElicitationRequiredError`.
pub(crate) const URL_ELICITATION_REQUIRED: i32 = -32042;

/// MCP 2026-07-28: a header contradicts the body of the request.
pub(crate) const HEADER_MISMATCH: i32 = -32020;
/// MCP 2026-07-28: the request needs a capability that the client did not
/// declare.
pub(crate) const MISSING_CAPABILITY: i32 = -32021;
/// MCP 2026-07-28: the server does not speak the revision of the request. The
/// data of the error names the revisions that it speaks.
pub(crate) const UNSUPPORTED_VERSION: i32 = -32022;

/// Outside JSON-RPC's reserved range. The MCP specification shows it in its
/// example of a sampling request that a person rejected.
pub(crate) const REJECTED: i32 = -1;
