//! The loopback listener for the redirect of the browser (RFC 8252, 7.3).
//!
//! Any program on this machine can connect, and any page in the browser can too.
//! Only a request with the right `state` ends the wait.

mod connection;
pub(crate) mod receiver;
pub(crate) mod request;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Type};

use crate::auth::oauth::host::listener::connection::BrowserConnection;
use crate::auth::oauth::host::listener::receiver::RedirectReceiver;
use crate::auth::oauth::spec::redirect::{LoopbackRedirect, RedirectTarget};
use crate::base::error::{Error, Result, Status, io_reason};
use crate::base::secret::Secret;
use crate::base::signal::Signal;
use crate::platform::{POLLIN, Poll, lacks_address, raw_socket};
use crate::transport::socket::Socket;
use crate::transport::wait::{self, Wait};

/// The redirect URL if the application set none.
const DEFAULT: &str = "http://127.0.0.1/callback";

/// The most open connections.
const CONNECTIONS: usize = 16;
/// A listener has at most two sockets; a signal may end its wait.
const _: () = assert!(CONNECTIONS + 3 <= Wait::MOST);

/// The most connections that wait to be accepted.
const BACKLOG: i32 = 64;

/// How many free ports are tried until one is free for both IPv4 and IPv6.
const TRIES: usize = 16;

/// The pause if the system has no more descriptors.
const REST: Duration = Duration::from_millis(50);

/// Listens from its creation until the redirect has arrived, the wait has ended,
/// or it is dropped.
#[derive(Debug)]
pub(crate) struct LoopbackListener {
    place: RedirectTarget,
    /// Empty after the wait.
    sockets: Vec<socket2::Socket>,
}

/// Why the library cannot listen.
#[derive(Debug)]
pub(crate) enum BindError {
    /// The requested port is taken. Another may be free.
    Taken(Error),
    /// No port can be used.
    Failed(Error),
}

impl From<Error> for BindError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<BindError> for Error {
    fn from(unbound: BindError) -> Self {
        match unbound {
            BindError::Taken(error) | BindError::Failed(error) => error,
        }
    }
}

impl LoopbackListener {
    /// Listens at `redirect`, or at the default URL. The port is the one of the
    /// URL, else `port`, else any free one.
    pub(crate) fn bind(
        redirect: Option<&str>,
        port: Option<u16>,
    ) -> std::result::Result<Self, BindError> {
        let redirect = LoopbackRedirect::parse(redirect.unwrap_or(DEFAULT))?;
        let wanted = redirect.port.or(port).unwrap_or(0);
        let mut left = TRIES;
        loop {
            left -= 1;
            match open_all(redirect.addresses(), wanted) {
                Ok((sockets, port)) => return Ok(Self { place: redirect.at(port), sockets }),
                // Free in one family only.
                Err(error) if is_taken(&error) && wanted == 0 && left > 0 => {}
                Err(error) => return Err(unbound(&redirect, wanted, &error)),
            }
        }
    }

    /// The redirect URL for requests: with the port.
    pub(crate) fn redirect_uri(&self) -> &str {
        &self.place.uri
    }

    #[cfg(test)]
    pub(crate) fn port(&self) -> u16 {
        self.place.port
    }

    /// Waits for the redirect: the first request whose query `receiver` takes. Any
    /// other request gets a neutral page. `None` if `enough` is raised first.
    ///
    /// The listener is closed afterwards, whatever the outcome.
    pub(crate) async fn answer(
        &mut self,
        wait: &Wait,
        enough: &Signal,
        receiver: &mut dyn RedirectReceiver,
    ) -> Result<Option<Secret>> {
        let sockets = std::mem::take(&mut self.sockets);
        if sockets.is_empty() {
            return Err(Error::new(
                Status::State,
                format!("the listener at {} is closed: begin another sign-in", self.place.shown()),
            ));
        }
        let mut connections: Vec<BrowserConnection> = Vec::with_capacity(CONNECTIONS);
        loop {
            if enough.is_raised() {
                return Ok(None);
            }
            // By now, the requests of the last turn have their pages.
            let report = receiver.report();
            let now = Instant::now();
            connections.retain(|connection| !connection.is_over(now));
            let ends = connections.iter().map(|connection| connection.left(now));
            let pause = ends.chain(report).min();
            let doors = sockets.iter().map(|socket| Poll::new(raw_socket(socket), POLLIN));
            let mut entries: Vec<Poll> =
                doors.chain(connections.iter().map(BrowserConnection::entry)).collect();
            entries.push(wait::entry(enough)?);
            wait.poll(&mut entries, pause.unwrap_or(Duration::MAX)).await.map_err(|error| {
                error.during(&format!("wait for the browser at {}", self.place.shown()))
            })?;
            let mut entries = entries.iter();
            let ready: Vec<bool> =
                entries.by_ref().take(sockets.len()).map(Poll::is_ready).collect();
            let mut found = None;
            for (at, (connection, entry)) in connections.iter_mut().zip(entries).enumerate() {
                if entry.is_ready()
                    && let Some(answer) = connection.go_on(&self.place, receiver)
                {
                    found = Some((at, answer));
                    break;
                }
            }
            if let Some((at, answer)) = found {
                let connection = connections.swap_remove(at);
                drop((sockets, connections));
                connection.finish(wait).await;
                return Ok(Some(answer));
            }
            let mut is_exhausted = false;
            for (socket, _) in sockets.iter().zip(ready).filter(|(_, is_ready)| *is_ready) {
                is_exhausted |= accept(socket, &mut connections).is_err();
            }
            if is_exhausted {
                wait.pause(REST).await?;
            }
        }
    }
}

/// Accepts the waiting connections.
fn accept(socket: &socket2::Socket, connections: &mut Vec<BrowserConnection>) -> io::Result<()> {
    for _ in 0..CONNECTIONS {
        match Socket::accept(socket) {
            Ok(socket) => {
                if connections.len() >= CONNECTIONS {
                    close_one(connections);
                }
                connections.push(BrowserConnection::new(socket));
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(()),
                // The peer closed it before it was accepted.
                io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
    Ok(())
}

/// Closes one connection: one that has its page, else the oldest without data.
/// Browsers open some in advance.
fn close_one(connections: &mut Vec<BrowserConnection>) {
    let has_page = connections.iter().position(BrowserConnection::has_page);
    let silent = || connections.iter().position(BrowserConnection::is_silent);
    let at = has_page.or_else(silent).unwrap_or(0);
    if at < connections.len() {
        connections.remove(at);
    }
}

/// Opens a socket for each address that this machine has, all on one port.
fn open_all(addresses: &[IpAddr], mut port: u16) -> io::Result<(Vec<socket2::Socket>, u16)> {
    let mut sockets = Vec::with_capacity(addresses.len());
    let mut failure = None;
    for &address in addresses {
        match open(SocketAddr::new(address, port)) {
            Ok((socket, own)) => {
                port = own;
                sockets.push(socket);
            }
            Err(error) if lacks_address(&error) => failure = Some(error),
            Err(error) => return Err(error),
        }
    }
    match failure {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok((sockets, port)),
    }
}

fn open(address: SocketAddr) -> io::Result<(socket2::Socket, u16)> {
    let domain = Domain::for_address(address);
    let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // The system still remembers the connections of the last sign-in on this
    // port. This option does not take the port of another listener.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let port = socket.local_addr()?.as_socket().map_or(0, |address| address.port());
    Ok((socket, port))
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

fn unbound(redirect: &LoopbackRedirect, port: u16, error: &io::Error) -> BindError {
    let name = redirect.name();
    let what = io_reason(error);
    if port > 0 && is_taken(error) {
        return BindError::Taken(Error::new(
            Status::Io,
            format!(
                "cannot listen for the browser at {name}:{port}: {what}; end the program that uses \
                 the port, or set a redirect URL with another port"
            ),
        ));
    }
    BindError::Failed(Error::new(
        Status::Io,
        format!("cannot listen for the browser at {name}: {what}"),
    ))
}

#[cfg(test)]
mod tests;
