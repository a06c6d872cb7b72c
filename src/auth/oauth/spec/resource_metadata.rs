//! Protected resource metadata (RFC 9728).

use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::redact::display_url;
use crate::auth::oauth::spec::url_rules::{PlainHttp, check_issuer};
use crate::base::error::{Error, Result, Status};
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
    /// Reads the document at `url`. Its resource must cover `endpoint`. An error
    /// is final: no other place is tried.
    pub(crate) fn read(document: &JsonDocument<'_>, url: &str, endpoint: &str) -> Result<Self> {
        let refused = |why: String| {
            let message = format!("the metadata at {} {why}: refused", display_url(url));
            Err(Error::new(Status::Untrusted, message))
        };
        let Some(resource) = document.text("resource") else {
            return refused(format!("names no \"resource\" and so not {}", display_url(endpoint)));
        };
        let metadata = Self {
            resource,
            authorization_servers: document.list("authorization_servers").unwrap_or_default(),
            scopes_supported: document.list("scopes_supported"),
            dpop_required: document.is_true("dpop_bound_access_tokens_required"),
            dpop_algorithms: document.list("dpop_signing_alg_values_supported"),
        };
        if !metadata.covers(endpoint) {
            return refused(format!(
                "is about the resource {}, which does not cover {}",
                display_url(&metadata.resource),
                display_url(endpoint)
            ));
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

    /// Chooses the issuer: the one that the application set, else the first for
    /// which there is a token or a registration (`held`), else the first. The
    /// result is the text from which all later URLs are built.
    pub(crate) fn issuer<'a>(
        &'a self,
        pin: Option<&'a str>,
        plain: PlainHttp,
        held: impl Fn(&str) -> bool,
    ) -> Result<&'a str> {
        let listed = &self.authorization_servers;
        if let Some(pin) = pin {
            if listed.iter().any(|one| is_pinned(one, pin)) {
                check_issuer(pin, plain)?;
                return Ok(pin);
            }
            let shown: Vec<String> =
                listed.iter().take(SHOWN).map(|one| display_url(one)).collect();
            return Err(Error::new(
                Status::Untrusted,
                format!(
                    "the resource {} names the authorization servers [{}], and not the one set with \
                     mcp_auth_set_issuer(), {}",
                    display_url(&self.resource),
                    shown.join(", "),
                    display_url(pin)
                ),
            ));
        }
        let mut wrong = None;
        let mut usable = Vec::new();
        for one in listed {
            match check_issuer(one, plain) {
                Ok(()) => usable.push(one.as_str()),
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        let chosen = usable.iter().find(|one| held(one)).or(usable.first());
        match (chosen, wrong) {
            (Some(chosen), _) => Ok(chosen),
            (None, Some(error)) => Err(error),
            (None, None) => Err(Error::new(
                Status::Auth,
                format!(
                    "the resource {} names no authorization server: its metadata has no \
                     \"authorization_servers\"",
                    display_url(&self.resource)
                ),
            )),
        }
    }
}

/// The most entries of a list in a message.
const SHOWN: usize = 8;

/// Whether a listed issuer is the one that the application set. A path of only
/// "/" equals no path: servers write both.
fn is_pinned(listed: &str, pin: &str) -> bool {
    let bare = |text: &'_ str| match UrlParts::of(text) {
        UrlParts { front, path: "/", query: None, fragment: None, .. } => front.len(),
        _ => text.len(),
    };
    listed == pin || listed.get(..bare(listed)) == pin.get(..bare(pin))
}

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
            (r#"{"resource":"https://evil/mcp?x"}"#, "https://evil/mcp, which"),
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
    fn chooses_the_pinned_issuer_then_a_known_one_then_the_first() {
        let list = of("https://h", &["https://a", "http://b", "https://c/", "https://d/x"]);
        let issuer = |pin, held: &[&str]| {
            list.issuer(pin, PlainHttp::Refused, |one| held.contains(&one)).map(str::to_owned)
        };
        assert_eq!(issuer(None, &[]).unwrap(), "https://a");
        assert_eq!(issuer(None, &["https://c/", "https://d/x"]).unwrap(), "https://c/");
        // Stored under another text, or not usable.
        assert_eq!(issuer(None, &["https://c", "http://b"]).unwrap(), "https://a");
        for pin in ["https://a", "https://a/", "https://c", "https://c/", "https://d/x"] {
            assert_eq!(issuer(Some(pin), &["https://d/x"]).unwrap(), pin);
        }
        for pin in ["https://d/x/", "https://A", "https://a:443", "https://e", "https://a/x"] {
            let error = issuer(Some(pin), &["https://a"]).unwrap_err();
            assert_eq!(error.status(), Status::Untrusted, "{pin}");
            assert!(error.message().contains(pin) && error.message().contains("https://a, "));
        }
        assert!(issuer(Some("http://b"), &[]).is_err());
    }

    #[test]
    fn fails_without_a_usable_issuer() {
        let issuer = |servers: &[&str]| {
            of("https://h", servers).issuer(None, PlainHttp::Refused, |_| true).unwrap_err()
        };
        assert_eq!(issuer(&[]).status(), Status::Auth);
        for servers in [&["http://a"][..], &["https://a?x", "https://a#"], &["a", ""]] {
            assert_eq!(issuer(servers).status(), Status::Untrusted, "{servers:?}");
        }
        let local = of("http://localhost:1", &["http://localhost:2/t"]);
        assert!(local.issuer(None, PlainHttp::Loopback, |_| false).is_ok());
    }
}
