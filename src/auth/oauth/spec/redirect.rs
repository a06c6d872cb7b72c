//! A loopback redirect URL: read, and with the port that it is listened at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::error::{Error, Result};
use crate::wire::url::{Url, UrlParts};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// The hosts that a redirect may have, as browsers write them, and where to
/// listen for each.
const HOSTS: [(&str, &[IpAddr]); 3] =
    [("127.0.0.1", &[V4]), ("[::1]", &[V6]), ("localhost", &[V4, V6])];

/// A redirect URL that the program has set.
#[derive(Debug)]
pub(crate) struct LoopbackRedirect {
    /// `None` for a free one.
    pub(crate) port: Option<u16>,
    host: (&'static str, &'static [IpAddr]),
    /// All of it, in the spelling of the program.
    text: String,
    /// Where in it the port stands, with its colon.
    before: usize,
    after: usize,
    path: String,
}

/// Where requests must go, to be answers.
#[derive(Debug)]
pub(crate) struct RedirectTarget {
    pub(crate) uri: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    name: &'static str,
}

impl LoopbackRedirect {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| Err(Error::argument(format!("redirect url {what}")));
        let parts = UrlParts::of(text);
        let Some((scheme, _)) = parts.scheme_and_authority() else {
            return wrong("has no scheme: pass one like \"http://127.0.0.1/callback\"");
        };
        if !scheme.eq_ignore_ascii_case("http") {
            return wrong("is not plain http, which alone can be listened for");
        }
        let digits = parts.port();
        let port = match digits.strip_prefix(':').map(str::parse::<u16>) {
            None | Some(Ok(0)) => None,
            // parse() takes a sign as well.
            Some(Ok(port)) if !digits.contains('+') => Some(port),
            Some(_) => return wrong("has a port that is not a number from 0 to 65535"),
        };
        let after = parts.front.len();
        let before = after - digits.len();
        let url = match port {
            Some(_) => Url::parse(text),
            None => Url::parse(&without(text, before, after)),
        };
        let url = url.map_err(|error| error.during("redirect"))?;
        let path = url.path().to_owned();
        let canonical = match url.origin.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => url.origin.host,
        };
        let Some(host_known) = HOSTS.into_iter().find(|(name, _)| *name == canonical) else {
            return wrong("has a host that is not 127.0.0.1, [::1] or localhost");
        };
        Ok(Self { port, host: host_known, text: text.to_owned(), before, after, path })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.host.0
    }

    pub(crate) fn addresses(&self) -> &'static [IpAddr] {
        self.host.1
    }

    /// The place with its port. A URL that has one stays as it is, since
    /// authorization servers compare it as text.
    pub(crate) fn at(self, port: u16) -> RedirectTarget {
        let uri = match self.port {
            Some(_) => self.text,
            None => {
                let mut uri = without(&self.text, self.before, self.after);
                uri.insert_str(self.before, &format!(":{port}"));
                uri
            }
        };
        RedirectTarget { uri, port, path: self.path, name: self.host.0 }
    }
}

impl RedirectTarget {
    /// Whether a Host header is that of the redirect. Another name for this
    /// machine is one that somebody else has pointed at it.
    pub(crate) fn is_host(&self, value: &[u8]) -> bool {
        let is = |host: &str| value.eq_ignore_ascii_case(host.as_bytes());
        is(&format!("{}:{}", self.name, self.port)) || self.port == 80 && is(self.name)
    }

    /// For messages: without a query.
    pub(crate) fn shown(&self) -> String {
        format!("http://{}:{}{}", self.name, self.port, self.path)
    }
}

/// Whether the library can listen at a redirect URL: plain http to 127.0.0.1,
/// [::1] or localhost.
pub(crate) fn is_loopback_redirect(text: &str) -> bool {
    LoopbackRedirect::parse(text).is_ok()
}

fn without(text: &str, from: usize, to: usize) -> String {
    let before = text.get(..from).unwrap_or_default();
    let after = text.get(to..).unwrap_or_default();
    format!("{before}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, port: u16) -> RedirectTarget {
        LoopbackRedirect::parse(text).unwrap().at(port)
    }

    #[test]
    fn writes_a_free_port_into_the_url() {
        for (text, uri) in [
            ("http://127.0.0.1/callback", "http://127.0.0.1:7/callback"),
            ("http://127.0.0.1:0/callback", "http://127.0.0.1:7/callback"),
            ("http://127.0.0.1", "http://127.0.0.1:7"),
            ("http://127.0.0.1:0", "http://127.0.0.1:7"),
            ("http://[::1]/a/b", "http://[::1]:7/a/b"),
            ("http://[::1]:0?x=1:2", "http://[::1]:7?x=1:2"),
            ("http://localhost/a:0/b", "http://localhost:7/a:0/b"),
        ] {
            assert_eq!(at(text, 7).uri, uri);
        }
    }

    #[test]
    fn leaves_a_url_with_a_port_as_it_is() {
        for text in ["HTTP://LocalHost:80", "http://[0:0::1]:8080/x?y=z", "http://127.0.0.1:1/"] {
            let redirect = LoopbackRedirect::parse(text).unwrap();
            let port = redirect.port.unwrap();
            assert_eq!(redirect.at(port).uri, text);
        }
    }

    #[test]
    fn has_the_path_alone() {
        assert_eq!(at("http://127.0.0.1:9/a/b?c=/d", 9).path, "/a/b");
        assert_eq!(at("http://127.0.0.1:9?c", 9).path, "/");
        assert_eq!(at("http://localhost:9", 9).path, "/");
    }

    #[test]
    fn takes_nothing_but_loopback() {
        for text in [
            "https://127.0.0.1/",
            "http://example.com/",
            "http://0.0.0.0:80/",
            "http://[::]/",
            "http://127.0.0.1.example.com/",
            "http://a.localhost/",
            "http://u@127.0.0.1/",
            "http://127.0.0.1:1@example.com/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:/",
            "http://127.0.0.1:+1/",
            "http://127.0.0.1/#x",
            "http://[::1/",
            "http://::1/",
            "http://]:1/",
            "http://",
            "app:/callback",
            "",
        ] {
            assert!(LoopbackRedirect::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn knows_its_own_host() {
        let place = at("http://[0::1]:8080/", 8080);
        assert!(place.is_host(b"[::1]:8080"));
        for host in ["[::1]", "[::1]:80", "localhost:8080", "127.0.0.1:8080", ""] {
            assert!(!place.is_host(host.as_bytes()), "{host}");
        }
        let place = at("http://localhost:80/", 80);
        for host in ["localhost", "LOCALHOST:80"] {
            assert!(place.is_host(host.as_bytes()), "{host}");
        }
        assert!(!place.is_host(b"evil.example"));
    }
}
