//! The look-ups of metadata that found nothing, and the error that the
//! application gets for them.

use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::metadata_places::{MetadataPlace, issuer_of_place};
use crate::auth::oauth::spec::redact::{display_text, display_url};
use crate::auth::oauth::spec::url_rules::{PlainHttp, check};
use crate::base::error::{Error, Result, Status};

/// Why a look-up was refused. The last kind says most about what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RefusalKind {
    /// The sign-in has sent as many requests as it may.
    Limit,
    /// The place, or its document, may not be used.
    Place,
    /// The document names another issuer of the same origin.
    Issuer,
    /// The document is the right one, and does not declare PKCE.
    Pkce,
}

/// The look-ups that found nothing.
#[derive(Debug, Default)]
pub(crate) struct FailedLookups {
    asked: Vec<String>,
    /// Whether a later look-up may find something, and after how many
    /// milliseconds.
    later: Option<Option<u32>>,
    /// The most useful refusal: of a document that is not trusted, or of a place
    /// that is not allowed.
    refused: Option<(RefusalKind, Error)>,
    /// The first place that redirects to another origin, and the target.
    moved: Option<(String, String)>,
    /// The other issuers that documents name, and the first place of each.
    issuers: Vec<(String, String)>,
}

impl FailedLookups {
    /// The URL that a challenge names. A URL that is not allowed counts as a miss.
    pub(crate) fn allowed<'a>(
        &mut self,
        named: Option<&'a str>,
        plain: PlainHttp,
    ) -> Option<&'a str> {
        let named = named?;
        match check("resource_metadata of the challenge", named, plain) {
            Ok(_) => Some(named),
            Err(error) => {
                self.note(named, error.message());
                None
            }
        }
    }

    /// Reads the document of a place. Anything else, such as the HTML page of a
    /// gateway, is recorded as a miss. `moved_to`: the target of a redirect to
    /// another origin.
    pub(crate) fn read<'a>(
        &mut self,
        reply: &EndpointResponse<'a>,
        place: &MetadataPlace,
        moved_to: Option<&str>,
    ) -> Option<JsonDocument<'a>> {
        if reply.status == 200
            && let Some(document) = reply.document()
        {
            return Some(document);
        }
        if reply.is_unavailable() && !place.is_unspecified {
            self.is_later(reply.wait());
        }
        let why = match (reply.status, moved_to) {
            (200, _) => "no JSON object".to_owned(),
            (status, Some(target)) => {
                let target = display_url(target);
                let why = format!("{status} to {target}");
                self.moved.get_or_insert((display_url(&place.url), target));
                why
            }
            (status, None) => status.to_string(),
        };
        self.note(&place.url, &why);
        None
    }

    /// Records a failed request. If all places fail, an error of trust or of a
    /// limit is reported as it is; an error of the network means "try again".
    pub(crate) fn failed(&mut self, place: &MetadataPlace, error: Error) {
        self.note(&place.url, error.message());
        match error.status() {
            _ if place.is_unspecified => {}
            Status::Auth | Status::Untrusted | Status::Insecure | Status::TooLarge => {
                self.refuse(RefusalKind::Place, error);
            }
            Status::Redirect => {}
            _ => self.is_later(error.retry_after()),
        }
    }

    /// Records a refused document. Another place may still have a good one.
    pub(crate) fn refuse(&mut self, kind: RefusalKind, error: Error) {
        if self.refused.as_ref().is_none_or(|(known, _)| *known < kind) {
            self.refused = Some((kind, error));
        }
    }

    /// Records a miss, and why it is one.
    pub(crate) fn note(&mut self, url: &str, why: &str) {
        self.asked.push(format!("{} ({why})", display_url(url)));
    }

    /// Records the issuer of a refused document. Those that the error does not have
    /// are added to it: each may be the right one.
    pub(crate) fn note_issuer(&mut self, url: &str, published: String) {
        const MOST: usize = 4;
        let is_known = self.issuers.iter().any(|(_, issuer)| *issuer == published);
        if !published.is_empty() && !is_known && self.issuers.len() < MOST {
            self.issuers.push((display_url(url), published));
        }
    }

    /// The issuer to whose metadata a place redirects.
    pub(crate) fn moved_issuer(&self) -> Option<String> {
        self.moved.as_ref().and_then(|(_, target)| issuer_of_place(target))
    }

    /// The outcome if no place has a document. `Ok`, with a text about the
    /// look-ups: the server publishes none.
    pub(crate) fn nothing(self, what: &str) -> Result<String> {
        let asked = format!("no {what}: {}", self.asked.join(", "));
        if let Some((kind, mut error)) = self.refused {
            if matches!(kind, RefusalKind::Place | RefusalKind::Issuer) {
                for (url, issuer) in &self.issuers {
                    let shown = format!("from the issuer \"{}\"", shown_issuer(issuer));
                    if !error.message().contains(&shown) {
                        error = error.with_advice(&format!("the metadata at {url} is {shown}"));
                    }
                }
            }
            return Err(match (kind, self.moved) {
                (RefusalKind::Limit, _) => error.with_advice(&format!("{asked}; {BY_HAND}")),
                (_, Some((place, target))) => {
                    error.with_advice(&format!("{place} redirects to {target}"))
                }
                _ => error,
            });
        }
        match self.later {
            None => Ok(asked),
            Some(wait) => Err(Error::new(
                Status::Unavailable,
                format!("{asked}; one of these places may have it later: try again; {BY_HAND}"),
            )
            .with_retry_after(wait)),
        }
    }

    fn is_later(&mut self, wait: Option<u32>) {
        self.later = Some(self.later.flatten().max(wait));
    }
}

/// The way out of every failed discovery.
pub(super) const BY_HAND: &str = "with mcp_auth_set_endpoints() no metadata is read";

fn shown_issuer(issuer: &str) -> String {
    display_text(issuer, &[]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> MetadataPlace {
        MetadataPlace { url: url.to_owned(), is_unspecified: false }
    }

    /// Records the response of a place, and says whether it is a document.
    fn read(misses: &mut FailedLookups, status: u16, body: &str) -> bool {
        let reply = EndpointResponse::of(status, body);
        misses.read(&reply, &place("https://as/m?s3cret"), None).is_some()
    }

    #[test]
    fn reads_the_first_json_object_of_any_media_type() {
        let mut misses = FailedLookups::default();
        let reply =
            EndpointResponse { media: Some("text/plain"), ..EndpointResponse::of(200, "{}") };
        assert!(misses.read(&reply, &place("https://as/m"), None).is_some());
        for status in [201, 204, 302, 400, 401, 403, 404, 405, 429, 500, 502] {
            assert!(!read(&mut misses, status, "{}"), "{status}");
        }
        for body in ["", "<html>", "[]", "\"x\""] {
            assert!(!read(&mut misses, 200, body), "{body}");
        }
    }

    #[test]
    fn names_a_place_that_is_not_allowed() {
        for named in ["http://h/meta?s3cret", "https://u:s3cret@h/meta", "https://h/#s3cret"] {
            let mut misses = FailedLookups::default();
            assert_eq!(misses.allowed(Some(named), PlainHttp::Refused), None);
            let text = misses.nothing("metadata").unwrap();
            assert!(text.contains("resource_metadata"), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
        let mut misses = FailedLookups::default();
        let good = Some("https://other/meta?x=y");
        assert_eq!(misses.allowed(good, PlainHttp::Refused), good);
        assert_eq!(misses.allowed(None, PlainHttp::Refused), None);
    }

    #[test]
    fn distinguishes_no_metadata_from_an_unavailable_server() {
        for (statuses, is_there_later) in [
            (&[404, 400, 401, 403, 405, 410, 302, 200][..], false),
            (&[404, 502], true),
            (&[503, 404], true),
            (&[429], true),
        ] {
            let mut misses = FailedLookups::default();
            for status in statuses {
                read(&mut misses, *status, "<html>");
            }
            match misses.nothing("metadata") {
                Ok(text) => {
                    assert!(!is_there_later, "{statuses:?}");
                    assert!(text.contains("https://as/m (404), https://as/m (400)"));
                    assert!(text.contains("(no JSON object)") && !text.contains("s3cret"));
                }
                Err(error) => {
                    assert!(is_there_later, "{statuses:?}");
                    assert_eq!(error.status(), Status::Unavailable);
                }
            }
        }
        let mut misses = FailedLookups::default();
        misses.failed(&place("https://h/b"), Error::new(Status::Redirect, "leads elsewhere"));
        assert!(misses.nothing("metadata").is_ok());
        for status in [Status::Timeout, Status::Connect, Status::Resolve, Status::Tls] {
            let mut misses = FailedLookups::default();
            misses.failed(&place("https://h/a"), Error::new(status, "x"));
            read(&mut misses, 404, "");
            assert_eq!(misses.nothing("metadata").unwrap_err().status(), Status::Unavailable);
        }
    }

    #[test]
    fn ignores_failures_at_places_of_no_specification() {
        let extra = MetadataPlace { url: "https://as/extra".into(), is_unspecified: true };
        let mut misses = FailedLookups::default();
        for status in [429, 500, 503] {
            misses.read(&EndpointResponse::of(status, ""), &extra, None);
        }
        for status in [Status::Timeout, Status::Io, Status::TooLarge, Status::Protocol] {
            misses.failed(&extra, Error::new(status, "x"));
        }
        let text = misses.nothing("metadata").unwrap();
        assert!(text.contains("https://as/extra (503)"), "{text}");
    }

    #[test]
    fn reports_the_first_place_that_is_not_allowed() {
        for status in [Status::Insecure, Status::Untrusted, Status::TooLarge, Status::Auth] {
            let mut misses = FailedLookups::default();
            read(&mut misses, 404, "");
            misses.failed(&place("https://h/a"), Error::new(Status::Connect, "is down"));
            misses.failed(&place("https://h/b"), Error::new(status, "is private"));
            misses.failed(&place("https://h/c"), Error::new(Status::Io, "breaks"));
            misses.failed(&place("https://h/d"), Error::new(Status::Insecure, "is private too"));
            let error = misses.nothing("metadata").unwrap_err();
            assert_eq!((error.status(), error.message()), (status, "is private"));
        }
    }

    #[test]
    fn reports_the_most_useful_refusal_and_of_equal_ones_the_first() {
        use RefusalKind::{Issuer, Limit, Pkce, Place};
        for (kinds, reported) in [
            (&[Issuer, Issuer][..], 0),
            (&[Place, Issuer, Place], 1),
            (&[Issuer, Pkce, Issuer, Limit], 1),
            (&[Pkce, Issuer], 0),
            (&[Place, Limit], 0),
            (&[Limit], 0),
        ] {
            let mut misses = FailedLookups::default();
            for (index, kind) in kinds.iter().enumerate() {
                misses.refuse(*kind, Error::new(Status::Auth, format!("refusal {index}")));
                // A later place has nothing.
                read(&mut misses, 503, "");
            }
            let error = misses.nothing("metadata").unwrap_err();
            assert_eq!(error.status(), Status::Auth);
            let wanted = format!("refusal {reported}");
            assert!(error.message().starts_with(&wanted), "{kinds:?}: {}", error.message());
        }
    }

    #[test]
    fn shows_every_issuer_that_a_document_names() {
        let mut misses = FailedLookups::default();
        let refused = |issuer: &str| {
            Error::new(Status::Auth, format!("is from the issuer \"{issuer}\": refused"))
        };
        misses.refuse(RefusalKind::Place, refused("https://other"));
        misses.note_issuer("https://as/a?s3cret", "https://other".to_owned());
        misses.refuse(RefusalKind::Issuer, refused("https://as/t"));
        misses.note_issuer("https://as/b", "https://as/t".to_owned());
        misses.note_issuer("https://as/c", "https://other".to_owned());
        assert_eq!(
            misses.nothing("metadata").unwrap_err().message(),
            "is from the issuer \"https://as/t\": refused; the metadata at https://as/a is from \
             the issuer \"https://other\""
        );
    }

    #[test]
    fn names_the_target_of_a_redirect_without_its_query() {
        const TARGET: &str = "https://other/.well-known/oauth-authorization-server/t?s3cret";
        for is_refused in [false, true] {
            let mut misses = FailedLookups::default();
            let moved = EndpointResponse::of(302, "");
            misses.read(&moved, &place("https://as/m?s3cret"), Some(TARGET));
            misses.read(&moved, &place("https://as/n"), Some("https://third/"));
            assert_eq!(misses.moved_issuer().as_deref(), Some("https://other/t"));
            let text = if is_refused {
                misses.refuse(RefusalKind::Issuer, Error::new(Status::Auth, "refused"));
                misses.nothing("metadata").unwrap_err().message().to_owned()
            } else {
                misses.nothing("metadata").unwrap()
            };
            let wanted = "https://other/.well-known/oauth-authorization-server/t";
            assert!(text.contains(wanted) && !text.contains("s3cret"), "{text}");
        }
    }
}
