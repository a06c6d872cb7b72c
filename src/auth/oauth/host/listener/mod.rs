//! The loopback listener to which a browser comes back with the answer of a
//! sign-in (RFC 8252, 7.3).
//!
//! Whatever runs on this machine can knock, every page that the browser shows
//! among it. Only a request with the right `state` ends the wait.

mod connection;
pub(crate) mod request;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Type};

use crate::auth::oauth::host::listener::connection::BrowserConnection;
use crate::auth::oauth::spec::redirect::{LoopbackRedirect, RedirectTarget};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::signal::Signal;
use crate::platform::{POLLIN, Poll, lacks_address, raw_socket};
use crate::transport::socket::{Socket, plain};
use crate::transport::wait::{self, Wait};

/// Where the browser comes back to if the program has not said where.
const DEFAULT: &str = "http://127.0.0.1/callback";

/// The most connections that are open at once.
const VISITORS: usize = 16;
/// A listener has at most two sockets; a signal may end its wait.
const _: () = assert!(VISITORS + 3 <= Wait::MOST);

/// The most connections that the system keeps until they are taken.
const BACKLOG: i32 = 64;

/// How many free ports are tried until one is free in both families.
const TRIES: usize = 16;

/// How long nobody is let in when the system has no more descriptors.
const REST: Duration = Duration::from_millis(50);

/// Listens from when it is made until the answer is there, the wait for it
/// has ended, or it is dropped.
#[derive(Debug)]
pub(crate) struct LoopbackListener {
    place: RedirectTarget,
    /// None once the wait has ended.
    sockets: Vec<socket2::Socket>,
}

/// Why nobody listens.
#[derive(Debug)]
pub(crate) enum BindError {
    /// The port that was asked for cannot be had; another might.
    Taken(Error),
    /// No port would do.
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
    /// Listens at `redirect`, or at a path of our own. Its port counts, else
    /// `port`, else (and for 0) it is a free one.
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

    /// The redirect URI as it is to be sent: with the port.
    pub(crate) fn redirect_uri(&self) -> &str {
        &self.place.uri
    }

    #[cfg(test)]
    pub(crate) fn port(&self) -> u16 {
        self.place.port
    }

    /// Waits for the answer: the query of the first request of which `is_ours`
    /// says so. All others get a page that says nothing, and the wait goes on.
    /// `None` when `enough` is raised before.
    ///
    /// However it ends, nobody listens any more.
    pub(crate) async fn answer(
        &mut self,
        wait: &Wait,
        enough: &Signal,
        is_ours: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Option<Secret>> {
        let sockets = std::mem::take(&mut self.sockets);
        if sockets.is_empty() {
            return Err(Error::new(
                Status::State,
                format!("nobody listens at {} any more: begin another sign-in", self.place.shown()),
            ));
        }
        let mut visitors: Vec<BrowserConnection> = Vec::with_capacity(VISITORS);
        loop {
            if enough.is_raised() {
                return Ok(None);
            }
            let now = Instant::now();
            visitors.retain(|visitor| !visitor.is_over(now));
            let pause = visitors.iter().map(|visitor| visitor.left(now)).min();
            let doors = sockets.iter().map(|socket| Poll::new(raw_socket(socket), POLLIN));
            let mut entries: Vec<Poll> =
                doors.chain(visitors.iter().map(BrowserConnection::entry)).collect();
            entries.push(wait::entry(enough)?);
            wait.poll(&mut entries, pause.unwrap_or(Duration::MAX)).await.map_err(|error| {
                error.during(&format!("wait for the browser at {}", self.place.shown()))
            })?;
            let mut entries = entries.iter();
            let knocks: Vec<bool> =
                entries.by_ref().take(sockets.len()).map(Poll::is_ready).collect();
            let mut found = None;
            for (at, (visitor, entry)) in visitors.iter_mut().zip(entries).enumerate() {
                if entry.is_ready()
                    && let Some(answer) = visitor.go_on(&self.place, is_ours)
                {
                    found = Some((at, answer));
                    break;
                }
            }
            if let Some((at, answer)) = found {
                let visitor = visitors.swap_remove(at);
                drop((sockets, visitors));
                visitor.finish(wait).await;
                return Ok(Some(answer));
            }
            let mut is_exhausted = false;
            for (socket, _) in sockets.iter().zip(knocks).filter(|(_, has_knocked)| *has_knocked) {
                is_exhausted |= let_in(socket, &mut visitors).is_err();
            }
            if is_exhausted {
                wait.pause(REST).await?;
            }
        }
    }
}

/// Takes the connections that there are.
fn let_in(socket: &socket2::Socket, visitors: &mut Vec<BrowserConnection>) -> io::Result<()> {
    for _ in 0..VISITORS {
        match Socket::accept(socket) {
            Ok(socket) => {
                if visitors.len() >= VISITORS {
                    send_one_away(visitors);
                }
                visitors.push(BrowserConnection::new(socket));
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(()),
                // It went away before it was let in.
                io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
    Ok(())
}

/// Closes the connection that is missed least: one that has its page, else
/// the oldest on which nothing was said, as browsers open some in advance.
fn send_one_away(visitors: &mut Vec<BrowserConnection>) {
    let has_page = visitors.iter().position(BrowserConnection::has_page);
    let silent = || visitors.iter().position(BrowserConnection::is_silent);
    let at = has_page.or_else(silent).unwrap_or(0);
    if at < visitors.len() {
        visitors.remove(at);
    }
}

/// A socket for each address that this machine has, all on one port.
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
    // For the port of the last sign-in, whose connections the system still
    // remembers. One that somebody listens at stays theirs.
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
    let what = plain(error);
    if port > 0 && is_taken(error) {
        return BindError::Taken(Error::new(
            Status::Io,
            format!(
                "cannot listen for the browser at {name}:{port}: {what}; end what uses the port, \
                 or set a redirect URL with another"
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
