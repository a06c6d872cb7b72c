//! An input request of the server and its one response, in either dialect.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::handle_address::HandleAddress;
use crate::base::signal::Signal;
use crate::client::core::session::Session;
use crate::protocol::input_request::{InputRequest, InputResponse};
use crate::protocol::input_required::{InputRequired, RetryParams};
use crate::transport::wait::{OpenInputCount, Wait};
use crate::wire::json_members::{self, MemberWriter};

/// Sends input responses to the server. The client implements it, so that this
/// file needs no client.
pub(crate) trait Responder: Send + Sync {
    fn is_closed(&self) -> bool;

    /// Sends the response to a request of the server.
    fn respond(
        self: Arc<Self>,
        session: &Arc<Session>,
        id: &str,
        answered: &InputResponse,
    ) -> Result<()>;
}

// Not a supertrait: that would link the Debug of every field of the client.
impl fmt::Debug for dyn Responder + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Responder")
    }
}

/// The parts of the client that a new input request needs.
#[derive(Debug)]
pub(crate) struct InputContext<'a> {
    pub(crate) input_requests: &'a OpenInputRequests,
    pub(crate) responder: Weak<dyn Responder>,
    pub(crate) input_timeout: Duration,
}

/// An input request that the application may answer once.
#[derive(Debug)]
pub(crate) struct OpenInputRequest {
    pub(crate) request: InputRequest,
    target: ResponseTarget,
    state: Mutex<InputState>,
    /// Pauses the timeout of its call while the request is open.
    open_inputs: Arc<OpenInputCount>,
    until: Instant,
    responder: Weak<dyn Responder>,
    /// The handle of the request that it belongs to, if that is known.
    pub(crate) of_request: Option<Arc<HandleAddress>>,
    /// Its share of the quota, if the server sent it as a request.
    _quota: Option<QuotaShare>,
}

/// Where the response goes.
#[derive(Debug)]
enum ResponseTarget {
    /// To the server, as the response to its request. The id is JSON text.
    Request { session: Arc<Session>, id: String },
    /// Into the call, which is sent again with the responses.
    Call { responses: Arc<InputResponses>, place: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InputState {
    Open,
    Answered,
    Withdrawn,
    /// Its call has ended.
    Over,
}

/// The responses that a call needs before it is sent again.
#[derive(Debug)]
pub(crate) struct InputResponses {
    given: Mutex<Vec<(String, Option<InputResponse>)>>,
    missing: AtomicUsize,
    pub(crate) all: Arc<Signal>,
}

impl InputResponses {
    pub(crate) fn new(keys: Vec<String>) -> Arc<Self> {
        let all = Signal::shared();
        Self::with_signal(keys, &all)
    }

    /// Like `new`, with a signal that is shared with something else.
    pub(crate) fn with_signal(keys: Vec<String>, all: &Arc<Signal>) -> Arc<Self> {
        Arc::new(Self {
            missing: AtomicUsize::new(keys.len()),
            given: Mutex::new(keys.into_iter().map(|key| (key, None)).collect()),
            all: all.clone(),
        })
    }

    /// Whether no response is missing.
    pub(crate) fn are_all_given(&self) -> bool {
        self.missing.load(Ordering::Acquire) == 0
    }

    pub(crate) fn set(&self, place: usize, answered: InputResponse) {
        if let Some(response) =
            self.given.lock().unwrap_or_else(PoisonError::into_inner).get_mut(place)
        {
            response.1 = Some(answered);
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

    /// Returns the parameters that the call adds when it is sent again.
    pub(crate) fn retry(&self, round: &InputRequired) -> Result<RetryParams> {
        let mut has_any = false;
        let responses = json_members::try_object(|json| {
            has_any = self.write(json)?;
            Ok::<_, Error>(())
        })?;
        Ok(RetryParams { responses: has_any.then_some(responses), state: round.state.clone() })
    }

    /// Writes the responses, and returns whether there are any. The dialect has
    /// no error responses, so the call fails with an error.
    pub(crate) fn write(&self, json: &mut MemberWriter<'_>) -> Result<bool> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, answered) in given.iter() {
            match answered {
                Some(InputResponse::Result(result)) => json.named(key, result),
                Some(InputResponse::Error { code, message }) => {
                    return Err(Error::new(
                        Status::InputRequired,
                        format!(
                            "the input request of the server was answered with an error, \
                             which this protocol revision cannot send: {message}"
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
    /// Makes one of a request of the server. It pauses the timeout of the
    /// waiting call, if there is one. `None` if too many are open.
    pub(crate) fn of_request(
        context: InputContext<'_>,
        session: &Arc<Session>,
        id: &str,
        request: InputRequest,
        wait: &Wait,
    ) -> Option<Arc<Self>> {
        let quota = QuotaShare::of(&context.input_requests.quota, request.params.len())?;
        let target = ResponseTarget::Request { session: session.clone(), id: id.to_owned() };
        Some(Self::new(context, target, request, Some(quota), wait))
    }

    /// Makes one of a round of input requests that a call has to answer.
    pub(crate) fn of_round(
        context: InputContext<'_>,
        responses: &Arc<InputResponses>,
        place: usize,
        request: InputRequest,
        wait: &Wait,
    ) -> Arc<Self> {
        let target = ResponseTarget::Call { responses: responses.clone(), place };
        Self::new(context, target, request, None, wait)
    }

    fn new(
        context: InputContext<'_>,
        target: ResponseTarget,
        request: InputRequest,
        quota: Option<QuotaShare>,
        wait: &Wait,
    ) -> Arc<Self> {
        let open_inputs = wait.open_inputs().unwrap_or(&context.input_requests.unclaimed).clone();
        open_inputs.begin();
        let input = Arc::new(Self {
            request,
            target,
            state: Mutex::new(InputState::Open),
            open_inputs,
            until: Instant::now() + context.input_timeout,
            responder: context.responder,
            of_request: wait.request().cloned(),
            _quota: quota,
        });
        context.input_requests.add(&input);
        input
    }

    /// Answers it, unless it was answered or withdrawn before.
    pub(crate) fn answer(&self, answered: InputResponse) -> Result<()> {
        let responder = self.close(InputState::Answered)?;
        match &self.target {
            ResponseTarget::Call { responses, place } => {
                responses.set(*place, answered);
                Ok(())
            }
            ResponseTarget::Request { session, id } => {
                responder.respond(session, id, &answered.related_to(&self.request.params))
            }
        }
    }

    /// Fails if it can no longer be answered.
    pub(crate) fn check_open(&self) -> Result<()> {
        let state = match *self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            InputState::Open if self.open_inputs.is_abandoned() => InputState::Over,
            state => state,
        };
        let over = |what: &str| Err(Error::new(Status::State, format!("the input request {what}")));
        match state {
            InputState::Open => Ok(()),
            InputState::Answered => over("was answered already, or not answered in time"),
            InputState::Withdrawn => over("was withdrawn by the server"),
            InputState::Over => over("belongs to a call that has ended"),
        }
    }

    /// Ends it without a response.
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
        let is_late = self.open_inputs.is_abandoned();
        *current = if is_late { InputState::Over } else { how };
        drop(current);
        self.open_inputs.end();
        if is_late { self.check_open().map(|()| responder) } else { Ok(responder) }
    }

    /// Refuses it, because the application released it or took too long.
    pub(crate) fn dismiss(&self) {
        let _ = self.answer(self.request.refuse(false));
    }

    /// Ends it with its call: the server expects no response any more.
    pub(crate) fn end(&self) {
        let _ = self.close(InputState::Over);
    }

    fn is_open(&self) -> bool {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) == InputState::Open
    }
}

/// The limit of input requests that the application has not released, and the
/// limit of their memory. A single one may be larger.
pub(crate) const MAX_OPEN: usize = 1000;
const BYTES: usize = 64 << 20;

#[derive(Debug, Default)]
struct InputQuota {
    count: usize,
    bytes: usize,
}

/// The share of one input request in the quota, until it is dropped.
#[derive(Debug)]
struct QuotaShare {
    quota: Arc<Mutex<InputQuota>>,
    bytes: usize,
}

impl QuotaShare {
    fn of(quota: &Arc<Mutex<InputQuota>>, bytes: usize) -> Option<Self> {
        let mut left = quota.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = left.count >= MAX_OPEN || left.bytes + bytes > BYTES;
        if is_full && left.count > 0 {
            return None;
        }
        left.count += 1;
        left.bytes += bytes;
        Some(Self { quota: quota.clone(), bytes })
    }
}

impl Drop for QuotaShare {
    fn drop(&mut self) {
        let mut quota = self.quota.lock().unwrap_or_else(PoisonError::into_inner);
        quota.count -= 1;
        quota.bytes -= self.bytes;
    }
}

/// The open input requests of a client.
#[derive(Debug, Default)]
pub(crate) struct OpenInputRequests {
    /// Open input requests that belong to no call.
    unclaimed: Arc<OpenInputCount>,
    quota: Arc<Mutex<InputQuota>>,
    all: Mutex<Vec<Weak<OpenInputRequest>>>,
    completed: Mutex<Completed>,
}

/// The elicitations of mode "url" that the server called complete.
#[derive(Debug, Default)]
struct Completed {
    ids: VecDeque<String>,
    waiting: Vec<Arc<Signal>>,
}

/// How many are remembered, and the limit of the memory of their ids. The
/// calls that wait for them look soon.
const COMPLETED: usize = 256;
const COMPLETED_BYTES: usize = 1 << 20;

impl OpenInputRequests {
    pub(crate) fn open_inputs(&self) -> &OpenInputCount {
        &self.unclaimed
    }

    /// Handles `notifications/elicitation/complete`.
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

    /// Waits until the server calls an elicitation complete.
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

    fn add(&self, input: &Arc<OpenInputRequest>) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|input| input.strong_count() > 0);
        all.push(Arc::downgrade(input));
    }

    fn snapshot(&self) -> Vec<Arc<OpenInputRequest>> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).filter(|input| input.is_open()).collect()
    }

    /// Dismisses all that were not answered in time.
    pub(crate) fn expire(&self) {
        let now = Instant::now();
        for input in self.snapshot().iter().filter(|input| input.until <= now) {
            input.dismiss();
        }
    }

    /// Ends the one whose request the server cancelled.
    pub(crate) fn withdraw(&self, request: &str) {
        for input in self.snapshot() {
            if let ResponseTarget::Request { id, .. } = &input.target
                && id == request
            {
                let _ = input.close(InputState::Withdrawn);
            }
        }
    }

    /// Ends all that belong to a session that is lost.
    pub(crate) fn withdraw_all(&self, lost: &Arc<Session>) {
        for input in self.snapshot() {
            if let ResponseTarget::Request { session, .. } = &input.target
                && Arc::ptr_eq(session, lost)
            {
                let _ = input.close(InputState::Withdrawn);
            }
        }
    }
}
