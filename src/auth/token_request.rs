//! A request for a token that the application answers, at once or later.

use std::sync::{Arc, Mutex};

use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status, quote};
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::transport::wait::Wait;

/// A request for a token. All calls of a client that need a token at the same
/// time wait for the same one.
#[derive(Debug)]
pub(crate) struct OpenTokenRequest {
    /// Whether the server refused the last token.
    pub(crate) is_refused: bool,
    /// The parameters of the server's challenge.
    pub(crate) challenge: Vec<(String, String)>,
    state: Mutex<Answering>,
    /// Raised when the request is answered.
    answered: Arc<Signal>,
}

#[derive(Debug, Default)]
struct Answering {
    answer: Option<Result<Token>>,
    /// The number of calls that wait for the answer.
    waiting: usize,
    /// The handler has received it.
    is_handed_out: bool,
    /// Why the last answer could not be used.
    mistake: Option<Error>,
}

/// What has become of a request.
#[derive(Debug)]
pub(crate) enum TokenRequestState {
    Open,
    Answered(Result<Token>),
    /// All calls that waited for it have ended.
    Over,
}

impl OpenTokenRequest {
    pub(crate) fn new(is_refused: bool, challenge: Vec<(String, String)>) -> Arc<Self> {
        let (state, answered) = (Mutex::default(), Signal::shared());
        Arc::new(Self { is_refused, challenge, state, answered })
    }

    /// Answers it with a token. A text that is no token leaves it open.
    pub(crate) fn answer(&self, token: Result<Token>) -> Result<()> {
        self.check_open()?;
        match token {
            Ok(token) => self.end(Ok(token)),
            Err(mistake) => {
                lock(&self.state).mistake = Some(mistake.clone());
                Err(mistake)
            }
        }
    }

    /// Fails the calls that wait for it.
    pub(crate) fn fail(&self, why: &str) -> Result<()> {
        self.end(Err(failed(&quote(why))))
    }

    /// The handler returned this status.
    pub(crate) fn returned(&self, status: i32) {
        if status != Status::Ok as i32 {
            self.give_up(Some(status), &format!("it returned {status}"));
        }
    }

    /// The application released it.
    pub(crate) fn freed(&self) {
        self.give_up(None, "it freed the token request without an answer");
    }

    /// Fails the calls that wait for it, because the application gave no answer.
    /// An answer that could not be used is the reason, if there was one, and if
    /// `status` is its status.
    fn give_up(&self, status: Option<i32>, why: &str) {
        let mistake = lock(&self.state).mistake.take();
        let mistake =
            mistake.filter(|mistake| status.is_none_or(|status| mistake.status() as i32 == status));
        let why = mistake.as_ref().map_or(why, Error::message);
        let _ = self.end(Err(failed(why)));
    }

    fn check_open(&self) -> Result<()> {
        match self.state() {
            TokenRequestState::Open => Ok(()),
            TokenRequestState::Answered(_) => {
                Err(Error::new(Status::State, "the token request was answered already"))
            }
            TokenRequestState::Over => Err(Error::new(
                Status::State,
                "every call that waited for this token has ended: keep the token for the next \
                 token request",
            )),
        }
    }

    fn end(&self, answer: Result<Token>) -> Result<()> {
        self.check_open()?;
        let mut state = lock(&self.state);
        if state.answer.is_some() {
            drop(state);
            return self.check_open();
        }
        state.answer = Some(answer);
        drop(state);
        self.answered.raise();
        Ok(())
    }

    pub(crate) fn state(&self) -> TokenRequestState {
        let state = lock(&self.state);
        match &state.answer {
            Some(answer) => TokenRequestState::Answered(answer.clone()),
            None if state.waiting == 0 => TokenRequestState::Over,
            None => TokenRequestState::Open,
        }
    }

    /// Makes the calling thread or task wait for it.
    pub(crate) fn join(self: &Arc<Self>) -> WaitingCall {
        lock(&self.state).waiting += 1;
        WaitingCall(self.clone())
    }

    /// Whether the handler has it.
    pub(crate) fn is_handed_out(&self) -> bool {
        lock(&self.state).is_handed_out
    }

    /// Whether the caller must run the handler now: once, and only while a call
    /// waits.
    pub(crate) fn hand_out(&self) -> bool {
        let mut state = lock(&self.state);
        state.waiting > 0 && !std::mem::replace(&mut state.is_handed_out, true)
    }
}

/// A call that waits for a token, until it is dropped.
#[derive(Debug)]
pub(crate) struct WaitingCall(pub(crate) Arc<OpenTokenRequest>);

impl WaitingCall {
    pub(crate) async fn token(&self, wait: &Wait) -> Result<Token> {
        wait.until_raised(&self.0.answered).await.map_err(|error| match error.status() {
            Status::Timeout => error.during("the application has not answered the token request"),
            _ => error,
        })?;
        match self.0.state() {
            TokenRequestState::Answered(answer) => answer,
            _ => Err(Error::new(Status::Internal, "the answer to a token request was lost")),
        }
    }
}

impl Drop for WaitingCall {
    fn drop(&mut self) {
        lock(&self.0.state).waiting -= 1;
    }
}

fn failed(why: &str) -> Error {
    Error::new(Status::Unauthorized, format!("the token handler failed: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wait::now;
    use std::time::Duration;

    fn token(text: &str) -> Result<Token> {
        Token::parse(text)
    }

    fn wait(milliseconds: u64) -> Wait {
        Wait::for_at_most(Duration::from_millis(milliseconds))
    }

    fn status(result: Result<()>) -> Status {
        result.map_or_else(|error| error.status(), |()| Status::Ok)
    }

    #[test]
    fn is_answered_once_for_every_call_that_waits() {
        let request = OpenTokenRequest::new(false, Vec::new());
        let (one, other) = (request.join(), request.join());
        let thread = std::thread::spawn(move || now(other.token(&wait(10_000))).unwrap());
        assert!(request.hand_out() && !request.hand_out());
        request.answer(token("a")).unwrap();
        assert_eq!(now(one.token(&wait(0))).unwrap().bare(), "a");
        assert_eq!(thread.join().unwrap().bare(), "a");
        assert_eq!(status(request.answer(token("b"))), Status::State);
        assert_eq!(status(request.fail("no")), Status::State);
        request.freed();
        assert_eq!(now(one.token(&wait(0))).unwrap().bare(), "a");
    }

    #[test]
    fn is_over_when_no_call_waits() {
        let request = OpenTokenRequest::new(false, Vec::new());
        let call = request.join();
        assert_eq!(now(call.token(&wait(1))).unwrap_err().status(), Status::Timeout);
        drop(call);
        assert_eq!(status(request.answer(token("a"))), Status::State);
        assert!(!request.hand_out() && matches!(request.state(), TokenRequestState::Over));
    }

    #[test]
    fn fails_with_the_mistake_of_the_last_answer() {
        for (returned, reason) in [(0, "Bearer"), (1, "Bearer"), (7, "it returned 7")] {
            let request = OpenTokenRequest::new(false, Vec::new());
            let call = request.join();
            assert_eq!(status(request.answer(token("Bearer x"))), Status::InvalidArgument);
            request.returned(returned);
            request.freed();
            let error = now(call.token(&wait(0))).unwrap_err();
            assert_eq!(error.status(), Status::Unauthorized);
            assert!(error.message().contains(reason), "{}", error.message());
        }
    }
}
