//! A byte stream to the server: a socket, or TLS over one or over TLS.
//!
//! TLS does no I/O of its own and never blocks. Only the socket at the bottom
//! waits, so a cancel and a timeout end a handshake like every other wait.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::ClientConfig;

use crate::base::error::{Error, Status};
use crate::platform::{POLLIN, POLLOUT};
use crate::transport::socket::{Broken, Parts, Socket};
use crate::transport::tls_error::reason;
use crate::transport::tls_stream::{TlsStream, is_early};
use crate::transport::wait::Wait;

#[derive(Debug)]
pub(crate) enum ByteStream {
    Plain(Socket),
    Tls(Box<TlsStream<ByteStream>>),
}

impl ByteStream {
    /// Makes TLS with a host over this stream.
    pub(crate) async fn into_tls(
        self,
        config: Arc<ClientConfig>,
        host: &str,
        wait: &Wait,
    ) -> Result<Self, Broken> {
        let mut stream = Self::Tls(Box::new(TlsStream::begin(self, config, host)?));
        stream.shake_hands(wait).await?;
        Ok(stream)
    }

    async fn shake_hands(&mut self, wait: &Wait) -> Result<(), Broken> {
        loop {
            self.send_buffered(wait).await?;
            let Self::Tls(tls) = self else { return Ok(()) };
            if !tls.is_handshaking() {
                return Ok(());
            }
            match tls.take_in() {
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

    /// Sends all bytes, or stops when the peer sends something first. `sent`
    /// counts the bytes that may have left.
    pub(crate) async fn send(
        &mut self,
        parts: Parts<'_>,
        sent: &mut usize,
        wait: &Wait,
    ) -> Result<(), Broken> {
        if let Self::Plain(socket) = self {
            let done = match parts {
                [only, [], [], []] => socket.send_at_once(only).map(|count| {
                    *sent = count;
                    count == only.len()
                }),
                _ => socket.send_parts(parts, sent),
            };
            return match done {
                Ok(true) => Ok(()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error.into()),
                // Boxed: most requests are sent at once.
                _ => Box::pin(socket.send(parts, sent, wait)).await,
            };
        }
        Box::pin(self.send_encrypted(parts, sent, wait)).await
    }

    async fn send_encrypted(
        &mut self,
        parts: Parts<'_>,
        sent: &mut usize,
        wait: &Wait,
    ) -> Result<(), Broken> {
        let mut begin = 0;
        for part in parts {
            while let Some(rest) = part.get(*sent - begin..).filter(|rest| !rest.is_empty()) {
                match self.write(rest) {
                    Ok(count) => *sent += count,
                    Err(error) if is_early(&error) => {}
                    Err(error) => return Err(broken(error)),
                }
                self.send_buffered(wait).await?;
            }
            begin += part.len();
        }
        Ok(())
    }

    /// Sends the bytes that TLS has buffered.
    async fn send_buffered(&mut self, wait: &Wait) -> Result<(), Broken> {
        loop {
            match self.flush() {
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

    /// Receives what has arrived, if that can be done without waiting and is
    /// likely to succeed; 0 at the end.
    pub(crate) fn receive_at_once(
        &mut self,
        buffer: &mut [u8],
        is_likely: bool,
    ) -> Result<Option<usize>, Broken> {
        match self {
            Self::Plain(socket) if is_likely => match socket.receive_at_once(buffer) {
                Ok(count) => Ok(Some(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                Err(error) => Err(error.into()),
            },
            _ => Ok(None),
        }
    }

    /// Waits for at least one byte and receives what there is; 0 at the end.
    pub(crate) async fn receive(
        &mut self,
        buffer: &mut [u8],
        wait: &Wait,
    ) -> Result<usize, Broken> {
        if let Self::Plain(socket) = self {
            return socket.receive(buffer, wait).await;
        }
        Box::pin(self.receive_encrypted(buffer, wait)).await
    }

    async fn receive_encrypted(&mut self, buffer: &mut [u8], wait: &Wait) -> Result<usize, Broken> {
        loop {
            match self.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let events = match self.flush() {
                        Ok(()) => POLLIN,
                        Err(error) if is_early(&error) => POLLIN | POLLOUT,
                        Err(error) => return Err(broken(error)),
                    };
                    self.socket().until(events, wait).await?;
                }
                // Records without data. A peer that sends nothing else must
                // not keep this thread beyond its wait.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    wait.give_way().await?;
                }
                Err(error) => return Err(broken(error)),
            }
        }
    }

    /// Whether the peer has neither closed nor sent anything unasked.
    pub(crate) fn is_quiet(&mut self) -> bool {
        if let Self::Plain(socket) = self {
            return socket.is_quiet();
        }
        // Session tickets and the like may have come; not many.
        for _ in 0..8 {
            match self.read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A byte is lost, and the connection with it.
                _ => return false,
            }
        }
        false
    }

    /// The socket at the bottom.
    pub(crate) fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.below().socket(),
        }
    }

    /// Whether there is something to receive, or the end.
    fn has_input(&mut self) -> io::Result<bool> {
        match self {
            Self::Plain(_) => Ok(true),
            Self::Tls(tls) => tls.has_input(),
        }
    }
}

impl Read for ByteStream {
    /// Does not block: `WouldBlock` if nothing has arrived, `Interrupted` if
    /// there may be more to read at once.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.receive_at_once(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for ByteStream {
    /// Does not block. TLS may buffer the bytes until they are flushed.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.send_at_once(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

fn broken(error: io::Error) -> Broken {
    match reason(&error) {
        // In TLS 1.3, a server reports after the handshake that a client
        // certificate is missing or refused.
        Some(reason) => Broken::Wait(Error::new(Status::Tls, format!("TLS: {reason}"))),
        None => Broken::Connection(error),
    }
}
