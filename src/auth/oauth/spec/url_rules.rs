//! Which URLs of metadata are allowed.

use crate::auth::oauth::spec::redact::display_url;
use crate::base::error::{Error, Result, Status};
use crate::transport::address_policy::{PRIVATE_HTTP_HINT, is_private_host};
use crate::wire::url::{Scheme, Url, UrlParts};

/// Whether a URL may have the scheme http.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    Refused,
    /// To this machine: the MCP server is on this machine, or the application
    /// allows it.
    Loopback,
    /// Also to a private network, where the MCP server is as well: the application
    /// allows plain http and private addresses.
    PrivateNetwork,
}

/// Whether a person may copy a URL of a server from a message to a command line:
/// no shell reads a command in it.
pub(crate) fn is_safe_to_copy(url: &str) -> bool {
    url.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/%@+=[]{}".contains(&byte))
}

/// Reads a URL of a server. `what` names it in the error.
pub(crate) fn check(what: &str, text: &str, plain: PlainHttp) -> Result<Url> {
    let wrong = |why: &str| {
        Error::new(
            Status::Untrusted,
            format!("the {what} \"{}\" {why}: refused", display_url(text)),
        )
    };
    let url = Url::parse_untrusted(text).map_err(|why| wrong(&why))?;
    match url.origin.scheme {
        Scheme::Https => Ok(url),
        Scheme::Http if url.origin.is_this_machine() => match plain {
            PlainHttp::Refused => Err(wrong("is plain http to this machine")
                .with_advice("if that is right, allow it with mcp_auth_set_allow_private()")),
            PlainHttp::Loopback | PlainHttp::PrivateNetwork => Ok(url),
        },
        Scheme::Http if is_private_host(&url.origin.host) => match plain {
            PlainHttp::PrivateNetwork => Ok(url),
            PlainHttp::Refused | PlainHttp::Loopback => Err(Error::new(
                Status::Untrusted,
                format!(
                    "the {what} \"{}\" is plain http to another machine: refused; \
                     {PRIVATE_HTTP_HINT}",
                    display_url(text)
                ),
            )),
        },
        Scheme::Http if plain == PlainHttp::Refused => Err(wrong("is not https")),
        Scheme::Http => Err(wrong("is neither https nor on this machine")),
    }
}

/// Checks an issuer (RFC 8414, 2): no query, not even an empty one.
pub(crate) fn check_issuer(text: &str, plain: PlainHttp) -> Result<()> {
    check("issuer", text, plain)?;
    if UrlParts::of(text).query.is_some() {
        return Err(Error::new(
            Status::Untrusted,
            format!("the issuer {} has a query, which no issuer has: refused", display_url(text)),
        ));
    }
    Ok(())
}

/// The value of `resource` for a server without metadata: the endpoint in the form
/// of RFC 8707 and MCP.
pub(crate) fn canonical(endpoint: &Url) -> String {
    let path = endpoint.path();
    format!("{}{}", endpoint.origin, if path == "/" { "" } else { path })
}

/// Whether the path has a segment "." or "..", also with `%2e`.
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
    fn knows_the_urls_that_a_shell_takes_as_they_are() {
        for url in ["https://as.example:8443/t/v2.0", "https://[::1]/a%20b", "https://as/@a=b/{c}"]
        {
            assert!(is_safe_to_copy(url), "{url}");
        }
        for url in [
            "https://as/$(id)",
            "https://as/$HOME",
            "https://as/;id",
            "https://as/&id",
            "https://as/'a",
            "https://as/a*",
            "https://as/!a",
            "https://as/(a)",
            "https://as/a|b",
            "https://as/`id`",
            "https://as/{a,b}",
            "https://as/a b",
            "https://as/\u{e9}",
        ] {
            assert!(!is_safe_to_copy(url), "{url}");
        }
    }

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
    fn takes_plain_http_on_a_private_network_only_if_that_is_allowed() {
        for text in ["http://192.168.1.5:8000/a", "http://nas.local/a", "http://[fd00::1]/a"] {
            assert!(check("x", text, PlainHttp::PrivateNetwork).is_ok(), "{text}");
            for plain in [PlainHttp::Refused, PlainHttp::Loopback] {
                let error = check("token endpoint", text, plain).unwrap_err();
                assert_eq!(error.status(), Status::Untrusted);
                for words in ["token endpoint", "MCP_ALLOW_PLAIN_HTTP", "allow_private()"] {
                    assert!(error.message().contains(words), "{}", error.message());
                }
            }
        }
        for text in ["http://example.com/a", "http://8.8.8.8/a", "http://169.254.169.254/a"] {
            let error = check("x", text, PlainHttp::PrivateNetwork).unwrap_err();
            assert!(!error.message().contains("mcp_"), "{}", error.message());
        }
        assert!(check("x", "http://127.0.0.1/a", PlainHttp::PrivateNetwork).is_ok());
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
