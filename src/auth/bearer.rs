//! Bearer tokens (RFC 6750): one that is given, or one that is asked for.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::auth::callback;
use crate::auth::credential::{Credential, Later, Need, TokenRefusal};
use crate::auth::token::Token;
use crate::base::error::Result;

/// A token that is given, or none.
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

/// A function of the program's that gives the token; it is told if the last
/// one was refused.
pub(crate) type TokenHandler = dyn Fn(bool) -> Result<Token> + Send + Sync;

/// A token that the program is asked for: once at first, and again when the
/// server refuses it.
pub(crate) struct HandlerToken(Arc<HandlerTokenInner>);

struct HandlerTokenInner {
    ask: Box<TokenHandler>,
    token: Mutex<Option<Token>>,
}

impl fmt::Debug for HandlerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Asked")
    }
}

impl HandlerToken {
    pub(crate) fn new(ask: Box<TokenHandler>) -> Self {
        Self(Arc::new(HandlerTokenInner { ask, token: Mutex::new(None) }))
    }
}

impl HandlerTokenInner {
    /// No lock is held while the program's function runs: it may take long.
    fn renew(&self, is_refused: bool) -> Result<Token> {
        let token = (self.ask)(is_refused)?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    fn current(&self) -> Option<Token> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another token than one that was refused.
    fn other(&self, refused: Option<&Token>) -> Result<Option<Token>> {
        // Another thread may have renewed it while this request was under way.
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
            if refusal.http_status != 401 || refusal.tries.unauthorized {
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
    fn asks_once_and_again_when_refused() {
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
        // A late refusal of the old one needs no question.
        assert_eq!(credential.0.other(Some(&old)).unwrap().unwrap().bare(), "new");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        // The same token again is no other token.
        let new = credential.current();
        assert_eq!(credential.0.other(new.as_ref()).unwrap(), None);
    }
}
