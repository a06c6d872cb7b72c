//! Bearer tokens (RFC 6750) that the application sets or that its token handler
//! returns.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::auth::callback;
use crate::auth::credential::{Credential, Later, Need, TokenRefusal};
use crate::auth::token::Token;
use crate::base::error::Result;
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

/// The application's token handler. The argument: whether the server refused the
/// last token.
pub(crate) type TokenHandler = dyn Fn(bool) -> Result<Token> + Send + Sync;

/// The token of the application's handler. The handler runs for the first request
/// and after each refusal.
pub(crate) struct HandlerToken(Arc<HandlerTokenInner>);

struct HandlerTokenInner {
    handler: Box<TokenHandler>,
    token: Mutex<Option<Token>>,
}

impl fmt::Debug for HandlerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HandlerToken")
    }
}

impl HandlerToken {
    pub(crate) fn new(handler: Box<TokenHandler>) -> Self {
        Self(Arc::new(HandlerTokenInner { handler, token: Mutex::new(None) }))
    }
}

impl HandlerTokenInner {
    /// Holds no lock while the handler runs: it may take long.
    fn renew(&self, is_refused: bool) -> Result<Token> {
        let token = (self.handler)(is_refused)?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    fn current(&self) -> Option<Token> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A token other than the refused one.
    fn other(&self, refused: Option<&Token>) -> Result<Option<Token>> {
        // Another thread may have renewed it during this request.
        let current = self.current();
        if current.is_some() && current.as_ref() != refused {
            return Ok(current);
        }
        let renewed = self.renew(true)?;
        Ok((Some(&renewed) != refused).then_some(renewed))
    }
}

impl Credential for HandlerToken {
    fn ready(&self) -> Option<Option<Token>> {
        self.current().map(Some)
    }

    fn obtain<'a>(&'a self, need: Need<'a>) -> Later<'a, Option<Token>> {
        let inner = self.0.clone();
        Box::pin(async move {
            callback::run(need.caller, need.wait, move || inner.renew(false).map(Some)).await
        })
    }

    fn refused<'a>(
        &'a self,
        refusal: TokenRefusal<'a>,
        need: Need<'a>,
    ) -> Later<'a, Option<Token>> {
        let (inner, token) = (self.0.clone(), refusal.token.cloned());
        Box::pin(async move {
            let asks_for_token = refusal.http_status == 401 || {
                let challenges = challenge::all(refusal.challenges.iter().map(String::as_str));
                let had_token = refusal.token.is_some();
                challenge::asking_for_token(&challenges, false, had_token).is_some()
            };
            if !asks_for_token || refusal.tries.unauthorized {
                return Ok(None);
            }
            refusal.tries.unauthorized = true;
            callback::run(need.caller, need.wait, move || inner.other(token.as_ref())).await
        })
    }

    fn current(&self) -> Option<Token> {
        self.0.current()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn runs_the_handler_once_and_again_after_a_refusal() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let credential = HandlerToken::new(Box::new(move |is_refused| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            assert_eq!(is_refused, number > 0);
            Token::parse(if number == 0 { "old" } else { "new" })
        }));
        assert!(credential.ready().is_none());
        let old = credential.0.renew(false).unwrap();
        assert_eq!(credential.ready(), Some(Some(old.clone())));
        assert_eq!(credential.0.other(Some(&old)).unwrap().unwrap().bare(), "new");
        // A late refusal of the old token does not run the handler.
        assert_eq!(credential.0.other(Some(&old)).unwrap().unwrap().bare(), "new");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        // The handler returns the same token again: no other token.
        let new = credential.current();
        assert_eq!(credential.0.other(new.as_ref()).unwrap(), None);
    }
}
