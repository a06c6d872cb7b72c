//! Renewing a token: by its refresh token, or by a grant that needs no person.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::oauth::flow::client::ClientSource;
use crate::auth::oauth::flow::context::Flow;
use crate::auth::oauth::flow::discover::{Discovered, plain_http};
use crate::auth::oauth::flow::token_endpoint::{TimedResponse, TokenRequest};
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::spec::token_response::{TokenErrorKind, TokenStep};
use crate::auth::oauth::state::cached_token::CachedToken;
use crate::auth::oauth::store::StoreLock;
use crate::auth::oauth::store::entry::{StoreEntry, Tokens};
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status};
use crate::transport::wait::Wait;

impl Flow<'_> {
    /// Renews a token that expires soon or has expired. `None` if the refresh
    /// token is lost: the request is sent without a token, and the server's
    /// challenge names its requirements.
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
                let again = self.server_again(&http, &held.entry).await?;
                again.map_err(|asked| Error::new(Status::Unavailable, asked))?
            }
        };
        let found = Discovered::known(&held.entry.resource, server, plain_http(&http));
        if !self.settings.grant.needs_person() {
            let parameters = self.renewal_parameters(held);
            return self.sign_in(&http, &found, &parameters).await.map(Some);
        }
        // The token is still good: do not wait long for other processes.
        let patience = if held.is_over() { self.limit() } else { self.need.wait.at_most(SOON) };
        self.refresh(&http, &found, held, &patience).await
    }

    /// Uses the refresh token. `None` if the server refuses it; it is not used
    /// again then.
    ///
    /// The store is locked meanwhile, so that one of several processes renews.
    pub(super) async fn refresh(
        &self,
        http: &HttpClient,
        found: &Discovered,
        held: &Arc<CachedToken>,
        patience: &Wait,
    ) -> Result<Option<Token>> {
        let lock = self.store.lock(patience).await?;
        let mut held = held.clone();
        let mut newer = self.newer_token(&held).await?;
        for _ in 0..TRIES {
            if let Some(newer) = newer.take() {
                self.account.set(Some(newer.clone()));
                if !newer.is_over() {
                    return Ok(Some(newer.token.clone()));
                }
                held = newer;
            }
            match self.refresh_once(http, found, &held, &lock).await? {
                RefreshOutcome::Token(token) => return Ok(Some(token)),
                RefreshOutcome::Lost => return Ok(None),
                // Another process was faster: take its token.
                RefreshOutcome::Replaced(other) => newer = Some(other),
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
        // Another server on the same origin must not get it, and nor must an
        // endpoint that the application set later.
        let given = found.server.given_token_endpoint();
        if given.is_some() && given != held.entry.token_endpoint.as_deref() {
            return Ok(RefreshOutcome::Lost);
        }
        self.hide(refresh_token);
        let client = self.client_of(&held.entry, found).await?;
        let ask = TokenRequest {
            step: TokenStep::Refresh,
            url: found.server.token_endpoint(found.plain_http)?,
            grant_type: "refresh_token",
            parts: &[
                ("refresh_token", Some(refresh_token.expose())),
                ("resource", Some(&found.resource)),
            ],
            client: &client,
            parameters: &TokenParameters::of_cached(held),
        };
        let got = match self.request_token(http, found, &ask).await? {
            Ok(got) => got,
            Err(failure) => {
                let Some(refusal) = failure.refusal else { return Err(failure.error) };
                if let Some(newer) = self.newer_token(held).await? {
                    return Ok(RefreshOutcome::Replaced(newer));
                }
                self.discard_refresh_token(lock, held, refresh_token, refusal).await;
                // The server has forgotten the registration and its tokens.
                if failure.kind == TokenErrorKind::InvalidClient
                    && client.source == ClientSource::Stored
                {
                    self.unregister_locked(lock, found, &client.id).await?;
                }
                return Ok(RefreshOutcome::Lost);
            }
        };
        let TimedResponse { mut response, since } = got;
        response.refresh_token = response.refresh_token.or_else(|| Some(refresh_token.clone()));
        response.scope = response.scope.or_else(|| held.entry.granted_scope.clone());
        let granted = TimedResponse { response, since };
        let parameters = TokenParameters::of_cached(held);
        let taken = self.keep_tokens(granted, found, &client, &parameters, Some(lock)).await?;
        Ok(RefreshOutcome::Token(taken))
    }

    /// The token that another process has stored meanwhile.
    async fn newer_token(&self, held: &CachedToken) -> Result<Option<Arc<CachedToken>>> {
        let entry = &held.entry;
        let key = entry.own_key();
        let Some(kept) = self.store.read::<Tokens>(&key).await? else { return Ok(None) };
        if kept.access_token == entry.access_token && kept.refresh_token == entry.refresh_token {
            return Ok(None);
        }
        self.if_changed(kept)
    }
}

/// What happened with a refresh token.
enum RefreshOutcome {
    Token(Token),
    /// The server refused it, and it is not used again.
    Lost,
    /// The server refused it, and another process has stored these tokens.
    Replaced(Arc<CachedToken>),
}

/// How often another process may be faster.
const TRIES: usize = 3;
/// How long a call with a good token waits for other processes.
const SOON: Duration = Duration::from_secs(1);
