//! JSON-RPC errors as errors of a call.

use crate::base::error::{Error, Status, quote};
use crate::protocol::error_code;
use crate::protocol::server_info::ServerInfo;
use crate::wire::jsonrpc::RpcError;

/// The error for a JSON-RPC error that came as a proper reply.
pub(crate) fn error(rpc: &RpcError, http_status: u16) -> Error {
    Error::new(Status::Rpc, message(rpc))
        .with_http_status(http_status)
        .with_rpc(rpc.code, rpc.data.clone())
        .with_may_have_run(true)
}

/// The error for a server that answers with something else than a stream.
pub(crate) fn no_stream(rpc: Option<&RpcError>, http_status: u16) -> Error {
    match rpc {
        Some(rpc) => error(rpc, http_status),
        None => Error::new(
            Status::Unsupported,
            "the server offers no stream of its own: it answered subscriptions/listen with \
             something else",
        )
        .with_http_status(http_status),
    }
}

/// Tells a method that the server never offered from one that it should know.
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

/// Whether the server does not know the method of a request.
pub(crate) fn is_unknown_method(error: &Error) -> bool {
    error.rpc().is_some_and(|rpc| rpc.code == error_code::METHOD_NOT_FOUND)
}

/// The server's words, in quotes.
pub(crate) fn message(rpc: &RpcError) -> String {
    format!("the server answered with error {}: \"{}\"", rpc.code, quote(&rpc.message))
}
