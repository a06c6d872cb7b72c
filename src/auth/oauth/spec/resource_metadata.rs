//! Protected resource metadata (RFC 9728).

use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::redact::display_url;
use crate::auth::oauth::spec::url_rules::{PlainHttp, check_issuer};
use crate::base::error::{Error, Result, Status};
use crate::base::mask::CUT;
use crate::wire::url::{URL_LIMIT, Url, UrlParts};

/// The metadata of an MCP server, with all texts as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceMetadata {
    pub(crate) resource: String,
    pub(crate) authorization_servers: Vec<String>,
    pub(crate) scopes_supported: Option<Vec<String>>,
    /// Whether tokens must be bound to a key (DPoP).
    pub(crate) dpop_required: bool,
    pub(crate) dpop_algorithms: Option<Vec<String>>,
}

impl ResourceMetadata {
    /// Whether a document names neither a resource nor an authorization server. It
    /// is then no metadata of a resource.
    pub(crate) fn says_nothing(document: &JsonDocument<'_>) -> bool {
        !document.has_value("resource") && !document.has_value("authorization_servers")
    }

    /// Reads the document at `url`. Its resource must cover `endpoint`. An error
    /// is final: no other place is tried.
    pub(crate) fn read(document: &JsonDocument<'_>, url: &str, endpoint: &str) -> Result<Self> {
        let refused = |why: String, advice: &str| {
            let message = format!("the metadata at {} {why}: refused; {advice}", display_url(url));
            Err(Error::new(Status::Untrusted, message))
        };
        let Some(resource) = document.text("resource") else {
            return refused(
                format!("names no \"resource\", expected {}", display_url(endpoint)),
                "set the endpoints with mcp_auth_set_endpoints(): no metadata is read then",
            );
        };
        let metadata = Self {
            resource,
            authorization_servers: document.list("authorization_servers").unwrap_or_default(),
            scopes_supported: document.list("scopes_supported"),
            dpop_required: document.is_true("dpop_bound_access_tokens_required"),
            dpop_algorithms: document.list("dpop_signing_alg_values_supported"),
        };
        if !metadata.covers(endpoint) {
            // No message shows a query, and it may be the only difference.
            let has_query = UrlParts::of(&metadata.resource).query.is_some();
            return refused(
                format!(
                    "is about the resource {}{}, which does not cover {}",
                    display_url(&metadata.resource),
                    if has_query { " with a query" } else { "" },
                    display_url(endpoint)
                ),
                "if that resource is the right server, use its URL; with \
                 mcp_auth_set_endpoints() no metadata is read",
            );
        }
        Ok(metadata)
    }

    /// Whether the resource is the endpoint or a parent of it. Only scheme, host
    /// and port are normalized for the comparison.
    pub(crate) fn covers(&self, endpoint: &str) -> bool {
        let resource = &self.resource;
        if resource.len() > URL_LIMIT {
            return false;
        }
        // Url::parse refuses a fragment, a user name and a space.
        let (Ok(ours), Ok(theirs)) = (Url::parse(endpoint), Url::parse(resource)) else {
            return false;
        };
        let (endpoint, resource) = (UrlParts::of(endpoint), UrlParts::of(resource));
        let parent = resource.path.strip_suffix('/').unwrap_or(resource.path);
        let own = endpoint.path.strip_suffix('/').unwrap_or(endpoint.path);
        ours.origin == theirs.origin
            && (resource.query.is_none() || resource.query == endpoint.query)
            && (own == parent
                || endpoint.path.strip_prefix(parent).is_some_and(|below| below.starts_with('/')))
    }

    /// Chooses among the listed issuers: the first for which there is a token or a
    /// registration (`held`), else the first. The result is the text from which all
    /// later URLs are built.
    pub(crate) fn issuer(&self, plain: PlainHttp, held: impl Fn(&str) -> bool) -> Result<&str> {
        let mut wrong = None;
        let mut usable = Vec::new();
        for one in &self.authorization_servers {
            match check_issuer(one, plain) {
                Ok(()) => usable.push(one.as_str()),
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        let chosen = usable.iter().find(|one| held(one)).or(usable.first());
        match (chosen, wrong) {
            (Some(chosen), _) => Ok(chosen),
            (None, Some(error)) => Err(error.with_advice(SET_ISSUER)),
            (None, None) => Err(Error::new(
                Status::Auth,
                format!(
                    "the resource {} names no authorization server: its metadata has no \
                     \"authorization_servers\"; {SET_ISSUER}",
                    display_url(&self.resource)
                ),
            )),
        }
    }

    /// The listed issuers, for a message.
    pub(crate) fn listed(&self) -> String {
        const SHOWN: usize = 8;
        let listed = &self.authorization_servers;
        let mut shown: Vec<String> =
            listed.iter().take(SHOWN).map(|one| display_url(one)).collect();
        if listed.len() > SHOWN {
            shown.push(CUT.to_owned());
        }
        format!(
            "the resource {} names the authorization servers [{}]",
            display_url(&self.resource),
            shown.join(", ")
        )
    }
}

const SET_ISSUER: &str = "set the right one with mcp_auth_set_issuer()";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(resource: &str, servers: &[&str]) -> ResourceMetadata {
        ResourceMetadata {
            resource: resource.to_owned(),
            authorization_servers: servers.iter().map(|one| (*one).to_owned()).collect(),
            scopes_supported: None,
            dpop_required: false,
            dpop_algorithms: None,
        }
    }

    #[test]
    fn covers_itself_and_paths_below() {
        for (resource, endpoint, covers) in [
            ("https://h", "https://h/a/mcp", true),
            ("https://h/", "https://h/a/mcp", true),
            ("https://h/a", "https://h/a/mcp", true),
            ("https://h/a/", "https://h/a/mcp", true),
            ("https://h/a/mcp", "https://h/a/mcp", true),
            ("https://h/a/mcp/", "https://h/a/mcp", true),
            ("https://h/a/mcp", "https://h/a/mcp/", true),
            ("https://h", "https://h", true),
            ("https://h/", "https://h", true),
            ("https://h", "https://h/", true),
            ("HTTPS://H:443/a", "https://h/a/mcp", true),
            ("https://h:443", "https://h", true),
            ("http://h:80/a", "http://h/a", true),
            // The endpoint's query, or none.
            ("https://h/a", "https://h/a?x=y", true),
            ("https://h/a?x=y", "https://h/a?x=y", true),
            ("https://h/a?x=z", "https://h/a?x=y", false),
            ("https://h/a?x=y", "https://h/a", false),
            ("https://h/a?", "https://h/a", false),
            // Not at a segment boundary, not a parent, another spelling.
            ("https://h/a/m", "https://h/a/mcp", false),
            ("https://h/a/mcp/x", "https://h/a/mcp", false),
            ("https://h/b", "https://h/a/mcp", false),
            ("https://h/a//", "https://h/a/mcp", false),
            ("https://h//", "https://h/a/mcp", false),
            ("https://h/A", "https://h/a", false),
            ("https://h/%61", "https://h/a", false),
            ("https://h/a%2Fmcp", "https://h/a/mcp", false),
            // Another origin.
            ("http://h/a", "https://h/a", false),
            ("https://h:8443/a", "https://h/a", false),
            ("https://h.example/a", "https://h/a", false),
            ("https://h./a", "https://h/a", false),
            ("https://evil.example.com/mcp", "http://localhost:1/mcp", false),
            ("https://h@evil/a", "https://h/a", false),
            // No resource URLs.
            ("https://u@h/a", "https://h/a", false),
            ("https://h/a#", "https://h/a", false),
            ("https://h/a ", "https://h/a", false),
            ("h/a", "https://h/a", false),
            ("/a", "https://h/a", false),
            ("", "https://h/a", false),
        ] {
            assert_eq!(of(resource, &[]).covers(endpoint), covers, "{resource} {endpoint}");
        }
        let long = format!("https://h/{}", "a".repeat(URL_LIMIT));
        assert!(!of(&long, &[]).covers(&long));
    }

    fn read(body: &str) -> Result<ResourceMetadata> {
        let document = JsonDocument::parse(body.as_bytes()).unwrap();
        ResourceMetadata::read(&document, "https://h/meta?s3cret", "https://h/mcp?s3cret")
    }

    #[test]
    fn ignores_unknown_and_mistyped_members() {
        let metadata = read(
            r#"{"resource":"https://h/mcp","authorization_servers":["https://as",1,"https://b"],
            "scopes_supported":["a","b"],"dpop_bound_access_tokens_required":true,
            "dpop_signing_alg_values_supported":["ES256"],"resource_name":"H",
            "bearer_methods_supported":["query"],"signed_metadata":"x"}"#,
        )
        .unwrap();
        assert_eq!(metadata.resource, "https://h/mcp");
        assert_eq!(metadata.authorization_servers, ["https://as", "https://b"]);
        assert_eq!(metadata.scopes_supported.unwrap(), ["a", "b"]);
        assert_eq!(metadata.dpop_algorithms.unwrap(), ["ES256"]);
        assert!(metadata.dpop_required);
        let hostile = read(
            r#"{"resource":"https://h","authorization_servers":"https://as","scopes_supported":{},
            "dpop_bound_access_tokens_required":"true","resource_name":[]}"#,
        )
        .unwrap();
        assert_eq!(hostile, of("https://h", &[]));
    }

    #[test]
    fn refuses_metadata_of_something_else_and_names_both() {
        for (body, words) in [
            ("{}", "names no \"resource\""),
            (r#"{"resource":["https://h/mcp"]}"#, "names no \"resource\""),
            (r#"{"resource":null}"#, "names no \"resource\""),
            (r#"{"resource":"https://evil/mcp"}"#, "https://evil/mcp, which"),
            (r#"{"resource":"https://h/mcp?x"}"#, "https://h/mcp with a query, which"),
        ] {
            let error = read(body).unwrap_err();
            assert_eq!(error.status(), Status::Untrusted);
            for words in [words, "https://h/meta", "https://h/mcp"] {
                assert!(error.message().contains(words), "{}", error.message());
            }
            assert!(!error.message().contains("s3cret"), "{}", error.message());
        }
    }

    #[test]
    fn chooses_a_known_issuer_then_the_first() {
        let list = of("https://h", &["https://a", "http://b", "https://c/", "https://d/x"]);
        let issuer =
            |held: &[&str]| list.issuer(PlainHttp::Refused, |one| held.contains(&one)).unwrap();
        assert_eq!(issuer(&[]), "https://a");
        assert_eq!(issuer(&["https://c/", "https://d/x"]), "https://c/");
        // Stored under another text, or not usable.
        assert_eq!(issuer(&["https://c", "http://b"]), "https://a");
        let shown = list.listed();
        assert!(shown.ends_with("[https://a, http://b, https://c/, https://d/x]"), "{shown}");
        let many = of("https://h", &["https://a"; 9]).listed();
        assert!(many.ends_with("https://a, ...]"), "{many}");
    }

    #[test]
    fn knows_a_document_that_says_nothing() {
        for (body, says_nothing) in [
            ("{}", true),
            (r#"{"resource":null,"authorization_servers":null,"scopes_supported":["a"]}"#, true),
            (r#"{"issuer":"https://as","token_endpoint":"https://as/token"}"#, true),
            (r#"{"resource":""}"#, false),
            (r#"{"resource":7}"#, false),
            (r#"{"authorization_servers":[]}"#, false),
            (r#"{"resource":"https://h/mcp"}"#, false),
        ] {
            let document = JsonDocument::parse(body.as_bytes()).unwrap();
            assert_eq!(ResourceMetadata::says_nothing(&document), says_nothing, "{body}");
        }
    }

    #[test]
    fn fails_without_a_usable_issuer() {
        let issuer = |servers: &[&str]| {
            let error = of("https://h", servers).issuer(PlainHttp::Refused, |_| true).unwrap_err();
            assert!(error.message().contains("mcp_auth_set_issuer()"), "{}", error.message());
            error
        };
        assert_eq!(issuer(&[]).status(), Status::Auth);
        for servers in [&["http://a"][..], &["https://a?x", "https://a#"], &["a", ""]] {
            assert_eq!(issuer(servers).status(), Status::Untrusted, "{servers:?}");
        }
        let local = of("http://localhost:1", &["http://localhost:2/t"]);
        assert!(local.issuer(PlainHttp::Loopback, |_| false).is_ok());
    }
}
