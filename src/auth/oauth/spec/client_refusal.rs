//! What a refusal of a token request says about the client: its authentication
//! method, and where the server looks for the client id.

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::spec::token_request::AuthMethod;

/// Words about a parameter that is not there.
const MISSING: [&str; 16] = [
    "missing",
    "requir",
    "must",
    "absent",
    "provide",
    "no client",
    "without",
    "empty",
    "blank",
    "null",
    "undefined",
    "expect",
    "need",
    "lack",
    "parameter",
    "field",
];

/// Whether the server misses the client id in the form. The words count: there is
/// no error code for it. The name of the parameter is enough; a "client ID" may
/// also be a wrong one.
pub(crate) fn misses_client_id(reply: &EndpointResponse<'_>) -> bool {
    if !is_refusal(reply) {
        return false;
    }
    let words = words(reply);
    let is_missing = || MISSING.iter().any(|part| words.contains(part));
    words.contains("client_id") || mentions_client_id(&words) && is_missing()
}

/// Whether the server takes the client id in the form for a second method.
pub(crate) fn refuses_two_methods(reply: &EndpointResponse<'_>) -> bool {
    let words = words(reply);
    let is_about_both = ["multiple", "more than one", "method", "both"];
    is_refusal(reply) && is_about_both.iter().any(|part| words.contains(part))
}

/// Whether the server accepted the authentication of the client. The answers to
/// a device that polls are errors, too.
pub(crate) fn accepts_client(reply: &EndpointResponse<'_>) -> bool {
    match reply.error_code().as_deref() {
        None => reply.is_success(),
        Some(code) => matches!(code, "authorization_pending" | "slow_down"),
    }
}

/// Whether the server asks for a request with its nonce.
pub(crate) fn wants_nonce(reply: &EndpointResponse<'_>) -> bool {
    reply.error_code().as_deref() == Some("use_dpop_nonce")
}

/// What to do about a refusal that concerns the authentication of the client:
/// another method, if the server lists one that the client could use. `has`: the
/// methods for which the client has or can get the proof.
pub(crate) fn advice(
    reply: &EndpointResponse<'_>,
    used: AuthMethod,
    server: &ServerMetadata,
    has: impl Fn(AuthMethod) -> bool,
) -> Option<String> {
    if !blames_client(reply) {
        return None;
    }
    let lists = |method: AuthMethod| match server.listed_methods() {
        Some(listed) => listed.iter().any(|one| one == method.name()),
        // The server does not say what it accepts.
        None => method.needs_secret(),
    };
    let others = AuthMethod::ALL.into_iter().filter(|one| *one != used && has(*one) && lists(*one));
    // One that sends the same secret comes first.
    let (first, last): (Vec<_>, Vec<_>) = others.partition(|method| method.needs_secret());
    let named =
        |method: &AuthMethod| format!("mcp_auth_set_client_auth() with \"{}\"", method.name());
    let names: Vec<String> = first.iter().chain(&last).map(named).collect();
    (!names.is_empty()).then(|| {
        format!(
            "the client used the authentication method {}: if the server reads another, use \
             {}",
            used.name(),
            names.join(" or ")
        )
    })
}

/// Whether an error of the authorization endpoint says that the server does not
/// know the client, or does not allow it this grant. Some servers have no error
/// code for that, and say it in their own words.
pub(crate) fn disowns_client(code: &str, description: &str) -> bool {
    match code {
        "unauthorized_client" | "invalid_client" => true,
        "invalid_request" | "invalid_client_id" => says_client_is_unknown(description),
        _ => false,
    }
}

/// Whether an error of the authorization endpoint may mean the same: it does not
/// tell another cause. The words may be in any language, or absent.
pub(crate) fn may_disown_client(code: &str, description: &str) -> bool {
    // Servers have own codes for a denial and for a failure that passes.
    const OTHER_CAUSES: [&str; 13] = [
        "denied",
        "declin",
        "cancel",
        "_required",
        "scope",
        "invalid_target",
        "server_error",
        "internal",
        "temporar",
        "unavailable",
        "timeout",
        "limit",
        "unsupported_response_type",
    ];
    let code = code.to_ascii_lowercase();
    !OTHER_CAUSES.iter().any(|part| code.contains(part)) || says_client_is_unknown(description)
}

fn says_client_is_unknown(description: &str) -> bool {
    const UNKNOWN: [&str; 12] = [
        "unknown",
        "unrecognized",
        "unrecognised",
        "not found",
        "not find",
        "not registered",
        "unregistered",
        "not exist",
        "n't exist",
        "deleted",
        "no such",
        "invalid client",
    ];
    let words = description.to_ascii_lowercase();
    let is_about_client = words.contains("client") || words.contains("application");
    is_about_client && UNKNOWN.iter().any(|part| words.contains(part))
}

/// Whether the refusal is about who the client is.
fn blames_client(reply: &EndpointResponse<'_>) -> bool {
    if !is_refusal(reply) {
        return false;
    }
    match reply.error_code().as_deref() {
        Some("invalid_client" | "unauthorized_client") => true,
        Some(
            "invalid_grant" | "invalid_target" | "invalid_scope" | "use_dpop_nonce"
            | "invalid_dpop_proof",
        ) => false,
        _ => {
            let words = words(reply);
            let is_about_secret = ["client_secret", "client secret", "client authentication"];
            reply.status == 401
                || mentions_client_id(&words)
                || is_about_secret.iter().any(|part| words.contains(part))
        }
    }
}

/// Whether the server answered that the request is wrong, also with a status that
/// says otherwise.
fn is_refusal(reply: &EndpointResponse<'_>) -> bool {
    match reply.status {
        400 | 401 | 422 => true,
        200..=299 => reply.error_code().is_some(),
        _ => false,
    }
}

fn words(reply: &EndpointResponse<'_>) -> String {
    String::from_utf8_lossy(reply.body).to_ascii_lowercase()
}

/// "client_id", "client id", "client-id", "clientId" and "client identifier".
fn mentions_client_id(words: &str) -> bool {
    words.split("client").skip(1).any(|rest| {
        let rest = rest.strip_prefix(['_', '-', ' ']).unwrap_or(rest);
        rest.strip_prefix("id").is_some_and(|rest| {
            rest.starts_with("entifier") || !rest.starts_with(|next: char| next.is_alphanumeric())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::spec::json_document::JsonDocument;

    fn reply(status: u16, body: &str) -> EndpointResponse<'_> {
        EndpointResponse::of(status, body)
    }

    #[test]
    fn knows_a_refusal_for_a_missing_client_id() {
        for (status, body) in [
            (400, r#"{"error":"invalid_request","error_description":"client_id is required"}"#),
            (401, r#"{"error":"invalid_client","error_description":"Missing client_id"}"#),
            (401, r#"{"error":"unauthorized_client","error_description":"No Client ID"}"#),
            (400, r#"{"error":"invalid_request","error_description":"clientId: Required"}"#),
            (400, r#"{"error":"missing_client-id"}"#),
            (400, r#"{"message":"the client identifier is absent"}"#),
            (422, r#"{"detail":[{"loc":["body","client_id"],"msg":"field required"}]}"#),
            (200, r#"{"error":"invalid_request","error_description":"client_id?"}"#),
            (400, "client_id is missing"),
            (401, "<p>CLIENT_ID required</p>"),
        ] {
            assert!(misses_client_id(&reply(status, body)), "{status} {body}");
        }
        for (status, body) in [
            (400, r#"{"error":"invalid_grant","error_description":"expired"}"#),
            (401, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"invalid_request","error_description":"client identity"}"#),
            (401, r#"{"error":"invalid_client","error_description":"Client ID mismatch"}"#),
            (401, r#"{"error":"invalid_client","error_description":"unknown clientId"}"#),
            (403, r#"{"error":"access_denied","error_description":"client_id"}"#),
            (429, "client_id"),
            (500, "client_id"),
            (302, "client_id"),
            (200, r#"{"access_token":"a","client_id":"i"}"#),
            (200, "client_id"),
            (400, ""),
            (400, "client"),
        ] {
            assert!(!misses_client_id(&reply(status, body)), "{status} {body}");
        }
    }

    #[test]
    fn knows_a_refusal_of_two_methods() {
        let two = r#"{"error":"invalid_request",
            "error_description":"Client must not use multiple authentication methods"}"#;
        assert!(refuses_two_methods(&reply(400, two)));
        assert!(!refuses_two_methods(&reply(500, two)));
        assert!(!refuses_two_methods(&reply(400, r#"{"error":"invalid_grant"}"#)));
        // It is no refusal for a missing client id.
        assert!(!misses_client_id(&reply(400, two)));
    }

    #[test]
    fn knows_a_client_that_the_authorization_endpoint_does_not_know() {
        for (code, description, is_disowned) in [
            ("unauthorized_client", "", true),
            ("invalid_client", "", true),
            ("invalid_request", "Unknown client", true),
            ("invalid_request", "The client_id was not found", true),
            ("invalid_request", "Application does not exist.", true),
            ("invalid_request", "The client doesn't exist", true),
            ("invalid_request", "Could not find client", true),
            ("invalid_request", "This application was deleted", true),
            ("invalid_request", "Unknown scope", false),
            ("invalid_request", "The client must send code_challenge", false),
            ("access_denied", "unknown client", false),
            ("server_error", "unknown client", false),
        ] {
            assert_eq!(disowns_client(code, description), is_disowned, "{code} {description}");
        }
    }

    #[test]
    fn doubts_a_client_unless_the_error_has_another_cause() {
        for (code, description, is_doubtful) in [
            ("invalid_request", "", true),
            ("app_not_found", "", true),
            ("invalid_request", "The client must send code_challenge", true),
            ("access_denied", "The person said no to this application", false),
            ("access_denied", "unknown client", true),
            ("server_error", "Client not found", true),
            ("server_error", "", false),
            ("invalid_scope", "unknown scope", false),
            ("consent_required", "", false),
            ("user_cancelled_login", "", false),
            ("authorization_declined", "", false),
            ("USER_DENIED", "", false),
            ("rate_limit_exceeded", "try later", false),
            ("internal_error", "", false),
            ("service_unavailable", "", false),
        ] {
            assert_eq!(may_disown_client(code, description), is_doubtful, "{code} {description}");
        }
    }

    #[test]
    fn knows_an_accepted_client() {
        for (status, body, is_accepted) in [
            (200, r#"{"access_token":"a"}"#, true),
            (200, "", true),
            (200, r#"{"error":"invalid_client"}"#, false),
            (400, r#"{"error":"authorization_pending"}"#, true),
            (400, r#"{"error":"slow_down"}"#, true),
            (400, r#"{"error":"use_dpop_nonce"}"#, false),
            (401, "", false),
        ] {
            assert_eq!(accepts_client(&reply(status, body)), is_accepted, "{status} {body}");
        }
    }

    #[test]
    fn names_another_method_that_the_server_lists() {
        use AuthMethod::{Basic, None as Nothing, Post, PrivateKeyJwt};
        let server = |methods: Option<&str>| {
            let list = methods.map_or_else(String::new, |methods| {
                format!(r#","token_endpoint_auth_methods_supported":{methods}"#)
            });
            let body = format!(r#"{{"issuer":"https://as"{list}}}"#);
            let document = JsonDocument::parse(body.as_bytes()).unwrap();
            ServerMetadata::read(&document, "https://as", "https://as").unwrap()
        };
        let both = r#"["client_secret_basic","client_secret_post"]"#;
        let all = r#"["none","client_secret_basic","client_secret_post","private_key_jwt"]"#;
        let invalid = r#"{"error":"invalid_client","error_description":"Client ID mismatch"}"#;
        let secret: &[AuthMethod] = &[Basic, Post, Nothing];
        for (used, methods, has, status, body, named) in [
            (Basic, Some(both), secret, 401, invalid, Some("with \"client_secret_post\"")),
            (Post, Some(both), secret, 400, invalid, Some("with \"client_secret_basic\"")),
            (
                Basic,
                Some(all),
                secret,
                400,
                invalid,
                Some("\"client_secret_post\" or mcp_auth_set_client_auth() with \"none\""),
            ),
            (PrivateKeyJwt, Some(all), &[PrivateKeyJwt][..], 401, invalid, None),
            (Basic, Some(r#"["client_secret_basic"]"#), secret, 401, invalid, None),
            (Basic, None, secret, 401, invalid, Some("with \"client_secret_post\"")),
            (Nothing, Some(all), &[Nothing][..], 401, invalid, None),
            (Basic, Some(both), secret, 401, "Unauthorized", Some("with \"client_secret_post\"")),
            (Basic, Some(both), secret, 200, invalid, Some("with \"client_secret_post\"")),
            (
                Basic,
                Some(both),
                secret,
                400,
                r#"{"error":"invalid_request","error_description":"no client_secret"}"#,
                Some("with \"client_secret_post\""),
            ),
            (Basic, Some(both), secret, 400, r#"{"error":"invalid_grant"}"#, None),
            (Basic, Some(both), secret, 400, r#"{"error":"invalid_scope"}"#, None),
            (Basic, Some(both), secret, 401, r#"{"error":"invalid_target"}"#, None),
            (Basic, Some(both), secret, 503, invalid, None),
        ] {
            let found =
                advice(&reply(status, body), used, &server(methods), |one| has.contains(&one));
            assert_eq!(found.is_some(), named.is_some(), "{used:?} {methods:?} {status} {body}");
            if let (Some(found), Some(named)) = (found, named) {
                assert!(found.contains("mcp_auth_set_client_auth()"), "{found}");
                assert!(found.ends_with(named), "{found}");
            }
        }
    }
}
