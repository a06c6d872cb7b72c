//! From nothing to a session: who speaks which revision, remembered until the
//! server forgets.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::exchange::{Ending, Post};
use crate::client::options::Options;
use crate::client::{Client, Session, lock};
use crate::protocol::call::Call;
use crate::protocol::handshake::Handshake;
use crate::protocol::introduction::Introduction;
use crate::protocol::negotiation::{Attempt, Negotiation, Next, Outcome};
use crate::protocol::stateless::Stateless;
use crate::protocol::{Era, Frame, Outgoing};
use crate::transport::wait::Wait;

/// A session, and whether the server answered just now to make it.
pub(crate) struct Connected {
    pub(crate) session: Arc<Session>,
    pub(crate) is_new: bool,
}

impl Client {
    /// The session, made if there is none: by one thread, while others that
    /// need it wait.
    pub(crate) async fn connected(
        self: &Arc<Self>,
        options: &Arc<Options>,
        wait: &Wait,
    ) -> Result<Connected> {
        self.connected_and(options, true, wait).await
    }

    /// The session for the standing stream, which is not opened for it.
    pub(crate) async fn connected_for_stream(
        self: &Arc<Self>,
        options: &Arc<Options>,
        wait: &Wait,
    ) -> Result<Connected> {
        self.connected_and(options, false, wait).await
    }

    async fn connected_and(
        self: &Arc<Self>,
        options: &Arc<Options>,
        opens_stream: bool,
        wait: &Wait,
    ) -> Result<Connected> {
        loop {
            if let Some(session) = self.current_session() {
                return Ok(Connected { session, is_new: false });
            }
            let is_done = || self.current_session().is_some();
            let Some(_turn) = self.connecting.enter(wait, is_done).await? else { continue };
            if is_done() {
                continue;
            }
            let session = Arc::new(self.negotiate(options, wait).await?);
            let known = lock(&self.known).replace(session.introduction.revision);
            *lock(&self.session) = Some(session.clone());
            self.restore(options, &session, known.is_some(), opens_stream, wait).await?;
            return Ok(Connected { session, is_new: true });
        }
    }

    /// Lets go of a session that the server has forgotten, unless another
    /// thread has made a new one.
    pub(crate) fn forget(&self, lost: &Arc<Session>) {
        let mut session = lock(&self.session);
        if session.as_ref().is_some_and(|current| Arc::ptr_eq(current, lost)) {
            *session = None;
            drop(session);
            self.questions.withdraw_all(lost);
        }
    }

    /// What belonged to the last session is said again, and the stream on
    /// which the server asks is there before the first call.
    async fn restore(
        self: &Arc<Self>,
        options: &Arc<Options>,
        session: &Arc<Session>,
        is_again: bool,
        opens_stream: bool,
        wait: &Wait,
    ) -> Result<()> {
        if session.introduction.revision.is_stateless() {
            return Ok(());
        }
        if is_again {
            let level = *lock(&self.log_level);
            let level = level.and_then(|level| session.era.set_log_level(level));
            let uris = self.listener.uris();
            let uris = uris.iter().filter_map(|uri| session.era.subscribe(uri, true));
            for call in level.into_iter().chain(uris) {
                self.say(options, session, &call, wait).await?;
            }
        }
        if opens_stream && (options.declared.is_any() || self.listener.is_wanted()) {
            self.open_for_questions(wait).await?;
        }
        Ok(())
    }

    /// Sends a call whose refusal is not the caller's business.
    async fn say(
        self: &Arc<Self>,
        options: &Options,
        session: &Arc<Session>,
        call: &Call,
        wait: &Wait,
    ) -> Result<()> {
        let id = self.next_id();
        let outgoing = session.era.frame(call, &Frame { id, ..Frame::default() })?;
        let post = Post {
            id: Some(id),
            is_repeatable: true,
            session: Some(session),
            ..Post::notification(&outgoing, session.era.as_ref())
        };
        match self.post(options, post, wait).await {
            Ok(_) => Ok(()),
            Err(_) => wait.check(),
        }
    }

    async fn negotiate(self: &Arc<Self>, options: &Options, wait: &Wait) -> Result<Session> {
        let known = *lock(&self.known);
        let (mut negotiation, mut attempt) = Negotiation::new(options.pinned, known);
        loop {
            let (outcome, session_id) = self.attempt(options, attempt, wait).await?;
            match negotiation.judge(attempt, outcome)? {
                Next::Try(next) => attempt = next,
                Next::Agreed(introduction) => {
                    return self.agree(options, attempt, *introduction, session_id, wait).await;
                }
                Next::Foreign(error) => {
                    if let Attempt::Initialize(revision) = attempt
                        && let Ok(era) = Handshake::new(revision, session_id)
                    {
                        self.end_session(options, &era, wait).await;
                    }
                    return Err(error);
                }
            }
        }
    }

    async fn attempt(
        self: &Arc<Self>,
        options: &Options,
        attempt: Attempt,
        wait: &Wait,
    ) -> Result<(Outcome, Option<String>)> {
        let id = self.next_id();
        let (outgoing, era): (Outgoing, Box<dyn Era>) = match attempt {
            Attempt::Discover(revision) => {
                let era = Stateless::new(revision, &options.identity, &options.declared);
                (era.discover(id), Box::new(era))
            }
            Attempt::Initialize(revision) => (
                Handshake::initialize(revision, &options.identity, &options.declared, id),
                // Answers a ping that comes before there is a session.
                Box::new(Handshake::new(revision, None)?),
            ),
        };
        let post = Post {
            id: Some(id),
            is_repeatable: true,
            ..Post::notification(&outgoing, era.as_ref())
        };
        Ok(match self.post(options, post, wait).await? {
            Ending::Answer(answer, session_id) => (Outcome::Answered(answer), session_id),
            Ending::Rpc(refusal) => (Outcome::Refused(refusal.rpc, refusal.error), None),
            Ending::NotMcp(status, error) => (Outcome::NotMcp(status, error), None),
            Ending::Accepted => {
                return Err(Error::new(Status::Internal, "a request that was taken for none"));
            }
        })
    }

    async fn agree(
        self: &Arc<Self>,
        options: &Options,
        attempt: Attempt,
        introduction: Introduction,
        session_id: Option<String>,
        wait: &Wait,
    ) -> Result<Session> {
        let revision = introduction.revision;
        let era: Box<dyn Era> = match attempt {
            Attempt::Discover(_) => {
                Box::new(Stateless::new(revision, &options.identity, &options.declared))
            }
            Attempt::Initialize(_) => {
                let era = Handshake::new(revision, session_id)?;
                let outgoing = era.initialized();
                let post = Post { is_repeatable: true, ..Post::notification(&outgoing, &era) };
                // Nothing else may be sent before the server has taken it.
                match self.post(options, post, wait).await? {
                    Ending::Accepted | Ending::Answer(..) => {}
                    Ending::Rpc(refusal) => return Err(refusal.error),
                    Ending::NotMcp(_, error) => return Err(error),
                }
                Box::new(era)
            }
        };
        Ok(Session { era, introduction, declared: options.declared.clone() })
    }
}
