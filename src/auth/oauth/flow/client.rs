//! As whom the program speaks to an authorization server.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::oauth::flow::context::{Exchange, Wish, broken};
use crate::auth::oauth::flow::discover::{Found, reply};
use crate::auth::oauth::host::http_client::{Agent, Fetched};
use crate::auth::oauth::host::listener::{Listener, Unbound};
use crate::auth::oauth::spec::client_choice::{
    Identity as Chosen, Known, Proofs, choose, method, method_to_register,
};
use crate::auth::oauth::spec::jwt::{Key, seconds};
use crate::auth::oauth::spec::registration::Request;
use crate::auth::oauth::spec::scope::has_all;
use crate::auth::oauth::spec::token_request::Method;
use crate::auth::oauth::state::settings::{Client, Settings};
use crate::auth::oauth::store::Held as Lock;
use crate::auth::oauth::store::entry::{Given, Registration, Tokens};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::url::Url;

/// A client id, and how it is proved.
pub(super) struct Identity {
    /// Empty where the grant needs none.
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    pub(super) method: Method,
    /// Where a browser comes back to; empty without a person.
    pub(super) redirect_uri: String,
    pub(super) source: Source,
}

impl Identity {
    /// Without an id, and with nothing to prove it.
    fn nobody(source: Source) -> Self {
        let (id, redirect_uri) = (String::new(), String::new());
        Self { id, secret: None, method: Method::None, redirect_uri, source }
    }
}

/// Where a client id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The program.
    Given,
    /// The program, and no server has seen it yet.
    Unbound,
    /// The document that describes the program.
    Document,
    /// A registration of an earlier exchange.
    Kept,
    /// One made just now.
    New,
}

impl Exchange<'_> {
    /// The identity for a sign-in, and who listens for the browser, if that is
    /// the library.
    pub(super) async fn identity_for_sign_in(
        &self,
        agent: &Agent,
        found: &Found,
        wish: &Wish,
    ) -> Result<(Identity, Option<Listener>)> {
        let key = Registration::key(found.issuer(), self.settings.redirect_kind());
        let kept = self.keeper.read::<Registration>(&key).await?;
        let now = seconds(SystemTime::now())?;
        let kept = kept.filter(|kept| {
            let covers = kept.scope.as_ref().is_none_or(|scope| has_all(scope, &wish.scopes));
            kept.holds(now) && covers
        });
        let known = self.known_identity(kept.is_some()).await?;
        match choose(&known.borrowed(&self.settings), &found.server, found.plain)? {
            Chosen::Given | Chosen::Published(_) => {
                let listener = self.listen(None)?;
                let mut identity = self.identity_without_person(found).await?;
                identity.redirect_uri = self.redirect_uri(listener.as_ref());
                Ok((identity, listener))
            }
            Chosen::Registered => {
                let kept = kept.unwrap_or_default();
                if let Some(listener) = self.listen_again(&kept.redirect_uri)?
                    && self.redirect_uri(listener.as_ref()) == kept.redirect_uri
                {
                    return Ok((self.kept_identity(kept, found)?, listener));
                }
                // The same as if there were none.
                let known = Known::default();
                match choose(&known, &found.server, found.plain)? {
                    Chosen::Register(url) => self.registered(agent, found, wish, url).await,
                    _ => Err(Error::new(Status::Internal, "an identity out of nothing")),
                }
            }
            Chosen::Register(url) => self.registered(agent, found, wish, url).await,
        }
    }

    /// The identity of a program that has one without asking.
    pub(super) async fn identity_without_person(&self, found: &Found) -> Result<Identity> {
        if let Some(client) = &self.settings.client {
            let known = self.known_identity(false).await?;
            choose(&known.borrowed(&self.settings), &found.server, found.plain)?;
            let is_bound = known.given_to.is_some();
            let source = if is_bound { Source::Given } else { Source::Unbound };
            return Ok(Identity { source, ..self.given(client, found)? });
        }
        if let Some(url) = &self.settings.metadata_url
            && found.server.takes_metadata_urls
        {
            return self.documented(url, found);
        }
        Ok(Identity::nobody(Source::Given))
    }

    /// The identity under which tokens were got.
    pub(super) async fn identity_of(&self, tokens: &Tokens, found: &Found) -> Result<Identity> {
        if let Some(client) = self.settings.client.as_ref().filter(|one| one.id == tokens.client_id)
        {
            return self.given(client, found);
        }
        if self.settings.metadata_url.as_ref() == Some(&tokens.client_id) {
            return self.documented(&tokens.client_id, found);
        }
        let key = Registration::key(&tokens.issuer, self.settings.redirect_kind());
        let kept = self.keeper.read::<Registration>(&key).await?;
        match kept.filter(|kept| kept.client_id == tokens.client_id) {
            Some(kept) => self.kept_identity(kept, found),
            None => Ok(Identity { id: tokens.client_id.clone(), ..Identity::nobody(Source::Kept) }),
        }
    }

    /// The ids under which the program may have tokens of a server.
    pub(super) async fn known_ids(&self, found: &Found) -> Result<Vec<String>> {
        if let Some(client) = &self.settings.client {
            return Ok(vec![client.id.clone()]);
        }
        let mut ids: Vec<String> = self.settings.metadata_url.iter().cloned().collect();
        let key = Registration::key(found.issuer(), self.settings.redirect_kind());
        let kept = self.keeper.read::<Registration>(&key).await?;
        ids.extend(kept.map(|kept| kept.client_id));
        Ok(ids)
    }

    /// Forgets a registration that the server has forgotten.
    pub(super) async fn unregister(&self, found: &Found) -> Result<()> {
        let lock = self.keeper.lock(&self.limit()).await?;
        self.unregister_locked(&lock, found).await
    }

    pub(super) async fn unregister_locked(&self, lock: &Arc<Lock>, found: &Found) -> Result<()> {
        let key = Registration::key(found.issuer(), self.settings.redirect_kind());
        self.keeper.remove(lock, key).await
    }

    /// What the program may go by.
    async fn known_identity(&self, is_registered: bool) -> Result<KnownIdentity> {
        let Some(client) = &self.settings.client else {
            return Ok(KnownIdentity { given_to: None, is_registered });
        };
        if self.settings.issuer.is_some() {
            return Ok(KnownIdentity { given_to: self.settings.issuer.clone(), is_registered });
        }
        let given = self.keeper.read::<Given>(&Given::key(&client.id)).await?;
        Ok(KnownIdentity { given_to: given.map(|given| given.issuer), is_registered })
    }

    /// What the program was given by one server goes to no other from here on:
    /// it is about to be proved to this one.
    pub(super) async fn bind(&self, identity: &Identity, found: &Found) -> Result<()> {
        if identity.source != Source::Unbound {
            return Ok(());
        }
        let given = Given {
            client_id: identity.id.clone(),
            issuer: found.issuer().to_owned(),
            ..Given::default()
        };
        let lock = self.keeper.lock(&self.limit()).await?;
        if let Err(error) = self.keeper.write(&lock, &given).await {
            self.store_failed(error);
        }
        Ok(())
    }

    fn documented(&self, url: &str, found: &Found) -> Result<Identity> {
        Ok(Identity {
            id: url.to_owned(),
            method: self.method(None, false, found)?,
            ..Identity::nobody(Source::Document)
        })
    }

    fn given(&self, client: &Client, found: &Found) -> Result<Identity> {
        Ok(Identity {
            id: client.id.clone(),
            method: self.method(None, client.secret.is_some(), found)?,
            secret: client.secret.clone(),
            ..Identity::nobody(Source::Given)
        })
    }

    fn kept_identity(&self, kept: Registration, found: &Found) -> Result<Identity> {
        if let Some(secret) = &kept.client_secret {
            self.hide(secret);
        }
        Ok(Identity {
            method: self.method(
                kept.auth_method.as_deref(),
                kept.client_secret.is_some(),
                found,
            )?,
            id: kept.client_id,
            secret: kept.client_secret,
            redirect_uri: kept.redirect_uri,
            source: Source::Kept,
        })
    }

    fn method(&self, registered: Option<&str>, has_secret: bool, found: &Found) -> Result<Method> {
        let has_key = self.key_for(found).is_some();
        method(&Proofs { registered, has_secret, has_key }, &found.server)
    }

    /// The program's key, where the server knows its algorithm.
    fn key_for(&self, found: &Found) -> Option<&Arc<Key>> {
        self.settings.key.as_ref().filter(|key| {
            let listed = found.server.auth_algorithms.as_ref();
            listed.is_none_or(|listed| listed.iter().any(|one| one == key.algorithm().name()))
        })
    }

    /// Registers the program, and listens where it says that it does.
    async fn registered(
        &self,
        agent: &Agent,
        found: &Found,
        wish: &Wish,
        url: &str,
    ) -> Result<(Identity, Option<Listener>)> {
        let listener = self.listen(None)?;
        let redirect_uri = self.redirect_uri(listener.as_ref());
        let key = self.key_for(found);
        let method = method_to_register(&found.server, key.is_some())?;
        let jwks = match key.filter(|_| method == Method::PrivateKeyJwt) {
            Some(key) => Some(format!("{{\"keys\":[{}]}}", key.jwk()?)),
            None => None,
        };
        let mut request = Request {
            client_name: self.need.caller.name(),
            redirect_uri: &redirect_uri,
            method,
            scopes: &wish.scopes,
            is_bound: wish.demands_dpop,
            jwks: jwks.as_deref(),
        };
        let mut fetched = self.register(agent, url, &request).await?;
        if request.may_go_without_scopes(&reply(url, &fetched)) {
            request.scopes = &[];
            fetched = self.register(agent, url, &request).await?;
        }
        let answer = request.read(&reply(url, &fetched))?;
        let entry = Registration {
            issuer: found.issuer().to_owned(),
            kind: self.settings.redirect_kind(),
            client_id: answer.client_id,
            client_secret: answer.client_secret,
            secret_expires_at: answer.secret_expires_at,
            auth_method: answer.method,
            redirect_uri: answer.redirect_uri,
            scope: answer.scope,
            ..Registration::default()
        };
        let lock = self.keeper.lock(&self.limit()).await?;
        if let Err(error) = self.keeper.write(&lock, &entry).await {
            self.store_failed(error);
        }
        let identity = self.kept_identity(entry, found)?;
        Ok((Identity { source: Source::New, ..identity }, listener))
    }

    async fn register(&self, agent: &Agent, url: &str, request: &Request<'_>) -> Result<Fetched> {
        let body = Secret::from(request.body());
        agent.post(url, "application/json", &[], &body, &self.limit()).await.map_err(broken)
    }

    fn listen(&self, port: Option<u16>) -> Result<Option<Listener>> {
        if !self.settings.listens() {
            return Ok(None);
        }
        Ok(Some(Listener::bind(self.settings.redirect.as_deref(), port)?))
    }

    /// The same listener as the last time; nothing if its port is taken.
    fn listen_again(&self, redirect_uri: &str) -> Result<Option<Option<Listener>>> {
        if !self.settings.listens() {
            return Ok(Some(None));
        }
        let port = Url::parse(redirect_uri).map(|url| url.origin.port).ok();
        match Listener::bind(self.settings.redirect.as_deref(), port) {
            Ok(listener) => Ok(Some(Some(listener))),
            Err(Unbound::Taken(_)) if !self.settings.has_own_port() => Ok(None),
            Err(unbound) => Err(unbound.into()),
        }
    }

    fn redirect_uri(&self, listener: Option<&Listener>) -> String {
        match (listener, &self.settings.redirect) {
            (Some(listener), _) => listener.redirect_uri().to_owned(),
            (None, Some(redirect)) => redirect.clone(),
            (None, None) => String::new(),
        }
    }
}

/// What the program may go by, see [`Known`].
struct KnownIdentity {
    given_to: Option<String>,
    is_registered: bool,
}

impl KnownIdentity {
    fn borrowed<'a>(&'a self, settings: &'a Settings) -> Known<'a> {
        Known {
            is_given: settings.client.is_some(),
            given_to: self.given_to.as_deref(),
            metadata_url: settings.metadata_url.as_deref(),
            is_registered: self.is_registered,
        }
    }
}
