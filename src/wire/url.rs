//! The URL of a server: an http or https URL, checked and split into its parts.

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
            Ok(std::net::IpAddr::V4(address)) => address.is_loopback(),
            Ok(std::net::IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(mapped) => mapped.is_loopback(),
                None => address.is_loopback(),
            },
            Err(_) => false,
        }
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
                return wrong("has text after the brackets of its host");
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

    /// The URL without its query, which may be secret.
    pub(crate) fn without_query(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{}{path}", self.origin)
    }

    /// Whether the path has this segment, in exactly this spelling.
    pub(crate) fn has_segment(&self, wanted: &str) -> bool {
        let path = self.target.split('?').next().unwrap_or_default();
        path.split('/').any(|segment| segment == wanted)
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
        let path = self.target.split('?').next().unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whole_segments_of_the_path_only() {
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
