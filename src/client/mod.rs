//! One server, and all it takes to talk to it.

pub(crate) mod call;
mod connect;
mod exchange;
mod gate;
pub(crate) mod options;
mod refusal;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::auth::bearer::{Ask, Asked};
use crate::base::error::{Error, Result, Status};
use crate::base::sys::Signal;
use crate::client::gate::Gate;
use crate::client::options::{Options, milliseconds};
use crate::protocol::Era;
use crate::transport::tls::{ClientCertificate, certificates};
use crate::transport::trace::Trace;
use crate::transport::wait::Wait;

// What `ffi` speaks of.
pub(crate) use crate::auth::bearer::Token;
pub(crate) use crate::protocol::Call;
pub(crate) use crate::protocol::introduction::Introduction;
pub(crate) use crate::protocol::revision::Revision;
pub(crate) use crate::wire::jsonrpc::Answer;

/// A client, shared by the threads that call with it.
#[derive(Debug)]
pub(crate) struct Client {
    options: Mutex<Arc<Options>>,
    session: Mutex<Option<Arc<Session>>>,
    /// What the server spoke before its session was lost.
    known: Mutex<Option<Revision>>,
    /// Held while a session is being made.
    connecting: Gate,
    close: Arc<Signal>,
    next_id: AtomicI64,
}

/// What was agreed on with the server.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) era: Box<dyn Era>,
    pub(crate) introduction: Introduction,
}

/// How long the end of a session may take.
const END: Duration = Duration::from_secs(2);

impl Client {
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self> {
        let options = Options::new(url, token)?;
        let close = Signal::new().map_err(|error| {
            Error::new(Status::Internal, format!("no descriptor for the client: {error}"))
        })?;
        Ok(Self {
            options: Mutex::new(Arc::new(options)),
            session: Mutex::new(None),
            known: Mutex::new(None),
            connecting: Gate::default(),
            close: Arc::new(close),
            next_id: AtomicI64::new(1),
        })
    }

    /// Ends every wait with `MCP_E_CLOSED`, and the session at the server.
    pub(crate) fn close(&self) {
        self.close.raise();
        let options = self.options();
        if let Some(session) = self.take_session() {
            self.end_session(&options, session.era.as_ref(), &Wait::for_at_most(END));
        }
        options.http.close();
    }

    pub(crate) fn set_header(&self, name: &str, value: Option<&str>) -> Result<()> {
        self.change(|options| options.set_header(name, value))
    }

    pub(crate) fn set_token(&self, token: Option<&str>) -> Result<()> {
        self.change(|options| options.set_token(token))
    }

    pub(crate) fn set_token_handler(&self, ask: Option<Box<Ask>>) -> Result<()> {
        let credential = ask.map(|ask| Arc::new(Asked::new(ask)) as Arc<_>);
        self.change(|options| options.set_credential(credential))
    }

    pub(crate) fn set_timeout(&self, value: i32) -> Result<()> {
        let timeout = milliseconds(value)?;
        self.change(|options| {
            options.timeout = timeout;
            Ok(())
        })
    }

    pub(crate) fn set_connect_timeout(&self, value: i32) -> Result<()> {
        let timeout = milliseconds(value)?;
        self.change(|options| {
            options.connect_timeout = timeout;
            Ok(())
        })
    }

    pub(crate) fn set_max_message_size(&self, bytes: usize) -> Result<()> {
        if bytes == 0 {
            return Err(Error::argument("bytes is 0: no message would be small enough"));
        }
        self.change(|options| {
            options.max_message = bytes;
            Ok(())
        })
    }

    pub(crate) fn set_allow_plain_http(&self, allow: bool) -> Result<()> {
        self.change(|options| {
            options.allows_plain_http = allow;
            Ok(())
        })
    }

    pub(crate) fn set_trace_fd(&self, fd: i32) -> Result<()> {
        let trace = if fd == -1 { None } else { Some(Arc::new(Trace::new(fd)?)) };
        self.change(|options| {
            options.trace = trace;
            Ok(())
        })
    }

    pub(crate) fn set_protocol_version(&self, version: Option<&str>) -> Result<()> {
        self.change_before_session(|options| options.set_protocol_version(version))
    }

    pub(crate) fn set_info(&self, name: &str, version: &str) -> Result<()> {
        self.change_before_session(|options| options.set_info(name, version))
    }

    pub(crate) fn set_proxy(&self, url: Option<&str>) -> Result<()> {
        self.change_before_session(|options| options.set_proxy(url))
    }

    pub(crate) fn set_unix_socket(&self, path: Option<&str>) -> Result<()> {
        self.change_before_session(|options| options.set_unix_socket(path))
    }

    pub(crate) fn set_ca_file(&self, path: Option<&str>) -> Result<()> {
        let extra = path.map(certificates).transpose()?.unwrap_or_default();
        self.change_before_session(|options| {
            options.route.tls.extra = extra;
            options.http = Arc::default();
            Ok(())
        })
    }

    pub(crate) fn set_certificate(&self, paths: Option<(&str, &str)>) -> Result<()> {
        let certificate = paths
            .map(|(certificate, key)| ClientCertificate::load(certificate, key))
            .transpose()?;
        self.change_before_session(|options| {
            options.route.tls.client = certificate;
            options.http = Arc::default();
            Ok(())
        })
    }

    fn options(&self) -> Arc<Options> {
        self.options.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Options) -> Result<()>) -> Result<()> {
        let mut options = self.options.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Options::clone(&options);
        change(&mut changed)?;
        let old = std::mem::replace(&mut *options, Arc::new(changed));
        // A program's user data may go with the old ones: not under the lock.
        drop(options);
        drop(old);
        Ok(())
    }

    fn change_before_session(&self, change: impl FnOnce(&mut Options) -> Result<()>) -> Result<()> {
        if self.current_session().is_some() {
            return Err(Error::new(
                Status::State,
                "the client is connected: set this before the first call",
            ));
        }
        self.change(change)
    }

    fn current_session(&self) -> Option<Arc<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take_session(&self) -> Option<Arc<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn next_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}
