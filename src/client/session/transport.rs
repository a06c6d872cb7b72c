//! Opens the transport of a session: HTTP with SSE, a process, or open
//! descriptors.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::session::{Transport, TransportInUse};
use crate::client::core::shared_connection::{SharedConnection, Sink};
use crate::client::http::request::HttpContext;
use crate::client::options::Options;
use crate::client::options::server::{Address, Server, Streams};
use crate::platform::POLLIN;
use crate::protocol::negotiation::AttemptOutcome;
use crate::protocol::outgoing::Headers;
use crate::transport::events::EventSource;
use crate::transport::lines::{LineSink, LineSource};
use crate::transport::process::{Process, Program};
use crate::transport::trace::TraceLine;
use crate::wire::http1::Media;

/// Why there is no HTTP with SSE at an address.
#[derive(Debug)]
pub(crate) enum NoSse {
    /// The server answered with something else.
    Refused(Error),
    /// The server did not answer, or did not name its endpoint, in time.
    TooSlow(Error),
    /// The stream names an endpoint that the library does not use.
    Unusable(Error),
    /// The error says nothing about the transport, such as a failed connection.
    Final(Error),
}

impl Ctx<'_> {
    /// Opens the event stream of HTTP with SSE: a GET, whose first event names
    /// the endpoint for messages. `patience` limits both; without it, the
    /// application's limits apply.
    pub(crate) async fn open_sse(
        self,
        address: &Address,
        patience: Option<Duration>,
    ) -> std::result::Result<Arc<SharedConnection>, NoSse> {
        let Ctx { options, wait, .. } = self;
        let http = HttpContext::new(options, None).map_err(NoSse::Final)?;
        let none = Headers::default();
        let reply = match self.get_within(patience, &none, &http).await {
            Err(error) if patience.is_some() && error.status() == Status::Timeout => {
                wait.check().map_err(NoSse::Final)?;
                let what = "the server did not answer the GET in time";
                return Err(NoSse::TooSlow(Error::protocol(what)));
            }
            result => result.map_err(NoSse::Final)?,
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(refused) => {
                return Err(match AttemptOutcome::failed(refused.error.clone()) {
                    AttemptOutcome::Failed(failure, error) if failure.is_final() => {
                        NoSse::Final(error)
                    }
                    _ => NoSse::Refused(refused.error),
                });
            }
        };
        if !matches!(reply.head.media, Media::EventStream) {
            let what = "the server answered the GET with something else than an event stream";
            return Err(NoSse::Refused(Error::protocol(what)));
        }
        let from = reply.moved.clone();
        let from = from.as_deref().unwrap_or(&address.url);
        let mut source = EventSource::new(reply.open(), options.max_message);
        let is_guess = patience.is_some();
        let patience = patience.unwrap_or(options.connect_timeout);
        let endpoint = match source.endpoint(&wait.at_most(patience)).await {
            Ok(endpoint) => endpoint,
            Err(error) if error.status() == Status::Timeout => {
                wait.check().map_err(NoSse::Final)?;
                return Err(NoSse::TooSlow(Error::protocol(
                    "the server's event stream does not name the URL for messages (an event \
                     \"endpoint\")",
                )));
            }
            Err(error) if is_guess || error.status() == Status::Protocol => {
                // A cancel or a close ends the call, and not just the probe.
                wait.check().map_err(NoSse::Final)?;
                return Err(NoSse::Refused(error));
            }
            // No call was sent yet.
            Err(error) => return Err(NoSse::Final(error.with_may_have_run(false))),
        };
        let url = from.join(&escaped(endpoint.trim()));
        let Some(url) = url.filter(|url| url.origin == address.url.origin) else {
            return Err(NoSse::Unusable(Error::new(
                Status::Redirect,
                "the server's event stream names an endpoint on another origin, or no valid \
                 URL; the library sends no credential there",
            )));
        };
        Ok(SharedConnection::new(Box::new(source), Sink::Posts(url), None, None))
    }
}

impl Client {
    /// Returns the transport of the session; `None` before there is one.
    pub(crate) fn transport(&self) -> Option<TransportInUse> {
        let session = self.current_session()?;
        Some(match (&session.transport, self.options().address()) {
            (Transport::StreamableHttp, _) => TransportInUse::StreamableHttp,
            (Transport::SharedConnection(_), Ok(_)) => TransportInUse::Sse,
            (Transport::SharedConnection(_), Err(_)) => TransportInUse::Stdio,
        })
    }

    /// Starts the server's process, or takes the application's descriptors.
    pub(crate) fn open_stdio(self: &Arc<Self>, options: &Options) -> Result<Arc<SharedConnection>> {
        match &options.server {
            Server::Program(program) => self.start_program(program, options),
            Server::Streams(streams) => {
                let Some(Streams { input, output }) = lock(streams).take() else {
                    return Err(Error::new(
                        Status::Io,
                        "the streams to the server have ended, and the library cannot open them \
                         again: make another client",
                    ));
                };
                let input = Arc::new(input);
                let source = LineSource::new(input.clone(), options.max_message, None);
                let sink = Sink::Lines(LineSink::new(output));
                Ok(SharedConnection::new(Box::new(source), sink, Some(input), None))
            }
            Server::Http(_) => Err(Error::new(Status::Internal, "an address that is a stream")),
        }
    }

    fn start_program(
        self: &Arc<Self>,
        program: &Program,
        options: &Options,
    ) -> Result<Arc<SharedConnection>> {
        let (process, ends) = Process::start(program)?;
        if let Some(trace) = &options.trace {
            trace.line(TraceLine::Info, &format!("start {}", process.name()), &[]);
        }
        let output = process.stderr().is_some().then(|| process.output().clone());
        *lock(&self.standard_error) = output;
        let (process, input) = (Arc::new(process), Arc::new(ends.stdout));
        let source = LineSource::new(input.clone(), options.max_message, Some(process.clone()));
        let sink = Sink::Lines(LineSink::new(ends.stdin));
        let connection =
            SharedConnection::new(Box::new(source), sink, Some(input), Some(process.clone()));
        if process.stderr().is_some() {
            self.keep_standard_error(process, &connection)?;
        }
        Ok(connection)
    }

    /// Reads the standard error of the server's process. Otherwise the process
    /// would block when the pipe is full.
    fn keep_standard_error(
        self: &Arc<Self>,
        process: Arc<Process>,
        connection: &SharedConnection,
    ) -> Result<()> {
        let ended = connection.ended.clone();
        self.spawn(move |client| async move {
            let wait = client.endless().or_abort(ended);
            let Some(fd) = process.stderr() else { return };
            let fd = fd.raw();
            while wait.until_ready(fd, POLLIN).await.is_ok() && process.keep_stderr() {}
        })
    }
}

/// Escapes the blanks and the characters beyond ASCII of a URL, which some
/// servers write as they are.
fn escaped(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte == b' ' || !byte.is_ascii() {
            out.push_str(&format!("%{byte:02X}"));
        } else {
            out.push(char::from(byte));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_url_cannot_have() {
        assert_eq!(escaped("/m?x=a b&y=é&z=%20"), "/m?x=a%20b&y=%C3%A9&z=%20");
    }
}
