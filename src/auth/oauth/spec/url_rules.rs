//! URLs as they were published: taken apart, never written anew.

use crate::auth::oauth::spec::redact::place;
use crate::base::error::{Error, Result, Status};
use crate::wire::url::{Scheme, Url, UrlParts};

/// Whether `http` is a scheme for hosts that are this machine by their name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    Refused,
    /// The MCP server is on this machine itself, or the program allows it.
    Loopback,
}

/// Reads a URL that came from outside; `what` names it in the error.
pub(crate) fn check(what: &str, text: &str, plain: PlainHttp) -> Result<Url> {
    let wrong = |why: &str| {
        Error::new(Status::Untrusted, format!("the {what} \"{}\" {why}: refused", place(text)))
    };
    let url = Url::parse_untrusted(text).map_err(|why| wrong(&why))?;
    match url.origin.scheme {
        Scheme::Https => Ok(url),
        Scheme::Http if plain == PlainHttp::Refused => Err(wrong("is not https")),
        Scheme::Http if !url.origin.is_this_machine() => {
            Err(wrong("is neither https nor on this machine"))
        }
        Scheme::Http => Ok(url),
    }
}

/// Reads the text of an issuer (RFC 8414, 2): no query, not even an empty one.
pub(crate) fn check_issuer(text: &str, plain: PlainHttp) -> Result<()> {
    check("issuer", text, plain)?;
    if UrlParts::of(text).query.is_some() {
        return Err(Error::new(
            Status::Untrusted,
            format!("the issuer {} has a query, which no issuer has: refused", place(text)),
        ));
    }
    Ok(())
}

/// The value of `resource` for a server that publishes none: the endpoint as
/// RFC 8707 and MCP write it.
pub(crate) fn canonical(endpoint: &Url) -> String {
    let path = endpoint.path();
    format!("{}{}", endpoint.origin, if path == "/" { "" } else { path })
}

/// Whether `.` or `..` is among the segments, also as `%2e`.
pub(crate) fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::url::URL_LIMIT;

    #[test]
    fn takes_https_and_plain_http_only_on_this_machine() {
        let long = format!("https://h/{}", "a".repeat(URL_LIMIT));
        for (text, refused, loopback) in [
            ("https://h/token", true, true),
            ("HTTPS://H:8443/token?a=b", true, true),
            ("https://localhost/token", true, true),
            ("http://localhost:80/token", false, true),
            ("http://LOCALHOST/token", false, true),
            ("http://127.9.9.9:1/token", false, true),
            ("http://[::1]:1/token", false, true),
            ("http://[::ffff:127.0.0.1]/token", false, false),
            ("http://a.localhost/token", false, false),
            ("http://localhost.example.com/", false, false),
            ("http://127.0.0.1.example.com/", false, false),
            ("http://h/token", false, false),
            ("http://10.0.0.1/token", false, false),
            ("https://127.1/token", false, false),
            ("https://0x7f000001/token", false, false),
            ("https://user@h/token", false, false),
            ("https://user:pw@h/token", false, false),
            ("https://h/token#", false, false),
            ("https://h/\ttoken", false, false),
            ("https://h/token\0", false, false),
            ("https:/h/token", false, false),
            ("//h/token", false, false),
            ("/token", false, false),
            ("ftp://h/token", false, false),
            ("javascript:alert(1)", false, false),
            ("", false, false),
            (&long, false, false),
        ] {
            assert_eq!(check("x", text, PlainHttp::Refused).is_ok(), refused, "{text}");
            let loose = check("token endpoint", text, PlainHttp::Loopback);
            assert_eq!(loose.is_ok(), loopback, "{text}");
            if let Err(error) = loose {
                assert_eq!(error.status(), Status::Untrusted);
                assert!(error.message().contains("token endpoint"), "{}", error.message());
                assert!(!error.message().contains("pw"), "{}", error.message());
            }
        }
    }

    #[test]
    fn knows_what_an_issuer_may_be() {
        for text in ["https://h", "https://h/", "https://h:1/t1/", "http://localhost:1/t"] {
            assert!(check_issuer(text, PlainHttp::Loopback).is_ok(), "{text}");
        }
        for text in ["https://h?", "https://h/a?b", "https://h#", "http://h", "h", "https://a@h"] {
            assert!(check_issuer(text, PlainHttp::Loopback).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_the_endpoint_as_a_resource() {
        for (endpoint, resource) in [
            ("HTTPS://Example.COM:443/A/mcp?key=x", "https://example.com/A/mcp"),
            ("http://h:8000/", "http://h:8000"),
            ("http://h:80", "http://h"),
            ("https://h/?x", "https://h"),
            ("https://[::1]:444/mcp/", "https://[::1]:444/mcp/"),
        ] {
            assert_eq!(canonical(&Url::parse(endpoint).unwrap()), resource);
        }
    }
}
