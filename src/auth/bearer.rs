//! Bearer tokens (RFC 6750) that the application sets or that its token handler
//! returns.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::auth::credential::{Credential, Later, Need, TokenRefusal};
use crate::auth::token::Token;
use crate::auth::token_request::{OpenTokenRequest, TokenRequestState, WaitingCall};
use crate::base::error::Result;
use crate::base::mask::mask;
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::wire::challenge;

/// A token that the application set, or none.
#[derive(Debug, Default)]
pub(crate) struct FixedToken(pub(crate) Option<Token>);

impl Credential for FixedToken {
    fn ready(&self) -> Option<Option<Token>> {
        Some(self.0.clone())
    }

    fn obtain<'a>(&'a self, _need: Need<'a>) -> Later<'a, Option<Token>> {
        Box::pin(async { Ok(self.0.clone()) })
    }

    fn refused<'a>(
        &'a self,
        _refusal: TokenRefusal<'a>,
        _need: Need<'a>,
    ) -> Later<'a, Option<Token>> {
        Box::pin(async { Ok(None) })
    }

    fn current(&self) -> Option<Token> {
        self.0.clone()
    }
}

/// The application's token handler. It answers the request, at once or later,
/// and calls [`OpenTokenRequest::returned`].
pub(crate) type TokenHandler = dyn Fn(&Arc<OpenTokenRequest>) + Send + Sync;

/// The token of the application's handler. The handler runs for the first request
/// and after each refusal.
pub(crate) struct HandlerToken(Arc<HandlerTokenInner>);

struct HandlerTokenInner {
    handler: Box<TokenHandler>,
    state: Mutex<HandlerState>,
}

#[derive(Default)]
struct HandlerState {
    token: Option<Token>,
    /// The request that is not answered yet, or whose answer no call has seen.
    request: Option<Arc<OpenTokenRequest>>,
}

impl HandlerState {
    /// Takes over what has become of the request.
    fn update(&mut self) {
        let Some(request) = &self.request else { return };
        match request.state() {
            TokenRequestState::Open => return,
            TokenRequestState::Answered(Ok(token)) => self.token = Some(token),
            TokenRequestState::Answered(Err(_)) | TokenRequestState::Over => {}
        }
        self.request = None;
    }
}

impl fmt::Debug for HandlerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HandlerToken")
    }
}

impl HandlerToken {
    pub(crate) fn new(handler: Box<TokenHandler>) -> Self {
        Self(Arc::new(HandlerTokenInner { handler, state: Mutex::default() }))
    }
}

/// How a call gets its token.
enum TokenSource {
    Known(Token),
    Requested(WaitingCall),
}

impl HandlerTokenInner {
    fn current(&self) -> Option<Token> {
        let mut state = lock(&self.state);
        state.update();
        state.token.clone()
    }

    /// The token that is known now, unless the server refused it, or the request
    /// for another one.
    fn source(
        &self,
        refused: Option<&Token>,
        make: impl FnOnce() -> Arc<OpenTokenRequest>,
    ) -> TokenSource {
        let mut state = lock(&self.state);
        state.update();
        // Another thread may have renewed it during this request.
        if let Some(token) = &state.token
            && Some(token) != refused
        {
            return TokenSource::Known(token.clone());
        }
        TokenSource::Requested(state.request.get_or_insert_with(make).join())
    }

    /// Runs the handler, unless it has the request already. Holds no lock
    /// meanwhile: it may take long.
    fn hand_out(&self, request: &Arc<OpenTokenRequest>) {
        if request.hand_out() {
            (self.handler)(request);
        }
    }

    async fn token(
        self: Arc<Self>,
        refused: Option<&Token>,
        need: Need<'_>,
        make: impl FnOnce() -> Arc<OpenTokenRequest>,
    ) -> Result<Token> {
        let call = match self.source(refused, make) {
            TokenSource::Known(token) => return Ok(token),
            TokenSource::Requested(call) => call,
        };
        let runs_here = !need.wait.is_background()
            && match need.caller.runs_here() {
                // Another thread may answer a request that the handler has.
                Err(_) if call.0.is_handed_out() => false,
                runs_here => runs_here?,
            };
        if runs_here {
            need.caller.run(&mut || self.hand_out(&call.0));
        } else {
            let (this, request) = (self.clone(), call.0.clone());
            need.caller.put(Box::new(move || this.hand_out(&request)));
        }
        call.token(need.wait).await
    }
}

impl Credential for HandlerToken {
    fn ready(&self) -> Option<Option<Token>> {
        self.current().map(Some)
    }

    fn obtain<'a>(&'a self, need: Need<'a>) -> Later<'a, Option<Token>> {
        let inner = self.0.clone();
        Box::pin(async move {
            inner.token(None, need, || OpenTokenRequest::new(false, Vec::new())).await.map(Some)
        })
    }

    fn refused<'a>(
        &'a self,
        refusal: TokenRefusal<'a>,
        need: Need<'a>,
    ) -> Later<'a, Option<Token>> {
        let inner = self.0.clone();
        Box::pin(async move {
            let values = || refusal.challenges.iter().map(String::as_str);
            let asks_for_token = refusal.http_status == 401 || {
                let had_token = refusal.token.is_some();
                challenge::asking_for_token(&challenge::all(values()), false, had_token).is_some()
            };
            if !asks_for_token || refusal.tries.unauthorized {
                return Ok(None);
            }
            refusal.tries.unauthorized = true;
            let make = || {
                let mut parameters = challenge::parameters(values(), false);
                // A server may quote the token that it refuses.
                let secrets: Vec<Secret> =
                    refusal.token.map(|token| token.bare().into()).into_iter().collect();
                parameters.iter_mut().for_each(|(_, value)| mask(value, &secrets));
                OpenTokenRequest::new(true, parameters)
            };
            let token = inner.token(refusal.token, need, make).await?;
            Ok((Some(&token) != refusal.token).then_some(token))
        })
    }

    fn current(&self) -> Option<Token> {
        self.0.current()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::credential::Caller;
    use crate::auth::oauth::host::http_client::HttpClient;
    use crate::base::error::Error;
    use crate::transport::wait::{Wait, now};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    #[test]
    fn runs_the_handler_once_and_again_after_a_refusal() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let credential = HandlerToken::new(Box::new(move |request| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            assert_eq!(request.is_refused, number > 0);
            request.answer(Token::parse(if number == 0 { "old" } else { "new" })).unwrap();
        }));
        let wait = Wait::for_at_most(Duration::from_secs(30));
        let token = |refused: Option<&Token>| {
            let need = Need { wait: &wait, caller: &Nobody };
            let make = || OpenTokenRequest::new(refused.is_some(), Vec::new());
            now(credential.0.clone().token(refused, need, make)).unwrap()
        };
        assert!(credential.ready().is_none());
        let old = token(None);
        assert_eq!(credential.ready(), Some(Some(old.clone())));
        assert_eq!(token(Some(&old)).bare(), "new");
        // A late refusal of the old token does not run the handler.
        assert_eq!(token(Some(&old)).bare(), "new");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        // The handler returns the same token again: no other token.
        let new = credential.current();
        assert_eq!(Some(token(new.as_ref())), new);
    }

    /// A client that runs callbacks at once.
    struct Nobody;

    impl Caller for Nobody {
        fn put(&self, _work: Box<dyn FnOnce() + Send>) {}

        fn runs_here(&self) -> Result<bool> {
            Ok(true)
        }

        fn run(&self, work: &mut dyn FnMut()) {
            work();
        }

        fn http_client<'a>(&'a self, _private: bool, _wait: &'a Wait) -> Later<'a, HttpClient> {
            Box::pin(async { Err(Error::argument("no client")) })
        }

        fn name(&self) -> &str {
            ""
        }

        fn revision(&self) -> &'static str {
            ""
        }

        fn store_failed(&self) {}

        fn notice(&self, _text: &str, _wait: &Wait) {}
    }
}
