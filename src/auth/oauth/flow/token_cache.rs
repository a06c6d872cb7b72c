//! The tokens of an endpoint: in use, and in the store.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use crate::auth::oauth::flow::client::ClientIdentity;
use crate::auth::oauth::flow::context::Flow;
use crate::auth::oauth::flow::discover::Discovered;
use crate::auth::oauth::flow::token_endpoint::TimedResponse;
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::spec::key::Key;
use crate::auth::oauth::spec::refresh_refusal::RefreshRefusal;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::spec::token_response::TokenType;
use crate::auth::oauth::state::account::DeadRefreshToken;
use crate::auth::oauth::state::cached_token::CachedToken;
use crate::auth::oauth::store::StoreLock;
use crate::auth::oauth::store::entry::{Endpoint, StoreEntry, Tokens};
use crate::auth::token::Token;
use crate::base::error::Result;
use crate::base::secret::Secret;

impl Flow<'_> {
    /// The token for this endpoint: from the store, else the one in use, which the
    /// store may have failed to save.
    pub(super) async fn stored_token(&self) -> Result<Option<Arc<CachedToken>>> {
        let key = Endpoint::key(&self.account.endpoint);
        let Some(endpoint) = self.store.read::<Endpoint>(&key).await? else {
            return Ok(self.account.held());
        };
        let is_other = |set: Option<&String>, kept: &str| set.is_some_and(|set| set != kept);
        let client = self.settings.client.as_ref().map(|client| &client.id);
        if is_other(self.settings.chosen_issuer().as_ref(), &endpoint.issuer)
            || is_other(client, &endpoint.client_id)
            || endpoint.grant.is_some_and(|grant| !self.settings.takes_tokens_of(grant))
        {
            return Ok(self.account.held());
        }
        let Some(tokens) = self.store.read::<Tokens>(&endpoint.tokens()).await? else {
            return Ok(self.account.held());
        };
        Ok(self.if_changed(tokens)?.or_else(|| self.account.held()))
    }

    /// The tokens of the store, if another process has written them.
    pub(super) fn if_changed(&self, tokens: Tokens) -> Result<Option<Arc<CachedToken>>> {
        if self.account.stored_is(&tokens.access_token) {
            return Ok(None);
        }
        self.account.set_stored(&tokens.access_token);
        self.usable(tokens)
    }

    /// Stored tokens with their key. `None` if the present settings do not allow
    /// their use.
    pub(super) fn usable(&self, tokens: Tokens) -> Result<Option<Arc<CachedToken>>> {
        self.hide(&tokens.access_token);
        if let Some(refresh_token) = &tokens.refresh_token {
            self.hide(refresh_token);
        }
        let key = match (tokens.token_type, &tokens.dpop_key, &self.settings.dpop_key) {
            (TokenType::Bearer, ..) if self.settings.dpop == Some(true) => return Ok(None),
            (TokenType::Bearer, ..) => None,
            (TokenType::Dpop, Some(stored), _) => {
                Some(Arc::new(Key::from_stored(stored.expose())?))
            }
            (TokenType::Dpop, None, Some(own)) => {
                let is_own = tokens.dpop_jkt.as_deref() == Some(&own.thumbprint()?);
                if !is_own {
                    return Ok(None);
                }
                Some(own.clone())
            }
            (TokenType::Dpop, None, None) => return Ok(None),
        };
        Ok(Some(CachedToken::stored(tokens, key)))
    }

    /// The stored token of another endpoint of the same resource.
    pub(super) async fn shared_token(
        &self,
        found: &Discovered,
    ) -> Result<Option<Arc<CachedToken>>> {
        for id in self.known_ids(found).await? {
            let key = Tokens::key(found.issuer(), &found.resource, &id);
            let Some(tokens) = self.store.read::<Tokens>(&key).await? else { continue };
            // The refused token is among them if it belongs to this endpoint.
            let held = self.account.held();
            if held.is_none_or(|held| held.entry.access_token != tokens.access_token) {
                return self.usable(tokens);
            }
        }
        Ok(None)
    }

    /// Uses the token of another endpoint for this one too.
    pub(super) async fn adopt(&self, held: Arc<CachedToken>) -> Result<Token> {
        self.store_tokens(&held.entry, None).await;
        let token = held.token.clone();
        self.account.set(Some(held));
        Ok(token)
    }

    /// Stores the tokens of a grant, and takes them into use.
    pub(super) async fn keep_tokens(
        &self,
        granted: TimedResponse,
        found: &Discovered,
        client: &ClientIdentity,
        parameters: &TokenParameters,
        lock: Option<&Arc<StoreLock>>,
    ) -> Result<Token> {
        let TimedResponse { response: granted, since } = granted;
        let token_type = granted.token_type.unwrap_or_default();
        self.hide(&granted.access_token);
        if let Some(refresh_token) = &granted.refresh_token {
            self.hide(refresh_token);
        }
        let life = granted.expires_in.map(Duration::from_secs);
        let expires_at = life.and_then(|life| {
            let end = since.1.checked_add(life)?;
            end.duration_since(UNIX_EPOCH).ok().map(|end| end.as_secs())
        });
        let key = parameters.key.clone().filter(|_| token_type == TokenType::Dpop);
        let is_own = self.settings.dpop_key.is_some();
        let entry = Tokens {
            issuer: found.issuer().to_owned(),
            resource: found.resource.clone(),
            client_id: client.id.clone(),
            access_token: granted.access_token,
            token_type,
            expires_at,
            // A grant without a person is repeated instead.
            refresh_token: granted.refresh_token.filter(|_| self.settings.grant.needs_person()),
            requested_scope: parameters.scope(),
            granted_scope: granted.scope.or_else(|| parameters.scope()),
            dpop_jkt: key.as_ref().map(|key| key.thumbprint()).transpose()?,
            dpop_key: key.as_ref().filter(|_| !is_own).and_then(|key| key.stored()),
            client_secret: client.secret.clone().filter(|_| client.source.is_registered()),
            auth_method: Some(client.method)
                .filter(|method| client.source.is_registered() && *method != AuthMethod::None)
                .map(|method| method.name().to_owned()),
            metadata_url: found.server.place.clone(),
            token_endpoint: found.server.given_token_endpoint().map(str::to_owned),
            ..Tokens::default()
        };
        self.store_tokens(&entry, lock).await;
        self.store_client_id_place(found.issuer(), lock).await;
        let held = CachedToken::new(entry, key, since.0, life, Some(found.server.clone()));
        let token = held.token.clone();
        self.account.record_grant(held, lock.is_some());
        self.set_has_token();
        Ok(token)
    }

    /// Stores tokens. This comes before their use: if a replaced refresh token is
    /// used again, the server takes it for stolen.
    async fn store_tokens(&self, entry: &Tokens, lock: Option<&Arc<StoreLock>>) {
        let endpoint = self.endpoint_entry(&entry.issuer, &entry.resource, &entry.client_id);
        let kept = async {
            let lock = self.store.lock_or(lock, &self.limit()).await?;
            self.store.write(&lock, entry).await?;
            self.account.set_stored(&entry.access_token);
            self.store.write(&lock, &endpoint).await?;
            // Tokens of an earlier registration would never be found again.
            let earlier = self.account.held().filter(|held| {
                let old = &held.entry;
                (&old.issuer, &old.resource) == (&entry.issuer, &entry.resource)
            });
            if let Some(held) = earlier {
                let old = &held.entry;
                let is_same = |kept: &Tokens| kept.access_token == old.access_token;
                self.remove_earlier(&lock, old.own_key(), entry, is_same).await?;
            }
            if let Some(DeadRefreshToken { refresh_token, key }) = self.account.dead() {
                let is_same = |kept: &Tokens| kept.refresh_token.as_ref() == Some(&refresh_token);
                self.remove_earlier(&lock, key, entry, is_same).await?;
                self.account.set_dead(None);
            }
            Ok(())
        };
        if let Err(error) = kept.await {
            self.store_failed(error);
        }
    }

    /// The entry that leads from this endpoint to its tokens.
    pub(super) fn endpoint_entry(&self, issuer: &str, resource: &str, client_id: &str) -> Endpoint {
        Endpoint {
            endpoint: Secret::from(self.account.endpoint.as_str()),
            issuer: issuer.to_owned(),
            resource: resource.to_owned(),
            client_id: client_id.to_owned(),
            grant: Some(self.settings.grant as u64),
            ..Endpoint::default()
        }
    }

    /// Removes tokens that new ones replace under another key, unless another
    /// process has replaced them.
    async fn remove_earlier(
        &self,
        lock: &Arc<StoreLock>,
        key: String,
        new: &Tokens,
        is_same: impl Fn(&Tokens) -> bool,
    ) -> Result<()> {
        if key == new.own_key() {
            return Ok(());
        }
        match self.store.read::<Tokens>(&key).await? {
            Some(kept) if is_same(&kept) => self.store.remove(lock, key).await,
            _ => Ok(()),
        }
    }

    /// Discards a refresh token that the server has refused. An access token
    /// that is still good stays in use.
    pub(super) async fn discard_refresh_token(
        &self,
        lock: &Arc<StoreLock>,
        held: &Arc<CachedToken>,
        sent: &Secret,
        refusal: RefreshRefusal,
    ) {
        let (key, is_good) = (held.entry.own_key(), self.account.is_good(&held.token));
        match refusal {
            RefreshRefusal::ByServer => {
                let rest = Tokens { refresh_token: None, ..held.entry.clone() };
                let rest = Some(rest).filter(|_| is_good);
                self.account.set(rest.clone().map(|rest| held.with_entry(rest)));
                if let Err(error) = self.replace_refused(lock, key, sent, rest).await {
                    self.store_failed(error);
                }
            }
            RefreshRefusal::ByUnknown => {
                let refresh_token = sent.clone();
                self.account.set_dead(Some(DeadRefreshToken { refresh_token, key }));
                if !is_good {
                    self.account.set(None);
                }
            }
        }
    }

    /// Replaces or removes the entry of a refused refresh token, unless another
    /// process has replaced it.
    async fn replace_refused(
        &self,
        lock: &Arc<StoreLock>,
        key: String,
        sent: &Secret,
        rest: Option<Tokens>,
    ) -> Result<()> {
        let kept = self.store.read::<Tokens>(&key).await?;
        if kept.is_none_or(|kept| kept.refresh_token.as_ref() != Some(sent)) {
            return Ok(());
        }
        match rest {
            Some(rest) => self.store.write(lock, &rest).await,
            None => self.store.remove(lock, key).await,
        }
    }
}
