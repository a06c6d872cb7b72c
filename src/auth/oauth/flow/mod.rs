//! The OAuth flow: from a request without a good token to a token.
//!
//! This file shows a whole sign-in. Its steps:
//!
//! 1. `discover`: which authorization server issues tokens for the MCP server;
//! 2. `token_parameters`: which scopes to request, which key to bind to;
//! 3. `refresh`: the refresh token, where there is one;
//! 4. `client`: which client id, registered first if necessary;
//! 5. `grants`, `authorization_code`, `device_code`: the grant, and the tokens for it;
//! 6. `token_cache`: the tokens go to the store and into use.

mod authorization_code;
mod client;
pub(crate) mod context;
mod device_code;
mod discover;
mod grants;
mod refresh;
mod sign_out;
mod store_access;
mod token_cache;
mod token_endpoint;
mod token_parameters;

use std::sync::Arc;

use crate::auth::oauth::flow::client::ClientSource;
use crate::auth::oauth::flow::context::{Flow, Reason, not_the_calls};
use crate::auth::oauth::flow::discover::Discovered;
use crate::auth::oauth::flow::grants::{ClientStatus, GrantRequest};
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::state::account::FlowPurpose;
use crate::auth::oauth::state::cached_token::CachedToken;
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status};

impl Flow<'_> {
    /// Runs the flow. `None`: the request goes without a token.
    pub(crate) async fn run(&self, reason: Reason<'_>) -> Result<Option<Token>> {
        self.check_outside()?;
        let done = match reason {
            Reason::NextRequest => self.prepare().await,
            _ => self.replace(reason).await,
        };
        done.map_err(|error| not_the_calls(error).masked(&self.hidden()))
    }

    /// Gets another token after a refusal: discovers, refreshes or signs in.
    async fn obtain(&self, reason: Reason<'_>) -> Result<Token> {
        // A refused token that a refresh gave: the next refresh gives no better.
        let is_spent = |held: &Arc<CachedToken>| {
            reason.refused() == Some(&held.token) && self.account.was_renewed_without_success()
        };
        let can_refresh =
            |held: &Arc<CachedToken>| held.entry.refresh_token.is_some() && !is_spent(held);
        let is_step_up = matches!(reason, Reason::InsufficientScope { .. });
        let held = self.account.held();
        if !is_step_up && !held.as_ref().is_some_and(&can_refresh) {
            self.check_settings()?;
        }
        self.account.check_rest()?;
        let http = self.http_client().await?;
        let found = self.discover(&http, reason, &self.limit()).await?;
        let held = match held.filter(|held| found.issued(held)) {
            Some(held) => Some(held),
            None => match self.shared_token(&found).await? {
                Some(shared) if !is_step_up && !shared.is_over() => {
                    return self.adopt(shared).await;
                }
                shared => shared,
            },
        };
        self.set_contacted();
        let mut parameters = self.token_parameters(&found, held.as_deref(), reason)?;
        if let Some(held) = held.filter(|held| can_refresh(held) && !is_step_up) {
            if let Some(token) = self.refresh(&http, &found, &held, &self.limit()).await? {
                return Ok(token);
            }
            self.check_settings()?;
            parameters = self.token_parameters(&found, None, reason)?;
        }
        self.sign_in(&http, &found, &parameters).await
    }

    /// Signs in: chooses the client, gets the grant, keeps the tokens. Repeats
    /// that once if the server has forgotten a stored registration.
    async fn sign_in(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
    ) -> Result<Token> {
        let mut is_retry = false;
        loop {
            let (client, listener) = self.choose_client(http, found, parameters).await?;
            let request = GrantRequest { http, found, parameters, client: &client };
            let refused = match self.grant(&request, listener).await {
                Ok(granted) => {
                    return self.keep_tokens(granted, found, &client.id, parameters, None).await;
                }
                Err(refused) => refused,
            };
            let is_stored = client.source == ClientSource::Stored;
            match refused.client_status {
                ClientStatus::Unknown if is_stored && !is_retry => self.unregister(found).await?,
                ClientStatus::NoAnswer if is_stored => {
                    if let Err(error) = self.unregister(found).await {
                        self.store_failed(error);
                    }
                    return Err(refused.error);
                }
                _ => return Err(refused.error),
            }
            is_retry = true;
        }
    }

    /// Loads the token for the first request, or renews one that expires soon.
    async fn prepare(&self) -> Result<Option<Token>> {
        if !self.account.is_loaded() {
            let stored = self.stored_token().await?;
            self.account.set_if_not_loaded(stored);
        }
        if let Some(ready) = self.account.ready(|held| self.can_renew(held)) {
            return Ok(ready);
        }
        let held = self.account.held();
        let failures = self.account.failures();
        let is_due = || self.account.ready(|held| self.can_renew(held)).is_none();
        let _guard = match held.filter(|held| !held.is_over()) {
            // The token is still good: no need to wait for another call's flow.
            Some(held) => match self.auth.gate.try_lock() {
                Some(guard) => guard,
                None => return Ok(Some(held.token.clone())),
            },
            None => match self.enter(|| !is_due()).await? {
                Some(guard) => guard,
                None => return Ok(self.current()),
            },
        };
        if let Some(ready) = self.account.ready(|held| self.can_renew(held)) {
            return Ok(ready);
        }
        if let Some(failure) = self.account.failed_since(failures, FlowPurpose::Renewal) {
            return Err(failure);
        }
        let Some(held) = self.account.held() else { return Ok(None) };
        let renewed = self.renew(&held).await;
        // The MCP server did not take this time.
        self.restart_time();
        match renewed {
            Ok(token) => Ok(token),
            Err(error) if held.is_over() => Err(self.failed(FlowPurpose::Renewal, error)),
            Err(_) => {
                self.need.wait.check()?;
                self.account.put_off();
                Ok(Some(held.token.clone()))
            }
        }
    }

    /// Gets another token than the refused one, unless another thread or process
    /// already has.
    async fn replace(&self, reason: Reason<'_>) -> Result<Option<Token>> {
        let refused = reason.refused();
        let is_done = || match reason {
            Reason::SignIn => self.account.has_good(),
            _ => self.account.other_than(refused).is_some(),
        };
        if let Reason::Unauthorized { refused: Some(refused), .. } = reason {
            self.account.refused(refused);
        }
        let failures = self.account.failures();
        let Some(_guard) = self.enter(is_done).await? else { return Ok(self.current()) };
        if is_done() {
            return Ok(self.current());
        }
        if let Some(failure) = self.account.failed_since(failures, reason.purpose()) {
            return Err(failure);
        }
        if let Some(stored) = self.stored_token().await? {
            let is_new = refused.is_none_or(|refused| *refused != stored.token);
            let is_good = is_new && !stored.is_over();
            self.account.set(Some(stored.clone()));
            if is_good && !matches!(reason, Reason::SignIn) {
                return Ok(Some(stored.token.clone()));
            }
        } else if !self.account.is_loaded() {
            self.account.set(None);
        }
        if is_done() {
            return Ok(self.current());
        }
        if let Reason::InsufficientScope { challenge, .. } = reason {
            self.step_up_scopes(self.account.held().as_deref(), challenge)?;
        }
        let obtained = self.obtain(reason).await;
        let token = obtained.map_err(|error| self.failed(reason.purpose(), error))?;
        self.need.wait.restart();
        Ok(Some(token))
    }

    fn current(&self) -> Option<Token> {
        self.account.held().map(|held| held.token.clone())
    }

    /// Shares an error with the calls that wait for the same, unless the error
    /// concerns this call only.
    fn failed(&self, purpose: FlowPurpose, error: Error) -> Error {
        let is_own = matches!(error.status(), Status::Cancelled | Status::Closed)
            || self.need.wait.check().is_err();
        let error = not_the_calls(error).masked(&self.hidden());
        if !is_own {
            self.account.fail(purpose, &error);
        }
        error
    }
}
