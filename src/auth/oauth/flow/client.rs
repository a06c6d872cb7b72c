//! Which client the library is at an authorization server: a client id, and
//! the proof that it may use it.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::oauth::flow::context::{Flow, connection_lost};
use crate::auth::oauth::flow::discover::{Discovered, OTHER_ISSUER, endpoint_response};
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::host::http_client::{Fetched, HttpClient};
use crate::auth::oauth::host::listener::{BindError, LoopbackListener};
use crate::auth::oauth::spec::client_choice::{
    ClientChoice, ClientProofs, KnownClient, auth_method, choose, method_to_register,
};
use crate::auth::oauth::spec::jwt::seconds;
use crate::auth::oauth::spec::key::Key;
use crate::auth::oauth::spec::registration::{RegistrationRequest, may_refresh};
use crate::auth::oauth::spec::scope::has_all;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::state::settings::{ClientCredentials, Grant, Settings};
use crate::auth::oauth::store::entry::{Given, Registration, Tokens};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::wire::url::Url;

/// A client id, and how the client authenticates.
pub(super) struct ClientIdentity {
    /// Empty for a grant that needs no client id.
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    pub(super) method: AuthMethod,
    /// Empty for a grant without a person.
    pub(super) redirect_uri: String,
    pub(super) source: ClientSource,
}

impl ClientIdentity {
    /// No id, and no secret or key.
    fn anonymous(source: ClientSource) -> Self {
        let (id, redirect_uri) = (String::new(), String::new());
        Self { id, secret: None, method: AuthMethod::None, redirect_uri, source }
    }
}

/// Where a client id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientSource {
    /// The application set it.
    Given,
    /// The application set it, and no authorization server has seen it yet.
    Unbound,
    /// The URL of the client metadata document.
    Document,
    /// A registration of an earlier flow.
    Stored,
    /// A registration of this flow.
    New,
}

impl ClientSource {
    /// Whether the library registered the client.
    pub(super) fn is_registered(self) -> bool {
        matches!(self, Self::Stored | Self::New)
    }
}

impl Flow<'_> {
    /// Chooses the client for the grant. With a listener if a person signs in and
    /// the library listens for the redirect.
    pub(super) async fn choose_client(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
    ) -> Result<(ClientIdentity, Option<LoopbackListener>)> {
        if !self.settings.grant.needs_person() {
            return Ok((self.client_without_person(found).await?, None));
        }
        // Without these endpoints, a registration would be useless.
        found.server.token_endpoint(found.plain_http)?;
        match self.settings.grant {
            Grant::DeviceCode => self.device_endpoint(found).map(drop)?,
            _ => found.server.authorization_endpoint(found.plain_http).map(drop)?,
        }
        let chosen = self.client_for_sign_in(http, found, parameters).await;
        chosen.map_err(|error| match &found.no_metadata {
            // The server may be no authorization server at all.
            Some(lookup) if error.status() == Status::Auth => {
                error.during(lookup).with_advice(OTHER_ISSUER)
            }
            _ => error,
        })
    }

    async fn client_for_sign_in(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
    ) -> Result<(ClientIdentity, Option<LoopbackListener>)> {
        let key = Registration::key(found.issuer(), self.settings.application_type());
        let stored = self.store.read::<Registration>(&key).await?;
        let now = seconds(SystemTime::now())?;
        let is_usable = match &stored {
            Some(stored) => self.is_usable(stored, found)?,
            None => false,
        };
        let chosen = self.settings.client_auth.map(AuthMethod::name);
        let stored = stored.filter(|stored| {
            let covers =
                stored.scope.as_ref().is_none_or(|scope| has_all(scope, &parameters.scopes));
            is_usable && stored.holds(now) && stored.fits(chosen) && covers
        });
        let known = self.client_history(stored.is_some()).await?;
        match choose(&known.borrowed(&self.settings), &found.server, found.plain_http)? {
            ClientChoice::Given | ClientChoice::Published(_) => {
                let listener = self.listen(None)?;
                let mut client = self.client_without_person(found).await?;
                client.redirect_uri = self.redirect_uri(listener.as_ref());
                Ok((client, listener))
            }
            ClientChoice::Registered => {
                let stored = stored.unwrap_or_default();
                if let Some(listener) = self.listen_again(&stored.redirect_uri)?
                    && self.redirect_uri(listener.as_ref()) == stored.redirect_uri
                {
                    return Ok((self.stored_client(stored, found)?, listener));
                }
                // The port of that registration is taken: register again.
                let known = KnownClient::default();
                match choose(&known, &found.server, found.plain_http)? {
                    ClientChoice::Register(url) => {
                        self.register_client(http, found, parameters, url).await
                    }
                    _ => {
                        Err(Error::new(Status::Internal, "no registration to use and none to make"))
                    }
                }
            }
            ClientChoice::Register(url) => self.register_client(http, found, parameters, url).await,
        }
    }

    /// The client of a grant without a person.
    async fn client_without_person(&self, found: &Discovered) -> Result<ClientIdentity> {
        if let Some(client) = &self.settings.client {
            let known = self.client_history(false).await?;
            choose(&known.borrowed(&self.settings), &found.server, found.plain_http)?;
            let is_bound = known.given_to.is_some();
            let source = if is_bound { ClientSource::Given } else { ClientSource::Unbound };
            return Ok(ClientIdentity { source, ..self.given_client(client, found)? });
        }
        if let Some(url) = &self.settings.metadata_url
            && found.server.takes_metadata_urls
        {
            return self.document_client(url, found);
        }
        Ok(ClientIdentity::anonymous(ClientSource::Given))
    }

    /// The client to which tokens were issued.
    pub(super) async fn client_of(
        &self,
        tokens: &Tokens,
        found: &Discovered,
    ) -> Result<ClientIdentity> {
        if let Some(client) = self.settings.client.as_ref().filter(|one| one.id == tokens.client_id)
        {
            return self.given_client(client, found);
        }
        if self.settings.metadata_url.as_ref() == Some(&tokens.client_id) {
            return self.document_client(&tokens.client_id, found);
        }
        let mut stored = None;
        for kind in self.settings.registration_kinds() {
            let key = Registration::key(&tokens.issuer, kind);
            let read = self.store.read::<Registration>(&key).await?;
            stored = stored.or(read.filter(|read| read.client_id == tokens.client_id));
        }
        match stored {
            Some(stored) => self.stored_client(stored, found),
            None if tokens.client_secret.is_some() || tokens.auth_method.is_some() => {
                let replaced = Registration {
                    client_id: tokens.client_id.clone(),
                    client_secret: tokens.client_secret.clone(),
                    auth_method: tokens.auth_method.clone(),
                    ..Registration::default()
                };
                self.stored_client(replaced, found)
            }
            None => Ok(ClientIdentity {
                id: tokens.client_id.clone(),
                ..ClientIdentity::anonymous(ClientSource::Stored)
            }),
        }
    }

    /// The client ids for which the store may have tokens of a server.
    pub(super) async fn known_ids(&self, found: &Discovered) -> Result<Vec<String>> {
        if let Some(client) = &self.settings.client {
            return Ok(vec![client.id.clone()]);
        }
        let mut ids: Vec<String> = self.settings.metadata_url.iter().cloned().collect();
        for kind in self.settings.registration_kinds() {
            let key = Registration::key(found.issuer(), kind);
            let stored = self.store.read::<Registration>(&key).await?;
            ids.extend(stored.map(|stored| stored.client_id));
        }
        Ok(ids)
    }

    /// What the choice of a client depends on.
    async fn client_history(&self, is_registered: bool) -> Result<ClientHistory> {
        let Some(client) = &self.settings.client else {
            return Ok(ClientHistory { given_to: None, is_registered });
        };
        if let Some(chosen) = self.settings.chosen_issuer() {
            return Ok(ClientHistory { given_to: Some(chosen), is_registered });
        }
        let given = self.store.read::<Given>(&Given::key(&client.id)).await?;
        Ok(ClientHistory { given_to: given.map(|given| given.issuer), is_registered })
    }

    /// Binds a client id of the application to this authorization server. The
    /// id's secret must never go to another one.
    pub(super) async fn bind(&self, client: &ClientIdentity, found: &Discovered) -> Result<()> {
        if client.source != ClientSource::Unbound {
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

    fn document_client(&self, url: &str, found: &Discovered) -> Result<ClientIdentity> {
        Ok(ClientIdentity {
            id: url.to_owned(),
            method: self.method(&ClientProofs::default(), found)?,
            ..ClientIdentity::anonymous(ClientSource::Document)
        })
    }

    fn given_client(
        &self,
        client: &ClientCredentials,
        found: &Discovered,
    ) -> Result<ClientIdentity> {
        let proofs =
            ClientProofs { has_secret: client.secret.is_some(), ..ClientProofs::default() };
        Ok(ClientIdentity {
            id: client.id.clone(),
            method: self.method(&proofs, found)?,
            secret: client.secret.clone(),
            ..ClientIdentity::anonymous(ClientSource::Given)
        })
    }

    fn stored_client(&self, stored: Registration, found: &Discovered) -> Result<ClientIdentity> {
        if let Some(secret) = &stored.client_secret {
            self.hide(secret);
        }
        let proofs = ClientProofs {
            is_registered: true,
            registered: stored.auth_method.as_deref(),
            has_secret: stored.client_secret.is_some(),
            ..ClientProofs::default()
        };
        Ok(ClientIdentity {
            method: self.method(&proofs, found)?,
            id: stored.client_id,
            secret: stored.client_secret,
            redirect_uri: stored.redirect_uri,
            source: ClientSource::Stored,
        })
    }

    fn method(&self, proofs: &ClientProofs<'_>, found: &Discovered) -> Result<AuthMethod> {
        let (chosen, has_key) = (self.settings.client_auth, self.key_for(found).is_some());
        auth_method(&ClientProofs { chosen, has_key, ..*proofs }, &found.server)
    }

    /// The application's key, if the server supports its algorithm, or if the
    /// application chose to use it.
    fn key_for(&self, found: &Discovered) -> Option<&Arc<Key>> {
        let is_chosen = self.settings.client_auth == Some(AuthMethod::PrivateKeyJwt);
        self.settings.key.as_ref().filter(|key| {
            let listed = found.server.auth_algorithms.as_ref();
            let lists =
                |listed: &Vec<String>| listed.iter().any(|one| one == key.algorithm().name());
            is_chosen || listed.is_none_or(lists)
        })
    }

    /// Registers the client, with the redirect URL of a new listener.
    async fn register_client(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
        url: &str,
    ) -> Result<(ClientIdentity, Option<LoopbackListener>)> {
        let listener = self.listen(None)?;
        let redirect_uri = self.redirect_uri(listener.as_ref());
        let key = self.key_for(found);
        let method = method_to_register(&found.server, self.settings.client_auth, key.is_some())?;
        let jwks = match key.filter(|_| method == AuthMethod::PrivateKeyJwt) {
            Some(key) => Some(key.jwks()?),
            None => None,
        };
        let mut request = RegistrationRequest {
            client_name: self.need.caller.name(),
            is_device: self.settings.grant == Grant::DeviceCode,
            redirect_uri: &redirect_uri,
            has_refresh: may_refresh(&found.server),
            method,
            scopes: &parameters.scopes,
            is_bound: parameters.demands_dpop,
            jwks: jwks.as_deref(),
        };
        let mut fetched = self.post_registration(http, url, &request).await?;
        if let Some(less) = request.after_refusal(&endpoint_response(url, &fetched)) {
            request = less;
            fetched = self.post_registration(http, url, &request).await?;
        }
        let answer = request.read(&endpoint_response(url, &fetched))?;
        if let Some(warning) = &answer.warning {
            self.notice(warning);
        }
        let entry = Registration {
            issuer: found.issuer().to_owned(),
            kind: self.settings.application_type(),
            client_id: answer.client_id,
            client_secret: answer.client_secret,
            secret_expires_at: answer.secret_expires_at,
            auth_method: answer.method,
            requested_method: Some(method.name().to_owned()),
            redirect_uri: answer.redirect_uri,
            scope: answer.scope,
            ..Registration::default()
        };
        let lock = self.store.lock(&self.limit()).await?;
        if let Err(error) = self.keep_beside_tokens(&lock, found.issuer()).await {
            self.store_failed(error);
        }
        if let Err(error) = self.store.write(&lock, &entry).await {
            self.store_failed(error);
        }
        let client = self.stored_client(entry, found)?;
        Ok((ClientIdentity { source: ClientSource::New, ..client }, listener))
    }

    async fn post_registration(
        &self,
        http: &HttpClient,
        url: &str,
        request: &RegistrationRequest<'_>,
    ) -> Result<Fetched> {
        let body = request.body();
        http.post(url, "application/json", &[], &body, &self.limit()).await.map_err(connection_lost)
    }

    fn listen(&self, port: Option<u16>) -> Result<Option<LoopbackListener>> {
        if !self.settings.listens() {
            return Ok(None);
        }
        Ok(Some(LoopbackListener::bind(self.settings.redirect.as_deref(), port)?))
    }

    /// Listens at the port of a stored registration. `None` if the port is taken.
    pub(super) fn listen_again(
        &self,
        redirect_uri: &str,
    ) -> Result<Option<Option<LoopbackListener>>> {
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
        if self.settings.grant == Grant::DeviceCode {
            return String::new();
        }
        match (listener, &self.settings.redirect) {
            (Some(listener), _) => listener.redirect_uri().to_owned(),
            (None, Some(redirect)) => redirect.clone(),
            (None, None) => String::new(),
        }
    }
}

/// The owned values of a [`KnownClient`].
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
