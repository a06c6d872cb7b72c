//! A credential that tries one token, or none: it gets no other one.

use std::sync::{Arc, Mutex};

use crate::auth::credential::{Credential, Later, Need, TokenRefusal};
use crate::auth::oauth::credential::OAuthCredential;
use crate::auth::oauth::token_demand::TokenDemand;
use crate::auth::token::Token;
use crate::base::error::Result;
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::wire::challenge;

/// Sends this token with each request. A refusal is final.
#[derive(Debug)]
pub(crate) struct TokenCheck {
    oauth: Arc<OAuthCredential>,
    token: Option<Token>,
    demand: Mutex<TokenDemand>,
}

impl TokenCheck {
    pub(crate) fn new(oauth: &Arc<OAuthCredential>, token: Option<&Token>) -> Arc<Self> {
        Arc::new(Self { oauth: oauth.clone(), token: token.cloned(), demand: Mutex::default() })
    }

    pub(crate) fn demand(&self) -> TokenDemand {
        lock(&self.demand).clone()
    }

    /// The token, if the proof lacked only the nonce that the response brought.
    fn repeated(&self, refusal: TokenRefusal<'_>) -> Option<Token> {
        let challenges = challenge::all(refusal.challenges.iter().map(String::as_str));
        let chosen = challenge::choose(&challenges, true)?;
        let wants_nonce = self.token.as_ref().is_some_and(|token| token.key().is_some())
            && refusal.has_nonce
            && chosen.get("error") == Some("use_dpop_nonce");
        let is_first = !std::mem::replace(&mut refusal.tries.nonce, true);
        self.token.clone().filter(|_| wants_nonce && is_first)
    }
}

impl Credential for TokenCheck {
    fn ready(&self) -> Option<Option<Token>> {
        Some(self.token.clone())
    }

    fn obtain<'a>(&'a self, _need: Need<'a>) -> Later<'a, Option<Token>> {
        Box::pin(async { Ok(self.token.clone()) })
    }

    fn refused<'a>(
        &'a self,
        refusal: TokenRefusal<'a>,
        _need: Need<'a>,
    ) -> Later<'a, Option<Token>> {
        *lock(&self.demand) = TokenDemand {
            challenges: refusal.challenges.to_vec(),
            is_required: self.oauth.asks_for_token(&refusal),
        };
        Box::pin(async { Ok(self.repeated(refusal)) })
    }

    fn accepted(&self, token: &Token) {
        self.oauth.accepted(token);
    }

    fn record_nonce(&self, nonce: &str) {
        self.oauth.record_nonce(nonce);
    }

    fn proof(&self, token: &Token, verb: &str, url: &str) -> Result<Option<Secret>> {
        self.oauth.proof(token, verb, url)
    }

    fn current(&self) -> Option<Token> {
        self.token.clone()
    }

    fn secrets(&self) -> Vec<Secret> {
        self.oauth.secrets()
    }
}
