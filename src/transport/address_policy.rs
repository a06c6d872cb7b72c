//! Which addresses and URLs a request of a sign-in may go to.
//!
//! The URLs come from servers. A server must not send this machine to addresses
//! that only this machine can reach (SSRF; RFC 9728, 7.7).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::base::error::{Error, Result, Status, quote};
use crate::wire::url::{Origin, Scheme, Url, UrlParts};

/// The network of the MCP server, from the nearest to the farthest. Its URLs may
/// not lead to a nearer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NetworkZone {
    Loopback,
    Private,
    Public,
}

/// The rule for addresses and URLs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AddressPolicy {
    /// The zone of the MCP server.
    pub(crate) zone: NetworkZone,
    /// The application allows private and loopback addresses. Link-local
    /// addresses, where clouds serve their credentials, stay refused, and so do
    /// unspecified and multicast ones.
    pub(crate) allows_private: bool,
    /// The application allows plain http to any host.
    pub(crate) allows_plain_http: bool,
}

/// The kind of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AddressKind {
    Public,
    /// In a private network, or reserved.
    Private,
    Loopback,
    LinkLocal,
    Unspecified,
    /// Multicast, and broadcast.
    Multicast,
}

impl NetworkZone {
    pub(crate) fn of(address: IpAddr) -> Self {
        match AddressKind::of(address) {
            // A connection to 0.0.0.0 goes to this machine.
            _ if address.is_unspecified() => Self::Loopback,
            AddressKind::Loopback => Self::Loopback,
            AddressKind::Private | AddressKind::LinkLocal | AddressKind::Unspecified => {
                Self::Private
            }
            AddressKind::Public | AddressKind::Multicast => Self::Public,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Loopback => "on this machine",
            Self::Private => "on a private network",
            Self::Public => "public",
        }
    }
}

impl AddressPolicy {
    /// Checks a URL of a server. Errors show it without its query.
    pub(crate) fn url(self, text: &str) -> Result<Url> {
        let wrong = |status, why: &str| {
            Err(Error::new(
                status,
                format!("the URL \"{}\" {why}", quote(&UrlParts::of(text).without_secrets())),
            ))
        };
        let url = match Url::parse_untrusted(text) {
            Ok(url) => url,
            Err(why) => return wrong(Status::Auth, &why),
        };
        if url.origin.scheme == Scheme::Https || self.allows_plain_http {
            return Ok(url);
        }
        // The resolver returns only loopback addresses for such a host.
        match url.origin.is_this_machine() {
            true if self.nearest() == NetworkZone::Loopback => Ok(url),
            true => wrong(
                Status::Insecure,
                &format!(
                    "is plain http to this machine, but the MCP server is {}: only one on \
                     this machine may name it; if that is right, allow it with \
                     mcp_auth_set_allow_private()",
                    self.zone.word()
                ),
            ),
            false => {
                let is_private = is_private_host(&url.origin.host);
                let hint = if is_private { PRIVATE_HTTP_HINT } else { "the server must use https" };
                wrong(
                    Status::Insecure,
                    &format!("is plain http, where a credential could be read on the way: {hint}"),
                )
            }
        }
    }

    /// Whether plain http may leave this machine for another server than the MCP
    /// server: the application allows plain http and private addresses, and the
    /// MCP server is on the private network itself.
    pub(crate) fn allows_private_http(self) -> bool {
        self.allows_plain_http && self.allows_private && self.zone <= NetworkZone::Private
    }

    /// Checks a URL of another server than the MCP server: the application allows
    /// plain http for the MCP server, which is no reason to use it elsewhere.
    pub(crate) fn check_other(self, url: &Url) -> Result<()> {
        let is_private = is_private_host(&url.origin.host);
        if url.origin.scheme == Scheme::Https
            || url.origin.is_this_machine()
            || (is_private && self.allows_private_http())
        {
            return Ok(());
        }
        let hint = if is_private { PRIVATE_HTTP_HINT } else { "the server must use https" };
        Err(Error::new(
            Status::Insecure,
            format!("the URL \"{}{}\" is plain http: {hint}", url.origin, quote(url.path())),
        ))
    }

    /// Keeps the allowed addresses of a host. An error if none is left.
    pub(crate) fn filter(
        self,
        origin: &Origin,
        mut addresses: Vec<SocketAddr>,
    ) -> Result<Vec<SocketAddr>> {
        let host = &origin.host;
        let first = addresses.first().copied();
        addresses.retain(|address| self.admits(AddressKind::of(address.ip())));
        match first {
            Some(first) if addresses.is_empty() => return Err(self.refused(host, first.ip())),
            _ => {}
        }
        // A name of a private network may have a public address all the same.
        if origin.scheme == Scheme::Http && self.zone <= NetworkZone::Private {
            let allowed = addresses.first().copied();
            addresses.retain(|address| AddressKind::of(address.ip()) != AddressKind::Public);
            if let Some(public) = allowed.filter(|_| addresses.is_empty()) {
                return Err(Error::new(
                    Status::Insecure,
                    format!(
                        "\"{}\" is at a public address ({}), and plain http could be read on the \
                         way there: the server must use https",
                        quote(host),
                        public.ip()
                    ),
                ));
            }
        }
        Ok(addresses)
    }

    /// Checks a host that a proxy resolves. Only an address and a name of this
    /// machine can be checked.
    pub(crate) fn check_host(self, host: &str) -> Result<()> {
        let bare = host.strip_suffix('.').unwrap_or(host);
        let address = match bare.parse::<IpAddr>() {
            Ok(address) => address,
            Err(_) if bare == "localhost" || bare.ends_with(".localhost") => {
                Ipv4Addr::LOCALHOST.into()
            }
            Err(_) => return Ok(()),
        };
        if self.admits(AddressKind::of(address)) {
            Ok(())
        } else {
            Err(self.refused(host, address))
        }
    }

    fn nearest(self) -> NetworkZone {
        if self.allows_private { NetworkZone::Loopback } else { self.zone }
    }

    fn admits(self, kind: AddressKind) -> bool {
        match kind {
            AddressKind::Public => true,
            AddressKind::Private => self.nearest() <= NetworkZone::Private,
            AddressKind::Loopback => self.nearest() == NetworkZone::Loopback,
            AddressKind::LinkLocal | AddressKind::Unspecified | AddressKind::Multicast => false,
        }
    }

    fn refused(self, host: &str, address: IpAddr) -> Error {
        let (kind, can_be_allowed) = match AddressKind::of(address) {
            AddressKind::Public => ("a public", true),
            AddressKind::Private => ("a private", true),
            AddressKind::Loopback => ("a loopback", true),
            AddressKind::LinkLocal => ("a link-local", false),
            AddressKind::Unspecified => ("an unspecified", false),
            AddressKind::Multicast => ("a multicast", false),
        };
        let at = match host.parse::<IpAddr>() {
            Ok(_) => String::new(),
            Err(_) => format!(" ({address})"),
        };
        let mut message = format!("\"{}\" is at {kind} address{at}", quote(host));
        message.push_str(&if can_be_allowed {
            format!(
                ", but the MCP server is {}: it may not send this machine there; if it should, \
                 allow it with mcp_auth_set_allow_private()",
                self.zone.word()
            )
        } else {
            ", where no request of a sign-in may go".to_owned()
        });
        Error::new(Status::Insecure, message)
    }
}

/// What to do about plain http on a private network.
pub(crate) const PRIVATE_HTTP_HINT: &str = "the server must use https; if the MCP server is on \
     the same private network and you trust everyone on it, allow it with \
     mcp_client_set_allow_plain_http() and mcp_auth_set_allow_private()";

/// Whether a host of a URL can only be on a private network, or on this machine:
/// an address of one, or a name that the public DNS does not have.
pub(crate) fn is_private_host(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return matches!(AddressKind::of(address), AddressKind::Private | AddressKind::Loopback);
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_local = |ending: &str| name.strip_suffix(ending).is_some_and(|rest| !rest.is_empty());
    !name.is_empty() && (!name.contains('.') || LOCAL_ENDINGS.iter().any(|end| is_local(end)))
}

/// The endings of names that are never in the public DNS: reserved (RFC 6761, 6762,
/// 8375; "internal" by ICANN), or not delegated because private networks use them.
const LOCAL_ENDINGS: [&str; 7] =
    [".localhost", ".local", ".home.arpa", ".internal", ".lan", ".home", ".corp"];

impl AddressKind {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// By the registry of special-purpose addresses (RFC 6890).
    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [0, ..] => Self::Unspecified,
            [127, ..] => Self::Loopback,
            [169, 254, ..] => Self::LinkLocal,
            [(224..=239), ..] | [255, 255, 255, 255] => Self::Multicast,
            [10, ..]
            | [172, (16..=31), ..]
            | [192, 168, ..]
            | [100, (64..=127), ..]
            // Reserved: for protocols, examples, benchmarks, the future.
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, (18..=19), ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [(240..=255), ..] => Self::Private,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let inside = |high: u16, low: u16| {
            Self::of_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        };
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::Unspecified,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // IPv4 in IPv6: compatible and mapped (RFC 4291), translated
            // (RFC 2765), NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380).
            [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
            | [0, 0, 0, 0, 0xffff, 0, high, low]
            | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
            | [0x2002, high, low, ..] => inside(high, low),
            [0x2001, 0, .., high, low] => inside(!high, !low),
            // Local NAT64 (RFC 8215).
            [0x64, 0xff9b, 1, .., high, low] => match inside(high, low) {
                Self::Public => Self::Private,
                other => other,
            },
            [(0xfe80..=0xfebf), ..] => Self::LinkLocal,
            [(0xff00..=0xffff), ..] => Self::Multicast,
            // Reserved: for protocols, examples.
            [0x2001, (..=0x1ff) | 0xdb8, ..] | [0x3fff, (..=0xfff), ..] => Self::Private,
            [(0x2000..=0x3fff), ..] => Self::Public,
            // fc00::/7, and unassigned addresses.
            _ => Self::Private,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::url::URL_LIMIT;

    fn policy(zone: NetworkZone) -> AddressPolicy {
        AddressPolicy { zone, allows_private: false, allows_plain_http: false }
    }

    fn https(host: &str) -> Origin {
        Origin { scheme: Scheme::Https, host: host.to_owned(), port: 443 }
    }

    #[test]
    fn knows_every_kind_of_address() {
        use AddressKind::{LinkLocal, Loopback, Multicast, Private, Public, Unspecified};
        for (kind, addresses) in [
            (
                Public,
                "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 \
                 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 \
                 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 \
                 2606:4700::1111 2001:200:: 2001:4860:4860::8888 2003:: 3ffe:ffff:: \
                 ::ffff:8.8.8.8 ::8.8.8.8 64:ff9b::808:808 2002:808:808::1 \
                 2001::f7f7:f7f7",
            ),
            (
                Private,
                "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 \
                 192.168.255.255 100.64.0.0 100.127.255.255 192.0.0.192 192.0.2.1 192.88.99.1 \
                 198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.7 240.0.0.0 \
                 255.255.255.254 fc00:: fd00:ec2::254 fdff:ffff:: fec0::1 100::1 2001:db8::1 \
                 2001:20::1 3fff::1 4000:: ::ffff:10.0.0.1 ::10.0.0.1 ::ffff:0:10.0.0.1 \
                 64:ff9b::a00:1 64:ff9b:1::808:808 2002:a00:1::1 2001::f5ff:fffe",
            ),
            (
                Loopback,
                "127.0.0.0 127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 ::127.0.0.1 \
                 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::7f00:1 2002:7f00:1:: \
                 2001::80ff:fffe",
            ),
            (
                LinkLocal,
                "169.254.0.0 169.254.169.254 169.254.255.255 fe80:: fe80::1 \
                 febf:ffff::1 ::ffff:169.254.169.254 ::169.254.169.254 64:ff9b::a9fe:a9fe \
                 64:ff9b:1::a9fe:a9fe 2002:a9fe:a9fe::1 2001::5601:5601",
            ),
            (Unspecified, "0.0.0.0 0.255.255.255 :: ::2 ::ffff:0.0.0.0 64:ff9b:: 2002::1"),
            (
                Multicast,
                "224.0.0.0 239.255.255.255 255.255.255.255 ff00:: ff02::1 ffff::1 \
                 ::ffff:224.0.0.1",
            ),
        ] {
            for address in addresses.split_whitespace() {
                assert_eq!(AddressKind::of(address.parse().unwrap()), kind, "{address}");
            }
        }
    }

    #[test]
    fn lets_a_server_send_us_nowhere_nearer_than_itself() {
        let kinds = ["1.1.1.1", "10.0.0.1", "127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"];
        let allowed = |policy: AddressPolicy| {
            kinds.map(|address| {
                let address: SocketAddr = format!("{address}:443").parse().unwrap();
                let found = policy.filter(&https("h"), vec![address]).is_ok();
                assert_eq!(policy.check_host(&address.ip().to_string()).is_ok(), found);
                found
            })
        };
        assert_eq!(allowed(policy(NetworkZone::Public)), [true, false, false, false, false, false]);
        assert_eq!(allowed(policy(NetworkZone::Private)), [true, true, false, false, false, false]);
        assert_eq!(allowed(policy(NetworkZone::Loopback)), [true, true, true, false, false, false]);
        for zone in [NetworkZone::Public, NetworkZone::Private, NetworkZone::Loopback] {
            let open = AddressPolicy { allows_private: true, ..policy(zone) };
            assert_eq!(allowed(open), [true, true, true, false, false, false]);
        }
    }

    #[test]
    fn leaves_the_addresses_of_a_name_that_are_allowed() {
        let parse = |text: &str| text.parse::<SocketAddr>().unwrap();
        let all = vec![parse("10.0.0.1:443"), parse("[2606::1]:443"), parse("[::1]:443")];
        let left = policy(NetworkZone::Public).filter(&https("id.example"), all).unwrap();
        assert_eq!(left, [parse("[2606::1]:443")]);
        let error =
            policy(NetworkZone::Public).filter(&https("id.example"), vec![parse("10.0.0.1:443")]);
        let error = error.unwrap_err();
        assert_eq!(error.status(), Status::Insecure);
        for words in
            ["\"id.example\"", "a private", "10.0.0.1", "is public", "mcp_auth_set_allow_private()"]
        {
            assert!(error.message().contains(words), "{}", error.message());
        }
        // What the option does not open does not name it.
        let error = policy(NetworkZone::Public).check_host("169.254.169.254").unwrap_err();
        assert!(error.message().contains("link-local") && !error.message().contains("mcp_auth"));
    }

    #[test]
    fn judges_of_names_that_others_resolve_those_of_this_machine_alone() {
        let check = |host: &str| policy(NetworkZone::Public).check_host(host).is_ok();
        assert!(check("id.example") && check("10.example"));
        for host in ["localhost", "localhost.", "a.localhost", "127.0.0.1.", "::1"] {
            assert!(!check(host), "{host}");
        }
    }

    #[test]
    fn knows_where_a_server_is() {
        let zone = |text: &str| NetworkZone::of(text.parse().unwrap());
        assert_eq!(zone("127.0.0.1"), NetworkZone::Loopback);
        assert_eq!(zone("0.0.0.0"), NetworkZone::Loopback);
        assert_eq!(zone("169.254.1.1"), NetworkZone::Private);
        assert_eq!(zone("192.168.0.1"), NetworkZone::Private);
        assert_eq!(zone("::ffff:8.8.8.8"), NetworkZone::Public);
    }

    #[test]
    fn takes_https_and_http_of_this_machine_where_the_server_is_there() {
        for url in ["https://id.example/a?b=c", "https://127.0.0.1/", "https://[::1]:8443"] {
            assert!(policy(NetworkZone::Public).url(url).is_ok(), "{url}");
        }
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            let url = format!("http://{host}:8000/x");
            assert!(policy(NetworkZone::Loopback).url(&url).is_ok(), "{url}");
            for zone in [NetworkZone::Private, NetworkZone::Public] {
                let error = policy(zone).url(&url).unwrap_err();
                assert_eq!(error.status(), Status::Insecure, "{url}");
                let open = AddressPolicy { allows_private: true, ..policy(zone) };
                assert!(open.url(&url).is_ok(), "{url}");
            }
        }
        for plain in ["http://id.example/x", "http://a.localhost/x", "http://[::ffff:127.0.0.1]/x"]
        {
            for zone in [NetworkZone::Loopback, NetworkZone::Public] {
                assert_eq!(policy(zone).url(plain).unwrap_err().status(), Status::Insecure);
                let open = AddressPolicy { allows_private: true, ..policy(zone) };
                assert_eq!(open.url(plain).unwrap_err().status(), Status::Insecure);
                assert!(
                    AddressPolicy { allows_plain_http: true, ..policy(zone) }.url(plain).is_ok()
                );
            }
        }
    }

    #[test]
    fn takes_plain_http_on_a_private_network_only_if_both_are_allowed() {
        let url = |text: &str| Url::parse_untrusted(text).unwrap();
        for zone in [NetworkZone::Loopback, NetworkZone::Private, NetworkZone::Public] {
            for (allows_private, allows_plain_http) in
                [(false, false), (false, true), (true, false), (true, true)]
            {
                let policy = AddressPolicy { zone, allows_private, allows_plain_http };
                let both = allows_private && allows_plain_http && zone != NetworkZone::Public;
                for text in ["http://192.168.1.5:8000/a", "http://nas.local/a", "http://nas/a"] {
                    let checked = policy.check_other(&url(text));
                    assert_eq!(checked.is_ok(), both, "{policy:?} {text}");
                    if let Err(error) = checked {
                        assert_eq!(error.status(), Status::Insecure);
                        for name in ["allow_plain_http()", "allow_private()"] {
                            assert!(error.message().contains(name), "{}", error.message());
                        }
                    }
                }
                for text in ["https://192.168.1.5/a", "https://h.example", "http://127.0.0.1:1/a"] {
                    assert!(policy.check_other(&url(text)).is_ok(), "{policy:?} {text}");
                }
                let error = policy.check_other(&url("http://h.example/a?s3cret")).unwrap_err();
                assert!(error.message().contains("must use https"), "{}", error.message());
                assert!(!error.message().contains("mcp_") && !error.message().contains("s3cret"));
            }
        }
    }

    #[test]
    fn sends_plain_http_to_no_public_address_of_a_private_name() {
        let addresses = |all: &[&str]| -> Vec<SocketAddr> {
            all.iter().map(|one| SocketAddr::new(one.parse().unwrap(), 80)).collect()
        };
        let origin = |text: &str| Url::parse_untrusted(text).unwrap().origin;
        let (public, private) = ("93.184.216.34", "192.168.1.5");
        for zone in [NetworkZone::Loopback, NetworkZone::Private] {
            let policy = AddressPolicy { zone, allows_private: true, allows_plain_http: true };
            for url in ["http://nas.local/a", "http://ai/a", "http://x.corp/a"] {
                let error = policy.filter(&origin(url), addresses(&[public])).unwrap_err();
                assert_eq!(error.status(), Status::Insecure);
                assert!(error.message().contains("must use https"), "{}", error.message());
                let kept = policy.filter(&origin(url), addresses(&[public, private])).unwrap();
                assert_eq!(kept, addresses(&[private]));
            }
            let all = addresses(&[public, private]);
            assert_eq!(policy.filter(&origin("https://nas.local/a"), all.clone()).unwrap(), all);
        }
        // An MCP server that the application itself reaches by plain http.
        let zone = NetworkZone::Public;
        let policy = AddressPolicy { zone, allows_private: false, allows_plain_http: true };
        let kept = policy.filter(&origin("http://mcp.example/a"), addresses(&[public]));
        assert_eq!(kept.unwrap(), addresses(&[public]));
    }

    #[test]
    fn knows_the_hosts_that_only_a_private_network_has() {
        for host in [
            "10.0.0.1",
            "172.31.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "fd00::1",
            "::1",
            "nas",
            "NAS.local",
            "nas.local.",
            "a.b.home.arpa",
            "x.internal",
            "x.lan",
        ] {
            assert!(is_private_host(host), "{host}");
        }
        for host in [
            "8.8.8.8",
            "169.254.169.254",
            "0.0.0.0",
            "224.0.0.1",
            "2606:4700::1111",
            "fe80::1",
            "example.com",
            "local.example.com",
            "notlocal.example",
            "x.notlan",
            ".local",
            "",
            ".",
        ] {
            assert!(!is_private_host(host), "{host}");
        }
    }

    #[test]
    fn refuses_urls_that_are_not_to_be_followed_without_showing_what_is_secret() {
        let long = format!("https://h/{}", "x".repeat(URL_LIMIT));
        for (text, words) in [
            ("", "is empty"),
            ("javascript:alert(1)", "no scheme"),
            ("file:///etc/passwd", "neither http nor https"),
            ("https://user:s3cret@h/a?s3cret", "\"https://h/a\" has a user name"),
            ("https://h/a?s3cret#s3cret", "\"https://h/a\" has a fragment"),
            ("https://h/a?s3cret\r\nX: y", "control character"),
            ("https://h/\u{e9}", "outside ASCII"),
            ("https://127.1/?s3cret", "no whole IPv4"),
            ("https://0x7f000001/", "no whole IPv4"),
            ("https://2130706433/", "no whole IPv4"),
            ("https://127.0.0.0x1./", "no whole IPv4"),
            ("https://127.0.0.1./", "no whole IPv4"),
            ("https://[::1%25eth0]/", "IPv6"),
            (&long, "has more than 2048 bytes"),
        ] {
            let error = policy(NetworkZone::Loopback).url(text).unwrap_err();
            let message = error.message();
            assert!(message.contains(words), "{text}: {message}");
            assert!(!message.contains("s3cret") && message.len() < 400, "{message}");
            assert_eq!(error.status(), Status::Auth, "{text}");
        }
        let error = policy(NetworkZone::Public).url("http://h/a?s3cret").unwrap_err();
        assert!(!error.message().contains("s3cret"), "{}", error.message());
    }
}
