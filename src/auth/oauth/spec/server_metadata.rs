//! Authorization server metadata (RFC 8414).

use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::metadata::BY_HAND;
use crate::auth::oauth::spec::redact::{display_text, display_url};
use crate::auth::oauth::spec::url_rules::{PlainHttp, check, check_issuer, is_safe_to_copy};
use crate::base::error::{Error, Result, Status};
use crate::wire::url::{Url, UrlParts};

/// The metadata, with all texts as published. Each step checks the members that
/// it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerMetadata {
    /// The text that was asked for, byte for byte: the pinned issuer, or the one
    /// that the resource lists.
    pub(crate) issuer: String,
    /// Where the document was found.
    pub(crate) place: Option<String>,
    /// The application set the endpoints and no issuer. `issuer` is then the
    /// origin of the token endpoint, and the real one is not known.
    pub(crate) is_issuer_assumed: bool,
    /// The application set the endpoints.
    is_given: bool,
    /// Whether the server publishes metadata. If not, the endpoints are the
    /// default ones of MCP's first revision with authorization.
    pub(crate) has_document: bool,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    registration_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    pub(crate) scopes_supported: Option<Vec<String>>,
    pub(crate) auth_methods: Option<Vec<String>>,
    pub(crate) auth_algorithms: Option<Vec<String>>,
    pub(crate) takes_metadata_urls: bool,
    pub(crate) sends_iss: bool,
    pub(crate) dpop_algorithms: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    grant_types: Option<Vec<String>>,
    challenge_methods: Option<Vec<String>>,
}

impl ServerMetadata {
    /// Whether a document names neither an issuer nor an endpoint. It is then no
    /// metadata of an authorization server.
    pub(crate) fn says_nothing(document: &JsonDocument<'_>) -> bool {
        const NAMES: [&str; 6] = [
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "registration_endpoint",
            "device_authorization_endpoint",
            "revocation_endpoint",
        ];
        !NAMES.iter().any(|name| document.has_value(name))
    }

    /// Reads the document at `url`. Its issuer must be `issuer`, byte for byte.
    /// Nothing of a refused document may be used.
    pub(crate) fn read(document: &JsonDocument<'_>, url: &str, issuer: &str) -> Result<Self> {
        let Some(published) = document.text("issuer") else {
            return Err(Error::new(
                Status::Auth,
                format!(
                    "the metadata at {} names no issuer, expected {issuer}: refused; set the \
                     endpoints with mcp_auth_set_endpoints(): no metadata is read then",
                    display_url(url)
                ),
            ));
        };
        if published != issuer {
            return Err(mismatch(&published, url, issuer));
        }
        Ok(Self {
            issuer: published,
            place: Some(url.to_owned()),
            is_issuer_assumed: false,
            is_given: false,
            has_document: true,
            authorization_endpoint: document.text("authorization_endpoint"),
            token_endpoint: document.text("token_endpoint"),
            device_authorization_endpoint: document.text("device_authorization_endpoint"),
            registration_endpoint: document.text("registration_endpoint"),
            revocation_endpoint: document.text("revocation_endpoint"),
            scopes_supported: document.list("scopes_supported"),
            auth_methods: document.list("token_endpoint_auth_methods_supported"),
            auth_algorithms: document.list("token_endpoint_auth_signing_alg_values_supported"),
            takes_metadata_urls: document.is_true("client_id_metadata_document_supported"),
            sends_iss: document.is_true("authorization_response_iss_parameter_supported"),
            dpop_algorithms: document.list("dpop_signing_alg_values_supported"),
            response_types: document.list("response_types_supported"),
            grant_types: document.list("grant_types_supported"),
            challenge_methods: document.list("code_challenge_methods_supported"),
        })
    }

    /// A server without metadata, at the origin `base`.
    pub(crate) fn without_document(base: &str) -> Self {
        Self {
            issuer: base.to_owned(),
            authorization_endpoint: Some(format!("{base}/authorize")),
            token_endpoint: Some(format!("{base}/token")),
            registration_endpoint: Some(format!("{base}/register")),
            ..Self::default()
        }
    }

    /// A server with the endpoints that the application set. `pin`: the issuer that
    /// it set.
    pub(crate) fn given(authorization: Option<&str>, token: &str, pin: Option<&str>) -> Self {
        Self {
            issuer: given_issuer(token, pin),
            is_issuer_assumed: pin.is_none(),
            is_given: true,
            authorization_endpoint: authorization.map(str::to_owned),
            token_endpoint: Some(token.to_owned()),
            // The application knows what the server supports.
            takes_metadata_urls: true,
            ..Self::default()
        }
    }

    /// The token endpoint, if the application set it.
    pub(crate) fn given_token_endpoint(&self) -> Option<&str> {
        self.token_endpoint.as_deref().filter(|_| self.is_given)
    }

    /// Refuses a server that does not declare S256. For the authorization code
    /// grant only. A server without metadata cannot declare it. `is_assumed`: the
    /// application accepts a server that declares nothing about PKCE.
    pub(crate) fn check_pkce(&self, is_assumed: bool) -> Result<()> {
        if !self.has_document {
            return Ok(());
        }
        let (list, advice) = match &self.challenge_methods {
            Some(methods) if methods.iter().any(|method| method == "S256") => return Ok(()),
            None if is_assumed => return Ok(()),
            Some(methods) => (shown(methods), ""),
            None => (
                "absent".to_owned(),
                "; if the server supports it all the same, go on with mcp_auth_set_assume_pkce()",
            ),
        };
        Err(Error::new(
            Status::Auth,
            format!(
                "the authorization server {} does not declare PKCE with S256 \
                 (code_challenge_methods_supported is {list}), which MCP requires: its operator \
                 has to add it{advice}",
                self.issuer,
            ),
        ))
    }

    pub(crate) fn authorization_endpoint(&self, plain: PlainHttp) -> Result<&str> {
        self.needed("authorization_endpoint", self.authorization_endpoint.as_deref(), plain)
    }

    pub(crate) fn token_endpoint(&self, plain: PlainHttp) -> Result<&str> {
        self.needed("token_endpoint", self.token_endpoint.as_deref(), plain)
    }

    /// RFC 8628, 4.
    pub(crate) fn device_authorization_endpoint(&self, plain: PlainHttp) -> Result<Option<&str>> {
        let url = self.device_authorization_endpoint.as_deref();
        self.optional("device_authorization_endpoint", url, plain)
    }

    pub(crate) fn registration_endpoint(&self, plain: PlainHttp) -> Result<Option<&str>> {
        self.optional("registration_endpoint", self.registration_endpoint.as_deref(), plain)
    }

    pub(crate) fn revocation_endpoint(&self, plain: PlainHttp) -> Result<Option<&str>> {
        self.optional("revocation_endpoint", self.revocation_endpoint.as_deref(), plain)
    }

    /// The authentication methods that the server lists. An empty list is not
    /// allowed (RFC 8414, 3.2) and says nothing.
    pub(crate) fn listed_methods(&self) -> Option<&[String]> {
        self.auth_methods.as_deref().filter(|listed| !listed.is_empty())
    }

    /// Whether a registration may ask for a grant: the server lists it, or lists
    /// nothing.
    pub(crate) fn may_grant(&self, grant: &str) -> bool {
        let listed = self.grant_types.as_ref().filter(|listed| !listed.is_empty());
        listed.is_none_or(|listed| listed.iter().any(|one| one == grant))
    }

    /// What an error adds if the metadata does not list the grant. The lists are
    /// often wrong, so the request is sent in any case.
    pub(crate) fn doubts(&self, grant: &str) -> Option<String> {
        if !self.has_document {
            return None;
        }
        let lacks = |list: &[String], wanted: &str| !list.iter().any(|one| one == wanted);
        let is_code = grant == "authorization_code";
        if is_code
            && let Some(list) = &self.response_types
            && lacks(list, "code")
        {
            return Some(format!("its response_types_supported is {}", shown(list)));
        }
        match &self.grant_types {
            Some(list) if lacks(list, grant) => {
                Some(format!("its grant_types_supported is {}", shown(list)))
            }
            None if !is_code && grant != "refresh_token" => {
                Some("it lists no grant_types_supported".to_owned())
            }
            _ => None,
        }
    }

    fn needed<'a>(&self, name: &str, url: Option<&'a str>, plain: PlainHttp) -> Result<&'a str> {
        let url = self.optional(name, url, plain)?;
        url.ok_or_else(|| {
            let what = match self.is_given {
                true => format!("no {name} was set with mcp_auth_set_endpoints()"),
                false => format!(
                    "the metadata of the authorization server {} has no {name}; set the endpoints \
                     with mcp_auth_set_endpoints()",
                    self.issuer
                ),
            };
            Error::new(Status::Auth, what)
        })
    }

    fn optional<'a>(
        &self,
        name: &str,
        url: Option<&'a str>,
        plain: PlainHttp,
    ) -> Result<Option<&'a str>> {
        let Some(url) = url else { return Ok(None) };
        let checked = check(&format!("{name} of {}", self.issuer), url, plain);
        checked.map(|_| Some(url)).map_err(|error| {
            error.with_advice(match name {
                "registration_endpoint" => "no client is registered with mcp_auth_set_client()",
                _ => BY_HAND,
            })
        })
    }
}

/// The issuer of endpoints that the application set: the pinned one, else the
/// origin of the token endpoint.
pub(crate) fn given_issuer(token_endpoint: &str, pin: Option<&str>) -> String {
    match (pin, Url::parse(token_endpoint)) {
        (Some(pin), _) => pin.to_owned(),
        (None, Ok(url)) => url.origin.to_string(),
        (None, Err(_)) => UrlParts::of(token_endpoint).front.to_owned(),
    }
}

/// The error for a document of another issuer.
fn mismatch(published: &str, url: &str, issuer: &str) -> Error {
    let shown = display_text(published, &[]).unwrap_or_default();
    // Only an issuer that can be set, and that is shown whole.
    let can_be_set =
        shown == published && check_issuer(published, PlainHttp::PrivateNetwork).is_ok();
    let advice = if can_be_set {
        format!("if that is the right one, {}", setting_issuer(published))
    } else {
        "no issuer looks like that: with mcp_auth_set_endpoints() no metadata is read".to_owned()
    };
    Error::new(
        Status::Auth,
        format!(
            "the metadata at {} is from the issuer \"{shown}\", not from \"{issuer}\": refused; \
             {advice}",
            display_url(url)
        ),
    )
}

/// How to pin an issuer that a server named. A person may copy the words into a
/// shell, so an issuer with other characters than these is not repeated.
pub(crate) fn setting_issuer(issuer: &str) -> String {
    match is_safe_to_copy(issuer) {
        true => format!("set it: mcp_auth_set_issuer() with {issuer}"),
        false => "set it with mcp_auth_set_issuer()".to_owned(),
    }
}

fn shown(list: &[String]) -> String {
    format!("[{}]", display_text(&list.join(", "), &[]).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://as/.well-known/oauth-authorization-server?s3cret";

    fn read(body: &str, issuer: &str) -> Result<ServerMetadata> {
        ServerMetadata::read(&JsonDocument::parse(body.as_bytes()).unwrap(), URL, issuer)
    }

    #[test]
    fn accepts_only_the_exact_issuer() {
        for issuer in ["https://as", "https://as/", "https://as/t", "HTTPS://as", "https://as:443"]
        {
            let body = format!("{{\"issuer\":\"{issuer}\"}}");
            assert_eq!(read(&body, issuer).unwrap().issuer, issuer);
            for other in [
                "https://as",
                "https://as/",
                "https://as/t",
                "https://as/t/",
                "https://as/T",
                "https://as/%74",
                "https://AS",
                "HTTPS://as",
                "https://as:443",
                "http://as",
                "https://attacker.example.com",
                "",
            ] {
                assert_eq!(read(&body, other).is_ok(), other == issuer, "{issuer} {other}");
            }
        }
        for body in ["{}", r#"{"issuer":null}"#, r#"{"issuer":["https://as"]}"#] {
            assert_eq!(read(body, "https://as").unwrap_err().status(), Status::Auth);
        }
    }

    #[test]
    fn shows_both_issuers_and_what_to_pin() {
        for (published, expected) in [
            ("https://as", "https://as/"),
            ("https://as/t/", "https://as/t"),
            ("https://as", "https://as/t"),
            ("https://as/other", "https://as"),
            ("https://other", "https://as"),
            ("https://as:444", "https://as"),
            ("http://localhost:1", "https://as"),
        ] {
            let error = read(&format!("{{\"issuer\":\"{published}\"}}"), expected).unwrap_err();
            assert_eq!(error.status(), Status::Auth, "{published} {expected}");
            let found = format!("\"{published}\", not from \"{expected}\"");
            let advice = format!("mcp_auth_set_issuer() with {published}");
            for words in [found, advice] {
                assert!(error.message().contains(&words), "{}", error.message());
            }
            assert!(!error.message().contains("s3cret"));
        }
        // A person may copy the advice of the command line into a shell.
        for published in ["https://as/$(id)", "https://as/;id", "https://as/a&b", "https://as/'"] {
            let error = read(&format!("{{\"issuer\":\"{published}\"}}"), "https://as").unwrap_err();
            let text = error.message();
            assert!(text.ends_with("set it with mcp_auth_set_issuer()"), "{text}");
        }
        // What cannot be pinned.
        for published in
            ["https://evil\\u001b", "https://as?x", "http://as.example", "x", "https://u@as"]
        {
            let error = read(&format!("{{\"issuer\":\"{published}\"}}"), "https://as").unwrap_err();
            assert!(!error.message().contains("mcp_auth_set_issuer"), "{}", error.message());
            assert!(error.message().contains("mcp_auth_set_endpoints()"), "{}", error.message());
        }
        // What a shell would run is not repeated as advice.
        for published in ["https://as/;id", "https://as/$(id)", "https://as/a&b", "https://as/'"] {
            let error = read(&format!("{{\"issuer\":\"{published}\"}}"), "https://as").unwrap_err();
            assert!(error.message().ends_with("mcp_auth_set_issuer()"), "{}", error.message());
        }
        assert!(setting_issuer("https://[::1]:8/{tenantid}/v2.0").ends_with("/{tenantid}/v2.0"));
    }

    #[test]
    fn knows_a_document_that_says_nothing() {
        for (body, says_nothing) in [
            ("{}", true),
            (r#"{"issuer":null,"scopes_supported":["a"]}"#, true),
            (r#"{"resource":"https://h/mcp","authorization_servers":["https://as"]}"#, true),
            (r#"{"issuer":""}"#, false),
            (r#"{"issuer":7}"#, false),
            (r#"{"token_endpoint":"https://as/token"}"#, false),
            (r#"{"authorization_endpoint":"https://as/authorize"}"#, false),
        ] {
            let document = JsonDocument::parse(body.as_bytes()).unwrap();
            assert_eq!(ServerMetadata::says_nothing(&document), says_nothing, "{body}");
        }
    }

    #[test]
    fn has_the_endpoints_that_the_application_set() {
        let (plain, token) = (PlainHttp::Refused, "https://AS:443/t/token?a=b");
        let server = ServerMetadata::given(Some("https://login/authorize"), token, None);
        assert_eq!(server.authorization_endpoint(plain).unwrap(), "https://login/authorize");
        assert_eq!(server.token_endpoint(plain).unwrap(), token);
        assert_eq!(server.registration_endpoint(plain).unwrap(), None);
        assert_eq!(server.revocation_endpoint(plain).unwrap(), None);
        assert_eq!((server.issuer.as_str(), server.is_issuer_assumed), ("https://as", true));
        assert!(server.check_pkce(false).is_ok() && !server.sends_iss && !server.has_document);
        let pinned = ServerMetadata::given(None, token, Some("https://as/t"));
        assert_eq!((pinned.issuer.as_str(), pinned.is_issuer_assumed), ("https://as/t", false));
        let error = pinned.authorization_endpoint(plain).unwrap_err();
        assert_eq!(error.status(), Status::Auth);
        assert!(error.message().contains("mcp_auth_set_endpoints()"), "{}", error.message());
    }

    #[test]
    fn ignores_unknown_and_mistyped_members() {
        let metadata = read(
            r#"{"issuer":"https://as","token_endpoint":"https://other/token?a=b",
            "registration_endpoint":7,"revocation_endpoint":"https://as/r",
            "scopes_supported":["a"],"token_endpoint_auth_methods_supported":["none",1],
            "token_endpoint_auth_signing_alg_values_supported":["ES256"],
            "client_id_metadata_document_supported":true,
            "authorization_response_iss_parameter_supported":"true",
            "dpop_signing_alg_values_supported":{},"x":[[]]}"#,
            "https://as",
        )
        .unwrap();
        let plain = PlainHttp::Refused;
        assert_eq!(metadata.token_endpoint(plain).unwrap(), "https://other/token?a=b");
        assert_eq!(metadata.registration_endpoint(plain).unwrap(), None);
        assert_eq!(metadata.revocation_endpoint(plain).unwrap(), Some("https://as/r"));
        assert_eq!(metadata.auth_methods.as_deref(), Some(&["none".to_owned()][..]));
        assert!(metadata.takes_metadata_urls && !metadata.sends_iss && metadata.has_document);
        assert_eq!(metadata.dpop_algorithms, None);
        let error = metadata.authorization_endpoint(plain).unwrap_err();
        assert_eq!(error.status(), Status::Auth);
        assert!(error.message().contains("https://as has no authorization_endpoint"));
    }

    #[test]
    fn refuses_an_endpoint_only_when_it_is_needed() {
        let metadata = read(
            r#"{"issuer":"https://as","token_endpoint":"http://as/token",
            "authorization_endpoint":"javascript:alert(1)","registration_endpoint":"https://u@as/"}"#,
            "https://as",
        )
        .unwrap();
        let plain = PlainHttp::Loopback;
        for error in [
            metadata.token_endpoint(plain).unwrap_err(),
            metadata.authorization_endpoint(plain).unwrap_err(),
            metadata.registration_endpoint(plain).unwrap_err(),
        ] {
            assert_eq!(error.status(), Status::Untrusted);
            assert!(error.message().contains("https://as"), "{}", error.message());
        }
    }

    #[test]
    fn demands_that_s256_is_declared() {
        for (member, is_declared, may_be_assumed) in [
            ("", false, true),
            (r#","code_challenge_methods_supported":null"#, false, true),
            (r#","code_challenge_methods_supported":[]"#, false, false),
            (r#","code_challenge_methods_supported":["plain"]"#, false, false),
            (r#","code_challenge_methods_supported":["s256"]"#, false, false),
            (r#","code_challenge_methods_supported":"S256""#, false, true),
            (r#","code_challenge_methods_supported":["plain","S256"]"#, true, true),
        ] {
            let body = format!("{{\"issuer\":\"https://as\"{member}}}");
            let metadata = read(&body, "https://as").unwrap();
            assert_eq!(metadata.check_pkce(false).is_ok(), is_declared, "{member}");
            assert_eq!(metadata.check_pkce(true).is_ok(), may_be_assumed, "{member}");
            if let Err(error) = metadata.check_pkce(false) {
                assert!(error.message().contains("does not declare PKCE"));
                let names_it = error.message().contains("mcp_auth_set_assume_pkce()");
                assert_eq!(names_it, may_be_assumed, "{member}");
            }
        }
    }

    #[test]
    fn has_default_endpoints_without_a_document() {
        let server = ServerMetadata::without_document("http://localhost:1");
        let plain = PlainHttp::Loopback;
        assert_eq!(server.authorization_endpoint(plain).unwrap(), "http://localhost:1/authorize");
        assert_eq!(server.token_endpoint(plain).unwrap(), "http://localhost:1/token");
        let registration = server.registration_endpoint(plain).unwrap();
        assert_eq!(registration, Some("http://localhost:1/register"));
        assert_eq!(server.revocation_endpoint(plain).unwrap(), None);
        assert_eq!(server.issuer, "http://localhost:1");
        assert!(server.check_pkce(false).is_ok() && !server.sends_iss && !server.has_document);
        assert_eq!(server.doubts("client_credentials"), None);
    }

    #[test]
    fn names_the_list_that_lacks_the_grant() {
        let doubts = |members: &str, grant: &str| {
            read(&format!("{{\"issuer\":\"https://as\"{members}}}"), "https://as")
                .unwrap()
                .doubts(grant)
        };
        let lists = r#","response_types_supported":["token"],"grant_types_supported":["implicit"]"#;
        assert!(doubts(lists, "authorization_code").unwrap().contains("[token]"));
        assert!(doubts(lists, "client_credentials").unwrap().contains("[implicit]"));
        assert_eq!(doubts("", "authorization_code"), None);
        assert!(doubts("", "client_credentials").is_some());
        let code = r#","response_types_supported":["code"],"grant_types_supported":["authorization_code"]"#;
        assert_eq!(doubts(code, "authorization_code"), None);
    }
}
