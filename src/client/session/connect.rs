//! Connects: makes the session, once the transport and the revision are found.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::outbound::{OutboundMessage, Outcome, RpcRefused};
use crate::client::core::reentrancy::{CallbackKind, InCallback};
use crate::client::core::session::{Session, Target, Transport};
use crate::client::session::negotiate::Agreement;
use crate::protocol::call::Call;
use crate::protocol::dialect::Dialect;
use crate::protocol::error_code::METHOD_NOT_FOUND;
use crate::protocol::handshake::Handshake;
use crate::protocol::negotiation::Attempt;
use crate::protocol::request_meta::RequestMeta;
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
    pub(crate) fn connected(self) -> impl Future<Output = Result<Connected>> + 'a {
        self.connected_and(true)
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
            _ => {
                let connected = Box::pin(self.to_connect().connect(opens_stream)).await;
                if !self.wait.is_background() && !self.wait.is_leading() {
                    // Items that stayed in the queue meanwhile.
                    self.client.attend_if_any();
                }
                connected
            }
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
        let Ctx { client, wait, .. } = self;
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
            let quiet = (!wait.is_background())
                .then(|| InCallback::enter(client.id(), CallbackKind::Connecting));
            // The wait may have ended meanwhile.
            wait.check()?;
            if let Some(session) = self.usable_session() {
                self.verify(&session).await?;
                continue;
            }
            let connecting = client.begin_connecting();
            let session = Arc::new(self.make_session().await?);
            let is_reconnection = lock(&client.negotiation_hint)
                .as_mut()
                .is_some_and(|hint| std::mem::replace(&mut hint.was_connected, true));
            if is_reconnection {
                client.count_one(Counter::Reconnections);
            }
            client.set_session(&session);
            if client.options().roots != self.options.roots {
                // They were changed during the handshake, without a session.
                client.announce_roots(&session)?;
            }
            if let Transport::SharedConnection(connection) = &session.transport {
                client.keep_reading(connection, Arc::downgrade(&session))?;
            }
            self.restore(&session, is_reconnection).await?;
            // The task that opens the stream may have to connect, so that nobody
            // may wait for it inside.
            drop((guard, connecting, quiet));
            client.keep_alive(&session)?;
            if opens_stream {
                self.open_wanted_stream(&session).await?;
            }
            return Ok(Connected { session, is_new: true });
        }
    }

    /// Negotiates, and makes the session.
    async fn make_session(self) -> Result<Session> {
        let mut has_lost = false;
        loop {
            let agreement = self.negotiate().await?;
            let Agreement { transport, attempt, server_info, session_id } = agreement;
            let result = self.agree(&transport, attempt, server_info, session_id).await;
            match result {
                Ok(Agreed::Session(session)) => return Ok(*session),
                // Once: a session that is lost at once will be lost again.
                Ok(Agreed::Lost(_)) if !has_lost => has_lost = true,
                Ok(Agreed::Lost(error)) | Err(error) => {
                    if let Some(connection) = transport.shared_connection() {
                        self.client.retire(connection);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Waits until this call may connect. While a person signs in for another
    /// thread, the timeout of this call is paused.
    async fn enter(self, is_done: impl Fn() -> bool) -> Result<Option<Guard<'a>>> {
        let Ctx { client, options, wait } = self;
        if !wait.is_background() && InCallback::is_in(client.id(), CallbackKind::Connecting) {
            return Err(Error::new(
                Status::State,
                "a callback made a call with a client that this thread is connecting: the call \
                 would wait for itself; start a request instead",
            ));
        }
        // A background task that connects may need a callback of this thread.
        let attendant: Arc<dyn Attendant> = client.clone();
        let attended = wait.attending(attendant);
        let Some(oauth) = &options.oauth else {
            let entered = client.connecting.lock_unless(&attended, is_done).await;
            wait.adopt(&attended);
            return entered;
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
        let Ctx { client, wait, options } = self;
        let id = client.next_id();
        let common = options.meta.as_deref();
        let meta = RequestMeta { id, common, ..RequestMeta::default() };
        let outgoing = session.dialect.request(call, &meta)?;
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: true,
            ..OutboundMessage::notification(&outgoing, session.target())
        };
        match self.post(&message).await {
            Ok(_) => Ok(()),
            Err(_) => wait.check(),
        }
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
                match self.post(&message).await.map_err(refused)? {
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
            courtesies: Default::default(),
            signs: Default::default(),
        })))
    }
}

/// The result of the end of the handshake.
enum Agreed {
    Session(Box<Session>),
    /// The server does not know the session that it has just made.
    Lost(Error),
}

const INITIALIZED: &str = "notifications/initialized";

/// How often a call that waits to connect checks whether its timeout is paused.
const RECHECK: Duration = Duration::from_millis(100);
