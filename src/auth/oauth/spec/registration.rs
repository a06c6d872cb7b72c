//! Dynamic client registration (RFC 7591).

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::redact::display_url;
use crate::auth::oauth::spec::registration_refusal::{STEP, refusal};
use crate::auth::oauth::spec::scope::{join, split};
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::base::error::Result;
use crate::base::secret::Secret;
use crate::wire::json_writer::ObjectWriter;
use crate::wire::url::{Scheme, Url};

/// The most bytes of an id and of a secret.
const LONGEST: usize = 4096;

pub(crate) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const AUTHORIZATION_CODE: &str = "authorization_code";
const REFRESH_TOKEN: &str = "refresh_token";

/// Registered for a device, where a server registers no client without one.
const UNUSED_REDIRECT: &str = "http://127.0.0.1/callback";

/// A registration request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegistrationRequest<'a> {
    pub(crate) client_name: &'a str,
    /// Whether it is for the device authorization grant, which has no redirect.
    pub(crate) is_device: bool,
    /// The redirect URL, with the port of the listener. Empty for none.
    pub(crate) redirect_uri: &'a str,
    /// Whether a refresh token is requested beside the grant.
    pub(crate) has_refresh: bool,
    pub(crate) method: AuthMethod,
    /// The scopes that the client will request.
    pub(crate) scopes: &'a [String],
    /// Whether tokens must be bound to a key (DPoP).
    pub(crate) is_bound: bool,
    /// The public key as a JWK set, for `private_key_jwt`.
    pub(crate) jwks: Option<&'a str>,
}

/// Whether the server's metadata lets a client register for refresh tokens.
pub(crate) fn may_refresh(server: &ServerMetadata) -> bool {
    server.may_grant(REFRESH_TOKEN)
}

impl<'a> RegistrationRequest<'a> {
    pub(crate) fn body(&self) -> Secret {
        let scope = (!self.scopes.is_empty()).then(|| join(self.scopes));
        let grant = if self.is_device { DEVICE_CODE } else { AUTHORIZATION_CODE };
        let grants = [grant, REFRESH_TOKEN];
        let grants = if self.has_refresh { grants.as_slice() } else { &[grant] };
        let responses: &[&str] = if self.is_device { &[] } else { &["code"] };
        let mut object = ObjectWriter::new().text("client_name", self.client_name);
        if !self.redirect_uri.is_empty() {
            object = object.texts("redirect_uris", &[self.redirect_uri]);
        }
        object = object
            .texts("grant_types", grants)
            .texts("response_types", responses)
            .text("token_endpoint_auth_method", self.method.name())
            .text("application_type", application_type(self.redirect_uri).name())
            .optional_text("scope", scope.as_deref());
        if self.is_bound {
            object = object.json("dpop_bound_access_tokens", "true");
        }
        if let Some(jwks) = self.jwks {
            object = object.json("jwks", jwks);
        }
        object.end()
    }

    /// The request to send once after a refusal, without what the server may have
    /// refused. Some servers know only their own scopes and refuse those of a
    /// resource.
    pub(crate) fn after_refusal(&self, reply: &EndpointResponse<'_>) -> Option<Self> {
        if reply.is_unavailable() {
            return None;
        }
        let has_scopes = !self.scopes.is_empty();
        let least = Self { scopes: &[], has_refresh: false, ..*self };
        if self.is_device && matches!(reply.status, 400 | 422) {
            // Some servers register no client without a redirect URL.
            return Some(Self { redirect_uri: UNUSED_REDIRECT, ..least });
        }
        let document = reply.document()?;
        let without_scopes = Self { scopes: &[], ..*self };
        match document.text("error")?.as_str() {
            "invalid_scope" if has_scopes => Some(without_scopes),
            // Without the grant `refresh_token` the person would sign in often, and
            // some servers refuse a client that lacks it.
            "invalid_client_metadata" if has_scopes && blames_scope(&document) => {
                Some(without_scopes)
            }
            "invalid_client_metadata" if has_scopes || self.has_refresh => Some(least),
            _ => None,
        }
    }

    /// Reads the response. Any success with a client id is a registration, and its
    /// values count, not those of the request.
    pub(crate) fn read(&self, reply: &EndpointResponse<'_>) -> Result<RegistrationResponse> {
        if reply.is_unavailable() {
            return Err(reply.unavailable(STEP));
        }
        let document = reply.document().filter(|_| reply.is_success());
        let client_id = document.as_ref().and_then(|document| document.text("client_id"));
        let (Some(document), Some(client_id)) =
            (document, client_id.filter(|id| is_credential(id)))
        else {
            let redirect_uri = if self.is_device { "" } else { self.redirect_uri };
            return Err(refusal(reply, redirect_uri, application_type(redirect_uri).name()));
        };
        let client_secret = document.text("client_secret").map(Secret::from);
        Ok(RegistrationResponse {
            client_id,
            client_secret: client_secret.filter(|one| is_credential(one.expose())),
            // Some servers omit it; 0 and absent both mean "never".
            secret_expires_at: document.seconds("client_secret_expires_at"),
            method: document.text("token_endpoint_auth_method"),
            redirect_uri: if self.is_device { "" } else { self.redirect_uri }.to_owned(),
            scope: document.text("scope").map(|given| {
                let mut scopes = split(&given);
                scopes.extend_from_slice(self.scopes);
                join(&scopes)
            }),
            warning: self.other_redirects(&document, reply.url),
        })
    }

    /// The text about a response that repeats other redirect URLs. Proxies repeat
    /// their own; the authorization endpoint has the last word.
    fn other_redirects(&self, document: &JsonDocument<'_>, url: &str) -> Option<String> {
        let uris = document.list("redirect_uris")?;
        if self.is_device || uris.iter().any(|uri| uri == self.redirect_uri) {
            return None;
        }
        Some(format!(
            "{STEP}: {} answered with other redirect URLs than {}; the sign-in goes on with that \
             one, and the authorization server may refuse it in the browser",
            display_url(url),
            display_url(self.redirect_uri)
        ))
    }
}

/// The `application_type`: where the redirect of the browser leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ApplicationType {
    /// To a program on this machine.
    #[default]
    Native,
    /// To another host.
    Web,
    /// Nowhere: a device has no redirect. It is native in a request, and the
    /// store keeps its registration apart.
    Device,
}

impl ApplicationType {
    pub(crate) const ALL: [Self; 3] = [Self::Native, Self::Web, Self::Device];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Web => "web",
            Self::Device => "device",
        }
    }
}

/// The `application_type` for a redirect URL: "web" for https to another host,
/// else "native". OpenID servers assume "web" if it is omitted, and then refuse
/// redirects to this machine.
pub(crate) fn application_type(redirect_uri: &str) -> ApplicationType {
    match Url::parse(redirect_uri) {
        Ok(url) if url.origin.scheme == Scheme::Https && !url.origin.is_this_machine() => {
            ApplicationType::Web
        }
        _ => ApplicationType::Native,
    }
}

/// Whether the server's words name the scope and not the grants.
fn blames_scope(document: &JsonDocument<'_>) -> bool {
    let words = document.text("error_description").unwrap_or_default().to_ascii_lowercase();
    words.contains("scope") && !words.contains("grant")
}

fn is_credential(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control)
}

/// A successful response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegistrationResponse {
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    /// Seconds since 1970; `None`: never.
    pub(crate) secret_expires_at: Option<u64>,
    /// The authentication method, as the server names it.
    pub(crate) method: Option<String>,
    pub(crate) redirect_uri: String,
    /// The registered scopes and the requested ones: registering again would not
    /// add any. `None`: the server does not say.
    pub(crate) scope: Option<String>,
    /// What the person should know about the registration.
    pub(crate) warning: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::state::settings::{Grant, Settings};
    use crate::base::error::Status;

    const REDIRECT: &str = "http://127.0.0.1:7/callback";

    fn request() -> RegistrationRequest<'static> {
        RegistrationRequest {
            client_name: "A \"client\"",
            is_device: false,
            redirect_uri: REDIRECT,
            has_refresh: true,
            method: AuthMethod::None,
            scopes: &[],
            is_bound: false,
            jwks: None,
        }
    }

    fn read(status: u16, body: &str) -> Result<RegistrationResponse> {
        request().read(&EndpointResponse::of(status, body))
    }

    #[test]
    fn writes_the_registration_request() {
        assert_eq!(
            request().body().expose(),
            r#"{"client_name":"A \"client\"","redirect_uris":["http://127.0.0.1:7/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none","application_type":"native"}"#
        );
        let scopes = ["a", "offline_access", "b"].map(str::to_owned);
        let full = RegistrationRequest {
            method: AuthMethod::PrivateKeyJwt,
            scopes: &scopes,
            is_bound: true,
            jwks: Some("{\"keys\":[]}"),
            ..request()
        };
        let body: serde_json::Value = serde_json::from_str(full.body().expose()).unwrap();
        assert_eq!(body["scope"], "a offline_access b");
        assert_eq!(body["dpop_bound_access_tokens"], true);
        assert_eq!(body["token_endpoint_auth_method"], "private_key_jwt");
        assert!(body["jwks"]["keys"].is_array());
    }

    #[test]
    fn asks_for_the_grants_that_are_listed() {
        let server = |members: &str| {
            let body = format!(r#"{{"issuer":"https://as"{members}}}"#);
            let document = JsonDocument::parse(body.as_bytes()).unwrap();
            ServerMetadata::read(&document, "https://as", "https://as").unwrap()
        };
        for (grants, may) in [
            ("", true),
            (r#","grant_types_supported":[]"#, true),
            (r#","grant_types_supported":null"#, true),
            (r#","grant_types_supported":["authorization_code"]"#, false),
            (r#","grant_types_supported":["client_credentials","implicit"]"#, false),
            (r#","grant_types_supported":["authorization_code","refresh_token"]"#, true),
        ] {
            assert_eq!(may_refresh(&server(grants)), may, "{grants}");
        }
        assert!(may_refresh(&ServerMetadata::without_document("https://as")));
        let alone = RegistrationRequest { has_refresh: false, ..request() };
        let body = alone.body();
        assert!(body.expose().contains(r#""grant_types":["authorization_code"],"#));
        let device = RegistrationRequest { is_device: true, redirect_uri: "", ..request() };
        assert_eq!(
            device.body().expose(),
            r#"{"client_name":"A \"client\"","grant_types":["urn:ietf:params:oauth:grant-type:device_code","refresh_token"],"response_types":[],"token_endpoint_auth_method":"none","application_type":"native"}"#
        );
        let made =
            device.read(&EndpointResponse::of(201, r#"{"client_id":"i","redirect_uris":[]}"#));
        let made = made.unwrap();
        assert_eq!((made.redirect_uri.as_str(), made.warning), ("", None));
    }

    #[test]
    fn asks_for_less_once_after_a_refusal() {
        let scopes = ["a".to_owned(), "b".to_owned()];
        let full = RegistrationRequest { scopes: &scopes, ..request() };
        let alone = RegistrationRequest { has_refresh: false, ..request() };
        let device = RegistrationRequest { is_device: true, redirect_uri: "", ..request() };
        let metadata = r#"{"error":"invalid_client_metadata"}"#;
        let scope = r#"{"error":"invalid_scope"}"#;
        let of_scope =
            r#"{"error":"invalid_client_metadata","error_description":"Scope x is unknown"}"#;
        let of_both =
            r#"{"error":"invalid_client_metadata","error_description":"scope or grant type"}"#;
        let redirect = r#"{"error":"invalid_redirect_uri"}"#;
        let (less, same) = (Some((false, REDIRECT)), Some((true, REDIRECT)));
        let unused = Some((false, UNUSED_REDIRECT));
        for (asks, status, body, wanted) in [
            (full, 400, metadata, less),
            (full, 403, metadata, less),
            (full, 200, metadata, less),
            (request(), 400, metadata, less),
            (alone, 400, metadata, None),
            (full, 400, scope, same),
            (full, 400, of_scope, same),
            (request(), 400, of_scope, less),
            (full, 400, of_both, less),
            (request(), 400, scope, None),
            (full, 400, redirect, None),
            (full, 503, metadata, None),
            (full, 429, metadata, None),
            (full, 400, "", None),
            (full, 400, "invalid_client_metadata", None),
            (full, 201, r#"{"client_id":"i"}"#, None),
            (device, 400, redirect, unused),
            (device, 400, metadata, unused),
            (device, 400, scope, unused),
            (device, 422, "redirect_uris: required", unused),
            (device, 403, "", None),
        ] {
            let next = asks.after_refusal(&EndpointResponse::of(status, body));
            let found = next.map(|next| (next.has_refresh, next.redirect_uri));
            assert_eq!(found, wanted, "{status} {body}");
            assert!(next.is_none_or(|next| next.scopes.is_empty()));
        }
    }

    #[test]
    fn records_the_registered_scopes() {
        let scopes = ["a".to_owned(), "b".to_owned()];
        let asks = RegistrationRequest { scopes: &scopes, ..request() };
        for (said, wanted) in
            [("", None), (r#","scope":"c""#, Some("c a b")), (r#","scope":"""#, Some("a b"))]
        {
            let body = format!(r#"{{"client_id":"i"{said}}}"#);
            let made = asks.read(&EndpointResponse::of(201, &body)).unwrap();
            assert_eq!(made.scope.as_deref(), wanted, "{said}");
        }
    }

    #[test]
    fn is_a_web_application_only_on_another_host() {
        for (redirect, name) in [
            ("http://127.0.0.1:7/callback", "native"),
            ("http://localhost:7/callback", "native"),
            ("http://[::1]/callback", "native"),
            ("https://localhost/callback", "native"),
            ("https://127.0.0.1/callback", "native"),
            ("com.example.app:/callback", "native"),
            ("https://example.com/callback", "web"),
            ("HTTPS://example.com/callback", "web"),
        ] {
            assert_eq!(application_type(redirect).name(), name, "{redirect}");
            let mut settings = Settings::new(Grant::AuthorizationCode);
            settings.redirect = Some(redirect.to_owned());
            assert_eq!(settings.application_type(), application_type(redirect), "{redirect}");
        }
    }

    #[test]
    fn reads_the_registration_of_the_server() {
        let made = read(
            201,
            r#"{"client_id":"i","client_secret":"s","client_secret_expires_at":1000,
            "token_endpoint_auth_method":"client_secret_post","registration_access_token":"x",
            "redirect_uris":["https://other","http://127.0.0.1:7/callback"]}"#,
        )
        .unwrap();
        assert_eq!(made.client_id, "i");
        assert_eq!(made.client_secret.as_ref().unwrap().expose(), "s");
        assert_eq!(made.method.as_deref(), Some("client_secret_post"));
        assert_eq!(made.redirect_uri, REDIRECT);
        for end in ["", r#","client_secret_expires_at":0"#] {
            let body = format!(r#"{{"client_id":"i","client_secret":"s"{end}}}"#);
            assert_eq!(read(200, &body).unwrap().secret_expires_at, None, "{end}");
        }
        let odd = r#"{"client_id":"i","client_secret":"","redirect_uris":7}"#;
        assert_eq!(read(201, odd).unwrap().client_secret, None);
    }

    #[test]
    fn takes_any_success_with_a_client_id() {
        for (status, body, id) in [
            (200, r#"{"client_id":"i"}"#, "i"),
            (201, r#"{"client_id":"i","error":null}"#, "i"),
            (201, r#"{"client_id":"i","error":""}"#, "i"),
            (202, r#"{"client_id":"i"}"#, "i"),
            (203, r#"{"client_id":"i","redirect_uris":null}"#, "i"),
            (201, r#"{"client_id":"i","grant_types":[],"response_types":7,"x":{}}"#, "i"),
        ] {
            let made = read(status, body).unwrap();
            assert_eq!((made.client_id.as_str(), made.redirect_uri.as_str()), (id, REDIRECT));
            assert_eq!(made.warning, None, "{body}");
        }
        for uris in ["[]", r#"["https://h"]"#, r#"["http://127.0.0.1:8/callback"]"#] {
            let body = format!(r#"{{"client_id":"i","redirect_uris":{uris}}}"#);
            let made = read(201, &body).unwrap();
            assert_eq!(made.redirect_uri, REDIRECT);
            let warning = made.warning.unwrap();
            assert!(warning.contains(REDIRECT) && !warning.contains("s3cret"), "{warning}");
        }
    }

    #[test]
    fn refuses_a_response_that_is_no_registration() {
        for (status, body) in [
            (201, ""),
            (201, "{}"),
            (201, r#"{"client_id":""}"#),
            (201, r#"{"client_id":"a\n"}"#),
            (201, r#"{"client_id":["i"]}"#),
            (201, r#"{"client_id":7}"#),
            (302, r#"{"client_id":"i"}"#),
            (400, r#"{"client_id":"i"}"#),
        ] {
            let error = read(status, body).unwrap_err();
            assert_eq!(error.status(), Status::Protocol, "{status} {body}");
        }
        for (status, body) in [
            (400, r#"{"error":"invalid_redirect_uri"}"#),
            (200, r#"{"error":"invalid_client_metadata"}"#),
            (400, r#"{"error":"invalid_software_statement"}"#),
            (401, ""),
            (403, "<html>"),
            (404, "<html>"),
            (405, ""),
        ] {
            let error = read(status, body).unwrap_err();
            assert_eq!(error.status(), Status::Auth, "{status} {body}");
            assert!(!error.message().contains("s3cret"));
        }
        for status in [429, 500, 503] {
            assert_eq!(read(status, "{}").unwrap_err().status(), Status::Unavailable);
        }
    }
}
