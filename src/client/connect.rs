//! From nothing to a session: who speaks which revision, remembered until the
//! server forgets.

use std::sync::{Arc, PoisonError};

use crate::base::error::{Error, Result, Status};
use crate::client::exchange::{Ending, Post};
use crate::client::options::Options;
use crate::client::{Client, Session};
use crate::protocol::handshake::Handshake;
use crate::protocol::introduction::Introduction;
use crate::protocol::negotiation::{Attempt, Negotiation, Next, Outcome};
use crate::protocol::stateless::Stateless;
use crate::protocol::{Era, Outgoing};
use crate::transport::wait::Wait;

/// A session, and whether the server answered just now to make it.
pub(crate) struct Connected {
    pub(crate) session: Arc<Session>,
    pub(crate) is_new: bool,
}

impl Client {
    /// The session, made if there is none: by one thread, while others that
    /// need it wait.
    pub(crate) fn connected(&self, options: &Options, wait: &Wait) -> Result<Connected> {
        loop {
            if let Some(session) = self.current_session() {
                return Ok(Connected { session, is_new: false });
            }
            let is_done = || self.current_session().is_some();
            let Some(_turn) = self.connecting.enter(wait, is_done)? else { continue };
            if is_done() {
                continue;
            }
            let session = Arc::new(self.negotiate(options, wait)?);
            let revision = session.introduction.revision;
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(revision);
            *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
            return Ok(Connected { session, is_new: true });
        }
    }

    /// Lets go of a session that the server has forgotten, unless another
    /// thread has made a new one.
    pub(crate) fn forget(&self, lost: &Arc<Session>) {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if session.as_ref().is_some_and(|current| Arc::ptr_eq(current, lost)) {
            *session = None;
        }
    }

    fn negotiate(&self, options: &Options, wait: &Wait) -> Result<Session> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut negotiation, mut attempt) = Negotiation::new(options.pinned, known);
        loop {
            let (outcome, session_id) = self.attempt(options, attempt, wait)?;
            match negotiation.judge(attempt, outcome)? {
                Next::Try(next) => attempt = next,
                Next::Agreed(introduction) => {
                    return self.agree(options, attempt, *introduction, session_id, wait);
                }
                Next::Foreign(error) => {
                    if let Attempt::Initialize(revision) = attempt
                        && let Ok(era) = Handshake::new(revision, session_id)
                    {
                        self.end_session(options, &era, wait);
                    }
                    return Err(error);
                }
            }
        }
    }

    fn attempt(
        &self,
        options: &Options,
        attempt: Attempt,
        wait: &Wait,
    ) -> Result<(Outcome, Option<String>)> {
        let id = self.next_id();
        let (outgoing, era): (Outgoing, Box<dyn Era>) = match attempt {
            Attempt::Discover(revision) => {
                let era = Stateless::new(revision, &options.identity);
                (era.discover(id), Box::new(era))
            }
            Attempt::Initialize(revision) => (
                Handshake::initialize(revision, &options.identity, id),
                // Answers a ping that comes before there is a session.
                Box::new(Handshake::new(revision, None)?),
            ),
        };
        let post = Post {
            outgoing: &outgoing,
            id: Some(id),
            is_repeatable: true,
            era: Some(era.as_ref()),
        };
        Ok(match self.post(options, post, wait)? {
            Ending::Answer(answer, session_id) => (Outcome::Answered(answer), session_id),
            Ending::Rpc(refusal) => (Outcome::Refused(refusal.rpc, refusal.error), None),
            Ending::NotMcp(status, error) => (Outcome::NotMcp(status, error), None),
            Ending::Accepted => {
                return Err(Error::new(Status::Internal, "a request that was taken for none"));
            }
        })
    }

    fn agree(
        &self,
        options: &Options,
        attempt: Attempt,
        introduction: Introduction,
        session_id: Option<String>,
        wait: &Wait,
    ) -> Result<Session> {
        let revision = introduction.revision;
        let era: Box<dyn Era> = match attempt {
            Attempt::Discover(_) => Box::new(Stateless::new(revision, &options.identity)),
            Attempt::Initialize(_) => {
                let era = Handshake::new(revision, session_id)?;
                let outgoing = era.initialized();
                let post =
                    Post { outgoing: &outgoing, id: None, is_repeatable: true, era: Some(&era) };
                // Nothing else may be sent before the server has taken it.
                match self.post(options, post, wait)? {
                    Ending::Accepted | Ending::Answer(..) => {}
                    Ending::Rpc(refusal) => return Err(refusal.error),
                    Ending::NotMcp(_, error) => return Err(error),
                }
                Box::new(era)
            }
        };
        Ok(Session { era, introduction })
    }
}
