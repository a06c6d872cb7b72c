//! Sets the options of a client. Each change replaces all options at once.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::bearer::{HandlerToken, TokenHandler};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::client::core::client::Client;
use crate::client::core::client_state::ClientState;
use crate::client::core::handlers::{EventHandler, Handlers, InputHandler};
use crate::client::core::wakeup::WakeupHandler;
use crate::client::options::{Options, milliseconds};
use crate::platform::RawDescriptor;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::request_meta::CommonMeta;
use crate::transport::process::StandardError;
use crate::transport::tls::{CertificateDer, ClientCertificate, certificates, certificates_of};
use crate::transport::trace::{Trace, TraceFile};

impl Client {
    pub(crate) fn set_header(&self, name: &str, value: Option<&str>) -> Result<()> {
        self.change(|options| options.set_header(name, value))
    }

    pub(crate) fn set_token(&self, token: Option<&str>) -> Result<()> {
        self.check_settable_or(token.is_none())?;
        self.change_always(|options| options.set_token(token))
    }

    pub(crate) fn set_token_handler(&self, handler: Option<Box<TokenHandler>>) -> Result<()> {
        self.check_settable_or(handler.is_none())?;
        let credential = handler.map(|handler| Arc::new(HandlerToken::new(handler)) as Arc<_>);
        self.change_always(|options| options.set_credential(credential))
    }

    pub(crate) fn set_timeout(&self, value: i64) -> Result<()> {
        let timeout = milliseconds(value)?;
        self.change(|options| {
            options.timeout = timeout;
            Ok(())
        })
    }

    pub(crate) fn set_trace_fd(&self, fd: Option<RawDescriptor>) -> Result<()> {
        self.check_settable_or(fd.is_none())?;
        let file = fd.map(TraceFile::new).transpose()?.map(Arc::new);
        self.change_always(|options| {
            options.trace = Trace::with_file(options.trace.as_ref(), file);
            Ok(())
        })
    }

    pub(crate) fn set_transport(&self, transport: i32) -> Result<()> {
        self.change_before_session(|options| options.set_transport(transport))
    }

    pub(crate) fn set_environment(&self, name: &str, value: Option<&str>) -> Result<()> {
        self.change_before_session(|options| options.set_environment(name, value))
    }

    /// Masks parts of the program's arguments and variables in messages.
    pub(crate) fn set_program_secrets(&self, secrets: Vec<Secret>) -> Result<()> {
        self.change_before_session(|options| {
            options.program()?.secrets = secrets;
            Ok(())
        })
    }

    pub(crate) fn set_directory(&self, path: Option<&str>) -> Result<()> {
        self.change_before_session(|options| {
            options.program()?.directory = path.map(Into::into);
            Ok(())
        })
    }

    pub(crate) fn set_stderr(&self, stderr: StandardError) -> Result<()> {
        self.change_before_session(|options| {
            options.program()?.stderr = stderr;
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
        self.options().address()?;
        self.set_authorities(path.map(certificates).transpose()?.unwrap_or_default())
    }

    pub(crate) fn set_ca_data(&self, pem: Option<&[u8]>) -> Result<()> {
        self.options().address()?;
        let extra = pem.map(|pem| certificates_of(pem, "pem")).transpose()?;
        self.set_authorities(extra.unwrap_or_default())
    }

    fn set_authorities(&self, extra: Vec<CertificateDer<'static>>) -> Result<()> {
        self.change_before_session(|options| {
            options.route.tls.extra = extra;
            options.http = Arc::default();
            Ok(())
        })
    }

    pub(crate) fn set_certificate(&self, paths: Option<(&str, &str)>) -> Result<()> {
        self.options().address()?;
        let certificate = paths
            .map(|(certificate, key)| ClientCertificate::load(certificate, key))
            .transpose()?;
        self.set_client_certificate(certificate)
    }

    /// The same with certificate and key as PEM texts.
    pub(crate) fn set_certificate_data(&self, pems: Option<(&[u8], &[u8])>) -> Result<()> {
        self.options().address()?;
        let certificate = pems
            .map(|(certificate, key)| ClientCertificate::parse(certificate, key))
            .transpose()?;
        self.set_client_certificate(certificate)
    }

    fn set_client_certificate(&self, certificate: Option<ClientCertificate>) -> Result<()> {
        self.change_before_session(|options| {
            options.route.tls.client = certificate;
            options.http = Arc::default();
            Ok(())
        })
    }

    pub(crate) fn set_deadline(&self, value: i64) -> Result<()> {
        let deadline = milliseconds(value)?;
        self.change(|options| {
            options.deadline = deadline;
            Ok(())
        })
    }

    pub(crate) fn set_close_timeout(&self, value: i64) -> Result<()> {
        let milliseconds = u64::try_from(value).map_err(|_| {
            Error::argument("milliseconds is negative: 0 is a close that waits for nothing")
        })?;
        self.change(|options| {
            // The limit keeps the time of the end within the range of `Instant`.
            options.close_timeout = Some(Duration::from_millis(milliseconds.min(MAX_CLOSE)));
            Ok(())
        })
    }

    /// Sets one of the limits of the public header.
    pub(crate) fn set_limit(&self, limit: Limit, value: i64) -> Result<()> {
        if matches!(limit, Limit::ConnectTime | Limit::InputTime) {
            let time = milliseconds(value).map_err(|_| {
                Error::argument(format!(
                    "value is {value}: every wait has an end, of at least 1 ms"
                ))
            })?;
            return self.change(|options| {
                if limit == Limit::ConnectTime {
                    options.connect_timeout = time;
                } else {
                    options.input_timeout = time;
                }
                Ok(())
            });
        }
        let most = usize::try_from(value).ok().filter(|most| *most > 0 || limit == Limit::Cache);
        let most = most.ok_or_else(|| {
            Error::argument(format!("value is {value}: the smallest limit of this kind is 1"))
        })?;
        if limit == Limit::MessageSize {
            self.check_message_limit()?;
        }
        self.change(|options| {
            match limit {
                Limit::MessageSize => options.max_message = most,
                Limit::Pages => options.max_pages = most,
                Limit::Items => options.max_items = most,
                Limit::Events => options.max_events = most,
                Limit::Cache => self.cache.set_limit(most),
                Limit::Connections => self.connection_limit.set_most(most),
                Limit::ConnectTime | Limit::InputTime => {}
            }
            Ok(())
        })
    }

    /// Fails while a shared connection is open: it keeps its limit.
    fn check_message_limit(&self) -> Result<()> {
        let session = self.current_session();
        match session.as_ref().and_then(|session| session.transport.shared_connection()) {
            Some(connection) if !connection.is_over() => Err(Error::new(
                Status::State,
                "the connection to the server is open and keeps its limit of a message: set the \
                 limit before the first call",
            )),
            _ => Ok(()),
        }
    }

    /// Allows or forbids what the public header lists, all of it or nothing.
    pub(crate) fn set_allow(&self, what: Allowances, allow: bool) -> Result<()> {
        self.change(|options| {
            if what.restart {
                options.program()?;
                options.restarts = allow;
            }
            if what.plain_http {
                options.allows_plain_http = allow;
            }
            if what.repeat_tools {
                options.repeats_tools = allow;
            }
            if what.tasks {
                options.follows_tasks = allow;
            }
            if what.mismatch {
                options.allows_mismatch = allow;
            }
            Ok(())
        })
    }

    /// Sets members of the `_meta` of every request.
    pub(crate) fn set_meta(&self, json: Option<&str>) -> Result<()> {
        let meta = json.map(CommonMeta::parse).transpose()?;
        let meta = meta.filter(|meta| !meta.text().is_empty()).map(Arc::new);
        self.change(|options| {
            options.meta = meta;
            Ok(())
        })
    }

    pub(crate) fn set_capabilities(&self, json: Option<&str>) -> Result<()> {
        self.change_before_session(|options| options.declared.set_extra(json))
    }

    /// Sets the response to `roots/list`, and announces the change.
    pub(crate) fn set_roots(self: &Arc<Self>, json: Option<&str>) -> Result<()> {
        let roots = json.is_some() || self.handlers().handles_roots;
        let is_declared = matches!(self.state(), ClientState::Connected | ClientState::Connecting);
        if roots != self.options().declared.roots && is_declared {
            return Err(Error::new(
                Status::State,
                "the client is connected and has declared to the server whether it has roots: \
                 set roots for the first time, or remove them, before the first call",
            ));
        }
        self.change(|options| {
            options.set_roots(json)?;
            options.declared.roots = roots;
            Ok(())
        })?;
        self.current_session().map_or(Ok(()), |session| self.announce_roots(&session))
    }

    /// Sets the function that tells the event loop to dispatch, and tells it of
    /// what is there already.
    pub(crate) fn set_wakeup(&self, handler: Option<Arc<WakeupHandler>>) -> Result<()> {
        self.check_settable_or(handler.is_none())?;
        self.event_queue.wakeup.set(handler);
        self.event_queue.tell_of_all();
        Ok(())
    }

    /// Sets whether handlers run in dispatches alone.
    pub(crate) fn set_dispatch_only(&self, is_alone: bool) -> Result<()> {
        self.check_settable()?;
        self.dispatcher.set_alone(is_alone);
        Ok(())
    }

    pub(crate) fn set_event_handler(&self, handler: Option<Arc<EventHandler>>) -> Result<()> {
        self.check_settable_or(handler.is_none())?;
        self.change_handlers(|handlers| handlers.event = handler);
        Ok(())
    }

    /// Sets the input handler, and the capabilities that are declared for it.
    pub(crate) fn set_input_handler(
        &self,
        kinds: InputKinds,
        handler: Option<Arc<InputHandler>>,
    ) -> Result<()> {
        self.check_settable_or(handler.is_none())?;
        let kinds = if handler.is_some() { kinds } else { InputKinds::default() };
        let options = self.options();
        let declared = ClientCapabilities {
            form: kinds.form,
            url: kinds.url,
            sampling: kinds.sampling || kinds.sampling_tools,
            sampling_tools: kinds.sampling_tools,
            roots: kinds.roots || options.roots.is_some(),
            extra: options.declared.extra.clone(),
        };
        if declared != options.declared && !self.is_closed() {
            self.change_before_session(|options| {
                options.declared = declared;
                Ok(())
            })?;
        }
        self.change_handlers(|handlers| {
            handlers.input = handler;
            handlers.handles_roots = kinds.roots;
        });
        Ok(())
    }

    fn change_handlers(&self, change: impl FnOnce(&mut Handlers)) {
        let mut handlers = lock(&self.handlers);
        let mut changed = Handlers::clone(&handlers);
        change(&mut changed);
        let old = std::mem::replace(&mut *handlers, Arc::new(changed));
        // The old value may free the application's user data, so it is dropped
        // outside the lock.
        drop(handlers);
        drop(old);
    }

    /// The same for a setting that may remove something. That frees what the
    /// application gave, also after the close.
    pub(crate) fn check_settable_or(&self, is_removal: bool) -> Result<()> {
        if is_removal { Ok(()) } else { self.check_settable() }
    }

    /// Fails if a setting would have no effect, because nothing is sent any more.
    pub(crate) fn check_settable(&self) -> Result<()> {
        if self.is_closed() {
            return Err(Error::new(
                Status::State,
                "the client was closed, so this setting has no effect: make another client",
            ));
        }
        Ok(())
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Options) -> Result<()>) -> Result<()> {
        self.check_settable()?;
        self.change_always(change)
    }

    /// Changes the options of a client that may be closed.
    pub(crate) fn change_always(
        &self,
        change: impl FnOnce(&mut Options) -> Result<()>,
    ) -> Result<()> {
        let mut options = lock(&self.options);
        let mut changed = Options::clone(&options);
        change(&mut changed)?;
        let old = std::mem::replace(&mut *options, Arc::new(changed));
        // The old value may free the application's user data, so it is dropped
        // outside the lock.
        drop(options);
        drop(old);
        Ok(())
    }

    pub(crate) fn change_before_session(
        &self,
        change: impl FnOnce(&mut Options) -> Result<()>,
    ) -> Result<()> {
        let what = match self.state() {
            ClientState::Connected => "the client is connected",
            // The call that connects has read its options.
            ClientState::Connecting => "a call connects the client",
            _ => return self.change(change),
        };
        let what = format!("{what}: set this before the first call");
        Err(Error::new(Status::State, what))
    }
}

/// The limit of the close timeout in milliseconds: one day.
const MAX_CLOSE: u64 = 24 * 3600 * 1000;

/// The limits of the public header, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Limit {
    MessageSize = 1,
    Pages = 2,
    Items = 3,
    Events = 4,
    /// The memory of the response cache.
    Cache = 5,
    Connections = 6,
    /// Milliseconds.
    ConnectTime = 7,
    /// Milliseconds.
    InputTime = 8,
}

impl Limit {
    pub(crate) const ALL: [Self; 8] = [
        Self::MessageSize,
        Self::Pages,
        Self::Items,
        Self::Events,
        Self::Cache,
        Self::Connections,
        Self::ConnectTime,
        Self::InputTime,
    ];
}

/// What the application may allow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowances {
    pub(crate) plain_http: bool,
    pub(crate) repeat_tools: bool,
    pub(crate) restart: bool,
    pub(crate) tasks: bool,
    pub(crate) mismatch: bool,
}

/// The kinds of input requests that the application's handler takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct InputKinds {
    pub(crate) form: bool,
    pub(crate) url: bool,
    pub(crate) sampling: bool,
    pub(crate) sampling_tools: bool,
    pub(crate) roots: bool,
}
