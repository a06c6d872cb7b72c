//! The status of each HTTP error response, once for all tests.

use crate::constants::*;

/// Each row is an HTTP status and the status of the call that it ends.
pub const HTTP_ERRORS: [(u16, i32); 15] = [
    (400, MCP_E_HTTP),
    (401, MCP_E_UNAUTHORIZED),
    (403, MCP_E_FORBIDDEN),
    (404, MCP_E_ENDPOINT),
    (405, MCP_E_TRANSPORT),
    (407, MCP_E_PROXY),
    (409, MCP_E_HTTP),
    (410, MCP_E_ENDPOINT),
    (413, MCP_E_HTTP),
    (429, MCP_E_RATE_LIMITED),
    (500, MCP_E_SERVER),
    (501, MCP_E_SERVER),
    (502, MCP_E_UNAVAILABLE),
    (503, MCP_E_UNAVAILABLE),
    (504, MCP_E_UNAVAILABLE),
];

/// Checks that a call failed by the error response with that HTTP status.
pub fn is_http_error(failure: &crate::Failure, http_status: u16) {
    let row = HTTP_ERRORS.iter().find(|row| row.0 == http_status);
    let expected = row.expect("a row of HTTP_ERRORS").1;
    let found = (failure.status, failure.http_status);
    assert_eq!(found, (expected, i32::from(http_status)), "{}", failure.message);
}
