//! The proxy for a server: set by the application, or by the environment.
//!
//! ureq parses the URL of a proxy with its credentials. Its rules for the
//! environment are not used: it reads the environment itself, takes one proxy
//! for http and https, and its NO_PROXY does not match subdomains.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::ProxyProtocol;
use zeroize::Zeroizing;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result};
use crate::base::secret::Secret;
use crate::wire::url::{Origin, Scheme, Url, UrlParts};

/// An HTTP proxy, which opens a tunnel for CONNECT.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) origin: Origin,
    /// The value of the header Proxy-Authorization.
    authorization: Option<Arc<Secret>>,
}

/// How the proxy for an origin is chosen.
#[derive(Clone, Debug)]
pub(crate) enum ProxyChoice {
    /// By the variables of the environment.
    Environment(Arc<Environment>),
    None,
    Chosen(Proxy),
}

impl ProxyChoice {
    /// The proxy for an origin.
    pub(crate) fn for_origin(&self, origin: &Origin) -> Result<Option<Proxy>> {
        match self {
            Self::None => Ok(None),
            Self::Chosen(proxy) => Ok(Some(proxy.clone())),
            Self::Environment(environment) => Proxy::from_environment(environment, origin),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        formatter.write_str("Proxy")
    }
}

impl Proxy {
    /// Parses the URL of a proxy, with or without a scheme. It may hold a user
    /// name and a password.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let malformed = || {
            Error::argument(
                "proxy is not a URL like \"http://proxy.example:3128\"; a user name and a \
                 password may stand before the host",
            )
        };
        let proxy = ureq::Proxy::new(url).map_err(|_| malformed())?;
        let scheme = match proxy.protocol() {
            ProxyProtocol::Http => "http",
            ProxyProtocol::Https => "https",
            _ => {
                return Err(Error::argument(
                    "proxy has a scheme that is neither http nor https: pass one like \
                     \"http://proxy.example:3128\"",
                ));
            }
        };
        // ureq adds a scheme where there is none. Its port is not used: for
        // "h:99999" it would be the default port.
        let full = Zeroizing::new(proxy.uri().to_string());
        let origin = format!("{scheme}://{}", UrlParts::of(&full).host_and_port());
        let origin = Url::parse(&origin)
            .map_err(|error| Error::argument(error.message().replacen("url", "proxy", 1)))?
            .origin;
        let authorization = proxy
            .username()
            .map(|user| Arc::new(basic(user, proxy.password().unwrap_or_default())));
        Ok(Self { origin, authorization })
    }

    /// The proxy for an origin by the environment. The rules are curl's.
    fn from_environment(environment: &Environment, origin: &Origin) -> Result<Option<Self>> {
        // HTTP_PROXY in capitals is ignored: in a CGI program, a client of that
        // program can set it with the header "Proxy:".
        let names: &[&str] = match origin.scheme {
            Scheme::Http => &["http_proxy", "all_proxy", "ALL_PROXY"],
            Scheme::Https => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        };
        let value = |name: &str| environment.set(name)?.to_str();
        let Some((name, url)) = names.iter().find_map(|name| value(name).map(|url| (name, url)))
        else {
            return Ok(None);
        };
        let excepted = value("no_proxy").or_else(|| value("NO_PROXY")).unwrap_or_default();
        if is_excepted(&origin.host, excepted) {
            return Ok(None);
        }
        Self::parse(url)
            .map(Some)
            .map_err(|error| error.during(&format!("the environment variable {name}")))
    }

    /// The value of the header Proxy-Authorization, if there are credentials.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_ref().map(|value| value.expose())
    }

    /// The secrets that messages must not show.
    pub(crate) fn authorization_secrets(&self) -> Vec<Secret> {
        self.authorization.as_ref().map(|value| value.of_credential()).unwrap_or_default()
    }

    /// The host and the port, for messages.
    pub(crate) fn name(&self) -> String {
        self.origin.host_and_port()
    }
}

/// Basic credentials (RFC 7617).
fn basic(user: &str, password: &str) -> Secret {
    let bare = Secret::from(format!("{user}:{password}"));
    Secret::from(format!("Basic {}", STANDARD.encode(bare.expose())))
}

/// Whether NO_PROXY lists a host, or a domain that contains it.
fn is_excepted(host: &str, excepted: &str) -> bool {
    excepted.split([',', ' ']).any(|entry| {
        let entry = entry.trim().trim_start_matches("*.").trim_start_matches('.');
        let entry = entry.to_ascii_lowercase();
        entry == "*"
            || (!entry.is_empty()
                && (host == entry
                    || host.strip_suffix(&entry).is_some_and(|rest| rest.ends_with('.'))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_hosts_and_domains_of_no_proxy() {
        assert!(is_excepted("a.example.com", "x, .example.com"));
        assert!(is_excepted("example.com", "EXAMPLE.com"));
        assert!(is_excepted("a.example.com", "*.example.com"));
        assert!(is_excepted("anything", "*"));
        assert!(!is_excepted("badexample.com", "example.com"));
        assert!(!is_excepted("example.com", ""));
    }

    #[test]
    fn finds_the_proxy_for_an_origin_in_the_environment() {
        let found = |variables: &[(&str, &str)], url: &str| {
            let origin = Url::parse(url).unwrap().origin;
            let choice = ProxyChoice::Environment(Environment::of(variables));
            choice.for_origin(&origin).unwrap().map(|proxy| proxy.name())
        };
        let (plain, tls) = ("http://a.example/", "https://a.example/");
        let one = Some("p:1".to_owned());
        for (name, at_plain, at_tls) in [
            ("http_proxy", true, false),
            ("HTTP_PROXY", false, false),
            ("https_proxy", false, true),
            ("HTTPS_PROXY", false, true),
            ("all_proxy", true, true),
            ("ALL_PROXY", true, true),
        ] {
            assert_eq!(found(&[(name, "p:1")], plain), one.clone().filter(|_| at_plain), "{name}");
            assert_eq!(found(&[(name, "p:1")], tls), one.clone().filter(|_| at_tls), "{name}");
            let excepted = [(name, "p:1"), ("NO_PROXY", "example")];
            assert_eq!((found(&excepted, plain), found(&excepted, tls)), (None, None));
        }
        let both = [("all_proxy", "p:2"), ("https_proxy", "p:1"), ("HTTPS_PROXY", "p:3")];
        assert_eq!(found(&both, tls), one);
        assert_eq!(found(&[("https_proxy", ""), ("all_proxy", "p:1")], tls), one);
    }

    #[test]
    fn parses_the_origin_and_the_credentials() {
        let proxy = |url: &str| Proxy::parse(url).unwrap();
        assert_eq!(proxy("proxy.example").name(), "proxy.example:80");
        assert_eq!(proxy("https://proxy.example/").name(), "proxy.example:443");
        assert_eq!(proxy("HTTP://u@[::1]:3128").name(), "[::1]:3128");
        assert_eq!(proxy("h:1").authorization(), None);
        for (url, pair) in [
            ("user:pass@h", "user:pass"),
            ("http://user@h", "user:"),
            ("http://a%20b:p%40%2525+@h:1", "a b:p@%25+"),
        ] {
            let expected = format!("Basic {}", STANDARD.encode(pair));
            assert_eq!(proxy(url).authorization(), Some(expected.as_str()));
        }
        for url in ["http://%ff@h", "http://a b@h", "http://a@b@h:x"] {
            assert!(Proxy::parse(url).is_err(), "{url}");
        }
        for url in ["h:99999", "http://u:p@h:0/", "https://h:x"] {
            let error = Proxy::parse(url).unwrap_err();
            assert!(error.message().starts_with("proxy has a port that is not"), "{url}");
        }
    }

    #[test]
    fn reports_a_malformed_proxy_without_its_password() {
        for url in ["socks5://user:secret@h", "http://user:secret@", "http://secret secret"] {
            let error = Proxy::parse(url).unwrap_err();
            assert!(!error.message().contains("secret"), "{}", error.message());
        }
        assert_eq!(format!("{:?}", Proxy::parse("http://u:secret@h:1").unwrap()), "Proxy");
    }
}
