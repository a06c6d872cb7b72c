//! Which proxy is on the way: one that is given, or the environment's.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result};
use crate::base::secret::Secret;
use crate::wire::url::{Origin, Scheme, Url};

/// An HTTP proxy, asked for a tunnel with CONNECT.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) origin: Origin,
    /// The value of the header.
    authorization: Option<Arc<Secret>>,
}

/// Where the proxy for an origin comes from.
#[derive(Clone, Debug)]
pub(crate) enum ProxyChoice {
    /// What the environment says.
    Environment(Arc<Environment>),
    None,
    Chosen(Proxy),
}

impl ProxyChoice {
    /// The proxy on the way to an origin.
    pub(crate) fn on_the_way_to(&self, origin: &Origin) -> Result<Option<Proxy>> {
        match self {
            Self::None => Ok(None),
            Self::Chosen(proxy) => Ok(Some(proxy.clone())),
            Self::Environment(environment) => Proxy::from_environment(environment, origin),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its URL may hold a password.
        formatter.write_str("Proxy")
    }
}

impl Proxy {
    /// Reads a proxy's URL; it may hold a user name and a password.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return Err(Error::argument(
                "proxy has a scheme that is neither http nor https: pass one like \
                 \"http://proxy.example:3128\"",
            ));
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let port = host.rsplit(']').next().unwrap_or_default().split_once(':');
        if port.is_some_and(|(_, port)| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err(Error::argument("proxy has a port that is not a number from 1 to 65535"));
        }
        let wrong = || {
            Error::argument(
                "proxy is not a URL like \"http://proxy.example:3128\"; a user name and a \
                 password may stand before the host",
            )
        };
        let proxy = ureq::Proxy::new(url).map_err(|_| wrong())?;
        let origin = Url::parse(&format!("{scheme}://{host}")).map_err(|_| wrong())?.origin;
        let authorization = proxy
            .username()
            .map(|user| Arc::new(basic(user, proxy.password().unwrap_or_default())));
        Ok(Self { origin, authorization })
    }

    /// The proxy that the environment names for an origin, as curl reads it.
    fn from_environment(environment: &Environment, origin: &Origin) -> Result<Option<Self>> {
        // HTTP_PROXY in capitals can be set by whoever sends a CGI program
        // the header "Proxy:", so that it does not count.
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

    /// The value of the header that says who asks, where that is known.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_ref().map(|value| value.expose())
    }

    /// What no message may show.
    pub(crate) fn authorization_secrets(&self) -> Vec<Secret> {
        self.authorization.as_ref().map(|value| value.of_credential()).unwrap_or_default()
    }

    /// The host and port for messages: nothing secret.
    pub(crate) fn name(&self) -> String {
        self.origin.host_and_port()
    }
}

/// A credential (RFC 7617).
fn basic(user: &str, password: &str) -> Secret {
    let bare = Secret::from(format!("{user}:{password}"));
    Secret::from(format!("Basic {}", STANDARD.encode(bare.expose())))
}

/// Whether NO_PROXY names a host: itself, or a domain that it is in.
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
    fn knows_the_hosts_that_need_no_proxy() {
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
            choice.on_the_way_to(&origin).unwrap().map(|proxy| proxy.name())
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
    fn knows_where_a_proxy_is_and_who_asks_it() {
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
    }

    #[test]
    fn says_what_is_wrong_with_a_proxy_without_its_password() {
        for url in ["socks5://user:secret@h", "http://user:secret@", "http://secret secret"] {
            let error = Proxy::parse(url).unwrap_err();
            assert!(!error.message().contains("secret"), "{}", error.message());
        }
        assert_eq!(format!("{:?}", Proxy::parse("http://u:secret@h:1").unwrap()), "Proxy");
    }
}
