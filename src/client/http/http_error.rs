//! Turns HTTP statuses into errors, with the reason and advice.

use std::time::SystemTime;

use crate::base::error::{Error, Status, quote};
use crate::base::seconds::Seconds;
use crate::client::core::rpc_error;
use crate::wire::http1::Head;
use crate::wire::jsonrpc::RpcError;
use crate::wire::retry_after::retry_after;
use crate::wire::{challenge, clock_skew};

/// The credential of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialSent {
    Nothing,
    Token,
    /// A header, a query or a certificate that the application set.
    Other,
    /// A token from an authorization server.
    Granted,
    /// A token from an authorization server, bound to a key (DPoP).
    Bound,
}

/// Returns the error for a reply that is not 2xx. `body` is the begin of its
/// body, `rpc` the JSON-RPC error in it.
pub(crate) fn error(
    head: &Head,
    body: &[u8],
    rpc: Option<&RpcError>,
    sent: CredentialSent,
) -> Error {
    let challenges = head.rare().challenges.iter().map(String::as_str);
    let challenge = challenge::parameters(challenges, sent == CredentialSent::Bound);
    let retry_after =
        head.rare().retry_after.as_deref().and_then(|text| retry_after(text, SystemTime::now()));
    let status = status(head.status, rpc);
    let mut message = match (status, rpc) {
        (Status::Rpc, Some(rpc)) => rpc_error::message(rpc),
        _ => format!("the server answered {}", head.status),
    };
    if status != Status::Rpc {
        let text = server_text(&challenge, body, rpc);
        if !text.is_empty() {
            message.push_str(&format!(" ({text})"));
        }
    }
    if let Some(difference) = clock_difference(head, &challenge) {
        message.push_str(&difference);
    }
    let is_explained = head.rare().challenges.is_empty() && says_why(body, rpc);
    message.push_str(&advice(status, sent, retry_after, &challenge, is_explained));
    // The server refused the request before it ran, except for an error of the
    // server itself.
    let may_have_run = head.status >= 500 && head.status != 503;
    let error = Error::new(status, message)
        .with_http_status(head.status)
        .with_challenge(challenge)
        .with_retry_after(retry_after)
        .with_may_have_run(may_have_run);
    match rpc {
        Some(rpc) => error.with_rpc(rpc.code, rpc.data.clone()).with_rpc_message(&rpc.message),
        None => error,
    }
}

fn status(http_status: u16, rpc: Option<&RpcError>) -> Status {
    match http_status {
        401 => Status::Unauthorized,
        403 => Status::Forbidden,
        407 => Status::Proxy,
        429 => Status::RateLimited,
        502..=504 => Status::Unavailable,
        _ if rpc.is_some() => Status::Rpc,
        404 | 410 => Status::Endpoint,
        405 => Status::Transport,
        500..=599 => Status::Server,
        _ => Status::Http,
    }
}

/// The server's own text: the challenge, the JSON-RPC error or the body.
fn server_text(challenge: &[(String, String)], body: &[u8], rpc: Option<&RpcError>) -> String {
    let parameter = |wanted: &str| {
        challenge.iter().find(|(name, _)| name == wanted).map(|(_, value)| quote(value))
    };
    if let Some(error) = parameter("error") {
        return match (parameter("error_description"), parameter("scope")) {
            (Some(description), _) => format!("{error}: {description}"),
            (None, Some(scope)) => format!("{error}, needs \"{scope}\""),
            (None, None) => error,
        };
    }
    match rpc {
        Some(rpc) => format!("error {}: {}", rpc.code, quote(&rpc.message)),
        None => quote(&String::from_utf8_lossy(body)),
    }
}

fn advice(
    status: Status,
    sent: CredentialSent,
    retry_after: Option<u32>,
    challenge: &[(String, String)],
    is_explained: bool,
) -> String {
    match status {
        Status::Unauthorized => match sent {
            CredentialSent::Token => "; set another token with mcp_client_set_token()".to_owned(),
            CredentialSent::Other => "; the server does not accept the credential in the headers \
                                      or in the URL"
                .to_owned(),
            CredentialSent::Granted | CredentialSent::Bound => {
                "; the authorization server gave this token, and the MCP server refuses it: if \
                 the provider is a known one, see mcp_auth_set_provider()"
                    .to_owned()
            }
            CredentialSent::Nothing => {
                "; give a token to mcp_client_new(), set the header that the server \
                              wants, or let a person sign in: see mcp_client_set_auth()"
                    .to_owned()
            }
        },
        Status::Forbidden => match challenge.iter().find(|(name, _)| name == "scope") {
            Some((_, scope)) => format!("; get a token with the scope \"{}\"", quote(scope)),
            // The server's own words are the advice.
            None if sent == CredentialSent::Nothing && is_explained => {
                "; no credential was sent, if the server wants one".to_owned()
            }
            // Not a wrong credential: a server may also refuse an address or a
            // host name.
            None if sent == CredentialSent::Nothing => {
                "; the server refuses access, and no credential was sent: if the server wants \
                 one, give a token to mcp_client_new(), set the header that the server wants, or \
                 let a person sign in: see mcp_client_set_auth()"
                    .to_owned()
            }
            // The server may have forgotten the token.
            None if matches!(sent, CredentialSent::Granted | CredentialSent::Bound) => {
                "; the credential is not allowed to do this; if it was before, sign in again: \
                 see mcp_sign_in()"
                    .to_owned()
            }
            None => "; the credential is not allowed to do this".to_owned(),
        },
        Status::RateLimited | Status::Unavailable => match retry_after {
            Some(wait) => format!("; try again in {} s", Seconds::of_milliseconds(wait)),
            None => "; try again later".to_owned(),
        },
        Status::Endpoint => "; is the path of the URL right?".to_owned(),
        Status::Transport => "; there is no Streamable HTTP endpoint at this address".to_owned(),
        _ => String::new(),
    }
}

/// Whether the text of a 403 says more than its status: what was wrong.
fn says_why(body: &[u8], rpc: Option<&RpcError>) -> bool {
    const EMPTY: [&str; 9] =
        ["403", "access", "code", "denied", "detail", "error", "forbidden", "message", "status"];
    let text = rpc.map_or_else(|| String::from_utf8_lossy(body), |rpc| rpc.message.as_str().into());
    let is_page = text.trim_start().starts_with('<');
    let mut words = text.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty());
    !is_page && words.any(|word| !EMPTY.contains(&word.to_ascii_lowercase().as_str()))
}

/// Explains a refused DPoP proof by the difference of the clocks, which is the
/// usual reason.
fn clock_difference(head: &Head, challenge: &[(String, String)]) -> Option<String> {
    challenge.iter().find(|(name, value)| name == "error" && value == "invalid_dpop_proof")?;
    let difference = clock_skew::clock_skew(head.rare().date.as_deref(), SystemTime::now())?;
    Some(format!("; {difference}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        Head::parse(format!("HTTP/1.1 {text}\r\n\r\n").as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn has_a_type_for_each_status() {
        for (line, status) in [
            ("400 x", Status::Http),
            ("401 x", Status::Unauthorized),
            ("403 x", Status::Forbidden),
            ("404 x", Status::Endpoint),
            ("405 x", Status::Transport),
            ("410 x", Status::Endpoint),
            ("429 x", Status::RateLimited),
            ("500 x", Status::Server),
            ("503 x", Status::Unavailable),
        ] {
            let error = error(&head(line), b"", None, CredentialSent::Token);
            assert_eq!(error.status(), status);
            assert!(error.message().contains(line.split(' ').next().unwrap()));
        }
    }

    #[test]
    fn shows_the_servers_words_and_what_to_do() {
        let refused = head(
            "401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\", \
             error_description=\"expired\"",
        );
        let error = error(&refused, b"<html>", None, CredentialSent::Token);
        assert!(error.message().contains("invalid_token: expired"));
        assert!(error.message().contains("mcp_client_set_token()"));
        assert_eq!(error.challenge().len(), 2);
    }

    #[test]
    fn blames_the_credential_for_a_403_only_if_one_was_sent() {
        for (sent, said, not_said) in [
            (CredentialSent::Nothing, "no credential was sent", "is not allowed"),
            (CredentialSent::Token, "is not allowed", "no credential"),
            (CredentialSent::Granted, "is not allowed", "no credential"),
            (CredentialSent::Other, "is not allowed", "no credential"),
        ] {
            let error = error(&head("403 Forbidden"), b"Invalid Host header", None, sent);
            let text = error.message();
            assert_eq!(error.status(), Status::Forbidden);
            assert!(text.contains(said) && !text.contains(not_said), "{text}");
            assert!(text.contains("Invalid Host header"), "{text}");
        }
    }

    #[test]
    fn gives_advice_on_credentials_only_if_a_403_does_not_explain_itself() {
        let challenge = "\r\nWWW-Authenticate: Bearer";
        for (header, body, is_explained) in [
            ("", "Invalid Host header", true),
            ("", r#"{"error":"origin not allowed"}"#, true),
            ("", "", false),
            ("", "Forbidden\n", false),
            ("", "Access denied.", false),
            ("", r#"{"status":403,"error":"Forbidden","message":"Access Denied"}"#, false),
            ("", " <html><title>403 Forbidden</title>nginx</html>", false),
            (challenge, "Invalid Host header", false),
        ] {
            let refused = head(&format!("403 Forbidden{header}"));
            let error = error(&refused, body.as_bytes(), None, CredentialSent::Nothing);
            let text = error.message();
            assert!(text.contains("no credential was sent"), "{text}");
            assert_eq!(!text.contains("mcp_client_set_auth()"), is_explained, "{text}");
        }
        let rpc = RpcError { code: -32000, message: "Invalid Origin".into(), data: None };
        let error = error(&head("403 x"), b"{}", Some(&rpc), CredentialSent::Nothing);
        assert!(error.message().ends_with("one"), "{}", error.message());
    }

    #[test]
    fn shows_the_challenge_that_the_token_is_for() {
        let both = head(
            "401 x\r\nWWW-Authenticate: Bearer error=\"of_bearer\"\r\n\
             WWW-Authenticate: DPoP error=\"of_dpop\"",
        );
        for (sent, said) in
            [(CredentialSent::Granted, "of_bearer"), (CredentialSent::Bound, "of_dpop")]
        {
            let error = error(&both, b"", None, sent);
            assert!(error.message().contains(said), "{}", error.message());
        }
    }

    #[test]
    fn keeps_the_json_rpc_error_of_a_refusal() {
        let rpc = RpcError { code: -32600, message: "no\nway".into(), data: Some("[1]".into()) };
        let refused = error(&head("400 x"), b"", Some(&rpc), CredentialSent::Nothing);
        assert_eq!(refused.status(), Status::Rpc);
        assert_eq!(refused.rpc().unwrap().code, -32600);
        assert!(refused.message().contains("\"no way\""));
        let unauthorized = error(&head("401 x"), b"", Some(&rpc), CredentialSent::Nothing);
        assert_eq!(unauthorized.status(), Status::Unauthorized);
        assert_eq!(unauthorized.rpc().unwrap().data.as_deref(), Some("[1]"));
    }
}
