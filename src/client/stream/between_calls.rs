//! Reads a shared connection between calls, on the background thread.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::base::error::{Result, Status};
use crate::base::signal::Signal;
use crate::client::core::client::Client;
use crate::client::core::leader_lock::IdleEntry;
use crate::client::core::session::{Session, Target, Transport};
use crate::client::core::shared_connection::SharedConnection;
use crate::client::stream::reader::Reader;
use crate::platform::{Descriptor, POLLIN, Poll};
use crate::protocol::handshake::Handshake;
use crate::protocol::revision::Revision;
use crate::transport::process::ENDING;
use crate::transport::wait::{self, Wait};

/// How often this task checks whether threads with calls still read. While they
/// do, responses do not wake this task.
const BETWEEN: Duration = Duration::from_millis(20);

/// A task that reads until this is dropped.
pub(crate) struct Reading(Arc<Signal>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.raise();
    }
}

impl Client {
    /// Reads messages between calls, until the connection ends or the client is
    /// closed.
    pub(crate) fn keep_reading(
        self: &Arc<Self>,
        connection: &Arc<SharedConnection>,
        session: Weak<Session>,
    ) -> Result<()> {
        let connection = connection.clone();
        self.spawn(move |client| async move {
            let wait = client.endless();
            if client.read_between(&connection, &session, &wait).await.is_ok() {
                client.report_end(&connection);
                connection.shut(ENDING, &wait).await;
            }
        })
    }

    /// Reports that a connection has ended, although no call found it out.
    fn report_end(&self, connection: &SharedConnection) {
        let session = self.current_session();
        let current = session.as_ref().and_then(|session| session.transport.shared_connection());
        if current.is_some_and(|current| std::ptr::eq(Arc::as_ptr(current), connection)) {
            self.set_loss_of(connection);
            self.report_state();
        }
    }

    /// Reads messages while the client connects, until the result is dropped.
    pub(crate) fn read_meanwhile(
        self: &Arc<Self>,
        connection: &Arc<SharedConnection>,
    ) -> Result<Reading> {
        let (connection, stop) = (connection.clone(), Signal::shared());
        let reading = Reading(stop.clone());
        self.spawn(move |client| async move {
            let wait = client.endless().or_abort(stop);
            let _ = client.read_until_stopped(&connection, &wait).await;
        })?;
        Ok(reading)
    }

    async fn read_until_stopped(
        self: &Arc<Self>,
        connection: &Arc<SharedConnection>,
        wait: &Wait,
    ) -> Result<()> {
        let transport = Transport::SharedConnection(connection.clone());
        let dialect = Handshake::new(Revision::HANDSHAKE, None)?;
        let target = Target { transport: &transport, dialect: &dialect, session: None };
        let signal = Signal::shared();
        while !connection.is_over() {
            match connection.source.get_if_idle(&signal) {
                IdleEntry::Leader(mut source) => {
                    let options = self.options();
                    let reader = Reader { client: self, connection, options: &options, target };
                    reader.lead(&mut source, None, &[], wait).await?;
                }
                IdleEntry::Taken => {
                    wait.until_raised(&signal).await?;
                    signal.lower();
                }
                IdleEntry::Wanted => wait.pause(BETWEEN).await?,
            }
        }
        Ok(())
    }

    async fn read_between(
        self: &Arc<Self>,
        connection: &Arc<SharedConnection>,
        session: &Weak<Session>,
        wait: &Wait,
    ) -> Result<()> {
        let signal = Signal::shared();
        while !connection.is_over() {
            match connection.source.get_if_idle(&signal) {
                IdleEntry::Leader(mut source) => {
                    let Some(session) = session.upgrade() else { return Ok(()) };
                    let options = self.options();
                    let reader = Reader {
                        client: self,
                        connection,
                        options: &options,
                        target: session.target(),
                    };
                    // With a descriptor, reads the messages that have arrived.
                    // Without one, reading is the only way to wait.
                    let bound = match &connection.readable {
                        Some(_) => wait.at_most(Duration::ZERO),
                        None => wait.clone().or_abort(connection.ended.clone()),
                    };
                    let read = reader.lead(&mut source, None, &[], &bound).await;
                    drop(source);
                    match read {
                        Err(_) if connection.is_over() => {}
                        Err(error) if error.status() != Status::Timeout => return Err(error),
                        _ => {}
                    }
                    if let Some(fd) = &connection.readable {
                        self.until_readable(connection, fd, wait).await?;
                    }
                }
                IdleEntry::Taken => {
                    wait.until_raised(&signal).await?;
                    signal.lower();
                }
                IdleEntry::Wanted => wait.pause(BETWEEN).await?,
            }
        }
        Ok(())
    }

    /// Waits until a message arrives, or the connection or the process ends.
    async fn until_readable(
        &self,
        connection: &SharedConnection,
        fd: &Descriptor,
        wait: &Wait,
    ) -> Result<()> {
        let fd = fd.raw();
        let process = connection.process();
        let mut entries = vec![Poll::new(fd, POLLIN), wait::entry(&connection.ended)?];
        entries.extend(process.and_then(|it| it.watch()).map(|fd| Poll::new(fd, POLLIN)));
        while !wait.poll(&mut entries, Duration::MAX).await? {}
        Ok(())
    }
}
