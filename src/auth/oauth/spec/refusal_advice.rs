//! What the application can do about a refusal of an authorization server, where
//! the error shows the cause.

use crate::auth::oauth::spec::consent::has_consent;
use crate::auth::oauth::spec::request_edits::RequestEdits;
use crate::base::error::quote;

/// What the refused request asked for, as far as the advice depends on it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AskedFor<'a> {
    pub(crate) scope: Option<&'a str>,
    pub(crate) has_resource: bool,
    /// The value of `prompt` that the application set. It is never shown.
    pub(crate) own_prompt: Option<&'a str>,
}

impl<'a> AskedFor<'a> {
    /// Of a request to which the library adds `resource`.
    pub(crate) fn new(edits: &'a RequestEdits, scope: Option<&'a str>) -> Self {
        Self {
            scope,
            has_resource: edits.get("resource") != Some(None),
            own_prompt: edits.get("prompt").flatten(),
        }
    }
}

/// What the server refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefusalCause {
    Resource,
    Scope,
    Audience,
    RedirectUrl,
    Client,
    Consent,
    Page,
}

/// The error codes and the words of a description that show a cause.
struct Signs {
    cause: RefusalCause,
    codes: &'static [&'static str],
    /// In lower case.
    words: &'static [&'static str],
}

/// The first cause comes first in the message. Words count less than codes:
/// except for `resource`, they count only if no code or word before them did.
const SIGNS: [Signs; 7] = [
    Signs {
        cause: RefusalCause::Resource,
        codes: &["invalid_target", "invalid_resource"],
        words: &["resource"],
    },
    Signs { cause: RefusalCause::Scope, codes: &["invalid_scope"], words: &["scope"] },
    Signs {
        cause: RefusalCause::Audience,
        codes: &["invalid_audience"],
        // Auth0 says the latter about the audience, and names the value.
        words: &["audience", "service not found"],
    },
    Signs {
        cause: RefusalCause::RedirectUrl,
        codes: &["redirect_uri_mismatch", "invalid_redirect_uri"],
        words: &["redirect_uri", "redirect uri", "redirect url", "reply url", "callback url"],
    },
    Signs { cause: RefusalCause::Client, codes: &["unauthorized_client"], words: &[] },
    Signs { cause: RefusalCause::Consent, codes: &["consent_required"], words: &[] },
    Signs {
        cause: RefusalCause::Page,
        codes: &["login_required", "interaction_required", "account_selection_required"],
        words: &[],
    },
];

/// Terms of OAuth that contain "resource" and do not mean the parameter.
const OTHER_RESOURCES: [&str; 5] =
    ["resource owner", "resource-owner", "resource_owner", "resource server", "resource_metadata"];

/// The most causes that one message names.
const MOST: usize = 2;

/// Advice for the end of a message, beginning with "; ". Empty if the cause is not
/// clear. The error of the server itself is not in it.
pub(crate) fn advice(code: &str, description: Option<&str>, asked: &AskedFor<'_>) -> String {
    let mut out = String::new();
    for cause in causes(code, description.unwrap_or_default()).into_iter().take(MOST) {
        if let Some(text) = text_for(cause, asked) {
            out.push_str("; ");
            out.push_str(&text);
        }
    }
    out
}

fn causes(code: &str, description: &str) -> Vec<RefusalCause> {
    // The server is not available: nothing in the request was wrong.
    if matches!(code, "server_error" | "temporarily_unavailable") {
        return Vec::new();
    }
    let mut words = format!("{code} {description}").to_ascii_lowercase();
    for other in OTHER_RESOURCES {
        words = words.replace(other, "");
    }
    // These codes say all about their cause, for the last two in the other advice
    // of a token request.
    let is_clear = SIGNS.iter().any(|signs| signs.codes.contains(&code))
        || matches!(code, "invalid_grant" | "invalid_client");
    let mut found = Vec::new();
    for signs in &SIGNS {
        let may_have_words =
            signs.cause == RefusalCause::Resource || (!is_clear && found.is_empty());
        let has_words = || signs.words.iter().any(|word| words.contains(word));
        if signs.codes.contains(&code) || (may_have_words && has_words()) {
            found.push(signs.cause);
        }
    }
    found
}

fn text_for(cause: RefusalCause, asked: &AskedFor<'_>) -> Option<String> {
    let text = match cause {
        RefusalCause::Resource if asked.has_resource => {
            "if the server does not accept the parameter \"resource\", leave it out: \
             mcp_auth_set_authorization_parameter() and mcp_auth_set_token_parameter() with \
             \"resource\" and NULL"
        }
        RefusalCause::Resource => return None,
        RefusalCause::Scope => return Some(scope_advice(asked.scope)),
        RefusalCause::Audience => {
            "if the server needs a parameter \"audience\", set it with \
             mcp_auth_set_authorization_parameter() and mcp_auth_set_token_parameter()"
        }
        RefusalCause::RedirectUrl => {
            "set the redirect URL that is registered for the client with \
             mcp_auth_set_redirect_url()"
        }
        RefusalCause::Client => {
            "allow the client this grant at the authorization server, or set another client id \
             with mcp_auth_set_client()"
        }
        RefusalCause::Consent if asked.own_prompt.is_some_and(has_consent) => {
            "an administrator has to approve the client, or the request has to go without the \
             parameter \"prompt\": see mcp_auth_set_authorization_parameter()"
        }
        RefusalCause::Consent => {
            "the person, or an administrator, has to approve the client at the authorization server"
        }
        RefusalCause::Page if asked.own_prompt == Some("none") => {
            "the application set a \"prompt\" that allows no page of the server: see \
             mcp_auth_set_authorization_parameter()"
        }
        RefusalCause::Page => "sign in again, and answer what the authorization server asks",
    };
    Some(text.to_owned())
}

fn scope_advice(scope: Option<&str>) -> String {
    match scope {
        Some(scope) => format!(
            "the request asked for the scope \"{}\": ask for another with mcp_auth_set_scope(), \
             or for none: mcp_auth_set_scope() with \"\"",
            quote(scope)
        ),
        None => "the request asked for no scope: set one with mcp_auth_set_scope()".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::RefusalCause::{Audience, Client, Consent, Page, RedirectUrl, Resource, Scope};
    use super::*;

    #[test]
    fn finds_the_cause_of_a_refusal() {
        for (code, description, wanted) in [
            (
                "invalid_target",
                "AADSTS9010010: The resource parameter provided in the request doesn't match \
                 with the requested scopes.",
                &[Resource][..],
            ),
            ("invalid_target", "", &[Resource]),
            ("invalid_resource", "AADSTS500011: no such principal", &[Resource]),
            (
                "invalid_request",
                "AADSTS901002: The 'resource' request parameter is not supported.",
                &[Resource],
            ),
            ("invalid_request", "Unknown parameter: RESOURCE", &[Resource]),
            ("invalid_grant", "resource does not match", &[Resource]),
            ("something_new", "bad resource", &[Resource]),
            ("access_denied", "The resource owner denied the request.", &[]),
            ("access_denied", "resource server says no", &[]),
            ("invalid_request", "the resource owner sent no resource", &[Resource]),
            ("resource_not_allowed", "", &[Resource]),
            ("invalid_scope", "", &[Scope]),
            ("invalid_scope", "not a scope of this resource", &[Resource, Scope]),
            ("invalid_scope", "audience", &[Scope]),
            ("invalid_request", "the scope is malformed", &[Scope]),
            ("access_denied", "Service not found: https://api.example.com", &[Audience]),
            ("invalid_request", "No audience parameter was provided", &[Audience]),
            ("redirect_uri_mismatch", "", &[RedirectUrl]),
            ("invalid_request", "AADSTS50011: the Reply URL differs", &[RedirectUrl]),
            ("invalid_request", "The redirect_uri and the scope", &[Scope]),
            ("unauthorized_client", "the scope is not allowed", &[Client]),
            ("unauthorized_client", "", &[Client]),
            ("consent_required", "AADSTS90094: approval of an administrator", &[Consent]),
            ("login_required", "", &[Page]),
            ("interaction_required", "AADSTS50076: use multi-factor authentication", &[Page]),
            ("invalid_request", "", &[]),
            ("invalid_grant", "the redirect_uri or the scope differs", &[]),
            ("invalid_client", "not known", &[]),
            ("access_denied", "", &[]),
            ("server_error", "resource exhausted", &[]),
            ("temporarily_unavailable", "resource", &[]),
        ] {
            assert_eq!(causes(code, description), wanted, "{code} {description}");
        }
    }

    #[test]
    fn names_the_option_that_helps() {
        let edits = RequestEdits::default();
        let asked = AskedFor::new(&edits, Some("openid email profile"));
        let said = |code, asked: &AskedFor<'_>| advice(code, None, asked);
        let resource = "mcp_auth_set_authorization_parameter() and \
                        mcp_auth_set_token_parameter() with \"resource\" and NULL";
        assert!(said("invalid_target", &asked).ends_with(resource));
        let scope = said("invalid_scope", &asked);
        assert!(
            scope.contains("\"openid email profile\"") && scope.contains("mcp_auth_set_scope()")
        );
        assert!(scope.ends_with("mcp_auth_set_scope() with \"\""), "{scope}");
        let bare = AskedFor::new(&edits, None);
        assert!(said("invalid_scope", &bare).contains("no scope: set one"));
        for (code, function) in [
            ("invalid_audience", "mcp_auth_set_token_parameter()"),
            ("redirect_uri_mismatch", "mcp_auth_set_redirect_url()"),
            ("unauthorized_client", "mcp_auth_set_client()"),
            ("consent_required", "an administrator"),
            ("login_required", "sign in again"),
        ] {
            let text = said(code, &asked);
            assert!(text.starts_with("; ") && text.contains(function), "{text}");
        }
        assert_eq!(said("invalid_client", &asked), "");
    }

    #[test]
    fn takes_the_changes_of_the_application_into_account() {
        let mut edits = RequestEdits::default();
        edits.set("resource", None).unwrap();
        edits.set("prompt", Some("consent s3cret")).unwrap();
        let asked = AskedFor::new(&edits, None);
        assert_eq!(advice("invalid_target", None, &asked), "");
        let consent = advice("consent_required", None, &asked);
        assert!(consent.contains("\"prompt\"") && !consent.contains("s3cret"), "{consent}");
        edits.set("prompt", Some("none")).unwrap();
        edits.set("resource", Some("https://other")).unwrap();
        let asked = AskedFor::new(&edits, None);
        assert!(advice("login_required", None, &asked).contains("allows no page"));
        assert!(advice("invalid_target", None, &asked).contains("NULL"));
    }

    #[test]
    fn stays_short_whatever_was_asked_for() {
        let scope = "a ".repeat(5000);
        let asked = AskedFor { scope: Some(&scope), has_resource: true, own_prompt: None };
        let text = advice("invalid_scope", Some("resource"), &asked);
        assert!(text.len() < 600 && text.contains("mcp_auth_set_scope()"), "{}", text.len());
    }
}
