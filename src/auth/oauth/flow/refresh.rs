//! Renewing a token: by its refresh token, or by doing again what needs
//! nobody.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::oauth::flow::client::ClientSource;
use crate::auth::oauth::flow::context::{Flow, TokenParameters};
use crate::auth::oauth::flow::discover::{Discovered, plain};
use crate::auth::oauth::flow::token_endpoint::TokenRequest;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::spec::scope;
use crate::auth::oauth::spec::token_response::{TokenErrorKind, TokenStep};
use crate::auth::oauth::state::account::CachedToken;
use crate::auth::oauth::store::StoreLock;
use crate::auth::oauth::store::entry::Tokens;
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status};
use crate::transport::wait::Wait;

impl Flow<'_> {
    /// Renews a token whose end is near, or past; `None` if it is lost, so
    /// that the server has to say what it wants.
    pub(super) async fn renew(&self, held: &Arc<CachedToken>) -> Result<Option<Token>> {
        self.account.check_rest()?;
        let renewed = self.renewed(held).await;
        renewed.inspect_err(|_| held.forget_server())
    }

    async fn renewed(&self, held: &Arc<CachedToken>) -> Result<Option<Token>> {
        let http = self.http_client().await?;
        let server = match held.fresh_server() {
            Some(server) => server,
            None => {
                let again = self.server_again(&http, &held.entry.issuer).await?;
                again.map_err(|asked| Error::new(Status::Unavailable, asked))?
            }
        };
        let found = Discovered::known(&held.entry.resource, server, plain(&http));
        if !self.settings.grant.needs_person() {
            return self
                .begin_anew(&http, &found, TokenParameters::of_cached(held))
                .await
                .map(Some);
        }
        // Whoever has a good token does not wait long for other processes.
        let patience = if held.is_over() { self.limit() } else { self.need.wait.at_most(SOON) };
        self.refresh(&http, &found, held, &patience).await
    }

    /// Takes a new token for the refresh token; `None` if that one is lost, and
    /// forgotten.
    ///
    /// The store is locked all the while: of several processes one renews.
    pub(super) async fn refresh(
        &self,
        http: &HttpClient,
        found: &Discovered,
        held: &Arc<CachedToken>,
        patience: &Wait,
    ) -> Result<Option<Token>> {
        let lock = self.store.lock(patience).await?;
        let mut held = held.clone();
        for _ in 0..TRIES {
            if let Some(newer) = self.newer(&held).await? {
                self.account.set(Some(newer.clone()));
                if !newer.is_over() {
                    return Ok(Some(newer.token.clone()));
                }
                held = newer;
            }
            match self.refresh_once(http, found, &held, &lock).await? {
                RefreshOutcome::Token(token) => return Ok(Some(token)),
                RefreshOutcome::Lost => return Ok(None),
                // Who was faster has another one now.
                RefreshOutcome::Refused => {}
            }
        }
        Ok(None)
    }

    async fn refresh_once(
        &self,
        http: &HttpClient,
        found: &Discovered,
        held: &Arc<CachedToken>,
        lock: &Arc<StoreLock>,
    ) -> Result<RefreshOutcome> {
        let Some(refresh_token) = &held.entry.refresh_token else {
            return Ok(RefreshOutcome::Lost);
        };
        self.hide(refresh_token);
        let client = self.client_of(&held.entry, found).await?;
        let ask = TokenRequest {
            step: TokenStep::Refresh,
            url: found.server.token_endpoint(found.plain)?,
            grant_type: "refresh_token",
            parts: &[
                ("refresh_token", Some(refresh_token.expose())),
                ("resource", Some(&found.resource)),
            ],
            client: &client,
            parameters: &TokenParameters::of_cached(held),
        };
        let key = Tokens::key(&held.entry.issuer, &held.entry.resource, &held.entry.client_id);
        let got = match self.request_token(http, found, &ask).await? {
            Ok(got) => got,
            Err(failure) if failure.kind == TokenErrorKind::InvalidGrant => {
                if self.newer(held).await?.is_some() {
                    return Ok(RefreshOutcome::Refused);
                }
                self.lose(lock, key, refresh_token).await;
                return Ok(RefreshOutcome::Lost);
            }
            // The server has forgotten the registration, and what hung on it.
            Err(failure)
                if failure.kind == TokenErrorKind::InvalidClient
                    && client.source == ClientSource::Kept =>
            {
                self.lose(lock, key, refresh_token).await;
                self.unregister_locked(lock, found).await?;
                return Ok(RefreshOutcome::Lost);
            }
            Err(failure) => return Err(failure.error),
        };
        let mut granted = got.granted;
        granted.refresh_token = granted.refresh_token.or_else(|| Some(refresh_token.clone()));
        granted.scope = granted.scope.or_else(|| held.entry.granted_scope.clone());
        let (parameters, id) = (TokenParameters::of_cached(held), &held.entry.client_id);
        let taken = self.take(granted, found, id, &parameters, got.since, Some(lock)).await?;
        Ok(RefreshOutcome::Token(taken))
    }

    /// What another process has got meanwhile.
    async fn newer(&self, held: &CachedToken) -> Result<Option<Arc<CachedToken>>> {
        let entry = &held.entry;
        let key = Tokens::key(&entry.issuer, &entry.resource, &entry.client_id);
        let Some(kept) = self.store.read::<Tokens>(&key).await? else { return Ok(None) };
        if kept.access_token == entry.access_token && kept.refresh_token == entry.refresh_token {
            return Ok(None);
        }
        self.latest(kept)
    }
}

/// What became of a refresh token.
enum RefreshOutcome {
    Token(Token),
    /// It is good for nothing, and forgotten.
    Lost,
    /// There is another one.
    Refused,
}

/// How often another process may be faster.
const TRIES: usize = 3;
/// How long a call that has a good token waits for other processes.
const SOON: Duration = Duration::from_secs(1);

impl TokenParameters {
    /// What was asked for the last time.
    pub(super) fn of_cached(held: &CachedToken) -> Self {
        Self {
            scopes: scope::split(held.entry.requested_scope.as_deref().unwrap_or_default()),
            needs_consent: false,
            key: held.token.key().cloned(),
            demands_dpop: held.token.key().is_some(),
        }
    }
}
