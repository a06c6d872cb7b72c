//! Renewing a token: by its refresh token, or by doing again what needs
//! nobody.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::oauth::account::Held;
use crate::auth::oauth::answer::{Kind, Step};
use crate::auth::oauth::discover::{Found, plain};
use crate::auth::oauth::exchange::{Exchange, Wish};
use crate::auth::oauth::identify::Source;
use crate::auth::oauth::jwt;
use crate::auth::oauth::scope;
use crate::auth::oauth::store::Held as Lock;
use crate::auth::oauth::store::entry::Tokens;
use crate::auth::oauth::tokens::Ask;
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status};
use crate::transport::agent::Agent;

impl Exchange<'_> {
    /// Renews a token whose end is near, or past; `None` if it is lost, so
    /// that the server has to say what it wants.
    pub(super) async fn renew(&self, held: &Arc<Held>) -> Result<Option<Token>> {
        let agent = self.agent().await?;
        let server = match held.fresh_server() {
            Some(server) => server,
            None => {
                let again = self.server_again(&agent, &held.entry.issuer).await?;
                again.map_err(|asked| Error::new(Status::Unavailable, asked))?
            }
        };
        let found = Found::known(&held.entry.resource, server, plain(&agent));
        if !self.settings.grant.needs_person() {
            return self.begin_anew(&agent, &found, Wish::again(held)).await.map(Some);
        }
        self.refresh(&agent, &found, held).await
    }

    /// Takes a new token for the refresh token; `None` if that one is lost, and
    /// forgotten.
    pub(super) async fn refresh(
        &self,
        agent: &Agent,
        found: &Found,
        held: &Arc<Held>,
    ) -> Result<Option<Token>> {
        let lock = self.keeper.lock(&self.limit()).await?;
        let key = Tokens::key(&held.entry.issuer, &held.entry.resource, &held.entry.client_id);
        if let Some(token) = self.newer(&key, held).await? {
            return Ok(Some(token));
        }
        let Some(refresh_token) = &held.entry.refresh_token else { return Ok(None) };
        self.hide(refresh_token);
        let identity = self.identity_of(&held.entry, found).await?;
        let ask = Ask {
            step: Step::Refresh,
            url: found.server.token_endpoint(found.plain)?,
            grant_type: "refresh_token",
            parts: &[
                ("refresh_token", Some(refresh_token.expose())),
                ("resource", Some(&found.resource)),
            ],
            identity: &identity,
            wish: &Wish::again(held),
        };
        let got = match self.ask_token(agent, found, &ask).await? {
            Ok(got) => got,
            Err(failure) if failure.kind == Kind::InvalidGrant => {
                // Who was faster has another one now.
                if let Some(token) = self.newer(&key, held).await? {
                    return Ok(Some(token));
                }
                self.lose(&lock, key).await;
                return Ok(None);
            }
            // The server has forgotten the registration, and what hung on it.
            Err(failure)
                if failure.kind == Kind::InvalidClient && identity.source == Source::Kept =>
            {
                self.lose(&lock, key).await;
                drop(lock);
                self.unregister(found).await?;
                return Ok(None);
            }
            Err(failure) => return Err(failure.error),
        };
        let mut granted = got.granted;
        granted.refresh_token = granted.refresh_token.or_else(|| Some(refresh_token.clone()));
        granted.scope = granted.scope.or_else(|| held.entry.granted_scope.clone());
        let wish = Wish::again(held);
        self.take(granted, found, &held.entry.client_id, &wish, got.since, Some(&lock))
            .await
            .map(Some)
    }

    /// The token that another process has got meanwhile.
    async fn newer(&self, key: &str, held: &Held) -> Result<Option<Token>> {
        let Some(kept) = self.keeper.read::<Tokens>(key).await? else { return Ok(None) };
        let is_same = kept.refresh_token == held.entry.refresh_token
            && kept.access_token == held.entry.access_token;
        let seconds = jwt::seconds(SystemTime::now())?;
        if is_same || kept.expires_at.is_some_and(|end| end <= seconds) {
            return Ok(None);
        }
        let kept = Held::kept(kept.clone(), self.key_of(&kept)?);
        self.account.set(Some(kept.clone()));
        Ok(Some(kept.token.clone()))
    }

    /// Forgets tokens that are good for nothing.
    async fn lose(&self, lock: &Arc<Lock>, key: String) {
        self.account.set(None);
        if let Err(error) = self.keeper.remove(lock, key).await {
            self.store_failed(error);
        }
    }
}

impl Wish {
    /// What was asked for the last time.
    pub(super) fn again(held: &Held) -> Self {
        Self {
            scopes: scope::split(held.entry.requested_scope.as_deref().unwrap_or_default()),
            needs_consent: false,
            key: held.token.key().cloned(),
            demands_dpop: held.token.key().is_some(),
        }
    }
}
