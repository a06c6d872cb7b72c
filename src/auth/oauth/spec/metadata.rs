//! Where metadata may be, and what the answers of those places say together
//! (RFC 9728, 3; RFC 8414, 3; OpenID Connect Discovery, 4).

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::redact::place;
use crate::auth::oauth::spec::url_rules::{PlainHttp, check};
use crate::base::error::{Error, Result, Status};
use crate::wire::url::UrlParts;

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// The places of the metadata of a protected resource, in their order.
///
/// `named` is the URL of the challenge; one that may not be asked counts as a
/// miss. The query of the endpoint, which may be secret, is left out.
pub(crate) fn resource_places(
    endpoint: &str,
    named: Option<&str>,
    plain: PlainHttp,
    misses: &mut Misses,
) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(named) = named {
        match check("resource_metadata of the challenge", named, plain) {
            Ok(_) => out.push(named.to_owned()),
            Err(error) => misses.note(named, error.message()),
        }
    }
    let UrlParts { front, path, .. } = UrlParts::of(endpoint);
    let path = if path == "/" { "" } else { path };
    for path in [path, path.strip_suffix('/').unwrap_or_default(), ""] {
        let candidate = format!("{front}{RESOURCE}{path}");
        // One that has missed misses again.
        if !out.contains(&candidate) {
            out.push(candidate);
        }
    }
    out
}

/// The places of the metadata of an authorization server, in their order. An
/// issuer with a path is never looked for at the root: another may live there.
pub(crate) fn server_places(issuer: &str) -> Vec<String> {
    let UrlParts { front, path, .. } = UrlParts::of(issuer);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut out = vec![format!("{front}{OAUTH}{path}"), format!("{front}{OPENID}{path}")];
    if !path.is_empty() {
        out.push(format!("{front}{path}{OPENID}"));
    }
    out
}

/// The issuer of a server that publishes nothing of itself: its origin.
pub(crate) fn base(endpoint: &str) -> &str {
    UrlParts::of(endpoint).front
}

/// The places that had nothing.
#[derive(Debug, Default)]
pub(crate) struct Misses {
    asked: Vec<String>,
    /// Whether one of them might have something later, and when.
    later: Option<Option<u32>>,
    /// Why the first of them is not trusted that was not: a document that was
    /// found and not taken, a place that may not be asked.
    refused: Option<Error>,
}

impl Misses {
    /// The document that a place has. Anything else, such as the HTML that a
    /// gateway has for every path, is noted as a miss.
    pub(crate) fn read<'a>(&mut self, reply: &EndpointResponse<'a>) -> Option<JsonDocument<'a>> {
        if reply.status == 200
            && let Some(document) = reply.document()
        {
            return Some(document);
        }
        if reply.is_unavailable() {
            self.is_later(reply.wait());
        }
        let why = if reply.status == 200 {
            "no JSON object".to_owned()
        } else {
            reply.status.to_string()
        };
        self.note(reply.url, &why);
        None
    }

    /// A place that could not be asked. One that may not be, or goes beyond a
    /// bound, is told of as what it is where there is nothing elsewhere; one
    /// that fails by the network may have something later.
    pub(crate) fn failed(&mut self, url: &str, error: Error) {
        self.note(url, error.message());
        match error.status() {
            Status::Auth | Status::Untrusted | Status::Insecure | Status::TooLarge => {
                self.refuse(error);
            }
            Status::Redirect => {}
            _ => self.is_later(error.retry_after()),
        }
    }

    /// One that is not taken; what is found elsewhere may be.
    pub(crate) fn refuse(&mut self, error: Error) {
        self.refused.get_or_insert(error);
    }

    /// `Ok` if there is nothing anywhere, which is no reason to try later: the
    /// server is one of those that publish nothing.
    pub(crate) fn nothing(self, what: &str) -> Result<String> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        let asked = format!("no {what}: {}", self.asked.join(", "));
        match self.later {
            None => Ok(asked),
            Some(wait) => Err(Error::new(
                Status::Unavailable,
                format!("{asked}; one of these places may have it later: try again"),
            )
            .with_retry_after(wait)),
        }
    }

    fn is_later(&mut self, wait: Option<u32>) {
        self.later = Some(self.later.flatten().max(wait));
    }

    fn note(&mut self, url: &str, why: &str) {
        self.asked.push(format!("{} ({why})", place(url)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(endpoint: &str, named: Option<&str>) -> (Vec<String>, Misses) {
        let mut misses = Misses::default();
        let places = resource_places(endpoint, named, PlainHttp::Refused, &mut misses);
        (places, misses)
    }

    #[test]
    fn looks_for_a_resource_from_the_challenge_to_the_root() {
        const AT: &str = "/.well-known/oauth-protected-resource";
        for (endpoint, named, expected) in [
            (
                "https://h:1/a/mcp",
                None,
                vec![format!("https://h:1{AT}/a/mcp"), format!("https://h:1{AT}")],
            ),
            (
                "https://h/mcp?key=s3cret",
                None,
                vec![format!("https://h{AT}/mcp"), format!("https://h{AT}")],
            ),
            ("https://h", None, vec![format!("https://h{AT}")]),
            ("https://h/", None, vec![format!("https://h{AT}")]),
            ("https://h?x", None, vec![format!("https://h{AT}")]),
            // As it stands, then without the slash at its end.
            (
                "HTTPS://H/%41//b/",
                None,
                vec![
                    format!("HTTPS://H{AT}/%41//b/"),
                    format!("HTTPS://H{AT}/%41//b"),
                    format!("HTTPS://H{AT}"),
                ],
            ),
            (
                "https://h/mcp",
                Some("https://other/meta?x=y"),
                vec![
                    "https://other/meta?x=y".to_owned(),
                    format!("https://h{AT}/mcp"),
                    format!("https://h{AT}"),
                ],
            ),
            // No place twice.
            (
                "https://h/mcp",
                Some("https://h/.well-known/oauth-protected-resource"),
                vec![format!("https://h{AT}"), format!("https://h{AT}/mcp")],
            ),
        ] {
            assert_eq!(places(endpoint, named).0, expected, "{endpoint}");
        }
    }

    #[test]
    fn names_a_place_that_may_not_be_asked() {
        for named in ["http://h/meta?s3cret", "https://u:s3cret@h/meta", "https://h/#s3cret"] {
            let (places, misses) = places("https://h/mcp", Some(named));
            assert_eq!(places.len(), 2);
            let text = misses.nothing("metadata").unwrap();
            assert!(text.contains("resource_metadata"), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn looks_for_a_server_by_the_path_of_its_issuer() {
        let h = |path: &str| format!("https://h{path}");
        for issuer in ["https://h/t1/t2", "https://h/t1/t2/"] {
            assert_eq!(
                server_places(issuer),
                [
                    h("/.well-known/oauth-authorization-server/t1/t2"),
                    h("/.well-known/openid-configuration/t1/t2"),
                    h("/t1/t2/.well-known/openid-configuration"),
                ]
            );
        }
        for issuer in ["https://h", "https://h/"] {
            assert_eq!(
                server_places(issuer),
                [
                    h("/.well-known/oauth-authorization-server"),
                    h("/.well-known/openid-configuration"),
                ]
            );
        }
        assert_eq!(
            server_places("https://H:443/%74")[2],
            "https://H:443/%74/.well-known/openid-configuration"
        );
        assert_eq!(base("https://h:1/a/mcp?x"), "https://h:1");
        assert_eq!(base("http://h"), "http://h");
    }

    #[test]
    fn takes_the_first_object_whatever_its_media_type() {
        let mut misses = Misses::default();
        let reply =
            EndpointResponse { media: Some("text/plain"), ..EndpointResponse::of(200, "{}") };
        assert!(misses.read(&reply).is_some());
        for status in [201, 204, 302, 400, 401, 403, 404, 405, 429, 500, 502] {
            assert!(misses.read(&EndpointResponse::of(status, "{}")).is_none(), "{status}");
        }
        for body in ["", "<html>", "[]", "\"x\""] {
            assert!(misses.read(&EndpointResponse::of(200, body)).is_none(), "{body}");
        }
    }

    #[test]
    fn tells_nothing_from_not_now() {
        for (statuses, is_there_later) in [
            (&[404, 400, 401, 403, 405, 410, 302, 200][..], false),
            (&[404, 502], true),
            (&[503, 404], true),
            (&[429], true),
        ] {
            let mut misses = Misses::default();
            for status in statuses {
                misses.read(&EndpointResponse::of(*status, "<html>"));
            }
            match misses.nothing("metadata") {
                Ok(text) => {
                    assert!(!is_there_later, "{statuses:?}");
                    assert!(text.contains("https://as/token (404), https://as/token (400)"));
                    assert!(text.contains("(no JSON object)") && !text.contains("s3cret"));
                }
                Err(error) => {
                    assert!(is_there_later, "{statuses:?}");
                    assert_eq!(error.status(), Status::Unavailable);
                }
            }
        }
        let mut misses = Misses::default();
        misses.failed("https://h/b", Error::new(Status::Redirect, "leads elsewhere"));
        assert!(misses.nothing("metadata").is_ok());
        for status in [Status::Timeout, Status::Connect, Status::Resolve, Status::Tls] {
            let mut misses = Misses::default();
            misses.failed("https://h/a", Error::new(status, "x"));
            misses.read(&EndpointResponse::of(404, ""));
            assert_eq!(misses.nothing("metadata").unwrap_err().status(), Status::Unavailable);
        }
    }

    #[test]
    fn ends_with_the_first_place_that_may_not_be_asked() {
        for status in [Status::Insecure, Status::Untrusted, Status::TooLarge, Status::Auth] {
            let mut misses = Misses::default();
            misses.read(&EndpointResponse::of(404, ""));
            misses.failed("https://h/a", Error::new(Status::Connect, "is down"));
            misses.failed("https://h/b", Error::new(status, "is private"));
            misses.failed("https://h/c", Error::new(Status::Io, "breaks"));
            misses.failed("https://h/d", Error::new(Status::Insecure, "is private too"));
            let error = misses.nothing("metadata").unwrap_err();
            assert_eq!((error.status(), error.message()), (status, "is private"));
        }
    }

    #[test]
    fn ends_with_the_first_document_that_was_refused() {
        let mut misses = Misses::default();
        misses.refuse(Error::new(Status::Untrusted, "first"));
        misses.read(&EndpointResponse::of(503, ""));
        misses.refuse(Error::new(Status::Auth, "second"));
        let error = misses.nothing("metadata").unwrap_err();
        assert_eq!((error.status(), error.message()), (Status::Untrusted, "first"));
    }
}
