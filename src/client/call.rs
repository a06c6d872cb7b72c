//! One call, from its arguments to its answer, and what may be tried again.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sys::Signal;
use crate::client::exchange::{Ending, Post, RpcRefusal};
use crate::client::options::Options;
use crate::client::{Client, Session};
use crate::protocol::Call;
use crate::protocol::introduction::Introduction;
use crate::transport::wait::Wait;
use crate::wire::jsonrpc::Answer;

/// What a single call may have of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// In place of the client's.
    pub(crate) timeout: Option<Duration>,
    pub(crate) cancel: Option<Arc<Signal>>,
}

/// How a round ended that gave no answer.
enum Failure {
    /// The server does not know the session any more, or speaks another
    /// revision now: nothing was executed.
    Lost(Error),
    Final(Error),
}

/// How long telling the server that a call is given up may hold up the
/// caller: a cancel is to return within 10 ms.
const TELL_CANCELLED: Duration = Duration::from_millis(8);
const TELL_TIMEOUT: Duration = Duration::from_millis(50);

impl Client {
    pub(crate) fn ping(&self, limits: &Limits) -> Result<()> {
        self.perform(&Call::ping(), limits).map(drop)
    }

    /// Connects, if that is not done, and tells who the server is.
    pub(crate) fn connect(&self, limits: &Limits) -> Result<Introduction> {
        let options = self.options();
        let wait = self.wait(&options, limits);
        match self.connected(&options, &wait) {
            Ok(connected) => Ok(connected.session.introduction.clone()),
            Err(error) => Err(self.finished(error, "connect", &options)),
        }
    }

    pub(crate) fn perform(&self, call: &Call, limits: &Limits) -> Result<Answer> {
        let options = self.options();
        let wait = self.wait(&options, limits);
        self.perform_within(&options, call, &wait)
            .map_err(|error| self.finished(error, call.method(), &options))
    }

    fn perform_within(&self, options: &Options, call: &Call, wait: &Wait) -> Result<Answer> {
        let mut has_recovered = false;
        loop {
            let connected = self.connected(options, wait)?;
            let session = connected.session;
            if connected.is_new && call.is_ping() && session.introduction.revision.is_stateless() {
                // The server has just given this very sign of life.
                let json = session.introduction.json.clone().into_bytes();
                let length = json.len();
                return Ok(Answer::new(json, 0..length));
            }
            match self.round(options, &session, call, wait) {
                Ok(answer) => return Ok(answer),
                Err(Failure::Lost(error)) => {
                    self.forget(&session);
                    // A session that was lost at once will be lost again.
                    if has_recovered {
                        return Err(error);
                    }
                    has_recovered = true;
                }
                Err(Failure::Final(error)) => return Err(error),
            }
        }
    }

    fn round(
        &self,
        options: &Options,
        session: &Session,
        call: &Call,
        wait: &Wait,
    ) -> std::result::Result<Answer, Failure> {
        let id = self.next_id();
        let era = session.era.as_ref();
        let outgoing = era.frame(call, id).map_err(Failure::Final)?;
        let post = Post {
            outgoing: &outgoing,
            id: Some(id),
            is_repeatable: call.is_repeatable(),
            era: Some(era),
        };
        let ending = self.post(options, post, wait).map_err(|error| {
            self.tell_given_up(options, session, id, &error);
            Failure::Final(error)
        })?;
        let has_session = era.session_id().is_some();
        match ending {
            Ending::Answer(answer, _) => match era.check(answer.json()) {
                Ok(()) => Ok(answer),
                Err(error) => Err(Failure::Final(error)),
            },
            Ending::Rpc(refusal) if is_loss(&refusal, has_session) => {
                Err(Failure::Lost(refusal.error))
            }
            Ending::NotMcp(404, error) if has_session => Err(Failure::Lost(error)),
            Ending::Rpc(refusal) => Err(Failure::Final(refusal.error)),
            Ending::NotMcp(_, error) => Err(Failure::Final(error)),
            Ending::Accepted => {
                let error = Error::new(Status::Internal, "a request that was taken for none");
                Err(Failure::Final(error))
            }
        }
    }

    /// Tells the server that nobody waits any more, where that is a message.
    fn tell_given_up(&self, options: &Options, session: &Session, id: i64, error: &Error) {
        let (reason, patience) = match error.status() {
            Status::Cancelled => ("cancelled by the caller", TELL_CANCELLED),
            Status::Timeout => ("no answer in time", TELL_TIMEOUT),
            _ => return,
        };
        if !error.may_have_run() {
            return; // The server knows nothing of it.
        }
        if let Some(outgoing) = session.era.cancel(id, reason) {
            let era = Some(session.era.as_ref());
            let post = Post { outgoing: &outgoing, id: None, is_repeatable: false, era };
            let _ = self.post(options, post, &Wait::for_at_most(patience));
        }
    }

    fn wait(&self, options: &Options, limits: &Limits) -> Wait {
        let timeout = limits.timeout.unwrap_or(options.timeout);
        Wait::for_request(timeout, self.close.clone(), limits.cancel.clone())
    }

    /// Says which call it was, and takes out what nobody may see.
    fn finished(&self, error: Error, call: &str, options: &Options) -> Error {
        let mut secrets = options.secrets();
        let session = self.current_session();
        let session_id = session.as_ref().and_then(|session| session.era.session_id());
        secrets.extend(session_id.map(Secret::from));
        error.during(call).masked(&secrets)
    }
}

/// Whether an error says that the session, or the revision, is not known any
/// more. The request was refused before it ran, so that any may be repeated.
fn is_loss(refusal: &RpcRefusal, has_session: bool) -> bool {
    const UNSUPPORTED_VERSION: i32 = -32022;
    if !has_session {
        return refusal.rpc.code == UNSUPPORTED_VERSION;
    }
    refusal.http_status == 404
        // A restarted server of the TypeScript SDK with a single session.
        || refusal.http_status == 400 && refusal.rpc.code == -32000 && refusal.is_anonymous
}
