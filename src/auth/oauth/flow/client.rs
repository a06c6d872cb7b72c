//! As whom the program speaks to an authorization server.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::oauth::flow::context::{Flow, TokenParameters, broken};
use crate::auth::oauth::flow::discover::{Discovered, reply};
use crate::auth::oauth::host::http_client::{Fetched, HttpClient};
use crate::auth::oauth::host::listener::{BindError, LoopbackListener};
use crate::auth::oauth::spec::client_choice::{
    ClientChoice, ClientProofs, KnownClient, auth_method, choose, method_to_register,
};
use crate::auth::oauth::spec::jwt::seconds;
use crate::auth::oauth::spec::key::Key;
use crate::auth::oauth::spec::registration::RegistrationRequest;
use crate::auth::oauth::spec::scope::has_all;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::state::settings::{ClientCredentials, Settings};
use crate::auth::oauth::store::StoreLock;
use crate::auth::oauth::store::entry::{Given, Registration, Tokens};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::url::Url;

/// A client id, and how it is proved.
pub(super) struct ClientIdentity {
    /// Empty where the grant needs none.
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    pub(super) method: AuthMethod,
    /// Where a browser comes back to; empty without a person.
    pub(super) redirect_uri: String,
    pub(super) source: ClientSource,
}

impl ClientIdentity {
    /// Without an id, and with nothing to prove it.
    fn nobody(source: ClientSource) -> Self {
        let (id, redirect_uri) = (String::new(), String::new());
        Self { id, secret: None, method: AuthMethod::None, redirect_uri, source }
    }
}

/// Where a client id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientSource {
    /// The program.
    Given,
    /// The program, and no server has seen it yet.
    BindError,
    /// The document that describes the program.
    Document,
    /// A registration of an earlier exchange.
    Kept,
    /// One made just now.
    New,
}

impl Flow<'_> {
    /// The identity for a sign-in, and who listens for the browser, if that is
    /// the library.
    pub(super) async fn client_for_sign_in(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
    ) -> Result<(ClientIdentity, Option<LoopbackListener>)> {
        let key = Registration::key(found.issuer(), self.settings.application_type());
        let kept = self.store.read::<Registration>(&key).await?;
        let now = seconds(SystemTime::now())?;
        let kept = kept.filter(|kept| {
            let covers = kept.scope.as_ref().is_none_or(|scope| has_all(scope, &parameters.scopes));
            kept.holds(now) && covers
        });
        let known = self.client_history(kept.is_some()).await?;
        match choose(&known.borrowed(&self.settings), &found.server, found.plain)? {
            ClientChoice::Given | ClientChoice::Published(_) => {
                let listener = self.listen(None)?;
                let mut client = self.client_without_person(found).await?;
                client.redirect_uri = self.redirect_uri(listener.as_ref());
                Ok((client, listener))
            }
            ClientChoice::Registered => {
                let kept = kept.unwrap_or_default();
                if let Some(listener) = self.listen_again(&kept.redirect_uri)?
                    && self.redirect_uri(listener.as_ref()) == kept.redirect_uri
                {
                    return Ok((self.registered_client(kept, found)?, listener));
                }
                // The same as if there were none.
                let known = KnownClient::default();
                match choose(&known, &found.server, found.plain)? {
                    ClientChoice::Register(url) => {
                        self.registered(http, found, parameters, url).await
                    }
                    _ => Err(Error::new(Status::Internal, "an identity out of nothing")),
                }
            }
            ClientChoice::Register(url) => self.registered(http, found, parameters, url).await,
        }
    }

    /// The identity of a program that has one without asking.
    pub(super) async fn client_without_person(&self, found: &Discovered) -> Result<ClientIdentity> {
        if let Some(client) = &self.settings.client {
            let known = self.client_history(false).await?;
            choose(&known.borrowed(&self.settings), &found.server, found.plain)?;
            let is_bound = known.given_to.is_some();
            let source = if is_bound { ClientSource::Given } else { ClientSource::BindError };
            return Ok(ClientIdentity { source, ..self.given(client, found)? });
        }
        if let Some(url) = &self.settings.metadata_url
            && found.server.takes_metadata_urls
        {
            return self.documented(url, found);
        }
        Ok(ClientIdentity::nobody(ClientSource::Given))
    }

    /// The identity under which tokens were got.
    pub(super) async fn client_of(
        &self,
        tokens: &Tokens,
        found: &Discovered,
    ) -> Result<ClientIdentity> {
        if let Some(client) = self.settings.client.as_ref().filter(|one| one.id == tokens.client_id)
        {
            return self.given(client, found);
        }
        if self.settings.metadata_url.as_ref() == Some(&tokens.client_id) {
            return self.documented(&tokens.client_id, found);
        }
        let key = Registration::key(&tokens.issuer, self.settings.application_type());
        let kept = self.store.read::<Registration>(&key).await?;
        match kept.filter(|kept| kept.client_id == tokens.client_id) {
            Some(kept) => self.registered_client(kept, found),
            None => Ok(ClientIdentity {
                id: tokens.client_id.clone(),
                ..ClientIdentity::nobody(ClientSource::Kept)
            }),
        }
    }

    /// The ids under which the program may have tokens of a server.
    pub(super) async fn known_ids(&self, found: &Discovered) -> Result<Vec<String>> {
        if let Some(client) = &self.settings.client {
            return Ok(vec![client.id.clone()]);
        }
        let mut ids: Vec<String> = self.settings.metadata_url.iter().cloned().collect();
        let key = Registration::key(found.issuer(), self.settings.application_type());
        let kept = self.store.read::<Registration>(&key).await?;
        ids.extend(kept.map(|kept| kept.client_id));
        Ok(ids)
    }

    /// Forgets a registration that the server has forgotten.
    pub(super) async fn unregister(&self, found: &Discovered) -> Result<()> {
        let lock = self.store.lock(&self.limit()).await?;
        self.unregister_locked(&lock, found).await
    }

    pub(super) async fn unregister_locked(
        &self,
        lock: &Arc<StoreLock>,
        found: &Discovered,
    ) -> Result<()> {
        let key = Registration::key(found.issuer(), self.settings.application_type());
        self.store.remove(lock, key).await
    }

    /// What the program may go by.
    async fn client_history(&self, is_registered: bool) -> Result<ClientHistory> {
        let Some(client) = &self.settings.client else {
            return Ok(ClientHistory { given_to: None, is_registered });
        };
        if self.settings.issuer.is_some() {
            return Ok(ClientHistory { given_to: self.settings.issuer.clone(), is_registered });
        }
        let given = self.store.read::<Given>(&Given::key(&client.id)).await?;
        Ok(ClientHistory { given_to: given.map(|given| given.issuer), is_registered })
    }

    /// What the program was given by one server goes to no other from here on:
    /// it is about to be proved to this one.
    pub(super) async fn bind(&self, client: &ClientIdentity, found: &Discovered) -> Result<()> {
        if client.source != ClientSource::BindError {
            return Ok(());
        }
        let given = Given {
            client_id: client.id.clone(),
            issuer: found.issuer().to_owned(),
            ..Given::default()
        };
        let lock = self.store.lock(&self.limit()).await?;
        if let Err(error) = self.store.write(&lock, &given).await {
            self.store_failed(error);
        }
        Ok(())
    }

    fn documented(&self, url: &str, found: &Discovered) -> Result<ClientIdentity> {
        Ok(ClientIdentity {
            id: url.to_owned(),
            method: self.method(None, false, found)?,
            ..ClientIdentity::nobody(ClientSource::Document)
        })
    }

    fn given(&self, client: &ClientCredentials, found: &Discovered) -> Result<ClientIdentity> {
        Ok(ClientIdentity {
            id: client.id.clone(),
            method: self.method(None, client.secret.is_some(), found)?,
            secret: client.secret.clone(),
            ..ClientIdentity::nobody(ClientSource::Given)
        })
    }

    fn registered_client(&self, kept: Registration, found: &Discovered) -> Result<ClientIdentity> {
        if let Some(secret) = &kept.client_secret {
            self.hide(secret);
        }
        Ok(ClientIdentity {
            method: self.method(
                kept.auth_method.as_deref(),
                kept.client_secret.is_some(),
                found,
            )?,
            id: kept.client_id,
            secret: kept.client_secret,
            redirect_uri: kept.redirect_uri,
            source: ClientSource::Kept,
        })
    }

    fn method(
        &self,
        registered: Option<&str>,
        has_secret: bool,
        found: &Discovered,
    ) -> Result<AuthMethod> {
        let has_key = self.key_for(found).is_some();
        auth_method(&ClientProofs { registered, has_secret, has_key }, &found.server)
    }

    /// The program's key, where the server knows its algorithm.
    fn key_for(&self, found: &Discovered) -> Option<&Arc<Key>> {
        self.settings.key.as_ref().filter(|key| {
            let listed = found.server.auth_algorithms.as_ref();
            listed.is_none_or(|listed| listed.iter().any(|one| one == key.algorithm().name()))
        })
    }

    /// Registers the program, and listens where it says that it does.
    async fn registered(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
        url: &str,
    ) -> Result<(ClientIdentity, Option<LoopbackListener>)> {
        let listener = self.listen(None)?;
        let redirect_uri = self.redirect_uri(listener.as_ref());
        let key = self.key_for(found);
        let method = method_to_register(&found.server, key.is_some())?;
        let jwks = match key.filter(|_| method == AuthMethod::PrivateKeyJwt) {
            Some(key) => Some(key.jwks()?),
            None => None,
        };
        let mut request = RegistrationRequest {
            client_name: self.need.caller.name(),
            redirect_uri: &redirect_uri,
            method,
            scopes: &parameters.scopes,
            is_bound: parameters.demands_dpop,
            jwks: jwks.as_deref(),
        };
        let mut fetched = self.register(http, url, &request).await?;
        if request.may_go_without_scopes(&reply(url, &fetched)) {
            request.scopes = &[];
            fetched = self.register(http, url, &request).await?;
        }
        let answer = request.read(&reply(url, &fetched))?;
        let entry = Registration {
            issuer: found.issuer().to_owned(),
            kind: self.settings.application_type(),
            client_id: answer.client_id,
            client_secret: answer.client_secret,
            secret_expires_at: answer.secret_expires_at,
            auth_method: answer.method,
            redirect_uri: answer.redirect_uri,
            scope: answer.scope,
            ..Registration::default()
        };
        let lock = self.store.lock(&self.limit()).await?;
        if let Err(error) = self.store.write(&lock, &entry).await {
            self.store_failed(error);
        }
        let client = self.registered_client(entry, found)?;
        Ok((ClientIdentity { source: ClientSource::New, ..client }, listener))
    }

    async fn register(
        &self,
        http: &HttpClient,
        url: &str,
        request: &RegistrationRequest<'_>,
    ) -> Result<Fetched> {
        let body = request.body();
        http.post(url, "application/json", &[], &body, &self.limit()).await.map_err(broken)
    }

    fn listen(&self, port: Option<u16>) -> Result<Option<LoopbackListener>> {
        if !self.settings.listens() {
            return Ok(None);
        }
        Ok(Some(LoopbackListener::bind(self.settings.redirect.as_deref(), port)?))
    }

    /// The same listener as the last time; nothing if its port is taken.
    fn listen_again(&self, redirect_uri: &str) -> Result<Option<Option<LoopbackListener>>> {
        if !self.settings.listens() {
            return Ok(Some(None));
        }
        let port = Url::parse(redirect_uri).map(|url| url.origin.port).ok();
        match LoopbackListener::bind(self.settings.redirect.as_deref(), port) {
            Ok(listener) => Ok(Some(Some(listener))),
            Err(BindError::Taken(_)) if !self.settings.has_own_port() => Ok(None),
            Err(unbound) => Err(unbound.into()),
        }
    }

    fn redirect_uri(&self, listener: Option<&LoopbackListener>) -> String {
        match (listener, &self.settings.redirect) {
            (Some(listener), _) => listener.redirect_uri().to_owned(),
            (None, Some(redirect)) => redirect.clone(),
            (None, None) => String::new(),
        }
    }
}

/// What the program may go by, see [`KnownClient`].
struct ClientHistory {
    given_to: Option<String>,
    is_registered: bool,
}

impl ClientHistory {
    fn borrowed<'a>(&'a self, settings: &'a Settings) -> KnownClient<'a> {
        KnownClient {
            is_given: settings.client.is_some(),
            given_to: self.given_to.as_deref(),
            metadata_url: settings.metadata_url.as_deref(),
            is_registered: self.is_registered,
        }
    }
}
