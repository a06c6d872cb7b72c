//! Where metadata is looked for (RFC 9728, 3; RFC 8414, 3; OpenID Connect
//! Discovery, 4).
//!
//! The places of the specifications come first, in their order. Then come the
//! other usual ones. Each document must name the resource or the issuer that was
//! asked for, so that no place can answer for another one.

use crate::auth::oauth::spec::url_rules::{PlainHttp, check_issuer};
use crate::wire::url::{Url, UrlParts};

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// A place of a metadata document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MetadataPlace {
    pub(crate) url: String,
    /// No specification names the place, so a server that fails there has not
    /// failed to serve its metadata.
    pub(crate) is_unspecified: bool,
}

/// Places in order, each once.
#[derive(Default)]
struct Places(Vec<MetadataPlace>);

impl Places {
    fn add(&mut self, url: String, is_unspecified: bool) {
        match self.0.iter_mut().find(|place| place.url == url) {
            Some(known) => known.is_unspecified &= is_unspecified,
            None => self.0.push(MetadataPlace { url, is_unspecified }),
        }
    }
}

/// The places of the resource metadata.
///
/// `named`: the URL of the challenge, if it is allowed. The query of the endpoint
/// is omitted, as it may be secret.
pub(crate) fn resource_metadata_places(endpoint: &str, named: Option<&str>) -> Vec<MetadataPlace> {
    let mut places = Places::default();
    if let Some(named) = named {
        places.add(named.to_owned(), false);
    }
    let UrlParts { front, path, .. } = UrlParts::of(endpoint);
    let path = if path == "/" { "" } else { path };
    let bare = path.strip_suffix('/').unwrap_or(path);
    for path in [path, bare, ""] {
        places.add(format!("{front}{RESOURCE}{path}"), false);
    }
    places.add(format!("{front}{bare}{RESOURCE}"), true);
    places.0
}

/// The places of the metadata of an issuer. Those at the root, where another
/// issuer may be, come last for an issuer with a path.
pub(crate) fn server_metadata_places(issuer: &str) -> Vec<MetadataPlace> {
    let mut places = Places::default();
    add_server_places(issuer, &mut places);
    places.0
}

/// The places of the metadata of a pinned issuer: its own, then those of the
/// listed issuers with the same origin.
///
/// A document on another origin is never used for a pin: it could name foreign
/// endpoints for an issuer that the application trusts.
pub(crate) fn pinned_metadata_places(
    pin: &str,
    listed: &[String],
    plain: PlainHttp,
) -> Vec<MetadataPlace> {
    let mut places = Places::default();
    add_server_places(pin, &mut places);
    for one in listed {
        if has_same_origin(one, pin) && check_issuer(one, plain).is_ok() {
            add_server_places(one, &mut places);
        }
    }
    places.0
}

/// Puts a place first at which the document was found before. A place on another
/// origin than the issuer's is ignored.
pub(crate) fn with_known_place(
    places: Vec<MetadataPlace>,
    known: Option<&str>,
    issuer: &str,
) -> Vec<MetadataPlace> {
    let mut all = Places::default();
    if let Some(known) = known.filter(|known| has_same_origin(known, issuer)) {
        all.add(known.to_owned(), true);
    }
    for place in places {
        all.add(place.url, place.is_unspecified);
    }
    all.0
}

/// The issuer for which a place is one of its own; `None` for another URL.
pub(crate) fn issuer_of_place(url: &str) -> Option<String> {
    let UrlParts { front, path, .. } = UrlParts::of(url);
    for known in [OAUTH, OPENID] {
        if let Some(rest) = path.strip_prefix(known).filter(|rest| is_path(rest)) {
            return Some(format!("{front}{rest}"));
        }
        if let Some(before) = path.strip_suffix(known) {
            return Some(format!("{front}{before}"));
        }
    }
    None
}

/// The issuer of a server without metadata: its origin.
pub(crate) fn base(endpoint: &str) -> &str {
    UrlParts::of(endpoint).front
}

/// Whether two URLs have the same scheme, host and port.
pub(crate) fn has_same_origin(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => one.origin == other.origin,
        _ => false,
    }
}

fn add_server_places(issuer: &str, places: &mut Places) {
    let UrlParts { front, path, .. } = UrlParts::of(issuer);
    let path = path.strip_suffix('/').unwrap_or(path);
    places.add(format!("{front}{OAUTH}{path}"), false);
    places.add(format!("{front}{OPENID}{path}"), false);
    if path.is_empty() {
        return;
    }
    places.add(format!("{front}{path}{OPENID}"), false);
    places.add(format!("{front}{path}{OAUTH}"), true);
    places.add(format!("{front}{OAUTH}"), true);
    places.add(format!("{front}{OPENID}"), true);
}

fn is_path(text: &str) -> bool {
    text.is_empty() || text.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "/.well-known/oauth-protected-resource";

    fn urls(places: &[MetadataPlace]) -> Vec<&str> {
        places.iter().map(|place| place.url.as_str()).collect()
    }

    #[test]
    fn looks_for_resource_metadata_in_order() {
        let root = format!("https://h{AT}");
        for (endpoint, named, expected) in [
            (
                "https://h:1/a/mcp",
                None,
                vec![
                    format!("https://h:1{AT}/a/mcp"),
                    format!("https://h:1{AT}"),
                    format!("https://h:1/a/mcp{AT}"),
                ],
            ),
            (
                "https://h/mcp?key=s3cret",
                None,
                vec![format!("{root}/mcp"), root.clone(), format!("https://h/mcp{AT}")],
            ),
            ("https://h", None, vec![root.clone()]),
            ("https://h/", None, vec![root.clone()]),
            ("https://h?x", None, vec![root.clone()]),
            // With the final slash, then without it.
            (
                "HTTPS://H/%41//b/",
                None,
                vec![
                    format!("HTTPS://H{AT}/%41//b/"),
                    format!("HTTPS://H{AT}/%41//b"),
                    format!("HTTPS://H{AT}"),
                    format!("HTTPS://H/%41//b{AT}"),
                ],
            ),
            (
                "https://h/mcp",
                Some("https://other/meta?x=y"),
                vec![
                    "https://other/meta?x=y".to_owned(),
                    format!("{root}/mcp"),
                    root.clone(),
                    format!("https://h/mcp{AT}"),
                ],
            ),
            // No place twice.
            (
                "https://h/mcp",
                Some("https://h/.well-known/oauth-protected-resource"),
                vec![root.clone(), format!("{root}/mcp"), format!("https://h/mcp{AT}")],
            ),
            (
                "https://h/mcp",
                Some("https://h/mcp/.well-known/oauth-protected-resource"),
                vec![format!("https://h/mcp{AT}"), format!("{root}/mcp"), root.clone()],
            ),
        ] {
            assert_eq!(urls(&resource_metadata_places(endpoint, named)), expected, "{endpoint}");
        }
    }

    #[test]
    fn looks_for_server_metadata_in_order() {
        let h = |path: &str| format!("https://h{path}");
        for issuer in ["https://h/t1/t2", "https://h/t1/t2/"] {
            let places = server_metadata_places(issuer);
            assert_eq!(
                urls(&places),
                [
                    h("/.well-known/oauth-authorization-server/t1/t2"),
                    h("/.well-known/openid-configuration/t1/t2"),
                    h("/t1/t2/.well-known/openid-configuration"),
                    h("/t1/t2/.well-known/oauth-authorization-server"),
                    h("/.well-known/oauth-authorization-server"),
                    h("/.well-known/openid-configuration"),
                ]
            );
            let is_unspecified: Vec<_> = places.iter().map(|place| place.is_unspecified).collect();
            assert_eq!(is_unspecified, [false, false, false, true, true, true]);
        }
        for issuer in ["https://h", "https://h/"] {
            assert_eq!(
                urls(&server_metadata_places(issuer)),
                [
                    h("/.well-known/oauth-authorization-server"),
                    h("/.well-known/openid-configuration"),
                ]
            );
        }
        let third = &server_metadata_places("https://H:443/%74")[2];
        assert_eq!(third.url, "https://H:443/%74/.well-known/openid-configuration");
        assert_eq!(base("https://h:1/a/mcp?x"), "https://h:1");
        assert_eq!(base("http://h"), "http://h");
    }

    #[test]
    fn looks_for_a_pinned_issuer_on_its_own_origin_alone() {
        let at = |pin: &str, listed: &[&str]| {
            let listed: Vec<String> = listed.iter().map(|one| (*one).to_owned()).collect();
            pinned_metadata_places(pin, &listed, PlainHttp::Refused)
        };
        let own = server_metadata_places("https://h");
        for listed in [
            &[][..],
            &["https://h", "https://h/"],
            &["https://evil/t", "https://h:444/t", "http://h/t", "https://h.evil/t"],
            // No issuers.
            &["https://h/t?x", "https://h/t#x", "https://u@h/t", "", "h"],
        ] {
            assert_eq!(at("https://h", listed), own, "{listed:?}");
        }
        let both = at("https://h", &["https://evil/t", "https://h/t", "https://h/t/", "https://h"]);
        assert_eq!(
            urls(&both),
            [
                "https://h/.well-known/oauth-authorization-server",
                "https://h/.well-known/openid-configuration",
                "https://h/.well-known/oauth-authorization-server/t",
                "https://h/.well-known/openid-configuration/t",
                "https://h/t/.well-known/openid-configuration",
                "https://h/t/.well-known/oauth-authorization-server",
            ]
        );
        // A place of no specification for the pin, and of one for a listed issuer.
        let root = at("https://h/p", &["https://h"]);
        assert!(root[3].is_unspecified && !root[4].is_unspecified && !root[5].is_unspecified);
        // The same origin in another spelling.
        assert_eq!(at("https://h/p", &["HTTPS://H:443/t"]).len(), 12);
    }

    #[test]
    fn puts_a_known_place_of_the_same_origin_first() {
        let own = server_metadata_places("https://h");
        let with = |known: &str| with_known_place(own.clone(), Some(known), "https://h");
        assert_eq!(urls(&with("https://h/custom"))[0], "https://h/custom");
        assert_eq!(with("https://h/custom").len(), 3);
        let openid = "https://h/.well-known/openid-configuration";
        let oauth = "https://h/.well-known/oauth-authorization-server";
        assert_eq!(urls(&with(openid)), [openid, oauth]);
        for other in ["https://evil/custom", "http://h/custom", "", "custom"] {
            assert_eq!(with(other), own, "{other}");
        }
        assert_eq!(with_known_place(own.clone(), None, "https://h"), own);
    }

    #[test]
    fn finds_the_issuer_of_a_place() {
        for issuer in ["https://h", "https://h/t", "https://h:1/t1/t2"] {
            for place in server_metadata_places(issuer).iter().take(4) {
                let found = issuer_of_place(&format!("{}?x=s3cret", place.url));
                let own = found.as_deref() == Some(issuer);
                assert!(own || place.is_unspecified, "{issuer} {found:?}");
            }
        }
        let behind = "https://h/t/.well-known/oauth-authorization-server";
        assert_eq!(issuer_of_place(behind).as_deref(), Some("https://h/t"));
        for other in ["https://h/login", "https://h/.well-known/openid-configurations", ""] {
            assert_eq!(issuer_of_place(other), None, "{other}");
        }
    }
}
