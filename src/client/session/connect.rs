//! From nothing to a session: who speaks which revision, remembered until the
//! server forgets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::outbound::{OutboundMessage, Outcome};
use crate::client::core::session::{NegotiationHint, Session, Target, Transport};
use crate::client::core::shared_connection::SharedConnection;
use crate::client::options::server::{Address, HttpTransport};
use crate::client::session::transport::NoSse;
use crate::protocol::call::Call;
use crate::protocol::dialect::Dialect;
use crate::protocol::handshake::Handshake;
use crate::protocol::negotiation::{Attempt, AttemptOutcome, Negotiation, Next};
use crate::protocol::outgoing::Outgoing;
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::revision::Revision;
use crate::protocol::server_info::ServerInfo;
use crate::protocol::session_loss::RequestKind;
use crate::protocol::stateless::Stateless;
use crate::transport::async_mutex::Guard;
use crate::transport::wait::Attendant;

/// A session, and whether the server answered just now to make it.
pub(crate) struct Connected {
    pub(crate) session: Arc<Session>,
    pub(crate) is_new: bool,
}

impl<'a> Ctx<'a> {
    /// The session, made if there is none: by one thread, while others that
    /// need it wait.
    pub(crate) async fn connected(self) -> Result<Connected> {
        self.connected_and(true).await
    }

    /// The session for the standing stream, which is not opened for it.
    pub(crate) async fn connected_for_stream(self) -> Result<Connected> {
        self.connected_and(false).await
    }

    async fn connected_and(self, opens_stream: bool) -> Result<Connected> {
        let Ctx { client, options, wait } = self;
        if !wait.is_background() {
            client.check_may_wait()?;
        }
        loop {
            match client.current_session() {
                Some(session) if session.transport.is_over() => client.forget(&session),
                Some(session) => return Ok(Connected { session, is_new: false }),
                None => {}
            }
            let is_done = || client.current_session().is_some();
            let Some(_turn) = self.enter(is_done).await? else { continue };
            if is_done() {
                continue;
            }
            // Nothing is begun for who does not wait any more.
            wait.check()?;
            let session = Arc::new(self.negotiate().await?);
            let known = NegotiationHint {
                revision: session.server_info.revision,
                has_sse: options.address().is_ok() && session.transport.channel().is_some(),
            };
            let before = lock(&client.negotiation_hint).replace(known);
            if before.is_some() {
                client.count_one(Counter::Reconnections);
            }
            *lock(&client.session) = Some(session.clone());
            if let Transport::SharedConnection(channel) = &session.transport {
                client.keep_reading(channel, Arc::downgrade(&session))?;
            }
            self.restore(&session, before.is_some(), opens_stream).await?;
            return Ok(Connected { session, is_new: true });
        }
    }

    /// The turn to connect. While a person signs in for another thread, this
    /// call's own time does not count.
    async fn enter(self, is_done: impl Fn() -> bool) -> Result<Option<Guard<'a>>> {
        let Ctx { client, options, wait } = self;
        let Some(oauth) = &options.oauth else {
            return client.connecting.lock_unless(wait, is_done).await;
        };
        if oauth.is_asking_here() {
            let turn = client.connecting.try_lock();
            return turn.map(Some).ok_or_else(|| {
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
            let glance = attended.at_most_beyond(LOOK);
            match client.connecting.lock_unless(&glance, &is_done).await {
                Err(error) if error.status() == Status::Timeout => {
                    if oauth.awaits_person() && Instant::now() < until {
                        attended.restart();
                    }
                    attended.check()?;
                    wait.follow(&attended);
                }
                entered => return entered,
            }
        }
    }

    /// Asks a server whether it still knows a session.
    pub(crate) async fn forget_if_lost(self, session: &Arc<Session>) {
        let Ctx { client, .. } = self;
        let id = client.next_id();
        let frame = RequestMeta { id, ..RequestMeta::default() };
        let Ok(outgoing) = session.dialect.request(&Call::ping(), &frame) else { return };
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: true,
            ..OutboundMessage::notification(&outgoing, session.peer())
        };
        if let Ok(outcome) = self.post(message).await
            && outcome.is_loss(RequestKind::Ping, session)
        {
            client.forget(session);
        }
    }

    /// What belonged to the last session is said again, and the stream on
    /// which the server asks is there before the first call.
    async fn restore(
        self,
        session: &Arc<Session>,
        is_again: bool,
        opens_stream: bool,
    ) -> Result<()> {
        let Ctx { client, options, wait } = self;
        if session.server_info.revision.is_stateless() {
            return Ok(());
        }
        if is_again {
            let level = *lock(&client.log_level);
            let level = level.and_then(|level| session.dialect.set_log_level(level));
            let uris = client.subscriptions.uris();
            let uris = uris.iter().filter_map(|uri| session.dialect.subscribe(uri, true));
            for call in level.into_iter().chain(uris) {
                self.say(session, &call).await?;
            }
        }
        if opens_stream && (options.declared.is_any() || client.subscriptions.is_wanted()) {
            client.open_for_questions(wait).await?;
        }
        Ok(())
    }

    /// Sends a call whose refusal is not the caller's business.
    async fn say(self, session: &Arc<Session>, call: &Call) -> Result<()> {
        let Ctx { client, wait, .. } = self;
        let id = client.next_id();
        let outgoing =
            session.dialect.request(call, &RequestMeta { id, ..RequestMeta::default() })?;
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: true,
            ..OutboundMessage::notification(&outgoing, session.peer())
        };
        match self.post(message).await {
            Ok(_) => Ok(()),
            Err(_) => wait.check(),
        }
    }

    /// Finds out how the server speaks, by every way that its address may
    /// stand for.
    async fn negotiate(self) -> Result<Session> {
        let Ctx { client, options, .. } = self;
        let known = *lock(&client.negotiation_hint);
        let Ok(address) = options.address() else {
            if known.is_some() && !options.restarts {
                return Err(Error::new(
                    Status::Process,
                    "the server has ended, and is not to be started again; see \
                     mcp_client_set_restart()",
                ));
            }
            return self.negotiate_by_lines(known).await;
        };
        let mut no_events = false;
        let mut shown: Option<Error> = None;
        for way in ways(address, options.pinned, known) {
            let negotiated = match way {
                ConnectWay::Posts => {
                    let (negotiation, first) =
                        Negotiation::new(options.pinned, known.map(|known| known.revision));
                    let transport = Transport::StreamableHttp;
                    self.negotiate_over(transport, negotiation, first).await?
                }
                _ if no_events => continue,
                ConnectWay::Glance => self.negotiate_by_events(address, Some(GLANCE)).await?,
                ConnectWay::Events => self.negotiate_by_events(address, None).await?,
            };
            let error = match negotiated {
                Negotiated::Session(session) => return Ok(*session),
                Negotiated::Again(..) => return Err(Error::new(Status::Io, ENDED)),
                Negotiated::Late(error) => error,
                Negotiated::Elsewhere(error) => {
                    no_events = no_events || *way != ConnectWay::Posts;
                    error
                }
            };
            // What the usual way came to says more, but for a server in trouble.
            let is_trouble = shown.as_ref().is_some_and(|error| error.http_status() >= 500);
            if shown.is_none() || *way == ConnectWay::Posts && !is_trouble {
                shown = Some(error);
            }
        }
        Err(match shown {
            Some(error) if error.http_status() == 405 && no_events => {
                let what = format!("{}, nor one of HTTP with SSE", error.message());
                Error::new(Status::Transport, what).with_http_status(405)
            }
            Some(error) => error,
            None => Error::new(Status::Internal, "no way to the server"),
        })
    }

    async fn negotiate_by_events(
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
        let channel = match self.open_events(address, patience).await {
            Ok(channel) => channel,
            Err(NoSse::Final(error)) => return Err(error),
            Err(NoSse::Late(error)) => return Ok(Negotiated::Late(none(error))),
            Err(NoSse::Other(error)) => return Ok(Negotiated::Elsewhere(none(error))),
        };
        self.negotiate_on(channel, negotiation, first).await
    }

    async fn negotiate_by_lines(self, known: Option<NegotiationHint>) -> Result<Session> {
        let Ctx { client, options, .. } = self;
        let known = known.map(|known| known.revision);
        let (mut negotiation, mut attempt) = Negotiation::new(options.pinned, known);
        loop {
            let channel = client.open_lines(options)?;
            if channel.process().is_some() {
                client.count_one(Counter::Starts);
            }
            match self.negotiate_on(channel, negotiation, attempt).await? {
                Negotiated::Session(session) => return Ok(*session),
                Negotiated::Late(error) | Negotiated::Elsewhere(error) => return Err(error),
                Negotiated::Again(rest, next) => (negotiation, attempt) = (rest, next),
            }
        }
    }

    /// The same over a channel, which is ended where nothing comes of it.
    async fn negotiate_on(
        self,
        channel: Arc<SharedConnection>,
        negotiation: Negotiation,
        first: Attempt,
    ) -> Result<Negotiated> {
        let Ctx { client, .. } = self;
        let transport = Transport::SharedConnection(channel.clone());
        let result = self.negotiate_over(transport, negotiation, first).await;
        if !matches!(result, Ok(Negotiated::Session(_))) {
            client.retire(&channel);
        }
        result
    }

    async fn negotiate_over(
        self,
        transport: Transport,
        mut negotiation: Negotiation,
        mut attempt: Attempt,
    ) -> Result<Negotiated> {
        loop {
            let (outcome, session_id) = self.attempt(&transport, attempt).await?;
            match negotiation.interpret(attempt, outcome)? {
                Next::Try(next) if transport.is_over() => {
                    return Ok(Negotiated::Again(negotiation, next));
                }
                Next::Try(next) => attempt = next,
                Next::Elsewhere(error) => return Ok(Negotiated::Elsewhere(error)),
                Next::Agreed(server_info) => {
                    let agreed = self.agree(transport, attempt, *server_info, session_id);
                    return agreed.await.map(Box::new).map(Negotiated::Session);
                }
                Next::Foreign(error) => {
                    if let Attempt::Initialize(revision) = attempt
                        && let Ok(dialect) = Handshake::new(revision, session_id)
                        && transport.channel().is_none()
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
                    // A server of the other dialect may ping at any time.
                    Transport::SharedConnection(_) => {
                        (outgoing, Box::new(Handshake::new(Revision::HANDSHAKE, None)?))
                    }
                    Transport::StreamableHttp => (outgoing, Box::new(dialect)),
                }
            }
            Attempt::Initialize(revision) => (
                Handshake::initialize(revision, &options.identity, &options.declaration(), id),
                // Answers a ping that comes before there is a session.
                Box::new(Handshake::new(revision, None)?),
            ),
        };
        let peer = Target { transport, dialect: dialect.as_ref(), session: None };
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: true,
            ..OutboundMessage::notification(&outgoing, peer)
        };
        let is_probe = matches!(attempt, Attempt::Discover(_));
        // A process that does not know the probe may send nothing, or end. A
        // process that has just started may need time.
        let brief = (transport.channel().is_some() && is_probe)
            .then(|| wait.at_most(options.connect_timeout));
        let outcome = match self.within(brief.as_ref().unwrap_or(wait)).post(message).await {
            Ok(Outcome::Answer(answer, session_id)) => {
                return Ok((AttemptOutcome::Answered(answer), session_id));
            }
            Ok(Outcome::Rpc(refusal)) => AttemptOutcome::Refused(refusal.rpc, refusal.error),
            Ok(Outcome::NotMcp(status, error)) => AttemptOutcome::NotMcp(status, error),
            Ok(Outcome::Accepted) => {
                let what = "a request that was taken for none";
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
        transport: Transport,
        attempt: Attempt,
        server_info: ServerInfo,
        session_id: Option<String>,
    ) -> Result<Session> {
        let Ctx { options, .. } = self;
        let revision = server_info.revision;
        let dialect: Box<dyn Dialect> = match attempt {
            Attempt::Discover(_) => {
                Box::new(Stateless::new(revision, &options.identity, &options.declaration()))
            }
            Attempt::Initialize(_) => {
                let dialect = Handshake::new(revision, session_id)?;
                let outgoing = dialect.initialized();
                let peer = Target { transport: &transport, dialect: &dialect, session: None };
                let message = OutboundMessage {
                    is_repeatable: true,
                    ..OutboundMessage::notification(&outgoing, peer)
                };
                // Nothing else may be sent before the server has taken it.
                match self.post(message).await? {
                    Outcome::Accepted | Outcome::Answer(..) => {}
                    Outcome::Rpc(refusal) => return Err(refusal.error),
                    Outcome::NotMcp(_, error) => return Err(error),
                }
                Box::new(dialect)
            }
        };
        let declared = options.declaration();
        Ok(Session { dialect, server_info, declared, transport, outbox: Default::default() })
    }
}

/// The ways that an address may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectWay {
    /// Streamable HTTP.
    Posts,
    /// HTTP with SSE, if the server is quick to show it.
    Glance,
    /// HTTP with SSE.
    Events,
}

/// In which order they are tried.
fn ways(
    address: &Address,
    pinned: Option<Revision>,
    known: Option<NegotiationHint>,
) -> &'static [ConnectWay] {
    let is_likely = match known {
        Some(known) => known.has_sse,
        None => address.url.has_segment("sse"),
    };
    match address.transport {
        HttpTransport::StreamableHttp => &[ConnectWay::Posts],
        HttpTransport::Sse => &[ConnectWay::Events],
        HttpTransport::Auto if pinned.is_some_and(Revision::is_stateless) => &[ConnectWay::Posts],
        HttpTransport::Auto if is_likely => {
            &[ConnectWay::Glance, ConnectWay::Posts, ConnectWay::Events]
        }
        HttpTransport::Auto => &[ConnectWay::Posts, ConnectWay::Events],
    }
}

/// What came of one way.
enum Negotiated {
    Session(Box<Session>),
    /// Nothing so far: the server takes its time.
    Late(Error),
    /// Nothing: there is no such way here.
    Elsewhere(Error),
    /// The process has ended: to be gone on with when it is started again.
    Again(Negotiation, Attempt),
}

const ENDED: &str = "the server ended its event stream before it answered";

/// How often who waits looks whether the time counts.
const LOOK: Duration = Duration::from_millis(100);

/// How long a guess may take that an address is one of HTTP with SSE.
const GLANCE: Duration = Duration::from_secs(2);
