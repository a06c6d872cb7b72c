//! The outcome of an attempt, and whether a failure says anything about the
//! revision.

use crate::base::error::{Error, Status};
use crate::wire::jsonrpc::{Answer, RpcError};

/// The outcome of an attempt. Every `Error` is the one that the application
/// gets if no other attempt follows.
#[derive(Debug)]
pub(crate) enum AttemptOutcome {
    Answered(Answer),
    /// A JSON-RPC error, with any HTTP status that does not end the call.
    Refused(RpcError, Error),
    /// An HTTP status without a JSON-RPC error, or a response that is not MCP.
    NotMcp(u16, Error),
    /// The event stream of the response begins like one of HTTP with SSE.
    Endpoint(Error),
    /// No response within the time for this attempt.
    Silent(Error),
    /// The server's process, or its stream, has ended. Some servers end at a
    /// request that they do not know.
    Ended(Error),
    /// No response that can be understood.
    Failed(AttemptFailure, Error),
}

/// The ways in which an attempt fails without a response from MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptFailure {
    /// The library did not get a connection to the server.
    NotConnected,
    /// The server or a proxy wants another credential, or there is no token.
    Credential,
    /// The server or a gateway limits the number of requests.
    RateLimit,
    /// A redirect to another origin, where no credential goes.
    OtherOrigin,
    /// The time for the call is over.
    Timeout,
    /// The application cancelled the call or closed the client.
    GivenUp,
    /// A failure of the library or of its environment.
    Other,
    /// The connection broke after the request was sent.
    Broken,
    /// A response that is malformed or too long.
    Malformed,
}

impl AttemptFailure {
    /// Whether another request would fail in the same way.
    pub(crate) fn is_final(self) -> bool {
        match self {
            Self::NotConnected
            | Self::Credential
            | Self::RateLimit
            | Self::OtherOrigin
            | Self::Timeout
            | Self::GivenUp
            | Self::Other => true,
            Self::Broken | Self::Malformed => false,
        }
    }
}

impl AttemptOutcome {
    /// The outcome of a request that ended with an error.
    pub(crate) fn failed(error: Error) -> Self {
        let failure = match (error.status(), error.http_status()) {
            (Status::Cancelled | Status::Closed, _) => AttemptFailure::GivenUp,
            _ if error.is_of_sign_in() => AttemptFailure::Credential,
            (Status::Timeout, _) => AttemptFailure::Timeout,
            (_, 401 | 407) => AttemptFailure::Credential,
            (_, 403) if asks_for_token(&error) => AttemptFailure::Credential,
            (_, 429) => AttemptFailure::RateLimit,
            (Status::Redirect, _) if error.is_other_origin() => AttemptFailure::OtherOrigin,
            (Status::Resolve | Status::Connect | Status::Proxy, _) => AttemptFailure::NotConnected,
            (Status::Tls, _) if !error.may_have_run() => AttemptFailure::NotConnected,
            (Status::Tls | Status::Io | Status::Process, _) => AttemptFailure::Broken,
            (Status::Protocol | Status::TooLarge, _) => AttemptFailure::Malformed,
            (Status::Redirect, http_status) | (_, http_status @ 300..) => {
                return Self::refused(http_status, error);
            }
            _ => AttemptFailure::Other,
        };
        Self::Failed(failure, error)
    }

    /// An HTTP status that says nothing about the credential.
    fn refused(http_status: u16, error: Error) -> Self {
        match error.rpc().cloned() {
            Some(rpc) => {
                let message = error.message().to_owned();
                Self::Refused(RpcError { code: rpc.code, message, data: rpc.data }, error)
            }
            None => Self::NotMcp(http_status, error),
        }
    }
}

/// Whether a 403 names what the next token must have. Gateways send a 403
/// without that for requests that they do not know.
fn asks_for_token(error: &Error) -> bool {
    let names = ["error", "scope", "resource_metadata"];
    error.challenge().iter().any(|(name, _)| names.contains(&name.as_str()))
}
