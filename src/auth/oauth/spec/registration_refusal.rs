//! A refused registration: the words of the server, the likely cause, and the way
//! out.

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::explanation::explanation;
use crate::auth::oauth::spec::redact::{display_error, display_text, display_url};
use crate::base::error::{Error, Status};

pub(super) const STEP: &str = "registration of the client";

/// Why a server did not register the client, as far as its answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RegistrationCause {
    /// The redirect URL.
    Redirect,
    /// Something in front of the server, which may not like the redirect URL.
    Firewall,
    /// It registers known clients only.
    KnownClientsOnly,
    /// It registers nobody at this URL.
    NoRegistration,
    /// The authentication method.
    Method,
    /// Something else that the server explained.
    Other,
    /// The answer has no explanation, or is not a refusal.
    Malformed,
}

/// The error for an answer without a registration. `redirect_uri` and `kind` are
/// what the client asked for.
pub(super) fn refusal(reply: &EndpointResponse<'_>, redirect_uri: &str, kind: &str) -> Error {
    let code = reply.error_code();
    let words = explanation(reply);
    let cause = cause(reply, code.as_deref(), words.as_deref());
    let said = match &code {
        Some(code) => display_error(code, words.as_deref(), &[]),
        None => {
            words.and_then(|words| display_text(&words, &[])).map_or_else(String::new, |text| {
                if text.is_empty() { text } else { format!(": \"{text}\"") }
            })
        }
    };
    let advice = advice(cause, redirect_uri);
    if cause == RegistrationCause::Malformed {
        let why = match reply.status {
            200..=299 if reply.document().is_some() => "without a \"client_id\"",
            200..=399 => "and not 201 with a JSON object",
            _ => "without an \"error\" that is a string",
        };
        return reply.malformed(STEP, why);
    }
    let asked = match redirect_uri {
        "" => "a client without a redirect URL".to_owned(),
        uri => format!("the redirect URL {}", display_url(uri)),
    };
    let message = format!(
        "{STEP}: {} answered {}{said} for {asked} and application_type \"{kind}\"; {advice}",
        display_url(reply.url),
        reply.status,
    );
    Error::new(Status::Auth, message).with_http_status(reply.status)
}

fn cause(
    reply: &EndpointResponse<'_>,
    code: Option<&str>,
    words: Option<&str>,
) -> RegistrationCause {
    let all = format!("{} {}", code.unwrap_or_default(), words.unwrap_or_default());
    let all = all.to_ascii_lowercase();
    let mentions = |parts: &[&str]| parts.iter().any(|part| all.contains(part));
    let is_json = reply.document().is_some();
    let has_words = words.is_some_and(|words| !words.is_empty());
    match reply.status {
        300..=399 => RegistrationCause::Malformed,
        // A page in place of an answer: some firewalls refuse with 200.
        200..=299 if !is_json && has_words => RegistrationCause::Firewall,
        200..=299 if code.is_none() && !has_words => RegistrationCause::Malformed,
        404 | 405 | 410 | 501 if code.is_none() => RegistrationCause::NoRegistration,
        _ if (code.is_some() || is_json)
            && mentions(&["redirect", "localhost", "127.0.0.1", "loopback", "[::1]"]) =>
        {
            RegistrationCause::Redirect
        }
        404 | 405 | 410 | 501 => RegistrationCause::NoRegistration,
        401 => RegistrationCause::KnownClientsOnly,
        403 if code.is_some() => RegistrationCause::KnownClientsOnly,
        403 | 406 | 418 | 444 | 451 if code.is_none() => RegistrationCause::Firewall,
        _ if mentions(&["access_denied", "unauthorized_client"]) => {
            RegistrationCause::KnownClientsOnly
        }
        _ if code.is_some()
            && mentions(&["auth_method", "auth method", "authentication method"]) =>
        {
            RegistrationCause::Method
        }
        _ if code.is_some() => RegistrationCause::Other,
        _ if !is_json && has_words => RegistrationCause::Firewall,
        _ if has_words => RegistrationCause::Other,
        _ => RegistrationCause::Malformed,
    }
}

fn advice(cause: RegistrationCause, redirect_uri: &str) -> String {
    const CLIENT: &str = "set a client id with mcp_auth_set_client()";
    let redirect = another_redirect(redirect_uri);
    match cause {
        RegistrationCause::Redirect | RegistrationCause::Firewall if redirect_uri.is_empty() => {
            CLIENT.to_owned()
        }
        RegistrationCause::Redirect => {
            format!("it refuses the redirect URL: {redirect}, or {CLIENT}")
        }
        RegistrationCause::Firewall => {
            format!("a firewall may have refused the redirect URL: {redirect}, or {CLIENT}")
        }
        RegistrationCause::KnownClientsOnly => format!("it registers known clients only: {CLIENT}"),
        RegistrationCause::NoRegistration => format!("it registers no clients there: {CLIENT}"),
        RegistrationCause::Method => format!(
            "choose another authentication method with mcp_auth_set_client_auth(), or {CLIENT}"
        ),
        RegistrationCause::Other | RegistrationCause::Malformed => {
            format!("if it does not accept this client, {CLIENT}")
        }
    }
}

/// How to get another redirect URL: `localhost` in place of an address, which some
/// servers and firewalls refuse.
fn another_redirect(redirect_uri: &str) -> &'static str {
    let is_at = |host: &str| {
        let start = redirect_uri.get(..host.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(host))
    };
    if is_at("http://127.0.0.1") || is_at("http://[") {
        return "use mcp_auth_set_redirect_url() with http://localhost/callback";
    }
    if is_at("http://localhost") {
        return "choose another redirect URL with mcp_auth_set_redirect_url(), for example \
                http://127.0.0.1/callback";
    }
    "choose one that it accepts with mcp_auth_set_redirect_url()"
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIRECT: &str = "http://127.0.0.1:7/callback";
    const LOCALHOST: &str = "mcp_auth_set_redirect_url() with http://localhost/callback";
    const CLIENT: &str = "mcp_auth_set_client()";
    const PAGE: &str = "<html><head><title>Blocked</title></head><body>Ray 7</body></html>";

    fn message(status: u16, body: &str, redirect: &str) -> String {
        let error = refusal(&EndpointResponse::of(status, body), redirect, "native");
        assert_eq!(error.http_status(), status);
        error.message().to_owned()
    }

    #[test]
    fn names_the_way_out_that_fits_the_cause() {
        let redirect = r#"{"error":"invalid_redirect_uri","error_description":"only https"}"#;
        let local = r#"{"error":"invalid_client_metadata","error_description":"Localhost only"}"#;
        let loopback = r#"{"error":"invalid_request","error_description":"no loopback"}"#;
        let denied = r#"{"error":"access_denied","error_description":"ask us"}"#;
        let shape = r#"{"errors":[{"message":"redirect_uris must be https"}]}"#;
        for (status, body, first, words) in [
            (400, redirect, LOCALHOST, "only https"),
            (400, r#"{"error":"invalid_redirect_uri"}"#, LOCALHOST, "invalid_redirect_uri"),
            (400, local, LOCALHOST, "Localhost only"),
            (403, loopback, LOCALHOST, "no loopback"),
            (422, r#"{"detail":"127.0.0.1 is not allowed"}"#, LOCALHOST, "127.0.0.1 is not"),
            (400, shape, LOCALHOST, "redirect_uris must be https"),
            (403, PAGE, LOCALHOST, "Blocked Ray 7"),
            (403, "", LOCALHOST, "403"),
            (403, r#"{"message":"Forbidden"}"#, LOCALHOST, "Forbidden"),
            (406, "<h1>Not Acceptable</h1>", LOCALHOST, "Not Acceptable"),
            (400, "Bad request, support id 5", LOCALHOST, "support id 5"),
            (200, "<p>Request Rejected</p>", LOCALHOST, "Request Rejected"),
            (401, denied, CLIENT, "ask us"),
            (403, denied, CLIENT, "ask us"),
            (400, denied, CLIENT, "ask us"),
            (403, r#"{"error":"forbidden"}"#, CLIENT, "forbidden"),
            (401, "", CLIENT, "known clients only"),
            (401, PAGE, CLIENT, "Blocked"),
            (404, PAGE, CLIENT, "registers no clients"),
            (404, r#"{"message":"no redirect"}"#, CLIENT, "registers no clients"),
            (405, "", CLIENT, "registers no clients"),
            (404, r#"{"error":"not_found"}"#, CLIENT, "not_found"),
            (400, r#"{"error":"invalid_client_metadata"}"#, CLIENT, "invalid_client_metadata"),
            (
                400,
                r#"{"error":"invalid_client_metadata",
                "error_description":"token_endpoint_auth_method"}"#,
                "mcp_auth_set_client_auth()",
                "token_endpoint_auth_method",
            ),
        ] {
            let said = message(status, body, REDIRECT);
            assert!(said.contains(words), "{said}");
            let named = said.find("mcp_auth_").map(|at| &said[at..]).unwrap_or_default();
            assert!(named.starts_with(first), "{status} {body}: {said}");
            assert!(said.contains(CLIENT), "{said}");
            for part in [REDIRECT, "\"native\"", "https://as/token", &status.to_string()] {
                assert!(said.contains(part), "{said}");
            }
        }
    }

    #[test]
    fn proposes_another_redirect_than_the_refused_one() {
        let body = r#"{"error":"invalid_redirect_uri"}"#;
        let device = message(400, body, "");
        assert!(device.contains(CLIENT) && !device.contains("redirect_url"), "{device}");
        for (redirect, proposed) in [
            ("http://127.0.0.1:7/callback", "with http://localhost/callback"),
            ("http://[::1]:7/callback", "with http://localhost/callback"),
            ("http://localhost:7/callback", "http://127.0.0.1/callback"),
            ("HTTP://LocalHost:7/callback", "http://127.0.0.1/callback"),
            ("https://example.com/callback", "choose one that it accepts"),
        ] {
            let said = message(400, body, redirect);
            assert!(said.contains(proposed), "{said}");
            assert_eq!(
                said.contains("localhost/callback"),
                proposed.contains("localhost"),
                "{said}"
            );
        }
    }

    #[test]
    fn cleans_and_cuts_the_words_of_the_server() {
        let long = format!("<p>{}\u{1b}[0m</p>", "x".repeat(500));
        let said = message(403, &long, REDIRECT);
        assert!(said.len() < 700 && said.contains("xxx...") && !said.contains('\u{1b}'), "{said}");
        let said = message(400, "{\"error\":\"x\",\"error_description\":\"a\\u001b\"}", REDIRECT);
        assert!(said.contains("x (\"a?\")"), "{said}");
    }

    #[test]
    fn reports_an_answer_that_is_no_refusal_as_malformed() {
        for (status, body) in [
            (201, ""),
            (201, "{}"),
            (201, r#"{"client_id":""}"#),
            (302, PAGE),
            (400, ""),
            (400, r#"{"client_id":"i"}"#),
            (400, "{}"),
        ] {
            let error = refusal(&EndpointResponse::of(status, body), REDIRECT, "native");
            assert_eq!(error.status(), Status::Protocol, "{status} {body}");
        }
    }
}
