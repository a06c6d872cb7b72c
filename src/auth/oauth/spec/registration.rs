//! Dynamic client registration (RFC 7591).

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::redact::{display_error, display_url};
use crate::auth::oauth::spec::scope::{join, split};
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::json_writer::ObjectWriter;
use crate::wire::url::{Scheme, Url};

const STEP: &str = "registration of the client";
/// The most bytes of an id and of a secret.
const LONGEST: usize = 4096;

/// A registration request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegistrationRequest<'a> {
    pub(crate) client_name: &'a str,
    /// The redirect URL, with the port of the listener.
    pub(crate) redirect_uri: &'a str,
    pub(crate) method: AuthMethod,
    /// The scopes that the client will request.
    pub(crate) scopes: &'a [String],
    /// Whether tokens must be bound to a key (DPoP).
    pub(crate) is_bound: bool,
    /// The public key as a JWK set, for `private_key_jwt`.
    pub(crate) jwks: Option<&'a str>,
}

impl RegistrationRequest<'_> {
    pub(crate) fn body(&self) -> Secret {
        let scope = (!self.scopes.is_empty()).then(|| join(self.scopes));
        let mut object = ObjectWriter::new()
            .text("client_name", self.client_name)
            .texts("redirect_uris", &[self.redirect_uri])
            .texts("grant_types", &["authorization_code", "refresh_token"])
            .texts("response_types", &["code"])
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

    /// Whether the request may succeed without scopes: some servers know only
    /// their own scopes and refuse those of a resource.
    pub(crate) fn may_go_without_scopes(&self, reply: &EndpointResponse<'_>) -> bool {
        let code = reply.document().and_then(|document| document.text("error"));
        !self.scopes.is_empty()
            && reply.status == 400
            && matches!(code.as_deref(), Some("invalid_client_metadata" | "invalid_scope"))
    }

    /// Reads the response. Its values count, not those of the request.
    pub(crate) fn read(&self, reply: &EndpointResponse<'_>) -> Result<RegistrationResponse> {
        if reply.is_unavailable() {
            return Err(reply.unavailable(STEP));
        }
        let document = reply.document();
        let code = document.as_ref().and_then(|document| document.text("error"));
        let (Some(document), None, 200 | 201) = (&document, &code, reply.status) else {
            let description =
                document.as_ref().and_then(|document| document.text("error_description"));
            return Err(self.refusal(reply, code.as_deref(), description.as_deref()));
        };
        let client_id = document.text("client_id").filter(|id| is_credential(id));
        let Some(client_id) = client_id else {
            return Err(reply.malformed(STEP, "without a \"client_id\""));
        };
        if let Some(uris) = document.list("redirect_uris")
            && !uris.iter().any(|uri| uri == self.redirect_uri)
        {
            return Err(Error::new(
                Status::Auth,
                format!(
                    "{STEP}: {} registered other redirect URLs than {}",
                    display_url(reply.url),
                    display_url(self.redirect_uri)
                ),
            ));
        }
        let client_secret = document.text("client_secret").map(Secret::from);
        Ok(RegistrationResponse {
            client_id,
            client_secret: client_secret.filter(|one| is_credential(one.expose())),
            // Some servers omit it; 0 and absent both mean "never".
            secret_expires_at: document.seconds("client_secret_expires_at"),
            method: document.text("token_endpoint_auth_method"),
            redirect_uri: self.redirect_uri.to_owned(),
            scope: document.text("scope").map(|given| {
                let mut scopes = split(&given);
                scopes.extend_from_slice(self.scopes);
                join(&scopes)
            }),
        })
    }

    fn refusal(
        &self,
        reply: &EndpointResponse<'_>,
        code: Option<&str>,
        description: Option<&str>,
    ) -> Error {
        let said = code.map(|code| display_error(code, description, &[])).unwrap_or_default();
        let advice = match reply.status {
            401 | 403 => {
                "; it registers known clients only: set a client id with mcp_auth_set_client()"
            }
            404 | 405 => {
                "; it registers no clients there: set a client id with mcp_auth_set_client()"
            }
            _ if code.is_some() => "",
            200..=399 => return reply.malformed(STEP, "and not 201 with a JSON object"),
            _ => return reply.malformed(STEP, "without an \"error\" that is a string"),
        };
        let message = format!(
            "{STEP}: {} answered {}{said} to the redirect {} and application_type \"{}\"{advice}",
            display_url(reply.url),
            reply.status,
            display_url(self.redirect_uri),
            application_type(self.redirect_uri).name()
        );
        Error::new(Status::Auth, message).with_http_status(reply.status)
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
}

impl ApplicationType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Web => "web",
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::oauth::state::settings::{Grant, Settings};

    const REDIRECT: &str = "http://127.0.0.1:7/callback";

    fn request() -> RegistrationRequest<'static> {
        RegistrationRequest {
            client_name: "A \"client\"",
            redirect_uri: REDIRECT,
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
    fn registers_without_scopes_after_a_refusal() {
        let scopes = ["a".to_owned(), "b".to_owned()];
        let asks = RegistrationRequest { scopes: &scopes, ..request() };
        for (status, body, wanted) in [
            (400, r#"{"error":"invalid_client_metadata"}"#, true),
            (400, r#"{"error":"invalid_scope"}"#, true),
            (400, r#"{"error":"invalid_redirect_uri"}"#, false),
            (403, r#"{"error":"invalid_client_metadata"}"#, false),
            (400, "", false),
            (201, r#"{"client_id":"i"}"#, false),
        ] {
            assert_eq!(
                asks.may_go_without_scopes(&EndpointResponse::of(status, body)),
                wanted,
                "{body}"
            );
            assert!(
                !request().may_go_without_scopes(&EndpointResponse::of(status, body)),
                "{body}"
            );
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
    fn refuses_a_response_that_is_no_registration() {
        for (status, body) in [
            (201, ""),
            (201, "<html>"),
            (201, "{}"),
            (201, r#"{"client_id":""}"#),
            (201, r#"{"client_id":"a\n"}"#),
            (201, r#"{"client_id":["i"]}"#),
            (202, r#"{"client_id":"i"}"#),
            (302, r#"{"client_id":"i"}"#),
            (400, r#"{"client_id":"i"}"#),
        ] {
            let error = read(status, body).unwrap_err();
            assert_eq!(error.status(), Status::Protocol, "{status} {body}");
        }
        for uris in ["[]", r#"["https://h"]"#, r#"["http://127.0.0.1:8/callback"]"#] {
            let error = read(201, &format!(r#"{{"client_id":"i","redirect_uris":{uris}}}"#));
            assert!(error.unwrap_err().message().contains(REDIRECT), "{uris}");
        }
    }

    #[test]
    fn reports_the_reason_of_a_refused_registration() {
        for (status, body, words) in [
            (400, r#"{"error":"invalid_redirect_uri"}"#, "invalid_redirect_uri"),
            (400, r#"{"error":"x","error_description":"a\u001b"}"#, "x (\"a?\")"),
            (200, r#"{"error":"invalid_client_metadata"}"#, "invalid_client_metadata"),
            (400, r#"{"error":"invalid_software_statement"}"#, "invalid_software_statement"),
            (400, r#"{"error":"unapproved_software_statement"}"#, "unapproved"),
            (401, "", "known clients only"),
            (403, "<html>", "known clients only"),
            (404, "<html>", "registers no clients"),
            (405, "", "registers no clients"),
        ] {
            let error = read(status, body).unwrap_err();
            assert_eq!(error.status(), Status::Auth, "{status} {body}");
            for words in [words, REDIRECT, "\"native\"", "https://as/token", &status.to_string()] {
                assert!(error.message().contains(words), "{}", error.message());
            }
            assert!(!error.message().contains("s3cret"));
        }
        for status in [429, 500, 503] {
            assert_eq!(read(status, "{}").unwrap_err().status(), Status::Unavailable);
        }
    }
}
