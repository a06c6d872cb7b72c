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
     MCP_ALLOW_PLAIN_HTTP of mcp_client_set_allow() and mcp_auth_set_allow_private()";

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
mod tests;
