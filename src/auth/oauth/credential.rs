//! OAuth as the credential of one client.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::auth::credential::{Credential, Later, Need, TokenRefusal};
use crate::auth::oauth::flow::context::{Flow, LIMIT, Reason};
use crate::auth::oauth::host::random;
use crate::auth::oauth::spec::dpop;
use crate::auth::oauth::spec::jwt::ID_BYTES;
use crate::auth::oauth::state::account::{Account, TokenOrigin};
use crate::auth::oauth::state::auth::Auth;
use crate::auth::oauth::state::reentrancy::is_inside;
use crate::auth::oauth::token_demand::TokenDemand;
use crate::auth::token::Token;
use crate::base::error::{Error, Result};
use crate::base::secret::Secret;
use crate::wire::challenge::{self, AuthScheme};
use crate::wire::url::Url;

/// The most step-up authorizations for one request.
const STEP_UPS: u8 = 2;

#[derive(Debug)]
pub(crate) struct OAuthCredential {
    auth: Arc<Auth>,
    account: Arc<Account>,
    /// The origin of the endpoint: DPoP nonces are stored by origin.
    origin: String,
}

impl OAuthCredential {
    pub(crate) fn new(auth: &Arc<Auth>, endpoint: &Url) -> Self {
        Self {
            auth: auth.clone(),
            account: auth.account(&endpoint.without_query()),
            origin: endpoint.origin.to_string(),
        }
    }

    pub(crate) fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    /// Whether a person is signing in, for any client of the authorization.
    pub(crate) fn awaits_person(&self) -> bool {
        self.auth.awaits_person()
    }

    /// Whether this thread runs a callback of the authorization.
    pub(crate) fn is_asking_here(&self) -> bool {
        is_inside(&self.auth)
    }

    /// How long a flow may take: the person and all requests.
    pub(crate) fn patience(&self) -> Duration {
        self.auth.settings().sign_in_timeout + LIMIT
    }

    /// Begins to sign in: loads what the store has.
    pub(crate) async fn load(&self, need: Need<'_>) -> Result<()> {
        self.account.forgive();
        self.flow(need).load().await
    }

    /// Gets a token before a call needs one. `refused`: the token that the
    /// server did not accept. `may_refresh`: whether the refresh token of that
    /// one may get another. `demand`: what the server's last refusal demands.
    pub(crate) async fn sign_in(
        &self,
        need: Need<'_>,
        refused: Option<&Token>,
        may_refresh: bool,
        demand: &TokenDemand,
    ) -> Result<()> {
        let challenges = challenge::all(demand.challenges.iter().map(String::as_str));
        let challenge = challenge::choose(&challenges, self.auth.wants_dpop());
        let TokenDemand { is_required, .. } = *demand;
        let reason = Reason::SignIn { refused, may_refresh, challenge, is_required };
        self.flow(need).run(reason).await.map(drop)
    }

    /// The token that has not ended and was not refused, and how it was got.
    pub(crate) fn good_token(&self) -> Option<(Token, TokenOrigin)> {
        self.account.good()
    }

    /// Whether a call would get a token after this refusal.
    pub(crate) fn asks_for_token(&self, refusal: &TokenRefusal<'_>) -> bool {
        let challenges = challenge::all(refusal.challenges.iter().map(String::as_str));
        let (dpop_is_on, had_token) = (self.dpop_is_on(refusal), refusal.token.is_some());
        let lacks_scope = || {
            let chosen = challenge::choose(&challenges, dpop_is_on);
            chosen.is_some_and(|one| one.get("error") == Some("insufficient_scope"))
        };
        refusal.http_status == 401
            || !had_token && lacks_scope()
            || challenge::asking_for_token(&challenges, dpop_is_on, had_token).is_some()
    }

    fn dpop_is_on(&self, refusal: &TokenRefusal<'_>) -> bool {
        refusal.token.is_some_and(|token| token.key().is_some()) || self.auth.wants_dpop()
    }

    /// The last failure of the store that ended no call.
    pub(crate) fn take_store_failure(&self) -> Option<Error> {
        self.account.take_store_failure()
    }

    /// Revokes the tokens and removes them.
    pub(crate) async fn sign_out(&self, need: Need<'_>) -> Result<()> {
        self.account.forgive();
        self.flow(need).sign_out().await
    }

    fn flow<'a>(&'a self, need: Need<'a>) -> Flow<'a> {
        Flow::new(&self.auth, &self.account, need)
    }

    async fn replaced(&self, refusal: TokenRefusal<'_>, need: Need<'_>) -> Result<Option<Token>> {
        let challenges = challenge::all(refusal.challenges.iter().map(String::as_str));
        let is_bound = refusal.token.is_some_and(|token| token.key().is_some());
        let dpop_is_on = self.dpop_is_on(&refusal);
        let mut chosen = challenge::choose(&challenges, dpop_is_on);
        let error = chosen.and_then(|challenge| challenge.get("error"));
        let tries = refusal.tries;
        match error {
            // The proof lacked a nonce, which this response brought.
            Some("use_dpop_nonce") if is_bound => {
                let is_first = refusal.has_nonce && !tries.nonce;
                tries.nonce = true;
                return Ok(refusal.token.filter(|_| is_first).cloned());
            }
            Some("invalid_dpop_proof") => return Ok(None),
            Some("insufficient_scope") if refusal.token.is_some() => {
                tries.step_ups += 1;
                if tries.step_ups > STEP_UPS {
                    return Ok(None);
                }
                // The next token needs a new proof.
                tries.nonce = false;
                let reason =
                    Reason::InsufficientScope { refused: refusal.token, challenge: chosen };
                return self.flow(need).run(reason).await;
            }
            // The request had no token: get one, whatever the HTTP status.
            Some("insufficient_scope") if !tries.unauthorized => {}
            _ if tries.unauthorized => return Ok(None),
            _ if refusal.http_status == 401 => {}
            _ => {
                let had_token = refusal.token.is_some();
                chosen = challenge::asking_for_token(&challenges, dpop_is_on, had_token);
                if chosen.is_none() {
                    return Ok(None);
                }
            }
        }
        let only_dpop = chosen.is_some_and(|one| one.scheme == AuthScheme::DPoP)
            && challenges.iter().all(|one| one.scheme == AuthScheme::DPoP);
        tries.nonce = false;
        let reason = Reason::Unauthorized { refused: refusal.token, challenge: chosen, only_dpop };
        let flow = self.flow(need);
        let token = flow.run(reason).await;
        // A token taken over from another thread or process may be just as stale.
        // Accept one such token before counting it as the retry.
        tries.unauthorized = flow.has_contacted() || tries.took_existing;
        tries.took_existing = true;
        token
    }
}

impl Credential for OAuthCredential {
    fn ready(&self) -> Option<Option<Token>> {
        // While one thread renews the token, the others use the old one.
        self.account.ready(|held| {
            held.can_be_renewed(self.auth.grant())
                && (held.is_over() || !self.auth.gate.is_locked())
        })
    }

    fn obtain<'a>(&'a self, need: Need<'a>) -> Later<'a, Option<Token>> {
        Box::pin(async move { self.flow(need).run(Reason::NextRequest).await })
    }

    fn refused<'a>(
        &'a self,
        refusal: TokenRefusal<'a>,
        need: Need<'a>,
    ) -> Later<'a, Option<Token>> {
        Box::pin(self.replaced(refusal, need))
    }

    fn accepted(&self, token: &Token) {
        self.account.accepted(token);
    }

    fn record_nonce(&self, nonce: &str) {
        self.auth.set_nonce(&self.origin, nonce);
    }

    fn proof(&self, token: &Token, verb: &str, url: &str) -> Result<Option<Secret>> {
        let Some(key) = token.key() else { return Ok(None) };
        let nonce = self.auth.nonce(&self.origin);
        let proof = dpop::ProvenRequest {
            method: verb,
            url,
            token: Some(token.bare()),
            nonce: nonce.as_deref(),
        };
        dpop::proof(key, &proof, &random::secret(ID_BYTES)?, SystemTime::now()).map(Some)
    }

    fn current(&self) -> Option<Token> {
        self.account.held().map(|held| held.token.clone())
    }

    fn secrets(&self) -> Vec<Secret> {
        let mut secrets: Vec<Secret> = self.auth.settings().secrets().collect();
        if let Some(held) = self.account.held() {
            secrets.push(held.entry.access_token.clone());
            secrets.extend(held.entry.refresh_token.clone());
        }
        secrets
    }
}
