//! TLS over another stream, which may be TLS itself, as on the way to a proxy.
//!
//! Nothing here waits: where the stream below has nothing, the error is
//! `WouldBlock`.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

/// TLS over a non-blocking stream. A write below that takes nothing returns 0
/// and asks for a flush.
#[derive(Debug)]
pub(crate) struct TlsStream<S> {
    session: ClientConnection,
    below: S,
}

impl<S: Read + Write> TlsStream<S> {
    /// Begins TLS with a host. The handshake is still to be made.
    pub(crate) fn begin(below: S, config: Arc<ClientConfig>, host: &str) -> io::Result<Self> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| io::Error::other("no certificate can have such a name"))?;
        let session = ClientConnection::new(config, name).map_err(invalid_data)?;
        Ok(Self { session, below })
    }

    pub(crate) fn below(&self) -> &S {
        &self.below
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    /// Reads what has arrived below; 0 at its end.
    pub(crate) fn take_in(&mut self) -> io::Result<usize> {
        let count = self.session.read_tls(&mut self.below)?;
        let taken = self.session.process_new_packets().map_err(invalid_data);
        if taken.is_err() {
            // Sends the alert that names the error, if that is possible now.
            let _ = self.flush();
        }
        taken.map(|_| count)
    }

    /// Whether there is data to read, or the end. Reads what has arrived
    /// below.
    pub(crate) fn has_input(&mut self) -> io::Result<bool> {
        let state = self.session.process_new_packets().map_err(invalid_data)?;
        if state.plaintext_bytes_to_read() > 0 || state.peer_has_closed() {
            return Ok(true);
        }
        match self.take_in() {
            Ok(0) => return Ok(true),
            Ok(_) => {}
            Err(error) if is_early(&error) => {}
            Err(error) => return Err(error),
        }
        let state = self.session.process_new_packets().map_err(invalid_data)?;
        Ok(state.plaintext_bytes_to_read() > 0 || state.peer_has_closed())
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    /// `Interrupted` means that there may be more to read at once.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.session.reader().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
        self.take_in()?;
        match self.session.reader().read(buffer) {
            // Half a record, or a record without data.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(io::ErrorKind::Interrupted.into())
            }
            result => result,
        }
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.session.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut FlushWhenFull(&mut self.below))?;
        }
        self.below.flush()
    }
}

/// The stream below as rustls writes to it. A TLS stream buffers only so many
/// bytes that were not flushed, and then takes none.
struct FlushWhenFull<'a, S>(&'a mut S);

impl<S: Write> Write for FlushWhenFull<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes)? {
            0 => {
                self.0.flush()?;
                self.0.write(bytes)
            }
            count => Ok(count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether an error means only that it is too early to read or write.
pub(crate) fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn invalid_data(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
