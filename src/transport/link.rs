//! A byte stream to the server: a plain socket, or TLS over one, with a
//! proxy's tunnel below it where there is one.
//!
//! All TLS is without I/O of its own and never blocks: what waits is the one
//! socket at the bottom, so that cancelling and time reach a handshake as they
//! reach everything else.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustls::ClientConfig;

use crate::base::error::{Error, Result, Status};
use crate::base::sys::{POLLIN, POLLOUT};
use crate::transport::address_policy::{AddressPolicy, NetworkZone};
use crate::transport::proxy::Proxy;
use crate::transport::resolve::Resolver;
use crate::transport::secured::Secured;
use crate::transport::socket::{Broken, Socket};
use crate::transport::tls::{TlsSettings, reason};
use crate::transport::tunnel;
use crate::transport::wait::Wait;
use crate::wire::url::{Origin, Scheme, Url};

/// How the server is reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    pub(crate) unix_socket: Option<PathBuf>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) tls: TlsSettings,
    /// Where it may lead, if not everywhere. The MCP server's own has none:
    /// the program named that one.
    pub(crate) address_policy: Option<AddressPolicy>,
}

/// Opens links by one route, and keeps what several of them share.
#[derive(Debug, Default)]
pub(crate) struct Opener {
    resolver: Resolver,
    tls: OnceLock<Arc<ClientConfig>>,
    /// The same for the way to a proxy.
    proxy_tls: OnceLock<Arc<ClientConfig>>,
    /// Where the peers of its own connections were: the outermost.
    met: Mutex<Option<NetworkZone>>,
}

/// A byte stream to the server.
#[derive(Debug)]
pub(crate) enum Link {
    Plain(Socket),
    Secured(Box<Secured>),
}

impl Opener {
    pub(crate) async fn open(&self, url: &Url, route: &Route, wait: &Wait) -> Result<Link> {
        let origin = &url.origin;
        let link = match &route.proxy {
            Some(proxy) if route.unix_socket.is_none() && !origin.is_loopback() => {
                // The proxy resolves: what is a name is its matter.
                if let Some(address_policy) = route.address_policy {
                    address_policy.check_host(&origin.host)?;
                }
                let tunnel = self.tunnel(proxy, origin, route, wait).await;
                tunnel.map_err(|error| of_proxy(proxy, error))?
            }
            _ => {
                let way = (route.unix_socket.as_ref(), route.address_policy);
                let link = self.dial(origin, way, wait).await?;
                self.note(&link);
                link
            }
        };
        match origin.scheme {
            Scheme::Http => Ok(link),
            Scheme::Https => {
                let config = shared(&self.tls, || route.tls.config())?;
                secure(link, origin, config, wait).await
            }
        }
    }

    async fn dial(
        &self,
        origin: &Origin,
        (unix_socket, address_policy): (Option<&PathBuf>, Option<AddressPolicy>),
        wait: &Wait,
    ) -> Result<Link> {
        if let Some(path) = unix_socket {
            return Socket::dial_unix(path, wait).await.map(Link::Plain);
        }
        let mut addresses = self.resolver.resolve(&origin.host, origin.port, wait).await?;
        // Exactly these are dialled: a name may resolve otherwise next time.
        if let Some(address_policy) = address_policy {
            addresses = address_policy.filter(&origin.host, addresses)?;
        }
        Socket::dial(&addresses, &origin.host_and_port(), wait).await.map(Link::Plain)
    }

    /// Where the server is: as the connections to it have shown, for a name
    /// can be made to resolve otherwise as soon as that is asked for.
    pub(crate) async fn network_zone(
        &self,
        origin: &Origin,
        route: &Route,
        wait: &Wait,
    ) -> Result<NetworkZone> {
        if route.unix_socket.is_some() || origin.is_loopback() {
            return Ok(NetworkZone::Loopback);
        }
        if let Ok(address) = origin.host.parse() {
            return Ok(NetworkZone::of(address));
        }
        // Nobody here knows where a proxy goes.
        if route.proxy.is_some() {
            return Ok(NetworkZone::Public);
        }
        if let Some(zone) = *self.met() {
            return Ok(zone);
        }
        let addresses = self.resolver.resolve(&origin.host, origin.port, wait).await?;
        let zones = addresses.iter().map(|address| NetworkZone::of(address.ip()));
        Ok(zones.max().unwrap_or(NetworkZone::Public))
    }

    fn note(&self, link: &Link) {
        if let Some(address) = link.socket().peer() {
            let mut met = self.met();
            *met = (*met).max(Some(NetworkZone::of(address)));
        }
    }

    fn met(&self) -> MutexGuard<'_, Option<NetworkZone>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A way to the origin that a proxy keeps open.
    async fn tunnel(
        &self,
        proxy: &Proxy,
        origin: &Origin,
        route: &Route,
        wait: &Wait,
    ) -> Result<Link> {
        let mut link = self.dial(&proxy.origin, (None, None), wait).await?;
        if proxy.origin.scheme == Scheme::Https {
            let config = shared(&self.proxy_tls, || route.tls.for_proxy().config())?;
            link = secure(link, &proxy.origin, config, wait).await?;
        }
        tunnel::ask(&mut link, origin, proxy, wait).await?;
        Ok(link)
    }
}

async fn secure(
    link: Link,
    origin: &Origin,
    config: Arc<ClientConfig>,
    wait: &Wait,
) -> Result<Link> {
    let failed = |broken| handshake_failed(broken, origin);
    let secured = Secured::begin(link, config, &origin.host);
    let mut link = Link::Secured(Box::new(secured.map_err(|error| failed(error.into()))?));
    link.shake_hands(wait).await.map_err(failed)?;
    Ok(link)
}

/// One configuration for all connections: looking for the one that others
/// share takes time.
fn shared(
    kept: &OnceLock<Arc<ClientConfig>>,
    make: impl FnOnce() -> Result<Arc<ClientConfig>>,
) -> Result<Arc<ClientConfig>> {
    if let Some(config) = kept.get() {
        return Ok(config.clone());
    }
    let config = make()?;
    Ok(kept.get_or_init(|| config).clone())
}

impl Link {
    /// Agrees on TLS with who is at the other end.
    async fn shake_hands(&mut self, wait: &Wait) -> std::result::Result<(), Broken> {
        loop {
            self.flush(wait).await?;
            let Self::Secured(secured) = self else { return Ok(()) };
            if !secured.is_handshaking() {
                return Ok(());
            }
            match secured.take_in() {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket().until(POLLIN, wait).await?;
                }
                Err(error) if is_early(&error) => wait.give_way().await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends all of it, or until the peer has something to say instead. The
    /// number of bytes that may have left is kept in `sent`.
    pub(crate) async fn send(
        &mut self,
        bytes: &[u8],
        sent: &mut usize,
        wait: &Wait,
    ) -> std::result::Result<(), Broken> {
        if let Self::Plain(socket) = self {
            return socket.send(bytes, sent, wait).await;
        }
        while let Some(rest) = bytes.get(*sent..).filter(|rest| !rest.is_empty()) {
            match self.write_at_once(rest) {
                Ok(count) => *sent += count,
                Err(error) if is_early(&error) => {}
                Err(error) => return Err(broken(error)),
            }
            self.flush(wait).await?;
        }
        Ok(())
    }

    /// Sends what was written and has not left yet.
    pub(crate) async fn flush(&mut self, wait: &Wait) -> std::result::Result<(), Broken> {
        loop {
            match self.flush_at_once() {
                Ok(()) => return Ok(()),
                Err(error) if is_early(&error) => {}
                Err(error) => return Err(broken(error)),
            }
            let ready = self.socket().until(POLLIN | POLLOUT, wait).await?;
            // A server that refuses a request before it has read all of it
            // may never read on.
            if !ready.has(POLLOUT) && self.has_input().map_err(broken)? {
                return Err(Broken::Connection(io::Error::other("answered early")));
            }
        }
    }

    pub(crate) async fn receive(
        &mut self,
        buffer: &mut [u8],
        is_likely: bool,
        wait: &Wait,
    ) -> std::result::Result<usize, Broken> {
        if let Self::Plain(socket) = self {
            return socket.receive(buffer, is_likely, wait).await;
        }
        loop {
            match self.read_at_once(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let events = match self.flush_at_once() {
                        Ok(()) => POLLIN,
                        Err(error) if is_early(&error) => POLLIN | POLLOUT,
                        Err(error) => return Err(broken(error)),
                    };
                    self.socket().until(events, wait).await?;
                }
                // Records without data: a peer that has nothing else must not
                // outlast the wait.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    wait.give_way().await?;
                }
                Err(error) => return Err(broken(error)),
            }
        }
    }

    /// Whether the peer has neither closed nor said anything unasked.
    pub(crate) fn is_quiet(&mut self) -> bool {
        if let Self::Plain(socket) = self {
            return socket.is_quiet();
        }
        // Tickets and the like may have come; not many.
        for _ in 0..8 {
            match self.read_at_once(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A byte is lost, and with it the connection.
                _ => return false,
            }
        }
        false
    }

    /// What waits for it.
    pub(crate) fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Secured(secured) => secured.below().socket(),
        }
    }

    /// Receives what is there already: `WouldBlock` if that is nothing,
    /// `Interrupted` if there may be more behind it.
    pub(crate) fn read_at_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.receive_at_once(buffer),
            Self::Secured(secured) => secured.read_at_once(buffer),
        }
    }

    /// Takes what it can take; some of it may wait for a flush.
    pub(crate) fn write_at_once(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.send_at_once(bytes),
            Self::Secured(secured) => secured.write_at_once(bytes),
        }
    }

    pub(crate) fn flush_at_once(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Secured(secured) => secured.flush_at_once(),
        }
    }

    /// Whether there is something to receive, or the end.
    fn has_input(&mut self) -> io::Result<bool> {
        match self {
            Self::Plain(_) => Ok(true),
            Self::Secured(secured) => secured.has_input(),
        }
    }
}

/// Whether it is only too early, and not an error.
pub(crate) fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn broken(error: io::Error) -> Broken {
    match reason(&error) {
        // A client certificate that is missing or refused is told after the
        // handshake in TLS 1.3.
        Some(reason) => Broken::Wait(Error::new(Status::Tls, format!("TLS: {reason}"))),
        None => Broken::Connection(error),
    }
}

fn handshake_failed(broken: Broken, origin: &Origin) -> Error {
    let why = match broken {
        Broken::Wait(error) => return error,
        Broken::Connection(error) => match reason(&error) {
            Some(reason) => reason,
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                "the server closed the connection; does it speak TLS?".to_owned()
            }
            None => crate::transport::socket::plain(&error),
        },
    };
    Error::new(Status::Tls, format!("TLS with {}: {why}", origin.authority()))
}

/// An error on the way to a proxy, or of its own. The caller's own cancel or
/// time is not its fault.
fn of_proxy(proxy: &Proxy, error: Error) -> Error {
    match error.status() {
        Status::Connect | Status::Resolve | Status::Tls | Status::Proxy => {
            Error::new(Status::Proxy, format!("proxy {}: {}", proxy.name(), error.message()))
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wait::now;
    use std::net::TcpListener;
    use std::time::Duration;

    #[test]
    fn knows_where_the_server_is_by_its_address_or_by_the_connections_to_it() {
        let wait = Wait::for_at_most(Duration::from_secs(5));
        let opener = Opener::default();
        let zone = |url: &str, route: &Route| {
            now(opener.network_zone(&Url::parse(url).unwrap().origin, route, &wait)).ok()
        };
        let direct = Route::default();
        assert_eq!(zone("http://a.localhost/", &direct), Some(NetworkZone::Loopback));
        assert_eq!(zone("http://10.0.0.1/", &direct), Some(NetworkZone::Private));
        assert_eq!(zone("http://[2606::1]/", &direct), Some(NetworkZone::Public));
        let proxy = Proxy::parse("http://proxy.invalid").ok();
        let proxied = Route { proxy, ..Route::default() };
        assert_eq!(zone("http://10.0.0.1/", &proxied), Some(NetworkZone::Private));
        assert_eq!(zone("http://name.invalid/", &proxied), Some(NetworkZone::Public));
        let unix_socket = Some("/socket".into());
        let unix = Route { unix_socket, ..Route::default() };
        assert_eq!(zone("http://name.invalid/", &unix), Some(NetworkZone::Loopback));
        // What a connection has shown counts, and of several the furthest.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        now(opener.open(&Url::parse(&url).unwrap(), &direct, &wait)).unwrap();
        assert_eq!(zone("http://name.invalid/", &direct), Some(NetworkZone::Loopback));
        *opener.met() = Some(NetworkZone::Public);
        now(opener.open(&Url::parse(&url).unwrap(), &direct, &wait)).unwrap();
        assert_eq!(zone("http://name.invalid/", &direct), Some(NetworkZone::Public));
    }
}
