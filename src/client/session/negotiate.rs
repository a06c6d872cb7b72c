//! Negotiates the transport and the revision: the driver of
//! `protocol/negotiation`.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result, Status, quote};
use crate::base::sync::lock;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::outbound::{OutboundMessage, Outcome};
use crate::client::core::session::{NegotiationHint, Target, Transport};
use crate::client::core::shared_connection::SharedConnection;
use crate::client::options::server::{Address, HttpTransport};
use crate::client::session::attempt_message::attempt_message;
use crate::client::session::line_attempts::LineAttempts;
use crate::client::session::transport::NoSse;
use crate::protocol::handshake::Handshake;
use crate::protocol::negotiation::{
    Attempt, AttemptFailure, AttemptOutcome, Carriage, Negotiation, NextAttempt,
};
use crate::protocol::revision::Revision;
use crate::protocol::server_info::ServerInfo;
use crate::transport::events;
use crate::transport::http::ResponseLimits;

/// What both sides agreed on.
pub(super) struct Agreement {
    pub(super) transport: Transport,
    /// The attempt that succeeded.
    pub(super) attempt: Attempt,
    pub(super) server_info: ServerInfo,
    pub(super) session_id: Option<String>,
}

/// The result of one method to connect.
enum Negotiated {
    Agreed(Box<Agreement>),
    /// The GET found no HTTP with SSE.
    NoSse(NoSse),
    /// The server does not have this transport.
    OtherTransport(Error),
    /// The negotiation continues with a new process.
    Restart(Negotiation, Attempt),
}

const ENDED: &str = "the server ended its event stream before it answered";

/// The limit of the probe for HTTP with SSE.
const SSE_PROBE: Duration = Duration::from_secs(2);
/// The limit of `server/discover` over HTTP, and half of the call's time.
const PROBE: Duration = Duration::from_secs(10);

impl Ctx<'_> {
    /// Negotiates with the server, by every transport that its address may
    /// have.
    pub(super) async fn negotiate(self) -> Result<Agreement> {
        let Ctx { client, options, .. } = self;
        let hint = *lock(&client.negotiation_hint);
        let Ok(address) = options.address() else {
            if hint.is_some_and(|hint| hint.was_connected) && !options.restarts {
                return Err(Error::new(
                    Status::Process,
                    "the server has ended, and is not to be started again; see \
                     MCP_ALLOW_RESTART of mcp_client_set_allow()",
                ));
            }
            return self.negotiate_by_stdio(hint).await;
        };
        // The error of Streamable HTTP, and the error of the GET.
        let (mut shown, mut no_stream) = (None, None);
        // The GET found HTTP with SSE, and a POST to its endpoint was refused.
        let mut has_endpoint = false;
        let mut may_have_sse = true;
        let mut is_trouble = false;
        for method in connect_methods(address, options.pinned, hint) {
            let negotiated = match method {
                ConnectMethod::StreamableHttp => {
                    let known = hint.map(|hint| hint.attempt);
                    let (negotiation, first) =
                        Negotiation::new(options.pinned, known, Carriage::Requests)?;
                    self.negotiate_over(Transport::StreamableHttp, negotiation, first).await?
                }
                _ if !may_have_sse => continue,
                ConnectMethod::SseProbe => {
                    self.negotiate_by_sse(address, hint, Some(SSE_PROBE)).await?
                }
                ConnectMethod::Sse => self.negotiate_by_sse(address, hint, None).await?,
            };
            match negotiated {
                Negotiated::Agreed(agreement) => return Ok(*agreement),
                Negotiated::Restart(..) => return Err(Error::new(Status::Io, ENDED)),
                Negotiated::OtherTransport(error) if *method == ConnectMethod::StreamableHttp => {
                    shown = Some(error);
                }
                Negotiated::OtherTransport(error) => {
                    (may_have_sse, no_stream, has_endpoint) = (false, Some(error), true);
                }
                Negotiated::NoSse(NoSse::TooSlow(error)) => no_stream = Some(error),
                Negotiated::NoSse(NoSse::Refused(error)) => {
                    is_trouble = shown.is_none() && error.http_status() >= 500;
                    (may_have_sse, no_stream) = (false, Some(error));
                }
                Negotiated::NoSse(NoSse::Unusable(error)) => return Err(error),
                Negotiated::NoSse(NoSse::Final(error)) => {
                    if shown.is_none() || is_of_caller(&error) {
                        return Err(error);
                    }
                    no_stream = Some(error);
                }
            }
        }
        Err(match (shown, no_stream) {
            // The server has HTTP with SSE, and does not serve it now.
            (Some(shown), Some(no_stream)) if is_trouble => {
                no_stream.with_advice(&format!("initialize got: {}", quote(shown.message())))
            }
            (Some(shown), Some(no_stream)) => neither(shown, &no_stream),
            (Some(error), None) => error,
            (None, Some(error)) if has_endpoint => error,
            (None, Some(error)) => without_sse(error),
            (None, None) => Error::new(Status::Internal, "there is no method to connect"),
        })
    }

    async fn negotiate_by_sse(
        self,
        address: &Address,
        hint: Option<NegotiationHint>,
        patience: Option<Duration>,
    ) -> Result<Negotiated> {
        let Ctx { options, .. } = self;
        let known = hint.map(|hint| hint.attempt);
        let (negotiation, first) = Negotiation::new(options.pinned, known, Carriage::Old)?;
        match self.open_sse(address, patience).await {
            Ok(connection) => self.negotiate_on(connection, negotiation, first).await,
            Err(no_sse) => Ok(Negotiated::NoSse(no_sse)),
        }
    }

    async fn negotiate_by_stdio(self, hint: Option<NegotiationHint>) -> Result<Agreement> {
        let Ctx { client, options, .. } = self;
        let mut rest: Option<(Negotiation, Attempt)> = None;
        let mut first_output = None;
        loop {
            let connection = client.open_stdio(options)?;
            let carriage = match connection.process() {
                Some(_) => Carriage::Process,
                None => Carriage::Stream,
            };
            if carriage == Carriage::Process {
                client.count_one(Counter::Starts);
            }
            let (negotiation, attempt) = match rest.take() {
                Some(rest) => rest,
                None => Negotiation::new(options.pinned, hint.map(|hint| hint.attempt), carriage)?,
            };
            let negotiated = self.negotiate_on(connection, negotiation, attempt).await;
            if negotiated.is_err() && first_output.is_some() {
                // The first process had more time to say why it cannot work.
                *lock(&client.standard_error) = first_output;
            }
            match negotiated? {
                Negotiated::Agreed(agreement) => return Ok(*agreement),
                Negotiated::OtherTransport(error) => return Err(error),
                Negotiated::NoSse(_) => {
                    return Err(Error::new(Status::Internal, "a process that is an event stream"));
                }
                Negotiated::Restart(negotiation, next) => {
                    let output = lock(&client.standard_error).clone();
                    first_output = output.filter(|output| !output.shown().is_empty());
                    rest = Some((negotiation, next));
                }
            }
        }
    }

    /// Negotiates over a shared connection, and closes it without an agreement.
    async fn negotiate_on(
        self,
        connection: Arc<SharedConnection>,
        negotiation: Negotiation,
        first: Attempt,
    ) -> Result<Negotiated> {
        let Ctx { client, .. } = self;
        let transport = Transport::SharedConnection(connection.clone());
        let result = if connection.has_posts() {
            self.negotiate_over(transport, negotiation, first).await
        } else {
            self.negotiate_by_lines(&connection, transport, negotiation, first).await
        };
        if !matches!(result, Ok(Negotiated::Agreed(_))) {
            client.retire(&connection);
        }
        result
    }

    /// Negotiates over lines. The response to `server/discover` may still come
    /// after `initialize` was sent.
    async fn negotiate_by_lines(
        self,
        connection: &Arc<SharedConnection>,
        transport: Transport,
        mut negotiation: Negotiation,
        first: Attempt,
    ) -> Result<Negotiated> {
        let mut attempts = LineAttempts::new(connection);
        let mut next = NextAttempt::Try(first);
        loop {
            let (attempt, outcome) = match next {
                NextAttempt::Try(attempt) if transport.is_over() => {
                    return Ok(Negotiated::Restart(negotiation, attempt));
                }
                NextAttempt::Restart(attempt) => {
                    return Ok(Negotiated::Restart(negotiation, attempt));
                }
                NextAttempt::Try(attempt) => {
                    attempts.answer(self, &transport, attempt, &negotiation).await?
                }
                NextAttempt::Await { is_brief } => {
                    attempts.next(self, &transport, is_brief, &negotiation).await?
                }
                NextAttempt::Agreed(..) | NextAttempt::Foreign(..) | NextAttempt::Elsewhere(..) => {
                    return Err(Error::new(Status::Internal, "a negotiation that goes on"));
                }
            };
            next = match negotiation.interpret(attempt, outcome)? {
                NextAttempt::Agreed(server_info) => {
                    drop(attempts);
                    return Ok(self.agreed(transport, attempt, *server_info, None));
                }
                NextAttempt::Foreign(error) => return Err(error),
                NextAttempt::Elsewhere(error) => return Ok(Negotiated::OtherTransport(error)),
                next => next,
            };
        }
    }

    async fn negotiate_over(
        self,
        transport: Transport,
        mut negotiation: Negotiation,
        mut attempt: Attempt,
    ) -> Result<Negotiated> {
        loop {
            let limit = match negotiation.is_probe_limited() {
                true => Some(self.wait.half(PROBE)?),
                false => None,
            };
            let (outcome, session_id) =
                self.attempt(&transport, attempt, limit, &negotiation).await?;
            match negotiation.interpret(attempt, outcome)? {
                NextAttempt::Try(next) if transport.is_over() => {
                    return Ok(Negotiated::Restart(negotiation, next));
                }
                NextAttempt::Try(next) => attempt = next,
                NextAttempt::Restart(next) => return Ok(Negotiated::Restart(negotiation, next)),
                NextAttempt::Await { .. } => {
                    return Err(Error::new(Status::Internal, "an attempt that is not open"));
                }
                NextAttempt::Elsewhere(error) => return Ok(Negotiated::OtherTransport(error)),
                NextAttempt::Agreed(server_info) => {
                    return Ok(self.agreed(transport, attempt, *server_info, session_id));
                }
                NextAttempt::Foreign(error) => {
                    if let Attempt::Initialize(revision) = attempt
                        && let Ok(dialect) = Handshake::new(revision, session_id)
                        && transport.shared_connection().is_none()
                    {
                        self.end_session(&dialect).await;
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Keeps what the server has shown, for the life of the client.
    fn agreed(
        self,
        transport: Transport,
        attempt: Attempt,
        server_info: ServerInfo,
        session_id: Option<String>,
    ) -> Negotiated {
        let has_sse = self.options.address().is_ok() && transport.shared_connection().is_some();
        let mut hint = lock(&self.client.negotiation_hint);
        let was_connected = hint.is_some_and(|hint| hint.was_connected);
        *hint = Some(NegotiationHint { attempt, has_sse, was_connected });
        drop(hint);
        Negotiated::Agreed(Box::new(Agreement { transport, attempt, server_info, session_id }))
    }

    /// Sends an attempt as a POST. `limit` is for `server/discover`.
    async fn attempt(
        self,
        transport: &Transport,
        attempt: Attempt,
        limit: Option<Duration>,
        negotiation: &Negotiation,
    ) -> Result<(AttemptOutcome, Option<String>)> {
        let id = self.client.next_id();
        let (outgoing, dialect) = attempt_message(self.options, attempt, id)?;
        let target = Target { transport, dialect: dialect.as_ref(), session: None };
        let limit = limit.filter(|_| matches!(attempt, Attempt::Discover(_)));
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: !negotiation.has_failed(),
            limits: ResponseLimits { whole: limit, head: None },
            ..OutboundMessage::notification(&outgoing, target)
        };
        let outcome = match self.post(&message).await {
            Ok(Outcome::Answer(answer, session_id)) => {
                return Ok((AttemptOutcome::Answered(answer), session_id));
            }
            Ok(Outcome::Rpc(refusal)) => AttemptOutcome::Refused(refusal.rpc, refusal.error),
            Ok(Outcome::NotMcp(status, error)) => AttemptOutcome::NotMcp(status, error),
            Ok(Outcome::Accepted) => {
                let what = "a request was handled as a notification";
                AttemptOutcome::failed(Error::new(Status::Internal, what))
            }
            Err(error) if events::is_endpoint(&error) => AttemptOutcome::Endpoint(error),
            Err(error) if limit.is_some() && is_silence(&error) => match self.wait.check() {
                Ok(()) => AttemptOutcome::Silent(error),
                Err(over) => AttemptOutcome::failed(over),
            },
            Err(error) => AttemptOutcome::failed(error),
        };
        Ok((outcome, None))
    }
}

/// Whether the server did not answer.
fn is_silence(error: &Error) -> bool {
    error.status() == Status::Timeout && !error.is_of_sign_in()
}

/// Whether the error tells the caller what to do, whatever else failed.
fn is_of_caller(error: &Error) -> bool {
    let outcome = AttemptOutcome::failed(error.clone());
    use AttemptFailure::{Credential, GivenUp, Other};
    matches!(outcome, AttemptOutcome::Failed(Credential | GivenUp | Other, _))
}

/// The error for a server that speaks neither Streamable HTTP nor HTTP with
/// SSE: that of `initialize`, with the outcome of the GET.
fn neither(shown: Error, no_stream: &Error) -> Error {
    let get = quote(no_stream.message());
    if shown.http_status() == 405 && shown.rpc().is_none() {
        let advice = format!("nor one of HTTP with SSE: the GET got: {get}");
        return shown.with_advice(&advice).with_status(Status::Transport);
    }
    if shown.message().starts_with(no_stream.message()) {
        return shown.with_advice("the GET for HTTP with SSE got the same");
    }
    shown.with_advice(&format!("the GET for HTTP with SSE got: {get}"))
}

/// The error for a server that was asked for HTTP with SSE only.
fn without_sse(error: Error) -> Error {
    if error.http_status() >= 500 {
        return error;
    }
    let what = format!("there is no HTTP with SSE at this address: {}", error.message());
    Error::new(Status::Transport, what).with_http_status(error.http_status())
}

/// The methods to connect to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectMethod {
    /// Streamable HTTP.
    StreamableHttp,
    /// HTTP with SSE, if the server answers quickly.
    SseProbe,
    /// HTTP with SSE.
    Sse,
}

/// Returns the methods to try, in order.
fn connect_methods(
    address: &Address,
    pinned: Option<Revision>,
    hint: Option<NegotiationHint>,
) -> &'static [ConnectMethod] {
    let is_likely = match hint {
        Some(hint) => hint.has_sse,
        None => address.url.has_segment("sse"),
    };
    match address.transport {
        HttpTransport::StreamableHttp => &[ConnectMethod::StreamableHttp],
        HttpTransport::Sse => &[ConnectMethod::Sse],
        HttpTransport::Auto if pinned.is_some_and(Revision::is_stateless) => {
            &[ConnectMethod::StreamableHttp]
        }
        HttpTransport::Auto if is_likely => {
            &[ConnectMethod::SseProbe, ConnectMethod::StreamableHttp, ConnectMethod::Sse]
        }
        HttpTransport::Auto => &[ConnectMethod::StreamableHttp, ConnectMethod::Sse],
    }
}
