//! Sets the options of a client. Each change replaces all options at once.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::bearer::{HandlerToken, TokenHandler};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::client::core::client::Client;
use crate::client::core::handlers::{EventHandler, Handlers, InputHandler};
use crate::client::options::{Options, count, milliseconds};
use crate::protocol::call::Call;
use crate::protocol::capability::ClientCapabilities;
use crate::transport::process::StandardError;
use crate::transport::tls::{ClientCertificate, certificates};
use crate::transport::trace::{Trace, TraceFile};

impl Client {
    pub(crate) fn set_header(&self, name: &str, value: Option<&str>) -> Result<()> {
        self.change(|options| options.set_header(name, value))
    }

    pub(crate) fn set_token(&self, token: Option<&str>) -> Result<()> {
        self.change(|options| options.set_token(token))
    }

    pub(crate) fn set_token_handler(&self, handler: Option<Box<TokenHandler>>) -> Result<()> {
        let credential = handler.map(|handler| Arc::new(HandlerToken::new(handler)) as Arc<_>);
        self.change(|options| options.set_credential(credential))
    }

    pub(crate) fn set_timeout(&self, value: i64) -> Result<()> {
        let timeout = milliseconds(value)?;
        self.change(|options| {
            options.timeout = timeout;
            Ok(())
        })
    }

    pub(crate) fn set_connect_timeout(&self, value: i64) -> Result<()> {
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
        let file = if fd == -1 { None } else { Some(Arc::new(TraceFile::new(fd)?)) };
        self.change(|options| {
            options.trace = Trace::with_file(options.trace.as_ref(), file);
            Ok(())
        })
    }

    pub(crate) fn set_repeat_tools(&self, allow: bool) -> Result<()> {
        self.change(|options| {
            options.repeats_tools = allow;
            Ok(())
        })
    }

    pub(crate) fn set_restart(&self, allow: bool) -> Result<()> {
        self.change(|options| {
            options.program()?;
            options.restarts = allow;
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
        let extra = path.map(certificates).transpose()?.unwrap_or_default();
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

    pub(crate) fn set_input_timeout(&self, value: i64) -> Result<()> {
        let timeout = milliseconds(value)?;
        self.change(|options| {
            options.input_timeout = timeout;
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
        let most = usize::try_from(value).ok().filter(|most| *most > 0 || limit == Limit::Cache);
        let most = most.ok_or_else(|| {
            Error::argument(format!("value is {value}: the smallest limit of this kind is 1"))
        })?;
        self.change(|options| {
            match limit {
                Limit::MessageSize => options.max_message = most,
                Limit::Pages => options.max_pages = most,
                Limit::Items => options.max_items = most,
                Limit::Events => options.max_events = most,
                Limit::Cache => self.cache.set_limit(most),
                Limit::Connections => self.connection_limit.set_most(most),
            }
            Ok(())
        })
    }

    pub(crate) fn set_max_pages(&self, value: i32) -> Result<()> {
        let pages = count(value, "pages")?;
        self.change(|options| {
            options.max_pages = pages;
            Ok(())
        })
    }

    pub(crate) fn set_max_items(&self, value: i32) -> Result<()> {
        let items = count(value, "items")?;
        self.change(|options| {
            options.max_items = items;
            Ok(())
        })
    }

    pub(crate) fn set_max_events(&self, value: i32) -> Result<()> {
        let events = count(value, "events")?;
        self.change(|options| {
            options.max_events = events;
            Ok(())
        })
    }

    pub(crate) fn set_tasks(&self, allow: bool) -> Result<()> {
        self.change(|options| {
            options.follows_tasks = allow;
            Ok(())
        })
    }

    pub(crate) fn set_capabilities(&self, json: Option<&str>) -> Result<()> {
        self.change_before_session(|options| options.declared.set_extra(json))
    }

    /// Sets the response to `roots/list`, and notifies the server.
    pub(crate) fn set_roots(self: &Arc<Self>, json: Option<&str>) -> Result<()> {
        let declared = self.options().declared.clone();
        let roots = json.is_some() || self.handlers().handles_roots;
        if roots != declared.roots && self.current_session().is_some() {
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
        match self.current_session() {
            Some(session) if !session.server_info.revision.is_stateless() => {
                let changed = Call::notification("notifications/roots/list_changed", None)?;
                self.notify(&changed)
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn set_event_handler(&self, handler: Option<Arc<EventHandler>>) {
        self.change_handlers(|handlers| handlers.event = handler);
    }

    /// Sets the input handler, and the capabilities that are declared for it.
    pub(crate) fn set_input_handler(
        &self,
        kinds: InputKinds,
        handler: Option<Arc<InputHandler>>,
    ) -> Result<()> {
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
        if declared != options.declared {
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

    pub(crate) fn change(&self, change: impl FnOnce(&mut Options) -> Result<()>) -> Result<()> {
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
        if self.current_session().is_some_and(|session| !session.transport.is_over()) {
            return Err(Error::new(
                Status::State,
                "the client is connected: set this before the first call",
            ));
        }
        self.change(change)
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
}

impl Limit {
    pub(crate) const ALL: [Self; 6] =
        [Self::MessageSize, Self::Pages, Self::Items, Self::Events, Self::Cache, Self::Connections];
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
