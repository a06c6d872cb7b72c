//! URLs: of servers, redirects and documents, and in messages.

use super::parts;
use crate::auth::oauth::spec::authorization_request::check_for_browser;
use crate::auth::oauth::spec::redact::display_url;
use crate::auth::oauth::spec::redirect::LoopbackRedirect;
use crate::auth::oauth::spec::url_rules::{PlainHttp, canonical, check, check_issuer, has_dots};
use crate::cost::bounded;
use crate::wire::url::{Url, UrlParts, scheme_of};

pub(super) const WORDS: &[&str] = &[
    "http://",
    "https://",
    "HTTP://",
    "//",
    "/",
    "?",
    "#",
    "@",
    ":",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "127.0.0.1",
    "localhost",
    ".localhost",
    ":8000",
    ":0",
    ":65536",
    ":080",
    "user:pw@",
    "%2e%2e/",
    "../",
    "./",
    "0x7f.1",
    "xn--",
    "\\",
    "a.b",
    "example.com",
    "?a=://b",
];

pub(super) fn run(data: &[u8]) {
    let Some(texts) = parts(data) else { return };
    let base = Url::parse("https://h.example:8443/a/b/mcp?x=1").unwrap();
    for text in &texts {
        let parsed = bounded(text.len(), || Url::parse(text));
        if let Ok(url) = &parsed {
            stable(url);
            // An absolute reference leads to itself.
            if let Some(joined) = base.join(text) {
                assert_eq!(&joined, url, "{text}");
            }
        }
        if let Some(joined) = bounded(text.len(), || base.join(text)) {
            stable(&joined);
            // A relative reference stays at the origin.
            if !text.contains("//") {
                assert_eq!(joined.origin, base.origin, "{text}");
            }
        }
        if let Ok(url) = &parsed {
            for other in &texts {
                if let Some(joined) = url.join(other) {
                    stable(&joined);
                }
            }
        }
        published(text);
    }
}

/// A URL that is printed and parsed again is the same URL.
fn stable(url: &Url) {
    let printed = format!("{}{}", url.origin, url.target);
    assert_eq!(&Url::parse(&printed).expect("what was printed is a URL"), url, "{printed}");
    let whole =
        format!("{}://{}{}", url.origin.scheme_name(), url.origin.host_and_port(), url.target);
    assert_eq!(&Url::parse(&whole).expect("with its port too"), url, "{whole}");
    assert!(url.target.starts_with('/') && url.origin.port > 0);
    let is_clean = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(is_clean(&url.origin.host) && is_clean(&url.target), "{printed}");
    assert!(!url.origin.host.contains(['@', '/', '?', '#']), "{printed}");
    assert!(!url.without_query().contains('?'));
    canonical(url);
    url.has_segment("sse");
    url.origin.is_loopback();
}

fn published(text: &str) {
    let UrlParts { bare, front, path, query, fragment } = UrlParts::of(text);
    let mut again = format!("{front}{path}");
    for (mark, part) in [("?", query), ("#", fragment)] {
        if let Some(part) = part {
            again.push_str(mark);
            again.push_str(part);
        }
    }
    assert_eq!(again, text, "its parts");
    assert_eq!(bare, format!("{front}{path}"));
    scheme_of(text);
    has_dots(path);
    if let Ok(url) = Url::parse_untrusted(text) {
        stable(&url);
    }
    for plain in [PlainHttp::Refused, PlainHttp::Loopback] {
        let _ = check("url", text, plain);
        let _ = check_issuer(text, plain);
        if check_for_browser(text, plain).is_ok() {
            let scheme = text.get(..4).unwrap_or_default();
            assert!(scheme.eq_ignore_ascii_case("http"), "a browser gets {text}");
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "a browser gets {text}");
        }
    }
    let shown = bounded(text.len(), || display_url(text));
    assert!(shown.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && shown.len() <= 203);
    assert!(
        !shown.contains(['?', '#'])
            || shown.contains('?') && !text.is_ascii()
            || text.contains(|letter: char| letter.is_control() || matches!(letter, '"' | '\\'))
    );
    if let Ok(redirect) = LoopbackRedirect::parse(text) {
        let place = redirect.at(1234);
        let url = Url::parse(&place.uri).expect("the redirect is a URL");
        assert!(url.origin.is_loopback(), "{}", place.uri);
    }
}
