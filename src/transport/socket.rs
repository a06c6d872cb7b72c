//! A non-blocking socket that waits with [`Wait`].

use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Type};

use crate::base::error::{Error, Result, Status, io_reason};
use crate::platform::{
    self, POLLIN, POLLOUT, Poll, RawDescriptor, begin_connect, raw_socket, set_up_socket,
};
use crate::transport::wait::Wait;

/// How long one address is tried before the next one is tried as well
/// (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// The most addresses that are tried for a name.
const TRIED: usize = 8;

/// The parts of a message that is sent as one: its head, and its body.
pub(crate) type Parts<'a> = [&'a [u8]; PARTS];
pub(crate) const PARTS: usize = 4;

#[derive(Debug)]
pub(crate) struct Socket(socket2::Socket);

/// Why bytes were not sent or received.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The wait ended first: a timeout, a cancel or a close.
    Wait(Error),
    /// The connection failed.
    Connection(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Wait(error)
    }
}

impl Socket {
    /// Connects to the address that accepts first.
    pub(crate) async fn dial(addresses: &[SocketAddr], name: &str, wait: &Wait) -> Result<Self> {
        let mut waiting: Vec<(Self, SocketAddr)> = Vec::new();
        let mut failure = None;
        let mut rest = addresses.iter().take(TRIED).copied();
        loop {
            let mut pause = Duration::MAX;
            if let Some(address) = rest.next() {
                match Self::begin(address) {
                    Ok((socket, true)) => return socket.ready(),
                    Ok((socket, false)) => waiting.push((socket, address)),
                    Err(error) => failure = Some((address.to_string(), error)),
                }
                if rest.len() > 0 {
                    pause = HEAD_START;
                }
            }
            if waiting.is_empty() {
                if rest.len() > 0 {
                    continue;
                }
                return Err(refused(name, failure));
            }
            let mut entries: Vec<Poll> = waiting
                .iter()
                .map(|(socket, _)| Poll::new(raw_socket(&socket.0), POLLOUT))
                .collect();
            let is_ready = wait
                .poll(&mut entries, pause)
                .await
                .map_err(|error| error.during(&format!("connect to {name}")))?;
            if !is_ready {
                continue;
            }
            let mut still = Vec::new();
            for ((socket, address), entry) in waiting.into_iter().zip(entries) {
                if !entry.is_ready() {
                    still.push((socket, address));
                    continue;
                }
                match socket.0.take_error() {
                    Ok(None) => return socket.ready(),
                    Ok(Some(error)) | Err(error) => failure = Some((address.to_string(), error)),
                }
            }
            waiting = still;
        }
    }

    /// Connects to a Unix socket.
    pub(crate) async fn dial_unix(path: &Path, wait: &Wait) -> Result<Self> {
        let name = path.display().to_string();
        let failed = |error| refused(&name, Some((String::new(), error)));
        let address = SockAddr::unix(path).map_err(failed)?;
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed)?;
        let socket = Self(socket);
        socket.0.set_nonblocking(true).map_err(failed)?;
        loop {
            match socket.0.connect(&address) {
                Ok(()) => return Ok(socket),
                // Linux: the backlog is full, and poll() cannot wait for that.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait.pause(Duration::from_millis(5)).await?;
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// Accepts a connection; `WouldBlock` if there is none.
    pub(crate) fn accept(listener: &socket2::Socket) -> io::Result<Self> {
        let (socket, _) = listener.accept()?;
        set_up_socket(&socket)?;
        Ok(Self(socket))
    }

    pub(crate) fn fd(&self) -> RawDescriptor {
        raw_socket(&self.0)
    }

    /// Tells the peer that nothing more will be sent.
    pub(crate) fn end_output(&self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }

    fn begin(address: SocketAddr) -> io::Result<(Self, bool)> {
        let socket =
            socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        set_up_socket(&socket)?;
        let is_connected = begin_connect(&socket, &address.into())?;
        Ok((Self(socket), is_connected))
    }

    fn ready(self) -> Result<Self> {
        // A request is one write, so Nagle's algorithm would only delay it.
        let _ = self.0.set_tcp_nodelay(true);
        Ok(self)
    }

    /// Sends all bytes, or stops when the peer sends something first. `sent`
    /// counts the bytes that have left.
    pub(crate) async fn send(
        &self,
        parts: Parts<'_>,
        sent: &mut usize,
        wait: &Wait,
    ) -> std::result::Result<(), Broken> {
        loop {
            match self.send_parts(parts, sent) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let ready = self.until(POLLOUT | POLLIN, wait).await?;
                    // A server that refuses a request before it has read all
                    // of it may never read on.
                    if ready.has(POLLIN) && !ready.has(POLLOUT) {
                        return Err(Broken::Connection(io::Error::other("answered early")));
                    }
                }
                Err(error) => return Err(Broken::Connection(error)),
            }
        }
    }

    /// Sends what can be sent now, after the `sent` bytes that have left.
    /// Returns whether that was the rest; `WouldBlock` if it was nothing.
    pub(crate) fn send_parts(&self, parts: Parts<'_>, sent: &mut usize) -> io::Result<bool> {
        let mut left = [IoSlice::new(&[]); PARTS];
        let (mut skip, mut count, mut length) = (*sent, 0, 0);
        for part in parts {
            let rest = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            if let Some(slot) = left.get_mut(count).filter(|_| !rest.is_empty()) {
                *slot = IoSlice::new(rest);
                (count, length) = (count + 1, length + rest.len());
            }
        }
        let gone = match left.get(..count) {
            None | Some([]) => return Ok(true),
            Some([only]) => self.send_at_once(only)?,
            Some(several) => self.send_several(several)?,
        };
        *sent += gone;
        Ok(gone == length)
    }

    /// Waits for the first byte and receives what there is; 0 at the end.
    pub(crate) async fn receive(
        &self,
        buffer: &mut [u8],
        wait: &Wait,
    ) -> std::result::Result<usize, Broken> {
        loop {
            wait.until_ready(raw_socket(&self.0), POLLIN).await?;
            match self.receive_at_once(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Broken::Connection(error)),
            }
        }
    }

    /// Receives the data that has arrived; `WouldBlock` if there is none.
    pub(crate) fn receive_at_once(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (&self.0).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// The same behind the bytes of a vector, in the room that it has, and at most
    /// `most` bytes.
    pub(crate) fn receive_into(&self, out: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        loop {
            match platform::receive_into(&self.0, out, most) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn send_several(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        loop {
            match platform::send_several(&self.0, parts) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Sends what can be sent now; `WouldBlock` if that is nothing.
    pub(crate) fn send_at_once(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match platform::send(&self.0, bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Waits for one of these events, and returns the events that were found.
    pub(crate) async fn until(&self, events: i16, wait: &Wait) -> Result<Poll> {
        let mut entry = [Poll::new(raw_socket(&self.0), events)];
        while !wait.poll(&mut entry, Duration::MAX).await? {}
        let [entry] = entry;
        Ok(entry)
    }

    /// The address of the peer; `None` for a Unix socket.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        let address = self.0.peer_addr().ok()?.as_socket()?;
        Some(address.ip())
    }

    /// Whether the peer has neither closed nor sent anything unasked.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut byte = [MaybeUninit::uninit(); 1];
        matches!(
            self.0.peek(&mut byte),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock
        )
    }
}

fn refused(name: &str, failure: Option<(String, io::Error)>) -> Error {
    let why = match &failure {
        Some((_, error)) => io_reason(error),
        None => "it has no address".to_owned(),
    };
    let at = match &failure {
        Some((address, _)) if !address.is_empty() && address != name => format!(" ({address})"),
        _ => String::new(),
    };
    Error::new(Status::Connect, format!("connect to {name}{at}: {why}; is the server running?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::testing::closed_port;
    use crate::transport::wait::now;
    use std::net::TcpListener;

    #[test]
    fn goes_on_to_an_address_that_accepts() {
        let (closed, _held) = closed_port();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let wait = Wait::for_at_most(Duration::from_secs(30));
        assert!(now(Socket::dial(&[closed, open], "test", &wait)).is_ok());
        let error = now(Socket::dial(&[closed], "test", &wait)).unwrap_err();
        assert_eq!(error.status(), Status::Connect);
        assert!(error.message().contains("refused"), "{}", error.message());
    }

    #[test]
    fn notices_a_peer_that_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wait = Wait::for_at_most(Duration::from_secs(30));
        let socket = now(Socket::dial(&[listener.local_addr().unwrap()], "test", &wait)).unwrap();
        let (peer, _) = listener.accept().unwrap();
        assert!(socket.is_quiet());
        drop(peer);
        now(socket.receive(&mut [0; 1], &wait)).unwrap();
        assert!(!socket.is_quiet());
    }
}
