//! The OAuth flow: from a request without a good token to a token.
//!
//! This file shows a whole sign-in. Its steps:
//!
//! 1. `discover`: which authorization server issues tokens for the MCP server;
//! 2. `token_parameters`: which scopes to request, which key to bind to;
//! 3. `refresh`: the refresh token, where there is one;
//! 4. `client`: which client id, registered first if necessary;
//! 5. `grants`, `authorization_code`, `device_code`: the grant, and the tokens for it,
//!    which `token_endpoint` requests;
//! 6. `token_cache`: the tokens go to the store and into use.
//!
//! What a server did before decides three things: `registration_doubt` says when a
//! registration is used again, `consent` when the person is asked for consent, and
//! `client_id_place` where a token request has the client id. `sign_out` is the way
//! back.

mod authorization_code;
mod client;
mod client_id_place;
mod consent;
pub(crate) mod context;
mod device_code;
mod discover;
mod grants;
mod refresh;
mod registration_doubt;
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
use crate::base::error::{Error, Result};

impl Flow<'_> {
    /// Runs the flow. `None`: the request goes without a token.
    pub(crate) async fn run(&self, reason: Reason<'_>) -> Result<Option<Token>> {
        self.check_outside()?;
        let done = match reason {
            Reason::NextRequest => self.prepare().await,
            _ => self.replace(reason).await,
        };
        if !reason.is_sign_in() {
            // The request gets the token.
            self.account.set_unused(false);
        } else if self.has_token() && done.is_ok() {
            self.account.set_unused(true);
        }
        done.map_err(|error| self.without_secrets(not_the_calls(error)))
    }

    /// Gets another token after a refusal: discovers, refreshes or signs in.
    async fn obtain(&self, reason: Reason<'_>) -> Result<Token> {
        // A refused token that a refresh gave: the next refresh gives no better.
        let is_spent = |held: &Arc<CachedToken>| {
            reason.refused() == Some(&held.token) && self.account.was_renewed_without_success()
        };
        let may_refresh = !matches!(reason, Reason::SignIn { may_refresh: false, .. });
        let can_refresh = |held: &Arc<CachedToken>| {
            let has_token = held.entry.refresh_token.is_some() && !self.account.is_dead(held);
            may_refresh && has_token && !is_spent(held)
        };
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
                Some(shared)
                    if !is_step_up && !shared.is_over() && !self.account.is_dead(&shared) =>
                {
                    return self.adopt(shared).await;
                }
                shared => shared,
            },
        };
        self.set_contacted();
        let mut parameters = self.token_parameters(&found, held.as_deref(), reason)?;
        if let Some(held) = held.filter(|held| can_refresh(held) && !is_step_up) {
            match self.refresh(&http, &found, &held, &self.limit()).await {
                Ok(Some(token)) => return Ok(token),
                Ok(None) => {}
                // The person asked for a sign-in, whatever happens to a refresh.
                Err(error) if reason.is_sign_in() => self.go_on_after(error)?,
                Err(error) => return Err(error),
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
            self.mark_in_doubt(found, &client).await;
            let refused = match self.grant(&request, listener).await {
                Ok(granted) => {
                    let kept = self.keep_tokens(granted, found, &client, parameters, None).await;
                    self.clear_doubt(found, &client).await;
                    return kept;
                }
                Err(refused) => refused,
            };
            match refused.client_status {
                ClientStatus::Unknown => self.unregister(found, &client).await?,
                ClientStatus::Known => self.clear_doubt(found, &client).await,
                // The mark stays: the next sign-in registers again.
                ClientStatus::InDoubt => {}
            }
            let is_unknown = refused.client_status == ClientStatus::Unknown;
            if !is_unknown || client.source != ClientSource::Stored || is_retry {
                return Err(refused.error);
            }
            is_retry = true;
        }
    }

    /// Lets a sign-in go on after a failed refresh, unless the call itself ends.
    fn go_on_after(&self, error: Error) -> Result<()> {
        if error.ends_call() {
            return Err(error);
        }
        self.restart_time();
        self.need.wait.check()
    }

    /// Loads the token of the store, which another process may have replaced.
    pub(crate) async fn load(&self) -> Result<()> {
        self.check_outside()?;
        let _guard = match self.auth.gate.try_lock() {
            Some(guard) => guard,
            None if self.account.is_loaded() => return Ok(()),
            None => match self.enter(|| self.account.is_loaded()).await? {
                Some(guard) => guard,
                None => return Ok(()),
            },
        };
        let loaded = self.load_inside().await;
        loaded.map(drop).map_err(|error| self.without_secrets(not_the_calls(error)))
    }

    /// The same inside the gate. Returns the token.
    async fn load_inside(&self) -> Result<Option<Arc<CachedToken>>> {
        let stored = self.stored_token().await?;
        if stored.is_some() || !self.account.is_loaded() {
            self.account.set(stored.clone());
        }
        Ok(stored)
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
            Ok(Some(token)) => Ok(Some(token)),
            // The refresh token is lost. The access token may still be good.
            Ok(None) => Ok(self.current()),
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
            Reason::SignIn { .. } => {
                self.account.has_good() && self.account.other_than(refused).is_some()
            }
            _ => self.account.other_than(refused).is_some(),
        };
        if let Reason::Unauthorized { refused: Some(refused), .. }
        | Reason::SignIn { refused: Some(refused), .. } = reason
        {
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
        if let Some(stored) = self.load_inside().await? {
            let is_new = refused.is_none_or(|refused| *refused != stored.token);
            if is_new && !stored.is_over() && !reason.is_sign_in() {
                return Ok(Some(stored.token.clone()));
            }
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
        let is_own = error.ends_call() || self.need.wait.check().is_err();
        let error = self.without_secrets(not_the_calls(error));
        if !is_own {
            self.account.fail(purpose, &error);
        }
        error
    }
}
