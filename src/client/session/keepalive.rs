//! Pings an idle connection, and finds a server that no longer answers.
//!
//! Only the revisions with a handshake have a ping. Later revisions have no
//! session that could be lost between calls.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::session::Session;
use crate::protocol::call::Call;
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::session_loss::RequestKind;
use crate::transport::wait::Wait;

/// The connection is looked at so many times in the interval, so a ping is late
/// by a quarter of it at most. No call has to read the clock for this.
const LOOKS: u32 = 4;

impl Client {
    /// Sets the interval, for the current session and for later ones.
    pub(crate) fn set_keepalive(self: &Arc<Self>, interval: Option<Duration>) -> Result<()> {
        self.change(|options| {
            options.keepalive = interval;
            Ok(())
        })?;
        match self.current_session() {
            Some(session) => self.keep_alive(&session),
            None => Ok(()),
        }
    }

    /// Pings in this session from now on, and no longer in another one.
    pub(crate) fn keep_alive(self: &Arc<Self>, session: &Arc<Session>) -> Result<()> {
        let interval = self.options().keepalive;
        let interval = interval.filter(|_| !session.server_info.revision.is_stateless());
        let stop = interval.is_some().then(Signal::shared);
        if let Some(old) = std::mem::replace(&mut *lock(&self.keepalive), stop.clone()) {
            old.raise();
        }
        let (Some(interval), Some(stop)) = (interval, stop) else { return Ok(()) };
        let session = Arc::downgrade(session);
        self.spawn(move |client| async move {
            // It ends when it is stopped, or when the client is closed.
            let _ = client.ping_when_idle(&session, interval, stop).await;
        })
    }

    async fn ping_when_idle(
        self: &Arc<Self>,
        session: &Weak<Session>,
        interval: Duration,
        stop: Arc<Signal>,
    ) -> Result<()> {
        let wait = self.endless().or_abort(stop.clone());
        let mut seen = self.activity();
        let mut since = Instant::now();
        loop {
            wait.pause(interval / LOOKS).await?;
            let Some(session) = session.upgrade().filter(|session| self.is_current(session)) else {
                return Ok(());
            };
            let activity = self.activity();
            if !activity.0 || activity != seen {
                (seen, since) = (activity, Instant::now());
                continue;
            }
            if since.elapsed() < interval {
                continue;
            }
            let options = self.options();
            let brief = self.wait(&options, &CallLimits::default(), true).for_courtesy();
            let brief = brief.or_abort(stop.clone());
            let result = self.ping_in(&session, &brief).await;
            wait.check()?;
            // A call that began meanwhile finds out by itself, in its own time.
            let is_idle = self.activity() == (true, seen.1 + 1);
            if let (Err(error), true) = (result, is_idle) {
                let error = self.finished(error, "keepalive", &options);
                self.set_loss(error.message());
                self.forget(&session);
                return Ok(());
            }
            (seen, since) = (self.activity(), Instant::now());
        }
    }

    /// Sends a ping. Fails if the server did not answer it, or has lost the
    /// session. Any other answer shows that the server is there.
    async fn ping_in(self: &Arc<Self>, session: &Arc<Session>, wait: &Wait) -> Result<()> {
        let options = self.options();
        let id = self.next_id();
        let meta = RequestMeta { id, ..RequestMeta::default() };
        let outgoing = session.dialect.request(&Call::ping(), &meta)?;
        let message = OutboundMessage {
            id: Some(id),
            is_repeatable: true,
            ..OutboundMessage::notification(&outgoing, session.target())
        };
        match Ctx::new(self, &options, wait).post(&message).await {
            Ok(outcome) if outcome.is_doubtful(RequestKind::Ping, session) => outcome.accepted(),
            Ok(_) => Ok(()),
            Err(error) if is_silence(&error) => Err(error),
            Err(_) => Ok(()),
        }
    }
}

/// Whether an error means that the server was not reached or did not answer.
fn is_silence(error: &Error) -> bool {
    error.http_status() == 0
        && matches!(
            error.status(),
            Status::Resolve
                | Status::Connect
                | Status::Tls
                | Status::Io
                | Status::Timeout
                | Status::Process
        )
}
