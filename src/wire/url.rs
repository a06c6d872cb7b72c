//! URLs: the checked address of a server, and the parts of any URL's text.
//!
//! No other file takes a URL apart.

use std::net::IpAddr;

use http::Uri;

use crate::base::error::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// A scheme, a host and a port. A credential belongs to one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    /// In lower case, an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// Whether the host is this machine, judged by its name or address only. A
    /// name server is not asked: it could lie.
    pub(crate) fn is_loopback(&self) -> bool {
        if self.is_localhost() {
            return true;
        }
        match self.host.parse() {
            Ok(IpAddr::V4(address)) => address.is_loopback(),
            Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(mapped) => mapped.is_loopback(),
                None => address.is_loopback(),
            },
            Err(_) => false,
        }
    }

    /// Whether the host is a loopback address or exactly "localhost". A name
    /// below "localhost" does not count: a resolver may give it any address.
    pub(crate) fn is_this_machine(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether the host is a name for this machine (RFC 6761, 6.3).
    pub(crate) fn is_localhost(&self) -> bool {
        self.host == "localhost" || self.host.ends_with(".localhost")
    }

    /// The host as in URLs and in the Host header. The port follows unless it
    /// is the default of the scheme.
    pub(crate) fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let default = match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        if self.port == default { host } else { format!("{host}:{}", self.port) }
    }

    /// The host as in URLs, always with the port.
    pub(crate) fn host_and_port(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    pub(crate) fn scheme_name(&self) -> &'static str {
        match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}://{}", self.scheme_name(), self.authority())
    }
}

/// The most bytes that a URL from a server may have.
pub(crate) const URL_LIMIT: usize = 2 * 1024;

/// The URL of an MCP endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) origin: Origin,
    /// The path and the query. They may be secret and are in no error message.
    pub(crate) target: String,
}

impl Url {
    /// Parses an absolute URL. An error says what is wrong, but quotes nothing
    /// that may be secret.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| Err(Error::argument(format!("url {what}")));
        if text.is_empty() {
            return wrong("is empty: pass one like \"https://example.com/mcp\"");
        }
        if let Some(at) = text.bytes().position(|byte| byte <= b' ' || byte == 0x7f) {
            return wrong(&format!("has a blank or a control character at {at}"));
        }
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii()) {
            return wrong(&format!(
                "has a byte outside ASCII at {at}: write it as %XX, or a host name in Punycode"
            ));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("has no scheme: pass one like \"https://example.com/mcp\"");
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return wrong("has a scheme that is neither http nor https"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, _) = rest.split_at(end);
        if authority.contains('@') {
            return wrong(
                "has a user name or password in it: pass the token apart, or set a header",
            );
        }
        if text.contains('#') {
            return wrong("has a fragment (\"#\"), which no server sees: leave it out");
        }
        if authority.is_empty() || authority.starts_with(':') {
            return wrong("has no host");
        }
        let Ok(uri) = text.parse::<Uri>() else {
            return wrong(
                "is malformed: its host, port or path has a character that is not allowed",
            );
        };
        let Some(parsed) = uri.authority() else {
            return wrong("has no host");
        };
        let after_host = parsed.as_str().rsplit(']').next().unwrap_or_default();
        let default = match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        let port = match after_host.split_once(':') {
            None => default,
            Some((_, digits)) => match digits.parse::<u16>() {
                Ok(port) if port > 0 => port,
                _ => return wrong("has a port that is not a number from 1 to 65535"),
            },
        };
        let host = parsed.host().to_ascii_lowercase();
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(_) if !after_host.is_empty() && !after_host.starts_with(':') => {
                return wrong("has something behind the brackets of its host");
            }
            Some(address) if address.parse::<std::net::Ipv6Addr>().is_ok() => address.to_owned(),
            None if !host.contains(['[', ']']) => host,
            _ => return wrong("has brackets around what is not an IPv6 address"),
        };
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        // "http://host?query" has a query and no path.
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self { origin: Origin { scheme, host, port }, target })
    }

    /// Reads a URL that a server sent. The error is the end of a sentence about
    /// the URL: "has more than 2048 bytes".
    pub(crate) fn parse_untrusted(text: &str) -> std::result::Result<Self, String> {
        if text.len() > URL_LIMIT {
            return Err(format!("has more than {URL_LIMIT} bytes"));
        }
        let url = Self::parse(text).map_err(|error| {
            // The part after the colon is advice to the application.
            let why = error.message().split(": ").next().unwrap_or_default();
            why.strip_prefix("url ").unwrap_or(why).to_owned()
        })?;
        let host = &url.origin.host;
        // Resolvers take "127.1" and "0x7f000001" for addresses.
        if ends_in_a_number(host) && host.parse::<IpAddr>().is_err() {
            return Err("has a host that is a number, but no whole IPv4 address".to_owned());
        }
        Ok(url)
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        split_query(&self.target).0
    }

    /// The URL without its query, which may be secret.
    pub(crate) fn without_query(&self) -> String {
        format!("{}{}", self.origin, self.path())
    }

    /// Whether the path has this segment, in exactly this spelling.
    pub(crate) fn has_segment(&self, wanted: &str) -> bool {
        self.path().split('/').any(|segment| segment == wanted)
    }

    /// Resolves a reference against this URL; `None` if the result is no URL.
    pub(crate) fn join(&self, location: &str) -> Option<Self> {
        let location = location.split('#').next().unwrap_or_default();
        // Not a colon in the path or the query of a reference.
        let first = location.find(['/', '?']).unwrap_or(location.len());
        if location.get(..first).is_some_and(|name| name.ends_with(':'))
            && location.get(first..).is_some_and(|rest| rest.starts_with("//"))
        {
            return Self::parse(location).ok();
        }
        let path = self.path();
        let absolute = if location.starts_with("//") {
            format!("{}:{location}", self.origin.scheme_name())
        } else if location.starts_with('/') {
            format!("{}{location}", self.origin)
        } else if location.starts_with('?') {
            format!("{}{path}{location}", self.origin)
        } else {
            let folder = path.rfind('/').and_then(|end| path.get(..=end)).unwrap_or("/");
            format!("{}{folder}{location}", self.origin)
        };
        Self::parse(&absolute).ok()
    }
}

/// The parts of a URL's text as it was written (RFC 3986, appendix B).
///
/// Servers compare URLs as text, so the text must stay. Every text has parts:
/// nothing is checked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UrlParts<'a> {
    /// Everything before the query and the fragment.
    pub(crate) bare: &'a str,
    /// Scheme and authority.
    pub(crate) front: &'a str,
    pub(crate) path: &'a str,
    /// Everything after the first `?`.
    pub(crate) query: Option<&'a str>,
    /// Everything after the first `#`.
    pub(crate) fragment: Option<&'a str>,
}

impl<'a> UrlParts<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let (rest, fragment) = match text.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (text, None),
        };
        let (bare, query) = split_query(rest);
        let authority = bare.find("://").map_or(0, |at| at + "://".len());
        let path = bare.get(authority..).and_then(|rest| rest.find('/'));
        let end = path.map_or(bare.len(), |path| authority + path);
        let (front, path) = bare.split_at_checked(end).unwrap_or((bare, ""));
        Self { bare, front, path, query, fragment }
    }

    /// The scheme and the authority; `None` for a text without "://".
    pub(crate) fn scheme_and_authority(&self) -> Option<(&'a str, &'a str)> {
        self.front.split_once("://")
    }

    /// The port of the authority with its colon; empty for an authority without
    /// a port. The colons of an IPv6 address are inside its brackets.
    pub(crate) fn port(&self) -> &'a str {
        let authority = self.scheme_and_authority().map_or("", |(_, authority)| authority);
        let after_host = authority.rsplit(']').next().unwrap_or_default();
        after_host.find(':').and_then(|at| after_host.get(at..)).unwrap_or_default()
    }

    /// The authority without user name and password.
    pub(crate) fn host_and_port(&self) -> &'a str {
        let authority = self.scheme_and_authority().map_or("", |(_, authority)| authority);
        authority.rsplit('@').next().unwrap_or_default()
    }

    /// The URL without user name, password, query and fragment.
    pub(crate) fn without_secrets(&self) -> String {
        match self.scheme_and_authority() {
            Some((scheme, _)) => format!("{scheme}://{}{}", self.host_and_port(), self.path),
            // No URL at all: a password may be anywhere before an "@".
            None => self.bare.rsplit('@').next().unwrap_or_default().to_owned(),
        }
    }
}

/// Cuts a request target or a URL at its first `?`.
pub(crate) fn split_query(text: &str) -> (&str, Option<&str>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    }
}

/// The scheme of a URI of any kind (RFC 3986, 3.1).
pub(crate) fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let is_scheme =
        scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(is_one);
    is_scheme.then_some(scheme)
}

fn ends_in_a_number(host: &str) -> bool {
    let bare = host.strip_suffix('.').unwrap_or(host);
    let last = bare.rsplit('.').next().unwrap_or_default();
    let is_decimal = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    let is_hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_decimal || is_hexadecimal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_the_text_and_changes_nothing() {
        for (text, front, path, query, fragment) in [
            ("https://h", "https://h", "", None, None),
            ("https://h/", "https://h", "/", None, None),
            ("HTTPS://H:443/A/%62/?", "HTTPS://H:443", "/A/%62/", Some(""), None),
            ("https://h?a=/b", "https://h", "", Some("a=/b"), None),
            ("https://h/a?b?c#d?e#f", "https://h", "/a", Some("b?c"), Some("d?e#f")),
            ("https://[::1]:8/a", "https://[::1]:8", "/a", None, None),
            ("https://h#/a", "https://h", "", None, Some("/a")),
            ("h/a", "h", "/a", None, None),
            ("", "", "", None, None),
        ] {
            let bare = &*format!("{front}{path}");
            let parts = UrlParts { bare, front, path, query, fragment };
            assert_eq!(UrlParts::of(text), parts, "{text}");
        }
    }

    #[test]
    fn finds_the_port_and_the_scheme() {
        for (text, port) in [
            ("http://h:80/a:1", ":80"),
            ("http://[::1]:8080?x=:1", ":8080"),
            ("http://[::1]", ""),
            ("http://h", ""),
            ("http://h:", ":"),
            ("app:/callback", ""),
        ] {
            assert_eq!(UrlParts::of(text).port(), port, "{text}");
        }
        for (text, scheme) in [
            ("com.example.app:/callback", Some("com.example.app")),
            ("HTTPS://h", Some("HTTPS")),
            ("1a:b", None),
            ("a b:c", None),
            (":", None),
            ("http", None),
        ] {
            assert_eq!(scheme_of(text), scheme, "{text}");
        }
    }

    #[test]
    fn leaves_secrets_out() {
        for (text, shown) in [
            ("https://u:p@h/a@b?c=d", "https://h/a@b"),
            ("https://h#x", "https://h"),
            ("https:/u:p@h/a", "h/a"),
            ("u:p@h", "h"),
            ("h", "h"),
        ] {
            assert_eq!(UrlParts::of(text).without_secrets(), shown, "{text}");
        }
    }

    #[test]
    fn finds_whole_segments_of_the_path_alone() {
        let has = |url: &str| Url::parse(url).unwrap().has_segment("sse");
        for url in ["http://h/sse", "http://h/sse/", "http://h/sse?x=1", "http://h/a/sse/b"] {
            assert!(has(url), "{url}");
        }
        for url in ["http://h/sses", "http://h/SSE", "http://h/mcp?next=/sse", "http://sse/mcp"] {
            assert!(!has(url), "{url}");
        }
    }

    #[test]
    fn splits_a_url_into_its_parts() {
        let url = Url::parse("HTTPS://Example.COM/mcp?a=1").unwrap();
        assert_eq!(url.origin.to_string(), "https://example.com");
        assert_eq!((url.origin.port, url.target.as_str()), (443, "/mcp?a=1"));
        let url = Url::parse("http://[::1]:8000").unwrap();
        assert_eq!(url.origin.host, "::1");
        assert_eq!(url.origin.authority(), "[::1]:8000");
        assert_eq!(url.target, "/");
        assert_eq!(Url::parse("http://h?q").unwrap().target, "/?q");
    }

    #[test]
    fn says_what_is_wrong_without_quoting_it() {
        for (text, words) in [
            ("", "is empty"),
            ("example.com/mcp", "no scheme"),
            ("ftp://secret.example/", "neither http nor https"),
            ("http://user:secret@h/", "user name"),
            ("http://", "no host"),
            ("http://:80/", "no host"),
            ("http://h:99999/", "port"),
            ("http://h:0/", "port"),
            ("http://h:/", "port"),
            ("http://h/ secret", "blank"),
            ("http://h/\nsecret", "control"),
            ("http://h/s\u{e9}cret", "ASCII"),
            ("http://h/#secret", "fragment"),
            ("http://[secret]/", "IPv6"),
            ("http://[::1]secret/", "brackets"),
            ("http://secret[::1]/", "IPv6"),
            ("http://,[::1]:8000/", "IPv6"),
            ("http://h/<secret>", "malformed"),
        ] {
            let error = Url::parse(text).map(|url| format!("{url:?}")).unwrap_err();
            assert!(error.message().contains(words), "{text}: {}", error.message());
            assert!(!error.message().contains("secret"), "{}", error.message());
        }
    }

    #[test]
    fn recognizes_this_machine() {
        for host in
            ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "a.localhost", "[::ffff:127.0.0.1]"]
        {
            assert!(Url::parse(&format!("http://{host}/")).unwrap().origin.is_loopback(), "{host}");
        }
        for host in ["10.0.0.1", "example.com", "127.0.0.1.example.com", "[::2]", "notlocalhost"] {
            assert!(
                !Url::parse(&format!("http://{host}/")).unwrap().origin.is_loopback(),
                "{host}"
            );
        }
    }

    #[test]
    fn resolves_a_location() {
        let from = Url::parse("http://h:8000/a/mcp/?x=1").unwrap();
        let to =
            |location: &str| from.join(location).map(|url| format!("{}{}", url.origin, url.target));
        assert_eq!(to("/mcp").unwrap(), "http://h:8000/mcp");
        assert_eq!(to("http://h:8000/mcp").unwrap(), "http://h:8000/mcp");
        assert_eq!(to("//other/mcp").unwrap(), "http://other/mcp");
        assert_eq!(to("b?y").unwrap(), "http://h:8000/a/mcp/b?y");
        assert_eq!(to("?z").unwrap(), "http://h:8000/a/mcp/?z");
        assert_eq!(to("/mcp?to=http://other/").unwrap(), "http://h:8000/mcp?to=http://other/");
        assert_eq!(to("mcp?to=a://b").unwrap(), "http://h:8000/a/mcp/mcp?to=a://b");
        assert_eq!(to("http://user:pw@h/"), None);
        assert_eq!(to("ftp://h:8000/mcp"), None);
        assert_eq!(to("http://[mcp"), None);
    }
}
