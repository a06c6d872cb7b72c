//! TLS over a link, which may be TLS itself, as to a proxy. Nothing here
//! waits: see [`Link`].

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use crate::transport::connector::{Link, is_early};

#[derive(Debug)]
pub(crate) struct Secured {
    session: ClientConnection,
    below: Link,
}

impl Secured {
    /// TLS with the host at the other end of the link, still to be agreed on.
    pub(crate) fn begin(below: Link, config: Arc<ClientConfig>, host: &str) -> io::Result<Self> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| io::Error::other("no certificate can have such a name"))?;
        let session = ClientConnection::new(config, name).map_err(wrong)?;
        Ok(Self { session, below })
    }

    pub(crate) fn below(&self) -> &Link {
        &self.below
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    /// Takes in what has arrived below; 0 at the end of it.
    pub(crate) fn take_in(&mut self) -> io::Result<usize> {
        let count = self.session.read_tls(&mut Below(&mut self.below))?;
        let taken = self.session.process_new_packets().map_err(wrong);
        if taken.is_err() {
            // The peer is told why, if that can be done at once.
            let _ = self.flush_at_once();
        }
        taken.map(|_| count)
    }

    /// See [`Link::read_at_once`].
    pub(crate) fn read_at_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.session.reader().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
        self.take_in()?;
        match self.session.reader().read(buffer) {
            // Half a record, or one without data.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(io::ErrorKind::Interrupted.into())
            }
            result => result,
        }
    }

    pub(crate) fn write_at_once(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.session.writer().write(bytes)
    }

    pub(crate) fn flush_at_once(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut Below(&mut self.below))?;
        }
        self.below.flush_at_once()
    }

    /// Whether there is data to receive, or the end; takes in what has
    /// arrived.
    pub(crate) fn has_input(&mut self) -> io::Result<bool> {
        let state = self.session.process_new_packets().map_err(wrong)?;
        if state.plaintext_bytes_to_read() > 0 || state.peer_has_closed() {
            return Ok(true);
        }
        match self.take_in() {
            Ok(0) => return Ok(true),
            Ok(_) => {}
            Err(error) if is_early(&error) => {}
            Err(error) => return Err(error),
        }
        let state = self.session.process_new_packets().map_err(wrong)?;
        Ok(state.plaintext_bytes_to_read() > 0 || state.peer_has_closed())
    }
}

/// The link below as rustls reads and writes it.
struct Below<'a>(&'a mut Link);

impl Read for Below<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at_once(buffer)
    }
}

impl Write for Below<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write_at_once(bytes)? {
            // TLS holds back only so much that has not left.
            0 => {
                self.0.flush_at_once()?;
                self.0.write_at_once(bytes)
            }
            count => Ok(count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn wrong(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
