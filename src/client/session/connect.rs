//! Connects: finds the transport and the revision, and makes the session.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::outbound::{OutboundMessage, Outcome, RpcRefused};
use crate::client::core::session::{NegotiationHint, Session, Target, Transport};
use crate::client::core::shared_connection::SharedConnection;
use crate::client::options::server::{Address, HttpTransport};
use crate::client::session::transport::NoSse;
use crate::protocol::call::Call;
use crate::protocol::dialect::Dialect;
use crate::protocol::error_code::METHOD_NOT_FOUND;
use crate::protocol::handshake::Handshake;
use crate::protocol::negotiation::{Attempt, AttemptOutcome, Negotiation, NextAttempt};
use crate::protocol::outgoing::Outgoing;
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::revision::Revision;
use crate::protocol::server_info::ServerInfo;
use crate::protocol::stateless::Stateless;
use crate::transport::async_mutex::Guard;
use crate::transport::wait::Attendant;

/// A session, and whether this call made it.
pub(crate) struct Connected {
    pub(crate) session: Arc<Session>,
    pub(crate) is_new: bool,
}

impl<'a> Ctx<'a> {
    /// Returns the session. If there is none, one thread connects, and the
    /// others wait for it.
    pub(crate) async fn connected(self) -> Result<Connected> {
        self.connected_and(true).await
    }

    /// Returns the session for the notification stream, without opening that
    /// stream first.
    pub(crate) async fn connected_for_stream(self) -> Result<Connected> {
        self.connected_and(false).await
    }

    async fn connected_and(self, opens_stream: bool) -> Result<Connected> {
        if !self.wait.is_background() {
            self.client.check_may_wait()?;
        }
        match self.usable_session() {
            Some(session) if !session.is_suspect() => Ok(Connected { session, is_new: false }),
            // Boxed: most calls have a session, and would carry the room for
            // making one.
            _ => Box::pin(self.connect(opens_stream)).await,
        }
    }

    /// The session, unless its transport has ended.
    fn usable_session(self) -> Option<Arc<Session>> {
        let session = self.client.current_session()?;
        if session.transport.is_over() {
            self.client.forget(&session);
            return None;
        }
        Some(session)
    }

    async fn connect(self, opens_stream: bool) -> Result<Connected> {
        let Ctx { client, options, wait } = self;
        loop {
            if let Some(session) = self.usable_session()
                && !session.is_suspect()
            {
                return Ok(Connected { session, is_new: false });
            }
            let is_done = || client.current_session().is_some_and(|session| !session.is_suspect());
            let Some(guard) = self.enter(is_done).await? else { continue };
            if is_done() {
                continue;
            }
            // The wait may have ended meanwhile.
            wait.check()?;
            if let Some(session) = self.usable_session() {
                self.verify(&session).await?;
                continue;
            }
            let session = Arc::new(self.negotiate().await?);
            let hint = NegotiationHint {
                revision: session.server_info.revision,
                has_sse: options.address().is_ok()
                    && session.transport.shared_connection().is_some(),
            };
            let before = lock(&client.negotiation_hint).replace(hint);
            if before.is_some() {
                client.count_one(Counter::Reconnections);
            }
            *lock(&client.session) = Some(session.clone());
            if let Transport::SharedConnection(connection) = &session.transport {
                client.keep_reading(connection, Arc::downgrade(&session))?;
            }
            self.restore(&session, before.is_some()).await?;
            // The task that opens the stream may have to connect, so that nobody
            // may wait for it inside.
            drop(guard);
            if opens_stream {
                self.open_wanted_stream(&session).await?;
            }
            return Ok(Connected { session, is_new: true });
        }
    }

    /// Waits until this call may connect. While a person signs in for another
    /// thread, the timeout of this call is paused.
    async fn enter(self, is_done: impl Fn() -> bool) -> Result<Option<Guard<'a>>> {
        let Ctx { client, options, wait } = self;
        let Some(oauth) = &options.oauth else {
            return client.connecting.lock_unless(wait, is_done).await;
        };
        if oauth.is_asking_here() {
            let guard = client.connecting.try_lock();
            return guard.map(Some).ok_or_else(|| {
                Error::new(
                    Status::State,
                    "a callback of the authorization made a call with a client that is being \
                     connected by it",
                )
            });
        }
        let until = Instant::now() + oauth.patience();
        let attendant: Arc<dyn Attendant> = client.clone();
        let attended = wait.attending(Some(attendant));
        loop {
            let brief = attended.at_most_beyond(RECHECK);
            match client.connecting.lock_unless(&brief, &is_done).await {
                Err(error) if error.status() == Status::Timeout => {
                    if oauth.awaits_person() && Instant::now() < until {
                        attended.restart();
                    }
                    attended.check()?;
                    wait.adopt(&attended);
                }
                entered => return entered,
            }
        }
    }

    /// Restores the log level and the subscriptions of the last session.
    async fn restore(self, session: &Arc<Session>, is_reconnection: bool) -> Result<()> {
        let Ctx { client, .. } = self;
        if session.server_info.revision.is_stateless() || !is_reconnection {
            return Ok(());
        }
        let level = *lock(&client.log_level);
        let level = level.and_then(|level| session.dialect.set_log_level(level));
        let uris = client.subscriptions.uris();
        let uris = uris.iter().filter_map(|uri| session.dialect.subscribe(uri, true));
        for call in level.into_iter().chain(uris) {
            self.send_quietly(session, &call).await?;
        }
        Ok(())
    }

    /// Opens the notification stream before the first call if the application
    /// wants input requests or notifications.
    async fn open_wanted_stream(self, session: &Arc<Session>) -> Result<()> {
        let Ctx { client, options, wait } = self;
        let is_wanted = options.declared.is_any() || client.subscriptions.is_wanted();
        if session.server_info.revision.is_stateless() || !is_wanted {
            return Ok(());
        }
        client.open_for_input_requests(wait).await
    }

    /// Sends a call of the library itself and ignores its failure.
    async fn send_quietly(self, session: &Arc<Session>, call: &Call) -> Result<()> {
        let Ctx { client, wait, .. } = self;
        let id = client.next_id();
        let outgoing =
            session.dialect.request(call, &RequestMeta { id, ..RequestMeta::default() })?;
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: true,
            ..OutboundMessage::notification(&outgoing, session.target())
        };
        match self.post(message).await {
            Ok(_) => Ok(()),
            Err(_) => wait.check(),
        }
    }

    /// Negotiates with the server, by every transport that its address may
    /// have.
    async fn negotiate(self) -> Result<Session> {
        let Ctx { client, options, .. } = self;
        let hint = *lock(&client.negotiation_hint);
        let Ok(address) = options.address() else {
            if hint.is_some() && !options.restarts {
                return Err(Error::new(
                    Status::Process,
                    "the server has ended, and is not to be started again; see \
                     mcp_client_set_restart()",
                ));
            }
            return self.negotiate_by_stdio(hint).await;
        };
        let mut no_sse = false;
        let mut shown: Option<Error> = None;
        for method in connect_methods(address, options.pinned, hint) {
            let negotiated = match method {
                ConnectMethod::StreamableHttp => {
                    let (negotiation, first) =
                        Negotiation::new(options.pinned, hint.map(|hint| hint.revision));
                    let transport = Transport::StreamableHttp;
                    self.negotiate_over(transport, negotiation, first).await?
                }
                _ if no_sse => continue,
                ConnectMethod::SseProbe => self.negotiate_by_sse(address, Some(SSE_PROBE)).await?,
                ConnectMethod::Sse => self.negotiate_by_sse(address, None).await?,
            };
            let error = match negotiated {
                Negotiated::Session(session) => return Ok(*session),
                Negotiated::Restart(..) => return Err(Error::new(Status::Io, ENDED)),
                Negotiated::TooSlow(error) => error,
                Negotiated::OtherTransport(error) => {
                    no_sse = no_sse || *method != ConnectMethod::StreamableHttp;
                    error
                }
            };
            // The error of Streamable HTTP says more than that of HTTP with
            // SSE, unless the server itself failed.
            let is_trouble = shown.as_ref().is_some_and(|error| error.http_status() >= 500);
            if shown.is_none() || *method == ConnectMethod::StreamableHttp && !is_trouble {
                shown = Some(error);
            }
        }
        Err(match shown {
            Some(error) if error.http_status() == 405 && no_sse => {
                let what = format!("{}, nor one of HTTP with SSE", error.message());
                Error::new(Status::Transport, what).with_http_status(405)
            }
            Some(error) => error,
            None => Error::new(Status::Internal, "there is no method to connect"),
        })
    }

    async fn negotiate_by_sse(
        self,
        address: &Address,
        patience: Option<Duration>,
    ) -> Result<Negotiated> {
        let Ctx { options, .. } = self;
        let (negotiation, first) = Negotiation::of_handshake(options.pinned)?;
        let none = |error: Error| {
            if error.http_status() >= 500 {
                return error;
            }
            let what = format!("there is no HTTP with SSE at this address: {}", error.message());
            Error::new(Status::Transport, what).with_http_status(error.http_status())
        };
        let connection = match self.open_sse(address, patience).await {
            Ok(connection) => connection,
            Err(NoSse::Final(error)) => return Err(error),
            Err(NoSse::TooSlow(error)) => return Ok(Negotiated::TooSlow(none(error))),
            Err(NoSse::Refused(error)) => return Ok(Negotiated::OtherTransport(none(error))),
        };
        self.negotiate_on(connection, negotiation, first).await
    }

    async fn negotiate_by_stdio(self, hint: Option<NegotiationHint>) -> Result<Session> {
        let Ctx { client, options, .. } = self;
        let hint = hint.map(|hint| hint.revision);
        let (mut negotiation, mut attempt) = Negotiation::new(options.pinned, hint);
        loop {
            let connection = client.open_stdio(options)?;
            if connection.process().is_some() {
                client.count_one(Counter::Starts);
            }
            match self.negotiate_on(connection, negotiation, attempt).await? {
                Negotiated::Session(session) => return Ok(*session),
                Negotiated::TooSlow(error) | Negotiated::OtherTransport(error) => {
                    return Err(error);
                }
                Negotiated::Restart(rest, next) => (negotiation, attempt) = (rest, next),
            }
        }
    }

    /// Negotiates over a shared connection, and closes it without a session.
    async fn negotiate_on(
        self,
        connection: Arc<SharedConnection>,
        negotiation: Negotiation,
        first: Attempt,
    ) -> Result<Negotiated> {
        let Ctx { client, .. } = self;
        let transport = Transport::SharedConnection(connection.clone());
        let result = self.negotiate_over(transport, negotiation, first).await;
        if !matches!(result, Ok(Negotiated::Session(_))) {
            client.retire(&connection);
        }
        result
    }

    async fn negotiate_over(
        self,
        transport: Transport,
        mut negotiation: Negotiation,
        mut attempt: Attempt,
    ) -> Result<Negotiated> {
        let mut has_lost = false;
        loop {
            let (outcome, session_id) = self.attempt(&transport, attempt).await?;
            match negotiation.interpret(attempt, outcome)? {
                NextAttempt::Try(next) if transport.is_over() => {
                    return Ok(Negotiated::Restart(negotiation, next));
                }
                NextAttempt::Try(next) => attempt = next,
                NextAttempt::Elsewhere(error) => return Ok(Negotiated::OtherTransport(error)),
                NextAttempt::Agreed(server_info) => {
                    match self.agree(&transport, attempt, *server_info, session_id).await? {
                        Agreed::Session(session) => return Ok(Negotiated::Session(session)),
                        // Once: a session that is lost at once will be lost again.
                        Agreed::Lost(_) if !has_lost => has_lost = true,
                        Agreed::Lost(error) => return Err(error),
                    }
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

    async fn attempt(
        self,
        transport: &Transport,
        attempt: Attempt,
    ) -> Result<(AttemptOutcome, Option<String>)> {
        let Ctx { client, options, wait } = self;
        let id = client.next_id();
        let (outgoing, dialect): (Outgoing, Box<dyn Dialect>) = match attempt {
            Attempt::Discover(revision) => {
                let dialect = Stateless::new(revision, &options.identity, &options.declaration());
                let outgoing = dialect.discover(id);
                match transport {
                    // A server of the handshake dialect may send a ping at any
                    // time.
                    Transport::SharedConnection(_) => {
                        (outgoing, Box::new(Handshake::new(Revision::HANDSHAKE, None)?))
                    }
                    Transport::StreamableHttp => (outgoing, Box::new(dialect)),
                }
            }
            Attempt::Initialize(revision) => (
                Handshake::initialize(revision, &options.identity, &options.declaration(), id),
                // Answers a ping that arrives before there is a session.
                Box::new(Handshake::new(revision, None)?),
            ),
        };
        let target = Target { transport, dialect: dialect.as_ref(), session: None };
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: true,
            ..OutboundMessage::notification(&outgoing, target)
        };
        let is_probe = matches!(attempt, Attempt::Discover(_));
        // A process that does not know the probe may send nothing, or end. A
        // process that has just started may need some time.
        let brief = (transport.shared_connection().is_some() && is_probe)
            .then(|| wait.at_most(options.connect_timeout));
        let outcome = match self.within(brief.as_ref().unwrap_or(wait)).post(message).await {
            Ok(Outcome::Answer(answer, session_id)) => {
                return Ok((AttemptOutcome::Answered(answer), session_id));
            }
            Ok(Outcome::Rpc(refusal)) => AttemptOutcome::Refused(refusal.rpc, refusal.error),
            Ok(Outcome::NotMcp(status, error)) => AttemptOutcome::NotMcp(status, error),
            Ok(Outcome::Accepted) => {
                let what = "a request was handled as a notification";
                AttemptOutcome::failed(Error::new(Status::Internal, what))
            }
            Err(error) if is_probe && transport.is_over() => AttemptOutcome::Ended(error),
            Err(error) if brief.is_some() && error.status() == Status::Timeout => {
                match wait.check() {
                    Ok(()) => AttemptOutcome::Silent(error),
                    Err(over) => AttemptOutcome::failed(over),
                }
            }
            Err(error) => AttemptOutcome::failed(error),
        };
        Ok((outcome, None))
    }

    async fn agree(
        self,
        transport: &Transport,
        attempt: Attempt,
        server_info: ServerInfo,
        session_id: Option<String>,
    ) -> Result<Agreed> {
        let Ctx { options, .. } = self;
        let revision = server_info.revision;
        let dialect: Box<dyn Dialect> = match attempt {
            Attempt::Discover(_) => {
                Box::new(Stateless::new(revision, &options.identity, &options.declaration()))
            }
            Attempt::Initialize(_) => {
                let dialect = Handshake::new(revision, session_id)?;
                let outgoing = dialect.initialized();
                let target = Target { transport, dialect: &dialect, session: None };
                let message = OutboundMessage {
                    is_repeatable: true,
                    ..OutboundMessage::notification(&outgoing, target)
                };
                // Nothing else may be sent before the server accepted it.
                let refused = |error: Error| error.during(INITIALIZED);
                match self.post(message).await.map_err(refused)? {
                    Outcome::Accepted | Outcome::Answer(..) => {}
                    // The server takes the session, and does not know this
                    // notification.
                    Outcome::Rpc(refusal) if refusal.rpc.code == METHOD_NOT_FOUND => {}
                    Outcome::Rpc(RpcRefused { error, http_status, .. })
                    | Outcome::NotMcp(http_status, error) => {
                        let is_lost = http_status == 404 && dialect.session_id().is_some();
                        let error = refused(error);
                        return if is_lost { Ok(Agreed::Lost(error)) } else { Err(error) };
                    }
                }
                Box::new(dialect)
            }
        };
        Ok(Agreed::Session(Box::new(Session {
            dialect,
            server_info,
            declared: options.declaration(),
            transport: transport.clone(),
            outbox: Default::default(),
            signs: Default::default(),
        })))
    }
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

/// The result of the end of the handshake.
enum Agreed {
    Session(Box<Session>),
    /// The server does not know the session that it has just made.
    Lost(Error),
}

/// The result of one method.
enum Negotiated {
    Session(Box<Session>),
    /// The server did not answer in time.
    TooSlow(Error),
    /// The server does not have this transport.
    OtherTransport(Error),
    /// The process has ended. The negotiation continues with a new process.
    Restart(Negotiation, Attempt),
}

const INITIALIZED: &str = "notifications/initialized";
const ENDED: &str = "the server ended its event stream before it answered";

/// How often a call that waits to connect checks whether its timeout is paused.
const RECHECK: Duration = Duration::from_millis(100);

/// The limit of the probe for HTTP with SSE.
const SSE_PROBE: Duration = Duration::from_secs(2);
