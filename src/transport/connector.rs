//! Makes connections: to a Unix socket, to an address, or through a proxy,
//! with TLS where the URL asks for it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustls::ClientConfig;

use crate::base::error::{Error, Result, Status, io_reason};
use crate::transport::address_policy::{AddressPolicy, NetworkZone};
use crate::transport::proxy::Proxy;
use crate::transport::resolve::Resolver;
use crate::transport::socket::{Broken, Socket};
use crate::transport::stream::ByteStream;
use crate::transport::tls::TlsSettings;
use crate::transport::tls_error::reason;
use crate::transport::tunnel;
use crate::transport::wait::Wait;
use crate::wire::url::{Origin, Scheme, Url};

/// How the server is reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    pub(crate) unix_socket: Option<PathBuf>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) tls: TlsSettings,
    /// The addresses that are allowed. The MCP server itself has no such
    /// policy, because the application chose its URL.
    pub(crate) address_policy: Option<AddressPolicy>,
}

/// Makes connections by one route, and keeps what they share.
#[derive(Debug, Default)]
pub(crate) struct Connector {
    resolver: Resolver,
    tls: OnceLock<Arc<ClientConfig>>,
    /// For the connection to a proxy.
    proxy_tls: OnceLock<Arc<ClientConfig>>,
    /// The furthest zone of the peers of its connections.
    peer_zone: Mutex<Option<NetworkZone>>,
}

impl Connector {
    pub(crate) async fn open(&self, url: &Url, route: &Route, wait: &Wait) -> Result<ByteStream> {
        let origin = &url.origin;
        let stream = match &route.proxy {
            Some(proxy) if route.unix_socket.is_none() && !origin.is_loopback() => {
                // The proxy resolves the name, so only an address is checked.
                if let Some(address_policy) = route.address_policy {
                    address_policy.check_host(&origin.host)?;
                }
                let tunnel = self.tunnel(proxy, origin, route, wait).await;
                tunnel.map_err(|error| of_proxy(proxy, error))?
            }
            _ => {
                let via = (route.unix_socket.as_ref(), route.address_policy);
                let stream = self.dial(origin, via, wait).await?;
                self.note(&stream);
                stream
            }
        };
        match origin.scheme {
            Scheme::Http => Ok(stream),
            Scheme::Https => {
                let config = shared(&self.tls, || route.tls.config())?;
                secure(stream, origin, config, wait).await
            }
        }
    }

    async fn dial(
        &self,
        origin: &Origin,
        (unix_socket, address_policy): (Option<&PathBuf>, Option<AddressPolicy>),
        wait: &Wait,
    ) -> Result<ByteStream> {
        if let Some(path) = unix_socket {
            return Socket::dial_unix(path, wait).await.map(ByteStream::Plain);
        }
        let mut addresses = self.resolver.resolve(&origin.host, origin.port, wait).await?;
        // These very addresses are dialled: the name may resolve to others
        // the next time.
        if let Some(address_policy) = address_policy {
            addresses = address_policy.filter(origin, addresses)?;
        }
        Socket::dial(&addresses, &origin.host_and_port(), wait).await.map(ByteStream::Plain)
    }

    /// The zone of the server. Connections that were made count, and not a new
    /// lookup: an attacker can make a name resolve to another address.
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
        // The proxy decides where it connects.
        if route.proxy.is_some() {
            return Ok(NetworkZone::Public);
        }
        if let Some(zone) = *self.peer_zone() {
            return Ok(zone);
        }
        let addresses = self.resolver.resolve(&origin.host, origin.port, wait).await?;
        let zones = addresses.iter().map(|address| NetworkZone::of(address.ip()));
        Ok(zones.max().unwrap_or(NetworkZone::Public))
    }

    fn note(&self, stream: &ByteStream) {
        if let Some(address) = stream.socket().peer() {
            let mut peer_zone = self.peer_zone();
            *peer_zone = (*peer_zone).max(Some(NetworkZone::of(address)));
        }
    }

    fn peer_zone(&self) -> MutexGuard<'_, Option<NetworkZone>> {
        self.peer_zone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a tunnel to the origin through a proxy.
    async fn tunnel(
        &self,
        proxy: &Proxy,
        origin: &Origin,
        route: &Route,
        wait: &Wait,
    ) -> Result<ByteStream> {
        let mut stream = self.dial(&proxy.origin, (None, None), wait).await?;
        if proxy.origin.scheme == Scheme::Https {
            let config = shared(&self.proxy_tls, || route.tls.for_proxy().config())?;
            stream = secure(stream, &proxy.origin, config, wait).await?;
        }
        tunnel::ask(&mut stream, origin, proxy, wait).await?;
        Ok(stream)
    }
}

async fn secure(
    stream: ByteStream,
    origin: &Origin,
    config: Arc<ClientConfig>,
    wait: &Wait,
) -> Result<ByteStream> {
    let secured = stream.into_tls(config, &origin.host, wait).await;
    secured.map_err(|broken| handshake_failed(broken, origin))
}

/// One TLS configuration for all connections: to find the one that clients
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

fn handshake_failed(broken: Broken, origin: &Origin) -> Error {
    let why = match broken {
        Broken::Wait(error) => return error,
        Broken::Connection(error) => match reason(&error) {
            Some(reason) => reason,
            None if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                "the server closed the connection; does it speak TLS?".to_owned()
            }
            None => io_reason(&error),
        },
    };
    Error::new(Status::Tls, format!("TLS with {}: {why}", origin.authority()))
}

/// Names the proxy in an error of the connection to it. A cancel and a timeout
/// of the caller are not errors of the proxy.
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
    fn takes_the_zone_from_the_address_or_from_the_connections() {
        let wait = Wait::for_at_most(Duration::from_secs(30));
        let connector = Connector::default();
        let zone = |url: &str, route: &Route| {
            now(connector.network_zone(&Url::parse(url).unwrap().origin, route, &wait)).ok()
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
        // The zones of connections count, and the furthest one of several.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        now(connector.open(&Url::parse(&url).unwrap(), &direct, &wait)).unwrap();
        assert_eq!(zone("http://name.invalid/", &direct), Some(NetworkZone::Loopback));
        *connector.peer_zone() = Some(NetworkZone::Public);
        now(connector.open(&Url::parse(&url).unwrap(), &direct, &wait)).unwrap();
        assert_eq!(zone("http://name.invalid/", &direct), Some(NetworkZone::Public));
    }
}
