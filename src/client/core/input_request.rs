//! A question of the server and its one answer, whichever way it travels.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::core::session::Session;
use crate::protocol::call::push_member;
use crate::protocol::input_request::{InputRequest, InputResponse};
use crate::protocol::input_required::{InputRequired, RetryParams};
use crate::transport::wait::{Asking, Wait};

/// Sends input responses to the server: the client.
pub(crate) trait Responder: Send + Sync {
    fn is_closed(&self) -> bool;

    /// Answers a request of the server's.
    fn respond(
        self: Arc<Self>,
        session: &Arc<Session>,
        id: &str,
        answered: &InputResponse,
    ) -> Result<()>;
}

// No supertrait: the Debug of every implementor would be linked for nothing.
impl fmt::Debug for dyn Responder + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Responder")
    }
}

/// What a new input request needs of its client.
#[derive(Debug)]
pub(crate) struct InputContext<'a> {
    pub(crate) questions: &'a OpenInputRequests,
    pub(crate) responder: Weak<dyn Responder>,
    pub(crate) input_timeout: Duration,
}

#[derive(Debug)]
pub(crate) struct OpenInputRequest {
    pub(crate) asked: InputRequest,
    origin: ResponseTarget,
    state: Mutex<InputState>,
    /// Whose time it stops while it is open.
    asking: Arc<Asking>,
    until: Instant,
    responder: Weak<dyn Responder>,
    /// Of one that the server asks unbidden.
    _quota: Option<QuotaShare>,
}

/// Where the answer goes.
#[derive(Debug)]
enum ResponseTarget {
    /// To the server, as the response to its request.
    /// The id is JSON text.
    Request { session: Arc<Session>, id: String },
    /// Into the call, which is sent once more with it.
    Call { answers: Arc<InputResponses>, place: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InputState {
    Open,
    Answered,
    Withdrawn,
    /// The call has ended that wanted to know.
    Over,
}

/// The answers that a call waits for before it is sent once more.
#[derive(Debug)]
pub(crate) struct InputResponses {
    given: Mutex<Vec<(String, Option<InputResponse>)>>,
    missing: AtomicUsize,
    pub(crate) all: Arc<Signal>,
}

impl InputResponses {
    pub(crate) fn new(keys: Vec<String>) -> Arc<Self> {
        let all = Signal::shared();
        Self::telling(keys, &all)
    }

    /// The same, where the signal is another's as well.
    pub(crate) fn telling(keys: Vec<String>, all: &Arc<Signal>) -> Arc<Self> {
        Arc::new(Self {
            missing: AtomicUsize::new(keys.len()),
            given: Mutex::new(keys.into_iter().map(|key| (key, None)).collect()),
            all: all.clone(),
        })
    }

    /// Whether nothing is missing.
    pub(crate) fn are_all_given(&self) -> bool {
        self.missing.load(Ordering::Acquire) == 0
    }

    pub(crate) fn set(&self, place: usize, answered: InputResponse) {
        if let Some(slot) = self.given.lock().unwrap_or_else(PoisonError::into_inner).get_mut(place)
        {
            slot.1 = Some(answered);
        }
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.all.raise();
        }
    }

    pub(crate) fn are_all_accepted(&self) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let accepted = |answered: &Option<InputResponse>| matches!(answered, Some(InputResponse::Result(result)) if result.contains("\"accept\""));
        given.iter().all(|(_, answered)| accepted(answered))
    }

    /// What the call says when it is sent once more.
    pub(crate) fn retry(&self, round: &InputRequired) -> Result<RetryParams> {
        let mut responses = String::from("{");
        let has_any = self.push_to(&mut responses)?;
        responses.push('}');
        Ok(RetryParams { responses: has_any.then_some(responses), state: round.state.clone() })
    }

    /// Adds the answers to those in a JSON object, and says whether there are
    /// any. An error cannot be said in that dialect, so that the call fails with
    /// it.
    pub(crate) fn push_to(&self, responses: &mut String) -> Result<bool> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, answered) in given.iter() {
            match answered {
                Some(InputResponse::Result(result)) => push_member(responses, key, result),
                Some(InputResponse::Error { code, message }) => {
                    return Err(Error::new(
                        Status::InputRequired,
                        format!(
                            "the question that the server asks was answered with an error, \
                             which this protocol revision cannot tell it: {message}"
                        ),
                    )
                    .with_rpc(*code, None));
                }
                None => {}
            }
        }
        Ok(!given.is_empty())
    }
}

impl OpenInputRequest {
    /// One that came as a request of the server: to the call that waits, or
    /// outside of any. `None` if there are too many already.
    pub(crate) fn of_request(
        asker: InputContext<'_>,
        session: &Arc<Session>,
        id: &str,
        asked: InputRequest,
        wait: &Wait,
    ) -> Option<Arc<Self>> {
        let quota = QuotaShare::of(&asker.questions.quota, asked.params.len())?;
        let origin = ResponseTarget::Request { session: session.clone(), id: id.to_owned() };
        Some(Self::new(asker, origin, asked, Some(quota), wait))
    }

    /// One that a call is asked before its result.
    pub(crate) fn of_round(
        asker: InputContext<'_>,
        answers: &Arc<InputResponses>,
        place: usize,
        asked: InputRequest,
        wait: &Wait,
    ) -> Arc<Self> {
        let origin = ResponseTarget::Call { answers: answers.clone(), place };
        Self::new(asker, origin, asked, None, wait)
    }

    fn new(
        asker: InputContext<'_>,
        origin: ResponseTarget,
        asked: InputRequest,
        quota: Option<QuotaShare>,
        wait: &Wait,
    ) -> Arc<Self> {
        let asking = wait.asking().unwrap_or(&asker.questions.unclaimed).clone();
        asking.begin();
        let question = Arc::new(Self {
            asked,
            origin,
            state: Mutex::new(InputState::Open),
            asking,
            until: Instant::now() + asker.input_timeout,
            responder: asker.responder,
            _quota: quota,
        });
        asker.questions.add(&question);
        question
    }

    /// Answers it, if nobody has and the server still wants to know.
    pub(crate) fn answer(&self, answered: InputResponse) -> Result<()> {
        let responder = self.close(InputState::Answered)?;
        match &self.origin {
            ResponseTarget::Call { answers, place } => {
                answers.set(*place, answered);
                Ok(())
            }
            ResponseTarget::Request { session, id } => {
                responder.respond(session, id, &answered.related_to(&self.asked.params))
            }
        }
    }

    /// Whether it may still be answered.
    pub(crate) fn check_open(&self) -> Result<()> {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |what: &str| Err(Error::new(Status::State, format!("the question {what}")));
        match state {
            InputState::Open => Ok(()),
            InputState::Answered => over("was answered already, or nobody answered in time"),
            InputState::Withdrawn => over("was withdrawn by the server"),
            InputState::Over => over("belongs to a call that has ended"),
        }
    }

    /// Ends it without an answer.
    fn close(&self, how: InputState) -> Result<Arc<dyn Responder>> {
        let responder = self.responder.upgrade().filter(|responder| !responder.is_closed());
        let Some(responder) = responder else {
            return Err(Error::new(Status::Closed, "the client was closed"));
        };
        let mut current = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != InputState::Open {
            drop(current);
            return self.check_open().map(|()| responder);
        }
        *current = how;
        drop(current);
        self.asking.end();
        Ok(responder)
    }

    /// Answers one that is let go of, or that nobody answered in time.
    pub(crate) fn dismiss(&self) {
        let _ = self.answer(self.asked.refuse(false));
    }

    /// Its call has ended: the server does not wait for an answer.
    pub(crate) fn end(&self) {
        let _ = self.close(InputState::Over);
    }

    fn is_open(&self) -> bool {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) == InputState::Open
    }
}

/// The most questions that a server may have asked, and the most memory of
/// them, until the program is done with them; a single one may be larger.
pub(crate) const QUESTIONS: usize = 1000;
const BYTES: usize = 64 << 20;

#[derive(Debug, Default)]
struct InputQuota {
    questions: usize,
    bytes: usize,
}

/// What a question takes of the quota, for as long as it is there.
#[derive(Debug)]
struct QuotaShare {
    quota: Arc<Mutex<InputQuota>>,
    bytes: usize,
}

impl QuotaShare {
    fn of(quota: &Arc<Mutex<InputQuota>>, bytes: usize) -> Option<Self> {
        let mut left = quota.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = left.questions >= QUESTIONS || left.bytes + bytes > BYTES;
        if is_full && left.questions > 0 {
            return None;
        }
        left.questions += 1;
        left.bytes += bytes;
        Some(Self { quota: quota.clone(), bytes })
    }
}

impl Drop for QuotaShare {
    fn drop(&mut self) {
        let mut quota = self.quota.lock().unwrap_or_else(PoisonError::into_inner);
        quota.questions -= 1;
        quota.bytes -= self.bytes;
    }
}

/// The questions of a client that are open.
#[derive(Debug, Default)]
pub(crate) struct OpenInputRequests {
    /// Those that came outside of any call.
    unclaimed: Arc<Asking>,
    quota: Arc<Mutex<InputQuota>>,
    all: Mutex<Vec<Weak<OpenInputRequest>>>,
    completed: Mutex<Completed>,
}

/// The pages that were visited, by the ids of their questions.
#[derive(Debug, Default)]
struct Completed {
    ids: VecDeque<String>,
    waiting: Vec<Arc<Signal>>,
}

/// How many are remembered, and the most memory of their ids: their calls ask
/// for them soon.
const COMPLETED: usize = 256;
const COMPLETED_BYTES: usize = 1 << 20;

impl OpenInputRequests {
    pub(crate) fn asking(&self) -> &Asking {
        &self.unclaimed
    }

    /// The server says that a page was visited.
    pub(crate) fn complete(&self, id: String) {
        let mut completed = self.completed.lock().unwrap_or_else(PoisonError::into_inner);
        completed.ids.push_back(id);
        let bytes = |ids: &VecDeque<String>| ids.iter().map(String::len).sum::<usize>();
        let is_full = |ids: &VecDeque<String>| {
            ids.len() > COMPLETED || ids.len() > 1 && bytes(ids) > COMPLETED_BYTES
        };
        while is_full(&completed.ids) {
            completed.ids.pop_front();
        }
        for signal in completed.waiting.drain(..) {
            signal.raise();
        }
    }

    /// Waits until the server says so.
    pub(crate) async fn until_complete(&self, id: &str, wait: &Wait) -> Result<()> {
        loop {
            let signal = {
                let mut completed = self.completed.lock().unwrap_or_else(PoisonError::into_inner);
                if completed.ids.iter().any(|known| known == id) {
                    return Ok(());
                }
                let signal = Signal::shared();
                completed.waiting.push(signal.clone());
                signal
            };
            let raised = wait.until_raised(&signal).await;
            if raised.is_err() {
                let mut completed = self.completed.lock().unwrap_or_else(PoisonError::into_inner);
                completed.waiting.retain(|other| !Arc::ptr_eq(other, &signal));
            }
            raised?;
        }
    }

    fn add(&self, question: &Arc<OpenInputRequest>) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|question| question.strong_count() > 0);
        all.push(Arc::downgrade(question));
    }

    fn snapshot(&self) -> Vec<Arc<OpenInputRequest>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).filter(|question| question.is_open()).collect()
    }

    /// Dismisses what nobody has answered in time.
    pub(crate) fn expire(&self) {
        let now = Instant::now();
        for question in self.snapshot().iter().filter(|question| question.until <= now) {
            question.dismiss();
        }
    }

    /// The server does not want to know any more.
    pub(crate) fn withdraw(&self, request: &str) {
        for question in self.snapshot() {
            if let ResponseTarget::Request { id, .. } = &question.origin
                && id == request
            {
                let _ = question.close(InputState::Withdrawn);
            }
        }
    }

    /// The session they belong to is gone.
    pub(crate) fn withdraw_all(&self, lost: &Arc<Session>) {
        for question in self.snapshot() {
            if let ResponseTarget::Request { session, .. } = &question.origin
                && Arc::ptr_eq(session, lost)
            {
                let _ = question.close(InputState::Withdrawn);
            }
        }
    }
}
