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
        .with_rpc_message(&rpc.message)
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
/// capability of the method, and says what the server does not offer.
pub(crate) fn unknown_method(error: Error, server_info: &ServerInfo, method: &str) -> Error {
    let lacks = server_info.lacks(method);
    match (is_unknown_method(&error), lacks, offer(method)) {
        (true, Some(capability), what) => {
            let what = what.map(|what| format!("offers no {what}: it ")).unwrap_or_default();
            error.with_status(Status::Unsupported).with_advice(&format!(
                "the server {what}does not declare the capability \"{capability}\""
            ))
        }
        // It declares tools, prompts or resources: only this name is unknown to it.
        (true, None, _) if is_of_one_item(method) => error,
        (true, None, Some(what)) => error.with_advice(&format!("the server offers no {what}")),
        // The server words it otherwise, or the error has another reason.
        (false, Some(_), Some(what)) => {
            error.with_advice(&format!("the server says that it offers no {what}"))
        }
        _ => error,
    }
}

/// What a server offers that answers the method.
fn offer(method: &str) -> Option<&'static str> {
    Some(match method {
        "tools/list" | "tools/call" => "tools",
        "prompts/list" | "prompts/get" => "prompts",
        "resources/list" | "resources/read" => "resources",
        "resources/templates/list" => "resource templates",
        "resources/subscribe" | "resources/unsubscribe" => "subscriptions to resources",
        "completion/complete" => "completions",
        "logging/setLevel" => "choice of the log level",
        "skills/list" => "skills",
        "tasks/list" => "list of tasks",
        _ => return None,
    })
}

/// Whether the method is about an item of a list. Some servers answer that they
/// do not know the method where they do not know the item.
fn is_of_one_item(method: &str) -> bool {
    matches!(method, "tools/call" | "prompts/get" | "resources/read")
}

/// Whether the error is "method not found".
pub(crate) fn is_unknown_method(error: &Error) -> bool {
    error.rpc().is_some_and(|rpc| rpc.code == error_code::METHOD_NOT_FOUND)
}

/// The message for a JSON-RPC error, with the server's text in quotes.
pub(crate) fn message(rpc: &RpcError) -> String {
    format!("the server answered with error {}: \"{}\"", rpc.code, quote(&rpc.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::revision::Revision;
    use crate::protocol::server_info::HandshakeReply;
    use crate::wire::jsonrpc::Answer;

    #[test]
    fn says_what_the_server_does_not_offer() {
        let answer = Answer::whole(r#"{"capabilities":{"tools":{},"resources":{}}}"#.into());
        let reply = HandshakeReply::parse(&answer).unwrap();
        let server = reply.introduce(Revision::HANDSHAKE, &answer);
        for (method, code, status, words) in [
            ("prompts/list", -32601, Status::Unsupported, Some("the server offers no prompts: it")),
            ("prompts/get", -32602, Status::Rpc, Some("that it offers no prompts")),
            ("completion/complete", -32601, Status::Unsupported, Some("no completions: it")),
            ("resources/templates/list", -32601, Status::Rpc, Some("no resource templates")),
            ("resources/templates/list", -32603, Status::Rpc, None),
            ("tools/call", -32601, Status::Rpc, None),
            ("tools/list", -32603, Status::Rpc, None),
            ("acme/x", -32601, Status::Rpc, None),
        ] {
            let rpc = RpcError { code, message: "no".into(), data: None };
            let error = unknown_method(super::error(&rpc, 0), &server, method);
            assert_eq!(error.status(), status, "{method}");
            let offers = error.message().find("offers");
            assert_eq!(offers.is_some(), words.is_some(), "{method}: {}", error.message());
            assert!(error.message().contains(words.unwrap_or_default()), "{}", error.message());
        }
    }
}
