//! A byte stream to the server: a plain socket, or ureq's connector chain
//! where TLS or a proxy is in between.
//!
//! The only file that names `ureq::unversioned`, which is outside semver. Our
//! own socket is the chain's first link, so that waiting, cancelling and
//! closing are the same everywhere.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ureq::config::Config;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{ArrayVec, ResolvedSocketAddrs, Resolver as UreqResolver};
use ureq::unversioned::transport::time::{Duration as UreqDuration, Instant as UreqInstant};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout,
    RustlsConnector, Transport,
};
use ureq::{Agent, Timeout};

use crate::base::error::{Error, Result, Status, quote};
use crate::transport::background;
use crate::transport::proxy::Proxy;
use crate::transport::resolve::Resolver;
use crate::transport::socket::{Broken, Socket, plain};
use crate::transport::tls::TlsSettings;
use crate::transport::wait::{Wait, now};
use crate::wire::url::{Origin, Scheme, Url};

/// How the server is reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    pub(crate) unix_socket: Option<PathBuf>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) tls: TlsSettings,
}

/// Opens links by one route, and keeps what several of them share.
#[derive(Debug, Default)]
pub(crate) struct Opener {
    resolver: Arc<Resolver>,
    tls: OnceLock<(TlsConfig, RustlsConnector)>,
}

/// A byte stream to the server.
pub(crate) enum Link {
    Plain(Socket),
    Chain { transport: Box<dyn Transport>, slot: Arc<Slot> },
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Chain { .. } => "Chain",
        })
    }
}

impl Opener {
    pub(crate) async fn open(
        self: &Arc<Self>,
        url: &Url,
        route: &Route,
        wait: &Wait,
    ) -> Result<Link> {
        let origin = &url.origin;
        let proxy = match &route.proxy {
            Some(proxy) if route.unix_socket.is_none() && !origin.is_loopback() => Some(proxy),
            _ => None,
        };
        if origin.scheme == Scheme::Http && proxy.is_none() {
            return dial(&self.resolver, origin, route, wait).await.map(Link::Plain);
        }
        if !wait.is_background() {
            return self.open_chain(origin, route, proxy, wait);
        }
        // The foreign links can be interrupted while they read, but not while
        // they are being set up.
        let (this, origin, route) = (self.clone(), origin.clone(), route.clone());
        let (proxy, wait) = (proxy.cloned(), wait.elsewhere());
        background::offload(move || this.open_chain(&origin, &route, proxy.as_ref(), &wait)).await
    }

    fn open_chain(
        &self,
        origin: &Origin,
        route: &Route,
        proxy: Option<&Proxy>,
        wait: &Wait,
    ) -> Result<Link> {
        let slot = Arc::new(Slot::new(wait));
        let (tls_config, rustls) = self.tls(route)?;
        let builder = Agent::config_builder()
            .tls_config(tls_config.clone())
            .proxy(proxy.map(|proxy| proxy.ureq()));
        let config = builder.build();
        let uri: http::Uri = format!("{origin}/")
            .parse()
            .map_err(|_| Error::new(Status::Internal, "an origin that is no URL"))?;
        let resolver = SlotResolver { resolver: self.resolver.clone(), slot: slot.clone() };
        let run = {
            let resolver = resolver.clone();
            let slot = slot.clone();
            let tls_config = tls_config.clone();
            // How the way to the proxy itself is made, which may be TLS.
            move |details: &ConnectionDetails| {
                let socket = SocketLink::dial(&resolver, details.uri, &slot)?;
                let connector = RustlsConnector::default();
                let config = Agent::config_builder().tls_config(tls_config.clone()).build();
                let details = with_config(details, &config);
                boxed(connector.connect(&details, Some(socket))?)
            }
        };
        let details = ConnectionDetails {
            uri: &uri,
            addrs: unresolved(),
            config: &config,
            request_level: false,
            resolver: &resolver,
            now: UreqInstant::now(),
            timeout: UNLIMITED,
            current_time: Arc::new(UreqInstant::now),
            run_connector: Arc::new(run),
            register_shutdown: Arc::new(|_| Ok(())),
        };
        let tunnel = match proxy {
            None => None,
            Some(proxy) => {
                let tunnel = ConnectProxyConnector::default().connect(&details, None::<()>);
                match tunnel.map_err(|error| through_proxy(error, &slot, proxy))? {
                    Some(Either::B(tunnel)) => Some(tunnel),
                    _ => None,
                }
            }
        };
        let first: Box<dyn Transport> = match tunnel {
            Some(tunnel) => tunnel,
            None => {
                let socket = now(dial(&self.resolver, origin, route, wait))?;
                Box::new(SocketLink::new(socket, slot.clone()))
            }
        };
        let secured = rustls.connect(&details, Some(first)).and_then(boxed);
        let transport = secured.map_err(|error| handshake_failed(error, &slot, origin))?;
        Ok(Link::Chain { transport, slot })
    }

    /// One configuration for all connections: reading the system's
    /// certificates takes milliseconds, and sessions can be resumed.
    fn tls(&self, route: &Route) -> Result<&(TlsConfig, RustlsConnector)> {
        if self.tls.get().is_none() {
            let made = (route.tls.config()?, RustlsConnector::default());
            // Another thread may have been first, with the same.
            let _ = self.tls.set(made);
        }
        self.tls.get().ok_or_else(|| Error::new(Status::Internal, "no TLS configuration"))
    }
}

impl Link {
    pub(crate) async fn send(
        &mut self,
        bytes: &[u8],
        sent: &mut usize,
        wait: &Wait,
    ) -> std::result::Result<(), Broken> {
        match self {
            Self::Plain(socket) => socket.send(bytes, sent, wait).await,
            Self::Chain { transport, slot } => {
                slot.begin(wait);
                while let Some(rest) = bytes.get(*sent..).filter(|rest| !rest.is_empty()) {
                    let output = transport.buffers().output();
                    let count = rest.len().min(output.len());
                    for (to, from) in output.iter_mut().zip(rest) {
                        *to = *from;
                    }
                    // Whether the bytes have left is not known once it fails.
                    *sent += count;
                    transport
                        .transmit_output(count, UNLIMITED)
                        .map_err(|error| slot.broken(error))?;
                    slot.flush(wait).await?;
                }
                Ok(())
            }
        }
    }

    pub(crate) async fn receive(
        &mut self,
        buffer: &mut [u8],
        is_likely: bool,
        wait: &Wait,
    ) -> std::result::Result<usize, Broken> {
        match self {
            Self::Plain(socket) => socket.receive(buffer, is_likely, wait).await,
            Self::Chain { transport, slot } => {
                slot.begin(wait);
                while transport.buffers().input().is_empty() {
                    match transport.await_input(UNLIMITED) {
                        Ok(true) => {}
                        Ok(false) => return Ok(0),
                        Err(error) if is_interrupted(&error) => {
                            slot.flush(wait).await?;
                            slot.until_input(wait).await?;
                        }
                        Err(error) => return Err(slot.broken(error)),
                    }
                }
                let buffers = transport.buffers();
                let input = buffers.input();
                let count = input.len().min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(input) {
                    *to = *from;
                }
                buffers.input_consume(count);
                Ok(count)
            }
        }
    }

    /// Whether the peer has neither closed nor said anything unasked.
    pub(crate) fn is_quiet(&mut self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_quiet(),
            Self::Chain { transport, .. } => {
                transport.buffers().input().is_empty() && transport.is_open()
            }
        }
    }
}

/// What a chain of foreign links is to wait with at the moment, and the error
/// of ours that the foreign ones cannot carry.
#[derive(Debug)]
pub(crate) struct Slot {
    wait: Mutex<Wait>,
    failure: Mutex<Option<Error>>,
    /// The first link's.
    socket: OnceLock<Arc<Socket>>,
    /// What the chain wrote on the background thread and the socket did not
    /// take: a write of a foreign link cannot be interrupted.
    backlog: Mutex<Vec<u8>>,
}

impl Slot {
    fn new(wait: &Wait) -> Self {
        Self {
            wait: Mutex::new(wait.clone()),
            failure: Mutex::new(None),
            socket: OnceLock::new(),
            backlog: Mutex::default(),
        }
    }

    fn begin(&self, wait: &Wait) {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait.clone();
        self.take();
    }

    fn wait(&self) -> Wait {
        self.wait.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends what the chain has written.
    async fn flush(&self, wait: &Wait) -> std::result::Result<(), Broken> {
        let backlog =
            std::mem::take(&mut *self.backlog.lock().unwrap_or_else(PoisonError::into_inner));
        match self.socket.get() {
            Some(socket) if !backlog.is_empty() => socket.send(&backlog, &mut 0, wait).await,
            _ => Ok(()),
        }
    }

    async fn until_input(&self, wait: &Wait) -> std::result::Result<(), Broken> {
        match self.socket.get() {
            Some(socket) => Ok(socket.until_input(wait).await?),
            None => Err(Broken::Connection(io::ErrorKind::NotConnected.into())),
        }
    }

    fn take(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps an error of ours and gives one that the chain understands.
    fn carry(&self, error: Error) -> ureq::Error {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        ureq::Error::Io(io::Error::other("see the slot"))
    }

    fn broken(&self, error: ureq::Error) -> Broken {
        if let Some(error) = self.take() {
            return Broken::Wait(error);
        }
        match tls_reason(&error) {
            // A client certificate that is missing or refused is told after
            // the handshake in TLS 1.3.
            Some(reason) => Broken::Wait(Error::new(Status::Tls, format!("TLS: {reason}"))),
            None => Broken::Connection(match error {
                ureq::Error::Io(error) => error,
                other => io::Error::other(other.to_string()),
            }),
        }
    }
}

/// Our socket as the first link of the chain.
struct SocketLink {
    socket: Arc<Socket>,
    buffers: LazyBuffers,
    slot: Arc<Slot>,
}

impl fmt::Debug for SocketLink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SocketLink")
    }
}

impl SocketLink {
    fn new(socket: Socket, slot: Arc<Slot>) -> Self {
        let socket = Arc::new(socket);
        // There is one first link to a chain.
        let _ = slot.socket.set(socket.clone());
        Self { socket, buffers: LazyBuffers::new(16 * 1024, 16 * 1024), slot }
    }

    fn dial(
        resolver: &SlotResolver,
        uri: &http::Uri,
        slot: &Arc<Slot>,
    ) -> std::result::Result<Self, ureq::Error> {
        let wait = slot.wait();
        let dialled = resolver
            .addresses(uri, &wait)
            .and_then(|(name, addresses)| now(Socket::dial(&addresses, &name, &wait)));
        match dialled {
            Ok(socket) => Ok(Self::new(socket, slot.clone())),
            Err(error) => Err(slot.carry(error)),
        }
    }

    fn failed(&self, broken: Broken) -> ureq::Error {
        match broken {
            Broken::Wait(error) => self.slot.carry(error),
            Broken::Connection(error) => ureq::Error::Io(error),
        }
    }
}

impl Transport for SocketLink {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(
        &mut self,
        amount: usize,
        _timeout: NextTimeout,
    ) -> std::result::Result<(), ureq::Error> {
        let wait = self.slot.wait();
        let output = self.buffers.output();
        let output = output.get(..amount).unwrap_or_default();
        if wait.is_background() {
            let mut backlog = self.slot.backlog.lock().unwrap_or_else(PoisonError::into_inner);
            backlog.extend_from_slice(output);
            return Ok(());
        }
        now(self.socket.send(output, &mut 0, &wait)).map_err(|broken| self.failed(broken))
    }

    fn await_input(&mut self, _timeout: NextTimeout) -> std::result::Result<bool, ureq::Error> {
        let wait = self.slot.wait();
        let input = self.buffers.input_append_buf();
        let received = if wait.is_background() {
            self.socket.receive_at_once(input).map_err(Broken::Connection)
        } else {
            now(self.socket.receive(input, false, &wait))
        };
        match received {
            Ok(count) => {
                self.buffers.input_appended(count);
                Ok(count > 0)
            }
            Err(broken) => Err(self.failed(broken)),
        }
    }

    fn is_open(&mut self) -> bool {
        self.socket.is_quiet()
    }
}

/// Our resolver where ureq asks for one: for the proxy's name.
#[derive(Clone, Debug)]
struct SlotResolver {
    resolver: Arc<Resolver>,
    slot: Arc<Slot>,
}

impl SlotResolver {
    fn addresses(
        &self,
        uri: &http::Uri,
        wait: &Wait,
    ) -> Result<(String, Vec<std::net::SocketAddr>)> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default);
        let addresses = now(self.resolver.resolve(host, port, wait))?;
        Ok((format!("{host}:{port}"), addresses))
    }
}

impl UreqResolver for SlotResolver {
    fn resolve(
        &self,
        uri: &http::Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        let (_, addresses) =
            self.addresses(uri, &self.slot.wait()).map_err(|error| self.slot.carry(error))?;
        let mut out = unresolved();
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            out.push(address);
        }
        Ok(out)
    }
}

/// Every limit of time is in [`Wait`].
const UNLIMITED: NextTimeout = NextTimeout {
    after: UreqDuration::NotHappening,
    reason: Timeout::Connect,
    per_read: None,
    per_write: None,
};

const MOST_ADDRESSES: usize = 16;

fn unresolved() -> ResolvedSocketAddrs {
    ArrayVec::from_fn(|_| std::net::SocketAddr::from(([0, 0, 0, 0], 0)))
}

fn with_config<'a>(details: &ConnectionDetails<'a>, config: &'a Config) -> ConnectionDetails<'a> {
    ConnectionDetails {
        uri: details.uri,
        addrs: details.addrs.clone(),
        config,
        request_level: true,
        resolver: details.resolver,
        now: details.now,
        timeout: details.timeout,
        current_time: details.current_time.clone(),
        run_connector: details.run_connector.clone(),
        register_shutdown: details.register_shutdown.clone(),
    }
}

fn boxed<A: Transport, B: Transport>(
    link: Option<Either<A, B>>,
) -> std::result::Result<Box<dyn Transport>, ureq::Error> {
    match link {
        Some(Either::A(link)) => Ok(Box::new(link)),
        Some(Either::B(link)) => Ok(Box::new(link)),
        None => Err(ureq::Error::ConnectionFailed),
    }
}

async fn dial(resolver: &Resolver, origin: &Origin, route: &Route, wait: &Wait) -> Result<Socket> {
    if let Some(path) = &route.unix_socket {
        return Socket::dial_unix(path, wait).await;
    }
    let addresses = resolver.resolve(&origin.host, origin.port, wait).await?;
    let name = if origin.host.contains(':') {
        format!("[{}]:{}", origin.host, origin.port)
    } else {
        format!("{}:{}", origin.host, origin.port)
    };
    Socket::dial(&addresses, &name, wait).await
}

/// Whether the socket had nothing yet, on the background thread: the chain
/// keeps its state and is asked again.
fn is_interrupted(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(error) if error.kind() == io::ErrorKind::WouldBlock)
}

fn through_proxy(error: ureq::Error, slot: &Slot, proxy: &Proxy) -> Error {
    let name = proxy.name();
    if let Some(ours) = slot.take() {
        // The caller's own cancel or time is not the proxy's fault.
        return match ours.status() {
            Status::Connect | Status::Resolve => {
                Error::new(Status::Proxy, format!("proxy {name}: {}", ours.message()))
            }
            _ => ours,
        };
    }
    let why = match (&error, tls_reason(&error)) {
        (_, Some(reason)) => format!("TLS: {reason}"),
        (ureq::Error::ConnectProxyFailed(why), _) if why.contains("407") => {
            "it asks for a user name and a password (407); put them into its URL".to_owned()
        }
        (ureq::Error::ConnectProxyFailed(why), _) => quote(why),
        (ureq::Error::Io(error), _) => plain(error),
        (other, _) => quote(&other.to_string()),
    };
    Error::new(Status::Proxy, format!("proxy {name}: {why}"))
}

fn handshake_failed(error: ureq::Error, slot: &Slot, origin: &Origin) -> Error {
    if let Some(ours) = slot.take() {
        return ours;
    }
    let why = tls_reason(&error).unwrap_or_else(|| match &error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the server closed the connection; does it speak TLS?".to_owned()
        }
        ureq::Error::Io(error) => plain(error),
        other => quote(&other.to_string()),
    });
    Error::new(Status::Tls, format!("TLS with {}: {why}", origin.authority()))
}

/// What rustls says, wherever it stands in the chain of causes, and what to
/// do about it.
fn tls_reason(error: &ureq::Error) -> Option<String> {
    let found = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Tls(text) => return Some((*text).to_owned()),
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<rustls::Error>()?,
        _ => return None,
    };
    use rustls::CertificateError::{Expired, ExpiredContext, UnknownIssuer};
    let advice = match found {
        rustls::Error::InvalidCertificate(UnknownIssuer) => {
            "; trust its issuer with mcp_client_set_ca_file()"
        }
        rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
            "; is the clock of this machine right?"
        }
        rustls::Error::InvalidMessage(_) => "; does the server speak TLS?",
        _ => "",
    };
    Some(format!("{}{advice}", quote(&found.to_string())))
}
