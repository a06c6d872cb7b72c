//! Turns JSON-RPC errors into errors of a call.

use crate::base::error::{Error, Status, quote};
use crate::protocol::error_code;
use crate::protocol::server_info::ServerInfo;
use crate::wire::jsonrpc::RpcError;

/// The error of a call that the server answered with a JSON-RPC error.
pub(crate) fn error(rpc: &RpcError, http_status: u16) -> Error {
    Error::new(Status::Rpc, message(rpc))
        .with_http_status(http_status)
        .with_rpc(rpc.code, rpc.data.clone())
        .with_may_have_run(true)
}

/// The error for a server that answers `subscriptions/listen` without a stream.
pub(crate) fn no_stream(rpc: Option<&RpcError>, http_status: u16) -> Error {
    match rpc {
        Some(rpc) => error(rpc, http_status),
        None => Error::new(
            Status::Unsupported,
            "the server offers no notification stream: it answered subscriptions/listen with \
             something other than an event stream",
        )
        .with_http_status(http_status),
    }
}

/// Gives "unknown method" its own status if the server does not declare the
/// capability of the method.
pub(crate) fn unknown_method(error: Error, server_info: &ServerInfo, method: &str) -> Error {
    if !is_unknown_method(&error) {
        return error;
    }
    match server_info.lacks(method) {
        Some(capability) => error
            .with_status(Status::Unsupported)
            .with_advice(&format!("it does not declare the capability \"{capability}\"")),
        None => error,
    }
}

/// Whether the error is "method not found".
pub(crate) fn is_unknown_method(error: &Error) -> bool {
    error.rpc().is_some_and(|rpc| rpc.code == error_code::METHOD_NOT_FOUND)
}

/// The message for a JSON-RPC error, with the server's text in quotes.
pub(crate) fn message(rpc: &RpcError) -> String {
    format!("the server answered with error {}: \"{}\"", rpc.code, quote(&rpc.message))
}
